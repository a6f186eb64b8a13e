import {
  AssignPrivateIpAddressesCommand,
  AssociateAddressCommand,
  AttachInternetGatewayCommand,
  CreateNatGatewayCommand,
  CreateNetworkInterfaceCommand,
  CreateNetworkInterfacePermissionCommand,
  CreateRouteCommand,
  CreateRouteTableCommand,
  CreateSubnetCommand,
  DeleteNatGatewayCommand,
  DeleteNetworkInterfaceCommand,
  DeleteRouteTableCommand,
  DeleteSubnetCommand,
  DeleteVpcCommand,
  DescribeAddressesCommand,
  DescribeNatGatewaysCommand,
  DescribeNetworkInterfacesCommand,
  DescribeRouteTablesCommand,
  DetachInternetGatewayCommand,
  DetachNetworkInterfaceCommand,
  DisassociateAddressCommand,
  ModifyNetworkInterfaceAttributeCommand,
  ReleaseAddressCommand,
  ReplaceRouteCommand,
  type CreateNatGatewayCommandInput,
  type DescribeNatGatewaysCommandInput,
  type EC2Client,
} from "@aws-sdk/client-ec2";
import { writeFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { advanceClock } from "../clock.ts";
import { freshClient, ownIslet, refused } from "../islet.ts";
import { natNetwork, newAllocation, newNat, shownNat } from "./natNetwork.ts";

const ec2 = await freshClient();
const MISSING = "nat-0123456789abcdef0";

const create = (input: Partial<CreateNatGatewayCommandInput>) => ec2.send(new CreateNatGatewayCommand(input));

const remove = (NatGatewayId: string | undefined, client = ec2) =>
  client.send(new DeleteNatGatewayCommand({ NatGatewayId }));

const gateways = async (input: DescribeNatGatewaysCommandInput) =>
  (await ec2.send(new DescribeNatGatewaysCommand(input))).NatGateways ?? [];

const interfaceOf = async (client: EC2Client, subnet: string) => {
  const { NetworkInterfaces } = await client.send(
    new DescribeNetworkInterfacesCommand({ Filters: [{ Name: "subnet-id", Values: [subnet] }] }),
  );
  return NetworkInterfaces?.[0] ?? {};
};

const addressOf = async (AllocationId: string) =>
  (await ec2.send(new DescribeAddressesCommand({ AllocationIds: [AllocationId] }))).Addresses?.[0] ?? {};

describe("what it refuses to parse", () => {
  test("ids of another form", async () => {
    await refused(remove("nat-1"), "NatGatewayMalformed");
    await refused(gateways({ NatGatewayIds: ["nat"] }), "NatGatewayMalformed");
    await refused(create({ SubnetId: "subnet-1", AllocationId: "eipalloc-1" }), "InvalidSubnetID.Malformed");
    const { subnet } = await natNetwork(ec2);
    await refused(create({ SubnetId: subnet, AllocationId: "eipalloc-1" }), "InvalidElasticIpID.Malformed");
  });

  test("a call without what it needs", async () => {
    const { subnet } = await natNetwork(ec2);
    await refused(create({}), "MissingParameter");
    await refused(create({ SubnetId: subnet }), "MissingParameter");
    await refused(remove(undefined), "MissingParameter");
  });

  test("pages out of bounds", async () => {
    await refused(gateways({ MaxResults: 4 }), "InvalidParameterValue");
  });

  test("what does not go together", async () => {
    const { subnet, vpc } = await natNetwork(ec2);
    const AllocationId = await newAllocation(ec2);
    const zonal = { SubnetId: subnet, AllocationId };
    const closed = { SubnetId: subnet, ConnectivityType: "private" } as const;
    for (const [asked, code] of [
      [{ ...zonal, VpcId: vpc }, "InvalidParameterCombination"],
      [
        { ...zonal, AvailabilityZoneAddresses: [{ AvailabilityZone: "us-east-1a" }] },
        "InvalidParameterCombination",
      ],
      [{ ...zonal, SecondaryPrivateIpAddressCount: 1 }, "InvalidParameterCombination"],
      [{ ...zonal, SecondaryPrivateIpAddresses: ["10.0.1.9"] }, "InvalidParameterCombination"],
      [{ ...zonal, SecondaryAllocationIds: [AllocationId] }, "InvalidParameterValue"],
      [{ ...zonal, PrivateIpAddress: "10.0.9.9" }, "InvalidParameterValue"],
      [{ ...zonal, ...closed }, "InvalidParameterCombination"],
      [{ ...closed, SecondaryAllocationIds: [AllocationId] }, "InvalidParameterCombination"],
      [
        { ...closed, SecondaryPrivateIpAddresses: ["10.0.1.9"], SecondaryPrivateIpAddressCount: 1 },
        "InvalidParameterCombination",
      ],
      [{ ...closed, SecondaryPrivateIpAddressCount: 8 }, "PrivateIpAddressLimitExceeded"],
    ] as const) {
      await refused(create(asked as Partial<CreateNatGatewayCommandInput>), code);
    }
    expect(await gateways({ Filter: [{ Name: "subnet-id", Values: [subnet] }] })).toEqual([]);
  });
});

describe("what it refuses to do", () => {
  test("with what is not there", async () => {
    const { subnet } = await natNetwork(ec2);
    const AllocationId = "eipalloc-0123456789abcdef0";
    await refused(create({ SubnetId: subnet, AllocationId }), "InvalidElasticIpID.NotFound");
    await refused(create({ SubnetId: "subnet-0123456789abcdef0", AllocationId }), "InvalidSubnetID.NotFound");
    await refused(remove(MISSING), "NatGatewayNotFound", `The Nat Gateway ${MISSING} was not found`);
    const other = await freshClient();
    const { NatGatewayId } = await newNat(ec2, subnet);
    await refused(remove(NatGatewayId, other), "NatGatewayNotFound");
  });

  test("an address that is taken", async () => {
    const { subnet } = await natNetwork(ec2);
    const closed = { ConnectivityType: "private", PrivateIpAddress: "10.0.1.9" } as const;
    await newNat(ec2, subnet, closed);
    await refused(newNat(ec2, subnet, closed), "InvalidIPAddress.InUse");
  });

  test("what it accepts, but cannot do, fails", async () => {
    const failed = async (subnet: string, asked: Partial<CreateNatGatewayCommandInput> = {}) => {
      const { NatGatewayId, State } = await newNat(ec2, subnet, asked);
      expect(State).toBe("pending");
      const shown = await shownNat(ec2, NatGatewayId);
      expect(shown).toMatchObject({ State: "failed", NatGatewayAddresses: [{ Status: "failed" }] });
      await remove(NatGatewayId);
      expect((await shownNat(ec2, NatGatewayId)).State).toBe("deleted");
      return [shown.FailureCode, shown.FailureMessage];
    };
    const apart = await natNetwork(ec2, { connected: false });
    expect(await failed(apart.subnet)).toEqual([
      "Gateway.NotAttached",
      `Network ${apart.vpc} has no Internet gateway attached`,
    ]);
    const { subnet, vpc } = await natNetwork(ec2);
    const { AllocationId = "" } = (await newNat(ec2, subnet)).NatGatewayAddresses?.[0] ?? {};
    expect(await failed(subnet, { AllocationId })).toEqual([
      "Resource.AlreadyAssociated",
      `Elastic IP address ${AllocationId} is already associated`,
    ]);
    const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId: vpc, CidrBlock: "10.0.2.0/28" }));
    const SubnetId = Subnet?.SubnetId ?? "";
    await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId, SecondaryPrivateIpAddressCount: 10 }));
    expect(await failed(SubnetId)).toEqual([
      "InsufficientFreeAddressesInSubnet",
      "Subnet has insufficient free addresses to create this NAT gateway",
    ]);
    // Nothing is left behind of those that failed.
    expect(await interfaceOf(ec2, apart.subnet)).toEqual({});
  });

  test("an elastic address that is released while the gateway is made", async () => {
    const islet = await ownIslet({ pace: "real" });
    try {
      const slow = await freshClient({ islet });
      const { subnet } = await natNetwork(slow);
      const AllocationId = await newAllocation(slow);
      const { NatGatewayId } = await newNat(slow, subnet, { AllocationId });
      await slow.send(new ReleaseAddressCommand({ AllocationId }));
      await advanceClock(islet, 120);
      expect(await shownNat(slow, NatGatewayId)).toMatchObject({
        State: "failed",
        FailureCode: "InvalidAllocationID.NotFound",
      });
      await advanceClock(islet, 3600);
      await refused(shownNat(slow, NatGatewayId), "NatGatewayNotFound");
    } finally {
      await islet.close();
    }
  });

  test("to let the account use what is the gateway's", async () => {
    const { subnet, vpc, gateway } = await natNetwork(ec2);
    const { NatGatewayId, NatGatewayAddresses } = await newNat(ec2, subnet);
    const {
      AllocationId = "",
      AssociationId,
      NetworkInterfaceId,
      PublicIp,
    } = (await shownNat(ec2, NatGatewayId)).NatGatewayAddresses?.[0] ?? {};
    expect(NatGatewayAddresses?.[0]?.AllocationId).toBe(AllocationId);
    const spare = await newAllocation(ec2);
    const forbidden = /^You do not have permission to access the specified resource\.$/;
    for (const call of [
      () => ec2.send(new ReleaseAddressCommand({ AllocationId })),
      () => ec2.send(new DisassociateAddressCommand({ AssociationId })),
      () => ec2.send(new DisassociateAddressCommand({ PublicIp })),
      () => ec2.send(new AssociateAddressCommand({ AllocationId: spare, NetworkInterfaceId })),
      () =>
        ec2.send(
          new ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId, Description: { Value: "mine" } }),
        ),
      () =>
        ec2.send(
          new AssignPrivateIpAddressesCommand({ NetworkInterfaceId, SecondaryPrivateIpAddressCount: 1 }),
        ),
      () =>
        ec2.send(
          new CreateNetworkInterfacePermissionCommand({
            NetworkInterfaceId,
            AwsAccountId: "111122223333",
            Permission: "INSTANCE-ATTACH",
          }),
        ),
    ]) {
      await refused(call(), "AuthFailure", forbidden);
    }
    const { NetworkInterface } = await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: subnet }));
    const mine = NetworkInterface?.NetworkInterfaceId;
    await refused(
      ec2.send(new AssociateAddressCommand({ AllocationId, NetworkInterfaceId: mine })),
      "AuthFailure",
    );
    await ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: mine }));
    await refused(
      ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId })),
      "InvalidParameterValue",
      `Network interface '${NetworkInterfaceId}' is currently in use.`,
    );
    const AttachmentId = (await interfaceOf(ec2, subnet)).Attachment?.AttachmentId ?? "";
    const { NetworkInterfaces } = await ec2.send(
      new DescribeNetworkInterfacesCommand({
        Filters: [{ Name: "attachment.attachment-id", Values: [AttachmentId] }],
      }),
    );
    expect(NetworkInterfaces).toHaveLength(1);
    await refused(
      ec2.send(new DetachNetworkInterfaceCommand({ AttachmentId })),
      "OperationNotPermitted",
      "You are not allowed to manage 'ela-attach' attachments.",
    );
    await refused(ec2.send(new DeleteSubnetCommand({ SubnetId: subnet })), "DependencyViolation");
    const detach = new DetachInternetGatewayCommand({ InternetGatewayId: gateway, VpcId: vpc });
    await refused(ec2.send(detach), "DependencyViolation", /has some mapped public address\(es\)/);
  });

  test("more than the quotas allow", async () => {
    const folder = mkdtempSync(join(tmpdir(), "islet-nat-"));
    const quotas = join(folder, "quotas.json");
    writeFileSync(quotas, JSON.stringify({ "NAT gateways per Availability Zone": 1 }));
    const islet = await ownIslet({ quotas });
    try {
      const limited = await freshClient({ islet });
      const { subnet } = await natNetwork(limited);
      const closed = { ConnectivityType: "private" } as const;
      const { NatGatewayId } = await newNat(limited, subnet, closed);
      await refused(
        newNat(limited, subnet, closed),
        "NatGatewayLimitExceeded",
        "Performing this operation would exceed the limit of 1 NAT gateways",
      );
      await remove(NatGatewayId, limited);
      const [AllocationId, ...SecondaryAllocationIds] = [
        await newAllocation(limited),
        await newAllocation(limited),
        await newAllocation(limited),
      ];
      await refused(
        newNat(limited, subnet, { AllocationId, SecondaryAllocationIds }),
        "AddressLimitExceeded",
      );
      expect((await newNat(limited, subnet, { AllocationId })).State).toBe("pending");
    } finally {
      await islet.close();
      rmSync(folder, { recursive: true });
    }
  });
});

