import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import { cancel } from "../kit/agenda.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { findZone } from "./catalogue/zones.ts";
import { blocksOf, BrokenImage, invalid, type Disk } from "./diskFormats/disk.ts";
import { openDisk, reading } from "./diskImage.ts";
import { fileOf, isUploaded, readManifest, type ImportManifest } from "./importManifest.ts";
import { createVolume, readZone, volumes } from "./volume.ts";

export interface ImportVolumeTask extends ResourceRow {
  readonly description: string | undefined;
  /** Zone name: `us-east-1a`. */
  readonly zone: string;
  readonly format: Sdk.DiskImageFormat;
  /** As the call gave it. */
  readonly imageSize: number;
  readonly manifestUrl: string;
  /** GiB. */
  readonly size: number;
  readonly state: "active" | "cancelling" | "cancelled" | "completed";
  readonly message: string;
  /** Milliseconds since the epoch. */
  readonly expires: number;
  readonly bytesConverted: number;
  /** Once all that it is made of is there. */
  readonly volumeId: string | undefined;
}

/** The making of a volume from an image of a disk that its owner uploads in parts. */
export const importVolumeTasks = defineResource({
  type: "import-volume-task",
  idPrefix: "import-vol",
  notFound: "InvalidConversionTaskId",
  malformed: "InvalidConversionTaskId.Malformed",
  ids: "ConversionTaskIds",
  view: (task: ImportVolumeTask, { ctx, tags }): Sdk.ConversionTask => ({
    ConversionTaskId: task.id,
    ExpirationTime: new Date(task.expires).toISOString(),
    ImportVolume: {
      AvailabilityZone: task.zone,
      AvailabilityZoneId: findZone(ctx.region, task.zone)?.id,
      BytesConverted: task.bytesConverted,
      Description: task.description,
      Image: { Format: task.format, ImportManifestUrl: task.manifestUrl, Size: task.imageSize },
      Volume: { Id: task.state === "completed" ? task.volumeId : undefined, Size: task.size },
    },
    State: task.state,
    StatusMessage: task.message,
    Tags: tags,
  }),
  filters: {},
  transitions: {
    begin: (ctx, task) => begin(ctx, task),
    convert: (ctx, task) => convert(ctx, task),
    expire: (ctx, task) => {
      if (task.state === "active") abandon(ctx, task, "The upload was not complete in time");
    },
    cancelled: (ctx, { id }) => {
      importVolumeTasks.update(ctx, id, { state: "cancelled" });
    },
    forget: (ctx, { id }) => importVolumeTasks.delete(ctx, id),
  },
});

const BEGIN_SECONDS = 30;
const CONVERT_SECONDS = 120;
const CANCEL_SECONDS = 5;
/** How often it is looked whether the parts are there. */
const LOOK_SECONDS = 60;
const WEEK_SECONDS = 7 * 24 * 3600;
const GIB = 1024 ** 3;
/** The largest that a volume of the usual type is. */
const MAX_GIB = 16_384;
/** Bytes. */
const BLOCK = 512 * 1024;

/** The manifest, if it is there and all that it names. */
function manifestOf(ctx: Context, { manifestUrl }: ImportVolumeTask): ImportManifest | undefined {
  try {
    const manifest = readManifest(ctx, manifestUrl);
    return isUploaded(ctx, manifest) ? manifest : undefined;
  } catch (error) {
    if (error instanceof ApiError) return undefined;
    throw error;
  }
}

/** The disk that the parts are the image of. @throws {BrokenImage} also if it does not fit into the volume */
function openImage(ctx: Context, { format, size }: ImportVolumeTask, manifest: ImportManifest): Disk {
  const disk = openDisk(format, fileOf(ctx, manifest));
  if (disk.size > size * GIB) throw invalid("Invalid disk size");
  return disk;
}

