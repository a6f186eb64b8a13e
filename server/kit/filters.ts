import type { Filter, Tag } from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";

type Scalar = string | number | boolean | Date | undefined;
export type FilterValue = Scalar | readonly Scalar[];

/** What each filter compares, by its documented name. */
export type Filters<View, R = unknown> = Readonly<Record<string, (view: View, row: R) => FilterValue>>;

/** Limits as documented: at most 50 filters a call, 200 values a filter. */
const MAX_FILTERS = 50;
const MAX_VALUES = 200;

const text = (value: Scalar): string | undefined =>
  value === undefined ? undefined : value instanceof Date ? value.toISOString() : String(value);

/** Whether `pattern` is without `*`, `?` and escapes, so that comparing is enough. */
export const isLiteral = (pattern: string): boolean => !/[*?\\]/.test(pattern);

/**
 * Whether `value` matches `pattern`: `*` is any number of characters, `?` one, and a backslash takes the next
 * character as it is. Time is at most the product of the lengths, whatever a caller writes.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html
 */
export function matches(pattern: string, value: string): boolean {
  let at = 0;
  let from = 0;
  let star = -1;
  let resume = 0;
  while (at < value.length) {
    const escaped = pattern[from] === "\\" && from + 1 < pattern.length;
    const wanted = escaped ? pattern[from + 1] : pattern[from];
    if (!escaped && wanted === "*") {
      star = from++;
      resume = at;
    } else if (wanted !== undefined && ((!escaped && wanted === "?") || wanted === value[at])) {
      from += escaped ? 2 : 1;
      at++;
    } else if (star >= 0) {
      from = star + 1;
      at = ++resume;
    } else {
      return false;
    }
  }
  while (pattern[from] === "*") from++;
  return from === pattern.length;
}

/** Most views have their tags as `Tags`, network interfaces as `TagSet`; what DescribeTags shows is a tag itself. */
const tagsOf = (view: { Tags?: Tag[]; TagSet?: Tag[]; Key?: string; Value?: string }): readonly Tag[] =>
  view.Tags ?? view.TagSet ?? (view.Key === undefined ? [] : [view]);

/** `tag:KEY` and `tag-key`, which every resource that has tags is found by. */
function tagFilter(name: string): ((view: object) => FilterValue) | undefined {
  if (name === "tag-key") return (view) => tagsOf(view).map(({ Key }) => Key);
  if (!name.startsWith("tag:")) return undefined;
  const key = name.slice("tag:".length);
  return (view) => tagsOf(view).find(({ Key }) => Key === key)?.Value;
}

/**
 * The test that a call's filters make: all of them must hold, each for one of its values.
 *
 * @param tagged whether what is filtered can have tags
 * @throws {ApiError} InvalidParameterValue for a filter that the resource does not have
 */
export function compileFilters<View extends object, R>(
  filters: Filters<View, R>,
  asked: readonly Filter[] | undefined,
  tagged = true,
): ((view: View, row: R) => boolean) | undefined {
  if (!asked || asked.length === 0) return undefined;
  if (asked.length > MAX_FILTERS) {
    throw new ApiError("FilterLimitExceeded", `The maximum number of filters is ${MAX_FILTERS}`);
  }
  // EC2 speaks of what has no name as Java does.
  const tests = asked.map(({ Name: name = "null", Values: values = [] }) => {
    const read = Object.hasOwn(filters, name) ? filters[name] : tagged ? tagFilter(name) : undefined;
    if (!read) throw new ApiError("InvalidParameterValue", `The filter '${name}' is invalid`);
    if (values.length > MAX_VALUES) {
      throw new ApiError(
        "FilterLimitExceeded",
        `The maximum number of filter values specified on a single call is ${MAX_VALUES}`,
      );
    }
    const literals = new Set(values.filter(isLiteral));
    const patterns = values.filter((value) => !isLiteral(value));
    const one = (value: Scalar): boolean => {
      const actual = text(value);
      return (
        actual !== undefined && (literals.has(actual) || patterns.some((pattern) => matches(pattern, actual)))
      );
    };
    return (view: View, row: R): boolean => {
      const value = read(view, row);
      return Array.isArray(value) ? (value as readonly Scalar[]).some(one) : one(value as Scalar);
    };
  });
  return (view, row) => tests.every((test) => test(view, row));
}
