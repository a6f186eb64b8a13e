import type * as Sdk from "@aws-sdk/client-ec2";
import { contains, formatPrefix } from "../../network/cidr.ts";
import { ApiError, type CodeWith } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { checkQuota, declareQuota } from "../kit/quotas.ts";
import { readCidr, storedCidr } from "./cidrBlock.ts";
import { instances } from "./instance.ts";
import { internetGateways } from "./internetGateway.ts";
import { networkInterfaces } from "./networkInterface.ts";
import { localBlocks, routeTables, type Route, type RouteTable } from "./routeTable.ts";
import { subnets } from "./subnet.ts";

type Destination = Pick<
  Sdk.CreateRouteRequest,
  "DestinationCidrBlock" | "DestinationIpv6CidrBlock" | "DestinationPrefixListId"
>;
type Target = Omit<Sdk.CreateRouteRequest, keyof Destination | "RouteTableId" | "DryRun">;

/** Targets that are not built: nobody can have one. */
const absent = {
  CarrierGatewayId: "InvalidCarrierGatewayID.NotFound",
  EgressOnlyInternetGatewayId: "InvalidEgressOnlyInternetGatewayId.NotFound",
  LocalGatewayId: "InvalidLocalGatewayID.NotFound",
  NatGatewayId: "NatGatewayNotFound",
  TransitGatewayId: "InvalidTransitGatewayID.NotFound",
  VpcEndpointId: "InvalidVpcEndpointId.NotFound",
  VpcPeeringConnectionId: "InvalidVpcPeeringConnectionID.NotFound",
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
    throw new ApiError("InvalidPrefixListID.NotFound", DestinationPrefixListId);
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
  if (!id.startsWith("igw-")) throw new ApiError("InvalidGatewayID.NotFound", id);
  const gateway = internetGateways.get(ctx, id);
  if (gateway.vpcId !== table.vpcId) throw elsewhere(table, "network gateway", id);
  return id;
}

function readInterface(ctx: Context, table: RouteTable, id: string): string {
  if (networkInterfaces.get(ctx, id).vpcId !== table.vpcId) throw elsewhere(table, "interface", id);
  return id;
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

/**
 * Within the VPC only a whole subnet's traffic can be sent another way, and only through an interface.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/route-table-options.html
 */
function checkWithinVpc(ctx: Context, table: RouteTable, { destination, via }: Route): void {
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
  if (via === "NetworkInterfaceId" && isSubnet) return;
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

const versionOf = ({ destination }: Route): string => (destination.includes(":") ? "IPv6" : "IPv4");

/** @throws {ApiError} RouteLimitExceeded */
function checkRoutes(ctx: Context, { routes }: RouteTable, added: Route): void {
  const alike = (route: Route) => versionOf(route) === versionOf(added);
  checkQuota(ctx, routeQuota, () => routes.filter(alike).length + 1, "");
}

export const operations = {
  CreateRoute: ({ RouteTableId, ...input }, ctx) => {
    const table = routeTables.get(ctx, RouteTableId);
    const { destination, target } = splitRoute(input);
    const route = { destination, ...readTarget(ctx, table, target) };
    const same = table.routes.find((other) => other.destination === destination);
    if (same || localBlocks(ctx, table).includes(destination)) {
      throw new ApiError("RouteAlreadyExists", destination);
    }
    checkWithinVpc(ctx, table, route);
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
    if (isLocal && route.via !== "NetworkInterfaceId") {
      throw new ApiError(
        "InvalidParameterValue",
        `The target of the local route ${destination} can be replaced only by an interface or an instance.`,
      );
    }
    if (!isLocal) checkWithinVpc(ctx, table, route);
    routeTables.update(ctx, table.id, { routes: withRoute(table, route) });
    return {};
  },
} satisfies Handlers;

export const partly = {
  CreateRoute: "targets other than internet gateways, interfaces and instances; prefix lists",
  ReplaceRoute: "targets other than internet gateways, interfaces and instances; prefix lists",
};
