import { Buffer } from "node:buffer";
import type { Audit, AuditRecord } from "./audit.ts";
import { ACCESS_LIMIT } from "./memory.ts";

/** The size of a block of a volume, in bytes: that of EBS snapshots, too. */
export const BLOCK = 512 * 1024;

const ZEROS = new Uint8Array(BLOCK);

/** Where the blocks of volumes are kept, handed in; outlives the hosts. Every block has `BLOCK` bytes. */
export interface BlockStore {
  /** A block that was written, or undefined. */
  read(volume: string, index: number): Uint8Array | undefined;
  /** Keeps a copy of the bytes or may keep them: they are not changed afterwards. */
  write(volume: string, index: number, bytes: Uint8Array): void;
  /** The indexes of the blocks that were written. */
  written(volume: string): Iterable<number>;
  /** Forgets all blocks of a volume. */
  erase(volume: string): void;
}

/** What a volume was made from: answers with a block as it was then, or undefined where it was empty. */
export interface SnapshotSource {
  read(index: number): Uint8Array | undefined;
}

interface Volume {
  readonly size: number;
  readonly from: SnapshotSource | undefined;
}

/**
 * Block devices. A block that was never written reads as its snapshot has it, or zero (T11); the blocks of a deleted volume
 * are set to zero and checked before they are forgotten.
 */
export class Disks {
  readonly #blocks: BlockStore;
  readonly #audit: Audit;
  readonly #volumes = new Map<string, Volume>();

  constructor(blocks: BlockStore, audit: Audit) {
    this.#blocks = blocks;
    this.#audit = audit;
  }

  /** A new volume of `size` bytes. Should the store hold blocks under its name, they are reset first. */
  createVolume(id: string, size: number, from?: SnapshotSource): void {
    this.openVolume(id, size, from);
    this.#reset(id);
    this.#audit.append({ event: "volume-created", volume: id });
  }

  /** A volume whose blocks the store has from before: after a restart. */
  openVolume(id: string, size: number, from?: SnapshotSource): void {
    if (this.#volumes.has(id)) throw this.#audit.fault("volume-exists", `${id} exists`, { volume: id });
    if (!Number.isSafeInteger(size) || size < 1) {
      throw this.#audit.fault("bad-request", `a volume of ${size} bytes`, { volume: id });
    }
    this.#volumes.set(id, { size, from });
  }

  hasVolume(id: string): boolean {
    return this.#volumes.has(id);
  }

  /** Copies `length` bytes from `offset` on. */
  readVolume(id: string, offset: number, length: number): Uint8Array {
    const volume = this.#access(id, offset, length);
    const bytes = new Uint8Array(length);
    for (const { index, start, from, to } of pieces(offset, length)) {
      const block = this.#block(id, volume, index);
      if (block) bytes.set(block.subarray(start, start + to - from), from);
    }
    return bytes;
  }

  /** Writes bytes at `offset`; nothing is written if any of them would lie beyond the end. */
  writeVolume(id: string, offset: number, bytes: Uint8Array): void {
    const volume = this.#access(id, offset, bytes.length);
    for (const { index, start, from, to } of pieces(offset, bytes.length)) {
      // Always a new array: neither the snapshot's nor the store's bytes may become the volume's by reference (I6).
      const block = new Uint8Array(BLOCK);
      block.set(this.#block(id, volume, index)?.subarray(0, BLOCK) ?? []);
      block.set(bytes.subarray(from, to), start);
      this.#blocks.write(id, index, block);
    }
  }

  /** Sets every block that was written to zero, checks that, and forgets them. The answer is the certificate. */
  deleteVolume(id: string): AuditRecord {
    if (!this.#volumes.delete(id)) throw this.#unknown(id);
    const bytesZeroed = this.#reset(id);
    const evidence = { bytesDirty: bytesZeroed, bytesZeroed, verified: true };
    return this.#audit.append({ event: "volume-deleted", volume: id, ...evidence });
  }

  #block(id: string, { from }: Volume, index: number): Uint8Array | undefined {
    return this.#blocks.read(id, index) ?? from?.read(index);
  }

  #reset(id: string): number {
    const written = [...this.#blocks.written(id)];
    for (const index of written) {
      this.#blocks.write(id, index, ZEROS.slice());
      const block = this.#blocks.read(id, index);
      if (block === undefined || Buffer.compare(block, ZEROS) === 0) continue;
      throw this.#audit.fault("scrub-failed", `block ${index} is not zero`, { volume: id });
    }
    this.#blocks.erase(id);
    return written.length * BLOCK;
  }

  #access(id: string, offset: number, length: number): Volume {
    const volume = this.#volumes.get(id);
    if (volume === undefined) throw this.#unknown(id);
    const about = { volume: id };
    if (length > ACCESS_LIMIT) throw this.#audit.fault("access-too-large", `${length} bytes at once`, about);
    const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(length);
    if (whole && offset >= 0 && length >= 0 && offset + length <= volume.size) return volume;
    throw this.#audit.fault("bad-address", `${length} bytes at ${offset} of ${volume.size}`, about);
  }

  #unknown(id: string) {
    return this.#audit.fault("unknown-volume", `no volume ${id}`, { volume: id });
  }
}

/** An access cut at the borders of blocks: bytes from … to of it lie at `start` of block `index`. */
function* pieces(offset: number, length: number) {
  for (let from = 0; from < length;) {
    const start = (offset + from) % BLOCK;
    const to = Math.min(length, from + BLOCK - start);
    yield { index: Math.floor((offset + from) / BLOCK), start, from, to };
    from = to;
  }
}
