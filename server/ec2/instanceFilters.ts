import type * as Sdk from "@aws-sdk/client-ec2";
import type { Context } from "../kit/context.ts";
import type { Filters, FilterValue } from "../kit/filters.ts";
import type { Instance } from "./instance.ts";
import { networkInterfaces } from "./networkInterface.ts";
import { interfaceFilters } from "./networkInterfaceView.ts";

/** The filters of DescribeInstances that an instance's own view answers. */
export const instanceFilters = {
  affinity: (instance) => instance.Placement?.Affinity,
  architecture: (instance) => instance.Architecture,
  "availability-zone": (instance) => instance.Placement?.AvailabilityZone,
  "availability-zone-id": (instance) => instance.Placement?.AvailabilityZoneId,
  "block-device-mapping.attach-time": (instance) =>
    instance.BlockDeviceMappings?.map(({ Ebs }) => Ebs?.AttachTime),
  "block-device-mapping.delete-on-termination": (instance) =>
    instance.BlockDeviceMappings?.map(({ Ebs }) => Ebs?.DeleteOnTermination),
  "block-device-mapping.device-name": (instance) =>
    instance.BlockDeviceMappings?.map(({ DeviceName }) => DeviceName),
  "block-device-mapping.status": (instance) => instance.BlockDeviceMappings?.map(({ Ebs }) => Ebs?.Status),
  "block-device-mapping.volume-id": (instance) =>
    instance.BlockDeviceMappings?.map(({ Ebs }) => Ebs?.VolumeId),
  "boot-mode": (instance) => instance.BootMode,
  "capacity-reservation-id": (instance) => instance.CapacityReservationId,
  "capacity-reservation-specification.capacity-reservation-preference": (instance) =>
    instance.CapacityReservationSpecification?.CapacityReservationPreference,
  "capacity-reservation-specification.capacity-reservation-target.capacity-reservation-id": (instance) =>
    instance.CapacityReservationSpecification?.CapacityReservationTarget?.CapacityReservationId,
  "capacity-reservation-specification.capacity-reservation-target.capacity-reservation-resource-group-arn": (
    instance,
  ) =>
    instance.CapacityReservationSpecification?.CapacityReservationTarget?.CapacityReservationResourceGroupArn,
  "client-token": (instance) => instance.ClientToken,
  "current-instance-boot-mode": (instance) => instance.CurrentInstanceBootMode,
  "dns-name": (instance) => instance.PublicDnsName,
  "ebs-optimized": (instance) => instance.EbsOptimized,
  "ena-support": (instance) => instance.EnaSupport,
  "enclave-options.enabled": (instance) => instance.EnclaveOptions?.Enabled,
  "hibernation-options.configured": (instance) => instance.HibernationOptions?.Configured,
  "host-id": (instance) => instance.Placement?.HostId,
  hypervisor: (instance) => instance.Hypervisor,
  "iam-instance-profile.arn": (instance) => instance.IamInstanceProfile?.Arn,
  "iam-instance-profile.id": (instance) => instance.IamInstanceProfile?.Id,
  "image-id": (instance) => instance.ImageId,
  "instance-id": (instance) => instance.InstanceId,
  "instance-lifecycle": (instance) => instance.InstanceLifecycle,
  "instance-state-code": (instance) => instance.State?.Code,
  "instance-state-name": (instance) => instance.State?.Name,
  "instance-type": (instance) => instance.InstanceType,
  "instance.group-id": (instance) => instance.SecurityGroups?.map(({ GroupId }) => GroupId),
  "instance.group-name": (instance) => instance.SecurityGroups?.map(({ GroupName }) => GroupName),
  "ip-address": (instance) => instance.PublicIpAddress,
  "ipv6-address": (instance) => instance.Ipv6Address,
  "kernel-id": (instance) => instance.KernelId,
  "key-name": (instance) => instance.KeyName,
  "launch-index": (instance) => instance.AmiLaunchIndex,
  "launch-time": (instance) => instance.LaunchTime,
  "maintenance-options.auto-recovery": (instance) => instance.MaintenanceOptions?.AutoRecovery,
  "metadata-options.http-endpoint": (instance) => instance.MetadataOptions?.HttpEndpoint,
  // There is no switch for IPv4 alone: it is on where the endpoint is.
  "metadata-options.http-protocol-ipv4": (instance) => instance.MetadataOptions?.HttpEndpoint,
  "metadata-options.http-protocol-ipv6": (instance) => instance.MetadataOptions?.HttpProtocolIpv6,
  "metadata-options.http-put-response-hop-limit": (instance) =>
    instance.MetadataOptions?.HttpPutResponseHopLimit,
  "metadata-options.http-tokens": (instance) => instance.MetadataOptions?.HttpTokens,
  "metadata-options.instance-metadata-tags": (instance) => instance.MetadataOptions?.InstanceMetadataTags,
  "metadata-options.state": (instance) => instance.MetadataOptions?.State,
  "monitoring-state": (instance) => instance.Monitoring?.State,
  "network-performance-options.bandwidth-weighting": (instance) =>
    instance.NetworkPerformanceOptions?.BandwidthWeighting,
  "operator.managed": (instance) => instance.Operator?.Managed,
  "operator.principal": (instance) => instance.Operator?.Principal,
  "outpost-arn": (instance) => instance.OutpostArn,
  "owner-id": (_, { account }) => account,
  "placement-group-name": (instance) => instance.Placement?.GroupName,
  "placement-partition-number": (instance) => instance.Placement?.PartitionNumber,
  platform: (instance) => instance.Platform,
  "platform-details": (instance) => instance.PlatformDetails,
  "private-dns-name": (instance) => instance.PrivateDnsName,
  "private-dns-name-options.enable-resource-name-dns-a-record": (instance) =>
    instance.PrivateDnsNameOptions?.EnableResourceNameDnsARecord,
  "private-dns-name-options.enable-resource-name-dns-aaaa-record": (instance) =>
    instance.PrivateDnsNameOptions?.EnableResourceNameDnsAAAARecord,
  "private-dns-name-options.hostname-type": (instance) => instance.PrivateDnsNameOptions?.HostnameType,
  "private-ip-address": (instance) => instance.PrivateIpAddress,
  "product-code": (instance) => instance.ProductCodes?.map(({ ProductCodeId }) => ProductCodeId),
  "product-code.type": (instance) => instance.ProductCodes?.map(({ ProductCodeType }) => ProductCodeType),
  "ramdisk-id": (instance) => instance.RamdiskId,
  reason: (instance) => instance.StateTransitionReason,
  // Who launched it on the owner's behalf: nobody yet.
  "requester-id": () => undefined,
  "reservation-id": (_, { reservationId }) => reservationId,
  "root-device-name": (instance) => instance.RootDeviceName,
  "root-device-type": (instance) => instance.RootDeviceType,
  "source-dest-check": (instance) => instance.SourceDestCheck,
  "spot-instance-request-id": (instance) => instance.SpotInstanceRequestId,
  "state-reason-code": (instance) => instance.StateReason?.Code,
  "state-reason-message": (instance) => instance.StateReason?.Message,
  "subnet-id": (instance) => instance.SubnetId,
  tenancy: (instance) => instance.Placement?.Tenancy,
  "tpm-support": (instance) => instance.TpmSupport,
  "usage-operation": (instance) => instance.UsageOperation,
  "usage-operation-update-time": (instance) => instance.UsageOperationUpdateTime,
  "virtualization-type": (instance) => instance.VirtualizationType,
  "vpc-id": (instance) => instance.VpcId,
} satisfies Filters<Sdk.Instance, Instance>;

