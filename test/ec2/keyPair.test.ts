import {
  CreateKeyPairCommand,
  DeleteKeyPairCommand,
  DescribeKeyPairsCommand,
  ImportKeyPairCommand,
} from "@aws-sdk/client-ec2";
import { createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";

const ec2 = await freshClient();

const ed25519 = (name: string) => ec2.send(new CreateKeyPairCommand({ KeyName: name, KeyType: "ed25519" }));

const names = async (filter: string, ...Values: string[]): Promise<(string | undefined)[]> => {
  const { KeyPairs } = await ec2.send(new DescribeKeyPairsCommand({ Filters: [{ Name: filter, Values }] }));
  return KeyPairs?.map(({ KeyName }) => KeyName) ?? [];
};

describe("what it refuses to parse", () => {
  test.each(["", " padded", "padded ", "a".repeat(256), "ключ", "new\tline"])("the name %j", async (name) => {
    await refused(ed25519(name), "InvalidParameterValue", /for parameter keyName is invalid/);
  });

  test("a type and a format that do not exist", async () => {
    const create = (more: object) => ec2.send(new CreateKeyPairCommand({ KeyName: "odd", ...more }));
    await refused(create({ KeyType: "dsa" }), "InvalidParameterValue");
    await refused(create({ KeyFormat: "jwk" }), "InvalidParameterValue");
  });

  test("no key in a public key", async () => {
    const PublicKeyMaterial = Buffer.from("ssh-rsa nonsense");
    await refused(
      ec2.send(new ImportKeyPairCommand({ KeyName: "nonsense", PublicKeyMaterial })),
      "InvalidKey.Format",
    );
  });

  test("to delete nothing in particular", async () => {
    await refused(ec2.send(new DeleteKeyPairCommand({})), "MissingParameter");
  });
});

describe("what it refuses to do", () => {
  test("a name that is taken, be it created or imported", async () => {
    const { KeyName } = await ed25519("taken");
    await refused(ed25519("taken"), "InvalidKeyPair.Duplicate", "The keypair 'taken' already exists.");
    const PublicKeyMaterial = Buffer.from("whatever");
    await refused(
      ec2.send(new ImportKeyPairCommand({ KeyName, PublicKeyMaterial })),
      "InvalidKeyPair.Duplicate",
    );
  });

  test("to describe what is not there", async () => {
    await refused(
      ec2.send(new DescribeKeyPairsCommand({ KeyNames: ["missing"] })),
      "InvalidKeyPair.NotFound",
      "The key pair 'missing' does not exist",
    );
    await refused(
      ec2.send(new DescribeKeyPairsCommand({ KeyPairIds: ["key-00000000000000000"] })),
      "InvalidKeyPair.NotFound",
    );
  });

  test("to show another account's, or another region's", async () => {
    const { KeyPairId = "" } = await ed25519("private");
    const KeyPairIds = [KeyPairId];
    const other = await freshClient();
    await refused(other.send(new DescribeKeyPairsCommand({ KeyPairIds })), "InvalidKeyPair.NotFound");
    expect(await other.send(new DeleteKeyPairCommand({ KeyPairId }))).not.toHaveProperty("KeyPairId");
    expect((await ec2.send(new DescribeKeyPairsCommand({ KeyPairIds }))).KeyPairs).toHaveLength(1);
  });

  test("a dry run", async () => {
    await refused(ec2.send(new CreateKeyPairCommand({ KeyName: "dry", DryRun: true })), "DryRunOperation");
    await refused(ec2.send(new DescribeKeyPairsCommand({ KeyNames: ["dry"] })), "InvalidKeyPair.NotFound");
  });

  test("a filter that key pairs do not have", async () => {
    await refused(names("vpc-id", "x"), "InvalidParameterValue", "The filter 'vpc-id' is invalid");
  });
});

describe("what it does", () => {
  test("makes RSA keys, each another, whose private half opens what the public half closes", async () => {
    const keys = [];
    for (const KeyName of ["rsa-1", "rsa-2", "rsa-3"]) {
      const created = await ec2.send(new CreateKeyPairCommand({ KeyName }));
      expect(created.KeyFingerprint).toMatch(/^([0-9a-f]{2}:){19}[0-9a-f]{2}$/);
      expect(created.KeyPairId).toMatch(/^key-0[0-9a-f]{16}$/);
      const { KeyPairs } = await ec2.send(
        new DescribeKeyPairsCommand({ KeyNames: [KeyName], IncludePublicKey: true }),
      );
      const [type, body = "", comment] = KeyPairs?.[0]?.PublicKey?.split(" ") ?? [];
      expect([type, comment]).toEqual(["ssh-rsa", KeyName]);
      const key = createPrivateKey(created.KeyMaterial ?? "");
      const { n = "" } = createPublicKey(key).export({ format: "jwk" });
      expect(Buffer.from(body, "base64").includes(Buffer.from(n, "base64url"))).toBe(true);
      keys.push(n);
    }
    expect(new Set(keys).size).toBe(3);
  });

  test("shows a pair without its private half, and its public half if asked", async () => {
    const { KeyPairId, KeyFingerprint } = await ec2.send(
      new CreateKeyPairCommand({
        KeyName: "shown",
        KeyType: "ed25519",
        TagSpecifications: [{ ResourceType: "key-pair", Tags: [{ Key: "Owner", Value: "me" }] }],
      }),
    );
    const { KeyPairs } = await ec2.send(new DescribeKeyPairsCommand({ KeyNames: ["shown"] }));
    expect(KeyPairs).toEqual([
      {
        KeyPairId,
        KeyName: "shown",
        KeyType: "ed25519",
        KeyFingerprint,
        CreateTime: expect.any(Date) as Date,
        Tags: [{ Key: "Owner", Value: "me" }],
      },
    ]);
    expect(await names("key-name", "sho*")).toEqual(["shown"]);
    expect(await names("key-pair-id", KeyPairId ?? "")).toEqual(["shown"]);
    expect(await names("fingerprint", KeyFingerprint ?? "")).toEqual(["shown"]);
    expect(await names("tag:Owner", "me")).toEqual(["shown"]);
    expect(await names("tag-key", "Owner")).toEqual(["shown"]);
    expect(await names("key-name", "nobody's")).toEqual([]);
  });

  test("writes keys for PuTTY", async () => {
    const { KeyMaterial } = await ec2.send(
      new CreateKeyPairCommand({ KeyName: "putty", KeyType: "ed25519", KeyFormat: "ppk" }),
    );
    expect(KeyMaterial).toMatch(/^PuTTY-User-Key-File-2: ssh-ed25519\n/);
  });

  test("imports a key that was made elsewhere", async () => {
    const { publicKey } = generateKeyPairSync("ed25519");
    const blob = Buffer.concat(
      ["ssh-ed25519", Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url")].map((part) => {
        const bytes = Buffer.from(part as string);
        const length = Buffer.alloc(4);
        length.writeUInt32BE(bytes.length);
        return Buffer.concat([length, bytes]);
      }),
    );
    const line = `ssh-ed25519 ${blob.toString("base64")}`;
    const imported = await ec2.send(
      new ImportKeyPairCommand({
        KeyName: "imported",
        PublicKeyMaterial: Buffer.from(`${line} me@home`),
        TagSpecifications: [{ ResourceType: "key-pair", Tags: [{ Key: "from", Value: "home" }] }],
      }),
    );
    expect(imported).toMatchObject({ KeyName: "imported", Tags: [{ Key: "from", Value: "home" }] });
    expect(imported).not.toHaveProperty("KeyMaterial");
    const { KeyPairs } = await ec2.send(
      new DescribeKeyPairsCommand({ KeyPairIds: [imported.KeyPairId ?? ""], IncludePublicKey: true }),
    );
    expect(KeyPairs?.[0]).toMatchObject({ KeyType: "ed25519", PublicKey: `${line} imported` });
  });

  test("deletes by name or by id, and does not mind if there is nothing to delete", async () => {
    const { KeyPairId } = await ed25519("first");
    expect(await ec2.send(new DeleteKeyPairCommand({ KeyName: "first" }))).toMatchObject({
      Return: true,
      KeyPairId,
    });
    const second = await ed25519("first");
    expect(second.KeyPairId).not.toBe(KeyPairId);
    await ec2.send(new DeleteKeyPairCommand({ KeyPairId: second.KeyPairId }));
    expect(await names("key-name", "first")).toEqual([]);
    expect(await ec2.send(new DeleteKeyPairCommand({ KeyName: "first" }))).toMatchObject({ Return: true });
  });

  test("keeps a pair if its name and its id disagree", async () => {
    const { KeyPairId } = await ed25519("kept");
    await ec2.send(new DeleteKeyPairCommand({ KeyPairId, KeyName: "another" }));
    expect(await names("key-name", "kept")).toEqual(["kept"]);
  });
});
