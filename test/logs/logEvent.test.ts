import {
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DeleteLogGroupCommand,
  DeleteLogStreamCommand,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  FilterLogEventsCommand,
  GetLogEventsCommand,
  PutLogEventsCommand,
  PutRetentionPolicyCommand,
  type CloudWatchLogsClient,
  type FilterLogEventsCommandInput,
  type GetLogEventsCommandInput,
  type InputLogEvent,
  type PutLogEventsCommandInput,
} from "@aws-sdk/client-cloudwatch-logs";
import fc from "fast-check";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Islet } from "../../server/index.ts";
import { advanceClock } from "../clock.ts";
import { ownIslet, refused } from "../islet.ts";
import { operate } from "../operator.ts";
import { freshLogs } from "./logs.ts";

let islet: Islet;
let logs: CloudWatchLogsClient;
let now = 0;
beforeAll(async () => {
  islet = await ownIslet();
  const { Now } = await operate(islet, "POST clock", { Frozen: true });
  now = Date.parse(String(Now));
  logs = await freshLogs(islet);
});
afterAll(() => islet.close());

const INVALID = "InvalidParameterException";
const DAY = 86_400_000;

let groups = 0;
/** A group of its own with the streams. */
async function group(...streams: string[]): Promise<string> {
  const logGroupName = `g${++groups}`;
  await logs.send(new CreateLogGroupCommand({ logGroupName }));
  for (const logStreamName of streams) {
    await logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName }));
  }
  return logGroupName;
}

const event = (message: string, timestamp = now): InputLogEvent => ({ message, timestamp });
const put = (
  logGroupName: string,
  logEvents: InputLogEvent[],
  asked: Partial<PutLogEventsCommandInput> = {},
) => logs.send(new PutLogEventsCommand({ logGroupName, logStreamName: "s", logEvents, ...asked }));
const get = (logGroupName: string, asked: Partial<GetLogEventsCommandInput> = {}) =>
  logs.send(new GetLogEventsCommand({ logGroupName, logStreamName: "s", ...asked }));
const filter = (logGroupName: string, asked: FilterLogEventsCommandInput = {}) =>
  logs.send(new FilterLogEventsCommand({ logGroupName, ...asked }));
const streams = async (logGroupName: string, asked: object = {}) =>
  logs.send(new DescribeLogStreamsCommand({ logGroupName, ...asked }));
const messages = ({ events = [] }: { events?: { message?: string | undefined }[] | undefined }) =>
  events.map(({ message }) => message);
const matching = async (logGroupName: string, filterPattern: string) =>
  messages(await filter(logGroupName, { filterPattern }));

describe("what it refuses to parse", () => {
  test("names and bounds", async () => {
    const name = await group("s");
    const create = (logStreamName: string) =>
      logs.send(new CreateLogStreamCommand({ logGroupName: name, logStreamName }));
    await refused(create("a:b"), INVALID, /'a:b' at 'logStreamName'/);
    await refused(create("a*"), INVALID);
    await refused(create(""), INVALID);
    await refused(get(name, { limit: 10_001 }), INVALID, /10000/);
    await refused(get(name, { startTime: -1 }), INVALID, /'-1' at 'startTime'/);
    await refused(streams(name, { orderBy: "Other" as never }), INVALID, /enum/);
    await refused(filter(name, { logStreamNames: [] }), INVALID, /logStreamNames/);
    await refused(filter(name, { filterPattern: "x".repeat(1025) }), INVALID, /pattern/);
    await refused(put(name, []), INVALID, /logEvents/);
    await refused(put(name, [event("")]), INVALID, /message/);
    await refused(put(name, [event("m", -1)]), INVALID, /timestamp/);
  });

  test.each([
    "10.0.0.1",
    '"open',
    "{ $.a = 1 }",
    "%a.*%",
    "[a, b",
    "[..., a, ...]",
    "[a b]",
    "[a = %x%]",
    "[a > x]",
    "a$",
  ])("the pattern %s", async (filterPattern) => {
    await refused(filter(await group(), { filterPattern }), INVALID);
  });
});

