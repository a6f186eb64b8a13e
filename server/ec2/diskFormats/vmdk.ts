import { inflateSync } from "node:zlib";
import {
  BrokenImage,
  bytesAt as bytesOf,
  checkedSize,
  checkTable,
  placesIn,
  safe,
  SECTOR,
  unsupported,
  type Disk,
  type File,
  type Piece,
  type Table,
} from "./disk.ts";

/*
 * Virtual Disk Format 5.0 (VMware, 2011): the sparse extent, of which VM Import takes the stream-optimized form. All numbers
 * are little-endian, places are counted in sectors. A header says how large the disk is and where the directory of its grain
 * tables is; where it cannot know that yet, a footer of the same form does. A table says where the grains of 512 places are;
 * a grain has its own place on the disk and its length in front, and is deflated.
 */

const FORMAT = "VMDK";
const MAGIC = 0x564d_444b;
const COMPRESSED = 1 << 16;
const MARKED = 1 << 17;
const LINE_ENDS = 1;
const DEFLATE = 1;
/** Of the directory, where the footer says where it is. */
const AT_END = 0xffff_ffff_ffff_ffffn;
const NO_PARENT = "ffffffff";
/** The type of the marker in front of a footer. */
const FOOTER_MARKER = 3;
/** Of a grain table. */
const ENTRIES = 512;
/** Sectors. */
const GRAIN = { least: 16, most: 2048 };
/** Bytes. */
const MAX_DESCRIPTOR = 64 * 1024;
const MARKER = 12;

const bytesAt = (file: File, offset: number, length: number): Buffer => bytesOf(file, offset, length, FORMAT);
const broken = (): BrokenImage => unsupported(FORMAT);
const corrupt = (): BrokenImage => new BrokenImage("ClientError: Uncompressed data has invalid length");

/** How a disk is cut into grains. */
interface Shape {
  /** Bytes of the disk. */
  readonly size: number;
  /** Bytes in a grain. */
  readonly grain: number;
  /** Where in the file the directory is, in bytes; undefined where the footer says it. */
  readonly directory: number | undefined;
}

/** @throws {BrokenImage} */
export function openVmdk(file: File): Disk {
  const header = bytesAt(file, 0, SECTOR);
  const shape = shapeOf(header);
  checkDescriptor(file, header);
  const { size, grain } = shape;
  const tables: Table = {
    format: FORMAT,
    at: shape.directory ?? directoryAtEnd(file, shape),
    count: Math.ceil(size / (grain * ENTRIES)),
    length: 4 * ENTRIES,
    end: file.size,
    none: 0,
    entryAt: (entries, at) => entries.readUInt32LE(at),
  };
  checkTable(file, tables);
  return { size, content: () => contentOf(file, shape, tables) };
}

function shapeOf(header: Buffer): Shape {
  const flags = header.readUInt32LE(8);
  const version = header.readUInt32LE(4);
  if (header.readUInt32LE(0) !== MAGIC || version < 1 || version > 3) throw broken();
  // What a transfer as text would have changed.
  if ((flags & LINE_ENDS) !== 0 && header.toString("latin1", 73, 77) !== "\n \r\n") throw broken();
  const isStream = (flags & COMPRESSED) !== 0 && (flags & MARKED) !== 0;
  if (!isStream || header.readUInt16LE(77) !== DEFLATE) throw broken();
  const size = checkedSize(safe(header.readBigUInt64LE(12)) * SECTOR);
  const grain = safe(header.readBigUInt64LE(20));
  if (header.readUInt32LE(44) !== ENTRIES) throw broken();
  if (!(grain >= GRAIN.least && grain <= GRAIN.most) || !Number.isInteger(Math.log2(grain))) throw broken();
  const directory = header.readBigUInt64LE(56);
  return {
    size,
    grain: grain * SECTOR,
    directory: directory === AT_END ? undefined : safe(directory) * SECTOR,
  };
}

/** Of another type, or on top of another disk, it is not the whole of one. */
function checkDescriptor(file: File, header: Buffer): void {
  const length = safe(header.readBigUInt64LE(36)) * SECTOR;
  if (!(length > 0 && length <= MAX_DESCRIPTOR)) throw broken();
  const text = bytesAt(file, safe(header.readBigUInt64LE(28)) * SECTOR, length).toString("latin1");
  const values = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, key, value] = /^[ \t]*(\w+)[ \t]*=[ \t]*"?(\w+)/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) values.set(key.toLowerCase(), value.toLowerCase());
  }
  const isWhole = (values.get("parentcid") ?? NO_PARENT) === NO_PARENT;
  if (values.get("createtype") !== "streamoptimized" || !isWhole) throw broken();
}

/** The last sectors are a marker, the footer, and a marker of the end. */
function directoryAtEnd(file: File, { size, grain }: Shape): number {
  const marker = bytesAt(file, file.size - 3 * SECTOR, SECTOR);
  if (marker.readUInt32LE(8) !== 0 || marker.readUInt32LE(12) !== FOOTER_MARKER) throw broken();
  const footer = shapeOf(bytesAt(file, file.size - 2 * SECTOR, SECTOR));
  if (footer.size !== size || footer.grain !== grain || footer.directory === undefined) throw broken();
  return footer.directory;
}

function* contentOf(file: File, { size, grain }: Shape, tables: Table): Generator<Piece> {
  for (const [index, place] of placesIn(file, tables)) {
    const table = bytesAt(file, place, tables.length);
    for (let entry = 0; entry < ENTRIES; entry++) {
      const sector = table.readUInt32LE(4 * entry);
      // 1: a grain that is zero.
      if (sector <= 1) continue;
      const offset = (index * ENTRIES + entry) * grain;
      if (offset >= size) throw broken();
      const bytes = grainAt(file, sector * SECTOR, offset, grain);
      yield { offset, bytes: bytes.subarray(0, size - offset) };
    }
  }
}

/**
 * A grain, which says of itself where on the disk it belongs: so none can stand for two.
 *
 * @throws {BrokenImage} also if it is longer or shorter than a grain
 */
function grainAt(file: File, at: number, offset: number, length: number): Uint8Array {
  const marker = bytesAt(file, at, MARKER);
  const deflated = marker.readUInt32LE(8);
  if (safe(marker.readBigUInt64LE(0)) * SECTOR !== offset) throw broken();
  // Deflating makes nothing twice as long.
  if (deflated > 2 * length) throw corrupt();
  const bytes = inflated(bytesAt(file, at + MARKER, deflated), length);
  if (bytes?.length !== length) throw corrupt();
  return bytes;
}

function inflated(bytes: Buffer, maxOutputLength: number): Buffer | undefined {
  try {
    return inflateSync(bytes, { maxOutputLength });
  } catch {
    // Whatever zlib has against it: the data is not that of a grain.
    return undefined;
  }
}
