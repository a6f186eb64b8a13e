import { formatIp, isIpv4, lastOf, type Block, type Ip } from "../ip.ts";
import { merged, type Range } from "./headerSet.ts";

/** An IPv4 address as the header sets count it. */
export const numberOf = (address: number): number => address >>> 0;

/** The addresses of IPv4 blocks; the analyzers, as EC2's, look at no IPv6. */
export const rangesOf = (blocks: readonly Block[]): Range[] =>
  blocks.flatMap((block) => {
    const last = lastOf(block);
    return isIpv4(block.base) && isIpv4(last) ? [{ first: numberOf(block.base), last: numberOf(last) }] : [];
  });

export const rangesOfAddresses = (addresses: readonly Ip[]): Range[] =>
  merged(addresses.filter(isIpv4).map((address) => ({ first: numberOf(address), last: numberOf(address) })));

export const sizeOf = (ranges: readonly Range[]): number =>
  ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);

/** Every address of some ranges, as the fabric has it. */
export function* addressesIn(ranges: readonly Range[]): Iterable<number> {
  for (const { first, last } of ranges) for (let each = first; each <= last; each++) yield each | 0;
}

/** The fewest blocks that are a range, in CIDR notation. */
export function cidrsOf({ first, last }: Range): string[] {
  const cidrs: string[] = [];
  for (let base = first; base <= last;) {
    let length = 32;
    // As large as the base is aligned to, and as there is room for.
    while (length > 0 && base % 2 ** (33 - length) === 0 && base + 2 ** (33 - length) - 1 <= last) length--;
    cidrs.push(`${formatIp(base | 0)}/${length}`);
    base += 2 ** (32 - length);
  }
  return cidrs;
}
