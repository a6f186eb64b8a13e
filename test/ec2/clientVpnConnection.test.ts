import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DeleteLogGroupCommand,
  GetLogEventsCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import {
  CreateClientVpnRouteCommand,
  DeleteClientVpnEndpointCommand,
  DescribeClientVpnConnectionsCommand,
  DisassociateClientVpnTargetNetworkCommand,
  ExportClientVpnClientConfigurationCommand,
  ModifyClientVpnEndpointCommand,
  TerminateClientVpnConnectionsCommand,
  type ClientVpnConnection,
  type CreateClientVpnEndpointCommandInput,
  type TerminateClientVpnConnectionsCommandInput,
} from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Islet } from "../../server/index.ts";
import { advanceClock } from "../clock.ts";
import { configOf, ownIslet, refused } from "../islet.ts";
import { operate, operationRefused } from "../operator.ts";
import {
  associate,
  BY_NAME,
  newEndpoint,
  newOwner,
  newReadyEndpoint,
  newSubnet,
  Region,
  shownEndpoint,
  type Owner,
} from "./clientVpns.ts";

let islet: Islet;
let owner: Owner;
beforeAll(async () => {
  islet = await ownIslet();
  owner = await newOwner(islet);
});
afterAll(() => islet.close());

type Fields = Readonly<Record<string, unknown>>;

const connect = (ClientVpnEndpointId: string, fields: Fields = { CommonName: "client1" }) =>
  operate(islet, "POST client-vpn-connections", { Region, ClientVpnEndpointId, ...fields });
const connectRefused = (ClientVpnEndpointId: string, fields: Fields, code: string) =>
  operationRefused(islet, "POST client-vpn-connections", { Region, ClientVpnEndpointId, ...fields }, code);

async function connections(endpoint: string, Name?: string, value = ""): Promise<ClientVpnConnection[]> {
  const filter = Name === undefined ? {} : { Filters: [{ Name, Values: [value] }] };
  const command = new DescribeClientVpnConnectionsCommand({ ClientVpnEndpointId: endpoint, ...filter });
  return (await owner.ec2.send(command)).Connections ?? [];
}
const states = async (endpoint: string) => (await connections(endpoint)).map(({ Status }) => Status?.Code);

const terminate = (
  ClientVpnEndpointId: string,
  asked: Omit<TerminateClientVpnConnectionsCommandInput, "ClientVpnEndpointId">,
) => owner.ec2.send(new TerminateClientVpnConnectionsCommand({ ClientVpnEndpointId, ...asked }));

describe("what it refuses to parse", () => {
  test("clients that say too little of themselves, or what cannot be", async () => {
    const { endpoint } = await newReadyEndpoint(owner);
    await connectRefused(endpoint, {}, "MissingParameter");
    await connectRefused(endpoint, { Username: "joe" }, "InvalidParameterValue");
    const named = { CommonName: "client1" };
    await connectRefused(endpoint, { ...named, Color: "red" }, "UnknownParameter");
    for (const wrong of [
      { SerialNumber: "twelve" },
      { DeviceAddress: "home" },
      { DeviceAddress: "2001:db8::1" },
      { DevicePort: 0 },
      { Groups: "eng" },
      { Groups: ["eng"] },
      { Context: [] },
      { Context: { score: 0.5 } },
      { Context: { nothing: null } },
      { Context: JSON.parse(`${'{"a":'.repeat(200)}1${"}".repeat(200)}`) as unknown },
    ]) {
      await connectRefused(endpoint, { ...named, ...wrong }, "InvalidParameterValue");
    }
    const users = await newReadyEndpoint(owner, BY_NAME);
    await connectRefused(users.endpoint, named, "MissingParameter");
  });

  test("neither a connection nor a user to terminate, and both", async () => {
    const { endpoint } = await newReadyEndpoint(owner);
    await refused(terminate(endpoint, {}), "MissingParameter");
    const both = { ConnectionId: "cvpn-connection-01234567", Username: "joe" };
    await refused(terminate(endpoint, both), "InvalidParameterCombination");
  });
});

