import { type AuditRecord, verifyChain } from "../../hypervisor/audit.ts";
import { BLOCK } from "../../hypervisor/disks.ts";
import { HYPERVISOR_FRAMES } from "../../hypervisor/frames.ts";
import type { Host } from "../../hypervisor/host.ts";
import { PAGE } from "../../hypervisor/slabs.ts";
import {
  canary,
  canLoad,
  equal,
  FRAMES,
  found,
  framesOf,
  isZero,
  type Live,
  type Model,
  STORE,
  statesOf,
  type World,
} from "./world.ts";

/** What is wrong now; nothing, if all is well. */
type Check = (model: Model, world: World) => Iterable<string>;

/** Steps after which all disks are read. */
const TO_DISKS = new Set(["volume", "deleted", "reached", "crashed"]);

/** Faults that the steps provoke on purpose. */
const PROVOKED = ["stale-translation", "bad-image", "not-attached", "unknown-instance"];

/** The letters are those of the list of invariants that the project was given; each holds after every step of any run. */
export const invariants: Readonly<Record<string, Check>> = {
  *"I1 each allocated frame has one owner, which is live and on that host"(model, world) {
    for (const host of world.hosts()) {
      for (const { value } of host.memory.extents()) {
        if (value.state !== "allocated") continue;
        if (model.live.get(value.instance)?.host !== host.id)
          yield `${host.id}: ${value.instance} is not here`;
      }
    }
  },

  *"I2 guest pages and allocated frames correspond one to one"(model, world) {
    for (const host of world.hosts()) {
      const owners = new Map<number, string>();
      for (const { start, count, value } of host.memory.extents()) {
        if (value.state !== "allocated") continue;
        for (let frame = start; frame < start + count; frame++) owners.set(frame, value.instance);
      }
      for (const { request, map, bytes } of model.live.values()) {
        const { instance } = request;
        if (world.fleet.placement(instance)?.host !== host.id) continue;
        if (map.pages * PAGE !== bytes.length) yield `${instance} has ${map.pages} pages`;
        for (let page = 0; page < map.pages; page++) {
          const { frame } = host.memory.translate(instance, page);
          if (owners.get(frame) !== instance) yield `page ${page} of ${instance} is in a frame not its own`;
          owners.delete(frame);
        }
      }
      if (owners.size > 0) yield `${host.id}: frames without a page`;
    }
  },

  *"I3 only frames that were free are handed out, and none that is broken"(model, world) {
    const { step } = model;
    for (const each of model.condemned) {
      const [host = "", frame] = each.split(" ");
      const state = world.fleet.host(host)?.memory.statusOf(Number(frame))?.state;
      if (state === "free") yield `${each} is free`;
    }
    if (step.kind !== "placed") return;
    const live = model.live.get(step.instance);
    // A host that was racked for this had only free frames.
    const states = step.before.states.get(live?.host ?? "");
    if (states === undefined) return;
    const suppliers = world.mode === "on-demand" ? ["free", "dirty", "scrubbing"] : ["free"];
    for (const frame of framesOf(live?.map.runs ?? [])) {
      const state = states[frame - HYPERVISOR_FRAMES] ?? "none";
      if (!suppliers.includes(state)) yield `frame ${frame} was ${state}`;
      if (model.condemned.has(`${live?.host} ${frame}`)) yield `frame ${frame} is broken`;
    }
  },

  *"I4 every byte of a free frame is zero, and of the memory that it would get"(_, world) {
    for (const host of world.hosts()) {
      const { pages } = host.memory;
      if (!pages.supplyIsZero()) yield `${host.id}: unused memory is not zero`;
      for (const span of pages.spans({ start: HYPERVISOR_FRAMES, count: FRAMES })) {
        for (let frame = span.start; frame < span.start + span.count; frame++) {
          if (host.memory.statusOf(frame)?.state !== "free") continue;
          if (!isZero(found(world.glass.frame(host.id, frame))))
            yield `${host.id}: frame ${frame} is not zero`;
        }
      }
    }
  },

  *"I5 frames are conserved, on each host and each NUMA node"(model, world) {
    for (const host of world.hosts()) {
      const states = statesOf(host);
      if (states.length !== FRAMES) yield `${host.id} has ${states.length} frames`;
      const nodes = host.memory.nodes();
      const whole = { whole: { start: HYPERVISOR_FRAMES, count: FRAMES }, census: host.memory.census() };
      for (const { whole: run, census } of [whole, ...nodes]) {
        const here = states.slice(run.start - HYPERVISOR_FRAMES, run.start + run.count - HYPERVISOR_FRAMES);
        for (const [state, count] of Object.entries(census)) {
          if (here.filter((each) => each === state).length !== count)
            yield `${host.id}: not ${count} ${state}`;
        }
      }
      let owned = 0;
      for (const live of model.live.values()) if (live.host === host.id) owned += live.bytes.length / PAGE;
      if (owned !== host.memory.census().allocated) yield `${host.id}: instances have ${owned} frames`;
    }
  },

  *"I6 no two frames share memory"(_, world) {
    const seen = new Map<ArrayBufferLike, Set<number>>();
    for (const host of world.hosts()) {
      for (const { bytes } of host.memory.pages.spans({ start: 0, count: HYPERVISOR_FRAMES + FRAMES })) {
        const places = seen.get(bytes.buffer) ?? new Set<number>();
        seen.set(bytes.buffer, places);
        for (let at = bytes.byteOffset; at < bytes.byteOffset + bytes.byteLength; at += PAGE) {
          if (places.has(at)) yield "a page is in two frames";
          places.add(at);
        }
      }
    }
  },

  *"I7 an instance that is not live owns no frames, cores, local disks or their keys"(model, world) {
    for (const { request, stores } of model.ended.values()) {
      if (world.fleet.placement(request.instance)) yield `${request.instance} is placed`;
      for (const store of stores) {
        if (store.keyed) yield `the key of a local disk of ${request.instance} exists`;
        if ([...store.raw()].length > 0) yield `a local disk of ${request.instance} is not reset`;
      }
    }
    for (const host of world.hosts()) {
      for (const { instance } of host.owners())
        if (!model.live.has(instance)) yield `${instance} is a tenant`;
      for (let core = 0; core < host.cores.count; core++) {
        for (const instance of [...host.cores.residents(core), ...host.cores.threads(core)]) {
          if (instance !== undefined && model.live.get(instance)?.host !== host.id)
            yield `${instance} has a core`;
        }
      }
    }
  },

  *"I8 the hypervisor's frames are nobody's"(model, world) {
    for (const { map, request } of model.live.values()) {
      for (const { start } of map.runs)
        if (start < HYPERVISOR_FRAMES) yield `${request.instance} has ${start}`;
    }
    for (const host of world.hosts()) {
      if (host.memory.pages.span(0, HYPERVISOR_FRAMES))
        yield `${host.id}: the hypervisor's frames are written`;
    }
  },

  *"I9 a core of fixed performance has one resident, and between two on a shared core is a flush"(
    model,
    world,
  ) {
    for (const { request, host: id } of model.live.values()) {
      const host = found(world.fleet.host(id));
      const cores = framesOf(host.tenant(request.instance)?.cores ?? []);
      if (new Set(cores).size !== request.cores) yield `${request.instance} has ${cores.length} cores`;
      for (const core of cores) {
        const residents = host.cores.residents(core);
        if (!residents.includes(request.instance)) yield `${request.instance} does not reside on ${core}`;
      }
    }
    for (const host of world.hosts()) {
      let open = 0;
      for (let core = 0; core < host.cores.count; core++) {
        const crowd = host.cores.residents(core).length + host.cores.kept(core);
        if (crowd < host.size.sharing) open++;
        if (crowd > host.size.sharing) yield `${host.id}: core ${core} is promised to ${crowd}`;
      }
      if (host.cores.open !== open) yield `${host.id}: not ${host.cores.open} open cores`;
      const last = new Map<number, string>();
      for (const { core, from, to, flushed } of host.cores.switches()) {
        if (last.has(core) && last.get(core) !== from) yield `core ${core}: an owner is missing`;
        if (from !== undefined && from !== to && !flushed)
          yield `core ${core}: from ${from} to ${to} unflushed`;
        last.set(core, to);
      }
      for (const [core, instance] of last) {
        const now = host.cores.threads(core)[0];
        if (now !== undefined && now !== instance) yield `core ${core}: ${now} came without a switch`;
      }
    }
  },

  *"I10 the threads of a core serve one instance"(_, world) {
    for (const host of world.hosts()) {
      for (let core = 0; core < host.cores.count; core++) {
        const [first, ...siblings] = host.cores.threads(core);
        if (siblings.some((sibling) => sibling !== first)) yield `${host.id}: core ${core} serves two`;
        if (first !== undefined && !host.cores.residents(core).includes(first))
          yield `${first} is a stranger`;
      }
    }
  },

  *"I11 who asked to be alone is alone"(model, world) {
    for (const host of world.hosts()) {
      const here = [...model.live.values()].filter((live) => live.host === host.id);
      const accounts = new Set(here.map(({ request }) => request.account));
      for (const { request } of here) {
        if (request.tenancy !== "default" && accounts.size > 1) yield `${request.instance} is not alone`;
        if ((request.tenancy === "host") !== (host.dedicatedTo !== undefined))
          yield `${host.id}: wrong tenancy`;
        if (host.dedicatedTo !== undefined && host.dedicatedTo !== request.account)
          yield `${host.id}: a stranger`;
      }
    }
  },

  *"placement groups are obeyed, and no host takes more than it has or comes into use unasked"(model, world) {
    const live = [...model.live.values()];
    const rackOf = ({ host }: Live) => found(world.fleet.host(host)).rack;
    for (const a of live) {
      for (const b of live) {
        const [one, other] = [a.request.group, b.request.group];
        if (a === b || one?.id !== other?.id || one === undefined || other === undefined) continue;
        if (one.strategy === "spread") {
          const isApart = one.level === "host" ? a.host !== b.host : rackOf(a) !== rackOf(b);
          if (!isApart) yield `${a.request.instance} and ${b.request.instance} are not apart`;
        }
        if (
          one.strategy === "partition" &&
          other.strategy === "partition" &&
          one.partition !== other.partition
        ) {
          if (rackOf(a) === rackOf(b)) yield `partitions share a rack`;
        }
      }
    }
    for (const host of world.hosts()) {
      // What breaks may have been promised to somebody.
      const isWhole = host.memory.census().offline === 0;
      if (world.mode === "eager" && host.state === "available" && host.supply < 0 && isWhole)
        yield `${host.id} is overbooked`;
      if (host.openCores < 0) yield `${host.id} promised more cores than it has`;
      const came = model.step.kind === "placed" ? model.live.get(model.step.instance) : undefined;
      if (came?.host === host.id && host.state !== "available") yield `${host.id} is ${host.state}`;
    }
    for (const [id, count] of model.reservations) {
      const { held = 0, used = 0 } = world.fleet.reservations.view(id) ?? {};
      if (held + used > count) yield `${id} keeps too much`;
      const lostSome = world.hosts().some(({ state }) => state !== "available") || world.mode !== "eager";
      const gone = world.records.some(({ event }) => event === "host-retired" || event === "host-failed");
      if (held + used < count && !lostSome && !gone) yield `${id} keeps too little`;
    }
  },

  *"T1 a new instance reads zero everywhere, in memory and on local disks"({ live, step }, world) {
    if (step.kind !== "placed") return;
    const { bytes, disk } = found(live.get(step.instance));
    if (!isZero(world.fleet.guests.read(step.instance, 0, bytes.length))) yield `memory of ${step.instance}`;
    if (disk && !isZero(world.fleet.guests.readStore(step.instance, 0, 0, STORE)))
      yield `disk of ${step.instance}`;
  },

  *"T2, T12 between two owners of a frame there is a scrub, be they one account's, and generations grow"(
    _,
    world,
  ) {
    for (const { seq, event } of unlawful(world)) yield `record ${seq}: ${event}`;
  },

  *"T3 a translation faults once its mapping is gone, which is before the frames are dirty"(model, world) {
    yield* world.leaks;
    for (const { host, translation } of model.stale.slice(-3)) {
      if (canLoad(world.fleet.host(host), translation))
        yield `${translation.instance} still reaches its frames`;
    }
    const { step } = model;
    if (step.kind !== "released") return;
    const events = world.fleet.audit.records(step.before.seq + 1).map(({ event }) => event);
    if (!events.includes("unmapped") || events.indexOf("unmapped") > events.indexOf("released")) {
      yield "released before it was unmapped";
    }
  },

  *"T4 an unfinished scrub frees nothing, and where the power fails it counts for nothing"(model, world) {
    const { step } = model;
    for (const host of world.hosts()) {
      if (host.state === "failed" && host.memory.census().scrubbing > 0) yield `${host.id} has no power`;
    }
    if (step.kind === "crashed" && world.hosts().some((host) => statesOf(host).includes("scrubbing"))) {
      yield "a scrub goes on that began before the crash";
    }
    if (step.kind !== "scrub-step" && step.kind !== "interrupted") return;
    const free = new Set<string>();
    for (const { event, host, runs } of world.fleet.audit.records(step.before.seq + 1)) {
      if (event === "scrubbed") for (const frame of framesOf(runs ?? [])) free.add(`${host} ${frame}`);
    }
    for (const host of world.hosts()) {
      const before = step.before.states.get(host.id);
      for (const [i, state] of statesOf(host).entries()) {
        const frame = `${host.id} ${HYPERVISOR_FRAMES + i}`;
        if (step.kind === "interrupted" && state === "scrubbing") yield `${frame} is still being scrubbed`;
        if (state === "free" && before?.[i] !== "free" && !free.has(frame)) yield `${frame} became free`;
      }
    }
  },

  *"T5 a reboot zeroes memory and keeps host, frames, cores and local disks"(model, world) {
    const { step } = model;
    if (step.kind !== "rebooted") return;
    const { bytes, disk } = found(model.live.get(step.instance));
    if (world.views() !== step.before.views) yield "the hosts are not as before";
    if (!isZero(world.fleet.guests.read(step.instance, 0, bytes.length)))
      yield `${step.instance} has its memory`;
    if (disk && !equal(world.fleet.guests.readStore(step.instance, 0, 0, STORE), disk))
      yield "a local disk changed";
  },

  *"T6 stop and terminate release all frames, and eagerly scrub them before they are over"(model, world) {
    const { step } = model;
    if (step.kind !== "released") return;
    const { live, before } = step;
    const host = world.fleet.host(live.host);
    // A host that is retired goes with its last instance.
    if (host === undefined) return;
    const wantedState = world.mode === "eager" ? "free" : "dirty";
    for (const frame of framesOf(live.map.runs)) {
      const state = stateOf(model, host, frame);
      if (state !== wantedState) yield `frame ${frame} is ${state}`;
      if (world.mode === "eager" && !isZero(found(world.glass.frame(live.host, frame))))
        yield `${frame} is full`;
    }
    if (world.mode !== "eager") return;
    const certificate = world.fleet.audit.certificates(live.request.instance).at(-1);
    const bytesDirty = live.written.size * PAGE;
    const expected = JSON.stringify([live.map.pages, live.map.runs, bytesDirty, bytesDirty, true]);
    const { frames, runs, bytesZeroed, verified, seq = 0 } = certificate ?? {};
    const actual = JSON.stringify([frames, runs, certificate?.bytesDirty, bytesZeroed, verified]);
    if (actual !== expected || seq <= before.seq) yield `certificate ${actual}, not ${expected}`;
  },

  *"T7 a hibernated instance, and none but it, finds its memory again; then no image is left"(model, world) {
    const { step } = model;
    if (step.kind === "usurped" && !step.refused) yield `${step.usurper} was resumed from another's image`;
    if (step.kind === "resumed") {
      const { bytes } = found(model.live.get(step.instance));
      if (!equal(world.fleet.guests.read(step.instance, 0, bytes.length), bytes))
        yield `${step.instance} lost memory`;
    }
    const images = new Set([...model.hibernated.keys()].map((instance) => `image of ${instance}`));
    for (const [name, chunks] of world.images.chunks) {
      if (!images.has(name) && chunks.size > 0) yield `${name} is left`;
    }
    if (step.kind !== "released" || step.reason !== "hibernate") return;
    const { instance } = step.live.request;
    for (const finding of world.glass.search(canary(instance), world.images.surfaces())) {
      if (finding.in === "at rest") yield `${finding.where} is in the clear`;
    }
  },

  *"T8 frames of a failed launch are scrubbed like any others"({ step }, world) {
    if (step.kind !== "released" || step.reason !== "failed-launch") return;
    const records = world.fleet.audit
      .records(step.before.seq + 1)
      .filter(
        ({ instance, reason }) => instance === step.live.request.instance && reason === "failed-launch",
      );
    const events = new Set(records.map(({ event }) => event));
    if (!events.has("released")) yield "not released";
    if (world.mode === "eager" && !events.has("scrubbed")) yield "not scrubbed";
  },

  *"T9 a launch is refused only for want of room, and leaves nothing behind"({ step }, world) {
    if (step.kind !== "refused") return;
    const { request, before } = step;
    if (world.views() !== before.views) yield "the hosts are not as before";
    if (world.fleet.placement(request.instance)) yield `${request.instance} is placed`;
    // Who has further wishes may be refused although there is room.
    if (request.group || request.reservation !== undefined) return;
    const frames = Math.ceil(request.memoryBytes / PAGE);
    for (const host of world.hosts()) {
      if (host.family !== request.family || host.state !== "available") continue;
      if (!isEligible(host, request.account, request.tenancy)) continue;
      if (host.supply >= frames && host.openCores >= request.cores) yield `${host.id} has room`;
    }
  },

  *"T10 what is on a local disk is nothing without its key"(model, world) {
    for (const { request, stores, host } of model.live.values()) {
      if (
        world.fleet
          .host(host)
          ?.stores(request.instance)
          .some(({ keyed }) => !keyed)
      )
        yield "a live disk has no key";
      for (const store of stores) {
        for (const sector of store.raw()) {
          if (Buffer.from(sector).includes(Buffer.from(canary(request.instance))))
            yield `${request.instance}: in the clear`;
        }
      }
    }
    if (model.step.kind !== "released" || model.step.live.disk === undefined) return;
    for (const store of model.step.live.stores) {
      if (store.read(0, 1) !== undefined) yield "a local disk can be read without its instance";
    }
  },

  *"T11 volumes and snapshots have what was written to them, and what was when they were made"(model, world) {
    if (!TO_DISKS.has(model.step.kind)) return;
    const { disks } = world.fleet;
    for (const [id, bytes] of model.volumes) {
      if (!equal(disks.readVolume(id, 0, bytes.length), bytes)) yield `${id} is not what was written`;
    }
    for (const [id, bytes] of model.snapshots) {
      for (const index of [0, 1]) {
        const then = new Uint8Array(BLOCK);
        then.set(bytes.subarray(index * BLOCK, (index + 1) * BLOCK));
        if (!equal(disks.readSnapshot(id, index) ?? new Uint8Array(BLOCK), then)) yield `${id} changed`;
      }
    }
    for (const name of world.blocks.chunks.keys()) if (!model.volumes.has(name)) yield `${name} is left`;
  },

  *"T10 an encrypted disk is ciphertext at rest, under a key that goes with the last disk that has it"(
    model,
    world,
  ) {
    if (!TO_DISKS.has(model.step.kind)) return;
    const keys = new Set(model.keys.values());
    const secrets = new Set<string>();
    for (const key of keys) {
      const secret = world.snapshots.readKey(key);
      if (secret === undefined) yield `${key} is not there`;
      else secrets.add(Buffer.from(secret).toString("hex"));
    }
    if (secrets.size < keys.size) yield "two keys are alike";
    for (const id of model.deleted) {
      const key = `key of ${id}`;
      if (!keys.has(key) && world.snapshots.readKey(key)) yield `${key} is still there`;
    }
    const sealed = [...model.volumes.keys()].filter((id) => model.keys.has(id));
    for (const { where, bytes } of sealed.length > 0 ? world.atRest() : []) {
      for (const id of sealed) if (includes(bytes, canary(id))) yield `${where}: ${id} in the clear`;
    }
  },

  *"N3 what was on a disk is nowhere, once no disk has it"(model, world) {
    if (!TO_DISKS.has(model.step.kind)) return;
    for (const { chunk } of world.snapshots.chunks()) {
      if ([...world.snapshots.places(chunk)].length === 0) yield `chunk ${chunk} is kept for nobody`;
    }
    if (model.step.kind !== "deleted") return;
    const disks = [...model.volumes.values(), ...model.snapshots.values()];
    for (const id of model.deleted) {
      if (disks.some((bytes) => includes(bytes, canary(id)))) continue;
      for (const { where, bytes } of world.atRest()) {
        if (includes(bytes, canary(id))) yield `${where}: ${id} is gone`;
      }
    }
  },

  *"volumes are reached by the live instances that they are attached to, and by nobody else"(model, world) {
    const { live, attached, step } = model;
    if (step.kind === "reached") {
      const mayReach = live.has(step.instance) && attached.get(step.volume)?.has(step.instance) === true;
      if (step.let !== mayReach) yield `${step.volume}: ${step.instance} was let to it: ${step.let}`;
    }
    for (const volume of model.volumes.keys()) {
      for (const instance of [...live.keys(), ...model.ended.keys()]) {
        const isAttached = attached.get(volume)?.has(instance) === true;
        if (world.fleet.disks.isAttached(volume, instance) !== isAttached) yield `${volume}: ${instance}`;
      }
    }
  },

  *"T13 frames that a live instance gives back are scrubbed, too"(model, world) {
    const { step } = model;
    if (step.kind !== "unplugged") return;
    const host = found(world.fleet.host(step.live.host));
    for (const frame of step.frames) {
      const state = stateOf(model, host, frame);
      if (state !== (world.mode === "eager" ? "free" : "dirty")) yield `frame ${frame} is ${state}`;
    }
    const { certificate } = {
      certificate: world.fleet.audit.certificates(step.live.request.instance).at(-1),
    };
    if (world.mode === "eager" && (certificate?.seq ?? 0) <= step.before.seq) yield "there is no certificate";
  },

  *"N2 an instance finds what it wrote, and nothing else"(model, world) {
    for (const { request, bytes, disk } of model.live.values()) {
      const { instance } = request;
      if (!equal(world.fleet.guests.read(instance, 0, bytes.length), bytes)) yield `memory of ${instance}`;
      if (disk && !equal(world.fleet.guests.readStore(instance, 0, 0, STORE), disk))
        yield `disk of ${instance}`;
    }
  },

  *"N3 what an instance wrote is nowhere, once it is gone and scrubbed"(model, world) {
    const { step } = model;
    if (step.kind !== "released" || world.mode !== "eager") return;
    const { instance } = step.live.request;
    for (const finding of world.glass.search(canary(instance), world.atRest())) {
      // A host without power is scrubbed when it has some again.
      if (finding.in === "memory" && world.fleet.host(finding.host)?.state === "failed") continue;
      yield JSON.stringify(finding);
    }
    const said = JSON.stringify([world.views(), world.fleet.audit.records(step.before.seq)]);
    if (said.includes(Buffer.from(canary(instance)).toString("latin1"))) yield "the operator's view has it";
  },

  *"the audit is whole, continues over restarts, and shows no fault that was not provoked"(_, world) {
    const last = world.records.at(-1);
    if ((last?.seq ?? 0) !== world.records.length) yield "records are missing";
    const kept = world.records.slice(-25);
    const [first] = kept;
    const anchor = { seq: (first?.seq ?? 1) - 1, hash: first?.previous ?? "" };
    if (kept.length > 0 && !verifyChain(kept, anchor).intact) yield "the chain is broken";
    for (const { event, reason = "", instance } of kept) {
      const isProvoked = PROVOKED.some((code) => reason.startsWith(code));
      // What was retired after a scrub of an instance's frames would not become zero.
      const isStuck = event === "retired" && instance !== undefined;
      if (isStuck || (event === "fault" && !isProvoked)) yield `${event} ${reason}`;
    }
  },
};

