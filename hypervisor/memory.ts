import type { Audit, AuditRecord } from "./audit.ts";
import { type Extent, Extents, type Run, show, total } from "./extents.ts";
import { GuestMap, type Translation } from "./guestmap.ts";
import type { Pages } from "./pages.ts";
import { PAGE } from "./slabs.ts";

export type FrameState = "free" | "allocated" | "dirty" | "scrubbing" | "offline";

/** The state of frames and, where somebody had or has them, of whom. */
export type FrameStatus =
  | { readonly state: "free" | "offline" }
  | { readonly state: "allocated" | "dirty" | "scrubbing"; readonly instance: string };

/** Why an instance gave its frames back. */
export type ReleaseReason = "stop" | "terminate" | "failed-launch" | "host-failure";

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

/** How many frames are in each state. */
export type Census = Readonly<Record<FrameState, number>>;

/** Frames 0 … 4095 are the hypervisor's own: no guest page is ever mapped to them (I8). */
export const HYPERVISOR_FRAMES = 4096;

/** The most bytes that one access reads or writes. */
export const ACCESS_LIMIT = 64 * 1024 * 1024;

const FREE: FrameStatus = { state: "free" };
const OFFLINE: FrameStatus = { state: "offline" };

/**
 * The memory of one host: frames of 4 KiB that go free → allocated → dirty → scrubbing → free, and the mapping of each
 * instance onto its frames. Free frames are zero; the way back into the free ones leads through a scrub (I3, I4, T2).
 */
export class Memory {
  readonly host: string;
  readonly pages: Pages;
  readonly #audit: Audit;
  readonly #frames: Extents<FrameStatus>;
  readonly #maps = new Map<string, GuestMap>();
  readonly #census: Record<FrameState, number>;
  #generation = 0;
  /** No frame below this one is free. */
  #lowestFree = HYPERVISOR_FRAMES;

  /** A host with this many frames for guests, all free; `pages` must reach to `HYPERVISOR_FRAMES + frames`. */
  constructor(host: string, frames: number, pages: Pages, audit: Audit) {
    this.host = host;
    this.pages = pages;
    this.#audit = audit;
    this.#frames = new Extents({ start: HYPERVISOR_FRAMES, count: frames }, FREE);
    this.#census = { free: frames, allocated: 0, dirty: 0, scrubbing: 0, offline: 0 };
  }

