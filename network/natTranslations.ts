import type { Ip } from "./ip.ts";
import { FIN, RST, SYN, TCP, type Packet } from "./packet.ts";

/**
 * Simultaneous connections of one address to one destination: address, port and protocol.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html
 */
export const MOST_CONNECTIONS = 55_000;

/** "NAT gateways use ports 1024–65535." */
const FIRST_PORT = 1024;
const LAST_PORT = 65_535;

/** Seconds without a packet, after which a connection is forgotten. */
export const IDLE_SECONDS = 350;

/** Seconds for TCP that both sides have finished; not documented. */
const CLOSED_SECONDS = 60;

/** Of all connections together, so that scans do not fill the memory; not documented. */
const MOST_TRANSLATIONS = 1_000_000;

/** Below this, nobody looks for what has expired. */
const FEW = 1024;

/** One end of a connection: an address, and a port or the identifier of an ICMP query. */
export interface Endpoint {
  readonly address: Ip;
  readonly port: number;
}

/** Whom a connection is to; of ICMP, `port` is the type of the answer. */
export interface Remote extends Endpoint {
  readonly protocol: number;
}

/** A connection, and what the outside sees instead of who is inside. */
export interface Translation {
  readonly inside: Endpoint;
  readonly outside: Endpoint;
  readonly remote: Remote;
  /** Milliseconds. */
  expires: number;
  /** Which sides sent their FIN: 1 the inner one, 2 the remote one. */
  finished: number;
}

/** The ports of one address that are taken for one destination. */
class Pool {
  readonly taken = new Map<number, Translation>();
  /** Where to look for a free port next. */
  next = FIRST_PORT;
  /** Nothing expires before this: it is useless to look for room until then. */
  fullUntil = 0;
}

/** The connections to one destination. */
class Destination {
  readonly flows = new Map<Ip, Map<number, Translation>>();
  readonly pools = new Map<Ip, Pool>();
}

const keyOf = ({ protocol, port }: Remote): number => (protocol << 16) | port;

/**
 * Which port of which address stands for whom. No two connections to the same destination share one, so that an answer
 * belongs to exactly one of them.
 */
export class NatTranslations {
  readonly #destinations = new Map<Ip, Map<number, Destination>>();
  #size = 0;
  #sweepAt = FEW;
  /** Nothing expires before this: it is useless to look for room until then. */
  #fullUntil = 0;

  /** How many connections are remembered, some of them perhaps expired. */
  get size(): number {
    return this.#size;
  }

  /** Whether more addresses would help where no port is free. */
  get hasRoom(): boolean {
    return this.#size < MOST_TRANSLATIONS;
  }

  /** The connection that a packet from inside belongs to. @param now milliseconds */
  outbound(inside: Endpoint, remote: Remote, now: number): Translation | undefined {
    const found = this.#at(remote)?.flows.get(inside.address)?.get(inside.port);
    return this.#alive(found, now);
  }

  /** The connection that a packet to one of the gateway's addresses answers. @param now milliseconds */
  inbound(outside: Endpoint, remote: Remote, now: number): Translation | undefined {
    const found = this.#at(remote)?.pools.get(outside.address)?.taken.get(outside.port);
    return this.#alive(found, now);
  }

