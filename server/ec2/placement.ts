import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import {
  availableIn,
  capacityReservations,
  checkActive,
  fitsIn,
  openFor,
  type CapacityReservation,
  type Matchable,
} from "./capacityReservation.ts";
import type { InstanceTypeFacts } from "./catalogue/instanceTypes.ts";
import {
  autoPlacementHosts,
  availableHost,
  dedicatedHosts,
  takes,
  takesCpuOptions,
  takesType,
} from "./dedicatedHost.ts";
import { joinGroup } from "./groupMembership.ts";
import { launchRequestOf, type HostChoice, type Instance, type Placeable } from "./instance.ts";
import { typeOf } from "./instanceView.ts";
import { lacksLaunchCredits, noteStart } from "./launchCredits.ts";
import { roomInQuota } from "./vcpuQuota.ts";

/** An instance that is to run. */
type Starting = Placeable & Matchable;

/** Where it was decided that an instance runs. */
type Place = Pick<Instance, "capacity" | "dedicatedHost" | "placementGroup">;
type Placed = Place & Pick<Instance, "noLaunchCredits">;

const badCombination = (message: string): ApiError => new ApiError("InvalidParameterCombination", message);

/** @throws {ApiError} InvalidParameterValue, InvalidParameterCombination without tenancy `host` */
export function readAffinity(tenancy: Sdk.Tenancy, asked: string | undefined): Sdk.Affinity | undefined {
  if (asked === undefined) return undefined;
  if (asked !== "default" && asked !== "host") {
    throw new ApiError(
      "InvalidParameterValue",
      `Value (${asked}) for parameter affinity is invalid. Valid values: default, host`,
    );
  }
  if (tenancy !== "host") {
    throw badCombination("The parameter affinity cannot be used without specifying a tenancy of 'host'");
  }
  return asked;
}

/**
 * Makes sure that a Dedicated Host takes an instance, as far as that does not depend on its room.
 *
 * @throws {ApiError} InvalidParameterCombination, InvalidHostID.NotFound, InvalidHostID.Malformed, InvalidHostState,
 *   ZonesMismatched, UnsupportedInstanceTypeOnHost
 */
export function checkHost(
  ctx: Context,
  id: string,
  instance: Pick<Instance, "tenancy" | "zone" | "cpu">,
  type: InstanceTypeFacts,
): void {
  const { tenancy, zone } = instance;
  if (tenancy !== "host") {
    throw badCombination("The parameter hostId cannot be used without specifying a tenancy of 'host'");
  }
  const host = availableHost(ctx, id);
  if (host.zone !== zone) throw new ApiError("ZonesMismatched", id);
  if (!takesType(host, type)) throw new ApiError("UnsupportedInstanceTypeOnHost", type.name, id);
  if (!takesCpuOptions(host, instance)) {
    throw badCombination(`The Dedicated Host '${id}' does not support AMD SEV-SNP.`);
  }
}

/**
 * The Dedicated Host that a launch asks for; undefined for another tenancy.
 *
 * @throws {ApiError} as `readAffinity` and `checkHost`
 */
export function readHost(
  ctx: Context,
  instance: Pick<Instance, "tenancy" | "zone" | "cpu">,
  type: InstanceTypeFacts,
  { Affinity, HostId }: Pick<Sdk.Placement, "Affinity" | "HostId">,
): HostChoice | undefined {
  const { tenancy } = instance;
  const affinity = readAffinity(tenancy, Affinity) ?? "default";
  if (HostId !== undefined) checkHost(ctx, HostId, instance, type);
  return tenancy === "host" ? { id: HostId, affinity, only: HostId !== undefined } : undefined;
}

/**
 * The hosts that an instance may go to, the best first: its own with affinity; or else that on which it ran last, and
 * those with auto-placement.
 *
 * @throws {ApiError} as `checkHost`, InsufficientHostCapacity if there are none
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/dedicated-hosts-understanding.html
 */
function hostsFor(ctx: Context, instance: Starting, { id, only }: HostChoice): readonly string[] {
  const type = typeOf(instance);
  if (id !== undefined && only) {
    checkHost(ctx, id, instance, type);
    return [id];
  }
  const last = id === undefined ? undefined : dedicatedHosts.find(ctx, id);
  const among = new Set([
    ...(last && takes(last, instance, type) ? [last.id] : []),
    ...autoPlacementHosts(ctx, instance, type).map((host) => host.id),
  ]);
  if (among.size === 0) throw new ApiError("InsufficientHostCapacity");
  return [...among];
}

