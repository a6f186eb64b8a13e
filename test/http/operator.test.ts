import { CreateVpcCommand, DescribeVpcsCommand, EC2Client } from "@aws-sdk/client-ec2";
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, ListUsersCommand } from "@aws-sdk/client-iam";
import { GetCallerIdentityCommand, GetSessionTokenCommand, STSClient } from "@aws-sdk/client-sts";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Islet } from "../../server/index.ts";
import { configOf, freshKeys, ownIslet, refused, type Keys } from "../islet.ts";
import { operate, send } from "./send.ts";

let islet: Islet;
beforeAll(async () => {
  islet = await ownIslet();
});
afterAll(() => islet.close());

const ROUTES = [
  ["POST", "reset"],
  ["POST", "accounts"],
  ["POST", "credentials/revoke"],
  ["GET", "clock"],
  ["POST", "clock"],
  ["GET", "hosts"],
  ["POST", "hosts/scrub"],
  ["GET", "audit"],
  ["GET", "audit/verify"],
  ["POST", "glass/memory"],
  ["POST", "glass/search"],
  ["POST", "memory/read"],
] as const;

const clientOf = (keys: Keys, region?: string) => new EC2Client(configOf(islet, keys, region));

async function makeVpc(ec2: EC2Client): Promise<string> {
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
  return Vpc?.VpcId ?? "";
}

async function hasVpc(ec2: EC2Client, id: string): Promise<boolean> {
  const { Vpcs = [] } = await ec2.send(new DescribeVpcsCommand({}));
  return Vpcs.some(({ VpcId }) => VpcId === id);
}

describe("who may operate", () => {
  test("anybody sees the health, and nothing else", async () => {
    expect(await operate(islet, "GET", "health", undefined, { keys: null })).toMatchObject({
      status: 200,
      json: { status: "ok" },
    });
    for (const [method, path] of ROUTES) {
      expect(await operate(islet, method, path, undefined, { keys: null })).toMatchObject({
        status: 403,
        json: { error: "MissingAuthenticationToken" },
      });
    }
  });

  test("no other account's root does", async () => {
    for (const keys of [freshKeys(islet), { accessKeyId: "123456789012", secretAccessKey: "test" }]) {
      for (const [method, path] of ROUTES) {
        expect(await operate(islet, method, path, undefined, { keys })).toEqual({
          status: 403,
          json: { error: "AccessDenied", message: "Only the operator's root key may do this." },
        });
      }
    }
  });

  test.each([
    ["a wrong secret", { keys: { accessKeyId: "test", secretAccessKey: "toast" } }, "SignatureDoesNotMatch"],
    ["an unknown key", { keys: { accessKeyId: "toast", secretAccessKey: "test" } }, "InvalidClientTokenId"],
    ["a signature for EC2", { service: "ec2" }, "SignatureDoesNotMatch"],
  ])("%s does not", async (_, sent, error) => {
    expect(await operate(islet, "POST", "reset", {}, sent)).toMatchObject({ status: 403, json: { error } });
  });

  test("a signature for the operator's routes is none for the API", async () => {
    const { status, text } = await send(islet, { service: "islet", body: "Action=DescribeVpcs" });
    expect(status).toBe(401);
    expect(text).toContain("<Code>AuthFailure</Code>");
  });
});

