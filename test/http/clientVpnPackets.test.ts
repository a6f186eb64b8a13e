import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  AttachInternetGatewayCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateClientVpnRouteCommand,
  CreateInternetGatewayCommand,
  CreateRouteCommand,
  CreateSecurityGroupCommand,
  CreateTransitGatewayVpcAttachmentCommand,
  DeleteTransitGatewayClientVpnAttachmentCommand,
  DescribeClientVpnConnectionsCommand,
  DescribeRouteTablesCommand,
  DisassociateClientVpnTargetNetworkCommand,
  RevokeClientVpnIngressCommand,
  EC2Client,
  TerminateClientVpnConnectionsCommand,
} from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { drawExchange } from "../../server/cli/drawing.ts";
import type { ExchangeView } from "../../server/http/journeyView.ts";
import type { Islet } from "../../server/index.ts";
import {
  associate,
  authorize,
  BY_NAME,
  CLIENTS,
  newEndpoint,
  newNetwork,
  newOwner,
  newReadyEndpoint,
  Region,
  shownEndpoint,
  type Owner,
} from "../ec2/clientVpns.ts";
import { launch } from "../ec2/launch.ts";
import { newGateway } from "../ec2/transitGateways.ts";
import { configOf, ownIslet } from "../islet.ts";
import { operate, operationRefused } from "../operator.ts";

let islet: Islet;
let owner: Owner;
beforeAll(async () => {
  islet = await ownIslet();
  owner = await newOwner(islet);
});
afterAll(() => islet.close());

interface Connected {
  readonly ConnectionId: string;
  readonly ClientIp: string;
}

const connect = async (
  endpoint: string,
  fields: object = { CommonName: "client1" },
  on = islet,
): Promise<Connected> =>
  (await operate(on, "POST client-vpn-connections", {
    Region,
    ClientVpnEndpointId: endpoint,
    ...fields,
  })) as unknown as Connected;

const exchange = async (fields: object, on = islet): Promise<ExchangeView> =>
  (await operate(on, "POST packets", {
    Region,
    Protocol: "tcp",
    Port: 443,
    Exchange: true,
    ...fields,
  })) as unknown as ExchangeView;

/** An instance in a subnet, with a group of its own, that listens; the group lets in who is in another one. */
async function server(
  vpc: string,
  SubnetId: string,
  allowed: string,
  { ec2, islet: on } = owner,
): Promise<string> {
  const asked = { GroupName: `g-${SubnetId}`, Description: "-", VpcId: vpc };
  const { GroupId = "" } = await ec2.send(new CreateSecurityGroupCommand(asked));
  const peer = allowed.startsWith("sg-")
    ? { UserIdGroupPairs: [{ GroupId: allowed }] }
    : { IpRanges: [{ CidrIp: allowed }] };
  const IpPermissions = [{ IpProtocol: "tcp", FromPort: 443, ToPort: 443, ...peer }];
  await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
  const instance = await launch(ec2, { SubnetId, SecurityGroupIds: [GroupId] });
  await operate(on, "POST listen", { Region, InstanceId: instance, Protocol: "tcp", Port: 443 });
  return instance;
}

const mainTable = async (vpc: string): Promise<string> => {
  const Filters = [{ Name: "vpc-id", Values: [vpc] }];
  const { RouteTables } = await owner.ec2.send(new DescribeRouteTablesCommand({ Filters }));
  return RouteTables?.[0]?.RouteTableId ?? "";
};

