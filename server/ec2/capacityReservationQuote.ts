import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { ResourceRow } from "../kit/resource.ts";
import type { CapacityReservation, Commitment } from "./capacityReservation.ts";

/** What it would mean to change a reservation that was asked for in advance, in force if it is accepted in time. */
export interface Quote extends ResourceRow {
  readonly reservationId: string;
  /** What the reservation is when the quote is made. */
  readonly count: number;
  readonly state: CapacityReservation["state"];
  /** Milliseconds since the epoch. */
  readonly expires: number;
  readonly accepted: boolean;
}

export const HOUR_MS = 3_600_000;
/** "Quotes are valid for 24 hours." */
export const VALID_HOURS = 24;
/** How long one that has expired is still shown. */
const MEMORY_SECONDS = 3600;

/** "Each quote can be used only once." */
export const stateOf = ({ now }: Context, { accepted, expires }: Quote): "active" | "expired" =>
  accepted || now >= expires ? "expired" : "active";

/** When a quote that is made now is forgotten, in seconds from now. */
export const forgottenIn = ({ now }: Context, { expires }: Quote): number =>
  (expires - now) / 1000 + MEMORY_SECONDS;

/**
 * Makes sure that a quote can be accepted for a reservation.
 *
 * @throws {ApiError} InvalidParameterValue for another reservation's, OperationNotPermitted if it has expired
 */
export function checkQuote(ctx: Context, quote: Quote, { id }: CapacityReservation): void {
  if (quote.reservationId !== id) {
    throw new ApiError(
      "InvalidParameterValue",
      `Value (${quote.id}) for parameter quoteId is invalid. It is a quote for another Capacity Reservation.`,
    );
  }
  if (stateOf(ctx, quote) === "active") return;
  throw new ApiError("OperationNotPermitted", `The quote '${quote.id}' is not in the 'active' state.`);
}

/** @throws {ApiError} OperationNotPermitted for one that was not asked for in advance */
export function commitmentOf({ id, commitment }: CapacityReservation): Commitment {
  if (commitment) return commitment;
  throw new ApiError("OperationNotPermitted", `The Capacity Reservation '${id}' has no commitment duration.`);
}
