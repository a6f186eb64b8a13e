import { Address4, Address6 } from "ip-address";

/** An IPv4 or IPv6 address: its version and its number. */
export interface Address {
  readonly version: 4 | 6;
  readonly value: bigint;
}

/** An address block: the addresses whose first `length` bits are those of `base`. */
export interface Prefix {
  readonly version: 4 | 6;
  /** The first address; all bits after `length` are zero. */
  readonly base: bigint;
  readonly length: number;
}

const bitsOf = (version: 4 | 6): number => (version === 4 ? 32 : 128);

/** Reads `10.0.0.1` or `2001:db8::1`, with nothing around it. */
export function parseAddress(text: string): Address | undefined {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text) && Address4.isValid(text)) {
    return { version: 4, value: new Address4(text).bigInt() };
  }
  if (/^[0-9a-f:.]{2,45}$/i.test(text) && text.includes(":") && Address6.isValid(text)) {
    return { version: 6, value: new Address6(text).bigInt() };
  }
  return undefined;
}

/** Reads `10.0.0.0/16`; bits after the prefix length are cleared, as EC2 does. */
export function parsePrefix(text: string): Prefix | undefined {
  const [, address, digits] = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text) ?? [];
  const parsed = address === undefined ? undefined : parseAddress(address);
  const length = Number(digits);
  if (!parsed || length > bitsOf(parsed.version)) return undefined;
  const { version, value } = parsed;
  const host = BigInt(bitsOf(version) - length);
  return { version, base: (value >> host) << host, length };
}

export function formatAddress({ version, value }: Address): string {
  if (version === 6) return Address6.fromBigInt(value).correctForm();
  const bits = Number(value);
  return `${bits >>> 24}.${(bits >>> 16) & 255}.${(bits >>> 8) & 255}.${bits & 255}`;
}

export const formatPrefix = ({ version, base, length }: Prefix): string =>
  `${formatAddress({ version, value: base })}/${length}`;

/** How many addresses the block has. */
export const sizeOf = ({ version, length }: Prefix): bigint => 1n << BigInt(bitsOf(version) - length);

/** The address `offset` after the first of the block. */
export const addressAt = (prefix: Prefix, offset: bigint): Address => ({
  version: prefix.version,
  value: prefix.base + offset,
});

export const contains = (outer: Prefix, inner: Prefix | Address): boolean => {
  if (outer.version !== inner.version) return false;
  const base = "base" in inner ? inner.base : inner.value;
  const length = "length" in inner ? inner.length : bitsOf(inner.version);
  const host = BigInt(bitsOf(outer.version) - outer.length);
  return length >= outer.length && base >> host === outer.base >> host;
};

export const overlaps = (a: Prefix, b: Prefix): boolean => contains(a, b) || contains(b, a);

/** The `index`th block of `length` within `outer`. */
export const subnetOf = (outer: Prefix, length: number, index: bigint): Prefix => ({
  version: outer.version,
  base: outer.base + (index << BigInt(bitsOf(outer.version) - length)),
  length,
});