describe("what it does", () => {
  test("a public gateway: pending, then available with its elastic address", async () => {
    const { subnet, vpc } = await natNetwork(ec2);
    const AllocationId = await newAllocation(ec2);
    const made = await newNat(ec2, subnet, {
      AllocationId,
      PrivateIpAddress: "10.0.1.99",
      TagSpecifications: [{ ResourceType: "natgateway", Tags: [{ Key: "Name", Value: "out" }] }],
    });
    expect(made).toMatchObject({
      State: "pending",
      SubnetId: subnet,
      VpcId: vpc,
      ConnectivityType: "public",
      AvailabilityMode: "zonal",
      NatGatewayAddresses: [{ AllocationId, IsPrimary: true, Status: "associating" }],
      Tags: [{ Key: "Name", Value: "out" }],
    });
    const { PublicIp, AssociationId, ...address } = await addressOf(AllocationId);
    const shown = await shownNat(ec2, made.NatGatewayId);
    expect(shown).toMatchObject({
      State: "available",
      NatGatewayAddresses: [
        {
          AllocationId,
          AssociationId,
          PublicIp,
          PrivateIp: "10.0.1.99",
          IsPrimary: true,
          Status: "succeeded",
        },
      ],
    });
    const NetworkInterfaceId = shown.NatGatewayAddresses?.[0]?.NetworkInterfaceId;
    expect(address).toMatchObject({ NetworkInterfaceId, PrivateIpAddress: "10.0.1.99" });
    expect(address.InstanceId).toBeUndefined();
    expect(await interfaceOf(ec2, subnet)).toMatchObject({
      NetworkInterfaceId,
      InterfaceType: "nat_gateway",
      Description: `Interface for NAT Gateway ${made.NatGatewayId}`,
      RequesterManaged: true,
      SourceDestCheck: false,
      Status: "in-use",
      Groups: [],
      Attachment: { InstanceOwnerId: "amazon-aws", DeviceIndex: 1, Status: "attached" },
      Association: { PublicIp, AllocationId, AssociationId },
    });
  });

  test("secondary addresses from the beginning", async () => {
    const { subnet } = await natNetwork(ec2);
    const SecondaryAllocationIds = [await newAllocation(ec2)];
    const { NatGatewayId } = await newNat(ec2, subnet, {
      SecondaryAllocationIds,
      SecondaryPrivateIpAddresses: ["10.0.1.50"],
    });
    const [first, second] = (await shownNat(ec2, NatGatewayId)).NatGatewayAddresses ?? [];
    expect([first?.IsPrimary, second?.IsPrimary]).toEqual([true, false]);
    expect(second).toMatchObject({ PrivateIp: "10.0.1.50", AllocationId: SecondaryAllocationIds[0] });
    const closed = await newNat(ec2, subnet, {
      ConnectivityType: "private",
      SecondaryPrivateIpAddressCount: 7,
    });
    const { NatGatewayAddresses = [], ConnectivityType } = await shownNat(ec2, closed.NatGatewayId);
    expect(ConnectivityType).toBe("private");
    expect(new Set(NatGatewayAddresses.map(({ PrivateIp }) => PrivateIp)).size).toBe(8);
    expect(NatGatewayAddresses.every(({ PublicIp, Status }) => !PublicIp && Status === "succeeded")).toBe(
      true,
    );
  });

  test("the same client token makes one gateway", async () => {
    const { subnet } = await natNetwork(ec2);
    const asked = { SubnetId: subnet, ConnectivityType: "private", ClientToken: "once" } as const;
    const [one, two] = [await create(asked), await create(asked)];
    expect(two.NatGateway?.NatGatewayId).toBe(one.NatGateway?.NatGatewayId);
    expect(one.ClientToken).toBe("once");
  });

  test("every filter filters", async () => {
    const { subnet, vpc } = await natNetwork(ec2);
    const { NatGatewayId = "" } = await newNat(ec2, subnet);
    await newNat(ec2, (await natNetwork(ec2)).subnet);
    for (const [Name, Value] of [
      ["nat-gateway-id", NatGatewayId],
      ["subnet-id", subnet],
      ["vpc-id", vpc],
    ] as const) {
      const found = await gateways({ Filter: [{ Name, Values: [Value] }] });
      expect(found.map((each) => each.NatGatewayId)).toEqual([NatGatewayId]);
    }
    const here = { Name: "vpc-id", Values: [vpc] };
    expect(await gateways({ Filter: [here, { Name: "state", Values: ["available"] }] })).toHaveLength(1);
    expect(await gateways({ Filter: [here, { Name: "state", Values: ["pending"] }] })).toEqual([]);
  });

  test("deleted, it gives its address back, is still shown for an hour, and leaves black holes", async () => {
    const islet = await ownIslet();
    try {
      const client = await freshClient({ islet });
      const { subnet, vpc, gateway } = await natNetwork(client);
      const AllocationId = await newAllocation(client);
      const { NatGatewayId = "" } = await newNat(client, subnet, { AllocationId });
      const { RouteTable } = await client.send(new CreateRouteTableCommand({ VpcId: vpc }));
      const RouteTableId = RouteTable?.RouteTableId ?? "";
      const DestinationCidrBlock = "0.0.0.0/0";
      await client.send(new CreateRouteCommand({ RouteTableId, DestinationCidrBlock, NatGatewayId }));
      const routeState = async () => {
        const { RouteTables } = await client.send(
          new DescribeRouteTablesCommand({
            Filters: [{ Name: "route.nat-gateway-id", Values: [NatGatewayId] }],
          }),
        );
        return RouteTables?.[0]?.Routes?.find((route) => route.NatGatewayId === NatGatewayId)?.State;
      };
      expect(await routeState()).toBe("active");
      expect(await remove(NatGatewayId, client)).toMatchObject({ NatGatewayId });
      expect(await routeState()).toBe("blackhole");
      const { State, DeleteTime } = await shownNat(client, NatGatewayId);
      expect([State, DeleteTime]).toEqual(["deleted", expect.any(Date)]);
      await refused(remove(NatGatewayId, client), "NatGatewayNotFound");
      await client.send(new DeleteRouteTableCommand({ RouteTableId }));
      await client.send(new ReleaseAddressCommand({ AllocationId }));
      await client.send(new DetachInternetGatewayCommand({ InternetGatewayId: gateway, VpcId: vpc }));
      await client.send(new DeleteSubnetCommand({ SubnetId: subnet }));
      await client.send(new DeleteVpcCommand({ VpcId: vpc }));
      await advanceClock(islet, 3601);
      await refused(shownNat(client, NatGatewayId), "NatGatewayNotFound");
    } finally {
      await islet.close();
    }
  });

  test("at EC2's own pace: its address is its own until it is gone", async () => {
    const islet = await ownIslet({ pace: "real" });
    try {
      const client = await freshClient({ islet });
      const { subnet } = await natNetwork(client);
      await advanceClock(islet, 60);
      const AllocationId = await newAllocation(client);
      const { NatGatewayId } = await newNat(client, subnet, { AllocationId });
      expect((await shownNat(client, NatGatewayId)).State).toBe("pending");
      await advanceClock(islet, 120);
      await remove(NatGatewayId, client);
      await remove(NatGatewayId, client);
      expect((await shownNat(client, NatGatewayId)).State).toBe("deleting");
      await refused(client.send(new ReleaseAddressCommand({ AllocationId })), "AuthFailure");
      await advanceClock(islet, 120);
      expect((await shownNat(client, NatGatewayId)).State).toBe("deleted");
      await client.send(new ReleaseAddressCommand({ AllocationId }));
    } finally {
      await islet.close();
    }
  });
});

