/** A file that is read piece by piece: it may be larger than memory. */
export interface File {
  /** Bytes. */
  readonly size: number;
  /** Fewer bytes than asked for where the file ends before. */
  read(offset: number, length: number): Uint8Array;
}

/** Bytes of a disk, with where on it they lie. */
export interface Piece {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** A disk as the file of its image describes it. */
export interface Disk {
  /** Bytes. */
  readonly size: number;
  /**
   * What of it may be other than zero: pieces of at most 1 MiB, in ascending order, each within the disk and
   * behind the one before.
   *
   * @throws {BrokenImage}
   */
  content(): Iterable<Piece>;
}

export const SECTOR = 512;
/** Bytes. */
const PIECE = 1024 ** 2;

/** Says, in VM Import's words, why a file is not the image that it is said to be. Nothing in a file is to be trusted. */
export class BrokenImage extends Error {
  override name = "BrokenImage";
}

/** As {@link BrokenImage}, for what is wrong with the image as a whole. */
export const invalid = (reason: string): BrokenImage =>
  new BrokenImage(`ClientError: Disk validation failed [${reason}]`);

/** What a file has at an offset, all of it. @throws {BrokenImage} where that is not within the file */
export function bytesAt(file: File, offset: number, length: number, format: string): Buffer {
  const isWithin = Number.isSafeInteger(offset) && offset >= 0 && offset + length <= file.size;
  const bytes = isWithin ? file.read(offset, length) : new Uint8Array();
  if (bytes.length !== length) throw unsupported(format);
  return Buffer.from(bytes.buffer, bytes.byteOffset, length);
}

export const unsupported = (format: string): BrokenImage => invalid(`Unsupported ${format} File Format`);

/** "Disk images must be less than 16 TiB": docs.aws.amazon.com/vm-import/latest/userguide/limitations-image-importing.html */
const MAX_BYTES = 16 * 1024 ** 4;

/** The size that an image says a disk has, in bytes. @throws {BrokenImage} if no disk has it */
export function checkedSize(size: number): number {
  if (size > 0 && size < MAX_BYTES) return size;
  throw invalid("Invalid disk size");
}

/** `length` bytes of a disk that stand in a file as they are. */
export function* plain(
  file: File,
  { from, to, length }: { readonly from: number; readonly to: number; readonly length: number },
  format: string,
): Generator<Piece> {
  for (let at = 0; at < length; at += PIECE) {
    yield { offset: to + at, bytes: bytesAt(file, from + at, Math.min(PIECE, length - at), format) };
  }
}

/** A number of 64 bits; NaN for one that is too large to be that of a byte or sector. */
export function safe(value: bigint): number {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : Number.NaN;
}

/** A table of sectors of a file, as entries of four bytes. */
export interface Table {
  readonly format: string;
  /** Where it begins: bytes. */
  readonly at: number;
  readonly count: number;
  /** Bytes of what an entry leads to, and where in the file the last of it ends at the latest. */
  readonly length: number;
  readonly end: number;
  /** The entry that leads nowhere. */
  readonly none: number;
  readonly entryAt: (entries: Buffer, at: number) => number;
}

/** Entries that are read at once. */
const STRIDE = 16 * 1024;

/** What a table leads to, in its order: by which entry, and where in the file, in bytes. @throws {BrokenImage} */
export function* placesIn(file: File, table: Table): Generator<readonly [index: number, place: number]> {
  const { format, count, none, entryAt } = table;
  for (let from = 0; from < count; from += STRIDE) {
    const entries = bytesAt(file, table.at + 4 * from, 4 * Math.min(STRIDE, count - from), format);
    for (let at = 0; at < entries.length; at += 4) {
      const sector = entryAt(entries, at);
      if (sector !== none) yield [from + at / 4, sector * SECTOR];
    }
  }
}

/**
 * Makes sure that all that a table leads to is in its part of the file, and none of it in another: what is read twice would let a
 * small file describe a disk full of data.
 *
 * @throws {BrokenImage}
 */
export function checkTable(file: File, table: Table): void {
  const { format, length, end } = table;
  const most = Math.floor(end / length);
  const found: number[] = [];
  for (const [, place] of placesIn(file, table)) {
    const isWithin = place >= SECTOR && place + length <= end;
    if (!isWithin || found.push(place) > most) throw unsupported(format);
  }
  const places = Float64Array.from(found).toSorted();
  const areApart = places.every((place, i) => i === 0 || place - (places[i - 1] ?? 0) >= length);
  if (!areApart) throw unsupported(format);
}

/** The blocks of a disk that are not empty, in ascending order; what lies behind its end is zero. */
export function* blocksOf(
  disk: Disk,
  size: number,
): Generator<{ readonly index: number; readonly bytes: Uint8Array }> {
  const zeros = Buffer.alloc(size);
  let block = { index: 0, bytes: Buffer.alloc(size) };
  for (const { offset, bytes } of disk.content()) {
    for (let at = 0, taken = 0; at < bytes.length; at += taken) {
      const index = Math.floor((offset + at) / size);
      if (index !== block.index) {
        if (!block.bytes.equals(zeros)) yield block;
        block = { index, bytes: Buffer.alloc(size) };
      }
      const from = (offset + at) % size;
      taken = Math.min(size - from, bytes.length - at);
      block.bytes.set(bytes.subarray(at, at + taken), from);
    }
  }
  if (!block.bytes.equals(zeros)) yield block;
}
