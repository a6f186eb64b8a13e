import * as fc from "fast-check";
import { BLOCK } from "../../hypervisor/disks.ts";
import { HypervisorFault } from "../../hypervisor/fault.ts";
import type { PlaceAnswer, PlaceRequest } from "../../hypervisor/placement.ts";
import { HYPERVISOR_FRAMES } from "../../hypervisor/frames.ts";
import type { Group } from "../../hypervisor/groups.ts";
import type { ReleaseReason } from "../../hypervisor/memory.ts";
import { PAGE } from "../../hypervisor/slabs.ts";
import type { Tenancy } from "../../hypervisor/tenancy.ts";
import {
  canaries,
  FRAMES,
  framesOf,
  found,
  type Live,
  type Model,
  nth,
  STORE,
  VOLUME,
  type World,
} from "./world.ts";

/** One thing that happens: to the fleet, and in the model of what the fleet should be. */
export interface Action {
  readonly name: string;
  readonly run: (model: Model, world: World) => void;
}

const index = fc.nat({ max: 1000 });
const length = fc.integer({ min: 1, max: 3 * PAGE });
const size = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 24 }) },
  { weight: 1, arbitrary: fc.constantFrom(FRAMES, FRAMES + 1) },
);
const tenancy = fc.constantFrom<Tenancy>("default", "default", "default", "dedicated", "dedicated", "host");
const account = fc.constantFrom("A", "B");
const family = fc.constantFrom("m5", "m5", "t3");
const group = fc.constantFrom<Group | undefined>(
  undefined,
  undefined,
  undefined,
  { id: "g-near", strategy: "cluster" },
  { id: "g-apart", strategy: "spread", level: "host" },
  { id: "g-racks", strategy: "spread", level: "rack" },
  { id: "g-parts", strategy: "partition", partition: 1 },
  { id: "g-parts", strategy: "partition", partition: 2 },
);
const wanted = fc.record({
  frames: size,
  cores: fc.integer({ min: 1, max: 3 }),
  account,
  family,
  tenancy,
  group,
  disk: fc.boolean(),
});
type Wanted = typeof wanted extends fc.Arbitrary<infer T> ? T : never;

