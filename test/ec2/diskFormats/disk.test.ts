import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BrokenImage, type Disk, type File, type Piece } from "../../../server/ec2/diskFormats/disk.ts";
import { reading } from "../../../server/ec2/diskImage.ts";
import { openRaw } from "../../../server/ec2/diskFormats/raw.ts";
import { openVhd } from "../../../server/ec2/diskFormats/vhd.ts";
import { openVmdk } from "../../../server/ec2/diskFormats/vmdk.ts";
import {
  asFile,
  bytesOf,
  changed,
  diskOf,
  dynamicVhd,
  fixedVhd,
  outcome,
  validation,
  vhdFooter,
  vmdk,
} from "./images.ts";

/** Disks of up to 2 MiB, most of them empty, whose ends need not be those of a block or grain. */
const disks = fc
  .record({
    sectors: fc.integer({ min: 1, max: 4000 }),
    written: fc.array(fc.tuple(fc.nat(3999), fc.integer({ min: 1, max: 255 })), { maxLength: 8 }),
  })
  .map(({ sectors, written }) =>
    diskOf(
      sectors,
      written.map(([sector, byte]) => [sector % sectors, byte] as const),
    ),
  );

const makers: readonly [string, (disk: Buffer) => Buffer, (file: File) => Disk][] = [
  ["RAW", (disk) => disk, openRaw],
  ["fixed VHD", fixedVhd, openVhd],
  ["dynamic VHD", dynamicVhd, openVhd],
  ["dynamic VHD with stale sectors", (disk) => dynamicVhd(disk, 0xee), openVhd],
  ["stream-optimized VMDK", vmdk, openVmdk],
  ["VMDK without a footer", (disk) => vmdk(disk, { early: true }), openVmdk],
];

const seed = 20_261;

/** The pieces of a disk up to where its image is found to be broken, with the size of the disk. */
function piecesOf(open: (file: File) => Disk, file: File): (Piece & Pick<Disk, "size">)[] {
  const pieces: (Piece & Pick<Disk, "size">)[] = [];
  reading(() => {
    const disk = open(file);
    for (const piece of disk.content()) pieces.push({ ...piece, size: disk.size });
  });
  return pieces;
}

const VHD = validation("Unsupported VHD File Format");
const VMDK = validation("Unsupported VMDK File Format");
const SIZE = validation("Invalid disk size");

describe("images of disks", () => {
  test.each(makers)("%s: what was put in comes out", (_, make, open) => {
    fc.assert(
      fc.property(disks, (disk) => {
        const read = open(asFile(make(disk)));
        expect(read.size).toBe(disk.length);
        expect(bytesOf(read).equals(disk)).toBe(true);
      }),
      { seed, numRuns: 25 },
    );
  });

  test.each(makers)(
    "%s: whatever a file has in it, no more is read than a disk of its size",
    (_, make, open) => {
      const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 });
      fc.assert(
        fc.property(disks, changes, fc.nat(3), fc.nat(), (disk, flips, region, cut) => {
          const bytes = make(disk);
          for (const [at, byte] of flips) {
            // Mostly where the tables are: in the first and last few sectors.
            const near = at % 4096;
            bytes[(region > 1 ? near : bytes.length - 1 - near) % bytes.length] = byte;
          }
          const file = asFile(cut % 4 === 0 ? bytes.subarray(0, cut % bytes.length) : bytes);
          let end = 0;
          for (const piece of piecesOf(open, file)) {
            expect(piece.offset).toBeGreaterThanOrEqual(end);
            end = piece.offset + piece.bytes.length;
            expect(end).toBeLessThanOrEqual(piece.size);
          }
        }),
        { seed, numRuns: 60 },
      );
    },
  );

  test("of nothing, and of too much", () => {
    expect(outcome(openRaw, new Uint8Array())).toBe(SIZE);
    expect(() => openRaw({ size: 16 * 1024 ** 4, read: () => new Uint8Array() })).toThrow(SIZE);
    expect(outcome(openVhd, new Uint8Array())).toBe(VHD);
    expect(outcome(openVmdk, new Uint8Array())).toBe(VMDK);
    expect(outcome(openVhd, fixedVhd(Buffer.alloc(0)))).toBe(SIZE);
    expect(outcome(openVhd, vhdFooter(16 * 1024 ** 4, 3))).toBe(SIZE);
    expect(
      outcome(
        openVmdk,
        changed(vmdk(diskOf(8, [])), (image) => image.writeBigUInt64LE(1n << 60n, 12)),
      ),
    ).toBe(SIZE);
  });

  test("whose file ends where it said that there would be more", () => {
    const file = { size: 4096, read: () => new Uint8Array(8) };
    expect(() => bytesOf(openRaw(file))).toThrow(BrokenImage);
  });
});
