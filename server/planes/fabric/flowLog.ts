import { flowLogs } from "../../ec2/flowLog.ts";
import type { Kind } from "./kind.ts";

export const flowLogKind: Kind = {
  touchedBy: (_unit, table, { id }) => (table === flowLogs.definition.type ? [id] : []),
  all: (unit) => flowLogs.table({ unit }).all(),
  put(fabric, unit, id) {
    const row = flowLogs.table({ unit }).get(id);
    if (!row) return false;
    const { resourceId: scope, traffic, interval, created, delivered } = row;
    // If there was a delivery before the fabric has heard of the log, then by another process.
    const lost = delivered !== undefined;
    fabric.flowLogs.put({ id, scope, traffic, interval, since: delivered ?? created, lost });
    return true;
  },
  remove: (fabric, id) => fabric.flowLogs.remove(id),
};
