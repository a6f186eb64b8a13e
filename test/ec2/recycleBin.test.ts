import {
  CreateImageCommand,
  CreateSnapshotCommand,
  CreateVolumeCommand,
  DeleteSnapshotCommand,
  DeleteVolumeCommand,
  DeregisterImageCommand,
  DescribeImagesCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  EC2Client,
  ListImagesInRecycleBinCommand,
  ListSnapshotsInRecycleBinCommand,
  ListVolumesInRecycleBinCommand,
  ModifySnapshotTierCommand,
  RestoreImageFromRecycleBinCommand,
  RestoreSnapshotFromRecycleBinCommand,
  RestoreSnapshotTierCommand,
  RestoreVolumeFromRecycleBinCommand,
  TerminateInstancesCommand,
  type Tag,
} from "@aws-sdk/client-ec2";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { Islet } from "../../server/index.ts";
import { advanceClock } from "../clock.ts";
import { configOf, freshKeys, ownIslet, refused } from "../islet.ts";
import { operate, operationRefused } from "../operator.ts";
import { readVolume, writeVolume } from "./blocks.ts";
import { launch, shownInstance } from "./launch.ts";

const islet = await ownIslet();
afterAll(() => islet.close());

const Region = "us-east-1";
const DAY = 24 * 3600;
const MISSING_VOLUME = "vol-0123456789abcdef0";
const MISSING_SNAPSHOT = "snap-0123456789abcdef0";
const MISSING_IMAGE = "ami-0123456789abcdef0";

/** A fresh account that keeps what it deletes for a day. */
async function keeper(server: Islet = islet, rule: object = {}) {
  const keys = freshKeys(server);
  for (const ResourceType of ["EBS_SNAPSHOT", "EBS_VOLUME", "EC2_IMAGE"]) {
    const asked = { Region, AccountId: keys.account, ResourceType, RetentionSeconds: DAY, ...rule };
    await operate(server, "POST retention-rules", asked);
  }
  return { ec2: new EC2Client(configOf(server, keys)), keys };
}

const createVolume = async (ec2: EC2Client, Tags: Tag[] = [], Encrypted = false): Promise<string> => {
  const command = new CreateVolumeCommand({
    AvailabilityZone: "us-east-1a",
    Size: 1,
    Encrypted,
    ...(Tags.length > 0 && { TagSpecifications: [{ ResourceType: "volume", Tags }] }),
  });
  return (await ec2.send(command)).VolumeId ?? "";
};

const createSnapshot = async (ec2: EC2Client, VolumeId: string): Promise<string> =>
  (await ec2.send(new CreateSnapshotCommand({ VolumeId, Description: "kept" }))).SnapshotId ?? "";

const deleteVolume = (ec2: EC2Client, VolumeId: string) => ec2.send(new DeleteVolumeCommand({ VolumeId }));
const deleteSnapshot = (ec2: EC2Client, SnapshotId: string) =>
  ec2.send(new DeleteSnapshotCommand({ SnapshotId }));
const restoreVolume = (ec2: EC2Client, VolumeId: string) =>
  ec2.send(new RestoreVolumeFromRecycleBinCommand({ VolumeId }));
const restoreSnapshot = (ec2: EC2Client, SnapshotId: string) =>
  ec2.send(new RestoreSnapshotFromRecycleBinCommand({ SnapshotId }));
const restoreImage = (ec2: EC2Client, ImageId: string) =>
  ec2.send(new RestoreImageFromRecycleBinCommand({ ImageId }));

const shownVolumes = async (ec2: EC2Client, ...VolumeIds: string[]) =>
  (await ec2.send(new DescribeVolumesCommand({ VolumeIds }))).Volumes ?? [];
const binnedVolumes = async (ec2: EC2Client, ...VolumeIds: string[]) =>
  (await ec2.send(new ListVolumesInRecycleBinCommand({ VolumeIds }))).Volumes ?? [];
const shownSnapshots = async (ec2: EC2Client, ...SnapshotIds: string[]) =>
  (await ec2.send(new DescribeSnapshotsCommand({ SnapshotIds }))).Snapshots ?? [];
const binnedSnapshots = async (ec2: EC2Client, ...SnapshotIds: string[]) =>
  (await ec2.send(new ListSnapshotsInRecycleBinCommand({ SnapshotIds }))).Snapshots ?? [];
const binnedImages = async (ec2: EC2Client, ...ImageIds: string[]) =>
  (await ec2.send(new ListImagesInRecycleBinCommand({ ImageIds }))).Images ?? [];

