import type * as Sdk from "@aws-sdk/client-ec2";
import { contains, formatPrefix } from "../../network/cidr.ts";
import { ApiError, type CodeWith } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { checkQuota, declareQuota, limitOf } from "../kit/quotas.ts";
import { readCidr, storedCidr } from "./cidrBlock.ts";
import { egressOnlyInternetGateways } from "./egressOnlyInternetGateway.ts";
import { instances } from "./instance.ts";
import { internetGateways } from "./internetGateway.ts";
import { isThere, natGateways } from "./natGateway.ts";
import { networkInterfaces } from "./networkInterface.ts";
import { checkUsers, localBlocks, routeTables, type Route, type RouteTable } from "./routeTable.ts";
import { findBlocks, getBlocks, prefixLists, prefixListUsers } from "./prefixList.ts";
import { isPrefixListId } from "./prefixListId.ts";
import { subnets } from "./subnet.ts";
import { endpointUsers, gatewayRoutes, vpcEndpoints } from "./vpcEndpoint.ts";
import { isAttached } from "./transitGatewayAttachment.ts";
import { isLive, vpcPeerings } from "./vpcPeering.ts";
import { vpcOf, vpnGateways } from "./vpnGateway.ts";

type Destination = Pick<
  Sdk.CreateRouteRequest,
  "DestinationCidrBlock" | "DestinationIpv6CidrBlock" | "DestinationPrefixListId"
>;
type Target = Omit<Sdk.CreateRouteRequest, keyof Destination | "RouteTableId" | "DryRun">;

/** Targets that are not built: nobody can have one. */
const absent = {
  CarrierGatewayId: "InvalidCarrierGatewayID.NotFound",
  CoreNetworkArn: "InvalidCoreNetworkArn.NotFound",
  LocalGatewayId: "InvalidLocalGatewayID.NotFound",
} as const satisfies Partial<Record<keyof Target, CodeWith<[string]>>>;

/** Not routable, whatever a table says. @see https://docs.aws.amazon.com/vpc/latest/userguide/subnet-route-tables.html */
const UNROUTABLE = ["169.254.168.0/22", "fd00:ec2::/32"].map(storedCidr);

function readDestination(input: Destination): string {
  const { DestinationCidrBlock, DestinationIpv6CidrBlock, DestinationPrefixListId } = input;
  const given = [DestinationCidrBlock, DestinationIpv6CidrBlock, DestinationPrefixListId];
  const count = given.filter((each) => each !== undefined).length;
  if (count === 0) {
    throw new ApiError(
      "MissingParameter",
      "destinationCidrBlock, destinationIpv6CidrBlock or destinationPrefixListId",
    );
  }
  if (count > 1) {
    throw new ApiError(
      "InvalidParameterCombination",
      "Only one of destinationCidrBlock, destinationIpv6CidrBlock and destinationPrefixListId can be specified.",
    );
  }
  if (DestinationPrefixListId !== undefined) {
    prefixLists.checkForm(DestinationPrefixListId);
    return DestinationPrefixListId;
  }
  return formatPrefix(
    DestinationIpv6CidrBlock === undefined
      ? readCidr(DestinationCidrBlock ?? "", "destinationCidrBlock", 4)
      : readCidr(DestinationIpv6CidrBlock, "destinationIpv6CidrBlock", 6),
  );
}

