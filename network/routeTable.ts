import { holds, type Block, type Ip } from "./ip.ts";
import type { Component } from "./journey.ts";
import type { PrefixLists } from "./prefixList.ts";
import { PrefixTable } from "./prefixTable.ts";
import type { Vpc } from "./vpc.ts";

/** How a route came into a table: of routes to the same block, the first in this order wins. */
const ORIGINS = [
  "local",
  "static",
  "propagated-direct-connect",
  "propagated-vpn-static",
  "propagated-vpn",
] as const;

/** Where packets to a destination go. */
export interface Route {
  readonly destination: Block | { readonly prefixList: string };
  /** Id of what takes the packets on; `local` for the VPC itself. */
  readonly target: string;
  readonly origin: (typeof ORIGINS)[number];
  /** BGP's: the shorter path wins, then the lower discriminator. */
  readonly pathLength?: number;
  readonly discriminator?: number;
}

/** A route as it applies to packets: for one block, be it a prefix list's. */
export interface ResolvedRoute {
  readonly block: Block;
  readonly route: Route;
}

export const LOCAL = "local";

const isBlock = (destination: Route["destination"]): destination is Block => "base" in destination;

/** Negative if `a` wins over `b`, both being routes to the same block. */
function preference(a: Route, b: Route): number {
  return (
    ORIGINS.indexOf(a.origin) - ORIGINS.indexOf(b.origin) ||
    // "A static route with a destination CIDR block takes priority over one that references a prefix list."
    Number(!isBlock(a.destination)) - Number(!isBlock(b.destination)) ||
    (a.pathLength ?? 0) - (b.pathLength ?? 0) ||
    (a.discriminator ?? 0) - (b.discriminator ?? 0)
  );
}

/**
 * Where packets go that leave a subnet, or come in through a gateway. The longest matching prefix wins; then a static
 * route wins over a propagated one. Where AWS leaves the choice to chance (two prefix lists), the older route wins.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html
 */
export class RouteTable implements Component {
  readonly kind = "route-table";
  readonly id: string;
  readonly vpc: Vpc;
  readonly #lists: PrefixLists;
  #routes: readonly Route[] = [];
  #compiled: PrefixTable<ResolvedRoute> | undefined;
  #vpcVersion = 0;
  #listsVersion = 0;

  constructor(id: string, vpc: Vpc, lists: PrefixLists) {
    this.id = id;
    this.vpc = vpc;
    this.#lists = lists;
  }

  /** @param routes all but the local ones, oldest first; one to a block of the VPC replaces that local route */
  put(routes: readonly Route[]): void {
    this.#routes = routes;
    this.#compiled = undefined;
  }

  /** As they were put; the analyzers judge them by themselves. */
  get routes(): readonly Route[] {
    return this.#routes;
  }

  blocksOf({ destination }: Route): readonly Block[] {
    return isBlock(destination) ? [destination] : this.#lists.blocksOf(destination.prefixList);
  }

  find(address: Ip): ResolvedRoute | undefined {
    return this.#compile().find(address);
  }

  #compile(): PrefixTable<ResolvedRoute> {
    const { vpc } = this;
    if (this.#compiled && this.#vpcVersion === vpc.version && this.#listsVersion === this.#lists.version) {
      return this.#compiled;
    }
    const compiled = new PrefixTable<ResolvedRoute>();
    const offer = (block: Block, route: Route): void => {
      const best = compiled.get(block);
      if (!best || preference(route, best.route) < 0) compiled.set(block, { block, route });
    };
    const replaced = (block: Block): boolean =>
      this.#routes.some(
        ({ destination, origin }) =>
          origin === "static" &&
          isBlock(destination) &&
          destination.length === block.length &&
          destination.base === block.base,
      );
    for (const block of vpc.blocks) {
      if (!replaced(block)) offer(block, { destination: block, target: LOCAL, origin: "local" });
    }
    for (const route of this.#routes) {
      const { destination } = route;
      for (const block of isBlock(destination)
        ? [destination]
        : this.#lists.blocksOf(destination.prefixList)) {
        // The local route wins over propagated ones even where those are more specific, and over what others may put
        // into a prefix list.
        const stands = route.origin === "static" && isBlock(destination);
        if (!stands && vpc.blocks.some((own) => holds(own, block))) continue;
        offer(block, route);
      }
    }
    this.#compiled = compiled;
    this.#vpcVersion = vpc.version;
    this.#listsVersion = this.#lists.version;
    return compiled;
  }
}
