import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import { compileFilters, type Filters } from "../kit/filters.ts";
import type { Handlers } from "../kit/handlers.ts";
import { takePage } from "../kit/pages.ts";
import { lockSpan, ownSnapshot, snapshots, type Snapshot, type SnapshotLock } from "./snapshot.ts";

const HOUR = 3600 * 1000;
const DAY = 24 * HOUR;
const MAX_DAYS = 36_500;
const MAX_HOURS = 72;

const dateOf = (time: number | undefined): Date | undefined =>
  time === undefined ? undefined : new Date(time);

/** Time alone turns one into the next. */
function stateOf({ mode, expires, coolOff }: SnapshotLock, now: number): Sdk.LockState {
  if (expires !== undefined && expires <= now) return "expired";
  if (mode === "governance") return "governance";
  return coolOff && coolOff.ends > now ? "compliance-cooloff" : "compliance";
}

const viewLock = ({ id, account }: Snapshot, lock: SnapshotLock, now: number): Sdk.LockedSnapshotsInfo => ({
  SnapshotId: id,
  OwnerId: account,
  LockState: stateOf(lock, now),
  LockDuration: lock.days,
  CoolOffPeriod: lock.coolOff?.hours,
  CoolOffPeriodExpiresOn: dateOf(lock.coolOff?.ends),
  LockCreatedOn: dateOf(lock.created),
  LockDurationStartTime: dateOf(lock.start),
  LockExpiresOn: dateOf(lock.expires),
});

const invalid = (message: string): ApiError => new ApiError("InvalidParameterValue", message);

/** How many days a lock is to last. @throws {ApiError} InvalidParameterCombination, MissingParameter, InvalidParameterValue */
function readDays(ctx: Context, { LockDuration, ExpirationDate }: Sdk.LockSnapshotRequest): number {
  if (LockDuration !== undefined && ExpirationDate !== undefined) {
    throw new ApiError(
      "InvalidParameterCombination",
      "The parameter LockDuration cannot be used with the parameter ExpirationDate",
    );
  }
  if (ExpirationDate !== undefined) {
    const days = Math.ceil((ExpirationDate.getTime() - ctx.now) / DAY);
    if (days >= 1 && days <= MAX_DAYS) return days;
    throw invalid(
      `Value (${ExpirationDate.toISOString()}) for parameter expirationDate is invalid. It must be in the future, by at most ${MAX_DAYS} days.`,
    );
  }
  if (LockDuration === undefined) throw new ApiError("MissingParameter", "LockDuration or ExpirationDate");
  if (LockDuration >= 1 && LockDuration <= MAX_DAYS) return LockDuration;
  throw invalid(
    `Value (${LockDuration}) for parameter lockDuration is invalid. It must be between 1 and ${MAX_DAYS} days.`,
  );
}

/** @throws {ApiError} InvalidParameterCombination, InvalidParameterValue */
function readCoolOff(
  ctx: Context,
  { LockMode, CoolOffPeriod: hours }: Sdk.LockSnapshotRequest,
): SnapshotLock["coolOff"] {
  if (hours === undefined) return undefined;
  if (LockMode === "governance") {
    throw new ApiError(
      "InvalidParameterCombination",
      "The parameter CoolOffPeriod cannot be used with the lock mode governance",
    );
  }
  if (hours < 1 || hours > MAX_HOURS) {
    throw invalid(
      `Value (${hours}) for parameter coolOffPeriod is invalid. It must be between 1 and ${MAX_HOURS} hours.`,
    );
  }
  return { hours, ends: ctx.now + hours * HOUR };
}

/** What is final can only be prolonged. @throws {ApiError} OperationNotPermitted */
function checkProlongs(ctx: Context, { id, lock }: Snapshot, next: SnapshotLock): void {
  if (!lock || stateOf(lock, ctx.now) !== "compliance") return;
  const isLonger = (next.expires ?? Number.POSITIVE_INFINITY) >= (lock.expires ?? 0);
  if (next.mode === "compliance" && isLonger && next.days >= lock.days && !next.coolOff) return;
  throw new ApiError(
    "OperationNotPermitted",
    `The snapshot '${id}' is locked in compliance mode. Its lock can only be extended.`,
  );
}

const lockFilters: Filters<Sdk.LockedSnapshotsInfo> = { "lock-state": (lock) => lock.LockState };

export const operations = {
  DescribeLockedSnapshots: Object.assign(
    (input: Sdk.DescribeLockedSnapshotsRequest, ctx: Context): Sdk.DescribeLockedSnapshotsResult => {
      const { SnapshotIds: ids = [] } = input;
      const rows = ids.length > 0 ? snapshots.getAll(ctx, ids) : snapshots.own(ctx);
      const keep = compileFilters(lockFilters, input.Filters, false);
      const { items, ...page } = takePage(ctx, rows, input, (row) => {
        if (!row.lock || row.account !== ctx.account) return undefined;
        const view = viewLock(row, row.lock, ctx.now);
        return !keep || keep(view, row) ? view : undefined;
      });
      return { Snapshots: items, ...page };
    },
    { filters: Object.keys(lockFilters) },
  ),

  LockSnapshot: (input, ctx) => {
    const row = ownSnapshot(ctx, input.SnapshotId);
    if (row.tier === "archive") {
      throw new ApiError("IncorrectState", `The snapshot '${row.id}' is archived and cannot be locked.`);
    }
    const days = readDays(ctx, input);
    const known = row.lock && stateOf(row.lock, ctx.now) !== "expired" ? row.lock : undefined;
    const started = row.state === "pending" ? undefined : (known?.start ?? ctx.now);
    const lock: SnapshotLock = {
      mode: input.LockMode,
      created: known?.created ?? ctx.now,
      days,
      start: started,
      expires: undefined,
      ...(started !== undefined && lockSpan(started, days)),
      ...(input.ExpirationDate && { expires: input.ExpirationDate.getTime() }),
      coolOff: readCoolOff(ctx, input),
    };
    checkProlongs(ctx, row, lock);
    snapshots.update(ctx, row.id, { lock });
    const { OwnerId: _, ...view } = viewLock(row, lock, ctx.now);
    return view;
  },

  UnlockSnapshot: ({ SnapshotId }, ctx) => {
    const { id, lock } = ownSnapshot(ctx, SnapshotId);
    const state = lock && stateOf(lock, ctx.now);
    if (state === undefined || state === "expired") {
      throw new ApiError("IncorrectState", `The snapshot '${id}' is not locked.`);
    }
    if (state === "compliance") {
      throw new ApiError(
        "OperationNotPermitted",
        `The snapshot '${id}' is locked in compliance mode and cannot be unlocked.`,
      );
    }
    snapshots.update(ctx, id, { lock: undefined });
    return { SnapshotId: id };
  },
} satisfies Handlers;
