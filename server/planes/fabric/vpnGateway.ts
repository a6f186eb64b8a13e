import { block } from "../../../network/ip.ts";
import type { SiteRoute } from "../../../network/siteRoutes.ts";
import type { CustomerSite, VirtualInterface } from "../../ec2/customerSite.ts";
import {
  transitGatewayConnectPeers,
  type TransitGatewayConnectPeer,
} from "../../ec2/transitGatewayConnectPeer.ts";
import { vpnConnections, type VpnConnection } from "../../ec2/vpnConnection.ts";
import { vpnGateways } from "../../ec2/vpnGateway.ts";
import { routesOfGateway, type KnownRoute } from "../../ec2/vpnRoutes.ts";
import type { Row } from "../../state/table.ts";
import type { Unit } from "../../state/unit.ts";
import { named, type Kind } from "./kind.ts";
import { tableOf } from "./tableOf.ts";

/** The connections whose routes a change of a row may have changed. */
export function connectionsTouched(unit: Unit, table: string, row: Row): readonly VpnConnection[] {
  if (table === "vpn-connection") return [row as VpnConnection];
  return table === "customer-site" ? vpnConnections.table({ unit }).by("site", row.id) : [];
}

/** The virtual private gateways whose routes a change of a row may have changed. */
export const gatewaysTouched = (unit: Unit, table: string, row: Row): readonly string[] => [
  ...connectionsTouched(unit, table, row).flatMap(({ vpnGatewayId }) => vpnGatewayId ?? []),
  ...linesOf(table, row).flatMap(({ gatewayId, attachmentId }) =>
    attachmentId === undefined ? gatewayId : [],
  ),
];

/** The dedicated lines of a row, if it is a site. */
export const linesOf = (table: string, row: Row): readonly VirtualInterface[] =>
  table === "customer-site" ? ((row as CustomerSite).virtualInterfaces ?? []) : [];

/** What a gateway or a concentrator knows of the sites behind its connections. */
export const siteRoutesOf = (unit: Unit, id: string): SiteRoute[] =>
  routesOfGateway({ unit }, id).map(siteRouteOf);

/** Dedicated lines that are as good share the flows, as VPN connections of a virtual private gateway do not. */
export const siteRouteOf = ({ destination, connectionId, ...route }: KnownRoute): SiteRoute => ({
  ...route,
  shared: route.origin === "propagated-direct-connect",
  block: block(destination),
  connection: connectionId,
});

/** The Connect attachments whose routes a change of a row may have changed. */
export function connectsTouched(unit: Unit, table: string, row: Row): readonly string[] {
  const peers =
    table === "transit-gateway-connect-peer"
      ? [row as TransitGatewayConnectPeer]
      : table === "customer-site"
        ? transitGatewayConnectPeers.table({ unit }).by("site", row.id)
        : [];
  return peers.map(({ attachmentId }) => attachmentId);
}

export const vpnGatewayKind: Kind = {
  touchedBy: (unit, table, row) => {
    if (table === "vpn-gateway") return [row.id];
    if (table === "route-table-association") {
      return named(row, "gatewayId").filter((id) => id.startsWith("vgw-"));
    }
    return gatewaysTouched(unit, table, row);
  },
  all: (unit) => vpnGateways.table({ unit }).all(),
  put(fabric, unit, id) {
    const row = vpnGateways.table({ unit }).get(id);
    if (!row || row.state === "deleted") return false;
    fabric.vpns.putGateway({
      id,
      vpc: row.attachment?.state === "attached" ? row.attachment.vpcId : undefined,
      table: tableOf(unit, id),
      routes: siteRoutesOf(unit, id),
    });
    return true;
  },
  remove: (fabric, id) => fabric.vpns.removeGateway(id),
};
