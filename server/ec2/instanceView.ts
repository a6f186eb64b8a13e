import type * as Sdk from "@aws-sdk/client-ec2";
import type { Context } from "../kit/context.ts";
import type { Seen } from "../kit/resource.ts";
import { findInstanceType, type InstanceTypeFacts } from "./catalogue/instanceTypes.ts";
import { findZone } from "./catalogue/zones.ts";
import { privateDomain } from "./dnsName.ts";
import type { Instance } from "./instance.ts";
import { networkInterfaces, type NetworkInterface } from "./networkInterface.ts";
import { volumes, type Volume } from "./volume.ts";

/** Why an instance was stopped or terminated, in EC2's words. */
const endReasons = {
  "Client.UserInitiatedShutdown": "User initiated shutdown",
  "Client.UserInitiatedHibernate": "User initiated hibernate",
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

export const viewState = (state: Sdk.InstanceStateName): Sdk.InstanceState => ({
  Code: stateCodes[state],
  Name: state,
});

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

const viewAttachment = (
  attachment: Sdk.NetworkInterfaceAttachment,
): Sdk.InstanceNetworkInterfaceAttachment => ({
  AttachTime: attachment.AttachTime,
  AttachmentId: attachment.AttachmentId,
  DeleteOnTermination: attachment.DeleteOnTermination,
  DeviceIndex: attachment.DeviceIndex,
  NetworkCardIndex: attachment.NetworkCardIndex,
  Status: attachment.Status,
});

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
  PrivateIpAddresses: eni.PrivateIpAddresses?.map((address) => ({
    ...address,
    Association: address.Association && viewAssociation(address.Association),
  })),
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
    Ebs: {
      AttachTime: attachment && new Date(attachment.attachTime),
      DeleteOnTermination: attachment?.deleteOnTermination,
      // The SDK's states know no busy attachment: a volume that a mounted file system keeps from being detached.
      Status: attachment?.state as Sdk.AttachmentStatus | undefined,
      VolumeId: id,
    },
  };
}

/** `2026-11-23 13:06:41 GMT` */
const gmt = (at: number): string => `${new Date(at).toISOString().slice(0, 19).replace("T", " ")} GMT`;

function viewReason({ state, ended }: Instance): Pick<Sdk.Instance, "StateReason" | "StateTransitionReason"> {
  if (ended) {
    return {
      StateReason: { Code: ended.reason, Message: `${ended.reason}: ${endReasons[ended.reason]}` },
      StateTransitionReason: `User initiated (${gmt(ended.at)})`,
    };
  }
  return {
    StateReason: state === "pending" ? { Code: "pending", Message: "pending" } : undefined,
    StateTransitionReason: "",
  };
}

/**
 * How an instance boots: what its image prefers, if its type can, or else what its type has by default.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ami-boot.html
 */
function currentBootMode(instance: Instance): Sdk.InstanceBootModeValues {
  const { bootModes, arch } = typeOf(instance);
  const { bootMode } = instance.image;
  if (bootMode === "uefi" || bootMode === "legacy-bios") return bootMode;
  if (bootMode === "uefi-preferred") return bootModes.includes("uefi") ? "uefi" : "legacy-bios";
  return arch.includes("arm64") ? "uefi" : "legacy-bios";
}

export const viewMetadataOptions = ({
  metadata,
  metadataApplied,
}: Pick<Instance, "metadata" | "metadataApplied">): Sdk.InstanceMetadataOptionsResponse => ({
  State: metadataApplied ? "applied" : "pending",
  HttpTokens: metadata.tokens,
  HttpPutResponseHopLimit: metadata.hopLimit,
  HttpEndpoint: metadata.endpoint,
  HttpProtocolIpv6: metadata.ipv6,
  InstanceMetadataTags: metadata.tags,
});

/** What follows from the interfaces; a terminated instance has none. */
function viewNetwork(ctx: Context, { id, hostname }: Instance): Partial<Sdk.Instance> {
  const shown = interfacesOf(ctx, id).map((row) => networkInterfaces.show(ctx, row));
  const [primary] = shown;
  const named =
    primary && hostname.type === "resource-name"
      ? `${id}.${privateDomain(ctx.region)}`
      : primary?.PrivateDnsName;
  return {
    NetworkInterfaces: shown.map(viewInterface),
    SecurityGroups: primary?.Groups ?? [],
    SourceDestCheck: primary?.SourceDestCheck,
    SubnetId: primary?.SubnetId,
    VpcId: primary?.VpcId,
    PrivateIpAddress: primary?.PrivateIpAddress,
    PrivateDnsName: named ?? "",
    PublicIpAddress: primary?.Association?.PublicIp,
    PublicDnsName: primary?.Association?.PublicDnsName ?? "",
    Ipv6Address: primary?.Ipv6Addresses?.[0]?.Ipv6Address,
  };
}

/** An instance as DescribeInstances answers. */
export function viewInstance(instance: Instance, { ctx, tags }: Seen): Sdk.Instance {
  const { image, cpu, hostname } = instance;
  return {
    InstanceId: instance.id,
    ImageId: image.id,
    InstanceType: instance.instanceType as Sdk._InstanceType,
    State: viewState(instance.state),
    ...viewReason(instance),
    ...viewNetwork(ctx, instance),
    AmiLaunchIndex: instance.launchIndex,
    Architecture: image.architecture,
    BlockDeviceMappings: viewBlockDevices(ctx, instance.id),
    BootMode: image.bootMode,
    CapacityReservationSpecification: { CapacityReservationPreference: instance.capacityPreference },
    ClientToken: instance.clientToken,
    CpuOptions: {
      CoreCount: cpu.cores,
      ThreadsPerCore: cpu.threadsPerCore,
      AmdSevSnp: cpu.amdSevSnp,
      NestedVirtualization: cpu.nestedVirtualization,
    },
    CurrentInstanceBootMode: currentBootMode(instance),
    EbsOptimized: instance.ebsOptimized,
    EnaSupport: instance.enaSupport,
    EnclaveOptions: { Enabled: instance.enclave },
    HibernationOptions: { Configured: instance.hibernation },
    // Nitro, too, is "xen" here.
    Hypervisor: "xen",
    KeyName: instance.key?.name,
    LaunchTime: new Date(instance.launched),
    MaintenanceOptions: {
      AutoRecovery: instance.autoRecovery,
      RebootMigration: instance.rebootMigration,
    },
    MetadataOptions: viewMetadataOptions(instance),
    Monitoring: { State: instance.monitoring },
    NetworkPerformanceOptions: { BandwidthWeighting: instance.bandwidthWeighting },
    Operator: { Managed: false },
    Placement: {
      AvailabilityZone: instance.zone,
      AvailabilityZoneId: findZone(ctx.region, instance.zone)?.id,
      GroupName: "",
      Tenancy: instance.tenancy,
    },
    // EC2 answers `windows`, whatever the SDK's enumeration says.
    Platform: image.platform as Sdk.PlatformValues | undefined,
    PlatformDetails: image.platformDetails,
    PrivateDnsNameOptions: {
      HostnameType: hostname.type,
      EnableResourceNameDnsARecord: hostname.aRecord,
      EnableResourceNameDnsAAAARecord: hostname.aaaaRecord,
    },
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
