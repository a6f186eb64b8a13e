import {
  CreateLogGroupCommand,
  DeleteLogGroupCommand,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  GetLogEventsCommand,
  type CloudWatchLogsClient,
} from "@aws-sdk/client-cloudwatch-logs";
import {
  DeleteVpnConnectionCommand,
  EC2Client,
  ModifyVpnTunnelOptionsCommand,
  ReplaceVpnTunnelCommand,
  type CloudWatchLogOptionsSpecification,
  type VpnTunnelOptionsSpecification,
} from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Islet } from "../../server/index.ts";
import { advanceClock } from "../clock.ts";
import { OFFICE, sitesOf } from "../http/sites.ts";
import { configOf, freshKeys, ownIslet, refused } from "../islet.ts";
import { freshLogs } from "../logs/logs.ts";
import { operate } from "../operator.ts";
import { newGateway } from "./transitGateways.ts";
import {
  DEVICE_6,
  newConnection,
  newCustomerGateway,
  newVpnGateway,
  outsideOf,
  shownConnection,
} from "./vpnNetwork.ts";

let islet: Islet;
let now = 0;
beforeAll(async () => {
  islet = await ownIslet();
  now = Date.parse(String((await operate(islet, "POST clock", { Frozen: true })).Now));
});
afterAll(() => islet.close());
const { site } = sitesOf(() => islet);

const logGroupName = "tunnels";

/** A fresh account with a log group, and a way to read what is in it. */
async function logging() {
  const keys = freshKeys(islet);
  const ec2 = new EC2Client(configOf(islet, keys));
  const logs = await freshLogs(islet, keys);
  await logs.send(new CreateLogGroupCommand({ logGroupName }));
  const { logGroups } = await logs.send(new DescribeLogGroupsCommand({}));
  return { ec2, logs, arn: logGroups?.[0]?.logGroupArn ?? "" };
}

const read = async (logs: CloudWatchLogsClient, logStreamName: string): Promise<string[]> => {
  const { events } = await logs.send(
    new GetLogEventsCommand({ logGroupName, logStreamName, startFromHead: true }),
  );
  return events?.map(({ message = "" }) => message) ?? [];
};

const streams = async (logs: CloudWatchLogsClient): Promise<(string | undefined)[]> =>
  (await logs.send(new DescribeLogStreamsCommand({ logGroupName }))).logStreams?.map(
    ({ logStreamName }) => logStreamName,
  ) ?? [];

const parsed = (messages: readonly string[]): Record<string, unknown>[] =>
  messages.map((message) => JSON.parse(message) as Record<string, unknown>);

/** A connection whose first tunnel has logs. */
async function logged(
  ec2: EC2Client,
  CloudWatchLogOptions: CloudWatchLogOptionsSpecification,
  more: VpnTunnelOptionsSpecification = {},
) {
  const first = { ...more, LogOptions: { CloudWatchLogOptions }, TunnelInsideCidr: "169.254.77.0/30" };
  const connection = await newConnection(ec2, {
    VpnGatewayId: await newVpnGateway(ec2),
    Options: { TunnelOptions: [first] },
  });
  const id = connection.VpnConnectionId ?? "";
  const [outside = ""] = outsideOf(connection);
  return { connection, id, outside, stream: `${id}_${outside}` };
}

describe("what it refuses to do", () => {
  test("to write into groups that are not there, or another account's", async () => {
    const { ec2, arn } = await logging();
    for (const LogGroupArn of [`${arn}-2`, arn.replace(/\d{12}/, "123456789012"), arn.slice(4)]) {
      await refused(logged(ec2, { LogEnabled: true, LogGroupArn }), "InvalidParameterValue", /logGroupArn/);
    }
    await refused(
      logged(ec2, { LogEnabled: true, LogGroupArn: arn, LogOutputFormat: "xml" }),
      "InvalidParameterValue",
      "Value (xml) for parameter logOutputFormat is invalid. Valid values: json | text",
    );
    await refused(
      logged(ec2, { BgpLogEnabled: true, BgpLogGroupArn: arn, BgpLogOutputFormat: "xml" }),
      "InvalidParameterValue",
      /bgpLogOutputFormat/,
    );
  });
});

