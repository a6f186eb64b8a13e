import {
  DescribeImageAttributeCommand,
  DescribeImagesCommand,
  EC2Client,
  type DescribeImagesRequest,
  type Image,
  type ImageAttributeName,
} from "@aws-sdk/client-ec2";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { configOf, freshClient, freshKeys, ownIslet, refused } from "../islet.ts";

const folder = mkdtempSync(join(tmpdir(), "islet-images-"));
const file = join(folder, "images.json");
const GOLDEN = "ami-0123456789abcdef0";
const OLD = "ami-01234567";
const SECRET = "ami-0fedcba9876543210";
const owner = "111122223333";
writeFileSync(
  file,
  JSON.stringify([
    { ImageId: GOLDEN, Name: "golden", OwnerId: owner, Tags: [{ Key: "team", Value: "core" }] },
    { ImageId: OLD, Name: "old", OwnerId: owner, DeprecationTime: "2020-01-01T00:00:00.000Z" },
    { ImageId: SECRET, Name: "secret", OwnerId: owner, Public: false, Description: "hidden away" },
  ]),
);

const islet = await ownIslet({ images: file });
afterAll(async () => {
  await islet.close();
  rmSync(folder, { recursive: true });
});

const ec2 = await freshClient({ islet });
/** The root of the account that owns the images: its number is a key of its own. */
const ownerClient = new EC2Client(configOf(islet, { accessKeyId: owner, secretAccessKey: "test" }));

const images = async (input: DescribeImagesRequest = {}, client = ec2): Promise<Image[]> =>
  (await client.send(new DescribeImagesCommand(input))).Images ?? [];

const filtered = (...filters: readonly (readonly [string, string])[]) =>
  images({ Filters: filters.map(([Name, value]) => ({ Name, Values: [value] })) });

const ids = (found: readonly Image[]) => found.map(({ ImageId }) => ImageId);

const UBUNTU = ["name", "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-*"] as const;

describe("what it refuses to parse", () => {
  test("an id that is none", async () => {
    await refused(
      images({ ImageIds: ["vpc-12345678"] }),
      "InvalidAMIID.Malformed",
      'Invalid id: "vpc-12345678" (expecting "ami-...")',
    );
    await refused(images({ ImageIds: ["ami-1"] }), "InvalidAMIID.Malformed", 'Invalid id: "ami-1"');
  });

  test("a filter that images do not have", async () => {
    await refused(filtered(["colour", "red"]), "InvalidParameterValue", "The filter 'colour' is invalid");
  });

  test("a page that is too long, or too short, or comes from nowhere", async () => {
    await refused(images({ MaxResults: 1001 }), "InvalidParameterValue");
    await refused(images({ MaxResults: 1 }), "InvalidParameterValue");
    await refused(images({ NextToken: "AAAA" }), "InvalidPaginationToken");
  });

  test("an attribute that images do not have", async () => {
    const Attribute = "colour" as ImageAttributeName;
    await refused(
      ec2.send(new DescribeImageAttributeCommand({ ImageId: GOLDEN, Attribute })),
      "InvalidParameterValue",
    );
  });
});

describe("what it refuses to do", () => {
  test("images that are not there", async () => {
    await refused(
      images({ ImageIds: [GOLDEN, "ami-00000000000000000"] }),
      "InvalidAMIID.NotFound",
      "The image id '[ami-00000000000000000]' does not exist",
    );
    await refused(
      images({ ImageIds: ["ami-00000000000000000", "ami-00000000"] }),
      "InvalidAMIID.NotFound",
      "The image ids '[ami-00000000000000000, ami-00000000]' do not exist",
    );
    await refused(
      ec2.send(new DescribeImageAttributeCommand({ ImageId: "ami-00000000", Attribute: "kernel" })),
      "InvalidAMIID.NotFound",
    );
  });

  test("attributes, to others than the owner, and the block devices to everyone", async () => {
    const ask = (client: EC2Client, Attribute: ImageAttributeName) =>
      client.send(new DescribeImageAttributeCommand({ ImageId: GOLDEN, Attribute }));
    await refused(ask(ec2, "launchPermission"), "AuthFailure", `Not authorized for image:${GOLDEN}`);
    await refused(ask(ownerClient, "blockDeviceMapping"), "AuthFailure");
  });

  test("a page that another account was given", async () => {
    const { NextToken } = await ec2.send(new DescribeImagesCommand({ MaxResults: 5 }));
    await refused(images({ NextToken }, ownerClient), "InvalidPaginationToken");
  });

  test("a dry run", async () => {
    await refused(images({ DryRun: true }), "DryRunOperation");
  });
});

