/** A stored document. Rows are never changed, only replaced. */
export interface Row {
  readonly id: string;
  /** Position in order of creation within the unit; lists are shown in this order. */
  readonly seq: number;
}

type IndexKey = string | undefined | readonly string[];

/** Name and indexes of one kind of row. An index maps a row to the key, or keys, it is found by. */
export interface TableDefinition<R extends Row, Index extends string = string> {
  readonly name: string;
  readonly indexes?: Readonly<Record<Index, (row: R) => IndexKey>>;
}

/** What one write did to one table: `before` is absent for an insertion, `after` for a removal. */
export interface Change {
  readonly table: Table<Row>;
  readonly before: Row | undefined;
  readonly after: Row | undefined;
}

const keysOf = (key: IndexKey): readonly string[] =>
  key === undefined ? [] : typeof key === "string" ? [key] : key;

/** The rows of one kind in one unit, in memory, with their indexes. Writes go through the unit's transaction. */
export class Table<R extends Row> {
  readonly name: string;
  readonly #rows = new Map<string, R>();
  readonly #indexes: Map<string, { key: (row: R) => IndexKey; ids: Map<string, Set<string>> }>;
  readonly #record: (change: Change) => void;

  constructor(definition: TableDefinition<R>, record: (change: Change) => void) {
    this.name = definition.name;
    this.#record = record;
    this.#indexes = new Map(
      Object.entries(definition.indexes ?? {}).map(([name, key]) => [name, { key, ids: new Map() }]),
    );
  }

  get size(): number {
    return this.#rows.size;
  }

  get(id: string): R | undefined {
    return this.#rows.get(id);
  }

  /** All rows, oldest first. */
  all(): IterableIterator<R> {
    return this.#rows.values();
  }

  /** The rows that `index` maps to `key`. */
  by(index: string, key: string): R[] {
    const ids = this.#index(index).ids.get(key);
    if (!ids) return [];
    const rows: R[] = [];
    for (const id of ids) {
      const row = this.#rows.get(id);
      if (row) rows.push(row);
    }
    return rows;
  }

  /** How many rows `index` maps to `key`, without reading them. */
  count(index: string, key: string): number {
    return this.#index(index).ids.get(key)?.size ?? 0;
  }

  /** @throws {RangeError} if a row of this id is there already. */
  insert(row: R): void {
    if (this.#rows.has(row.id)) throw new RangeError(`${this.name} ${row.id} exists`);
    this.#write(undefined, row);
  }

  /** @throws {RangeError} if there is no row of this id. */
  replace(row: R): void {
    const before = this.#rows.get(row.id);
    if (!before) throw new RangeError(`${this.name} ${row.id} does not exist`);
    this.#write(before, row);
  }

  /** @throws {RangeError} if there is no row of this id. */
  remove(id: string): void {
    const before = this.#rows.get(id);
    if (!before) throw new RangeError(`${this.name} ${id} does not exist`);
    this.#write(before, undefined);
  }

  /** Puts a row in without recording it: for replay, and for undoing. */
  restore(before: R | undefined, after: R | undefined): void {
    if (before) {
      this.#unindex(before, after);
      if (!after) this.#rows.delete(before.id);
    }
    if (!after) return;
    this.#rows.set(after.id, after);
    this.#reindex(before, after);
  }

  /** Sorts by `seq` again after an undone removal has put rows back at the end. */
  sort(): void {
    const rows = [...this.#rows.values()].toSorted((a, b) => a.seq - b.seq);
    this.#rows.clear();
    for (const index of this.#indexes.values()) index.ids.clear();
    for (const row of rows) this.restore(undefined, row);
  }

  #write(before: R | undefined, after: R | undefined): void {
    this.restore(before, after);
    this.#record({ table: this as unknown as Table<Row>, before, after });
  }

  #index(name: string): { key: (row: R) => IndexKey; ids: Map<string, Set<string>> } {
    const index = this.#indexes.get(name);
    if (!index) throw new RangeError(`${this.name} has no index ${name}`);
    return index;
  }

  #unindex(before: R, after: R | undefined): void {
    for (const { key, ids } of this.#indexes.values()) {
      const kept = after ? keysOf(key(after)) : [];
      for (const value of keysOf(key(before))) {
        if (kept.includes(value)) continue;
        const set = ids.get(value);
        set?.delete(before.id);
        if (set?.size === 0) ids.delete(value);
      }
    }
  }

  #reindex(before: R | undefined, after: R): void {
    for (const { key, ids } of this.#indexes.values()) {
      const had = before ? keysOf(key(before)) : [];
      for (const value of keysOf(key(after))) {
        if (had.includes(value)) continue;
        const set = ids.get(value);
        if (set) set.add(after.id);
        else ids.set(value, new Set([after.id]));
      }
    }
  }
}
