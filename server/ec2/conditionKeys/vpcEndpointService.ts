import type * as Sdk from "@aws-sdk/client-ec2";
import type { VpcEndpointService } from "../vpcEndpointService.ts";
import type { TypeKeys } from "./typeKeys.ts";

/** Services are offered in the region that they are in, and in no other. */
export const vpcEndpointServiceKeys: TypeKeys<
  VpcEndpointService,
  Sdk.CreateVpcEndpointServiceConfigurationRequest
> = {
  rows: {
    "ec2:VpceMultiRegion": () => false,
    "ec2:VpceServicePrivateDnsName": ({ privateDns }) => privateDns?.name,
    "ec2:VpceServiceRegion": (_service, { region }) => region,
    "ec2:VpceSupportedRegion": (_service, { region }) => region,
  },
  asked: {
    "ec2:VpceMultiRegion": ({ SupportedRegions = [] }, { region }) =>
      SupportedRegions.some((each) => each !== region),
    "ec2:VpceServicePrivateDnsName": ({ PrivateDnsName }) => PrivateDnsName,
    "ec2:VpceServiceRegion": (_input, { region }) => region,
    "ec2:VpceSupportedRegion": ({ SupportedRegions }, { region }) => SupportedRegions ?? region,
  },
};
