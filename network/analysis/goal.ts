import type { Port } from "../port.ts";
import type { Vpc } from "../vpc.ts";
import type { Explanation } from "./explanation.ts";
import type { HeaderSet } from "./headerSet.ts";
import type { Search } from "./search.ts";
import type { Wave } from "./wave.ts";

/** Where a path may end. */
export interface Goal {
  /** The interfaces that are spoken to, by their VPC: its own, and those of load balancers before it. */
  readonly ports: ReadonlyMap<Vpc, readonly Port[]>;
  /** Gateways, connections and endpoints; and the interfaces, too. */
  readonly ids: ReadonlySet<string>;
  /** Whether any end of a path will do: only the packet's destination address was said. */
  readonly anywhere: boolean;
  /** Whether paths go on where one has ended, if they can, to see where else they may end. */
  readonly several: boolean;
  /** Whether the instance that an interface belongs to is what was asked for. */
  readonly instances: boolean;
  /** What packets may look like when they arrive; and why those that do not are none. */
  readonly arriving: (headers: HeaderSet) => {
    readonly headers: HeaderSet;
    readonly why: readonly Explanation[];
  };
}

/** What paths may lead through. */
export interface Terrain {
  /** Paths must pass all of these; and none of those. */
  readonly through: readonly string[];
  readonly without: ReadonlySet<string>;
  /** Whether who asks may know of a VPC, or of a table of a transit gateway. */
  readonly knows: (id: string) => boolean;
}

/** A path that reached the goal. */
export interface Arrival {
  readonly wave: Wave;
  /** Where. */
  readonly id: string;
  /** Sends the answers on their way; undefined where that cannot be told. */
  readonly reply: ((search: Search, wave: Wave) => void) | undefined;
}
