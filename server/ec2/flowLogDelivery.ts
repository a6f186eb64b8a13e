import { createHash } from "node:crypto";
import { block, ip, within } from "../../network/ip.ts";
import type { Context } from "../kit/context.ts";
import type { FlowRecords } from "../kit/world.ts";
import { addLogGroup, findLogGroup } from "../logs/logGroup.ts";
import { addEvents, addLogStream, findLogStream } from "../logs/logStream.ts";
import { awsPrefixLists } from "./catalogue/prefixLists.ts";
import { findZone } from "./catalogue/zones.ts";
import { streamOf, type FlowLogDestination } from "./flowLogDestination.ts";
import { parquetFile, textFile } from "./flowLogFile.ts";
import { instances } from "./instance.ts";
import { networkInterfaces, type NetworkInterface } from "./networkInterface.ts";
import { publicAddressTable } from "./publicAddress.ts";
import { transitGateways } from "./transitGateway.ts";
import { transitGatewayAttachments } from "./transitGatewayAttachment.ts";
import { controlOf, encrypts } from "./vpcEncryptionControl.ts";

/** A flow log, as far as its delivery goes. */
export interface Delivered {
  readonly id: string;
  readonly account: string;
  readonly traffic: string | undefined;
  readonly format: string;
  readonly destination: FlowLogDestination;
}

/** Events that Logs takes in one piece. */
const MOST_EVENTS = 10_000;

/** The services that records name, by the prefix lists of their addresses. */
const SERVICES: Readonly<Record<string, string>> = {
  s3: "S3",
  dynamodb: "DYNAMODB",
  "ec2-instance-connect": "EC2_INSTANCE_CONNECT",
  "origin-facing": "CLOUDFRONT_ORIGIN_FACING",
};

/** What records say of an address that belongs to one of Amazon's services. */
export function serviceOf(ctx: Context, address: string): string | undefined {
  if (ctx.unit.table(publicAddressTable).get(address)) return "EC2";
  const found = ip(address);
  for (const { name, cidrs } of awsPrefixLists(ctx.region)) {
    const service = SERVICES[name.split(".").at(-1) ?? ""];
    if (service !== undefined && cidrs.some((cidr) => within(block(cidr), found))) return service;
  }
  return undefined;
}

/** Who has an interface, and where it is; of one that is gone since, or of a gateway's door, `zone` says it. */
export function placeOf(
  ctx: Context,
  interfaceId: string,
  zone?: string,
): { account: string; region: string; zoneId: string } {
  const row = networkInterfaces.table(ctx).get(interfaceId);
  return {
    account: row?.account ?? ctx.account,
    region: ctx.region,
    zoneId: findZone(ctx.region, row?.zone ?? zone ?? "")?.id ?? "-",
  };
}

/** Whether the transit gateway encrypts that an interface belongs to. */
function gatewayEncrypts(ctx: Context, { managedUse }: NetworkInterface): boolean {
  const attachment = managedUse && transitGatewayAttachments.table(ctx).get(managedUse.resourceId);
  return (
    attachment !== undefined && transitGateways.table(ctx).get(attachment.gatewayId)?.encryption === "enabled"
  );
}

/** Where an interface is, of what type, and whether its instance or transit gateway encrypts what it sends. */
export function interfaceOf(
  ctx: Context,
  interfaceId: string,
): { zoneId: string; type: string; encrypts: boolean | undefined } | undefined {
  const row = networkInterfaces.table(ctx).get(interfaceId);
  if (!row) return undefined;
  const { zone, interfaceType: type, attachment } = row;
  const zoneId = findZone(ctx.region, zone)?.id ?? "-";
  if (type === "transit_gateway") return { zoneId, type, encrypts: gatewayEncrypts(ctx, row) };
  const instance = attachment && instances.table(ctx).get(attachment.instanceId);
  return { zoneId, type, encrypts: instance && encrypts(instance.instanceType) };
}

export const watchesEncryption = (ctx: Context, vpcId: string): boolean =>
  controlOf(ctx, vpcId)?.state === "available";

