import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { tagsOf } from "../kit/tags.ts";
import {
  availableIn,
  capacityReservations,
  end,
  keepsRoom,
  setEnd,
  type CapacityReservation,
} from "./capacityReservation.ts";
import { findZone } from "./catalogue/zones.ts";
import { createActive, MAX_COUNT, readEnd } from "./createCapacityReservation.ts";
import { checkEbsOptimized, readInstanceType } from "./launchParameters/instanceType.ts";
import { setCount } from "./modifyCapacityReservation.ts";
import { readZone } from "./zone.ts";

/** One of the instance types that a fleet may reserve. */
interface FleetType {
  readonly instanceType: string;
  readonly platform: Sdk.CapacityReservationInstancePlatform;
  /** How many units one instance counts. */
  readonly weight: number;
  /** The lower, the sooner it is used. */
  readonly priority: number;
  readonly ebsOptimized: boolean;
}

interface CapacityReservationFleet extends ResourceRow {
  readonly state: Sdk.CapacityReservationFleetState;
  /** Units. */
  readonly target: number;
  readonly zone: string;
  /** In order of priority. */
  readonly types: readonly FleetType[];
  /** When it ends by itself: milliseconds since the epoch. */
  readonly ends: number | undefined;
}

/** How long one that is over is still shown. */
const MEMORY_SECONDS = 3600;
/** How often a fleet that is not full looks for room again, and how long it takes to become active, in seconds. */
const RETRY_SECONDS = 300;
const SUBMISSION_SECONDS = 30;

const isOver = ({ state }: CapacityReservationFleet): boolean =>
  state === "cancelled" || state === "expired" || state === "failed";

const partsOf = (ctx: Context, id: string): CapacityReservation[] =>
  capacityReservations.by(ctx, "fleet", id);

const unitsOf = ({ count, fleet }: CapacityReservation): number => count * (fleet?.weight ?? 0);

/** The units that a fleet keeps room for now. */
const fulfilled = (ctx: Context, id: string): number =>
  partsOf(ctx, id)
    .filter(keepsRoom)
    .reduce((sum, row) => sum + unitsOf(row), 0);

const viewPart = (ctx: Context, row: CapacityReservation): Sdk.FleetCapacityReservation => ({
  CapacityReservationId: row.id,
  AvailabilityZone: row.zone,
  AvailabilityZoneId: findZone(ctx.region, row.zone)?.id,
  InstanceType: row.instanceType as Sdk._InstanceType,
  InstancePlatform: row.platform,
  TotalInstanceCount: row.count,
  FulfilledCapacity: keepsRoom(row) ? unitsOf(row) : 0,
  EbsOptimized: row.ebsOptimized,
  CreateDate: new Date(row.created),
  Weight: row.fleet?.weight,
  Priority: row.fleet?.priority,
});

/** Reservations of several instance types that together keep room for so many units. */
const fleets = defineResource({
  type: "capacity-reservation-fleet",
  idPrefix: "crf",
  notFound: "InvalidCapacityReservationFleetId.NotFound",
  malformed: "InvalidCapacityReservationFleetId.Malformed",
  ids: "CapacityReservationFleetIds",
  view: (row: CapacityReservationFleet, { ctx, account, tags }): Sdk.CapacityReservationFleet => ({
    CapacityReservationFleetId: row.id,
    CapacityReservationFleetArn: `arn:aws:ec2:${ctx.region}:${account}:capacity-reservation-fleet/${row.id}`,
    State: row.state,
    TotalTargetCapacity: row.target,
    TotalFulfilledCapacity: fulfilled(ctx, row.id),
    Tenancy: "default",
    InstanceMatchCriteria: "open",
    AllocationStrategy: "prioritized",
    CreateTime: new Date(row.created),
    EndDate: row.ends === undefined ? undefined : new Date(row.ends),
    InstanceTypeSpecifications: partsOf(ctx, row.id).map((part) => viewPart(ctx, part)),
    Tags: tags,
  }),
  filters: {
    "allocation-strategy": (fleet) => fleet.AllocationStrategy,
    "instance-match-criteria": (fleet) => fleet.InstanceMatchCriteria,
    state: (fleet) => fleet.State,
    tenancy: (fleet) => fleet.Tenancy,
  },
  transitions: {
    settle: (ctx, row) => {
      if (isOver(row)) return;
      fill(ctx, row);
      settle(ctx, row.id);
    },
    expire: (ctx, row) => {
      if (!isOver(row) && row.ends !== undefined && row.ends <= ctx.now) dissolve(ctx, row, "expired");
    },
    forget: (ctx, { id }) => fleets.delete(ctx, id),
  },
  pages: [1, 100],
});

