import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Audit } from "../../hypervisor/audit.ts";
import { BLOCK, type BlockStore, Disks } from "../../hypervisor/disks.ts";
import { memorySnapshots } from "../../hypervisor/snapshotStore.ts";

/** A store that notes what it is given, in order. */
function store() {
  const volumes = new Map<string, Map<number, Uint8Array>>();
  const log: string[] = [];
  const blocks: BlockStore = {
    read: (volume, index) => volumes.get(volume)?.get(index),
    write: (volume, index, bytes) => {
      log.push(`${volume} ${index} ${bytes.every((byte) => byte === 0) ? "zero" : "data"}`);
      volumes.set(volume, (volumes.get(volume) ?? new Map<number, Uint8Array>()).set(index, bytes));
    },
    written: (volume) => volumes.get(volume)?.keys() ?? [],
    erase: (volume) => {
      log.push(`${volume} erased`);
      volumes.delete(volume);
    },
  };
  return { volumes, log, blocks };
}

const disksOn = (blocks: BlockStore, snapshots = memorySnapshots()) => {
  let keys = 0;
  const newKey = () => createHash("sha512").update(`key ${++keys}`).digest();
  return new Disks(blocks, new Audit({ clock: () => 0 }), { snapshots, newKey });
};
const fault = (code: string) => expect.objectContaining({ name: "HypervisorFault", code });

describe("disks", () => {
  it("T11 read what was written, else what the snapshot has, else zero, also after a power cut", () => {
    const size = 3 * BLOCK - 100;
    const offset = fc.oneof(fc.nat({ max: size - 1 }), fc.constantFrom(BLOCK - 1, BLOCK, 2 * BLOCK - 3));
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 64 });
    const writes = fc.array(fc.tuple(offset, bytes, fc.boolean()), { maxLength: 8 });
    fc.assert(
      fc.property(
        writes,
        offset,
        fc.boolean(),
        fc.constantFrom(undefined, "k"),
        (writes, from, hasSource, key) => {
          const { blocks } = store();
          const snapshots = memorySnapshots();
          const old = new Uint8Array(BLOCK).fill(0xaa);
          const model = new Uint8Array(size);
          if (hasSource) model.set(old, BLOCK);
          const open = () => {
            const disks = disksOn(blocks, snapshots);
            disks.openSnapshot("snap-1");
            return disks;
          };
          let disks = open();
          if (hasSource) disks.writeSnapshot("snap-1", 1, old);
          disks.createVolume("vol-1", size, { snapshot: "snap-1", key });
          for (const [offset, bytes, powerCut] of writes) {
            const piece = bytes.subarray(0, size - offset);
            disks.writeVolume("vol-1", offset, piece);
            model.set(piece, offset);
            if (!powerCut) continue;
            disks = open();
            disks.openVolume("vol-1", size, key);
          }
          expect(Buffer.compare(disks.readVolume("vol-1", 0, size), model)).toBe(0);
          const rest = disks.readVolume("vol-1", from, size - from);
          expect(Buffer.compare(rest, model.subarray(from))).toBe(0);
          const kept = disks.readSnapshot("snap-1", 1);
          expect(kept && Buffer.compare(kept, old)).toBe(hasSource ? 0 : undefined);
        },
      ),
      { seed: 1, numRuns: 40 },
    );
  });

  it("T11 zero every written block of a deleted volume before they forget it, and certify that", () => {
    const { blocks, log, volumes } = store();
    const disks = disksOn(blocks);
    disks.createVolume("vol-1", 16 * 2 ** 40);
    disks.writeVolume("vol-1", 5 * BLOCK - 1, Uint8Array.of(1, 2));
    disks.writeVolume("vol-1", 16 * 2 ** 40 - 1, Uint8Array.of(3));
    log.length = 0;
    const certificate = disks.deleteVolume("vol-1");
    const last = (16 * 2 ** 40) / BLOCK - 1;
    expect(log).toEqual(["vol-1 4 zero", "vol-1 5 zero", `vol-1 ${last} zero`, "vol-1 erased"]);
    expect(certificate).toMatchObject({
      event: "volume-deleted",
      volume: "vol-1",
      bytesZeroed: 3 * BLOCK,
      verified: true,
    });
    expect(volumes.size).toBe(0);
    disks.createVolume("vol-1", BLOCK);
    expect(disks.readVolume("vol-1", 0, 10)).toEqual(new Uint8Array(10));
  });

  it("reset what a store still has under the name of a new volume", () => {
    const { blocks, log } = store();
    blocks.write("vol-1", 0, new Uint8Array(BLOCK).fill(1));
    log.length = 0;
    const disks = disksOn(blocks);
    disks.createVolume("vol-1", BLOCK);
    expect(log).toEqual(["vol-1 0 zero", "vol-1 erased"]);
    expect(disks.readVolume("vol-1", 0, 4)).toEqual(new Uint8Array(4));
  });

  it("grow by room that reads zero", () => {
    const disks = disksOn(store().blocks);
    disks.createVolume("vol-1", BLOCK);
    disks.writeVolume("vol-1", BLOCK - 1, Uint8Array.of(7));
    disks.resizeVolume("vol-1", 2 * BLOCK);
    expect(disks.readVolume("vol-1", BLOCK - 1, 3)).toEqual(Uint8Array.of(7, 0, 0));
    disks.writeVolume("vol-1", 2 * BLOCK - 1, Uint8Array.of(8));
    expect(disks.readVolume("vol-1", 2 * BLOCK - 2, 2)).toEqual(Uint8Array.of(0, 8));
  });

  it("answer with copies", () => {
    const { blocks } = store();
    const disks = disksOn(blocks);
    disks.createVolume("vol-1", BLOCK);
    const bytes = Uint8Array.of(1, 2);
    disks.writeVolume("vol-1", 0, bytes);
    bytes.fill(9);
    disks.readVolume("vol-1", 0, 2).fill(8);
    expect(disks.readVolume("vol-1", 0, 2)).toEqual(Uint8Array.of(1, 2));
  });

  it("refuse what lies beyond a volume, and change nothing", () => {
    const { blocks, log } = store();
    const disks = disksOn(blocks);
    disks.createVolume("vol-1", 100);
    log.length = 0;
    for (const offset of [-1, 99, 0.5, Number.NaN, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY]) {
      expect(() => disks.writeVolume("vol-1", offset, Uint8Array.of(1, 2))).toThrow(fault("bad-address"));
      expect(() => disks.readVolume("vol-1", offset, 2)).toThrow(fault("bad-address"));
    }
    for (const length of [-1, 1.5, Number.NaN, 101]) {
      expect(() => disks.readVolume("vol-1", 0, length)).toThrow(fault("bad-address"));
    }
    expect(() => disks.readVolume("vol-1", 0, 2 ** 40)).toThrow(fault("access-too-large"));
    expect(() => disks.readVolume("vol-2", 0, 1)).toThrow(fault("unknown-volume"));
    expect(() => disks.deleteVolume("vol-2")).toThrow(fault("unknown-volume"));
    expect(() => disks.createVolume("vol-1", 100)).toThrow(fault("volume-exists"));
    expect(() => disks.createVolume("vol-3", 0)).toThrow(fault("bad-request"));
    expect(() => disks.resizeVolume("vol-1", 99)).toThrow(fault("bad-request"));
    expect(() => disks.resizeVolume("vol-2", 99)).toThrow(fault("unknown-volume"));
    expect(log).toEqual([]);
  });
});
