/** What befalls hosts, and what becomes of the instances on them. */
import {
  DescribeInstanceStatusCommand,
  DescribeVolumeStatusCommand,
  EC2Client,
  ModifyInstanceMaintenanceOptionsCommand,
  RebootInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
  type RunInstancesCommandInput,
} from "@aws-sdk/client-ec2";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { Islet } from "../../server/index.ts";
import { advanceClock } from "../clock.ts";
import { launch, shownInstance } from "../ec2/launch.ts";
import { configOf, freshClient, freshKeys, ownIslet } from "../islet.ts";
import { operate, operationRefused } from "../operator.ts";

const islet = await ownIslet();
afterAll(() => islet.close());
const ec2 = await freshClient({ islet });
const Region = "us-east-1";

const befall = (Kind: string, fields: object, server: Islet = islet) =>
  operate(server, "POST faults", { Region, Kind, ...fields });
const statusOf = async (id: string, client = ec2) =>
  (await client.send(new DescribeInstanceStatusCommand({ InstanceIds: [id] }))).InstanceStatuses?.[0];
const stay = (id: string, client = ec2) =>
  client.send(new ModifyInstanceMaintenanceOptionsCommand({ InstanceId: id, AutoRecovery: "disabled" }));
const restart = async (id: string, client = ec2) => {
  await client.send(new StopInstancesCommand({ InstanceIds: [id] }));
  await client.send(new StartInstancesCommand({ InstanceIds: [id] }));
};
const think = (id: string, server: Islet = islet) =>
  operate(server, "POST memory/write", { Region, InstanceId: id, Address: 0, Bytes: "dGhvdWdodA==" });
const thought = async (id: string, server: Islet = islet) =>
  Buffer.from(
    String(
      (await operate(server, "POST memory/read", { Region, InstanceId: id, Address: 0, Length: 7 }))["Bytes"],
    ),
    "base64",
  ).toString();
const NOTHING = "\0".repeat(7);
const ok = { Status: "ok" };
const impaired = {
  Status: "impaired",
  Details: [{ Name: "reachability", Status: "failed", ImpairedSince: expect.any(Date) as Date }],
};

/** The host that an instance is on. */
async function hostOf(id: string, server: Islet = islet): Promise<string> {
  const { Hosts } = (await operate(server, "GET hosts", { Region })) as { Hosts: { host: string }[] };
  for (const { host } of Hosts) {
    const { Owners } = await operate(server, "GET hosts/owners", { Region, HostId: host });
    if ((Owners as { instance: string }[]).some(({ instance }) => instance === id)) return host;
  }
  return "";
}

/** Of a family that no other test uses: its host is its own. */
const alone = (InstanceType: RunInstancesCommandInput["InstanceType"], client = ec2) =>
  launch(client, { InstanceType });

describe("what it refuses", () => {
  test("faults there are none of, of what is not there", async () => {
    const ask = (fields: object, code: string) =>
      operationRefused(islet, "POST faults", { Region, Kind: "host-failure", ...fields }, code);
    await ask({ Kind: "flood" }, "InvalidParameterValue");
    await ask({ Kind: "host-failure", Zone: "us-east-1a" }, "UnknownParameter");
    await ask({}, "MissingParameter");
    await ask({ HostId: "h-1" }, "InvalidHostID.NotFound");
    await ask({ Kind: "host-repair", HostId: "h-1" }, "InvalidHostID.NotFound");
    await ask({ InstanceId: "i-1" }, "InvalidInstanceID.NotFound");
    await ask({ Kind: "instance-failure" }, "MissingParameter");
    await ask({ Kind: "volume-failure" }, "MissingParameter");
    await ask({ Kind: "memory-failure", HostId: "h-1", Frame: 5000 }, "InvalidHostID.NotFound");
    const host = await hostOf(await alone("m6i.large"));
    await ask({ Kind: "memory-failure", HostId: host }, "InvalidParameterValue");
    await ask({ Kind: "memory-failure", HostId: host, Frame: 0 }, "InvalidParameterValue");
    await ask({ Kind: "volume-failure", VolumeId: "vol-1" }, "InvalidVolume.NotFound");
    await ask({ Region: "mars-1" }, "InvalidParameterValue");
  });
});

