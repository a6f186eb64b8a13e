import type * as Sdk from "@aws-sdk/client-ec2";
import { contains, parsePrefix } from "../../network/cidr.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { storedCidr } from "./cidrBlock.ts";
import { egressOnlyInternetGateways } from "./egressOnlyInternetGateway.ts";
import { instances } from "./instance.ts";
import { internetGateways } from "./internetGateway.ts";
import { isThere, natGateways } from "./natGateway.ts";
import { networkInterfaces } from "./networkInterface.ts";
import { isPrefixListId } from "./prefixListId.ts";
import { subnets } from "./subnet.ts";
import { gatewayRoutes, leaveRouteTable, takesPackets } from "./vpcEndpoint.ts";
import { isAttached } from "./transitGatewayAttachment.ts";
import { carriesFrom } from "./vpcPeering.ts";
import { isAttachedTo, usableVpnGateway, vpcOf } from "./vpnGateway.ts";
import { learnedRoutes, type LearnedRoute } from "./vpnRoutes.ts";
import { furnishings, vpcs } from "./vpc.ts";

/** Where packets to `destination` go: the member of the API that names the target, and its id. */
export interface Route {
  /** A CIDR block, IPv4 or IPv6, or the id of a prefix list. */
  readonly destination: string;
  readonly via:
    | "EgressOnlyInternetGatewayId"
    | "GatewayId"
    | "NatGatewayId"
    | "NetworkInterfaceId"
    | "TransitGatewayId"
    | "VpcPeeringConnectionId";
  readonly target: string;
}

export interface RouteTable extends ResourceRow {
  readonly vpcId: string;
  /** Of the VPC's main table: the association that makes it so. */
  readonly mainAssociation: string | undefined;
  /** All but the local routes, which follow from the VPC's blocks; one of these is here if its target was replaced. */
  readonly routes: readonly Route[];
  /** The regional NAT gateway that it was made for, and goes with. */
  readonly natGatewayId?: string;
  /** The virtual private gateways that it learns routes from. */
  readonly propagating?: readonly string[];
}

export interface RouteTableAssociation extends ResourceRow {
  readonly routeTableId: string;
  /** Either a subnet uses the table, or a gateway for what comes in through it. */
  readonly subnetId: string | undefined;
  readonly gatewayId: string | undefined;
}

const associated = { AssociationState: { State: "associated" } } as const;

/** Which table a subnet or a gateway uses. Subnets without one use the VPC's main table. */
export const associations = defineResource({
  type: "route-table-association",
  idPrefix: "rtbassoc",
  notFound: "InvalidAssociationID.NotFound",
  ids: "AssociationIds",
  view: ({ id, routeTableId, subnetId, gatewayId }: RouteTableAssociation): Sdk.RouteTableAssociation => ({
    RouteTableAssociationId: id,
    RouteTableId: routeTableId,
    Main: false,
    SubnetId: subnetId,
    GatewayId: gatewayId,
    ...associated,
  }),
  filters: {},
  indexes: {
    routeTable: ({ routeTableId }) => routeTableId,
    user: ({ subnetId, gatewayId }) => subnetId ?? gatewayId,
  },
  parents: {
    "route-table": "routeTable",
    subnet: "user",
    "internet-gateway": "user",
    natgateway: "user",
    "vpn-gateway": "user",
  },
  partOf: (_association, parent) => parent !== "route-table",
});

