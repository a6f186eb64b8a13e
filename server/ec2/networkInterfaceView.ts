import type * as Sdk from "@aws-sdk/client-ec2";
import type { Context } from "../kit/context.ts";
import type { Filters } from "../kit/filters.ts";
import type { Seen } from "../kit/resource.ts";
import { viewOnce } from "../kit/viewOnce.ts";
import { findZone } from "./catalogue/zones.ts";
import { privateDnsName, publicDnsName, publicDualStackDnsName, publicIpv6DnsName } from "./dnsName.ts";
import type { Attachment, ManagedUse, NetworkInterface } from "./networkInterface.ts";
import { publicAddressesOf, type PublicAddress } from "./publicAddress.ts";
import { securityGroups, type SecurityGroup } from "./securityGroup.ts";
import { subnets } from "./subnet.ts";
import { trunkOf } from "./trunkInterfaceAssociation.ts";
import { givesNames, vpcs } from "./vpc.ts";

const viewAttachment = viewOnce((attachment: Attachment): Sdk.NetworkInterfaceAttachment => ({
  AttachmentId: attachment.id,
  AttachTime: new Date(attachment.attachTime),
  DeleteOnTermination: attachment.deleteOnTermination,
  DeviceIndex: attachment.deviceIndex,
  EnaQueueCount: attachment.enaQueues,
  EnaSrdSpecification: attachment.enaExpress && {
    EnaSrdEnabled: attachment.enaExpress.enabled,
    EnaSrdUdpSpecification: { EnaSrdUdpEnabled: attachment.enaExpress.udp },
  },
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
function viewAssociation(
  ctx: Context,
  { vpcId }: Pick<NetworkInterface, "vpcId">,
  { id, account, allocationId, mapping }: PublicAddress,
): Sdk.NetworkInterfaceAssociation {
  const vpc = vpcs.table(ctx).get(vpcId);
  const named = vpc !== undefined && givesNames(vpc);
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
  ctx: Pick<Context, "unit">,
  { id, vpcId, privateAddresses, ipv6Addresses }: NetworkInterface,
): { readonly ipv4: string | undefined; readonly ipv6: string | undefined } | undefined {
  const vpc = vpcs.table(ctx).get(vpcId);
  if (!vpc || !givesNames(vpc)) return undefined;
  const [primary] = privateAddresses;
  const leading = publicAddressesOf(ctx, id).find(({ mapping }) => mapping?.privateAddress === primary);
  return { ipv4: leading?.id, ipv6: ipv6Addresses[0] };
}

/** What an interface's public name can be: it must lead to what the interface still has. */
export function publicNamesOf(
  ctx: Pick<Context, "unit" | "region">,
  row: NetworkInterface,
): Sdk.PublicIpDnsNameOptions | undefined {
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
function publicNameOf(names: Sdk.PublicIpDnsNameOptions | undefined): string | undefined {
  if (names?.DnsHostnameType === "public-dual-stack-dns-name") return names.PublicDualStackDnsName;
  return names?.DnsHostnameType === "public-ipv6-dns-name"
    ? names.PublicIpv6DnsName
    : names?.PublicIpv4DnsName;
}

export function viewInterface(row: NetworkInterface, { account, tags, ctx }: Seen): Sdk.NetworkInterface {
  const addresses = viewAddresses(ctx, row);
  const [primary] = addresses;
  const names = publicNamesOf(ctx, row);
  const isBranch = trunkOf(ctx, row.id) !== undefined;
  return {
    NetworkInterfaceId: row.id,
    OwnerId: account,
    SubnetId: row.subnetId,
    VpcId: row.vpcId,
    AvailabilityZone: row.zone,
    AvailabilityZoneId: findZone(ctx.region, row.zone)?.id,
    Description: row.description,
    // EC2 says "nat_gateway", the SDK "natGateway".
    InterfaceType: (isBranch ? "branch" : row.interfaceType) as Sdk.NetworkInterfaceType,
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
    Status: row.attachment || row.managedUse || isBranch ? "in-use" : "available",
    TagSet: tags,
  };
}

/** What DescribeNetworkInterfaces finds interfaces by, and DescribeInstances, below `network-interface.`, instances. */
export const interfaceFilters = {
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
  description: (eni) => eni.Description,
  "group-id": (eni) => eni.Groups?.map(({ GroupId }) => GroupId),
  "ipv6-addresses.ipv6-address": (eni) => eni.Ipv6Addresses?.map(({ Ipv6Address }) => Ipv6Address),
  "mac-address": (eni) => eni.MacAddress,
  "network-interface-id": (eni) => eni.NetworkInterfaceId,
  "operator.managed": (eni) => eni.Operator?.Managed,
  "operator.principal": (eni) => eni.Operator?.Principal,
  "owner-id": (eni) => eni.OwnerId,
  "private-dns-name": (eni) => eni.PrivateDnsName,
  "requester-id": (eni) => eni.RequesterId,
  "requester-managed": (eni) => eni.RequesterManaged,
  "source-dest-check": (eni) => eni.SourceDestCheck,
  status: (eni) => eni.Status,
  "subnet-id": (eni) => eni.SubnetId,
  "vpc-id": (eni) => eni.VpcId,
} satisfies Filters<Sdk.NetworkInterface>;
