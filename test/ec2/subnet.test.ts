import {
  CreateSubnetCommand,
  CreateVpcCommand,
  DeleteSubnetCommand,
  DeleteVpcCommand,
  DescribeSubnetsCommand,
  ModifySubnetAttributeCommand,
  type CreateSubnetRequest,
  type DescribeSubnetsRequest,
  type ModifySubnetAttributeRequest,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";
import { partOf } from "./ipv6Block.ts";

const ec2 = await freshClient();
const MISSING = "subnet-0123456789abcdef0";

const { Vpc } = await ec2.send(
  new CreateVpcCommand({ CidrBlock: "10.0.0.0/16", AmazonProvidedIpv6CidrBlock: true }),
);
const VpcId = Vpc?.VpcId ?? "";
/** A part of the VPC's IPv6 block. */
const ipv6 = (digits: string, length?: number) =>
  partOf(Vpc?.Ipv6CidrBlockAssociationSet?.[0]?.Ipv6CidrBlock, digits, length);

let next = 0;
/** A block that no other test of this file takes. */
const freshBlock = () => `10.0.${next++}.0/24`;

const create = (input: Partial<CreateSubnetRequest> = {}) =>
  ec2.send(new CreateSubnetCommand({ VpcId, ...input }));

const newSubnet = async (input: Partial<CreateSubnetRequest> = {}) =>
  (await create({ CidrBlock: freshBlock(), ...input })).Subnet?.SubnetId ?? "";

const subnets = async (input: DescribeSubnetsRequest) =>
  (await ec2.send(new DescribeSubnetsCommand(input))).Subnets ?? [];

const show = async (SubnetId: string) => (await subnets({ SubnetIds: [SubnetId] }))[0];

const modify = (SubnetId: string, attributes: Omit<ModifySubnetAttributeRequest, "SubnetId">) =>
  ec2.send(new ModifySubnetAttributeCommand({ SubnetId, ...attributes }));

describe("what it refuses to parse", () => {
  test("a block that is none, and none at all", async () => {
    await refused(create({ CidrBlock: "10.0.1.0" }), "InvalidParameterValue");
    await refused(create({ CidrBlock: "2001:db8::/64" }), "InvalidParameterValue");
    await refused(create({ CidrBlock: freshBlock(), Ipv6CidrBlock: "10.0.0.0/24" }), "InvalidParameterValue");
    await refused(create(), "MissingParameter");
  });

  test("IPv6 only, together with IPv4 or without IPv6", async () => {
    await refused(
      create({ Ipv6Native: true, CidrBlock: freshBlock(), Ipv6CidrBlock: ipv6("f0") }),
      "InvalidParameterCombination",
    );
    await refused(create({ Ipv6Native: true }), "MissingParameter");
  });

  test("an id of another form", async () => {
    await refused(
      ec2.send(new DeleteSubnetCommand({ SubnetId: "subnet-1" })),
      "InvalidSubnetID.Malformed",
      'Invalid id: "subnet-1" (expecting "subnet-...")',
    );
  });

  test("several attributes at once, or none", async () => {
    const id = await newSubnet();
    await refused(modify(id, {}), "MissingParameter");
    await refused(
      modify(id, { MapPublicIpOnLaunch: { Value: true }, EnableDns64: { Value: false } }),
      "InvalidParameterCombination",
    );
  });

  test("a page that comes from nowhere", async () => {
    await refused(subnets({ NextToken: "bm93aGVyZQ" }), "InvalidPaginationToken");
    await refused(subnets({ MaxResults: 1001 }), "InvalidParameterValue");
  });
});

describe("what it refuses to do", () => {
  test("a VPC and a subnet that are not there", async () => {
    await refused(
      create({ VpcId: "vpc-0123456789abcdef0", CidrBlock: "10.0.0.0/24" }),
      "InvalidVpcID.NotFound",
    );
    await refused(
      ec2.send(new DeleteSubnetCommand({ SubnetId: MISSING })),
      "InvalidSubnetID.NotFound",
      `The subnet ID '${MISSING}' does not exist`,
    );
    await refused(modify(MISSING, { MapPublicIpOnLaunch: { Value: true } }), "InvalidSubnetID.NotFound");
  });

  test("another account's subnet", async () => {
    const SubnetId = await newSubnet();
    const other = await freshClient();
    await refused(other.send(new DeleteSubnetCommand({ SubnetId })), "InvalidSubnetID.NotFound");
    await refused(
      other.send(new CreateSubnetCommand({ VpcId, CidrBlock: freshBlock() })),
      "InvalidVpcID.NotFound",
    );
  });

  test("a zone of another region, or of two names", async () => {
    const CidrBlock = freshBlock();
    await refused(
      create({ CidrBlock, AvailabilityZone: "eu-west-1a" }),
      "InvalidParameterValue",
      "Value (eu-west-1a) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: us-east-1a, us-east-1b, us-east-1c, us-east-1d, us-east-1e, us-east-1f.",
    );
    await refused(create({ CidrBlock, AvailabilityZone: "use1-az1" }), "InvalidParameterValue");
    await refused(create({ CidrBlock, AvailabilityZoneId: "us-east-1a" }), "InvalidParameterValue");
    await refused(
      create({ CidrBlock, AvailabilityZone: "us-east-1a", AvailabilityZoneId: "use1-az6" }),
      "InvalidParameterCombination",
    );
  });

  test.each([
    [{ OutpostArn: "arn:aws:outposts:us-east-1:1:outpost/op-1" }, "InvalidOutpostArn.NotFound"],
    [{ Ipv4IpamPoolId: "ipam-pool-1" }, "InvalidIpamPoolId.NotFound"],
    [{ Ipv6IpamPoolId: "ipam-pool-1" }, "InvalidIpamPoolId.NotFound"],
    [{ Ipv4NetmaskLength: 24 }, "InvalidParameterCombination"],
    [{ Ipv6NetmaskLength: 64 }, "InvalidParameterCombination"],
  ])("what is not there to be had: %j", async (input, code) => {
    await refused(create({ CidrBlock: "10.0.0.0/24", ...input }), code);
  });

  test.each(["10.1.0.0/24", "10.0.0.0/15", "10.0.255.0/29"])("the block %s", async (CidrBlock) => {
    await refused(create({ CidrBlock }), "InvalidSubnet.Range", `The CIDR '${CidrBlock}' is invalid.`);
  });

  test("a block that another subnet has a part of", async () => {
    const CidrBlock = freshBlock();
    const Ipv6CidrBlock = ipv6("e0");
    await create({ CidrBlock, Ipv6CidrBlock });
    await refused(
      create({ CidrBlock }),
      "InvalidSubnet.Conflict",
      `The CIDR '${CidrBlock}' conflicts with another subnet`,
    );
    await refused(create({ CidrBlock: CidrBlock.replace("/24", "/28") }), "InvalidSubnet.Conflict");
    await refused(
      create({ CidrBlock: freshBlock(), Ipv6CidrBlock }),
      "InvalidSubnet.Conflict",
      `The IPv6 CIDR '${Ipv6CidrBlock}' conflicts with another subnet`,
    );
  });

  test("an IPv6 block elsewhere, or of a length that subnets do not have", async () => {
    for (const Ipv6CidrBlock of ["2001:db8::/64", ipv6("d0", 62), ipv6("d0", 68)]) {
      await refused(create({ CidrBlock: freshBlock(), Ipv6CidrBlock }), "InvalidSubnet.Range");
    }
  });

  test("attributes of subnets on Outposts", async () => {
    const id = await newSubnet();
    for (const attribute of [
      { MapCustomerOwnedIpOnLaunch: { Value: true } },
      { CustomerOwnedIpv4Pool: "ipv4pool-coip-1" },
      { EnableLniAtDeviceIndex: 1 },
      { DisableLniAtDeviceIndex: { Value: true } },
    ]) {
      await refused(modify(id, attribute), "UnsupportedOperation");
    }
  });

  test("attributes for addresses that the subnet does not have", async () => {
    const id = await newSubnet();
    await refused(modify(id, { AssignIpv6AddressOnCreation: { Value: true } }), "InvalidParameterValue");
    await refused(modify(id, { EnableDns64: { Value: true } }), "InvalidParameterValue");
    const { Subnet } = await create({ Ipv6Native: true, Ipv6CidrBlock: ipv6("c0") });
    const native = Subnet?.SubnetId ?? "";
    await refused(modify(native, { MapPublicIpOnLaunch: { Value: true } }), "InvalidParameterValue");
    await refused(modify(native, { PrivateDnsHostnameTypeOnLaunch: "ip-name" }), "InvalidParameterValue");
  });

  test("to delete a VPC before its subnets", async () => {
    await newSubnet();
    await refused(
      ec2.send(new DeleteVpcCommand({ VpcId })),
      "DependencyViolation",
      `The vpc '${VpcId}' has dependencies and cannot be deleted.`,
    );
  });

  test("a filter that subnets do not have", async () => {
    await refused(subnets({ Filters: [{ Name: "colour", Values: ["red"] }] }), "InvalidParameterValue");
  });

  test("a dry run", async () => {
    const CidrBlock = freshBlock();
    await refused(create({ CidrBlock, DryRun: true }), "DryRunOperation");
    expect(await subnets({ Filters: [{ Name: "cidr-block", Values: [CidrBlock] }] })).toEqual([]);
  });
});

describe("what it does", () => {
  test("creates, shows and deletes a subnet", async () => {
    const CidrBlock = freshBlock();
    const { Subnet } = await create({ CidrBlock, AvailabilityZone: "us-east-1b" });
    const SubnetId = Subnet?.SubnetId ?? "";
    expect(Subnet).toMatchObject({
      VpcId,
      CidrBlock,
      State: "pending",
      AvailabilityZone: "us-east-1b",
      AvailabilityZoneId: "use1-az1",
      AvailableIpAddressCount: 251,
      DefaultForAz: false,
      MapPublicIpOnLaunch: false,
      SubnetArn: `arn:aws:ec2:us-east-1:${Subnet?.OwnerId}:subnet/${SubnetId}`,
    });
    expect(await show(SubnetId)).toEqual({ ...Subnet, State: "available" });
    await ec2.send(new DeleteSubnetCommand({ SubnetId }));
    await refused(subnets({ SubnetIds: [SubnetId] }), "InvalidSubnetID.NotFound");
  });

  test("finds a zone by its id, and one by itself", async () => {
    expect(await show(await newSubnet({ AvailabilityZoneId: "use1-az3" }))).toMatchObject({
      AvailabilityZone: "us-east-1e",
    });
    expect(await show(await newSubnet())).toMatchObject({ AvailabilityZone: "us-east-1a" });
  });

  test("has IPv6 beside IPv4, or alone", async () => {
    const both = await show(await newSubnet({ Ipv6CidrBlock: ipv6("b0") }));
    expect(both).toMatchObject({
      Ipv6Native: false,
      AssignIpv6AddressOnCreation: false,
      Ipv6CidrBlockAssociationSet: [
        { Ipv6CidrBlock: ipv6("b0"), Ipv6CidrBlockState: { State: "associated" } },
      ],
    });
    const { Subnet } = await create({ Ipv6Native: true, Ipv6CidrBlock: ipv6("a0") });
    expect(Subnet).toMatchObject({
      Ipv6Native: true,
      AssignIpv6AddressOnCreation: true,
      AvailableIpAddressCount: 0,
      PrivateDnsNameOptionsOnLaunch: { HostnameType: "resource-name" },
      Ipv6CidrBlockAssociationSet: [{ Ipv6CidrBlockState: { State: "associating" } }],
    });
    expect(Subnet).not.toHaveProperty("CidrBlock");
  });

  test.each([
    [{ MapPublicIpOnLaunch: { Value: true } }, { MapPublicIpOnLaunch: true }],
    [{ AssignIpv6AddressOnCreation: { Value: true } }, { AssignIpv6AddressOnCreation: true }],
    [{ EnableDns64: { Value: true } }, { EnableDns64: true }],
    [{ MapCustomerOwnedIpOnLaunch: { Value: false } }, { MapCustomerOwnedIpOnLaunch: false }],
    [{ DisableLniAtDeviceIndex: { Value: false } }, {}],
    [
      { PrivateDnsHostnameTypeOnLaunch: "resource-name" },
      { PrivateDnsNameOptionsOnLaunch: { HostnameType: "resource-name" } },
    ],
    [
      { EnableResourceNameDnsARecordOnLaunch: { Value: true } },
      { PrivateDnsNameOptionsOnLaunch: { EnableResourceNameDnsARecord: true } },
    ],
    [
      { EnableResourceNameDnsAAAARecordOnLaunch: { Value: true } },
      { PrivateDnsNameOptionsOnLaunch: { EnableResourceNameDnsAAAARecord: true } },
    ],
  ] as const)("changes %j", async (attribute, shown) => {
    const third = (0x10 + next).toString(16);
    const id = await newSubnet({ Ipv6CidrBlock: ipv6(third) });
    await modify(id, attribute);
    expect(await show(id)).toMatchObject(shown);
  });

  test("filters", async () => {
    const CidrBlock = "10.0.200.0/26";
    const { Subnet } = await create({
      CidrBlock,
      AvailabilityZone: "us-east-1d",
      Ipv6CidrBlock: ipv6("9f"),
      TagSpecifications: [{ ResourceType: "subnet", Tags: [{ Key: "Name", Value: "the one" }] }],
    });
    const id = Subnet?.SubnetId ?? "";
    const expected: Record<string, string | undefined> = {
      "availability-zone": "us-east-1d",
      "availability-zone-id": "use1-az4",
      "available-ip-address-count": "59",
      "cidr-block": CidrBlock,
      "default-for-az": "false",
      "enable-dns64": "false",
      "ipv6-cidr-block-association.association-id": Subnet?.Ipv6CidrBlockAssociationSet?.[0]?.AssociationId,
      "ipv6-cidr-block-association.ipv6-cidr-block": ipv6("9f"),
      "ipv6-cidr-block-association.state": "associated",
      "ipv6-native": "false",
      "map-customer-owned-ip-on-launch": "false",
      "map-public-ip-on-launch": "false",
      "owner-id": Subnet?.OwnerId,
      "private-dns-name-options-on-launch.enable-resource-name-dns-a-record": "false",
      "private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record": "false",
      "private-dns-name-options-on-launch.hostname-type": "ip-name",
      state: "available",
      "subnet-arn": Subnet?.SubnetArn,
      "subnet-id": id,
      "tag-key": "Name",
      "tag:Name": "the ???",
      "vpc-id": VpcId,
    };
    for (const [Name, value = ""] of Object.entries(expected)) {
      const found = await subnets({ Filters: [{ Name, Values: [value] }] });
      expect([Name, found.map(({ SubnetId }) => SubnetId).includes(id)]).toEqual([Name, true]);
      expect(await subnets({ Filters: [{ Name, Values: ["none such"] }] })).toEqual([]);
    }
    for (const Name of ["customer-owned-ipv4-pool", "enable-lni-at-device-index", "outpost-arn"]) {
      expect(await subnets({ Filters: [{ Name, Values: ["*"] }] })).toEqual([]);
    }
  });

  test("pages through all subnets", async () => {
    const seen = [];
    let NextToken: string | undefined;
    do {
      const page = await ec2.send(new DescribeSubnetsCommand({ MaxResults: 5, NextToken }));
      seen.push(...(page.Subnets ?? []));
      ({ NextToken } = page);
    } while (NextToken !== undefined);
    expect(seen).toEqual(await subnets({}));
  });

  test("finds those of some VPCs, whatever the order and however the VPCs are named", async () => {
    const { Vpc: other } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
    const mine = await newSubnet();
    const theirs = await newSubnet({ VpcId: other?.VpcId, CidrBlock: "10.0.0.0/24" });
    const ids = async (client: typeof ec2, ...Values: string[]) => {
      const { Subnets = [] } = await client.send(
        new DescribeSubnetsCommand({ Filters: [{ Name: "vpc-id", Values }] }),
      );
      return Subnets.map(({ SubnetId }) => SubnetId);
    };
    const { VpcId: otherId = "" } = other ?? {};
    expect(await ids(ec2, otherId)).toEqual([theirs]);
    expect((await ids(ec2, otherId, VpcId, otherId)).slice(-2)).toEqual([mine, theirs]);
    expect(await ids(ec2, `${otherId.slice(0, -1)}?`, "vpc-0")).toEqual([theirs]);
    expect(await ids(ec2)).toEqual([]);
    expect(await ids(await freshClient(), otherId)).toEqual([]);
    const both = [
      { Name: "vpc-id", Values: [otherId] },
      { Name: "subnet-id", Values: [mine] },
    ];
    expect(await subnets({ Filters: both })).toEqual([]);
  });
});
