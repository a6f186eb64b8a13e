import { ip } from "../../../network/ip.ts";
import { publicAddressTable } from "../../ec2/publicAddress.ts";
import type { Kind } from "./kind.ts";

export const publicAddressKind: Kind = {
  touchedBy: (_unit, table, { id }) => (table === publicAddressTable.name ? [id] : []),
  all: (unit) => unit.table(publicAddressTable).all(),
  put(fabric, unit, id) {
    const row = unit.table(publicAddressTable).get(id);
    if (!row || row.resting) return false;
    const { mapping } = row;
    fabric.putPublicAddress({
      address: ip(id),
      to: mapping && { port: mapping.networkInterfaceId, inside: ip(mapping.privateAddress) },
    });
    return true;
  },
  remove: (fabric, id) => fabric.removePublicAddress(ip(id)),
};
