import type { Audit, AuditRecord } from "./audit.ts";
import { type Extent, type Run, show, total } from "./extents.ts";
import { type Census, FREE, Frames, type FrameStatus, OFFLINE } from "./frames.ts";
import { GuestMap, type Translation } from "./guestmap.ts";
import type { Pages } from "./pages.ts";
import { pieces } from "./pieces.ts";
import { PAGE } from "./slabs.ts";

/** Why an instance gave its frames back. */
export type ReleaseReason = "stop" | "hibernate" | "terminate" | "failed-launch" | "host-failure" | "unplug";

/** Frames that an instance had, on their way to being zero. */
export interface Release {
  readonly instance: string;
  readonly account: string;
  readonly reason: ReleaseReason;
  readonly generation: number;
  readonly frames: number;
  readonly runs: readonly Run[];
  /** ms. */
  readonly at: number;
}

/** The most bytes that one access reads or writes. */
export const ACCESS_LIMIT = 64 * 1024 * 1024;

/** What bytes of released frames are overwritten with at once, if that is asked for: nobody takes them for data. */
const POISON = 0xdb;

export interface MemoryOptions {
  /** How many NUMA nodes there are: one for each socket. */
  readonly nodes?: number;
  /** Compares all that a new owner could ever read with zero at each allocation, not only at each scrub. */
  readonly verifyOnAllocate?: boolean;
  /** Overwrites released frames with a pattern before their scrub begins, so that what is read too late is seen. */
  readonly poisonOnFree?: boolean;
}

/**
 * The memory of one host: frames of 4 KiB that go free → allocated → dirty → scrubbing → free, and the mapping of each
 * instance onto its frames. Free frames are zero; the way back into the free ones leads through a scrub (I3, I4, T2).
 */
export class Memory {
  readonly host: string;
  readonly pages: Pages;
  readonly #audit: Audit;
  readonly #options: MemoryOptions;
  readonly #frames: Frames;
  readonly #maps = new Map<string, GuestMap>();
  /** Frames that are to go as soon as nobody has them and they are zero. */
  readonly #condemned = new Set<number>();
  #generation = 0;

  /** A host with this many frames for guests, all free; `pages` must reach to `HYPERVISOR_FRAMES + frames`. */
  constructor(host: string, frames: number, pages: Pages, audit: Audit, options: MemoryOptions = {}) {
    this.host = host;
    this.pages = pages;
    this.#audit = audit;
    this.#options = options;
    this.#frames = new Frames(host, frames, options.nodes ?? 1, audit);
  }

  census(): Census {
    return this.#frames.census();
  }

  get free(): number {
    return this.#frames.free;
  }

  /** How many frames are broken, be they offline or still somebody's. */
  get broken(): number {
    return this.census().offline + this.#condemned.size;
  }

  /** Each NUMA node: its frames, and how many of them are in each state. */
  nodes(): ReturnType<Frames["nodes"]> {
    return this.#frames.nodes();
  }

  /** The state of all frames, in order. */
  extents(): Iterable<Extent<FrameStatus>> {
    return this.#frames;
  }

  /** The state of one frame; undefined if it is the hypervisor's, or there is none. */
  statusOf(frame: number): FrameStatus | undefined {
    return this.#frames.at(frame);
  }

  /** The mapping of an instance that has frames here. */
  map(instance: string): GuestMap | undefined {
    return this.#maps.get(instance);
  }

