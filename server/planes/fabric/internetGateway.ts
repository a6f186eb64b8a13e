import { internetGateways } from "../../ec2/internetGateway.ts";
import { type Kind, named } from "./kind.ts";
import { tableOf } from "./tableOf.ts";

export const internetGatewayKind: Kind = {
  touchedBy: (_unit, table, row) => {
    if (table === "internet-gateway") return [row.id];
    return table === "route-table-association"
      ? named(row, "gatewayId").filter((id) => id.startsWith("igw-"))
      : [];
  },
  all: (unit) => internetGateways.table({ unit }).all(),
  put(fabric, unit, id) {
    const row = internetGateways.table({ unit }).get(id);
    if (!row) return false;
    fabric.putInternetGateway({ id, vpc: row.vpcId, table: tableOf(unit, id) });
    return true;
  },
  remove: (fabric, id) => fabric.removeInternetGateway(id),
};
