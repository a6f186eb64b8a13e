import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Audit } from "../../hypervisor/audit.ts";
import { BLOCK, type BlockStore, Disks } from "../../hypervisor/disks.ts";
import { memorySnapshots, type SnapshotStore } from "../../hypervisor/snapshotStore.ts";
import { memoryBlocks } from "../../server/state/blocks.ts";
import { openDatabase } from "../../server/state/journal.ts";
import { sqliteSnapshots } from "../../server/state/snapshots.ts";

/** Disks over a store whose chunks and keys are in sight. */
class Bench {
  readonly blocks: BlockStore = memoryBlocks();
  readonly chunks = new Map<number, Uint8Array>();
  readonly removed: number[] = [];
  readonly keys = new Map<string, Uint8Array>();
  readonly store: SnapshotStore;
  readonly audit = new Audit({ clock: () => 0 });
  #made = 0;

  constructor(store: SnapshotStore = memorySnapshots()) {
    this.store = {
      ...store,
      add: (bytes, key) => {
        const number = store.add(bytes, key);
        this.chunks.set(number, store.chunk(number)?.bytes ?? new Uint8Array());
        return number;
      },
      remove: (number) => {
        store.remove(number);
        this.removed.push(number);
        this.chunks.delete(number);
      },
      writeKey: (id, secret) => {
        store.writeKey(id, secret);
        this.keys.set(id, store.readKey(id) ?? secret);
      },
      eraseKey: (id) => {
        store.eraseKey(id);
        this.keys.delete(id);
      },
    };
  }

  disks(): Disks {
    const newKey = () =>
      createHash("sha512")
        .update(`key ${++this.#made}`)
        .digest();
    return new Disks(this.blocks, this.audit, { snapshots: this.store, newKey });
  }

  /** Whether a run of this byte is anywhere at rest. */
  holds(secret: Uint8Array): boolean {
    const ofVolumes = ["vol-1", "vol-2"].flatMap((volume) =>
      Array.from(this.blocks.written(volume), (index) => this.blocks.read(volume, index)),
    );
    return [...ofVolumes, ...this.chunks.values()].some(
      (bytes) => bytes && Buffer.from(bytes).includes(Buffer.from(secret)),
    );
  }
}

const filled = (value: number) => new Uint8Array(BLOCK).fill(value);
const isFilled = (bytes: Uint8Array | undefined, value: number) =>
  bytes !== undefined && Buffer.compare(bytes, filled(value)) === 0;
const fault = (code: string) => expect.objectContaining({ name: "HypervisorFault", code });
const indexes = (disks: Disks, id: string) => Array.from(disks.snapshotBlocks(id), ({ index }) => index);

