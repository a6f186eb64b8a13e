import type * as Logs from "@aws-sdk/client-cloudwatch-logs";
import type { Context } from "../kit/context.ts";
import type { LogsHandlers } from "../kit/handlers.ts";
import { compilePattern } from "./filterPattern.ts";
import { DAY, expiryOf, getLogGroup, readLogGroup, type LogGroup } from "./logGroup.ts";
import { breach, checkStreamName, invalid, openToken, readLimit, sealToken } from "./logRequest.ts";
import {
  addEvents,
  bytesOf,
  findLogStream,
  getLogStream,
  logBatchTable,
  logStreamTable,
  type LogBatch,
  type LogStream,
} from "./logStream.ts";

const MAX_EVENTS = 10_000;
const MAX_BYTES = 1_048_576;
const HOUR = 3_600_000;
const OLDEST = 14 * DAY;
const NEWEST = 2 * HOUR;

/** Where an event stands among all of its region: by its time, then as they came. */
type Place = readonly [timestamp: number, seq: number, index: number];

interface LogEvent {
  readonly place: Place;
  readonly message: string;
  readonly ingested: number;
  readonly streamId: string;
}

const compare = (a: Place, b: Place): number => a[0] - b[0] || a[1] - b[1] || a[2] - b[2];

interface Span {
  /** Milliseconds since the epoch: no events before it. */
  readonly from: number;
  /** No events from then on. */
  readonly until: number;
}

/** The events in batches that are in a span of time and have not expired, in order. */
function* eventsIn(
  ctx: Context,
  group: LogGroup,
  batches: readonly LogBatch[],
  span: Span,
): Iterable<LogEvent> {
  const from = Math.max(span.from, expiryOf(ctx, group));
  for (const { seq, streamId, ingested, events } of batches) {
    for (const [index, [timestamp, message]] of events.entries()) {
      if (timestamp < from || timestamp >= span.until) continue;
      yield { place: [timestamp, seq, index], message, ingested, streamId };
    }
  }
}

const inOrder = (events: Iterable<LogEvent>): LogEvent[] =>
  [...events].toSorted((a, b) => compare(a.place, b.place));

/** As many of the first events as fit into an answer. */
function page(events: readonly LogEvent[], limit: number): LogEvent[] {
  let [count, bytes] = [0, 0];
  for (const { message } of events) {
    bytes += bytesOf(message);
    if (count === limit || (bytes > MAX_BYTES && count > 0)) break;
    count++;
  }
  return events.slice(0, count);
}

/** A gap between two events: before or after the one at a place. */
interface Gap {
  readonly side: "before" | "after";
  readonly place: Place;
}

const START: Gap = { side: "before", place: [0, 0, 0] };

const isBehind = ({ place }: LogEvent, gap: Gap): boolean => {
  const order = compare(place, gap.place);
  return gap.side === "before" ? order >= 0 : order > 0;
};

const writeGap = ({ side, place }: Gap): string => `${side}/${place.join("/")}`;

function readGap(text: string): Gap {
  const [side, ...numbers] = text.split("/");
  const [timestamp = 0, seq = 0, index = 0] = numbers.map(Number);
  return { side: side === "after" ? "after" : "before", place: [timestamp, seq, index] };
}

type Way = "b" | "f";

/** A token says which way to go on, readably, and from where. */
const wayToken = (ctx: Context, stream: LogStream, way: Way, gap: Gap): string =>
  `${way}/${sealToken(ctx, `${way}/${stream.id}`, writeGap(gap))}`;

function openWay(ctx: Context, stream: LogStream, token: string): { readonly way: Way; readonly gap: Gap } {
  const way = token.startsWith("b/") ? "b" : "f";
  const sealed = token.startsWith(`${way}/`) ? token.slice(2) : "";
  return { way, gap: readGap(openToken(ctx, `${way}/${stream.id}`, sealed)) };
}

