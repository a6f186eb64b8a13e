import { type Devices, readDevices } from "./devices.ts";
import { instanceFamilies } from "./instanceFamilies.ts";
import { type LadderName, type Rung, at, holds, readSteps } from "./steps.ts";

/** EBS performance: bandwidth in Mbit/s and operations per second. */
export type EbsPerformance = { readonly mbps: number; readonly iops: number };

/** Local disks, all alike. */
type InstanceStore = {
  readonly count: number;
  /** Of one disk. */
  readonly sizeGB: number;
  readonly medium: "ssd" | "hdd";
  readonly nvme: "required" | "unsupported";
};

/** How many ENA queues there are for packets. */
interface EnaQueues {
  /** Of an interface for which nobody chooses. */
  readonly usual: number;
  readonly perInterface: number;
  readonly perInstance: number;
}

type Support = "required" | "supported" | "unsupported";

/** What EC2 says of one instance type, in islet's words; instanceTypeInfo.ts turns it into EC2's. */
export interface InstanceTypeFacts {
  readonly name: string;
  readonly family: string;
  readonly size: string;
  readonly currentGeneration: boolean;
  readonly freeTierEligible: boolean;
  readonly burstable: boolean;
  readonly bareMetal: boolean;
  /** Bare metal has none. */
  readonly hypervisor: "nitro" | "xen" | undefined;
  readonly arch: readonly string[];
  readonly cpuManufacturer: "Intel" | "AMD" | "AWS" | "Apple";
  /** Sustained clock; EC2 does not say it of the oldest types. */
  readonly clockGhz: number | undefined;
  readonly vcpus: number;
  readonly cores: number;
  readonly threadsPerCore: number;
  readonly memoryMiB: number;

  /** As EC2 prints it: "Up to 10 Gigabit". */
  readonly networkPerformance: string;
  /** Over all cards, in Gbit/s. */
  readonly networkBaselineGbps: number;
  readonly networkPeakGbps: number;
  readonly networkCards: number;
  readonly maxInterfaces: number;
  readonly ipv4PerInterface: number;
  /** 0 where IPv6 is not supported. */
  readonly ipv6PerInterface: number;
  readonly ena: Support;
  readonly efa: boolean;
  readonly enaExpress: boolean;
  /** Undefined where their number cannot be chosen. */
  readonly enaQueues: EnaQueues | undefined;
  readonly encryptionInTransit: boolean;
  /** Seconds before connection tracking forgets an idle established TCP connection. */
  readonly tcpEstablishedTimeout: number;

  readonly ebs: {
    readonly optimized: "default" | "supported" | "unsupported";
    readonly nvme: Support;
    readonly maxAttachments: number;
    /** Undefined where EBS has no bandwidth of its own. */
    readonly baseline: EbsPerformance | undefined;
    readonly maximum: EbsPerformance | undefined;
  };
  readonly instanceStore: InstanceStore | undefined;
  readonly devices: Devices | undefined;

  readonly hibernation: boolean;
  readonly nitroEnclaves: boolean;
  readonly nitroTpm: boolean;
  readonly dedicatedHosts: boolean;
  readonly autoRecovery: boolean;
  readonly placementStrategies: readonly ("cluster" | "partition" | "spread")[];
  readonly usageClasses: readonly string[];
  readonly virtualization: readonly ("hvm" | "paravirtual")[];
  readonly rootDevices: readonly ("ebs" | "instance-store")[];
  readonly bootModes: readonly string[];
}

/** The properties of one block of instanceFamilies.ts, with those it takes from others. */
type Family = ReadonlyMap<string, string>;

const defaults: Family = new Map(
  Object.entries({
    cpu: "Intel",
    arch: "auto",
    threads: "auto",
    vcpus: "-",
    gib: "-",
    ram: "-",
    ghz: "-",
    ipv6: "y",
    cards: "1",
    ena: "required",
    efa: "n",
    srd: "n",
    queues: "-",
    crypt: "y",
    idle: "432000",
    ebsopt: "default",
    nvme: "auto",
    store: "-",
    disk: "ssd",
    acc: "-",
    hib: "n",
    enclaves: "4..",
    tpm: "y",
    hosts: "y",
    recover: "auto",
    free: "n",
    gen: "current",
    burst: "n",
    hyper: "nitro",
    place: "cluster",
    usage: "on-demand+spot",
    virt: "hvm",
    root: "ebs",
    boot: "auto",
  }),
);

const ladderNames: ReadonlySet<string> = new Set<LadderName>(["eni", "queues", "net", "ebs", "vol", "store"]);
const isLadderName = (property: string): property is LadderName => ladderNames.has(property);

