import type * as Sdk from "@aws-sdk/client-ec2";
import type { Context } from "../../kit/context.ts";
import type { NetworkInterface } from "../networkInterface.ts";
import { subnets, type Subnet } from "../subnet.ts";
import { arnOf, inVpc, type TypeKeys } from "./typeKeys.ts";

/** What both CreateNetworkInterface and a launch say of an interface. */
type Asked = Pick<Sdk.RunInstancesRequest, "NetworkInterfaces" | "SubnetId">;

const subnetOf = ({ SubnetId, NetworkInterfaces }: Asked, ctx: Context): Subnet | undefined =>
  subnets.find(ctx, SubnetId ?? NetworkInterfaces?.[0]?.SubnetId ?? "");

export const networkInterfaceKeys: TypeKeys<NetworkInterface, Asked> = {
  rows: {
    ...inVpc,
    "ec2:AvailabilityZone": ({ zone }) => zone,
    "ec2:Subnet": ({ account, subnetId }, ctx) => arnOf(ctx, account, "subnet", subnetId),
  },
  asked: {
    "ec2:AssociatePublicIpAddress": (input, ctx) =>
      input.NetworkInterfaces?.[0]?.AssociatePublicIpAddress ?? subnetOf(input, ctx)?.mapPublicIp,
    "ec2:AvailabilityZone": (input, ctx) => subnetOf(input, ctx)?.zone,
    "ec2:Subnet": (input, ctx) => {
      const subnet = subnetOf(input, ctx);
      return subnet && arnOf(ctx, subnet.account, "subnet", subnet.id);
    },
    "ec2:Vpc": (input, ctx) => {
      const subnet = subnetOf(input, ctx);
      return subnet && arnOf(ctx, subnet.account, "vpc", subnet.vpcId);
    },
  },
};
