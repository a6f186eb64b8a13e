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
  end,
  setEnd,
  type CapacityReservation,
} from "./capacityReservation.ts";
import { readEnd } from "./createCapacityReservation.ts";
import { claimRoom } from "./reservedRoom.ts";

/** "The number of instances can't be increased or decreased by more than 1000 in a single request." */
const MAX_CHANGE = 1000;

const badCount = (count: number, what: string): ApiError =>
  new ApiError("InvalidParameterValue", `Value (${count}) for parameter instanceCount is invalid. ${what}`);

/**
 * Makes sure that a reservation can be cancelled or made smaller by now.
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

/** Changes that cost something follow a quote; nobody can have one. */
function refuseQuote(quote: string | undefined, ...others: readonly unknown[]): void {
  if (quote !== undefined) {
    throw new ApiError(
      "InvalidParameterValue",
      `Value (${quote}) for parameter quoteId is invalid. The quote does not exist.`,
    );
  }
  if (others.some((other) => other !== undefined)) throw new ApiError("MissingParameter", "quoteId");
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
  if (count < row.count) checkUncommitted(ctx, row);
  const joining = claimRoom(ctx, row, count);
  capacityReservations.update(ctx, row.id, { count });
  for (const instance of joining) assign(ctx, instance, row.id);
}

export const partly = {
  CancelCapacityReservation: "quotes for what is committed",
  ModifyCapacityReservation: "quotes for another start date",
};

export const operations = {
  CancelCapacityReservation: ({ CapacityReservationId, QuoteId, ApplyCancellationCharges }, ctx) => {
    const row = capacityReservations.get(ctx, CapacityReservationId);
    refuseQuote(QuoteId, ApplyCancellationCharges);
    if (row.state !== "assessing") {
      checkActive(row);
      checkUncommitted(ctx, row);
    }
    end(ctx, row, "cancelled");
    return { Return: true };
  },

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
    refuseQuote(asked.QuoteId, asked.StartDate, asked.AcceptModificationTerms);
    for (const reserved of ["Accept", "AdditionalInfo"] as const) {
      if (asked[reserved] === undefined) continue;
      const name = `${reserved.charAt(0).toLowerCase()}${reserved.slice(1)}`;
      throw new ApiError("UnsupportedOperation", `The parameter ${name} is reserved.`);
    }
    if (Object.values(asked).every((value) => value === undefined)) {
      throw new ApiError("MissingParameter", "instanceCount, endDate, endDateType or instanceMatchCriteria");
    }
    checkActive(row);
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
