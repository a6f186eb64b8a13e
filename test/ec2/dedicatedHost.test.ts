import {
  AllocateHostsCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DescribeHostsCommand,
  DescribeInstancesCommand,
  DescribeMacHostsCommand,
  EC2Client,
  ModifyHostsCommand,
  ModifyInstancePlacementCommand,
  ReleaseHostsCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
  type AllocateHostsCommandInput,
  type Host,
  type ModifyHostsCommandInput,
  type ModifyHostsCommandOutput,
  type ModifyInstancePlacementCommandInput,
  type Placement,
} from "@aws-sdk/client-ec2";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Islet } from "../../server/index.ts";
import { advanceClock } from "../clock.ts";
import { configOf, freshClient, freshKeys, ownIslet, refused, sharedIslet } from "../islet.ts";
import { operate } from "../operator.ts";
import { withOwn } from "../ownServer.ts";
import { note } from "../seen.ts";
import { launch, launchAll, launchStopped, shownInstance } from "./launch.ts";
import { hardware, placeOf } from "./placeOf.ts";

const islet = await sharedIslet();
const ec2 = await freshClient();
const ZONE = "us-east-1a";

async function allocate(asked: AllocateHostsCommandInput = {}, client = ec2): Promise<string[]> {
  const what = asked.InstanceFamily === undefined ? { InstanceType: "m5.large" } : {};
  const { HostIds = [] } = await client.send(
    new AllocateHostsCommand({ AvailabilityZone: ZONE, Quantity: 1, ...what, ...asked }),
  );
  return HostIds;
}

const allocateOne = async (asked?: AllocateHostsCommandInput, client = ec2): Promise<string> =>
  (await allocate(asked, client))[0] ?? "";

async function shownHost(id: string, client = ec2): Promise<Host> {
  const { Hosts = [] } = await client.send(new DescribeHostsCommand({ HostIds: [id] }));
  return Hosts[0] ?? {};
}

/** Errors within an answer are seen, too. */
function noteAll<Answer extends ModifyHostsCommandOutput>(operation: string, answer: Answer): Answer {
  for (const { Error } of answer.Unsuccessful ?? []) {
    note(operation, Error?.Code?.replace("Client.", "") ?? "");
  }
  return answer;
}

const release = async (HostIds: string[], client = ec2) =>
  noteAll("ReleaseHosts", await client.send(new ReleaseHostsCommand({ HostIds })));

const modify = async (HostIds: string[], asked: Omit<ModifyHostsCommandInput, "HostIds">) =>
  noteAll("ModifyHosts", await ec2.send(new ModifyHostsCommand({ HostIds, ...asked })));

const onHost = (placement: Placement = {}, InstanceType: "m5.large" | "m5.xlarge" = "m5.large") => ({
  InstanceType,
  Placement: { Tenancy: "host" as const, ...placement },
});

const stop = (id: string, client = ec2) => client.send(new StopInstancesCommand({ InstanceIds: [id] }));
const start = (id: string, client = ec2) => client.send(new StartInstancesCommand({ InstanceIds: [id] }));
const place = (InstanceId: string, asked: Omit<ModifyInstancePlacementCommandInput, "InstanceId">) =>
  ec2.send(new ModifyInstancePlacementCommand({ InstanceId, ...asked }));

const shownPlacement = async (id: string) => (await shownInstance(ec2, id)).Placement;

describe("what it refuses to parse", () => {
  const code = "InvalidParameterValue";
  test.each<[string, AllocateHostsCommandInput, string]>([
    ["no type", { InstanceType: undefined }, "MissingParameter"],
    [
      "a type and a family",
      { InstanceType: "m5.large", InstanceFamily: "m5" },
      "InvalidParameterCombination",
    ],
    ["another type", { InstanceType: "m5.tiny" }, code],
    ["another family", { InstanceFamily: "m" }, code],
    ["no zone", { AvailabilityZone: undefined }, "MissingParameter"],
    ["another zone", { AvailabilityZone: "us-east-1z" }, code],
    ["two zones", { AvailabilityZoneId: "use1-az6" }, "InvalidParameterCombination"],
    ["no number", { Quantity: undefined }, "MissingParameter"],
    ["less than one", { Quantity: 0 }, code],
    ["assets of no Outpost", { AssetIds: ["a"] }, "InvalidParameterCombination"],
    ["AMD SEV-SNP of another type", { CpuOptions: { AmdSevSnp: "enabled" } }, "InvalidParameterCombination"],
    [
      "AMD SEV-SNP of another family",
      { InstanceFamily: "m5", CpuOptions: { AmdSevSnp: "enabled" } },
      "InvalidParameterCombination",
    ],
    ["an Outpost", { OutpostArn: "arn:x" }, "InvalidOutpostArn.NotFound"],
  ])("%s", async (_, asked, expected) => {
    await refused(allocate(asked), expected);
  });

  test("an id that is none", async () => {
    await refused(shownHost("h-x"), "InvalidHostID.Malformed", 'Invalid id: "h-x" (expecting "h-...")');
  });
});

