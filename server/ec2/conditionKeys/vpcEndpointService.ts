import type * as Sdk from "@aws-sdk/client-ec2";
import { regionsOfService, type VpcEndpointService } from "../vpcEndpointService.ts";
import type { TypeKeys } from "./typeKeys.ts";

/** @see https://docs.aws.amazon.com/vpc/latest/privatelink/security_iam_service-with-iam.html */
export const vpcEndpointServiceKeys: TypeKeys<
  VpcEndpointService,
  Sdk.CreateVpcEndpointServiceConfigurationRequest
> = {
  rows: {
    "ec2:VpceMultiRegion": (service, ctx) => regionsOfService(ctx, service).length > 1,
    "ec2:VpceServicePrivateDnsName": ({ privateDns }) => privateDns?.name,
    "ec2:VpceServiceRegion": (_service, { region }) => region,
    "ec2:VpceSupportedRegion": (service, ctx) => regionsOfService(ctx, service),
  },
  asked: {
    "ec2:VpceMultiRegion": ({ SupportedRegions = [] }, { region }) =>
      SupportedRegions.some((each) => each !== region),
    "ec2:VpceServicePrivateDnsName": ({ PrivateDnsName }) => PrivateDnsName,
    "ec2:VpceServiceRegion": (_input, { region }) => region,
    "ec2:VpceSupportedRegion": ({ SupportedRegions }, { region }) => SupportedRegions ?? region,
  },
};