/** The one target that a call names. */
function readTarget(ctx: Context, table: RouteTable, input: Target): Omit<Route, "destination"> {
  const given = Object.entries(input).filter(([, id]) => id !== undefined) as [keyof Target, string][];
  const [first, ...others] = given;
  if (!first || others.length > 0) {
    throw new ApiError(
      "InvalidParameterCombination",
      "The request must contain exactly one of the targets of a route: gatewayId, instanceId, networkInterfaceId, …",
    );
  }
  const [name, id] = first;
  if (name === "GatewayId") return { via: "GatewayId", target: readGateway(ctx, table, id) };
  if (name === "NetworkInterfaceId") return { via: name, target: readInterface(ctx, table, id) };
  if (name === "InstanceId") return { via: "NetworkInterfaceId", target: readInstance(ctx, table, id) };
  // EC2 shows endpoints as gateways.
  if (name === "VpcEndpointId") return { via: "GatewayId", target: readEndpoint(ctx, table, id) };
  if (name === "VpcPeeringConnectionId") return { via: name, target: readPeering(ctx, table, id) };
  if (name === "TransitGatewayId") return { via: name, target: readTransitGateway(ctx, table, id) };
  if (name === "NatGatewayId") return { via: name, target: readNatGateway(ctx, table, id) };
  if (name === "EgressOnlyInternetGatewayId") return { via: name, target: readEgressOnly(ctx, table, id) };
  if (name in absent) throw new ApiError(absent[name as keyof typeof absent], id);
  throw new ApiError("InvalidParameterValue", `Value (${id}) for parameter ${name} is invalid.`);
}

const elsewhere = (table: RouteTable, what: string, id: string): ApiError =>
  new ApiError(
    "InvalidParameterValue",
    `route table ${table.id} and ${what} ${id} belong to different networks`,
  );

function readGateway(ctx: Context, table: RouteTable, id: string): string {
  if (id === "local") {
    throw new ApiError("InvalidParameterValue", `Value (${id}) for parameter gatewayId is invalid.`);
  }
  if (id.startsWith("vgw-")) {
    const gateway = vpnGateways.find(ctx, id);
    if (!gateway || gateway.state === "deleted") throw new ApiError("InvalidGatewayID.NotFound", id);
    if (vpcOf(gateway) === table.vpcId) return id;
    throw elsewhere(table, "network gateway", id);
  }
  if (!id.startsWith("igw-")) throw new ApiError("InvalidGatewayID.NotFound", id);
  const gateway = internetGateways.get(ctx, id);
  if (gateway.vpcId !== table.vpcId) throw elsewhere(table, "network gateway", id);
  return id;
}

function readInterface(ctx: Context, table: RouteTable, id: string): string {
  if (networkInterfaces.get(ctx, id).vpcId !== table.vpcId) throw elsewhere(table, "interface", id);
  return id;
}

/** One that is still coming will do: until it is there, it drops what it gets. */
function readNatGateway(ctx: Context, table: RouteTable, id: string): string {
  const gateway = natGateways.find(ctx, id);
  if (!gateway || !isThere(gateway)) throw new ApiError("InvalidNatGatewayID.NotFound", id);
  if (gateway.vpcId !== table.vpcId) throw elsewhere(table, "NAT gateway", id);
  return id;
}

function readEgressOnly(ctx: Context, table: RouteTable, id: string): string {
  const { vpcId } = egressOnlyInternetGateways.get(ctx, id);
  if (vpcId !== table.vpcId) throw elsewhere(table, "egress-only internet gateway", id);
  return id;
}

/** @throws {ApiError} InvalidParameterCombination */
function checkVersion({ destination, via }: Route): void {
  if (via !== "EgressOnlyInternetGatewayId" || destination.includes(":") || isPrefixListId(destination))
    return;
  throw new ApiError(
    "InvalidParameterCombination",
    "An egress-only internet gateway can be the target of IPv6 routes only.",
  );
}

/** Only what leads through appliances; routes to gateway endpoints come with these. */
function readEndpoint(ctx: Context, table: RouteTable, id: string): string {
  const { type, vpcId } = vpcEndpoints.get(ctx, id);
  if (type !== "GatewayLoadBalancer") {
    throw new ApiError(
      "InvalidParameterValue",
      `The VPC endpoint ${id} is not a Gateway Load Balancer endpoint.`,
    );
  }
  if (vpcId !== table.vpcId) throw elsewhere(table, "vpc endpoint", id);
  return id;
}

endpointUsers.push((ctx, { id, vpcId }) =>
  routeTables.by(ctx, "vpc", vpcId).some(({ routes }) => routes.some(({ target }) => target === id)),
);

/** Whether a route to the destination comes with a gateway endpoint. */
const isEndpointsRoute = (ctx: Context, { id }: RouteTable, destination: string): boolean =>
  gatewayRoutes(ctx, id).some((route) => route.destination === destination);

