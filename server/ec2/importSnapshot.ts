import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { BrokenImage, blocksOf } from "./diskFormats/disk.ts";
import { openDisk, openFile, reading, readPlace, type ImagePlace } from "./diskImage.ts";
import { encryptionOf, heritageOf, type Encryption } from "./ebsEncryption.ts";
import { completeSnapshot, freshSnapshot, snapshots } from "./snapshot.ts";

export interface ImportSnapshotTask extends ResourceRow, Encryption {
  readonly description: string;
  readonly diskDescription: string | undefined;
  readonly format: string;
  readonly place: ImagePlace;
  /** As the call named the place, if by a URL. */
  readonly url: string | undefined;
  readonly state: "pending" | "converting" | "completed" | "deleting" | "deleted";
  /** Why it came to nothing. */
  readonly problem: string | undefined;
  /** Bytes of the image, once it was found. */
  readonly imageSize: number | undefined;
  readonly snapshotId: string | undefined;
}

const STATUS = {
  pending: "active",
  converting: "active",
  completed: "completed",
  deleting: "deleting",
  deleted: "deleted",
} as const;

/** Per cent. */
const PROGRESS = { pending: "3", converting: "41" } as const;

function detailOf(task: ImportSnapshotTask): Sdk.SnapshotTaskDetail {
  const { state, url, place } = task;
  const isActive = state === "pending" || state === "converting";
  return {
    Description: task.diskDescription,
    // The reference says GiB, but EC2 answers with bytes: https://github.com/keithvassallomt/windows10-ec2/issues/3.
    DiskImageSize: task.imageSize ?? 0,
    Encrypted: task.encrypted,
    KmsKeyId: task.kmsKeyId,
    Format: task.format,
    Progress: isActive ? PROGRESS[state] : undefined,
    SnapshotId: state === "completed" ? task.snapshotId : undefined,
    Status: STATUS[state],
    StatusMessage: isActive ? state : task.problem,
    Url: url,
    UserBucket: url === undefined ? { S3Bucket: place.bucket, S3Key: place.key } : undefined,
  };
}

/** The making of a snapshot from an image of a disk that is in a bucket. */
export const importSnapshotTasks = defineResource({
  type: "import-snapshot-task",
  idPrefix: "import-snap",
  notFound: "InvalidConversionTaskId",
  malformed: "InvalidConversionTaskId.Malformed",
  ids: "ImportTaskIds",
  view: (task: ImportSnapshotTask, { tags }): Sdk.ImportSnapshotTask => ({
    ImportTaskId: task.id,
    Description: task.description,
    SnapshotTaskDetail: detailOf(task),
    Tags: tags,
  }),
  filters: {},
  transitions: {
    begin: (ctx, task) => begin(ctx, task),
    convert: (ctx, task) => convert(ctx, task),
    deleted: (ctx, { id }) => {
      importSnapshotTasks.update(ctx, id, { state: "deleted" });
    },
    forget: (ctx, { id }) => importSnapshotTasks.delete(ctx, id),
  },
});

/** About what EC2 takes to look at a small image, and to convert it. */
const BEGIN_SECONDS = 30;
const CONVERT_SECONDS = 120;
/** "… completed or canceled in the previous 7 days." */
const MEMORY_SECONDS = 7 * 24 * 3600;

const GIB = 1024 ** 3;
/** Bytes. */
const BLOCK = 512 * 1024;

/** How many bytes the file of an image has, and what disk that is. @throws {BrokenImage} */
function openImage(ctx: Context, { format, place }: ImportSnapshotTask) {
  const file = openFile(ctx, place);
  const disk = openDisk(format, file);
  return { fileSize: file.size, disk, size: Math.ceil(disk.size / GIB) };
}

/** The image is found, and the snapshot made that its blocks go to. */
function begin(ctx: Context, task: ImportSnapshotTask): void {
  if (task.state !== "pending") return;
  const opened = reading(() => openImage(ctx, task));
  if (opened instanceof BrokenImage) {
    end(ctx, task, { state: "deleted", problem: opened.message });
    return;
  }
  const id = snapshots.newId(ctx);
  const { encrypted, kmsKeyId } = task;
  snapshots.create(
    ctx,
    {
      ...freshSnapshot,
      ...heritageOf(ctx, id, { encrypted, kmsKeyId }, undefined),
      lineage: id,
      origin: { kind: "upload", parentId: undefined },
      encrypted,
      kmsKeyId,
      description: `Created by AWS-VMImport service for ${task.id}`,
      size: opened.size,
      duration: CONVERT_SECONDS,
    },
    [],
    id,
  );
  importSnapshotTasks.update(ctx, task.id, {
    state: "converting",
    snapshotId: id,
    imageSize: opened.fileSize,
  });
  importSnapshotTasks.soon(ctx, task.id, "convert", CONVERT_SECONDS);
}

