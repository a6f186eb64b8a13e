import { deflateSync } from "node:zlib";
import { blocksOf, type Disk, type File } from "../../../server/ec2/diskFormats/disk.ts";
import { reading } from "../../../server/ec2/diskImage.ts";

const SECTOR = 512;

export const asFile = (bytes: Uint8Array): File => ({
  size: bytes.length,
  read: (offset, length) => bytes.subarray(offset, offset + length),
});

/** All bytes of a small disk. */
export function bytesOf(disk: Disk): Buffer {
  const size = 64 * 1024;
  const all = Buffer.alloc(Math.ceil(disk.size / size) * size);
  for (const { index, bytes } of blocksOf(disk, size)) all.set(bytes, index * size);
  return all.subarray(0, disk.size);
}

/** A disk of so many sectors that is empty but for these. */
export function diskOf(
  sectors: number,
  written: readonly (readonly [sector: number, byte: number])[],
): Buffer {
  const disk = Buffer.alloc(sectors * SECTOR);
  for (const [sector, byte] of written) disk.fill(byte, sector * SECTOR, (sector + 1) * SECTOR);
  return disk;
}

const isEmpty = (bytes: Buffer): boolean => bytes.equals(Buffer.alloc(bytes.length));

/** Writes the checksum of a footer or header of a VHD where it belongs. */
export function seal(bytes: Buffer, at: number): Buffer {
  bytes.writeUInt32BE(0, at);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.writeUInt32BE(~sum >>> 0, at);
  return bytes;
}

export function vhdFooter(size: number, type: number): Buffer {
  const footer = Buffer.alloc(512);
  footer.write("conectix", 0);
  footer.writeUInt32BE(2, 8);
  footer.writeUInt32BE(0x1_0000, 12);
  footer.writeBigUInt64BE(type === 2 ? 0xffff_ffff_ffff_ffffn : 512n, 16);
  footer.writeBigUInt64BE(BigInt(size), 40);
  footer.writeBigUInt64BE(BigInt(size), 48);
  footer.writeUInt32BE(type, 60);
  return seal(footer, 64);
}

export const fixedVhd = (disk: Buffer): Buffer => Buffer.concat([disk, vhdFooter(disk.length, 2)]);

export function vhdHeader(table: number, entries: number, blockSize: number): Buffer {
  const header = Buffer.alloc(1024);
  header.write("cxsparse", 0);
  header.writeBigUInt64BE(0xffff_ffff_ffff_ffffn, 8);
  header.writeBigUInt64BE(BigInt(table), 16);
  header.writeUInt32BE(0x1_0000, 24);
  header.writeUInt32BE(entries, 28);
  header.writeUInt32BE(blockSize, 32);
  return seal(header, 36);
}

export const VHD_BLOCK = 512 * 1024;
/** Where in the images that are made here the table of blocks is. */
export const VHD_TABLE = 1536;

/** The bit of a sector, the first of a byte being the highest, says whether it was ever written. */
function bitmapOf(block: Buffer): Buffer {
  const bitmap = Buffer.alloc(512);
  for (let sector = 0; sector * SECTOR < block.length; sector++) {
    if (isEmpty(block.subarray(sector * SECTOR, (sector + 1) * SECTOR))) continue;
    bitmap[sector >> 3] = (bitmap[sector >> 3] ?? 0) | (0x80 >> (sector & 7));
  }
  return bitmap;
}

/** @param stale bytes that stand where no sector was ever written, and are not of the disk */
export function dynamicVhd(disk: Buffer, stale = 0): Buffer {
  const count = Math.ceil(disk.length / VHD_BLOCK);
  const table = Buffer.alloc(Math.ceil((4 * count) / SECTOR) * SECTOR, 0xff);
  const footer = vhdFooter(disk.length, 3);
  const parts: Buffer[] = [footer, vhdHeader(VHD_TABLE, count, VHD_BLOCK), table];
  let end = VHD_TABLE + table.length;
  // The last comes first: a file need not have blocks in the order of the disk.
  for (let index = count - 1; index >= 0; index--) {
    const block = Buffer.alloc(VHD_BLOCK);
    disk.copy(block, 0, index * VHD_BLOCK);
    if (isEmpty(block)) continue;
    table.writeUInt32BE(end / SECTOR, 4 * index);
    const bitmap = bitmapOf(block);
    for (let sector = 0; sector * SECTOR < VHD_BLOCK; sector++) {
      const at = sector * SECTOR;
      if (isEmpty(block.subarray(at, at + SECTOR))) block.fill(stale, at, at + SECTOR);
    }
    parts.push(bitmap, block);
    end += bitmap.length + block.length;
  }
  return Buffer.concat([...parts, footer]);
}

