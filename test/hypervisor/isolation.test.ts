import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AuditRecord } from "../../hypervisor/audit.ts";
import type { Host } from "../../hypervisor/host.ts";
import { HYPERVISOR_FRAMES } from "../../hypervisor/frames.ts";
import type { ScrubMode } from "../../hypervisor/scrubber.ts";
import { PAGE } from "../../hypervisor/slabs.ts";
import { type Check, commands, FRAMES, found, framesOf, Model, statesOf, World } from "./world.ts";

const isZero = (bytes: Uint8Array) => bytes.every((byte) => byte === 0);

/** The letters are those of the invariants in the documentation of the hosts; each holds after every step of any run. */
const invariants: Readonly<Record<string, Check>> = {
  "I1 each allocated frame has one owner, which is live and on that host": (model, world) => {
    for (const host of world.hosts()) {
      for (const { value } of host.memory.extents()) {
        if (value.state === "allocated") expect(model.live.get(value.instance)?.host).toBe(host.id);
      }
    }
  },

  "I2 guest pages and allocated frames correspond one to one": (model, world) => {
    for (const host of world.hosts()) {
      const owners = new Map<number, string>();
      for (const { start, count, value } of host.memory.extents()) {
        if (value.state !== "allocated") continue;
        for (const frame of framesOf([{ start, count }])) owners.set(frame, value.instance);
      }
      for (const { request, map } of model.live.values()) {
        if (world.fleet.placement(request.instance)?.host !== host.id) continue;
        expect(map.pages).toBe(Math.ceil(request.memoryBytes / PAGE));
        for (let page = 0; page < map.pages; page++) {
          const { frame } = host.memory.translate(request.instance, page);
          expect(owners.get(frame)).toBe(request.instance);
          owners.delete(frame);
        }
      }
      expect(owners.size).toBe(0);
    }
  },

  "I3 only frames that were free are handed out": (model, world) => {
    const { step } = model;
    if (step.kind !== "placed") return;
    const live = model.live.get(step.instance);
    const states = step.before.states.get(live?.host ?? "");
    const suppliers = world.mode === "on-demand" ? ["free", "dirty", "scrubbing"] : ["free"];
    for (const frame of framesOf(live?.map.runs ?? [])) {
      // A host that was racked for this had only free frames.
      if (states) expect(suppliers).toContain(states[frame - HYPERVISOR_FRAMES]);
    }
  },

  "I4 every byte of a free frame is zero": (_, world) => {
    const unclean: string[] = [];
    for (const host of world.hosts()) {
      const pages = found(world.pages.get(host.id));
      for (const [i, state] of statesOf(host).entries()) {
        const frame = HYPERVISOR_FRAMES + i;
        if (state !== "free" || pages.span(frame, frame + 1) === undefined) continue;
        if (!isZero(world.frame(host.id, frame))) unclean.push(`${host.id} ${frame}`);
      }
    }
    expect(unclean).toEqual([]);
  },

  "I5 frames are conserved": (model, world) => {
    for (const host of world.hosts()) {
      const census = host.memory.census();
      const states = statesOf(host);
      expect(states).toHaveLength(FRAMES);
      for (const [state, count] of Object.entries(census)) {
        expect(states.filter((each) => each === state)).toHaveLength(count);
      }
      const live = [...model.live.values()].filter((each) => each.host === host.id);
      expect(live.reduce((sum, { bytes }) => sum + bytes.length / PAGE, 0)).toBe(census.allocated);
    }
  },

  "I6 no two frames share memory": (_, world) => {
    const seen = new Set<string>();
    const buffers = new Map<ArrayBufferLike, number>();
    for (const pages of world.pages.values()) {
      const end = HYPERVISOR_FRAMES + FRAMES;
      for (let span = pages.span(0, end); span; span = pages.span(span.start + span.count, end)) {
        const { buffer, byteOffset, byteLength } = span.bytes;
        buffers.set(buffer, buffers.get(buffer) ?? buffers.size);
        for (let at = byteOffset; at < byteOffset + byteLength; at += PAGE) {
          const place = `${buffers.get(buffer)}:${at}`;
          expect(seen).not.toContain(place);
          seen.add(place);
        }
      }
    }
  },

  "I7 an instance that is not live owns nothing": (model, world) => {
    for (const { request } of model.ended.values()) {
      expect(world.fleet.placement(request.instance)).toBeUndefined();
    }
    for (const host of world.hosts()) {
      for (const { instance } of host.owners()) expect(model.live.has(instance)).toBe(true);
      for (let core = 0; core < host.cores.count; core++) {
        for (const instance of host.cores.residents(core))
          expect(model.live.get(instance)?.host).toBe(host.id);
      }
    }
  },

  "I8 the hypervisor's frames are nobody's, and what the operator sees does not depend on a guest's bytes": (
    model,
    world,
  ) => {
    for (const { map } of model.live.values()) {
      for (const { start } of map.runs) expect(start).toBeGreaterThanOrEqual(HYPERVISOR_FRAMES);
    }
    for (const pages of world.pages.values()) expect(pages.span(0, HYPERVISOR_FRAMES)).toBeUndefined();
    if (model.step.kind === "written") expect(world.views()).toBe(model.step.before.views);
  },

  "I9, I10 a core of fixed performance has one resident, and an instance all the cores it asked for": (
    model,
    world,
  ) => {
    for (const { request, host: id } of model.live.values()) {
      const host = world.fleet.host(id);
      const cores = framesOf(host?.tenant(request.instance)?.cores ?? []);
      expect(new Set(cores).size).toBe(request.cores);
      for (const core of cores) {
        const residents = host?.cores.residents(core) ?? [];
        expect(residents).toContain(request.instance);
        expect(residents.length).toBeLessThanOrEqual(host?.size.sharing ?? 0);
      }
    }
    for (const host of world.hosts()) {
      const cores = Array.from({ length: host.cores.count }, (_, core) => host.cores.residents(core).length);
      expect(host.cores.open).toBe(cores.filter((residents) => residents < host.size.sharing).length);
    }
  },

  "I11 who asked to be alone is alone": (model, world) => {
    for (const host of world.hosts()) {
      const here = [...model.live.values()].filter((live) => live.host === host.id);
      const accounts = new Set(here.map(({ request }) => request.account));
      const tenancies = new Set(here.map(({ request }) => request.tenancy));
      if (tenancies.has("dedicated") || tenancies.has("host")) expect(accounts.size).toBe(1);
      if (host.dedicatedTo === undefined) expect(tenancies).not.toContain("host");
      else
        for (const { request } of here)
          expect([request.tenancy, request.account]).toEqual(["host", host.dedicatedTo]);
    }
  },

  "T1 a new instance reads zero everywhere": ({ live, step }, world) => {
    if (step.kind !== "placed") return;
    expect(isZero(world.fleet.read(step.instance, 0, live.get(step.instance)?.bytes.length ?? 0))).toBe(true);
  },

  "T2 between two owners of a frame there is a scrub, and generations grow": (_, world) => {
    const records = world.fleet.audit.records();
    for (const host of world.hosts()) expect(unlawful(host, records)).toEqual([]);
  },

  "T3 a translation faults once its mapping is gone, which is before the frames are dirty": (
    model,
    world,
  ) => {
    for (const { host, translation } of model.stale.slice(-3)) {
      const use = () => world.fleet.host(host)?.memory.load(translation, 0, new Uint8Array(1));
      expect(use).toThrow(expect.objectContaining({ code: "stale-translation" }));
    }
    const { step } = model;
    if (step.kind !== "released") return;
    const events = world.fleet.audit.records(step.before.seq + 1).map(({ event }) => event);
    expect(events.indexOf("unmapped")).toBeGreaterThanOrEqual(0);
    expect(events.indexOf("unmapped")).toBeLessThan(events.indexOf("released"));
  },

  "T4 an unfinished scrub frees nothing": (model, world) => {
    const { step } = model;
    if (step.kind !== "scrub-step" && step.kind !== "interrupted") return;
    const free = new Set<string>();
    for (const { event, host, runs } of world.fleet.audit.records(step.before.seq + 1)) {
      if (event === "scrubbed") for (const frame of framesOf(runs ?? [])) free.add(`${host} ${frame}`);
    }
    for (const host of world.hosts()) {
      const before = step.before.states.get(host.id);
      for (const [i, state] of statesOf(host).entries()) {
        if (step.kind === "interrupted") expect(state).not.toBe("scrubbing");
        if (state === "free" && before?.[i] !== "free")
          expect(free).toContain(`${host.id} ${HYPERVISOR_FRAMES + i}`);
      }
    }
  },

  "T5 a reboot zeroes memory and keeps host, frames and cores": (model, world) => {
    const { step } = model;
    if (step.kind !== "rebooted") return;
    expect(world.views()).toBe(step.before.views);
    expect(isZero(world.fleet.read(step.instance, 0, model.live.get(step.instance)?.bytes.length ?? 0))).toBe(
      true,
    );
  },

  "T6 stop and terminate release all frames, and eagerly scrub them before they are over": (
    { step },
    world,
  ) => {
    if (step.kind !== "released") return;
    const { live, before } = step;
    const { instance } = live.request;
    const states = statesOf(found(world.fleet.host(live.host)));
    for (const frame of framesOf(live.map.runs)) {
      expect(states[frame - HYPERVISOR_FRAMES]).toBe(world.mode === "eager" ? "free" : "dirty");
    }
    if (world.mode !== "eager") return;
    for (const frame of framesOf(live.map.runs)) expect(isZero(world.frame(live.host, frame))).toBe(true);
    const certificate = world.fleet.audit.certificates(instance).at(-1);
    const bytesDirty = live.written.size * PAGE;
    const { pages: frames, generation, runs } = live.map;
    expect(certificate).toMatchObject({
      frames,
      generation,
      runs,
      bytesDirty,
      bytesZeroed: bytesDirty,
      verified: true,
    });
    expect(certificate?.seq).toBeGreaterThan(before.seq);
  },

  "T8 frames of a failed launch are scrubbed like any others": ({ step }, world) => {
    if (step.kind !== "released" || step.reason !== "failed-launch") return;
    const { generation } = step.live.map;
    const about = { host: step.live.host, reason: "failed-launch", generation };
    const records = world.fleet.audit.records(step.before.seq + 1);
    expect(records).toContainEqual(expect.objectContaining({ ...about, event: "released" }));
    if (world.mode === "eager")
      expect(records).toContainEqual(expect.objectContaining({ ...about, event: "scrubbed" }));
  },

  "T9 a launch is refused only for want of room, and leaves nothing behind": ({ step }, world) => {
    if (step.kind !== "refused") return;
    expect(world.views()).toBe(step.before.views);
    expect(world.fleet.placement(step.request.instance)).toBeUndefined();
    const { account, tenancy, cores, memoryBytes, family } = step.request;
    const frames = Math.ceil(memoryBytes / PAGE);
    const hosts = world.hosts().filter((host) => host.family === family);
    if (frames <= FRAMES && tenancy !== "host") expect(hosts).toHaveLength(3);
    for (const host of hosts) {
      if (!eligible(host, account, tenancy)) continue;
      expect(host.supply >= frames && host.cores.open >= cores).toBe(false);
    }
  },

  "N2 an instance finds in its memory what it wrote, and nothing else": (model, world) => {
    for (const { request, bytes } of model.live.values()) {
      expect(Buffer.compare(world.fleet.read(request.instance, 0, bytes.length), bytes)).toBe(0);
    }
  },

  "the audit is whole, and shows no broken frame": (_, world) => {
    const records = world.fleet.audit.records();
    expect(world.fleet.audit.verify()).toMatchObject({ intact: true, records: records.length });
    expect(records.filter(({ event }) => event === "fault" || event === "retired")).toEqual([]);
  },
};

