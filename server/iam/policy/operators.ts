import { contains, parseAddress, parsePrefix } from "../../../network/cidr.ts";
import type { Keys } from "./keys.ts";
import { compilePattern, type Matcher } from "./pattern.ts";

/** How one value of a policy is compared with one of a request. */
interface Comparison {
  /** Whether the operator holds where the comparison does not: `StringNotEquals`. */
  readonly negated: boolean;
  /** @param variables whether the value may have variables in it */
  readonly compile: (value: string, variables: boolean) => Matcher;
  /** Whether the value is one that something can be compared with. */
  readonly takes: (value: string) => boolean;
}

export interface Operator {
  /** Undefined for `Null`, which asks only whether a key is there. */
  readonly comparison: Comparison | undefined;
  /** For keys with several values. */
  readonly set: "all" | "any" | undefined;
  readonly ifExists: boolean;
}

const always = (): boolean => true;

const text = (fold: boolean, wildcards: boolean, negated = false): Comparison => ({
  negated,
  compile: (value, variables) => compilePattern(value, { wildcards, variables, fold }),
  takes: always,
});

type Order = (actual: number, wanted: number) => boolean;
const equal: Order = (actual, wanted) => actual === wanted;

/** @param read undefined for what is no such value */
const ordered = (read: (value: string) => number | undefined, order: Order, negated = false): Comparison => ({
  negated,
  compile: (value) => {
    const wanted = read(value);
    return (given) => {
      const actual = read(given);
      return actual !== undefined && wanted !== undefined && order(actual, wanted);
    };
  },
  takes: (value) => read(value) !== undefined,
});

const readNumber = (value: string): number | undefined =>
  /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*$/.test(value) ? Number(value) : undefined;

const ISO_DATE = /^\d{4}(?:-\d{2}(?:-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?)?)?$/;

/** Milliseconds since the epoch, of a W3C date or of seconds. */
function readDate(value: string): number | undefined {
  // Four digits are a year.
  if (/^\d{5,}$/.test(value)) return Number(value) * 1000;
  if (!ISO_DATE.test(value)) return undefined;
  const zoned = value.includes("T") && !/(?:Z|[+-]\d{2}:?\d{2})$/.test(value) ? `${value}Z` : value;
  const time = Date.parse(zoned.replace(/([+-]\d{2})(\d{2})$/, "$1:$2"));
  return Number.isNaN(time) ? undefined : time;
}

const ip = (negated: boolean): Comparison => ({
  negated,
  compile: (value) => {
    const wanted = parsePrefix(value) ?? parseAddress(value);
    return (given) => {
      const actual = parseAddress(given) ?? parsePrefix(given);
      if (!wanted || !actual) return false;
      if ("base" in wanted) return contains(wanted, actual);
      return !("base" in actual) && wanted.version === actual.version && wanted.value === actual.value;
    };
  },
  takes: (value) => (parsePrefix(value) ?? parseAddress(value)) !== undefined,
});

const ARN_PARTS = 6;

/** The parts of an ARN, the last with its colons; colons in variables do not count. */
function partsOf(arn: string): string[] {
  const parts = [""];
  let depth = 0;
  for (const character of arn) {
    if (character === "{") depth++;
    if (character === "}") depth--;
    if (character === ":" && depth <= 0 && parts.length < ARN_PARTS) parts.push("");
    else parts[parts.length - 1] += character;
  }
  return parts;
}

/** Part by part, with wildcards in each, whether it is called Like or Equals. */
const arn = (negated: boolean): Comparison => ({
  negated,
  compile: (value, variables) => {
    if (value === "*") return always;
    const wanted = partsOf(value).map((part) => compilePattern(part, { wildcards: true, variables }));
    return (given, keys) => {
      const actual = given.split(":");
      if (wanted.length !== ARN_PARTS || actual.length < ARN_PARTS) return false;
      const parts = [...actual.slice(0, ARN_PARTS - 1), actual.slice(ARN_PARTS - 1).join(":")];
      return wanted.every((matches, i) => matches(parts[i] ?? "", keys));
    };
  },
  takes: always,
});

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const less: Order = (actual, wanted) => actual < wanted;
const atMost: Order = (actual, wanted) => actual <= wanted;
const more: Order = (actual, wanted) => actual > wanted;
const atLeast: Order = (actual, wanted) => actual >= wanted;

