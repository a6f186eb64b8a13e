import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cidrsOf } from "../../../network/analysis/addressRange.ts";
import { HeaderSet, type Box, type Field, type Range } from "../../../network/analysis/headerSet.ts";

const SEED = { seed: 4 };

/** Few values, so that boxes often meet, touch and hold each other. */
const MOST = 5;
const range: fc.Arbitrary<Range> = fc
  .tuple(fc.integer({ min: 0, max: MOST }), fc.integer({ min: 0, max: MOST }))
  .map(([a, b]) => ({ first: Math.min(a, b), last: Math.max(a, b) }));
const box: fc.Arbitrary<Box> = fc.record({
  source: range,
  destination: range,
  sourcePort: range,
  destinationPort: range,
  protocol: range,
});
const value = fc.integer({ min: 0, max: MOST });
const header = fc.record({
  source: value,
  destination: value,
  sourcePort: value,
  destinationPort: value,
  protocol: value,
});
const set = fc.array(box, { maxLength: 4 }).map((boxes) => HeaderSet.of(boxes));
const headers = fc.array(header, { minLength: 40, maxLength: 40 });
const field = fc.constantFrom<Field>("source", "destination", "sourcePort", "destinationPort", "protocol");

describe("sets of headers", () => {
  test("have what is in one of their boxes", () => {
    fc.assert(
      fc.property(fc.array(box, { maxLength: 4 }), headers, (boxes, all) => {
        const union = HeaderSet.of(boxes);
        for (const each of all) {
          const isIn = boxes.some((one) =>
            (Object.keys(each) as Field[]).every(
              (name) => one[name].first <= each[name] && each[name] <= one[name].last,
            ),
          );
          expect(union.has(each)).toBe(isIn);
        }
      }),
      SEED,
    );
  });

  test("are added, subtracted and intersected as sets are", () => {
    fc.assert(
      fc.property(set, set, headers, (a, b, all) => {
        for (const each of all) {
          expect(a.and(b).has(each)).toBe(a.has(each) && b.has(each));
          expect(a.plus(b).has(each)).toBe(a.has(each) || b.has(each));
          expect(a.minus(b).has(each)).toBe(a.has(each) && !b.has(each));
        }
        expect(a.minus(a).isEmpty).toBe(true);
        expect(a.minus(b).and(b).isEmpty).toBe(true);
      }),
      SEED,
    );
  });

  test("are narrowed to the values of a field, and what is left out is the rest", () => {
    fc.assert(
      fc.property(set, field, fc.array(range, { maxLength: 3 }), headers, (a, name, ranges, all) => {
        const inside = a.within(name, ranges);
        const outside = a.outside(name, ranges);
        expect(inside.and(outside).isEmpty).toBe(true);
        for (const each of all) {
          const isIn = ranges.some(({ first, last }) => first <= each[name] && each[name] <= last);
          expect(inside.has(each)).toBe(a.has(each) && isIn);
          expect(outside.has(each)).toBe(a.has(each) && !isIn);
        }
      }),
      SEED,
    );
  });

  test("have no header twice: their boxes never meet", () => {
    fc.assert(
      fc.property(set, set, field, range, headers, (a, b, name, other, all) => {
        for (const each of [a.plus(b), a.minus(b), a.and(b), a.with(name, other), a.swapped()]) {
          for (const one of all) {
            const holders = each.boxes.filter((single) => HeaderSet.of([single]).has(one));
            expect(holders.length).toBeLessThanOrEqual(1);
          }
        }
      }),
      SEED,
    );
  });

  test("are those of the answers when swapped twice", () => {
    fc.assert(
      fc.property(set, header, (a, { source, destination, sourcePort, destinationPort, protocol }) => {
        const asked = { source, destination, sourcePort, destinationPort, protocol };
        const answer = {
          source: destination,
          destination: source,
          sourcePort: destinationPort,
          destinationPort: sourcePort,
          protocol,
        };
        expect(a.swapped().has(answer)).toBe(a.has(asked));
      }),
      SEED,
    );
  });
});

describe("ranges of addresses", () => {
  test("are shown as the blocks that the internet is without RFC 1918", () => {
    const everything = HeaderSet.every.outside("source", [
      { first: 0x0a000000, last: 0x0affffff },
      { first: 0xac100000, last: 0xac1fffff },
      { first: 0xc0a80000, last: 0xc0a8ffff },
    ]);
    // "Example 3: Findings reported", Network Access Analyzer guide.
    expect(everything.ranges("source").flatMap(cidrsOf).toSorted()).toEqual(
      (
        "0.0.0.0/5 11.0.0.0/8 12.0.0.0/6 128.0.0.0/3 16.0.0.0/4 160.0.0.0/5 168.0.0.0/6 172.0.0.0/12 " +
        "172.128.0.0/9 172.32.0.0/11 172.64.0.0/10 173.0.0.0/8 174.0.0.0/7 176.0.0.0/4 192.0.0.0/9 " +
        "192.128.0.0/11 192.160.0.0/13 192.169.0.0/16 192.170.0.0/15 192.172.0.0/14 192.176.0.0/12 " +
        "192.192.0.0/10 193.0.0.0/8 194.0.0.0/7 196.0.0.0/6 200.0.0.0/5 208.0.0.0/4 224.0.0.0/3 32.0.0.0/3 " +
        "64.0.0.0/2 8.0.0.0/7"
      ).split(" "),
    );
  });

  test("are covered by their blocks, each address once", () => {
    fc.assert(
      fc.property(fc.nat({ max: 1000 }), fc.nat({ max: 1000 }), (a, b) => {
        const [first, last] = [Math.min(a, b), Math.max(a, b)];
        const sizes = cidrsOf({ first, last }).map((cidr) => 2 ** (32 - Number(cidr.split("/")[1])));
        expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(last - first + 1);
      }),
      SEED,
    );
  });
});
