import { block } from "../../../network/ip.ts";
import type { Route as FabricRoute } from "../../../network/routeTable.ts";
import { routeTables, type Route } from "../../ec2/routeTable.ts";
import type { Kind } from "./kind.ts";

const routeOf = ({ destination, target }: Route): FabricRoute => ({
  destination: block(destination),
  target,
  origin: "static",
});

export const routeTableKind: Kind = {
  touchedBy: (_unit, table, { id }) => (table === "route-table" ? [id] : []),
  all: (unit) => routeTables.table({ unit }).all(),
  put(fabric, unit, id) {
    const row = routeTables.table({ unit }).get(id);
    if (!row) return false;
    const { vpcId, mainAssociation, routes } = row;
    fabric.putRouteTable({
      id,
      vpc: vpcId,
      main: mainAssociation !== undefined,
      routes: routes.map(routeOf),
    });
    return true;
  },
  remove: (fabric, id) => fabric.removeRouteTable(id),
};
