import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { defineResource, type Describe, type ResourceRow } from "../kit/resource.ts";
import { isStorageFault } from "../state/storageFault.ts";
import { deliver } from "./flowLogDelivery.ts";
import { readDestination, viewDestination, type FlowLogDestination } from "./flowLogDestination.ts";
import {
  checkCount,
  checkIds,
  checkSource,
  readFormat,
  readInterval,
  readTagKeys,
  readTraffic,
  readType,
  takeRecords,
  type FlowLogSource,
  type TagKeys,
} from "./flowLogSource.ts";
import { tryEach } from "./unsuccessful.ts";

export interface FlowLog extends ResourceRow, FlowLogSource {
  /** Transit gateways accept and reject nothing. */
  readonly traffic: Sdk.TrafficType | undefined;
  readonly destination: FlowLogDestination;
  readonly format: string;
  readonly tagKeys?: TagKeys | undefined;
  /** Seconds. */
  readonly interval: 60 | 600;
  /** All windows that ended until then have been delivered: milliseconds since the epoch. */
  readonly delivered: number | undefined;
  /** Whether the last of them were lost: they could not be written to where they go. */
  readonly lost?: boolean;
}

/** The shortest windows, of interfaces on Nitro, last a minute; files are written every five, also by Firehose. */
const EVENTS_SECONDS = 60;
const FILE_SECONDS = 300;

const periodOf = ({ destination }: FlowLog): number =>
  destination.type === "cloud-watch-logs" ? EVENTS_SECONDS : FILE_SECONDS;

/** Makes the appointment for the next delivery: at a multiple of the period, as windows end at multiples of theirs. */
function awaitDelivery(ctx: Context, log: FlowLog): void {
  const period = periodOf(log) * 1000;
  const next = (Math.floor(ctx.now / period) + 1) * period;
  flowLogs.later(ctx, log.id, "deliver", (next - ctx.now) / 1000);
}

/**
 * Writes down the traffic of a VPC, of a subnet, of one interface, of a regional NAT gateway or of a transit gateway, and
 * sends it to a log group, a bucket or a delivery stream.
 */
export const flowLogs = defineResource({
  type: "vpc-flow-log",
  idPrefix: "fl",
  notFound: "InvalidFlowLogId.NotFound",
  ids: "FlowLogIds",
  view: (log: FlowLog, { ctx, tags }): Sdk.FlowLog => ({
    FlowLogId: log.id,
    FlowLogStatus: "ACTIVE",
    CreationTime: new Date(log.created),
    ResourceId: log.resourceId,
    TrafficType: log.traffic,
    DeliverLogsStatus: log.lost ? "FAILED" : "SUCCESS",
    DeliverLogsErrorMessage: log.lost ? "Unknown error" : undefined,
    LogDestinationType: log.destination.type,
    ...viewDestination(ctx, log.destination),
    LogFormat: log.format,
    TagFieldSpecifications:
      log.tagKeys &&
      Object.entries(log.tagKeys).map(([type, TagKeys]) => ({
        ResourceType: type as Sdk.TaggableResourceType,
        TagKeys: [...TagKeys],
      })),
    MaxAggregationInterval: log.interval,
    Tags: tags,
  }),
  filters: {
    "deliver-log-status": (log) => log.DeliverLogsStatus,
    "flow-log-id": (log) => log.FlowLogId,
    "log-destination-type": (log) => log.LogDestinationType,
    "log-group-name": (log) => log.LogGroupName,
    "resource-id": (log) => log.ResourceId,
    "traffic-type": (log) => log.TrafficType,
  },
  filterIndexes: { "resource-id": "resource" },
  indexes: { resource: ({ resourceId }) => resourceId },
  parents: {
    vpc: "resource",
    subnet: "resource",
    "network-interface": "resource",
    natgateway: "resource",
    "transit-gateway": "resource",
    "transit-gateway-attachment": "resource",
  },
  // What is logged can be deleted; the logs stay where they are.
  partOf: () => true,
  transitions: {
    deliver: (ctx, log) => {
      const lost = !tryDelivery(ctx, log);
      flowLogs.update(ctx, log.id, { delivered: ctx.now, lost });
      awaitDelivery(ctx, log);
    },
  },
});

/** Brings records to where they go. @returns whether the disk took them: those to come are tried again */
function tryDelivery(ctx: Context, log: FlowLog): boolean {
  try {
    deliver(ctx, log, takeRecords(ctx, log));
    return true;
  } catch (error) {
    if (!isStorageFault(error)) throw error;
    return false;
  }
}

type Settings = Omit<FlowLog, keyof ResourceRow | "delivered" | "lost" | "resourceId">;

/** @throws {ApiError} */
function readSettings(ctx: Context, input: Sdk.CreateFlowLogsRequest): Settings {
  const resourceType = readType(input.ResourceType ?? "VPC");
  const traffic = readTraffic(resourceType, input.TrafficType);
  const format = readFormat(resourceType, input.LogFormat);
  const tagKeys = readTagKeys(resourceType, format, input.TagFieldSpecifications);
  return {
    resourceType,
    traffic,
    destination: readDestination(ctx, input),
    format,
    ...(tagKeys && { tagKeys }),
    interval: readInterval(resourceType, input.MaxAggregationInterval),
  };
}

/** @throws {ApiError} the resource's not-found error, FlowLogAlreadyExists, UnsupportedOperation */
function create(
  ctx: Context,
  resourceId: string,
  settings: Settings,
  tags: readonly Sdk.TagSpecification[] | undefined,
): FlowLog {
  checkSource(ctx, { resourceType: settings.resourceType, resourceId });
  const { resourceType: _type, ...configuration } = settings;
  const same = JSON.stringify(configuration);
  for (const { traffic, destination, format, tagKeys, interval } of flowLogs.by(
    ctx,
    "resource",
    resourceId,
  )) {
    if (JSON.stringify({ traffic, destination, format, tagKeys, interval }) === same) {
      throw new ApiError("FlowLogAlreadyExists");
    }
  }
  const log = flowLogs.create(ctx, { ...settings, resourceId, delivered: undefined }, tags);
  awaitDelivery(ctx, log);
  return log;
}

const describe = flowLogs.describe("FlowLogs");

/** The one Describe call whose filters are named in the singular. */
const DescribeFlowLogs: Describe<Sdk.FlowLog, "FlowLogs"> = Object.assign(
  ({ Filter, ...input }: Sdk.DescribeFlowLogsRequest, ctx: Context) =>
    describe({ ...input, Filters: Filter }, ctx),
  { filters: describe.filters },
);

export const partly = {
  CreateFlowLogs:
    "core networks; other accounts' log groups. " +
    "Buckets are folders beside the database, each delivery stream delivers to one, and roles are not asked",
};

export const operations = {
  CreateFlowLogs: (input, ctx) => {
    const { ClientToken, ResourceIds, TagSpecifications } = input;
    const settings = readSettings(ctx, input);
    checkIds(settings.resourceType, ResourceIds);
    const FlowLogIds: string[] = [];
    const Unsuccessful = tryEach(ResourceIds, (id) => {
      FlowLogIds.push(create(ctx, id, settings, TagSpecifications).id);
    });
    return { ClientToken, FlowLogIds, Unsuccessful };
  },

  DeleteFlowLogs: ({ FlowLogIds }, ctx) => {
    checkCount(FlowLogIds, "FlowLogIds");
    return { Unsuccessful: tryEach(FlowLogIds, (id) => flowLogs.delete(ctx, flowLogs.get(ctx, id).id)) };
  },

  DescribeFlowLogs,
} satisfies Handlers;
