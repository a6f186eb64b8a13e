import type Database from "better-sqlite3";
import { clearLog, erased } from "./erasure.ts";

/**
 * Keeps the blocks of snapshots and the keys of disks in SQLite: what the hosts' snapshot store is asked for.
 * Chunks are numbered by the database, which gives no number twice.
 */
export function sqliteSnapshots(database: Database.Database) {
  const add = database.prepare("INSERT INTO chunk (bytes, disk_key) VALUES (?, ?)");
  const chunk = database.prepare<[number], { bytes: Buffer; key: string | null }>(
    "SELECT bytes, disk_key AS key FROM chunk WHERE id = ?",
  );
  const chunks = database.prepare<[], { chunk: number; bytes: Uint8Array }>(
    "SELECT id AS chunk, bytes FROM chunk ORDER BY id",
  );
  const keyOf = database.prepare<[number], string | null>("SELECT disk_key FROM chunk WHERE id = ?").pluck();
  const remove = database.prepare("DELETE FROM chunk WHERE id = ?");
  const places = database.prepare<[number], { disk: string; index: number }>(
    'SELECT disk, number AS "index" FROM layer WHERE chunk = ?',
  );
  const at = database
    .prepare<[string, number], number>("SELECT chunk FROM layer WHERE disk = ? AND number = ?")
    .pluck();
  const put = database.prepare("INSERT OR REPLACE INTO layer (disk, number, chunk) VALUES (?, ?, ?)");
  const drop = database.prepare("DELETE FROM layer WHERE disk = ? AND number = ?");
  const layer = database.prepare<[string, number], { index: number; chunk: number }>(
    'SELECT number AS "index", chunk FROM layer WHERE disk = ? AND number >= ? ORDER BY number',
  );
  const size = database.prepare<[string], number>("SELECT count(*) FROM layer WHERE disk = ?").pluck();
  const copy = database.prepare(
    "INSERT OR REPLACE INTO layer (disk, number, chunk) SELECT ?, number, chunk FROM layer WHERE disk = ?",
  );
  const clearLayer = database.prepare("DELETE FROM layer WHERE disk = ?");
  const readKey = database.prepare<[string], Buffer>("SELECT secret FROM disk_key WHERE id = ?").pluck();
  const writeKey = database.prepare("INSERT OR REPLACE INTO disk_key (id, secret) VALUES (?, ?)");
  const eraseKey = database.prepare("DELETE FROM disk_key WHERE id = ?");
  const usesKey = database
    .prepare<[string], number>("SELECT 1 FROM chunk WHERE disk_key = ? LIMIT 1")
    .pluck();
  const clear = database.transaction(() => {
    for (const table of ["chunk", "layer", "disk_key"]) database.exec(`DELETE FROM ${table}`);
  });
  return {
    add: (bytes: Uint8Array, key: string | undefined): number =>
      Number(add.run(bytes, key ?? null).lastInsertRowid),
    chunk(number: number): { bytes: Uint8Array; key: string | undefined } | undefined {
      const row = chunk.get(number);
      return row && { bytes: row.bytes, key: row.key ?? undefined };
    },
    chunks: () => chunks.iterate(),
    keyOf: (number: number): string | undefined => keyOf.get(number) ?? undefined,
    // The database sets what it deletes to zero: secure_delete.
    remove(number: number): void {
      remove.run(number);
      erased(database);
    },
    places: (number: number) => places.all(number),
    at: (disk: string, index: number): number | undefined => at.get(disk, index),
    put: (disk: string, index: number, chunk: number): void => void put.run(disk, index, chunk),
    drop: (disk: string, index: number): void => void drop.run(disk, index),
    layer: (disk: string, from = 0) => layer.all(disk, from),
    size: (disk: string): number => size.get(disk) ?? 0,
    copy: (from: string, to: string): void => void copy.run(to, from),
    clearLayer: (disk: string): void => void clearLayer.run(disk),
    readKey: (id: string): Uint8Array | undefined => readKey.get(id),
    writeKey: (id: string, secret: Uint8Array): void => void writeKey.run(id, secret),
    eraseKey(id: string): void {
      eraseKey.run(id);
      erased(database);
    },
    usesKey: (id: string): boolean => usesKey.get(id) !== undefined,
    /** Forgets all. */
    clear(): void {
      clear();
      erased(database);
      clearLog(database);
    },
  };
}

export type Snapshots = ReturnType<typeof sqliteSnapshots>;
