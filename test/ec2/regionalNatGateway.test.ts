import {
  AssociateAddressCommand,
  AssociateNatGatewayAddressCommand,
  AssociateRouteTableCommand,
  CreateNatGatewayCommand,
  CreateNetworkInterfaceCommand,
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
  DescribeRouteTablesCommand,
  DescribeSubnetsCommand,
  DetachInternetGatewayCommand,
  DisassociateAddressCommand,
  DisassociateNatGatewayAddressCommand,
  DisassociateRouteTableCommand,
  EC2Client,
  ModifyVpcBlockPublicAccessOptionsCommand,
  ReleaseAddressCommand,
  ReplaceRouteCommand,
  ReplaceRouteTableAssociationCommand,
  type AvailabilityZoneAddress,
  type AssociateNatGatewayAddressCommandInput,
  type CreateNatGatewayCommandInput,
  type NatGateway,
} from "@aws-sdk/client-ec2";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { ExchangeView } from "../../server/http/journeyView.ts";
import type { Islet } from "../../server/index.ts";
import { advanceClock } from "../clock.ts";
import { configOf, freshClient, freshKeys, ownIslet, refused, sharedIslet } from "../islet.ts";
import { operate } from "../operator.ts";
import { launch } from "./launch.ts";
import { analyze, newWeb, passed } from "./networkInsightsNetwork.ts";
import { natNetwork, newAllocation, shownNat } from "./natNetwork.ts";

const ec2 = await freshClient();
const [A, B] = ["us-east-1a", "us-east-1b"] as const;

const create = (input: Partial<CreateNatGatewayCommandInput>, client = ec2) =>
  client.send(new CreateNatGatewayCommand({ AvailabilityMode: "regional", ...input }));

/** A regional gateway as it is shown once it is made. */
async function newRegional(
  VpcId: string,
  input: Partial<CreateNatGatewayCommandInput> = {},
  client = ec2,
): Promise<NatGateway & { readonly id: string }> {
  const { NatGateway } = await create({ VpcId, ...input }, client);
  const id = NatGateway?.NatGatewayId ?? "";
  return { id, ...(await shownNat(client, id)) };
}

const associate = (input: Partial<AssociateNatGatewayAddressCommandInput>) =>
  ec2.send(
    new AssociateNatGatewayAddressCommand({ NatGatewayId: undefined, AllocationIds: undefined, ...input }),
  );

async function subnetIn(client: EC2Client, VpcId: string, zone: string, CidrBlock: string): Promise<string> {
  const { Subnet } = await client.send(new CreateSubnetCommand({ VpcId, AvailabilityZone: zone, CidrBlock }));
  return Subnet?.SubnetId ?? "";
}

async function interfaceIn(client: EC2Client, SubnetId: string): Promise<string> {
  const { NetworkInterface } = await client.send(new CreateNetworkInterfaceCommand({ SubnetId }));
  return NetworkInterface?.NetworkInterfaceId ?? "";
}

const zonesOf = ({ NatGatewayAddresses = [] }: NatGateway): (string | undefined)[] =>
  NatGatewayAddresses.map(({ AvailabilityZone }) => AvailabilityZone).toSorted((a = "", b = "") =>
    a.localeCompare(b),
  );

const addressesOf = async (client: EC2Client) =>
  (await client.send(new DescribeAddressesCommand({}))).Addresses ?? [];

const tableOf = async (client: EC2Client, { RouteTableId = "" }: NatGateway) =>
  (await client.send(new DescribeRouteTablesCommand({ RouteTableIds: [RouteTableId] }))).RouteTables?.[0] ??
  {};

/** The main route tables of a VPC: one. */
async function tablesOf(client: EC2Client, vpc: string): Promise<(string | undefined)[]> {
  const { RouteTables = [] } = await client.send(
    new DescribeRouteTablesCommand({
      Filters: [
        { Name: "vpc-id", Values: [vpc] },
        { Name: "association.main", Values: ["true"] },
      ],
    }),
  );
  return RouteTables.map(({ RouteTableId }) => RouteTableId);
}