/** Brings records to where the flow log sends them. */
export function deliver(ctx: Context, log: Delivered, records: readonly FlowRecords[]): void {
  if (records.length === 0) return;
  const { destination } = log;
  if (destination.type === "s3") deliverFile(ctx, log, destination, records);
  else if (destination.type === "kinesis-data-firehose") deliverToStream(ctx, destination.stream, records);
  else deliverEvents(ctx, log, destination.group, records);
}

/** Into a log group, which is made if it is not there, with a stream for each interface or gateway. */
function deliverEvents(
  ctx: Context,
  { traffic }: Delivered,
  name: string,
  records: readonly FlowRecords[],
): void {
  const group = findLogGroup(ctx, name) ?? addLogGroup(ctx, name);
  for (const source of new Set(records.map((each) => each.source))) {
    const streamName = traffic === undefined ? source : `${source}-${traffic.toLowerCase()}`;
    const stream = findLogStream(ctx, group, streamName) ?? addLogStream(ctx, group, streamName);
    const events = records
      .flatMap((each) => (each.source === source ? each.lines : []))
      .map(({ time, text }) => [Math.floor(time / 1000) * 1000, text] as const)
      .toSorted(([a], [b]) => a - b);
    for (let at = 0; at < events.length; at += MOST_EVENTS) {
      addEvents(ctx, stream, events.slice(at, at + MOST_EVENTS));
    }
  }
}

/**
 * Into a file of its own, under the key that S3 would have it by.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-path.html
 */
function deliverFile(
  ctx: Context,
  { id, account, format }: Delivered,
  { bucket, prefix, hive, hourly, parquet }: Extract<FlowLogDestination, { type: "s3" }>,
  records: readonly FlowRecords[],
): void {
  const lines = records.flatMap((each) => each.lines.map(({ text }) => text));
  const { bytes, ending } = (parquet ? parquetFile : textFile)(format, lines);
  const { region, now } = ctx;
  const [, year = "", month = "", day = "", hour = "", minute = ""] =
    /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)/.exec(new Date(now).toISOString()) ?? [];
  const parts: readonly (readonly [name: string, value: string])[] = [
    ["aws-account-id", account],
    ["aws-service", "vpcflowlogs"],
    ["aws-region", region],
    ["year", year],
    ["month", month],
    ["day", day],
    ...(hourly ? [["hour", hour] as const] : []),
  ];
  const folders = parts.map(([name, value]) => (hive ? `${name}=${value}` : value)).join("/");
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 8);
  const time = `${year}${month}${day}T${hour}${minute}Z`;
  const name = `${account}_vpcflowlogs_${region}_${id}_${time}_${hash}${ending}`;
  ctx.world.objects.put(bucket, `${prefix}AWSLogs/${folders}/${name}`, bytes, account);
}

/**
 * To a delivery stream. Firehose is not here: each stream is taken for one that delivers to a bucket, one for all of an
 * account's in a region, and parts records by line feeds. Objects have the names that Firehose gives them.
 *
 * @see https://docs.aws.amazon.com/firehose/latest/dev/s3-object-name.html
 */
function deliverToStream(ctx: Context, arn: string, records: readonly FlowRecords[]): void {
  const stream = streamOf(arn);
  if (!stream) throw new RangeError(`a flow log to ${arn}`);
  const lines = records.flatMap((each) => each.lines.map(({ text }) => JSON.stringify({ message: text })));
  const [day = "", time = ""] = new Date(ctx.now).toISOString().split(/[T.]/);
  const folder = `${stream.name}/${day.replaceAll("-", "/")}/${time.slice(0, 2)}`;
  const name = `${stream.name}-1-${day}-${time.replaceAll(":", "-")}-${ctx.chance.uuid()}`;
  const bytes = new TextEncoder().encode(`${lines.join("\n")}\n`);
  const bucket = `firehose-${stream.account}-${stream.region}`;
  ctx.world.objects.put(bucket, `${folder}/${name}`, bytes, stream.account);
}
