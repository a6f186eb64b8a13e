import type { Context } from "../kit/context.ts";
import { heard, isUp, vpnConnections, type VpnConnection } from "./vpnConnection.ts";
import { isAttachedTo } from "./vpnGateway.ts";

type Rows = Pick<Context, "unit">;

/** What lies behind a connection. */
export interface KnownRoute {
  readonly destination: string;
  readonly connectionId: string;
  /** Whether somebody wrote it down; else BGP told it. */
  readonly written: boolean;
  readonly pathLength: number;
  readonly discriminator: number;
}

/** What a connection leads to: the routes written down, or what BGP tells of it by whatever tunnel is up. */
function routesOf(rows: Rows, connection: VpnConnection): KnownRoute[] {
  const { id: connectionId, staticRoutes: written, routes, tunnels } = connection;
  if (!written) {
    return tunnels
      .flatMap((tunnel) => heard(rows, connection, tunnel))
      .map(({ prefix: destination, ...told }) => ({ destination, connectionId, written, ...told }));
  }
  return routes
    .filter(({ state }) => state !== "pending")
    .map(({ destination }) => ({ destination, connectionId, written, pathLength: 0, discriminator: 0 }));
}

/** What a virtual private gateway knows, by its connections from the oldest to the newest. */
export const routesOfGateway = (rows: Rows, gatewayId: string): KnownRoute[] =>
  vpnConnections
    .table(rows)
    .by("gateway", gatewayId)
    .flatMap((connection) => routesOf(rows, connection));

/**
 * What a transit gateway learns over a connection, of each block the best that its tunnels tell; nothing where routes are
 * written down, into its own tables.
 */
export function routesHeard(rows: Rows, connectionId: string): KnownRoute[] {
  const connection = vpnConnections.table(rows).get(connectionId);
  if (!connection || connection.staticRoutes) return [];
  const best = new Map<string, KnownRoute>();
  for (const route of routesOf(rows, connection)) {
    const known = best.get(route.destination);
    if (!known || isBetter(route, known)) best.set(route.destination, route);
  }
  return [...best.values()];
}

const isBetter = (a: KnownRoute, b: KnownRoute): boolean =>
  (a.pathLength - b.pathLength || a.discriminator - b.discriminator) < 0;

/** A route that a table has learned from its VPC's gateway. */
export interface LearnedRoute extends Pick<KnownRoute, "destination" | "written"> {
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
      for (const { destination, written } of routesOf(rows, connection)) {
        const known = learned.get(destination);
        if (!known || (written && !known.written)) learned.set(destination, { destination, target, written });
      }
    }
  }
  return [...learned.values()];
}
