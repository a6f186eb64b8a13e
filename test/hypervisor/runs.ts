import * as fc from "fast-check";
import { invariants } from "./invariants.ts";
import { type Action, action } from "./steps.ts";
import { Model, World, type WorldParts } from "./world.ts";

export const parts: fc.Arbitrary<WorldParts> = fc.record({
  mode: fc.constantFrom("eager" as const, "eager" as const, "idle" as const, "on-demand" as const),
  verifyOnAllocate: fc.boolean(),
  poisonOnFree: fc.boolean(),
});

export const actions = (length: number): fc.Arbitrary<Action[]> =>
  fc.array(action, { maxLength: length, size: "max" });

/** A step that was made, and what is wrong after it: invariants, and what goes against each. */
export interface Stride {
  readonly name: string;
  readonly kind: string;
  readonly violated: ReadonlyMap<string, string>;
}

/** The name that a step goes by, among the invariants, that could not be made at all. */
export const UNMADE = "the steps themselves";

/** Makes one step after another on a fresh world; after one that could not be made, there are none. */
export function* strides(actions: readonly Action[], parts: WorldParts): Generator<Stride> {
  const model = new Model();
  const world = new World(parts);
  for (const { name, run } of actions) {
    const violated = new Map<string, string>();
    try {
      run(model, world);
    } catch (error) {
      violated.set(UNMADE, String(error));
    }
    for (const [invariant, check] of Object.entries(invariants)) {
      try {
        for (const what of check(model, world)) violated.set(invariant, what);
      } catch (error) {
        violated.set(invariant, String(error));
      }
    }
    yield { name, kind: model.step.kind, violated };
    if (violated.has(UNMADE)) return;
  }
}
