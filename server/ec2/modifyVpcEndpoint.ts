import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import {
  checkInboundOnly,
  checkPrivateDns,
  readEndpointGroups,
  readIpAddressType,
} from "./createVpcEndpoint.ts";
import { serviceOf } from "./endpointService.ts";
import { networkInterfaces } from "./networkInterface.ts";
import {
  prefixListOf,
  removeInterface,
  vpcEndpoints,
  type EndpointInterface,
  type VpcEndpoint,
} from "./vpcEndpoint.ts";
import { readDnsOptions, type EndpointDns } from "./vpcEndpointDns.ts";
import { DEFAULT_POLICY, readPolicy } from "./vpcEndpointPolicy.ts";
import { readRouteTables } from "./vpcEndpointRouteTables.ts";
import { addInterface, readSubnets, type WantedSubnet } from "./vpcEndpointSubnets.ts";
import { subnets } from "./subnet.ts";
import { vpcs } from "./vpc.ts";

type Asked = Omit<Sdk.ModifyVpcEndpointRequest, "VpcEndpointId">;

const invalid = (message: string): ApiError => new ApiError("InvalidParameter", message);

/** What can be changed about endpoints of each type. */
const OWN: Readonly<Record<VpcEndpoint["type"], readonly (keyof Asked)[]>> = {
  Gateway: ["ResetPolicy", "PolicyDocument", "AddRouteTableIds", "RemoveRouteTableIds"],
  Interface: [
    "ResetPolicy",
    "PolicyDocument",
    "AddSubnetIds",
    "RemoveSubnetIds",
    "AddSecurityGroupIds",
    "RemoveSecurityGroupIds",
    "IpAddressType",
    "DnsOptions",
    "PrivateDnsEnabled",
    "SubnetConfigurations",
  ],
  GatewayLoadBalancer: ["AddSubnetIds", "RemoveSubnetIds", "IpAddressType", "SubnetConfigurations"],
};

function checkMembers(type: VpcEndpoint["type"], asked: Asked): void {
  const given = (Object.keys(asked) as (keyof Asked)[]).filter((name) => asked[name] !== undefined);
  const foreign = given.find((name) => name !== "DryRun" && !OWN[type].includes(name));
  if (foreign) throw invalid(`The parameter ${foreign} is not valid for endpoints of type ${type}.`);
}

function changePolicy(ctx: Context, endpoint: VpcEndpoint, asked: Asked): string | undefined {
  if (asked.ResetPolicy && asked.PolicyDocument !== undefined) {
    throw new ApiError(
      "InvalidParameterCombination",
      "policyDocument and resetPolicy cannot be specified together.",
    );
  }
  if (asked.ResetPolicy) return DEFAULT_POLICY;
  if (asked.PolicyDocument === undefined) return endpoint.policy;
  if (!serviceOf(ctx, endpoint)?.takesPolicy) {
    throw invalid(`The service ${endpoint.serviceName} does not support endpoint policies.`);
  }
  return readPolicy(asked.PolicyDocument);
}

function changeRouteTables(ctx: Context, endpoint: VpcEndpoint, asked: Asked): string[] {
  const removed = asked.RemoveRouteTableIds ?? [];
  const missing = removed.find((id) => !endpoint.routeTableIds.includes(id));
  if (missing !== undefined) throw invalid(`The route table ${missing} is not associated with the endpoint.`);
  const kept = endpoint.routeTableIds.filter((id) => !removed.includes(id));
  const added = (asked.AddRouteTableIds ?? []).filter((id) => !kept.includes(id));
  const list = prefixListOf(ctx.region, endpoint);
  return [...kept, ...readRouteTables(ctx, endpoint.vpcId, list, added)];
}

function changeGroups(ctx: Context, endpoint: VpcEndpoint, asked: Asked): string[] {
  const removed = asked.RemoveSecurityGroupIds ?? [];
  const missing = removed.find((id) => !endpoint.groups.includes(id));
  if (missing !== undefined)
    throw invalid(`The security group ${missing} is not associated with the endpoint.`);
  const kept = endpoint.groups.filter((id) => !removed.includes(id));
  const added = readEndpointGroups(ctx, endpoint.vpcId, asked.AddSecurityGroupIds ?? []);
  const groups = [...new Set([...kept, ...added])];
  if (endpoint.type === "Interface" && groups.length === 0) {
    throw invalid("An interface endpoint must have at least one security group.");
  }
  return groups;
}

