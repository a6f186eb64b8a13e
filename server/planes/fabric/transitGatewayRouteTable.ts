import type { Row } from "../../state/table.ts";
import type { Unit } from "../../state/unit.ts";
import {
  transitGatewayAnnouncements,
  type TransitGatewayAnnouncement,
} from "../../ec2/transitGatewayAnnouncement.ts";
import {
  transitGatewayAttachments,
  type TransitGatewayAttachment,
} from "../../ec2/transitGatewayAttachment.ts";
import { transitGatewayRouteTables } from "../../ec2/transitGatewayRouteTable.ts";
import { fabricRoute, learners, routesOf } from "../../ec2/transitGatewayRoutes.ts";
import type { Kind } from "./kind.ts";
import { connectionsTouched, connectsTouched, linesOf } from "./vpnGateway.ts";

/** The tables whose own routes may change with a row. */
function tablesTouched(unit: Unit, table: string, row: Row): readonly string[] {
  if (table === "transit-gateway-route-table") return [row.id];
  if (table === "transit-gateway")
    return transitGatewayRouteTables
      .table({ unit })
      .by("gateway", row.id)
      .map(({ id }) => id);
  if (table === "transit-gateway-attachment") return (row as TransitGatewayAttachment).propagations;
  const behind =
    table === "vpc"
      ? [row.id]
      : connectionsTouched(unit, table, row).map(({ id, concentratorId }) => concentratorId ?? id);
  const attachments = transitGatewayAttachments.table({ unit });
  return [
    ...behind.flatMap((id) => attachments.by("resource", id)),
    ...[
      ...linesOf(table, row).map(({ attachmentId = "" }) => attachmentId),
      ...connectsTouched(unit, table, row),
    ].flatMap((id) => attachments.get(id) ?? []),
  ].flatMap(({ propagations }) => propagations);
}

/** The tables that learn by an announcement, or by all of a peering. */
function learnersTouched(unit: Unit, table: string, row: Row): readonly string[] {
  if (table === "transit-gateway-route-table-announcement") {
    return (row as TransitGatewayAnnouncement).propagations;
  }
  if (table !== "transit-gateway-attachment") return [];
  const announcements = transitGatewayAnnouncements.table({ unit }).by("attachment", row.id);
  return announcements.flatMap(({ propagations }) => propagations);
}

export const transitGatewayRouteTableKind: Kind = {
  touchedBy: (unit, table, row) => {
    const tables = [...tablesTouched(unit, table, row), ...learnersTouched(unit, table, row)];
    return tables.flatMap((id) => [id, ...learners({ unit }, id)]);
  },
  all: (unit) => transitGatewayRouteTables.table({ unit }).all(),
  put(fabric, unit, id) {
    const row = transitGatewayRouteTables.table({ unit }).get(id);
    if (!row || row.state === "deleted") return false;
    fabric.transitGateways.putRouteTable(id, routesOf({ unit }, id).map(fabricRoute));
    return true;
  },
  remove: (fabric, id) => fabric.transitGateways.removeRouteTable(id),
};