let blocks: ReadonlyMap<string, string> | undefined;

/** The text of each family's block. */
function familyBlocks(): ReadonlyMap<string, string> {
  blocks ??= new Map(
    instanceFamilies
      .trim()
      .split(/\n(?=\S)/)
      .filter((block) => !block.startsWith("#"))
      .map((block) => [block.slice(0, block.search(/\s/)), block]),
  );
  return blocks;
}

const readFamilies = new Map<string, Family>();

function familyOf(name: string): Family | undefined {
  const known = readFamilies.get(name);
  const block = familyBlocks().get(name);
  if (known !== undefined || block === undefined) return known;
  const own = block
    .split(/\s+/)
    .slice(1)
    .filter((word) => word !== "")
    .map((word): [string, string] => [word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1)]);
  const parent = own.find(([property]) => property === "as")?.[1];
  const family: Family = new Map([...((parent && familyOf(parent)) || defaults), ...own]);
  readFamilies.set(name, family);
  return family;
}

/** `sizes=large,xlarge,2,metal` in full. */
const sizesOf = (family: Family): string[] =>
  (family.get("sizes") ?? "").split(",").map((size) => (/^\d+$/.test(size) ? `${size}xlarge` : size));

let names: readonly string[] | undefined;

/** All 1,263 names, sorted. */
export function instanceTypeNames(): readonly string[] {
  names ??= [...familyBlocks().keys()]
    .flatMap((name) => sizesOf(familyOf(name) ?? defaults).map((size) => `${name}.${size}`))
    .toSorted();
  return names;
}

const known = new Map<string, InstanceTypeFacts>();

/** One type by its name (`m5.large`), or undefined where there is none of this name. */
export function findInstanceType(name: string): InstanceTypeFacts | undefined {
  const expanded = known.get(name);
  if (expanded !== undefined) return expanded;
  const dot = name.indexOf(".");
  const family = familyOf(name.slice(0, dot));
  const size = name.slice(dot + 1);
  if (dot < 0 || family === undefined || !sizesOf(family).includes(size)) return undefined;
  const facts = expand(name, name.slice(0, dot), size, family);
  known.set(name, facts);
  return facts;
}

/** All types in the order of their names. */
export function allInstanceTypes(): readonly InstanceTypeFacts[] {
  return instanceTypeNames().flatMap((name) => findInstanceType(name) ?? []);
}

const sizeVcpus = new Map([
  ["large", 2],
  ["xlarge", 4],
]);

/** What the name of a size says: 4 to each xlarge, metal or not. */
const vcpusOf = (size: string): number =>
  sizeVcpus.get(size) ?? 4 * Number(/^(?:metal-)?(\d+)xl/.exec(size)?.[1] ?? 0.25);

/** Gigabits are cut, not rounded, to two digits: 33.333 is "33.33 Gigabit", 28.125 "28.12 Gigabit". */
const gigabits = (gbps: number): string => `${Math.floor(gbps * 100 + 1e-6) / 100}`;

/** Reads `baseline-peak`, or one number for both, with the printed text before an `@` where that is irregular. */
function readNetwork(text: string) {
  const [printed, numbers] = text.includes("@") ? text.split("@") : [undefined, text];
  const [baseline = NaN, peak = baseline] = (numbers ?? "").split("-").map(Number);
  const words = printed?.replaceAll("_", " ") ?? `${peak > baseline ? "Up to " : ""}${gigabits(peak)}`;
  return { performance: /\d$/.test(words) ? `${words} Gigabit` : words, baseline, peak };
}

function readEbs(text: string): { baseline?: EbsPerformance; maximum?: EbsPerformance } {
  if (text === "-") return {};
  const [baseline, maximum = baseline] = text.split("-").map((pair) => {
    const [mbps = NaN, iops = NaN] = pair.split("@").map(Number);
    return { mbps, iops };
  });
  return baseline && maximum ? { baseline, maximum } : {};
}

function readQueues(text: string): EnaQueues | undefined {
  if (text === "-") return undefined;
  const [usual = NaN, perInterface = NaN, perInstance = NaN] = text.split("/").map(Number);
  return { usual, perInterface, perInstance };
}

function readStore(text: string, medium: string, nvme: "required" | "unsupported") {
  if (text === "-") return undefined;
  const [count = NaN, sizeGB = NaN] = text.split("x").map(Number);
  return { count, sizeGB, medium: medium === "hdd" ? "hdd" : "ssd", nvme } as const;
}

