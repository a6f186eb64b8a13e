import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import type { ReserveRequest } from "../kit/world.ts";
import type { Unit } from "../state/unit.ts";
import { findZone } from "./catalogue/zones.ts";
import { instances, type Instance } from "./instance.ts";
import { typeOf } from "./instanceView.ts";
import { groupArn, groupPlaceOf, placementGroups } from "./placementGroup.ts";

/** What was promised of a reservation that was asked for in advance. */
export interface Commitment {
  readonly count: number;
  /** When it was asked to begin at first: milliseconds since the epoch. */
  readonly asked: number;
  /** For how long from its start it is neither cancelled without a charge nor made smaller, in seconds. */
  readonly seconds: number;
  /** Until when it is charged for although it was cancelled: milliseconds since the epoch. */
  readonly chargedUntil: number | undefined;
  readonly adjustment: Adjustment | undefined;
}

/** The last change of the start of a reservation that was asked for. */
interface Adjustment {
  readonly status: Sdk.CapacityReservationAdjustmentStatus;
  /** The start and the seconds of commitment that the reservation has with it. */
  readonly starts: number;
  readonly seconds: number;
}

export interface CapacityReservation extends ResourceRow {
  readonly instanceType: string;
  readonly platform: Sdk.CapacityReservationInstancePlatform;
  /** Zone name: `us-east-1a`. */
  readonly zone: string;
  readonly tenancy: Sdk.CapacityReservationTenancy;
  readonly count: number;
  readonly ebsOptimized: boolean;
  readonly ephemeralStorage: boolean;
  readonly match: Sdk.InstanceMatchCriteria;
  readonly state: Sdk.CapacityReservationState;
  /** When it began to keep room, or is to begin: milliseconds since the epoch. */
  readonly starts: number;
  /** When it ends by itself. */
  readonly ends: number | undefined;
  /** The placement group that its room is in. */
  readonly placementGroupId: string | undefined;
  /** The fleet that it is a part of, and how many units each of its instances counts there. */
  readonly fleet: { readonly id: string; readonly weight: number; readonly priority: number } | undefined;
  /** Of one that was asked for in advance. */
  readonly commitment: Commitment | undefined;
}

/** How long one that is over is still shown. */
const MEMORY_SECONDS = 3600;
/** How often room is looked for again that is overdue. */
const RETRY_SECONDS = 3600;
/** About how long EC2 takes to say whether another start can be had. */
const ADJUSTMENT_SECONDS = 60;

const reservationArn = ({ region }: Pick<Context, "region">, account: string, id: string): string =>
  `arn:aws:ec2:${region}:${account}:capacity-reservation/${id}`;

const date = (at: number | undefined): Date | undefined => (at === undefined ? undefined : new Date(at));

/** Room for instances of one kind that nobody else gets. */
export const capacityReservations = defineResource({
  type: "capacity-reservation",
  idPrefix: "cr",
  notFound: "InvalidCapacityReservationId.NotFound",
  malformed: "InvalidCapacityReservationId.Malformed",
  ids: "CapacityReservationIds",
  view: (row: CapacityReservation, { ctx, account, tags }): Sdk.CapacityReservation => {
    const used = usedBy(ctx, row);
    return {
      CapacityReservationId: row.id,
      CapacityReservationArn: reservationArn(ctx, account, row.id),
      CapacityReservationFleetId: row.fleet?.id,
      OwnerId: account,
      State: row.state,
      AvailabilityZone: row.zone,
      AvailabilityZoneId: findZone(ctx.region, row.zone)?.id,
      InstanceType: row.instanceType,
      InstancePlatform: row.platform,
      Tenancy: row.tenancy,
      TotalInstanceCount: row.count,
      AvailableInstanceCount: availableIn(ctx, row),
      CapacityAllocations: used > 0 ? [{ AllocationType: "used", Count: used }] : [],
      EbsOptimized: row.ebsOptimized,
      EphemeralStorage: row.ephemeralStorage,
      InstanceMatchCriteria: row.match,
      CreateDate: new Date(row.created),
      StartDate: new Date(row.starts),
      EndDate: date(row.ends),
      EndDateType: row.ends === undefined ? "unlimited" : "limited",
      PlacementGroupArn: viewGroup(ctx, row),
      ReservationType: "default",
      CommitmentInfo: row.commitment && {
        CommittedInstanceCount: row.commitment.count,
        CommitmentEndDate: new Date(row.commitment.chargedUntil ?? committedUntil(row)),
        CommitmentDuration: row.commitment.seconds,
      },
      AdjustmentStatus: row.commitment?.adjustment?.status,
      AdjustmentDetails: viewAdjustment(row),
      DeliveryPreference: row.commitment && "incremental",
      OriginalStartDate: date(row.commitment?.asked),
      LaunchStatus: keepsRoom(row) ? "launchable" : "unlaunchable",
      Interruptible: false,
      Tags: tags,
    };
  },
  filters: {
    "availability-zone": (row) => row.AvailabilityZone,
    "end-date": (row) => row.EndDate,
    "end-date-type": (row) => row.EndDateType,
    "instance-match-criteria": (row) => row.InstanceMatchCriteria,
    "instance-platform": (row) => row.InstancePlatform,
    "instance-type": (row) => row.InstanceType,
    "outpost-arn": (row) => row.OutpostArn,
    "owner-id": (row) => row.OwnerId,
    "placement-group-arn": (row) => row.PlacementGroupArn,
    "start-date": (row) => row.StartDate,
    state: (row) => row.State,
    tenancy: (row) => row.Tenancy,
  },
  indexes: {
    fleet: ({ fleet }) => fleet?.id,
    placementGroup: (row) => (keepsRoom(row) ? row.placementGroupId : undefined),
  },
  parents: { "placement-group": "placementGroup" },
  transitions: {
    assessed: (ctx, { id, state }) => {
      if (state === "assessing") capacityReservations.update(ctx, id, { state: "scheduled" });
    },
    start: (ctx, row) => {
      if (row.state === "scheduled" || row.state === "delayed") start(ctx, row);
    },
    adjust: (ctx, row) => adjust(ctx, row),
    expire: (ctx, row) => {
      // The end may have been taken back, or put off.
      if ((keepsRoom(row) || row.state === "delayed") && row.ends !== undefined && row.ends <= ctx.now)
        end(ctx, row, "expired");
    },
    woundDown: (ctx, row) => end(ctx, row, "cancelled"),
    forget: (ctx, { id }) => capacityReservations.delete(ctx, id),
  },
  pages: [1, 1000],
});

