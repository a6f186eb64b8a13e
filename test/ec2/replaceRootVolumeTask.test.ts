import {
  CreateImageCommand,
  CreateReplaceRootVolumeTaskCommand,
  CreateSnapshotCommand,
  CreateVolumeCommand,
  DeleteVolumeCommand,
  DescribeInstancesCommand,
  DescribeReplaceRootVolumeTasksCommand,
  DescribeVolumesCommand,
  EC2Client,
  TerminateInstancesCommand,
  type CreateReplaceRootVolumeTaskCommandInput,
  type DescribeReplaceRootVolumeTasksCommandInput,
  type ReplaceRootVolumeTask,
  type Volume,
} from "@aws-sdk/client-ec2";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Islet } from "../../server/index.ts";
import { advanceClock } from "../clock.ts";
import { configOf, freshClient, ownIslet, refused, sharedIslet } from "../islet.ts";
import { operate } from "../operator.ts";
import { readVolume, writeVolume } from "./blocks.ts";
import { launch, launchStopped, linux, linuxOnArm, shownInstance, windows } from "./launch.ts";

const islet = await sharedIslet();
const ec2 = await freshClient();
const Region = "us-east-1";

const replace = async (
  asked: Partial<CreateReplaceRootVolumeTaskCommandInput>,
  client = ec2,
): Promise<ReplaceRootVolumeTask> => {
  const command = new CreateReplaceRootVolumeTaskCommand({ InstanceId: undefined, ...asked });
  return (await client.send(command)).ReplaceRootVolumeTask ?? {};
};

const described = async (
  asked: DescribeReplaceRootVolumeTasksCommandInput,
  client = ec2,
): Promise<ReplaceRootVolumeTask[]> =>
  (await client.send(new DescribeReplaceRootVolumeTasksCommand(asked))).ReplaceRootVolumeTasks ?? [];

const task = async (id: string | undefined, client = ec2): Promise<ReplaceRootVolumeTask> =>
  (await described({ ReplaceRootVolumeTaskIds: [id ?? ""] }, client))[0] ?? {};

const rootOf = async (id: string, client = ec2): Promise<string> =>
  (await shownInstance(client, id)).BlockDeviceMappings?.[0]?.Ebs?.VolumeId ?? "";

const volume = async (id: string, client = ec2): Promise<Volume> =>
  (await client.send(new DescribeVolumesCommand({ VolumeIds: [id] }))).Volumes?.[0] ?? {};

const snapshot = async (VolumeId: string, client = ec2): Promise<string> =>
  (await client.send(new CreateSnapshotCommand({ VolumeId }))).SnapshotId ?? "";

const terminate = (id: string, client = ec2) =>
  client.send(new TerminateInstancesCommand({ InstanceIds: [id] }));

const memory = async (server: Islet, InstanceId: string): Promise<string> => {
  const answer = await operate(server, "POST memory/read", { Region, InstanceId, Address: 0, Length: 6 });
  return Buffer.from((answer as { Bytes: string }).Bytes, "base64").toString();
};

const remember = (server: Islet, InstanceId: string, text: string) =>
  operate(server, "POST memory/write", {
    Region,
    InstanceId,
    Address: 0,
    Bytes: Buffer.from(text).toString("base64"),
  });

const MISSING = "replacevol-0123456789abcdef0";

describe("what it refuses to parse", () => {
  test("ids that are none, and no instance", async () => {
    await refused(replace({}), "MissingParameter");
    await refused(replace({ InstanceId: "vol-1" }), "InvalidInstanceID.Malformed");
    await refused(
      described({ ReplaceRootVolumeTaskIds: ["replacevol-1"] }),
      "InvalidReplaceRootVolumeTaskId.Malformed",
    );
  });

  test("a snapshot together with an image, and too many results", async () => {
    const InstanceId = await launch(ec2);
    const SnapshotId = "snap-0123456789abcdef0";
    await refused(replace({ InstanceId, SnapshotId, ImageId: linux.id }), "InvalidParameterCombination");
    await refused(replace({ InstanceId, SnapshotId: "snap-1" }), "InvalidSnapshotID.Malformed");
    await refused(described({ MaxResults: 51 }), "InvalidParameterValue");
    await terminate(InstanceId);
  });
});

