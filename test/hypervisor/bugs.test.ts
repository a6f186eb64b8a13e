import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { killMatrix } from "./killMatrix.ts";

const page = new URL("../../docs/kill-matrix.md", import.meta.url);

describe("seeded bugs", () => {
  it("are each caught by something, and docs/kill-matrix.md says by what", () => {
    const matrix = killMatrix();
    if (process.env["ISLET_WRITE"] === "1") {
      writeFileSync(page, matrix);
      process.stdout.write(matrix);
    }
    expect(matrix).not.toContain("**nothing**");
    expect(readFileSync(page, "utf8"), "run `npm run bugs`").toBe(matrix);
  });
});
