import { formatIp, isIpv4, type Ip } from "./ip.ts";
import type { Direction } from "./journey.ts";
import { ACK, FIN, RST, SYN, type Packet } from "./packet.ts";
import type { Port } from "./port.ts";
import { formatOf, RecordFormat, type Fields, type Write as FieldWrite } from "./recordFormat.ts";

/** What packets of one flow came to, in one direction and with one fate, while a window was open. */
export interface Flow {
  /** The first of them. */
  readonly packet: Packet;
  readonly direction: Direction;
  readonly accepted: boolean;
  /** Whether Block Public Access was why they were not. */
  readonly blocked: boolean;
  /** How they left: a number as records have it; undefined for what came in, or got nowhere. */
  readonly path: number | undefined;
  /** The interface that packets went to from this one, or came from, if any did so straight. */
  nextHop: Port | undefined;
  packets: number;
  /** With the IP headers. */
  bytes: number;
  /** TCP's, of all of them. */
  flags: number;
  /** When the first and the last passed: milliseconds. */
  readonly first: number;
  last: number;
}

/** All that passed an interface in an interval of time, or did not. */
export interface FlowWindow {
  readonly port: Port;
  /** The instance that the interface was plugged into. */
  readonly owner: string | undefined;
  /** Milliseconds. */
  readonly start: number;
  readonly end: number;
  readonly flows: readonly Flow[];
  /** Whether there were more flows than could be kept. */
  readonly skipped: boolean;
}

/** What records say of an interface. */
interface InterfaceFacts {
  readonly zoneId: string;
  /** `nat_gateway`, for instance. */
  readonly type: string;
  /** Whether its instance or transit gateway encrypts what it sends; undefined for what is of neither. */
  readonly encrypts: boolean | undefined;
}

/** What a record says that the network does not know. */
export interface FlowPlace {
  readonly account: string;
  readonly region: string;
  readonly zoneId: string;
  /** The service of Amazon's that an address belongs to: `S3`, `EC2`, … */
  serviceOf(address: Ip): string | undefined;
  interfaceOf(id: string): InterfaceFacts | undefined;
  /** Whether a VPC's owner has its encryption watched. */
  watchesEncryption(vpcId: string): boolean;
  /** The value of a tag that the flow log asks for: the first or the second one of instances or of interfaces. */
  tagOf(resource: "instance" | "network-interface", id: string, which: 0 | 1): string | undefined;
}

type Write = FieldWrite<FlowWindow, Flow, FlowPlace>;

const ofFlow =
  (write: (flow: Flow, window: FlowWindow, place: FlowPlace) => number | string | undefined): Write =>
  ({ flow, window, place }) =>
    flow && write(flow, window, place);

const seconds = (milliseconds: number): number => Math.floor(milliseconds / 1000);

/** An interface's primary address, of the version that a packet has. */
function primaryOf({ addresses }: Port, packet: Packet): Ip | undefined {
  const isOld = isIpv4(packet.source);
  return addresses.find((address) => isIpv4(address) === isOld);
}

/**
 * The interface's own side of a flow is always its primary address, whatever the packets have. Of the addresses of a
 * regional NAT gateway none is the primary one.
 */
function nearAddress({ port }: FlowWindow, { packet }: Flow, address: Ip): string {
  const isOneOfMany = port.doorOf !== undefined && port.owns(address);
  return formatIp(isOneOfMany ? address : (primaryOf(port, packet) ?? address));
}

/** A reset and the flags that begin and end a connection; an acknowledgement only together with a SYN. */
const countedFlags = ({ flags }: Packet): number =>
  (flags & (FIN | SYN | RST)) | ((flags & SYN) === 0 ? 0 : flags & ACK);

/** The kinds of interfaces that records tell from all others. */
const KINDS: ReadonlySet<string> = new Set([
  "nat_gateway",
  "network_load_balancer",
  "regional_nat_gateway",
  "transit_gateway",
  "vpc_endpoint",
]);

function kindOf({ id, doorOf }: Port, place: FlowPlace): string | undefined {
  const type = doorOf !== undefined ? "regional_nat_gateway" : place.interfaceOf(id)?.type;
  return type !== undefined && KINDS.has(type) ? type : undefined;
}

const ofNextHop = (write: (port: Port, place: FlowPlace) => string | undefined): Write =>
  ofFlow(({ nextHop }, _, place) => nextHop && write(nextHop, place));

/**
 * 1 where the hosts at both ends of a hop encrypt, 0 where they do not; what programs encrypt nobody sees. Undefined where
 * nobody watches, or one end is a gateway of which it is not known.
 */
function encryptionOf(
  { accepted, nextHop }: Flow,
  { port }: FlowWindow,
  place: FlowPlace,
): number | undefined {
  if (!accepted || !place.watchesEncryption(port.subnet.vpc.id)) return undefined;
  const here = place.interfaceOf(port.id)?.encrypts;
  const there = nextHop ? place.interfaceOf(nextHop.id)?.encrypts : false;
  if (here === undefined || there === undefined) return undefined;
  return here && there ? 1 : 0;
}

/** Tags have spaces, which fields have not. */
const tagged =
  (resource: "instance" | "network-interface", which: 0 | 1): Write =>
  ({ window, place }) => {
    const id = resource === "instance" ? window.owner : window.port.id;
    const value = id === undefined ? undefined : place.tagOf(resource, id, which);
    return value === undefined ? undefined : encodeURIComponent(value);
  };

/** What the door of a regional NAT gateway has none of. */
const unlessDoor = ({ doorOf }: Port, id: string): string | undefined =>
  doorOf === undefined ? id : undefined;

