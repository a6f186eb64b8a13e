import {
  AllocateAddressCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateCustomerGatewayCommand,
  CreateInternetGatewayCommand,
  CreateNetworkAclCommand,
  CreateNetworkAclEntryCommand,
  CreateNetworkInterfaceCommand,
  CreateRouteCommand,
  CreateRouteTableCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVolumeCommand,
  CreateVpcCommand,
  CreateVpnConnectionCommand,
  CreateVpnGatewayCommand,
  DeleteVolumeCommand,
  DeleteVpcCommand,
  DescribeImagesCommand,
  DescribeInternetGatewaysCommand,
  DescribeNetworkAclsCommand,
  DescribeVpcsCommand,
  type EC2Client,
  ModifyNetworkInterfaceAttributeCommand,
  ModifyVolumeCommand,
  RunInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  type IpPermission,
} from "@aws-sdk/client-ec2";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Islet } from "../../server/index.ts";
import { Home } from "../cli/islet.ts";
import { freshClient, ownIslet, refused } from "../islet.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "islet-quotas-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function fileOf(content: unknown): string {
  const path = join(folder, "quotas.json");
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

let islet: Islet | undefined;
afterEach(async () => {
  await islet?.close();
  islet = undefined;
});

async function limited(quotas: Readonly<Record<string, number>>): Promise<EC2Client> {
  islet = await ownIslet({ quotas: fileOf(quotas) });
  return freshClient({ islet });
}

const makeVpc = async (ec2: EC2Client): Promise<string> =>
  (await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }))).Vpc?.VpcId ?? "";

const makeGroup = async (ec2: EC2Client, VpcId: string, GroupName: string): Promise<string> =>
  (await ec2.send(new CreateSecurityGroupCommand({ GroupName, Description: "x", VpcId }))).GroupId ?? "";

const makeSubnet = async (ec2: EC2Client, VpcId: string, third = 0): Promise<string> =>
  (await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock: `10.0.${third}.0/24` }))).Subnet?.SubnetId ??
  "";

