import type Database from "better-sqlite3";
import { clearLog, erased } from "./erasure.ts";

interface KeptBlock {
  readonly volume: string;
  readonly index: number;
  readonly bytes: Uint8Array;
}

/** The blocks of volumes: what a disk keeps when the power goes. */
export interface Blocks {
  read(volume: string, index: number): Uint8Array | undefined;
  write(volume: string, index: number, bytes: Uint8Array): void;
  /** The indexes of the blocks that were written. */
  written(volume: string): Iterable<number>;
  erase(volume: string): void;
  /** Every block of every volume, the blocks of each in order. */
  all(): Iterable<KeptBlock>;
  /** Forgets every block of every volume. */
  clear(): void;
  /**
   * Runs `work` so that what it writes is kept as a whole, and is written at once. What it erased is in no file any more
   * when this returns.
   */
  together(work: () => void): void;
}

/** Keeps blocks as long as the process lives. */
export function memoryBlocks(): Blocks {
  const volumes = new Map<string, Map<number, Uint8Array>>();
  return {
    read: (volume, index) => volumes.get(volume)?.get(index),
    write(volume, index, bytes) {
      const blocks = volumes.get(volume);
      if (blocks) blocks.set(index, bytes);
      else volumes.set(volume, new Map([[index, bytes]]));
    },
    written: (volume) => [...(volumes.get(volume)?.keys() ?? [])],
    erase: (volume) => void volumes.delete(volume),
    *all() {
      for (const [volume, blocks] of volumes) {
        const inOrder = [...blocks].toSorted(([a], [b]) => a - b);
        for (const [index, bytes] of inOrder) yield { volume, index, bytes };
      }
    },
    clear: () => volumes.clear(),
    together: (work) => work(),
  };
}

export function sqliteBlocks(database: Database.Database): Blocks {
  const read = database
    .prepare<[string, number], Buffer>("SELECT bytes FROM block WHERE volume = ? AND number = ?")
    .pluck();
  const write = database.prepare("INSERT OR REPLACE INTO block (volume, number, bytes) VALUES (?, ?, ?)");
  const written = database
    .prepare<[string], number>("SELECT number FROM block WHERE volume = ? ORDER BY number")
    .pluck();
  const erase = database.prepare("DELETE FROM block WHERE volume = ?");
  const all = database.prepare<[], KeptBlock>(
    'SELECT volume, number AS "index", bytes FROM block ORDER BY volume, number',
  );
  const clear = database.prepare("DELETE FROM block");
  const transact = database.transaction((work: () => void) => work());
  return {
    read: (volume, index) => read.get(volume, index),
    write: (volume, index, bytes) => void write.run(volume, index, bytes),
    written: (volume) => written.all(volume),
    erase(volume) {
      if (erase.run(volume).changes > 0) erased(database);
    },
    all: () => all.iterate(),
    clear() {
      clear.run();
      erased(database);
      clearLog(database);
    },
    together(work) {
      transact(work);
      clearLog(database);
    },
  };
}
