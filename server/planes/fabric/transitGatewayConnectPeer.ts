import { ip } from "../../../network/ip.ts";
import { transitGatewayAttachments } from "../../ec2/transitGatewayAttachment.ts";
import { transitGatewayConnectPeers } from "../../ec2/transitGatewayConnectPeer.ts";
import { transitGateways } from "../../ec2/transitGateway.ts";
import type { Kind } from "./kind.ts";

export const transitGatewayConnectPeerKind: Kind = {
  touchedBy: (_unit, table, { id }) => (table === "transit-gateway-connect-peer" ? [id] : []),
  all: (unit) => transitGatewayConnectPeers.table({ unit }).all(),
  put(fabric, unit, id) {
    const row = transitGatewayConnectPeers.table({ unit }).get(id);
    const attachment = row && transitGatewayAttachments.table({ unit }).get(row.attachmentId);
    const gateway = row && transitGateways.table({ unit }).get(row.gatewayId);
    // The gateway may be another account's, which may have been emptied.
    if (!row || row.state === "deleted" || !attachment || !gateway || gateway.state === "deleted")
      return false;
    fabric.vpns.putConnectPeer({
      id,
      order: row.seq,
      attachment: row.attachmentId,
      transport: attachment.to.id,
      gateway: row.gatewayId,
      gatewayAddress: ip(row.gatewayAddress),
      peerAddress: ip(row.peerAddress),
      site: row.state === "available" ? row.site : undefined,
    });
    return true;
  },
  remove: (fabric, id) => fabric.vpns.removeConnectPeer(id),
};
