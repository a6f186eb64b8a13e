import { formatAddress, formatPrefix, parseAddress, parsePrefix } from "../../network/cidr.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { asksFor, blocksOf, checkVersion, readWanted } from "./addressRequest.ts";
import { chooseBoth, type Wanted } from "./freeAddress.ts";
import { checkAddressLimit } from "./networkInterfaceAttachment.ts";
import { getChangeable, networkInterfaces, takenIn, type NetworkInterface } from "./networkInterface.ts";
import { mapPublicAddress, publicAddressesOf, unmapPublicAddress } from "./publicAddress.ts";
import { subnets } from "./subnet.ts";

const without = (all: readonly string[], gone: readonly string[]): string[] =>
  all.filter((each) => !gone.includes(each));

interface Additions {
  readonly addresses: Wanted;
  readonly prefixes: Wanted;
}

/** Chooses what an interface is to have besides what it has. */
function choose(ctx: Context, eni: NetworkInterface, version: 4 | 6, wanted: Additions) {
  const subnet = subnets.get(ctx, eni.subnetId);
  if (!asksFor(wanted.addresses) && !asksFor(wanted.prefixes)) {
    throw new ApiError("MissingParameter", version === 4 ? "privateIpAddress" : "ipv6Addresses");
  }
  checkVersion(subnet, version);
  if (eni.interfaceType === "efa-only") {
    throw new ApiError(
      "InvalidParameterCombination",
      "IP addresses cannot be assigned to EFA-only network interfaces.",
    );
  }
  const below = (bound: number): number => ctx.chance.below(bound);
  return chooseBoth(blocksOf(subnet)[version], takenIn(ctx, subnet), wanted, below);
}

/**
 * Takes secondary addresses away from the other interfaces of the subnet that have them; the elastic addresses that
 * lead to them move along.
 *
 * @throws {ApiError} InvalidIPAddress.InUse for the primary address of another interface
 */
function takeOver(ctx: Context, eni: NetworkInterface, addresses: readonly string[]): void {
  for (const address of addresses) {
    const [holder] = networkInterfaces.by(ctx, "address", `${eni.subnetId}/${address}`);
    if (!holder) continue;
    if (holder.account !== ctx.account || holder.privateAddresses[0] === address) {
      throw new ApiError("InvalidIPAddress.InUse", address);
    }
    networkInterfaces.update(ctx, holder.id, {
      privateAddresses: without(holder.privateAddresses, [address]),
    });
    for (const leading of publicAddressesOf(ctx, holder.id)) {
      if (leading.mapping?.privateAddress !== address) continue;
      const { associationId } = leading.mapping;
      mapPublicAddress(ctx, leading, {
        networkInterfaceId: eni.id,
        privateAddress: address,
        associationId,
      });
    }
  }
}

const notAssigned = (what: readonly string[], { id }: NetworkInterface): ApiError =>
  new ApiError("InvalidParameterValue", `Some of [${what.join(", ")}] are not assigned to interface ${id}`);

/** What an interface has of the named, in the form it is kept in. */
function owned(eni: NetworkInterface, has: readonly string[], named: readonly string[] = []): string[] {
  const shortest = named.map((text) => {
    const [address, prefix] = [parseAddress(text), parsePrefix(text)];
    if (!address && !prefix) {
      throw new ApiError("InvalidParameterValue", `invalid value for parameter address: ${text}`);
    }
    return address ? formatAddress(address) : prefix ? formatPrefix(prefix) : text;
  });
  const missing = shortest.filter((each) => !has.includes(each));
  if (missing.length > 0) throw notAssigned(missing, eni);
  return shortest;
}

