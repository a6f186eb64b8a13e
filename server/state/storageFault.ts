import Database from "better-sqlite3";

/** Whether an error says that a disk is full or broken, and not that the program is wrong. */
export const isStorageFault = (error: unknown): boolean =>
  error instanceof Database.SqliteError || (error instanceof Error && "syscall" in error);
