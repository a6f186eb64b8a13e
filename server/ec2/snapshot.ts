import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { heritageOf, type Encryption, type Heritage } from "./ebsEncryption.ts";
import { discard } from "./recycleBin.ts";
import { publicAccessOf } from "./snapshotPublicAccess.ts";
import { volumes, type Volume } from "./volume.ts";
import { volumeSources, type VolumeSource } from "./volumeSource.ts";

/** Where the blocks of a snapshot came from, at the moment at which it was made. */
export type SnapshotOrigin =
  | { readonly kind: "volume"; readonly volumeId: string }
  | { readonly kind: "copy"; readonly region: string; readonly snapshotId: string }
  /** Written by its owner, block by block, over what the parent has. */
  | { readonly kind: "upload"; readonly parentId: string | undefined };

/** All times are in milliseconds since the epoch. */
export interface SnapshotLock {
  readonly mode: Sdk.LockMode;
  readonly created: number;
  readonly days: number;
  /** When the duration began: for a snapshot that is not complete yet, that is still to come. */
  readonly start: number | undefined;
  readonly expires: number | undefined;
  readonly coolOff: { readonly hours: number; readonly ends: number } | undefined;
}

/** The last move between the tiers. */
export interface Tiering {
  readonly operation: "archival" | "temporary-restore" | "permanent-restore";
  readonly started: number;
  readonly done: boolean;
  /** When it was last archived completely. */
  readonly archived: number | undefined;
  /** When a temporary restore ends. */
  readonly restoredUntil: number | undefined;
}

export interface Snapshot extends ResourceRow, Encryption, Heritage {
  readonly origin: SnapshotOrigin;
  readonly description: string;
  /** GiB of the volume. */
  readonly size: number;
  readonly state: "pending" | "completed" | "error";
  readonly stateMessage: string | undefined;
  /** Milliseconds since the epoch. */
  readonly completed: number | undefined;
  /** How long it takes until it is complete, in seconds; unknown while its owner writes it. */
  readonly duration: number | undefined;
  /** Per cent, as its owner tells while writing it. */
  readonly written: number | undefined;
  /** Who may make volumes of it beside its owner: accounts, and `all` for everybody. */
  readonly sharedWith: readonly string[];
  readonly transfer: { readonly minutes: number | undefined } | undefined;
  readonly tier: Sdk.StorageTier;
  readonly tiering: Tiering | undefined;
  readonly lock: SnapshotLock | undefined;
}

/** What EC2 shows for a snapshot that comes from no volume of the account. */
const NO_VOLUME = "vol-ffffffff";

/** Bytes. */
const BLOCK = 512 * 1024;

/** Per cent. */
function progressOf({ state, created, duration, written = 0 }: Snapshot, now: number): number {
  if (state === "completed") return 100;
  if (state === "error" || duration === undefined) return written;
  return Math.min(Math.floor((now - created) / (duration * 10)), 99);
}

export const volumeIdOf = ({ origin }: Pick<Snapshot, "origin">): string =>
  origin.kind === "volume" ? origin.volumeId : NO_VOLUME;

/** Whether everybody may make volumes of it: what is shared with all is private while its owner blocks that. */
const isPublic = (ctx: Context, { account, sharedWith }: Snapshot): boolean =>
  sharedWith.includes("all") && publicAccessOf(ctx, account) !== "block-all-sharing";

const isShared = (ctx: Context, row: Snapshot, account: string): boolean =>
  row.sharedWith.includes(account) || isPublic(ctx, row);

