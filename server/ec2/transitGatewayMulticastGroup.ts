import type * as Sdk from "@aws-sdk/client-ec2";
import { contains, formatAddress, parseAddress } from "../../network/cidr.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { describeList } from "../kit/list.ts";
import { storedCidr } from "./cidrBlock.ts";
import { networkInterfaces } from "./networkInterface.ts";
import {
  transitGatewayMulticastDomains,
  usableDomain,
  type MulticastRegistration,
  type TransitGatewayMulticastDomain,
} from "./transitGatewayMulticastDomain.ts";

const MULTICAST = ["224.0.0.0/4", "ff00::/8"].map(storedCidr);

/** @throws {ApiError} InvalidParameterValue for what is no multicast address */
function readGroup(text: string | undefined): string {
  if (text === undefined) throw new ApiError("MissingParameter", "groupIpAddress");
  const address = parseAddress(text);
  if (!address || !MULTICAST.some((block) => contains(block, address))) {
    throw new ApiError("InvalidParameterValue", `Value (${text}) for parameter groupIpAddress is invalid.`);
  }
  return formatAddress(address);
}

/** Interfaces in subnets of the domain. */
function readInterfaces(
  ctx: Context,
  { id, associations }: TransitGatewayMulticastDomain,
  ids: readonly string[],
): string[] {
  return networkInterfaces.getAll(ctx, ids).map((eni) => {
    const isIn = associations.some(
      ({ subnetId, state }) => subnetId === eni.subnetId && state === "associated",
    );
    if (isIn) return eni.id;
    throw new ApiError("InvalidParameterValue", `${eni.id} is in no subnet that is associated with ${id}.`);
  });
}

type Role = "member" | "source";

const isOf = (address: string, eni: string) => (each: MulticastRegistration) =>
  each.address === address && each.networkInterfaceId === eni;

/** Makes interfaces members or sources of a group, or no more. */
function assign(
  ctx: Context,
  { id, registrations }: TransitGatewayMulticastDomain,
  role: Role,
  address: string,
  enis: readonly string[],
  is: boolean,
): void {
  const others = registrations.filter((each) => !enis.some((eni) => isOf(address, eni)(each)));
  const changed = enis.map((networkInterfaceId) => ({
    address,
    networkInterfaceId,
    member: false,
    source: false,
    ...registrations.find(isOf(address, networkInterfaceId)),
    [role]: is,
  }));
  transitGatewayMulticastDomains.update(ctx, id, {
    registrations: [...others, ...changed.filter(({ member, source }) => member || source)],
  });
}

interface Registration {
  readonly TransitGatewayMulticastDomainId?: string | undefined;
  readonly GroupIpAddress?: string | undefined;
  readonly NetworkInterfaceIds?: readonly string[] | undefined;
}

function register(ctx: Context, asked: Registration, role: Role) {
  const domain = usableDomain(ctx, asked.TransitGatewayMulticastDomainId ?? "");
  const address = readGroup(asked.GroupIpAddress);
  const enis = readInterfaces(ctx, domain, asked.NetworkInterfaceIds ?? []);
  if (role === "source" && domain.staticSources === "disable") {
    throw new ApiError("InvalidParameterValue", `${domain.id} does not have static sources support enabled.`);
  }
  assign(ctx, domain, role, address, enis, true);
  return {
    TransitGatewayMulticastDomainId: domain.id,
    RegisteredNetworkInterfaceIds: enis,
    GroupIpAddress: address,
  };
}

function deregister(ctx: Context, asked: Registration, role: Role) {
  if (asked.TransitGatewayMulticastDomainId === undefined) {
    throw new ApiError("MissingParameter", "transitGatewayMulticastDomainId");
  }
  const domain = usableDomain(ctx, asked.TransitGatewayMulticastDomainId);
  const address = readGroup(asked.GroupIpAddress);
  const enis = [...new Set(asked.NetworkInterfaceIds)];
  if (enis.length === 0) throw new ApiError("MissingParameter", "networkInterfaceIds");
  for (const eni of enis) {
    if (domain.registrations.some((each) => isOf(address, eni)(each) && each[role])) continue;
    throw new ApiError("InvalidParameterValue", `${eni} is no ${role} of ${address} in ${domain.id}.`);
  }
  assign(ctx, domain, role, address, enis, false);
  return {
    TransitGatewayMulticastDomainId: domain.id,
    DeregisteredNetworkInterfaceIds: enis,
    GroupIpAddress: address,
  };
}

