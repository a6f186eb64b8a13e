import type Database from "better-sqlite3";
import { isStorageFault } from "./storageFault.ts";

/** Databases from which something was deleted that must not be found any more. */
const stained = new WeakSet<Database.Database>();

/** Notes that bytes were deleted that nobody may find in any file afterwards. */
export const erased = (database: Database.Database): void => void stained.add(database);

/**
 * Clears the write-ahead log, if something was erased; within a transaction, that is left to its end. In the database the
 * deleted bytes are zero (`secure_delete`), but the log still has them as they were until its space is used again.
 *
 * The transaction is kept by then, so that it does not fail where the log cannot be cleared, as the disk is full or somebody
 * reads the database: the log is cleared after the next one, then.
 *
 * @see https://www.sqlite.org/wal.html
 */
export function clearLog(database: Database.Database): void {
  if (database.inTransaction || !stained.has(database)) return;
  try {
    const isBusy = database.pragma("wal_checkpoint(TRUNCATE)", { simple: true }) === 1;
    if (!isBusy) stained.delete(database);
  } catch (error) {
    if (!isStorageFault(error)) throw error;
  }
}