/** A connection that is not accepted yet will do: until then the route is a blackhole. */
function readPeering(ctx: Context, table: RouteTable, id: string): string {
  const { requester, accepter, state } = vpcPeerings.get(ctx, id);
  if (!isLive(state)) throw new ApiError("InvalidVpcPeeringConnectionID.NotFound", id);
  if (![requester.vpcId, accepter.vpcId].includes(table.vpcId)) {
    throw elsewhere(table, "vpc peering connection", id);
  }
  return id;
}

/** To a route table, a gateway that the VPC is not attached to does not exist. */
function readTransitGateway(ctx: Context, { vpcId }: RouteTable, id: string): string {
  if (isAttached(ctx, id, vpcId)) return id;
  throw new ApiError("InvalidTransitGatewayID.NotFound", id, `The transitGateway ID '${id}' does not exist`);
}

/** A route to an instance is one to its only interface. */
function readInstance(ctx: Context, table: RouteTable, id: string): string {
  instances.get(ctx, id);
  const [only, ...others] = networkInterfaces.by(ctx, "instance", id);
  if (!only || others.length > 0) {
    throw new ApiError(
      "InvalidInstanceID",
      `There are multiple interfaces attached to instance '${id}'. Please specify an interface ID for the operation instead.`,
    );
  }
  return readInterface(ctx, table, only.id);
}

/** What traffic within the VPC can be sent through. */
const isMiddlebox = ({ via, target }: Omit<Route, "destination">): boolean =>
  via === "NetworkInterfaceId" || via === "NatGatewayId" || target.startsWith("vpce-");

/**
 * Within the VPC only a whole subnet's traffic can be sent another way, and only through an interface.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/route-table-options.html
 */
function checkWithinVpc(ctx: Context, table: RouteTable, { destination, via, target }: Route): void {
  // Whatever is in a prefix list, it does not come before what is local.
  if (isPrefixListId(destination)) return;
  const prefix = storedCidr(destination);
  if (UNROUTABLE.some((block) => contains(block, prefix))) {
    throw new ApiError(
      "InvalidParameterValue",
      `Value (${destination}) for parameter destinationCidrBlock is invalid. It is reserved for the infrastructure.`,
    );
  }
  if (!localBlocks(ctx, table).some((block) => contains(storedCidr(block), prefix))) return;
  const isSubnet = subnets
    .by(ctx, "vpc", table.vpcId)
    .some(({ cidr, ipv6 }) => cidr === destination || ipv6.some((block) => block.cidr === destination));
  if (isMiddlebox({ via, target }) && isSubnet) return;
  throw new ApiError(
    "InvalidParameterValue",
    `The destination CIDR block ${destination} is equal to or more specific than one of this VPC's CIDR blocks. This route can target only an interface or an instance.`,
  );
}

/** A call's route: where to, and by what. */
function splitRoute(asked: Destination & Target & { DryRun?: boolean | undefined }): {
  readonly destination: string;
  readonly target: Target;
} {
  const {
    DestinationCidrBlock,
    DestinationIpv6CidrBlock,
    DestinationPrefixListId,
    DryRun: _,
    ...target
  } = asked;
  return {
    destination: readDestination({ DestinationCidrBlock, DestinationIpv6CidrBlock, DestinationPrefixListId }),
    target,
  };
}

const withRoute = (table: RouteTable, route: Route): Route[] => [
  ...table.routes.filter(({ destination }) => destination !== route.destination),
  route,
];

/** Counted for IPv4 and IPv6 apart, and without the local routes. */
const routeQuota = declareQuota({
  code: "L-93826ACB",
  name: "Routes per route table",
  usual: 500,
  error: () => new ApiError("RouteLimitExceeded"),
});

/** How many routes of a version a route counts as: a prefix list as many as it may have entries. */
function weightOf(ctx: Context, { destination }: Route, version: string): number {
  const list = isPrefixListId(destination) ? findBlocks(ctx, destination) : undefined;
  const family = list?.family ?? (destination.includes(":") ? "IPv6" : "IPv4");
  return family === version ? (list?.weight ?? 1) : 0;
}

