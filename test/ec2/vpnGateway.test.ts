import {
  AssociateRouteTableCommand,
  AttachVpnGatewayCommand,
  CreateRouteCommand,
  CreateRouteTableCommand,
  CreateVpnGatewayCommand,
  DeleteVpcCommand,
  DeleteVpnGatewayCommand,
  DescribeVpnGatewaysCommand,
  DetachVpnGatewayCommand,
  DisableVgwRoutePropagationCommand,
  EnableVgwRoutePropagationCommand,
  type EC2Client,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";
import { mainTable, newConnection, newVpc, newVpnGateway } from "./vpnNetwork.ts";

const shown = async (ec2: EC2Client, id: string) =>
  (await ec2.send(new DescribeVpnGatewaysCommand({ VpnGatewayIds: [id] }))).VpnGateways?.[0];

const detach = (ec2: EC2Client, VpcId: string, VpnGatewayId: string) =>
  ec2.send(new DetachVpnGatewayCommand({ VpcId, VpnGatewayId }));

describe("what it refuses to parse", () => {
  test("numbers that are not for private use, zones elsewhere, unknown ids", async () => {
    const ec2 = await freshClient();
    const create = (input: object) => ec2.send(new CreateVpnGatewayCommand({ Type: "ipsec.1", ...input }));
    await refused(create({ AmazonSideAsn: 65_535 }), "InvalidParameterValue");
    await refused(create({ AvailabilityZone: "eu-west-1a" }), "InvalidParameterValue");
    await refused(shown(ec2, "vgw-0123456789abcdef0"), "InvalidVpnGatewayID.NotFound");
    await refused(shown(ec2, "vgw"), "InvalidVpnGatewayID.NotFound");
  });
});

describe("what it refuses to do", () => {
  test("one gateway has one VPC, and one VPC one gateway", async () => {
    const ec2 = await freshClient();
    const [one, two] = [await newVpc(ec2), await newVpc(ec2)];
    const gateway = await newVpnGateway(ec2, one);
    const attach = (VpcId: string, VpnGatewayId: string) =>
      ec2.send(new AttachVpnGatewayCommand({ VpcId, VpnGatewayId }));
    await refused(attach(two, gateway), "VpnGatewayAttachmentLimitExceeded");
    await refused(
      attach(one, await newVpnGateway(ec2)),
      "InvalidVpcState",
      `VPC ${one} is currently attached to the Virtual Private Gateway.`,
    );
    expect((await attach(one, gateway)).VpcAttachment).toEqual({ VpcId: one, State: "attached" });
    await refused(detach(ec2, two, gateway), "InvalidVpnGatewayAttachment.NotFound");
  });

  test("to delete a gateway that is in use, or its VPC", async () => {
    const ec2 = await freshClient();
    const vpc = await newVpc(ec2);
    const gateway = await newVpnGateway(ec2, vpc);
    const remove = () => ec2.send(new DeleteVpnGatewayCommand({ VpnGatewayId: gateway }));
    await refused(remove(), "IncorrectState");
    await refused(ec2.send(new DeleteVpcCommand({ VpcId: vpc })), "DependencyViolation");
    await detach(ec2, vpc, gateway);
    await newConnection(ec2, { VpnGatewayId: gateway });
    await refused(remove(), "IncorrectState");
  });

  test("routes of and to a gateway that is not attached to the table's VPC", async () => {
    const ec2 = await freshClient();
    const vpc = await newVpc(ec2);
    const { RouteTableId = "" } = await mainTable(ec2, vpc);
    const gateway = await newVpnGateway(ec2);
    const target = { RouteTableId, GatewayId: gateway };
    await refused(
      ec2.send(new EnableVgwRoutePropagationCommand(target)),
      "Gateway.NotAttached",
      `resource ${gateway} is not attached to network ${vpc}`,
    );
    await refused(
      ec2.send(new CreateRouteCommand({ ...target, DestinationCidrBlock: "192.168.0.0/16" })),
      "InvalidParameterValue",
    );
    await refused(ec2.send(new AssociateRouteTableCommand(target)), "InvalidParameterValue");
  });

  test("a table of a gateway learns nothing, and one that learns is no gateway's", async () => {
    const ec2 = await freshClient();
    const vpc = await newVpc(ec2);
    const GatewayId = await newVpnGateway(ec2, vpc);
    const table = async () =>
      (await ec2.send(new CreateRouteTableCommand({ VpcId: vpc }))).RouteTable?.RouteTableId ?? "";
    const [edge, learner] = [await table(), await table()];
    await ec2.send(new AssociateRouteTableCommand({ RouteTableId: edge, GatewayId }));
    const learn = (RouteTableId: string) =>
      ec2.send(new EnableVgwRoutePropagationCommand({ RouteTableId, GatewayId }));
    await refused(learn(edge), "InvalidParameterValue");
    await learn(learner);
    await refused(
      ec2.send(new AssociateRouteTableCommand({ RouteTableId: learner, GatewayId })),
      "InvalidParameterValue",
    );
  });
});

describe("what it does", () => {
  test("makes a gateway, attaches it, detaches it, deletes it", async () => {
    const ec2 = await freshClient();
    const vpc = await newVpc(ec2);
    const { VpnGateway } = await ec2.send(
      new CreateVpnGatewayCommand({
        Type: "ipsec.1",
        AmazonSideAsn: 64_620,
        AvailabilityZone: "us-east-1a",
        TagSpecifications: [{ ResourceType: "vpn-gateway", Tags: [{ Key: "Name", Value: "edge" }] }],
      }),
    );
    expect(VpnGateway).toMatchObject({
      State: "available",
      Type: "ipsec.1",
      AmazonSideAsn: 64_620,
      AvailabilityZone: "us-east-1a",
      VpcAttachments: [],
      Tags: [{ Key: "Name", Value: "edge" }],
    });
    const id = VpnGateway?.VpnGatewayId ?? "";
    const { VpcAttachment } = await ec2.send(new AttachVpnGatewayCommand({ VpcId: vpc, VpnGatewayId: id }));
    expect(VpcAttachment).toEqual({ VpcId: vpc, State: "attaching" });
    expect((await shown(ec2, id))?.VpcAttachments).toEqual([{ VpcId: vpc, State: "attached" }]);
    await detach(ec2, vpc, id);
    expect((await shown(ec2, id))?.VpcAttachments).toEqual([{ VpcId: vpc, State: "detached" }]);
    await ec2.send(new DeleteVpcCommand({ VpcId: vpc }));
    await ec2.send(new DeleteVpnGatewayCommand({ VpnGatewayId: id }));
    expect(await shown(ec2, id)).toMatchObject({ State: "deleted", VpcAttachments: [] });
    await refused(
      ec2.send(new DeleteVpnGatewayCommand({ VpnGatewayId: id })),
      "InvalidVpnGatewayID.NotFound",
    );
  });

  test("is the target of routes, which are blackholes when it is detached, and has a table of its own", async () => {
    const ec2 = await freshClient();
    const vpc = await newVpc(ec2);
    const gateway = await newVpnGateway(ec2, vpc);
    const { RouteTableId = "" } = await mainTable(ec2, vpc);
    const target = { RouteTableId, GatewayId: gateway };
    await ec2.send(new CreateRouteCommand({ ...target, DestinationCidrBlock: "192.168.0.0/16" }));
    await ec2.send(new EnableVgwRoutePropagationCommand(target));
    const { RouteTable } = await ec2.send(new CreateRouteTableCommand({ VpcId: vpc }));
    await ec2.send(
      new AssociateRouteTableCommand({ RouteTableId: RouteTable?.RouteTableId, GatewayId: gateway }),
    );
    const route = { DestinationCidrBlock: "192.168.0.0/16", GatewayId: gateway, Origin: "CreateRoute" };
    expect(await mainTable(ec2, vpc)).toMatchObject({
      PropagatingVgws: [{ GatewayId: gateway }],
      Routes: [{ GatewayId: "local" }, { ...route, State: "active" }],
    });
    await ec2.send(new DisableVgwRoutePropagationCommand(target));
    expect(await mainTable(ec2, vpc)).toMatchObject({ PropagatingVgws: [] });
    await ec2.send(new EnableVgwRoutePropagationCommand(target));
    await detach(ec2, vpc, gateway);
    expect(await mainTable(ec2, vpc)).toMatchObject({
      PropagatingVgws: [],
      Routes: [{ GatewayId: "local" }, { ...route, State: "blackhole" }],
    });
  });

  test("an empty zone is none: Terraform sends it", async () => {
    const ec2 = await freshClient();
    const { VpnGateway } = await ec2.send(
      new CreateVpnGatewayCommand({ Type: "ipsec.1", AvailabilityZone: "" }),
    );
    expect(VpnGateway?.AvailabilityZone).toBeUndefined();
  });

  test("filters", async () => {
    const ec2 = await freshClient();
    const vpc = await newVpc(ec2);
    const gateway = await newVpnGateway(ec2, vpc);
    await ec2.send(
      new CreateVpnGatewayCommand({ Type: "ipsec.1", AmazonSideAsn: 64_513, AvailabilityZone: "us-east-1b" }),
    );
    const count = async (Name: string, value: string) =>
      (await ec2.send(new DescribeVpnGatewaysCommand({ Filters: [{ Name, Values: [value] }] }))).VpnGateways
        ?.length;
    expect(await count("amazon-side-asn", "64512")).toBe(1);
    expect(await count("attachment.state", "attached")).toBe(1);
    expect(await count("attachment.vpc-id", vpc)).toBe(1);
    expect(await count("availability-zone", "us-east-1b")).toBe(1);
    expect(await count("state", "available")).toBe(2);
    expect(await count("type", "ipsec.1")).toBe(2);
    expect(await count("vpn-gateway-id", gateway)).toBe(1);
  });
});
