/** The rules of a VPC's data plane that calls keep, not packets: the rest is in test/network/checklist.test.ts. */
import {
  AcceptVpcPeeringConnectionCommand,
  AllocateAddressCommand,
  AssignPrivateIpAddressesCommand,
  AssociateRouteTableCommand,
  AssociateVpcCidrBlockCommand,
  AttachInternetGatewayCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateInternetGatewayCommand,
  CreateFlowLogsCommand,
  CreateManagedPrefixListCommand,
  CreateNatGatewayCommand,
  CreateNetworkAclCommand,
  CreateNetworkAclEntryCommand,
  CreateNetworkInterfaceCommand,
  CreateRouteCommand,
  CreateRouteTableCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  CreateVpcEncryptionControlCommand,
  CreateVpcEndpointCommand,
  CreateVpcPeeringConnectionCommand,
  DeleteNetworkAclCommand,
  DeleteRouteCommand,
  DeleteRouteTableCommand,
  DeleteSecurityGroupCommand,
  DescribeNetworkAclsCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand,
  DescribeVpcEncryptionControlsCommand,
  DescribeVpcPeeringConnectionsCommand,
  DescribeVpcsCommand,
  EC2Client,
  ModifyVpcEncryptionControlCommand,
  RejectVpcPeeringConnectionCommand,
  ReplaceRouteCommand,
  TerminateInstancesCommand,
  UnassignPrivateIpAddressesCommand,
  type _InstanceType,
} from "@aws-sdk/client-ec2";
import { FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Islet } from "../../server/index.ts";
import { advanceClock } from "../clock.ts";
import { configOf, freshClient, freshKeys, ownIslet, refused } from "../islet.ts";
import { freshLogs } from "../logs/logs.ts";
import { operate } from "../operator.ts";
import { partOf } from "./ipv6Block.ts";
import { launch } from "./launch.ts";

let islet: Islet;
beforeAll(async () => {
  islet = await ownIslet({ quotas: "usual" });
});
afterAll(() => islet.close());

interface Site {
  readonly ec2: EC2Client;
  readonly vpc: string;
  readonly subnet: string;
}

async function site(CidrBlock = "10.0.0.0/16"): Promise<Site> {
  const ec2 = await freshClient({ islet });
  const vpc = await newVpc(ec2, CidrBlock);
  return { ec2, vpc, subnet: await newSubnet(ec2, vpc, "10.0.1.0/24") };
}

const newVpc = async (ec2: EC2Client, CidrBlock: string): Promise<string> => {
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock }));
  return Vpc?.VpcId ?? "";
};

const newSubnet = async (ec2: EC2Client, VpcId: string, CidrBlock: string): Promise<string> => {
  const { Subnet } = await ec2.send(
    new CreateSubnetCommand({ VpcId, CidrBlock, AvailabilityZone: "us-east-1a" }),
  );
  return Subnet?.SubnetId ?? "";
};

const newGroup = async ({ ec2, vpc }: Site, GroupName: string): Promise<string> => {
  const { GroupId = "" } = await ec2.send(
    new CreateSecurityGroupCommand({ VpcId: vpc, GroupName, Description: "d" }),
  );
  return GroupId;
};

const mainTable = async ({ ec2, vpc }: Site) => {
  const { RouteTables } = await ec2.send(
    new DescribeRouteTablesCommand({ Filters: [{ Name: "vpc-id", Values: [vpc] }] }),
  );
  return RouteTables?.[0];
};

test("1.2 a new group lets nothing in and everything out, the default one its own in; that cannot be deleted", async () => {
  const made = await site();
  const { ec2, vpc } = made;
  const id = await newGroup(made, "web");
  const { SecurityGroups = [] } = await ec2.send(
    new DescribeSecurityGroupsCommand({ Filters: [{ Name: "vpc-id", Values: [vpc] }] }),
  );
  const group = SecurityGroups.find(({ GroupId }) => GroupId === id);
  const usual = SecurityGroups.find(({ GroupName }) => GroupName === "default");
  expect(group?.IpPermissions).toEqual([]);
  for (const each of [group, usual]) {
    expect(each?.IpPermissionsEgress).toMatchObject([
      { IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] },
    ]);
  }
  expect(usual?.IpPermissions).toMatchObject([
    { IpProtocol: "-1", UserIdGroupPairs: [{ GroupId: usual?.GroupId }] },
  ]);
  await refused(ec2.send(new DeleteSecurityGroupCommand({ GroupId: usual?.GroupId })), "CannotDelete");
  const source = { IpProtocol: "-1", UserIdGroupPairs: [{ GroupId: id }] };
  await ec2.send(
    new AuthorizeSecurityGroupIngressCommand({ GroupId: usual?.GroupId, IpPermissions: [source] }),
  );
  await refused(ec2.send(new DeleteSecurityGroupCommand({ GroupId: id })), "DependencyViolation");
});

