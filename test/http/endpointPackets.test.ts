import {
  AcceptVpcEndpointConnectionsCommand,
  AssociateRouteTableCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateRouteCommand,
  CreateRouteTableCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  CreateVpcEndpointCommand,
  CreateVpcEndpointServiceConfigurationCommand,
  DeleteRouteCommand,
  DeleteVpcEndpointsCommand,
  DescribeRouteTablesCommand,
  DescribeVpcEndpointsCommand,
  EC2Client,
  ModifyVpcEndpointCommand,
  ModifyVpcEndpointServicePermissionsCommand,
  RejectVpcEndpointConnectionsCommand,
  ReplaceRouteCommand,
  TerminateInstancesCommand,
  type CreateVpcEndpointCommandInput,
} from "@aws-sdk/client-ec2";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { awsPrefixLists } from "../../server/ec2/catalogue/prefixLists.ts";
import type { ExchangeView } from "../../server/http/journeyView.ts";
import { launch } from "../ec2/launch.ts";
import { configOf, freshKeys, ownIslet, refused, sharedIslet } from "../islet.ts";
import { operate } from "./send.ts";

const Region = "us-east-1";
const islet = await sharedIslet();

const S3 = "com.amazonaws.us-east-1.s3";
/** An address of S3's in the region. */
const s3Address =
  awsPrefixLists(Region)
    .find(({ name }) => name === S3)
    ?.cidrs[0]?.replace(/\.0\/\d+$/, ".7") ?? "";

async function exchange(fields: object, on = islet): Promise<ExchangeView> {
  const { status, json } = await operate(on, "POST", "packets", {
    Region,
    Protocol: "tcp",
    Port: 443,
    Exchange: true,
    ...fields,
  });
  expect({ status, json }).toMatchObject({ status: 200 });
  return json as ExchangeView;
}

const listen = (InstanceId: string, Protocol: string, Port: number) =>
  operate(islet, "POST", "listen", { Region, InstanceId, Protocol, Port });

interface Account {
  readonly ec2: EC2Client;
  readonly account: string;
}

function newAccount(on = islet): Account {
  const keys = freshKeys(on);
  return { ec2: new EC2Client(configOf(on, keys, Region)), account: keys.account };
}

interface Network extends Account {
  readonly vpc: string;
  readonly group: string;
}

/** A VPC 10.0.0.0/16, and a group that lets everything in. */
async function network({ ec2, account }: Account): Promise<Network> {
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
  const VpcId = Vpc?.VpcId ?? "";
  const { GroupId = "" } = await ec2.send(
    new CreateSecurityGroupCommand({ VpcId, GroupName: "open", Description: "open" }),
  );
  const IpPermissions = [{ IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] }];
  await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
  return { ec2, account, vpc: VpcId, group: GroupId };
}

async function subnetOf({ ec2, vpc }: Network, CidrBlock: string): Promise<string> {
  const { Subnet } = await ec2.send(
    new CreateSubnetCommand({ VpcId: vpc, CidrBlock, AvailabilityZone: `${Region}a` }),
  );
  return Subnet?.SubnetId ?? "";
}

async function tableFor({ ec2, vpc }: Network, subnet: string): Promise<string> {
  const { RouteTable } = await ec2.send(new CreateRouteTableCommand({ VpcId: vpc }));
  const RouteTableId = RouteTable?.RouteTableId ?? "";
  await ec2.send(new AssociateRouteTableCommand({ RouteTableId, SubnetId: subnet }));
  return RouteTableId;
}

const launchIn = ({ ec2, group }: Network, SubnetId: string): Promise<string> =>
  launch(ec2, { SubnetId, SecurityGroupIds: [group] });

async function endpoint(
  { ec2, vpc }: Network,
  asked: Partial<CreateVpcEndpointCommandInput>,
): Promise<{ id: string; eni: string }> {
  const { VpcEndpoint } = await ec2.send(
    new CreateVpcEndpointCommand({ VpcId: vpc, ServiceName: S3, ...asked }),
  );
  return { id: VpcEndpoint?.VpcEndpointId ?? "", eni: VpcEndpoint?.NetworkInterfaceIds?.[0] ?? "" };
}

