import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { present } from "../kit/present.ts";
import { subnets, type Subnet } from "./subnet.ts";
import { inState, transitGateways, usableGateway } from "./transitGateway.ts";
import {
  attachmentTags,
  attachmentTo,
  describeAttachmentsTo,
  detach,
  transitGatewayAttachments,
  type AttachedVpc,
  type AttachmentTo,
} from "./transitGatewayAttachment.ts";
import { plugIn, unplug } from "./transitGatewayInterface.ts";
import { vpcs } from "./vpc.ts";
import { checkEncryption } from "./vpcEncryptionControl.ts";

type VpcAttachment = AttachmentTo<"vpc">;

const view = (ctx: Context, row: VpcAttachment): Sdk.TransitGatewayVpcAttachment => ({
  TransitGatewayAttachmentId: row.id,
  TransitGatewayId: row.gatewayId,
  VpcId: row.to.id,
  VpcOwnerId: row.account,
  State: row.state,
  SubnetIds: [...row.to.subnetIds],
  CreationTime: new Date(row.created),
  Options: {
    DnsSupport: row.to.dns,
    SecurityGroupReferencingSupport: row.to.groupReferencing,
    Ipv6Support: row.to.ipv6,
    ApplianceModeSupport: row.to.applianceMode,
  },
  Tags: attachmentTags(ctx, row),
});

/** As it is by now, in an answer. */
const answer = (ctx: Context, id: string) => ({
  TransitGatewayVpcAttachment: view(ctx, attachmentTo(ctx, id, "vpc")),
});

/**
 * The subnets of an attachment: of the VPC, one a zone, with IPv4 addresses, and, for an attachment with IPv6 support,
 * with IPv6 ones, too.
 *
 * @throws {ApiError} InvalidSubnetID.NotFound, InvalidParameterValue, DuplicateSubnetsInSameZone
 * @see https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpc-attachments.html
 */
function readSubnets(ctx: Context, vpcId: string, ids: readonly string[], ipv6: boolean): Subnet[] {
  const rows = subnets.getAll(ctx, ids);
  for (const { id, vpcId: other, cidr, ...subnet } of rows) {
    if (other !== vpcId) {
      throw new ApiError("InvalidParameterValue", `The subnet ID '${id}' does not belong to ${vpcId}.`);
    }
    if (cidr === undefined) {
      throw new ApiError("InvalidParameterValue", `The subnet '${id}' does not have an IPv4 CIDR block.`);
    }
    if (ipv6 && subnet.ipv6.length === 0) {
      throw new ApiError("InvalidParameterValue", `The subnet '${id}' does not have an IPv6 CIDR block.`);
    }
  }
  if (new Set(rows.map(({ zone }) => zone)).size < ids.length)
    throw new ApiError("DuplicateSubnetsInSameZone");
  return rows;
}

/** Begins to bring an attachment up that nobody needs to accept any more. */
function begin(ctx: Context, { id, account, to }: VpcAttachment): void {
  for (const subnetId of to.subnetIds) {
    const subnet = subnets.table(ctx).get(subnetId);
    if (subnet) plugIn(ctx, account, id, subnet);
  }
  transitGatewayAttachments.update(ctx, id, { state: "pending" });
  transitGatewayAttachments.soon(ctx, id, "available", 60);
}

/** An attachment that waits for the caller, the gateway's owner, to decide. */
function waiting(ctx: Context, attachmentId: string): VpcAttachment {
  const row = attachmentTo(ctx, attachmentId, "vpc");
  if (transitGateways.table(ctx).get(row.gatewayId)?.account !== ctx.account) {
    throw new ApiError("InvalidTransitGatewayAttachmentID.NotFound", attachmentId);
  }
  return inState(row, "pendingAcceptance");
}

/** The subnets after some came and some went, in an attachment of at least one. */
function changeSubnets(
  ctx: Context,
  { to }: VpcAttachment,
  { AddSubnetIds = [], RemoveSubnetIds = [] }: Sdk.ModifyTransitGatewayVpcAttachmentRequest,
  ipv6: boolean,
): {
  readonly all: readonly string[];
  readonly added: readonly Subnet[];
  readonly removed: readonly string[];
} {
  const removed = subnets.getAll(ctx, RemoveSubnetIds).map(({ id }) => id);
  const missing = removed.find((id) => !to.subnetIds.includes(id));
  if (missing !== undefined) {
    throw new ApiError("InvalidParameterValue", `The subnet '${missing}' is not part of the attachment.`);
  }
  const kept = to.subnetIds.filter((id) => !removed.includes(id));
  const rows = readSubnets(ctx, to.id, [...kept, ...AddSubnetIds], ipv6);
  if (rows.length === 0)
    throw new ApiError("InvalidParameterValue", "An attachment needs at least one subnet.");
  return { all: rows.map(({ id }) => id), added: rows.filter(({ id }) => !kept.includes(id)), removed };
}

/** What an attachment carries besides routed packets adds itself here: it keeps the attachment. */
export const attachmentUsers: ((ctx: Context, attachmentId: string) => boolean)[] = [];

