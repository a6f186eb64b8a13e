import {
  CreatePlacementGroupCommand,
  CreateSubnetCommand,
  CreateTagsCommand,
  CreateVpcCommand,
  DeletePlacementGroupCommand,
  DescribeInstancesCommand,
  DescribePlacementGroupsCommand,
  EC2Client,
  ModifyInstanceAttributeCommand,
  ModifyInstancePlacementCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
  type CreatePlacementGroupCommandInput,
  type Instance,
  type ModifyInstancePlacementCommandInput,
  type Placement,
} from "@aws-sdk/client-ec2";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { hasPreciseTime } from "../../hypervisor/groups.ts";
import { configOf, freshClient, freshKeys, ownIslet, refused, sharedIslet } from "../islet.ts";
import { launch, launchAll, launchStopped, shownInstance } from "./launch.ts";
import { placeOf, places } from "./placeOf.ts";

const islet = await sharedIslet();
const ec2 = await freshClient();

let groups = 0;

async function create(asked: CreatePlacementGroupCommandInput = {}) {
  const GroupName = `group-${++groups}`;
  const { PlacementGroup = {} } = await ec2.send(new CreatePlacementGroupCommand({ GroupName, ...asked }));
  return { name: GroupName, id: "", ...PlacementGroup };
}

const launchIn = (Placement: Placement, count = 1, InstanceType: "m5.large" | "t3.micro" = "m5.large") =>
  launchAll(ec2, { Placement, InstanceType, MinCount: count, MaxCount: count });

const modify = (InstanceId: string, asked: Omit<ModifyInstancePlacementCommandInput, "InstanceId">) =>
  ec2.send(new ModifyInstancePlacementCommand({ InstanceId, ...asked }));

const idsOf = (launched: readonly Instance[]): string[] => launched.map(({ InstanceId }) => InstanceId ?? "");

/** The racks that instances are in. */
async function racksOf(ids: readonly string[]): Promise<number[]> {
  const all = await places(islet);
  return ids.map((id) => all.get(id)?.rack ?? -1);
}

describe("what it refuses to parse", () => {
  test.each<[string, CreatePlacementGroupCommandInput, string]>([
    ["no name", { GroupName: undefined }, "MissingParameter"],
    ["an empty name", { GroupName: "" }, "InvalidParameterValue"],
    ["a name that is too long", { GroupName: "x".repeat(256) }, "InvalidParameterValue"],
    ["a name that is not ASCII", { GroupName: "grün" }, "InvalidParameterValue"],
    ["partitions of a cluster", { PartitionCount: 2 }, "InvalidParameterCombination"],
    ["no partitions", { Strategy: "partition", PartitionCount: 0 }, "InvalidParameterValue"],
    ["too many partitions", { Strategy: "partition", PartitionCount: 8 }, "InvalidParameterValue"],
    ["a spread of a cluster", { SpreadLevel: "rack" }, "InvalidParameterCombination"],
    ["a spread over hosts", { Strategy: "spread", SpreadLevel: "host" }, "UnsupportedOperation"],
    ["a linked group", { LinkedGroupId: "pg-0123456789abcdef0" }, "UnsupportedOperation"],
    [
      "a parent that is not there",
      { ParentGroupId: "pg-0123456789abcdef0" },
      "InvalidPlacementGroup.Unknown",
    ],
    ["a parent that is none", { ParentGroupId: "pg-x" }, "InvalidPlacementGroupId.Malformed"],
    [
      "a parent of what is not a cluster",
      { ParentGroupId: "pg-0123456789abcdef0", Strategy: "spread" },
      "InvalidParameterCombination",
    ],
    ["an operator", { Operator: { Principal: "x" } }, "UnsupportedOperation"],
  ])("%s", async (_, asked, code) => {
    await refused(create(asked), code);
  });

  test("an id that is none", async () => {
    await refused(
      ec2.send(new DescribePlacementGroupsCommand({ GroupIds: ["pg-x"] })),
      "InvalidPlacementGroupId.Malformed",
      'Invalid id: "pg-x" (expecting "pg-...")',
    );
  });
});

