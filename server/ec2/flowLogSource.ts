import type * as Sdk from "@aws-sdk/client-ec2";
import { DEFAULT_FORMAT, FlowFormat } from "../../network/flowRecord.ts";
import { DEFAULT_TRANSIT_FORMAT, TransitFlowFormat } from "../../network/transitFlowRecord.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import { tagsOf } from "../kit/tags.ts";
import type { FlowRecords } from "../kit/world.ts";
import { interfaceOf, placeOf, serviceOf, watchesEncryption } from "./flowLogDelivery.ts";
import { natGateways } from "./natGateway.ts";
import { networkInterfaces } from "./networkInterface.ts";
import { subnets } from "./subnet.ts";
import { transitGateways } from "./transitGateway.ts";
import { isLive, transitGatewayAttachments } from "./transitGatewayAttachment.ts";
import { vpcs } from "./vpc.ts";

/** What a flow log is about. */
export interface FlowLogSource {
  readonly resourceType:
    | "NetworkInterface"
    | "RegionalNatGateway"
    | "Subnet"
    | "TransitGateway"
    | "TransitGatewayAttachment"
    | "VPC";
  readonly resourceId: string;
}

type SourceType = FlowLogSource["resourceType"];

const MOST_IDS = 1000;
const MOST_TRANSIT_IDS = 25;
const DEFAULT_INTERVAL = 600;
const TRANSIT_INTERVAL = 60;

const refuse = (message: string): ApiError => new ApiError("InvalidParameter", message);
const strange = (id: string, type: SourceType): ApiError =>
  refuse(`Invalid Resource id ${id} for resource-type ${type}`);
const unsupported = (message: string): ApiError => new ApiError("UnsupportedOperation", message);

/** Packets of transit gateways are neither accepted nor rejected: their records are others. */
const isTransit = (type: SourceType): type is "TransitGateway" | "TransitGatewayAttachment" =>
  type === "TransitGateway" || type === "TransitGatewayAttachment";

const resourcesByType = {
  NetworkInterface: networkInterfaces,
  RegionalNatGateway: natGateways,
  Subnet: subnets,
  TransitGateway: transitGateways,
  TransitGatewayAttachment: transitGatewayAttachments,
  VPC: vpcs,
} as const;

/** @throws {ApiError} UnsupportedOperation for what is not logged here */
export function readType(type: Sdk.FlowLogsResourceType): SourceType {
  if (Object.hasOwn(resourcesByType, type)) return type as SourceType;
  throw unsupported(`Flow logs of the resource type ${type} are not supported.`);
}

/** @throws {ApiError} InvalidParameter, MissingParameter */
export function readTraffic(
  type: SourceType,
  traffic: Sdk.TrafficType | undefined,
): Sdk.TrafficType | undefined {
  if (!isTransit(type)) {
    if (traffic === undefined) throw new ApiError("MissingParameter", "TrafficType");
  } else if (traffic !== undefined) {
    throw refuse(
      "traffic-type is not supported when the resource-type is TransitGateway or TransitGatewayAttachment",
    );
  }
  return traffic;
}

/** @throws {ApiError} InvalidParameter */
export function readInterval(type: SourceType, seconds: number | undefined): 60 | 600 {
  const asked = seconds ?? (isTransit(type) ? TRANSIT_INTERVAL : DEFAULT_INTERVAL);
  if (asked !== 60 && asked !== 600) throw refuse("Invalid Flow Log Max Aggregation Interval");
  if (isTransit(type) && asked !== TRANSIT_INTERVAL) {
    throw refuse(
      "max-aggregation-interval other than 60 sec / 1 min is not supported when the resource-type is " +
        "TransitGateway or TransitGatewayAttachment",
    );
  }
  return asked;
}

/** @throws {ApiError} InvalidParameterValue */
export function readFormat(
  type: SourceType,
  format: string = isTransit(type) ? DEFAULT_TRANSIT_FORMAT : DEFAULT_FORMAT,
): string {
  if ((isTransit(type) ? TransitFlowFormat : FlowFormat).parse(format)) return format;
  throw new ApiError(
    "InvalidParameterValue",
    `1 validation error detected: Value '${format.slice(0, 512)}' at 'logFormat' has an invalid format`,
  );
}

/** Of each kind of resource, the keys of the tags that records tell: one or two. */
export type TagKeys = Readonly<Partial<Record<Sdk.TaggableResourceType, readonly string[]>>>;

/** The fields that tell them begin with this. */
const TAG_FIELDS: Readonly<Record<Sdk.TaggableResourceType, string>> = {
  "auto-scaling-group": "asg-tag",
  instance: "instance-tag",
  "network-interface": "interface-tag",
};
const MOST_TAG_KEYS = 2;

const hasTagField = (format: string, field: string): boolean =>
  format.includes(`\${${field}}`) || format.includes(`\${${field}-2}`);

/**
 * Which tags the records of a format tell.
 *
 * @throws {ApiError} InvalidParameter for a kind of resource without keys, with too many, twice, or without a field
 */