export const operations = {
  AcceptTransitGatewayVpcAttachment: ({ TransitGatewayAttachmentId }, ctx) => {
    const row = waiting(ctx, TransitGatewayAttachmentId);
    begin(ctx, row);
    return answer(ctx, row.id);
  },

  CreateTransitGatewayVpcAttachment: (
    { TransitGatewayId, VpcId, SubnetIds, Options = {}, TagSpecifications },
    ctx,
  ) => {
    const gateway = usableGateway(ctx, TransitGatewayId);
    const vpc = vpcs.get(ctx, VpcId);
    if (gateway.encryption !== "enabled") checkEncryption(ctx, vpc.id, `The transit gateway ${gateway.id}`);
    const ipv6 = Options.Ipv6Support ?? "disable";
    const subnetIds = readSubnets(ctx, vpc.id, SubnetIds, ipv6 === "enable").map(({ id }) => id);
    if (subnetIds.length === 0) throw new ApiError("MissingParameter", "subnetIds");
    const others = transitGatewayAttachments.by(ctx, "resource", vpc.id);
    if (others.some(({ gatewayId }) => gatewayId === gateway.id)) {
      throw new ApiError("DuplicateTransitGatewayAttachment", gateway.id);
    }
    const to: AttachedVpc = {
      type: "vpc",
      id: vpc.id,
      account: vpc.account,
      subnetIds,
      dns: Options.DnsSupport ?? "enable",
      groupReferencing: Options.SecurityGroupReferencingSupport ?? "enable",
      ipv6,
      applianceMode: Options.ApplianceModeSupport ?? "disable",
    };
    const row = transitGatewayAttachments.create(
      ctx,
      { gatewayId: gateway.id, state: "pendingAcceptance", to, association: undefined, propagations: [] },
      TagSpecifications,
    );
    if (gateway.account === ctx.account || gateway.autoAccept === "enable") begin(ctx, { ...row, to });
    return answer(ctx, row.id);
  },

  DeleteTransitGatewayVpcAttachment: ({ TransitGatewayAttachmentId }, ctx) => {
    const row = attachmentTo(ctx, TransitGatewayAttachmentId, "vpc");
    inState(row, "available", "pendingAcceptance", "rejected", "failed");
    const tunnels = transitGatewayAttachments.by(ctx, "resource", row.id);
    if (tunnels.length > 0) {
      throw new ApiError(
        "IncorrectState",
        `${row.id} has non-deleted Transit Gateway Connect Attachments: ${tunnels.map(({ id }) => id).join(", ")}.`,
      );
    }
    if (attachmentUsers.some((uses) => uses(ctx, row.id))) {
      throw new ApiError("IncorrectState", `${row.id} has non-deleted Multicast Domain Associations.`);
    }
    detach(ctx, row.id);
    return answer(ctx, row.id);
  },

  DescribeTransitGatewayVpcAttachments: describeAttachmentsTo("vpc", "TransitGatewayVpcAttachments", view, {
    state: (attachment) => attachment.State,
    "transit-gateway-attachment-id": (attachment) => attachment.TransitGatewayAttachmentId,
    "transit-gateway-id": (attachment) => attachment.TransitGatewayId,
    "vpc-id": (attachment) => attachment.VpcId,
  }),

  ModifyTransitGatewayVpcAttachment: ({ TransitGatewayAttachmentId, Options = {}, ...asked }, ctx) => {
    const row = inState(attachmentTo(ctx, TransitGatewayAttachmentId, "vpc"), "available");
    // Subnets and options are the VPC's side of the attachment.
    if (row.account !== ctx.account) {
      throw new ApiError("InvalidTransitGatewayAttachmentID.NotFound", TransitGatewayAttachmentId);
    }
    const changes = present({
      dns: Options.DnsSupport,
      groupReferencing: Options.SecurityGroupReferencingSupport,
      ipv6: Options.Ipv6Support,
      applianceMode: Options.ApplianceModeSupport,
    });
    const options = { ...row.to, ...changes };
    const { all, added, removed } = changeSubnets(
      ctx,
      row,
      { TransitGatewayAttachmentId, ...asked },
      options.ipv6 === "enable",
    );
    unplug(ctx, row.id, removed);
    for (const subnet of added) plugIn(ctx, row.account, row.id, subnet);
    transitGatewayAttachments.update(ctx, row.id, { state: "modifying", to: { ...options, subnetIds: all } });
    transitGatewayAttachments.soon(ctx, row.id, "available", 30);
    return answer(ctx, row.id);
  },

  RejectTransitGatewayVpcAttachment: ({ TransitGatewayAttachmentId }, ctx) => {
    const { id } = waiting(ctx, TransitGatewayAttachmentId);
    transitGatewayAttachments.update(ctx, id, { state: "rejecting" });
    transitGatewayAttachments.soon(ctx, id, "rejected", 10);
    return answer(ctx, id);
  },
} satisfies Handlers;
