import {
  AllocateAddressCommand,
  AssociateAddressCommand,
  AttachInternetGatewayCommand,
  AttachNetworkInterfaceCommand,
  CreateInternetGatewayCommand,
  CreateNetworkInterfaceCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DeleteInternetGatewayCommand,
  DeleteNetworkInterfaceCommand,
  DeleteSubnetCommand,
  DeleteVpcCommand,
  DescribeAddressesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSubnetsCommand,
  DetachInternetGatewayCommand,
  DisassociateAddressCommand,
  ModifyAddressAttributeCommand,
  ModifyVpcAttributeCommand,
  ReleaseAddressCommand,
  ResetAddressAttributeCommand,
  TerminateInstancesCommand,
  type Address,
  type AllocateAddressCommandInput,
  type AssociateAddressCommandInput,
  type DescribeAddressesCommandInput,
  type EC2Client,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { advanceClock } from "../clock.ts";
import { freshClient, ownIslet, refused } from "../islet.ts";
import { launch, launchAll } from "./launch.ts";

const ec2 = await freshClient();

async function allocate(
  input: AllocateAddressCommandInput = {},
  client: EC2Client = ec2,
): Promise<{ AllocationId: string; PublicIp: string }> {
  const { AllocationId = "", PublicIp = "" } = await client.send(new AllocateAddressCommand(input));
  return { AllocationId, PublicIp };
}

const associate = (input: AssociateAddressCommandInput) => ec2.send(new AssociateAddressCommand(input));
const release = (AllocationId: string) => ec2.send(new ReleaseAddressCommand({ AllocationId }));
const addresses = async (input: DescribeAddressesCommandInput): Promise<Address[]> =>
  (await ec2.send(new DescribeAddressesCommand(input))).Addresses ?? [];

/** A VPC with a subnet and an interface in it. */
async function network(withGateway = true) {
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
  const VpcId = Vpc?.VpcId ?? "";
  let InternetGatewayId = "";
  if (withGateway) {
    const { InternetGateway } = await ec2.send(new CreateInternetGatewayCommand({}));
    InternetGatewayId = InternetGateway?.InternetGatewayId ?? "";
    await ec2.send(new AttachInternetGatewayCommand({ VpcId, InternetGatewayId }));
  }
  const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock: "10.0.1.0/24" }));
  const SubnetId = Subnet?.SubnetId ?? "";
  return { VpcId, InternetGatewayId, SubnetId, NetworkInterfaceId: await createInterface(SubnetId) };
}

async function createInterface(SubnetId: string): Promise<string> {
  const { NetworkInterface: eni } = await ec2.send(
    new CreateNetworkInterfaceCommand({ SubnetId, SecondaryPrivateIpAddressCount: 1 }),
  );
  return eni?.NetworkInterfaceId ?? "";
}

async function show(id: string) {
  const { NetworkInterfaces } = await ec2.send(
    new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [id] }),
  );
  return NetworkInterfaces?.[0];
}

describe("what it refuses to parse", () => {
  test("which address, and which interface", async () => {
    const { AllocationId, PublicIp } = await allocate();
    const both = "You may specify public IP or allocation id, but not both in the same call";
    await refused(
      associate({ AllocationId, PublicIp, InstanceId: "i-0123456789abcdef0" }),
      "InvalidParameterCombination",
      both,
    );
    await refused(
      associate({
        AllocationId,
        InstanceId: "i-0123456789abcdef0",
        NetworkInterfaceId: "eni-0123456789abcdef0",
      }),
      "InvalidParameterCombination",
      "You may specify InstanceId or NetworkInterfaceId, but not both in the same call",
    );
    await refused(associate({ AllocationId }), "MissingParameter");
    await refused(associate({ InstanceId: "i-0123456789abcdef0" }), "MissingParameter");
    await refused(ec2.send(new DisassociateAddressCommand({})), "MissingParameter");
    await refused(
      ec2.send(new DisassociateAddressCommand({ AssociationId: "eipassoc-0123456789abcdef0", PublicIp })),
      "InvalidParameterCombination",
      "You may specify public IP or association id, but not both in the same call",
    );
    await refused(ec2.send(new ReleaseAddressCommand({})), "MissingParameter");
  });

  test("what is no address", () =>
    refused(
      addresses({ PublicIps: ["eipalloc-1"] }),
      "InvalidParameterValue",
      "Invalid value 'eipalloc-1' for PublicIp. Not a valid IPv4 address",
    ));
});

