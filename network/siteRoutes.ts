import type { Block, Ip } from "./ip.ts";
import { PrefixTable } from "./prefixTable.ts";
import type { SiteLink } from "./siteLink.ts";

/** How a block behind a link came to be known: the first in this order wins. */
const ORIGINS = ["propagated-direct-connect", "propagated-vpn-static", "propagated-vpn"] as const;

/** What AWS's end knows about a block: the link that leads to it. */
export interface SiteRoute {
  readonly block: Block;
  readonly connection: string;
  /** Whether somebody wrote it down, or BGP told it, with the length of its path and its discriminator (MED). */
  readonly origin: (typeof ORIGINS)[number];
  readonly pathLength: number;
  readonly discriminator: number;
}

/** Negative if `a` wins over `b`, both being routes to the same block. */
export const preference = (
  a: Omit<SiteRoute, "block" | "connection">,
  b: Omit<SiteRoute, "block" | "connection">,
): number =>
  ORIGINS.indexOf(a.origin) - ORIGINS.indexOf(b.origin) ||
  a.pathLength - b.pathLength ||
  a.discriminator - b.discriminator;

/**
 * The ways from an end of many links to customers' sites.
 *
 * @see https://docs.aws.amazon.com/vpn/latest/s2svpn/vpn-route-priority.html
 */
export class SiteRoutes {
  readonly #links: ReadonlyMap<string, SiteLink>;
  #routes: readonly SiteRoute[] = [];
  /** The best link to each block: of those that are up, and of all. */
  #live: PrefixTable<SiteLink> | undefined;
  #known = new PrefixTable<SiteLink>();

  /** @param links all there are, by id */
  constructor(links: ReadonlyMap<string, SiteLink>) {
    this.#links = links;
  }

  /** @param routes oldest first */
  put(routes: readonly SiteRoute[]): void {
    this.#routes = routes.toSorted(preference);
    this.forget();
  }

  /** To be called when a link may have come, gone, or changed between up and down. */
  forget(): void {
    this.#live = undefined;
  }

  /** Where one is up, the longest block that leads somewhere counts; else the one that would. */
  find(address: Ip): SiteLink | undefined {
    return this.#compile().find(address) ?? this.#known.find(address);
  }

  #compile(): PrefixTable<SiteLink> {
    if (this.#live) return this.#live;
    const live = new PrefixTable<SiteLink>();
    this.#known = new PrefixTable();
    for (const { block, connection: id } of this.#routes) {
      const link = this.#links.get(id);
      if (!link) continue;
      if (!this.#known.get(block)) this.#known.set(block, link);
      if (link.up && !live.get(block)) live.set(block, link);
    }
    return (this.#live = live);
  }
}
