import type { Instance } from "./instance.ts";

/** Whether the memory of an instance is kept on its root volume while it is stopped, or about to be. */
export const isHibernated = ({ state, ended }: Pick<Instance, "state" | "ended">): boolean =>
  (state === "stopping" || state === "stopped") && ended?.reason === "Client.UserInitiatedHibernate";

/**
 * How long a hibernated instance can sleep, in milliseconds: "We do not support keeping an instance hibernated for more
 * than 60 days." What EC2 does with one that sleeps longer it does not say; here it starts as one that was stopped.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/hibernating-prerequisites.html
 */
const SLEEP_MS = 60 * 24 * 3600 * 1000;

/** Whether a hibernated instance that starts now finds its memory again. */
export const canResume = ({ ended }: Pick<Instance, "ended">, now: number): boolean =>
  ended !== undefined && now - ended.at <= SLEEP_MS;
