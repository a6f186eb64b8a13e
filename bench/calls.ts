import { request as httpsRequest } from "node:https";
import aws4 from "aws4";
import { awake, Connection, median, throughput } from "./load.ts";
import type { Server } from "./process.ts";
import type { Report } from "./report.ts";

export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export const rootKeys: Keys = { accessKeyId: "test", secretAccessKey: "test" };

const CONNECTIONS = 16;
/** Calls on a connection that do not count. */
const WARM_UP = 10;

/** The bytes of a signed call, good for five minutes. */
export function requestOf(
  port: number,
  parameters: Readonly<Record<string, string>>,
  keys: Keys = rootKeys,
): Buffer {
  const body = new URLSearchParams({ Version: "2016-11-15", ...parameters }).toString();
  const { headers = {} } = aws4.sign(
    {
      host: `127.0.0.1:${port}`,
      method: "POST",
      path: "/",
      service: "ec2",
      region: "us-east-1",
      body,
      headers: { "Content-Type": "application/x-www-form-urlencoded; charset=utf-8" },
    },
    keys,
  );
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${String(value)}\r\n`);
  return Buffer.from(`POST / HTTP/1.1\r\n${head.join("")}\r\n${body}`);
}

export const regionsRequest = (port: number, keys: Keys = rootKeys): Buffer =>
  requestOf(port, { Action: "DescribeRegions" }, keys);

/** A server, and what to ask it. */
export interface Side {
  readonly port: number;
  readonly request: () => Buffer;
}

/** Median times of calls to several servers by turns, each on a warm connection, in milliseconds. */
export async function latencies(sides: readonly Side[], times: number): Promise<number[]> {
  const open = await Promise.all(
    sides.map(async (side) => ({
      ...side,
      connection: await Connection.open(side.port),
      samples: [] as number[],
    })),
  );
  await awake(async () => {
    for (let i = 0; i < times + WARM_UP; i++) {
      for (const { request, connection, samples } of open) {
        const bytes = request();
        const begin = performance.now();
        const status = await connection.send(bytes);
        if (status !== 200) throw new Error(`answered ${status}`);
        if (i >= WARM_UP) samples.push(performance.now() - begin);
      }
    }
  });
  for (const { connection } of open) connection.close();
  return open.map(({ samples }) => median(samples));
}

/** The text of an answer, as the bare server is to send it. */
export async function answerOf(
  { port }: Server,
  parameters: Readonly<Record<string, string>>,
): Promise<string> {
  const [head = "", body = ""] = requestOf(port, parameters).toString().split("\r\n\r\n");
  const headers = Object.fromEntries(
    head
      .split("\r\n")
      .slice(1)
      .map((line) => line.split(": ") as [string, string]),
  );
  return new Promise((resolve, reject) => {
    const call = httpsRequest({
      host: "127.0.0.1",
      port,
      method: "POST",
      path: "/",
      headers,
      rejectUnauthorized: false,
    });
    call.on("response", (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (part: string) => (text += part));
      answer.on("end", () => resolve(text));
    });
    call.on("error", reject);
    call.end(body);
  });
}

/** One turn of load: calls a second, and microseconds of processor time that the server takes for each. */
async function underLoad(server: Server, request: Buffer): Promise<{ rate: number; cpu: number }> {
  const before = server.cpu();
  const { answered, seconds } = await throughput(server.port, request, CONNECTIONS, 1);
  return { rate: answered / seconds, cpu: ((server.cpu() - before) * 1000) / answered };
}

/**
 * How many times a second a server answers, as a share of what a bare one does that answers the same bytes.
 *
 * @param request to `islet`; the other looks at none
 */
export async function measureShare(
  report: Report,
  { what, least }: { readonly what: string; readonly least: number },
  { islet, bare, request }: { readonly islet: Server; readonly bare: Server; readonly request: Buffer },
): Promise<void> {
  const rounds: Record<"ours" | "bare", Awaited<ReturnType<typeof underLoad>>>[] = [];
  for (let i = 0; i < 12; i++)
    rounds.push({ ours: await underLoad(islet, request), bare: await underLoad(bare, request) });
  // The first rounds warm both up.
  const warm = rounds.slice(3);
  const share = median(warm.map((round) => round.ours.rate / round.bare.rate));
  report(what, `${(share * 100).toFixed(0)} %`, `at least ${least * 100} %`, share >= least);
  report("  islet, a second", median(warm.map(({ ours }) => ours.rate)).toFixed(0));
  report("  bare Fastify, a second", median(warm.map((round) => round.bare.rate)).toFixed(0));
  const byCpu = median(warm.map((round) => round.bare.cpu / round.ours.cpu));
  report("  share by the servers' processor time instead", `${(byCpu * 100).toFixed(0)} %`);
  report("  islet, µs of processor time a call", median(warm.map(({ ours }) => ours.cpu)).toFixed(0));
  report(
    "  bare Fastify, µs of processor time a call",
    median(warm.map((round) => round.bare.cpu)).toFixed(0),
  );
}
