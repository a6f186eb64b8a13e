import type * as Sdk from "@aws-sdk/client-ec2";
import type { VpcEndpoint } from "../vpcEndpoint.ts";
import type { TypeKeys } from "./typeKeys.ts";

export const vpcEndpointKeys: TypeKeys<VpcEndpoint, Sdk.CreateVpcEndpointRequest> = {
  rows: { "ec2:VpceServiceName": ({ serviceName }) => serviceName },
  asked: { "ec2:VpceServiceName": ({ ServiceName }) => ServiceName },
};
