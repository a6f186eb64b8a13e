import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { readAmazonSideAsn } from "./amazonSideAsn.ts";
import { SHOWN_DELETED_SECONDS } from "./customerGateway.ts";
import { readZone } from "./zone.ts";

export interface VpnGateway extends ResourceRow {
  readonly state: Sdk.VpnState;
  /** The number of the autonomous system that it is in BGP. */
  readonly asn: number;
  /** Zone name, if one was asked for. */
  readonly zone: string | undefined;
  readonly attachment: { readonly vpcId: string; readonly state: Sdk.AttachmentStatus } | undefined;
}

/** What keeps a gateway, besides the VPC that it is attached to: connections add themselves here. */
export const vpnGatewayUsers: ((ctx: Context, id: string) => boolean)[] = [];

/** The VPC that a gateway is attached to, be it on the way there or away from it. */
export const vpcOf = ({ attachment }: VpnGateway): string | undefined =>
  attachment?.state === "detached" ? undefined : attachment?.vpcId;

/** AWS's end of VPN connections, at one VPC. */
export const vpnGateways = defineResource({
  type: "vpn-gateway",
  idPrefix: "vgw",
  notFound: "InvalidVpnGatewayID.NotFound",
  ids: "VpnGatewayIds",
  view: (gateway: VpnGateway, { tags }): Sdk.VpnGateway => ({
    VpnGatewayId: gateway.id,
    State: gateway.state,
    Type: "ipsec.1",
    AmazonSideAsn: gateway.asn,
    AvailabilityZone: gateway.zone,
    VpcAttachments: gateway.attachment
      ? [{ VpcId: gateway.attachment.vpcId, State: gateway.attachment.state }]
      : [],
    Tags: tags,
  }),
  filters: {
    "amazon-side-asn": (gateway) => gateway.AmazonSideAsn,
    "attachment.state": (gateway) => gateway.VpcAttachments?.map(({ State }) => State),
    "attachment.vpc-id": (gateway) => gateway.VpcAttachments?.map(({ VpcId }) => VpcId),
    "availability-zone": (gateway) => gateway.AvailabilityZone,
    state: (gateway) => gateway.State,
    type: (gateway) => gateway.Type,
    "vpn-gateway-id": (gateway) => gateway.VpnGatewayId,
  },
  indexes: { vpc: vpcOf },
  parents: { vpc: "vpc" },
  quotas: [
    {
      code: "L-7029FAB6",
      name: "Virtual private gateways per Region",
      usual: 5,
      error: () => new ApiError("VpnGatewayLimitExceeded"),
    },
  ],
  transitions: {
    attached: (ctx, { id, attachment }) => {
      if (attachment?.state !== "attaching") return;
      vpnGateways.update(ctx, id, { attachment: { ...attachment, state: "attached" } });
    },
    detached: (ctx, { id, attachment }) => {
      if (attachment?.state !== "detaching") return;
      vpnGateways.update(ctx, id, { attachment: { ...attachment, state: "detached" } });
    },
    forget: (ctx, { id }) => vpnGateways.delete(ctx, id),
  },
});

/**
 * A gateway that is there to be used.
 *
 * @throws {ApiError} InvalidVpnGatewayID.NotFound
 */
export function usableVpnGateway(ctx: Context, id: string): VpnGateway {
  const gateway = vpnGateways.get(ctx, id);
  if (gateway.state === "deleted") throw new ApiError("InvalidVpnGatewayID.NotFound", id);
  return gateway;
}

/** Whether a gateway takes packets from a VPC. */
export const isAttachedTo = (rows: Pick<Context, "unit">, id: string, vpcId: string): boolean => {
  const attachment = vpnGateways.table(rows).get(id)?.attachment;
  return attachment?.vpcId === vpcId && attachment.state === "attached";
};

export const operations = {
  CreateVpnGateway: ({ AvailabilityZone, AmazonSideAsn, TagSpecifications }, ctx) => {
    const gateway = vpnGateways.create(
      ctx,
      {
        state: "available",
        asn: readAmazonSideAsn(AmazonSideAsn),
        // Terraform sends an empty one for none.
        zone: AvailabilityZone ? readZone(ctx, { AvailabilityZone }).name : undefined,
        attachment: undefined,
      },
      TagSpecifications,
    );
    return { VpnGateway: vpnGateways.show(ctx, gateway) };
  },

  DeleteVpnGateway: ({ VpnGatewayId }, ctx) => {
    const gateway = usableVpnGateway(ctx, VpnGatewayId);
    const { id } = gateway;
    if (vpcOf(gateway) !== undefined || vpnGatewayUsers.some((uses) => uses(ctx, id))) {
      throw new ApiError("IncorrectState", "The virtual private gateway is in use.");
    }
    vpnGateways.update(ctx, id, { state: "deleted", attachment: undefined });
    vpnGateways.later(ctx, id, "forget", SHOWN_DELETED_SECONDS);
    return {};
  },

  DescribeVpnGateways: vpnGateways.describe("VpnGateways"),
} satisfies Handlers;