/** What is never there: see the documentation for who fills it. */
const nothing: Write = () => undefined;

/**
 * The fields of records: the version that brought them, and how they are written. Those of version 7 are about
 * containers, of which there are none, nor are there Auto Scaling groups.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
 */
const FIELDS: Fields<FlowWindow, Flow, FlowPlace> = new Map<string, [number, Write]>([
  ["version", [2, (_, version) => version]],
  ["account-id", [2, ({ place }) => place.account]],
  ["interface-id", [2, ({ window: { port } }) => unlessDoor(port, port.id)]],
  [
    "srcaddr",
    [
      2,
      ofFlow((flow, window) =>
        flow.direction === "egress"
          ? nearAddress(window, flow, flow.packet.source)
          : formatIp(flow.packet.source),
      ),
    ],
  ],
  [
    "dstaddr",
    [
      2,
      ofFlow((flow, window) =>
        flow.direction === "ingress"
          ? nearAddress(window, flow, flow.packet.destination)
          : formatIp(flow.packet.destination),
      ),
    ],
  ],
  ["srcport", [2, ofFlow(({ packet }) => packet.sourcePort)]],
  ["dstport", [2, ofFlow(({ packet }) => packet.destinationPort)]],
  ["protocol", [2, ofFlow(({ packet }) => packet.protocol)]],
  ["packets", [2, ofFlow(({ packets }) => packets)]],
  ["bytes", [2, ofFlow(({ bytes }) => bytes)]],
  ["start", [2, ({ flow, window }) => seconds(flow?.first ?? window.start)]],
  ["end", [2, ({ flow, window }) => seconds(flow?.last ?? window.end)]],
  ["action", [2, ofFlow(({ accepted }) => (accepted ? "ACCEPT" : "REJECT"))]],
  ["log-status", [2, ({ status }) => status]],
  ["vpc-id", [3, ({ window }) => window.port.subnet.vpc.id]],
  ["subnet-id", [3, ({ window: { port } }) => unlessDoor(port, port.subnet.id)]],
  ["instance-id", [3, ({ window }) => window.owner]],
  ["tcp-flags", [3, ofFlow(({ flags }) => flags)]],
  ["type", [3, ofFlow(({ packet }) => (isIpv4(packet.source) ? "IPv4" : "IPv6"))]],
  ["pkt-srcaddr", [3, ofFlow(({ packet }) => formatIp(packet.source))]],
  ["pkt-dstaddr", [3, ofFlow(({ packet }) => formatIp(packet.destination))]],
  ["region", [4, ({ place }) => place.region]],
  ["az-id", [4, ({ place }) => place.zoneId]],
  // Only of zones outside the region's own.
  ["sublocation-type", [4, nothing]],
  ["sublocation-id", [4, nothing]],
  ["pkt-src-aws-service", [5, ofFlow(({ packet }, _, place) => place.serviceOf(packet.source))]],
  ["pkt-dst-aws-service", [5, ofFlow(({ packet }, _, place) => place.serviceOf(packet.destination))]],
  ["flow-direction", [5, ofFlow(({ direction }) => direction)]],
  ["traffic-path", [5, ofFlow(({ path }) => path)]],
  ["ecs-cluster-arn", [7, nothing]],
  ["ecs-cluster-name", [7, nothing]],
  ["ecs-container-instance-arn", [7, nothing]],
  ["ecs-container-instance-id", [7, nothing]],
  ["ecs-container-id", [7, nothing]],
  ["ecs-second-container-id", [7, nothing]],
  ["ecs-service-name", [7, nothing]],
  ["ecs-task-definition-arn", [7, nothing]],
  ["ecs-task-arn", [7, nothing]],
  ["ecs-task-id", [7, nothing]],
  ["reject-reason", [8, ofFlow(({ blocked }) => (blocked ? "BPA" : undefined))]],
  ["resource-id", [9, ({ window }) => window.port.doorOf]],
  ["encryption-status", [10, ofFlow(encryptionOf)]],
  ["instance-tag", [11, tagged("instance", 0)]],
  ["instance-tag-2", [11, tagged("instance", 1)]],
  ["interface-tag", [11, tagged("network-interface", 0)]],
  ["interface-tag-2", [11, tagged("network-interface", 1)]],
  ["asg-tag", [11, nothing]],
  ["asg-tag-2", [11, nothing]],
  ["interface-type", [11, ({ window, place }) => kindOf(window.port, place)]],
  ["next-hop-interface-id", [11, ofNextHop((port) => unlessDoor(port, port.id))]],
  ["next-hop-subnet-id", [11, ofNextHop((port) => unlessDoor(port, port.subnet.id))]],
  ["next-hop-az-id", [11, ofNextHop(({ id }, place) => place.interfaceOf(id)?.zoneId)]],
  ["next-hop-vpc-id", [11, ofNextHop(({ subnet }) => subnet.vpc.id)]],
  ["next-hop-interface-type", [11, ofNextHop(kindOf)]],
]);

/** What a flow log has unless it asks for something else: all fields of version 2. */
export const DEFAULT_FORMAT = formatOf(FIELDS, 2);

/** How the records of a flow log of interfaces are written. */
export const FlowFormat = {
  /** @returns undefined for what is no format: `${version} ${srcaddr}`, of known fields */
  parse: (text: string): RecordFormat<FlowWindow, Flow, FlowPlace> | undefined =>
    RecordFormat.parse(text, FIELDS),
};

/** Counts a packet in. */
export function countPacket(flow: Flow, packet: Packet, now: number): void {
  flow.packets++;
  flow.bytes += packet.length;
  flow.flags |= countedFlags(packet);
  flow.last = now;
}
