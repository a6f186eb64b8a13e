import {
  AllocateHostsCommand,
  CreateDelegateMacVolumeOwnershipTaskCommand,
  CreateMacSystemIntegrityProtectionModificationTaskCommand,
  DescribeMacModificationTasksCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
  type CreateMacSystemIntegrityProtectionModificationTaskCommandInput,
  type DescribeMacModificationTasksCommandInput,
  type EC2Client,
  type MacModificationTask,
} from "@aws-sdk/client-ec2";
import { afterAll, describe, expect, test } from "vitest";
import { advanceClock } from "../clock.ts";
import { freshClient, ownIslet, refused } from "../islet.ts";
import { operate } from "../operator.ts";
import { launch } from "./launch.ts";

const islet = await ownIslet();
afterAll(() => islet.close());

const ARM = "ami-0aaaaaaaaaaaaaaa1";
const X86 = "ami-0aaaaaaaaaaaaaaa2";
await operate(islet, "POST images", {
  Images: [
    { ImageId: ARM, Name: "macos", Architecture: "arm64_mac" },
    { ImageId: X86, Name: "macos on x86", Architecture: "x86_64_mac" },
  ],
});
const ec2 = await freshClient({ islet });

async function launchMac(type: "mac1.metal" | "mac2.metal", client = ec2): Promise<string> {
  const host = { InstanceType: type, AvailabilityZone: "us-east-1a", Quantity: 1 };
  const { HostIds } = await client.send(new AllocateHostsCommand(host));
  return launch(client, {
    ImageId: type === "mac1.metal" ? X86 : ARM,
    InstanceType: type,
    Placement: { Tenancy: "host", HostId: HostIds?.[0] },
  });
}

const mac = await launchMac("mac2.metal");
const old = await launchMac("mac1.metal");

const MacCredentials = JSON.stringify({
  internalDiskPassword: "",
  rootVolumeUsername: "ec2-user",
  rootVolumepassword: "hunter2",
});

const delegate = async (InstanceId: string, credentials = MacCredentials, client = ec2) =>
  (
    await client.send(
      new CreateDelegateMacVolumeOwnershipTaskCommand({ InstanceId, MacCredentials: credentials }),
    )
  ).MacModificationTask ?? {};

const protect = async (
  asked: Partial<CreateMacSystemIntegrityProtectionModificationTaskCommandInput>,
): Promise<MacModificationTask> => {
  const command = new CreateMacSystemIntegrityProtectionModificationTaskCommand({
    InstanceId: mac,
    MacSystemIntegrityProtectionStatus: "disabled",
    ...asked,
  });
  return (await ec2.send(command)).MacModificationTask ?? {};
};

const described = async (
  asked: DescribeMacModificationTasksCommandInput,
  client: EC2Client = ec2,
): Promise<MacModificationTask[]> =>
  (await client.send(new DescribeMacModificationTasksCommand(asked))).MacModificationTasks ?? [];

const MISSING = "macmodification-0123456789abcdef0";

describe("what it refuses to parse", () => {
  test("ids that are none, and too few results", async () => {
    await refused(described({ MacModificationTaskIds: ["mac-1"] }), "InvalidMacModificationTaskId.Malformed");
    await refused(described({ MaxResults: 4 }), "InvalidParameterValue");
    await refused(delegate("vol-1"), "InvalidInstanceID.Malformed");
  });

  test("credentials that are none, without repeating them", async () => {
    for (const wrong of [
      "hunter2",
      "[]",
      "null",
      "{}",
      '{"rootVolumeUsername":"ec2-user"}',
      '{"rootVolumeUsername":"","rootVolumepassword":"hunter2"}',
      '{"rootVolumeUsername":"ec2-user","rootVolumepassword":7}',
      '{"rootVolumeUsername":"ec2-user","rootVolumepassword":"hunter2","colour":"red"}',
    ]) {
      await refused(delegate(mac, wrong), "InvalidParameterValue", /^(?!.*hunter2).*macCredentials/);
    }
    await refused(protect({}), "MissingParameter");
    await refused(protect({ InstanceId: old, MacCredentials }), "InvalidParameterCombination");
  });
});

