import {
  AttachNetworkInterfaceCommand,
  CreateNetworkInterfaceCommand,
  DescribeInstanceTypesCommand,
  DescribeNetworkInterfaceAttributeCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSubnetsCommand,
  DetachNetworkInterfaceCommand,
  ModifyInstanceAttributeCommand,
  ModifyNetworkInterfaceAttributeCommand,
  StopInstancesCommand,
  type AttachNetworkInterfaceCommandInput,
  type EnaSrdSpecification,
  type InstanceNetworkInterfaceSpecification,
  type NetworkInterfaceAttachmentChanges,
  type RunInstancesCommandInput,
} from "@aws-sdk/client-ec2";
import { beforeAll, describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";
import { launch, launchAll, launchStopped, shownInstance } from "./launch.ts";

const ec2 = await freshClient();
let SubnetId = "";

beforeAll(async () => {
  const { Subnets } = await ec2.send(
    new DescribeSubnetsCommand({ Filters: [{ Name: "availability-zone", Values: ["us-east-1a"] }] }),
  );
  SubnetId = Subnets?.[0]?.SubnetId ?? "";
});

const UDP = { EnaSrdUdpEnabled: true };

/** A launch with interfaces like these, the first of them primary. */
const having = (
  InstanceType: RunInstancesCommandInput["InstanceType"],
  ...interfaces: InstanceNetworkInterfaceSpecification[]
): Partial<RunInstancesCommandInput> => ({
  InstanceType,
  NetworkInterfaces: interfaces.map((each, DeviceIndex) => ({ DeviceIndex, SubnetId, ...each })),
});

async function newInterface(InterfaceType?: "efa-only"): Promise<string> {
  const { NetworkInterface: eni } = await ec2.send(
    new CreateNetworkInterfaceCommand({ SubnetId, InterfaceType }),
  );
  return eni?.NetworkInterfaceId ?? "";
}

const attach = (
  NetworkInterfaceId: string,
  InstanceId: string,
  more: Partial<AttachNetworkInterfaceCommandInput> = {},
) => ec2.send(new AttachNetworkInterfaceCommand({ NetworkInterfaceId, InstanceId, DeviceIndex: 1, ...more }));

const express = (NetworkInterfaceId: string, specification: EnaSrdSpecification) =>
  ec2.send(
    new ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId, EnaSrdSpecification: specification }),
  );

const change = (NetworkInterfaceId: string, Attachment: NetworkInterfaceAttachmentChanges) =>
  ec2.send(new ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId, Attachment }));

async function attachmentOf(id: string) {
  const { NetworkInterfaces } = await ec2.send(
    new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [id] }),
  );
  return NetworkInterfaces?.[0]?.Attachment;
}

/** The primary interface of an instance, with its attachment. */
async function primaryOf(instance: string): Promise<{ readonly id: string; readonly AttachmentId: string }> {
  const [eni] = (await shownInstance(ec2, instance)).NetworkInterfaces ?? [];
  return { id: eni?.NetworkInterfaceId ?? "", AttachmentId: eni?.Attachment?.AttachmentId ?? "" };
}

const queuesOf = async (instance: string) =>
  (await shownInstance(ec2, instance)).NetworkInterfaces?.map(({ Attachment }) => Attachment?.EnaQueueCount);

