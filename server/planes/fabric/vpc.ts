import { vpcs } from "../../ec2/vpc.ts";
import { present, type Kind } from "./kind.ts";

export const vpcKind: Kind = {
  touchedBy: (_unit, table, { id }) => (table === "vpc" ? [id] : []),
  all: (unit) => vpcs.table({ unit }).all(),
  put(fabric, unit, id) {
    const row = vpcs.table({ unit }).get(id);
    if (!row) return false;
    fabric.putVpc({ id, blocks: [...present(row.ipv4), ...present(row.ipv6)], dns: row.dnsSupport });
    return true;
  },
  remove: (fabric, id) => fabric.removeVpc(id),
};
