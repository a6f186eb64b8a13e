import type * as Sdk from "@aws-sdk/client-ec2";
import { macAddress } from "../../network/mac.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { checkQuota, declareQuota } from "../kit/quotas.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { viewOnce } from "../kit/viewOnce.ts";
import { planAddresses, type AddressRequest } from "./addressRequest.ts";
import { findZone, zonesOf } from "./catalogue/zones.ts";
import { storedCidr } from "./cidrBlock.ts";
import { readConnectionTracking, type ConnectionTracking } from "./connectionTracking.ts";
import { privateDnsName, publicDnsName, publicDualStackDnsName, publicIpv6DnsName } from "./dnsName.ts";
import { delegableBlockOf, type TakenAddresses } from "./freeAddress.ts";
import { publicAddressUsers } from "./internetGateway.ts";
import {
  mapPublicAddress,
  publicAddressesOf,
  takePublicAddress,
  unmapPublicAddress,
  type PublicAddress,
} from "./publicAddress.ts";
import { defaultGroupOf, securityGroups, type SecurityGroup } from "./securityGroup.ts";
import { isUsableIn } from "./securityGroupVpc.ts";
import { addressUsers, reservedBlocks, subnets, type Subnet } from "./subnet.ts";
import { vpcs } from "./vpc.ts";
import { checkEncryption } from "./vpcEncryptionControl.ts";

export interface Attachment {
  /** `eni-attach-…` */
  readonly id: string;
  readonly instanceId: string;
  readonly instanceOwnerId: string;
  readonly deviceIndex: number;
  readonly networkCardIndex: number;
  readonly status: "attaching" | "attached" | "detaching";
  /** Milliseconds since the epoch. */
  readonly attachTime: number;
  readonly deleteOnTermination: boolean;
}

/** What Amazon makes an interface for, and alone may use it: a NAT gateway, an endpoint, … */
interface ManagedUse {
  /** Of the resource: `nat-…`. */
  readonly resourceId: string;
  /** `ela-attach-…` */
  readonly attachmentId: string;
  /** Milliseconds since the epoch. */
  readonly attachTime: number;
}

type InterfaceType = "interface" | "efa" | "efa-only" | ManagedType;

/** The types of interfaces that Amazon makes for resources of others. */
type ManagedType =
  | "gateway_load_balancer"
  | "gateway_load_balancer_endpoint"
  | "nat_gateway"
  | "network_load_balancer"
  | "transit_gateway"
  | "vpc_endpoint";

export interface NetworkInterface extends ResourceRow {
  readonly subnetId: string;
  readonly vpcId: string;
  /** Zone name: `us-east-1a`. */
  readonly zone: string;
  /** The same for as long as the interface lives. */
  readonly mac: string;
  readonly description: string;
  readonly interfaceType: InterfaceType;
  /** Ids of security groups. */
  readonly groups: readonly string[];
  /** IPv4; the first is the primary one. */
  readonly privateAddresses: readonly string[];
  readonly ipv6Addresses: readonly string[];
  /** Whether the first IPv6 address is bound to the interface for good. */
  readonly primaryIpv6: boolean;
  /** Delegated /28 and /80 blocks. */
  readonly ipv4Prefixes: readonly string[];
  readonly ipv6Prefixes: readonly string[];
  readonly sourceDestCheck: boolean;
  /** Whether Amazon lends it a public address while it is the only interface of a running instance. */
  readonly associatePublicIp: boolean;
  readonly connectionTracking: ConnectionTracking | undefined;
  /** Who asked for it. */
  readonly requesterId: string | undefined;
  /** Whether a service of Amazon's made it and looks after it. */
  readonly requesterManaged: boolean;
  readonly attachment: Attachment | undefined;
  /** Absent for an interface that its owner may use. */
  readonly managedUse: ManagedUse | undefined;
  /** What its public name leads to, once its owner has chosen. */
  readonly publicHostname?: Sdk.PublicIpDnsOption;
}

