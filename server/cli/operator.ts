/** Calls of the operator API, signed with the root credentials of the server's folder. */
import { readFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import aws4 from "aws4";
import { Refusal } from "../refusal.ts";
import type { Running } from "./running.ts";

/** In milliseconds. */
const timeout = 30_000;

interface Answer {
  status: number;
  text: string;
}

function send(server: Running, method: string, path: string, body: string, headers: object): Promise<Answer> {
  const { hostname, port } = new URL(server.endpoint);
  return new Promise((resolve, reject) => {
    const call = request(
      {
        host: hostname.replace(/^\[(.*)\]$/, "$1"),
        port,
        path,
        method,
        headers: { ...headers },
        ca: readFileSync(join(server.folder, "ca.pem")),
        timeout,
        agent: false,
      },
      (answer) => {
        let text = "";
        answer.setEncoding("utf8");
        answer.on("data", (part: string) => (text += part));
        answer.on("error", reject);
        answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text }));
      },
    );
    call.on("timeout", () => call.destroy(new Error(`no answer within ${timeout / 1000} s`)));
    call.on("error", reject);
    call.end(body);
  });
}

/** The message of an answer that is an error, in whichever form it has. */
function complaint({ status, text }: Answer): string {
  try {
    const error = JSON.parse(text) as Record<string, unknown>;
    const message = error["message"] ?? error["Message"];
    if (typeof message === "string") return message;
  } catch {
    // Not JSON: the status alone has to do.
  }
  return `status ${status}`;
}

/**
 * @param body Sent as JSON; none for a GET.
 * @returns The answer's JSON.
 * @throws Refusal if the server cannot be reached or refuses.
 */
export async function operate(
  server: Running,
  method: "GET" | "POST",
  path: string,
  body?: object,
): Promise<unknown> {
  const content = body === undefined ? "" : JSON.stringify(body);
  const { headers = {} } = aws4.sign(
    {
      host: new URL(server.endpoint).host,
      method,
      path,
      service: "islet",
      region: server.region,
      body: content,
      headers: content ? { "Content-Type": "application/json" } : {},
    },
    { accessKeyId: server.accessKeyId, secretAccessKey: server.secretAccessKey },
  );
  let answer: Answer;
  try {
    answer = await send(server, method, path, content, headers);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Refusal(`${server.endpoint} does not answer: ${reason}`);
  }
  if (answer.status >= 300) throw new Refusal(`${server.endpoint} refused: ${complaint(answer)}`);
  return answer.text === "" ? {} : JSON.parse(answer.text);
}
