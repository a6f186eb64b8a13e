import type * as Sdk from "@aws-sdk/client-ec2";
import { formatPrefix } from "../../network/cidr.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { STANDARD_ASN } from "./amazonSideAsn.ts";
import { readCidr } from "./cidrBlock.ts";
import {
  customerGateways,
  customerGatewayUsers,
  SHOWN_DELETED_SECONDS,
  type OutsideType,
} from "./customerGateway.ts";
import { siteTable, type Advertisement } from "./customerSite.ts";
import { giveBackPublicAddress, publicAddressTable } from "./publicAddress.ts";
import { transitGateways, type TransitGateway } from "./transitGateway.ts";
import { gatewayAddressUsers } from "./transitGatewayAddress.ts";
import { detach, transitGatewayAttachments } from "./transitGatewayAttachment.ts";
import { vpnConcentrators, vpnConcentratorUsers } from "./vpnConcentrator.ts";
import { configurationOf, type Configured } from "./vpnConfiguration.ts";
import { vpnGateways, vpnGatewayUsers } from "./vpnGateway.ts";
import { viewTunnelOption, type VpnTunnel } from "./vpnTunnel.ts";
import { logTunnel, type Closer, type TunnelStatus } from "./vpnTunnelLog.ts";

/** A block behind a connection that somebody wrote down. */
export interface StaticRoute {
  readonly destination: string;
  readonly state: "pending" | "available" | "deleting";
}

export interface VpnConnection extends ResourceRow {
  readonly state: Sdk.VpnState | "modifying";
  readonly customerGatewayId: string;
  /** AWS's end, one of these three; none as long as it is at no gateway. */
  readonly vpnGatewayId: string | undefined;
  readonly transitGatewayId: string | undefined;
  /** In the place of a transit gateway, the concentrator that is at one. */
  readonly concentratorId?: string | undefined;
  /** Whether routes are written down, instead of told by BGP. */
  readonly staticRoutes: boolean;
  readonly routes: readonly StaticRoute[];
  readonly tunnels: readonly VpnTunnel[];
  readonly inside: Sdk.TunnelInsideIpVersion;
  /** The addresses at the customer's side and at AWS's, of the version of the inside. */
  readonly local: string;
  readonly remote: string;
  readonly accelerated: boolean;
  readonly bandwidth: Sdk.VpnTunnelBandwidth;
  /** Of a connection between private addresses: the attachment of the Direct Connect gateway that carries it. */
  readonly transportId?: string | undefined;
}

const isGone = ({ state }: VpnConnection): boolean => state === "deleted";
const isThere = ({ state }: VpnConnection): boolean => state !== "deleted" && state !== "deleting";

/** Whether a tunnel carries packets. */
export const isUp = (connection: VpnConnection, { site, pending }: VpnTunnel): boolean =>
  isThere(connection) && connection.state !== "pending" && site !== undefined && !pending;

/** What the customer has told over a tunnel that is up, of the version that it carries. */
export const heard = (
  rows: Pick<Context, "unit">,
  connection: VpnConnection,
  tunnel: VpnTunnel,
): readonly Advertisement[] => {
  const told = isUp(connection, tunnel) ? siteTable(rows).get(tunnel.site ?? "")?.advertised : undefined;
  return told?.filter(({ prefix }) => prefix.includes(":") === (connection.inside === "ipv6")) ?? [];
};

function viewTelemetry(ctx: Context, connection: VpnConnection, tunnel: VpnTunnel): Sdk.VgwTelemetry {
  const up = isUp(connection, tunnel);
  const { staticRoutes, routes } = connection;
  const known = staticRoutes ? routes : heard(ctx, connection, tunnel);
  const count = up ? known.length : 0;
  const well = staticRoutes ? "IPSEC IS UP" : `${count} BGP ROUTES`;
  return {
    OutsideIpAddress: tunnel.outside,
    Status: up ? "UP" : "DOWN",
    StatusMessage: up ? well : "IPSEC IS DOWN",
    AcceptedRouteCount: count,
    LastStatusChange: new Date(tunnel.changed),
    CertificateArn: tunnel.certificateArn,
  };
}

