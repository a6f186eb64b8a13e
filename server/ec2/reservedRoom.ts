import type { Context } from "../kit/context.ts";
import {
  capacityReservations,
  fitsIn,
  reserveRequestOf,
  type PlannedReservation,
} from "./capacityReservation.ts";
import { instances, isOnHost, type Instance } from "./instance.ts";
import { typeOf } from "./instanceView.ts";
import { roomInQuota } from "./vcpuQuota.ts";

/**
 * Instances that run already, in no reservation, and would be launched into this one now: "instances that have matching
 * attributes run in the Capacity Reservation automatically".
 */
const runningFor = (ctx: Context, row: PlannedReservation): Instance[] =>
  row.match === "targeted"
    ? []
    : instances
        .own(ctx)
        .filter(
          (instance) =>
            isOnHost(instance) &&
            instance.capacity.preference === "open" &&
            instance.capacity.reservationId === undefined &&
            fitsIn(instance, row),
        );

/**
 * Asks the hosts for room for `count` instances in all, less that of those which are running already.
 *
 * @returns these, which are to be assigned to the reservation once its row is there
 * @throws {ApiError} VcpuLimitExceeded, InsufficientInstanceCapacity; nothing has happened then
 */
export function claimRoom(ctx: Context, row: PlannedReservation, count: number): readonly Instance[] {
  const used = instances.count(ctx, "capacityReservation", row.id);
  const joining = runningFor(ctx, row).slice(0, Math.max(count - used, 0));
  const before = capacityReservations.find(ctx, row.id)?.count ?? 0;
  const more = count - joining.length - before;
  if (more > 0) roomInQuota(ctx, typeOf(row), more);
  ctx.world.hosts.reserve(ctx, reserveRequestOf(ctx.unit, row, count - joining.length));
  return joining;
}
