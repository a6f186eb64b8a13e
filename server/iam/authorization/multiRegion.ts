import type * as Sdk from "@aws-sdk/client-ec2";
import type { Context } from "../../kit/context.ts";
import type { Demand } from "./demand.ts";

type Asked = Pick<Sdk.CreateVpcEndpointRequest, "ServiceRegion"> &
  Pick<Sdk.CreateVpcEndpointServiceConfigurationRequest, "SupportedRegions"> &
  Partial<
    Pick<
      Sdk.ModifyVpcEndpointServiceConfigurationRequest,
      "AddSupportedRegions" | "RemoveSupportedRegions" | "ServiceId"
    >
  >;

/** The type of what a call of this operation makes or changes. */
const TYPES: Readonly<Record<string, "vpc-endpoint" | "vpc-endpoint-service">> = {
  CreateVpcEndpoint: "vpc-endpoint",
  CreateVpcEndpointServiceConfiguration: "vpc-endpoint-service",
  ModifyVpcEndpointServiceConfiguration: "vpc-endpoint-service",
};

/**
 * To let an endpoint and its service be in different Regions is an action of its own.
 *
 * @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_vpce.html
 */
export function multiRegion({ operation, region, account }: Context, input: object): Demand[] {
  const type = TYPES[operation];
  if (type === undefined) return [];
  const { ServiceRegion, SupportedRegions, AddSupportedRegions, RemoveSupportedRegions, ServiceId } =
    input as Asked;
  const named = [
    ServiceRegion,
    ...[SupportedRegions, AddSupportedRegions, RemoveSupportedRegions].flatMap((each) => each ?? []),
  ];
  if (!named.some((each) => each !== undefined && each !== region)) return [];
  return [
    {
      action: "vpce:AllowMultiRegion",
      resource: `arn:aws:ec2:${region}:${account}:${type}/${ServiceId ?? "*"}`,
      keys: { get: () => undefined },
      known: [],
    },
  ];
}
