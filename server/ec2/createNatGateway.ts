import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { readWanted } from "./addressRequest.ts";
import { createManagedInterface } from "./createNetworkInterface.ts";
import type { Wanted } from "./freeAddress.ts";
import { CREATE_SECONDS, natGateways, type NatGateway } from "./natGateway.ts";
import { checkAddressCount, readAllocations, readTargets } from "./natGatewayAddress.ts";
import { createRegional } from "./regionalNatGateway.ts";
import { subnets, type Subnet } from "./subnet.ts";
import { checkEncryption } from "./vpcEncryptionControl.ts";

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

/** @throws {ApiError} InvalidParameterCombination for what only regional gateways have */
function refuseRegional({ VpcId, AvailabilityZoneAddresses }: Sdk.CreateNatGatewayRequest): void {
  if (VpcId === undefined && !AvailabilityZoneAddresses?.length) return;
  throw new ApiError(
    "InvalidParameterCombination",
    "VpcId and AvailabilityZoneAddresses can be specified only for a regional NAT gateway.",
  );
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

/** A gateway in one zone, with an interface in a subnet. */
function createZonal(ctx: Context, input: Sdk.CreateNatGatewayRequest): NatGateway {
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
  return row;
}

export const operations = {
  CreateNatGateway: (input, ctx) => {
    const row = input.AvailabilityMode === "regional" ? createRegional(ctx, input) : createZonal(ctx, input);
    return { ClientToken: input.ClientToken, NatGateway: natGateways.show(ctx, row) };
  },
} satisfies Handlers;