const sizeOf = (ctx: Context, routes: readonly Route[], version: string): number =>
  routes.reduce((sum, route) => sum + weightOf(ctx, route, version), 0);

prefixListUsers.push((ctx, prefixListId) => {
  const version = findBlocks(ctx, prefixListId)?.family ?? "IPv4";
  return routeTables.by(ctx, "prefixList", prefixListId).map(({ id, account, routes }) => ({
    id,
    owner: account,
    holds: (more) => sizeOf(ctx, routes, version) + more <= limitOf(ctx, routeQuota),
  }));
});

/** @throws {ApiError} RouteLimitExceeded */
function checkRoutes(ctx: Context, { routes }: RouteTable, added: Route): void {
  const others = routes.filter(({ destination }) => destination !== added.destination);
  for (const version of ["IPv4", "IPv6"]) {
    if (weightOf(ctx, added, version) === 0) continue;
    checkQuota(ctx, routeQuota, () => sizeOf(ctx, [...others, added], version), "");
  }
}

export const operations = {
  CreateRoute: ({ RouteTableId, ...input }, ctx) => {
    const table = routeTables.get(ctx, RouteTableId);
    const { destination, target } = splitRoute(input);
    const route = { destination, ...readTarget(ctx, table, target) };
    checkVersion(route);
    if (isPrefixListId(destination)) getBlocks(ctx, destination);
    const same =
      table.routes.some((other) => other.destination === destination) ||
      isEndpointsRoute(ctx, table, destination);
    if (same || localBlocks(ctx, table).includes(destination)) {
      throw new ApiError("RouteAlreadyExists", destination);
    }
    checkWithinVpc(ctx, table, route);
    checkUsers(ctx, table, route);
    checkRoutes(ctx, table, route);
    routeTables.update(ctx, table.id, { routes: withRoute(table, route) });
    return { Return: true };
  },

  DeleteRoute: ({ RouteTableId, ...input }, ctx) => {
    const table = routeTables.get(ctx, RouteTableId);
    const destination = readDestination(input);
    if (localBlocks(ctx, table).includes(destination)) {
      throw new ApiError(
        "InvalidParameterValue",
        `cannot remove local route ${destination} in route table ${table.id}`,
      );
    }
    if (isEndpointsRoute(ctx, table, destination)) {
      throw new ApiError(
        "InvalidParameterValue",
        `cannot remove VPC endpoint route ${destination} in route table ${table.id}`,
      );
    }
    const routes = table.routes.filter((route) => route.destination !== destination);
    if (routes.length === table.routes.length)
      throw new ApiError("InvalidRoute.NotFound", destination, table.id);
    routeTables.update(ctx, table.id, { routes });
    return {};
  },

  ReplaceRoute: ({ RouteTableId, LocalTarget, ...input }, ctx) => {
    const table = routeTables.get(ctx, RouteTableId);
    const { destination, target } = splitRoute(input);
    const isLocal = localBlocks(ctx, table).includes(destination);
    if (!isLocal && !table.routes.some((route) => route.destination === destination)) {
      throw new ApiError("InvalidRoute.NotFound", destination, table.id);
    }
    if (LocalTarget) {
      if (!isLocal) {
        throw new ApiError("InvalidParameterValue", `The route ${destination} is not a local route.`);
      }
      routeTables.update(ctx, table.id, {
        routes: table.routes.filter((route) => route.destination !== destination),
      });
      return {};
    }
    const route = { destination, ...readTarget(ctx, table, target) };
    checkVersion(route);
    if (isLocal && !isMiddlebox(route)) {
      throw new ApiError(
        "InvalidParameterValue",
        `The target of the local route ${destination} can be replaced only by an interface or an instance.`,
      );
    }
    if (!isLocal) checkWithinVpc(ctx, table, route);
    checkUsers(ctx, table, route);
    routeTables.update(ctx, table.id, { routes: withRoute(table, route) });
    return {};
  },
} satisfies Handlers;

const nowhere = "targets of which there are none: carrier and local gateways, core networks";

export const partly = {
  CreateRoute: nowhere,
  ReplaceRoute: nowhere,
};
