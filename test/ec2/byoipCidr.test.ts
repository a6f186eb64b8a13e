import {
  AdvertiseByoipCidrCommand,
  AllocateAddressCommand,
  AssociateAddressCommand,
  AssociateVpcCidrBlockCommand,
  AttachInternetGatewayCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateInternetGatewayCommand,
  CreatePublicIpv4PoolCommand,
  CreateRouteCommand,
  CreateSubnetCommand,
  CreateTagsCommand,
  CreateVpcCommand,
  DeletePublicIpv4PoolCommand,
  DeprovisionByoipCidrCommand,
  DeprovisionPublicIpv4PoolCidrCommand,
  DescribeAddressesCommand,
  DescribeByoipCidrsCommand,
  DescribeIpv6PoolsCommand,
  DescribePublicIpv4PoolsCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  DisassociateAddressCommand,
  DisassociateVpcCidrBlockCommand,
  EC2Client,
  GetAssociatedIpv6PoolCidrsCommand,
  ProvisionByoipCidrCommand,
  ProvisionPublicIpv4PoolCidrCommand,
  ReleaseAddressCommand,
  WithdrawByoipCidrCommand,
  type AllocateAddressCommandInput,
  type CreateVpcCommandInput,
  type ProvisionByoipCidrCommandInput,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import type { ExchangeView } from "../../server/http/journeyView.ts";
import type { Islet } from "../../server/index.ts";
import { advanceClock } from "../clock.ts";
import { configOf, freshClient, freshKeys, ownIslet, refused, sharedIslet } from "../islet.ts";
import { operate } from "../operator.ts";
import { launch } from "./launch.ts";

const HOUR = 3600;

const provision = (ec2: EC2Client, Cidr: string, more: Partial<ProvisionByoipCidrCommandInput> = {}) =>
  ec2.send(new ProvisionByoipCidrCommand({ Cidr, ...more }));
const advertise = (ec2: EC2Client, Cidr: string, more: object = {}) =>
  ec2.send(new AdvertiseByoipCidrCommand({ Cidr, ...more }));
const withdraw = (ec2: EC2Client, Cidr: string) => ec2.send(new WithdrawByoipCidrCommand({ Cidr }));
const deprovision = (ec2: EC2Client, Cidr: string) => ec2.send(new DeprovisionByoipCidrCommand({ Cidr }));

const ranges = async (ec2: EC2Client) =>
  (await ec2.send(new DescribeByoipCidrsCommand({ MaxResults: 100 }))).ByoipCidrs ?? [];
const stateOf = async (ec2: EC2Client, cidr: string) =>
  (await ranges(ec2)).find(({ Cidr }) => Cidr === cidr)?.State;

const ipv4Pools = async (ec2: EC2Client) =>
  (await ec2.send(new DescribePublicIpv4PoolsCommand({}))).PublicIpv4Pools ?? [];
const ipv6Pools = async (ec2: EC2Client) =>
  (await ec2.send(new DescribeIpv6PoolsCommand({}))).Ipv6Pools ?? [];

const allocate = (ec2: EC2Client, input: AllocateAddressCommandInput) =>
  ec2.send(new AllocateAddressCommand(input));
const release = (ec2: EC2Client, AllocationId: string | undefined) =>
  ec2.send(new ReleaseAddressCommand({ AllocationId }));

const createVpc = async (ec2: EC2Client, more: Partial<CreateVpcCommandInput>) =>
  (await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16", ...more }))).Vpc;

/** A client of an account of its own, with the pool of a range that it has brought along. */
async function withRange(Cidr: string, more: Partial<ProvisionByoipCidrCommandInput> = {}) {
  const ec2 = await freshClient();
  await provision(ec2, Cidr, more);
  const [pool] = [...(await ipv4Pools(ec2)), ...(await ipv6Pools(ec2))];
  return { ec2, pool: pool?.PoolId ?? "" };
}

describe("what it refuses to parse", () => {
  test("ranges that nobody can bring along", async () => {
    const ec2 = await freshClient();
    await refused(provision(ec2, "198.51.100.0"), "InvalidParameterValue");
    await refused(
      provision(ec2, "198.51.100.0/25"),
      "InvalidParameterValue",
      /most specific range is a \/24/,
    );
    await refused(provision(ec2, "2a05:d000::/52"), "InvalidParameterValue", /most specific range is a \/48/);
    await refused(
      provision(ec2, "2a05:d000::/60", { PubliclyAdvertisable: false }),
      "InvalidParameterValue",
      /most specific range is a \/56/,
    );
    // Private, shared, Amazon's own, unique local, everything.
    for (const cidr of [
      "10.1.0.0/16",
      "100.64.0.0/16",
      "3.5.0.0/16",
      "fd00::/48",
      "2600:1f00::/40",
      "::/0",
    ]) {
      await refused(provision(ec2, cidr), "InvalidParameterValue", /not a range that you can own/);
    }
  });

  test("what is reserved, or for other locations", async () => {
    const ec2 = await freshClient();
    await refused(provision(ec2, "198.51.100.0/24", { MultiRegion: true }), "UnsupportedOperation");
    const NetworkBorderGroup = "us-east-1-dfw-2";
    await refused(provision(ec2, "198.51.100.0/24", { NetworkBorderGroup }), "InvalidParameterValue");
    await refused(
      provision(ec2, "198.51.100.0/24", { PubliclyAdvertisable: false }),
      "InvalidParameterCombination",
    );
    await refused(ec2.send(new CreatePublicIpv4PoolCommand({ NetworkBorderGroup })), "InvalidParameterValue");
  });

  test("messages that do not authorize", async () => {
    const keys = freshKeys(await sharedIslet());
    const ec2 = new EC2Client(configOf(await sharedIslet(), keys));
    const Cidr = "203.0.112.0/24";
    const Signature = "a".repeat(342) + "__";
    const message = (account: string, cidr: string, day: string) =>
      `1|aws|${account}|${cidr}|${day}|SHA256|RSAPSS`;
    const good = message(keys.account, Cidr, "20991231");
    const wrong = [
      "",
      good.replace("1|", "2|"),
      message("123456789012", Cidr, "20991231"),
      message(keys.account, "203.0.111.0/24", "20991231"),
      message(keys.account, Cidr, "20200101"),
      message(keys.account, Cidr, "20990230"),
    ];
    for (const Message of wrong) {
      await refused(
        provision(ec2, Cidr, { CidrAuthorizationContext: { Message, Signature } }),
        "InvalidParameterValue",
        /^The message of the cidrAuthorizationContext is invalid/,
      );
    }
    for (const Unsigned of ["", "a+b=", "abc"]) {
      await refused(
        provision(ec2, Cidr, { CidrAuthorizationContext: { Message: good, Signature: Unsigned } }),
        "InvalidParameterValue",
        /^The signature/,
      );
    }
    await provision(ec2, Cidr, { CidrAuthorizationContext: { Message: good, Signature } });
    expect(await stateOf(ec2, Cidr)).toBe("provisioned");
  });

  test("pages of no size", async () => {
    const ec2 = await freshClient();
    await refused(ec2.send(new DescribeByoipCidrsCommand({ MaxResults: 101 })), "InvalidParameterValue");
    await refused(ec2.send(new DescribePublicIpv4PoolsCommand({ MaxResults: 11 })), "InvalidParameterValue");
  });
});

describe("what it refuses to do", () => {
  test("touch a range that is not there, or only a part of one, or another account's", async () => {
    const { ec2 } = await withRange("203.1.0.0/16");
    const other = await freshClient();
    for (const call of [advertise, withdraw, deprovision]) {
      await refused(call(ec2, "203.1.4.0/24"), "InvalidParameterValue");
      await refused(call(other, "203.1.0.0/16"), "InvalidParameterValue");
    }
    await refused(advertise(ec2, "203.1.0.0/16", { Asn: "64500" }), "InvalidParameterValue");
    await refused(
      advertise(ec2, "203.1.0.0/16", { NetworkBorderGroup: "us-east-1-dfw-2" }),
      "InvalidParameterValue",
    );
  });

  test("bring what somebody has brought, be it to another Region", async () => {
    const { ec2 } = await withRange("203.2.0.0/16");
    const overlaps = /overlaps with 203\.2\.0\.0\/16, which was brought to us-east-1/;
    await refused(provision(ec2, "203.2.7.0/24"), "InvalidParameterValue", overlaps);
    const elsewhere = await freshClient({ region: "eu-west-1" });
    await refused(provision(elsewhere, "203.2.0.0/15"), "InvalidParameterValue", overlaps);
  });

  test("bring more than five ranges", async () => {
    const { ec2 } = await withRange("203.3.0.0/24");
    for (const third of [1, 2, 3, 4]) await provision(ec2, `203.3.${third}.0/24`);
    await refused(
      provision(ec2, "203.3.5.0/24"),
      "ResourceLimitExceeded",
      "The number of BYOIP CIDRs for this account has reached the maximum allowed limit.",
    );
    await deprovision(ec2, "203.3.0.0/24");
    await provision(ec2, "203.3.5.0/24");
  });

  test("what the state does not allow", async () => {
    const { ec2 } = await withRange("203.4.0.0/24");
    await refused(withdraw(ec2, "203.4.0.0/24"), "IncorrectState");
    await advertise(ec2, "203.4.0.0/24");
    await refused(deprovision(ec2, "203.4.0.0/24"), "IncorrectState");
    const hidden = await withRange("2a05:d004::/56", { PubliclyAdvertisable: false });
    await refused(
      advertise(hidden.ec2, "2a05:d004::/56"),
      "IncorrectState",
      "The address range 2a05:d004::/56 is in the state provisioned-not-publicly-advertisable.",
    );
  });

  test("addresses of pools that are another's, or that the pool has not", async () => {
    const { ec2, pool: PublicIpv4Pool } = await withRange("203.5.0.0/24");
    const other = await freshClient();
    await refused(allocate(other, { PublicIpv4Pool }), "InvalidPublicIpv4PoolID.NotFound");
    await refused(allocate(other, { Address: "203.5.0.1" }), "InvalidAddress.NotFound");
    await refused(allocate(ec2, { PublicIpv4Pool, Address: "203.6.0.1" }), "InvalidAddress.NotFound");
    await refused(allocate(ec2, { PublicIpv4Pool, Address: "x" }), "InvalidAddress.NotFound");
    await allocate(ec2, { Address: "203.5.0.1" });
    await refused(allocate(ec2, { PublicIpv4Pool, Address: "203.5.0.1" }), "InvalidIPAddress.InUse");
    await refused(
      allocate(ec2, { CustomerOwnedIpv4Pool: PublicIpv4Pool }),
      "InvalidPublicIpv4PoolID.NotFound",
    );
  });

  test("blocks that the pool cannot give", async () => {
    const { ec2, pool: Ipv6Pool } = await withRange("2a05:d005::/56", { PubliclyAdvertisable: false });
    await refused(
      createVpc(ec2, { Ipv6Pool, AmazonProvidedIpv6CidrBlock: true }),
      "InvalidParameterCombination",
    );
    const ask = (Ipv6CidrBlock: string) => createVpc(ec2, { Ipv6Pool, Ipv6CidrBlock });
    await refused(ask("2a05:d006::/56"), "InvalidParameterValue", /does not have it/);
    await refused(ask("2a05:d005::/64"), "InvalidParameterValue", /between \/44 and \/60/);
    await refused(ask("10.0.0.0/24"), "InvalidParameterValue");
    await ask("2a05:d005::/60");
    await refused(ask("2a05:d005::/60"), "InvalidParameterValue", /overlaps/);
    await refused(createVpc(ec2, { Ipv6Pool }), "InsufficientAddressCapacity");
    const vpc = await createVpc(ec2, {});
    await refused(
      ec2.send(
        new AssociateVpcCidrBlockCommand({
          VpcId: vpc?.VpcId,
          CidrBlock: "10.1.0.0/16",
          Ipv6Pool,
          Ipv6CidrBlock: "2a05:d005:0:10::/60",
        }),
      ),
      "InvalidParameterCombination",
    );
    const other = await freshClient();
    await refused(createVpc(other, { Ipv6Pool }), "InvalidIpv6PoolID.NotFound");
    await refused(
      other.send(new GetAssociatedIpv6PoolCidrsCommand({ PoolId: Ipv6Pool })),
      "InvalidIpv6PoolID.NotFound",
    );
  });

  test("what only IPAM could, and delete a pool with addresses", async () => {
    const { ec2, pool: PoolId } = await withRange("203.7.0.0/24");
    const IpamPoolId = "ipam-pool-0123456789abcdef0";
    await refused(
      ec2.send(new ProvisionPublicIpv4PoolCidrCommand({ IpamPoolId, PoolId, NetmaskLength: 24 })),
      "InvalidIpamPoolId.NotFound",
    );
    await refused(
      ec2.send(new DeprovisionPublicIpv4PoolCidrCommand({ PoolId, Cidr: "203.7.0.0/24" })),
      "InvalidParameterValue",
    );
    await refused(ec2.send(new DeletePublicIpv4PoolCommand({ PoolId })), "DependencyViolation");
    await refused(
      ec2.send(new DeletePublicIpv4PoolCommand({ PoolId: "ipv4pool-ec2-0123456789abcdef0" })),
      "InvalidPublicIpv4PoolID.NotFound",
    );
  });
});

describe("what it does", () => {
  test("goes through EC2's states in about its time", async () => {
    const islet = await ownIslet({ pace: "real" });
    try {
      const ec2 = await freshClient({ islet });
      const Cidr = "198.51.100.0/24";
      const { ByoipCidr } = await provision(ec2, "198.51.100.7/24", { Description: "ours" });
      expect(ByoipCidr).toMatchObject({ Cidr, Description: "ours", State: "pending-provision" });
      await refused(allocate(ec2, { Address: "198.51.100.1" }), "InvalidAddress.NotFound");
      await refused(advertise(ec2, Cidr), "IncorrectState");
      await advanceClock(islet, 2 * HOUR);
      const [pool] = await ipv4Pools(ec2);
      expect(await ranges(ec2)).toEqual([
        {
          Cidr,
          Description: "ours",
          State: "provisioned",
          StatusMessage: pool?.PoolId,
          AsnAssociations: [],
          NetworkBorderGroup: "us-east-1",
          AdvertisementType: "unicast",
        },
      ]);
      expect((await advertise(ec2, Cidr)).ByoipCidr?.State).toBe("pending-advertising");
      expect((await advertise(ec2, Cidr)).ByoipCidr?.State).toBe("pending-advertising");
      await advanceClock(islet, 180);
      expect(await stateOf(ec2, Cidr)).toBe("advertised");
      expect((await withdraw(ec2, Cidr)).ByoipCidr?.State).toBe("pending-withdrawal");
      expect((await withdraw(ec2, Cidr)).ByoipCidr?.State).toBe("pending-withdrawal");
      await advanceClock(islet, 180);
      expect(await stateOf(ec2, Cidr)).toBe("provisioned");
      expect((await deprovision(ec2, Cidr)).ByoipCidr?.State).toBe("pending-deprovision");
      await refused(allocate(ec2, { PublicIpv4Pool: pool?.PoolId }), "InsufficientAddressCapacity");
      await advanceClock(islet, 24 * HOUR);
      expect(await stateOf(ec2, Cidr)).toBe("deprovisioned");
      expect(await ipv4Pools(ec2)).toEqual([]);
      await refused(deprovision(ec2, Cidr), "InvalidParameterValue");
      await provision(ec2, Cidr);
      expect(await stateOf(ec2, Cidr)).toBe("pending-provision");
      await advanceClock(islet, 2 * HOUR);
      expect(await stateOf(ec2, Cidr)).toBe("provisioned");
      await deprovision(ec2, Cidr);
      await advanceClock(islet, 24 * HOUR);
      await advanceClock(islet, HOUR);
      expect(await ranges(ec2)).toEqual([]);
    } finally {
      await islet.close();
    }
  });

  test("a pool counts its addresses, and has them again when they are released", async () => {
    const { ec2, pool: PoolId } = await withRange("203.8.0.0/24", {
      Description: "mine",
      PoolTagSpecifications: [{ ResourceType: "ipv4pool-ec2", Tags: [{ Key: "Name", Value: "byoip" }] }],
    });
    const { AllocationId, PublicIp, ...allocated } = await allocate(ec2, { PublicIpv4Pool: PoolId });
    expect(PublicIp).toMatch(/^203\.8\.0\.\d+$/);
    expect(allocated).toMatchObject({ Domain: "vpc", PublicIpv4Pool: PoolId });
    const [address] = (await ec2.send(new DescribeAddressesCommand({}))).Addresses ?? [];
    expect(address).toMatchObject({ AllocationId, PublicIp, PublicIpv4Pool: PoolId });
    const named = await allocate(ec2, { Address: "203.8.0.255" });
    expect(named).toMatchObject({ PublicIp: "203.8.0.255", PublicIpv4Pool: PoolId });
    const shown = (AvailableAddressCount: number) => [
      {
        PoolId,
        Description: "mine",
        PoolAddressRanges: [
          { FirstAddress: "203.8.0.0", LastAddress: "203.8.0.255", AddressCount: 256, AvailableAddressCount },
        ],
        TotalAddressCount: 256,
        TotalAvailableAddressCount: AvailableAddressCount,
        NetworkBorderGroup: "us-east-1",
        Tags: [{ Key: "Name", Value: "byoip" }],
      },
    ];
    expect(await ipv4Pools(ec2)).toEqual(shown(254));
    await release(ec2, AllocationId);
    expect(await ipv4Pools(ec2)).toEqual(shown(255));
    const { PublicIpv4Pools } = await ec2.send(
      new DescribePublicIpv4PoolsCommand({ Filters: [{ Name: "tag:Name", Values: ["by*"] }] }),
    );
    expect(PublicIpv4Pools).toEqual(shown(255));
    await allocate(ec2, { Address: PublicIp });
    await release(ec2, named.AllocationId);
  });

  test("all addresses of a pool can be had, the first and the last too, and no more", async () => {
    const { ec2, pool: PublicIpv4Pool } = await withRange("203.9.0.0/24");
    const all = await Promise.all(
      Array.from({ length: 256 }, async () => (await allocate(ec2, { PublicIpv4Pool })).PublicIp),
    );
    expect(new Set(all).size).toBe(256);
    expect(all).toContain("203.9.0.0");
    await refused(allocate(ec2, { PublicIpv4Pool }), "InsufficientAddressCapacity");
  });

  test("a range with addresses in use is not given up", async () => {
    const { ec2, pool: PublicIpv4Pool } = await withRange("203.10.0.0/24");
    const { AllocationId } = await allocate(ec2, { PublicIpv4Pool });
    await deprovision(ec2, "203.10.0.0/24");
    expect((await ranges(ec2))[0]).toMatchObject({
      State: "failed-deprovision",
      StatusMessage: "Addresses of the range are still in use.",
    });
    await release(ec2, AllocationId);
    await deprovision(ec2, "203.10.0.0/24");
    expect(await stateOf(ec2, "203.10.0.0/24")).toBe("deprovisioned");
  });

  test("what is gone does not stand for the range that now has its addresses", async () => {
    const { ec2 } = await withRange("203.12.0.0/24");
    await deprovision(ec2, "203.12.0.0/24");
    await provision(ec2, "203.12.0.0/23");
    expect(await allocate(ec2, { Address: "203.12.0.9" })).toMatchObject({ PublicIp: "203.12.0.9" });
  });

  test("a pool for IPAM is there without addresses", async () => {
    const ec2 = await freshClient();
    const { PoolId } = await ec2.send(
      new CreatePublicIpv4PoolCommand({
        TagSpecifications: [{ ResourceType: "ipv4pool-ec2", Tags: [{ Key: "a", Value: "b" }] }],
      }),
    );
    await ec2.send(new CreateTagsCommand({ Resources: [PoolId ?? ""], Tags: [{ Key: "c", Value: "d" }] }));
    expect(await ipv4Pools(ec2)).toMatchObject([
      { PoolId, TotalAddressCount: 0, Tags: [{ Key: "a" }, { Key: "c" }] },
    ]);
    await refused(allocate(ec2, { PublicIpv4Pool: PoolId }), "InsufficientAddressCapacity");
    expect(await ec2.send(new DeletePublicIpv4PoolCommand({ PoolId }))).toMatchObject({ ReturnValue: true });
    expect(await ipv4Pools(ec2)).toEqual([]);
  });

  test("VPCs have blocks of a pool, and give them back", async () => {
    const Tags = [{ Key: "Name", Value: "six" }];
    const { ec2, pool: Ipv6Pool } = await withRange("2a05:d00a::/48", {
      PoolTagSpecifications: [{ ResourceType: "ipv6pool-ec2", Tags }],
    });
    expect(await ipv6Pools(ec2)).toEqual([
      { PoolId: Ipv6Pool, Description: "", PoolCidrBlocks: [{ Cidr: "2a05:d00a::/48" }], Tags },
    ]);
    const one = await createVpc(ec2, { Ipv6Pool });
    const chosen = one?.Ipv6CidrBlockAssociationSet?.[0];
    expect(chosen).toMatchObject({ Ipv6Pool, IpSource: "byoip", Ipv6AddressAttribute: "public" });
    expect(chosen?.Ipv6CidrBlock).toMatch(/^2a05:d00a:0:[0-9a-f]*00::\/56$|^2a05:d00a::\/56$/);
    const two = await createVpc(ec2, {});
    const Ipv6CidrBlock =
      chosen?.Ipv6CidrBlock === "2a05:d00a:0:100::/56" ? "2a05:d00a::/56" : "2a05:d00a:0:100::/56";
    const { Ipv6CidrBlockAssociation } = await ec2.send(
      new AssociateVpcCidrBlockCommand({ VpcId: two?.VpcId, Ipv6Pool, Ipv6CidrBlock }),
    );
    expect(Ipv6CidrBlockAssociation).toMatchObject({ Ipv6CidrBlock, Ipv6Pool });
    const associations = async () =>
      (await ec2.send(new GetAssociatedIpv6PoolCidrsCommand({ PoolId: Ipv6Pool }))).Ipv6CidrAssociations;
    expect(await associations()).toEqual([
      { Ipv6Cidr: chosen?.Ipv6CidrBlock, AssociatedResource: one?.VpcId },
      { Ipv6Cidr: Ipv6CidrBlock, AssociatedResource: two?.VpcId },
    ]);
    const { Vpcs } = await ec2.send(
      new DescribeVpcsCommand({
        Filters: [{ Name: "ipv6-cidr-block-association.ipv6-pool", Values: [Ipv6Pool] }],
      }),
    );
    expect(Vpcs?.map(({ VpcId }) => VpcId)).toEqual([one?.VpcId, two?.VpcId]);
    await deprovision(ec2, "2a05:d00a::/48");
    expect(await stateOf(ec2, "2a05:d00a::/48")).toBe("failed-deprovision");
    await ec2.send(
      new DisassociateVpcCidrBlockCommand({ AssociationId: Ipv6CidrBlockAssociation?.AssociationId }),
    );
    expect(await associations()).toHaveLength(1);
  });

  test("subnets say where their addresses are from", async () => {
    const { ec2, pool: Ipv6Pool } = await withRange("2a05:d00b::/56", { PubliclyAdvertisable: false });
    const vpc = await createVpc(ec2, { Ipv6Pool });
    const Ipv6CidrBlock = vpc?.Ipv6CidrBlockAssociationSet?.[0]?.Ipv6CidrBlock?.replace("/56", "/64");
    await ec2.send(new CreateSubnetCommand({ VpcId: vpc?.VpcId, CidrBlock: "10.0.1.0/24", Ipv6CidrBlock }));
    const { Subnets } = await ec2.send(
      new DescribeSubnetsCommand({ Filters: [{ Name: "vpc-id", Values: [vpc?.VpcId ?? ""] }] }),
    );
    expect(Subnets?.[0]?.Ipv6CidrBlockAssociationSet).toMatchObject([
      { Ipv6CidrBlock, IpSource: "byoip", Ipv6AddressAttribute: "private" },
    ]);
  });
});

describe("what the internet sees of it", () => {
  const OUTSIDE = "192.0.2.9";
  const OUTSIDE_6 = "2001:db8::9";

  async function exchange(islet: Islet, From: string, To: string): Promise<ExchangeView> {
    const fields = { Region: "us-east-1", Protocol: "tcp", Port: 443, Exchange: true, From, To };
    return (await operate(islet, "POST packets", fields)) as unknown as ExchangeView;
  }

  /** Where a packet ends; who announces a block has somebody there who answers. */
  const reach = async (islet: Islet, From: string, To: string) =>
    (await exchange(islet, From, To)).Forward.Outcome;

  /** Where the answer ends to what an instance asks somebody outside. */
  const answer = async (islet: Islet, instance: string) =>
    (await exchange(islet, instance, OUTSIDE)).Back?.Outcome;

  /** A web server of an account in a VPC with a door to the internet. */
  async function webServer(
    islet: Islet,
    ec2: EC2Client,
    more: Partial<CreateVpcCommandInput>,
    isSlow = false,
  ) {
    const vpc = await createVpc(ec2, more);
    const VpcId = vpc?.VpcId ?? "";
    const ipv6 = vpc?.Ipv6CidrBlockAssociationSet?.[0]?.Ipv6CidrBlock?.replace("/56", "/64");
    const { Subnet } = await ec2.send(
      new CreateSubnetCommand({ VpcId, CidrBlock: "10.0.1.0/24", Ipv6CidrBlock: ipv6 }),
    );
    const { InternetGateway } = await ec2.send(new CreateInternetGatewayCommand({}));
    const GatewayId = InternetGateway?.InternetGatewayId ?? "";
    await ec2.send(new AttachInternetGatewayCommand({ InternetGatewayId: GatewayId, VpcId }));
    const Filters = [{ Name: "vpc-id", Values: [VpcId] }];
    const { RouteTables } = await ec2.send(new DescribeRouteTablesCommand({ Filters }));
    const RouteTableId = RouteTables?.[0]?.RouteTableId;
    await ec2.send(new CreateRouteCommand({ RouteTableId, GatewayId, DestinationCidrBlock: "0.0.0.0/0" }));
    await ec2.send(new CreateRouteCommand({ RouteTableId, GatewayId, DestinationIpv6CidrBlock: "::/0" }));
    const { SecurityGroups } = await ec2.send(new DescribeSecurityGroupsCommand({ Filters }));
    const web = { IpProtocol: "tcp", FromPort: 443, ToPort: 443 };
    await ec2.send(
      new AuthorizeSecurityGroupIngressCommand({
        GroupId: SecurityGroups?.[0]?.GroupId,
        IpPermissions: [{ ...web, IpRanges: [{ CidrIp: "0.0.0.0/0" }], Ipv6Ranges: [{ CidrIpv6: "::/0" }] }],
      }),
    );
    const InstanceId = await launch(ec2, {
      SubnetId: Subnet?.SubnetId,
      ...(ipv6 !== undefined && { Ipv6Addresses: [{ Ipv6Address: ipv6.replace("/64", "99") }] }),
    });
    if (isSlow) await advanceClock(islet, 60);
    await operate(islet, "POST listen", { Region: "us-east-1", InstanceId, Protocol: "tcp", Port: 443 });
    return { InstanceId, address6: ipv6?.replace("/64", "99") ?? "" };
  }

  test("an address of one's own is reached while its range is advertised", async () => {
    const islet = await sharedIslet();
    const { ec2 } = await withRange("203.20.0.0/24");
    const { InstanceId } = await webServer(islet, ec2, {});
    const { AllocationId, PublicIp = "" } = await allocate(ec2, { Address: "203.20.0.20" });
    const { AssociationId } = await ec2.send(new AssociateAddressCommand({ AllocationId, InstanceId }));
    expect(await reach(islet, OUTSIDE, PublicIp)).toBe("outside");
    expect(await answer(islet, InstanceId)).toBe("outside");
    await advertise(ec2, "203.20.0.0/24");
    expect(await stateOf(ec2, "203.20.0.0/24")).toBe("advertised");
    expect(await reach(islet, OUTSIDE, PublicIp)).toBe("delivered");
    expect(await answer(islet, InstanceId)).toBe("delivered");
    await withdraw(ec2, "203.20.0.0/24");
    expect(await stateOf(ec2, "203.20.0.0/24")).toBe("provisioned");
    expect(await reach(islet, OUTSIDE, PublicIp)).toBe("outside");
    await advertise(ec2, "203.20.0.0/24");
    await ec2.send(new DisassociateAddressCommand({ AssociationId }));
    expect(await reach(islet, OUTSIDE, PublicIp)).toBe("dropped");
  });

  test("so is a VPC's IPv6 block", async () => {
    const islet = await sharedIslet();
    const { ec2, pool: Ipv6Pool } = await withRange("2a05:d020::/48");
    const { address6 } = await webServer(islet, ec2, { Ipv6Pool, Ipv6CidrBlock: "2a05:d020::/56" });
    expect(await reach(islet, OUTSIDE_6, address6)).toBe("outside");
    await advertise(ec2, "2a05:d020::/48");
    expect(await stateOf(ec2, "2a05:d020::/48")).toBe("advertised");
    expect(await reach(islet, OUTSIDE_6, address6)).toBe("delivered");
  });

  test("it does not matter that another Region forgets that it had the range", async () => {
    const islet = await ownIslet();
    try {
      const elsewhere = await freshClient({ islet, region: "eu-west-1" });
      await provision(elsewhere, "203.22.0.0/24");
      await deprovision(elsewhere, "203.22.0.0/24");
      const ec2 = await freshClient({ islet });
      await provision(ec2, "203.22.0.0/24");
      const { InstanceId } = await webServer(islet, ec2, {});
      const { AllocationId } = await allocate(ec2, { Address: "203.22.0.20" });
      await ec2.send(new AssociateAddressCommand({ AllocationId, InstanceId }));
      expect(await reach(islet, OUTSIDE, "203.22.0.20")).toBe("outside");
      await advanceClock(islet, HOUR);
      expect(await ranges(elsewhere)).toEqual([]);
      expect(await reach(islet, OUTSIDE, "203.22.0.20")).toBe("outside");
    } finally {
      await islet.close();
    }
  });

  test("what is withdrawn is reached until everybody knows", async () => {
    const islet = await ownIslet({ pace: "real" });
    try {
      const ec2 = await freshClient({ islet });
      await provision(ec2, "203.21.0.0/24");
      await advanceClock(islet, 2 * HOUR);
      const { InstanceId } = await webServer(islet, ec2, {}, true);
      const { AllocationId } = await allocate(ec2, { Address: "203.21.0.20" });
      await ec2.send(new AssociateAddressCommand({ AllocationId, InstanceId }));
      await advertise(ec2, "203.21.0.0/24");
      expect(await reach(islet, OUTSIDE, "203.21.0.20")).toBe("outside");
      await advanceClock(islet, 180);
      expect(await reach(islet, OUTSIDE, "203.21.0.20")).toBe("delivered");
      await withdraw(ec2, "203.21.0.0/24");
      expect(await reach(islet, OUTSIDE, "203.21.0.20")).toBe("delivered");
      await advanceClock(islet, 180);
      expect(await reach(islet, OUTSIDE, "203.21.0.20")).toBe("outside");
    } finally {
      await islet.close();
    }
  });
});
