import type Database from "better-sqlite3";

/** Databases from which something was deleted that must not be found any more. */
const stained = new WeakSet<Database.Database>();

/** Notes that bytes were deleted that nobody may find in any file afterwards. */
export const erased = (database: Database.Database): void => void stained.add(database);

/**
 * Clears the write-ahead log, if something was erased; within a transaction, that is left to its end. In the database the deleted bytes are zero (`secure_delete`), but
 * the log still has them as they were until its space is used again.
 *
 * @see https://www.sqlite.org/wal.html
 */
export function clearLog(database: Database.Database): void {
  if (!database.inTransaction && stained.delete(database)) database.pragma("wal_checkpoint(TRUNCATE)");
}
