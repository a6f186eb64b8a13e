import type * as Sdk from "@aws-sdk/client-ec2";
import type { Subnet } from "../subnet.ts";
import { inVpc, inZone, toBeInVpc, toBeInZone, type TypeKeys } from "./typeKeys.ts";

export const subnetKeys: TypeKeys<Subnet, Sdk.CreateSubnetRequest> = {
  rows: { ...inVpc, ...inZone },
  asked: { ...toBeInVpc, ...toBeInZone },
};
