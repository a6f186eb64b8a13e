import { copyFileSync } from "node:fs";
import Database from "better-sqlite3";
import { clearLog } from "./erasure.ts";
import type { Change, Row } from "./table.ts";

/** What a transaction did to one more unit. */
interface UnitChanges {
  readonly unit: string;
  readonly changes: readonly Change[];
}

/** Where committed rows survive the process. */
export interface Journal {
  /** All rows of a unit. */
  load(unit: string): Iterable<{ readonly table: string; readonly row: Row }>;
  /**
   * Makes the changes of one unit, or of several, durable, all or none. What `then` writes to disks is kept with them or
   * not at all: whenever the process is killed, disks are as the rows say.
   */
  commit(unit: string, changes: readonly Change[], others?: readonly UnitChanges[], then?: () => void): void;
  /**
   * Forgets these units, or what one account has in them, all or none, and keeps what is written anew; `then` as in
   * `commit`.
   */
  erase(units: Iterable<string>, account?: string, then?: () => void, kept?: UnitChanges): void;
  /** Forgets all units; `then` as in `commit`. */
  clear(then?: () => void): void;
  units(): string[];
  close(): void;
}

/** Keeps nothing. */
export const noJournal: Journal = {
  load: () => [],
  commit: (_unit, _changes, _others, then) => then?.(),
  erase: (_units, _account, then) => then?.(),
  clear: (then) => then?.(),
  units: () => [],
  close: () => {},
};

/** Step n takes a database of schema n to schema n + 1. Steps are only ever added. */
export const migrations: readonly string[] = [
  `CREATE TABLE document (
     unit TEXT NOT NULL, account TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL,
     PRIMARY KEY (unit, account, kind, id)
   ) WITHOUT ROWID;
   CREATE TABLE block (
     volume TEXT NOT NULL, number INTEGER NOT NULL, bytes BLOB NOT NULL,
     PRIMARY KEY (volume, number)
   ) WITHOUT ROWID;`,
  `CREATE TABLE chunk (id INTEGER PRIMARY KEY AUTOINCREMENT, bytes BLOB NOT NULL, disk_key TEXT);
   CREATE INDEX chunk_of_key ON chunk (disk_key) WHERE disk_key IS NOT NULL;
   CREATE TABLE layer (
     disk TEXT NOT NULL, number INTEGER NOT NULL, chunk INTEGER NOT NULL, PRIMARY KEY (disk, number)
   ) WITHOUT ROWID;
   CREATE INDEX layer_of_chunk ON layer (chunk);
   CREATE TABLE disk_key (id TEXT PRIMARY KEY, secret BLOB NOT NULL) WITHOUT ROWID;`,
  // With the rows outside the index: to find its place in one that holds them, SQLite reads whole rows, however long.
  `CREATE TABLE document_with_rowid (
     unit TEXT NOT NULL, account TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL,
     PRIMARY KEY (unit, account, kind, id)
   );
   INSERT INTO document_with_rowid SELECT unit, account, kind, id, body FROM document;
   DROP TABLE document;
   ALTER TABLE document_with_rowid RENAME TO document;`,
  "CREATE TABLE audit_head (region TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;",
];

/** The database cannot be used by this version; the message says what to do. */
export class DatabaseVersionError extends Error {}

/**
 * Opens a database, making or migrating it as needed. Before it migrates a database that holds data, it keeps a copy
 * beside it.
 *
 * @throws {DatabaseVersionError} if a newer version has written it, or it is something else.
 */
export function openDatabase(file: string, steps: readonly string[] = migrations): Database.Database {
  const database = new Database(file);
  try {
    migrate(database, file, steps);
  } catch (error) {
    database.close();
    if (error instanceof Database.SqliteError && error.code === "SQLITE_NOTADB") {
      throw new DatabaseVersionError(`${file} cannot be opened: ${error.message}`);
    }
    throw error;
  }
  return database;
}

function migrate(database: Database.Database, file: string, steps: readonly string[]): void {
  const version = Number(database.pragma("user_version", { simple: true }));
  if (version > steps.length) {
    throw new DatabaseVersionError(
      `${file} was written by a newer version of islet (schema ${version}, this one knows ${steps.length}); use that version, or another --data folder`,
    );
  }
  // Safe against the death of the process at any point, which is what is promised; without an fsync per call.
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = NORMAL");
  // What is deleted or overwritten is zero in the file, too.
  database.pragma("secure_delete = ON");
  // What a process that was killed has erased may still be in its log.
  database.pragma("wal_checkpoint(TRUNCATE)");
  if (version > 0 && version < steps.length) {
    copyFileSync(file, `${file}.schema-${version}`);
  }
  database.transaction(() => {
    for (const step of steps.slice(version)) database.exec(step);
    database.pragma(`user_version = ${steps.length}`);
  })();
}

/** Keeps rows as JSON documents in SQLite. */
export function sqliteJournal(database: Database.Database): Journal {
  const read = database.prepare<[string], { kind: string; body: string }>(
    "SELECT kind, body FROM document WHERE unit = ?",
  );
  const put = database.prepare(
    `INSERT INTO document (unit, account, kind, id, body) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (unit, account, kind, id) DO UPDATE SET body = excluded.body`,
  );
  const remove = database.prepare(
    "DELETE FROM document WHERE unit = ? AND account = ? AND kind = ? AND id = ?",
  );
  const eraseUnit = database.prepare("DELETE FROM document WHERE unit = ?");
  const eraseAccount = database.prepare("DELETE FROM document WHERE unit = ? AND account = ?");
  const clear = database.prepare("DELETE FROM document");
  const units = database.prepare<[], { unit: string }>("SELECT DISTINCT unit FROM document");
  const write = (unit: string, changes: readonly Change[]): void => {
    for (const { table, before, after } of inSum(changes)) {
      if (before && before.account !== after?.account) {
        remove.run(unit, before.account, table.name, before.id);
      }
      if (after) put.run(unit, after.account, table.name, after.id, JSON.stringify(after));
    }
  };
  const whole = database.transaction((work: () => void) => work());
  const together = (write: () => void, then?: () => void): void => {
    whole(() => {
      write();
      then?.();
    });
    clearLog(database);
  };
  return {
    *load(unit) {
      for (const { kind, body } of read.iterate(unit)) yield { table: kind, row: JSON.parse(body) as Row };
    },
    commit(unit, changes, others = [], then) {
      together(() => {
        write(unit, changes);
        for (const other of others) write(other.unit, other.changes);
      }, then);
    },
    erase(names, account, then, kept) {
      together(() => {
        for (const name of names) {
          if (account === undefined) eraseUnit.run(name);
          else eraseAccount.run(name, account);
        }
        if (kept) write(kept.unit, kept.changes);
      }, then);
    },
    clear: (then) => together(() => clear.run(), then),
    units: () => units.all().map(({ unit }) => unit),
    close: () => database.close(),
  };
}

/** What became of each row: what came between is of no interest once the transaction is over. */
function inSum(changes: readonly Change[]): Iterable<Change> {
  const rows = new Map<string, Change>();
  for (const change of changes) {
    const key = `${change.table.name}\n${change.after?.id ?? change.before?.id ?? ""}`;
    const earlier = rows.get(key);
    rows.set(key, earlier ? { ...change, before: earlier.before } : change);
  }
  return rows.values();
}
