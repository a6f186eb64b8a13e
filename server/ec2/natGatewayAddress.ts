import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { checkQuota, declareQuota } from "../kit/quotas.ts";
import { addresses } from "./address.ts";
import { blocksOf, readWanted } from "./addressRequest.ts";
import { chooseBoth, type Wanted } from "./freeAddress.ts";
import { leadingTo, natGateways, viewAddresses, type NatAddress, type NatGateway } from "./natGateway.ts";
import { networkInterfaces, takenIn } from "./networkInterface.ts";
import { subnets } from "./subnet.ts";
import { readZone } from "./zone.ts";

/** "Up to 8 IPv4 addresses": one primary and seven secondary ones. */
const MAX_ADDRESSES = 8;

/** "Up to 32 IP addresses per Availability Zone." */
const MAX_ZONE_ADDRESSES = 32;

/** Seconds that EC2 takes until a new address can be used. */
const SETTLING_SECONDS = 30;

/** How long connections of an address may go on that is taken away, unless the call says otherwise: seconds. */
const DRAIN_SECONDS = 350;
const MAX_DRAIN_SECONDS = 4000;

const elasticQuota = declareQuota({
  code: "L-5F53652F",
  name: "Elastic IP addresses per public NAT gateway",
  usual: 2,
  error: () => new ApiError("AddressLimitExceeded"),
});

/**
 * Makes sure that a gateway may have so many addresses, and so many of them elastic.
 *
 * @throws {ApiError} PrivateIpAddressLimitExceeded, AddressLimitExceeded
 */
export function checkAddressCount(ctx: Context, count: number, connectivity: Sdk.ConnectivityType): void {
  if (count > MAX_ADDRESSES) throw new ApiError("PrivateIpAddressLimitExceeded");
  if (connectivity === "public") checkQuota(ctx, elasticQuota, () => count, "");
}

/**
 * The elastic addresses that a call names, each once.
 *
 * @throws {ApiError} InvalidElasticIpID.Malformed, InvalidElasticIpID.NotFound, InvalidParameterValue
 */
export function readAllocations(ctx: Context, ids: readonly string[]): readonly string[] {
  for (const [place, id] of ids.entries()) {
    if (!addresses.hasForm(id)) throw new ApiError("InvalidElasticIpID.Malformed", id);
    if (!addresses.find(ctx, id)) throw new ApiError("InvalidElasticIpID.NotFound", id);
    if (ids.indexOf(id) < place) {
      throw new ApiError("InvalidParameterValue", `Duplicate value '${id}' specified.`);
    }
  }
  return ids;
}

/**
 * The private addresses that elastic ones are to lead to: as many, named or EC2's choice.
 *
 * @throws {ApiError} InvalidParameterCombination
 */
export function readTargets(named: readonly string[] | undefined, count: number): Wanted {
  if (!named || named.length === 0) return { named: [], count };
  if (named.length !== count) {
    throw new ApiError(
      "InvalidParameterCombination",
      "The number of private IP addresses must match the number of allocation IDs.",
    );
  }
  return { named, count: 0 };
}

/** @throws {ApiError} AddressLimitExceeded for more than a regional gateway can have in one zone */
export function checkZoneCount(count: number): void {
  if (count > MAX_ZONE_ADDRESSES) throw new ApiError("AddressLimitExceeded");
}

const isInUse = ({ status }: NatAddress): boolean => status !== "failed";

const countIn = (all: readonly NatAddress[], zone: string): number =>
  all.filter((address) => isInUse(address) && address.zone === zone).length;

/** Whether a regional gateway works in a zone, and can have one address more there. */
export function hasRoomIn({ addresses: all }: NatGateway, zone: string): boolean {
  const count = countIn(all, zone);
  return count > 0 && count < MAX_ZONE_ADDRESSES;
}

/**
 * A gateway whose addresses a call wants to change.
 *
 * @throws {ApiError} InvalidParameterValue for the other kind, IncorrectState if it is not available or its addresses
 *   are changing already
 */
