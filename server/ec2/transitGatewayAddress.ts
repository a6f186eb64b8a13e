import {
  addressAt,
  contains,
  formatAddress,
  parseAddress,
  sizeOf,
  type Address,
} from "../../network/cidr.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import { storedCidr } from "./cidrBlock.ts";
import { cidrUsers } from "./createTransitGateway.ts";
import type { TransitGateway } from "./transitGateway.ts";

/** The addresses of its own blocks that a gateway uses: whoever takes some adds itself here. */
export const gatewayAddressUsers: ((ctx: Context, gatewayId: string) => readonly string[])[] = [];

/** The addresses of its own blocks that a gateway uses, for its ends of tunnels. */
export const gatewayAddresses = (ctx: Context, gatewayId: string): Set<string> =>
  new Set(gatewayAddressUsers.flatMap((users) => users(ctx, gatewayId)));

cidrUsers.push((ctx, gatewayId, cidr) =>
  [...gatewayAddresses(ctx, gatewayId)].some((text) => {
    const address = parseAddress(text);
    return address !== undefined && contains(storedCidr(cidr), address);
  }),
);

/**
 * An address of a gateway's blocks that nothing uses.
 *
 * @param besides what else is taken
 * @throws {ApiError} InvalidParameterValue
 */
export function freeGatewayAddress(
  ctx: Context,
  { id, cidrs }: TransitGateway,
  version: Address["version"],
  what: string,
  besides: ReadonlySet<string> = new Set(),
): string {
  const taken = new Set([...gatewayAddresses(ctx, id), ...besides]);
  for (const block of cidrs.map(storedCidr)) {
    if (block.version !== version) continue;
    for (let offset = 1n; offset < sizeOf(block); offset++) {
      const text = formatAddress(addressAt(block, offset));
      if (!taken.has(text)) return text;
    }
  }
  throw new ApiError(
    "InvalidParameterValue",
    `${id} has no CIDR block with a free IPv${version} address for the ${what}.`,
  );
}
