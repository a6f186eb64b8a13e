import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { tagsFor, tagsOf } from "../kit/tags.ts";
import type { ImageDevice } from "./catalogue/image.ts";
import { regions } from "./catalogue/regions.ts";
import { readDuration, startCopy } from "./copySnapshot.ts";
import { findImage } from "./image.ts";
import {
  checkImageReady,
  createRegisteredImage,
  readImageDescription,
  readImageName,
  registeredImages,
} from "./registeredImage.ts";
import { isRestorableBy, snapshots } from "./snapshot.ts";
import { findVolumeSource, type VolumeSource } from "./volumeSource.ts";

const TAGGABLE = ["image", "snapshot"] as const;

/** There are no Outposts and no Local Zones. @throws {ApiError} */
function refuseElsewhere(input: Sdk.CopyImageRequest): void {
  if (input.DestinationOutpostArn !== undefined) {
    throw new ApiError("InvalidOutpostArn.NotFound", input.DestinationOutpostArn);
  }
  const zone = input.DestinationAvailabilityZone ?? input.DestinationAvailabilityZoneId;
  if (zone === undefined) return;
  throw new ApiError(
    "InvalidParameterValue",
    `Value (${zone}) for parameter destinationAvailabilityZone is invalid. It is not a Local Zone.`,
  );
}

/** The context of the same caller in the region that is copied from. @throws {ApiError} InvalidParameterValue */
function contextIn(ctx: Context, region: string): Context {
  if (regions.has(region)) return { ...ctx, region, unit: ctx.unitOf(region) };
  throw new ApiError("InvalidParameterValue", `Value (${region}) for parameter sourceRegion is invalid.`);
}

/** To be let launch an image is not to be let read it. @throws {ApiError} InvalidRequest */
function findStorage(from: Context, snapshotId: string): VolumeSource {
  const row = snapshots.table(from).get(snapshotId);
  if (!row || isRestorableBy(from, row, from.account)) return findVolumeSource(from, snapshotId);
  throw new ApiError("InvalidRequest", "You do not have permission to access the storage of this ami");
}

/** A copy of a device, with a copy of its snapshot. */
function copyDevice<D extends ImageDevice>(
  ctx: Context,
  from: Context,
  device: D,
  input: Sdk.CopyImageRequest,
  id: string,
  tags: readonly Sdk.Tag[],
): D {
  if ("virtualName" in device || device.snapshotId === undefined) return device;
  const { snapshotId } = device;
  const source = findStorage(from, snapshotId);
  const copy = startCopy(
    ctx,
    { ...source, id: snapshotId, region: from.region, size: source.sizeGiB },
    {
      encrypted: input.Encrypted,
      kmsKeyId: input.KmsKeyId,
      description: `Copied for DestinationAmi ${id} from SourceAmi ${input.SourceImageId} for SourceSnapshot ${snapshotId}.`,
      minutes: readDuration(input.SnapshotCopyCompletionDurationMinutes),
    },
    tags,
  );
  return { ...device, snapshotId: copy.id, encrypted: copy.encrypted };
}

export const operations = {
  CopyImage: (input, ctx) => {
    refuseElsewhere(input);
    const from = contextIn(ctx, input.SourceRegion ?? "");
    const source = findImage(from, input.SourceImageId ?? "");
    checkImageReady(from, source.id);
    const name = readImageName(ctx, input.Name ?? "");
    const id = registeredImages.newId(ctx);
    const snapshotTags = tagsFor(input.TagSpecifications, "snapshot", TAGGABLE);
    const asked = tagsFor(input.TagSpecifications, "image", TAGGABLE);
    const copied = input.CopyImageTags ? tagsOf(from, source.id) : [];
    const copy = <D extends ImageDevice>(device: D): D =>
      copyDevice(ctx, from, device, input, id, snapshotTags);
    createRegisteredImage(
      ctx,
      id,
      {
        ...source,
        name,
        location: undefined,
        ownerAlias: undefined,
        deprecatedAt: undefined,
        lastLaunchedAt: undefined,
        deregistrationProtection: undefined,
        sourceInstanceId: undefined,
        description: readImageDescription(input.Description) ?? source.description,
        root: copy(source.root),
        devices: source.devices.map(copy),
        sourceImageId: source.id,
        sourceImageRegion: from.region,
      },
      [...copied.filter(({ Key }) => asked.every((tag) => tag.Key !== Key)), ...asked],
    );
    return { ImageId: id };
  },
} satisfies Handlers;