describe("quotas by count", () => {
  test("VPCs per Region, the default one among them", async () => {
    const ec2 = await limited({ "VPCs per Region": 2 });
    const vpc = await makeVpc(ec2);
    await refused(makeVpc(ec2), "VpcLimitExceeded", "The maximum number of VPCs has been reached.");
    // Each account and each region has its own.
    await makeVpc(await freshClient({ region: "eu-west-1", ...(islet && { islet }) }));
    await ec2.send(new DeleteVpcCommand({ VpcId: vpc }));
    await makeVpc(ec2);
  });

  test("an account is not refused what comes with it", async () => {
    const ec2 = await limited({
      "VPCs per Region": 0,
      "Internet gateways per Region": 0,
      "Subnets per VPC": 0,
    });
    const { Vpcs } = await ec2.send(new DescribeVpcsCommand({}));
    expect(Vpcs?.map(({ IsDefault }) => IsDefault)).toEqual([true]);
    const { InternetGateways } = await ec2.send(new DescribeInternetGatewaysCommand({}));
    expect(InternetGateways).toHaveLength(1);
    await refused(makeVpc(ec2), "VpcLimitExceeded");
  });

  test("subnets, route tables and network ACLs per VPC", async () => {
    const ec2 = await limited({ "L-407747CB": 1, "L-589F43AA": 2, "L-B4A6D682": 2 });
    const [one, two] = [await makeVpc(ec2), await makeVpc(ec2)];
    for (const VpcId of [one, two]) {
      await makeSubnet(ec2, VpcId);
      await refused(
        makeSubnet(ec2, VpcId, 1),
        "SubnetLimitExceeded",
        "The maximum number of subnets has been reached.",
      );
      await ec2.send(new CreateRouteTableCommand({ VpcId }));
      await refused(ec2.send(new CreateRouteTableCommand({ VpcId })), "RouteTableLimitExceeded");
      await ec2.send(new CreateNetworkAclCommand({ VpcId }));
      await refused(ec2.send(new CreateNetworkAclCommand({ VpcId })), "NetworkAclLimitExceeded");
    }
  });

  test("internet gateways and network interfaces per Region", async () => {
    const ec2 = await limited({ "Internet gateways per Region": 2, "Network interfaces per Region": 1 });
    await ec2.send(new CreateInternetGatewayCommand({}));
    await refused(ec2.send(new CreateInternetGatewayCommand({})), "InternetGatewayLimitExceeded");
    const SubnetId = await makeSubnet(ec2, await makeVpc(ec2));
    await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId }));
    await refused(ec2.send(new CreateNetworkInterfaceCommand({ SubnetId })), "NetworkInterfaceLimitExceeded");
  });

  test("gateways and connections of VPNs per Region", async () => {
    const ec2 = await limited({
      "Customer gateways per Region": 1,
      "Virtual private gateways per Region": 1,
      "Site-to-Site VPN connections per Region": 1,
    });
    const device = (IpAddress: string) =>
      ec2.send(new CreateCustomerGatewayCommand({ Type: "ipsec.1", IpAddress }));
    const { CustomerGateway } = await device("203.0.113.7");
    await refused(device("203.0.113.8"), "CustomerGatewayLimitExceeded");
    const gateway = () => ec2.send(new CreateVpnGatewayCommand({ Type: "ipsec.1" }));
    const { VpnGateway } = await gateway();
    await refused(gateway(), "VpnGatewayLimitExceeded");
    const connection = () =>
      ec2.send(
        new CreateVpnConnectionCommand({
          Type: "ipsec.1",
          CustomerGatewayId: CustomerGateway?.CustomerGatewayId,
          VpnGatewayId: VpnGateway?.VpnGatewayId,
        }),
      );
    await connection();
    await refused(connection(), "VpnConnectionLimitExceeded");
  });

  test("Elastic IPs", async () => {
    const ec2 = await limited({ "EC2-VPC Elastic IPs": 1 });
    await ec2.send(new AllocateAddressCommand({}));
    await refused(
      ec2.send(new AllocateAddressCommand({})),
      "AddressLimitExceeded",
      "The maximum number of addresses has been reached.",
    );
  });

  test("security groups per Region, and per interface", async () => {
    const ec2 = await limited({
      "VPC security groups per Region": 4,
      "Security groups per network interface": 1,
    });
    const vpc = await makeVpc(ec2);
    const groups = [await makeGroup(ec2, vpc, "one"), await makeGroup(ec2, vpc, "two")];
    await refused(
      makeGroup(ec2, vpc, "three"),
      "SecurityGroupLimitExceeded",
      `The maximum number of security groups for VPC '${vpc}' has been reached.`,
    );
    const SubnetId = await makeSubnet(ec2, vpc);
    const create = (Groups: string[]) => ec2.send(new CreateNetworkInterfaceCommand({ SubnetId, Groups }));
    await refused(
      create(groups),
      "SecurityGroupsPerInterfaceLimitExceeded",
      "The maximum number of security groups per interface has been reached.",
    );
    const { NetworkInterface } = await create(groups.slice(0, 1));
    await refused(
      ec2.send(
        new ModifyNetworkInterfaceAttributeCommand({
          NetworkInterfaceId: NetworkInterface?.NetworkInterfaceId,
          Groups: groups,
        }),
      ),
      "SecurityGroupsPerInterfaceLimitExceeded",
    );
  });

  test("rules per group: each direction and IP version by itself, groups in both versions", async () => {
    const ec2 = await limited({ "Inbound or outbound rules per security group": 2 });
    const GroupId = await makeGroup(ec2, await makeVpc(ec2), "one");
    const rule = (port: number, rest: Partial<IpPermission>): IpPermission => ({
      IpProtocol: "tcp",
      FromPort: port,
      ToPort: port,
      ...rest,
    });
    const allow = (...IpPermissions: IpPermission[]) =>
      ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
    const ipv4 = { IpRanges: [{ CidrIp: "10.0.0.0/8" }] };
    const ipv6 = { Ipv6Ranges: [{ CidrIpv6: "::/0" }] };
    await allow(rule(1, ipv4));
    const code = "RulesPerSecurityGroupLimitExceeded";
    await refused(
      allow(rule(2, ipv4), rule(3, ipv4)),
      code,
      "The maximum number of rules per security group has been reached.",
    );
    // Nothing of that call was done; one more is possible, and it may be a group, which counts twice.
    await allow(rule(2, { UserIdGroupPairs: [{ GroupId }] }));
    await refused(allow(rule(3, ipv4)), code);
    await allow(rule(3, ipv6));
    await refused(allow(rule(4, ipv6)), code);
  });

  test("routes per table and rules per network ACL", async () => {
    const ec2 = await limited({ "Routes per route table": 1, "Rules per network ACL": 2 });
    const VpcId = await makeVpc(ec2);
    const { RouteTable } = await ec2.send(new CreateRouteTableCommand({ VpcId }));
    const { NetworkInterface } = await ec2.send(
      new CreateNetworkInterfaceCommand({ SubnetId: await makeSubnet(ec2, VpcId) }),
    );
    const route = (destination: { DestinationCidrBlock?: string; DestinationIpv6CidrBlock?: string }) =>
      ec2.send(
        new CreateRouteCommand({
          RouteTableId: RouteTable?.RouteTableId,
          NetworkInterfaceId: NetworkInterface?.NetworkInterfaceId,
          ...destination,
        }),
      );
    await route({ DestinationCidrBlock: "192.168.0.0/16" });
    await refused(
      route({ DestinationCidrBlock: "0.0.0.0/0" }),
      "RouteLimitExceeded",
      "The maximum number of routes has been reached.",
    );
    await route({ DestinationIpv6CidrBlock: "::/0" });

    const { NetworkAcls } = await ec2.send(
      new DescribeNetworkAclsCommand({ Filters: [{ Name: "vpc-id", Values: [VpcId] }] }),
    );
    const NetworkAclId = NetworkAcls?.[0]?.NetworkAclId;
    const entry = (RuleNumber: number, Egress = false) =>
      ec2.send(
        new CreateNetworkAclEntryCommand({
          NetworkAclId,
          RuleNumber,
          Egress,
          Protocol: "-1",
          RuleAction: "allow",
          CidrBlock: "10.0.0.0/8",
        }),
      );
    await entry(200);
    await refused(entry(300), "NetworkAclEntryLimitExceeded");
    await entry(300, true);
  });
});

