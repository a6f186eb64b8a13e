import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import { later, onDue, soon } from "../kit/agenda.ts";
import type { Context } from "../kit/context.ts";
import { addresses } from "./address.ts";
import { internetGateways } from "./internetGateway.ts";
import {
  CREATE_SECONDS,
  isThere,
  natGateways,
  releaseDrained,
  settleAddresses,
  type NatAddress,
  type NatGateway,
} from "./natGateway.ts";
import { associatingIn, checkZoneCount, hasRoomIn, readAllocations } from "./natGatewayAddress.ts";
import { interfaceFollowers, networkInterfaces } from "./networkInterface.ts";
import { takePublicAddress } from "./publicAddress.ts";
import { associations, routeTables } from "./routeTable.ts";
import { vpcs } from "./vpc.ts";
import { checkEncryption } from "./vpcEncryptionControl.ts";
import { readZone } from "./zone.ts";

const KIND = "regional-nat-gateway";

/** Seconds. "It may take … up to 60 minutes to expand to a new Availability Zone"; often it takes a quarter of that. */
const EXPAND_SECONDS = 900;

/** Seconds between looks at whether the ports in a zone have run out; how often EC2 looks is not documented. */
const SCALE_SECONDS = 60;

/** What only gateways in one zone have: a subnet and private addresses. */
const ZONAL = [
  "SubnetId",
  "AllocationId",
  "PrivateIpAddress",
  "SecondaryAllocationIds",
  "SecondaryPrivateIpAddresses",
  "SecondaryPrivateIpAddressCount",
] as const satisfies readonly (keyof Sdk.CreateNatGatewayRequest)[];

function refuseZonal(asked: Sdk.CreateNatGatewayRequest): void {
  const zonal = ZONAL.find((name) => asked[name] !== undefined);
  if (zonal) {
    throw new ApiError(
      "InvalidParameterCombination",
      `${zonal} cannot be specified for a regional NAT gateway.`,
    );
  }
  if (asked.ConnectivityType === "private") {
    throw new ApiError(
      "InvalidParameterCombination",
      "A regional NAT gateway cannot have private connectivity.",
    );
  }
}

/** The addresses that a call gives each zone, none of which is named twice. */
function readZones(ctx: Context, asked: readonly Sdk.AvailabilityZoneAddress[]): NatAddress[] {
  const seen = new Set<string>();
  const given = asked.flatMap(({ AllocationIds = [], ...named }) => {
    const zone = readZone(ctx, named).name;
    if (seen.has(zone)) {
      throw new ApiError("InvalidParameterValue", `Duplicate value '${zone}' specified.`);
    }
    seen.add(zone);
    if (AllocationIds.length === 0) throw new ApiError("MissingParameter", "allocationIds");
    checkZoneCount(AllocationIds.length);
    return associatingIn(zone, AllocationIds);
  });
  readAllocations(
    ctx,
    given.map(({ allocationId = "" }) => allocationId),
  );
  return given;
}

/**
 * A gateway in all zones of a VPC: in those that the call names with their addresses, or wherever there are interfaces,
 * with addresses that it gets by itself.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateways-regional.html
 */
export function createRegional(ctx: Context, asked: Sdk.CreateNatGatewayRequest): NatGateway {
  refuseZonal(asked);
  if (asked.VpcId === undefined) throw new ApiError("MissingParameter", "vpcId");
  const { id: vpcId } = vpcs.get(ctx, asked.VpcId);
  checkEncryption(ctx, vpcId, "A NAT gateway", "NatGateway");
  const given = readZones(ctx, asked.AvailabilityZoneAddresses ?? []);
  const row = natGateways.create(
    ctx,
    {
      vpcId,
      subnetId: undefined,
      zone: undefined,
      regional: { automatic: given.length === 0, routeTableId: undefined },
      connectivity: "public",
      state: "pending",
      failure: undefined,
      networkInterfaceId: undefined,
      addresses: given,
      deleted: undefined,
    },
    asked.TagSpecifications,
  );
  natGateways.soon(ctx, row.id, "settled", CREATE_SECONDS);
  // In this order: one that has failed gets no table.
  soon(ctx, KIND, row.id, "furnish", CREATE_SECONDS);
  return row;
}

/** Gives a new gateway its route table, "which comes with a pre-configured route to the internet gateway". */
function furnish(ctx: Context, { id, vpcId, regional }: NatGateway): NatGateway {
  const routes = internetGateways.by(ctx, "vpc", vpcId).map(
    (gateway) =>
      ({
        destination: "0.0.0.0/0",
        via: "GatewayId",
        target: gateway.id,
      }) as const,
  );
  const table = routeTables.create(
    { ...ctx, quotas: undefined },
    {
      vpcId,
      mainAssociation: undefined,
      natGatewayId: id,
      routes,
    },
  );
  associations.create(ctx, { routeTableId: table.id, subnetId: undefined, gatewayId: id });
  return natGateways.update(ctx, id, {
    regional: { automatic: regional?.automatic ?? true, routeTableId: table.id },
  });
}

/** The zones in which a VPC has interfaces. */
const zonesWithInterfaces = (ctx: Context, vpcId: string): Set<string> =>
  new Set(networkInterfaces.by(ctx, "vpc", vpcId).map(({ zone }) => zone));

/** One more address of the gateway's own in a zone. */
function addressIn(ctx: Context, zone: string): NatAddress[] {
  const { id } = addresses.create(ctx, { ptr: undefined, ptrUpdate: undefined, serviceManaged: "rnat" });
  takePublicAddress(ctx, id);
  return associatingIn(zone, [id]);
}

/** Follows the interfaces: to zones that have come to have some, and out of those that have none any more. */
function follow(ctx: Context, row: NatGateway): void {
  const wanted = zonesWithInterfaces(ctx, row.vpcId);
  const kept = row.addresses.map((address) =>
    wanted.has(address.zone ?? "") ? address : { ...address, status: "disassociating" as const },
  );
  const has = new Set(row.addresses.map(({ zone }) => zone));
  const added = [...wanted].filter((zone) => !has.has(zone)).flatMap((zone) => addressIn(ctx, zone));
  releaseDrained(ctx, natGateways.update(ctx, row.id, { addresses: [...kept, ...added] }));
  const now = natGateways.table(ctx).get(row.id);
  if (now) settleAddresses(ctx, now);
}

/**
 * Gets an address more wherever connections found no free port, and looks again later. None is given back before the
 * gateway leaves the zone.
 */
function scale(ctx: Context, row: NatGateway): void {
  const zones = ctx.world.network.crowdedZones(row.id).filter((zone) => hasRoomIn(row, zone));
  if (zones.length > 0) {
    const added = zones.flatMap((zone) => addressIn(ctx, zone));
    settleAddresses(ctx, natGateways.update(ctx, row.id, { addresses: [...row.addresses, ...added] }));
  }
  later(ctx, KIND, row.id, "scale", SCALE_SECONDS);
}

onDue(KIND, (ctx, target, event) => {
  const row = natGateways.table(ctx).get(target);
  if (row?.state !== "available") return;
  const ready = event === "furnish" ? furnish(ctx, row) : row;
  if (!ready.regional?.automatic) return;
  if (event !== "scale") follow(ctx, ready);
  if (event !== "follow") scale(ctx, natGateways.get(ctx, ready.id));
});

interfaceFollowers.push((ctx, vpcId) => {
  for (const row of natGateways.by(ctx, "vpc", vpcId)) {
    if (!row.regional?.automatic || !isThere(row)) continue;
    soon({ ...ctx, account: row.account }, KIND, row.id, "follow", EXPAND_SECONDS);
  }
});
