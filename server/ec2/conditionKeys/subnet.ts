import type * as Sdk from "@aws-sdk/client-ec2";
import type { Subnet } from "../subnet.ts";
import { inVpc, toBeInVpc, type TypeKeys } from "./typeKeys.ts";

export const subnetKeys: TypeKeys<Subnet, Sdk.CreateSubnetRequest> = {
  rows: { ...inVpc, "ec2:AvailabilityZone": ({ zone }) => zone },
  asked: { ...toBeInVpc, "ec2:AvailabilityZone": ({ AvailabilityZone }) => AvailabilityZone },
};
