import {
  CreateNetworkInterfaceCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCidrReservationCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DeleteNetworkInterfaceCommand,
  DeleteSecurityGroupCommand,
  DeleteSubnetCommand,
  DeleteVpcCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSubnetsCommand,
  ModifyVpcAttributeCommand,
  type CreateNetworkInterfaceCommandInput,
  type NetworkInterface,
} from "@aws-sdk/client-ec2";
import { beforeAll, describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";

const ec2 = await freshClient();
let VpcId = "";
let SubnetId = "";

async function newSubnet(CidrBlock: string, zone = "us-east-1b"): Promise<string> {
  const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock, AvailabilityZone: zone }));
  return Subnet?.SubnetId ?? "";
}

async function create(
  input: Partial<CreateNetworkInterfaceCommandInput> = {},
): Promise<NetworkInterface & { NetworkInterfaceId: string }> {
  const { NetworkInterface: eni } = await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId, ...input }));
  if (!eni?.NetworkInterfaceId) throw new Error("no interface");
  return { ...eni, NetworkInterfaceId: eni.NetworkInterfaceId };
}

const remove = (NetworkInterfaceId: string) =>
  ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId }));

beforeAll(async () => {
  const { Vpc } = await ec2.send(
    new CreateVpcCommand({ CidrBlock: "10.0.0.0/16", AmazonProvidedIpv6CidrBlock: true }),
  );
  VpcId = Vpc?.VpcId ?? "";
  SubnetId = await newSubnet("10.0.1.0/24");
  // What tests name is in the lower half; EC2 chooses from the upper one.
  const kept = { Cidr: "10.0.1.0/25", ReservationType: "explicit" } as const;
  await ec2.send(new CreateSubnetCidrReservationCommand({ SubnetId, ...kept }));
});

describe("what it refuses to parse", () => {
  test("an id of another form", () =>
    refused(
      remove("eni-12"),
      "InvalidNetworkInterfaceId.Malformed",
      'Invalid id: "eni-12" (expecting "eni-...")',
    ));

  test("no subnet", () => refused(create({ SubnetId: undefined as unknown as string }), "MissingParameter"));

  test.each([
    ["10.0.1", "invalid value for parameter address: 10.0.1"],
    ["fd00::5", "invalid value for parameter address: fd00::5"],
    ["10.0.2.5", "Address 10.0.2.5 does not fall within the subnet's address range"],
    ["10.0.1.3", "Address 10.0.1.3 is in subnet's reserved address range"],
    ["10.0.1.255", "Address 10.0.1.255 is in subnet's reserved address range"],
  ])("the address %s", async (PrivateIpAddress, message) => {
    await refused(create({ PrivateIpAddress }), "InvalidParameterValue", message);
    await refused(
      create({ PrivateIpAddresses: [{ PrivateIpAddress, Primary: false }] }),
      "InvalidParameterValue",
      message,
    );
  });

  test.each(["10.0.1.16/27", "10.0.2.16/28", "10.0.1.0/28", "10.0.1.240/28", "10.0.1.16"])(
    "the prefix %s",
    (Ipv4Prefix) => refused(create({ Ipv4Prefixes: [{ Ipv4Prefix }] }), "InvalidParameterValue"),
  );

  test.each<Partial<CreateNetworkInterfaceCommandInput>>([
    { PrivateIpAddress: "10.0.1.9", PrivateIpAddresses: [{ PrivateIpAddress: "10.0.1.10", Primary: true }] },
    {
      PrivateIpAddresses: [
        { PrivateIpAddress: "10.0.1.9", Primary: true },
        { PrivateIpAddress: "10.0.1.10", Primary: true },
      ],
    },
    { PrivateIpAddresses: [{ PrivateIpAddress: "10.0.1.9" }], SecondaryPrivateIpAddressCount: 1 },
    { Ipv4PrefixCount: 1, SecondaryPrivateIpAddressCount: 1 },
    { Ipv4PrefixCount: 1, Ipv4Prefixes: [{ Ipv4Prefix: "10.0.1.16/28" }] },
    { Ipv6PrefixCount: 1, Ipv6AddressCount: 1 },
    {
      Ipv6Addresses: [
        { Ipv6Address: "fd00::1", IsPrimaryIpv6: true },
        { Ipv6Address: "fd00::2", IsPrimaryIpv6: true },
      ],
    },
    { InterfaceType: "efa-only", SecondaryPrivateIpAddressCount: 1 },
  ])("parameters that exclude each other: %j", (input) =>
    refused(create(input), "InvalidParameterCombination"),
  );

  test.each<Partial<CreateNetworkInterfaceCommandInput>>([
    { SecondaryPrivateIpAddressCount: -1 },
    { PrivateIpAddresses: [{ PrivateIpAddress: "10.0.1.9" }, { PrivateIpAddress: "10.0.1.9" }] },
    { ConnectionTrackingSpecification: { UdpTimeout: 29 } },
    { ConnectionTrackingSpecification: { UdpStreamTimeout: 181 } },
    { ConnectionTrackingSpecification: { TcpEstablishedTimeout: 432_001 } },
    { Description: "x".repeat(256) },
  ])("values out of bounds: %j", (input) => refused(create(input), "InvalidParameterValue"));

  test("an address without text", () =>
    refused(create({ PrivateIpAddresses: [{ Primary: true }] }), "MissingParameter"));
});

