/** What is wrong with a text that is no Cedar, or is more of it than islet knows. */
export class CedarError extends Error {}

export interface Token {
  readonly kind: "end" | "name" | "number" | "string" | "symbol";
  /** Of a string, what stands between its quotes. */
  readonly text: string;
}

const FORMS: readonly (readonly [kind: Token["kind"] | "space", form: RegExp])[] = [
  ["space", /(?:\s+|\/\/[^\n]*)+/y],
  ["number", /\d+/y],
  ["name", /[A-Za-z_][A-Za-z0-9_]*/y],
  ["string", /"(?:[^"\\\n]|\\[^\n])*"/y],
  ["symbol", /&&|\|\||==|!=|<=|>=|[()[\]{}<>!,;:.+*@-]/y],
];

const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  "0": "\0",
  "\\": "\\",
  '"': '"',
  "'": "'",
  "*": "*",
};

/** What a string stands for. @throws {CedarError} for an escape that there is not */
export const textOf = (literal: string): string =>
  literal.replaceAll(/\\(u\{([0-9a-fA-F]{1,6})\}|[^])/gu, (whole, short: string, hex?: string) => {
    const code = hex === undefined ? undefined : Number.parseInt(hex, 16);
    if (code !== undefined && code <= 0x10_ff_ff) return String.fromCodePoint(code);
    const known = ESCAPES[short];
    if (known === undefined) throw new CedarError(`unknown escape ${whole}`);
    return known;
  });

/** What stands between the stars of a pattern, in which `\*` is none. Strings have no line breaks. @throws {CedarError} */
export const piecesOf = (literal: string): string[] =>
  literal
    .replaceAll(/\\[^]|\*/g, (found) => (found === "*" ? "\n" : found))
    .split("\n")
    .map(textOf);

/** @throws {CedarError} for what no token begins with */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < text.length;) {
    const before = at;
    for (const [kind, form] of FORMS) {
      form.lastIndex = at;
      const found = form.exec(text)?.[0];
      if (found === undefined) continue;
      at += found.length;
      if (kind === "string") tokens.push({ kind, text: found.slice(1, -1) });
      else if (kind !== "space") tokens.push({ kind, text: found });
      break;
    }
    if (at === before) throw new CedarError(`unexpected ${text.slice(at, at + 10)}`);
  }
  return [...tokens, { kind: "end", text: "" }];
}
