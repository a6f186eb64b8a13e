import { invalid } from "./logRequest.ts";

/** Whether a message of a log is what a pattern asks for. */
export type Matcher = (message: string) => boolean;

const MAX_LENGTH = 1024;

/**
 * Compiles a filter pattern: terms of messages (`ERROR "not found" -debug ?a ?b`), or their fields by position
 * (`[version, account, eni, ..., action=REJECT, status]`).
 *
 * @throws {ApiError} InvalidParameterException for one that is not valid, and for what is not there: JSON patterns and
 *   regular expressions
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 */
export function compilePattern(pattern: string): Matcher {
  if (pattern.length > MAX_LENGTH) throw invalid("Invalid filter pattern: it is longer than 1024 characters");
  const text = pattern.trim();
  if (text.startsWith("{")) throw invalid("Filter patterns for JSON are not supported.");
  if (text.startsWith("[")) return matchFields(text);
  return matchTerms(text);
}

const TERM = /([?-]?)(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))(?=\s|$)\s*/y;

function matchTerms(text: string): Matcher {
  const [all, any, none]: [string[], string[], string[]] = [[], [], []];
  TERM.lastIndex = 0;
  for (let at = 0; at < text.length; at = TERM.lastIndex) {
    TERM.lastIndex = at;
    const [found, sign, quoted, word] = TERM.exec(text) ?? [];
    if (found === undefined) throw invalid("Invalid filter pattern");
    if (word?.startsWith("%")) throw invalid("Regular expressions in filter patterns are not supported.");
    if (word !== undefined && !/^\w+$/.test(word)) throw invalid(`Invalid character(s) in term '${word}'`);
    const term = word ?? unquoted(quoted ?? "");
    (sign === "?" ? any : sign === "-" ? none : all).push(term);
  }
  return (message) =>
    all.every((term) => message.includes(term)) &&
    !none.some((term) => message.includes(term)) &&
    // "If you combine '?' with other terms, it is ignored."
    (any.length === 0 || all.length + none.length > 0 || any.some((term) => message.includes(term)));
}

const unquoted = (text: string): string => text.replaceAll(/\\(.)/gs, "$1");

/** One place of a pattern of fields: a field with a condition, or any number of fields. */
type Place = ((field: string) => boolean) | "...";

function matchFields(text: string): Matcher {
  const body = /^\[(.*)\]$/s.exec(text)?.[1];
  if (body === undefined) throw invalid("Invalid filter pattern");
  const places = split(body, ",").map(placeOf);
  if (places.filter((place) => place === "...").length > 1) throw invalid("Invalid filter pattern");
  const gap = places.indexOf("...");
  const [before, after] = gap < 0 ? [places, []] : [places.slice(0, gap), places.slice(gap + 1)];
  const fits = (from: readonly Place[], fields: readonly string[]): boolean =>
    from.every((place, index) => place === "..." || place(fields[index] ?? ""));
  return (message) => {
    const fields = fieldsOf(message);
    if (gap >= 0) {
      if (fields.length < before.length + after.length) return false;
      return fits(before, fields) && fits(after, fields.slice(fields.length - after.length));
    }
    if (fields.length < before.length) return false;
    // The last one stands for all that is left, as `w2` in `[w1=ERROR, w2]`.
    const last = before.length - 1;
    return fits(before, [...fields.slice(0, last), fields.slice(last).join(" ")]);
  };
}

/** Words; what stands in quotes or brackets is one. */
const fieldsOf = (message: string): string[] =>
  Array.from(
    message.matchAll(/"([^"]*)"|\[([^\]]*)\]|\S+/g),
    ([whole, quoted, bracketed]) => quoted ?? bracketed ?? whole,
  );

/** Cuts at a separator that stands outside quotes. */
function split(text: string, separator: string): string[] {
  const parts: string[] = [];
  let [start, isQuoted] = [0, false];
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '"') isQuoted = !isQuoted;
    if (isQuoted || !text.startsWith(separator, at)) continue;
    parts.push(text.slice(start, at));
    start = at + separator.length;
    at = start - 1;
  }
  return [...parts, text.slice(start)].map((part) => part.trim());
}

function placeOf(text: string): Place {
  if (text === "...") return text;
  if (/^\w*$/.test(text)) return () => true;
  const ways = split(text, "||").map((way) => split(way, "&&").map(conditionOf));
  return (field) => ways.some((conditions) => conditions.every((holds) => holds(field)));
}

const CONDITION = /^\w+\s*(=|!=|<=|>=|<|>)\s*(?:"([^"]*)"|([^\s"]+))$/;

function conditionOf(text: string): (field: string) => boolean {
  const [, operator, quoted, word] = CONDITION.exec(text) ?? [];
  if (operator === undefined) throw invalid("Invalid filter pattern");
  if (word?.startsWith("%")) throw invalid("Regular expressions in filter patterns are not supported.");
  const value = quoted ?? word ?? "";
  if (operator === "=" || operator === "!=") {
    const fits = wildcard(value);
    return (field) => fits(field) === (operator === "=");
  }
  const bound = Number(value);
  if (value.trim() === "" || Number.isNaN(bound)) throw invalid("Invalid filter pattern");
  const compare = comparisons[operator as keyof typeof comparisons];
  return (field) => field.trim() !== "" && compare(Number(field), bound);
}

const comparisons = {
  "<": (a: number, b: number) => a < b,
  "<=": (a: number, b: number) => a <= b,
  ">": (a: number, b: number) => a > b,
  ">=": (a: number, b: number) => a >= b,
} as const;

/** `4*`, `*.html*`: an asterisk stands for any text. Looks for each part once, in order. */
function wildcard(value: string): (field: string) => boolean {
  const [first = "", ...rest] = value.split("*");
  const last = rest.pop();
  if (last === undefined) return (field) => field === first;
  return (field) => {
    if (field.length < first.length + last.length) return false;
    if (!field.startsWith(first) || !field.endsWith(last)) return false;
    const end = field.length - last.length;
    let at = first.length;
    for (const part of rest) {
      const found = field.indexOf(part, at);
      if (found < 0 || found + part.length > end) return false;
      at = found + part.length;
    }
    return true;
  };
}