function placeOnHost(ctx: Context, instance: Starting, choice: HostChoice): Place {
  const [first, ...others] = hostsFor(ctx, instance, choice);
  const request = launchRequestOf(ctx.unit, { ...instance, dedicatedHost: undefined }, ctx.now);
  const id = ctx.world.hosts.launch(ctx, {
    ...request,
    ...(choice.only && first !== undefined ? { host: first } : { among: [first ?? "", ...others] }),
  });
  const { affinity } = choice;
  const { capacity, placementGroup } = instance;
  return { capacity, placementGroup, dedicatedHost: { id, affinity, only: affinity === "host" } };
}

/**
 * The reservations that an instance would run in, the one it names or else those that are open for it.
 *
 * @throws {ApiError} InvalidCapacityReservationId.NotFound, InvalidCapacityReservationState for the one that it names
 */
function reservationsFor(ctx: Context, instance: Starting): readonly CapacityReservation[] {
  const { preference, target } = instance.capacity;
  if (instance.tenancy === "host" || preference === "none") return [];
  if (target === undefined) return openFor(ctx, instance);
  const row = capacityReservations.get(ctx, target);
  checkActive(row);
  return fitsIn(instance, row) && availableIn(ctx, row) > 0 ? [row] : [];
}

/** Whether there was room for an instance in the reservation that it is to be in. */
function fits(ctx: Context, instance: Starting): boolean {
  try {
    ctx.world.hosts.launch(ctx, launchRequestOf(ctx.unit, instance, ctx.now));
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.code === "ReservationCapacityExceeded") return false;
    throw error;
  }
}

/** A host for an instance, as its tenancy, its group and its choice of reservations ask for. */
function placeAnywhere(ctx: Context, instance: Starting): Place {
  const { dedicatedHost } = instance;
  if (dedicatedHost) return placeOnHost(ctx, instance, dedicatedHost);
  const { preference, target } = instance.capacity;
  const placementGroup = joinGroup(ctx, instance);
  const member = { ...instance, placementGroup };
  for (const { id: reservationId } of reservationsFor(ctx, member)) {
    const capacity = { ...instance.capacity, reservationId };
    if (fits(ctx, { ...member, capacity })) return { capacity, placementGroup, dedicatedHost };
  }
  if (target !== undefined || preference === "capacity-reservations-only") {
    throw new ApiError("ReservationCapacityExceeded");
  }
  const capacity = { ...instance.capacity, reservationId: undefined };
  ctx.world.hosts.launch(ctx, launchRequestOf(ctx.unit, { ...member, capacity }, ctx.now));
  return { capacity, placementGroup, dedicatedHost };
}

/**
 * Gives an instance that is to run a host.
 *
 * @returns what was decided with that, for its row
 * @throws {ApiError} InsufficientInstanceCapacity, InsufficientHostCapacity, InsufficientCapacityOnHost,
 *   ReservationCapacityExceeded, InvalidPlacementGroup.InUse, or what is wrong with what it names
 */
export function place(ctx: Context, instance: Starting): Placed {
  const noLaunchCredits = lacksLaunchCredits(ctx, instance);
  const starting = { ...instance, noLaunchCredits };
  const placed = placeAnywhere(ctx, starting);
  noteStart(ctx, starting);
  return { ...placed, noLaunchCredits };
}

/**
 * How many instances like this one may run, by the quota on vCPUs. It does not count those on Dedicated Hosts, and has
 * counted what is reserved.
 *
 * @throws {ApiError} VcpuLimitExceeded if that is less than `least`
 */
export function countInQuota(ctx: Context, instance: Starting, least: number): number {
  if (instance.tenancy === "host") return Number.POSITIVE_INFINITY;
  if (!ctx.quotas) return Number.POSITIVE_INFINITY;
  const reserved = reservationsFor(ctx, instance).reduce((sum, row) => sum + availableIn(ctx, row), 0);
  return roomInQuota(ctx, typeOf(instance), least, reserved);
}
