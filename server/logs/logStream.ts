import type * as Logs from "@aws-sdk/client-cloudwatch-logs";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { LogsHandlers } from "../kit/handlers.ts";
import type { Row, TableDefinition } from "../state/table.ts";
import {
  contents,
  DAY,
  expiryOf,
  getLogGroup,
  logGroupArn,
  readLogGroup,
  type LogGroup,
} from "./logGroup.ts";
import { byName, checkStreamName, invalid, missing, pageByName } from "./logRequest.ts";

export interface LogStream extends Row {
  /** The row of its group. */
  readonly groupId: string;
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly created: number;
}

/** What came in one piece. Times are milliseconds since the epoch; events are in the order of theirs. */
export interface LogBatch extends Row {
  readonly groupId: string;
  readonly streamId: string;
  readonly ingested: number;
  readonly events: readonly (readonly [timestamp: number, message: string])[];
  /** As Logs counts them. */
  readonly bytes: number;
}

export const logStreamTable: TableDefinition<LogStream> = {
  name: "log-stream",
  indexes: { group: ({ groupId }) => groupId },
};

export const logBatchTable: TableDefinition<LogBatch> = {
  name: "log-batch",
  indexes: { group: ({ groupId }) => groupId, stream: ({ streamId }) => streamId },
};

const EVENT_OVERHEAD = 26;

/** Of a message in UTF-8, with what Logs adds for each event. */
export const bytesOf = (message: string): number => Buffer.byteLength(message) + EVENT_OVERHEAD;

contents.push({
  bytes: (ctx, { id }) =>
    ctx.unit
      .table(logBatchTable)
      .by("group", id)
      .reduce((sum, { bytes }) => sum + bytes, 0),
  clear: (ctx, { id }) => {
    const [streams, batches] = [ctx.unit.table(logStreamTable), ctx.unit.table(logBatchTable)];
    for (const stream of streams.by("group", id)) streams.remove(stream.id);
    for (const batch of batches.by("group", id)) batches.remove(batch.id);
  },
  expire: (ctx, group) => {
    const batches = ctx.unit.table(logBatchTable);
    const expiry = expiryOf(ctx, group);
    for (const { id, events } of batches.by("group", group.id)) {
      if ((events.at(-1)?.[0] ?? 0) < expiry) batches.remove(id);
    }
  },
});

// No name of a stream has a colon in it.
const idOf = ({ id }: LogGroup, name: string): string => `${id}:${name}`;

export const findLogStream = (ctx: Context, group: LogGroup, name: string): LogStream | undefined =>
  ctx.unit.table(logStreamTable).get(idOf(group, name));

/** @throws {ApiError} InvalidParameterException, ResourceNotFoundException */
export function getLogStream(ctx: Context, group: LogGroup, name: string): LogStream {
  const stream = findLogStream(ctx, group, checkStreamName(name));
  if (!stream) throw missing("log stream");
  return stream;
}

export function addLogStream(ctx: Context, group: LogGroup, name: string): LogStream {
  const { account, now, unit } = ctx;
  const id = idOf(group, name);
  const stream = { id, seq: unit.nextSeq(), account, groupId: group.id, name, created: now };
  unit.table(logStreamTable).insert(stream);
  return stream;
}

/** Keeps events from now on. @param events in the order of their times */
export function addEvents(ctx: Context, stream: LogStream, events: LogBatch["events"]): LogBatch {
  const seq = ctx.unit.nextSeq();
  const { id: streamId, groupId, account } = stream;
  const bytes = events.reduce((sum, [, message]) => sum + bytesOf(message), 0);
  const batch = {
    id: `${streamId}:${seq}`,
    seq,
    account,
    groupId,
    streamId,
    ingested: ctx.now,
    events,
    bytes,
  };
  ctx.unit.table(logBatchTable).insert(batch);
  return batch;
}

/** What is known of a stream by its events; nothing before the first one. */
function timesOf(ctx: Context, { id }: LogStream): Partial<Logs.LogStream> {
  const batches = ctx.unit.table(logBatchTable).by("stream", id);
  const [newest] = batches.slice(-1);
  if (!newest) return {};
  return {
    firstEventTimestamp: batches.reduce(
      (least, { events }) => Math.min(least, events[0]?.[0] ?? least),
      newest.ingested + DAY,
    ),
    lastEventTimestamp: batches.reduce((most, { events }) => Math.max(most, events.at(-1)?.[0] ?? 0), 0),
    lastIngestionTime: newest.ingested,
  };
}

const view = (ctx: Context, group: LogGroup, stream: LogStream): Logs.LogStream => ({
  logStreamName: stream.name,
  creationTime: stream.created,
  ...timesOf(ctx, stream),
  arn: `${logGroupArn(ctx, group)}:log-stream:${stream.name}`,
  // "As of June 17, 2019, this parameter is no longer supported for log streams, and is always reported as zero."
  storedBytes: 0,
});

/** @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogStreams.html */
export const operations = {
  CreateLogStream: ({ logGroupName, logStreamName }, ctx) => {
    const group = getLogGroup(ctx, logGroupName);
    if (findLogStream(ctx, group, checkStreamName(logStreamName))) {
      throw new ApiError("ResourceAlreadyExistsException", "The specified log stream already exists");
    }
    addLogStream(ctx, group, logStreamName);
    return {};
  },

  DeleteLogStream: ({ logGroupName, logStreamName }, ctx) => {
    const { id } = getLogStream(ctx, getLogGroup(ctx, logGroupName), logStreamName);
    const batches = ctx.unit.table(logBatchTable);
    for (const batch of batches.by("stream", id)) batches.remove(batch.id);
    ctx.unit.table(logStreamTable).remove(id);
    return {};
  },

  DescribeLogStreams: (input, ctx) => {
    const { logStreamNamePrefix, orderBy, descending } = input;
    const group = readLogGroup(ctx, input);
    const byTime = orderBy === "LastEventTime";
    if (byTime && logStreamNamePrefix !== undefined) {
      throw invalid("Cannot order by LastEventTime with a logStreamNamePrefix.");
    }
    if (logStreamNamePrefix !== undefined) checkStreamName(logStreamNamePrefix, "logStreamNamePrefix");
    const streams = ctx.unit
      .table(logStreamTable)
      .by("group", group.id)
      .filter(({ name }) => name.startsWith(logStreamNamePrefix ?? ""))
      .toSorted(byName);
    if (byTime) {
      const last = new Map(streams.map((stream) => [stream, timesOf(ctx, stream).lastEventTimestamp ?? 0]));
      streams.sort((a, b) => (last.get(a) ?? 0) - (last.get(b) ?? 0));
    }
    if (descending) streams.reverse();
    const subject = `${group.id}:${byTime ? "time" : "name"}:${descending ?? false}`;
    const { page, nextToken } = pageByName(ctx, subject, streams, input);
    return { logStreams: page.map((stream) => view(ctx, group, stream)), nextToken };
  },
} satisfies LogsHandlers;
