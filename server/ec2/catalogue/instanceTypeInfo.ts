import type {
  _InstanceType,
  ArchitectureType,
  BootModeType,
  EbsInfo,
  FpgaInfo,
  GpuInfo,
  InferenceAcceleratorInfo,
  InstanceStorageInfo,
  InstanceTypeInfo,
  NetworkCardInfo,
  NetworkInfo,
  NeuronInfo,
  SupportedAdditionalProcessorFeature,
  UsageClassType,
  VCpuInfo,
} from "@aws-sdk/client-ec2";
import type { EbsPerformance, InstanceTypeFacts } from "./instanceTypes.ts";

/**
 * One type as DescribeInstanceTypes answers. Members that EC2 has and the facts do not decide are left out:
 * BandwidthWeightings, the ENA queues of types where their number cannot be chosen, secondary networks, PhcSupport,
 * RebootMigrationSupport, MediaAcceleratorInfo.
 */
export function describeInstanceType(facts: InstanceTypeFacts): InstanceTypeInfo {
  const { devices } = facts;
  return {
    InstanceType: facts.name as _InstanceType,
    CurrentGeneration: facts.currentGeneration,
    FreeTierEligible: facts.freeTierEligible,
    SupportedUsageClasses: facts.usageClasses.map((usage) => usage as UsageClassType),
    SupportedRootDeviceTypes: [...facts.rootDevices],
    SupportedVirtualizationTypes: [...facts.virtualization],
    BareMetal: facts.bareMetal,
    ...(facts.hypervisor && { Hypervisor: facts.hypervisor }),
    ProcessorInfo: {
      SupportedArchitectures: facts.arch.map((arch) => arch as ArchitectureType),
      ...(facts.clockGhz !== undefined && { SustainedClockSpeedInGhz: facts.clockGhz }),
      ...processorFeatures(facts),
      Manufacturer: facts.cpuManufacturer,
    },
    VCpuInfo: vcpuInfo(facts),
    MemoryInfo: { SizeInMiB: facts.memoryMiB },
    InstanceStorageSupported: facts.instanceStore !== undefined,
    ...(facts.instanceStore && { InstanceStorageInfo: storageInfo(facts.instanceStore) }),
    EbsInfo: ebsInfo(facts),
    NetworkInfo: networkInfo(facts),
    ...(devices?.kind === "gpu" && { GpuInfo: gpuInfo(devices) }),
    ...(devices?.kind === "fpga" && { FpgaInfo: fpgaInfo(devices) }),
    ...(devices?.kind === "inference" && { InferenceAcceleratorInfo: inferenceInfo(devices) }),
    ...(devices?.kind === "neuron" && { NeuronInfo: neuronInfo(devices) }),
    PlacementGroupInfo: { SupportedStrategies: [...facts.placementStrategies] },
    HibernationSupported: facts.hibernation,
    BurstablePerformanceSupported: facts.burstable,
    DedicatedHostsSupported: facts.dedicatedHosts,
    AutoRecoverySupported: facts.autoRecovery,
    SupportedBootModes: facts.bootModes.map((mode) => mode as BootModeType),
    NitroEnclavesSupport: facts.nitroEnclaves ? "supported" : "unsupported",
    NitroTpmSupport: facts.nitroTpm ? "supported" : "unsupported",
    ...(facts.nitroTpm && { NitroTpmInfo: { SupportedVersions: ["2.0"] } }),
  };
}

/**
 * The vCPUs up to which AMD SEV-SNP can be switched on.
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/sev-snp.html
 */
const sevSnp: ReadonlyMap<string, number> = new Map([
  ["c6a", 64],
  ["m6a", 32],
  ["r6a", 16],
]);

/** CpuOptionsRequest: nested virtualization is for c8i, m8i, r8i and their flex variants. */
const nestedVirtualization = /^[cmr]8i(-flex)?$/;

