import {
  CreateRouteCommand,
  CreateTransitGatewayVpcAttachmentCommand,
  CreateVpnConcentratorCommand,
  CreateVpnConnectionRouteCommand,
  DeleteVpnConnectionCommand,
  DetachVpnGatewayCommand,
  GetActiveVpnTunnelStatusCommand,
  ModifyTransitGatewayCommand,
  ModifyVpnTunnelOptionsCommand,
  SearchTransitGatewayRoutesCommand,
  type EC2Client,
} from "@aws-sdk/client-ec2";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { drawExchange } from "../../server/cli/drawing.ts";
import type { Islet } from "../../server/index.ts";
import { newGateway } from "../ec2/transitGateways.ts";
import { DEVICE, newConnection, newCustomerGateway, outsideOf, shownConnection } from "../ec2/vpnNetwork.ts";
import { ownIslet } from "../islet.ts";
import { operate, operationRefused } from "../operator.ts";
import { HOST, learned, OFFICE, Region, sitesOf } from "./sites.ts";

let islet: Islet;
beforeAll(async () => {
  islet = await ownIslet();
});
afterAll(() => islet.close());
const { site, exchange, wired } = sitesOf(() => islet);

describe("a site that BGP tells of", () => {
  test("is reached, and reaches, while a tunnel is up", async () => {
    const { ec2, vpc, gateway, instance, id, connection } = await wired(false);
    expect((await exchange({ From: instance, To: HOST })).Forward.Reason).toBe("NO_ROUTE_TO_DESTINATION");
    const [first = "", second = ""] = outsideOf(connection);
    const Advertises = [OFFICE, { Prefix: "192.168.7.0/24", PathLength: 2, Med: 5 }, "2001:db8::/32"];
    const Name = await site({ Advertises, Tunnels: [second], Hosts: [HOST] });
    expect(await learned(ec2, vpc)).toMatchObject([
      { DestinationCidrBlock: OFFICE, GatewayId: gateway, State: "active" },
      { DestinationCidrBlock: "192.168.7.0/24", GatewayId: gateway, State: "active" },
    ]);
    expect((await shownConnection(ec2, id)).VgwTelemetry).toMatchObject([
      { OutsideIpAddress: first, Status: "DOWN", AcceptedRouteCount: 0, StatusMessage: "IPSEC IS DOWN" },
      { OutsideIpAddress: second, Status: "UP", AcceptedRouteCount: 2, StatusMessage: "2 BGP ROUTES" },
    ]);
    const there = await exchange({ From: instance, To: Name });
    expect(there).toMatchObject({
      Learned: "answer",
      Forward: { Outcome: "site", Receiver: { Id: HOST, Site: Name } },
      Back: { Outcome: "delivered", Receiver: { InstanceId: instance } },
    });
    expect(there.Forward.Steps.at(-2)).toMatchObject({
      Component: { Type: "vpn-connection", Id: id },
      Ground: { Tunnel: second },
    });
    const drawn = drawExchange(there);
    expect(drawn).toContain(`VPN gateway ${gateway}`);
    expect(drawn).toContain(`tunnel ${second}`);
    expect(drawn).toContain(`reaches ${HOST} at the customer site ${Name}`);
    expect(await exchange({ From: Name, To: instance })).toMatchObject({ Learned: "answer" });
    await site({ Advertises }, Name);
    expect((await shownConnection(ec2, id)).VgwTelemetry).toMatchObject([
      { Status: "DOWN" },
      { Status: "DOWN" },
    ]);
    expect(await learned(ec2, vpc)).toEqual([]);
    expect((await exchange({ From: instance, To: HOST })).Learned).toBe("nothing");
    const back = await exchange({ From: Name, To: instance, SourceAddress: HOST });
    expect(back.Forward.Reason).toBe("NO_ROUTE_TO_DESTINATION");
  });

  test("a new key takes the tunnel down until the site is told; then both ends say what they agreed on", async () => {
    const { ec2, id, connection } = await wired(false);
    const Name = await site({ Advertises: [OFFICE], Tunnels: [id] });
    const [first = ""] = outsideOf(connection);
    const which = { VpnConnectionId: id, VpnTunnelOutsideIpAddress: first };
    const TunnelOptions = { PreSharedKey: "another_one", Phase1EncryptionAlgorithms: [{ Value: "AES128" }] };
    await ec2.send(new ModifyVpnTunnelOptionsCommand({ ...which, TunnelOptions }));
    expect((await shownConnection(ec2, id)).VgwTelemetry).toMatchObject([
      { Status: "DOWN" },
      { Status: "UP" },
    ]);
    await site({ Advertises: [OFFICE], Tunnels: [id] }, Name);
    expect((await shownConnection(ec2, id)).VgwTelemetry).toMatchObject([{ Status: "UP" }, { Status: "UP" }]);
    const { ActiveVpnTunnelStatus } = await ec2.send(new GetActiveVpnTunnelStatusCommand(which));
    expect(ActiveVpnTunnelStatus).toMatchObject({
      Phase1EncryptionAlgorithm: "AES128",
      IkeVersion: "ikev2",
      ProvisioningStatus: "available",
    });
  });

  test("at a transit gateway, its routes are in the tables that learn them", async () => {
    const { ec2, vpc, subnet, table, instance } = await wired(false, "10.3.0.0/16");
    const { id: TransitGatewayId, table: TransitGatewayRouteTableId } = await newGateway(ec2);
    await ec2.send(
      new CreateTransitGatewayVpcAttachmentCommand({ TransitGatewayId, VpcId: vpc, SubnetIds: [subnet] }),
    );
    const { VpnConnectionId = "" } = await newConnection(ec2, { TransitGatewayId });
    const Name = await site({ Advertises: ["192.168.0.0/17"], Tunnels: [VpnConnectionId], Hosts: [HOST] });
    const { Routes } = await ec2.send(
      new SearchTransitGatewayRoutesCommand({
        TransitGatewayRouteTableId,
        Filters: [{ Name: "attachment.resource-type", Values: ["vpn"] }],
      }),
    );
    expect(Routes).toMatchObject([
      { DestinationCidrBlock: "192.168.0.0/17", Type: "propagated", State: "active" },
    ]);
    await ec2.send(
      new CreateRouteCommand({ RouteTableId: table, DestinationCidrBlock: OFFICE, TransitGatewayId }),
    );
    expect(await exchange({ From: instance, To: HOST })).toMatchObject({
      Learned: "answer",
      Forward: { Outcome: "site", Receiver: { Site: Name } },
    });
    expect((await exchange({ From: Name, To: instance })).Learned).toBe("answer");
    await ec2.send(new DeleteVpnConnectionCommand({ VpnConnectionId }));
    expect((await exchange({ From: instance, To: HOST })).Learned).toBe("nothing");
    expect((await exchange({ From: Name, To: instance })).Forward.Reason).toBe("NO_ROUTE_TO_DESTINATION");
  });
});

