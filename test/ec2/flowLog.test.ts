import {
  CloudWatchLogsClient,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  FilterLogEventsCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import {
  CreateFlowLogsCommand,
  CreateNatGatewayCommand,
  CreateRouteCommand,
  CreateSubnetCommand,
  CreateTagsCommand,
  CreateVpcCommand,
  CreateVpcEncryptionControlCommand,
  DeleteFlowLogsCommand,
  DeleteNatGatewayCommand,
  DeleteSubnetCommand,
  DeleteVpcCommand,
  DescribeFlowLogsCommand,
  DescribeNetworkInterfacesCommand,
  DescribeRouteTablesCommand,
  EC2Client,
  GetFlowLogsIntegrationTemplateCommand,
  type CreateFlowLogsCommandInput,
  type Filter,
  type NetworkInterface,
  type TagFieldSpecificationRequest,
} from "@aws-sdk/client-ec2";
import { parquetMetadata, parquetReadObjects } from "hyparquet";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Islet } from "../../server/index.ts";
import { advanceClock } from "../clock.ts";
import { configOf, freshKeys, ownIslet, refused, type Keys } from "../islet.ts";
import { operate, operationRefused } from "../operator.ts";
import { note } from "../seen.ts";
import { launch } from "./launch.ts";
import { natNetwork, newNat, shownNat } from "./natNetwork.ts";

let islet: Islet;
beforeAll(async () => {
  islet = await ownIslet();
  await operate(islet, "POST clock", { Frozen: true });
});
afterAll(() => islet.close());

const Region = "us-east-1";
const ROLE = "arn:aws:iam::123456789012:role/flow-logs";
const STREAM = "arn:aws:firehose:us-east-1:123456789012:deliverystream/s.1";
const DEFAULT =
  "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} " +
  "${bytes} ${start} ${end} ${action} ${log-status}";
const UNKNOWN_VPC = "vpc-0123456789abcdef0";

class Site {
  readonly ec2: EC2Client;
  readonly logs: CloudWatchLogsClient;
  readonly account: string;
  vpc = "";
  subnet = "";
  readonly on: Islet;

  constructor(on: Islet, keys: Keys & { account: string }) {
    this.on = on;
    this.account = keys.account;
    this.ec2 = new EC2Client(configOf(on, keys));
    this.logs = new CloudWatchLogsClient(configOf(on, keys));
  }

  static async open(on = islet): Promise<Site> {
    const site = new Site(on, freshKeys(on));
    const { Vpc } = await site.ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
    site.vpc = Vpc?.VpcId ?? "";
    const { Subnet } = await site.ec2.send(
      new CreateSubnetCommand({
        VpcId: site.vpc,
        CidrBlock: "10.0.0.0/24",
        AvailabilityZone: `${Region}a`,
      }),
    );
    site.subnet = Subnet?.SubnetId ?? "";
    return site;
  }

  create(asked: Partial<CreateFlowLogsCommandInput> = {}) {
    return this.ec2.send(
      new CreateFlowLogsCommand({
        ResourceType: "VPC",
        ResourceIds: [this.vpc],
        TrafficType: "ALL",
        LogGroupName: "flows",
        DeliverLogsPermissionArn: ROLE,
        ...asked,
      }),
    );
  }

  /** To a bucket. */
  file(asked: Partial<CreateFlowLogsCommandInput> = {}) {
    return this.create({
      LogDestinationType: "s3",
      LogDestination: "arn:aws:s3:::my-bucket",
      LogGroupName: undefined,
      DeliverLogsPermissionArn: undefined,
      ...asked,
    });
  }

  /** To a delivery stream, of another account unless it is asked for one of its own. */
  stream(asked: Partial<CreateFlowLogsCommandInput> = {}) {
    return this.file({ LogDestinationType: "kinesis-data-firehose", LogDestination: STREAM, ...asked });
  }

  async shown(Filter?: Filter[]) {
    return (await this.ec2.send(new DescribeFlowLogsCommand({ Filter }))).FlowLogs ?? [];
  }

  /** A running instance's interface. */
  async host(address: string, InstanceType: "t2.micro" | "t3.micro" = "t3.micro"): Promise<NetworkInterface> {
    const SubnetId = this.subnet;
    return interfaceOf(
      this.ec2,
      await launch(this.ec2, { SubnetId, PrivateIpAddress: address, InstanceType }),
    );
  }

  async send(from: NetworkInterface, to: NetworkInterface, port = 443): Promise<void> {
    await operate(this.on, "POST packets", {
      Region,
      From: from.NetworkInterfaceId,
      To: to.NetworkInterfaceId,
      Protocol: "tcp",
      Port: port,
    });
  }

  async events(logGroupName = "flows", filterPattern = "") {
    const { events = [] } = await this.logs.send(new FilterLogEventsCommand({ logGroupName, filterPattern }));
    return events.map(({ logStreamName, message }) => ({ stream: logStreamName, message }));
  }
}