/** Where packets go that leave a subnet, by their destination. */
export const routeTables = defineResource({
  type: "route-table",
  idPrefix: "rtb",
  notFound: "InvalidRouteTableID.NotFound",
  malformed: "InvalidRouteTableId.Malformed",
  ids: "RouteTableIds",
  view: (table: RouteTable, { account, tags, ctx }): Sdk.RouteTable => ({
    RouteTableId: table.id,
    VpcId: table.vpcId,
    OwnerId: account,
    Associations: viewAssociations(ctx, table),
    Routes: [
      ...[...localRoutes(ctx, table), ...table.routes, ...gatewayRoutes(ctx, table.id)].map((route) =>
        viewRoute(ctx, table, route),
      ),
      ...learnedRoutes(ctx, table).map(viewLearned),
    ],
    PropagatingVgws: (table.propagating ?? []).map((GatewayId) => ({ GatewayId })),
    Tags: tags,
  }),
  filters: {
    "association.gateway-id": (table) => table.Associations?.map(({ GatewayId }) => GatewayId),
    "association.main": (table) => table.Associations?.map(({ Main }) => Main),
    "association.route-table-association-id": (table) =>
      table.Associations?.map(({ RouteTableAssociationId }) => RouteTableAssociationId),
    "association.route-table-id": (table) => table.Associations?.map(({ RouteTableId }) => RouteTableId),
    "association.subnet-id": (table) => table.Associations?.map(({ SubnetId }) => SubnetId),
    "owner-id": (table) => table.OwnerId,
    "route-table-id": (table) => table.RouteTableId,
    "route.destination-cidr-block": (table) =>
      table.Routes?.map(({ DestinationCidrBlock }) => DestinationCidrBlock),
    "route.destination-ipv6-cidr-block": (table) =>
      table.Routes?.map(({ DestinationIpv6CidrBlock }) => DestinationIpv6CidrBlock),
    "route.destination-prefix-list-id": (table) =>
      table.Routes?.map(({ DestinationPrefixListId }) => DestinationPrefixListId),
    "route.egress-only-internet-gateway-id": (table) =>
      table.Routes?.map(({ EgressOnlyInternetGatewayId }) => EgressOnlyInternetGatewayId),
    "route.gateway-id": (table) => table.Routes?.map(({ GatewayId }) => GatewayId),
    "route.instance-id": (table) => table.Routes?.map(({ InstanceId }) => InstanceId),
    "route.nat-gateway-id": (table) => table.Routes?.map(({ NatGatewayId }) => NatGatewayId),
    "route.origin": (table) => table.Routes?.map(({ Origin }) => Origin),
    "route.state": (table) => table.Routes?.map(({ State }) => State),
    "route.transit-gateway-id": (table) => table.Routes?.map(({ TransitGatewayId }) => TransitGatewayId),
    "route.vpc-peering-connection-id": (table) =>
      table.Routes?.map(({ VpcPeeringConnectionId }) => VpcPeeringConnectionId),
    "vpc-id": (table) => table.VpcId,
  },
  filterIndexes: { "vpc-id": "vpc" },
  indexes: {
    vpc: ({ vpcId }) => vpcId,
    main: ({ vpcId, mainAssociation }) => (mainAssociation ? vpcId : undefined),
    mainAssociation: ({ mainAssociation }) => mainAssociation,
    natGateway: ({ natGatewayId }) => natGatewayId,
    propagating: ({ propagating }) => propagating,
    prefixList: ({ routes }) => routes.map(({ destination }) => destination).filter(isPrefixListId),
  },
  parents: { vpc: "vpc", natgateway: "natGateway" },
  quotas: [
    {
      code: "L-589F43AA",
      name: "Route tables per VPC",
      usual: 200,
      per: "vpc",
      error: () => new ApiError("RouteTableLimitExceeded"),
    },
  ],
  partOf: ({ mainAssociation }, parent) => parent === "natgateway" || mainAssociation !== undefined,
  pages: [5, 100],
});

furnishings.push((ctx, { id: vpcId }) => {
  routeTables.create(ctx, { vpcId, mainAssociation: associations.newId(ctx), routes: [] });
});

/** The table of the subnets that have none of their own. */
export function mainTableOf(ctx: Context, vpcId: string): RouteTable {
  const [main] = routeTables.by(ctx, "main", vpcId);
  if (!main) throw new TypeError(`${vpcId} has no main route table`);
  return main;
}

function viewAssociations(ctx: Context, { id, mainAssociation }: RouteTable): Sdk.RouteTableAssociation[] {
  const rows = associations.by(ctx, "routeTable", id).map((row) => associations.show(ctx, row));
  if (!mainAssociation) return rows;
  return [{ RouteTableAssociationId: mainAssociation, RouteTableId: id, Main: true, ...associated }, ...rows];
}

/** The blocks of the table's VPC: packets to them stay inside. */
export const localBlocks = (ctx: Context, { vpcId }: RouteTable): string[] => {
  const { ipv4, ipv6 } = vpcs.get(ctx, vpcId);
  return [...ipv4, ...ipv6].map(({ cidr }) => cidr);
};

const localRoutes = (ctx: Context, table: RouteTable): Route[] =>
  localBlocks(ctx, table)
    .filter((block) => !table.routes.some(({ destination }) => destination === block))
    .map((destination) => ({ destination, via: "GatewayId", target: "local" }));

function viewDestination(destination: string): Sdk.Route {
  if (isPrefixListId(destination)) return { DestinationPrefixListId: destination };
  const isIpv6 = parsePrefix(destination)?.version === 6;
  return isIpv6 ? { DestinationIpv6CidrBlock: destination } : { DestinationCidrBlock: destination };
}

