import { DescribeVpcsCommand, EC2Client } from "@aws-sdk/client-ec2";
import {
  GetAccessKeyInfoCommand,
  GetCallerIdentityCommand,
  GetSessionTokenCommand,
  STSClient,
} from "@aws-sdk/client-sts";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Islet } from "../../server/index.ts";
import { errorOf, operate, send } from "../http/send.ts";
import { configOf, freshKeys, ownIslet, refused, type Keys } from "../islet.ts";

const HOUR = 3600;
const INVALID = "The security token included in the request is invalid.";

let islet: Islet;
let data: string;
beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), "islet-sts-"));
  islet = await ownIslet({ memory: false, data });
});
afterAll(async () => {
  await islet.close();
  rmSync(data, { recursive: true });
});

const sts = (keys: Keys) => new STSClient(configOf(islet, keys));
const ec2 = (keys: Keys) => new EC2Client(configOf(islet, keys));

const whoAmI = (keys: Keys) => sts(keys).send(new GetCallerIdentityCommand({}));
const look = (keys: Keys) => ec2(keys).send(new DescribeVpcsCommand({}));

interface Session extends Required<Keys> {
  readonly expires: number;
}

async function openSession(keys: Keys, DurationSeconds?: number): Promise<Session> {
  const { Credentials } = await sts(keys).send(new GetSessionTokenCommand({ DurationSeconds }));
  return {
    accessKeyId: Credentials?.AccessKeyId ?? "",
    secretAccessKey: Credentials?.SecretAccessKey ?? "",
    sessionToken: Credentials?.SessionToken ?? "",
    expires: Credentials?.Expiration?.getTime() ?? 0,
  };
}

const now = async () => Date.parse(((await operate(islet, "GET", "clock")).json as { Now: string }).Now);
const advance = (seconds: number) => operate(islet, "POST", "clock", { Advance: seconds });

describe("who calls", () => {
  test("is told to an account's root, by whatever key it signs", async () => {
    const { account, ...keys } = freshKeys(islet);
    const root = { Account: account, UserId: account, Arn: `arn:aws:iam::${account}:root` };
    expect(await whoAmI(keys)).toMatchObject(root);
    expect(await whoAmI(await openSession(keys))).toMatchObject(root);
    const wellKnown = { accessKeyId: "111122223333", secretAccessKey: "test" };
    expect(await whoAmI(wellKnown)).toMatchObject({ Account: "111122223333" });
    expect(await whoAmI(islet.credentials)).toMatchObject({ Account: "000000000000" });
  });

  test("is asked in the wrong way", async () => {
    const post = async (body: string) => errorOf(await send(islet, { service: "sts", body }));
    expect(await post("Action=GetCallerIdentity&Version=2016-11-15")).toMatchObject({
      code: "InvalidAction",
    });
    expect(await post("Action=GetCallerIdentity&Version=2011-06-15&Extra=1")).toMatchObject({
      status: 400,
      code: "MalformedInput",
    });
    expect(
      await post(
        "Action=AssumeRoot&Version=2011-06-15&TargetPrincipal=111122223333&TaskPolicyArn.arn=arn:aws:iam::aws:policy/x",
      ),
    ).toMatchObject({
      status: 501,
      code: "NotImplemented",
    });
  });
});

describe("a session", () => {
  test("has keys of its own, that do what the caller may do", async () => {
    const keys = freshKeys(islet);
    const session = await openSession(keys);
    expect(session.accessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/);
    expect(session.secretAccessKey).toMatch(/^[A-Za-z0-9+/]{40}$/);
    expect(session.sessionToken.length).toBeGreaterThan(100);
    await look(session);
    const another = await openSession(keys);
    for (const member of ["accessKeyId", "secretAccessKey", "sessionToken"] as const) {
      expect(another[member]).not.toBe(session[member]);
    }
  });

  test.each([
    [undefined, HOUR],
    [900, 900],
    [HOUR, HOUR],
    // "If the duration is longer than one hour, the session for AWS account owners defaults to one hour."
    [HOUR + 1, HOUR],
    [129_600, HOUR],
  ])("of %s seconds ends after %i", async (asked, seconds) => {
    const before = await now();
    const { expires } = await openSession(freshKeys(islet), asked);
    const after = await now();
    // Told to the second.
    expect(expires).toBeGreaterThanOrEqual(before + seconds * 1000 - 1000);
    expect(expires).toBeLessThanOrEqual(after + seconds * 1000);
  });

  test.each([
    [899, "greater than or equal to 900"],
    [0, "greater than or equal to 900"],
    [-1, "greater than or equal to 900"],
    [129_601, "less than or equal to 129600"],
  ])("of %i seconds there is none", async (seconds, bound) => {
    await refused(
      openSession(freshKeys(islet), seconds),
      "ValidationError",
      `1 validation error detected: Value '${seconds}' at 'durationSeconds' failed to satisfy constraint: Member must have value ${bound}`,
    );
  });

  test("makes no other session", async () => {
    const session = await openSession(freshKeys(islet));
    await refused(
      openSession(session),
      "AccessDenied",
      "Cannot call GetSessionToken with session credentials",
    );
  });

  test("needs an MFA device where one is named, and nobody has one", async () => {
    const mfa = { SerialNumber: "arn:aws:iam::123456789012:mfa/me", TokenCode: "123456" };
    await refused(
      sts(freshKeys(islet)).send(new GetSessionTokenCommand(mfa)),
      "AccessDenied",
      /^MultiFactorAuthentication failed/,
    );
  });
});

