import {
  AssociateRouteTableCommand,
  AttachInternetGatewayCommand,
  CreateInternetGatewayCommand,
  CreateRouteCommand,
  CreateRouteTableCommand,
  CreateSubnetCommand,
  CreateTagsCommand,
  CreateVpcCommand,
  DeleteInternetGatewayCommand,
  DeleteRouteTableCommand,
  DeleteSubnetCommand,
  DeleteVpcCommand,
  DescribeRouteTablesCommand,
  DetachInternetGatewayCommand,
  DisassociateRouteTableCommand,
  ReplaceRouteTableAssociationCommand,
  type DescribeRouteTablesRequest,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";

const ec2 = await freshClient();
const MISSING = "rtb-0123456789abcdef0";
const MISSING_ASSOCIATION = "rtbassoc-0123456789abcdef0";

const newVpc = async (CidrBlock = "10.0.0.0/16") =>
  (await ec2.send(new CreateVpcCommand({ CidrBlock }))).Vpc?.VpcId ?? "";

const newSubnet = async (VpcId: string, CidrBlock = "10.0.0.0/24") =>
  (await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock }))).Subnet?.SubnetId ?? "";

const newTable = async (VpcId: string) =>
  (await ec2.send(new CreateRouteTableCommand({ VpcId }))).RouteTable?.RouteTableId ?? "";

async function newGateway(VpcId: string): Promise<string> {
  const { InternetGateway } = await ec2.send(new CreateInternetGatewayCommand({}));
  const InternetGatewayId = InternetGateway?.InternetGatewayId ?? "";
  await ec2.send(new AttachInternetGatewayCommand({ InternetGatewayId, VpcId }));
  return InternetGatewayId;
}

const associate = async (RouteTableId: string, user: { SubnetId?: string; GatewayId?: string }) =>
  (await ec2.send(new AssociateRouteTableCommand({ RouteTableId, ...user }))).AssociationId ?? "";

const disassociate = (AssociationId: string) =>
  ec2.send(new DisassociateRouteTableCommand({ AssociationId }));

const replace = (AssociationId: string, RouteTableId: string) =>
  ec2.send(new ReplaceRouteTableAssociationCommand({ AssociationId, RouteTableId }));

const remove = (RouteTableId: string) => ec2.send(new DeleteRouteTableCommand({ RouteTableId }));

const tables = async (input: DescribeRouteTablesRequest) =>
  (await ec2.send(new DescribeRouteTablesCommand(input))).RouteTables ?? [];

async function mainOf(vpc: string): Promise<{ readonly id: string; readonly association: string }> {
  const [table] = await tables({
    Filters: [
      { Name: "vpc-id", Values: [vpc] },
      { Name: "association.main", Values: ["true"] },
    ],
  });
  const association = table?.Associations?.find(({ Main }) => Main)?.RouteTableAssociationId;
  return { id: table?.RouteTableId ?? "", association: association ?? "" };
}

describe("what it refuses to parse", () => {
  test("an id of another form", async () => {
    await refused(
      remove("rtb-1"),
      "InvalidRouteTableId.Malformed",
      'Invalid id: "rtb-1" (expecting "rtb-...")',
    );
  });

  test("an association of nothing, or of two things", async () => {
    const vpc = await newVpc();
    const table = await newTable(vpc);
    await refused(associate(table, {}), "MissingParameter");
    const both = { SubnetId: await newSubnet(vpc), GatewayId: await newGateway(vpc) };
    await refused(associate(table, both), "InvalidParameterCombination");
  });

  test("pages out of bounds or from nowhere", async () => {
    await refused(tables({ MaxResults: 101 }), "InvalidParameterValue");
    await refused(tables({ MaxResults: 4 }), "InvalidParameterValue");
    await refused(tables({ NextToken: "bm93aGVyZQ" }), "InvalidPaginationToken");
  });
});

