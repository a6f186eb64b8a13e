import * as fc from "fast-check";
import { expect, it } from "vitest";
import { pair } from "./addressPairs.ts";
import { addressRuns, runOf } from "./addressRuns.ts";

it("I12: addresses are unique, a MAC address is its interface's for life, a choice is honoured or refused", () => {
  const done = new Map<string, number>();
  fc.assert(
    fc.property(addressRuns, (deeds) => {
      const run = runOf(deeds);
      for (const [kind, count] of run.done) done.set(kind, (done.get(kind) ?? 0) + count);
      expect([...run.wrong]).toEqual([]);
    }),
    { seed: 20_260_105, numRuns: 120 },
  );
  expect(done.size).toBe(16);
  expect([...done].filter(([, count]) => count < 5)).toEqual([]);
});

it("N1 over the API: what an account sees does not depend on what another one does, but for names", () => {
  fc.assert(pair, { seed: 20_260_107, numRuns: 40 });
});
