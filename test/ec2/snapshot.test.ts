import {
  CopySnapshotCommand,
  CopyVolumesCommand,
  CreateSnapshotCommand,
  CreateSnapshotsCommand,
  CreateVolumeCommand,
  DeleteSnapshotCommand,
  DeleteVolumeCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  EC2Client,
  ListSnapshotsInRecycleBinCommand,
  ModifySnapshotAttributeCommand,
  ModifyVolumeCommand,
  RunInstancesCommand,
  type CopySnapshotCommandInput,
  type CreateVolumeCommandInput,
  type DescribeSnapshotsCommandInput,
  type Snapshot,
} from "@aws-sdk/client-ec2";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { imagesOf } from "../../server/ec2/catalogue/images.ts";
import { configOf, freshClient, freshKeys, ownIslet, refused, sharedIslet } from "../islet.ts";
import { BLOCK, readVolume, writeVolume } from "./blocks.ts";
import { launch, linux } from "./launch.ts";

const islet = await sharedIslet();
const keys = freshKeys(islet);
const ec2 = new EC2Client(configOf(islet, keys));
const other = await freshClient();
const AvailabilityZone = "us-east-1a";

const volume = async (asked: CreateVolumeCommandInput = {}, client = ec2): Promise<string> => {
  const made = await client.send(
    new CreateVolumeCommand({ AvailabilityZone, ...(asked.SnapshotId ? {} : { Size: 1 }), ...asked }),
  );
  return made.VolumeId ?? "";
};

const snapshot = async (VolumeId: string, Description?: string, client = ec2): Promise<string> =>
  (await client.send(new CreateSnapshotCommand({ VolumeId, Description }))).SnapshotId ?? "";

const described = async (asked: DescribeSnapshotsCommandInput, client = ec2): Promise<Snapshot[]> =>
  (await client.send(new DescribeSnapshotsCommand(asked))).Snapshots ?? [];

const shown = async (id: string, client = ec2): Promise<Snapshot> =>
  (await described({ SnapshotIds: [id] }, client))[0] ?? {};

const copy = async (asked: Partial<CopySnapshotCommandInput>, client = ec2): Promise<string> => {
  const command = new CopySnapshotCommand({ SourceRegion: "us-east-1", SourceSnapshotId: "", ...asked });
  return (await client.send(command)).SnapshotId ?? "";
};

const MISSING = "snap-0123456789abcdef0";
const publicSnapshot = linux.root.snapshotId ?? "";

describe("what it refuses to parse", () => {
  test("ids that are none", async () => {
    await refused(
      described({ SnapshotIds: ["snap-xyz"] }),
      "InvalidSnapshotID.Malformed",
      'Invalid id: "snap-xyz" (expecting "snap-...")',
    );
    await refused(
      ec2.send(new DeleteSnapshotCommand({ SnapshotId: "vol-1" })),
      "InvalidSnapshotID.Malformed",
    );
    await refused(ec2.send(new CreateSnapshotCommand({ VolumeId: "vol-1" })), "InvalidVolumeID.Malformed");
  });

  test("ids together with a number of results", async () => {
    await refused(described({ SnapshotIds: [publicSnapshot], MaxResults: 5 }), "InvalidParameterCombination");
    await refused(described({ MaxResults: 4 }), "InvalidParameterValue");
  });

  test("a filter that there is not", async () => {
    await refused(described({ Filters: [{ Name: "colour", Values: ["red"] }] }), "InvalidParameterValue");
  });

  test("a description that is too long", async () => {
    await refused(snapshot(await volume(), "x".repeat(256)), "InvalidParameterValue", /description/);
  });

  test("a region that there is not, and durations that are none", async () => {
    const SourceSnapshotId = publicSnapshot;
    await refused(copy({ SourceSnapshotId, SourceRegion: "mars-1" }), "InvalidParameterValue", /mars-1/);
    for (const CompletionDurationMinutes of [0, 14, 20, 2895]) {
      await refused(
        copy({ SourceSnapshotId, CompletionDurationMinutes }),
        "InvalidParameterValue",
        /duration/i,
      );
    }
  });

  test("places that there are not", async () => {
    const VolumeId = await volume();
    const OutpostArn = "arn:aws:outposts:us-east-1:123456789012:outpost/op-1";
    await refused(
      ec2.send(new CreateSnapshotCommand({ VolumeId, OutpostArn })),
      "InvalidOutpostArn.NotFound",
    );
    await refused(
      ec2.send(new CreateSnapshotCommand({ VolumeId, Location: "local" })),
      "UnsupportedOperation",
    );
    await refused(copy({ DestinationOutpostArn: OutpostArn }), "InvalidOutpostArn.NotFound");
    await refused(
      copy({ DestinationAvailabilityZone: "us-west-2-lax-1a" }),
      "InvalidParameterValue",
      /Local Zone/,
    );
  });

  test("a snapshot of another kind of resource's tags", async () => {
    const command = new CreateSnapshotCommand({
      VolumeId: await volume(),
      TagSpecifications: [{ ResourceType: "volume", Tags: [{ Key: "a", Value: "b" }] }],
    });
    await refused(ec2.send(command), "InvalidParameterValue");
  });
});

