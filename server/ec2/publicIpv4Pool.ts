import type * as Sdk from "@aws-sdk/client-ec2";
import { addressAt, contains, formatAddress, parseAddress, sizeOf } from "../../network/cidr.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { blockOf, byoipRangeTable, rangesOf, type ByoipRange } from "./byoipRange.ts";
import { readCidr } from "./cidrBlock.ts";
import { publicAddressTable } from "./publicAddress.ts";

interface PublicIpv4Pool extends ResourceRow {
  readonly description: string | undefined;
}

function viewRange(ctx: Context, range: ByoipRange) {
  const block = blockOf(range);
  const size = sizeOf(block);
  const taken = ctx.unit
    .table(publicAddressTable)
    .by("pool", range.poolId)
    .filter(({ id }) => contains(block, parseAddress(id) ?? block)).length;
  return {
    FirstAddress: formatAddress(addressAt(block, 0n)),
    LastAddress: formatAddress(addressAt(block, size - 1n)),
    AddressCount: Number(size),
    AvailableAddressCount: Number(size) - taken,
  } satisfies Sdk.PublicIpv4PoolRange;
}

/** Public addresses of one's own, of which elastic ones can be allocated. */
export const publicIpv4Pools = defineResource({
  type: "ipv4pool-ec2",
  idPrefix: "ipv4pool-ec2",
  notFound: "InvalidPublicIpv4PoolID.NotFound",
  ids: "PoolIds",
  pages: [1, 10],
  view: ({ id, description }: PublicIpv4Pool, { ctx, tags }): Sdk.PublicIpv4Pool => {
    const ranges = rangesOf(ctx, id).map((range) => viewRange(ctx, range));
    return {
      PoolId: id,
      Description: description ?? "",
      PoolAddressRanges: ranges,
      TotalAddressCount: ranges.reduce((sum, { AddressCount }) => sum + AddressCount, 0),
      TotalAvailableAddressCount: ranges.reduce((sum, range) => sum + range.AvailableAddressCount, 0),
      NetworkBorderGroup: ctx.region,
      Tags: tags,
    };
  },
  filters: {},
});

/** @throws {ApiError} InvalidParameterValue for anything but the region, of which there are no further locations here */
export function checkBorderGroup(ctx: Context, asked: string | undefined): void {
  if (asked === undefined || asked === ctx.region) return;
  throw new ApiError(
    "InvalidParameterValue",
    `Value (${asked}) for parameter networkBorderGroup is invalid.`,
  );
}

export const partly = {
  DeprovisionPublicIpv4PoolCidr: "there is no IPAM that could have provisioned a block: it is always refused",
  ProvisionPublicIpv4PoolCidr: "there is no IPAM, and so no pool of its own to provision from",
};

export const operations = {
  /** One without addresses, for IPAM to provision to. */
  CreatePublicIpv4Pool: ({ NetworkBorderGroup, TagSpecifications }, ctx) => {
    checkBorderGroup(ctx, NetworkBorderGroup);
    return { PoolId: publicIpv4Pools.create(ctx, { description: undefined }, TagSpecifications).id };
  },

  DeletePublicIpv4Pool: ({ NetworkBorderGroup, PoolId }, ctx) => {
    const { id } = publicIpv4Pools.get(ctx, PoolId);
    checkBorderGroup(ctx, NetworkBorderGroup);
    if (ctx.unit.table(byoipRangeTable).count("pool", id) > 0) {
      throw new ApiError("DependencyViolation", `The pool '${id}' has address ranges and cannot be deleted.`);
    }
    publicIpv4Pools.delete(ctx, id);
    return { ReturnValue: true };
  },

  DeprovisionPublicIpv4PoolCidr: ({ Cidr, PoolId }, ctx) => {
    const { id } = publicIpv4Pools.get(ctx, PoolId);
    readCidr(Cidr, "cidr", 4);
    throw new ApiError(
      "InvalidParameterValue",
      `Value (${Cidr}) for parameter cidr is invalid. No IPAM pool has provisioned it to the pool '${id}'.`,
    );
  },

  DescribePublicIpv4Pools: publicIpv4Pools.describe("PublicIpv4Pools"),

  ProvisionPublicIpv4PoolCidr: ({ IpamPoolId, NetworkBorderGroup, PoolId }, ctx) => {
    publicIpv4Pools.get(ctx, PoolId);
    checkBorderGroup(ctx, NetworkBorderGroup);
    throw new ApiError("InvalidIpamPoolId.NotFound", IpamPoolId);
  },
} satisfies Handlers;