const putBalancer = async (
  LoadBalancerArn: string,
  SubnetIds: string[],
  Targets: string[],
): Promise<void> => {
  const fields = { Region, LoadBalancerArn, SubnetIds, Targets };
  expect(await operate(islet, "POST", "load-balancers", fields)).toMatchObject({ status: 200 });
};

const arnOf = (account: string, kind: "net" | "gwy"): string =>
  `arn:aws:elasticloadbalancing:${Region}:${account}:loadbalancer/${kind}/lb/0123456789abcdef`;

test("S3 is reached through a gateway endpoint, and only while its route is there", async () => {
  const at = await network(newAccount());
  const subnet = await subnetOf(at, "10.0.1.0/24");
  const table = await tableFor(at, subnet);
  const client = await launchIn(at, subnet);
  const ask = () => exchange({ From: client, To: s3Address });
  expect((await ask()).Forward).toMatchObject({ Outcome: "dropped", Reason: "NO_ROUTE_TO_DESTINATION" });
  const { id } = await endpoint(at, { RouteTableIds: [table] });
  const { Forward, Back, Learned } = await ask();
  expect(Forward).toMatchObject({ Outcome: "served", Receiver: { Id: S3 } });
  expect(Forward.Steps.map(({ Component }) => Component)).toContainEqual({ Type: "vpc-endpoint", Id: id });
  expect(Back).toMatchObject({ Outcome: "delivered", Receiver: { InstanceId: client } });
  expect(Learned).toBe("answer");
  const { Forward: datagram } = await exchange({ From: client, To: s3Address, Protocol: "udp" });
  expect(datagram).toMatchObject({ Reason: "VPCE_GATEWAY_PROTOCOL_RESTRICTION" });
  await at.ec2.send(new ModifyVpcEndpointCommand({ VpcEndpointId: id, RemoveRouteTableIds: [table] }));
  expect((await ask()).Forward).toMatchObject({ Reason: "NO_ROUTE_TO_DESTINATION" });
});

test("a service of Amazon's answers at an interface endpoint, as its groups let it", async () => {
  const at = await network(newAccount());
  const subnet = await subnetOf(at, "10.0.1.0/24");
  const client = await launchIn(at, subnet);
  const ServiceName = "com.amazonaws.us-east-1.sts";
  const { id, eni } = await endpoint(at, {
    VpcEndpointType: "Interface",
    ServiceName,
    SubnetIds: [subnet],
    SecurityGroupIds: [at.group],
    PrivateDnsEnabled: false,
  });
  expect(await exchange({ From: client, To: eni })).toMatchObject({
    Forward: { Outcome: "served", Receiver: { Id: ServiceName } },
    Back: { Outcome: "delivered" },
    Learned: "answer",
  });
  expect((await exchange({ From: eni, To: client })).Forward).toMatchObject({
    Reason: "VPCE_INTRA_VPC_TRAFFIC",
  });
  const { GroupId = "" } = await at.ec2.send(
    new CreateSecurityGroupCommand({ VpcId: at.vpc, GroupName: "shut", Description: "shut" }),
  );
  await at.ec2.send(
    new ModifyVpcEndpointCommand({
      VpcEndpointId: id,
      AddSecurityGroupIds: [GroupId],
      RemoveSecurityGroupIds: [at.group],
    }),
  );
  const { Forward } = await exchange({ From: client, To: eni, SourcePort: 50_000 });
  expect(Forward).toMatchObject({ Outcome: "dropped", Reason: "SG_HAS_NO_RULES" });
});

