/** A second evaluator, written to be read rather than to be fast, to hold the real one against. */

export interface RawStatement {
  readonly Effect: "Allow" | "Deny";
  readonly Action?: readonly string[];
  readonly NotAction?: readonly string[];
  readonly Resource?: readonly string[];
  readonly NotResource?: readonly string[];
  readonly Principal?: { readonly AWS: readonly string[] };
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}

export type RawPolicy = readonly RawStatement[];

export interface RawRequest {
  readonly action: string;
  readonly resource: string;
  readonly keys: Readonly<Record<string, string | readonly string[]>>;
  readonly principal: { readonly account: string; readonly user: string };
  readonly resourceAccount: string;
}

export interface RawPolicies {
  readonly identity: readonly RawPolicy[];
  readonly boundary?: RawPolicy | undefined;
  readonly session?: RawPolicy | undefined;
  readonly resource?: RawPolicy | undefined;
  readonly endpoint?: RawPolicy | undefined;
}

/** By trying everything; `*` stops at a colon where `stops` says so. */
export function glob(pattern: string, text: string, stops: (at: number) => boolean = () => false): boolean {
  const go = (p: number, t: number): boolean => {
    if (p === pattern.length) return t === text.length;
    if (pattern[p] === "*") {
      for (let end = t; end <= text.length; end++) {
        if (go(p + 1, end)) return true;
        if (stops(p) && text[end] === ":") return false;
      }
      return false;
    }
    if (t === text.length) return false;
    if (pattern[p] === "?") return !(stops(p) && text[t] === ":") && go(p + 1, t + 1);
    return pattern[p] === text[t] && go(p + 1, t + 1);
  };
  return go(0, 0);
}

/** As IAM compares resources: a wildcard that is not the last of its part of an ARN stays in it. */
export const arnGlob = (pattern: string, text: string): boolean =>
  glob(pattern, text, (at) => {
    const part = pattern.slice(0, at).split(":").length - 1;
    if (part >= 5) return false;
    return pattern[at] === "?" || !(at + 1 === pattern.length || pattern[at + 1] === ":");
  });

/** Answers undefined where a variable has no value. */
function fill(pattern: string, keys: RawRequest["keys"]): string | undefined {
  const [, before, name, after] = /^(.*?)\$\{(.*?)\}(.*)$/.exec(pattern) ?? [];
  if (name === undefined) return pattern;
  const value = keys[name];
  return typeof value === "string" ? `${before}${value}${after}` : undefined;
}

function condition(
  operator: string,
  key: string,
  values: readonly string[],
  keys: RawRequest["keys"],
): boolean {
  const found = keys[key];
  const actual = found === undefined ? [] : typeof found === "string" ? [found] : found;
  if (operator === "Null") return values.some((value) => (value === "true") === (actual.length === 0));
  const [, set = "", base = "", exists = ""] =
    /^(ForAllValues:|ForAnyValue:|)(.*?)(IfExists|)$/.exec(operator) ?? [];
  if (actual.length === 0 && exists !== "") return true;
  const negated = base.includes("Not");
  const is = (given: string): boolean =>
    values.some((value) => {
      const wanted = fill(value, keys);
      if (base.startsWith("Numeric")) return Number(given) < Number(value);
      if (wanted === undefined) return false;
      return base.endsWith("Like") ? glob(wanted, given) : given === wanted;
    });
  if (set === "ForAllValues:") return actual.every((given) => is(given) !== negated);
  if (set === "ForAnyValue:") return actual.some((given) => is(given) !== negated);
  return actual.some((given) => is(given)) !== negated;
}

const applies = (statement: RawStatement, { action, resource, keys }: RawRequest): boolean => {
  const acts = (patterns: readonly string[]): boolean =>
    patterns.some((pattern) => glob(pattern.toLowerCase(), action.toLowerCase()));
  const covers = (patterns: readonly string[]): boolean =>
    patterns.some((pattern) => {
      const filled = fill(pattern, keys);
      return filled !== undefined && arnGlob(filled, resource);
    });
  return (
    (statement.Action ? acts(statement.Action) : !acts(statement.NotAction ?? [])) &&
    (statement.Resource ? covers(statement.Resource) : !covers(statement.NotResource ?? [])) &&
    Object.entries(statement.Condition ?? {}).every(([operator, lines]) =>
      Object.entries(lines).every(([key, values]) => condition(operator, key, values, keys)),
    )
  );
};

const names = (statement: RawStatement, entries: readonly string[]): boolean =>
  (statement.Principal?.AWS ?? []).some((entry) => entries.includes(entry));

/** Of a user. */
export function naiveDecision(
  request: RawRequest,
  { identity, boundary, session, resource, endpoint }: RawPolicies,
): "allowed" | "explicitDeny" | "implicitDeny" {
  const { account, user } = request.principal;
  const all = ["*", account, user];
  const own = [...identity.flat(), ...(boundary ?? []), ...(session ?? [])];
  const others = (resource ?? []).filter((statement) => names(statement, all));
  const way = endpoint?.filter((statement) => names(statement, all));
  const denies = [...own, ...others, ...(way ?? [])].filter(({ Effect }) => Effect === "Deny");
  if (denies.some((statement) => applies(statement, request))) return "explicitDeny";

  const allowedBy = (statements: RawPolicy): boolean =>
    statements.some((statement) => statement.Effect === "Allow" && applies(statement, request));
  if (way && !allowedBy(way)) return "implicitDeny";
  const limits = [boundary, session].filter((policy) => policy !== undefined);
  const limited = limits.every(allowedBy);
  if (request.resourceAccount !== account) {
    return allowedBy(others) && allowedBy(identity.flat()) && limited ? "allowed" : "implicitDeny";
  }
  if (allowedBy(others.filter((statement) => names(statement, [user])))) return "allowed";
  const granted =
    allowedBy(identity.flat()) || allowedBy(others.filter((statement) => names(statement, ["*"])));
  return granted && limited ? "allowed" : "implicitDeny";
}
