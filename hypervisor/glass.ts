import { Buffer } from "node:buffer";
import type { Fleet } from "./fleet.ts";
import { type FrameState, HYPERVISOR_FRAMES } from "./frames.ts";
import type { Host } from "./host.ts";
import { PAGE } from "./slabs.ts";

/** Bytes at rest outside of the hosts, such as a block of a volume, and how to call the place. */
export interface Surface {
  readonly where: string;
  /** Bytes from the start of the place; 0 unless given. What follows on each other is searched as one. */
  readonly at?: number;
  readonly bytes: Uint8Array;
}

/** Where a pattern lies; offsets are in bytes from the start of the frame, the disk or the place. */
export type Finding =
  | {
      readonly in: "memory";
      readonly host: string;
      readonly frame: number;
      readonly offset: number;
      readonly state: FrameState | "hypervisor";
      /** Whose the frame is, or was last. */
      readonly instance?: string;
    }
  | { readonly in: "unused memory" }
  /** In the ciphertext. */
  | { readonly in: "local disk"; readonly host: string; readonly instance: string; readonly device: number }
  /** In what the ciphertext means to its owner: the key is there. */
  | {
      readonly in: "local disk, by its key";
      readonly host: string;
      readonly instance: string;
      readonly device: number;
      readonly offset: number;
    }
  | { readonly in: "at rest"; readonly where: string; readonly offset: number }
  | { readonly in: "encrypted disk, by its key"; readonly disk: string; readonly offset: number };

/** A frame as the hardware has it, and whose it is, or was last. */
export interface FrameView {
  readonly frame: number;
  readonly state: FrameState | "hypervisor";
  readonly instance?: string;
  readonly bytes: Uint8Array;
}

/** No search answers with more than this. */
export const FINDINGS = 1000;

/**
 * GLASS: a look into the machines that no cloud offers its operators. It reads physical memory and disks, whoever's they
 * are, so that one can see with one's own eyes that a secret is gone. Nothing but a server that was started for this, and
 * tests, may make one; all other views of the hosts show metadata only (N5).
 */
export class Glass {
  readonly #fleet: Fleet;

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
  }

  /** The bytes of a frame as the hardware has them; undefined if there is no such frame. */
  frame(host: string, frame: number): Uint8Array | undefined {
    const machine = this.#fleet.host(host);
    if (machine === undefined || !Number.isSafeInteger(frame)) return undefined;
    if (frame < 0 || frame >= framesOf(machine)) return undefined;
    const bytes = new Uint8Array(PAGE);
    machine.memory.pages.read(frame, 0, bytes);
    return bytes;
  }

  /** `count` frames from frame `first` on, or undefined if the host, or one of them, is not there. */
  frames(host: string, first: number, count: number): readonly FrameView[] | undefined {
    const memory = this.#fleet.host(host)?.memory;
    const views: FrameView[] = [];
    for (let frame = first; frame < first + count; frame++) {
      const bytes = this.frame(host, frame);
      if (memory === undefined || bytes === undefined) return undefined;
      views.push({ frame, ...ownerOf(memory, frame), bytes });
    }
    return views;
  }

  /** Every place where a pattern lies: in all physical memory, used or not, on all local disks, and in `atRest`. */
  search(pattern: Uint8Array, atRest: Iterable<Surface> = []): readonly Finding[] {
    return limited(this.#asIs(pattern, atRest));
  }

  /** The same, and every place where who has the key of an encrypted disk would read the pattern. */
  searchWithKeys(pattern: Uint8Array, atRest: Iterable<Surface> = []): readonly Finding[] {
    return limited(this.#withKeys(pattern, atRest));
  }

  *#asIs(pattern: Uint8Array, atRest: Iterable<Surface>): Generator<Finding> {
    if (pattern.length === 0) return;
    const supplies = new Set<Iterable<Uint8Array>>();
    for (const host of this.#hosts()) {
      yield* inMemory(host, pattern);
      for (const { instance } of host.owners()) {
        for (const [device, store] of host.stores(instance).entries()) {
          for (const sector of store.raw()) {
            if (places(sector, pattern).length > 0)
              yield { in: "local disk", host: host.id, instance, device };
          }
        }
      }
      supplies.add(host.memory.pages.supply);
    }
    for (const supply of supplies) {
      for (const page of supply) {
        if (places(page, pattern).length > 0) yield { in: "unused memory" };
      }
    }
    for (const { where, at } of across(atRest, pattern)) yield { in: "at rest", where, offset: at };
  }

  *#withKeys(pattern: Uint8Array, atRest: Iterable<Surface>): Generator<Finding> {
    yield* this.#asIs(pattern, atRest);
    if (pattern.length === 0) return;
    for (const host of this.#hosts()) {
      for (const { instance } of host.owners()) {
        for (const [device, store] of host.stores(instance).entries()) {
          for (const { at: offset } of across(named("", store.readable()), pattern)) {
            yield { in: "local disk, by its key", host: host.id, instance, device, offset };
          }
        }
      }
    }
    const disks = mapped(this.#fleet.disks.readable(), ({ disk, at, bytes }) => ({ where: disk, at, bytes }));
    for (const { where, at } of across(disks, pattern)) {
      yield { in: "encrypted disk, by its key", disk: where, offset: at };
    }
  }

  *#hosts(): Generator<Host> {
    for (const { host: id } of this.#fleet.hosts()) {
      const host = this.#fleet.host(id);
      if (host) yield host;
    }
  }
}

