import type * as Sdk from "@aws-sdk/client-ec2";
import { contains, formatPrefix, subnetOf, type Prefix } from "../../network/cidr.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { blockOf, rangesOf } from "./byoipRange.ts";
import { readCidr } from "./cidrBlock.ts";
import { places } from "./freeAddress.ts";

interface Ipv6Pool extends ResourceRow {
  readonly description: string | undefined;
}

/** IPv6 addresses of one's own, of which VPCs can have blocks. */
export const ipv6Pools = defineResource({
  type: "ipv6pool-ec2",
  idPrefix: "ipv6pool-ec2",
  notFound: "InvalidIpv6PoolID.NotFound",
  ids: "PoolIds",
  pages: [1, 1000],
  view: ({ id, description }: Ipv6Pool, { ctx, tags }): Sdk.Ipv6Pool => ({
    PoolId: id,
    Description: description ?? "",
    PoolCidrBlocks: rangesOf(ctx, id).map((range) => ({ Cidr: range.id })),
    Tags: tags,
  }),
  filters: {},
});

/** What a VPC gets that does not say which block. */
const USUAL_LENGTH = 56;
/** "Between /44 and /60 in increments of /4." @see https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html */
const LENGTHS: ReadonlySet<number> = new Set([44, 48, 52, 56, 60]);

/**
 * A block of a pool that no VPC has.
 *
 * @param asked which one; EC2's choice if absent
 * @param isTaken whether a VPC has a part of a block
 * @throws {ApiError} InvalidIpv6PoolID.NotFound, InvalidParameterValue, InsufficientAddressCapacity
 */
export function takeIpv6Block(
  ctx: Context,
  poolId: string,
  asked: string | undefined,
  isTaken: (block: Prefix) => boolean,
): string {
  const { id } = ipv6Pools.get(ctx, poolId);
  const ranges = rangesOf(ctx, id).map(blockOf);
  if (asked !== undefined) {
    const block = readCidr(asked, "ipv6CidrBlock", 6);
    const refuse = (why: string): ApiError =>
      new ApiError(
        "InvalidParameterValue",
        `Value (${asked}) for parameter ipv6CidrBlock is invalid. ${why}`,
      );
    if (!LENGTHS.has(block.length)) {
      throw refuse("The netmask length must be between /44 and /60 in increments of /4.");
    }
    if (!ranges.some((range) => contains(range, block))) throw refuse(`The pool '${id}' does not have it.`);
    if (isTaken(block)) throw refuse("It overlaps with a CIDR block of another VPC.");
    return formatPrefix(block);
  }
  for (const range of ranges) {
    for (const place of places(1n << BigInt(USUAL_LENGTH - range.length), (bound) =>
      ctx.chance.below(bound),
    )) {
      const block = subnetOf(range, USUAL_LENGTH, place);
      if (!isTaken(block)) return formatPrefix(block);
    }
  }
  throw new ApiError("InsufficientAddressCapacity");
}

export const operations = {
  DescribeIpv6Pools: ipv6Pools.describe("Ipv6Pools"),
} satisfies Handlers;
