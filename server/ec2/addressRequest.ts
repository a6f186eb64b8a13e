import type * as Sdk from "@aws-sdk/client-ec2";
import type { Prefix } from "../../network/cidr.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import { storedCidr } from "./cidrBlock.ts";
import { chooseBoth, type Below, type TakenAddresses, type Wanted } from "./freeAddress.ts";
import type { Subnet } from "./subnet.ts";

/** The most addresses, and prefixes, of one version that an interface can have: those of the largest instance types. */
const MAX_ADDRESSES = 64;

/**
 * What a call names, and what it leaves to EC2.
 *
 * @param parameter as EC2 names the count in its message
 */
export function readWanted(
  named: readonly string[] = [],
  count: number | undefined,
  parameter: string,
): Wanted {
  if (named.length > 0 && count !== undefined && count > 0) {
    throw new ApiError(
      "InvalidParameterCombination",
      `The parameter ${parameter} cannot be used together with a list of what to assign.`,
    );
  }
  if (count !== undefined && count < 0) {
    throw new ApiError(
      "InvalidParameterValue",
      `Value (${count}) for parameter ${parameter} is invalid. It must not be negative.`,
    );
  }
  if (named.length + (count ?? 0) > MAX_ADDRESSES) throw new ApiError("PrivateIpAddressLimitExceeded");
  const twice = named.find((each, place) => named.indexOf(each) < place);
  if (twice !== undefined)
    throw new ApiError("InvalidParameterValue", `Duplicate value '${twice}' specified.`);
  return { named, count: count ?? 0 };
}

export const asksFor = ({ named, count }: Wanted): boolean => named.length + count > 0;

/** The blocks of a subnet by IP version. */
export const blocksOf = ({ cidr, ipv6 }: Subnet): { readonly 4: Prefix[]; readonly 6: Prefix[] } => ({
  4: cidr === undefined ? [] : [storedCidr(cidr)],
  6: ipv6.map((block) => storedCidr(block.cidr)),
});

/** @throws {ApiError} InvalidParameterValue if the subnet has no addresses of the version */
export function checkVersion(subnet: Subnet, version: 4 | 6): void {
  if (blocksOf(subnet)[version].length === 0) {
    throw new ApiError(
      "InvalidParameterValue",
      `The subnet '${subnet.id}' does not have an IPv${version} CIDR block associated with it.`,
    );
  }
}

/** What may be asked of a new interface's addresses. */
export type AddressRequest = Pick<
  Sdk.InstanceNetworkInterfaceSpecification,
  | "Ipv4PrefixCount"
  | "Ipv4Prefixes"
  | "Ipv6AddressCount"
  | "Ipv6Addresses"
  | "Ipv6PrefixCount"
  | "Ipv6Prefixes"
  | "PrimaryIpv6"
  | "PrivateIpAddress"
  | "PrivateIpAddresses"
  | "SecondaryPrivateIpAddressCount"
>;

interface AddressPlan {
  /** The first is the primary one. */
  readonly privateAddresses: readonly string[];
  readonly ipv4Prefixes: readonly string[];
  readonly ipv6Addresses: readonly string[];
  readonly ipv6Prefixes: readonly string[];
  readonly primaryIpv6: boolean;
}

/**
 * All addresses of a new interface.
 *
 * @param addressable false for an interface that is to have no address at all
 */
export function planAddresses(
  ctx: Context,
  subnet: Subnet,
  taken: TakenAddresses,
  asked: AddressRequest,
  addressable: boolean,
): AddressPlan {
  const below: Below = (bound) => ctx.chance.below(bound);
  const [ipv4, ipv6] = [readIpv4(asked), readIpv6(asked)];
  const wants = [ipv4, ipv6].some(({ addresses, prefixes }) => asksFor(addresses) || asksFor(prefixes));
  if (!addressable) {
    if (wants) {
      throw new ApiError(
        "InvalidParameterCombination",
        "IP addresses cannot be assigned to EFA-only network interfaces.",
      );
    }
    return {
      privateAddresses: [],
      ipv4Prefixes: [],
      ipv6Addresses: [],
      ipv6Prefixes: [],
      primaryIpv6: false,
    };
  }
  return { ...planIpv4(subnet, taken, ipv4, below), ...planIpv6(subnet, taken, ipv6, below) };
}

interface Plan {
  readonly addresses: Wanted;
  readonly prefixes: Wanted;
  /** The address that is to be the primary one, if the call says so. */
  readonly primary: string | undefined;
}

