import { networkAclAssociations } from "../../ec2/networkAcl.ts";
import { subnets } from "../../ec2/subnet.ts";
import { blockOrNone, named, present, type Kind } from "./kind.ts";
import { tableOf } from "./tableOf.ts";

export const subnetKind: Kind = {
  touchedBy: (_unit, table, row) => {
    if (table === "subnet") return [row.id];
    const isAssociation = table === "route-table-association" || table === "network-acl-association";
    return isAssociation ? named(row, "subnetId") : [];
  },
  all: (unit) => subnets.table({ unit }).all(),
  put(fabric, unit, id) {
    const row = subnets.table({ unit }).get(id);
    const [association] = networkAclAssociations.table({ unit }).by("subnet", id);
    if (!row || !association) return false;
    fabric.putSubnet({
      id,
      vpc: row.vpcId,
      zone: row.zone,
      blocks: [...blockOrNone(row.cidr), ...present(row.ipv6)],
      acl: association.aclId,
      table: tableOf(unit, id),
    });
    return true;
  },
  remove: (fabric, id) => fabric.removeSubnet(id),
};
