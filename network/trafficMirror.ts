import { textHash } from "./flowHash.ts";
import { GatewayLoadBalancerEndpoint } from "./gatewayLoadBalancerEndpoint.ts";
import { isIpv4, within, type Block } from "./ip.ts";
import type { End, Observer, Step } from "./journey.ts";
import { GENEVE_MTU } from "./loadBalancer.ts";
import { packet as newPacket, TCP, UDP, type Packet } from "./packet.ts";
import type { Fabric } from "./fabric.ts";
import { Port } from "./port.ts";
import { Walk } from "./walk.ts";

/** The first and the last of some ports. */
interface PortRange {
  readonly from: number;
  readonly to: number;
}

export interface MirrorRule {
  readonly egress: boolean;
  /** Rules are asked in this order; the first that is about a packet decides. */
  readonly number: number;
  readonly accept: boolean;
  /** −1 for all. */
  readonly protocol: number;
  readonly source: Block;
  readonly destination: Block;
  /** Of TCP and UDP; undefined for all. */
  readonly sourcePorts: PortRange | undefined;
  readonly destinationPorts: PortRange | undefined;
}

export interface MirrorSessionPlan {
  readonly id: string;
  /** The interface whose packets are copied. */
  readonly source: string;
  /** Who gets the copies: an interface, a Network Load Balancer, or a Gateway Load Balancer endpoint. */
  readonly target: string;
  /** Of the sessions of an interface, the lowest number that wants a packet gets it. */
  readonly number: number;
  /** The VXLAN network identifier. */
  readonly network: number;
  /** How many bytes of each frame are copied, its Ethernet header included; undefined for all. */
  readonly length: number | undefined;
  readonly rules: readonly MirrorRule[];
  /** Whether questions to Amazon's DNS server are copied, whatever the rules say. */
  readonly dns: boolean;
}

/** What came of a copy. */
export interface Mirrored {
  readonly session: string;
  readonly network: number;
  /** The interface that got it, or else what it was sent to. */
  readonly target: string;
  /** The packet that was copied, and the one that carries the copy. */
  readonly inner: Packet;
  readonly outer: Packet;
  readonly end: End;
  /** Milliseconds. */
  readonly time: number;
}

/** RFC 7348. */
export const VXLAN_PORT = 4789;
/** What is around a packet in VXLAN over IPv4, in bytes, as AWS counts it: "54 bytes". */
const OVERHEAD = 54;
const ETHERNET = 14;
/** The longest packet inside a VPC, in bytes: longer copies are cut. */
const MTU = 9001;
const FIRST_PORT = 49_152;
const PORTS = 65_536 - FIRST_PORT;
/** Copies that are remembered. */
const MOST_KEPT = 1000;

/**
 * Copies packets at interfaces, and sends the copies elsewhere in VXLAN. Copies go by the routes and past the ACL of the
 * source's subnet, but not past the source's groups; they are never copied again, and in no flow log.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/mirroring/traffic-mirroring-how-it-works.html
 */
export class TrafficMirror {
  readonly #fabric: Fabric;
  readonly #plans = new Map<string, MirrorSessionPlan>();
  /** By source, in the order in which they are asked. */
  readonly #sources = new Map<string, MirrorSessionPlan[]>();
  readonly #kept: Mirrored[] = [];

  constructor(fabric: Fabric) {
    this.#fabric = fabric;
  }

  put(plan: MirrorSessionPlan): void {
    this.#forget(plan.id);
    const rules = plan.rules.toSorted((a, b) => a.number - b.number);
    this.#plans.set(plan.id, plan);
    const sessions = [...(this.#sources.get(plan.source) ?? []), { ...plan, rules }];
    this.#sources.set(
      plan.source,
      sessions.toSorted((a, b) => a.number - b.number),
    );
    this.#fabric.observers.add(this.#observe);
  }

  remove(id: string): void {
    this.#forget(id);
    if (this.#plans.size === 0) this.#fabric.observers.delete(this.#observe);
  }

  /** The last copies that were sent to an interface, oldest first. */
  copiesTo(target: string): readonly Mirrored[] {
    return this.#kept.filter((each) => each.target === target);
  }

  #forget(id: string): void {
    const plan = this.#plans.get(id);
    if (!plan) return;
    this.#plans.delete(id);
    const rest = this.#sources.get(plan.source)?.filter((each) => each.id !== id) ?? [];
    if (rest.length > 0) this.#sources.set(plan.source, rest);
    else this.#sources.delete(plan.source);
  }

  readonly #observe: Observer = (step, now) => {
    const { at, direction, reason, packet } = step;
    if (!(at instanceof Port) || reason !== undefined) return;
    const sessions = this.#sources.get(at.id);
    if (!sessions) return;
    const egress = direction === "egress";
    const isDns = isQuestion(step);
    if (!isDns && !passes(step, at)) return;
    const session = sessions.find(({ rules, dns }) => (isDns ? dns : accepts(rules, packet, egress)));
    if (session) this.#copy(session, at, packet, now);
  };

