import {
  CreateRouteCommand,
  CreateRouteTableCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  CreateVpcEndpointCommand,
  DeleteNetworkInterfaceCommand,
  DeleteRouteCommand,
  DeleteRouteTableCommand,
  DeleteSecurityGroupCommand,
  DeleteSubnetCommand,
  DeleteVpcCommand,
  DeleteVpcEndpointsCommand,
  DescribeNetworkInterfacesCommand,
  DescribePrefixListsCommand,
  DescribeRouteTablesCommand,
  DescribeVpcEndpointAssociationsCommand,
  DescribeVpcEndpointServicesCommand,
  DescribeVpcEndpointsCommand,
  ModifyVpcAttributeCommand,
  ModifyVpcEndpointCommand,
  ModifyVpcEndpointPayerResponsibilityCommand,
  type EC2Client,
  type CreateVpcEndpointCommandInput,
  type Filter,
  type VpcEndpoint,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freshClient, ownIslet, refused } from "../islet.ts";

const S3 = "com.amazonaws.us-east-1.s3";
const STS = "com.amazonaws.us-east-1.sts";
const EC2 = "com.amazonaws.us-east-1.ec2";

interface Site {
  readonly ec2: EC2Client;
  readonly vpc: string;
  readonly a: string;
  readonly b: string;
  readonly group: string;
  readonly table: string;
}

const addSubnet = async (ec2: EC2Client, VpcId: string, CidrBlock: string, zone: string): Promise<string> => {
  const AvailabilityZone = `us-east-1${zone}`;
  const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock, AvailabilityZone }));
  return Subnet?.SubnetId ?? "";
};

/** A VPC that gives names, with a subnet in each of two zones, a group and a route table. */
async function site(): Promise<Site> {
  const ec2 = await freshClient();
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
  const vpc = Vpc?.VpcId ?? "";
  await ec2.send(new ModifyVpcAttributeCommand({ VpcId: vpc, EnableDnsHostnames: { Value: true } }));
  const { GroupId = "" } = await ec2.send(
    new CreateSecurityGroupCommand({ VpcId: vpc, GroupName: "g", Description: "g" }),
  );
  const { RouteTable } = await ec2.send(new CreateRouteTableCommand({ VpcId: vpc }));
  return {
    ec2,
    vpc,
    a: await addSubnet(ec2, vpc, "10.0.1.0/24", "a"),
    b: await addSubnet(ec2, vpc, "10.0.2.0/24", "b"),
    group: GroupId,
    table: RouteTable?.RouteTableId ?? "",
  };
}

const create = async (
  { ec2, vpc }: Site,
  asked: Partial<CreateVpcEndpointCommandInput>,
): Promise<VpcEndpoint> => {
  const { VpcEndpoint = {} } = await ec2.send(
    new CreateVpcEndpointCommand({ VpcId: vpc, ServiceName: S3, ...asked }),
  );
  return VpcEndpoint;
};

const statementWith = (more: object = {}): string =>
  JSON.stringify({ Effect: "Allow", Principal: "*", Action: "*", Resource: "*", ...more });

const shown = async ({ ec2 }: Pick<Site, "ec2">, id = ""): Promise<VpcEndpoint> => {
  const { VpcEndpoints } = await ec2.send(new DescribeVpcEndpointsCommand({ VpcEndpointIds: [id] }));
  return VpcEndpoints?.[0] ?? {};
};

const routesOf = async ({ ec2, table }: Site) => {
  const { RouteTables } = await ec2.send(new DescribeRouteTablesCommand({ RouteTableIds: [table] }));
  return RouteTables?.[0]?.Routes ?? [];
};

const interfaceType = "Interface" as const;
const gone = { VpcEndpointIds: ["vpce-0123456789abcdef0"] };

