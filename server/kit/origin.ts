import type { Socket } from "node:net";

/** The VPC endpoint that a call came by. */
export interface Passage {
  /** `vpce-…` */
  readonly id: string;
  /** Of who owns it. */
  readonly account: string;
  readonly region: string;
  readonly vpcId: string;
  /** The endpoint's policy, as JSON. */
  readonly policy: string;
}

/** Where a call came from, as far as the connection and the request's head tell. */
export interface Origin {
  /** Name, value, name, value, … */
  readonly rawHeaders: readonly string[];
  /** Absent where there is no connection, as in tests. */
  readonly socket?: Socket | undefined;
  /** Absent where the call came as from outside of every VPC. */
  readonly passage?: Passage | undefined;
}
