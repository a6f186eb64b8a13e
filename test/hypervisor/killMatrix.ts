import * as fc from "fast-check";
import type { Bug } from "./bugs.ts";
import { pairs } from "./pairs.ts";
import { actions, parts, strides, UNMADE } from "./runs.ts";

const SEED = 20_260_103;
/** Runs that each bug is looked for in at most, and those that caught it after which that is enough. */
const RUNS = 64;
const ENOUGH = 8;
const PAIR_RUNS = 10;

/** How an invariant is called for short: by its letter, if it has one. */
function letterOf(name: string): string {
  if (name === UNMADE) return "a fault";
  const letter = /^[ITN]\d+/.exec(name)?.[0];
  if (letter) return letter;
  if (name.startsWith("volumes")) return "attachments";
  return name.startsWith("the audit") ? "audit" : "groups";
}

/** Which invariants and properties catch a bug. */
export function killersOf({ plant, parts: ofBug }: Bug): string[] {
  const killers = new Set<string>();
  const remove = plant?.();
  try {
    const samples = fc.sample(fc.tuple(parts, actions(60)), { seed: SEED, numRuns: RUNS });
    let caught = 0;
    for (const [{ mode }, steps] of samples) {
      let isCaught = false;
      for (const { violated } of strides(steps, { mode, ...ofBug?.() })) {
        for (const name of violated.keys()) killers.add(letterOf(name));
        isCaught ||= violated.size > 0;
      }
      if (isCaught && ++caught === ENOUGH) break;
    }
    for (const [name, pair] of ofBug ? [] : Object.entries(pairs)) {
      const result = fc.check(pair, { seed: SEED, numRuns: PAIR_RUNS, endOnFailure: true });
      if (result.failed) killers.add(letterOf(name));
    }
  } finally {
    remove?.();
  }
  return [...killers].toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }));
}
