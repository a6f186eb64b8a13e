/** How events are kept: bounded, over a restart, until they are forgotten. */
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateVpcCommand, DescribeRegionsCommand, EC2Client } from "@aws-sdk/client-ec2";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Islet } from "../../server/index.ts";
import { configOf, ownIslet, type Keys } from "../islet.ts";
import { operate, operationRefused } from "../operator.ts";
import { eventsOf, trailOf } from "./trail.ts";

let data: string;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), "islet-events-"));
});
afterEach(() => rmSync(data, { recursive: true }));

const operator = { accessKeyId: "test", secretAccessKey: "test" };
const ec2Of = (islet: Islet, keys: Keys = operator, region?: string) =>
  new EC2Client(configOf(islet, keys, region));

const blocksOf = async (islet: Islet): Promise<unknown[]> =>
  (await eventsOf(trailOf(islet, operator)))
    .filter(({ eventName }) => eventName === "CreateVpc")
    .map(({ requestParameters }) => requestParameters?.["cidrBlock"]);

test("a folder keeps them over a restart, readable by the owner alone", async () => {
  const first = await ownIslet({ memory: false, data });
  await ec2Of(first).send(new CreateVpcCommand({ CidrBlock: "10.1.0.0/16" }));
  await first.close();
  expect(readdirSync(join(data, "events"))).toEqual(["us-east-1.jsonl"]);
  expect(statSync(join(data, "events", "us-east-1.jsonl")).mode & 0o77).toBe(0);

  const second = await ownIslet({ memory: false, data });
  try {
    await ec2Of(second).send(new CreateVpcCommand({ CidrBlock: "10.2.0.0/16" }));
    expect(await blocksOf(second)).toEqual(["10.2.0.0/16", "10.1.0.0/16"]);
    second.reset({ region: "us-east-1" });
    expect(await blocksOf(second)).toEqual([]);
    await ec2Of(second).send(new CreateVpcCommand({ CidrBlock: "10.3.0.0/16" }));
  } finally {
    await second.close();
  }
  const third = await ownIslet({ memory: false, data });
  try {
    expect(await blocksOf(third)).toEqual(["10.3.0.0/16"]);
    third.reset();
    expect(await blocksOf(third)).toEqual([]);
  } finally {
    await third.close();
  }
});

test("as many as were asked for, and not many more", async () => {
  const islet = await ownIslet({ events: 3 });
  try {
    for (let call = 0; call < 20; call++) await ec2Of(islet).send(new DescribeRegionsCommand({}));
    const { Records } = await operate(islet, "GET events");
    expect((Records as unknown[]).length).toBeGreaterThanOrEqual(3);
    expect((Records as unknown[]).length).toBeLessThan(6);
  } finally {
    await islet.close();
  }
});

test("files are bounded too", async () => {
  for (let start = 0; start < 2; start++) {
    const islet = await ownIslet({ memory: false, data, events: 1 });
    for (let call = 0; call < 4; call++) {
      await ec2Of(islet).send(new DescribeRegionsCommand({}));
      await operate(islet, "GET events");
    }
    await islet.close();
  }
  const names = readdirSync(join(data, "events"));
  expect(names).toEqual(["us-east-1.jsonl", "us-east-1.older.jsonl"]);
  // 2 KiB make way for what is written next, which is an event here.
  for (const name of names) expect(statSync(join(data, "events", name)).size).toBeLessThan(5000);
});

test("an account's are forgotten with what it has", async () => {
  const islet = await ownIslet();
  try {
    const { AccountId, AccessKeyId, SecretAccessKey } = islet.createAccount();
    const other = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey };
    await ec2Of(islet, other).send(new DescribeRegionsCommand({}));
    await ec2Of(islet, other, "eu-west-1").send(new DescribeRegionsCommand({}));
    await ec2Of(islet).send(new DescribeRegionsCommand({}));
    const accounts = async (): Promise<unknown> =>
      ((await operate(islet, "GET events")).Records as { recipientAccountId: string }[]).map(
        ({ recipientAccountId }) => recipientAccountId,
      );
    expect(await accounts()).toHaveLength(3);
    islet.reset({ account: AccountId, region: "eu-west-1" });
    expect(await accounts()).toEqual([AccountId, "000000000000"]);
    islet.reset({ account: AccountId });
    expect(await accounts()).toEqual(["000000000000"]);
  } finally {
    await islet.close();
  }
});

test("the operator's route refuses what it does not know", async () => {
  const islet = await ownIslet();
  try {
    await operationRefused(islet, "GET events", { Name: "x" }, "UnknownParameter");
    for (const fields of [{ Last: 0 }, { Last: 10_001 }, { Errors: "yes" }, { Region: "nowhere" }]) {
      await operationRefused(islet, "GET events", fields, "InvalidParameterValue");
    }
  } finally {
    await islet.close();
  }
});
