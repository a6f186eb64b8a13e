import { CreateVolumeCommand, DescribeVolumesCommand, EC2Client } from "@aws-sdk/client-ec2";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Islet } from "../../server/index.ts";
import { call, operate } from "../http/send.ts";
import { configOf, freshKeys, ownIslet, refused, type Keys } from "../islet.ts";

const DAY = 24 * 3600;

let islet: Islet;
let data: string;
beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), "islet-tokens-"));
  islet = await ownIslet({ memory: false, data });
});
afterAll(async () => {
  await islet.close();
  rmSync(data, { recursive: true });
});

const clientOf = (keys: Keys, region?: string) => new EC2Client(configOf(islet, keys, region));

const make = (ec2: EC2Client, ClientToken: string, Size = 1) =>
  ec2.send(new CreateVolumeCommand({ AvailabilityZone: "us-east-1a", Size, ClientToken }));

const count = async (ec2: EC2Client) => (await ec2.send(new DescribeVolumesCommand({}))).Volumes?.length;

describe("a call that is repeated with its client token", () => {
  test("is answered as the first time, and does nothing again", async () => {
    const ec2 = clientOf(freshKeys(islet));
    const { $metadata: _one, ...first } = await make(ec2, "again");
    expect(await count(ec2)).toBe(1);
    // What has become of the volume meanwhile is not in the answer: it is the first one's.
    const { $metadata: _two, ...second } = await make(ec2, "again");
    expect(second).toEqual(first);
    expect(await count(ec2)).toBe(1);
    const { VolumeId } = await make(ec2, "another");
    expect(VolumeId).not.toBe(first.VolumeId);
  });

  test("may have its parameters in another order, and have been tried dry", async () => {
    const keys = freshKeys(islet);
    const token = { ClientToken: "order" };
    const zone = { AvailabilityZone: "us-east-1a" };
    const answers = [
      await call(islet, { Action: "CreateVolume", ...token, ...zone, Size: "1", DryRun: "true" }, { keys }),
      await call(islet, { Action: "CreateVolume", ...token, ...zone, Size: "1" }, { keys }),
      await call(islet, { Action: "CreateVolume", Size: "1", ...zone, DryRun: "false", ...token }, { keys }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([412, 200, 200]);
    const volumes = answers.map(({ text }) => /<volumeId>(.*?)</.exec(text)?.[1]);
    expect(volumes[1]).toMatch(/^vol-/);
    expect(volumes[2]).toBe(volumes[1]);
    expect(answers[2]?.headers["x-amzn-requestid"]).not.toBe(answers[1]?.headers["x-amzn-requestid"]);
  });

  test("may not have other parameters", async () => {
    const ec2 = clientOf(freshKeys(islet));
    await make(ec2, "same");
    await refused(make(ec2, "same", 2), "IdempotentParameterMismatch");
    await make(ec2, "same");
    expect(await count(ec2)).toBe(1);
  });

  test("starts anew if the first one failed", async () => {
    const ec2 = clientOf(freshKeys(islet));
    await refused(make(ec2, "failed", 0), "InvalidParameterValue");
    await make(ec2, "failed");
    await make(ec2, "failed");
    expect(await count(ec2)).toBe(1);
  });

  test("is another call for another account, and in another region", async () => {
    const keys = freshKeys(islet);
    const clients = [clientOf(keys), clientOf(freshKeys(islet)), clientOf(keys, "eu-west-1")];
    for (const [i, ec2] of clients.entries()) {
      const AvailabilityZone = i < 2 ? "us-east-1a" : "eu-west-1a";
      await ec2.send(new CreateVolumeCommand({ AvailabilityZone, Size: i + 1, ClientToken: "shared" }));
      expect(await count(ec2)).toBe(1);
    }
  });

  test("has a token of at most 64 characters, whatever they are", async () => {
    const ec2 = clientOf(freshKeys(islet));
    const tokens = ["x".repeat(64), "a/b", "a/b/", "__proto__", " "];
    for (const token of tokens) await make(ec2, token);
    for (const token of tokens) await make(ec2, token);
    expect(await count(ec2)).toBe(tokens.length);
    await refused(make(ec2, "x".repeat(65)), "InvalidParameterValue");
  });
});

describe("tokens are remembered", () => {
  test("by the next server on the same data", async () => {
    const keys = freshKeys(islet);
    const first = await make(clientOf(keys), "restart");
    await islet.close();
    islet = await ownIslet({ memory: false, data });
    const ec2 = clientOf(keys);
    expect((await make(ec2, "restart")).VolumeId).toBe(first.VolumeId);
    await refused(make(ec2, "restart", 2), "IdempotentParameterMismatch");
    expect(await count(ec2)).toBe(1);
  });

  test("for a day", async () => {
    const ec2 = clientOf(freshKeys(islet));
    await operate(islet, "POST", "clock", { Frozen: true });
    await make(ec2, "day");
    await operate(islet, "POST", "clock", { Advance: DAY - 1 });
    await make(ec2, "day");
    expect(await count(ec2)).toBe(1);
    await operate(islet, "POST", "clock", { Advance: 1 });
    await make(ec2, "day", 2);
    expect(await count(ec2)).toBe(2);
  });

  test("no longer than their account is", async () => {
    const keys = freshKeys(islet);
    const ec2 = clientOf(keys);
    await make(ec2, "reset");
    islet.reset({ account: keys.account });
    await make(ec2, "reset", 2);
    expect(await count(ec2)).toBe(1);
  });
});

describe("a dry run", () => {
  test("says what would have been, and does nothing", async () => {
    const ec2 = clientOf(freshKeys(islet));
    const dry = (Size: number) =>
      ec2.send(
        new CreateVolumeCommand({ AvailabilityZone: "us-east-1a", Size, DryRun: true, ClientToken: "dry" }),
      );
    await refused(dry(1), "DryRunOperation", "Request would have succeeded, but DryRun flag is set.");
    expect(await count(ec2)).toBe(0);
  });

  test("is for who may make the call, with parameters that can be read", async () => {
    const stranger = clientOf({ accessKeyId: "AKIANOBODY", secretAccessKey: "x" });
    const dry = new CreateVolumeCommand({ AvailabilityZone: "us-east-1a", Size: 1, DryRun: true });
    await refused(stranger.send(dry), "AuthFailure");
    const misread = await call(islet, { Action: "CreateVolume", Size: "one", DryRun: "true" });
    expect(misread.text).toContain("<Code>InvalidParameterValue</Code>");
    const perhaps = await call(islet, { Action: "CreateVolume", Size: "1", DryRun: "perhaps" });
    expect(perhaps.text).toContain("<Code>InvalidParameterValue</Code>");
  });
});
