import * as fc from "fast-check";
import { HYPERVISOR_FRAMES } from "../../hypervisor/frames.ts";
import { BLOCK } from "../../hypervisor/disks.ts";
import { PAGE } from "../../hypervisor/slabs.ts";
import { canaries, FRAMES, STORE, VOLUME, World } from "./world.ts";

/** What one principal does. Its `n`th instance or volume is its own affair. */
type Deed =
  | { readonly do: "launch"; readonly frames: number; readonly cores: number }
  | {
      readonly do: "write" | "write-disk" | "write-volume";
      readonly n: number;
      readonly at: number;
      readonly salt: number;
    }
  | {
      readonly do: "reboot" | "stop" | "hibernate" | "start" | "terminate" | "volume" | "snapshot" | "look";
      readonly n: number;
    };

const n = fc.nat({ max: 5 });
const deed: fc.Arbitrary<Deed> = fc.oneof(
  fc.record({
    do: fc.constant("launch" as const),
    frames: fc.integer({ min: 1, max: 8 }),
    cores: fc.integer({ min: 1, max: 2 }),
  }),
  fc.record({
    do: fc.constantFrom("write" as const, "write" as const, "write-disk" as const, "write-volume" as const),
    n,
    at: fc.nat({ max: 999 }),
    salt: fc.nat({ max: 9 }),
  }),
  fc.record({
    do: fc.constantFrom(
      "look" as const,
      "look" as const,
      "reboot" as const,
      "stop" as const,
      "hibernate" as const,
      "start" as const,
      "terminate" as const,
      "volume" as const,
      "snapshot" as const,
    ),
    n,
  }),
);

