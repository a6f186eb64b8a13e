import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { numbered } from "../kit/list.ts";
import { takePage } from "../kit/pages.ts";
import {
  assign,
  availableIn,
  capacityReservations,
  checkActive,
  committedUntil,
  setEnd,
  type CapacityReservation,
} from "./capacityReservation.ts";
import { checkSettled, postpone } from "./capacityReservationDateChangeQuote.ts";
import { readEnd } from "./createCapacityReservation.ts";
import { claimRoom } from "./reservedRoom.ts";

/** "The number of instances can't be increased or decreased by more than 1000 in a single request." */
const MAX_CHANGE = 1000;

const badCount = (count: number, what: string): ApiError =>
  new ApiError("InvalidParameterValue", `Value (${count}) for parameter instanceCount is invalid. ${what}`);

/**
 * Makes sure that a reservation can be made smaller, or end, by now.
 *
 * @throws {ApiError} OperationNotPermitted
 */
export function checkUncommitted(ctx: Context, row: CapacityReservation): void {
  if (ctx.now >= committedUntil(row)) return;
  throw new ApiError(
    "OperationNotPermitted",
    `The Capacity Reservation '${row.id}' is within its commitment duration.`,
  );
}

/** What a call says beyond the quote that it accepts. */
type Changes = Pick<
  Sdk.ModifyCapacityReservationRequest,
  "InstanceCount" | "EndDate" | "EndDateType" | "InstanceMatchCriteria"
>;

const isAny = (...values: readonly unknown[]): boolean => values.some((value) => value !== undefined);

/**
 * Of a reservation that is to begin later, only the end can be changed.
 *
 * @throws {ApiError} InvalidCapacityReservationState, OperationNotPermitted
 */
function checkChangeable(row: CapacityReservation, { InstanceCount, InstanceMatchCriteria }: Changes): void {
  if (row.state !== "scheduled" || isAny(InstanceCount, InstanceMatchCriteria)) checkActive(row);
  checkSettled(row);
}

/**
 * Makes a reservation larger or smaller.
 *
 * @throws {ApiError} InvalidParameterValue, OperationNotPermitted, VcpuLimitExceeded, InsufficientInstanceCapacity
 */
export function setCount(ctx: Context, row: CapacityReservation, count: number): void {
  const used = row.count - availableIn(ctx, row);
  if (count < 1) throw badCount(count, "Expected a positive integer.");
  if (Math.abs(count - row.count) > MAX_CHANGE) {
    throw badCount(count, `It must not change by more than ${MAX_CHANGE}.`);
  }
  if (count < used) throw badCount(count, `${used} instances are running in the Capacity Reservation.`);
  // "You can't decrease the instance count below the committed instance count."
  if (count < row.count && count < (row.commitment?.count ?? 0)) checkUncommitted(ctx, row);
  const joining = claimRoom(ctx, row, count);
  capacityReservations.update(ctx, row.id, { count });
  for (const instance of joining) assign(ctx, instance, row.id);
}

export const operations = {
  GetCapacityReservationUsage: ({ CapacityReservationId, ...page }, ctx) => {
    const row = capacityReservations.get(ctx, CapacityReservationId);
    const { CapacityAllocations, ...view } = capacityReservations.show(ctx, row);
    // It is not shared: its owner alone can use it.
    const usages = [{ AccountId: row.account, UsedInstanceCount: CapacityAllocations?.[0]?.Count ?? 0 }];
    const { items, ...next } = takePage(ctx, numbered(usages), page, (usage) => usage.view, [1, 1000]);
    return {
      CapacityReservationId: row.id,
      InstanceType: view.InstanceType,
      TotalInstanceCount: view.TotalInstanceCount,
      AvailableInstanceCount: view.AvailableInstanceCount,
      State: view.State,
      InstanceUsages: items,
      Interruptible: view.Interruptible,
      ...next,
    };
  },

  /** Resource groups are another service's: no reservation is in one. */
  GetGroupsForCapacityReservation: ({ CapacityReservationId, ...page }, ctx) => {
    capacityReservations.get(ctx, CapacityReservationId);
    const groups: readonly Sdk.CapacityReservationGroup[] = [];
    const { items, ...next } = takePage(ctx, numbered(groups), page, ({ view }) => view, [1, 1000]);
    return { CapacityReservationGroups: items, ...next };
  },

  ModifyCapacityReservation: ({ CapacityReservationId, ...asked }, ctx) => {
    const { InstanceCount, EndDate, EndDateType, InstanceMatchCriteria } = asked;
    const row = capacityReservations.get(ctx, CapacityReservationId);
    for (const reserved of ["Accept", "AdditionalInfo"] as const) {
      if (asked[reserved] === undefined) continue;
      const name = `${reserved.charAt(0).toLowerCase()}${reserved.slice(1)}`;
      throw new ApiError("UnsupportedOperation", `The parameter ${name} is reserved.`);
    }
    const isChange = isAny(InstanceCount, EndDate, EndDateType, InstanceMatchCriteria);
    if (isAny(asked.QuoteId, asked.StartDate, asked.AcceptModificationTerms)) {
      if (!isChange) return postpone(ctx, row, asked);
      throw new ApiError(
        "InvalidParameterCombination",
        "The start date cannot be changed together with other attributes.",
      );
    }
    if (!isChange) {
      throw new ApiError("MissingParameter", "instanceCount, endDate, endDateType or instanceMatchCriteria");
    }
    checkChangeable(row, asked);
    if (EndDate !== undefined || EndDateType !== undefined) {
      const ends = readEnd(ctx, EndDate, EndDateType);
      if (ends !== undefined && ends < committedUntil(row)) checkUncommitted(ctx, row);
      setEnd(ctx, row, ends);
    }
    if (InstanceMatchCriteria !== undefined && InstanceMatchCriteria !== row.match) {
      if (availableIn(ctx, row) < row.count) {
        throw new ApiError(
          "OperationNotPermitted",
          `The instance eligibility of the Capacity Reservation '${row.id}' can be modified only while no instance is running in it.`,
        );
      }
      capacityReservations.update(ctx, row.id, { match: InstanceMatchCriteria });
    }
    if (InstanceCount !== undefined || InstanceMatchCriteria !== undefined) {
      setCount(ctx, capacityReservations.get(ctx, row.id), InstanceCount ?? row.count);
    }
    return { Return: true };
  },
} satisfies Handlers;
