import type { AvailabilityZone } from "@aws-sdk/client-ec2";
import { regions } from "./regions.ts";

/** An availability zone. islet has no local zones and no wavelength zones. */
export type Zone = {
  /** us-east-1a */
  readonly name: string;
  /** use1-az6 */
  readonly id: string;
  readonly region: string;
};

const zonesByRegion: ReadonlyMap<string, readonly Zone[]> = new Map(
  [...regions].map(([region, { zoneIdPrefix, zones }]) => [
    region,
    zones.map(({ letter, id }) => ({ name: region + letter, id: `${zoneIdPrefix}-az${id}`, region })),
  ]),
);

/** A region's zones in the order of their names; none for a region that does not exist. */
export const zonesOf = (region: string): readonly Zone[] => zonesByRegion.get(region) ?? [];

/** A zone of the region by its name or its id, or undefined. */
export const findZone = (region: string, nameOrId: string): Zone | undefined =>
  zonesOf(region).find(({ name, id }) => name === nameOrId || id === nameOrId);

/**
 * One zone as DescribeAvailabilityZones answers. A zone's own status is always opt-in-not-required: what an account
 * opts into is its region.
 * @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AvailabilityZone.html
 */
export function describeZone({ name, id, region }: Zone): AvailabilityZone {
  const { longName = region, geography, subGeography } = regions.get(region) ?? {};
  return {
    OptInStatus: "opt-in-not-required",
    Messages: [],
    RegionName: region,
    ZoneName: name,
    ZoneId: id,
    GroupName: `${region}-zg-1`,
    GroupLongName: `${longName} 1`,
    NetworkBorderGroup: region,
    ZoneType: "availability-zone",
    State: "available",
    ...(geography && { Geography: [{ Name: geography }] }),
    ...(subGeography && { SubGeography: [{ Name: subGeography }] }),
  };
}

/** DescribeAvailabilityZones' filters. */
export const zoneFilters: Readonly<
  Record<string, (zone: AvailabilityZone) => string | string[] | undefined>
> = {
  "group-long-name": ({ GroupLongName }) => GroupLongName,
  "group-name": ({ GroupName }) => GroupName,
  message: ({ Messages }) => Messages?.flatMap(({ Message }) => Message ?? []),
  "opt-in-status": ({ OptInStatus }) => OptInStatus,
  "parent-zone-id": ({ ParentZoneId }) => ParentZoneId,
  "parent-zone-name": ({ ParentZoneName }) => ParentZoneName,
  "region-name": ({ RegionName }) => RegionName,
  state: ({ State }) => State,
  "zone-id": ({ ZoneId }) => ZoneId,
  "zone-name": ({ ZoneName }) => ZoneName,
  "zone-type": ({ ZoneType }) => ZoneType,
};