/** The state of a frame; one that is broken is offline where others are free. */
function stateOf({ condemned }: Model, host: Host, frame: number): string | undefined {
  const state = host.memory.statusOf(frame)?.state;
  return state === "offline" && condemned.has(`${host.id} ${frame}`) ? "free" : state;
}

const includes = (bytes: Uint8Array, pattern: Uint8Array): boolean =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(pattern) >= 0;

/** Hosts that a request is tried on: a dedicated instance does not move in with others of its account. */
function isEligible(host: Host, account: string, tenancy: string): boolean {
  if (tenancy === "host") return host.dedicatedTo === account;
  if (tenancy === "dedicated") return host.occupancy === "empty" || host.occupancy === `dedicated ${account}`;
  return host.welcomes(account, "default");
}

/** The last that the audit says of each frame of a world, and how many records that is from. */
const lives = new WeakMap<
  World,
  { read: number; last: Map<string, { event: string; generation: number }> }
>();

const LAWFUL: Readonly<Record<string, readonly string[]>> = {
  allocated: ["new", "scrubbed"],
  remapped: ["allocated", "remapped"],
  released: ["allocated", "remapped"],
  scrubbed: ["released"],
};

/** What is unlawful in the life of frames, by the audit alone, among the records that are new. */
function unlawful(world: World): AuditRecord[] {
  const life = lives.get(world) ?? {
    read: 0,
    last: new Map<string, { event: string; generation: number }>(),
  };
  lives.set(world, life);
  const records = world.records.slice(life.read);
  life.read = world.records.length;
  return records.filter(({ event, generation = 0, host, runs = [] }) => {
    const before = LAWFUL[event];
    if (before === undefined) return false;
    const isNewer = event === "allocated" || event === "remapped";
    let isLawful = true;
    for (const frame of framesOf(runs)) {
      const key = `${host} ${frame}`;
      const last = life.last.get(key) ?? { event: "new", generation: 0 };
      life.last.set(key, { event, generation });
      const inOrder = isNewer ? generation > last.generation : generation === last.generation;
      isLawful &&= inOrder && before.includes(last.event);
    }
    return !isLawful;
  });
}
