import {
  isLive,
  isPolicyTableId,
  transitGatewayAttachments,
  translations,
  type NatRule,
  type TransitGatewayAttachment,
} from "../../ec2/transitGatewayAttachment.ts";
import { transitGateways } from "../../ec2/transitGateway.ts";
import { transitGatewayPolicyTables } from "../../ec2/transitGatewayPolicyTable.ts";
import { transitGatewayRouteTables } from "../../ec2/transitGatewayRouteTable.ts";
import { interfacesOf } from "../../ec2/transitGatewayInterface.ts";
import { routesOfPeers } from "../../ec2/transitGatewayConnectPeer.ts";
import { linesAt } from "../../ec2/customerSite.ts";
import type { NetworkInterface } from "../../ec2/networkInterface.ts";
import { block } from "../../../network/ip.ts";
import type { TransitGatewayNatRule } from "../../../network/transitGatewayNat.ts";
import type { Fabric } from "../../../network/fabric.ts";
import type { Unit } from "../../state/unit.ts";
import type { Kind } from "./kind.ts";
import { connectionsTouched, connectsTouched, siteRouteOf, siteRoutesOf } from "./vpnGateway.ts";

/** The table that its packets go on by. */
function tableOf(unit: Unit, { association }: TransitGatewayAttachment): string | undefined {
  if (association?.state !== "associated") return undefined;
  const table = transitGatewayRouteTables.table({ unit }).get(association.tableId);
  return table && table.state !== "deleted" ? table.id : undefined;
}

/** The policy table that it has in the place of a route table. */
function policyOf(unit: Unit, { association }: TransitGatewayAttachment): string | undefined {
  if (association?.state !== "associated" || !isPolicyTableId(association.tableId)) return undefined;
  const policy = transitGatewayPolicyTables.table({ unit }).get(association.tableId);
  return policy && policy.state !== "deleted" ? policy.id : undefined;
}

const ruleOf = ({ number, inside, outside }: NatRule): TransitGatewayNatRule => ({
  number,
  inside: block(inside),
  outside: block(outside),
});

/** The gateway may be another account's, which may have been emptied. */
const isThere = (unit: Unit, { gatewayId }: TransitGatewayAttachment): boolean => {
  const gateway = transitGateways.table({ unit }).get(gatewayId);
  return gateway !== undefined && gateway.state !== "deleted";
};

function put({ clientVpns, transitGateways, vpns }: Fabric, unit: Unit, row: TransitGatewayAttachment): void {
  const { id, gatewayId: gateway, to } = row;
  const plan = { id, gateway, table: tableOf(unit, row), live: isLive(row) };
  switch (to.type) {
    case "vpc":
      transitGateways.putVpcAttachment({
        ...plan,
        vpc: to.id,
        ports: interfacesOf({ unit }, id).map((eni) => eni.id),
        applianceMode: to.applianceMode === "enable",
        ipv6: to.ipv6 === "enable",
        groupReferencing: to.groupReferencing === "enable",
      });
      break;
    case "peering":
      transitGateways.putPeering({ ...plan, peer: { gateway: to.id, attachment: to.attachmentId } });
      break;
    case "vpn":
      vpns.putAttachment({ ...plan, connection: to.id });
      break;
    case "vpn-concentrator":
      vpns.putAttachment({ ...plan, connection: to.id, routes: siteRoutesOf(unit, to.id) });
      break;
    case "direct-connect-gateway":
      vpns.putAttachment({
        ...plan,
        connection: linesAt({ unit }, id)[0]?.line.id ?? id,
        beyond: "virtual-interface",
      });
      break;
    case "client-vpn":
      clientVpns.putAttachment({ ...plan, endpoint: to.id });
      break;
    case "connect":
      vpns.putAttachment({
        ...plan,
        connection: id,
        beyond: "connect-peer",
        // Peers of one attachment share the flows in any case.
        routes: routesOfPeers({ unit }, id).map((route) => ({ ...siteRouteOf(route), shared: true })),
      });
  }
  transitGateways.putAttachmentRules({
    id,
    gateway,
    policy: policyOf(unit, row),
    translations: translations(row).map(ruleOf),
  });
}

export const transitGatewayAttachmentKind: Kind = {
  touchedBy: (unit, table, row) => {
    if (table === "transit-gateway-attachment") return [row.id];
    if (table !== "network-interface") {
      const ends = connectionsTouched(unit, table, row).flatMap(({ concentratorId }) => concentratorId ?? []);
      const attachments = transitGatewayAttachments.table({ unit });
      return [
        ...connectsTouched(unit, table, row),
        ...ends.flatMap((end) => attachments.by("resource", end).map(({ id }) => id)),
      ];
    }
    const { interfaceType, managedUse } = row as NetworkInterface;
    return interfaceType === "transit_gateway" && managedUse ? [managedUse.resourceId] : [];
  },
  all: (unit) => transitGatewayAttachments.table({ unit }).all(),
  put(fabric, unit, id) {
    const row = transitGatewayAttachments.table({ unit }).get(id);
    if (!row) return false;
    // The end of a peering in another region has the same id, and may outlive this one.
    if (row.state === "deleted" || row.state === "rejected" || !isThere(unit, row)) {
      fabric.transitGateways.removeAttachment(id, row.gatewayId);
      fabric.vpns.removeAttachment(id);
      fabric.clientVpns.removeAttachment(id);
    } else {
      put(fabric, unit, row);
    }
    return true;
  },
  remove: (fabric, id) => fabric.transitGateways.removeAttachment(id),
};