/** Anything that can happen. */
export const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: wanted.map((wanted) => step("launch", wanted, launch)) },
  { weight: 5, arbitrary: fc.tuple(index, index, length).map((args) => step("write", args, write)) },
  { weight: 2, arbitrary: fc.tuple(index, index, length).map((args) => step("write disk", args, writeDisk)) },
  { weight: 2, arbitrary: index.map((n) => step("reboot", n, reboot)) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(index, fc.constantFrom<ReleaseReason>("stop", "stop", "terminate"))
      .map((args) => step("release", args, leave)),
  },
  { weight: 4, arbitrary: index.map((n) => step("hibernate", n, hibernate)) },
  { weight: 3, arbitrary: fc.tuple(index, size).map((args) => step("start", args, startAgain)) },
  { weight: 1, arbitrary: index.map((n) => step("terminate hibernated", n, forgetHibernated)) },
  { weight: 3, arbitrary: fc.tuple(index, index).map((args) => step("usurp", args, usurp)) },
  { weight: 2, arbitrary: fc.tuple(wanted, length).map((args) => step("failed launch", args, failedLaunch)) },
  { weight: 1, arbitrary: fc.tuple(index, index).map((args) => step("unplug", args, unplug)) },
  { weight: 2, arbitrary: fc.nat({ max: 5 * PAGE }).map((budget) => step("scrub", budget, scrub)) },
  { weight: 2, arbitrary: fc.nat({ max: PAGE }).map((budget) => step("interrupt", budget, interrupt)) },
  { weight: 1, arbitrary: fc.tuple(account, family).map((args) => step("allocate host", args, allocate)) },
  {
    weight: 1,
    arbitrary: fc.tuple(index, fc.nat({ max: PAGE })).map((args) => step("fail host", args, failHost)),
  },
  { weight: 1, arbitrary: index.map((n) => step("repair host", n, repairHost)) },
  { weight: 1, arbitrary: index.map((n) => step("retire host", n, retireHost)) },
  { weight: 2, arbitrary: fc.tuple(index, index).map((args) => step("condemn", args, condemn)) },
  { weight: 1, arbitrary: fc.constant(step("crash", undefined, crash)) },
  { weight: 1, arbitrary: fc.tuple(index, fc.boolean()).map((args) => step("tick", args, tick)) },
  { weight: 1, arbitrary: fc.tuple(wanted, index).map((args) => step("reserve", args, reserve)) },
  { weight: 1, arbitrary: index.map((n) => step("unreserve", n, unreserve)) },
  { weight: 3, arbitrary: index.map((n) => step("volume", n, createVolume)) },
  { weight: 5, arbitrary: fc.tuple(index, index, length).map((args) => step("to disk", args, writeVolume)) },
  { weight: 4, arbitrary: index.map((n) => step("snapshot", n, snapshot)) },
  { weight: 1, arbitrary: index.map((n) => step("grow", n, growVolume)) },
  { weight: 1, arbitrary: index.map((n) => step("copy volume", n, copyVolume)) },
  { weight: 1, arbitrary: index.map((n) => step("copy snapshot", n, copySnapshot)) },
  { weight: 5, arbitrary: fc.tuple(index, fc.boolean()).map((args) => step("delete", args, deleteDisk)) },
  { weight: 3, arbitrary: fc.tuple(index, index).map((args) => step("attach", args, attach)) },
  { weight: 2, arbitrary: index.map((n) => step("detach", n, detach)) },
  { weight: 2, arbitrary: fc.tuple(index, index, index).map((args) => step("reach", args, reach)) },
);

function step<T>(name: string, args: T, run: (model: Model, world: World, args: T) => void): Action {
  return {
    name: `${name} ${args === undefined ? "" : JSON.stringify(args)}`,
    run: (model, world) => {
      model.step = { kind: "nothing" };
      run(model, world, args);
    },
  };
}

function launch(model: Model, world: World, { frames, disk, group, ...rest }: Wanted): Live | undefined {
  const request = {
    ...rest,
    instance: model.next("i"),
    zone: "z",
    // One byte less than the frames have: the rest of a page is the instance's, too.
    memoryBytes: frames * PAGE - 1,
    threadsPerCore: 2,
    ...(disk && { stores: [STORE] }),
    ...(group && { group }),
  };
  place(model, world, request);
  return model.live.get(request.instance);
}

function place(model: Model, world: World, request: PlaceRequest): PlaceAnswer {
  const before = world.before();
  const answer = world.fleet.place(request);
  const { instance } = request;
  if (answer.placed) {
    const { host, frames } = answer.placement;
    const machine = found(world.fleet.host(host));
    const map = found(machine.memory.map(instance));
    const stores = machine.stores(instance);
    const disk = request.stores ? new Uint8Array(STORE) : undefined;
    const bytes = new Uint8Array(frames * PAGE);
    model.live.set(instance, { request, bytes, written: new Set(), disk, stores, host, map });
    model.ended.delete(instance);
    model.step = { kind: "placed", instance, before };
  } else {
    model.step = { kind: "refused", request, before };
  }
  return answer;
}

function write(model: Model, world: World, [n, at, length]: readonly [number, number, number]): void {
  const live = model.pick(n);
  if (live === undefined) return;
  const { instance } = live.request;
  const address = Math.floor((at / 1000) * (live.bytes.length - 1));
  const piece = canaries(instance, Math.min(length, live.bytes.length - address));
  world.fleet.guests.write(instance, address, piece);
  live.bytes.set(piece, address);
  const last = Math.floor((address + piece.length - 1) / PAGE);
  for (let page = Math.floor(address / PAGE); page <= last; page++) live.written.add(page);
  model.step = { kind: "written", instance };
}