/** Says whether a fleet has all that it wants, and lets it try again if not. */
function settle(ctx: Context, id: string): void {
  const row = fleets.get(ctx, id);
  const units = fulfilled(ctx, id);
  if (units === 0) {
    fleets.update(ctx, id, { state: "failed" });
    fleets.later(ctx, id, "forget", MEMORY_SECONDS);
    return;
  }
  const isFull = units >= row.target;
  fleets.update(ctx, id, { state: isFull ? "active" : "partially_fulfilled" });
  if (!isFull) fleets.later(ctx, id, "settle", RETRY_SECONDS);
}

const outOfRoom: ReadonlySet<string> = new Set(["InsufficientInstanceCapacity", "VcpuLimitExceeded"]);

/** Whether it could be done, as far as there is room. */
function attempt(act: () => void): boolean {
  try {
    act();
    return true;
  } catch (error) {
    if (error instanceof ApiError && outOfRoom.has(error.code)) return false;
    throw error;
  }
}

/** Reserves what a fleet lacks, of the types in the order of their priorities. */
function fill(ctx: Context, row: CapacityReservationFleet): void {
  for (const type of row.types) {
    const missing = row.target - fulfilled(ctx, row.id);
    if (missing <= 0) return;
    const more = Math.min(Math.ceil(missing / type.weight), MAX_COUNT);
    const part = partsOf(ctx, row.id).find(
      (each) => keepsRoom(each) && each.instanceType === type.instanceType && each.platform === type.platform,
    );
    attempt(() => {
      if (part) setCount(ctx, part, part.count + more);
      else createPart(ctx, row, type, more);
    });
  }
}

function createPart(ctx: Context, row: CapacityReservationFleet, type: FleetType, count: number): void {
  const { instanceType, platform, ebsOptimized, weight, priority } = type;
  createActive(
    ctx,
    {
      instanceType,
      platform,
      ebsOptimized,
      count,
      zone: row.zone,
      tenancy: "default",
      ephemeralStorage: false,
      match: "open",
      starts: ctx.now,
      placementGroupId: undefined,
      fleet: { id: row.id, weight, priority },
      commitment: undefined,
    },
    row.ends,
    // "The tags are automatically assigned to the Capacity Reservations in the Fleet."
    tagsOf(ctx, row.id, row.account),
  );
}

/** Gives up what a fleet has too much of, the least important types first, as far as no instances run in it. */
function shrink(ctx: Context, row: CapacityReservationFleet): void {
  const parts = partsOf(ctx, row.id).filter(keepsRoom);
  for (const part of parts.toSorted((a, b) => (b.fleet?.priority ?? 0) - (a.fleet?.priority ?? 0))) {
    const weight = part.fleet?.weight ?? 1;
    const surplus = Math.floor((fulfilled(ctx, row.id) - row.target) / weight);
    const less = Math.min(surplus, availableIn(ctx, part));
    if (less <= 0) continue;
    if (less === part.count) end(ctx, part, "cancelled");
    else setCount(ctx, part, part.count - less);
  }
}

function dissolve(ctx: Context, { id }: CapacityReservationFleet, state: "cancelled" | "expired"): void {
  for (const part of partsOf(ctx, id).filter(keepsRoom)) end(ctx, part, state);
  fleets.update(ctx, id, { state });
  fleets.later(ctx, id, "forget", MEMORY_SECONDS);
}

function checkTarget(target: number): void {
  if (target >= 1) return;
  throw new ApiError(
    "InvalidParameterValue",
    `Value (${target}) for parameter totalTargetCapacity is invalid. Expected a positive integer.`,
  );
}

/** @throws {ApiError} MissingParameter, InvalidParameterValue, InvalidParameterCombination */
function readType(asked: Sdk.ReservationFleetInstanceSpecification): FleetType {
  const { InstanceType, InstancePlatform, Weight = 1, Priority = 0, EbsOptimized = false } = asked;
  if (InstanceType === undefined) throw new ApiError("MissingParameter", "instanceType");
  if (InstancePlatform === undefined) throw new ApiError("MissingParameter", "instancePlatform");
  const type = readInstanceType(InstanceType);
  checkEbsOptimized(type, EbsOptimized);
  if (!(Weight >= 0.001)) {
    throw new ApiError("InvalidParameterValue", `Value (${Weight}) for parameter weight is invalid.`);
  }
  if (Priority < 0) {
    throw new ApiError("InvalidParameterValue", `Value (${Priority}) for parameter priority is invalid.`);
  }
  return {
    instanceType: type.name,
    platform: InstancePlatform,
    weight: Weight,
    priority: Priority,
    ebsOptimized: EbsOptimized,
  };
}

