import { Buffer } from "node:buffer";
import type { Audit, AuditRecord } from "./audit.ts";
import { DiskKeys } from "./diskKeys.ts";
import { ACCESS_LIMIT } from "./memory.ts";
import { pieces } from "./pieces.ts";
import { memorySnapshots, type SnapshotStore } from "./snapshotStore.ts";

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

export interface DiskParts {
  /** Until the process ends, unless given. */
  readonly snapshots?: SnapshotStore | undefined;
  /** A fresh key of `KEY_BYTES` at each call. */
  readonly newKey?: (() => Uint8Array) | undefined;
}

/** What a new volume is made of, and how its blocks are kept. */
export interface VolumeContent {
  readonly snapshot?: string | undefined;
  /** Another volume, as it is now. */
  readonly copyOf?: string | undefined;
  /** The name of the key that its blocks are encrypted with; without one they are kept as they are. */
  readonly key?: string | undefined;
}

interface Volume {
  size: number;
  readonly key: string | undefined;
}

/**
 * Block devices and their snapshots. A block of a volume that was never written reads as its snapshot has it, or zero
 * (T11).
 *
 * Blocks are kept under the volume's name, and set to zero before they are forgotten. A snapshot keeps chunks: copies of
 * blocks, one for each block that changed since the volume was made or last snapshotted. Until a block is written again,
 * the volume knows the chunk that it equals; that is how the next snapshot has it without another copy, and how a volume
 * made from a snapshot reads what it has no block for. A chunk stays as long as a snapshot, or such a volume, needs it.
 */
export class Disks {
  readonly #blocks: BlockStore;
  readonly #audit: Audit;
  readonly #store: SnapshotStore;
  readonly #keys: DiskKeys;
  readonly #volumes = new Map<string, Volume>();
  /** The key of each snapshot. */
  readonly #snapshots = new Map<string, string | undefined>();
  /** The instances that each volume is attached to. */
  readonly #attached = new Map<string, Set<string>>();

  constructor(blocks: BlockStore, audit: Audit, { snapshots, newKey }: DiskParts = {}) {
    this.#blocks = blocks;
    this.#audit = audit;
    this.#store = snapshots ?? memorySnapshots();
    this.#keys = new DiskKeys(this.#store, audit, newKey);
  }

  /** A new volume of `size` bytes. Should the store hold blocks under its name, they are reset first. */
  createVolume(id: string, size: number, { snapshot, copyOf, key }: VolumeContent = {}): void {
    if (copyOf !== undefined) this.#saveChanges(copyOf);
    this.openVolume(id, size, key);
    this.#reset(id);
    this.#dropLayer(id);
    const source = copyOf ?? snapshot;
    if (source !== undefined) this.#store.copy(source, id);
    this.#audit.append({ event: "volume-created", volume: id });
  }

