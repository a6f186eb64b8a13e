import { describe, expect, it } from "vitest";
import { expectKillMatrix } from "../killMatrix.ts";
import { bugs } from "./addressBugs.ts";
import { killersOf } from "./addressKillMatrix.ts";

const about = [
  "# Seeded bugs of addresses, and what catches them",
  "",
  "Each of these bugs is planted in what gives addresses away, by `test/ec2/addressBugs.ts`, and looked for by the random",
  "runs of `test/ec2/addressRuns.ts` and the pairs of runs of `test/ec2/addressPairs.ts`. I12 is that addresses are unique,",
  "and a MAC address its interface's for life.",
];

describe("seeded bugs of addresses", () => {
  it("are not seen where there is none", () => {
    expect(killersOf({ name: "no bug" })).toEqual([]);
  });

  it("are each caught by something, and docs/kill-matrix says by what", { timeout: 300_000 }, async () => {
    await expectKillMatrix("addresses", about, bugs, killersOf);
  });
});
