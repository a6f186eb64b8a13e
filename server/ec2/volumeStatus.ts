import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import { compileFilters, type Filters } from "../kit/filters.ts";
import type { Handlers } from "../kit/handlers.ts";
import { takePage } from "../kit/pages.ts";
import { findZone } from "./catalogue/zones.ts";
import { instances } from "./instance.ts";
import { typeOf } from "./instanceView.ts";
import { volumes, type Volume } from "./volume.ts";

/** What EC2 measures the performance of, while an instance has it. */
const MEASURED: ReadonlySet<string> = new Set(["gp3", "io1", "io2"]);

function viewPerformance({ state, volumeType, stalledSince }: Volume): string {
  if (state !== "in-use" || !MEASURED.has(volumeType)) return "not-applicable";
  return stalledSince === undefined ? "normal" : "stalled";
}

function viewDetails(volume: Volume): Sdk.VolumeStatusInfo {
  const { state, snapshotId, stalledSince } = volume;
  if (state === "creating") return { Status: "insufficient-data", Details: [] };
  return {
    Status: stalledSince === undefined ? "ok" : "impaired",
    Details: [
      { Name: "io-enabled", Status: "passed" },
      { Name: "io-performance", Status: viewPerformance(volume) },
      { Name: "initialization-state", Status: snapshotId === undefined ? "not-applicable" : "completed" },
    ],
  };
}

/** The operations a second that an instance can have of all its volumes together. */
function maximumIops(ctx: Context, instanceId: string): string | undefined {
  const instance = instances.table(ctx).get(instanceId);
  return instance && typeOf(instance).ebs.maximum?.iops.toString();
}

/** What is written to disks is never lost here, so there is no event, nor anything to be done about one. */
const viewStatus = (ctx: Context, volume: Volume): Sdk.VolumeStatusItem => ({
  VolumeId: volume.id,
  AvailabilityZone: volume.zone,
  AvailabilityZoneId: findZone(ctx.region, volume.zone)?.id,
  VolumeStatus: viewDetails(volume),
  Actions: [],
  Events: [],
  AttachmentStatuses: volume.attachments.map(({ instanceId }) => ({
    InstanceId: instanceId,
    IoPerformance: maximumIops(ctx, instanceId),
  })),
  InitializationStatusDetails:
    volume.snapshotId === undefined
      ? undefined
      : {
          InitializationType: volume.initializationRate === undefined ? "default" : "provisioned-rate",
          Progress: 100,
          EstimatedTimeToCompleteInSeconds: volume.initializationRate === undefined ? undefined : 0,
        },
  Operator: { Managed: false },
});

const filters: Filters<Sdk.VolumeStatusItem> = {
  "action.code": (item) => item.Actions?.map(({ Code }) => Code),
  "action.description": (item) => item.Actions?.map(({ Description }) => Description),
  "action.event-id": (item) => item.Actions?.map(({ EventId }) => EventId),
  "availability-zone": (item) => item.AvailabilityZone,
  "availability-zone-id": (item) => item.AvailabilityZoneId,
  "event.description": (item) => item.Events?.map(({ Description }) => Description),
  "event.event-id": (item) => item.Events?.map(({ EventId }) => EventId),
  "event.event-type": (item) => item.Events?.map(({ EventType }) => EventType),
  "event.not-after": (item) => item.Events?.map(({ NotAfter }) => NotAfter),
  "event.not-before": (item) => item.Events?.map(({ NotBefore }) => NotBefore),
  "volume-status.details-name": (item) => item.VolumeStatus?.Details?.map(({ Name }) => Name),
  "volume-status.details-status": (item) => item.VolumeStatus?.Details?.map(({ Status }) => Status),
  "volume-status.status": (item) => item.VolumeStatus?.Status,
};

export const operations = {
  DescribeVolumeStatus: Object.assign(
    (input: Sdk.DescribeVolumeStatusRequest, ctx: Context): Sdk.DescribeVolumeStatusResult => {
      const { VolumeIds: ids = [], Filters: asked, MaxResults } = input;
      if (ids.length > 0 && MaxResults !== undefined) {
        throw new ApiError(
          "InvalidParameterCombination",
          "The parameter VolumeIds cannot be used with the parameter MaxResults",
        );
      }
      const rows = ids.length > 0 ? volumes.getAll(ctx, ids) : volumes.own(ctx);
      const keep = compileFilters(filters, asked, false);
      const { items, ...page } = takePage(ctx, rows, input, (row) => {
        const item = viewStatus(ctx, row);
        return !keep || keep(item, row) ? item : undefined;
      });
      return { VolumeStatuses: items, ...page };
    },
    { filters: Object.keys(filters) },
  ),

  // What is on, and always is, is switched on.
  EnableVolumeIO: ({ VolumeId }, ctx) => {
    volumes.get(ctx, VolumeId);
    return {};
  },
} satisfies Handlers;
