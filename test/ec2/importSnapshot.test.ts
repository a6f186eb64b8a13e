import {
  CancelImportTaskCommand,
  CreateVolumeCommand,
  DeleteSnapshotCommand,
  DescribeImportSnapshotTasksCommand,
  DescribeSnapshotsCommand,
  EC2Client,
  ExportTransitGatewayRoutesCommand,
  ImportSnapshotCommand,
  type ImportSnapshotCommandInput,
  type ImportSnapshotTask,
  type Snapshot,
} from "@aws-sdk/client-ec2";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { Islet } from "../../server/index.ts";
import { advanceClock } from "../clock.ts";
import { configOf, freshClient, ownIslet, refused, sharedIslet } from "../islet.ts";
import { operate, operationRefused } from "../operator.ts";
import { BLOCK, readVolume } from "./blocks.ts";
import { diskOf, dynamicVhd, fixedVhd, vhdFooter, vmdk } from "./diskFormats/images.ts";
import { putObject } from "./putObject.ts";
import { newGateway } from "./transitGateways.ts";

const islet = await sharedIslet();
const ec2 = await freshClient();

/** Something at the begin, in the midst of the third block, and in the last few bytes. */
const disk = Buffer.alloc(2 * BLOCK + 1000);
disk.write("boot", 0);
disk.write("deep", 2 * BLOCK + 100);
disk.write("end.", disk.length - 4);

const put = (Key: string, bytes: Uint8Array = disk, server: Islet = islet) =>
  putObject(server, "disks", Key, bytes);

const from = (S3Key: string, Format = "RAW") => ({ Format, UserBucket: { S3Bucket: "disks", S3Key } });

const start = (asked: ImportSnapshotCommandInput, client = ec2) =>
  client.send(new ImportSnapshotCommand(asked));

const cancel = (ImportTaskId: string | undefined, CancelReason?: string, client = ec2) =>
  client.send(new CancelImportTaskCommand({ ImportTaskId, CancelReason }));

const tasks = async (client = ec2, ...ImportTaskIds: string[]): Promise<ImportSnapshotTask[]> =>
  (await client.send(new DescribeImportSnapshotTasksCommand({ ImportTaskIds }))).ImportSnapshotTasks ?? [];

const task = async (id: string | undefined, client = ec2): Promise<ImportSnapshotTask> =>
  (await tasks(client, id ?? ""))[0] ?? {};

const imported = async (asked: ImportSnapshotCommandInput, client = ec2) =>
  (await task((await start(asked, client)).ImportTaskId, client)).SnapshotTaskDetail ?? {};

const snapshot = async (id: string | undefined, client = ec2): Promise<Snapshot> =>
  (await client.send(new DescribeSnapshotsCommand({ SnapshotIds: [id ?? ""] }))).Snapshots?.[0] ?? {};

const volumeOf = async (SnapshotId: string | undefined, client = ec2): Promise<string> => {
  const command = new CreateVolumeCommand({ AvailabilityZone: "us-east-1a", SnapshotId });
  return (await client.send(command)).VolumeId ?? "";
};

const MISSING = "import-snap-0123456789abcdef0";

describe("what it refuses to parse", () => {
  test("no disk, no format, no place or two, and a place that is none", async () => {
    const { UserBucket } = from("a.raw");
    const Url = "s3://disks/a.raw";
    await refused(start({}), "MissingParameter", /DiskContainer/);
    await refused(start({ DiskContainer: { UserBucket } }), "MissingParameter", /Format/);
    await refused(start({ DiskContainer: { Format: "RAW" } }), "MissingParameter", /Url or UserBucket/);
    await refused(start({ DiskContainer: { Format: "RAW", UserBucket, Url } }), "InvalidParameter");
    for (const S3Bucket of ["", "..", "a/b", "Disks"]) {
      const DiskContainer = { Format: "RAW", UserBucket: { S3Bucket, S3Key: "a.raw" } };
      await refused(start({ DiskContainer }), "InvalidParameter", /bucket/);
    }
    for (const wrong of [
      "a.raw",
      "s3://disks",
      "ftp://disks/a.raw",
      "https://example.com/a.raw",
      "https://s3.amazonaws.com/disks",
      "s3://disks/%ff",
    ]) {
      await refused(start({ DiskContainer: { Format: "RAW", Url: wrong } }), "InvalidParameter", /S3 object/);
    }
  });

  test("ids that are none", async () => {
    await refused(tasks(ec2, "import-ami-1"), "InvalidConversionTaskId.Malformed");
    await refused(cancel("import-ami-1"), "InvalidConversionTaskId.Malformed");
    await refused(cancel(undefined), "MissingParameter");
  });

  test("a key without encryption, and keys of objects that lead elsewhere", async () => {
    const KmsKeyId = "alias/mine";
    await refused(start({ DiskContainer: from("a.raw"), KmsKeyId }), "InvalidParameterDependency");
    await put("dir/file", new Uint8Array(1));
    for (const Key of ["../x", "a/../x", "/x", "x/", "a//b", ".", "dir", "dir/file/x", "a\\b", "a\0b"]) {
      const asked = { Bucket: "disks", Key, Body: "" };
      await operationRefused(islet, "POST objects", { ...asked, Body: "AA==" }, "InvalidParameterValue");
    }
    const asked = { Bucket: "..", Key: "x", Body: "AA==" };
    await operationRefused(islet, "POST objects", asked, "InvalidParameterValue");
  });
});

