import * as fc from "fast-check";
import { it } from "vitest";
import { actions, parts, run } from "./runs.ts";
it("x", () => {
  const r = fc.check(
    fc.property(parts, actions(60), (p, a) => {
      const v = run(a, p);
      if (v) throw new Error(v.what);
    }),
    { seed: 20260101, numRuns: 150 },
  );
  console.log(
    r.failed,
    r.numRuns,
    r.numShrinks,
    r.errorInstance,
    JSON.stringify(r.counterexample?.[0]),
    r.counterexample?.[1].map((x) => x.name),
  );
});
