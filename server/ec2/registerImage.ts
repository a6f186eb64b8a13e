import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { tagsFor } from "../kit/tags.ts";
import type { ImageDevice } from "./catalogue/image.ts";
import {
  checkImageDevice,
  createRegisteredImage,
  readImageDescription,
  readImageName,
  registeredImages,
  splitRoot,
} from "./registeredImage.ts";
import { findVolumeSource } from "./volumeSource.ts";
import { readShape } from "./volumeType.ts";

const invalid = (message: string): ApiError => new ApiError("InvalidBlockDeviceMapping", message);

/** What islet's machines do not have. @throws {ApiError} */
function refuseUnavailable(input: Sdk.RegisterImageRequest): void {
  if (input.ImageLocation !== undefined) {
    throw new ApiError("UnsupportedOperation", "Instance store-backed AMIs are not supported.");
  }
  if (input.VirtualizationType !== "hvm") {
    throw new ApiError(
      "UnsupportedOperation",
      "Paravirtual AMIs, which are the default, are not supported. Specify the virtualization type hvm.",
    );
  }
  for (const name of ["KernelId", "RamdiskId"] as const) {
    if (input[name] === undefined) continue;
    throw new ApiError(
      "InvalidParameterCombination",
      `The parameter ${name} cannot be used with the virtualization type hvm`,
    );
  }
  if (input.BillingProducts?.length) {
    throw new ApiError("AuthFailure", "You are not authorized to specify billing product codes.");
  }
  if (input.UefiData !== undefined) {
    throw new ApiError("UnsupportedOperation", "UEFI variable stores are not supported.");
  }
  if (input.SriovNetSupport !== undefined && input.SriovNetSupport !== "simple") {
    throw new ApiError(
      "InvalidParameterValue",
      `Value (${input.SriovNetSupport}) for parameter sriovNetSupport is invalid.`,
    );
  }
  if (input.TpmSupport !== undefined && input.BootMode !== "uefi") {
    throw new ApiError("InvalidParameterCombination", "NitroTPM requires the boot mode uefi.");
  }
}

/** @throws {ApiError} InvalidBlockDeviceMapping, MissingParameter, as findVolumeSource and readShape do */
function readDevice(ctx: Context, mapping: Sdk.BlockDeviceMapping): ImageDevice[] {
  const { DeviceName: name, VirtualName: virtualName, Ebs: ebs, NoDevice } = mapping;
  if (name === undefined) throw new ApiError("MissingParameter", "deviceName");
  if (NoDevice !== undefined) return [];
  if (virtualName !== undefined) return [{ name, virtualName }];
  if (!ebs) throw invalid(`One of ebs, noDevice and virtualName must be specified for: ${name}`);
  checkImageDevice(name, ebs);
  const source = ebs.SnapshotId === undefined ? undefined : findVolumeSource(ctx, ebs.SnapshotId);
  if (source && ebs.Encrypted !== undefined) {
    throw invalid(`The encryption of the device '${name}' is that of its snapshot.`);
  }
  const asked = ebs.VolumeSize ?? source?.sizeGiB;
  if (asked === undefined) throw invalid(`Either snapshot ID or volume size must be provided for: ${name}`);
  if (source && asked < source.sizeGiB) {
    throw invalid(
      `Volume of size ${asked}GB is smaller than snapshot '${source.snapshotId}', expect size >= ${source.sizeGiB}GB`,
    );
  }
  const { size, volumeType, iops, throughput } = readShape({
    size: asked,
    volumeType: ebs.VolumeType,
    iops: ebs.Iops,
    throughput: ebs.Throughput,
  });
  return [
    {
      name,
      snapshotId: source?.snapshotId,
      sizeGiB: size,
      type: volumeType,
      deleteOnTermination: ebs.DeleteOnTermination ?? true,
      encrypted: source?.encrypted ?? ebs.Encrypted ?? false,
      iops,
      throughput,
    },
  ];
}

export const operations = {
  RegisterImage: (input, ctx) => {
    const { Name, RootDeviceName } = input;
    if (Name === undefined) throw new ApiError("MissingParameter", "name");
    refuseUnavailable(input);
    if (RootDeviceName === undefined) throw new ApiError("MissingParameter", "rootDeviceName");
    const all = (input.BlockDeviceMappings ?? []).flatMap((mapping) => readDevice(ctx, mapping));
    if (new Set(all.map(({ name }) => name)).size < all.length) {
      throw invalid("A device is used in more than one block-device mapping");
    }
    const devices = splitRoot(all, RootDeviceName);
    if (devices?.root.snapshotId === undefined) {
      throw invalid(`The root device '${RootDeviceName}' must be mapped to a snapshot.`);
    }
    const id = registeredImages.newId(ctx);
    createRegisteredImage(
      ctx,
      id,
      {
        ...devices,
        name: readImageName(ctx, Name),
        description: readImageDescription(input.Description),
        architecture: input.Architecture ?? "i386",
        platformDetails: "Linux/UNIX",
        usageOperation: "RunInstances",
        bootMode: input.BootMode,
        imdsV2: input.ImdsSupport !== undefined,
        nitroTpm: input.TpmSupport !== undefined,
        enaSupport: input.EnaSupport ?? false,
        sriovNetSupport: input.SriovNetSupport !== undefined,
        productCodes: [],
      },
      tagsFor(input.TagSpecifications, "image"),
    );
    return { ImageId: id };
  },
} satisfies Handlers;
