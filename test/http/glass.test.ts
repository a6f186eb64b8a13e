import {
  AttachVolumeCommand,
  CreateVolumeCommand,
  DeleteVolumeCommand,
  DescribeInstancesCommand,
  RunInstancesCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import type { Options } from "../../server/index.ts";
import { linux } from "../ec2/launch.ts";
import { freshClient, ownIslet, sharedIslet } from "../islet.ts";
import { operate, operationRefused } from "../operator.ts";
import { send } from "./send.ts";

const Region = "us-east-1";
const SECRET = Buffer.from("correct horse battery staple");
const Bytes = SECRET.toString("base64");
const search = { Region, Pattern: Bytes };

/** A server, and on it an instance that has a secret in its memory, on its local disk and on a volume. */
async function withSecret(options: Partial<Options>) {
  const islet = await ownIslet(options);
  const ec2 = await freshClient({ islet });
  const { Instances: [launched] = [] } = await ec2.send(
    new RunInstancesCommand({ ImageId: linux.id, InstanceType: "m5d.large", MinCount: 1, MaxCount: 1 }),
  );
  const InstanceId = launched?.InstanceId ?? "";
  await ec2.send(new DescribeInstancesCommand({ InstanceIds: [InstanceId] }));
  const AvailabilityZone = launched?.Placement?.AvailabilityZone;
  const { VolumeId = "" } = await ec2.send(new CreateVolumeCommand({ AvailabilityZone, Size: 1 }));
  await ec2.send(new AttachVolumeCommand({ VolumeId, InstanceId, Device: "/dev/sdf" }));
  const own = { Region, InstanceId, Bytes };
  await operate(islet, "POST memory/write", { ...own, Address: 4090 });
  await operate(islet, "POST stores/write", { ...own, Device: 0, Offset: 0 });
  await operate(islet, "POST volumes/write", { ...own, VolumeId, Offset: 512 * 1024 - 6 });
  const terminate = async () => {
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [InstanceId] }));
    await ec2.send(new DescribeInstancesCommand({ InstanceIds: [InstanceId] }));
  };
  const deleteVolume = () => ec2.send(new DeleteVolumeCommand({ VolumeId }));
  return { islet, InstanceId, VolumeId, terminate, deleteVolume };
}

describe("without --glass", () => {
  test("nobody looks, and the refusal says what would be needed", async () => {
    const islet = await sharedIslet();
    for (const route of ["POST glass/search", "POST glass/memory"]) {
      await operationRefused(islet, route, search, "UnsupportedOperation", /must be started with --glass/);
    }
    const { headers } = await send(islet, { method: "GET", path: "/_islet/health", service: "islet" });
    expect(headers).not.toHaveProperty("x-islet-glass");
  });
});