describe("snapshots", () => {
  it("T11 have what was there at their moment, whatever becomes of volumes and other snapshots", () => {
    const size = 3;
    type Step = readonly [kind: string, a: number, b: number];
    const step: fc.Arbitrary<Step> = fc.tuple(
      fc.constantFrom(
        "write",
        "write",
        "write",
        "snapshot",
        "snapshot",
        "restore",
        "copy",
        "drop",
        "wipe",
        "clone",
      ),
      fc.nat({ max: 9 }),
      fc.nat({ max: 254 }),
    );
    const key = fc.constantFrom(undefined, "k");
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 30 }), key, key, (steps, key, other) => {
        const bench = new Bench();
        let disks = bench.disks();
        const volumes = new Map<string, { at: number[]; key: string | undefined }>();
        const kept = new Map<string, { at: number[]; key: string | undefined }>();
        let names = 0;
        const empty = () => Array.from({ length: size }, () => 0);
        const pick = <T>(all: Map<string, T>, n: number) => [...all][n % Math.max(1, all.size)];
        const make = (at: number[], key: string | undefined, content: object) => {
          const id = `vol-${++names}`;
          disks.createVolume(id, size * BLOCK, { ...content, key });
          volumes.set(id, { at: [...at], key });
        };
        const checkSnapshot = (id: string, at: readonly number[]) =>
          expect(at.map((_, index) => disks.readSnapshot(id, index)?.at(-1) ?? 0)).toEqual(at);
        const checkVolume = (id: string, at: readonly number[]) =>
          expect(at.map((_, index) => disks.readVolume(id, index * BLOCK, 1)[0])).toEqual(at);
        make(empty(), key, {});
        for (const [kind, a, b] of steps) {
          const volume = pick(volumes, a);
          const snapshot = pick(kept, a);
          const id = `snap-${++names}`;
          if (kind === "write" && volume) {
            disks.writeVolume(volume[0], (b % size) * BLOCK, filled(b + 1));
            volume[1].at[b % size] = b + 1;
          } else if (kind === "snapshot" && volume) {
            disks.snapshotVolume(volume[0], id);
            kept.set(id, { at: [...volume[1].at], key: volume[1].key });
          } else if (kind === "restore" && snapshot) {
            make(snapshot[1].at, b % 2 === 0 ? (snapshot[1].key ?? other) : `k${names}`, {
              snapshot: snapshot[0],
            });
          } else if (kind === "clone" && volume) {
            make(volume[1].at, volume[1].key, { copyOf: volume[0] });
          } else if (kind === "copy" && snapshot) {
            const to = b % 2 === 0 ? snapshot[1].key : `k${names}`;
            disks.copySnapshot(id, disks, snapshot[0], to);
            kept.set(id, { at: [...snapshot[1].at], key: to });
          } else if (kind === "drop" && snapshot) {
            disks.deleteSnapshot(snapshot[0]);
            kept.delete(snapshot[0]);
          } else if (kind === "wipe" && volume) {
            disks.deleteVolume(volume[0]);
            volumes.delete(volume[0]);
          }
          if (b % 5 === 0) {
            // The power goes, and comes back.
            disks = bench.disks();
            for (const [id, { key }] of kept) disks.openSnapshot(id, key);
            for (const [id, { key }] of volumes) disks.openVolume(id, size * BLOCK, key);
          }
          for (const [id, { at }] of [...kept].slice(-2)) checkSnapshot(id, at);
          for (const [id, { at }] of [...volumes].slice(-2)) checkVolume(id, at);
        }
        for (const [id, { at }] of kept) checkSnapshot(id, at);
        for (const [id, { at }] of volumes) checkVolume(id, at);
        for (const id of kept.keys()) disks.deleteSnapshot(id);
        for (const id of volumes.keys()) disks.deleteVolume(id);
        expect(bench.chunks.size).toBe(0);
        expect([...bench.keys.keys()]).toEqual([]);
      }),
      { seed: 3, numRuns: 20 },
    );
  });

  it("keep only what changed, and share the rest", () => {
    const bench = new Bench();
    const disks = bench.disks();
    disks.createVolume("vol-1", 10 * BLOCK);
    for (const index of [0, 3, 7]) disks.writeVolume("vol-1", index * BLOCK, Uint8Array.of(index + 1));
    disks.snapshotVolume("vol-1", "snap-1");
    expect(bench.chunks.size).toBe(3);
    disks.snapshotVolume("vol-1", "snap-2");
    expect(bench.chunks.size).toBe(3);
    disks.writeVolume("vol-1", 3 * BLOCK, Uint8Array.of(9));
    disks.writeVolume("vol-1", 8 * BLOCK, Uint8Array.of(9));
    disks.snapshotVolume("vol-1", "snap-3");
    expect(bench.chunks.size).toBe(5);
    expect(indexes(disks, "snap-3")).toEqual([0, 3, 7, 8]);
    const chunksOf = (id: string) =>
      new Map(Array.from(disks.snapshotBlocks(id), (at) => [at.index, at.chunk]));
    const [first, last] = [chunksOf("snap-1"), chunksOf("snap-3")];
    expect([...last].filter(([index, chunk]) => first.get(index) !== chunk).map(([index]) => index)).toEqual([
      3, 8,
    ]);
    // A volume made of a snapshot takes no more room until it is written, nor does its own snapshot.
    disks.createVolume("vol-2", 10 * BLOCK, { snapshot: "snap-3" });
    disks.snapshotVolume("vol-2", "snap-4");
    disks.copySnapshot("snap-5", disks, "snap-1");
    expect(bench.chunks.size).toBe(5);
  });

  it("are deleted with all that nobody else needs, which is zeroed, and nothing else", () => {
    const bench = new Bench();
    const disks = bench.disks();
    disks.createVolume("vol-1", 4 * BLOCK);
    disks.writeVolume("vol-1", 0, Uint8Array.of(1));
    disks.writeVolume("vol-1", BLOCK, Uint8Array.of(2));
    disks.snapshotVolume("vol-1", "snap-1");
    const before = [...bench.chunks.values()];
    disks.writeVolume("vol-1", BLOCK, Uint8Array.of(3));
    disks.snapshotVolume("vol-1", "snap-2");
    expect(disks.deleteSnapshot("snap-1")).toMatchObject({ event: "snapshot-deleted", bytesZeroed: BLOCK });
    expect(before.map((bytes) => bytes[0])).toEqual([1, 0]);
    expect(disks.readSnapshot("snap-2", 0)?.[0]).toBe(1);
    expect(disks.readSnapshot("snap-2", 1)?.[0]).toBe(3);
    expect(disks.deleteSnapshot("snap-2")).toMatchObject({ bytesZeroed: 2 * BLOCK });
    expect(bench.chunks.size).toBe(0);
    expect(disks.readVolume("vol-1", BLOCK, 1)).toEqual(Uint8Array.of(3));
    expect(() => disks.deleteSnapshot("snap-2")).toThrow(fault("unknown-snapshot"));
  });

  it("I6 share no buffer with the volume or with who asks", () => {
    const disks = new Bench().disks();
    disks.createVolume("vol-1", BLOCK);
    disks.writeVolume("vol-1", 0, filled(5));
    disks.snapshotVolume("vol-1", "snap-1");
    disks.readSnapshot("snap-1", 0)?.fill(9);
    disks.writeVolume("vol-1", 0, filled(6));
    expect(isFilled(disks.readSnapshot("snap-1", 0), 5)).toBe(true);
    const mine = filled(7);
    disks.writeSnapshot("snap-1", 0, mine);
    mine.fill(8);
    expect(isFilled(disks.readSnapshot("snap-1", 0), 7)).toBe(true);
  });

  it("are copied to another region's disks block by block, under a key of there", () => {
    const here = new Bench();
    const there = new Bench();
    const [from, to] = [here.disks(), there.disks()];
    from.createVolume("vol-1", 4 * BLOCK, { key: "k" });
    from.writeVolume("vol-1", 2 * BLOCK, filled(1));
    from.snapshotVolume("vol-1", "snap-1");
    to.copySnapshot("snap-2", from, "snap-1", "far");
    from.deleteSnapshot("snap-1");
    from.deleteVolume("vol-1");
    expect(here.keys.size).toBe(0);
    expect([...there.keys.keys()]).toEqual(["far"]);
    expect(isFilled(to.readSnapshot("snap-2", 2), 1)).toBe(true);
    expect(there.holds(new Uint8Array(32).fill(1))).toBe(false);
  });

  it("refuse what cannot be", () => {
    const disks = new Bench().disks();
    disks.createSnapshot("snap-1");
    expect(() => disks.createSnapshot("snap-1")).toThrow(fault("snapshot-exists"));
    expect(() => disks.snapshotVolume("vol-1", "snap-2")).toThrow(fault("unknown-volume"));
    expect(() => disks.readSnapshot("snap-2", 0)).toThrow(fault("unknown-snapshot"));
    for (const index of [-1, 0.5, Number.NaN]) {
      expect(() => disks.writeSnapshot("snap-1", index, filled(1))).toThrow(fault("bad-request"));
    }
    expect(() => disks.writeSnapshot("snap-1", 0, new Uint8Array(1))).toThrow(fault("bad-request"));
    const keyless = new Disks(memoryBlocks(), new Audit({ clock: () => 0 }));
    expect(() => keyless.createVolume("vol-1", BLOCK, { key: "k" })).toThrow(fault("unknown-key"));
  });
});

