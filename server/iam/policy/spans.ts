/** A place in a text, from 1. */
interface Position {
  readonly Line: number;
  readonly Column: number;
}

export interface Span {
  readonly start: Position;
  readonly end: Position;
}

/** Where a string ends that begins at `at`: behind its closing quote. */
function afterString(text: string, at: number): number {
  let end = at + 1;
  while (text[end] !== '"') end += text[end] === "\\" ? 2 : 1;
  return end + 1;
}

function positionAt(text: string, at: number): Position {
  const before = text.slice(0, at).split("\n");
  return { Line: before.length, Column: (before.at(-1)?.length ?? 0) + 1 };
}

/** Where each statement of a policy stands in its text, which must be one. */
export function statementSpans(text: string): Span[] {
  const spans: Span[] = [];
  let depth = 0;
  let key = "";
  /** At which depth the statements are: 1 for a single one, 2 in a list. */
  let level = 0;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') {
      const end = afterString(text, at);
      if (depth === 1 && /^\s*:/.test(text.slice(end, end + 100))) key = text.slice(at + 1, end - 1);
      at = end - 1;
    } else if (character === "{" || character === "[") {
      if (depth === 1 && key === "Statement") level = character === "{" ? 1 : 2;
      if (depth === level && level > 0 && character === "{") start = at;
      depth++;
    } else if (character === "}" || character === "]") {
      depth--;
      if (level > 0 && depth === level && character === "}") {
        spans.push({ start: positionAt(text, start), end: positionAt(text, at + 1) });
      }
      if (depth === 1) {
        key = "";
        level = 0;
      }
    }
  }
  return spans;
}
