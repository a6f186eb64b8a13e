import { describe, expect, it } from "vitest";
import { cpuCredits, defaultCreditMode } from "../../../server/ec2/catalogue/credits.ts";
import { allInstanceTypes, instanceTypeNames } from "../../../server/ec2/catalogue/instanceTypes.ts";
import { describeOfferings, offeredIn, offeringFilters } from "../../../server/ec2/catalogue/offerings.ts";

describe("offerings", () => {
  it("are every type in every zone", () => {
    expect(offeredIn("eu-west-1", "eu-west-1a", "m5.large")).toBe(true);
    expect(offeredIn("eu-west-1", "euw1-az3", "m5.large")).toBe(true);
    expect(offeredIn("eu-west-1", "us-east-1a", "m5.large")).toBe(false);
    expect(offeredIn("eu-west-1", "eu-west-1a", "m5.huge")).toBe(false);
  });

  it("are described by region, zone or zone id", () => {
    const [first] = describeOfferings("us-west-1", "region");
    expect(first).toEqual({ InstanceType: "a1.2xlarge", LocationType: "region", Location: "us-west-1" });
    expect(describeOfferings("us-west-1", "availability-zone")).toHaveLength(2 * instanceTypeNames().length);
    expect(describeOfferings("us-west-1", "availability-zone-id")[1]?.Location).toBe("usw1-az1");
    expect(describeOfferings("nowhere", "region")).toEqual([]);
    expect(Object.values(offeringFilters).map((value) => value(first ?? {}))).toEqual([
      "a1.2xlarge",
      "us-west-1",
    ]);
  });
});

/** Rows of AWS's table: credits an hour, most that can be earned. */
describe("cpuCredits", () => {
  it.each([
    ["t2.nano", 3, 72, 30],
    ["t2.micro", 6, 144, 30],
    ["t2.small", 12, 288, 30],
    ["t2.medium", 24, 576, 60],
    ["t2.large", 36, 864, 60],
    ["t2.xlarge", 54, 1296, 120],
    ["t2.2xlarge", 81.6, 1958.4, 240],
    ["t3.nano", 6, 144, 0],
    ["t3.micro", 12, 288, 0],
    ["t3a.small", 24, 576, 0],
    ["t3.medium", 24, 576, 0],
    ["t4g.large", 36, 864, 0],
    ["t3.xlarge", 96, 2304, 0],
    ["t3.2xlarge", 192, 4608, 0],
  ])("%s earns %d an hour, %d at most, and starts with %d", (name, earnedPerHour, maximumBalance, launch) => {
    expect(cpuCredits(name)).toMatchObject({ earnedPerHour, maximumBalance, launchCredits: launch });
  });

  it("are of burstable types and of no other", () => {
    for (const { name, family, burstable } of allInstanceTypes()) {
      expect([name, cpuCredits(name) !== undefined]).toEqual([name, burstable]);
      expect([name, defaultCreditMode(family) !== undefined]).toEqual([name, burstable]);
    }
    expect(["t2", "t3", "t3a", "t4g"].map(defaultCreditMode)).toEqual([
      "standard",
      "unlimited",
      "unlimited",
      "unlimited",
    ]);
    expect(cpuCredits("toString")).toBeUndefined();
  });
});