describe("what it refuses to do", () => {
  test("anything with a snapshot or a volume that is not there, or is somebody else's", async () => {
    const id = await snapshot(await volume());
    await refused(described({ SnapshotIds: [MISSING] }), "InvalidSnapshot.NotFound");
    await refused(described({ SnapshotIds: [id] }, other), "InvalidSnapshot.NotFound");
    await refused(other.send(new DeleteSnapshotCommand({ SnapshotId: id })), "InvalidSnapshot.NotFound");
    await refused(volume({ SnapshotId: id }, other), "InvalidSnapshot.NotFound");
    await refused(copy({ SourceSnapshotId: id }, other), "InvalidSnapshot.NotFound");
    await refused(copy({ SourceSnapshotId: id, SourceRegion: "eu-west-1" }), "InvalidSnapshot.NotFound");
    await refused(snapshot("vol-0123456789abcdef0"), "InvalidVolume.NotFound");
    await refused(snapshot(await volume(), undefined, other), "InvalidVolume.NotFound");
  });

  test("delete what is only shared with it", async () => {
    const id = await snapshot(await volume());
    await ec2.send(
      new ModifySnapshotAttributeCommand({
        SnapshotId: id,
        CreateVolumePermission: { Add: [{ Group: "all" }] },
      }),
    );
    await refused(other.send(new DeleteSnapshotCommand({ SnapshotId: id })), "AuthFailure");
  });

  test("a volume that is smaller than its snapshot", async () => {
    const SnapshotId = await snapshot(await volume({ Size: 3 }));
    await refused(volume({ SnapshotId, Size: 2 }), "InvalidParameterValue", /expect size >= 3GB/);
  });

  test("to decrypt, on the way into a copy", async () => {
    const SourceSnapshotId = await snapshot(await volume({ Encrypted: true }));
    await refused(copy({ SourceSnapshotId, Encrypted: false }), "InvalidParameterValue");
    await refused(
      copy({ SourceSnapshotId: await snapshot(await volume()), KmsKeyId: "alias/mine" }),
      "InvalidParameterDependency",
    );
  });

  test("too many snapshots of one volume at a time, and the use of one that is not complete", async () => {
    const slow = await ownIslet({ pace: "real" });
    try {
      const client = await freshClient({ islet: slow });
      const VolumeId = await volume({}, client);
      await refused(snapshot(VolumeId, undefined, client), "IncorrectState", /'creating'/);
      const id = await launch(client);
      const command = new CreateSnapshotsCommand({ InstanceSpecification: { InstanceId: id } });
      const { Snapshots } = await client.send(command);
      expect(Snapshots).toMatchObject([{ State: "pending", Progress: "" }]);
      await refused(
        client.send(command),
        "SnapshotCreationPerVolumeRateExceeded",
        "The maximum per volume CreateSnapshot request rate has been exceeded. Use an increasing or variable sleep interval between requests.",
      );
      const SnapshotId = Snapshots?.[0]?.SnapshotId ?? "";
      expect(await shown(SnapshotId, client)).toMatchObject({ State: "pending", Progress: "0%" });
      await refused(
        volume({ SnapshotId }, client),
        "IncorrectState",
        "Snapshot is in invalid state - pending",
      );
      await client.send(new DeleteSnapshotCommand({ SnapshotId }));
    } finally {
      await slow.close();
    }
  });

  test("to make a public image's snapshot go", async () => {
    await refused(
      ec2.send(new DeleteSnapshotCommand({ SnapshotId: publicSnapshot })),
      "InvalidSnapshot.NotFound",
    );
  });

  test("snapshots of volumes that the instance does not have, or of none", async () => {
    const InstanceId = await launch(ec2);
    const { Volumes = [] } = await ec2.send(
      new DescribeVolumesCommand({ Filters: [{ Name: "attachment.instance-id", Values: [InstanceId] }] }),
    );
    const root = Volumes[0]?.VolumeId ?? "";
    const create = (asked: object) =>
      ec2.send(new CreateSnapshotsCommand({ InstanceSpecification: { InstanceId, ...asked } }));
    await refused(create({ ExcludeDataVolumeIds: [root] }), "InvalidParameterValue", /root volume/);
    await refused(
      create({ ExcludeDataVolumeIds: [await volume()] }),
      "InvalidParameterValue",
      /not attached/,
    );
    await refused(create({ ExcludeBootVolume: true }), "InvalidParameterValue", /no volumes/);
    await refused(create({ ExcludeDataVolumeIds: Array(41).fill(root) }), "InvalidParameterValue", /40/);
  });

  test("a copy of a volume that is smaller, or of none", async () => {
    const SourceVolumeId = await volume({ Size: 2 });
    await refused(ec2.send(new CopyVolumesCommand({ SourceVolumeId, Size: 1 })), "InvalidParameterValue");
    await refused(
      ec2.send(new CopyVolumesCommand({ SourceVolumeId: "vol-0123456789abcdef0" })),
      "InvalidVolume.NotFound",
    );
  });

  test("to find a snapshot in a recycle bin that is empty", async () => {
    await refused(
      ec2.send(new ListSnapshotsInRecycleBinCommand({ SnapshotIds: [MISSING] })),
      "InvalidSnapshot.NotFound",
    );
  });
});

