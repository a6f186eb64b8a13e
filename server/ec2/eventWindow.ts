import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { present } from "../kit/present.ts";
import { defineResource, resources, type ResourceRow } from "../kit/resource.ts";
import { tagsOf } from "../kit/tags.ts";
import { nextOpening, openingsOfCron, openingsOfRanges } from "./eventWindowTimes.ts";
import { instances, type Instance } from "./instance.ts";

type TagTarget = Required<Sdk.Tag>;

/** Whom a window is for; at most one of the lists has anything in it. */
interface Targets {
  readonly instanceIds: readonly string[];
  readonly tags: readonly TagTarget[];
  readonly hostIds: readonly string[];
}

interface EventWindow extends ResourceRow {
  readonly name: string | undefined;
  /** Either ranges or a cron expression. */
  readonly timeRanges: readonly Sdk.InstanceEventWindowTimeRange[] | undefined;
  readonly cron: string | undefined;
  /** Absent until something was associated for the first time. */
  readonly targets: Targets | undefined;
  readonly state: "creating" | "active" | "deleting";
}

const NOBODY: Targets = { instanceIds: [], tags: [], hostIds: [] };

/** An instance that is gone is a target no more. */
const viewTargets = (
  ctx: Context,
  { instanceIds, tags, hostIds }: Targets,
): Sdk.InstanceEventWindowAssociationTarget => ({
  InstanceIds: instanceIds.filter((id) => instances.table(ctx).get(id)),
  Tags: [...tags],
  DedicatedHostIds: [...hostIds],
});

/** About what EC2 takes to make or delete a window, in seconds. */
const SECONDS = 10;

/** When in a week events may happen that stop, reboot or terminate certain instances. */
export const eventWindows = defineResource({
  type: "instance-event-window",
  idPrefix: "iew",
  notFound: "InvalidInstanceEventWindowID.NotFound",
  ids: "InstanceEventWindowIds",
  view: (window: EventWindow, { ctx, tags }): Sdk.InstanceEventWindow => ({
    InstanceEventWindowId: window.id,
    Name: window.name,
    TimeRanges: window.timeRanges && [...window.timeRanges],
    CronExpression: window.cron,
    AssociationTarget: window.targets && viewTargets(ctx, window.targets),
    State: window.state,
    Tags: tags,
  }),
  filters: {
    "dedicated-host-id": (window) => window.AssociationTarget?.DedicatedHostIds,
    "event-window-name": (window) => window.Name,
    "instance-id": (window) => window.AssociationTarget?.InstanceIds,
    "instance-tag": (window) => window.AssociationTarget?.Tags?.map(({ Key, Value }) => `${Key}=${Value}`),
    "instance-tag-key": (window) => window.AssociationTarget?.Tags?.map(({ Key }) => Key),
    "instance-tag-value": (window) => window.AssociationTarget?.Tags?.map(({ Value }) => Value),
    "tag-value": (window) => window.Tags?.map(({ Value }) => Value),
  },
  pages: [20, 500],
  transitions: {
    active: (ctx, { id, state }) => {
      if (state === "creating") eventWindows.update(ctx, id, { state: "active" });
    },
    deleted: (ctx, { id }) => eventWindows.delete(ctx, id),
  },
});

/**
 * When, not before `earliest`, an event may happen to an instance: as soon as its window is open, if it has one. Times
 * are milliseconds since the epoch.
 *
 * @param host the host that it is on
 */
export function openingFor(
  ctx: Context,
  { id }: Pick<Instance, "id">,
  host: string | undefined,
  earliest: number,
): number {
  const tags = tagsOf(ctx, id);
  const window = eventWindows.own(ctx).find(({ targets = NOBODY, state }) => {
    if (state === "deleting") return false;
    const isTagged = ({ Key, Value }: TagTarget) =>
      tags.some((tag) => tag.Key === Key && tag.Value === Value);
    const { instanceIds, hostIds } = targets;
    return (
      instanceIds.includes(id) ||
      targets.tags.some(isTagged) ||
      (host !== undefined && hostIds.includes(host))
    );
  });
  if (window?.timeRanges) return nextOpening(openingsOfRanges(window.timeRanges), earliest);
  return window?.cron === undefined ? earliest : nextOpening(openingsOfCron(window.cron), earliest);
}

