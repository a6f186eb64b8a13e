import {
  AttachVolumeCommand,
  CopyImageCommand,
  CreateImageCommand,
  CreateSnapshotCommand,
  CreateTagsCommand,
  CreateVolumeCommand,
  DeleteSnapshotCommand,
  DeregisterImageCommand,
  DescribeImagesCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  EC2Client,
  RegisterImageCommand,
  RunInstancesCommand,
  type CopyImageCommandInput,
  type CreateImageCommandInput,
  type Image,
  type RegisterImageCommandInput,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { configOf, freshClient, freshKeys, ownIslet, refused, sharedIslet } from "../islet.ts";
import { readVolume, writeVolume } from "./blocks.ts";
import { launch, launchStopped, linux, shownInstance } from "./launch.ts";

const islet = await sharedIslet();
const keys = freshKeys(islet);
const ec2 = new EC2Client(configOf(islet, keys));
const far = new EC2Client(configOf(islet, keys, "eu-west-1"));
const other = await freshClient();
const instance = await launch(ec2);

let names = 0;
const fresh = () => `image ${++names}`;
const create = async (asked: Partial<CreateImageCommandInput> = {}, client = ec2): Promise<string> => {
  const command = new CreateImageCommand({ InstanceId: instance, Name: fresh(), ...asked });
  return (await client.send(command)).ImageId ?? "";
};
const register = async (asked: Partial<RegisterImageCommandInput> = {}): Promise<string> => {
  const command = new RegisterImageCommand({ Name: fresh(), VirtualizationType: "hvm", ...asked });
  return (await ec2.send(command)).ImageId ?? "";
};
const copy = async (asked: Partial<CopyImageCommandInput>, client = ec2): Promise<string> => {
  const command = new CopyImageCommand({
    Name: fresh(),
    SourceRegion: "us-east-1",
    SourceImageId: linux.id,
    ...asked,
  });
  return (await client.send(command)).ImageId ?? "";
};
const shown = async (id: string, client = ec2): Promise<Image> =>
  (await client.send(new DescribeImagesCommand({ ImageIds: [id] }))).Images?.[0] ?? {};
const snapshot = async (): Promise<string> => {
  const { VolumeId } = await ec2.send(new CreateVolumeCommand({ AvailabilityZone: "us-east-1a", Size: 2 }));
  await writeVolume(islet, VolumeId ?? "", 10, "booted");
  return (await ec2.send(new CreateSnapshotCommand({ VolumeId }))).SnapshotId ?? "";
};
const rootVolume = async (InstanceId: string, client = ec2) => {
  const { Volumes } = await client.send(
    new DescribeVolumesCommand({ Filters: [{ Name: "attachment.instance-id", Values: [InstanceId] }] }),
  );
  return Volumes?.[0]?.VolumeId ?? "";
};
const MISSING = "ami-0123456789abcdef0";

describe("what it refuses to parse", () => {
  test("names that are none", async () => {
    for (const Name of ["ab", "x".repeat(129), "semi;colon"]) {
      await refused(create({ Name }), "InvalidAMIName.Malformed");
    }
    await refused(create({ Description: "x".repeat(256) }), "InvalidParameterValue");
    await refused(ec2.send(new DeregisterImageCommand({ ImageId: "ami-x" })), "InvalidAMIID.Malformed");
  });

  test("devices that are none", async () => {
    const SnapshotId = await snapshot();
    const root = { DeviceName: "/dev/xvda", Ebs: { SnapshotId } };
    const RootDeviceName = "/dev/xvda";
    const wrong: [RegisterImageCommandInput["BlockDeviceMappings"], string][] = [
      [undefined, "InvalidBlockDeviceMapping"],
      [[root, root], "InvalidBlockDeviceMapping"],
      [[root, { DeviceName: "/dev/xvdb" }], "InvalidBlockDeviceMapping"],
      [[root, { DeviceName: "/dev/xvdb", Ebs: {} }], "InvalidBlockDeviceMapping"],
      [[root, { Ebs: { VolumeSize: 1 } }], "MissingParameter"],
      [[{ ...root, Ebs: { SnapshotId, VolumeSize: 1 } }], "InvalidBlockDeviceMapping"],
      [[{ ...root, Ebs: { SnapshotId, Encrypted: true } }], "InvalidBlockDeviceMapping"],
      [[{ ...root, Ebs: { VolumeSize: 1 } }], "InvalidBlockDeviceMapping"],
      [[{ ...root, Ebs: { SnapshotId, KmsKeyId: "alias/aws/ebs" } }], "InvalidBlockDeviceMapping"],
      [[{ ...root, Ebs: { SnapshotId, VolumeInitializationRate: 100 } }], "InvalidBlockDeviceMapping"],
      [[{ ...root, Ebs: { SnapshotId: "snap-0123456789abcdef0" } }], "InvalidSnapshot.NotFound"],
    ];
    for (const [BlockDeviceMappings, code] of wrong) {
      await refused(register({ RootDeviceName, BlockDeviceMappings }), code);
    }
    await refused(register({ BlockDeviceMappings: [root] }), "MissingParameter");
    await refused(register({ Name: undefined }), "MissingParameter");
    const DeviceName = "/dev/sdf";
    const mapped: [CreateImageCommandInput["BlockDeviceMappings"], string][] = [
      [[{ DeviceName }], "InvalidBlockDeviceMapping"],
      [[{ Ebs: { VolumeSize: 1 } }], "MissingParameter"],
      [[{ DeviceName, Ebs: { SnapshotId } }], "InvalidBlockDeviceMapping"],
      [[{ DeviceName, Ebs: { VolumeSize: 1, AvailabilityZone: "us-east-1a" } }], "InvalidBlockDeviceMapping"],
      [[{ DeviceName: "/dev/xvda", NoDevice: "" }], "InvalidBlockDeviceMapping"],
      [[{ DeviceName: "/dev/xvda", Ebs: { EbsCardIndex: 0 } }], "InvalidBlockDeviceMapping"],
      [[{ DeviceName: "/dev/xvda", Ebs: { VolumeSize: 99 } }], "InvalidBlockDeviceMapping"],
      [
        [
          { DeviceName, Ebs: { VolumeSize: 1 } },
          { DeviceName, Ebs: { VolumeSize: 1 } },
        ],
        "InvalidBlockDeviceMapping",
      ],
    ];
    for (const [BlockDeviceMappings, code] of mapped) await refused(create({ BlockDeviceMappings }), code);
  });

  test("kinds of images that there are not", async () => {
    await refused(register({ ImageLocation: "bucket/manifest.xml" }), "UnsupportedOperation");
    await refused(register({ VirtualizationType: "paravirtual" }), "UnsupportedOperation");
    await refused(register({ KernelId: "aki-1" }), "InvalidParameterCombination");
    await refused(register({ BillingProducts: ["bp-1"] }), "AuthFailure");
    await refused(register({ UefiData: "AAAA" }), "UnsupportedOperation");
    await refused(register({ SriovNetSupport: "complex" }), "InvalidParameterValue");
    await refused(register({ TpmSupport: "v2.0" }), "InvalidParameterCombination");
    await refused(create({ SnapshotLocation: "local" }), "UnsupportedOperation");
    const DestinationOutpostArn = "arn:aws:outposts:us-east-1:123456789012:outpost/op-1";
    await refused(copy({ DestinationOutpostArn }), "InvalidOutpostArn.NotFound");
    await refused(copy({ DestinationAvailabilityZone: "us-west-2-lax-1a" }), "InvalidParameterValue");
    await refused(copy({ SourceRegion: "mars-1" }), "InvalidParameterValue");
  });
});

describe("what it refuses to do", () => {
  test("take a name twice", async () => {
    const Name = fresh();
    const id = await create({ Name });
    await refused(
      create({ Name }),
      "InvalidAMIName.Duplicate",
      `AMI name ${Name} is already in use by AMI ${id}`,
    );
    await refused(copy({ Name }), "InvalidAMIName.Duplicate");
  });

  test("anything with what is not there, or is another's", async () => {
    const id = await create();
    await refused(create({ InstanceId: "i-0123456789abcdef0" }), "InvalidInstanceID.NotFound");
    await refused(copy({ SourceImageId: MISSING }), "InvalidAMIID.NotFound");
    await refused(copy({ SourceImageId: id }, other), "InvalidAMIID.NotFound");
    await refused(shown(id, other), "InvalidAMIID.NotFound");
    await refused(shown(id, far), "InvalidAMIID.NotFound");
    await refused(launch(other, { ImageId: id }), "InvalidAMIID.NotFound");
    await refused(other.send(new DeregisterImageCommand({ ImageId: id })), "InvalidAMIID.NotFound");
    await refused(ec2.send(new DeregisterImageCommand({ ImageId: linux.id })), "InvalidAMIID.NotFound");
  });

  test("use an image that is still being made, or an instance that is", async () => {
    const slow = await ownIslet({ pace: "real" });
    try {
      const client = await freshClient({ islet: slow });
      const InstanceId = await launch(client);
      await refused(create({ InstanceId }, client), "IncorrectState");
      const ImageId = await copy({}, client);
      expect(await shown(ImageId, client)).toMatchObject({ State: "pending" });
      await refused(launch(client, { ImageId }), "InvalidAMIID.Unavailable");
    } finally {
      await slow.close();
    }
  });

  test("lose a snapshot that an image is made of", async () => {
    const id = await create();
    const SnapshotId = (await shown(id)).BlockDeviceMappings?.[0]?.Ebs?.SnapshotId ?? "";
    await refused(
      ec2.send(new DeleteSnapshotCommand({ SnapshotId })),
      "InvalidSnapshot.InUse",
      `The snapshot ${SnapshotId} is currently in use by ${id}`,
    );
    await ec2.send(new DeregisterImageCommand({ ImageId: id }));
    await ec2.send(new DeleteSnapshotCommand({ SnapshotId }));
  });
});

describe("what it does", () => {
  test("makes an image of an instance, from which others boot with what was on its disks", async () => {
    const InstanceId = await launchStopped(ec2);
    await writeVolume(islet, await rootVolume(InstanceId), 4096, "golden");
    const { Placement } = await shownInstance(ec2, InstanceId);
    const { VolumeId } = await ec2.send(
      new CreateVolumeCommand({ AvailabilityZone: Placement?.AvailabilityZone, Size: 3, VolumeType: "gp3" }),
    );
    await ec2.send(new AttachVolumeCommand({ InstanceId, VolumeId, Device: "/dev/sdf" }));
    const Name = fresh();
    const ImageId = await create({
      InstanceId,
      Name,
      Description: "mine",
      BlockDeviceMappings: [
        { DeviceName: "/dev/sdf", Ebs: { DeleteOnTermination: true } },
        { DeviceName: "/dev/sdg", Ebs: { VolumeSize: 4 } },
        { DeviceName: "/dev/sdh", VirtualName: "ephemeral0" },
      ],
      TagSpecifications: [
        { ResourceType: "image", Tags: [{ Key: "Name", Value: "image" }] },
        { ResourceType: "snapshot", Tags: [{ Key: "Name", Value: "snapshot" }] },
      ],
    });
    const image = await shown(ImageId);
    expect(image).toMatchObject({
      ImageId,
      Name,
      Description: "mine",
      OwnerId: keys.account,
      ImageLocation: `${keys.account}/${Name}`,
      State: "available",
      Public: false,
      Architecture: "x86_64",
      PlatformDetails: "Linux/UNIX",
      RootDeviceName: "/dev/xvda",
      ImdsSupport: "v2.0",
      SourceInstanceId: InstanceId,
      SourceImageId: linux.id,
      SourceImageRegion: "us-east-1",
      Tags: [{ Key: "Name", Value: "image" }],
      BlockDeviceMappings: [
        { DeviceName: "/dev/xvda", Ebs: { DeleteOnTermination: true, VolumeSize: linux.root.sizeGiB } },
        { DeviceName: "/dev/sdf", Ebs: { DeleteOnTermination: true, VolumeSize: 3, VolumeType: "gp3" } },
        { DeviceName: "/dev/sdg", Ebs: { VolumeSize: 4 } },
        { DeviceName: "/dev/sdh", VirtualName: "ephemeral0" },
      ],
    });
    const SnapshotIds = image.BlockDeviceMappings?.flatMap(({ Ebs }) => Ebs?.SnapshotId ?? []);
    const { Snapshots } = await ec2.send(new DescribeSnapshotsCommand({ SnapshotIds }));
    expect(Snapshots).toHaveLength(2);
    for (const each of Snapshots ?? []) {
      expect(each).toMatchObject({
        Description: `Created by CreateImage(${InstanceId}) for ${ImageId}`,
        Tags: [{ Key: "Name", Value: "snapshot" }],
      });
    }
    await ec2.send(new CreateTagsCommand({ Resources: [ImageId], Tags: [{ Key: "more", Value: "" }] }));
    const found = await ec2.send(
      new DescribeImagesCommand({ Owners: ["self"], Filters: [{ Name: "tag:more", Values: [""] }] }),
    );
    expect(found.Images?.map((each) => each.ImageId)).toEqual([ImageId]);
    const booted = await launch(ec2, { ImageId });
    expect(await readVolume(islet, await rootVolume(booted), 4096, 6)).toBe("golden");
    expect((await shownInstance(ec2, booted)).BlockDeviceMappings).toHaveLength(3);
  });

  test("reboots a running instance for it, unless it must not", async () => {
    const ImageId = await create({ NoReboot: true });
    expect((await shownInstance(ec2, instance)).State?.Name).toBe("running");
    await create();
    expect((await shownInstance(ec2, instance)).State?.Name).toBe("running");
    expect(await shown(ImageId)).toMatchObject({ SourceInstanceId: instance });
  });

  test("makes an image for UEFI alone of an instance that booted so", async () => {
    expect((await shown(linux.id)).BootMode).toBe("uefi-preferred");
    const byUefi = await create({ BootModeOverride: "uefi", NoReboot: true });
    expect((await shown(byUefi)).BootMode).toBe("uefi");
    const byBios = await launch(ec2, { InstanceType: "t2.micro" });
    await refused(create({ InstanceId: byBios, BootModeOverride: "uefi" }), "InvalidParameterValue");
  });

  test("registers an image of a snapshot", async () => {
    const SnapshotId = await snapshot();
    const ImageId = await register({
      RootDeviceName: "/dev/sda1",
      Architecture: "x86_64",
      BootMode: "uefi",
      TpmSupport: "v2.0",
      ImdsSupport: "v2.0",
      EnaSupport: true,
      SriovNetSupport: "simple",
      BlockDeviceMappings: [
        { DeviceName: "/dev/sdb", Ebs: { VolumeSize: 1, DeleteOnTermination: false } },
        { DeviceName: "/dev/sda1", Ebs: { SnapshotId, VolumeType: "gp3" } },
        { DeviceName: "/dev/sdc", NoDevice: "" },
        { DeviceName: "/dev/sdd", VirtualName: "ephemeral0" },
      ],
      TagSpecifications: [{ ResourceType: "image", Tags: [{ Key: "a", Value: "b" }] }],
    });
    expect(await shown(ImageId)).toMatchObject({
      RootDeviceName: "/dev/sda1",
      BootMode: "uefi",
      TpmSupport: "v2.0",
      ImdsSupport: "v2.0",
      EnaSupport: true,
      SriovNetSupport: "simple",
      Tags: [{ Key: "a", Value: "b" }],
      BlockDeviceMappings: [
        { DeviceName: "/dev/sda1", Ebs: { SnapshotId, VolumeSize: 2, VolumeType: "gp3" } },
        { DeviceName: "/dev/sdb", Ebs: { VolumeSize: 1, DeleteOnTermination: false } },
        { DeviceName: "/dev/sdd", VirtualName: "ephemeral0" },
      ],
    });
    const run = await ec2.send(
      new RunInstancesCommand({ ImageId, InstanceType: "t3.micro", MinCount: 1, MaxCount: 1 }),
    );
    const root = await rootVolume(run.Instances?.[0]?.InstanceId ?? "");
    expect(await readVolume(islet, root, 10, 6)).toBe("booted");
  });

  test("copies images, and what they are made of, to another region", async () => {
    const SnapshotId = await snapshot();
    const SourceImageId = await register({
      RootDeviceName: "/dev/xvda",
      Architecture: "x86_64",
      EnaSupport: true,
      BlockDeviceMappings: [{ DeviceName: "/dev/xvda", Ebs: { SnapshotId } }],
      TagSpecifications: [{ ResourceType: "image", Tags: [{ Key: "keep", Value: "me" }] }],
    });
    const ImageId = await copy({ SourceImageId, Encrypted: true, CopyImageTags: true }, far);
    await ec2.send(new DeregisterImageCommand({ ImageId: SourceImageId, DeleteAssociatedSnapshots: true }));
    const image = await shown(ImageId, far);
    expect(image).toMatchObject({
      OwnerId: keys.account,
      SourceImageId,
      SourceImageRegion: "us-east-1",
      Tags: [{ Key: "keep", Value: "me" }],
      BlockDeviceMappings: [{ Ebs: { Encrypted: true, VolumeSize: 2 } }],
    });
    const booted = await launch(far, { ImageId });
    expect(await readVolume(islet, await rootVolume(booted, far), 10, 6, "eu-west-1")).toBe("booted");
    const ofPublic = await shown(await copy({ Description: "copied" }));
    expect(ofPublic).toMatchObject({ Description: "copied", Public: false, Architecture: "x86_64" });
    expect(ofPublic.ImageOwnerAlias).toBeUndefined();
  });

  test("deregisters, with the snapshots that no other image needs", async () => {
    const SnapshotId = await snapshot();
    const asked = {
      RootDeviceName: "/dev/xvda",
      BlockDeviceMappings: [{ DeviceName: "/dev/xvda", Ebs: { SnapshotId } }],
    };
    const [one, two] = [await register(asked), await register(asked)];
    const deregister = (ImageId: string) =>
      ec2.send(new DeregisterImageCommand({ ImageId, DeleteAssociatedSnapshots: true }));
    expect(await deregister(one)).toMatchObject({
      Return: true,
      DeleteSnapshotResults: [{ SnapshotId, ReturnCode: "skipped" }],
    });
    expect(await deregister(two)).toMatchObject({
      DeleteSnapshotResults: [{ SnapshotId, ReturnCode: "success" }],
    });
    await refused(shown(one), "InvalidAMIID.NotFound");
    await refused(
      ec2.send(new DescribeSnapshotsCommand({ SnapshotIds: [SnapshotId] })),
      "InvalidSnapshot.NotFound",
    );
  });
});