describe("what it refuses to do", () => {
  test("anything with what is not there, or is somebody else's", async () => {
    const other = await freshClient();
    const InstanceId = await launch(ec2);
    await refused(replace({ InstanceId }, other), "InvalidInstanceID.NotFound");
    const { ReplaceRootVolumeTaskId } = await replace({ InstanceId });
    await refused(task(ReplaceRootVolumeTaskId, other), "InvalidReplaceRootVolumeTaskId.NotFound");
    await refused(task(MISSING), "InvalidReplaceRootVolumeTaskId.NotFound");
    await terminate(InstanceId);
  });

  test("replace the root of an instance that does not run", async () => {
    const InstanceId = await launchStopped(ec2);
    await refused(replace({ InstanceId }), "IncorrectInstanceState", /not in the 'running' state/);
    await terminate(InstanceId);
    await refused(replace({ InstanceId }), "IncorrectInstanceState");
  });

  test("use a snapshot of another volume", async () => {
    const InstanceId = await launch(ec2);
    const command = new CreateVolumeCommand({ AvailabilityZone: "us-east-1a", Size: 8 });
    const { VolumeId = "" } = await ec2.send(command);
    const SnapshotId = await snapshot(VolumeId);
    await refused(replace({ InstanceId, SnapshotId }), "InvalidParameterValue", /root volume/);
    const missing = "snap-0123456789abcdef0";
    await refused(replace({ InstanceId, SnapshotId: missing }), "InvalidSnapshot.NotFound");
    await terminate(InstanceId);
  });

  test("use a volume that is elsewhere or in use, or with more than the volume itself", async () => {
    const id = await launch(ec2, {});
    const zone = (await shownInstance(ec2, id)).Placement?.AvailabilityZone;
    const other = zone === `${Region}a` ? `${Region}b` : `${Region}a`;
    const { VolumeId: far = "" } = await ec2.send(
      new CreateVolumeCommand({ AvailabilityZone: other, Size: 8 }),
    );
    const use = (VolumeId: string, more = {}) => replace({ InstanceId: id, VolumeId, ...more });
    await refused(use(far), "InvalidVolume.ZoneMismatch");
    await refused(use(await rootOf(id)), "IncorrectState");
    await refused(use("vol-0123456789abcdef0"), "InvalidVolume.NotFound");
    await refused(use(far, { ImageId: linux.id }), "InvalidParameterCombination");
    await refused(use(far, { VolumeInitializationRate: 100 }), "InvalidParameterCombination");
    const locked = await launch(ec2, {
      BlockDeviceMappings: [{ DeviceName: "/dev/xvda", Ebs: { Encrypted: true } }],
    });
    const open = await ec2.send(
      new CreateVolumeCommand({
        AvailabilityZone: (await shownInstance(ec2, locked)).Placement?.AvailabilityZone,
        Size: 8,
      }),
    );
    await refused(replace({ InstanceId: locked, VolumeId: open.VolumeId }), "InvalidParameterValue");
  });

  test("use an image of another kind", async () => {
    const InstanceId = await launch(ec2);
    for (const ImageId of [linuxOnArm.id, windows.id]) {
      await refused(replace({ InstanceId, ImageId }), "InvalidParameterValue", /architecture/);
    }
    const missing = "ami-0123456789abcdef0";
    await refused(replace({ InstanceId, ImageId: missing }), "InvalidAMIID.NotFound");
    await terminate(InstanceId);
  });
});

