import {
  BrokenImage,
  bytesAt as bytesOf,
  checkedSize,
  checkTable,
  placesIn,
  plain,
  safe,
  SECTOR,
  unsupported,
  type Disk,
  type File,
  type Piece,
  type Table,
} from "./disk.ts";

/*
 * Virtual Hard Disk Image Format, version 1.0 (Microsoft, 2006). All numbers are big-endian. A fixed image is the disk with a
 * footer behind it. A dynamic one has a copy of the footer in front, then a header that says where the table of its blocks
 * is; a block is a bitmap of its sectors and their data.
 */

const FORMAT = "VHD";
const FOOTER = { cookie: "conectix", length: 512, checksum: 64 };
const HEADER = { cookie: "cxsparse", length: 1024, checksum: 36 };
const VERSION = 0x1_0000;
const FIXED = 2;
const DYNAMIC = 3;
const DIFFERENCING = 4;
/** Bytes. Windows makes blocks of 512 KiB or 2 MiB. */
const BLOCKS = { least: 512 * 1024, most: 64 * 1024 ** 2 };

const bytesAt = (file: File, offset: number, length: number): Buffer => bytesOf(file, offset, length, FORMAT);
const broken = (): BrokenImage => unsupported(FORMAT);

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
  return { size, content: () => plain(file, { from: 0, to: 0, length: size }, FORMAT) };
}

/** How long the parts of a block are, in bytes. */
interface Block {
  /** With a bit for each sector, in front of the data. */
  readonly bitmap: number;
  readonly data: number;
}

function openDynamic(file: File, footer: Buffer, size: number): Disk {
  if (!bytesAt(file, 0, FOOTER.length).equals(footer)) {
    throw new BrokenImage("ClientError: Footers not identical");
  }
  const header = bytesAt(file, safe(footer.readBigUInt64BE(16)), HEADER.length);
  if (!isSound(header, HEADER) || header.readUInt32BE(24) !== VERSION) throw broken();
  const data = header.readUInt32BE(32);
  if (data < BLOCKS.least || data > BLOCKS.most || !Number.isInteger(Math.log2(data))) throw broken();
  const count = Math.ceil(size / data);
  if (header.readUInt32BE(28) < count) throw broken();
  const bitmap = Math.ceil(data / SECTOR / 8 / SECTOR) * SECTOR;
  const blocks: Table = {
    format: FORMAT,
    at: safe(header.readBigUInt64BE(16)),
    count,
    length: bitmap + data,
    end: file.size - FOOTER.length,
    none: 0xffff_ffff,
    entryAt: (entries, at) => entries.readUInt32BE(at),
  };
  checkTable(file, blocks);
  return { size, content: () => contentOf(file, blocks, { bitmap, data }, size) };
}

function* contentOf(file: File, blocks: Table, { bitmap, data }: Block, size: number): Generator<Piece> {
  for (const [index, place] of placesIn(file, blocks)) {
    const to = index * data;
    const written = bytesAt(file, place, bitmap);
    const range = { from: place + bitmap, to, length: Math.min(data, size - to) };
    for (const { offset, bytes } of plain(file, range, FORMAT)) {
      yield { offset, bytes: masked(bytes, written, (offset - to) / SECTOR) };
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
