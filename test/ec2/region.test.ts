import {
  DescribeAvailabilityZonesCommand,
  DescribeRegionsCommand,
  ModifyAvailabilityZoneGroupCommand,
  type DescribeAvailabilityZonesRequest,
  type DescribeRegionsRequest,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";

const ec2 = await freshClient({ region: "eu-central-1" });

const regions = async (input: DescribeRegionsRequest = {}) =>
  (await ec2.send(new DescribeRegionsCommand(input))).Regions ?? [];

const zones = async (input: DescribeAvailabilityZonesRequest = {}) =>
  (await ec2.send(new DescribeAvailabilityZonesCommand(input))).AvailabilityZones ?? [];

const filter = (Name: string, ...Values: string[]) => ({ Filters: [{ Name, Values }] });

describe("what it refuses to parse", () => {
  test("a filter that it does not have, or that is for what has tags", async () => {
    await refused(regions(filter("name", "x")), "InvalidParameterValue", "The filter 'name' is invalid");
    await refused(zones(filter("tag:a", "x")), "InvalidParameterValue", "The filter 'tag:a' is invalid");
  });

  test("a status to opt for that does not exist", async () => {
    const OptInStatus = "perhaps" as "opted-in";
    await refused(
      ec2.send(new ModifyAvailabilityZoneGroupCommand({ GroupName: "eu-central-1-zg-1", OptInStatus })),
      "InvalidParameterValue",
    );
  });
});

describe("what it refuses to do", () => {
  test("a region that does not exist", async () => {
    await refused(
      regions({ RegionNames: ["eu-central-1", "us--east-1"] }),
      "InvalidParameterValue",
      "Invalid region: [us--east-1]",
    );
  });

  test("a zone that the region does not have", async () => {
    await refused(
      zones({ ZoneNames: ["us-east-1a"] }),
      "InvalidParameterValue",
      "Invalid availability zone: [us-east-1a]",
    );
    await refused(
      zones({ ZoneIds: ["use1-az1"] }),
      "InvalidParameterValue",
      "Invalid availability zone-id: [use1-az1]",
    );
  });

  test("to opt out, and a group that does not exist", async () => {
    const modify = (GroupName: string, OptInStatus: "opted-in" | "not-opted-in") =>
      ec2.send(new ModifyAvailabilityZoneGroupCommand({ GroupName, OptInStatus }));
    await refused(modify("eu-central-1-zg-1", "not-opted-in"), "InvalidParameterValue");
    await refused(modify("us-west-2-lax-1", "opted-in"), "InvalidParameterValue", /us-west-2-lax-1/);
  });

  test("a dry run", async () => {
    await refused(regions({ DryRun: true }), "DryRunOperation");
  });
});

describe("what it does", () => {
  test("lists all regions, those that an account must opt into as opted in", async () => {
    const all = await regions();
    expect(await regions({ AllRegions: true })).toEqual(all);
    expect(all).toHaveLength(34);
    expect(all).toContainEqual({
      Endpoint: "ec2.us-east-1.amazonaws.com",
      RegionName: "us-east-1",
      OptInStatus: "opt-in-not-required",
      Geography: [{ Name: "United States of America" }],
    });
    expect(await regions({ RegionNames: ["af-south-1"] })).toMatchObject([{ OptInStatus: "opted-in" }]);
  });

  test.each([
    ["endpoint", "ec2.eu-west-?.amazonaws.com", 3],
    ["opt-in-status", "not-opted-in", 0],
    ["region-name", "us-*", 4],
  ])("filters regions by %s", async (name, value, count) => {
    expect(await regions(filter(name, value))).toHaveLength(count);
  });

  test("lists the zones of the caller's region", async () => {
    const all = await zones();
    expect(await zones({ AllAvailabilityZones: true })).toEqual(all);
    expect(all.map(({ ZoneName }) => ZoneName)).toEqual(["eu-central-1a", "eu-central-1b", "eu-central-1c"]);
    expect(all[0]).toEqual({
      State: "available",
      OptInStatus: "opt-in-not-required",
      Messages: [],
      RegionName: "eu-central-1",
      ZoneName: "eu-central-1a",
      ZoneId: "euc1-az1",
      GroupName: "eu-central-1-zg-1",
      GroupLongName: "Europe (Frankfurt) 1",
      NetworkBorderGroup: "eu-central-1",
      ZoneType: "availability-zone",
      Geography: [{ Name: "Germany" }],
    });
    const picked = await zones({ ZoneNames: ["eu-central-1b", "eu-central-1c"], ZoneIds: ["euc1-az3"] });
    expect(picked.map(({ ZoneName }) => ZoneName)).toEqual(["eu-central-1c"]);
  });

  test.each([
    ["group-long-name", "Europe (Frankfurt) 1", 3],
    ["group-name", "eu-central-1-zg-1", 3],
    ["message", "*", 0],
    ["opt-in-status", "opt-in-not-required", 3],
    ["parent-zone-id", "*", 0],
    ["parent-zone-name", "*", 0],
    ["region-name", "eu-central-1", 3],
    ["state", "available", 3],
    ["zone-id", "euc1-az1", 1],
    ["zone-name", "*b", 1],
    ["zone-type", "local-zone", 0],
  ])("filters zones by %s", async (name, value, count) => {
    expect(await zones(filter(name, value))).toHaveLength(count);
  });

  test("takes an opting in that is not needed", async () => {
    const { Return } = await ec2.send(
      new ModifyAvailabilityZoneGroupCommand({ GroupName: "eu-central-1-zg-1", OptInStatus: "opted-in" }),
    );
    expect(Return).toBe(true);
  });
});
