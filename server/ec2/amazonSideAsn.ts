import { ApiError } from "../errors.ts";

/** Of AWS's side, where nobody says another. */
export const STANDARD_ASN = 64_512;

/**
 * The number of the autonomous system that a gateway is in BGP.
 *
 * @throws {ApiError} InvalidParameterValue for a number that is not for private use
 */
export function readAmazonSideAsn(asn = STANDARD_ASN): number {
  const isPrivate = (asn >= 64_512 && asn <= 65_534) || (asn >= 4_200_000_000 && asn <= 4_294_967_294);
  if (isPrivate) return asn;
  throw new ApiError(
    "InvalidParameterValue",
    `Value (${asn}) for parameter amazonSideAsn is invalid. It must be between 64512 and 65534 or between 4200000000 and 4294967294.`,
  );
}