function memoryOf(family: Family, rung: Rung): number {
  const total = at(readSteps(family.get("ram") ?? "-"), rung);
  if (total === undefined || total === "-") return Number(family.get("gib")) * rung.vcpus * 1024;
  return total.endsWith("M") ? Number(total.slice(0, -1)) : Number(total) * 1024;
}

/** Types whose processor a family's maker determines. */
const archOf = new Map([
  ["AWS", "arm64"],
  ["Apple", "arm64_mac"],
]);

function expand(name: string, familyName: string, size: string, family: Family): InstanceTypeFacts {
  const named = Number(at(readSteps(family.get("vcpus") ?? "-"), { size, vcpus: 0 }));
  const vcpus = Number.isNaN(named) ? vcpusOf(size) : named;
  const rung = { size, vcpus };
  const text = (property: string): string =>
    at(readSteps(family.get(property) ?? "", isLadderName(property) ? property : undefined), rung) ?? "";
  const auto = (property: string, otherwise: string): string =>
    text(property) === "auto" ? otherwise : text(property);
  const is = (property: string): boolean => holds(family.get(property) ?? "n", rung);

  const bareMetal = size.startsWith("metal");
  const xen = text("hyper") === "xen";
  const cpuManufacturer = text("cpu") as InstanceTypeFacts["cpuManufacturer"];
  const arch = auto("arch", archOf.get(cpuManufacturer) ?? "x86_64").split("+");
  const threadsPerCore = Number(auto("threads", archOf.has(cpuManufacturer) ? "1" : "2"));
  const network = readNetwork(text("net"));
  const [maxInterfaces = NaN, ipv4PerInterface = NaN] = text("eni").split("x").map(Number);
  const ebs = readEbs(text("ebs"));
  const ebsNvme = auto("nvme", xen ? "unsupported" : "required") as Support;
  // Disks of a host that knows no NVMe at all are seen as block devices of Xen.
  const diskNvme = ebsNvme === "unsupported" ? "unsupported" : "required";
  const instanceStore = readStore(text("store"), text("disk"), diskNvme);
  const firmware = bareMetal || xen ? "legacy-bios" : "legacy-bios+uefi";
  const hasStore = family.get("store") !== "-";

  return {
    name,
    family: familyName,
    size,
    currentGeneration: text("gen") === "current",
    freeTierEligible: is("free"),
    burstable: is("burst"),
    bareMetal,
    hypervisor: bareMetal ? undefined : xen ? "xen" : "nitro",
    arch,
    cpuManufacturer,
    clockGhz: text("ghz") === "-" ? undefined : Number(text("ghz")),
    vcpus,
    cores: vcpus / threadsPerCore,
    threadsPerCore,
    memoryMiB: memoryOf(family, rung),
    networkPerformance: network.performance,
    networkBaselineGbps: network.baseline,
    networkPeakGbps: network.peak,
    networkCards: Number(text("cards")),
    maxInterfaces,
    ipv4PerInterface,
    ipv6PerInterface: is("ipv6") ? ipv4PerInterface : 0,
    ena: text("ena") as Support,
    efa: is("efa"),
    enaExpress: is("srd"),
    enaQueues: readQueues(text("queues")),
    encryptionInTransit: is("crypt"),
    tcpEstablishedTimeout: Number(text("idle")),
    ebs: {
      optimized: text("ebsopt") as InstanceTypeFacts["ebs"]["optimized"],
      nvme: ebsNvme,
      maxAttachments: Number(text("vol")),
      baseline: ebs.baseline,
      maximum: ebs.maximum,
    },
    instanceStore,
    devices: readDevices(text("acc")),
    hibernation: !bareMetal && is("hib"),
    nitroEnclaves: !bareMetal && is("enclaves"),
    nitroTpm: !bareMetal && is("tpm"),
    dedicatedHosts: is("hosts"),
    autoRecovery: family.get("recover") === "auto" ? !hasStore : is("recover"),
    placementStrategies:
      text("place") === "cluster" ? ["cluster", "partition", "spread"] : ["partition", "spread"],
    usageClasses: text("usage").split("+"),
    virtualization: text("virt") === "pv" ? ["hvm", "paravirtual"] : ["hvm"],
    rootDevices: text("root") === "store" ? ["ebs", "instance-store"] : ["ebs"],
    bootModes: (bareMetal && arch[0] !== "arm64"
      ? "legacy-bios"
      : auto("boot", arch[0] === "arm64" ? "uefi" : firmware)
    ).split("+"),
  };
}
