import { createHash } from "node:crypto";
import type { AuditRecord } from "../../hypervisor/audit.ts";
import { BLOCK, type BlockStore } from "../../hypervisor/disks.ts";
import { Fleet } from "../../hypervisor/fleet.ts";
import type { FrameState } from "../../hypervisor/frames.ts";
import { Glass, type Surface } from "../../hypervisor/glass.ts";
import type { GuestMap, Translation } from "../../hypervisor/guestmap.ts";
import type { Host, HostSize } from "../../hypervisor/host.ts";
import type { InstanceStore } from "../../hypervisor/instanceStore.ts";
import type { Media } from "../../hypervisor/media.ts";
import type { ReleaseReason } from "../../hypervisor/memory.ts";
import type { PlaceRequest } from "../../hypervisor/placement.ts";
import type { ScrubMode } from "../../hypervisor/scrubber.ts";
import { PAGE } from "../../hypervisor/slabs.ts";
import { memorySnapshots, type SnapshotStore } from "../../hypervisor/snapshotStore.ts";

export const FRAMES = 64;
const HOSTS = 4;
const TINY: HostSize = {
  sockets: 2,
  coresPerSocket: 2,
  threadsPerCore: 2,
  memoryBytes: FRAMES * PAGE,
  sharing: 1,
  perZone: HOSTS,
  racks: 2,
};
/** The size of local disks and of volumes: neither ends where a sector or a block does. */
export const STORE = 3 * 4096 - 100;
export const VOLUME = BLOCK + 5000;

/** What the model knows of an instance: what it should find, and where it should be. */
export interface Live {
  readonly request: PlaceRequest;
  /** Its memory; shorter once some was unplugged. */
  readonly bytes: Uint8Array;
  readonly written: Set<number>;
  readonly disk: Uint8Array | undefined;
  readonly stores: readonly InstanceStore[];
  readonly host: string;
  readonly map: GuestMap;
}

/** What there was before a step. */
export interface Before {
  readonly views: string;
  readonly seq: number;
  readonly states: ReadonlyMap<string, readonly FrameState[]>;
}

/** What the last step did, for the checks of transitions. */
export type Step =
  | { readonly kind: "nothing" | "volume" | "attached" | "crashed" | "ticked" | "discarded" | "condemned" }
  /** A volume or a snapshot is gone. */
  | { readonly kind: "deleted" }
  /** An instance asked for a volume, and was let to it or not. */
  | { readonly kind: "reached"; readonly instance: string; readonly volume: string; readonly let: boolean }
  | { readonly kind: "placed"; readonly instance: string; readonly before: Before }
  | { readonly kind: "resumed"; readonly instance: string; readonly before: Before }
  /** Another instance asked for the image of `instance`, and got this far. */
  | { readonly kind: "usurped"; readonly usurper: string; readonly refused: boolean }
  | { readonly kind: "refused"; readonly request: PlaceRequest; readonly before: Before }
  | { readonly kind: "written"; readonly instance: string }
  | { readonly kind: "rebooted"; readonly instance: string; readonly before: Before }
  | {
      readonly kind: "released";
      readonly live: Live;
      readonly reason: ReleaseReason;
      readonly before: Before;
    }
  | {
      readonly kind: "unplugged";
      readonly live: Live;
      readonly frames: readonly number[];
      readonly before: Before;
    }
  | { readonly kind: "scrub-step" | "interrupted"; readonly before: Before };

/** The model: what should be true of the fleet. */
export class Model {
  readonly live = new Map<string, Live>();
  readonly ended = new Map<string, Live>();
  /** The memory of hibernated instances. */
  readonly hibernated = new Map<string, Uint8Array>();
  readonly volumes = new Map<string, Uint8Array>();
  readonly snapshots = new Map<string, Uint8Array>();
  /** The keys of the encrypted ones of these. */
  readonly keys = new Map<string, string>();
  /** Volumes that are no more. */
  readonly deleted = new Set<string>();
  /** Which instances each volume is attached to. */
  readonly attached = new Map<string, Set<string>>();
  readonly reservations = new Map<string, number>();
  /** Frames that are broken, as `HOST FRAME`. */
  readonly condemned = new Set<string>();
  readonly stale: { readonly host: string; readonly translation: Translation }[] = [];
  step: Step = { kind: "nothing" };
  count = 0;

  next(prefix: string): string {
    return `${prefix}-${++this.count}`;
  }

  pick(n: number): Live | undefined {
    return nth(this.live.values(), n);
  }
}

export function nth<T>(values: Iterable<T>, n: number): T | undefined {
  const all = [...values];
  return all[n % Math.max(1, all.length)];
}

/** What outlives a crash: blocks of volumes, snapshots, images of hibernated instances. */
export class Stores implements Media, BlockStore {
  readonly chunks = new Map<string, Map<number, Uint8Array>>();

  read(name: string, index: number): Uint8Array | undefined {
    return this.chunks.get(name)?.get(index);
  }
  write(name: string, index: number, bytes: Uint8Array): void {
    const known = this.chunks.get(name) ?? new Map<number, Uint8Array>();
    this.chunks.set(name, known.set(index, bytes));
  }
  written(name: string): Iterable<number> {
    return [...(this.chunks.get(name)?.keys() ?? [])];
  }
  erase(name: string): void {
    this.chunks.delete(name);
  }

  /** The process ends: what was written stays. */
  powerCut(): void {}

