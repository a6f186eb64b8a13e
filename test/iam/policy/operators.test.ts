import { describe, expect, test } from "vitest";
import { compileCondition, isValueOf, readOperator } from "../../../server/iam/policy/operators.ts";

const holds = (operator: string, wanted: string | string[], actual?: string | string[]): boolean =>
  compileCondition(
    operator,
    "aws:Key",
    typeof wanted === "string" ? [wanted] : wanted,
    true,
  )(new Map(actual === undefined ? [] : [["aws:key", actual]]));

/** @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html */
test.each([
  ["StringEquals", "red", "red", "Red"],
  ["StringEquals", "r*", "r*", "red"],
  ["StringNotEquals", "red", "Red", "red"],
  ["StringEqualsIgnoreCase", "red", "RED", "blue"],
  ["StringNotEqualsIgnoreCase", "red", "blue", "RED"],
  ["StringLike", "r?d*", "redder", "read"],
  ["StringNotLike", "r?d*", "read", "redder"],
  ["NumericEquals", "10", "10.0", "11"],
  ["NumericNotEquals", "10", "11", "1e1"],
  ["NumericLessThan", "10", "9", "10"],
  ["NumericLessThanEquals", "10", "10", "10.5"],
  ["NumericGreaterThan", "10", "11", "10"],
  ["NumericGreaterThanEquals", "10", "10", "ten"],
  ["DateEquals", "2024-01-01T00:00:00Z", "2024-01-01T01:00:00+01:00", "2024-01-02T00:00:00Z"],
  ["DateNotEquals", "2024-01-01", "2024-01-02", "2024-01-01T00:00:00Z"],
  ["DateLessThan", "2024-01-01", "2023-12-31T23:59:59Z", "2024-01-01T00:00:00Z"],
  ["DateLessThanEquals", "1704067200", "2024-01-01T00:00:00Z", "2024-01-01T00:00:01Z"],
  ["DateGreaterThan", "2024-01", "2024-02-01", "2024-01-01"],
  ["DateGreaterThanEquals", "2024", "1704067200", "yesterday"],
  ["Bool", "true", "True", "false"],
  ["BinaryEquals", "AAEC", "AAEC", "AAED"],
  ["IpAddress", "203.0.113.0/24", "203.0.113.7", "203.0.114.7"],
  ["IpAddress", "203.0.113.7", "203.0.113.7", "203.0.113.8"],
  ["IpAddress", "2001:db8::/32", "2001:db8::1", "2001:db9::1"],
  ["NotIpAddress", "203.0.113.0/24", "198.51.100.1", "203.0.113.0"],
  ["ArnEquals", "arn:aws:sns:*:1:t-*", "arn:aws:sns:eu-west-1:1:t-x:y", "arn:aws:sns:a:b:1:t-x"],
  ["ArnLike", "*", "arn:aws:sns:eu-west-1:1:t", undefined],
  ["ArnLike", "arn:aws:iam::1:role/*", "arn:aws:iam::1:role/a/b", "role/a"],
  ["ArnNotEquals", "arn:aws:iam::1:role/a", "arn:aws:iam::1:role/b", "arn:aws:iam::1:role/a"],
  ["ArnNotLike", "arn:aws:iam::1:role/*", "arn:aws:iam::2:role/b", "arn:aws:iam::1:role/a"],
])("%s %s holds for %s, not for %s", (operator, wanted, yes, no) => {
  expect(holds(operator, wanted, yes)).toBe(true);
  expect(holds(operator, wanted, no)).toBe(false);
  expect(readOperator(operator)).toBeDefined();
});

describe("keys that are not there", () => {
  test.each([
    ["StringEquals", false],
    ["StringNotEquals", true],
    ["StringEqualsIfExists", true],
    ["StringNotEqualsIfExists", true],
    ["NumericLessThan", false],
    ["NumericLessThanIfExists", true],
    ["NotIpAddress", true],
    ["ForAllValues:StringEquals", true],
    ["ForAllValues:StringNotEquals", true],
    ["ForAnyValue:StringEquals", false],
    ["ForAnyValue:StringNotEquals", false],
    ["ForAnyValue:StringEqualsIfExists", true],
  ])("make %s %s", (operator, expected) => {
    const wanted = operator.includes("Ip") ? "10.0.0.0/8" : "1";
    expect(holds(operator, wanted)).toBe(expected);
    expect(holds(operator, wanted, [])).toBe(expected);
  });

  test("are what Null asks for", () => {
    expect(holds("Null", "true")).toBe(true);
    expect(holds("Null", "false")).toBe(false);
    expect(holds("Null", "true", "x")).toBe(false);
    expect(holds("Null", "false", "")).toBe(false);
    expect(holds("Null", "false", ["x"])).toBe(true);
    expect(holds("Null", ["true", "false"], "x")).toBe(true);
  });
});

test.each([
  ["StringEquals", ["a", "b"], true],
  ["StringEquals", ["b"], false],
  ["StringNotEquals", ["a", "b"], false],
  ["StringNotEquals", ["b"], true],
  ["ForAllValues:StringEquals", ["a", "c"], true],
  ["ForAllValues:StringEquals", ["a", "b"], false],
  ["ForAllValues:StringNotEquals", ["b", "d"], true],
  ["ForAllValues:StringNotEquals", ["a", "b"], false],
  ["ForAnyValue:StringEquals", ["a", "b"], true],
  ["ForAnyValue:StringEquals", ["b"], false],
  ["ForAnyValue:StringNotEquals", ["a", "b"], true],
  ["ForAnyValue:StringNotEquals", ["a", "c"], false],
])("%s of a or c, for %j: %s", (operator, actual, expected) => {
  expect(holds(operator, ["a", "c"], actual)).toBe(expected);
});

test("what is no operator, and no value of one", () => {
  for (const name of [
    "StringEqual",
    "stringequals",
    "NullIfExists",
    "ForAllValues:Null",
    "Not",
    "",
    "__proto__",
  ]) {
    expect(readOperator(name), name).toBeUndefined();
    expect(isValueOf(name, "true")).toBe(false);
  }
  for (const [operator, value] of [
    ["NumericEquals", "ten"],
    ["DateLessThan", "tomorrow"],
    ["IpAddress", "10.0.0.0/33"],
    ["BinaryEquals", "?"],
    ["Null", "maybe"],
  ] as const) {
    expect(isValueOf(operator, value), operator).toBe(false);
  }
});
