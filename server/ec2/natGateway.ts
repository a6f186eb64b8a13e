import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { checkQuota, declareQuota } from "../kit/quotas.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { addresses } from "./address.ts";
import { readWanted } from "./addressRequest.ts";
import type { Wanted } from "./freeAddress.ts";
import { internetGateways } from "./internetGateway.ts";
import { createManagedInterface } from "./createNetworkInterface.ts";
import { deleteInterface, networkInterfaces } from "./networkInterface.ts";
import {
  allocatedAddress,
  mapPublicAddress,
  publicAddressesOf,
  unmapPublicAddress,
} from "./publicAddress.ts";
import { subnets, type Subnet } from "./subnet.ts";
import { checkEncryption } from "./vpcEncryptionControl.ts";

/** One of a gateway's addresses. */
export interface NatAddress {
  /** Absent if the subnet had none to give. */
  readonly privateAddress: string | undefined;
  /** The elastic address that leads to it, or was to. */
  readonly allocationId: string | undefined;
  readonly status: Sdk.NatGatewayAddressStatus;
  readonly failure: string | undefined;
}

interface Failure {
  readonly code: string;
  readonly message: string;
}

export interface NatGateway extends ResourceRow {
  readonly vpcId: string;
  readonly subnetId: string;
  /** Zone name: `us-east-1a`. */
  readonly zone: string;
  readonly connectivity: Sdk.ConnectivityType;
  readonly state: Sdk.NatGatewayState;
  readonly failure: Failure | undefined;
  /** Its own; absent if the subnet had no address for it. */
  readonly networkInterfaceId: string | undefined;
  /** The first is the primary one. */
  readonly addresses: readonly NatAddress[];
  /** When its deletion began: milliseconds since the epoch. */
  readonly deleted: number | undefined;
}

/** Seconds that EC2 takes, and for which it shows what is gone or failed. */
const CREATE_SECONDS = 90;
const DELETE_SECONDS = 60;
const SHOWN_SECONDS = 3600;

/** "Up to 8 IPv4 addresses": one primary and seven secondary ones. */
const MAX_ADDRESSES = 8;

/** Whether it works, or soon will. */
export const isThere = ({ state }: NatGateway): boolean => state === "pending" || state === "available";

export function viewAddresses(
  ctx: Context,
  { state, networkInterfaceId = "", addresses: all }: NatGateway,
): Sdk.NatGatewayAddress[] {
  const mapped = publicAddressesOf(ctx, networkInterfaceId);
  const isMade = state !== "pending" && state !== "failed";
  return all.map(({ privateAddress, allocationId, status, failure }, place) => {
    const leading = mapped.find(({ mapping }) => mapping?.privateAddress === privateAddress);
    return {
      AllocationId: allocationId,
      ...(isMade && { NetworkInterfaceId: networkInterfaceId, PrivateIp: privateAddress }),
      AssociationId: leading?.mapping?.associationId,
      PublicIp: leading?.id,
      IsPrimary: place === 0,
      Status: status,
      FailureMessage: failure,
    };
  });
}