describe("several connections of a transit gateway", () => {
  /** A VPC behind a gateway that has two connections. */
  async function hub(VpnEcmpSupport: "enable" | "disable") {
    const wire = await wired(false);
    const { ec2, vpc, subnet, table } = wire;
    const { id: TransitGatewayId, table: tableId } = await newGateway(ec2, { VpnEcmpSupport });
    await ec2.send(
      new CreateTransitGatewayVpcAttachmentCommand({ TransitGatewayId, VpcId: vpc, SubnetIds: [subnet] }),
    );
    await ec2.send(
      new CreateRouteCommand({ RouteTableId: table, DestinationCidrBlock: OFFICE, TransitGatewayId }),
    );
    const connections = [
      await newConnection(ec2, { TransitGatewayId }),
      await newConnection(ec2, { TransitGatewayId }),
    ];
    const ids = connections.map(({ VpnConnectionId = "" }) => VpnConnectionId);
    return { ...wire, TransitGatewayId, tableId, ids };
  }

  const tunnels = async (From: string): Promise<Set<unknown>> => {
    const used = new Set<unknown>();
    for (let SourcePort = 40_000; SourcePort < 40_064; SourcePort++) {
      const { Forward } = await exchange({ From, To: HOST, SourcePort });
      for (const { Ground } of Forward.Steps) if (Ground && "Tunnel" in Ground) used.add(Ground.Tunnel);
    }
    return used;
  };

  const learnedBy = async (ec2: EC2Client, TransitGatewayRouteTableId: string) => {
    const Filters = [{ Name: "attachment.resource-type", Values: ["vpn"] }];
    const { Routes = [] } = await ec2.send(
      new SearchTransitGatewayRoutesCommand({ TransitGatewayRouteTableId, Filters }),
    );
    return Routes.map(({ DestinationCidrBlock, TransitGatewayAttachments: all = [] }) => [
      DestinationCidrBlock,
      ...all.map(({ ResourceId }) => ResourceId),
    ]);
  };

  test("share the flows to what they tell alike, and a change of the gateway's mind is seen at once", async () => {
    const { ec2, instance, tableId, ids, TransitGatewayId } = await hub("enable");
    await site({ Advertises: [OFFICE], Tunnels: ids });
    expect(await learnedBy(ec2, tableId)).toEqual([[OFFICE, ...ids]]);
    expect((await tunnels(instance)).size).toBe(4);
    await ec2.send(
      new ModifyTransitGatewayCommand({ TransitGatewayId, Options: { VpnEcmpSupport: "disable" } }),
    );
    expect(await learnedBy(ec2, tableId)).toEqual([[OFFICE, ids[0]]]);
    expect((await tunnels(instance)).size).toBe(1);
  });

  test("the shorter path has them all, and the other one stands in for it", async () => {
    const { ec2, instance, tableId, ids } = await hub("enable");
    const [far = "", near = ""] = ids;
    await site({ Advertises: [{ Prefix: OFFICE, PathLength: 3 }], Tunnels: [far] });
    const Name = await site({ Advertises: [{ Prefix: OFFICE, PathLength: 2, Med: 9 }], Tunnels: [near] });
    expect(await learnedBy(ec2, tableId)).toEqual([[OFFICE, near]]);
    expect((await exchange({ From: instance, To: HOST })).Forward.Receiver).toMatchObject({ Site: Name });
    await site({ Advertises: [], Tunnels: [near] }, Name);
    expect(await learnedBy(ec2, tableId)).toEqual([[OFFICE, far]]);
  });
});