describe("what it refuses to do", () => {
  test("use what is not there, or is another's", async () => {
    const missing = "eipalloc-0123456789abcdef0";
    await refused(
      release(missing),
      "InvalidAllocationID.NotFound",
      `The allocation ID '${missing}' does not exist`,
    );
    await refused(
      ec2.send(new DisassociateAddressCommand({ AssociationId: "eipassoc-0123456789abcdef0" })),
      "InvalidAssociationID.NotFound",
      "The association ID 'eipassoc-0123456789abcdef0' does not exist",
    );
    const theirs = await allocate({}, await freshClient());
    await refused(release(theirs.AllocationId), "InvalidAllocationID.NotFound");
    await refused(addresses({ PublicIps: [theirs.PublicIp] }), "InvalidAddress.NotFound");
    const { AllocationId } = await allocate();
    await refused(
      associate({ AllocationId, NetworkInterfaceId: "eni-0123456789abcdef0" }),
      "InvalidNetworkInterfaceID.NotFound",
    );
    await refused(
      associate({ AllocationId, InstanceId: "i-0123456789abcdef0" }),
      "InvalidInstanceID.NotFound",
    );
  });

  test("let an address lead to an instance that comes or goes", async () => {
    const { SubnetId } = await network();
    const { AllocationId } = await allocate();
    const InstanceId = await launch(ec2, { SubnetId });
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [InstanceId] }));
    await refused(
      associate({ AllocationId, InstanceId }),
      "InvalidInstanceID",
      `The terminated instance '${InstanceId}' is not in a valid state for this operation.`,
    );
    const islet = await ownIslet({ pace: "real" });
    try {
      const client = await freshClient({ islet });
      const [instance] = await launchAll(client);
      const named = { InstanceId: instance?.InstanceId };
      const { NetworkInterfaceId } = instance?.NetworkInterfaces?.[0] ?? {};
      const address = await allocate({}, client);
      const attempt = (target: AssociateAddressCommandInput) =>
        client.send(new AssociateAddressCommand({ AllocationId: address.AllocationId, ...target }));
      await refused(attempt(named), "InvalidInstanceID", /^The pending instance /);
      await refused(
        attempt({ NetworkInterfaceId }),
        "IncorrectInstanceState",
        /^The pending instance to which /,
      );
      await advanceClock(islet, 60);
      expect((await attempt(named)).AssociationId).toMatch(/^eipassoc-/);
    } finally {
      await islet.close();
    }
  });

  test("choose between the interfaces of an instance", async () => {
    const { SubnetId, NetworkInterfaceId } = await network();
    const { AllocationId } = await allocate();
    const InstanceId = await launch(ec2, { SubnetId });
    await ec2.send(new AttachNetworkInterfaceCommand({ NetworkInterfaceId, InstanceId, DeviceIndex: 1 }));
    await refused(associate({ AllocationId, InstanceId }), "InvalidInstanceID", /multiple interfaces/);
    await associate({ AllocationId, NetworkInterfaceId });
    expect(await addresses({ AllocationIds: [AllocationId] })).toMatchObject([{ InstanceId }]);
  });

  test("take addresses from where there are none", async () => {
    await refused(allocate({ Domain: "standard" }), "UnsupportedOperation");
    await refused(allocate({ NetworkBorderGroup: "us-west-2" }), "InvalidParameterValue");
    await refused(allocate({ PublicIpv4Pool: "ipv4pool-ec2-012345" }), "InvalidPublicIpv4PoolID.NotFound");
    await refused(
      allocate({ CustomerOwnedIpv4Pool: "ipv4pool-coip-012345" }),
      "InvalidPublicIpv4PoolID.NotFound",
    );
    await refused(allocate({ IpamPoolId: "ipam-pool-0123456789abcdef0" }), "InvalidIpamPoolId.NotFound");
    await refused(allocate({ Address: "192.0.2.1" }), "InvalidAddress.NotFound");
  });

  test("associate without an internet gateway", async () => {
    const { VpcId, NetworkInterfaceId } = await network(false);
    const { AllocationId } = await allocate();
    await refused(
      associate({ AllocationId, NetworkInterfaceId }),
      "Gateway.NotAttached",
      `Network ${VpcId} is not attached to any internet gateway`,
    );
  });

  test("associate with a private address that is elsewhere, or not there at all", async () => {
    const { SubnetId, NetworkInterfaceId } = await network();
    const { AllocationId } = await allocate();
    await refused(
      associate({ AllocationId, NetworkInterfaceId, PrivateIpAddress: "10.0.9.9" }),
      "InvalidParameterValue",
    );
    const { NetworkInterface: efa } = await ec2.send(
      new CreateNetworkInterfaceCommand({ SubnetId, InterfaceType: "efa-only" }),
    );
    await refused(
      associate({ AllocationId, NetworkInterfaceId: efa?.NetworkInterfaceId }),
      "InvalidParameterValue",
    );
  });

  test("associate again when told not to", async () => {
    const { SubnetId, NetworkInterfaceId } = await network();
    const other = await createInterface(SubnetId);
    const [one, two] = [await allocate(), await allocate()];
    const { AssociationId } = await associate({ AllocationId: one.AllocationId, NetworkInterfaceId });
    await refused(
      associate({
        AllocationId: one.AllocationId,
        NetworkInterfaceId: other,
        AllowReassociation: false,
      }),
      "Resource.AlreadyAssociated",
      `resource ${one.AllocationId} is already associated with associate-id ${AssociationId}`,
    );
    await refused(
      associate({ AllocationId: two.AllocationId, NetworkInterfaceId, AllowReassociation: false }),
      "Resource.AlreadyAssociated",
      new RegExp(`is already associated with public address ${one.PublicIp}$`),
    );
    const same = await associate({
      AllocationId: one.AllocationId,
      NetworkInterfaceId,
      AllowReassociation: false,
    });
    expect(same.AssociationId).toBe(AssociationId);
  });

  test("release an address that leads somewhere, or has a name, or is of another border group", async () => {
    const { NetworkInterfaceId } = await network();
    const { AllocationId, PublicIp } = await allocate();
    await associate({ AllocationId, NetworkInterfaceId });
    await refused(release(AllocationId), "InvalidIPAddress.InUse", `Address ${PublicIp} is in use.`);
    await ec2.send(new DisassociateAddressCommand({ PublicIp }));
    await refused(
      ec2.send(new ReleaseAddressCommand({ AllocationId, NetworkBorderGroup: "us-west-2" })),
      "InvalidAddress.NotFound",
    );
    await ec2.send(new ModifyAddressAttributeCommand({ AllocationId, DomainName: "example.com" }));
    await refused(
      release(AllocationId),
      "InvalidAddress.PtrSet",
      `The address with allocation id [${AllocationId}] cannot be released because it has a PTR record set.`,
    );
    await ec2.send(new ResetAddressAttributeCommand({ AllocationId, Attribute: "domain-name" }));
    await release(AllocationId);
    await refused(release(AllocationId), "InvalidAllocationID.NotFound");
  });
});

