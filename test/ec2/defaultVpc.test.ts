import {
  AssociateVpcCidrBlockCommand,
  CreateDefaultSubnetCommand,
  CreateDefaultVpcCommand,
  CreateInternetGatewayCommand,
  DeleteDhcpOptionsCommand,
  DeleteInternetGatewayCommand,
  DeleteSubnetCommand,
  DeleteVpcCommand,
  DescribeDhcpOptionsCommand,
  DescribeInternetGatewaysCommand,
  DescribeNetworkAclsCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcAttributeCommand,
  DescribeVpcsCommand,
  DetachInternetGatewayCommand,
  type EC2Client,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";

const ec2 = await freshClient();

async function defaultVpcOf(client: EC2Client): Promise<string> {
  const { Vpcs } = await client.send(
    new DescribeVpcsCommand({ Filters: [{ Name: "is-default", Values: ["true"] }] }),
  );
  return Vpcs?.[0]?.VpcId ?? "";
}

const subnetsOf = async (client: EC2Client) =>
  (await client.send(new DescribeSubnetsCommand({}))).Subnets ?? [];

/** Takes the default VPC down as real tools do: subnets, gateway, VPC. */
async function tearDown(client: EC2Client): Promise<void> {
  const VpcId = await defaultVpcOf(client);
  for (const { SubnetId } of await subnetsOf(client)) {
    await client.send(new DeleteSubnetCommand({ SubnetId }));
  }
  const { InternetGateways = [] } = await client.send(new DescribeInternetGatewaysCommand({}));
  for (const { InternetGatewayId } of InternetGateways) {
    await client.send(new DetachInternetGatewayCommand({ InternetGatewayId, VpcId }));
    await client.send(new DeleteInternetGatewayCommand({ InternetGatewayId }));
  }
  await client.send(new DeleteVpcCommand({ VpcId }));
}

describe("what it refuses to parse", () => {
  test("a default subnet without a zone", async () => {
    await refused(ec2.send(new CreateDefaultSubnetCommand({})), "MissingParameter");
  });

  test("a zone that the region does not have", async () => {
    await refused(
      ec2.send(new CreateDefaultSubnetCommand({ AvailabilityZone: "eu-west-1a" })),
      "InvalidParameterValue",
    );
    await refused(
      ec2.send(new CreateDefaultSubnetCommand({ AvailabilityZoneId: "us-east-1a" })),
      "InvalidParameterValue",
    );
  });
});

describe("what it refuses to do", () => {
  test("a second default VPC, or a second default subnet of a zone", async () => {
    const known = await defaultVpcOf(ec2);
    await refused(
      ec2.send(new CreateDefaultVpcCommand({})),
      "DefaultVpcAlreadyExists",
      `A Default VPC already exists for this account in this region: ${known}.`,
    );
    const [subnet] = await subnetsOf(ec2);
    await refused(
      ec2.send(new CreateDefaultSubnetCommand({ AvailabilityZone: "us-east-1a" })),
      "DefaultSubnetAlreadyExistsInAvailabilityZone",
      `'${subnet?.SubnetId}' is already the default subnet in us-east-1a.`,
    );
  });

  test("a default subnet without a default VPC, or with IPv6 only", async () => {
    const client = await freshClient();
    const AvailabilityZone = "us-east-1a";
    const [subnet] = await subnetsOf(client);
    await client.send(new DeleteSubnetCommand({ SubnetId: subnet?.SubnetId }));
    await refused(
      client.send(new CreateDefaultSubnetCommand({ AvailabilityZone, Ipv6Native: true })),
      "InvalidParameterValue",
      /does not have an IPv6 CIDR block/,
    );
    await tearDown(client);
    await refused(
      client.send(new CreateDefaultSubnetCommand({ AvailabilityZone })),
      "DefaultVpcDoesNotExist",
    );
  });

  test("to delete it before what is in it", async () => {
    await refused(ec2.send(new DeleteVpcCommand({ VpcId: await defaultVpcOf(ec2) })), "DependencyViolation");
  });

  test("a dry run", async () => {
    await refused(ec2.send(new CreateDefaultVpcCommand({ DryRun: true })), "DryRunOperation");
  });
});

describe("what it does", () => {
  test("makes a default subnet with IPv6 only", async () => {
    const client = await freshClient();
    const [subnet] = await subnetsOf(client);
    const { SubnetId, VpcId, AvailabilityZone } = subnet ?? {};
    await client.send(new AssociateVpcCidrBlockCommand({ VpcId, AmazonProvidedIpv6CidrBlock: true }));
    await client.send(new DeleteSubnetCommand({ SubnetId }));
    const made = await client.send(new CreateDefaultSubnetCommand({ AvailabilityZone, Ipv6Native: true }));
    expect(made.Subnet).toMatchObject({
      Ipv6Native: true,
      DefaultForAz: true,
      AssignIpv6AddressOnCreation: true,
      MapPublicIpOnLaunch: false,
      AvailabilityZone,
    });
    expect(made.Subnet?.CidrBlock).toBeUndefined();
    expect(made.Subnet?.Ipv6CidrBlockAssociationSet?.[0]?.Ipv6CidrBlock).toMatch(/\/64$/);
    await refused(
      client.send(new CreateDefaultSubnetCommand({ AvailabilityZone })),
      "DefaultSubnetAlreadyExistsInAvailabilityZone",
    );
  });

  test.each([
    ["us-east-1", 6],
    ["eu-central-1", 3],
    ["us-west-1", 2],
  ])("is there in %s when an account first comes, with all that belongs to it", async (region, zones) => {
    const client = await freshClient({ region });
    const { Vpcs } = await client.send(new DescribeVpcsCommand({}));
    expect(Vpcs).toMatchObject([{ CidrBlock: "172.31.0.0/16", IsDefault: true, State: "available" }]);
    const VpcId = Vpcs?.[0]?.VpcId;
    const { EnableDnsHostnames } = await client.send(
      new DescribeVpcAttributeCommand({ VpcId, Attribute: "enableDnsHostnames" }),
    );
    expect(EnableDnsHostnames).toEqual({ Value: true });

    const subnets = await subnetsOf(client);
    expect(subnets).toHaveLength(zones);
    expect(new Set(subnets.map(({ AvailabilityZone }) => AvailabilityZone)).size).toBe(zones);
    expect(subnets[0]).toMatchObject({
      VpcId,
      CidrBlock: "172.31.0.0/20",
      AvailabilityZone: `${region}a`,
      State: "available",
      DefaultForAz: true,
      MapPublicIpOnLaunch: true,
      AvailableIpAddressCount: 4091,
    });

    const { InternetGateways } = await client.send(new DescribeInternetGatewaysCommand({}));
    expect(InternetGateways).toMatchObject([{ Attachments: [{ VpcId, State: "available" }] }]);
    const { RouteTables } = await client.send(new DescribeRouteTablesCommand({}));
    expect(RouteTables).toMatchObject([
      {
        VpcId,
        Associations: [{ Main: true }],
        Routes: [
          { DestinationCidrBlock: "172.31.0.0/16", GatewayId: "local", State: "active" },
          {
            DestinationCidrBlock: "0.0.0.0/0",
            GatewayId: InternetGateways?.[0]?.InternetGatewayId,
            State: "active",
          },
        ],
      },
    ]);
    const { NetworkAcls } = await client.send(new DescribeNetworkAclsCommand({}));
    expect(NetworkAcls).toMatchObject([{ VpcId, IsDefault: true }]);
    expect(NetworkAcls?.[0]?.Associations).toHaveLength(zones);
    const { SecurityGroups } = await client.send(new DescribeSecurityGroupsCommand({}));
    expect(SecurityGroups).toMatchObject([{ VpcId, GroupName: "default" }]);
    const { DhcpOptions } = await client.send(new DescribeDhcpOptionsCommand({}));
    expect(DhcpOptions).toMatchObject([{ DhcpOptionsId: Vpcs?.[0]?.DhcpOptionsId }]);
  });

  test("is another one for each account", async () => {
    expect(await defaultVpcOf(await freshClient())).not.toBe(await defaultVpcOf(ec2));
  });

  test("is torn down for good, and made anew when asked for", async () => {
    const client = await freshClient();
    const before = await defaultVpcOf(client);
    await tearDown(client);
    expect((await client.send(new DescribeVpcsCommand({}))).Vpcs).toEqual([]);
    expect((await client.send(new DescribeSecurityGroupsCommand({}))).SecurityGroups).toEqual([]);
    await client.send(new CreateInternetGatewayCommand({}));
    expect(await defaultVpcOf(client)).toBe("");
    const { DhcpOptions } = await client.send(new DescribeDhcpOptionsCommand({}));
    const [{ DhcpOptionsId } = {}] = DhcpOptions ?? [];
    await client.send(new DeleteDhcpOptionsCommand({ DhcpOptionsId }));

    const { Vpc } = await client.send(new CreateDefaultVpcCommand({}));
    expect(Vpc).toMatchObject({ IsDefault: true, CidrBlock: "172.31.0.0/16" });
    expect(Vpc?.VpcId).not.toBe(before);
    expect(Vpc?.DhcpOptionsId).toMatch(/^dopt-0/);
    expect(await subnetsOf(client)).toHaveLength(6);
  });

  test("gets back a default subnet that was deleted", async () => {
    const client = await freshClient({ region: "eu-west-1" });
    const [first, , third] = await subnetsOf(client);
    for (const subnet of [third, first]) {
      await client.send(new DeleteSubnetCommand({ SubnetId: subnet?.SubnetId }));
    }
    const byId = await client.send(
      new CreateDefaultSubnetCommand({ AvailabilityZoneId: third?.AvailabilityZoneId }),
    );
    expect(byId.Subnet).toMatchObject({
      CidrBlock: "172.31.0.0/20",
      AvailabilityZone: third?.AvailabilityZone,
      DefaultForAz: true,
      MapPublicIpOnLaunch: true,
    });
    const byName = await client.send(new CreateDefaultSubnetCommand({ AvailabilityZone: "eu-west-1a" }));
    expect(byName.Subnet).toMatchObject({ CidrBlock: "172.31.32.0/20" });
  });
});
