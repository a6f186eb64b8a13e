import {
  AssociateVpcCidrBlockCommand,
  CreateInternetGatewayCommand,
  CreateRouteCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  AttachInternetGatewayCommand,
  DeleteSubnetCommand,
  DeleteVpcCommand,
  DescribeNetworkAclsCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand,
  DescribeVpcsCommand,
  DisassociateVpcCidrBlockCommand,
  type AssociateVpcCidrBlockRequest,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { advanceClock } from "../clock.ts";
import { freshClient, ownIslet, refused } from "../islet.ts";

const ec2 = await freshClient();

const newVpc = async (CidrBlock = "10.0.0.0/16", client = ec2) =>
  (await client.send(new CreateVpcCommand({ CidrBlock }))).Vpc?.VpcId ?? "";

const associate = (VpcId: string, input: Omit<AssociateVpcCidrBlockRequest, "VpcId">) =>
  ec2.send(new AssociateVpcCidrBlockCommand({ VpcId, ...input }));

const disassociate = (AssociationId: string | undefined) =>
  ec2.send(new DisassociateVpcCidrBlockCommand({ AssociationId }));

const show = async (VpcId: string, client = ec2) =>
  (await client.send(new DescribeVpcsCommand({ VpcIds: [VpcId] }))).Vpcs?.[0];

const states = async (VpcId: string, client = ec2) =>
  (await show(VpcId, client))?.CidrBlockAssociationSet?.map(({ CidrBlock, CidrBlockState }) => [
    CidrBlock,
    CidrBlockState?.State,
  ]);

describe("what it refuses to parse", () => {
  test("a block that is none", async () => {
    await refused(associate(await newVpc(), { CidrBlock: "10.1.0.0" }), "InvalidParameterValue");
  });

  test("no block, and two at once", async () => {
    const id = await newVpc();
    await refused(associate(id, {}), "MissingParameter");
    await refused(associate(id, { AmazonProvidedIpv6CidrBlock: false }), "MissingParameter");
    await refused(
      associate(id, { CidrBlock: "10.2.0.0/16", AmazonProvidedIpv6CidrBlock: true }),
      "InvalidParameterCombination",
    );
  });

  test("an association id of another form", async () => {
    for (const id of ["", "vpc-cidr-assoc-1", "subnet-cidr-assoc-0123456789abcdef0"]) {
      await refused(
        disassociate(id),
        "InvalidVpcCidrBlockAssociationId.Malformed",
        `The vpc CIDR block with association ID ${id} is malformed`,
      );
    }
  });
});

describe("what it refuses to do", () => {
  test("a VPC and an association that are not there", async () => {
    await refused(associate("vpc-01234567", { CidrBlock: "10.2.0.0/16" }), "InvalidVpcID.NotFound");
    await refused(
      disassociate("vpc-cidr-assoc-01234567"),
      "InvalidVpcCidrBlockAssociationID.NotFound",
      "The vpc CIDR block with association ID 'vpc-cidr-assoc-01234567' does not exist",
    );
  });

  test("to touch another account's", async () => {
    const { CidrBlockAssociation } = await associate(await newVpc(), { CidrBlock: "10.2.0.0/16" });
    const { AssociationId } = CidrBlockAssociation ?? {};
    const other = await freshClient();
    await refused(
      other.send(new DisassociateVpcCidrBlockCommand({ AssociationId })),
      "InvalidVpcCidrBlockAssociationID.NotFound",
    );
  });

  test.each([
    [{ Ipv4IpamPoolId: "ipam-pool-1" }, "InvalidIpamPoolId.NotFound"],
    [{ Ipv6IpamPoolId: "ipam-pool-1" }, "InvalidIpamPoolId.NotFound"],
    [{ Ipv6Pool: "ipv6pool-ec2-1" }, "InvalidIpv6PoolID.NotFound"],
    [{ CidrBlock: "10.2.0.0/16", Ipv4NetmaskLength: 24 }, "InvalidParameterCombination"],
    [{ AmazonProvidedIpv6CidrBlock: true, Ipv6NetmaskLength: 56 }, "InvalidParameterCombination"],
    [{ AmazonProvidedIpv6CidrBlock: true, Ipv6CidrBlock: "2001:db8::/56" }, "InvalidParameterCombination"],
    [{ AmazonProvidedIpv6CidrBlock: true, Ipv6CidrBlockNetworkBorderGroup: "moon" }, "InvalidParameterValue"],
    [
      { CidrBlock: "10.2.0.0/16", Ipv6CidrBlockNetworkBorderGroup: "us-east-1" },
      "InvalidParameterCombination",
    ],
  ])("what is not there to be had: %j", async (input, code) => {
    await refused(associate(await newVpc(), input), code);
  });

  test.each(["10.0.0.0/15", "10.2.0.0/29", "127.0.0.0/16"])("the block %s", async (CidrBlock) => {
    await refused(
      associate(await newVpc(), { CidrBlock }),
      "InvalidVpc.Range",
      `The CIDR '${CidrBlock}' is invalid.`,
    );
  });

  test.each([
    ["10.0.0.0/24", "10.0.1.0/24"],
    ["10.1.0.0/16", "10.0.0.0/24"],
    ["10.2.0.0/16", "172.16.0.0/16"],
    ["10.2.0.0/16", "192.168.0.0/16"],
    ["10.2.0.0/16", "198.19.0.0/16"],
    ["172.16.0.0/16", "10.2.0.0/16"],
    ["172.16.0.0/16", "172.31.0.0/16"],
    ["172.16.0.0/16", "198.19.0.0/24"],
    ["192.168.0.0/24", "10.2.0.0/16"],
    ["198.19.0.0/24", "172.16.0.0/16"],
    ["100.64.0.0/16", "10.2.0.0/16"],
    ["100.64.0.0/16", "198.19.0.0/16"],
    ["54.1.0.0/16", "192.168.0.0/24"],
  ])("beside %s the restricted block %s", async (primary, CidrBlock) => {
    await refused(
      associate(await newVpc(primary), { CidrBlock }),
      "InvalidVpc.Range",
      /is restricted\. Use a CIDR from the same private address range/,
    );
  });

  test("a block that overlaps one of the VPC's", async () => {
    const id = await newVpc("10.4.0.0/16");
    await refused(associate(id, { CidrBlock: "10.4.128.0/20" }), "InvalidVpc.Range", /conflicts/);
    await associate(id, { CidrBlock: "10.5.0.0/24" });
    await refused(associate(id, { CidrBlock: "10.5.0.0/16" }), "InvalidVpc.Range", /conflicts/);
  });

  test("a block as large as a route's destination", async () => {
    const VpcId = await newVpc();
    const { InternetGateway } = await ec2.send(new CreateInternetGatewayCommand({}));
    const GatewayId = InternetGateway?.InternetGatewayId;
    await ec2.send(new AttachInternetGatewayCommand({ InternetGatewayId: GatewayId, VpcId }));
    const { RouteTables } = await ec2.send(
      new DescribeRouteTablesCommand({ Filters: [{ Name: "vpc-id", Values: [VpcId] }] }),
    );
    const RouteTableId = RouteTables?.[0]?.RouteTableId;
    const DestinationCidrBlock = "10.3.0.0/24";
    await ec2.send(new CreateRouteCommand({ RouteTableId, GatewayId, DestinationCidrBlock }));
    await refused(associate(VpcId, { CidrBlock: "10.3.0.0/16" }), "InvalidVpc.Range", /10\.3\.0\.0\/24/);
    await refused(associate(VpcId, { CidrBlock: "10.3.0.0/24" }), "InvalidVpc.Range");
    await associate(VpcId, { CidrBlock: "10.3.0.0/25" });
  });

  test("more than five blocks of a version", async () => {
    const id = await newVpc();
    for (const place of [2, 3, 4, 5]) {
      await associate(id, { CidrBlock: `10.${place}.0.0/16` });
      await associate(id, { AmazonProvidedIpv6CidrBlock: true });
    }
    await associate(id, { AmazonProvidedIpv6CidrBlock: true });
    const message = `This network '${id}' has met its maximum number of allowed CIDRs: 5`;
    await refused(associate(id, { CidrBlock: "10.6.0.0/16" }), "CidrLimitExceeded", message);
    await refused(associate(id, { AmazonProvidedIpv6CidrBlock: true }), "CidrLimitExceeded", message);
  });

  test("to do without the primary block", async () => {
    const [block] = (await show(await newVpc()))?.CidrBlockAssociationSet ?? [];
    await refused(
      disassociate(block?.AssociationId),
      "OperationNotPermitted",
      `The vpc CIDR block with association ID ${block?.AssociationId} may not be disassociated. It is the primary IPv4 CIDR block of the VPC`,
    );
  });

  test("to do without a block in which a subnet is", async () => {
    const VpcId = await newVpc();
    const { CidrBlockAssociation } = await associate(VpcId, { CidrBlock: "10.2.0.0/16" });
    const { Ipv6CidrBlockAssociation } = await associate(VpcId, { AmazonProvidedIpv6CidrBlock: true });
    const { Ipv6CidrBlock = "" } = Ipv6CidrBlockAssociation ?? {};
    const { Subnet } = await ec2.send(
      new CreateSubnetCommand({
        VpcId,
        CidrBlock: "10.2.1.0/24",
        Ipv6CidrBlock: Ipv6CidrBlock.replace("/56", "/64"),
      }),
    );
    for (const [id, block] of [
      [CidrBlockAssociation?.AssociationId, "10.2.0.0/16"],
      [Ipv6CidrBlockAssociation?.AssociationId, Ipv6CidrBlock],
    ]) {
      await refused(
        disassociate(id),
        "InvalidCidrBlock.InUse",
        `The vpc ${VpcId} currently has a subnet within CIDR block ${block}`,
      );
    }
    await ec2.send(new DeleteSubnetCommand({ SubnetId: Subnet?.SubnetId }));
    await disassociate(CidrBlockAssociation?.AssociationId);
    await disassociate(Ipv6CidrBlockAssociation?.AssociationId);
    await ec2.send(new DeleteVpcCommand({ VpcId }));
  });
});

describe("what it does", () => {
  test.each([
    ["10.2.0.0/16", "10.3.0.0/16"],
    ["10.2.0.0/16", "10.0.0.0/16"],
    ["10.2.0.0/16", "100.64.0.0/16"],
    ["172.16.0.0/16", "54.1.0.0/16"],
    ["192.168.0.0/24", "192.168.1.0/24"],
    ["198.19.0.0/24", "198.19.1.0/24"],
    ["54.1.0.0/16", "100.64.0.0/28"],
  ])("puts beside %s the block %s", async (primary, CidrBlock) => {
    const id = await newVpc(primary);
    const { VpcId, CidrBlockAssociation } = await associate(id, { CidrBlock });
    expect(VpcId).toBe(id);
    expect(CidrBlockAssociation).toMatchObject({ CidrBlock, CidrBlockState: { State: "associating" } });
    expect(await states(id)).toEqual([
      [primary, "associated"],
      [CidrBlock, "associated"],
    ]);
  });

  test("routes within the new block, and no more when it is gone", async () => {
    const VpcId = await newVpc();
    const routes = async () => {
      const { RouteTables } = await ec2.send(
        new DescribeRouteTablesCommand({ Filters: [{ Name: "vpc-id", Values: [VpcId] }] }),
      );
      return RouteTables?.[0]?.Routes?.map(
        ({ DestinationCidrBlock, DestinationIpv6CidrBlock }) =>
          DestinationCidrBlock ?? DestinationIpv6CidrBlock,
      );
    };
    const { CidrBlockAssociation } = await associate(VpcId, { CidrBlock: "10.2.0.0/16" });
    const { Ipv6CidrBlockAssociation } = await associate(VpcId, { AmazonProvidedIpv6CidrBlock: true });
    expect(await routes()).toEqual(["10.0.0.0/16", "10.2.0.0/16", Ipv6CidrBlockAssociation?.Ipv6CidrBlock]);
    await disassociate(CidrBlockAssociation?.AssociationId);
    await disassociate(Ipv6CidrBlockAssociation?.AssociationId);
    expect(await routes()).toEqual(["10.0.0.0/16"]);
  });

  test("shows for a while that a block is gone, and takes it back in meanwhile", async () => {
    const id = await newVpc();
    const { CidrBlockAssociation } = await associate(id, { CidrBlock: "10.2.0.0/16" });
    const gone = await disassociate(CidrBlockAssociation?.AssociationId);
    expect(gone).toMatchObject({
      VpcId: id,
      CidrBlockAssociation: { ...CidrBlockAssociation, CidrBlockState: { State: "disassociating" } },
    });
    expect(await states(id)).toEqual([
      ["10.0.0.0/16", "associated"],
      ["10.2.0.0/16", "disassociated"],
    ]);
    await refused(
      disassociate(CidrBlockAssociation?.AssociationId),
      "InvalidVpcCidrBlockAssociationID.NotFound",
    );
    await associate(id, { CidrBlock: "10.2.0.0/16" });
    expect(await states(id)).toEqual([
      ["10.0.0.0/16", "associated"],
      ["10.2.0.0/16", "associated"],
      ["10.2.0.0/16", "disassociated"],
    ]);
  });

  test("lets IPv6 through the default group and ACL when the first IPv6 block comes", async () => {
    const VpcId = await newVpc();
    const Filters = [{ Name: "vpc-id", Values: [VpcId] }];
    for (const expected of [[], ["::/0"], ["::/0"]]) {
      const { SecurityGroups } = await ec2.send(new DescribeSecurityGroupsCommand({ Filters }));
      const { NetworkAcls } = await ec2.send(new DescribeNetworkAclsCommand({ Filters }));
      const ranges = SecurityGroups?.[0]?.IpPermissionsEgress?.flatMap(({ Ipv6Ranges = [] }) => Ipv6Ranges);
      expect(ranges?.map(({ CidrIpv6 }) => CidrIpv6)).toEqual(expected);
      const entries = NetworkAcls?.[0]?.Entries?.filter(
        ({ Ipv6CidrBlock, RuleAction }) => Ipv6CidrBlock === "::/0" && RuleAction === "allow",
      );
      expect(entries).toHaveLength(expected.length * 2);
      await associate(VpcId, { AmazonProvidedIpv6CidrBlock: true });
    }
  });

  test("takes its time at EC2's pace", async () => {
    const islet = await ownIslet({ pace: "real" });
    try {
      const client = await freshClient({ islet });
      const VpcId = await newVpc("10.2.0.0/16", client);
      const CidrBlock = "10.3.0.0/16";
      const { CidrBlockAssociation } = await client.send(
        new AssociateVpcCidrBlockCommand({ VpcId, CidrBlock }),
      );
      expect(await states(VpcId, client)).toContainEqual([CidrBlock, "associating"]);
      await refused(
        client.send(new CreateSubnetCommand({ VpcId, CidrBlock: "10.3.0.0/24" })),
        "InvalidSubnet.Range",
      );
      const { AssociationId } = CidrBlockAssociation ?? {};
      await client.send(new DisassociateVpcCidrBlockCommand({ AssociationId }));
      expect(await states(VpcId, client)).toContainEqual([CidrBlock, "disassociating"]);
      await advanceClock(islet, 10);
      expect(await states(VpcId, client)).toContainEqual([CidrBlock, "disassociated"]);
      await advanceClock(islet, 60);
      expect(await states(VpcId, client)).toEqual([["10.2.0.0/16", "associated"]]);
    } finally {
      await islet.close();
    }
  });
});
