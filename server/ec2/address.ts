import type * as Sdk from "@aws-sdk/client-ec2";
import { parseAddress } from "../../network/cidr.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { checkQuota, declareQuota } from "../kit/quotas.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { forbidden, networkInterfaces, type NetworkInterface } from "./networkInterface.ts";
import {
  allocatedAddress,
  findAllocated,
  giveBackPublicAddress,
  recoverPublicAddress,
  takePublicAddress,
  type PublicAddress,
} from "./publicAddress.ts";
import { ownPoolOf, takePooledAddress } from "./pooledAddress.ts";
import { checkBorderGroup, publicIpv4Pools } from "./publicIpv4Pool.ts";
import { vpcs } from "./vpc.ts";

/** The allocation of a public address to an account; the address itself says where it leads. */
export interface Address extends ResourceRow {
  /** The name that the address leads back to, if the account has set one. */
  readonly ptr: string | undefined;
  /** A change of that name under way: absent `value` for its removal. */
  readonly ptrUpdate: { readonly value: string | undefined } | undefined;
  /** The service that allocated it, and alone releases it. */
  readonly serviceManaged?: Sdk.ServiceManaged;
}

/** An elastic IP address: a public address that an account keeps until it releases it. */
export const addresses = defineResource({
  type: "elastic-ip",
  idPrefix: "eipalloc",
  notFound: "InvalidAllocationID.NotFound",
  ids: "AllocationIds",
  view: ({ id, serviceManaged }: Address, { ctx, tags }): Sdk.Address => {
    const row = allocatedAddress(ctx, id);
    const { id: address, mapping } = row;
    const eni = interfaceWith(ctx, row);
    return {
      AllocationId: id,
      PublicIp: address,
      Domain: "vpc",
      NetworkBorderGroup: ctx.region,
      PublicIpv4Pool: row.poolId ?? "amazon",
      AssociationId: mapping?.associationId,
      NetworkInterfaceId: mapping?.networkInterfaceId,
      NetworkInterfaceOwnerId: eni?.account,
      PrivateIpAddress: mapping?.privateAddress,
      InstanceId: eni?.attachment?.instanceId,
      ServiceManaged: serviceManaged,
      Tags: tags,
    };
  },
  filters: {
    "allocation-id": (address) => address.AllocationId,
    "association-id": (address) => address.AssociationId,
    "instance-id": (address) => address.InstanceId,
    "network-border-group": (address) => address.NetworkBorderGroup,
    "network-interface-id": (address) => address.NetworkInterfaceId,
    "network-interface-owner-id": (address) => address.NetworkInterfaceOwnerId,
    "private-ip-address": (address) => address.PrivateIpAddress,
    "public-ip": (address) => address.PublicIp,
  },
  transitions: {
    ptrUpdated: (ctx, { id, ptrUpdate }) =>
      addresses.update(ctx, id, { ptr: ptrUpdate?.value, ptrUpdate: undefined }),
  },
});

const quota = declareQuota({
  code: "L-0263D0A3",
  name: "EC2-VPC Elastic IPs",
  usual: 5,
  error: () => new ApiError("AddressLimitExceeded"),
});

/**
 * Makes sure that the account may have one more address of Amazon's. One of a pool of its own "does not count toward
 * your Elastic IP address limits", nor does one that a service allocated.
 *
 * @throws {ApiError} AddressLimitExceeded
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/vpc-eip-overview.html
 */
export function checkAddressQuota(ctx: Context): void {
  const counts = ({ id, serviceManaged }: Address): boolean =>
    serviceManaged === undefined && allocatedAddress(ctx, id).poolId === undefined;
  checkQuota(ctx, quota, () => addresses.own(ctx).filter(counts).length + 1, "");
}

/** The interface that an address leads to. */
export const interfaceWith = (ctx: Context, { mapping }: PublicAddress): NetworkInterface | undefined =>
  mapping && networkInterfaces.table(ctx).get(mapping.networkInterfaceId ?? "");

/**
 * The allocated addresses that a call names by themselves.
 *
 * @throws {ApiError} InvalidAddress.NotFound, also for those of others
 */
export function readPublicIps(ctx: Context, texts: readonly string[]): PublicAddress[] {
  for (const text of texts) {
    if (parseAddress(text)?.version !== 4) {
      throw new ApiError(
        "InvalidParameterValue",
        `Invalid value '${text}' for PublicIp. Not a valid IPv4 address`,
      );
    }
  }
  const found = texts.map((text) => findAllocated(ctx, text) ?? text);
  const missing = found.filter((each) => typeof each === "string");
  if (missing.length > 0) throw new ApiError("InvalidAddress.NotFound", missing.join(", "));
  return found.filter((each) => typeof each !== "string");
}

const allocationOf = ({ allocationId }: PublicAddress): string => allocationId ?? "";

/**
 * The allocated address that a call names by its allocation or by itself.
 *
 * @throws {ApiError} MissingParameter, InvalidParameterCombination, or that there is none
 */