function processorFeatures(facts: InstanceTypeFacts): {
  SupportedFeatures?: SupportedAdditionalProcessorFeature[];
} {
  if (facts.bareMetal) return {};
  if (facts.vcpus <= (sevSnp.get(facts.family) ?? 0)) return { SupportedFeatures: ["amd-sev-snp"] };
  return nestedVirtualization.test(facts.family) ? { SupportedFeatures: ["nested-virtualization"] } : {};
}

/**
 * Which cores can be chosen: any number where a core is one thread or on Xen, else one or even numbers, and not fewer
 * than four where there are 48 and more. EC2's lists, by type, follow this with few exceptions; metal has none.
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/cpu-options-supported-instances-values.html
 */
export function validCores({ cores, threadsPerCore, hypervisor }: InstanceTypeFacts): number[] {
  const any = threadsPerCore === 1 || (hypervisor === "xen" && cores < 18);
  const from = any || cores === 1 ? 1 : cores < 48 ? 2 : 4;
  return Array.from({ length: cores }, (_, i) => i + 1).filter(
    (n) => n >= from && (any || n === cores || n % 2 === 0),
  );
}

function vcpuInfo(facts: InstanceTypeFacts): VCpuInfo {
  return {
    DefaultVCpus: facts.vcpus,
    DefaultCores: facts.cores,
    DefaultThreadsPerCore: facts.threadsPerCore,
    ...(!facts.bareMetal && {
      ValidCores: validCores(facts),
      ValidThreadsPerCore: facts.threadsPerCore === 1 ? [1] : [1, 2],
    }),
  };
}

function storageInfo(store: NonNullable<InstanceTypeFacts["instanceStore"]>): InstanceStorageInfo {
  return {
    TotalSizeInGB: store.count * store.sizeGB,
    Disks: [{ SizeInGB: store.sizeGB, Count: store.count, Type: store.medium }],
    NvmeSupport: store.nvme,
    // The disks that are NVMe are encrypted by their own hardware, always.
    EncryptionSupport: store.nvme === "required" ? "required" : "unsupported",
  };
}

/** Families from before EBS encryption. @see https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html */
const withoutEbsEncryption: ReadonlySet<string> = new Set(["c1", "m1", "m2", "t1"]);

/** EC2 gives throughput in MB/s of 8 Mbit/s. */
const throughput = ({ mbps }: EbsPerformance): number => mbps / 8;

function ebsInfo({ family, hypervisor, ebs }: InstanceTypeFacts): EbsInfo {
  const { baseline, maximum } = ebs;
  return {
    EbsOptimizedSupport: ebs.optimized,
    EncryptionSupport: withoutEbsEncryption.has(family) ? "unsupported" : "supported",
    ...(baseline &&
      maximum && {
        EbsOptimizedInfo: {
          BaselineBandwidthInMbps: baseline.mbps,
          BaselineThroughputInMBps: throughput(baseline),
          BaselineIops: baseline.iops,
          MaximumBandwidthInMbps: maximum.mbps,
          MaximumThroughputInMBps: throughput(maximum),
          MaximumIops: maximum.iops,
        },
      }),
    NvmeSupport: ebs.nvme,
    MaximumEbsAttachments: ebs.maxAttachments,
    // Where volumes share their limit with interfaces and local disks, it is 28 in all, less those that are always there.
    AttachmentLimitType: hypervisor !== "xen" && ebs.maxAttachments >= 32 ? "dedicated" : "shared",
  };
}

/** Gbit/s of a first card that only serves ENA, beside cards for EFA; elsewhere all cards are alike. */
const enaOnlyCard: ReadonlyMap<string, number> = new Map([["p6-b300", 350]]);

