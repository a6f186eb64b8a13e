import {
  AllocateAddressCommand,
  AssociateAddressCommand,
  CreateTagsCommand,
  DescribeInstancesCommand,
  StopInstancesCommand,
  type DescribeInstancesCommandInput,
  type Instance,
} from "@aws-sdk/client-ec2";
import { beforeAll, describe, expect, test } from "vitest";
import { describeInstancesFilterNames } from "../../server/ec2/instanceFilters.ts";
import { freshClient, refused } from "../islet.ts";
import { launch, launchAll, linux, shownInstance, windows } from "./launch.ts";

const ec2 = await freshClient();

const list = async (asked: DescribeInstancesCommandInput = {}) => {
  const { Reservations = [], NextToken } = await ec2.send(new DescribeInstancesCommand(asked));
  return {
    reservations: Reservations,
    all: Reservations.flatMap(({ Instances = [] }) => Instances),
    NextToken,
  };
};
const idsOf = (instances: readonly Instance[]) => instances.map(({ InstanceId }) => InstanceId);
const found = async (Name: string, ...Values: string[]) =>
  idsOf((await list({ Filters: [{ Name, Values }] })).all);

/** The first has an elastic address and tags, the second runs Windows, the others came together and are stopped. */
let ids: string[] = [];

beforeAll(async () => {
  ids = [
    await launch(ec2, {
      TagSpecifications: [
        { ResourceType: "instance", Tags: [{ Key: "Name", Value: "web" }] },
        { ResourceType: "network-interface", Tags: [{ Key: "role", Value: "front" }] },
      ],
    }),
    await launch(ec2, { ImageId: windows.id, InstanceType: "m5.large" }),
    ...(await launchAll(ec2, { MinCount: 4, MaxCount: 4 })).map(({ InstanceId = "" }) => InstanceId),
  ];
  const { AllocationId } = await ec2.send(new AllocateAddressCommand({}));
  await ec2.send(new AssociateAddressCommand({ InstanceId: ids[0], AllocationId }));
  await ec2.send(new StopInstancesCommand({ InstanceIds: ids.slice(2) }));
});

describe("what it refuses to parse", () => {
  test("pages of instances that are named", async () => {
    await refused(list({ InstanceIds: ids, MaxResults: 5 }), "InvalidParameterCombination");
  });

  test("too small or too large a page, a token of somebody else's", async () => {
    await refused(list({ MaxResults: 4 }), "InvalidParameterValue");
    await refused(list({ MaxResults: 1001 }), "InvalidParameterValue");
    await refused(list({ NextToken: "x" }), "InvalidPaginationToken");
  });

  test("an unknown filter", async () => {
    await refused(found("colour", "red"), "InvalidParameterValue", "The filter 'colour' is invalid");
  });
});

describe("what it refuses to do", () => {
  test("to show instances that are not there, or another account's", async () => {
    const stranger = await freshClient();
    await refused(shownInstance(stranger, ids[0] ?? ""), "InvalidInstanceID.NotFound");
  });
});

describe("what it does", () => {
  test("shows instances by their launches", async () => {
    const { reservations } = await list();
    expect(reservations.map(({ Instances }) => Instances?.length)).toEqual([1, 1, 4]);
    expect(new Set(reservations.map(({ ReservationId }) => ReservationId)).size).toBe(3);
    expect(reservations.flatMap(({ Instances = [] }) => idsOf(Instances))).toEqual(ids);
  });

  test("goes on where a page ended, within a launch too", async () => {
    const first = await list({ MaxResults: 5 });
    expect(idsOf(first.all)).toEqual(ids.slice(0, 5));
    const second = await list({ MaxResults: 5, NextToken: first.NextToken });
    expect(idsOf(second.all)).toEqual(ids.slice(5));
    expect(second.NextToken).toBeUndefined();
    expect(second.reservations[0]?.ReservationId).toBe(first.reservations[2]?.ReservationId);
  });

  test("finds instances by what they are", async () => {
    const [first = "", second = "", ...others] = ids;
    expect(await found("instance-state-name", "stopped")).toEqual(others);
    expect(await found("instance-state-code", "16")).toEqual([first, second]);
    expect(await found("state-reason-code", "Client.UserInitiated*")).toEqual(others);
    expect(await found("platform", "windows")).toEqual([second]);
    expect(await found("instance-type", "m5.*", "c5.*")).toEqual([second]);
    expect(await found("image-id", linux.id)).toEqual([first, ...others]);
    expect(await found("launch-index", "3")).toEqual([others[3]]);
    expect(await found("tag:Name", "w?b")).toEqual([first]);
    await ec2.send(new CreateTagsCommand({ Resources: [second], Tags: [{ Key: "Name", Value: "db" }] }));
    expect(await found("tag-key", "Name")).toEqual([first, second]);
    expect(await found("availability-zone-id", "use1-az6")).toEqual(ids);
    expect(await found("metadata-options.http-tokens", "optional")).toEqual([second]);
    const { reservations } = await list();
    expect(await found("reservation-id", reservations[2]?.ReservationId ?? "")).toEqual(others);
    expect(await found("owner-id", reservations[0]?.OwnerId ?? "")).toEqual(ids);
  });

  test("finds instances by their interfaces and disks", async () => {
    const [first = "", second = ""] = ids;
    const web = await shownInstance(ec2, first);
    const [eni] = web.NetworkInterfaces ?? [];
    expect(await found("network-interface.tag-key", "role")).toEqual([first]);
    expect(await found("network-interface.tag-value", "front")).toEqual([first]);
    expect(await found("network-interface.association.allocation-id", "eipalloc-*")).toEqual([first]);
    expect(
      await found("network-interface.addresses.association.public-ip", web.PublicIpAddress ?? ""),
    ).toEqual([first]);
    expect(
      await found("network-interface.addresses.private-ip-address", eni?.PrivateIpAddress ?? ""),
    ).toEqual([first]);
    expect(await found("network-interface.mac-address", eni?.MacAddress ?? "")).toEqual([first]);
    expect(await found("ip-address", web.PublicIpAddress ?? "")).toEqual([first]);
    expect(await found("dns-name", web.PublicDnsName ?? "")).toEqual([first]);
    expect(await found("block-device-mapping.device-name", "/dev/sda1")).toEqual([second]);
    expect(await found("instance.group-name", "default")).toEqual(ids);
    expect(await found("network-interface.vpc-id", web.VpcId ?? "")).toEqual(ids);
  });

  test("takes every filter", async () => {
    for (const name of describeInstancesFilterNames) {
      expect(await found(name, "no such value")).toEqual([]);
    }
  });
});