test("an account's service is reached once its owner accepts, and by nobody else", async () => {
  const [provider, consumer] = [await network(newAccount()), await network(newAccount())];
  const serverSubnet = await subnetOf(provider, "10.0.1.0/24");
  const server = await launchIn(provider, serverSubnet);
  await listen(server, "tcp", 443);
  const arn = arnOf(provider.account, "net");
  const { ServiceConfiguration } = await provider.ec2.send(
    new CreateVpcEndpointServiceConfigurationCommand({ NetworkLoadBalancerArns: [arn] }),
  );
  const { ServiceId = "", ServiceName = "" } = ServiceConfiguration ?? {};
  const subnet = await subnetOf(consumer, "10.0.1.0/24");
  const client = await launchIn(consumer, subnet);
  const asked: Partial<CreateVpcEndpointCommandInput> = {
    VpcEndpointType: "Interface",
    ServiceName,
    SubnetIds: [subnet],
    SecurityGroupIds: [consumer.group],
  };
  await refused(endpoint(consumer, asked), "InvalidServiceName");
  await provider.ec2.send(
    new ModifyVpcEndpointServicePermissionsCommand({
      ServiceId,
      AddAllowedPrincipals: [`arn:aws:iam::${consumer.account}:root`],
    }),
  );
  const { id, eni } = await endpoint(consumer, asked);
  const ask = (SourcePort: number) => exchange({ From: client, To: eni, SourcePort });
  expect((await ask(1)).Forward).toMatchObject({ Reason: "BAD_STATE_ATTACHMENT" });
  const decision = { ServiceId, VpcEndpointIds: [id] };
  await provider.ec2.send(new AcceptVpcEndpointConnectionsCommand(decision));
  await consumer.ec2.send(new DescribeVpcEndpointsCommand({}));
  expect((await ask(2)).Forward).toMatchObject({ Reason: "ELBV2_LISTENER_HAS_NO_TG" });
  await putBalancer(arn, [serverSubnet], [server]);
  const { Forward, Back, Learned } = await ask(3);
  expect(Forward).toMatchObject({ Outcome: "delivered", Receiver: { InstanceId: server } });
  expect(Back).toMatchObject({ Outcome: "delivered", Receiver: { InstanceId: client } });
  expect(Learned).toBe("answer");
  await provider.ec2.send(new TerminateInstancesCommand({ InstanceIds: [server] }));
  await provider.ec2.send(new DescribeRouteTablesCommand({}));
  expect((await ask(4)).Forward).toMatchObject({ Reason: "ELBV2_LISTENER_HAS_NO_TG" });
  await provider.ec2.send(new RejectVpcEndpointConnectionsCommand(decision));
  expect((await ask(5)).Forward).toMatchObject({ Reason: "BAD_STATE_ATTACHMENT" });
});

test("an appliance sees what passes between two subnets, and gives it back", async () => {
  const [provider, consumer] = [await network(newAccount()), await network(newAccount())];
  const applianceSubnet = await subnetOf(provider, "10.0.1.0/24");
  const appliance = await launchIn(provider, applianceSubnet);
  const arn = arnOf(provider.account, "gwy");
  await putBalancer(arn, [applianceSubnet], [appliance]);
  const { ServiceConfiguration } = await provider.ec2.send(
    new CreateVpcEndpointServiceConfigurationCommand({
      GatewayLoadBalancerArns: [arn],
      AcceptanceRequired: false,
    }),
  );
  const { ServiceId = "", ServiceName = "" } = ServiceConfiguration ?? {};
  await provider.ec2.send(
    new ModifyVpcEndpointServicePermissionsCommand({ ServiceId, AddAllowedPrincipals: ["*"] }),
  );
  const [a, b, e] = [
    await subnetOf(consumer, "10.0.1.0/24"),
    await subnetOf(consumer, "10.0.2.0/24"),
    await subnetOf(consumer, "10.0.3.0/24"),
  ];
  const [client, server] = [await launchIn(consumer, a), await launchIn(consumer, b)];
  await listen(server, "tcp", 443);
  const { id } = await endpoint(consumer, {
    VpcEndpointType: "GatewayLoadBalancer",
    ServiceName,
    SubnetIds: [e],
  });
  const [outward, inward] = [await tableFor(consumer, a), await tableFor(consumer, b)];
  const there = { RouteTableId: outward, DestinationCidrBlock: "10.0.2.0/24" };
  const back = { RouteTableId: inward, DestinationCidrBlock: "10.0.1.0/24" };
  await consumer.ec2.send(new CreateRouteCommand({ ...there, VpcEndpointId: id }));
  await consumer.ec2.send(new CreateRouteCommand({ ...back, VpcEndpointId: id }));
  const { RouteTables } = await consumer.ec2.send(
    new DescribeRouteTablesCommand({ RouteTableIds: [outward] }),
  );
  expect(RouteTables?.[0]?.Routes).toContainEqual({
    DestinationCidrBlock: "10.0.2.0/24",
    GatewayId: id,
    Origin: "CreateRoute",
    State: "active",
  });
  const ask = (SourcePort: number) => exchange({ From: client, To: server, SourcePort });
  expect((await ask(1)).Forward).toMatchObject({ Reason: "APPLIANCE_SILENT" });
  await listen(appliance, "udp", 6081);
  const { Forward, Back, Learned } = await ask(2);
  expect(Learned).toBe("answer");
  for (const journey of [Forward, Back]) {
    const shown = journey?.Steps.find(({ Packet }) => Packet.DestinationPort === 6081)?.Packet;
    expect(shown).toMatchObject({ Protocol: "udp" });
  }
  expect(Forward).toMatchObject({ Outcome: "delivered", Receiver: { InstanceId: server } });
  // The local route of the whole VPC can lead through it, too.
  const whole = { RouteTableId: outward, DestinationCidrBlock: "10.0.0.0/16" };
  await consumer.ec2.send(new ReplaceRouteCommand({ ...whole, VpcEndpointId: id }));
  await consumer.ec2.send(new ReplaceRouteCommand({ ...whole, LocalTarget: true }));
  const remove = new DeleteVpcEndpointsCommand({ VpcEndpointIds: [id] });
  expect((await consumer.ec2.send(remove)).Unsuccessful).toEqual([
    {
      ResourceId: id,
      Error: {
        Code: "InvalidParameter",
        Message: "Endpoint must be removed from route table before deletion",
      },
    },
  ]);
  for (const route of [there, back]) await consumer.ec2.send(new DeleteRouteCommand(route));
  expect((await consumer.ec2.send(remove)).Unsuccessful).toEqual([]);
});

