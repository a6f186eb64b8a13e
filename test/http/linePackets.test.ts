import {
  CreateRouteCommand,
  CreateTransitGatewayVpcAttachmentCommand,
  DeleteTransitGatewayCommand,
  DeleteVpnConnectionCommand,
  DeleteVpnGatewayCommand,
  DescribeTransitGatewayAttachmentsCommand,
  DetachVpnGatewayCommand,
  SearchTransitGatewayRoutesCommand,
} from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { drawExchange } from "../../server/cli/drawing.ts";
import type { Islet } from "../../server/index.ts";
import { newGateway } from "../ec2/transitGateways.ts";
import { DEVICE, newConnection, newCustomerGateway, outsideOf, shownConnection } from "../ec2/vpnNetwork.ts";
import { ownIslet, refused } from "../islet.ts";
import { operationRefused } from "../operator.ts";
import { HOST, learned, OFFICE, Region, sitesOf } from "./sites.ts";

let islet: Islet;
beforeAll(async () => {
  islet = await ownIslet();
});
afterAll(() => islet.close());
const { site, exchange, wired } = sitesOf(() => islet);

describe("a site at a dedicated line", () => {
  test("of a virtual private gateway comes before its VPN connections, until the line is gone", async () => {
    const { ec2, vpc, gateway, table, instance, id } = await wired(false);
    const vpn = await site({ Advertises: [OFFICE], Tunnels: [id], Hosts: [HOST] });
    const line = { Advertises: [{ Prefix: OFFICE, PathLength: 5 }], VirtualInterfaces: [gateway] };
    const hq = await site({ ...line, Hosts: [HOST] });
    expect(await learned(ec2, vpc)).toMatchObject([{ DestinationCidrBlock: OFFICE, GatewayId: gateway }]);
    const there = await exchange({ From: instance, To: HOST });
    expect(there).toMatchObject({ Learned: "answer", Forward: { Receiver: { Site: hq } } });
    expect(drawExchange(there)).toContain("virtual interface dxvif-");
    expect((await exchange({ From: hq, To: instance })).Learned).toBe("answer");
    await ec2.send(
      new CreateRouteCommand({ RouteTableId: table, DestinationCidrBlock: OFFICE, GatewayId: gateway }),
    );
    await site({ ...line, Hosts: [HOST] }, hq);
    expect((await exchange({ From: instance, To: HOST })).Forward.Receiver).toMatchObject({ Site: hq });
    await site({}, hq);
    expect((await exchange({ From: instance, To: HOST })).Forward.Receiver).toMatchObject({ Site: vpn });
    expect((await exchange({ From: hq, To: instance, SourceAddress: HOST })).Forward.Reason).toBe(
      "NO_ROUTE_TO_DESTINATION",
    );
  });

  test("keeps its virtual private gateway", async () => {
    const { ec2, vpc, gateway, id } = await wired(false);
    await ec2.send(new DeleteVpnConnectionCommand({ VpnConnectionId: id }));
    const name = await site({ VirtualInterfaces: [gateway] });
    await ec2.send(new DetachVpnGatewayCommand({ VpcId: vpc, VpnGatewayId: gateway }));
    const remove = () => ec2.send(new DeleteVpnGatewayCommand({ VpnGatewayId: gateway }));
    await refused(remove(), "IncorrectState");
    await site({ Blocks: [] }, name);
    expect((await remove()).$metadata.httpStatusCode).toBe(200);
  });

  test("of a transit gateway is an attachment of it, and shares the flows with another one", async () => {
    const { ec2, vpc, subnet, table, instance } = await wired(false);
    const { id: TransitGatewayId, table: TransitGatewayRouteTableId } = await newGateway(ec2, {
      VpnEcmpSupport: "disable",
    });
    await ec2.send(
      new CreateTransitGatewayVpcAttachmentCommand({ TransitGatewayId, VpcId: vpc, SubnetIds: [subnet] }),
    );
    await ec2.send(
      new CreateRouteCommand({ RouteTableId: table, DestinationCidrBlock: OFFICE, TransitGatewayId }),
    );
    const { VpnConnectionId = "" } = await newConnection(ec2, { TransitGatewayId });
    await site({ Advertises: [OFFICE], Tunnels: [VpnConnectionId] });
    const lines = { Advertises: [OFFICE], VirtualInterfaces: [TransitGatewayId], Hosts: [HOST] };
    const [one, two] = [await site(lines), await site(lines)];
    const search = async () => {
      const Filters = [{ Name: "route-search.exact-match", Values: [OFFICE] }];
      const { Routes } = await ec2.send(
        new SearchTransitGatewayRoutesCommand({ TransitGatewayRouteTableId, Filters }),
      );
      return Routes?.map(({ TransitGatewayAttachments = [] }) =>
        TransitGatewayAttachments.map(({ ResourceType }) => ResourceType),
      );
    };
    expect(await search()).toEqual([["direct-connect-gateway", "direct-connect-gateway"]]);
    const reached = new Set<unknown>();
    for (let SourcePort = 40_000; SourcePort < 40_032; SourcePort++) {
      reached.add((await exchange({ From: instance, To: HOST, SourcePort })).Forward.Receiver?.Site);
    }
    expect(reached).toEqual(new Set([one, two]));
    // The answer may take the other line, as all of its flow do.
    expect((await exchange({ From: one, To: instance })).Forward.Outcome).toBe("delivered");
    await refused(ec2.send(new DeleteTransitGatewayCommand({ TransitGatewayId })), "IncorrectState");
    for (const name of [one, two]) await site({}, name);
    expect(await search()).toEqual([["vpn"]]);
    expect((await exchange({ From: one, To: instance, SourceAddress: HOST })).Forward.Reason).toBe(
      "NO_ROUTE_TO_DESTINATION",
    );
  });
});