describe("what it refuses to do", () => {
  test("a group that is not there, or there already", async () => {
    const { name } = await create();
    await refused(
      ec2.send(new DeletePlacementGroupCommand({ GroupName: "none" })),
      "InvalidPlacementGroup.Unknown",
      "The Placement Group 'none' is unknown.",
    );
    await refused(
      create({ GroupName: name }),
      "InvalidPlacementGroup.Duplicate",
      `The placement group '${name}' already exists.`,
    );
    const GroupIds = ["pg-0123456789abcdef0"];
    await refused(
      ec2.send(new DescribePlacementGroupsCommand({ GroupIds })),
      "InvalidPlacementGroup.Unknown",
    );
  });

  test("to delete a group with instances, be they stopped", async () => {
    const { name } = await create();
    const id = await launchStopped(ec2, { InstanceType: "m5.large", Placement: { GroupName: name } });
    const remove = () => ec2.send(new DeletePlacementGroupCommand({ GroupName: name }));
    await refused(
      remove(),
      "InvalidPlacementGroup.InUse",
      `The placement group '${name}' is in use and may not be deleted.`,
    );
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
    await remove();
    await refused(remove(), "InvalidPlacementGroup.Unknown");
  });

  test("instances that cannot be in a group", async () => {
    const cluster = await create();
    const spread = await create({ Strategy: "spread" });
    const partitions = await create({ Strategy: "partition", PartitionCount: 3 });
    const { name: GroupName, GroupId } = cluster;
    const wrong = "InvalidParameterCombination";
    await refused(
      launchIn({ GroupName }, 1, "t3.micro"),
      wrong,
      "Cluster placement groups are not supported by the 't3.micro' instance type. Specify a supported instance type or change the placement group strategy, and try again.",
    );
    await refused(launchIn({ GroupName, GroupId }), wrong);
    await refused(launchIn({ GroupName, PartitionNumber: 1 }), wrong);
    await refused(
      launchIn({ GroupName, Tenancy: "host" }),
      wrong,
      /tenancy of 'host' into a placement group/,
    );
    await refused(launchIn({ GroupName: spread.name, Tenancy: "dedicated" }), wrong);
    await refused(launchIn({ GroupName: partitions.name, Tenancy: "dedicated" }), wrong);
    await refused(launchIn({ GroupName: partitions.name, PartitionNumber: 4 }), "InvalidParameterValue");
    await refused(launchIn({ GroupName: "none" }), "InvalidPlacementGroup.Unknown");
    await refused(launchIn({ GroupId: "pg-x" }), "InvalidPlacementGroupId.Malformed");
  });

  test("precise time where there is none, and a parent that has none", async () => {
    const { name: GroupName, GroupId } = await create({ Strategy: "precision-time" });
    await refused(
      launchIn({ GroupName }),
      "InvalidParameterCombination",
      "Precision time placement groups are not supported by the 'm5.large' instance type. Specify a supported instance type or change the placement group strategy, and try again.",
    );
    const child = await create({ ParentGroupId: GroupId });
    await refused(launchIn({ GroupId: child.GroupId }), "InvalidParameterCombination", /Precision time/);
    await refused(
      create({ ParentGroupId: child.GroupId }),
      "InvalidParameterValue",
      /must be 'precision-time'/,
    );
    const remove = (name: string) => ec2.send(new DeletePlacementGroupCommand({ GroupName: name }));
    await refused(remove(GroupName), "InvalidPlacementGroup.InUse");
    await remove(child.name);
    await remove(GroupName);
  });

  test("to start an instance whose type has become one that cannot be in its group", async () => {
    const { name: GroupName } = await create();
    const id = await launchStopped(ec2, { InstanceType: "m5.large", Placement: { GroupName } });
    await ec2.send(
      new ModifyInstanceAttributeCommand({ InstanceId: id, InstanceType: { Value: "t3.micro" } }),
    );
    await refused(ec2.send(new StartInstancesCommand({ InstanceIds: [id] })), "InvalidParameterCombination");
  });

  test("a cluster in two zones", async () => {
    const { name: GroupName } = await create();
    const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
    const subnets = await Promise.all(
      ["a", "b"].map((letter, index) =>
        ec2.send(
          new CreateSubnetCommand({
            VpcId: Vpc?.VpcId,
            CidrBlock: `10.0.${index}.0/24`,
            AvailabilityZone: `us-east-1${letter}`,
          }),
        ),
      ),
    );
    const [one, other] = subnets.map(({ Subnet }) => ({
      SubnetId: Subnet?.SubnetId,
      InstanceType: "m5.large" as const,
      Placement: { GroupName },
    }));
    await launch(ec2, one);
    await refused(
      launch(ec2, other),
      "InvalidPlacementGroup.InUse",
      `The placement group '${GroupName}' is in use in another availability zone: us-east-1a`,
    );
  });

  test("an eighth instance of a spread in a zone, and leaves nothing of it", async () => {
    const { name: GroupName } = await create({ Strategy: "spread" });
    await refused(launchIn({ GroupName }, 8), "InsufficientInstanceCapacity");
    const launched = await launchAll(ec2, { Placement: { GroupName }, MinCount: 1, MaxCount: 9 });
    expect(launched).toHaveLength(7);
    await refused(launchIn({ GroupName }), "InsufficientInstanceCapacity");
  });

  test("to change the placement of an instance to what it cannot be", async () => {
    const { name: GroupName } = await create();
    const stopped = await launchStopped(ec2, { Placement: { Tenancy: "dedicated" } });
    const [running = ""] = idsOf(await launchIn({}));
    await refused(modify(stopped, {}), "MissingParameter");
    await refused(modify(stopped, { GroupName: "none" }), "InvalidPlacementGroup.Unknown");
    await refused(modify(stopped, { GroupName }), "InvalidParameterCombination");
    await refused(modify(stopped, { PartitionNumber: 1 }), "InvalidParameterCombination");
    await refused(modify(stopped, { Affinity: "host" }), "InvalidParameterCombination");
    await refused(modify(stopped, { HostId: "h-0123456789abcdef0" }), "InvalidParameterCombination");
    await refused(modify(stopped, { HostResourceGroupArn: "arn:x" }), "InvalidParameterValue");
    await refused(modify(running, { GroupName }), "IncorrectInstanceState");
    await refused(modify(running, { GroupName: "" }), "IncorrectInstanceState");
  });
});

