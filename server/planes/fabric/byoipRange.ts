import { block } from "../../../network/ip.ts";
import { byoipRangeTable, isAnnounced } from "../../ec2/byoipRange.ts";
import type { Kind } from "./kind.ts";

/** In the fabric there is what is not announced: to the internet, an announced range is like any other of Amazon's. */
export const byoipRangeKind: Kind = {
  touchedBy: (_unit, table, { id }) => (table === byoipRangeTable.name ? [id] : []),
  all: (unit) => unit.table(byoipRangeTable).all(),
  put({ internet }, unit, id) {
    const row = unit.table(byoipRangeTable).get(id);
    if (!row || row.state === "deprovisioned" || isAnnounced(row)) return false;
    internet.unannounced.set(block(id), true);
    return true;
  },
  remove: ({ internet }, id) => internet.unannounced.delete(block(id)),
};