describe("what it refuses to parse", () => {
  test("ids that are none", async () => {
    const { ec2 } = await keeper();
    await refused(binnedVolumes(ec2, "snap-1"), "InvalidVolumeID.Malformed");
    await refused(restoreVolume(ec2, "snap-1"), "InvalidVolumeID.Malformed");
    await refused(binnedSnapshots(ec2, "vol-1"), "InvalidSnapshotID.Malformed");
    await refused(restoreSnapshot(ec2, "vol-1"), "InvalidSnapshotID.Malformed");
    await refused(binnedImages(ec2, "vol-1"), "InvalidAMIID.Malformed");
    await refused(restoreImage(ec2, "vol-1"), "InvalidAMIID.Malformed");
    await refused(
      binnedImages(ec2, ...Array.from({ length: 21 }, () => MISSING_IMAGE)),
      "InvalidParameterValue",
      /20/,
    );
    await refused(ec2.send(new ListVolumesInRecycleBinCommand({ MaxResults: 4 })), "InvalidParameterValue");
  });

  test("rules that are none", async () => {
    const { account: AccountId } = freshKeys(islet);
    const rule = { Region, AccountId, ResourceType: "EBS_VOLUME", RetentionSeconds: 60 };
    for (const wrong of [
      { Region: "mars-1" },
      { AccountId: "1" },
      { ResourceType: "EBS" },
      { RetentionSeconds: 0 },
      { RetentionSeconds: 366 * DAY },
      { RetentionSeconds: 1.5 },
      { Tags: "all" },
      { Tags: ["all"] },
      { Tags: [{ Value: "x" }] },
      { Tags: [{ Key: "x", Value: 1 }] },
      { Tags: [{ Key: "x", Colour: "red" }] },
    ]) {
      await operationRefused(islet, "POST retention-rules", { ...rule, ...wrong }, "InvalidParameterValue");
    }
    await operationRefused(islet, "POST retention-rules", { ...rule, Name: "x" }, "UnknownParameter");
    const gone = { Region, RuleId: "0123456789a" };
    await operationRefused(islet, "POST retention-rules/delete", gone, "InvalidParameterValue");
  });
});

describe("what it refuses to do", () => {
  test("restore what is not in the bin, or is in somebody else's", async () => {
    const [{ ec2 }, { ec2: other }] = [await keeper(), await keeper()];
    await refused(restoreVolume(ec2, MISSING_VOLUME), "InvalidVolume.NotFound");
    await refused(restoreSnapshot(ec2, MISSING_SNAPSHOT), "InvalidSnapshot.NotFound");
    await refused(restoreImage(ec2, MISSING_IMAGE), "InvalidAMIID.NotFound");
    const id = await createVolume(ec2);
    await refused(restoreVolume(ec2, id), "InvalidVolume.NotFound");
    await refused(binnedVolumes(ec2, id), "InvalidVolume.NotFound");
    await deleteVolume(ec2, id);
    await refused(restoreVolume(other, id), "InvalidVolume.NotFound");
    expect(await binnedVolumes(other)).toEqual([]);
  });

  test("use what is in the bin", async () => {
    const { ec2 } = await keeper();
    const VolumeId = await createVolume(ec2);
    const SnapshotId = await createSnapshot(ec2, VolumeId);
    await deleteSnapshot(ec2, SnapshotId);
    const command = new CreateVolumeCommand({ AvailabilityZone: "us-east-1a", SnapshotId });
    await refused(ec2.send(command), "InvalidSnapshot.NotFound");
    await refused(deleteSnapshot(ec2, SnapshotId), "InvalidSnapshot.NotFound");
  });
});