test("1.7 60 rules of IPv4 and 60 of IPv6 in a group, 5 groups at an interface", async () => {
  const made = await site();
  const { ec2, subnet } = made;
  const GroupId = await newGroup(made, "many");
  const allow = (from: number, count: number, ranges: object) =>
    ec2.send(
      new AuthorizeSecurityGroupIngressCommand({
        GroupId,
        IpPermissions: Array.from({ length: count }, (_, i) => ({
          IpProtocol: "tcp",
          FromPort: from + i,
          ToPort: from + i,
          ...ranges,
        })),
      }),
    );
  const ipv4 = { IpRanges: [{ CidrIp: "0.0.0.0/0" }] };
  await allow(1000, 60, ipv4);
  await allow(1000, 60, { Ipv6Ranges: [{ CidrIpv6: "::/0" }] });
  await refused(allow(2000, 1, ipv4), "RulesPerSecurityGroupLimitExceeded");
  const Groups = [GroupId];
  for (let i = 0; i < 5; i++) Groups.push(await newGroup(made, `g${i}`));
  const attach = (groups: string[]) =>
    ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: subnet, Groups: groups }));
  await refused(attach(Groups), "SecurityGroupsPerInterfaceLimitExceeded");
  expect((await attach(Groups.slice(1))).NetworkInterface?.Groups).toHaveLength(5);
});

test("2.4 each subnet has one ACL, the default one at first: 100 allows all; a new one has only *", async () => {
  const { ec2, vpc, subnet } = await site();
  await ec2.send(new CreateNetworkAclCommand({ VpcId: vpc }));
  const { NetworkAcls = [] } = await ec2.send(
    new DescribeNetworkAclsCommand({ Filters: [{ Name: "vpc-id", Values: [vpc] }] }),
  );
  const shown = NetworkAcls.map(({ IsDefault, Associations, Entries }) => ({
    IsDefault,
    subnets: Associations?.map(({ SubnetId }) => SubnetId),
    entries: Entries?.map(
      ({ RuleNumber, RuleAction, Egress }) => `${RuleNumber} ${RuleAction} ${Egress}`,
    ).toSorted(),
  }));
  const last = ["32767 deny false", "32767 deny true"];
  expect(shown).toContainEqual({
    IsDefault: true,
    subnets: [subnet],
    entries: ["100 allow false", "100 allow true", ...last],
  });
  expect(shown).toContainEqual({ IsDefault: false, subnets: [], entries: last });
});

test("2.6 20 entries in each direction; the default ACL cannot be deleted", async () => {
  const { ec2, vpc } = await site();
  const { NetworkAcl } = await ec2.send(new CreateNetworkAclCommand({ VpcId: vpc }));
  const add = (RuleNumber: number) =>
    ec2.send(
      new CreateNetworkAclEntryCommand({
        NetworkAclId: NetworkAcl?.NetworkAclId,
        RuleNumber,
        Protocol: "-1",
        RuleAction: "allow",
        Egress: false,
        CidrBlock: "10.0.0.0/8",
      }),
    );
  for (let i = 1; i <= 20; i++) await add(i);
  await refused(add(21), "NetworkAclEntryLimitExceeded");
  const { NetworkAcls } = await ec2.send(
    new DescribeNetworkAclsCommand({ Filters: [{ Name: "default", Values: ["true"] }] }),
  );
  const NetworkAclId = NetworkAcls?.find(({ VpcId }) => VpcId === vpc)?.NetworkAclId;
  await refused(ec2.send(new DeleteNetworkAclCommand({ NetworkAclId })), "InvalidParameterValue");
});

test("3.1 VPCs and subnets are between /16 and /28, and subnets do not overlap", async () => {
  const { ec2, vpc } = await site();
  for (const CidrBlock of ["10.0.0.0/15", "10.0.0.0/29"]) {
    await refused(ec2.send(new CreateVpcCommand({ CidrBlock })), "InvalidVpc.Range");
  }
  await refused(newSubnet(ec2, vpc, "10.0.9.0/29"), "InvalidSubnet.Range");
  await refused(newSubnet(ec2, vpc, "10.0.1.128/25"), "InvalidSubnet.Conflict");
  const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId: vpc, CidrBlock: "10.0.2.0/28" }));
  expect(Subnet?.AvailableIpAddressCount).toBe(11);
});

