/** The memory of hibernated instances: where it goes, and who gets it back. */
import {
  DescribeVolumesCommand,
  DetachVolumeCommand,
  EC2Client,
  ModifyInstanceAttributeCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { advanceClock } from "../clock.ts";
import { launch, shownInstance, windows } from "../ec2/launch.ts";
import { configOf, freshClient, freshKeys, ownIslet, refused } from "../islet.ts";
import type { Islet } from "../../server/index.ts";
import { operate, operationRefused } from "../operator.ts";

const islet = await ownIslet();
await operate(islet, "POST clock", { Frozen: true });
afterAll(() => islet.close());
const ec2 = await freshClient({ islet });
const Region = "us-east-1";
const SECRET = Buffer.from("what it was thinking of").toString("base64");
const ZERO = Buffer.alloc(23).toString("base64");
const ADDRESS = 2 ** 32 + 4090;

const launchSleeper = (client = ec2) =>
  launch(client, {
    InstanceType: "m5.large",
    HibernationOptions: { Configured: true },
    BlockDeviceMappings: [{ DeviceName: "/dev/xvda", Ebs: { VolumeSize: 20, Encrypted: true } }],
  });
const think = (id: string, server: Islet = islet) =>
  operate(server, "POST memory/write", { Region, InstanceId: id, Address: ADDRESS, Bytes: SECRET });
const thought = async (id: string, server: Islet = islet) =>
  (await operate(server, "POST memory/read", { Region, InstanceId: id, Address: ADDRESS, Length: 23 }))[
    "Bytes"
  ];
const stop = (id: string, Hibernate: boolean, client = ec2) =>
  client.send(new StopInstancesCommand({ InstanceIds: [id], Hibernate }));
const start = (id: string, client = ec2) => client.send(new StartInstancesCommand({ InstanceIds: [id] }));
const rootOf = async (id: string, client = ec2) => {
  const { Volumes } = await client.send(
    new DescribeVolumesCommand({ Filters: [{ Name: "attachment.instance-id", Values: [id] }] }),
  );
  return Volumes?.[0]?.VolumeId ?? "";
};
const eventsOf = async (reason: string) => {
  const { Records } = await operate(islet, "GET audit", { Region });
  return (Records as { event: string; reason?: string }[])
    .filter((record) => record.reason === reason)
    .map(({ event }) => event);
};

test("an instance that wakes up knows what it knew, on another host, and once only", async () => {
  const id = await launchSleeper();
  await think(id);
  const root = await rootOf(id);
  await stop(id, true);
  expect(await shownInstance(ec2, id)).toMatchObject({
    State: { Name: "stopped" },
    StateReason: {
      Code: "Client.UserInitiatedHibernate",
      Message: "Client.UserInitiatedHibernate: User initiated hibernate",
    },
    StateTransitionReason: expect.stringMatching(/^User initiated \(.* GMT\)$/) as string,
  });
  const off = { Region, InstanceId: id, Address: 0, Length: 1 };
  await operationRefused(islet, "POST memory/read", off, "InvalidRequest", /on no host/);
  await start(id);
  expect(await thought(id)).toBe(SECRET);
  expect(await shownInstance(ec2, id)).toMatchObject({
    State: { Name: "running" },
    StateTransitionReason: "",
  });
  expect(await eventsOf(`${root}/memory`)).toEqual(["image-saved", "image-loaded", "image-erased"]);
  await stop(id, false);
  await start(id);
  expect(await thought(id)).toBe(ZERO);
});

test("what is on the root volume is not the memory itself", async () => {
  const id = await launchSleeper();
  await think(id);
  const root = await rootOf(id);
  await stop(id, true);
  const read = (Offset: number) =>
    operate(islet, "POST volumes/read", { Region, VolumeId: root, Offset, Length: 65_536 });
  for (const offset of [0, 524_288]) {
    const { Bytes } = await read(offset);
    expect(Buffer.from(String(Bytes), "base64").includes("what it was thinking of")).toBe(false);
  }
});

test("who sleeps longer than sixty days has forgotten everything, and no image of it is left", async () => {
  const days = (count: number) => advanceClock(islet, count * 24 * 3600);
  const id = await launchSleeper();
  const root = await rootOf(id);
  await think(id);
  await stop(id, true);
  await days(60);
  await start(id);
  expect(await thought(id)).toBe(SECRET);
  await stop(id, true);
  await days(61);
  await start(id);
  expect(await thought(id)).toBe(ZERO);
  const once = ["image-saved", "image-loaded", "image-erased"];
  expect(await eventsOf(`${root}/memory`)).toEqual([...once, "image-saved", "image-erased"]);
});

test("termination discards what was kept", async () => {
  const id = await launchSleeper();
  await think(id);
  const root = await rootOf(id);
  await stop(id, true);
  await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
  expect(await eventsOf(`${root}/memory`)).toEqual(["image-saved", "image-erased"]);
});

test("so does taking the root volume away", async () => {
  const id = await launchSleeper();
  await think(id);
  const root = await rootOf(id);
  await stop(id, true);
  await ec2.send(new DetachVolumeCommand({ VolumeId: root }));
  await rootOf(id);
  expect(await eventsOf(`${root}/memory`)).toEqual(["image-saved", "image-erased"]);
});

test("Windows sleeps with 16 GiB of memory at most", async () => {
  const asked = (InstanceType: "m5.xlarge" | "m5.2xlarge") =>
    launch(ec2, {
      ImageId: windows.id,
      InstanceType,
      HibernationOptions: { Configured: true },
      BlockDeviceMappings: [{ DeviceName: "/dev/sda1", Ebs: { VolumeSize: 80, Encrypted: true } }],
    });
  await refused(asked("m5.2xlarge"), "UnsupportedHibernationConfiguration", /Windows/);
  await asked("m5.xlarge");
});

test("a hibernated instance keeps its type", async () => {
  const id = await launchSleeper();
  await stop(id, true);
  const change = () =>
    ec2.send(new ModifyInstanceAttributeCommand({ InstanceId: id, InstanceType: { Value: "m5.xlarge" } }));
  await refused(change(), "UnsupportedOperation", /hibernated/);
  await start(id);
  await stop(id, false);
  await change();
});

test("it sleeps through a restart of the server; whoever was awake has forgotten everything", async () => {
  const data = mkdtempSync(join(tmpdir(), "islet-"));
  try {
    const first = await ownIslet({ memory: false, data });
    const keys = freshKeys(first);
    const client = new EC2Client(configOf(first, keys));
    const asleep = await launchSleeper(client);
    const awake = await launchSleeper(client);
    await think(asleep, first);
    await think(awake, first);
    await stop(asleep, true, client);
    await first.close();
    const second = await ownIslet({ memory: false, data });
    const again = new EC2Client(configOf(second, keys));
    await start(asleep, again);
    expect(await thought(asleep, second)).toBe(SECRET);
    expect(await thought(awake, second)).toBe(ZERO);
    await second.close();
  } finally {
    rmSync(data, { recursive: true });
  }
});
