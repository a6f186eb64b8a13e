import * as fc from "fast-check";
import { Fleet, type PlaceAnswer, type PlaceRequest } from "../../hypervisor/fleet.ts";
import type { GuestMap, Translation } from "../../hypervisor/guestmap.ts";
import type { Host, HostSize, Tenancy } from "../../hypervisor/host.ts";
import type { FrameState, ReleaseReason } from "../../hypervisor/memory.ts";
import { Pages } from "../../hypervisor/pages.ts";
import type { ScrubMode } from "../../hypervisor/scrubber.ts";
import { PAGE, Slabs } from "../../hypervisor/slabs.ts";

export const FRAMES = 64;
export const TINY: HostSize = {
  sockets: 1,
  coresPerSocket: 4,
  threadsPerCore: 2,
  memoryBytes: FRAMES * PAGE,
  sharing: 1,
  perZone: 3,
};
/** Families of the tiny region: fixed performance, and burstable with three instances to a core. */
const FAMILIES: Readonly<Record<string, HostSize>> = { m5: TINY, t3: { ...TINY, sharing: 3 } };

/** What the model knows of an instance: what it should find in its memory, and where it should be. */
export interface Live {
  readonly request: PlaceRequest;
  readonly bytes: Uint8Array;
  readonly written: Set<number>;
  readonly host: string;
  readonly map: GuestMap;
}

/** What the last step did, for the checks of transitions. */
export type Step =
  | { readonly kind: "nothing" }
  | {
      readonly kind: "placed";
      readonly instance: string;
      readonly request: PlaceRequest;
      readonly before: Before;
    }
  | { readonly kind: "refused"; readonly request: PlaceRequest; readonly before: Before }
  | { readonly kind: "written" | "rebooted"; readonly instance: string; readonly before: Before }
  | {
      readonly kind: "released";
      readonly live: Live;
      readonly reason: ReleaseReason;
      readonly before: Before;
    }
  | { readonly kind: "scrub-step" | "interrupted"; readonly before: Before };

/** What there was before the step. */
export interface Before {
  readonly views: string;
  readonly seq: number;
  readonly states: ReadonlyMap<string, readonly FrameState[]>;
}

/** The model: what should be true of the fleet. */
export class Model {
  readonly live = new Map<string, Live>();
  readonly ended = new Map<string, Live>();
  readonly stale: { readonly host: string; readonly translation: Translation }[] = [];
  step: Step = { kind: "nothing" };

  pick(n: number): Live | undefined {
    return [...this.live.values()][n % Math.max(1, this.live.size)];
  }
}

/** The real thing: a region of three tiny hosts per family, with the bytes of each host in sight. */
export class World {
  readonly mode: ScrubMode;
  readonly fleet: Fleet;
  readonly pages = new Map<string, Pages>();
  readonly #slabs = new Slabs();
  #instances = 0;

  constructor(mode: ScrubMode) {
    this.mode = mode;
    let hosts = 0;
    let now = 0;
    this.fleet = new Fleet({
      clock: () => now++,
      nextId: () => `h-${++hosts}`,
      blocks: { read: () => undefined, write: () => {}, written: () => [], erase: () => {} },
      sizing: (family) => FAMILIES[family],
      scrub: mode,
      pages: (id, frames) => {
        const pages = new Pages(frames, this.#slabs);
        this.pages.set(id, pages);
        return pages;
      },
    });
  }

  nextInstance(): string {
    return `i-${++this.#instances}`;
  }

  hosts(): Host[] {
    return this.fleet.hosts().flatMap(({ host }) => this.fleet.host(host) ?? []);
  }

  before(): Before {
    const views = this.views();
    const states = new Map(this.hosts().map((host) => [host.id, statesOf(host)]));
    return { views, seq: this.fleet.audit.head.seq, states };
  }

  /** All that the operator sees. */
  views(): string {
    return JSON.stringify(this.fleet.hosts().map((view) => [view, this.fleet.owners(view.host)]));
  }

  /** The bytes in a frame, as the hardware has them. */
  frame(host: string, frame: number): Uint8Array {
    const bytes = new Uint8Array(PAGE);
    this.pages.get(host)?.read(frame, 0, bytes);
    return bytes;
  }
}

/** The state of each frame, by its number less `HYPERVISOR_FRAMES`. */
export function statesOf(host: Host): FrameState[] {
  return [...host.memory.extents()].flatMap(({ count, value }) =>
    Array.from({ length: count }, () => value.state),
  );
}

export function framesOf(runs: readonly { start: number; count: number }[]): number[] {
  return runs.flatMap(({ start, count }) => Array.from({ length: count }, (_, i) => start + i));
}

/** What must be there. */
export function found<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("not found");
  return value;
}

export type Check = (model: Model, world: World) => void;