async function interfaceOf(ec2: EC2Client, instance: string): Promise<NetworkInterface> {
  const { NetworkInterfaces } = await ec2.send(
    new DescribeNetworkInterfacesCommand({
      Filters: [{ Name: "attachment.instance-id", Values: [instance] }],
    }),
  );
  return NetworkInterfaces?.[0] ?? {};
}

/** Milliseconds: the server's clock, which stands still. */
async function timeOn(on: Islet): Promise<number> {
  return Date.parse(String((await operate(on, "GET clock"))["Now"]));
}

/** To the next multiple of 600 seconds, so that windows begin where tests do. */
async function roundTime(on = islet): Promise<number> {
  const now = await timeOn(on);
  const next = Math.ceil(now / 600_000 + 1e-9) * 600_000;
  await advanceClock(on, (next - now) / 1000);
  return next / 1000;
}

describe("what it refuses to parse", () => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.open();
  });

  test.each<[string, Partial<CreateFlowLogsCommandInput>, string, (RegExp | string)?]>([
    ["no traffic type", { TrafficType: undefined }, "MissingParameter", /TrafficType/],
    ["a wrong traffic type", { TrafficType: "SOME" as never }, "InvalidParameterValue"],
    ["no resources", { ResourceIds: [] }, "MissingParameter"],
    [
      "too many resources",
      { ResourceIds: Array<string>(1001).fill(UNKNOWN_VPC) },
      "InvalidParameterValue",
      /1000/,
    ],
    ["core networks", { ResourceType: "CoreNetwork" }, "UnsupportedOperation", /CoreNetwork/],
    [
      "an interval",
      { MaxAggregationInterval: 300 },
      "InvalidParameter",
      "Invalid Flow Log Max Aggregation Interval",
    ],
    [
      "a format",
      { LogFormat: "${version} ${nothing}" },
      "InvalidParameterValue",
      "1 validation error detected: Value '${version} ${nothing}' at 'logFormat' has an invalid format",
    ],
    ["a format that ends in a space", { LogFormat: "${version} " }, "InvalidParameterValue", /logFormat/],
    [
      "two destinations",
      { LogDestination: "arn:aws:logs:us-east-1:123456789012:log-group:g" },
      "InvalidParameter",
      "Please only provide LogGroupName or only provide LogDestination.",
    ],
    [
      "a group for S3",
      { LogDestinationType: "s3" },
      "InvalidParameter",
      "LogDestination type must be cloud-watch-logs if LogGroupName is provided.",
    ],
    [
      "no destination",
      { LogGroupName: undefined },
      "InvalidParameter",
      "LogDestination can't be empty if LogGroupName is not provided.",
    ],
    [
      "no role",
      { DeliverLogsPermissionArn: undefined },
      "InvalidParameter",
      "DeliverLogsPermissionArn can't be empty if LogDestinationType is cloud-watch-logs.",
    ],
    [
      "what is no role",
      { DeliverLogsPermissionArn: "arn:aws:iam::1:user/x" },
      "InvalidParameterValue",
      /DeliverLogs/,
    ],
    ["a group's name", { LogGroupName: "a b" }, "InvalidParameterValue", /LogGroupName/],
    [
      "a group's ARN",
      { LogGroupName: undefined, LogDestination: "arn:aws:logs:us-east-1:1:log-group:g" },
      "InvalidParameterValue",
      /LogDestination/,
    ],
    [
      "a group in another region",
      { LogGroupName: undefined, LogDestination: "arn:aws:logs:eu-west-1:123456789012:log-group:g" },
      "InvalidParameter",
      "LogDestination must be in the same region as the API caller.",
    ],
    [
      "a group of another account",
      { LogGroupName: undefined, LogDestination: "arn:aws:logs:us-east-1:123456789012:log-group:g" },
      "UnsupportedOperation",
    ],
    [
      "options of files for events",
      { DestinationOptions: { PerHourPartition: true } },
      "InvalidParameter",
      /s3/,
    ],
    [
      "a role across accounts",
      { DeliverCrossAccountRole: ROLE },
      "InvalidParameter",
      "DeliverCrossAccountRole is not applicable for cloud-watch-logs delivery",
    ],
    [
      "tags without a field",
      { TagFieldSpecifications: [{ ResourceType: "instance", TagKeys: ["k"] }] },
      "InvalidParameter",
      /no field for the tags of instance/,
    ],
    [
      "tags of nothing",
      { LogFormat: "${interface-tag}", TagFieldSpecifications: [{ TagKeys: ["k"] }] },
      "MissingParameter",
    ],
    ...[[], ["a", "b", "c"], ["a", "a"]].map(
      (TagKeys): [string, Partial<CreateFlowLogsCommandInput>, string, RegExp] => [
        `${TagKeys.length} keys of tags`,
        {
          LogFormat: "${interface-tag-2}",
          TagFieldSpecifications: [{ ResourceType: "network-interface", TagKeys }],
        },
        "InvalidParameter",
        /one or two different keys/,
      ],
    ),
  ])("%s", async (_what, asked, code, message) => {
    await refused(site.create(asked), code, message);
    expect(await site.shown()).toEqual([]);
  });

  test.each<[string, Partial<CreateFlowLogsCommandInput>, string, (RegExp | string)?]>([
    [
      "a role",
      { DeliverLogsPermissionArn: ROLE },
      "InvalidParameter",
      "DeliverLogsPermissionArn is not applicable for s3 delivery",
    ],
    [
      "another format",
      { DestinationOptions: { FileFormat: "csv" as never } },
      "InvalidParameterValue",
      /csv/,
    ],
    [
      "a role across accounts",
      { DeliverCrossAccountRole: ROLE },
      "InvalidParameter",
      "DeliverCrossAccountRole is not applicable for s3 delivery",
    ],
    ...[
      "my_bucket",
      "my-bucket/AWSLogs/",
      "my-bucket/../..",
      "my-bucket/a/../b",
      "..",
      "a..b",
      "my-bucket//x",
      "b/%2e",
      "",
    ].map((name): [string, Partial<CreateFlowLogsCommandInput>, string, RegExp] => [
      `the bucket ${name}`,
      { LogDestination: `arn:aws:s3:::${name}` },
      "InvalidParameterValue",
      /LogDestination/,
    ]),
  ])("for S3: %s", async (_what, asked, code, message) => {
    await refused(site.file(asked), code, message);
  });

  const bothRoles =
    "When providing a role for cross-account delivery, both the DeliverLogsPermissionArn and " +
    "DeliverCrossAccountRole fields must be set.";
  test.each<[string, Partial<CreateFlowLogsCommandInput>, string, RegExp | string]>([
    ["a stream of another account without roles", {}, "InvalidParameter", bothRoles],
    ["one role alone", { DeliverLogsPermissionArn: ROLE }, "InvalidParameter", bothRoles],
    ["the other role alone", { DeliverCrossAccountRole: ROLE }, "InvalidParameter", bothRoles],
    [
      "what is no role",
      { DeliverLogsPermissionArn: "role", DeliverCrossAccountRole: ROLE },
      "InvalidParameterValue",
      /DeliverLogsPermissionArn/,
    ],
    [
      "what is no role across accounts",
      { DeliverLogsPermissionArn: ROLE, DeliverCrossAccountRole: "role" },
      "InvalidParameterValue",
      /DeliverCrossAccountRole/,
    ],
    ["options of files", { DestinationOptions: { PerHourPartition: true } }, "InvalidParameter", /s3/],
    ["a bucket", { LogDestination: "arn:aws:s3:::bucket" }, "InvalidParameterValue", /LogDestination/],
    [
      "what is no name of a stream",
      { LogDestination: `${STREAM.slice(0, -3)}/..` },
      "InvalidParameterValue",
      /LogDestination/,
    ],
    [
      "a stream in another region",
      { LogDestination: STREAM.replace("us-east-1", "eu-west-1") },
      "InvalidParameter",
      "LogDestination must be in the same region as the API caller.",
    ],
  ])("for Firehose: %s", async (_what, asked, code, message) => {
    await refused(site.stream(asked), code, message);
  });
});

