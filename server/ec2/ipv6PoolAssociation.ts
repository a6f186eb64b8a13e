import type { GetAssociatedIpv6PoolCidrsRequest, Ipv6CidrAssociation } from "@aws-sdk/client-ec2";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { describeList } from "../kit/list.ts";
import { ipv6Pools } from "./ipv6Pool.ts";
import { vpcs } from "./vpc.ts";

/** The blocks of a pool that VPCs have. */
function associationsOf(ctx: Context, poolId: string): Ipv6CidrAssociation[] {
  return vpcs
    .by(ctx, "ipv6Pool", poolId)
    .flatMap(({ id, ipv6 }) =>
      ipv6
        .filter((block) => block.poolId === poolId)
        .map(({ cidr }) => ({ Ipv6Cidr: cidr, AssociatedResource: id })),
    );
}

export const operations = {
  GetAssociatedIpv6PoolCidrs: describeList({
    output: "Ipv6CidrAssociations",
    filters: {},
    pages: [1, 1000],
    of: ({ PoolId = "" }: GetAssociatedIpv6PoolCidrsRequest, ctx) =>
      associationsOf(ctx, ipv6Pools.get(ctx, PoolId).id),
  }),
} satisfies Handlers;