describe("what it does", () => {
  test("keeps what was on a volume, whatever is written to it later", async () => {
    const VolumeId = await volume();
    await writeVolume(islet, VolumeId, 100, "before");
    const SnapshotId = await snapshot(VolumeId);
    await writeVolume(islet, VolumeId, 100, "after!");
    const later = await snapshot(VolumeId);
    await ec2.send(new DeleteVolumeCommand({ VolumeId }));
    const restored = await volume({ SnapshotId });
    expect(await readVolume(islet, restored, 100, 6)).toBe("before");
    await writeVolume(islet, restored, 100, "mine");
    await ec2.send(new DeleteSnapshotCommand({ SnapshotId }));
    expect(await readVolume(islet, restored, 100, 6)).toBe("minere");
    expect(await readVolume(islet, await volume({ SnapshotId: later }), 100, 6)).toBe("after!");
  });

  test("shows a new snapshot as EC2 does, and complete after that", async () => {
    const VolumeId = await volume({ Size: 2 });
    await writeVolume(islet, VolumeId, 0, "x");
    const made = await ec2.send(
      new CreateSnapshotCommand({
        VolumeId,
        Description: "nightly",
        TagSpecifications: [{ ResourceType: "snapshot", Tags: [{ Key: "Name", Value: "n" }] }],
      }),
    );
    expect(made).toMatchObject({
      SnapshotId: expect.stringMatching(/^snap-0[0-9a-f]{16}$/) as string,
      VolumeId,
      VolumeSize: 2,
      OwnerId: keys.account,
      Description: "nightly",
      State: "pending",
      Progress: "",
      Encrypted: false,
      Tags: [{ Key: "Name", Value: "n" }],
    });
    expect(await shown(made.SnapshotId ?? "")).toMatchObject({
      SnapshotId: made.SnapshotId,
      VolumeId,
      State: "completed",
      Progress: "100%",
      StartTime: made.StartTime,
      CompletionTime: expect.any(Date) as Date,
      StorageTier: "standard",
      FullSnapshotSizeInBytes: BLOCK,
      Tags: [{ Key: "Name", Value: "n" }],
    });
  });

  test("finds snapshots by every filter", async () => {
    const client = await freshClient();
    const VolumeId = await volume({ Size: 7, Encrypted: true }, client);
    const id = await snapshot(VolumeId, "find me", client);
    await snapshot(await volume({}, client), "not me", client);
    const copied = await copy({ SourceSnapshotId: id }, client);
    const { OwnerId = "", StartTime } = await shown(id, client);
    const found = async (Name: string, value: string) =>
      (await described({ OwnerIds: ["self"], Filters: [{ Name, Values: [value] }] }, client)).map(
        ({ SnapshotId }) => SnapshotId,
      );
    expect(await found("description", "find*")).toEqual([id]);
    expect(await found("encrypted", "true")).toEqual([id, copied]);
    expect(await found("owner-id", OwnerId)).toHaveLength(3);
    expect(await found("owner-alias", "amazon")).toEqual([]);
    expect(await found("progress", "100%")).toHaveLength(3);
    expect(await found("snapshot-id", id)).toEqual([id]);
    expect(await found("start-time", StartTime?.toISOString() ?? "")).toContain(id);
    expect(await found("status", "pending")).toEqual([]);
    expect(await found("storage-tier", "standard")).toHaveLength(3);
    expect(await found("transfer-type", "standard")).toEqual([copied]);
    expect(await found("volume-id", VolumeId)).toEqual([id]);
    expect(await found("volume-size", "7")).toEqual([id, copied]);
  });

  test("shows public images' snapshots to all, by id, by owner and in pages", async () => {
    expect(await shown(publicSnapshot)).toMatchObject({
      SnapshotId: publicSnapshot,
      OwnerId: linux.ownerId,
      OwnerAlias: "amazon",
      VolumeSize: linux.root.sizeGiB,
      State: "completed",
    });
    const mine = await snapshot(await volume());
    const ids = (snapshots: Snapshot[]) => snapshots.map(({ SnapshotId }) => SnapshotId);
    expect(ids(await described({ OwnerIds: ["amazon"] }))).toContain(publicSnapshot);
    expect(ids(await described({ OwnerIds: ["self"] }))).not.toContain(publicSnapshot);
    const all = ids(await described({}));
    expect(all).toContain(mine);
    expect(all.length).toBeGreaterThanOrEqual(imagesOf("us-east-1").length);
    const paged: unknown[] = [];
    let NextToken: string | undefined;
    do {
      const page = await ec2.send(new DescribeSnapshotsCommand({ MaxResults: 100, NextToken }));
      paged.push(...ids(page.Snapshots ?? []));
      ({ NextToken } = page);
    } while (NextToken !== undefined);
    expect(paged).toEqual(all);
  });

  test("takes all volumes of an instance at one moment", async () => {
    const run = await ec2.send(
      new RunInstancesCommand({
        ImageId: linux.id,
        InstanceType: "t3.micro",
        MinCount: 1,
        MaxCount: 1,
        BlockDeviceMappings: [
          { DeviceName: "/dev/sdf", Ebs: { VolumeSize: 1 } },
          { DeviceName: "/dev/sdg", Ebs: { VolumeSize: 2 } },
        ],
        TagSpecifications: [
          {
            ResourceType: "volume",
            Tags: [
              { Key: "Name", Value: "disk" },
              { Key: "b", Value: "2" },
            ],
          },
        ],
      }),
    );
    const InstanceId = run.Instances?.[0]?.InstanceId ?? "";
    const { Volumes = [] } = await ec2.send(
      new DescribeVolumesCommand({ Filters: [{ Name: "attachment.instance-id", Values: [InstanceId] }] }),
    );
    const excluded = Volumes.find(({ Size }) => Size === 2);
    const { Snapshots = [] } = await ec2.send(
      new CreateSnapshotsCommand({
        InstanceSpecification: {
          InstanceId,
          ExcludeBootVolume: true,
          ExcludeDataVolumeIds: [excluded?.VolumeId ?? ""],
        },
        Description: "together",
        CopyTagsFromSource: "volume",
        TagSpecifications: [{ ResourceType: "snapshot", Tags: [{ Key: "Name", Value: "snap" }] }],
      }),
    );
    expect(Snapshots).toMatchObject([
      {
        VolumeId: Volumes.find(({ Size }) => Size === 1)?.VolumeId,
        VolumeSize: 1,
        Description: "together",
        State: "pending",
        OwnerId: keys.account,
        Encrypted: false,
        Tags: [
          { Key: "b", Value: "2" },
          { Key: "Name", Value: "snap" },
        ],
      },
    ]);
    const whole = await ec2.send(new CreateSnapshotsCommand({ InstanceSpecification: { InstanceId } }));
    expect(whole.Snapshots).toHaveLength(3);
    expect(new Set(whole.Snapshots?.map(({ StartTime }) => StartTime?.getTime())).size).toBe(1);
  });

  test("copies within and between regions, and encrypts on the way", async () => {
    const far = new EC2Client(configOf(islet, keys, "eu-west-1"));
    const VolumeId = await volume();
    await writeVolume(islet, VolumeId, 5 * BLOCK, "traveller");
    const SourceSnapshotId = await snapshot(VolumeId);
    const here = await copy({ SourceSnapshotId, Description: "same", CompletionDurationMinutes: 30 });
    expect(await shown(here)).toMatchObject({
      VolumeId: "vol-ffffffff",
      Description: "same",
      Encrypted: false,
      TransferType: "time-based",
      CompletionDurationMinutes: 30,
    });
    const there = await copy({ SourceSnapshotId, Encrypted: true }, far);
    await ec2.send(new DeleteSnapshotCommand({ SnapshotId: SourceSnapshotId }));
    expect(await shown(there, far)).toMatchObject({
      Encrypted: true,
      KmsKeyId: expect.stringMatching(/^arn:aws:kms:eu-west-1:/) as string,
      DataEncryptionKeyId: expect.any(String) as string,
      TransferType: "standard",
      FullSnapshotSizeInBytes: BLOCK,
    });
    const restored = await volume({ SnapshotId: there, AvailabilityZone: "eu-west-1a" }, far);
    expect(await readVolume(islet, restored, 5 * BLOCK, 9, "eu-west-1")).toBe("traveller");
    expect(await readVolume(islet, await volume({ SnapshotId: here }), 5 * BLOCK, 9)).toBe("traveller");
  });

  test("keeps what is encrypted encrypted, under the key of its lineage", async () => {
    const VolumeId = await volume({ Encrypted: true });
    await writeVolume(islet, VolumeId, 0, "secret");
    const first = await snapshot(VolumeId);
    const { DataEncryptionKeyId: key, KmsKeyId, Encrypted } = await shown(first);
    expect({ Encrypted, KmsKeyId, key }).toMatchObject({
      Encrypted: true,
      KmsKeyId: expect.stringMatching(/^arn:aws:kms:us-east-1:/) as string,
      key: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
    });
    const restored = await volume({ SnapshotId: first });
    expect(await readVolume(islet, restored, 0, 6)).toBe("secret");
    expect(await shown(await snapshot(restored))).toMatchObject({
      Encrypted: true,
      DataEncryptionKeyId: key,
    });
    const KeyArn = `arn:aws:kms:us-east-1:${keys.account}:key/11111111-2222-4333-8444-555555555555`;
    const again = await copy({ SourceSnapshotId: first, KmsKeyId: KeyArn, Encrypted: true });
    const view = await shown(again);
    expect(view).toMatchObject({ Encrypted: true, KmsKeyId: KeyArn });
    expect(view.DataEncryptionKeyId).not.toBe(key);
    expect(await readVolume(islet, await volume({ SnapshotId: again }), 0, 6)).toBe("secret");
  });

  test("grows volumes by room that reads zero", async () => {
    const VolumeId = await volume();
    const end = 1024 ** 3;
    await writeVolume(islet, VolumeId, end - 3, "end");
    await ec2.send(new ModifyVolumeCommand({ VolumeId, Size: 2 }));
    await expect.poll(async () => readVolume(islet, VolumeId, end - 3, 3)).toBe("end");
    await ec2.send(new DescribeVolumesCommand({ VolumeIds: [VolumeId] }));
    expect(await readVolume(islet, VolumeId, end - 3, 6)).toBe("end\0\0\0");
    await writeVolume(islet, VolumeId, 2 * end - 1, "!");
  });

  test("copies volumes", async () => {
    const SourceVolumeId = await volume({ Encrypted: true });
    await writeVolume(islet, SourceVolumeId, 3, "original");
    const { Volumes = [] } = await ec2.send(
      new CopyVolumesCommand({
        SourceVolumeId,
        Size: 2,
        VolumeType: "gp3",
        TagSpecifications: [{ ResourceType: "volume", Tags: [{ Key: "a", Value: "b" }] }],
      }),
    );
    expect(Volumes).toMatchObject([
      { SourceVolumeId, Size: 2, VolumeType: "gp3", Encrypted: true, AvailabilityZone, SnapshotId: "" },
    ]);
    const copied = Volumes[0]?.VolumeId ?? "";
    await writeVolume(islet, SourceVolumeId, 3, "changed!");
    expect(await readVolume(islet, copied, 3, 8)).toBe("original");
    await ec2.send(new DeleteVolumeCommand({ VolumeId: SourceVolumeId }));
    expect(await readVolume(islet, copied, 3, 8)).toBe("original");
  });

  test("has nothing in the recycle bin", async () => {
    expect(await ec2.send(new ListSnapshotsInRecycleBinCommand({}))).toMatchObject({ Snapshots: [] });
  });
});

