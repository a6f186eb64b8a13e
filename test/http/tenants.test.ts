/**
 * N3 from the outside: of all that one tenant writes to memory and disks, or names in calls, nothing is in anything that
 * another one can read, be it an answer of the API, a guest's memory or disk, a console, a snapshot or a flow log.
 */
import { EBSClient, GetSnapshotBlockCommand, ListSnapshotBlocksCommand } from "@aws-sdk/client-ebs";
import { CreateLogGroupCommand, FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import {
  AttachVolumeCommand,
  CreateFlowLogsCommand,
  CreateSnapshotCommand,
  CreateVolumeCommand,
  DeleteVolumeCommand,
  DetachVolumeCommand,
  EC2Client,
  GetConsoleOutputCommand,
  TerminateInstancesCommand,
  type Instance,
} from "@aws-sdk/client-ec2";
import { Buffer } from "node:buffer";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Islet } from "../../server/index.ts";
import { ec2Handlers } from "../../server/ec2/registry.ts";
import { advanceClock } from "../clock.ts";
import { launch, shownInstance } from "../ec2/launch.ts";
import { configOf, freshKeys, ownIslet, type Keys } from "../islet.ts";
import { freshLogs } from "../logs/logs.ts";
import { operate } from "../operator.ts";
import { send } from "./send.ts";

const Region = "us-east-1";
const CANARY = "x7QnWc2LrVb9TzKpMd4FhJy6GsEa8UuN";
const KIB = 1024;
/** The forms in which an answer could have it. */
const FORMS = [
  CANARY,
  Buffer.from(CANARY).toString("hex"),
  ...[0, 1, 2].map((shift) =>
    Buffer.from(`${" ".repeat(shift)}${CANARY}`)
      .toString("base64")
      .slice(4, 4 + 36),
  ),
];
const found = (text: string): string[] => FORMS.filter((form) => text.includes(form));

/** One account, with an instance that has a local disk and a second volume. */
class Tenant {
  readonly keys: Keys;
  readonly ec2: EC2Client;
  readonly #islet: Islet;
  instance: Instance = {};
  volume = "";

  constructor(islet: Islet) {
    this.#islet = islet;
    this.keys = freshKeys(islet);
    this.ec2 = new EC2Client(configOf(islet, this.keys));
  }

  get id(): string {
    return this.instance.InstanceId ?? "";
  }

  async movesIn(mark: string): Promise<void> {
    const Tags = [{ Key: "mark", Value: mark }];
    const id = await launch(this.ec2, {
      InstanceType: "m5d.large",
      UserData: Buffer.from(mark).toString("base64"),
      TagSpecifications: [{ ResourceType: "instance", Tags }],
    });
    this.instance = await shownInstance(this.ec2, id);
    const made = await this.ec2.send(
      new CreateVolumeCommand({
        AvailabilityZone: this.instance.Placement?.AvailabilityZone,
        Size: 1,
        TagSpecifications: [{ ResourceType: "volume", Tags }],
      }),
    );
    this.volume = made.VolumeId ?? "";
    await this.ec2.send(
      new AttachVolumeCommand({ VolumeId: this.volume, InstanceId: id, Device: "/dev/sdf" }),
    );
  }

  /** Where its programs can write and read: over the borders of pages, sectors and blocks. */
  places() {
    const own = { Region, InstanceId: this.id };
    return [
      { what: "memory", own: { ...own, Address: 4 * KIB - 9 } },
      { what: "stores", own: { ...own, Device: 0, Offset: 4 * KIB - 9 } },
      { what: "volumes", own: { ...own, VolumeId: this.volume, Offset: 512 * KIB - 9 } },
    ];
  }