export const GRAIN = 64 * 1024;
const STREAM = { flags: 0x3_0001, algorithm: 1, createType: "streamOptimized", parent: "ffffffff" };

interface VmdkOptions extends Partial<typeof STREAM> {
  /** Whether the header, rather than a footer, says where the directory is. */
  readonly early?: boolean;
  /** What stands in place of a grain's deflated bytes. */
  readonly packed?: (grain: Buffer) => Buffer;
}

function vmdkHeader(
  size: number,
  directory: bigint,
  { flags, algorithm }: Pick<typeof STREAM, "flags" | "algorithm">,
): Buffer {
  const header = Buffer.alloc(SECTOR);
  header.write("KDMV", 0, "latin1");
  header.writeUInt32LE(3, 4);
  header.writeUInt32LE(flags, 8);
  header.writeBigUInt64LE(BigInt(size / SECTOR), 12);
  header.writeBigUInt64LE(BigInt(GRAIN / SECTOR), 20);
  header.writeBigUInt64LE(1n, 28);
  header.writeBigUInt64LE(1n, 36);
  header.writeUInt32LE(512, 44);
  header.writeBigUInt64LE(directory, 56);
  header.write("\n \r\n", 73, "latin1");
  header.writeUInt16LE(algorithm, 77);
  return header;
}

const padded = (bytes: Buffer): Buffer =>
  Buffer.concat([bytes, Buffer.alloc((SECTOR - (bytes.length % SECTOR)) % SECTOR)]);

/** The sector that precedes tables and footers, and says what follows. */
function marker(sectors: number, type: number): Buffer {
  const bytes = Buffer.alloc(SECTOR);
  bytes.writeBigUInt64LE(BigInt(sectors), 0);
  bytes.writeUInt32LE(type, 12);
  return bytes;
}

/** A stream-optimized image. */
export function vmdk(disk: Buffer, options: VmdkOptions = {}): Buffer {
  const { early = false, packed = deflateSync, ...rest } = options;
  const asked = { ...STREAM, ...rest };
  const descriptor = Buffer.alloc(SECTOR);
  const { parent, createType } = asked;
  descriptor.write(
    `# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=${parent}\ncreateType="${createType}"\n`,
  );
  const grains = Math.ceil(disk.length / GRAIN);
  const tables = Array.from({ length: Math.ceil(grains / 512) }, () => Buffer.alloc(2048));
  const parts: Buffer[] = [Buffer.alloc(SECTOR), descriptor];
  let end = 2 * SECTOR;
  const add = (bytes: Buffer): number => {
    const at = end / SECTOR;
    parts.push(bytes);
    end += bytes.length;
    return at;
  };
  for (let index = 0; index < grains; index++) {
    const grain = Buffer.alloc(GRAIN);
    disk.copy(grain, 0, index * GRAIN);
    if (isEmpty(grain)) continue;
    const data = packed(grain);
    const head = Buffer.alloc(12);
    head.writeBigUInt64LE(BigInt((index * GRAIN) / SECTOR), 0);
    head.writeUInt32LE(data.length, 8);
    tables[index >> 9]?.writeUInt32LE(add(padded(Buffer.concat([head, data]))), 4 * (index & 511));
  }
  const directory = Buffer.alloc(Math.ceil((4 * tables.length) / SECTOR) * SECTOR);
  for (const [index, table] of tables.entries()) {
    if (isEmpty(table)) continue;
    add(marker(4, 1));
    directory.writeUInt32LE(add(table), 4 * index);
  }
  add(marker(1, 2));
  const at = BigInt(add(directory));
  add(marker(1, 3));
  add(vmdkHeader(disk.length, at, asked));
  add(Buffer.alloc(SECTOR));
  parts[0] = vmdkHeader(disk.length, early ? at : 0xffff_ffff_ffff_ffffn, asked);
  return Buffer.concat(parts);
}

/** What comes of reading a whole image. */
export function outcome(open: (file: File) => Disk, bytes: Uint8Array): string {
  const answer = reading(() => void bytesOf(open(asFile(bytes))));
  return answer?.message ?? "read";
}

/** As `bytes`, with some changed. */
export function changed(bytes: Buffer, change: (copy: Buffer) => void): Buffer {
  const copy = Buffer.from(bytes);
  change(copy);
  return copy;
}

/** The message of a task whose image is found to be no such image. */
export const validation = (reason: string): string => `ClientError: Disk validation failed [${reason}]`;