describe("what it refuses to do", () => {
  test("hosts of types that have none, and more than there are", async () => {
    await refused(allocate({ InstanceType: "t3a.micro" }), "UnsupportedHostConfiguration");
    await refused(allocate({ InstanceFamily: "m4" }), "UnsupportedHostConfiguration");
    const own = await ownIslet();
    try {
      const client = await freshClient({ islet: own });
      await refused(
        allocate({ Quantity: 1001 }, client),
        "InsufficientHostCapacity",
        /Dedicated Host request/,
      );
      expect(await hardware(own)).toEqual({ hosts: 0, instances: 0, held: 0 });
    } finally {
      await own.close();
    }
  });

  test("a launch onto a host that does not take it", async () => {
    const [small, elsewhere] = await Promise.all([
      allocateOne(),
      allocateOne({ AvailabilityZone: "us-east-1b" }),
    ]);
    const stranger = await freshClient();
    const HostId = small;
    await refused(
      launch(ec2, { Placement: { HostId } }),
      "InvalidParameterCombination",
      "The parameter hostId cannot be used without specifying a tenancy of 'host'",
    );
    await refused(
      launch(ec2, { Placement: { Affinity: "default" } }),
      "InvalidParameterCombination",
      "The parameter affinity cannot be used without specifying a tenancy of 'host'",
    );
    await refused(launch(ec2, onHost({ Affinity: "near" })), "InvalidParameterValue");
    await refused(launch(ec2, onHost({ HostId }, "m5.xlarge")), "UnsupportedInstanceTypeOnHost");
    await refused(launch(ec2, onHost({ HostId: elsewhere })), "ZonesMismatched");
    await refused(launch(stranger, onHost({ HostId })), "InvalidHostID.NotFound");
    // It takes those only that name it.
    await refused(
      launch(ec2, onHost()),
      "InsufficientHostCapacity",
      /^You do not have a host with a matching configuration and sufficient capacity\./,
    );
    await refused(
      launch(ec2, {
        ...onHost(),
        CapacityReservationSpecification: { CapacityReservationPreference: "capacity-reservations-only" },
      }),
      "InvalidParameterCombination",
    );
    await release([small, elsewhere]);
    await refused(launch(ec2, onHost({ HostId })), "InvalidHostState");
  });

  test("more instances than a host has room for, and leaves nothing of them", async () => {
    const own = await ownIslet();
    try {
      const client = await freshClient({ islet: own });
      const HostId = await allocateOne({}, client);
      await refused(
        launchAll(client, { ...onHost({ HostId }), MinCount: 49, MaxCount: 49 }),
        "InsufficientCapacityOnHost",
        `Dedicated host ${HostId} has insufficient capacity to launch the instances in this request.`,
      );
      expect(await hardware(own)).toEqual({ hosts: 1, instances: 0, held: 0 });
      const launched = await launchAll(client, { ...onHost({ HostId }), MinCount: 1, MaxCount: 60 });
      expect(launched).toHaveLength(48);
      const { AvailableCapacity } = await shownHost(HostId, client);
      expect(AvailableCapacity).toEqual({
        AvailableInstanceCapacity: [{ InstanceType: "m5.large", AvailableCapacity: 0, TotalCapacity: 48 }],
        AvailableVCpus: 0,
      });
    } finally {
      await own.close();
    }
  });

  test("to release or to change a host as it is", async () => {
    const HostId = await allocateOne();
    const id = await launch(ec2, onHost({ HostId }));
    const unknown = "h-0123456789abcdef0";
    expect(await release([HostId, unknown])).toMatchObject({
      Successful: [],
      Unsuccessful: [
        {
          ResourceId: HostId,
          Error: {
            Code: "Client.InvalidHost.Occupied",
            Message: `Dedicated host '${HostId}' cannot be released as it is occupied.`,
          },
        },
        { ResourceId: unknown, Error: { Code: "Client.InvalidHostID.NotFound" } },
      ],
    });
    await refused(modify([HostId], {}), "MissingParameter");
    expect(await modify([HostId], { InstanceType: "m5.xlarge" })).toMatchObject({
      Unsuccessful: [{ Error: { Code: "Client.InvalidHostConfiguration" } }],
    });
    expect(await modify([HostId], { InstanceFamily: "c5" })).toMatchObject({
      Unsuccessful: [{ Error: { Code: "Client.InvalidHostConfiguration" } }],
    });
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
    expect(await release([HostId])).toMatchObject({ Successful: [HostId], Unsuccessful: [] });
    expect(await release([HostId])).toMatchObject({
      Unsuccessful: [{ Error: { Code: "Client.InvalidHostState" } }],
    });
  });

  test("tenancy host is for good", async () => {
    const HostId = await allocateOne();
    const id = await launchStopped(ec2, onHost({ HostId }));
    await refused(place(id, { Tenancy: "default" }), "InvalidRequest");
    await refused(place(id, { HostId: "h-0123456789abcdef0" }), "InvalidHostID.NotFound");
    const burstable = await launchStopped(ec2, { InstanceType: "t2.micro" });
    await refused(place(burstable, { Tenancy: "host" }), "UnsupportedHostConfiguration");
  });

  test("unlimited credits", async () => {
    const HostId = await allocateOne({ InstanceFamily: "t3" });
    const asked = { InstanceType: "t3.micro", Placement: { Tenancy: "host", HostId } } as const;
    await refused(
      launch(ec2, { ...asked, CreditSpecification: { CpuCredits: "unlimited" } }),
      "InvalidParameterCombination",
    );
    await launch(ec2, asked);
  });

  test("a Mac within its first day", async () => {
    const own = await ownIslet();
    try {
      const client = await freshClient({ islet: own });
      const HostId = await allocateOne({ InstanceType: "mac1.metal" }, client);
      const answer = await release([HostId], client);
      expect(answer.Unsuccessful?.[0]?.Error?.Code).toBe("Client.HostMinAllocationPeriodUnexpired");
      expect(answer.Unsuccessful?.[0]?.Error?.Message).toMatch(
        new RegExp(
          `^Unable to release Dedicated Host ${HostId}. mac1.metal hosts must be allocated to your AWS account for at least 24 hour\\(s\\)\\. You can release this host any time after \\d{4}-`,
        ),
      );
      await advanceClock(own, 24 * 3600);
      expect(await release([HostId], client)).toMatchObject({ Successful: [HostId] });
    } finally {
      await own.close();
    }
  });
});