/** What a call says of the times, or undefined if it does not. */
function readTimes({
  TimeRanges,
  CronExpression,
}: Pick<Sdk.CreateInstanceEventWindowRequest, "TimeRanges" | "CronExpression">):
  | Pick<EventWindow, "timeRanges" | "cron">
  | undefined {
  if (TimeRanges?.length && CronExpression !== undefined) {
    throw new ApiError(
      "InvalidParameterCombination",
      "Only one of timeRange and cronExpression can be specified.",
    );
  }
  if (CronExpression !== undefined) {
    openingsOfCron(CronExpression);
    return { timeRanges: undefined, cron: CronExpression };
  }
  if (!TimeRanges?.length) return undefined;
  openingsOfRanges(TimeRanges);
  return { timeRanges: TimeRanges, cron: undefined };
}

/** How many targets of each kind a window can have. */
const MOST = { instanceIds: 100, tags: 50, hostIds: 50 } as const;
type TargetKind = keyof Targets;
const KINDS = Object.keys(MOST) as TargetKind[];

/** The targets that a call names. */
function readTargets({
  InstanceIds = [],
  InstanceTags = [],
  DedicatedHostIds = [],
}: Sdk.InstanceEventWindowAssociationRequest): Targets {
  const tags = InstanceTags.map(({ Key = "", Value = "" }) => ({ Key, Value }));
  const targets = { instanceIds: [...new Set(InstanceIds)], tags, hostIds: [...new Set(DedicatedHostIds)] };
  const named = KINDS.filter((kind) => targets[kind].length > 0);
  if (named.length === 0) throw new ApiError("MissingParameter", "associationTarget");
  if (named.length > 1) {
    throw new ApiError(
      "InvalidParameterCombination",
      "Only one type of target (instance IDs, Dedicated Host IDs, or tags) can be specified.",
    );
  }
  return targets;
}

/** As text, so that targets of each kind are compared alike. */
const keyOf = (target: string | TagTarget): string =>
  typeof target === "string" ? target : `${target.Key}=${target.Value}`;

const keysOf = (targets: Targets | undefined): Set<string> =>
  new Set(KINDS.flatMap((kind) => (targets?.[kind] ?? []).map(keyOf)));

/** @throws {ApiError} that of the first target which is not there, or is not to be named so */
function checkTargets(ctx: Context, { instanceIds, tags, hostIds }: Targets): void {
  for (const { id, tenancy } of instances.getAll(ctx, instanceIds)) {
    if (tenancy === "host") {
      throw new ApiError(
        "InvalidParameterCombination",
        `The instance '${id}' is on a Dedicated Host; specify the Dedicated Host ID.`,
      );
    }
  }
  for (const id of hostIds) {
    if (!resources.get("dedicated-host")?.find(ctx, id)) throw new ApiError("InvalidHostID.NotFound", id);
  }
  if (tags.some(({ Key }) => Key === "")) throw new ApiError("MissingParameter", "instanceTag.key");
}

/**
 * A window with more targets.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/event-windows.html#event-windows-considerations
 */
