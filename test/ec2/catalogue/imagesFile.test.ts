import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { viewImage } from "../../../server/ec2/catalogue/image.ts";
import { imagesOf } from "../../../server/ec2/catalogue/images.ts";
import { ImagesFileError, readImagesFile } from "../../../server/ec2/catalogue/imagesFile.ts";

const seed = 20_261_123;

const read = (content: unknown) => readImagesFile(JSON.stringify(content));

/** The message of the refusal. */
function refusal(file: string): string {
  try {
    readImagesFile(file);
  } catch (error) {
    if (error instanceof ImagesFileError) return error.message;
    throw error;
  }
  return "taken";
}

const least = { ImageId: "ami-0abcdef1234567890", Name: "mine" };

describe("a file of images", () => {
  it("gives defaults to what it leaves out", () => {
    const [image] = read([least]);
    expect(image && viewImage(image, { account: "123456789012" })).toEqual({
      ImageId: "ami-0abcdef1234567890",
      Name: "mine",
      ImageLocation: "000000000000/mine",
      OwnerId: "000000000000",
      Architecture: "x86_64",
      CreationDate: "2026-01-01T00:00:00.000Z",
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
            SnapshotId: expect.stringMatching(/^snap-0[0-9a-f]{16}$/),
            VolumeSize: 8,
            VolumeType: "gp3",
            Encrypted: false,
          },
        },
      ],
      PlatformDetails: "Linux/UNIX",
      UsageOperation: "RunInstances",
      EnaSupport: true,
      FreeTierEligible: false,
      Tags: [],
    });
  });

  it("gives Windows its own defaults", () => {
    const [image] = read([{ ...least, Platform: "windows" }]);
    expect(image && viewImage(image, { account: "123456789012" })).toMatchObject({
      Platform: "windows",
      PlatformDetails: "Windows",
      UsageOperation: "RunInstances:0002",
      RootDeviceName: "/dev/sda1",
      BlockDeviceMappings: [{ Ebs: { VolumeSize: 30 } }],
    });
  });

  it("knows which publishers are amazon's", () => {
    const [image] = read([{ ...least, OwnerId: "099720109477" }]);
    expect(image?.ownerAlias).toBe("amazon");
  });

  it("takes the root's name from the devices, and the devices in any order", () => {
    const devices = [
      { DeviceName: "/dev/sdb", VirtualName: "ephemeral0" },
      {
        DeviceName: "/dev/sdf",
        Ebs: { VolumeSize: 100, VolumeType: "io2", Iops: 5000, DeleteOnTermination: false },
      },
      { DeviceName: "/dev/sda1", Ebs: { SnapshotId: "snap-12345678", Encrypted: true, Throughput: 250 } },
    ];
    expect(read([{ ...least, BlockDeviceMappings: devices }])[0]?.root.name).toBe("/dev/sdf");
    const [image] = read([{ ...least, RootDeviceName: "/dev/sda1", BlockDeviceMappings: devices }]);
    expect(image?.root).toMatchObject({
      snapshotId: "snap-12345678",
      encrypted: true,
      throughput: 250,
      sizeGiB: 8,
    });
    expect(image?.devices).toMatchObject([
      { name: "/dev/sdb", virtualName: "ephemeral0" },
      { name: "/dev/sdf", sizeGiB: 100, type: "io2", iops: 5000, deleteOnTermination: false },
    ]);
  });

  it("may be what describe-images prints: each image of the catalogue comes back as it was", () => {
    const account = "123456789012";
    const views = imagesOf("us-east-1").map((image) => viewImage(image, { account }));
    const again = read({ Images: views });
    expect(again.map((image) => viewImage(image, { account }))).toEqual(views);
  });

  it("may have no image", () => {
    expect(read([])).toEqual([]);
    expect(read({ Images: [] })).toEqual([]);
  });
});

const mapping = (value: object) => ({ BlockDeviceMappings: [value] });