/** The blocks that are not empty go into the snapshot, which is complete then. */
function convert(ctx: Context, task: ImportSnapshotTask): void {
  if (task.state !== "converting") return;
  const snapshot = task.snapshotId === undefined ? undefined : snapshots.find(ctx, task.snapshotId);
  const failure = reading(() => {
    const { fileSize, disk, size } = openImage(ctx, task);
    if (fileSize !== task.imageSize || snapshot?.state !== "pending" || snapshot.size !== size) {
      throw new BrokenImage("ClientError: The disk image or the snapshot has changed");
    }
    for (const { index, bytes } of blocksOf(disk, BLOCK)) {
      ctx.world.hosts.snapshots.write(ctx.region, snapshot.id, index, bytes);
    }
    completeSnapshot(ctx, snapshot);
  });
  if (!failure) {
    end(ctx, task, { state: "completed" });
    return;
  }
  // What was written of it goes with its row.
  if (snapshot?.state === "pending") snapshots.delete(ctx, snapshot.id);
  end(ctx, task, { state: "deleted", problem: failure.message });
}

function end(ctx: Context, { id }: ImportSnapshotTask, fields: Partial<ImportSnapshotTask>): void {
  importSnapshotTasks.update(ctx, id, fields);
  importSnapshotTasks.later(ctx, id, "forget", MEMORY_SECONDS);
}

/** There is no role that could be taken on to read the bucket but the one that is there unless a call names another. */
const ROLE = "vmimport";

export const partly = {
  ImportSnapshot: "what the operator puts into buckets is everybody's, and no role is needed to read it",
};

export const operations = {
  CancelImportTask: ({ ImportTaskId, CancelReason }, ctx) => {
    if (ImportTaskId === undefined) throw new ApiError("MissingParameter", "ImportTaskId");
    const task = importSnapshotTasks.get(ctx, ImportTaskId);
    if (task.state !== "pending" && task.state !== "converting") {
      throw new ApiError(
        "IncorrectState",
        `The import task '${task.id}' is in the state '${STATUS[task.state]}' and cannot be canceled.`,
      );
    }
    if (task.snapshotId !== undefined && snapshots.find(ctx, task.snapshotId)) {
      snapshots.delete(ctx, task.snapshotId);
    }
    end(ctx, task, { state: "deleting", problem: CancelReason ?? "User initiated task cancelation" });
    importSnapshotTasks.soon(ctx, task.id, "deleted", 5);
    return { ImportTaskId: task.id, PreviousState: STATUS[task.state], State: "deleting" };
  },

  DescribeImportSnapshotTasks: importSnapshotTasks.describe("ImportSnapshotTasks"),

  // ClientData tells AWS how the upload went, and comes back nowhere.
  ImportSnapshot: (input, ctx) => {
    const { DiskContainer: disk, RoleName: role = ROLE, Encrypted: encrypted, KmsKeyId: kmsKeyId } = input;
    if (!disk) throw new ApiError("MissingParameter", "DiskContainer");
    if (disk.Format === undefined) throw new ApiError("MissingParameter", "DiskContainer.Format");
    const place = readPlace(disk);
    if (role !== ROLE) {
      throw new ApiError(
        "InvalidParameter",
        `The service role ${role} provided does not exist or does not have sufficient permissions`,
      );
    }
    const task = importSnapshotTasks.create(
      ctx,
      {
        ...encryptionOf(ctx, { encrypted, kmsKeyId }, undefined),
        description: input.Description ?? "",
        diskDescription: disk.Description,
        format: disk.Format,
        place,
        url: disk.Url,
        state: "pending",
        problem: undefined,
        imageSize: undefined,
        snapshotId: undefined,
      },
      input.TagSpecifications,
    );
    importSnapshotTasks.soon(ctx, task.id, "begin", BEGIN_SECONDS);
    return importSnapshotTasks.show(ctx, task);
  },
} satisfies Handlers;
