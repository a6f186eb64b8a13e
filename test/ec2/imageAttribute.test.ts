import {
  CancelImageLaunchPermissionCommand,
  CopyImageCommand,
  CreateImageCommand,
  CreateVolumeCommand,
  DeregisterImageCommand,
  DescribeImageAttributeCommand,
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DisableImageBlockPublicAccessCommand,
  EC2Client,
  EnableImageBlockPublicAccessCommand,
  GetImageBlockPublicAccessStateCommand,
  ModifyImageAttributeCommand,
  ModifySnapshotAttributeCommand,
  CreateReplaceRootVolumeTaskCommand,
  RegisterImageCommand,
  ResetImageAttributeCommand,
  CreateSnapshotCommand,
  type ModifyImageAttributeRequest,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { configOf, freshKeys, refused, sharedIslet } from "../islet.ts";
import { launch, linux } from "./launch.ts";

const islet = await sharedIslet();
const newAccount = () => {
  const { account, ...keys } = freshKeys(islet);
  return { account, ec2: new EC2Client(configOf(islet, keys)) };
};
type Account = ReturnType<typeof newAccount>;

const [owner, friend, third] = [newAccount(), newAccount(), newAccount()];
const instance = await launch(owner.ec2);

let names = 0;
const newImage = async (): Promise<string> => {
  const made = await owner.ec2.send(
    new CreateImageCommand({ InstanceId: instance, Name: `image ${++names}` }),
  );
  return made.ImageId ?? "";
};

const modify = (ImageId: string, change: Partial<ModifyImageAttributeRequest>, { ec2 }: Account = owner) =>
  ec2.send(new ModifyImageAttributeCommand({ ImageId, ...change }));

const share = (id: string, ...accounts: Account[]) =>
  modify(id, { LaunchPermission: { Add: accounts.map(({ account }) => ({ UserId: account })) } });

const launchers = async (ImageId: string) =>
  (
    await owner.ec2.send(new DescribeImageAttributeCommand({ ImageId, Attribute: "launchPermission" }))
  ).LaunchPermissions?.map(({ UserId, Group }) => UserId ?? Group);

const seen = async ({ ec2 }: Account, ...users: string[]) => {
  const { Images = [] } = await ec2.send(
    new DescribeImagesCommand({
      Owners: [owner.account],
      ...(users.length > 0 && { ExecutableUsers: users }),
    }),
  );
  return Images.map(({ ImageId }) => ImageId);
};

const snapshotIn = async (ImageId: string): Promise<string> => {
  const { Images } = await owner.ec2.send(new DescribeImagesCommand({ ImageIds: [ImageId] }));
  return Images?.[0]?.BlockDeviceMappings?.[0]?.Ebs?.SnapshotId ?? "";
};

const GONE = "InvalidAMIID.NotFound";

describe("what it refuses to parse", () => {
  test.each<[string, Partial<ModifyImageAttributeRequest>, string, string?]>([
    ["nothing", {}, "MissingParameter"],
    ["other attributes", { Attribute: "kernel", Value: "x" }, "InvalidParameterValue"],
    [
      "two attributes",
      { Description: { Value: "x" }, ImdsSupport: { Value: "v2.0" } },
      "InvalidParameterCombination",
    ],
    [
      "one attribute by the name of another",
      { Attribute: "imdsSupport", Description: { Value: "x" } },
      "InvalidParameterCombination",
    ],
    ["an attribute without its value", { Attribute: "description" }, "MissingParameter"],
    ["another version of IMDS", { ImdsSupport: { Value: "v1.0" } }, "InvalidParameterValue"],
    [
      "launch permissions that are none",
      { Attribute: "launchPermission" },
      "MissingParameter",
      "The request must contain the parameter LaunchPermission",
    ],
    [
      "accounts that are none",
      { Attribute: "launchPermission", OperationType: "add", UserIds: ["me"] },
      "InvalidAMIAttributeItemValue",
      'Invalid attribute item value "me" for userId item type.',
    ],
    [
      "groups that are none",
      { Attribute: "launchPermission", OperationType: "add", UserGroups: ["staff"] },
      "InvalidAMIAttributeItemValue",
      'Invalid attribute item value "staff" for UserGroup item type.',
    ],
    [
      "organizations",
      { Attribute: "launchPermission", OperationType: "add", OrganizationArns: ["arn:o"] },
      "InvalidAMIAttributeItemValue",
      'Invalid attribute item value "arn:o" for OrganizationArn item type.',
    ],
    [
      "their units",
      { LaunchPermission: { Add: [{ OrganizationalUnitArn: "arn:u" }] } },
      "InvalidAMIAttributeItemValue",
    ],
    [
      "accounts to be neither added nor removed",
      { Attribute: "launchPermission", UserIds: ["123456789012"] },
      "MissingParameter",
    ],
    [
      "both forms at once",
      { LaunchPermission: { Add: [{ UserId: "123456789012" }] }, OperationType: "add" },
      "InvalidParameterCombination",
    ],
    ["product codes", { ProductCodes: ["x"] }, "UnsupportedOperation"],
  ])("%s", async (_what, change, code, message) => {
    await refused(modify(await newImage(), change), code, message);
  });
});

describe("what it refuses to do", () => {
  test("changes of images of others, or that are not there", async () => {
    const id = await newImage();
    const change = { Description: { Value: "mine" } };
    await refused(modify(id, change, friend), GONE);
    await share(id, friend);
    const text = `Not authorized for image:${id}`;
    await refused(modify(id, change, friend), "AuthFailure", text);
    const asked = { ImageId: id, Attribute: "launchPermission" } as const;
    await refused(friend.ec2.send(new ResetImageAttributeCommand(asked)), "AuthFailure", text);
    await refused(friend.ec2.send(new DescribeImageAttributeCommand(asked)), "AuthFailure", text);
    await refused(friend.ec2.send(new DeregisterImageCommand({ ImageId: id })), "AuthFailure", text);
    await refused(modify(linux.id, change), "AuthFailure", `Not authorized for image:${linux.id}`);
    await refused(modify("ami-0123456789abcdef0", change), GONE);
  });

  test("to make an image public while that is blocked, or with what is encrypted", async () => {
    const id = await newImage();
    const publish = () => modify(id, { LaunchPermission: { Add: [{ Group: "all" }] } });
    await refused(
      publish(),
      "OperationNotPermitted",
      "You can’t publicly share this image because block public access for AMIs is enabled for this account. To publicly share the image, you must call the DisableImageBlockPublicAccess API.",
    );
    expect(await seen(third)).toEqual([]);
    const encrypted = async (KmsKeyId?: string) => {
      const { VolumeId } = await owner.ec2.send(
        new CreateVolumeCommand({ AvailabilityZone: "us-east-1a", Size: 1, Encrypted: true, KmsKeyId }),
      );
      const { SnapshotId } = await owner.ec2.send(new CreateSnapshotCommand({ VolumeId }));
      const { ImageId } = await owner.ec2.send(
        new RegisterImageCommand({
          Name: `image ${++names}`,
          Architecture: "x86_64",
          VirtualizationType: "hvm",
          RootDeviceName: "/dev/xvda",
          BlockDeviceMappings: [{ DeviceName: "/dev/xvda", Ebs: { SnapshotId } }],
        }),
      );
      return ImageId ?? "";
    };
    await refused(share(await encrypted(), friend), "InvalidParameter", /AWS Managed CMK can't be shared/);
    const own = await encrypted("alias/mine");
    await share(own, friend);
    await owner.ec2.send(new DisableImageBlockPublicAccessCommand({}));
    await refused(
      modify(own, { LaunchPermission: { Add: [{ Group: "all" }] } }),
      "UnsupportedOperation",
      /can't be shared publicly/,
    );
    await owner.ec2.send(
      new EnableImageBlockPublicAccessCommand({ ImageBlockPublicAccessState: "block-new-sharing" }),
    );
    await owner.ec2.send(new DeregisterImageCommand({ ImageId: own }));
  });

  test("to leave what one was not let into by name", async () => {
    const id = await newImage();
    const cancel = ({ ec2 }: Account) => ec2.send(new CancelImageLaunchPermissionCommand({ ImageId: id }));
    await refused(cancel(friend), GONE);
    await refused(cancel(owner), "InvalidRequest");
    await share(id, friend);
    expect((await cancel(friend)).Return).toBe(true);
    await refused(cancel(friend), GONE);
    expect(await launchers(id)).toEqual([]);
  });
});

describe("what it does", () => {
  test("lets named accounts launch an image, and nobody else", async () => {
    const friend = newAccount();
    const id = await newImage();
    await refused(launch(friend.ec2, { ImageId: id }), GONE);
    await share(id, friend);
    expect(await launchers(id)).toEqual([friend.account]);
    expect(await seen(friend)).toEqual([id]);
    expect(await seen(friend, "self")).toEqual([id]);
    expect(await seen(owner, friend.account)).toContain(id);
    expect(await seen(friend, third.account)).toEqual([]);
    expect(await seen(third)).toEqual([]);
    await refused(launch(third.ec2, { ImageId: id }), GONE);
    const launched = await launch(friend.ec2, { ImageId: id });
    const { Reservations } = await friend.ec2.send(new DescribeInstancesCommand({ InstanceIds: [launched] }));
    expect(Reservations?.[0]?.Instances?.[0]).toMatchObject({ ImageId: id, State: { Name: "running" } });
    await friend.ec2.send(new CreateReplaceRootVolumeTaskCommand({ InstanceId: launched, ImageId: id }));
    await modify(id, {
      Attribute: "launchPermission",
      OperationType: "remove",
      UserIds: [friend.account],
    });
    await refused(launch(friend.ec2, { ImageId: id }), GONE);
    expect(await seen(friend)).toEqual([]);
  });

  test("does not let who may launch an image read it, unless its snapshots are shared, too", async () => {
    const id = await newImage();
    await share(id, friend);
    const SnapshotId = await snapshotIn(id);
    const volume = ({ ec2 }: Account) =>
      ec2.send(new CreateVolumeCommand({ AvailabilityZone: "us-east-1a", SnapshotId }));
    const copy = ({ ec2 }: Account) =>
      ec2.send(new CopyImageCommand({ Name: "copy", SourceRegion: "us-east-1", SourceImageId: id }));
    await refused(volume(friend), "InvalidSnapshot.NotFound");
    await refused(
      launch(friend.ec2, { BlockDeviceMappings: [{ DeviceName: "/dev/sdf", Ebs: { SnapshotId } }] }),
      "InvalidSnapshot.NotFound",
    );
    await refused(
      copy(friend),
      "InvalidRequest",
      "You do not have permission to access the storage of this ami",
    );
    await owner.ec2.send(
      new ModifySnapshotAttributeCommand({
        SnapshotId,
        Attribute: "createVolumePermission",
        OperationType: "add",
        UserIds: [friend.account],
      }),
    );
    await volume(friend);
    await copy(friend);
    await refused(copy(third), GONE);
  });

  test("makes an image everybody's, once that is not blocked, and nobody's by a reset", async () => {
    const id = await newImage();
    const state = async () => await owner.ec2.send(new GetImageBlockPublicAccessStateCommand({}));
    expect(await state()).toMatchObject({
      ImageBlockPublicAccessState: "block-new-sharing",
      ManagedBy: "account",
    });
    for (const _ of [1, 2]) {
      const { ImageBlockPublicAccessState } = await owner.ec2.send(
        new DisableImageBlockPublicAccessCommand({}),
      );
      expect(ImageBlockPublicAccessState).toBe("unblocked");
    }
    expect(await state()).toMatchObject({ ImageBlockPublicAccessState: "unblocked" });
    await modify(id, { Attribute: "launchPermission", OperationType: "add", UserGroups: ["all"] });
    await share(id, friend);
    expect(await launchers(id)).toEqual(["all", friend.account]);
    expect(await seen(third, "all")).toEqual([id]);
    await launch(third.ec2, { ImageId: id });
    await refused(
      third.ec2.send(new CancelImageLaunchPermissionCommand({ ImageId: id })),
      "InvalidRequest",
      `The image ${id} is not shared with your account.`,
    );
    for (const _ of [1, 2]) {
      const { ImageBlockPublicAccessState } = await owner.ec2.send(
        new EnableImageBlockPublicAccessCommand({ ImageBlockPublicAccessState: "block-new-sharing" }),
      );
      expect(ImageBlockPublicAccessState).toBe("block-new-sharing");
    }
    // What is public stays so.
    expect(await seen(third)).toEqual([id]);
    await owner.ec2.send(new ResetImageAttributeCommand({ ImageId: id, Attribute: "launchPermission" }));
    expect(await launchers(id)).toEqual([]);
    expect(await seen(third)).toEqual([]);
    await refused(launch(third.ec2, { ImageId: id }), GONE);
  });

  test("changes the description, and that instances need IMDSv2", async () => {
    const id = await newImage();
    await modify(id, { Description: { Value: "of a kind" } });
    await modify(id, { Attribute: "imdsSupport", Value: "v2.0" });
    const { Images } = await owner.ec2.send(new DescribeImagesCommand({ ImageIds: [id] }));
    expect(Images?.[0]).toMatchObject({ Description: "of a kind", ImdsSupport: "v2.0" });
  });
});
