import type { Handler } from "./handlers.ts";

/** A file of operations; what some of them lack stands in `partly`. */
interface Module {
  readonly operations: object;
  readonly partly?: Readonly<Record<string, string>>;
}

/** The operations of a service that are built, by name. */
export const handlersOf = (modules: readonly Module[]): ReadonlyMap<string, Handler> =>
  new Map(modules.flatMap(({ operations }) => Object.entries(operations) as [string, Handler][]));

/** Those that are built in part, and what they lack. */
export const partlyOf = (modules: readonly Module[]): ReadonlyMap<string, string> =>
  new Map(modules.flatMap(({ partly = {} }) => Object.entries(partly)));
