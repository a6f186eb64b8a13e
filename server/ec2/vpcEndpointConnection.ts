import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { describeList } from "../kit/list.ts";
import { parseLoadBalancerArn } from "./loadBalancer.ts";
import { tryEach } from "./unsuccessful.ts";
import { endpointsIn, namesOf, tellOf, viewPayers, vpcEndpoints, type VpcEndpoint } from "./vpcEndpoint.ts";
import { regionsOfService, vpcEndpointServices, type VpcEndpointService } from "./vpcEndpointService.ts";

/** An endpoint as the owner of its service sees it. @param region the endpoint's */
function view(
  ctx: Context,
  service: VpcEndpointService,
  endpoint: VpcEndpoint,
  region: string,
): Sdk.VpcEndpointConnection {
  const there = region === ctx.region ? ctx : { ...ctx, region, unit: ctx.unitOf(region) };
  return {
    ServiceId: service.id,
    VpcEndpointId: endpoint.id,
    VpcEndpointOwner: endpoint.account,
    VpcEndpointState: endpoint.state as Sdk.State,
    CreationTimestamp: new Date(endpoint.created),
    DnsEntries: namesOf(there, endpoint),
    ...(service.type === "Interface"
      ? { NetworkLoadBalancerArns: [...service.balancers] }
      : { GatewayLoadBalancerArns: [...service.balancers] }),
    IpAddressType: endpoint.ipAddressType,
    VpcEndpointConnectionId: endpoint.connectionId,
    VpcEndpointRegion: region,
    PayerResponsibilities: viewPayers(endpoint),
    Tags: [],
  };
}

/** The endpoint that is connected to a service of the caller's, and the call at work in its Region. */
function connected(
  ctx: Context,
  service: VpcEndpointService,
  id: string,
): { readonly endpoint: VpcEndpoint; readonly there: Context } {
  vpcEndpoints.checkForm(id);
  for (const region of regionsOfService(ctx, service)) {
    const endpoint = endpointsIn(ctx, region, service.id).find((each) => each.id === id);
    if (!endpoint || endpoint.state === "deleting") continue;
    return { endpoint, there: region === ctx.region ? ctx : ctx.elsewhere(region) };
  }
  throw new ApiError("InvalidVpcEndpointId.NotFound", id);
}

const wrongState = ({ id, state }: VpcEndpoint): ApiError =>
  new ApiError("IncorrectState", `The VPC endpoint ${id} is in the state ${state}.`);

const describeConnections = describeList({
  output: "VpcEndpointConnections",
  tagged: true,
  filters: {
    "ip-address-type": (connection: Sdk.VpcEndpointConnection) => connection.IpAddressType,
    "service-id": (connection: Sdk.VpcEndpointConnection) => connection.ServiceId,
    "vpc-endpoint-owner": (connection: Sdk.VpcEndpointConnection) => connection.VpcEndpointOwner,
    // "The Region of the endpoint or cross-region to find endpoints for other Regions."
    "vpc-endpoint-region": ({ VpcEndpointRegion: region, ...connection }: Sdk.VpcEndpointConnection) => {
      const [balancer = ""] = connection.NetworkLoadBalancerArns ?? [];
      const home = parseLoadBalancerArn(balancer)?.region ?? region;
      return region === home ? region : [region, "cross-region"];
    },
    "vpc-endpoint-state": (connection: Sdk.VpcEndpointConnection) => connection.VpcEndpointState,
    "vpc-endpoint-id": (connection: Sdk.VpcEndpointConnection) => connection.VpcEndpointId,
  },
  of: (_input: Sdk.DescribeVpcEndpointConnectionsRequest, ctx: Context): Sdk.VpcEndpointConnection[] =>
    vpcEndpointServices
      .own(ctx)
      .flatMap((service) =>
        regionsOfService(ctx, service).flatMap((region) =>
          endpointsIn(ctx, region, service.id).map((endpoint) => view(ctx, service, endpoint, region)),
        ),
      ),
});

export const operations = {
  AcceptVpcEndpointConnections: ({ ServiceId, VpcEndpointIds }, ctx) => {
    const service = vpcEndpointServices.get(ctx, ServiceId);
    const Unsuccessful = tryEach(VpcEndpointIds, (asked) => {
      const { endpoint, there } = connected(ctx, service, asked);
      if (endpoint.state !== "pendingAcceptance" && endpoint.state !== "rejected") throw wrongState(endpoint);
      tellOf(there, vpcEndpoints.update(there, endpoint.id, { state: "pending" }), "Accept");
      vpcEndpoints.soon(there, endpoint.id, "available", 60);
    });
    return { Unsuccessful };
  },

  DescribeVpcEndpointConnections: describeConnections,

  ModifyVpcEndpointPayerResponsibility: (input, ctx) => {
    const { ServiceId, VpcEndpointId, PayerResponsibility, Scope } = input;
    if (Scope !== "vpc-endpoint-charges" || PayerResponsibility === "resource-gateway-account") {
      throw new ApiError("UnsupportedOperation", "Resource gateways are not supported.");
    }
    // Who offers a service can take its consumers' costs on; a consumer can only take his own.
    if (ServiceId === undefined && PayerResponsibility === "vpc-endpoint-service-account") {
      throw new ApiError("MissingParameter", "serviceId");
    }
    const { endpoint, there } =
      ServiceId === undefined
        ? { endpoint: vpcEndpoints.get(ctx, VpcEndpointId), there: ctx }
        : connected(ctx, vpcEndpointServices.get(ctx, ServiceId), VpcEndpointId);
    const changed = vpcEndpoints.update(there, endpoint.id, { payer: PayerResponsibility });
    return { VpcEndpointId: endpoint.id, PayerResponsibilities: viewPayers(changed) };
  },

  RejectVpcEndpointConnections: ({ ServiceId, VpcEndpointIds }, ctx) => {
    const service = vpcEndpointServices.get(ctx, ServiceId);
    const Unsuccessful = tryEach(VpcEndpointIds, (asked) => {
      const { endpoint, there } = connected(ctx, service, asked);
      if (endpoint.state === "rejected") throw wrongState(endpoint);
      tellOf(there, vpcEndpoints.update(there, endpoint.id, { state: "rejected" }), "Reject");
    });
    return { Unsuccessful };
  },
} satisfies Handlers;

export const partly = { ModifyVpcEndpointPayerResponsibility: "resource gateways" };
