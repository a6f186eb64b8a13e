import type { SiteLink } from "../siteLink.ts";
import { SiteRoutes, type SiteRoute } from "../siteRoutes.ts";
import { VpnConnection } from "../vpnConnection.ts";
import { rangesOf } from "./addressRange.ts";
import type { Explanation } from "./explanation.ts";
import { HeaderSet } from "./headerSet.ts";
import { waysFor, type Way } from "./routeTable.ts";

/** What leads from AWS's end to sites: a link, or what is known of many. */
type Ways = SiteLink | SiteRoutes | undefined;

const RANK: Readonly<Record<SiteRoute["origin"], number>> = {
  "propagated-direct-connect": 1,
  "propagated-vpn-static": 2,
  "propagated-vpn": 3,
};

/** The most specific first, and of those to one block the one that is used. */
const byPreference = (a: SiteRoute, b: SiteRoute): number =>
  b.block.length - a.block.length ||
  RANK[a.origin] - RANK[b.origin] ||
  (b.localPreference ?? 0) - (a.localPreference ?? 0) ||
  a.pathLength - b.pathLength ||
  a.discriminator - b.discriminator;

/** The routes among which the flows of one are shared out: it and those that are as good. */
const sharing = (routes: readonly SiteRoute[], best: SiteRoute): readonly SiteRoute[] =>
  best.shared
    ? routes.filter(
        (each) => each.shared && each.block.base === best.block.base && byPreference(each, best) === 0,
      )
    : [best];

/** By which routes headers go, some by several of them; of links that are up, or of those that are not. */
function waysBy(known: SiteRoutes, headers: HeaderSet, up: boolean): Way<SiteRoute>[] {
  const routes = known.routes.filter((route) => known.linkOf(route)?.up === up).toSorted(byPreference);
  return waysFor(routes, headers).flatMap((way) =>
    sharing(routes, way.resolved).map((resolved) => ({ resolved, headers: way.headers })),
  );
}

/** What a link carries of some headers, if it is up: IPsec only what its traffic selectors name. */
function carried(link: SiteLink | undefined, headers: HeaderSet): HeaderSet {
  if (!link?.up) return HeaderSet.none;
  if (!(link instanceof VpnConnection)) return headers;
  const { local, remote } = link.selectors ?? {};
  if (!local || !remote) return HeaderSet.none;
  return headers.within("destination", rangesOf([local])).within("source", rangesOf([remote]));
}

/** The headers that get to a site, by whichever of the links that their flows are spread over. */
export function toSites(ways: Ways, headers: HeaderSet): HeaderSet {
  if (!(ways instanceof SiteRoutes)) return carried(ways, headers);
  let found = HeaderSet.none;
  for (const { resolved, headers: each } of waysBy(ways, headers, true)) {
    found = found.plus(carried(ways.linkOf(resolved), each));
  }
  return found;
}

/** Why none of some headers get to a site. @param down the reason where a VPN connection is */
export function whyNotToSites(
  ways: Ways,
  headers: HeaderSet,
  down: "BAD_STATE_VPN" | "TGW_BAD_STATE_VPN",
): Explanation {
  const dead =
    ways instanceof SiteRoutes
      ? waysBy(ways, headers, false).map(({ resolved }) => ways.linkOf(resolved))[0]
      : ways?.up === false
        ? ways
        : undefined;
  const isLed = ways instanceof SiteRoutes ? waysBy(ways, headers, true).length > 0 : ways?.up;
  // Reachability Analyzer has no word for traffic selectors.
  if (isLed) return { code: "NO_POSSIBLE_DESTINATION" };
  if (!dead) return { code: ways instanceof SiteRoutes ? "NO_ROUTE_TO_DESTINATION" : down };
  if (dead.kind !== "vpn-connection") return { code: "BAD_STATE_ATTACHMENT" };
  return { code: down, vpnConnection: dead.id };
}