  /** A volume whose blocks the store has from before: after a restart. */
  openVolume(id: string, size: number, key?: string): void {
    if (this.#volumes.has(id)) throw this.#audit.fault("volume-exists", `${id} exists`, { volume: id });
    this.#checkSize(id, size);
    this.#keys.hold(key);
    this.#volumes.set(id, { size, key });
  }

  hasVolume(id: string): boolean {
    return this.#volumes.has(id);
  }

  /** Lets an instance reach a volume; several may. Nothing happens if it does already. */
  attach(volume: string, instance: string): void {
    this.#volume(volume);
    if (this.isAttached(volume, instance)) return;
    const instances = this.#attached.get(volume) ?? new Set<string>();
    this.#attached.set(volume, instances.add(instance));
    this.#audit.append({ event: "volume-attached", volume, instance });
  }

  /** The instance reaches the volume no more. */
  detach(volume: string, instance: string): void {
    if (this.#attached.get(volume)?.delete(instance) !== true) return;
    this.#audit.append({ event: "volume-detached", volume, instance });
  }

  isAttached(volume: string, instance: string): boolean {
    return this.#attached.get(volume)?.has(instance) === true;
  }

  /** Gives a volume more room at its end, which reads zero. Volumes do not shrink. */
  resizeVolume(id: string, size: number): void {
    const volume = this.#volume(id);
    this.#checkSize(id, size);
    if (size < volume.size) {
      throw this.#audit.fault("bad-request", `from ${volume.size} to ${size} bytes`, { volume: id });
    }
    volume.size = size;
    this.#audit.append({ event: "volume-resized", volume: id });
  }

  /** Copies `length` bytes from `offset` on. */
  readVolume(id: string, offset: number, length: number): Uint8Array {
    const volume = this.#access(id, offset, length);
    const bytes = new Uint8Array(length);
    for (const { index, start, from, to } of pieces(offset, length, BLOCK)) {
      const block = this.#plain(id, volume, index);
      if (block) bytes.set(block.subarray(start, start + to - from), from);
    }
    return bytes;
  }

  /** Writes bytes at `offset`; nothing is written if any of them would lie beyond the end. */
  writeVolume(id: string, offset: number, bytes: Uint8Array): void {
    const volume = this.#access(id, offset, bytes.length);
    for (const { index, start, from, to } of pieces(offset, bytes.length, BLOCK)) {
      // Always a new array: neither the snapshot's nor the store's bytes may become the volume's by reference (I6).
      const block = new Uint8Array(BLOCK);
      block.set(this.#plain(id, volume, index)?.subarray(0, BLOCK) ?? []);
      block.set(bytes.subarray(from, to), start);
      this.#blocks.write(id, index, this.#keys.encrypt(volume.key, index, block));
      this.#leave(id, index);
    }
  }

  /** Sets every block that was written to zero, checks that, and forgets them. The answer is the certificate. */
  deleteVolume(id: string): AuditRecord {
    const { key } = this.#volume(id);
    for (const instance of this.#attached.get(id) ?? []) this.detach(id, instance);
    this.#attached.delete(id);
    this.#volumes.delete(id);
    const bytesZeroed = this.#reset(id);
    this.#dropLayer(id);
    this.#keys.letGo(key);
    const evidence = { bytesDirty: bytesZeroed, bytesZeroed, verified: true };
    return this.#audit.append({ event: "volume-deleted", volume: id, ...evidence });
  }

  /** Keeps what is on a volume at this moment. */
  snapshotVolume(volumeId: string, id: string): void {
    const { key } = this.#volume(volumeId);
    this.#saveChanges(volumeId);
    this.#newSnapshot(id, key);
    this.#store.copy(volumeId, id);
  }

  /** An empty snapshot, to be written block by block. */
  createSnapshot(id: string, key?: string): void {
    this.#newSnapshot(id, key);
  }

  /**
   * A copy of a snapshot, of these disks or of another region's. Under the same key here, both have the same chunks.
   */
  copySnapshot(id: string, from: Disks, source: string, key?: string): void {
    const sourceKey = from.#snapshotKey(source);
    this.#newSnapshot(id, key);
    if (from === this && sourceKey === key) {
      this.#store.copy(source, id);
      return;
    }
    for (const { index } of from.#store.layer(source)) {
      const block = from.readSnapshot(source, index);
      if (block) this.#store.put(id, index, this.#newChunk(key, index, block));
    }
  }

  /** A snapshot that the store has from before: after a restart. */
  openSnapshot(id: string, key?: string): void {
    if (this.#snapshots.has(id)) throw this.#audit.fault("snapshot-exists", `${id} exists`, { volume: id });
    this.#keys.hold(key);
    this.#snapshots.set(id, key);
  }

  hasSnapshot(id: string): boolean {
    return this.#snapshots.has(id);
  }

  /** How many blocks a snapshot has. */
  snapshotSize(id: string): number {
    return this.#store.size(id);
  }

  /**
   * The blocks of a snapshot from block `from` on, in order. Two snapshots have the same chunk where neither's block
   * was written since the other had it; what the number is says nothing about the bytes.
   */
  snapshotBlocks(id: string, from = 0): Iterable<{ readonly index: number; readonly chunk: number }> {
    this.#snapshotKey(id);
    return this.#store.layer(id, from);
  }

  /** A copy of a block, or undefined where the snapshot is empty. */
  readSnapshot(id: string, index: number): Uint8Array | undefined {
    this.#snapshotKey(id);
    const chunk = this.#store.at(id, index);
    return chunk === undefined ? undefined : this.#plainChunk(chunk, index);
  }

  /** Writes one whole block of a snapshot that is not complete yet. */
  writeSnapshot(id: string, index: number, bytes: Uint8Array): void {
    const key = this.#snapshotKey(id);
    if (bytes.length !== BLOCK || !Number.isSafeInteger(index) || index < 0) {
      throw this.#audit.fault("bad-request", `${bytes.length} bytes for block ${index}`, { volume: id });
    }
    const before = this.#store.at(id, index);
    this.#store.put(id, index, this.#newChunk(key, index, bytes));
    if (before !== undefined) this.#collect([before]);
  }

  /** Forgets a snapshot, and sets to zero what no other disk needs of it. The answer is the certificate. */
  deleteSnapshot(id: string): AuditRecord {
    const key = this.#snapshotKey(id);
    this.#snapshots.delete(id);
    const bytesZeroed = this.#dropLayer(id);
    this.#keys.letGo(key);
    return this.#audit.append({
      event: "snapshot-deleted",
      volume: id,
      bytesDirty: bytesZeroed,
      bytesZeroed,
      verified: true,
    });
  }

  /** The chunks of all snapshots, as they are kept. */
  chunks(): ReturnType<SnapshotStore["chunks"]> {
    return this.#store.chunks();
  }

  /** What is on the encrypted disks, as who has their keys reads it: `at` counts bytes from the start of the disk. */
  *readable(): Generator<{ readonly disk: string; readonly at: number; readonly bytes: Uint8Array }> {
    for (const [disk, volume] of this.#volumes) {
      if (volume.key === undefined) continue;
      const layer = Array.from(this.#store.layer(disk), ({ index }) => index);
      const indexes = new Set([...this.#blocks.written(disk), ...layer]);
      for (const index of [...indexes].toSorted((a, b) => a - b)) {
        const bytes = this.#plain(disk, volume, index);
        if (bytes) yield { disk, at: index * BLOCK, bytes };
      }
    }
    for (const [disk, key] of this.#snapshots) {
      if (key === undefined) continue;
      for (const { index } of this.#store.layer(disk)) {
        const bytes = this.readSnapshot(disk, index);
        if (bytes) yield { disk, at: index * BLOCK, bytes };
      }
    }
  }

  /** Gives every block of a volume that changed since it was last saved a chunk, encrypted as the volume is. */
  #saveChanges(id: string): void {
    const { key } = this.#volume(id);
    for (const index of this.#blocks.written(id)) {
      if (this.#store.at(id, index) !== undefined) continue;
      const block = this.#blocks.read(id, index);
      if (block) this.#store.put(id, index, this.#store.add(block, key));
    }
    // What it was made from may be encrypted otherwise, or not at all.
    for (const { index, chunk } of [...this.#store.layer(id)]) {
      if (this.#store.keyOf(chunk) === key) continue;
      const block = this.#plainChunk(chunk, index);
      if (block) this.#store.put(id, index, this.#newChunk(key, index, block));
      this.#collect([chunk]);
    }
  }

  #newSnapshot(id: string, key: string | undefined): void {
    this.openSnapshot(id, key);
    this.#dropLayer(id);
    this.#audit.append({ event: "snapshot-created", volume: id });
  }

  #newChunk(key: string | undefined, index: number, block: Uint8Array): number {
    return this.#store.add(this.#keys.encrypt(key, index, block), key);
  }

  #plain(id: string, { key }: Volume, index: number): Uint8Array | undefined {
    const block = this.#blocks.read(id, index);
    if (block) return this.#keys.decrypt(key, index, block);
    const chunk = this.#store.at(id, index);
    return chunk === undefined ? undefined : this.#plainChunk(chunk, index);
  }

  #plainChunk(number: number, index: number): Uint8Array | undefined {
    const chunk = this.#store.chunk(number);
    if (chunk?.key === undefined) return chunk && new Uint8Array(chunk.bytes);
    return this.#keys.decrypt(chunk.key, index, chunk.bytes);
  }

  /** A volume's block is its own again. */
  #leave(id: string, index: number): void {
    const chunk = this.#store.at(id, index);
    if (chunk === undefined) return;
    this.#store.drop(id, index);
    this.#collect([chunk]);
  }

  /** How many bytes are no more. */
  #dropLayer(id: string): number {
    const chunks = Array.from(this.#store.layer(id), ({ chunk }) => chunk);
    this.#store.clearLayer(id);
    return this.#collect(chunks);
  }

  /** Removes those of the chunks that no disk needs: a volume that has the block itself does not. How many bytes. */
  #collect(chunks: readonly number[]): number {
    const written = new Map<string, ReadonlySet<number>>();
    const hasItself = (disk: string, index: number): boolean => {
      if (!this.#volumes.has(disk)) return false;
      const own = written.get(disk) ?? new Set(this.#blocks.written(disk));
      written.set(disk, own);
      return own.has(index);
    };
    const keys = new Set<string>();
    let removed = 0;
    for (const chunk of chunks) {
      const places = [...this.#store.places(chunk)];
      if (!places.every(({ disk, index }) => hasItself(disk, index))) continue;
      const key = this.#store.keyOf(chunk);
      if (key !== undefined) keys.add(key);
      for (const { disk, index } of places) this.#store.drop(disk, index);
      this.#store.remove(chunk);
      removed += BLOCK;
    }
    for (const key of keys) this.#keys.retire(key);
    return removed;
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

  #checkSize(id: string, size: number): void {
    if (Number.isSafeInteger(size) && size >= 1) return;
    throw this.#audit.fault("bad-request", `a volume of ${size} bytes`, { volume: id });
  }

  #access(id: string, offset: number, length: number): Volume {
    const volume = this.#volume(id);
    const about = { volume: id };
    if (length > ACCESS_LIMIT) throw this.#audit.fault("access-too-large", `${length} bytes at once`, about);
    const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(length);
    if (whole && offset >= 0 && length >= 0 && offset + length <= volume.size) return volume;
    throw this.#audit.fault("bad-address", `${length} bytes at ${offset} of ${volume.size}`, about);
  }

  #volume(id: string): Volume {
    const volume = this.#volumes.get(id);
    if (volume) return volume;
    throw this.#audit.fault("unknown-volume", `no volume ${id}`, { volume: id });
  }

  #snapshotKey(id: string): string | undefined {
    if (this.#snapshots.has(id)) return this.#snapshots.get(id);
    throw this.#audit.fault("unknown-snapshot", `no snapshot ${id}`, { volume: id });
  }
}
