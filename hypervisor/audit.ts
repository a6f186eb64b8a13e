import { hash } from "node:crypto";
import type { Run } from "./extents.ts";
import { type FaultCode, HypervisorFault } from "./fault.ts";

type AuditEvent =
  | "power-lost"
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
  | "condemned"
  | "retired"
  | "volume-created"
  | "volume-attached"
  | "volume-detached"
  | "volume-deleted"
  | "volume-resized"
  | "snapshot-created"
  | "snapshot-deleted"
  | "key-destroyed"
  | "fault";

/** What is written down about one event. Metadata only: nothing here depends on a byte of a guest. */
export interface AuditEntry {
  readonly event: AuditEvent;
  readonly host?: string | undefined;
  readonly instance?: string | undefined;
  readonly account?: string | undefined;
  readonly volume?: string | undefined;
  /** Why: `stop`, `terminate`, …; for a fault, what happened. */
  readonly reason?: string | undefined;
  /** The generation of the mapping that this is about; grows with each allocation and release on a host. */
  readonly generation?: number | undefined;
  /** How many frames, and which. */
  readonly frames?: number | undefined;
  readonly runs?: readonly Run[] | undefined;
  /** Bytes of pages or blocks that had been written, and bytes that were set to zero. */
  readonly bytesDirty?: number | undefined;
  readonly bytesZeroed?: number | undefined;
  /** Every byte was compared with zero afterwards. */
  readonly verified?: boolean | undefined;
  /** When what ends here began, in ms: the release of the frames that are now scrubbed. */
  readonly since?: number | undefined;
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

/** What these events say is the end of something that was written to: how much of it, and that it is zero. */
const CERTIFYING: ReadonlySet<string> = new Set<AuditEvent>([
  "scrubbed",
  "rebooted",
  "store-erased",
  "image-erased",
  "volume-deleted",
  "snapshot-deleted",
]);

/** Whether a record certifies that memory, a disk or an image was set to zero. */
export const isCertificate = ({ event }: AuditRecord): boolean => CERTIFYING.has(event);

/** Whether a record is about this frame of this host. */
export const isOfFrame = (record: AuditRecord, host: string, frame: number): boolean =>
  record.host === host &&
  record.runs?.some(({ start, count }) => start <= frame && frame < start + count) === true;

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
  /** The last record of that run that disks have followed: what later ones say of disks, its end undid. */
  readonly kept?: number;
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
    const before = this.#head;
    const record = unsigned(entry, before, this.#clock());
    record.hash = digest(record);
    this.#head = record;
    this.#records.push(record);
    try {
      this.#sink?.(record);
    } catch (error) {
      // What cannot be kept is no record, and the next one follows on the last that was.
      this.#head = before;
      this.#records.pop();
      throw error;
    }
    if (this.#records.length >= 2 * this.#keep) {
      const dropped = this.#records.splice(0, this.#records.length - this.#keep);
      this.#anchor = dropped.at(-1) ?? this.#anchor;
    }
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
    return this.#records.filter((record) => isOfFrame(record, host, frame));
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

/**
 * Checks records that follow on `anchor`: numbered without a gap, linked, and each with the hash of its content.
 * Undefined stands for what was found in the place of a record and is none.
 */
export function verifyChain(records: Iterable<AuditRecord | undefined>, anchor: Anchor = GENESIS): Verdict {
  let head = anchor;
  let count = 0;
  for (const record of records) {
    if (record === undefined) return { intact: false, seq: head.seq + 1, reason: "content" };
    if (record.seq !== head.seq + 1) return { intact: false, seq: head.seq + 1, reason: "gap" };
    if (record.previous !== head.hash) return { intact: false, seq: record.seq, reason: "link" };
    if (record.hash !== digest(record)) return { intact: false, seq: record.seq, reason: "content" };
    head = record;
    count++;
  }
  return { intact: true, records: count, head: { seq: head.seq, hash: head.hash } };
}

/** What members a record can have; what others it had, its hash would not be over. */
const MEMBERS: ReadonlySet<string> = new Set<keyof AuditRecord>([
  "event",
  "host",
  "instance",
  "account",
  "volume",
  "reason",
  "generation",
  "frames",
  "runs",
  "bytesDirty",
  "bytesZeroed",
  "verified",
  "since",
  "seq",
  "at",
  "previous",
  "hash",
]);

/** A record from the JSON that it was kept as; undefined if that is none, as it may have been changed there. */
export function parseRecord(text: string): AuditRecord | undefined {
  let record: Partial<AuditRecord> | null;
  try {
    record = JSON.parse(text) as Partial<AuditRecord> | null;
  } catch {
    return undefined;
  }
  if (typeof record !== "object" || record === null) return undefined;
  if (!Object.keys(record).every((name) => MEMBERS.has(name))) return undefined;
  const { runs } = record;
  const isWhole =
    runs === undefined ||
    (Array.isArray(runs) && runs.every((run) => typeof run === "object" && run !== null));
  return isWhole ? (record as AuditRecord) : undefined;
}

/**
 * All records have all members, in one order, be they undefined: to the engine they are of one kind then, where copies of
 * entries would each be of their own, which costs more time and memory than the members do.
 */
function unsigned(entry: AuditEntry, head: Anchor, at: number): AuditRecord & { hash: string } {
  return {
    seq: head.seq + 1,
    at,
    event: entry.event,
    host: entry.host,
    instance: entry.instance,
    account: entry.account,
    volume: entry.volume,
    reason: entry.reason,
    generation: entry.generation,
    frames: entry.frames,
    runs: entry.runs,
    bytesDirty: entry.bytesDirty,
    bytesZeroed: entry.bytesZeroed,
    verified: entry.verified,
    since: entry.since,
    previous: head.hash,
    hash: "",
  };
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
