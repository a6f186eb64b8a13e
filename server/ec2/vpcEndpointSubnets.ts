import type * as Sdk from "@aws-sdk/client-ec2";
import { parseAddress } from "../../network/cidr.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { OfferedService } from "./endpointService.ts";
import { createManagedInterface } from "./createNetworkInterface.ts";
import { subnets, type Subnet } from "./subnet.ts";
import type { EndpointInterface, VpcEndpoint } from "./vpcEndpoint.ts";

/** A subnet that an endpoint is to have an interface in, and the addresses that are asked for it. */
export interface WantedSubnet {
  readonly subnet: Subnet;
  readonly ipv4: string | undefined;
  readonly ipv6: string | undefined;
}

const invalid = (message: string): ApiError => new ApiError("InvalidParameter", message);

const isVersion = (text: string | undefined, version: 4 | 6): boolean =>
  text === undefined || parseAddress(text)?.version === version;

/**
 * The subnets of a call, each once.
 *
 * @throws {ApiError} InvalidSubnetID.NotFound, InvalidParameter for one of another VPC or in a zone without the service,
 *   DuplicateSubnetsInSameZone
 */
export function readSubnets(
  ctx: Context,
  { vpcId, kept }: { readonly vpcId: string; readonly kept: readonly EndpointInterface[] },
  service: OfferedService | undefined,
  ids: readonly string[] = [],
  configurations: readonly Sdk.SubnetConfiguration[] = [],
): WantedSubnet[] {
  const configured = configurations.map(({ SubnetId, Ipv4, Ipv6 }) => {
    if (SubnetId === undefined) throw new ApiError("MissingParameter", "SubnetConfiguration.SubnetId");
    if (!isVersion(Ipv4, 4)) throw invalid(`The IPv4 address ${Ipv4} is not valid.`);
    if (!isVersion(Ipv6, 6)) throw invalid(`The IPv6 address ${Ipv6} is not valid.`);
    return { id: SubnetId, ipv4: Ipv4, ipv6: Ipv6 };
  });
  const twice = configured.find(({ id }, place) => configured.findIndex((each) => each.id === id) < place);
  if (twice) throw invalid(`The subnet ${twice.id} is configured twice.`);
  const found = subnets.getAll(ctx, [...ids, ...configured.map(({ id }) => id)]);
  const zones = kept.map(({ zone }) => zone);
  return found.map((subnet) => {
    if (subnet.vpcId !== vpcId) throw invalid(`The subnet ${subnet.id} does not belong to ${vpcId}.`);
    if (service && !service.zones.includes(subnet.zone)) {
      throw invalid(
        `The VPC endpoint service ${service.name} does not support the availability zone of the subnet: ${subnet.id}.`,
      );
    }
    if (zones.includes(subnet.zone)) {
      throw new ApiError(
        "DuplicateSubnetsInSameZone",
        `Found another VPC endpoint subnet in the availability zone of ${subnet.id}. VPC endpoint subnets should be in different availability zones supported by the VPC endpoint service.`,
      );
    }
    zones.push(subnet.zone);
    const { ipv4, ipv6 } = configured.find(({ id }) => id === subnet.id) ?? {};
    return { subnet, ipv4, ipv6 };
  });
}

/** @throws {ApiError} InvalidParameter for a subnet that does not have the addresses of the endpoint's type */
function checkAddressType(type: Sdk.IpAddressType, { subnet, ipv4, ipv6 }: WantedSubnet): void {
  const fits = {
    ipv4: subnet.cidr !== undefined,
    // "only if all selected subnets are IPv6 only subnets"
    ipv6: subnet.cidr === undefined,
    dualstack: subnet.cidr !== undefined && subnet.ipv6.length > 0,
  }[type];
  if (!fits) throw invalid(`The subnet ${subnet.id} does not support the IP address type ${type}.`);
  if ((ipv4 !== undefined && type === "ipv6") || (ipv6 !== undefined && type === "ipv4")) {
    throw invalid(`The addresses for ${subnet.id} do not fit the IP address type ${type}.`);
  }
}

const TYPES = { Interface: "vpc_endpoint", GatewayLoadBalancer: "gateway_load_balancer_endpoint" } as const;

/** Gives an endpoint an interface in a subnet. */
export function addInterface(
  ctx: Context,
  endpoint: Pick<VpcEndpoint, "id" | "groups" | "ipAddressType"> & { readonly type: keyof typeof TYPES },
  wanted: WantedSubnet,
): EndpointInterface {
  checkAddressType(endpoint.ipAddressType, wanted);
  const { subnet, ipv4, ipv6 } = wanted;
  const { id: interfaceId } = createManagedInterface(ctx, subnet, {
    resourceId: endpoint.id,
    type: TYPES[endpoint.type],
    description: `VPC Endpoint Interface ${endpoint.id}`,
    groups: endpoint.groups,
    // What goes through appliances is of others, and for others.
    sourceDestCheck: endpoint.type === "Interface",
    addresses: {
      ...(ipv4 !== undefined && { PrivateIpAddress: ipv4 }),
      ...(endpoint.ipAddressType !== "ipv4" &&
        (ipv6 === undefined ? { Ipv6AddressCount: 1 } : { Ipv6Addresses: [{ Ipv6Address: ipv6 }] })),
    },
  });
  return { subnetId: subnet.id, zone: subnet.zone, interfaceId };
}