/** @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html */
const comparisons: ReadonlyMap<string, Comparison> = new Map([
  ["StringEquals", text(false, false)],
  ["StringNotEquals", text(false, false, true)],
  ["StringEqualsIgnoreCase", text(true, false)],
  ["StringNotEqualsIgnoreCase", text(true, false, true)],
  ["StringLike", text(false, true)],
  ["StringNotLike", text(false, true, true)],
  ["NumericEquals", ordered(readNumber, equal)],
  ["NumericNotEquals", ordered(readNumber, equal, true)],
  ["NumericLessThan", ordered(readNumber, less)],
  ["NumericLessThanEquals", ordered(readNumber, atMost)],
  ["NumericGreaterThan", ordered(readNumber, more)],
  ["NumericGreaterThanEquals", ordered(readNumber, atLeast)],
  ["DateEquals", ordered(readDate, equal)],
  ["DateNotEquals", ordered(readDate, equal, true)],
  ["DateLessThan", ordered(readDate, less)],
  ["DateLessThanEquals", ordered(readDate, atMost)],
  ["DateGreaterThan", ordered(readDate, more)],
  ["DateGreaterThanEquals", ordered(readDate, atLeast)],
  ["Bool", text(true, false)],
  [
    "BinaryEquals",
    {
      negated: false,
      compile: (value) => (given) => given === value,
      takes: (value) => BASE64.test(value),
    },
  ],
  ["IpAddress", ip(false)],
  ["NotIpAddress", ip(true)],
  ["ArnEquals", arn(false)],
  ["ArnLike", arn(false)],
  ["ArnNotEquals", arn(true)],
  ["ArnNotLike", arn(true)],
]);

const operatorForm = /^(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?$/;

/** What an operator's name says; undefined if there is none of that name. */
export function readOperator(name: string): Operator | undefined {
  const [, prefix, base = "", suffix] = operatorForm.exec(name) ?? [];
  const ifExists = suffix !== undefined;
  const set = prefix === undefined ? undefined : prefix === "ForAllValues" ? "all" : "any";
  if (base === "Null") return ifExists || set ? undefined : { comparison: undefined, set, ifExists };
  const comparison = comparisons.get(base);
  return comparison && { comparison, set, ifExists };
}

/** Whether a value can be compared by an operator: `NumericEquals` takes no word. */
export function isValueOf(operator: string, value: string): boolean {
  const known = readOperator(operator);
  if (!known) return false;
  return known.comparison ? known.comparison.takes(value) : /^(?:true|false)$/i.test(value);
}

/**
 * The test that one line of a Condition is: the operator must hold for one of the values.
 *
 * @param key in any case
 * @param variables whether values may have variables in them
 */
export function compileCondition(
  operator: string,
  key: string,
  values: readonly string[],
  variables: boolean,
): (keys: Keys) => boolean {
  const { comparison, set, ifExists } = readOperator(operator) ?? {};
  const name = key.toLowerCase();
  if (!comparison) {
    const wanted = new Set(values.map((value) => value.toLowerCase() === "true"));
    return (keys) => {
      const value = keys.get(name);
      return wanted.has(value === undefined || value.length === 0);
    };
  }
  const { negated } = comparison;
  const matchers = values.map((value) => comparison.compile(value, variables));
  const matches = (actual: string, keys: Keys): boolean => matchers.some((each) => each(actual, keys));
  return (keys) => {
    const value = keys.get(name);
    // What is not there is neither equal nor like anything; "all values" of none are whatever they are to be.
    if (value === undefined || (typeof value !== "string" && value.length === 0)) {
      return ifExists === true || set === "all" || (set === undefined && negated);
    }
    if (typeof value === "string") return matches(value, keys) !== negated;
    if (set === "all") return value.every((each) => matches(each, keys) !== negated);
    if (set === "any") return value.some((each) => matches(each, keys) !== negated);
    return value.some((each) => matches(each, keys)) !== negated;
  };
}
