import { addressAt, contains, formatAddress, parseAddress, sizeOf } from "../../network/cidr.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import { blockOf, byoipRangeTable, isOpen, rangesOf } from "./byoipRange.ts";
import { places } from "./freeAddress.ts";
import { insertPublicAddress, publicAddressTable, type PublicAddress } from "./publicAddress.ts";

/**
 * Takes an address of a pool of the account's own: the one that is asked for, or any.
 *
 * @throws {ApiError} InvalidIPAddress.InUse, InvalidAddress.NotFound for one that is not the pool's,
 *   InsufficientAddressCapacity
 */
export function takePooledAddress(
  ctx: Context,
  allocationId: string,
  poolId: string,
  asked: string | undefined,
): PublicAddress {
  const isTaken = (address: string): boolean => ctx.unit.table(publicAddressTable).get(address) !== undefined;
  const blocks = rangesOf(ctx, poolId).map(blockOf);
  if (asked !== undefined) {
    const address = parseAddress(asked);
    if (!address || !blocks.some((block) => contains(block, address))) {
      throw new ApiError("InvalidAddress.NotFound", asked);
    }
    if (isTaken(asked)) throw new ApiError("InvalidIPAddress.InUse", asked);
    return insertPublicAddress(ctx, { id: asked, allocationId, poolId });
  }
  for (const block of blocks) {
    for (const place of places(sizeOf(block), (bound) => ctx.chance.below(bound))) {
      const id = formatAddress(addressAt(block, place));
      if (!isTaken(id)) return insertPublicAddress(ctx, { id, allocationId, poolId });
    }
  }
  throw new ApiError("InsufficientAddressCapacity");
}

/** The pool of the account's own that an address belongs to. */
export function ownPoolOf(ctx: Context, text: string): string | undefined {
  const address = parseAddress(text);
  const ranges = ctx.unit.table(byoipRangeTable).by("account", ctx.account).filter(isOpen);
  return address && ranges.find((range) => contains(blockOf(range), address))?.poolId;
}
