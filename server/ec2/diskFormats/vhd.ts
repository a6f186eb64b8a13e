import {
  areApart,
  BrokenImage,
  bytesAt as bytesOf,
  checkedSize,
  plain,
  safe,
  SECTOR,
  unsupported,
  type Disk,
  type File,
  type Piece,
} from "./disk.ts";

/*
 * Virtual Hard Disk Image Format, version 1.0 (Microsoft, 2006). All numbers are big-endian. A fixed image is the disk with a
 * footer behind it. A dynamic one has a copy of the footer in front, then a header that says where the table of its blocks
 * is; a block is a bitmap of its sectors and their data.
 */

const FOOTER = { cookie: "conectix", length: 512, checksum: 64 };
const HEADER = { cookie: "cxsparse", length: 1024, checksum: 36 };
const VERSION = 0x1_0000;
const FIXED = 2;
const DYNAMIC = 3;
const DIFFERENCING = 4;
const UNUSED = 0xffff_ffff;
/** Bytes. Windows makes blocks of 512 KiB or 2 MiB. */
const BLOCKS = { least: 512 * 1024, most: 64 * 1024 ** 2 };
/** Entries of the table that are read at once. */
const STRIDE = 16 * 1024;

const bytesAt = (file: File, offset: number, length: number): Buffer => bytesOf(file, offset, length, "VHD");
const broken = (): BrokenImage => unsupported("VHD");

/** The one's complement of the sum of all bytes but those of the checksum itself. */
function isSound(bytes: Buffer, { cookie, checksum }: typeof FOOTER): boolean {
  let sum = 0;
  for (const [at, byte] of bytes.entries()) if (at < checksum || at >= checksum + 4) sum += byte;
  return bytes.toString("latin1", 0, 8) === cookie && bytes.readUInt32BE(checksum) === ~sum >>> 0;
}

/** @throws {BrokenImage} */
export function openVhd(file: File): Disk {
  const footer = bytesAt(file, file.size - FOOTER.length, FOOTER.length);
  if (!isSound(footer, FOOTER) || footer.readUInt32BE(12) !== VERSION) throw broken();
  const size = checkedSize(safe(footer.readBigUInt64BE(48)));
  if (size % SECTOR !== 0) throw broken();
  const type = footer.readUInt32BE(60);
  if (type === DYNAMIC) return openDynamic(file, footer, size);
  // "You attempted to import a differencing VHD": docs.aws.amazon.com/vm-import/latest/userguide/vmimport-troubleshooting.html
  if (type === DIFFERENCING) throw new BrokenImage("ClientError: Footers not identical");
  if (type !== FIXED || size > file.size - FOOTER.length) throw broken();
  return { size, content: () => plain(file, { from: 0, to: 0, length: size }, "VHD") };
}

/** Where the blocks of a dynamic image are, and how long. */
interface Blocks {
  /** Where their table is, in bytes, and how many entries of it count. */
  readonly table: number;
  readonly count: number;
  /** Bytes of the disk in one. */
  readonly length: number;
  /** Bytes in front of them, with a bit for each sector. */
  readonly bitmap: number;
}

function openDynamic(file: File, footer: Buffer, size: number): Disk {
  if (!bytesAt(file, 0, FOOTER.length).equals(footer)) {
    throw new BrokenImage("ClientError: Footers not identical");
  }
  const header = bytesAt(file, safe(footer.readBigUInt64BE(16)), HEADER.length);
  if (!isSound(header, HEADER) || header.readUInt32BE(24) !== VERSION) throw broken();
  const length = header.readUInt32BE(32);
  const count = Math.ceil(size / length);
  if (length < BLOCKS.least || length > BLOCKS.most || !Number.isInteger(Math.log2(length))) throw broken();
  if (header.readUInt32BE(28) < count) throw broken();
  const bitmap = Math.ceil(length / SECTOR / 8 / SECTOR) * SECTOR;
  const blocks = { table: safe(header.readBigUInt64BE(16)), count, length, bitmap };
  checkBlocks(file, blocks);
  return { size, content: () => contentOf(file, blocks, size) };
}

/** The blocks that there are, in the order of the disk: which, and where in the file, in bytes. */
function* allocated(file: File, { table, count }: Blocks): Generator<readonly [index: number, at: number]> {
  for (let from = 0; from < count; from += STRIDE) {
    const entries = bytesAt(file, table + 4 * from, 4 * Math.min(STRIDE, count - from));
    for (let at = 0; at < entries.length; at += 4) {
      const sector = entries.readUInt32BE(at);
      if (sector !== UNUSED) yield [from + at / 4, sector * SECTOR];
    }
  }
}

/** Makes sure that each block is within the file, and none in another. @throws {BrokenImage} */
function checkBlocks(file: File, blocks: Blocks): void {
  const length = blocks.bitmap + blocks.length;
  const most = Math.floor(file.size / length);
  const starts: number[] = [];
  for (const [, at] of allocated(file, blocks)) {
    const isWithin = at >= FOOTER.length && at + length <= file.size - FOOTER.length;
    if (!isWithin || starts.push(at) > most) throw broken();
  }
  if (!areApart(Float64Array.from(starts), length)) throw broken();
}

function* contentOf(file: File, blocks: Blocks, size: number): Generator<Piece> {
  for (const [index, at] of allocated(file, blocks)) {
    const to = index * blocks.length;
    const length = Math.min(blocks.length, size - to);
    const written = bytesAt(file, at, blocks.bitmap);
    for (const piece of plain(file, { from: at + blocks.bitmap, to, length }, "VHD")) {
      yield { ...piece, bytes: masked(piece.bytes, written, (piece.offset - to) / SECTOR) };
    }
  }
}

/** Sectors, from `first` on in their block, whose bits are not set were never written: they are zero. */
function masked(bytes: Uint8Array, written: Buffer, first: number): Uint8Array {
  const sectors = bytes.length / SECTOR;
  const isWritten = (sector: number): boolean => (((written[sector >> 3] ?? 0) << (sector & 7)) & 0x80) !== 0;
  const result = new Uint8Array(bytes);
  for (let i = 0; i < sectors; i++) {
    if (!isWritten(first + i)) result.fill(0, i * SECTOR, (i + 1) * SECTOR);
  }
  return result;
}