describe("what it refuses to do", () => {
  test("change what is not there, is no Mac, or has no Apple silicon", async () => {
    const other = await freshClient({ islet });
    await refused(delegate(mac, MacCredentials, other), "InvalidInstanceID.NotFound");
    await refused(described({ MacModificationTaskIds: [MISSING] }), "InvalidMacModificationTaskId.NotFound");
    const id = await launch(ec2);
    await refused(delegate(id), "UnsupportedOperation");
    await refused(protect({ InstanceId: id }), "UnsupportedOperation");
    await refused(delegate(old), "UnsupportedOperation");
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
  });
});

describe("what it does", () => {
  test("delegates the ownership of a root volume", async () => {
    const started = await delegate(mac);
    expect(started).toMatchObject({
      MacModificationTaskId: expect.stringMatching(/^macmodification-0[0-9a-f]{16}$/) as string,
      InstanceId: mac,
      TaskType: "volume-ownership-delegation",
      TaskState: "pending",
      StartTime: expect.any(Date) as Date,
    });
    expect(started.MacSystemIntegrityProtectionConfig).toBeUndefined();
    const MacModificationTaskIds = [started.MacModificationTaskId ?? ""];
    expect(await described({ MacModificationTaskIds })).toMatchObject([{ TaskState: "successful" }]);
  });

  test("changes the protection of the system, as a whole or in parts, and reboots for it", async () => {
    await operate(islet, "POST memory/write", {
      Region: "us-east-1",
      InstanceId: mac,
      Address: 0,
      Bytes: "AQ==",
    });
    const started = await protect({
      MacCredentials,
      MacSystemIntegrityProtectionConfiguration: { KextSigning: "enabled" },
      TagSpecifications: [{ ResourceType: "mac-modification-task", Tags: [{ Key: "a", Value: "b" }] }],
    });
    expect(started).toMatchObject({
      TaskType: "sip-modification",
      Tags: [{ Key: "a", Value: "b" }],
      MacSystemIntegrityProtectionConfig: {
        AppleInternal: "disabled",
        DTraceRestrictions: "disabled",
        KextSigning: "enabled",
        Status: "disabled",
      },
    });
    await protect({ InstanceId: old, MacSystemIntegrityProtectionStatus: "enabled" });
    for (const [Name, value] of [
      ["instance-id", mac],
      ["task-state", "successful"],
      ["task-type", "sip-modification"],
      ["mac-system-integrity-protection-configuration.sip-status", "disabled"],
      ["start-time", started.StartTime?.toISOString() ?? ""],
    ] as const) {
      const found = await described({ Filters: [{ Name, Values: [value] }] });
      expect(found.map(({ MacModificationTaskId }) => MacModificationTaskId)).toContain(
        started.MacModificationTaskId,
      );
    }
    const place = { Region: "us-east-1", InstanceId: mac, Address: 0, Length: 1 };
    expect(await operate(islet, "POST memory/read", place)).toEqual({ Bytes: "AA==" });
  });

  test("takes its time, one task at a time, and fails if the instance is stopped", async () => {
    const slow = await ownIslet({ pace: "real" });
    try {
      await operate(slow, "POST clock", { Frozen: true });
      await operate(slow, "POST images", {
        Images: [{ ImageId: ARM, Name: "macos", Architecture: "arm64_mac" }],
      });
      const client = await freshClient({ islet: slow });
      const id = await launchMac("mac2.metal", client);
      await refused(delegate(id, MacCredentials, client), "IncorrectInstanceState");
      await advanceClock(slow, 600);
      await delegate(id, MacCredentials, client);
      await refused(delegate(id, MacCredentials, client), "IncorrectState", /being modified/);
      await advanceClock(slow, 60);
      expect(await described({}, client)).toMatchObject([{ TaskState: "in-progress" }]);
      await client.send(new StopInstancesCommand({ InstanceIds: [id] }));
      await advanceClock(slow, 1200);
      expect(await described({}, client)).toMatchObject([{ TaskState: "failed" }]);
    } finally {
      await slow.close();
    }
  });
});