describe("encrypted disks", () => {
  const secret = Uint8Array.from({ length: 64 }, (_, index) => index + 100);

  it("T10 are ciphertext at rest, and nothing once their key is gone", () => {
    fc.assert(
      fc.property(fc.nat({ max: 3 * BLOCK - 64 }), (offset) => {
        const bench = new Bench();
        const disks = bench.disks();
        disks.createVolume("vol-1", 3 * BLOCK, { key: "k" });
        disks.writeVolume("vol-1", offset, secret);
        disks.snapshotVolume("vol-1", "snap-1");
        disks.createVolume("vol-2", 3 * BLOCK, { snapshot: "snap-1", key: "k" });
        disks.writeVolume("vol-2", (offset + 1000) % (2 * BLOCK), secret);
        expect(bench.holds(secret.subarray(0, 16))).toBe(false);
        expect(disks.readVolume("vol-1", offset, 64)).toEqual(secret);
        const key = bench.keys.get("k");
        disks.deleteVolume("vol-1");
        disks.deleteVolume("vol-2");
        expect(bench.keys.size).toBe(1);
        disks.deleteSnapshot("snap-1");
        expect(bench.keys.size).toBe(0);
        expect(key?.every((byte) => byte === 0)).toBe(true);
        expect(bench.audit.records().at(-2)).toMatchObject({ event: "key-destroyed", reason: "k" });
        // Whoever gets the name again gets another key.
        disks.createVolume("vol-1", 3 * BLOCK, { key: "k" });
        expect(bench.keys.get("k")).not.toEqual(key);
      }),
      { seed: 4, numRuns: 10 },
    );
  });

  it("have a key each, so that the same bytes look different on each, and at each place", () => {
    const bench = new Bench();
    const disks = bench.disks();
    disks.createVolume("vol-1", 2 * BLOCK, { key: "a" });
    disks.createVolume("vol-2", 2 * BLOCK, { key: "b" });
    for (const volume of ["vol-1", "vol-2"]) {
      disks.writeVolume(volume, 0, filled(1));
      disks.writeVolume(volume, BLOCK, filled(1));
    }
    const texts = ["vol-1", "vol-2"].flatMap((volume) =>
      [0, 1].map((index) => Buffer.from(bench.blocks.read(volume, index) ?? []).toString("base64")),
    );
    expect(new Set(texts).size).toBe(4);
  });

  it("made from plain snapshots have encrypted snapshots", () => {
    const bench = new Bench();
    const disks = bench.disks();
    disks.createSnapshot("snap-1");
    disks.writeSnapshot(
      "snap-1",
      0,
      new Uint8Array(BLOCK).fill(3).map((_, i) => secret[i] ?? 3),
    );
    disks.createVolume("vol-1", BLOCK, { snapshot: "snap-1", key: "k" });
    disks.snapshotVolume("vol-1", "snap-2");
    disks.deleteSnapshot("snap-1");
    expect(bench.holds(secret)).toBe(false);
    expect(disks.readSnapshot("snap-2", 0)?.subarray(0, 64)).toEqual(secret);
    expect(disks.readVolume("vol-1", 0, 64)).toEqual(secret);
  });
});

