import { Audit, type AuditRecord } from "../../hypervisor/audit.ts";
import { Cores } from "../../hypervisor/cores.ts";
import type { Run } from "../../hypervisor/extents.ts";
import { BLOCK, Disks } from "../../hypervisor/disks.ts";
import { Fleet } from "../../hypervisor/fleet.ts";
import { FREE, Frames, HYPERVISOR_FRAMES } from "../../hypervisor/frames.ts";
import type { GuestMap } from "../../hypervisor/guestmap.ts";
import { Images } from "../../hypervisor/images.ts";
import { InstanceStore } from "../../hypervisor/instanceStore.ts";
import { Memory } from "../../hypervisor/memory.ts";
import { Pages, type Span } from "../../hypervisor/pages.ts";
import { Scrubber } from "../../hypervisor/scrubber.ts";
import { PAGE, Slabs } from "../../hypervisor/slabs.ts";
import { memorySnapshots, type SnapshotStore } from "../../hypervisor/snapshotStore.ts";
import { all, replace, type Planted } from "../planting.ts";
import { Stores, type WorldParts } from "./world.ts";

/** A bug of the hosts. */
export interface Bug extends Planted {
  /** A bug of the stores that the fleet is given. */
  readonly parts?: () => Partial<WorldParts>;
}

/** While this is more than 0, written pages of the last frame, or of all, are not seen. */
let hidden = { last: 0, all: 0 };

/** Lets code run that does not see what is written in the last frame of a range, or in any. */
function blind<T>(what: "last" | "all", run: () => T): T {
  hidden[what]++;
  try {
    return run();
  } finally {
    hidden[what]--;
  }
}

function plantBlindness(): () => void {
  hidden = { last: 0, all: 0 };
  return replace(
    Pages.prototype,
    "span",
    (original) =>
      function (this: Pages, from: number, end: number) {
        if (hidden.all > 0) return undefined;
        return original.call(this, from, hidden.last > 0 ? end - 1 : end);
      },
  );
}

/** A scrub that leaves something, and a verification that does not see it. */
function badScrub(zero: (bytes: Uint8Array, from: number, to: number) => void): () => void {
  return all(
    replace(
      Pages.prototype,
      "zero",
      () =>
        ({ bytes }: Span, from: number, to: number) =>
          zero(bytes, from, to),
    ),
    replace(
      Pages.prototype,
      "discard",
      (original) =>
        function (this: Pages, span: Span) {
          const left = span.bytes.slice();
          span.bytes.fill(0);
          const isDiscarded = original.call(this, span);
          span.bytes.set(left);
          return isDiscarded;
        },
    ),
  );
}

/** The mappings of instances that are gone, for who still uses them. */
function keepOldMappings(until: "for ever" | "scrubbed"): () => void {
  const old = new Map<Memory, Map<string, GuestMap>>();
  return all(
    replace(
      Memory.prototype,
      "release",
      (original) =>
        function (this: Memory, instance, reason) {
          const map = this.map(instance);
          const maps = old.get(this) ?? new Map<string, GuestMap>();
          if (map) old.set(this, maps.set(instance, map));
          return original.call(this, instance, reason);
        },
    ),
    replace(
      Memory.prototype,
      "load",
      (original) =>
        function (this: Memory, translation, offset, target) {
          const map = old.get(this)?.get(translation.instance);
          if (map?.generation !== translation.generation)
            return original.call(this, translation, offset, target);
          this.pages.read(translation.frame, offset, target);
        },
    ),
    replace(
      Scrubber.prototype,
      "step",
      (original) =>
        function (this: Scrubber, budget) {
          const done = original.call(this, budget);
          if (until === "scrubbed") old.clear();
          return done;
        },
    ),
  );
}

/** Stores that keep what they are given instead of copies, and write into it. */
function aliasing(): Partial<WorldParts> {
  const kept = new Map<number, Uint8Array>();
  const snapshots = memorySnapshots();
  class InPlace extends Stores {
    override write(name: string, index: number, bytes: Uint8Array): void {
      const block = this.read(name, index);
      if (block) block.set(bytes);
      else super.write(name, index, bytes);
    }
  }
  return {
    blocks: new InPlace(),
    snapshots: {
      ...snapshots,
      add(bytes, key) {
        const chunk = snapshots.add(bytes, key);
        kept.set(chunk, bytes);
        return chunk;
      },
      chunk(number) {
        const chunk = snapshots.chunk(number);
        return chunk && { ...chunk, bytes: kept.get(number) ?? chunk.bytes };
      },
    },
  };
}

