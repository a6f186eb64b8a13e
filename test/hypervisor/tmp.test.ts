import * as fc from "fast-check";
import { it } from "vitest";
import { bugs } from "./bugs.ts";
import { actions, parts, run } from "./runs.ts";
it("x", () => {
  const undo = bugs[2]?.plant?.();
  for (const [w, s] of fc.sample(fc.tuple(parts, actions(60)), { seed: 20260103, numRuns: 80 })) { const v = run(s, w); console.log(s.length, w.mode, w.poisonOnFree, v?.what.slice(0,200)); }
  undo?.();
});
