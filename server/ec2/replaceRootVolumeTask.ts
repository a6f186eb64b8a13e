import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import type { CatalogueImage } from "./catalogue/image.ts";
import { findImage, lookUpImage } from "./image.ts";
import { instances, isLive, type BootImage, type Instance } from "./instance.ts";
import { checkImageReady } from "./registeredImage.ts";
import { snapshots, volumeIdOf } from "./snapshot.ts";
import {
  attachVolume,
  createVolume,
  deleteVolume,
  detachVolume,
  volumes,
  type Volume,
  type VolumeAttachment,
  type VolumeRequest,
} from "./volume.ts";
import { findVolumeSource } from "./volumeSource.ts";

export interface ReplaceRootVolumeTask extends ResourceRow {
  readonly instanceId: string;
  readonly state: "pending" | "in-progress" | "succeeded" | "failed" | "failed-detached";
  /** What the call named, if it did: the state of the launch is restored if it named neither. */
  readonly snapshotId: string | undefined;
  readonly imageId: string | undefined;
  readonly deletesReplaced: boolean;
  readonly replacedId: string;
  readonly replacementId: string;
  /** Whether the replacement is a volume that the call named, and not one made for it. */
  readonly isGiven: boolean;
  /** What the instance's first root volume was made of; absent for one that was empty. */
  readonly launchSnapshotId: string | undefined;
  /** Of the volume that was replaced, which its replacement takes over. */
  readonly attachment: Pick<VolumeAttachment, "device" | "deleteOnTermination">;
  /** Milliseconds since the epoch. */
  readonly completed: number | undefined;
}

/** EC2 writes the times of these tasks without fractions of a second. */
const timeOf = (time: number): string => `${new Date(time).toISOString().slice(0, -5)}Z`;

/**
 * A running instance's change to another root volume. It stays on its host, with its addresses and its local disks, and
 * boots from the new volume: what was in its memory is gone. The old volumes are known as long as the instance is.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/replace-root.html
 */
export const replaceRootVolumeTasks = defineResource({
  type: "replace-root-volume-task",
  idPrefix: "replacevol",
  notFound: "InvalidReplaceRootVolumeTaskId.NotFound",
  malformed: "InvalidReplaceRootVolumeTaskId.Malformed",
  ids: "ReplaceRootVolumeTaskIds",
  view: (task: ReplaceRootVolumeTask, { tags }): Sdk.ReplaceRootVolumeTask => ({
    ReplaceRootVolumeTaskId: task.id,
    InstanceId: task.instanceId,
    TaskState: task.state,
    StartTime: timeOf(task.created),
    CompleteTime: task.completed === undefined ? undefined : timeOf(task.completed),
    SnapshotId: task.snapshotId,
    ImageId: task.imageId,
    DeleteReplacedRootVolume: task.deletesReplaced,
    Tags: tags,
  }),
  filters: { "instance-id": (task) => task.InstanceId },
  indexes: { instance: ({ instanceId }) => instanceId },
  parents: { instance: "instance" },
  partOf: () => true,
  pages: [1, 50],
  transitions: {
    exchange: (ctx, task) => beginExchange(ctx, task),
    attach: (ctx, task) => finish(ctx, task),
  },
});

/** About what EC2 takes to make the volume, and to exchange it for the other one. */
const CREATE_SECONDS = 10;
const EXCHANGE_SECONDS = 20;

/** The root volume goes, if nothing has changed since the call that would make that another one. */
function beginExchange(ctx: Context, task: ReplaceRootVolumeTask): void {
  const instance = instances.find(ctx, task.instanceId);
  const root = instance && rootOf(ctx, instance);
  if (!instance || !isLive(instance) || root?.volume.id !== task.replacedId) {
    fail(ctx, task, "failed");
    return;
  }
  detachVolume(ctx, root.volume, instance.id);
  replaceRootVolumeTasks.update(ctx, task.id, { state: "in-progress" });
  replaceRootVolumeTasks.soon(ctx, task.id, "attach", EXCHANGE_SECONDS);
}