test("tunnels between IPv6 addresses carry IPv4", async () => {
  const { ec2, vpc, subnet, table, instance } = await wired(false);
  const { id: TransitGatewayId } = await newGateway(ec2);
  await ec2.send(
    new CreateTransitGatewayVpcAttachmentCommand({ TransitGatewayId, VpcId: vpc, SubnetIds: [subnet] }),
  );
  await ec2.send(
    new CreateRouteCommand({ RouteTableId: table, DestinationCidrBlock: OFFICE, TransitGatewayId }),
  );
  const device = "2001:db8::7";
  const connection = await newConnection(ec2, {
    TransitGatewayId,
    CustomerGatewayId: await newCustomerGateway(ec2, device),
    Options: { OutsideIpAddressType: "Ipv6" },
  });
  const [first = ""] = outsideOf(connection);
  const told = { Advertises: [OFFICE], Tunnels: [first.toUpperCase()], Hosts: [HOST] };
  const Name = await site({ ...told, Addresses: [device] });
  const there = await exchange({ From: instance, To: HOST });
  expect(there).toMatchObject({ Learned: "answer", Forward: { Receiver: { Site: Name } } });
  expect(drawExchange(there)).toContain(`tunnel ${first}`);
  const which = { VpnConnectionId: connection.VpnConnectionId, VpnTunnelOutsideIpAddress: first };
  const { ActiveVpnTunnelStatus } = await ec2.send(new GetActiveVpnTunnelStatusCommand(which));
  expect(ActiveVpnTunnelStatus?.IkeVersion).toBe("ikev2");
});

