import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { tagsFor } from "../kit/tags.ts";
import type { ImageDevice } from "./catalogue/image.ts";
import { lookUpImage } from "./image.ts";
import { instances, type Instance } from "./instance.ts";
import { currentBootMode } from "./instanceView.ts";
import {
  checkImageDevice,
  createRegisteredImage,
  readImageDescription,
  readImageName,
  registeredImages,
  splitRoot,
} from "./registeredImage.ts";
import { createSnapshot } from "./snapshot.ts";
import { volumes, type Volume } from "./volume.ts";
import { readShape } from "./volumeType.ts";

const TAGGABLE = ["image", "snapshot"] as const;

const invalid = (message: string): ApiError => new ApiError("InvalidBlockDeviceMapping", message);

/** What a call says of the devices, by name. @throws {ApiError} InvalidBlockDeviceMapping, MissingParameter */
function readMappings(asked: readonly Sdk.BlockDeviceMapping[]): Map<string, Sdk.BlockDeviceMapping> {
  const mappings = new Map<string, Sdk.BlockDeviceMapping>();
  for (const mapping of asked) {
    const { DeviceName: name } = mapping;
    if (name === undefined) throw new ApiError("MissingParameter", "deviceName");
    if (mappings.has(name)) {
      throw invalid(`The device '${name}' is used in more than one block-device mapping`);
    }
    mappings.set(name, mapping);
  }
  return mappings;
}

/** A device that the instance does not have: an empty volume, one of a snapshot, or an instance store. */
function addDevice(
  name: string,
  { Ebs: ebs, VirtualName: virtualName }: Sdk.BlockDeviceMapping,
): ImageDevice[] {
  if (virtualName !== undefined) return [{ name, virtualName }];
  if (!ebs) throw invalid(`One of ebs, noDevice and virtualName must be specified for: ${name}`);
  checkImageDevice(name, ebs);
  if (ebs.SnapshotId !== undefined) {
    throw invalid(`A snapshot cannot be specified for the device '${name}' of an image that is created.`);
  }
  const { size, volumeType, iops, throughput } = readShape({
    size: ebs.VolumeSize ?? 0,
    volumeType: ebs.VolumeType,
    iops: ebs.Iops,
    throughput: ebs.Throughput,
  });
  return [
    {
      name,
      snapshotId: undefined,
      sizeGiB: size,
      type: volumeType,
      deleteOnTermination: ebs.DeleteOnTermination ?? true,
      encrypted: ebs.Encrypted ?? false,
      iops,
      throughput,
    },
  ];
}

/** The snapshots of a call share description and tags. */
interface SnapshotWish {
  readonly description: string;
  readonly tags: readonly Sdk.Tag[];
}

/** A device of the image from a volume of the instance, which is snapshotted for it. */
function captureVolume(
  ctx: Context,
  volume: Volume,
  { instanceId, device, deleteOnTermination }: Volume["attachments"][number],
  mapping: Sdk.BlockDeviceMapping | undefined,
  { description, tags }: SnapshotWish,
): ImageDevice {
  const { Ebs: ebs } = mapping ?? {};
  checkImageDevice(device, ebs);
  const changesSize = ebs?.VolumeSize !== undefined && ebs.VolumeSize !== volume.size;
  if (
    changesSize ||
    (ebs?.Encrypted !== undefined && ebs.Encrypted !== volume.encrypted) ||
    ebs?.SnapshotId
  ) {
    throw invalid(
      `The size, encryption and snapshot of the device '${device}' of instance '${instanceId}' cannot be changed.`,
    );
  }
  const { size, volumeType, iops, throughput } = readShape(
    { size: volume.size, volumeType: ebs?.VolumeType, iops: ebs?.Iops, throughput: ebs?.Throughput },
    volume,
  );
  const snapshot = createSnapshot(ctx, volume, description, tags);
  return {
    name: device,
    snapshotId: snapshot.id,
    sizeGiB: size,
    type: volumeType,
    deleteOnTermination: ebs?.DeleteOnTermination ?? deleteOnTermination,
    encrypted: volume.encrypted,
    iops,
    throughput,
  };
}

/** The instance's devices with what the call changes of them. */
function captureDevices(
  ctx: Context,
  { id, image, instanceStores }: Instance,
  mappings: ReadonlyMap<string, Sdk.BlockDeviceMapping>,
  wish: SnapshotWish,
): ImageDevice[] {
  const devices: ImageDevice[] = [];
  const known = new Set<string>();
  for (const volume of volumes.by(ctx, "instance", id)) {
    const attachment = volume.attachments.find(({ instanceId }) => instanceId === id);
    if (!attachment) continue;
    known.add(attachment.device);
    const mapping = mappings.get(attachment.device);
    if (mapping?.NoDevice === undefined) devices.push(captureVolume(ctx, volume, attachment, mapping, wish));
    else if (attachment.device === image.rootDeviceName) {
      throw invalid(`The root device '${attachment.device}' cannot be suppressed.`);
    }
  }
  for (const store of instanceStores) {
    known.add(store.name);
    if (!mappings.has(store.name)) devices.push(store);
  }
  for (const [name, mapping] of mappings) {
    if (mapping.NoDevice === undefined && (!known.has(name) || mapping.VirtualName !== undefined)) {
      devices.push(...addDevice(name, mapping));
    }
  }
  return devices;
}

export const operations = {
  CreateImage: (input, ctx) => {
    const instance = instances.get(ctx, input.InstanceId);
    const name = readImageName(ctx, input.Name);
    const description = readImageDescription(input.Description);
    if (input.SnapshotLocation === "local") {
      throw new ApiError("UnsupportedOperation", "Local snapshots are supported only in Local Zones.");
    }
    if (instance.state !== "running" && instance.state !== "stopped") {
      throw new ApiError(
        "IncorrectState",
        `The instance '${instance.id}' is not in the state 'running' or 'stopped'.`,
      );
    }
    if (input.BootModeOverride !== undefined && currentBootMode(instance) !== "uefi") {
      throw new ApiError(
        "InvalidParameterValue",
        `The boot mode of an image of the instance '${instance.id}', which boots by legacy BIOS, cannot be uefi.`,
      );
    }
    const id = registeredImages.newId(ctx);
    const all = captureDevices(ctx, instance, readMappings(input.BlockDeviceMappings ?? []), {
      description: `Created by CreateImage(${instance.id}) for ${id}`,
      tags: tagsFor(input.TagSpecifications, "snapshot", TAGGABLE),
    });
    const devices = splitRoot(all, instance.image.rootDeviceName);
    if (!devices) throw new ApiError("IncorrectState", `The instance '${instance.id}' has no root volume.`);
    // No write comes between the instance's last and the snapshots, so it need not stop for them.
    if (!input.NoReboot && instance.state === "running") {
      instances.update(ctx, instance.id, { reboots: instance.reboots + 1 });
    }
    const { id: sourceImageId, rootDeviceName: _root, ...inherited } = instance.image;
    createRegisteredImage(
      ctx,
      id,
      {
        ...inherited,
        ...devices,
        ...(input.BootModeOverride && { bootMode: input.BootModeOverride }),
        name,
        description,
        imdsV2: lookUpImage(ctx, sourceImageId)?.imdsV2 ?? false,
        enaSupport: instance.enaSupport,
        sriovNetSupport: instance.sriovNetSupport,
        sourceInstanceId: instance.id,
        sourceImageId,
        sourceImageRegion: ctx.region,
      },
      tagsFor(input.TagSpecifications, "image", TAGGABLE),
    );
    return { ImageId: id };
  },
} satisfies Handlers;
