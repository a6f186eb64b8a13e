import type { Ip } from "./ip.ts";
import { answerTo, FIN, ICMP, ICMPV6, isIcmpError, RST, SYN, TCP, UDP, type Packet } from "./packet.ts";

/** How long idle flows are remembered, in seconds, and how many at most. */
export interface TrackingLimits {
  readonly tcpEstablished: number;
  readonly udpStream: number;
  readonly udp: number;
  readonly flows: number;
}

/**
 * EC2's timeouts. How many flows an interface tracks depends on the instance type, and AWS does not publish it.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html
 */
export const defaultTracking: TrackingLimits = {
  tcpEstablished: 432_000,
  udpStream: 180,
  udp: 30,
  flows: 250_000,
};

/** Seconds for flows that are neither TCP, UDP nor ICMP. */
const OTHER_SECONDS = 600;
/** Seconds for TCP that is not established yet or no more, and for ICMP; not documented. */
const BRIEF_SECONDS = 60;

type State = "opening" | "established" | "closing";

/** A flow as one interface sees it. */
interface Flow {
  readonly protocol: number;
  readonly local: Ip;
  /** Whether the interface's own side sent the first packet. */
  readonly outbound: boolean;
  /** ICMP's query type and code; else 0. */
  readonly type: number;
  readonly code: number;
  state: State;
  /** Which sides sent their FIN: 1 the local one, 2 the remote one. */
  finished: number;
  /** How many packets the side that began, and the other one, have sent: counted as far as it matters. */
  asked: number;
  answered: number;
  /** Milliseconds. */
  expires: number;
  /** The next flow with the same remote address and ports. */
  next: Flow | undefined;
}

/** Local and remote port, or ICMP's identifier, in one small integer. */
function portsOf(packet: Packet, egress: boolean): number {
  switch (packet.protocol) {
    case TCP:
    case UDP:
      return egress
        ? (packet.sourcePort << 16) | packet.destinationPort
        : (packet.destinationPort << 16) | packet.sourcePort;
    case ICMP:
    case ICMPV6:
      return packet.id;
    default:
      return 0;
  }
}

const isQuery = (protocol: number): boolean => protocol === ICMP || protocol === ICMPV6;

/** The flows that an interface's security groups have allowed, so that what belongs to them passes whatever the rules. */
export class ConnectionTracking {
  limits: TrackingLimits;
  /** By remote address, then by ports. */
  readonly #flows = new Map<Ip, Map<number, Flow>>();
  #size = 0;
  /** No flow expires before this: it is useless to look for room until then. */
  #fullUntil = 0;

  constructor(limits: TrackingLimits = defaultTracking) {
    this.limits = limits;
  }

  /** How many flows are remembered, some of them perhaps expired. */
  get size(): number {
    return this.#size;
  }

  clear(): void {
    this.#flows.clear();
    this.#size = 0;
    this.#fullUntil = 0;
  }

  /**
   * Whether a packet belongs to a flow that is remembered, which it then keeps alive, or is an ICMP error about one.
   *
   * @param now milliseconds
   */
  passes(packet: Packet, egress: boolean, now: number): boolean {
    const flow = this.#find(packet, egress);
    if (flow && belongs(flow, packet, egress)) {
      if (now < flow.expires) {
        this.#proceed(flow, packet, egress, now);
        return true;
      }
      this.#remove(packet, egress, flow);
    }
    const { about } = packet;
    if (about === undefined || !isIcmpError(packet) || about.source !== packet.destination) return false;
    const related = this.#find(about, !egress);
    return related !== undefined && now < related.expires;
  }