describe("quotas by amount", () => {
  test("storage for volumes of a type, in TiB", async () => {
    const ec2 = await limited({ "Storage for General Purpose SSD (gp3) volumes, in TiB": 1.5 });
    const make = (Size: number, VolumeType: "gp3" | "gp2" = "gp3") =>
      ec2.send(new CreateVolumeCommand({ AvailabilityZone: "us-east-1a", Size, VolumeType }));
    const { VolumeId } = await make(1024);
    await refused(
      make(513),
      "VolumeLimitExceeded",
      "You have exceeded your maximum gp3 storage limit of 1.5 TiB in this region. Please contact AWS Support to request an Elastic Block Store service limit increase.",
    );
    await make(512);
    await make(16_384, "gp2");
    await refused(ec2.send(new ModifyVolumeCommand({ VolumeId, Size: 1025 })), "VolumeLimitExceeded");
    await ec2.send(new ModifyVolumeCommand({ VolumeId, VolumeType: "gp2" }));
    await ec2.send(new DeleteVolumeCommand({ VolumeId }));
    await make(1024);
  });

  test("vCPUs of running instances, by families", async () => {
    const name = "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances";
    const ec2 = await limited({ [name]: 4 });
    const { Images } = await ec2.send(
      new DescribeImagesCommand({
        Owners: ["amazon"],
        Filters: [
          { Name: "name", Values: ["al2023-ami-2023*"] },
          { Name: "architecture", Values: ["x86_64"] },
        ],
      }),
    );
    const run = async (InstanceType: "t3.micro" | "g4dn.xlarge", MinCount = 1, MaxCount = MinCount) => {
      const { Instances = [] } = await ec2.send(
        new RunInstancesCommand({ ImageId: Images?.[0]?.ImageId, InstanceType, MinCount, MaxCount }),
      );
      return Instances.map(({ InstanceId = "" }) => InstanceId);
    };
    await refused(
      run("t3.micro", 3),
      "VcpuLimitExceeded",
      "You have requested more vCPU capacity than your current vCPU limit of 4 allows for the instance bucket that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.",
    );
    const InstanceIds = await run("t3.micro", 1, 5);
    expect(InstanceIds).toHaveLength(2);
    await refused(run("t3.micro"), "VcpuLimitExceeded");
    // Of others a new account has none.
    await refused(run("g4dn.xlarge"), "VcpuLimitExceeded", /limit of 0 allows/);
    await ec2.send(new StopInstancesCommand({ InstanceIds: InstanceIds.slice(0, 1) }));
    await run("t3.micro");
    await refused(
      ec2.send(new StartInstancesCommand({ InstanceIds: InstanceIds.slice(0, 1) })),
      "VcpuLimitExceeded",
    );
  });
});

