import {
  AssociateVpcCidrBlockCommand,
  CreateNetworkInterfaceCommand,
  CreateSubnetCidrReservationCommand,
  CreateSubnetCommand,
  CreateTagsCommand,
  CreateVpcCommand,
  DeleteSubnetCidrReservationCommand,
  DeleteSubnetCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  GetSubnetCidrReservationsCommand,
  type CreateNetworkInterfaceRequest,
  type CreateSubnetCidrReservationRequest,
  type GetSubnetCidrReservationsRequest,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";
import { partOf } from "./ipv6Block.ts";

const ec2 = await freshClient();
const MISSING = "scr-0123456789abcdef0";

const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
const VpcId = Vpc?.VpcId ?? "";
await ec2.send(new AssociateVpcCidrBlockCommand({ VpcId, AmazonProvidedIpv6CidrBlock: true }));
const { Vpcs } = await ec2.send(new DescribeVpcsCommand({ VpcIds: [VpcId] }));
const ipv6 = (digits: string, length?: number) =>
  partOf(Vpcs?.[0]?.Ipv6CidrBlockAssociationSet?.[0]?.Ipv6CidrBlock, digits, length);

let next = 0;
/** A subnet 10.0.N.0/24 with an IPv6 block. */
async function newSubnet() {
  const place = ++next;
  const Ipv6CidrBlock = ipv6((0x10 + place).toString(16));
  const CidrBlock = `10.0.${place}.0/24`;
  const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock, Ipv6CidrBlock }));
  return { id: Subnet?.SubnetId ?? "", ipv4: `10.0.${place}`, ipv6: Ipv6CidrBlock.replace("::/64", "") };
}

const reserve = async (
  SubnetId: string,
  Cidr: string,
  more: Partial<CreateSubnetCidrReservationRequest> = {},
) => {
  const answer = await ec2.send(
    new CreateSubnetCidrReservationCommand({ SubnetId, Cidr, ReservationType: "explicit", ...more }),
  );
  return answer.SubnetCidrReservation;
};

const list = (SubnetId: string, more: Partial<GetSubnetCidrReservationsRequest> = {}) =>
  ec2.send(new GetSubnetCidrReservationsCommand({ SubnetId, ...more }));

const available = async (SubnetId: string) =>
  (await ec2.send(new DescribeSubnetsCommand({ SubnetIds: [SubnetId] }))).Subnets?.[0]
    ?.AvailableIpAddressCount;

describe("what it refuses to parse", () => {
  test("a block that is none, and a type that does not exist", async () => {
    const { id, ipv4 } = await newSubnet();
    await refused(reserve(id, `${ipv4}.0`), "InvalidParameterValue");
    await refused(
      reserve(id, `${ipv4}.0/28`, { ReservationType: "vague" as "prefix" }),
      "InvalidParameterValue",
    );
  });

  test("pages out of bounds or from nowhere", async () => {
    const { id } = await newSubnet();
    await refused(list(id, { MaxResults: 4 }), "InvalidParameterValue");
    await refused(list(id, { NextToken: "bm93aGVyZQ" }), "InvalidPaginationToken");
  });
});

describe("what it refuses to do", () => {
  test("what is not there", async () => {
    await refused(reserve("subnet-01234567", "10.0.0.0/28"), "InvalidSubnetID.NotFound");
    await refused(list("subnet-01234567"), "InvalidSubnetID.NotFound");
    await refused(
      ec2.send(new DeleteSubnetCidrReservationCommand({ SubnetCidrReservationId: MISSING })),
      "InvalidSubnetCidrReservationID.NotFound",
      `The subnet CIDR reservation ID '${MISSING}' does not exist`,
    );
  });

  test("addresses of elsewhere, and addresses that are reserved", async () => {
    const { id, ipv4 } = await newSubnet();
    await refused(reserve(id, "10.9.0.0/28"), "InvalidParameterValue", /is not within the CIDR blocks/);
    await refused(reserve(id, "10.0.0.0/8"), "InvalidParameterValue", /is not within the CIDR blocks/);
    await reserve(id, `${ipv4}.16/28`);
    await refused(
      reserve(id, `${ipv4}.24/29`),
      "InvalidParameterValue",
      `Reservation CIDR ${ipv4}.24/29 has overlap with existing reserved CIDR block`,
    );
  });

  test("a dry run, and a filter that reservations do not have", async () => {
    const { id, ipv4 } = await newSubnet();
    await refused(reserve(id, `${ipv4}.16/28`, { DryRun: true }), "DryRunOperation");
    await refused(list(id, { Filters: [{ Name: "cidr", Values: ["*"] }] }), "InvalidParameterValue");
  });
});

