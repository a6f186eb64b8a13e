import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { describeRegion, regionFilters, regions } from "../../../server/ec2/catalogue/regions.ts";
import { describeZone, findZone, zoneFilters, zonesOf } from "../../../server/ec2/catalogue/zones.ts";

/** EC2's own answers, kept beside the repository and not in it. */
const reference = fileURLToPath(
  new URL("../../../../shared/reference/availability-zones.tsv", import.meta.url),
);
const missing = !existsSync(reference);
if (missing) console.warn(`Not compared with EC2's answers: there is no ${reference}`);

describe("regions", () => {
  it.skipIf(missing)("have the zones and zone ids of the commercial partition", () => {
    const zones = readFileSync(reference, "utf8")
      .trimEnd()
      .split("\n")
      .slice(1)
      .map((line) => line.split("\t"))
      .filter(([region = ""]) => !/^(cn|us-gov)-/.test(region))
      .map(([region, , zone, id]) => `${region} ${zone} ${id}`);
    const ours = [...regions.keys()].flatMap((region) =>
      zonesOf(region).map(({ name, id }) => `${region} ${name} ${id}`),
    );
    expect(ours.toSorted()).toEqual(zones.toSorted());
  });

  it("are on for every account, save those that opened after March 2019", () => {
    const optIn = [...regions.values()].filter((region) => region.optIn);
    expect([regions.size, optIn.length]).toEqual([34, 17]);
    expect(optIn.map(({ name }) => name)).toContain("af-south-1");
    expect(optIn.map(({ name }) => name)).not.toContain("ap-northeast-3");
  });

  it("are described as EC2 does, with the status that the account has", () => {
    const [virginia, milan] = [regions.get("us-east-1"), regions.get("eu-south-1")];
    expect(virginia && describeRegion(virginia, false)).toEqual({
      Endpoint: "ec2.us-east-1.amazonaws.com",
      RegionName: "us-east-1",
      OptInStatus: "opt-in-not-required",
      Geography: [{ Name: "United States of America" }],
    });
    expect(milan && describeRegion(milan, false).OptInStatus).toBe("not-opted-in");
    expect(milan && describeRegion(milan, true).OptInStatus).toBe("opted-in");
  });
});

describe("zones", () => {
  it("are found by name and by id within their region only", () => {
    const zone = { name: "us-east-1a", id: "use1-az6", region: "us-east-1" };
    expect(findZone("us-east-1", "us-east-1a")).toEqual(zone);
    expect(findZone("us-east-1", "use1-az6")).toEqual(zone);
    expect(findZone("us-east-2", "us-east-1a")).toBeUndefined();
    expect(findZone("us-east-1", "us-east-1z")).toBeUndefined();
    expect(zonesOf("__proto__")).toEqual([]);
  });

  it("are described as EC2 does", () => {
    expect(zonesOf("us-west-2").slice(0, 1).map(describeZone)).toEqual([
      {
        OptInStatus: "opt-in-not-required",
        Messages: [],
        RegionName: "us-west-2",
        ZoneName: "us-west-2a",
        ZoneId: "usw2-az2",
        GroupName: "us-west-2-zg-1",
        GroupLongName: "US West (Oregon) 1",
        NetworkBorderGroup: "us-west-2",
        ZoneType: "availability-zone",
        State: "available",
        Geography: [{ Name: "United States of America" }],
        SubGeography: [{ Name: "Oregon" }],
      },
    ]);
  });
});

/** What each filter reads of a view. */
const values = <View>(filters: Readonly<Record<string, (view: View) => unknown>>, view: View) =>
  Object.fromEntries(Object.entries(filters).map(([name, value]) => [name, value(view)]));

describe("filters", () => {
  it("read what they are named after", () => {
    const [zone = {}] = zonesOf("eu-west-1").map(describeZone);
    const [region = {}] = [...regions.values()]
      .filter(({ name }) => name === "eu-west-1")
      .map((found) => describeRegion(found, false));
    expect(values(regionFilters, region)).toEqual({
      endpoint: "ec2.eu-west-1.amazonaws.com",
      "opt-in-status": "opt-in-not-required",
      "region-name": "eu-west-1",
    });
    expect(values(zoneFilters, zone)).toEqual({
      "group-long-name": "Europe (Ireland) 1",
      "group-name": "eu-west-1-zg-1",
      message: [],
      "opt-in-status": "opt-in-not-required",
      "parent-zone-id": undefined,
      "parent-zone-name": undefined,
      "region-name": "eu-west-1",
      state: "available",
      "zone-id": "euw1-az3",
      "zone-name": "eu-west-1a",
      "zone-type": "availability-zone",
    });
  });
});
