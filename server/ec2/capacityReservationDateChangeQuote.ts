import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { defineResource } from "../kit/resource.ts";
import {
  capacityReservations,
  requestAdjustment,
  viewAdjustment,
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

interface DateChangeQuote extends Quote {
  /** The start that the reservation has when the quote is made, and the first that it had. */
  readonly before: number;
  readonly original: number;
  /** The start and the seconds of commitment that are offered. */
  readonly starts: number;
  readonly seconds: number;
}

const DAY_SECONDS = 24 * 3600;
const DAY_MS = DAY_SECONDS * 1000;
/** How far a start can be put off in all. */
const MAX_DAYS = 30;
/** Who asks later than so many days before the start commits to a day more for each day that it is put off. */
const LATE_DAYS = 14;

/** What it means to let a reservation begin later. */
const quotes = defineResource({
  type: "capacity-reservation-modification-quote",
  idPrefix: "crmq",
  notFound: "InvalidCapacityReservationModificationQuoteId.NotFound",
  malformed: "InvalidCapacityReservationModificationQuoteId.Malformed",
  ids: "CapacityReservationModificationQuoteIds",
  view: (quote: DateChangeQuote, { ctx, tags }): Sdk.CapacityReservationModificationQuote => ({
    CapacityReservationModificationQuoteId: quote.id,
    CapacityReservationId: quote.reservationId,
    CreateTime: new Date(quote.created),
    ExpirationTime: new Date(quote.expires),
    QuoteState: stateOf(ctx, quote),
    CurrentConfiguration: {
      InstanceCount: quote.count,
      ReservationState: quote.state,
      StartDate: new Date(quote.before),
      OriginalStartDate: new Date(quote.original),
    },
    ModificationTerms: {
      ReservationUpdate: {
        NewStartDate: new Date(quote.starts),
        NewCommitmentDuration: quote.seconds,
        NewCommitmentEndDate: new Date(quote.starts + quote.seconds * 1000),
      },
    },
    Tags: tags,
  }),
  filters: {},
  indexes: { reservation: ({ reservationId }) => reservationId },
  parents: { "capacity-reservation": "reservation" },
  partOf: () => true,
  transitions: { forget: (ctx, { id }) => quotes.delete(ctx, id) },
  pages: [1, 1000],
});

const badStart = (starts: Date, what: string): ApiError =>
  new ApiError(
    "InvalidParameterValue",
    `Value (${starts.toISOString()}) for parameter newStartDate is invalid. ${what}`,
  );

/** @throws {ApiError} OperationNotPermitted: it "can have only one modification request in progress" */
export function checkSettled({ id, commitment }: CapacityReservation): void {
  if (commitment?.adjustment?.status !== "requested") return;
  throw new ApiError(
    "OperationNotPermitted",
    `A modification of the Capacity Reservation '${id}' is in progress.`,
  );
}

/** @throws {ApiError} InvalidCapacityReservationState, OperationNotPermitted */
function checkPostponable(ctx: Context, row: CapacityReservation): void {
  const { id, state, starts } = row;
  if (state !== "scheduled") throw new ApiError("InvalidCapacityReservationState", id, state);
  checkSettled(row);
  if (starts - ctx.now < HOUR_MS) {
    throw new ApiError(
      "OperationNotPermitted",
      `The Capacity Reservation '${id}' starts in less than one hour.`,
    );
  }
}

/**
 * Makes sure that a reservation that ends by itself ends after what it is committed to.
 *
 * @throws {ApiError} OperationNotPermitted
 */
function checkEnd({ id, ends }: CapacityReservation, committedUntil: number): void {
  if (ends === undefined || ends >= committedUntil) return;
  throw new ApiError(
    "OperationNotPermitted",
    `The end date of the Capacity Reservation '${id}' would be within its commitment duration.`,
  );
}

/**
 * What a later start means.
 *
 * @throws {ApiError} InvalidParameterValue
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/capacity-reservations-modify.html#cr-delay-start-date
 */
function termsOf(
  ctx: Context,
  row: CapacityReservation,
  asked: Date,
): Pick<DateChangeQuote, "starts" | "seconds" | "original"> {
  const { asked: original, seconds } = commitmentOf(row);
  const starts = asked.getTime();
  if (starts <= row.starts) throw badStart(asked, "It must be later than the current start date.");
  if (starts > original + MAX_DAYS * DAY_MS) {
    throw badStart(asked, `It must be within ${MAX_DAYS} days of the original start date.`);
  }
  const isLate = row.starts - ctx.now <= LATE_DAYS * DAY_MS;
  const days = isLate ? Math.ceil((starts - row.starts) / DAY_MS) : 0;
  return { original, starts, seconds: seconds + days * DAY_SECONDS };
}

/**
 * Asks for the later start of a quote, whose terms the call accepts.
 *
 * @throws {ApiError} as `quotes.get`, `checkQuote`, `checkPostponable` and `checkEnd`; MissingParameter,
 *   InvalidParameterValue for another start than the quote's
 */
export function postpone(
  ctx: Context,
  row: CapacityReservation,
  asked: Pick<Sdk.ModifyCapacityReservationRequest, "QuoteId" | "StartDate" | "AcceptModificationTerms">,
): Sdk.ModifyCapacityReservationResult {
  const { QuoteId, StartDate, AcceptModificationTerms } = asked;
  if (QuoteId === undefined) throw new ApiError("MissingParameter", "quoteId");
  const quote = quotes.get(ctx, QuoteId);
  checkQuote(ctx, quote, row);
  if (AcceptModificationTerms !== true) throw new ApiError("MissingParameter", "acceptModificationTerms");
  if (StartDate && StartDate.getTime() !== quote.starts) {
    throw new ApiError(
      "InvalidParameterValue",
      `Value (${StartDate.toISOString()}) for parameter startDate is invalid. It is not that of the quote.`,
    );
  }
  checkPostponable(ctx, row);
  const { starts, seconds, before } = quote;
  if (before !== row.starts) {
    throw new ApiError("OperationNotPermitted", `The start date has changed since the quote '${quote.id}'.`);
  }
  checkEnd(row, starts + seconds * 1000);
  quotes.update(ctx, quote.id, { accepted: true });
  const changed = requestAdjustment(ctx, row.id, commitmentOf(row), { starts, seconds });
  return {
    Return: true,
    AdjustmentStatus: "requested",
    AdjustmentDetails: viewAdjustment(changed),
  };
}

export const operations = {
  CreateCapacityReservationDateChangeQuote: (input, ctx) => {
    const row = capacityReservations.get(ctx, input.CapacityReservationId);
    checkPostponable(ctx, row);
    const terms = termsOf(ctx, row, input.NewStartDate);
    checkEnd(row, terms.starts + terms.seconds * 1000);
    const quote = quotes.create(
      ctx,
      {
        ...terms,
        reservationId: row.id,
        count: row.count,
        state: row.state,
        before: row.starts,
        // "… and always expire at least one hour before the start date."
        expires: Math.min(ctx.now + VALID_HOURS * HOUR_MS, row.starts - HOUR_MS),
        accepted: false,
      },
      input.TagSpecifications,
    );
    quotes.later(ctx, quote.id, "forget", forgottenIn(ctx, quote));
    return { CapacityReservationModificationQuote: quotes.show(ctx, quote) };
  },

  DescribeCapacityReservationDateChangeQuotes: quotes.describe("CapacityReservationModificationQuotes"),
} satisfies Handlers;
