import { flowHash } from "./flowHash.ts";
import type { Block, Ip } from "./ip.ts";
import type { Component } from "./journey.ts";
import type { Packet } from "./packet.ts";
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
  "propagated-vpn-concentrator",
  "propagated-client-vpn",
  "propagated-peering",
] as const;

/** Where packets to a destination leave a transit gateway. */
export interface TransitGatewayRoute {
  readonly destination: Block | { readonly prefixList: string };
  /** Id of the attachment; undefined for a route that drops what it matches. */
  readonly attachment: string | undefined;
  readonly origin: (typeof ORIGINS)[number];
  /** BGP's: the higher preference wins, then the shorter path, then the lower discriminator. */
  readonly localPreference?: number;
  readonly pathLength?: number;
  readonly discriminator?: number;
  /** Whether it takes its part of the flows where others are as good; else the oldest one has them all. */
  readonly shared?: boolean;
}

/** A route as it applies to packets: for one block, be it a prefix list's. */
export interface ResolvedTransitRoute {
  readonly block: Block;
  readonly route: TransitGatewayRoute;
}

const isBlock = (destination: TransitGatewayRoute["destination"]): destination is Block =>
  "base" in destination;

/** Negative if `a` wins over `b`, both being routes to the same block; 0 if they are as good. */
const preference = (a: TransitGatewayRoute, b: TransitGatewayRoute): number =>
  ORIGINS.indexOf(a.origin) - ORIGINS.indexOf(b.origin) ||
  Number(!isBlock(a.destination)) - Number(!isBlock(b.destination)) ||
  (b.localPreference ?? 0) - (a.localPreference ?? 0) ||
  (a.pathLength ?? 0) - (b.pathLength ?? 0) ||
  (a.discriminator ?? 0) - (b.discriminator ?? 0);

/**
 * Of routes to one block those that packets take: the best one, with those that share its flows.
 *
 * @param routes oldest first
 * @see https://docs.aws.amazon.com/vpc/latest/tgw/how-transit-gateways-work.html#tgw-ecmp
 */
export function bestOf<R extends TransitGatewayRoute>(routes: readonly R[]): R[] {
  const best: R[] = [];
  for (const route of routes) {
    const [known] = best;
    const order = known ? preference(route, known) : -1;
    if (order < 0) best.splice(0, best.length, route);
    else if (order === 0 && route.shared && known?.shared) best.push(route);
  }
  return best;
}

/**
 * Where packets go that came into a transit gateway by the attachments that are associated with the table. The longest
 * matching prefix wins, then a static route, then one of a prefix list, then the propagated ones by the kind of their
 * attachment; of equal ones the older, unless they share the flows.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/tgw/how-transit-gateways-work.html#tgw-route-evaluation-overview
 */
export class TransitGatewayRouteTable implements Component {
  readonly kind = "transit-gateway-route-table";
  readonly id: string;
  readonly #lists: PrefixLists;
  #routes: readonly TransitGatewayRoute[] = [];
  /** By block, the routes that packets take. */
  #compiled: PrefixTable<readonly ResolvedTransitRoute[]> | undefined;
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

  /** The routes that packets to an address take, which share the flows if there are many. */
  find(address: Ip): readonly ResolvedTransitRoute[] | undefined {
    return this.#compile().find(address);
  }

  /** The route that a packet takes, and all others of its flow. */
  choose(packet: Packet): ResolvedTransitRoute | undefined {
    const ways = this.find(packet.destination);
    return ways && ways.length > 1 ? ways[flowHash(packet) % ways.length] : ways?.[0];
  }

  #compile(): PrefixTable<readonly ResolvedTransitRoute[]> {
    if (this.#compiled && this.#listsVersion === this.#lists.version) return this.#compiled;
    const compiled = new PrefixTable<readonly ResolvedTransitRoute[]>();
    for (const route of this.#routes) {
      for (const block of this.blocksOf(route)) {
        const known = compiled.get(block)?.map((way) => way.route) ?? [];
        compiled.set(
          block,
          bestOf([...known, route]).map((each) => ({ block, route: each })),
        );
      }
    }
    this.#compiled = compiled;
    this.#listsVersion = this.#lists.version;
    return compiled;
  }
}