const inSubnet = ({ subnetId }: NetworkInterface, places: readonly string[]): string[] =>
  places.map((place) => `${subnetId}/${place}`);

const addressesOf = (row: NetworkInterface): string[] => [...row.privateAddresses, ...row.ipv6Addresses];

const viewAttachment = viewOnce((attachment: Attachment): Sdk.NetworkInterfaceAttachment => ({
  AttachmentId: attachment.id,
  AttachTime: new Date(attachment.attachTime),
  DeleteOnTermination: attachment.deleteOnTermination,
  DeviceIndex: attachment.deviceIndex,
  InstanceId: attachment.instanceId,
  InstanceOwnerId: attachment.instanceOwnerId,
  NetworkCardIndex: attachment.networkCardIndex,
  Status: attachment.status,
}));

const viewManagedUse = viewOnce(
  ({ attachmentId, attachTime }: ManagedUse): Sdk.NetworkInterfaceAttachment => ({
    AttachmentId: attachmentId,
    AttachTime: new Date(attachTime),
    DeleteOnTermination: false,
    DeviceIndex: 1,
    InstanceOwnerId: "amazon-aws",
    Status: "attached",
  }),
);

/** The public address that leads to a private one of an interface; names only where the VPC gives names. */
export function viewAssociation(
  ctx: Context,
  { vpcId }: Pick<NetworkInterface, "vpcId">,
  { id, account, allocationId, mapping }: PublicAddress,
): Sdk.NetworkInterfaceAssociation {
  const named = vpcs.table(ctx).get(vpcId)?.dnsHostnames ?? false;
  return {
    AllocationId: allocationId,
    AssociationId: mapping?.associationId,
    IpOwnerId: allocationId === undefined ? "amazon" : account,
    PublicDnsName: named ? publicDnsName(ctx.region, id) : "",
    PublicIp: id,
  };
}

const viewGroup = viewOnce(({ id, name }: SecurityGroup): Sdk.GroupIdentifier => ({
  GroupId: id,
  GroupName: name,
}));

export const viewGroups = (ctx: Context, groups: readonly string[]): Sdk.GroupIdentifier[] =>
  groups.map((id) => {
    const group = securityGroups.table(ctx).get(id);
    return group ? viewGroup(group) : { GroupId: id };
  });

function viewAddresses(ctx: Context, row: NetworkInterface): Sdk.NetworkInterfacePrivateIpAddress[] {
  const mapped = publicAddressesOf(ctx, row.id);
  return row.privateAddresses.map((address, place) => {
    const leading = mapped.find(({ mapping }) => mapping?.privateAddress === address);
    return {
      Association: leading && viewAssociation(ctx, row, leading),
      Primary: place === 0,
      PrivateDnsName: privateDnsName(ctx.region, address),
      PrivateIpAddress: address,
    };
  });
}

/** The addresses that public names of an interface can lead to, where its VPC gives names at all. */
export function namedAddresses(
  ctx: Context,
  { id, vpcId, privateAddresses, ipv6Addresses }: NetworkInterface,
): { readonly ipv4: string | undefined; readonly ipv6: string | undefined } | undefined {
  const vpc = vpcs.table(ctx).get(vpcId);
  if (!vpc?.dnsSupport || !vpc.dnsHostnames) return undefined;
  const [primary] = privateAddresses;
  const leading = publicAddressesOf(ctx, id).find(({ mapping }) => mapping?.privateAddress === primary);
  return { ipv4: leading?.id, ipv6: ipv6Addresses[0] };
}

