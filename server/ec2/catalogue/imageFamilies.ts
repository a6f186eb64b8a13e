import type { BootModeValues, VolumeType } from "@aws-sdk/client-ec2";

export type Architecture = "x86_64" | "arm64";

/** A line of images that a publisher renews: one image for each release and architecture. */
export interface ImageFamily {
  /** Account of the publisher. */
  readonly owner: string;
  /** `{version}` stands for the release, `{arch}` for the architecture as this publisher spells it. */
  readonly name: string;
  /** Like `name`. */
  readonly description: string;
  readonly architectures: Readonly<Partial<Record<Architecture, string>>>;
  readonly releases: readonly Release[];
  readonly root: {
    readonly name: string;
    readonly sizeGiB: number;
    readonly type: VolumeType;
    /** Whether the image spells out what gp3 has anyway: 3,000 operations and 125 MiB a second. */
    readonly spelledOut?: true;
  };
  /** Where instance store volumes go, from ephemeral0 on. */
  readonly ephemeral?: readonly string[] | undefined;
  readonly boot?: Readonly<Partial<Record<Architecture, BootModeValues>>> | undefined;
  /** Instances require IMDSv2 unless their launch says otherwise. */
  readonly imdsV2?: boolean | undefined;
  readonly tpm?: boolean | undefined;
  readonly billing: Billing;
  readonly freeTier: boolean;
  /** Public SSM parameters that name the newest release; `{arch}` as in `name`. */
  readonly parameters?: readonly string[];
}

/** The version and the time of creation (UTC, to the minute), oldest release first. */
export type Release = readonly [version: string, created: string];

/** @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/billing-info-fields.html */
interface Billing {
  readonly platform?: "windows";
  readonly platformDetails: string;
  readonly usageOperation: string;
}

const linux: Billing = { platformDetails: "Linux/UNIX", usageOperation: "RunInstances" };
const redHat: Billing = { platformDetails: "Red Hat Enterprise Linux", usageOperation: "RunInstances:0010" };
const suse: Billing = { platformDetails: "SUSE Linux", usageOperation: "RunInstances:000g" };
const windows: Billing = {
  platform: "windows",
  platformDetails: "Windows",
  usageOperation: "RunInstances:0002",
};

const gnu = { x86_64: "x86_64", arm64: "arm64" } as const;
const debianStyle = { x86_64: "amd64", arm64: "arm64" } as const;
/** x86_64 boots either way, Graviton by UEFI only. */
const eitherBoot = { x86_64: "uefi-preferred", arm64: "uefi" } as const;

/** Two releases of one day, the second `minutes` later: publishers upload one image after the other. */
const later = (releases: readonly Release[], minutes: number): readonly Release[] =>
  releases.map(([version, created]) => [
    version,
    new Date(Date.parse(`${created}Z`) + minutes * 60_000).toISOString().slice(0, 16),
  ]);

const AMAZON_LINUX = "137112412989";
const AMAZON_ECS = "591542846629";
const AMAZON_EKS = "602401143452";
const AMAZON_WINDOWS = "801119661308";
const CANONICAL = "099720109477";
const DEBIAN = "136693071363";
const RED_HAT = "309956199498";
const SUSE = "013907871322";

/** Accounts whose images have the owner alias `amazon`: Amazon's own, and publishers that Amazon has verified. */
export const amazonAccounts: ReadonlySet<string> = new Set([
  AMAZON_LINUX,
  AMAZON_ECS,
  AMAZON_EKS,
  AMAZON_WINDOWS,
  CANONICAL,
  DEBIAN,
  RED_HAT,
  SUSE,
]);

const amazonRoot = (sizeGiB: number) =>
  ({ name: "/dev/xvda", sizeGiB, type: "gp3", spelledOut: true }) as const;

const al2023Releases: readonly Release[] = [
  ["2023.12.20261029.0", "2026-10-29T21:30"],
  ["2023.12.20261112.0", "2026-11-12T21:30"],
];

