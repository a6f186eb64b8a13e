import { CedarError, piecesOf, textOf, tokensOf, type Token } from "./cedarTokens.ts";

/** What expressions are about, and what they come to: sets are lists in which order and repetition mean nothing. */
export type CedarValue = boolean | number | string | readonly CedarValue[] | CedarRecord;

export interface CedarRecord {
  readonly [attribute: string]: CedarValue;
}

type Expression = (context: CedarRecord) => CedarValue;

/** What becomes of a value by one more link of a chain. */
type Link = (value: CedarValue, context: CedarRecord) => CedarValue;

interface Policy {
  readonly effect: "forbid" | "permit";
  readonly applies: Expression;
}

/** As deep as expressions may be nested, and as long as chains of links may be. */
const DEEPEST = 100;

const isSet = (value: CedarValue): value is readonly CedarValue[] => Array.isArray(value);

const isRecord = (value: CedarValue): value is CedarRecord => typeof value === "object" && !isSet(value);

function fail(what: string): never {
  throw new CedarError(what);
}

function checkDepth(depth: number): void {
  if (depth > DEEPEST) fail("nested too deeply");
}

const truth = (value: CedarValue): boolean =>
  typeof value === "boolean" ? value : fail("not a truth value");
const long = (value: CedarValue): number =>
  Number.isSafeInteger(value) ? (value as number) : fail("not a long");
const set = (value: CedarValue): readonly CedarValue[] => (isSet(value) ? value : fail("not a set"));

/**
 * One text for all values that are equal. Sets that are compared member by member, both ways, take time that doubles with
 * each set within a set.
 */
function keyOf(value: CedarValue): string {
  if (isSet(value)) return `[${[...keysOf(value)].toSorted().join()}]`;
  if (!isRecord(value)) return JSON.stringify(value);
  const members = Object.entries(value).map(([name, each]) => `${JSON.stringify(name)}:${keyOf(each)}`);
  return `{${members.toSorted().join()}}`;
}

const keysOf = (value: CedarValue): ReadonlySet<string> => new Set(set(value).map(keyOf));

/** Of a record that comes from outside, only what is its own. */
const attribute = (record: CedarRecord, name: string): CedarValue | undefined =>
  Object.hasOwn(record, name) ? record[name] : undefined;

function get(value: CedarValue, name: string): CedarValue {
  const found = isRecord(value) ? attribute(value, name) : undefined;
  return found ?? fail(`no attribute ${name}`);
}