/** Calls of a store, by name; both kinds of store must answer alike. */
describe("the store in the database", () => {
  it("is like the one in memory", () => {
    const disk = fc.constantFrom("a", "b", "c");
    const index = fc.nat({ max: 4 });
    const call = fc.oneof(
      fc.tuple(fc.constant("add" as const), fc.nat({ max: 255 }), fc.constantFrom(undefined, "k")),
      fc.tuple(fc.constant("put" as const), disk, index, fc.nat({ max: 5 })),
      fc.tuple(fc.constant("drop" as const), disk, index),
      fc.tuple(fc.constant("copy" as const), disk, disk),
      fc.tuple(fc.constant("clearLayer" as const), disk),
      fc.tuple(fc.constant("remove" as const), fc.nat({ max: 5 })),
      fc.tuple(fc.constant("writeKey" as const), disk, fc.nat({ max: 255 })),
      fc.tuple(fc.constant("eraseKey" as const), disk),
    );
    fc.assert(
      fc.property(fc.array(call, { maxLength: 30 }), (calls) => {
        const database = openDatabase(":memory:");
        const stores = [memorySnapshots(), sqliteSnapshots(database)];
        for (const each of calls) {
          for (const store of stores) {
            if (each[0] === "add") store.add(Uint8Array.of(each[1]), each[2]);
            // The numbers of chunks that are no more mean nothing.
            if (each[0] === "put" && store.chunk(each[3])) store.put(each[1], each[2], each[3]);
            if (each[0] === "drop") store.drop(each[1], each[2]);
            if (each[0] === "copy" && store.size(each[2]) === 0) store.copy(each[1], each[2]);
            if (each[0] === "clearLayer") store.clearLayer(each[1]);
            if (each[0] === "remove" && [...store.places(each[1])].length === 0) store.remove(each[1]);
            if (each[0] === "writeKey") store.writeKey(each[1], Uint8Array.of(each[2]));
            if (each[0] === "eraseKey") store.eraseKey(each[1]);
          }
          const [memory, sqlite] = stores.map((store) => ({
            layers: ["a", "b", "c"].map((disk) => [...store.layer(disk, 1)].map((at) => ({ ...at }))),
            at: ["a", "b", "c"].map((disk) => [store.at(disk, 0), store.size(disk)]),
            keys: ["a", "b", "c"].map((id) => Array.from(store.readKey(id) ?? [])),
            uses: store.usesKey("k"),
            chunks: [0, 1, 2, 3, 4, 5].map((number) => ({
              bytes: Array.from(store.chunk(number)?.bytes ?? []),
              key: [store.keyOf(number), store.chunk(number)?.key],
              places: Array.from(store.places(number), ({ disk, index }) => `${disk} ${index}`).toSorted(),
            })),
          }));
          expect(sqlite).toEqual(memory);
        }
        database.close();
      }),
      { seed: 5, numRuns: 50 },
    );
  });
});
