import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { assign, capacityReservations, setEnd, type CapacityReservation } from "./capacityReservation.ts";
import type { InstanceTypeFacts } from "./catalogue/instanceTypes.ts";
import { checkEbsOptimized, readInstanceType } from "./launchParameters/instanceType.ts";
import { checkMember } from "./groupMembership.ts";
import { groupByArn } from "./placementGroup.ts";
import { claimRoom } from "./reservedRoom.ts";
import { readZone } from "./zone.ts";

/** Instances of one reservation, when it is made. */
export const MAX_COUNT = 1000;
const DAY_MS = 24 * 3600 * 1000;

/**
 * Future-dated reservations: "between 5 and 120 days in advance", "a minimum of 32 vCPUs", "the minimum commitment duration
 * is 14 days".
 */
const FUTURE_DAYS = [5, 120] as const;
const FUTURE_VCPUS = 32;
const COMMITMENT_DAYS = 14;
const FUTURE_FAMILIES = /^[cmritg]\d/;
/** About how long EC2 takes to assess one, in seconds. */
const ASSESSMENT_SECONDS = 3600;

const badValue = (parameter: string, value: unknown, what: string): ApiError =>
  new ApiError(
    "InvalidParameterValue",
    `Value (${String(value)}) for parameter ${parameter} is invalid. ${what}`,
  );
const badCombination = (message: string): ApiError => new ApiError("InvalidParameterCombination", message);

/** @throws {ApiError} InvalidParameterValue */
function checkCount(count: number): void {
  if (count < 1 || count > MAX_COUNT) {
    throw badValue("instanceCount", count, `It must be between 1 and ${MAX_COUNT}.`);
  }
}

/**
 * When a reservation is to end, by its end date and the type of that, of which one implies the other.
 *
 * @returns milliseconds since the epoch; undefined for never
 * @throws {ApiError} InvalidParameterCombination, MissingParameter, InvalidParameterValue
 */
export function readEnd(
  ctx: Context,
  EndDate: Date | undefined,
  type: Sdk.EndDateType = EndDate ? "limited" : "unlimited",
): number | undefined {
  if (type === "unlimited") {
    if (EndDate)
      throw badCombination("The parameter endDate cannot be used with the endDateType 'unlimited'.");
    return undefined;
  }
  if (!EndDate) throw new ApiError("MissingParameter", "endDate");
  if (EndDate.getTime() <= ctx.now) {
    throw badValue("endDate", EndDate.toISOString(), "It must be in the future.");
  }
  return EndDate.getTime();
}

/** @throws {ApiError} InvalidPlacementGroup.Unknown, InvalidParameterValue, InvalidParameterCombination */
function readPlacementGroup(
  ctx: Context,
  arn: string | undefined,
  type: InstanceTypeFacts,
  tenancy: Sdk.Tenancy,
): string | undefined {
  if (arn === undefined) return undefined;
  const group = groupByArn(ctx, arn);
  if (!group) throw new ApiError("InvalidPlacementGroup.Unknown", arn);
  if (group.strategy !== "cluster" && group.strategy !== "precision-time") {
    throw badValue(
      "placementGroupArn",
      arn,
      "The placement group must have the strategy 'cluster' or 'precision-time'.",
    );
  }
  checkMember(group, type, tenancy);
  return group.id;
}

type Input = Sdk.CreateCapacityReservationRequest & { readonly InstanceCount: number };

const isFuture = ({ StartDate, CommitmentDuration, DeliveryPreference }: Input): boolean =>
  [StartDate, CommitmentDuration, DeliveryPreference].some((value) => value !== undefined);

/**
 * What a reservation that is asked for in advance says beyond others.
 *
 * @throws {ApiError} MissingParameter, InvalidParameterValue, InvalidParameterCombination
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/cr-concepts.html
 */
