import {
  AttachVolumeCommand,
  CreateVolumeCommand,
  DeleteVolumeCommand,
  DescribeInstancesCommand,
  DescribeVolumesCommand,
  DescribeVolumeStatusCommand,
  DetachVolumeCommand,
  ModifyInstanceAttributeCommand,
  ModifyVolumeCommand,
  RunInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
  type CreateVolumeCommandInput,
  type DetachVolumeCommandInput,
  type RunInstancesCommandInput,
} from "@aws-sdk/client-ec2";
import { beforeEach, describe, expect, test } from "vitest";
import { imagesOf } from "../../server/ec2/catalogue/images.ts";
import { advanceClock } from "../clock.ts";
import { freshClient, ownIslet, refused } from "../islet.ts";

const AvailabilityZone = "us-east-1a";
const image = imagesOf("us-east-1").find(
  ({ architecture, platform }) => architecture === "x86_64" && !platform,
);

let ec2 = await freshClient();
beforeEach(async () => {
  ec2 = await freshClient();
});

const run = async (asked: Partial<RunInstancesCommandInput> = {}, client = ec2) => {
  const { Instances = [] } = await client.send(
    new RunInstancesCommand({
      ImageId: image?.id,
      InstanceType: "m5.large",
      MinCount: 1,
      MaxCount: 1,
      Placement: { AvailabilityZone },
      ...asked,
    }),
  );
  return Instances[0]?.InstanceId ?? "";
};

const created = async (asked: CreateVolumeCommandInput = {}, client = ec2) => {
  const { VolumeId = "" } = await client.send(
    new CreateVolumeCommand({ AvailabilityZone, Size: 8, ...asked }),
  );
  return VolumeId;
};

const attach = (VolumeId: string, InstanceId: string, Device = "/dev/sdf", client = ec2) =>
  client.send(new AttachVolumeCommand({ VolumeId, InstanceId, Device }));

const detach = (VolumeId: string, asked: Omit<DetachVolumeCommandInput, "VolumeId"> = {}, client = ec2) =>
  client.send(new DetachVolumeCommand({ VolumeId, ...asked }));

const shown = async (VolumeId: string, client = ec2) => {
  const { Volumes } = await client.send(new DescribeVolumesCommand({ VolumeIds: [VolumeId] }));
  return Volumes?.[0];
};

const volumesOf = async (InstanceId: string) => {
  const { Volumes = [] } = await ec2.send(
    new DescribeVolumesCommand({ Filters: [{ Name: "attachment.instance-id", Values: [InstanceId] }] }),
  );
  return Volumes;
};

const rootOf = async (InstanceId: string) => (await volumesOf(InstanceId))[0]?.VolumeId ?? "";

const shared = { VolumeType: "io2", Iops: 100, MultiAttachEnabled: true } as const;

describe("what it refuses to parse", () => {
  test("ids that are none", async () => {
    await refused(attach("vol-1", "i-0123456789abcdef0"), "InvalidVolumeID.Malformed");
    await refused(attach(await created(), "i-1"), "InvalidInstanceID.Malformed");
  });

  test.each(["/dev/sdi1", "/dev/nvme1n1", "/dev/sdzz", "Disk_D", "/dev/xvdea", "sdf "])(
    "a device named %s",
    async (device) => {
      await refused(
        attach(await created(), await run(), device),
        "InvalidParameterValue",
        `Value (${device}) for parameter device is invalid. ${device} is not a valid EBS device name.`,
      );
    },
  );

  test("an EBS card that the instance has not", async () => {
    await refused(
      ec2.send(
        new AttachVolumeCommand({
          VolumeId: await created(),
          InstanceId: await run(),
          Device: "/dev/sdf",
          EbsCardIndex: 1,
        }),
      ),
      "InvalidParameterValue",
      /ebsCardIndex/,
    );
  });
});

