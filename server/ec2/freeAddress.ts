import {
  addressAt,
  contains,
  formatAddress,
  formatPrefix,
  overlaps,
  parseAddress,
  parsePrefix,
  sizeOf,
  subnetOf,
  type Address,
  type Prefix,
} from "../../network/cidr.ts";
import { assignability } from "../../network/subnetAddresses.ts";
import { ApiError } from "../errors.ts";

/** A part of a subnet that EC2 leaves alone when it chooses; what a call names may be in it. */
interface Reserved {
  readonly block: Prefix;
  /** EC2 takes the prefixes that it chooses from here first. */
  readonly forPrefixes: boolean;
}

/** What a subnet's interfaces have already, and what is kept from EC2's choice. */
export interface TakenAddresses {
  readonly hasAddress: (address: string) => boolean;
  /** Whether an interface has this whole prefix. */
  readonly hasPrefix: (prefix: string) => boolean;
  /** Whether an interface has an address within this prefix. */
  readonly touches: (prefix: string) => boolean;
  readonly reserved: readonly Reserved[];
}

/** What a call asks for: addresses, or prefixes, by name, and how many more of EC2's choice. */
export interface Wanted {
  readonly named: readonly string[];
  readonly count: number;
}

/** A random integer from 0 to `bound` − 1. */
export type Below = (bound: number) => number;

/**
 * The length of the prefixes that an interface can have instead of single addresses.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-prefix-eni.html
 */
const PREFIX_LENGTH = { 4: 28, 6: 80 } as const;

const invalid = (message: string): ApiError => new ApiError("InvalidParameterValue", message);

/** The prefix that an address could be delegated with. */
export function delegableBlockOf(address: string): string {
  const parsed = parseAddress(address);
  if (!parsed) throw new TypeError(`not an address: ${address}`);
  const { version, value } = parsed;
  const length = PREFIX_LENGTH[version];
  const host = BigInt((version === 4 ? 32 : 128) - length);
  return formatPrefix({ version, base: (value >> host) << host, length });
}

/**
 * What a call names, and as many more of EC2's choice.
 *
 * @param read as it is written shortest
 * @param pick one that is not taken; undefined if there is none
 * @param exhausted thrown then
 * @throws {ApiError} InvalidIPAddress.InUse
 */
function choose(
  { named, count }: Wanted,
  taken: (text: string) => boolean,
  read: (text: string) => string,
  pick: (isTaken: (text: string) => boolean) => string | undefined,
  exhausted: "InsufficientFreeAddressesInSubnet" | "InsufficientCidrBlocks",
): string[] {
  const chosen = new Set<string>();
  const isTaken = (text: string): boolean => chosen.has(text) || taken(text);
  for (const each of named) {
    const text = read(each);
    if (isTaken(text)) throw new ApiError("InvalidIPAddress.InUse", text);
    chosen.add(text);
  }
  for (let left = count; left > 0; left--) {
    const text = pick(isTaken);
    if (text === undefined) throw new ApiError(exhausted);
    chosen.add(text);
  }
  return [...chosen];
}

/** Reads an address that a caller names, in its shortest form. */
function readAddress(blocks: readonly Prefix[], text: string): string {
  const address = parseAddress(text);
  if (!address || address.version !== blocks[0]?.version) {
    throw invalid(`invalid value for parameter address: ${text}`);
  }
  const block = blocks.find((each) => contains(each, address));
  if (!block) throw invalid(`Address ${text} does not fall within the subnet's address range`);
  if (assignability(block, text) === "reserved") {
    throw invalid(`Address ${text} is in subnet's reserved address range`);
  }
  return formatAddress(address);
}

/** A prefix with one of the network's own addresses in it cannot be given away. */
const holdsOwn = (block: Prefix, prefix: Prefix): boolean =>
  prefix.base === block.base || prefix.base + sizeOf(prefix) === block.base + sizeOf(block);

function readPrefix(blocks: readonly Prefix[], text: string): string {
  const prefix = parsePrefix(text);
  if (!prefix || prefix.length !== PREFIX_LENGTH[prefix.version] || prefix.version !== blocks[0]?.version) {
    throw invalid(`invalid value for parameter prefix: ${text}`);
  }
  const block = blocks.find((each) => contains(each, prefix));
  if (!block) throw invalid(`Prefix ${text} does not fall within the subnet's address range`);
  if (holdsOwn(block, prefix)) {
    throw invalid(`Prefix ${text} overlaps the subnet's reserved address range`);
  }
  return formatPrefix(prefix);
}

