import { countPacket, type Flow, type FlowWindow } from "./flowRecord.ts";
import { CAPACITY, FlowWindows, flowIn, type OpenWindow } from "./flowWindows.ts";
import { formatIp } from "./ip.ts";
import type { Component, Direction, Observer, Step } from "./journey.ts";
import type { Packet } from "./packet.ts";
import { Port } from "./port.ts";
import type { Reason } from "./reason.ts";
import { LOCAL } from "./routeTable.ts";
import type { RouteTarget } from "./routeTarget.ts";

export interface FlowLogPlan {
  readonly id: string;
  /** A VPC, a subnet, an interface or a regional NAT gateway. */
  readonly scope: string;
  readonly traffic: "ACCEPT" | "ALL" | "REJECT";
  /** Seconds; at most 60 at interfaces of instances on Nitro. */
  readonly interval: number;
  /** Since when: milliseconds. */
  readonly since: number;
  /** Whether nobody knows what has passed until it is first asked: it was another process that saw it. */
  readonly lost?: boolean;
}

/** Why packets are rejected, as flow logs see it; what is dropped for other reasons was not filtered, but got lost. */
const REJECTIONS: ReadonlySet<Reason> = new Set<Reason>([
  "CONNECTIONS_EXHAUSTED",
  "ENI_SG_RULES_MISMATCH",
  "SG_HAS_NO_RULES",
  "SUBNET_ACL_RESTRICTION",
  "VPC_BLOCK_PUBLIC_ACCESS_ENABLED",
]);

/** What a packet passes at an interface; all else it passes elsewhere, even where it is known which one has sent it. */
const AT_INTERFACE: ReadonlySet<Component["kind"]> = new Set<Component["kind"]>([
  "network-acl",
  "network-interface",
  "route-table",
  "security-group",
]);

const NITRO_SECONDS = 60;

/** A packet at an interface, of which it is not known yet whether it gets past. */
interface Passage {
  readonly port: Port;
  readonly direction: Direction;
  readonly packet: Packet;
  readonly now: number;
  /** Whether the interface itself was among the steps. */
  seen: boolean;
  path: number | undefined;
  /** The interface that it comes from straight. */
  readonly from: Port | undefined;
}

/** A packet on its way from an interface to the next one, or to a gateway. */
interface Crossing {
  readonly from: Port;
  readonly packet: Packet;
  /** Those that it was counted into where it left. */
  readonly flows: readonly Flow[];
}

interface InterfaceWindow extends OpenWindow<Flow> {
  readonly port: Port;
  readonly owner: string | undefined;
}

interface Log {
  readonly plan: FlowLogPlan;
  readonly windows: FlowWindows<Port, InterfaceWindow>;
}

/**
 * Writes down what passes interfaces, and what does not. It listens to all packets while there is a flow log, and to
 * none while there is not. Never seen are packets to services of the infrastructure, and mirrored ones.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-limitations.html
 */
export class FlowLogs {
  readonly #observers: Set<Observer>;
  readonly #targets: ReadonlyMap<string, RouteTarget>;
  readonly #capacity: number;
  readonly #logs = new Map<string, Log>();
  /** By VPC, subnet, interface or regional NAT gateway. */
  readonly #scopes = new Map<string, Set<Log>>();
  #passage: Passage | undefined;
  #crossing: Crossing | undefined;

  constructor(
    observers: Set<Observer>,
    targets: ReadonlyMap<string, RouteTarget>,
    capacity: number = CAPACITY,
  ) {
    this.#observers = observers;
    this.#targets = targets;
    this.#capacity = capacity;
  }

  /** Flow logs never change. */
  put(plan: FlowLogPlan): void {
    if (this.#logs.has(plan.id)) return;
    this.#finish();
    const windows = new FlowWindows<Port, InterfaceWindow>({
      since: plan.since,
      lost: plan.lost ?? false,
      secondsAt: ({ nitro }) => (nitro ? Math.min(plan.interval, NITRO_SECONDS) : plan.interval),
      open: (port, span) => ({ ...span, port, owner: port.owner }),
    });
    const log: Log = { plan, windows };
    this.#logs.set(plan.id, log);
    const logs = this.#scopes.get(plan.scope);
    if (logs) logs.add(log);
    else this.#scopes.set(plan.scope, new Set([log]));
    this.#observers.add(this.#observe);
  }

  remove(id: string): void {
    const log = this.#logs.get(id);
    if (!log) return;
    this.#logs.delete(id);
    const logs = this.#scopes.get(log.plan.scope);
    logs?.delete(log);
    if (logs?.size === 0) this.#scopes.delete(log.plan.scope);
    if (this.#logs.size > 0) return;
    this.#observers.delete(this.#observe);
    this.#passage = undefined;
    this.#crossing = undefined;
  }

  /**
   * The windows of a flow log that have ended since it was last asked, oldest first.
   *
   * @param until milliseconds
   * @param ports those that have a window even if nothing passed them
   */
  take(id: string, until: number, ports: Iterable<Port>): FlowWindow[] {
    this.#finish();
    return this.#logs.get(id)?.windows.take(until, ports) ?? [];
  }

  readonly #observe: Observer = (step, now) => {
    const { at, direction, reason } = step;
    const port = at instanceof Port ? at : undefined;
    if (!port || !direction) return this.#finish();
    if (!this.#isIn(step, port, direction)) this.#finish();
    if (reason !== undefined) return this.#drop(step, reason, port, direction, now);
    this.#passage ??= this.#begin(step, port, direction, now);
    if (this.#passage) this.#advance(this.#passage, step);
  };

  /** A packet comes to an interface, or leaves it; undefined for a step that is elsewhere. */
  #begin({ component, packet }: Step, port: Port, direction: Direction, now: number): Passage | undefined {
    if (!AT_INTERFACE.has(component.kind) && !isBehind(component, port)) return undefined;
    // Nothing else said: to an address of the same subnet, no route leads.
    const path = direction === "egress" ? 1 : undefined;
    return { port, direction, packet, now, seen: false, path, from: this.#arrive(port, direction, packet) };
  }

  /** Ends the crossing of a packet that has come to an interface. @returns the one that it comes from */
  #arrive(port: Port, direction: Direction, packet: Packet): Port | undefined {
    const crossing = this.#crossing;
    this.#crossing = undefined;
    if (!crossing || direction === "egress" || crossing.packet !== packet) return undefined;
    for (const flow of crossing.flows) flow.nextHop ??= port;
    return crossing.from;
  }

  /** Whether a step goes on with the passage that is under way. */
  #isIn({ component, ground, packet, reason }: Step, port: Port, direction: Direction): boolean {
    const passage = this.#passage;
    if (!passage || passage.port !== port || passage.direction !== direction) return false;
    if (passage.packet !== packet) return false;
    if (!passage.seen) return true;
    // The same packet may come once more.
    if (direction === "ingress") return component === port || isBehind(component, port);
    return component !== port || ground !== undefined || reason !== undefined;
  }

  #advance(passage: Passage, { component, ground }: Step): void {
    if (component === passage.port && ground === undefined) passage.seen = true;
    if (ground?.kind === "route") passage.path = this.#pathBy(ground.route.route.target, passage.port);
  }