type Ends = Pick<VpnConnection, "vpnGatewayId" | "transitGatewayId" | "concentratorId">;

/** What a connection is at: its gateway, or its concentrator. */
export const endOf = ({ vpnGatewayId, transitGatewayId, concentratorId }: Ends): string | undefined =>
  vpnGatewayId ?? transitGatewayId ?? concentratorId;

/** The transit gateway that a connection is at, if only by a concentrator. */
export const transitGatewayOf = (
  rows: Pick<Context, "unit">,
  { transitGatewayId, concentratorId = "" }: Ends,
): TransitGateway | undefined =>
  transitGateways
    .table(rows)
    .get(transitGatewayId ?? vpnConcentrators.table(rows).get(concentratorId)?.transitGatewayId ?? "");

/** What the customer's device has to know of a connection. */
export function configured(ctx: Pick<Context, "unit">, connection: VpnConnection): Configured {
  const { id, customerGatewayId, vpnGatewayId = "", staticRoutes, tunnels, local, remote } = connection;
  const customer = customerGateways.table(ctx).get(customerGatewayId);
  if (!customer) throw new TypeError(`${id} has no customer gateway`);
  const gateway = vpnGateways.table(ctx).get(vpnGatewayId) ?? transitGatewayOf(ctx, connection);
  return {
    id,
    customer,
    gatewayId: gateway?.id,
    asn: gateway?.asn ?? STANDARD_ASN,
    staticRoutes,
    tunnels,
    local,
    remote,
  };
}

/** What kind of addresses the tunnels are between. */
export function outsideType({ transportId, tunnels }: VpnConnection): OutsideType {
  if (transportId !== undefined) return "PrivateIpv4";
  return tunnels[0]?.outside.includes(":") ? "Ipv6" : "PublicIpv4";
}

function viewOptions(connection: VpnConnection): Sdk.VpnConnectionOptions {
  const { inside, local, remote } = connection;
  const blocks =
    inside === "ipv4"
      ? { LocalIpv4NetworkCidr: local, RemoteIpv4NetworkCidr: remote }
      : { LocalIpv6NetworkCidr: local, RemoteIpv6NetworkCidr: remote };
  return {
    EnableAcceleration: connection.accelerated,
    StaticRoutesOnly: connection.staticRoutes,
    ...blocks,
    OutsideIpAddressType: outsideType(connection),
    TransportTransitGatewayAttachmentId: connection.transportId,
    TunnelInsideIpVersion: inside,
    TunnelOptions: connection.tunnels.map(viewTunnelOption),
    TunnelBandwidth: connection.bandwidth,
  };
}

/** The number of the customer's autonomous system, which stands in the configuration of a connection with BGP. */
const asnOf = ({ CustomerGatewayConfiguration = "" }: Sdk.VpnConnection): string | undefined =>
  /<customer_gateway>[^]*?<asn>(\d+)<\/asn>/.exec(CustomerGatewayConfiguration)?.[1];

