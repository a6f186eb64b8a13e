import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { associations, routeTables, type RouteTable } from "./routeTable.ts";
import { isAttachedTo, usableVpnGateway, vpcOf, vpnGateways } from "./vpnGateway.ts";
import { vpcs } from "./vpc.ts";
import { checkEncryption } from "./vpcEncryptionControl.ts";

/** @throws {ApiError} Gateway.NotAttached unless the gateway is attached to the table's VPC */
function checkAttached(ctx: Context, gatewayId: string, { vpcId }: RouteTable): void {
  const { id } = usableVpnGateway(ctx, gatewayId);
  if (!isAttachedTo(ctx, id, vpcId)) throw new ApiError("Gateway.NotAttached", id, vpcId);
}

/** Lets a table learn from these gateways alone. */
const propagate = (ctx: Context, { id }: RouteTable, propagating: readonly string[]): void => {
  routeTables.update(ctx, id, { propagating });
};

export const operations = {
  AttachVpnGateway: ({ VpcId, VpnGatewayId }, ctx) => {
    const gateway = usableVpnGateway(ctx, VpnGatewayId);
    const vpc = vpcs.get(ctx, VpcId);
    const before = vpcOf(gateway);
    if (before === vpc.id && gateway.attachment?.state !== "detaching") {
      return { VpcAttachment: { VpcId: vpc.id, State: gateway.attachment?.state } };
    }
    if (before !== undefined) throw new ApiError("VpnGatewayAttachmentLimitExceeded");
    if (vpnGateways.count(ctx, "vpc", vpc.id) > 0) {
      throw new ApiError(
        "InvalidVpcState",
        `VPC ${vpc.id} is currently attached to the Virtual Private Gateway.`,
      );
    }
    checkEncryption(ctx, vpc.id, "A virtual private gateway", "VirtualPrivateGateway");
    vpnGateways.update(ctx, gateway.id, { attachment: { vpcId: vpc.id, state: "attaching" } });
    vpnGateways.soon(ctx, gateway.id, "attached", 20);
    return { VpcAttachment: { VpcId: vpc.id, State: "attaching" } };
  },

  DetachVpnGateway: ({ VpcId, VpnGatewayId }, ctx) => {
    const { id, attachment } = usableVpnGateway(ctx, VpnGatewayId);
    if (attachment?.vpcId !== VpcId || attachment.state === "detached") {
      throw new ApiError("InvalidVpnGatewayAttachment.NotFound", id, VpcId);
    }
    vpnGateways.update(ctx, id, { attachment: { ...attachment, state: "detaching" } });
    vpnGateways.soon(ctx, id, "detached", 20);
    // An edge association is between a gateway and a table of its VPC, and tables learn from none but its gateway.
    vpnGateways.deleteParts(ctx, id);
    for (const table of routeTables.by(ctx, "propagating", id)) propagate(ctx, table, []);
    return {};
  },

  DisableVgwRoutePropagation: ({ GatewayId, RouteTableId }, ctx) => {
    const table = routeTables.get(ctx, RouteTableId);
    const { id } = usableVpnGateway(ctx, GatewayId);
    const { propagating = [] } = table;
    propagate(
      ctx,
      table,
      propagating.filter((gateway) => gateway !== id),
    );
    return {};
  },

  /** @see https://docs.aws.amazon.com/vpc/latest/userguide/gateway-route-tables.html */
  EnableVgwRoutePropagation: ({ GatewayId, RouteTableId }, ctx) => {
    const table = routeTables.get(ctx, RouteTableId);
    checkAttached(ctx, GatewayId, table);
    if (associations.by(ctx, "routeTable", table.id).some(({ gatewayId }) => gatewayId !== undefined)) {
      throw new ApiError(
        "InvalidParameterValue",
        `The gateway route table ${table.id} does not support route propagation.`,
      );
    }
    propagate(ctx, table, [GatewayId]);
    return {};
  },
} satisfies Handlers;