describe("a frame that fails", () => {
  test("serves who has it until the end, and nobody after that", async () => {
    const id = await alone("c6i.large");
    const HostId = await hostOf(id);
    const viewed = async () => {
      const { Hosts } = (await operate(islet, "GET hosts", { Region })) as {
        Hosts: { host: string; frames: { offline: number } }[];
      };
      return Hosts.find(({ host }) => host === HostId)?.frames.offline;
    };
    const runsOn = async (host: string) => {
      const { Owners } = (await operate(islet, "GET hosts/owners", { Region, HostId: host })) as {
        Owners: { runs: { start: number; count: number }[] }[];
      };
      return Owners[0]?.runs ?? [];
    };
    const { start = 0, count = 0 } = (await runsOn(HostId))[0] ?? {};
    expect(await befall("memory-failure", { HostId, Frame: start + count })).toEqual({ Instances: [] });
    expect(await befall("memory-failure", { HostId, Frame: start })).toEqual({ Instances: [id] });
    expect(await viewed()).toBe(1);
    const { Hosts } = await operate(islet, "GET faults", { Region });
    expect(Hosts).toContainEqual({ HostId, State: "available", BrokenFrames: 2 });
    await think(id);
    expect(await thought(id)).toBe("thought");
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
    expect(await viewed()).toBe(2);
    const broken = [start, start + count];
    const runs = await runsOn(await hostOf(await alone("c6i.large")));
    expect(runs.length).toBeGreaterThan(0);
    expect(runs.filter((run) => broken.some((at) => run.start <= at && at < run.start + run.count))).toEqual(
      [],
    );
  });
});

describe("a host that fails", () => {
  test("loses its instances, which are recovered on another one as they were, but for their memory", async () => {
    const id = await alone("c5.large");
    const before = await shownInstance(ec2, id);
    const host = await hostOf(id);
    await think(id);
    expect(await befall("host-failure", { HostId: host })).toEqual({ Instances: [id] });
    expect(await statusOf(id)).toMatchObject({ SystemStatus: ok, InstanceStatus: ok });
    expect(await shownInstance(ec2, id)).toEqual(before);
    expect(await hostOf(id)).not.toBe(host);
    expect(await thought(id)).toBe(NOTHING);
    const { Hosts } = await operate(islet, "GET faults", { Region });
    expect(Hosts).toContainEqual({ HostId: host, State: "failed" });
    await befall("host-repair", { HostId: host });
    const { Hosts: left } = await operate(islet, "GET faults", { Region });
    expect(left).not.toContainEqual({ HostId: host, State: "failed" });
  });

  test("leaves those impaired that are not to be recovered, or cannot be, until it is repaired", async () => {
    const [unwilling, withDisk] = [await alone("r5.large"), await alone("r5d.large")];
    await stay(unwilling);
    for (const id of [unwilling, withDisk]) {
      const host = await hostOf(id);
      await think(id);
      await befall("host-failure", { InstanceId: id });
      expect(await statusOf(id)).toMatchObject({
        InstanceState: { Name: "running" },
        SystemStatus: impaired,
        InstanceStatus: impaired,
        AttachedEbsStatus: { Status: "insufficient-data" },
      });
      const off = { Region, InstanceId: id, Address: 0, Length: 1 };
      await operationRefused(islet, "POST memory/read", off, "InvalidRequest", /on no host/);
      const { Instances } = await operate(islet, "GET faults", { Region });
      expect(Instances).toContainEqual({ InstanceId: id, FailedHost: host });
      expect(await befall("host-repair", { HostId: host })).toEqual({ Instances: [id] });
      expect(await statusOf(id)).toMatchObject({
        SystemStatus: ok,
        InstanceStatus: ok,
        AttachedEbsStatus: ok,
      });
      expect(await thought(id)).toBe(NOTHING);
    }
  });

  test("is left behind by who stops and starts", async () => {
    const id = await alone("m5a.large");
    await stay(id);
    const host = await hostOf(id);
    await befall("host-failure", { HostId: host });
    await restart(id);
    expect(await statusOf(id)).toMatchObject({ SystemStatus: ok, InstanceStatus: ok });
    expect(await hostOf(id)).not.toBe(host);
  });

  test("lets nobody hibernate: a normal shutdown occurs", async () => {
    const id = await launch(ec2, {
      InstanceType: "m6i.large",
      HibernationOptions: { Configured: true },
      BlockDeviceMappings: [{ DeviceName: "/dev/xvda", Ebs: { VolumeSize: 20, Encrypted: true } }],
    });
    await stay(id);
    await befall("host-failure", { InstanceId: id });
    await ec2.send(new StopInstancesCommand({ InstanceIds: [id], Hibernate: true }));
    expect(await shownInstance(ec2, id)).toMatchObject({
      State: { Name: "stopped" },
      StateReason: { Code: "Client.UserInitiatedShutdown" },
    });
  });

  test("is seen to have failed before it is recovered from, at a real pace", async () => {
    const slow = await ownIslet({ pace: "real" });
    try {
      const client = await freshClient({ islet: slow });
      const id = await alone("c5.large", client);
      await advanceClock(slow, 200);
      await befall("host-failure", { InstanceId: id }, slow);
      expect(await statusOf(id, client)).toMatchObject({ SystemStatus: impaired });
      await advanceClock(slow, 200);
      expect(await statusOf(id, client)).toMatchObject({ SystemStatus: ok });
    } finally {
      await slow.close();
    }
  });

  test("is still waited for after a restart of the server", async () => {
    const data = mkdtempSync(join(tmpdir(), "islet-"));
    try {
      const first = await ownIslet({ memory: false, data });
      const keys = freshKeys(first);
      const client = new EC2Client(configOf(first, keys));
      const id = await alone("c5.large", client);
      await stay(id, client);
      const host = await hostOf(id, first);
      await befall("host-failure", { HostId: host }, first);
      await first.close();
      const second = await ownIslet({ memory: false, data });
      const again = new EC2Client(configOf(second, keys));
      expect(await statusOf(id, again)).toMatchObject({ SystemStatus: impaired });
      await befall("host-repair", { HostId: host }, second);
      expect(await statusOf(id, again)).toMatchObject({ SystemStatus: ok });
      expect(await thought(id, second)).toBe(NOTHING);
      await second.close();
    } finally {
      rmSync(data, { recursive: true });
    }
  });
});