/** What was on a volume at a moment. It needs the volume no longer. */
export const snapshots = defineResource({
  type: "snapshot",
  idPrefix: "snap",
  notFound: "InvalidSnapshot.NotFound",
  malformed: "InvalidSnapshotID.Malformed",
  ids: "SnapshotIds",
  view: (row: Snapshot, { ctx, account, tags }): Sdk.Snapshot => ({
    SnapshotId: row.id,
    VolumeId: volumeIdOf(row),
    VolumeSize: row.size,
    OwnerId: account,
    Description: row.description,
    State: row.state,
    StateMessage: row.stateMessage,
    Progress: `${progressOf(row, ctx.now)}%`,
    StartTime: new Date(row.created),
    CompletionTime: row.completed === undefined ? undefined : new Date(row.completed),
    Encrypted: row.encrypted,
    KmsKeyId: row.kmsKeyId,
    DataEncryptionKeyId: row.dataKeyId,
    StorageTier: row.tier,
    RestoreExpiryTime:
      row.tiering?.restoredUntil === undefined ? undefined : new Date(row.tiering.restoredUntil),
    TransferType: row.transfer && (row.transfer.minutes === undefined ? "standard" : "time-based"),
    CompletionDurationMinutes: row.transfer?.minutes,
    FullSnapshotSizeInBytes:
      row.state === "completed" ? ctx.world.hosts.snapshots.size(ctx.region, row.id) * BLOCK : undefined,
    Tags: tags,
  }),
  filters: {
    description: (snapshot) => snapshot.Description,
    encrypted: (snapshot) => snapshot.Encrypted,
    "owner-alias": (snapshot) => snapshot.OwnerAlias,
    "owner-id": (snapshot) => snapshot.OwnerId,
    progress: (snapshot) => snapshot.Progress,
    "snapshot-id": (snapshot) => snapshot.SnapshotId,
    "start-time": (snapshot) => snapshot.StartTime,
    status: (snapshot) => snapshot.State,
    "storage-tier": (snapshot) => snapshot.StorageTier,
    "transfer-type": (snapshot) => snapshot.TransferType,
    "volume-id": (snapshot) => snapshot.VolumeId,
    "volume-size": (snapshot) => snapshot.VolumeSize,
  },
  indexes: { volume: (row) => (row.origin.kind === "volume" ? row.origin.volumeId : undefined) },
  shared: (row, ctx) => isShared(ctx, row, ctx.account),
  transitions: {
    completed: (ctx, row) => completeSnapshot(ctx, row),
    archival: (ctx, row) => endTiering(ctx, row, "archive"),
    "temporary-restore": (ctx, row) => endTiering(ctx, row, "standard"),
    "permanent-restore": (ctx, row) => endTiering(ctx, row, "standard"),
    rearchive: (ctx, { id, tiering }) => {
      // It may have been restored for good, or for longer, since.
      if (tiering?.restoredUntil === undefined || tiering.restoredUntil > ctx.now) return;
      const archived = { ...tiering, operation: "archival", restoredUntil: undefined } as const;
      snapshots.update(ctx, id, { tier: "archive", tiering: archived });
    },
  },
});

/** Whether `account` may make volumes of the snapshot. */
export const isRestorableBy = (ctx: Context, row: Snapshot, account: string): boolean =>
  account === "all" ? isPublic(ctx, row) : row.account === account || isShared(ctx, row, account);

const DAY = 24 * 3600 * 1000;

/** The blocks are all there; a lock that waited for that begins to count. */
export function completeSnapshot(ctx: Context, { id, state, lock }: Snapshot): void {
  if (state !== "pending") return;
  snapshots.update(ctx, id, {
    state: "completed",
    completed: ctx.now,
    lock: lock && lock.start === undefined ? { ...lock, ...lockSpan(ctx.now, lock.days) } : lock,
  });
}

/** @param start milliseconds since the epoch */
export const lockSpan = (start: number, days: number) => ({ start, expires: start + days * DAY });

function endTiering(ctx: Context, { id, tiering }: Snapshot, tier: Sdk.StorageTier): void {
  if (!tiering) return;
  const archived = tier === "archive" ? ctx.now : tiering.archived;
  snapshots.update(ctx, id, { tier, tiering: { ...tiering, archived, done: true } });
}

/** A snapshot of the caller's own. @throws {ApiError} as `get` does, AuthFailure for one that is only shared with it */
export function ownSnapshot(ctx: Context, id: string): Snapshot {
  const row = snapshots.get(ctx, id);
  if (row.account !== ctx.account) throw new ApiError("AuthFailure", `Not authorized for snapshot:${id}`);
  return row;
}

/** @throws {ApiError} IncorrectState for one that cannot be read: not complete, or in the archive */
export function checkReadable({ id, state, tier }: Pick<Snapshot, "id" | "state" | "tier">): void {
  if (state !== "completed") throw new ApiError("IncorrectState", `Snapshot is in invalid state - ${state}`);
  if (tier === "archive") {
    throw new ApiError("IncorrectState", `The snapshot '${id}' is archived. Restore it before you use it.`);
  }
}

/** A snapshot as volumes are made of it. @throws {ApiError} IncorrectState */
export function sourceOf(row: Snapshot): VolumeSource {
  checkReadable(row);
  return { ...row, snapshotId: row.id, sizeGiB: row.size };
}

volumeSources.push((ctx, snapshotId) => {
  const row = snapshots.find(ctx, snapshotId);
  return row && sourceOf(row);
});

/** Says why a snapshot that something needs cannot be deleted: what needs snapshots adds itself here. */
export const snapshotUsers: ((ctx: Context, snapshotId: string) => string | undefined)[] = [];

/** About what EC2 takes for a small snapshot. */
const SECONDS = 10;