test("sites behind a concentrator are one attachment, each reached by its own connection", async () => {
  const { ec2, vpc, subnet, table, instance } = await wired(false);
  const { id: TransitGatewayId, table: TransitGatewayRouteTableId } = await newGateway(ec2);
  await ec2.send(
    new CreateTransitGatewayVpcAttachmentCommand({ TransitGatewayId, VpcId: vpc, SubnetIds: [subnet] }),
  );
  await ec2.send(
    new CreateRouteCommand({ RouteTableId: table, DestinationCidrBlock: OFFICE, TransitGatewayId }),
  );
  const { VpnConcentrator: { VpnConcentratorId = "" } = {} } = await ec2.send(
    new CreateVpnConcentratorCommand({ Type: "ipsec.1", TransitGatewayId }),
  );
  const names: string[] = [];
  for (const third of [1, 2]) {
    const { VpnConnectionId = "" } = await newConnection(ec2, { VpnConcentratorId });
    const Blocks = [`192.168.${third}.0/24`];
    const Hosts = [`192.168.${third}.5`];
    names.push(await site({ Blocks, Hosts, Advertises: Blocks, Tunnels: [VpnConnectionId] }));
  }
  const [one = "", two = ""] = names;
  const Filters = [{ Name: "attachment.resource-type", Values: ["vpn-concentrator"] }];
  const search = new SearchTransitGatewayRoutesCommand({ TransitGatewayRouteTableId, Filters });
  expect((await ec2.send(search)).Routes).toMatchObject(
    ["192.168.1.0/24", "192.168.2.0/24"].map((DestinationCidrBlock) => ({
      DestinationCidrBlock,
      TransitGatewayAttachments: [{ ResourceId: VpnConcentratorId }],
      State: "active",
    })),
  );
  for (const [name, To] of [
    [one, "192.168.1.5"],
    [two, "192.168.2.5"],
  ]) {
    expect(await exchange({ From: instance, To })).toMatchObject({
      Learned: "answer",
      Forward: { Receiver: { Site: name } },
    });
    expect((await exchange({ From: name, To: instance })).Learned).toBe("answer");
  }
  const between = await exchange({ From: one, To: "192.168.2.5" });
  expect(between).toMatchObject({ Learned: "answer", Forward: { Receiver: { Site: two } } });
  expect((await exchange({ From: one, To: "192.168.1.9" })).Forward.Reason).toBe("NO_ROUTE_TO_DESTINATION");
  await site({ Blocks: ["192.168.2.0/24"] }, two);
  expect((await exchange({ From: instance, To: "192.168.2.5" })).Learned).toBe("nothing");
  expect((await exchange({ From: instance, To: "192.168.1.5" })).Learned).toBe("answer");
});

describe("a site that routes are written down for", () => {
  test("is reached by them while a tunnel is up; a static route to the same block comes first", async () => {
    const { ec2, vpc, table, gateway, instance, id } = await wired(true);
    const route = { VpnConnectionId: id, DestinationCidrBlock: OFFICE };
    await ec2.send(new CreateVpnConnectionRouteCommand(route));
    expect(await learned(ec2, vpc)).toEqual([]);
    const Name = await site({ Tunnels: [id], Advertises: ["172.16.0.0/12"] });
    expect(await learned(ec2, vpc)).toMatchObject([{ DestinationCidrBlock: OFFICE }]);
    expect((await shownConnection(ec2, id)).VgwTelemetry).toMatchObject([
      { Status: "UP", AcceptedRouteCount: 1, StatusMessage: "IPSEC IS UP" },
      { Status: "UP" },
    ]);
    expect((await exchange({ From: instance, To: HOST })).Learned).toBe("answer");
    expect((await exchange({ From: Name, To: instance, SourceAddress: HOST })).Learned).toBe("answer");
    await ec2.send(
      new CreateRouteCommand({
        RouteTableId: table,
        DestinationCidrBlock: "172.16.0.0/12",
        GatewayId: gateway,
      }),
    );
    const unknown = await exchange({ From: instance, To: "172.16.0.1" });
    expect(unknown.Forward).toMatchObject({
      Reason: "NO_ROUTE_TO_DESTINATION",
      Steps: expect.arrayContaining([
        expect.objectContaining({ Component: { Type: "vpn-gateway", Id: gateway } }),
      ]) as unknown,
    });
    await ec2.send(
      new CreateRouteCommand({ RouteTableId: table, DestinationCidrBlock: OFFICE, GatewayId: gateway }),
    );
    await site({}, Name);
    expect((await exchange({ From: instance, To: HOST })).Forward).toMatchObject({
      Reason: "BAD_STATE_VPN",
      Remedy: `let a tunnel of ${id} come up (islet: POST /_islet/sites)`,
    });
  });

  test("is reached by nobody once the gateway is detached, or the site is gone", async () => {
    const { ec2, vpc, gateway, instance, id } = await wired(true);
    await ec2.send(
      new CreateVpnConnectionRouteCommand({ VpnConnectionId: id, DestinationCidrBlock: OFFICE }),
    );
    const Name = await site({ Tunnels: [id] });
    await ec2.send(new DetachVpnGatewayCommand({ VpcId: vpc, VpnGatewayId: gateway }));
    expect((await exchange({ From: Name, To: instance, SourceAddress: HOST })).Learned).toBe("nothing");
    expect((await exchange({ From: instance, To: HOST })).Forward.Reason).toBe("NO_ROUTE_TO_DESTINATION");
    await site({ Blocks: [] }, Name);
    expect((await shownConnection(ec2, id)).VgwTelemetry).toMatchObject([
      { Status: "DOWN" },
      { Status: "DOWN" },
    ]);
    await operationRefused(
      islet,
      "POST packets",
      { Region, From: Name, To: instance, SourceAddress: HOST, Protocol: "icmp" },
      "InvalidParameterValue",
    );
  });

  test("reaches only the VPC of its own connection, whoever else has a device of the same address", async () => {
    const [mine, yours] = [await wired(true), await wired(true)];
    for (const { ec2, id } of [mine, yours]) {
      const route = { VpnConnectionId: id, DestinationCidrBlock: OFFICE };
      await ec2.send(new CreateVpnConnectionRouteCommand(route));
    }
    const Name = await site({ Tunnels: [mine.id] });
    expect((await shownConnection(yours.ec2, yours.id)).VgwTelemetry?.[0]?.Status).toBe("DOWN");
    expect((await exchange({ From: yours.instance, To: HOST })).Learned).toBe("nothing");
    const { Forward } = await exchange({ From: Name, To: mine.instance, SourceAddress: HOST });
    expect(Forward.Receiver?.InstanceId).toBe(mine.instance);
    const astray = await exchange({ From: Name, To: yours.instance, SourceAddress: HOST });
    expect(astray.Forward.Receiver?.InstanceId).not.toBe(yours.instance);
  });
});

