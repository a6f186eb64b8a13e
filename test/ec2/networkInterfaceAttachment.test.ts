import {
  AllocateAddressCommand,
  AssignIpv6AddressesCommand,
  AssignPrivateIpAddressesCommand,
  AssociateAddressCommand,
  AttachInternetGatewayCommand,
  AttachNetworkInterfaceCommand,
  CreateInternetGatewayCommand,
  CreateNetworkInterfaceCommand,
  CreateNetworkInterfacePermissionCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DeleteNetworkInterfaceCommand,
  DeleteNetworkInterfacePermissionCommand,
  DescribeAddressesCommand,
  DescribeImagesCommand,
  DescribeNetworkInterfaceAttributeCommand,
  DescribeNetworkInterfacesCommand,
  DetachNetworkInterfaceCommand,
  ModifyNetworkInterfaceAttributeCommand,
  RunInstancesCommand,
  TerminateInstancesCommand,
  type AttachNetworkInterfaceCommandInput,
  type CreateNetworkInterfaceCommandInput,
  type EC2Client,
  type NetworkInterface,
} from "@aws-sdk/client-ec2";
import { beforeAll, describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";

const ec2 = await freshClient();
let ImageId = "";
let SubnetId = "";
let elsewhere = "";

beforeAll(async () => {
  const { Images } = await ec2.send(
    new DescribeImagesCommand({
      Owners: ["amazon"],
      Filters: [
        { Name: "name", Values: ["al2023-ami-2023*"] },
        { Name: "architecture", Values: ["x86_64"] },
      ],
    }),
  );
  ImageId = Images?.[0]?.ImageId ?? "";
  const { Vpc } = await ec2.send(
    new CreateVpcCommand({ CidrBlock: "10.0.0.0/16", AmazonProvidedIpv6CidrBlock: true }),
  );
  const VpcId = Vpc?.VpcId;
  const { InternetGateway } = await ec2.send(new CreateInternetGatewayCommand({}));
  await ec2.send(
    new AttachInternetGatewayCommand({ VpcId, InternetGatewayId: InternetGateway?.InternetGatewayId }),
  );
  const block = Vpc?.Ipv6CidrBlockAssociationSet?.[0]?.Ipv6CidrBlock?.replace("/56", "/64");
  const subnet = async (CidrBlock: string, AvailabilityZone: string, Ipv6CidrBlock?: string) =>
    (await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock, AvailabilityZone, Ipv6CidrBlock }))).Subnet
      ?.SubnetId ?? "";
  SubnetId = await subnet("10.0.1.0/24", "us-east-1a", block);
  elsewhere = await subnet("10.0.2.0/24", "us-east-1b");
});

async function run(InstanceType: "t3.micro" | "t3.small" | "c5n.18xlarge" = "t3.micro"): Promise<string> {
  const { Instances } = await ec2.send(
    new RunInstancesCommand({ ImageId, InstanceType, SubnetId, MinCount: 1, MaxCount: 1 }),
  );
  return Instances?.[0]?.InstanceId ?? "";
}

async function create(input: Partial<CreateNetworkInterfaceCommandInput> = {}): Promise<string> {
  const { NetworkInterface: eni } = await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId, ...input }));
  return eni?.NetworkInterfaceId ?? "";
}

const attach = (
  NetworkInterfaceId: string,
  InstanceId: string,
  input: Partial<AttachNetworkInterfaceCommandInput> = {},
  client: EC2Client = ec2,
) =>
  client.send(
    new AttachNetworkInterfaceCommand({ NetworkInterfaceId, InstanceId, DeviceIndex: 1, ...input }),
  );
const detach = (AttachmentId = "", Force = false) =>
  ec2.send(new DetachNetworkInterfaceCommand({ AttachmentId, Force }));

async function show(id: string): Promise<NetworkInterface | undefined> {
  const { NetworkInterfaces } = await ec2.send(
    new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [id] }),
  );
  return NetworkInterfaces?.[0];
}

async function primaryOf(InstanceId: string): Promise<NetworkInterface | undefined> {
  const { NetworkInterfaces } = await ec2.send(
    new DescribeNetworkInterfacesCommand({
      Filters: [
        { Name: "attachment.instance-id", Values: [InstanceId] },
        { Name: "attachment.device-index", Values: ["0"] },
      ],
    }),
  );
  return NetworkInterfaces?.[0];
}

describe("what it refuses to parse", () => {
  test("places that no instance has", async () => {
    const instance = await run();
    await refused(attach(await create(), instance, { DeviceIndex: -1 }), "InvalidParameterValue");
    await refused(attach(await create(), instance, { NetworkCardIndex: 1 }), "InvalidParameterValue");
  });
});

