import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../../errors.ts";
import type { Context } from "../../kit/context.ts";
import { offeredIn } from "../catalogue/offerings.ts";
import { findInstanceType, type InstanceTypeFacts } from "../catalogue/instanceTypes.ts";

/** What a launch gets that names no type. @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html */
const DEFAULT_TYPE = "m1.small";

/** What of an image decides on which types it boots. */
interface Bootable {
  readonly architecture: Sdk.ArchitectureValues;
  readonly bootMode?: Sdk.BootModeValues | undefined;
  readonly enaSupport: boolean;
}

/** @throws {ApiError} InvalidParameterValue for a type that islet does not know */
export function readInstanceType(asked: string = DEFAULT_TYPE): InstanceTypeFacts {
  const type = findInstanceType(asked);
  if (!type) throw new ApiError("InvalidParameterValue", `Invalid value '${asked}' for InstanceType.`);
  return type;
}

/** @throws {ApiError} Unsupported if the zone does not have the type */
export function checkOffered(ctx: Context, { name }: InstanceTypeFacts, zone: string): void {
  if (!offeredIn(ctx.region, zone, name)) {
    throw new ApiError(
      "Unsupported",
      `Your requested instance type (${name}) is not supported in your requested Availability Zone (${zone}).`,
    );
  }
}

/**
 * Makes sure that an image boots on a type.
 *
 * @throws {ApiError} InvalidParameterValue for another architecture or boot mode, InvalidParameterCombination for an
 *   image that lacks the network driver
 */
export function checkBootable(
  { name, arch, bootModes, ena }: InstanceTypeFacts,
  { architecture, bootMode, enaSupport }: Bootable,
): void {
  if (!arch.includes(architecture)) {
    throw new ApiError(
      "InvalidParameterValue",
      `The architecture '${arch.join(",")}' of the specified instance type does not match the architecture '${architecture}' of the specified AMI. Specify an instance type and an AMI that have matching architectures, and try again. You can use 'describe-instance-types' or 'describe-images' to discover the architecture of the instance type or AMI.`,
    );
  }
  if (bootMode === "uefi" && !bootModes.includes("uefi")) {
    throw new ApiError(
      "InvalidParameterValue",
      `The instance type '${name}' does not support an AMI with a boot mode of UEFI. Only instance types built on the Nitro System support UEFI. Specify an instance type that supports UEFI, and try again.`,
    );
  }
  if (bootMode === "legacy-bios" && !bootModes.includes("legacy-bios")) {
    throw new ApiError(
      "InvalidParameterValue",
      `The instance type '${name}' does not support an AMI with a boot mode of Legacy BIOS. Specify an instance type that supports Legacy BIOS, and try again.`,
    );
  }
  if (ena === "required" && !enaSupport) {
    throw new ApiError(
      "InvalidParameterCombination",
      `Enhanced networking with the Elastic Network Adapter (ENA) is required for the '${name}' instance type. Ensure that you are using an AMI that is enabled for ENA.`,
    );
  }
}

/** @throws {ApiError} InvalidParameterCombination */
export function checkEbsOptimized({ name, ebs }: InstanceTypeFacts, asked: boolean | undefined): void {
  if (asked && ebs.optimized === "unsupported") {
    throw new ApiError(
      "InvalidParameterCombination",
      `EBS-optimized instances are not supported for the instance type '${name}'.`,
    );
  }
}