/** Hosts that a request is tried on: a dedicated instance does not move in with others of its account. */
function eligible(host: Host, account: string, tenancy: string): boolean {
  if (tenancy === "host") return host.dedicatedTo === account;
  if (tenancy === "dedicated") return host.occupancy === "empty" || host.occupancy === `dedicated ${account}`;
  return host.welcomes(account, "default");
}

/** What is unlawful in the life of a host's frames, by the audit alone. */
function unlawful(host: Host, records: readonly AuditRecord[]): AuditRecord[] {
  const life = new Map<number, { event: string; generation: number }>();
  const lawful: Readonly<Record<string, readonly string[]>> = {
    allocated: ["new", "scrubbed"],
    released: ["allocated"],
    scrubbed: ["released"],
  };
  return records.filter(({ event, generation = 0, host: id, runs = [] }) => {
    const before = lawful[event];
    if (id !== host.id || before === undefined) return false;
    return framesOf(runs)
      .map((frame) => {
        const last = life.get(frame) ?? { event: "new", generation: 0 };
        life.set(frame, { event, generation });
        const inOrder = event === "allocated" ? generation > last.generation : generation === last.generation;
        return inOrder && before.includes(last.event);
      })
      .includes(false);
  });
}

describe("after every step of random runs of launch, write, reboot, stop, terminate, start and failed launch", () => {
  const modes = fc.constantFrom<ScrubMode>("eager", "eager", "idle", "on-demand");
  it.each(Object.entries(invariants))("%s", (_, check) => {
    expect.hasAssertions();
    const property = fc.property(modes, commands(check), (mode, run) => {
      fc.modelRun(() => ({ model: new Model(), real: new World(mode) }), run);
    });
    fc.assert(property, { seed: 20_260_101, numRuns: 40 });
  });
});
