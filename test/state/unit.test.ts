import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { noJournal, openDatabase, sqliteJournal, type Journal } from "../../server/state/journal.ts";
import type { Row } from "../../server/state/table.ts";
import { Unit } from "../../server/state/unit.ts";
import { answers, expected, pets, write, writes, writeTable, type Pet } from "./model.ts";

class Abandoned extends Error {}

/** A journal whose commits can be made to fail. */
function frailJournal(): Journal & { fails: boolean } {
  const journal = {
    ...noJournal,
    fails: false,
    commit: () => {
      if (journal.fails) throw new Error("the disk is full");
    },
  };
  return journal;
}

/** The kind of error that it throws, if it throws one. */
function refusalOf(work: () => unknown): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.constructor : error;
  }
}

const inTransaction = <T>(unit: Unit, work: () => T): T => unit.transact(work).result;

describe("a transaction", () => {
  test("happens whole or not at all, in memory and in the journal", () => {
    const transactions = fc.array(fc.record({ steps: writes, fails: fc.boolean() }), { maxLength: 8 });
    fc.assert(
      fc.property(transactions, (list) => {
        const journal = sqliteJournal(openDatabase(":memory:"));
        const unit = new Unit("region", journal);
        let model = new Map<string, Pet>();
        for (const { steps, fails } of list) {
          const draft = new Map(model);
          const work = () => {
            for (const step of steps) {
              const seq = unit.nextSeq();
              const refusal = refusalOf(() => writeTable(unit.table(pets), step, seq));
              expect(refusal).toBe(refusalOf(() => write(draft, step, seq)));
            }
            if (fails) throw new Abandoned();
          };
          expect(refusalOf(() => unit.transact(work))).toBe(fails ? Abandoned : undefined);
          if (!fails) model = draft;
          expect(answers(unit.table(pets))).toEqual(expected(model));
          // Read back by another unit, as after a start: what the journal has is what memory has.
          expect(answers(new Unit("region", journal).table(pets))).toEqual(expected(model));
        }
        journal.close();
      }),
      { seed: 2, numRuns: 100 },
    );
  });

  test("answers with its result and its changes in order", () => {
    const unit = new Unit("region", noJournal);
    const { result, changes } = unit.transact(() => {
      unit.table(pets).insert({ id: "a", account: "", seq: unit.nextSeq(), name: "x", toys: [] });
      unit.table(pets).remove("a");
      return 7;
    });
    expect(result).toBe(7);
    expect(changes.map(({ table, before, after }) => [table.name, before?.id, after?.id])).toEqual([
      ["pet", undefined, "a"],
      ["pet", "a", undefined],
    ]);
  });

  test("is undone if the journal fails", () => {
    const journal = frailJournal();
    const unit = new Unit("region", journal);
    const table = unit.table(pets);
    inTransaction(unit, () => table.insert({ id: "a", account: "", seq: 1, name: "x", toys: [] }));
    journal.fails = true;
    expect(() => unit.transact(() => table.remove("a"))).toThrow("the disk is full");
    expect(table.by("name", "x")).toHaveLength(1);
    journal.fails = false;
    inTransaction(unit, () => table.remove("a"));
    expect(table.size).toBe(0);
  });

  test("undoes what it did outside the rows, last first, and only if it fails", () => {
    const unit = new Unit("region", noJournal);
    const undone: number[] = [];
    const work = (fails: boolean) => () => {
      unit.onRollback(() => undone.push(1));
      unit.onRollback(() => undone.push(2));
      if (fails) throw new Abandoned();
    };
    unit.transact(work(false));
    expect(undone).toEqual([]);
    expect(() => unit.transact(work(true))).toThrow(Abandoned);
    expect(undone).toEqual([2, 1]);
    unit.transact(() => {});
    expect(() =>
      unit.transact(() => {
        throw new Abandoned();
      }),
    ).toThrow(Abandoned);
    expect(undone).toEqual([2, 1]);
  });

  test("is needed for every write, and does not nest", () => {
    const unit = new Unit("region", noJournal);
    const pet = { id: "a", account: "", seq: 1, name: "x", toys: [] };
    expect(() => unit.table(pets).insert(pet)).toThrow("outside a transaction");
    expect(() => unit.transact(() => unit.forget())).toThrow("in a transaction");
    expect(() => unit.onRollback(() => {})).toThrow("outside a transaction");
    expect(() => unit.transact(() => unit.transact(() => {}))).toThrow("do not nest");
    // The failed attempts left nothing open.
    expect(inTransaction(unit, () => 1)).toBe(1);
  });
});

describe("rows that nobody has asked for yet", () => {
  const toys = { name: "toy" };
  const withRows = (): Journal => {
    const journal = sqliteJournal(openDatabase(":memory:"));
    const unit = new Unit("region", journal);
    inTransaction(unit, () => {
      for (const seq of [3, 1, 2]) {
        const account = seq % 2 === 1 ? "odd" : "even";
        unit.table<Row>(toys).insert({ id: `t${seq}`, account, seq });
        unit.table(pets).insert({ id: `p${seq}`, account, seq: seq + 10, name: "x", toys: [] });
      }
    });
    return journal;
  };

  test("are there, oldest first, when they are asked for", () => {
    const unit = new Unit("region", withRows());
    expect([...unit.table<Row>(toys).all()].map(({ id }) => id)).toEqual(["t1", "t2", "t3"]);
    expect(unit.table(pets).count("name", "x")).toBe(3);
    expect(unit.nextSeq()).toBe(14);
  });

  test("are forgotten like all others", () => {
    const unit = new Unit("region", withRows());
    unit.table(pets);
    const changes = unit.forget("odd");
    expect(changes.map(({ table, before, after }) => [table.name, before?.id, after])).toEqual([
      ["pet", "p1", undefined],
      ["pet", "p3", undefined],
      ["toy", "t1", undefined],
      ["toy", "t3", undefined],
    ]);
    expect([...unit.table<Row>(toys).all()].map(({ id }) => id)).toEqual(["t2"]);
    expect(
      unit
        .table(pets)
        .by("name", "x")
        .map(({ id }) => id),
    ).toEqual(["p2"]);
    expect(unit.forget()).toHaveLength(2);
    expect([unit.table<Row>(toys).size, unit.table(pets).size]).toEqual([0, 0]);
  });
});

test("units share a journal, and not their rows", () => {
  const journal = sqliteJournal(openDatabase(":memory:"));
  const [one, two] = [new Unit("one", journal), new Unit("two", journal)];
  inTransaction(one, () => one.table(pets).insert({ id: "a", account: "", seq: 1, name: "x", toys: [] }));
  inTransaction(two, () => two.table(pets).insert({ id: "a", account: "", seq: 1, name: "y", toys: [] }));
  expect(new Unit("one", journal).table(pets).get("a")?.name).toBe("x");
  expect(new Unit("two", journal).table(pets).get("a")?.name).toBe("y");
  expect(journal.units()).toEqual(["one", "two"]);
  journal.clear();
  expect(journal.units()).toEqual([]);
  expect(new Unit("one", journal).table(pets).size).toBe(0);
});
