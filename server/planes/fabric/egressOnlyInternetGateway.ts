import { egressOnlyInternetGateways } from "../../ec2/egressOnlyInternetGateway.ts";
import type { Kind } from "./kind.ts";

export const egressOnlyInternetGatewayKind: Kind = {
  touchedBy: (_unit, table, { id }) => (table === "egress-only-internet-gateway" ? [id] : []),
  all: (unit) => egressOnlyInternetGateways.table({ unit }).all(),
  put(fabric, unit, id) {
    const row = egressOnlyInternetGateways.table({ unit }).get(id);
    if (!row) return false;
    fabric.putEgressOnlyInternetGateway(id, row.vpcId);
    return true;
  },
  remove: (fabric, id) => fabric.removeEgressOnlyInternetGateway(id),
};
