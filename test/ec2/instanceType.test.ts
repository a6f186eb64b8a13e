import {
  DescribeInstanceTypeOfferingsCommand,
  DescribeInstanceTypesCommand,
  GetInstanceTypesFromInstanceRequirementsCommand,
  type _InstanceType,
  type DescribeInstanceTypeOfferingsRequest,
  type DescribeInstanceTypesRequest,
  type InstanceRequirementsRequest,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { instanceTypeFilters } from "../../server/ec2/catalogue/instanceTypeFilters.ts";
import { freshClient, refused } from "../islet.ts";

const ec2 = await freshClient();

const types = async (input: DescribeInstanceTypesRequest) =>
  (await ec2.send(new DescribeInstanceTypesCommand(input))).InstanceTypes ?? [];

const offerings = (input: DescribeInstanceTypeOfferingsRequest) =>
  ec2.send(new DescribeInstanceTypeOfferingsCommand(input));

const filter = (Name: string, ...Values: string[]) => ({ Filters: [{ Name, Values }] });

const matching = (
  InstanceRequirements: Partial<InstanceRequirementsRequest>,
  more: { MaxResults?: number; NextToken?: string; Context?: string; DryRun?: boolean } = {},
) =>
  ec2.send(
    new GetInstanceTypesFromInstanceRequirementsCommand({
      ArchitectureTypes: ["x86_64"],
      VirtualizationTypes: ["hvm"],
      InstanceRequirements: { VCpuCount: { Min: 0 }, MemoryMiB: { Min: 0 }, ...InstanceRequirements },
      ...more,
    }),
  );

describe("what it refuses to parse", () => {
  test("a filter that types do not have", async () => {
    await refused(types(filter("colour", "red")), "InvalidParameterValue");
    await refused(offerings(filter("zone", "red")), "InvalidParameterValue");
  });

  test("pages that are too long, too short, or come from nowhere", async () => {
    await refused(types({ MaxResults: 101 }), "InvalidParameterValue");
    await refused(types({ MaxResults: 4 }), "InvalidParameterValue");
    await refused(types({ NextToken: "AAAA" }), "InvalidPaginationToken");
    await refused(offerings({ MaxResults: 1001 }), "InvalidParameterValue");
    await refused(offerings({ NextToken: "AAAA" }), "InvalidPaginationToken");
    await refused(matching({}, { MaxResults: 0 }), "InvalidParameterValue");
  });

  test("more types than a call may name", async () => {
    const InstanceTypes = Array.from({ length: 101 }, () => "m5.large" as const);
    await refused(types({ InstanceTypes }), "InvalidParameterValue", /maximum number of instance types/);
  });

  test.each([
    ["a range upside down", { VCpuCount: { Min: 8, Max: 4 } }],
    ["less than nothing", { MemoryMiB: { Min: -1 } }],
    ["a pattern that is none", { AllowedInstanceTypes: ["m5?large"] }],
    ["a pattern that is too long", { ExcludedInstanceTypes: ["m".repeat(31)] }],
    ["too many patterns", { ExcludedInstanceTypes: Array.from({ length: 401 }, () => "m5.*") }],
  ])("requirements with %s", async (_what, requirements) => {
    await refused(matching(requirements), "InvalidParameterValue");
  });

  test("a context, which is reserved", async () => {
    await refused(matching({}, { Context: "x" }), "InvalidParameterValue");
  });
});

describe("what it refuses to do", () => {
  test("types that do not exist here", async () => {
    await refused(
      types({ InstanceTypes: ["m5.large", "c9g.large", "zz9.nonexistent" as "m5.large"] }),
      "InvalidInstanceType",
      "The following supplied instance types do not exist: [c9g.large, zz9.nonexistent]",
    );
  });

  test("requirements that exclude each other", async () => {
    await refused(
      matching({ AllowedInstanceTypes: ["m5.*"], ExcludedInstanceTypes: ["m5.metal"] }),
      "InvalidParameterCombination",
    );
    await refused(
      matching({
        SpotMaxPricePercentageOverLowestPrice: 10,
        MaxSpotPriceAsPercentageOfOptimalOnDemandPrice: 10,
      }),
      "InvalidParameterCombination",
    );
  });

  test.each([
    { SpotMaxPricePercentageOverLowestPrice: 10 },
    { MaxSpotPriceAsPercentageOfOptimalOnDemandPrice: 10 },
    { OnDemandMaxPricePercentageOverLowestPrice: 10 },
    { BaselinePerformanceFactors: { Cpu: { References: [{ InstanceFamily: "m5" }] } } },
  ])("requirements that this operation does not know: %j", async (requirements) => {
    await refused(matching(requirements), "UnsupportedOperation");
  });

  test("a dry run", async () => {
    await refused(types({ DryRun: true }), "DryRunOperation");
    await refused(offerings({ DryRun: true }), "DryRunOperation");
    await refused(matching({}, { DryRun: true }), "DryRunOperation");
  });
});

describe("what it does", () => {
  test("describes the types that are asked for, each once", async () => {
    const found = await types({ InstanceTypes: ["t3.micro", "m5.large", "t3.micro"] });
    expect(found).toMatchObject([
      { InstanceType: "t3.micro", VCpuInfo: { DefaultVCpus: 2 }, MemoryInfo: { SizeInMiB: 1024 } },
      { InstanceType: "m5.large", VCpuInfo: { DefaultVCpus: 2 }, MemoryInfo: { SizeInMiB: 8192 } },
    ]);
    expect(found[0]).not.toHaveProperty("SupportedInRegion");
    const [micro] = await types({ InstanceTypes: ["t3.micro"], IncludeUnsupportedInRegion: true });
    expect(micro).toEqual({ ...found[0], SupportedInRegion: true });
  });

  test("gives all types in pages of a hundred", async () => {
    const names = new Set<_InstanceType | undefined>();
    let NextToken: string | undefined;
    do {
      const page = await ec2.send(new DescribeInstanceTypesCommand({ NextToken }));
      expect(page.InstanceTypes?.length).toBeLessThanOrEqual(100);
      for (const { InstanceType } of page.InstanceTypes ?? []) names.add(InstanceType);
      ({ NextToken } = page);
    } while (NextToken !== undefined);
    expect(names.size).toBe(1263);
  });

  test.each(Object.keys(instanceTypeFilters))("filters by %s", async (name) => {
    const InstanceTypes: _InstanceType[] = ["c6a.large", "m5d.large", "p4d.24xlarge", "t4g.nano"];
    const all = await types({ InstanceTypes, ...filter("instance-type", "*") });
    const having = await types({ InstanceTypes, ...filter(name, "*") });
    const none = await types({ InstanceTypes, ...filter(name, "none such") });
    expect(all).toHaveLength(4);
    expect(none).toEqual([]);
    // Facts that no type of the catalogue has are documented as such where views are made.
    const unknown = /bandwidth-weightings|reboot-migration-support/;
    expect(having.length > 0).toBe(!unknown.test(name));
  });

  test("combines filters", async () => {
    const found = await types({
      Filters: [
        { Name: "processor-info.supported-architecture", Values: ["arm64"] },
        { Name: "burstable-performance-supported", Values: ["true"] },
        { Name: "memory-info.size-in-mib", Values: ["512", "1024"] },
      ],
    });
    expect(found.map(({ InstanceType }) => InstanceType)).toEqual(["t4g.micro", "t4g.nano"]);
  });

  test("offers every type in every place", async () => {
    const offered = (LocationType: "region" | "availability-zone" | "availability-zone-id" | "outpost") =>
      offerings({ LocationType, ...filter("instance-type", "m5.large") }).then(
        ({ InstanceTypeOfferings = [] }) => InstanceTypeOfferings.map(({ Location }) => Location),
      );
    expect(await offered("region")).toEqual(["us-east-1"]);
    expect(await offered("availability-zone")).toContain("us-east-1f");
    expect(await offered("availability-zone-id")).toContain("use1-az5");
    expect(await offered("outpost")).toEqual([]);
    const here = await offerings({
      LocationType: "availability-zone",
      Filters: [
        { Name: "location", Values: ["us-east-1a"] },
        { Name: "instance-type", Values: ["m5.*"] },
      ],
    });
    expect(here.InstanceTypeOfferings).toContainEqual({
      InstanceType: "m5.large",
      LocationType: "availability-zone",
      Location: "us-east-1a",
    });
    expect(here.InstanceTypeOfferings).toHaveLength(9);
  });

  test("gives offerings in pages", async () => {
    const first = await offerings({});
    expect(first.InstanceTypeOfferings).toHaveLength(1000);
    const second = await offerings({ NextToken: first.NextToken });
    expect(second.InstanceTypeOfferings).toHaveLength(263);
    expect(second.NextToken).toBeUndefined();
  });

  test("finds the types that meet requirements", async () => {
    const { InstanceTypes } = await matching({
      VCpuCount: { Min: 4, Max: 4 },
      MemoryMiB: { Min: 16_384, Max: 16_384 },
      AllowedInstanceTypes: ["m5*", "m6i.*"],
      LocalStorage: "excluded",
    });
    expect(InstanceTypes?.map(({ InstanceType }) => InstanceType)).toEqual([
      "m5.xlarge",
      "m5a.xlarge",
      "m5n.xlarge",
      "m5zn.xlarge",
      "m6i.xlarge",
    ]);
  });

  test("pages through them", async () => {
    const { InstanceTypes: all } = await matching({});
    const first = await matching({}, { MaxResults: 10 });
    const second = await matching({}, { MaxResults: 10, NextToken: first.NextToken ?? "" });
    expect([...(first.InstanceTypes ?? []), ...(second.InstanceTypes ?? [])]).toEqual(all?.slice(0, 20));
  });
});
