import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { regions } from "./catalogue/regions.ts";
import { getOffered, type OfferedService } from "./endpointService.ts";
import { defaultGroupOf, securityGroups } from "./securityGroup.ts";
import { isUsableIn } from "./securityGroupVpc.ts";
import { prefixListOf, tellOf, vpcEndpoints, type VpcEndpoint } from "./vpcEndpoint.ts";
import { readDnsOptions, type EndpointDns } from "./vpcEndpointDns.ts";
import { DEFAULT_POLICY, readPolicy } from "./vpcEndpointPolicy.ts";
import { readRouteTables } from "./vpcEndpointRouteTables.ts";
import { addInterface, readSubnets } from "./vpcEndpointSubnets.ts";
import { givesNames, vpcs, type Vpc } from "./vpc.ts";

type Input = Sdk.CreateVpcEndpointRequest;

const invalid = (message: string): ApiError => new ApiError("InvalidParameter", message);

/** VPC Lattice's endpoints are not built. */
function refuseAbsent(input: Input): void {
  const { VpcEndpointType: type, ServiceRegion } = input;
  if (
    type === "Resource" ||
    type === "ServiceNetwork" ||
    input.ServiceNetworkArn !== undefined ||
    input.ResourceConfigurationArn !== undefined
  ) {
    throw new ApiError(
      "UnsupportedOperation",
      "VPC endpoints of type Resource and ServiceNetwork are not supported.",
    );
  }
  if (ServiceRegion !== undefined && !regions.has(ServiceRegion)) {
    throw invalid(`The Region '${ServiceRegion}' is not valid.`);
  }
}

/** What endpoints of each type have nothing to do with. */
const FOREIGN: Readonly<Record<VpcEndpoint["type"], readonly (keyof Input)[]>> = {
  Gateway: ["SubnetIds", "SubnetConfigurations", "SecurityGroupIds", "PrivateDnsEnabled", "DnsOptions"],
  Interface: ["RouteTableIds"],
  GatewayLoadBalancer: [
    "RouteTableIds",
    "SecurityGroupIds",
    "PolicyDocument",
    "PrivateDnsEnabled",
    "DnsOptions",
  ],
};

function checkMembers(type: VpcEndpoint["type"], input: Input): void {
  const foreign = FOREIGN[type].find((name) => {
    const value = input[name];
    // To ask for none of something is to ask for nothing.
    return value !== undefined && value !== false && !(Array.isArray(value) && value.length === 0);
  });
  if (foreign) throw invalid(`The parameter ${foreign} is not valid for endpoints of type ${type}.`);
}

/** @throws {ApiError} InvalidParameter if the service is not for the type */
function chooseService(
  ctx: Context,
  name: string,
  type: VpcEndpoint["type"],
  region = ctx.region,
): OfferedService {
  const offered = getOffered(ctx, name, [region]);
  const service = offered.find((each) => each.type === type);
  if (!service) {
    const types = offered.map((each) => each.type).join(", ");
    throw invalid(`Endpoint type (${type}) does not match available service types ([${types}]).`);
  }
  return service;
}

/** @throws {ApiError} InvalidParameter if the service, or the subnets' addresses, are not of the type */
export function readIpAddressType(
  service: OfferedService | undefined,
  type: VpcEndpoint["type"],
  asked: Sdk.IpAddressType = "ipv4",
): Sdk.IpAddressType {
  const needed: readonly Sdk.ServiceConnectivityType[] =
    asked === "dualstack" ? ["ipv4", "ipv6"] : [asked === "ipv6" ? "ipv6" : "ipv4"];
  if (needed.some((each) => service && !service.ipAddressTypes.includes(each))) {
    throw invalid(`The service ${service?.name} does not support the IP address type ${asked}.`);
  }
  if (type === "Gateway" && asked !== "ipv4") {
    throw invalid(`Gateway endpoints do not support the IP address type ${asked}.`);
  }
  return asked;
}

/** @throws {ApiError} InvalidGroup.NotFound, InvalidParameter for a group that the VPC cannot use */
export function readEndpointGroups(ctx: Context, vpcId: string, ids: readonly string[]): string[] {
  return securityGroups.getAll(ctx, ids).map((group) => {
    if (!isUsableIn(ctx, group, vpcId)) {
      throw invalid(`Security group ${group.id} and the endpoint belong to different networks.`);
    }
    return group.id;
  });
}

/**
 * Makes sure that the service's own names can lead to an endpoint.
 *
 * @throws {ApiError} InvalidParameter if the service has none, the VPC gives no names, or another endpoint has them
 */
export function checkPrivateDns(ctx: Context, vpc: Vpc, service: OfferedService, self?: VpcEndpoint): void {
  const [name] = service.privateNames;
  if (name === undefined) {
    throw invalid(
      `Private DNS can't be enabled because the service ${service.name} does not provide a private DNS name.`,
    );
  }
  const { id: vpcId } = vpc;
  if (!givesNames(vpc)) {
    throw invalid(
      `Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for ${vpcId}`,
    );
  }
  const other = vpcEndpoints
    .by(ctx, "vpc", vpcId)
    .find(
      (each) =>
        each.id !== self?.id &&
        each.dns.isPrivate &&
        each.state !== "deleting" &&
        each.serviceName === service.name,
    );
  if (other) {
    throw invalid(
      `private-dns-enabled cannot be set because there is already a conflicting DNS domain for ${name} in the VPC ${vpcId}`,
    );
  }
}