describe("what it refuses to do", () => {
  test("attach or detach what is not there", async () => {
    await refused(attach("eni-0123456789abcdef0", await run()), "InvalidNetworkInterfaceID.NotFound");
    await refused(attach(await create(), "i-0123456789abcdef0"), "InvalidInstanceID.NotFound");
    await refused(
      detach("eni-attach-0123456789abcdef0"),
      "InvalidAttachmentID.NotFound",
      "The interface attachment 'eni-attach-0123456789abcdef0' does not exist.",
    );
  });

  test("two interfaces at one place, or one interface at two", async () => {
    const instance = await run();
    const eni = await create();
    await refused(
      attach(eni, instance, { DeviceIndex: 0 }),
      "InvalidParameterValue",
      `Instance '${instance}' already has an interface attached at device index '0'.`,
    );
    await attach(eni, instance);
    await refused(attach(eni, await run()), "InvalidNetworkInterface.InUse", `Interface: [${eni}] in use.`);
    await refused(
      ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: eni })),
      "InvalidParameterValue",
      `Network interface '${eni}' is currently in use.`,
    );
  });

  test("more than the instance type can have", async () => {
    const instance = await run();
    await attach(await create(), instance);
    await refused(
      attach(await create(), instance, { DeviceIndex: 2 }),
      "AttachmentLimitExceeded",
      "Interface count 3 exceeds the limit for t3.micro",
    );
    const other = await run();
    await refused(
      attach(await create({ SecondaryPrivateIpAddressCount: 2 }), other),
      "PrivateIpAddressLimitExceeded",
      "Number of private addresses will exceed limit.",
    );
    const eni = await create();
    await attach(eni, other);
    await ec2.send(
      new AssignPrivateIpAddressesCommand({ NetworkInterfaceId: eni, SecondaryPrivateIpAddressCount: 1 }),
    );
    await refused(
      ec2.send(new AssignPrivateIpAddressesCommand({ NetworkInterfaceId: eni, Ipv4PrefixCount: 1 })),
      "PrivateIpAddressLimitExceeded",
    );
    await refused(
      ec2.send(new AssignIpv6AddressesCommand({ NetworkInterfaceId: eni, Ipv6AddressCount: 3 })),
      "PrivateIpAddressLimitExceeded",
    );
  });

  test("what does not fit", async () => {
    const instance = await run();
    await refused(
      attach(await create({ SubnetId: elsewhere }), instance),
      "InvalidParameterCombination",
      "You may not attach a network interface to an instance if they are not in the same availability zone",
    );
    await refused(
      attach(await create({ InterfaceType: "efa" }), instance),
      "InvalidParameterCombination",
      "EFA interfaces are not supported on t3.micro.",
    );
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [instance] }));
    await refused(attach(await create(), instance), "IncorrectState");
  });

  test("detach the primary interface", async () => {
    const primary = await primaryOf(await run());
    await refused(
      detach(primary?.Attachment?.AttachmentId),
      "OperationNotPermitted",
      "The network interface at device index 0 and networkCard index 0 cannot be detached.",
    );
  });

  test("lead an elastic address to an instance that has two interfaces", async () => {
    const instance = await run();
    await attach(await create(), instance);
    const { AllocationId } = await ec2.send(new AllocateAddressCommand({}));
    await refused(
      ec2.send(new AssociateAddressCommand({ AllocationId, InstanceId: instance })),
      "InvalidInstanceID",
      `There are multiple interfaces attached to instance '${instance}'. Please specify an interface ID for the operation instead.`,
    );
  });
});

