import { block } from "../../../network/ip.ts";
import type { AclEntry } from "../../../network/networkAcl.ts";
import { networkAcls } from "../../ec2/networkAcl.ts";
import type { NetworkAclEntry } from "../../ec2/networkAclEntry.ts";
import type { Kind } from "./kind.ts";

const entryOf = ({ egress, number, action, protocol, from, to, cidr }: NetworkAclEntry): AclEntry => ({
  egress,
  number,
  allow: action === "allow",
  protocol,
  from,
  to,
  block: block(cidr),
});

export const networkAclKind: Kind = {
  touchedBy: (_unit, table, { id }) => (table === "network-acl" ? [id] : []),
  all: (unit) => networkAcls.table({ unit }).all(),
  put(fabric, unit, id) {
    const row = networkAcls.table({ unit }).get(id);
    if (!row) return false;
    fabric.putNetworkAcl(id, row.entries.map(entryOf));
    return true;
  },
  remove: (fabric, id) => fabric.removeNetworkAcl(id),
};