describe("what a line is told and tells", () => {
  /** A VPC that a transit gateway leads to the office from. */
  async function hub() {
    const wire = await wired(false);
    const { ec2, vpc, subnet, table } = wire;
    const { id: Gateway, table: tableId } = await newGateway(ec2, { VpnEcmpSupport: "enable" });
    await ec2.send(
      new CreateTransitGatewayVpcAttachmentCommand({
        TransitGatewayId: Gateway,
        VpcId: vpc,
        SubnetIds: [subnet],
      }),
    );
    await ec2.send(
      new CreateRouteCommand({
        RouteTableId: table,
        DestinationCidrBlock: OFFICE,
        TransitGatewayId: Gateway,
      }),
    );
    return { ...wire, Gateway, tableId };
  }

  const reached = async (From: string): Promise<Set<unknown>> => {
    const sites = new Set<unknown>();
    for (let SourcePort = 40_000; SourcePort < 40_024; SourcePort++) {
      sites.add((await exchange({ From, To: HOST, SourcePort })).Forward.Receiver?.Site);
    }
    return sites;
  };

  test("a community says which line is preferred, before the path's length; equal ones share the flows", async () => {
    const virtual = await wired(false);
    const transit = await hub();
    for (const { instance, Gateway } of [{ ...virtual, Gateway: virtual.gateway }, transit]) {
      const lined = (Community?: string, PathLength = 1) => ({
        Advertises: [{ Prefix: OFFICE, PathLength, Community }],
        VirtualInterfaces: [Gateway],
        Hosts: [HOST],
      });
      const [one, two] = [await site(lined("7224:7200")), await site(lined())];
      expect(await reached(instance)).toEqual(new Set([one, two]));
      await site(lined("7224:7300", 9), one);
      expect(await reached(instance)).toEqual(new Set([one]));
      await site(lined("7224:7100", 1), one);
      expect(await reached(instance)).toEqual(new Set([two]));
    }
  });

  test("what a Direct Connect gateway allows is all that a site is told", async () => {
    const { instance, Gateway } = await hub();
    const name = await site({ Advertises: [OFFICE], VirtualInterfaces: [{ Gateway }], Hosts: [HOST] });
    const learned = async (...AllowedPrefixes: string[]) => {
      const VirtualInterfaces = [{ Gateway, AllowedPrefixes }];
      await site({ Advertises: [OFFICE], VirtualInterfaces, Hosts: [HOST] }, name);
      const { Learned, Forward } = await exchange({ From: name, To: instance });
      return [Learned, Forward.Reason];
    };
    expect(await learned("10.0.0.0/8")).toEqual(["answer", undefined]);
    expect(await learned("10.0.0.0/24", "172.16.0.0/12")).toEqual(["answer", undefined]);
    expect(await learned("172.16.0.0/12")).toEqual(["nothing", "NO_ROUTE_TO_DESTINATION"]);
    // What nobody is behind, the gateway finds out.
    const VirtualInterfaces = [{ Gateway, AllowedPrefixes: ["172.16.0.0/12"] }];
    await site({ Advertises: [OFFICE], VirtualInterfaces }, name);
    const astray = await exchange({ From: name, To: "172.16.0.1", SourceAddress: HOST });
    expect(astray.Forward.Steps.map(({ Component }) => Component?.Type)).toContain(
      "transit-gateway-attachment",
    );
  });

  test("jumbo frames pass by routes that were learned", async () => {
    const { instance, gateway } = await wired(false);
    const lined = (Mtu?: number) => ({
      Advertises: [OFFICE],
      VirtualInterfaces: [{ Gateway: gateway, Mtu }],
      Hosts: [HOST],
    });
    const name = await site(lined());
    const end = async (Length: number) =>
      (await exchange({ From: instance, To: HOST, Length })).Forward.Reason;
    expect([await end(1500), await end(1501)]).toEqual([undefined, "FRAGMENTATION_NEEDED"]);
    await site(lined(9001), name);
    expect([await end(9001), await end(9002)]).toEqual([undefined, "FRAGMENTATION_NEEDED"]);
  });

  test("without a discriminator, a VPN connection of a transit gateway counts as 100", async () => {
    const { ec2, tableId, Gateway: TransitGatewayId } = await hub();
    const ids: string[] = [];
    for (const Med of [undefined, 101, 99]) {
      const { VpnConnectionId = "" } = await newConnection(ec2, { TransitGatewayId });
      ids.push(VpnConnectionId);
      await site({ Advertises: [{ Prefix: OFFICE, Med }], Tunnels: [VpnConnectionId] });
      const Filters = [{ Name: "route-search.exact-match", Values: [OFFICE] }];
      const { Routes } = await ec2.send(
        new SearchTransitGatewayRoutesCommand({ TransitGatewayRouteTableId: tableId, Filters }),
      );
      const used = Routes?.flatMap(({ TransitGatewayAttachments = [] }) =>
        TransitGatewayAttachments.map(({ ResourceId }) => ResourceId),
      );
      expect(used).toEqual([Med === 99 ? ids[2] : ids[0]]);
    }
  });

  test("is refused where it makes no sense", async () => {
    const { gateway, Gateway } = await hub();
    const refuse = (fields: object, code = "InvalidParameterValue") =>
      operationRefused(islet, "POST sites", { Region, Name: "bad", Blocks: [OFFICE], ...fields }, code);
    for (const VirtualInterfaces of [
      7,
      [7],
      [{}],
      [{ Gateway: "vgw-1" }],
      [{ Gateway: gateway, Mtu: 9002 }],
      [{ Gateway: gateway, Mtu: "9001" }],
      [{ Gateway, Mtu: 9001 }],
      [{ Gateway, AllowedPrefixes: ["everything"] }],
      [{ Gateway, AllowedPrefixes: "10.0.0.0/8" }],
    ]) {
      await refuse({ VirtualInterfaces });
    }
    await refuse({ VirtualInterfaces: [{ Gateway, Colour: "red" }] }, "UnknownParameter");
    for (const Community of ["7224:8100", "7224:9300", "constructor", 7300]) {
      await refuse({ Advertises: [{ Prefix: OFFICE, Community }], VirtualInterfaces: [gateway] });
    }
  });
});

