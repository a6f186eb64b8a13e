import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import {
  type InstanceTypeFacts,
  allInstanceTypes,
  findInstanceType,
  instanceTypeNames,
} from "../../../server/ec2/catalogue/instanceTypes.ts";
import { describeInstanceType } from "../../../server/ec2/catalogue/instanceTypeInfo.ts";

/** EC2's own answers, kept beside the repository and not in it: 44 columns of each type. */
const reference = fileURLToPath(new URL("../../../../shared/reference/instance-types.tsv", import.meta.url));

const yes = (value: boolean): string => (value ? "y" : "n");
const sorted = (values: readonly string[]): string => values.toSorted().join(",");

/** Accelerators are EC2's own structures in the table, so they are compared as described. */
function accelerators(type: InstanceTypeFacts): string {
  const { FpgaInfo, InferenceAcceleratorInfo, NeuronInfo } = describeInstanceType(type);
  const info = FpgaInfo ?? InferenceAcceleratorInfo ?? NeuronInfo;
  return info === undefined ? "-" : byKey(info);
}

/** JSON with the keys of all objects in order. */
function byKey(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

const columns: Record<string, (type: InstanceTypeFacts) => string | number> = {
  type: ({ name }) => name,
  current: ({ currentGeneration }) => yes(currentGeneration),
  free_tier: ({ freeTierEligible }) => yes(freeTierEligible),
  hypervisor: ({ hypervisor }) => hypervisor ?? "-",
  bare_metal: ({ bareMetal }) => yes(bareMetal),
  burstable: ({ burstable }) => yes(burstable),
  arch: ({ arch }) => sorted(arch),
  cpu_maker: ({ cpuManufacturer }) => cpuManufacturer,
  clock_ghz: ({ clockGhz }) => clockGhz?.toFixed(1) ?? "-",
  vcpus: ({ vcpus }) => vcpus,
  cores: ({ cores }) => cores,
  threads_per_core: ({ threadsPerCore }) => threadsPerCore,
  memory_mib: ({ memoryMiB }) => memoryMiB,
  network: ({ networkPerformance }) => networkPerformance,
  max_enis: ({ maxInterfaces }) => maxInterfaces,
  ipv4_per_eni: ({ ipv4PerInterface }) => ipv4PerInterface,
  ipv6_per_eni: ({ ipv6PerInterface }) => ipv6PerInterface,
  cards: ({ networkCards }) => networkCards,
  ena: ({ ena }) => ena,
  efa: ({ efa }) => yes(efa),
  encryption_in_transit: ({ encryptionInTransit }) => yes(encryptionInTransit),
  tcp_established_timeout: ({ tcpEstablishedTimeout }) => tcpEstablishedTimeout,
  ebs_optimized: ({ ebs }) => ebs.optimized,
  ebs_base_mbps: ({ ebs }) => ebs.baseline?.mbps ?? "-",
  ebs_max_mbps: ({ ebs }) => ebs.maximum?.mbps ?? "-",
  ebs_base_iops: ({ ebs }) => ebs.baseline?.iops ?? "-",
  ebs_max_iops: ({ ebs }) => ebs.maximum?.iops ?? "-",
  ebs_nvme: ({ ebs }) => ebs.nvme,
  ebs_max_attachments: ({ ebs }) => ebs.maxAttachments,
  hibernation: ({ hibernation }) => yes(hibernation),
  dedicated_hosts: ({ dedicatedHosts }) => yes(dedicatedHosts),
  placement: ({ placementStrategies }) => sorted(placementStrategies),
  usage: ({ usageClasses }) => sorted(usageClasses),
  virtualization: ({ virtualization }) => sorted(virtualization),
  root_devices: ({ rootDevices }) => sorted(rootDevices),
  boot_modes: ({ bootModes }) => sorted(bootModes),
  nitro_enclaves: ({ nitroEnclaves }) => (nitroEnclaves ? "supported" : "unsupported"),
  nitro_tpm: ({ nitroTpm }) => (nitroTpm ? "supported" : "unsupported"),
  auto_recovery: ({ autoRecovery }) => yes(autoRecovery),
  net_base_gbps: ({ networkBaselineGbps }) => networkBaselineGbps,
  net_peak_gbps: ({ networkPeakGbps }) => networkPeakGbps,
  instance_store: ({ instanceStore: s }) =>
    s === undefined ? "-" : `${s.count}x${s.sizeGB}GB-${s.medium}/nvme:${s.nvme}`,
  gpus: ({ devices: d }) =>
    d?.kind === "gpu" ? `${d.count}x${d.manufacturer} ${d.name} ${d.memoryMiB}MiB` : "-",
  accelerators,
};

/** Numbers of the table are written as 50.0 or 50. */
const normal = (column: string, value: string): string =>
  column.startsWith("net_")
    ? String(Number(value))
    : column === "accelerators" && value !== "-"
      ? byKey(JSON.parse(value))
      : value;

const missing = !existsSync(reference);
if (missing) console.warn(`Not compared with EC2's answers: there is no ${reference}`);

describe.skipIf(missing)("the table of families against EC2's answers", () => {
  const [header = "", ...lines] = missing ? [] : readFileSync(reference, "utf8").trimEnd().split("\n");
  const names = header.split("\t");
  const rows = lines.map((line) => new Map(line.split("\t").map((cell, i) => [names[i] ?? "", cell])));

  it("has exactly the types that EC2 has", () => {
    expect(instanceTypeNames()).toEqual(rows.map((row) => row.get("type") ?? "").toSorted());
  });

  it("compares every column", () => {
    expect(names.toSorted()).toEqual(Object.keys(columns).toSorted());
  });

  it.each(names)("agrees in %s", (column) => {
    const differences = rows.flatMap((row) => {
      const type = findInstanceType(row.get("type") ?? "");
      const is = type === undefined ? "no such type" : String(columns[column]?.(type));
      const should = normal(column, row.get(column) ?? "");
      return is === should ? [] : [`${row.get("type")}: ${is}, should be ${should}`];
    });
    expect(differences).toEqual([]);
  });
});

describe("findInstanceType", () => {
  it("gives the same object each time", () => {
    expect(findInstanceType("m5.large")).toBe(findInstanceType("m5.large"));
  });

  it.each([
    "",
    ".",
    "m5",
    "m5.",
    ".large",
    "m5.huge",
    "M5.large",
    "m5.large ",
    "m5.2",
    "__proto__.large",
    "#.x",
  ])("knows no %j", (name) => {
    expect(findInstanceType(name)).toBeUndefined();
  });

  it("lists all names in order", () => {
    expect(allInstanceTypes().map(({ name }) => name)).toEqual(instanceTypeNames());
  });
});