describe("what it refuses to do", () => {
  test("volumes and instances that are not there", async () => {
    await refused(attach("vol-0123456789abcdef0", await run()), "InvalidVolume.NotFound");
    await refused(attach(await created(), "i-0123456789abcdef0"), "InvalidInstanceID.NotFound");
    await refused(detach("vol-0123456789abcdef0"), "InvalidVolume.NotFound");
    await refused(
      detach(await created(), { InstanceId: "i-0123456789abcdef0" }),
      "InvalidInstanceID.NotFound",
    );
  });

  test("to attach across zones", async () => {
    const [VolumeId, InstanceId] = [await created({ AvailabilityZone: "us-east-1b" }), await run()];
    await refused(
      attach(VolumeId, InstanceId),
      "InvalidVolume.ZoneMismatch",
      `The volume '${VolumeId}' is not in the same availability zone as instance '${InstanceId}'`,
    );
  });

  test("to attach twice, or two volumes at one place", async () => {
    const [VolumeId, InstanceId] = [await created(), await run()];
    await attach(VolumeId, InstanceId);
    await refused(
      attach(VolumeId, await run()),
      "VolumeInUse",
      `${VolumeId} is already attached to an instance`,
    );
    await refused(
      attach(await created(), InstanceId),
      "InvalidParameterValue",
      "Invalid value '/dev/sdf' for unixDevice. Attachment point /dev/sdf is already in use",
    );
    await refused(
      ec2.send(new DeleteVolumeCommand({ VolumeId })),
      "VolumeInUse",
      `Volume ${VolumeId} is currently attached to ${InstanceId}`,
    );
  });

  test("to attach to an instance that is gone", async () => {
    const InstanceId = await run();
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [InstanceId] }));
    await refused(
      attach(await created(), InstanceId),
      "IncorrectState",
      `Instance '${InstanceId}' is not 'running'.`,
    );
  });

  test("to attach what is being made or changed", async () => {
    const islet = await ownIslet({ pace: "real" });
    const slow = await freshClient({ islet });
    const InstanceId = await run({}, slow);
    await advanceClock(islet, 100);
    const VolumeId = await created({}, slow);
    await refused(
      attach(VolumeId, InstanceId, "/dev/sdf", slow),
      "IncorrectState",
      `${VolumeId} is not 'available'.`,
    );
    await advanceClock(islet, 10);
    await slow.send(new ModifyVolumeCommand({ VolumeId, Size: 9 }));
    await refused(
      attach(VolumeId, InstanceId, "/dev/sdf", slow),
      "OperationNotPermitted",
      `Cannot attach volume ${VolumeId} when it is in modification state: MODIFYING`,
    );
    await islet.close();
  });

  test("more volumes than the instance type has room for", async () => {
    const InstanceId = await run({ InstanceType: "t3.micro" });
    const letters = "bcdefghijklmnopqrstuvwxyz";
    const devices = letters.split("").flatMap((letter) => [`/dev/sd${letter}`, `/dev/xvdb${letter}`]);
    const [last = "", ...others] = devices.slice(0, 27);
    for (const device of others) await attach(await created({ Size: 1 }), InstanceId, device);
    await refused(
      attach(await created({ Size: 1 }), InstanceId, last),
      "AttachmentLimitExceeded",
      /^You may attach up to 27 devices for this instance type\./,
    );
  });

  test("to detach what is not attached, or not there", async () => {
    const [VolumeId, InstanceId, other] = [await created(), await run(), await run()];
    await refused(detach(VolumeId), "IncorrectState", `Volume '${VolumeId}' is in the 'available' state.`);
    await attach(VolumeId, InstanceId);
    await refused(
      detach(VolumeId, { InstanceId: other }),
      "InvalidAttachment.NotFound",
      `The volume '${VolumeId}' is not attached to instance '${other}'`,
    );
    await refused(
      detach(VolumeId, { Device: "/dev/sdg" }),
      "InvalidAttachment.NotFound",
      `The volume '${VolumeId}' is not attached as device '/dev/sdg'`,
    );
  });

  test("to take its root volume from a running instance, even by force", async () => {
    const InstanceId = await run();
    const VolumeId = await rootOf(InstanceId);
    await refused(
      detach(VolumeId, { Force: true }),
      "OperationNotPermitted",
      `Unable to detach root volume '${VolumeId}' from instance '${InstanceId}'`,
    );
  });

  test("to take it while the instance stops", async () => {
    const islet = await ownIslet({ pace: "real" });
    const slow = await freshClient({ islet });
    const InstanceId = await run({}, slow);
    await advanceClock(islet, 100);
    const { Volumes } = await slow.send(new DescribeVolumesCommand({}));
    await slow.send(new StopInstancesCommand({ InstanceIds: [InstanceId] }));
    await refused(
      detach(Volumes?.[0]?.VolumeId ?? "", {}, slow),
      "IncorrectState",
      /Unable to detach root volume/,
    );
    await islet.close();
  });

  test("to share with instances that cannot, or twice with the same", async () => {
    const VolumeId = await created(shared);
    await refused(attach(VolumeId, await run({ InstanceType: "t2.micro" })), "UnsupportedOperation");
    const InstanceId = await run();
    await attach(VolumeId, InstanceId);
    await refused(attach(VolumeId, InstanceId, "/dev/sdg"), "VolumeInUse");
    await refused(detach(VolumeId), "MissingParameter");
  });

  test("to share with more than sixteen, or to stop sharing while shared", async () => {
    const VolumeId = await created(shared);
    const { Instances = [] } = await ec2.send(
      new RunInstancesCommand({
        ImageId: image?.id,
        InstanceType: "t3.micro",
        MinCount: 17,
        MaxCount: 17,
        Placement: { AvailabilityZone },
      }),
    );
    const [last = "", ...others] = Instances.map(({ InstanceId = "" }) => InstanceId);
    for (const id of others) await attach(VolumeId, id);
    await refused(attach(VolumeId, last), "AttachmentLimitExceeded", /up to 16 instances/);
    await refused(ec2.send(new ModifyVolumeCommand({ VolumeId, MultiAttachEnabled: false })), "VolumeInUse");
    expect((await shown(VolumeId))?.Attachments).toHaveLength(16);
  });
});

