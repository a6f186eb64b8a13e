import fc from "fast-check";
import type { Planted } from "../planting.ts";
import { labelOf, properties } from "./properties.ts";

const SEED = 20_260_104;

/** Runs of a property that a bug is looked for in; more where little happens in one. */
const runsOf = (name: string): number => (/^(routes|P7 over.*|.*gateway|.*endpoint):/.test(name) ? 60 : 8);

function killers(times: number): string[] {
  return Object.entries(properties)
    .filter(([name, property]) => {
      const numRuns = times * runsOf(name);
      return fc.check(property, { seed: SEED, numRuns, endOnFailure: true }).failed;
    })
    .map(([name]) => labelOf(name))
    .toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }));
}

/** Which properties catch a bug: those that do so soon, or else those that do so at all. */
export function killersOf({ plant }: Planted): string[] {
  const remove = plant?.();
  try {
    const soon = killers(1);
    return soon.length > 0 ? soon : killers(12);
  } finally {
    remove?.();
  }
}
