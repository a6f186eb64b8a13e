import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { CloudTrailHandlers } from "../kit/handlers.ts";
import type { TrailEvent } from "./event.ts";
import type { EventLog } from "./log.ts";
import { resourcesOf } from "./resources.ts";
import { nameOf } from "./userName.ts";

const DAY = 86_400_000;
/** How far back events are found, in milliseconds. */
const REACH = 90 * DAY;
const MOST = 50;
/** Of the value that is looked for, in characters. */
const LONGEST_VALUE = 2000;

/** Whether an event has an attribute of this value. */
const attributes: Readonly<Record<string, (event: TrailEvent, value: string) => boolean>> = {
  AccessKeyId: ({ userIdentity }, value) => userIdentity.accessKeyId === value,
  EventId: ({ eventID }, value) => eventID === value,
  EventName: ({ eventName }, value) => eventName === value,
  EventSource: ({ eventSource }, value) => eventSource === value,
  ReadOnly: ({ readOnly }, value) => String(readOnly) === value,
  ResourceName: (event, value) => resourcesOf(event).some(({ ResourceName }) => ResourceName === value),
  ResourceType: (event, value) => resourcesOf(event).some(({ ResourceType }) => ResourceType === value),
  Username: ({ userIdentity }, value) => nameOf(userIdentity) === value,
};

type Input = Parameters<NonNullable<CloudTrailHandlers["LookupEvents"]>>[0];

/** @throws {ApiError} InvalidLookupAttributesException */
function matching(asked: Input["LookupAttributes"]): (event: TrailEvent) => boolean {
  const [attribute, ...others] = asked ?? [];
  if (!attribute) return () => true;
  if (others.length > 0) {
    throw new ApiError("InvalidLookupAttributesException", "Only one lookup attribute can be specified.");
  }
  const { AttributeKey: key = "", AttributeValue: value = "" } = attribute;
  const matches = Object.hasOwn(attributes, key) ? attributes[key] : undefined;
  if (!matches) {
    const known = Object.keys(attributes).join(", ");
    throw new ApiError("InvalidLookupAttributesException", `The attribute key must be one of: ${known}.`);
  }
  if (value === "" || value.length > LONGEST_VALUE) {
    const rule = `The value of ${key} must have 1 to ${LONGEST_VALUE} characters.`;
    throw new ApiError("InvalidLookupAttributesException", rule);
  }
  return (event) => matches(event, value);
}

/** Events tell their time in seconds, and so it is compared. @throws {ApiError} InvalidTimeRangeException */
function timely({ StartTime, EndTime }: Input, now: number): (event: TrailEvent) => boolean {
  const from = Math.max(StartTime?.getTime() ?? 0, now - REACH);
  const to = EndTime?.getTime() ?? Number.POSITIVE_INFINITY;
  if (StartTime && EndTime && StartTime > EndTime) {
    throw new ApiError("InvalidTimeRangeException", "The start time must not be after the end time.");
  }
  const since = Math.floor(from / 1000) * 1000;
  return ({ eventTime }) => {
    const at = Date.parse(eventTime);
    return at >= since && at <= to;
  };
}

/** A token is good for the same question alone. */
function purpose({ account, region }: Context, input: Input): string {
  const { LookupAttributes, StartTime, EndTime, EventCategory } = input;
  const question = JSON.stringify([LookupAttributes, StartTime, EndTime, EventCategory]);
  return `cloudtrail/${account}/${region}/${question}`;
}

const viewOf = (event: TrailEvent) => ({
  EventId: event.eventID,
  EventName: event.eventName,
  ReadOnly: String(event.readOnly),
  AccessKeyId: event.userIdentity.accessKeyId,
  EventTime: new Date(event.eventTime),
  EventSource: event.eventSource,
  Username: nameOf(event.userIdentity),
  Resources: [...resourcesOf(event)],
  CloudTrailEvent: JSON.stringify(event),
});

export const operationsOn = (log: EventLog) =>
  ({
    /** @see https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html */
    LookupEvents: (input, ctx) => {
      const { EventCategory, MaxResults = MOST, NextToken } = input;
      if (EventCategory !== undefined && EventCategory !== "insight") {
        throw new ApiError("InvalidEventCategoryException", "The event category must be insight.");
      }
      if (MaxResults < 1 || MaxResults > MOST) {
        throw new ApiError("InvalidMaxResultsException", `MaxResults must be from 1 to ${MOST}.`);
      }
      const isAsked = matching(input.LookupAttributes);
      const isTimely = timely(input, ctx.now);
      const question = purpose(ctx, input);
      const last = NextToken === undefined ? undefined : ctx.seal.open(question, NextToken);
      if (NextToken !== undefined && last === undefined) throw new ApiError("InvalidNextTokenException");
      // Nothing looks for what is unusual, so that there are no insights.
      if (EventCategory === "insight") return { Events: [] };
      const found = log
        .events(ctx.region)
        .filter(
          (event) =>
            event.recipientAccountId === ctx.account &&
            event.managementEvent &&
            isTimely(event) &&
            isAsked(event),
        )
        .toReversed();
      const start = last === undefined ? 0 : found.findIndex(({ eventID }) => eventID === last) + 1;
      // What the token goes on from is forgotten by now.
      if (last !== undefined && start === 0) throw new ApiError("InvalidNextTokenException");
      const page = found.slice(start, start + MaxResults);
      const end = page.at(-1);
      const more = end !== undefined && start + MaxResults < found.length;
      return { Events: page.map(viewOf), ...(more && { NextToken: ctx.seal.close(question, end.eventID) }) };
    },
  }) satisfies CloudTrailHandlers;
