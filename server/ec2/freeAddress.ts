import {
  contains,
  formatAddress,
  formatPrefix,
  parseAddress,
  parsePrefix,
  sizeOf,
  subnetOf,
  type Prefix,
} from "../../network/cidr.ts";
import { assignability, pickAddress } from "../../network/subnetAddresses.ts";
import { ApiError } from "../errors.ts";

/** What a subnet's interfaces have already. */
export interface TakenAddresses {
  readonly hasAddress: (address: string) => boolean;
  /** Whether an interface has this whole prefix. */
  readonly hasPrefix: (prefix: string) => boolean;
  /** Whether an interface has an address within this prefix. */
  readonly touches: (prefix: string) => boolean;
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
 * Chooses addresses in one of `blocks`.
 *
 * @param blocks the subnet's of one version; EC2 chooses from the first
 * @throws {ApiError} InvalidParameterValue for an address that the subnet cannot give, InvalidIPAddress.InUse,
 *   InsufficientFreeAddressesInSubnet
 */
function chooseAddresses(
  blocks: readonly Prefix[],
  taken: TakenAddresses,
  { named, count }: Wanted,
  below: Below,
): string[] {
  const chosen = new Set<string>();
  const isTaken = (address: string): boolean =>
    chosen.has(address) || taken.hasAddress(address) || taken.hasPrefix(delegableBlockOf(address));
  for (const text of named) {
    const address = readAddress(blocks, text);
    if (isTaken(address)) throw new ApiError("InvalidIPAddress.InUse", address);
    chosen.add(address);
  }
  for (let left = count; left > 0; left--) {
    const address = blocks[0] && pickAddress(blocks[0], isTaken, below);
    if (address === undefined) throw new ApiError("InsufficientFreeAddressesInSubnet");
    chosen.add(address);
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

/**
 * Chooses prefixes, /28 or /80, in one of `blocks`.
 *
 * @throws {ApiError} InvalidParameterValue, InvalidIPAddress.InUse, InsufficientCidrBlocks
 */
function choosePrefixes(
  blocks: readonly Prefix[],
  taken: TakenAddresses,
  { named, count }: Wanted,
  below: Below,
): string[] {
  const chosen = new Set<string>();
  const isTaken = (prefix: string): boolean =>
    chosen.has(prefix) || taken.hasPrefix(prefix) || taken.touches(prefix);
  for (const text of named) {
    const prefix = readPrefix(blocks, text);
    if (isTaken(prefix)) throw new ApiError("InvalidIPAddress.InUse", prefix);
    chosen.add(prefix);
  }
  for (let left = count; left > 0; left--) {
    const prefix = blocks[0] && pickPrefix(blocks[0], isTaken, below);
    if (prefix === undefined) throw new ApiError("InsufficientCidrBlocks");
    chosen.add(prefix);
  }
  return [...chosen];
}

/** A prefix with one of the subnet's own addresses in it cannot be given away. */
const holdsReserved = (block: Prefix, prefix: Prefix): boolean =>
  prefix.base === block.base || prefix.base + sizeOf(prefix) === block.base + sizeOf(block);

function readPrefix(blocks: readonly Prefix[], text: string): string {
  const prefix = parsePrefix(text);
  if (!prefix || prefix.length !== PREFIX_LENGTH[prefix.version] || prefix.version !== blocks[0]?.version) {
    throw invalid(`invalid value for parameter prefix: ${text}`);
  }
  const block = blocks.find((each) => contains(each, prefix));
  if (!block) throw invalid(`Prefix ${text} does not fall within the subnet's address range`);
  if (holdsReserved(block, prefix))
    throw invalid(`Prefix ${text} overlaps the subnet's reserved address range`);
  return formatPrefix(prefix);
}

/** The most places to look at: of an IPv6 subnet's prefixes, far more are free than taken. */
const MAX_PLACES = 1n << 16n;

function pickPrefix(block: Prefix, isTaken: (prefix: string) => boolean, below: Below): string | undefined {
  const length = PREFIX_LENGTH[block.version];
  if (length < block.length) return undefined;
  const all = 1n << BigInt(length - block.length);
  const places = all > MAX_PLACES ? MAX_PLACES : all;
  const start = BigInt(below(Number(places)));
  for (let step = 0n; step < places; step++) {
    const prefix = subnetOf(block, length, (start + step) % places);
    if (holdsReserved(block, prefix)) continue;
    const text = formatPrefix(prefix);
    if (!isTaken(text)) return text;
  }
  return undefined;
}

/**
 * Chooses addresses and prefixes for one interface.
 *
 * @throws {ApiError} as `chooseAddresses` and `choosePrefixes`
 */
export function chooseBoth(
  blocks: readonly Prefix[],
  taken: TakenAddresses,
  wanted: { readonly addresses: Wanted; readonly prefixes: Wanted },
  below: Below,
): { readonly addresses: string[]; readonly prefixes: string[] } {
  // Prefixes first: EC2's own choice of an address must not spoil a prefix that the call names.
  const kept = new Set(wanted.addresses.named.filter((text) => parseAddress(text)).map(delegableBlockOf));
  const touches = (prefix: string): boolean => kept.has(prefix) || taken.touches(prefix);
  const prefixes = choosePrefixes(blocks, { ...taken, touches }, wanted.prefixes, below);
  const hasPrefix = (prefix: string): boolean => prefixes.includes(prefix) || taken.hasPrefix(prefix);
  const addresses = chooseAddresses(blocks, { ...taken, hasPrefix }, wanted.addresses, below);
  return { addresses, prefixes };
}