function writeDisk(model: Model, world: World, [n, at, length]: readonly [number, number, number]): void {
  const live = nth(
    [...model.live.values()].filter(({ disk }) => disk),
    n,
  );
  if (live?.disk === undefined) return;
  const { instance } = live.request;
  const offset = Math.floor((at / 1000) * (STORE - 1));
  const piece = canaries(instance, Math.min(length, STORE - offset));
  world.fleet.guests.writeStore(instance, 0, offset, piece);
  live.disk.set(piece, offset);
}

function reboot(model: Model, world: World, n: number): void {
  const live = model.pick(n);
  if (live === undefined) return;
  const before = world.before();
  world.fleet.reboot(live.request.instance);
  live.bytes.fill(0);
  live.written.clear();
  model.step = { kind: "rebooted", instance: live.request.instance, before };
}

function leave(model: Model, world: World, [n, reason]: readonly [number, ReleaseReason]): void {
  release(model, world, model.pick(n), reason);
}

function release(model: Model, world: World, live: Live | undefined, reason: ReleaseReason): void {
  if (live === undefined) return;
  const { instance } = live.request;
  watch(model, world, live);
  const before = world.before();
  if (reason === "hibernate") world.fleet.hibernation.begin(instance, imageOf(instance));
  else world.fleet.release(instance, reason);
  end(model, live);
  if (reason === "terminate") {
    for (const [volume, instances] of model.attached) {
      if (instances.delete(instance)) world.fleet.disks.detach(volume, instance);
    }
  }
  model.step = { kind: "released", live, reason, before };
}

/** Remembers a translation that has to fault from the release on. */
function watch(model: Model, world: World, live: Live): void {
  const { instance } = live.request;
  const translation = world.fleet.host(live.host)?.memory.translate(instance, 0);
  if (translation === undefined) return;
  model.stale.push({ host: live.host, translation });
  world.probes.set(instance, { host: live.host, translation });
}

function end(model: Model, live: Live): void {
  model.live.delete(live.request.instance);
  model.ended.set(live.request.instance, live);
}

const imageOf = (instance: string): string => `image of ${instance}`;

function hibernate(model: Model, world: World, n: number): void {
  const live = model.pick(n);
  if (live === undefined) return;
  release(model, world, live, "hibernate");
  model.hibernated.set(live.request.instance, live.bytes.slice());
}

function startAgain(model: Model, world: World, [n, frames]: readonly [number, number]): void {
  const ended = nth(model.ended.values(), n);
  if (ended === undefined) return;
  const { instance } = ended.request;
  const image = model.hibernated.get(instance);
  // A stopped instance may have become larger or smaller; a hibernated one has not.
  const memoryBytes = image ? image.length : frames * PAGE;
  const answer = place(model, world, { ...ended.request, memoryBytes, exclude: ended.host });
  const { step } = model;
  const live = model.live.get(instance);
  if (!answer.placed || image === undefined || live === undefined || step.kind !== "placed") return;
  world.fleet.hibernation.resume(instance, imageOf(instance));
  live.bytes.set(image);
  for (let page = 0; page < live.map.pages; page++) {
    if (live.bytes.subarray(page * PAGE, (page + 1) * PAGE).some((byte) => byte !== 0))
      live.written.add(page);
  }
  model.hibernated.delete(instance);
  model.step = { kind: "resumed", instance, before: step.before };
}

/** A hibernated instance is terminated: its image goes, and with it all that it had in memory. */
function forgetHibernated(model: Model, world: World, n: number): void {
  const [instance] = nth(model.hibernated, n) ?? [];
  if (instance === undefined) return;
  world.fleet.hibernation.discard(imageOf(instance));
  model.hibernated.delete(instance);
  model.step = { kind: "discarded" };
}

