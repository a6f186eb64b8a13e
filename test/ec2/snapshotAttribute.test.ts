import {
  CreateSnapshotCommand,
  CreateVolumeCommand,
  DescribeSnapshotAttributeCommand,
  DescribeSnapshotsCommand,
  DisableSnapshotBlockPublicAccessCommand,
  EC2Client,
  EnableSnapshotBlockPublicAccessCommand,
  GetSnapshotBlockPublicAccessStateCommand,
  ModifySnapshotAttributeCommand,
  ResetSnapshotAttributeCommand,
  type CreateVolumeCommandInput,
  type ModifySnapshotAttributeCommandInput,
  type SnapshotBlockPublicAccessState,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { configOf, freshClient, freshKeys, refused, sharedIslet } from "../islet.ts";

const islet = await sharedIslet();
const ec2 = await freshClient();
const friendKeys = freshKeys(islet);
const friend = new EC2Client(configOf(islet, friendKeys));
const stranger = await freshClient();
const { account } = friendKeys;

const snapshot = async (asked: Partial<CreateVolumeCommandInput> = {}, client = ec2): Promise<string> => {
  const { VolumeId } = await client.send(
    new CreateVolumeCommand({ AvailabilityZone: "us-east-1a", Size: 1, ...asked }),
  );
  return (await client.send(new CreateSnapshotCommand({ VolumeId }))).SnapshotId ?? "";
};
const modify = (SnapshotId: string, asked: Partial<ModifySnapshotAttributeCommandInput>, client = ec2) =>
  client.send(new ModifySnapshotAttributeCommand({ SnapshotId, ...asked }));
const makePublic = (SnapshotId: string, client = ec2) =>
  modify(SnapshotId, { CreateVolumePermission: { Add: [{ Group: "all" }] } }, client);
const permissions = async (SnapshotId: string) => {
  const Attribute = "createVolumePermission";
  const answer = await ec2.send(new DescribeSnapshotAttributeCommand({ SnapshotId, Attribute }));
  return answer.CreateVolumePermissions;
};
const restore = (SnapshotId: string, client: EC2Client) =>
  client.send(new CreateVolumeCommand({ AvailabilityZone: "us-east-1a", SnapshotId }));

describe("what it refuses to parse", () => {
  test("permissions that say nothing, or too much", async () => {
    const id = await snapshot();
    const Add = [{ UserId: account }];
    await refused(modify(id, {}), "MissingParameter");
    await refused(modify(id, { CreateVolumePermission: {} }), "MissingParameter");
    await refused(modify(id, { CreateVolumePermission: { Add: [{}] } }), "MissingParameter");
    await refused(modify(id, { UserIds: [account] }), "MissingParameter", /OperationType/);
    await refused(
      modify(id, { CreateVolumePermission: { Add, Remove: Add } }),
      "InvalidParameterCombination",
    );
    await refused(
      modify(id, { CreateVolumePermission: { Add }, OperationType: "add" }),
      "InvalidParameterCombination",
    );
    const UserIds = Array.from({ length: 501 }, (_, index) => String(100_000_000_000 + index));
    await refused(modify(id, { OperationType: "add", UserIds }), "InvalidParameterValue", /500/);
  });

  test("accounts, groups and attributes that are none", async () => {
    const id = await snapshot();
    await refused(
      modify(id, { CreateVolumePermission: { Add: [{ UserId: "me" }] } }),
      "InvalidParameterValue",
    );
    await refused(modify(id, { OperationType: "add", GroupNames: ["friends"] }), "InvalidParameterValue");
    await refused(
      modify(id, { Attribute: "productCodes", OperationType: "add", UserIds: [account] }),
      "InvalidParameterValue",
    );
    const reset = new ResetSnapshotAttributeCommand({ SnapshotId: id, Attribute: "productCodes" });
    await refused(ec2.send(reset), "InvalidParameterValue");
  });

  test("to enable what is to be off", async () => {
    const command = new EnableSnapshotBlockPublicAccessCommand({ State: "unblocked" });
    await refused(ec2.send(command), "InvalidParameterValue");
  });
});

describe("what it refuses to do", () => {
  test("share what is encrypted with all, or with the key that AWS keeps with anybody", async () => {
    const id = await snapshot({ Encrypted: true });
    await refused(
      makePublic(id),
      "UnsupportedOperation",
      "Encrypted snapshots can't be shared publicly. Specify another snapshot.",
    );
    await refused(
      modify(id, { OperationType: "add", UserIds: [account] }),
      "InvalidParameter",
      /Managed CMK/,
    );
  });

  test("change or show what belongs to another", async () => {
    const id = await snapshot();
    await refused(makePublic(id, friend), "InvalidSnapshot.NotFound");
    await makePublic(id);
    await refused(makePublic(id, friend), "AuthFailure", `Not authorized for snapshot:${id}`);
    const Attribute = "createVolumePermission";
    await refused(
      friend.send(new DescribeSnapshotAttributeCommand({ SnapshotId: id, Attribute })),
      "AuthFailure",
    );
    await refused(
      friend.send(new ResetSnapshotAttributeCommand({ SnapshotId: id, Attribute })),
      "AuthFailure",
    );
  });

  test("publish while that is blocked", async () => {
    const owner = await freshClient();
    const id = await snapshot({}, owner);
    await owner.send(new EnableSnapshotBlockPublicAccessCommand({ State: "block-new-sharing" }));
    await refused(makePublic(id, owner), "OperationNotPermitted");
    await owner.send(new DisableSnapshotBlockPublicAccessCommand({}));
    await makePublic(id, owner);
  });
});

describe("what it does", () => {
  test("shares with accounts in either form, and takes that back", async () => {
    const id = await snapshot();
    await refused(restore(id, friend), "InvalidSnapshot.NotFound");
    await modify(id, { CreateVolumePermission: { Add: [{ UserId: account }] } });
    await modify(id, {
      OperationType: "add",
      UserIds: [account, "123456789012"],
      Attribute: "createVolumePermission",
    });
    expect(await permissions(id)).toEqual([{ UserId: account }, { UserId: "123456789012" }]);
    await restore(id, friend);
    await refused(restore(id, stranger), "InvalidSnapshot.NotFound");
    await modify(id, { OperationType: "remove", UserIds: ["123456789012"] });
    await modify(id, { CreateVolumePermission: { Remove: [{ UserId: account }] } });
    expect(await permissions(id)).toEqual([]);
    await refused(restore(id, friend), "InvalidSnapshot.NotFound");
  });

  test("shares with everybody, and with nobody after a reset", async () => {
    const id = await snapshot();
    await modify(id, { OperationType: "add", GroupNames: ["all"] });
    expect(await permissions(id)).toEqual([{ Group: "all" }]);
    const seen = async (asked: object, client = stranger) =>
      ((await client.send(new DescribeSnapshotsCommand(asked))).Snapshots ?? []).map(
        ({ SnapshotId }) => SnapshotId,
      );
    expect(await seen({ RestorableByUserIds: ["all"] })).toContain(id);
    expect(await seen({ SnapshotIds: [id] })).toEqual([id]);
    expect(await seen({ OwnerIds: ["self"] })).not.toContain(id);
    await restore(id, stranger);
    await ec2.send(
      new ResetSnapshotAttributeCommand({ SnapshotId: id, Attribute: "createVolumePermission" }),
    );
    expect(await permissions(id)).toEqual([]);
    expect(await seen({ RestorableByUserIds: ["all"] }, ec2)).not.toContain(id);
    expect(await seen({ RestorableByUserIds: ["self"] }, ec2)).toContain(id);
    await refused(restore(id, stranger), "InvalidSnapshot.NotFound");
  });

  test("shares what is encrypted with a key of the account's own", async () => {
    const id = await snapshot({ Encrypted: true, KmsKeyId: "alias/mine" });
    await modify(id, { OperationType: "add", UserIds: [account] });
    expect(await restore(id, friend)).toMatchObject({ Encrypted: true });
  });

  test("knows of no product codes", async () => {
    const SnapshotId = await snapshot();
    expect(
      await ec2.send(new DescribeSnapshotAttributeCommand({ SnapshotId, Attribute: "productCodes" })),
    ).toMatchObject({ SnapshotId, ProductCodes: [] });
  });

  test("blocks public access, and gives back what was public before", async () => {
    const owner = await freshClient();
    const id = await snapshot({}, owner);
    await makePublic(id, owner);
    const state = async () => (await owner.send(new GetSnapshotBlockPublicAccessStateCommand({}))).State;
    const enable = async (State: SnapshotBlockPublicAccessState) =>
      (await owner.send(new EnableSnapshotBlockPublicAccessCommand({ State }))).State;
    expect(await state()).toBe("unblocked");
    expect(await enable("block-new-sharing")).toBe("block-new-sharing");
    await restore(id, stranger);
    expect(await enable("block-all-sharing")).toBe("block-all-sharing");
    await refused(restore(id, stranger), "InvalidSnapshot.NotFound");
    await restore(id, owner);
    expect(await owner.send(new DisableSnapshotBlockPublicAccessCommand({}))).toMatchObject({
      State: "unblocked",
    });
    await owner.send(new DisableSnapshotBlockPublicAccessCommand({}));
    expect(await owner.send(new GetSnapshotBlockPublicAccessStateCommand({}))).toMatchObject({
      State: "unblocked",
      ManagedBy: "account",
    });
    await restore(id, stranger);
  });
});