describe("refusals say which entry and what", () => {
  const entry = "image 1 (ami-0abcdef1234567890)";

  it.each<[members: object, message: string]>([
    [{ ImageId: undefined }, "image 1.ImageId is missing"],
    [{ Name: undefined }, `${entry}.Name is missing`],
    [
      { ImageId: "ami-mine" },
      'image 1 (ami-mine).ImageId must be an id: ami- and 8 or 17 hexadecimal digits, not "ami-mine"',
    ],
    [{ ImageId: 7 }, "image 1.ImageId must be an id: ami- and 8 or 17 hexadecimal digits, not 7"],
    [
      { Name: "no" },
      `${entry}.Name must be 3 to 128 letters, digits and ( ) [ ] . / - ' @ _ or spaces, not "no"`,
    ],
    [{ OwnerId: "self" }, `${entry}.OwnerId must be an account: 12 digits, not "self"`],
    [
      { Architecture: "amd64" },
      `${entry}.Architecture must be "x86_64" or "arm64" or "i386" or "x86_64_mac" or "arm64_mac", not "amd64"`,
    ],
    [
      { CreationDate: "2026-13-01T00:00:00Z" },
      `${entry}.CreationDate must be a time like 2026-11-12T21:30:00.000Z, not "2026-13-01T00:00:00Z"`,
    ],
    [
      { CreationDate: "today" },
      `${entry}.CreationDate must be a time like 2026-11-12T21:30:00.000Z, not "today"`,
    ],
    [{ Public: "yes" }, `${entry}.Public must be true or false, not "yes"`],
    [{ Platform: "linux" }, `${entry}.Platform must be "windows" or "Windows", not "linux"`],
    [{ VirtualizationType: "paravirtual" }, `${entry}.VirtualizationType must be "hvm", not "paravirtual"`],
    [{ State: "pending" }, `${entry}.State must be "available", not "pending"`],
    [{ KernelId: "aki-12345678" }, `${entry}.KernelId is not a member that can be set`],
    [{ imageId: "x" }, `${entry}.imageId is not a member that can be set`],
    [{ Tags: { a: "b" } }, `${entry}.Tags must be a list, not an object`],
    [{ Tags: [{ Key: "a" }] }, `${entry}.Tags[0].Value is missing`],
    [{ Description: "a\nb" }, `${entry}.Description must be text of at most 255 characters, not "a\\nb"`],
    [
      { RootDeviceName: "sda 1" },
      `${entry}.RootDeviceName must be a device name like /dev/xvda, not "sda 1"`,
    ],
    [
      { RootDeviceName: "/dev/sda1", ...mapping({ DeviceName: "/dev/xvda", Ebs: {} }) },
      `${entry}.BlockDeviceMappings must have an Ebs device for the root, /dev/sda1`,
    ],
    [
      { BlockDeviceMappings: [] },
      `${entry}.BlockDeviceMappings must have an Ebs device for the root, whatever its name`,
    ],
    [mapping({ Ebs: {} }), `${entry}.BlockDeviceMappings[0].DeviceName is missing`],
    [
      mapping({ DeviceName: "/dev/sdb" }),
      `${entry}.BlockDeviceMappings[0] must have either Ebs or VirtualName`,
    ],
    [
      mapping({ DeviceName: "/dev/sdb", Ebs: {}, VirtualName: "ephemeral0" }),
      `${entry}.BlockDeviceMappings[0] must have either Ebs or VirtualName`,
    ],
    [
      mapping({ DeviceName: "/dev/sdb", VirtualName: "ephemeral99" }),
      `${entry}.BlockDeviceMappings[0].VirtualName must be ephemeral0 to ephemeral25, not "ephemeral99"`,
    ],
    [
      mapping({ DeviceName: "/dev/sdb", Ebs: { VolumeSize: 0.5 } }),
      `${entry}.BlockDeviceMappings[0].Ebs.VolumeSize must be a whole number from 1 to 65536, not 0.5`,
    ],
    [
      mapping({ DeviceName: "/dev/sdb", Ebs: { KmsKeyId: "k" } }),
      `${entry}.BlockDeviceMappings[0].Ebs.KmsKeyId is not a member that can be set`,
    ],
    [
      { BlockDeviceMappings: ["/dev/sdb", "/dev/sdb"].map((DeviceName) => ({ DeviceName, Ebs: {} })) },
      `${entry}.BlockDeviceMappings[1].DeviceName /dev/sdb is there twice`,
    ],
  ])("%j", (members, message) => {
    expect(refusal(JSON.stringify([{ ...least, ...members }]))).toBe(message);
  });

  it.each([
    ["{", /^the file of images is not JSON: /],
    ["", /^the file of images is not JSON: /],
    ["7", /^the file of images must be an object, not 7$/],
    ["null", /^the file of images must be an object, not null$/],
    ["{}", /^the file of images\.Images is missing$/],
    ['{"Images":{}}', /^the file of images\.Images must be a list, not an object$/],
    ['{"Images":[],"More":1}', /^the file of images\.More is not a member that can be set$/],
    ["[null]", /^image 1 must be an object, not null$/],
    ["[[]]", /^image 1 must be an object, not a list$/],
    ['[{"__proto__":{}}]', /^image 1\.__proto__ is not a member that can be set$/],
    ['[{"toString":1}]', /^image 1\.toString is not a member that can be set$/],
  ])("%s", (file, message) => {
    expect(refusal(file)).toMatch(message);
  });

  it("the second of two images with one id", () => {
    expect(refusal(JSON.stringify([least, { ...least, Name: "other" }]))).toBe(
      "image 2 (ami-0abcdef1234567890) has the same ImageId as image 1",
    );
  });

  it("nothing else, whatever is in the file", () => {
    const deep = `[{"ImageId":${"[".repeat(20_000)}${"]".repeat(20_000)}}]`;
    expect(refusal(deep)).toBe(
      "image 1.ImageId must be an id: ami- and 8 or 17 hexadecimal digits, not a list",
    );
    const member = fc.constantFrom(
      "ImageId",
      "Name",
      "Tags",
      "BlockDeviceMappings",
      "Public",
      "CreationDate",
      "other",
    );
    const image = fc
      .tuple(fc.constant(least), fc.dictionary(member, fc.jsonValue()))
      .map((members) => Object.assign({}, ...members) as object);
    const files = fc.oneof(
      fc.string(),
      fc.json(),
      fc.array(fc.oneof(image, fc.jsonValue())).map((images) => JSON.stringify(images)),
    );
    const property = fc.property(files, (file) => refusal(file).length > 0);
    expect(fc.check(property, { seed, numRuns: 1000 })).toMatchObject({ failed: false });
  });
});
