import {
  AllocateAddressCommand,
  AssignIpv6AddressesCommand,
  AssignPrivateIpAddressesCommand,
  AssociateAddressCommand,
  AttachInternetGatewayCommand,
  CreateInternetGatewayCommand,
  CreateNetworkInterfaceCommand,
  CreateSubnetCidrReservationCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DescribeAddressesCommand,
  DescribeNetworkInterfacesCommand,
  UnassignIpv6AddressesCommand,
  UnassignPrivateIpAddressesCommand,
  type AssignIpv6AddressesCommandInput,
  type AssignPrivateIpAddressesCommandInput,
  type CreateNetworkInterfaceCommandInput,
} from "@aws-sdk/client-ec2";
import { beforeAll, describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";

const ec2 = await freshClient();
let VpcId = "";
let SubnetId = "";
let ipv6 = "";

beforeAll(async () => {
  const { Vpc } = await ec2.send(
    new CreateVpcCommand({ CidrBlock: "10.0.0.0/16", AmazonProvidedIpv6CidrBlock: true }),
  );
  VpcId = Vpc?.VpcId ?? "";
  ipv6 = Vpc?.Ipv6CidrBlockAssociationSet?.[0]?.Ipv6CidrBlock?.replace("/56", "") ?? "";
  const { Subnet } = await ec2.send(
    new CreateSubnetCommand({ VpcId, CidrBlock: "10.0.1.0/24", Ipv6CidrBlock: `${ipv6}/64` }),
  );
  SubnetId = Subnet?.SubnetId ?? "";
  // What tests name is in the lower half; EC2 chooses from the upper one.
  const kept = { Cidr: "10.0.1.0/25", ReservationType: "explicit" } as const;
  await ec2.send(new CreateSubnetCidrReservationCommand({ SubnetId, ...kept }));
});

async function create(input: Partial<CreateNetworkInterfaceCommandInput> = {}): Promise<string> {
  const { NetworkInterface: eni } = await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId, ...input }));
  return eni?.NetworkInterfaceId ?? "";
}

const assign = (input: AssignPrivateIpAddressesCommandInput) =>
  ec2.send(new AssignPrivateIpAddressesCommand(input));
const assign6 = (input: AssignIpv6AddressesCommandInput) => ec2.send(new AssignIpv6AddressesCommand(input));
const unassign = (NetworkInterfaceId: string, PrivateIpAddresses: string[]) =>
  ec2.send(new UnassignPrivateIpAddressesCommand({ NetworkInterfaceId, PrivateIpAddresses }));

async function addressesOf(id: string): Promise<(string | undefined)[]> {
  const { NetworkInterfaces } = await ec2.send(
    new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [id] }),
  );
  return NetworkInterfaces?.[0]?.PrivateIpAddresses?.map(({ PrivateIpAddress }) => PrivateIpAddress) ?? [];
}

describe("what it refuses to parse", () => {
  test("nothing to assign, or to unassign", async () => {
    const NetworkInterfaceId = await create();
    await refused(assign({ NetworkInterfaceId }), "MissingParameter");
    await refused(assign6({ NetworkInterfaceId }), "MissingParameter");
    await refused(unassign(NetworkInterfaceId, []), "MissingParameter");
    await refused(ec2.send(new UnassignIpv6AddressesCommand({ NetworkInterfaceId })), "MissingParameter");
  });

  test("both a list and a count", async () => {
    const NetworkInterfaceId = await create();
    await refused(
      assign({ NetworkInterfaceId, PrivateIpAddresses: ["10.0.1.9"], SecondaryPrivateIpAddressCount: 1 }),
      "InvalidParameterCombination",
    );
    await refused(
      assign6({ NetworkInterfaceId, Ipv6Prefixes: [`${ipv6}/80`], Ipv6PrefixCount: 1 }),
      "InvalidParameterCombination",
    );
  });

  test("what is no address", async () => {
    const NetworkInterfaceId = await create();
    await refused(assign({ NetworkInterfaceId, PrivateIpAddresses: ["ten"] }), "InvalidParameterValue");
    await refused(unassign(NetworkInterfaceId, ["ten"]), "InvalidParameterValue");
    await refused(assign6({ NetworkInterfaceId, Ipv6Addresses: ["10.0.1.9"] }), "InvalidParameterValue");
  });
});

describe("what it refuses to do", () => {
  test("assign to what is not there, or cannot have addresses", async () => {
    await refused(
      assign({ NetworkInterfaceId: "eni-0123456789abcdef0", SecondaryPrivateIpAddressCount: 1 }),
      "InvalidNetworkInterfaceID.NotFound",
    );
    const efa = await create({ InterfaceType: "efa-only" });
    await refused(
      assign({ NetworkInterfaceId: efa, SecondaryPrivateIpAddressCount: 1 }),
      "InvalidParameterCombination",
    );
    const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock: "10.0.2.0/24" }));
    const plain = await create({ SubnetId: Subnet?.SubnetId });
    await refused(assign6({ NetworkInterfaceId: plain, Ipv6AddressCount: 1 }), "InvalidParameterValue");
  });

  test("take another's address unless told to, and never a primary one", async () => {
    const [one, two] = [await create({ PrivateIpAddress: "10.0.1.20" }), await create()];
    await assign({ NetworkInterfaceId: one, PrivateIpAddresses: ["10.0.1.21"] });
    await refused(
      assign({ NetworkInterfaceId: two, PrivateIpAddresses: ["10.0.1.21"] }),
      "InvalidIPAddress.InUse",
    );
    await refused(
      assign({ NetworkInterfaceId: two, PrivateIpAddresses: ["10.0.1.20"], AllowReassignment: true }),
      "InvalidIPAddress.InUse",
    );
  });

  test("unassign the primary address, or one that is elsewhere", async () => {
    const id = await create({ PrivateIpAddress: "10.0.1.30", EnablePrimaryIpv6: true });
    await refused(unassign(id, ["10.0.1.30"]), "InvalidParameterValue");
    await refused(
      unassign(id, ["10.0.1.99"]),
      "InvalidParameterValue",
      `Some of [10.0.1.99] are not assigned to interface ${id}`,
    );
    const { NetworkInterfaces } = await ec2.send(
      new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [id] }),
    );
    const primary = NetworkInterfaces?.[0]?.Ipv6Address ?? "";
    await refused(
      ec2.send(new UnassignIpv6AddressesCommand({ NetworkInterfaceId: id, Ipv6Addresses: [primary] })),
      "InvalidParameterValue",
    );
  });
});

