import type { Audit } from "./audit.ts";
import { type Extent, Extents, type Run, show, total } from "./extents.ts";

export type FrameState = "free" | "allocated" | "dirty" | "scrubbing" | "offline";

/** The state of frames and, where somebody had or has them, of whom. */
export type FrameStatus =
  | { readonly state: "free" | "offline" }
  | { readonly state: "allocated" | "dirty" | "scrubbing"; readonly instance: string };

/** How many frames are in each state. */
export type Census = Readonly<Record<FrameState, number>>;

/** Frames 0 … 4095 are the hypervisor's own: no guest page is ever mapped to them (I8). */
export const HYPERVISOR_FRAMES = 4096;

export const FREE: FrameStatus = { state: "free" };
export const OFFLINE: FrameStatus = { state: "offline" };

/** The memory next to one socket. */
interface NumaNode {
  readonly whole: Run;
  readonly census: Record<FrameState, number>;
  /** No frame of the node below this one is free. */
  lowestFree: number;
}

/** The frame table of one host: the state of each frame that a guest can get, and which of them are free. */
export class Frames {
  readonly #host: string;
  readonly #audit: Audit;
  readonly #extents: Extents<FrameStatus>;
  readonly #nodes: readonly NumaNode[];

  /** `count` frames, all free, in so many NUMA nodes of about the same size. */
  constructor(host: string, count: number, nodes: number, audit: Audit) {
    this.#host = host;
    this.#audit = audit;
    this.#extents = new Extents({ start: HYPERVISOR_FRAMES, count }, FREE);
    const border = (node: number) => HYPERVISOR_FRAMES + Math.floor((node * count) / nodes);
    this.#nodes = Array.from({ length: nodes }, (_, node) => {
      const whole = { start: border(node), count: border(node + 1) - border(node) };
      const census = { free: whole.count, allocated: 0, dirty: 0, scrubbing: 0, offline: 0 };
      return { whole, census, lowestFree: whole.start };
    });
  }

  /** All nodes together. */
  census(): Census {
    const sum = { free: 0, allocated: 0, dirty: 0, scrubbing: 0, offline: 0 };
    for (const { census } of this.#nodes) {
      sum.free += census.free;
      sum.allocated += census.allocated;
      sum.dirty += census.dirty;
      sum.scrubbing += census.scrubbing;
      sum.offline += census.offline;
    }
    return sum;
  }

  /** Each NUMA node: its frames, and how many of them are in each state. */
  nodes(): { readonly whole: Run; readonly census: Census }[] {
    return this.#nodes.map(({ whole, census }) => ({ whole, census: { ...census } }));
  }

  get free(): number {
    let free = 0;
    for (const { census } of this.#nodes) free += census.free;
    return free;
  }

  /** The state of one frame; undefined if it is no guest's frame. */
  at(frame: number): FrameStatus | undefined {
    return this.#extents.at(frame);
  }

  /** The state of all frames, in order. */
  [Symbol.iterator](): Iterator<Extent<FrameStatus>> {
    return this.#extents[Symbol.iterator]();
  }

  /** Free runs of so many frames together, of one node if one has as many; undefined if there are too few. */
  find(frames: number): readonly Run[] | undefined {
    const home = this.#nodes.find(({ census }) => census.free >= frames);
    if (home) return this.#gather(home, frames);
    if (frames > this.free) return undefined;
    const runs: Run[] = [];
    let missing = frames;
    for (const node of this.#nodes) {
      const part = Math.min(missing, node.census.free);
      if (part > 0) runs.push(...this.#gather(node, part));
      missing -= part;
    }
    return runs;
  }

  /** The one place where frames change state: all of the run must be in the state they come from, and of that instance. */
  move(run: Run, from: FrameStatus, to: FrameStatus): void {
    const extents = this.#extents.within(run);
    const about = instanceOf(from);
    if (run.count < 1 || total(extents) !== run.count) {
      throw this.#fault("illegal-transition", `frames ${show(run)} are not all guests' frames of this host`);
    }
    for (const { value } of extents) {
      if (value.state !== from.state) {
        throw this.#fault("illegal-transition", `frames ${show(run)}: ${value.state} → ${to.state}`, about);
      }
      if (instanceOf(value) !== about) {
        throw this.#fault("not-owner", `frames ${show(run)} are not all its own`, about);
      }
    }
    for (const node of this.#nodes) {
      const start = Math.max(run.start, node.whole.start);
      const count = Math.min(run.start + run.count, node.whole.start + node.whole.count) - start;
      if (count <= 0) continue;
      node.census[from.state] -= count;
      node.census[to.state] += count;
      if (from.state === "free" && node.lowestFree === start) node.lowestFree += count;
      if (to.state === "free") node.lowestFree = Math.min(node.lowestFree, start);
    }
    this.#extents.set(run, to);
  }

  /** Free runs of a node that has enough: one that is long enough, or else the lowest ones. */
  #gather(node: NumaNode, frames: number): readonly Run[] {
    const end = node.whole.start + node.whole.count;
    const gathered: Run[] = [];
    let missing = frames;
    let lowest: number | undefined;
    for (const extent of this.#extents.from(node.lowestFree)) {
      const start = Math.max(extent.start, node.whole.start);
      const count = Math.min(extent.start + extent.count, end) - start;
      if (count <= 0) break;
      if (extent.value.state !== "free") continue;
      if (lowest === undefined) {
        lowest = start;
        node.lowestFree = start;
      }
      if (count >= frames) return [{ start, count: frames }];
      if (missing === 0) continue;
      const taken = Math.min(count, missing);
      gathered.push({ start, count: taken });
      missing -= taken;
    }
    return gathered;
  }

  #fault(code: Parameters<Audit["fault"]>[0], message: string, instance?: string) {
    const about = instance === undefined ? { host: this.#host } : { host: this.#host, instance };
    return this.#audit.fault(code, message, about);
  }
}

function instanceOf(status: FrameStatus): string | undefined {
  return "instance" in status ? status.instance : undefined;
}
