import type { Handler } from "../kit/handlers.ts";
import * as session from "./session.ts";

/** STS's operations that are built, by name. */
export const stsHandlers: ReadonlyMap<string, Handler> = new Map(
  Object.entries(session.operations) as [string, Handler][],
);