function networkInfo(facts: InstanceTypeFacts): NetworkInfo {
  const ipv6 = facts.ipv6PerInterface > 0;
  const efaCards = facts.networkCards - (enaOnlyCard.has(facts.family) ? 1 : 0);
  return {
    NetworkPerformance: facts.networkPerformance,
    MaximumNetworkInterfaces: facts.maxInterfaces,
    MaximumNetworkCards: facts.networkCards,
    DefaultNetworkCardIndex: 0,
    NetworkCards: networkCards(facts),
    Ipv4AddressesPerInterface: facts.ipv4PerInterface,
    Ipv6AddressesPerInterface: facts.ipv6PerInterface,
    Ipv6Supported: ipv6,
    EnaSupport: facts.ena,
    EnaSrdSupported: facts.enaExpress,
    FlexibleEnaQueuesSupport: facts.enaQueues ? "supported" : "unsupported",
    EfaSupported: facts.efa,
    ...(facts.efa && { EfaInfo: { MaximumEfaInterfaces: efaCards } }),
    EncryptionInTransitSupported: facts.encryptionInTransit,
    ConnectionTrackingConfiguration: { DefaultTcpEstablishedTimeout: facts.tcpEstablishedTimeout },
  };
}

/** Interfaces, queues and bandwidth in equal parts, what does not divide on the first card. */
function networkCards(facts: InstanceTypeFacts): NetworkCardInfo[] {
  const { networkCards: count, maxInterfaces, enaQueues } = facts;
  const first = enaOnlyCard.get(facts.family);
  const share = (total: number, index: number): number =>
    first === undefined ? total / count : index === 0 ? first : (total - first) / (count - 1);
  return Array.from({ length: count }, (_, index) => ({
    NetworkCardIndex: index,
    NetworkPerformance:
      count === 1 ? facts.networkPerformance : `${share(facts.networkPeakGbps, index)} Gigabit`,
    MaximumNetworkInterfaces: Math.floor(maxInterfaces / count) + (index === 0 ? maxInterfaces % count : 0),
    BaselineBandwidthInGbps: share(facts.networkBaselineGbps, index),
    PeakBandwidthInGbps: share(facts.networkPeakGbps, index),
    ...(enaQueues && {
      DefaultEnaQueueCountPerInterface: enaQueues.usual,
      MaximumEnaQueueCountPerInterface: enaQueues.perInterface,
      MaximumEnaQueueCount: enaQueues.perInstance / count,
    }),
  }));
}

type Devices = NonNullable<InstanceTypeFacts["devices"]>;

/** Memory of all devices; a share of one counts as it is. */
const totalMemory = ({ count, memoryMiB }: Devices): number => Math.max(count, 1) * memoryMiB;

function gpuInfo(devices: Devices): GpuInfo {
  return {
    Gpus: [
      {
        Name: devices.name,
        Manufacturer: devices.manufacturer,
        Count: devices.count,
        LogicalGpuCount: Math.max(devices.count, 1),
        GpuPartitionSize: devices.fraction,
        MemoryInfo: { SizeInMiB: devices.memoryMiB },
      },
    ],
    TotalGpuMemoryInMiB: totalMemory(devices),
  };
}

/** FPGAs and inference accelerators are described alike. */
const device = ({ count, name, manufacturer, memoryMiB }: Devices) => ({
  Name: name,
  Manufacturer: manufacturer,
  Count: count,
  MemoryInfo: { SizeInMiB: memoryMiB },
});

function fpgaInfo(devices: Devices): FpgaInfo {
  return { Fpgas: [device(devices)], TotalFpgaMemoryInMiB: totalMemory(devices) };
}

function inferenceInfo(devices: Devices): InferenceAcceleratorInfo {
  return { Accelerators: [device(devices)], TotalInferenceMemoryInMiB: totalMemory(devices) };
}

function neuronInfo(devices: Devices): NeuronInfo {
  const { cores } = devices;
  return {
    NeuronDevices: [
      {
        Count: devices.count,
        Name: devices.name,
        ...(cores && { CoreInfo: { Count: cores.count, Version: cores.version } }),
        MemoryInfo: { SizeInMiB: devices.memoryMiB },
      },
    ],
    TotalNeuronDeviceMemoryInMiB: totalMemory(devices),
  };
}
