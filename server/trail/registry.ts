import type { Handler } from "../kit/handlers.ts";
import type { EventLog } from "./log.ts";
import { operationsOn } from "./lookup.ts";

/** CloudTrail's operations that are built, by name. */
export const trailHandlersOn = (log: EventLog): ReadonlyMap<string, Handler> =>
  new Map(Object.entries(operationsOn(log)) as [string, Handler][]);
