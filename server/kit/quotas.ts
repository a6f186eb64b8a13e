import type { ApiError } from "../errors.ts";
import { Refusal } from "../refusal.ts";
import type { Context } from "./context.ts";

/** How much of something an account may have in a region, as Service Quotas lists it. */
export interface Quota<Of = string> {
  /** `L-F678F1CE` */
  readonly code: string;
  readonly name: string;
  /** What an account has that never asked for more. */
  readonly usual: number;
  /** What is answered to who wants more than `limit`; `of` is what has too many, or would be one too many. */
  readonly error: (limit: number, of: Of) => ApiError;
}

/** The quotas in force: code → limit, and for all others what is usual. */
export type Quotas = ReadonlyMap<string, number>;

/** By code, all that are enforced somewhere. */
const declared = new Map<string, Quota<never>>();

/** Makes a quota known to who configures the server. */
export function declareQuota<Of = string>(quota: Quota<Of>): Quota<Of> {
  declared.set(quota.code, quota);
  return quota;
}

/** Without configured quotas nothing is limited. */
export const limitOf = ({ quotas }: Context, { code, usual }: Quota<never>): number =>
  quotas ? (quotas.get(code) ?? usual) : Number.POSITIVE_INFINITY;

/**
 * Makes sure that there are not more than the quota allows.
 *
 * @param total how many, or how much, there would be; not asked where nothing is limited
 * @throws {ApiError} the quota's
 */
export function checkQuota<Of>(ctx: Context, quota: Quota<Of>, total: () => number, of: Of): void {
  const limit = limitOf(ctx, quota);
  if (limit !== Number.POSITIVE_INFINITY && total() > limit) throw quota.error(limit, of);
}

/**
 * Reads quotas that differ from the usual ones: `{ "VPCs per Region": 2, "L-407747CB": 3 }`.
 *
 * @throws {Refusal} if that is not what `json` says, or a quota is not known
 */
export function readQuotas(json: string, source: string): Quotas {
  let given: unknown;
  try {
    given = JSON.parse(json);
  } catch {
    given = undefined;
  }
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new Refusal(`${source} is not a JSON object of quotas: {"VPCs per Region": 2}`);
  }
  const quotas = new Map<string, number>();
  for (const [key, limit] of Object.entries(given)) {
    const quota = declared.get(key) ?? [...declared.values()].find(({ name }) => name === key);
    if (!quota) {
      const names = [...declared.values()].map(({ code, name }) => `${name} (${code})`);
      throw new Refusal(`${source} has "${key}", which is none of the quotas: ${names.join(", ")}`);
    }
    if (typeof limit !== "number" || !(limit >= 0)) {
      throw new Refusal(`${source} has ${JSON.stringify(limit)} for "${key}", which is no limit`);
    }
    quotas.set(quota.code, limit);
  }
  return quotas;
}
