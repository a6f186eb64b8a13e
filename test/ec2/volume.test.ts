import {
  CreateTagsCommand,
  CreateVolumeCommand,
  DeleteVolumeCommand,
  DescribeVolumeAttributeCommand,
  DescribeVolumesCommand,
  ModifyVolumeAttributeCommand,
  type CreateVolumeCommandInput,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { imagesOf } from "../../server/ec2/catalogue/images.ts";
import { freshClient, ownIslet, refused } from "../islet.ts";

const ec2 = await freshClient();
const AvailabilityZone = "us-east-1a";

const create = (asked: CreateVolumeCommandInput = {}) =>
  ec2.send(new CreateVolumeCommand({ AvailabilityZone, Size: 8, ...asked }));

const created = async (asked: CreateVolumeCommandInput = {}) => {
  const { VolumeId } = await create(asked);
  return VolumeId ?? "";
};

/** Of a public image. */
const snapshot = imagesOf("us-east-1")[0]?.root ?? { snapshotId: "", sizeGiB: 0 };

describe("what it refuses to parse", () => {
  test("an id that is none", async () => {
    await refused(
      ec2.send(new DescribeVolumesCommand({ VolumeIds: ["vol-xyz"] })),
      "InvalidVolumeID.Malformed",
      'Invalid id: "vol-xyz" (expecting "vol-...")',
    );
  });

  test("a type that there is not", async () => {
    await refused(create({ VolumeType: "gp9" as "gp3" }), "InvalidParameterValue", /gp9/);
  });

  test("a snapshot id that is none", async () => {
    await refused(
      create({ SnapshotId: "snap-1" }),
      "InvalidParameterValue",
      "Value (snap-1) for parameter snapshotId is invalid. Expected: 'snap-...'.",
    );
  });

  test("no zone, two zones, and one that the region has not", async () => {
    await refused(
      ec2.send(new CreateVolumeCommand({ Size: 8 })),
      "MissingParameter",
      "The request must contain the parameter zone",
    );
    await refused(create({ AvailabilityZoneId: "use1-az1" }), "InvalidParameterCombination");
    await refused(
      create({ AvailabilityZone: "eu-west-1a" }),
      "InvalidZone.NotFound",
      "The zone 'eu-west-1a' does not exist.",
    );
    await refused(create({ AvailabilityZone: "use1-az1" }), "InvalidZone.NotFound");
  });

  test("neither size nor snapshot", async () => {
    await refused(
      ec2.send(new CreateVolumeCommand({ AvailabilityZone })),
      "MissingParameter",
      "The request must contain the parameter size/snapshot",
    );
  });
});

describe("what it refuses to do", () => {
  const invalid: readonly [CreateVolumeCommandInput, string, string][] = [
    [
      { Size: 0 },
      "InvalidParameterValue",
      "The volume size is invalid for gp2 volumes: 0 GiB. gp2 volumes must be at least 1 GiB in size. Please specify a volume size above the minimum limit",
    ],
    [
      { VolumeType: "st1", Size: 16_385 },
      "InvalidParameterValue",
      "The volume size is invalid for st1 volumes: 16385 GiB. st1 volumes must be at most 16384 GiB in size. Please specify a volume size below the maximum limit",
    ],
    [
      { VolumeType: "gp2", Iops: 100 },
      "InvalidParameterCombination",
      "The parameter iops is not supported for gp2 volumes.",
    ],
    [
      { VolumeType: "io2", Throughput: 125, Iops: 100 },
      "InvalidParameterCombination",
      "The parameter throughput is not supported for io2 volumes.",
    ],
    [
      { VolumeType: "io1" },
      "InvalidParameterCombination",
      "The parameter iops must be specified for io1 volumes.",
    ],
    [
      { VolumeType: "gp3", MultiAttachEnabled: true },
      "InvalidParameterCombination",
      "The parameter multiAttachEnabled is not supported for gp3 volumes.",
    ],
    [
      { VolumeType: "gp3", Iops: 2999 },
      "InvalidParameterValue",
      "Volume iops of 2999 is too low; minimum is 3000.",
    ],
    [
      { VolumeType: "gp3", Size: 1000, Iops: 80_001 },
      "InvalidParameterValue",
      "Volume iops of 80001 is too high; maximum is 80000.",
    ],
    [
      { VolumeType: "gp3", Size: 20, Iops: 15_000 },
      "InvalidParameterValue",
      "Iops to volume size ratio of 750.000000 is too high; maximum is 500",
    ],
    [
      { VolumeType: "gp3", Throughput: 2001, Size: 100, Iops: 10_000 },
      "InvalidParameterValue",
      "Volume throughput of 2001 is too high; maximum is 2000.",
    ],
    [
      { VolumeType: "gp3", Throughput: 1000 },
      "InvalidParameterValue",
      "Throughput (MiBps) to iops ratio of 0.333333 is too high; maximum is 0.250000 MiBps per iops",
    ],
    [
      { KmsKeyId: "alias/mine" },
      "InvalidParameterDependency",
      "The parameter KmsKeyId requires the parameter Encrypted to be set.",
    ],
    [
      { Encrypted: true, KmsKeyId: "not a key" },
      "InvalidParameterValue",
      "Value (not a key) for parameter kmsKeyId is invalid.",
    ],
    [
      { VolumeInitializationRate: 200 },
      "InvalidParameterDependency",
      "The parameter VolumeInitializationRate requires the parameter SnapshotId to be set.",
    ],
    [
      { SnapshotId: "snap-0123456789abcdef0" },
      "InvalidSnapshot.NotFound",
      "The snapshot 'snap-0123456789abcdef0' does not exist.",
    ],
    [
      { OutpostArn: "arn:aws:outposts:us-east-1:1:outpost/op-1" },
      "InvalidOutpostArn.NotFound",
      "The outpost 'arn:aws:outposts:us-east-1:1:outpost/op-1' does not exist",
    ],
    [
      { Operator: { Principal: "eks.amazonaws.com" } },
      "UnsupportedOperation",
      "The operator parameter is reserved for internal use.",
    ],
  ];

  test.each(invalid)("a volume of %j", (asked, code, message) => refused(create(asked), code, message));

  test("a volume below its snapshot's size, or one to be loaded too fast", async () => {
    const { snapshotId: id, sizeGiB: size } = snapshot;
    await refused(
      create({ SnapshotId: id, Size: size - 1 }),
      "InvalidParameterValue",
      `Volume of size ${size - 1}GB is smaller than snapshot '${id}', expect size >= ${size}GB`,
    );
    await refused(
      create({ SnapshotId: id, VolumeInitializationRate: 301 }),
      "InvalidParameterValue",
      /between 100 and 300/,
    );
  });

  test("multi-attach of io1 where there is none", async () => {
    const frankfurt = await freshClient({ region: "eu-central-1" });
    await refused(
      frankfurt.send(
        new CreateVolumeCommand({
          AvailabilityZone: "eu-central-1a",
          Size: 8,
          VolumeType: "io1",
          Iops: 100,
          MultiAttachEnabled: true,
        }),
      ),
      "UnsupportedOperation",
    );
  });

  test("volumes that are not there, or another account's", async () => {
    const [first, second] = ["vol-0123456789abcdef0", "vol-0123456789abcdef1"];
    await refused(
      ec2.send(new DeleteVolumeCommand({ VolumeId: first })),
      "InvalidVolume.NotFound",
      "The volume 'vol-0123456789abcdef0' does not exist.",
    );
    await refused(
      ec2.send(new DescribeVolumesCommand({ VolumeIds: [first, second] })),
      "InvalidVolume.NotFound",
      "The volumes 'vol-0123456789abcdef0, vol-0123456789abcdef1' do not exist.",
    );
    const other = await freshClient();
    await refused(
      other.send(new DeleteVolumeCommand({ VolumeId: await created() })),
      "InvalidVolume.NotFound",
    );
  });

  test("a volume of which no attribute is said", async () => {
    await refused(
      ec2.send(new ModifyVolumeAttributeCommand({ VolumeId: await created() })),
      "MissingParameter",
    );
  });

  test("to delete what is still being made", async () => {
    const islet = await ownIslet({ pace: "real" });
    const slow = await freshClient({ islet });
    const { VolumeId = "" } = await slow.send(new CreateVolumeCommand({ AvailabilityZone, Size: 1 }));
    await refused(
      slow.send(new DeleteVolumeCommand({ VolumeId })),
      "IncorrectState",
      `${VolumeId} is not 'available'.`,
    );
    await islet.close();
  });
});

describe("what it does", () => {
  test("creates, shows and deletes a volume", async () => {
    const volume = await create({
      TagSpecifications: [{ ResourceType: "volume", Tags: [{ Key: "Name", Value: "data" }] }],
    });
    expect(volume).toMatchObject({
      State: "creating",
      Size: 8,
      VolumeType: "gp2",
      Iops: 100,
      AvailabilityZone,
      SnapshotId: "",
      Encrypted: false,
      MultiAttachEnabled: false,
      Operator: { Managed: false },
      Tags: [{ Key: "Name", Value: "data" }],
    });
    expect(volume).not.toHaveProperty("Attachments");
    const VolumeId = volume.VolumeId ?? "";
    const { $metadata: _, ...shown } = volume;
    const { Volumes } = await ec2.send(new DescribeVolumesCommand({ VolumeIds: [VolumeId] }));
    expect(Volumes).toEqual([{ ...shown, State: "available", Attachments: [] }]);
    await ec2.send(new DeleteVolumeCommand({ VolumeId }));
    await refused(ec2.send(new DescribeVolumesCommand({ VolumeIds: [VolumeId] })), "InvalidVolume.NotFound");
  });

  test("gives each type what it has by default", async () => {
    const shapes = {
      gp3: await create({ VolumeType: "gp3", Size: 1 }),
      io1: await create({ VolumeType: "io1", Size: 4, Iops: 200 }),
      io2: await create({ VolumeType: "io2", Size: 65_536, Iops: 256_000 }),
      st1: await create({ VolumeType: "st1", Size: 125 }),
      sc1: await create({ VolumeType: "sc1", Size: 16_384 }),
      standard: await create({ VolumeType: "standard", Size: 1024 }),
    };
    expect(
      Object.fromEntries(
        Object.entries(shapes).map(([type, { Iops, Throughput }]) => [type, [Iops, Throughput]]),
      ),
    ).toEqual({
      gp3: [3000, 125],
      io1: [200, undefined],
      io2: [256_000, undefined],
      st1: [undefined, undefined],
      sc1: [undefined, undefined],
      standard: [undefined, undefined],
    });
  });

  test.each([
    [33, 100],
    [34, 102],
    [5333, 15_999],
    [16_384, 16_000],
  ])("gives a gp2 volume of %i GiB %i operations a second", async (Size, iops) => {
    expect(await create({ Size })).toMatchObject({ VolumeType: "gp2", Iops: iops });
  });

  test("makes a volume of an image's snapshot, as large as that or larger", async () => {
    const { snapshotId: id, sizeGiB: size } = snapshot;
    const same = await ec2.send(
      new CreateVolumeCommand({ AvailabilityZone, SnapshotId: id, VolumeInitializationRate: 300 }),
    );
    expect(same).toMatchObject({ SnapshotId: id, Size: size, VolumeInitializationRate: 300 });
    expect(await create({ SnapshotId: id, Size: 500 })).toMatchObject({ SnapshotId: id, Size: 500 });
  });

  test("takes the zone by its id", async () => {
    const volume = await ec2.send(new CreateVolumeCommand({ AvailabilityZoneId: "use1-az4", Size: 1 }));
    const { Volumes } = await ec2.send(
      new DescribeVolumesCommand({
        Filters: [{ Name: "availability-zone-id", Values: ["use1-az4"] }],
        VolumeIds: [volume.VolumeId ?? ""],
      }),
    );
    expect(Volumes).toMatchObject([
      { AvailabilityZone: volume.AvailabilityZone, AvailabilityZoneId: "use1-az4" },
    ]);
  });

  test("makes one volume of a call that is repeated with its token", async () => {
    const ids = [await created({ ClientToken: "once" }), await created({ ClientToken: "once" })];
    expect(ids[0]).toBe(ids[1]);
    await refused(create({ ClientToken: "once", Size: 9 }), "IdempotentParameterMismatch");
  });

  test("finds volumes by what they are", async () => {
    const account = await freshClient();
    const make = (asked: CreateVolumeCommandInput) =>
      account.send(new CreateVolumeCommand({ AvailabilityZone, ...asked }));
    const small = await make({ Size: 1 });
    const shared = await make({
      Size: 10,
      VolumeType: "io2",
      Iops: 1000,
      MultiAttachEnabled: true,
      Encrypted: true,
    });
    await account.send(
      new CreateTagsCommand({
        Resources: [small.VolumeId ?? ""],
        Tags: [{ Key: "kind", Value: "small" }],
      }),
    );
    const found = async (filter: string, ...Values: string[]) => {
      const { Volumes } = await account.send(
        new DescribeVolumesCommand({ Filters: [{ Name: filter, Values }] }),
      );
      return Volumes?.map(({ VolumeId }) => VolumeId);
    };
    expect(await found("size", "1")).toEqual([small.VolumeId]);
    expect(await found("volume-type", "io?")).toEqual([shared.VolumeId]);
    expect(await found("encrypted", "true")).toEqual([shared.VolumeId]);
    expect(await found("multi-attach-enabled", "false")).toEqual([small.VolumeId]);
    expect(await found("fast-restored", "false")).toHaveLength(2);
    expect(await found("status", "available")).toHaveLength(2);
    expect(await found("status", "in-use")).toEqual([]);
    expect(await found("tag:kind", "small")).toEqual([small.VolumeId]);
    expect(await found("create-time", small.CreateTime?.toISOString() ?? "")).toContain(small.VolumeId);
  });

  test("remembers whether I/O is to go on after a fault", async () => {
    const VolumeId = await created();
    const read = () => ec2.send(new DescribeVolumeAttributeCommand({ VolumeId, Attribute: "autoEnableIO" }));
    expect(await read()).toMatchObject({ VolumeId, AutoEnableIO: { Value: false } });
    await ec2.send(new ModifyVolumeAttributeCommand({ VolumeId, AutoEnableIO: { Value: true } }));
    expect(await read()).toMatchObject({ AutoEnableIO: { Value: true } });
    expect(
      await ec2.send(new DescribeVolumeAttributeCommand({ VolumeId, Attribute: "productCodes" })),
    ).toMatchObject({ VolumeId, ProductCodes: [] });
  });
});