/** Kernel 6.1 is the default one, and the last of a day's images here, so that a search for any kernel finds it. */
const amazonLinux2023 = ["6.18", "6.12", "6.1"].flatMap((kernel, index): ImageFamily[] => {
  const common = {
    owner: AMAZON_LINUX,
    architectures: gnu,
    boot: eitherBoot,
    imdsV2: true,
    billing: linux,
    freeTier: true,
  } as const;
  const parameters = (edition: string) =>
    [kernel, ...(kernel === "6.1" ? ["default"] : [])].map(
      (name) => `/aws/service/ami-amazon-linux-latest/al2023-ami-${edition}kernel-${name}-{arch}`,
    );
  return [
    {
      ...common,
      name: `al2023-ami-{version}-kernel-${kernel}-{arch}`,
      description: `Amazon Linux 2023 AMI {version} {arch} HVM kernel-${kernel}`,
      releases: later(al2023Releases, index * 10),
      root: amazonRoot(8),
      parameters: parameters(""),
    },
    {
      ...common,
      name: `al2023-ami-minimal-{version}-kernel-${kernel}-{arch}`,
      description: `Amazon Linux 2023 AMI {version} {arch} Minimal HVM kernel-${kernel}`,
      releases: later(al2023Releases, index * 10 + 3),
      root: amazonRoot(2),
      parameters: parameters("minimal-"),
    },
  ];
});

const al2Releases: readonly Release[] = [
  ["2.0.20260923.0", "2026-09-24T20:05"],
  ["2.0.20261002.0", "2026-10-03T20:05"],
];

const amazonLinux2 = (["", "kernel-5.10-"] as const).flatMap((kernel, index) =>
  (["gp2", "ebs"] as const).flatMap((storage) =>
    (["x86_64", "arm64"] as const).map((architecture): ImageFamily => ({
      owner: AMAZON_LINUX,
      name: `amzn2-ami-${kernel}hvm-{version}-{arch}-${storage}`,
      description:
        `Amazon Linux 2 ${architecture === "arm64" ? "LTS Arm64 " : ""}${kernel ? "Kernel 5.10 " : ""}` +
        `AMI {version} {arch} HVM ${storage}`,
      architectures: { [architecture]: architecture },
      releases: later(al2Releases, index * 5 + (storage === "gp2" ? 1 : 0)),
      root: { name: "/dev/xvda", sizeGiB: 8, type: storage === "gp2" ? "gp2" : "standard" },
      boot: { arm64: "uefi" },
      billing: linux,
      freeTier: true,
      parameters: [`/aws/service/ami-amazon-linux-latest/amzn2-ami-${kernel}hvm-{arch}-${storage}`],
    })),
  ),
);

const ecs = (["x86_64", "arm64"] as const).flatMap((architecture): ImageFamily[] => {
  const folder = architecture === "arm64" ? "/arm64" : "";
  const common = {
    owner: AMAZON_ECS,
    architectures: { [architecture]: architecture },
    billing: linux,
    freeTier: false,
  };
  return [
    {
      ...common,
      name: "al2023-ami-ecs-hvm-{version}-kernel-6.1-{arch}",
      description: "Amazon Linux AMI {version} {arch} ECS HVM EBS",
      releases: [
        ["2023.0.20261030", "2026-10-30T18:20"],
        ["2023.0.20261113", "2026-11-13T06:40"],
      ],
      root: amazonRoot(30),
      boot: eitherBoot,
      imdsV2: true,
      parameters: [`/aws/service/ecs/optimized-ami/amazon-linux-2023${folder}/recommended/image_id`],
    },
    {
      ...common,
      name: "amzn2-ami-ecs-hvm-{version}-{arch}-ebs",
      description: "Amazon Linux AMI {version} {arch} ECS HVM GP2",
      releases: [
        ["2.0.20260826", "2026-08-27T18:20"],
        ["2.0.20260924", "2026-09-25T18:20"],
      ],
      root: { name: "/dev/xvda", sizeGiB: 30, type: "gp2" },
      boot: { arm64: "uefi" },
      parameters: [`/aws/service/ecs/optimized-ami/amazon-linux-2${folder}/recommended/image_id`],
    },
  ];
});

const eks = ["1.31", "1.32", "1.33", "1.34", "1.35", "1.36", "1.37"].map((kubernetes): ImageFamily => ({
  owner: AMAZON_EKS,
  name: `amazon-eks-node-al2023-{arch}-standard-${kubernetes}-v{version}`,
  description: `EKS-optimized Kubernetes node based on Amazon Linux 2023, (k8s: ${kubernetes}, containerd: *)`,
  architectures: gnu,
  releases: [
    ["20261003", "2026-10-06T23:58"],
    ["20261012", "2026-10-13T23:58"],
  ],
  root: amazonRoot(20),
  boot: eitherBoot,
  imdsV2: true,
  billing: linux,
  freeTier: false,
  parameters: [
    `/aws/service/eks/optimized-ami/${kubernetes}/amazon-linux-2023/{arch}/standard/recommended/image_id`,
  ],
}));