/** Whether a text is these pieces, with any text between two of them. */
function like(text: string, pieces: readonly string[]): boolean {
  const [first = "", ...others] = pieces;
  const last = others.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last))
    return false;
  let at = first.length;
  const end = text.length - last.length;
  for (const piece of others) {
    const found = text.indexOf(piece, at);
    if (found < 0 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}

const METHODS: Readonly<Record<string, (of: ReadonlySet<string>, given: CedarValue) => boolean>> = {
  contains: (of, given) => of.has(keyOf(given)),
  containsAll: (of, given) => [...keysOf(given)].every((key) => of.has(key)),
  containsAny: (of, given) => [...keysOf(given)].some((key) => of.has(key)),
};

const RELATIONS: Readonly<Record<string, (a: CedarValue, b: CedarValue) => boolean>> = {
  "==": (a, b) => keyOf(a) === keyOf(b),
  "!=": (a, b) => keyOf(a) !== keyOf(b),
  "<": (a, b) => long(a) < long(b),
  "<=": (a, b) => long(a) <= long(b),
  ">": (a, b) => long(a) > long(b),
  ">=": (a, b) => long(a) >= long(b),
};

/** A chain of sums, products or attributes, which is gone along in a loop: how long it is, is not how deep the stack gets. */
function chain(first: Expression, links: readonly Link[]): Expression {
  if (links.length === 0) return first;
  return (context) => {
    let value = first(context);
    for (const link of links) value = link(value, context);
    return value;
  };
}

/** Reads policies, by the grammar of Cedar. @see https://docs.cedarpolicy.com/policies/syntax-grammar.html */
class Reader {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#tokens = tokensOf(text);
  }

  policies(): Policy[] {
    const policies: Policy[] = [];
    while (this.#next.kind !== "end") policies.push(this.#policy());
    return policies;
  }

  get #next(): Token {
    return this.#tokens[this.#at] ?? { kind: "end", text: "" };
  }

  #take(): Token {
    const token = this.#next;
    this.#at++;
    return token;
  }

  /** Whether a name or symbol comes next, which is taken then. */
  #takes(text: string): boolean {
    const { kind, text: found } = this.#next;
    const isIt = (kind === "name" || kind === "symbol") && found === text;
    if (isIt) this.#at++;
    return isIt;
  }

  #expect(...texts: readonly string[]): void {
    for (const text of texts) if (!this.#takes(text)) fail(`${text} expected, not ${this.#next.text}`);
  }

  #string(): string {
    const { kind, text } = this.#take();
    return kind === "string" ? textOf(text) : fail(`a string expected, not ${text}`);
  }

  #name(): string {
    const { kind, text } = this.#take();
    return kind === "name" ? text : fail(`a name expected, not ${text}`);
  }

  #policy(): Policy {
    while (this.#takes("@")) {
      this.#name();
      if (this.#takes("(")) {
        this.#string();
        this.#expect(")");
      }
    }
    const effect = this.#takes("permit") ? "permit" : "forbid";
    if (effect === "forbid") this.#expect("forbid");
    // There are no entities that a scope could name.
    this.#expect("(", "principal", ",", "action", ",", "resource", ")");
    const conditions: Expression[] = [];
    while (!this.#takes(";")) {
      const wanted = this.#takes("when");
      if (!wanted) this.#expect("unless");
      this.#expect("{");
      const condition = this.#expression();
      this.#expect("}");
      conditions.push((context) => truth(condition(context)) === wanted);
    }
    return { effect, applies: (context) => conditions.every((condition) => condition(context)) };
  }

  #expression(): Expression {
    checkDepth(++this.#depth);
    const expression = this.#takes("if") ? this.#choice() : this.#or();
    this.#depth--;
    return expression;
  }

  #choice(): Expression {
    const condition = this.#expression();
    this.#expect("then");
    const then = this.#expression();
    this.#expect("else");
    const otherwise = this.#expression();
    return (context) => (truth(condition(context)) ? then : otherwise)(context);
  }

  #or(): Expression {
    const terms = [this.#and()];
    while (this.#takes("||")) terms.push(this.#and());
    const [only] = terms;
    return only && terms.length === 1 ? only : (context) => terms.some((term) => truth(term(context)));
  }

  #and(): Expression {
    const terms = [this.#relation()];
    while (this.#takes("&&")) terms.push(this.#relation());
    const [only] = terms;
    return only && terms.length === 1 ? only : (context) => terms.every((term) => truth(term(context)));
  }

  #relation(): Expression {
    const left = this.#sum();
    const compare = this.#next.kind === "symbol" ? RELATIONS[this.#next.text] : undefined;
    if (compare) {
      this.#take();
      const right = this.#sum();
      return (context) => compare(left(context), right(context));
    }
    if (this.#takes("has")) return this.#has(left);
    if (!this.#takes("like")) return left;
    const { kind, text: pattern } = this.#take();
    const pieces = kind === "string" ? piecesOf(pattern) : fail("a pattern expected");
    return (context) => {
      const value = left(context);
      return typeof value === "string" ? like(value, pieces) : fail("not a string");
    };
  }

  /** `has a.b` is `has a && .a has b`. */
  #has(of: Expression): Expression {
    const names = [this.#next.kind === "string" ? this.#string() : this.#name()];
    while (this.#takes(".")) names.push(this.#name());
    return (context) => {
      let value: CedarValue | undefined = of(context);
      for (const name of names) {
        if (!isRecord(value)) return fail("not a record");
        value = attribute(value, name);
        if (value === undefined) return false;
      }
      return true;
    };
  }

  #sum(): Expression {
    const first = this.#product();
    const links: Link[] = [];
    for (;;) {
      checkDepth(links.length);
      const isPlus = this.#takes("+");
      if (!isPlus && !this.#takes("-")) return chain(first, links);
      const term = this.#product();
      const sign = isPlus ? 1 : -1;
      links.push((sum, context) => long(long(sum) + sign * long(term(context))));
    }
  }

  #product(): Expression {
    const first = this.#unary();
    const links: Link[] = [];
    while (this.#takes("*")) {
      checkDepth(links.length);
      const factor = this.#unary();
      links.push((product, context) => long(long(product) * long(factor(context))));
    }
    return chain(first, links);
  }

  #unary(): Expression {
    if (this.#takes("!")) {
      const of = this.#nested();
      return (context) => !truth(of(context));
    }
    if (this.#takes("-")) {
      const of = this.#nested();
      return (context) => -long(of(context));
    }
    return this.#member();
  }

  #nested(): Expression {
    checkDepth(++this.#depth);
    const of = this.#unary();
    this.#depth--;
    return of;
  }

  #member(): Expression {
    const first = this.#primary();
    const links: Link[] = [];
    for (;;) {
      checkDepth(links.length);
      if (this.#takes("[")) {
        const name = this.#string();
        this.#expect("]");
        links.push((of) => get(of, name));
      } else if (this.#takes(".")) {
        const name = this.#name();
        links.push(this.#takes("(") ? this.#call(name) : (of) => get(of, name));
      } else {
        return chain(first, links);
      }
    }
  }

  #call(name: string): Link {
    if (name === "isEmpty") {
      this.#expect(")");
      return (of) => set(of).length === 0;
    }
    const method = Object.hasOwn(METHODS, name) ? METHODS[name] : undefined;
    if (!method) return fail(`unknown method ${name}`);
    const given = this.#expression();
    this.#expect(")");
    return (of, context) => method(keysOf(of), given(context));
  }

  #primary(): Expression {
    const { kind, text } = this.#next;
    if (kind === "string") {
      const value = this.#string();
      return () => value;
    }
    this.#take();
    if (kind === "number") {
      const value = long(Number(text));
      return () => value;
    }
    switch (text) {
      case "true":
      case "false":
        return () => text === "true";
      case "context":
        return (context) => context;
      case "(": {
        const inner = this.#expression();
        this.#expect(")");
        return inner;
      }
      case "[": {
        const members = this.#list("]", () => this.#expression());
        return (context) => members.map((member) => member(context));
      }
      case "{": {
        const members = this.#list("}", () => this.#attribute());
        return (context) => Object.fromEntries(members.map(([name, value]) => [name, value(context)]));
      }
      default:
        return fail(`unexpected ${text}`);
    }
  }

  #attribute(): readonly [string, Expression] {
    const name = this.#next.kind === "string" ? this.#string() : this.#name();
    this.#expect(":");
    return [name, this.#expression()];
  }

  #list<T>(end: string, read: () => T): T[] {
    const members: T[] = [];
    while (!this.#takes(end)) {
      if (members.length > 0) this.#expect(",");
      members.push(read());
    }
    return members;
  }
}

/** A policy whose condition makes no sense in a context does not apply. */
function applies({ applies: condition }: Policy, context: CedarRecord): boolean {
  try {
    return truth(condition(context));
  } catch (error) {
    if (error instanceof CedarError) return false;
    throw error;
  }
}

/**
 * Policies in Cedar, of which something is allowed that one permits and none forbids. Of the language, entities and
 * extension types (IP addresses, decimals, times) are left out.
 *
 * @throws {CedarError} for a text that is none
 */
export function compileCedar(text: string): (context: CedarRecord) => boolean {
  const policies = new Reader(text).policies();
  const permits = policies.filter(({ effect }) => effect === "permit");
  const forbids = policies.filter(({ effect }) => effect === "forbid");
  return (context) =>
    permits.some((policy) => applies(policy, context)) && !forbids.some((policy) => applies(policy, context));
}
