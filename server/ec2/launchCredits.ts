import type { Context } from "../kit/context.ts";
import type { Row, TableDefinition } from "../state/table.ts";
import { cpuCredits } from "./catalogue/credits.ts";
import type { Instance } from "./instance.ts";

/** The starts of the last day with which an account was given launch credits; its id is the account. */
interface CreditedStarts extends Row {
  /** Milliseconds since the epoch, oldest first. */
  readonly at: readonly number[];
}

const creditedStarts: TableDefinition<CreditedStarts> = { name: "credited-starts" };

/**
 * "100 launches or starts of all T2 Standard instances combined per account, per Region, per rolling 24-hour period."
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-performance-instances-standard-mode-concepts.html
 */
const MOST = 100;
const PERIOD_MS = 24 * 3600 * 1000;

const credited = (ctx: Context): readonly number[] =>
  ctx.unit.table(creditedStarts).get(ctx.account)?.at ?? [];

const recent = (ctx: Context): number[] => credited(ctx).filter((at) => at > ctx.now - PERIOD_MS);

const isEntitled = ({ instanceType, creditMode }: Pick<Instance, "instanceType" | "creditMode">): boolean =>
  creditMode === "standard" && (cpuCredits(instanceType)?.launchCredits ?? 0) > 0;

/** Whether an instance that starts now goes without the launch credits of its type. */
export function lacksLaunchCredits(
  ctx: Context,
  instance: Pick<Instance, "instanceType" | "creditMode">,
): true | undefined {
  return isEntitled(instance) && recent(ctx).length >= MOST ? true : undefined;
}

/** Takes note that an instance was given its launch credits. */
export function noteStart(
  ctx: Context,
  instance: Pick<Instance, "instanceType" | "creditMode" | "noLaunchCredits">,
): void {
  if (!isEntitled(instance) || instance.noLaunchCredits) return;
  const table = ctx.unit.table(creditedStarts);
  const at = [...recent(ctx), ctx.now];
  const known = table.get(ctx.account);
  if (known) table.replace({ ...known, at });
  else table.insert({ id: ctx.account, seq: ctx.unit.nextSeq(), account: ctx.account, at });
}
