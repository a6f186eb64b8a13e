/** Measures what the project promises, each figure against its limit in the same run: `npm run bench`. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CreateSubnetCommand,
  CreateVpcCommand,
  DescribeImagesCommand,
  DescribeInstancesCommand,
  EC2Client,
  RunInstancesCommand,
  type EC2ClientConfig,
} from "@aws-sdk/client-ec2";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import aws4 from "aws4";
import { passingCertificates } from "../server/http/certificates.ts";
import { measureHosts } from "./hypervisor.ts";
import { Connection, median, throughput } from "./load.ts";
import { measurePackets } from "./packets.ts";
import { startServer, type Server } from "./process.ts";

const CONNECTIONS = 16;
const keys = { accessKeyId: "test", secretAccessKey: "test" };
const folder = mkdtempSync(join(tmpdir(), "islet-bench-"));
const dist = import.meta.dirname;

interface Figure {
  readonly what: string;
  readonly measured: string;
  readonly limit: string;
  readonly kept: boolean | undefined;
}

const figures: Figure[] = [];

/** Prints a figure, and whether it is within its limit. */
function report(what: string, measured: string, limit = "", kept?: boolean): void {
  figures.push({ what, measured, limit, kept });
  const verdict = kept === undefined ? "" : kept ? "kept" : "BROKEN";
  process.stdout.write(`${what.padEnd(58)} ${measured.padStart(16)}  ${limit.padEnd(26)} ${verdict}\n`);
}

const startIslet = (...args: string[]): Promise<Server> =>
  startServer(join(dist, "islet.js"), ["start", "--port", "0", "--json", ...args]);

async function startBare(body: string): Promise<Server> {
  const { leaves } = await passingCertificates(["localhost"], new Date());
  const [leaf] = leaves;
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  return startServer(join(dist, "bare.js"), [], {
    BARE_CERT: file("cert.pem", String(leaf?.cert)),
    BARE_KEY: file("key.pem", String(leaf?.key)),
    BARE_BODY: file("body", body),
  });
}