/** What an interface's public name can be: it must lead to what the interface still has. */
export function publicNamesOf(ctx: Context, row: NetworkInterface): Sdk.PublicIpDnsNameOptions | undefined {
  const { ipv4, ipv6 } = namedAddresses(ctx, row) ?? {};
  const chosen = row.publicHostname ?? "public-ipv4-dns-name";
  const isForIpv6 = chosen !== "public-ipv4-dns-name" && ipv6 !== undefined;
  const isDual = isForIpv6 && ipv4 !== undefined && chosen === "public-dual-stack-dns-name";
  if (ipv4 === undefined && !isForIpv6) return undefined;
  return {
    DnsHostnameType: isDual ? chosen : isForIpv6 ? "public-ipv6-dns-name" : "public-ipv4-dns-name",
    ...(ipv4 !== undefined && { PublicIpv4DnsName: publicDnsName(ctx.region, ipv4) }),
    ...(isForIpv6 && { PublicIpv6DnsName: publicIpv6DnsName(ctx.region, ipv6) }),
    ...(isDual && { PublicDualStackDnsName: publicDualStackDnsName(ctx.region, ipv6, ipv4) }),
  };
}

/** An interface's public name. */
export function publicNameOf(names: Sdk.PublicIpDnsNameOptions | undefined): string | undefined {
  if (names?.DnsHostnameType === "public-dual-stack-dns-name") return names.PublicDualStackDnsName;
  return names?.DnsHostnameType === "public-ipv6-dns-name"
    ? names.PublicIpv6DnsName
    : names?.PublicIpv4DnsName;
}

