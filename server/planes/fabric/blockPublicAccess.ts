import { blockModeOf, blockPublicAccessTable } from "../../ec2/blockPublicAccess.ts";
import { subnets } from "../../ec2/subnet.ts";
import type { Row } from "../../state/table.ts";
import type { Unit } from "../../state/unit.ts";
import { named, type Kind } from "./kind.ts";

const subnetsBy = (unit: Unit, index: "account" | "vpc", key: string): string[] =>
  subnets
    .table({ unit })
    .by(index, key)
    .map(({ id }) => id);

function excluded(unit: Unit, exclusion: Row): string[] {
  const [resource = ""] = named(exclusion, "resourceId");
  return resource.startsWith("vpc-") ? subnetsBy(unit, "vpc", resource) : [resource];
}

/** What each subnet is kept from: there is one for each subnet. */
export const blockPublicAccessKind: Kind = {
  touchedBy(unit, table, row) {
    if (table === "subnet") return [row.id];
    if (table === blockPublicAccessTable.name) return subnetsBy(unit, "account", row.id);
    return table === "vpc-block-public-access-exclusion" ? excluded(unit, row) : [];
  },
  all: (unit) => subnets.table({ unit }).all(),
  put(fabric, unit, id) {
    const row = subnets.table({ unit }).get(id);
    if (!row) return false;
    fabric.blockPublicAccess(id, blockModeOf({ unit }, row.account, row.vpcId, id));
    return true;
  },
  remove: () => {},
};
