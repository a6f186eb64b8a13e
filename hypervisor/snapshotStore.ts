/** A block as a snapshot keeps it: ciphertext if `key` names the key that it was encrypted with. */
interface Chunk {
  /** `BLOCK` bytes, to be left as they are. */
  readonly bytes: Uint8Array;
  readonly key: string | undefined;
}

/** Where in a disk a chunk is. */
interface Place {
  readonly disk: string;
  readonly index: number;
}

/**
 * Where the blocks of snapshots and the keys of disks are kept, handed in; outlives the hosts.
 *
 * A disk here is a snapshot, or a volume as far as its blocks are the same as chunks. Its layer says which chunk each of
 * these blocks is; several disks may have one chunk, each in a layer of its own.
 */
export interface SnapshotStore {
  /** Keeps a copy of the bytes, or may keep them: they are not changed afterwards. The new chunk's number, never used before. */
  add(bytes: Uint8Array, key: string | undefined): number;
  chunk(number: number): Chunk | undefined;
  /** Every chunk, as it is kept. */
  chunks(): Iterable<{ readonly chunk: number; readonly bytes: Uint8Array }>;
  /** The key of a chunk, without reading its bytes. */
  keyOf(number: number): string | undefined;
  /** Sets a chunk to zero, then forgets it. */
  remove(number: number): void;
  /** Where a chunk is. */
  places(number: number): Iterable<Place>;
  /** The chunk that a block of a disk is. */
  at(disk: string, index: number): number | undefined;
  put(disk: string, index: number, chunk: number): void;
  drop(disk: string, index: number): void;
  /** The blocks of a disk's layer from block `from` on, in order. */
  layer(disk: string, from?: number): Iterable<{ readonly index: number; readonly chunk: number }>;
  size(disk: string): number;
  /** Gives `to`, which has none, the layer that `from` has. */
  copy(from: string, to: string): void;
  /** Takes all blocks out of a disk's layer. */
  clearLayer(disk: string): void;
  readKey(id: string): Uint8Array | undefined;
  writeKey(id: string, secret: Uint8Array): void;
  /** Sets a key to zero, then forgets it. */
  eraseKey(id: string): void;
  /** Whether any chunk was encrypted with the key. */
  usesKey(id: string): boolean;
}

/** Keeps snapshots and keys as long as the process lives. */
export function memorySnapshots(): SnapshotStore {
  const chunks = new Map<number, Chunk>();
  const layers = new Map<string, Map<number, number>>();
  const places = new Map<number, Map<string, Place>>();
  const keys = new Map<string, Uint8Array>();
  let last = 0;
  const layerOf = (disk: string): Map<number, number> => {
    const layer = layers.get(disk) ?? new Map<number, number>();
    layers.set(disk, layer);
    return layer;
  };
  const leave = (disk: string, index: number): void => {
    const chunk = layers.get(disk)?.get(index);
    if (chunk !== undefined) places.get(chunk)?.delete(`${disk}/${index}`);
  };
  const put = (disk: string, index: number, chunk: number): void => {
    leave(disk, index);
    layerOf(disk).set(index, chunk);
    const known = places.get(chunk) ?? new Map<string, Place>();
    places.set(chunk, known.set(`${disk}/${index}`, { disk, index }));
  };
  return {
    add(bytes, key) {
      // Not slice(): that of a Buffer is no copy.
      chunks.set(++last, { bytes: new Uint8Array(bytes), key });
      return last;
    },
    chunk: (number) => chunks.get(number),
    chunks: () => [...chunks].map(([chunk, { bytes }]) => ({ chunk, bytes })),
    keyOf: (number) => chunks.get(number)?.key,
    remove(number) {
      chunks.get(number)?.bytes.fill(0);
      chunks.delete(number);
      places.delete(number);
    },
    places: (number) => [...(places.get(number)?.values() ?? [])],
    at: (disk, index) => layers.get(disk)?.get(index),
    put,
    drop(disk, index) {
      leave(disk, index);
      layers.get(disk)?.delete(index);
    },
    layer: (disk, from = 0) =>
      [...(layers.get(disk) ?? [])]
        .filter(([index]) => index >= from)
        .toSorted(([a], [b]) => a - b)
        .map(([index, chunk]) => ({ index, chunk })),
    size: (disk) => layers.get(disk)?.size ?? 0,
    copy(from, to) {
      for (const [index, chunk] of layers.get(from) ?? []) put(to, index, chunk);
    },
    clearLayer(disk) {
      for (const index of layers.get(disk)?.keys() ?? []) leave(disk, index);
      layers.delete(disk);
    },
    readKey: (id) => keys.get(id),
    writeKey: (id, secret) => void keys.set(id, new Uint8Array(secret)),
    eraseKey(id) {
      keys.get(id)?.fill(0);
      keys.delete(id);
    },
    usesKey: (id) => [...chunks.values()].some(({ key }) => key === id),
  };
}
