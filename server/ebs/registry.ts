import type { Handler } from "../kit/handlers.ts";
import * as readSnapshot from "./readSnapshot.ts";
import * as writeSnapshot from "./writeSnapshot.ts";

/** The operations of the EBS direct APIs, by name. */
export const ebsHandlers: ReadonlyMap<string, Handler> = new Map(
  [readSnapshot, writeSnapshot].flatMap(
    ({ operations }) => Object.entries(operations) as [string, Handler][],
  ),
);
