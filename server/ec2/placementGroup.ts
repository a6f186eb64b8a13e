import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { describeList } from "../kit/list.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import type { GroupPlace } from "../kit/world.ts";
import type { Unit } from "../state/unit.ts";

export interface PlacementGroup extends ResourceRow {
  /** One of its kind in the account and region. */
  readonly name: string;
  readonly strategy: Sdk.PlacementStrategy;
  /** 1 to 7, of strategy `partition`. */
  readonly partitions: number | undefined;
  /** The group of strategy `precision-time` whose hardware a cluster is on. */
  readonly parentId: string | undefined;
}

/** An instance's place in its group. */
export interface GroupMembership {
  readonly id: string;
  /** From 1 on, in a group of partitions; until its first launch there may be none. */
  readonly partition: number | undefined;
}

const MAX_PARTITIONS = 7;
const USUAL_PARTITIONS = 2;

const filters = {
  "group-arn": (group: Sdk.PlacementGroup) => group.GroupArn,
  "group-name": (group: Sdk.PlacementGroup) => group.GroupName,
  "spread-level": (group: Sdk.PlacementGroup) => group.SpreadLevel,
  state: (group: Sdk.PlacementGroup) => group.State,
  strategy: (group: Sdk.PlacementGroup) => group.Strategy,
};

/**
 * Says how instances are placed with respect to each other: near to each other, each on hardware of its own, or in
 * partitions that share none.
 */
export const placementGroups = defineResource({
  type: "placement-group",
  idPrefix: "pg",
  notFound: "InvalidPlacementGroup.Unknown",
  malformed: "InvalidPlacementGroupId.Malformed",
  ids: "GroupIds",
  view: (group: PlacementGroup, { ctx, tags }): Sdk.PlacementGroup => ({
    GroupId: group.id,
    GroupArn: groupArn(ctx, group),
    GroupName: group.name,
    State: "available",
    Strategy: group.strategy,
    PartitionCount: group.partitions,
    // "Only Outpost placement groups can be spread across hosts."
    SpreadLevel: group.strategy === "spread" ? "rack" : undefined,
    ParentGroupId: group.parentId,
    Operator: { Managed: false },
    Tags: tags,
  }),
  filters,
  indexes: { name: ({ account, name }) => `${account}/${name}`, parent: ({ parentId }) => parentId },
  parents: { "placement-group": "parent" },
});

/** Its name is part of it: a group is known by its name within the account. */
export const groupArn = ({ region }: Pick<Context, "region">, { account, name }: PlacementGroup): string =>
  `arn:aws:ec2:${region}:${account}:placement-group/${name}`;

const named = (ctx: Context, name: string): PlacementGroup | undefined =>
  placementGroups.by(ctx, "name", `${ctx.account}/${name}`)[0];

/** @throws {ApiError} InvalidPlacementGroup.Unknown */
export function groupNamed(ctx: Context, name: string): PlacementGroup {
  const group = named(ctx, name);
  if (!group) throw new ApiError("InvalidPlacementGroup.Unknown", name);
  return group;
}

/** The group that a call names by its ARN; undefined if there is none. */
export function groupByArn(ctx: Context, arn: string): PlacementGroup | undefined {
  return placementGroups.own(ctx).find((group) => groupArn(ctx, group) === arn);
}

/**
 * The group that a call names, by its name or by its id; undefined for none, which an empty name says too.
 *
 * @throws {ApiError} InvalidParameterCombination for both, InvalidPlacementGroup.Unknown, InvalidPlacementGroupId.Malformed
 */
export function readGroup(
  ctx: Context,
  { GroupName, GroupId }: Pick<Sdk.Placement, "GroupName" | "GroupId">,
): PlacementGroup | undefined {
  if (GroupName && GroupId) {
    throw new ApiError(
      "InvalidParameterCombination",
      "The parameter groupName cannot be used with the parameter groupId",
    );
  }
  if (GroupId) return placementGroups.get(ctx, GroupId);
  return GroupName ? groupNamed(ctx, GroupName) : undefined;
}

/** Whether the instances of a group have access to a source of precise time. */
export const hasPrecisionTime = ({ strategy, parentId }: PlacementGroup): boolean =>
  strategy === "precision-time" || parentId !== undefined;

/** What a group asks of the hosts for one of its instances. */
export function groupPlaceOf(unit: Unit, { id, partition = 1 }: GroupMembership): GroupPlace | undefined {
  const group = placementGroups.table({ unit }).get(id);
  if (!group) return undefined;
  const { strategy } = group;
  switch (strategy) {
    case "spread":
      return { id, strategy, level: "rack" };
    case "partition":
      return { id, strategy, partition };
    case "cluster":
      return { id, strategy, preciseTime: hasPrecisionTime(group) };
    case "precision-time":
      return { id, strategy };
    default:
      return strategy satisfies never;
  }
}

/**
 * "Up to 255 ASCII characters."
 *
 * @throws {ApiError} MissingParameter, InvalidParameterValue, InvalidPlacementGroup.Duplicate for a name that is taken
 */
