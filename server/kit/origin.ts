import type { Socket } from "node:net";

/** Where a call came from, as far as the connection and the request's head tell. */
export interface Origin {
  /** Name, value, name, value, … */
  readonly rawHeaders: readonly string[];
  /** Absent where there is no connection, as in tests. */
  readonly socket?: Socket | undefined;
}