describe("routes to it", () => {
  test("need a gateway of the same VPC that is not gone", async () => {
    const { subnet, vpc, gateway } = await natNetwork(ec2);
    const { NatGatewayId = "" } = await newNat(ec2, subnet);
    const elsewhere = await natNetwork(ec2);
    const { RouteTable } = await ec2.send(new CreateRouteTableCommand({ VpcId: elsewhere.vpc }));
    const RouteTableId = RouteTable?.RouteTableId ?? "";
    const route = { RouteTableId, DestinationCidrBlock: "0.0.0.0/0" };
    await refused(
      ec2.send(new CreateRouteCommand({ ...route, NatGatewayId })),
      "InvalidParameterValue",
      /belong to different networks$/,
    );
    await remove(NatGatewayId);
    const { RouteTable: own } = await ec2.send(new CreateRouteTableCommand({ VpcId: vpc }));
    await refused(
      ec2.send(new CreateRouteCommand({ ...route, RouteTableId: own?.RouteTableId ?? "", NatGatewayId })),
      "InvalidNatGatewayID.NotFound",
      `The natGateway ID '${NatGatewayId}' does not exist`,
    );
    await ec2.send(new DetachInternetGatewayCommand({ InternetGatewayId: gateway, VpcId: vpc }));
    await ec2.send(new AttachInternetGatewayCommand({ InternetGatewayId: gateway, VpcId: vpc }));
  });

  test("may also be for a whole subnet of the VPC, as through other appliances", async () => {
    const { subnet, vpc } = await natNetwork(ec2);
    const { NatGatewayId } = await newNat(ec2, subnet, { ConnectivityType: "private" });
    const { RouteTable } = await ec2.send(new CreateRouteTableCommand({ VpcId: vpc }));
    const RouteTableId = RouteTable?.RouteTableId ?? "";
    await ec2.send(new CreateSubnetCommand({ VpcId: vpc, CidrBlock: "10.0.5.0/24" }));
    await ec2.send(
      new CreateRouteCommand({ RouteTableId, DestinationCidrBlock: "10.0.5.0/24", NatGatewayId }),
    );
    await ec2.send(
      new ReplaceRouteCommand({ RouteTableId, DestinationCidrBlock: "10.0.0.0/16", NatGatewayId }),
    );
    await ec2.send(
      new CreateRouteCommand({ RouteTableId, DestinationIpv6CidrBlock: "64:ff9b::/96", NatGatewayId }),
    );
    const { RouteTables } = await ec2.send(new DescribeRouteTablesCommand({ RouteTableIds: [RouteTableId] }));
    expect(RouteTables?.[0]?.Routes?.filter((route) => route.NatGatewayId === NatGatewayId)).toHaveLength(3);
  });
});