describe("what it refuses to parse", () => {
  test("a call without what it needs, and ids of another form", async () => {
    const { vpc } = await natNetwork(ec2);
    await refused(create({}), "MissingParameter");
    await refused(create({ VpcId: "vpc-1" }), "InvalidVpcID.Malformed");
    const first: AvailabilityZoneAddress = { AvailabilityZone: A };
    for (const [address, code] of [
      [first, "MissingParameter"],
      [{ AllocationIds: ["eipalloc-0123456789abcdef0"] }, "MissingParameter"],
      [{ ...first, AllocationIds: ["eipalloc-1"] }, "InvalidElasticIpID.Malformed"],
      [{ AvailabilityZone: "us-east-1z", AllocationIds: ["eipalloc-1"] }, "InvalidParameterValue"],
      [{ ...first, AvailabilityZoneId: "use1-az1" }, "InvalidParameterCombination"],
    ] as [AvailabilityZoneAddress, string][]) {
      await refused(create({ VpcId: vpc, AvailabilityZoneAddresses: [address] }), code);
    }
  });

  test("what only a zonal gateway has", async () => {
    const { vpc, subnet } = await natNetwork(ec2);
    const AllocationId = await newAllocation(ec2);
    for (const zonal of [
      { SubnetId: subnet },
      { AllocationId },
      { PrivateIpAddress: "10.0.1.9" },
      { SecondaryAllocationIds: [AllocationId] },
      { SecondaryPrivateIpAddresses: ["10.0.1.9"] },
      { SecondaryPrivateIpAddressCount: 1 },
      { ConnectivityType: "private" },
    ] as const) {
      await refused(
        create({ VpcId: vpc, ...(zonal as Partial<CreateNatGatewayCommandInput>) }),
        "InvalidParameterCombination",
      );
    }
  });
});