describe("what it refuses to do", () => {
  test("to connect to an endpoint that is not there, or has no target network", async () => {
    const named = { CommonName: "client1" };
    await connectRefused("cvpn-endpoint-01234567", named, "InvalidClientVpnEndpointId.NotFound");
    await connectRefused(await newEndpoint(owner), named, "IncorrectState");
  });

  test("to let in more clients at once than the quota allows", async () => {
    const folder = mkdtempSync(join(tmpdir(), "islet-quotas-"));
    const file = join(folder, "quotas.json");
    writeFileSync(file, JSON.stringify({ "Concurrent client connections per Client VPN endpoint": 1 }));
    const limited = await ownIslet({ quotas: file });
    rmSync(folder, { recursive: true });
    const { endpoint: ClientVpnEndpointId } = await newReadyEndpoint(await newOwner(limited));
    const asked = { Region, ClientVpnEndpointId, CommonName: "client1" };
    const { ConnectionId } = await operate(limited, "POST client-vpn-connections", asked);
    await operationRefused(limited, "POST client-vpn-connections", asked, "IncorrectState", /more than 1/);
    await operate(limited, "POST client-vpn-connections/end", { Region, ConnectionId });
    await operate(limited, "POST client-vpn-connections", asked);
    await limited.close();
  });

  test("to end what is not there", async () => {
    const [one, other] = [await newReadyEndpoint(owner), await newReadyEndpoint(owner)];
    const { ConnectionId } = await connect(other.endpoint);
    const code = "InvalidClientVpnConnection.IdNotFound";
    await refused(terminate(one.endpoint, { ConnectionId: "cvpn-connection-0123456789abcdef0" }), code);
    await refused(terminate(one.endpoint, { ConnectionId: String(ConnectionId) }), code);
    await refused(terminate(one.endpoint, { Username: "joe" }), "InvalidClientVpnConnection.UserNotFound");
    await operationRefused(
      islet,
      "POST client-vpn-connections/end",
      { Region, ConnectionId: "cvpn-connection-01234567" },
      code,
    );
  });

  test("to end more than five connections of a user at once", async () => {
    const { endpoint } = await newReadyEndpoint(owner, BY_NAME);
    for (let n = 0; n < 6; n++) await connect(endpoint, { Username: "joe" });
    await refused(terminate(endpoint, { Username: "joe" }), "ClientVpnTerminateConnectionsLimitExceeded");
    expect(new Set(await states(endpoint))).toEqual(new Set(["active"]));
  });
});

