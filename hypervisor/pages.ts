import { Buffer } from "node:buffer";
import type { Run } from "./extents.ts";
import { PAGE, type Page, Slabs } from "./slabs.ts";

const FANOUT = 64;
const ZEROS = new Uint8Array(FANOUT * PAGE);

/** A run of written frames whose bytes lie in a row, too; `bytes` is the memory itself, not a copy. */
export interface Span extends Run {
  readonly bytes: Uint8Array;
}

interface Leaf {
  readonly isLeaf: true;
  used: number;
  readonly slots: (Page | undefined)[];
}
interface Branch {
  readonly isLeaf: false;
  used: number;
  readonly slots: (Node | undefined)[];
}
type Node = Leaf | Branch;

/**
 * The bytes of one host's physical memory: a radix tree from frame number to page, like the page tables of a processor.
 * Only frames that were written have bytes; the hypervisor is the only writer, so all others are zero by construction.
 * Finding the next written frame takes the height of the tree, be the stretch without any 1 GiB or 24 TiB long.
 */
export class Pages {
  readonly #slabs: Slabs;
  readonly #levels: number;
  #root: Node;
  /** The leaf used last, and the frame it starts at: neighbours are mostly wanted one after another. */
  #recent: Leaf | undefined;
  #recentStart = 0;

  /** For frames 0 … `frames` - 1. Hosts may share one supply of slabs. */
  constructor(frames: number, slabs: Slabs = new Slabs()) {
    this.#slabs = slabs;
    let levels = 0;
    while (FANOUT ** (levels + 1) < frames) levels++;
    this.#levels = levels;
    this.#root = newNode(levels);
  }

  /** Copies the bytes of a frame from `offset` on into `target`, which is not longer than the rest of the frame. */
  read(frame: number, offset: number, target: Uint8Array): void {
    const page = this.#page(frame);
    if (page === undefined) target.fill(0);
    else target.set(page.slab.bytes.subarray(page.offset + offset, page.offset + offset + target.length));
  }

  /** Writes into a frame; the bytes must fit into what is left of it after `offset`. */
  write(frame: number, offset: number, bytes: Uint8Array): void {
    const page = this.#page(frame) ?? this.#add(frame);
    page.slab.bytes.set(bytes, page.offset + offset);
  }

