import {
  CreateVolumeCommand,
  DeleteVolumeCommand,
  DescribeVolumesCommand,
  DescribeVolumesModificationsCommand,
  ModifyVolumeCommand,
  type CreateVolumeCommandInput,
  type ModifyVolumeCommandInput,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { advanceClock } from "../clock.ts";
import { freshClient, ownIslet, refused } from "../islet.ts";

const ec2 = await freshClient();

const created = async (asked: CreateVolumeCommandInput = {}, client = ec2) => {
  const { VolumeId = "" } = await client.send(
    new CreateVolumeCommand({ AvailabilityZone: "us-east-1a", Size: 100, ...asked }),
  );
  return VolumeId;
};

const modify = (VolumeId: string, asked: Omit<ModifyVolumeCommandInput, "VolumeId">, client = ec2) =>
  client.send(new ModifyVolumeCommand({ VolumeId, ...asked }));

const shown = async (VolumeId: string, client = ec2) => {
  const { Volumes } = await client.send(new DescribeVolumesCommand({ VolumeIds: [VolumeId] }));
  return Volumes?.[0];
};

const modification = async (VolumeId: string, client = ec2) => {
  const { VolumesModifications } = await client.send(
    new DescribeVolumesModificationsCommand({ VolumeIds: [VolumeId] }),
  );
  return VolumesModifications?.[0];
};

describe("what it refuses to parse", () => {
  test("an id that is none", async () => {
    await refused(modify("vol-1", { Size: 200 }), "InvalidVolumeID.Malformed");
    await refused(modification("vol-1"), "InvalidVolumeID.Malformed");
  });

  test("a change that says nothing", async () => {
    await refused(modify(await created(), {}), "MissingParameter");
  });

  test("pages of more than 500", async () => {
    await refused(
      ec2.send(new DescribeVolumesModificationsCommand({ MaxResults: 501 })),
      "InvalidParameterValue",
    );
  });
});

describe("what it refuses to do", () => {
  test("to make a volume smaller", async () => {
    await refused(
      modify(await created(), { Size: 99 }),
      "InvalidParameterValue",
      "New size cannot be smaller than existing size",
    );
  });

  test("what the target type does not have", async () => {
    const VolumeId = await created();
    await refused(modify(VolumeId, { Iops: 3000 }), "InvalidParameterCombination", /iops is not supported/);
    await refused(modify(VolumeId, { VolumeType: "standard", Size: 1025 }), "InvalidParameterValue", /1024/);
    await refused(
      modify(await created({ Size: 50 }), { VolumeType: "io1" }),
      "InvalidParameterValue",
      "Iops to volume size ratio of 60.000000 is too high; maximum is 50",
    );
  });

  test("volumes that are not there, or were never modified", async () => {
    await refused(modify("vol-0123456789abcdef0", { Size: 200 }), "InvalidVolume.NotFound");
    await refused(modification("vol-0123456789abcdef0"), "InvalidVolume.NotFound");
    const VolumeId = await created();
    await refused(
      modification(VolumeId),
      "InvalidVolumeModification.NotFound",
      `Modification for volume '${VolumeId}' does not exist.`,
    );
  });

  test("a volume that is still being made", async () => {
    const islet = await ownIslet({ pace: "real" });
    const slow = await freshClient({ islet });
    const VolumeId = await created({}, slow);
    await refused(
      modify(VolumeId, { Size: 200 }, slow),
      "IncorrectState",
      `Volume '${VolumeId}' is in the 'creating' state.`,
    );
    await islet.close();
  });

  test("multi-attach for what is, or becomes, no io2 volume", async () => {
    const io1 = await created({ VolumeType: "io1", Iops: 100 });
    await refused(modify(io1, { MultiAttachEnabled: true }), "InvalidParameterCombination", /only for io2/);
    const shared = await created({ VolumeType: "io1", Iops: 100, MultiAttachEnabled: true });
    await refused(modify(shared, { Size: 200 }), "InvalidParameterCombination", /size and iops/);
    await refused(modify(shared, { VolumeType: "io2" }), "InvalidParameterCombination", /volume type/);
    const io2 = await created({ VolumeType: "io2", Iops: 100, MultiAttachEnabled: true });
    await refused(modify(io2, { VolumeType: "gp3" }), "InvalidParameterCombination", /not supported for gp3/);
  });
});

describe("what it does", () => {
  test("grows a volume and tells what it was and what it becomes", async () => {
    const VolumeId = await created({ VolumeType: "gp3" });
    const { VolumeModification } = await modify(VolumeId, { Size: 200, Iops: 4000, Throughput: 500 });
    expect(VolumeModification).toMatchObject({
      VolumeId,
      ModificationState: "modifying",
      Progress: 0,
      OriginalSize: 100,
      OriginalVolumeType: "gp3",
      OriginalIops: 3000,
      OriginalThroughput: 125,
      OriginalMultiAttachEnabled: false,
      TargetSize: 200,
      TargetVolumeType: "gp3",
      TargetIops: 4000,
      TargetThroughput: 500,
      TargetMultiAttachEnabled: false,
    });
    expect(VolumeModification).not.toHaveProperty("EndTime");
    expect(await modification(VolumeId)).toMatchObject({
      ModificationState: "completed",
      Progress: 100,
      StartTime: VolumeModification?.StartTime,
      EndTime: expect.any(Date),
    });
    expect(await shown(VolumeId)).toMatchObject({
      Size: 200,
      Iops: 4000,
      Throughput: 500,
      State: "available",
    });
  });

  test("changes the type, with what that type has by default", async () => {
    const VolumeId = await created();
    await modify(VolumeId, { VolumeType: "gp3" });
    expect(await modification(VolumeId)).toMatchObject({
      OriginalIops: 300,
      TargetIops: 3000,
      TargetThroughput: 125,
    });
    await modify(VolumeId, { VolumeType: "io2", MultiAttachEnabled: false });
    await modify(VolumeId, { MultiAttachEnabled: true });
    expect(await shown(VolumeId)).toMatchObject({ VolumeType: "io2", Iops: 3000, MultiAttachEnabled: true });
    expect(await shown(VolumeId)).not.toHaveProperty("Throughput");
  });

  test("takes its time: the size is there when the volume is optimizing", async () => {
    const islet = await ownIslet({ pace: "real" });
    const slow = await freshClient({ islet });
    const VolumeId = await created({}, slow);
    await advanceClock(islet, 10);
    await modify(VolumeId, { Size: 200 }, slow);
    expect(await shown(VolumeId, slow)).toMatchObject({ Size: 100 });
    await refused(
      modify(VolumeId, { Size: 300 }, slow),
      "IncorrectModificationState",
      `Volume ${VolumeId} cannot be modified in modification state MODIFYING`,
    );
    await advanceClock(islet, 20);
    const optimizing = await modification(VolumeId, slow);
    expect(optimizing).toMatchObject({ ModificationState: "optimizing" });
    expect(optimizing?.Progress).toBeGreaterThan(0);
    expect(optimizing?.Progress).toBeLessThan(100);
    expect(await shown(VolumeId, slow)).toMatchObject({ Size: 200 });
    await refused(modify(VolumeId, { Size: 300 }, slow), "IncorrectModificationState", /OPTIMIZING/);
    await advanceClock(islet, 120);
    expect(await modification(VolumeId, slow)).toMatchObject({ ModificationState: "completed" });
    await islet.close();
  });

  test("allows four changes of a volume in a day", async () => {
    const islet = await ownIslet();
    const account = await freshClient({ islet });
    const VolumeId = await created({}, account);
    for (const Size of [101, 102, 103, 104]) await modify(VolumeId, { Size }, account);
    await refused(modify(VolumeId, { Size: 105 }, account), "VolumeModificationRateExceeded", /again at 20/);
    await advanceClock(islet, 24 * 3600);
    const { VolumeModification } = await modify(VolumeId, { Size: 105 }, account);
    expect(VolumeModification).toMatchObject({ OriginalSize: 104, TargetSize: 105 });
    await islet.close();
  });

  test("finds modifications by what they are, and forgets them with their volume", async () => {
    const account = await freshClient();
    const grown = await created({}, account);
    const faster = await created({ VolumeType: "gp3" }, account);
    await modify(grown, { Size: 1000 }, account);
    await modify(faster, { Iops: 5000 }, account);
    const found = async (filter: string, ...Values: string[]) => {
      const { VolumesModifications } = await account.send(
        new DescribeVolumesModificationsCommand({ Filters: [{ Name: filter, Values }] }),
      );
      return VolumesModifications?.map(({ VolumeId }) => VolumeId);
    };
    expect(await found("modification-state", "completed")).toEqual([grown, faster]);
    expect(await found("target-size", "1000")).toEqual([grown]);
    expect(await found("original-size", "100")).toHaveLength(2);
    expect(await found("original-iops", "300")).toEqual([grown]);
    expect(await found("target-iops", "5000")).toEqual([faster]);
    expect(await found("target-volume-type", "gp3")).toEqual([faster]);
    expect(await found("targetMultiAttachEnabled", "true")).toEqual([]);
    await account.send(new DeleteVolumeCommand({ VolumeId: grown }));
    expect(await found("volume-id", "vol-*")).toEqual([faster]);
  });
});