/** A network card of the cloud: it lives in one subnet, keeps its addresses, and is plugged into instances. */
export const networkInterfaces = defineResource({
  type: "network-interface",
  idPrefix: "eni",
  notFound: "InvalidNetworkInterfaceID.NotFound",
  malformed: "InvalidNetworkInterfaceId.Malformed",
  ids: "NetworkInterfaceIds",
  view: (row: NetworkInterface, { account, tags, ctx }): Sdk.NetworkInterface => {
    const addresses = viewAddresses(ctx, row);
    const [primary] = addresses;
    const names = publicNamesOf(ctx, row);
    return {
      NetworkInterfaceId: row.id,
      OwnerId: account,
      SubnetId: row.subnetId,
      VpcId: row.vpcId,
      AvailabilityZone: row.zone,
      AvailabilityZoneId: findZone(ctx.region, row.zone)?.id,
      Description: row.description,
      // EC2 says "nat_gateway", the SDK "natGateway".
      InterfaceType: row.interfaceType as Sdk.NetworkInterfaceType,
      MacAddress: row.mac,
      Groups: viewGroups(ctx, row.groups),
      Association: primary?.Association,
      PrivateIpAddress: primary?.PrivateIpAddress,
      PrivateDnsName: primary?.PrivateDnsName,
      PublicDnsName: publicNameOf(names) ?? primary?.Association?.PublicDnsName,
      PublicIpDnsNameOptions: names,
      PrivateIpAddresses: addresses,
      Ipv4Prefixes: row.ipv4Prefixes.map((Ipv4Prefix) => ({ Ipv4Prefix })),
      Ipv6Address: row.ipv6Addresses[0],
      Ipv6Addresses: row.ipv6Addresses.map((Ipv6Address, place) => ({
        Ipv6Address,
        IsPrimaryIpv6: row.primaryIpv6 && place === 0,
      })),
      Ipv6Prefixes: row.ipv6Prefixes.map((Ipv6Prefix) => ({ Ipv6Prefix })),
      Ipv6Native: subnets.table(ctx).get(row.subnetId)?.cidr === undefined,
      SourceDestCheck: row.sourceDestCheck,
      ConnectionTrackingConfiguration: row.connectionTracking && {
        TcpEstablishedTimeout: row.connectionTracking.tcpEstablished,
        UdpStreamTimeout: row.connectionTracking.udpStream,
        UdpTimeout: row.connectionTracking.udp,
      },
      RequesterId: row.requesterId,
      RequesterManaged: row.requesterManaged,
      Operator: { Managed: false },
      Attachment: row.attachment
        ? viewAttachment(row.attachment)
        : row.managedUse && viewManagedUse(row.managedUse),
      Status: row.attachment || row.managedUse ? "in-use" : "available",
      TagSet: tags,
    };
  },
  filters: {
    "addresses.association.owner-id": (eni) =>
      eni.PrivateIpAddresses?.map(({ Association }) => Association?.IpOwnerId),
    "addresses.association.public-ip": (eni) =>
      eni.PrivateIpAddresses?.map(({ Association }) => Association?.PublicIp),
    "addresses.primary": (eni) => eni.PrivateIpAddresses?.map(({ Primary }) => Primary),
    "addresses.private-ip-address": (eni) =>
      eni.PrivateIpAddresses?.map(({ PrivateIpAddress }) => PrivateIpAddress),
    "association.allocation-id": (eni) => eni.Association?.AllocationId,
    "association.association-id": (eni) => eni.Association?.AssociationId,
    "association.ip-owner-id": (eni) => eni.Association?.IpOwnerId,
    "association.public-dns-name": (eni) => eni.Association?.PublicDnsName,
    "association.public-ip": (eni) => eni.Association?.PublicIp,
    "attachment.attach-time": (eni) => eni.Attachment?.AttachTime,
    "attachment.attachment-id": (eni) => eni.Attachment?.AttachmentId,
    "attachment.delete-on-termination": (eni) => eni.Attachment?.DeleteOnTermination,
    "attachment.device-index": (eni) => eni.Attachment?.DeviceIndex,
    "attachment.instance-id": (eni) => eni.Attachment?.InstanceId,
    "attachment.instance-owner-id": (eni) => eni.Attachment?.InstanceOwnerId,
    "attachment.status": (eni) => eni.Attachment?.Status,
    "availability-zone": (eni) => eni.AvailabilityZone,
    "availability-zone-id": (eni) => eni.AvailabilityZoneId,
    description: (eni) => eni.Description,
    "group-id": (eni) => eni.Groups?.map(({ GroupId }) => GroupId),
    "interface-type": (eni) => eni.InterfaceType,
    "ipv6-addresses.ipv6-address": (eni) => eni.Ipv6Addresses?.map(({ Ipv6Address }) => Ipv6Address),
    "mac-address": (eni) => eni.MacAddress,
    "network-interface-id": (eni) => eni.NetworkInterfaceId,
    "operator.managed": (eni) => eni.Operator?.Managed,
    "operator.principal": (eni) => eni.Operator?.Principal,
    "owner-id": (eni) => eni.OwnerId,
    "private-dns-name": (eni) => eni.PrivateDnsName,
    "private-ip-address": (eni) => eni.PrivateIpAddresses?.map(({ PrivateIpAddress }) => PrivateIpAddress),
    "requester-id": (eni) => eni.RequesterId,
    "requester-managed": (eni) => eni.RequesterManaged,
    "source-dest-check": (eni) => eni.SourceDestCheck,
    status: (eni) => eni.Status,
    "subnet-id": (eni) => eni.SubnetId,
    "vpc-id": (eni) => eni.VpcId,
  },
  filterIndexes: {
    "attachment.attachment-id": "attachment",
    "attachment.instance-id": "instance",
    "group-id": "group",
    "mac-address": "mac",
    "subnet-id": "subnet",
    "vpc-id": "vpc",
  },
  indexes: {
    subnet: ({ subnetId }) => subnetId,
    vpc: ({ vpcId }) => vpcId,
    group: ({ groups }) => groups,
    groupInVpc: ({ groups, vpcId }) => groups.map((group) => `${group}/${vpcId}`),
    mac: ({ mac }) => mac,
    instance: ({ attachment }) => attachment?.instanceId,
    attachment: ({ attachment, managedUse }) => attachment?.id ?? managedUse?.attachmentId,
    managedFor: ({ managedUse }) => managedUse?.resourceId,
    address: (row) => inSubnet(row, addressesOf(row)),
    prefix: (row) => inSubnet(row, [...row.ipv4Prefixes, ...row.ipv6Prefixes]),
    /** The blocks that could be delegated as a prefix, if it had no address in them. */
    touched: (row) => inSubnet(row, addressesOf(row).map(delegableBlockOf)),
  },
  parents: { subnet: "subnet", "security-group": "group", "security-group-vpc-association": "groupInVpc" },
  transitions: {
    attached: (ctx, { id, attachment }) => {
      if (attachment?.status !== "attaching") return;
      networkInterfaces.update(ctx, id, { attachment: { ...attachment, status: "attached" } });
    },
    detached: (ctx, row) => {
      if (row.attachment?.status === "detaching") unplug(ctx, row);
    },
  },
  quotas: [
    {
      code: "L-DF5E4CA3",
      name: "Network interfaces per Region",
      usual: 5000,
      error: () => new ApiError("NetworkInterfaceLimitExceeded"),
    },
  ],
});