/** Commands over the tiny region; after each, `check` looks at model and fleet. */
export function commands(check: Check) {
  const then = (name: string, run: (model: Model, world: World) => void): fc.Command<Model, World> => ({
    check: () => true,
    run: (model, world) => {
      run(model, world);
      check(model, world);
    },
    toString: () => name,
  });
  const index = fc.nat({ max: 1000 });
  const size = fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 1, max: 24 }) },
    { weight: 1, arbitrary: fc.constantFrom(FRAMES, FRAMES + 1) },
  );
  const tenancy = fc.constantFrom<Tenancy>("default", "default", "default", "dedicated", "dedicated", "host");
  const account = fc.constantFrom("A", "B");
  const family = fc.constantFrom("m5", "t3");
  // No byte of it is zero, so that any byte left over is seen.
  const bytes = fc
    .tuple(fc.integer({ min: 1, max: 3 * PAGE }), fc.nat({ max: 254 }))
    .map(([length, salt]) => Uint8Array.from({ length }, (_, i) => ((i + salt) % 255) + 1));
  const reason = fc.constantFrom<ReleaseReason>("stop", "terminate", "host-failure");

  const aLaunch = fc.tuple(size, fc.integer({ min: 1, max: 3 }), account, family, tenancy).map((args) => {
    const [frames, cores, account, family, tenancy] = args;
    return then(`launch ${args.join(" ")}`, (model, world) => {
      launch(model, world, { frames, cores, account, family, tenancy });
    });
  });
  const aWrite = fc
    .tuple(index, index, bytes)
    .map(([n, at, bytes]) =>
      then(`write ${n} ${at} ${bytes.length}`, (model, world) => write(model, world, n, at, bytes)),
    );

  return fc.commands(
    [
      aLaunch,
      aLaunch,
      aLaunch,
      aWrite,
      aWrite,
      index.map((n) => then(`reboot ${n}`, (model, world) => reboot(model, world, n))),
      fc
        .tuple(index, reason)
        .map(([n, reason]) =>
          then(`${reason} ${n}`, (model, world) => release(model, world, model.pick(n), reason)),
        ),
      index.map((n) => then(`start ${n}`, (model, world) => startAgain(model, world, n))),
      fc.tuple(size, bytes).map(([frames, bytes]) =>
        then(`failed launch ${frames}`, (model, world) => {
          launch(model, world, { frames, cores: 1, account: "B", family: "m5", tenancy: "default" });
          const { step } = model;
          if (step.kind !== "placed") return;
          write(model, world, model.live.size - 1, 0, bytes);
          release(model, world, model.live.get(step.instance), "failed-launch");
        }),
      ),
      fc.nat({ max: 5 * PAGE }).map((budget) =>
        then(`scrub ${budget}`, (model, world) => {
          const before = world.before();
          world.fleet.scrub(budget);
          model.step = { kind: "scrub-step", before };
        }),
      ),
      fc.constant(
        then("interrupt", (model, world) => {
          const before = world.before();
          for (const host of world.hosts()) host.scrubber.interrupt();
          model.step = { kind: "interrupted", before };
        }),
      ),
      fc.tuple(account, family).map(([account, family]) =>
        then(`allocate host ${account}`, (model, world) => {
          world.fleet.allocateHost("z", family, account);
          model.step = { kind: "nothing" };
        }),
      ),
    ],
    { maxCommands: 40, size: "max" },
  );
}

interface Wanted {
  readonly frames: number;
  readonly cores: number;
  readonly account: string;
  readonly family: string;
  readonly tenancy: Tenancy;
}

function launch(model: Model, world: World, { frames, ...wanted }: Wanted): void {
  const instance = world.nextInstance();
  // One byte less than the frames have: the rest of a page is the instance's, too.
  const request = { ...wanted, instance, zone: "z", memoryBytes: frames * PAGE - 1, threadsPerCore: 2 };
  place(model, world, request);
}

function place(model: Model, world: World, request: PlaceRequest): PlaceAnswer {
  const before = world.before();
  const answer = world.fleet.place(request);
  const { instance } = request;
  if (answer.placed) {
    const { host, frames } = answer.placement;
    const map = found(world.fleet.host(host)?.memory.map(instance));
    const bytes = new Uint8Array(frames * PAGE);
    model.live.set(instance, { request, bytes, written: new Set(), host, map });
    model.ended.delete(instance);
    model.step = { kind: "placed", instance, request, before };
  } else {
    model.step = { kind: "refused", request, before };
  }
  return answer;
}

function write(model: Model, world: World, n: number, at: number, bytes: Uint8Array): void {
  const live = model.pick(n);
  model.step = { kind: "nothing" };
  if (live === undefined) return;
  const address = Math.floor((at / 1000) * (live.bytes.length - 1));
  const piece = bytes.subarray(0, live.bytes.length - address);
  const before = world.before();
  world.fleet.write(live.request.instance, address, piece);
  live.bytes.set(piece, address);
  const last = Math.floor((address + piece.length - 1) / PAGE);
  for (let page = Math.floor(address / PAGE); page <= last; page++) live.written.add(page);
  model.step = { kind: "written", instance: live.request.instance, before };
}

function reboot(model: Model, world: World, n: number): void {
  const live = model.pick(n);
  model.step = { kind: "nothing" };
  if (live === undefined) return;
  const before = world.before();
  world.fleet.reboot(live.request.instance);
  live.bytes.fill(0);
  live.written.clear();
  model.step = { kind: "rebooted", instance: live.request.instance, before };
}

function release(model: Model, world: World, live: Live | undefined, reason: ReleaseReason): void {
  model.step = { kind: "nothing" };
  if (live === undefined) return;
  const { instance } = live.request;
  const translation = world.fleet.host(live.host)?.memory.translate(instance, live.map.pages - 1);
  if (translation) model.stale.push({ host: live.host, translation });
  const before = world.before();
  world.fleet.release(instance, reason);
  model.live.delete(instance);
  model.ended.set(instance, live);
  model.step = { kind: "released", live, reason, before };
}

function startAgain(model: Model, world: World, n: number): void {
  const ended = [...model.ended.values()][n % Math.max(1, model.ended.size)];
  model.step = { kind: "nothing" };
  if (ended) place(model, world, { ...ended.request, exclude: ended.host });
}
