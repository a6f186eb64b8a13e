import {
  CompleteSnapshotCommand,
  EBSClient,
  GetSnapshotBlockCommand,
  ListChangedBlocksCommand,
  ListSnapshotBlocksCommand,
  PutSnapshotBlockCommand,
  StartSnapshotCommand,
  type PutSnapshotBlockCommandInput,
  type StartSnapshotCommandInput,
} from "@aws-sdk/client-ebs";
import {
  CreateSnapshotCommand,
  CreateVolumeCommand,
  DeleteSnapshotCommand,
  DescribeSnapshotsCommand,
  EC2Client,
  EnableEbsEncryptionByDefaultCommand,
  DisableEbsEncryptionByDefaultCommand,
  ModifySnapshotAttributeCommand,
} from "@aws-sdk/client-ec2";
import { createHash } from "node:crypto";
import { afterAll, describe, expect, test } from "vitest";
import { BLOCK, readVolume, writeVolume } from "../ec2/blocks.ts";
import { send, type Sent } from "../http/send.ts";
import { configOf, freshKeys, ownIslet, refused } from "../islet.ts";
import { operate } from "../operator.ts";

const islet = await ownIslet();
afterAll(() => islet.close());
const keys = freshKeys(islet);
const ec2 = new EC2Client(configOf(islet, keys));
const ebs = new EBSClient(configOf(islet, keys));
const stranger = new EBSClient(configOf(islet, freshKeys(islet)));

const MISSING = "snap-0123456789abcdef0";
const sha256 = (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest("base64");
const filled = (value: number) => new Uint8Array(BLOCK).fill(value);

const volume = async (SnapshotId?: string): Promise<string> =>
  (await ec2.send(new CreateVolumeCommand({ AvailabilityZone: "us-east-1a", Size: 1, SnapshotId })))
    .VolumeId ?? "";
const snapshot = async (VolumeId: string): Promise<string> =>
  (await ec2.send(new CreateSnapshotCommand({ VolumeId }))).SnapshotId ?? "";
const start = async (asked: Partial<StartSnapshotCommandInput> = {}): Promise<string> =>
  (await ebs.send(new StartSnapshotCommand({ VolumeSize: 1, ...asked }))).SnapshotId ?? "";
const put = (
  SnapshotId: string,
  BlockIndex: number,
  BlockData: Uint8Array,
  asked: Partial<PutSnapshotBlockCommandInput> = {},
  client = ebs,
) =>
  client.send(
    new PutSnapshotBlockCommand({
      SnapshotId,
      BlockIndex,
      BlockData,
      DataLength: BlockData.length,
      Checksum: sha256(BlockData),
      ChecksumAlgorithm: "SHA256",
      ...asked,
    }),
  );
const complete = (SnapshotId: string, ChangedBlocksCount: number, asked: object = {}) =>
  ebs.send(new CompleteSnapshotCommand({ SnapshotId, ChangedBlocksCount, ...asked }));
const blocksOf = async (SnapshotId: string) =>
  (await ebs.send(new ListSnapshotBlocksCommand({ SnapshotId }))).Blocks ?? [];
const get = async (SnapshotId: string, BlockIndex: number, BlockToken: string) => {
  const answer = await ebs.send(new GetSnapshotBlockCommand({ SnapshotId, BlockIndex, BlockToken }));
  return { ...answer, bytes: await answer.BlockData?.transformToByteArray() };
};
const described = async (SnapshotId: string) =>
  (await ec2.send(new DescribeSnapshotsCommand({ SnapshotIds: [SnapshotId] }))).Snapshots?.[0];

/** A refusal with its reason. */
async function reasonRefused(call: Promise<unknown>, code: string, reason: string): Promise<void> {
  const error: unknown = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ name: code, Reason: reason });
}

