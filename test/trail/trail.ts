import { CloudTrailClient, LookupEventsCommand, type LookupEventsRequest } from "@aws-sdk/client-cloudtrail";
import type { Islet } from "../../server/index.ts";
import type { TrailEvent } from "../../server/trail/event.ts";
import { configOf, type Keys } from "../islet.ts";

export const trailOf = (islet: Islet, keys: Keys, region?: string): CloudTrailClient =>
  new CloudTrailClient(configOf(islet, keys, region));

/** The newest events, newest first, as CloudTrail writes them. */
export async function eventsOf(
  trail: CloudTrailClient,
  input: Partial<LookupEventsRequest> = {},
): Promise<TrailEvent[]> {
  const { Events = [] } = await trail.send(new LookupEventsCommand(input));
  return Events.map(({ CloudTrailEvent = "" }) => JSON.parse(CloudTrailEvent) as TrailEvent);
}

/** The newest event of an operation. */
export async function eventNamed(trail: CloudTrailClient, name: string): Promise<TrailEvent> {
  const LookupAttributes = [{ AttributeKey: "EventName" as const, AttributeValue: name }];
  const [event] = await eventsOf(trail, { LookupAttributes, MaxResults: 1 });
  if (!event) throw new Error(`no event is named ${name}`);
  return event;
}