describe("a client of an endpoint in a VPC", () => {
  test("reaches instances that let its endpoint's group in, and is counted", async () => {
    const { endpoint, vpc, subnet } = await newReadyEndpoint(owner);
    const [group = ""] = (await shownEndpoint(owner, endpoint)).SecurityGroupIds ?? [];
    const instance = await server(vpc, subnet, group);
    const { ConnectionId } = await connect(endpoint);
    const there = await exchange({ From: ConnectionId, To: instance, Length: 100 });
    expect(there).toMatchObject({
      Learned: "answer",
      Forward: { Outcome: "delivered", Receiver: { InstanceId: instance } },
      Back: { Outcome: "client", Receiver: { Id: ConnectionId } },
    });
    expect(there.Forward.Steps[0]?.Component).toEqual({ Type: "vpn-client", Id: ConnectionId });
    const drawn = drawExchange(there);
    expect(drawn).toContain("authorizes all for 10.0.0.0/16");
    expect(drawn).toContain(`reaches the VPN client ${ConnectionId}`);
    const command = new DescribeClientVpnConnectionsCommand({ ClientVpnEndpointId: endpoint });
    const counted = { IngressBytes: "100", IngressPackets: "1", EgressBytes: "64", EgressPackets: "1" };
    expect((await owner.ec2.send(command)).Connections).toMatchObject([counted]);
    await owner.ec2.send(
      new TerminateClientVpnConnectionsCommand({ ClientVpnEndpointId: endpoint, ConnectionId }),
    );
    expect((await owner.ec2.send(command)).Connections).toMatchObject([
      { ...counted, Status: { Code: "terminated" } },
    ]);
    const gone = { Region, From: ConnectionId, To: instance, Protocol: "tcp", Port: 443 };
    await operationRefused(islet, "POST packets", gone, "InvalidClientVpnConnection.IdNotFound");
  });

  test("goes where its groups may: the rules of the longest block decide", async () => {
    const endpoint = await newEndpoint(owner, BY_NAME);
    const ready = await newNetwork(owner);
    await authorize(owner, endpoint, "10.0.0.0/16", "eng");
    await authorize(owner, endpoint, "10.0.0.0/24", "ops");
    await associate(owner, endpoint, ready.subnet);
    const instance = await server(ready.vpc, ready.subnet, "10.0.0.0/16");
    const eng = await connect(endpoint, { Username: "ann", Groups: ["eng"] });
    const ops = await connect(endpoint, { Username: "joe", Groups: ["eng", "ops"] });
    const refused = await exchange({ From: eng.ConnectionId, To: instance });
    expect(refused.Forward).toMatchObject({
      Reason: "CLIENT_VPN_UNAUTHORIZED",
      Remedy: expect.stringContaining("AuthorizeClientVpnIngress"),
    });
    expect((await exchange({ From: ops.ConnectionId, To: instance })).Learned).toBe("answer");
    await owner.ec2.send(
      new RevokeClientVpnIngressCommand({
        ClientVpnEndpointId: endpoint,
        TargetNetworkCidr: "10.0.0.0/24",
        AccessGroupId: "ops",
      }),
    );
    expect((await exchange({ From: eng.ConnectionId, To: instance })).Learned).toBe("answer");
  });

  test("reaches the internet by the subnet's internet gateway, under the interface's public address", async () => {
    const { endpoint, vpc, subnet } = await newReadyEndpoint(owner);
    const { InternetGateway } = await owner.ec2.send(new CreateInternetGatewayCommand({}));
    const GatewayId = InternetGateway?.InternetGatewayId ?? "";
    await owner.ec2.send(new AttachInternetGatewayCommand({ InternetGatewayId: GatewayId, VpcId: vpc }));
    const everywhere = { DestinationCidrBlock: "0.0.0.0/0" };
    const RouteTableId = await mainTable(vpc);
    await owner.ec2.send(new CreateRouteCommand({ RouteTableId, GatewayId, ...everywhere }));
    const route = { ClientVpnEndpointId: endpoint, TargetVpcSubnetId: subnet, ...everywhere };
    await owner.ec2.send(new CreateClientVpnRouteCommand(route));
    await authorize(owner, endpoint, "0.0.0.0/0");
    const { ConnectionId } = await connect(endpoint);
    const out = await exchange({ From: ConnectionId, To: "203.0.113.9" });
    expect(out).toMatchObject({ Learned: "answer", Forward: { Outcome: "outside" } });
    expect(out.Forward.Steps.map(({ Component }) => Component.Type)).toContain("internet-gateway");
  });

  test("with split tunnel goes its own way to the internet", async () => {
    const { endpoint } = await newReadyEndpoint(owner, { SplitTunnel: true });
    const { ConnectionId } = await connect(endpoint, { CommonName: "c", DeviceAddress: "198.51.100.7" });
    const out = await exchange({ From: ConnectionId, To: "203.0.113.9" });
    expect(out.Learned).toBe("answer");
    expect(out.Forward.Steps[0]).toMatchObject({
      Component: { Type: "vpn-client" },
      Packet: { Source: "198.51.100.7" },
    });
  });

  test("reaches other clients by a local route", async () => {
    const { endpoint } = await newReadyEndpoint(owner);
    const [one, other] = [await connect(endpoint), await connect(endpoint)];
    const ask = () => exchange({ From: one.ConnectionId, To: other.ConnectionId });
    expect((await ask()).Forward.Reason).toBe("NO_ROUTE_TO_DESTINATION");
    const route = { ClientVpnEndpointId: endpoint, DestinationCidrBlock: CLIENTS };
    await owner.ec2.send(new CreateClientVpnRouteCommand({ ...route, TargetVpcSubnetId: "local" }));
    await authorize(owner, endpoint, CLIENTS);
    expect(await ask()).toMatchObject({
      Learned: "answer",
      Forward: { Receiver: { Id: other.ConnectionId } },
    });
  });

  test("meets the groups of whom it calls, and is gone with the subnet", async () => {
    const { endpoint, vpc, subnet, association } = await newReadyEndpoint(owner);
    const instance = await server(vpc, subnet, "10.0.0.0/16");
    const { ConnectionId } = await connect(endpoint);
    expect((await exchange({ From: ConnectionId, To: instance, Port: 22 })).Forward.Reason).toBe(
      "ENI_SG_RULES_MISMATCH",
    );
    const leave = { ClientVpnEndpointId: endpoint, AssociationId: association };
    await owner.ec2.send(new DisassociateClientVpnTargetNetworkCommand(leave));
    const gone = { Region, From: ConnectionId, To: instance, Protocol: "tcp", Port: 443 };
    await operationRefused(islet, "POST packets", gone, "InvalidClientVpnConnection.IdNotFound");
  });
});

