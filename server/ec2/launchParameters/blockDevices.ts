import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../../errors.ts";
import type { CatalogueImage, ImageInstanceStore, ImageVolume } from "../catalogue/image.ts";
import type { InstanceTypeFacts } from "../catalogue/instanceTypes.ts";
import type { VolumeRequest } from "../volume.ts";

/** A volume that an instance is to boot with. */
export interface PlannedVolume {
  readonly device: string;
  readonly deleteOnTermination: boolean;
  readonly request: Omit<VolumeRequest, "zone">;
}

export interface BlockDevicePlan {
  /** The root first. */
  readonly volumes: readonly PlannedVolume[];
  readonly instanceStores: readonly ImageInstanceStore[];
}

const invalid = (message: string): ApiError => new ApiError("InvalidBlockDeviceMapping", message);

/** @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/device_naming.html */
const DEVICE = /^(?:\/dev\/)?(?:sd[a-z](?:[1-9]|1[0-5])?|xvd[a-d]?[a-z])$/;

const ofImage = (volume: ImageVolume): PlannedVolume => ({
  device: volume.name,
  deleteOnTermination: volume.deleteOnTermination,
  request: {
    snapshotId: volume.snapshotId,
    size: volume.sizeGiB,
    volumeType: volume.type,
    iops: volume.iops,
    throughput: volume.throughput,
    encrypted: volume.encrypted || undefined,
  },
});

/** Places and cards of EBS that are somewhere else than in the instance's zone, on its one card. */
function refuseElsewhere({
  AvailabilityZone,
  AvailabilityZoneId,
  OutpostArn,
  EbsCardIndex,
}: Sdk.EbsBlockDevice): void {
  if (AvailabilityZone !== undefined || AvailabilityZoneId !== undefined) {
    throw new ApiError(
      "InvalidParameterCombination",
      "The Availability Zone of a volume cannot be specified in a launch: it is the instance's.",
    );
  }
  if (OutpostArn !== undefined) throw new ApiError("InvalidOutpostArn.NotFound", OutpostArn);
  if (EbsCardIndex !== undefined && EbsCardIndex !== 0) {
    throw new ApiError(
      "InvalidParameterValue",
      `Value (${EbsCardIndex}) for parameter ebsCardIndex is invalid. The instance type has one EBS card.`,
    );
  }
}

/** What the launch says of a device, over what the image says of it. */
function overlay(device: string, asked: Sdk.EbsBlockDevice, below: PlannedVolume | undefined): PlannedVolume {
  refuseElsewhere(asked);
  const base = below?.request;
  const changesType = asked.VolumeType !== undefined && asked.VolumeType !== base?.volumeType;
  const changesSnapshot = asked.SnapshotId !== undefined && asked.SnapshotId !== base?.snapshotId;
  const snapshotId = asked.SnapshotId ?? base?.snapshotId;
  const size = asked.VolumeSize ?? (changesSnapshot ? undefined : base?.size);
  if (snapshotId === undefined && size === undefined) {
    throw invalid(`Either snapshot ID or volume size must be provided for: ${device}`);
  }
  if (asked.Encrypted === false && base?.encrypted) {
    throw invalid(`The volume of ${device} cannot be unencrypted, as its snapshot is encrypted.`);
  }
  return {
    device,
    deleteOnTermination: asked.DeleteOnTermination ?? below?.deleteOnTermination ?? true,
    request: {
      snapshotId,
      size,
      volumeType: asked.VolumeType ?? base?.volumeType,
      // What an image says of one type means nothing for another.
      iops: asked.Iops ?? (changesType ? undefined : base?.iops),
      throughput: asked.Throughput ?? (changesType ? undefined : base?.throughput),
      encrypted: asked.Encrypted ?? base?.encrypted,
      kmsKeyId: asked.KmsKeyId,
      initializationRate: asked.VolumeInitializationRate,
    },
  };
}

function readDevice(mapping: Sdk.BlockDeviceMapping, known: (name: string) => boolean): string {
  const name = mapping.DeviceName;
  if (name === undefined) throw new ApiError("MissingParameter", "deviceName");
  if (!known(name) && !DEVICE.test(name)) throw invalid(`Invalid device name ${name}`);
  return name;
}

const ephemeral = /^ephemeral\d{1,2}$/;

/**
 * The devices of a new instance: those of its image, with what the launch adds, changes and takes away.
 *
 * @throws {ApiError} InvalidBlockDeviceMapping, AttachmentLimitExceeded; what a volume can be, its maker checks
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/block-device-mapping-concepts.html
 */
export function planBlockDevices(
  image: Pick<CatalogueImage, "root" | "devices">,
  { ebs }: InstanceTypeFacts,
  asked: readonly Sdk.BlockDeviceMapping[] = [],
): BlockDevicePlan {
  const volumes = new Map([[image.root.name, ofImage(image.root)]]);
  const stores = new Map<string, ImageInstanceStore>();
  for (const device of image.devices) {
    if ("virtualName" in device) stores.set(device.name, device);
    else volumes.set(device.name, ofImage(device));
  }
  const seen = new Set<string>();
  for (const mapping of asked) {
    const name = readDevice(mapping, (each) => volumes.has(each) || stores.has(each));
    if (seen.has(name)) throw invalid(`The device '${name}' is used in more than one block-device mapping`);
    seen.add(name);
    const isRoot = name === image.root.name;
    const below = volumes.get(name);
    volumes.delete(name);
    stores.delete(name);
    if (mapping.NoDevice !== undefined) {
      if (isRoot) throw invalid(`The root device '${name}' cannot be suppressed.`);
    } else if (mapping.VirtualName !== undefined) {
      if (mapping.Ebs) throw invalid(`Only one of ebs and virtualName can be specified for: ${name}`);
      if (isRoot) throw invalid(`The root device '${name}' must be an EBS volume.`);
      if (!ephemeral.test(mapping.VirtualName)) {
        throw invalid(`Invalid virtual device name ${mapping.VirtualName}`);
      }
      stores.set(name, { name, virtualName: mapping.VirtualName });
    } else if (mapping.Ebs) {
      volumes.set(name, overlay(name, mapping.Ebs, below));
    } else {
      throw invalid(`One of ebs, noDevice and virtualName must be specified for: ${name}`);
    }
  }
  if (volumes.size > ebs.maxAttachments) {
    throw new ApiError(
      "AttachmentLimitExceeded",
      `You may attach up to ${ebs.maxAttachments} devices for this instance type. Please use a larger instance size to attach more volumes.`,
    );
  }
  const root = volumes.get(image.root.name);
  const others = [...volumes.values()].filter((volume) => volume !== root);
  return { volumes: root ? [root, ...others] : others, instanceStores: [...stores.values()] };
}
