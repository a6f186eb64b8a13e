import { describe, expect, test } from "vitest";
import { openVhd } from "../../../server/ec2/diskFormats/vhd.ts";
import {
  changed,
  diskOf,
  dynamicVhd,
  fixedVhd,
  outcome,
  seal,
  validation,
  VHD_BLOCK,
  VHD_TABLE,
  vhdFooter,
  vhdHeader,
} from "./images.ts";

const VHD = validation("Unsupported VHD File Format");
const FOOTERS = "ClientError: Footers not identical";

describe("VHD", () => {
  const disk = diskOf(3000, [
    [1, 7],
    [1500, 8],
  ]);
  const [fixed, dynamic] = [fixedVhd(disk), dynamicVhd(disk)];
  /** As the dynamic image, with both footers changed in the same way. */
  const withFooter = (footer: Buffer): Buffer =>
    changed(dynamic, (image) => {
      footer.copy(image, 0);
      footer.copy(image, image.length - 512);
    });
  const withHeader = (header: Buffer): Buffer => changed(dynamic, (image) => void header.copy(image, 512));

  test("has to be one", () => {
    expect(outcome(openVhd, disk)).toBe(VHD);
    expect(
      outcome(
        openVhd,
        changed(fixed, (image) => image.writeUInt8(1, image.length - 1)),
      ),
    ).toBe(VHD);
    expect(outcome(openVhd, fixed.subarray(512))).toBe(VHD);
    const old = vhdFooter(disk.length, 2);
    old.writeUInt32BE(0x2_0000, 12);
    expect(outcome(openVhd, Buffer.concat([disk, seal(old, 64)]))).toBe(VHD);
    expect(outcome(openVhd, Buffer.concat([disk, vhdFooter(disk.length, 5)]))).toBe(VHD);
    expect(outcome(openVhd, Buffer.concat([disk, vhdFooter(disk.length - 1, 2)]))).toBe(VHD);
  });

  test("is no difference to another, and has the same footer at both ends", () => {
    expect(outcome(openVhd, withFooter(vhdFooter(disk.length, 4)))).toBe(FOOTERS);
    expect(
      outcome(
        openVhd,
        changed(dynamic, (image) => image.writeUInt8(1, 100)),
      ),
    ).toBe(FOOTERS);
  });

  test("has a header that says where its blocks are", () => {
    const count = Math.ceil(disk.length / VHD_BLOCK);
    expect(outcome(openVhd, withHeader(vhdHeader(VHD_TABLE, count, VHD_BLOCK)))).toBe("read");
    for (const header of [
      vhdHeader(VHD_TABLE, count - 1, VHD_BLOCK),
      vhdHeader(dynamic.length - 8, count, VHD_BLOCK),
      vhdHeader(2 ** 52, count, VHD_BLOCK),
      vhdHeader(VHD_TABLE, 2 ** 31, 0),
      vhdHeader(VHD_TABLE, 2 ** 31, 64 * 1024),
      vhdHeader(VHD_TABLE, 2 ** 31, 2 ** 27),
      vhdHeader(VHD_TABLE, 2 ** 31, 512),
      vhdHeader(VHD_TABLE, count, VHD_BLOCK + 512),
      vhdHeader(VHD_TABLE, count, 2 ** 31),
      Buffer.alloc(1024),
    ]) {
      expect(outcome(openVhd, withHeader(header))).toBe(VHD);
      const empty = changed(dynamicVhd(diskOf(3000, [])), (image) => void header.copy(image, 512));
      expect(outcome(openVhd, empty)).toBe(VHD);
    }
    const lost = vhdFooter(disk.length, 3);
    lost.writeBigUInt64BE(2n ** 63n, 16);
    expect(outcome(openVhd, withFooter(seal(lost, 64)))).toBe(VHD);
  });

  test("has blocks within the file, none of them twice, and none in another", () => {
    const first = dynamic.readUInt32BE(VHD_TABLE);
    for (const sector of [0, 0xffff_fffe, first + 1, dynamic.readUInt32BE(VHD_TABLE + 4)]) {
      expect(
        outcome(
          openVhd,
          changed(dynamic, (image) => image.writeUInt32BE(sector, VHD_TABLE)),
        ),
      ).toBe(VHD);
    }
    const all = changed(dynamic, (image) => {
      for (let index = 0; index < 3; index++) image.writeUInt32BE(first, VHD_TABLE + 4 * index);
    });
    expect(outcome(openVhd, all)).toBe(VHD);
  });
});