function usurp(model: Model, world: World, [n, m]: readonly [number, number]): void {
  const [owner] = nth(model.hibernated, n) ?? [];
  const usurper = model.pick(m);
  if (owner === undefined || usurper === undefined) return;
  let refused = false;
  try {
    world.fleet.hibernation.resume(usurper.request.instance, imageOf(owner));
  } catch {
    refused = true;
  }
  // What it had is gone: an instance is resumed before it runs.
  usurper.bytes.fill(0);
  usurper.written.clear();
  model.step = { kind: "usurped", usurper: usurper.request.instance, refused };
}

function failedLaunch(model: Model, world: World, [wanted, length]: readonly [Wanted, number]): void {
  const live = launch(model, world, wanted);
  if (live === undefined) return;
  write(model, world, [model.live.size - 1, 0, length]);
  release(model, world, live, "failed-launch");
}

function unplug(model: Model, world: World, [n, share]: readonly [number, number]): void {
  const live = model.pick(n);
  if (live === undefined || live.map.pages < 2) return;
  const { instance } = live.request;
  const pages = 1 + Math.floor((share / 1001) * (live.map.pages - 1));
  watch(model, world, live);
  const before = world.before();
  world.fleet.unplug(instance, pages);
  const map = found(world.fleet.host(live.host)?.memory.map(instance));
  const frames = framesOf(live.map.runs).slice(map.pages);
  const bytes = live.bytes.slice(0, map.pages * PAGE);
  const written = new Set([...live.written].filter((page) => page < map.pages));
  const request = { ...live.request, memoryBytes: bytes.length };
  model.live.set(instance, { ...live, request, map, bytes, written });
  model.step = { kind: "unplugged", live, frames, before };
}

function scrub(model: Model, world: World, budget: number): void {
  const before = world.before();
  world.fleet.scrub(budget);
  model.step = { kind: "scrub-step", before };
}

/** A scrub begins, and is interrupted in the midst of a page, if there is any that is dirty. */
function interrupt(model: Model, world: World, budget: number): void {
  world.fleet.scrub(budget);
  const before = world.before();
  for (const host of world.hosts()) host.scrubber.interrupt();
  model.step = { kind: "interrupted", before };
}

function allocate(_: Model, world: World, [account, family]: readonly [string, string]): void {
  world.fleet.allocateHost("z", family, account);
}

/** The power fails where a scrub is under way, if one is anywhere. */
function failHost(model: Model, world: World, [n, budget]: readonly [number, number]): void {
  world.fleet.scrub(budget);
  const hosts = world.hosts();
  const host = hosts.find(({ memory }) => memory.census().scrubbing > 0) ?? nth(hosts, n);
  if (host === undefined || host.state !== "available") return;
  const lost = [...model.live.values()].filter((live) => live.host === host.id);
  for (const live of lost) watch(model, world, live);
  const names = world.fleet.failHost(host.id);
  for (const live of lost) end(model, live);
  const missing = lost.filter(({ request }) => !names.includes(request.instance));
  if (missing.length > 0) world.leaks.push("an instance outlives its host");
}

function repairHost(_: Model, world: World, n: number): void {
  const host = nth(
    world.hosts().filter(({ state }) => state === "failed"),
    n,
  );
  if (host) world.fleet.repairHost(host.id);
}

function condemn(model: Model, world: World, [n, m]: readonly [number, number]): void {
  const host = nth(world.hosts(), n);
  if (host === undefined) return;
  const frame = HYPERVISOR_FRAMES + (m % FRAMES);
  world.fleet.condemnFrame(host.id, frame);
  model.condemned.add(`${host.id} ${frame}`);
  model.step = { kind: "condemned" };
}

function retireHost(_: Model, world: World, n: number): void {
  const host = nth(world.hosts(), n);
  if (host?.state === "available") world.fleet.retireHost(host.id);
}