describe("what it refuses to parse", () => {
  test("numbers of queues that there cannot be", async () => {
    // More than one interface of the type can have, and, with fewer CPUs, more than there are.
    for (const EnaQueueCount of [-2, 0, 3, 12, 32]) {
      await refused(
        launchAll(ec2, having("c8i.4xlarge", { EnaQueueCount })),
        "InvalidParameterValue",
        /power of 2 of at most 16/,
      );
    }
    await refused(
      launchAll(ec2, {
        ...having("c8i.4xlarge", { EnaQueueCount: 8 }),
        CpuOptions: { CoreCount: 2, ThreadsPerCore: 2 },
      }),
      "InvalidParameterValue",
      /power of 2 of at most 4/,
    );
  });

  test("a number of queues that is the usual one, and another, and none", async () => {
    const { id, AttachmentId } = await primaryOf(await launchStopped(ec2, having("c8i.large", {})));
    await refused(
      change(id, { AttachmentId, DefaultEnaQueueCount: true, EnaQueueCount: 2 }),
      "InvalidParameterCombination",
    );
    await refused(change(id, { AttachmentId, DefaultEnaQueueCount: false }), "MissingParameter");
  });
});

describe("what it refuses to do", () => {
  test("ENA Express on a type without it", async () => {
    const on = { EnaSrdEnabled: true };
    const message = "ENA Express is not supported on c6i.4xlarge.";
    await refused(
      launchAll(ec2, having("c6i.4xlarge", { EnaSrdSpecification: on })),
      "InvalidParameterCombination",
      message,
    );
    const instance = await launch(ec2, having("c6i.4xlarge", {}));
    await refused(
      attach(await newInterface(), instance, { EnaSrdSpecification: on }),
      "InvalidParameterCombination",
      message,
    );
    const { id } = await primaryOf(instance);
    await refused(express(id, on), "InvalidParameterCombination", message);
    await express(id, { EnaSrdEnabled: false });
  });

  test("ENA Express for UDP alone", async () => {
    const alone = { EnaSrdUdpSpecification: UDP };
    await refused(
      launchAll(ec2, having("c6i.8xlarge", { EnaSrdSpecification: alone })),
      "InvalidParameterCombination",
      /you must first enable ENA Express/,
    );
    const { id } = await primaryOf(await launch(ec2, having("c6i.8xlarge", {})));
    await refused(express(id, alone), "InvalidParameterCombination");
  });

  test("ENA Express of what is not attached", async () => {
    await refused(express(await newInterface(), { EnaSrdEnabled: true }), "IncorrectState");
  });

  test("queues on a type where they cannot be chosen", async () => {
    const message = "Flexible ENA queues are not supported on m5.large.";
    await refused(
      launchAll(ec2, having("m5.large", { EnaQueueCount: 2 })),
      "InvalidParameterCombination",
      message,
    );
    const instance = await launchStopped(ec2, having("m5.large", {}));
    const { id, AttachmentId } = await primaryOf(instance);
    await refused(change(id, { AttachmentId, EnaQueueCount: 2 }), "InvalidParameterCombination", message);
    await refused(
      attach(await newInterface(), instance, { EnaQueueCount: 2 }),
      "InvalidParameterCombination",
      message,
    );
  });

  test("queues while the instance runs", async () => {
    const instance = await launch(ec2, having("c8i.large", {}));
    const { id, AttachmentId } = await primaryOf(instance);
    await refused(change(id, { AttachmentId, EnaQueueCount: 1 }), "IncorrectInstanceState");
    await refused(change(id, { AttachmentId, DefaultEnaQueueCount: true }), "IncorrectInstanceState");
    await refused(
      attach(await newInterface(), instance, { EnaQueueCount: 1 }),
      "IncorrectInstanceState",
      `The instance '${instance}' is not in the 'stopped' state.`,
    );
  });

  test("more queues than the instance has, chosen or not", async () => {
    const message = /exceeds the limit of 64 for m6i\.8xlarge/;
    const most = { EnaQueueCount: 32 };
    await refused(
      launchAll(ec2, having("m6i.8xlarge", most, most, { EnaQueueCount: 1 })),
      "InvalidParameterCombination",
      message,
    );
    const instance = await launchStopped(ec2, having("m6i.8xlarge", most, { EnaQueueCount: 16 }, {}));
    expect(await queuesOf(instance)).toEqual([32, 16, 8]);
    const eni = await newInterface();
    await refused(
      attach(eni, instance, { DeviceIndex: 3, EnaQueueCount: 16 }),
      "InvalidParameterCombination",
      message,
    );
    await attach(eni, instance, { DeviceIndex: 3 });
    await refused(
      attach(await newInterface(), instance, { DeviceIndex: 4 }),
      "InvalidParameterCombination",
      message,
    );
    const { AttachmentId } = (await attachmentOf(eni)) ?? {};
    await refused(change(eni, { AttachmentId, EnaQueueCount: 16 }), "InvalidParameterCombination", message);
  });

  test("either of an interface without an ENA device", async () => {
    const eni = await newInterface("efa-only");
    const instance = await launchStopped(ec2, having("c6in.32xlarge", {}));
    const second = { NetworkCardIndex: 1, DeviceIndex: 0 };
    await refused(attach(eni, instance, { ...second, EnaQueueCount: 2 }), "InvalidParameterCombination");
    await refused(
      attach(eni, instance, { ...second, EnaSrdSpecification: { EnaSrdEnabled: true } }),
      "InvalidParameterCombination",
    );
    await attach(eni, instance, second);
    expect(await queuesOf(instance)).toEqual([32, undefined]);
    await refused(express(eni, { EnaSrdEnabled: true }), "InvalidParameterCombination");
  });

  test("a type without ENA Express for an instance that uses it", async () => {
    const resize = (InstanceId: string, Value: string) =>
      ec2.send(new ModifyInstanceAttributeCommand({ InstanceId, InstanceType: { Value } }));
    const instance = await launchStopped(
      ec2,
      having("c6i.8xlarge", { EnaSrdSpecification: { EnaSrdEnabled: true } }),
    );
    await refused(resize(instance, "c6i.4xlarge"), "InvalidParameterCombination");
    await express((await primaryOf(instance)).id, { EnaSrdEnabled: false });
    await resize(instance, "c6i.4xlarge");
  });
});