function viewRoute(ctx: Context, table: RouteTable, route: Route): Sdk.Route {
  const { destination, via, target } = route;
  const attachment = networkInterfaces.find(ctx, target)?.attachment;
  return {
    ...viewDestination(destination),
    [via]: target,
    ...(attachment && { InstanceId: attachment.instanceId, InstanceOwnerId: attachment.instanceOwnerId }),
    Origin: target === "local" ? "CreateRouteTable" : "CreateRoute",
    State: isAlive(ctx, table, route) ? "active" : "blackhole",
  };
}

const viewLearned = ({ destination, target }: LearnedRoute): Sdk.Route => ({
  ...viewDestination(destination),
  GatewayId: target,
  Origin: "EnableVgwRoutePropagation",
  State: "active",
});

/** Whether the target is there to take packets; the route stays when it is not, and drops them. */
function isAlive(ctx: Context, { vpcId }: RouteTable, { via, target }: Route): boolean {
  if (target === "local") return true;
  if (via === "VpcPeeringConnectionId") return carriesFrom(ctx, target, vpcId);
  if (via === "TransitGatewayId") return isAttached(ctx, target, vpcId);
  if (target.startsWith("vpce-")) return takesPackets(ctx, target);
  if (via === "NatGatewayId") {
    const gateway = natGateways.find(ctx, target);
    return gateway !== undefined && isThere(gateway);
  }
  if (via === "EgressOnlyInternetGatewayId")
    return egressOnlyInternetGateways.find(ctx, target) !== undefined;
  if (target.startsWith("vgw-")) return isAttachedTo(ctx, target, vpcId);
  if (via === "GatewayId") return internetGateways.find(ctx, target)?.vpcId === vpcId;
  const instanceId = networkInterfaces.find(ctx, target)?.attachment?.instanceId;
  return instanceId !== undefined && instances.find(ctx, instanceId)?.state === "running";
}

/** What packets come in through, with the VPC that it is attached to. */
function readGateway(ctx: Context, id: string): { readonly id: string; readonly vpcId: string | undefined } {
  if (id.startsWith("nat-")) {
    throw new ApiError("InvalidParameterValue", `invalid value for parameter gateway-id: ${id}`);
  }
  if (!id.startsWith("vgw-")) return internetGateways.get(ctx, id);
  return { id, vpcId: vpcOf(usableVpnGateway(ctx, id)) };
}

/**
 * A gateway's table leads what comes in through an interface or a Gateway Load Balancer endpoint, to blocks of the VPC.
 *
 * @throws {ApiError} InvalidParameterValue
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/gateway-route-tables.html
 */
function checkInwards(ctx: Context, table: RouteTable, routes: readonly Route[]): void {
  const blocks = localBlocks(ctx, table).map(storedCidr);
  for (const { destination, via, target } of routes) {
    const isWithin =
      !isPrefixListId(destination) && blocks.some((block) => contains(block, storedCidr(destination)));
    if (isWithin && (via === "NetworkInterfaceId" || target.startsWith("vpce-"))) continue;
    throw new ApiError(
      "InvalidParameterValue",
      `The route to ${destination} by ${target} cannot be in the route table ${table.id} of a gateway.`,
    );
  }
}

/** @throws {ApiError} InvalidParameterValue for what a table cannot have as long as a gateway uses it */
export function checkUsers(ctx: Context, table: RouteTable, route: Route): void {
  const users = associations.by(ctx, "routeTable", table.id);
  // The table of a regional NAT gateway leads out.
  if (users.some(({ gatewayId }) => gatewayId?.startsWith("nat-") === false)) {
    checkInwards(ctx, table, [route]);
  }
}

/** The subnet or gateway that is to use the table, checked: its VPC is the table's, and it uses no other yet. */
function readUser(
  ctx: Context,
  table: RouteTable,
  subnetId: string | undefined,
  gatewayId: string | undefined,
): string {
  if ((subnetId === undefined) === (gatewayId === undefined)) {
    throw subnetId === undefined
      ? new ApiError("MissingParameter", "subnetId or gatewayId")
      : new ApiError("InvalidParameterCombination", "Only one of subnetId and gatewayId can be specified.");
  }
  const user = subnetId === undefined ? readGateway(ctx, gatewayId ?? "") : subnets.get(ctx, subnetId);
  if (user.vpcId !== table.vpcId) {
    throw new ApiError(
      "InvalidParameterValue",
      `route table ${table.id} and ${subnetId === undefined ? "network gateway" : "subnet"} ${user.id} belong to different networks`,
    );
  }
  if (gatewayId !== undefined && table.propagating?.length) {
    throw new ApiError(
      "InvalidParameterValue",
      `The route table ${table.id} learns routes from a gateway and cannot be associated with one.`,
    );
  }
  if (gatewayId !== undefined && table.mainAssociation) {
    throw new ApiError(
      "InvalidParameterValue",
      `The main route table ${table.id} cannot be associated with a gateway.`,
    );
  }
  if (gatewayId !== undefined) checkInwards(ctx, table, table.routes);
  const [other] = associations.by(ctx, "user", user.id);
  if (other) {
    throw new ApiError(
      "Resource.AlreadyAssociated",
      `the specified association for route table ${table.id} conflicts with an existing association`,
    );
  }
  return user.id;
}