/** Lets who has no public address reach the internet, or other networks, under its own address. */
export const natGateways = defineResource({
  type: "natgateway",
  idPrefix: "nat",
  notFound: "NatGatewayNotFound",
  malformed: "NatGatewayMalformed",
  ids: "NatGatewayIds",
  view: (row: NatGateway, { ctx, tags }): Sdk.NatGateway => ({
    NatGatewayId: row.id,
    VpcId: row.vpcId,
    SubnetId: row.subnetId,
    AvailabilityMode: "zonal",
    ConnectivityType: row.connectivity,
    State: row.state,
    FailureCode: row.failure?.code,
    FailureMessage: row.failure?.message,
    CreateTime: new Date(row.created),
    DeleteTime: row.deleted === undefined ? undefined : new Date(row.deleted),
    NatGatewayAddresses: viewAddresses(ctx, row),
    Tags: tags,
  }),
  filters: {
    "nat-gateway-id": (gateway) => gateway.NatGatewayId,
    state: (gateway) => gateway.State,
    "subnet-id": (gateway) => gateway.SubnetId,
    "vpc-id": (gateway) => gateway.VpcId,
  },
  filterIndexes: { "subnet-id": "subnet", "vpc-id": "vpc" },
  indexes: {
    subnet: ({ subnetId }) => subnetId,
    vpc: ({ vpcId }) => vpcId,
    inZone: (row) => (isThere(row) ? `${row.account}/${row.zone}` : undefined),
  },
  transitions: {
    settled: (ctx, row) => {
      if (row.state === "pending") settle(ctx, row);
    },
    addressesSettled: (ctx, row) => settleAddresses(ctx, row),
    drained: (ctx, row) => releaseDrained(ctx, row),
    addressesForgotten: (ctx, { id, addresses: all }) => {
      natGateways.update(ctx, id, { addresses: all.filter(({ status }) => status !== "failed") });
    },
    removed: (ctx, row) => {
      removeInterface(ctx, row);
      natGateways.update(ctx, row.id, { state: "deleted" });
      natGateways.later(ctx, row.id, "forgotten", SHOWN_SECONDS);
    },
    forgotten: (ctx, { id }) => natGateways.delete(ctx, id),
  },
  quotas: [
    {
      code: "L-FE5A380F",
      name: "NAT gateways per Availability Zone",
      usual: 5,
      per: "inZone",
      error: (limit) => new ApiError("NatGatewayLimitExceeded", limit),
    },
  ],
  pages: [5, 1000],
});

function removeInterface(ctx: Context, { networkInterfaceId = "" }: NatGateway): void {
  const eni = networkInterfaces.table(ctx).get(networkInterfaceId);
  if (eni) deleteInterface(ctx, eni);
}

/** Why an elastic address cannot lead to a gateway, if it cannot. */
function obstacle(ctx: Context, allocationId: string): Failure | undefined {
  if (!addresses.table(ctx).get(allocationId)) {
    return {
      code: "InvalidAllocationID.NotFound",
      message: `Elastic IP address ${allocationId} could not be associated with this NAT gateway`,
    };
  }
  if (!allocatedAddress(ctx, allocationId).mapping) return undefined;
  return {
    code: "Resource.AlreadyAssociated",
    message: `Elastic IP address ${allocationId} is already associated`,
  };
}

/** Why a gateway cannot work, if it cannot. */
function failureOf(ctx: Context, row: NatGateway): Failure | undefined {
  if (row.networkInterfaceId === undefined) {
    return {
      code: "InsufficientFreeAddressesInSubnet",
      message: "Subnet has insufficient free addresses to create this NAT gateway",
    };
  }
  if (row.connectivity === "private") return undefined;
  if (internetGateways.count(ctx, "vpc", row.vpcId) === 0) {
    return {
      code: "Gateway.NotAttached",
      message: `Network ${row.vpcId} has no Internet gateway attached`,
    };
  }
  for (const { allocationId } of row.addresses) {
    const failure = allocationId === undefined ? undefined : obstacle(ctx, allocationId);
    if (failure) return failure;
  }
  return undefined;
}

/** A new gateway becomes available, or fails. */
function settle(ctx: Context, row: NatGateway): void {
  const failure = failureOf(ctx, row);
  if (!failure) {
    natGateways.update(ctx, row.id, { state: "available" });
    settleAddresses(ctx, row);
    return;
  }
  removeInterface(ctx, row);
  natGateways.update(ctx, row.id, {
    state: "failed",
    failure,
    networkInterfaceId: undefined,
    addresses: row.addresses.map((address) => ({ ...address, status: "failed" as const })),
  });
  natGateways.later(ctx, row.id, "forgotten", SHOWN_SECONDS);
}