test("routes to endpoints that are of another VPC, or lead to no appliances", async () => {
  const account = newAccount();
  const [at, other] = [await network(account), await network(account)];
  const subnet = await subnetOf(at, "10.0.1.0/24");
  const table = await tableFor(at, subnet);
  const { id } = await endpoint(at, {});
  const route = { RouteTableId: table, DestinationCidrBlock: "10.9.0.0/16" };
  await refused(
    at.ec2.send(new CreateRouteCommand({ ...route, VpcEndpointId: id })),
    "InvalidParameterValue",
    /not a Gateway/,
  );
  const arn = arnOf(at.account, "gwy");
  const { ServiceConfiguration } = await at.ec2.send(
    new CreateVpcEndpointServiceConfigurationCommand({ GatewayLoadBalancerArns: [arn] }),
  );
  const appliances = await endpoint(other, {
    VpcEndpointType: "GatewayLoadBalancer",
    ServiceName: ServiceConfiguration?.ServiceName ?? "",
    SubnetIds: [await subnetOf(other, "10.0.1.0/24")],
  });
  await refused(
    at.ec2.send(new CreateRouteCommand({ ...route, VpcEndpointId: appliances.id })),
    "InvalidParameterValue",
    /different networks/,
  );
});

test("after a restart endpoints are what the rows say", async () => {
  const folder = mkdtempSync(join(tmpdir(), "islet-endpoints-"));
  try {
    const first = await ownIslet({ memory: false, data: folder });
    const at = await network(newAccount(first));
    const subnet = await subnetOf(at, "10.0.1.0/24");
    const client = await launchIn(at, subnet);
    await endpoint(at, { RouteTableIds: [await tableFor(at, subnet)] });
    const { eni } = await endpoint(at, {
      VpcEndpointType: "Interface",
      ServiceName: "com.amazonaws.us-east-1.xray",
      SubnetIds: [subnet],
      SecurityGroupIds: [at.group],
      PrivateDnsEnabled: false,
    });
    await first.close();
    const second = await ownIslet({ memory: false, data: folder });
    const learned = [
      await exchange({ From: client, To: s3Address }, second),
      await exchange({ From: client, To: eni }, second),
    ].map(({ Learned }) => Learned);
    await second.close();
    expect(learned).toEqual(["answer", "answer"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