  *surfaces(): Generator<Surface> {
    for (const [name, chunks] of this.chunks) {
      for (const [index, bytes] of chunks) yield { where: `${name} ${index}`, bytes };
    }
  }
}

export interface WorldParts {
  readonly mode: ScrubMode;
  readonly verifyOnAllocate?: boolean;
  readonly poisonOnFree?: boolean;
  readonly hosts?: number;
  readonly blocks?: Stores;
  readonly snapshots?: SnapshotStore;
}

/** The real thing: a region of some tiny hosts per family, and what it keeps. */
export class World {
  readonly mode: ScrubMode;
  readonly images = new Stores();
  readonly blocks: Stores;
  readonly snapshots: SnapshotStore;
  /** What the audit kept for good, over all crashes. */
  readonly records: AuditRecord[] = [];
  /** Translations that have to fault from the moment the frames of their instance are dirty, and those that did not. */
  readonly probes = new Map<string, { readonly host: string; readonly translation: Translation }>();
  readonly leaks: string[] = [];
  fleet: Fleet;
  glass: Glass;
  now = 0;
  readonly #parts: WorldParts;
  #hosts = 0;
  #random = 0;

  constructor(parts: WorldParts) {
    this.#parts = parts;
    this.mode = parts.mode;
    this.blocks = parts.blocks ?? new Stores();
    this.snapshots = parts.snapshots ?? memorySnapshots();
    this.fleet = this.#boot();
    this.glass = new Glass(this.fleet);
  }

  /** The process ends, and another one begins. */
  crash(): void {
    this.blocks.powerCut();
    this.fleet = this.#boot();
    this.glass = new Glass(this.fleet);
  }

  hosts(): Host[] {
    return this.fleet.hosts().flatMap(({ host }) => this.fleet.host(host) ?? []);
  }

  before(): Before {
    const states = new Map(this.hosts().map((host) => [host.id, statesOf(host)]));
    return { views: this.views(), seq: this.fleet.audit.head.seq, states };
  }

  /** All that is on disks, as it is kept there. */
  *atRest(): Generator<Surface> {
    yield* this.images.surfaces();
    yield* this.blocks.surfaces();
    for (const { chunk, bytes } of this.snapshots.chunks()) yield { where: `chunk ${chunk}`, bytes };
  }

  /** All that the operator sees of the hosts. */
  views(): string {
    return JSON.stringify(this.fleet.hosts().map((view) => [view, this.fleet.owners(view.host)]));
  }

  #boot(): Fleet {
    const { mode, verifyOnAllocate = false, poisonOnFree = false, hosts = HOSTS } = this.#parts;
    const size = { ...TINY, perZone: hosts };
    const sizes: Readonly<Record<string, HostSize>> = { m5: size, t3: { ...size, sharing: 3 } };
    const last = this.records.at(-1);
    return new Fleet({
      clock: () => this.now++,
      nextId: () => `h-${++this.#hosts}`,
      blocks: this.blocks,
      snapshots: this.snapshots,
      sizing: (family) => sizes[family],
      scrub: mode,
      memory: { verifyOnAllocate, poisonOnFree },
      images: this.images,
      secrets: { root: new Uint8Array(32).fill(1), random: (length) => this.#chance(length) },
      newKey: () => this.#chance(64),
      audit: { ...(last && { anchor: last }), sink: (record) => this.#note(record) },
    });
  }

  #note(record: AuditRecord): void {
    this.records.push(record);
    const probe = record.event === "released" ? this.probes.get(record.instance ?? "") : undefined;
    if (probe && canLoad(this.fleet.host(probe.host), probe.translation)) {
      this.leaks.push(`${record.instance} still reaches its frames when they are dirty`);
    }
  }

  #chance(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += 32) {
      bytes.set(digest(`chance ${++this.#random}`).subarray(0, length - at), at);
    }
    return bytes;
  }
}

export function canLoad(host: Host | undefined, translation: Translation): boolean {
  try {
    host?.memory.load(translation, 0, new Uint8Array(1));
    return host !== undefined;
  } catch {
    return false;
  }
}

/** The state of each frame, by its number less `HYPERVISOR_FRAMES`. */
export function statesOf(host: Host): FrameState[] {
  const states: FrameState[] = [];
  for (const { count, value } of host.memory.extents()) {
    for (let i = 0; i < count; i++) states.push(value.state);
  }
  return states;
}

export function framesOf(runs: readonly { start: number; count: number }[]): number[] {
  return runs.flatMap(({ start, count }) => Array.from({ length: count }, (_, i) => start + i));
}

const digest = (text: string): Uint8Array => createHash("sha256").update(text).digest();

const known = new Map<string, Uint8Array>();

/** 32 bytes that nobody but this instance or volume ever writes; none is zero, so that any byte left over is seen. */
export function canary(name: string): Uint8Array {
  const bytes = known.get(name) ?? digest(name).map((byte) => (byte === 0 ? 1 : byte));
  known.set(name, bytes);
  return bytes;
}

/** So many bytes with nothing but canaries in them. */
export function canaries(name: string, length: number): Uint8Array {
  return new Uint8Array(Buffer.alloc(length, canary(name)));
}

const ZEROS = new Uint8Array((FRAMES + 1) * PAGE);

export const isZero = (bytes: Uint8Array): boolean => equal(bytes, ZEROS.subarray(0, bytes.length));

export const equal = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** What must be there. */
export function found<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("not found");
  return value;
}
