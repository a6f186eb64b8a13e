import type { Change } from "../state/table.ts";
import type { Unit } from "../state/unit.ts";

/** The simulated world behind the API, as far as handlers and the pipeline speak to it. */
export interface World {
  /** Brings hosts and network to what the rows of `unit` say after `changes`. */
  committed(unit: Unit, changes: readonly Change[]): void;
  /** Brings hosts and network to all rows of a unit that was just read: the power is back. */
  resumed(unit: Unit): void;
  /** Everything is gone. */
  emptied(): void;
}
