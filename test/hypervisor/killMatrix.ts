import * as fc from "fast-check";
import { type Bug, bugs } from "./bugs.ts";
import { pairs } from "./pairs.ts";
import { actions, parts, strides, UNMADE } from "./runs.ts";

const SEED = 20_260_103;
/** Runs that each bug is looked for in at most, and those that caught it after which that is enough. */
const RUNS = 48;
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

/** The page of the documentation that says which bug is caught by what. */
export function killMatrix(): string {
  const rows = bugs.map((bug) => [bug.name, killersOf(bug).join(", ") || "**nothing**"] as const);
  const table = [["Bug", "Caught by"] as const, ...rows];
  const [first, second] = [0, 1].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[], fill: string): string =>
    `| ${cells[0]?.padEnd(first ?? 0, fill)} | ${cells[1]?.padEnd(second ?? 0, fill)} |`;
  const [head = "", ...body] = table.map((row) => line(row, " "));
  return [
    "# Seeded bugs, and what catches them",
    "",
    "Each of these bugs is planted in the hosts, by `test/hypervisor/bugs.ts`, and looked for by the random runs of",
    "`test/hypervisor/isolation.test.ts` and the pairs of runs of `test/hypervisor/pairs.ts`. I, T and N are the invariants",
    "there; _audit_ is what the audit shows of itself, _attachments_ is who reaches a volume, and _a fault_ means that the",
    "hosts themselves refused a step of the run. This page is written by `npm run bugs`; a test checks that it is true.",
    "",
    head,
    line(["", ""], "-"),
    ...body,
    "",
  ].join("\n");
}
