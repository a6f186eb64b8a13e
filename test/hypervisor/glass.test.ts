import { describe, expect, it } from "vitest";
import { BLOCK } from "../../hypervisor/disks.ts";
import { FINDINGS } from "../../hypervisor/glass.ts";
import { HYPERVISOR_FRAMES } from "../../hypervisor/frames.ts";
import { PAGE } from "../../hypervisor/slabs.ts";
import { canary, found, STORE, World } from "./world.ts";

const SECRET = canary("secret");
const request = {
  instance: "i-1",
  account: "A",
  zone: "z",
  family: "m5",
  tenancy: "default",
  memoryBytes: 4 * PAGE,
  cores: 1,
  threadsPerCore: 2,
  stores: [STORE],
} as const;

function worldWithSecret(): World {
  const world = new World({ mode: "eager" });
  const { fleet } = world;
  fleet.place(request);
  fleet.guests.write("i-1", PAGE - 5, SECRET);
  fleet.guests.writeStore("i-1", 0, PAGE - 5, SECRET);
  for (const [volume, key] of [
    ["vol-open", undefined],
    ["vol-sealed", "key"],
  ] as const) {
    fleet.disks.createVolume(volume, 2 * BLOCK, { key });
    fleet.disks.writeVolume(volume, BLOCK - 5, SECRET);
  }
  fleet.disks.snapshotVolume("vol-sealed", "snap-1");
  return world;
}

/** Blocks of a volume as places that follow on each other. */
function* atRest({ blocks, snapshots }: World) {
  for (const [name, chunks] of blocks.chunks) {
    for (const [index, bytes] of chunks) yield { where: name, at: index * BLOCK, bytes };
  }
  for (const { chunk, bytes } of snapshots.chunks()) yield { where: `chunk ${chunk}`, bytes };
}

describe("the glass", () => {
  it("finds what lies across borders, and what is encrypted only by the key", () => {
    const world = worldWithSecret();
    const memory = { in: "memory", host: "h-1", offset: PAGE - 5, state: "allocated", instance: "i-1" };
    const open = { in: "at rest", where: "vol-open", offset: BLOCK - 5 };
    const asIs = [{ ...memory, frame: HYPERVISOR_FRAMES }, open];
    expect(world.glass.search(SECRET, atRest(world))).toEqual(asIs);
    expect(world.glass.searchWithKeys(SECRET, atRest(world))).toEqual([
      ...asIs,
      { in: "local disk, by its key", host: "h-1", instance: "i-1", device: 0, offset: PAGE - 5 },
      { in: "encrypted disk, by its key", disk: "vol-sealed", offset: BLOCK - 5 },
      { in: "encrypted disk, by its key", disk: "snap-1", offset: BLOCK - 5 },
    ]);
  });

  it("finds nothing once all is released and deleted", () => {
    const world = worldWithSecret();
    world.fleet.release("i-1", "terminate");
    for (const volume of ["vol-open", "vol-sealed"]) world.fleet.disks.deleteVolume(volume);
    world.fleet.disks.deleteSnapshot("snap-1");
    expect(world.glass.searchWithKeys(SECRET, atRest(world))).toEqual([]);
  });

  it("shows frames with their owners, and none that are not there", () => {
    const world = worldWithSecret();
    const views = found(world.glass.frames("h-1", HYPERVISOR_FRAMES - 1, 6));
    const owned = { state: "allocated", instance: "i-1" };
    expect(views.map(({ state, instance }) => ({ state, ...(instance && { instance }) }))).toEqual([
      { state: "hypervisor" },
      owned,
      owned,
      owned,
      owned,
      { state: "free" },
    ]);
    expect(Buffer.from(found(views[1]).bytes.subarray(PAGE - 5))).toEqual(Buffer.from(SECRET.subarray(0, 5)));
    expect(world.glass.frames("h-1", HYPERVISOR_FRAMES, 65)).toBeUndefined();
    expect(world.glass.frames("h-1", -1, 1)).toBeUndefined();
    expect(world.glass.frames("h-9", HYPERVISOR_FRAMES, 1)).toBeUndefined();
  });

  it("does not answer without end", () => {
    const world = worldWithSecret();
    expect(world.glass.search(new Uint8Array(1), atRest(world))).toHaveLength(FINDINGS);
    expect(world.glass.searchWithKeys(new Uint8Array(0), atRest(world))).toEqual([]);
  });
});
