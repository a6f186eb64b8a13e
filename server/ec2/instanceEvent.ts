import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { openingFor } from "./eventWindow.ts";
import { beginStop, instances, type Instance } from "./instance.ts";

/** Something that EC2 is going to do to an instance. Times are milliseconds since the epoch. */
export interface InstanceEvent extends ResourceRow {
  readonly instanceId: string;
  readonly code: Sdk.EventCode;
  readonly notBefore: number;
  readonly notAfter: number | undefined;
  /** Until when it can be put off; without one it cannot. */
  readonly deadline: number | undefined;
  readonly completed: boolean;
}

const descriptions = {
  "instance-reboot": "The instance is scheduled for a reboot",
  "instance-retirement": "The instance is running on degraded hardware",
  "instance-stop": "The instance is running on degraded hardware",
  "system-maintenance": "The instance is scheduled for system maintenance",
  "system-reboot": "The instance is scheduled for a reboot",
} as const satisfies Record<Sdk.EventCode, string>;

const dateOf = (at: number | undefined): Date | undefined => (at === undefined ? undefined : new Date(at));

/** "After a scheduled event is completed, it can still be described for up to a week." */
const SHOWN_SECONDS = 7 * 24 * 3600;

/** @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitoring-instances-status-check_sched.html */
export const instanceEvents = defineResource({
  type: "instance-event",
  idPrefix: "instance-event",
  notFound: "InvalidInstanceEventIDNotFound",
  ids: "InstanceEventIds",
  view: ({ id, code, completed, ...times }: InstanceEvent): Sdk.InstanceStatusEvent => ({
    InstanceEventId: id,
    Code: code,
    Description: `${completed ? "[Completed] " : ""}${descriptions[code]}`,
    NotBefore: dateOf(times.notBefore),
    NotAfter: dateOf(times.notAfter),
    NotBeforeDeadline: dateOf(times.deadline),
  }),
  filters: {},
  indexes: { instance: ({ instanceId }) => instanceId },
  parents: { instance: "instance" },
  partOf: () => true,
  transitions: {
    start: (ctx, event) => {
      if (!event.completed) befall(ctx, event);
    },
    forget: (ctx, { id }) => instanceEvents.delete(ctx, id),
  },
});

const HOUR = 3600 * 1000;
const DAY = 24 * HOUR;
/** How long before it happens an event is known, how long it takes at most, and how long it can be put off. */
const NOTICE = 14 * DAY;
const DURATION = 2 * HOUR;
const DELAY = 7 * DAY;

/** Those that end with the instance stopped have no end of their own; maintenance is not to be put off. */
const ENDLESS: ReadonlySet<string> = new Set<Sdk.EventCode>(["instance-retirement", "instance-stop"]);
const FIXED: ReadonlySet<string> = new Set<Sdk.EventCode>(["system-maintenance"]);

/**
 * Schedules an event for an instance; if it has one of this kind before it, that one.
 *
 * @param host the host that the instance is on
 * @param notBefore milliseconds since the epoch; without one, it is in two weeks, in the instance's event window
 */
export function schedule(
  ctx: Context,
  instance: Instance,
  code: Sdk.EventCode,
  host: string | undefined,
  notBefore?: number,
): InstanceEvent {
  const known = instanceEvents
    .by(ctx, "instance", instance.id)
    .find((event) => event.code === code && !event.completed);
  if (known) return known;
  const earliest = ctx.now + NOTICE;
  const at = notBefore ?? (FIXED.has(code) ? earliest : openingFor(ctx, instance, host, earliest));
  const event = instanceEvents.create(ctx, {
    instanceId: instance.id,
    code,
    notBefore: at,
    notAfter: ENDLESS.has(code) ? undefined : at + DURATION,
    deadline: FIXED.has(code) ? undefined : at + DELAY,
    completed: false,
  });
  instanceEvents.later(ctx, event.id, "start", Math.max(0, at - ctx.now) / 1000);
  return event;
}

/** What was to happen to an instance has happened, or need not any more: all of it, or events of these kinds. */
export function completeEvents(ctx: Context, instanceId: string, codes?: readonly Sdk.EventCode[]): void {
  for (const { id, code, completed } of instanceEvents.by(ctx, "instance", instanceId)) {
    if (completed || codes?.includes(code) === false) continue;
    instanceEvents.update(ctx, id, { completed: true });
    instanceEvents.later(ctx, id, "forget", SHOWN_SECONDS);
  }
}

function befall(ctx: Context, { instanceId, code }: InstanceEvent): void {
  const instance = instances.table(ctx).get(instanceId);
  if (instance?.state === "running" || instance?.state === "pending") {
    if (code === "instance-retirement" || code === "instance-stop") {
      // What it was scheduled for besides, it need not suffer any more: it will start on another host.
      completeEvents(ctx, instanceId);
      beginStop(ctx, instance, "Server.ScheduledStop");
      return;
    }
    instances.update(ctx, instanceId, { reboots: instance.reboots + 1, impairedSince: undefined });
  }
  completeEvents(ctx, instanceId, [code]);
}

/** An event that starts sooner than this cannot be put off any more, and none can be put to sooner than that. */
const IMMINENT = 5 * 60 * 1000;
const SOONEST = HOUR;

/** @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/reschedule-event.html */
function checkMovable({ id, completed, notBefore, deadline }: InstanceEvent, to: number, now: number): void {
  const refuse = (why: string): ApiError => new ApiError("InvalidInstanceEventStartTime", id, why);
  if (completed || notBefore <= now + IMMINENT) throw refuse("The event has started, or is about to.");
  if (deadline === undefined) throw refuse("The event has no deadline.");
  if (to < now + SOONEST) throw refuse("The new start time must be at least 60 minutes from now.");
  if (to > deadline) throw refuse("The new start time must not be after the event's deadline.");
}

export const operations = {
  ModifyInstanceEventStartTime: ({ InstanceId, InstanceEventId, NotBefore }, ctx) => {
    const instance = instances.get(ctx, InstanceId);
    const event = instanceEvents.get(ctx, InstanceEventId);
    if (event.instanceId !== instance.id) throw new ApiError("InvalidInstanceEventIDNotFound", event.id);
    const notBefore = NotBefore.getTime();
    checkMovable(event, notBefore, ctx.now);
    const moved = instanceEvents.update(ctx, event.id, {
      notBefore,
      notAfter: event.notAfter === undefined ? undefined : event.notAfter + notBefore - event.notBefore,
    });
    instanceEvents.later(ctx, event.id, "start", (notBefore - ctx.now) / 1000);
    return { Event: instanceEvents.show(ctx, moved) };
  },
} satisfies Handlers;