describe("what it refuses to do", () => {
  test("anything with a task that is not there, or is somebody else's, or is over", async () => {
    await put("over.raw");
    const { ImportTaskId } = await start({ DiskContainer: from("over.raw") });
    const other = await freshClient();
    await refused(tasks(other, ImportTaskId ?? ""), "InvalidConversionTaskId");
    await refused(cancel(ImportTaskId, undefined, other), "InvalidConversionTaskId");
    await refused(cancel(MISSING), "InvalidConversionTaskId");
    await refused(cancel(ImportTaskId), "IncorrectState", /completed/);
    await refused(tasks(ec2, MISSING), "InvalidConversionTaskId");
  });

  test("take on a role that there is not", async () => {
    await refused(
      start({ DiskContainer: from("a.raw"), RoleName: "other" }),
      "InvalidParameter",
      "The service role other provided does not exist or does not have sufficient permissions",
    );
  });

  test("import what is not there, or is in another format", async () => {
    await put("disk.raw");
    for (const [key, format, reason] of [
      ["none.raw", "RAW", "We do not have access to the given resource. Reason 404 Not Found"],
      ["../../etc/passwd", "RAW", "We do not have access to the given resource. Reason 404 Not Found"],
      ["disk.raw", "VMDK", "Unsupported VMDK File Format"],
      ["disk.raw", "VHD", "Unsupported VHD File Format"],
      ["disk.raw", "VHDX", "Unsupported specified file format"],
    ] as const) {
      expect(await imported({ DiskContainer: from(key, format) })).toMatchObject({
        Status: "deleted",
        StatusMessage: `ClientError: Disk validation failed [${reason}]`,
        DiskImageSize: 0,
        Format: format,
      });
    }
  });

  test("import what a service has left for another account", async () => {
    const { table } = await newGateway(ec2);
    const { S3Location: Url } = await ec2.send(
      new ExportTransitGatewayRoutesCommand({
        TransitGatewayRouteTableId: table,
        S3Bucket: "disks",
      }),
    );
    const DiskContainer = { Format: "RAW", Url };
    expect(await imported({ DiskContainer }, await freshClient())).toMatchObject({
      StatusMessage: expect.stringContaining("404 Not Found") as string,
    });
    expect(await imported({ DiskContainer })).toMatchObject({ Status: "completed" });
  });

  test("keep anything of an image that is found to be broken while it is read", async () => {
    const client = await freshClient();
    const sound = diskOf(4096, [
      [1, 7],
      [4000, 8],
    ]);
    let grains = 0;
    // The second of its grains: the first has been written by then.
    const packed = (grain: Buffer) => deflateSync(++grains === 2 ? grain.subarray(1) : grain);
    await put("broken.vmdk", vmdk(sound, { packed }));
    const failed = await imported({ DiskContainer: from("broken.vmdk", "VMDK") }, client);
    expect(failed).toMatchObject({
      Status: "deleted",
      StatusMessage: "ClientError: Uncompressed data has invalid length",
    });
    expect(failed.SnapshotId).toBeUndefined();
    const { Snapshots } = await client.send(new DescribeSnapshotsCommand({ OwnerIds: ["self"] }));
    expect(Snapshots).toEqual([]);
    await put("huge.vhd", vhdFooter(16 * 1024 ** 4, 3));
    expect(await imported({ DiskContainer: from("huge.vhd", "VHD") }, client)).toMatchObject({
      Status: "deleted",
      StatusMessage: "ClientError: Disk validation failed [Invalid disk size]",
    });
  });
});

