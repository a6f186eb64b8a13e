import { flowHash } from "./flowHash.ts";
import type { Block, Ip } from "./ip.ts";
import type { Packet } from "./packet.ts";
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
  /** Over dedicated lines, the higher wins before the length of the path counts. */
  readonly localPreference?: number;
  readonly pathLength: number;
  readonly discriminator: number;
  /** Whether it takes its part of the flows where others are as good; else the oldest one has them all. */
  readonly shared?: boolean;
}

/** What leads to a block: more than one link only where they share the flows. */
interface Ways {
  readonly best: SiteRoute;
  readonly links: SiteLink[];
}

/** Negative if `a` wins over `b`, both being routes to the same block. */
export const preference = (
  a: Omit<SiteRoute, "block" | "connection">,
  b: Omit<SiteRoute, "block" | "connection">,
): number =>
  ORIGINS.indexOf(a.origin) - ORIGINS.indexOf(b.origin) ||
  (b.localPreference ?? 0) - (a.localPreference ?? 0) ||
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
  #given: readonly SiteRoute[] = [];
  /** The best links to each block: of those that are up, and of all. */
  #live: PrefixTable<Ways> | undefined;
  #known = new PrefixTable<Ways>();

  /** @param links all there are, by id */
  constructor(links: ReadonlyMap<string, SiteLink>) {
    this.#links = links;
  }

  /** @param routes oldest first */
  put(routes: readonly SiteRoute[]): void {
    this.#given = routes;
    this.#routes = routes.toSorted(preference);
    this.forget();
  }

  /** As they were put; the analyzers judge them by themselves. */
  get routes(): readonly SiteRoute[] {
    return this.#given;
  }

  linkOf({ connection }: SiteRoute): SiteLink | undefined {
    return this.#links.get(connection);
  }

  /** To be called when a link may have come, gone, or changed between up and down. */
  forget(): void {
    this.#live = undefined;
  }

  /** The first to an address. Where one is up, the longest block that leads somewhere counts; else the one that would. */
  find(address: Ip): SiteLink | undefined {
    return this.#waysTo(address)?.links[0];
  }

  /** The link that a packet takes, and all others of its flow. */
  choose(packet: Packet): SiteLink | undefined {
    const { links = [] } = this.#waysTo(packet.destination) ?? {};
    return links.length > 1 ? links[(flowHash(packet) >>> 12) % links.length] : links[0];
  }

  #waysTo(address: Ip): Ways | undefined {
    return this.#compile().find(address) ?? this.#known.find(address);
  }

  #compile(): PrefixTable<Ways> {
    if (this.#live) return this.#live;
    const live = new PrefixTable<Ways>();
    this.#known = new PrefixTable();
    for (const route of this.#routes) {
      const link = this.#links.get(route.connection);
      if (!link) continue;
      join(this.#known, route, link);
      if (link.up) join(live, route, link);
    }
    return (this.#live = live);
  }
}

/** @param route none that was joined before is worse */
function join(table: PrefixTable<Ways>, route: SiteRoute, link: SiteLink): void {
  const known = table.get(route.block);
  if (!known) table.set(route.block, { best: route, links: [link] });
  else if (route.shared && known.best.shared && preference(route, known.best) === 0) known.links.push(link);
}