interface UbuntuLine {
  readonly codename: string;
  readonly number: string;
  readonly storage: "hvm-ssd" | "hvm-ssd-gp3";
  readonly releases: readonly Release[];
  readonly imdsV2?: boolean | undefined;
}

const ubuntuLines: readonly UbuntuLine[] = [
  {
    codename: "focal",
    number: "20.04",
    storage: "hvm-ssd",
    releases: [
      ["20250603", "2025-06-04T02:14"],
      ["20250624", "2025-06-25T02:14"],
    ],
  },
  {
    codename: "jammy",
    number: "22.04",
    storage: "hvm-ssd",
    releases: [
      ["20260904", "2026-09-05T07:25"],
      ["20261001", "2026-10-02T07:25"],
    ],
  },
  {
    codename: "noble",
    number: "24.04",
    storage: "hvm-ssd-gp3",
    releases: [
      ["20260923", "2026-09-24T07:40"],
      ["20261004", "2026-10-05T07:40"],
    ],
    imdsV2: true,
  },
  {
    codename: "resolute",
    number: "26.04",
    storage: "hvm-ssd-gp3",
    releases: [
      ["20260916", "2026-09-17T07:50"],
      ["20261003", "2026-10-04T07:50"],
    ],
    imdsV2: true,
  },
];

const ubuntu = ubuntuLines.map(({ codename, number, storage, releases, imdsV2 }): ImageFamily => {
  const type = storage === "hvm-ssd" ? "gp2" : "gp3";
  return {
    owner: CANONICAL,
    name: `ubuntu/images/${storage}/ubuntu-${codename}-${number}-{arch}-server-{version}`,
    description: `Canonical, Ubuntu, ${number}, {arch} ${codename} image`,
    architectures: debianStyle,
    releases,
    root: { name: "/dev/sda1", sizeGiB: 8, type },
    ephemeral: ["/dev/sdb", "/dev/sdc"],
    boot: eitherBoot,
    imdsV2,
    billing: linux,
    freeTier: true,
    parameters: [number, codename].map(
      (release) =>
        `/aws/service/canonical/ubuntu/server/${release}/stable/current/{arch}/hvm/ebs-${type}/ami-id`,
    ),
  };
});

interface NumberedLine {
  readonly number: string;
  /** What the number is in words. */
  readonly title: string;
  readonly releases: readonly Release[];
}

const debianLines: readonly NumberedLine[] = [
  {
    number: "12",
    title: "bookworm",
    releases: [
      ["20260923-2610", "2026-09-23T06:45"],
      ["20261006-2623", "2026-10-06T06:45"],
    ],
  },
  {
    number: "13",
    title: "trixie",
    releases: [
      ["20260712-2537", "2026-07-12T06:50"],
      ["20260914-2601", "2026-09-14T06:50"],
    ],
  },
];

const debian = debianLines.map(({ number, title, releases }): ImageFamily => ({
  owner: DEBIAN,
  name: `debian-${number}-{arch}-{version}`,
  description: `Debian ${number} ({version})`,
  architectures: debianStyle,
  releases,
  root: { name: "/dev/xvda", sizeGiB: 8, type: "gp3" },
  boot: eitherBoot,
  billing: linux,
  freeTier: true,
  parameters: [number, title].map((release) => `/aws/service/debian/release/${release}/latest/{arch}`),
}));

interface RedHatLine {
  readonly build: string;
  readonly releases: readonly Release[];
  readonly boot: ImageFamily["boot"];
}

const redHatLines: readonly RedHatLine[] = [
  { build: "2225", releases: [["8.10.0_HVM-20260721", "2026-07-22T09:10"]], boot: { arm64: "uefi" } },
  {
    build: "0",
    releases: [
      ["9.8.0_HVM-20260728", "2026-07-29T09:20"],
      ["9.8.0_HVM-20260908", "2026-09-09T09:20"],
    ],
    boot: eitherBoot,
  },
  {
    build: "0",
    releases: [
      ["10.2.0_HVM-20260728", "2026-07-29T09:30"],
      ["10.2.0_HVM-20260908", "2026-09-09T09:30"],
    ],
    boot: eitherBoot,
  },
];

