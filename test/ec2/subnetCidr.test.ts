import {
  AssociateSubnetCidrBlockCommand,
  AssociateVpcCidrBlockCommand,
  CreateNetworkInterfaceCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DeleteNetworkInterfaceCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  DisassociateSubnetCidrBlockCommand,
  ModifySubnetAttributeCommand,
} from "@aws-sdk/client-ec2";
import { afterAll, describe, expect, test } from "vitest";
import { advanceClock } from "../clock.ts";
import { freshClient, ownIslet, refused } from "../islet.ts";
import { partOf } from "./ipv6Block.ts";

const islet = await ownIslet();
afterAll(() => islet.close());
const ec2 = await freshClient({ islet });

const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
const VpcId = Vpc?.VpcId ?? "";
await ec2.send(new AssociateVpcCidrBlockCommand({ VpcId, AmazonProvidedIpv6CidrBlock: true }));
const { Vpcs } = await ec2.send(new DescribeVpcsCommand({ VpcIds: [VpcId] }));
const ipv6 = (digits: string, length?: number) =>
  partOf(Vpcs?.[0]?.Ipv6CidrBlockAssociationSet?.[0]?.Ipv6CidrBlock, digits, length);

let next = 0;
const newSubnet = async () => {
  const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock: `10.0.${++next}.0/24` }));
  return Subnet?.SubnetId ?? "";
};
const freshBlock = () => ipv6((0x10 + next).toString(16));

const associate = async (SubnetId: string, Ipv6CidrBlock = freshBlock()) => {
  const answer = await ec2.send(new AssociateSubnetCidrBlockCommand({ SubnetId, Ipv6CidrBlock }));
  return answer.Ipv6CidrBlockAssociation;
};

const disassociate = (AssociationId: string | undefined) =>
  ec2.send(new DisassociateSubnetCidrBlockCommand({ AssociationId }));

const show = async (SubnetId: string) =>
  (await ec2.send(new DescribeSubnetsCommand({ SubnetIds: [SubnetId] }))).Subnets?.[0];

const modify = (SubnetId: string, Value: boolean) =>
  ec2.send(new ModifySubnetAttributeCommand({ SubnetId, AssignIpv6AddressOnCreation: { Value } }));

describe("what it refuses to parse", () => {
  test("a block that is none, and none at all", async () => {
    const SubnetId = await newSubnet();
    await refused(associate(SubnetId, "10.0.0.0/24"), "InvalidParameterValue");
    await refused(ec2.send(new AssociateSubnetCidrBlockCommand({ SubnetId })), "MissingParameter");
  });

  test("an association id of another form", async () => {
    await refused(
      disassociate(""),
      "InvalidSubnetCidrBlockAssociationId.Malformed",
      "The subnet CIDR block with association ID  is malformed",
    );
  });
});

describe("what it refuses to do", () => {
  test("a subnet and an association that are not there", async () => {
    await refused(associate("subnet-01234567"), "InvalidSubnetID.NotFound");
    await refused(
      disassociate("subnet-cidr-assoc-00000000"),
      "InvalidSubnetCidrBlockAssociationID.NotFound",
      "The subnet CIDR block with association ID 'subnet-cidr-assoc-00000000' does not exist",
    );
  });

  test("pools, which nobody has", async () => {
    const SubnetId = await newSubnet();
    const ask = (input: object) => ec2.send(new AssociateSubnetCidrBlockCommand({ SubnetId, ...input }));
    await refused(ask({ Ipv6IpamPoolId: "ipam-pool-1" }), "InvalidIpamPoolId.NotFound");
    await refused(ask({ Ipv6NetmaskLength: 64 }), "InvalidParameterCombination");
  });

  test("a second block, one outside of the VPC, and one that is taken", async () => {
    const first = await newSubnet();
    const block = freshBlock();
    await associate(first, block);
    await refused(associate(first, ipv6("f1")), "CidrLimitExceeded");
    const second = await newSubnet();
    await refused(associate(second, "2001:db8::/64"), "InvalidSubnet.Range");
    await refused(associate(second, block), "InvalidSubnet.Conflict");
  });

  test("to take away what the subnet gives to each new interface", async () => {
    const id = await newSubnet();
    const block = await associate(id);
    await modify(id, true);
    await refused(
      disassociate(block?.AssociationId),
      "InvalidCidrBlock.InUse",
      `The subnet IPv6 CIDR block with association ID ${block?.AssociationId} may not be disassociated, because its subnet has assign-ipv6-address-on-creation set to true.`,
    );
    await modify(id, false);
    await disassociate(block?.AssociationId);
  });

  test("to take away what an interface has", async () => {
    const SubnetId = await newSubnet();
    const block = await associate(SubnetId);
    for (const input of [{ Ipv6AddressCount: 1 }, { Ipv6PrefixCount: 1 }]) {
      const { NetworkInterface } = await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId, ...input }));
      await refused(disassociate(block?.AssociationId), "InvalidCidrBlock.InUse", /network interfaces/);
      const { NetworkInterfaceId } = NetworkInterface ?? {};
      await ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId }));
    }
    await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId, Ipv6AddressCount: 0 }));
    await disassociate(block?.AssociationId);
  });

  test("to take away all that a subnet has", async () => {
    next++;
    const { Subnet } = await ec2.send(
      new CreateSubnetCommand({ VpcId, Ipv6Native: true, Ipv6CidrBlock: freshBlock() }),
    );
    await refused(
      disassociate(Subnet?.Ipv6CidrBlockAssociationSet?.[0]?.AssociationId),
      "InvalidCidrBlock.InUse",
      /has no other CIDR block/,
    );
  });

  test("to touch another account's", async () => {
    const block = await associate(await newSubnet());
    const other = await freshClient({ islet });
    await refused(
      other.send(new DisassociateSubnetCidrBlockCommand({ AssociationId: block?.AssociationId })),
      "InvalidSubnetCidrBlockAssociationID.NotFound",
    );
  });
});

describe("what it does", () => {
  test("adds a block and takes it away, and shows that for a while", async () => {
    const id = await newSubnet();
    const block = await associate(id);
    expect(block).toEqual({
      AssociationId: expect.stringMatching(/^subnet-cidr-assoc-0[0-9a-f]{16}$/) as string,
      Ipv6CidrBlock: freshBlock(),
      Ipv6CidrBlockState: { State: "associating" },
      Ipv6AddressAttribute: "public",
      IpSource: "amazon",
    });
    const state = (State: string) => ({ ...block, Ipv6CidrBlockState: { State } });
    expect((await show(id))?.Ipv6CidrBlockAssociationSet).toEqual([state("associated")]);
    expect(await disassociate(block?.AssociationId)).toMatchObject({
      SubnetId: id,
      Ipv6CidrBlockAssociation: state("disassociating"),
    });
    expect((await show(id))?.Ipv6CidrBlockAssociationSet).toEqual([state("disassociated")]);
    await associate(id);
    await advanceClock(islet, 61);
    expect((await show(id))?.Ipv6CidrBlockAssociationSet).toMatchObject([
      { Ipv6CidrBlock: freshBlock(), Ipv6CidrBlockState: { State: "associated" } },
    ]);
  });
});