/** A /28 counts for the sixteen addresses that it holds. */
addressUsers.push((ctx, subnetId) =>
  networkInterfaces
    .by(ctx, "subnet", subnetId)
    .reduce((sum, eni) => sum + eni.privateAddresses.length + 16 * eni.ipv4Prefixes.length, 0),
);

publicAddressUsers.push((ctx, vpcId) =>
  networkInterfaces.by(ctx, "vpc", vpcId).some(({ id }) => publicAddressesOf(ctx, id).length > 0),
);

/** The addresses and prefixes of a subnet that interfaces have, and what is reserved of it. */
export const takenIn = (ctx: Context, { id }: Subnet): TakenAddresses => ({
  hasAddress: (address) => networkInterfaces.count(ctx, "address", `${id}/${address}`) > 0,
  hasPrefix: (prefix) => networkInterfaces.count(ctx, "prefix", `${id}/${prefix}`) > 0,
  touches: (prefix) => networkInterfaces.count(ctx, "touched", `${id}/${prefix}`) > 0,
  reserved: reservedBlocks
    .flatMap((reserve) => reserve(ctx, id))
    .map(({ cidr, type }) => ({ block: storedCidr(cidr), forPrefixes: type === "prefix" })),
});

function newMac(ctx: Context, zone: string): string {
  const place = zonesOf(ctx.region).findIndex(({ name }) => name === zone);
  for (;;) {
    const mac = macAddress(ctx.chance.bytes(5), place);
    if (networkInterfaces.count(ctx, "mac", mac) === 0) return mac;
  }
}

/** Of interfaces: how many groups each may carry. */
export const groupQuota = declareQuota({
  code: "L-2AFB9258",
  name: "Security groups per network interface",
  usual: 5,
  error: () => new ApiError("SecurityGroupsPerInterfaceLimitExceeded"),
});

/**
 * The security groups of an interface: those asked for, or else the VPC's default one.
 *
 * @throws {ApiError} InvalidGroup.NotFound, InvalidParameter for a group that is not the VPC's nor associated with it,
 *   SecurityGroupsPerInterfaceLimitExceeded
 */
export function readGroups(
  ctx: Context,
  { id, vpcId }: Subnet,
  asked: readonly string[] | undefined,
): string[] {
  if (!asked || asked.length === 0) return [defaultGroupOf(ctx, vpcId).id];
  for (const group of securityGroups.getAll(ctx, asked)) {
    if (!isUsableIn(ctx, group, vpcId)) {
      throw new ApiError(
        "InvalidParameter",
        `Security group ${group.id} and subnet ${id} belong to different networks.`,
      );
    }
  }
  const groups = [...new Set(asked)];
  checkQuota(ctx, groupQuota, () => groups.length, "");
  return groups;
}

function readInterfaceType(asked: string | undefined): "interface" | "efa" | "efa-only" {
  if (asked === undefined || asked === "interface") return "interface";
  if (asked === "efa" || asked === "efa-only") return asked;
  if (asked === "trunk" || asked === "branch") {
    throw new ApiError("UnsupportedOperation", `Network interfaces of type '${asked}' are not supported.`);
  }
  throw new ApiError(
    "InvalidParameterValue",
    `Value (${asked}) for parameter interfaceType is invalid. Valid values: interface, efa, efa-only, trunk`,
  );
}

const MAX_DESCRIPTION = 255;

