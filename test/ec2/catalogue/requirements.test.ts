import type { InstanceRequirementsRequest } from "@aws-sdk/client-ec2";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { allInstanceTypes } from "../../../server/ec2/catalogue/instanceTypes.ts";
import { matchesPattern, meetsRequirements } from "../../../server/ec2/catalogue/requirements.ts";

const anySize = { VCpuCount: { Min: 0 }, MemoryMiB: { Min: 0 } };

const matching = (
  asked: Partial<InstanceRequirementsRequest>,
  arch = ["x86_64", "arm64"],
  virtual = ["hvm"],
) => allInstanceTypes().filter((type) => meetsRequirements(type, { ...anySize, ...asked }, arch, virtual));

const names = (...args: Parameters<typeof matching>) => matching(...args).map(({ name }) => name);

describe("meetsRequirements", () => {
  it("leaves out metal and burstable types unless asked", () => {
    const found = matching({});
    expect(found.length).toBeGreaterThan(1000);
    expect(found.filter(({ bareMetal, burstable }) => bareMetal || burstable)).toEqual([]);
    expect(found.some(({ instanceStore }) => instanceStore)).toBe(true);
    expect(found.some(({ currentGeneration }) => !currentGeneration)).toBe(true);
  });

  it.each([
    [{ BareMetal: "required", AllowedInstanceTypes: ["m5.*"] }, ["m5.metal"]],
    [{ BareMetal: "included", AllowedInstanceTypes: ["m5.*24*", "m5.m*"] }, ["m5.24xlarge", "m5.metal"]],
    [{ BurstablePerformance: "required", MemoryMiB: { Min: 0, Max: 1024 } }, expected("nano", "micro")],
    [
      { VCpuCount: { Min: 3, Max: 4 }, AllowedInstanceTypes: ["c5*"], CpuManufacturers: ["amd"] },
      ["c5a.xlarge", "c5ad.xlarge"],
    ],
    [
      { AllowedInstanceTypes: ["m5*.large"], LocalStorage: "required" },
      ["m5ad.large", "m5d.large", "m5dn.large"],
    ],
    [
      { AllowedInstanceTypes: ["m5*.large"], LocalStorage: "excluded" },
      ["m5.large", "m5a.large", "m5n.large", "m5zn.large"],
    ],
    [{ AllowedInstanceTypes: ["m5*.large"], InstanceGenerations: ["previous"] }, ["m5.large"]],
    [
      { AllowedInstanceTypes: ["m5.*"], MemoryMiB: { Min: 100_000, Max: 200_000 } },
      ["m5.12xlarge", "m5.8xlarge"],
    ],
    [
      { AllowedInstanceTypes: ["m5.*"], RequireHibernateSupport: true, VCpuCount: { Min: 16 } },
      ["m5.4xlarge", "m5.8xlarge"],
    ],
    [
      { AllowedInstanceTypes: ["m5*.large"], RequireEncryptionInTransit: true },
      ["m5dn.large", "m5n.large", "m5zn.large"],
    ],
    [{ AllowedInstanceTypes: ["m5.*"], NetworkInterfaceCount: { Min: 9 } }, ["m5.16xlarge", "m5.24xlarge"]],
    [
      { AllowedInstanceTypes: ["m5.*"], NetworkBandwidthGbps: { Min: 2, Max: 6 } },
      ["m5.2xlarge", "m5.4xlarge"],
    ],
    [{ AllowedInstanceTypes: ["m5.*"], BaselineEbsBandwidthMbps: { Max: 1150 } }, ["m5.large", "m5.xlarge"]],
    [{ AllowedInstanceTypes: ["m5d.*"], TotalLocalStorageGB: { Min: 500, Max: 1000 } }, ["m5d.4xlarge"]],
    [
      { LocalStorage: "required", LocalStorageTypes: ["hdd"], AllowedInstanceTypes: ["*.xlarge"] },
      ["c1.xlarge", "d2.xlarge", "d3.xlarge", "d3en.xlarge", "m1.xlarge", "m2.xlarge"],
    ],
    [{ AllowedInstanceTypes: ["?5.large"] }, []],
    [
      { MemoryGiBPerVCpu: { Min: 32 }, AllowedInstanceTypes: ["x2*.2xlarge"] },
      ["x2iedn.2xlarge", "x2iezn.2xlarge"],
    ],
    [
      { AcceleratorNames: ["radeon-pro-v520"], AcceleratorCount: { Min: 2 } },
      ["g4ad.16xlarge", "g4ad.8xlarge"],
    ],
    [{ AcceleratorTypes: ["fpga"] }, ["f2.12xlarge", "f2.48xlarge", "f2.6xlarge"]],
    [{ AcceleratorManufacturers: ["habana"] }, ["dl1.24xlarge"]],
    [
      { AcceleratorManufacturers: ["amazon-web-services"], AcceleratorNames: ["inferentia"] },
      ["inf1.24xlarge", "inf1.2xlarge", "inf1.6xlarge", "inf1.xlarge"],
    ],
    [
      { AcceleratorTypes: ["gpu"], AcceleratorTotalMemoryMiB: { Min: 1_000_000 } },
      ["p5e.48xlarge", "p5en.48xlarge", "p6-b200.48xlarge", "p6-b300.48xlarge"],
    ],
    [{ AllowedInstanceTypes: ["g*"], AcceleratorCount: { Max: 0 } }, []],
  ] as [Partial<InstanceRequirementsRequest>, string[]][])("%j names %j", (asked, found) => {
    expect(names(asked)).toEqual(found);
  });

  it("excludes what is named and no more", () => {
    const all = names({ AllowedInstanceTypes: ["c5*"] });
    const some = names({ AllowedInstanceTypes: ["c5*"], ExcludedInstanceTypes: ["c5a*", "*.large"] });
    expect(some).toEqual(all.filter((name) => !name.startsWith("c5a") && !name.endsWith(".large")));
  });

  it("asks for one of the architectures and virtualization types", () => {
    expect(matching({}, ["arm64"]).every(({ arch }) => arch.includes("arm64"))).toBe(true);
    expect(names({}, ["i386"], ["paravirtual"])).toEqual([
      "c1.medium",
      "c3.large",
      "m1.medium",
      "m1.small",
      "t1.micro",
    ]);
    expect(names({}, ["arm64"], ["paravirtual"])).toEqual([]);
    expect(names({}, [], ["hvm"])).toEqual([]);
  });
});

describe("matchesPattern", () => {
  it.each([
    ["m5.large", "m5.large", true],
    ["m5.large", "m5.xlarge", false],
    ["*", "", true],
    ["c5*", "c5ad.large", true],
    ["m5a.*", "m5ad.large", false],
    ["*3*", "t3.nano", true],
    ["*.large", "m5.xlarge", false],
    ["a*a", "a", false],
    ["m5+large", "m5.large", false],
  ])("%j against %j is %j", (pattern, name, matches) => {
    expect(matchesPattern(pattern, name)).toBe(matches);
  });

  it("agrees with a regular expression", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "b", "."), maxLength: 8 });
    const pattern = fc.string({ unit: fc.constantFrom("a", "b", ".", "*"), maxLength: 6 });
    fc.assert(
      fc.property(pattern, text, (p, t) => {
        const expression = new RegExp(`^${p.replaceAll(".", "\\.").replaceAll("*", ".*")}$`);
        expect(matchesPattern(p, t)).toBe(expression.test(t));
      }),
      { seed: 1, numRuns: 2000 },
    );
  });
});

function expected(...sizes: string[]): string[] {
  return ["t2", "t3", "t3a", "t4g"].flatMap((family) => sizes.map((size) => `${family}.${size}`)).toSorted();
}
