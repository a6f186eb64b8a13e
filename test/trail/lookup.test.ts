import {
  LookupEventsCommand,
  type LookupAttribute,
  type LookupEventsRequest,
} from "@aws-sdk/client-cloudtrail";
import {
  DescribeRegionsCommand,
  DescribeVpcsCommand,
  CreateVpcCommand,
  EC2Client,
} from "@aws-sdk/client-ec2";
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient } from "@aws-sdk/client-iam";
import {
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  PutLogEventsCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { expect, describe, test } from "vitest";
import { configOf, freshKeys, ownIslet, refused, sharedIslet } from "../islet.ts";
import { freshLogs } from "../logs/logs.ts";
import { operate } from "../operator.ts";
import { eventsOf, trailOf } from "./trail.ts";

async function account() {
  const islet = await sharedIslet();
  const keys = freshKeys(islet);
  const trail = trailOf(islet, keys);
  return {
    islet,
    keys,
    ec2: new EC2Client(configOf(islet, keys)),
    trail,
    lookup: (input: object = {}) => trail.send(new LookupEventsCommand(input as LookupEventsRequest)),
  };
}

describe("what it refuses", () => {
  test("attributes that are none", async () => {
    const { lookup } = await account();
    const named = { AttributeKey: "EventName", AttributeValue: "CreateVpc" };
    for (const LookupAttributes of [
      [{ AttributeKey: "eventName", AttributeValue: "x" }],
      [{ AttributeKey: "constructor", AttributeValue: "x" }],
      [{ AttributeKey: "EventName", AttributeValue: "" }],
      [{ AttributeKey: "EventName", AttributeValue: "x".repeat(2001) }],
      [named, named],
    ]) {
      await refused(lookup({ LookupAttributes }), "InvalidLookupAttributesException");
    }
    const half = [{ AttributeKey: "EventName" }];
    await refused(lookup({ LookupAttributes: half }), "InvalidParameterException");
  });

  test("pages, times and categories that are none", async () => {
    const { lookup } = await account();
    for (const MaxResults of [0, -1, 51]) await refused(lookup({ MaxResults }), "InvalidMaxResultsException");
    await refused(lookup({ NextToken: "x" }), "InvalidNextTokenException");
    await refused(lookup({ EventCategory: "Data" }), "InvalidEventCategoryException");
    await refused(
      lookup({ StartTime: new Date("2026-02-02"), EndTime: new Date("2026-02-01") }),
      "InvalidTimeRangeException",
    );
  });

  test("a token of another question", async () => {
    const { islet, keys, ec2, lookup } = await account();
    for (let call = 0; call < 3; call++) await ec2.send(new DescribeRegionsCommand({}));
    const { NextToken } = await lookup({ MaxResults: 1 });
    const LookupAttributes = [{ AttributeKey: "ReadOnly", AttributeValue: "true" }];
    await refused(lookup({ NextToken, LookupAttributes }), "InvalidNextTokenException");
    const elsewhere = trailOf(islet, keys, "eu-west-1");
    await refused(elsewhere.send(new LookupEventsCommand({ NextToken })), "InvalidNextTokenException");
    islet.reset({ account: keys.account });
    await refused(lookup({ NextToken }), "InvalidNextTokenException");
  });
});

describe("what it finds", () => {
  test("the events of the caller's account and region alone, the newest first, page by page", async () => {
    const { islet, keys, ec2, trail, lookup } = await account();
    await new EC2Client(configOf(islet, freshKeys(islet))).send(new DescribeVpcsCommand({}));
    await new EC2Client(configOf(islet, keys, "eu-west-1")).send(new DescribeVpcsCommand({}));
    for (const Cidr of [1, 2, 3]) await ec2.send(new CreateVpcCommand({ CidrBlock: `10.${Cidr}.0.0/16` }));
    const all = await eventsOf(trail);
    const blocks = all.map(({ requestParameters }) => requestParameters?.["cidrBlock"]);
    expect(blocks).toEqual(["10.3.0.0/16", "10.2.0.0/16", "10.1.0.0/16"]);

    const question = { LookupAttributes: [{ AttributeKey: "EventName", AttributeValue: "CreateVpc" }] };
    const ids: (string | undefined)[] = [];
    let NextToken: string | undefined;
    do {
      const page = await lookup({ ...question, MaxResults: 2, NextToken });
      ids.push(...(page.Events ?? []).map(({ EventId }) => EventId));
      ({ NextToken } = page);
    } while (NextToken !== undefined);
    expect(ids).toEqual(all.map(({ eventID }) => eventID));
  });

  test("by each attribute", async () => {
    const { islet, keys, ec2, lookup } = await account();
    const iam = new IAMClient(configOf(islet, keys));
    await iam.send(new CreateUserCommand({ UserName: "alice" }));
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: "alice" }));
    const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
    const alice = {
      accessKeyId: AccessKey?.AccessKeyId ?? "",
      secretAccessKey: AccessKey?.SecretAccessKey ?? "",
    };
    // Whether she may or not, she asked.
    await new EC2Client(configOf(islet, alice)).send(new DescribeRegionsCommand({})).catch(() => undefined);
    const { Events: [first] = [] } = await lookup();
    const found = async (
      AttributeKey: LookupAttribute["AttributeKey"],
      AttributeValue: string | undefined,
    ): Promise<unknown> => {
      const { Events = [] } = await lookup({ LookupAttributes: [{ AttributeKey, AttributeValue }] });
      return Events.map(({ EventName }) => EventName).filter((name) => name !== "LookupEvents");
    };
    expect(first).toMatchObject({ EventName: "DescribeRegions", Username: "alice", ReadOnly: "true" });
    expect(await found("EventId", first?.EventId)).toEqual(["DescribeRegions"]);
    expect(await found("EventName", "CreateVpc")).toEqual(["CreateVpc"]);
    expect(await found("Username", "alice")).toEqual(["DescribeRegions"]);
    expect(await found("Username", "root")).toEqual(["CreateVpc", "CreateAccessKey", "CreateUser"]);
    expect(await found("AccessKeyId", alice.accessKeyId)).toEqual(["DescribeRegions"]);
    expect(await found("EventSource", "iam.amazonaws.com")).toEqual(["CreateAccessKey", "CreateUser"]);
    expect(await found("ReadOnly", "true")).toEqual(["DescribeRegions"]);
    expect(await found("ResourceName", Vpc?.VpcId)).toEqual(["CreateVpc"]);
    expect(await found("ResourceName", alice.accessKeyId)).toEqual(["CreateAccessKey"]);
    expect(await found("ResourceType", "AWS::IAM::User")).toEqual(["CreateAccessKey", "CreateUser"]);
    expect((await lookup({ EventCategory: "insight" })).Events).toEqual([]);
  });

  test("by time, and nothing that is older than 90 days", async () => {
    const islet = await ownIslet();
    try {
      const keys = freshKeys(islet);
      const trail = trailOf(islet, keys);
      const ec2 = new EC2Client(configOf(islet, keys));
      const StartTime = new Date();
      await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
      await operate(islet, "POST clock", { Advance: 89 * 86_400 });
      const later = new Date(StartTime.getTime() + 88 * 86_400_000);
      expect(await eventsOf(trail, { StartTime, EndTime: later })).toHaveLength(1);
      expect(await eventsOf(trail, { EndTime: new Date(StartTime.getTime() - 10_000) })).toEqual([]);
      const names = (await eventsOf(trail, { StartTime: later })).map(({ eventName }) => eventName);
      expect(new Set(names)).toEqual(new Set(["LookupEvents"]));
      await operate(islet, "POST clock", { Advance: 2 * 86_400 });
      const rest = (await eventsOf(trail)).map(({ eventName }) => eventName);
      expect(rest).not.toContain("CreateVpc");
      expect(rest).toContain("LookupEvents");
    } finally {
      await islet.close();
    }
  });

  test("no data events, which the operator's log has, without their data", async () => {
    const { islet, keys, trail } = await account();
    const logs = await freshLogs(islet, keys);
    const stream = { logGroupName: "/app", logStreamName: "one" };
    await logs.send(new CreateLogGroupCommand({ logGroupName: "/app" }));
    await logs.send(new CreateLogStreamCommand(stream));
    const message = "nobody's business";
    await logs.send(new PutLogEventsCommand({ ...stream, logEvents: [{ timestamp: Date.now(), message }] }));
    const found = (await eventsOf(trail)).map(({ eventName }) => eventName);
    expect(found).toEqual(["CreateLogStream", "CreateLogGroup"]);
    const { Records } = await operate(islet, "GET events", {
      AccountId: keys.account,
      Event: "PutLogEvents",
    });
    expect(Records).toMatchObject([
      { eventCategory: "Data", managementEvent: false, requestParameters: stream },
    ]);
    expect(JSON.stringify(Records)).not.toContain(message);
  });

  test("with a package before the operation's name, as botocore sends it", async () => {
    const { trail, lookup } = await account();
    trail.middlewareStack.add(
      (next) => (args) => {
        const request = args.request as { headers: Record<string, string> };
        request.headers["x-amz-target"] =
          "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents";
        return next(args);
      },
      { step: "build" },
    );
    await lookup();
    expect((await lookup()).Events).toMatchObject([{ EventName: "LookupEvents" }]);
  });
});
