import * as fc from "fast-check";
import { type Bug, bugs } from "./bugs.ts";
import { pairs } from "./pairs.ts";
import { actions, parts, strides } from "./runs.ts";

const SEED = 20_260_103;
/** Runs that each bug is looked for in at most, and those that told something new after which that is enough. */
const RUNS = 32;
const ENOUGH = 3;
const PAIR_RUNS = 10;

/** What the name of an invariant begins with: `I4`, `T11`, `N1`; others are called by their first words. */
const letterOf = (name: string): string =>
  /^[ITN]\d+/.exec(name)?.[0] ?? name.split(" ").slice(0, 3).join(" ");

/** Which invariants and properties catch a bug. */
function killersOf({ plant, parts: ofBug }: Bug): string[] {
  const killers = new Set<string>();
  const remove = plant?.();
  try {
    const samples = fc.sample(fc.tuple(parts, actions(60)), { seed: SEED, numRuns: RUNS });
    let caught = 0;
    for (const [{ mode }, steps] of samples) {
      const before = killers.size;
      for (const { violated } of strides(steps, { mode, ...ofBug?.() })) {
        for (const name of violated.keys()) killers.add(letterOf(name));
      }
      if (killers.size > before && ++caught === ENOUGH) break;
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

/** The page of the documentation that says which bug is caught by what. */
export function killMatrix(): string {
  const rows = bugs.map((bug) => {
    const killers = killersOf(bug);
    return `| ${bug.name} | ${killers.length > 0 ? killers.join(", ") : "**nothing**"} |`;
  });
  return [
    "# Seeded bugs, and what catches them",
    "",
    "Each of these bugs is planted in the hosts, by `test/hypervisor/bugs.ts`, and looked for by the random runs of",
    "`test/hypervisor/isolation.test.ts` and the pairs of runs of `test/hypervisor/pairs.ts`. I, T and N are the invariants",
    "there. This page is written by `npm run bugs`; a test checks that it is true.",
    "",
    "| Bug | Caught by |",
    "| --- | --- |",
    ...rows,
    "",
  ].join("\n");
}
