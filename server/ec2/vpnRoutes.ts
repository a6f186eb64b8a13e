import { preference, type SiteRoute } from "../../network/siteRoutes.ts";
import type { Context } from "../kit/context.ts";
import { heardRoute, linesAt, LOCAL_PREFERENCES, USUAL_PREFERENCE } from "./customerSite.ts";
import { heard, isUp, vpnConnections, type VpnConnection } from "./vpnConnection.ts";
import { isAttachedTo } from "./vpnGateway.ts";

type Rows = Pick<Context, "unit">;

/** What lies behind a connection or a dedicated line. */
export interface KnownRoute {
  readonly destination: string;
  readonly connectionId: string;
  /** Whether somebody wrote it down, or BGP told it, and over what. */
  readonly origin: SiteRoute["origin"];
  readonly pathLength: number;
  readonly discriminator: number;
  readonly localPreference?: number;
}

/** What a connection leads to: the routes written down, or what BGP tells of it by whatever tunnel is up. */
function routesOf(rows: Rows, connection: VpnConnection): KnownRoute[] {
  const { id: connectionId, staticRoutes, routes, tunnels, vpnGatewayId } = connection;
  if (!staticRoutes) {
    const origin = "propagated-vpn";
    return tunnels
      .flatMap((tunnel) => heard(rows, connection, tunnel))
      .map((told) => ({
        ...heardRoute(told, vpnGatewayId === undefined ? undefined : 0),
        connectionId,
        origin,
      }));
  }
  const origin = "propagated-vpn-static";
  return routes
    .filter(({ state }) => state !== "pending")
    .map(({ destination }) => ({ destination, connectionId, origin, pathLength: 0, discriminator: 0 }));
}

/** What BGP tells over the dedicated lines to a virtual private gateway, or by an attachment to a transit gateway. */
export const routesOfLines = (rows: Rows, end: string): KnownRoute[] =>
  linesAt(rows, end).flatMap(({ site, line }) =>
    site.advertised.map((told) => ({
      ...heardRoute(told, 0),
      connectionId: line.id,
      origin: "propagated-direct-connect",
      localPreference: LOCAL_PREFERENCES.get(told.community ?? "") ?? USUAL_PREFERENCE,
    })),
  );

/** What a virtual private gateway or a concentrator knows, by its connections from the oldest to the newest. */
export const routesOfGateway = (rows: Rows, gatewayId: string): KnownRoute[] => [
  ...routesOfLines(rows, gatewayId).filter(({ destination }) => !destination.includes(":")),
  ...vpnConnections
    .table(rows)
    .by("gateway", gatewayId)
    .flatMap((connection) => routesOf(rows, connection)),
];

/** What a transit gateway learns over a connection: nothing where routes are written down, into its own tables. */
export function routesHeard(rows: Rows, connectionId: string): KnownRoute[] {
  const connection = vpnConnections.table(rows).get(connectionId);
  return connection && !connection.staticRoutes ? bestRoutes(routesOf(rows, connection)) : [];
}

/** Of each block the best that is known; of equal ones the first. */
export function bestRoutes<R extends KnownRoute>(routes: readonly R[]): R[] {
  const best = new Map<string, R>();
  for (const route of routes) {
    const known = best.get(route.destination);
    if (!known || preference(route, known) < 0) best.set(route.destination, route);
  }
  return [...best.values()];
}

/** A route that a table has learned from its VPC's gateway. */
export interface LearnedRoute extends Pick<KnownRoute, "destination" | "origin"> {
  readonly target: string;
}

interface Learner {
  readonly vpcId: string;
  /** The gateways that it learns from. */
  readonly propagating?: readonly string[] | undefined;
}

/**
 * What a table learns: each block once, while something that leads to it is up.
 *
 * @see https://docs.aws.amazon.com/vpn/latest/s2svpn/SetUpVPNConnections.html#vpn-configure-routing
 */
export function learnedRoutes(rows: Rows, { vpcId, propagating = [] }: Learner): LearnedRoute[] {
  const known = propagating
    .filter((target) => isAttachedTo(rows, target, vpcId))
    .flatMap((target) =>
      routesOfGateway(rows, target)
        .filter(({ connectionId }) => passes(rows, connectionId))
        .map((route) => ({ ...route, target })),
    );
  return bestRoutes(known).map(({ destination, origin, target }) => ({ destination, origin, target }));
}

/** Whether packets pass by a connection, or by what is none: a dedicated line. */
function passes(rows: Rows, connectionId: string): boolean {
  const connection = vpnConnections.table(rows).get(connectionId);
  return connection?.tunnels.some((tunnel) => isUp(connection, tunnel)) ?? true;
}
