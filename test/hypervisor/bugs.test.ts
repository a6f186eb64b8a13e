import { describe, expect, it } from "vitest";
import { killersOf as killersOfAddresses } from "../ec2/addressKillMatrix.ts";
import { killMatrix } from "../killMatrix.ts";
import { killersOf } from "./killMatrix.ts";

describe("seeded bugs", () => {
  it("are not seen where there is none", () => {
    expect(killersOf({ name: "no bug" })).toEqual([]);
    expect(killersOfAddresses({ name: "no bug" })).toEqual([]);
  });

  it("are each caught by something, and docs/kill-matrix.md says by what", { timeout: 900_000 }, async () => {
    const matrix = killMatrix();
    expect(matrix).not.toContain("**nothing**");
    await expect(matrix, "npm run bugs writes it anew").toMatchFileSnapshot("../../docs/kill-matrix.md");
  });
});