export function readAddress(
  ctx: Context,
  { AllocationId, PublicIp }: { AllocationId?: string | undefined; PublicIp?: string | undefined },
): PublicAddress {
  if (AllocationId !== undefined && PublicIp !== undefined) {
    throw new ApiError(
      "InvalidParameterCombination",
      "You may specify public IP or allocation id, but not both in the same call",
    );
  }
  if (AllocationId !== undefined) return allocatedAddress(ctx, addresses.get(ctx, AllocationId).id);
  const [address] = PublicIp === undefined ? [] : readPublicIps(ctx, [PublicIp]);
  if (!address) throw new ApiError("MissingParameter", "allocationId");
  return address;
}

/**
 * The pool of one's own that an address is to come from, if it is not Amazon's: the one that is named, or that the
 * wanted address belongs to. Of IPAM and of Outposts there are none.
 *
 * @throws {ApiError} InvalidIpamPoolId.NotFound, InvalidPublicIpv4PoolID.NotFound
 */
function readPool(
  ctx: Context,
  { Address: address, CustomerOwnedIpv4Pool, IpamPoolId, PublicIpv4Pool }: Sdk.AllocateAddressRequest,
): string | undefined {
  if (IpamPoolId !== undefined) throw new ApiError("InvalidIpamPoolId.NotFound", IpamPoolId);
  if (CustomerOwnedIpv4Pool !== undefined) {
    throw new ApiError("InvalidPublicIpv4PoolID.NotFound", CustomerOwnedIpv4Pool);
  }
  if (PublicIpv4Pool === "amazon") return undefined;
  if (PublicIpv4Pool !== undefined) return publicIpv4Pools.get(ctx, PublicIpv4Pool).id;
  return address === undefined ? undefined : ownPoolOf(ctx, address);
}

/** The address of a new allocation: of a pool of one's own, of Amazon's, or one that the account has had before. */
function take(
  ctx: Context,
  allocationId: string,
  poolId: string | undefined,
  asked: string | undefined,
): PublicAddress {
  if (poolId !== undefined) return takePooledAddress(ctx, allocationId, poolId, asked);
  if (asked === undefined) return takePublicAddress(ctx, allocationId);
  const recovered = recoverPublicAddress(ctx, asked, allocationId);
  if (!recovered) throw new ApiError("InvalidAddress.NotFound", asked);
  return recovered;
}

/**
 * An address that Amazon lets lead to an interface of its own, as a NAT gateway's, stays there until that is gone.
 *
 * @throws {ApiError} AuthFailure
 */
export function checkUnmanaged(ctx: Context, address: PublicAddress): void {
  if (address.mapping?.natGatewayId !== undefined || interfaceWith(ctx, address)?.managedUse) {
    throw forbidden();
  }
}

/** Only in a default VPC does releasing an address also take it from where it leads. */
function checkReleasable(ctx: Context, address: PublicAddress): void {
  checkUnmanaged(ctx, address);
  const allocation = addresses.get(ctx, allocationOf(address));
  if (allocation.ptr !== undefined || allocation.ptrUpdate) {
    throw new ApiError("InvalidAddress.PtrSet", allocation.id);
  }
  if (!address.mapping) return;
  const eni = interfaceWith(ctx, address);
  const vpc = eni && vpcs.table(ctx).get(eni.vpcId);
  if (!vpc?.isDefault) throw new ApiError("InvalidIPAddress.InUse", address.id);
}

const describe = addresses.describe("Addresses");

const describeAddresses: NonNullable<Handlers["DescribeAddresses"]> = (input, ctx) => {
  const { AllocationIds = [], PublicIps = [], Filters } = input;
  const named = [...AllocationIds, ...readPublicIps(ctx, PublicIps).map(allocationOf)];
  return describe({ AllocationIds: named, Filters } as Parameters<typeof describe>[0], ctx);
};

export const partly = { AllocateAddress: "pools of IPAM and of Outposts" };

export const operations = {
  AllocateAddress: (input, ctx) => {
    const poolId = readPool(ctx, input);
    if (input.Domain === "standard") {
      throw new ApiError(
        "UnsupportedOperation",
        "EC2-Classic is retired: an address can be allocated for use in a VPC only.",
      );
    }
    checkBorderGroup(ctx, input.NetworkBorderGroup);
    if (poolId === undefined) checkAddressQuota(ctx);
    const { id } = addresses.create(ctx, { ptr: undefined, ptrUpdate: undefined }, input.TagSpecifications);
    const address = take(ctx, id, poolId, input.Address);
    return {
      AllocationId: id,
      PublicIp: address.id,
      Domain: "vpc",
      NetworkBorderGroup: ctx.region,
      PublicIpv4Pool: address.poolId ?? "amazon",
    };
  },

  DescribeAddresses: Object.assign(describeAddresses, { filters: describe.filters }),

  ReleaseAddress: ({ AllocationId, NetworkBorderGroup, PublicIp }, ctx) => {
    const address = readAddress(ctx, { AllocationId, PublicIp });
    if (NetworkBorderGroup !== undefined && NetworkBorderGroup !== ctx.region) {
      throw new ApiError("InvalidAddress.NotFound", address.id);
    }
    checkReleasable(ctx, address);
    giveBackPublicAddress(ctx, address);
    addresses.delete(ctx, allocationOf(address));
    return {};
  },
} satisfies Handlers;
