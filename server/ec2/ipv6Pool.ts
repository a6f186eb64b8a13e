import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Handlers } from "../kit/handlers.ts";
import { describeList } from "../kit/list.ts";

export const operations = {
  /** Pools of one's own addresses are not built, so nobody has one. */
  DescribeIpv6Pools: describeList({
    output: "Ipv6Pools",
    filters: {},
    tagged: true,
    pages: [1, 1000],
    of: ({ PoolIds }: Sdk.DescribeIpv6PoolsRequest): Sdk.Ipv6Pool[] => {
      const [first] = PoolIds ?? [];
      if (first !== undefined) throw new ApiError("InvalidIpv6PoolID.NotFound", first);
      return [];
    },
  }),
} satisfies Handlers;