describe("what it refuses to parse", () => {
  const json = (sent: Sent) =>
    send(islet, { service: "ebs", keys, ...sent }).then(({ status, headers, text }) => ({
      status,
      type: headers["x-amzn-errortype"],
      content: headers["content-type"],
      ...(JSON.parse(text) as object),
    }));

  test.each<[string, Sent, object]>([
    [
      "a path that there is not",
      { method: "GET", path: "/" },
      { status: 404, type: "UnknownOperationException" },
    ],
    ["a method that there is not", { method: "GET", path: "/snapshots" }, { status: 404 }],
    ["a path that goes on", { method: "GET", path: `/snapshots/${MISSING}/blocks/1/2` }, { status: 404 }],
    [
      "a body that is no JSON",
      { path: "/snapshots", body: "{" },
      { status: 400, type: "SerializationException" },
    ],
    ["a body that is no object", { path: "/snapshots", body: "[]" }, { type: "SerializationException" }],
    [
      "a body that is no UTF-8",
      { path: "/snapshots", body: Buffer.from([0x22, 0xff, 0x22]) },
      { status: 400 },
    ],
    [
      "a number that is none",
      { path: "/snapshots", body: '{"VolumeSize":"1"}' },
      { type: "SerializationException", Message: "The value at 'VolumeSize' is not an integer." },
    ],
    ["a fraction", { path: "/snapshots", body: '{"VolumeSize":1.5}' }, { type: "SerializationException" }],
    ["a truth that is none", { path: "/snapshots", body: '{"VolumeSize":1,"Encrypted":1}' }, { status: 400 }],
    ["a list that is none", { path: "/snapshots", body: '{"VolumeSize":1,"Tags":{}}' }, { status: 400 }],
    [
      "an element that is none",
      { path: "/snapshots", body: '{"VolumeSize":1,"Tags":[null]}' },
      { status: 400 },
    ],
    [
      "a structure that is none",
      { path: "/snapshots", body: '{"VolumeSize":1,"Tags":["a"]}' },
      { status: 400 },
    ],
    [
      "a text that is none",
      { path: "/snapshots", body: '{"VolumeSize":1,"Description":{}}' },
      { status: 400 },
    ],
    [
      "no size",
      { path: "/snapshots", body: '{"VolumeSize":null}' },
      {
        status: 400,
        type: "ValidationException",
        content: "application/json",
        Reason: "INVALID_PARAMETER_VALUE",
        Message:
          "1 validation error detected: Value null at 'volumeSize' failed to satisfy constraint: Member must not be null",
      },
    ],
    [
      "an index that is none",
      { method: "GET", path: `/snapshots/${MISSING}/blocks/x?blockToken=a` },
      { type: "SerializationException" },
    ],
    ["no token", { method: "GET", path: `/snapshots/${MISSING}/blocks/1` }, { type: "ValidationException" }],
    [
      "an algorithm that there is not",
      {
        method: "PUT",
        path: `/snapshots/${MISSING}/blocks/1`,
        headers: {
          "x-amz-Data-Length": "524288",
          "x-amz-Checksum": "AAAA",
          "x-amz-Checksum-Algorithm": "MD5",
        },
      },
      { type: "ValidationException", Reason: "INVALID_PARAMETER_VALUE" },
    ],
    [
      "a signature by nobody",
      { path: "/snapshots", keys: { accessKeyId: "AKIANOBODY", secretAccessKey: "x" } },
      { status: 403, type: "UnrecognizedClientException" },
    ],
    [
      "a wrong signature",
      { path: "/snapshots", keys: { ...keys, secretAccessKey: "x" } },
      { status: 403, type: "InvalidSignatureException" },
    ],
    [
      "a body that is not the one signed",
      {
        path: "/snapshots",
        body: '{"VolumeSize":1}',
        headers: { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" },
      },
      { status: 403, type: "InvalidSignatureException" },
    ],
  ])("%s", async (_, sent, expected) => {
    expect(await json(sent)).toMatchObject(expected);
  });

  test("the paths of another service", async () => {
    const { status, text } = await send(islet, { method: "GET", path: `/snapshots/${MISSING}/blocks` });
    expect({ status, text }).toMatchObject({
      status: 400,
      text: expect.stringContaining("InvalidRequest") as string,
    });
    expect((await send(islet, { path: "/snapshots", keys: null })).status).toBe(400);
  });

  test("members of the body that it does not know are left out", async () => {
    const answer = await json({
      path: "/snapshots",
      body: '{"VolumeSize":1,"__proto__":{"a":1},"Colour":"red"}',
    });
    expect(answer).toMatchObject({ status: 201, Status: "pending" });
  });
});

describe("what it refuses to do", () => {
  test("anything with a snapshot that is not there, is somebody else's, or has no such id", async () => {
    const id = await snapshot(await volume());
    const list = (SnapshotId: string, client = ebs) =>
      client.send(new ListSnapshotBlocksCommand({ SnapshotId }));
    await reasonRefused(list(MISSING), "ResourceNotFoundException", "SNAPSHOT_NOT_FOUND");
    await reasonRefused(list(id, stranger), "ResourceNotFoundException", "SNAPSHOT_NOT_FOUND");
    await reasonRefused(list("vol-1"), "ValidationException", "INVALID_SNAPSHOT_ID");
    await reasonRefused(put(MISSING, 0, filled(1)), "ResourceNotFoundException", "SNAPSHOT_NOT_FOUND");
    await reasonRefused(complete(MISSING, 0), "ResourceNotFoundException", "SNAPSHOT_NOT_FOUND");
    await reasonRefused(
      start({ ParentSnapshotId: MISSING }),
      "ResourceNotFoundException",
      "SNAPSHOT_NOT_FOUND",
    );
  });

  test("to write what is shared, or complete", async () => {
    const id = await snapshot(await volume());
    await reasonRefused(put(id, 0, filled(1)), "ValidationException", "INVALID_SNAPSHOT_ID");
    await reasonRefused(complete(id, 0), "ValidationException", "INVALID_SNAPSHOT_ID");
    await ec2.send(
      new ModifySnapshotAttributeCommand({
        SnapshotId: id,
        CreateVolumePermission: { Add: [{ Group: "all" }] },
      }),
    );
    await reasonRefused(put(id, 0, filled(1), {}, stranger), "AccessDeniedException", "UNAUTHORIZED_ACCOUNT");
  });

  test("to read what is not complete", async () => {
    const id = await start();
    await reasonRefused(blocksOf(id), "ValidationException", "INVALID_SNAPSHOT_ID");
    await reasonRefused(start({ ParentSnapshotId: id }), "ValidationException", "INVALID_SNAPSHOT_ID");
  });

  test("tokens that are not for this block, not ours, or too old", async () => {
    const VolumeId = await volume();
    await writeVolume(islet, VolumeId, 0, "a");
    await writeVolume(islet, VolumeId, BLOCK, "b");
    const id = await snapshot(VolumeId);
    const [first, second] = await blocksOf(id);
    for (const token of [second?.BlockToken, "AAAA", `${first?.BlockToken}A`]) {
      await reasonRefused(get(id, 0, token ?? ""), "ValidationException", "INVALID_BLOCK_TOKEN");
    }
    await reasonRefused(get(id, 2048, first?.BlockToken ?? ""), "ValidationException", "INVALID_BLOCK");
    await reasonRefused(
      ebs.send(new ListSnapshotBlocksCommand({ SnapshotId: id, NextToken: "AAAA" })),
      "ValidationException",
      "INVALID_PAGE_TOKEN",
    );
    await operate(islet, "POST clock", { Advance: 7 * 24 * 3600 });
    await reasonRefused(get(id, 0, first?.BlockToken ?? ""), "ValidationException", "INVALID_BLOCK_TOKEN");
  });

  test("pages out of bounds", async () => {
    const SnapshotId = await snapshot(await volume());
    for (const asked of [{ MaxResults: 99 }, { MaxResults: 10_001 }, { StartingBlockIndex: -1 }]) {
      await reasonRefused(
        ebs.send(new ListSnapshotBlocksCommand({ SnapshotId, ...asked })),
        "ValidationException",
        "INVALID_PARAMETER_VALUE",
      );
    }
  });

  test("to compare snapshots that have nothing to do with each other", async () => {
    const [one, two] = [await snapshot(await volume()), await snapshot(await volume())];
    const compare = (FirstSnapshotId: string | undefined, SecondSnapshotId: string) =>
      ebs.send(new ListChangedBlocksCommand({ FirstSnapshotId, SecondSnapshotId }));
    await reasonRefused(compare(one, two), "ValidationException", "UNRELATED_SNAPSHOTS");
    await reasonRefused(compare(undefined, two), "ValidationException", "INVALID_PARAMETER_VALUE");
  });

  test("blocks that are not what they should be", async () => {
    const id = await start();
    await reasonRefused(put(id, 0, new Uint8Array(10)), "ValidationException", "INVALID_BLOCK");
    await reasonRefused(put(id, 0, filled(1), { DataLength: 512 }), "ValidationException", "INVALID_BLOCK");
    await reasonRefused(
      put(id, 0, filled(1), { Checksum: sha256("x") }),
      "ValidationException",
      "INVALID_BLOCK",
    );
    await reasonRefused(put(id, 2048, filled(1)), "ValidationException", "INVALID_BLOCK");
    await reasonRefused(put(id, -1, filled(1)), "ValidationException", "INVALID_BLOCK");
    await reasonRefused(
      put(id, 0, filled(1), { Progress: 101 }),
      "ValidationException",
      "INVALID_PARAMETER_VALUE",
    );
    expect(await described(id)).toMatchObject({ State: "pending", Progress: "0%" });
  });

  test("to complete with the wrong count or checksum", async () => {
    const id = await start();
    await put(id, 0, filled(1));
    await reasonRefused(complete(id, 2), "ValidationException", "INVALID_PARAMETER_VALUE");
    const Checksum = sha256("wrong");
    await reasonRefused(complete(id, 1, { Checksum }), "ValidationException", "INVALID_PARAMETER_VALUE");
    await reasonRefused(
      complete(id, 1, { Checksum, ChecksumAlgorithm: "SHA256", ChecksumAggregationMethod: "LINEAR" }),
      "ValidationException",
      "INVALID_PARAMETER_VALUE",
    );
  });

  test("to start what cannot be", async () => {
    const parent = await snapshot(await volume());
    const KmsKeyArn = `arn:aws:kms:us-east-1:${keys.account}:key/11111111-2222-4333-8444-555555555555`;
    const cases: [Partial<StartSnapshotCommandInput>, string][] = [
      [{ VolumeSize: 0 }, "INVALID_VOLUME_SIZE"],
      [{ VolumeSize: 65_537 }, "INVALID_VOLUME_SIZE"],
      [{ Timeout: 9 }, "INVALID_PARAMETER_VALUE"],
      [{ Timeout: 4321 }, "INVALID_PARAMETER_VALUE"],
      [{ Description: "x".repeat(256) }, "INVALID_PARAMETER_VALUE"],
      [{ ParentSnapshotId: parent, Encrypted: false }, "INVALID_PARAMETER_VALUE"],
      [{ KmsKeyArn }, "INVALID_CUSTOMER_KEY"],
      [{ Encrypted: true, KmsKeyArn: "arn:aws:kms:eu-west-1:1:key/x" }, "INVALID_CUSTOMER_KEY"],
      [{ Tags: [{ Key: "aws:x", Value: "" }] }, "INVALID_PARAMETER_VALUE"],
    ];
    for (const [asked, reason] of cases) await reasonRefused(start(asked), "ValidationException", reason);
  });

  test("one client token for two snapshots", async () => {
    const asked = { ClientToken: "token", Description: "one" };
    const id = await start(asked);
    expect(await start(asked)).toBe(id);
    await refused(start({ ...asked, Description: "two" }), "ConflictException");
  });
});

describe("what it does", () => {
  test("reads the blocks of a snapshot, and what changed since", async () => {
    const VolumeId = await volume();
    await writeVolume(islet, VolumeId, 3 * BLOCK + 5, "first");
    await writeVolume(islet, VolumeId, 7 * BLOCK, "stays");
    await writeVolume(islet, VolumeId, 1000 * BLOCK, "far");
    const one = await snapshot(VolumeId);
    await writeVolume(islet, VolumeId, 3 * BLOCK + 5, "other");
    await writeVolume(islet, VolumeId, 9 * BLOCK, "new");
    const two = await snapshot(VolumeId);

    const list = await ebs.send(new ListSnapshotBlocksCommand({ SnapshotId: one }));
    expect(list).toMatchObject({
      Blocks: [{ BlockIndex: 3 }, { BlockIndex: 7 }, { BlockIndex: 1000 }],
      VolumeSize: 1,
      BlockSize: BLOCK,
      ExpiryTime: expect.any(Date) as Date,
    });
    expect(list.NextToken).toBeUndefined();
    const token = list.Blocks?.[0]?.BlockToken ?? "";
    expect(token).toMatch(/^[A-Za-z0-9+/=]{1,256}$/);
    const block = await get(one, 3, token);
    const expected = new Uint8Array(BLOCK);
    expected.set(Buffer.from("first"), 5);
    expect(Buffer.compare(block.bytes ?? new Uint8Array(), expected)).toBe(0);
    expect(block).toMatchObject({
      DataLength: BLOCK,
      Checksum: sha256(expected),
      ChecksumAlgorithm: "SHA256",
    });

    const changes = await ebs.send(
      new ListChangedBlocksCommand({ FirstSnapshotId: one, SecondSnapshotId: two }),
    );
    expect(changes).toMatchObject({ VolumeSize: 1, BlockSize: BLOCK });
    const [changed, added] = changes.ChangedBlocks ?? [];
    expect(changes.ChangedBlocks?.map(({ BlockIndex }) => BlockIndex)).toEqual([3, 9]);
    expect(added?.FirstBlockToken).toBeUndefined();
    const read = async (id: string, index: number, blockToken: string | undefined, from: number) =>
      Buffer.from((await get(id, index, blockToken ?? "")).bytes ?? []).toString("utf8", from, from + 5);
    expect(await read(one, 3, changed?.FirstBlockToken, 5)).toBe("first");
    expect(await read(two, 3, changed?.SecondBlockToken, 5)).toBe("other");
    expect(await read(two, 9, added?.SecondBlockToken, 0)).toBe("new\0\0");
    // Nothing changed between a snapshot and one of the volume that was made from it.
    const three = await snapshot(await volume(one));
    const same = await ebs.send(
      new ListChangedBlocksCommand({ FirstSnapshotId: one, SecondSnapshotId: three }),
    );
    expect(same.ChangedBlocks).toEqual([]);
  });

  test("lists in pages, from any block on", async () => {
    const VolumeId = await volume();
    for (let index = 0; index < 250; index++) await writeVolume(islet, VolumeId, index * 2 * BLOCK, "x");
    const SnapshotId = await snapshot(VolumeId);
    const empty = await snapshot(await volume());
    expect(await blocksOf(empty)).toEqual([]);
    const indexes: (number | undefined)[] = [];
    let NextToken: string | undefined;
    do {
      const page = await ebs.send(
        new ListSnapshotBlocksCommand({ SnapshotId, MaxResults: 100, StartingBlockIndex: 101, NextToken }),
      );
      indexes.push(...(page.Blocks?.map(({ BlockIndex }) => BlockIndex) ?? []));
      ({ NextToken } = page);
    } while (NextToken !== undefined);
    expect(indexes).toEqual(Array.from({ length: 199 }, (_, index) => 102 + 2 * index));
    const first = await ebs.send(
      new ListChangedBlocksCommand({
        FirstSnapshotId: SnapshotId,
        SecondSnapshotId: await snapshot(VolumeId),
        MaxResults: 100,
      }),
    );
    expect(first.ChangedBlocks).toEqual([]);
  });

  test("writes a snapshot, and one over it, which volumes are made of", async () => {
    const started = await ebs.send(
      new StartSnapshotCommand({
        VolumeSize: 1,
        Description: "from afar",
        Tags: [{ Key: "Name", Value: "direct" }],
        Timeout: 10,
      }),
    );
    const id = started.SnapshotId ?? "";
    expect(started).toMatchObject({
      OwnerId: keys.account,
      Status: "pending",
      StartTime: expect.any(Date) as Date,
      VolumeSize: 1,
      BlockSize: BLOCK,
      Description: "from afar",
      Tags: [{ Key: "Name", Value: "direct" }],
      SseType: "none",
    });
    await put(id, 4, filled(9));
    expect(await put(id, 4, filled(1), { Progress: 40 })).toMatchObject({
      Checksum: sha256(filled(1)),
      ChecksumAlgorithm: "SHA256",
    });
    await put(id, 2, filled(2));
    expect(await described(id)).toMatchObject({ State: "pending", Progress: "40%" });
    const sums = [filled(2), filled(1)].map((bytes) => createHash("sha256").update(bytes).digest());
    const Checksum = sha256(Buffer.concat(sums));
    const checked = { Checksum, ChecksumAlgorithm: "SHA256", ChecksumAggregationMethod: "LINEAR" };
    expect(await complete(id, 2, checked)).toMatchObject({ Status: "completed" });
    expect(await described(id)).toMatchObject({
      State: "completed",
      Progress: "100%",
      Tags: [{ Key: "Name", Value: "direct" }],
    });
    await reasonRefused(put(id, 0, filled(1)), "ValidationException", "INVALID_SNAPSHOT_ID");
    expect(await readVolume(islet, await volume(id), 4 * BLOCK - 2, 4)).toBe("\0\0\x01\x01");

    const over = await start({ ParentSnapshotId: id });
    await put(over, 2, filled(3));
    await complete(over, 1);
    expect((await blocksOf(over)).map(({ BlockIndex }) => BlockIndex)).toEqual([2, 4]);
    const { ChangedBlocks } = await ebs.send(
      new ListChangedBlocksCommand({ FirstSnapshotId: id, SecondSnapshotId: over }),
    );
    expect(ChangedBlocks?.map(({ BlockIndex }) => BlockIndex)).toEqual([2]);
    await ec2.send(new DeleteSnapshotCommand({ SnapshotId: id }));
    expect(await readVolume(islet, await volume(over), 2 * BLOCK, 2)).toBe("\x03\x03");
  });

  test("takes a block whose body is not signed, as many clients send it: its checksum is", async () => {
    const id = await start();
    const block = Buffer.from(filled(6));
    const sent = (body: Buffer): Sent => ({
      method: "PUT",
      path: `/snapshots/${id}/blocks/0`,
      service: "ebs",
      keys,
      headers: {
        "Content-Type": "application/octet-stream",
        "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
        "x-amz-Data-Length": String(BLOCK),
        "x-amz-Checksum": sha256(block),
        "x-amz-Checksum-Algorithm": "SHA256",
      },
      body,
    });
    expect((await send(islet, sent(block))).status).toBe(201);
    const forged = await send(islet, sent(Buffer.from(filled(7))));
    expect(forged.status).toBe(400);
    expect(forged.headers["x-amzn-errortype"]).toBe("ValidationException");
    await complete(id, 1);
    expect(await readVolume(islet, await volume(id), 0, 1)).toBe("\x06");
  });

  test("encrypts as asked, as the parent is, or as the account has it", async () => {
    const KmsKeyArn = `arn:aws:kms:us-east-1:${keys.account}:key/11111111-2222-4333-8444-555555555555`;
    const asked = await ebs.send(new StartSnapshotCommand({ VolumeSize: 1, Encrypted: true, KmsKeyArn }));
    expect(asked).toMatchObject({ KmsKeyArn, SseType: "sse-kms" });
    const id = asked.SnapshotId ?? "";
    await put(id, 0, filled(5));
    await complete(id, 1);
    expect(await described(id)).toMatchObject({ Encrypted: true, KmsKeyId: KmsKeyArn });
    expect(await readVolume(islet, await volume(id), 0, 1)).toBe("\x05");
    const child = await ebs.send(new StartSnapshotCommand({ VolumeSize: 2, ParentSnapshotId: id }));
    expect(child).toMatchObject({ KmsKeyArn, ParentSnapshotId: id, VolumeSize: 2 });
    await reasonRefused(
      start({ ParentSnapshotId: id, KmsKeyArn }),
      "ValidationException",
      "INVALID_CUSTOMER_KEY",
    );
    await reasonRefused(
      start({ ParentSnapshotId: child.SnapshotId }),
      "ValidationException",
      "INVALID_SNAPSHOT_ID",
    );
    await ec2.send(new EnableEbsEncryptionByDefaultCommand({}));
    const byDefault = await start();
    await ec2.send(new DisableEbsEncryptionByDefaultCommand({}));
    expect(await described(byDefault)).toMatchObject({ Encrypted: true });
  });

  test("gives up on what is not completed in time", async () => {
    const [id, other] = [await start({ Timeout: 10 }), await start({ Timeout: 10 })];
    await put(id, 0, filled(1));
    await ec2.send(new DeleteSnapshotCommand({ SnapshotId: other }));
    await operate(islet, "POST clock", { Advance: 599 });
    await put(id, 1, filled(1));
    await operate(islet, "POST clock", { Advance: 599 });
    expect(await described(id)).toMatchObject({ State: "pending" });
    await operate(islet, "POST clock", { Advance: 2 });
    expect(await described(id)).toMatchObject({
      State: "error",
      StateMessage: "The snapshot was not completed in time.",
    });
    await reasonRefused(complete(id, 2), "ValidationException", "INVALID_SNAPSHOT_ID");
  });

  test("needs the full size for a parent's child", async () => {
    const { VolumeId = "" } = await ec2.send(
      new CreateVolumeCommand({ AvailabilityZone: "us-east-1a", Size: 2 }),
    );
    const parent = await snapshot(VolumeId);
    await reasonRefused(start({ ParentSnapshotId: parent }), "ValidationException", "INVALID_VOLUME_SIZE");
  });
});
