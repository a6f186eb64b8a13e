import { block } from "../../../network/ip.ts";
import { byoipRangeTable, isAnnounced, isGone, type ByoipRange } from "../../ec2/byoipRange.ts";
import type { Kind } from "./kind.ts";

/**
 * In the fabric there is what is not announced: to the internet, an announced range is like any other of Amazon's. Rows of
 * ranges that are gone say nothing, as the block may be in another region by now.
 */
export const byoipRangeKind: Kind = {
  touchedBy: (_unit, table, row) =>
    table === byoipRangeTable.name && !isGone(row as ByoipRange) ? [row.id] : [],
  all: (unit) => [...unit.table(byoipRangeTable).all()].filter((row) => !isGone(row)),
  put({ internet }, unit, id) {
    const row = unit.table(byoipRangeTable).get(id);
    if (!row || isGone(row) || isAnnounced(row)) return false;
    internet.unannounced.set(block(id), true);
    return true;
  },
  remove: ({ internet }, id) => internet.unannounced.delete(block(id)),
};
