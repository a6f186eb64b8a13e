import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { awsPrefixLists } from "./catalogue/prefixLists.ts";
import { serviceOf } from "./endpointService.ts";
import { deleteInterface, networkInterfaces } from "./networkInterface.ts";
import { viewGroups } from "./networkInterfaceView.ts";
import { tryEach } from "./unsuccessful.ts";
import { dnsEntries, ownNames, type EndpointDns } from "./vpcEndpointDns.ts";
import { serviceUsers } from "./vpcEndpointService.ts";

/** An endpoint's interface in one subnet. */
export interface EndpointInterface {
  readonly subnetId: string;
  readonly zone: string;
  readonly interfaceId: string;
}

export interface VpcEndpoint extends ResourceRow {
  readonly vpcId: string;
  readonly type: "Gateway" | "GatewayLoadBalancer" | "Interface";
  readonly serviceName: string;
  /** `vpce-svc-…`; absent for a service of Amazon's. */
  readonly serviceId: string | undefined;
  /** The service's Region, if that is another one. */
  readonly serviceRegion?: string;
  /** `vpce-con-…`, by which the service's owner knows it. */
  readonly connectionId: string;
  readonly state: "pendingAcceptance" | "pending" | "available" | "rejected" | "deleting";
  /** JSON; absent where the service takes none. */
  readonly policy: string | undefined;
  /** Of a gateway endpoint: the tables in which a route leads to it. */
  readonly routeTableIds: readonly string[];
  readonly interfaces: readonly EndpointInterface[];
  /** Ids of security groups. */
  readonly groups: readonly string[];
  readonly ipAddressType: Sdk.IpAddressType;
  readonly dns: EndpointDns;
  readonly payer: Sdk.PayerResponsibilityType | undefined;
}

/** The zones that an endpoint has names for: none, if its service is in another Region. */
const namedZones = ({ serviceRegion, interfaces }: VpcEndpoint): string[] =>
  serviceRegion === undefined ? interfaces.map(({ zone }) => zone) : [];

/** Names of an endpoint; those of a gateway are the service's public ones. */
export function namesOf(ctx: Parameters<typeof serviceOf>[0], endpoint: VpcEndpoint): Sdk.DnsEntry[] {
  const service = endpoint.type === "Interface" ? serviceOf(ctx, endpoint) : undefined;
  return service ? dnsEntries(ctx.region, endpoint.id, endpoint.dns, namedZones(endpoint), service) : [];
}

/** Its own names alone, and which of its interfaces each leads to. */
export function ownNamesOf(
  ctx: Parameters<typeof serviceOf>[0],
  endpoint: VpcEndpoint,
): { readonly name: string; readonly interfaces: readonly EndpointInterface[] }[] {
  const service = endpoint.type === "Interface" ? serviceOf(ctx, endpoint) : undefined;
  if (!service) return [];
  return ownNames(ctx.region, endpoint.id, endpoint.dns, namedZones(endpoint), service).map(
    ({ name, zone }) => ({
      name,
      interfaces: endpoint.interfaces.filter((each) => zone === undefined || each.zone === zone),
    }),
  );
}

export const viewPayers = ({ payer }: VpcEndpoint): Sdk.PayerResponsibilityEntry[] | undefined =>
  payer && [{ Scope: "vpc-endpoint-charges", PayerResponsibilityType: payer }];

/** A VPC's own way to a service: by routes, by interfaces, or through appliances. */
export const vpcEndpoints = defineResource({
  type: "vpc-endpoint",
  idPrefix: "vpce",
  notFound: "InvalidVpcEndpointId.NotFound",
  malformed: "InvalidVpcEndpointId.Malformed",
  ids: "VpcEndpointIds",
  view: (endpoint: VpcEndpoint, { ctx, account, tags }): Sdk.VpcEndpoint => ({
    VpcEndpointId: endpoint.id,
    VpcEndpointType: endpoint.type,
    VpcId: endpoint.vpcId,
    ServiceName: endpoint.serviceName,
    ServiceRegion: endpoint.serviceRegion ?? ctx.region,
    // EC2 writes these with a small letter, the SDK's names of them with a capital one.
    State: endpoint.state as Sdk.State,
    PolicyDocument: endpoint.policy,
    RouteTableIds: [...endpoint.routeTableIds],
    SubnetIds: endpoint.interfaces.map(({ subnetId }) => subnetId),
    Groups: viewGroups(ctx, endpoint.groups),
    IpAddressType: endpoint.ipAddressType,
    DnsOptions: {
      DnsRecordIpType: endpoint.dns.recordType,
      ...(endpoint.dns.onlyForInbound && { PrivateDnsOnlyForInboundResolverEndpoint: true }),
    },
    PrivateDnsEnabled: endpoint.dns.isPrivate,
    RequesterManaged: false,
    NetworkInterfaceIds: endpoint.interfaces.map(({ interfaceId }) => interfaceId),
    DnsEntries: namesOf(ctx, endpoint),
    CreationTimestamp: new Date(endpoint.created),
    OwnerId: account,
    PayerResponsibilities: viewPayers(endpoint),
    Tags: tags,
  }),
  filters: {
    "ip-address-type": (endpoint) => endpoint.IpAddressType,
    "service-name": (endpoint) => endpoint.ServiceName,
    "service-region": (endpoint) => endpoint.ServiceRegion,
    "vpc-id": (endpoint) => endpoint.VpcId,
    "vpc-endpoint-id": (endpoint) => endpoint.VpcEndpointId,
    "vpc-endpoint-state": (endpoint) => endpoint.State,
    "vpc-endpoint-type": (endpoint) => endpoint.VpcEndpointType,
  },
  filterIndexes: { "vpc-id": "vpc" },
  indexes: {
    vpc: ({ vpcId }) => vpcId,
    service: ({ serviceId }) => serviceId,
    routeTable: ({ routeTableIds }) => routeTableIds,
    group: ({ groups }) => groups,
    interfacesIn: ({ type, vpcId }) => (type === "Gateway" ? undefined : vpcId),
    gatewaysOf: ({ type, account }) => (type === "Gateway" ? account : undefined),
  },
  parents: { vpc: "vpc", "security-group": "group" },
  quotas: [
    {
      code: "L-29B6F2EB",
      name: "Interface VPC endpoints per VPC",
      usual: 50,
      per: "interfacesIn",
      error: () => new ApiError("VpcEndpointLimitExceeded"),
    },
    {
      code: "L-1B52E74A",
      name: "Gateway VPC endpoints per Region",
      usual: 20,
      per: "gatewaysOf",
      error: () => new ApiError("VpcEndpointLimitExceeded"),
    },
  ],
  transitions: {
    available: (ctx, { id, state }) => {
      if (state === "pending") vpcEndpoints.update(ctx, id, { state: "available" });
    },
    deleted: (ctx, endpoint) => {
      for (const each of endpoint.interfaces) removeInterface(ctx, each);
      vpcEndpoints.delete(ctx, endpoint.id);
    },
  },
});

