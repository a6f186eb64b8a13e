import type * as Sdk from "@aws-sdk/client-ec2";
import type { Context } from "../../kit/context.ts";
import { findZone } from "../catalogue/zones.ts";
import { defaultSubnetOf } from "../defaultVpc.ts";
import { networkInterfaces } from "../networkInterface.ts";
import { subnets, type Subnet } from "../subnet.ts";

/** What a launch, and CreateNetworkInterface, say of where they go. */
export type Whither = Pick<Sdk.RunInstancesRequest, "NetworkInterfaces" | "Placement" | "SubnetId">;

/** The subnet of one interface of a launch: that of the interface it takes, the one it names, or a default one. */
export function interfaceSubnet(
  ctx: Context,
  {
    NetworkInterfaceId,
    SubnetId,
  }: Pick<Sdk.InstanceNetworkInterfaceSpecification, "NetworkInterfaceId" | "SubnetId">,
  { AvailabilityZone, AvailabilityZoneId }: Sdk.Placement = {},
): Subnet | undefined {
  const named = SubnetId ?? (NetworkInterfaceId && networkInterfaces.find(ctx, NetworkInterfaceId)?.subnetId);
  if (named !== undefined) return subnets.find(ctx, named);
  if (NetworkInterfaceId !== undefined) return undefined;
  // An empty name is what a form sends that was left empty.
  const zone = AvailabilityZone || AvailabilityZoneId;
  return zone ? defaultSubnetOf(ctx, findZone(ctx.region, zone)?.name ?? zone) : defaultSubnetOf(ctx);
}

/** The subnet that instances of a launch will be in, as far as it can be told. */
export const launchSubnet = (
  { SubnetId, NetworkInterfaces, Placement }: Whither,
  ctx: Context,
): Subnet | undefined => interfaceSubnet(ctx, NetworkInterfaces?.[0] ?? { SubnetId }, Placement);

/** Of what is to be made in a subnet: its zone. */
export const toBeInSubnetsZone = {
  "ec2:AvailabilityZone": (input: Whither, ctx: Context) => launchSubnet(input, ctx)?.zone,
  "ec2:AvailabilityZoneId": (input: Whither, ctx: Context) =>
    findZone(ctx.region, launchSubnet(input, ctx)?.zone ?? "")?.id,
} as const;