  census(): Census {
    return { ...this.#census };
  }

  get free(): number {
    return this.#census.free;
  }

  /** The state of all frames, in order. */
  extents(): Iterable<Extent<FrameStatus>> {
    return this.#frames;
  }

  /** The mapping of an instance that has frames here. */
  map(instance: string): GuestMap | undefined {
    return this.#maps.get(instance);
  }

  /** All or nothing (T9): the frames are the instance's, mapped from its page 0 on, or undefined if not enough are free. */
  allocate(instance: string, account: string, frames: number): GuestMap | undefined {
    if (this.#maps.has(instance))
      throw this.#fault("twice-placed", `${instance} has frames already`, instance);
    const runs = this.#freeRuns(frames);
    if (runs === undefined) return undefined;
    for (const run of runs) this.#assertZero(run, instance);

    const map = new GuestMap(instance, account, ++this.#generation, runs);
    const status: FrameStatus = { state: "allocated", instance };
    for (const run of runs) this.#move(run, FREE, status);
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
    const { host } = this;
    const { account, generation, runs, pages: frames } = this.#mapOf(instance);
    this.#maps.delete(instance);
    this.#generation++;
    this.#audit.append({ event: "unmapped", host, instance, account, generation, frames });

    const status: FrameStatus = { state: "dirty", instance };
    for (const run of runs) this.#move(run, { state: "allocated", instance }, status);
    const { at } = this.#audit.append({
      event: "released",
      host,
      instance,
      account,
      reason,
      generation,
      frames,
      runs,
    });
    return { instance, account, reason, generation, frames, runs, at };
  }

  /** Zeroes all memory of an instance and leaves it the same frames (T5). */
  reboot(instance: string): AuditRecord {
    const { host } = this;
    const { account, generation, runs, pages: frames } = this.#mapOf(instance);
    let bytesZeroed = 0;
    for (const { start, count } of runs) {
      const end = start + count;
      for (
        let span = this.pages.span(start, end);
        span;
        span = this.pages.span(span.start + span.count, end)
      ) {
        span.bytes.fill(0);
        bytesZeroed += span.bytes.length;
        if (!this.pages.discard(span))
          throw this.#fault("scrub-failed", `${show(span)} are not zero`, instance);
      }
    }
    const evidence = { frames, bytesDirty: bytesZeroed, bytesZeroed, verified: true };
    return this.#audit.append({ event: "rebooted", host, instance, account, generation, ...evidence });
  }

  /** dirty → scrubbing, of frames that this instance had. */
  beginScrub(run: Run, instance: string): void {
    this.#move(run, { state: "dirty", instance }, { state: "scrubbing", instance });
  }

  /** scrubbing → dirty: an interrupted scrub counts for nothing (T4). */
  abortScrub(run: Run, instance: string): void {
    this.#move(run, { state: "scrubbing", instance }, { state: "dirty", instance });
  }

  /** scrubbing → free, if there really is nothing left in these frames. */
  finishScrub(run: Run, instance: string): void {
    this.#assertZero(run, instance);
    this.#move(run, { state: "scrubbing", instance }, FREE);
    this.#lowestFree = Math.min(this.#lowestFree, run.start);
  }

  /** scrubbing → offline: frames that could not be zeroed serve nobody any more. */
  retire(run: Run, instance: string): void {
    this.#move(run, { state: "scrubbing", instance }, OFFLINE);
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
    for (const { page, offset, from, to } of pieces(address, length)) {
      this.load(this.translate(instance, page), offset, bytes.subarray(from, to));
    }
    return bytes;
  }

  /** Writes as the instance does. Nothing is written if any part lies beyond its memory. */
  write(instance: string, address: number, bytes: Uint8Array): void {
    this.#assertAccess(instance, address, bytes.length);
    for (const { page, offset, from, to } of pieces(address, bytes.length)) {
      this.store(this.translate(instance, page), offset, bytes.subarray(from, to));
    }
  }

  /** Free runs of so many frames together: one that is long enough, or else the lowest ones; undefined if too few. */
  #freeRuns(frames: number): readonly Run[] | undefined {
    if (frames > this.#census.free) return undefined;
    const gathered: Run[] = [];
    let missing = frames;
    let lowest: number | undefined;
    for (const { start, count, value } of this.#frames.from(this.#lowestFree)) {
      if (value.state !== "free") continue;
      lowest ??= start;
      if (count >= frames) {
        this.#lowestFree = start === lowest ? start + frames : lowest;
        return [{ start, count: frames }];
      }
      if (missing === 0) continue;
      const taken = Math.min(count, missing);
      gathered.push({ start, count: taken });
      missing -= taken;
    }
    this.#lowestFree = lowest ?? this.#lowestFree;
    return missing === 0 ? gathered : undefined;
  }

  /** The one place where frames change state: all of the run must be in the state they come from, and of that instance. */
  #move(run: Run, from: FrameStatus, to: FrameStatus): void {
    const extents = this.#frames.within(run);
    if (run.count < 1 || total(extents) !== run.count) {
      throw this.#fault("illegal-transition", `frames ${show(run)} are not all guests' frames of this host`);
    }
    for (const { value } of extents) {
      if (value.state !== from.state) {
        throw this.#fault("illegal-transition", `frames ${show(run)}: ${value.state} → ${to.state}`);
      }
      if (instanceOf(value) !== instanceOf(from)) {
        throw this.#fault("not-owner", `frames ${show(run)} are not all its own`, instanceOf(from));
      }
    }
    this.#census[from.state] -= run.count;
    this.#census[to.state] += run.count;
    this.#frames.set(run, to);
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

function instanceOf(status: FrameStatus): string | undefined {
  return "instance" in status ? status.instance : undefined;
}

/** An access cut at the borders of pages: bytes from … to of it lie at `offset` of guest page `page`. */
function* pieces(address: number, length: number) {
  for (let from = 0; from < length;) {
    const offset = (address + from) % PAGE;
    const to = Math.min(length, from + PAGE - offset);
    yield { page: Math.floor((address + from) / PAGE), offset, from, to };
    from = to;
  }
}