function readName(ctx: Context, name: string | undefined): string {
  if (name === undefined) throw new ApiError("MissingParameter", "groupName");
  if (!/^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/.test(name)) {
    throw new ApiError(
      "InvalidParameterValue",
      `Value (${name.slice(0, 256)}) for parameter groupName is invalid. It must be 1 to 255 ASCII characters, without spaces at its ends.`,
    );
  }
  if (named(ctx, name)) throw new ApiError("InvalidPlacementGroup.Duplicate", name);
  return name;
}

/** @throws {ApiError} InvalidParameterCombination, InvalidParameterValue */
function readPartitions(strategy: Sdk.PlacementStrategy, count: number | undefined): number | undefined {
  if (strategy !== "partition") {
    if (count === undefined) return undefined;
    throw new ApiError(
      "InvalidParameterCombination",
      "The parameter partitionCount can be specified only if the strategy is set to 'partition'.",
    );
  }
  if (count !== undefined && (count < 1 || count > MAX_PARTITIONS)) {
    throw new ApiError(
      "InvalidParameterValue",
      `Value (${count}) for parameter partitionCount is invalid. It must be between 1 and ${MAX_PARTITIONS}.`,
    );
  }
  return count ?? USUAL_PARTITIONS;
}

/** @throws {ApiError} UnsupportedOperation, InvalidParameterCombination */
function checkSpread(strategy: Sdk.PlacementStrategy, level: Sdk.SpreadLevel | undefined): void {
  if (level === undefined) return;
  if (strategy !== "spread") {
    throw new ApiError(
      "InvalidParameterCombination",
      "The parameter spreadLevel can be specified only if the strategy is set to 'spread'.",
    );
  }
  if (level === "host") {
    throw new ApiError(
      "UnsupportedOperation",
      "The spread level 'host' is supported only for placement groups on an Outpost.",
    );
  }
}

/**
 * "Valid only when Strategy is set to cluster."
 *
 * @throws {ApiError} InvalidParameterCombination, InvalidParameterValue, InvalidPlacementGroup.Unknown,
 *   InvalidPlacementGroupId.Malformed
 */
function readParent(
  ctx: Context,
  strategy: Sdk.PlacementStrategy,
  id: string | undefined,
): string | undefined {
  if (id === undefined) return undefined;
  if (strategy !== "cluster") {
    throw new ApiError(
      "InvalidParameterCombination",
      "The parameter parentGroupId can be specified only if the strategy is set to 'cluster'.",
    );
  }
  if (placementGroups.get(ctx, id).strategy !== "precision-time") {
    throw new ApiError(
      "InvalidParameterValue",
      `Value (${id}) for parameter parentGroupId is invalid. The strategy of the parent must be 'precision-time'.`,
    );
  }
  return id;
}

/** The groups that a call names by name or by id, each once; without any, all. */
function asked(ctx: Context, { GroupNames = [], GroupIds = [] }: Sdk.DescribePlacementGroupsRequest) {
  if (GroupNames.length + GroupIds.length === 0) return placementGroups.own(ctx);
  const byName = GroupNames.map((name) => groupNamed(ctx, name));
  return [...new Set([...byName, ...placementGroups.getAll(ctx, GroupIds)])];
}

export const partly = { CreatePlacementGroup: "Outposts" };

export const operations = {
  CreatePlacementGroup: (input, ctx) => {
    const { GroupName, Strategy: strategy = "cluster", PartitionCount, SpreadLevel } = input;
    if (input.LinkedGroupId !== undefined) {
      throw new ApiError("UnsupportedOperation", "The parameter linkedGroupId is reserved for future use.");
    }
    if (input.Operator?.Principal !== undefined) {
      throw new ApiError("UnsupportedOperation", "The operator parameter is reserved for internal use.");
    }
    checkSpread(strategy, SpreadLevel);
    const group = placementGroups.create(
      ctx,
      {
        name: readName(ctx, GroupName),
        strategy,
        partitions: readPartitions(strategy, PartitionCount),
        parentId: readParent(ctx, strategy, input.ParentGroupId),
      },
      input.TagSpecifications,
    );
    return { PlacementGroup: placementGroups.show(ctx, group) };
  },

  DeletePlacementGroup: ({ GroupName }, ctx) => {
    const group = groupNamed(ctx, GroupName);
    if (!placementGroups.isFree(ctx, group.id)) {
      throw new ApiError(
        "InvalidPlacementGroup.InUse",
        `The placement group '${group.name}' is in use and may not be deleted.`,
      );
    }
    placementGroups.delete(ctx, group.id);
    return {};
  },

  DescribePlacementGroups: describeList({
    output: "PlacementGroups",
    filters,
    tagged: true,
    of: (input: Sdk.DescribePlacementGroupsRequest, ctx) =>
      asked(ctx, input).map((group) => placementGroups.show(ctx, group)),
  }),
} satisfies Handlers;