  /**
   * Remembers the flow that a packet begins.
   *
   * @param now milliseconds
   * @returns false if there is no room for another one
   */
  begin(packet: Packet, egress: boolean, now: number): boolean {
    if (this.#size >= this.limits.flows && !this.#sweep(now)) return false;
    const remote = egress ? packet.destination : packet.source;
    let flows = this.#flows.get(remote);
    if (!flows) this.#flows.set(remote, (flows = new Map()));
    const ports = portsOf(packet, egress);
    const opening = packet.protocol === TCP && (packet.flags & SYN) !== 0;
    const flow: Flow = {
      protocol: packet.protocol,
      local: egress ? packet.source : packet.destination,
      outbound: egress,
      type: packet.type,
      code: packet.code,
      state: opening ? "opening" : "established",
      finished: 0,
      asked: 0,
      answered: 0,
      expires: 0,
      next: flows.get(ports),
    };
    flows.set(ports, flow);
    this.#size++;
    this.#proceed(flow, packet, egress, now);
    return true;
  }

  #find(packet: Packet, egress: boolean): Flow | undefined {
    const remote = egress ? packet.destination : packet.source;
    const local = egress ? packet.source : packet.destination;
    let flow = this.#flows.get(remote)?.get(portsOf(packet, egress));
    while (flow && (flow.protocol !== packet.protocol || flow.local !== local)) flow = flow.next;
    return flow;
  }

  #proceed(flow: Flow, packet: Packet, egress: boolean, now: number): void {
    const onward = egress === flow.outbound;
    if (onward) flow.asked = Math.min(flow.asked + 1, 2);
    else flow.answered = Math.min(flow.answered + 1, 2);
    if (flow.protocol === TCP) {
      if ((packet.flags & RST) !== 0) return this.#remove(packet, egress, flow);
      if ((packet.flags & FIN) !== 0) flow.finished |= egress ? 1 : 2;
      if (flow.finished === 3) flow.state = "closing";
      else if (!onward) flow.state = "established";
    }
    flow.expires = now + 1000 * this.#secondsOf(flow);
    if (flow.expires < this.#fullUntil) this.#fullUntil = flow.expires;
  }

  #secondsOf({ protocol, state, asked, answered }: Flow): number {
    if (protocol === TCP) return state === "established" ? this.limits.tcpEstablished : BRIEF_SECONDS;
    // "Flows classified as streams which have seen more than one request-response transaction"
    if (protocol === UDP) return asked > 1 && answered > 1 ? this.limits.udpStream : this.limits.udp;
    return isQuery(protocol) ? BRIEF_SECONDS : OTHER_SECONDS;
  }

  #remove(packet: Packet, egress: boolean, gone: Flow): void {
    const remote = egress ? packet.destination : packet.source;
    const flows = this.#flows.get(remote);
    const ports = portsOf(packet, egress);
    const first = flows?.get(ports);
    if (!flows || !first) return;
    this.#size--;
    this.#fullUntil = 0;
    if (first === gone) {
      if (gone.next) flows.set(ports, gone.next);
      else flows.delete(ports);
    } else {
      let before = first;
      while (before.next && before.next !== gone) before = before.next;
      before.next = gone.next;
    }
    if (flows.size === 0) this.#flows.delete(remote);
  }

  /** Forgets what has expired. @returns whether that made room */
  #sweep(now: number): boolean {
    if (now < this.#fullUntil) return false;
    let earliest = Number.POSITIVE_INFINITY;
    let size = 0;
    for (const [remote, flows] of this.#flows) {
      for (const [ports, first] of flows) {
        let kept: Flow | undefined;
        for (let flow: Flow | undefined = first; flow;) {
          const { next }: Flow = flow;
          if (now < flow.expires) {
            flow.next = kept;
            kept = flow;
            size++;
            earliest = Math.min(earliest, flow.expires);
          }
          flow = next;
        }
        if (kept) flows.set(ports, kept);
        else flows.delete(ports);
      }
      if (flows.size === 0) this.#flows.delete(remote);
    }
    this.#size = size;
    this.#fullUntil = size >= this.limits.flows ? earliest : 0;
    return size < this.limits.flows;
  }
}

/** An ICMP answer is of the type that answers the query; nothing else is part of its flow. */
function belongs(flow: Flow, packet: Packet, egress: boolean): boolean {
  if (!isQuery(packet.protocol)) return true;
  return egress === flow.outbound
    ? packet.type === flow.type && packet.code === flow.code
    : packet.type === answerTo(flow.type);
}