function getSteady(ctx: Context, id: string, connectivity: Sdk.ConnectivityType): NatGateway {
  const gateway = natGateways.get(ctx, id);
  if (gateway.connectivity !== connectivity) {
    throw new ApiError(
      "InvalidParameterValue",
      `The NAT gateway '${id}' does not have ${connectivity} connectivity.`,
    );
  }
  if (gateway.regional?.automatic) {
    throw new ApiError(
      "InvalidParameterValue",
      `The NAT gateway '${id}' manages its addresses and Availability Zones automatically.`,
    );
  }
  if (gateway.state !== "available") {
    throw new ApiError("IncorrectState", `The NAT gateway '${id}' is in state '${gateway.state}'.`);
  }
  if (gateway.addresses.some(({ status }) => status !== "succeeded" && status !== "failed")) {
    throw new ApiError("IncorrectState", `The addresses of the NAT gateway '${id}' are being changed.`);
  }
  return gateway;
}

/** Gives a gateway's interface more private addresses. */
function addPrivate(
  ctx: Context,
  { networkInterfaceId = "", subnetId = "" }: NatGateway,
  wanted: Wanted,
): string[] {
  const eni = networkInterfaces.get(ctx, networkInterfaceId);
  const subnet = subnets.get(ctx, subnetId);
  const { addresses } = chooseBoth(
    blocksOf(subnet)[4],
    takenIn(ctx, subnet),
    { addresses: wanted, prefixes: { named: [], count: 0 } },
    (bound) => ctx.chance.below(bound),
  );
  networkInterfaces.update(ctx, eni.id, { privateAddresses: [...eni.privateAddresses, ...addresses] });
  return addresses;
}

/** Addresses that a gateway has, and those that it gets. */
function withMore(
  ctx: Context,
  gateway: NatGateway,
  wanted: Wanted,
  status: Sdk.NatGatewayAddressStatus,
  allocations: readonly string[] = [],
): { NatGatewayId: string; NatGatewayAddresses: Sdk.NatGatewayAddress[] } {
  const inUse = gateway.addresses.filter(isInUse).length;
  checkAddressCount(ctx, inUse + wanted.named.length + wanted.count, gateway.connectivity);
  const added = addPrivate(ctx, gateway, wanted).map((privateAddress, place): NatAddress => ({
    privateAddress,
    allocationId: allocations[place],
    status,
    failure: undefined,
  }));
  return changed(ctx, gateway, [...gateway.addresses, ...added], "addressesSettled", SETTLING_SECONDS);
}

/** Elastic addresses that a regional gateway gets in one of its zones, be it a new one. */
function withMoreIn(
  ctx: Context,
  gateway: NatGateway,
  { PrivateIpAddresses, ...named }: Sdk.AssociateNatGatewayAddressRequest,
  allocations: readonly string[],
): ReturnType<typeof changed> {
  if (PrivateIpAddresses?.length) {
    throw new ApiError(
      "InvalidParameterCombination",
      "PrivateIpAddresses cannot be specified for a regional NAT gateway.",
    );
  }
  const zone = readZone(ctx, named).name;
  checkZoneCount(countIn(gateway.addresses, zone) + allocations.length);
  const added = associatingIn(zone, allocations);
  return changed(ctx, gateway, [...gateway.addresses, ...added], "addressesSettled", SETTLING_SECONDS);
}

/** Elastic addresses that are to be a regional gateway's in a zone. */
export const associatingIn = (zone: string, allocations: readonly string[]): NatAddress[] =>
  allocations.map((allocationId) => ({
    privateAddress: undefined,
    zone,
    allocationId,
    status: "associating",
    failure: undefined,
  }));

/** Takes addresses from a gateway once their connections have ended. */
function drain(
  ctx: Context,
  gateway: NatGateway,
  isGone: (address: NatAddress) => boolean,
  status: Sdk.NatGatewayAddressStatus,
  seconds = DRAIN_SECONDS,
): { NatGatewayId: string; NatGatewayAddresses: Sdk.NatGatewayAddress[] } {
  if (seconds < 1 || seconds > MAX_DRAIN_SECONDS) {
    throw new ApiError(
      "InvalidParameterValue",
      `Value (${seconds}) for parameter maxDrainDurationSeconds is invalid. It must be from 1 to ${MAX_DRAIN_SECONDS}.`,
    );
  }
  const [primary] = gateway.addresses;
  // Of a regional gateway, none is the primary one.
  if (primary && !gateway.regional && isGone(primary)) {
    throw new ApiError(
      "InvalidParameterValue",
      `The primary address of the NAT gateway '${gateway.id}' cannot be taken away.`,
    );
  }
  const addresses = gateway.addresses.map((address) =>
    isInUse(address) && isGone(address) ? { ...address, status } : address,
  );
  return changed(ctx, gateway, addresses, "drained", seconds);
}

