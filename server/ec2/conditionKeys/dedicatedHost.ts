import type * as Sdk from "@aws-sdk/client-ec2";
import type { DedicatedHost } from "../dedicatedHost.ts";
import type { TypeKeys } from "./typeKeys.ts";

export const dedicatedHostKeys: TypeKeys<DedicatedHost, Sdk.AllocateHostsRequest> = {
  rows: {
    "ec2:AutoPlacement": ({ autoPlacement }) => autoPlacement,
    "ec2:AvailabilityZone": ({ zone }) => zone,
    "ec2:HostRecovery": ({ recovery }) => recovery,
    "ec2:InstanceType": ({ instanceType }) => instanceType,
  },
  asked: {
    "ec2:AutoPlacement": ({ AutoPlacement = "on" }) => AutoPlacement,
    "ec2:AvailabilityZone": ({ AvailabilityZone }) => AvailabilityZone,
    "ec2:HostRecovery": ({ HostRecovery = "off" }) => HostRecovery,
    "ec2:InstanceType": ({ InstanceType }) => InstanceType,
    "ec2:Quantity": ({ Quantity }) => Quantity,
  },
};