/** The subnet of an interface that is to have addresses of other types, and the address that it keeps. */
function again(
  ctx: Context,
  { subnetId, interfaceId }: EndpointInterface,
  type: Sdk.IpAddressType,
): WantedSubnet {
  const [address] = networkInterfaces.table(ctx).get(interfaceId)?.privateAddresses ?? [];
  const ipv4 = type === "ipv6" ? undefined : address;
  return { subnet: subnets.get(ctx, subnetId), ipv4, ipv6: undefined };
}

/** The interfaces after a change; those whose addresses are to be others are made anew. */
function changeInterfaces(
  ctx: Context,
  before: VpcEndpoint,
  { type, ...endpoint }: VpcEndpoint,
  asked: Asked,
): readonly EndpointInterface[] {
  if (type === "Gateway") return [];
  const { RemoveSubnetIds = [], AddSubnetIds = [], SubnetConfigurations = [] } = asked;
  const missing = RemoveSubnetIds.find((id) => !before.interfaces.some(({ subnetId }) => subnetId === id));
  if (missing !== undefined) throw invalid(`The subnet ${missing} is not associated with the endpoint.`);
  const given = new Set([...RemoveSubnetIds, ...SubnetConfigurations.map(({ SubnetId }) => SubnetId)]);
  const kept = before.interfaces.filter(({ subnetId }) => !given.has(subnetId));
  const added = AddSubnetIds.filter((id) => !kept.some(({ subnetId }) => subnetId === id));
  const service = serviceOf(ctx, { ...endpoint, type });
  const wanted = readSubnets(ctx, { vpcId: endpoint.vpcId, kept }, service, added, SubnetConfigurations);
  const stay = endpoint.ipAddressType === before.ipAddressType;
  const remade = stay ? [] : kept.map((each) => again(ctx, each, endpoint.ipAddressType));
  const staying = stay ? kept : [];
  for (const each of before.interfaces) if (!staying.includes(each)) removeInterface(ctx, each);
  const made = [...remade, ...wanted].map((each) => addInterface(ctx, { ...endpoint, type }, each));
  const interfaces = [...staying, ...made];
  if (type === "GatewayLoadBalancer" && interfaces.length !== 1) {
    throw invalid("A Gateway Load Balancer endpoint must have exactly one subnet.");
  }
  return interfaces;
}

function changeDns(ctx: Context, endpoint: VpcEndpoint, asked: Asked): EndpointDns {
  const addresses = asked.IpAddressType ?? endpoint.ipAddressType;
  const options = readDnsOptions(asked.DnsOptions, addresses, endpoint.dns);
  const dns = { ...endpoint.dns, ...options, isPrivate: asked.PrivateDnsEnabled ?? endpoint.dns.isPrivate };
  const service = serviceOf(ctx, endpoint);
  if (!service || endpoint.type !== "Interface") return dns;
  if (asked.PrivateDnsEnabled) checkPrivateDns(ctx, vpcs.get(ctx, endpoint.vpcId), service, endpoint);
  if (asked.DnsOptions?.PrivateDnsOnlyForInboundResolverEndpoint) {
    if (!dns.isPrivate) throw invalid("PrivateDnsOnlyForInboundResolverEndpoint requires private DNS.");
    checkInboundOnly(ctx, endpoint.vpcId, service);
  }
  return dns.isPrivate ? dns : { ...dns, onlyForInbound: false };
}

export const operations = {
  ModifyVpcEndpoint: ({ VpcEndpointId, ...asked }, ctx) => {
    const before = vpcEndpoints.get(ctx, VpcEndpointId);
    const { id, type } = before;
    checkMembers(type, asked);
    if (before.state === "deleting" || before.state === "rejected") {
      throw new ApiError("IncorrectState", `The VPC endpoint ${id} is in the state ${before.state}.`);
    }
    const service = serviceOf(ctx, before);
    const ipAddressType = readIpAddressType(service, type, asked.IpAddressType ?? before.ipAddressType);
    const endpoint = { ...before, ipAddressType, groups: changeGroups(ctx, before, asked) };
    const interfaces = changeInterfaces(ctx, before, endpoint, asked);
    for (const { interfaceId } of interfaces) {
      networkInterfaces.update(ctx, interfaceId, { groups: endpoint.groups });
    }
    vpcEndpoints.update(ctx, id, {
      ipAddressType,
      groups: endpoint.groups,
      interfaces,
      policy: changePolicy(ctx, before, asked),
      routeTableIds: changeRouteTables(ctx, before, asked),
      dns: changeDns(ctx, before, asked),
    });
    return { Return: true };
  },
} satisfies Handlers;
