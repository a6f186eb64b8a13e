import { ApiError } from "../errors.ts";

interface PoolRequest {
  readonly Ipv4IpamPoolId?: string | undefined;
  readonly Ipv4NetmaskLength?: number | undefined;
  readonly Ipv6IpamPoolId?: string | undefined;
  readonly Ipv6NetmaskLength?: number | undefined;
}

/**
 * Refuses blocks out of IPAM pools: they are not built, so nobody can have one.
 *
 * @throws {ApiError} InvalidIpamPoolId.NotFound, InvalidParameterCombination for the length of a block without the pool
 *   that it is to come from
 */
export function refusePools(asked: PoolRequest): void {
  const pool = asked.Ipv4IpamPoolId ?? asked.Ipv6IpamPoolId;
  if (pool !== undefined) throw new ApiError("InvalidIpamPoolId.NotFound", pool);
  for (const version of ["Ipv4", "Ipv6"] as const) {
    if (asked[`${version}NetmaskLength`] !== undefined) {
      throw new ApiError(
        "InvalidParameterCombination",
        `The parameter ${version}NetmaskLength can be used only with the parameter ${version}IpamPoolId.`,
      );
    }
  }
}
