import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import { compileFilters, type Filters } from "../kit/filters.ts";
import type { Handlers } from "../kit/handlers.ts";
import { takePage } from "../kit/pages.ts";
import { tagsOf } from "../kit/tags.ts";
import {
  ownSnapshot,
  snapshots,
  snapshotUsers,
  volumeIdOf,
  type Snapshot,
  type Tiering,
} from "./snapshot.ts";

/** EC2 takes hours, up to three days; so long would nobody wait here. */
const SECONDS = 60;
const DAY_SECONDS = 24 * 3600;
const MAX_DAYS = 180;

const dateOf = (time: number | undefined): Date | undefined =>
  time === undefined ? undefined : new Date(time);

const statusOf = ({ operation, done }: Tiering): Sdk.TieringOperationStatus =>
  `${operation}-${done ? "completed" : "in-progress"}`;

const progressOf = ({ started, done }: Tiering, now: number): number =>
  done ? 100 : Math.min(Math.floor((now - started) / (SECONDS * 10)), 99);

function viewTier(ctx: Context, row: Snapshot): Sdk.SnapshotTierStatus {
  const { id, account, state, tier, tiering } = row;
  return {
    SnapshotId: id,
    VolumeId: volumeIdOf(row),
    Status: state,
    OwnerId: account,
    Tags: [...tagsOf(ctx, id)],
    StorageTier: tier,
    LastTieringStartTime: dateOf(tiering?.started),
    LastTieringProgress: tiering && progressOf(tiering, ctx.now),
    LastTieringOperationStatus: tiering && statusOf(tiering),
    ArchivalCompleteTime: dateOf(tiering?.archived),
    RestoreExpiryTime: dateOf(tiering?.restoredUntil),
  };
}

const filters: Filters<Sdk.SnapshotTierStatus> = {
  "last-tiering-operation": (status) => status.LastTieringOperationStatus,
  "snapshot-id": (status) => status.SnapshotId,
  "volume-id": (status) => status.VolumeId,
};

/** @throws {ApiError} IncorrectState for one that is not complete, or is being moved */
function checkMovable({ id, state, tiering }: Snapshot): void {
  if (state !== "completed") throw new ApiError("IncorrectState", `Snapshot is in invalid state - ${state}`);
  if (!tiering || tiering.done) return;
  throw new ApiError("IncorrectState", `The snapshot '${id}' is in the state ${statusOf(tiering)}.`);
}

/** For how many days a restore is to be, if not for good. @throws {ApiError} InvalidParameterCombination, … */
function readDays({ TemporaryRestoreDays: days, PermanentRestore }: Sdk.RestoreSnapshotTierRequest) {
  if (PermanentRestore === true) {
    if (days === undefined) return undefined;
    throw new ApiError(
      "InvalidParameterCombination",
      "The parameter TemporaryRestoreDays cannot be used with the parameter PermanentRestore",
    );
  }
  if (days === undefined) throw new ApiError("MissingParameter", "TemporaryRestoreDays or PermanentRestore");
  if (days >= 1 && days <= MAX_DAYS) return days;
  throw new ApiError(
    "InvalidParameterValue",
    `Value (${days}) for parameter temporaryRestoreDays is invalid. It must be between 1 and ${MAX_DAYS}.`,
  );
}

/** Goes on with what was to happen to a snapshot when it was deleted, which it no longer is. */
export function resumeTiering(ctx: Context, { id, tiering }: Snapshot): void {
  if (tiering && !tiering.done) snapshots.soon(ctx, id, tiering.operation, SECONDS);
  if (tiering?.restoredUntil === undefined) return;
  snapshots.later(ctx, id, "rearchive", Math.max(0, tiering.restoredUntil - ctx.now) / 1000);
}

export const operations = {
  DescribeSnapshotTierStatus: Object.assign(
    (input: Sdk.DescribeSnapshotTierStatusRequest, ctx: Context): Sdk.DescribeSnapshotTierStatusResult => {
      const keep = compileFilters(filters, input.Filters, false);
      const { items, ...page } = takePage(ctx, snapshots.own(ctx), input, (row) => {
        const view = viewTier(ctx, row);
        return !keep || keep(view, row) ? view : undefined;
      });
      return { SnapshotTierStatuses: items, ...page };
    },
    { filters: Object.keys(filters) },
  ),

  ModifySnapshotTier: ({ SnapshotId }, ctx) => {
    const row = ownSnapshot(ctx, SnapshotId);
    checkMovable(row);
    if (row.tier === "archive") {
      throw new ApiError("IncorrectState", `The snapshot '${row.id}' is already archived.`);
    }
    for (const user of snapshotUsers) {
      const reason = user(ctx, row.id);
      if (reason !== undefined) throw new ApiError("InvalidSnapshot.InUse", reason);
    }
    const tiering = { operation: "archival", started: ctx.now, done: false } as const;
    snapshots.update(ctx, row.id, {
      tiering: { ...tiering, archived: row.tiering?.archived, restoredUntil: undefined },
    });
    snapshots.soon(ctx, row.id, "archival", SECONDS);
    return { SnapshotId: row.id, TieringStartTime: new Date(ctx.now) };
  },

  RestoreSnapshotTier: (input, ctx) => {
    const row = ownSnapshot(ctx, input.SnapshotId);
    checkMovable(row);
    const isTemporary = row.tiering?.restoredUntil !== undefined;
    if (row.tier !== "archive" && !isTemporary) {
      throw new ApiError("IncorrectState", `The snapshot '${row.id}' is not archived.`);
    }
    const days = readDays(input);
    const operation = days === undefined ? "permanent-restore" : "temporary-restore";
    snapshots.update(ctx, row.id, {
      tiering: {
        operation,
        started: ctx.now,
        done: false,
        archived: row.tiering?.archived,
        restoredUntil: days === undefined ? undefined : ctx.now + days * DAY_SECONDS * 1000,
      },
    });
    snapshots.soon(ctx, row.id, operation, SECONDS);
    if (days !== undefined) snapshots.later(ctx, row.id, "rearchive", days * DAY_SECONDS);
    return {
      SnapshotId: row.id,
      RestoreStartTime: new Date(ctx.now),
      RestoreDuration: days,
      IsPermanentRestore: days === undefined,
    };
  },
} satisfies Handlers;
