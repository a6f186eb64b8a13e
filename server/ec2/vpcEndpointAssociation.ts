import type * as Sdk from "@aws-sdk/client-ec2";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { describeList } from "../kit/list.ts";
import { vpcEndpoints } from "./vpcEndpoint.ts";

type Association = Sdk.VpcEndpointAssociation;

/** Only endpoints of types Resource and ServiceNetwork have associations, and there are none of these. */
const describeAssociations = describeList({
  output: "VpcEndpointAssociations",
  tagged: true,
  pages: [1, 100],
  filters: {
    "vpc-endpoint-id": (association: Association) => association.VpcEndpointId,
    "associated-resource-accessibility": (association: Association) =>
      association.AssociatedResourceAccessibility,
    "association-id": (association: Association) => association.Id,
    "associated-resource-id": (association: Association) => association.AssociatedResourceArn,
    "service-network-arn": (association: Association) => association.ServiceNetworkArn,
    "resource-configuration-group-arn": (association: Association) =>
      association.ResourceConfigurationGroupArn,
  },
  of: ({ VpcEndpointIds = [] }: Sdk.DescribeVpcEndpointAssociationsRequest, ctx: Context): Association[] => {
    vpcEndpoints.getAll(ctx, VpcEndpointIds);
    return [];
  },
});

export const operations = { DescribeVpcEndpointAssociations: describeAssociations } satisfies Handlers;

export const partly = {
  DescribeVpcEndpointAssociations: "VPC Lattice, whose resources and service networks alone are associated",
};