describe("what it refuses to do", () => {
  test("find what is not there", async () => {
    const name = await group("s");
    const text = "The specified log stream does not exist.";
    await refused(put(name, [event("m")], { logStreamName: "x" }), "ResourceNotFoundException", text);
    await refused(get(name, { logStreamName: "x" }), "ResourceNotFoundException", text);
    await refused(
      logs.send(new DeleteLogStreamCommand({ logGroupName: name, logStreamName: "x" })),
      "ResourceNotFoundException",
    );
    await refused(get("none"), "ResourceNotFoundException", "The specified log group does not exist.");
    await refused(
      logs.send(new CreateLogStreamCommand({ logGroupName: name, logStreamName: "s" })),
      "ResourceAlreadyExistsException",
      "The specified log stream already exists",
    );
  });

  test("a group named twice or not at all, prefixes where they make no sense, tokens of others", async () => {
    const name = await group("s");
    await refused(get(name, { logGroupIdentifier: name }), INVALID, /logGroupIdentifier/);
    await refused(logs.send(new GetLogEventsCommand({ logStreamName: "s" })), INVALID);
    await refused(
      streams(name, { orderBy: "LastEventTime", logStreamNamePrefix: "s" }),
      INVALID,
      /LastEventTime/,
    );
    await refused(filter(name, { logStreamNames: ["s"], logStreamNamePrefix: "s" }), INVALID, /exclusive/);
    await put(name, [event("m")]);
    const { nextForwardToken: nextToken } = await get(name);
    const other = await group("s");
    await refused(get(other, { nextToken }), INVALID, "The specified nextToken is invalid.");
    await refused(get(name, { nextToken: "f/x" }), INVALID);
    await refused(get(name, { nextToken: nextToken?.replace("f/", "b/") }), INVALID);
    await refused(filter(name, { nextToken }), INVALID);
  });

  test("batches out of order, too long in time, too large", async () => {
    const name = await group("s");
    await refused(put(name, [event("b"), event("a", now - 1)]), INVALID, /chronological order/);
    await refused(put(name, [event("a", now - DAY - 1), event("b")]), INVALID, /more than 24 hours/);
    const large = "x".repeat(600_000);
    await refused(
      put(name, [event(large), event(large)]),
      INVALID,
      "Upload too large: 1200052 bytes exceeds limit of 1048576",
    );
    expect((await get(name)).events).toEqual([]);
  });
});