describe("a session's token", () => {
  const wrong: Record<string, (own: Session, other: Session) => Keys> = {
    "left out": ({ accessKeyId, secretAccessKey }) => ({ accessKeyId, secretAccessKey }),
    "of another session": (own, { sessionToken }) => ({ ...own, sessionToken }),
    "cut short": (own) => ({ ...own, sessionToken: own.sessionToken.slice(1) }),
    "with something after it": (own) => ({ ...own, sessionToken: `${own.sessionToken}A` }),
    "that is empty": (own) => ({ ...own, sessionToken: "" }),
  };

  test.each(Object.entries(wrong))("%s is refused", async (_, spoil) => {
    const [own, other] = [await openSession(freshKeys(islet)), await openSession(freshKeys(islet))];
    await refused(whoAmI(spoil(own, other)), "InvalidClientTokenId", INVALID);
    await refused(look(spoil(own, other)), "AuthFailure");
    await look(own);
  });

  test("is none for a key that lasts", async () => {
    const keys = freshKeys(islet);
    const { sessionToken } = await openSession(keys);
    await refused(whoAmI({ ...keys, sessionToken }), "InvalidClientTokenId", INVALID);
    await refused(look({ ...keys, sessionToken }), "AuthFailure");
  });

  test("does not help who has not the secret", async () => {
    const { accessKeyId, sessionToken } = await openSession(freshKeys(islet));
    const guess = { accessKeyId, sessionToken, secretAccessKey: "x".repeat(40) };
    await refused(whoAmI(guess), "SignatureDoesNotMatch");
    await refused(look(guess), "SignatureDoesNotMatch");
  });
});

describe("the end of a session", () => {
  test("comes with its time, and each service says so in its way", async () => {
    await operate(islet, "POST", "clock", { Frozen: true });
    const session = await openSession(freshKeys(islet), 900);
    await advance((session.expires - (await now())) / 1000 - 1);
    await look(session);
    await advance(1);
    await refused(whoAmI(session), "ExpiredToken", "The security token included in the request is expired");
    await refused(look(session), "RequestExpired", "Request has expired.");
    // It is told for another day, and then nobody remembers.
    await advance(24 * HOUR - 1);
    await refused(whoAmI(session), "ExpiredToken");
    await advance(2);
    await refused(whoAmI(session), "InvalidClientTokenId", INVALID);
    await refused(look(session), "AuthFailure");
    await operate(islet, "POST", "clock", { Frozen: false });
  });

  test("comes when it is revoked, and its owner's other keys are as they were", async () => {
    const keys = freshKeys(islet);
    const [revoked, other] = [await openSession(keys), await openSession(keys)];
    const answer = await operate(islet, "POST", "credentials/revoke", { AccessKeyId: revoked.accessKeyId });
    expect(answer.status).toBe(200);
    await refused(whoAmI(revoked), "InvalidClientTokenId", INVALID);
    await refused(look(revoked), "AuthFailure");
    for (const each of [keys, other]) await look(each);
    // What was to happen to it later happens to nothing.
    await advance(26 * HOUR);
    await look(keys);
  });
});

test("sessions and revocations outlive the server", async () => {
  const keys = freshKeys(islet);
  const [kept, revoked] = [await openSession(keys), await openSession(keys)];
  await operate(islet, "POST", "credentials/revoke", { AccessKeyId: revoked.accessKeyId });
  await islet.close();
  islet = await ownIslet({ memory: false, data });
  await look(kept);
  await refused(whoAmI(revoked), "InvalidClientTokenId");
  await operate(islet, "POST", "clock", { Frozen: true });
  await advance((kept.expires - (await now())) / 1000 + 1);
  await refused(whoAmI(kept), "ExpiredToken");
  await operate(islet, "POST", "clock", { Frozen: false });
});

describe("whose key it is", () => {
  const info = (AccessKeyId: string, keys: Keys = freshKeys(islet)) =>
    sts(keys).send(new GetAccessKeyInfoCommand({ AccessKeyId }));

  test("is told to everybody", async () => {
    const owner = freshKeys(islet);
    const session = await openSession(owner);
    expect(await info(owner.accessKeyId)).toMatchObject({ Account: owner.account });
    expect(await info(session.accessKeyId)).toMatchObject({ Account: owner.account });
    expect(await info(owner.accessKeyId, session)).toMatchObject({ Account: owner.account });
  });

  test("is not known of keys that nobody has", async () => {
    await refused(info(`AKIA${"A".repeat(16)}`), "ValidationError");
    await refused(
      sts(freshKeys(islet)).send(new GetAccessKeyInfoCommand({ AccessKeyId: undefined })),
      "ValidationError",
    );
  });
});
