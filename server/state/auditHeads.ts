import type Database from "better-sqlite3";

/** Keeps, beside the disks, up to which record they have followed the audit of each region. */
export function sqliteAuditHeads(database: Database.Database) {
  const read = database.prepare<[string], number>("SELECT seq FROM audit_head WHERE region = ?").pluck();
  const write = database.prepare("INSERT OR REPLACE INTO audit_head (region, seq) VALUES (?, ?)");
  const clear = database.prepare("DELETE FROM audit_head");
  return {
    read: (region: string): number | undefined => read.get(region),
    write: (region: string, seq: number): void => void write.run(region, seq),
    clear: (): void => void clear.run(),
  };
}