/** What is in the way that a call asks for, and where that begins and ends. */
function pageOfStream(
  ctx: Context,
  stream: LogStream,
  events: readonly LogEvent[],
  {
    nextToken,
    startFromHead,
    limit: asked,
  }: Pick<Logs.GetLogEventsRequest, "nextToken" | "startFromHead" | "limit">,
): Logs.GetLogEventsResponse {
  const limit = readLimit(asked, MAX_EVENTS);
  const from = nextToken === undefined ? undefined : openWay(ctx, stream, nextToken);
  const way = from?.way ?? (startFromHead ? "f" : "b");
  const split = from ? events.findIndex((event) => isBehind(event, from.gap)) : -1;
  const start = split < 0 ? (from ? events.length : 0) : split;
  const shown =
    way === "f"
      ? page(events.slice(start), limit)
      : page(events.slice(0, from ? start : events.length).toReversed(), limit).toReversed();
  const [first, last] = [shown[0], shown.at(-1)];
  const here = from?.gap ?? START;
  return {
    events: shown.map(({ place: [timestamp], message, ingested }) => ({
      timestamp,
      message,
      ingestionTime: ingested,
    })),
    nextForwardToken: wayToken(ctx, stream, "f", last ? { side: "after", place: last.place } : here),
    nextBackwardToken: wayToken(ctx, stream, "b", first ? { side: "before", place: first.place } : here),
  };
}

/** A time of a request, which has a bound of its own. */
function checkTime(member: string, time: number | undefined): number | undefined {
  if (time === undefined || time >= 0) return time;
  throw breach(member, String(time), "Member must have value greater than or equal to 0");
}

const digits = (value: number, count: number): string => String(value).padStart(count, "0");

/** 56 digits, as Logs has them; in the order of events. */
const eventId = ([timestamp, seq, index]: Place): string =>
  digits(timestamp, 16) + digits(seq, 30) + digits(index, 10);

/** The streams that a call is about: those it names, or whose names begin as it says, or all of the group. */
function streamsOf(
  ctx: Context,
  group: LogGroup,
  { logStreamNames, logStreamNamePrefix }: Logs.FilterLogEventsRequest,
): LogStream[] {
  if (logStreamNames !== undefined && logStreamNamePrefix !== undefined) {
    throw invalid("logStreamNamePrefix and logStreamNames are mutually exclusive.");
  }
  if (logStreamNames === undefined) {
    if (logStreamNamePrefix !== undefined) checkStreamName(logStreamNamePrefix, "logStreamNamePrefix");
    return ctx.unit
      .table(logStreamTable)
      .by("group", group.id)
      .filter(({ name }) => name.startsWith(logStreamNamePrefix ?? ""));
  }
  if (logStreamNames.length < 1 || logStreamNames.length > 100) {
    throw breach(
      "logStreamNames",
      String(logStreamNames.length),
      "Member must have length between 1 and 100",
    );
  }
  return logStreamNames.flatMap((name) => findLogStream(ctx, group, checkStreamName(name)) ?? []);
}

/** Messages in the order of their times, and which of them Logs does not keep. */
function checkBatch(
  ctx: Context,
  group: LogGroup,
  events: readonly Logs.InputLogEvent[],
): { readonly kept: LogBatch["events"]; readonly rejected: Logs.RejectedLogEventsInfo | undefined } {
  if (events.length < 1 || events.length > MAX_EVENTS) {
    throw breach("logEvents", String(events.length), `Member must have length between 1 and ${MAX_EVENTS}`);
  }
  let bytes = 0;
  const times = events.map(({ timestamp = 0, message = "" }, index) => {
    checkTime(`logEvents.${index + 1}.member.timestamp`, timestamp);
    if (message === "") {
      throw breach(
        `logEvents.${index + 1}.member.message`,
        "",
        "Member must have length greater than or equal to 1",
      );
    }
    bytes += bytesOf(message);
    return timestamp;
  });
  if (bytes > MAX_BYTES) throw invalid(`Upload too large: ${bytes} bytes exceeds limit of ${MAX_BYTES}`);
  if (times.some((time, index) => time < (times[index - 1] ?? 0))) {
    throw invalid("Log events in a single PutLogEvents request must be in chronological order.");
  }
  // In order, so what is too old or too new is at the ends.
  const expired = times.filter((time) => time < expiryOf(ctx, group)).length;
  const old = times.filter((time) => time < ctx.now - OLDEST).length;
  const end = times.filter((time) => time <= ctx.now + NEWEST).length;
  const kept = events.slice(Math.max(expired, old), end);
  if (kept.length > 0 && (kept.at(-1)?.timestamp ?? 0) - (kept[0]?.timestamp ?? 0) > DAY) {
    throw invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.");
  }
  const rejected = {
    ...(end < times.length && { tooNewLogEventStartIndex: end }),
    ...(old > 0 && { tooOldLogEventEndIndex: old }),
    ...(expired > old && { expiredLogEventEndIndex: expired }),
  };
  return {
    kept: kept.map(({ timestamp = 0, message = "" }) => [timestamp, message] as const),
    rejected: Object.keys(rejected).length > 0 ? rejected : undefined,
  };
}

