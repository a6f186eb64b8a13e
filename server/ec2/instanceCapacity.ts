import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { capacityReservations } from "./capacityReservation.ts";
import { checkStopped, instances, type CapacityChoice } from "./instance.ts";
import { refuseResourceGroup } from "./resourceGroup.ts";

const badCombination = (message: string): ApiError => new ApiError("InvalidParameterCombination", message);

/** @throws {ApiError} InvalidParameterCombination, InvalidParameterValue, InvalidCapacityReservationId.NotFound */
function readTarget(ctx: Context, target: Sdk.CapacityReservationTarget | undefined): string | undefined {
  if (!target) return undefined;
  const { CapacityReservationId: id, CapacityReservationResourceGroupArn: arn } = target;
  if (id !== undefined && arn !== undefined) {
    throw badCombination(
      "The parameter capacityReservationId cannot be used with the parameter capacityReservationResourceGroupArn",
    );
  }
  refuseResourceGroup(arn);
  return id === undefined ? undefined : capacityReservations.get(ctx, id).id;
}

/**
 * How an instance is to use Capacity Reservations: by default those that are open for it.
 *
 * @throws {ApiError} as `readTarget`
 */
export function readCapacity(
  ctx: Context,
  tenancy: Sdk.Tenancy,
  asked: Sdk.CapacityReservationSpecification = {},
): CapacityChoice {
  const target = readTarget(ctx, asked.CapacityReservationTarget);
  const { CapacityReservationPreference: preference = target === undefined ? "open" : undefined } = asked;
  if (target !== undefined && (preference === "open" || preference === "none")) {
    throw badCombination(
      `A Capacity Reservation target cannot be used with the capacityReservationPreference '${preference}'.`,
    );
  }
  if (tenancy === "host" && (target !== undefined || preference === "capacity-reservations-only")) {
    throw badCombination("Capacity Reservations cannot be used with Dedicated Hosts.");
  }
  return { preference, target, reservationId: undefined };
}

export const operations = {
  ModifyInstanceCapacityReservationAttributes: (
    { InstanceId, CapacityReservationSpecification: asked },
    ctx,
  ) => {
    const instance = instances.get(ctx, InstanceId);
    if (asked.CapacityReservationPreference === undefined && !asked.CapacityReservationTarget) {
      throw new ApiError("MissingParameter", "capacityReservationPreference or capacityReservationTarget");
    }
    const capacity = readCapacity(ctx, instance.tenancy, asked);
    checkStopped(instance);
    instances.update(ctx, instance.id, { capacity });
    return { Return: true };
  },
} satisfies Handlers;