/** Addresses that are to be used can be, and elastic addresses lead to them; or that fails. */
function settleAddresses(ctx: Context, { id, networkInterfaceId = "", addresses: all }: NatGateway): void {
  const settled = all.map((address): NatAddress => {
    const { privateAddress = "", allocationId, status } = address;
    if (status !== "associating" && status !== "assigning") return address;
    const failure = allocationId === undefined ? undefined : obstacle(ctx, allocationId);
    if (failure) return { ...address, status: "failed", failure: failure.message };
    if (allocationId !== undefined) {
      const associationId = `eipassoc-0${ctx.chance.hex(16)}`;
      mapPublicAddress(ctx, allocatedAddress(ctx, allocationId), {
        networkInterfaceId,
        privateAddress,
        associationId,
      });
    }
    return { ...address, status: "succeeded" };
  });
  const failed = settled.filter(
    ({ status }, place) => status === "failed" && all[place]?.status !== "failed",
  );
  dropPrivate(ctx, networkInterfaceId, failed);
  natGateways.update(ctx, id, { addresses: settled });
  if (failed.length > 0) natGateways.later(ctx, id, "addressesForgotten", SHOWN_SECONDS);
}

/** Whether an address goes away as soon as its connections have ended. */
const isDraining = ({ status }: NatAddress): boolean =>
  status === "disassociating" || status === "unassigning";

function releaseDrained(ctx: Context, { id, networkInterfaceId = "", addresses: all }: NatGateway): void {
  const drained = all.filter(isDraining);
  for (const leading of publicAddressesOf(ctx, networkInterfaceId)) {
    const privateAddress = leading.mapping?.privateAddress;
    if (drained.some((each) => each.privateAddress === privateAddress)) unmapPublicAddress(ctx, leading);
  }
  dropPrivate(ctx, networkInterfaceId, drained);
  natGateways.update(ctx, id, { addresses: all.filter((address) => !isDraining(address)) });
}

function dropPrivate(ctx: Context, networkInterfaceId: string, gone: readonly NatAddress[]): void {
  const eni = networkInterfaces.table(ctx).get(networkInterfaceId);
  if (!eni || gone.length === 0) return;
  const dropped = new Set(gone.map(({ privateAddress }) => privateAddress));
  networkInterfaces.update(ctx, eni.id, {
    privateAddresses: eni.privateAddresses.filter((address) => !dropped.has(address)),
  });
}

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

/** Which addresses a new gateway is to have. */
interface Plan {
  readonly secondaries: Wanted;
  /** The first for the primary address. */
  readonly allocations: readonly string[];
}

function planPublic(ctx: Context, asked: Sdk.CreateNatGatewayRequest): Plan {
  if (asked.AllocationId === undefined) throw new ApiError("MissingParameter", "allocationId");
  if (asked.SecondaryPrivateIpAddressCount !== undefined) {
    throw new ApiError(
      "InvalidParameterCombination",
      "SecondaryPrivateIpAddressCount can be specified only for a NAT gateway with private connectivity.",
    );
  }
  const others = asked.SecondaryAllocationIds ?? [];
  const secondaries = readTargets(asked.SecondaryPrivateIpAddresses, others.length);
  return { secondaries, allocations: readAllocations(ctx, [asked.AllocationId, ...others]) };
}

function planPrivate(asked: Sdk.CreateNatGatewayRequest): Plan {
  if (asked.AllocationId !== undefined || asked.SecondaryAllocationIds?.length) {
    throw new ApiError(
      "InvalidParameterCombination",
      "Elastic IP addresses cannot be associated with a NAT gateway with private connectivity.",
    );
  }
  const secondaries = readWanted(
    asked.SecondaryPrivateIpAddresses,
    asked.SecondaryPrivateIpAddressCount,
    "secondaryPrivateIpAddressCount",
  );
  return { secondaries, allocations: [] };
}

/** Regional gateways are not built. */
function refuseRegional(asked: Sdk.CreateNatGatewayRequest): void {
  if (asked.AvailabilityMode === "regional") {
    throw new ApiError("UnsupportedOperation", "Regional NAT gateways are not supported.");
  }
  if (asked.VpcId !== undefined || asked.AvailabilityZoneAddresses?.length) {
    throw new ApiError(
      "InvalidParameterCombination",
      "VpcId and AvailabilityZoneAddresses can be specified only for a regional NAT gateway.",
    );
  }
}

