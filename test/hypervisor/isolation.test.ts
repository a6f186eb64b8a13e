import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { invariants } from "./invariants.ts";
import { actions, parts, type Stride, strides, UNMADE } from "./runs.ts";

/** The long run, `npm run test:long`, asks for more of them, and names another seed if it is to. */
const RUNS = Number(process.env["ISLET_RUNS"] ?? 180);
const SEED = Number(process.env["ISLET_SEED"] ?? 20_260_101);

describe(`after every step of ${RUNS} random runs, seed ${SEED}`, () => {
  const seen = new Map<string, number>();
  let broken: Stride | undefined;
  let counterexample = "";

  beforeAll(
    () => {
      const property = fc.property(parts, actions(60), (parts, actions) => {
        for (const { kind, violated } of strides(actions, parts)) {
          seen.set(kind, (seen.get(kind) ?? 0) + 1);
          if (violated.size > 0) throw new Error([...violated.keys()].join());
        }
      });
      const { counterexample: found } = fc.check(property, { seed: SEED, numRuns: RUNS });
      if (found === null) return;
      const [world, steps] = found;
      broken = [...strides(steps, world)].find(({ violated }) => violated.size > 0);
      counterexample = JSON.stringify([world, steps.map(({ name }) => name)], undefined, 1);
    },
    30_000 + RUNS * 1000,
  );

  it("steps of all kinds were among them", () => {
    const kinds = [
      "placed",
      "resumed",
      "usurped",
      "refused",
      "written",
      "rebooted",
      "released",
      "unplugged",
      "scrub-step",
      "interrupted",
      "volume",
      "attached",
      "reached",
      "deleted",
      "crashed",
      "discarded",
      "ticked",
      "condemned",
    ];
    expect(kinds.filter((kind) => (seen.get(kind) ?? 0) < RUNS / 10)).toEqual([]);
  });

  it.each([...Object.keys(invariants), UNMADE])("%s", (name) => {
    expect(broken?.violated.get(name), counterexample).toBeUndefined();
  });
});
