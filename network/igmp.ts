import { ip } from "./ip.ts";
import { IGMP, packet, type Packet } from "./packet.ts";
import type { Port } from "./port.ts";

/** The types of IGMPv2's messages. @see https://www.rfc-editor.org/rfc/rfc2236 */
const QUERY = 0x11;
export const REPORT = 0x16;
export const LEAVE = 0x17;

/** Where hosts tell routers that they leave a group. */
export const ALL_ROUTERS = ip("224.0.0.2");
export const ALL_HOSTS = ip("224.0.0.1");

/** How often a router asks its hosts, in milliseconds: whenever the clock shows a multiple of it. */
const ROUND = 120_000;
/** So many queries without an answer end all memberships of a host. */
const MOST_MISSED = 3;
/** After so many, twelve hours later, it is not asked any more. */
const MOST_ASKED = MOST_MISSED + (12 * 3_600_000) / ROUND;

/**
 * So many memberships a router keeps, here each domain by itself, and so many members a group has: further ones are not
 * heard, and a host remembers no more of its own.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/tgw/transit-gateway-quotas.html
 */
export const MOST_MEMBERSHIPS = 10_000;
export const MOST_MEMBERS = 100;

/** When the first query after a time is due, in milliseconds. */
export const nextQuery = (now: number): number => now - (now % ROUND) + ROUND;

/** As a transit gateway sends it. */
export const query: Packet = packet({
  source: ip("0.0.0.0"),
  destination: ALL_HOSTS,
  protocol: IGMP,
  type: QUERY,
  ttl: 1,
});

/** What a guest says to become a member of a group, or to stay one. */
export const report = (source: number, group: number): Packet =>
  packet({ source, destination: group, protocol: IGMP, type: REPORT, id: group, ttl: 1 });

/** Lets a guest remember what it has said itself: that is what it answers to queries. */
export function remember(port: Port, { type, id: group }: Packet): void {
  if (type === LEAVE) port.joined?.delete(group);
  else if (type === REPORT && (port.joined?.size ?? 0) < MOST_MEMBERSHIPS) {
    (port.joined ??= new Set()).add(group);
  }
}

interface Host {
  /** How many queries in a row it has not answered. */
  missed: number;
  /** The groups that it is in. */
  readonly groups: Set<number>;
}

/**
 * The hosts that a multicast router has heard of, each an interface, and the groups that they are in.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/tgw/tgw-multicast-overview.html
 */
export class IgmpHosts {
  readonly #hosts = new Map<string, Host>();
  /** By group, whose memberships are not empty. */
  readonly #members = new Map<number, Set<string>>();
  /** How many there are in all groups together. */
  #memberships = 0;
  /** When the next query is due, in milliseconds. */
  #next = 0;

  hear(id: string, { type, id: group }: Packet, now: number): void {
    const known = this.#hosts.get(id);
    if (type === REPORT) {
      if (this.#hosts.size === 0) this.#next = nextQuery(now);
      const host = known ?? { missed: 0, groups: new Set() };
      if (!known) this.#hosts.set(id, host);
      host.missed = 0;
      this.#join(id, host, group);
    } else if (type === LEAVE && known) {
      this.#leave(id, known, group);
      if (known.groups.size === 0) this.#hosts.delete(id);
    }
  }

  /** By group, those that are in it. */
  get members(): ReadonlyMap<number, ReadonlySet<string>> {
    return this.#members;
  }

  /**
   * Asks all hosts which groups they are in, as often as that is due by now.
   *
   * @param ask false for a host that is gone; what it answers is heard within
   */
  query(now: number, ask: (host: string, at: number) => boolean): void {
    // Whoever answers now has done so before, or else has been forgotten.
    this.#next = Math.max(this.#next, nextQuery(now) - (MOST_ASKED + 1) * ROUND);
    for (; this.#next <= now && this.#hosts.size > 0; this.#next += ROUND) this.#queryOnce(ask);
  }

  #queryOnce(ask: (host: string, at: number) => boolean): void {
    for (const [id, host] of this.#hosts) {
      host.missed++;
      const isThere = ask(id, this.#next);
      const { missed, groups } = host;
      if (!isThere || missed >= MOST_MISSED) for (const group of groups) this.#leave(id, host, group);
      if (!isThere || missed >= MOST_ASKED) this.#hosts.delete(id);
    }
  }

  #join(id: string, { groups }: Host, group: number): void {
    const members = this.#members.get(group) ?? new Set();
    const isFull = members.size >= MOST_MEMBERS || this.#memberships >= MOST_MEMBERSHIPS;
    if (isFull || groups.has(group)) return;
    groups.add(group);
    this.#members.set(group, members.add(id));
    this.#memberships++;
  }

  #leave(id: string, { groups }: Host, group: number): void {
    if (!groups.delete(group)) return;
    this.#memberships--;
    const members = this.#members.get(group);
    members?.delete(id);
    if (members?.size === 0) this.#members.delete(group);
  }
}
