import * as fc from "fast-check";
import { describe, it } from "vitest";
import { pairs } from "./pairs.ts";

describe("of two runs", () => {
  it.each(Object.entries(pairs))("%s", (_, property) => {
    fc.assert(property, { seed: 20_260_102, numRuns: 60 });
  });
});
