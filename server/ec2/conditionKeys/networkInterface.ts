import type { NetworkInterface } from "../networkInterface.ts";
import { launchSubnet, toBeInSubnetsZone, type Whither } from "./launchSubnet.ts";
import { arnOf, inVpc, inZone, type TypeKeys } from "./typeKeys.ts";

export const networkInterfaceKeys: TypeKeys<NetworkInterface, Whither> = {
  rows: {
    ...inVpc,
    ...inZone,
    "ec2:Subnet": ({ account, subnetId }, ctx) => arnOf(ctx, account, "subnet", subnetId),
  },
  asked: {
    "ec2:AssociatePublicIpAddress": (input, ctx) =>
      input.NetworkInterfaces?.[0]?.AssociatePublicIpAddress ?? launchSubnet(input, ctx)?.mapPublicIp,
    ...toBeInSubnetsZone,
    "ec2:Subnet": (input, ctx) => {
      const subnet = launchSubnet(input, ctx);
      return subnet && arnOf(ctx, subnet.account, "subnet", subnet.id);
    },
    "ec2:Vpc": (input, ctx) => {
      const subnet = launchSubnet(input, ctx);
      return subnet && arnOf(ctx, subnet.account, "vpc", subnet.vpcId);
    },
  },
};