describe("what it does", () => {
  test("attaches and detaches", async () => {
    const instance = await run();
    const eni = await create();
    const { AttachmentId, NetworkCardIndex } = await attach(eni, instance);
    expect(AttachmentId).toMatch(/^eni-attach-0[0-9a-f]{16}$/);
    expect(NetworkCardIndex).toBe(0);
    const shown = await show(eni);
    expect(shown).toMatchObject({
      Status: "in-use",
      Attachment: {
        AttachmentId,
        InstanceId: instance,
        InstanceOwnerId: shown?.OwnerId,
        DeviceIndex: 1,
        NetworkCardIndex: 0,
        Status: "attached",
        DeleteOnTermination: false,
      },
    });
    const { Attachment } = await ec2.send(
      new DescribeNetworkInterfaceAttributeCommand({ NetworkInterfaceId: eni, Attribute: "attachment" }),
    );
    expect(Attachment).toEqual(shown?.Attachment);
    await detach(AttachmentId);
    expect(await show(eni)).toMatchObject({ Status: "available" });
    await refused(detach(AttachmentId), "InvalidAttachmentID.NotFound");
    const again = await attach(eni, instance);
    await detach(again.AttachmentId, true);
    await ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: eni }));
  });

  test("an interface outlives its instance unless it is to go with it", async () => {
    const instance = await run("t3.small");
    const [stays, goes] = [await create(), await create()];
    await attach(stays, instance);
    const { AttachmentId } = await attach(goes, instance, { DeviceIndex: 2 });
    await ec2.send(
      new ModifyNetworkInterfaceAttributeCommand({
        NetworkInterfaceId: goes,
        Attachment: { AttachmentId, DeleteOnTermination: true },
      }),
    );
    expect((await show(goes))?.Attachment?.DeleteOnTermination).toBe(true);
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [instance] }));
    expect(await show(stays)).toMatchObject({ Status: "available" });
    await refused(show(goes), "InvalidNetworkInterfaceID.NotFound");
  });

  test.each([
    "attachment.attach-time",
    "attachment.attachment-id",
    "attachment.delete-on-termination",
    "attachment.device-index",
    "attachment.instance-id",
    "attachment.instance-owner-id",
    "attachment.status",
  ])("an attached interface is found by the filter %s", async (Name) => {
    const eni = await create();
    await attach(eni, await run());
    const shown = await show(eni);
    const values: Record<string, string | undefined> = {
      "attachment.attach-time": shown?.Attachment?.AttachTime?.toISOString(),
      "attachment.attachment-id": shown?.Attachment?.AttachmentId,
      "attachment.delete-on-termination": "false",
      "attachment.device-index": "1",
      "attachment.instance-id": shown?.Attachment?.InstanceId,
      "attachment.instance-owner-id": shown?.OwnerId,
      "attachment.status": "attached",
    };
    const { NetworkInterfaces } = await ec2.send(
      new DescribeNetworkInterfacesCommand({ Filters: [{ Name, Values: [values[Name] ?? ""] }] }),
    );
    expect(NetworkInterfaces).toContainEqual(shown);
  });

  test("an elastic address follows an instance's interface, in place of a lent one", async () => {
    const instance = await run();
    const primary = await primaryOf(instance);
    const NetworkInterfaceId = primary?.NetworkInterfaceId ?? "";
    const lend = (AssociatePublicIpAddress: boolean) =>
      ec2.send(new ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId, AssociatePublicIpAddress }));
    await lend(true);
    const lent = (await show(NetworkInterfaceId))?.Association;
    expect(lent).toMatchObject({ IpOwnerId: "amazon" });
    expect(lent?.AllocationId).toBeUndefined();
    const { AllocationId, PublicIp } = await ec2.send(new AllocateAddressCommand({}));
    await ec2.send(new AssociateAddressCommand({ AllocationId, InstanceId: instance }));
    expect((await show(NetworkInterfaceId))?.Association).toMatchObject({ PublicIp, AllocationId });
    const { Addresses } = await ec2.send(
      new DescribeAddressesCommand({ Filters: [{ Name: "instance-id", Values: [instance] }] }),
    );
    expect(Addresses).toMatchObject([{ AllocationId, InstanceId: instance, NetworkInterfaceId }]);
    await lend(false);
    expect((await show(NetworkInterfaceId))?.Association?.PublicIp).toBe(PublicIp);
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [instance] }));
    const [left] =
      (await ec2.send(new DescribeAddressesCommand({ PublicIps: [PublicIp ?? ""] }))).Addresses ?? [];
    expect(left?.AssociationId).toBeUndefined();
  });

  test("another account attaches with permission only", async () => {
    const instance = await run();
    const owner = (await primaryOf(instance))?.OwnerId;
    const other = await freshClient();
    const { Vpc } = await other.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
    const { Subnet } = await other.send(
      new CreateSubnetCommand({
        VpcId: Vpc?.VpcId,
        CidrBlock: "10.0.0.0/24",
        AvailabilityZone: "us-east-1a",
      }),
    );
    const { NetworkInterface: theirs } = await other.send(
      new CreateNetworkInterfaceCommand({ SubnetId: Subnet?.SubnetId }),
    );
    const NetworkInterfaceId = theirs?.NetworkInterfaceId ?? "";
    await refused(attach(NetworkInterfaceId, instance), "InvalidNetworkInterfaceID.NotFound");
    const { InterfacePermission } = await other.send(
      new CreateNetworkInterfacePermissionCommand({
        NetworkInterfaceId,
        AwsAccountId: owner,
        Permission: "INSTANCE-ATTACH",
      }),
    );
    const { AttachmentId } = await attach(NetworkInterfaceId, instance);
    const NetworkInterfacePermissionId = InterfacePermission?.NetworkInterfacePermissionId ?? "";
    const revoke = (Force: boolean) =>
      other.send(new DeleteNetworkInterfacePermissionCommand({ NetworkInterfacePermissionId, Force }));
    await refused(revoke(false), "OperationNotPermitted");
    expect((await revoke(true)).Return).toBe(true);
    await detach(AttachmentId);
    await other.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId }));
  });
});