/** The most places to look at: all of an IPv4 subnet; of an IPv6 one, far more are free than taken. */
const MAX_PLACES = 1n << 16n;

/** Odd, so that steps of it come by every place; large, so that they soon leave a part that is full. */
const STRIDE = 0x9e37_79b9_7f4a_7c15n;

/**
 * Where to look for something free: from a random place on, so that it costs the same in an empty subnet, or pool, and
 * in a busy one, and what was just released is not the next to be given out.
 *
 * @param count a power of two
 */
export function* places(count: bigint, below: Below): Iterable<bigint> {
  const start = (BigInt(below(2 ** 32)) << 32n) | BigInt(below(2 ** 32));
  const most = count < MAX_PLACES ? count : MAX_PLACES;
  for (let step = 0n; step < most; step++) yield (start + step * STRIDE) % count;
}

const isReserved = (reserved: readonly Reserved[], part: Prefix | Address): boolean =>
  reserved.some(({ block }) => ("length" in part ? overlaps(block, part) : contains(block, part)));

function pickAddress(
  subnet: Prefix,
  reserved: readonly Reserved[],
  isTaken: (address: string) => boolean,
  below: Below,
): string | undefined {
  for (const place of places(sizeOf(subnet), below)) {
    const address = addressAt(subnet, place);
    if (isReserved(reserved, address)) continue;
    const text = formatAddress(address);
    if (assignability(subnet, text) === "free" && !isTaken(text)) return text;
  }
  return undefined;
}

/** @see https://docs.aws.amazon.com/vpc/latest/userguide/subnet-cidr-reservation.html */
function pickPrefix(
  subnet: Prefix,
  reserved: readonly Reserved[],
  isTaken: (prefix: string) => boolean,
  below: Below,
): string | undefined {
  const length = PREFIX_LENGTH[subnet.version];
  const set = reserved.filter(({ block, forPrefixes }) => forPrefixes && contains(subnet, block));
  const sources = [...set.map(({ block }) => ({ block, avoided: [] })), { block: subnet, avoided: reserved }];
  for (const { block, avoided } of sources) {
    if (length < block.length) continue;
    for (const place of places(1n << BigInt(length - block.length), below)) {
      const prefix = subnetOf(block, length, place);
      if (holdsOwn(subnet, prefix) || isReserved(avoided, prefix)) continue;
      const text = formatPrefix(prefix);
      if (!isTaken(text)) return text;
    }
  }
  return undefined;
}

/**
 * Chooses addresses and prefixes, /28 or /80, for one interface.
 *
 * @param blocks the subnet's of one version; EC2 chooses from the first
 * @throws {ApiError} InvalidParameterValue for what the subnet cannot give, InvalidIPAddress.InUse,
 *   InsufficientFreeAddressesInSubnet, InsufficientCidrBlocks
 */
export function chooseBoth(
  blocks: readonly Prefix[],
  taken: TakenAddresses,
  wanted: { readonly addresses: Wanted; readonly prefixes: Wanted },
  below: Below,
): { readonly addresses: string[]; readonly prefixes: string[] } {
  const [first] = blocks;
  // Prefixes first: EC2's own choice of an address must not spoil a prefix that the call names.
  const kept = new Set(wanted.addresses.named.filter((text) => parseAddress(text)).map(delegableBlockOf));
  const prefixes = choose(
    wanted.prefixes,
    (prefix) => kept.has(prefix) || taken.hasPrefix(prefix) || taken.touches(prefix),
    (text) => readPrefix(blocks, text),
    (isTaken) => first && pickPrefix(first, taken.reserved, isTaken, below),
    "InsufficientCidrBlocks",
  );
  const inPrefix = (block: string): boolean => prefixes.includes(block) || taken.hasPrefix(block);
  const addresses = choose(
    wanted.addresses,
    (address) => taken.hasAddress(address) || inPrefix(delegableBlockOf(address)),
    (text) => readAddress(blocks, text),
    (isTaken) => first && pickAddress(first, taken.reserved, isTaken, below),
    "InsufficientFreeAddressesInSubnet",
  );
  return { addresses, prefixes };
}
