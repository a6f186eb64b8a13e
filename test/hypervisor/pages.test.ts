import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Pages } from "../../hypervisor/pages.ts";
import { PAGE } from "../../hypervisor/slabs.ts";
import { found } from "./world.ts";

/** 24 TiB, which is more frames than 32 bits can count. */
const FRAMES = (24 * 2 ** 40) / PAGE;
const frames = fc.oneof(
  fc.nat({ max: 300 }),
  fc.integer({ min: FRAMES - 300, max: FRAMES - 1 }),
  fc.integer({ min: 2 ** 32 - 70, max: 2 ** 32 + 70 }),
);

/** Zeroes what lies in `from` … `end` - 1, and says whether all of it could be given back. */
function clear(pages: Pages, from: number, end: number): boolean {
  let clean = true;
  for (let span = pages.span(from, end); span; span = pages.span(span.start + span.count, end)) {
    span.bytes.fill(0);
    clean = pages.discard(span) && clean;
  }
  return clean;
}

describe("pages", () => {
  it("hold what was written to each frame, find all written frames of a range, and forget what is cleared", () => {
    const step = fc.oneof(
      fc.record({ frame: frames, offset: fc.nat({ max: PAGE - 8 }), byte: fc.integer({ min: 1, max: 255 }) }),
      fc.record({ from: frames, to: frames }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.tuple(frames, frames), (steps, [a, b]) => {
        const pages = new Pages(FRAMES);
        const model = new Map<number, Uint8Array>();
        for (const action of steps) {
          if ("frame" in action) {
            const bytes = new Uint8Array(8).fill(action.byte);
            pages.write(action.frame, action.offset, bytes);
            const page = model.get(action.frame) ?? new Uint8Array(PAGE);
            page.set(bytes, action.offset);
            model.set(action.frame, page);
          } else {
            if (!clear(pages, action.from, action.to)) throw new Error("zeros were not taken for zeros");
            for (const frame of model.keys())
              if (frame >= action.from && frame < action.to) model.delete(frame);
          }
        }
        const found: number[] = [];
        for (let span = pages.span(a, b); span; span = pages.span(span.start + span.count, b)) {
          expect(span.bytes).toHaveLength(span.count * PAGE);
          for (let i = 0; i < span.count; i++) {
            found.push(span.start + i);
            const expected = model.get(span.start + i) ?? new Uint8Array();
            expect(Buffer.compare(span.bytes.subarray(i * PAGE, (i + 1) * PAGE), expected)).toBe(0);
          }
        }
        expect(found).toEqual(
          [...model.keys()].filter((frame) => frame >= a && frame < b).toSorted((x, y) => x - y),
        );
        for (const frame of [a, b, ...model.keys()]) {
          const bytes = new Uint8Array(PAGE).fill(9);
          pages.read(frame, 0, bytes);
          expect(Buffer.compare(bytes, model.get(frame) ?? new Uint8Array(PAGE))).toBe(0);
        }
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it("do not let go of a page with a single bit in it", () => {
    fc.assert(
      fc.property(fc.nat({ max: 3 * PAGE - 1 }), fc.nat({ max: 7 }), (at, bit) => {
        const pages = new Pages(64);
        for (let frame = 0; frame < 3; frame++) pages.write(frame, 0, new Uint8Array(PAGE));
        pages.write(Math.floor(at / PAGE), at % PAGE, Uint8Array.of(1 << bit));
        const span = found(pages.span(0, 64));
        expect(span.count).toBe(3);
        expect(pages.discard(span)).toBe(false);
        expect(pages.span(0, 64)?.count).toBe(3);
      }),
      { seed: 1 },
    );
  });
});