describe("what is no request", () => {
  test.each([
    ["[]", "InvalidRequest"],
    ["null", "InvalidRequest"],
    ["7", "InvalidRequest"],
    ["{", "InvalidRequest"],
    ["\u0000", "InvalidRequest"],
    ['{"AccountId":7}', "InvalidParameterValue"],
    ['{"AccountId":""}', "InvalidParameterValue"],
    ['{"AccountId":"1234"}', "InvalidParameterValue"],
    ['{"AccountId":["123456789012"]}', "InvalidParameterValue"],
    ['{"AccountId":null}', "InvalidParameterValue"],
    ['{"Region":"us-nowhere-1"}', "InvalidParameterValue"],
    ['{"Region":"global"}', "InvalidParameterValue"],
    ['{"accountId":"123456789012"}', "UnknownParameter"],
    ['{"__proto__":{"AccountId":"123456789012"}}', "UnknownParameter"],
  ])("reset %s", async (body, error) => {
    const ec2 = clientOf(freshKeys(islet));
    const vpc = await makeVpc(ec2);
    expect(await operate(islet, "POST", "reset", body)).toMatchObject({ status: 400, json: { error } });
    expect(await hasVpc(ec2, vpc)).toBe(true);
  });

  test.each([
    [{ Frozen: "true" }, "InvalidParameterValue"],
    [{ Frozen: null }, "InvalidParameterValue"],
    [{ Advance: -1 }, "InvalidParameterValue"],
    [{ Advance: "1" }, "InvalidParameterValue"],
    [{ Advance: 1e300 }, "InvalidParameterValue"],
    [{ Advance: null }, "InvalidParameterValue"],
    [{ Now: "yesterday" }, "InvalidParameterValue"],
    [{ Now: "2001-01-01T00:00:00Z" }, "InvalidParameterValue"],
    [{ Now: "+012000-01-01T00:00:00Z" }, "InvalidParameterValue"],
    [{ frozen: true }, "UnknownParameter"],
  ])("clock %j", async (fields, error) => {
    expect(await operate(islet, "POST", "clock", fields)).toMatchObject({ status: 400, json: { error } });
    expect(await operate(islet, "GET", "clock")).toMatchObject({ status: 200, json: { Frozen: false } });
  });

  test.each([
    [{}, "InvalidParameterValue"],
    [{ AccessKeyId: "ASIAUNKNOWN" }, "InvalidParameterValue"],
    [{ AccessKeyId: "test" }, "InvalidParameterValue"],
    [{ AccessKeyId: {} }, "InvalidParameterValue"],
    [{ Key: "test" }, "UnknownParameter"],
  ])("credentials/revoke %j", async (fields, error) => {
    expect(await operate(islet, "POST", "credentials/revoke", fields)).toMatchObject({
      status: 400,
      json: { error },
    });
  });

  test("whatever JSON it is, it is answered with an error", async () => {
    const paths = fc.constantFrom("reset", "clock", "credentials/revoke", "memory/write", "volumes/read");
    const objects = fc.dictionary(
      fc.constantFrom("AccountId", "Region", "Advance", "Frozen", "Now", "AccessKeyId", "Bytes"),
      fc.oneof(fc.jsonValue(), fc.double({ min: -10, max: -1 })),
      { minKeys: 1 },
    );
    await fc.assert(
      fc.asyncProperty(paths, objects, async (path, fields) => {
        // What is a valid wish by accident is not sent.
        fc.pre(!("Frozen" in fields && typeof fields["Frozen"] === "boolean"));
        fc.pre(!("Advance" in fields && typeof fields["Advance"] === "number" && fields["Advance"] >= 0));
        const { status, json } = await operate(islet, "POST", path, fields);
        expect({ status, json }).toMatchObject({ status: 400, json: { error: expect.any(String) } });
      }),
      { seed: 3, numRuns: 100 },
    );
  });
});

