import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { isoTime } from "../kit/isoTime.ts";
import { inState, transitGateways } from "./transitGateway.ts";
import {
  attachmentTo,
  detach,
  transitGatewayAttachments,
  type AttachmentTo,
} from "./transitGatewayAttachment.ts";

type ClientVpnAttachment = AttachmentTo<"client-vpn">;

/** Here, EC2 says states in other words. */
const STATES: Partial<Record<ClientVpnAttachment["state"], Sdk.TransitGatewayAttachmentStatusType>> = {
  pendingAcceptance: "pending-acceptance",
  pending: "pending",
  available: "available",
  rejecting: "rejected",
  rejected: "rejected",
  deleting: "deleting",
  deleted: "deleted",
};

const view = (row: ClientVpnAttachment): Sdk.TransitGatewayClientVpnAttachment => ({
  TransitGatewayAttachmentId: row.id,
  TransitGatewayId: row.gatewayId,
  ClientVpnEndpointId: row.to.id,
  ClientVpnOwnerId: row.to.account,
  State: STATES[row.state],
  CreationTime: isoTime(row.created),
});

/** As it is by now, in an answer. */
const answer = (ctx: Context, id: string) => ({
  TransitGatewayClientVpnAttachment: view(attachmentTo(ctx, id, "client-vpn")),
});

/** An attachment that the caller decides about, as the gateway's owner. */
function decided(ctx: Context, attachmentId: string, ...states: ClientVpnAttachment["state"][]) {
  const row = attachmentTo(ctx, attachmentId, "client-vpn");
  if (transitGateways.table(ctx).get(row.gatewayId)?.account !== ctx.account) {
    throw new ApiError("InvalidTransitGatewayAttachmentID.NotFound", attachmentId);
  }
  return inState(row, ...states);
}

export const operations = {
  AcceptTransitGatewayClientVpnAttachment: ({ TransitGatewayAttachmentId }, ctx) => {
    const { id } = decided(ctx, TransitGatewayAttachmentId, "pendingAcceptance");
    transitGatewayAttachments.update(ctx, id, { state: "pending" });
    transitGatewayAttachments.soon(ctx, id, "available", 60);
    return answer(ctx, id);
  },

  /** The endpoint stays, and leads nowhere any more. */
  DeleteTransitGatewayClientVpnAttachment: ({ TransitGatewayAttachmentId }, ctx) => {
    const { id } = decided(ctx, TransitGatewayAttachmentId, "available", "pendingAcceptance", "rejected");
    detach(ctx, id);
    return answer(ctx, id);
  },

  RejectTransitGatewayClientVpnAttachment: ({ TransitGatewayAttachmentId }, ctx) => {
    const { id } = decided(ctx, TransitGatewayAttachmentId, "pendingAcceptance");
    transitGatewayAttachments.update(ctx, id, { state: "rejecting" });
    transitGatewayAttachments.soon(ctx, id, "rejected", 10);
    return answer(ctx, id);
  },
} satisfies Handlers;
