import { transitGateways } from "../../ec2/transitGateway.ts";
import type { Kind } from "./kind.ts";

export const transitGatewayKind: Kind = {
  touchedBy: (_unit, table, { id }) => (table === "transit-gateway" ? [id] : []),
  all: (unit) => transitGateways.table({ unit }).all(),
  put(fabric, unit, id) {
    const row = transitGateways.table({ unit }).get(id);
    if (!row || row.state === "deleted") return false;
    fabric.transitGateways.putGateway({ id, groupReferencing: row.groupReferencing === "enable" });
    return true;
  },
  remove: (fabric, id) => fabric.transitGateways.removeGateway(id),
};
