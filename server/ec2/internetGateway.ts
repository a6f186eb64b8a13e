import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { vpcs } from "./vpc.ts";
import { checkEncryption } from "./vpcEncryptionControl.ts";

export interface InternetGateway extends ResourceRow {
  readonly vpcId: string | undefined;
}

/** The door between one VPC and the internet: a gateway has at most one VPC, and a VPC at most one gateway. */
export const internetGateways = defineResource({
  type: "internet-gateway",
  idPrefix: "igw",
  notFound: "InvalidInternetGatewayID.NotFound",
  malformed: "InvalidInternetGatewayId.Malformed",
  ids: "InternetGatewayIds",
  view: ({ id, vpcId }: InternetGateway, { account, tags }): Sdk.InternetGateway => ({
    InternetGatewayId: id,
    OwnerId: account,
    // EC2 says "available", which is not one of the SDK's states of an attachment.
    Attachments: vpcId ? [{ VpcId: vpcId, State: "available" as Sdk.AttachmentStatus }] : [],
    Tags: tags,
  }),
  filters: {
    "attachment.state": (gateway) => gateway.Attachments?.map(({ State }) => State),
    "attachment.vpc-id": (gateway) => gateway.Attachments?.map(({ VpcId }) => VpcId),
    "internet-gateway-id": (gateway) => gateway.InternetGatewayId,
    "owner-id": (gateway) => gateway.OwnerId,
  },
  filterIndexes: { "attachment.vpc-id": "vpc" },
  indexes: { vpc: ({ vpcId }) => vpcId },
  parents: { vpc: "vpc" },
  quotas: [
    {
      code: "L-A4707A72",
      name: "Internet gateways per Region",
      usual: 5,
      error: () => new ApiError("InternetGatewayLimitExceeded"),
    },
  ],
});

/** What keeps a gateway attached: whoever maps public addresses of the VPC adds itself here. */
export const publicAddressUsers: ((ctx: Context, vpcId: string) => boolean)[] = [];

export function attach(ctx: Context, gateway: InternetGateway, vpcId: string): void {
  if (gateway.vpcId !== undefined) {
    throw new ApiError(
      "Resource.AlreadyAssociated",
      `resource ${gateway.id} is already attached to network ${gateway.vpcId}`,
    );
  }
  const [other] = internetGateways.by(ctx, "vpc", vpcId);
  if (other) {
    throw new ApiError("InvalidParameterValue", `Network ${vpcId} already has an internet gateway attached`);
  }
  checkEncryption(ctx, vpcId, "An internet gateway", "InternetGateway");
  internetGateways.update(ctx, gateway.id, { vpcId });
}

export const operations = {
  AttachInternetGateway: ({ InternetGatewayId, VpcId }, ctx) => {
    const gateway = internetGateways.get(ctx, InternetGatewayId);
    attach(ctx, gateway, vpcs.get(ctx, VpcId).id);
    return {};
  },

  CreateInternetGateway: ({ TagSpecifications }, ctx) => ({
    InternetGateway: internetGateways.show(
      ctx,
      internetGateways.create(ctx, { vpcId: undefined }, TagSpecifications),
    ),
  }),

  DeleteInternetGateway: ({ InternetGatewayId }, ctx) => {
    const { id, vpcId } = internetGateways.get(ctx, InternetGatewayId);
    if (vpcId !== undefined) {
      throw new ApiError(
        "DependencyViolation",
        `The internetGateway '${id}' has dependencies and cannot be deleted.`,
      );
    }
    internetGateways.delete(ctx, id);
    return {};
  },

  DescribeInternetGateways: internetGateways.describe("InternetGateways"),

  DetachInternetGateway: ({ InternetGatewayId, VpcId }, ctx) => {
    const { id, vpcId } = internetGateways.get(ctx, InternetGatewayId);
    const vpc = vpcs.get(ctx, VpcId);
    if (vpcId !== vpc.id) throw new ApiError("Gateway.NotAttached", id, vpc.id);
    if (publicAddressUsers.some((uses) => uses(ctx, vpc.id))) {
      throw new ApiError(
        "DependencyViolation",
        `Network ${vpc.id} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.`,
      );
    }
    // An edge association is between a gateway and a table of its VPC.
    internetGateways.deleteParts(ctx, id);
    internetGateways.update(ctx, id, { vpcId: undefined });
    return {};
  },
} satisfies Handlers;