describe("what it refuses to do", () => {
  test("log what is not there, or twice the same: the rest is logged", async () => {
    const site = await Site.open();
    const {
      FlowLogIds = [],
      Unsuccessful,
      ClientToken,
    } = await site.create({
      ResourceIds: [UNKNOWN_VPC, site.vpc, "vpc-x"],
      ClientToken: "once",
    });
    expect([FlowLogIds.length, ClientToken]).toEqual([1, "once"]);
    expect(Unsuccessful).toEqual([
      {
        ResourceId: UNKNOWN_VPC,
        Error: { Code: "InvalidVpcID.NotFound", Message: `The vpc ID '${UNKNOWN_VPC}' does not exist` },
      },
      { ResourceId: "vpc-x", Error: expect.objectContaining({ Code: "InvalidVpcID.Malformed" }) as unknown },
    ]);
    expect(await site.create()).toMatchObject({
      FlowLogIds: [],
      Unsuccessful: [
        {
          ResourceId: site.vpc,
          Error: {
            Code: "FlowLogAlreadyExists",
            Message: "Error. There is an existing Flow Log with the same configuration and log destination.",
          },
        },
      ],
    });
    note("CreateFlowLogs", "FlowLogAlreadyExists");
    expect((await site.create({ LogGroupName: "other" })).Unsuccessful).toEqual([]);
    expect((await site.create({ TrafficType: "REJECT" })).Unsuccessful).toEqual([]);
    const stranger = await Site.open();
    expect((await stranger.create({ ResourceIds: [site.vpc] })).FlowLogIds).toEqual([]);
  });

  test("show or delete what is not there", async () => {
    const site = await Site.open();
    const id = "fl-0123456789abcdef0";
    const text = `These flow log ids in the input list are not found: [TotalCount: 1] ${id}`;
    await refused(
      site.ec2.send(new DescribeFlowLogsCommand({ FlowLogIds: [id] })),
      "InvalidFlowLogId.NotFound",
      text,
    );
    const { Unsuccessful } = await site.ec2.send(new DeleteFlowLogsCommand({ FlowLogIds: [id] }));
    expect(Unsuccessful).toEqual([
      { ResourceId: id, Error: { Code: "InvalidFlowLogId.NotFound", Message: text } },
    ]);
    await refused(
      site.ec2.send(
        new GetFlowLogsIntegrationTemplateCommand({
          FlowLogId: id,
          ConfigDeliveryS3DestinationArn: "arn:aws:s3:::b",
          IntegrateServices: {
            AthenaIntegrations: [
              { IntegrationResultS3DestinationArn: "arn:aws:s3:::b", PartitionLoadFrequency: "none" },
            ],
          },
        }),
      ),
      "InvalidFlowLogId.NotFound",
    );
  });

  test("hand out files of no bucket, or none that are there", async () => {
    await operationRefused(islet, "GET objects", {}, "MissingParameter");
    await operationRefused(islet, "GET objects", { Bucket: "../x" }, "InvalidParameterValue");
    await operationRefused(islet, "GET objects", { Bucket: "none", Key: "x" }, "InvalidParameterValue");
    await operationRefused(islet, "GET objects", { Bucket: "none", Other: "x" }, "UnknownParameter");
  });
});

