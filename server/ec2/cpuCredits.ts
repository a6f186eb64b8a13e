import type { Context } from "../kit/context.ts";
import type { CreditBalance, LaunchRequest } from "../kit/world.ts";
import { cpuCredits } from "./catalogue/credits.ts";
import type { Instance } from "./instance.ts";

/** How long credits are kept for an instance that is stopped: seven days, in milliseconds. */
const KEPT_MS = 7 * 24 * 3600 * 1000;

/** Whether a type keeps its credits when it stops. T2 loses them. */
const keeps = (instanceType: string): boolean => !instanceType.startsWith("t2.");

/**
 * The credits that an instance starts with; undefined if its type has none.
 *
 * @param now when it starts
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-credits-baseline-concepts.html
 */
export function creditTermsOf(
  {
    instanceType,
    cpu,
    creditMode,
    noLaunchCredits,
    keptCredits: kept,
  }: Pick<Instance, "instanceType" | "cpu" | "creditMode" | "noLaunchCredits" | "keptCredits">,
  now: number,
): LaunchRequest["credits"] {
  const credits = cpuCredits(instanceType);
  if (credits === undefined || creditMode === undefined) return undefined;
  const vcpus = cpu.cores * cpu.threadsPerCore;
  // What is earned is the type's, however many of its vCPUs the CPU options leave to spend it.
  const baselinePercent = (credits.earnedPerHour * 100) / (60 * vcpus);
  return {
    rates: { ...credits, vcpus, baselinePercent, ...(noLaunchCredits && { launchCredits: 0 }) },
    mode: creditMode,
    ...(kept && keeps(instanceType) && now - kept.at <= KEPT_MS && { kept }),
  };
}

/** What an instance that leaves its host keeps of its credits; its surplus credits are charged then. */
export function keptCredits(
  ctx: Context,
  { id, instanceType }: Pick<Instance, "id" | "instanceType">,
): CreditBalance | undefined {
  return keeps(instanceType) ? ctx.world.hosts.cpu(ctx.unit.name, id, "standard")?.credits : undefined;
}

/** The account of an instance that was just given a host again: what it kept of its old one is in it. */
export function openedCredits(
  ctx: Context,
  { id }: Pick<Instance, "id">,
): Pick<Instance, "workload" | "keptCredits"> {
  const credits = ctx.world.hosts.cpu(ctx.unit.name, id)?.credits;
  return { workload: credits && { load: 0, credits }, keptCredits: undefined };
}
