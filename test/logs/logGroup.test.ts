import {
  CreateLogGroupCommand,
  DeleteLogGroupCommand,
  DeleteRetentionPolicyCommand,
  DescribeLogGroupsCommand,
  ListTagsForResourceCommand,
  PutRetentionPolicyCommand,
  StartQueryCommand,
  TagResourceCommand,
  UntagResourceCommand,
  type CloudWatchLogsClient,
  type CreateLogGroupCommandInput,
} from "@aws-sdk/client-cloudwatch-logs";
import { DescribeTagsCommand, EC2Client } from "@aws-sdk/client-ec2";
import { beforeAll, describe, expect, test } from "vitest";
import { errorOf, send } from "../http/send.ts";
import { configOf, freshKeys, refused, sharedIslet } from "../islet.ts";
import { freshLogs } from "./logs.ts";

let logs: CloudWatchLogsClient;
beforeAll(async () => {
  logs = await freshLogs();
});

const create = (logGroupName: string, asked: Partial<CreateLogGroupCommandInput> = {}) =>
  logs.send(new CreateLogGroupCommand({ logGroupName, ...asked }));
const describeGroups = async (asked: object = {}, client = logs) =>
  client.send(new DescribeLogGroupsCommand(asked));
const names = async (asked: object = {}, client = logs) =>
  (await describeGroups(asked, client)).logGroups?.map(({ logGroupName }) => logGroupName);
const arnOf = async (name: string): Promise<string> =>
  (await describeGroups({ logGroupNamePrefix: name })).logGroups?.[0]?.logGroupArn ?? "";

const INVALID = "InvalidParameterException";
const MISSING = "ResourceNotFoundException";

describe("what it refuses to parse", () => {
  test("names", async () => {
    await refused(create(""), INVALID, /at 'logGroupName' .*greater than or equal to 1$/);
    await refused(create("x".repeat(513)), INVALID, /less than or equal to 512$/);
    await refused(create("a b"), INVALID, /regular expression pattern/);
    await refused(create("a:b"), INVALID);
    await refused(create("aws/x"), INVALID, "Log groups starting with AWS/ are reserved for AWS.");
  });

  test("what is not built", async () => {
    await refused(create("g", { kmsKeyId: "alias/x" }), INVALID, /KMS/);
    await refused(create("g", { logGroupClass: "INFREQUENT_ACCESS" }), INVALID, /INFREQUENT_ACCESS/);
    await refused(create("g", { deletionProtectionEnabled: true }), INVALID, /protection/);
    await refused(
      logs.send(new StartQueryCommand({ startTime: 0, endTime: 1, queryString: "x" })),
      "NotImplemented",
    );
  });

  test("bounds and combinations", async () => {
    await refused(describeGroups({ limit: 0 }), INVALID, /'0' at 'limit'/);
    await refused(describeGroups({ limit: 51 }), INVALID, /less than or equal to 50/);
    await refused(describeGroups({ nextToken: "x" }), INVALID, "The specified nextToken is invalid.");
    await refused(
      describeGroups({ logGroupNamePrefix: "a", logGroupNamePattern: "b" }),
      INVALID,
      /mutually exclusive/,
    );
    await refused(
      describeGroups({ logGroupNamePrefix: "a", logGroupIdentifiers: ["b"] }),
      INVALID,
      /logGroupIdentifiers/,
    );
    await refused(describeGroups({ logGroupNamePrefix: "a b" }), INVALID, /logGroupNamePrefix/);
    await refused(describeGroups({ logGroupNamePattern: "a b" }), INVALID, /logGroupNamePattern/);
    await refused(
      logs.send(new PutRetentionPolicyCommand({ logGroupName: "g", retentionInDays: 2 })),
      MISSING,
    );
  });

  test("requests of another form", async () => {
    const islet = await sharedIslet();
    const sent = { service: "logs", headers: { "X-Amz-Target": "Logs_20140328.CreateLogGroup" } };
    expect(await send(islet, { ...sent, body: "[]" })).toMatchObject({
      status: 400,
      headers: { "content-type": "application/x-amz-json-1.1" },
      text: '{"__type":"SerializationException","message":"The body is not a JSON object."}',
    });
    const other = await send(islet, { ...sent, headers: { "X-Amz-Target": "Logs_20140328.X" }, body: "{}" });
    expect(JSON.parse(other.text)).toMatchObject({ __type: "UnknownOperationException" });
    const unsigned = await send(islet, { ...sent, keys: { accessKeyId: "AKIAX", secretAccessKey: "x" } });
    expect(JSON.parse(unsigned.text)).toMatchObject({ __type: "UnrecognizedClientException" });
    // Signed for another service, the target means nothing.
    expect(errorOf(await send(islet, { ...sent, service: "ec2", body: "{}" }))).toMatchObject({
      status: 400,
    });
  });
});

