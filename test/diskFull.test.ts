/**
 * A server whose disk is full answers with an error, and nothing of what it was asked for has happened; when there is
 * room again, it goes on. A limit on the size of its files stands for the disk.
 */
import {
  CreateSnapshotCommand,
  CreateVolumeCommand,
  DeleteSnapshotCommand,
  DeleteVolumeCommand,
  DescribeInstancesCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  EC2Client,
  RunInstancesCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { AuditRecord } from "../hypervisor/audit.ts";
import { Home, type Started } from "./cli/islet.ts";
import { linux } from "./ec2/launch.ts";
import { operate, send } from "./http/send.ts";
import { configOf, refused } from "./islet.ts";

const KEYS = { accessKeyId: "123456789012", secretAccessKey: "test" };
const Region = "us-east-1";
const SECRET = "the disk is not full of secrets";

let home: Home;
let started: Started;
let ec2: EC2Client;
let server: Parameters<typeof operate>[0];
beforeEach(async () => {
  home = new Home();
  started = await home.start("--data", join(home.path, "data"));
  const { line } = started;
  server = {
    ...line,
    ca: readFileSync(line.caFile, "utf8"),
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  };
  ec2 = new EC2Client({ ...configOf(server, KEYS), maxAttempts: 1 });
});
afterEach(async () => {
  ec2.destroy();
  await home.remove();
});

/** Lets no file of the server grow beyond so many bytes. */
function limitFiles(bytes: number | "unlimited"): void {
  execFileSync("prlimit", ["--pid", String(started.line.pid), `--fsize=${bytes}:`]);
}

async function newSecretVolume(): Promise<string> {
  const place = { AvailabilityZone: "us-east-1a", Size: 1 };
  const { VolumeId = "" } = await ec2.send(new CreateVolumeCommand(place));
  const Bytes = Buffer.from(SECRET).toString("base64");
  await operate(server, "POST", "volumes/write", { Region, VolumeId, Offset: 4096, Bytes });
  return VolumeId;
}

async function contentOf(VolumeId: string): Promise<string> {
  const place = { Region, VolumeId, Offset: 4096, Length: SECRET.length };
  const { json } = await operate(server, "POST", "volumes/read", place);
  return Buffer.from((json as { Bytes: string }).Bytes, "base64").toString();
}

async function records(): Promise<readonly AuditRecord[]> {
  const { json } = await operate(server, "GET", `audit?Region=${Region}`);
  return (json as { Records: AuditRecord[] }).Records;
}

/** How many instances are on hosts. */
async function tenants(): Promise<number> {
  const { json } = await operate(server, "GET", `hosts?Region=${Region}`);
  return (json as { Hosts: { instances: number }[] }).Hosts.reduce(
    (sum, { instances }) => sum + instances,
    0,
  );
}

describe.runIf(process.platform === "linux")("a full disk", () => {
  test("a call that cannot be kept has not happened, and can be made again when there is room", async () => {
    const { Instances: [instance] = [] } = await ec2.send(
      new RunInstancesCommand({ ImageId: linux.id, InstanceType: "m5.large", MinCount: 1, MaxCount: 1 }),
    );
    const InstanceIds = [instance?.InstanceId ?? ""];
    const VolumeId = await newSecretVolume();
    const end = async (): Promise<void> => {
      await ec2.send(new DeleteVolumeCommand({ VolumeId }));
      await ec2.send(new TerminateInstancesCommand({ InstanceIds }));
    };

    limitFiles(0);
    await refused(end(), "InternalError");
    await refused(ec2.send(new TerminateInstancesCommand({ InstanceIds })), "InternalError");
    limitFiles("unlimited");
    const { Reservations } = await ec2.send(new DescribeInstancesCommand({ InstanceIds }));
    expect(Reservations?.[0]?.Instances?.[0]?.State?.Name).toBe("running");
    expect([await tenants(), await contentOf(VolumeId)]).toEqual([1, SECRET]);

    await end();
    const { Volumes } = await ec2.send(new DescribeVolumesCommand({}));
    expect([Volumes, await tenants()]).toEqual([[], 0]);
  });

  test("what follows a call is tried again until it can be kept, and the audit says which time", async () => {
    const VolumeId = await newSecretVolume();
    const log = statSync(join(started.line.folder, "islet.db-wal")).size;
    // Room for the row that says that the volume is being deleted, and not for its block, set to zero.
    limitFiles(log + 24_576);
    await ec2.send(new DeleteVolumeCommand({ VolumeId }));
    await refused(ec2.send(new DescribeVolumesCommand({})), "InternalError");
    limitFiles("unlimited");
    expect(await ec2.send(new DescribeVolumesCommand({}))).toMatchObject({ Volumes: [] });

    const told = await records();
    const [first, ...others] = told.filter(({ event }) => event === "volume-deleted");
    const last = others.at(-1);
    const lost = told.filter(({ event }) => event === "power-lost");
    expect(lost.length).toBeGreaterThan(0);
    for (const { reason } of lost) expect(reason).toBe(`disks are as after record ${(first?.seq ?? 0) - 1}`);
    expect(last?.seq).toBeGreaterThan(lost.at(-1)?.seq ?? Infinity);
    started.child.kill("SIGKILL");
    await started.ended;
    const { folder } = started.line;
    expect(await home.run("audit", "verify", "--data", folder)).toMatchObject({ code: 0, stderr: "" });
    for (const name of ["islet.db", "islet.db-wal"]) {
      expect(readFileSync(join(folder, name), "latin1")).not.toContain(SECRET);
    }
  });

  test("an instance that there was no room to write down is on no host, and the audit goes on without a gap", async () => {
    const launch = () =>
      ec2.send(
        new RunInstancesCommand({ ImageId: linux.id, InstanceType: "m5.large", MinCount: 1, MaxCount: 1 }),
      );
    await launch();
    limitFiles(0);
    await refused(launch(), "InternalError");
    limitFiles("unlimited");
    expect(await tenants()).toBe(1);
    await launch();
    expect(await tenants()).toBe(2);
    const { folder } = started.line;
    expect(await home.run("audit", "verify", "--data", folder)).toMatchObject({ code: 0, stderr: "" });
  });

  test("a reset that cannot be kept leaves the hosts as the rows say, once there is room, and all files", async () => {
    const disk = { Bucket: "disks", Key: "a.raw" };
    const Body = Buffer.alloc(4096, "a").toString("base64");
    await operate(server, "POST", "objects", { ...disk, Body });
    await ec2.send(
      new RunInstancesCommand({ ImageId: linux.id, InstanceType: "m5.large", MinCount: 1, MaxCount: 1 }),
    );
    limitFiles(0);
    const asked = { service: "islet", path: "/_islet/reset", body: "{}" };
    expect((await send(server, asked)).status).toBe(500);
    limitFiles("unlimited");
    const { Reservations } = await ec2.send(new DescribeInstancesCommand({}));
    expect([Reservations?.length, await tenants()]).toEqual([1, 1]);
    expect((await records())[0]?.seq).toBe(1);
    expect((await records()).map(({ event }) => event)).toContain("power-lost");

    limitFiles(1024);
    const more = { ...disk, Body: Buffer.alloc(2048, "b").toString("base64") };
    const put = { service: "islet", path: "/_islet/objects", body: JSON.stringify(more) };
    expect((await send(server, put)).status).toBe(500);
    limitFiles("unlimited");
    const { json } = await operate(server, "GET", "objects?Bucket=disks&Key=a.raw");
    expect(json).toEqual({ Body });

    await operate(server, "POST", "reset", {});
    expect(await ec2.send(new DescribeInstancesCommand({}))).toMatchObject({ Reservations: [] });
  });

  test("what was deleted is, though there is no room for the database to take it from its log", async () => {
    const VolumeId = await newSecretVolume();
    const Bytes = Buffer.alloc(512 * 1024, "x").toString("base64");
    for (let at = 1; at <= 6; at++) {
      const Offset = at * 512 * 1024;
      await operate(server, "POST", "volumes/write", { Region, VolumeId, Offset, Bytes });
    }
    const { SnapshotId } = await ec2.send(new CreateSnapshotCommand({ VolumeId }));
    // Its log is taken into the database with it.
    await ec2.send(new DeleteVolumeCommand({ VolumeId }));
    await ec2.send(new DescribeVolumesCommand({}));
    const sizeOf = (name: string): number => statSync(join(started.line.folder, name)).size;
    limitFiles(sizeOf("islet.db") - 65_536);
    await ec2.send(new DeleteSnapshotCommand({ SnapshotId }));
    limitFiles("unlimited");
    expect(await ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ["self"] }))).toMatchObject({
      Snapshots: [],
    });
    await newSecretVolume();
    expect(sizeOf("islet.db-wal")).toBeLessThan(1024 ** 2);
  });
});
