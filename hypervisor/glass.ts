import { Buffer } from "node:buffer";
import type { Fleet } from "./fleet.ts";
import { type FrameState, HYPERVISOR_FRAMES } from "./frames.ts";
import type { Host } from "./host.ts";
import { PAGE } from "./slabs.ts";

/** Bytes at rest outside of the hosts, such as a block of a volume, and how to call the place. */
export interface Surface {
  readonly where: string;
  readonly bytes: Uint8Array;
}

/** Where a pattern lies. */
export type Finding =
  | {
      readonly in: "memory";
      readonly host: string;
      readonly frame: number;
      /** Bytes from the start of the frame. */
      readonly offset: number;
      readonly state: FrameState | "hypervisor";
      /** Whose the frame is, or was last. */
      readonly instance?: string;
    }
  | { readonly in: "unused memory" }
  | { readonly in: "local disk"; readonly host: string; readonly instance: string; readonly device: number }
  | { readonly in: "at rest"; readonly where: string; readonly offset: number };

/** No search answers with more than this. */
const FINDINGS = 1000;

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

  /** Every place where a pattern lies: in all physical memory, used or not, on all local disks, and in `atRest`. */
  search(pattern: Uint8Array, atRest: Iterable<Surface> = []): readonly Finding[] {
    const found: Finding[] = [];
    for (const finding of this.#findings(pattern, atRest)) {
      found.push(finding);
      if (found.length === FINDINGS) break;
    }
    return found;
  }

  *#findings(pattern: Uint8Array, atRest: Iterable<Surface>): Generator<Finding> {
    if (pattern.length === 0) return;
    const supplies = new Set<Iterable<Uint8Array>>();
    for (const { host: id } of this.#fleet.hosts()) {
      const host = this.#fleet.host(id);
      if (host === undefined) continue;
      yield* inMemory(host, pattern);
      for (const { instance } of host.owners()) {
        for (const [device, store] of host.stores(instance).entries()) {
          for (const sector of store.raw()) {
            if (places(sector, pattern).length > 0) yield { in: "local disk", host: id, instance, device };
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
    for (const { where, bytes } of atRest) {
      for (const offset of places(bytes, pattern)) yield { in: "at rest", where, offset };
    }
  }
}

/** Frames that follow on each other are searched as one: a secret may lie across their border. */
function* inMemory(host: Host, pattern: Uint8Array): Generator<Finding> {
  const { pages } = host.memory;
  let before = new Uint8Array(0);
  let end = -1;
  for (const { start, count, bytes } of pages.spans({ start: 0, count: framesOf(host) })) {
    const carry = end === start ? before : new Uint8Array(0);
    const text = carry.length === 0 ? bytes : Buffer.concat([carry, bytes]);
    for (const at of places(text, pattern)) {
      const address = start * PAGE + at - carry.length;
      const frame = Math.floor(address / PAGE);
      const status = host.memory.statusOf(frame);
      yield {
        in: "memory",
        host: host.id,
        frame,
        offset: address - frame * PAGE,
        state: status?.state ?? "hypervisor",
        ...(status && "instance" in status && { instance: status.instance }),
      };
    }
    before = bytes.slice(Math.max(0, bytes.length - pattern.length + 1));
    end = start + count;
  }
}

function places(bytes: Uint8Array, pattern: Uint8Array): number[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const found: number[] = [];
  for (let at = text.indexOf(pattern); at >= 0; at = text.indexOf(pattern, at + 1)) found.push(at);
  return found;
}

const framesOf = ({ size }: Host): number => HYPERVISOR_FRAMES + size.memoryBytes / PAGE;