describe("what it does", () => {
  test.each([
    ["VHD", "a fixed one", fixedVhd, 1200, 1],
    ["vhd", "a dynamic one", dynamicVhd, 2 * 1024 ** 2 + 8, 2],
    ["VMDK", "a stream-optimized one", vmdk, 2 * 1024 ** 2 + 8, 2],
  ] as const)("reads images of format %s: %s", async (Format, _, make, sectors, VolumeSize) => {
    const image = make(
      diskOf(sectors, [
        [0, 97],
        [1199, 98],
      ]),
    );
    await put("converted", image);
    const done = await imported({ DiskContainer: from("converted", Format) });
    expect(done).toMatchObject({ Status: "completed", Format, DiskImageSize: image.length });
    expect(await snapshot(done.SnapshotId)).toMatchObject({
      VolumeSize,
      FullSnapshotSizeInBytes: 2 * BLOCK,
    });
    const volume = await volumeOf(done.SnapshotId);
    expect(await readVolume(islet, volume, 511, 2)).toBe("a\0");
    expect(await readVolume(islet, volume, 1199 * 512, 2)).toBe("bb");
  });

  test("makes a snapshot of a disk image, from which volumes are made", async () => {
    await put("images/linux.raw");
    const started = await start({
      Description: "a task",
      DiskContainer: { ...from("images/linux.raw", "raw"), Description: "a disk" },
      ClientData: { Comment: "up", UploadSize: 1 },
      RoleName: "vmimport",
      TagSpecifications: [{ ResourceType: "import-snapshot-task", Tags: [{ Key: "a", Value: "b" }] }],
    });
    expect(started).toMatchObject({
      ImportTaskId: expect.stringMatching(/^import-snap-0[0-9a-f]{16}$/) as string,
      Description: "a task",
      SnapshotTaskDetail: {
        Status: "active",
        StatusMessage: "pending",
        Progress: "3",
        Description: "a disk",
        DiskImageSize: 0,
        Encrypted: false,
        UserBucket: { S3Bucket: "disks", S3Key: "images/linux.raw" },
      },
      Tags: [{ Key: "a", Value: "b" }],
    });
    const { SnapshotTaskDetail: done } = await task(started.ImportTaskId);
    expect(done).toMatchObject({ Status: "completed", Format: "raw", DiskImageSize: disk.length });
    expect(await snapshot(done?.SnapshotId)).toMatchObject({
      State: "completed",
      VolumeSize: 1,
      VolumeId: "vol-ffffffff",
      Description: `Created by AWS-VMImport service for ${started.ImportTaskId}`,
      FullSnapshotSizeInBytes: 2 * BLOCK,
    });
    const volume = await volumeOf(done?.SnapshotId);
    expect(await readVolume(islet, volume, 0, 5)).toBe("boot\0");
    expect(await readVolume(islet, volume, BLOCK, 4)).toBe("\0".repeat(4));
    expect(await readVolume(islet, volume, 2 * BLOCK + 100, 4)).toBe("deep");
    expect(await readVolume(islet, volume, disk.length - 4, 8)).toBe("end.\0\0\0\0");
  });

  test("encrypts it, and finds it by each form of a URL", async () => {
    await put("by url.raw");
    for (const Url of [
      "s3://disks/by%20url.raw",
      "https://disks.s3.amazonaws.com/by%20url.raw",
      "https://disks.s3.eu-west-1.amazonaws.com/by%20url.raw",
      "https://s3-eu-west-1.amazonaws.com/disks/by%20url.raw?X-Amz-Signature=x",
    ]) {
      const done = await imported({ DiskContainer: { Format: "RAW", Url }, Encrypted: true });
      expect(done).toMatchObject({
        Status: "completed",
        Url,
        Encrypted: true,
        KmsKeyId: expect.stringMatching(/^arn:aws:kms:/) as string,
      });
      expect(done.UserBucket).toBeUndefined();
      expect(await snapshot(done.SnapshotId)).toMatchObject({ Encrypted: true, KmsKeyId: done.KmsKeyId });
      expect(await readVolume(islet, await volumeOf(done.SnapshotId), 0, 4)).toBe("boot");
    }
  });

  test("takes its time, and can be canceled while it does", async () => {
    const slow = await ownIslet({ pace: "real" });
    try {
      const client = await freshClient({ islet: slow });
      await operate(slow, "POST clock", { Frozen: true });
      await put("slow.raw", disk, slow);
      const begin = async () => (await start({ DiskContainer: from("slow.raw") }, client)).ImportTaskId ?? "";
      const status = async (id: string) => (await task(id, client)).SnapshotTaskDetail ?? {};
      const snapshots = async () =>
        (await client.send(new DescribeSnapshotsCommand({ OwnerIds: ["self"] }))).Snapshots ?? [];

      const early = await begin();
      expect(await cancel(early, undefined, client)).toMatchObject({
        ImportTaskId: early,
        PreviousState: "active",
        State: "deleting",
      });
      await refused(cancel(early, undefined, client), "IncorrectState", /deleting/);
      await advanceClock(slow, 60);
      expect(await status(early)).toMatchObject({ Status: "deleted" });
      expect(await snapshots()).toEqual([]);

      const late = await begin();
      await advanceClock(slow, 30);
      expect(await status(late)).toMatchObject({ StatusMessage: "converting", DiskImageSize: disk.length });
      expect(await snapshots()).toMatchObject([{ State: "pending" }]);
      await cancel(late, "no more", client);
      expect(await snapshots()).toEqual([]);
      await advanceClock(slow, 200);
      expect(await status(late)).toMatchObject({ Status: "deleted", StatusMessage: "no more" });

      const robbed = await begin();
      await advanceClock(slow, 30);
      const [half] = await snapshots();
      await client.send(new DeleteSnapshotCommand({ SnapshotId: half?.SnapshotId }));
      const changed = await begin();
      await advanceClock(slow, 30);
      await put("slow.raw", disk.subarray(1), slow);
      await advanceClock(slow, 200);
      for (const id of [robbed, changed]) {
        expect(await status(id)).toMatchObject({
          Status: "deleted",
          StatusMessage: expect.stringMatching(/^ClientError/) as string,
        });
      }
      expect(await snapshots()).toEqual([]);

      const last = await begin();
      await advanceClock(slow, 30);
      await advanceClock(slow, 120);
      expect(await status(last)).toMatchObject({ Status: "completed" });
      await advanceClock(slow, 7 * 24 * 3600);
      expect(await tasks(client)).toEqual([]);
      expect(await snapshots()).toHaveLength(1);
    } finally {
      await slow.close();
    }
  });

  test("reads what was put into the server's folder, and goes on after a restart", async () => {
    const data = mkdtempSync(join(tmpdir(), "islet-"));
    const options = { memory: false, data, port: 0, pace: "real" } as const;
    let server = await ownIslet(options);
    try {
      const keys = server.createAccount();
      const credentials = { accessKeyId: keys.AccessKeyId, secretAccessKey: keys.SecretAccessKey };
      const open = () => new EC2Client(configOf(server, credentials));
      mkdirSync(join(data, "s3", "disks"), { recursive: true });
      writeFileSync(join(data, "s3", "disks", "big.raw"), disk);
      const { ImportTaskId } = await start({ DiskContainer: from("big.raw") }, open());
      await advanceClock(server, 40);
      await server.close();
      server = await ownIslet(options);
      await advanceClock(server, 200);
      const { SnapshotTaskDetail: done } = await task(ImportTaskId, open());
      expect(done).toMatchObject({ Status: "completed" });
      const volume = await volumeOf(done?.SnapshotId, open());
      expect(await readVolume(server, volume, 2 * BLOCK + 100, 4)).toBe("deep");
      const { Keys } = await operate(server, "GET objects", { Bucket: "disks" });
      expect(Keys).toEqual(["big.raw"]);
      await operate(server, "POST objects", { Bucket: "disks", Key: "a/b", Body: "AA==" });
      expect(await operate(server, "GET objects", { Bucket: "disks", Key: "a/b" })).toEqual({ Body: "AA==" });
    } finally {
      await server.close();
      rmSync(data, { recursive: true });
    }
  });
});