describe("tunnels between private addresses", () => {
  const DEVICE_INSIDE = "172.31.0.7";

  /** A gateway with blocks of its own, at a VPC and at a site's dedicated line. */
  async function lined() {
    const wire = await wired(false);
    const { ec2, vpc, subnet, table } = wire;
    const TransitGatewayCidrBlocks = ["10.99.0.0/24"];
    const { id: TransitGatewayId, table: tableId } = await newGateway(ec2, { TransitGatewayCidrBlocks });
    await ec2.send(
      new CreateTransitGatewayVpcAttachmentCommand({ TransitGatewayId, VpcId: vpc, SubnetIds: [subnet] }),
    );
    await ec2.send(
      new CreateRouteCommand({ RouteTableId: table, DestinationCidrBlock: OFFICE, TransitGatewayId }),
    );
    const place = {
      Addresses: [DEVICE, DEVICE_INSIDE],
      VirtualInterfaces: [TransitGatewayId],
      Hosts: [HOST],
    };
    const name = await site(place);
    const attachmentTo = async (type: string) => {
      const Filters = [{ Name: "resource-type", Values: [type] }];
      const { TransitGatewayAttachments } = await ec2.send(
        new DescribeTransitGatewayAttachmentsCommand({ Filters }),
      );
      return TransitGatewayAttachments?.[0]?.TransitGatewayAttachmentId;
    };
    const CustomerGatewayId = await newCustomerGateway(ec2, DEVICE_INSIDE);
    const create = async (options: object = {}, more: object = {}) =>
      newConnection(ec2, {
        CustomerGatewayId,
        TransitGatewayId,
        Options: {
          OutsideIpAddressType: "PrivateIpv4",
          TransportTransitGatewayAttachmentId: await attachmentTo("direct-connect-gateway"),
          ...options,
        },
        ...more,
      });
    return { ...wire, TransitGatewayId, tableId, place, name, attachmentTo, create };
  }

  test("need a transit gateway with a block, and an attachment of a dedicated line", async () => {
    const { ec2, gateway, attachmentTo, create } = await lined();
    const combination = "InvalidParameterCombination";
    await refused(create({}, { TransitGatewayId: undefined, VpnGatewayId: gateway }), combination);
    await refused(create({ EnableAcceleration: true }), combination);
    await refused(create({ OutsideIpAddressType: "PublicIpv4" }), combination);
    const TransportTransitGatewayAttachmentId = await attachmentTo("vpc");
    await refused(create({ TransportTransitGatewayAttachmentId }), "InvalidParameterValue");
    await refused(
      create({ TransportTransitGatewayAttachmentId: "tgw-attach-0123456789abcdef0" }),
      "InvalidTransitGatewayAttachmentID.NotFound",
    );
    await refused(create({ TransportTransitGatewayAttachmentId: undefined }), "MissingParameter");
    const CustomerGatewayId = await newCustomerGateway(ec2);
    await refused(
      create({}, { CustomerGatewayId }),
      "InvalidParameterValue",
      /is not a private IPv4 address/,
    );
    const { id: bare } = await newGateway(ec2);
    await site({ VirtualInterfaces: [bare] });
    const { TransitGatewayAttachments } = await ec2.send(
      new DescribeTransitGatewayAttachmentsCommand({
        Filters: [
          { Name: "transit-gateway-id", Values: [bare] },
          { Name: "resource-type", Values: ["direct-connect-gateway"] },
        ],
      }),
    );
    const transport = TransitGatewayAttachments?.[0]?.TransitGatewayAttachmentId;
    const there = { TransportTransitGatewayAttachmentId: transport };
    await refused(
      create(there, { TransitGatewayId: bare }),
      "InvalidParameterValue",
      /no CIDR block with a free IPv4 address/,
    );
  });

  test("have addresses of the gateway's, come up by the line alone, and before those over the internet", async () => {
    const { ec2, instance, TransitGatewayId, tableId, place, name, create, attachmentTo } = await lined();
    const connection = await create();
    const { VpnConnectionId: id = "", Options } = connection;
    expect(Options).toMatchObject({
      OutsideIpAddressType: "PrivateIpv4",
      TransportTransitGatewayAttachmentId: await attachmentTo("direct-connect-gateway"),
    });
    expect(outsideOf(connection)).toEqual(["10.99.0.1", "10.99.0.2"]);
    const other = await newConnection(ec2, { TransitGatewayId });
    await site({ Advertises: [OFFICE], Tunnels: [other.VpnConnectionId] });
    const hq = await site({ Addresses: [DEVICE_INSIDE], Advertises: [OFFICE], Tunnels: [id], Hosts: [HOST] });
    const search = async () => {
      const Filters = [{ Name: "route-search.exact-match", Values: [OFFICE] }];
      const { Routes } = await ec2.send(
        new SearchTransitGatewayRoutesCommand({ TransitGatewayRouteTableId: tableId, Filters }),
      );
      return Routes?.map(({ TransitGatewayAttachments: [first] = [] }) => first?.ResourceId);
    };
    expect(await search()).toEqual([id]);
    expect(await exchange({ From: instance, To: HOST })).toMatchObject({
      Learned: "answer",
      Forward: { Receiver: { Site: hq } },
    });
    await site({ ...place, VirtualInterfaces: [] }, name);
    expect(await search()).toEqual([other.VpnConnectionId]);
    expect((await shownConnection(ec2, id)).VgwTelemetry).toMatchObject([
      { Status: "DOWN" },
      { Status: "DOWN" },
    ]);
    await operationRefused(
      islet,
      "POST sites",
      { Region, Name: "far", Addresses: [DEVICE_INSIDE], Blocks: [OFFICE], Tunnels: [id] },
      "InvalidParameterValue",
    );
    const DeleteIt = new DeleteVpnConnectionCommand({ VpnConnectionId: id });
    expect((await ec2.send(DeleteIt)).$metadata.httpStatusCode).toBe(200);
  });
});
