import {
  AssociateDhcpOptionsCommand,
  CreateVpcCommand,
  DeleteVpcCommand,
  DescribeNetworkAclsCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand,
  DescribeVpcAttributeCommand,
  DescribeVpcsCommand,
  ModifyVpcAttributeCommand,
  ModifyVpcTenancyCommand,
  type CreateVpcRequest,
  type DescribeVpcsRequest,
  type ModifyVpcAttributeRequest,
  type VpcAttributeName,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";

const ec2 = await freshClient();
const MISSING = "vpc-0123456789abcdef0";

const create = (input: CreateVpcRequest = {}) =>
  ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16", ...input }));

const newVpc = async (input: CreateVpcRequest = {}) => (await create(input)).Vpc?.VpcId ?? "";

const describeVpcs = async (input: DescribeVpcsRequest) =>
  (await ec2.send(new DescribeVpcsCommand(input))).Vpcs ?? [];

const show = async (VpcId: string) => (await describeVpcs({ VpcIds: [VpcId] }))[0];

const modify = (VpcId: string, attributes: Omit<ModifyVpcAttributeRequest, "VpcId">) =>
  ec2.send(new ModifyVpcAttributeCommand({ VpcId, ...attributes }));

describe("what it refuses to parse", () => {
  test.each(["10.0.0.0", "10.0.0.0/33", "10.0.0.256/16", "2001:db8::/56", "ten/16", ""])(
    "the block %j",
    async (CidrBlock) => {
      await refused(create({ CidrBlock }), "InvalidParameterValue", /This is not a valid CIDR block/);
    },
  );

  test("no block at all", async () => {
    await refused(ec2.send(new CreateVpcCommand({})), "MissingParameter");
  });

  test("an id of another form", async () => {
    for (const VpcId of ["vpc-1", "vpc-0123456789ABCDEF0", "subnet-12345678", ""]) {
      await refused(
        ec2.send(new DeleteVpcCommand({ VpcId })),
        "InvalidVpcID.Malformed",
        `Invalid id: "${VpcId}" (expecting "vpc-...")`,
      );
    }
  });

  test("a tenancy and an attribute that do not exist", async () => {
    await refused(create({ InstanceTenancy: "shared" as "host" }), "InvalidParameterValue");
    const Attribute = "colour" as VpcAttributeName;
    await refused(
      ec2.send(new DescribeVpcAttributeCommand({ VpcId: MISSING, Attribute })),
      "InvalidParameterValue",
    );
  });

  test("tags for something else, and tags that are none", async () => {
    const tagged = (ResourceType: "vpc" | "subnet", ...Tags: { Key: string; Value?: string }[]) =>
      create({ TagSpecifications: [{ ResourceType, Tags }] });
    await refused(tagged("subnet", { Key: "a", Value: "b" }), "InvalidParameterValue");
    await refused(tagged("vpc", { Key: "aws:a", Value: "b" }), "InvalidParameterValue");
    await refused(tagged("vpc", { Key: "a" }, { Key: "a" }), "InvalidParameterValue");
  });

  test("a page that comes from nowhere, and ids together with a page", async () => {
    await refused(describeVpcs({ MaxResults: 4 }), "InvalidParameterValue");
    await refused(describeVpcs({ NextToken: "bm93aGVyZQ" }), "InvalidPaginationToken");
    await refused(describeVpcs({ MaxResults: 5, VpcIds: [MISSING] }), "InvalidParameterCombination");
  });

  test("several attributes at once, or none", async () => {
    const id = await newVpc();
    await refused(modify(id, {}), "MissingParameter");
    await refused(
      modify(id, { EnableDnsSupport: { Value: true }, EnableDnsHostnames: { Value: true } }),
      "InvalidParameterCombination",
    );
  });
});

describe("what it refuses to do", () => {
  test.each(["10.0.0.0/15", "10.0.0.0/29", "0.0.0.0/16", "127.1.0.0/16", "169.254.0.0/16", "224.0.0.0/16"])(
    "a VPC of %s",
    async (CidrBlock) => {
      await refused(create({ CidrBlock }), "InvalidVpc.Range", `The CIDR '${CidrBlock}' is invalid.`);
    },
  );

  test.each([
    [{ Ipv4IpamPoolId: "ipam-pool-1" }, "InvalidIpamPoolId.NotFound"],
    [{ Ipv6IpamPoolId: "ipam-pool-1" }, "InvalidIpamPoolId.NotFound"],
    [{ Ipv6Pool: "ipv6pool-ec2-1" }, "InvalidIpv6PoolID.NotFound"],
    [{ Ipv4NetmaskLength: 24 }, "InvalidParameterCombination"],
    [{ Ipv6NetmaskLength: 56 }, "InvalidParameterCombination"],
    [{ Ipv6CidrBlock: "2001:db8::/56" }, "InvalidParameterCombination"],
    [{ Ipv6CidrBlockNetworkBorderGroup: "us-east-1" }, "InvalidParameterCombination"],
    [
      { AmazonProvidedIpv6CidrBlock: true, Ipv6CidrBlockNetworkBorderGroup: "us-east-1-wl1-bos-wlz-1" },
      "InvalidParameterValue",
    ],
    [{ InstanceTenancy: "host" }, "UnsupportedTenancy"],
  ] as const)("what is not there to be had: %j", async (input, code) => {
    await refused(create(input), code);
  });

  test("a VPC that is not there", async () => {
    await refused(
      ec2.send(new DeleteVpcCommand({ VpcId: MISSING })),
      "InvalidVpcID.NotFound",
      `The vpc ID '${MISSING}' does not exist`,
    );
    await refused(modify(MISSING, { EnableDnsSupport: { Value: true } }), "InvalidVpcID.NotFound");
    const Attribute = "enableDnsSupport";
    await refused(
      ec2.send(new DescribeVpcAttributeCommand({ VpcId: MISSING, Attribute })),
      "InvalidVpcID.NotFound",
    );
    const InstanceTenancy = "default";
    await refused(
      ec2.send(new ModifyVpcTenancyCommand({ VpcId: MISSING, InstanceTenancy })),
      "InvalidVpcID.NotFound",
    );
    const DhcpOptionsId = "default";
    await refused(
      ec2.send(new AssociateDhcpOptionsCommand({ VpcId: MISSING, DhcpOptionsId })),
      "InvalidVpcID.NotFound",
    );
  });

  test("another account's VPC, and one in another region", async () => {
    const VpcIds = [await newVpc()];
    const other = await freshClient();
    await refused(other.send(new DescribeVpcsCommand({ VpcIds })), "InvalidVpcID.NotFound");
    await refused(other.send(new DeleteVpcCommand({ VpcId: VpcIds[0] })), "InvalidVpcID.NotFound");
  });

  test("names for hosts without a name service", async () => {
    const id = await newVpc();
    await modify(id, { EnableDnsSupport: { Value: false } });
    await refused(modify(id, { EnableDnsHostnames: { Value: true } }), "InvalidParameterCombination");
  });

  test("a filter that VPCs do not have", async () => {
    await refused(describeVpcs({ Filters: [{ Name: "colour", Values: ["red"] }] }), "InvalidParameterValue");
  });

  test("a page that another account was given", async () => {
    for (let count = 0; count < 6; count++) await newVpc();
    const { NextToken } = await ec2.send(new DescribeVpcsCommand({ MaxResults: 5 }));
    const other = await freshClient();
    await refused(other.send(new DescribeVpcsCommand({ NextToken })), "InvalidPaginationToken");
    await refused(
      describeVpcs({ NextToken: `${NextToken?.slice(0, -1)}${NextToken?.endsWith("A") ? "B" : "A"}` }),
      "InvalidPaginationToken",
    );
  });

  test("a dry run", async () => {
    const before = await describeVpcs({});
    await refused(create({ DryRun: true }), "DryRunOperation");
    expect(await describeVpcs({})).toEqual(before);
  });
});

describe("what it does", () => {
  test("creates, shows and deletes a VPC", async () => {
    const { Vpc } = await create({ CidrBlock: "10.0.1.0/16" });
    expect(Vpc).toMatchObject({ CidrBlock: "10.0.0.0/16", State: "pending", InstanceTenancy: "default" });
    const VpcId = Vpc?.VpcId ?? "";
    expect(await show(VpcId)).toEqual({ ...Vpc, State: "available" });
    await ec2.send(new DeleteVpcCommand({ VpcId }));
    await refused(describeVpcs({ VpcIds: [VpcId] }), "InvalidVpcID.NotFound");
  });

  test("gives each VPC a main route table, a default network ACL and a default security group", async () => {
    const VpcId = await newVpc();
    const Filters = [{ Name: "vpc-id", Values: [VpcId] }];
    const { RouteTables } = await ec2.send(new DescribeRouteTablesCommand({ Filters }));
    const { NetworkAcls } = await ec2.send(new DescribeNetworkAclsCommand({ Filters }));
    const { SecurityGroups } = await ec2.send(new DescribeSecurityGroupsCommand({ Filters }));
    expect(RouteTables).toMatchObject([{ Associations: [{ Main: true }] }]);
    expect(NetworkAcls).toMatchObject([{ IsDefault: true }]);
    expect(SecurityGroups).toMatchObject([{ GroupName: "default" }]);
    await ec2.send(new DeleteVpcCommand({ VpcId }));
    for (const left of [
      (await ec2.send(new DescribeRouteTablesCommand({ Filters }))).RouteTables,
      (await ec2.send(new DescribeNetworkAclsCommand({ Filters }))).NetworkAcls,
      (await ec2.send(new DescribeSecurityGroupsCommand({ Filters }))).SecurityGroups,
    ]) {
      expect(left).toEqual([]);
    }
  });

  test("gives a /56 of Amazon's to each VPC that asks for IPv6", async () => {
    const { Vpc } = await create({
      AmazonProvidedIpv6CidrBlock: true,
      Ipv6CidrBlockNetworkBorderGroup: "us-east-1",
    });
    expect(Vpc?.Ipv6CidrBlockAssociationSet).toMatchObject([
      { Ipv6CidrBlockState: { State: "associating" }, NetworkBorderGroup: "us-east-1", Ipv6Pool: "Amazon" },
    ]);
    const shown = await show(Vpc?.VpcId ?? "");
    const [block] = shown?.Ipv6CidrBlockAssociationSet ?? [];
    expect(block?.Ipv6CidrBlockState).toEqual({ State: "associated" });
    expect(block?.Ipv6CidrBlock).toMatch(/^2600:1f[0-9a-f:]+\/56$/);
  });

  test("filters", async () => {
    const { Vpc } = await create({
      CidrBlock: "10.77.0.0/16",
      AmazonProvidedIpv6CidrBlock: true,
      TagSpecifications: [{ ResourceType: "vpc", Tags: [{ Key: "Name", Value: "the one" }] }],
    });
    const ipv6 = Vpc?.Ipv6CidrBlockAssociationSet?.[0];
    const expected: Record<string, string | undefined> = {
      cidr: "10.77.0.0/16",
      "cidr-block-association.association-id": Vpc?.CidrBlockAssociationSet?.[0]?.AssociationId,
      "cidr-block-association.cidr-block": "10.77.*",
      "cidr-block-association.state": "associated",
      "dhcp-options-id": Vpc?.DhcpOptionsId,
      "ipv6-cidr-block-association.association-id": ipv6?.AssociationId,
      "ipv6-cidr-block-association.ipv6-cidr-block": ipv6?.Ipv6CidrBlock,
      "ipv6-cidr-block-association.ipv6-pool": "Amazon",
      "ipv6-cidr-block-association.state": "associated",
      "is-default": "false",
      "owner-id": Vpc?.OwnerId,
      state: "available",
      "tag-key": "Name",
      "tag:Name": "the*",
      "vpc-id": Vpc?.VpcId,
    };
    for (const [Name, value = ""] of Object.entries(expected)) {
      const found = await describeVpcs({ Filters: [{ Name, Values: [value] }] });
      expect([Name, found.map(({ VpcId }) => VpcId)]).toEqual([
        Name,
        expect.arrayContaining([Vpc?.VpcId]) as unknown,
      ]);
      expect(await describeVpcs({ Filters: [{ Name, Values: ["none such"] }] })).toEqual([]);
    }
  });

  test("pages through all VPCs", async () => {
    const seen = [];
    let NextToken: string | undefined;
    do {
      const page = await ec2.send(new DescribeVpcsCommand({ MaxResults: 5, NextToken }));
      seen.push(...(page.Vpcs ?? []));
      ({ NextToken } = page);
    } while (NextToken !== undefined);
    expect(seen).toEqual(await describeVpcs({}));
  });

  test("changes attributes", async () => {
    const id = await newVpc({ InstanceTenancy: "dedicated" });
    const read = async (Attribute: VpcAttributeName) => {
      const { $metadata: _, ...answer } = await ec2.send(
        new DescribeVpcAttributeCommand({ VpcId: id, Attribute }),
      );
      return answer;
    };
    expect(await read("enableDnsSupport")).toEqual({ VpcId: id, EnableDnsSupport: { Value: true } });
    expect(await read("enableDnsHostnames")).toEqual({ VpcId: id, EnableDnsHostnames: { Value: false } });
    await modify(id, { EnableDnsHostnames: { Value: true } });
    await modify(id, { EnableNetworkAddressUsageMetrics: { Value: true } });
    expect(await read("enableDnsHostnames")).toEqual({ VpcId: id, EnableDnsHostnames: { Value: true } });
    expect(await read("enableNetworkAddressUsageMetrics")).toEqual({
      VpcId: id,
      EnableNetworkAddressUsageMetrics: { Value: true },
    });
    expect(await show(id)).toMatchObject({ InstanceTenancy: "dedicated" });
    await ec2.send(new ModifyVpcTenancyCommand({ VpcId: id, InstanceTenancy: "default" }));
    expect(await show(id)).toMatchObject({ InstanceTenancy: "default" });
  });
});