/** Once the parts are all there, the volume is made that they go to; nobody can use it before it is complete. */
function begin(ctx: Context, task: ImportVolumeTask): void {
  if (task.state !== "active") return;
  const manifest = manifestOf(ctx, task);
  if (!manifest) {
    importVolumeTasks.later(ctx, task.id, "begin", LOOK_SECONDS);
    return;
  }
  const disk = reading(() => openImage(ctx, task, manifest));
  if (disk instanceof BrokenImage) {
    abandon(ctx, task, disk.message);
    return;
  }
  const { id: volumeId } = createVolume(ctx, { zone: task.zone, size: task.size });
  cancel(ctx, volumes.definition.type, volumeId);
  importVolumeTasks.update(ctx, task.id, { volumeId, message: "Converting" });
  importVolumeTasks.soon(ctx, task.id, "convert", CONVERT_SECONDS);
}

function convert(ctx: Context, task: ImportVolumeTask): void {
  const { id, state, volumeId } = task;
  if (state !== "active" || volumeId === undefined) return;
  const manifest = manifestOf(ctx, task);
  if (!manifest) {
    abandon(ctx, task, "ClientError: The disk image has changed");
    return;
  }
  const failure = reading(() => {
    for (const { index, bytes } of blocksOf(openImage(ctx, task, manifest), BLOCK)) {
      ctx.world.hosts.writeVolume(ctx.region, volumeId, index * BLOCK, bytes);
    }
  });
  if (failure) {
    abandon(ctx, task, failure.message);
    return;
  }
  volumes.update(ctx, volumeId, { state: "available" });
  importVolumeTasks.update(ctx, id, {
    state: "completed",
    message: "Completed",
    bytesConverted: manifest.size,
  });
  importVolumeTasks.later(ctx, id, "forget", WEEK_SECONDS);
}

/** Ends a task that comes to nothing: what there was of the volume is removed. */
function abandon(ctx: Context, { id, volumeId }: ImportVolumeTask, message: string): void {
  if (volumeId !== undefined) volumes.delete(ctx, volumeId);
  importVolumeTasks.update(ctx, id, { state: "cancelling", message, volumeId: undefined });
  importVolumeTasks.soon(ctx, id, "cancelled", CANCEL_SECONDS);
  importVolumeTasks.later(ctx, id, "forget", WEEK_SECONDS);
}

export const operations = {
  CancelConversionTask: ({ ConversionTaskId, ReasonMessage }, ctx) => {
    const task = importVolumeTasks.get(ctx, ConversionTaskId);
    if (task.state !== "active") {
      throw new ApiError(
        "IncorrectState",
        `The conversion task '${task.id}' is in the state '${task.state}' and cannot be canceled.`,
      );
    }
    abandon(ctx, task, ReasonMessage ?? "");
    return {};
  },

  DescribeConversionTasks: ({ ConversionTaskIds: ids = [] }, ctx) => {
    const rows = ids.length > 0 ? importVolumeTasks.getAll(ctx, ids) : importVolumeTasks.own(ctx);
    return { ConversionTasks: rows.map((row) => importVolumeTasks.show(ctx, row)) };
  },

  ImportVolume: ({ Image, Volume, Description, ...input }, ctx) => {
    const { name: zone } = readZone(ctx, input);
    const { Format: format, Bytes: imageSize, ImportManifestUrl: manifestUrl } = Image;
    const { Size: size } = Volume;
    // The wire layer has refused a call without them.
    if (format === undefined || imageSize === undefined || manifestUrl === undefined || size === undefined) {
      throw new ApiError("MissingParameter", "Image");
    }
    const manifest = readManifest(ctx, manifestUrl);
    // The files of other formats are not as long as their disks: these are looked at when they are there.
    const isTooSmall = format === "RAW" && size * GIB < manifest.size;
    if (!(size >= 1 && size <= MAX_GIB) || isTooSmall) {
      throw new ApiError(
        "InvalidParameterValue",
        `Value (${size}) for parameter volume.size is invalid. The disk image has ${manifest.size} bytes.`,
      );
    }
    const task = importVolumeTasks.create(ctx, {
      description: Description,
      zone,
      format,
      imageSize,
      manifestUrl,
      size,
      state: "active",
      message: "Pending",
      expires: ctx.now + WEEK_SECONDS * 1000,
      bytesConverted: 0,
      volumeId: undefined,
    });
    importVolumeTasks.soon(ctx, task.id, "begin", BEGIN_SECONDS);
    importVolumeTasks.later(ctx, task.id, "expire", WEEK_SECONDS);
    return { ConversionTask: importVolumeTasks.show(ctx, task) };
  },
} satisfies Handlers;
