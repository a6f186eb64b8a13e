import { ApiError } from "../../errors.ts";
import type { InstanceTypeFacts } from "../catalogue/instanceTypes.ts";
import type { Volume } from "../volume.ts";

/** "Instance RAM size must be less than 150 GiB." */
const MAX_HIBERNATING_MIB = 150 * 1024;
/** "Windows – must be less than or equal to 16 GiB." */
const MAX_HIBERNATING_WINDOWS_MIB = 16 * 1024;

/**
 * Makes sure that the memory of an instance can be kept on its root volume.
 *
 * @throws {ApiError} UnsupportedHibernationConfiguration
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/hibernating-prerequisites.html
 */
export function checkHibernation(
  { name, hibernation, memoryMiB }: InstanceTypeFacts,
  root: Pick<Volume, "encrypted" | "size"> | undefined,
  platform?: "windows",
): void {
  const refuse = (message: string): ApiError => new ApiError("UnsupportedHibernationConfiguration", message);
  if (!hibernation || memoryMiB >= MAX_HIBERNATING_MIB) {
    throw refuse(`The instance type '${name}' does not support hibernation.`);
  }
  if (platform === "windows" && memoryMiB > MAX_HIBERNATING_WINDOWS_MIB) {
    throw refuse(`The instance type '${name}' has too much memory for hibernation with Windows.`);
  }
  if (!root?.encrypted) {
    throw refuse("For hibernation, the root device volume must be encrypted.");
  }
  if (root.size * 1024 < memoryMiB) {
    throw refuse(
      `The root volume is too small for the ${memoryMiB} MiB of memory of an instance of type '${name}'.`,
    );
  }
}

/**
 * @throws {ApiError} InvalidParameterCombination, Unsupported
 * @see https://docs.aws.amazon.com/enclaves/latest/user/nitro-enclave.html#nitro-enclave-reqs
 */
export function checkEnclave({ name, nitroEnclaves }: InstanceTypeFacts, hibernation: boolean): void {
  if (hibernation) {
    throw new ApiError(
      "InvalidParameterCombination",
      "Hibernation and Nitro Enclaves cannot be enabled on the same instance.",
    );
  }
  if (!nitroEnclaves) {
    throw new ApiError("Unsupported", `Nitro Enclaves are not supported for the instance type '${name}'.`);
  }
}
