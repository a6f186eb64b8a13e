import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { addresses } from "./address.ts";
import { findZone } from "./catalogue/zones.ts";
import { internetGateways, publicAddressUsers } from "./internetGateway.ts";
import { deleteInterface, networkInterfaces } from "./networkInterface.ts";
import {
  allocatedAddress,
  giveBackPublicAddress,
  mapPublicAddress,
  publicAddressesOf,
  publicAddressesOfGateway,
  unmapPublicAddress,
  type PublicAddress,
} from "./publicAddress.ts";

/** One of a gateway's addresses. */
export interface NatAddress {
  /** Absent if the subnet had none to give, and of regional gateways. */
  readonly privateAddress: string | undefined;
  /** Of a regional gateway, whose zones each have addresses of their own: `us-east-1a`. */
  readonly zone?: string;
  /** The elastic address that leads to it, or was to. */
  readonly allocationId: string | undefined;
  readonly status: Sdk.NatGatewayAddressStatus;
  readonly failure: string | undefined;
}

interface Failure {
  readonly code: string;
  readonly message: string;
}

/** What a gateway has that works in all zones of its VPC. */
export interface Regional {
  /** Whether it goes to the zones where interfaces are, and gets its addresses, by itself. */
  readonly automatic: boolean;
  /** Made with it; absent while it is pending. */
  readonly routeTableId: string | undefined;
}

export interface NatGateway extends ResourceRow {
  readonly vpcId: string;
  /** Absent for a regional one, as is its zone. */
  readonly subnetId: string | undefined;
  /** Zone name: `us-east-1a`. */
  readonly zone: string | undefined;
  readonly regional?: Regional;
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
export const CREATE_SECONDS = 90;
const DELETE_SECONDS = 60;
const SHOWN_SECONDS = 3600;

/** Whether it works, or soon will. */
export const isThere = ({ state }: NatGateway): boolean => state === "pending" || state === "available";

/** The elastic addresses that lead to a gateway. */
export const leadingTo = (ctx: Context, { id, networkInterfaceId, regional }: NatGateway): PublicAddress[] =>
  regional ? publicAddressesOfGateway(ctx, id) : publicAddressesOf(ctx, networkInterfaceId ?? "");

export function viewAddresses(ctx: Context, row: NatGateway): Sdk.NatGatewayAddress[] {
  const { state, networkInterfaceId, regional, addresses: all } = row;
  const mapped = leadingTo(ctx, row);
  const isMade = state !== "pending" && state !== "failed";
  return all.map(({ privateAddress, allocationId, status, failure, zone }, place) => {
    // What failed may lead to another place of the same gateway.
    const leading =
      status === "failed" ? undefined : mapped.find((each) => each.allocationId === allocationId);
    return {
      AllocationId: allocationId,
      ...(isMade && { NetworkInterfaceId: networkInterfaceId, PrivateIp: privateAddress }),
      AssociationId: leading?.mapping?.associationId,
      PublicIp: leading?.id,
      ...(!regional && { IsPrimary: place === 0 }),
      AvailabilityZone: zone,
      AvailabilityZoneId: zone && findZone(ctx.region, zone)?.id,
      Status: status,
      FailureMessage: failure,
    };
  });
}

const stateOf = (on: boolean): "enabled" | "disabled" => (on ? "enabled" : "disabled");

const viewRegional = ({ automatic, routeTableId }: Regional): Sdk.NatGateway => ({
  AutoProvisionZones: stateOf(automatic),
  AutoScalingIps: stateOf(automatic),
  RouteTableId: routeTableId,
});

/** The zones that it works in. */
const zonesOf = ({ zone, addresses: all }: NatGateway): readonly string[] =>
  zone === undefined ? [...new Set(all.flatMap((address) => address.zone ?? []))] : [zone];

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
    AvailabilityMode: row.regional ? "regional" : "zonal",
    ...(row.regional && viewRegional(row.regional)),
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
    inZone: (row) => (isThere(row) ? zonesOf(row).map((zone) => `${row.account}/${zone}`) : undefined),
    /** A regional one is in no subnet that would keep its VPC. */
    keeps: (row) => (row.regional && (isThere(row) || row.state === "deleting") ? row.vpcId : undefined),
  },
  parents: { vpc: "keeps" },
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
      for (const address of leadingTo(ctx, row)) withdraw(ctx, address);
      natGateways.deleteParts(ctx, row.id);
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

publicAddressUsers.push((ctx, vpcId) =>
  natGateways.by(ctx, "keeps", vpcId).some((row) => leadingTo(ctx, row).length > 0),
);

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
  if (row.networkInterfaceId === undefined && !row.regional) {
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
export function settleAddresses(ctx: Context, row: NatGateway): void {
  const { id, networkInterfaceId = "", regional, addresses: all } = row;
  const settled = all.map((address): NatAddress => {
    const { privateAddress = "", allocationId, status } = address;
    if (status !== "associating" && status !== "assigning") return address;
    const failure = allocationId === undefined ? undefined : obstacle(ctx, allocationId);
    if (failure) return { ...address, status: "failed", failure: failure.message };
    if (allocationId !== undefined) {
      mapPublicAddress(ctx, allocatedAddress(ctx, allocationId), {
        associationId: `eipassoc-0${ctx.chance.hex(16)}`,
        ...(regional ? { natGatewayId: id } : { networkInterfaceId, privateAddress }),
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

export function releaseDrained(ctx: Context, row: NatGateway): void {
  const { id, networkInterfaceId = "", addresses: all } = row;
  const drained = all.filter(isDraining);
  for (const leading of leadingTo(ctx, row)) {
    if (drained.some((each) => each.allocationId === leading.allocationId)) withdraw(ctx, leading);
  }
  dropPrivate(ctx, networkInterfaceId, drained);
  natGateways.update(ctx, id, { addresses: all.filter((address) => !isDraining(address)) });
}

/** An elastic address leads here no more; what the gateway has allocated itself is released. */
function withdraw(ctx: Context, leading: PublicAddress): void {
  const allocation = addresses.table(ctx).get(leading.allocationId ?? "");
  unmapPublicAddress(ctx, leading);
  if (!allocation?.serviceManaged) return;
  giveBackPublicAddress(ctx, leading);
  addresses.delete(ctx, allocation.id);
}

function dropPrivate(ctx: Context, networkInterfaceId: string, gone: readonly NatAddress[]): void {
  const eni = networkInterfaces.table(ctx).get(networkInterfaceId);
  if (!eni || gone.length === 0) return;
  const dropped = new Set(gone.map(({ privateAddress }) => privateAddress));
  networkInterfaces.update(ctx, eni.id, {
    privateAddresses: eni.privateAddresses.filter((address) => !dropped.has(address)),
  });
}

const describe = natGateways.describe("NatGateways");

const describeNatGateways: NonNullable<Handlers["DescribeNatGateways"]> = ({ Filter, ...input }, ctx) =>
  // Here the member is called Filter.
  describe({ ...input, Filters: Filter }, ctx);

export const operations = {
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