test("3.1 a VPC has five IPv4 blocks at most", async () => {
  const { ec2, vpc: VpcId } = await site();
  const add = (n: number) =>
    ec2.send(new AssociateVpcCidrBlockCommand({ VpcId, CidrBlock: `10.${n}.0.0/16` }));
  for (let n = 1; n < 5; n++) await add(n);
  await refused(add(5), "CidrLimitExceeded");
});

test("3.2 subnets have IPv6 blocks from /44 to /64, in steps of four", async () => {
  const { ec2 } = await site();
  const { Vpc } = await ec2.send(
    new CreateVpcCommand({ CidrBlock: "10.1.0.0/16", AmazonProvidedIpv6CidrBlock: true }),
  );
  const VpcId = Vpc?.VpcId ?? "";
  const { Vpcs } = await ec2.send(new DescribeVpcsCommand({ VpcIds: [VpcId] }));
  const block = Vpcs?.[0]?.Ipv6CidrBlockAssociationSet?.[0]?.Ipv6CidrBlock;
  const subnet = (n: number, length: number) =>
    ec2.send(
      new CreateSubnetCommand({
        VpcId,
        CidrBlock: `10.1.${n}.0/24`,
        Ipv6CidrBlock: partOf(block, `${n}0`, length),
      }),
    );
  await refused(subnet(1, 62), "InvalidSubnet.Range");
  for (const [n, length] of [
    [1, 60],
    [2, 64],
  ] as const) {
    const { Subnet } = await subnet(n, length);
    expect(Subnet?.Ipv6CidrBlockAssociationSet).toHaveLength(1);
  }
});

test("3.3 200 subnets and 200 route tables in a VPC", { timeout: 60_000 }, async () => {
  const { ec2, vpc } = await site();
  for (let i = 1; i < 200; i++) await newSubnet(ec2, vpc, `10.0.${2 + (i >> 3)}.${(i & 7) * 16}/28`);
  await refused(newSubnet(ec2, vpc, "10.0.200.0/28"), "SubnetLimitExceeded");
  const table = () => ec2.send(new CreateRouteTableCommand({ VpcId: vpc }));
  for (let i = 1; i < 200; i++) await table();
  await refused(table(), "RouteTableLimitExceeded");
});

test("3.3 500 routes of each family in a table, of which a prefix list takes as many as it may have entries", async () => {
  const made = await site();
  const { ec2, subnet } = made;
  const RouteTableId = (await mainTable(made))?.RouteTableId;
  const { NetworkInterface } = await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: subnet }));
  const NetworkInterfaceId = NetworkInterface?.NetworkInterfaceId;
  const add = (destination: object) =>
    ec2.send(new CreateRouteCommand({ RouteTableId, NetworkInterfaceId, ...destination }));
  const { PrefixList } = await ec2.send(
    new CreateManagedPrefixListCommand({ PrefixListName: "many", MaxEntries: 499, AddressFamily: "IPv4" }),
  );
  await add({ DestinationPrefixListId: PrefixList?.PrefixListId });
  await add({ DestinationCidrBlock: "172.16.1.0/24" });
  await refused(add({ DestinationCidrBlock: "172.16.2.0/24" }), "RouteLimitExceeded");
  await add({ DestinationIpv6CidrBlock: "2001:db8::/64" });
});

test("4.4 a primary address cannot be moved, a secondary one can", async () => {
  const { ec2, subnet } = await site();
  const add = async (PrivateIpAddress: string) => {
    const { NetworkInterface } = await ec2.send(
      new CreateNetworkInterfaceCommand({ SubnetId: subnet, PrivateIpAddress }),
    );
    return NetworkInterface;
  };
  const [one, two] = [await add("10.0.1.10"), await add("10.0.1.20")];
  expect([one?.SourceDestCheck, two?.SourceDestCheck]).toEqual([true, true]);
  const assign = (NetworkInterfaceId: string | undefined, address: string) =>
    ec2.send(
      new AssignPrivateIpAddressesCommand({
        NetworkInterfaceId,
        PrivateIpAddresses: [address],
        AllowReassignment: true,
      }),
    );
  await assign(one?.NetworkInterfaceId, "10.0.1.11");
  await assign(two?.NetworkInterfaceId, "10.0.1.11");
  const primary = {
    NetworkInterfaceId: one?.NetworkInterfaceId,
    PrivateIpAddresses: ["10.0.1.10"],
  };
  await refused(ec2.send(new UnassignPrivateIpAddressesCommand(primary)), "InvalidParameterValue");
});

