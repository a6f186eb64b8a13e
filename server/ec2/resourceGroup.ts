import { ApiError } from "../errors.ts";

/**
 * Groups of hosts and of Capacity Reservations are made by AWS Resource Groups, which is not here: none that a call names
 * is there.
 *
 * @throws {ApiError} InvalidParameterValue for any
 * @see https://github.com/hashicorp/terraform-provider-aws/issues/24645
 */
export function refuseResourceGroup(arn: string | undefined): void {
  if (arn === undefined) return;
  throw new ApiError("InvalidParameterValue", `The given resource group arn ${arn} does not exist.`);
}
