import type * as Sdk from "@aws-sdk/client-ec2";
import { overlaps } from "../../network/cidr.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { describeList } from "../kit/list.ts";
import { isAssociated } from "./cidrAssociation.ts";
import { storedCidr } from "./cidrBlock.ts";
import { endConnections } from "./clientVpnConnection.ts";
import { clientVpnEndpoints, settle, usableEndpoint, type ClientVpnEndpoint } from "./clientVpnEndpoint.ts";
import { invalid, readClientVpnGroups } from "./clientVpnSettings.ts";
import {
  clientVpnTargetNetworks,
  leave,
  networksOf,
  targetNetworkFilters,
  type ClientVpnTargetNetwork,
} from "./clientVpnTargetNetwork.ts";
import { associateZone, MOST_ZONES, readZone } from "./createClientVpnEndpoint.ts";
import { createManagedInterface } from "./createNetworkInterface.ts";
import { lendPublicAddress } from "./lentAddress.ts";
import { applyGroups } from "./modifyClientVpnEndpoint.ts";
import { networkInterfaces } from "./networkInterface.ts";
import { subnets, type Subnet } from "./subnet.ts";
import { vpcs } from "./vpc.ts";

/** An association of an endpoint. @throws {ApiError} InvalidClientVpnAssociationIdNotFound */
function networkOf(ctx: Context, endpointId: string, id: string): ClientVpnTargetNetwork {
  const network = clientVpnTargetNetworks.get(ctx, id);
  if (network.endpointId !== endpointId) throw new ApiError("InvalidClientVpnAssociationIdNotFound", id);
  return network;
}

/** In bits, and in addresses that are free. */
const SMALLEST_SUBNET = 27;
const FEWEST_ADDRESSES = 20;

/** @see https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/cvpn-working-target.html */
function checkRoom(ctx: Context, subnet: Subnet): void {
  if (subnet.cidr === undefined) throw invalid(subnet.id, "subnetId", "It has no IPv4 CIDR block.");
  const free = subnets.show(ctx, subnet).AvailableIpAddressCount ?? 0;
  if (storedCidr(subnet.cidr).length > SMALLEST_SUBNET || free < FEWEST_ADDRESSES) {
    throw invalid(subnet.id, "subnetId", "It must be at least a /27, with 20 available IP addresses.");
  }
}

/**
 * A subnet by which clients can come into a VPC: of the endpoint's VPC, if it has one, and one of each zone.
 *
 * @see https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/what-is-best-practices.html
 */
function readSubnet(ctx: Context, { id, vpcId, clientCidr }: ClientVpnEndpoint, asked: string): Subnet {
  subnets.checkForm(asked);
  const subnet = subnets.find(ctx, asked);
  if (!subnet) throw new ApiError("InvalidClientVpnSubnetId.NotFound", asked);
  const networks = networksOf(ctx, id);
  if (networks.some(({ subnetId }) => subnetId === asked)) {
    throw new ApiError("ClientVpnEndpointAssociationExists", asked, id);
  }
  const vpc = vpcs.get(ctx, subnet.vpcId);
  if (vpcId !== undefined && vpc.id !== vpcId) {
    throw invalid(asked, "subnetId", `The Client VPN endpoint '${id}' is associated with ${vpcId}.`);
  }
  if (vpc.tenancy === "dedicated") {
    throw invalid(asked, "subnetId", "Subnets of VPCs with dedicated tenancy cannot be associated.");
  }
  if (networks.some(({ zone }) => zone === subnet.zone)) {
    throw new ApiError("InvalidClientVpnSubnetId.DuplicateAz", subnet.zone);
  }
  checkRoom(ctx, subnet);
  const blocks = vpc.ipv4.filter(isAssociated).map(({ cidr }) => storedCidr(cidr));
  if (blocks.some((block) => overlaps(block, storedCidr(clientCidr)))) {
    throw new ApiError("InvalidClientVpnSubnetId.OverlappingCidr", asked, clientCidr);
  }
  return subnet;
}

/** An interface in the subnet, to which clients come over the internet. */
function addDoor(
  ctx: Context,
  network: ClientVpnTargetNetwork,
  subnet: Subnet,
  groups: readonly string[],
): void {
  const door = createManagedInterface(ctx, subnet, {
    resourceId: network.id,
    type: "interface",
    description: "ClientVPN Endpoint resource",
    groups,
    sourceDestCheck: true,
    addresses: {},
  });
  const lent = networkInterfaces.update(ctx, door.id, { associatePublicIp: true });
  lendPublicAddress(ctx, lent);
}