export function readDescription(text: string): string {
  if (text.length > MAX_DESCRIPTION) {
    throw new ApiError(
      "InvalidParameterValue",
      `Value (${text}) for parameter description is invalid. It must be at most ${MAX_DESCRIPTION} characters long.`,
    );
  }
  return text;
}

/** What may be asked of a new interface, be it made alone or together with its instance. */
export type InterfaceRequest = AddressRequest &
  Pick<
    Sdk.InstanceNetworkInterfaceSpecification,
    "AssociatePublicIpAddress" | "Description" | "Groups" | "InterfaceType"
  > & {
    readonly ConnectionTrackingSpecification?: Sdk.ConnectionTrackingSpecificationRequest | undefined;
    readonly requesterId?: string | undefined;
    /** Whether a service of Amazon's makes it, for itself. */
    readonly requesterManaged?: boolean | undefined;
  };

/**
 * Makes an interface with addresses of its subnet, attached to nothing.
 *
 * @param tags the call's TagSpecifications, or this interface's own tags
 */
export function createInterface(
  ctx: Context,
  subnet: Subnet,
  asked: InterfaceRequest = {},
  tags?: readonly Sdk.TagSpecification[] | readonly Sdk.Tag[],
): NetworkInterface {
  const interfaceType = readInterfaceType(asked.InterfaceType);
  return networkInterfaces.create(
    ctx,
    {
      ...planAddresses(ctx, subnet, takenIn(ctx, subnet), asked, interfaceType !== "efa-only"),
      subnetId: subnet.id,
      vpcId: subnet.vpcId,
      zone: subnet.zone,
      mac: newMac(ctx, subnet.zone),
      description: readDescription(asked.Description ?? ""),
      interfaceType,
      groups: readGroups(ctx, subnet, asked.Groups),
      sourceDestCheck: true,
      associatePublicIp: asked.AssociatePublicIpAddress ?? false,
      connectionTracking:
        asked.ConnectionTrackingSpecification &&
        readConnectionTracking(asked.ConnectionTrackingSpecification),
      requesterId: asked.requesterId,
      requesterManaged: asked.requesterManaged ?? false,
      attachment: undefined,
      managedUse: undefined,
    },
    tags,
  );
}

/** What Amazon wants of an interface that it makes for a resource. */
interface ManagedRequest {
  readonly resourceId: string;
  readonly type: ManagedType;
  readonly description: string;
  readonly groups: readonly string[];
  readonly sourceDestCheck: boolean;
  readonly addresses: AddressRequest;
}

/** Makes an interface that Amazon uses for a resource of the caller's, in the caller's account. */
export function createManagedInterface(
  ctx: Context,
  subnet: Subnet,
  { resourceId, type, description, groups, sourceDestCheck, addresses }: ManagedRequest,
): NetworkInterface {
  // "Not supported with VPCs in enforce mode."
  if (type.startsWith("gateway_load_balancer")) {
    checkEncryption(ctx, subnet.vpcId, "A Gateway Load Balancer");
  }
  return networkInterfaces.create(ctx, {
    ...planAddresses(ctx, subnet, takenIn(ctx, subnet), addresses, true),
    subnetId: subnet.id,
    vpcId: subnet.vpcId,
    zone: subnet.zone,
    mac: newMac(ctx, subnet.zone),
    description,
    interfaceType: type,
    groups,
    sourceDestCheck,
    associatePublicIp: false,
    connectionTracking: undefined,
    requesterId: "amazon-aws",
    requesterManaged: true,
    attachment: undefined,
    managedUse: { resourceId, attachmentId: `ela-attach-0${ctx.chance.hex(16)}`, attachTime: ctx.now },
  });
}

/**
 * The interface that a call wants to change.
 *
 * @throws {ApiError} AuthFailure for one that Amazon manages
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/requester-managed-eni.html
 */
export function getChangeable(ctx: Context, id: string): NetworkInterface {
  const eni = networkInterfaces.get(ctx, id);
  if (eni.managedUse) throw forbidden();
  return eni;
}

export const forbidden = (): ApiError =>
  new ApiError("AuthFailure", "You do not have permission to access the specified resource.");

