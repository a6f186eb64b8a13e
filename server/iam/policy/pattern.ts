import type { Keys } from "./keys.ts";

/** Whether a text matches, in a request whose keys the pattern's variables stand for. */
export type Matcher = (text: string, keys: Keys) => boolean;

export interface PatternForm {
  /** Whether `*` and `?` stand for other characters. */
  readonly wildcards: boolean;
  /** Whether `${aws:username}` stands for the value of the key: in policies of version 2012-10-17. */
  readonly variables: boolean;
  /** Whether upper and lower case are the same. */
  readonly fold?: boolean;
  /** Whether the parts of an ARN are kept apart: a `*` within a part ends with it, one at its end does not. */
  readonly arn?: boolean;
}

// What a pattern is made of: the code units that it asks for, and, below zero, what stands for others.
const ANY = -1;
const ONE = -2;
/** As ANY and ONE, but for a colon. */
const ANY_WITHIN = -3;
const ONE_WITHIN = -4;

interface Variable {
  /** In lower case. */
  readonly key: string;
  readonly fallback: string | undefined;
}

const COLON = 58;
/** The last part of an ARN has colons of its own. */
const LAST_PART = 5;

/** `${aws:username}`, `${aws:PrincipalTag/team, 'none'}`, `${*}`, `${?}`, `${$}` */
const variableForm = /\$\{\s*(?:([*?$])|([^{},\s'][^{},']*?)\s*(?:,\s*'([^']*)')?)\s*\}/y;

function split(pattern: string, { wildcards, variables, arn = false }: PatternForm): (number | Variable)[] {
  const pieces: (number | Variable)[] = [];
  let part = 0;
  for (let at = 0; at < pattern.length; at++) {
    if (variables && pattern[at] === "$") {
      variableForm.lastIndex = at;
      const [whole = "", escaped, key, fallback] = variableForm.exec(pattern) ?? [];
      if (whole !== "") {
        if (escaped !== undefined) pieces.push(escaped.charCodeAt(0));
        else if (key !== undefined) pieces.push({ key: key.toLowerCase(), fallback });
        at += whole.length - 1;
        continue;
      }
    }
    const unit = pattern.charCodeAt(at);
    const next = pattern[at + 1];
    const within = arn && part < LAST_PART;
    if (unit === COLON) part++;
    if (!wildcards || (unit !== 42 && unit !== 63)) pieces.push(unit);
    else if (unit === 63) pieces.push(within ? ONE_WITHIN : ONE);
    else pieces.push(within && next !== undefined && next !== ":" ? ANY_WITHIN : ANY);
  }
  return pieces;
}

/**
 * Whether `text` is what the pieces ask for. Goes back to the last wildcard that can take more: within a part of an ARN
 * to one of that part, and then to the last one that may go beyond its part. An earlier one never needs to take more,
 * as what follows ends the earlier the earlier it begins. So time is a few times the product of the lengths at most,
 * whatever a caller writes.
 */
function isMatch(pieces: readonly number[], text: string): boolean {
  let at = 0;
  let from = 0;
  let wide = -1;
  let wideAt = 0;
  let narrow = -1;
  let narrowAt = 0;
  for (;;) {
    const piece = pieces[from];
    if (piece === undefined && at === text.length) return true;
    if (piece === ANY) {
      wide = from++;
      wideAt = at;
      narrow = -1;
      continue;
    }
    if (piece === ANY_WITHIN) {
      narrow = from++;
      narrowAt = at;
      continue;
    }
    if (at < text.length && piece !== undefined) {
      const unit = text.charCodeAt(at);
      if (piece === unit || piece === ONE || (piece === ONE_WITHIN && unit !== COLON)) {
        from++;
        at++;
        continue;
      }
    }
    if (narrow >= 0 && narrowAt < text.length && text.charCodeAt(narrowAt) !== COLON) {
      at = ++narrowAt;
      from = narrow + 1;
    } else if (wide >= 0 && wideAt < text.length) {
      at = ++wideAt;
      from = wide + 1;
      narrow = -1;
    } else {
      return false;
    }
  }
}

const isNumber = (piece: number | Variable): piece is number => typeof piece === "number";

/** The pieces with the values of the request in place of variables; undefined where one has none, or several. */
function resolve(pieces: readonly (number | Variable)[], keys: Keys, fold: boolean): number[] | undefined {
  const resolved: number[] = [];
  for (const piece of pieces) {
    if (isNumber(piece)) {
      resolved.push(piece);
      continue;
    }
    const value = keys.get(piece.key) ?? piece.fallback;
    // What a value has of wildcards is to be taken as it is.
    if (typeof value !== "string") return undefined;
    const text = fold ? value.toLowerCase() : value;
    for (let at = 0; at < text.length; at++) resolved.push(text.charCodeAt(at));
  }
  return resolved;
}

/**
 * The test that a pattern is. A variable without a value makes it match nothing.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
 */
export function compilePattern(pattern: string, form: PatternForm): Matcher {
  const { fold = false } = form;
  const pieces = split(fold ? pattern.toLowerCase() : pattern, form);
  const matcher = pieces.every(isNumber)
    ? constant(pieces)
    : (text: string, keys: Keys): boolean => {
        const resolved = resolve(pieces, keys, fold);
        return resolved !== undefined && isMatch(resolved, text);
      };
  return fold ? (text, keys) => matcher(text.toLowerCase(), keys) : matcher;
}

/** Without variables: most patterns are a text, or a text and `*`. */
function constant(pieces: readonly number[]): (text: string, keys: Keys) => boolean {
  const wildcard = pieces.findIndex((piece) => piece < 0);
  const literal = wildcard < 0 ? pieces : pieces.slice(0, wildcard);
  const start = literal.map((unit) => String.fromCharCode(unit)).join("");
  if (wildcard < 0) return (text) => text === start;
  if (wildcard === pieces.length - 1 && pieces[wildcard] === ANY) {
    return start === "" ? () => true : (text) => text.startsWith(start);
  }
  const within = longestRun(pieces.slice(wildcard));
  return (text) => text.startsWith(start) && text.includes(within) && isMatch(pieces, text);
}

/** The longest text between wildcards: what does not have it does not match, which is found out much faster. */
function longestRun(pieces: readonly number[]): string {
  let longest = "";
  let run = "";
  for (const piece of pieces) {
    run = piece < 0 ? "" : run + String.fromCharCode(piece);
    if (run.length > longest.length) longest = run;
  }
  return longest;
}

/** The keys that the variables of a pattern stand for, in lower case. */
export const keysIn = (pattern: string): string[] =>
  split(pattern, { wildcards: false, variables: true }).flatMap((piece) =>
    isNumber(piece) ? [] : [piece.key],
  );
