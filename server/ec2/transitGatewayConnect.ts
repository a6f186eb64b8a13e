import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { checkUnencrypted, inState, transitGateways } from "./transitGateway.ts";
import {
  attachmentTags,
  attachmentTo,
  describeAttachmentsTo,
  detach,
  liveAttachment,
  transitGatewayAttachments,
  type AttachmentTo,
} from "./transitGatewayAttachment.ts";

type Connect = AttachmentTo<"connect">;

const view = (ctx: Context, row: Connect): Sdk.TransitGatewayConnect => ({
  TransitGatewayAttachmentId: row.id,
  TransportTransitGatewayAttachmentId: row.to.id,
  TransitGatewayId: row.gatewayId,
  State: row.state,
  CreationTime: new Date(row.created),
  Options: { Protocol: row.to.protocol },
  Tags: attachmentTags(ctx, row),
});

const answer = (ctx: Context, id: string) => ({
  TransitGatewayConnect: view(ctx, attachmentTo(ctx, id, "connect")),
});

/** What keeps a Connect attachment: its peers add themselves here. */
export const connectUsers: ((ctx: Context, attachmentId: string) => readonly string[])[] = [];

export const operations = {
  CreateTransitGatewayConnect: ({ TransportTransitGatewayAttachmentId, Options, TagSpecifications }, ctx) => {
    const transport = liveAttachment(ctx, TransportTransitGatewayAttachmentId);
    if (transport.to.type !== "vpc" && transport.to.type !== "direct-connect-gateway") {
      throw new ApiError(
        "InvalidParameterValue",
        `${transport.id} cannot carry a Connect attachment: it is neither a VPC's nor a Direct Connect gateway's.`,
      );
    }
    checkUnencrypted(transitGateways.table(ctx).get(transport.gatewayId), "Connect attachments");
    const { id } = transitGatewayAttachments.create(
      ctx,
      {
        gatewayId: transport.gatewayId,
        state: "pending",
        to: { type: "connect", id: transport.id, account: ctx.account, protocol: Options.Protocol ?? "gre" },
        association: undefined,
        propagations: [],
      },
      TagSpecifications,
    );
    transitGatewayAttachments.soon(ctx, id, "available", 60);
    return answer(ctx, id);
  },

  DeleteTransitGatewayConnect: ({ TransitGatewayAttachmentId }, ctx) => {
    const { id } = inState(attachmentTo(ctx, TransitGatewayAttachmentId, "connect"), "available");
    const peers = connectUsers.flatMap((users) => users(ctx, id));
    if (peers.length > 0) {
      throw new ApiError("IncorrectState", `${id} has non-deleted Connect Peers: ${peers.join(", ")}.`);
    }
    detach(ctx, id);
    return answer(ctx, id);
  },

  DescribeTransitGatewayConnects: describeAttachmentsTo("connect", "TransitGatewayConnects", view, {
    "options.protocol": (connect) => connect.Options?.Protocol,
    state: (connect) => connect.State,
    "transit-gateway-attachment-id": (connect) => connect.TransitGatewayAttachmentId,
    "transit-gateway-id": (connect) => connect.TransitGatewayId,
    "transport-transit-gateway-attachment-id": (connect) => connect.TransportTransitGatewayAttachmentId,
  }),
} satisfies Handlers;
