/**
 * Measures what the project promises, each figure against its limit in the same run: `npm run bench`. What is compared
 * is measured by turns and as medians, so that a machine with other work to do slows down both sides alike.
 */
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
import { passingCertificates } from "../server/http/certificates.ts";
import { measureAnalysis } from "./analysis.ts";
import { measureAuthorization } from "./authorization.ts";
import { answerOf, latencies, measureShare, regionsRequest, requestOf, rootKeys } from "./calls.ts";
import { measureHosts } from "./hypervisor.ts";
import { Connection, median } from "./load.ts";
import { measurePackets } from "./packets.ts";
import { startServer, type Server } from "./process.ts";

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

const clientOf = ({ port }: Server): EC2Client =>
  new EC2Client({
    endpoint: `https://127.0.0.1:${port}`,
    region: "us-east-1",
    credentials: rootKeys,
    requestHandler: new NodeHttpHandler({ httpsAgent: { rejectUnauthorized: false } }),
  } satisfies EC2ClientConfig);

/** Starts a server and stops it: times from the start of the process to its port and to its first answer, in ms. */
async function startTimes(starting: Promise<Server>): Promise<{ listens: number; answers: number }> {
  const server = await starting;
  const connection = await Connection.open(server.port);
  const status = await connection.send(regionsRequest(server.port));
  const answers = performance.now() - server.begun;
  if (status !== 200) throw new Error(`answered ${status}`);
  connection.close();
  await server.stop();
  return { listens: server.started, answers };
}

async function measureStart(): Promise<void> {
  const rounds: Record<"islet" | "bare", Awaited<ReturnType<typeof startTimes>>>[] = [];
  for (let i = 0; i < 9; i++) {
    const islet = await startTimes(startIslet("--memory"));
    rounds.push({ islet, bare: await startTimes(startBare("ok")) });
  }
  const ratio = median(rounds.map(({ islet, bare }) => islet.answers / bare.answers));
  report(
    "start to first signed answer, against bare Fastify",
    `${ratio.toFixed(2)} ×`,
    "at most 2 ×",
    ratio <= 2,
  );
  report("  islet, ms", median(rounds.map(({ islet }) => islet.answers)).toFixed(0));
  report("  bare Fastify, ms", median(rounds.map(({ bare }) => bare.answers)).toFixed(0));
  const listening = median(rounds.map(({ islet, bare }) => islet.listens / bare.listens));
  report("  to listening only, against bare Fastify", `${listening.toFixed(2)} ×`);
}

async function measureThroughput(islet: Server): Promise<void> {
  const bare = await startBare(await answerOf(islet, { Action: "DescribeRegions" }));
  await measureShare(
    report,
    { what: "signed DescribeRegions a second, share of bare Fastify", least: 0.5 },
    { islet, bare, request: regionsRequest(islet.port) },
  );
  await measureAuthorization(report, islet, bare);
  await bare.stop();
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

/** A server with durable state and so many instances, and the calls that are measured on it. */
async function serverWith(count: number) {
  const server = await startIslet("--data", join(folder, `with-${count}`));
  const { port } = server;
  const ec2 = clientOf(server);
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
  const ids = await fill(ec2, image, subnet, count);
  const byId = Object.fromEntries(ids.slice(0, 10).map((id, i) => [`InstanceId.${i + 1}`, id]));
  return {
    server,
    ec2,
    describe: { port, request: () => requestOf(port, { Action: "DescribeInstances", ...byId }) },
    run: { port, request: () => launch(port, image, subnet) },
  };
}

async function measureThousand(islet: Server, ec2: EC2Client): Promise<void> {
  const page = { Action: "DescribeInstances", MaxResults: "1000" };
  const { Reservations } = await ec2.send(new DescribeInstancesCommand({ MaxResults: 1000 }));
  const bare = await startBare(await answerOf(islet, page));
  const sides = [islet, bare].map(({ port }) => ({ port, request: () => requestOf(port, page) }));
  const rounds: { ours: number; served: number; stringify: number }[] = [];
  for (let i = 0; i < 7; i++) {
    const [ours = 0, served = 0] = await latencies(sides, 5);
    const times = Array.from({ length: 5 }, () => {
      const begin = performance.now();
      JSON.stringify(Reservations);
      return performance.now() - begin;
    });
    rounds.push({ ours, served, stringify: median(times) });
  }
  await bare.stop();
  const thousand = median(rounds.map(({ ours }) => ours));
  const served = median(rounds.map((round) => round.served));
  const stringify = median(rounds.map((round) => round.stringify));
  const limit = 3 * stringify + served;
  report(
    "DescribeInstances of 1,000 in one answer, ms",
    thousand.toFixed(1),
    `at most ${limit.toFixed(1)}`,
    thousand <= limit,
  );
  report("  JSON.stringify of the same, of which three count, ms", stringify.toFixed(1));
  report("  bare Fastify with the same bytes, ms", served.toFixed(1));
}

async function measureInstances(): Promise<void> {
  const few = await serverWith(10);
  const many = await serverWith(10_000);
  await measureThousand(many.server, many.ec2);
  for (const [what, kind, times] of [
    ["DescribeInstances of 10", "describe", 300],
    ["RunInstances of 1, durable,", "run", 150],
  ] as const) {
    const [ten = 0, thousands = 0] = await latencies([few[kind], many[kind]], times);
    const ratio = thousands / ten;
    report(`${what} with 10,000 present, against 10`, `${ratio.toFixed(2)} ×`, "at most 1.3 ×", ratio <= 1.3);
    report("  with 10,000, a second", (1000 / thousands).toFixed(0));
    report("  with 10, in a server of its own, a second", (1000 / ten).toFixed(0));
  }
  report("  memory with 10,000 instances, MiB", many.server.memory().toFixed(0));
  for (const { server, ec2 } of [few, many]) {
    ec2.destroy();
    await server.stop();
  }
}

try {
  measurePackets(report);
  measureAnalysis(report);
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
