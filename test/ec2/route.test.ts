import {
  AttachInternetGatewayCommand,
  AttachNetworkInterfaceCommand,
  CreateInternetGatewayCommand,
  CreateNetworkInterfaceCommand,
  CreateRouteCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DeleteNetworkInterfaceCommand,
  DeleteRouteCommand,
  DescribeImagesCommand,
  DescribeRouteTablesCommand,
  DetachInternetGatewayCommand,
  ReplaceRouteCommand,
  RunInstancesCommand,
  StopInstancesCommand,
  type CreateRouteRequest,
  type DeleteRouteRequest,
  type ReplaceRouteRequest,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";

const ec2 = await freshClient();
const DEFAULT = { DestinationCidrBlock: "0.0.0.0/0" };

/** A VPC 10.0.0.0/16 with a subnet 10.0.1.0/24, its main table and a gateway. */
async function newNetwork() {
  const { Vpc } = await ec2.send(
    new CreateVpcCommand({ CidrBlock: "10.0.0.0/16", AmazonProvidedIpv6CidrBlock: true }),
  );
  const VpcId = Vpc?.VpcId ?? "";
  const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock: "10.0.1.0/24" }));
  const { InternetGateway } = await ec2.send(new CreateInternetGatewayCommand({}));
  const InternetGatewayId = InternetGateway?.InternetGatewayId ?? "";
  await ec2.send(new AttachInternetGatewayCommand({ InternetGatewayId, VpcId }));
  const { RouteTables } = await ec2.send(
    new DescribeRouteTablesCommand({ Filters: [{ Name: "vpc-id", Values: [VpcId] }] }),
  );
  return {
    VpcId,
    SubnetId: Subnet?.SubnetId ?? "",
    GatewayId: InternetGatewayId,
    RouteTableId: RouteTables?.[0]?.RouteTableId ?? "",
    ipv6: Vpc?.Ipv6CidrBlockAssociationSet?.[0]?.Ipv6CidrBlock ?? "",
  };
}

const newInterface = async (SubnetId: string) =>
  (await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId }))).NetworkInterface?.NetworkInterfaceId ??
  "";

async function launch(SubnetId: string): Promise<{ readonly instance: string; readonly eni: string }> {
  const { Images } = await ec2.send(
    new DescribeImagesCommand({ Filters: [{ Name: "name", Values: ["al2023-ami-2023*-x86_64"] }] }),
  );
  const { Instances } = await ec2.send(
    new RunInstancesCommand({
      ImageId: Images?.[0]?.ImageId,
      InstanceType: "t3.micro",
      MinCount: 1,
      MaxCount: 1,
      SubnetId,
    }),
  );
  const [{ InstanceId = "", NetworkInterfaces } = {}] = Instances ?? [];
  return { instance: InstanceId, eni: NetworkInterfaces?.[0]?.NetworkInterfaceId ?? "" };
}

const create = (RouteTableId: string, input: Omit<CreateRouteRequest, "RouteTableId">) =>
  ec2.send(new CreateRouteCommand({ RouteTableId, ...input }));

const replace = (RouteTableId: string, input: Omit<ReplaceRouteRequest, "RouteTableId">) =>
  ec2.send(new ReplaceRouteCommand({ RouteTableId, ...input }));

const remove = (RouteTableId: string, input: Omit<DeleteRouteRequest, "RouteTableId">) =>
  ec2.send(new DeleteRouteCommand({ RouteTableId, ...input }));

const routes = async (RouteTableId: string) =>
  (await ec2.send(new DescribeRouteTablesCommand({ RouteTableIds: [RouteTableId] }))).RouteTables?.[0]
    ?.Routes;

const network = await newNetwork();
const { RouteTableId, GatewayId, SubnetId } = network;

describe("what it refuses to parse", () => {
  test("a destination that is none, no destination, and several", async () => {
    await refused(
      create(RouteTableId, { DestinationCidrBlock: "10.0.0.0", GatewayId }),
      "InvalidParameterValue",
    );
    await refused(
      create(RouteTableId, { DestinationIpv6CidrBlock: "0.0.0.0/0", GatewayId }),
      "InvalidParameterValue",
    );
    await refused(create(RouteTableId, { GatewayId }), "MissingParameter");
    await refused(
      create(RouteTableId, { ...DEFAULT, DestinationIpv6CidrBlock: "::/0", GatewayId }),
      "InvalidParameterCombination",
    );
    await refused(remove(RouteTableId, {}), "MissingParameter");
  });

  test("no target, and several", async () => {
    await refused(create(RouteTableId, DEFAULT), "InvalidParameterCombination");
    const NetworkInterfaceId = await newInterface(SubnetId);
    await refused(
      create(RouteTableId, { ...DEFAULT, GatewayId, NetworkInterfaceId }),
      "InvalidParameterCombination",
    );
  });

  test("a table's id of another form", async () => {
    await refused(create("rtb-1", { ...DEFAULT, GatewayId }), "InvalidRouteTableId.Malformed");
  });
});