test("5.1 the local route cannot be deleted", async () => {
  const made = await site();
  const table = await mainTable(made);
  expect(table?.Routes).toMatchObject([{ DestinationCidrBlock: "10.0.0.0/16", GatewayId: "local" }]);
  const RouteTableId = table?.RouteTableId;
  await refused(
    made.ec2.send(new DeleteRouteCommand({ RouteTableId, DestinationCidrBlock: "10.0.0.0/16" })),
    "InvalidParameterValue",
  );
});

test("5.2 the main table cannot be deleted", async () => {
  const made = await site();
  const table = await mainTable(made);
  await refused(
    made.ec2.send(new DeleteRouteTableCommand({ RouteTableId: table?.RouteTableId })),
    "DependencyViolation",
  );
  const { RouteTable } = await made.ec2.send(new CreateRouteTableCommand({ VpcId: made.vpc }));
  const { AssociationId } = await made.ec2.send(
    new AssociateRouteTableCommand({ RouteTableId: RouteTable?.RouteTableId, SubnetId: made.subnet }),
  );
  expect(AssociationId).toMatch(/^rtbassoc-/);
});

test("5.5 a route within the VPC's range is to a whole subnet", async () => {
  const made = await site();
  const { ec2, subnet } = made;
  const RouteTableId = (await mainTable(made))?.RouteTableId;
  const { NetworkInterface } = await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: subnet }));
  const lead = (DestinationCidrBlock: string) =>
    ec2.send(
      new CreateRouteCommand({
        RouteTableId,
        DestinationCidrBlock,
        NetworkInterfaceId: NetworkInterface?.NetworkInterfaceId,
      }),
    );
  await refused(lead("10.0.1.0/25"), "InvalidParameterValue");
  await lead("10.0.1.0/24");
});

test("5.8 what no route can be to", async () => {
  const made = await site();
  const { ec2, subnet: SubnetId } = made;
  const RouteTableId = (await mainTable(made))?.RouteTableId;
  const { NetworkInterface } = await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId }));
  const NetworkInterfaceId = NetworkInterface?.NetworkInterfaceId;
  const add = (destination: object) =>
    ec2.send(new CreateRouteCommand({ RouteTableId, NetworkInterfaceId, ...destination }));
  await refused(add({ DestinationCidrBlock: "169.254.168.0/22" }), "InvalidParameterValue");
  await refused(add({ DestinationCidrBlock: "169.254.169.254/32" }), "InvalidParameterValue");
  await refused(add({ DestinationIpv6CidrBlock: "fd00:ec2::/64" }), "InvalidParameterValue");
  await add({ DestinationCidrBlock: "169.254.0.0/16" });
});

test("5.10 a gateway's table leads through an interface, to the VPC or a subnet of it, and learns nothing", async () => {
  const made = await site();
  const { ec2, vpc: VpcId, subnet: SubnetId } = made;
  const { InternetGateway } = await ec2.send(new CreateInternetGatewayCommand({}));
  const GatewayId = InternetGateway?.InternetGatewayId ?? "";
  await ec2.send(new AttachInternetGatewayCommand({ VpcId, InternetGatewayId: GatewayId }));
  const { NetworkInterface } = await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId }));
  const NetworkInterfaceId = NetworkInterface?.NetworkInterfaceId;
  const newTable = async () =>
    (await ec2.send(new CreateRouteTableCommand({ VpcId }))).RouteTable?.RouteTableId ?? "";
  const associate = (RouteTableId: string) =>
    ec2.send(new AssociateRouteTableCommand({ RouteTableId, GatewayId }));
  const add = (RouteTableId: string, DestinationCidrBlock: string, target: object = { NetworkInterfaceId }) =>
    ec2.send(new CreateRouteCommand({ RouteTableId, DestinationCidrBlock, ...target }));
  const invalid = "InvalidParameterValue";
  await refused(associate((await mainTable(made))?.RouteTableId ?? ""), invalid);
  for (const [to, target] of [
    ["0.0.0.0/0", { GatewayId }],
    ["0.0.0.0/0", { NetworkInterfaceId }],
    ["10.0.0.0/8", { NetworkInterfaceId }],
  ] as const) {
    const table = await newTable();
    await add(table, to, target);
    await refused(associate(table), invalid, /cannot be in the route table rtb-\w+ of a gateway/);
  }
  const table = await newTable();
  await associate(table);
  await refused(add(table, "0.0.0.0/0"), invalid);
  await refused(add(table, "192.168.0.0/16"), invalid);
  await refused(add(table, "10.0.1.0/25"), invalid);
  await refused(add(table, "10.0.1.0/24", { GatewayId }), invalid);
  const { PrefixList } = await ec2.send(
    new CreateManagedPrefixListCommand({ PrefixListName: "l", MaxEntries: 1, AddressFamily: "IPv4" }),
  );
  const DestinationPrefixListId = PrefixList?.PrefixListId;
  await refused(
    ec2.send(new CreateRouteCommand({ RouteTableId: table, DestinationPrefixListId, NetworkInterfaceId })),
    invalid,
  );
  await add(table, "10.0.1.0/24");
  const whole = { RouteTableId: table, DestinationCidrBlock: "10.0.0.0/16" };
  await ec2.send(new ReplaceRouteCommand({ ...whole, NetworkInterfaceId }));
  await ec2.send(new ReplaceRouteCommand({ ...whole, LocalTarget: true }));
});