  /** All or nothing (T9): the frames are the instance's, mapped from its page 0 on, or undefined if not enough are free. */
  allocate(instance: string, account: string, frames: number): GuestMap | undefined {
    if (this.#maps.has(instance))
      throw this.#fault("twice-placed", `${instance} has frames already`, instance);
    const runs = this.#frames.find(frames);
    if (runs === undefined) return undefined;
    for (const run of runs) this.#assertZero(run, instance);
    if (this.#options.verifyOnAllocate === true && !this.pages.supplyIsZero()) {
      throw this.#fault("unclean-frame", "memory to be handed out is not zero", instance);
    }

    const map = new GuestMap(instance, account, ++this.#generation, runs);
    const status: FrameStatus = { state: "allocated", instance };
    for (const run of runs) this.#frames.move(run, FREE, status);
    this.#maps.set(instance, map);
    const { host } = this;
    const { generation } = map;
    this.#audit.append({ event: "allocated", host, instance, account, generation, frames, runs });
    return map;
  }

  /**
   * Takes the frames from an instance: first its mapping goes, so that translations still around fault (T3), then the
   * frames are dirty. They come back only through {@link beginScrub} and {@link finishScrub}.
   */
  release(instance: string, reason: ReleaseReason): Release {
    const map = this.#mapOf(instance);
    this.#maps.delete(instance);
    this.#generation++;
    return this.#taken(map, map.runs, reason);
  }

  /**
   * Takes the last `pages` guest pages from an instance that lives on, as a balloon or a hot-unplug does (T13). The rest
   * keeps its frames under a new generation: translations made before fault, whichever page they are for.
   */
  unplug(instance: string, pages: number): Release {
    const map = this.#mapOf(instance);
    const { host } = this;
    const { account } = map;
    if (!Number.isSafeInteger(pages) || pages < 1 || pages >= map.pages) {
      throw this.#fault("bad-request", `${pages} pages of ${map.pages}`, instance);
    }
    const [kept, taken] = map.cut(map.pages - pages);
    const rest = new GuestMap(instance, account, ++this.#generation, kept);
    this.#maps.set(instance, rest);
    const release = this.#taken(map, taken, "unplug");
    const { generation } = rest;
    this.#audit.append({
      event: "remapped",
      host,
      instance,
      account,
      generation,
      frames: rest.pages,
      runs: kept,
    });
    return release;
  }

  /** Zeroes all memory of an instance and leaves it the same frames (T5). */
  reboot(instance: string): AuditRecord {
    const { host } = this;
    const { account, generation, runs, pages: frames } = this.#mapOf(instance);
    let bytesZeroed = 0;
    for (const run of runs) {
      for (const span of this.pages.spans(run)) {
        this.pages.zero(span, 0, span.bytes.length);
        bytesZeroed += span.bytes.length;
        if (!this.pages.discard(span)) {
          throw this.#fault("scrub-failed", `${show(span)} are not zero`, instance);
        }
      }
    }
    const evidence = { frames, bytesDirty: bytesZeroed, bytesZeroed, verified: true };
    return this.#audit.append({ event: "rebooted", host, instance, account, generation, ...evidence });
  }

  /** dirty → scrubbing, of frames that this instance had. */
  beginScrub(run: Run, instance: string): void {
    this.#frames.move(run, { state: "dirty", instance }, { state: "scrubbing", instance });
  }

  /** scrubbing → dirty: an interrupted scrub counts for nothing (T4). */
  abortScrub(run: Run, instance: string): void {
    this.#frames.move(run, { state: "scrubbing", instance }, { state: "dirty", instance });
  }

  /** scrubbing → free, if there really is nothing left in these frames; of those that are condemned, → offline. */
  finishScrub(run: Run, instance: string): void {
    this.#assertZero(run, instance);
    this.#frames.move(run, { state: "scrubbing", instance }, FREE);
    for (const frame of this.#condemned) {
      if (run.start <= frame && frame < run.start + run.count) this.#remove(frame);
    }
  }

  /**
   * The error correction gives a frame up: nobody gets it any more. Whoever has it keeps it until it is released; then it
   * is scrubbed like any other, and goes offline.
   *
   * @returns the instance that has it now
   * @throws {HypervisorFault} bad-address: it is no guest's frame
   */
  condemn(frame: number): string | undefined {
    const status = this.#frames.at(frame);
    if (status === undefined) throw this.#fault("bad-address", `no guest's frame ${frame}`);
    if (status.state === "offline" || this.#condemned.has(frame)) return undefined;
    this.#condemned.add(frame);
    this.#audit.append({
      event: "condemned",
      host: this.host,
      frames: 1,
      runs: [{ start: frame, count: 1 }],
    });
    if (status.state === "free") this.#remove(frame);
    return status.state === "allocated" ? status.instance : undefined;
  }

  /** scrubbing → offline: frames that could not be zeroed serve nobody any more. */
  retire(run: Run, instance: string): void {
    this.#frames.move(run, { state: "scrubbing", instance }, OFFLINE);
    this.#audit.append({ event: "retired", host: this.host, instance, frames: run.count, runs: [run] });
  }

  /** Where a guest page is now. Faults beyond the instance's memory. */
  translate(instance: string, guestPage: number): Translation {
    const map = this.#mapOf(instance);
    const frame = map.frameOf(guestPage);
    if (frame === undefined) throw this.#fault("bad-address", `no guest page ${guestPage}`, instance);
    return { instance, guestPage, frame, generation: map.generation };
  }