function viewGroup(ctx: Context, { placementGroupId: id }: CapacityReservation): string | undefined {
  const group = id === undefined ? undefined : placementGroups.table(ctx).get(id);
  return group && groupArn(ctx, group);
}

/** What a reservation is to be once the adjustment that was asked for is made. */
export function viewAdjustment({
  ends,
  commitment,
}: CapacityReservation): Sdk.CapacityReservationAdjustmentDetails | undefined {
  const { adjustment } = commitment ?? {};
  if (adjustment?.status !== "requested") return undefined;
  const { starts, seconds } = adjustment;
  return {
    StartDate: new Date(starts),
    EndDate: date(ends),
    EndDateType: ends === undefined ? "unlimited" : "limited",
    CommitmentDuration: seconds,
    CommitmentEndDate: new Date(starts + seconds * 1000),
  };
}

export const keepsRoom = ({ state }: Pick<CapacityReservation, "state">): boolean => state === "active";

/** Until when a reservation is neither cancelled without a charge nor made smaller: milliseconds since the epoch. */
export const committedUntil = ({ starts, commitment }: CapacityReservation): number =>
  starts + (commitment?.seconds ?? 0) * 1000;

/** How many instances run in it. */
export const usedBy = (ctx: Context, { id }: CapacityReservation): number =>
  instances.count(ctx, "capacityReservation", id);

/** How many more instances find room in it. */
export const availableIn = (ctx: Context, row: CapacityReservation): number =>
  keepsRoom(row) ? Math.max(row.count - usedBy(ctx, row), 0) : 0;

/** @throws {ApiError} InvalidCapacityReservationState */
export function checkActive({ id, state }: CapacityReservation): void {
  if (state !== "active") throw new ApiError("InvalidCapacityReservationState", id, state);
}

/** A reservation before it is there. */
export type PlannedReservation = Omit<CapacityReservation, "seq" | "created">;

/** What the hosts are to keep free and in use for a reservation. */
export function reserveRequestOf(unit: Unit, row: PlannedReservation, count = row.count): ReserveRequest {
  const { id, account, zone, instanceType, tenancy, placementGroupId } = row;
  const { family, memoryMiB, cores, threadsPerCore } = typeOf(row);
  const group =
    placementGroupId === undefined
      ? undefined
      : groupPlaceOf(unit, { id: placementGroupId, partition: undefined });
  return {
    id,
    count,
    account,
    zone,
    family,
    instanceType,
    memoryMiB,
    cores,
    threadsPerCore,
    tenancy,
    ...(group && { group }),
  };
}

/** How reservations call what an image says it is, where that is not the same. */
const platforms: ReadonlyMap<string, string> = new Map([
  ["Red Hat BYOL Linux", "Linux/UNIX"],
  ["Red Hat Enterprise Linux with HA", "RHEL with HA"],
  ...["Standard", "Enterprise", "Web"].flatMap((edition) => [
    [`Red Hat Enterprise Linux with SQL Server ${edition}`, `RHEL with SQL Server ${edition}`] as const,
    [
      `Red Hat Enterprise Linux with SQL Server ${edition} and HA`,
      `RHEL with HA and SQL Server ${edition}`,
    ] as const,
    [`SQL Server ${edition}`, `Linux with SQL Server ${edition}`] as const,
  ]),
]);