/** What an interface is in a group, and whether it has joined it by itself. */
interface Membership extends MulticastRegistration {
  readonly joined: boolean;
}

/** What somebody has said, and after that what interfaces have joined without that. */
function memberships(ctx: Context, { id, registrations }: TransitGatewayMulticastDomain): Membership[] {
  const key = (address: string, eni: string): string => `${address} ${eni}`;
  const found = new Map<string, Membership>(
    registrations.map((each) => [key(each.address, each.networkInterfaceId), { ...each, joined: false }]),
  );
  for (const { address, interfaceId: networkInterfaceId } of ctx.world.network.joinedGroups(id)) {
    const known = found.get(key(address, networkInterfaceId));
    const membership = known ?? { address, networkInterfaceId, member: false, source: false };
    found.set(key(address, networkInterfaceId), { ...membership, joined: true });
  }
  return [...found.values()];
}

/** One line for each interface in a group, as long as there is the interface. */
function view(
  ctx: Context,
  { associations }: TransitGatewayMulticastDomain,
  { address, networkInterfaceId, member, source, joined }: Membership,
): Sdk.TransitGatewayMulticastGroup[] {
  const eni = networkInterfaces.table(ctx).get(networkInterfaceId);
  if (!eni) return [];
  return [
    {
      GroupIpAddress: address,
      TransitGatewayAttachmentId: associations.find(({ subnetId }) => subnetId === eni.subnetId)
        ?.attachmentId,
      SubnetId: eni.subnetId,
      ResourceId: eni.vpcId,
      ResourceType: "vpc",
      ResourceOwnerId: eni.account,
      NetworkInterfaceId: eni.id,
      GroupMember: member || joined,
      GroupSource: source,
      MemberType: member ? "static" : joined ? "igmp" : undefined,
      SourceType: source ? "static" : undefined,
    },
  ];
}

export const operations = {
  DeregisterTransitGatewayMulticastGroupMembers: (asked, ctx) => ({
    DeregisteredMulticastGroupMembers: deregister(ctx, asked, "member"),
  }),

  DeregisterTransitGatewayMulticastGroupSources: (asked, ctx) => ({
    DeregisteredMulticastGroupSources: deregister(ctx, asked, "source"),
  }),

  RegisterTransitGatewayMulticastGroupMembers: (asked, ctx) => ({
    RegisteredMulticastGroupMembers: register(ctx, asked, "member"),
  }),

  RegisterTransitGatewayMulticastGroupSources: (asked, ctx) => ({
    RegisteredMulticastGroupSources: register(ctx, asked, "source"),
  }),

  SearchTransitGatewayMulticastGroups: describeList({
    output: "MulticastGroups",
    filters: {
      "group-ip-address": (group: Sdk.TransitGatewayMulticastGroup) => group.GroupIpAddress,
      "is-group-member": (group) => group.GroupMember,
      "is-group-source": (group) => group.GroupSource,
      "member-type": (group) => group.MemberType,
      "resource-id": (group) => group.ResourceId,
      "resource-type": (group) => group.ResourceType,
      "source-type": (group) => group.SourceType,
      "subnet-id": (group) => group.SubnetId,
      "transit-gateway-attachment-id": (group) => group.TransitGatewayAttachmentId,
    },
    of: (
      { TransitGatewayMulticastDomainId: id = "" }: Sdk.SearchTransitGatewayMulticastGroupsRequest,
      ctx,
    ) => {
      const domain = transitGatewayMulticastDomains.get(ctx, id);
      return memberships(ctx, domain).flatMap((each) => view(ctx, domain, each));
    },
  }),
} satisfies Handlers;
