import { DescribeVpcsCommand, EC2Client } from "@aws-sdk/client-ec2";
import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  DeleteUserCommand,
  GetAccessKeyLastUsedCommand,
  GetUserCommand,
  ListAccessKeysCommand,
  PutUserPolicyCommand,
  UpdateAccessKeyCommand,
  UpdateUserCommand,
} from "@aws-sdk/client-iam";
import { GetCallerIdentityCommand, GetSessionTokenCommand, STSClient } from "@aws-sdk/client-sts";
import { describe, expect, test } from "vitest";
import { configOf, refused, type Keys } from "../islet.ts";
import { allowing, freshIam } from "./client.ts";

const UserName = "ann";

/** A user who has a key, and may do this. */
async function withKey(...actions: string[]) {
  const fresh = await freshIam();
  const { iam, islet } = fresh;
  await iam.send(new CreateUserCommand({ UserName }));
  if (actions.length > 0) {
    const PolicyDocument = allowing(actions);
    await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: "own", PolicyDocument }));
  }
  const make = async (): Promise<Keys> => {
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
    return { accessKeyId: AccessKey?.AccessKeyId ?? "", secretAccessKey: AccessKey?.SecretAccessKey ?? "" };
  };
  const key = await make();
  return {
    ...fresh,
    key,
    make,
    look: (keys: Keys) => new EC2Client(configOf(islet, keys)).send(new DescribeVpcsCommand({})),
    sts: (keys: Keys) => new STSClient(configOf(islet, keys)),
  };
}

describe("what it refuses to do", () => {
  test("make a third key, or find one that is not the user's", async () => {
    const { iam, make, key, keys } = await withKey();
    await make();
    await refused(make(), "LimitExceededException", "Cannot exceed quota for AccessKeysPerUser: 2");
    const AccessKeyId = keys.accessKeyId;
    await refused(
      iam.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId })),
      "NoSuchEntityException",
      `The Access Key with id ${AccessKeyId} cannot be found.`,
    );
    await refused(
      iam.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId: "short" })),
      "ValidationError",
    );
    const other = await freshIam();
    await refused(
      other.iam.send(new GetAccessKeyLastUsedCommand({ AccessKeyId: key.accessKeyId })),
      "NoSuchEntityException",
    );
    await refused(
      iam.send(new UpdateAccessKeyCommand({ UserName, AccessKeyId: key.accessKeyId, Status: "Expired" })),
      "ValidationError",
    );
  });

  test("delete a user who has a key", async () => {
    const { iam, key } = await withKey();
    const gone = () => iam.send(new DeleteUserCommand({ UserName }));
    await refused(gone(), "DeleteConflictException", "Cannot delete entity, must delete access keys first.");
    await iam.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId: key.accessKeyId }));
    await gone();
  });
});

describe("what it does", () => {
  test("a key speaks for its user, under the name that the user has now", async () => {
    const { iam, account, key, sts, as } = await withKey("iam:GetUser");
    const who = () => sts(key).send(new GetCallerIdentityCommand({}));
    const UserId = (await iam.send(new GetUserCommand({ UserName }))).User?.UserId;
    expect(await who()).toMatchObject({ Arn: `arn:aws:iam::${account}:user/ann`, UserId, Account: account });
    expect((await as(key).send(new GetUserCommand({}))).User).toMatchObject({ UserName });
    await iam.send(new UpdateUserCommand({ UserName, NewUserName: "bob", NewPath: "/x/" }));
    expect(await who()).toMatchObject({ Arn: `arn:aws:iam::${account}:user/x/bob`, UserId });
  });

  test("an inactive key is as none, until it is active again", async () => {
    const { iam, key, look, sts } = await withKey("ec2:DescribeVpcs");
    const AccessKeyId = key.accessKeyId;
    const set = (Status: "Active" | "Inactive") =>
      iam.send(new UpdateAccessKeyCommand({ UserName, AccessKeyId, Status }));
    await look(key);
    await set("Inactive");
    await refused(look(key), "AuthFailure");
    await refused(sts(key).send(new GetCallerIdentityCommand({})), "InvalidClientTokenId");
    const status = async () =>
      (await iam.send(new ListAccessKeysCommand({ UserName }))).AccessKeyMetadata?.map(
        ({ Status }) => Status,
      );
    expect(await status()).toEqual(["Inactive"]);
    await set("Active");
    await look(key);
    expect(await status()).toEqual(["Active"]);
  });

  test("keys are rotated, and a deleted one is dead", async () => {
    const { iam, key, make, look } = await withKey("ec2:DescribeVpcs");
    const next = await make();
    await look(next);
    await iam.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId: key.accessKeyId }));
    await refused(look(key), "AuthFailure");
    await look(next);
  });

  test("sessions die with their user", async () => {
    const { iam, key, sts } = await withKey();
    const { Credentials } = await sts(key).send(new GetSessionTokenCommand({}));
    const session = {
      accessKeyId: Credentials?.AccessKeyId ?? "",
      secretAccessKey: Credentials?.SecretAccessKey ?? "",
      sessionToken: Credentials?.SessionToken ?? "",
    };
    await sts(session).send(new GetCallerIdentityCommand({}));
    await iam.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId: key.accessKeyId }));
    await sts(session).send(new GetCallerIdentityCommand({}));
    await iam.send(new DeleteUserCommand({ UserName }));
    await refused(sts(session).send(new GetCallerIdentityCommand({})), "InvalidClientTokenId");
  });

  test("when a key was last used is told", async () => {
    const { iam, key, look } = await withKey("ec2:DescribeVpcs");
    const used = async () =>
      await iam.send(new GetAccessKeyLastUsedCommand({ AccessKeyId: key.accessKeyId }));
    expect(await used()).toMatchObject({
      UserName,
      AccessKeyLastUsed: { ServiceName: "N/A", Region: "N/A" },
    });
    await look(key);
    expect(await used()).toMatchObject({
      AccessKeyLastUsed: { ServiceName: "ec2", Region: "us-east-1", LastUsedDate: expect.any(Date) },
    });
  });

  test("an account's root has keys, too", async () => {
    const { iam, keys } = await freshIam();
    const ids = async () =>
      (await iam.send(new ListAccessKeysCommand({}))).AccessKeyMetadata?.map(
        ({ AccessKeyId }) => AccessKeyId,
      );
    expect(await ids()).toEqual([keys.accessKeyId]);
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({}));
    expect(new Set(await ids())).toEqual(new Set([keys.accessKeyId, AccessKey?.AccessKeyId]));
  });

  test("the root is shown to itself, but not to its session, which has no MFA", async () => {
    const { account, as, sts, keys } = await withKey();
    const { Credentials } = await sts(keys).send(new GetSessionTokenCommand({}));
    const session = {
      accessKeyId: Credentials?.AccessKeyId ?? "",
      secretAccessKey: Credentials?.SecretAccessKey ?? "",
      sessionToken: Credentials?.SessionToken ?? "",
    };
    expect((await as(keys).send(new GetUserCommand({}))).User).toMatchObject({ UserId: account });
    await refused(as(session).send(new GetUserCommand({})), "InvalidClientTokenId");
  });
});