/** The new volume is there, and the instance boots from it. */
function finish(ctx: Context, task: ReplaceRootVolumeTask): void {
  const { id, instanceId, replacedId, replacementId, attachment } = task;
  const instance = instances.find(ctx, instanceId);
  const volume = volumes.find(ctx, replacementId);
  const isGone = instance?.state === "shutting-down" || instance?.state === "terminated";
  if (!instance || isGone || volume?.state !== "available") {
    fail(ctx, task, "failed-detached");
    return;
  }
  const { device, deleteOnTermination } = attachment;
  attachVolume(ctx, volume, instanceId, device, deleteOnTermination, { settled: true });
  instances.update(ctx, instanceId, { reboots: instance.reboots + 1 });
  const replaced = volumes.find(ctx, replacedId);
  if (task.deletesReplaced && replaced?.state === "available") deleteVolume(ctx, replaced);
  replaceRootVolumeTasks.update(ctx, id, { state: "succeeded", completed: ctx.now });
}

function fail(
  ctx: Context,
  { id, replacementId, isGiven }: ReplaceRootVolumeTask,
  state: "failed" | "failed-detached",
) {
  const volume = isGiven ? undefined : volumes.find(ctx, replacementId);
  if (volume?.state === "available" && volume.attachments.length === 0) deleteVolume(ctx, volume);
  replaceRootVolumeTasks.update(ctx, id, { state, completed: ctx.now });
}

interface Root {
  readonly volume: Volume;
  readonly attachment: VolumeAttachment;
}

function rootOf(ctx: Context, { id, image }: Instance): Root | undefined {
  for (const volume of volumes.by(ctx, "instance", id)) {
    for (const attachment of volume.attachments) {
      if (attachment.instanceId === id && attachment.device === image.rootDeviceName) {
        return { volume, attachment };
      }
    }
  }
  return undefined;
}

/** What the first root volume of an instance was made of: the first replacement has written that down. */
function launchSnapshotOf(
  ctx: Context,
  [first]: readonly ReplaceRootVolumeTask[],
  { image }: Instance,
  { volume }: Root,
): string | undefined {
  return first ? first.launchSnapshotId : (lookUpImage(ctx, image.id)?.root.snapshotId ?? volume.snapshotId);
}

/**
 * "You can only use snapshots that were taken directly from the original root volume", or from one that took its place.
 *
 * @throws {ApiError} InvalidSnapshot.NotFound, InvalidParameterValue
 */
function checkSnapshot(ctx: Context, id: string, rootIds: readonly string[]): void {
  const source = volumeIdOf(snapshots.get(ctx, id));
  if (rootIds.includes(source)) return;
  throw new ApiError(
    "InvalidParameterValue",
    `The snapshot '${id}' was not created from the root volume of the instance.`,
  );
}

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

const ALIKE = ["architecture", "platformDetails", "usageOperation"] as const;

/** @throws {ApiError} InvalidAMIID.*, InvalidParameterValue for an image of another kind than the instance's */
function readImage(ctx: Context, id: string, before: BootImage): CatalogueImage {
  const image = findImage(ctx, id);
  checkImageReady(ctx, id);
  const codes = ({ productCodes }: Pick<BootImage, "productCodes">): string =>
    JSON.stringify(productCodes.map(({ ProductCodeId = "" }) => ProductCodeId).toSorted(compare));
  const differs = ALIKE.find((member) => image[member] !== before[member]);
  if (differs === undefined && codes(image) === codes(before)) return image;
  throw new ApiError(
    "InvalidParameterValue",
    `The AMI '${id}' must have the same product codes, billing information and architecture as the instance.`,
  );
}

/**
 * The volume that the call names for a replacement.
 *
 * @throws {ApiError} InvalidVolume.NotFound, InvalidVolume.ZoneMismatch, IncorrectState, InvalidParameterValue
 */
function readReplacement(ctx: Context, id: string, instance: Instance, before: Volume): Volume {
  const volume = volumes.get(ctx, id);
  if (volume.zone !== instance.zone) throw new ApiError("InvalidVolume.ZoneMismatch", id, instance.id);
  if (volume.state !== "available" || volume.attachments.length > 0) {
    throw new ApiError("IncorrectState", `The volume '${id}' is not 'available'.`);
  }
  if (before.encrypted && !volume.encrypted) {
    throw new ApiError(
      "InvalidParameterValue",
      `The volume '${id}' must be encrypted, as the root volume is.`,
    );
  }
  return volume;
}