export function readTagKeys(
  type: SourceType,
  format: string,
  asked: readonly Sdk.TagFieldSpecificationRequest[] = [],
): TagKeys | undefined {
  if (asked.length === 0) return undefined;
  if (isTransit(type))
    throw refuse(`tag-field-specifications is not supported when the resource-type is ${type}`);
  const keys: Partial<Record<Sdk.TaggableResourceType, readonly string[]>> = {};
  for (const { ResourceType: resource, TagKeys = [] } of asked) {
    if (resource === undefined) throw new ApiError("MissingParameter", "TagFieldSpecification.ResourceType");
    const isWrong = keys[resource] !== undefined || new Set(TagKeys).size !== TagKeys.length;
    if (isWrong || TagKeys.length === 0 || TagKeys.length > MOST_TAG_KEYS) {
      throw refuse(
        `The tag-field-specification of ${resource} must have one or two different keys, and be the only one.`,
      );
    }
    if (!hasTagField(format, TAG_FIELDS[resource])) {
      throw refuse(`The log-format has no field for the tags of ${resource}.`);
    }
    keys[resource] = TagKeys;
  }
  return keys;
}

/** @throws {ApiError} InvalidParameterValue */
export function checkCount(ids: readonly string[], name: string, most: number = MOST_IDS): void {
  if (ids.length <= most) return;
  throw new ApiError(
    "InvalidParameterValue",
    `Value (${ids.length}) for parameter ${name} is invalid. There can be at most ${most} of them.`,
  );
}

/**
 * Checks the ids that flow logs are asked for, as far as that does not depend on what there is.
 *
 * @throws {ApiError} InvalidParameter, InvalidParameterValue
 */
export function checkIds(type: SourceType, ids: readonly string[]): void {
  checkCount(ids, "ResourceIds", isTransit(type) ? MOST_TRANSIT_IDS : MOST_IDS);
  if (!isTransit(type)) return;
  const other = ids.find((id) => !resourcesByType[type].hasForm(id));
  if (other !== undefined) throw strange(other, type);
}

/**
 * Checks that there is something to be logged, and that it is the caller's to log.
 *
 * @throws {ApiError} the resource's not-found error, UnsupportedOperation
 */
export function checkSource(ctx: Context, { resourceType, resourceId }: FlowLogSource): void {
  if (resourceType === "RegionalNatGateway") return checkRegional(ctx, resourceId);
  resourcesByType[resourceType].get(ctx, resourceId);
  if (!isTransit(resourceType)) return;
  const attachment = transitGatewayAttachments.table(ctx).get(resourceId);
  const gateway = transitGateways.table(ctx).get(attachment?.gatewayId ?? resourceId);
  if (attachment?.state === "deleted") {
    throw new ApiError("InvalidTransitGatewayAttachmentID.NotFound", resourceId);
  }
  if (!gateway || gateway.state === "deleted") {
    throw new ApiError("InvalidTransitGatewayID.NotFound", gateway?.id ?? resourceId);
  }
  // "To create a transit gateway flow log, you must be the owner of the transit gateway."
  if (gateway.account !== ctx.account) {
    throw unsupported(`The transit gateway ${gateway.id} belongs to another account.`);
  }
  // "All Connect flow logs appear under the transport attachment."
  if (attachment?.to.type === "connect") {
    throw unsupported("Flow logs of Connect attachments are not supported.");
  }
}

function checkRegional(ctx: Context, id: string): void {
  const { regional, state } = natGateways.get(ctx, id);
  if (state === "deleted") throw new ApiError("NatGatewayNotFound", id);
  // A zonal one has an interface, which can be logged.
  if (!regional) throw strange(id, "RegionalNatGateway");
}

interface Asking extends FlowLogSource {
  readonly id: string;
  readonly account: string;
  readonly format: string;
  readonly tagKeys?: TagKeys | undefined;
}

/** The records of all windows that have ended since they were last taken. */
export function takeRecords(ctx: Context, log: Asking): readonly FlowRecords[] {
  const { id, format, resourceType, resourceId } = log;
  const asked = { id, until: ctx.now, format, serviceOf: (address: string) => serviceOf(ctx, address) };
  if (!isTransit(resourceType)) {
    return ctx.world.network.takeFlows({
      ...asked,
      watched:
        resourceType === "RegionalNatGateway"
          ? { natGateway: resourceId }
          : { interfaces: interfacesOf(ctx, log) },
      place: (each, zone) => placeOf(ctx, each, zone),
      interfaceOf: (each) => interfaceOf(ctx, each),
      watchesEncryption: (vpcId) => watchesEncryption(ctx, vpcId),
      tagOf: (resource, each, which) => {
        const key = log.tagKeys?.[resource]?.[which];
        const found = tagsOf(ctx, each, log.account).find(({ Key }) => Key === key);
        return found?.Value;
      },
    });
  }
  return ctx.world.network.takeTransitFlows({
    ...asked,
    attachments: attachmentsOf(ctx, resourceType, resourceId),
    account: ctx.account,
    region: ctx.region,
    placeOf: (each) => placeOf(ctx, each),
  });
}

function interfacesOf(ctx: Context, { resourceType, resourceId }: FlowLogSource): string[] {
  if (resourceType === "NetworkInterface") return [resourceId];
  const index = resourceType === "VPC" ? "vpc" : "subnet";
  return networkInterfaces.by(ctx, index, resourceId).map(({ id }) => id);
}

function attachmentsOf(
  ctx: Context,
  type: "TransitGateway" | "TransitGatewayAttachment",
  id: string,
): string[] {
  const rows =
    type === "TransitGateway"
      ? transitGatewayAttachments.by(ctx, "gateway", id)
      : [transitGatewayAttachments.table(ctx).get(id)].filter((row) => row !== undefined);
  return rows.filter((row) => isLive(row) && row.to.type !== "connect").map((row) => row.id);
}
