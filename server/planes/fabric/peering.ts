import { vpcPeerings } from "../../ec2/vpcPeering.ts";
import type { Kind } from "./kind.ts";

/** Between two regions either row says the same. */
export const peeringKind: Kind = {
  touchedBy: (_unit, table, { id }) => (table === "vpc-peering-connection" ? [id] : []),
  all: (unit) => vpcPeerings.table({ unit }).all(),
  put(fabric, unit, id) {
    const row = vpcPeerings.table({ unit }).get(id);
    if (row?.state !== "active") return false;
    const { requester, accepter } = row;
    fabric.putPeering({
      id,
      vpcs: [requester.vpcId, accepter.vpcId],
      betweenRegions: requester.region !== accepter.region,
    });
    return true;
  },
  remove: (fabric, id) => fabric.removePeering(id),
};