  /**
   * Gives a new connection a port, of the address that has the fewest to this destination.
   *
   * @param addresses those that take new connections
   * @param now milliseconds
   * @param preferred the port that it gets if that is free
   * @returns undefined if no port is free
   */
  begin(
    inside: Endpoint,
    remote: Remote,
    addresses: readonly Ip[],
    now: number,
    preferred?: number,
  ): Translation | undefined {
    if (this.#size >= this.#sweepAt && now >= this.#fullUntil) this.#sweep(now);
    if (this.#size >= MOST_TRANSLATIONS) return undefined;
    const destination = this.#at(remote) ?? new Destination();
    let address: Ip | undefined;
    let pool: Pool | undefined;
    for (const each of addresses) {
      const known = poolOf(destination, each);
      if (known.taken.size >= MOST_CONNECTIONS) this.#makeRoom(known, now);
      if (known.taken.size >= MOST_CONNECTIONS || (pool && known.taken.size >= pool.taken.size)) continue;
      address = each;
      pool = known;
    }
    if (!pool || address === undefined) return undefined;
    const isKept = preferred !== undefined && !pool.taken.has(preferred);
    const outside = { address, port: isKept ? preferred : freePort(pool) };
    const translation: Translation = {
      inside,
      outside,
      remote,
      expires: now + 1000 * IDLE_SECONDS,
      finished: 0,
    };
    this.#put(remote, destination);
    let flows = destination.flows.get(inside.address);
    if (!flows) destination.flows.set(inside.address, (flows = new Map()));
    flows.set(inside.port, translation);
    pool.taken.set(outside.port, translation);
    this.#size++;
    return translation;
  }

  /** Notes that a packet passes. @param now milliseconds */
  proceed(translation: Translation, { protocol, flags }: Packet, outbound: boolean, now: number): void {
    if (protocol === TCP) {
      if ((flags & RST) !== 0) return this.#remove(translation);
      if ((flags & SYN) !== 0) translation.finished = 0;
      if ((flags & FIN) !== 0) translation.finished |= outbound ? 1 : 2;
    }
    translation.expires = now + 1000 * (translation.finished === 3 ? CLOSED_SECONDS : IDLE_SECONDS);
  }

  /** Forgets the connections of somebody inside. */
  forget(inside: Ip): void {
    for (const translation of this.#all()) {
      if (translation.inside.address === inside) this.#remove(translation);
    }
  }

  /** Forgets the connections of addresses that are gone. */
  keepOnly(addresses: readonly Ip[]): void {
    for (const translation of this.#all()) {
      if (!addresses.includes(translation.outside.address)) this.#remove(translation);
    }
  }

  #at(remote: Remote): Destination | undefined {
    return this.#destinations.get(remote.address)?.get(keyOf(remote));
  }

  #put(remote: Remote, destination: Destination): void {
    let known = this.#destinations.get(remote.address);
    if (!known) this.#destinations.set(remote.address, (known = new Map()));
    known.set(keyOf(remote), destination);
  }

  #alive(translation: Translation | undefined, now: number): Translation | undefined {
    if (!translation || now < translation.expires) return translation;
    this.#remove(translation);
    return undefined;
  }

  #remove(translation: Translation): void {
    const { inside, outside, remote } = translation;
    const destination = this.#at(remote);
    const pool = destination?.pools.get(outside.address);
    if (!destination || pool?.taken.get(outside.port) !== translation) return;
    pool.taken.delete(outside.port);
    pool.fullUntil = 0;
    const flows = destination.flows.get(inside.address);
    flows?.delete(inside.port);
    if (flows?.size === 0) destination.flows.delete(inside.address);
    this.#size--;
    this.#tidy(remote, destination);
  }

  #tidy(remote: Remote, { flows }: Destination): void {
    const known = this.#destinations.get(remote.address);
    if (flows.size === 0) known?.delete(keyOf(remote));
    if (known?.size === 0) this.#destinations.delete(remote.address);
  }

  /** Forgets what has expired of a pool that is full. */
  #makeRoom(pool: Pool, now: number): void {
    if (now < pool.fullUntil) return;
    let earliest = Number.POSITIVE_INFINITY;
    for (const translation of [...pool.taken.values()]) {
      if (now < translation.expires) earliest = Math.min(earliest, translation.expires);
      else this.#remove(translation);
    }
    if (pool.taken.size >= MOST_CONNECTIONS) pool.fullUntil = earliest;
  }

  #sweep(now: number): void {
    let earliest = Number.POSITIVE_INFINITY;
    for (const translation of this.#all()) {
      if (now < translation.expires) earliest = Math.min(earliest, translation.expires);
      else this.#remove(translation);
    }
    this.#sweepAt = Math.min(Math.max(FEW, 2 * this.#size), MOST_TRANSLATIONS);
    this.#fullUntil = this.#size >= MOST_TRANSLATIONS ? earliest : 0;
  }

  #all(): Translation[] {
    return [...this.#destinations.values()].flatMap((known) =>
      [...known.values()].flatMap(({ pools }) =>
        [...pools.values()].flatMap(({ taken }) => [...taken.values()]),
      ),
    );
  }
}

function poolOf({ pools }: Destination, address: Ip): Pool {
  let pool = pools.get(address);
  if (!pool) pools.set(address, (pool = new Pool()));
  return pool;
}

/** A port that is not taken, of a pool that is not full. */
function freePort(pool: Pool): number {
  while (pool.taken.has(pool.next)) pool.next = after(pool.next);
  const port = pool.next;
  pool.next = after(port);
  return port;
}

const after = (port: number): number => (port === LAST_PORT ? FIRST_PORT : port + 1);
