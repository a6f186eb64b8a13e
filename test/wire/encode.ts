import type { Operation } from "../../server/wire/service.ts";
import { encodeMembers, envelope } from "../../server/wire/xml.ts";

/** A whole answer in XML. */
export const encode = (operation: Operation, output: unknown, requestId: string): string =>
  envelope(operation, encodeMembers(operation, output), requestId).toString();
