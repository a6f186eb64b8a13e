/** Requests by hand, as no SDK would make them. */
import { request } from "node:https";
import aws4 from "aws4";
import type { Islet } from "../../server/index.ts";
import type { Keys } from "../islet.ts";

export interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly service?: string;
  readonly region?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** The operator's, unless given; `null` sends the request unsigned. */
  readonly keys?: Keys | null;
  /** The signature goes into the query string. */
  readonly presigned?: boolean;
}

export interface Answered {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly text: string;
}

const FORM = "application/x-www-form-urlencoded; charset=utf-8";

type Server = Pick<Islet, "endpoint" | "credentials" | "ca" | "port">;

export async function send({ endpoint, credentials, ca, port }: Server, sent: Sent): Promise<Answered> {
  const { method = "POST", path = "/", service = "ec2", region = "us-east-1", body = "", keys } = sent;
  const unsigned = {
    host: new URL(endpoint).host,
    method,
    path,
    service,
    region,
    signQuery: sent.presigned ?? false,
    headers: { ...(body.length > 0 && { "Content-Type": FORM }), ...sent.headers },
    body,
  };
  const signed =
    keys === null
      ? unsigned
      : // aws4 adds a body's type and length itself where they are missing.
        aws4.sign(unsigned, keys ?? credentials);
  return new Promise((resolve, reject) => {
    const options = { port, ca, method, path: signed.path, headers: { ...signed.headers } as object };
    const call = request(options as object, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (part: string) => (text += part));
      answer.on("error", reject);
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }));
    });
    call.on("error", reject);
    call.end(body);
  });
}

/** The code and message of an error in any of the forms that EC2 and its neighbours have. */
export const errorOf = ({ status, text }: Answered): object => ({
  status,
  code: /<Code>([^<]*)</.exec(text)?.[1],
  message: /<Message>([^<]*)</.exec(text)?.[1],
});

/** A call of the API by its parameters. */
export function call(
  islet: Islet,
  parameters: Readonly<Record<string, string>>,
  sent: Sent = {},
): Promise<Answered> {
  const body = new URLSearchParams({ Version: "2016-11-15", ...parameters }).toString();
  return send(islet, { ...sent, body });
}

/** What an operator does, and the JSON of the answer. */
export async function operate(
  islet: Server,
  method: "GET" | "POST",
  path: string,
  fields?: unknown,
  sent: Sent = {},
): Promise<{ status: number; json: unknown }> {
  const body = fields === undefined ? "" : typeof fields === "string" ? fields : JSON.stringify(fields);
  const { status, text } = await send(islet, {
    service: "islet",
    headers: { "Content-Type": "application/json" },
    ...sent,
    method,
    path: `/_islet/${path}`,
    body,
  });
  return { status, json: JSON.parse(text) as unknown };
}
