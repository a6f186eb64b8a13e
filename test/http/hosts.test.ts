import {
  DescribeInstancesCommand,
  RebootInstancesCommand,
  RunInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import { afterAll, expect, test } from "vitest";
import { linux } from "../ec2/launch.ts";
import { freshClient, ownIslet } from "../islet.ts";
import { operate, operationRefused } from "../operator.ts";

const islet = await ownIslet();
afterAll(() => islet.close());
const ec2 = await freshClient({ islet });
const Region = "us-east-1";

const SECRET = Buffer.from("the secret of account A").toString("base64");
const ZERO = Buffer.alloc(23).toString("base64");

async function launch(client = ec2): Promise<{ instance: string; volume: string }> {
  const { Instances: [launched] = [] } = await client.send(
    new RunInstancesCommand({ ImageId: linux.id, InstanceType: "m5.large", MinCount: 1, MaxCount: 1 }),
  );
  const instance = launched?.InstanceId ?? "";
  const { Reservations: [shown] = [] } = await client.send(
    new DescribeInstancesCommand({ InstanceIds: [instance] }),
  );
  const volume = shown?.Instances?.[0]?.BlockDeviceMappings?.[0]?.Ebs?.VolumeId ?? "";
  return { instance, volume };
}

const memoryOf = async (instance: string) =>
  (await operate(islet, "POST memory/read", { Region, InstanceId: instance, Address: 4090, Length: 23 }))[
    "Bytes"
  ];
const remember = (instance: string) =>
  operate(islet, "POST memory/write", { Region, InstanceId: instance, Address: 4090, Bytes: SECRET });
const diskOf = async (volume: string) =>
  (await operate(islet, "POST volumes/read", { Region, VolumeId: volume, Offset: 524_280, Length: 23 }))[
    "Bytes"
  ];

test("memory is the instance's own: kept while it runs, zero after a reboot, gone when it stops", async () => {
  const { instance } = await launch();
  const { instance: neighbour } = await launch();
  expect(await memoryOf(instance)).toBe(ZERO);
  await remember(instance);
  expect(await memoryOf(instance)).toBe(SECRET);
  expect(await memoryOf(neighbour)).toBe(ZERO);
  await ec2.send(new RebootInstancesCommand({ InstanceIds: [instance] }));
  expect(await memoryOf(instance)).toBe(ZERO);
  await remember(instance);
  await ec2.send(new StopInstancesCommand({ InstanceIds: [instance] }));
  const gone = { Region, InstanceId: instance, Address: 0, Length: 1 };
  await operationRefused(islet, "POST memory/read", gone, "InvalidRequest", /on no host/);
  await ec2.send(new StartInstancesCommand({ InstanceIds: [instance] }));
  expect(await memoryOf(instance)).toBe(ZERO);
});

test("a volume keeps what was written while its instance is stopped", async () => {
  const { instance, volume } = await launch();
  await operate(islet, "POST volumes/write", { Region, VolumeId: volume, Offset: 524_280, Bytes: SECRET });
  await ec2.send(new StopInstancesCommand({ InstanceIds: [instance] }));
  await ec2.send(new StartInstancesCommand({ InstanceIds: [instance] }));
  expect(await diskOf(volume)).toBe(SECRET);
  await ec2.send(new TerminateInstancesCommand({ InstanceIds: [instance] }));
  await ec2.send(new DescribeInstancesCommand({ InstanceIds: [instance] }));
  const gone = { Region, VolumeId: volume, Offset: 0, Length: 1 };
  await operationRefused(islet, "POST volumes/read", gone, "InvalidRequest");
});

test("an instance reaches the volumes that are attached to it, and no others", async () => {
  const [one, other] = [await launch(), await launch()];
  const place = { Region, VolumeId: one.volume, Offset: 0 };
  const write = (InstanceId: string) => ({ ...place, InstanceId, Bytes: SECRET });
  const read = (InstanceId: string) => ({ ...place, InstanceId, Length: 23 });
  await operate(islet, "POST volumes/write", write(one.instance));
  expect(await operate(islet, "POST volumes/read", read(one.instance))).toEqual({ Bytes: SECRET });
  const refusal = ["InvalidRequest", /is not attached to/] as const;
  await operationRefused(islet, "POST volumes/read", read(other.instance), ...refusal);
  await operationRefused(islet, "POST volumes/write", write(other.instance), ...refusal);
  await ec2.send(new StopInstancesCommand({ InstanceIds: [one.instance] }));
  await operationRefused(islet, "POST volumes/read", read(one.instance), "InvalidRequest", /on no host/);
  await ec2.send(new StartInstancesCommand({ InstanceIds: [one.instance] }));
  expect(await operate(islet, "POST volumes/read", read(one.instance))).toEqual({ Bytes: SECRET });
});

test("the operator sees who is where, and that what was written was zeroed", async () => {
  const { instance } = await launch();
  await remember(instance);
  const { Hosts } = (await operate(islet, "GET hosts", { Region })) as { Hosts: { host: string }[] };
  const owners = await Promise.all(
    Hosts.map(({ host }) => operate(islet, "GET hosts/owners", { Region, HostId: host })),
  );
  const all = owners.flatMap(({ Owners }) => Owners as { instance: string; frames: number }[]);
  expect(all.filter((owner) => owner.instance === instance)).toMatchObject([
    { frames: (8 * 1024 ** 3) / 4096 },
  ]);
  await ec2.send(new TerminateInstancesCommand({ InstanceIds: [instance] }));
  const { Records } = await operate(islet, "GET audit", { Region });
  expect(Records).toContainEqual(
    expect.objectContaining({ instance, bytesDirty: 8192, bytesZeroed: 8192, verified: true }),
  );
  expect(await operate(islet, "GET audit/verify", { Region })).toMatchObject({ intact: true });
});

test("what is not there, or is no address, is refused", async () => {
  const { instance } = await launch();
  const read = { Region, InstanceId: instance, Address: 0, Length: 1 };
  await operationRefused(islet, "POST memory/read", { ...read, Address: 2 ** 40 }, "InvalidRequest");
  await operationRefused(islet, "POST memory/read", { ...read, Address: -1 }, "InvalidParameterValue");
  await operationRefused(islet, "POST memory/read", { ...read, Length: 2 ** 40 }, "InvalidRequest");
  await operationRefused(islet, "POST memory/read", { ...read, Region: "mars-1" }, "InvalidParameterValue");
  await operationRefused(
    islet,
    "POST memory/write",
    { Region, InstanceId: instance, Address: 0, Bytes: "?" },
    "InvalidParameterValue",
  );
  await operationRefused(islet, "GET hosts/owners", { Region, HostId: "h-1" }, "InvalidHostID.NotFound");
});