describe("what it does", () => {
  test("ENA Express at launch, and for UDP too", async () => {
    const [instance] = await launchAll(
      ec2,
      having(
        "m8i.8xlarge",
        { EnaSrdSpecification: { EnaSrdEnabled: true } },
        { EnaSrdSpecification: { EnaSrdEnabled: true, EnaSrdUdpSpecification: UDP } },
        {},
      ),
    );
    expect(instance?.NetworkInterfaces?.map(({ Attachment }) => Attachment?.EnaSrdSpecification)).toEqual([
      { EnaSrdEnabled: true, EnaSrdUdpSpecification: { EnaSrdUdpEnabled: false } },
      { EnaSrdEnabled: true, EnaSrdUdpSpecification: UDP },
      undefined,
    ]);
  });

  test("ENA Express is the attachment's, and goes with it", async () => {
    const instance = await launch(ec2, having("c6i.8xlarge", {}));
    const eni = await newInterface();
    const { AttachmentId } = await attach(eni, instance, {
      EnaSrdSpecification: { EnaSrdEnabled: true, EnaSrdUdpSpecification: UDP },
    });
    await express(eni, { EnaSrdUdpSpecification: { EnaSrdUdpEnabled: false } });
    expect((await attachmentOf(eni))?.EnaSrdSpecification).toEqual({
      EnaSrdEnabled: true,
      EnaSrdUdpSpecification: { EnaSrdUdpEnabled: false },
    });
    await express(eni, { EnaSrdEnabled: true, EnaSrdUdpSpecification: UDP });
    // "The prior value is retained for UDP traffic."
    await express(eni, { EnaSrdEnabled: false });
    const { Attachment } = await ec2.send(
      new DescribeNetworkInterfaceAttributeCommand({ NetworkInterfaceId: eni, Attribute: "attachment" }),
    );
    expect(Attachment?.EnaSrdSpecification).toEqual({ EnaSrdEnabled: false, EnaSrdUdpSpecification: UDP });
    await ec2.send(new DetachNetworkInterfaceCommand({ AttachmentId }));
    await attach(eni, instance);
    expect((await attachmentOf(eni))?.EnaSrdSpecification).toBeUndefined();
  });

  test("queues at launch, as EC2's own example has them, and the usual ones", async () => {
    const sixteen = { EnaQueueCount: 16 };
    const instance = await launch(ec2, having("c8i.4xlarge", sixteen, sixteen, sixteen, {}));
    expect(await queuesOf(instance)).toEqual([16, 16, 16, 8]);
    expect(await queuesOf(await launch(ec2, { InstanceType: "c8i.xlarge" }))).toEqual([4]);
    expect(await queuesOf(await launch(ec2))).toEqual([undefined]);
  });

  test("queues of an attachment, changed and back", async () => {
    const instance = await launch(ec2, having("m6i.4xlarge", {}));
    await ec2.send(new StopInstancesCommand({ InstanceIds: [instance] }));
    const eni = await newInterface();
    const { AttachmentId } = await attach(eni, instance, { EnaQueueCount: 16 });
    expect((await attachmentOf(eni))?.EnaQueueCount).toBe(16);
    await change(eni, { AttachmentId, EnaQueueCount: 2, DeleteOnTermination: true });
    expect(await attachmentOf(eni)).toMatchObject({ EnaQueueCount: 2, DeleteOnTermination: true });
    await change(eni, { AttachmentId, DeleteOnTermination: false });
    expect(await queuesOf(instance)).toEqual([8, 2]);
    await change(eni, { AttachmentId, DefaultEnaQueueCount: true });
    expect(await queuesOf(instance)).toEqual([8, 8]);
  });

  test("queues of another type", async () => {
    const instance = await launchStopped(ec2, having("c8i.4xlarge", { EnaQueueCount: 16 }, {}));
    const resize = (Value: string) =>
      ec2.send(new ModifyInstanceAttributeCommand({ InstanceId: instance, InstanceType: { Value } }));
    await resize("c8i.large");
    expect(await queuesOf(instance)).toEqual([2, 2]);
    await resize("m5.large");
    expect(await queuesOf(instance)).toEqual([undefined, undefined]);
  });

  test("each network card has queues of its own", async () => {
    const all = { EnaQueueCount: 32 };
    const onFirst = [0, 1, 2, 3, 4, 5, 6, 7].map((DeviceIndex) => ({ ...all, DeviceIndex }));
    const onSecond = { ...all, DeviceIndex: 1, NetworkCardIndex: 1 };
    const instance = await launch(ec2, having("c6in.32xlarge", ...onFirst, onSecond));
    expect(await queuesOf(instance)).toEqual(Array.from({ length: 9 }, () => 32));
    await refused(
      launchAll(ec2, having("c6in.32xlarge", ...onFirst, { EnaQueueCount: 1, DeviceIndex: 8 })),
      "InvalidParameterCombination",
      /network card 0 exceeds the limit of 256/,
    );
  });

  test("types are found by it", async () => {
    const { InstanceTypes = [] } = await ec2.send(
      new DescribeInstanceTypesCommand({
        Filters: [
          { Name: "network-info.flexible-ena-queues-support", Values: ["supported"] },
          { Name: "instance-type", Values: ["c8i.8xlarge", "m5.*"] },
        ],
      }),
    );
    expect(InstanceTypes.map(({ InstanceType }) => InstanceType)).toEqual(["c8i.8xlarge"]);
    expect(InstanceTypes[0]?.NetworkInfo).toMatchObject({
      EnaSrdSupported: true,
      FlexibleEnaQueuesSupport: "supported",
      NetworkCards: [
        {
          DefaultEnaQueueCountPerInterface: 8,
          MaximumEnaQueueCount: 128,
          MaximumEnaQueueCountPerInterface: 32,
        },
      ],
    });
  });
});
