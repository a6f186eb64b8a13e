import type * as Sdk from "@aws-sdk/client-ec2";
import type { Filters } from "../../kit/filters.ts";

/** A device of an image that becomes an EBS volume at launch. */
export interface ImageVolume {
  /** As an instance sees it: `/dev/xvda`. */
  readonly name: string;
  /** Absent for a volume that is to be empty. */
  readonly snapshotId: string | undefined;
  readonly sizeGiB: number;
  readonly type: Sdk.VolumeType;
  readonly deleteOnTermination: boolean;
  readonly encrypted: boolean;
  /** Operations a second, where the image says so. */
  readonly iops?: number | undefined;
  /** MiB a second, where the image says so. */
  readonly throughput?: number | undefined;
}

/** A device of an image for an instance store volume: `ephemeral0` is the first that the instance type has. */
export interface ImageInstanceStore {
  readonly name: string;
  readonly virtualName: string;
}

export type ImageDevice = ImageVolume | ImageInstanceStore;

/** An AMI: what instances are launched from. Each boots from an EBS volume, on hvm; islet has no other kind. */
export interface CatalogueImage {
  readonly id: string;
  readonly name: string;
  readonly ownerId: string;
  readonly ownerAlias?: string | undefined;
  /** Where it differs from `OWNER/NAME`. */
  readonly location?: string | undefined;
  readonly description?: string | undefined;
  readonly architecture: Sdk.ArchitectureValues;
  /** ISO 8601 with milliseconds, UTC. */
  readonly createdAt: string;
  readonly deprecatedAt?: string | undefined;
  readonly root: ImageVolume;
  /** Devices beside the root. */
  readonly devices: readonly ImageDevice[];
  readonly platform?: "windows" | undefined;
  readonly platformDetails: string;
  /** The billing code: `RunInstances`, `RunInstances:0002`. */
  readonly usageOperation: string;
  /** Undefined: what the instance type has by default. */
  readonly bootMode?: Sdk.BootModeValues | undefined;
  /** Instances require IMDSv2, with a hop limit of 2, unless their launch says otherwise. */
  readonly imdsV2: boolean;
  readonly nitroTpm: boolean;
  readonly enaSupport: boolean;
  /** Enhanced networking by Intel's 82599 (`simple`). */
  readonly sriovNetSupport: boolean;
  readonly isPublic: boolean;
  readonly freeTierEligible: boolean;
  readonly productCodes: readonly Sdk.ProductCode[];
  /** Only the owner sees them. */
  readonly tags: readonly Sdk.Tag[];
  readonly sourceInstanceId?: string | undefined;
  readonly sourceImageId?: string | undefined;
  readonly sourceImageRegion?: string | undefined;
  readonly deregistrationProtection?: string | undefined;
  readonly lastLaunchedAt?: string | undefined;
}

function viewDevice(device: ImageDevice): Sdk.BlockDeviceMapping {
  if ("virtualName" in device) return { DeviceName: device.name, VirtualName: device.virtualName };
  return {
    DeviceName: device.name,
    Ebs: {
      DeleteOnTermination: device.deleteOnTermination,
      SnapshotId: device.snapshotId,
      VolumeSize: device.sizeGiB,
      VolumeType: device.type,
      Encrypted: device.encrypted,
      ...(device.iops !== undefined && { Iops: device.iops }),
      ...(device.throughput !== undefined && { Throughput: device.throughput }),
    },
  };
}

/** The members that have a value: an image shows what it has, not what it could have. */
const present = <T extends object>(members: T): Partial<T> =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Partial<T>;

/** The image as `account` sees it. */
export function viewImage(image: CatalogueImage, { account }: { readonly account: string }): Sdk.Image {
  const isOwner = image.ownerId === account;
  return {
    ImageId: image.id,
    Name: image.name,
    ImageLocation: image.location ?? `${image.ownerAlias ?? image.ownerId}/${image.name}`,
    OwnerId: image.ownerId,
    Architecture: image.architecture,
    CreationDate: image.createdAt,
    ImageType: "machine",
    State: "available",
    Public: image.isPublic,
    Hypervisor: "xen",
    VirtualizationType: "hvm",
    RootDeviceType: "ebs",
    RootDeviceName: image.root.name,
    BlockDeviceMappings: [image.root, ...image.devices].map(viewDevice),
    PlatformDetails: image.platformDetails,
    UsageOperation: image.usageOperation,
    EnaSupport: image.enaSupport,
    FreeTierEligible: image.freeTierEligible,
    Tags: isOwner ? [...image.tags] : [],
    ...(image.productCodes.length > 0 && { ProductCodes: [...image.productCodes] }),
    ...present({
      ImageOwnerAlias: image.ownerAlias,
      Description: image.description,
      DeprecationTime: image.deprecatedAt,
      // EC2 answers `windows`, whatever the SDK's enumeration says.
      Platform: image.platform as Sdk.PlatformValues | undefined,
      BootMode: image.bootMode,
      ImdsSupport: image.imdsV2 ? ("v2.0" as const) : undefined,
      TpmSupport: image.nitroTpm ? ("v2.0" as const) : undefined,
      SriovNetSupport: image.sriovNetSupport ? "simple" : undefined,
      SourceInstanceId: image.sourceInstanceId,
      SourceImageId: image.sourceImageId,
      SourceImageRegion: image.sourceImageRegion,
      DeregistrationProtection: image.deregistrationProtection,
      LastLaunchedTime: isOwner ? image.lastLaunchedAt : undefined,
    }),
  };
}

