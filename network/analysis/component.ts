import type { Behind, Port } from "../port.ts";
import type { RouteTarget } from "../routeTarget.ts";
import type { Vpc } from "../vpc.ts";
import type { Search } from "./search.ts";
import type { Wave } from "./wave.ts";

/** How paths go through one kind of thing that routes lead to. */
export interface TargetModel<T extends RouteTarget = RouteTarget> {
  is(target: RouteTarget): target is T;
  /** @param port the interface that sent it last; undefined for what comes in by a gateway */
  forward(search: Search, wave: Wave, target: T, port: Port | undefined): void;
  /** Paths that begin beyond it. */
  enter?(search: Search, wave: Wave, target: T): void;
  /** Where rules that name groups find interfaces on its other side. */
  vpcBeyond?(target: T, vpc: Vpc): Vpc | undefined;
}

/** How paths go through one kind of thing that has an interface. */
export interface BehindModel<B extends Behind = Behind> {
  is(behind: Behind): behind is B;
  take(search: Search, wave: Wave, behind: B, port: Port): void;
}
