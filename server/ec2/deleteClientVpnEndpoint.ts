import { ApiError } from "../errors.ts";
import type { Handlers } from "../kit/handlers.ts";
import { endConnections } from "./clientVpnConnection.ts";
import { clientVpnEndpoints, usableEndpoint } from "./clientVpnEndpoint.ts";
import { leave, networksOf } from "./clientVpnTargetNetwork.ts";
import { detach, transitGatewayAttachments } from "./transitGatewayAttachment.ts";

export const operations = {
  DeleteClientVpnEndpoint: ({ ClientVpnEndpointId }, ctx) => {
    const { id, transitGateway } = usableEndpoint(ctx, ClientVpnEndpointId);
    const networks = networksOf(ctx, id);
    // Zones go with the attachment, subnets their owner has to let go of.
    if (!transitGateway && networks.length > 0) {
      const names = networks.map((each) => each.id).join(", ");
      throw new ApiError(
        "DependencyViolation",
        `The Client VPN endpoint '${id}' has associated target networks (${names}) and cannot be deleted.`,
      );
    }
    endConnections(ctx, id);
    for (const network of networks) leave(ctx, network);
    const attachment = transitGatewayAttachments.table(ctx).get(transitGateway?.attachmentId ?? "");
    if (attachment && attachment.state !== "deleted" && attachment.state !== "rejected") {
      detach(ctx, attachment.id);
    }
    clientVpnEndpoints.update(ctx, id, { state: "deleting", deleted: ctx.now });
    clientVpnEndpoints.soon(ctx, id, "deleted", 60);
    return { Status: { Code: "deleting" as const } };
  },
} satisfies Handlers;
