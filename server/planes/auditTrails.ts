import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import {
  type AuditOptions,
  type AuditRecord,
  parseRecord,
  type Verdict,
  verifyChain,
} from "../../hypervisor/audit.ts";
import { LineFile } from "../state/lineFile.ts";

const SUFFIX = ".jsonl";
/** How many records stay in memory where all are in a file. */
const KEPT = 1000;

/** How far disks have followed the audit of each region. Kept with them, or not at all. */
export interface AuditHeads {
  read(region: string): number | undefined;
  write(region: string, seq: number): void;
  clear(): void;
}

/**
 * The audit of each region as a server's folder keeps it: `audit/us-east-1.jsonl`, a line of JSON for each record, only
 * ever appended to. Not in the database, where a call that fails takes back what it wrote: what happened, happened.
 */
export class AuditTrails {
  readonly #folder: string;
  readonly #heads: AuditHeads | undefined;
  readonly #files = new Map<string, LineFile>();

  /**
   * @param folder the server's; `audit` in it is made when there is a first record
   * @param heads for who writes
   */
  constructor(folder: string, heads?: AuditHeads) {
    this.#folder = join(folder, "audit");
    this.#heads = heads;
  }

  /** For the audit of a region: it goes on where the trail ends, and keeps what it writes there. */
  partsFor(region: string): Omit<AuditOptions, "clock"> {
    const file = this.#file(region);
    const last = parseRecord(file.last() ?? "");
    const kept = this.#heads?.read(region);
    let isMade = false;
    return {
      keep: KEPT,
      ...(last && { anchor: { seq: last.seq, hash: last.hash } }),
      ...(kept !== undefined && { kept }),
      sink: (record) => {
        if (!isMade) mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
        isMade = true;
        file.append(JSON.stringify(record));
      },
    };
  }

  /** Disks have followed the audit of a region up to here; to be called in the transaction that keeps them. */
  followed(region: string, seq: number): void {
    this.#heads?.write(region, seq);
  }

  /** All records of a region, oldest first; undefined in the place of what is none. */
  *records(region: string): Generator<AuditRecord | undefined> {
    for (const line of this.#file(region).lines()) yield parseRecord(line);
  }

  verify(region: string): Verdict {
    return verifyChain(this.records(region));
  }

  /** The regions that have a trail. */
  regions(): readonly string[] {
    try {
      return readdirSync(this.#folder)
        .filter((name) => name.endsWith(SUFFIX))
        .map((name) => name.slice(0, -SUFFIX.length))
        .toSorted();
    } catch {
      return [];
    }
  }

  /** Forgets all that happened. */
  clear(): void {
    this.#heads?.clear();
    for (const region of this.regions()) this.#file(region).clear();
    this.#files.clear();
  }

  close(): void {
    for (const file of this.#files.values()) file.close();
    this.#files.clear();
  }

  #file(region: string): LineFile {
    const known = this.#files.get(region) ?? new LineFile(join(this.#folder, `${region}${SUFFIX}`));
    this.#files.set(region, known);
    return known;
  }
}
