/** The audit, as the command line shows and checks it: of a server that runs, and of one that was killed. */
import { EC2Client, RunInstancesCommand, TerminateInstancesCommand } from "@aws-sdk/client-ec2";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { linux } from "../ec2/launch.ts";
import { configOf } from "../islet.ts";
import { Home, type Started } from "./islet.ts";

const KEYS = { accessKeyId: "test", secretAccessKey: "test" };

let home: Home;
let data: string;
beforeEach(() => {
  home = new Home();
  data = join(home.path, "data");
});
afterEach(() => home.remove());

/** An instance comes and goes. */
async function live({ endpoint, caFile }: Started["line"]): Promise<string> {
  const ec2 = new EC2Client(configOf({ endpoint, ca: readFileSync(caFile, "utf8") }, KEYS));
  const { Instances: [launched] = [] } = await ec2.send(
    new RunInstancesCommand({ ImageId: linux.id, InstanceType: "m5.large", MinCount: 1, MaxCount: 1 }),
  );
  const InstanceIds = [launched?.InstanceId ?? ""];
  await ec2.send(new TerminateInstancesCommand({ InstanceIds }));
  ec2.destroy();
  return InstanceIds[0] ?? "";
}

const headIn = (text: string): string => /(\d+:[0-9a-f]{64})/.exec(text)?.[1] ?? "";

test("a server that was killed has written everything down; the next one goes on", async () => {
  const first = await home.start("--data", data);
  const instance = await live(first.line);
  const running = await home.run("audit", "verify", "--data", data);
  expect(running).toMatchObject({ code: 0, stderr: "" });
  expect(running.stdout).toMatch(/^us-east-1: intact, \d+ records, the last is \d+:[0-9a-f]{64}\n$/);
  first.child.kill("SIGKILL");
  await first.ended;

  const [killed, listed] = await Promise.all([
    home.run("audit", "verify", "--data", data),
    home.run("audit", "--data", data, "--instance", instance, "--event", "scrubbed"),
  ]);
  expect(killed).toEqual(running);
  expect(listed.stdout).toMatch(
    new RegExp(
      String.raw`^ *\d+ {2}\d{4}-.*Z {2}scrubbed +${instance} of 000000000000 on h-\w+ 2097152 frames `,
    ),
  );
  expect(listed.stdout).toMatch(/0 bytes written, 0 zeroed verified \(terminate\)\n$/);

  const head = headIn(killed.stdout);
  const second = await home.start("--data", data);
  await live(second.line);
  const noted = await home.run("audit", "verify", "--data", data, "--head", head);
  expect(noted).toMatchObject({ code: 0 });
  expect(headIn(noted.stdout)).not.toBe(head);
  const all = await home.run("audit", "--json", "--last", "9999", "--data", data);
  const records = all.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { seq: number; event: string });
  expect(records.map(({ seq }) => seq)).toEqual(records.map((_, index) => index + 1));
  expect(records.filter(({ event }) => event === "power-lost")).toHaveLength(1);
});

test("what was changed afterwards is found, and said on one line", async () => {
  const { line, child, ended } = await home.start("--data", data);
  await live(line);
  child.kill("SIGTERM");
  await ended;
  const file = join(data, "audit", "us-east-1.jsonl");
  const sound = readFileSync(file, "utf8");
  const head = headIn((await home.run("audit", "verify", "--data", data)).stdout);

  writeFileSync(file, sound.replace('"bytesZeroed":0', '"bytesZeroed":4096'));
  const changed = await home.run("audit", "verify", "--data", data);
  expect(changed).toMatchObject({ code: 1, stderr: "" });
  expect(changed.stdout).toMatch(/^us-east-1: BROKEN at record \d+: it is not what was written: .*\n$/);
  const json = await home.run("audit", "verify", "--data", data, "--json");
  expect(JSON.parse(json.stdout)).toMatchObject({ Region: "us-east-1", intact: false, reason: "content" });

  const lines = sound.trimEnd().split("\n");
  writeFileSync(file, `${lines.toSpliced(1, 1).join("\n")}\n`);
  expect(await home.run("audit", "verify", "--data", data)).toMatchObject({
    code: 1,
    stdout: "us-east-1: BROKEN at record 2: it is missing.\n",
  });

  // What is cut off at the end leaves a sound chain: the head that was noted before shows it.
  writeFileSync(file, `${lines.slice(0, -1).join("\n")}\n`);
  expect(await home.run("audit", "verify", "--data", data)).toMatchObject({ code: 0 });
  expect(await home.run("audit", "verify", "--data", data, "--head", head)).toMatchObject({ code: 1 });
});

test("what cannot be checked is said", async () => {
  expect(await home.run("audit", "verify", "--data", data)).toMatchObject({
    code: 1,
    stderr: `islet: there is no folder ${data}: name a server's with --data\n`,
  });
  await home.start("--memory");
  expect(await home.run("audit", "verify")).toMatchObject({
    code: 0,
    stdout: "Nothing was written down yet.\n",
  });
  expect(await home.run("audit", "verify", "--head", "x")).toMatchObject({ code: 2 });
  expect(await home.run("audit", "--last", "0")).toMatchObject({ code: 2 });
});

test("a glass server says what it is, at its start and when asked", async () => {
  const [child, ended] = home.spawn(["start", "--port", "0", "--memory", "--glass"]);
  let text = "";
  await new Promise<void>((ready) => {
    child.stdout?.on("data", (part) => {
      text += String(part);
      if (text.includes("Ready.")) ready();
    });
  });
  const status = await home.run("status");
  child.kill("SIGTERM");
  await ended;
  const mark = /^GLASS: the operator of this server can look into everybody's memory and disks\./m;
  expect(text).toMatch(mark);
  expect(status.stdout).toMatch(mark);
});
