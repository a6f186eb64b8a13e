import type { Handler } from "../kit/handlers.ts";
import * as logEvent from "./logEvent.ts";
import * as logGroup from "./logGroup.ts";
import * as logStream from "./logStream.ts";

/** The operations of CloudWatch Logs that are built, by name. */
export const logsHandlers: ReadonlyMap<string, Handler> = new Map(
  [logGroup, logStream, logEvent].flatMap(
    ({ operations }) => Object.entries(operations) as [string, Handler][],
  ),
);