/** A customer's connection to a gateway: two tunnels between its device and AWS. */
export const vpnConnections = defineResource({
  type: "vpn-connection",
  idPrefix: "vpn",
  notFound: "InvalidVpnConnectionID.NotFound",
  ids: "VpnConnectionIds",
  view: (connection: VpnConnection, { ctx, tags }): Sdk.VpnConnection => ({
    VpnConnectionId: connection.id,
    // EC2 says "modifying", too, which is not one of the SDK's states.
    State: connection.state as Sdk.VpnState,
    Type: "ipsec.1",
    Category: "VPN",
    CustomerGatewayId: connection.customerGatewayId,
    VpnGatewayId: connection.vpnGatewayId,
    TransitGatewayId: connection.transitGatewayId,
    VpnConcentratorId: connection.concentratorId,
    GatewayAssociationState: endOf(connection) === undefined ? "not-associated" : "associated",
    ...(isThere(connection) && {
      CustomerGatewayConfiguration: configurationOf(configured(ctx, connection)),
      Options: viewOptions(connection),
      VgwTelemetry: connection.tunnels.map((tunnel) => viewTelemetry(ctx, connection, tunnel)),
    }),
    Routes: connection.routes.map(({ destination, state }) => ({
      DestinationCidrBlock: destination,
      Source: "Static",
      State: state,
    })),
    Tags: tags,
  }),
  filters: {
    "bgp-asn": asnOf,
    "customer-gateway-configuration": (connection) => connection.CustomerGatewayConfiguration,
    "customer-gateway-id": (connection) => connection.CustomerGatewayId,
    "option.static-routes-only": (connection) => connection.Options?.StaticRoutesOnly,
    "route.destination-cidr-block": (connection) =>
      connection.Routes?.map(({ DestinationCidrBlock }) => DestinationCidrBlock),
    state: (connection) => connection.State,
    "transit-gateway-id": (connection) => connection.TransitGatewayId,
    type: (connection) => connection.Type,
    "vpn-connection-id": (connection) => connection.VpnConnectionId,
    "vpn-gateway-id": (connection) => connection.VpnGatewayId,
  },
  indexes: {
    customerGateway: (row) => (isGone(row) ? undefined : row.customerGatewayId),
    gateway: (row) => (isGone(row) ? undefined : endOf(row)),
    outside: (row) => (isThere(row) ? row.tunnels.map(({ outside }) => outside) : []),
    site: ({ tunnels }) => tunnels.flatMap(({ site }) => site ?? []),
  },
  quotas: [
    {
      code: "L-3E6EC3A3",
      name: "Site-to-Site VPN connections per Region",
      usual: 50,
      error: () => new ApiError("VpnConnectionLimitExceeded"),
    },
  ],
  transitions: {
    /** AWS is through with what it was at. */
    settled: (ctx, connection) => {
      const { state, routes, tunnels } = connection;
      changeConnection(ctx, connection, {
        state: state === "pending" || state === "modifying" ? "available" : state,
        routes: routes
          .filter((route) => route.state !== "deleting")
          .map((route) => ({ ...route, state: "available" as const })),
        tunnels: tunnels.map((tunnel) => ({ ...tunnel, pending: false })),
      });
    },
    deleted: (ctx, { id, tunnels }) => {
      for (const { outside } of tunnels) {
        const address = ctx.unit.table(publicAddressTable).get(outside);
        if (address) giveBackPublicAddress(ctx, address);
      }
      vpnConnections.update(ctx, id, { state: "deleted", routes: [] });
      vpnConnections.later(ctx, id, "forget", SHOWN_DELETED_SECONDS);
    },
    forget: (ctx, { id }) => vpnConnections.delete(ctx, id),
  },
});

customerGatewayUsers.push((ctx, id) => vpnConnections.count(ctx, "customerGateway", id) > 0);
gatewayAddressUsers.push((ctx, gatewayId) =>
  vpnConnections
    .by(ctx, "gateway", gatewayId)
    .filter(({ transportId }) => transportId !== undefined)
    .flatMap(({ tunnels }) => tunnels.map(({ outside }) => outside)),
);

for (const users of [vpnGatewayUsers, vpnConcentratorUsers]) {
  users.push((ctx, id) => vpnConnections.count(ctx, "gateway", id) > 0);
}

/**
 * A connection that is there to be worked with.
 *
 * @throws {ApiError} InvalidVpnConnectionID.NotFound, InvalidVpnConnection.InvalidState
 */
export function usableConnection(ctx: Context, id: string): VpnConnection {
  const connection = vpnConnections.get(ctx, id);
  if (!isThere(connection)) throw new ApiError("InvalidVpnConnectionID.NotFound", id);
  if (connection.state !== "available") throw new ApiError("InvalidVpnConnection.InvalidState", id);
  return connection;
}

const statusOf = (ctx: Context, connection: VpnConnection, tunnel: VpnTunnel): TunnelStatus => ({
  up: isUp(connection, tunnel),
  heard: connection.staticRoutes ? undefined : heard(ctx, connection, tunnel),
});

