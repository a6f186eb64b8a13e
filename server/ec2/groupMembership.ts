import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { InstanceTypeFacts } from "./catalogue/instanceTypes.ts";
import { isPrecisionTimeFamily } from "./catalogue/precisionTime.ts";
import { instances, isOnHost, type Instance, type Placeable } from "./instance.ts";
import { typeOf } from "./instanceView.ts";
import {
  hasPrecisionTime,
  placementGroups,
  type GroupMembership,
  type PlacementGroup,
} from "./placementGroup.ts";

/** "A maximum of seven running instances per Availability Zone." */
const MAX_SPREAD = 7;
/** "A partition placement group with Dedicated Instances can have a maximum of two partitions." */
const MAX_DEDICATED_PARTITIONS = 2;

const badCombination = (message: string): ApiError => new ApiError("InvalidParameterCombination", message);

/** What of an instance type decides on the groups that it can be in. */
type Member = Pick<InstanceTypeFacts, "name" | "family" | "placementStrategies">;

/**
 * Makes sure that an instance can be in a group at all.
 *
 * @throws {ApiError} InvalidParameterCombination
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/placement-groups.html
 */
export function checkMember(
  group: PlacementGroup,
  { name, family, placementStrategies }: Member,
  tenancy: Sdk.Tenancy,
): void {
  const { strategy, partitions = 0 } = group;
  if (tenancy === "host") {
    throw badCombination(
      "You cannot launch an instance with a tenancy of 'host' into a placement group. Either remove the placement group from the request, or specify a different tenancy.",
    );
  }
  const unsupported = (what: string): ApiError =>
    badCombination(
      `${what} placement groups are not supported by the '${name}' instance type. Specify a supported instance type or change the placement group strategy, and try again.`,
    );
  if (strategy === "cluster" && !placementStrategies.includes("cluster")) throw unsupported("Cluster");
  if (hasPrecisionTime(group) && !isPrecisionTimeFamily(family)) throw unsupported("Precision time");
  if (tenancy !== "dedicated") return;
  if (strategy === "spread") {
    throw badCombination(
      "Spread placement groups are not supported for instances with a tenancy of 'dedicated'.",
    );
  }
  if (strategy === "partition" && partitions > MAX_DEDICATED_PARTITIONS) {
    throw badCombination(
      `A partition placement group with instances that have a tenancy of 'dedicated' can have at most ${MAX_DEDICATED_PARTITIONS} partitions.`,
    );
  }
}

/**
 * The place that an instance asks for in a group; undefined for none.
 *
 * @throws {ApiError} InvalidParameterCombination, InvalidParameterValue
 */
export function readMembership(
  group: PlacementGroup | undefined,
  partition: number | undefined,
  type: Member,
  tenancy: Sdk.Tenancy,
): GroupMembership | undefined {
  if (partition !== undefined && group?.strategy !== "partition") {
    throw badCombination(
      "A partition number can be specified only with a placement group that has the 'partition' strategy.",
    );
  }
  if (!group) return undefined;
  checkMember(group, type, tenancy);
  if (partition !== undefined && (partition < 1 || partition > (group.partitions ?? 0))) {
    throw new ApiError(
      "InvalidParameterValue",
      `Value (${partition}) for parameter partitionNumber is invalid. The placement group '${group.name}' has ${group.partitions} partitions.`,
    );
  }
  return { id: group.id, partition };
}

/** Instances that name no partition are spread evenly over all: the first of the emptiest. */
function emptiestPartition({ partitions = 1 }: PlacementGroup, members: readonly Instance[]): number {
  const counts = Array.from({ length: partitions }, () => 0);
  for (const { placementGroup } of members) {
    const index = (placementGroup?.partition ?? 0) - 1;
    counts[index] = (counts[index] ?? 0) + 1;
  }
  return counts.indexOf(Math.min(...counts)) + 1;
}

/**
 * The place that an instance gets in its group now that it is to run.
 *
 * @throws {ApiError} InvalidParameterCombination, InvalidPlacementGroup.InUse, InsufficientInstanceCapacity
 */
export function joinGroup(
  ctx: Context,
  instance: Pick<Placeable, "zone" | "instanceType" | "placementGroup" | "tenancy">,
): GroupMembership | undefined {
  const { zone, instanceType, placementGroup, tenancy } = instance;
  const group = placementGroup && placementGroups.table(ctx).get(placementGroup.id);
  if (!group) return undefined;
  // Its type may be another one than when it came into the group.
  checkMember(group, typeOf(instance), tenancy);
  const running = instances.by(ctx, "placementGroup", group.id).filter(isOnHost);
  const here = running.filter((member) => member.zone === zone);
  if (group.strategy === "partition") {
    return { id: group.id, partition: placementGroup.partition ?? emptiestPartition(group, here) };
  }
  const elsewhere = running.find((member) => member.zone !== zone);
  if (group.strategy === "cluster" && elsewhere) {
    throw new ApiError(
      "InvalidPlacementGroup.InUse",
      `The placement group '${group.name}' is in use in another availability zone: ${elsewhere.zone}`,
    );
  }
  if (group.strategy === "spread" && here.length >= MAX_SPREAD) {
    throw new ApiError("InsufficientInstanceCapacity", instanceType, zone);
  }
  return placementGroup;
}
