import { ApiError } from "../errors.ts";
import { zonesOf, type Zone } from "./catalogue/zones.ts";

interface NamesZone {
  readonly AvailabilityZone?: string | undefined;
  readonly AvailabilityZoneId?: string | undefined;
}

/**
 * The zone that a call names, by its name or by its id.
 *
 * @throws {ApiError} InvalidParameterCombination, MissingParameter, InvalidParameterValue
 */
export function readZone(
  { region }: { readonly region: string },
  { AvailabilityZone: name, AvailabilityZoneId: id }: NamesZone,
): Zone {
  if (name !== undefined && id !== undefined) {
    throw new ApiError(
      "InvalidParameterCombination",
      "The parameter availabilityZone cannot be used with the parameter availabilityZoneId",
    );
  }
  const asked = name ?? id;
  if (asked === undefined) throw new ApiError("MissingParameter", "availabilityZone");
  const zone = zonesOf(region).find((each) => each.name === name || each.id === id);
  if (!zone) throw new ApiError("InvalidParameterValue", `Invalid availability zone: [${asked}]`);
  return zone;
}