  #copy(session: MirrorSessionPlan, source: Port, inner: Packet, now: number): void {
    const { port, mtu } = this.#targetOf(session, source);
    const from = source.addresses.find(isIpv4);
    const to = port?.addresses.find(isIpv4);
    // Where one has no IPv4 there is no mirroring; where the target is gone, no more.
    if (from === undefined || to === undefined) return;
    const frame = Math.min(inner.length + ETHERNET, session.length ?? Number.POSITIVE_INFINITY);
    const outer = newPacket({
      source: from,
      destination: to,
      protocol: UDP,
      sourcePort: FIRST_PORT + (hashOf(inner) % PORTS),
      destinationPort: VXLAN_PORT,
      length: Math.min(frame + OVERHEAD - ETHERNET, mtu),
      about: inner,
    });
    // Without an observer: nobody sees a copy but its target.
    const walk = new Walk(this.#fabric, now, undefined, true);
    const { subnet } = source;
    const end = subnet.has(to) ? walk.deliver(subnet.vpc, outer, source, subnet) : walk.route(source, outer);
    const { id, network } = session;
    const target = end.outcome === "delivered" ? end.port.id : session.target;
    this.#kept.push({ session: id, network, target, inner, outer, end, time: now });
    if (this.#kept.length > MOST_KEPT) this.#kept.shift();
  }

  /** The interface that copies are sent to, and how many bytes these have at most. */
  #targetOf(
    { target }: MirrorSessionPlan,
    { subnet }: Port,
  ): { readonly port: Port | undefined; readonly mtu: number } {
    const { ports, targets, endpoints } = this.#fabric;
    const balancer = endpoints.loadBalancers.get(target);
    if (balancer) return { port: balancer.nodeIn(subnet.zone) ?? balancer.nodes[0], mtu: MTU };
    const endpoint = targets.get(target);
    if (endpoint instanceof GatewayLoadBalancerEndpoint) return { port: endpoint.port, mtu: GENEVE_MTU };
    return { port: ports.get(target), mtu: MTU };
  }
}

/** Whether a packet has passed the filters of the interface: its groups on the way out, and the ACL too on the way in. */
const passes = ({ component, direction }: Step, port: Port): boolean =>
  direction === "egress" ? component.kind === "security-group" : component === port;

/** Of the services of the infrastructure, DNS alone is mirrored, and that if it is asked for. */
const isQuestion = ({ component }: Step): boolean => component.kind === "service" && component.id === "dns";

function accepts(rules: readonly MirrorRule[], packet: Packet, egress: boolean): boolean {
  return rules.find((rule) => rule.egress === egress && isAbout(rule, packet))?.accept ?? false;
}

function isAbout(rule: MirrorRule, packet: Packet): boolean {
  const { protocol, source, destination, sourcePort, destinationPort } = packet;
  if (rule.protocol !== -1 && rule.protocol !== protocol) return false;
  if (!within(rule.source, source) || !within(rule.destination, destination)) return false;
  return isIn(rule.sourcePorts, sourcePort) && isIn(rule.destinationPorts, destinationPort);
}

const isIn = (range: PortRange | undefined, port: number): boolean =>
  range === undefined || (range.from <= port && port <= range.to);

/** All packets of a flow in one direction have the same: of its addresses and protocol, and of ports if it has any. */
function hashOf({ source, destination, protocol, sourcePort, destinationPort }: Packet): number {
  const hasPorts = protocol === TCP || protocol === UDP;
  return textHash(
    [source, destination, protocol, ...(hasPorts ? [sourcePort, destinationPort] : [])].join("/"),
  );
}
