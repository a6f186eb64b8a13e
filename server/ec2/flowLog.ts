import type * as Sdk from "@aws-sdk/client-ec2";
import { DEFAULT_FORMAT, FlowFormat } from "../../network/flowRecord.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { defineResource, type Describe, type ResourceRow } from "../kit/resource.ts";
import { deliver, placeOf, serviceOf } from "./flowLogDelivery.ts";
import { destinationArn, readDestination, type FlowLogDestination } from "./flowLogDestination.ts";
import { networkInterfaces } from "./networkInterface.ts";
import { subnets } from "./subnet.ts";
import { tryEach } from "./unsuccessful.ts";
import { vpcs } from "./vpc.ts";

export interface FlowLog extends ResourceRow {
  readonly resourceType: "NetworkInterface" | "Subnet" | "VPC";
  readonly resourceId: string;
  readonly traffic: Sdk.TrafficType;
  readonly destination: FlowLogDestination;
  readonly format: string;
  /** Seconds. */
  readonly interval: 60 | 600;
  /** All windows that ended until then have been delivered: milliseconds since the epoch. */
  readonly delivered: number | undefined;
}

const DEFAULT_INTERVAL = 600;
/** The shortest windows, of interfaces on Nitro, last a minute; files are written every five. */
const EVENTS_SECONDS = 60;
const FILE_SECONDS = 300;
const MOST_IDS = 1000;

const periodOf = ({ destination }: FlowLog): number =>
  destination.type === "s3" ? FILE_SECONDS : EVENTS_SECONDS;

/** Makes the appointment for the next delivery: at a multiple of the period, as windows end at multiples of theirs. */
function awaitDelivery(ctx: Context, log: FlowLog): void {
  const period = periodOf(log) * 1000;
  const next = (Math.floor(ctx.now / period) + 1) * period;
  flowLogs.later(ctx, log.id, "deliver", (next - ctx.now) / 1000);
}

function interfacesOf(ctx: Context, { resourceType, resourceId }: FlowLog): string[] {
  if (resourceType === "NetworkInterface") return [resourceId];
  const index = resourceType === "VPC" ? "vpc" : "subnet";
  return networkInterfaces.by(ctx, index, resourceId).map(({ id }) => id);
}

/** Writes down the traffic of a VPC, of a subnet or of one interface, and sends it to a log group or a bucket. */
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
    DeliverLogsStatus: "SUCCESS",
    LogDestinationType: log.destination.type,
    LogDestination: destinationArn(ctx, log.destination),
    ...(log.destination.type === "s3"
      ? {
          DestinationOptions: {
            FileFormat: "plain-text",
            HiveCompatiblePartitions: log.destination.hive,
            PerHourPartition: log.destination.hourly,
          },
        }
      : { LogGroupName: log.destination.group, DeliverLogsPermissionArn: log.destination.roleArn }),
    LogFormat: log.format,
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
  parents: { vpc: "resource", subnet: "resource", "network-interface": "resource" },
  // What is logged can be deleted; the logs stay where they are.
  partOf: () => true,
  transitions: {
    deliver: (ctx, log) => {
      const records = ctx.world.takeFlows({
        id: log.id,
        until: ctx.now,
        format: log.format,
        interfaces: interfacesOf(ctx, log),
        place: (id) => placeOf(ctx, id),
        serviceOf: (address) => serviceOf(ctx, address),
      });
      deliver(ctx, log, records);
      flowLogs.update(ctx, log.id, { delivered: ctx.now });
      awaitDelivery(ctx, log);
    },
  },
});

const resourcesByType = { NetworkInterface: networkInterfaces, Subnet: subnets, VPC: vpcs } as const;

/** @throws {ApiError} UnsupportedOperation for what is not logged here */
function readType(type: Sdk.FlowLogsResourceType): FlowLog["resourceType"] {
  if (type === "VPC" || type === "Subnet" || type === "NetworkInterface") return type;
  throw new ApiError("UnsupportedOperation", `Flow logs of the resource type ${type} are not supported.`);
}

/** @throws {ApiError} InvalidParameter */
function readInterval(seconds = DEFAULT_INTERVAL): FlowLog["interval"] {
  if (seconds === 60 || seconds === 600) return seconds;
  throw new ApiError("InvalidParameter", "Invalid Flow Log Max Aggregation Interval");
}

/** @throws {ApiError} InvalidParameterValue */
function readFormat(format = DEFAULT_FORMAT): string {
  if (FlowFormat.parse(format)) return format;
  throw new ApiError(
    "InvalidParameterValue",
    `1 validation error detected: Value '${format.slice(0, 512)}' at 'logFormat' has an invalid format`,
  );
}

type Settings = Omit<FlowLog, keyof ResourceRow | "delivered" | "resourceId">;

/** @throws {ApiError} */
function readSettings(ctx: Context, input: Sdk.CreateFlowLogsRequest): Settings {
  const resourceType = readType(input.ResourceType ?? "VPC");
  if (input.TrafficType === undefined) throw new ApiError("MissingParameter", "TrafficType");
  if (input.DeliverCrossAccountRole !== undefined) {
    throw new ApiError("UnsupportedOperation", "Flow logs to another account are not supported.");
  }
  if (input.TagFieldSpecifications !== undefined) {
    throw new ApiError("UnsupportedOperation", "Tags in the records of flow logs are not supported.");
  }
  return {
    resourceType,
    traffic: input.TrafficType,
    destination: readDestination(ctx, input),
    format: readFormat(input.LogFormat),
    interval: readInterval(input.MaxAggregationInterval),
  };
}

/** @throws {ApiError} InvalidParameterValue */
function checkCount(ids: readonly string[], name: string): void {
  if (ids.length <= MOST_IDS) return;
  throw new ApiError(
    "InvalidParameterValue",
    `Value (${ids.length}) for parameter ${name} is invalid. There can be at most ${MOST_IDS} of them.`,
  );
}

/** @throws {ApiError} the resource's not-found error, FlowLogAlreadyExists */
function create(
  ctx: Context,
  resourceId: string,
  settings: Settings,
  tags: readonly Sdk.TagSpecification[] | undefined,
): FlowLog {
  resourcesByType[settings.resourceType].get(ctx, resourceId);
  const { resourceType: _type, ...configuration } = settings;
  const same = JSON.stringify(configuration);
  for (const { traffic, destination, format, interval } of flowLogs.by(ctx, "resource", resourceId)) {
    if (JSON.stringify({ traffic, destination, format, interval }) === same) {
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
    "transit gateways and core networks; Firehose; Parquet; other accounts' destinations; fields of version 11. " +
    "Buckets are folders beside the database, and roles are not asked",
};

export const operations = {
  CreateFlowLogs: (input, ctx) => {
    const { ClientToken, ResourceIds, TagSpecifications } = input;
    const settings = readSettings(ctx, input);
    checkCount(ResourceIds, "ResourceIds");
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