function changed(
  ctx: Context,
  { id }: NatGateway,
  addresses: readonly NatAddress[],
  event: string,
  seconds: number,
): { NatGatewayId: string; NatGatewayAddresses: Sdk.NatGatewayAddress[] } {
  const row = natGateways.update(ctx, id, { addresses });
  natGateways.soon(ctx, id, event, seconds);
  return { NatGatewayId: id, NatGatewayAddresses: viewAddresses(ctx, row) };
}

export const operations = {
  AssignPrivateNatGatewayAddress: ({ NatGatewayId, PrivateIpAddresses, PrivateIpAddressCount }, ctx) => {
    const gateway = getSteady(ctx, NatGatewayId, "private");
    const wanted = readWanted(PrivateIpAddresses, PrivateIpAddressCount, "privateIpAddressCount");
    if (wanted.named.length + wanted.count === 0) {
      throw new ApiError("MissingParameter", "privateIpAddresses or privateIpAddressCount");
    }
    return withMore(ctx, gateway, wanted, "assigning");
  },

  AssociateNatGatewayAddress: (input, ctx) => {
    const { NatGatewayId, AllocationIds, PrivateIpAddresses, AvailabilityZone, AvailabilityZoneId } = input;
    const gateway = getSteady(ctx, NatGatewayId, "public");
    const allocations = readAllocations(ctx, AllocationIds);
    if (allocations.length === 0) throw new ApiError("MissingParameter", "allocationIds");
    if (gateway.regional) return withMoreIn(ctx, gateway, input, allocations);
    if (AvailabilityZone !== undefined || AvailabilityZoneId !== undefined) {
      throw new ApiError(
        "InvalidParameterCombination",
        "An Availability Zone can be specified only for a regional NAT gateway.",
      );
    }
    const wanted = readTargets(PrivateIpAddresses, allocations.length);
    return withMore(ctx, gateway, wanted, "associating", allocations);
  },

  DisassociateNatGatewayAddress: ({ NatGatewayId, AssociationIds, MaxDrainDurationSeconds }, ctx) => {
    const gateway = getSteady(ctx, NatGatewayId, "public");
    const mapped = leadingTo(ctx, gateway);
    const gone = AssociationIds.map((id) => {
      const found = mapped.find(({ mapping }) => mapping?.associationId === id);
      if (!found) throw new ApiError("InvalidAssociationID.NotFound", id);
      return found.allocationId;
    });
    if (gone.length === 0) throw new ApiError("MissingParameter", "associationIds");
    const isGone = ({ allocationId }: NatAddress): boolean => gone.includes(allocationId);
    return drain(ctx, gateway, isGone, "disassociating", MaxDrainDurationSeconds);
  },

  UnassignPrivateNatGatewayAddress: ({ NatGatewayId, PrivateIpAddresses, MaxDrainDurationSeconds }, ctx) => {
    const gateway = getSteady(ctx, NatGatewayId, "private");
    const has = new Set(gateway.addresses.map(({ privateAddress }) => privateAddress));
    const missing = PrivateIpAddresses.filter((address) => !has.has(address));
    if (missing.length > 0) {
      throw new ApiError(
        "InvalidParameterValue",
        `Some of [${missing.join(", ")}] are not assigned to NAT gateway ${gateway.id}`,
      );
    }
    if (PrivateIpAddresses.length === 0) throw new ApiError("MissingParameter", "privateIpAddresses");
    const isGone = ({ privateAddress = "" }: NatAddress): boolean =>
      PrivateIpAddresses.includes(privateAddress);
    return drain(ctx, gateway, isGone, "unassigning", MaxDrainDurationSeconds);
  },
} satisfies Handlers;