test("after a restart, everything leads where it led before", async () => {
  const folder = mkdtempSync(join(tmpdir(), "islet-vpn-"));
  try {
    const before = await ownIslet({ memory: false, data: folder });
    const { instance, id } = await wired(false, "10.0.0.0/16", before);
    const told = { Region, Name: "hq", Addresses: [DEVICE], Blocks: [OFFICE], Hosts: [HOST] };
    await operate(before, "POST sites", { ...told, Advertises: [OFFICE], Tunnels: [id] });
    await before.close();
    const after = await ownIslet({ memory: false, data: folder });
    try {
      const ping = { Region, Protocol: "icmp", Exchange: true };
      const there = await operate(after, "POST packets", { ...ping, From: instance, To: "hq" });
      expect(there).toMatchObject({ Learned: "answer", Forward: { Receiver: { Site: "hq" } } });
      const back = await operate(after, "POST packets", { ...ping, From: "hq", To: instance });
      expect(back).toMatchObject({ Learned: "answer" });
    } finally {
      await after.close();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe("what the operator's route refuses", () => {
  const refused = (fields: object, code = "InvalidParameterValue") =>
    operationRefused(
      islet,
      "POST sites",
      { Region, Name: "bad", Addresses: [DEVICE], Blocks: [OFFICE], ...fields },
      code,
    );

  test("what is of another form", async () => {
    await refused({ Region: "mars-1" });
    await refused({ Name: "i-am-no-instance" });
    await refused({ Name: "203.0.113.1" });
    await refused({ Colour: "red" }, "UnknownParameter");
    await refused({ Blocks: "all" });
    await refused({ Blocks: ["all"] });
    await refused({ Addresses: ["here"] });
    await refused({ Hosts: ["somebody"] });
    await refused({ VirtualInterfaces: ["vgw-0123456789abcdef0"] });
    await refused({ VirtualInterfaces: ["somewhere"] });
    await refused({ ConnectPeers: ["tgw-connect-peer-0123456789abcdef0"] });
    await refused({ Hosts: ["10.9.9.9"] });
    await refused({ Advertises: {} });
    await refused({ Advertises: [7] });
    await refused({ Advertises: ["all"] });
    await refused({ Advertises: [{ Prefix: OFFICE, PathLength: -1 }] });
    await refused({ Advertises: [{ Prefix: OFFICE, PathLength: 256 }] });
    await refused({ Advertises: [{ Prefix: OFFICE, Med: 0.5 }] });
    await refused({ Advertises: [{ Prefix: OFFICE, Weight: 1 }] }, "UnknownParameter");
  });

  test("tunnels that are not there, or end elsewhere", async () => {
    const { ec2, id, connection } = await wired(false);
    await refused({ Tunnels: ["203.0.113.250"] });
    await refused({ Tunnels: ["vpn-0123456789abcdef0"] });
    await refused({ Tunnels: [id], Addresses: ["203.0.113.77"] });
    await ec2.send(new DeleteVpnConnectionCommand({ VpnConnectionId: id }));
    await refused({ Tunnels: [outsideOf(connection)[0]] });
  });
});