  /** Copies from a page through a translation; faults if it is stale. */
  load(translation: Translation, offset: number, target: Uint8Array): void {
    this.#assertFresh(translation);
    this.pages.read(translation.frame, offset, target);
  }

  /** Copies to a page through a translation; faults if it is stale. */
  store(translation: Translation, offset: number, bytes: Uint8Array): void {
    this.#assertFresh(translation);
    this.pages.write(translation.frame, offset, bytes);
  }

  /** Reads as the instance does, from a guest-physical address in bytes. The answer is a copy. */
  read(instance: string, address: number, length: number): Uint8Array {
    this.#assertAccess(instance, address, length);
    const bytes = new Uint8Array(length);
    for (const { index, start, from, to } of pieces(address, length, PAGE)) {
      this.load(this.translate(instance, index), start, bytes.subarray(from, to));
    }
    return bytes;
  }

  /** Writes as the instance does. Nothing is written if any part lies beyond its memory. */
  write(instance: string, address: number, bytes: Uint8Array): void {
    this.#assertAccess(instance, address, bytes.length);
    for (const { index, start, from, to } of pieces(address, bytes.length, PAGE)) {
      this.store(this.translate(instance, index), start, bytes.subarray(from, to));
    }
  }

  /** The pages of an instance that were written, and the memory itself that holds each: for its hibernation alone. */
  *written(instance: string): Generator<{ readonly page: number; readonly bytes: Uint8Array }> {
    for (const { guest, frame, count } of this.#mapOf(instance).mappings) {
      for (const { start, bytes } of this.pages.spans({ start: frame, count })) {
        for (let at = 0; at < bytes.length; at += PAGE) {
          yield { page: guest + (start - frame) + at / PAGE, bytes: bytes.subarray(at, at + PAGE) };
        }
      }
    }
  }

  /** Frames that no mapping leads to any more become dirty. */
  #taken({ instance, account, generation }: GuestMap, runs: readonly Run[], reason: ReleaseReason): Release {
    const { host } = this;
    const frames = total(runs);
    this.#audit.append({ event: "unmapped", host, instance, account, generation, frames });
    const status: FrameStatus = { state: "dirty", instance };
    for (const run of runs) {
      this.#frames.move(run, { state: "allocated", instance }, status);
      if (this.#options.poisonOnFree === true) {
        for (const { bytes } of this.pages.spans(run)) bytes.fill(POISON);
      }
    }
    const about = { host, instance, account, reason, generation, frames, runs };
    const { at } = this.#audit.append({ event: "released", ...about });
    return { instance, account, reason, generation, frames, runs, at };
  }

  /** free → offline, of a frame that is condemned. */
  #remove(frame: number): void {
    this.#condemned.delete(frame);
    const run = { start: frame, count: 1 };
    this.#frames.move(run, FREE, OFFLINE);
    this.#audit.append({ event: "retired", host: this.host, frames: 1, runs: [run] });
  }

  #mapOf(instance: string): GuestMap {
    const map = this.#maps.get(instance);
    if (map === undefined)
      throw this.#fault("unknown-instance", `${instance} has no memory on this host`, instance);
    return map;
  }

  /** A free frame has no written page at all: see {@link Pages.discard}. */
  #assertZero(run: Run, instance: string): void {
    const span = this.pages.span(run.start, run.start + run.count);
    if (span) throw this.#fault("unclean-frame", `frames ${show(span)} still hold pages`, instance);
  }

  #assertFresh({ instance, frame, generation }: Translation): void {
    if (this.#maps.get(instance)?.generation === generation) return;
    throw this.#fault("stale-translation", `generation ${generation} of frame ${frame} is over`, instance);
  }

  #assertAccess(instance: string, address: number, length: number): void {
    const { pages } = this.#mapOf(instance);
    if (length > ACCESS_LIMIT) throw this.#fault("access-too-large", `${length} bytes at once`, instance);
    const whole = Number.isSafeInteger(address) && Number.isSafeInteger(length);
    if (whole && address >= 0 && length >= 0 && address + length <= pages * PAGE) return;
    throw this.#fault("bad-address", `${length} bytes at ${address} of ${pages * PAGE}`, instance);
  }

  #fault(code: Parameters<Audit["fault"]>[0], message: string, instance?: string) {
    const about = instance === undefined ? { host: this.host } : { host: this.host, instance };
    return this.#audit.fault(code, message, about);
  }
}