describe("what it refuses to do", () => {
  test("a table that is not there", async () => {
    const missing = "rtb-0123456789abcdef0";
    await refused(create(missing, { ...DEFAULT, GatewayId }), "InvalidRouteTableID.NotFound");
    await refused(replace(missing, { ...DEFAULT, GatewayId }), "InvalidRouteTableID.NotFound");
    await refused(remove(missing, DEFAULT), "InvalidRouteTableID.NotFound");
  });

  test.each([
    [{ GatewayId: "igw-0123456789abcdef0" }, "InvalidInternetGatewayID.NotFound"],
    [{ GatewayId: "vgw-0123456789abcdef0" }, "InvalidGatewayID.NotFound"],
    [{ GatewayId: "local" }, "InvalidParameterValue"],
    [{ NetworkInterfaceId: "eni-0123456789abcdef0" }, "InvalidNetworkInterfaceID.NotFound"],
    [{ InstanceId: "i-0123456789abcdef0" }, "InvalidInstanceID.NotFound"],
    [{ CarrierGatewayId: "cagw-0123456789abcdef0" }, "InvalidCarrierGatewayID.NotFound"],
    [{ EgressOnlyInternetGatewayId: "eigw-0123456789abcdef0" }, "InvalidGatewayID.NotFound"],
    [{ LocalGatewayId: "lgw-0123456789abcdef0" }, "InvalidLocalGatewayID.NotFound"],
    [{ NatGatewayId: "nat-0123456789abcdef0" }, "InvalidNatGatewayID.NotFound"],
    [{ TransitGatewayId: "tgw-0123456789abcdef0" }, "InvalidTransitGatewayID.NotFound"],
    [{ VpcEndpointId: "vpce-0123456789abcdef0" }, "InvalidVpcEndpointId.NotFound"],
    [{ VpcPeeringConnectionId: "pcx-0123456789abcdef0" }, "InvalidVpcPeeringConnectionID.NotFound"],
    [{ CoreNetworkArn: "arn:aws:networkmanager::1:core-network/1" }, "InvalidCoreNetworkArn.NotFound"],
    [{ OdbNetworkArn: "arn:aws:odb:us-east-1:1:odb-network/1" }, "InvalidParameterValue"],
  ] as const)("the target %j", async (target, code) => {
    await refused(create(RouteTableId, { ...DEFAULT, ...target }), code);
  });

  test("a prefix list, which nobody has", async () => {
    await refused(
      create(RouteTableId, { DestinationPrefixListId: "pl-0123456789abcdef0", GatewayId }),
      "InvalidPrefixListID.NotFound",
    );
  });

  test("a target in another VPC", async () => {
    const other = await newNetwork();
    await refused(
      create(RouteTableId, { ...DEFAULT, GatewayId: other.GatewayId }),
      "InvalidParameterValue",
      `route table ${RouteTableId} and network gateway ${other.GatewayId} belong to different networks`,
    );
    const NetworkInterfaceId = await newInterface(other.SubnetId);
    await refused(
      create(RouteTableId, { ...DEFAULT, NetworkInterfaceId }),
      "InvalidParameterValue",
      `route table ${RouteTableId} and interface ${NetworkInterfaceId} belong to different networks`,
    );
  });

  test("a second route to the same place", async () => {
    const DestinationCidrBlock = "192.0.2.0/24";
    await create(RouteTableId, { DestinationCidrBlock, GatewayId });
    const text = (block: string) => `The route identified by ${block} already exists.`;
    await refused(
      create(RouteTableId, { DestinationCidrBlock: "192.0.2.9/24", GatewayId }),
      "RouteAlreadyExists",
      text(DestinationCidrBlock),
    );
    await refused(
      create(RouteTableId, { DestinationCidrBlock: "10.0.0.0/16", GatewayId }),
      "RouteAlreadyExists",
      text("10.0.0.0/16"),
    );
    await remove(RouteTableId, { DestinationCidrBlock });
  });

  test("to lead packets out that are to stay inside", async () => {
    await refused(
      create(RouteTableId, { DestinationCidrBlock: "10.0.1.0/24", GatewayId }),
      "InvalidParameterValue",
      /equal to or more specific than one of this VPC's CIDR blocks/,
    );
    const NetworkInterfaceId = await newInterface(SubnetId);
    await refused(
      create(RouteTableId, { DestinationCidrBlock: "10.0.1.0/25", NetworkInterfaceId }),
      "InvalidParameterValue",
    );
    await refused(
      create(RouteTableId, { DestinationCidrBlock: "169.254.169.0/24", GatewayId }),
      "InvalidParameterValue",
    );
  });

  test("an instance with several interfaces", async () => {
    const { instance } = await launch(SubnetId);
    await ec2.send(
      new AttachNetworkInterfaceCommand({
        InstanceId: instance,
        NetworkInterfaceId: await newInterface(SubnetId),
        DeviceIndex: 1,
      }),
    );
    await refused(
      create(RouteTableId, { ...DEFAULT, InstanceId: instance }),
      "InvalidInstanceID",
      /There are multiple interfaces attached/,
    );
  });

  test("to change or remove a route that is not there, or the local one", async () => {
    const missing = { DestinationCidrBlock: "203.0.113.0/24" };
    const text = `no route with destination-cidr-block 203.0.113.0/24 in route table ${RouteTableId}`;
    await refused(remove(RouteTableId, missing), "InvalidRoute.NotFound", text);
    await refused(replace(RouteTableId, { ...missing, GatewayId }), "InvalidRoute.NotFound", text);
    const local = { DestinationCidrBlock: "10.0.0.0/16" };
    await refused(
      remove(RouteTableId, local),
      "InvalidParameterValue",
      `cannot remove local route 10.0.0.0/16 in route table ${RouteTableId}`,
    );
    await refused(replace(RouteTableId, { ...local, GatewayId }), "InvalidParameterValue");
    await create(RouteTableId, { ...DEFAULT, GatewayId });
    await refused(replace(RouteTableId, { ...DEFAULT, LocalTarget: true }), "InvalidParameterValue");
    await remove(RouteTableId, DEFAULT);
  });

  test("a dry run", async () => {
    await refused(create(RouteTableId, { ...DEFAULT, GatewayId, DryRun: true }), "DryRunOperation");
    await refused(remove(RouteTableId, { ...DEFAULT, DryRun: true }), "DryRunOperation");
  });
});

