import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

/** The list of rules, where it is at hand: it is no part of the project. */
const LIST = new URL("../../../shared/reference/02-vpc-dataplane-checklist.md", import.meta.url);

const TESTS = ["./checklist.test.ts", "../ec2/networkChecklist.test.ts"];

/** Rules that have their tests, by other names, with what they are about. */
const ELSEWHERE = /^11\./;

/** The rules' numbers: the list's sections, and in each its items in their order. */
function rulesOf(list: string): string[] {
  let section = "";
  let item = 0;
  return list.split("\n").flatMap((line) => {
    const heading = /^## (\d+)\./.exec(line)?.[1];
    if (heading !== undefined) {
      section = heading;
      item = 0;
      return [];
    }
    const isRule = section === "0" ? /^ ?\d+ \S/.test(line) : line.startsWith("- [ ]");
    return isRule ? [`${section}.${++item}`] : [];
  });
}

const named = new Set(
  TESTS.flatMap((file) =>
    [...readFileSync(new URL(file, import.meta.url), "utf8").matchAll(/"(\d+\.\d+) /g)].map(
      ([, rule = ""]) => rule,
    ),
  ),
);

test.skipIf(!existsSync(LIST))("every rule of the list has a test that is named after it", () => {
  const rules = rulesOf(readFileSync(LIST, "utf8"));
  expect(rules.length).toBeGreaterThan(80);
  expect(rules.filter((rule) => !named.has(rule) && !ELSEWHERE.test(rule))).toEqual([]);
});
