import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import { compileFilters, type Filters } from "../kit/filters.ts";
import type { Handlers } from "../kit/handlers.ts";
import { takePage } from "../kit/pages.ts";
import { findZone } from "./catalogue/zones.ts";
import { instances, type Instance } from "./instance.ts";
import { instanceEvents } from "./instanceEvent.ts";
import { typeOf, viewState } from "./instanceView.ts";
import { volumes } from "./volume.ts";

/** How long after its start EC2 checks an instance for the first time. */
const FIRST_CHECK_SECONDS = 120;

type Finding = "ok" | "initializing" | "insufficient-data";

/** What a check says: that something is wrong since a time, or else what it has found. */
const viewCheck = (since: number | undefined, otherwise: Finding) =>
  ({
    Status: since === undefined ? otherwise : "impaired",
    Details: [
      {
        Name: "reachability",
        Status: since !== undefined ? "failed" : otherwise === "ok" ? "passed" : otherwise,
        ...(since !== undefined && { ImpairedSince: new Date(since) }),
      },
    ],
  }) satisfies Sdk.InstanceStatusSummary;

/** Since when the first of these is wrong; undefined if none is. */
function first(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

/**
 * The system is the host; the instance cannot be reached without it; nor can it be asked how its volumes are.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitoring-system-instance-status-check.html
 */
function viewChecks(ctx: Context, { id, state, launched, failedHost, impairedSince }: Instance) {
  const none = { Status: "not-applicable" } as const;
  if (state !== "running") return { system: none, instance: none, ebs: none };
  const isNew = ctx.pace === "real" && ctx.now < launched + FIRST_CHECK_SECONDS * 1000;
  const found = isNew ? "initializing" : "ok";
  const stalled = volumes.by(ctx, "instance", id).map(({ stalledSince }) => stalledSince);
  return {
    system: viewCheck(failedHost?.since, found),
    instance: viewCheck(first([failedHost?.since, impairedSince]), found),
    ebs: failedHost ? viewCheck(undefined, "insufficient-data") : viewCheck(first(stalled), found),
  };
}

function viewStatus(ctx: Context, instance: Instance): Sdk.InstanceStatus {
  const checks = viewChecks(ctx, instance);
  const events = instanceEvents.by(ctx, "instance", instance.id);
  return {
    InstanceId: instance.id,
    AvailabilityZone: instance.zone,
    AvailabilityZoneId: findZone(ctx.region, instance.zone)?.id,
    Events: events.map((event) => instanceEvents.show(ctx, event)),
    InstanceState: viewState(instance.state),
    InstanceStatus: checks.instance,
    SystemStatus: checks.system,
    // "Attached EBS status checks are available only for Nitro instances."
    AttachedEbsStatus: typeOf(instance).hypervisor === "xen" ? undefined : checks.ebs,
    Operator: { Managed: false },
  };
}

const reachability = (summary: Sdk.InstanceStatusSummary | undefined) =>
  summary?.Details?.map(({ Status }) => Status);

const filters = {
  "attached-ebs-status.status": (status) => status.AttachedEbsStatus?.Status,
  "availability-zone": (status) => status.AvailabilityZone,
  "availability-zone-id": (status) => status.AvailabilityZoneId,
  "event.code": (status) => status.Events?.map(({ Code }) => Code),
  "event.description": (status) => status.Events?.map(({ Description }) => Description),
  "event.instance-event-id": (status) => status.Events?.map(({ InstanceEventId }) => InstanceEventId),
  "event.not-after": (status) => status.Events?.map(({ NotAfter }) => NotAfter),
  "event.not-before": (status) => status.Events?.map(({ NotBefore }) => NotBefore),
  "event.not-before-deadline": (status) => status.Events?.map(({ NotBeforeDeadline }) => NotBeforeDeadline),
  "instance-state-code": (status) => status.InstanceState?.Code,
  "instance-state-name": (status) => status.InstanceState?.Name,
  "instance-status.reachability": (status) => reachability(status.InstanceStatus),
  "instance-status.status": (status) => status.InstanceStatus?.Status,
  "operator.managed": (status) => status.Operator?.Managed,
  "operator.principal": (status) => status.Operator?.Principal,
  "system-status.reachability": (status) => reachability(status.SystemStatus),
  "system-status.status": (status) => status.SystemStatus?.Status,
} satisfies Filters<Sdk.InstanceStatus>;

function describe(
  { InstanceIds, IncludeAllInstances, Filters, ...page }: Sdk.DescribeInstanceStatusRequest,
  ctx: Context,
): Sdk.DescribeInstanceStatusResult {
  if (InstanceIds?.length && page.MaxResults !== undefined) {
    throw new ApiError(
      "InvalidParameterCombination",
      "The parameter instancesSet cannot be used with the parameter maxResults",
    );
  }
  const rows = InstanceIds?.length ? instances.getAll(ctx, InstanceIds) : instances.own(ctx);
  const keep = compileFilters(filters, Filters, false);
  const { items, ...next } = takePage(ctx, rows, page, (row) => {
    if (!IncludeAllInstances && row.state !== "running") return undefined;
    const status = viewStatus(ctx, row);
    return !keep || keep(status, row) ? status : undefined;
  });
  return { InstanceStatuses: items, ...next };
}

export const operations = {
  DescribeInstanceStatus: Object.assign(describe, { filters: Object.keys(filters) }),

  // What customers report, EC2 reads; "use of this action does not change the value returned by
  // DescribeInstanceStatus".
  ReportInstanceStatus: ({ Instances, StartTime, EndTime }, ctx) => {
    for (const { id, state } of instances.getAll(ctx, Instances)) {
      if (state !== "running") {
        throw new ApiError("IncorrectInstanceState", `The instance '${id}' is not in the 'running' state.`);
      }
    }
    if (StartTime && EndTime && EndTime < StartTime) {
      throw new ApiError("InvalidParameterValue", "The end time must not be before the start time.");
    }
    return {};
  },
} satisfies Handlers;
