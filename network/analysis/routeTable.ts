import { holds } from "../ip.ts";
import { LOCAL, type ResolvedRoute, type Route, type RouteTable } from "../routeTable.ts";
import { rangesOf } from "./addressRange.ts";
import type { Explanation } from "./explanation.ts";
import type { HeaderSet } from "./headerSet.ts";

/** A route, and the headers that go by it. */
export interface Way<R> {
  readonly resolved: R;
  readonly headers: HeaderSet;
}

/** A route to a CIDR before one of a prefix list; of propagated ones, in EC2's order of origins. */
const RANK: Readonly<Record<Route["origin"], number>> = {
  local: 0,
  static: 1,
  "propagated-direct-connect": 2,
  "propagated-vpn-static": 3,
  "propagated-vpn": 4,
};

const isList = ({ destination }: Route): boolean => "prefixList" in destination;

/** Routes to the same block, the one that is used first. */
const byPriority = (a: Route, b: Route): number =>
  RANK[a.origin] - RANK[b.origin] ||
  Number(isList(a)) - Number(isList(b)) ||
  (a.pathLength ?? 0) - (b.pathLength ?? 0) ||
  (a.discriminator ?? 0) - (b.discriminator ?? 0);

/**
 * All routes of a table, the most specific first, and of those to one block the one that is used. Within the VPC, only
 * what somebody has made for a block comes before the local routes.
 */
export function routesOf(table: RouteTable): ResolvedRoute[] {
  const { vpc, routes } = table;
  const given = routes.flatMap((route) => table.blocksOf(route).map((block) => ({ block, route })));
  const isOwn = ({ route }: ResolvedRoute): boolean => route.origin === "static" && !isList(route);
  const kept = given.filter((each) => isOwn(each) || !vpc.blocks.some((own) => holds(own, each.block)));
  const local = vpc.blocks
    .filter((own) => !kept.some((each) => isOwn(each) && holds(own, each.block) && holds(each.block, own)))
    .map((block): ResolvedRoute => ({
      block,
      route: { destination: block, target: LOCAL, origin: "local" },
    }));
  return [...local, ...kept].toSorted(
    (a, b) => b.block.length - a.block.length || byPriority(a.route, b.route),
  );
}

/** Which headers go by which route; those that go by none are left out. @param routes in order of preference */
export function waysFor<R extends { readonly block: ResolvedRoute["block"] }>(
  routes: readonly R[],
  headers: HeaderSet,
): Way<R>[] {
  const ways: Way<R>[] = [];
  let rest = headers;
  for (const resolved of routes) {
    if (rest.isEmpty) break;
    const blocks = rangesOf([resolved.block]);
    const matched = rest.within("destination", blocks);
    if (matched.isEmpty) continue;
    ways.push({ resolved, headers: matched });
    rest = rest.outside("destination", blocks);
  }
  return ways;
}

/**
 * Why none of some headers go to a target.
 *
 * @param ways where they go instead
 * @param isWorking whether a route leads to something that takes them
 */
export function whyNotTo(
  target: string,
  table: RouteTable,
  routes: readonly ResolvedRoute[],
  ways: readonly Way<ResolvedRoute>[],
  headers: HeaderSet,
  isWorking: (route: ResolvedRoute) => boolean,
): Explanation {
  const where = { routeTable: table.id, vpc: table.vpc.id, destination: target };
  const there = routes.filter(({ route }) => route.target === target);
  const fits = there.find(({ block }) => !headers.within("destination", rangesOf([block])).isEmpty);
  if (fits) {
    const same = routes.some(
      ({ block, route }) =>
        route.target !== target && block.length === fits.block.length && block.base === fits.block.base,
    );
    return { ...where, code: same ? "HIGHER_PRIORITY_ROUTE" : "MORE_SPECIFIC_ROUTE", route: fits };
  }
  const [route] = there;
  if (route) {
    return {
      ...where,
      code: target === LOCAL ? "VPC_LOCAL_ROUTE_CIDR_RESTRICTION" : "CANNOT_ROUTE",
      route,
    };
  }
  const dead = ways.find(({ resolved }) => !isWorking(resolved))?.resolved;
  if (dead) return { ...where, code: "BAD_STATE_ROUTE", route: dead };
  return { ...where, code: "NO_ROUTE_TO_DESTINATION" };
}