/** A principal: what it has, and all that it ever learned from its answers. */
class Principal {
  readonly observations: string[] = [];
  readonly #name: string;
  readonly #world: World;
  readonly #instances: {
    id: string;
    state: "on" | "off" | "asleep" | "gone";
    frames: number;
    cores: number;
  }[] = [];
  readonly #volumes: string[] = [];
  readonly #snapshots: string[] = [];

  constructor(name: string, world: World) {
    this.#name = name;
    this.#world = world;
  }

  does(deed: Deed): void {
    const { fleet } = this.#world;
    if (deed.do === "launch") {
      const { frames, cores } = deed;
      const id = `${this.#name}-${this.#instances.length}`;
      this.#instances.push({ id, state: "off", frames, cores });
      this.#start(this.#instances.length - 1);
      return;
    }
    if (deed.do === "volume") {
      const id = `vol-${this.#name}-${this.#volumes.length}`;
      this.#volumes.push(id);
      fleet.disks.createVolume(id, VOLUME, { key: `key of ${this.#name}` });
      return;
    }
    const volume = this.#volumes[deed.n % Math.max(1, this.#volumes.length)];
    if (deed.do === "write-volume") {
      if (volume) fleet.disks.writeVolume(volume, BLOCK - deed.at, this.#bytes(deed.salt, 2 * deed.at + 1));
      return;
    }
    if (deed.do === "snapshot") {
      if (volume === undefined) return;
      const id = `snap-${this.#name}-${this.#snapshots.length}`;
      this.#snapshots.push(id);
      fleet.disks.snapshotVolume(volume, id);
      return;
    }
    const which = deed.n % Math.max(1, this.#instances.length);
    const instance = this.#instances[which];
    if (instance === undefined) return;
    if (deed.do === "start") {
      if (instance.state === "off" || instance.state === "asleep") this.#start(which);
      return;
    }
    if (instance.state !== "on") return;
    const { id, frames } = instance;
    switch (deed.do) {
      case "write": {
        const address = Math.floor((deed.at / 1000) * frames * PAGE);
        fleet.guests.write(id, address, this.#bytes(deed.salt, Math.min(5000, frames * PAGE - address)));
        break;
      }
      case "write-disk":
        fleet.guests.writeStore(id, 0, deed.at, this.#bytes(deed.salt, 300));
        break;
      case "reboot":
        fleet.reboot(id);
        break;
      case "stop":
        fleet.release(id, "stop");
        instance.state = "off";
        break;
      case "hibernate":
        fleet.hibernation.begin(id, `image of ${id}`);
        instance.state = "asleep";
        break;
      case "terminate":
        fleet.release(id, "terminate");
        instance.state = "gone";
        break;
      case "look":
        this.#look(which);
        break;
    }
    if (deed.do === "reboot") this.#look(which);
  }

  /** Ends all that is left. */
  ends(): void {
    for (const { id, state } of this.#instances) {
      if (state === "on") this.#world.fleet.release(id, "terminate");
      if (state === "asleep") this.#world.fleet.hibernation.discard(`image of ${id}`);
    }
    for (const id of this.#volumes) this.#world.fleet.disks.deleteVolume(id);
    for (const id of this.#snapshots) this.#world.fleet.disks.deleteSnapshot(id);
  }

  looksAtAll(): void {
    for (const [which, { state }] of this.#instances.entries()) if (state === "on") this.#look(which);
    for (const id of this.#volumes) this.#sees(this.#world.fleet.disks.readVolume(id, 0, VOLUME));
    for (const id of this.#snapshots) {
      for (const index of [0, 1]) {
        this.#sees(this.#world.fleet.disks.readSnapshot(id, index) ?? new Uint8Array(0));
      }
    }
  }

  #start(which: number): void {
    const instance = this.#instances[which];
    if (instance === undefined) return;
    const { id, frames, cores } = instance;
    const { fleet } = this.#world;
    const isAsleep = instance.state === "asleep";
    const { placed } = fleet.place({
      instance: id,
      account: this.#name,
      tenancy: "default",
      zone: "z",
      family: "m5",
      memoryBytes: frames * PAGE,
      cores,
      threadsPerCore: 2,
      stores: [STORE],
    });
    // Capacity is the one thing that others may be noticed by; here there is always enough.
    this.observations.push(`placed ${placed}`);
    if (!placed) return;
    instance.state = "on";
    if (isAsleep) fleet.hibernation.resume(id, `image of ${id}`);
    this.#look(which);
  }

  #look(which: number): void {
    const instance = this.#instances[which];
    if (instance === undefined) return;
    this.#sees(this.#world.fleet.guests.read(instance.id, 0, instance.frames * PAGE));
    this.#sees(this.#world.fleet.guests.readStore(instance.id, 0, 0, STORE));
  }

  #sees(bytes: Uint8Array): void {
    this.observations.push(Buffer.from(bytes).toString("latin1"));
  }

  #bytes(salt: number, length: number): Uint8Array {
    return canaries(`${this.#name} ${salt}`, length);
  }
}

const parts = { mode: fc.constantFrom("eager" as const, "idle" as const, "on-demand" as const) };
const newWorld = (mode: "eager" | "idle" | "on-demand"): World => new World({ mode, hosts: 24 });

/**
 * What is in all frames and in the memory that they would get, wherever it is: placement may differ, contents not; and
 * how much is on disks.
 */
function physical(world: World): string[] {
  const image: string[] = [];
  for (const host of world.hosts()) {
    for (let frame = HYPERVISOR_FRAMES; frame < HYPERVISOR_FRAMES + FRAMES; frame++) {
      const bytes = world.glass.frame(host.id, frame);
      if (bytes?.some((byte) => byte !== 0)) image.push(Buffer.from(bytes).toString("latin1"));
    }
    if (!host.memory.pages.supplyIsZero()) image.push("unused memory is not zero");
  }
  // Disks are ciphertext under keys that are never the same: what can be the same is how much there is.
  for (const { bytes } of world.atRest()) image.push(`${bytes.length} bytes at rest`);
  return image.toSorted();
}

/** A property that makes two runs and says whether they are equal in all that matters. */
type Pair = fc.IRawProperty<unknown[], false>;

const differ = (one: unknown, other: unknown): boolean => JSON.stringify(one) !== JSON.stringify(other);

/** B's deeds are the same in both runs, A's are not: those of the first element are A's in one, of the second in the other. */
const twoRuns = fc.array(fc.oneof(fc.record({ B: deed }), fc.record({ A: deed, other: deed })), {
  maxLength: 40,
  size: "max",
});

export const pairs: Readonly<Record<string, Pair>> = {
  "N1 what B learns does not depend on what A does": fc.property(parts.mode, twoRuns, (mode, deeds) => {
    const [one, other] = (["A", "other"] as const).map((which) => {
      const world = newWorld(mode);
      const a = new Principal("A", world);
      const b = new Principal("B", world);
      for (const deed of deeds) {
        if ("B" in deed) b.does(deed.B);
        else a.does(deed[which]);
      }
      b.looksAtAll();
      return b.observations;
    });
    return !differ(one, other);
  }),

  "N4 when A is gone, the memory is as if A had never been": fc.property(
    fc.array(deed, { maxLength: 25, size: "max" }),
    fc.array(deed, { maxLength: 25, size: "max" }),
    (before, after) => {
      const [one, other] = [before, []].map((deeds) => {
        const world = newWorld("eager");
        const a = new Principal("A", world);
        const b = new Principal("B", world);
        for (const deed of deeds) a.does(deed);
        a.ends();
        for (const deed of after) b.does(deed);
        return physical(world);
      });
      return !differ(one, other);
    },
  ),

  "N5 what the operator sees does not depend on a guest's bytes": fc.property(
    parts.mode,
    fc.array(deed, { maxLength: 40, size: "max" }),
    (mode, deeds) => {
      const [one, other] = [0, 1].map((salt) => {
        const world = newWorld(mode);
        const a = new Principal("A", world);
        for (const deed of deeds) a.does("salt" in deed ? { ...deed, salt: deed.salt + salt } : deed);
        return [world.views(), world.records];
      });
      return !differ(one, other);
    },
  ),
};
