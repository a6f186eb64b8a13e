import fc from "fast-check";
import { expect, test } from "vitest";
import { Clock } from "../../server/kit/clock.ts";

test("time never runs backwards, stands still when frozen, and otherwise keeps pace with the wall clock", () => {
  const step = fc.record({
    do: fc.constantFrom("freeze", "run", "wait", "advance", "set"),
    by: fc.nat(1000),
  });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      let wall = 1_000_000;
      const clock = new Clock(() => wall);
      let [expected, frozen] = [wall, false];
      for (const each of steps) {
        if (each.do === "freeze") clock.freeze();
        else if (each.do === "run") clock.run();
        else if (each.do === "wait") wall += each.by;
        else if (each.do === "advance") clock.advance(each.by);
        // Half of the times lie behind.
        else clock.set(clock.now() + each.by - 500);
        if (each.do === "freeze" || each.do === "run") frozen = each.do === "freeze";
        else if (each.do === "wait") expected += frozen ? 0 : each.by;
        else if (each.do === "advance") expected += each.by;
        else expected += Math.max(each.by - 500, 0);
        expect([clock.now(), clock.frozen, clock.wall()]).toEqual([expected, frozen, wall]);
      }
    }),
    { seed: 8 },
  );
});
