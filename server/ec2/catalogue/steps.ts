import { ladders } from "./ladders.ts";

/** A size of a family, as a step is chosen by. */
export type Rung = { readonly size: string; readonly vcpus: number };

/** A property's value by size: what instanceFamilies.ts and ladders.ts write as `word`, `ladder`, `16:word` or `large:word`. */
export type Steps = {
  /** For sizes that nothing below names. */
  readonly word: string | undefined;
  readonly sizes: ReadonlyMap<string, string>;
  /** By the vCPUs they begin at, descending. */
  readonly steps: readonly (readonly [vcpus: number, value: string])[];
};

export type LadderName = keyof typeof ladders;

const climbed = new Map<LadderName, ReadonlyMap<string, string>>();

/** A ladder's text by its name; a ladder takes as many lines as it needs, the first one begins with its name. */
function laddersOf(kind: LadderName): ReadonlyMap<string, string> {
  const known = climbed.get(kind);
  if (known !== undefined) return known;
  const texts = new Map<string, string>();
  for (const block of ladders[kind].trim().split(/\n(?=\S)/)) {
    const [name = "", ...steps] = block.split(/\s+/);
    texts.set(name, steps.join(","));
  }
  climbed.set(kind, texts);
  return texts;
}

const read = new Map<string, Steps>();

/** Reads a value of instanceFamilies.ts; `kind` says in which table a ladder's name is looked up. */
export function readSteps(text: string, kind?: LadderName): Steps {
  const key = `${kind ?? ""} ${text}`;
  const known = read.get(key) ?? parseSteps(text, kind);
  read.set(key, known);
  return known;
}

function parseSteps(text: string, kind: LadderName | undefined): Steps {
  const [first = ""] = text.split(",", 1);
  const ladder = kind === undefined ? undefined : laddersOf(kind).get(first);
  const sizes = new Map<string, string>();
  const steps = new Map<number, string>();
  let word: string | undefined;
  for (const item of (ladder === undefined ? text : ladder + text.slice(first.length)).split(",")) {
    const colon = item.indexOf(":");
    const [key, value] = [item.slice(0, colon), item.slice(colon + 1)];
    if (colon < 0) word = item;
    else if (/^\d+$/.test(key)) steps.set(Number(key), value);
    else sizes.set(key, value);
  }
  return { word, sizes, steps: [...steps].toSorted(([a], [b]) => b - a) };
}

/** The value for one size: its own, that of all metal sizes, that of its vCPUs, or the family's. */
export function at({ word, sizes, steps }: Steps, { size, vcpus }: Rung): string | undefined {
  return (
    sizes.get(size) ??
    (size.startsWith("metal") ? sizes.get("metal") : undefined) ??
    steps.find(([from]) => from <= vcpus)?.[1] ??
    word
  );
}

/** A yes or no by size: `y`, `n`, `..32` (up to 32 vCPUs), `96..` (from 96 on), each with exceptions by size. */
export function holds(text: string, rung: Rung): boolean {
  const value = at(readSteps(text), rung) ?? "n";
  const [from, to] = value.split("..");
  if (to === undefined) return value === "y";
  return (from === "" || rung.vcpus >= Number(from)) && (to === "" || rung.vcpus <= Number(to));
}