describe("reset", () => {
  test("empties one account, which keeps its keys", async () => {
    const [one, two] = [freshKeys(islet), freshKeys(islet)];
    const clients = [clientOf(one), clientOf(one, "eu-west-1"), clientOf(two)];
    const vpcs = await Promise.all(clients.map(makeVpc));
    expect(await operate(islet, "POST", "reset", { AccountId: one.account })).toEqual({
      status: 200,
      json: {},
    });
    const left = await Promise.all(clients.map((client, i) => hasVpc(client, vpcs[i] ?? "")));
    expect(left).toEqual([false, false, true]);
  });

  test("takes an account's users, roles and sessions, and nobody else's, and no lasting key of root", async () => {
    const data = mkdtempSync(join(tmpdir(), "islet-reset-"));
    let own = await ownIslet({ memory: false, data });
    const users = async (keys: Keys): Promise<number | undefined> =>
      (await new IAMClient(configOf(own, keys)).send(new ListUsersCommand({}))).Users?.length;
    const [one, two] = [freshKeys(own), freshKeys(own)];
    const made = await Promise.all(
      [one, two].map(async (keys) => {
        const iam = new IAMClient(configOf(own, keys));
        await iam.send(new CreateUserCommand({ UserName: "ann" }));
        const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: "ann" }));
        return {
          accessKeyId: AccessKey?.AccessKeyId ?? "",
          secretAccessKey: AccessKey?.SecretAccessKey ?? "",
        };
      }),
    );
    const whoAmI = (keys: Keys) => new STSClient(configOf(own, keys)).send(new GetCallerIdentityCommand({}));
    const { Credentials } = await new STSClient(configOf(own, one)).send(new GetSessionTokenCommand({}));
    const session = {
      accessKeyId: Credentials?.AccessKeyId ?? "",
      secretAccessKey: Credentials?.SecretAccessKey ?? "",
      sessionToken: Credentials?.SessionToken ?? "",
    };
    await operate(own, "POST", "reset", { AccountId: one.account, Region: "us-east-1" });
    expect(await Promise.all([one, two].map(users))).toEqual([1, 1]);
    await operate(own, "POST", "reset", { AccountId: one.account });
    const check = async () => {
      expect(await Promise.all([one, two].map(users))).toEqual([0, 1]);
      await refused(whoAmI(made[0] ?? one), "InvalidClientTokenId");
      await refused(whoAmI(session), "InvalidClientTokenId");
      await whoAmI(made[1] ?? two);
    };
    await check();
    await own.close();
    own = await ownIslet({ memory: false, data });
    await check();
    await own.close();
    rmSync(data, { recursive: true });
  });

  test("empties one region, of all or of one account", async () => {
    const [one, two] = [freshKeys(islet), freshKeys(islet)];
    const clients = [clientOf(one, "eu-west-1"), clientOf(two, "eu-west-1"), clientOf(one)];
    const vpcs = await Promise.all(clients.map(makeVpc));
    const left = () => Promise.all(clients.map((client, i) => hasVpc(client, vpcs[i] ?? "")));
    await operate(islet, "POST", "reset", { AccountId: one.account, Region: "eu-west-1" });
    expect(await left()).toEqual([false, true, true]);
    await operate(islet, "POST", "reset", { Region: "eu-west-1" });
    expect(await left()).toEqual([false, false, true]);
  });

  test("leaves an account that comes back as new", async () => {
    const keys = freshKeys(islet);
    const ec2 = clientOf(keys);
    const before = await ec2.send(new DescribeVpcsCommand({}));
    await operate(islet, "POST", "reset", { AccountId: keys.account });
    const after = await ec2.send(new DescribeVpcsCommand({}));
    expect(after.Vpcs?.map(({ IsDefault }) => IsDefault)).toEqual(
      before.Vpcs?.map(({ IsDefault }) => IsDefault),
    );
  });

  test("lasts: what is gone does not come back with the next start", async () => {
    const data = mkdtempSync(join(tmpdir(), "islet-reset-"));
    const [one, two] = ["111111111111", "222222222222"].map((accessKeyId) => ({
      accessKeyId,
      secretAccessKey: "test",
    }));
    const left = async (reset: object) => {
      const first = await ownIslet({ memory: false, data });
      const clients = (server: Islet) => [
        new EC2Client(configOf(server, one ?? first.credentials)),
        new EC2Client(configOf(server, two ?? first.credentials)),
        new EC2Client(configOf(server, one ?? first.credentials, "eu-west-1")),
      ];
      const vpcs = await Promise.all(clients(first).map(makeVpc));
      expect((await operate(first, "POST", "reset", reset)).status).toBe(200);
      await first.close();
      const second = await ownIslet({ memory: false, data });
      const found = await Promise.all(clients(second).map((client, i) => hasVpc(client, vpcs[i] ?? "")));
      await second.close();
      return found;
    };
    expect(await left({ AccountId: "111111111111" })).toEqual([false, true, false]);
    expect(await left({ Region: "us-east-1" })).toEqual([false, false, true]);
    expect(await left({ AccountId: "111111111111", Region: "us-east-1" })).toEqual([false, true, true]);
    expect(await left({})).toEqual([false, false, false]);
    rmSync(data, { recursive: true });
  });

  test("empties everything, accounts as well", async () => {
    const keys = freshKeys(islet);
    const [own, wellKnown] = [
      clientOf(keys),
      clientOf({ accessKeyId: "111122223333", secretAccessKey: "test" }),
    ];
    const [, vpc] = await Promise.all([makeVpc(own), makeVpc(wellKnown)]);
    expect(await operate(islet, "POST", "reset")).toEqual({ status: 200, json: {} });
    await refused(own.send(new DescribeVpcsCommand({})), "AuthFailure");
    expect(await hasVpc(wellKnown, vpc)).toBe(false);
    expect(await makeVpc(clientOf(freshKeys(islet)))).toMatch(/^vpc-/);
  });
});