describe("what it does", () => {
  test("allocates an address of the region's", async () => {
    const { $metadata: _, ...answer } = await ec2.send(
      new AllocateAddressCommand({
        Domain: "vpc",
        PublicIpv4Pool: "amazon",
        NetworkBorderGroup: "us-east-1",
        TagSpecifications: [{ ResourceType: "elastic-ip", Tags: [{ Key: "Name", Value: "mine" }] }],
      }),
    );
    expect(answer).toEqual({
      AllocationId: expect.stringMatching(/^eipalloc-0[0-9a-f]{16}$/) as unknown,
      PublicIp: expect.stringMatching(/^(3|52|54)(\.\d+){3}$/) as unknown,
      Domain: "vpc",
      NetworkBorderGroup: "us-east-1",
      PublicIpv4Pool: "amazon",
    });
    const tagged = { ...answer, Tags: [{ Key: "Name", Value: "mine" }] };
    expect(await addresses({ AllocationIds: [answer.AllocationId ?? ""] })).toEqual([tagged]);
    expect(await addresses({ PublicIps: [answer.PublicIp ?? ""] })).toEqual([tagged]);
  });

  test("gives an address to one account only, lets it rest, and back to whom it belonged", async () => {
    const other = await freshClient();
    const [mine, theirs] = [await allocate(), await allocate({}, other)];
    expect(mine.PublicIp).not.toBe(theirs.PublicIp);
    await release(mine.AllocationId);
    await refused(allocate({ Address: mine.PublicIp }, other), "InvalidAddress.NotFound");
    await refused(allocate({ Address: theirs.PublicIp }), "InvalidAddress.NotFound");
    const again = await allocate({ Address: mine.PublicIp });
    expect(again.PublicIp).toBe(mine.PublicIp);
    expect(again.AllocationId).not.toBe(mine.AllocationId);
    expect(await addresses({ AllocationIds: [again.AllocationId] })).toHaveLength(1);
  });

  test("associates with an interface, which shows it, and moves on", async () => {
    const { VpcId, SubnetId, NetworkInterfaceId } = await network();
    const { AllocationId, PublicIp } = await allocate();
    const { AssociationId } = await associate({ AllocationId, NetworkInterfaceId });
    expect(AssociationId).toMatch(/^eipassoc-0[0-9a-f]{16}$/);
    const eni = await show(NetworkInterfaceId);
    expect(eni?.Association).toEqual({
      AllocationId,
      AssociationId,
      IpOwnerId: eni?.OwnerId,
      PublicDnsName: "",
      PublicIp,
    });
    expect(eni?.PrivateIpAddresses?.map(({ Association }) => Association?.PublicIp)).toEqual([
      PublicIp,
      undefined,
    ]);
    expect((await addresses({ PublicIps: [PublicIp] }))[0]).toMatchObject({
      AssociationId,
      NetworkInterfaceId,
      NetworkInterfaceOwnerId: eni?.OwnerId,
      PrivateIpAddress: eni?.PrivateIpAddress,
    });
    await ec2.send(new ModifyVpcAttributeCommand({ VpcId, EnableDnsHostnames: { Value: true } }));
    const name = `ec2-${PublicIp.replaceAll(".", "-")}.compute-1.amazonaws.com`;
    expect(await show(NetworkInterfaceId)).toMatchObject({
      PublicDnsName: name,
      Association: { PublicDnsName: name },
    });

    const other = await createInterface(SubnetId);
    const moved = await associate({ AllocationId, NetworkInterfaceId: other });
    expect(moved.AssociationId).not.toBe(AssociationId);
    expect((await show(NetworkInterfaceId))?.Association).toBeUndefined();
    expect((await show(other))?.Association?.PublicIp).toBe(PublicIp);

    const second = await allocate();
    await associate({ PublicIp: second.PublicIp, NetworkInterfaceId: other });
    expect((await show(other))?.Association?.PublicIp).toBe(second.PublicIp);
    expect((await addresses({ PublicIps: [PublicIp] }))[0]?.AssociationId).toBeUndefined();

    await ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: other }));
    const [left] = await addresses({ PublicIps: [second.PublicIp] });
    expect(left?.NetworkInterfaceId).toBeUndefined();
  });

  test("in a default VPC, releasing also disassociates", async () => {
    const { Subnets } = await ec2.send(
      new DescribeSubnetsCommand({ Filters: [{ Name: "default-for-az", Values: ["true"] }] }),
    );
    const NetworkInterfaceId = await createInterface(Subnets?.[0]?.SubnetId ?? "");
    const { AllocationId } = await allocate();
    await associate({ AllocationId, NetworkInterfaceId });
    await release(AllocationId);
    expect((await show(NetworkInterfaceId))?.Association).toBeUndefined();
  });

  test("disassociates; by its public address also when there is nothing left to do", async () => {
    const { NetworkInterfaceId } = await network();
    const { AllocationId, PublicIp } = await allocate();
    const { AssociationId } = await associate({ AllocationId, NetworkInterfaceId });
    await ec2.send(new DisassociateAddressCommand({ AssociationId }));
    await refused(
      ec2.send(new DisassociateAddressCommand({ AssociationId })),
      "InvalidAssociationID.NotFound",
    );
    await ec2.send(new DisassociateAddressCommand({ PublicIp }));
    expect((await show(NetworkInterfaceId))?.Association).toBeUndefined();
  });

  test.each<[string, (address: Address) => string | undefined]>([
    ["allocation-id", ({ AllocationId }) => AllocationId],
    ["association-id", ({ AssociationId }) => AssociationId],
    ["network-border-group", () => "us-east-1"],
    ["network-interface-id", ({ NetworkInterfaceId }) => NetworkInterfaceId],
    ["network-interface-owner-id", ({ NetworkInterfaceOwnerId }) => NetworkInterfaceOwnerId],
    ["private-ip-address", ({ PrivateIpAddress }) => PrivateIpAddress],
    ["public-ip", ({ PublicIp }) => PublicIp],
    ["tag:find", () => "me"],
  ])("is found by the filter %s", async (Name, valueOf) => {
    const { NetworkInterfaceId } = await network();
    const { AllocationId } = await allocate({
      TagSpecifications: [{ ResourceType: "elastic-ip", Tags: [{ Key: "find", Value: "me" }] }],
    });
    await associate({ AllocationId, NetworkInterfaceId });
    const [address = {}] = await addresses({ AllocationIds: [AllocationId] });
    expect(await addresses({ Filters: [{ Name, Values: [valueOf(address) ?? ""] }] })).toContainEqual(
      address,
    );
    expect(
      await addresses({ AllocationIds: [AllocationId], Filters: [{ Name, Values: ["no-such-value"] }] }),
    ).toEqual([]);
    const instances = [{ Name: "instance-id", Values: ["*"] }];
    expect(await addresses({ AllocationIds: [AllocationId], Filters: instances })).toEqual([]);
  });

  test("keeps the internet gateway attached; then a whole VPC is torn down", async () => {
    const { VpcId, InternetGatewayId, SubnetId, NetworkInterfaceId } = await network();
    const { AllocationId } = await allocate();
    const { AssociationId } = await associate({ AllocationId, NetworkInterfaceId });
    const detach = () => ec2.send(new DetachInternetGatewayCommand({ VpcId, InternetGatewayId }));
    await refused(detach(), "DependencyViolation", /mapped public address/);
    await ec2.send(new DisassociateAddressCommand({ AssociationId }));
    await release(AllocationId);
    await detach();
    await ec2.send(new DeleteInternetGatewayCommand({ InternetGatewayId }));
    await ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId }));
    await ec2.send(new DeleteSubnetCommand({ SubnetId }));
    await ec2.send(new DeleteVpcCommand({ VpcId }));
    expect(await addresses({ Filters: [{ Name: "allocation-id", Values: [AllocationId] }] })).toEqual([]);
  });
});