/** Whether the image belongs to one of DescribeImages' owners: an account, an alias, or `self`. */
export const hasOwner = (image: CatalogueImage, owners: readonly string[], account: string): boolean =>
  owners.includes(image.ownerId) ||
  (image.ownerAlias !== undefined && owners.includes(image.ownerAlias)) ||
  (image.ownerId === account && owners.includes("self"));

const volumes = ({ BlockDeviceMappings }: Sdk.Image): readonly Sdk.EbsBlockDevice[] =>
  BlockDeviceMappings?.flatMap(({ Ebs }) => (Ebs ? [Ebs] : [])) ?? [];

/** The filters of DescribeImages; `tag:KEY` and `tag-key` are the kit's. */
export const imageFilters = {
  architecture: (image) => image.Architecture,
  "block-device-mapping.delete-on-termination": (image) =>
    volumes(image).map(({ DeleteOnTermination }) => DeleteOnTermination),
  "block-device-mapping.device-name": (image) =>
    image.BlockDeviceMappings?.map(({ DeviceName }) => DeviceName),
  "block-device-mapping.encrypted": (image) => volumes(image).map(({ Encrypted }) => Encrypted),
  "block-device-mapping.snapshot-id": (image) => volumes(image).map(({ SnapshotId }) => SnapshotId),
  "block-device-mapping.volume-size": (image) => volumes(image).map(({ VolumeSize }) => VolumeSize),
  "block-device-mapping.volume-type": (image) => volumes(image).map(({ VolumeType }) => VolumeType),
  "creation-date": (image) => image.CreationDate,
  description: (image) => image.Description,
  "ena-support": (image) => image.EnaSupport,
  "free-tier-eligible": (image) => image.FreeTierEligible,
  hypervisor: (image) => image.Hypervisor,
  "image-allowed": (image) => image.ImageAllowed,
  "image-id": (image) => image.ImageId,
  "image-type": (image) => image.ImageType,
  "is-public": (image) => image.Public,
  "kernel-id": (image) => image.KernelId,
  "manifest-location": (image) => image.ImageLocation,
  name: (image) => image.Name,
  "owner-alias": (image) => image.ImageOwnerAlias,
  "owner-id": (image) => image.OwnerId,
  platform: (image) => image.Platform,
  "product-code": (image) => image.ProductCodes?.map(({ ProductCodeId }) => ProductCodeId),
  "product-code.type": (image) => image.ProductCodes?.map(({ ProductCodeType }) => ProductCodeType),
  "ramdisk-id": (image) => image.RamdiskId,
  "root-device-name": (image) => image.RootDeviceName,
  "root-device-type": (image) => image.RootDeviceType,
  "source-image-id": (image) => image.SourceImageId,
  "source-image-region": (image) => image.SourceImageRegion,
  "source-instance-id": (image) => image.SourceInstanceId,
  "sriov-net-support": (image) => image.SriovNetSupport,
  state: (image) => image.State,
  "state-reason-code": (image) => image.StateReason?.Code,
  "state-reason-message": (image) => image.StateReason?.Message,
  "virtualization-type": (image) => image.VirtualizationType,

  // Not in the reference of DescribeImages, but EC2 takes them: the user guide searches by tpm-support
  // (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/verify-nitrotpm-support-on-ami.html), public Terraform modules by
  // the others.
  "boot-mode": (image) => image.BootMode,
  "platform-details": (image) => image.PlatformDetails,
  "tpm-support": (image) => image.TpmSupport,
  "usage-operation": (image) => image.UsageOperation,
} satisfies Filters<Sdk.Image>;