/** Between snapshots of one volume, the earlier of which is still pending. */
const RATE_SECONDS = 15;

/** @throws {ApiError} SnapshotCreationPerVolumeRateExceeded */
function checkRate(ctx: Context, { id }: Volume): void {
  const since = ctx.now - RATE_SECONDS * 1000;
  const busy = snapshots
    .by(ctx, "volume", id)
    .some(({ state, created }) => state === "pending" && created > since);
  if (busy) throw new ApiError("SnapshotCreationPerVolumeRateExceeded");
}

/** What is the same for most new snapshots. */
export const freshSnapshot = {
  state: "pending",
  stateMessage: undefined,
  completed: undefined,
  duration: SECONDS,
  written: undefined,
  sharedWith: [],
  transfer: undefined,
  tier: "standard",
  tiering: undefined,
  lock: undefined,
} as const satisfies Partial<Snapshot>;

/**
 * Keeps what is on a volume at this moment.
 *
 * @param tags the call's TagSpecifications, or this snapshot's own tags
 * @throws {ApiError} IncorrectState for a volume that is being made or deleted, SnapshotCreationPerVolumeRateExceeded
 */
export function createSnapshot(
  ctx: Context,
  volume: Volume,
  description: string,
  tags: readonly Sdk.TagSpecification[] | readonly Sdk.Tag[] | undefined,
): Snapshot {
  if (volume.state !== "available" && volume.state !== "in-use") {
    throw new ApiError("IncorrectState", `Volume '${volume.id}' is in the '${volume.state}' state.`);
  }
  checkRate(ctx, volume);
  const { encrypted, kmsKeyId, size } = volume;
  const id = snapshots.newId(ctx);
  const row = snapshots.create(
    ctx,
    {
      ...freshSnapshot,
      ...heritageOf(ctx, id, { encrypted, kmsKeyId }, volume),
      origin: { kind: "volume", volumeId: volume.id },
      encrypted,
      kmsKeyId,
      description,
      size,
    },
    tags,
    id,
  );
  snapshots.soon(ctx, id, "completed", SECONDS);
  return row;
}

/** What a call that makes a snapshot shows of it: EC2 knows no progress yet. */
export function viewNew(ctx: Context, row: Snapshot): Sdk.Snapshot {
  const { StorageTier: _tier, DataEncryptionKeyId: _key, ...view } = snapshots.show(ctx, row);
  return { ...view, Progress: "" };
}

/** @throws {ApiError} UnsupportedOperation, InvalidOutpostArn.NotFound: there are no Local Zones and no Outposts */
export function refuseElsewhere({
  OutpostArn,
  Location,
}: Sdk.CreateSnapshotRequest | Sdk.CreateSnapshotsRequest) {
  if (OutpostArn !== undefined) throw new ApiError("InvalidOutpostArn.NotFound", OutpostArn);
  if (Location === "local") {
    throw new ApiError(
      "UnsupportedOperation",
      "Local snapshots are supported only for volumes in Local Zones.",
    );
  }
}

const MAX_DESCRIPTION = 255;

/** @throws {ApiError} InvalidParameterValue */
export function readDescription(description = ""): string {
  if (description.length <= MAX_DESCRIPTION) return description;
  throw new ApiError(
    "InvalidParameterValue",
    `Value for parameter description is invalid. It is longer than ${MAX_DESCRIPTION} characters.`,
  );
}

/** @throws {ApiError} InvalidSnapshot.InUse, OperationNotPermitted for one that is locked */
export function deleteSnapshot(ctx: Context, row: Snapshot): void {
  const { id, lock, state } = row;
  if (lock && (lock.expires ?? Number.POSITIVE_INFINITY) > ctx.now) {
    throw new ApiError("OperationNotPermitted", `The snapshot '${id}' is locked and cannot be deleted.`);
  }
  for (const user of snapshotUsers) {
    const reason = user(ctx, id);
    if (reason !== undefined) throw new ApiError("InvalidSnapshot.InUse", reason);
  }
  if (state === "completed") discard(ctx, "EBS_SNAPSHOT", snapshots, row);
  else snapshots.delete(ctx, id);
}

export const operations = {
  CreateSnapshot: (input, ctx) => {
    refuseElsewhere(input);
    const volume = volumes.get(ctx, input.VolumeId);
    return viewNew(
      ctx,
      createSnapshot(ctx, volume, readDescription(input.Description), input.TagSpecifications),
    );
  },

  DeleteSnapshot: ({ SnapshotId }, ctx) => {
    deleteSnapshot(ctx, ownSnapshot(ctx, SnapshotId));
    return {};
  },
} satisfies Handlers;
