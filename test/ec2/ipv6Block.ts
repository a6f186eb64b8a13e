import { formatPrefix, parsePrefix } from "../../network/cidr.ts";

/** A part of a VPC's IPv6 block, a /56, by the last two digits that are its own: `f0` for its 240th /64. */
export function partOf(vpcBlock: string | undefined, digits: string, length = 64): string {
  const whole = parsePrefix(vpcBlock ?? "");
  if (!whole) throw new TypeError("the VPC has no IPv6 block");
  return formatPrefix({ version: 6, base: whole.base + (BigInt(`0x${digits}`) << 64n), length });
}