describe("what it does", () => {
  test("reserves, shows and frees addresses of both versions", async () => {
    const subnet = await newSubnet();
    const first = await reserve(subnet.id, `${subnet.ipv4}.17/28`, {
      Description: "for appliances",
      TagSpecifications: [
        { ResourceType: "subnet-cidr-reservation", Tags: [{ Key: "Name", Value: "appliances" }] },
      ],
    });
    const second = await reserve(subnet.id, `${subnet.ipv6}:1::/80`, { ReservationType: "prefix" });
    expect(first).toEqual({
      SubnetCidrReservationId: expect.stringMatching(/^scr-0[0-9a-f]{16}$/) as string,
      SubnetId: subnet.id,
      Cidr: `${subnet.ipv4}.16/28`,
      ReservationType: "explicit",
      OwnerId: Vpc?.OwnerId,
      Description: "for appliances",
      Tags: [{ Key: "Name", Value: "appliances" }],
    });
    const all = await list(subnet.id);
    expect(all.SubnetIpv4CidrReservations).toEqual([first]);
    expect(all.SubnetIpv6CidrReservations).toEqual([second]);
    for (const [Name, value = ""] of [
      ["reservationType", "explicit"],
      ["tag-key", "Name"],
      ["tag:Name", "app*"],
    ]) {
      const Filters = [{ Name, Values: [value] }];
      expect(await list(subnet.id, { Filters })).toMatchObject({
        SubnetIpv4CidrReservations: [first],
        SubnetIpv6CidrReservations: [],
      });
    }
    const mine = await list(subnet.id, { Filters: [{ Name: "subnet-id", Values: [subnet.id] }] });
    expect(mine.SubnetIpv6CidrReservations).toEqual([second]);
    const { SubnetCidrReservationId } = first ?? {};
    const deleted = await ec2.send(new DeleteSubnetCidrReservationCommand({ SubnetCidrReservationId }));
    expect(deleted.DeletedSubnetCidrReservation).toEqual(first);
    expect((await list(subnet.id)).SubnetIpv4CidrReservations).toEqual([]);
  });

  test("counts each address once: reserved, in use, or the network's own", async () => {
    const { id, ipv4 } = await newSubnet();
    expect(await available(id)).toBe(251);
    const PrivateIpAddress = `${ipv4}.20`;
    await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: id, PrivateIpAddress }));
    expect(await available(id)).toBe(250);
    await reserve(id, `${ipv4}.16/28`);
    expect(await available(id)).toBe(235);
    await reserve(id, `${ipv4}.0/28`);
    expect(await available(id)).toBe(223);
    await reserve(id, `${ipv4}.240/28`);
    expect(await available(id)).toBe(208);
    const Ipv4Prefixes = [{ Ipv4Prefix: `${ipv4}.32/28` }];
    await ec2.send(
      new CreateNetworkInterfaceCommand({ SubnetId: id, PrivateIpAddress: `${ipv4}.48`, Ipv4Prefixes }),
    );
    expect(await available(id)).toBe(191);
    await reserve(id, `${ipv4}.32/27`, { ReservationType: "prefix" });
    expect(await available(id)).toBe(176);
  });

  test("goes away with its subnet, and can be tagged until then", async () => {
    const { id, ipv4 } = await newSubnet();
    const row = await reserve(id, `${ipv4}.16/28`);
    const { SubnetCidrReservationId = "" } = row ?? {};
    await ec2.send(
      new CreateTagsCommand({ Resources: [SubnetCidrReservationId], Tags: [{ Key: "a", Value: "b" }] }),
    );
    expect((await list(id)).SubnetIpv4CidrReservations).toMatchObject([{ Tags: [{ Key: "a" }] }]);
    await ec2.send(new DeleteSubnetCommand({ SubnetId: id }));
    await refused(
      ec2.send(new DeleteSubnetCidrReservationCommand({ SubnetCidrReservationId })),
      "InvalidSubnetCidrReservationID.NotFound",
    );
  });

  test("pages through them", async () => {
    const { id, ipv4 } = await newSubnet();
    for (let place = 1; place <= 7; place++) await reserve(id, `${ipv4}.${16 * place}/28`);
    const first = await list(id, { MaxResults: 5 });
    const second = await list(id, { MaxResults: 5, NextToken: first.NextToken });
    expect([first, second].map((page) => page.SubnetIpv4CidrReservations?.length)).toEqual([5, 2]);
    expect(second.NextToken).toBeUndefined();
  });

  test("keeps EC2 from choosing what is reserved, save prefixes for interfaces", async () => {
    const subnet = await newSubnet();
    // All that is left to choose from is the last 16 addresses, of which one is the network's own.
    for (const [place, length] of [
      [0, 25],
      [128, 26],
      [192, 27],
    ])
      await reserve(subnet.id, `${subnet.ipv4}.${place}/${length}`);
    await reserve(subnet.id, `${subnet.ipv4}.224/28`, { ReservationType: "prefix" });
    await reserve(subnet.id, `${subnet.ipv6}::/65`);
    const create = async (input: Partial<CreateNetworkInterfaceRequest>) => {
      const answer = await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: subnet.id, ...input }));
      return answer.NetworkInterface ?? {};
    };
    const first = await create({ Ipv4PrefixCount: 1, Ipv6AddressCount: 1 });
    expect(first.Ipv4Prefixes).toEqual([{ Ipv4Prefix: `${subnet.ipv4}.224/28` }]);
    expect(Number(first.PrivateIpAddress?.split(".")[3])).toBeGreaterThanOrEqual(240);
    expect(first.Ipv6Addresses?.[0]?.Ipv6Address).toMatch(
      /^[0-9a-f:]+:[89a-f][0-9a-f]{3}(?::[0-9a-f]{1,4}){3}$/,
    );
    await create({ SecondaryPrivateIpAddressCount: 13 });
    await refused(create({}), "InsufficientFreeAddressesInSubnet");
    await refused(
      create({ PrivateIpAddress: `${subnet.ipv4}.9`, Ipv4PrefixCount: 1 }),
      "InsufficientCidrBlocks",
    );
    expect((await create({ PrivateIpAddress: `${subnet.ipv4}.9` })).PrivateIpAddress).toBe(
      `${subnet.ipv4}.9`,
    );
  });
});
