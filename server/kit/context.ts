import type { Unit } from "../state/unit.ts";
import type { Chance } from "./chance.ts";
import type { Origin } from "./origin.ts";
import type { Quotas } from "./quotas.ts";
import type { Seal } from "./seal.ts";
import type { World } from "./world.ts";

/** Who makes a call, as the verified signature tells. */
export interface Caller {
  /** 12 digits. */
  readonly account: string;
  readonly accessKeyId: string;
  readonly arn: string;
  readonly userId: string;
}

/** `instant`: a transition is due as soon as its answer was sent. `real`: after about the time EC2 takes. */
export type Pace = "instant" | "real";

/** What a handler works with, besides its input. */
export interface Context {
  readonly operation: string;
  readonly requestId: string;
  readonly region: string;
  /** The account whose resources the call is about: the caller's. */
  readonly account: string;
  readonly caller: Caller;
  /** Absent where nobody calls. */
  readonly origin?: Origin | undefined;
  /** Milliseconds since the epoch, the same throughout the call. */
  readonly now: number;
  readonly pace: Pace;
  /** None unless configured. */
  readonly quotas: Quotas | undefined;
  readonly chance: Chance;
  readonly seal: Seal;
  /** The region's rows; for a global service, the global rows. */
  readonly unit: Unit;
  /** Accounts, keys and what else belongs to no region. */
  readonly global: Unit;
  /** The rows of another region, brought up to now; to be read only. */
  readonly unitOf: (region: string) => Unit;
  /** The same call at work in another region: what it writes there is part of its transaction. */
  readonly elsewhere: (region: string) => Context;
  readonly world: World;
}