describe("what it does", () => {
  test("goes back to the state of the launch, with memory zeroed, on the same host, and keeps the old volume", async () => {
    const InstanceId = await launch(ec2);
    const before = await shownInstance(ec2, InstanceId);
    const old = await rootOf(InstanceId);
    await writeVolume(islet, old, 0, "hidden");
    await remember(islet, InstanceId, "secret");
    const started = await replace({
      InstanceId,
      TagSpecifications: [{ ResourceType: "replace-root-volume-task", Tags: [{ Key: "why", Value: "x" }] }],
    });
    expect(started).toMatchObject({
      InstanceId,
      TaskState: "pending",
      DeleteReplacedRootVolume: false,
      StartTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) as string,
      Tags: [{ Key: "why", Value: "x" }],
    });
    expect(started.CompleteTime).toBeUndefined();
    expect(await task(started.ReplaceRootVolumeTaskId)).toMatchObject({
      TaskState: "succeeded",
      CompleteTime: expect.stringMatching(/Z$/) as string,
    });
    const after = await shownInstance(ec2, InstanceId);
    expect(after).toMatchObject({
      State: { Name: "running" },
      PrivateIpAddress: before.PrivateIpAddress,
      LaunchTime: before.LaunchTime,
      ImageId: before.ImageId,
    });
    const root = await rootOf(InstanceId);
    expect(root).not.toBe(old);
    expect(after.BlockDeviceMappings).toMatchObject([
      { DeviceName: linux.root.name, Ebs: { Status: "attached", DeleteOnTermination: true } },
    ]);
    expect(await readVolume(islet, root, 0, 6)).toBe("\0".repeat(6));
    expect(await memory(islet, InstanceId)).toBe("\0".repeat(6));
    expect(await volume(old)).toMatchObject({ State: "available", Attachments: [] });
    expect(await readVolume(islet, old, 0, 6)).toBe("hidden");
    expect(await volume(root)).toMatchObject({ SnapshotId: linux.root.snapshotId, State: "in-use" });
    await ec2.send(new DeleteVolumeCommand({ VolumeId: old }));
    await terminate(InstanceId);
    await refused(volume(root), "InvalidVolume.NotFound");
  });

  test("restores a snapshot of the root, of the present one or of one before, and deletes the replaced volume", async () => {
    const InstanceId = await launch(ec2, {
      BlockDeviceMappings: [
        {
          DeviceName: linux.root.name,
          Ebs: { VolumeSize: 20, VolumeType: "gp3", Iops: 4000, Encrypted: true },
        },
      ],
    });
    const first = await rootOf(InstanceId);
    await writeVolume(islet, first, 4096, "first");
    const SnapshotId = await snapshot(first);
    await writeVolume(islet, first, 4096, "later");
    const { ReplaceRootVolumeTaskId } = await replace({
      InstanceId,
      SnapshotId,
      DeleteReplacedRootVolume: true,
      VolumeInitializationRate: 200,
    });
    expect(await task(ReplaceRootVolumeTaskId)).toMatchObject({
      SnapshotId,
      DeleteReplacedRootVolume: true,
      TaskState: "succeeded",
    });
    const second = await rootOf(InstanceId);
    await refused(volume(first), "InvalidVolume.NotFound");
    expect(await readVolume(islet, second, 4096, 5)).toBe("first");
    expect(await volume(second)).toMatchObject({
      Size: 20,
      VolumeType: "gp3",
      Iops: 4000,
      Encrypted: true,
      VolumeInitializationRate: 200,
    });
    // Its launch is still the first, whatever it was restored to since.
    await replace({ InstanceId, DeleteReplacedRootVolume: true });
    const third = await rootOf(InstanceId);
    expect(await readVolume(islet, third, 4096, 5)).toBe("\0".repeat(5));
    await replace({ InstanceId, SnapshotId, DeleteReplacedRootVolume: true });
    expect(await readVolume(islet, await rootOf(InstanceId), 4096, 5)).toBe("first");
    const Filters = [{ Name: "instance-id", Values: [InstanceId] }];
    expect(await described({ Filters })).toHaveLength(3);
    await terminate(InstanceId);
  });

  test("takes a volume that is there, which outlives a task that fails", async () => {
    const id = await launch(ec2, {});
    const AvailabilityZone = (await shownInstance(ec2, id)).Placement?.AvailabilityZone;
    const { VolumeId = "" } = await ec2.send(new CreateVolumeCommand({ AvailabilityZone, Size: 8 }));
    await writeVolume(islet, VolumeId, 0, "mine");
    const { ReplaceRootVolumeTaskId } = await replace({ InstanceId: id, VolumeId });
    expect(await task(ReplaceRootVolumeTaskId)).toMatchObject({ TaskState: "succeeded" });
    expect(await rootOf(id)).toBe(VolumeId);
    expect(await readVolume(islet, VolumeId, 0, 4)).toBe("mine");

    const own = await ownIslet({ pace: "real" });
    const client = await freshClient({ islet: own });
    const doomed = await launch(client, {});
    await advanceClock(own, 60);
    const zone = (await shownInstance(client, doomed)).Placement?.AvailabilityZone;
    const { VolumeId: kept = "" } = await client.send(
      new CreateVolumeCommand({ AvailabilityZone: zone, Size: 8 }),
    );
    await advanceClock(own, 60);
    await replace({ InstanceId: doomed, VolumeId: kept }, client);
    await terminate(doomed, client);
    await advanceClock(own, 120);
    expect((await volume(kept, client)).State).toBe("available");
    await own.close();
  });

  test("restores an image of the same kind", async () => {
    const InstanceId = await launch(ec2);
    const old = await rootOf(InstanceId);
    await writeVolume(islet, old, 0, "golden");
    const command = new CreateImageCommand({ InstanceId, Name: "golden", NoReboot: true });
    const { ImageId } = await ec2.send(command);
    await writeVolume(islet, old, 0, "broken");
    const { ReplaceRootVolumeTaskId } = await replace({ InstanceId, ImageId });
    expect(await task(ReplaceRootVolumeTaskId)).toMatchObject({ ImageId, TaskState: "succeeded" });
    expect(await readVolume(islet, await rootOf(InstanceId), 0, 6)).toBe("golden");
    await terminate(InstanceId);
  });

  test("takes its time, one task at a time, and fails if the instance goes away", async () => {
    const slow = await ownIslet({ pace: "real" });
    try {
      const client = await freshClient({ islet: slow });
      await operate(slow, "POST clock", { Frozen: true });
      const start = async (): Promise<string> => {
        const id = await launch(client);
        await advanceClock(slow, 60);
        return id;
      };
      const InstanceId = await start();
      const old = await rootOf(InstanceId, client);
      const { ReplaceRootVolumeTaskId: id } = await replace({ InstanceId }, client);
      await refused(replace({ InstanceId }, client), "IncorrectState", /being replaced/);
      expect(await rootOf(InstanceId, client)).toBe(old);
      await advanceClock(slow, 10);
      expect(await task(id, client)).toMatchObject({ TaskState: "in-progress" });
      expect(await volume(old, client)).toMatchObject({ Attachments: [{ State: "detaching" }] });
      await advanceClock(slow, 20);
      expect(await task(id, client)).toMatchObject({ TaskState: "succeeded" });

      for (const [seconds, TaskState] of [
        [0, "failed"],
        [10, "failed-detached"],
      ] as const) {
        const doomed = await start();
        const { ReplaceRootVolumeTaskId: lost } = await replace({ InstanceId: doomed }, client);
        await advanceClock(slow, seconds);
        await terminate(doomed, client);
        await advanceClock(slow, 40);
        expect(await task(lost, client)).toMatchObject({ TaskState });
        await advanceClock(slow, 2 * 3600);
        await refused(task(lost, client), "InvalidReplaceRootVolumeTaskId.NotFound");
      }
      const { Reservations } = await client.send(new DescribeInstancesCommand({}));
      expect(Reservations).toHaveLength(1);
      const { Volumes } = await client.send(new DescribeVolumesCommand({}));
      expect(Volumes?.map(({ State }) => State).toSorted()).toEqual(["available", "available", "in-use"]);
    } finally {
      await slow.close();
    }
  });

  test("lasts over a restart of the server", async () => {
    const data = mkdtempSync(join(tmpdir(), "islet-"));
    const options = { memory: false, data, port: 0 };
    let server = await ownIslet(options);
    const keys = server.createAccount();
    const credentials = { accessKeyId: keys.AccessKeyId, secretAccessKey: keys.SecretAccessKey };
    try {
      let client = new EC2Client(configOf(server, credentials));
      const InstanceId = await launch(client);
      const old = await rootOf(InstanceId, client);
      await writeVolume(server, old, 0, "before");
      const SnapshotId = await snapshot(old, client);
      const { ReplaceRootVolumeTaskId } = await replace({ InstanceId, SnapshotId }, client);
      await server.close();
      server = await ownIslet(options);
      client = new EC2Client(configOf(server, credentials));
      expect(await task(ReplaceRootVolumeTaskId, client)).toMatchObject({ TaskState: "succeeded" });
      const root = await rootOf(InstanceId, client);
      expect(root).not.toBe(old);
      expect(await readVolume(server, root, 0, 6)).toBe("before");
    } finally {
      await server.close();
      rmSync(data, { recursive: true });
    }
  });
});
