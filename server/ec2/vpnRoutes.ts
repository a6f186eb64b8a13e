import type { SiteRoute } from "../../network/siteRoutes.ts";
import type { Context } from "../kit/context.ts";
import { heard, isUp, vpnConnections, type VpnConnection } from "./vpnConnection.ts";
import { isAttachedTo } from "./vpnGateway.ts";

type Rows = Pick<Context, "unit">;

/** What lies behind a connection. */
export interface KnownRoute {
  readonly destination: string;
  readonly connectionId: string;
  /** Whether somebody wrote it down, or BGP told it. */
  readonly origin: SiteRoute["origin"];
  readonly pathLength: number;
  readonly discriminator: number;
}

/** What a connection leads to: the routes written down, or what BGP tells of it by whatever tunnel is up. */
function routesOf(rows: Rows, connection: VpnConnection): KnownRoute[] {
  const { id: connectionId, staticRoutes, routes, tunnels } = connection;
  if (!staticRoutes) {
    const origin = "propagated-vpn";
    return tunnels
      .flatMap((tunnel) => heard(rows, connection, tunnel))
      .map(({ prefix: destination, ...told }) => ({ destination, connectionId, origin, ...told }));
  }
  const origin = "propagated-vpn-static";
  return routes
    .filter(({ state }) => state !== "pending")
    .map(({ destination }) => ({ destination, connectionId, origin, pathLength: 0, discriminator: 0 }));
}

/** What a virtual private gateway or a concentrator knows, by its connections from the oldest to the newest. */
export const routesOfGateway = (rows: Rows, gatewayId: string): KnownRoute[] =>
  vpnConnections
    .table(rows)
    .by("gateway", gatewayId)
    .flatMap((connection) => routesOf(rows, connection));

/** What a transit gateway learns over a connection: nothing where routes are written down, into its own tables. */
export function routesHeard(rows: Rows, connectionId: string): KnownRoute[] {
  const connection = vpnConnections.table(rows).get(connectionId);
  return connection && !connection.staticRoutes ? bestRoutes(routesOf(rows, connection)) : [];
}

/** Of each block the best that BGP tells. */
export function bestRoutes(routes: readonly KnownRoute[]): KnownRoute[] {
  const best = new Map<string, KnownRoute>();
  for (const route of routes) {
    const known = best.get(route.destination);
    if (!known || isBetter(route, known)) best.set(route.destination, route);
  }
  return [...best.values()];
}

const isBetter = (a: KnownRoute, b: KnownRoute): boolean =>
  (a.pathLength - b.pathLength || a.discriminator - b.discriminator) < 0;

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
 * What a table learns: each block once, while the connection that leads to it is up.
 *
 * @see https://docs.aws.amazon.com/vpn/latest/s2svpn/SetUpVPNConnections.html#vpn-configure-routing
 */
export function learnedRoutes(rows: Rows, { vpcId, propagating = [] }: Learner): LearnedRoute[] {
  const learned = new Map<string, LearnedRoute>();
  for (const target of propagating) {
    if (!isAttachedTo(rows, target, vpcId)) continue;
    for (const connection of vpnConnections.table(rows).by("gateway", target)) {
      if (!connection.tunnels.some((tunnel) => isUp(connection, tunnel))) continue;
      for (const { destination, origin } of routesOf(rows, connection)) {
        const isFirst = !learned.has(destination);
        if (isFirst || origin === "propagated-vpn-static")
          learned.set(destination, { destination, target, origin });
      }
    }
  }
  return [...learned.values()];
}
