import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileCedar, type CedarRecord } from "../../server/ec2/cedar.ts";
import { CedarError } from "../../server/ec2/cedarTokens.ts";

const context: CedarRecord = {
  score: 60,
  name: "joe",
  admin: false,
  groups: ["eng", "ops"],
  jamf: { encrypted: true, "os version": "14", nested: { deep: 1 } },
};

/** Whether a policy with this condition permits. */
const holds = (condition: string): boolean =>
  compileCedar(`permit(principal, action, resource) when { ${condition} };`)(context);

const isWrong = (text: string): boolean => {
  try {
    compileCedar(text);
    return false;
  } catch (error) {
    return error instanceof CedarError;
  }
};

describe("what it refuses to parse", () => {
  test("what is no Cedar", () => {
    for (const text of [
      "allow(principal, action, resource);",
      "permit(principal, action, resource)",
      "permit(principal, action);",
      "permit(principal, action, resource) when { };",
      "permit(principal, action, resource) when { true } };",
      "permit(principal, action, resource) where { true };",
      'permit(principal == User::"joe", action, resource);',
      'permit(principal, action, resource) when { ip("10.0.0.1").isLoopback() };',
      "permit(principal, action, resource) when { principal.admin };",
      "permit(principal, action, resource) when { context. };",
      "permit(principal, action, resource) when { 1 < 2 < 3 };",
      "permit(principal, action, resource) when { context.name like name };",
      "permit(principal, action, resource) when { context.a.toString() };",
      'permit(principal, action, resource) when { context["a" };',
      "permit(principal, action, resource) when { [1, 2 };",
      "permit(principal, action, resource) when { {a 1} };",
      'permit(principal, action, resource) when { "\\q" == "" };',
      'permit(principal, action, resource) when { "\\\r" == "" };',
      'permit(principal, action, resource) when { "" like "*\\q" };',
      "permit(principal, action, resource) when { 12345678901234567890 > 1 };",
      "permit(principal, action, resource) when { # };",
      "@id(1) permit(principal, action, resource);",
    ]) {
      expect(isWrong(text), text).toBe(true);
    }
  });

  test("what is nested more deeply than anybody writes", () => {
    const deep = (open: string, close = "") => `${open.repeat(5000)}true${close.repeat(5000)}`;
    for (const condition of [deep("(", ")"), deep("!"), deep("["), deep("if true then true else ")]) {
      expect(isWrong(`permit(principal, action, resource) when { ${condition} };`)).toBe(true);
    }
    for (const link of [" + 1", " * 1", ".a"]) {
      expect(isWrong(`permit(principal, action, resource) when { 1${link.repeat(5000)} };`)).toBe(true);
    }
  });

  test("whatever comes in, it is Cedar or is said not to be", () => {
    const words = [
      "permit",
      "forbid",
      "(principal, action, resource)",
      "when",
      "{",
      "}",
      ";",
      "context",
      ".",
      "a",
    ];
    const more = [
      "has",
      "like",
      '"x*"',
      "1",
      "==",
      "[",
      "]",
      ",",
      "if",
      "then",
      "else",
      "!",
      "-",
      "@",
      "//",
      "\n",
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...words, ...more), { maxLength: 20 }), (parts) => {
        const allowed = ((): boolean | undefined => {
          try {
            return compileCedar(parts.join(" "))(context);
          } catch (error) {
            if (error instanceof CedarError) return undefined;
            throw error;
          }
        })();
        expect([true, false, undefined]).toContain(allowed);
      }),
      { seed: 3, numRuns: 500 },
    );
  });
});

describe("what it does", () => {
  test("goes along the longest chains of the deepest nesting", () => {
    let sum = "1";
    for (let depth = 0; depth < 90; depth++) sum = `(${sum}${" * 1".repeat(99)}${" - 1".repeat(99)})`;
    expect(holds(`${sum} == ${1 - 90 * 99}`)).toBe(true);
  });

  test("compares sets in sets in sets", () => {
    const nested = (innermost: string) => `${"[".repeat(90)}${innermost}${"]".repeat(90)}`;
    expect(holds(`${nested("1")} == ${nested("1, 1")} && ${nested("1")} != ${nested("2")}`)).toBe(true);
  });

  test("permits what one policy permits, and none forbids", () => {
    expect(compileCedar("")(context)).toBe(false);
    const permit = "permit(principal, action, resource);";
    expect(compileCedar(permit)(context)).toBe(true);
    const forbid = "forbid(principal, action, resource) when { context.score < 50 };";
    expect(compileCedar(`${permit} ${forbid}`)(context)).toBe(true);
    expect(compileCedar(`${permit} ${forbid}`)({ score: 40 })).toBe(false);
    const noted = `@id("one") // the first\n${permit}`;
    expect(compileCedar(noted)(context)).toBe(true);
    const unless = "permit(principal, action, resource) when { true } unless { context.admin };";
    expect(compileCedar(unless)(context)).toBe(true);
    expect(compileCedar(unless)({ admin: true })).toBe(false);
  });

  test.each([
    "context.score > 50 && context.score >= 60",
    "context.score < 61 && context.score <= 60 && context.score != 61",
    "context.score + 1 == 61 && context.score - 1 == 59 && 2 * 3 == 6 && -(1) == -1",
    'context.name == "joe" || context.missing',
    "!context.admin && !!true",
    'context.groups.contains("eng") && !context.groups.contains("sales")',
    'context.groups.containsAll(["ops", "eng"]) && context.groups.containsAny(["sales", "ops"])',
    "[].isEmpty() && !context.groups.isEmpty()",
    'context.groups == ["ops", "eng", "eng"]',
    '{a: 1, "b": [2]} == {b: [2, 2], a: 1} && {a: 1} != {a: 1, b: 2} && {a: 1} != {b: 1}',
    'context has jamf && context has "jamf" && context has jamf.nested.deep && !(context has jamf.other.deep)',
    'context.jamf["os version"] == "14"',
    'context.name like "j*" && context.name like "*o*" && context.name like "joe" && !(context.name like "j")',
    String.raw`"a*b" like "a\*b" && !("axb" like "a\*b") && "a\"b\u{41}" == "a\"bA"`,
    String.raw`"\\*" != "*" && "a\\b" like "a\\*" && !("a*" like "a\\*") && "\n*" like "*\*"`,
    '[[1, 2], [2, 1]] == [[1, 2]] && {a: [1]} != {a: ["1"]} && [{a: 1, b: 2}].contains({b: 2, a: 1})',
    '"abcabc" like "a*c*c" && !("ac" like "a*c*c") && !("abc" like "abc*c")',
    "if context.admin then false else true",
    '1 != "1" && (true || 1)',
  ])("%s", (condition) => expect(holds(condition)).toBe(true));

  test.each([
    "context.missing == 1",
    "context.score.deep",
    'context.score < "61"',
    "context.score",
    "context.name > 1",
    "1 + true == 2",
    "context.name.contains(1)",
    "context.score has deep",
    "context.toString == 1",
    '1 like "1"',
    "9007199254740991 + 1 > 0",
  ])("a policy whose condition makes no sense does not apply: %s", (condition) => {
    expect(holds(condition)).toBe(false);
  });
});
