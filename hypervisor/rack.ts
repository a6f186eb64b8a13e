import type { Host, HostSize, Tenancy } from "./host.ts";
import { Room } from "./room.ts";
import { PAGE } from "./slabs.ts";

/**
 * Why an instance is not placed. `no-room`: all hosts of the zone and family are full. `too-large`: it would not fit on an
 * empty one. `unsupported`: there are no such hosts. `no-such-host`: the Dedicated Host asked for is not this account's,
 * or not in this zone and of this family.
 */
export type Refusal = "no-room" | "too-large" | "unsupported" | "no-such-host";

/** What is looked for. */
export interface Wish {
  readonly account: string;
  readonly tenancy: Tenancy;
  readonly memoryBytes: number;
  readonly cores: number;
  readonly threadsPerCore: number;
  /** Only this Dedicated Host will do. */
  readonly host?: string;
  /** Any other host is better: an instance that starts again moves, as a rule. */
  readonly exclude?: string;
}

/** The hosts of one family in one zone, racked when they are needed, up to as many as the zone has. */
export class Rack {
  readonly #size: HostSize;
  readonly #build: (dedicatedTo?: string) => Host;
  readonly #hosts = new Map<string, Host>();
  readonly #rooms = new Map<string, Room>();
  readonly #roomOf = new Map<Host, Room>();

  /** `build` makes a host with an id of its own, for one account alone or for all. */
  constructor(size: HostSize, build: (dedicatedTo?: string) => Host) {
    this.#size = size;
    this.#build = build;
  }

  /** A host with room for this, racked if need be. Whoever puts it there must {@link refile} the host. */
  find(wish: Wish): Host | Refusal {
    const frames = Math.ceil(wish.memoryBytes / PAGE);
    const { sockets, coresPerSocket, threadsPerCore, memoryBytes } = this.#size;
    const fits = frames * PAGE <= memoryBytes && wish.cores <= sockets * coresPerSocket;
    if (!fits || wish.threadsPerCore > threadsPerCore) return "too-large";
    if (wish.tenancy === "host") return this.#findDedicatedHost(wish, frames);

    const own = `dedicated ${wish.account}`;
    const [first, last] = wish.tenancy === "dedicated" ? [own, own] : ["shared", own];
    const search = (avoid?: string): Host | undefined => {
      const among = (occupancy: string) => this.#rooms.get(occupancy)?.find(frames, wish.cores, avoid);
      return among(first) ?? among("empty") ?? this.rack() ?? among(last);
    };
    return search(wish.exclude) ?? (wish.exclude === undefined ? undefined : search()) ?? "no-room";
  }

  /** One more host, or undefined if the zone has no more. */
  rack(dedicatedTo?: string): Host | undefined {
    if (this.#hosts.size >= this.#size.perZone) return undefined;
    const host = this.#build(dedicatedTo);
    this.#hosts.set(host.id, host);
    this.refile(host);
    return host;
  }

  /** Takes an empty host away. */
  unrack(host: Host): void {
    this.#hosts.delete(host.id);
    this.#roomOf.get(host)?.remove(host);
    this.#roomOf.delete(host);
  }

  /** Takes note that something on a host has changed. */
  refile(host: Host): void {
    const { occupancy } = host;
    const before = this.#roomOf.get(host);
    const room = this.#rooms.get(occupancy) ?? new Room();
    this.#rooms.set(occupancy, room);
    if (before !== room) before?.remove(host);
    this.#roomOf.set(host, room);
    room.put(host);
  }

  #findDedicatedHost({ account, cores, host, exclude }: Wish, frames: number): Host | Refusal {
    if (host === undefined) {
      const room = this.#rooms.get(`host ${account}`);
      return room?.find(frames, cores, exclude) ?? room?.find(frames, cores) ?? "no-room";
    }
    const found = this.#hosts.get(host);
    if (found?.dedicatedTo !== account) return "no-such-host";
    return found.supply >= frames && found.cores.open >= cores ? found : "no-room";
  }
}
