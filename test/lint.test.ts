import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

const forbidden = [
  ["network", "../server/errors.ts"],
  ["network", "../hypervisor/fleet.ts"],
  ["network", "@aws-sdk/client-ec2"],
  ["hypervisor", "../network/cidr.ts"],
  ["hypervisor", "better-sqlite3"],
  ["server/state", "../kit/context.ts"],
  ["server/wire", "../kit/context.ts"],
  ["server/kit", "../ec2/vpc.ts"],
  ["server/kit", "../../network/cidr.ts"],
  ["server/ec2", "../planes/hosts.ts"],
  ["server/ec2", "../../hypervisor/fleet.ts"],
] as const;

const planted = new Map([
  ...forbidden.map(
    ([folder, imported], i) => [`${folder}/planted${i}.ts`, `export { a } from "${imported}";\n`] as const,
  ),
  ["server/kit/allowed.ts", 'export { a } from "../state/table.ts";\n'],
  ["server/state/table.ts", "export const a = 1;\n"],
  ["server/kit/circle.ts", 'import { b } from "./round.ts";\nexport const a = (): number => b();\n'],
  ["server/kit/round.ts", 'import { a } from "./circle.ts";\nexport const b = (): number => a();\n'],
  ["network/clock.ts", "export const now = (): number => Date.now();\n"],
  ["hypervisor/clock.ts", "export const now = (): number => Date.now();\n"],
]);

/** What the linter says, one line a complaint, of an empty house in which all of these are planted. */
function complaints(): string[] {
  const root = join(import.meta.dirname, "..");
  const folder = mkdtempSync(join(tmpdir(), "islet-lint-"));
  try {
    cpSync(join(root, ".oxlintrc.json"), join(folder, ".oxlintrc.json"));
    for (const [name, source] of planted) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), source);
    }
    const oxlint = join(root, "node_modules/.bin/oxlint");
    return spawnSync(oxlint, ["--format=unix", "."], { cwd: folder, encoding: "utf8" }).stdout.split("\n");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const said = complaints();
const of = (file: string): string => said.filter((line) => line.startsWith(`${file}:`)).join("\n");

test.each(forbidden.map(([folder, imported], i) => [folder, imported, i] as const))(
  "%s may not import %s",
  (folder, _imported, i) => {
    expect(of(`${folder}/planted${i}.ts`)).toContain("no-restricted-imports");
  },
);

test("what is allowed is allowed", () => {
  expect(of("server/kit/allowed.ts")).toBe("");
});

test("a cycle is seen", () => {
  expect(of("server/kit/circle.ts")).toContain("no-cycle");
});

test("the pure folders may not read the clock", () => {
  expect(of("network/clock.ts")).toContain("no-restricted-globals");
  expect(of("hypervisor/clock.ts")).toContain("no-restricted-globals");
});
