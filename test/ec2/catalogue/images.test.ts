import { describe, expect, it } from "vitest";
import type * as Sdk from "@aws-sdk/client-ec2";
import { hasOwner, imageFilters, viewImage } from "../../../server/ec2/catalogue/image.ts";
import {
  findImage,
  imagesOf,
  latestParameter,
  latestParameters,
} from "../../../server/ec2/catalogue/images.ts";

const account = "123456789012";
const region = "eu-central-1";
/** One digit off Canonical's account. */
const impostor = "099720109478";

const glob = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .replaceAll(/[.+^$()|[\]{}\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".")}$`,
  );

type Search = Partial<Record<keyof typeof imageFilters, string>>;

/** What DescribeImages finds for these owners and filters, newest first, as `most_recent` and `sort_by` have it. */
function find(owners: readonly string[], search: Search): readonly Sdk.Image[] {
  const matches = (view: Sdk.Image): boolean =>
    Object.entries(search).every(([name, pattern]) => {
      const value = imageFilters[name as keyof typeof imageFilters](view);
      return [value].flat().some((one) => one !== undefined && glob(pattern).test(String(one)));
    });
  return imagesOf(region)
    .filter((image) => hasOwner(image, owners, account))
    .map((image) => viewImage(image, { account }))
    .filter(matches)
    .toSorted((a, b) => (a.CreationDate ?? "").localeCompare(b.CreationDate ?? ""))
    .toReversed();
}

const names = (images: readonly Sdk.Image[]): readonly (string | undefined)[] =>
  images.map(({ Name }) => Name);

describe("the usual searches", () => {
  const hvm = { "virtualization-type": "hvm" };
  const ebs = { ...hvm, "root-device-type": "ebs", state: "available" };

  it.each<[owner: string, search: Search, newest: string, count: number]>([
    [
      "amazon",
      { name: "al2023-ami-2023.*-x86_64", ...ebs },
      "al2023-ami-2023.12.20261112.0-kernel-6.1-x86_64",
      6,
    ],
    ["amazon", { name: "al2023-ami-2023*" }, "al2023-ami-2023.12.20261112.0-kernel-6.1-x86_64", 12],
    [
      "137112412989",
      { name: "al2023-ami-2023.*-kernel-6.1-x86_64" },
      "al2023-ami-2023.12.20261112.0-kernel-6.1-x86_64",
      2,
    ],
    [
      "amazon",
      { name: "al2023-ami-2023.*-kernel-6.12-arm64" },
      "al2023-ami-2023.12.20261112.0-kernel-6.12-arm64",
      2,
    ],
    [
      "amazon",
      { name: "al2023-ami-*-arm64", architecture: "arm64", description: "* Minimal *" },
      "al2023-ami-minimal-2023.12.20261112.0-kernel-6.1-arm64",
      6,
    ],
    ["amazon", { name: "amzn2-ami-hvm-*-x86_64-gp2" }, "amzn2-ami-hvm-2.0.20261002.0-x86_64-gp2", 2],
    [
      "amazon",
      { name: "amzn2-ami-hvm-2.0.????????.?-x86_64-gp2" },
      "amzn2-ami-hvm-2.0.20261002.0-x86_64-gp2",
      2,
    ],
    ["amazon", { name: "amzn2-ami-hvm-*-x86_64-ebs" }, "amzn2-ami-hvm-2.0.20261002.0-x86_64-ebs", 2],
    [
      "amazon",
      { name: "amzn2-ami-kernel-5.10-hvm-*-arm64-gp2" },
      "amzn2-ami-kernel-5.10-hvm-2.0.20261002.0-arm64-gp2",
      2,
    ],
    [
      "099720109477",
      { name: "ubuntu/images/hvm-ssd/ubuntu-focal-20.04-amd64-server-*", ...hvm },
      "ubuntu/images/hvm-ssd/ubuntu-focal-20.04-amd64-server-20250624",
      2,
    ],
    [
      "099720109477",
      { name: "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*", ...hvm },
      "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20261001",
      2,
    ],
    [
      "099720109477",
      { name: "ubuntu/images/*ubuntu-noble-24.04-amd64-server-*", ...hvm },
      "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20261004",
      2,
    ],
    [
      "099720109477",
      { name: "ubuntu/images/hvm-ssd-gp3/*24.04-arm64*" },
      "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-arm64-server-20261004",
      2,
    ],
    [
      "amazon",
      { name: "ubuntu/images/hvm-ssd-gp3/ubuntu-resolute-26.04-amd64-server-*" },
      "ubuntu/images/hvm-ssd-gp3/ubuntu-resolute-26.04-amd64-server-20261003",
      2,
    ],
    ["136693071363", { name: "debian-12-amd64-*" }, "debian-12-amd64-20261006-2623", 2],
    ["136693071363", { name: "debian-13-*", architecture: "arm64" }, "debian-13-arm64-20260914-2601", 2],
    ["309956199498", { name: "RHEL-9*" }, "RHEL-9.8.0_HVM-20260908-x86_64-0-Hourly2-GP3", 4],
    [
      "309956199498",
      { name: "RHEL-9.*_HVM-*-x86_64-*-Hourly2-GP3", "platform-details": "Red Hat Enterprise Linux" },
      "RHEL-9.8.0_HVM-20260908-x86_64-0-Hourly2-GP3",
      2,
    ],
    [
      "309956199498",
      { "manifest-location": "amazon/RHEL-10*", architecture: "arm64" },
      "RHEL-10.2.0_HVM-20260908-arm64-0-Hourly2-GP3",
      2,
    ],
    [
      "amazon",
      { name: "RHEL-8*HVM-*Hourly*", architecture: "x86_64" },
      "RHEL-8.10.0_HVM-20260721-x86_64-2225-Hourly2-GP3",
      1,
    ],
    [
      "013907871322",
      { name: "suse-sles-15-sp6-v*-hvm-ssd-x86_64" },
      "suse-sles-15-sp6-v20260919-hvm-ssd-x86_64",
      1,
    ],
    [
      "013907871322",
      { name: "suse-sles-15-*-hvm-ssd-x86_64" },
      "suse-sles-15-sp7-v20260922-hvm-ssd-x86_64",
      3,
    ],
    [
      "amazon",
      { name: "Windows_Server-2022-English-Full-Base-*", platform: "windows" },
      "Windows_Server-2022-English-Full-Base-2026.09.17",
      2,
    ],
    [
      "801119661308",
      { name: "Windows_Server-2016-English-Core-Base-????.??.??" },
      "Windows_Server-2016-English-Core-Base-2026.09.17",
      2,
    ],
    [
      "amazon",
      { name: "*Windows_Server-2025-English-Full-Base*", "boot-mode": "legacy-bios" },
      "BIOS-Windows_Server-2025-English-Full-Base-2026.09.17",
      2,
    ],
    [
      "amazon",
      { name: "*Windows_Server-2019-English-Full-Base*", "tpm-support": "v2.0" },
      "TPM-Windows_Server-2019-English-Full-Base-2026.09.17",
      2,
    ],
    [
      "591542846629",
      { name: "al2023-ami-ecs-hvm-*-x86_64" },
      "al2023-ami-ecs-hvm-2023.0.20261113-kernel-6.1-x86_64",
      2,
    ],
    [
      "amazon",
      { name: "amzn2-ami-ecs-hvm-2.0.202*-x86_64-ebs" },
      "amzn2-ami-ecs-hvm-2.0.20260924-x86_64-ebs",
      2,
    ],
    [
      "602401143452",
      { name: "amazon-eks-node-al2023-x86_64-standard-1.35-v*" },
      "amazon-eks-node-al2023-x86_64-standard-1.35-v20261012",
      2,
    ],
  ])("%s %j", (owner, search, newest, count) => {
    const found = find([owner], search);
    expect(found[0]?.Name).toBe(newest);
    expect(found).toHaveLength(count);
  });

  it("find nothing under another owner", () => {
    for (const owner of ["self", "aws-marketplace", account, impostor]) {
      expect(find([owner], {})).toEqual([]);
    }
    expect(names(find(["309956199498"], { name: "ubuntu*" }))).toEqual([]);
  });

  it.each([
    "al2023-ami-",
    "amzn2-ami-",
    "ubuntu/images/",
    "debian-",
    "RHEL-",
    "suse-sles-",
    "Windows_Server-2022-*-Full-",
  ])("of %s never tie: no two were created at once", (prefix) => {
    const times = imagesOf(region)
      .filter(({ name }) => glob(`${prefix}*`).test(name))
      .map(({ createdAt }) => createdAt);
    expect(new Set(times).size).toBe(times.length);
  });
});

describe("ids", () => {
  it("are well formed, and of one image each in all regions", () => {
    const images = ["us-east-1", "us-east-2", region, "ap-southeast-7"].flatMap(imagesOf);
    const ids = images.flatMap(({ id, root }) => [id, root.snapshotId ?? ""]);
    expect(ids.filter((id) => !/^(?:ami|snap)-0[0-9a-f]{16}$/.test(id))).toEqual([]);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("are found again", () => {
    expect(imagesOf(region).filter((image) => findImage(region, image.id) !== image)).toEqual([]);
  });

  it("are the same for ever: code has them in it", () => {
    expect(findImage("us-east-1", "ami-0b645addda44ba623")?.name).toBe(
      "al2023-ami-2023.12.20261112.0-kernel-6.1-x86_64",
    );
  });

  it("belong to one region", () => {
    const [image] = imagesOf("us-east-1");
    expect(findImage("us-west-2", image?.id ?? "")).toBeUndefined();
    expect(imagesOf("us-east-1")).toBe(imagesOf("us-east-1"));
  });

  it("go with names that are unique in a region", () => {
    const all = imagesOf(region);
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
  });
});

/** The newest image of that name. */
const view = (owner: string, name: string): Sdk.Image | undefined => find([owner], { name })[0];

describe("what an image shows", () => {
  it("Amazon Linux 2023", () => {
    const image = view("amazon", "al2023-ami-2023.*-kernel-6.1-x86_64");
    expect(image).toEqual({
      ImageId: image?.ImageId,
      Name: "al2023-ami-2023.12.20261112.0-kernel-6.1-x86_64",
      ImageLocation: "amazon/al2023-ami-2023.12.20261112.0-kernel-6.1-x86_64",
      ImageOwnerAlias: "amazon",
      OwnerId: "137112412989",
      Description: "Amazon Linux 2023 AMI 2023.12.20261112.0 x86_64 HVM kernel-6.1",
      Architecture: "x86_64",
      CreationDate: "2026-11-12T21:50:40.000Z",
      DeprecationTime: "2028-11-12T21:50:40.000Z",
      ImageType: "machine",
      State: "available",
      Public: true,
      Hypervisor: "xen",
      VirtualizationType: "hvm",
      RootDeviceType: "ebs",
      RootDeviceName: "/dev/xvda",
      BlockDeviceMappings: [
        {
          DeviceName: "/dev/xvda",
          Ebs: {
            DeleteOnTermination: true,
            SnapshotId: image?.BlockDeviceMappings?.[0]?.Ebs?.SnapshotId,
            VolumeSize: 8,
            VolumeType: "gp3",
            Encrypted: false,
            Iops: 3000,
            Throughput: 125,
          },
        },
      ],
      PlatformDetails: "Linux/UNIX",
      UsageOperation: "RunInstances",
      EnaSupport: true,
      SriovNetSupport: "simple",
      BootMode: "uefi-preferred",
      ImdsSupport: "v2.0",
      FreeTierEligible: true,
      Tags: [],
    });
  });

  it("Ubuntu, with its instance stores", () => {
    const image = view("099720109477", "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-arm64-server-*");
    expect(image).toMatchObject({ RootDeviceName: "/dev/sda1", BootMode: "uefi", Architecture: "arm64" });
    expect(image?.BlockDeviceMappings).toMatchObject([
      { DeviceName: "/dev/sda1", Ebs: { VolumeSize: 8, VolumeType: "gp2" } },
      { DeviceName: "/dev/sdb", VirtualName: "ephemeral0" },
      { DeviceName: "/dev/sdc", VirtualName: "ephemeral1" },
    ]);
    expect(image).not.toHaveProperty("ImdsSupport");
    expect(image).not.toHaveProperty("Platform");
  });

  it("Windows Server", () => {
    const image = view("amazon", "TPM-Windows_Server-2025-English-Full-Base-*");
    expect(image).toMatchObject({
      Platform: "windows",
      PlatformDetails: "Windows",
      UsageOperation: "RunInstances:0002",
      Description: "Microsoft Windows Server 2025 Full Locale English AMI provided by Amazon",
      BootMode: "uefi",
      TpmSupport: "v2.0",
    });
    expect(image?.BlockDeviceMappings?.[0]).toMatchObject({ Ebs: { VolumeSize: 30, VolumeType: "gp3" } });
    expect(image?.BlockDeviceMappings).toHaveLength(27);
    expect(image?.BlockDeviceMappings?.at(-1)).toEqual({ DeviceName: "xvdcz", VirtualName: "ephemeral25" });
    expect(view("amazon", "Windows_Server-2019-English-Full-Base-*")?.Description).toBe(
      "Microsoft Windows Server 2019 with Desktop Experience Locale English AMI provided by Amazon",
    );
  });

  it.each([
    ["RHEL-9*", "Red Hat Enterprise Linux", "RunInstances:0010", 10],
    ["suse-sles-16*", "SUSE Linux", "RunInstances:000g", 10],
    ["debian-12-*", "Linux/UNIX", "RunInstances", 8],
    ["al2023-ami-ecs-*", "Linux/UNIX", "RunInstances", 30],
    ["amazon-eks-node-*", "Linux/UNIX", "RunInstances", 20],
  ])("%s: billing and size", (name, PlatformDetails, UsageOperation, size) => {
    expect(view("amazon", name)).toMatchObject({
      PlatformDetails,
      UsageOperation,
      BlockDeviceMappings: [{ Ebs: { VolumeSize: size } }],
    });
  });
});

describe("public parameters", () => {
  it.each([
    [
      "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
      "al2023-ami-2023.12.20261112.0-kernel-6.1-x86_64",
    ],
    [
      "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.12-arm64",
      "al2023-ami-2023.12.20261112.0-kernel-6.12-arm64",
    ],
    [
      "/aws/service/ami-amazon-linux-latest/al2023-ami-minimal-kernel-default-arm64",
      "al2023-ami-minimal-2023.12.20261112.0-kernel-6.1-arm64",
    ],
    [
      "/aws/service/ami-amazon-linux-latest/amzn2-ami-hvm-x86_64-gp2",
      "amzn2-ami-hvm-2.0.20261002.0-x86_64-gp2",
    ],
    [
      "/aws/service/ami-amazon-linux-latest/amzn2-ami-kernel-5.10-hvm-arm64-gp2",
      "amzn2-ami-kernel-5.10-hvm-2.0.20261002.0-arm64-gp2",
    ],
    [
      "/aws/service/canonical/ubuntu/server/22.04/stable/current/amd64/hvm/ebs-gp2/ami-id",
      "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20261001",
    ],
    [
      "/aws/service/canonical/ubuntu/server/noble/stable/current/arm64/hvm/ebs-gp3/ami-id",
      "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-arm64-server-20261004",
    ],
    ["/aws/service/debian/release/12/latest/amd64", "debian-12-amd64-20261006-2623"],
    ["/aws/service/suse/sles/16.0/x86_64/latest", "suse-sles-16-0-v20260703-hvm-ssd-x86_64"],
    [
      "/aws/service/ami-windows-latest/Windows_Server-2022-English-Full-Base",
      "Windows_Server-2022-English-Full-Base-2026.09.17",
    ],
    [
      "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id",
      "al2023-ami-ecs-hvm-2023.0.20261113-kernel-6.1-x86_64",
    ],
    [
      "/aws/service/ecs/optimized-ami/amazon-linux-2/arm64/recommended/image_id",
      "amzn2-ami-ecs-hvm-2.0.20260924-arm64-ebs",
    ],
    [
      "/aws/service/eks/optimized-ami/1.36/amazon-linux-2023/arm64/standard/recommended/image_id",
      "amazon-eks-node-al2023-arm64-standard-1.36-v20261012",
    ],
  ])("%s", (parameter, name) => {
    expect(findImage(region, latestParameter(parameter, region) ?? "")?.name).toBe(name);
  });

  it("name an image each, and nothing that is none", () => {
    for (const parameter of latestParameters(region)) {
      expect(parameter).toMatch(/^\/aws\/service\/[\w./-]+$/);
      expect(findImage(region, latestParameter(parameter, region) ?? "")).toBeDefined();
    }
    expect(latestParameter("/aws/service/ami-amazon-linux-latest/none", region)).toBeUndefined();
    expect(latestParameter("toString", region)).toBeUndefined();
  });
});
