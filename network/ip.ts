import { formatAddress, parseAddress, parsePrefix, type Address } from "./cidr.ts";

/**
 * An address as the packet path has it: IPv4 in 32 bits, two's complement, so that it is a small integer to the engine
 * and masks are one operation; IPv6 in a bigint. The type tells the version.
 */
export type Ip = number | bigint;

/** The addresses whose first `length` bits are those of `base`; all bits of `base` behind them are zero. */
export interface Block {
  readonly base: Ip;
  readonly length: number;
}

/** By prefix length: the bits that count of an IPv4 address. */
export const MASKS: readonly number[] = Array.from({ length: 33 }, (_, length) =>
  length === 0 ? 0 : -1 << (32 - length),
);

export const isIpv4 = (ip: Ip): ip is number => typeof ip === "number";

const fromAddress = ({ version, value }: Address): Ip => (version === 4 ? Number(value) | 0 : value);

const toAddress = (ip: Ip): Address =>
  typeof ip === "number" ? { version: 4, value: BigInt(ip >>> 0) } : { version: 6, value: ip };

/** Reads `10.0.0.1` or `2001:db8::1`. */
export function parseIp(text: string): Ip | undefined {
  const address = parseAddress(text);
  return address && fromAddress(address);
}

export const formatIp = (ip: Ip): string => formatAddress(toAddress(ip));

/** Reads `10.0.0.0/16`; bits behind the prefix length are cleared. */
function parseBlock(text: string): Block | undefined {
  const prefix = parsePrefix(text);
  return (
    prefix && {
      base: fromAddress({ version: prefix.version, value: prefix.base }),
      length: prefix.length,
    }
  );
}

export const formatBlock = ({ base, length }: Block): string => `${formatIp(base)}/${length}`;

/** A constant of the code. @throws {RangeError} if it is none */
export function block(text: string): Block {
  const parsed = parseBlock(text);
  if (!parsed) throw new RangeError(`${text} is no address block`);
  return parsed;
}

/** A constant of the code. @throws {RangeError} if it is none */
export function ip(text: string): Ip {
  const parsed = parseIp(text);
  if (parsed === undefined) throw new RangeError(`${text} is no address`);
  return parsed;
}

/** The first address of the block of this length around an address. */
export function baseOf(address: Ip, length: number): Ip {
  if (typeof address === "number") return address & (MASKS[length] ?? -1);
  const host = BigInt(128 - length);
  return (address >> host) << host;
}

export function within({ base, length }: Block, address: Ip): boolean {
  if (typeof address === "number") {
    return typeof base === "number" && (address & (MASKS[length] ?? -1)) === base;
  }
  return typeof base === "bigint" && baseOf(address, length) === base;
}

/** Whether all addresses of `inner` are in `outer`. */
export const holds = (outer: Block, inner: Block): boolean =>
  inner.length >= outer.length && within(outer, inner.base);

/** The address `offset` after another. */
export const plus = (address: Ip, offset: number): Ip =>
  typeof address === "number" ? (address + offset) | 0 : address + BigInt(offset);

/** The last address of a block. */
export function lastOf({ base, length }: Block): Ip {
  if (typeof base === "number") return base | ~(MASKS[length] ?? -1);
  return base + (1n << BigInt(128 - length)) - 1n;
}