  /** The first written pages at or after frame `from` and before `end`, as many as lie in a row; undefined if none. */
  span(from: number, end: number): Span | undefined {
    const frame = this.#next(from, end);
    if (frame === undefined) return undefined;
    const leaf = this.#leafOf(frame);
    const first = leaf?.slots[frame - this.#recentStart];
    if (leaf === undefined || first === undefined) return undefined;

    const limit = Math.min(end, this.#recentStart + FANOUT);
    let count = 1;
    while (frame + count < limit) {
      const page = leaf.slots[frame + count - this.#recentStart];
      if (page === undefined || page.slab !== first.slab || page.offset !== first.offset + count * PAGE)
        break;
      count++;
    }
    return {
      start: frame,
      count,
      bytes: first.slab.bytes.subarray(first.offset, first.offset + count * PAGE),
    };
  }

  /** All written pages of a run, in order. The pages of a span may be discarded before the next one is asked for. */
  *spans({ start, count }: Run): Generator<Span> {
    const end = start + count;
    for (let span = this.span(start, end); span; span = this.span(span.start + span.count, end)) yield span;
  }

  /** Sets bytes `from` … `to` - 1 of a span to zero. */
  zero({ bytes }: Span, from: number, to: number): void {
    bytes.fill(0, from, to);
  }

  /** The memory that unwritten frames get when they are written. */
  get supply(): Slabs {
    return this.#slabs;
  }

  /** Whether all memory that unwritten frames can come to have is zero, by a look at every byte of it. */
  supplyIsZero(): boolean {
    for (const bytes of this.#slabs) {
      if (Buffer.compare(bytes, ZEROS.subarray(0, PAGE)) !== 0) return false;
    }
    return true;
  }

  /**
   * Compares every byte of a span with zero and, if all are, gives its pages back: its frames are unwritten again.
   * Otherwise nothing happens and the answer is false. There is no other way to get rid of a page.
   */
  discard(span: Span): boolean {
    if (Buffer.compare(span.bytes, ZEROS.subarray(0, span.bytes.length)) !== 0) return false;
    for (let frame = span.start; frame < span.start + span.count; frame++) {
      const leaf = this.#leafOf(frame);
      const slot = frame - this.#recentStart;
      const page = leaf?.slots[slot];
      if (leaf === undefined || page === undefined) continue;
      leaf.slots[slot] = undefined;
      leaf.used--;
      this.#slabs.giveBack(page);
      if (leaf.used === 0) this.#prune(frame);
    }
    return true;
  }

  #page(frame: number): Page | undefined {
    return this.#leafOf(frame)?.slots[frame - this.#recentStart];
  }

  #leafOf(frame: number): Leaf | undefined {
    const start = frame - (frame % FANOUT);
    if (this.#recent && this.#recentStart === start) return this.#recent;
    let node: Node | undefined = this.#root;
    for (let level = this.#levels; node && !node.isLeaf; level--) node = node.slots[slotOf(frame, level)];
    if (node === undefined) return undefined;
    this.#recent = node;
    this.#recentStart = start;
    return node;
  }

  #add(frame: number): Page {
    let node = this.#root;
    for (let level = this.#levels; !node.isLeaf; level--) {
      const slot = slotOf(frame, level);
      let child = node.slots[slot];
      if (child === undefined) {
        child = newNode(level - 1);
        node.slots[slot] = child;
        node.used++;
      }
      node = child;
    }
    const page = this.#slabs.take();
    node.slots[frame % FANOUT] = page;
    node.used++;
    return page;
  }

  /** The first written frame in from … end - 1. */
  #next(from: number, end: number): number | undefined {
    if (this.#leafOf(from)?.slots[from - this.#recentStart] && from < end) return from;
    return nextIn(this.#root, this.#levels, 0, from, end);
  }

  /** Removes the nodes on the way to a frame that have become empty. */
  #prune(frame: number): void {
    const way: Branch[] = [];
    let node: Node | undefined = this.#root;
    for (let level = this.#levels; node && !node.isLeaf; level--) {
      way.push(node);
      node = node.slots[slotOf(frame, level)];
    }
    this.#recent = undefined;
    for (let level = 1; level <= this.#levels; level++) {
      const parent = way[this.#levels - level];
      if (parent === undefined) return;
      parent.slots[slotOf(frame, level)] = undefined;
      parent.used--;
      if (parent.used > 0) return;
    }
  }
}

function newNode(level: number): Node {
  // Filled, so that the engine keeps the slots as a flat array.
  const slots = Array.from({ length: FANOUT }, () => undefined);
  return level === 0 ? { isLeaf: true, used: 0, slots } : { isLeaf: false, used: 0, slots };
}

/** Which child of a node of this level leads to a frame. Not by bit operations: 24 TiB are more than 2^32 frames. */
function slotOf(frame: number, level: number): number {
  return Math.floor(frame / FANOUT ** level) % FANOUT;
}

function nextIn(node: Node, level: number, start: number, from: number, end: number): number | undefined {
  const width = FANOUT ** level;
  for (let slot = from > start ? Math.floor((from - start) / width) : 0; slot < FANOUT; slot++) {
    const slotStart = start + slot * width;
    if (slotStart >= end) return undefined;
    if (node.isLeaf) {
      if (node.slots[slot]) return slotStart;
      continue;
    }
    const child = node.slots[slot];
    const found = child && nextIn(child, level - 1, slotStart, from, end);
    if (found !== undefined) return found;
  }
  return undefined;
}
