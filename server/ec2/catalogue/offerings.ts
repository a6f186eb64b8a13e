import type { _InstanceType, InstanceTypeOffering } from "@aws-sdk/client-ec2";
import { findInstanceType, instanceTypeNames } from "./instanceTypes.ts";
import { regions } from "./regions.ts";
import { findZone, zonesOf } from "./zones.ts";

/** Location types that islet has; it has no outposts. */
export type LocationType = "region" | "availability-zone" | "availability-zone-id";

/**
 * Whether a type can be launched in a zone (by name or id) of a region. islet offers every type in every zone of every
 * region: real offerings change by the week, and a test that launches an m5.large must not depend on them.
 */
export const offeredIn = (region: string, zone: string, instanceType: string): boolean =>
  findZone(region, zone) !== undefined && findInstanceType(instanceType) !== undefined;

const locations: Readonly<Record<LocationType, (region: string) => readonly string[]>> = {
  region: (region) => (regions.has(region) ? [region] : []),
  "availability-zone": (region) => zonesOf(region).map(({ name }) => name),
  "availability-zone-id": (region) => zonesOf(region).map(({ id }) => id),
};

/** All offerings of a region as DescribeInstanceTypeOfferings answers, by type and then by location. */
export function describeOfferings(region: string, locationType: LocationType): InstanceTypeOffering[] {
  const places = locations[locationType](region);
  return instanceTypeNames().flatMap((name) =>
    places.map((location) => ({
      InstanceType: name as _InstanceType,
      LocationType: locationType,
      Location: location,
    })),
  );
}

/** DescribeInstanceTypeOfferings' filters. */
export const offeringFilters: Readonly<
  Record<string, (offering: InstanceTypeOffering) => string | undefined>
> = {
  "instance-type": ({ InstanceType }) => InstanceType,
  location: ({ Location }) => Location,
};
