import type { Fleet } from "../../hypervisor/fleet.ts";
import type { Refusal } from "../../hypervisor/pool.ts";
import {
  capacityReservations,
  keepsRoom,
  reserveRequestOf,
  type CapacityReservation,
} from "../ec2/capacityReservation.ts";
import { dedicatedHosts, type DedicatedHost } from "../ec2/dedicatedHost.ts";
import { isOnHost, type Instance } from "../ec2/instance.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { HostWorld, LaunchRequest, ReserveRequest } from "../kit/world.ts";
import type { Change } from "../state/table.ts";
import type { Unit } from "../state/unit.ts";

const MIB = 1024 ** 2;

/** Why an instance is not placed, in EC2's words. */
export function refusedPlace(refusal: Refusal, request: Omit<LaunchRequest, "instanceId">): ApiError {
  const { host, instanceType, reservation, tenancy, zone } = request;
  if (refusal === "no-such-host") return new ApiError("InvalidHostID.NotFound", host ?? "");
  if (refusal === "unsupported") {
    return new ApiError("Unsupported", "The requested configuration is currently not supported.");
  }
  if (host !== undefined) return new ApiError("InsufficientCapacityOnHost", host);
  if (tenancy === "host") return new ApiError("InsufficientHostCapacity");
  if (reservation !== undefined) return new ApiError("ReservationCapacityExceeded");
  return new ApiError("InsufficientInstanceCapacity", instanceType, zone);
}

/** @throws {ApiError} InsufficientHostCapacity */
export function allocateHost(
  fleet: Fleet,
  ctx: Context,
  { id, zone, family }: Parameters<HostWorld["allocateHost"]>[1],
): void {
  const answer = fleet.allocateHost(zone, family, ctx.account, id);
  if (!answer.allocated) {
    throw new ApiError(
      "InsufficientHostCapacity",
      "There is not enough capacity to fulfill your Dedicated Host request.",
    );
  }
  ctx.unit.onRollback(() => fleet.releaseHost(id));
}

/** @throws {ApiError} InsufficientInstanceCapacity, Unsupported */
export function reserve(fleet: Fleet, ctx: Context, request: ReserveRequest): void {
  const { reservations } = fleet;
  const { id, count } = request;
  const before = reservations.view(id)?.count;
  const refusal = setCount(fleet, request);
  if (refusal !== undefined) throw refusedPlace(refusal, request);
  ctx.unit.onRollback(() => {
    if (before === undefined) reservations.remove(id);
    else if (before !== count) reservations.resize(id, before);
  });
}

function setCount({ reservations }: Fleet, { memoryMiB, ...request }: ReserveRequest): Refusal | undefined {
  const { id, count } = request;
  if (reservations.has(id)) return reservations.resize(id, count);
  return reservations.add({ ...request, memoryBytes: memoryMiB * MIB });
}

/** Brings hosts and reservations to what the rows say, after the instances. */
export function followPlacements(fleet: Fleet, unit: Unit, changes: readonly Change[]): void {
  for (const { table, before, after } of changes) {
    if (table.name === "instance")
      enlist(fleet, before as Instance | undefined, after as Instance | undefined);
  }
  for (const { table, before, after } of changes) {
    if (table.name === capacityReservations.definition.type) {
      const row = after as CapacityReservation | undefined;
      if (row && keepsRoom(row)) setCount(fleet, reserveRequestOf(unit, row));
      else if (before) fleet.reservations.remove(before.id);
    }
    if (table.name === dedicatedHosts.definition.type && before && !isRacked(after)) {
      fleet.releaseHost(before.id);
    }
  }
}

const isRacked = (row: object | undefined): boolean =>
  row !== undefined && (row as DedicatedHost).released === undefined;

/** An instance that runs already is in another reservation from now on. */
function enlist(fleet: Fleet, before: Instance | undefined, after: Instance | undefined): void {
  if (!before || !after || !isOnHost(before) || !isOnHost(after)) return;
  const { reservationId } = after.capacity;
  if (reservationId === undefined || reservationId === before.capacity.reservationId) return;
  fleet.enlist(after.id, reservationId);
}

/**
 * What is larger comes first: in this order all find room on as many hosts as they were on, where sizes divide one another,
 * and not in that of their launches, as others were between them then.
 */
export const bySize = (a: Size, b: Size): number => b.memoryMiB - a.memoryMiB || b.cores - a.cores;

type Size = Pick<LaunchRequest, "cores" | "memoryMiB">;

/** Racks the Dedicated Hosts again, and keeps the room that is reserved: before the instances boot. */
export function resumePlacements(fleet: Fleet, unit: Unit): void {
  for (const row of dedicatedHosts.table({ unit }).all()) {
    if (!isRacked(row)) continue;
    fleet.allocateHost(row.zone, row.family, row.account, row.id);
    if (row.condition !== "good") fleet.failHost(row.id);
  }
  const reserved = [...capacityReservations.table({ unit }).all()]
    .filter((row) => keepsRoom(row))
    .map((row) => reserveRequestOf(unit, row));
  for (const request of reserved.toSorted(bySize)) setCount(fleet, request);
}
