import type { Hosts } from "./hosts.ts";

/** How much is scrubbed at once, in bytes, and how often, in milliseconds: some of the time is left for calls. */
const BUDGET = 16 * 1024 ** 2;
const EVERY = 20;

/** Has the hosts scrub in the background, in real time, until what is answered is called. */
export function scrubInBackground(hosts: Hosts, onFault: (error: unknown) => void): () => void {
  const timer = setInterval(() => {
    try {
      hosts.scrub(BUDGET);
    } catch (error) {
      onFault(error);
    }
  }, EVERY).unref();
  return () => clearInterval(timer);
}