describe("what it does", () => {
  test("keeps a volume with its bytes, key and tags, and gives it back", async () => {
    const { ec2 } = await keeper();
    for (const encrypted of [false, true]) {
      const id = await createVolume(ec2, [{ Key: "a", Value: "b" }], encrypted);
      await writeVolume(islet, id, 4096, "kept");
      const [before] = await shownVolumes(ec2, id);
      await deleteVolume(ec2, id);
      await refused(shownVolumes(ec2, id), "InvalidVolume.NotFound");
      const [binned] = await binnedVolumes(ec2, id);
      expect(binned).toMatchObject({
        VolumeId: id,
        State: "available",
        Size: 1,
        VolumeType: "gp2",
        Iops: 100,
        AvailabilityZone: "us-east-1a",
        CreateTime: before?.CreateTime,
        Operator: { Managed: false },
      });
      const { RecycleBinEnterTime: enter, RecycleBinExitTime: exit } = binned ?? {};
      expect(Number(exit) - Number(enter)).toBe(DAY * 1000);
      expect(await restoreVolume(ec2, id)).toMatchObject({ Return: true });
      expect(await binnedVolumes(ec2)).toEqual([]);
      expect(await shownVolumes(ec2, id)).toEqual([before]);
      expect(await readVolume(islet, id, 4096, 4)).toBe("kept");
      await advanceClock(islet, 2 * DAY);
      expect(await shownVolumes(ec2, id)).toHaveLength(1);
    }
  });

  test("erases it when its time is over", async () => {
    const { ec2 } = await keeper();
    const id = await createVolume(ec2);
    await writeVolume(islet, id, 0, "gone");
    await deleteVolume(ec2, id);
    await advanceClock(islet, DAY - 1);
    expect(await readVolume(islet, id, 0, 4)).toBe("gone");
    await advanceClock(islet, 1);
    expect(await binnedVolumes(ec2)).toEqual([]);
    await refused(restoreVolume(ec2, id), "InvalidVolume.NotFound");
    const asked = { Region, VolumeId: id, Offset: 0, Length: 4 };
    await operationRefused(islet, "POST volumes/read", asked, "InvalidRequest", /no volume/);
  });

  test("keeps a snapshot, and what a volume made of it has does not change", async () => {
    const { ec2 } = await keeper();
    const VolumeId = await createVolume(ec2);
    await writeVolume(islet, VolumeId, 0, "then");
    const SnapshotId = await createSnapshot(ec2, VolumeId);
    await writeVolume(islet, VolumeId, 0, "now!");
    const [before] = await shownSnapshots(ec2, SnapshotId);
    await deleteSnapshot(ec2, SnapshotId);
    await refused(shownSnapshots(ec2, SnapshotId), "InvalidSnapshot.NotFound");
    expect(await binnedSnapshots(ec2, SnapshotId)).toMatchObject([
      { SnapshotId, VolumeId, Description: "kept", RecycleBinEnterTime: expect.any(Date) as Date },
    ]);
    expect(await restoreSnapshot(ec2, SnapshotId)).toMatchObject({
      SnapshotId,
      VolumeId,
      VolumeSize: 1,
      Description: "kept",
      State: "completed",
      Progress: "100%",
      Encrypted: false,
      OwnerId: before?.OwnerId,
      StartTime: before?.StartTime,
    });
    expect(await shownSnapshots(ec2, SnapshotId)).toEqual([before]);
    const command = new CreateVolumeCommand({ AvailabilityZone: "us-east-1a", SnapshotId });
    const { VolumeId: copy = "" } = await ec2.send(command);
    expect(await readVolume(islet, copy, 0, 4)).toBe("then");
    await deleteSnapshot(ec2, SnapshotId);
    await advanceClock(islet, DAY);
    await refused(restoreSnapshot(ec2, SnapshotId), "InvalidSnapshot.NotFound");
    expect(await readVolume(islet, copy, 0, 4)).toBe("then");
  });

  test("goes on with what was to happen to a snapshot", async () => {
    const { ec2 } = await keeper();
    const SnapshotId = await createSnapshot(ec2, await createVolume(ec2));
    await ec2.send(new ModifySnapshotTierCommand({ SnapshotId, StorageTier: "archive" }));
    await ec2.send(new RestoreSnapshotTierCommand({ SnapshotId, TemporaryRestoreDays: 2 }));
    await deleteSnapshot(ec2, SnapshotId);
    await advanceClock(islet, DAY / 2);
    await restoreSnapshot(ec2, SnapshotId);
    expect(await shownSnapshots(ec2, SnapshotId)).toMatchObject([{ StorageTier: "standard" }]);
    await advanceClock(islet, 2 * DAY);
    expect(await shownSnapshots(ec2, SnapshotId)).toMatchObject([{ StorageTier: "archive" }]);
  });

  test("keeps an image, which needs its snapshots to come back", async () => {
    const { ec2 } = await keeper();
    const InstanceId = await launch(ec2);
    const image = new CreateImageCommand({ InstanceId, Name: "golden", Description: "of gold" });
    const { ImageId = "" } = await ec2.send(image);
    const described = () => ec2.send(new DescribeImagesCommand({ ImageIds: [ImageId] }));
    const { Images: before } = await described();
    const SnapshotId = before?.[0]?.BlockDeviceMappings?.[0]?.Ebs?.SnapshotId ?? "";
    await ec2.send(new DeregisterImageCommand({ ImageId, DeleteAssociatedSnapshots: true }));
    await refused(described(), "InvalidAMIID.NotFound");
    expect(await binnedImages(ec2, ImageId)).toMatchObject([
      { ImageId, Name: "golden", Description: "of gold", RecycleBinExitTime: expect.any(Date) as Date },
    ]);
    await refused(restoreImage(ec2, ImageId), "InvalidSnapshot.NotFound");
    await restoreSnapshot(ec2, SnapshotId);
    const { ImageId: second } = await ec2.send(image);
    await refused(restoreImage(ec2, ImageId), "InvalidAMIName.Duplicate");
    await ec2.send(new DeregisterImageCommand({ ImageId: second }));
    expect(await restoreImage(ec2, ImageId)).toMatchObject({ Return: true });
    expect((await described()).Images).toEqual(before);
    expect(await binnedImages(ec2)).toMatchObject([{ ImageId: second }]);
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [InstanceId] }));
  });

  test("keeps the root volume of a terminated instance", async () => {
    const { ec2 } = await keeper();
    const InstanceId = await launch(ec2);
    const { BlockDeviceMappings } = await shownInstance(ec2, InstanceId);
    const id = BlockDeviceMappings?.[0]?.Ebs?.VolumeId ?? "";
    await writeVolume(islet, id, 0, "root");
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [InstanceId] }));
    await restoreVolume(ec2, id);
    expect(await shownVolumes(ec2, id)).toMatchObject([{ State: "available", Attachments: [] }]);
    expect(await readVolume(islet, id, 0, 4)).toBe("root");
  });

  test("follows the longest rule that covers it, until the rule is deleted", async () => {
    const { ec2, keys } = await keeper(islet, { Tags: [{ Key: "keep" }, { Key: "stage", Value: "prod" }] });
    const rule = { AccountId: keys.account, ResourceType: "EBS_VOLUME", RetentionSeconds: 60 };
    const { RuleId } = await operate(islet, "POST retention-rules", {
      ...rule,
      Region,
      Tags: [{ Key: "keep", Value: "short" }],
    });
    const ids = [];
    for (const Tags of [
      [{ Key: "keep", Value: "short" }],
      [{ Key: "stage", Value: "prod" }],
      [{ Key: "stage", Value: "test" }],
      [],
    ]) {
      const id = await createVolume(ec2, Tags);
      await deleteVolume(ec2, id);
      ids.push(id);
    }
    const binned = await binnedVolumes(ec2);
    expect(binned.map(({ VolumeId }) => VolumeId)).toEqual(ids.slice(0, 2));
    expect(Number(binned[0]?.RecycleBinExitTime) - Number(binned[0]?.RecycleBinEnterTime)).toBe(DAY * 1000);
    const { Rules } = (await operate(islet, "GET retention-rules", { Region })) as {
      Rules: { RuleId: string; AccountId: string }[];
    };
    const own = Rules.filter(({ AccountId }) => AccountId === keys.account);
    expect(own).toHaveLength(4);
    expect(own.at(-1)).toMatchObject({ ...rule, RuleId, Tags: [{ Key: "keep", Value: "short" }] });
    for (const each of own) {
      await operate(islet, "POST retention-rules/delete", { Region, RuleId: each.RuleId });
    }
    expect(await binnedVolumes(ec2)).toHaveLength(2);
    const id = await createVolume(ec2, [{ Key: "keep", Value: "short" }]);
    await deleteVolume(ec2, id);
    expect(await binnedVolumes(ec2)).toHaveLength(2);
  });

  test("is emptied with the account", async () => {
    const { ec2, keys } = await keeper();
    const id = await createVolume(ec2);
    await deleteVolume(ec2, id);
    await operate(islet, "POST reset", { AccountId: keys.account });
    expect(await binnedVolumes(ec2)).toEqual([]);
    const asked = { Region, VolumeId: id, Offset: 0, Length: 4 };
    await operationRefused(islet, "POST volumes/read", asked, "InvalidRequest", /no volume/);
  });

  test("lasts over restarts of the server", async () => {
    const data = mkdtempSync(join(tmpdir(), "islet-"));
    const options = { memory: false, data, port: 0 };
    let server = await ownIslet(options);
    try {
      const { keys } = await keeper(server);
      const open = () => new EC2Client(configOf(server, keys));
      const [kept, lost] = [await createVolume(open(), [], true), await createVolume(open(), [], true)];
      const SnapshotId = await createSnapshot(open(), kept);
      for (const id of [kept, lost]) {
        await writeVolume(server, id, 0, "kept");
        await deleteVolume(open(), id);
      }
      await deleteSnapshot(open(), SnapshotId);
      await server.close();
      server = await ownIslet(options);
      expect(await binnedVolumes(open())).toHaveLength(2);
      await restoreVolume(open(), kept);
      await restoreSnapshot(open(), SnapshotId);
      expect(await readVolume(server, kept, 0, 4)).toBe("kept");
      await advanceClock(server, DAY + 1);
      await refused(restoreVolume(open(), lost), "InvalidVolume.NotFound");
      await server.close();
      server = await ownIslet(options);
      expect(await readVolume(server, kept, 0, 4)).toBe("kept");
      expect(await shownVolumes(open())).toHaveLength(1);
    } finally {
      await server.close();
      rmSync(data, { recursive: true });
    }
  });
});
