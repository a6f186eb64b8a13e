import {
  CreateEgressOnlyInternetGatewayCommand,
  CreateRouteCommand,
  CreateRouteTableCommand,
  CreateVpcCommand,
  DeleteEgressOnlyInternetGatewayCommand,
  DeleteRouteCommand,
  DeleteVpcCommand,
  DescribeEgressOnlyInternetGatewaysCommand,
  DescribeRouteTablesCommand,
  type DescribeEgressOnlyInternetGatewaysRequest,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";

const ec2 = await freshClient();
const MISSING = "eigw-0123456789abcdef0";

const newVpc = async () => {
  const { Vpc } = await ec2.send(
    new CreateVpcCommand({ CidrBlock: "10.0.0.0/16", AmazonProvidedIpv6CidrBlock: true }),
  );
  return Vpc?.VpcId ?? "";
};

const create = (VpcId: string | undefined, more: { ClientToken?: string } = {}) =>
  ec2.send(new CreateEgressOnlyInternetGatewayCommand({ VpcId, ...more }));

const newGateway = async (vpc: string) =>
  (await create(vpc)).EgressOnlyInternetGateway?.EgressOnlyInternetGatewayId ?? "";

const remove = (EgressOnlyInternetGatewayId: string) =>
  ec2.send(new DeleteEgressOnlyInternetGatewayCommand({ EgressOnlyInternetGatewayId }));

const gateways = async (input: DescribeEgressOnlyInternetGatewaysRequest) =>
  (await ec2.send(new DescribeEgressOnlyInternetGatewaysCommand(input))).EgressOnlyInternetGateways ?? [];

const newTable = async (VpcId: string) =>
  (await ec2.send(new CreateRouteTableCommand({ VpcId }))).RouteTable?.RouteTableId ?? "";

describe("what it refuses to parse", () => {
  test("a call without a VPC, ids of another form, pages out of bounds", async () => {
    await refused(create(undefined), "MissingParameter");
    await refused(create("vpc-1"), "InvalidVpcID.Malformed");
    await refused(remove("eigw-1"), "InvalidGatewayID.NotFound");
    await refused(gateways({ MaxResults: 256 }), "InvalidParameterValue");
  });
});

describe("what it refuses to do", () => {
  test("with what is not there", async () => {
    await refused(create("vpc-0123456789abcdef0"), "InvalidVpcID.NotFound");
    await refused(remove(MISSING), "InvalidGatewayID.NotFound", `The gateway ID '${MISSING}' does not exist`);
    await refused(gateways({ EgressOnlyInternetGatewayIds: [MISSING] }), "InvalidGatewayID.NotFound");
  });

  test("to give a VPC two, or to let the VPC go first", async () => {
    const vpc = await newVpc();
    const id = await newGateway(vpc);
    await refused(create(vpc), "InvalidParameterValue", /already has an egress-only internet gateway/);
    await refused(ec2.send(new DeleteVpcCommand({ VpcId: vpc })), "DependencyViolation");
    await remove(id);
    await ec2.send(new DeleteVpcCommand({ VpcId: vpc }));
  });

  test("routes of IPv4, or of another VPC", async () => {
    const vpc = await newVpc();
    const EgressOnlyInternetGatewayId = await newGateway(vpc);
    const RouteTableId = await newTable(vpc);
    await refused(
      ec2.send(
        new CreateRouteCommand({
          RouteTableId,
          DestinationCidrBlock: "0.0.0.0/0",
          EgressOnlyInternetGatewayId,
        }),
      ),
      "InvalidParameterCombination",
    );
    const elsewhere = await newTable(await newVpc());
    await refused(
      ec2.send(
        new CreateRouteCommand({
          RouteTableId: elsewhere,
          DestinationIpv6CidrBlock: "::/0",
          EgressOnlyInternetGatewayId,
        }),
      ),
      "InvalidParameterValue",
    );
  });
});

describe("what it does", () => {
  test("is attached from the beginning, once for each client token, and is found by its tags", async () => {
    const vpc = await newVpc();
    const made = await create(vpc, { ClientToken: "once" });
    const id = made.EgressOnlyInternetGateway?.EgressOnlyInternetGatewayId ?? "";
    expect(made).toMatchObject({
      ClientToken: "once",
      EgressOnlyInternetGateway: { Attachments: [{ State: "attached", VpcId: vpc }] },
    });
    const again = await create(vpc, { ClientToken: "once" });
    expect(again.EgressOnlyInternetGateway?.EgressOnlyInternetGatewayId).toBe(id);
    const { EgressOnlyInternetGateway: tagged } = await ec2.send(
      new CreateEgressOnlyInternetGatewayCommand({
        VpcId: await newVpc(),
        TagSpecifications: [
          { ResourceType: "egress-only-internet-gateway", Tags: [{ Key: "team", Value: "six" }] },
        ],
      }),
    );
    const found = await gateways({ Filters: [{ Name: "tag:team", Values: ["six"] }] });
    expect(found).toEqual([tagged]);
    expect(await gateways({ EgressOnlyInternetGatewayIds: [id] })).toHaveLength(1);
  });

  test("leaves a black hole behind", async () => {
    const vpc = await newVpc();
    const EgressOnlyInternetGatewayId = await newGateway(vpc);
    const RouteTableId = await newTable(vpc);
    const route = { RouteTableId, DestinationIpv6CidrBlock: "::/0" };
    await ec2.send(new CreateRouteCommand({ ...route, EgressOnlyInternetGatewayId }));
    const state = async () => {
      const { RouteTables } = await ec2.send(
        new DescribeRouteTablesCommand({
          Filters: [{ Name: "route.egress-only-internet-gateway-id", Values: [EgressOnlyInternetGatewayId] }],
        }),
      );
      return RouteTables?.[0]?.Routes?.find(({ DestinationIpv6CidrBlock: to }) => to === "::/0")?.State;
    };
    expect(await state()).toBe("active");
    expect((await remove(EgressOnlyInternetGatewayId)).ReturnCode).toBe(true);
    expect(await state()).toBe("blackhole");
    await ec2.send(new DeleteRouteCommand(route));
  });
});