/** The subnet that a call wants a gateway in. */
function readSubnet(ctx: Context, id: string | undefined): Subnet {
  if (id === undefined) throw new ApiError("MissingParameter", "subnetId");
  const subnet = subnets.get(ctx, id);
  if (subnet.cidr === undefined) {
    throw new ApiError(
      "InvalidParameterValue",
      `The subnet '${id}' does not have an IPv4 CIDR block associated with it.`,
    );
  }
  return subnet;
}

/** Gives a gateway its interface, if the subnet has addresses enough. */
function addInterface(
  ctx: Context,
  { id }: NatGateway,
  subnet: Subnet,
  primary: string | undefined,
  { named, count }: Wanted,
): Pick<NatGateway, "networkInterfaceId"> & { readonly privateAddresses: readonly string[] } {
  const free = subnets.show(ctx, subnet).AvailableIpAddressCount ?? 0;
  if (free < 1 + named.length + count) return { networkInterfaceId: undefined, privateAddresses: [] };
  const eni = createManagedInterface(ctx, subnet, {
    resourceId: id,
    type: "nat_gateway",
    description: `Interface for NAT Gateway ${id}`,
    groups: [],
    sourceDestCheck: false,
    addresses: {
      PrivateIpAddress: primary,
      PrivateIpAddresses: named.map((PrivateIpAddress) => ({ PrivateIpAddress })),
      SecondaryPrivateIpAddressCount: count,
      Ipv6AddressCount: 0,
    },
  });
  return { networkInterfaceId: eni.id, privateAddresses: eni.privateAddresses };
}

const describe = natGateways.describe("NatGateways");

const describeNatGateways: NonNullable<Handlers["DescribeNatGateways"]> = ({ Filter, ...input }, ctx) =>
  // Here the member is called Filter.
  describe({ ...input, Filters: Filter }, ctx);

export const partly = { CreateNatGateway: "regional NAT gateways" };

export const operations = {
  CreateNatGateway: (input, ctx) => {
    refuseRegional(input);
    const subnet = readSubnet(ctx, input.SubnetId);
    checkEncryption(ctx, subnet.vpcId, "A NAT gateway", "NatGateway");
    const connectivity = input.ConnectivityType ?? "public";
    const { secondaries, allocations } =
      connectivity === "public" ? planPublic(ctx, input) : planPrivate(input);
    const count = 1 + secondaries.named.length + secondaries.count;
    checkAddressCount(ctx, count, connectivity);
    const made = natGateways.create(
      ctx,
      {
        vpcId: subnet.vpcId,
        subnetId: subnet.id,
        zone: subnet.zone,
        connectivity,
        state: "pending",
        failure: undefined,
        networkInterfaceId: undefined,
        addresses: [],
        deleted: undefined,
      },
      input.TagSpecifications,
    );
    const { networkInterfaceId, privateAddresses } = addInterface(
      ctx,
      made,
      subnet,
      input.PrivateIpAddress,
      secondaries,
    );
    const status = connectivity === "public" ? "associating" : "assigning";
    const row = natGateways.update(ctx, made.id, {
      networkInterfaceId,
      addresses: Array.from({ length: count }, (_, place) => ({
        privateAddress: privateAddresses[place],
        allocationId: allocations[place],
        status,
        failure: undefined,
      })),
    });
    natGateways.soon(ctx, row.id, "settled", CREATE_SECONDS);
    return { ClientToken: input.ClientToken, NatGateway: natGateways.show(ctx, row) };
  },

  DeleteNatGateway: ({ NatGatewayId }, ctx) => {
    const { id, state } = natGateways.get(ctx, NatGatewayId);
    if (state === "deleted") throw new ApiError("NatGatewayNotFound", id);
    if (state !== "deleting") {
      natGateways.update(ctx, id, { state: "deleting", deleted: ctx.now });
      natGateways.soon(ctx, id, "removed", DELETE_SECONDS);
    }
    return { NatGatewayId: id };
  },

  DescribeNatGateways: Object.assign(describeNatGateways, { filters: describe.filters }),
} satisfies Handlers;