function readIpv4(asked: AddressRequest): Plan {
  const listed = asked.PrivateIpAddresses ?? [];
  const named = listed.map(({ PrivateIpAddress }) => {
    if (PrivateIpAddress === undefined) throw new ApiError("MissingParameter", "privateIpAddress");
    return PrivateIpAddress;
  });
  const primaries = listed.flatMap(({ Primary, PrivateIpAddress = "" }) =>
    Primary ? [PrivateIpAddress] : [],
  );
  if (primaries.length + (asked.PrivateIpAddress === undefined ? 0 : 1) > 1) {
    throw new ApiError(
      "InvalidParameterCombination",
      "Only one primary private IP address can be specified.",
    );
  }
  const primary = asked.PrivateIpAddress ?? primaries[0];
  const secondaries = named.filter((address) => address !== primaries[0]);
  const addresses = readWanted(
    secondaries,
    asked.SecondaryPrivateIpAddressCount,
    "secondaryPrivateIpAddressCount",
  );
  const prefixes = readWanted(
    asked.Ipv4Prefixes?.map(({ Ipv4Prefix = "" }) => Ipv4Prefix),
    asked.Ipv4PrefixCount,
    "ipv4PrefixCount",
  );
  checkApart(addresses, prefixes, "secondary private IPv4 addresses", "IPv4 prefixes");
  return { addresses, prefixes, primary };
}

function readIpv6(
  asked: AddressRequest,
): Plan & { readonly isDefault: boolean; readonly isPrimary: boolean } {
  const listed = asked.Ipv6Addresses ?? [];
  const flagged = listed.filter(({ IsPrimaryIpv6 }) => IsPrimaryIpv6);
  const addresses = readWanted(
    [...flagged, ...listed.filter((each) => !flagged.includes(each))].map(
      ({ Ipv6Address = "" }) => Ipv6Address,
    ),
    asked.Ipv6AddressCount,
    "ipv6AddressCount",
  );
  const prefixes = readWanted(
    asked.Ipv6Prefixes?.map(({ Ipv6Prefix = "" }) => Ipv6Prefix),
    asked.Ipv6PrefixCount,
    "ipv6PrefixCount",
  );
  if (flagged.length > 1) {
    throw new ApiError("InvalidParameterCombination", "Only one primary IPv6 address can be specified.");
  }
  checkApart(addresses, prefixes, "IPv6 addresses", "IPv6 prefixes");
  return {
    addresses,
    prefixes,
    primary: undefined,
    isDefault: asked.Ipv6AddressCount === undefined && !asksFor(addresses) && !asksFor(prefixes),
    isPrimary: asked.PrimaryIpv6 === true || flagged.length > 0,
  };
}

function checkApart(addresses: Wanted, prefixes: Wanted, some: string, others: string): void {
  if (asksFor(addresses) && asksFor(prefixes)) {
    throw new ApiError("InvalidParameterCombination", `You cannot specify both ${some} and ${others}.`);
  }
}

type Ipv4Plan = Pick<AddressPlan, "privateAddresses" | "ipv4Prefixes">;

function planIpv4(
  subnet: Subnet,
  taken: TakenAddresses,
  { addresses, prefixes, primary }: Plan,
  below: Below,
): Ipv4Plan {
  const blocks = blocksOf(subnet)[4];
  if (blocks.length === 0) {
    if (primary !== undefined || asksFor(addresses) || asksFor(prefixes)) checkVersion(subnet, 4);
    return { privateAddresses: [], ipv4Prefixes: [] };
  }
  const wanted =
    primary === undefined
      ? { named: addresses.named, count: addresses.count + 1 }
      : { named: [primary, ...addresses.named], count: addresses.count };
  const chosen = chooseBoth(blocks, taken, { addresses: wanted, prefixes }, below);
  // EC2's own choice comes last; if the call names none as the primary one, it is that.
  const place = primary === undefined ? addresses.named.length : 0;
  const privateAddresses = [...chosen.addresses.splice(place, 1), ...chosen.addresses];
  return { privateAddresses, ipv4Prefixes: chosen.prefixes };
}

type Ipv6Plan = Pick<AddressPlan, "ipv6Addresses" | "ipv6Prefixes" | "primaryIpv6">;

function planIpv6(
  subnet: Subnet,
  taken: TakenAddresses,
  { addresses, prefixes, isDefault, isPrimary }: ReturnType<typeof readIpv6>,
  below: Below,
): Ipv6Plan {
  const blocks = blocksOf(subnet)[6];
  if (blocks.length === 0) {
    if (isPrimary || asksFor(addresses) || asksFor(prefixes)) checkVersion(subnet, 6);
    return { ipv6Addresses: [], ipv6Prefixes: [], primaryIpv6: false };
  }
  const lacksOne = isPrimary ? !asksFor(addresses) : isDefault && subnet.assignIpv6;
  const wanted = lacksOne ? { named: [], count: 1 } : addresses;
  const chosen = chooseBoth(blocks, taken, { addresses: wanted, prefixes }, below);
  return {
    ipv6Addresses: chosen.addresses,
    ipv6Prefixes: chosen.prefixes,
    primaryIpv6: isPrimary && chosen.addresses.length > 0,
  };
}
