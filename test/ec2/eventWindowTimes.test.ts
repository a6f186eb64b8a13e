import fc from "fast-check";
import { expect, test } from "vitest";
import { nextOpening, openingsOfCron, openingsOfRanges } from "../../server/ec2/eventWindowTimes.ts";

const at = (text: string): number => Date.parse(text);
const HOUR = 3600 * 1000;
const WEEK = 168 * HOUR;

test("a cron expression opens on its days, from its first hour until its last", () => {
  expect(openingsOfCron("* 0-4,20-23 * * 1,FRI")).toEqual([
    { start: 24, hours: 4 },
    { start: 44, hours: 3 },
    { start: 120, hours: 4 },
    { start: 140, hours: 3 },
  ]);
  expect(openingsOfCron("* 0-2 * * 0-1,sun")).toHaveLength(2);
  expect(openingsOfCron("* 10-12 * * *")).toHaveLength(7);
});

test("a range may go on over the end of the week", () => {
  const [over] = openingsOfRanges([
    { StartWeekDay: "saturday", StartHour: 22, EndWeekDay: "sunday", EndHour: 4 },
  ]);
  expect(over).toEqual({ start: 166, hours: 6 });
});

test("the next opening is now, if it is open, and else the first to come", () => {
  // 2026-11-23 was a Monday.
  const nights = openingsOfCron("* 2-6 * * 1,3");
  expect(nextOpening(nights, at("2026-11-23T01:30:00Z"))).toBe(at("2026-11-23T02:00:00Z"));
  expect(nextOpening(nights, at("2026-11-23T05:59:59Z"))).toBe(at("2026-11-23T05:59:59Z"));
  expect(nextOpening(nights, at("2026-11-23T06:00:00Z"))).toBe(at("2026-11-25T02:00:00Z"));
  expect(nextOpening(nights, at("2026-11-26T00:00:00Z"))).toBe(at("2026-11-30T02:00:00Z"));
  const over = openingsOfRanges([
    { StartWeekDay: "saturday", StartHour: 22, EndWeekDay: "sunday", EndHour: 4 },
  ]);
  expect(nextOpening(over, at("2026-11-29T03:00:00Z"))).toBe(at("2026-11-29T03:00:00Z"));
});

test("whatever the window, it is open then, and was not before since it was asked for", () => {
  const opening = fc.record({
    start: fc.integer({ min: 0, max: 167 }),
    hours: fc.integer({ min: 2, max: 167 }),
  });
  const time = fc.integer({ min: at("2020-01-01T00:00:00Z"), max: at("2030-01-01T00:00:00Z") });
  const sunday = at("1970-01-04T00:00:00Z");
  fc.assert(
    fc.property(fc.array(opening, { minLength: 1, maxLength: 4 }), time, (openings, earliest) => {
      const isOpen = (moment: number): boolean =>
        openings.some(({ start, hours }) => {
          const since = (((moment - sunday - start * HOUR) % WEEK) + WEEK) % WEEK;
          return since < hours * HOUR;
        });
      const found = nextOpening(openings, earliest);
      expect(found).toBeGreaterThanOrEqual(earliest);
      expect(isOpen(found)).toBe(true);
      const before: number[] = [];
      for (let hour = earliest; hour < found; hour += HOUR) before.push(hour);
      if (found > earliest) before.push(found - 1);
      expect(before.filter(isOpen)).toEqual([]);
    }),
    { seed: 1, numRuns: 300 },
  );
});
