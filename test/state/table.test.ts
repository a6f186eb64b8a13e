import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Table, type Change, type Row } from "../../server/state/table.ts";
import { answers, expected, pets, write, writes, writeTable, type Pet } from "./model.ts";

const attempt = (work: () => void): string | undefined => {
  try {
    work();
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(RangeError);
    return "refused";
  }
};

describe("a table", () => {
  test("answers as a list that is searched from end to end", () => {
    fc.assert(
      fc.property(writes, (steps) => {
        const table = new Table(pets, () => {});
        const model = new Map<string, Pet>();
        for (const [seq, step] of steps.entries()) {
          const refusal = attempt(() => writeTable(table, step, seq));
          expect(refusal).toBe(attempt(() => write(model, step, seq)));
          expect(answers(table)).toEqual(expected(model));
        }
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  test("forgets rows, few or many, with all that led to them", () => {
    for (const gone of [["a"], ["a", "b", "c"], ["a", "b", "c", "d"], []]) {
      const table = new Table(pets, () => {});
      const model = new Map<string, Pet>();
      for (const [seq, id] of ["a", "b", "c", "d"].entries()) {
        const row = { id, seq, account: "", name: seq % 2 ? "x" : "y", toys: ["x", "z"] };
        table.insert(row);
        if (!gone.includes(id)) model.set(id, row);
      }
      expect(table.forget(({ id }) => gone.includes(id)).map(({ id }) => id)).toEqual(gone);
      expect(answers(table)).toEqual(expected(model));
    }
  });

  test("records what each write did, and nothing of a refused one", () => {
    const changes: Change[] = [];
    const table = new Table(pets, (change) => changes.push(change));
    const [first, second] = [
      { id: "a", account: "", seq: 1, name: "x", toys: [] },
      { id: "a", account: "", seq: 1, name: "y", toys: [] },
    ];
    table.insert(first);
    table.replace(second);
    expect(() => table.insert(first)).toThrow("pet a exists");
    table.remove("a");
    expect(() => table.remove("a")).toThrow("pet a does not exist");
    expect(() => table.replace(first)).toThrow("pet a does not exist");
    expect(changes.map(({ before, after }) => [before, after])).toEqual([
      [undefined, first],
      [first, second],
      [second, undefined],
    ]);
  });

  test("lists rows that came to a key late by their age", () => {
    const table = new Table(pets, () => {});
    for (const [seq, id] of ["a", "b", "c"].entries())
      table.insert({ id, seq, account: "", name: "x", toys: [] });
    table.replace({ id: "a", account: "", seq: 0, name: "y", toys: [] });
    table.replace({ id: "a", account: "", seq: 0, name: "x", toys: [] });
    expect(table.by("name", "x").map(({ id }) => id)).toEqual(["a", "b", "c"]);
  });

  test("holds nothing of a row that an index cannot read", () => {
    const broken = new Table<Row & { key?: string }>(
      { name: "broken", indexes: { ok: ({ id }) => id, bad: ({ key }) => key?.toLowerCase() ?? fail() } },
      () => {},
    );
    const fail = (): string => {
      throw new TypeError("no key");
    };
    expect(() => broken.insert({ id: "a", account: "", seq: 1 })).toThrow("no key");
    expect([broken.size, broken.count("ok", "a")]).toEqual([0, 0]);
  });

  test("has no index but those it was given", () => {
    const table = new Table(pets, () => {});
    expect(() => table.by("color", "red")).toThrow("pet has no index color");
    expect(() => table.count("color", "red")).toThrow("pet has no index color");
  });
});
