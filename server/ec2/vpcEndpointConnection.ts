import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { describeList } from "../kit/list.ts";
import { tryEach } from "./unsuccessful.ts";
import { namesOf, viewPayers, vpcEndpoints, type VpcEndpoint } from "./vpcEndpoint.ts";
import { vpcEndpointServices, type VpcEndpointService } from "./vpcEndpointService.ts";

/** An endpoint as the owner of its service sees it. */
function view(ctx: Context, service: VpcEndpointService, endpoint: VpcEndpoint): Sdk.VpcEndpointConnection {
  return {
    ServiceId: service.id,
    VpcEndpointId: endpoint.id,
    VpcEndpointOwner: endpoint.account,
    VpcEndpointState: endpoint.state as Sdk.State,
    CreationTimestamp: new Date(endpoint.created),
    DnsEntries: namesOf(ctx, endpoint),
    ...(service.type === "Interface"
      ? { NetworkLoadBalancerArns: [...service.balancers] }
      : { GatewayLoadBalancerArns: [...service.balancers] }),
    IpAddressType: endpoint.ipAddressType,
    VpcEndpointConnectionId: endpoint.connectionId,
    VpcEndpointRegion: ctx.region,
    PayerResponsibilities: viewPayers(endpoint),
    Tags: [],
  };
}

/** The endpoint that is connected to a service of the caller's. */
function connected(ctx: Context, serviceId: string, id: string): VpcEndpoint {
  vpcEndpoints.checkForm(id);
  const endpoint = vpcEndpoints.by(ctx, "service", serviceId).find((each) => each.id === id);
  if (!endpoint || endpoint.state === "deleting") throw new ApiError("InvalidVpcEndpointId.NotFound", id);
  return endpoint;
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
    "vpc-endpoint-region": (connection: Sdk.VpcEndpointConnection) => connection.VpcEndpointRegion,
    "vpc-endpoint-state": (connection: Sdk.VpcEndpointConnection) => connection.VpcEndpointState,
    "vpc-endpoint-id": (connection: Sdk.VpcEndpointConnection) => connection.VpcEndpointId,
  },
  of: (_input: Sdk.DescribeVpcEndpointConnectionsRequest, ctx: Context): Sdk.VpcEndpointConnection[] =>
    vpcEndpointServices
      .own(ctx)
      .flatMap((service) =>
        vpcEndpoints.by(ctx, "service", service.id).map((endpoint) => view(ctx, service, endpoint)),
      ),
});

export const operations = {
  AcceptVpcEndpointConnections: ({ ServiceId, VpcEndpointIds }, ctx) => {
    const service = vpcEndpointServices.get(ctx, ServiceId);
    const Unsuccessful = tryEach(VpcEndpointIds, (asked) => {
      const endpoint = connected(ctx, service.id, asked);
      if (endpoint.state !== "pendingAcceptance" && endpoint.state !== "rejected") throw wrongState(endpoint);
      vpcEndpoints.update(ctx, endpoint.id, { state: "pending" });
      vpcEndpoints.soon(ctx, endpoint.id, "available", 60);
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
    const { id } =
      ServiceId === undefined
        ? vpcEndpoints.get(ctx, VpcEndpointId)
        : connected(ctx, vpcEndpointServices.get(ctx, ServiceId).id, VpcEndpointId);
    const endpoint = vpcEndpoints.update(ctx, id, { payer: PayerResponsibility });
    return { VpcEndpointId: id, PayerResponsibilities: viewPayers(endpoint) };
  },

  RejectVpcEndpointConnections: ({ ServiceId, VpcEndpointIds }, ctx) => {
    const service = vpcEndpointServices.get(ctx, ServiceId);
    const Unsuccessful = tryEach(VpcEndpointIds, (asked) => {
      const endpoint = connected(ctx, service.id, asked);
      if (endpoint.state === "rejected") throw wrongState(endpoint);
      vpcEndpoints.update(ctx, endpoint.id, { state: "rejected" });
    });
    return { Unsuccessful };
  },
} satisfies Handlers;

export const partly = { ModifyVpcEndpointPayerResponsibility: "resource gateways" };
