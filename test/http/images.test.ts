import {
  CreateSnapshotCommand,
  CreateVolumeCommand,
  DeleteSnapshotCommand,
  DescribeImagesCommand,
  DescribeSnapshotsCommand,
  RunInstancesCommand,
} from "@aws-sdk/client-ec2";
import { afterAll, expect, test } from "vitest";
import { freshClient, ownIslet, refused } from "../islet.ts";
import { operate, operationRefused } from "../operator.ts";

const islet = await ownIslet();
afterAll(() => islet.close());
const ec2 = await freshClient({ islet });
const GOLDEN = "ami-0123456789abcdef0";

test("what is no image is refused, and nothing is kept", async () => {
  const wrong = [{ ImageId: "ami-0aaaaaaaaaaaaaaaa", Name: "refused" }, { ImageId: "vpc-1" }];
  await operationRefused(islet, "POST images", { Images: wrong }, "InvalidRequest", /image 2/);
  await operationRefused(islet, "POST images", {}, "InvalidRequest");
  const { Images } = await ec2.send(
    new DescribeImagesCommand({ Filters: [{ Name: "name", Values: ["refused"] }] }),
  );
  expect(Images).toEqual([]);
});

test("an image with the user's own id is there for every account, and boots", async () => {
  const answer = await operate(islet, "POST images", { Images: [{ ImageId: GOLDEN, Name: "golden" }] });
  expect(answer).toEqual({ ImageIds: [GOLDEN] });
  const { Images } = await ec2.send(new DescribeImagesCommand({ ImageIds: [GOLDEN] }));
  expect(Images).toMatchObject([{ ImageId: GOLDEN, Name: "golden" }]);
  const { Instances } = await ec2.send(
    new RunInstancesCommand({ ImageId: GOLDEN, InstanceType: "t3.micro", MinCount: 1, MaxCount: 1 }),
  );
  expect(Instances).toMatchObject([{ ImageId: GOLDEN }]);
});

test("what an image is made of is there to make volumes of, and stays while the image needs it", async () => {
  const { VolumeId } = await ec2.send(new CreateVolumeCommand({ AvailabilityZone: "us-east-1a", Size: 1 }));
  const { SnapshotId = "" } = await ec2.send(new CreateSnapshotCommand({ VolumeId }));
  const named = "snap-0aaaaaaaaaaaaaaaa";
  await operate(islet, "POST images", {
    Images: [
      {
        ImageId: "ami-0bbbbbbbbbbbbbbbb",
        Name: "of a snapshot",
        BlockDeviceMappings: [
          { DeviceName: "/dev/xvda", Ebs: { SnapshotId, VolumeSize: 1 } },
          { DeviceName: "/dev/xvdb", Ebs: { SnapshotId: named, VolumeSize: 5 } },
        ],
      },
    ],
  });
  await refused(
    ec2.send(new DeleteSnapshotCommand({ SnapshotId })),
    "InvalidSnapshot.InUse",
    `The snapshot ${SnapshotId} is currently in use by ami-0bbbbbbbbbbbbbbbb`,
  );
  expect(
    await ec2.send(new CreateVolumeCommand({ AvailabilityZone: "us-east-1a", SnapshotId: named })),
  ).toMatchObject({ Size: 5, SnapshotId: named });
  const { Snapshots } = await ec2.send(new DescribeSnapshotsCommand({ SnapshotIds: [named] }));
  expect(Snapshots).toMatchObject([{ SnapshotId: named, VolumeSize: 5, State: "completed" }]);
});
