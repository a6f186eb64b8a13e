import { block } from "../../../network/ip.ts";
import type { Route as FabricRoute } from "../../../network/routeTable.ts";
import { routeTables, type Route } from "../../ec2/routeTable.ts";
import { isPrefixListId } from "../../ec2/prefixListId.ts";
import { gatewayRoutes, type VpcEndpoint } from "../../ec2/vpcEndpoint.ts";
import { learnedRoutes, type LearnedRoute } from "../../ec2/vpnRoutes.ts";
import type { Kind } from "./kind.ts";
import { gatewaysTouched } from "./vpnGateway.ts";

const routeOf = ({ destination, target }: Route): FabricRoute => ({
  destination: isPrefixListId(destination) ? { prefixList: destination } : block(destination),
  target,
  origin: "static",
});

const learnedOf = ({ destination, target, origin }: LearnedRoute): FabricRoute => ({
  destination: block(destination),
  target,
  origin,
});

export const routeTableKind: Kind = {
  touchedBy: (unit, table, row) => {
    if (table === "route-table") return [row.id];
    if (table === "vpc-endpoint") return (row as VpcEndpoint).routeTableIds;
    const gateways = table === "vpn-gateway" ? [row.id] : gatewaysTouched(unit, table, row);
    const tables = routeTables.table({ unit });
    return gateways.flatMap((id) => tables.by("propagating", id).map((each) => each.id));
  },
  all: (unit) => routeTables.table({ unit }).all(),
  put(fabric, unit, id) {
    const row = routeTables.table({ unit }).get(id);
    if (!row) return false;
    const { vpcId, mainAssociation, routes } = row;
    fabric.putRouteTable({
      id,
      vpc: vpcId,
      main: mainAssociation !== undefined,
      routes: [
        ...[...routes, ...gatewayRoutes({ unit, region: unit.name }, id)].map(routeOf),
        ...learnedRoutes({ unit }, row).map(learnedOf),
      ],
    });
    return true;
  },
  remove: (fabric, id) => fabric.removeRouteTable(id),
};
