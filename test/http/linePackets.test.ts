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