describe("what it refuses to do", () => {
  test("use what is not there", async () => {
    const NetworkInterfaceId = "eni-0123456789abcdef0";
    const message = `The networkInterface ID '${NetworkInterfaceId}' does not exist`;
    await refused(remove(NetworkInterfaceId), "InvalidNetworkInterfaceID.NotFound", message);
    await refused(
      ec2.send(new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [NetworkInterfaceId] })),
      "InvalidNetworkInterfaceID.NotFound",
      message,
    );
    await refused(create({ SubnetId: "subnet-0123456789abcdef0" }), "InvalidSubnetID.NotFound");
    await refused(create({ Groups: ["sg-0123456789abcdef0"] }), "InvalidGroup.NotFound");
  });

  test("another account's interface", async () => {
    const { NetworkInterfaceId } = await create();
    const other = await freshClient();
    await refused(
      other.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId })),
      "InvalidNetworkInterfaceID.NotFound",
    );
  });

  test("an address twice", async () => {
    await create({ PrivateIpAddress: "10.0.1.77" });
    await refused(
      create({ PrivateIpAddress: "10.0.1.77" }),
      "InvalidIPAddress.InUse",
      "Address 10.0.1.77 is in use.",
    );
  });

  test("an address within somebody's prefix, or a prefix around somebody's address", async () => {
    await create({ Ipv4Prefixes: [{ Ipv4Prefix: "10.0.1.96/28" }], PrivateIpAddress: "10.0.1.113" });
    await refused(create({ PrivateIpAddress: "10.0.1.97" }), "InvalidIPAddress.InUse");
    await refused(create({ Ipv4Prefixes: [{ Ipv4Prefix: "10.0.1.96/28" }] }), "InvalidIPAddress.InUse");
    await refused(create({ Ipv4Prefixes: [{ Ipv4Prefix: "10.0.1.112/28" }] }), "InvalidIPAddress.InUse");
  });

  test("more addresses than there are", async () => {
    const small = await newSubnet("10.0.2.0/28");
    await create({ SubnetId: small, SecondaryPrivateIpAddressCount: 10 });
    await refused(
      create({ SubnetId: small }),
      "InsufficientFreeAddressesInSubnet",
      "The specified subnet does not have enough free addresses to satisfy the request.",
    );
    await refused(create({ SubnetId: small, Ipv4PrefixCount: 1 }), "InsufficientCidrBlocks");
    await refused(create({ SecondaryPrivateIpAddressCount: 65 }), "PrivateIpAddressLimitExceeded");
  });

  test("IPv6 where the subnet has none", async () => {
    await refused(create({ Ipv6AddressCount: 1 }), "InvalidParameterValue");
    await refused(create({ EnablePrimaryIpv6: true }), "InvalidParameterValue");
  });

  test("a security group of another VPC", async () => {
    const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.9.0.0/16" }));
    const { GroupId = "" } = await ec2.send(
      new CreateSecurityGroupCommand({ VpcId: Vpc?.VpcId, GroupName: "elsewhere", Description: "x" }),
    );
    await refused(
      create({ Groups: [GroupId] }),
      "InvalidParameter",
      `Security group ${GroupId} and subnet ${SubnetId} belong to different networks.`,
    );
  });

  test("interfaces that are not built", async () => {
    await refused(create({ Operator: { Principal: "somebody" } }), "UnsupportedOperation");
  });
});