/** The endpoints of a service in a Region, whoever has them. */
export const endpointsIn = (ctx: Context, region: string, serviceId: string): VpcEndpoint[] =>
  vpcEndpoints.table(region === ctx.region ? ctx : { unit: ctx.unitOf(region) }).by("service", serviceId);

serviceUsers.push((ctx, { id }, places) =>
  places
    .flatMap((region) => endpointsIn(ctx, region, id))
    .some(({ state }) => state !== "rejected" && state !== "deleting"),
);

export function removeInterface(ctx: Context, { interfaceId }: EndpointInterface): void {
  const row = networkInterfaces.table(ctx).get(interfaceId);
  if (row) deleteInterface(ctx, row);
}

/** The prefix list that routes to a gateway endpoint lead by. */
export const prefixListOf = (region: string, { serviceName }: Pick<VpcEndpoint, "serviceName">): string =>
  awsPrefixLists(region).find(({ name }) => name === serviceName)?.id ?? "";

/** The routes that a table has because of gateway endpoints. */
export const gatewayRoutes = (
  ctx: Pick<Context, "unit" | "region">,
  routeTableId: string,
): { readonly destination: string; readonly via: "GatewayId"; readonly target: string }[] =>
  vpcEndpoints
    .table(ctx)
    .by("routeTable", routeTableId)
    .map((endpoint) => ({
      destination: prefixListOf(ctx.region, endpoint),
      via: "GatewayId",
      target: endpoint.id,
    }));

/** Whether packets that a route brings to an endpoint are taken. */
export const takesPackets = (ctx: Context, id: string): boolean =>
  vpcEndpoints.table(ctx).get(id)?.state === "available";

/** A route table goes away: no route of it leads to an endpoint any more. */
export function leaveRouteTable(ctx: Context, routeTableId: string): void {
  for (const { id, routeTableIds } of vpcEndpoints.by(ctx, "routeTable", routeTableId)) {
    vpcEndpoints.update(ctx, id, { routeTableIds: routeTableIds.filter((each) => each !== routeTableId) });
  }
}

/** What befalls the connection of an endpoint to its service. */
export type ConnectionEvent = "Accept" | "Connect" | "Delete" | "Reject";

/** Told of that, with the call at work in the endpoint's Region: notifications add themselves here. */
export const connectionWatchers: ((ctx: Context, endpoint: VpcEndpoint, event: ConnectionEvent) => void)[] =
  [];

export function tellOf(ctx: Context, endpoint: VpcEndpoint, event: ConnectionEvent): void {
  for (const watch of connectionWatchers) watch(ctx, endpoint, event);
}

/** What keeps an endpoint: routes that lead to it add themselves here. */
export const endpointUsers: ((ctx: Context, endpoint: VpcEndpoint) => boolean)[] = [];

export const operations = {
  DeleteVpcEndpoints: ({ VpcEndpointIds }, ctx) => ({
    Unsuccessful: tryEach(VpcEndpointIds, (asked) => {
      const endpoint = vpcEndpoints.get(ctx, asked);
      if (endpointUsers.some((uses) => uses(ctx, endpoint))) {
        throw new ApiError("InvalidParameter", "Endpoint must be removed from route table before deletion");
      }
      const going = vpcEndpoints.update(ctx, endpoint.id, { state: "deleting", routeTableIds: [] });
      if (endpoint.state !== "deleting") tellOf(ctx, going, "Delete");
      vpcEndpoints.soon(ctx, endpoint.id, "deleted", endpoint.type === "Gateway" ? 1 : 60);
    }),
  }),

  DescribeVpcEndpoints: vpcEndpoints.describe("VpcEndpoints"),
} satisfies Handlers;