describe("what it refuses to parse", () => {
  test("ids that are none, or of nobody", async () => {
    const { ec2 } = await site();
    await refused(
      ec2.send(new DescribeVpcEndpointsCommand({ VpcEndpointIds: ["x"] })),
      "InvalidVpcEndpointId.Malformed",
      'Invalid id: "x" (expecting "vpce-...")',
    );
    await refused(
      ec2.send(new DescribeVpcEndpointsCommand(gone)),
      "InvalidVpcEndpointId.NotFound",
      "The Vpc Endpoint Id 'vpce-0123456789abcdef0' does not exist",
    );
    await refused(
      ec2.send(new DescribeVpcEndpointAssociationsCommand(gone)),
      "InvalidVpcEndpointId.NotFound",
    );
  });

  test.each([
    ["no JSON", "{"],
    ["no object", "[]"],
    ["no statement", "{}"],
    ["an empty list of statements", '{"Statement":[]}'],
    ["another version", '{"Version":"2020-01-01","Statement":{}}'],
    ["a statement without an effect", '{"Statement":{"Action":"*","Resource":"*","Principal":"*"}}'],
    [
      "a statement with an action and its opposite",
      '{"Statement":{"Effect":"Deny","Action":"*","NotAction":"*","Resource":"*","Principal":"*"}}',
    ],
    ["a statement about nobody", '{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}'],
    ["a condition that there is not", `{"Statement":${statementWith({ Condition: { Is: { a: "b" } } })}}`],
    ["a date that is none", `{"Statement":${statementWith({ Condition: { DateEquals: { a: "b" } } })}}`],
    ["a statement with a member that there is not", `{"Statement":${statementWith({ Actions: "*" })}}`],
    ["a policy that is too long", `{"Statement":${statementWith()}}${" ".repeat(20_481)}`],
  ])("a policy that is %s", async (_what, PolicyDocument) => {
    const at = await site();
    await refused(create(at, { PolicyDocument }), "InvalidPolicyDocument");
    const { VpcEndpointId } = await create(at, {});
    await refused(
      at.ec2.send(new ModifyVpcEndpointCommand({ VpcEndpointId, PolicyDocument })),
      "InvalidPolicyDocument",
    );
  });

  test("says where a policy is wrong", async () => {
    const at = await site();
    const json = /^The specified policy document is not a valid JSON policy document\.$/;
    await refused(create(at, { PolicyDocument: "{" }), "InvalidPolicyDocument", json);
    const PolicyDocument = `{"Statement": [\n${statementWith()},\n  ${statementWith({ Effect: "Maybe" })}]}`;
    await refused(
      create(at, { PolicyDocument }),
      "InvalidPolicyDocument",
      "The Policy Document is not valid. Syntax error at position (3,3)",
    );
  });

  test("filters that there are not", async () => {
    const { ec2 } = await site();
    const Filters: Filter[] = [{ Name: "nonsense", Values: ["x"] }];
    await refused(ec2.send(new DescribeVpcEndpointsCommand({ Filters })), "InvalidParameterValue");
    await refused(ec2.send(new DescribeVpcEndpointServicesCommand({ Filters })), "InvalidParameterValue");
  });
});

