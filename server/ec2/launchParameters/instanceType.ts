import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../../errors.ts";
import type { Context } from "../../kit/context.ts";
import { offeredIn } from "../catalogue/offerings.ts";
import { findInstanceType, type InstanceTypeFacts } from "../catalogue/instanceTypes.ts";
import { checkEnaExpress } from "../enaSettings.ts";
import type { NetworkInterface } from "../networkInterface.ts";

/** What a launch gets that names no type. @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html */
const DEFAULT_TYPE = "m1.small";

/** What of an image decides on which types it boots. */
interface Bootable {
  readonly architecture: Sdk.ArchitectureValues;
  readonly bootMode?: Sdk.BootModeValues | undefined;
  readonly enaSupport: boolean;
  readonly nitroTpm: boolean;
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
 *   image that lacks the network driver or wants a NitroTPM that is not there
 */
export function checkBootable(
  { name, arch, bootModes, ena, ...type }: InstanceTypeFacts,
  { architecture, bootMode, enaSupport, nitroTpm }: Bootable,
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
  if (ena === "required" && !enaSupport) {
    throw new ApiError(
      "InvalidParameterCombination",
      `Enhanced networking with the Elastic Network Adapter (ENA) is required for the '${name}' instance type. Ensure that you are using an AMI that is enabled for ENA.`,
    );
  }
  if (nitroTpm && !type.nitroTpm) {
    throw new ApiError(
      "InvalidParameterCombination",
      `The instance type '${name}' does not support NitroTPM, which the specified AMI requires.`,
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

/** @throws {ApiError} AttachmentLimitExceeded */
export function checkInterfaceCount({ name, maxInterfaces }: InstanceTypeFacts, count: number): void {
  if (count > maxInterfaces) {
    throw new ApiError("AttachmentLimitExceeded", `Interface count ${count} exceeds the limit for ${name}`);
  }
}

/** @throws {ApiError} AttachmentLimitExceeded */
export function checkVolumeCount({ ebs }: InstanceTypeFacts, count: number): void {
  if (count > ebs.maxAttachments) {
    throw new ApiError(
      "AttachmentLimitExceeded",
      `You may attach up to ${ebs.maxAttachments} devices for this instance type. Please use a larger instance size to attach more volumes.`,
    );
  }
}

/**
 * Makes sure that a type bears the kind, the addresses and the attachment of an interface; a prefix counts like an
 * address.
 *
 * @throws {ApiError} InvalidParameterCombination, InvalidInterface.IpAddressLimitExceeded
 */
export function checkInterface(type: InstanceTypeFacts, eni: NetworkInterface): void {
  const ipv4 = eni.privateAddresses.length + eni.ipv4Prefixes.length;
  const ipv6 = eni.ipv6Addresses.length + eni.ipv6Prefixes.length;
  if (ipv6 > 0 && type.ipv6PerInterface === 0) {
    throw new ApiError(
      "InvalidParameterCombination",
      `IPv6 is not supported for the instance type '${type.name}'.`,
    );
  }
  if (ipv4 > type.ipv4PerInterface || ipv6 > type.ipv6PerInterface) {
    throw new ApiError(
      "InvalidInterface.IpAddressLimitExceeded",
      `The number of IP addresses of a network interface exceeds the limit for ${type.name}.`,
    );
  }
  if (eni.interfaceType !== "interface" && !type.efa) {
    throw new ApiError("InvalidParameterCombination", `EFA interfaces are not supported on ${type.name}.`);
  }
  if (eni.attachment) checkEnaExpress(type, eni.attachment);
}
