import type * as Sdk from "@aws-sdk/client-ec2";
import type { Prefix } from "../../network/cidr.ts";
import type { Context } from "../kit/context.ts";
import type { Row, TableDefinition } from "../state/table.ts";
import { storedCidr } from "./cidrBlock.ts";

/** A range of public addresses that an account has brought along. Its id is the block. */
export interface ByoipRange extends Row {
  readonly account: string;
  /** The pool that its addresses are given out of. */
  readonly poolId: string;
  readonly description: string | undefined;
  /** Whether the internet may learn of it; of IPv4 always. */
  readonly advertisable: boolean;
  readonly state: Sdk.ByoipCidrState;
}

export const byoipRangeTable: TableDefinition<ByoipRange> = {
  name: "byoip-cidr",
  indexes: { account: ({ account }) => account, pool: ({ poolId }) => poolId },
};

/** Not Amazon's yet, or not any more: nothing can be taken from it. */
const CLOSED: ReadonlySet<Sdk.ByoipCidrState> = new Set([
  "deprovisioned",
  "failed-provision",
  "pending-deprovision",
  "pending-provision",
]);

/** Whether a range is nobody's any more, so that it can be brought along again, to this Region or to another one. */
export const isGone = ({ state }: ByoipRange): boolean => state === "deprovisioned";

/** Whether there is anything to be taken from a range. */
export const isOpen = ({ state }: ByoipRange): boolean => !CLOSED.has(state);

/** The ranges that a pool has to give. */
export const rangesOf = ({ unit }: Pick<Context, "unit">, poolId: string): ByoipRange[] =>
  unit.table(byoipRangeTable).by("pool", poolId).filter(isOpen);

export const blockOf = ({ id }: ByoipRange): Prefix => storedCidr(id);

/** Whether Amazon tells the internet that the range is here: it still is for a while after it was withdrawn. */
export const isAnnounced = ({ state }: ByoipRange): boolean =>
  state === "advertised" || state === "pending-withdrawal";
