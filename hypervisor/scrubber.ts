import type { Audit, AuditRecord } from "./audit.ts";
import { type Run, show } from "./extents.ts";
import type { Memory, Release } from "./memory.ts";
import { PAGE } from "./slabs.ts";

/**
 * When released frames are zeroed. `eager`: before the release is over, as "AWS: Overview of Security Processes" says
 * ("not returned to the pool … until the memory scrubbing is complete"). `idle`: by steps that a timer asks for; until
 * then the frames serve nobody. `on-demand`: by a timer, too, and at the latest when a launch needs them, as Xen does.
 */
export type ScrubMode = "eager" | "idle" | "on-demand";

/** One release on its way to being zero. */
interface Scrub {
  readonly release: Release;
  /** What becomes free in the end: the release's runs without the frames that turned out to be broken. */
  readonly runs: Run[];
  /** How far this is: the run, the frame in it, and the bytes done of the written span there; undefined if not begun. */
  cursor: { index: number; frame: number; offset: number } | undefined;
  bytesDirty: number;
  bytesZeroed: number;
  verified: boolean;
}

/** What a step did: the certificates of the releases that are complete now, and how many bytes it set to zero. */
export interface ScrubStep {
  readonly certificates: readonly AuditRecord[];
  readonly zeroed: number;
}

/**
 * Sets released frames to zero, compares every byte of what was written with zero, and only when all of a release is done
 * returns its frames to the free ones, with a certificate. Works in steps and can be interrupted at any byte; frames of an
 * interrupted scrub are as dirty as before (T4).
 */
export class Scrubber {
  readonly #memory: Memory;
  readonly #audit: Audit;
  readonly #queue: Scrub[] = [];

  constructor(memory: Memory, audit: Audit) {
    this.#memory = memory;
    this.#audit = audit;
  }

  /** Whether there is anything left to do. */
  get pending(): boolean {
    return this.#queue.length > 0;
  }

  /** Takes charge of frames that are dirty. */
  add(release: Release): void {
    const runs = [...release.runs];
    this.#queue.push({ release, runs, cursor: undefined, bytesDirty: 0, bytesZeroed: 0, verified: true });
  }

  /** Goes on until all is done; the certificates of the releases that are complete now. */
  drain(): readonly AuditRecord[] {
    return this.step(Number.MAX_SAFE_INTEGER).certificates;
  }

  /** Zeroes at most `budget` bytes. Frames that nobody wrote to cost nothing of it. */
  step(budget: number): ScrubStep {
    const certificates: AuditRecord[] = [];
    let left = budget;
    for (let scrub = this.#queue[0]; scrub; scrub = this.#queue[0]) {
      const zeroed = this.#zero(scrub, left);
      if (zeroed === undefined) return { certificates, zeroed: budget };
      left -= zeroed;
      this.#queue.shift();
      certificates.push(this.#finish(scrub));
    }
    return { certificates, zeroed: budget - left };
  }

  /** Goes on until so many frames are free, or nothing is left to do. */
  supply(frames: number): void {
    while (this.pending && this.#memory.free < frames) this.step(PAGE * 1024);
  }

  /** Stops in the midst of it, as a crash of the scrubber or a power cut would: what was under way is dirty again, all of it. */
  interrupt(): void {
    const scrub = this.#queue[0];
    if (!scrub?.cursor) return;
    scrub.cursor = undefined;
    const { instance, account, generation } = scrub.release;
    for (const run of scrub.runs) this.#memory.abortScrub(run, instance);
    const { host } = this.#memory;
    const { runs } = scrub;
    this.#audit.append({ event: "scrub-interrupted", host, instance, account, generation, runs: [...runs] });
  }

  /** Zeroes on until all of a release is zero: how many bytes that took; undefined if the budget did not suffice. */
  #zero(scrub: Scrub, budget: number): number | undefined {
    const { pages } = this.#memory;
    const cursor = scrub.cursor ?? this.#begin(scrub);
    let left = budget;
    for (let run = scrub.runs[cursor.index]; run; run = scrub.runs[cursor.index]) {
      const span = pages.span(Math.max(cursor.frame, run.start), run.start + run.count);
      if (span === undefined) {
        cursor.index++;
        cursor.frame = 0;
        continue;
      }
      const until = Math.min(span.bytes.length, cursor.offset + left);
      pages.zero(span, cursor.offset, until);
      scrub.bytesZeroed += until - cursor.offset;
      left -= until - cursor.offset;
      cursor.frame = span.start;
      cursor.offset = until;
      if (until < span.bytes.length) return undefined;
      cursor.offset = 0;
      scrub.bytesDirty += span.bytes.length;
      if (!pages.discard(span)) this.#giveUp(scrub, cursor.index, span);
    }
    return budget - left;
  }

  #begin(scrub: Scrub): { index: number; frame: number; offset: number } {
    for (const run of scrub.runs) this.#memory.beginScrub(run, scrub.release.instance);
    scrub.cursor = { index: 0, frame: 0, offset: 0 };
    return scrub.cursor;
  }

  /** Frames that do not become zero are broken: they serve nobody any more. */
  #giveUp(scrub: Scrub, index: number, { start, count }: Run): void {
    const { instance } = scrub.release;
    const { host } = this.#memory;
    const broken = { start, count };
    this.#audit.fault("scrub-failed", `frames ${show(broken)} are not zero after a scrub`, {
      host,
      instance,
    });
    this.#memory.retire(broken, instance);
    scrub.verified = false;
    const run = scrub.runs[index];
    if (run === undefined) return;
    const end = start + count;
    const rest = [
      { start: run.start, count: start - run.start },
      { start: end, count: run.start + run.count - end },
    ];
    scrub.runs.splice(index, 1, ...rest.filter((part) => part.count > 0));
  }

  #finish({ release, runs, bytesDirty, bytesZeroed, verified }: Scrub): AuditRecord {
    const { at: since, ...about } = release;
    const { host } = this.#memory;
    for (const run of runs) this.#memory.finishScrub(run, release.instance);
    return this.#audit.append({
      event: "scrubbed",
      host,
      ...about,
      bytesDirty,
      bytesZeroed,
      verified,
      since,
    });
  }
}