describe("what it does", () => {
  test("leads IPv4 and IPv6 to a gateway, and drops them when it is gone", async () => {
    const { VpcId, RouteTableId: table, GatewayId: gateway, ipv6 } = await newNetwork();
    expect(await create(table, { ...DEFAULT, GatewayId: gateway })).toMatchObject({ Return: true });
    await create(table, { DestinationIpv6CidrBlock: "::/0", GatewayId: gateway });
    const local = { GatewayId: "local", Origin: "CreateRouteTable", State: "active" };
    const shown = (State: string) => [
      { DestinationCidrBlock: "10.0.0.0/16", ...local },
      { DestinationIpv6CidrBlock: ipv6, ...local },
      { ...DEFAULT, GatewayId: gateway, Origin: "CreateRoute", State },
      { DestinationIpv6CidrBlock: "::/0", GatewayId: gateway, Origin: "CreateRoute", State },
    ];
    expect(await routes(table)).toEqual(shown("active"));
    await ec2.send(new DetachInternetGatewayCommand({ InternetGatewayId: gateway, VpcId }));
    expect(await routes(table)).toEqual(shown("blackhole"));
    await remove(table, DEFAULT);
    await remove(table, { DestinationIpv6CidrBlock: "::/0" });
    expect(await routes(table)).toEqual(shown("").slice(0, 2));
  });

  test("leads to an instance by its interface, while it runs", async () => {
    const { RouteTableId: table, SubnetId: subnet } = await newNetwork();
    const { instance, eni } = await launch(subnet);
    await create(table, { ...DEFAULT, InstanceId: instance });
    const shown = { ...DEFAULT, NetworkInterfaceId: eni, InstanceId: instance, Origin: "CreateRoute" };
    expect((await routes(table))?.at(-1)).toMatchObject({ ...shown, State: "active" });
    await ec2.send(new StopInstancesCommand({ InstanceIds: [instance] }));
    expect((await routes(table))?.at(-1)).toMatchObject({ ...shown, State: "blackhole" });
  });

  test("leads to an interface, and drops what would go to one that is deleted", async () => {
    const { RouteTableId: table, SubnetId: subnet } = await newNetwork();
    const NetworkInterfaceId = await newInterface(subnet);
    await create(table, { ...DEFAULT, NetworkInterfaceId });
    await ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId }));
    expect((await routes(table))?.at(-1)).toEqual({
      ...DEFAULT,
      NetworkInterfaceId,
      Origin: "CreateRoute",
      State: "blackhole",
    });
  });

  test("changes a route's target", async () => {
    const { RouteTableId: table, SubnetId: subnet, GatewayId: gateway } = await newNetwork();
    await create(table, { ...DEFAULT, GatewayId: gateway });
    const NetworkInterfaceId = await newInterface(subnet);
    await replace(table, { ...DEFAULT, NetworkInterfaceId });
    const changed = (await routes(table))?.filter((route) => route.DestinationCidrBlock === "0.0.0.0/0");
    expect(changed).toMatchObject([{ NetworkInterfaceId }]);
    expect(changed?.[0]).not.toHaveProperty("GatewayId");
  });

  test("takes a subnet's, or all of the VPC's, traffic another way, and back", async () => {
    const { RouteTableId: table, SubnetId: subnet } = await newNetwork();
    const NetworkInterfaceId = await newInterface(subnet);
    await create(table, { DestinationCidrBlock: "10.0.1.0/24", NetworkInterfaceId });
    const local = { DestinationCidrBlock: "10.0.0.0/16" };
    const before = await routes(table);
    await replace(table, { ...local, NetworkInterfaceId });
    const through = (await routes(table))?.filter((route) => route.DestinationCidrBlock === "10.0.0.0/16");
    expect(through).toMatchObject([{ NetworkInterfaceId, Origin: "CreateRoute" }]);
    await replace(table, { ...local, LocalTarget: true });
    expect(await routes(table)).toEqual(before);
  });
});
