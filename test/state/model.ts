/** A simple model of one table, to hold the real one against, and random writes to both. */
import fc from "fast-check";
import type { Row, Table, TableDefinition } from "../../server/state/table.ts";

export interface Pet extends Row {
  readonly name: string | undefined;
  readonly toys: readonly string[];
}

export const pets: TableDefinition<Pet> = {
  name: "pet",
  indexes: { name: ({ name }) => name, toy: ({ toys }) => toys },
};

export type Write =
  | { readonly do: "insert" | "replace"; readonly row: Omit<Pet, "seq"> }
  | { readonly do: "remove"; readonly id: string };

const ids = fc.constantFrom("a", "b", "c", "d", "e");
const words = fc.constantFrom("x", "y", "z");
const row = fc.record({
  id: ids,
  account: fc.constant(""),
  name: fc.option(words, { nil: undefined }),
  toys: fc.array(words),
});

export const writes: fc.Arbitrary<readonly Write[]> = fc.array(
  fc.oneof(
    fc.record({ do: fc.constantFrom("insert" as const, "replace" as const), row }),
    fc.record({ do: fc.constant("remove" as const), id: ids }),
  ),
  { maxLength: 12 },
);

/** Rows by id; what is asked for is computed from all of them, each time. */
export type Model = ReadonlyMap<string, Pet>;

/** @throws RangeError where the table must throw one */
export function write(model: Map<string, Pet>, step: Write, seq: number): void {
  const id = step.do === "remove" ? step.id : step.row.id;
  const before = model.get(id);
  if ((before !== undefined) === (step.do === "insert")) throw new RangeError(id);
  if (step.do === "remove") model.delete(id);
  else model.set(id, { ...step.row, seq: before?.seq ?? seq });
}

/** The same on the real table. */
export function writeTable(table: Table<Pet>, step: Write, seq: number): void {
  if (step.do === "remove") table.remove(step.id);
  else if (step.do === "insert") table.insert({ ...step.row, seq });
  else table.replace({ ...step.row, seq: table.get(step.row.id)?.seq ?? 0 });
}

/** All that can be asked of a table of pets. */
export function answers(table: Table<Pet>): object {
  return {
    size: table.size,
    all: [...table.all()],
    ids: ["a", "b", "c", "d", "e"].map((id) => table.get(id)),
    name: ["x", "y", "z"].map((key) => [table.by("name", key), table.count("name", key)]),
    toy: ["x", "y", "z"].map((key) => [table.by("toy", key), table.count("toy", key)]),
  };
}

/** What the model says a table must answer. */
export function expected(model: Model): object {
  const all = [...model.values()].toSorted((a, b) => a.seq - b.seq);
  const where = (test: (pet: Pet) => boolean) => [all.filter(test), all.filter(test).length];
  return {
    size: all.length,
    all,
    ids: ["a", "b", "c", "d", "e"].map((id) => model.get(id)),
    name: ["x", "y", "z"].map((key) => where(({ name }) => name === key)),
    toy: ["x", "y", "z"].map((key) => where(({ toys }) => toys.includes(key))),
  };
}
