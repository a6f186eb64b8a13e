import { describe, expect, it } from "vitest";
import { expectKillMatrix } from "../killMatrix.ts";
import { bugs } from "./bugs.ts";
import { killersOf } from "./killMatrix.ts";
import { labelOf, properties } from "./properties.ts";

const about = [
  "# Seeded bugs of the network, and what catches them",
  "",
  "Each of these bugs is planted in the network, by `test/network/bugs.ts`, and looked for by the properties of random",
  "networks that `test/network/evaluator.test.ts` runs:",
  "",
  ...Object.keys(properties).map((name) => `- _${labelOf(name)}_${name.slice(labelOf(name).length)}`),
];

describe("seeded bugs of the network", () => {
  it("are not seen where there is none", { timeout: 120_000 }, () => {
    expect(killersOf({ name: "no bug" })).toEqual([]);
  });

  it("are each caught by something, and docs/kill-matrix says by what", { timeout: 300_000 }, async () => {
    await expectKillMatrix("network", about, bugs, killersOf);
  });
});