function associateSubnet(ctx: Context, endpoint: ClientVpnEndpoint, asked: string): ClientVpnTargetNetwork {
  const subnet = readSubnet(ctx, endpoint, asked);
  const { id: endpointId } = endpoint;
  const groups = endpoint.vpcId === undefined ? readClientVpnGroups(ctx, subnet.vpcId, []) : endpoint.groups;
  clientVpnEndpoints.update(ctx, endpointId, { vpcId: subnet.vpcId, groups });
  const network = clientVpnTargetNetworks.create(ctx, {
    endpointId,
    state: "associating",
    subnetId: subnet.id,
    vpcId: subnet.vpcId,
    zone: subnet.zone,
  });
  addDoor(ctx, network, subnet, groups);
  // "It may take several minutes."
  clientVpnTargetNetworks.soon(ctx, network.id, "associated", 300);
  return network;
}

type Asked = Omit<Sdk.AssociateClientVpnTargetNetworkRequest, "ClientVpnEndpointId">;

function readNetwork(ctx: Context, endpoint: ClientVpnEndpoint, asked: Asked): ClientVpnTargetNetwork {
  const { SubnetId, AvailabilityZone, AvailabilityZoneId } = asked;
  const named = [SubnetId, AvailabilityZone, AvailabilityZoneId].filter((each) => each !== undefined);
  if (named.length > 1) {
    throw new ApiError(
      "InvalidParameterCombination",
      "Only one of SubnetId, AvailabilityZone and AvailabilityZoneId can be specified.",
    );
  }
  if (!endpoint.transitGateway) {
    if (SubnetId === undefined) throw new ApiError("MissingParameter", "subnetId");
    return associateSubnet(ctx, endpoint, SubnetId);
  }
  const wanted = AvailabilityZone ?? AvailabilityZoneId;
  if (wanted === undefined) throw new ApiError("MissingParameter", "availabilityZone");
  const zone = readZone(ctx, wanted);
  const networks = networksOf(ctx, endpoint.id);
  if (networks.some(({ zone: taken }) => taken === zone.name)) {
    throw new ApiError("ClientVpnEndpointAssociationExists", zone.name, endpoint.id);
  }
  if (networks.length >= MOST_ZONES) throw invalid(wanted, "availabilityZone", "Up to 5 Availability Zones.");
  return associateZone(ctx, endpoint.id, zone);
}

export const operations = {
  ApplySecurityGroupsToClientVpnTargetNetwork: ({ ClientVpnEndpointId, VpcId, SecurityGroupIds }, ctx) => {
    const { id, vpcId } = usableEndpoint(ctx, ClientVpnEndpointId);
    const vpc = vpcs.get(ctx, VpcId);
    if (vpc.id !== vpcId) throw invalid(vpc.id, "vpcId", `It is not the VPC of ${id}.`);
    if (SecurityGroupIds.length === 0) throw new ApiError("MissingParameter", "securityGroupIds");
    const groups = readClientVpnGroups(ctx, vpc.id, SecurityGroupIds);
    applyGroups(ctx, id, groups);
    return { SecurityGroupIds: [...groups] };
  },

  AssociateClientVpnTargetNetwork: ({ ClientVpnEndpointId, ...asked }, ctx) => {
    const endpoint = usableEndpoint(ctx, ClientVpnEndpointId);
    const { id, state } = readNetwork(ctx, endpoint, asked);
    return { AssociationId: id, Status: { Code: state } };
  },

  DescribeClientVpnTargetNetworks: describeList({
    output: "ClientVpnTargetNetworks",
    filters: targetNetworkFilters,
    of: (input: Sdk.DescribeClientVpnTargetNetworksRequest, ctx) => {
      const { id } = clientVpnEndpoints.get(ctx, input.ClientVpnEndpointId ?? "");
      const rows = input.AssociationIds?.length
        ? input.AssociationIds.map((each) => networkOf(ctx, id, each))
        : networksOf(ctx, id);
      return rows.map((row) => clientVpnTargetNetworks.show(ctx, row));
    },
  }),

  /**
   * What comes with a subnet goes with it: its routes, those that somebody made too, and the connections that came in by
   * it.
   */
  DisassociateClientVpnTargetNetwork: ({ ClientVpnEndpointId, AssociationId }, ctx) => {
    const { id, routes } = usableEndpoint(ctx, ClientVpnEndpointId);
    const network = networkOf(ctx, id, AssociationId);
    if (network.state === "disassociating") {
      throw new ApiError("InvalidClientVpnAssociationIdNotFound", AssociationId);
    }
    endConnections(ctx, id, ({ networkId }) => networkId === network.id);
    leave(ctx, network);
    settle(ctx, id, 60, {
      routes: routes.map((route) =>
        route.subnetId !== undefined && route.subnetId === network.subnetId
          ? { ...route, state: "deleting" as const }
          : route,
      ),
    });
    return { AssociationId: network.id, Status: { Code: "disassociating" as const } };
  },
} satisfies Handlers;