describe("what it refuses to do", () => {
  test("one zone, or one address, named twice, and more than 32 addresses in a zone", async () => {
    const { vpc } = await natNetwork(ec2);
    const one = await newAllocation(ec2);
    const two = await newAllocation(ec2);
    const zone = (AvailabilityZone: string, ...AllocationIds: string[]) => ({
      AvailabilityZone,
      AllocationIds,
    });
    for (const AvailabilityZoneAddresses of [
      [zone(A, one), zone(A, two)],
      [zone(A, one), zone(B, one)],
    ]) {
      await refused(create({ VpcId: vpc, AvailabilityZoneAddresses }), "InvalidParameterValue");
    }
    const many = Array.from({ length: 33 }, () => one);
    await refused(
      create({ VpcId: vpc, AvailabilityZoneAddresses: [zone(A, ...many)] }),
      "AddressLimitExceeded",
    );
  });

  test("without an internet gateway, or with an address that leads elsewhere, it fails, and leaves nothing", async () => {
    const { vpc, subnet } = await natNetwork(ec2, { connected: false });
    const failed = await newRegional(vpc);
    expect(failed).toMatchObject({ State: "failed", FailureCode: "Gateway.NotAttached" });
    expect(failed.RouteTableId).toBeUndefined();
    await ec2.send(new DeleteSubnetCommand({ SubnetId: subnet }));
    await ec2.send(new DeleteVpcCommand({ VpcId: vpc }));
    const site = await natNetwork(ec2);
    const AllocationIds = [await newAllocation(ec2)];
    const zone = { AvailabilityZone: A, AllocationIds };
    await newRegional(site.vpc, { AvailabilityZoneAddresses: [zone] });
    const again = await newRegional(site.vpc, { AvailabilityZoneAddresses: [zone] });
    expect(again).toMatchObject({
      State: "failed",
      FailureCode: "Resource.AlreadyAssociated",
      NatGatewayAddresses: [{ Status: "failed" }],
    });
    expect(again.NatGatewayAddresses?.[0]?.PublicIp).toBeUndefined();
  });

  test("addresses by hand where they come by themselves, and the other way round", async () => {
    const { vpc } = await natNetwork(ec2);
    const AllocationIds = [await newAllocation(ec2)];
    const automatic = await newRegional(vpc);
    await refused(
      associate({ NatGatewayId: automatic.id, AllocationIds, AvailabilityZone: A }),
      "InvalidParameterValue",
      /automatically/,
    );
    const manual = await newRegional(vpc, {
      AvailabilityZoneAddresses: [{ AvailabilityZone: A, AllocationIds }],
    });
    const more = { NatGatewayId: manual.id, AllocationIds: [await newAllocation(ec2)] };
    await refused(associate(more), "MissingParameter");
    await refused(
      associate({ ...more, AvailabilityZone: A, PrivateIpAddresses: ["10.0.1.9"] }),
      "InvalidParameterCombination",
    );
    await refused(associate({ ...more, AvailabilityZone: "us-east-1z" }), "InvalidParameterValue");
  });

  test("to let its addresses, its route table, its VPC or the internet go while it is there", async () => {
    const { vpc, subnet, gateway: internet } = await natNetwork(ec2);
    await interfaceIn(ec2, subnet);
    const gateway = await newRegional(vpc);
    const [{ AllocationId, AssociationId } = {}] = gateway.NatGatewayAddresses ?? [];
    await refused(ec2.send(new ReleaseAddressCommand({ AllocationId })), "AuthFailure");
    await refused(ec2.send(new DisassociateAddressCommand({ AssociationId })), "AuthFailure");
    const NetworkInterfaceId = await interfaceIn(ec2, subnet);
    await refused(ec2.send(new AssociateAddressCommand({ AllocationId, NetworkInterfaceId })), "AuthFailure");
    await ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId }));
    const detached = new DetachInternetGatewayCommand({ InternetGatewayId: internet, VpcId: vpc });
    await refused(ec2.send(detached), "DependencyViolation", /mapped public address/);
    const { RouteTableId, Associations } = await tableOf(ec2, gateway);
    await refused(ec2.send(new DeleteRouteTableCommand({ RouteTableId })), "DependencyViolation");
    const association = { AssociationId: Associations?.[0]?.RouteTableAssociationId };
    await refused(ec2.send(new DisassociateRouteTableCommand(association)), "InvalidParameterValue");
    const { RouteTable } = await ec2.send(new CreateRouteTableCommand({ VpcId: vpc }));
    const other = RouteTable?.RouteTableId;
    await refused(
      ec2.send(new ReplaceRouteTableAssociationCommand({ ...association, RouteTableId: other })),
      "InvalidParameterValue",
    );
    await refused(
      ec2.send(new AssociateRouteTableCommand({ RouteTableId: other, GatewayId: gateway.id })),
      "InvalidParameterValue",
      `invalid value for parameter gateway-id: ${gateway.id}`,
    );
    const bare = await natNetwork(ec2);
    await newRegional(bare.vpc);
    await ec2.send(new DeleteSubnetCommand({ SubnetId: bare.subnet }));
    await refused(ec2.send(new DeleteVpcCommand({ VpcId: bare.vpc })), "DependencyViolation");
  });

  test("more gateways in a zone than the quota allows", async () => {
    const islet = await ownIslet({ quotas: "usual" });
    try {
      const client = await freshClient({ islet });
      const { vpc } = await natNetwork(client);
      const at = (AllocationId: string) => ({
        AvailabilityZoneAddresses: [{ AvailabilityZone: A, AllocationIds: [AllocationId] }],
      });
      const allocations: string[] = [];
      for (let n = 0; n < 5; n++) allocations.push(await newAllocation(client));
      for (const each of allocations) await newRegional(vpc, at(each), client);
      await refused(create({ VpcId: vpc, ...at(allocations[0] ?? "") }, client), "NatGatewayLimitExceeded");
    } finally {
      await islet.close();
    }
  });
});