describe("what it does", () => {
  test("shows flow logs, and takes them away", async () => {
    const site = await Site.open();
    const Tags = [{ Key: "Name", Value: "n" }];
    const { FlowLogIds = [] } = await site.create({
      ResourceType: "Subnet",
      ResourceIds: [site.subnet],
      TrafficType: "REJECT",
      MaxAggregationInterval: 60,
      LogFormat: "${version} ${tcp-flags}",
      TagSpecifications: [{ ResourceType: "vpc-flow-log", Tags }],
    });
    const { FlowLogIds: files = [] } = await site.file({
      LogDestination: "arn:aws:s3:::my-bucket/a/b",
      DestinationOptions: {
        FileFormat: "plain-text",
        HiveCompatiblePartitions: true,
        PerHourPartition: false,
      },
    });
    expect(await site.shown()).toEqual([
      {
        FlowLogId: FlowLogIds[0],
        FlowLogStatus: "ACTIVE",
        CreationTime: expect.any(Date) as Date,
        ResourceId: site.subnet,
        TrafficType: "REJECT",
        DeliverLogsStatus: "SUCCESS",
        DeliverLogsPermissionArn: ROLE,
        LogDestinationType: "cloud-watch-logs",
        LogDestination: `arn:aws:logs:us-east-1:${site.account}:log-group:flows`,
        LogGroupName: "flows",
        LogFormat: "${version} ${tcp-flags}",
        MaxAggregationInterval: 60,
        Tags,
      },
      {
        FlowLogId: files[0],
        FlowLogStatus: "ACTIVE",
        CreationTime: expect.any(Date) as Date,
        ResourceId: site.vpc,
        TrafficType: "ALL",
        DeliverLogsStatus: "SUCCESS",
        LogDestinationType: "s3",
        LogDestination: "arn:aws:s3:::my-bucket/a/b/",
        DestinationOptions: {
          FileFormat: "plain-text",
          HiveCompatiblePartitions: true,
          PerHourPartition: false,
        },
        LogFormat: DEFAULT,
        MaxAggregationInterval: 600,
        Tags: [],
      },
    ]);
    await site.ec2.send(new DeleteFlowLogsCommand({ FlowLogIds: [...FlowLogIds, ...files] }));
    expect(await site.shown()).toEqual([]);
  });

  test("every filter", async () => {
    const site = await Site.open();
    const { FlowLogIds = [] } = await site.create({
      TagSpecifications: [{ ResourceType: "vpc-flow-log", Tags: [{ Key: "k", Value: "v" }] }],
    });
    await site.file({ TrafficType: "ACCEPT", ResourceType: "Subnet", ResourceIds: [site.subnet] });
    const named = async (Name: string, value: string) =>
      (await site.shown([{ Name, Values: [value] }])).map(({ TrafficType }) => TrafficType);
    expect(await named("deliver-log-status", "SUCCESS")).toEqual(["ALL", "ACCEPT"]);
    expect(await named("log-destination-type", "s3")).toEqual(["ACCEPT"]);
    expect(await named("flow-log-id", FlowLogIds[0] ?? "")).toEqual(["ALL"]);
    expect(await named("log-group-name", "fl*")).toEqual(["ALL"]);
    expect(await named("resource-id", site.subnet)).toEqual(["ACCEPT"]);
    expect(await named("traffic-type", "ALL")).toEqual(["ALL"]);
    expect(await named("tag:k", "v")).toEqual(["ALL"]);
    expect(await named("tag-key", "k")).toEqual(["ALL"]);
    const page = await site.ec2.send(new DescribeFlowLogsCommand({ MaxResults: 5 }));
    expect(page.FlowLogs).toHaveLength(2);
  });

  test("writes what passes into a stream for each interface, when its window has ended", async () => {
    const site = await Site.open();
    const [one, two] = [await site.host("10.0.0.10"), await site.host("10.0.0.11", "t2.micro")];
    const start = await roundTime();
    await site.create({ LogFormat: `${DEFAULT} \${az-id} \${instance-id} \${traffic-path}` });
    await site.send(one, two);
    await advanceClock(islet, 5);
    await site.send(one, two);
    await refused(site.events(), "ResourceNotFoundException");
    await advanceClock(islet, 55);
    const from = `2 ${site.account} ${one.NetworkInterfaceId}`;
    const where = `use1-az\\d ${one.Attachment?.InstanceId}`;
    // An instance on Nitro has windows of a minute, whatever the flow log says.
    const sent = `10.0.0.10 10.0.0.11 49152 443 6 2 128 ${start} ${start + 5} ACCEPT OK ${where} 1`;
    expect(await site.events()).toEqual([
      {
        stream: `${one.NetworkInterfaceId}-all`,
        message: expect.stringMatching(new RegExp(`^${from.replace("2 ", "5 ")} ${sent}$`)) as string,
      },
    ]);
    await advanceClock(islet, 60);
    expect((await site.events("flows", "NODATA")).map(({ stream }) => stream)).toEqual([
      `${one.NetworkInterfaceId}-all`,
    ]);
    await advanceClock(islet, 480);
    const second = (await site.events()).filter(({ stream }) => stream === `${two.NetworkInterfaceId}-all`);
    expect(second.map(({ message }) => message?.split(" ").slice(3, 14).join(" "))).toEqual([
      // The default group lets in its own members alone, and these are two of it.
      `10.0.0.10 10.0.0.11 49152 443 6 2 128 ${start} ${start + 5} ACCEPT OK`,
    ]);
    const { logGroups } = await site.logs.send(new DescribeLogGroupsCommand({}));
    expect(logGroups?.map(({ logGroupName }) => logGroupName)).toEqual(["flows"]);
  });

  test("tells tags, and the interfaces that packets went to and came from", async () => {
    const site = await Site.open();
    const TagFieldSpecifications: TagFieldSpecificationRequest[] = [
      { ResourceType: "instance", TagKeys: ["Name", "Stage"] },
      { ResourceType: "network-interface", TagKeys: ["Use"] },
    ];
    const names =
      "version log-status interface-id instance-tag instance-tag-2 interface-tag asg-tag interface-type flow-direction " +
      "next-hop-interface-id next-hop-subnet-id next-hop-az-id next-hop-vpc-id next-hop-interface-type encryption-status";
    await site.ec2.send(new CreateVpcEncryptionControlCommand({ VpcId: site.vpc }));
    await roundTime();
    await site.create({
      LogFormat: names.replaceAll(/\S+/g, "${$&}"),
      MaxAggregationInterval: 60,
      TagFieldSpecifications,
    });
    expect(await site.shown()).toMatchObject([{ TagFieldSpecifications }]);
    const [client, server] = [await site.host("10.0.0.5"), await site.host("10.0.0.9")];
    const tag = (id: string | undefined, Key: string, Value: string) =>
      site.ec2.send(new CreateTagsCommand({ Resources: [id ?? ""], Tags: [{ Key, Value }] }));
    await tag(client.Attachment?.InstanceId, "Name", "the client, β");
    await tag(server.Attachment?.InstanceId, "Stage", "test");
    await tag(server.NetworkInterfaceId, "Use", "web");
    await site.send(client, server);
    await advanceClock(islet, 120);
    const [from, to] = [client.NetworkInterfaceId, server.NetworkInterfaceId];
    const lines = (await site.events("flows", "OK")).map(({ message = "" }) =>
      message.replace(/use1-az\d/, "AZ"),
    );
    // These types do not encrypt.
    const where = `${site.subnet} AZ ${site.vpc} - 0`;
    expect(lines.toSorted()).toEqual(
      [
        `11 OK ${from} the%20client%2C%20%CE%B2 - - - - egress ${to} ${where}`,
        `11 OK ${to} - test web - - ingress ${from} ${where}`,
      ].toSorted(),
    );
  });

  test("an interface that comes later is logged too, one that is gone no more", async () => {
    const site = await Site.open();
    await roundTime();
    await site.create({ MaxAggregationInterval: 60 });
    const one = await site.host("10.0.0.10");
    await advanceClock(islet, 60);
    const { logStreams } = await site.logs.send(new DescribeLogStreamsCommand({ logGroupName: "flows" }));
    expect(logStreams?.map(({ logStreamName }) => logStreamName)).toEqual([`${one.NetworkInterfaceId}-all`]);
    const [log] = await site.shown();
    await site.ec2.send(new DeleteFlowLogsCommand({ FlowLogIds: [log?.FlowLogId ?? ""] }));
    await advanceClock(islet, 600);
    expect(await site.events()).toHaveLength(1);
  });

  test("of a regional NAT gateway, into one stream for all its zones, as long as it is there", async () => {
    const site = new Site(islet, freshKeys(islet));
    const { ec2 } = site;
    const { vpc, subnet } = await natNetwork(ec2);
    const from = await launch(ec2, { SubnetId: subnet, InstanceType: "t3.micro" });
    const { NatGateway } = await ec2.send(
      new CreateNatGatewayCommand({ AvailabilityMode: "regional", VpcId: vpc }),
    );
    const NatGatewayId = NatGateway?.NatGatewayId ?? "";
    const { NatGatewayAddresses } = await shownNat(ec2, NatGatewayId);
    const { PublicIp, AvailabilityZoneId } = NatGatewayAddresses?.[0] ?? {};
    const { RouteTables } = await ec2.send(
      new DescribeRouteTablesCommand({
        Filters: [
          { Name: "vpc-id", Values: [vpc] },
          { Name: "association.main", Values: ["true"] },
        ],
      }),
    );
    const RouteTableId = RouteTables?.[0]?.RouteTableId;
    await ec2.send(new CreateRouteCommand({ RouteTableId, DestinationCidrBlock: "0.0.0.0/0", NatGatewayId }));
    await roundTime();
    const asked = { ResourceType: "RegionalNatGateway" as const, ResourceIds: [NatGatewayId] };
    const names = "version resource-id account-id interface-id az-id srcaddr dstaddr action log-status";
    await site.create({
      ...asked,
      LogFormat: names.replaceAll(/\S+/g, "${$&}"),
      MaxAggregationInterval: 60,
    });
    // One for the VPC hears of interfaces alone.
    await site.create({ ResourceIds: [vpc], LogFormat: "${resource-id}", LogGroupName: "vpc" });
    await operate(islet, "POST packets", {
      Region,
      From: from,
      To: "203.0.113.9",
      Protocol: "udp",
      Port: 53,
    });
    await advanceClock(islet, 60);
    await advanceClock(islet, 60);
    const line = (rest: string) => ({
      stream: `${NatGatewayId}-all`,
      message: `9 ${NatGatewayId} ${site.account} - ${AvailabilityZoneId} ${rest}`,
    });
    const { PrivateIpAddress } = await interfaceOf(ec2, from);
    expect(await site.events()).toEqual([
      line(`${PrivateIpAddress} ${PublicIp} ACCEPT OK`),
      line(`${PublicIp} 203.0.113.9 ACCEPT OK`),
      line("- - - NODATA"),
    ]);
    expect(new Set((await site.events("vpc")).map(({ message }) => message))).toEqual(new Set(["-"]));
    expect(await site.shown([{ Name: "resource-id", Values: [NatGatewayId] }])).toMatchObject([
      { ResourceId: NatGatewayId, TrafficType: "ALL" },
    ]);
    await ec2.send(new DeleteNatGatewayCommand({ NatGatewayId }));
    expect(await site.shown([{ Name: "resource-id", Values: [NatGatewayId] }])).toEqual([]);
    const { Unsuccessful } = await site.create(asked);
    expect(Unsuccessful).toMatchObject([{ Error: { Code: "NatGatewayNotFound" } }]);
    const zonal = (await newNat(ec2, subnet)).NatGatewayId ?? "";
    expect((await site.create({ ...asked, ResourceIds: [zonal] })).Unsuccessful).toEqual([
      {
        ResourceId: zonal,
        Error: {
          Code: "InvalidParameter",
          Message: `Invalid Resource id ${zonal} for resource-type RegionalNatGateway`,
        },
      },
    ]);
  });

  test("goes away with what it is about; the logs stay", async () => {
    const site = await Site.open();
    await site.create();
    await site.create({ ResourceType: "Subnet", ResourceIds: [site.subnet] });
    await site.ec2.send(new DeleteSubnetCommand({ SubnetId: site.subnet }));
    expect(await site.shown()).toHaveLength(1);
    await site.ec2.send(new DeleteVpcCommand({ VpcId: site.vpc }));
    expect(await site.shown()).toEqual([]);
    await advanceClock(islet, 600);
  });

  test("writes files under the keys that S3 would have", async () => {
    const site = await Site.open();
    const [one, two] = [await site.host("10.0.0.10"), await site.host("10.0.0.11")];
    const start = await roundTime();
    const bucket = "arn:aws:s3:::memory-bucket";
    const { FlowLogIds = [] } = await site.file({
      LogDestination: `${bucket}/sub`,
      LogFormat: "${srcaddr} ${dstaddr} ${action}",
    });
    await site.file({
      LogDestination: bucket,
      TrafficType: "ACCEPT",
      DestinationOptions: {
        FileFormat: "plain-text",
        HiveCompatiblePartitions: true,
        PerHourPartition: true,
      },
    });
    await site.send(one, two);
    await advanceClock(islet, 300);
    const { Keys } = (await operate(islet, "GET objects", { Bucket: "memory-bucket" })) as { Keys: string[] };
    const iso = new Date((start + 300) * 1000).toISOString();
    const [day, hour] = [iso.slice(0, 10), iso.slice(11, 13)];
    const [year, month, date] = day.split("-");
    const time = `${day.replaceAll("-", "")}T${hour}${iso.slice(14, 16)}Z`;
    const { account } = site;
    expect(Keys).toEqual([
      expect.stringMatching(
        new RegExp(
          `^AWSLogs/aws-account-id=${account}/aws-service=vpcflowlogs/aws-region=us-east-1/year=${year}/month=${month}/day=${date}/hour=${hour}/${account}_vpcflowlogs_us-east-1_fl-[0-9a-f]{17}_${time}_[0-9a-f]{8}\\.log\\.gz$`,
        ),
      ),
      expect.stringMatching(
        new RegExp(
          `^sub/AWSLogs/${account}/vpcflowlogs/us-east-1/${year}/${month}/${date}/${account}_vpcflowlogs_us-east-1_${FlowLogIds[0]}_${time}_[0-9a-f]{8}\\.log\\.gz$`,
        ),
      ),
    ]);
    const { Body } = await operate(islet, "GET objects", { Bucket: "memory-bucket", Key: Keys[1] });
    const lines = gunzipSync(Buffer.from(String(Body), "base64"))
      .toString()
      .split("\n");
    expect(lines[0]).toBe("srcaddr dstaddr action");
    expect(lines.filter((line) => line.startsWith("10."))).toEqual([
      "10.0.0.10 10.0.0.11 ACCEPT",
      "10.0.0.10 10.0.0.11 ACCEPT",
    ]);
    // Of each of five minutes, two interfaces: but for the one in which something passed, nothing.
    expect(lines.filter((line) => line === "- - -")).toHaveLength(8);
  });

  test("writes files in Parquet, with the types of the fields, and null where a number does not apply", async () => {
    const site = await Site.open();
    const [one, two] = [await site.host("10.0.0.10"), await site.host("10.0.0.11")];
    const start = await roundTime();
    const Bucket = "parquet-bucket";
    const names = "version srcaddr srcport bytes start tcp-flags pkt-dst-aws-service traffic-path log-status";
    await site.file({
      LogDestination: `arn:aws:s3:::${Bucket}`,
      LogFormat: names.replaceAll(/\S+/g, "${$&}"),
      DestinationOptions: {
        FileFormat: "parquet",
        HiveCompatiblePartitions: true,
        PerHourPartition: true,
      },
    });
    const [shown] = await site.shown();
    expect(shown?.DestinationOptions).toEqual({
      FileFormat: "parquet",
      HiveCompatiblePartitions: true,
      PerHourPartition: true,
    });
    await site.send(one, two);
    await advanceClock(islet, 300);
    const { Keys } = (await operate(islet, "GET objects", { Bucket })) as { Keys: string[] };
    expect(Keys).toEqual([
      expect.stringMatching(/\/hour=\d\d\/\d+_vpcflowlogs_us-east-1_fl-\w+_\d+T\d+Z_\w+\.log\.parquet$/),
    ]);
    const { Body } = await operate(islet, "GET objects", { Bucket, Key: Keys[0] });
    const file = new Uint8Array(Buffer.from(String(Body), "base64")).buffer;
    const { schema, row_groups: groups } = parquetMetadata(file);
    expect(schema.slice(1).map(({ name, type }) => `${name} ${type}`)).toEqual([
      "version INT32",
      "srcaddr BYTE_ARRAY",
      "srcport INT32",
      "bytes INT64",
      "start INT64",
      "tcp_flags INT32",
      "pkt_dst_aws_service BYTE_ARRAY",
      "traffic_path INT32",
      "log_status BYTE_ARRAY",
    ]);
    expect(new Set(groups.flatMap(({ columns }) => columns.map((each) => each.meta_data?.codec)))).toEqual(
      new Set(["GZIP"]),
    );
    const rows = await parquetReadObjects({ file, compressors: { GZIP: (page) => gunzipSync(page) } });
    expect(rows).toHaveLength(10);
    const sent = {
      version: 5,
      srcaddr: "10.0.0.10",
      srcport: 49_152,
      bytes: 64n,
      start: BigInt(start),
      tcp_flags: 2,
      pkt_dst_aws_service: "-",
      log_status: "OK",
    };
    expect(rows).toEqual(
      expect.arrayContaining([
        { ...sent, traffic_path: 1 },
        { ...sent, traffic_path: null },
        {
          version: 5,
          srcaddr: "-",
          srcport: null,
          bytes: null,
          start: BigInt(start + 240),
          tcp_flags: null,
          pkt_dst_aws_service: "-",
          traffic_path: null,
          log_status: "NODATA",
        },
      ]),
    );
  });

  test("sends records to a delivery stream, as Firehose would bring them to a bucket", async () => {
    const site = await Site.open();
    const [one, two] = [await site.host("10.0.0.10"), await site.host("10.0.0.11")];
    const start = await roundTime();
    const own = `arn:aws:firehose:us-east-1:${site.account}:deliverystream:flows`;
    const roles = {
      DeliverLogsPermissionArn: ROLE,
      DeliverCrossAccountRole: "arn:aws:iam::123456789012:role/AWSLogDeliveryFirehoseCrossAccountRole",
    };
    const format = { LogFormat: "${srcaddr} ${dstaddr} ${log-status}" };
    await site.stream({ LogDestination: own, ...format, TrafficType: "ACCEPT" });
    await site.stream({ ...roles, ...format });
    expect(await site.shown()).toMatchObject([
      { LogDestinationType: "kinesis-data-firehose", LogDestination: own },
      { LogDestination: STREAM, ...roles },
    ]);
    expect(
      (await site.shown()).map(({ DestinationOptions, LogGroupName }) => DestinationOptions ?? LogGroupName),
    ).toEqual([undefined, undefined]);
    await site.send(one, two);
    await advanceClock(islet, 300);
    const time = new Date((start + 300) * 1000).toISOString();
    const [day, hour] = [time.slice(0, 10), time.slice(11, 13)];
    for (const [account, stream] of [
      [site.account, "flows"],
      ["123456789012", "s.1"],
    ] as const) {
      const Bucket = `firehose-${account}-us-east-1`;
      const { Keys } = (await operate(islet, "GET objects", { Bucket })) as { Keys: string[] };
      const name = `${stream}-1-${day}-${time.slice(11, 19).replaceAll(":", "-")}-`;
      expect(Keys).toEqual([
        expect.stringMatching(`^${stream}/${day.replaceAll("-", "/")}/${hour}/${name}[0-9a-f-]{36}$`),
      ]);
      const { Body } = await operate(islet, "GET objects", { Bucket, Key: Keys[0] });
      const lines = Buffer.from(String(Body), "base64").toString().split("\n");
      expect(lines.filter((line) => line.includes("OK"))).toEqual([
        '{"message":"10.0.0.10 10.0.0.11 OK"}',
        '{"message":"10.0.0.10 10.0.0.11 OK"}',
      ]);
      expect(lines.filter((line) => line === '{"message":"- - NODATA"}')).toHaveLength(8);
      expect(lines).toHaveLength(11);
    }
  });

  test("files beside the database; what was not seen over a restart is skipped; a reset clears all", async () => {
    const data = mkdtempSync(join(tmpdir(), "islet-flows-"));
    const on = { memory: false, data };
    let server = await ownIslet(on);
    await operate(server, "POST clock", { Frozen: true });
    const opened = await Site.open(server);
    await opened.host("10.0.0.10");
    await roundTime(server);
    await opened.file({ LogFormat: "${log-status}" });
    await opened.create({ MaxAggregationInterval: 60, LogFormat: "${log-status}" });
    await advanceClock(server, 300);
    const folder = join(data, "s3", "my-bucket", "AWSLogs", opened.account, "vpcflowlogs", "us-east-1");
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((each) =>
      each.isFile(),
    );
    expect(files).toHaveLength(1);
    const [file] = files;
    const path = join(file?.parentPath ?? "", file?.name ?? "");
    expect(gunzipSync(readFileSync(path)).toString()).toBe(`log-status\n${"NODATA\n".repeat(5)}`);
    expect(statSync(path).mode & 0o077).toBe(0);
    const { Keys } = (await operate(server, "GET objects", { Bucket: "my-bucket" })) as { Keys: string[] };
    expect(Keys).toHaveLength(1);
    await operate(server, "POST objects", { Bucket: "shut", Key: "AWSLogs", Body: "AA==" });
    const { FlowLogIds = [] } = await opened.file({ LogDestination: "arn:aws:s3:::shut" });
    const shut = async () => {
      const { FlowLogs } = await opened.ec2.send(new DescribeFlowLogsCommand({ FlowLogIds }));
      return FlowLogs?.map((each) => [each.DeliverLogsStatus, each.DeliverLogsErrorMessage]);
    };
    await advanceClock(server, 300);
    expect(await shut()).toEqual([["FAILED", "Unknown error"]]);
    rmSync(join(data, "s3", "shut", "AWSLogs"));
    await advanceClock(server, 300);
    expect(await shut()).toEqual([["SUCCESS", undefined]]);
    await opened.ec2.send(new DeleteFlowLogsCommand({ FlowLogIds }));
    expect((await operate(server, "GET objects", { Bucket: "my-bucket", Key: Keys[0] }))["Body"]).toBe(
      readFileSync(path).toString("base64"),
    );
    const credentials = await opened.ec2.config.credentials();
    await server.close();

    server = await ownIslet(on);
    const again = new Site(server, { ...credentials, account: opened.account });
    const before = (await again.events()).length;
    await operate(server, "POST clock", { Frozen: true });
    // The clock is the machine's again, behind what was delivered last.
    await advanceClock(server, 1800);
    await advanceClock(server, 60);
    const statuses = (await again.events()).map(({ message }) => message);
    expect(new Set(statuses.slice(before))).toEqual(new Set(["SKIPDATA", "NODATA"]));
    expect(statuses.at(-1)).toBe("NODATA");
    await operate(server, "POST reset");
    expect(existsSync(join(data, "s3"))).toBe(false);
    await server.close();
    rmSync(data, { recursive: true });
  });
});
