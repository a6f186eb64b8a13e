/** A stored document. Rows are never changed, only replaced. */
export interface Row {
  readonly id: string;
  /** Position in order of creation within the unit; lists are shown in this order. */
  readonly seq: number;
  /** Whose it is, 12 digits: it is gone when the account is emptied. "" if it is the server's own. */
  readonly account: string;
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

type Ids = Map<string, Set<string>>;

function join(index: Ids, key: string, id: string): void {
  const ids = index.get(key);
  if (ids) ids.add(id);
  else index.set(key, new Set([id]));
}

function leave(index: Ids, key: string, id: string): void {
  const ids = index.get(key);
  ids?.delete(id);
  if (ids?.size === 0) index.delete(key);
}

/** The rows of one kind in one unit, in memory, with their indexes. Writes go through the unit's transaction. */
export class Table<R extends Row> {
  readonly name: string;
  readonly #rows = new Map<string, R>();
  readonly #indexes: Map<string, { key: (row: R) => IndexKey; ids: Ids }>;
  readonly #record: (change: Change) => void;
  #version = 0;

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

  /** Another one whenever a row is: what was made of rows is good as long as this stays. */
  get version(): number {
    return this.#version;
  }

  get(id: string): R | undefined {
    return this.#rows.get(id);
  }

  /** All rows, oldest first. */
  all(): IterableIterator<R> {
    return this.#rows.values();
  }

  /** The rows that `index` maps to `key`, oldest first. */
  by(index: string, key: string): R[] {
    const rows: R[] = [];
    let last = 0;
    let inOrder = true;
    for (const id of this.#index(index).ids.get(key) ?? []) {
      const row = this.#rows.get(id);
      if (!row) continue;
      if (row.seq < last) inOrder = false;
      last = row.seq;
      rows.push(row);
    }
    // A row that was given the key later than younger rows is behind them.
    return inOrder ? rows : rows.toSorted((a, b) => a.seq - b.seq);
  }

  /** How many rows `index` maps to `key`, without reading them. */
  count(index: string, key: string): number {
    return this.#index(index).ids.get(key)?.size ?? 0;
  }

  /** What `index` maps a row to, be it in the table or not. */
  keysOf(index: string, row: R): readonly string[] {
    return keysOf(this.#index(index).key(row));
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

  /** Puts a row in without recording it: for replay, and for undoing. If an index function throws, nothing happened. */
  restore(before: R | undefined, after: R | undefined): void {
    this.#version++;
    const moves = [...this.#indexes.values()].map(({ key, ids }) => ({
      ids,
      had: before ? keysOf(key(before)) : [],
      has: after ? keysOf(key(after)) : [],
    }));
    const id = after?.id ?? before?.id ?? "";
    for (const { ids, had, has } of moves) {
      for (const key of had) if (!has.includes(key)) leave(ids, key, id);
      for (const key of has) if (!had.includes(key)) join(ids, key, id);
    }
    if (after) this.#rows.set(id, after);
    else this.#rows.delete(id);
  }

  /** Removes the rows for which `gone` holds, without recording it; returns them, oldest first. */
  forget(gone: (row: R) => boolean): readonly R[] {
    const rows = [...this.#rows.values()];
    const lost = rows.filter((row) => gone(row));
    if (lost.length * 2 < rows.length) {
      for (const row of lost) this.restore(row, undefined);
    } else if (lost.length > 0) {
      this.#fill(rows.filter((row) => !gone(row)));
    }
    return lost;
  }

  /** Sorts by `seq` again after an undone removal has put rows back at the end. */
  sort(): void {
    this.#fill([...this.#rows.values()].toSorted((a, b) => a.seq - b.seq));
  }

  #fill(rows: readonly R[]): void {
    this.#version++;
    this.#rows.clear();
    for (const index of this.#indexes.values()) index.ids.clear();
    for (const row of rows) this.restore(undefined, row);
  }

  #write(before: R | undefined, after: R | undefined): void {
    this.restore(before, after);
    this.#record({ table: this as unknown as Table<Row>, before, after });
  }

  #index(name: string): { key: (row: R) => IndexKey; ids: Ids } {
    const index = this.#indexes.get(name);
    if (!index) throw new RangeError(`${this.name} has no index ${name}`);
    return index;
  }
}
