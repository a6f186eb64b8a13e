import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import {
  imageFilters,
  viewImage,
  type CatalogueImage,
  type ImageDevice,
  type ImageVolume,
} from "./catalogue/image.ts";
import { discard } from "./recycleBin.ts";
import { deleteSnapshot, snapshots, snapshotUsers, sourceOf } from "./snapshot.ts";
import { volumeSources } from "./volumeSource.ts";

export interface RegisteredImage extends ResourceRow {
  readonly image: CatalogueImage;
  readonly state: "pending" | "available";
  /** Accounts that may launch it besides its owner, by name. */
  readonly launchers?: readonly string[];
}

export const launchersOf = ({ launchers = [] }: RegisteredImage): readonly string[] => launchers;

/** Whether an account is named as one that may launch it. */
export const isLauncher = (row: RegisteredImage, account: string): boolean =>
  launchersOf(row).includes(account);

const devicesOf = ({ image }: RegisteredImage): readonly ImageDevice[] => [image.root, ...image.devices];

/** The snapshots behind its devices. */
export const snapshotsOf = (row: RegisteredImage): string[] => [
  ...new Set(
    devicesOf(row).flatMap((device) =>
      "virtualName" in device || device.snapshotId === undefined ? [] : [device.snapshotId],
    ),
  ),
];

const nameKey = (account: string, name: string): string => `${account}/${name}`;

/** An image that an account made in a region. */
export const registeredImages = defineResource({
  type: "image",
  idPrefix: "ami",
  notFound: "InvalidAMIID.NotFound",
  malformed: "InvalidAMIID.Malformed",
  ids: "ImageIds",
  view: ({ image, state }: RegisteredImage, { ctx, tags }): Sdk.Image => ({
    ...viewImage(image, { account: ctx.account }),
    ImageLocation: `${image.ownerId}/${image.name}`,
    State: state,
    Tags: tags,
  }),
  filters: imageFilters,
  indexes: {
    name: ({ account, image }) => nameKey(account, image.name),
    snapshot: snapshotsOf,
  },
  shared: (row, { account }) => row.image.isPublic || isLauncher(row, account),
  transitions: {
    available: (ctx, { id }) => registeredImages.update(ctx, id, { state: "available" }),
  },
});

snapshotUsers.push((ctx, snapshotId) => {
  const [row] = registeredImages.by(ctx, "snapshot", snapshotId);
  return row && `The snapshot ${snapshotId} is currently in use by ${row.id}`;
});

// Who may launch an image may use what it is made of for that, and for nothing else.
volumeSources.push((ctx, snapshotId, imageId) => {
  const row = imageId === undefined ? undefined : registeredImages.find(ctx, imageId);
  const snapshot = row && snapshotsOf(row).includes(snapshotId) && snapshots.table(ctx).get(snapshotId);
  return snapshot ? sourceOf(snapshot) : undefined;
});

/**
 * An image of the caller's own making.
 *
 * @throws {ApiError} as `get` does, AuthFailure for one that is only shared with it, or that the operator made
 */
export function ownImage(ctx: Context, id: string): RegisteredImage {
  const row = registeredImages.find(ctx, id);
  if (row?.account !== ctx.account) throw new ApiError("AuthFailure", `Not authorized for image:${id}`);
  return row;
}

/** @throws {ApiError} InvalidAMIID.Unavailable for an image that is still being made */
export function checkImageReady(ctx: Context, id: string): void {
  if (registeredImages.find(ctx, id)?.state === "pending") throw new ApiError("InvalidAMIID.Unavailable", id);
}

