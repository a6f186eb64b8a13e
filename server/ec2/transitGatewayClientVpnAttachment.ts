import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { transitGatewayAttachments } from "./transitGatewayAttachment.ts";

interface Asked {
  readonly TransitGatewayAttachmentId: string;
}

/** Only a Client VPN endpoint asks for such an attachment, and there are none: whatever is named is another one. */
function nothing({ TransitGatewayAttachmentId }: Asked, ctx: Context): never {
  const { id } = transitGatewayAttachments.get(ctx, TransitGatewayAttachmentId);
  throw new ApiError("InvalidTransitGatewayAttachmentID.NotFound", id);
}

export const operations = {
  AcceptTransitGatewayClientVpnAttachment: nothing,
  DeleteTransitGatewayClientVpnAttachment: nothing,
  RejectTransitGatewayClientVpnAttachment: nothing,
} satisfies Handlers;

const noEndpoints = "there are no Client VPN endpoints, and so no attachments of theirs";

export const partly = {
  AcceptTransitGatewayClientVpnAttachment: noEndpoints,
  DeleteTransitGatewayClientVpnAttachment: noEndpoints,
  RejectTransitGatewayClientVpnAttachment: noEndpoints,
};
