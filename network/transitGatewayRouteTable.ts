import type { Block, Ip } from "./ip.ts";
import type { Component } from "./journey.ts";
import type { PrefixLists } from "./prefixList.ts";
import { PrefixTable } from "./prefixTable.ts";

/** How a route came into a table: of routes to the same block, the first in this order wins. */
const ORIGINS = [
  "static",
  "propagated-vpc",
  "propagated-direct-connect",
  "propagated-connect",
  "propagated-private-vpn",
  "propagated-vpn",
  "propagated-client-vpn",
  "propagated-peering",
] as const;

/** Where packets to a destination leave a transit gateway. */
export interface TransitGatewayRoute {
  readonly destination: Block | { readonly prefixList: string };
  /** Id of the attachment; undefined for a route that drops what it matches. */
  readonly attachment: string | undefined;
  readonly origin: (typeof ORIGINS)[number];
  /** BGP's: the shorter path wins, then the lower discriminator. */
  readonly pathLength?: number;
  readonly discriminator?: number;
}

/** A route as it applies to packets: for one block, be it a prefix list's. */
export interface ResolvedTransitRoute {
  readonly block: Block;
  readonly route: TransitGatewayRoute;
}

const isBlock = (destination: TransitGatewayRoute["destination"]): destination is Block =>
  "base" in destination;

/** Negative if `a` wins over `b`, both being routes to the same block. */
const preference = (a: TransitGatewayRoute, b: TransitGatewayRoute): number =>
  ORIGINS.indexOf(a.origin) - ORIGINS.indexOf(b.origin) ||
  Number(!isBlock(a.destination)) - Number(!isBlock(b.destination)) ||
  (a.pathLength ?? 0) - (b.pathLength ?? 0) ||
  (a.discriminator ?? 0) - (b.discriminator ?? 0);

/**
 * Where packets go that came into a transit gateway by the attachments that are associated with the table. The longest
 * matching prefix wins, then a static route, then one of a prefix list, then the propagated ones by the kind of their
 * attachment; of equal ones the older.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/tgw/how-transit-gateways-work.html#tgw-route-evaluation-overview
 */
export class TransitGatewayRouteTable implements Component {
  readonly kind = "transit-gateway-route-table";
  readonly id: string;
  readonly #lists: PrefixLists;
  #routes: readonly TransitGatewayRoute[] = [];
  #compiled: PrefixTable<ResolvedTransitRoute> | undefined;
  #listsVersion = 0;

  constructor(id: string, lists: PrefixLists) {
    this.id = id;
    this.#lists = lists;
  }

  /** @param routes oldest first */
  put(routes: readonly TransitGatewayRoute[]): void {
    this.#routes = routes;
    this.#compiled = undefined;
  }

  /** As they were put; the analyzers judge them by themselves. */
  get routes(): readonly TransitGatewayRoute[] {
    return this.#routes;
  }

  blocksOf({ destination }: TransitGatewayRoute): readonly Block[] {
    return isBlock(destination) ? [destination] : this.#lists.blocksOf(destination.prefixList);
  }

  find(address: Ip): ResolvedTransitRoute | undefined {
    return this.#compile().find(address);
  }

  #compile(): PrefixTable<ResolvedTransitRoute> {
    if (this.#compiled && this.#listsVersion === this.#lists.version) return this.#compiled;
    const compiled = new PrefixTable<ResolvedTransitRoute>();
    for (const route of this.#routes) {
      const { destination } = route;
      for (const block of isBlock(destination)
        ? [destination]
        : this.#lists.blocksOf(destination.prefixList)) {
        const best = compiled.get(block);
        if (!best || preference(route, best.route) < 0) compiled.set(block, { block, route });
      }
    }
    this.#compiled = compiled;
    this.#listsVersion = this.#lists.version;
    return compiled;
  }
}