test("7.6 5 NAT gateways in a zone", async () => {
  const { ec2, subnet } = await site();
  const add = () => ec2.send(new CreateNatGatewayCommand({ SubnetId: subnet, ConnectivityType: "private" }));
  for (let i = 0; i < 5; i++) await add();
  await refused(add(), "NatGatewayLimitExceeded");
  expect((await ec2.send(new AllocateAddressCommand({}))).PublicIp).toBeDefined();
});

test("8.2 no block of the one VPC overlaps one of the other", async () => {
  const { ec2, vpc } = await site();
  const peer = async (PeerVpcId: string) => {
    const { VpcPeeringConnection } = await ec2.send(
      new CreateVpcPeeringConnectionCommand({ VpcId: vpc, PeerVpcId }),
    );
    const { VpcPeeringConnections } = await ec2.send(
      new DescribeVpcPeeringConnectionsCommand({
        VpcPeeringConnectionIds: [VpcPeeringConnection?.VpcPeeringConnectionId ?? ""],
      }),
    );
    return VpcPeeringConnections?.[0]?.Status?.Code;
  };
  expect(await peer(await newVpc(ec2, "10.0.128.0/17"))).toBe("failed");
  expect(await peer(await newVpc(ec2, "10.1.0.0/16"))).toBe("pending-acceptance");
});

test("8.3 a request waits for 7 days, or is rejected", async () => {
  const { ec2, vpc } = await site();
  const { VpcPeeringConnection } = await ec2.send(
    new CreateVpcPeeringConnectionCommand({ VpcId: vpc, PeerVpcId: await newVpc(ec2, "10.1.0.0/16") }),
  );
  const { VpcPeeringConnectionId = "", ExpirationTime } = VpcPeeringConnection ?? {};
  const days = ((ExpirationTime?.getTime() ?? 0) - Date.now()) / 86_400_000;
  expect(Math.round(days)).toBe(7);
  await ec2.send(new RejectVpcPeeringConnectionCommand({ VpcPeeringConnectionId }));
  const { VpcPeeringConnections } = await ec2.send(
    new DescribeVpcPeeringConnectionsCommand({ VpcPeeringConnectionIds: [VpcPeeringConnectionId] }),
  );
  expect(VpcPeeringConnections?.[0]?.Status?.Code).toBe("rejected");
});

test("8.2 there is one connection between two VPCs", async () => {
  const { ec2, vpc } = await site();
  const other = await newVpc(ec2, "10.1.0.0/16");
  const connect = async (VpcId: string, PeerVpcId: string) => {
    const { VpcPeeringConnection } = await ec2.send(
      new CreateVpcPeeringConnectionCommand({ VpcId, PeerVpcId }),
    );
    const { VpcPeeringConnectionId } = VpcPeeringConnection ?? {};
    return ec2.send(new AcceptVpcPeeringConnectionCommand({ VpcPeeringConnectionId }));
  };
  await connect(vpc, other);
  await refused(connect(other, vpc), "VpcPeeringConnectionAlreadyExists");
});

