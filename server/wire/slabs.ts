import { Buffer } from "node:buffer";

/** In bytes. */
const SLAB = 256 * 1024;

let slab = Buffer.alloc(0);
let used = 0;

/**
 * Room for an answer, to be written before it is read. Most are larger than what Node.js keeps a pool for, and memory of
 * its own for each would cost more than to write it. Slabs are never used twice: they go when their last answer has.
 */
export function room(size: number): Buffer {
  if (size > SLAB / 4) return Buffer.allocUnsafeSlow(size);
  if (used + size > slab.length) {
    slab = Buffer.allocUnsafeSlow(SLAB);
    used = 0;
  }
  used += size;
  return slab.subarray(used - size, used);
}