const redHatEnterprise = redHatLines.map(({ build, releases, boot }): ImageFamily => ({
  owner: RED_HAT,
  name: `RHEL-{version}-{arch}-${build}-Hourly2-GP3`,
  description: "Provided by Red Hat, Inc.",
  architectures: gnu,
  releases,
  root: { name: "/dev/sda1", sizeGiB: 10, type: "gp3" },
  boot,
  billing: redHat,
  freeTier: true,
}));

const suseLines: readonly NumberedLine[] = [
  { number: "15-sp6", title: "15 SP6", releases: [["20260919", "2026-09-21T11:05"]] },
  {
    number: "15-sp7",
    title: "15 SP7",
    releases: [
      ["20260630", "2026-07-02T11:10"],
      ["20260922", "2026-09-24T11:10"],
    ],
  },
  { number: "16-0", title: "16.0", releases: [["20260703", "2026-07-06T11:15"]] },
];

const suseEnterprise = suseLines.map(({ number, title, releases }): ImageFamily => ({
  owner: SUSE,
  name: `suse-sles-${number}-v{version}-hvm-ssd-{arch}`,
  description: `SUSE Linux Enterprise Server ${title} (HVM, 64-bit, SSD-Backed)`,
  architectures: gnu,
  releases,
  root: { name: "/dev/sda1", sizeGiB: 10, type: "gp3" },
  boot: eitherBoot,
  billing: suse,
  freeTier: true,
  parameters: [`/aws/service/suse/sles/${number.replace("16-0", "16.0")}/{arch}/latest`],
}));

const windowsReleases: readonly Release[] = [
  ["2026.08.12", "2026-08-12T09:15"],
  ["2026.09.17", "2026-09-17T09:15"],
];

/** Windows Server's devices for instance stores: xvdca to xvdcz. */
const windowsEphemeral = Array.from({ length: 26 }, (_, index) => `xvdc${String.fromCodePoint(97 + index)}`);

/**
 * Windows Server 2025 boots by UEFI and from gp3, earlier ones by BIOS and from gp2; prefixes of names change that.
 *
 * @see https://docs.aws.amazon.com/ec2/latest/windows-ami-reference/ami-windows-diff.html
 */
function windowsServer(
  year: string,
  edition: "Full" | "Core",
  prefix: "" | "TPM-" | "BIOS-" = "",
): ImageFamily {
  const name = `${prefix}Windows_Server-${year}-English-${edition}-Base`;
  const title = edition === "Full" && Number(year) < 2022 ? "with Desktop Experience" : edition;
  const boot = prefix === "BIOS-" ? "legacy-bios" : prefix === "TPM-" || year === "2025" ? "uefi" : undefined;
  return {
    owner: AMAZON_WINDOWS,
    name: `${name}-{version}`,
    description: `Microsoft Windows Server ${year} ${title} Locale English AMI provided by Amazon`,
    architectures: { x86_64: "x86_64" },
    releases: windowsReleases,
    root: { name: "/dev/sda1", sizeGiB: 30, type: year === "2025" ? "gp3" : "gp2" },
    ephemeral: windowsEphemeral,
    boot: boot && { x86_64: boot },
    tpm: prefix === "TPM-",
    billing: windows,
    freeTier: true,
    parameters: [`/aws/service/ami-windows-latest/${name}`],
  };
}

const windowsServers = [
  ...["2016", "2019", "2022", "2025"].flatMap((year) =>
    (["Full", "Core"] as const).flatMap((edition) => [
      windowsServer(year, edition),
      windowsServer(year, edition, "TPM-"),
    ]),
  ),
  windowsServer("2025", "Full", "BIOS-"),
];

/**
 * Public images as of November 2026. Names follow their publishers' schemes and releases are real ones; times of day, and
 * a build number here and there, are not known and filled in.
 */
export const imageFamilies: readonly ImageFamily[] = [
  ...amazonLinux2023,
  ...amazonLinux2,
  ...ecs,
  ...eks,
  ...ubuntu,
  ...debian,
  ...redHatEnterprise,
  ...suseEnterprise,
  ...windowsServers,
];
