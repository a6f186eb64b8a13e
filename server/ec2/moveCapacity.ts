import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import {
  assign,
  availableIn,
  capacityReservations,
  checkActive,
  end,
  reserveRequestOf,
  setEnd,
  type CapacityReservation,
} from "./capacityReservation.ts";
import { instances, type Instance } from "./instance.ts";
import { checkUncommitted } from "./modifyCapacityReservation.ts";

const badCount = (count: number, what: string): ApiError =>
  new ApiError("InvalidParameterValue", `Value (${count}) for parameter instanceCount is invalid. ${what}`);

/** Room that is to go to another reservation: free slots, and instances that run. */
interface Share {
  readonly free: number;
  readonly running: readonly Instance[];
}

/**
 * "Any available capacity is split first, followed by any eligible running instances": those that do not name the
 * reservation that they run in.
 *
 * @throws {ApiError} InvalidParameterValue
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/capacity-reservations-split.html
 */
function shareOf(ctx: Context, source: CapacityReservation, count: number): Share {
  const free = Math.min(count, availableIn(ctx, source));
  const eligible = instances
    .by(ctx, "capacityReservation", source.id)
    .filter(({ capacity }) => capacity.target === undefined);
  if (free + eligible.length < count) {
    throw badCount(
      count,
      `The Capacity Reservation '${source.id}' does not have so much available capacity.`,
    );
  }
  return { free, running: eligible.slice(0, count - free) };
}

/** Takes room from one reservation; the free part of it can be claimed for another one then. */
function take(ctx: Context, source: CapacityReservation, { free, running }: Share): void {
  ctx.world.hosts.reserve(ctx, reserveRequestOf(ctx.unit, source, source.count - free));
  capacityReservations.update(ctx, source.id, { count: source.count - free - running.length });
}

/** @throws {ApiError} InvalidCapacityReservationState, OperationNotPermitted, InvalidParameterValue */
function checkSource(ctx: Context, source: CapacityReservation, count: number): void {
  checkActive(source);
  checkUncommitted(ctx, source);
  if (count < 1) throw badCount(count, "Expected a positive integer.");
}

const show = (ctx: Context, { id }: CapacityReservation) =>
  capacityReservations.show(ctx, capacityReservations.get(ctx, id));

/** What both reservations of a move must have in common. */
const common = [
  "instanceType",
  "platform",
  "zone",
  "tenancy",
  "placementGroupId",
  "ends",
] as const satisfies readonly (keyof CapacityReservation)[];

export const operations = {
  CreateCapacityReservationBySplitting: (input, ctx) => {
    const { SourceCapacityReservationId, InstanceCount, TagSpecifications } = input;
    const source = capacityReservations.get(ctx, SourceCapacityReservationId);
    checkSource(ctx, source, InstanceCount);
    if (InstanceCount >= source.count) {
      throw badCount(InstanceCount, "It must be less than the size of the Capacity Reservation.");
    }
    const share = shareOf(ctx, source, InstanceCount);
    take(ctx, source, share);
    const { id: _, seq: __, account: ___, created: ____, fleet: _____, ...terms } = source;
    const id = capacityReservations.newId(ctx);
    const fields = { ...terms, fleet: undefined, count: InstanceCount };
    ctx.world.hosts.reserve(
      ctx,
      reserveRequestOf(ctx.unit, { ...fields, id, account: ctx.account }, share.free),
    );
    const row = capacityReservations.create(ctx, fields, TagSpecifications, id);
    for (const instance of share.running) assign(ctx, instance, id);
    setEnd(ctx, row, row.ends);
    return {
      SourceCapacityReservation: show(ctx, source),
      DestinationCapacityReservation: show(ctx, row),
      InstanceCount,
    };
  },

  MoveCapacityReservationInstances: (input, ctx) => {
    const { SourceCapacityReservationId, DestinationCapacityReservationId, InstanceCount } = input;
    const source = capacityReservations.get(ctx, SourceCapacityReservationId);
    const destination = capacityReservations.get(ctx, DestinationCapacityReservationId);
    if (source.id === destination.id) {
      throw new ApiError(
        "InvalidParameterValue",
        "The source and the destination Capacity Reservation must not be the same.",
      );
    }
    checkSource(ctx, source, InstanceCount);
    checkActive(destination);
    if (common.some((attribute) => source[attribute] !== destination[attribute])) {
      throw new ApiError(
        "InvalidParameterValue",
        "The source and the destination Capacity Reservation must have the same instance type, platform, Availability Zone, tenancy, placement group and end date.",
      );
    }
    const share = shareOf(ctx, source, InstanceCount);
    take(ctx, source, share);
    ctx.world.hosts.reserve(ctx, reserveRequestOf(ctx.unit, destination, destination.count + share.free));
    capacityReservations.update(ctx, destination.id, { count: destination.count + InstanceCount });
    for (const instance of share.running) assign(ctx, instance, destination.id);
    const rest = capacityReservations.get(ctx, source.id);
    // Nothing is left to be reserved.
    if (rest.count === 0) end(ctx, rest, "cancelled");
    return {
      SourceCapacityReservation: show(ctx, source),
      DestinationCapacityReservation: show(ctx, destination),
      InstanceCount,
    };
  },
} satisfies Handlers;