function readFuture(
  ctx: Context,
  input: Input,
  { name, vcpus }: InstanceTypeFacts,
): Pick<CapacityReservation, "starts" | "commitment"> {
  const { StartDate, CommitmentDuration: seconds, DeliveryPreference, InstanceCount: count } = input;
  if (!StartDate) throw new ApiError("MissingParameter", "startDate");
  if (seconds === undefined) throw new ApiError("MissingParameter", "commitmentDuration");
  if (DeliveryPreference === undefined) throw new ApiError("MissingParameter", "deliveryPreference");
  if (DeliveryPreference !== "incremental") {
    throw badValue("deliveryPreference", DeliveryPreference, "Valid values: incremental");
  }
  if (seconds * 1000 < COMMITMENT_DAYS * DAY_MS) {
    throw badValue("commitmentDuration", seconds, `It must be at least ${COMMITMENT_DAYS} days.`);
  }
  const starts = StartDate.getTime();
  const [least, most] = FUTURE_DAYS;
  if (!(starts - ctx.now >= least * DAY_MS && starts - ctx.now <= most * DAY_MS)) {
    throw badValue(
      "startDate",
      StartDate.toISOString(),
      `It must be between ${least} and ${most} days in advance.`,
    );
  }
  if (!FUTURE_FAMILIES.test(name)) {
    throw badValue("instanceType", name, "It is not supported for future-dated Capacity Reservations.");
  }
  if (vcpus * count < FUTURE_VCPUS) {
    throw badValue(
      "instanceCount",
      count,
      `Future-dated Capacity Reservations need at least ${FUTURE_VCPUS} vCPUs.`,
    );
  }
  if (input.InstanceMatchCriteria !== "targeted") {
    throw badCombination(
      "Future-dated Capacity Reservations must have the instanceMatchCriteria 'targeted'.",
    );
  }
  if (input.PlacementGroupArn !== undefined) {
    throw badCombination("The parameter placementGroupArn cannot be used with the parameter startDate");
  }
  if (input.EndDate && input.EndDate.getTime() < starts + seconds * 1000) {
    throw badValue("endDate", input.EndDate.toISOString(), "It must not be within the commitment duration.");
  }
  return {
    starts,
    commitment: { count, seconds, asked: starts, chargedUntil: undefined, adjustment: undefined },
  };
}

/** What is asked for, save how many. */
type Terms = Omit<CapacityReservation, "id" | "seq" | "account" | "created" | "state" | "ends">;

/**
 * Makes a reservation that keeps room from now on.
 *
 * @throws {ApiError} VcpuLimitExceeded, InsufficientInstanceCapacity
 */
export function createActive(
  ctx: Context,
  terms: Terms,
  ends: number | undefined,
  tags: Parameters<typeof capacityReservations.create>[2],
): CapacityReservation {
  const id = capacityReservations.newId(ctx);
  const fields = { ...terms, state: "active", ends } as const;
  const joining = claimRoom(ctx, { ...fields, id, account: ctx.account }, terms.count);
  const row = capacityReservations.create(ctx, fields, tags, id);
  for (const instance of joining) assign(ctx, instance, id);
  setEnd(ctx, row, ends);
  return row;
}

function createFuture(
  ctx: Context,
  terms: Terms,
  ends: number | undefined,
  tags: readonly Sdk.TagSpecification[] | undefined,
): CapacityReservation {
  const row = capacityReservations.create(ctx, { ...terms, state: "assessing", ends }, tags);
  capacityReservations.soon(ctx, row.id, "assessed", ASSESSMENT_SECONDS);
  capacityReservations.later(ctx, row.id, "start", (row.starts - ctx.now) / 1000);
  setEnd(ctx, row, ends);
  return row;
}

export const partly = { CreateCapacityReservation: "Outposts" };

export const operations = {
  CreateCapacityReservation: (input, ctx) => {
    if (input.OutpostArn !== undefined) throw new ApiError("InvalidOutpostArn.NotFound", input.OutpostArn);
    const type = readInstanceType(input.InstanceType);
    checkCount(input.InstanceCount);
    checkEbsOptimized(type, input.EbsOptimized);
    const { name: zone } = readZone(ctx, input);
    const ends = readEnd(ctx, input.EndDate, input.EndDateType);
    const future = isFuture(input) ? readFuture(ctx, input, type) : undefined;
    const terms: Terms = {
      instanceType: type.name,
      platform: input.InstancePlatform,
      zone,
      tenancy: input.Tenancy ?? "default",
      count: input.InstanceCount,
      ebsOptimized: input.EbsOptimized ?? false,
      ephemeralStorage: input.EphemeralStorage ?? false,
      match: input.InstanceMatchCriteria ?? "open",
      starts: future?.starts ?? ctx.now,
      placementGroupId: readPlacementGroup(ctx, input.PlacementGroupArn, type, input.Tenancy ?? "default"),
      fleet: undefined,
      commitment: future?.commitment,
    };
    const create = future ? createFuture : createActive;
    const { id } = create(ctx, terms, ends, input.TagSpecifications);
    return { CapacityReservation: capacityReservations.show(ctx, capacityReservations.get(ctx, id)) };
  },

  DescribeCapacityReservations: capacityReservations.describe("CapacityReservations"),
} satisfies Handlers;