describe("a host that retires", () => {
  test("schedules its instances for retirement; who stops and starts moves away, and it goes", async () => {
    const id = await alone("i3en.large");
    const host = await hostOf(id);
    await think(id);
    const { Events } = await befall("host-retirement", { HostId: host });
    expect(await statusOf(id)).toMatchObject({
      SystemStatus: ok,
      Events: [
        {
          InstanceEventId: (Events as string[])[0],
          Code: "instance-retirement",
          Description: "The instance is running on degraded hardware",
        },
      ],
    });
    expect(await thought(id)).toBe("thought");
    const { Hosts } = await operate(islet, "GET faults", { Region });
    expect(Hosts).toContainEqual({ HostId: host, State: "retiring" });
    const neighbour = await alone("i3en.large");
    expect(await hostOf(neighbour)).not.toBe(host);
    await restart(id);
    expect(await hostOf(id)).not.toBe(host);
    expect((await statusOf(id))?.Events).toMatchObject([{ Description: /^\[Completed\]/ }]);
    const { Hosts: left } = (await operate(islet, "GET hosts", { Region })) as { Hosts: { host: string }[] };
    expect(left.map((each) => each.host)).not.toContain(host);
  });

  test("takes its instances down when it is time", async () => {
    const own = await ownIslet();
    try {
      const client = await freshClient({ islet: own });
      const id = await alone("c5.large", client);
      await befall("host-retirement", { InstanceId: id }, own);
      await advanceClock(own, 15 * 24 * 3600);
      expect(await shownInstance(client, id)).toMatchObject({
        State: { Name: "stopped" },
        StateReason: { Code: "Server.ScheduledStop" },
      });
    } finally {
      await own.close();
    }
  });
});

describe("an instance or a volume that fails", () => {
  test("fails its own check alone, until it is rebooted or repaired", async () => {
    const id = await launch(ec2);
    await befall("instance-failure", { InstanceId: id });
    expect(await statusOf(id)).toMatchObject({
      SystemStatus: ok,
      InstanceStatus: impaired,
      AttachedEbsStatus: ok,
    });
    await ec2.send(new RebootInstancesCommand({ InstanceIds: [id] }));
    expect(await statusOf(id)).toMatchObject({ InstanceStatus: ok });
    await befall("instance-failure", { InstanceId: id });
    await befall("instance-repair", { InstanceId: id });
    expect(await statusOf(id)).toMatchObject({ InstanceStatus: ok });
  });

  test("is seen by the check of attached volumes, and in the volume's own status", async () => {
    const id = await launch(ec2);
    const VolumeId = (await shownInstance(ec2, id)).BlockDeviceMappings?.[0]?.Ebs?.VolumeId ?? "";
    const volumeStatus = async () =>
      (await ec2.send(new DescribeVolumeStatusCommand({ VolumeIds: [VolumeId] }))).VolumeStatuses?.[0]
        ?.VolumeStatus;
    expect(await befall("volume-failure", { VolumeId })).toEqual({ Volumes: [VolumeId] });
    expect(await statusOf(id)).toMatchObject({ InstanceStatus: ok, AttachedEbsStatus: impaired });
    expect(await volumeStatus()).toMatchObject({ Status: "impaired" });
    const { Volumes } = await operate(islet, "GET faults", { Region });
    expect(Volumes).toMatchObject([{ VolumeId }]);
    await befall("volume-repair", { VolumeId });
    expect(await statusOf(id)).toMatchObject({ AttachedEbsStatus: ok });
    expect(await volumeStatus()).toMatchObject({ Status: "ok" });
  });
});