/** The bytes of a signed call, good for five minutes. */
function requestOf(port: number, parameters: Readonly<Record<string, string>>): Buffer {
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

const clientOf = ({ port }: Server): EC2Client =>
  new EC2Client({
    endpoint: `https://127.0.0.1:${port}`,
    region: "us-east-1",
    credentials: keys,
    requestHandler: new NodeHttpHandler({ httpsAgent: { rejectUnauthorized: false } }),
  } satisfies EC2ClientConfig);

/** Median time of a call on a warm connection, in milliseconds. */
async function latency(port: number, request: () => Buffer, times: number): Promise<number> {
  const connection = await Connection.open(port);
  const samples: number[] = [];
  for (let i = 0; i < times + 5; i++) {
    const bytes = request();
    const begin = performance.now();
    const status = await connection.send(bytes);
    if (status !== 200) throw new Error(`answered ${status}`);
    if (i >= 5) samples.push(performance.now() - begin);
  }
  connection.close();
  return median(samples);
}

async function measureStart(): Promise<void> {
  const ours: number[] = [];
  const bare: number[] = [];
  for (let i = 0; i < 7; i++) {
    const a = await startIslet("--memory");
    ours.push(a.started);
    await a.stop();
    const b = await startBare("ok");
    bare.push(b.started);
    await b.stop();
  }
  const ratio = median(ours) / median(bare);
  report("start to listening, against bare Fastify", `${ratio.toFixed(2)} ×`, "at most 2 ×", ratio <= 2);
  report("  islet, ms", median(ours).toFixed(0));
  report("  bare Fastify, ms", median(bare).toFixed(0));
}

async function measureThroughput(islet: Server): Promise<void> {
  const request = requestOf(islet.port, { Action: "DescribeRegions" });
  const bare = await startBare(await answerOf(islet, { Action: "DescribeRegions" }));
  const rounds: { ours: number; bare: number }[] = [];
  for (let i = 0; i < 4; i++) {
    rounds.push({
      ours: await throughput(islet.port, request, CONNECTIONS, 2),
      bare: await throughput(bare.port, request, CONNECTIONS, 2),
    });
  }
  await bare.stop();
  // The first round warms both up.
  const ours = median(rounds.slice(1).map((round) => round.ours));
  const theirs = median(rounds.slice(1).map((round) => round.bare));
  const share = ours / theirs;
  report(
    "signed DescribeRegions a second, share of bare Fastify",
    `${(share * 100).toFixed(0)} %`,
    "at least 50 %",
    share >= 0.5,
  );
  report("  islet, a second", ours.toFixed(0));
  report("  bare Fastify, a second", theirs.toFixed(0));
}

/** The text of an answer, as the bare server is to send it. */
async function answerOf({ port }: Server, parameters: Readonly<Record<string, string>>): Promise<string> {
  const { request } = await import("node:https");
  const [head = "", body = ""] = requestOf(port, parameters).toString().split("\r\n\r\n");
  const headers = Object.fromEntries(
    head
      .split("\r\n")
      .slice(1)
      .map((line) => line.split(": ") as [string, string]),
  );
  return new Promise((resolve, reject) => {
    const call = request({
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

let launches = 0;
const launch = (port: number, image: string, subnet: string): Buffer =>
  requestOf(port, {
    Action: "RunInstances",
    ImageId: image,
    SubnetId: subnet,
    InstanceType: "t3.micro",
    MinCount: "1",
    MaxCount: "1",
    ClientToken: `bench-${launches++}`,
  });

async function fill(ec2: EC2Client, image: string, subnet: string, count: number): Promise<string[]> {
  const ids: string[] = [];
  while (ids.length < count) {
    const batch = Math.min(500, count - ids.length);
    const { Instances = [] } = await ec2.send(
      new RunInstancesCommand({
        ImageId: image,
        SubnetId: subnet,
        InstanceType: "t3.micro",
        MinCount: batch,
        MaxCount: batch,
      }),
    );
    ids.push(...Instances.map(({ InstanceId = "" }) => InstanceId));
  }
  return ids;
}

async function measureInstances(): Promise<void> {
  const islet = await startIslet("--data", join(folder, "data"));
  const { port } = islet;
  const ec2 = clientOf(islet);
  const { Images = [] } = await ec2.send(
    new DescribeImagesCommand({
      Owners: ["amazon"],
      Filters: [{ Name: "name", Values: ["al2023-ami-2023.*-x86_64"] }],
    }),
  );
  const image = Images[0]?.ImageId ?? "";
  // A default subnet would be full after 4,091 instances.
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
  const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId: Vpc?.VpcId, CidrBlock: "10.0.0.0/16" }));
  const subnet = Subnet?.SubnetId ?? "";
  const few = await fill(ec2, image, subnet, 10);
  const byId = Object.fromEntries(few.map((id, i) => [`InstanceId.${i + 1}`, id]));
  const describe = (): Buffer => requestOf(port, { Action: "DescribeInstances", ...byId });
  const run = (): Buffer => launch(port, image, subnet);

  const runWith10 = await latency(port, run, 100);
  const describeWith10 = await latency(port, describe, 200);
  report("RunInstances one at a time, durable, a second", (1000 / runWith10).toFixed(0));

  await fill(ec2, image, subnet, 1000);
  const page = { Action: "DescribeInstances", MaxResults: "1000" };
  const { Reservations } = await ec2.send(new DescribeInstancesCommand({ MaxResults: 1000 }));
  const stringify = median(
    Array.from({ length: 15 }, () => {
      const begin = performance.now();
      JSON.stringify(Reservations);
      return performance.now() - begin;
    }),
  );
  const bare = await startBare(await answerOf(islet, page));
  const served = await latency(bare.port, () => requestOf(bare.port, page), 15);
  const thousand = await latency(port, () => requestOf(port, page), 15);
  await bare.stop();
  const limit = 3 * stringify + served;
  report(
    "DescribeInstances of 1,000 in one answer, ms",
    thousand.toFixed(1),
    `at most ${limit.toFixed(1)}`,
    thousand <= limit,
  );
  report("  JSON.stringify of the same, ms", stringify.toFixed(1));
  report("  bare Fastify with the same bytes, ms", served.toFixed(1));

  await fill(ec2, image, subnet, 10_000 - 1110);
  const compare = (what: string, many: number, ten: number): void =>
    report(
      `${what} with 10,000 present, against 10`,
      `${(many / ten).toFixed(2)} ×`,
      "at most 1.3 ×",
      many / ten <= 1.3,
    );
  compare("RunInstances", await latency(port, run, 100), runWith10);
  compare("DescribeInstances of 10", await latency(port, describe, 200), describeWith10);
  report("  memory with 10,000 instances, MiB", islet.memory().toFixed(0));
  ec2.destroy();
  await islet.stop();
}

try {
  measurePackets(report);
  measureHosts(report);
  await measureStart();
  const islet = await startIslet("--memory");
  await answerOf(islet, { Action: "DescribeRegions" });
  const idle = islet.memory();
  report("idle memory, MiB", idle.toFixed(0), "at most 130", idle <= 130);
  await measureThroughput(islet);
  await islet.stop();
  await measureInstances();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = figures.some(({ kept }) => kept === false) ? 1 : 0;
