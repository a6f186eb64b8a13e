import type { InstanceRequirementsRequest } from "@aws-sdk/client-ec2";
import type { InstanceTypeFacts } from "./instanceTypes.ts";

/** A range of a request: either end may be open. */
type Range = { readonly Min?: number | undefined; readonly Max?: number | undefined };

/** Anything is within no range; a type that has nothing of the sort counts as 0. */
const within = (range: Range | undefined, value: number): boolean =>
  value >= (range?.Min ?? -Infinity) && value <= (range?.Max ?? Infinity);

/** One of the values, or no values asked for. */
const among = (asked: readonly string[] | undefined, has: (value: string) => boolean): boolean =>
  asked === undefined || asked.length === 0 || asked.some(has);

/** included: either; required: only with; excluded: only without. */
function allows(choice: "included" | "required" | "excluded" | undefined, has: boolean): boolean {
  return choice === undefined || choice === "included" || (choice === "required") === has;
}

/** How requests name makers of processors and accelerators. */
const makers: ReadonlyMap<string, string> = new Map([["AWS", "amazon-web-services"]]);
const maker = (name: string): string => makers.get(name) ?? name.toLowerCase();

/** The request knows no neuron devices of their own: Trainium counts with Inferentia as inference accelerator. */
const acceleratorType = { gpu: "gpu", fpga: "fpga", inference: "inference", neuron: "inference" } as const;

/** `Radeon Pro V520` is radeon-pro-v520 in a request. */
const acceleratorName = (name: string): string => name.toLowerCase().replaceAll(" ", "-");

function acceleratorsMeet({ devices }: InstanceTypeFacts, asked: InstanceRequirementsRequest): boolean {
  const count = devices === undefined ? 0 : Math.max(devices.count, 1);
  return (
    among(
      asked.AcceleratorTypes,
      (type) => devices !== undefined && acceleratorType[devices.kind] === type,
    ) &&
    among(
      asked.AcceleratorManufacturers,
      (name) => devices !== undefined && maker(devices.manufacturer) === name,
    ) &&
    among(
      asked.AcceleratorNames,
      (name) => devices !== undefined && acceleratorName(devices.name) === name,
    ) &&
    within(asked.AcceleratorCount, count) &&
    within(asked.AcceleratorTotalMemoryMiB, count * (devices?.memoryMiB ?? 0))
  );
}

function storeMeets({ instanceStore }: InstanceTypeFacts, asked: InstanceRequirementsRequest): boolean {
  return (
    allows(asked.LocalStorage, instanceStore !== undefined) &&
    // A type without local disks has none of the wrong kind; to rule it out is LocalStorage's part.
    (instanceStore === undefined ||
      among(asked.LocalStorageTypes, (type) => instanceStore.medium === type)) &&
    within(asked.TotalLocalStorageGB, instanceStore ? instanceStore.count * instanceStore.sizeGB : 0)
  );
}

/** Whether a name matches a pattern in which `*` stands for any characters: `c5*`, `m5a.*`, `*3*`. */
export function matchesPattern(pattern: string, name: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop();
  if (last === undefined) return name === pattern;
  if (!name.startsWith(first)) return false;
  let from = first.length;
  for (const part of rest) {
    const found = name.indexOf(part, from);
    if (found < 0) return false;
    from = found + part.length;
  }
  return name.length - last.length >= from && name.endsWith(last);
}

/**
 * Whether GetInstanceTypesFromInstanceRequirements and attribute-based selection name this type: every attribute with
 * its documented default (no metal, no burstable types, local storage or none, both generations), and at least one of
 * the architectures and virtualization types. Prices are no facts of a type, so price protection, which that operation
 * does not support either, and BaselinePerformanceFactors are not decided here.
 * @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceRequirementsRequest.html
 */
export function meetsRequirements(
  facts: InstanceTypeFacts,
  asked: InstanceRequirementsRequest,
  architectures: readonly string[],
  virtualization: readonly string[],
): boolean {
  const named = (pattern: string): boolean => matchesPattern(pattern, facts.name);
  return (
    architectures.some((arch) => facts.arch.includes(arch)) &&
    virtualization.some((type) => facts.virtualization.some((own) => own === type)) &&
    among(asked.AllowedInstanceTypes, named) &&
    !(asked.ExcludedInstanceTypes ?? []).some(named) &&
    within(asked.VCpuCount, facts.vcpus) &&
    within(asked.MemoryMiB, facts.memoryMiB) &&
    within(asked.MemoryGiBPerVCpu, facts.memoryMiB / 1024 / facts.vcpus) &&
    among(asked.CpuManufacturers, (name) => maker(facts.cpuManufacturer) === name) &&
    among(
      asked.InstanceGenerations,
      (generation) => (generation === "current") === facts.currentGeneration,
    ) &&
    allows(asked.BareMetal ?? "excluded", facts.bareMetal) &&
    allows(asked.BurstablePerformance ?? "excluded", facts.burstable) &&
    (asked.RequireHibernateSupport !== true || facts.hibernation) &&
    (asked.RequireEncryptionInTransit !== true || facts.encryptionInTransit) &&
    within(asked.NetworkInterfaceCount, facts.maxInterfaces) &&
    within(asked.NetworkBandwidthGbps, facts.networkBaselineGbps) &&
    within(asked.BaselineEbsBandwidthMbps, facts.ebs.baseline?.mbps ?? 0) &&
    storeMeets(facts, asked) &&
    acceleratorsMeet(facts, asked)
  );
}
