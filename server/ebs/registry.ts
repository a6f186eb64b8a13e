import { handlersOf } from "../kit/registry.ts";
import * as readSnapshot from "./readSnapshot.ts";
import * as writeSnapshot from "./writeSnapshot.ts";

/** The operations of the EBS direct APIs, by name. */
export const ebsHandlers = handlersOf([readSnapshot, writeSnapshot]);