describe("what it does", () => {
  test("gives clients addresses of the first half of their range", async () => {
    const { endpoint } = await newReadyEndpoint(owner);
    const first = await connect(endpoint);
    expect(first).toEqual({
      Status: "active",
      ConnectionId: expect.stringMatching(/^cvpn-connection-[0-9a-f]{17}$/),
      ClientIp: "172.16.0.2",
      Routes: ["0.0.0.0/0"],
    });
    expect((await connect(endpoint)).ClientIp).toBe("172.16.0.3");
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    expect((await connections(endpoint))[0]).toEqual({
      ClientVpnEndpointId: endpoint,
      Timestamp: time,
      ConnectionId: first.ConnectionId,
      ConnectionEstablishedTime: time,
      IngressBytes: "0",
      EgressBytes: "0",
      IngressPackets: "0",
      EgressPackets: "0",
      ClientIp: "172.16.0.2",
      CommonName: "client1",
      Status: { Code: "active" },
      PostureComplianceStatuses: [],
    });
    await operate(islet, "POST client-vpn-connections/end", { Region, ConnectionId: first.ConnectionId });
    expect((await connections(endpoint))[0]).toMatchObject({
      Status: { Code: "terminated" },
      ConnectionEndTime: time,
    });
    expect((await connect(endpoint)).ClientIp).toBe("172.16.0.2");
  });

  test("says no when all addresses are taken", async () => {
    const { endpoint } = await newReadyEndpoint(owner);
    await Promise.all(Array.from({ length: 510 }, () => connect(endpoint)));
    expect(await connect(endpoint)).toEqual({
      Status: "failed",
      Reason: "no client IP address is available",
    });
  });

  test("spreads clients over the target networks, and ends those of one that goes", async () => {
    const { endpoint, vpc, association } = await newReadyEndpoint(owner);
    const beside = await newSubnet(owner, vpc, "10.0.1.0/24", "b");
    const second = await associate(owner, endpoint, beside);
    for (let n = 0; n < 4; n++) await connect(endpoint);
    const leave = (AssociationId: string) =>
      owner.ec2.send(
        new DisassociateClientVpnTargetNetworkCommand({ ClientVpnEndpointId: endpoint, AssociationId }),
      );
    await leave(association);
    expect(await states(endpoint)).toEqual(["terminated", "active", "terminated", "active"]);
    await leave(second);
    expect(new Set(await states(endpoint))).toEqual(new Set(["terminated"]));
    await owner.ec2.send(new DeleteClientVpnEndpointCommand({ ClientVpnEndpointId: endpoint }));
  });

  test("ends one connection, or all of a user, and shows them for an hour", async () => {
    const { endpoint } = await newReadyEndpoint(owner, BY_NAME);
    const { ConnectionId } = await connect(endpoint, { Username: "joe" });
    await connect(endpoint, { Username: "joe" });
    await connect(endpoint, { Username: "ann" });
    expect(await connections(endpoint, "username", "ann")).toMatchObject([{ CommonName: "ann" }]);
    expect(await connections(endpoint, "connection-id", String(ConnectionId))).toHaveLength(1);
    const ended = {
      PreviousStatus: { Code: "active" },
      CurrentStatus: { Code: "terminating" },
    };
    expect(await terminate(endpoint, { ConnectionId: String(ConnectionId) })).toMatchObject({
      ClientVpnEndpointId: endpoint,
      Username: "joe",
      ConnectionStatuses: [{ ConnectionId, ...ended }],
    });
    expect(await states(endpoint)).toEqual(["terminated", "active", "active"]);
    expect((await terminate(endpoint, { Username: "joe" })).ConnectionStatuses).toMatchObject([ended]);
    expect((await terminate(endpoint, { ConnectionId: String(ConnectionId) })).ConnectionStatuses).toEqual([
      { ConnectionId, PreviousStatus: { Code: "terminated" }, CurrentStatus: { Code: "terminated" } },
    ]);
    await advanceClock(islet, 3601);
    expect(await connections(endpoint)).toMatchObject([{ Username: "ann" }]);
  });

  test("ends a session after as many hours as it may last; a client may come back by itself", async () => {
    const hours: Partial<CreateClientVpnEndpointCommandInput> = { SessionTimeoutHours: 8 };
    const one = await newReadyEndpoint(owner, hours);
    const other = await newReadyEndpoint(owner, { ...hours, DisconnectOnSessionTimeout: false });
    await connect(one.endpoint);
    const { ConnectionId } = await connect(other.endpoint);
    await advanceClock(islet, 8 * 3600 - 10);
    expect(await states(one.endpoint)).toEqual(["active"]);
    await advanceClock(islet, 20);
    expect(await states(one.endpoint)).toEqual(["terminated"]);
    expect(await connections(other.endpoint)).toMatchObject([
      { ConnectionId, Status: { Code: "terminated" } },
      { CommonName: "client1", Status: { Code: "active" } },
    ]);
  });

  test("resets connections when the DNS servers change, and not for a description", async () => {
    const { endpoint: ClientVpnEndpointId } = await newReadyEndpoint(owner);
    await connect(ClientVpnEndpointId);
    await owner.ec2.send(new ModifyClientVpnEndpointCommand({ ClientVpnEndpointId, Description: "new" }));
    expect(await states(ClientVpnEndpointId)).toEqual(["active"]);
    const DnsServers = { CustomDnsServers: ["10.0.0.2"] };
    await owner.ec2.send(new ModifyClientVpnEndpointCommand({ ClientVpnEndpointId, DnsServers }));
    expect(await states(ClientVpnEndpointId)).toEqual(["terminated"]);
  });

  test("with split tunnel, tells a client what is routed when it connects", async () => {
    const { endpoint, subnet } = await newReadyEndpoint(owner, { SplitTunnel: true });
    expect((await connect(endpoint)).Routes).toEqual(["10.0.0.0/16"]);
    await owner.ec2.send(
      new CreateClientVpnRouteCommand({
        ClientVpnEndpointId: endpoint,
        DestinationCidrBlock: "192.168.0.0/16",
        TargetVpcSubnetId: subnet,
      }),
    );
    expect((await connect(endpoint)).Routes).toEqual(["10.0.0.0/16", "192.168.0.0/16"]);
  });

  test("logs who comes and goes, where that is wanted", async () => {
    const logs = new CloudWatchLogsClient(configOf(islet, owner.keys, Region));
    await logs.send(new CreateLogGroupCommand({ logGroupName: "vpn" }));
    await logs.send(new CreateLogStreamCommand({ logGroupName: "vpn", logStreamName: "office" }));
    const log = { Enabled: true, CloudwatchLogGroup: "vpn" };
    const made = await newReadyEndpoint(owner, { ConnectionLogOptions: log });
    const { endpoint } = made;
    const stream = (await shownEndpoint(owner, endpoint)).ConnectionLogOptions?.CloudwatchLogStream ?? "";
    expect(stream).toMatch(new RegExp(`^${endpoint}-us-east-1-\\d{4}/\\d\\d/\\d\\d-[0-9a-f]{32}$`));
    const device = { DeviceAddress: "198.51.100.7", DevicePort: 50_096, Platform: "mac" };
    const { ConnectionId } = await connect(endpoint, { CommonName: "client1", ...device });
    await terminate(endpoint, { ConnectionId: String(ConnectionId) });
    const events = async (logStreamName: string) => {
      const command = new GetLogEventsCommand({ logGroupName: "vpn", logStreamName, startFromHead: true });
      return (
        (await logs.send(command)).events?.map(({ message = "" }) => JSON.parse(message) as unknown) ?? []
      );
    };
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    const [attempt, reset, ...others] = await events(stream);
    expect(others).toEqual([]);
    const entry = {
      "connection-log-type": "connection-attempt",
      "connection-attempt-status": "successful",
      "connection-reset-status": "NA",
      "connection-attempt-failure-reason": "NA",
      "connection-id": ConnectionId,
      "client-vpn-endpoint-id": endpoint,
      "transport-protocol": "udp",
      "connection-start-time": time,
      "connection-last-update-time": time,
      "client-ip": "172.16.0.2",
      "common-name": "client1",
      "device-type": "mac",
      "device-ip": "198.51.100.7",
      port: "50096",
      "ingress-bytes": "0",
      "egress-bytes": "0",
      "ingress-packets": "0",
      "egress-packets": "0",
      "connection-end-time": "NA",
      username: "NA",
    };
    expect(attempt).toEqual(entry);
    expect(reset).toEqual({
      ...entry,
      "connection-log-type": "connection-reset",
      "connection-attempt-status": "NA",
      "connection-reset-status": "successful",
      "connection-end-time": time,
    });
    const ConnectionLogOptions = { ...log, CloudwatchLogStream: "office" };
    const change = { ClientVpnEndpointId: endpoint, ConnectionLogOptions };
    await owner.ec2.send(new ModifyClientVpnEndpointCommand(change));
    await connect(endpoint);
    expect(await events("office")).toHaveLength(1);
    await logs.send(new DeleteLogGroupCommand({ logGroupName: "vpn" }));
    await connect(endpoint);
  });

  test("writes a configuration for OpenVPN", async () => {
    const asked = { ...BY_NAME, TransportProtocol: "tcp", VpnPort: 1194 } as const;
    const ClientVpnEndpointId = await newEndpoint(owner, asked);
    const { ClientConfiguration: text = "" } = await owner.ec2.send(
      new ExportClientVpnClientConfigurationCommand({ ClientVpnEndpointId }),
    );
    expect(text.split("\n")).toEqual(
      expect.arrayContaining([
        "client",
        "proto tcp",
        `remote ${ClientVpnEndpointId}.prod.clientvpn.us-east-1.amazonaws.com 1194`,
        "auth-user-pass",
      ]),
    );
  });
});
