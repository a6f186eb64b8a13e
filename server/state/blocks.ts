import type Database from "better-sqlite3";

/** The blocks of volumes: what a disk keeps when the power goes. */
export interface Blocks {
  read(volume: string, index: number): Uint8Array | undefined;
  write(volume: string, index: number, bytes: Uint8Array): void;
  /** The indexes of the blocks that were written. */
  written(volume: string): Iterable<number>;
  erase(volume: string): void;
  /** Forgets every block of every volume. */
  clear(): void;
  /** Runs `work` so that what it writes is kept as a whole, and is written at once. */
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
  const clear = database.prepare("DELETE FROM block");
  return {
    read: (volume, index) => read.get(volume, index),
    write: (volume, index, bytes) => void write.run(volume, index, bytes),
    written: (volume) => written.all(volume),
    erase: (volume) => void erase.run(volume),
    clear: () => void clear.run(),
    together: database.transaction((work: () => void) => work()),
  };
}
