import type * as Sdk from "@aws-sdk/client-ec2";
import type { Context } from "../kit/context.ts";
import type { Seen } from "../kit/resource.ts";
import { viewOnce } from "../kit/viewOnce.ts";
import { findInstanceType, type InstanceTypeFacts } from "./catalogue/instanceTypes.ts";
import { findZone } from "./catalogue/zones.ts";
import { privateDomain } from "./dnsName.ts";
import { viewProfileOf } from "./iamInstanceProfileAssociation.ts";
import type { CapacityChoice, CpuOptions, HostnameOptions, Instance, MetadataOptions } from "./instance.ts";
import { networkInterfaces, type NetworkInterface } from "./networkInterface.ts";
import { placementGroups } from "./placementGroup.ts";
import { volumes, type Volume } from "./volume.ts";

/** Why an instance was stopped or terminated, in EC2's words. */
const endReasons = {
  "Client.UserInitiatedShutdown": "User initiated shutdown",
  "Client.UserInitiatedHibernate": "User initiated hibernate",
  "Server.ScheduledStop": "Stopped due to scheduled retirement",
} as const;

export type EndReason = keyof typeof endReasons;

/** The number of each state, of which the API speaks beside its name. */
const stateCodes = {
  pending: 0,
  running: 16,
  "shutting-down": 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
} as const;

export const viewState = viewOnce((state: Sdk.InstanceStateName): Sdk.InstanceState => ({
  Code: stateCodes[state],
  Name: state,
}));

/** No service of Amazon's looks after what is shown. */
const UNMANAGED: Sdk.OperatorResponse = Object.freeze({ Managed: false });

const placeOf = ({ attachment }: NetworkInterface): number =>
  (attachment?.networkCardIndex ?? 0) * 1000 + (attachment?.deviceIndex ?? 0);

/** The interfaces of an instance in the order of their devices; the first is the primary one. */
export function interfacesOf(ctx: Context, instanceId: string): NetworkInterface[] {
  const rows = networkInterfaces.by(ctx, "instance", instanceId);
  return rows.length < 2 ? rows : rows.toSorted((a, b) => placeOf(a) - placeOf(b));
}

/** What EC2 says of a type that an instance has. */
export function typeOf({ instanceType }: Pick<Instance, "instanceType">): InstanceTypeFacts {
  const facts = findInstanceType(instanceType);
  if (!facts) throw new TypeError(`no instance type ${instanceType}`);
  return facts;
}

const viewAssociation = (
  association: Sdk.NetworkInterfaceAssociation,
): Sdk.InstanceNetworkInterfaceAssociation => ({
  IpOwnerId: association.IpOwnerId,
  PublicDnsName: association.PublicDnsName,
  PublicIp: association.PublicIp,
});

const viewAttachment = viewOnce(
  (attachment: Sdk.NetworkInterfaceAttachment): Sdk.InstanceNetworkInterfaceAttachment => ({
    AttachTime: attachment.AttachTime,
    AttachmentId: attachment.AttachmentId,
    DeleteOnTermination: attachment.DeleteOnTermination,
    DeviceIndex: attachment.DeviceIndex,
    EnaQueueCount: attachment.EnaQueueCount,
    EnaSrdSpecification: attachment.EnaSrdSpecification,
    NetworkCardIndex: attachment.NetworkCardIndex,
    Status: attachment.Status,
  }),
);

/** An interface as DescribeInstances shows it: what DescribeNetworkInterfaces says, with fewer members. */
const viewInterface = (eni: Sdk.NetworkInterface): Sdk.InstanceNetworkInterface => ({
  Association: eni.Association && viewAssociation(eni.Association),
  Attachment: eni.Attachment && viewAttachment(eni.Attachment),
  ConnectionTrackingConfiguration: eni.ConnectionTrackingConfiguration,
  Description: eni.Description,
  Groups: eni.Groups,
  InterfaceType: eni.InterfaceType,
  Ipv4Prefixes: eni.Ipv4Prefixes,
  Ipv6Addresses: eni.Ipv6Addresses,
  Ipv6Prefixes: eni.Ipv6Prefixes,
  MacAddress: eni.MacAddress,
  NetworkInterfaceId: eni.NetworkInterfaceId,
  Operator: eni.Operator,
  OwnerId: eni.OwnerId,
  PrivateDnsName: eni.PrivateDnsName,
  PrivateIpAddress: eni.PrivateIpAddress,
  PrivateIpAddresses: eni.PrivateIpAddresses?.map((address) =>
    address.Association ? { ...address, Association: viewAssociation(address.Association) } : address,
  ),
  SourceDestCheck: eni.SourceDestCheck,
  Status: eni.Status,
  SubnetId: eni.SubnetId,
  VpcId: eni.VpcId,
});

