import { type Bounds, type Group, UNBOUND } from "./groups.ts";
import type { Host, HostSize } from "./host.ts";
import { Room } from "./room.ts";
import { PAGE } from "./slabs.ts";
import type { Tenancy } from "./tenancy.ts";

/**
 * Why an instance is not placed. `no-room`: all hosts that may have it are full. `too-large`: it would not fit on an empty
 * one. `unsupported`: there are no such hosts. `no-such-host`: the Dedicated Host asked for is not this account's, or not
 * in this zone and of this family.
 */
export type Refusal = "no-room" | "too-large" | "unsupported" | "no-such-host";

/** What is looked for. */
export interface Wish {
  readonly account: string;
  readonly tenancy: Tenancy;
  readonly memoryBytes: number;
  readonly cores: number;
  readonly threadsPerCore: number;
  /** Only this Dedicated Host will do: the one asked for, or the one an instance with affinity was on. */
  readonly host?: string;
  /** Only these Dedicated Hosts will do, the first with room: those of the account with auto-placement for the type. */
  readonly among?: readonly string[];
  /** Any other host is better: an instance that starts again moves, as a rule. */
  readonly exclude?: string;
  /** The placement group that the instance is a member of, and what that asks for. */
  readonly group?: Group;
  /** Only room that this reservation keeps will do. */
  readonly reservation?: string;
}

/** Whom a host is for alone, and the id it has if it had one before. */
export interface Dedication {
  readonly account: string;
  readonly id?: string | undefined;
}

const RACKS = 16;

/** The hosts of one family in one zone, built into racks when they are needed, up to as many as the zone has. */
export class Pool {
  readonly #size: HostSize;
  readonly #build: (rack: number, dedication?: Dedication) => Host;
  readonly #hosts = new Map<string, Host>();
  readonly #rooms = new Map<string, Room>();
  readonly #roomOf = new Map<Host, Room>();
  readonly #racks: readonly Set<Host>[];

  /** `build` makes a host, for one account alone or for all. */
  constructor(size: HostSize, build: (rack: number, dedication?: Dedication) => Host) {
    this.#size = size;
    this.#build = build;
    this.#racks = Array.from({ length: size.racks ?? RACKS }, () => new Set<Host>());
  }

  /** A host with room for this, racked if need be. Whoever puts it there must {@link refile} the host. */
  find(wish: Wish, bounds: Bounds = UNBOUND): Host | Refusal {
    const frames = Math.ceil(wish.memoryBytes / PAGE);
    const { sockets, coresPerSocket, threadsPerCore, memoryBytes } = this.#size;
    const fits = frames * PAGE <= memoryBytes && wish.cores <= sockets * coresPerSocket;
    if (!fits || wish.threadsPerCore > threadsPerCore) return "too-large";
    const allowed = (host: Host) => bounds.allowsRack(host.rack) && bounds.allowsHost(host);
    const other = (host: Host) => host.id !== wish.exclude && allowed(host);
    const search = (accepts: (host: Host) => boolean): Host | Refusal =>
      wish.tenancy === "host"
        ? this.#findDedicatedHost(wish, frames, accepts)
        : this.#findHost(wish, frames, bounds, accepts);
    const found = search(other);
    return found === "no-room" && wish.exclude !== undefined ? search(allowed) : found;
  }

  /** One more host, in the emptiest rack that will do; undefined if the zone has no more. */
  rack(dedication?: Dedication, allows: (rack: number) => boolean = () => true): Host | undefined {
    if (this.#hosts.size >= this.#size.perZone) return undefined;
    const height = Math.ceil(this.#size.perZone / this.#racks.length);
    let emptiest: number | undefined;
    for (const [rack, { size }] of this.#racks.entries()) {
      if (size >= height || !allows(rack)) continue;
      if (emptiest === undefined || size < (this.#racks[emptiest]?.size ?? 0)) emptiest = rack;
    }
    if (emptiest === undefined) return undefined;
    const host = this.#build(emptiest, dedication);
    this.#hosts.set(host.id, host);
    this.#racks[emptiest]?.add(host);
    this.refile(host);
    return host;
  }

  /** A host that nobody uses, and that is kept for nobody. */
  empty(): Host | undefined {
    return this.#rooms.get("empty")?.find(0, 0, () => true);
  }

  /** Takes an empty host away. */
  unrack(host: Host): void {
    this.#hosts.delete(host.id);
    this.#racks[host.rack]?.delete(host);
    this.#withdraw(host);
  }

  /** Takes note that something on a host has changed. */
  refile(host: Host): void {
    if (host.state !== "available") return this.#withdraw(host);
    const { occupancy } = host;
    const before = this.#roomOf.get(host);
    const room = this.#rooms.get(occupancy) ?? new Room();
    this.#rooms.set(occupancy, room);
    if (before !== room) before?.remove(host);
    this.#roomOf.set(host, room);
    room.put(host);
  }

  #withdraw(host: Host): void {
    this.#roomOf.get(host)?.remove(host);
    this.#roomOf.delete(host);
  }

  /** Near ones first; then those in use, so that others stay empty; then a new one; at last among the account's own. */
  #findHost(wish: Wish, frames: number, bounds: Bounds, accepts: (host: Host) => boolean): Host | "no-room" {
    const { account, tenancy, cores } = wish;
    const own = `dedicated ${account}`;
    const [first, last] = tenancy === "dedicated" ? [own, own] : ["shared", own];
    const among = (occupancy: string) => this.#rooms.get(occupancy)?.find(frames, cores, accepts);
    const isNew = (rack: number) => bounds.allowsRack(rack);
    return (
      this.#findNear(bounds.near, [first, "empty", last], wish, frames, accepts) ??
      among(first) ??
      among("empty") ??
      this.rack(undefined, isNew) ??
      among(last) ??
      "no-room"
    );
  }

  #findNear(
    near: ReadonlySet<number>,
    occupancies: readonly string[],
    { cores }: Wish,
    frames: number,
    accepts: (host: Host) => boolean,
  ): Host | undefined {
    for (const rack of near) {
      for (const host of this.#racks[rack] ?? []) {
        const fits = host.supply >= frames && host.openCores >= cores && host.state === "available";
        if (fits && occupancies.includes(host.occupancy) && accepts(host)) return host;
      }
    }
    return near.size > 0 ? this.rack(undefined, (rack) => near.has(rack)) : undefined;
  }

  #findDedicatedHost(wish: Wish, frames: number, accepts: (host: Host) => boolean): Host | Refusal {
    const { account, cores, host: only, among = only === undefined ? undefined : [only] } = wish;
    if (among === undefined)
      return this.#rooms.get(`host ${account}`)?.find(frames, cores, accepts) ?? "no-room";
    const hosts = among.flatMap((id) => this.#hosts.get(id) ?? []);
    if (only !== undefined && hosts[0]?.dedicatedTo !== account) return "no-such-host";
    return (
      hosts.find(
        (host) =>
          host.state === "available" &&
          host.dedicatedTo === account &&
          host.supply >= frames &&
          host.openCores >= cores &&
          (only !== undefined || accepts(host)),
      ) ?? "no-room"
    );
  }
}