  async writes(text: string): Promise<void> {
    const Bytes = Buffer.from(text).toString("base64");
    for (const { what, own } of this.places())
      await operate(this.#islet, `POST ${what}/write`, { ...own, Bytes });
  }

  async leaves(): Promise<void> {
    const VolumeId = this.volume;
    await this.ec2.send(new DetachVolumeCommand({ VolumeId }));
    await this.ec2.send(new TerminateInstancesCommand({ InstanceIds: [this.id] }));
    await this.ec2.send(new DeleteVolumeCommand({ VolumeId }));
  }

  /** The host that it is on, and which frames of it are its own. */
  async frames(): Promise<unknown> {
    const { Hosts } = (await operate(this.#islet, "GET hosts", { Region })) as { Hosts: { host: string }[] };
    for (const { host } of Hosts) {
      const { Owners } = (await operate(this.#islet, "GET hosts/owners", { Region, HostId: host })) as {
        Owners: { instance: string; runs: object[] }[];
      };
      const owner = Owners.find(({ instance }) => instance === this.id);
      if (owner) return { host, runs: owner.runs };
    }
    return undefined;
  }

  /** What a call answers, as it is sent. */
  async answered(action: string, parameters: Readonly<Record<string, string>> = {}): Promise<string> {
    const body = new URLSearchParams({ Action: action, Version: "2016-11-15", ...parameters }).toString();
    return (await send(this.#islet, { keys: this.keys, body })).text;
  }

  /** All that its programs can read. */
  async reads(): Promise<string> {
    let text = "";
    for (const { what, own } of this.places()) {
      const at = what === "memory" ? { Address: 0 } : { Offset: 0 };
      const fields = { ...own, ...at, Length: 1024 * KIB };
      const { Bytes } = await operate(this.#islet, `POST ${what}/read`, fields);
      text += Buffer.from(String(Bytes), "base64").toString("latin1");
    }
    return text;
  }
}

let islet: Islet;
let a: Tenant;
let b: Tenant;
beforeAll(async () => {
  islet = await ownIslet();
  await operate(islet, "POST clock", { Frozen: true });
  [a, b] = [new Tenant(islet), new Tenant(islet)];
  await b.movesIn("b");
  await a.movesIn(CANARY);
  await a.writes(CANARY);
});
afterAll(() => islet.close());

const reading = [...ec2Handlers.keys()].filter((name) => /^(Describe|Get|List|Search)/.test(name));

test("the owner finds it in all these places", async () => {
  expect(found(await a.reads())).toEqual([CANARY]);
  expect(found(await a.answered("DescribeTags"))).toEqual([CANARY]);
  const attribute = { InstanceId: a.id, Attribute: "userData" };
  expect(found(await a.answered("DescribeInstanceAttribute", attribute))).not.toEqual([]);
});

test("no answer to another tenant has it, whoever's ids are in the call", async () => {
  expect(reading.length).toBeGreaterThan(100);
  const naming = { InstanceId: a.id, VolumeId: a.volume, Attribute: "userData", "InstanceId.1": a.id };
  for (const action of reading) {
    for (const parameters of [
      {},
      { InstanceId: a.id },
      { "InstanceId.1": a.id },
      { "VolumeId.1": a.volume },
      naming,
    ]) {
      expect(found(await b.answered(action, parameters)), action).toEqual([]);
    }
  }
});

test("nor has a console, a flow log or a packet's way", async () => {
  const { Output = "" } = await b.ec2.send(new GetConsoleOutputCommand({ InstanceId: b.id }));
  expect(found(Buffer.from(Output, "base64").toString("latin1"))).toEqual([]);
  const logs = await freshLogs(islet, b.keys);
  await logs.send(new CreateLogGroupCommand({ logGroupName: "flows" }));
  await b.ec2.send(
    new CreateFlowLogsCommand({
      ResourceType: "VPC",
      ResourceIds: [b.instance.VpcId ?? ""],
      TrafficType: "ALL",
      LogGroupName: "flows",
      DeliverLogsPermissionArn: "arn:aws:iam::123456789012:role/flow-logs",
    }),
  );
  const way = await operate(islet, "POST packets", {
    Region,
    From: a.instance.NetworkInterfaces?.[0]?.NetworkInterfaceId,
    To: b.instance.PublicIpAddress,
    Protocol: "tcp",
    Port: 443,
  });
  expect(found(JSON.stringify(way))).toEqual([]);
  await advanceClock(islet, 1200);
  const { events = [] } = await logs.send(new FilterLogEventsCommand({ logGroupName: "flows" }));
  expect(events.some(({ message = "" }) => message.includes("REJECT"))).toBe(true);
  expect(found(JSON.stringify(events))).toEqual([]);
});

test("nor has what another tenant gets when it is given up: memory, disks, snapshots", async () => {
  const before = await a.frames();
  await a.leaves();
  await b.movesIn("b");
  expect(await b.frames()).toEqual(before);
  expect(found(await b.reads())).toEqual([]);
  await b.writes("b");
  const { SnapshotId } = await b.ec2.send(new CreateSnapshotCommand({ VolumeId: b.volume }));
  const ebs = new EBSClient(configOf(islet, b.keys));
  const { Blocks = [] } = await ebs.send(new ListSnapshotBlocksCommand({ SnapshotId }));
  expect(Blocks).toHaveLength(1);
  for (const { BlockIndex, BlockToken } of Blocks) {
    const { BlockData } = await ebs.send(new GetSnapshotBlockCommand({ SnapshotId, BlockIndex, BlockToken }));
    const bytes = (await BlockData?.transformToByteArray()) ?? new Uint8Array(0);
    expect(bytes.length).toBe(512 * KIB);
    expect(found(Buffer.from(bytes).toString("latin1"))).toEqual([]);
  }
});
