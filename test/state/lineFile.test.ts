import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LineFile } from "../../server/state/lineFile.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "islet-lines-"));
  path = join(folder, "lines");
});
afterEach(() => rmSync(folder, { recursive: true }));

test("what was appended is there, in order, whoever reads it, and after the file was closed", () => {
  const line = fc.oneof(
    fc.string({ unit: "binary" }).map((text) => text.replaceAll("\n", " ")),
    fc.integer({ min: 65_000, max: 140_000 }).map((length) => "ü".repeat(length)),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(line, fc.boolean()), { maxLength: 6 }), (appended) => {
      rmSync(path, { force: true });
      let file = new LineFile(path);
      for (const [text, isClosed] of appended) {
        file.append(text);
        expect(new LineFile(path).last()).toBe(text);
        if (!isClosed) continue;
        file.close();
        file = new LineFile(path);
      }
      expect([...file.lines()]).toEqual(appended.map(([text]) => text));
      file.close();
    }),
    { seed: 1, numRuns: 40 },
  );
});

test("there is no file before its first line, and the owner alone can read it", () => {
  const file = new LineFile(path);
  expect([[...file.lines()], file.last(), existsSync(path)]).toEqual([[], undefined, false]);
  file.append("one");
  expect(statSync(path).mode & 0o777).toBe(0o600);
  file.clear();
  expect([[...file.lines()], existsSync(path)]).toEqual([[], false]);
  file.append("two");
  expect([...file.lines()]).toEqual(["two"]);
  file.close();
});

test("a line that was not written to its end is none, and makes room for the next", () => {
  const file = new LineFile(path);
  file.append("one");
  file.close();
  appendFileSync(path, "tw");
  expect([[...file.lines()], file.last()]).toEqual([["one"], "one"]);
  file.append("three");
  file.close();
  expect(readFileSync(path, "utf8")).toBe("one\nthree\n");
});
