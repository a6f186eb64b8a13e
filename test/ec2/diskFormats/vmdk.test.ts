import { deflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { openVmdk } from "../../../server/ec2/diskFormats/vmdk.ts";
import { asFile, bytesOf, changed, diskOf, GRAIN, outcome, validation, vmdk } from "./images.ts";

const VMDK = validation("Unsupported VMDK File Format");
const LENGTH = "ClientError: Uncompressed data has invalid length";

describe("VMDK", () => {
  const disk = diskOf(3000, [
    [1, 7],
    [1500, 8],
  ]);
  const image = vmdk(disk);
  const [directory, table] = placesIn(image);

  /** Where the directory and the first grain table are, in bytes. */
  function placesIn(bytes: Buffer): readonly [directory: number, table: number] {
    const at = Number(bytes.readBigUInt64LE(bytes.length - 1024 + 56)) * 512;
    return [at, bytes.readUInt32LE(at) * 512];
  }

  test("has to be a stream-optimized one, and a whole disk", () => {
    expect(outcome(openVmdk, image)).toBe("read");
    expect(outcome(openVmdk, disk)).toBe(VMDK);
    // What qemu-img makes unless it is asked for something else.
    expect(outcome(openVmdk, vmdk(disk, { flags: 3, algorithm: 0, createType: "monolithicSparse" }))).toBe(
      VMDK,
    );
    expect(outcome(openVmdk, vmdk(disk, { algorithm: 0 }))).toBe(VMDK);
    expect(outcome(openVmdk, vmdk(disk, { createType: "monolithicSparse" }))).toBe(VMDK);
    expect(outcome(openVmdk, vmdk(disk, { parent: "12345678" }))).toBe(VMDK);
  });

  test.each<[string, (copy: Buffer) => void]>([
    ["another version", (copy) => copy.writeUInt32LE(4, 4)],
    ["line ends that were changed on the way", (copy) => copy.write("\n", 75, "latin1")],
    ["grains that are no power of two", (copy) => copy.writeBigUInt64LE(100n, 20)],
    ["grains that are too small", (copy) => copy.writeBigUInt64LE(1n, 20)],
    ["grains that are too large", (copy) => copy.writeBigUInt64LE(4096n, 20)],
    ["tables of another length", (copy) => copy.writeUInt32LE(1, 44)],
    ["no descriptor", (copy) => copy.writeBigUInt64LE(0n, 36)],
    ["too long a descriptor", (copy) => copy.writeBigUInt64LE(1000n, 36)],
    ["a descriptor that is not there", (copy) => copy.writeBigUInt64LE(2n ** 62n, 28)],
    ["a directory that is not there", (copy) => copy.writeBigUInt64LE(2n ** 40n, 56)],
    ["no footer", (copy) => copy.fill(0, copy.length - 1536, copy.length - 1024)],
    ["a footer of another disk", (copy) => copy.writeBigUInt64LE(8n, copy.length - 1024 + 12)],
    ["a footer that leads on", (copy) => copy.fill(0xff, copy.length - 1024 + 56, copy.length - 1024 + 64)],
    ["a table that is not there", (copy) => copy.writeUInt32LE(0xffff_ffff, directory)],
    ["a grain that is not there", (copy) => copy.writeUInt32LE(0xffff_ffff, table)],
    ["a grain that is another's", (copy) => copy.writeUInt32LE(copy.readUInt32LE(table), table + 4)],
    ["a grain behind the end", (copy) => copy.writeUInt32LE(copy.readUInt32LE(table), table + 4 * 500)],
  ])("has not %s", (_, change) => {
    expect(outcome(openVmdk, changed(image, change))).toBe(VMDK);
  });

  test("has no grain behind its end, where there would be room in its tables", () => {
    const cut = changed(image, (copy) => {
      for (const at of [0, copy.length - 1024]) copy.writeBigUInt64LE(1000n, at + 12);
    });
    expect(outcome(openVmdk, cut)).toBe(VMDK);
  });

  test("has no descriptor that is longer than any", () => {
    const large = vmdk(disk, { packed: (grain) => deflateSync(grain, { level: 0 }) });
    const withLength = (sectors: bigint) => changed(large, (copy) => copy.writeBigUInt64LE(sectors, 36));
    expect(outcome(openVmdk, withLength(128n))).toBe("read");
    expect(outcome(openVmdk, withLength(129n))).toBe(VMDK);
  });

  test("has no table twice", () => {
    const large = vmdk(diskOf(2 * 512 * 128, [[1, 7]]));
    const [at] = placesIn(large);
    expect(outcome(openVmdk, large)).toBe("read");
    const twice = changed(large, (copy) => copy.writeUInt32LE(copy.readUInt32LE(at), at + 4));
    expect(outcome(openVmdk, twice)).toBe(VMDK);
  });

  test("has grains that are zero", () => {
    const zeroed = changed(image, (copy) => copy.writeUInt32LE(1, table));
    const expected = changed(disk, (copy) => copy.fill(0, 0, GRAIN));
    expect(bytesOf(openVmdk(asFile(zeroed))).equals(expected)).toBe(true);
  });

  test("has grains of one length, however they were deflated", () => {
    const bomb = (grain: Buffer) => deflateSync(Buffer.alloc(1000 * grain.length, 1));
    expect(outcome(openVmdk, vmdk(disk, { packed: bomb }))).toBe(LENGTH);
    expect(outcome(openVmdk, vmdk(disk, { packed: (grain) => deflateSync(grain.subarray(1)) }))).toBe(LENGTH);
    expect(outcome(openVmdk, vmdk(disk, { packed: () => Buffer.from("no deflated data") }))).toBe(LENGTH);
    expect(outcome(openVmdk, vmdk(disk, { packed: () => Buffer.alloc(0) }))).toBe(LENGTH);
    const long = (grain: Buffer) => Buffer.concat([deflateSync(grain), Buffer.alloc(2 * grain.length)]);
    expect(outcome(openVmdk, vmdk(disk, { packed: long }))).toBe(LENGTH);
  });
});
