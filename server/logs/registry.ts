import { handlersOf, partlyOf } from "../kit/registry.ts";
import * as logEvent from "./logEvent.ts";
import * as logGroup from "./logGroup.ts";
import * as logStream from "./logStream.ts";

const modules = [logGroup, logStream, logEvent];

/** The operations of CloudWatch Logs that are built, by name. */
export const logsHandlers = handlersOf(modules);
export const partly = partlyOf(modules);