/** What of an instance decides on which reservations it fits. */
export type Matchable = Pick<Instance, "instanceType" | "image" | "zone" | "tenancy" | "placementGroup">;

/**
 * Whether an instance has the attributes of a reservation.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-capacity-reservations.html
 */
export const fitsIn = (
  { instanceType, image, zone, tenancy, placementGroup }: Matchable,
  row: PlannedReservation,
): boolean =>
  row.instanceType === instanceType &&
  row.platform === (platforms.get(image.platformDetails) ?? image.platformDetails) &&
  row.zone === zone &&
  row.tenancy === tenancy &&
  (row.placementGroupId === undefined || row.placementGroupId === placementGroup?.id);

/** The caller's open reservations with room for an instance, oldest first. */
export const openFor = (ctx: Context, instance: Matchable): CapacityReservation[] =>
  capacityReservations
    .own(ctx)
    .filter((row) => row.match === "open" && fitsIn(instance, row) && availableIn(ctx, row) > 0);

/** Puts an instance that runs into a reservation, or into none. */
export function assign(ctx: Context, { id, capacity }: Instance, reservationId: string | undefined): void {
  instances.update(ctx, id, { capacity: { ...capacity, reservationId } });
}

/** Sets when a reservation ends by itself; undefined for never. */
export function setEnd(
  ctx: Context,
  { id }: Pick<CapacityReservation, "id">,
  ends: number | undefined,
): void {
  capacityReservations.update(ctx, id, { ends });
  if (ends !== undefined) capacityReservations.later(ctx, id, "expire", (ends - ctx.now) / 1000);
}

/** One that was asked for in advance begins to keep room, or is late, for want of it. */
function start(ctx: Context, row: CapacityReservation): void {
  try {
    ctx.world.hosts.reserve(ctx, reserveRequestOf(ctx.unit, row));
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== "InsufficientInstanceCapacity") throw error;
    capacityReservations.update(ctx, row.id, { state: "delayed" });
    capacityReservations.later(ctx, row.id, "start", RETRY_SECONDS);
    return;
  }
  // "If a future-dated Capacity Reservation enters the delayed state, the commitment duration is waived."
  const { commitment, state } = row;
  capacityReservations.update(ctx, row.id, {
    state: "active",
    starts: ctx.now,
    commitment: commitment && state === "delayed" ? { ...commitment, seconds: 0 } : commitment,
  });
}

/** Asks for another start of one that is scheduled. */
export function requestAdjustment(
  ctx: Context,
  id: string,
  commitment: Commitment,
  terms: Omit<Adjustment, "status">,
): CapacityReservation {
  const adjustment = { ...terms, status: "requested" } as const;
  capacityReservations.soon(ctx, id, "adjust", ADJUSTMENT_SECONDS);
  return capacityReservations.update(ctx, id, { commitment: { ...commitment, adjustment } });
}

/** It begins when it was asked to, unless it is not to begin any more. */
function adjust(ctx: Context, { id, state, commitment }: CapacityReservation): void {
  const { adjustment } = commitment ?? {};
  if (!commitment || !adjustment) return;
  const { starts, seconds } = adjustment;
  if (state !== "scheduled") {
    const rejected = { ...adjustment, status: "rejected" } as const;
    capacityReservations.update(ctx, id, { commitment: { ...commitment, adjustment: rejected } });
    return;
  }
  const applied = { ...adjustment, status: "applied" } as const;
  capacityReservations.update(ctx, id, {
    starts,
    commitment: { ...commitment, seconds, adjustment: applied },
  });
  capacityReservations.later(ctx, id, "start", (starts - ctx.now) / 1000);
}

/** Keeps no room any more, in which no instance runs, and is cancelled when its charge ends. */
export function windDown(ctx: Context, id: string, commitment: Commitment, chargedUntil: number): void {
  capacityReservations.update(ctx, id, {
    state: "cancelling",
    commitment: { ...commitment, chargedUntil },
  });
  capacityReservations.later(ctx, id, "woundDown", (chargedUntil - ctx.now) / 1000);
}

/** Keeps no room any more: "instances running in the reserved capacity continue running". */
export function end(ctx: Context, row: CapacityReservation, state: "cancelled" | "expired"): void {
  for (const instance of instances.by(ctx, "capacityReservation", row.id)) assign(ctx, instance, undefined);
  capacityReservations.update(ctx, row.id, { state });
  capacityReservations.later(ctx, row.id, "forget", MEMORY_SECONDS);
}