/** "A Capacity Reservation Fleet can't span Availability Zones." */
function readFleetZone(ctx: Context, asked: readonly Sdk.ReservationFleetInstanceSpecification[]): string {
  const [zone, ...others] = [...new Set(asked.map((each) => readZone(ctx, each).name))];
  if (zone === undefined) throw new ApiError("MissingParameter", "instanceTypeSpecifications");
  if (others.length > 0) {
    throw new ApiError(
      "InvalidParameterCombination",
      "All instance type specifications must use the same Availability Zone.",
    );
  }
  return zone;
}

function cancel(ctx: Context, id: string): Sdk.CapacityReservationFleetCancellationState {
  const row = fleets.get(ctx, id);
  if (isOver(row)) throw new ApiError("InvalidCapacityReservationState", id, row.state);
  dissolve(ctx, row, "cancelled");
  return {
    CapacityReservationFleetId: id,
    CurrentFleetState: "cancelled",
    PreviousFleetState: row.state,
  };
}

export const operations = {
  CancelCapacityReservationFleets: ({ CapacityReservationFleetIds }, ctx) => {
    const done: Sdk.CapacityReservationFleetCancellationState[] = [];
    const failed: Sdk.FailedCapacityReservationFleetCancellationResult[] = [];
    for (const id of new Set(CapacityReservationFleetIds)) {
      try {
        done.push(cancel(ctx, id));
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        failed.push({
          CapacityReservationFleetId: id,
          CancelCapacityReservationFleetError: { Code: error.code, Message: error.message },
        });
      }
    }
    return { SuccessfulFleetCancellations: done, FailedFleetCancellations: failed };
  },

  CreateCapacityReservationFleet: (input, ctx) => {
    const { InstanceTypeSpecifications = [], TotalTargetCapacity, EndDate, TagSpecifications } = input;
    const { AllocationStrategy = "prioritized" } = input;
    for (const reserved of ["InstanceRequirements", "AvailabilityZone", "AvailabilityZoneId"] as const) {
      if (input[reserved] === undefined) continue;
      const name = `${reserved.charAt(0).toLowerCase()}${reserved.slice(1)}`;
      throw new ApiError("UnsupportedOperation", `The parameter ${name} is reserved for internal use.`);
    }
    if (AllocationStrategy !== "prioritized") {
      throw new ApiError(
        "InvalidParameterValue",
        `Value (${AllocationStrategy}) for parameter allocationStrategy is invalid. Valid values: prioritized`,
      );
    }
    checkTarget(TotalTargetCapacity);
    const row = fleets.create(
      ctx,
      {
        state: "submitted",
        target: TotalTargetCapacity,
        zone: readFleetZone(ctx, InstanceTypeSpecifications),
        types: InstanceTypeSpecifications.map(readType).toSorted((a, b) => a.priority - b.priority),
        ends: readEnd(ctx, EndDate),
      },
      TagSpecifications,
    );
    fill(ctx, row);
    fleets.soon(ctx, row.id, "settle", SUBMISSION_SECONDS);
    if (row.ends !== undefined) fleets.later(ctx, row.id, "expire", (row.ends - ctx.now) / 1000);
    const {
      InstanceTypeSpecifications: parts,
      CapacityReservationFleetArn: _,
      ...view
    } = fleets.show(ctx, row);
    return { ...view, FleetCapacityReservations: parts };
  },

  DescribeCapacityReservationFleets: fleets.describe("CapacityReservationFleets"),

  ModifyCapacityReservationFleet: (input, ctx) => {
    const { CapacityReservationFleetId, TotalTargetCapacity, EndDate, RemoveEndDate } = input;
    const row = fleets.get(ctx, CapacityReservationFleetId);
    if (EndDate && RemoveEndDate) {
      throw new ApiError(
        "InvalidParameterCombination",
        "The parameter endDate cannot be used with the parameter removeEndDate",
      );
    }
    if (TotalTargetCapacity === undefined && !EndDate && !RemoveEndDate) {
      throw new ApiError("MissingParameter", "totalTargetCapacity, endDate or removeEndDate");
    }
    if (isOver(row)) throw new ApiError("InvalidCapacityReservationState", row.id, row.state);
    if (EndDate || RemoveEndDate) {
      const ends = readEnd(ctx, EndDate);
      fleets.update(ctx, row.id, { ends });
      if (ends !== undefined) fleets.later(ctx, row.id, "expire", (ends - ctx.now) / 1000);
      for (const part of partsOf(ctx, row.id).filter(keepsRoom)) setEnd(ctx, part, ends);
    }
    if (TotalTargetCapacity !== undefined) {
      checkTarget(TotalTargetCapacity);
      const changed = fleets.update(ctx, row.id, { target: TotalTargetCapacity, state: "modifying" });
      fill(ctx, changed);
      shrink(ctx, changed);
      fleets.soon(ctx, row.id, "settle", SUBMISSION_SECONDS);
    }
    return { Return: true };
  },
} satisfies Handlers;
