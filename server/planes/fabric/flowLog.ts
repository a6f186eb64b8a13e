import { flowLogs } from "../../ec2/flowLog.ts";
import { transitGatewayAttachments } from "../../ec2/transitGatewayAttachment.ts";
import type { Kind } from "./kind.ts";

export const flowLogKind: Kind = {
  touchedBy: (_unit, table, { id }) => (table === flowLogs.definition.type ? [id] : []),
  all: (unit) => flowLogs.table({ unit }).all(),
  put(fabric, unit, id) {
    const row = flowLogs.table({ unit }).get(id);
    if (!row) return false;
    const { resourceType, resourceId, traffic = "ALL", interval, created, delivered } = row;
    // If there was a delivery before the fabric has heard of the log, then by another process.
    const plan = { id, since: delivered ?? created, lost: delivered !== undefined };
    if (resourceType === "TransitGateway") {
      fabric.transitFlowLogs.put({ ...plan, gateway: resourceId, attachment: undefined });
    } else if (resourceType === "TransitGatewayAttachment") {
      const attachment = transitGatewayAttachments.table({ unit }).get(resourceId);
      if (!attachment) return false;
      fabric.transitFlowLogs.put({ ...plan, gateway: attachment.gatewayId, attachment: resourceId });
    } else {
      fabric.flowLogs.put({ ...plan, scope: resourceId, traffic, interval });
    }
    return true;
  },
  remove(fabric, id) {
    fabric.flowLogs.remove(id);
    fabric.transitFlowLogs.remove(id);
  },
};