describe("what it does", () => {
  test("finds the newest Ubuntu as the usual searches do", async () => {
    const found = await filtered(UBUNTU, ["virtualization-type", "hvm"], ["owner-id", "099720109477"]);
    expect(found.length).toBeGreaterThan(0);
    const [newest] = found.toSorted((a, b) => ((a.CreationDate ?? "") < (b.CreationDate ?? "") ? 1 : -1));
    expect(newest).toMatchObject({ Architecture: "x86_64", State: "available", RootDeviceType: "ebs" });
    expect(await images({ ImageIds: [newest?.ImageId ?? ""] })).toEqual([newest]);
    expect(ids(await images({ Owners: ["099720109477"] }))).toContain(newest?.ImageId);
    expect(ids(await images({ Owners: ["amazon"] }))).not.toContain(GOLDEN);
    expect(ids(await images({ Owners: ["aws-marketplace"] }))).toEqual([]);
  });

  test("has other ids in each region", async () => {
    const elsewhere = new EC2Client({ ...configOf(islet, freshKeys(islet), "eu-west-1") });
    const [one] = await filtered(UBUNTU);
    await refused(images({ ImageIds: [one?.ImageId ?? ""] }, elsewhere), "InvalidAMIID.NotFound");
    expect(await images({ ImageIds: [GOLDEN] }, elsewhere)).toMatchObject([{ Name: "golden" }]);
  });

  test("pages through all of them", async () => {
    const all = ids(await images());
    const seen: (string | undefined)[] = [];
    let NextToken: string | undefined;
    do {
      const page = await ec2.send(new DescribeImagesCommand({ MaxResults: 50, NextToken }));
      expect(page.Images?.length).toBeLessThanOrEqual(50);
      seen.push(...ids(page.Images ?? []));
      ({ NextToken } = page);
    } while (NextToken !== undefined);
    expect(seen).toEqual(all);
  });

  test.each([
    ["architecture", "arm64"],
    ["block-device-mapping.delete-on-termination", "true"],
    ["block-device-mapping.device-name", "/dev/xvda"],
    ["block-device-mapping.encrypted", "false"],
    ["block-device-mapping.snapshot-id", "snap-*"],
    ["block-device-mapping.volume-size", "8"],
    ["block-device-mapping.volume-type", "gp3"],
    ["boot-mode", "uefi*"],
    ["creation-date", "202*"],
    ["description", "*"],
    ["ena-support", "true"],
    ["free-tier-eligible", "true"],
    ["hypervisor", "xen"],
    ["image-id", GOLDEN],
    ["image-type", "machine"],
    ["is-public", "true"],
    ["manifest-location", `${owner}/golden`],
    ["name", "golden"],
    ["owner-alias", "amazon"],
    ["owner-id", owner],
    ["platform", "windows"],
    ["platform-details", "Linux/UNIX"],
    ["root-device-name", "/dev/sda1"],
    ["root-device-type", "ebs"],
    ["sriov-net-support", "simple"],
    ["state", "available"],
    ["tpm-support", "v2.0"],
    ["usage-operation", "RunInstances:0002"],
    ["virtualization-type", "hvm"],
  ] as const)("filters by %s", async (name, value) => {
    expect((await filtered([name, value])).length).toBeGreaterThan(0);
    expect(await filtered([name, "none such"])).toEqual([]);
  });

  test.each([
    "image-allowed",
    "kernel-id",
    "product-code",
    "product-code.type",
    "ramdisk-id",
    "source-image-id",
    "source-image-region",
    "source-instance-id",
    "state-reason-code",
    "state-reason-message",
  ])("filters by %s, which no image here has", async (name) => {
    expect(await filtered([name, "*"])).toEqual([]);
  });

  test("shows tags to the owner alone", async () => {
    const tagged = { Filters: [{ Name: "tag:team", Values: ["core"] }] };
    expect(await images(tagged)).toEqual([]);
    expect(ids(await images(tagged, ownerClient))).toEqual([GOLDEN]);
    expect(ids(await images({ Owners: ["self"] }, ownerClient))).toEqual([GOLDEN, OLD, SECRET]);
    expect(await images({ Owners: ["self"] })).toEqual([]);
  });

  test("hides an own image that is deprecated, unless asked for", async () => {
    const Owners = [owner];
    expect(ids(await images({ Owners }))).toEqual([GOLDEN, SECRET]);
    expect(ids(await images({ Owners, IncludeDeprecated: true }))).toEqual([GOLDEN, OLD, SECRET]);
    expect(ids(await images({ ImageIds: [OLD] }))).toEqual([OLD]);
  });

  test("tells apart who may launch an image", async () => {
    const shared = (user: string, client = ec2) =>
      images({ ExecutableUsers: [user], Owners: [owner], IncludeDeprecated: true }, client).then(ids);
    expect(await shared("all")).toEqual([GOLDEN, OLD]);
    expect(await shared("self")).toEqual([SECRET]);
    expect(await shared("self", ownerClient)).toEqual([]);
    expect(await shared("444455556666", ownerClient)).toEqual([SECRET]);
  });

  test.each([
    ["bootMode", { BootMode: undefined }],
    ["deregistrationProtection", { DeregistrationProtection: { Value: "disabled" } }],
    ["description", { Description: { Value: "hidden away" } }],
    ["imdsSupport", { ImdsSupport: undefined }],
    ["kernel", { KernelId: undefined }],
    ["lastLaunchedTime", { LastLaunchedTime: undefined }],
    ["launchPermission", { LaunchPermissions: [] }],
    ["productCodes", { ProductCodes: [] }],
    ["ramdisk", { RamdiskId: undefined }],
    ["sriovNetSupport", { SriovNetSupport: undefined }],
    ["tpmSupport", { TpmSupport: undefined }],
    ["uefiData", { UefiData: undefined }],
  ] as const)("tells the owner the %s", async (Attribute, expected) => {
    const { $metadata: _, ...answer } = await ownerClient.send(
      new DescribeImageAttributeCommand({ ImageId: SECRET, Attribute }),
    );
    const given = Object.entries(answer).map(([name, value]) => [
      name,
      JSON.stringify(value) === "{}" ? undefined : value,
    ]);
    expect(Object.fromEntries(given)).toEqual({ ImageId: SECRET, ...expected });
  });

  test("tells the owner that a public image is for all", async () => {
    const { LaunchPermissions } = await ownerClient.send(
      new DescribeImageAttributeCommand({ ImageId: GOLDEN, Attribute: "launchPermission" }),
    );
    expect(LaunchPermissions).toEqual([{ Group: "all" }]);
  });
});