/** The volumes of an instance with their devices, in order of attachment. */
export const viewBlockDevices = (ctx: Context, id: string): Sdk.InstanceBlockDeviceMapping[] =>
  volumes.by(ctx, "instance", id).map((volume) => viewBlockDevice(volume, id));

function viewBlockDevice({ id, attachments }: Volume, instanceId: string): Sdk.InstanceBlockDeviceMapping {
  const attachment = attachments.find((each) => each.instanceId === instanceId);
  return {
    DeviceName: attachment?.device,
    Ebs: attachment ? viewEbs(attachment, id) : { VolumeId: id },
  };
}

const viewEbs = viewOnce(
  (attachment: Volume["attachments"][number], volumeId: string): Sdk.EbsInstanceBlockDevice => ({
    AttachTime: new Date(attachment.attachTime),
    DeleteOnTermination: attachment.deleteOnTermination,
    // The SDK's states know no busy attachment: a volume that a mounted file system keeps from being detached.
    Status: attachment.state as Sdk.AttachmentStatus,
    VolumeId: volumeId,
  }),
);

/** `2026-11-23 13:06:41 GMT` */
const gmt = (at: number): string => `${new Date(at).toISOString().slice(0, 19).replace("T", " ")} GMT`;

function viewReason({ state, ended }: Instance): Sdk.StateReason | undefined {
  if (ended) return { Code: ended.reason, Message: `${ended.reason}: ${endReasons[ended.reason]}` };
  return state === "pending" ? { Code: "pending", Message: "pending" } : undefined;
}

function viewTransition({ ended }: Instance): string {
  if (ended === undefined) return "";
  const { reason, at } = ended;
  return reason === "Server.ScheduledStop"
    ? `${reason}: ${endReasons[reason]}`
    : `User initiated (${gmt(at)})`;
}

/**
 * How an instance boots: what its image prefers, if its type can, or else what its type has by default.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ami-boot.html
 */
export function currentBootMode(instance: Instance): Sdk.InstanceBootModeValues {
  const { bootModes, arch } = typeOf(instance);
  const { bootMode } = instance.image;
  if (bootMode === "uefi" || bootMode === "legacy-bios") return bootMode;
  if (bootMode === "uefi-preferred") return bootModes.includes("uefi") ? "uefi" : "legacy-bios";
  return arch.includes("arm64") ? "uefi" : "legacy-bios";
}

const viewAppliedMetadata = viewOnce((options: MetadataOptions) => viewMetadata(options, "applied"));
const viewPendingMetadata = viewOnce((options: MetadataOptions) => viewMetadata(options, "pending"));

const viewMetadata = (
  options: MetadataOptions,
  State: Sdk.InstanceMetadataOptionsState,
): Sdk.InstanceMetadataOptionsResponse => ({
  State,
  HttpTokens: options.tokens,
  HttpPutResponseHopLimit: options.hopLimit,
  HttpEndpoint: options.endpoint,
  HttpProtocolIpv6: options.ipv6,
  InstanceMetadataTags: options.tags,
});

export const viewMetadataOptions = ({
  metadata,
  metadataApplied,
}: Pick<Instance, "metadata" | "metadataApplied">): Sdk.InstanceMetadataOptionsResponse =>
  metadataApplied ? viewAppliedMetadata(metadata) : viewPendingMetadata(metadata);

const viewCpuOptions = viewOnce((cpu: CpuOptions): Sdk.CpuOptions => ({
  CoreCount: cpu.cores,
  ThreadsPerCore: cpu.threadsPerCore,
  AmdSevSnp: cpu.amdSevSnp,
  NestedVirtualization: cpu.nestedVirtualization,
}));

const viewHostname = viewOnce((hostname: HostnameOptions): Sdk.PrivateDnsNameOptionsResponse => ({
  HostnameType: hostname.type,
  EnableResourceNameDnsARecord: hostname.aRecord,
  EnableResourceNameDnsAAAARecord: hostname.aaaaRecord,
}));

const viewMaintenance = viewOnce((instance: Instance): Sdk.InstanceMaintenanceOptions => ({
  AutoRecovery: instance.autoRecovery,
  RebootMigration: instance.rebootMigration,
}));

const isUp = ({ state }: Instance): boolean => state === "pending" || state === "running";

/** The host where an instance is, or is to start again. */
function viewHost(instance: Instance): string | undefined {
  const { dedicatedHost } = instance;
  return isUp(instance) || dedicatedHost?.only ? dedicatedHost?.id : undefined;
}

/** A group keeps its name, and lasts as long as instances are in it. */
const viewPlacement = viewOnce((instance: Instance, ctx: Context): Sdk.Placement => {
  const { zone, tenancy, dedicatedHost, placementGroup } = instance;
  const group = placementGroup && placementGroups.table(ctx).get(placementGroup.id);
  return {
    AvailabilityZone: zone,
    AvailabilityZoneId: findZone(ctx.region, zone)?.id,
    Affinity: dedicatedHost?.affinity,
    HostId: viewHost(instance),
    GroupName: group?.name ?? "",
    GroupId: group?.id,
    PartitionNumber: placementGroup?.partition,
    Tenancy: tenancy,
  };
});