describe("what it refuses to do", () => {
  test("make a group twice, or find one that is not there", async () => {
    await create("twice");
    await refused(
      create("twice"),
      "ResourceAlreadyExistsException",
      "The specified log group already exists",
    );
    const text = "The specified log group does not exist.";
    await refused(logs.send(new DeleteLogGroupCommand({ logGroupName: "none" })), MISSING, text);
    await refused(logs.send(new DeleteRetentionPolicyCommand({ logGroupName: "none" })), MISSING, text);
    await refused(
      logs.send(new PutRetentionPolicyCommand({ logGroupName: "twice", retentionInDays: 2 })),
      INVALID,
      /'2' at 'retentionInDays' .*enum value set: \[1, 3, 5, /,
    );
  });

  test("show one account another's groups", async () => {
    await create("private");
    const stranger = await freshLogs();
    expect(await names({}, stranger)).toEqual([]);
    const resourceArn = await arnOf("private");
    await refused(stranger.send(new ListTagsForResourceCommand({ resourceArn })), MISSING);
    await refused(stranger.send(new DeleteLogGroupCommand({ logGroupName: "private" })), MISSING);
  });

  test("tags that Logs does not have", async () => {
    await create("badly-tagged");
    const resourceArn = await arnOf("badly-tagged");
    const tag = (tags: Record<string, string>, arn = resourceArn) =>
      logs.send(new TagResourceCommand({ resourceArn: arn, tags }));
    await refused(tag({ "aws:x": "1" }), INVALID, /aws:/);
    await refused(tag({ ["k".repeat(129)]: "1" }), INVALID, /tag key/);
    await refused(tag({ k: "v".repeat(257) }), INVALID, /value of the tag 'k'/);
    await refused(tag({ "k*": "1" }), INVALID);
    await refused(tag({ k: "v" }, "x"), INVALID, /resourceArn/);
    await refused(tag({ k: "v" }, resourceArn.replace("badly-tagged", "none")), MISSING);
    const many = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, ""]));
    await tag(many(50));
    await refused(tag({ more: "1" }), "TooManyTagsException");
    await refused(create("g", { tags: many(51) }), "TooManyTagsException");
  });
});

describe("what it does", () => {
  test("a group from its making to its end", async () => {
    const fresh = await freshLogs();
    await fresh.send(new CreateLogGroupCommand({ logGroupName: "/vpc/flow.logs_#1-a" }));
    const { logGroups } = await describeGroups({}, fresh);
    const arn = expect.stringMatching(
      /^arn:aws:logs:us-east-1:\d{12}:log-group:\/vpc\/flow\.logs_#1-a$/,
    ) as string;
    expect(logGroups).toEqual([
      {
        logGroupName: "/vpc/flow.logs_#1-a",
        creationTime: expect.any(Number) as number,
        metricFilterCount: 0,
        arn: expect.stringMatching(/flow\.logs_#1-a:\*$/) as string,
        logGroupArn: arn,
        storedBytes: 0,
        logGroupClass: "STANDARD",
        deletionProtectionEnabled: false,
      },
    ]);
    await fresh.send(new DeleteLogGroupCommand({ logGroupName: "/vpc/flow.logs_#1-a" }));
    expect(await names({}, fresh)).toEqual([]);
  });

  test("groups in order, by prefix, by pattern, by name or ARN, and in pages", async () => {
    const fresh = await freshLogs();
    for (const logGroupName of ["b/2", "a", "B", "b/1"])
      await fresh.send(new CreateLogGroupCommand({ logGroupName }));
    expect(await names({}, fresh)).toEqual(["B", "a", "b/1", "b/2"]);
    expect(await names({ logGroupNamePrefix: "b" }, fresh)).toEqual(["b/1", "b/2"]);
    expect(await names({ logGroupNamePattern: "/1" }, fresh)).toEqual(["b/1"]);
    const [few] = (await describeGroups({ logGroupNamePattern: "/1" }, fresh)).logGroups ?? [];
    expect(Object.keys(few ?? {}).toSorted()).toEqual(["arn", "creationTime", "logGroupName"]);
    const [first] = (await describeGroups({}, fresh)).logGroups ?? [];
    expect(await names({ logGroupIdentifiers: ["a", first?.logGroupArn ?? ""] }, fresh)).toEqual(["B", "a"]);
    expect(await names({ logGroupClass: "STANDARD", includeLinkedAccounts: true }, fresh)).toHaveLength(4);
    expect(await names({ logGroupClass: "DELIVERY" }, fresh)).toEqual([]);
    expect(await names({ accountIdentifiers: ["111122223333"] }, fresh)).toEqual([]);
    const page = await describeGroups({ limit: 3 }, fresh);
    expect(page.logGroups).toHaveLength(3);
    const rest = await describeGroups({ limit: 3, nextToken: page.nextToken }, fresh);
    expect(rest.logGroups?.map(({ logGroupName }) => logGroupName)).toEqual(["b/2"]);
    expect(rest.nextToken).toBeUndefined();
  });

  test("how long events are kept", async () => {
    await create("kept");
    await logs.send(new PutRetentionPolicyCommand({ logGroupName: "kept", retentionInDays: 30 }));
    const kept = async () => (await describeGroups({ logGroupNamePrefix: "kept" })).logGroups?.[0];
    expect(await kept()).toMatchObject({ retentionInDays: 30 });
    await logs.send(new DeleteRetentionPolicyCommand({ logGroupName: "kept" }));
    expect((await kept())?.retentionInDays).toBeUndefined();
  });

  test("tags, which are none of EC2's", async () => {
    const islet = await sharedIslet();
    const keys = freshKeys(islet);
    const fresh = await freshLogs();
    const ec2 = new EC2Client(configOf(islet, keys));
    await fresh.send(new CreateLogGroupCommand({ logGroupName: "tagged", tags: { a: "1", b: "2" } }));
    const { logGroups } = await describeGroups({}, fresh);
    const resourceArn = logGroups?.[0]?.logGroupArn ?? "";
    await fresh.send(new TagResourceCommand({ resourceArn, tags: { b: "3", c: "" } }));
    await fresh.send(new UntagResourceCommand({ resourceArn, tagKeys: ["a", "never"] }));
    expect((await fresh.send(new ListTagsForResourceCommand({ resourceArn }))).tags).toEqual({
      b: "3",
      c: "",
    });
    expect((await ec2.send(new DescribeTagsCommand({}))).Tags).toEqual([]);
  });
});