describe("what it does", () => {
  test("tells how a tunnel comes up, is replaced, goes down and is deleted", async () => {
    const { ec2, logs, arn } = await logging();
    const { connection, id, outside, stream } = await logged(ec2, {
      LogEnabled: true,
      LogGroupArn: `${arn}:*`,
    });
    expect(connection.Options?.TunnelOptions?.map(({ LogOptions }) => LogOptions)).toEqual([
      {
        CloudWatchLogOptions: {
          LogEnabled: true,
          LogGroupArn: `${arn}:*`,
          LogOutputFormat: "json",
          BgpLogEnabled: false,
        },
      },
      { CloudWatchLogOptions: { LogEnabled: false, BgpLogEnabled: false } },
    ]);
    expect(await streams(logs)).toEqual([]);
    const name = await site({ Advertises: [OFFICE], Tunnels: [id] });
    expect(await streams(logs)).toEqual([`${stream}-IKE.log`]);
    const times = { event_timestamp: now, timestamp: new Date(now).toISOString().replace("T", " ") };
    const up = (phase2: string, details: string) => ({
      ...times,
      dpd_enabled: true,
      nat_t_detected: false,
      ike_phase1_state: "established",
      ike_phase2_state: phase2,
      details: `AWS tunnel ${details} (id=1) for CREATE_CHILD_SA`,
    });
    const established = [up("negotiating", "processed request"), up("established", "is sending response")];
    expect(parsed(await read(logs, `${stream}-IKE.log`))).toEqual(established);
    const replace = { VpnConnectionId: id, VpnTunnelOutsideIpAddress: outside };
    await ec2.send(new ReplaceVpnTunnelCommand(replace));
    await shownConnection(ec2, id);
    await site({ Advertises: [OFFICE], Tunnels: [] }, name);
    await site({ Advertises: [OFFICE], Tunnels: [outside] }, name);
    await ec2.send(new DeleteVpnConnectionCommand({ VpnConnectionId: id }));
    const details = parsed(await read(logs, `${stream}-IKE.log`)).map((each) => [
      each["ike_phase1_state"],
      each["details"],
    ]);
    const [asked, answered] = established.map((each) => [each.ike_phase1_state, each.details]);
    expect(details).toEqual([
      asked,
      answered,
      ["down", "AWS tunnel is sending DELETE for IKE_SA to CGW"],
      asked,
      answered,
      ["down", "AWS tunnel received DELETE for IKE_SA from CGW"],
      asked,
      answered,
      ["down", "AWS tunnel is sending DELETE for IKE_SA to CGW"],
    ]);
  });

  test("tells what BGP says in a tunnel", async () => {
    const { ec2, logs, arn } = await logging();
    const { id, stream } = await logged(ec2, { BgpLogEnabled: true, BgpLogGroupArn: arn });
    const name = await site({
      Advertises: [{ Prefix: OFFICE, PathLength: 2, Med: 7 }, "10.9.0.0/16"],
      Tunnels: [id],
    });
    expect(await streams(logs)).toEqual([`${stream}-BGP.log`]);
    const neighbor = "169.254.77.2";
    const route = (prefix: string, med?: number, asPath = "65000") => ({
      prefix,
      asPath,
      localPref: 100,
      ...(med !== undefined && { med }),
      nextHopIp: neighbor,
      weight: 32_768,
    });
    const states = (...names: string[]) =>
      names.slice(1).map((next, i) => ({
        type: "BGPStatus",
        status: next === "Established" ? "UP" : "DOWN",
        message: {
          details: `AWS-side peer BGP session state has changed from ${names[i]} to ${next} with neighbor ${neighbor}`,
        },
      }));
    const routeStatus = (status: string, message: object) => ({ type: "RouteStatus", status, message });
    const first = [
      ...states("Idle", "Connect", "OpenSent", "OpenConfirm", "Established"),
      routeStatus("ADVERTISED", route(OFFICE, 7, "65000 65000")),
      routeStatus("ADVERTISED", route("10.9.0.0/16")),
    ];
    const seen = async () => parsed(await read(logs, `${stream}-BGP.log`));
    const base = { resource_id: stream, event_timestamp: now };
    expect(await seen()).toMatchObject(first.map((each) => ({ ...base, ...each })));
    await site({ Advertises: [{ Prefix: OFFICE, Med: 1 }], Tunnels: [id] }, name);
    await site({ Advertises: [{ Prefix: OFFICE, Med: 1 }], Tunnels: [id] }, name);
    await site({ Tunnels: [] }, name);
    expect(await seen()).toMatchObject([
      ...first,
      routeStatus("UPDATED", route(OFFICE, 1)),
      routeStatus("WITHDRAWN", route("10.9.0.0/16")),
      ...states("Established", "Idle"),
    ]);
  });

  test("says what another end says, in lines of text, and of IPv6 inside", async () => {
    const { ec2, logs, arn } = await logging();
    const both = { LogEnabled: true, LogGroupArn: arn, BgpLogEnabled: true, BgpLogGroupArn: arn } as const;
    const { id: TransitGatewayId } = await newGateway(ec2);
    const CloudWatchLogOptions = { ...both, LogOutputFormat: "text", BgpLogOutputFormat: "text" };
    const connection = await newConnection(ec2, {
      TransitGatewayId,
      Options: {
        EnableAcceleration: true,
        TunnelInsideIpVersion: "ipv6",
        TunnelOptions: [
          {
            StartupAction: "start",
            TunnelInsideIpv6Cidr: "fd00:1::/126",
            LogOptions: { CloudWatchLogOptions },
          },
        ],
      },
    });
    const id = connection.VpnConnectionId ?? "";
    const stream = `${id}_${outsideOf(connection)[0]}`;
    await site({ Blocks: ["2001:db8::/32"], Advertises: ["2001:db8::/32"], Tunnels: [id] });
    const time = new Date(now).toISOString().replace("T", " ");
    expect(await read(logs, `${stream}-IKE.log`)).toEqual([
      `${now} ${time} true true established negotiating AWS tunnel is sending request (id=1) for CREATE_CHILD_SA`,
      `${now} ${time} true true established established AWS tunnel processed response (id=1) for CREATE_CHILD_SA`,
    ]);
    expect((await read(logs, `${stream}-BGP.log`)).at(-1)).toBe(
      `${stream} ${now} ${time} RouteStatus ADVERTISED {"prefix":"2001:db8::/32","asPath":"65000","localPref":100,"nextHopIp":"fd00:1::2","weight":32768}`,
    );
  });

  test("keeps what happens between IPv6 addresses in streams that can be read", async () => {
    const { ec2, logs, arn } = await logging();
    const { id: TransitGatewayId } = await newGateway(ec2);
    const both = { LogEnabled: true, LogGroupArn: arn, BgpLogEnabled: true, BgpLogGroupArn: arn };
    const connection = await newConnection(ec2, {
      TransitGatewayId,
      CustomerGatewayId: await newCustomerGateway(ec2, DEVICE_6),
      Options: {
        OutsideIpAddressType: "Ipv6",
        TunnelOptions: [{ LogOptions: { CloudWatchLogOptions: both } }],
      },
    });
    const [outside = ""] = outsideOf(connection);
    await site({ Addresses: [DEVICE_6], Tunnels: [outside] });
    const stream = `${connection.VpnConnectionId}_${outside.replaceAll(":", "-")}`;
    expect(await streams(logs)).toEqual([`${stream}-BGP.log`, `${stream}-IKE.log`]);
    expect(await read(logs, `${stream}-IKE.log`)).toHaveLength(2);
    expect(parsed(await read(logs, `${stream}-BGP.log`))).toMatchObject(
      Array.from({ length: 4 }, () => ({ resource_id: `${connection.VpnConnectionId}_${outside}` })),
    );
  });

  test("the connection, too, says when a tunnel came up or went down, and of nothing else", async () => {
    const { ec2 } = await logging();
    const made = await newConnection(ec2, { VpnGatewayId: await newVpnGateway(ec2) });
    const VpnConnectionId = made.VpnConnectionId ?? "";
    const [one = ""] = outsideOf(made);
    const begun = now;
    const later = async () => {
      await advanceClock(islet, 60);
      now += 60_000;
    };
    const changes = async () => {
      const { VgwTelemetry = [] } = await shownConnection(ec2, VpnConnectionId);
      return VgwTelemetry.map(({ Status, LastStatusChange }) => [Status, Number(LastStatusChange) - begun]);
    };
    await later();
    await ec2.send(new ReplaceVpnTunnelCommand({ VpnConnectionId, VpnTunnelOutsideIpAddress: one }));
    expect(await changes()).toEqual([
      ["DOWN", 0],
      ["DOWN", 0],
    ]);
    const name = await site({ Tunnels: [one] });
    await later();
    expect(await changes()).toEqual([
      ["UP", 60_000],
      ["DOWN", 0],
    ]);
    // It goes down, and comes up again.
    await ec2.send(new ReplaceVpnTunnelCommand({ VpnConnectionId, VpnTunnelOutsideIpAddress: one }));
    expect(await changes()).toEqual([
      ["UP", 120_000],
      ["DOWN", 0],
    ]);
    await later();
    await site({ Tunnels: [] }, name);
    expect(await changes()).toEqual([
      ["DOWN", 180_000],
      ["DOWN", 0],
    ]);
  });

  test("goes on with what was not said, stops when told to, and writes nowhere where the group is gone", async () => {
    const { ec2, logs, arn } = await logging();
    const { id, outside, stream } = await logged(ec2, { LogEnabled: true, LogGroupArn: arn });
    const modify = async (CloudWatchLogOptions: CloudWatchLogOptionsSpecification) => {
      const { VpnConnection } = await ec2.send(
        new ModifyVpnTunnelOptionsCommand({
          VpnConnectionId: id,
          VpnTunnelOutsideIpAddress: outside,
          TunnelOptions: { LogOptions: { CloudWatchLogOptions } },
        }),
      );
      await shownConnection(ec2, id);
      return VpnConnection?.Options?.TunnelOptions?.[0]?.LogOptions?.CloudWatchLogOptions;
    };
    expect(await modify({ LogOutputFormat: "text" })).toMatchObject({
      LogEnabled: true,
      LogGroupArn: arn,
      LogOutputFormat: "text",
    });
    const name = await site({ Tunnels: [id] });
    expect((await read(logs, `${stream}-IKE.log`)).length).toBe(2);
    expect(await modify({ LogEnabled: false })).toEqual({ LogEnabled: false, BgpLogEnabled: false });
    await site({ Tunnels: [] }, name);
    expect((await read(logs, `${stream}-IKE.log`)).length).toBe(2);
    await modify({ LogEnabled: true, LogGroupArn: arn });
    await logs.send(new DeleteLogGroupCommand({ logGroupName }));
    await site({ Tunnels: [id] }, name);
    expect(await modify({ LogOutputFormat: "json" })).toMatchObject({ LogGroupArn: arn });
    const { logGroups } = await logs.send(new DescribeLogGroupsCommand({}));
    expect(logGroups).toEqual([]);
  });
});