/** A volume as large as the old one at least, and as fast. */
function makeReplacement(
  ctx: Context,
  { zone }: Instance,
  before: Volume,
  { snapshotId, imageId }: Pick<VolumeRequest, "snapshotId" | "imageId">,
  initializationRate: number | undefined,
): Volume {
  const source = snapshotId === undefined ? undefined : findVolumeSource(ctx, snapshotId, imageId);
  return createVolume(ctx, {
    zone,
    snapshotId,
    imageId,
    size: Math.max(before.size, source?.sizeGiB ?? 0),
    volumeType: before.volumeType,
    iops: before.iops,
    throughput: before.throughput,
    initializationRate,
    encrypted: before.encrypted || undefined,
    kmsKeyId: before.kmsKeyId,
  });
}

/** @throws {ApiError} IncorrectInstanceState, IncorrectState */
function checkReplaceable(instance: Instance, tasks: readonly ReplaceRootVolumeTask[]): void {
  if (instance.state !== "running") {
    throw new ApiError(
      "IncorrectInstanceState",
      `The instance '${instance.id}' is not in the 'running' state.`,
    );
  }
  if (tasks.some(({ state }) => state === "pending" || state === "in-progress")) {
    throw new ApiError(
      "IncorrectState",
      `The root volume of the instance '${instance.id}' is being replaced already.`,
    );
  }
}

export const operations = {
  CreateReplaceRootVolumeTask: (input, ctx) => {
    const instance = instances.get(ctx, input.InstanceId);
    const tasks = replaceRootVolumeTasks.by(ctx, "instance", instance.id);
    const [one, other] = (["SnapshotId", "ImageId", "VolumeId"] as const).filter(
      (name) => input[name] !== undefined,
    );
    if (other !== undefined) {
      throw new ApiError(
        "InvalidParameterCombination",
        `The parameter ${one} cannot be used with the parameter ${other}`,
      );
    }
    if (input.VolumeId !== undefined && input.VolumeInitializationRate !== undefined) {
      throw new ApiError(
        "InvalidParameterCombination",
        "The parameter VolumeId cannot be used with the parameter VolumeInitializationRate",
      );
    }
    checkReplaceable(instance, tasks);
    const root = rootOf(ctx, instance);
    if (root?.attachment.state !== "attached") {
      throw new ApiError("IncorrectState", `The instance '${instance.id}' has no root volume.`);
    }
    const { volume, attachment } = root;
    const launchSnapshotId = launchSnapshotOf(ctx, tasks, instance, root);
    if (input.SnapshotId !== undefined) {
      checkSnapshot(ctx, input.SnapshotId, [volume.id, ...tasks.map(({ replacedId }) => replacedId)]);
    }
    const image = input.ImageId === undefined ? undefined : readImage(ctx, input.ImageId, instance.image);
    const snapshotId = input.SnapshotId ?? (image ? image.root.snapshotId : launchSnapshotId);
    const imageId = input.SnapshotId === undefined ? (image ?? instance.image).id : undefined;
    const replacement =
      input.VolumeId === undefined
        ? makeReplacement(ctx, instance, volume, { snapshotId, imageId }, input.VolumeInitializationRate)
        : readReplacement(ctx, input.VolumeId, instance, volume);
    const task = replaceRootVolumeTasks.create(
      ctx,
      {
        instanceId: instance.id,
        state: "pending",
        snapshotId: input.SnapshotId,
        imageId: input.ImageId,
        deletesReplaced: input.DeleteReplacedRootVolume ?? false,
        replacedId: volume.id,
        replacementId: replacement.id,
        isGiven: input.VolumeId !== undefined,
        launchSnapshotId,
        attachment: { device: attachment.device, deleteOnTermination: attachment.deleteOnTermination },
        completed: undefined,
      },
      input.TagSpecifications,
    );
    replaceRootVolumeTasks.soon(ctx, task.id, "exchange", CREATE_SECONDS);
    return { ReplaceRootVolumeTask: replaceRootVolumeTasks.show(ctx, task) };
  },

  DescribeReplaceRootVolumeTasks: replaceRootVolumeTasks.describe("ReplaceRootVolumeTasks"),
} satisfies Handlers;