describe("what it refuses to do", () => {
  test("what is not there", async () => {
    const vpc = await newVpc();
    const [subnet, table] = [await newSubnet(vpc), await newTable(vpc)];
    const text = `The routeTable ID '${MISSING}' does not exist`;
    await refused(remove(MISSING), "InvalidRouteTableID.NotFound", text);
    await refused(associate(MISSING, { SubnetId: subnet }), "InvalidRouteTableID.NotFound");
    await refused(associate(table, { SubnetId: "subnet-01234567" }), "InvalidSubnetID.NotFound");
    await refused(associate(table, { GatewayId: "igw-01234567" }), "InvalidInternetGatewayID.NotFound");
    await refused(
      disassociate(MISSING_ASSOCIATION),
      "InvalidAssociationID.NotFound",
      `The association ID '${MISSING_ASSOCIATION}' does not exist`,
    );
    await refused(replace(MISSING_ASSOCIATION, table), "InvalidAssociationID.NotFound");
    await refused(newTable("vpc-01234567"), "InvalidVpcID.NotFound");
    await refused(
      ec2.send(new AssociateRouteTableCommand({ RouteTableId: table, PublicIpv4Pool: "ipv4pool-ec2-1" })),
      "InvalidPublicIpv4PoolID.NotFound",
    );
  });

  test("another account's table and association", async () => {
    const main = await mainOf(await newVpc());
    const other = await freshClient();
    await refused(
      other.send(new DeleteRouteTableCommand({ RouteTableId: main.id })),
      "InvalidRouteTableID.NotFound",
    );
    await refused(
      other.send(new DisassociateRouteTableCommand({ AssociationId: main.association })),
      "InvalidAssociationID.NotFound",
    );
    const { RouteTables } = await other.send(new DescribeRouteTablesCommand({}));
    await refused(
      other.send(
        new ReplaceRouteTableAssociationCommand({
          AssociationId: main.association,
          RouteTableId: RouteTables?.[0]?.RouteTableId,
        }),
      ),
      "InvalidAssociationID.NotFound",
    );
  });

  test("a subnet, gateway or table of another VPC", async () => {
    const [one, two] = [await newVpc(), await newVpc()];
    const [table, other] = [await newTable(one), await newTable(two)];
    const SubnetId = await newSubnet(two);
    await refused(
      associate(table, { SubnetId }),
      "InvalidParameterValue",
      `route table ${table} and subnet ${SubnetId} belong to different networks`,
    );
    await refused(associate(table, { GatewayId: await newGateway(two) }), "InvalidParameterValue");
    const association = await associate(other, { SubnetId });
    await refused(replace(association, table), "InvalidParameterValue", /belong to different networks/);
    const main = await mainOf(one);
    await refused(replace(main.association, other), "InvalidParameterValue", /belong to different networks/);
    expect((await tables({ RouteTableIds: [other] }))[0]?.Associations).toHaveLength(1);
  });

  test("a second table for a subnet", async () => {
    const vpc = await newVpc();
    const [table, SubnetId] = [await newTable(vpc), await newSubnet(vpc)];
    await associate(table, { SubnetId });
    await refused(
      associate(await newTable(vpc), { SubnetId }),
      "Resource.AlreadyAssociated",
      /conflicts with an existing association/,
    );
  });

  test("a gateway with the main table", async () => {
    const vpc = await newVpc();
    const { id } = await mainOf(vpc);
    await refused(associate(id, { GatewayId: await newGateway(vpc) }), "InvalidParameterValue");
  });

  test("to delete the main table, or one that is used", async () => {
    const vpc = await newVpc();
    const main = await mainOf(vpc);
    const text = (id: string) => `The routeTable '${id}' has dependencies and cannot be deleted.`;
    await refused(remove(main.id), "DependencyViolation", text(main.id));
    const table = await newTable(vpc);
    await associate(table, { SubnetId: await newSubnet(vpc) });
    await refused(remove(table), "DependencyViolation", text(table));
    await refused(
      disassociate(main.association),
      "InvalidParameterValue",
      `cannot disassociate the main route table association ${main.association}`,
    );
    await refused(ec2.send(new DeleteVpcCommand({ VpcId: vpc })), "DependencyViolation");
  });

  test("tags on an association", async () => {
    const { association } = await mainOf(await newVpc());
    await refused(
      ec2.send(new CreateTagsCommand({ Resources: [association], Tags: [{ Key: "a", Value: "b" }] })),
      "InvalidID",
    );
  });

  test("a dry run, and a filter that tables do not have", async () => {
    const VpcId = await newVpc();
    await refused(ec2.send(new CreateRouteTableCommand({ VpcId, DryRun: true })), "DryRunOperation");
    await refused(tables({ Filters: [{ Name: "colour", Values: ["red"] }] }), "InvalidParameterValue");
  });
});

