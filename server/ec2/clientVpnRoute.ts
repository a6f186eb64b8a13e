import type * as Sdk from "@aws-sdk/client-ec2";
import { contains, formatPrefix, overlaps } from "../../network/cidr.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { describeList } from "../kit/list.ts";
import { checkQuota, declareQuota } from "../kit/quotas.ts";
import { readCidr, storedCidr } from "./cidrBlock.ts";
import {
  clientVpnEndpoints,
  settle,
  usableEndpoint,
  type ClientVpnEndpoint,
  type MadeClientVpnRoute,
} from "./clientVpnEndpoint.ts";
import { invalid } from "./clientVpnSettings.ts";
import { networksOf } from "./clientVpnTargetNetwork.ts";
import { vpcs } from "./vpc.ts";

type Rows = Pick<Context, "unit">;

/** A route of an endpoint's table. */
export interface ClientVpnRoute extends MadeClientVpnRoute {
  readonly origin: "add-route" | "associate";
}

/** The target of a route to other clients. */
const LOCAL = "local";

const STATES = { associating: "creating", associated: "active", disassociating: "deleting" } as const;

/** All routes of an endpoint: each associated subnet brings one to its VPC. */
export function routesOf(rows: Rows, { id, routes }: ClientVpnEndpoint): ClientVpnRoute[] {
  const brought = networksOf(rows, id).flatMap(({ subnetId, vpcId = "", state }) => {
    const destination = vpcs.table(rows).get(vpcId)?.ipv4[0]?.cidr;
    return subnetId === undefined || destination === undefined
      ? []
      : {
          destination,
          subnetId,
          description: "Default Route",
          state: STATES[state],
          origin: "associate" as const,
        };
  });
  return [...brought, ...routes.map((route) => ({ ...route, origin: "add-route" as const }))];
}

/** What a route does: `Nat` is the one type that EC2's documentation shows. */
const typeOf = (subnetId: string | undefined): string => {
  if (subnetId === undefined) return "TransitGateway";
  return subnetId === LOCAL ? "Local" : "Nat";
};

const view = (
  { id, transitGateway }: ClientVpnEndpoint,
  { destination, subnetId, description, state, origin }: ClientVpnRoute,
): Sdk.ClientVpnRoute => ({
  ClientVpnEndpointId: id,
  DestinationCidr: destination,
  TargetSubnet: subnetId,
  Type: typeOf(subnetId),
  Origin: origin,
  Status: { Code: state },
  Description: description ?? "",
  TransitGatewayAttachmentId: transitGateway?.attachmentId,
});

const quota = declareQuota({
  code: "L-401D78F7",
  name: "Routes per Client VPN target network association",
  usual: 100,
  error: () => new ApiError("ClientVpnRouteLimitExceeded"),
});

/** The target of a route: an associated subnet, or `local`; of an endpoint at a transit gateway, that. */
function readTarget(
  ctx: Context,
  { id, transitGateway }: ClientVpnEndpoint,
  asked: string | undefined,
): string | undefined {
  if (transitGateway) {
    if (asked === undefined) return undefined;
    throw new ApiError(
      "InvalidParameterCombination",
      `The Client VPN endpoint '${id}' is associated with a transit gateway: its routes have no target subnet.`,
    );
  }
  if (asked === undefined) throw new ApiError("MissingParameter", "targetVpcSubnetId");
  const isTarget = networksOf(ctx, id).some(
    ({ subnetId, state }) => subnetId === asked && state !== "disassociating",
  );
  if (asked !== LOCAL && !isTarget)
    throw new ApiError("InvalidClientVpnActiveAssociationNotFound", asked, id);
  return asked;
}

/**
 * "Client CIDR ranges cannot overlap with … any routes manually added", save one to everywhere; the addresses of clients
 * are local.
 */
function readDestination(
  { clientCidr }: ClientVpnEndpoint,
  text: string,
  target: string | undefined,
): string {
  const prefix = readCidr(text, "destinationCidrBlock", 4);
  const clients = storedCidr(clientCidr);
  const isFine =
    target === LOCAL ? contains(clients, prefix) : prefix.length === 0 || !overlaps(clients, prefix);
  if (isFine) return formatPrefix(prefix);
  const why = target === LOCAL ? "is not within" : "overlaps with";
  throw invalid(text, "destinationCidrBlock", `It ${why} the client CIDR range ${clientCidr}.`);
}

export const operations = {
  CreateClientVpnRoute: (
    { ClientVpnEndpointId, DestinationCidrBlock, TargetVpcSubnetId, Description },
    ctx,
  ) => {
    const endpoint = usableEndpoint(ctx, ClientVpnEndpointId);
    const subnetId = readTarget(ctx, endpoint, TargetVpcSubnetId);
    const destination = readDestination(endpoint, DestinationCidrBlock, subnetId);
    const others = routesOf(ctx, endpoint).filter((route) => route.subnetId === subnetId);
    if (others.some((route) => route.destination === destination)) {
      throw new ApiError("InvalidClientVpnDuplicateRoute");
    }
    checkQuota(ctx, quota, () => others.length + 1, "");
    const made = { destination, subnetId, description: Description, state: "creating" as const };
    settle(ctx, endpoint.id, 60, { routes: [...endpoint.routes, made] });
    return { Status: { Code: made.state } };
  },

  DeleteClientVpnRoute: ({ ClientVpnEndpointId, DestinationCidrBlock, TargetVpcSubnetId }, ctx) => {
    const endpoint = usableEndpoint(ctx, ClientVpnEndpointId);
    const destination = formatPrefix(readCidr(DestinationCidrBlock, "destinationCidrBlock", 4));
    const isIt = (route: MadeClientVpnRoute): boolean =>
      route.destination === destination && route.subnetId === TargetVpcSubnetId;
    const found = routesOf(ctx, endpoint).find(isIt);
    if (!found) throw new ApiError("InvalidClientVpnRouteNotFound", destination, endpoint.id);
    if (found.origin === "associate") {
      throw invalid(
        destination,
        "destinationCidrBlock",
        "A route that was added with a target network goes when that is disassociated.",
      );
    }
    const routes = endpoint.routes.map((route) =>
      isIt(route) ? { ...route, state: "deleting" as const } : route,
    );
    settle(ctx, endpoint.id, 60, { routes });
    return { Status: { Code: "deleting" as const } };
  },

  DescribeClientVpnRoutes: describeList({
    output: "Routes",
    filters: {
      "destination-cidr": (route: Sdk.ClientVpnRoute) => route.DestinationCidr,
      origin: (route) => route.Origin,
      "target-subnet": (route) => route.TargetSubnet,
    },
    of: ({ ClientVpnEndpointId: id = "" }: Sdk.DescribeClientVpnRoutesRequest, ctx) => {
      const endpoint = clientVpnEndpoints.get(ctx, id);
      return routesOf(ctx, endpoint).map((route) => view(endpoint, route));
    },
  }),
} satisfies Handlers;