/** A store of snapshots with a bug in it. */
const snapshotsWith = (bug: (sound: SnapshotStore) => Partial<SnapshotStore>) => (): Partial<WorldParts> => {
  const sound = memorySnapshots();
  return { snapshots: { ...sound, ...bug(sound) } };
};

/** Forgets which blocks a volume had, and gives them, as they are, to the next ones that have none. */
class Unreset extends Stores {
  /** Blocks that were to be zero: they are only noted as such. */
  readonly #noted = new Set<string>();
  readonly #left = new Map<number, Uint8Array>();

  override read(name: string, index: number): Uint8Array | undefined {
    const block = super.read(name, index);
    if (block && this.#noted.has(`${name} ${index}`)) return new Uint8Array(block.length);
    return block ?? this.#left.get(index);
  }
  override write(name: string, index: number, bytes: Uint8Array): void {
    const isZero = !bytes.some((byte) => byte !== 0);
    if (isZero && super.read(name, index)) this.#noted.add(`${name} ${index}`);
    else super.write(name, index, bytes);
  }
  override erase(name: string): void {
    for (const [index, bytes] of this.chunks.get(name) ?? []) this.#left.set(index, bytes);
    super.erase(name);
  }
}

/** Says that a volume's blocks are forgotten, and keeps them. */
class Hoarding extends Stores {
  override write(name: string, index: number, bytes: Uint8Array): void {
    if (bytes.some((byte) => byte !== 0)) super.write(name, index, bytes);
  }
  override read(name: string, index: number): Uint8Array | undefined {
    return this.#gone.has(name) ? undefined : super.read(name, index);
  }
  override written(name: string): Iterable<number> {
    return this.#gone.has(name) ? [] : super.written(name);
  }
  override erase(name: string): void {
    this.#gone.add(name);
  }
  readonly #gone = new Set<string>();
}

/** What was written is only in memory when the power goes. */
class Lazy extends Stores {
  #kept = new Map<string, Map<number, Uint8Array>>();

