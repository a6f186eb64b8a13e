import { countPacket, type Flow, type FlowWindow } from "./flowRecord.ts";
import { formatIp } from "./ip.ts";
import type { Component, Direction, Observer, Step } from "./journey.ts";
import type { Packet } from "./packet.ts";
import { Port } from "./port.ts";
import type { Reason } from "./reason.ts";
import { LOCAL } from "./routeTable.ts";
import type { RouteTarget } from "./routeTarget.ts";

export interface FlowLogPlan {
  readonly id: string;
  /** A VPC, a subnet or an interface. */
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

/** Flows that are kept for an interface in a window; the rest are skipped. */
const CAPACITY = 10_000;
/** Windows without traffic that are told after a leap of time. */
const MOST_EMPTY = 60;
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
}

interface OpenWindow {
  readonly port: Port;
  readonly owner: string | undefined;
  readonly start: number;
  readonly end: number;
  readonly flows: Map<string, Flow>;
  skipped: boolean;
}

interface Log {
  readonly plan: FlowLogPlan;
  readonly open: Map<string, OpenWindow>;
  closed: OpenWindow[];
  /** All windows that ended until then have been taken: milliseconds. */
  taken: number;
  lost: boolean;
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
  /** By VPC, subnet or interface. */
  readonly #scopes = new Map<string, Set<Log>>();
  #passage: Passage | undefined;

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
    const log: Log = { plan, open: new Map(), closed: [], taken: plan.since, lost: plan.lost ?? false };
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
  }

  /**
   * The windows of a flow log that have ended since it was last asked, oldest first.
   *
   * @param until milliseconds
   * @param ports those that have a window even if nothing passed them
   */
  take(id: string, until: number, ports: Iterable<Port>): FlowWindow[] {
    this.#finish();
    const log = this.#logs.get(id);
    if (!log || until <= log.taken) return [];
    for (const [port, window] of log.open) {
      if (window.end > until) continue;
      log.open.delete(port);
      log.closed.push(window);
    }
    const ended = log.closed.filter(({ end }) => end <= until);
    log.closed = log.closed.filter(({ end }) => end > until);
    const windows = [...ended, ...emptyWindows(log, until, ports, ended)];
    log.taken = until;
    log.lost = false;
    return windows
      .toSorted((a, b) => a.end - b.end || (a.port.id < b.port.id ? -1 : 1))
      .map(({ flows, ...window }) => ({ ...window, flows: [...flows.values()] }));
  }

  readonly #observe: Observer = (step, now) => {
    const { at, direction, reason } = step;
    const port = at instanceof Port ? at : undefined;
    if (!port || !direction) return this.#finish();
    if (!this.#isIn(step, port, direction)) this.#finish();
    if (reason !== undefined) return this.#drop(step, reason, port, direction, now);
    this.#passage ??= beginning(step, port, direction, now);
    if (this.#passage) this.#advance(this.#passage, step);
  };

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
      this.#record({ port, direction, packet, now, seen: true, path: undefined }, false, blocked);
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
    if (passage) this.#record(passage, true, false);
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

  #record(passage: Passage, accepted: boolean, blocked: boolean): void {
    const { port } = passage;
    const { subnet } = port;
    for (const scope of [subnet.vpc.id, subnet.id, port.id]) {
      for (const log of this.#scopes.get(scope) ?? []) {
        const { traffic } = log.plan;
        if (traffic !== "ALL" && accepted !== (traffic === "ACCEPT")) continue;
        count(windowOf(log, port, passage.now), passage, { accepted, blocked }, this.#capacity);
      }
    }
  }
}

const isBehind = (component: Component, { behind }: Port): boolean => (behind as unknown) === component;

/** A packet comes to an interface, or leaves it; undefined for a step that is elsewhere. */
function beginning(
  { component, packet }: Step,
  port: Port,
  direction: Direction,
  now: number,
): Passage | undefined {
  if (!AT_INTERFACE.has(component.kind) && !isBehind(component, port)) return undefined;
  // Nothing else said: to an address of the same subnet, no route leads.
  return { port, direction, packet, now, seen: false, path: direction === "egress" ? 1 : undefined };
}

const secondsOf = ({ plan }: Log, { nitro }: Port): number =>
  nitro ? Math.min(plan.interval, NITRO_SECONDS) : plan.interval;

/** The window that is open at an interface now. Windows begin at multiples of their length. */
function windowOf(log: Log, port: Port, now: number): OpenWindow {
  const known = log.open.get(port.id);
  if (known && now < known.end) return known;
  if (known) log.closed.push(known);
  const window = windowAt(log, port, now);
  log.open.set(port.id, window);
  return window;
}

function windowAt(log: Log, port: Port, now: number): OpenWindow {
  const length = secondsOf(log, port) * 1000;
  const start = Math.floor(now / length) * length;
  return {
    port,
    owner: port.owner,
    start: Math.max(start, log.plan.since),
    end: start + length,
    flows: new Map(),
    skipped: false,
  };
}

/** For each interface the windows that ended since `taken` and in which nothing passed. */
function* emptyWindows(
  log: Log,
  until: number,
  ports: Iterable<Port>,
  ended: readonly OpenWindow[],
): Iterable<OpenWindow> {
  const known = new Set(ended.map(({ port, end }) => `${port.id} ${end}`));
  for (const port of ports) {
    const length = secondsOf(log, port) * 1000;
    const last = Math.floor(until / length) * length;
    const first = Math.max(log.taken, last - MOST_EMPTY * length);
    for (let end = (Math.floor(first / length) + 1) * length; end <= last; end += length) {
      if (known.has(`${port.id} ${end}`)) continue;
      yield { ...windowAt(log, port, end - length), skipped: log.lost };
    }
  }
}

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
  window: OpenWindow,
  passage: Passage,
  fate: Pick<Flow, "accepted" | "blocked">,
  capacity: number,
): void {
  const { packet, direction, path, now } = passage;
  const key = keyOf(passage, fate.accepted);
  const known = window.flows.get(key);
  if (known) return countPacket(known, packet, now);
  if (window.flows.size >= capacity) {
    window.skipped = true;
    return;
  }
  const flow = { packet, direction, ...fate, path, packets: 0, bytes: 0, flags: 0, first: now, last: now };
  countPacket(flow, packet, now);
  window.flows.set(key, flow);
}
