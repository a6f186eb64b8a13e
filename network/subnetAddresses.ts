import {
  addressAt,
  contains,
  formatAddress,
  parseAddress,
  sizeOf,
  type Address,
  type Prefix,
} from "./cidr.ts";

/**
 * The first four and the last address of an IPv4 subnet are the network's own: network, router, DNS, future use,
 * broadcast. Of an IPv6 subnet likewise the first four and the last.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
 */
const RESERVED_FIRST = 4n;
const RESERVED_LAST = 1n;

/** The addresses that are the network's own. */
export const ownAddresses = (subnet: Prefix): Address[] => [
  ...Array.from({ length: Number(RESERVED_FIRST) }, (_, offset) => addressAt(subnet, BigInt(offset))),
  addressAt(subnet, sizeOf(subnet) - RESERVED_LAST),
];

/** How many addresses of the subnet can be given to interfaces. */
export const usable = (subnet: Prefix): bigint => sizeOf(subnet) - RESERVED_FIRST - RESERVED_LAST;

export type Assignability = "free" | "malformed" | "outside" | "reserved";

/** Whether an interface of the subnet may have this address, as far as the subnet alone decides. */
export function assignability(subnet: Prefix, text: string): Assignability {
  const address = parseAddress(text);
  if (!address || address.version !== subnet.version) return "malformed";
  if (!contains(subnet, address)) return "outside";
  const offset = address.value - subnet.base;
  return offset < RESERVED_FIRST || offset >= sizeOf(subnet) - RESERVED_LAST ? "reserved" : "free";
}

/**
 * A free address of the subnet: from a random place on the first that is not taken, so that it costs the same in an
 * empty subnet and in a busy one, and one that was just released is not the next to be given out.
 *
 * @param below a random integer from 0 to its argument − 1 (at most 2³²)
 * @returns undefined when every address is taken
 */
export function pickAddress(
  subnet: Prefix,
  taken: (address: string) => boolean,
  below: (bound: number) => number,
): string | undefined {
  const places = usable(subnet);
  const span = places > 2n ** 32n ? 2n ** 32n : places;
  const start = BigInt(below(Number(span)));
  for (let step = 0n; step < span; step++) {
    const offset = RESERVED_FIRST + ((start + step) % span);
    const address = formatAddress(addressAt(subnet, offset));
    if (!taken(address)) return address;
  }
  return undefined;
}