describe("what it refuses to do", () => {
  test("endpoints of services that are not there, or not of the type", async () => {
    const at = await site();
    await refused(
      create(at, { ServiceName: "com.amazonaws.us-east-1.nothing" }),
      "InvalidServiceName",
      "The Vpc Endpoint Service 'com.amazonaws.us-east-1.nothing' does not exist",
    );
    await refused(create(at, { ServiceName: "com.amazonaws.eu-west-1.s3" }), "InvalidServiceName");
    await refused(
      create(at, { ServiceName: STS }),
      "InvalidParameter",
      "Endpoint type (Gateway) does not match available service types ([Interface]).",
    );
    await refused(
      at.ec2.send(new CreateVpcEndpointCommand({ VpcId: at.vpc })),
      "MissingParameter",
      /serviceName/,
    );
  });

  test("what is not built", async () => {
    const at = await site();
    await refused(create(at, { VpcEndpointType: "Resource" }), "UnsupportedOperation");
    await refused(create(at, { VpcEndpointType: "ServiceNetwork" }), "UnsupportedOperation");
    await refused(create(at, { ServiceNetworkArn: "arn" }), "UnsupportedOperation");
    await refused(create(at, { ServiceRegion: "eu-nowhere-1" }), "InvalidParameter");
    // Few of Amazon's services are offered in other Regions than their own, and none as a gateway.
    const far = { ServiceRegion: "eu-west-1", ServiceName: "com.amazonaws.eu-west-1.sts" };
    await refused(create(at, far), "InvalidServiceName");
    await refused(
      create(at, { ...far, ServiceName: "com.amazonaws.eu-west-1.dynamodb" }),
      "InvalidServiceName",
    );
    const { VpcEndpointId } = await create(at, {});
    await refused(
      at.ec2.send(
        new ModifyVpcEndpointPayerResponsibilityCommand({
          VpcEndpointId,
          PayerResponsibility: "resource-gateway-account",
          Scope: "resource-gateway-charges",
        }),
      ),
      "UnsupportedOperation",
    );
    await refused(
      at.ec2.send(
        new ModifyVpcEndpointPayerResponsibilityCommand({
          VpcEndpointId,
          PayerResponsibility: "vpc-endpoint-service-account",
          Scope: "vpc-endpoint-charges",
        }),
      ),
      "MissingParameter",
    );
  });

  test("what is of another type of endpoint", async () => {
    const at = await site();
    const wrong: Partial<CreateVpcEndpointCommandInput>[] = [
      { SubnetIds: [at.a] },
      { SecurityGroupIds: [at.group] },
      { PrivateDnsEnabled: true },
      { IpAddressType: "dualstack" },
      { VpcEndpointType: interfaceType, ServiceName: STS, RouteTableIds: [at.table] },
      { VpcEndpointType: interfaceType, ServiceName: STS, IpAddressType: "ipv6", SubnetIds: [at.a] },
      {
        VpcEndpointType: interfaceType,
        ServiceName: "com.amazonaws.us-east-1.xray",
        IpAddressType: "dualstack",
      },
      { VpcEndpointType: interfaceType, ServiceName: STS, DnsOptions: { DnsRecordIpType: "ipv6" } },
      {
        VpcEndpointType: interfaceType,
        ServiceName: STS,
        DnsOptions: { PrivateDnsPreference: "ALL_DOMAINS" },
      },
    ];
    for (const each of wrong) await refused(create(at, each), "InvalidParameter");
    const { VpcEndpointId } = await create(at, {});
    await refused(
      at.ec2.send(new ModifyVpcEndpointCommand({ VpcEndpointId, AddSubnetIds: [at.a] })),
      "InvalidParameter",
      /AddSubnetIds/,
    );
  });

  test("what is in another VPC", async () => {
    const at = await site();
    const { Vpc } = await at.ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
    const other = { ...at, vpc: Vpc?.VpcId ?? "" };
    const asked = { VpcEndpointType: interfaceType, ServiceName: STS, PrivateDnsEnabled: false };
    await refused(create(other, { RouteTableIds: [at.table] }), "InvalidParameter", /does not belong/);
    await refused(create(other, { ...asked, SubnetIds: [at.a] }), "InvalidParameter", /does not belong/);
    await refused(
      create(other, { ...asked, SecurityGroupIds: [at.group] }),
      "InvalidParameter",
      /different networks/,
    );
  });

  test("two routes to a service in one table, and routes by hand", async () => {
    const at = await site();
    const { VpcEndpointId } = await create(at, { RouteTableIds: [at.table] });
    await refused(
      create(at, { RouteTableIds: [at.table] }),
      "RouteAlreadyExists",
      `route table ${at.table} already has a route with destination-prefix-list-id pl-63a5400a`,
    );
    const route = { RouteTableId: at.table, DestinationPrefixListId: "pl-63a5400a" };
    await refused(
      at.ec2.send(new DeleteRouteCommand(route)),
      "InvalidParameterValue",
      `cannot remove VPC endpoint route pl-63a5400a in route table ${at.table}`,
    );
    await refused(at.ec2.send(new CreateRouteCommand({ ...route, VpcEndpointId })), "InvalidParameterValue");
  });

  test("two subnets in one zone", async () => {
    const at = await site();
    const c = await addSubnet(at.ec2, at.vpc, "10.0.3.0/24", "a");
    await refused(
      create(at, { VpcEndpointType: interfaceType, ServiceName: STS, SubnetIds: [at.a, c] }),
      "DuplicateSubnetsInSameZone",
      `Found another VPC endpoint subnet in the availability zone of ${c}. VPC endpoint subnets should be in different availability zones supported by the VPC endpoint service.`,
    );
  });

  test("addresses that do not fit", async () => {
    const at = await site();
    const asked = { VpcEndpointType: interfaceType, ServiceName: STS };
    const withSubnet = (more: object) =>
      create(at, { ...asked, SubnetConfigurations: [{ SubnetId: at.a, ...more }] });
    await refused(withSubnet({ Ipv4: "x" }), "InvalidParameter");
    await refused(withSubnet({ Ipv6: "10.0.1.7" }), "InvalidParameter");
    await refused(withSubnet({ Ipv6: "2600::1" }), "InvalidParameter");
    await refused(withSubnet({ SubnetId: undefined, Ipv4: "10.0.1.7" }), "MissingParameter");
    const twice = [{ SubnetId: at.a }, { SubnetId: at.a }];
    await refused(create(at, { ...asked, SubnetConfigurations: twice }), "InvalidParameter", /twice/);
  });

  test("private DNS where the VPC gives no names, where it is taken, where there is none", async () => {
    const at = await site();
    const asked = { VpcEndpointType: interfaceType, ServiceName: STS };
    await create(at, asked);
    await refused(
      create(at, { ...asked, PrivateDnsEnabled: true }),
      "InvalidParameter",
      `private-dns-enabled cannot be set because there is already a conflicting DNS domain for sts.us-east-1.amazonaws.com in the VPC ${at.vpc}`,
    );
    await at.ec2.send(new ModifyVpcAttributeCommand({ VpcId: at.vpc, EnableDnsHostnames: { Value: false } }));
    await refused(
      create(at, { ...asked, ServiceName: EC2 }),
      "InvalidParameter",
      `Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for ${at.vpc}`,
    );
    const DnsOptions = { PrivateDnsOnlyForInboundResolverEndpoint: true };
    await refused(create(at, { ...asked, PrivateDnsEnabled: false, DnsOptions }), "InvalidParameter");
  });

  test("private DNS for inbound resolvers without a gateway endpoint", async () => {
    const at = await site();
    const DnsOptions = { PrivateDnsOnlyForInboundResolverEndpoint: true };
    const asked = { VpcEndpointType: interfaceType, PrivateDnsEnabled: true, DnsOptions };
    await refused(create(at, asked), "InvalidParameter", /must have a Gateway endpoint/);
    await create(at, {});
    const { DnsEntries } = await create(at, asked);
    expect(DnsEntries?.map(({ DnsName }) => DnsName)).toContain("s3.us-east-1.amazonaws.com");
  });

  test("to change what is not there", async () => {
    const at = await site();
    const { VpcEndpointId } = await create(at, { VpcEndpointType: interfaceType, ServiceName: STS });
    const modify = (more: object) => at.ec2.send(new ModifyVpcEndpointCommand({ VpcEndpointId, ...more }));
    await refused(modify({ RemoveSubnetIds: [at.a] }), "InvalidParameter", /not associated/);
    await refused(modify({ RemoveSecurityGroupIds: [at.group] }), "InvalidParameter", /not associated/);
    const Groups = (await shown(at, VpcEndpointId)).Groups?.map(({ GroupId = "" }) => GroupId);
    await refused(modify({ RemoveSecurityGroupIds: Groups }), "InvalidParameter", /at least one/);
    await refused(modify({ ResetPolicy: true, PolicyDocument: "{}" }), "InvalidParameterCombination");
    const gateway = await create(at, {});
    await refused(
      at.ec2.send(
        new ModifyVpcEndpointCommand({
          VpcEndpointId: gateway.VpcEndpointId,
          RemoveRouteTableIds: [at.table],
        }),
      ),
      "InvalidParameter",
      /not associated/,
    );
  });

  test("to delete what is somebody else's, or what an endpoint needs", async () => {
    const at = await site();
    const { VpcEndpointId = "", NetworkInterfaceIds } = await create(at, {
      VpcEndpointType: interfaceType,
      ServiceName: STS,
      SubnetIds: [at.a],
      SecurityGroupIds: [at.group],
    });
    const stranger = await freshClient();
    const { Unsuccessful } = await stranger.send(
      new DeleteVpcEndpointsCommand({ VpcEndpointIds: [VpcEndpointId] }),
    );
    expect(Unsuccessful).toEqual([
      {
        ResourceId: VpcEndpointId,
        Error: {
          Code: "InvalidVpcEndpointId.NotFound",
          Message: `The Vpc Endpoint Id '${VpcEndpointId}' does not exist`,
        },
      },
    ]);
    await refused(at.ec2.send(new DeleteVpcCommand({ VpcId: at.vpc })), "DependencyViolation");
    await refused(at.ec2.send(new DeleteSubnetCommand({ SubnetId: at.a })), "DependencyViolation");
    await refused(at.ec2.send(new DeleteSecurityGroupCommand({ GroupId: at.group })), "DependencyViolation");
    await refused(
      at.ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: NetworkInterfaceIds?.[0] })),
      "InvalidParameterValue",
    );
  });

  test("more endpoints than the quotas allow", async () => {
    const folder = mkdtempSync(join(tmpdir(), "islet-endpoints-"));
    const quotas = join(folder, "quotas.json");
    writeFileSync(
      quotas,
      JSON.stringify({ "Gateway VPC endpoints per Region": 1, "Interface VPC endpoints per VPC": 0 }),
    );
    const islet = await ownIslet({ quotas });
    try {
      const ec2 = await freshClient({ islet });
      const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
      const at = { ec2, vpc: Vpc?.VpcId ?? "", a: "", b: "", group: "", table: "" };
      await create(at, {});
      await refused(create(at, {}), "VpcEndpointLimitExceeded");
      await refused(create(at, { VpcEndpointType: interfaceType }), "VpcEndpointLimitExceeded");
    } finally {
      await islet.close();
      rmSync(folder, { recursive: true });
    }
  });
});