describe("what it does", () => {
  test("by hand: the zones that are named, with their addresses, and a route table of its own", async () => {
    const { vpc, gateway } = await natNetwork(ec2);
    const [one, two] = [await newAllocation(ec2), await newAllocation(ec2)];
    const made = await create({
      VpcId: vpc,
      AvailabilityZoneAddresses: [
        { AvailabilityZone: A, AllocationIds: [one] },
        { AvailabilityZoneId: "use1-az2", AllocationIds: [two] },
      ],
      TagSpecifications: [{ ResourceType: "natgateway", Tags: [{ Key: "Name", Value: "all" }] }],
    });
    expect(made.NatGateway).toMatchObject({ State: "pending", AvailabilityMode: "regional", VpcId: vpc });
    const shown = await shownNat(ec2, made.NatGateway?.NatGatewayId);
    expect(shown).toMatchObject({
      State: "available",
      ConnectivityType: "public",
      AutoProvisionZones: "disabled",
      AutoScalingIps: "disabled",
      RouteTableId: expect.stringMatching(/^rtb-/) as string,
      Tags: [{ Key: "Name", Value: "all" }],
    });
    expect(shown.SubnetId).toBeUndefined();
    const [first, second] = shown.NatGatewayAddresses ?? [];
    expect(first).toEqual({
      AllocationId: one,
      AssociationId: expect.stringMatching(/^eipassoc-/) as string,
      AvailabilityZone: A,
      AvailabilityZoneId: expect.stringMatching(/^use1-az/) as string,
      PublicIp: expect.any(String) as string,
      Status: "succeeded",
    });
    expect(second).toMatchObject({ AllocationId: two, AvailabilityZoneId: "use1-az2" });
    const { Addresses } = await ec2.send(new DescribeAddressesCommand({ AllocationIds: [one] }));
    expect(Addresses?.[0]).toMatchObject({ AssociationId: first?.AssociationId, PublicIp: first?.PublicIp });
    expect(Addresses?.[0]?.ServiceManaged).toBeUndefined();
    expect(await tableOf(ec2, shown)).toMatchObject({
      VpcId: vpc,
      Associations: [{ GatewayId: shown.NatGatewayId, Main: false }],
      Routes: [
        { DestinationCidrBlock: "10.0.0.0/16", GatewayId: "local" },
        { DestinationCidrBlock: "0.0.0.0/0", GatewayId: gateway, State: "active" },
      ],
    });
  });

  test("by hand: into a new zone, and out of one, as Terraform changes it", async () => {
    const { vpc } = await natNetwork(ec2);
    const [one, two] = [await newAllocation(ec2), await newAllocation(ec2)];
    const gateway = await newRegional(vpc, {
      AvailabilityZoneAddresses: [{ AvailabilityZone: A, AllocationIds: [one] }],
    });
    const { NatGatewayAddresses } = await associate({
      NatGatewayId: gateway.id,
      AllocationIds: [two],
      AvailabilityZone: B,
    });
    expect(NatGatewayAddresses?.[1]).toMatchObject({ AvailabilityZone: B, Status: "associating" });
    expect(zonesOf(await shownNat(ec2, gateway.id))).toEqual([A, B]);
    await ec2.send(
      new DisassociateNatGatewayAddressCommand({
        NatGatewayId: gateway.id,
        AssociationIds: [gateway.NatGatewayAddresses?.[0]?.AssociationId ?? ""],
      }),
    );
    expect(zonesOf(await shownNat(ec2, gateway.id))).toEqual([B]);
    await ec2.send(new ReleaseAddressCommand({ AllocationId: one }));
  });

  test("by itself: where interfaces are, with addresses that come and go with them", async () => {
    const islet = await ownIslet({ pace: "real" });
    try {
      const client = await freshClient({ islet });
      const { vpc } = await natNetwork(client);
      await advanceClock(islet, 60);
      const first = await subnetIn(client, vpc, A, "10.0.11.0/24");
      const second = await subnetIn(client, vpc, B, "10.0.12.0/24");
      await interfaceIn(client, first);
      const { NatGateway } = await create({ VpcId: vpc }, client);
      const id = NatGateway?.NatGatewayId;
      await advanceClock(islet, 100);
      const shown = await shownNat(client, id);
      expect(shown).toMatchObject({ AutoProvisionZones: "enabled", AutoScalingIps: "enabled" });
      expect(zonesOf(shown)).toEqual([A]);
      expect(await addressesOf(client)).toMatchObject([
        { ServiceManaged: "rnat", PublicIp: shown.NatGatewayAddresses?.[0]?.PublicIp },
      ]);
      const late = await interfaceIn(client, second);
      expect(zonesOf(await shownNat(client, id))).toEqual([A]);
      await advanceClock(islet, 3600);
      expect(zonesOf(await shownNat(client, id))).toEqual([A, B]);
      await client.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: late }));
      await advanceClock(islet, 3600);
      expect(zonesOf(await shownNat(client, id))).toEqual([A]);
      expect(await addressesOf(client)).toHaveLength(1);
    } finally {
      await islet.close();
    }
  });

  test("by itself: another address in a zone where the ports have run out", async () => {
    const islet = await ownIslet();
    await operate(islet, "POST clock", { Frozen: true });
    try {
      const client = await freshClient({ islet });
      const { vpc, subnet } = await natNetwork(client);
      const from = await launch(client, { SubnetId: subnet });
      const { id } = await newRegional(vpc, {}, client);
      const all = { DestinationCidrBlock: "0.0.0.0/0", NatGatewayId: id };
      const [RouteTableId] = await tablesOf(client, vpc);
      await client.send(new CreateRouteCommand({ RouteTableId, ...all }));
      const send = async (SourcePort: number, Connections = 1) => {
        const asked = { Region: "us-east-1", From: from, To: "203.0.113.9", Protocol: "udp", Port: 53 };
        return (await operate(islet, "POST packets", { ...asked, SourcePort, Connections })) as {
          Forward: ExchangeView["Forward"];
        };
      };
      expect((await send(1024, 55_000)).Forward.Reason).toBeUndefined();
      await advanceClock(islet, 60);
      const [first] = (await shownNat(client, id)).NatGatewayAddresses ?? [];
      expect((await shownNat(client, id)).NatGatewayAddresses).toHaveLength(1);
      expect((await send(60_000)).Forward.Reason).toBe("NAT_PORTS_EXHAUSTED");
      await advanceClock(islet, 60);
      const { NatGatewayAddresses = [] } = await shownNat(client, id);
      const second = NatGatewayAddresses[1];
      expect(NatGatewayAddresses).toEqual([first, { ...first, ...second }]);
      expect(second).toMatchObject({
        AvailabilityZone: first?.AvailabilityZone,
        Status: "succeeded",
        AssociationId: expect.stringMatching(/^eipassoc-/) as unknown,
      });
      expect(await addressesOf(client)).toMatchObject([
        { ServiceManaged: "rnat" },
        { ServiceManaged: "rnat" },
      ]);
      expect((await send(60_000)).Forward.Steps.at(-1)?.Packet.Source).toBe(second?.PublicIp);
      await advanceClock(islet, 3600);
      expect((await shownNat(client, id)).NatGatewayAddresses).toHaveLength(2);
      await client.send(new DeleteNatGatewayCommand({ NatGatewayId: id }));
      expect(await addressesOf(client)).toEqual([]);
    } finally {
      await islet.close();
    }
  });

  test("deleted, it takes its route table and its own addresses with it, and the VPC can go", async () => {
    const client = await freshClient();
    const { vpc, subnet, gateway } = await natNetwork(client);
    const NetworkInterfaceId = await interfaceIn(client, subnet);
    const mine = await newAllocation(client);
    const automatic = await newRegional(vpc, {}, client);
    const manual = await newRegional(
      vpc,
      { AvailabilityZoneAddresses: [{ AvailabilityZone: A, AllocationIds: [mine] }] },
      client,
    );
    expect(await addressesOf(client)).toHaveLength(2);
    for (const { id } of [automatic, manual]) {
      await client.send(new DeleteNatGatewayCommand({ NatGatewayId: id }));
    }
    const { NatGateways } = await client.send(
      new DescribeNatGatewaysCommand({ Filter: [{ Name: "vpc-id", Values: [vpc] }] }),
    );
    expect(NatGateways?.map(({ State }) => State)).toEqual(["deleted", "deleted"]);
    expect(await addressesOf(client)).toMatchObject([{ AllocationId: mine }]);
    await refused(tableOf(client, automatic), "InvalidRouteTableID.NotFound");
    await client.send(new ReleaseAddressCommand({ AllocationId: mine }));
    await client.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId }));
    await client.send(new DeleteSubnetCommand({ SubnetId: subnet }));
    await client.send(new DetachInternetGatewayCommand({ InternetGatewayId: gateway, VpcId: vpc }));
    await client.send(new DeleteVpcCommand({ VpcId: vpc }));
  });

  test("instances of each zone reach the internet by its address, and answers come back", async () => {
    const islet = await sharedIslet();
    const { vpc } = await natNetwork(ec2);
    const gateway = await newRegional(vpc);
    const { RouteTable } = await ec2.send(new CreateRouteTableCommand({ VpcId: vpc }));
    const RouteTableId = RouteTable?.RouteTableId;
    const all = { DestinationCidrBlock: "0.0.0.0/0" };
    await ec2.send(new CreateRouteCommand({ RouteTableId, ...all, NatGatewayId: gateway.id }));
    const clients: string[] = [];
    for (const [zone, cidr] of [
      [A, "10.0.11.0/24"],
      [B, "10.0.12.0/24"],
    ] as const) {
      const SubnetId = await subnetIn(ec2, vpc, zone, cidr);
      await ec2.send(new AssociateRouteTableCommand({ RouteTableId, SubnetId }));
      clients.push(await launch(ec2, { SubnetId }));
    }
    const { NatGatewayAddresses = [] } = await shownNat(ec2, gateway.id);
    const [inA = "", inB = ""] = [A, B].map(
      (zone) => NatGatewayAddresses.find((each) => each.AvailabilityZone === zone)?.PublicIp,
    );
    for (const [place, address] of [inA, inB].entries()) {
      const { Learned, Forward } = await exchange(islet, clients[place] ?? "");
      expect([Learned, Forward.Steps.at(-1)?.Packet.Source]).toEqual(["answer", address]);
    }
    await ec2.send(new DeleteNatGatewayCommand({ NatGatewayId: gateway.id }));
    expect((await exchange(islet, clients[0] ?? "")).Forward.Reason).toBe("BAD_STATE_ROUTE");
  });

  test("is there again after a restart, and follows the interfaces on", async () => {
    const folder = mkdtempSync(join(tmpdir(), "islet-nat-"));
    try {
      const first = await ownIslet({ memory: false, data: folder });
      const keys = freshKeys(first);
      const client = new EC2Client(configOf(first, keys));
      const { vpc, subnet } = await natNetwork(client);
      const from = await launch(client, { SubnetId: subnet });
      const gateway = await newRegional(vpc, {}, client);
      const [table] = await tablesOf(client, vpc);
      const all = { RouteTableId: table, DestinationCidrBlock: "0.0.0.0/0", NatGatewayId: gateway.id };
      await client.send(new CreateRouteCommand(all));
      await first.close();
      const second = await ownIslet({ memory: false, data: folder });
      const { Learned, Forward } = await exchange(second, from);
      const again = new EC2Client(configOf(second, keys));
      await interfaceIn(again, await subnetIn(again, vpc, B, "10.0.12.0/24"));
      const zones = zonesOf(await shownNat(again, gateway.id));
      await second.close();
      expect(Learned).toBe("answer");
      expect(Forward.Steps.at(-1)?.Packet.Source).toBe(gateway.NatGatewayAddresses?.[0]?.PublicIp);
      expect(zones).toEqual([A, B]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("Reachability Analyzer finds the way by it, in which it has no interface and no subnet", async () => {
    const web = await newWeb(ec2);
    const gateway = await newRegional(web.vpc);
    const all = { RouteTableId: web.table, DestinationCidrBlock: "0.0.0.0/0" };
    await ec2.send(new ReplaceRouteCommand({ ...all, NatGatewayId: gateway.id }));
    const { NetworkPathFound, ForwardPathComponents } = await analyze(ec2, {
      Source: web.instance,
      Destination: web.gateway,
      DestinationPort: 443,
    });
    expect(NetworkPathFound).toBe(true);
    expect(passed(ForwardPathComponents).slice(-4)).toEqual([
      web.table,
      gateway.id,
      gateway.RouteTableId,
      web.gateway,
    ]);
    const hop = ForwardPathComponents?.find(({ Component }) => Component?.Id === gateway.id);
    expect([hop?.AttachedTo, hop?.Subnet]).toEqual([undefined, undefined]);
    expect(hop?.OutboundHeader?.SourceAddresses).toEqual([
      `${gateway.NatGatewayAddresses?.[0]?.PublicIp}/32`,
    ]);
  });

  test("by hand, it serves no zones but those that were named", async () => {
    const web = await newWeb(ec2);
    // So that there is no shorter way to the internet.
    await ec2.send(new DisassociateAddressCommand({ PublicIp: web.publicIp }));
    const { Subnets } = await ec2.send(new DescribeSubnetsCommand({ SubnetIds: [web.subnet] }));
    const zone = Subnets?.[0]?.AvailabilityZone ?? "";
    const given = { AvailabilityZone: zone === A ? B : A, AllocationIds: [await newAllocation(ec2)] };
    const gateway = await newRegional(web.vpc, { AvailabilityZoneAddresses: [given] });
    const all = { RouteTableId: web.table, DestinationCidrBlock: "0.0.0.0/0" };
    await ec2.send(new ReplaceRouteCommand({ ...all, NatGatewayId: gateway.id }));
    const found = () =>
      analyze(ec2, { Source: web.instance, Destination: web.gateway, DestinationPort: 443 });
    const why = "REGIONAL_NGW_ROUTE_AZ_RESTRICTION";
    expect(await found()).toMatchObject({
      NetworkPathFound: false,
      Explanations: [
        {
          ExplanationCode: why,
          NatGateway: { Id: gateway.id },
          Vpc: { Id: web.vpc },
          AvailabilityZones: [zone],
        },
      ],
    });
    const sent = async () => (await exchange(await sharedIslet(), web.instance)).Forward.Reason;
    expect(await sent()).toBe(why);
    const AllocationIds = [await newAllocation(ec2)];
    await associate({ NatGatewayId: gateway.id, AvailabilityZone: zone, AllocationIds });
    expect((await found()).NetworkPathFound).toBe(true);
    expect(await sent()).toBeUndefined();
  });

  test("what an account keeps from the internet is kept from the gateway", async () => {
    const islet = await ownIslet();
    try {
      const client = await freshClient({ islet });
      const { vpc, subnet } = await natNetwork(client);
      const from = await launch(client, { SubnetId: subnet });
      const gateway = await newRegional(vpc, {}, client);
      const [RouteTableId] = await tablesOf(client, vpc);
      const all = { DestinationCidrBlock: "0.0.0.0/0" };
      await client.send(new CreateRouteCommand({ RouteTableId, ...all, NatGatewayId: gateway.id }));
      for (const [InternetGatewayBlockMode, outcome] of [
        ["block-ingress", undefined],
        ["block-bidirectional", "VPC_BLOCK_PUBLIC_ACCESS_ENABLED"],
        ["off", undefined],
      ] as const) {
        await client.send(new ModifyVpcBlockPublicAccessOptionsCommand({ InternetGatewayBlockMode }));
        expect((await exchange(islet, from)).Forward.Reason).toBe(outcome);
      }
    } finally {
      await islet.close();
    }
  });
});

/** A connection from an instance to a host on the internet. */
async function exchange(islet: Islet, From: string): Promise<ExchangeView> {
  const asked = { Region: "us-east-1", From, To: "203.0.113.9", Protocol: "tcp", Port: 443, Exchange: true };
  return (await operate(islet, "POST packets", asked)) as unknown as ExchangeView;
}