  /** A packet that is dropped at an interface was rejected there, or got past its filters and was lost behind them. */
  #drop({ component, packet }: Step, reason: Reason, port: Port, direction: Direction, now: number): void {
    const passage = this.#passage;
    if (REJECTIONS.has(reason)) {
      this.#passage = undefined;
      const blocked = reason === "VPC_BLOCK_PUBLIC_ACCESS_ENABLED";
      const from = passage?.from ?? this.#arrive(port, direction, packet);
      this.#record({ port, direction, packet, now, seen: true, path: undefined, from }, false, blocked);
    } else if (passage && direction === "ingress" && !passage.seen) {
      this.#passage = undefined;
    } else {
      const nowhere = component.kind === "route-table" || component.kind === "subnet";
      if (passage && nowhere) passage.path = undefined;
      this.#finish();
    }
  }

  /** What has not been dropped was let through. */
  #finish(): void {
    const passage = this.#passage;
    this.#passage = undefined;
    if (!passage) return;
    const flows = this.#record(passage, true, false);
    const { port, direction, packet } = passage;
    this.#crossing = direction === "egress" ? { from: port, packet, flows } : undefined;
  }

  /**
   * How packets leave, by the target of their route.
   *
   * @see https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
   */
  #pathBy(id: string, { nitro }: Port): number | undefined {
    if (id === LOCAL) return 1;
    const target = this.#targets.get(id);
    if (!target) return undefined;
    const { kind, subnet, betweenRegions } = target;
    if (kind === "internet-gateway" || kind === "egress-only-internet-gateway") return nitro ? 8 : 2;
    if (kind === "vpn-gateway") return 3;
    if (kind === "vpc-peering-connection") return betweenRegions ? 5 : 4;
    // Of endpoints, one with routes to a service is in no subnet.
    if (kind === "vpc-endpoint" && !subnet) return nitro ? 7 : 2;
    return 1;
  }

  /** @returns the flows that it was counted into */
  #record(passage: Passage, accepted: boolean, blocked: boolean): Flow[] {
    const { port } = passage;
    const flows: Flow[] = [];
    const { doorOf, subnet } = port;
    const scopes = doorOf === undefined ? [subnet.vpc.id, subnet.id, port.id] : [doorOf];
    for (const scope of scopes) {
      for (const log of this.#scopes.get(scope) ?? []) {
        const { traffic } = log.plan;
        if (traffic !== "ALL" && accepted !== (traffic === "ACCEPT")) continue;
        const flow = count(log.windows.at(port, passage.now), passage, { accepted, blocked }, this.#capacity);
        if (flow) flows.push(flow);
      }
    }
    return flows;
  }
}

const isBehind = (component: Component, { behind }: Port): boolean => (behind as unknown) === component;

/** All that tells flows of an interface apart. */
const keyOf = ({ packet, direction, path }: Passage, accepted: boolean): string =>
  [
    direction,
    accepted,
    path,
    formatIp(packet.source),
    formatIp(packet.destination),
    packet.protocol,
    packet.sourcePort,
    packet.destinationPort,
  ].join(" ");

function count(
  window: InterfaceWindow,
  passage: Passage,
  fate: Pick<Flow, "accepted" | "blocked">,
  capacity: number,
): Flow | undefined {
  const { packet, direction, path, now, from } = passage;
  const flow = flowIn(window, keyOf(passage, fate.accepted), capacity, () => ({
    packet,
    direction,
    ...fate,
    path,
    nextHop: from,
    packets: 0,
    bytes: 0,
    flags: 0,
    first: now,
    last: now,
  }));
  if (flow) countPacket(flow, packet, now);
  return flow;
}