/** The power goes and comes back: what was running boots again, what was stopped or hibernated is as it was. */
function crash(model: Model, world: World): void {
  const running = [...model.live.values()];
  for (const live of [...running, ...model.ended.values()]) end(model, { ...live, stores: [] });
  model.stale.length = 0;
  world.probes.clear();
  model.reservations.clear();
  world.crash();
  const { disks } = world.fleet;
  for (const [id, bytes] of model.volumes) disks.openVolume(id, bytes.length, model.keys.get(id));
  for (const id of model.snapshots.keys()) disks.openSnapshot(id, model.keys.get(id));
  for (const [volume, instances] of model.attached) {
    for (const instance of instances) disks.attach(volume, instance);
  }
  for (const { request } of running) {
    if (request.tenancy !== "host") place(model, world, request);
  }
  model.step = { kind: "crashed" };
}

function tick(model: Model, world: World, [n, isBusy]: readonly [number, boolean]): void {
  const live = model.pick(n);
  if (live) world.fleet.workloads.set(live.request.instance, isBusy ? 60 : 0);
  world.fleet.tick();
  model.step = { kind: "ticked" };
}

function reserve(model: Model, world: World, [wanted, n]: readonly [Wanted, number]): void {
  const id = model.next("cr");
  const { frames, cores, account, family, tenancy } = wanted;
  if (tenancy === "host") return;
  const count = 1 + (n % 3);
  const wish = { account, family, tenancy, cores, zone: "z", memoryBytes: frames * PAGE, threadsPerCore: 2 };
  if (world.fleet.reservations.add({ ...wish, id, count }) !== undefined) return;
  model.reservations.set(id, count);
  place(model, world, { ...wish, instance: model.next("i"), reservation: id });
}

function unreserve(model: Model, world: World, n: number): void {
  const id = nth(model.reservations.keys(), n);
  if (id === undefined) return;
  world.fleet.reservations.remove(id);
  model.reservations.delete(id);
}

/** A volume is empty or made from a snapshot; it has the snapshot's key, or one of its own, or none. */
function createVolume(model: Model, world: World, n: number): void {
  const snapshot = n % 3 === 0 ? nth(model.snapshots.keys(), n) : undefined;
  const id = model.next("vol");
  if (model.volumes.size > 3) return;
  const key = model.keys.get(snapshot ?? "") ?? (n % 2 === 0 ? `key of ${id}` : undefined);
  const bytes = (model.snapshots.get(snapshot ?? "") ?? new Uint8Array(VOLUME)).slice();
  world.fleet.disks.createVolume(id, bytes.length, { snapshot, key });
  model.volumes.set(id, bytes);
  if (key !== undefined) model.keys.set(id, key);
  model.step = { kind: "volume" };
}

function writeVolume(model: Model, world: World, [n, at, length]: readonly [number, number, number]): void {
  const [id, bytes] = nth(model.volumes, n) ?? [];
  if (id === undefined || bytes === undefined) return;
  const offset = at % 2 === 0 ? BLOCK - (at % 100) : at * 3;
  const piece = canaries(id, Math.min(length, VOLUME - offset));
  world.fleet.disks.writeVolume(id, offset, piece);
  bytes.set(piece, offset);
  model.step = { kind: "volume" };
}

/** What is new at the end of a volume that grows reads zero. */
function growVolume(model: Model, world: World, n: number): void {
  const [id, bytes] = nth(model.volumes, n) ?? [];
  if (id === undefined || bytes === undefined) return;
  const larger = new Uint8Array(Math.min(bytes.length + PAGE, 2 * BLOCK));
  larger.set(bytes);
  world.fleet.disks.resizeVolume(id, larger.length);
  model.volumes.set(id, larger);
  model.step = { kind: "volume" };
}

