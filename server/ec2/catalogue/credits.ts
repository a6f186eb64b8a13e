import { findInstanceType } from "./instanceTypes.ts";

/** CPU credits of a burstable type: one credit is one vCPU at 100 % for one minute. */
export type CpuCredits = {
  /** What a vCPU may use for ever, in percent. */
  readonly baselinePercent: number;
  readonly earnedPerHour: number;
  /** The balance of earned credits stops growing here: what 24 hours earn. */
  readonly maximumBalance: number;
  /** Given at each launch or start in standard mode; T2 alone has them. */
  readonly launchCredits: number;
};

export type CreditMode = "standard" | "unlimited";

/** Percent per vCPU. @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-credits-baseline-concepts.html */
const baselines: ReadonlyMap<string, Readonly<Record<string, number>>> = new Map([
  ["t2", { nano: 5, micro: 10, small: 20, medium: 20, large: 30, xlarge: 22.5, "2xlarge": 17 }],
  ...["t3", "t3a", "t4g"].map(
    (family) =>
      [family, { nano: 5, micro: 10, small: 20, medium: 20, large: 30, xlarge: 40, "2xlarge": 40 }] as const,
  ),
]);

/** What a family launches with unless the account or the call says otherwise; undefined where it has no credits. */
export function defaultCreditMode(family: string): CreditMode | undefined {
  if (!baselines.has(family)) return undefined;
  return family === "t2" ? "standard" : "unlimited";
}

/** Digits beyond those of AWS's tables are noise of binary fractions. */
const tenths = (value: number): number => Math.round(value * 10) / 10;

/** A type's credits, or undefined where it has none. */
export function cpuCredits(instanceType: string): CpuCredits | undefined {
  const type = findInstanceType(instanceType);
  const baselinePercent = type && baselines.get(type.family)?.[type.size];
  if (type === undefined || baselinePercent === undefined) return undefined;
  const earnedPerHour = tenths((type.vcpus * baselinePercent * 60) / 100);
  return {
    baselinePercent,
    earnedPerHour,
    maximumBalance: tenths(earnedPerHour * 24),
    launchCredits: type.family === "t2" ? 30 * type.vcpus : 0,
  };
}
