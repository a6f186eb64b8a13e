import { describe, expect, it } from "vitest";
import { expectKillMatrix } from "../killMatrix.ts";
import { bugs } from "./bugs.ts";
import { killersOf } from "./killMatrix.ts";

const about = [
  "# Seeded bugs of the hosts, and what catches them",
  "",
  "Each of these bugs is planted in the hosts, by `test/hypervisor/bugs.ts`, and looked for by the random runs of",
  "`test/hypervisor/isolation.test.ts` and the pairs of runs of `test/hypervisor/pairs.ts`. I, T and N are the invariants",
  "there; _audit_ is what the audit shows of itself, _attachments_ is who reaches a volume, and _a fault_ means that the",
  "hosts themselves refused a step of the run.",
];

describe("seeded bugs of the hosts", () => {
  it("are not seen where there is none", () => {
    expect(killersOf({ name: "no bug" })).toEqual([]);
  });

  it("are each caught by something, and docs/kill-matrix says by what", { timeout: 300_000 }, async () => {
    await expectKillMatrix("hosts", about, bugs, killersOf);
  });
});
