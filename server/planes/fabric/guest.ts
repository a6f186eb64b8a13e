import { instances, isLive } from "../../ec2/instance.ts";
import type { Kind } from "./kind.ts";

/** What a guest has only as long as it runs. */
export const guestKind: Kind = {
  touchedBy: (_unit, table, { id }) => (table === "instance" ? [id] : []),
  all: () => [],
  put: (_fabric, unit, id) => {
    const instance = instances.table({ unit }).get(id);
    return instance !== undefined && isLive(instance);
  },
  remove: (fabric, id) => fabric.listening.end(id),
};
