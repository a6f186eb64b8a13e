import type * as Sdk from "@aws-sdk/client-ec2";
import { describe, expect, it } from "vitest";
import { hasOwner, imageFilters, viewImage } from "../../../server/ec2/catalogue/image.ts";
import { readImagesFile } from "../../../server/ec2/catalogue/imagesFile.ts";

const account = "123456789012";

describe("filters", () => {
  /** As the documentation of DescribeImages lists them, tags aside. */
  const documented = `
    architecture block-device-mapping.delete-on-termination block-device-mapping.device-name
    block-device-mapping.snapshot-id block-device-mapping.volume-size block-device-mapping.volume-type
    block-device-mapping.encrypted creation-date description ena-support free-tier-eligible hypervisor image-allowed
    image-id image-type is-public kernel-id manifest-location name owner-alias owner-id platform product-code
    product-code.type ramdisk-id root-device-name root-device-type source-image-id source-image-region
    source-instance-id state state-reason-code state-reason-message sriov-net-support virtualization-type`;
  const undocumented = "boot-mode platform-details tpm-support usage-operation";

  it("are all there", () => {
    const names = `${documented} ${undocumented}`.split(/\s+/).filter(Boolean);
    expect(Object.keys(imageFilters).toSorted()).toEqual(names.toSorted());
  });

  it("each read their own member", () => {
    const everything: Sdk.Image = {
      Architecture: "x86_64",
      CreationDate: "then",
      Description: "words",
      EnaSupport: true,
      FreeTierEligible: false,
      Hypervisor: "xen",
      ImageAllowed: true,
      ImageId: "ami-1",
      ImageType: "machine",
      Public: false,
      KernelId: "aki-1",
      ImageLocation: "somewhere",
      Name: "name",
      ImageOwnerAlias: "amazon",
      OwnerId: "1",
      RamdiskId: "ari-1",
      RootDeviceName: "/dev/a",
      RootDeviceType: "ebs",
      SourceImageId: "ami-2",
      SourceImageRegion: "r",
      SourceInstanceId: "i-1",
      State: "available",
      SriovNetSupport: "simple",
      VirtualizationType: "hvm",
      BootMode: "uefi",
      PlatformDetails: "details",
      TpmSupport: "v2.0",
      UsageOperation: "operation",
      Platform: "Windows",
      StateReason: { Code: "code", Message: "message" },
      ProductCodes: [{ ProductCodeId: "product", ProductCodeType: "marketplace" }],
      BlockDeviceMappings: [
        {
          DeviceName: "/dev/a",
          Ebs: {
            DeleteOnTermination: true,
            SnapshotId: "snap-1",
            VolumeSize: 9,
            VolumeType: "gp3",
            Encrypted: false,
          },
        },
        { DeviceName: "/dev/b", VirtualName: "ephemeral0" },
      ],
    };
    const read = Object.fromEntries(
      Object.entries(imageFilters).map(([name, value]) => [name, value(everything)]),
    );
    expect(read).toEqual({
      architecture: "x86_64",
      "block-device-mapping.delete-on-termination": [true],
      "block-device-mapping.device-name": ["/dev/a", "/dev/b"],
      "block-device-mapping.encrypted": [false],
      "block-device-mapping.snapshot-id": ["snap-1"],
      "block-device-mapping.volume-size": [9],
      "block-device-mapping.volume-type": ["gp3"],
      "boot-mode": "uefi",
      "creation-date": "then",
      description: "words",
      "ena-support": true,
      "free-tier-eligible": false,
      hypervisor: "xen",
      "image-allowed": true,
      "image-id": "ami-1",
      "image-type": "machine",
      "is-public": false,
      "kernel-id": "aki-1",
      "manifest-location": "somewhere",
      name: "name",
      "owner-alias": "amazon",
      "owner-id": "1",
      platform: "Windows",
      "platform-details": "details",
      "product-code": ["product"],
      "product-code.type": ["marketplace"],
      "ramdisk-id": "ari-1",
      "root-device-name": "/dev/a",
      "root-device-type": "ebs",
      "source-image-id": "ami-2",
      "source-image-region": "r",
      "source-instance-id": "i-1",
      "sriov-net-support": "simple",
      state: "available",
      "state-reason-code": "code",
      "state-reason-message": "message",
      "tpm-support": "v2.0",
      "usage-operation": "operation",
      "virtualization-type": "hvm",
    });
  });

  it("read nothing of an image that has nothing", () => {
    const values = Object.values(imageFilters).map((read) => read({}));
    expect(
      values.filter((value) => value !== undefined && (!Array.isArray(value) || value.length > 0)),
    ).toEqual([]);
  });
});

describe("tags", () => {
  it("of an image are its owner's to see", () => {
    const [image] = readImagesFile(
      JSON.stringify([
        { ImageId: "ami-12345678", Name: "own", OwnerId: account, Tags: [{ Key: "a", Value: "b" }] },
      ]),
    );
    if (!image) throw new Error("no image");
    expect(viewImage(image, { account }).Tags).toEqual([{ Key: "a", Value: "b" }]);
    expect(viewImage(image, { account: "999999999999" }).Tags).toEqual([]);
    expect([hasOwner(image, ["self"], account), hasOwner(image, ["self"], "999999999999")]).toEqual([
      true,
      false,
    ]);
  });
});
