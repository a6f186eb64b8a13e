import type * as Sdk from "@aws-sdk/client-ec2";
import type { DedicatedHost } from "../dedicatedHost.ts";
import { inZone, toBeInZone, type TypeKeys } from "./typeKeys.ts";

export const dedicatedHostKeys: TypeKeys<DedicatedHost, Sdk.AllocateHostsRequest> = {
  rows: {
    "ec2:AutoPlacement": ({ autoPlacement }) => autoPlacement,
    ...inZone,
    "ec2:HostRecovery": ({ recovery }) => recovery,
    "ec2:InstanceType": ({ instanceType }) => instanceType,
  },
  asked: {
    "ec2:AutoPlacement": ({ AutoPlacement = "on" }) => AutoPlacement,
    ...toBeInZone,
    "ec2:HostRecovery": ({ HostRecovery = "off" }) => HostRecovery,
    "ec2:InstanceType": ({ InstanceType }) => InstanceType,
    "ec2:Quantity": ({ Quantity }) => Quantity,
  },
};
