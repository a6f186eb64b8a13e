import * as fc from "fast-check";
import type { Planted } from "../planting.ts";
import { addressRuns, runOf } from "./addressRuns.ts";

const SEED = 20_260_106;
const RUNS = 40;

/** What the runs find wrong where a bug is planted. */
export function killersOf({ plant }: Planted): string[] {
  const remove = plant?.();
  try {
    const samples = fc.sample(addressRuns, { seed: SEED, numRuns: RUNS });
    const wrong = new Set(samples.flatMap((deeds) => [...runOf(deeds).wrong]));
    return [...wrong].toSorted();
  } finally {
    remove?.();
  }
}
