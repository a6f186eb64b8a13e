import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Extents } from "../../hypervisor/extents.ts";

const SIZE = 40;
const run = fc
  .tuple(fc.nat({ max: SIZE - 1 }), fc.integer({ min: 1, max: SIZE }))
  .map(([start, count]) => ({ start: 100 + start, count: Math.min(count, SIZE - start) }));

describe("extents", () => {
  it("say of every position what an array would, in the fewest pieces", () => {
    const values = fc.array(fc.tuple(run, fc.constantFrom("a", "b", "c")), { maxLength: 30 });
    fc.assert(
      fc.property(values, run, (steps, window) => {
        const extents = new Extents({ start: 100, count: SIZE }, "a");
        const array = Array.from({ length: SIZE }, () => "a");
        for (const [{ start, count }, value] of steps) {
          extents.set({ start, count }, value);
          array.fill(value, start - 100, start - 100 + count);
        }
        expect(array.map((_, i) => extents.at(100 + i))).toEqual(array);
        const pieces = [...extents];
        expect(pieces.flatMap(({ count, value }) => Array.from({ length: count }, () => value))).toEqual(
          array,
        );
        for (const [i, piece] of pieces.entries()) expect(piece.value).not.toBe(pieces[i + 1]?.value);
        const cut = extents.within(window);
        expect(cut[0]?.start).toBe(window.start);
        expect(cut.flatMap(({ count, value }) => Array.from({ length: count }, () => value))).toEqual(
          array.slice(window.start - 100, window.start - 100 + window.count),
        );
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it("refuse runs that leave them", () => {
    const extents = new Extents({ start: 100, count: SIZE }, "a");
    for (const [start, count] of [
      [99, 2],
      [139, 2],
      [100, 0],
      [200, 1],
    ] as const) {
      expect(() => extents.set({ start, count }, "b")).toThrow(RangeError);
    }
    expect([...extents]).toEqual([{ start: 100, count: SIZE, value: "a" }]);
    expect(extents.at(140)).toBeUndefined();
  });
});
