import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Handlers } from "../kit/handlers.ts";
import { describeList } from "../kit/list.ts";
import { describeRegion, regionFilters, regions } from "./catalogue/regions.ts";
import { describeZone, zoneFilters, zonesOf } from "./catalogue/zones.ts";

/** An account of islet has all regions at hand: those that are off by default are turned on for everyone. */
const allRegions: readonly Sdk.Region[] = Object.freeze(
  [...regions.values()].map((region) => Object.freeze(describeRegion(region, true))),
);

const zoneViews = new Map<string, readonly Sdk.AvailabilityZone[]>();

function zonesIn(region: string): readonly Sdk.AvailabilityZone[] {
  const known = zoneViews.get(region);
  if (known) return known;
  const views = Object.freeze(zonesOf(region).map((zone) => Object.freeze(describeZone(zone))));
  zoneViews.set(region, views);
  return views;
}

/**
 * Those of `all` whose `member` is among `asked`.
 *
 * @param what as EC2 names it in its message, which names the first that is not there
 */
function pick<View>(
  all: readonly View[],
  member: keyof View,
  asked: readonly string[] | undefined,
  what: string,
): readonly View[] {
  if (!asked || asked.length === 0) return all;
  const unknown = asked.find((name) => !all.some((view) => view[member] === name));
  if (unknown !== undefined) throw new ApiError("InvalidParameterValue", `Invalid ${what}: [${unknown}]`);
  return all.filter((view) => asked.some((name) => view[member] === name));
}

export const operations = {
  DescribeAvailabilityZones: describeList({
    output: "AvailabilityZones",
    filters: zoneFilters,
    // AllAvailabilityZones adds nothing: there are no zones but those of regions that are turned on.
    of: ({ ZoneNames, ZoneIds }: Sdk.DescribeAvailabilityZonesRequest, { region }) => {
      const zones = zonesIn(region);
      const named = pick(zones, "ZoneName", ZoneNames, "availability zone");
      return pick(zones, "ZoneId", ZoneIds, "availability zone-id").filter((zone) => named.includes(zone));
    },
  }),

  DescribeRegions: describeList({
    output: "Regions",
    filters: regionFilters,
    of: ({ RegionNames }: Sdk.DescribeRegionsRequest) =>
      pick(allRegions, "RegionName", RegionNames, "region"),
  }),

  /** Availability zones need no opting in, and there are no other zones: whoever opts in finds it done. */
  ModifyAvailabilityZoneGroup: ({ GroupName, OptInStatus }, { region }) => {
    if (!zonesIn(region).some((zone) => zone.GroupName === GroupName)) {
      throw new ApiError("InvalidParameterValue", `Invalid availability zone group: [${GroupName}]`);
    }
    if (OptInStatus !== "opted-in") {
      throw new ApiError(
        "InvalidParameterValue",
        `Value (${OptInStatus}) for parameter optInStatus is invalid. To opt out of a zone group, contact AWS Support.`,
      );
    }
    return { Return: true };
  },
} satisfies Handlers;
