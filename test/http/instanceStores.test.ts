/** Local disks: which an instance gets, how long it keeps them, and what is left of them. */
import {
  RebootInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import { afterAll, describe, expect, test } from "vitest";
import { imageLike, launch } from "../ec2/launch.ts";
import { freshClient, ownIslet } from "../islet.ts";
import { operate, operationRefused } from "../operator.ts";

const islet = await ownIslet();
afterAll(() => islet.close());
const ec2 = await freshClient({ islet });
const Region = "us-east-1";
const SECRET = Buffer.from("scratch").toString("base64");
const ZERO = Buffer.alloc(7).toString("base64");
const OFFSET = 74_999_999_000;

const place = (InstanceId: string, Device = 0) => ({ Region, InstanceId, Device, Offset: OFFSET });
const write = (id: string, device?: number) =>
  operate(islet, "POST stores/write", { ...place(id, device), Bytes: SECRET });
const read = async (id: string, device?: number) =>
  (await operate(islet, "POST stores/read", { ...place(id, device), Length: 7 }))["Bytes"];
const send = {
  reboot: (id: string) => ec2.send(new RebootInstancesCommand({ InstanceIds: [id] })),
  stop: (id: string) => ec2.send(new StopInstancesCommand({ InstanceIds: [id] })),
  start: (id: string) => ec2.send(new StartInstancesCommand({ InstanceIds: [id] })),
  terminate: (id: string) => ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] })),
};

describe("what it refuses", () => {
  test("disks that are not there, and what lies beyond their end", async () => {
    const id = await launch(ec2, { InstanceType: "m5d.large" });
    await operationRefused(islet, "POST stores/read", { ...place(id, 1), Length: 7 }, "InvalidRequest");
    const beyond = { ...place(id), Offset: 75_000_000_000, Length: 1 };
    await operationRefused(islet, "POST stores/read", beyond, "InvalidRequest");
    await operationRefused(islet, "POST stores/read", { ...place(id), Size: 7 }, "UnknownParameter");
    const none = await launch(ec2, { InstanceType: "m5.large" });
    await operationRefused(islet, "POST stores/write", { ...place(none), Bytes: SECRET }, "InvalidRequest");
  });
});

describe("what it does", () => {
  test("keeps them over a reboot, and destroys them when the instance stops", async () => {
    const id = await launch(ec2, { InstanceType: "m5d.large" });
    expect(await read(id)).toBe(ZERO);
    await write(id);
    expect(await read(id)).toBe(SECRET);
    await send.reboot(id);
    expect(await read(id)).toBe(SECRET);
    await send.stop(id);
    await operationRefused(islet, "POST stores/read", { ...place(id), Length: 7 }, "InvalidRequest");
    await send.start(id);
    expect(await read(id)).toBe(ZERO);
    await write(id);
    await send.terminate(id);
    const { Records } = await operate(islet, "GET audit", { Region });
    const erased = {
      event: "store-erased",
      instance: id,
      bytesDirty: 4096,
      bytesZeroed: 4096,
      verified: true,
    };
    expect(
      (Records as object[]).filter((record) => "event" in record && record.event === "store-erased"),
    ).toEqual(expect.arrayContaining([expect.objectContaining(erased)]));
  });

  test("gives NVMe disks to all, others to who maps them", async () => {
    const twice = await launch(ec2, { InstanceType: "i3.8xlarge" });
    await write(twice, 1);
    expect(await read(twice, 1)).toBe(SECRET);
    expect(await read(twice, 3)).toBe(ZERO);
    const bios = imageLike(
      ({ architecture, bootMode, platform }) => architecture === "x86_64" && !bootMode && !platform,
    );
    const old = { ImageId: bios.id, InstanceType: "d2.xlarge" } as const;
    const unmapped = await launch(ec2, old);
    await operationRefused(islet, "POST stores/read", { ...place(unmapped), Length: 7 }, "InvalidRequest");
    const mapped = await launch(ec2, {
      ...old,
      // The type has three.
      BlockDeviceMappings: [
        { DeviceName: "/dev/sdb", VirtualName: "ephemeral1" },
        { DeviceName: "/dev/sdc", VirtualName: "ephemeral7" },
      ],
    });
    expect(await read(mapped)).toBe(ZERO);
    await operationRefused(islet, "POST stores/read", { ...place(mapped, 1), Length: 7 }, "InvalidRequest");
  });
});