describe("what it does", () => {
  test("groups are described by name, by id, and by their filters", async () => {
    const TagSpecifications = [
      { ResourceType: "placement-group" as const, Tags: [{ Key: "app", Value: "hpc" }] },
    ];
    const one = await create({ Strategy: "partition", TagSpecifications });
    const other = await create({ Strategy: "spread", SpreadLevel: "rack" });
    expect(one).toMatchObject({
      GroupName: one.name,
      State: "available",
      Strategy: "partition",
      PartitionCount: 2,
      GroupArn: expect.stringMatching(
        new RegExp(String.raw`^arn:aws:ec2:us-east-1:\d{12}:placement-group/${one.name}$`),
      ) as unknown,
      Operator: { Managed: false },
      Tags: [{ Key: "app", Value: "hpc" }],
    });
    const found = async (asked: object) => {
      const { PlacementGroups = [] } = await ec2.send(new DescribePlacementGroupsCommand(asked));
      return PlacementGroups.map(({ GroupName }) => GroupName);
    };
    const by = (Name: string, value = "") => found({ Filters: [{ Name, Values: [value] }] });
    expect(await found({ GroupNames: [one.name], GroupIds: [other.GroupId] })).toEqual([
      one.name,
      other.name,
    ]);
    expect(await by("group-name", one.name)).toEqual([one.name]);
    expect(await by("group-arn", other.GroupArn)).toEqual([other.name]);
    expect(await by("tag:app", "hpc")).toEqual([one.name]);
    expect(await by("spread-level", "rack")).toContain(other.name);
    expect(await by("strategy", "partition")).not.toContain(other.name);
    expect(await by("state", "pending")).toEqual([]);
    await ec2.send(
      new CreateTagsCommand({ Resources: [other.GroupId ?? ""], Tags: [{ Key: "k", Value: "v" }] }),
    );
    expect(await by("tag-key", "k")).toEqual([other.name]);
  });

  test("a spread has each of its instances in a rack of its own, also after they have moved", async () => {
    const { name: GroupName } = await create({ Strategy: "spread" });
    const InstanceIds = idsOf(await launchIn({ GroupName }, 7, "t3.micro"));
    expect(new Set(await racksOf(InstanceIds)).size).toBe(7);
    await ec2.send(new StopInstancesCommand({ InstanceIds }));
    expect(await racksOf(InstanceIds)).toEqual(InstanceIds.map(() => -1));
    await ec2.send(new StartInstancesCommand({ InstanceIds }));
    expect(new Set(await racksOf(InstanceIds)).size).toBe(7);
  });

  test("partitions share no rack; who names none goes where there are the fewest", async () => {
    const { name: GroupName } = await create({ Strategy: "partition", PartitionCount: 3 });
    const first = await launchIn({ GroupName, PartitionNumber: 2 }, 2);
    const spread = await launchIn({ GroupName }, 4);
    const all = [...first, ...spread];
    expect(all.map(({ Placement }) => Placement?.PartitionNumber)).toEqual([2, 2, 1, 3, 1, 3]);
    const racks = await racksOf(idsOf(all));
    const inPartition = (number: number) =>
      new Set(racks.filter((_, index) => all[index]?.Placement?.PartitionNumber === number));
    const sets = [1, 2, 3].map(inPartition);
    expect(new Set(sets.flatMap((set) => [...set])).size).toBe(sets.reduce((sum, { size }) => sum + size, 0));
    const { Reservations = [] } = await ec2.send(
      new DescribeInstancesCommand({
        Filters: [
          { Name: "placement-group-name", Values: [GroupName] },
          { Name: "placement-partition-number", Values: ["2"] },
        ],
      }),
    );
    const found = Reservations.flatMap(({ Instances = [] }) => idsOf(Instances));
    expect(found.toSorted()).toEqual(idsOf(first).toSorted());
  });

  test("a cluster is in one rack", async () => {
    const { GroupId } = await create({ Strategy: "cluster" });
    const ids = idsOf(await launchIn({ GroupId }, 3));
    expect(new Set(await racksOf(ids)).size).toBe(1);
  });

  test("precise time is in racks that have a source of it; a cluster may ask for it too", async () => {
    const parent = await create({ Strategy: "precision-time" });
    expect(parent).toMatchObject({ Strategy: "precision-time", State: "available" });
    const child = await create({ ParentGroupId: parent.GroupId });
    expect(child).toMatchObject({ Strategy: "cluster", ParentGroupId: parent.GroupId });
    // Each of them fills a host.
    const launchBig = async (GroupId?: string) =>
      idsOf(
        await launchAll(ec2, {
          InstanceType: "m7i.48xlarge",
          MinCount: 3,
          MaxCount: 3,
          ...(GroupId && { Placement: { GroupId } }),
        }),
      );
    const anywhere = await racksOf(await launchBig());
    expect(anywhere.every(hasPreciseTime)).toBe(false);
    const precise = await racksOf(await launchBig(parent.GroupId));
    expect(precise.every(hasPreciseTime)).toBe(true);
    expect(new Set(precise).size).toBe(3);
    const [near, ...others] = await racksOf(await launchBig(child.GroupId));
    expect(hasPreciseTime(near ?? 1)).toBe(true);
    expect(others).toEqual([near, near]);
  });

  test("a stopped instance moves to a group, and out of it", async () => {
    const { name: GroupName, GroupId } = await create({ Strategy: "partition" });
    const id = await launchStopped(ec2, { InstanceType: "m5.large" });
    expect(await modify(id, { GroupName, PartitionNumber: 2 })).toMatchObject({ Return: true });
    await ec2.send(new StartInstancesCommand({ InstanceIds: [id] }));
    expect((await shownInstance(ec2, id)).Placement).toEqual({
      AvailabilityZone: "us-east-1a",
      AvailabilityZoneId: "use1-az6",
      GroupName,
      GroupId,
      PartitionNumber: 2,
      Tenancy: "default",
    });
    await ec2.send(new StopInstancesCommand({ InstanceIds: [id] }));
    await modify(id, { PartitionNumber: 1 });
    expect((await shownInstance(ec2, id)).Placement?.PartitionNumber).toBe(1);
    await modify(id, { GroupName: "" });
    expect((await shownInstance(ec2, id)).Placement).toMatchObject({ GroupName: "" });
    await ec2.send(new DeletePlacementGroupCommand({ GroupName }));
  });

  test("a stopped instance changes its tenancy, and starts among those of its account alone", async () => {
    const id = await launchStopped(ec2, { InstanceType: "m5.large" });
    await modify(id, { Tenancy: "dedicated" });
    await ec2.send(new StartInstancesCommand({ InstanceIds: [id] }));
    expect((await shownInstance(ec2, id)).Placement?.Tenancy).toBe("dedicated");
    const stranger = await launch(await freshClient(), { InstanceType: "m5.large" });
    expect((await placeOf(islet, stranger))?.host).not.toBe((await placeOf(islet, id))?.host);
  });

  test("a restart of the server keeps groups apart", async () => {
    const data = mkdtempSync(join(tmpdir(), "islet-"));
    const options = { memory: false, data } as const;
    try {
      const before = await ownIslet(options);
      const keys = freshKeys(before);
      const client = new EC2Client(configOf(before, keys));
      await client.send(new CreatePlacementGroupCommand({ GroupName: "g", Strategy: "spread" }));
      const ids = idsOf(await launchAll(client, { Placement: { GroupName: "g" }, MinCount: 7, MaxCount: 7 }));
      await before.close();
      const after = await ownIslet(options);
      const again = new EC2Client(configOf(after, keys));
      const all = await places(after);
      expect(new Set(ids.map((id) => all.get(id)?.rack)).size).toBe(7);
      await refused(launchAll(again, { Placement: { GroupName: "g" } }), "InsufficientInstanceCapacity");
      await after.close();
    } finally {
      rmSync(data, { recursive: true, force: true });
    }
  });
});
