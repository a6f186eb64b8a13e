import { join } from "node:path";
import { expect } from "vitest";
import type { Planted } from "./planting.ts";

/** Rows of cells as a table, the first row as its head. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (cells: readonly string[], fill: string): string =>
    `| ${widths.map((width, column) => (cells[column] ?? "").padEnd(width, fill)).join(" | ")} |`;
  const [head = "", ...body] = rows.map((row) => line(row, " "));
  return [head, line([], "-"), ...body];
}

/**
 * Plants bug after bug, and compares what catches each with the page of the documentation that says so.
 *
 * @param page in `docs/kill-matrix/`
 * @param about what stands above the table
 */
export async function expectKillMatrix<Bug extends Planted>(
  page: string,
  about: readonly string[],
  bugs: readonly Bug[],
  killersOf: (bug: Bug) => string[],
): Promise<void> {
  const rows = bugs.map((bug) => [bug.name, killersOf(bug).join(", ")] as const);
  expect(rows.filter(([, killers]) => killers === "")).toEqual([]);
  const text = [
    ...about,
    "",
    "This page is written by `npm run bugs`; a test checks that it is true.",
    "",
    ...table([["Bug", "Caught by"], ...rows]),
    "",
  ];
  const file = join(import.meta.dirname, "../docs/kill-matrix", `${page}.md`);
  await expect(text.join("\n"), "npm run bugs writes it anew").toMatchFileSnapshot(file);
}
