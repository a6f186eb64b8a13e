import type { PublicAddressPlan } from "../../../network/fabric.ts";
import { ip } from "../../../network/ip.ts";
import { publicAddressTable, type PublicAddress } from "../../ec2/publicAddress.ts";
import type { Kind } from "./kind.ts";

function whereTo({ mapping }: PublicAddress): PublicAddressPlan["to"] {
  if (mapping?.natGatewayId !== undefined) return { natGateway: mapping.natGatewayId };
  return mapping && { port: mapping.networkInterfaceId, inside: ip(mapping.privateAddress) };
}

export const publicAddressKind: Kind = {
  touchedBy: (_unit, table, { id }) => (table === publicAddressTable.name ? [id] : []),
  all: (unit) => unit.table(publicAddressTable).all(),
  put(fabric, unit, id) {
    const row = unit.table(publicAddressTable).get(id);
    if (!row || row.resting) return false;
    fabric.putPublicAddress({ address: ip(id), to: whereTo(row) });
    return true;
  },
  remove: (fabric, id) => fabric.removePublicAddress(ip(id)),
};
