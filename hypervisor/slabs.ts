/** The size of a page and of the frame that holds it, in bytes. */
export const PAGE = 4096;

const PAGES_PER_SLAB = 64;

/** Real memory for one page: `PAGE` bytes of a slab, from `offset`. */
export interface Page {
  readonly slab: Slab;
  readonly offset: number;
}

export interface Slab {
  readonly bytes: Uint8Array;
  /** Offsets of the pages nobody holds, the next to hand out last. */
  free: number[];
}

/**
 * Where the bytes of written pages come from. Pages that are written one after another lie one after another, so that
 * whole stretches can be zeroed at once: a fill per page would cost a third of the memory's bandwidth.
 *
 * Slabs are made by `new Uint8Array`, which the language promises to be zero. (Never by `Buffer.allocUnsafe`: Node's pool
 * gives out what somebody else left there.) Pages come back only after they were seen to be zero again.
 */
export class Slabs {
  readonly #open = new Set<Slab>();

  /** The pages that nobody holds: what the next ones to write will get. */
  *[Symbol.iterator](): Generator<Uint8Array> {
    for (const { bytes, free } of this.#open) {
      for (const offset of free) yield bytes.subarray(offset, offset + PAGE);
    }
  }

  /** A page of zeros. */
  take(): Page {
    const slab = this.#next();
    const offset = slab.free.pop() ?? 0;
    if (slab.free.length === 0) this.#open.delete(slab);
    return { slab, offset };
  }

  /** Takes back a page whose bytes are all zero. A slab that nobody uses is forgotten, except for one. */
  giveBack({ slab, offset }: Page): void {
    slab.free.push(offset);
    this.#open.add(slab);
    if (slab.free.length < PAGES_PER_SLAB) return;
    if (this.#open.size > 1) this.#open.delete(slab);
    else slab.free = allOffsets();
  }

  #next(): Slab {
    for (const slab of this.#open) return slab;
    const slab = { bytes: new Uint8Array(PAGES_PER_SLAB * PAGE), free: allOffsets() };
    this.#open.add(slab);
    return slab;
  }
}

function allOffsets(): number[] {
  return Array.from({ length: PAGES_PER_SLAB }, (_, i) => (PAGES_PER_SLAB - 1 - i) * PAGE);
}
