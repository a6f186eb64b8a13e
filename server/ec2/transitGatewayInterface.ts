import type { Context } from "../kit/context.ts";
import { createManagedInterface } from "./createNetworkInterface.ts";
import { deleteInterface, networkInterfaces, type NetworkInterface } from "./networkInterface.ts";
import type { Subnet } from "./subnet.ts";

/** The interfaces by which a gateway is in a VPC, one in each subnet of the attachment. */
export const interfacesOf = (ctx: Pick<Context, "unit">, attachmentId: string): NetworkInterface[] =>
  networkInterfaces.table(ctx).by("managedFor", attachmentId);

/** @param account the VPC's owner, whose interface it is */
export function plugIn(ctx: Context, account: string, attachmentId: string, subnet: Subnet): void {
  createManagedInterface({ ...ctx, account }, subnet, {
    resourceId: attachmentId,
    type: "transit_gateway",
    description: `Network Interface for Transit Gateway Attachment ${attachmentId}`,
    groups: [],
    sourceDestCheck: false,
    addresses: {},
  });
}

/** Takes the gateway's interfaces out of these subnets, or of all. */
export function unplug(ctx: Context, attachmentId: string, subnetIds?: readonly string[]): void {
  for (const eni of interfacesOf(ctx, attachmentId)) {
    if (subnetIds?.includes(eni.subnetId) ?? true) deleteInterface(ctx, eni);
  }
}