describe("what it does", () => {
  test("creates an interface with all that EC2 decides", async () => {
    const eni = await create({
      Description: "mine",
      TagSpecifications: [{ ResourceType: "network-interface", Tags: [{ Key: "Name", Value: "one" }] }],
    });
    expect(eni).toMatchObject({
      SubnetId,
      VpcId,
      AvailabilityZone: "us-east-1b",
      AvailabilityZoneId: expect.stringMatching(/^use1-az\d$/),
      Description: "mine",
      InterfaceType: "interface",
      SourceDestCheck: true,
      Status: "available",
      RequesterManaged: false,
      Groups: [{ GroupName: "default", GroupId: expect.stringMatching(/^sg-/) }],
      MacAddress: expect.stringMatching(/^0[26ae](:[0-9a-f]{2}){5}$/),
      PrivateIpAddress: expect.stringMatching(/^10\.0\.1\.\d+$/),
      TagSet: [{ Key: "Name", Value: "one" }],
    });
    expect(eni.PrivateDnsName).toBe(`ip-${eni.PrivateIpAddress?.replaceAll(".", "-")}.ec2.internal`);
    expect(eni.PrivateIpAddresses).toEqual([
      { Primary: true, PrivateIpAddress: eni.PrivateIpAddress, PrivateDnsName: eni.PrivateDnsName },
    ]);
    const { NetworkInterfaces } = await ec2.send(
      new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [eni.NetworkInterfaceId] }),
    );
    expect(NetworkInterfaces).toEqual([eni]);
  });

  test("names in other regions carry the region", async () => {
    const frankfurt = await freshClient({ region: "eu-central-1" });
    const { Vpc } = await frankfurt.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
    const { Subnet } = await frankfurt.send(
      new CreateSubnetCommand({ VpcId: Vpc?.VpcId, CidrBlock: "10.0.0.0/24" }),
    );
    const { NetworkInterface: eni } = await frankfurt.send(
      new CreateNetworkInterfaceCommand({ SubnetId: Subnet?.SubnetId, PrivateIpAddress: "10.0.0.5" }),
    );
    expect(eni?.PrivateDnsName).toBe("ip-10-0-0-5.eu-central-1.compute.internal");
  });

  test("honours the addresses asked for, the primary one first", async () => {
    const eni = await create({
      PrivateIpAddresses: [
        { PrivateIpAddress: "10.0.1.51" },
        { PrivateIpAddress: "10.0.1.50", Primary: true },
      ],
    });
    expect(eni.PrivateIpAddress).toBe("10.0.1.50");
    expect(eni.PrivateIpAddresses?.map(({ PrivateIpAddress }) => PrivateIpAddress)).toEqual([
      "10.0.1.50",
      "10.0.1.51",
    ]);
    const other = await create({ PrivateIpAddresses: [{ PrivateIpAddress: "10.0.1.60" }] });
    expect(other.PrivateIpAddresses?.map(({ PrivateIpAddress }) => PrivateIpAddress)).toEqual([
      other.PrivateIpAddress,
      "10.0.1.60",
    ]);
  });

  test("gives every interface addresses and a MAC of its own, and counts them", async () => {
    const subnet = await newSubnet("10.0.3.0/24");
    const enis = await Promise.all(
      Array.from({ length: 20 }, () => create({ SubnetId: subnet, SecondaryPrivateIpAddressCount: 9 })),
    );
    const all = enis.flatMap(({ PrivateIpAddresses = [] }) =>
      PrivateIpAddresses.map(({ PrivateIpAddress }) => PrivateIpAddress),
    );
    expect(new Set(all).size).toBe(200);
    expect(new Set(enis.map(({ MacAddress }) => MacAddress)).size).toBe(20);
    await create({ SubnetId: subnet, Ipv4PrefixCount: 1, PrivateIpAddress: undefined }).catch(
      () => undefined,
    );
    const { Subnets } = await ec2.send(new DescribeSubnetsCommand({ SubnetIds: [subnet] }));
    expect([51, 34]).toContain(Subnets?.[0]?.AvailableIpAddressCount);
  });

  test("delegates prefixes", async () => {
    const subnet = await newSubnet("10.0.4.0/24");
    const eni = await create({ SubnetId: subnet, Ipv4PrefixCount: 2, PrivateIpAddress: "10.0.4.20" });
    const prefixes = eni.Ipv4Prefixes?.map(({ Ipv4Prefix }) => Ipv4Prefix) ?? [];
    expect(new Set(prefixes).size).toBe(2);
    expect(prefixes).not.toContain("10.0.4.16/28");
    expect(prefixes.every((prefix) => prefix?.endsWith("/28"))).toBe(true);
    const { Subnets } = await ec2.send(new DescribeSubnetsCommand({ SubnetIds: [subnet] }));
    expect(Subnets?.[0]?.AvailableIpAddressCount).toBe(251 - 33);
  });

  test("IPv6: addresses, prefixes, the primary one, and subnets that have nothing else", async () => {
    const { Vpc } = await ec2.send(
      new CreateVpcCommand({ CidrBlock: "10.0.0.0/16", AmazonProvidedIpv6CidrBlock: true }),
    );
    const block = Vpc?.Ipv6CidrBlockAssociationSet?.[0]?.Ipv6CidrBlock?.replace("/56", "") ?? "";
    const dual = await ec2.send(
      new CreateSubnetCommand({
        VpcId: Vpc?.VpcId,
        CidrBlock: "10.0.1.0/24",
        Ipv6CidrBlock: `${block}/64`,
      }),
    );
    const subnet = dual.Subnet?.SubnetId;
    expect((await create({ SubnetId: subnet })).Ipv6Addresses).toEqual([]);
    const named = await create({
      SubnetId: subnet,
      Ipv6Addresses: [{ Ipv6Address: `${block}a` }, { Ipv6Address: `${block}b`, IsPrimaryIpv6: true }],
    });
    expect(named.Ipv6Addresses).toEqual([
      { Ipv6Address: `${block}b`, IsPrimaryIpv6: true },
      { Ipv6Address: `${block}a`, IsPrimaryIpv6: false },
    ]);
    await refused(
      create({ SubnetId: subnet, Ipv6Addresses: [{ Ipv6Address: `${block}000a` }] }),
      "InvalidIPAddress.InUse",
    );
    expect((await create({ SubnetId: subnet, EnablePrimaryIpv6: true })).Ipv6Addresses).toHaveLength(1);
    const delegated = await create({ SubnetId: subnet, Ipv6PrefixCount: 2 });
    expect(delegated.Ipv6Prefixes?.map(({ Ipv6Prefix }) => Ipv6Prefix?.endsWith("/80"))).toEqual([
      true,
      true,
    ]);

    const only = await ec2.send(
      new CreateSubnetCommand({
        VpcId: Vpc?.VpcId,
        Ipv6Native: true,
        Ipv6CidrBlock: block.replace(/00::$/, "01::/64"),
      }),
    );
    const native = await create({ SubnetId: only.Subnet?.SubnetId });
    expect(native).toMatchObject({ Ipv6Native: true, PrivateIpAddresses: [] });
    expect(native.Ipv6Addresses).toHaveLength(1);
    expect(native.PrivateIpAddress).toBeUndefined();
    await refused(
      create({ SubnetId: only.Subnet?.SubnetId, SecondaryPrivateIpAddressCount: 1 }),
      "InvalidParameterValue",
    );
  });

  test("an EFA-only interface has no addresses", async () => {
    const eni = await create({ InterfaceType: "efa-only" });
    expect(eni).toMatchObject({ InterfaceType: "efa-only", PrivateIpAddresses: [] });
  });

  test.each<[string, (eni: NetworkInterface) => string | undefined]>([
    ["addresses.primary", () => "true"],
    ["addresses.private-ip-address", ({ PrivateIpAddress }) => PrivateIpAddress],
    ["availability-zone", () => "us-east-1b"],
    ["availability-zone-id", ({ AvailabilityZoneId }) => AvailabilityZoneId],
    ["description", () => "find*"],
    ["group-id", ({ Groups }) => Groups?.[0]?.GroupId],
    ["interface-type", () => "interface"],
    ["mac-address", ({ MacAddress }) => MacAddress],
    ["network-interface-id", ({ NetworkInterfaceId }) => NetworkInterfaceId],
    ["operator.managed", () => "false"],
    ["owner-id", ({ OwnerId }) => OwnerId],
    ["private-dns-name", ({ PrivateDnsName }) => PrivateDnsName],
    ["private-ip-address", ({ PrivateIpAddress }) => PrivateIpAddress],
    ["requester-id", ({ RequesterId }) => RequesterId],
    ["requester-managed", () => "false"],
    ["source-dest-check", () => "true"],
    ["status", () => "available"],
    ["subnet-id", ({ SubnetId: id }) => id],
    ["tag:find", () => "me"],
    ["tag-key", () => "find"],
    ["vpc-id", ({ VpcId: id }) => id],
  ])("is found by the filter %s", async (Name, valueOf) => {
    const eni = await create({
      Description: "findable",
      TagSpecifications: [{ ResourceType: "network-interface", Tags: [{ Key: "find", Value: "me" }] }],
    });
    const { NetworkInterfaces = [] } = await ec2.send(
      new DescribeNetworkInterfacesCommand({ Filters: [{ Name, Values: [valueOf(eni) ?? ""] }] }),
    );
    expect(NetworkInterfaces).toContainEqual(eni);
  });

  test.each([
    "addresses.association.owner-id",
    "addresses.association.public-ip",
    "association.allocation-id",
    "association.association-id",
    "association.ip-owner-id",
    "association.public-dns-name",
    "association.public-ip",
    "attachment.attach-time",
    "attachment.attachment-id",
    "attachment.delete-on-termination",
    "attachment.device-index",
    "attachment.instance-id",
    "attachment.instance-owner-id",
    "attachment.status",
    "ipv6-addresses.ipv6-address",
    "operator.principal",
  ])("without anything that it is about, it is not found by the filter %s", async (Name) => {
    await create();
    const { NetworkInterfaces } = await ec2.send(
      new DescribeNetworkInterfacesCommand({
        Filters: [
          { Name, Values: ["*"] },
          { Name: "subnet-id", Values: [SubnetId] },
        ],
      }),
    );
    expect(NetworkInterfaces).toEqual([]);
  });

  test("keeps its subnet and its groups from being deleted, then everything goes", async () => {
    const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.7.0.0/16" }));
    const { Subnet } = await ec2.send(
      new CreateSubnetCommand({ VpcId: Vpc?.VpcId, CidrBlock: "10.7.0.0/24" }),
    );
    const { GroupId = "" } = await ec2.send(
      new CreateSecurityGroupCommand({ VpcId: Vpc?.VpcId, GroupName: "g", Description: "g" }),
    );
    const eni = await create({ SubnetId: Subnet?.SubnetId, Groups: [GroupId, GroupId] });
    expect(eni.Groups).toEqual([{ GroupId, GroupName: "g" }]);
    await refused(ec2.send(new DeleteSubnetCommand({ SubnetId: Subnet?.SubnetId })), "DependencyViolation");
    await refused(ec2.send(new DeleteSecurityGroupCommand({ GroupId })), "DependencyViolation");
    await remove(eni.NetworkInterfaceId);
    await refused(remove(eni.NetworkInterfaceId), "InvalidNetworkInterfaceID.NotFound");
    await ec2.send(new DeleteSecurityGroupCommand({ GroupId }));
    await ec2.send(new DeleteSubnetCommand({ SubnetId: Subnet?.SubnetId }));
    await ec2.send(new DeleteVpcCommand({ VpcId: Vpc?.VpcId }));
  });

  test("gives a freed address out again", async () => {
    const eni = await create({ PrivateIpAddress: "10.0.1.40" });
    await remove(eni.NetworkInterfaceId);
    expect((await create({ PrivateIpAddress: "10.0.1.40" })).PrivateIpAddress).toBe("10.0.1.40");
  });

  test("keeps connection tracking timeouts", async () => {
    await ec2.send(new ModifyVpcAttributeCommand({ VpcId, EnableDnsHostnames: { Value: true } }));
    const eni = await create({ ConnectionTrackingSpecification: { UdpTimeout: 45 } });
    expect(eni.ConnectionTrackingConfiguration).toEqual({ UdpTimeout: 45 });
    expect((await create({ ConnectionTrackingSpecification: {} })).ConnectionTrackingConfiguration).toBe(
      undefined,
    );
  });
});
