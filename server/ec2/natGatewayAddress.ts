import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { blocksOf, readWanted } from "./addressRequest.ts";
import { chooseBoth, type Wanted } from "./freeAddress.ts";
import {
  checkAddressCount,
  natGateways,
  readAllocations,
  readTargets,
  viewAddresses,
  type NatAddress,
  type NatGateway,
} from "./natGateway.ts";
import { networkInterfaces, takenIn } from "./networkInterface.ts";
import { publicAddressesOf } from "./publicAddress.ts";
import { subnets } from "./subnet.ts";

/** Seconds that EC2 takes until a new address can be used. */
const SETTLING_SECONDS = 30;

/** How long connections of an address may go on that is taken away, unless the call says otherwise: seconds. */
const DRAIN_SECONDS = 350;
const MAX_DRAIN_SECONDS = 4000;

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
  { networkInterfaceId = "", subnetId }: NatGateway,
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
  const inUse = gateway.addresses.filter((address) => address.status !== "failed").length;
  checkAddressCount(ctx, inUse + wanted.named.length + wanted.count, gateway.connectivity);
  const added = addPrivate(ctx, gateway, wanted).map((privateAddress, place): NatAddress => ({
    privateAddress,
    allocationId: allocations[place],
    status,
    failure: undefined,
  }));
  return changed(ctx, gateway, [...gateway.addresses, ...added], "addressesSettled", SETTLING_SECONDS);
}

/** Takes addresses from a gateway once their connections have ended. */
function drain(
  ctx: Context,
  gateway: NatGateway,
  gone: readonly string[],
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
  if (gone.includes(primary?.privateAddress ?? "")) {
    throw new ApiError(
      "InvalidParameterValue",
      `The primary address of the NAT gateway '${gateway.id}' cannot be taken away.`,
    );
  }
  const addresses = gateway.addresses.map((address) =>
    gone.includes(address.privateAddress ?? "") ? { ...address, status } : address,
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
    if (AvailabilityZone !== undefined || AvailabilityZoneId !== undefined) {
      throw new ApiError(
        "InvalidParameterCombination",
        "An Availability Zone can be specified only for a regional NAT gateway.",
      );
    }
    const allocations = readAllocations(ctx, AllocationIds);
    if (allocations.length === 0) throw new ApiError("MissingParameter", "allocationIds");
    const wanted = readTargets(PrivateIpAddresses, allocations.length);
    return withMore(ctx, gateway, wanted, "associating", allocations);
  },

  DisassociateNatGatewayAddress: ({ NatGatewayId, AssociationIds, MaxDrainDurationSeconds }, ctx) => {
    const gateway = getSteady(ctx, NatGatewayId, "public");
    const mapped = publicAddressesOf(ctx, gateway.networkInterfaceId ?? "");
    const gone = AssociationIds.map((id) => {
      const found = mapped.find(({ mapping }) => mapping?.associationId === id)?.mapping;
      if (!found) throw new ApiError("InvalidAssociationID.NotFound", id);
      return found.privateAddress;
    });
    if (gone.length === 0) throw new ApiError("MissingParameter", "associationIds");
    return drain(ctx, gateway, gone, "disassociating", MaxDrainDurationSeconds);
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
    return drain(ctx, gateway, PrivateIpAddresses, "unassigning", MaxDrainDurationSeconds);
  },
} satisfies Handlers;

export const partly = { AssociateNatGatewayAddress: "regional NAT gateways" };
