import { CreateVolumeCommand, DescribeVolumeStatusCommand, EnableVolumeIOCommand } from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { imagesOf } from "../../server/ec2/catalogue/images.ts";
import { freshClient, ownIslet, refused } from "../islet.ts";

const ec2 = await freshClient();
const AvailabilityZone = "us-east-1a";

describe("what it refuses to parse", () => {
  test("ids together with a page size", async () => {
    await refused(
      ec2.send(new DescribeVolumeStatusCommand({ VolumeIds: ["vol-0123456789abcdef0"], MaxResults: 5 })),
      "InvalidParameterCombination",
    );
  });

  test("a filter by tags, which a status has not", async () => {
    await refused(
      ec2.send(new DescribeVolumeStatusCommand({ Filters: [{ Name: "tag:Name", Values: ["data"] }] })),
      "InvalidParameterValue",
      "The filter 'tag:Name' is invalid",
    );
  });
});

describe("what it refuses to do", () => {
  test("volumes that are not there", async () => {
    const VolumeId = "vol-0123456789abcdef0";
    await refused(ec2.send(new EnableVolumeIOCommand({ VolumeId })), "InvalidVolume.NotFound");
    await refused(
      ec2.send(new DescribeVolumeStatusCommand({ VolumeIds: [VolumeId] })),
      "InvalidVolume.NotFound",
    );
  });
});

describe("what it does", () => {
  test("tells that volumes are well, and which were loaded from snapshots", async () => {
    const empty = await ec2.send(new CreateVolumeCommand({ AvailabilityZone, Size: 1 }));
    const loaded = await ec2.send(
      new CreateVolumeCommand({
        AvailabilityZone,
        SnapshotId: imagesOf("us-east-1")[0]?.root.snapshotId,
        VolumeInitializationRate: 100,
      }),
    );
    const { VolumeStatuses } = await ec2.send(new DescribeVolumeStatusCommand({}));
    expect(VolumeStatuses).toEqual([
      {
        VolumeId: empty.VolumeId,
        AvailabilityZone,
        AvailabilityZoneId: empty.AvailabilityZoneId,
        VolumeStatus: {
          Status: "ok",
          Details: [
            { Name: "io-enabled", Status: "passed" },
            { Name: "io-performance", Status: "not-applicable" },
            { Name: "initialization-state", Status: "not-applicable" },
          ],
        },
        Actions: [],
        Events: [],
        AttachmentStatuses: [],
        Operator: { Managed: false },
      },
      expect.objectContaining({
        VolumeId: loaded.VolumeId,
        InitializationStatusDetails: {
          InitializationType: "provisioned-rate",
          Progress: 100,
          EstimatedTimeToCompleteInSeconds: 0,
        },
      }),
    ]);
    const { VolumeStatuses: completed } = await ec2.send(
      new DescribeVolumeStatusCommand({
        Filters: [{ Name: "volume-status.details-status", Values: ["completed"] }],
      }),
    );
    expect(completed?.map(({ VolumeId }) => VolumeId)).toEqual([loaded.VolumeId]);
    await ec2.send(new EnableVolumeIOCommand({ VolumeId: loaded.VolumeId }));
  });

  test("knows nothing of a volume that is still being made", async () => {
    const islet = await ownIslet({ pace: "real" });
    const slow = await freshClient({ islet });
    await slow.send(new CreateVolumeCommand({ AvailabilityZone, Size: 1 }));
    const { VolumeStatuses } = await slow.send(new DescribeVolumeStatusCommand({}));
    expect(VolumeStatuses).toMatchObject([{ VolumeStatus: { Status: "insufficient-data" } }]);
    await islet.close();
  });
});