describe("what it does", () => {
  test("assigns and unassigns IPv4 addresses and prefixes", async () => {
    const NetworkInterfaceId = await create({ PrivateIpAddress: "10.0.1.40" });
    const named = await assign({ NetworkInterfaceId, PrivateIpAddresses: ["10.0.1.41", "10.0.1.42"] });
    expect(named.AssignedPrivateIpAddresses).toEqual([
      { PrivateIpAddress: "10.0.1.41" },
      { PrivateIpAddress: "10.0.1.42" },
    ]);
    const counted = await assign({ NetworkInterfaceId, SecondaryPrivateIpAddressCount: 2 });
    expect(counted.AssignedPrivateIpAddresses).toHaveLength(2);
    await unassign(NetworkInterfaceId, ["10.0.1.41"]);
    expect(await addressesOf(NetworkInterfaceId)).toEqual([
      "10.0.1.40",
      "10.0.1.42",
      ...(counted.AssignedPrivateIpAddresses ?? []).map(({ PrivateIpAddress }) => PrivateIpAddress),
    ]);
    const { AssignedIpv4Prefixes = [] } = await assign({ NetworkInterfaceId, Ipv4PrefixCount: 1 });
    const Ipv4Prefixes = AssignedIpv4Prefixes.map(({ Ipv4Prefix = "" }) => Ipv4Prefix);
    expect(Ipv4Prefixes).toEqual([expect.stringMatching(/\/28$/)]);
    await ec2.send(new UnassignPrivateIpAddressesCommand({ NetworkInterfaceId, Ipv4Prefixes }));
    await refused(
      ec2.send(new UnassignPrivateIpAddressesCommand({ NetworkInterfaceId, Ipv4Prefixes })),
      "InvalidParameterValue",
    );
  });

  test("assigns and unassigns IPv6 addresses and prefixes", async () => {
    const NetworkInterfaceId = await create();
    const named = await assign6({ NetworkInterfaceId, Ipv6Addresses: [`${ipv6}00ab`] });
    expect(named).toMatchObject({ NetworkInterfaceId, AssignedIpv6Addresses: [`${ipv6}ab`] });
    const counted = await assign6({ NetworkInterfaceId, Ipv6AddressCount: 3 });
    expect(counted.AssignedIpv6Addresses).toHaveLength(3);
    const prefixed = await assign6({ NetworkInterfaceId, Ipv6PrefixCount: 1 });
    expect(prefixed.AssignedIpv6Prefixes).toHaveLength(1);
    const gone = await ec2.send(
      new UnassignIpv6AddressesCommand({
        NetworkInterfaceId,
        Ipv6Addresses: [`${ipv6}ab`],
        Ipv6Prefixes: prefixed.AssignedIpv6Prefixes,
      }),
    );
    expect(gone).toMatchObject({
      UnassignedIpv6Addresses: [`${ipv6}ab`],
      UnassignedIpv6Prefixes: prefixed.AssignedIpv6Prefixes,
    });
  });

  test("moves an address and the elastic one that leads to it", async () => {
    const { InternetGateway } = await ec2.send(new CreateInternetGatewayCommand({}));
    await ec2.send(
      new AttachInternetGatewayCommand({ VpcId, InternetGatewayId: InternetGateway?.InternetGatewayId }),
    );
    const [one, two] = [await create(), await create()];
    await assign({ NetworkInterfaceId: one, PrivateIpAddresses: ["10.0.1.61"] });
    const { AllocationId = "" } = await ec2.send(new AllocateAddressCommand({}));
    await ec2.send(
      new AssociateAddressCommand({
        AllocationId,
        NetworkInterfaceId: one,
        PrivateIpAddress: "10.0.1.61",
      }),
    );
    const move = { NetworkInterfaceId: two, PrivateIpAddresses: ["10.0.1.61"], AllowReassignment: true };
    await assign(move);
    expect(await addressesOf(one)).not.toContain("10.0.1.61");
    expect(await addressesOf(two)).toContain("10.0.1.61");
    const described = () => ec2.send(new DescribeAddressesCommand({ AllocationIds: [AllocationId] }));
    expect((await described()).Addresses?.[0]).toMatchObject({
      NetworkInterfaceId: two,
      PrivateIpAddress: "10.0.1.61",
    });

    const again = await assign(move);
    expect(again.AssignedPrivateIpAddresses).toEqual([{ PrivateIpAddress: "10.0.1.61" }]);
    expect(await addressesOf(two)).toHaveLength(2);

    await unassign(two, ["10.0.1.61"]);
    expect((await described()).Addresses?.[0]?.AssociationId).toBeUndefined();
  });
});
