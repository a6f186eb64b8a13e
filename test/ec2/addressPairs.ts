import * as fc from "fast-check";
import { AddressRun, deed, unluckily, type Deed } from "./addressRuns.ts";

const [A, B] = ["111111111111", "222222222222"] as const;

/** Names that somebody else may have had in the other run: ids, tokens, MAC addresses, public addresses. */
const NAMES =
  /\b[a-z]+-[0-9a-f]{17}\b|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b|\b(?:3|52|54)([.-])\d+\1\d+\1\d+\b/g;

/** What is seen, by whatever names: the first is 0, and so on. */
function nameless(texts: readonly string[]): string[] {
  const names = new Map<string, number>();
  const numberOf = (name: string): string => {
    const known = names.get(name) ?? names.size;
    names.set(name, known);
    return `#${known}`;
  };
  return texts.map((text) => text.replaceAll(NAMES, (name) => numberOf(name.replaceAll("-", "."))));
}

const ofB = deed.map((each): Deed => ({ ...each, account: B }));
/** Time is everybody's: nobody makes it pass for others. */
const ofA = deed.filter(({ do: what }) => what !== "wait").map((each): Deed => ({ ...each, account: A }));
const twoRuns = fc.array(fc.oneof(fc.record({ B: ofB }), fc.record({ A: ofA, other: ofA })), {
  maxLength: 40,
  size: "max",
});

/** What B sees, step by step, if A does the one or the other. */
const seenIf = (which: "A" | "other", deeds: readonly ({ B: Deed } | { A: Deed; other: Deed })[]): string[] =>
  unluckily(() => {
    const run = new AddressRun();
    const seen = deeds.map((each) => {
      run.does("B" in each ? each.B : each[which]);
      return run.seenBy(B);
    });
    return nameless(seen);
  });

/** N1 over the API: what B sees does not depend on what A does, but for names. Capacity is there for everybody. */
export const pair = fc.property(
  twoRuns,
  (deeds) => JSON.stringify(seenIf("A", deeds)) === JSON.stringify(seenIf("other", deeds)),
);
