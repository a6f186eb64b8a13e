/** What was called, as the command line shows it: of a server that runs, and of one that was stopped. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CreateVpcCommand, DescribeRegionsCommand, EC2Client } from "@aws-sdk/client-ec2";
import { afterEach, beforeEach, expect, test } from "vitest";
import { configOf } from "../islet.ts";
import { Home, type Started } from "./islet.ts";

let home: Home;
let data: string;
beforeEach(() => {
  home = new Home();
  data = join(home.path, "data");
});
afterEach(() => home.remove());

function ec2Of({ line: { endpoint, caFile } }: Started, accessKeyId = "test"): EC2Client {
  const keys = { accessKeyId, secretAccessKey: "test" };
  return new EC2Client(configOf({ endpoint, ca: readFileSync(caFile, "utf8") }, keys));
}

test("a line for each call: when, where, who, what, on what, with which result", async () => {
  const server = await home.start("--data", data);
  const { Vpc } = await ec2Of(server).send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
  const other = ec2Of(server, "123456789012");
  await other.send(new DescribeRegionsCommand({}));
  await other.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/8" })).catch(() => undefined);

  const all = await home.run("log", "--data", data);
  expect(all).toMatchObject({ code: 0, stderr: "" });
  const time = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`;
  const [created = "", described = "", refused = ""] = all.stdout.split("\n");
  expect(created).toMatch(
    new RegExp(`^${time}  us-east-1  000000000000 root +CreateVpc +${Vpc?.VpcId ?? "?"} .* ok$`),
  );
  expect(described).toMatch(new RegExp(`^${time}  us-east-1  123456789012 root +DescribeRegions +ok$`));
  expect(refused).toMatch(/ {2}123456789012 root +CreateVpc +Client\.InvalidVpc\.Range: .*10\.0\.0\.0\/8/);

  const shown = async (...flags: string[]): Promise<string[]> =>
    (await home.run("log", "--data", data, ...flags)).stdout.trimEnd().split("\n");
  expect(await shown("--errors")).toEqual([refused]);
  expect(await shown("--event", "DescribeRegions")).toEqual([described]);
  expect(await shown("--account", "000000000000", "--user", "root")).toEqual([created]);
  expect(await shown("--last", "1", "--region", "us-east-1")).toEqual([refused]);
  expect(await shown("--region", "eu-west-1")).toEqual([""]);
  const [json = ""] = await shown("--event", "DescribeRegions", "--json");
  expect(JSON.parse(json)).toMatchObject({
    eventName: "DescribeRegions",
    recipientAccountId: "123456789012",
  });

  server.child.kill("SIGTERM");
  await server.ended;
  expect(await home.run("log", "--data", data)).toEqual(all);
  expect(await shown("--errors")).toEqual([refused]);
});

test("with --follow it goes on", async () => {
  const server = await home.start("--data", data);
  await ec2Of(server).send(new DescribeRegionsCommand({}));
  const [child] = home.spawn(["log", "--data", data, "--follow"]);
  let text = "";
  const shown = (expected: string): Promise<void> =>
    new Promise((found) => {
      const look = (part?: unknown): void => {
        text += part === undefined ? "" : (part as Buffer).toString();
        if (text.includes(expected)) found();
      };
      child.stdout?.on("data", look);
      look();
    });
  await shown("DescribeRegions");
  const seen = shown("CreateVpc");
  await ec2Of(server).send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
  await seen;
  expect(text.match(/DescribeRegions/g)).toHaveLength(1);
});

test("what cannot be shown is said", async () => {
  expect(await home.run("log", "--data", data)).toMatchObject({
    code: 1,
    stderr: `islet: there is no folder ${data}: name a server's with --data\n`,
  });
  expect(await home.run("log", "--data", data, "--follow")).toMatchObject({ code: 1 });
  expect(await home.run("log", "--last", "0")).toMatchObject({ code: 2 });
});
