import { formatIp, isIpv4, type Ip } from "./ip.ts";
import type { Direction } from "./journey.ts";
import { ACK, type Packet } from "./packet.ts";
import type { Port } from "./port.ts";
import { formatOf, RecordFormat, type Fields, type Write as FieldWrite } from "./recordFormat.ts";

/** Why packets do not get out of a transit gateway, as far as records tell it. */
export type TransitLoss = "blackhole" | "mtu-exceeded" | "no-route" | "ttl-expired";

/** What packets of one flow came to at one attachment, in one direction, while a window was open. */
export interface TransitFlow {
  /** The first of them. */
  readonly packet: Packet;
  /** As the gateway sees it: packets come in by an attachment, and leave by one. */
  readonly direction: Direction;
  /** The attachment at the other side: undefined for what no route leads out. */
  readonly pair: string | undefined;
  /** The gateway's interfaces, where the attachments are VPCs. */
  readonly source: Port | undefined;
  readonly target: Port | undefined;
  packets: number;
  /** With the IP headers. */
  bytes: number;
  /** TCP's, of all of them. */
  flags: number;
  /** Of the packets, those that came in and did not get out. */
  readonly lost: Record<TransitLoss, number>;
  /** When the first and the last passed: milliseconds. */
  readonly first: number;
  last: number;
}

/** All that came in and went out by an attachment in an interval of time. */
export interface TransitWindow {
  readonly gateway: string;
  readonly attachment: string;
  /** Milliseconds. */
  readonly start: number;
  readonly end: number;
  readonly flows: readonly TransitFlow[];
  /** Whether there were more flows than could be kept. */
  readonly skipped: boolean;
}

/** What a record says that the network does not know. */
export interface TransitFlowPlace {
  /** The gateway's owner. */
  readonly account: string;
  readonly region: string;
  /** Whose an interface is, and where. */
  placeOf(interfaceId: string): { readonly account: string; readonly zoneId: string };
  /** The service of Amazon's that an address belongs to: `S3`, `EC2`, … */
  serviceOf(address: Ip): string | undefined;
}

type Write = FieldWrite<TransitWindow, TransitFlow, TransitFlowPlace>;

const ofFlow =
  (write: (flow: TransitFlow, place: TransitFlowPlace) => number | string | undefined): Write =>
  ({ flow, place }) =>
    flow && write(flow, place);

const ofPort =
  (side: "source" | "target", write: (port: Port, place: TransitFlowPlace) => string): Write =>
  ({ flow, place }) =>
    flow?.[side] && write(flow[side], place);

const lost = (loss: TransitLoss): Write => ofFlow((flow) => flow.lost[loss]);

const seconds = (milliseconds: number): number => Math.floor(milliseconds / 1000);

/** TCP's flags up to URG. */
const FLAGS = 63;

/**
 * The fields of records in the order of the documentation: the version that brought them, and how they are written.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/tgw/tgw-flow-logs.html#flow-logs-fields
 */
const FIELDS: Fields<TransitWindow, TransitFlow, TransitFlowPlace> = new Map<string, [number, Write]>([
  ["version", [2, (_, version) => version]],
  ["resource-type", [6, () => "TransitGateway"]],
  ["account-id", [2, ({ place }) => place.account]],
  ["tgw-id", [6, ({ window }) => window.gateway]],
  ["tgw-attachment-id", [6, ({ window }) => window.attachment]],
  ["tgw-src-vpc-account-id", [6, ofPort("source", ({ id }, place) => place.placeOf(id).account)]],
  ["tgw-dst-vpc-account-id", [6, ofPort("target", ({ id }, place) => place.placeOf(id).account)]],
  ["tgw-src-vpc-id", [6, ofPort("source", ({ subnet }) => subnet.vpc.id)]],
  ["tgw-dst-vpc-id", [6, ofPort("target", ({ subnet }) => subnet.vpc.id)]],
  ["tgw-src-subnet-id", [6, ofPort("source", ({ subnet }) => subnet.id)]],
  ["tgw-dst-subnet-id", [6, ofPort("target", ({ subnet }) => subnet.id)]],
  ["tgw-src-eni", [6, ofPort("source", ({ id }) => id)]],
  ["tgw-dst-eni", [6, ofPort("target", ({ id }) => id)]],
  ["tgw-src-az-id", [6, ofPort("source", ({ id }, place) => place.placeOf(id).zoneId)]],
  ["tgw-dst-az-id", [6, ofPort("target", ({ id }, place) => place.placeOf(id).zoneId)]],
  ["tgw-pair-attachment-id", [6, ofFlow(({ pair }) => pair)]],
  ["srcaddr", [2, ofFlow(({ packet }) => formatIp(packet.source))]],
  ["dstaddr", [2, ofFlow(({ packet }) => formatIp(packet.destination))]],
  ["srcport", [2, ofFlow(({ packet }) => packet.sourcePort)]],
  ["dstport", [2, ofFlow(({ packet }) => packet.destinationPort)]],
  ["protocol", [2, ofFlow(({ packet }) => packet.protocol)]],
  ["packets", [2, ofFlow(({ packets }) => packets)]],
  ["bytes", [2, ofFlow(({ bytes }) => bytes)]],
  ["start", [2, ({ flow, window }) => seconds(flow?.first ?? window.start)]],
  ["end", [2, ({ flow, window }) => seconds(flow?.last ?? window.end)]],
  ["log-status", [2, ({ status }) => status]],
  ["type", [3, ofFlow(({ packet }) => (isIpv4(packet.source) ? "IPv4" : "IPv6"))]],
  ["packets-lost-no-route", [6, lost("no-route")]],
  ["packets-lost-blackhole", [6, lost("blackhole")]],
  ["packets-lost-mtu-exceeded", [6, lost("mtu-exceeded")]],
  ["packets-lost-ttl-expired", [6, lost("ttl-expired")]],
  // "When a flow log entry consists of only ACK packets, the flag value is 0, not 16."
  ["tcp-flags", [3, ofFlow(({ flags }) => (flags === ACK ? 0 : flags))]],
  ["region", [4, ({ place }) => place.region]],
  ["flow-direction", [5, ofFlow(({ direction }) => direction)]],
  ["pkt-src-aws-service", [5, ofFlow(({ packet }, place) => place.serviceOf(packet.source))]],
  ["pkt-dst-aws-service", [5, ofFlow(({ packet }, place) => place.serviceOf(packet.destination))]],
]);

/** What a flow log has unless it asks for something else: all fields. */
export const DEFAULT_TRANSIT_FORMAT = formatOf(FIELDS, 6);

/** How the records of a flow log of a transit gateway are written. */
export const TransitFlowFormat = {
  /** @returns undefined for what is no format: `${version} ${tgw-id}`, of known fields */
  parse: (text: string): RecordFormat<TransitWindow, TransitFlow, TransitFlowPlace> | undefined =>
    RecordFormat.parse(text, FIELDS),
};

/** Counts a packet in. */
export function countTransit(
  flow: TransitFlow,
  packet: Packet,
  loss: TransitLoss | undefined,
  now: number,
): void {
  flow.packets++;
  flow.bytes += packet.length;
  flow.flags |= packet.flags & FLAGS;
  flow.last = now;
  if (loss !== undefined) flow.lost[loss]++;
}
