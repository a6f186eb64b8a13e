import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { InstanceTypeInfo } from "@aws-sdk/client-ec2";
import { describe, expect, it } from "vitest";
import { instanceTypeFilters } from "../../../server/ec2/catalogue/instanceTypeFilters.ts";
import { describeInstanceType, validCores } from "../../../server/ec2/catalogue/instanceTypeInfo.ts";
import { allInstanceTypes, findInstanceType } from "../../../server/ec2/catalogue/instanceTypes.ts";
import { offeringFilters } from "../../../server/ec2/catalogue/offerings.ts";
import { regionFilters } from "../../../server/ec2/catalogue/regions.ts";
import { zoneFilters } from "../../../server/ec2/catalogue/zones.ts";

const facts = (name: string) => findInstanceType(name) ?? expect.unreachable(`no ${name}`);
const described = (name: string): InstanceTypeInfo => describeInstanceType(facts(name));
const features = (name: string) => described(name).ProcessorInfo?.SupportedFeatures;
const filter = (name: string, type: string) => instanceTypeFilters[name]?.(described(type));

describe("describeInstanceType", () => {
  it("describes a usual type in full", () => {
    expect(described("m5d.xlarge")).toEqual({
      InstanceType: "m5d.xlarge",
      CurrentGeneration: true,
      FreeTierEligible: false,
      SupportedUsageClasses: ["on-demand", "spot"],
      SupportedRootDeviceTypes: ["ebs"],
      SupportedVirtualizationTypes: ["hvm"],
      BareMetal: false,
      Hypervisor: "nitro",
      ProcessorInfo: {
        SupportedArchitectures: ["x86_64"],
        SustainedClockSpeedInGhz: 3.1,
        Manufacturer: "Intel",
      },
      VCpuInfo: {
        DefaultVCpus: 4,
        DefaultCores: 2,
        DefaultThreadsPerCore: 2,
        ValidCores: [2],
        ValidThreadsPerCore: [1, 2],
      },
      MemoryInfo: { SizeInMiB: 16_384 },
      InstanceStorageSupported: true,
      InstanceStorageInfo: {
        TotalSizeInGB: 150,
        Disks: [{ SizeInGB: 150, Count: 1, Type: "ssd" }],
        NvmeSupport: "required",
        EncryptionSupport: "required",
      },
      EbsInfo: {
        EbsOptimizedSupport: "default",
        EncryptionSupport: "supported",
        EbsOptimizedInfo: {
          BaselineBandwidthInMbps: 1150,
          BaselineThroughputInMBps: 143.75,
          BaselineIops: 6000,
          MaximumBandwidthInMbps: 4750,
          MaximumThroughputInMBps: 593.75,
          MaximumIops: 18_750,
        },
        NvmeSupport: "required",
        MaximumEbsAttachments: 26,
        AttachmentLimitType: "shared",
      },
      NetworkInfo: {
        NetworkPerformance: "Up to 10 Gigabit",
        MaximumNetworkInterfaces: 4,
        MaximumNetworkCards: 1,
        DefaultNetworkCardIndex: 0,
        NetworkCards: [
          {
            NetworkCardIndex: 0,
            NetworkPerformance: "Up to 10 Gigabit",
            MaximumNetworkInterfaces: 4,
            BaselineBandwidthInGbps: 1.25,
            PeakBandwidthInGbps: 10,
          },
        ],
        Ipv4AddressesPerInterface: 15,
        Ipv6AddressesPerInterface: 15,
        Ipv6Supported: true,
        EnaSupport: "required",
        EnaSrdSupported: false,
        FlexibleEnaQueuesSupport: "unsupported",
        EfaSupported: false,
        EncryptionInTransitSupported: false,
        ConnectionTrackingConfiguration: { DefaultTcpEstablishedTimeout: 432_000 },
      },
      PlacementGroupInfo: { SupportedStrategies: ["cluster", "partition", "spread"] },
      HibernationSupported: true,
      BurstablePerformanceSupported: false,
      DedicatedHostsSupported: true,
      AutoRecoverySupported: false,
      SupportedBootModes: ["legacy-bios", "uefi"],
      NitroEnclavesSupport: "supported",
      NitroTpmSupport: "supported",
      NitroTpmInfo: { SupportedVersions: ["2.0"] },
    });
  });

  it("leaves out what metal has not", () => {
    const { Hypervisor, VCpuInfo, NitroTpmInfo } = described("m5.metal");
    expect(Hypervisor).toBeUndefined();
    expect(VCpuInfo).toEqual({ DefaultVCpus: 96, DefaultCores: 48, DefaultThreadsPerCore: 2 });
    expect(NitroTpmInfo).toBeUndefined();
  });

  it("shares interfaces and bandwidth out among cards", () => {
    for (const type of allInstanceTypes()) {
      const { NetworkInfo: info } = describeInstanceType(type);
      const cards = info?.NetworkCards ?? [];
      const sum = (of: (card: (typeof cards)[number]) => number | undefined) =>
        cards.reduce((total, card) => total + (of(card) ?? NaN), 0);
      expect(cards).toHaveLength(type.networkCards);
      expect(sum((card) => card.MaximumNetworkInterfaces)).toBe(type.maxInterfaces);
      expect(sum((card) => card.PeakBandwidthInGbps)).toBeCloseTo(type.networkPeakGbps, 6);
    }
    expect(described("p6-b300.48xlarge").NetworkInfo?.NetworkCards?.slice(0, 2)).toMatchObject([
      { PeakBandwidthInGbps: 350 },
      { PeakBandwidthInGbps: 400 },
    ]);
  });

  // From the tables of the pages ena-express and ena-queues of the EC2 User Guide.
  it.each([
    ["m6a.8xlarge", false],
    ["m6a.12xlarge", true],
    ["m7g.metal", true],
    ["c7gn.2xlarge", false],
    ["c7gn.4xlarge", true],
    ["r8gn.metal-24xl", true],
    ["m8i-flex.16xlarge", false],
    ["i7ie.3xlarge", false],
    ["i8ge.6xlarge", true],
    ["u7in-32tb.224xlarge", true],
    ["p5en.48xlarge", true],
    ["x8aedz.12xlarge", false],
  ])("knows of %s that ENA Express is supported: %s", (name, supported) => {
    expect(described(name).NetworkInfo?.EnaSrdSupported).toBe(supported);
  });

  it.each([
    ["m5.large", undefined],
    ["m6i.metal", undefined],
    ["c6id.24xlarge", [8, 32, 120]],
    ["c6in.24xlarge", [32, 32, 480]],
    ["m8a.medium", [1, 1, 3]],
    ["m8gn.medium", [1, 1, 2]],
    ["r8gb.metal-24xl", [32, 128, 768]],
    ["r8i.32xlarge", [16, 128, 512]],
    ["c8i.metal-96xl", [32, 128, 1536]],
    ["m8i-flex.4xlarge", [4, 8, 32]],
    ["r8ib.24xlarge", [16, 128, 256]],
    ["x8aedz.3xlarge", [4, 16, 48]],
    ["m8azn.metal-12xl", [8, 64, 192]],
    ["c8ine.4xlarge", [16, 16, 128]],
    ["i8ge.18xlarge", [16, 128, 288]],
    ["hpc8a.96xlarge", [32, 128, 512]],
  ])("knows the ENA queues of %s: %j", (name, queues) => {
    const { FlexibleEnaQueuesSupport, NetworkCards = [] } = described(name).NetworkInfo ?? {};
    const [card] = NetworkCards;
    expect(FlexibleEnaQueuesSupport).toBe(queues ? "supported" : "unsupported");
    expect(card?.DefaultEnaQueueCountPerInterface).toBe(queues?.[0]);
    expect(card?.MaximumEnaQueueCountPerInterface).toBe(queues?.[1]);
    const sum = NetworkCards.reduce((total, each) => total + (each.MaximumEnaQueueCount ?? 0), 0);
    expect(sum).toBe(queues?.[2] ?? 0);
  });

  it("describes whole GPUs and shares of one", () => {
    expect(described("g4dn.12xlarge").GpuInfo).toEqual({
      Gpus: [
        {
          Name: "T4",
          Manufacturer: "NVIDIA",
          Count: 4,
          LogicalGpuCount: 4,
          GpuPartitionSize: 1,
          MemoryInfo: { SizeInMiB: 16_384 },
        },
      ],
      TotalGpuMemoryInMiB: 65_536,
    });
    expect(described("g6f.large").GpuInfo).toMatchObject({
      Gpus: [{ Name: "L4", Count: 0, LogicalGpuCount: 1, GpuPartitionSize: 0.125 }],
      TotalGpuMemoryInMiB: 2861,
    });
  });

  it("knows which processors have which features", () => {
    expect(features("m6a.large")).toEqual(["amd-sev-snp"]);
    expect(features("m6a.48xlarge")).toBeUndefined();
    expect(features("r8i-flex.large")).toEqual(["nested-virtualization"]);
    expect(features("m5.large")).toBeUndefined();
  });

  it.each([
    ["m5.large", [1]],
    ["m5.2xlarge", [2, 4]],
    ["m6g.xlarge", [1, 2, 3, 4]],
    ["c4.2xlarge", [1, 2, 3, 4]],
    ["t2.micro", [1]],
  ])("offers %s the cores %j", (name, cores) => {
    expect(validCores(facts(name))).toEqual(cores);
  });

  it("always offers the default number of cores", () => {
    for (const type of allInstanceTypes()) expect(validCores(type).at(-1)).toBe(type.cores);
    expect(validCores(facts("m5.24xlarge"))[0]).toBe(4);
  });
});

