import type * as Sdk from "@aws-sdk/client-ec2";
import type { Vpc } from "../vpc.ts";
import { inVpc, toBeInVpc, type InVpc, type ToBeInVpc, type TypeKeys } from "./typeKeys.ts";

export const vpcKeys: TypeKeys<Vpc, Sdk.CreateVpcRequest> = {
  rows: { "ec2:Tenancy": ({ tenancy }) => tenancy },
  asked: { "ec2:Tenancy": ({ InstanceTenancy = "default" }) => InstanceTenancy },
};

/** Security groups, network ACLs, route tables: all that can be told of them is their VPC. */
export const vpcPartKeys: TypeKeys<InVpc, ToBeInVpc> = { rows: inVpc, asked: toBeInVpc };
