import { block } from "../../../network/ip.ts";
import { awsPrefixList, awsPrefixLists } from "../../ec2/catalogue/prefixLists.ts";
import { currentOf, prefixLists } from "../../ec2/prefixList.ts";
import { isPrefixListId } from "../../ec2/prefixListId.ts";
import type { RouteTable } from "../../ec2/routeTable.ts";
import type { SecurityGroupRule } from "../../ec2/securityGroupRule.ts";
import type { Row } from "../../state/table.ts";
import type { Kind } from "./kind.ts";

/** The lists that a rule or the routes of a table name. */
function namedBy(table: string, row: Row): string[] {
  if (table === "security-group-rule") {
    const { peer } = row as SecurityGroupRule;
    return peer.kind === "prefix-list" ? [peer.prefixListId] : [];
  }
  if (table !== "route-table" && table !== "transit-gateway-route-table") return [];
  return (row as RouteTable).routes.map(({ destination }) => destination).filter(isPrefixListId);
}

/** AWS's own lists come into the fabric when they are first named. */
export const prefixListKind: Kind = {
  touchedBy: (unit, table, row) =>
    table === "prefix-list" ? [row.id] : namedBy(table, row).filter((id) => awsPrefixList(unit.name, id)),
  all: (unit) => [
    ...prefixLists.table({ unit }).all(),
    ...awsPrefixLists(unit.name).map(({ id }) => ({ id, seq: 0, account: "" })),
  ],
  put(fabric, unit, id) {
    const row = prefixLists.table({ unit }).get(id);
    const blocks = row
      ? currentOf(row).entries.map(({ cidr }) => block(cidr))
      : awsPrefixList(unit.name, id)?.blocks;
    if (!blocks) return false;
    fabric.putPrefixList(id, blocks);
    return true;
  },
  remove: (fabric, id) => fabric.removePrefixList(id),
};