/** A copy of a volume has its source's key, or, where that has none, perhaps one of its own. */
function copyVolume(model: Model, world: World, n: number): void {
  const [source, bytes] = nth(model.volumes, n) ?? [];
  if (source === undefined || bytes === undefined || model.volumes.size > 3) return;
  const id = model.next("vol");
  const key = model.keys.get(source) ?? (n % 2 === 0 ? `key of ${id}` : undefined);
  world.fleet.disks.createVolume(id, bytes.length, { copyOf: source, key });
  model.volumes.set(id, bytes.slice());
  if (key !== undefined) model.keys.set(id, key);
  model.step = { kind: "volume" };
}

/** A copy of a snapshot has the same key, or another, or one although its source has none. */
function copySnapshot(model: Model, world: World, n: number): void {
  const [source, bytes] = nth(model.snapshots, n) ?? [];
  if (source === undefined || bytes === undefined || model.snapshots.size > 3) return;
  const id = model.next("snap");
  const key = n % 2 === 0 ? `key of ${id}` : model.keys.get(source);
  const { disks } = world.fleet;
  disks.copySnapshot(id, disks, source, key);
  model.snapshots.set(id, bytes.slice());
  if (key !== undefined) model.keys.set(id, key);
  model.step = { kind: "volume" };
}

function snapshot(model: Model, world: World, n: number): void {
  const [volume, bytes] = nth(model.volumes, n) ?? [];
  if (volume === undefined || bytes === undefined || model.snapshots.size > 3) return;
  const id = model.next("snap");
  world.fleet.disks.snapshotVolume(volume, id);
  model.snapshots.set(id, bytes.slice());
  const key = model.keys.get(volume);
  if (key !== undefined) model.keys.set(id, key);
  model.step = { kind: "volume" };
}

function deleteDisk(model: Model, world: World, [n, isSnapshot]: readonly [number, boolean]): void {
  const id = nth((isSnapshot ? model.snapshots : model.volumes).keys(), n);
  if (id === undefined) return;
  if (isSnapshot) world.fleet.disks.deleteSnapshot(id);
  else world.fleet.disks.deleteVolume(id);
  (isSnapshot ? model.snapshots : model.volumes).delete(id);
  model.keys.delete(id);
  model.attached.delete(id);
  model.deleted.add(id);
  model.step = { kind: "deleted" };
}

function attach(model: Model, world: World, [n, m]: readonly [number, number]): void {
  const volume = nth(model.volumes.keys(), n);
  const instance = model.pick(m)?.request.instance;
  if (volume === undefined || instance === undefined) return;
  world.fleet.disks.attach(volume, instance);
  const instances = model.attached.get(volume) ?? new Set<string>();
  model.attached.set(volume, instances.add(instance));
  model.step = { kind: "attached" };
}

function detach(model: Model, world: World, n: number): void {
  const all = [...model.attached].flatMap(([volume, instances]) =>
    [...instances].map((instance) => [volume, instance] as const),
  );
  const [volume, instance] = nth(all, n) ?? [];
  if (volume === undefined || instance === undefined) return;
  world.fleet.disks.detach(volume, instance);
  model.attached.get(volume)?.delete(instance);
  model.step = { kind: "attached" };
}

/** An instance, which may have stopped, writes to a volume, which may be another's. */
function reach(model: Model, world: World, [n, m, at]: readonly [number, number, number]): void {
  const [volume, bytes] = nth(model.volumes, n) ?? [];
  const request = nth([...model.live.values(), ...model.ended.values()], m)?.request;
  if (volume === undefined || bytes === undefined || request === undefined) return;
  const { instance } = request;
  const piece = canaries(volume, 40);
  let isLet = true;
  try {
    world.fleet.guests.writeVolume(instance, volume, at, piece);
  } catch (error) {
    if (!(error instanceof HypervisorFault)) throw error;
    isLet = false;
  }
  if (isLet) bytes.set(piece, at);
  model.step = { kind: "reached", instance, volume, let: isLet };
}