export const partly = {
  FilterLogEvents: "filterPattern with JSON patterns and regular expressions",
  PutLogEvents: "entity: it is rejected, as the answer says",
};

/** @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html */
export const operations = {
  FilterLogEvents: (input, ctx) => {
    const group = readLogGroup(ctx, input);
    const limit = readLimit(input.limit, MAX_EVENTS);
    const matches = compilePattern(input.filterPattern ?? "");
    const streams = streamsOf(ctx, group, input);
    const names = new Map(streams.map(({ id, name }) => [id, name]));
    const { nextToken } = input;
    const after = nextToken === undefined ? START : readGap(openToken(ctx, group.id, nextToken));
    const span = {
      from: checkTime("startTime", input.startTime) ?? 0,
      // "Events with a timestamp later than this time are not returned."
      until: (checkTime("endTime", input.endTime) ?? Number.POSITIVE_INFINITY) + 1,
    };
    const batches = streams.flatMap(({ id }) => ctx.unit.table(logBatchTable).by("stream", id));
    const found = inOrder(eventsIn(ctx, group, batches, span)).filter(
      (event) => isBehind(event, after) && matches(event.message),
    );
    const shown = page(found, limit);
    const last = shown.at(-1);
    const more = last !== undefined && shown.length < found.length;
    return {
      events: shown.map(({ place, message, ingested, streamId }) => ({
        logStreamName: names.get(streamId),
        timestamp: place[0],
        message,
        ingestionTime: ingested,
        eventId: eventId(place),
      })),
      // "As of May 15, 2020, this parameter is no longer supported. This parameter returns an empty list."
      searchedLogStreams: [],
      nextToken: more ? sealToken(ctx, group.id, writeGap({ side: "after", place: last.place })) : undefined,
    };
  },

  GetLogEvents: (input, ctx) => {
    const group = readLogGroup(ctx, input);
    const stream = getLogStream(ctx, group, input.logStreamName);
    const span = {
      from: checkTime("startTime", input.startTime) ?? 0,
      until: checkTime("endTime", input.endTime) ?? Number.POSITIVE_INFINITY,
    };
    const batches = ctx.unit.table(logBatchTable).by("stream", stream.id);
    return pageOfStream(ctx, stream, inOrder(eventsIn(ctx, group, batches, span)), input);
  },

  PutLogEvents: ({ logGroupName, logStreamName, logEvents, entity }, ctx) => {
    const group = getLogGroup(ctx, logGroupName);
    const stream = getLogStream(ctx, group, logStreamName);
    const { kept, rejected } = checkBatch(ctx, group, logEvents);
    if (kept.length > 0) addEvents(ctx, stream, kept);
    return {
      nextSequenceToken: digits(ctx.unit.seq, 56),
      rejectedLogEventsInfo: rejected,
      rejectedEntityInfo: entity && { errorType: "UnsupportedLogGroupType" as const },
    };
  },
} satisfies LogsHandlers;