test("a client of an endpoint at a transit gateway has its own address beyond, and can be called", async () => {
  const { id: TransitGatewayId } = await newGateway(owner.ec2, {
    TransitGatewayCidrBlocks: ["192.0.2.0/24"],
  });
  const { vpc, subnet } = await newNetwork(owner);
  await owner.ec2.send(
    new CreateTransitGatewayVpcAttachmentCommand({ TransitGatewayId, VpcId: vpc, SubnetIds: [subnet] }),
  );
  const endpoint = await newEndpoint(owner, { TransitGatewayConfiguration: { TransitGatewayId } });
  const route = { ClientVpnEndpointId: endpoint, DestinationCidrBlock: "10.0.0.0/16" };
  await owner.ec2.send(new CreateClientVpnRouteCommand(route));
  await authorize(owner, endpoint, "10.0.0.0/16");
  const instance = await server(vpc, subnet, CLIENTS);
  const { ConnectionId, ClientIp } = await connect(endpoint);
  // Nothing in the VPC leads back yet.
  const lost = await exchange({ From: ConnectionId, To: instance });
  expect(lost).toMatchObject({ Learned: "nothing", Forward: { Outcome: "delivered" } });
  const RouteTableId = await mainTable(vpc);
  await owner.ec2.send(
    new CreateRouteCommand({ RouteTableId, DestinationCidrBlock: CLIENTS, TransitGatewayId }),
  );
  const there = await exchange({ From: ConnectionId, To: instance, SourcePort: 40_001 });
  expect(there).toMatchObject({ Learned: "answer", Back: { Outcome: "client" } });
  expect(there.Forward.Steps.at(-1)?.Packet.Source).toBe(ClientIp);
  expect(there.Forward.Steps.map(({ Component }) => Component.Type)).toContain("transit-gateway-route-table");
  expect(await exchange({ From: instance, To: ConnectionId })).toMatchObject({ Learned: "answer" });
  const TransitGatewayAttachmentId = (await shownEndpoint(owner, endpoint)).TransitGatewayConfiguration
    ?.TransitGatewayAttachmentId;
  await owner.ec2.send(new DeleteTransitGatewayClientVpnAttachmentCommand({ TransitGatewayAttachmentId }));
  expect((await exchange({ From: ConnectionId, To: instance })).Forward.Reason).toBe("BAD_STATE_ATTACHMENT");
});

test("connections outlast the server, and count anew", async () => {
  const data = mkdtempSync(join(tmpdir(), "islet-client-vpn-"));
  const on = { memory: false, data };
  const first = await ownIslet(on);
  const before = await newOwner(first);
  const { endpoint, vpc, subnet } = await newReadyEndpoint(before);
  const instance = await server(vpc, subnet, "10.0.0.0/16", before);
  const { ConnectionId } = await connect(endpoint, undefined, first);
  expect((await exchange({ From: ConnectionId, To: instance }, first)).Learned).toBe("answer");
  await first.close();
  const second = await ownIslet(on);
  // Nobody listens on an instance that has only just booted.
  expect((await exchange({ From: ConnectionId, To: instance }, second)).Learned).toBe("refusal");
  const ec2 = new EC2Client(configOf(second, before.keys, Region));
  const command = new DescribeClientVpnConnectionsCommand({ ClientVpnEndpointId: endpoint });
  expect((await ec2.send(command)).Connections).toMatchObject([
    { ConnectionId, IngressPackets: "1", Status: { Code: "active" } },
  ]);
  await second.close();
  rmSync(data, { recursive: true });
});