describe("what it does", () => {
  test("keeps what is neither too old nor too new, and says what is", async () => {
    const name = await group("s");
    const { rejectedLogEventsInfo, nextSequenceToken } = await put(name, [
      event("old", now - 15 * DAY),
      event("good"),
      event("new", now + 3 * 3_600_000),
    ]);
    expect(rejectedLogEventsInfo).toEqual({ tooOldLogEventEndIndex: 1, tooNewLogEventStartIndex: 2 });
    expect(nextSequenceToken).toMatch(/^\d{56}$/);
    expect((await get(name)).events).toEqual([{ message: "good", timestamp: now, ingestionTime: now }]);
    expect((await put(name, [event("next")], { sequenceToken: "x" })).rejectedLogEventsInfo).toBeUndefined();
    const entity = { keyAttributes: { Type: "Service", Name: "n" } };
    expect((await put(name, [event("more")], { entity })).rejectedEntityInfo).toEqual({
      errorType: "UnsupportedLogGroupType",
    });
    await logs.send(new PutRetentionPolicyCommand({ logGroupName: name, retentionInDays: 1 }));
    expect((await put(name, [event("x", now - 2 * DAY)])).rejectedLogEventsInfo).toEqual({
      expiredLogEventEndIndex: 1,
    });
  });

  test("streams, by name and by time, with what is known of their events", async () => {
    const name = await group("b", "a", "c", "d");
    await put(name, [event("1", now - 5000), event("2", now - 100)], { logStreamName: "a" });
    await put(name, [event("3", now - 4000)], { logStreamName: "b" });
    await put(name, [event("4", now - 9000)], { logStreamName: "a" });
    const named = async (asked: object) =>
      (await streams(name, asked)).logStreams?.map(({ logStreamName }) => logStreamName);
    const { logStreams } = await streams(name, { limit: 2 });
    expect(logStreams).toEqual([
      {
        logStreamName: "a",
        creationTime: now,
        firstEventTimestamp: now - 9000,
        lastEventTimestamp: now - 100,
        lastIngestionTime: now,
        arn: expect.stringMatching(new RegExp(`:log-group:${name}:log-stream:a$`)) as string,
        storedBytes: 0,
      },
      expect.objectContaining({ logStreamName: "b", firstEventTimestamp: now - 4000 }),
    ]);
    expect(await named({ descending: true })).toEqual(["d", "c", "b", "a"]);
    expect(await named({ orderBy: "LastEventTime", descending: true })).toEqual(["a", "b", "d", "c"]);
    expect(await named({ logStreamNamePrefix: "c" })).toEqual(["c"]);
    const { nextToken } = await streams(name, { limit: 3 });
    expect(await named({ limit: 3, nextToken })).toEqual(["d"]);
    const group1 = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: name }));
    expect(group1.logGroups?.[0]?.storedBytes).toBe(4 * 27);
  });

  test("events forward and backward, from any token", async () => {
    const name = await group("s");
    expect(messages(await get(name))).toEqual([]);
    await put(
      name,
      ["1", "2", "3"].map((each, i) => event(each, now - 1000 + i)),
    );
    await put(name, [event("0", now - 2000), event("2b", now - 999)]);
    const all = ["0", "1", "2", "2b", "3"];
    expect(messages(await get(name))).toEqual(all);
    // Without a word the last ones come first.
    const last = await get(name, { limit: 2 });
    expect(messages(last)).toEqual(["2b", "3"]);
    const before = await get(name, { limit: 2, nextToken: last.nextBackwardToken });
    expect(messages(before)).toEqual(["1", "2"]);
    const first = await get(name, { limit: 2, nextToken: before.nextBackwardToken });
    expect(messages(first)).toEqual(["0"]);
    const start = await get(name, { nextToken: first.nextBackwardToken });
    expect(messages(start)).toEqual([]);
    expect(start.nextBackwardToken).toBe(first.nextBackwardToken);
    expect(messages(await get(name, { nextToken: start.nextForwardToken }))).toEqual(all);
    // At the end the same token comes back, until there is more.
    const { nextForwardToken } = await get(name, { startFromHead: true });
    const end = await get(name, { nextToken: nextForwardToken });
    expect([messages(end), end.nextForwardToken]).toEqual([[], nextForwardToken]);
    await put(name, [event("4")]);
    expect(messages(await get(name, { nextToken: nextForwardToken }))).toEqual(["4"]);
    expect(messages(await get(name, { startTime: now - 999, endTime: now, startFromHead: true }))).toEqual([
      "2",
      "2b",
      "3",
    ]);
    const identifier = (await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: name })))
      .logGroups?.[0];
    const byArn = new GetLogEventsCommand({
      logGroupIdentifier: identifier?.logGroupArn,
      logStreamName: "s",
    });
    expect(messages(await logs.send(byArn))).toHaveLength(6);
  });

  test("whatever the pages, each event comes once and in order", async () => {
    const name = await group("s");
    const offsets = fc.sample(fc.integer({ min: -50, max: 0 }), { numRuns: 40, seed: 5 });
    for (const [i, offset] of offsets.entries()) await put(name, [event(String(i), now + offset)]);
    const expected = offsets
      .map((offset, i) => ({ offset, i }))
      .toSorted((a, b) => a.offset - b.offset)
      .map(({ i }) => String(i));
    for (const limit of [1, 7, 40]) {
      const forward: (string | undefined)[] = [];
      let token: string | undefined;
      for (;;) {
        const read = await get(name, { limit, startFromHead: true, nextToken: token });
        forward.push(...messages(read));
        if (read.nextForwardToken === token) break;
        token = read.nextForwardToken;
      }
      expect(forward).toEqual(expected);
      const backward: (string | undefined)[] = [];
      for (token = undefined; ;) {
        const read = await get(name, { limit, nextToken: token });
        backward.unshift(...messages(read));
        if (read.nextBackwardToken === token) break;
        token = read.nextBackwardToken;
      }
      expect(backward).toEqual(expected);
    }
  });

  test("events of several streams by time, in pages", async () => {
    const name = await group("a1", "a2", "b");
    await put(name, [event("1", now - 3), event("3", now - 1)], { logStreamName: "a1" });
    await put(name, [event("2", now - 2)], { logStreamName: "b" });
    await put(name, [event("4")], { logStreamName: "a2" });
    const { events, searchedLogStreams } = await filter(name);
    expect(searchedLogStreams).toEqual([]);
    expect(events?.map(({ logStreamName, message }) => `${logStreamName} ${message}`)).toEqual([
      "a1 1",
      "b 2",
      "a1 3",
      "a2 4",
    ]);
    expect(new Set(events?.map(({ eventId }) => eventId)).size).toBe(4);
    expect(messages(await filter(name, { logStreamNamePrefix: "a" }))).toEqual(["1", "3", "4"]);
    expect(messages(await filter(name, { logStreamNames: ["b", "none"] }))).toEqual(["2"]);
    // The end of the span belongs to it here, as it does not in GetLogEvents.
    expect(messages(await filter(name, { startTime: now - 2, endTime: now - 1 }))).toEqual(["2", "3"]);
    const page = await filter(name, { limit: 3 });
    expect(messages(page)).toEqual(["1", "2", "3"]);
    const rest = await filter(name, { limit: 3, nextToken: page.nextToken });
    expect([messages(rest), rest.nextToken]).toEqual([["4"], undefined]);
  });

  test("patterns of terms", async () => {
    const name = await group("s");
    const lines = ["ERROR disk full", "ERROR net down", "INFO disk fine", 'he said "no"', "a-b 10.0.0.1"];
    await put(
      name,
      lines.map((line) => event(line)),
    );
    const [full, down, fine, said, dotted] = lines;
    expect(await matching(name, "")).toEqual(lines);
    expect(await matching(name, "ERROR")).toEqual([full, down]);
    expect(await matching(name, "error")).toEqual([]);
    expect(await matching(name, "disk ERROR")).toEqual([full]);
    expect(await matching(name, "ERROR -disk")).toEqual([down]);
    expect(await matching(name, '-ERROR -"10.0.0.1"')).toEqual([fine, said]);
    expect(await matching(name, "?down ?fine")).toEqual([down, fine]);
    expect(await matching(name, '?"disk f" ERROR')).toEqual([full, down]);
    expect(await matching(name, '"disk f"')).toEqual([full, fine]);
    expect(await matching(name, String.raw`"\"no\""`)).toEqual([said]);
    expect(await matching(name, '"10.0.0.1"')).toEqual([dotted]);
  });

  test("patterns of fields", async () => {
    const name = await group("s");
    const access = '127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534';
    const lines = [
      access,
      "INFO 09/25/2014 12:00:00 GET /service/resource/67 1200",
      "ERROR 09/25/2014 Failed",
    ];
    await put(
      name,
      lines.map((line) => event(line)),
    );
    const [, info, error] = lines;
    const fields = "ip, user, username, timestamp";
    expect(await matching(name, `[${fields}, request =*.html*, status_code = 4*, bytes]`)).toEqual([access]);
    expect(await matching(name, `[${fields}, request, status_code, bytes > 1000]`)).toEqual([access]);
    expect(await matching(name, `[${fields}, request, status_code, bytes > 2000]`)).toEqual([]);
    expect(await matching(name, "[..., status_code = 404 || status_code = 410, bytes]")).toEqual([access]);
    expect(await matching(name, "[..., size >= 1200 && size <= 1534]")).toEqual([access, info]);
    expect(await matching(name, "[w1=ERROR, w2]")).toEqual([error]);
    expect(await matching(name, "[w1=ERROR || w1=INFO, w2]")).toEqual([info, error]);
    expect(await matching(name, "[w1!=ERROR && w1!=INFO, w2]")).toEqual([access]);
    expect(await matching(name, '[..., request = "GET /index.html HTTP/1.0", status, bytes < 2000]')).toEqual(
      [access],
    );
    expect(await matching(name, "[w1=ERROR]")).toEqual([]);
    expect(await matching(name, "[a, b, c, d, e, f, g, h]")).toEqual([]);
    expect(await matching(name, "[ip, ..., bytes=1534]")).toEqual([access]);
    expect(await matching(name, "[,,w=F*d]")).toEqual([error]);
  });

  test("what ends takes its events along", async () => {
    const name = await group("s", "t");
    await put(name, [event("1")]);
    await put(name, [event("2")], { logStreamName: "t" });
    await logs.send(new DeleteLogStreamCommand({ logGroupName: name, logStreamName: "s" }));
    expect(messages(await filter(name))).toEqual(["2"]);
    await logs.send(new DeleteLogGroupCommand({ logGroupName: name }));
    await logs.send(new CreateLogGroupCommand({ logGroupName: name }));
    expect(messages(await filter(name))).toEqual([]);
    expect((await streams(name)).logStreams).toEqual([]);
  });

  test("events age, and are kept over a restart until then", async () => {
    const data = mkdtempSync(join(tmpdir(), "islet-logs-"));
    const on = { memory: false, data };
    let server = await ownIslet(on);
    const { credentials } = server;
    const client = await freshLogs(server);
    const keys = await client.config.credentials();
    expect(credentials).toBeDefined();
    const { Now } = await operate(server, "POST clock", { Frozen: true });
    const time = Date.parse(String(Now));
    await client.send(new CreateLogGroupCommand({ logGroupName: "g" }));
    await client.send(new CreateLogStreamCommand({ logGroupName: "g", logStreamName: "s" }));
    await client.send(
      new PutLogEventsCommand({ logGroupName: "g", logStreamName: "s", logEvents: [event("kept", time)] }),
    );
    await server.close();
    server = await ownIslet(on);
    const again = await freshLogs(server, keys);
    const read = async () => messages(await again.send(new FilterLogEventsCommand({ logGroupName: "g" })));
    expect(await read()).toEqual(["kept"]);
    await again.send(new PutRetentionPolicyCommand({ logGroupName: "g", retentionInDays: 1 }));
    await advanceClock(server, 2 * 86_400);
    expect(await read()).toEqual([]);
    const { logGroups } = await again.send(new DescribeLogGroupsCommand({}));
    expect(logGroups?.[0]?.storedBytes).toBe(0);
    await server.close();
    rmSync(data, { recursive: true });
  });
});