describe("the option", () => {
  test("is off unless something is said, and then nothing is limited", async () => {
    const ec2 = await freshClient();
    for (let i = 0; i < 7; i++) {
      expect(await makeVpc(ec2)).toMatch(/^vpc-/);
      await ec2.send(new AllocateAddressCommand({}));
    }
  });

  test("usual is what a new account has", async () => {
    islet = await ownIslet({ quotas: "usual" });
    const ec2 = await freshClient({ islet });
    for (let i = 0; i < 4; i++) await makeVpc(ec2);
    await refused(makeVpc(ec2), "VpcLimitExceeded");
  });

  test("a file has what differs from the usual", async () => {
    const ec2 = await limited({ "VPCs per Region": 7 });
    for (let i = 0; i < 6; i++) await makeVpc(ec2);
    await refused(makeVpc(ec2), "VpcLimitExceeded");
    for (let i = 0; i < 5; i++) await ec2.send(new AllocateAddressCommand({}));
    await refused(ec2.send(new AllocateAddressCommand({})), "AddressLimitExceeded");
  });

  test.each([
    [
      "no file",
      undefined,
      /^cannot read the quotas in .*quotas\.json \(ENOENT\): name a file, off or usual$/,
    ],
    ["no JSON", "{", /^.*quotas\.json is not a JSON object of quotas: /],
    ["a list", [], /is not a JSON object of quotas/],
    [
      "an unknown name",
      { VPCs: 1 },
      /^.*quotas\.json has "VPCs", which is none of the quotas: .*VPCs per Region \(L-F678F1CE\)/,
    ],
    ["a name that every object has", '{"__proto__":1}', /which is none of the quotas/],
    ["no number", { "L-F678F1CE": "5" }, /has "5" for "L-F678F1CE", which is no limit$/],
    ["a number below 0", { "L-F678F1CE": -1 }, /has -1 for "L-F678F1CE", which is no limit$/],
  ])("with %s the server does not start", async (_, content, message) => {
    const quotas = fileOf(content ?? "");
    if (content === undefined) rmSync(quotas);
    await expect(ownIslet({ quotas })).rejects.toThrow(message);
  });

  test("is one of the command line, too", async () => {
    const home = new Home();
    const { code, stderr } = await home.run(
      "start",
      "--port",
      "0",
      "--memory",
      "--quotas",
      fileOf({ VPCs: 1 }),
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(/^islet: .*has "VPCs", which is none of the quotas: [^\n]*\n$/);
    await home.remove();
  });
});
