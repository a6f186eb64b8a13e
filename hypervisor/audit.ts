import { hash } from "node:crypto";
import type { Run } from "./extents.ts";
import { type FaultCode, HypervisorFault } from "./fault.ts";

type AuditEvent =
  | "host-racked"
  | "host-removed"
  | "host-failed"
  | "host-repaired"
  | "host-retired"
  | "allocated"
  | "unmapped"
  | "remapped"
  | "released"
  | "scrubbed"
  | "scrub-interrupted"
  | "rebooted"
  | "store-erased"
  | "image-saved"
  | "image-loaded"
  | "image-erased"
  | "reserved"
  | "unreserved"
  | "retired"
  | "volume-created"
  | "volume-deleted"
  | "volume-resized"
  | "snapshot-created"
  | "snapshot-deleted"
  | "key-destroyed"
  | "fault";

/** What is written down about one event. Metadata only: nothing here depends on a byte of a guest. */
export interface AuditEntry {
  readonly event: AuditEvent;
  readonly host?: string;
  readonly instance?: string;
  readonly account?: string;
  readonly volume?: string;
  /** Why: `stop`, `terminate`, …; for a fault, what happened. */
  readonly reason?: string;
  /** The generation of the mapping that this is about; grows with each allocation and release on a host. */
  readonly generation?: number;
  /** How many frames, and which. */
  readonly frames?: number;
  readonly runs?: readonly Run[];
  /** Bytes of pages or blocks that had been written, and bytes that were set to zero. */
  readonly bytesDirty?: number;
  readonly bytesZeroed?: number;
  /** Every byte was compared with zero afterwards. */
  readonly verified?: boolean;
  /** When what ends here began, in ms: the release of the frames that are now scrubbed. */
  readonly since?: number;
}

/** One link of the chain: `hash` is over all its members and `previous`, the hash of the record before. */
export interface AuditRecord extends AuditEntry {
  readonly seq: number;
  /** ms, by the clock handed in. */
  readonly at: number;
  readonly previous: string;
  readonly hash: string;
}

/** Where a chain begins: the sequence number and hash of the record before its first. */
export interface Anchor {
  readonly seq: number;
  readonly hash: string;
}

export type Verdict =
  | { readonly intact: true; readonly records: number; readonly head: Anchor }
  | { readonly intact: false; readonly seq: number; readonly reason: "gap" | "link" | "content" };

export const GENESIS: Anchor = { seq: 0, hash: "0".repeat(64) };

export interface AuditOptions {
  /** ms. */
  readonly clock: () => number;
  /** The newest records to keep in memory (at most twice as many are held); older ones only a sink has. */
  readonly keep?: number;
  /** Receives each record, in order, to keep it for good. */
  readonly sink?: (record: AuditRecord) => void;
  /** Where an earlier run's chain ended, to go on from there. */
  readonly anchor?: Anchor;
}

/**
 * What happened on the hosts, append-only, each record chained to the one before by SHA-256: nothing can be changed or
 * taken out later without `verify` seeing it. One record per operation and its runs, never one per frame.
 */
export class Audit {
  readonly #clock: () => number;
  readonly #keep: number;
  readonly #sink: ((record: AuditRecord) => void) | undefined;
  #anchor: Anchor;
  #head: Anchor;
  #records: AuditRecord[] = [];

  constructor({ clock, keep = 20_000, sink, anchor = GENESIS }: AuditOptions) {
    this.#clock = clock;
    this.#keep = keep;
    this.#sink = sink;
    this.#anchor = anchor;
    this.#head = anchor;
  }

  append(entry: AuditEntry): AuditRecord {
    const unsigned = { ...entry, seq: this.#head.seq + 1, at: this.#clock(), previous: this.#head.hash };
    const record = { ...unsigned, hash: digest(unsigned) };
    this.#head = record;
    this.#records.push(record);
    if (this.#records.length >= 2 * this.#keep) {
      const dropped = this.#records.splice(0, this.#records.length - this.#keep);
      this.#anchor = dropped.at(-1) ?? this.#anchor;
    }
    this.#sink?.(record);
    return record;
  }

  /** Writes a fault down and returns it, to be thrown. */
  fault(code: FaultCode, message: string, about: Omit<AuditEntry, "event" | "reason"> = {}): HypervisorFault {
    this.append({ ...about, event: "fault", reason: `${code}: ${message}` });
    return new HypervisorFault(code, message);
  }

  /** ms, the clock that the records show. */
  now(): number {
    return this.#clock();
  }

  /** The last record's number and hash. Noted elsewhere, it proves later that nothing before it was changed. */
  get head(): Anchor {
    return { seq: this.#head.seq, hash: this.#head.hash };
  }

  /** The records still in memory, oldest first, from sequence number `from` on. */
  records(from = 0): readonly AuditRecord[] {
    return this.#records.slice(Math.max(0, from - this.#anchor.seq - 1));
  }

  /** The certificates for the releases of an instance: what it had, how much of it was written, and that it is zero. */
  certificates(instance: string): readonly AuditRecord[] {
    return this.#records.filter((record) => record.event === "scrubbed" && record.instance === instance);
  }

  /** What happened to one frame of a host, as far as records are still in memory. */
  history(host: string, frame: number): readonly AuditRecord[] {
    const isOfFrame = ({ start, count }: Run) => start <= frame && frame < start + count;
    return this.#records.filter((record) => record.host === host && record.runs?.some(isOfFrame));
  }

  /** Checks the records still in memory. */
  verify(): Verdict {
    const verdict = verifyChain(this.#records, this.#anchor);
    // Cutting off the end leaves a chain that is sound in itself.
    if (verdict.intact && verdict.head.hash !== this.#head.hash) {
      return { intact: false, seq: this.#head.seq, reason: "gap" };
    }
    return verdict;
  }
}

/** Checks records that follow on `anchor`: numbered without a gap, linked, and each with the hash of its content. */
export function verifyChain(records: Iterable<AuditRecord>, anchor: Anchor = GENESIS): Verdict {
  let head = anchor;
  let count = 0;
  for (const record of records) {
    if (record.seq !== head.seq + 1) return { intact: false, seq: head.seq + 1, reason: "gap" };
    if (record.previous !== head.hash) return { intact: false, seq: record.seq, reason: "link" };
    if (record.hash !== digest(record)) return { intact: false, seq: record.seq, reason: "content" };
    head = record;
    count++;
  }
  return { intact: true, records: count, head: { seq: head.seq, hash: head.hash } };
}

/** The order of the members is part of the format: changing it breaks every chain that was kept. */
function digest(record: Omit<AuditRecord, "hash">): string {
  const content = [
    record.previous,
    record.seq,
    record.at,
    record.event,
    record.host,
    record.instance,
    record.account,
    record.volume,
    record.reason,
    record.generation,
    record.frames,
    record.runs?.flatMap(({ start, count }) => [start, count]),
    record.bytesDirty,
    record.bytesZeroed,
    record.verified,
    record.since,
  ];
  return hash("sha256", JSON.stringify(content), "hex");
}