function associate(ctx: Context, window: EventWindow, added: Targets): EventWindow {
  checkTargets(ctx, added);
  const before = window.targets ?? NOBODY;
  const kind = KINDS.find((each) => added[each].length > 0);
  if (KINDS.some((each) => each !== kind && before[each].length > 0)) {
    throw new ApiError(
      "InvalidParameterCombination",
      `Only one type of target can be associated with the event window '${window.id}'.`,
    );
  }
  const wanted = keysOf(added);
  for (const other of eventWindows.own(ctx)) {
    const shared = [...keysOf(other.targets)].find((key) => wanted.has(key));
    if (other.id !== window.id && shared !== undefined) {
      throw new ApiError(
        "InvalidParameterValue",
        `The target '${shared}' is already associated with the event window '${other.id}'.`,
      );
    }
  }
  const known = keysOf(before);
  const merge = <T extends string | TagTarget>(old: readonly T[], fresh: readonly T[]): readonly T[] => [
    ...old,
    ...fresh.filter((target) => !known.has(keyOf(target))),
  ];
  const targets = {
    instanceIds: merge(before.instanceIds, added.instanceIds),
    tags: merge(before.tags, added.tags),
    hostIds: merge(before.hostIds, added.hostIds),
  };
  const full = KINDS.find((each) => targets[each].length > MOST[each]);
  if (full) {
    throw new ApiError(
      "InvalidParameterValue",
      `An event window can have at most ${MOST[full]} such targets.`,
    );
  }
  return eventWindows.update(ctx, window.id, { targets });
}

function disassociate(ctx: Context, { id, targets = NOBODY }: EventWindow, removed: Targets): EventWindow {
  const known = keysOf(targets);
  const gone = keysOf(removed);
  const missing = [...gone].find((key) => !known.has(key));
  if (missing !== undefined) {
    throw new ApiError(
      "InvalidParameterValue",
      `The target '${missing}' is not associated with the event window '${id}'.`,
    );
  }
  const stays = (target: string | TagTarget): boolean => !gone.has(keyOf(target));
  return eventWindows.update(ctx, id, {
    targets: {
      instanceIds: targets.instanceIds.filter(stays),
      tags: targets.tags.filter(stays),
      hostIds: targets.hostIds.filter(stays),
    },
  });
}

const answer = (ctx: Context, window: EventWindow) => ({
  InstanceEventWindow: eventWindows.show(ctx, window),
});

export const operations = {
  AssociateInstanceEventWindow: ({ InstanceEventWindowId, AssociationTarget }, ctx) => {
    const window = eventWindows.get(ctx, InstanceEventWindowId);
    return answer(ctx, associate(ctx, window, readTargets(AssociationTarget)));
  },

  CreateInstanceEventWindow: ({ Name, TagSpecifications, ...input }, ctx) => {
    const times = readTimes(input);
    if (!times) throw new ApiError("MissingParameter", "timeRange or cronExpression");
    const window = eventWindows.create(
      ctx,
      { ...times, name: Name, targets: undefined, state: "creating" },
      TagSpecifications,
    );
    eventWindows.soon(ctx, window.id, "active", SECONDS);
    return answer(ctx, window);
  },

  DeleteInstanceEventWindow: ({ InstanceEventWindowId, ForceDelete = false }, ctx) => {
    const window = eventWindows.get(ctx, InstanceEventWindowId);
    const { targets } = eventWindows.show(ctx, window).AssociationTarget ? window : { targets: undefined };
    if (!ForceDelete && keysOf(targets).size > 0) {
      throw new ApiError(
        "DependencyViolation",
        `The event window '${window.id}' is associated with targets. Specify forceDelete to delete it.`,
      );
    }
    eventWindows.soon(ctx, window.id, "deleted", SECONDS);
    const { id, state } = eventWindows.update(ctx, window.id, { state: "deleting" });
    return { InstanceEventWindowState: { InstanceEventWindowId: id, State: state } };
  },

  DescribeInstanceEventWindows: eventWindows.describe("InstanceEventWindows"),

  DisassociateInstanceEventWindow: ({ InstanceEventWindowId, AssociationTarget }, ctx) => {
    const window = eventWindows.get(ctx, InstanceEventWindowId);
    return answer(ctx, disassociate(ctx, window, readTargets(AssociationTarget)));
  },

  // Events that are scheduled already stay when they are.
  ModifyInstanceEventWindow: ({ InstanceEventWindowId, Name, ...input }, ctx) => {
    const window = eventWindows.get(ctx, InstanceEventWindowId);
    const times = readTimes(input);
    return answer(ctx, eventWindows.update(ctx, window.id, { ...present({ name: Name }), ...times }));
  },
} satisfies Handlers;
