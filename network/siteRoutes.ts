import type { Block, Ip } from "./ip.ts";
import { PrefixTable } from "./prefixTable.ts";
import type { VpnConnection } from "./vpnConnection.ts";

/** How a block behind a connection came to be known: the first in this order wins. */
const ORIGINS = ["propagated-vpn-static", "propagated-vpn"] as const;

/** What AWS's end knows about a block: the connection that leads to it. */
export interface SiteRoute {
  readonly block: Block;
  readonly connection: string;
  /** Whether somebody wrote it down, or BGP told it, with the length of its path and its discriminator (MED). */
  readonly origin: (typeof ORIGINS)[number];
  readonly pathLength: number;
  readonly discriminator: number;
}

/** Negative if `a` wins over `b`, both being routes to the same block. */
const preference = (a: SiteRoute, b: SiteRoute): number =>
  ORIGINS.indexOf(a.origin) - ORIGINS.indexOf(b.origin) ||
  a.pathLength - b.pathLength ||
  a.discriminator - b.discriminator;

/**
 * The ways from an end of many connections to customers' sites.
 *
 * @see https://docs.aws.amazon.com/vpn/latest/s2svpn/vpn-route-priority.html
 */
export class SiteRoutes {
  readonly #connections: ReadonlyMap<string, VpnConnection>;
  #routes: readonly SiteRoute[] = [];
  /** The best connection to each block: of those that are up, and of all. */
  #live: PrefixTable<VpnConnection> | undefined;
  #known = new PrefixTable<VpnConnection>();

  /** @param connections all there are, by id */
  constructor(connections: ReadonlyMap<string, VpnConnection>) {
    this.#connections = connections;
  }

  /** @param routes oldest first */
  put(routes: readonly SiteRoute[]): void {
    this.#routes = routes.toSorted(preference);
    this.forget();
  }

  /** To be called when a connection may have come, gone, or changed between up and down. */
  forget(): void {
    this.#live = undefined;
  }

  /** Where one is up, the longest block that leads somewhere counts; else the one that would. */
  find(address: Ip): VpnConnection | undefined {
    return this.#compile().find(address) ?? this.#known.find(address);
  }

  #compile(): PrefixTable<VpnConnection> {
    if (this.#live) return this.#live;
    const live = new PrefixTable<VpnConnection>();
    this.#known = new PrefixTable();
    for (const { block, connection: id } of this.#routes) {
      const connection = this.#connections.get(id);
      if (!connection) continue;
      if (!this.#known.get(block)) this.#known.set(block, connection);
      if (connection.up && !live.get(block)) live.set(block, connection);
    }
    return (this.#live = live);
  }
}