export const operations = {
  AssignIpv6Addresses: (input, ctx) => {
    const eni = getChangeable(ctx, input.NetworkInterfaceId);
    const wanted = {
      addresses: readWanted(input.Ipv6Addresses, input.Ipv6AddressCount, "ipv6AddressCount"),
      prefixes: readWanted(input.Ipv6Prefixes, input.Ipv6PrefixCount, "ipv6PrefixCount"),
    };
    const { addresses, prefixes } = choose(ctx, eni, 6, wanted);
    const row = networkInterfaces.update(ctx, eni.id, {
      ipv6Addresses: [...eni.ipv6Addresses, ...addresses],
      ipv6Prefixes: [...eni.ipv6Prefixes, ...prefixes],
    });
    checkAddressLimit(ctx, row);
    return { NetworkInterfaceId: eni.id, AssignedIpv6Addresses: addresses, AssignedIpv6Prefixes: prefixes };
  },

  AssignPrivateIpAddresses: (input, ctx) => {
    const eni = getChangeable(ctx, input.NetworkInterfaceId);
    const asked = readWanted(
      input.PrivateIpAddresses,
      input.SecondaryPrivateIpAddressCount,
      "secondaryPrivateIpAddressCount",
    );
    const prefixes = readWanted(input.Ipv4Prefixes, input.Ipv4PrefixCount, "ipv4PrefixCount");
    // Who may take an address from others may also ask for what is here already.
    const here = input.AllowReassignment ? eni.privateAddresses.slice(1) : [];
    const kept = asked.named.filter((address) => here.includes(address));
    const addresses = { named: without(asked.named, kept), count: asked.count };
    if (input.AllowReassignment) takeOver(ctx, eni, addresses.named);
    const chosen =
      kept.length > 0 && addresses.named.length === 0 && !asksFor(prefixes)
        ? { addresses: [], prefixes: [] }
        : choose(ctx, eni, 4, { addresses, prefixes });
    const row = networkInterfaces.update(ctx, eni.id, {
      privateAddresses: [...eni.privateAddresses, ...chosen.addresses],
      ipv4Prefixes: [...eni.ipv4Prefixes, ...chosen.prefixes],
    });
    checkAddressLimit(ctx, row);
    return {
      NetworkInterfaceId: eni.id,
      AssignedPrivateIpAddresses: [...kept, ...chosen.addresses].map((PrivateIpAddress) => ({
        PrivateIpAddress,
      })),
      AssignedIpv4Prefixes: chosen.prefixes.map((Ipv4Prefix) => ({ Ipv4Prefix })),
    };
  },

  UnassignIpv6Addresses: ({ NetworkInterfaceId, Ipv6Addresses, Ipv6Prefixes }, ctx) => {
    const eni = getChangeable(ctx, NetworkInterfaceId);
    const addresses = owned(eni, eni.ipv6Addresses, Ipv6Addresses);
    const prefixes = owned(eni, eni.ipv6Prefixes, Ipv6Prefixes);
    if (addresses.length + prefixes.length === 0) throw new ApiError("MissingParameter", "ipv6Addresses");
    const [primary] = eni.ipv6Addresses;
    if (eni.primaryIpv6 && primary !== undefined && addresses.includes(primary)) {
      throw new ApiError(
        "InvalidParameterValue",
        `The primary IPv6 address ${primary} cannot be unassigned.`,
      );
    }
    networkInterfaces.update(ctx, eni.id, {
      ipv6Addresses: without(eni.ipv6Addresses, addresses),
      ipv6Prefixes: without(eni.ipv6Prefixes, prefixes),
    });
    return {
      NetworkInterfaceId: eni.id,
      UnassignedIpv6Addresses: addresses,
      UnassignedIpv6Prefixes: prefixes,
    };
  },

  UnassignPrivateIpAddresses: ({ NetworkInterfaceId, PrivateIpAddresses, Ipv4Prefixes }, ctx) => {
    const eni = getChangeable(ctx, NetworkInterfaceId);
    const addresses = owned(eni, eni.privateAddresses, PrivateIpAddresses);
    const prefixes = owned(eni, eni.ipv4Prefixes, Ipv4Prefixes);
    if (addresses.length + prefixes.length === 0) throw new ApiError("MissingParameter", "privateIpAddress");
    const [primary] = eni.privateAddresses;
    if (primary !== undefined && addresses.includes(primary)) {
      throw new ApiError(
        "InvalidParameterValue",
        `The primary private IP address ${primary} cannot be unassigned.`,
      );
    }
    networkInterfaces.update(ctx, eni.id, {
      privateAddresses: without(eni.privateAddresses, addresses),
      ipv4Prefixes: without(eni.ipv4Prefixes, prefixes),
    });
    for (const address of publicAddressesOf(ctx, eni.id)) {
      if (addresses.includes(address.mapping?.privateAddress ?? "")) unmapPublicAddress(ctx, address);
    }
    return {};
  },
} satisfies Handlers;
