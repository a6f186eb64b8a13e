import { CloudWatchLogsClient, FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import {
  CreateFlowLogsCommand,
  CreateTransitGatewayConnectCommand,
  DeleteTransitGatewayCommand,
  DeleteTransitGatewayVpcAttachmentCommand,
  DescribeFlowLogsCommand,
  DescribeNetworkInterfacesCommand,
  EC2Client,
  type CreateFlowLogsCommandInput,
} from "@aws-sdk/client-ec2";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sharings } from "../../server/ec2/transitGateway.ts";
import type { Islet } from "../../server/index.ts";
import { advanceClock } from "../clock.ts";
import { configOf, freshKeys, ownIslet, refused } from "../islet.ts";
import { operate } from "../operator.ts";
import { launch } from "./launch.ts";
import { attach, leadTo, newGateway, newNetwork, type Network } from "./transitGateways.ts";

let islet: Islet;
beforeAll(async () => {
  islet = await ownIslet();
  await operate(islet, "POST clock", { Frozen: true });
});
afterAll(() => islet.close());

const Region = "us-east-1";
const ROLE = "arn:aws:iam::123456789012:role/flow-logs";
const UNKNOWN = "tgw-0123456789abcdef0";
const INTERVAL =
  "max-aggregation-interval other than 60 sec / 1 min is not supported when the resource-type is " +
  "TransitGateway or TransitGatewayAttachment";

class Site {
  readonly keys = freshKeys(islet);
  readonly account = this.keys.account;
  readonly ec2 = new EC2Client(configOf(islet, this.keys));
  readonly logs = new CloudWatchLogsClient(configOf(islet, this.keys));
  gateway = "";

  static async open(): Promise<Site> {
    const site = new Site();
    site.gateway = (await newGateway(site.ec2)).id;
    return site;
  }

  create(asked: Partial<CreateFlowLogsCommandInput> = {}) {
    return this.ec2.send(
      new CreateFlowLogsCommand({
        ResourceType: "TransitGateway",
        ResourceIds: [this.gateway],
        LogGroupName: "flows",
        DeliverLogsPermissionArn: ROLE,
        ...asked,
      }),
    );
  }

  async shown() {
    return (await this.ec2.send(new DescribeFlowLogsCommand({}))).FlowLogs ?? [];
  }

  /** A VPC at the gateway with an instance. */
  async attached(n: number): Promise<{ network: Network; attachment: string; host: string }> {
    const network = await newNetwork(this.ec2, n);
    const asked = { SubnetId: network.subnets[0], PrivateIpAddress: `10.${n}.0.10` };
    const host = await launch(this.ec2, asked);
    // Only now: the gateway's interface takes an address of the subnet by chance.
    const attachment = await attach(this.ec2, this.gateway, network);
    await leadTo(this.ec2, this.gateway, network);
    return { network, attachment, host };
  }

  async interfaceOf(attachment: string, subnet: string): Promise<string> {
    const Filters = [
      { Name: "subnet-id", Values: [subnet] },
      { Name: "description", Values: [`*${attachment}`] },
    ];
    const { NetworkInterfaces } = await this.ec2.send(new DescribeNetworkInterfacesCommand({ Filters }));
    return NetworkInterfaces?.[0]?.NetworkInterfaceId ?? "";
  }

  async events(filterPattern = "") {
    const asked = { logGroupName: "flows", filterPattern };
    const { events = [] } = await this.logs.send(new FilterLogEventsCommand(asked));
    return events.map(({ logStreamName, message }) => ({ stream: logStreamName, message }));
  }
}

const errorOf = async (answer: ReturnType<Site["create"]>) => (await answer).Unsuccessful?.[0]?.Error;

describe("what it refuses to parse", () => {
  test.each<[string, Partial<CreateFlowLogsCommandInput>, string, RegExp | string]>([
    ["a traffic type", { TrafficType: "ALL" }, "InvalidParameter", /traffic-type is not supported/],
    ["another interval", { MaxAggregationInterval: 600 }, "InvalidParameter", INTERVAL],
    ["no interval", { MaxAggregationInterval: 5 }, "InvalidParameter", /Invalid Flow Log Max/],
    ["fields of interfaces", { LogFormat: "${action}" }, "InvalidParameterValue", /logFormat/],
    ["too many", { ResourceIds: Array<string>(26).fill(UNKNOWN) }, "InvalidParameterValue", /25/],
    [
      "gateways as attachments",
      { ResourceType: "TransitGatewayAttachment", ResourceIds: [UNKNOWN] },
      "InvalidParameter",
      `Invalid Resource id ${UNKNOWN} for resource-type TransitGatewayAttachment`,
    ],
  ])("%s", async (_what, asked, code, message) => {
    const site = new Site();
    await refused(site.create({ ResourceIds: [UNKNOWN], ...asked }), code, message);
  });

  test("fields of transit gateways in a flow log of a VPC", async () => {
    const asked = { ResourceType: "VPC", TrafficType: "ALL", LogFormat: "${tgw-id}" } as const;
    await refused(new Site().create({ ...asked, ResourceIds: ["vpc-1"] }), "InvalidParameterValue");
  });
});

