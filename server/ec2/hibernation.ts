import type { Instance } from "./instance.ts";

/** Whether the memory of an instance is kept on its root volume while it is stopped, or about to be. */
export const isHibernated = ({ state, ended }: Pick<Instance, "state" | "ended">): boolean =>
  (state === "stopping" || state === "stopped") && ended?.reason === "Client.UserInitiatedHibernate";
