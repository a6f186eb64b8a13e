import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Handlers } from "../kit/handlers.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { vpcs } from "./vpc.ts";
import { checkEncryption } from "./vpcEncryptionControl.ts";

interface EgressOnlyInternetGateway extends ResourceRow {
  readonly vpcId: string;
}

/** The door from one VPC to the internet that opens from inside only, for IPv6. */
export const egressOnlyInternetGateways = defineResource({
  type: "egress-only-internet-gateway",
  idPrefix: "eigw",
  notFound: "InvalidGatewayID.NotFound",
  ids: "EgressOnlyInternetGatewayIds",
  view: ({ id, vpcId }: EgressOnlyInternetGateway, { tags }): Sdk.EgressOnlyInternetGateway => ({
    EgressOnlyInternetGatewayId: id,
    Attachments: [{ State: "attached", VpcId: vpcId }],
    Tags: tags,
  }),
  filters: {},
  indexes: { vpc: ({ vpcId }) => vpcId },
  parents: { vpc: "vpc" },
  quotas: [
    {
      code: "L-45FE3B85",
      name: "Egress-only internet gateways per Region",
      usual: 5,
      error: () => new ApiError("InternetGatewayLimitExceeded"),
    },
  ],
  pages: [5, 255],
});

export const operations = {
  CreateEgressOnlyInternetGateway: ({ VpcId, TagSpecifications, ClientToken }, ctx) => {
    const { id: vpcId } = vpcs.get(ctx, VpcId);
    // "You can attach only one egress-only internet gateway to a VPC at a time."
    if (egressOnlyInternetGateways.count(ctx, "vpc", vpcId) > 0) {
      throw new ApiError(
        "InvalidParameterValue",
        `Network ${vpcId} already has an egress-only internet gateway attached`,
      );
    }
    checkEncryption(ctx, vpcId, "An egress-only internet gateway", "EgressOnlyInternetGateway");
    const gateway = egressOnlyInternetGateways.create(ctx, { vpcId }, TagSpecifications);
    return { ClientToken, EgressOnlyInternetGateway: egressOnlyInternetGateways.show(ctx, gateway) };
  },

  DeleteEgressOnlyInternetGateway: ({ EgressOnlyInternetGatewayId }, ctx) => {
    const { id } = egressOnlyInternetGateways.get(ctx, EgressOnlyInternetGatewayId);
    egressOnlyInternetGateways.delete(ctx, id);
    return { ReturnCode: true };
  },

  DescribeEgressOnlyInternetGateways: egressOnlyInternetGateways.describe("EgressOnlyInternetGateways"),
} satisfies Handlers;