function limited(findings: Iterable<Finding>): readonly Finding[] {
  const found: Finding[] = [];
  for (const finding of findings) {
    found.push(finding);
    if (found.length === FINDINGS) break;
  }
  return found;
}

/** Frames that follow on each other are searched as one: a secret may lie across their border. */
function* inMemory({ id, size, memory }: Host, pattern: Uint8Array): Generator<Finding> {
  const spans = memory.pages.spans({ start: 0, count: framesOf({ size }) });
  const pieces = mapped(spans, ({ start, bytes }) => ({ where: id, at: start * PAGE, bytes }));
  for (const { at } of across(pieces, pattern)) {
    const frame = Math.floor(at / PAGE);
    yield { in: "memory", host: id, frame, offset: at - frame * PAGE, ...ownerOf(memory, frame) };
  }
}

function ownerOf(memory: Host["memory"], frame: number): Pick<FrameView, "state" | "instance"> {
  const status = memory.statusOf(frame);
  if (status === undefined) return { state: "hypervisor" };
  return "instance" in status ? status : { state: status.state };
}

/** Where a pattern begins, also where it lies across the border of two pieces that follow on each other. */
function* across(
  pieces: Iterable<Surface>,
  pattern: Uint8Array,
): Generator<{ readonly where: string; readonly at: number }> {
  let before = new Uint8Array(0);
  let end: { readonly where: string; readonly at: number } | undefined;
  for (const { where, at = 0, bytes } of pieces) {
    const carry = end?.where === where && end.at === at ? before : new Uint8Array(0);
    const text = carry.length === 0 ? bytes : Buffer.concat([carry, bytes]);
    for (const place of places(text, pattern)) yield { where, at: at - carry.length + place };
    before = text.slice(Math.max(0, text.length - pattern.length + 1));
    end = { where, at: at + bytes.length };
  }
}

function places(bytes: Uint8Array, pattern: Uint8Array): number[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const found: number[] = [];
  for (let at = text.indexOf(pattern); at >= 0; at = text.indexOf(pattern, at + 1)) found.push(at);
  return found;
}

function* mapped<T, U>(values: Iterable<T>, map: (value: T) => U): Generator<U> {
  for (const value of values) yield map(value);
}

const named = (
  where: string,
  pieces: Iterable<{ readonly at: number; readonly bytes: Uint8Array }>,
): Iterable<Surface> => mapped(pieces, ({ at, bytes }) => ({ where, at, bytes }));

const framesOf = ({ size }: Pick<Host, "size">): number => HYPERVISOR_FRAMES + size.memoryBytes / PAGE;