const viewCapacity = viewOnce(
  ({ preference, target }: CapacityChoice): Sdk.CapacityReservationSpecificationResponse => ({
    CapacityReservationPreference: preference,
    CapacityReservationTarget: target === undefined ? undefined : { CapacityReservationId: target },
  }),
);

const viewEnclave = viewOnce((Enabled: boolean): Sdk.EnclaveOptions => ({ Enabled }));
const viewHibernation = viewOnce((Configured: boolean): Sdk.HibernationOptions => ({ Configured }));
const viewMonitoring = viewOnce((State: Sdk.MonitoringState): Sdk.Monitoring => ({ State }));
const viewBandwidth = viewOnce(
  (BandwidthWeighting: Sdk.InstanceBandwidthWeighting): Sdk.InstanceNetworkPerformanceOptions => ({
    BandwidthWeighting,
  }),
);

/** The private name of an instance: by its address, or by itself. */
function privateNameOf({ id, hostname }: Instance, { region }: Context, primary: Sdk.NetworkInterface) {
  return hostname.type === "resource-name" ? `${id}.${privateDomain(region)}` : primary.PrivateDnsName;
}

/** An instance as DescribeInstances answers. */
export function viewInstance(instance: Instance, { ctx, tags }: Seen): Sdk.Instance {
  const { image } = instance;
  const interfaces = interfacesOf(ctx, instance.id).map((row) => networkInterfaces.show(ctx, row));
  // A terminated instance has none.
  const [primary] = interfaces;
  return {
    InstanceId: instance.id,
    ImageId: image.id,
    InstanceType: instance.instanceType as Sdk._InstanceType,
    State: viewState(instance.state),
    StateReason: viewReason(instance),
    StateTransitionReason: viewTransition(instance),
    NetworkInterfaces: interfaces.map(viewInterface),
    SecurityGroups: primary?.Groups ?? [],
    SourceDestCheck: primary?.SourceDestCheck,
    SubnetId: primary?.SubnetId,
    VpcId: primary?.VpcId,
    PrivateIpAddress: primary?.PrivateIpAddress,
    PrivateDnsName: (primary && privateNameOf(instance, ctx, primary)) ?? "",
    PublicIpAddress: primary?.Association?.PublicIp,
    PublicDnsName: primary?.PublicDnsName ?? "",
    Ipv6Address: primary?.Ipv6Addresses?.[0]?.Ipv6Address,
    AmiLaunchIndex: instance.launchIndex,
    Architecture: image.architecture,
    BlockDeviceMappings: viewBlockDevices(ctx, instance.id),
    BootMode: image.bootMode,
    CapacityReservationId: isUp(instance) ? instance.capacity.reservationId : undefined,
    CapacityReservationSpecification: viewCapacity(instance.capacity),
    ClientToken: instance.clientToken,
    CpuOptions: viewCpuOptions(instance.cpu),
    CurrentInstanceBootMode: currentBootMode(instance),
    EbsOptimized: instance.ebsOptimized,
    EnaSupport: instance.enaSupport,
    EnclaveOptions: viewEnclave(instance.enclave),
    HibernationOptions: viewHibernation(instance.hibernation),
    // Nitro, too, is "xen" here.
    Hypervisor: "xen",
    IamInstanceProfile: viewProfileOf(ctx, instance.id),
    KeyName: instance.key?.name,
    LaunchTime: new Date(instance.launched),
    MaintenanceOptions: viewMaintenance(instance),
    MetadataOptions: viewMetadataOptions(instance),
    Monitoring: viewMonitoring(instance.monitoring),
    NetworkPerformanceOptions: viewBandwidth(instance.bandwidthWeighting),
    Operator: UNMANAGED,
    Placement: viewPlacement(instance, ctx),
    // EC2 answers `windows`, whatever the SDK's enumeration says.
    Platform: image.platform as Sdk.PlatformValues | undefined,
    PlatformDetails: image.platformDetails,
    PrivateDnsNameOptions: viewHostname(instance.hostname),
    ProductCodes: [...image.productCodes],
    RootDeviceName: image.rootDeviceName,
    RootDeviceType: "ebs",
    SriovNetSupport: instance.sriovNetSupport ? "simple" : undefined,
    Tags: tags,
    TpmSupport: image.nitroTpm ? "v2.0" : undefined,
    UsageOperation: image.usageOperation,
    UsageOperationUpdateTime: new Date(instance.created),
    VirtualizationType: "hvm",
  };
}