describe("what it does", () => {
  test("attaches and detaches, in the states that EC2 goes through", async () => {
    const islet = await ownIslet({ pace: "real" });
    const slow = await freshClient({ islet });
    const [InstanceId, VolumeId] = [await run({}, slow), await created({}, slow)];
    await advanceClock(islet, 100);
    const attachment = await attach(VolumeId, InstanceId, "/dev/sdf", slow);
    expect(attachment).toMatchObject({
      VolumeId,
      InstanceId,
      Device: "/dev/sdf",
      State: "attaching",
      DeleteOnTermination: false,
      AttachTime: expect.any(Date),
    });
    expect(await shown(VolumeId, slow)).toMatchObject({
      State: "in-use",
      Attachments: [{ State: "attaching" }],
    });
    await advanceClock(islet, 10);
    const { $metadata: _, ...attached } = attachment;
    expect((await shown(VolumeId, slow))?.Attachments).toEqual([{ ...attached, State: "attached" }]);
    expect(await detach(VolumeId, {}, slow)).toMatchObject({ ...attached, State: "detaching" });
    expect(await detach(VolumeId, {}, slow)).toMatchObject({ State: "detaching" });
    expect(await shown(VolumeId, slow)).toMatchObject({
      State: "in-use",
      Attachments: [{ State: "detaching" }],
    });
    await detach(VolumeId, { Force: true }, slow);
    expect(await shown(VolumeId, slow)).toMatchObject({ State: "available", Attachments: [] });
    await islet.close();
  });

  test("shows the instance what it has, and finds volumes by it", async () => {
    const [VolumeId, InstanceId] = [await created({ VolumeType: "gp3" }), await run()];
    const { AttachTime } = await attach(VolumeId, InstanceId, "xvdf");
    const { Reservations } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [InstanceId] }));
    expect(Reservations?.[0]?.Instances?.[0]?.BlockDeviceMappings).toContainEqual({
      DeviceName: "xvdf",
      Ebs: { VolumeId, Status: "attached", AttachTime, DeleteOnTermination: false },
    });
    const found = async (Name: string, value: string) => {
      const { Volumes } = await ec2.send(
        new DescribeVolumesCommand({ Filters: [{ Name, Values: [value] }] }),
      );
      return Volumes?.map((each) => each.VolumeId);
    };
    expect(await found("attachment.device", "xvdf")).toEqual([VolumeId]);
    expect(await found("attachment.delete-on-termination", "false")).toEqual([VolumeId]);
    expect(await found("attachment.attach-time", AttachTime?.toISOString() ?? "")).toContain(VolumeId);
    expect(await found("attachment.status", "attached")).toHaveLength(2);
    const { VolumeStatuses } = await ec2.send(new DescribeVolumeStatusCommand({ VolumeIds: [VolumeId] }));
    expect(VolumeStatuses).toMatchObject([
      {
        AttachmentStatuses: [{ InstanceId, IoPerformance: expect.stringMatching(/^\d+$/) }],
        VolumeStatus: { Details: [{}, { Name: "io-performance", Status: "normal" }, {}] },
      },
    ]);
  });

  test("moves the root volume of a stopped instance to another and back", async () => {
    const [InstanceId, rescue] = [await run(), await run()];
    const VolumeId = await rootOf(InstanceId);
    const device = image?.root.name ?? "";
    await ec2.send(new StopInstancesCommand({ InstanceIds: [InstanceId] }));
    expect(await detach(VolumeId, { InstanceId, Device: device })).toMatchObject({ Device: device });
    await attach(VolumeId, rescue);
    await detach(VolumeId);
    expect(await attach(VolumeId, InstanceId, device)).toMatchObject({ Device: device });
  });

  test("keeps or deletes a volume with its instance, as was decided", async () => {
    const [kept, gone, InstanceId] = [await created(), await created(), await run()];
    const root = await rootOf(InstanceId);
    await attach(kept, InstanceId, "/dev/sdf");
    await attach(gone, InstanceId, "/dev/sdg");
    await ec2.send(
      new ModifyInstanceAttributeCommand({
        InstanceId,
        BlockDeviceMappings: [{ DeviceName: "/dev/sdg", Ebs: { DeleteOnTermination: true } }],
      }),
    );
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [InstanceId] }));
    expect(await shown(kept)).toMatchObject({ State: "available", Attachments: [] });
    await refused(shown(gone), "InvalidVolume.NotFound");
    await refused(shown(root), "InvalidVolume.NotFound");
    await ec2.send(new DeleteVolumeCommand({ VolumeId: kept }));
  });

  test("shares a volume until the last instance has gone", async () => {
    const [VolumeId, first, second] = [await created(shared), await run(), await run()];
    await attach(VolumeId, first);
    await attach(VolumeId, second, "/dev/sdg");
    for (const [InstanceId, DeviceName] of [
      [first, "/dev/sdf"],
      [second, "/dev/sdg"],
    ] as const) {
      await ec2.send(
        new ModifyInstanceAttributeCommand({
          InstanceId,
          BlockDeviceMappings: [{ DeviceName, Ebs: { DeleteOnTermination: true } }],
        }),
      );
    }
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [first] }));
    expect((await shown(VolumeId))?.Attachments).toMatchObject([{ InstanceId: second }]);
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [second] }));
    await refused(shown(VolumeId), "InvalidVolume.NotFound");
  });

  test("grows a volume that an instance has", async () => {
    const InstanceId = await run();
    const VolumeId = await rootOf(InstanceId);
    await ec2.send(new ModifyVolumeCommand({ VolumeId, Size: 100 }));
    expect(await shown(VolumeId)).toMatchObject({ Size: 100, State: "in-use" });
  });
});