/** The table that was made for a regional NAT gateway stays with it. */
function checkFreeOfNat({ id, gatewayId }: RouteTableAssociation): void {
  if (!gatewayId?.startsWith("nat-")) return;
  throw new ApiError(
    "InvalidParameterValue",
    `cannot change the route table association ${id} of the NAT gateway ${gatewayId}`,
  );
}

/** Makes another table the VPC's main one. */
function replaceMain(ctx: Context, associationId: string, table: RouteTable): string {
  const [before] = routeTables.by(ctx, "mainAssociation", associationId);
  if (!before || before.account !== ctx.account)
    throw new ApiError("InvalidAssociationID.NotFound", associationId);
  if (before.vpcId !== table.vpcId) {
    throw new ApiError(
      "InvalidParameterValue",
      `route table ${table.id} and route table ${before.id} belong to different networks`,
    );
  }
  const mainAssociation = associations.newId(ctx);
  routeTables.update(ctx, before.id, { mainAssociation: undefined });
  routeTables.update(ctx, table.id, { mainAssociation });
  return mainAssociation;
}

export const operations = {
  AssociateRouteTable: ({ RouteTableId, SubnetId, GatewayId, PublicIpv4Pool }, ctx) => {
    const table = routeTables.get(ctx, RouteTableId);
    if (PublicIpv4Pool !== undefined) throw new ApiError("InvalidPublicIpv4PoolID.NotFound", PublicIpv4Pool);
    const user = readUser(ctx, table, SubnetId, GatewayId);
    const { id } = associations.create(ctx, {
      routeTableId: table.id,
      subnetId: SubnetId && user,
      gatewayId: GatewayId && user,
    });
    return { AssociationId: id, AssociationState: associated.AssociationState };
  },

  CreateRouteTable: ({ VpcId, TagSpecifications }, ctx) => {
    const { id: vpcId } = vpcs.get(ctx, VpcId);
    const table = routeTables.create(
      ctx,
      { vpcId, mainAssociation: undefined, routes: [] },
      TagSpecifications,
    );
    return { RouteTable: routeTables.show(ctx, table) };
  },

  DeleteRouteTable: ({ RouteTableId }, ctx) => {
    const { id, mainAssociation } = routeTables.get(ctx, RouteTableId);
    if (mainAssociation) {
      throw new ApiError(
        "DependencyViolation",
        `The routeTable '${id}' has dependencies and cannot be deleted.`,
      );
    }
    routeTables.checkFree(ctx, id, "routeTable");
    leaveRouteTable(ctx, id);
    routeTables.delete(ctx, id);
    return {};
  },

  DescribeRouteTables: routeTables.describe("RouteTables"),

  DisassociateRouteTable: ({ AssociationId }, ctx) => {
    const [main] = routeTables.by(ctx, "mainAssociation", AssociationId);
    if (main?.account === ctx.account) {
      throw new ApiError(
        "InvalidParameterValue",
        `cannot disassociate the main route table association ${AssociationId}`,
      );
    }
    const association = associations.get(ctx, AssociationId);
    checkFreeOfNat(association);
    associations.delete(ctx, association.id);
    return {};
  },

  ReplaceRouteTableAssociation: ({ AssociationId, RouteTableId }, ctx) => {
    const table = routeTables.get(ctx, RouteTableId);
    const before = associations.find(ctx, AssociationId);
    if (!before) return { NewAssociationId: replaceMain(ctx, AssociationId, table), ...associated };
    checkFreeOfNat(before);
    associations.delete(ctx, before.id);
    readUser(ctx, table, before.subnetId, before.gatewayId);
    const { subnetId, gatewayId } = before;
    const { id } = associations.create(ctx, { routeTableId: table.id, subnetId, gatewayId });
    return { NewAssociationId: id, ...associated };
  },
} satisfies Handlers;
