import { request } from "node:https";
import aws4 from "aws4";
import type { Islet } from "../server/index.ts";

/** Moves the clock of a server forward, as an operator does. */
export function advanceClock({ endpoint, credentials, ca, port }: Islet, seconds: number): Promise<void> {
  const body = JSON.stringify({ Advance: seconds });
  const { headers = {} } = aws4.sign(
    {
      host: new URL(endpoint).host,
      method: "POST",
      path: "/_islet/clock",
      service: "islet",
      region: "us-east-1",
      headers: { "Content-Type": "application/json" },
      body,
    },
    credentials,
  );
  return new Promise((resolve, reject) => {
    request({ port, ca, method: "POST", path: "/_islet/clock", headers: { ...headers } }, (answer) => {
      answer.resume();
      answer.on("end", () =>
        answer.statusCode === 200 ? resolve() : reject(new Error(`status ${answer.statusCode}`)),
      );
    })
      .on("error", reject)
      .end(body);
  });
}