describe("with --glass", () => {
  test("a secret is seen where it is, until it is gone; every answer is marked", async () => {
    const { islet, InstanceId, VolumeId, terminate, deleteVolume } = await withSecret({ glass: true });
    const { Findings, ...rest } = await operate(islet, "POST glass/search", search);
    expect(rest).toEqual({ Glass: true, Truncated: false });
    const [memory] = Findings as { host: string; frame: number }[];
    const { host = "", frame = 0 } = memory ?? {};
    expect(Findings).toEqual([
      { in: "memory", host, frame, offset: 4090, state: "allocated", instance: InstanceId },
      { in: "at rest", where: VolumeId, offset: 512 * 1024 - 6 },
      { in: "local disk, by its key", host, instance: InstanceId, device: 0, offset: 0 },
    ]);

    const look = { Region, HostId: host, Frame: frame, Count: 2 };
    const seen = (await operate(islet, "POST glass/memory", look)) as { Frames: { bytes: string }[] };
    expect(seen).toMatchObject({
      Glass: true,
      Frames: [{ frame, state: "allocated", instance: InstanceId }, {}],
    });
    const content = Buffer.concat(seen.Frames.map(({ bytes }) => Buffer.from(bytes, "base64")));
    expect(content.subarray(4090, 4090 + SECRET.length)).toEqual(SECRET);

    await terminate();
    await deleteVolume();
    expect(await operate(islet, "POST glass/search", search)).toMatchObject({ Findings: [] });
    const { Frames } = await operate(islet, "POST glass/memory", look);
    const zero = { state: "free", bytes: Buffer.alloc(4096).toString("base64") };
    expect(Frames).toEqual([
      { frame, ...zero },
      { frame: frame + 1, ...zero },
    ]);

    for (const sent of [{}, { method: "GET", path: "/_islet/health", keys: null }]) {
      expect((await send(islet, sent)).headers).toMatchObject({ "x-islet-glass": "on" });
    }
    await islet.close();
  });

  test("what is not there is refused", async () => {
    const { islet } = await withSecret({ glass: true });
    const { Hosts } = (await operate(islet, "GET hosts", { Region })) as { Hosts: { host: string }[] };
    const look = { Region, HostId: Hosts[0]?.host, Frame: 0 };
    await operationRefused(islet, "POST glass/memory", { ...look, HostId: "h-1" }, "InvalidHostID.NotFound");
    await operationRefused(islet, "POST glass/memory", { ...look, Frame: 2 ** 40 }, "InvalidParameterValue");
    await operationRefused(islet, "POST glass/memory", { ...look, Count: 65 }, "InvalidParameterValue");
    await operationRefused(islet, "POST glass/memory", { ...look, Count: 0 }, "InvalidParameterValue");
    await operationRefused(islet, "POST glass/memory", { ...look, Host: "h" }, "UnknownParameter");
    await operationRefused(islet, "POST glass/search", { Region }, "InvalidParameterValue");
    const long = Buffer.alloc(65 * 1024).toString("base64");
    await operationRefused(islet, "POST glass/search", { Region, Pattern: long }, "InvalidParameterValue");
    await islet.close();
  });
});

describe("scrubbing", () => {
  const memoryOf = async (islet: Awaited<ReturnType<typeof ownIslet>>) => {
    const { Findings } = await operate(islet, "POST glass/search", search);
    return (Findings as { in: string; state: string }[]).filter((found) => found.in === "memory");
  };
  const certificates = async (islet: Awaited<ReturnType<typeof ownIslet>>, InstanceId: string) =>
    (await operate(islet, "GET audit/certificates", { Region, InstanceId, Event: "scrubbed" }))[
      "Certificates"
    ];

  test.each(["idle", "on-demand"] as const)(
    "%s zeroes what was released in the background",
    async (scrub) => {
      const { islet, InstanceId, terminate } = await withSecret({
        glass: true,
        scrub,
        verifyOnAllocate: true,
      });
      await terminate();
      await expect.poll(() => memoryOf(islet)).toEqual([]);
      const certificate = { reason: "terminate", bytesDirty: 8192, bytesZeroed: 8192, verified: true };
      expect(await certificates(islet, InstanceId)).toMatchObject([certificate]);
      await islet.close();
    },
  );

  test("goes step by step where the operator asks for it", async () => {
    const { islet, terminate } = await withSecret({ glass: true, scrub: "idle", poisonOnFree: true });
    await terminate();
    const { Certificates } = await operate(islet, "POST hosts/scrub", { Region });
    const { Hosts } = (await operate(islet, "GET hosts", { Region })) as { Hosts: { frames: object }[] };
    expect(Hosts.map(({ frames }) => frames)).toEqual([expect.objectContaining({ dirty: 0, scrubbing: 0 })]);
    expect((Certificates as unknown[]).length).toBeLessThanOrEqual(1);
    await operationRefused(islet, "POST hosts/scrub", { Region, Bytes: -1 }, "InvalidParameterValue");
    await islet.close();
  });
});