type ReadInterface = (eni: Sdk.NetworkInterface) => FilterValue;

const associations = ({ PrivateIpAddresses = [] }: Sdk.NetworkInterface): Sdk.NetworkInterfaceAssociation[] =>
  PrivateIpAddresses.flatMap(({ Association }) => Association ?? []);

/** By what comes after `network-interface.`: an instance is found by what DescribeNetworkInterfaces says. */
const ofInterface: Readonly<Record<string, ReadInterface>> = {
  ...interfaceFilters,
  "addresses.association.allocation-id": (eni) => associations(eni).map(({ AllocationId }) => AllocationId),
  "addresses.association.association-id": (eni) =>
    associations(eni).map(({ AssociationId }) => AssociationId),
  "addresses.association.carrier-ip": (eni) => associations(eni).map(({ CarrierIp }) => CarrierIp),
  "addresses.association.customer-owned-ip": (eni) =>
    associations(eni).map(({ CustomerOwnedIp }) => CustomerOwnedIp),
  "addresses.association.ip-owner-id": (eni) => associations(eni).map(({ IpOwnerId }) => IpOwnerId),
  "addresses.association.public-dns-name": (eni) =>
    associations(eni).map(({ PublicDnsName }) => PublicDnsName),
  "addresses.private-dns-name": (eni) => eni.PrivateIpAddresses?.map(({ PrivateDnsName }) => PrivateDnsName),
  "association.carrier-ip": (eni) => eni.Association?.CarrierIp,
  "association.customer-owned-ip": (eni) => eni.Association?.CustomerOwnedIp,
  "attachment.network-card-index": (eni) => eni.Attachment?.NetworkCardIndex,
  "deny-all-igw-traffic": (eni) => eni.DenyAllIgwTraffic,
  "group-name": (eni) => eni.Groups?.map(({ GroupName }) => GroupName),
  "ipv4-prefixes.ipv4-prefix": (eni) => eni.Ipv4Prefixes?.map(({ Ipv4Prefix }) => Ipv4Prefix),
  "ipv6-address": (eni) => eni.Ipv6Address,
  "ipv6-addresses.is-primary-ipv6": (eni) => eni.Ipv6Addresses?.map(({ IsPrimaryIpv6 }) => IsPrimaryIpv6),
  "ipv6-native": (eni) => eni.Ipv6Native,
  "ipv6-prefixes.ipv6-prefix": (eni) => eni.Ipv6Prefixes?.map(({ Ipv6Prefix }) => Ipv6Prefix),
  "outpost-arn": (eni) => eni.OutpostArn,
  "private-ip-address": (eni) => eni.PrivateIpAddress,
  "public-dns-name": (eni) => eni.PublicDnsName,
  "tag-key": (eni) => eni.TagSet?.map(({ Key }) => Key),
  "tag-value": (eni) => eni.TagSet?.map(({ Value }) => Value),
};

/** All filters of DescribeInstances: its own, and those that look into each interface. */
export function describeInstancesFilters(ctx: Context): Filters<Sdk.Instance, Instance> {
  const any =
    (read: ReadInterface) =>
    (_: Sdk.Instance, { id }: Instance): FilterValue =>
      networkInterfaces.by(ctx, "instance", id).flatMap((row) => read(networkInterfaces.show(ctx, row)));
  const interfaceFilters = Object.entries(ofInterface).map(([name, read]) => [
    `network-interface.${name}`,
    any(read),
  ]);
  return { ...instanceFilters, ...Object.fromEntries(interfaceFilters) } as Filters<Sdk.Instance, Instance>;
}

export const describeInstancesFilterNames: readonly string[] = [
  ...Object.keys(instanceFilters),
  ...Object.keys(ofInterface).map((name) => `network-interface.${name}`),
];
