import {
  CreatePlacementGroupCommand,
  DescribeInstanceTopologyCommand,
  TerminateInstancesCommand,
  type DescribeInstanceTopologyCommandInput,
  type InstanceTopology,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";
import { launch, launchAll, launchStopped, linuxOnArm } from "./launch.ts";

const ec2 = await freshClient();

const topology = async (
  asked: DescribeInstanceTopologyCommandInput = {},
  client = ec2,
): Promise<InstanceTopology[]> =>
  (await client.send(new DescribeInstanceTopologyCommand(asked))).Instances ?? [];

const nodes = async (id: string, client = ec2): Promise<string[]> =>
  (await topology({ InstanceIds: [id] }, client))[0]?.NetworkNodes ?? [];

const terminate = (...InstanceIds: string[]) => ec2.send(new TerminateInstancesCommand({ InstanceIds }));

const group = async (GroupName: string, Strategy: "cluster" | "spread"): Promise<string> => {
  await ec2.send(new CreatePlacementGroupCommand({ GroupName, Strategy }));
  return GroupName;
};

describe("what it refuses to parse", () => {
  test("ids that are none, too many names, and ids together with a number of results", async () => {
    await refused(topology({ InstanceIds: ["vol-1"] }), "InvalidInstanceID.Malformed");
    const many = Array.from({ length: 101 }, (_, n) => `g${n}`);
    await refused(topology({ GroupNames: many }), "InvalidParameterValue", /100/);
    await refused(topology({ MaxResults: 101 }), "InvalidParameterValue");
    const InstanceIds = ["i-0123456789abcdef0"];
    await refused(topology({ InstanceIds, MaxResults: 5 }), "InvalidParameterCombination");
    await refused(topology({ Filters: [{ Name: "colour", Values: ["red"] }] }), "InvalidParameterValue");
  });
});

describe("what it refuses to do", () => {
  test("describe what is not there, or is somebody else's", async () => {
    const other = await freshClient();
    const id = await launch(ec2);
    await refused(topology({ InstanceIds: [id] }, other), "InvalidInstanceID.NotFound");
    await refused(topology({ GroupNames: ["none"] }), "InvalidPlacementGroup.Unknown");
    await terminate(id);
  });
});

describe("what it does", () => {
  test("tells the nodes of the network from the zone down to the rack: near is near, and apart is apart", async () => {
    const asked = {
      InstanceType: "hpc7g.4xlarge",
      ImageId: linuxOnArm.id,
      MinCount: 2,
      MaxCount: 2,
    } as const;
    const near = await group("near", "cluster");
    const ids = await launchAll(ec2, { ...asked, Placement: { GroupName: near } });
    const [one = "", two = ""] = ids.map(({ InstanceId }) => InstanceId ?? "");
    const [first] = await topology({ InstanceIds: [one] });
    expect(first).toMatchObject({
      InstanceId: one,
      InstanceType: "hpc7g.4xlarge",
      GroupName: "near",
      AvailabilityZone: ids[0]?.Placement?.AvailabilityZone,
      ZoneId: expect.stringMatching(/^use1-az\d$/) as string,
    });
    expect(first?.NetworkNodes).toHaveLength(3);
    expect(new Set(first?.NetworkNodes).size).toBe(3);
    for (const node of first?.NetworkNodes ?? []) expect(node).toMatch(/^nn-[0-9a-f]{17}$/);
    expect(await nodes(two)).toEqual(first?.NetworkNodes);

    const apart = await group("apart", "spread");
    const others = await launchAll(ec2, { ...asked, Placement: { GroupName: apart } });
    const [three = "", four = ""] = others.map(({ InstanceId }) => InstanceId ?? "");
    const [third, fourth] = [await nodes(three), await nodes(four)];
    expect(third.slice(0, 2)).toEqual(fourth.slice(0, 2));
    expect(third[2]).not.toBe(fourth[2]);
    expect(await topology({ GroupNames: [apart] })).toHaveLength(2);
    await terminate(one, two, three, four);
  });

  test("tells nothing of other types, and of those that do not run; and nothing that another account could use", async () => {
    const other = await freshClient();
    const asked = { InstanceType: "g6e.xlarge" } as const;
    const small = await launch(ec2);
    const stopped = await launchStopped(ec2, asked);
    const mine = await launch(ec2, asked);
    const theirs = await launch(other, asked);
    expect(await nodes(small)).toEqual([]);
    expect(await nodes(stopped)).toEqual([]);
    const own = await nodes(mine);
    expect(own).toHaveLength(3);
    for (const node of await nodes(theirs, other)) expect(own).not.toContain(node);
    await terminate(small, stopped, mine);
    expect(await topology()).toEqual([]);
  });

  test("adds the host where the network has four layers; filters and pages", async () => {
    const big = await launch(ec2, { InstanceType: "p6-b200.48xlarge" });
    const small = await launch(ec2);
    expect(await nodes(big)).toHaveLength(4);
    const [{ AvailabilityZone = "", ZoneId = "" } = {}] = await topology({ InstanceIds: [big] });
    for (const [Name, value] of [
      ["availability-zone", AvailabilityZone],
      ["zone-id", ZoneId],
      ["instance-type", "p6*"],
    ] as const) {
      const found = await topology({ Filters: [{ Name, Values: [value] }] });
      expect(found.map(({ InstanceId }) => InstanceId)).toContain(big);
    }
    const page = await ec2.send(new DescribeInstanceTopologyCommand({ MaxResults: 1 }));
    expect(page.Instances?.map(({ InstanceId }) => InstanceId)).toEqual([big]);
    const next = await topology({ MaxResults: 1, NextToken: page.NextToken });
    expect(next.map(({ InstanceId }) => InstanceId)).toEqual([small]);
    await terminate(big, small);
  });
});