test("accounts are fresh and meet nobody", async () => {
  const accounts = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const { status, json } = await operate(islet, "POST", "accounts");
      expect(status).toBe(200);
      return json as { AccountId: string; AccessKeyId: string; SecretAccessKey: string };
    }),
  );
  for (const account of accounts) {
    expect(account).toEqual({
      AccountId: expect.stringMatching(/^[1-9]\d{11}$/) as string,
      AccessKeyId: expect.stringMatching(/^AKIA[A-Z2-7]{16}$/) as string,
      SecretAccessKey: expect.stringMatching(/^[A-Za-z0-9+/]{40}$/) as string,
    });
  }
  for (const member of ["AccountId", "AccessKeyId", "SecretAccessKey"] as const) {
    expect(new Set(accounts.map((account) => account[member])).size).toBe(accounts.length);
  }
});

test("a key that was revoked is one that never was", async () => {
  const keys = freshKeys(islet);
  const ec2 = clientOf(keys);
  await ec2.send(new DescribeVpcsCommand({}));
  const revoked = await operate(islet, "POST", "credentials/revoke", { AccessKeyId: keys.accessKeyId });
  expect(revoked).toEqual({ status: 200, json: {} });
  await refused(ec2.send(new DescribeVpcsCommand({})), "AuthFailure");
});

describe("the clock", () => {
  const clock = async (fields?: object) =>
    (await operate(islet, fields ? "POST" : "GET", "clock", fields)).json as { Now: string; Frozen: boolean };

  test("stands, jumps, and runs on from where it stood", async () => {
    const frozen = await clock({ Frozen: true });
    expect(frozen).toEqual({ Now: expect.any(String) as string, Frozen: true });
    expect(await clock()).toEqual(frozen);
    const later = new Date(Date.parse(frozen.Now) + 90_500).toISOString();
    expect(await clock({ Advance: 90.5 })).toEqual({ Now: later, Frozen: true });
    expect(await clock({ Frozen: true })).toEqual({ Now: later, Frozen: true });
    const far = "2199-12-31T23:59:59.123Z";
    expect(await clock({ Now: far })).toEqual({ Now: far, Frozen: true });
    // Clients keep their own time, and are served all the same.
    expect(await makeVpc(clientOf(freshKeys(islet)))).toMatch(/^vpc-/);
    const running = await clock({ Frozen: false });
    expect(running.Frozen).toBe(false);
    expect(Date.parse(running.Now)).toBeGreaterThanOrEqual(Date.parse(far));
  });
});
