import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../../errors.ts";
import type { CatalogueImage, ImageInstanceStore, ImageVolume } from "../catalogue/image.ts";
import type { InstanceTypeFacts } from "../catalogue/instanceTypes.ts";
import { isDeviceName } from "../deviceName.ts";
import type { VolumeRequest } from "../volume.ts";
import { checkVolumeCount } from "./instanceType.ts";

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

const ofImage = (volume: ImageVolume, imageId: string): PlannedVolume => ({
  device: volume.name,
  deleteOnTermination: volume.deleteOnTermination,
  request: {
    snapshotId: volume.snapshotId,
    imageId,
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
      imageId: changesSnapshot ? undefined : base?.imageId,
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
  if (!known(name) && !isDeviceName(name)) throw invalid(`Invalid device name ${name}`);
  return name;
}

const EPHEMERAL = /^ephemeral\d{1,2}$/;

/** The devices of an instance as they become clear, by name. */
interface Devices {
  readonly root: string;
  readonly volumes: Map<string, PlannedVolume>;
  readonly stores: Map<string, ImageInstanceStore>;
}

function devicesOf({ id, root, devices }: Pick<CatalogueImage, "id" | "root" | "devices">): Devices {
  const volumes = new Map([[root.name, ofImage(root, id)]]);
  const stores = new Map<string, ImageInstanceStore>();
  for (const device of devices) {
    if ("virtualName" in device) stores.set(device.name, device);
    else volumes.set(device.name, ofImage(device, id));
  }
  return { root: root.name, volumes, stores };
}

/** Puts what a launch says of one device in the place of what the image says. */
function map(
  { root, volumes, stores }: Devices,
  name: string,
  { Ebs, NoDevice, VirtualName }: Sdk.BlockDeviceMapping,
): void {
  const below = volumes.get(name);
  volumes.delete(name);
  stores.delete(name);
  if (NoDevice !== undefined) {
    if (name === root) throw invalid(`The root device '${name}' cannot be suppressed.`);
  } else if (VirtualName !== undefined) {
    if (Ebs) throw invalid(`Only one of ebs and virtualName can be specified for: ${name}`);
    if (name === root) throw invalid(`The root device '${name}' must be an EBS volume.`);
    if (!EPHEMERAL.test(VirtualName)) throw invalid(`Invalid virtual device name ${VirtualName}`);
    stores.set(name, { name, virtualName: VirtualName });
  } else if (Ebs) {
    volumes.set(name, overlay(name, Ebs, below));
  } else {
    throw invalid(`One of ebs, noDevice and virtualName must be specified for: ${name}`);
  }
}

/**
 * The devices of a new instance: those of its image, with what the launch adds, changes and takes away.
 *
 * @throws {ApiError} InvalidBlockDeviceMapping, AttachmentLimitExceeded; what a volume can be, its maker checks
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/block-device-mapping-concepts.html
 */
export function planBlockDevices(
  image: Pick<CatalogueImage, "id" | "root" | "devices">,
  type: InstanceTypeFacts,
  asked: readonly Sdk.BlockDeviceMapping[] = [],
): BlockDevicePlan {
  const devices = devicesOf(image);
  const seen = new Set<string>();
  for (const mapping of asked) {
    const name = readDevice(mapping, (each) => devices.volumes.has(each) || devices.stores.has(each));
    if (seen.has(name)) throw invalid(`The device '${name}' is used in more than one block-device mapping`);
    seen.add(name);
    map(devices, name, mapping);
  }
  const volumes = [...devices.volumes.values()];
  checkVolumeCount(type, volumes.length);
  return {
    volumes: volumes.toSorted(
      (a, b) => Number(b.device === devices.root) - Number(a.device === devices.root),
    ),
    instanceStores: [...devices.stores.values()],
  };
}