const NAME = /^[\w()[\] ./\-'@]{3,128}$/;
const MAX_DESCRIPTION = 255;

/** @throws {ApiError} InvalidAMIName.Malformed, InvalidAMIName.Duplicate */
export function readImageName(ctx: Context, name: string): string {
  if (!NAME.test(name)) {
    throw new ApiError(
      "InvalidAMIName.Malformed",
      "AMI names must be between 3 and 128 characters long, and may contain letters, numbers, '(', ')', '[', ']', ' ', '.', '/', '-', '\\'', '@' and '_'",
    );
  }
  const [taken] = registeredImages.by(ctx, "name", nameKey(ctx.account, name));
  if (taken) throw new ApiError("InvalidAMIName.Duplicate", name, taken.id);
  return name;
}

/** @throws {ApiError} InvalidParameterValue */
export function readImageDescription(description: string | undefined): string | undefined {
  if ((description?.length ?? 0) <= MAX_DESCRIPTION) return description;
  throw new ApiError(
    "InvalidParameterValue",
    `Value for parameter description is invalid. It is longer than ${MAX_DESCRIPTION} characters.`,
  );
}

/** What an image is, without what follows from who makes it when. */
export type ImageContent = Omit<
  CatalogueImage,
  "id" | "ownerId" | "createdAt" | "isPublic" | "freeTierEligible" | "tags"
>;

/** About what EC2 takes for a small image. */
const SECONDS = 15;

/** @param id one that `registeredImages.newId` gave */
export function createRegisteredImage(
  ctx: Context,
  id: string,
  content: ImageContent,
  tags: readonly Sdk.Tag[],
): RegisteredImage {
  const image: CatalogueImage = {
    ...content,
    id,
    ownerId: ctx.account,
    createdAt: new Date(ctx.now).toISOString(),
    isPublic: false,
    freeTierEligible: false,
    tags: [],
  };
  const row = registeredImages.create(ctx, { image, state: "pending" }, tags, id);
  registeredImages.soon(ctx, id, "available", SECONDS);
  return row;
}

/** The device that an instance boots from, and the others. */
export function splitRoot(
  devices: readonly ImageDevice[],
  rootName: string,
): { readonly root: ImageVolume; readonly devices: readonly ImageDevice[] } | undefined {
  for (const device of devices) {
    if (device.name !== rootName || "virtualName" in device) continue;
    return { root: device, devices: devices.filter((each) => each !== device) };
  }
  return undefined;
}

/** Deletes the snapshots that no image needs any more. */
function deleteSnapshots(ctx: Context, ids: readonly string[]): Sdk.DeleteSnapshotReturnCode[] {
  return ids.map((id) => {
    const row = snapshots.find(ctx, id);
    if (!row || row.account !== ctx.account) return { SnapshotId: id, ReturnCode: "missing-permissions" };
    if (registeredImages.count(ctx, "snapshot", id) > 0) return { SnapshotId: id, ReturnCode: "skipped" };
    try {
      deleteSnapshot(ctx, row);
      return { SnapshotId: id, ReturnCode: "success" };
    } catch (error) {
      // What keeps it, it keeps; the image is gone all the same.
      if (error instanceof ApiError) return { SnapshotId: id, ReturnCode: "client-error" };
      throw error;
    }
  });
}

/** What a device of a launch can have, and a device of an image cannot. */
const LAUNCH_ONLY = [
  "KmsKeyId",
  "OutpostArn",
  "AvailabilityZone",
  "AvailabilityZoneId",
  "VolumeInitializationRate",
  "EbsCardIndex",
] as const;

/** @throws {ApiError} InvalidBlockDeviceMapping */
export function checkImageDevice(device: string, ebs: Sdk.EbsBlockDevice | undefined): void {
  const alien = LAUNCH_ONLY.find((name) => ebs?.[name] !== undefined);
  if (alien === undefined) return;
  throw new ApiError(
    "InvalidBlockDeviceMapping",
    `${alien} is not supported for the device '${device}' of an image`,
  );
}

export const operations = {
  DeregisterImage: ({ ImageId, DeleteAssociatedSnapshots }, ctx) => {
    const row = ownImage(ctx, registeredImages.get(ctx, ImageId).id);
    if (row.state === "available") discard(ctx, "EC2_IMAGE", registeredImages, row);
    else registeredImages.delete(ctx, row.id);
    return {
      Return: true,
      DeleteSnapshotResults: DeleteAssociatedSnapshots ? deleteSnapshots(ctx, snapshotsOf(row)) : undefined,
    };
  },
} satisfies Handlers;