describe("what it does", () => {
  test("a gateway endpoint, with its routes", async () => {
    const at = await site();
    const { PrefixLists } = await at.ec2.send(new DescribePrefixListsCommand({}));
    const list = PrefixLists?.find(({ PrefixListName }) => PrefixListName === S3)?.PrefixListId;
    const endpoint = await create(at, {
      RouteTableIds: [at.table],
      TagSpecifications: [{ ResourceType: "vpc-endpoint", Tags: [{ Key: "Name", Value: "s3" }] }],
    });
    expect(endpoint).toMatchObject({
      VpcEndpointType: "Gateway",
      VpcId: at.vpc,
      ServiceName: S3,
      ServiceRegion: "us-east-1",
      State: "available",
      RouteTableIds: [at.table],
      SubnetIds: [],
      Groups: [],
      NetworkInterfaceIds: [],
      DnsEntries: [],
      PrivateDnsEnabled: false,
      RequesterManaged: false,
      IpAddressType: "ipv4",
      Tags: [{ Key: "Name", Value: "s3" }],
    });
    expect(JSON.parse(endpoint.PolicyDocument ?? "")).toEqual({
      Version: "2008-10-17",
      Statement: [{ Effect: "Allow", Principal: "*", Action: "*", Resource: "*" }],
    });
    expect(await routesOf(at)).toContainEqual({
      DestinationPrefixListId: list,
      GatewayId: endpoint.VpcEndpointId,
      Origin: "CreateRoute",
      State: "active",
    });
    const { RouteTables } = await at.ec2.send(
      new DescribeRouteTablesCommand({
        Filters: [{ Name: "route.gateway-id", Values: [endpoint.VpcEndpointId ?? ""] }],
      }),
    );
    expect(RouteTables?.map(({ RouteTableId }) => RouteTableId)).toEqual([at.table]);
  });

  test("other tables, another policy, and the default one again", async () => {
    const at = await site();
    const { VpcEndpointId } = await create(at, {});
    const modify = (more: object) => at.ec2.send(new ModifyVpcEndpointCommand({ VpcEndpointId, ...more }));
    expect(await modify({ AddRouteTableIds: [at.table] })).toMatchObject({ Return: true });
    expect(await routesOf(at)).toHaveLength(2);
    const PolicyDocument = JSON.stringify({
      Version: "2012-10-17",
      Statement: {
        Effect: "Allow",
        Principal: { AWS: ["*"] },
        Action: ["s3:GetObject"],
        Resource: "arn:aws:s3:::a/*",
        Condition: { StringEquals: { "aws:PrincipalAccount": "111122223333" } },
      },
    });
    await modify({ PolicyDocument });
    expect((await shown(at, VpcEndpointId)).PolicyDocument).toBe(PolicyDocument);
    await modify({ ResetPolicy: true, RemoveRouteTableIds: [at.table] });
    expect((await shown(at, VpcEndpointId)).PolicyDocument).not.toBe(PolicyDocument);
    expect(await routesOf(at)).toHaveLength(1);
    await modify({ AddRouteTableIds: [at.table] });
    await at.ec2.send(new DeleteRouteTableCommand({ RouteTableId: at.table }));
    expect((await shown(at, VpcEndpointId)).RouteTableIds).toEqual([]);
  });

  test("an interface endpoint, with an interface in each subnet and names", async () => {
    const at = await site();
    const made = await create(at, {
      VpcEndpointType: interfaceType,
      ServiceName: STS,
      SubnetIds: [at.a, at.b],
      SecurityGroupIds: [at.group],
    });
    expect(made.State).toBe("pending");
    const endpoint = await shown(at, made.VpcEndpointId);
    expect(endpoint).toMatchObject({
      State: "available",
      SubnetIds: [at.a, at.b],
      Groups: [{ GroupId: at.group, GroupName: "g" }],
      PrivateDnsEnabled: true,
      IpAddressType: "ipv4",
      DnsOptions: { DnsRecordIpType: "ipv4" },
    });
    const names = endpoint.DnsEntries?.map(({ DnsName = "" }) => DnsName) ?? [];
    const [regional = ""] = names;
    expect(regional).toMatch(
      new RegExp(`^${made.VpcEndpointId}-[a-z2-7]{8}\\.sts\\.us-east-1\\.vpce\\.amazonaws\\.com$`),
    );
    const zonal = (zone: string): string => regional.replace(".sts.", `-us-east-1${zone}.sts.`);
    expect(names).toEqual([regional, zonal("a"), zonal("b"), "sts.us-east-1.amazonaws.com"]);
    const { NetworkInterfaces } = await at.ec2.send(
      new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: endpoint.NetworkInterfaceIds }),
    );
    expect(NetworkInterfaces?.map(({ SubnetId }) => SubnetId)).toEqual([at.a, at.b]);
    expect(NetworkInterfaces?.[0]).toMatchObject({
      Description: `VPC Endpoint Interface ${made.VpcEndpointId}`,
      InterfaceType: "vpc_endpoint",
      RequesterManaged: true,
      Status: "in-use",
      Groups: [{ GroupId: at.group, GroupName: "g" }],
    });
  });

  test("other subnets, groups, addresses and names of an interface endpoint", async () => {
    const at = await site();
    const { VpcEndpointId, Groups } = await create(at, {
      VpcEndpointType: interfaceType,
      ServiceName: STS,
      SubnetConfigurations: [{ SubnetId: at.a, Ipv4: "10.0.1.77" }],
    });
    expect(Groups?.map(({ GroupName }) => GroupName)).toEqual(["default"]);
    const modify = (more: object) => at.ec2.send(new ModifyVpcEndpointCommand({ VpcEndpointId, ...more }));
    const addresses = async (): Promise<unknown[]> => {
      const { NetworkInterfaceIds } = await shown(at, VpcEndpointId);
      const { NetworkInterfaces } = await at.ec2.send(
        new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds }),
      );
      return (
        NetworkInterfaces?.map((eni) => [
          eni.PrivateIpAddress,
          eni.Groups?.map(({ GroupName }) => GroupName),
        ]) ?? []
      );
    };
    expect(await addresses()).toEqual([["10.0.1.77", ["default"]]]);
    await modify({ AddSecurityGroupIds: [at.group], AddSubnetIds: [at.b] });
    expect(await addresses()).toEqual([
      ["10.0.1.77", ["default", "g"]],
      [expect.stringMatching(/^10\.0\.2\./), ["default", "g"]],
    ]);
    await modify({
      RemoveSecurityGroupIds: [Groups?.[0]?.GroupId],
      RemoveSubnetIds: [at.b],
      SubnetConfigurations: [{ SubnetId: at.a, Ipv4: "10.0.1.78" }],
    });
    expect(await addresses()).toEqual([["10.0.1.78", ["g"]]]);
    await modify({ PrivateDnsEnabled: false });
    expect(await shown(at, VpcEndpointId)).toMatchObject({ PrivateDnsEnabled: false });
    await modify({ PrivateDnsEnabled: true, DnsOptions: { DnsRecordIpType: "service-defined" } });
    expect(await shown(at, VpcEndpointId)).toMatchObject({
      PrivateDnsEnabled: true,
      DnsOptions: { DnsRecordIpType: "service-defined" },
    });
  });

  test("IPv6 beside IPv4", async () => {
    const at = await site();
    const { Vpc } = await at.ec2.send(
      new CreateVpcCommand({ CidrBlock: "10.0.0.0/16", AmazonProvidedIpv6CidrBlock: true }),
    );
    const vpc = Vpc?.VpcId ?? "";
    const block = Vpc?.Ipv6CidrBlockAssociationSet?.[0]?.Ipv6CidrBlock?.replace("/56", "/64");
    const { Subnet } = await at.ec2.send(
      new CreateSubnetCommand({ VpcId: vpc, CidrBlock: "10.0.1.0/24", Ipv6CidrBlock: block }),
    );
    const { VpcEndpointId, NetworkInterfaceIds, DnsOptions } = await create(
      { ...at, vpc },
      {
        VpcEndpointType: interfaceType,
        ServiceName: STS,
        PrivateDnsEnabled: false,
        IpAddressType: "dualstack",
        SubnetIds: [Subnet?.SubnetId ?? ""],
      },
    );
    expect(DnsOptions?.DnsRecordIpType).toBe("dualstack");
    const { NetworkInterfaces } = await at.ec2.send(
      new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds }),
    );
    expect(NetworkInterfaces?.[0]?.Ipv6Addresses).toHaveLength(1);
    const modify = (IpAddressType: "ipv4" | "ipv6") =>
      at.ec2.send(new ModifyVpcEndpointCommand({ VpcEndpointId, IpAddressType }));
    await modify("ipv4");
    const after = await shown(at, VpcEndpointId);
    expect(after.DnsOptions?.DnsRecordIpType).toBe("ipv4");
    const { NetworkInterfaces: now } = await at.ec2.send(
      new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: after.NetworkInterfaceIds }),
    );
    expect(now?.[0]).toMatchObject({
      PrivateIpAddress: NetworkInterfaces?.[0]?.PrivateIpAddress,
      Ipv6Addresses: [],
    });
    await refused(modify("ipv6"), "InvalidParameter", /does not support the IP address type/);
  });

  test("filters", async () => {
    const at = await site();
    const gateway = await create(at, {});
    const sts = await create(at, { VpcEndpointType: interfaceType, ServiceName: STS });
    const found = async (Name: string, value: string) => {
      const { VpcEndpoints } = await at.ec2.send(
        new DescribeVpcEndpointsCommand({ Filters: [{ Name, Values: [value] }] }),
      );
      return VpcEndpoints?.map(({ VpcEndpointId }) => VpcEndpointId);
    };
    const both = [gateway.VpcEndpointId, sts.VpcEndpointId];
    expect(await found("vpc-endpoint-type", "Interface")).toEqual([sts.VpcEndpointId]);
    expect(await found("service-name", S3)).toEqual([gateway.VpcEndpointId]);
    expect(await found("vpc-endpoint-id", sts.VpcEndpointId ?? "")).toEqual([sts.VpcEndpointId]);
    expect(await found("vpc-endpoint-state", "available")).toEqual(both);
    expect(await found("vpc-id", at.vpc)).toEqual(both);
    expect(await found("ip-address-type", "ipv4")).toEqual(both);
    expect(await found("service-region", "eu-west-1")).toEqual([]);
  });

  test("who pays for an endpoint", async () => {
    const at = await site();
    const { VpcEndpointId } = await create(at, {});
    const answer = await at.ec2.send(
      new ModifyVpcEndpointPayerResponsibilityCommand({
        VpcEndpointId,
        PayerResponsibility: "vpc-endpoint-account",
        Scope: "vpc-endpoint-charges",
      }),
    );
    const PayerResponsibilities = [
      { Scope: "vpc-endpoint-charges", PayerResponsibilityType: "vpc-endpoint-account" },
    ];
    expect(answer).toMatchObject({ VpcEndpointId, PayerResponsibilities });
    expect(await shown(at, VpcEndpointId)).toMatchObject({ PayerResponsibilities });
  });

  test("no associations", async () => {
    const at = await site();
    const { VpcEndpointId = "" } = await create(at, {});
    const { VpcEndpointAssociations } = await at.ec2.send(
      new DescribeVpcEndpointAssociationsCommand({ VpcEndpointIds: [VpcEndpointId] }),
    );
    expect(VpcEndpointAssociations).toEqual([]);
  });

  test("the services of the region", async () => {
    const { ec2 } = await site();
    const { ServiceNames, ServiceDetails } = await ec2.send(new DescribeVpcEndpointServicesCommand({}));
    expect(ServiceNames).toEqual(expect.arrayContaining([S3, STS, EC2, "com.amazonaws.us-east-1.dynamodb"]));
    expect(ServiceDetails?.filter(({ ServiceName }) => ServiceName === S3)).toMatchObject([
      { ServiceType: [{ ServiceType: "Gateway" }], Owner: "amazon" },
      { ServiceType: [{ ServiceType: "Interface" }], Owner: "amazon" },
    ]);
    expect(ServiceDetails?.find(({ ServiceName }) => ServiceName === STS)).toMatchObject({
      PrivateDnsName: "sts.us-east-1.amazonaws.com",
      BaseEndpointDnsNames: ["sts.us-east-1.vpce.amazonaws.com"],
      AcceptanceRequired: false,
      VpcEndpointPolicySupported: true,
      AvailabilityZones: expect.arrayContaining(["us-east-1a"]) as string[],
    });
    const gateways = await ec2.send(
      new DescribeVpcEndpointServicesCommand({ Filters: [{ Name: "service-type", Values: ["Gateway"] }] }),
    );
    expect(gateways.ServiceNames).toContain(S3);
    expect(gateways.ServiceNames).not.toContain(STS);
    const named = await ec2.send(new DescribeVpcEndpointServicesCommand({ ServiceNames: [STS] }));
    expect(named.ServiceNames).toEqual([STS]);
    await refused(
      ec2.send(new DescribeVpcEndpointServicesCommand({ ServiceNames: ["x"] })),
      "InvalidServiceName",
    );
    await refused(
      ec2.send(new DescribeVpcEndpointServicesCommand({ ServiceRegions: ["x"] })),
      "InvalidParameterValue",
    );
    const elsewhere = await ec2.send(
      new DescribeVpcEndpointServicesCommand({ ServiceRegions: ["eu-west-1"] }),
    );
    expect(new Set(elsewhere.ServiceDetails?.map(({ ServiceRegion }) => ServiceRegion))).toEqual(
      new Set(["eu-west-1"]),
    );
    const page = await ec2.send(new DescribeVpcEndpointServicesCommand({ MaxResults: 5 }));
    const next = await ec2.send(
      new DescribeVpcEndpointServicesCommand({ MaxResults: 5, NextToken: page.NextToken }),
    );
    expect(next.ServiceDetails).toHaveLength(5);
    expect(next.ServiceDetails?.[0]).not.toEqual(page.ServiceDetails?.[0]);
  });

  test("a VPC with endpoints is torn down", async () => {
    const at = await site();
    const gateway = await create(at, { RouteTableIds: [at.table] });
    const asked = { VpcEndpointType: interfaceType, ServiceName: STS, SubnetIds: [at.a] };
    const sts = await create(at, { ...asked, SecurityGroupIds: [at.group] });
    const VpcEndpointIds = [gateway.VpcEndpointId ?? "", sts.VpcEndpointId ?? ""];
    expect(await at.ec2.send(new DeleteVpcEndpointsCommand({ VpcEndpointIds }))).toMatchObject({
      Unsuccessful: [],
    });
    await refused(shown(at, sts.VpcEndpointId), "InvalidVpcEndpointId.NotFound");
    expect(await routesOf(at)).toHaveLength(1);
    await at.ec2.send(new DeleteRouteTableCommand({ RouteTableId: at.table }));
    for (const SubnetId of [at.a, at.b]) await at.ec2.send(new DeleteSubnetCommand({ SubnetId }));
    await at.ec2.send(new DeleteSecurityGroupCommand({ GroupId: at.group }));
    expect(await at.ec2.send(new DeleteVpcCommand({ VpcId: at.vpc }))).toBeTruthy();
  });
});