describe("what it does", () => {
  test("a host is shown with its hardware, its room and what runs there", async () => {
    const HostId = await allocateOne({
      AutoPlacement: "off",
      HostRecovery: "on",
      HostMaintenance: "off",
      ClientToken: "token-1",
      TagSpecifications: [{ ResourceType: "dedicated-host", Tags: [{ Key: "k", Value: "v" }] }],
    });
    const id = await launch(ec2, onHost({ HostId }));
    expect(await shownHost(HostId)).toEqual({
      HostId,
      OwnerId: expect.stringMatching(/^\d{12}$/) as unknown,
      State: "available",
      AvailabilityZone: ZONE,
      AvailabilityZoneId: "use1-az6",
      AutoPlacement: "off",
      HostRecovery: "on",
      HostMaintenance: "off",
      AllowsMultipleInstanceTypes: "off",
      HostProperties: {
        Cores: 48,
        InstanceFamily: undefined,
        InstanceType: "m5.large",
        Sockets: 2,
        TotalVCpus: 96,
      },
      AvailableCapacity: {
        AvailableInstanceCapacity: [{ InstanceType: "m5.large", AvailableCapacity: 47, TotalCapacity: 48 }],
        AvailableVCpus: 94,
      },
      Instances: [{ InstanceId: id, InstanceType: "m5.large", OwnerId: expect.any(String) as unknown }],
      AllocationTime: expect.any(Date) as unknown,
      ClientToken: "token-1",
      MemberOfServiceLinkedResourceGroup: false,
      Tags: [{ Key: "k", Value: "v" }],
    });
    expect(await shownPlacement(id)).toMatchObject({ Tenancy: "host", HostId, Affinity: "default" });
    expect((await placeOf(islet, id))?.host).toBe(HostId);
    const { Reservations } = await ec2.send(
      new DescribeInstancesCommand({ Filters: [{ Name: "host-id", Values: [HostId] }] }),
    );
    expect(Reservations?.[0]?.Instances?.[0]?.InstanceId).toBe(id);
  });

  test("with AMD SEV-SNP, one takes instances with it and without it; others take none with it", async () => {
    const [m6a, AutoPlacement] = [{ InstanceFamily: "m6a" }, "on" as const];
    const plain = await allocateOne({ ...m6a, AutoPlacement, CpuOptions: { AmdSevSnp: "disabled" } });
    const other = await allocateOne(m6a);
    const HostId = await allocateOne({ ...m6a, AutoPlacement, CpuOptions: { AmdSevSnp: "enabled" } });
    expect(await shownHost(HostId)).toMatchObject({
      State: "available",
      CpuOptions: { AmdSevSnp: "enabled" },
    });
    expect((await shownHost(plain)).CpuOptions).toEqual({ AmdSevSnp: "disabled" });
    expect(await shownHost(other)).not.toHaveProperty("CpuOptions");
    const asked = (placement: Placement = {}, AmdSevSnp: "enabled" | "disabled" = "enabled") => ({
      InstanceType: "m6a.large" as const,
      CpuOptions: { AmdSevSnp },
      Placement: { Tenancy: "host" as const, ...placement },
    });
    const id = await launch(ec2, asked());
    expect((await shownPlacement(id))?.HostId).toBe(HostId);
    expect((await shownPlacement(await launch(ec2, asked({}, "disabled"))))?.HostId).toBe(plain);
    expect((await shownPlacement(await launch(ec2, asked({ HostId }, "disabled"))))?.HostId).toBe(HostId);
    const code = "InvalidParameterCombination";
    const message = `The Dedicated Host '${plain}' does not support AMD SEV-SNP.`;
    await refused(launch(ec2, asked({ HostId: plain })), code, message);
    await stop(id);
    await refused(place(id, { HostId: plain }), code, message);
    await start(id);
    expect((await shownPlacement(id))?.HostId).toBe(HostId);
  });

  test("with AMD SEV-SNP, one is not changed to a type that does not support it", async () => {
    const HostId = await allocateOne({ InstanceFamily: "m6a", CpuOptions: { AmdSevSnp: "enabled" } });
    const { Unsuccessful } = await modify([HostId], { InstanceType: "m6a.48xlarge" });
    expect(Unsuccessful?.[0]?.Error).toEqual({
      Code: "Client.InvalidParameterCombination",
      Message: "The instance type 'm6a.48xlarge' does not support AMD SEV-SNP.",
    });
    expect((await modify([HostId], { InstanceType: "m6a.xlarge" })).Successful).toEqual([HostId]);
  });

  test("with AMD SEV-SNP, one is configured first", () =>
    withOwn(
      async (own, client) => {
        const asked = { InstanceType: "m6a.large", CpuOptions: { AmdSevSnp: "enabled" } } as const;
        const HostId = await allocateOne(asked, client);
        const unwanted = await allocateOne(asked, client);
        expect((await shownHost(HostId, client)).State).toBe("configuring");
        const onIt = { InstanceType: "m6a.large", Placement: { Tenancy: "host", HostId } } as const;
        await refused(launch(client, onIt), "InvalidHostState");
        await release([unwanted], client);
        await advanceClock(own, 900);
        expect((await shownHost(unwanted, client)).State).toBe("released");
        expect((await shownHost(HostId, client)).State).toBe("available");
        await launch(client, onIt);
      },
      { pace: "real" },
    ));

  test("a host of a family takes all its types, as far as there is room", async () => {
    const HostId = await allocateOne({ InstanceFamily: "m5", AutoPlacement: "on" });
    await launch(ec2, { ...onHost({ HostId }), InstanceType: "m5.12xlarge" });
    const { AvailableCapacity, HostProperties } = await shownHost(HostId);
    expect(HostProperties?.InstanceType).toBeUndefined();
    expect(
      AvailableCapacity?.AvailableInstanceCapacity?.filter(({ InstanceType }) =>
        /\.(?:large|12xlarge|24xlarge)$/.test(InstanceType ?? ""),
      ),
    ).toEqual([
      { InstanceType: "m5.12xlarge", AvailableCapacity: 1, TotalCapacity: 2 },
      { InstanceType: "m5.24xlarge", AvailableCapacity: 0, TotalCapacity: 1 },
      { InstanceType: "m5.large", AvailableCapacity: 24, TotalCapacity: 48 },
    ]);
    await refused(
      launch(ec2, { ...onHost({ HostId }), InstanceType: "m5.24xlarge" }),
      "InsufficientCapacityOnHost",
    );
    await modify([HostId], { AutoPlacement: "off" });
  });

  test("nobody but its owner is on it, and only with tenancy host", async () => {
    const HostId = await allocateOne();
    const id = await launch(ec2, { InstanceType: "m5.large", Placement: { Tenancy: "dedicated" } });
    expect((await placeOf(islet, id))?.host).not.toBe(HostId);
    expect((await shownHost(HostId)).Instances).toEqual([]);
  });

  test("hosts with auto-placement take what names none, the others do not", async () => {
    const client = await freshClient();
    const [closed, open] = [
      await allocateOne({}, client),
      await allocateOne({ AutoPlacement: "on" }, client),
    ];
    const id = await launch(client, onHost());
    expect((await placeOf(islet, id))?.host).toBe(open);
    // Without affinity it goes back to where it was, though the host takes nobody else any more.
    await client.send(new ModifyHostsCommand({ HostIds: [open], AutoPlacement: "off" }));
    await client.send(new ModifyHostsCommand({ HostIds: [closed], AutoPlacement: "on" }));
    await stop(id, client);
    await start(id, client);
    expect((await placeOf(islet, id))?.host).toBe(open);
    await stop(id, client);
    expect((await shownInstance(client, id)).Placement?.HostId).toBeUndefined();
    await release([open], client);
    await start(id, client);
    expect((await shownInstance(client, id)).Placement?.HostId).toBe(closed);
  });

  test("with affinity an instance starts on its host or nowhere", async () => {
    const [one, other] = await allocate({ Quantity: 2, AutoPlacement: "on" });
    const id = await launch(ec2, onHost({ HostId: one, Affinity: "host" }));
    await stop(id);
    expect(await shownPlacement(id)).toMatchObject({ HostId: one, Affinity: "host" });
    await modify([one ?? ""], { InstanceType: "m5.xlarge" });
    await refused(start(id), "UnsupportedInstanceTypeOnHost");
    await place(id, { HostId: other });
    await start(id);
    expect(await shownPlacement(id)).toMatchObject({ HostId: other, Affinity: "host" });
    // Affinity can be changed while it runs.
    await place(id, { Affinity: "default" });
    await stop(id);
    expect((await shownPlacement(id))?.HostId).toBeUndefined();
    await place(id, { Affinity: "host", HostId: other });
    await start(id);
    expect(await shownPlacement(id)).toMatchObject({ HostId: other, Affinity: "host" });
    await modify([one ?? "", other ?? ""], { AutoPlacement: "off" });
  });

  test("an instance moves from shared hardware to a host", async () => {
    const HostId = await allocateOne();
    const id = await launchStopped(ec2, { InstanceType: "m5.large" });
    await place(id, { Tenancy: "host", HostId, Affinity: "host" });
    await start(id);
    expect((await placeOf(islet, id))?.host).toBe(HostId);
    expect(await shownPlacement(id)).toMatchObject({ Tenancy: "host", HostId, Affinity: "host" });
  });

  test("a VPC of dedicated tenancy has dedicated instances, or such on hosts", async () => {
    const { Vpc } = await ec2.send(
      new CreateVpcCommand({ CidrBlock: "10.0.0.0/16", InstanceTenancy: "dedicated" }),
    );
    const { Subnet } = await ec2.send(
      new CreateSubnetCommand({ VpcId: Vpc?.VpcId, CidrBlock: "10.0.0.0/24", AvailabilityZone: ZONE }),
    );
    const SubnetId = Subnet?.SubnetId;
    const HostId = await allocateOne();
    const id = await launch(ec2, { SubnetId, InstanceType: "m5.large" });
    expect((await shownPlacement(id))?.Tenancy).toBe("dedicated");
    const other = await launch(ec2, { SubnetId, ...onHost({ HostId }) });
    expect((await shownPlacement(other))?.Tenancy).toBe("host");
  });

  test("hosts are filtered, in pages; a released one is shown for a while", async () => {
    const own = await ownIslet();
    try {
      const client = await freshClient({ islet: own });
      const ids = await allocate({ Quantity: 7, ClientToken: "seven" }, client);
      const [first = ""] = ids;
      await release([first], client);
      const by = async (Name: string, value: string) => {
        const { Hosts = [] } = await client.send(
          new DescribeHostsCommand({ Filter: [{ Name, Values: [value] }] }),
        );
        return Hosts.length;
      };
      expect(await shownHost(first, client)).toMatchObject({
        State: "released",
        ReleaseTime: expect.any(Date) as unknown,
      });
      expect(await by("state", "released")).toBe(1);
      expect(await by("instance-type", "m5.large")).toBe(7);
      expect(await by("auto-placement", "on")).toBe(0);
      expect(await by("availability-zone", ZONE)).toBe(7);
      expect(await by("client-token", "seven")).toBe(7);
      expect(await by("host-reservation-id", "*")).toBe(0);
      const page = await client.send(new DescribeHostsCommand({ MaxResults: 5 }));
      const { NextToken } = page;
      const rest = await client.send(new DescribeHostsCommand({ MaxResults: 5, NextToken }));
      expect([...(page.Hosts ?? []), ...(rest.Hosts ?? [])].map(({ HostId }) => HostId)).toEqual(ids);
      expect((await hardware(own)).hosts).toBe(6);
      await advanceClock(own, 3600);
      await refused(shownHost(first, client), "InvalidHostID.NotFound");
      await operate(own, "POST reset", { Region: "us-east-1" });
      expect((await hardware(own)).hosts).toBe(0);
    } finally {
      await own.close();
    }
  });

  test("Mac hosts are described by themselves, without what else they are found by", async () => {
    const HostId = await allocateOne({ InstanceType: "mac1.metal" });
    const { MacHosts } = await ec2.send(
      new DescribeMacHostsCommand({ Filters: [{ Name: "instance-type", Values: ["mac1.metal"] }] }),
    );
    expect(MacHosts).toEqual([
      { HostId, MacOSLatestSupportedVersions: expect.arrayContaining(["14.4"]) as unknown },
    ]);
    const other = await ec2.send(
      new DescribeMacHostsCommand({ Filters: [{ Name: "availability-zone", Values: ["us-east-1b"] }] }),
    );
    expect(other.MacHosts).toEqual([]);
  });

  test("host recovery brings instances to another host that is like the one that failed", async () => {
    const own = await ownIslet();
    try {
      const client = await freshClient({ islet: own });
      const Tags = [{ Key: "Name", Value: "db" }];
      const [kept, lost] = [
        await allocateOne(
          { HostRecovery: "on", TagSpecifications: [{ ResourceType: "dedicated-host", Tags }] },
          client,
        ),
        await allocateOne({}, client),
      ];
      const safe = await launch(client, onHost({ HostId: kept, Affinity: "host" }));
      const gone = await launch(client, onHost({ HostId: lost }));
      for (const HostId of [kept, lost]) {
        await operate(own, "POST faults", { Region: "us-east-1", Kind: "host-failure", HostId });
      }
      const { Hosts = [] } = await client.send(new DescribeHostsCommand({}));
      expect(Hosts.map(({ State }) => State)).toEqual([
        "released-permanent-failure",
        "permanent-failure",
        "available",
      ]);
      const replacement = Hosts[2]?.HostId ?? "";
      expect(Hosts[2]).toMatchObject({ HostRecovery: "on", Tags });
      expect((await shownInstance(client, safe)).Placement?.HostId).toBe(replacement);
      expect((await placeOf(own, safe))?.host).toBe(replacement);
      expect(await placeOf(own, gone)).toBeUndefined();
      await refused(launch(client, onHost({ HostId: lost })), "InvalidHostState");
    } finally {
      await own.close();
    }
  });

  test("a restart of the server racks the hosts again, with what ran there", async () => {
    const data = mkdtempSync(join(tmpdir(), "islet-"));
    const options = { memory: false, data } as const;
    try {
      const before = await ownIslet(options);
      const keys = freshKeys(before);
      const client = new EC2Client(configOf(before, keys));
      const HostId = await allocateOne({}, client);
      const released = await allocateOne({}, client);
      await release([released], client);
      const running = await launch(client, onHost({ HostId }));
      const stopped = await launchStopped(client, onHost({ HostId, Affinity: "host" }));
      await before.close();

      const after: Islet = await ownIslet(options);
      const again = new EC2Client(configOf(after, keys));
      expect((await placeOf(after, running))?.host).toBe(HostId);
      await start(stopped, again);
      expect((await placeOf(after, stopped))?.host).toBe(HostId);
      expect((await hardware(after)).hosts).toBe(1);
      await again.send(new TerminateInstancesCommand({ InstanceIds: [running, stopped] }));
      expect(await release([HostId], again)).toMatchObject({ Successful: [HostId] });
      expect((await hardware(after)).hosts).toBe(0);
      await after.close();
    } finally {
      rmSync(data, { recursive: true, force: true });
    }
  });
});
