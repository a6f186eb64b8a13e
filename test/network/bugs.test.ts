import { expect, test } from "vitest";
import { killersOf } from "./killMatrix.ts";

// What catches which bug, docs/kill-matrix.md says: test/hypervisor/bugs.test.ts checks it for both.
test("seeded bugs are not seen where there is none", () => {
  expect(killersOf({ name: "no bug" })).toEqual([]);
});