/** Plugs an interface into an instance; that they fit together, and that the place is free, is the caller's to see. */
export function attachInterface(
  ctx: Context,
  { id }: NetworkInterface,
  place: Omit<Attachment, "id" | "status" | "attachTime">,
): NetworkInterface {
  const row = networkInterfaces.update(ctx, id, {
    attachment: {
      ...place,
      id: `eni-attach-0${ctx.chance.hex(16)}`,
      status: "attaching",
      attachTime: ctx.now,
    },
  });
  networkInterfaces.soon(ctx, id, "attached", 2);
  return row;
}

/** Begins to unplug an interface, or, by force, does not wait for the instance to let go of it. */
export function detachInterface(ctx: Context, row: NetworkInterface, force = false): void {
  if (force) unplug(ctx, row);
  if (force || !row.attachment) return;
  networkInterfaces.update(ctx, row.id, { attachment: { ...row.attachment, status: "detaching" } });
  networkInterfaces.soon(ctx, row.id, "detached", 10);
}

/** Unplugs an interface at once. An address that was lent to it goes back; one of the account's own stays. */
function unplug(ctx: Context, { id }: NetworkInterface): void {
  withdrawPublicAddress(ctx, id);
  networkInterfaces.update(ctx, id, { attachment: undefined, primaryIpv6: false });
}

/** What becomes of an interface when its instance is terminated. */
export function releaseInterface(ctx: Context, row: NetworkInterface): void {
  if (row.attachment?.deleteOnTermination) deleteInterface(ctx, row);
  else unplug(ctx, row);
}

/** Removes an interface with all that leads to it. */
export function deleteInterface(ctx: Context, { id }: NetworkInterface): void {
  for (const address of publicAddressesOf(ctx, id)) unmapPublicAddress(ctx, address);
  networkInterfaces.delete(ctx, id);
}

/**
 * Lends an interface a public address if it is to have one and has none: for the time its instance runs.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-instance-addressing.html#concepts-public-addresses
 */
export function lendPublicAddress(ctx: Context, { id, associatePublicIp, ...row }: NetworkInterface): void {
  const [primary] = row.privateAddresses;
  if (!associatePublicIp || primary === undefined) return;
  if (publicAddressesOf(ctx, id).some(({ mapping }) => mapping?.privateAddress === primary)) return;
  mapPublicAddress(ctx, takePublicAddress(ctx), {
    networkInterfaceId: id,
    privateAddress: primary,
    associationId: undefined,
  });
}

/** Takes a lent public address back: the instance stops. */
export function withdrawPublicAddress(ctx: Context, networkInterfaceId: string): void {
  for (const address of publicAddressesOf(ctx, networkInterfaceId)) {
    if (address.allocationId === undefined) unmapPublicAddress(ctx, address);
  }
}

export const partly = { CreateNetworkInterface: "interfaces of types trunk and branch" };

export const operations = {
  CreateNetworkInterface: ({ SubnetId, TagSpecifications, EnablePrimaryIpv6, Operator, ...asked }, ctx) => {
    if (Operator?.Principal !== undefined) {
      throw new ApiError("UnsupportedOperation", "The operator parameter is reserved for internal use.");
    }
    const eni = createInterface(
      ctx,
      subnets.get(ctx, SubnetId),
      { ...asked, PrimaryIpv6: EnablePrimaryIpv6, requesterId: ctx.caller.userId },
      TagSpecifications,
    );
    return { NetworkInterface: networkInterfaces.show(ctx, eni) };
  },

  DeleteNetworkInterface: ({ NetworkInterfaceId }, ctx) => {
    const eni = networkInterfaces.get(ctx, NetworkInterfaceId);
    if (eni.attachment || eni.managedUse) {
      throw new ApiError("InvalidParameterValue", `Network interface '${eni.id}' is currently in use.`);
    }
    deleteInterface(ctx, eni);
    return {};
  },

  DescribeNetworkInterfaces: networkInterfaces.describe("NetworkInterfaces"),
} satisfies Handlers;
