import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { SHOWN_DELETED_SECONDS } from "./customerGateway.ts";
import { checkUnencrypted, inState, usableGateway } from "./transitGateway.ts";
import { detach, transitGatewayAttachments } from "./transitGatewayAttachment.ts";

export interface VpnConcentrator extends ResourceRow {
  readonly state: "pending" | "available" | "deleting" | "deleted";
  readonly transitGatewayId: string;
  /** Of its attachment to the gateway, which goes with it. */
  readonly attachmentId: string;
}

/** What keeps a concentrator: connections add themselves here. */
export const vpnConcentratorUsers: ((ctx: Context, id: string) => boolean)[] = [];

/**
 * Many VPN connections as one attachment of a transit gateway.
 *
 * @see https://docs.aws.amazon.com/vpn/latest/s2svpn/vpn-concentrator.html
 */
export const vpnConcentrators = defineResource({
  type: "vpn-concentrator",
  idPrefix: "vcn",
  notFound: "InvalidVpnConcentratorID.NotFound",
  ids: "VpnConcentratorIds",
  view: (concentrator: VpnConcentrator, { tags }): Sdk.VpnConcentrator => ({
    VpnConcentratorId: concentrator.id,
    State: concentrator.state,
    TransitGatewayId: concentrator.transitGatewayId,
    TransitGatewayAttachmentId: concentrator.attachmentId,
    Type: "ipsec.1",
    Tags: tags,
  }),
  // No filter is documented but those of tags.
  filters: {},
  indexes: { transitGateway: (row) => (row.state === "deleted" ? undefined : row.transitGatewayId) },
  transitions: {
    available: (ctx, { id, state }) => {
      if (state === "pending") vpnConcentrators.update(ctx, id, { state: "available" });
    },
    deleted: (ctx, { id }) => {
      vpnConcentrators.update(ctx, id, { state: "deleted" });
      vpnConcentrators.later(ctx, id, "forget", SHOWN_DELETED_SECONDS);
    },
    forget: (ctx, { id }) => vpnConcentrators.delete(ctx, id),
  },
});

/**
 * A concentrator that takes connections.
 *
 * @throws {ApiError} InvalidVpnConcentratorID.NotFound, IncorrectState
 */
export function usableConcentrator(ctx: Context, id: string): VpnConcentrator {
  const concentrator = vpnConcentrators.get(ctx, id);
  if (concentrator.state === "deleted") throw new ApiError("InvalidVpnConcentratorID.NotFound", id);
  return inState(concentrator, "available");
}

export const operations = {
  CreateVpnConcentrator: ({ TransitGatewayId, TagSpecifications }, ctx) => {
    // It is at a transit gateway or nowhere.
    if (TransitGatewayId === undefined) throw new ApiError("MissingParameter", "transitGatewayId");
    const gateway = usableGateway(ctx, TransitGatewayId);
    checkUnencrypted(gateway, "VPN Concentrator attachments");
    const made = vpnConcentrators.create(
      ctx,
      { state: "pending", transitGatewayId: gateway.id, attachmentId: "" },
      TagSpecifications,
    );
    const attachment = transitGatewayAttachments.create(ctx, {
      gatewayId: gateway.id,
      state: "pending",
      to: { type: "vpn-concentrator", id: made.id, account: ctx.account },
      association: undefined,
      propagations: [],
    });
    transitGatewayAttachments.soon(ctx, attachment.id, "available", 60);
    vpnConcentrators.soon(ctx, made.id, "available", 60);
    const concentrator = vpnConcentrators.update(ctx, made.id, { attachmentId: attachment.id });
    return { VpnConcentrator: vpnConcentrators.show(ctx, concentrator) };
  },

  DeleteVpnConcentrator: ({ VpnConcentratorId }, ctx) => {
    const { id, attachmentId } = usableConcentrator(ctx, VpnConcentratorId);
    if (vpnConcentratorUsers.some((uses) => uses(ctx, id))) {
      throw new ApiError("IncorrectState", `The VPN concentrator ${id} has VPN connections.`);
    }
    detach(ctx, attachmentId);
    vpnConcentrators.update(ctx, id, { state: "deleting" });
    vpnConcentrators.soon(ctx, id, "deleted", 60);
    return { Return: true };
  },

  DescribeVpnConcentrators: vpnConcentrators.describe("VpnConcentrators"),
} satisfies Handlers;
