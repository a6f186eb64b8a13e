import {
  CreateSecurityGroupCommand,
  DescribeInstanceAttributeCommand,
  ModifyInstanceAttributeCommand,
  ResetInstanceAttributeCommand,
  StartInstancesCommand,
  TerminateInstancesCommand,
  type DescribeInstanceAttributeCommandOutput,
  type InstanceAttributeName,
  type ModifyInstanceAttributeCommandInput,
} from "@aws-sdk/client-ec2";
import { beforeAll, describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";
import { defaultVpcOf } from "./defaultVpcOf.ts";
import { launch, launchStopped, shownInstance } from "./launch.ts";

const ec2 = await freshClient();
let running = "";
let stopped = "";
/** Has three interfaces. */
let threefold = "";
/** Has four addresses on one. */
let many = "";

type Change = Omit<ModifyInstanceAttributeCommandInput, "InstanceId">;

const modify = (InstanceId: string, change: Change) =>
  ec2.send(new ModifyInstanceAttributeCommand({ InstanceId, ...change }));

const attribute = async (
  InstanceId: string,
  Attribute: InstanceAttributeName,
): Promise<Omit<DescribeInstanceAttributeCommandOutput, "$metadata">> => {
  const { $metadata: _, ...answer } = await ec2.send(
    new DescribeInstanceAttributeCommand({ InstanceId, Attribute }),
  );
  return answer;
};

beforeAll(async () => {
  running = await launch(ec2);
  stopped = await launchStopped(ec2, { InstanceType: "m5.large" });
  threefold = await launchStopped(ec2, {
    InstanceType: "m5.large",
    NetworkInterfaces: [{ DeviceIndex: 0 }, { DeviceIndex: 1 }, { DeviceIndex: 2 }],
  });
  many = await launchStopped(ec2, {
    InstanceType: "m5.large",
    NetworkInterfaces: [{ DeviceIndex: 0, SecondaryPrivateIpAddressCount: 3 }],
  });
});

describe("what it refuses to parse", () => {
  const id = "i-0123456789abcdef0";
  test("an instance of another form", async () => {
    await refused(modify("i-1", { EbsOptimized: { Value: true } }), "InvalidInstanceID.Malformed");
    await refused(attribute(id, "userData"), "InvalidInstanceID.NotFound");
  });

  test.each<[string, Change, string]>([
    ["nothing", {}, "MissingParameter"],
    ["an attribute without a value", { Attribute: "instanceType" }, "MissingParameter"],
    [
      "two at once",
      { DisableApiStop: { Value: true }, DisableApiTermination: { Value: true } },
      "InvalidParameterCombination",
    ],
    ["no boolean", { Attribute: "disableApiStop", Value: "yes" }, "InvalidParameterValue"],
    [
      "what has no value as text",
      { Attribute: "rootDeviceName", Value: "/dev/sda" },
      "InvalidParameterCombination",
    ],
    [
      "another shutdown",
      { InstanceInitiatedShutdownBehavior: { Value: "explode" } },
      "InvalidParameterValue",
    ],
    ["other enhanced networking", { SriovNetSupport: { Value: "complex" } }, "InvalidParameterValue"],
    ["user data that is not base64", { Attribute: "userData", Value: "!" }, "InvalidUserData.Malformed"],
    ["too much user data", { UserData: { Value: new Uint8Array(16_385) } }, "InvalidParameterValue"],
  ])("%s", async (_, change, code) => {
    await refused(modify(stopped, change), code);
  });
});

describe("what it refuses to do", () => {
  test("what can be changed only while it is stopped", async () => {
    const changes: Change[] = [
      { InstanceType: { Value: "t3.small" } },
      { UserData: { Value: new Uint8Array([1]) } },
      { EbsOptimized: { Value: true } },
      { EnaSupport: { Value: true } },
      { EnclaveOptions: { Enabled: false } },
      { SriovNetSupport: { Value: "simple" } },
    ];
    for (const change of changes) {
      await refused(
        modify(running, change),
        "IncorrectInstanceState",
        `The instance '${running}' is not in the 'stopped' state.`,
      );
    }
  });

  test("anything of an instance that is gone", async () => {
    const id = await launch(ec2);
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
    await refused(modify(id, { DisableApiStop: { Value: true } }), "IncorrectInstanceState");
    await refused(
      ec2.send(new ResetInstanceAttributeCommand({ InstanceId: id, Attribute: "sourceDestCheck" })),
      "IncorrectInstanceState",
    );
  });

  test("a type that is none, or that the instance does not fit", async () => {
    await refused(
      modify(stopped, { InstanceType: { Value: "m5.tiny" } }),
      "InvalidInstanceAttributeValue",
      "The following supplied instance types do not exist: [m5.tiny]",
    );
    await refused(modify(stopped, { InstanceType: { Value: "m6g.large" } }), "InvalidParameterValue");
    await refused(
      modify(threefold, { InstanceType: { Value: "t3.micro" } }),
      "AttachmentLimitExceeded",
      "Interface count 3 exceeds the limit for t3.micro",
    );
    await refused(
      modify(many, { InstanceType: { Value: "t3.micro" } }),
      "InvalidInterface.IpAddressLimitExceeded",
    );
    const sleeper = await launchStopped(ec2, {
      InstanceType: "m5.large",
      HibernationOptions: { Configured: true },
      BlockDeviceMappings: [{ DeviceName: "/dev/xvda", Ebs: { VolumeSize: 20, Encrypted: true } }],
    });
    await refused(modify(sleeper, { InstanceType: { Value: "m5.metal" } }), "InvalidParameterCombination");
  });

  test("the driver's absence on a type that wants it", async () => {
    await refused(modify(stopped, { EnaSupport: { Value: false } }), "InvalidParameterCombination");
  });

  test("a kernel for hvm", async () => {
    await refused(modify(stopped, { Kernel: { Value: "aki-1" } }), "InvalidParameterCombination");
    await refused(modify(stopped, { Ramdisk: { Value: "ari-1" } }), "InvalidParameterCombination");
    await refused(
      ec2.send(new ResetInstanceAttributeCommand({ InstanceId: stopped, Attribute: "kernel" })),
      "InvalidParameterCombination",
    );
    await refused(
      ec2.send(new ResetInstanceAttributeCommand({ InstanceId: stopped, Attribute: "userData" })),
      "InvalidParameterValue",
    );
  });

  test("to guess which interface is meant", async () => {
    const message = `There are multiple interfaces attached to instance '${threefold}'. Please specify an interface ID for the operation instead.`;
    await refused(modify(threefold, { SourceDestCheck: { Value: false } }), "InvalidInstanceID", message);
    await refused(modify(threefold, { Groups: ["sg-0123456789abcdef0"] }), "InvalidInstanceID", message);
  });

  test("a device that is not mapped, or another change of one that is", async () => {
    await refused(
      modify(running, {
        BlockDeviceMappings: [{ DeviceName: "/dev/sdz", Ebs: { DeleteOnTermination: true } }],
      }),
      "InvalidInstanceAttributeValue",
      "No device is currently mapped at /dev/sdz",
    );
    await refused(
      modify(running, { BlockDeviceMappings: [{ DeviceName: "/dev/xvda", NoDevice: "" }] }),
      "InvalidParameterCombination",
    );
  });
});

describe("what it does", () => {
  test("shows every attribute", async () => {
    const id = await launch(ec2, { UserData: "aGVsbG8=", DisableApiStop: true });
    const { SecurityGroups } = await shownInstance(ec2, id);
    const expected: [InstanceAttributeName, object][] = [
      ["blockDeviceMapping", { BlockDeviceMappings: [{ DeviceName: "/dev/xvda" }] }],
      ["disableApiStop", { DisableApiStop: { Value: true } }],
      ["disableApiTermination", { DisableApiTermination: { Value: false } }],
      ["ebsOptimized", { EbsOptimized: { Value: false } }],
      ["enaSupport", { EnaSupport: { Value: true } }],
      ["enclaveOptions", { EnclaveOptions: { Enabled: false } }],
      ["groupSet", { Groups: SecurityGroups }],
      ["instanceInitiatedShutdownBehavior", { InstanceInitiatedShutdownBehavior: { Value: "stop" } }],
      ["instanceType", { InstanceType: { Value: "t3.micro" } }],
      ["kernel", { InstanceId: id }],
      ["productCodes", { ProductCodes: [] }],
      ["ramdisk", { InstanceId: id }],
      ["rootDeviceName", { RootDeviceName: { Value: "/dev/xvda" } }],
      ["sourceDestCheck", { SourceDestCheck: { Value: true } }],
      ["sriovNetSupport", { SriovNetSupport: { Value: "simple" } }],
      ["userData", { UserData: { Value: "aGVsbG8=" } }],
    ];
    for (const [name, value] of expected) {
      expect(await attribute(id, name)).toMatchObject({ InstanceId: id, ...value });
    }
  });

  test("changes protection and shutdown of a running instance, in both ways", async () => {
    await modify(running, { Attribute: "disableApiTermination", Value: "true" });
    expect(await attribute(running, "disableApiTermination")).toMatchObject({
      DisableApiTermination: { Value: true },
    });
    await modify(running, { InstanceInitiatedShutdownBehavior: { Value: "terminate" } });
    expect(await attribute(running, "instanceInitiatedShutdownBehavior")).toMatchObject({
      InstanceInitiatedShutdownBehavior: { Value: "terminate" },
    });
  });

  test("changes a stopped instance", async () => {
    const id = await launchStopped(ec2, {
      InstanceType: "m5.xlarge",
      CpuOptions: { CoreCount: 2, ThreadsPerCore: 1 },
    });
    await modify(id, { UserData: { Value: Buffer.from("bye") } });
    expect(await attribute(id, "userData")).toMatchObject({ UserData: { Value: "Ynll" } });
    await modify(id, { Attribute: "userData", Value: "aGVsbG8=" });
    expect(await attribute(id, "userData")).toMatchObject({ UserData: { Value: "aGVsbG8=" } });
    await modify(id, { EbsOptimized: { Value: true } });
    await modify(id, { SriovNetSupport: { Value: "simple" } });
    await modify(id, { EnaSupport: { Value: true } });
    await modify(id, { EnclaveOptions: { Enabled: true } });
    expect(await shownInstance(ec2, id)).toMatchObject({
      EbsOptimized: true,
      EnclaveOptions: { Enabled: true },
    });
    await modify(id, { EnclaveOptions: { Enabled: false } });
    await modify(id, { Attribute: "instanceType", Value: "t3.small" });
    await ec2.send(new StartInstancesCommand({ InstanceIds: [id] }));
    expect(await shownInstance(ec2, id)).toMatchObject({
      State: { Name: "running" },
      InstanceType: "t3.small",
      CpuOptions: { CoreCount: 1, ThreadsPerCore: 2 },
    });
  });

  test("changes groups and the source check of the interface, and resets the latter", async () => {
    const { GroupId = "" } = await ec2.send(
      new CreateSecurityGroupCommand({
        VpcId: await defaultVpcOf(ec2),
        GroupName: "other",
        Description: "other",
      }),
    );
    await modify(running, { Groups: [GroupId] });
    await modify(running, { SourceDestCheck: { Value: false } });
    expect(await shownInstance(ec2, running)).toMatchObject({
      SecurityGroups: [{ GroupId, GroupName: "other" }],
      SourceDestCheck: false,
    });
    await ec2.send(new ResetInstanceAttributeCommand({ InstanceId: running, Attribute: "sourceDestCheck" }));
    expect((await shownInstance(ec2, running)).SourceDestCheck).toBe(true);
  });

  test("decides what goes with the instance", async () => {
    const id = await launch(ec2);
    await modify(id, {
      BlockDeviceMappings: [{ DeviceName: "/dev/xvda", Ebs: { DeleteOnTermination: false } }],
    });
    expect((await shownInstance(ec2, id)).BlockDeviceMappings).toMatchObject([
      { Ebs: { DeleteOnTermination: false } },
    ]);
  });
});