/** Does something to connections, or to the sites at their other ends, and lets their logs tell what that changed. */
export function logged(ctx: Context, ids: readonly string[], closer: Closer, act: () => void): void {
  const statuses = () =>
    ids.flatMap((id) => {
      const connection = vpnConnections.table(ctx).get(id);
      if (!connection) return [];
      return connection.tunnels.map((tunnel) => ({
        connection,
        tunnel,
        status: statusOf(ctx, connection, tunnel),
      }));
    });
  const before = statuses();
  act();
  for (const [i, { connection, tunnel, status }] of statuses().entries()) {
    const was = before[i];
    const asn = customerGateways.table(ctx).get(connection.customerGatewayId)?.asn;
    if (was && asn !== undefined)
      logTunnel(ctx, { ...connection, asn }, tunnel, [was.status, status], closer);
  }
}

/** Changes a connection in a way that may take its tunnels down, or let them come up. */
export function changeConnection(ctx: Context, before: VpnConnection, fields: Partial<VpnConnection>): void {
  const after = { ...before, ...fields };
  const tunnels = after.tunnels.map((tunnel, place) => {
    const was = before.tunnels[place];
    const isSame = was && isUp(before, was) === isUp(after, tunnel);
    return isSame ? tunnel : { ...tunnel, changed: ctx.now };
  });
  logged(ctx, [before.id], "aws", () => vpnConnections.update(ctx, before.id, { ...fields, tunnels }));
}

/** The attachment by which a connection is at a transit gateway. */
export const attachmentOf = (ctx: Context, connectionId: string) =>
  transitGatewayAttachments.by(ctx, "resource", connectionId).find(({ state }) => state !== "deleting");

/** As it is by now, in an answer. */
export const answer = (ctx: Context, id: string) => ({
  VpnConnection: vpnConnections.show(ctx, vpnConnections.get(ctx, id)),
});

/** Routes are written down only where no BGP tells them, and, at a transit gateway, only in its own tables. */
function withRoutes(ctx: Context, id: string): VpnConnection {
  const connection = usableConnection(ctx, id);
  if (connection.staticRoutes && connection.transitGatewayId === undefined) return connection;
  throw new ApiError("InvalidVpnConnection.InvalidType", connection.id);
}

export const operations = {
  CreateVpnConnectionRoute: ({ VpnConnectionId, DestinationCidrBlock }, ctx) => {
    const { id, routes } = withRoutes(ctx, VpnConnectionId);
    const destination = formatPrefix(readCidr(DestinationCidrBlock, "destinationCidrBlock", 4));
    if (routes.some((route) => route.destination === destination)) {
      throw new ApiError("RouteAlreadyExists", destination);
    }
    vpnConnections.update(ctx, id, { routes: [...routes, { destination, state: "pending" }] });
    vpnConnections.soon(ctx, id, "settled", 10);
    return {};
  },

  DeleteVpnConnection: ({ VpnConnectionId }, ctx) => {
    const connection = vpnConnections.get(ctx, VpnConnectionId);
    const { id, tunnels } = connection;
    if (!isThere(connection)) throw new ApiError("InvalidVpnConnectionID.NotFound", id);
    const attachment = attachmentOf(ctx, id);
    if (attachment) detach(ctx, attachment.id);
    changeConnection(ctx, connection, {
      state: "deleting",
      tunnels: tunnels.map((tunnel) => ({ ...tunnel, site: undefined })),
    });
    vpnConnections.soon(ctx, id, "deleted", 60);
    return {};
  },

  DeleteVpnConnectionRoute: ({ VpnConnectionId, DestinationCidrBlock }, ctx) => {
    const { id, routes } = withRoutes(ctx, VpnConnectionId);
    const destination = formatPrefix(readCidr(DestinationCidrBlock, "destinationCidrBlock", 4));
    if (!routes.some((route) => route.destination === destination)) {
      throw new ApiError("InvalidRoute.NotFound", destination, id);
    }
    vpnConnections.update(ctx, id, {
      routes: routes.map((route) =>
        route.destination === destination ? { ...route, state: "deleting" as const } : route,
      ),
    });
    vpnConnections.soon(ctx, id, "settled", 10);
    return {};
  },

  DescribeVpnConnections: vpnConnections.describe("VpnConnections"),
} satisfies Handlers;
