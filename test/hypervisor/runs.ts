import * as fc from "fast-check";
import { invariants } from "./invariants.ts";
import { type Action, action } from "./steps.ts";
import { Model, World, type WorldParts } from "./world.ts";

/** What went against which invariants, and after which steps. */
export interface Violation {
  readonly invariants: readonly string[];
  readonly what: string;
}

export const parts: fc.Arbitrary<WorldParts> = fc.record({
  mode: fc.constantFrom("eager" as const, "eager" as const, "idle" as const, "on-demand" as const),
  verifyOnAllocate: fc.boolean(),
  poisonOnFree: fc.boolean(),
});

export const actions = (length: number): fc.Arbitrary<Action[]> =>
  fc.array(action, { maxLength: length, size: "max" });

/** Runs actions on a fresh world, and counts in `seen` what kinds of steps they were, until an invariant does not hold; a step that fails altogether is a fault, too. */
export function run(
  actions: readonly Action[],
  parts: WorldParts,
  seen?: Map<string, number>,
): Violation | undefined {
  const model = new Model();
  const world = new World(parts);
  for (const [i, { name, run }] of actions.entries()) {
    const violated = new Map<string, string>();
    try {
      run(model, world);
    } catch (error) {
      violated.set("the steps themselves", String(error));
    }
    const { kind } = model.step;
    seen?.set(kind, (seen.get(kind) ?? 0) + 1);
    for (const [name, check] of Object.entries(invariants)) {
      try {
        for (const what of check(model, world)) violated.set(name, what);
      } catch (error) {
        violated.set(name, String(error));
      }
    }
    if (violated.size === 0) continue;
    const list = [...violated].map(([name, what]) => `${name}: ${what}`);
    const what = `after step ${i + 1}, ${name}:\n${list.join("\n")}`;
    return { invariants: [...violated.keys()], what };
  }
  return undefined;
}