/** @throws {ApiError} InvalidParameter unless there is a gateway endpoint of the service beside the interface one */
export function checkInboundOnly(ctx: Context, vpcId: string, service: OfferedService): void {
  const hasGateway = vpcEndpoints
    .by(ctx, "vpc", vpcId)
    .some(({ type, serviceName }) => type === "Gateway" && serviceName === service.name);
  if (!hasGateway) {
    throw invalid(
      `To set PrivateDnsOnlyForInboundResolverEndpoint to true, the VPC ${vpcId} must have a Gateway endpoint for the service.`,
    );
  }
}

/** Of Amazon's services, save those whose names a gateway endpoint serves. */
const isPrivateByDefault = (ctx: Context, { own, type, name, region }: OfferedService): boolean =>
  type === "Interface" && own === undefined && getOffered(ctx, name, [region]).length === 1;

function readDns(
  ctx: Context,
  vpc: Vpc,
  service: OfferedService,
  addresses: Sdk.IpAddressType,
  { DnsOptions, PrivateDnsEnabled }: Input,
): EndpointDns {
  const token = [...ctx.chance.bytes(8)]
    .map((byte) => "abcdefghijklmnopqrstuvwxyz234567"[byte & 31])
    .join("");
  const options = readDnsOptions(DnsOptions, addresses);
  const isPrivate = PrivateDnsEnabled ?? isPrivateByDefault(ctx, service);
  if (isPrivate) checkPrivateDns(ctx, vpc, service);
  if (options.onlyForInbound) {
    if (!isPrivate) throw invalid("PrivateDnsOnlyForInboundResolverEndpoint requires private DNS.");
    checkInboundOnly(ctx, vpc.id, service);
  }
  return { ...options, isPrivate, token };
}

/** What all endpoints have, before they have interfaces or routes. */
function plan(
  ctx: Context,
  vpc: Vpc,
  type: VpcEndpoint["type"],
  service: OfferedService,
  input: Input,
): Omit<VpcEndpoint, "account" | "created" | "id" | "seq"> {
  const ipAddressType = readIpAddressType(service, type, input.IpAddressType);
  if (input.PolicyDocument !== undefined && !service.takesPolicy) {
    throw invalid(`The service ${service.name} does not support endpoint policies.`);
  }
  const policy = type === "GatewayLoadBalancer" ? undefined : DEFAULT_POLICY;
  return {
    vpcId: vpc.id,
    type,
    serviceName: service.name,
    serviceId: service.own?.id,
    ...(service.region !== ctx.region && { serviceRegion: service.region }),
    connectionId: `vpce-con-0${ctx.chance.hex(16)}`,
    state: service.own?.acceptanceRequired ? "pendingAcceptance" : "pending",
    policy: input.PolicyDocument === undefined ? policy : readPolicy(input.PolicyDocument),
    routeTableIds: [],
    interfaces: [],
    groups: [],
    ipAddressType,
    dns: readDns(ctx, vpc, service, ipAddressType, input),
    payer: service.own?.ownerPays ? "vpc-endpoint-service-account" : undefined,
  };
}

export const operations = {
  CreateVpcEndpoint: (input, ctx) => {
    refuseAbsent(input);
    const { ServiceName, VpcEndpointType, ClientToken } = input;
    if (ServiceName === undefined) throw new ApiError("MissingParameter", "serviceName");
    const type = (VpcEndpointType ?? "Gateway") as VpcEndpoint["type"];
    const vpc = vpcs.get(ctx, input.VpcId);
    const service = chooseService(ctx, ServiceName, type, input.ServiceRegion);
    checkMembers(type, input);
    const fields = plan(ctx, vpc, type, service, input);
    const id = vpcEndpoints.newId(ctx);
    if (type === "Gateway") {
      const list = prefixListOf(ctx.region, fields);
      const routeTableIds = readRouteTables(ctx, vpc.id, list, input.RouteTableIds ?? []);
      // These are there as soon as the call is answered.
      const ready = { ...fields, state: "available" as const, routeTableIds };
      const row = vpcEndpoints.create(ctx, ready, input.TagSpecifications, id);
      return { VpcEndpoint: vpcEndpoints.show(ctx, row), ClientToken };
    }
    const where = { vpcId: vpc.id, kept: [] };
    const wanted = readSubnets(ctx, where, service, input.SubnetIds, input.SubnetConfigurations);
    if (type === "GatewayLoadBalancer" && wanted.length !== 1) {
      throw invalid("A Gateway Load Balancer endpoint must have exactly one subnet.");
    }
    const asked = input.SecurityGroupIds ?? [];
    const usual = (): string[] => (type === "Interface" ? [defaultGroupOf(ctx, vpc.id).id] : []);
    const groups = asked.length > 0 ? readEndpointGroups(ctx, vpc.id, asked) : usual();
    const { ipAddressType } = fields;
    const interfaces = wanted.map((each) => addInterface(ctx, { id, type, groups, ipAddressType }, each));
    const row = vpcEndpoints.create(ctx, { ...fields, groups, interfaces }, input.TagSpecifications, id);
    if (row.state === "pending") vpcEndpoints.soon(ctx, id, "available", 60);
    tellOf(ctx, row, "Connect");
    return { VpcEndpoint: vpcEndpoints.show(ctx, row), ClientToken };
  },
} satisfies Handlers;

export const partly = {
  CreateVpcEndpoint:
    "endpoints of types Resource and ServiceNetwork; policies of endpoints to services that are not here, such as S3, are checked and kept, and nobody asks them",
};