describe("after a restart", () => {
  const data = mkdtempSync(join(tmpdir(), "islet-"));
  afterAll(() => rmSync(data, { recursive: true, force: true }));

  test("snapshots, keys and what was read through are there again", async () => {
    const options = { memory: false, data } as const;
    let server = await ownIslet(options);
    const credentials = freshKeys(server);
    let client = new EC2Client(configOf(server, credentials));
    const plain = await volume({}, client);
    const encrypted = await volume({ Encrypted: true }, client);
    await writeVolume(server, plain, 0, "plain");
    await writeVolume(server, encrypted, BLOCK, "hidden");
    const snapshots = [await snapshot(plain, "", client), await snapshot(encrypted, "", client)];
    await writeVolume(server, plain, 0, "later");
    await server.close();

    server = await ownIslet(options);
    client = new EC2Client(configOf(server, credentials));
    expect((await described({ OwnerIds: ["self"] }, client)).map(({ SnapshotId }) => SnapshotId)).toEqual(
      snapshots,
    );
    const restored = await volume({ SnapshotId: snapshots[0] }, client);
    const unlocked = await volume({ SnapshotId: snapshots[1] }, client);
    expect(await readVolume(server, plain, 0, 5)).toBe("later");
    expect(await readVolume(server, encrypted, BLOCK, 6)).toBe("hidden");
    await server.close();

    server = await ownIslet(options);
    expect(await readVolume(server, restored, 0, 5)).toBe("plain");
    expect(await readVolume(server, unlocked, BLOCK, 6)).toBe("hidden");
    await server.close();
  });
});
