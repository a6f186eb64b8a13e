import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compilePattern, keysIn } from "../../../server/iam/policy/pattern.ts";
import { arnGlob, glob } from "./naive.ts";

const seed = 20_252;
const keys = new Map<string, string | string[]>([
  ["aws:username", "ann*"],
  ["aws:tagkeys", ["a", "b"]],
]);
const none = new Map<string, string>();

const form = { wildcards: true, variables: true };
const matches = (pattern: string, text: string, more = {}): boolean =>
  compilePattern(pattern, { ...form, ...more })(text, keys);

describe("wildcards", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", ":"), maxLength: 12 });
  const pattern = fc.string({ unit: fc.constantFrom("a", "b", ":", "*", "?"), maxLength: 10 });

  test("match what trying everything finds", () => {
    fc.assert(
      fc.property(pattern, text, (wanted, given) => {
        expect(compilePattern(wanted, form)(given, none)).toBe(glob(wanted, given));
      }),
      { seed, numRuns: 3000 },
    );
  });

  test("stay in their part of an ARN, unless they end it", () => {
    fc.assert(
      fc.property(pattern, text, (wanted, given) => {
        expect(compilePattern(wanted, { ...form, arn: true })(given, none)).toBe(arnGlob(wanted, given));
      }),
      { seed, numRuns: 5000 },
    );
    expect(matches("arn:aws:ec2:*", "arn:aws:ec2:us-east-1:1:instance/i-1", { arn: true })).toBe(true);
    expect(matches("arn:aws:e*2:us-east-1:1:x", "arn:aws:e:2:us-east-1:1:x", { arn: true })).toBe(false);
    expect(matches("arn:aws:s3:::b/*/x", "arn:aws:s3:::b/a:b/x", { arn: true })).toBe(true);
  });

  test("take no more time for hostile patterns than their length", () => {
    const stars = `${"*a".repeat(2000)}b`;
    expect(matches(stars, "a".repeat(5000))).toBe(false);
    expect(matches(`arn:${"a*".repeat(1000)}b:c`, `arn:${"a".repeat(3000)}:c`, { arn: true })).toBe(false);
  });
});

describe("variables", () => {
  test("stand for the value as it is, wildcards and all", () => {
    expect(matches("user/${aws:username}", "user/ann*")).toBe(true);
    expect(matches("user/${aws:username}", "user/anna")).toBe(false);
    expect(matches("user/${AWS:UserName}/*", "user/ann*/x")).toBe(true);
  });

  test("have a default, or match nothing", () => {
    expect(matches("${aws:PrincipalTag/team, 'company-wide'}", "company-wide")).toBe(true);
    expect(matches("${aws:username, 'x'}", "x")).toBe(false);
    expect(matches("${aws:PrincipalTag/team}", "")).toBe(false);
    expect(matches("*${aws:PrincipalTag/team}*", "anything")).toBe(false);
    expect(matches("${aws:TagKeys}", "a")).toBe(false);
  });

  test("escape what would mean something", () => {
    expect(matches("a${*}b${?}${$}", "a*b?$")).toBe(true);
    expect(matches("a${*}", "ab")).toBe(false);
  });

  test("are plain text in policies of the first version, and where nothing is a variable", () => {
    expect(matches("${aws:username}", "${aws:username}", { variables: false })).toBe(true);
    expect(matches("${}", "${}")).toBe(true);
    expect(matches("$a", "$a")).toBe(true);
  });

  test("are found by name", () => {
    expect(keysIn("a/${aws:UserName}/${s3:prefix, 'x'}/${*}")).toEqual(["aws:username", "s3:prefix"]);
  });
});

test("case is folded where it is asked for", () => {
  expect(matches("EC2:*", "ec2:RunInstances")).toBe(false);
  expect(matches("EC2:*", "ec2:RunInstances", { fold: true })).toBe(true);
});
