import type { Journal } from "./journal.ts";
import { Table, type Change, type Row, type TableDefinition } from "./table.ts";

/** What a transaction did: to its unit, and to those that joined it. */
interface Deeds {
  readonly changes: readonly Change[];
  readonly joined: readonly { readonly unit: Unit; readonly changes: readonly Change[] }[];
}

/**
 * What was decided could not be kept: the rows are as they were before. What followed them already is ahead of them.
 */
export class NotKept extends Error {}

/** What came of a transaction. */
interface Transacted<T> extends Deeds {
  readonly result: T;
}

const NONE: Deeds["joined"] = [];

/**
 * The unit of state: all rows of one region, or of the global services. One call is one transaction, on one unit but
 * for what connects two regions.
 *
 * Tables appear when they are first asked for, so that a unit knows nothing of the resources in it.
 */
export class Unit {
  readonly name: string;
  readonly #journal: Journal;
  readonly #tables = new Map<string, Table<Row>>();
  /** Rows read from the journal whose table nobody has asked for yet. */
  readonly #unclaimed = new Map<string, Row[]>();
  #changes: Change[] | undefined;
  /** All units of the running transaction, this one or another first. */
  #party: Unit[] = [];
  #undone: (() => void)[] = [];
  #seq = 0;

  constructor(name: string, journal: Journal) {
    this.name = name;
    this.#journal = journal;
    for (const { table, row } of journal.load(name)) {
      const rows = this.#unclaimed.get(table);
      if (rows) rows.push(row);
      else this.#unclaimed.set(table, [row]);
      this.#seq = Math.max(this.#seq, row.seq);
    }
  }

  table<R extends Row>(definition: TableDefinition<R>): Table<R> {
    const known = this.#tables.get(definition.name);
    if (known) return known as unknown as Table<R>;
    const table = new Table<R>(definition, (change) => {
      if (!this.#changes) throw new Error(`write to ${change.table.name} outside a transaction`);
      this.#changes.push(change);
    });
    this.#tables.set(definition.name, table as unknown as Table<Row>);
    const rows = (this.#unclaimed.get(definition.name) ?? []).toSorted((a, b) => a.seq - b.seq);
    for (const row of rows) table.restore(undefined, row as R);
    this.#unclaimed.delete(definition.name);
    return table;
  }

  /** The last place in order of creation that is taken. */
  get seq(): number {
    return this.#seq;
  }

  /** The next place in order of creation. */
  nextSeq(): number {
    return ++this.#seq;
  }

  /** Runs `undo` if the running transaction fails: for what it did outside the rows. */
  onRollback(undo: () => void): void {
    if (!this.#changes) throw new Error("onRollback outside a transaction");
    this.#undone.push(undo);
  }

  /**
   * Runs `work` as one atomic step: its writes reach the journal in one piece before this returns, or, if it or the
   * journal throws, none of them has happened.
   *
   * @param follow brings disks to what the rows say; should the process be killed, it has done so or the rows are as before
   * @returns also what it did to other units, which `join` made part of it
   * @throws {NotKept} if the journal, or `follow`, throws
   */
  transact<T>(work: () => T, follow?: (deeds: Deeds) => void): Transacted<T> {
    if (this.#changes) throw new Error("transactions do not nest");
    const party: Unit[] = [];
    const changes = this.#begin(party);
    try {
      const result = work();
      const joined = party.length === 1 ? NONE : this.#joined();
      const deeds = { result, changes, joined };
      if (changes.length > 0 || joined.length > 0) {
        const others = joined.map((other) => ({ unit: other.unit.name, changes: other.changes }));
        try {
          this.#journal.commit(this.name, changes, others, () => follow?.(deeds));
        } catch (cause) {
          throw new NotKept(`the database did not keep it: ${String(cause)}`, { cause });
        }
      }
      return deeds;
    } catch (error) {
      for (const unit of party.toReversed()) unit.#rollBack(unit.#changes ?? []);
      throw error;
    } finally {
      for (const unit of party) unit.#changes = undefined;
    }
  }

  /** Whether a transaction is running on it. */
  get busy(): boolean {
    return this.#changes !== undefined;
  }

  /** Makes what is written to another unit, from now on, part of the transaction that is running on this one. */
  join(other: Unit): void {
    if (!this.#changes) throw new Error("join outside a transaction");
    if (!other.#changes) other.#begin(this.#party);
    else if (other.#party !== this.#party) throw new Error(`${other.name} is in another transaction`);
  }

  /**
   * Removes all rows, or those of one account, of whatever table, from memory alone: the caller has erased them from the
   * journal. Not to be called in a transaction.
   *
   * @param kept rows of the account that stay, as the journal has them again
   * @returns what was removed
   */
  forget(account?: string, kept: readonly Change[] = []): readonly Change[] {
    if (this.#changes) throw new Error("forget in a transaction");
    const stays = new Set(kept.map(({ after }) => after));
    const gone = (row: Row): boolean => account === undefined || (row.account === account && !stays.has(row));
    const changes: Change[] = [];
    for (const table of this.#tables.values()) {
      for (const before of table.forget(gone)) changes.push({ table, before, after: undefined });
    }
    for (const [name, rows] of this.#unclaimed) {
      const table = new Table<Row>({ name }, () => {});
      for (const before of rows.filter(gone)) changes.push({ table, before, after: undefined });
      this.#unclaimed.set(
        name,
        rows.filter((row) => !gone(row)),
      );
    }
    return changes;
  }

  #begin(party: Unit[]): readonly Change[] {
    const changes: Change[] = [];
    party.push(this);
    this.#party = party;
    this.#changes = changes;
    this.#undone = [];
    return changes;
  }

  /** What the running transaction has written to other units. */
  #joined(): Deeds["joined"] {
    return this.#party
      .slice(1)
      .map((unit) => ({ unit, changes: unit.#changes ?? [] }))
      .filter(({ changes }) => changes.length > 0);
  }

  #rollBack(changes: readonly Change[]): void {
    const torn = new Set<Table<Row>>();
    for (const { table, before, after } of changes.toReversed()) {
      table.restore(after, before);
      if (!after) torn.add(table);
    }
    for (const table of torn) table.sort();
    for (const undo of this.#undone.toReversed()) undo();
  }
}
