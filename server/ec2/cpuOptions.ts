import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { describeInstanceType, validCores } from "./catalogue/instanceTypeInfo.ts";
import type { InstanceTypeFacts } from "./catalogue/instanceTypes.ts";
import { checkStopped, instances, type CpuOptions, type Instance } from "./instance.ts";
import { typeOf } from "./instanceView.ts";

export const hasFeature = (
  type: InstanceTypeFacts,
  feature: Sdk.SupportedAdditionalProcessorFeature,
): boolean => describeInstanceType(type).ProcessorInfo?.SupportedFeatures?.includes(feature) ?? false;

/** What an instance of a type has when nobody asks for less. */
export const wholeCpu = ({ cores, threadsPerCore }: InstanceTypeFacts): CpuOptions => ({
  cores,
  threadsPerCore,
  amdSevSnp: undefined,
  nestedVirtualization: undefined,
});

function checkNumber(
  parameter: string,
  value: number,
  valid: readonly number[],
  { name }: InstanceTypeFacts,
) {
  if (!valid.includes(value)) {
    throw new ApiError(
      "InvalidParameterValue",
      `Value (${value}) for parameter ${parameter} is invalid. Valid values for the instance type '${name}': ${valid.join(", ")}`,
    );
  }
}

/**
 * The cores and threads that an instance of a type is to have.
 *
 * @throws {ApiError} MissingParameter for one without the other, InvalidParameterValue, InvalidParameterCombination
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/cpu-options-supported-instances-values.html
 */
export function readCpuOptions(type: InstanceTypeFacts, asked: Sdk.CpuOptionsRequest = {}): CpuOptions {
  const { CoreCount, ThreadsPerCore, AmdSevSnp, NestedVirtualization } = asked;
  if ((CoreCount === undefined) !== (ThreadsPerCore === undefined)) {
    throw new ApiError(
      "MissingParameter",
      "cpuOptions",
      "When specifying CpuOptions you must specify both CoreCount and ThreadsPerCore.",
    );
  }
  if (CoreCount !== undefined && ThreadsPerCore !== undefined) {
    const threads = type.bareMetal || type.threadsPerCore === 1 ? [type.threadsPerCore] : [1, 2];
    checkNumber("cpuOptions.coreCount", CoreCount, type.bareMetal ? [type.cores] : validCores(type), type);
    checkNumber("cpuOptions.threadsPerCore", ThreadsPerCore, threads, type);
  }
  if (AmdSevSnp === "enabled" && !hasFeature(type, "amd-sev-snp")) {
    throw new ApiError(
      "InvalidParameterCombination",
      `The instance type '${type.name}' does not support AMD SEV-SNP.`,
    );
  }
  if (NestedVirtualization === "enabled" && !hasFeature(type, "nested-virtualization")) {
    throw new ApiError(
      "InvalidParameterCombination",
      `The instance type '${type.name}' does not support nested virtualization.`,
    );
  }
  return {
    cores: CoreCount ?? type.cores,
    threadsPerCore: ThreadsPerCore ?? type.threadsPerCore,
    amdSevSnp: AmdSevSnp,
    nestedVirtualization: NestedVirtualization,
  };
}

/** Where instances with AMD SEV-SNP share hosts with others. */
const SEV_SNP_REGIONS: ReadonlySet<string> = new Set(["us-east-2", "eu-west-1"]);

/**
 * Makes sure that an instance can have AMD SEV-SNP, if it is to have it.
 *
 * @throws {ApiError} UnsupportedOperation, InvalidParameterCombination
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/sev-snp.html
 */
export function checkSevSnp(
  { region }: Pick<Context, "region">,
  { cpu, tenancy, hibernation, enclave }: Pick<Instance, "cpu" | "enclave" | "hibernation" | "tenancy">,
): void {
  if (cpu.amdSevSnp !== "enabled") return;
  if (tenancy !== "host" && !SEV_SNP_REGIONS.has(region)) {
    throw new ApiError(
      "UnsupportedOperation",
      `AMD SEV-SNP is not supported in ${region}, except on Dedicated Hosts.`,
    );
  }
  if (hibernation || enclave) {
    throw new ApiError(
      "InvalidParameterCombination",
      `Instances with AMD SEV-SNP do not support ${hibernation ? "hibernation" : "Nitro Enclaves"}.`,
    );
  }
}

export const operations = {
  ModifyInstanceCpuOptions: ({ InstanceId, CoreCount, ThreadsPerCore, NestedVirtualization }, ctx) => {
    const instance = instances.get(ctx, InstanceId);
    const asked = { CoreCount, ThreadsPerCore, NestedVirtualization };
    if (Object.values(asked).every((value) => value === undefined)) {
      throw new ApiError("MissingParameter", "coreCount");
    }
    const options = readCpuOptions(typeOf(instance), asked);
    checkStopped(instance);
    const { cpu } = instances.update(ctx, instance.id, {
      cpu: {
        ...instance.cpu,
        ...(CoreCount !== undefined && { cores: options.cores, threadsPerCore: options.threadsPerCore }),
        nestedVirtualization: NestedVirtualization ?? instance.cpu.nestedVirtualization,
      },
    });
    return {
      InstanceId: instance.id,
      CoreCount: cpu.cores,
      ThreadsPerCore: cpu.threadsPerCore,
      NestedVirtualization: cpu.nestedVirtualization,
    };
  },
} satisfies Handlers;
