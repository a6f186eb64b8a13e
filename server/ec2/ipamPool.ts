import { ApiError } from "../errors.ts";

interface PoolRequest {
  readonly Ipv4IpamPoolId?: string | undefined;
  readonly Ipv4NetmaskLength?: number | undefined;
  readonly Ipv6IpamPoolId?: string | undefined;
  readonly Ipv6NetmaskLength?: number | undefined;
  readonly Ipv6Pool?: string | undefined;
}

/**
 * Refuses blocks out of IPAM pools and pools of one's own: they are not built, so nobody can have one.
 *
 * @throws {ApiError} InvalidIpamPoolId.NotFound, InvalidIpv6PoolID.NotFound, InvalidParameterCombination for the length
 *   of a block without the pool that it is to come from
 */
export function refusePools(asked: PoolRequest): void {
  const pool = asked.Ipv4IpamPoolId ?? asked.Ipv6IpamPoolId;
  if (pool !== undefined) throw new ApiError("InvalidIpamPoolId.NotFound", pool);
  if (asked.Ipv6Pool !== undefined) throw new ApiError("InvalidIpv6PoolID.NotFound", asked.Ipv6Pool);
  for (const version of ["Ipv4", "Ipv6"] as const) {
    if (asked[`${version}NetmaskLength`] !== undefined) {
      throw new ApiError(
        "InvalidParameterCombination",
        `The parameter ${version}NetmaskLength can be used only with the parameter ${version}IpamPoolId.`,
      );
    }
  }
}
