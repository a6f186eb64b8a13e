import type { Context } from "../kit/context.ts";
import type { NetworkInterface } from "./networkInterface.ts";
import {
  mapPublicAddress,
  publicAddressesOf,
  takePublicAddress,
  unmapPublicAddress,
} from "./publicAddress.ts";

/**
 * Lends an interface a public address if it is to have one and has none: for the time its instance runs.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-instance-addressing.html#concepts-public-addresses
 */
export function lendPublicAddress(ctx: Context, { id, associatePublicIp, ...row }: NetworkInterface): void {
  const [primary] = row.privateAddresses;
  if (!associatePublicIp || primary === undefined) return;
  if (publicAddressesOf(ctx, id).some(({ mapping }) => mapping?.privateAddress === primary)) return;
  mapPublicAddress(ctx, takePublicAddress(ctx), {
    networkInterfaceId: id,
    privateAddress: primary,
    associationId: undefined,
  });
}

/** Takes a lent public address back: the instance stops. */
export function withdrawPublicAddress(ctx: Context, networkInterfaceId: string): void {
  for (const address of publicAddressesOf(ctx, networkInterfaceId)) {
    if (address.allocationId === undefined) unmapPublicAddress(ctx, address);
  }
}
