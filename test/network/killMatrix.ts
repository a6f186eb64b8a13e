import fc from "fast-check";
import type { Planted } from "../planting.ts";
import { labelOf, properties } from "./properties.ts";

const SEED = 20_260_104;

/** Runs of a property that a bug is looked for in; more where much can go wrong, or little happens in one. */
function runsOf(name: string): number {
  if (/^(routes|P7 over connections):/.test(name)) return 180;
  if (/^(P7 over.*|.*gateway|.*endpoint):/.test(name)) return 60;
  return name.startsWith("reading:") ? 40 : 12;
}

function killers(times: number): string[] {
  return Object.entries(properties)
    .filter(([name, property]) => {
      const numRuns = Math.ceil(times * runsOf(name));
      return fc.check(property, { seed: SEED, numRuns, endOnFailure: true }).failed;
    })
    .map(([name]) => labelOf(name))
    .toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }));
}

/** Which properties catch a bug: those that do so soon, or else those that do so later. */
export function killersOf({ plant }: Planted): string[] {
  const remove = plant?.();
  try {
    return [0.5, 2, 12].reduce<string[]>((found, times) => (found.length > 0 ? found : killers(times)), []);
  } finally {
    remove?.();
  }
}
