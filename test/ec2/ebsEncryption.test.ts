import {
  CreateVolumeCommand,
  DescribeVolumesCommand,
  DisableEbsEncryptionByDefaultCommand,
  EnableEbsEncryptionByDefaultCommand,
  GetEbsDefaultKmsKeyIdCommand,
  GetEbsEncryptionByDefaultCommand,
  ModifyEbsDefaultKmsKeyIdCommand,
  ResetEbsDefaultKmsKeyIdCommand,
  type CreateVolumeCommandInput,
} from "@aws-sdk/client-ec2";
import { beforeEach, describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";

const KEY = "1234abcd-12ab-34cd-56ef-1234567890ab";
const KEY_ARN =
  /^arn:aws:kms:us-east-1:\d{12}:key\/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/;

let ec2 = await freshClient();
beforeEach(async () => {
  ec2 = await freshClient();
});

const create = (asked: CreateVolumeCommandInput = {}) =>
  ec2.send(new CreateVolumeCommand({ AvailabilityZone: "us-east-1a", Size: 1, ...asked }));

const setKey = (KmsKeyId: string) => ec2.send(new ModifyEbsDefaultKmsKeyIdCommand({ KmsKeyId }));

const keyOf = async (): Promise<string | undefined> =>
  (await ec2.send(new GetEbsDefaultKmsKeyIdCommand({}))).KmsKeyId;

describe("what it refuses to parse", () => {
  test.each([
    "",
    "key",
    "alias/",
    "alias/with space",
    `arn:aws:kms:us-east-1:123456789012:${KEY}`,
    `arn:aws:kms:us-east-1:12:key/${KEY}`,
    "arn:aws:kms:us-east-1:123456789012:key/none",
    `arn:aws:s3:us-east-1:123456789012:key/${KEY}`,
  ])("a key named %j", (key) => refused(setKey(key), "InvalidParameterValue"));
});

describe("what it refuses to do", () => {
  test("to use a key of another region", async () => {
    await refused(setKey(`arn:aws:kms:eu-west-1:123456789012:key/${KEY}`), "InvalidParameterValue");
    await refused(setKey("arn:aws:kms:eu-west-1:123456789012:alias/mine"), "InvalidParameterValue");
  });
});

describe("what it does", () => {
  test("encrypts nothing unless it is asked to", async () => {
    expect(await ec2.send(new GetEbsEncryptionByDefaultCommand({}))).toMatchObject({
      EbsEncryptionByDefault: false,
    });
    const plain = await create();
    expect(plain).toMatchObject({ Encrypted: false });
    expect(plain.KmsKeyId).toBeUndefined();
  });

  test("encrypts with the key that AWS keeps, which is always the same", async () => {
    const [first, second] = [await create({ Encrypted: true }), await create({ Encrypted: true })];
    expect(first).toMatchObject({ Encrypted: true, KmsKeyId: expect.stringMatching(KEY_ARN) });
    expect(second.KmsKeyId).toBe(first.KmsKeyId);
    expect((await create({ Encrypted: true, KmsKeyId: "alias/aws/ebs" })).KmsKeyId).toBe(first.KmsKeyId);
    expect(await keyOf()).toBe("alias/aws/ebs");
    const { Volumes } = await ec2.send(new DescribeVolumesCommand({ VolumeIds: [first.VolumeId ?? ""] }));
    expect(Volumes).toMatchObject([{ Encrypted: true, KmsKeyId: first.KmsKeyId }]);
  });

  test("encrypts everything once that is the default, even what asks not to be", async () => {
    expect(await ec2.send(new EnableEbsEncryptionByDefaultCommand({}))).toMatchObject({
      EbsEncryptionByDefault: true,
    });
    expect(await create({ Encrypted: false })).toMatchObject({ Encrypted: true });
    expect(await create({ KmsKeyId: KEY })).toMatchObject({ Encrypted: true });
    expect(await ec2.send(new DisableEbsEncryptionByDefaultCommand({}))).toMatchObject({
      EbsEncryptionByDefault: false,
    });
    expect(await create()).toMatchObject({ Encrypted: false });
  });

  test("takes keys by id, by alias and by the ARN of either", async () => {
    const { KmsKeyId: byId = "" } = await setKey(KEY);
    expect(byId).toMatch(new RegExp(`^arn:aws:kms:us-east-1:\\d{12}:key/${KEY}$`));
    expect(await keyOf()).toBe(byId);
    expect(await create({ Encrypted: true })).toMatchObject({ KmsKeyId: byId });
    expect((await setKey(byId)).KmsKeyId).toBe(byId);
    const { KmsKeyId: byAlias = "" } = await setKey("alias/mine");
    expect(byAlias).toMatch(KEY_ARN);
    const account = byAlias.split(":")[4];
    expect((await setKey(`arn:aws:kms:us-east-1:${account}:alias/mine`)).KmsKeyId).toBe(byAlias);
    const multiRegion = `mrk-${"0a".repeat(16)}`;
    expect((await setKey(multiRegion)).KmsKeyId).toMatch(new RegExp(`:key/${multiRegion}$`));
  });

  test("goes back to the key that AWS keeps, and leaves the rest as it is", async () => {
    await ec2.send(new EnableEbsEncryptionByDefaultCommand({}));
    await setKey(KEY);
    expect(await ec2.send(new ResetEbsDefaultKmsKeyIdCommand({}))).toMatchObject({
      KmsKeyId: "alias/aws/ebs",
    });
    expect(await keyOf()).toBe("alias/aws/ebs");
    expect(await create()).toMatchObject({ Encrypted: true, KmsKeyId: expect.stringMatching(KEY_ARN) });
  });

  test("knows one account's wishes from another's, and one region's from another's", async () => {
    await ec2.send(new EnableEbsEncryptionByDefaultCommand({}));
    ec2 = await freshClient();
    expect(await create()).toMatchObject({ Encrypted: false });
  });
});