describe("what it does", () => {
  test("creates, shows and deletes a table, once for each client token", async () => {
    const VpcId = await newVpc();
    const command = new CreateRouteTableCommand({
      VpcId,
      ClientToken: `token-${VpcId}`,
      TagSpecifications: [{ ResourceType: "route-table", Tags: [{ Key: "Name", Value: "public" }] }],
    });
    const { RouteTable } = await ec2.send(command);
    expect(RouteTable).toMatchObject({
      VpcId,
      Associations: [],
      PropagatingVgws: [],
      Routes: [
        {
          DestinationCidrBlock: "10.0.0.0/16",
          GatewayId: "local",
          Origin: "CreateRouteTable",
          State: "active",
        },
      ],
      Tags: [{ Key: "Name", Value: "public" }],
    });
    expect((await ec2.send(command)).RouteTable).toEqual(RouteTable);
    const ClientToken = `token-${VpcId}`;
    const other = new CreateRouteTableCommand({ VpcId: await newVpc(), ClientToken });
    await refused(ec2.send(other), "IdempotentParameterMismatch");
    const id = RouteTable?.RouteTableId ?? "";
    expect(await tables({ RouteTableIds: [id] })).toEqual([RouteTable]);
    await remove(id);
    await refused(tables({ RouteTableIds: [id] }), "InvalidRouteTableID.NotFound");
  });

  test("associates subnets and gateways, and lets go of them", async () => {
    const vpc = await newVpc();
    const [table, SubnetId, GatewayId] = [await newTable(vpc), await newSubnet(vpc), await newGateway(vpc)];
    const bySubnet = await associate(table, { SubnetId });
    const byGateway = await associate(table, { GatewayId });
    const AssociationState = { State: "associated" };
    expect((await tables({ RouteTableIds: [table] }))[0]?.Associations).toEqual([
      { RouteTableAssociationId: bySubnet, RouteTableId: table, Main: false, SubnetId, AssociationState },
      { RouteTableAssociationId: byGateway, RouteTableId: table, Main: false, GatewayId, AssociationState },
    ]);
    await disassociate(bySubnet);
    await disassociate(byGateway);
    await remove(table);
  });

  test("gives a subnet another table", async () => {
    const vpc = await newVpc();
    const [one, two, SubnetId] = [await newTable(vpc), await newTable(vpc), await newSubnet(vpc)];
    const before = await associate(one, { SubnetId });
    const { NewAssociationId, AssociationState } = await replace(before, two);
    expect(AssociationState).toEqual({ State: "associated" });
    expect(NewAssociationId).not.toBe(before);
    expect((await tables({ RouteTableIds: [one] }))[0]?.Associations).toEqual([]);
    expect((await tables({ RouteTableIds: [two] }))[0]?.Associations).toMatchObject([
      { RouteTableAssociationId: NewAssociationId, SubnetId },
    ]);
    await refused(disassociate(before), "InvalidAssociationID.NotFound");
  });

  test("makes another table the main one", async () => {
    const vpc = await newVpc();
    const main = await mainOf(vpc);
    const table = await newTable(vpc);
    const { NewAssociationId } = await replace(main.association, table);
    expect(await mainOf(vpc)).toEqual({ id: table, association: NewAssociationId });
    await remove(main.id);
    await ec2.send(new DeleteVpcCommand({ VpcId: vpc }));
    await refused(tables({ RouteTableIds: [table] }), "InvalidRouteTableID.NotFound");
  });

  test("filters", async () => {
    const { Vpc } = await ec2.send(
      new CreateVpcCommand({ CidrBlock: "10.7.0.0/16", AmazonProvidedIpv6CidrBlock: true }),
    );
    const VpcId = Vpc?.VpcId ?? "";
    const { RouteTable } = await ec2.send(
      new CreateRouteTableCommand({
        VpcId,
        TagSpecifications: [{ ResourceType: "route-table", Tags: [{ Key: "k", Value: "v" }] }],
      }),
    );
    const RouteTableId = RouteTable?.RouteTableId ?? "";
    const GatewayId = await newGateway(VpcId);
    const SubnetId = await newSubnet(VpcId, "10.7.0.0/24");
    const association = await associate(RouteTableId, { SubnetId });
    const edge = await newTable(VpcId);
    await associate(edge, { GatewayId });
    await ec2.send(new CreateRouteCommand({ RouteTableId, GatewayId, DestinationCidrBlock: "0.0.0.0/0" }));
    const byGateway = await tables({ Filters: [{ Name: "association.gateway-id", Values: [GatewayId] }] });
    expect(byGateway.map((table) => table.RouteTableId)).toEqual([edge]);
    const expected: Record<string, string | undefined> = {
      "association.main": "false",
      "association.route-table-association-id": association,
      "association.route-table-id": RouteTableId,
      "association.subnet-id": SubnetId,
      "owner-id": Vpc?.OwnerId,
      "route-table-id": RouteTableId,
      "route.destination-cidr-block": "0.0.0.0/0",
      "route.destination-ipv6-cidr-block": Vpc?.Ipv6CidrBlockAssociationSet?.[0]?.Ipv6CidrBlock,
      "route.gateway-id": GatewayId,
      "route.origin": "CreateRoute",
      "route.state": "active",
      "tag-key": "k",
      "tag:k": "v",
      "vpc-id": VpcId,
    };
    for (const [Name, value = ""] of Object.entries(expected)) {
      const found = await tables({ Filters: [{ Name, Values: [value] }] });
      expect([Name, found.some((table) => table.RouteTableId === RouteTableId)]).toEqual([Name, true]);
      expect(await tables({ Filters: [{ Name, Values: ["none such"] }] })).toEqual([]);
    }
    for (const target of [
      "destination-prefix-list-id",
      "egress-only-internet-gateway-id",
      "instance-id",
      "nat-gateway-id",
      "transit-gateway-id",
      "vpc-peering-connection-id",
    ]) {
      expect(await tables({ Filters: [{ Name: `route.${target}`, Values: ["*"] }] })).toEqual([]);
    }
  });

  test("pages through all tables", async () => {
    for (let count = 0; count < 6; count++) await newVpc();
    const seen = [];
    let NextToken: string | undefined;
    do {
      const page = await ec2.send(new DescribeRouteTablesCommand({ MaxResults: 5, NextToken }));
      seen.push(...(page.RouteTables ?? []));
      ({ NextToken } = page);
    } while (NextToken !== undefined);
    expect(seen).toEqual(await tables({}));
  });

  test("lets a whole VPC be torn down in the order of real tools", async () => {
    const vpc = await newVpc();
    const [table, SubnetId, GatewayId] = [await newTable(vpc), await newSubnet(vpc), await newGateway(vpc)];
    const association = await associate(table, { SubnetId });
    const DestinationCidrBlock = "0.0.0.0/0";
    await ec2.send(new CreateRouteCommand({ RouteTableId: table, GatewayId, DestinationCidrBlock }));
    const gone = () => ec2.send(new DeleteVpcCommand({ VpcId: vpc }));
    await disassociate(association);
    await remove(table);
    await refused(gone(), "DependencyViolation");
    await ec2.send(new DeleteSubnetCommand({ SubnetId }));
    await refused(gone(), "DependencyViolation");
    await ec2.send(new DetachInternetGatewayCommand({ InternetGatewayId: GatewayId, VpcId: vpc }));
    await ec2.send(new DeleteInternetGatewayCommand({ InternetGatewayId: GatewayId }));
    await gone();
    expect(await tables({ Filters: [{ Name: "vpc-id", Values: [vpc] }] })).toEqual([]);
  });

  test("lets go of a subnet that is deleted", async () => {
    const vpc = await newVpc();
    const [table, SubnetId] = [await newTable(vpc), await newSubnet(vpc)];
    await associate(table, { SubnetId });
    await ec2.send(new DeleteSubnetCommand({ SubnetId }));
    expect((await tables({ RouteTableIds: [table] }))[0]?.Associations).toEqual([]);
  });

  test("lets go of a gateway that is detached", async () => {
    const vpc = await newVpc();
    const [table, GatewayId] = [await newTable(vpc), await newGateway(vpc)];
    await associate(table, { GatewayId });
    await ec2.send(new DetachInternetGatewayCommand({ InternetGatewayId: GatewayId, VpcId: vpc }));
    expect((await tables({ RouteTableIds: [table] }))[0]?.Associations).toEqual([]);
    await remove(table);
  });
});
