import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { defineResource } from "../kit/resource.ts";
import {
  capacityReservations,
  committedUntil,
  end,
  usedBy,
  windDown,
  type CapacityReservation,
} from "./capacityReservation.ts";
import {
  checkQuote,
  commitmentOf,
  forgottenIn,
  HOUR_MS,
  stateOf,
  VALID_HOURS,
  type Quote,
} from "./capacityReservationQuote.ts";

interface CancellationQuote extends Quote {
  /** Instances that are charged for, and for how many hours. */
  readonly committed: number;
  readonly hours: number;
}

const WEEK_MS = 7 * 24 * HOUR_MS;

const chargedUntil = ({ created, hours }: CancellationQuote): number => created + hours * HOUR_MS;

/** What it costs to cancel a reservation to which its owner is committed. */
const quotes = defineResource({
  type: "capacity-reservation-cancellation-quote",
  idPrefix: "crcq",
  notFound: "InvalidCapacityReservationCancellationQuoteId.NotFound",
  malformed: "InvalidCapacityReservationCancellationQuoteId.Malformed",
  ids: "CapacityReservationCancellationQuoteIds",
  view: (quote: CancellationQuote, { ctx, tags }): Sdk.CapacityReservationCancellationQuote => ({
    CapacityReservationCancellationQuoteId: quote.id,
    CapacityReservationId: quote.reservationId,
    CreateTime: new Date(quote.created),
    ExpirationTime: new Date(quote.expires),
    QuoteState: stateOf(ctx, quote),
    CurrentConfiguration: { InstanceCount: quote.count, ReservationState: quote.state },
    CancellationTerms: [
      {
        CancellationType: "commitment-wind-down",
        ReservationState: quote.hours > 0 ? "cancelling" : "cancelled",
        CommittedInstanceCount: quote.committed,
        ChargeCommitmentDurationHours: quote.hours,
        ChargeEndDate: new Date(chargedUntil(quote)),
      },
    ],
    Tags: tags,
  }),
  filters: {},
  indexes: { reservation: ({ reservationId }) => reservationId },
  parents: { "capacity-reservation": "reservation" },
  partOf: () => true,
  transitions: { forget: (ctx, { id }) => quotes.delete(ctx, id) },
  pages: [1, 1000],
});

/** "Cancellation is free": it is not there yet, is late, or has been there for as long as was promised. */
function isFree(ctx: Context, row: CapacityReservation): boolean {
  if (row.state === "active") return ctx.now >= committedUntil(row);
  return row.state === "assessing" || row.state === "delayed";
}

/**
 * The hours of the commitment that are charged for.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/capacity-reservations-release.html#cr-cancellation-charges
 */
function chargedHours(ctx: Context, row: CapacityReservation): number {
  const { asked, seconds } = commitmentOf(row);
  if (row.state === "active") return Math.ceil((0.5 * (committedUntil(row) - ctx.now)) / HOUR_MS);
  const weeks = (asked - ctx.now) / WEEK_MS;
  const rate = weeks >= 8 ? 0 : weeks >= 2 ? 0.25 : 0.5;
  return Math.ceil((rate * seconds) / 3600);
}

/** @throws {ApiError} InvalidCapacityReservationState */
function checkCancellable({ id, state }: CapacityReservation): void {
  const isCancellable = ["assessing", "delayed", "scheduled", "active"].includes(state);
  if (!isCancellable) throw new ApiError("InvalidCapacityReservationState", id, state);
}

/** @throws {ApiError} as `quotes.get` and `checkQuote`, OperationNotPermitted while instances run in it */
function acceptQuote(ctx: Context, row: CapacityReservation, quoteId: string): void {
  const quote = quotes.get(ctx, quoteId);
  checkQuote(ctx, quote, row);
  if (usedBy(ctx, row) > 0) {
    throw new ApiError(
      "OperationNotPermitted",
      `The Capacity Reservation '${row.id}' cannot be cancelled within its commitment duration while instances are running in it.`,
    );
  }
  quotes.update(ctx, quote.id, { accepted: true });
  if (quote.hours === 0) end(ctx, row, "cancelled");
  else windDown(ctx, row.id, commitmentOf(row), Math.max(chargedUntil(quote), ctx.now));
}

export const operations = {
  CancelCapacityReservation: ({ CapacityReservationId, QuoteId, ApplyCancellationCharges }, ctx) => {
    const row = capacityReservations.get(ctx, CapacityReservationId);
    checkCancellable(row);
    if (isFree(ctx, row)) {
      if (QuoteId !== undefined || ApplyCancellationCharges !== undefined) {
        throw new ApiError(
          "OperationNotPermitted",
          `The Capacity Reservation '${row.id}' is cancelled without a charge.`,
        );
      }
      end(ctx, row, "cancelled");
      return { Return: true };
    }
    if (QuoteId === undefined && ApplyCancellationCharges === undefined) {
      throw new ApiError(
        "OperationNotPermitted",
        `To cancel the Capacity Reservation '${row.id}', generate a cancellation quote.`,
      );
    }
    if (QuoteId === undefined) throw new ApiError("MissingParameter", "quoteId");
    if (ApplyCancellationCharges === undefined) {
      throw new ApiError("MissingParameter", "applyCancellationCharges");
    }
    acceptQuote(ctx, row, QuoteId);
    return { Return: true };
  },

  CreateCapacityReservationCancellationQuote: ({ CapacityReservationId, TagSpecifications }, ctx) => {
    const row = capacityReservations.get(ctx, CapacityReservationId);
    checkCancellable(row);
    if (isFree(ctx, row)) {
      throw new ApiError(
        "OperationNotPermitted",
        `The Capacity Reservation '${row.id}' is cancelled without a charge.`,
      );
    }
    const quote = quotes.create(
      ctx,
      {
        reservationId: row.id,
        count: row.count,
        state: row.state,
        expires: ctx.now + VALID_HOURS * HOUR_MS,
        accepted: false,
        committed: commitmentOf(row).count,
        hours: chargedHours(ctx, row),
      },
      TagSpecifications,
    );
    quotes.later(ctx, quote.id, "forget", forgottenIn(ctx, quote));
    return { CapacityReservationCancellationQuote: quotes.show(ctx, quote) };
  },

  DescribeCapacityReservationCancellationQuotes: quotes.describe("CapacityReservationCancellationQuotes"),
} satisfies Handlers;
