import * as fc from "fast-check";
import type { Planted } from "../planting.ts";
import { pair } from "./addressPairs.ts";
import { addressRuns, runOf } from "./addressRuns.ts";

const SEED = 20_260_106;
const RUNS = 40;
const PAIR_RUNS = 20;

/** What the runs find wrong where a bug is planted. */
export function killersOf({ plant }: Planted): string[] {
  const remove = plant?.();
  try {
    const samples = fc.sample(addressRuns, { seed: SEED, numRuns: RUNS });
    const wrong = new Set(samples.flatMap((deeds) => [...runOf(deeds).wrong]));
    const { failed } = fc.check(pair, { seed: SEED, numRuns: PAIR_RUNS, endOnFailure: true });
    if (failed) wrong.add("N1 an account does not see what another one does");
    return [...wrong].toSorted();
  } finally {
    remove?.();
  }
}