describe("what it refuses to do", () => {
  test("log what is not there, or no longer", async () => {
    const site = await Site.open();
    expect(await errorOf(site.create({ ResourceIds: [UNKNOWN] }))).toMatchObject({
      Code: "InvalidTransitGatewayID.NotFound",
    });
    const { attachment } = await site.attached(1);
    const gone = { Code: "InvalidTransitGatewayAttachmentID.NotFound" };
    const create = (by: Site) =>
      by.create({ ResourceType: "TransitGatewayAttachment", ResourceIds: [attachment] });
    expect(await errorOf(create(new Site()))).toMatchObject(gone);
    await site.ec2.send(
      new DeleteTransitGatewayVpcAttachmentCommand({ TransitGatewayAttachmentId: attachment }),
    );
    expect(await errorOf(create(site))).toMatchObject(gone);
    await site.ec2.send(new DeleteTransitGatewayCommand({ TransitGatewayId: site.gateway }));
    expect(await errorOf(site.create())).toMatchObject({ Code: "InvalidTransitGatewayID.NotFound" });
  });

  test("log another account's, even if it is shared", async () => {
    const site = await Site.open();
    const share = (_ctx: unknown, { id }: { readonly id: string }): boolean => id === site.gateway;
    // What shares resources between accounts adds itself here.
    sharings.push(share);
    expect(await errorOf(new Site().create({ ResourceIds: [site.gateway] }))).toMatchObject({
      Code: "UnsupportedOperation",
    });
    sharings.splice(sharings.indexOf(share), 1);
  });

  test("log Connect attachments, which are logged where they are carried", async () => {
    const site = await Site.open();
    const { attachment } = await site.attached(1);
    const { TransitGatewayConnect: connect } = await site.ec2.send(
      new CreateTransitGatewayConnectCommand({
        TransportTransitGatewayAttachmentId: attachment,
        Options: { Protocol: "gre" },
      }),
    );
    const ResourceIds = [connect?.TransitGatewayAttachmentId ?? ""];
    const error = await errorOf(site.create({ ResourceType: "TransitGatewayAttachment", ResourceIds }));
    expect(error).toMatchObject({ Code: "UnsupportedOperation", Message: expect.stringMatching(/Connect/) });
  });
});

describe("what it does", () => {
  test("logs all attachments of a gateway into its stream", async () => {
    const site = await Site.open();
    const [one, two] = [await site.attached(1), await site.attached(2)];
    await advanceClock(islet, 60 - ((await now()) % 60));
    const start = await now();
    expect((await site.create()).Unsuccessful).toEqual([]);
    const [log] = await site.shown();
    expect(log).toMatchObject({ ResourceId: site.gateway, MaxAggregationInterval: 60 });
    expect(log?.TrafficType).toBeUndefined();
    expect(log?.LogFormat?.split(" ")).toHaveLength(36);
    await operate(islet, "POST packets", {
      Region,
      From: one.host,
      To: two.host,
      Protocol: "tcp",
      Port: 443,
    });
    await advanceClock(islet, 60);
    const enis = [
      await site.interfaceOf(one.attachment, one.network.subnets[0]),
      await site.interfaceOf(two.attachment, two.network.subnets[0]),
    ].join(" ");
    const line = (here: string, pair: string, way: string) => {
      const owners = `${site.account} ${site.account} ${one.network.vpc} ${two.network.vpc}`;
      const where = `${owners} ${one.network.subnets[0]} ${two.network.subnets[0]} ${enis} AZ AZ`;
      const flow = `10.1.0.10 10.2.0.10 49152 443 6 1 64 ${start} ${start} OK IPv4 0 0 0 0 2 ${Region} ${way} - -`;
      return `6 TransitGateway ${site.account} ${site.gateway} ${here} ${where} ${pair} ${flow}`;
    };
    const events = await site.events();
    expect(new Set(events.map(({ stream }) => stream))).toEqual(new Set([site.gateway]));
    expect(new Set(events.map(({ message }) => message?.replaceAll(/use1-az\d/g, "AZ")))).toEqual(
      new Set([
        line(one.attachment, two.attachment, "ingress"),
        line(two.attachment, one.attachment, "egress"),
      ]),
    );
    await advanceClock(islet, 60);
    expect(await site.events("NODATA")).toHaveLength(2);
  });

  test("logs one attachment, and what it loses, to a file; the log goes with the attachment", async () => {
    const site = await Site.open();
    const { attachment, host } = await site.attached(1);
    await site.create({
      ResourceType: "TransitGatewayAttachment",
      ResourceIds: [attachment],
      LogDestinationType: "s3",
      LogDestination: "arn:aws:s3:::transit-bucket",
      LogGroupName: undefined,
      DeliverLogsPermissionArn: undefined,
      LogFormat: "${tgw-attachment-id} ${dstaddr} ${packets-lost-no-route}",
    });
    await operate(islet, "POST packets", { Region, From: host, To: "10.9.0.1", Protocol: "tcp", Port: 443 });
    await advanceClock(islet, 600);
    const Bucket = "transit-bucket";
    const { Keys } = (await operate(islet, "GET objects", { Bucket })) as { Keys: string[] };
    expect(Keys[0]).toMatch(new RegExp(`^AWSLogs/${site.account}/vpcflowlogs/${Region}/`));
    const files = await Promise.all(Keys.map((Key) => operate(islet, "GET objects", { Bucket, Key })));
    const lines = files.flatMap(({ Body }) =>
      gunzipSync(Buffer.from(String(Body), "base64"))
        .toString()
        .split("\n"),
    );
    expect(lines[0]).toBe("tgw-attachment-id dstaddr packets-lost-no-route");
    expect(lines).toContain(`${attachment} 10.9.0.1 1`);
    await site.ec2.send(
      new DeleteTransitGatewayVpcAttachmentCommand({ TransitGatewayAttachmentId: attachment }),
    );
    await advanceClock(islet, 120);
    expect(await site.shown()).toEqual([]);
  });
});

/** Seconds: the server's clock, which stands still. */
async function now(): Promise<number> {
  return Date.parse(String((await operate(islet, "GET clock"))["Now"])) / 1000;
}
