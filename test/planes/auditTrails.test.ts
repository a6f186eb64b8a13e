import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Audit } from "../../hypervisor/audit.ts";
import { AuditTrails } from "../../server/planes/auditTrails.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "islet-trails-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A run of the server that writes so many records down. */
function run(records: number, trails = new AuditTrails(folder)): Audit {
  const audit = new Audit({ ...trails.partsFor("mars-1"), clock: () => 1000 });
  for (let i = 0; i < records; i++) {
    audit.append({ event: "allocated", host: "h-1", instance: `i-${i}`, runs: [{ start: 4096, count: 2 }] });
  }
  return audit;
}

test("a trail goes on over restarts, however the one before ended", () => {
  run(3);
  const { head } = run(2);
  const trails = new AuditTrails(folder);
  expect(trails.regions()).toEqual(["mars-1"]);
  expect(trails.verify("mars-1")).toEqual({ intact: true, records: 5, head });
  expect([...trails.records("mars-1")].map((record) => record?.seq)).toEqual([1, 2, 3, 4, 5]);
});

test("what is cleared begins anew", () => {
  const trails = new AuditTrails(folder);
  run(3, trails);
  trails.clear();
  expect([trails.regions(), [...trails.records("mars-1")]]).toEqual([[], []]);
  const { head } = run(1, trails);
  expect(trails.verify("mars-1")).toEqual({ intact: true, records: 1, head });
  trails.close();
});

test.each([
  ["another member", (line: string) => line.replace('"i-1"', '"i-7"'), "content"],
  ["a member more", (line: string) => line.replace("{", '{"note":"x",'), "content"],
  ["runs that are none", (line: string) => line.replace(/\[\{.*?\}\]/, "[null]"), "content"],
  ["no JSON", () => "?", "content"],
  ["null", () => "null", "content"],
  ["another number", (line: string) => line.replace('"seq":2', '"seq":5'), "gap"],
  ["another record before", (line: string) => line.replace(/"previous":".{4}/, '"previous":"0000'), "link"],
] as const)("%s is seen", (_, forge, reason) => {
  run(3);
  const file = join(folder, "audit", "mars-1.jsonl");
  const lines = readFileSync(file, "utf8").split("\n");
  writeFileSync(file, lines.with(1, forge(lines[1] ?? "")).join("\n"));
  expect(new AuditTrails(folder).verify("mars-1")).toEqual({ intact: false, seq: 2, reason });
});