test("9.1 the route of a gateway endpoint is not edited by hand, and there is one for a service in a table", async () => {
  const made = await site();
  const { ec2, vpc: VpcId } = made;
  const RouteTableId = (await mainTable(made))?.RouteTableId ?? "";
  const connect = new CreateVpcEndpointCommand({
    VpcId,
    ServiceName: "com.amazonaws.us-east-1.s3",
    RouteTableIds: [RouteTableId],
  });
  const { VpcEndpoint } = await ec2.send(connect);
  const GatewayId = VpcEndpoint?.VpcEndpointId;
  const route = (await mainTable(made))?.Routes?.find((each) => each.GatewayId === GatewayId);
  const DestinationPrefixListId = route?.DestinationPrefixListId;
  expect(DestinationPrefixListId).toMatch(/^pl-/);
  const where = { RouteTableId, DestinationPrefixListId };
  await refused(ec2.send(new DeleteRouteCommand(where)), "InvalidParameterValue");
  await refused(ec2.send(new ReplaceRouteCommand({ ...where, GatewayId })), "InvalidRoute.NotFound");
  await refused(ec2.send(connect), "RouteAlreadyExists");
});

test("13.1 an encryption control watches a VPC, or lets in only what encrypts", async () => {
  const { ec2, vpc: VpcId, subnet: SubnetId } = await site();
  const { VpcEncryptionControl } = await ec2.send(new CreateVpcEncryptionControlCommand({ VpcId }));
  const { VpcEncryptionControlId } = VpcEncryptionControl ?? {};
  const mode = async () =>
    (
      await ec2.send(new DescribeVpcEncryptionControlsCommand({ VpcIds: [VpcId] }))
    ).VpcEncryptionControls?.map(({ Mode, State }) => `${Mode} ${State}`);
  expect(await mode()).toEqual(["monitor available"]);
  const plain = await launch(ec2, { SubnetId, InstanceType: "t3.micro" });
  const enforce = () =>
    ec2.send(new ModifyVpcEncryptionControlCommand({ VpcEncryptionControlId, Mode: "enforce" }));
  await enforce();
  expect(await mode()).toEqual(["monitor enforce-failed"]);
  await ec2.send(new TerminateInstancesCommand({ InstanceIds: [plain] }));
  await enforce();
  expect(await mode()).toEqual(["enforce available"]);
  await refused(launch(ec2, { SubnetId, InstanceType: "t3.micro" }), "OperationNotPermitted");
  expect(await launch(ec2, { SubnetId, InstanceType: "m6i.large" })).toMatch(/^i-/);
});

test("13.2 flow logs of a watched VPC tell whether packets were encrypted, which pass in any case", async () => {
  const keys = freshKeys(islet);
  const ec2 = new EC2Client(configOf(islet, keys));
  const logs = await freshLogs(islet, keys);
  const VpcId = await newVpc(ec2, "10.0.0.0/16");
  const SubnetId = await newSubnet(ec2, VpcId, "10.0.1.0/24");
  const start = async (InstanceType: _InstanceType) => launch(ec2, { SubnetId, InstanceType });
  const [one, two] = [await start("m6i.large"), await start("m6i.large")];
  await ec2.send(
    new CreateFlowLogsCommand({
      ResourceType: "VPC",
      ResourceIds: [VpcId],
      TrafficType: "ALL",
      LogGroupName: "flows",
      DeliverLogsPermissionArn: "arn:aws:iam::123456789012:role/flow-logs",
      MaxAggregationInterval: 60,
      LogFormat: "${encryption-status} ${action} ${flow-direction}",
    }),
  );
  await operate(islet, "POST clock", { Frozen: true });
  const seen: number[] = [];
  const told = async (From: string, To: string) => {
    await operate(islet, "POST packets", { Region: "us-east-1", From, To, Protocol: "udp", Port: 53 });
    await advanceClock(islet, 120);
    const { events = [] } = await logs.send(
      new FilterLogEventsCommand({ logGroupName: "flows", filterPattern: "egress" }),
    );
    const [before = 0] = seen.splice(0, 1, events.length);
    return events.slice(before).map(({ message = "" }) => message.replace(" egress", ""));
  };
  expect(await told(one, two)).toEqual(["- ACCEPT"]);
  await ec2.send(new CreateVpcEncryptionControlCommand({ VpcId }));
  expect(await told(one, two)).toEqual(["1 ACCEPT"]);
  await ec2.send(new TerminateInstancesCommand({ InstanceIds: [two] }));
  expect(await told(one, await start("t3.micro"))).toEqual(["0 ACCEPT"]);
});