describe("instanceTypeFilters", () => {
  it("read lists as lists of strings", () => {
    expect(filter("instance-storage-info.disk.size-in-gb", "m5d.xlarge")).toEqual(["150"]);
    expect(filter("vcpu-info.valid-cores", "m5.4xlarge")).toEqual(["2", "4", "6", "8"]);
    expect(filter("vcpu-info.valid-threads-per-core", "m5.large")).toEqual(["1", "2", "1,2"]);
    expect(filter("vcpu-info.valid-threads-per-core", "m6g.large")).toEqual(["1"]);
    expect(filter("processor-info.supported-architecture", "t2.micro")).toEqual(["i386", "x86_64"]);
  });

  it("are undefined where a type has nothing of the sort", () => {
    expect(filter("hypervisor", "m5.metal")).toBeUndefined();
    expect(filter("instance-storage-info.total-size-in-gb", "m5.large")).toBeUndefined();
  });

  /** Facts do not decide these: no type has a value. */
  const undecided = new Set(["network-info.bandwidth-weightings", "reboot-migration-support"]);

  it.each(Object.keys(instanceTypeFilters).filter((name) => !undecided.has(name)))(
    "%s has a value for some type",
    (name) => {
      const values = allInstanceTypes().map((type) =>
        instanceTypeFilters[name]?.(describeInstanceType(type)),
      );
      expect(values.some((value) => value !== undefined)).toBe(true);
    },
  );
});

const documented = fileURLToPath(
  new URL("../../../../shared/reference/documented-filters.tsv", import.meta.url),
);

describe.skipIf(!existsSync(documented))("the filters of an operation", () => {
  it.each([
    ["DescribeInstanceTypes", instanceTypeFilters],
    ["DescribeInstanceTypeOfferings", offeringFilters],
    ["DescribeAvailabilityZones", zoneFilters],
    ["DescribeRegions", regionFilters],
  ])("%s are those of its documentation", (operation, filters) => {
    const line = readFileSync(documented, "utf8")
      .split("\n")
      .find((row) => row.startsWith(`${operation}\t`));
    expect(Object.keys(filters).toSorted()).toEqual((line?.split("\t")[1] ?? "").split(" ").toSorted());
  });
});