  override powerCut(): void {
    this.chunks.clear();
    for (const [name, blocks] of this.#kept) this.chunks.set(name, new Map(blocks));
  }
  override write(name: string, index: number, bytes: Uint8Array): void {
    // Everything but this last block is on the disk by now.
    this.#kept = new Map([...this.chunks].map(([volume, blocks]) => [volume, new Map(blocks)]));
    super.write(name, index, bytes);
  }
  override erase(name: string): void {
    super.erase(name);
    this.#kept.delete(name);
  }
}

/** All volumes have the same blocks. */
class Shared extends Stores {
  override read(_: string, index: number): Uint8Array | undefined {
    return super.read("all", index);
  }
  override write(_: string, index: number, bytes: Uint8Array): void {
    super.write("all", index, bytes);
  }
  override written(): Iterable<number> {
    return super.written("all");
  }
  override erase(): void {
    super.erase("all");
  }
}

export const bugs: readonly Bug[] = [
  {
    name: "the scrub skips the last frame",
    plant: () =>
      all(
        plantBlindness(),
        replace(
          Scrubber.prototype,
          "step",
          (original) =>
            function (this: Scrubber, budget) {
              return blind("last", () => original.call(this, budget));
            },
        ),
      ),
  },
  {
    name: "nothing is scrubbed, and nobody looks before a frame is handed out",
    plant: () =>
      all(
        plantBlindness(),
        replace(
          Scrubber.prototype,
          "step",
          (original) =>
            function (this: Scrubber, budget) {
              return blind("all", () => original.call(this, budget));
            },
        ),
        replace(
          Memory.prototype,
          "allocate",
          (original) =>
            function (this: Memory, ...args) {
              return blind("all", () => original.call(this, ...args));
            },
        ),
      ),
  },
  {
    name: "the scrub skips the last byte",
    plant: () => badScrub((bytes, from, to) => bytes.fill(0, from, Math.min(to, bytes.length - 1))),
  },
  {
    name: "the scrub does the first 64 bytes only",
    plant: () => badScrub((bytes) => bytes.fill(0, 0, 64)),
  },
  {
    name: "the scrub fills with 0xFF",
    plant: () => badScrub((bytes, from, to) => bytes.fill(0xff, from, to)),
  },
  {
    name: "an interrupted scrub counts as done",
    plant: () =>
      all(
        plantBlindness(),
        replace(
          Memory.prototype,
          "abortScrub",
          () =>
            function (this: Memory, run: Run, instance: string) {
              blind("all", () => this.finishScrub(run, instance));
            },
        ),
      ),
  },
  {
    name: "a broken frame is handed out again",
    plant: () => replace(Memory.prototype, "condemn", () => () => undefined),
  },
  {
    name: "a scrub goes on where it was when the power failed",
    plant: () =>
      replace(
        Fleet.prototype,
        "failHost",
        (original) =>
          function (this: Fleet, id) {
            const { scrubber } = this.host(id) ?? {};
            if (scrubber) scrubber.interrupt = () => {};
            const instances = original.call(this, id);
            if (scrubber) Reflect.deleteProperty(scrubber, "interrupt");
            return instances;
          },
      ),
  },
  { name: "the mapping is never removed", plant: () => keepOldMappings("for ever") },
  { name: "the mapping is removed after the frames are free", plant: () => keepOldMappings("scrubbed") },
  {
    name: "frames are allocated twice",
    plant: () =>
      all(
        replace(Frames.prototype, "find", () => (count: number) => [{ start: HYPERVISOR_FRAMES, count }]),
        replace(
          Frames.prototype,
          "move",
          (original) =>
            function (this: Frames, run, from, to) {
              const isFree = this.at(run.start)?.state === "free";
              if (from !== FREE || isFree) original.call(this, run, from, to);
            },
        ),
      ),
  },
  {
    name: "generations are used again",
    plant: () =>
      all(
        replace(
          Memory.prototype,
          "allocate",
          (original) =>
            function (this: Memory, ...args) {
              const map = original.call(this, ...args);
              return map && Object.assign(map, { generation: 1 });
            },
        ),
        replace(
          Audit.prototype,
          "append",
          (original) =>
            function (this: Audit, entry) {
              return original.call(
                this,
                entry.generation === undefined ? entry : { ...entry, generation: 1 },
              );
            },
        ),
      ),
  },
  {
    name: "a reboot gives the frames back and takes others",
    plant: () =>
      replace(
        Memory.prototype,
        "reboot",
        () =>
          function (this: Memory, instance) {
            const { account, frames, runs } = this.release(instance, "stop");
            for (const run of runs) {
              this.beginScrub(run, instance);
              for (const span of this.pages.spans(run)) {
                span.bytes.fill(0);
                this.pages.discard(span);
              }
              this.finishScrub(run, instance);
            }
            this.allocate(instance, account, frames);
            return {} as AuditRecord;
          },
      ),
  },
  {
    name: "a reboot keeps the memory's contents",
    plant: () => replace(Memory.prototype, "reboot", () => () => ({}) as AuditRecord),
  },
  {
    name: "a stop keeps the key of the local disk",
    plant: () =>
      replace(
        InstanceStore.prototype,
        "destroy",
        () =>
          function (this: InstanceStore) {
            return this.bytesWritten;
          },
      ),
  },
  {
    name: "the end of a launch that failed leaks its frames",
    plant: () =>
      replace(
        Fleet.prototype,
        "release",
        (original) =>
          function (this: Fleet, instance, reason) {
            return reason === "failed-launch" ? undefined : original.call(this, instance, reason);
          },
      ),
  },
  {
    name: "scrubbing is elided although the next owner is of another account",
    plant: () =>
      all(
        plantBlindness(),
        replace(
          Scrubber.prototype,
          "add",
          (original) =>
            function (this: Scrubber, release) {
              original.call(this, release);
              if (release.account === "A") blind("all", () => this.drain());
            },
        ),
      ),
  },
  {
    name: "the two threads of a core go to two owners",
    plant: () => {
      const last = new WeakMap<Cores, { cores: readonly Run[]; wanted: number }>();
      const second = new WeakMap<Cores, string>();
      return all(
        replace(
          Cores.prototype,
          "take",
          (original) =>
            function (this: Cores, instance, wanted) {
              const before = last.get(this);
              if (before?.wanted === wanted) {
                second.set(this, instance);
                return before.cores;
              }
              const cores = original.call(this, instance, wanted);
              if (cores) last.set(this, { cores, wanted });
              return cores;
            },
        ),
        replace(
          Cores.prototype,
          "threads",
          (original) =>
            function (this: Cores, core) {
              const [first, ...siblings] = original.call(this, core);
              return [first, ...siblings.map((sibling) => (first ? (second.get(this) ?? sibling) : sibling))];
            },
        ),
      );
    },
  },
  {
    name: "an image can be resumed by another instance",
    plant: () => {
      const owners = new Map<string, string>();
      return all(
        replace(
          Images.prototype,
          "save",
          (original) =>
            function (this: Images, name, instance, pages) {
              owners.set(name, instance);
              return original.call(this, name, instance, pages);
            },
        ),
        replace(
          Images.prototype,
          "load",
          (original) =>
            function (this: Images, name, instance) {
              return original.call(this, name, owners.get(name) ?? instance);
            },
        ),
      );
    },
  },
  { name: "a snapshot has the volume's block instead of a copy", parts: aliasing },
  {
    name: "blocks of a deleted volume are used again without a reset",
    parts: () => ({ blocks: new Unreset() }),
  },
  { name: "a deleted volume's blocks stay on the disk", parts: () => ({ blocks: new Hoarding() }) },
  { name: "volumes are kept apart by the numbers of blocks alone", parts: () => ({ blocks: new Shared() }) },
  { name: "a write is answered before it is on the disk", parts: () => ({ blocks: new Lazy() }) },
  { name: "the key of a disk is not destroyed", parts: snapshotsWith(() => ({ eraseKey: () => {} })) },
  {
    name: "all disks have the same key",
    parts: snapshotsWith((sound) => ({
      writeKey: (id, secret) =>
        sound.writeKey(
          id,
          Uint8Array.from(secret, (_, i) => i),
        ),
    })),
  },
  {
    name: "an encrypted volume is kept in the clear",
    plant: () =>
      replace(
        Disks.prototype,
        "openVolume",
        (original) =>
          function (this: Disks, id, size) {
            original.call(this, id, size);
          },
      ),
  },
  {
    name: "a snapshot has what was written after it: the block is copied too late",
    plant: () => {
      const made = new WeakMap<Disks, Map<string, string[]>>();
      return all(
        replace(
          Disks.prototype,
          "snapshotVolume",
          (original) =>
            function (this: Disks, volume, id) {
              original.call(this, volume, id);
              const volumes = made.get(this) ?? new Map<string, string[]>();
              made.set(this, volumes.set(volume, [...(volumes.get(volume) ?? []), id]));
            },
        ),
        replace(
          Disks.prototype,
          "writeVolume",
          (original) =>
            function (this: Disks, volume, offset, bytes) {
              original.call(this, volume, offset, bytes);
              const block = new Uint8Array(BLOCK);
              block.set(this.readVolume(volume, 0, BLOCK));
              for (const id of made.get(this)?.get(volume) ?? []) {
                if (this.hasSnapshot(id)) this.writeSnapshot(id, 0, block);
              }
            },
        ),
      );
    },
  },
  {
    name: "a snapshot has only what changed since the one before",
    parts: snapshotsWith((sound) => {
      const saved = new Set<number>();
      return {
        copy(from, to) {
          if (!to.startsWith("snap")) return sound.copy(from, to);
          for (const { index, chunk } of sound.layer(from)) {
            if (!saved.has(chunk)) sound.put(to, index, chunk);
            saved.add(chunk);
          }
        },
      };
    }),
  },
  {
    name: "deleting a snapshot takes what others still need",
    parts: snapshotsWith(() => ({ places: () => [] })),
  },
  {
    name: "deleting a snapshot leaves what nobody needs",
    parts: snapshotsWith(() => ({ remove: () => {} })),
  },
  {
    name: "a volume can be reached after it was detached",
    plant: () => replace(Disks.prototype, "detach", () => () => {}),
  },
  {
    name: "a volume can be reached by whoever knows its name",
    plant: () => replace(Disks.prototype, "isAttached", () => () => true),
  },
  {
    name: "memory comes from a pool that somebody else left (Buffer.allocUnsafe)",
    plant: () =>
      replace(
        Slabs.prototype,
        "take",
        (original) =>
          function (this: Slabs) {
            const page = original.call(this);
            page.slab.bytes.fill(0x5a, page.offset, page.offset + PAGE);
            return page;
          },
      ),
  },
];
