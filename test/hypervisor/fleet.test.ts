import { describe, expect, it } from "vitest";
import { Fleet, type FleetOptions } from "../../hypervisor/fleet.ts";
import type { PlaceRequest } from "../../hypervisor/placement.ts";
import type { HostSize } from "../../hypervisor/host.ts";
import { Pages } from "../../hypervisor/pages.ts";
import { PAGE } from "../../hypervisor/slabs.ts";
import { found } from "./world.ts";

const GIB = 2 ** 30;
const SIZE: HostSize = {
  sockets: 2,
  coresPerSocket: 2,
  threadsPerCore: 2,
  memoryBytes: 16 * GIB,
  sharing: 1,
  perZone: 2,
};

function fleetOf(size: Partial<HostSize> = {}, options: Partial<FleetOptions> = {}) {
  let hosts = 0;
  return new Fleet({
    clock: () => 0,
    nextId: () => `h-${++hosts}`,
    blocks: { read: () => undefined, write: () => {}, written: () => [], erase: () => {} },
    sizing: (family) => (family === "none" ? undefined : { ...SIZE, ...size }),
    ...options,
  });
}

let instances = 0;
function request(change: Partial<PlaceRequest> = {}): PlaceRequest {
  return {
    instance: `i-${++instances}`,
    account: "A",
    zone: "a",
    family: "m5",
    memoryBytes: 4 * GIB,
    cores: 1,
    threadsPerCore: 2,
    tenancy: "default",
    ...change,
  };
}

/** The host an instance got, or why it got none. */
function place(fleet: Fleet, change: Partial<PlaceRequest> = {}): string {
  const answer = fleet.place(request(change));
  return answer.placed ? answer.placement.host : answer.refusal;
}

const fault = (code: string) => expect.objectContaining({ name: "HypervisorFault", code });

describe("placement", () => {
  it("fills a host before it racks the next, up to what the zone has", () => {
    const fleet = fleetOf();
    expect(Array.from({ length: 9 }, () => place(fleet))).toEqual([
      ...Array.from({ length: 4 }, () => "h-1"),
      ...Array.from({ length: 4 }, () => "h-2"),
      "no-room",
    ]);
    expect(place(fleet, { zone: "b" })).toBe("h-3");
    expect(place(fleet, { family: "c5" })).toBe("h-4");
  });

  it("minds cores and memory both", () => {
    const fleet = fleetOf();
    expect(place(fleet, { cores: 3, memoryBytes: GIB })).toBe("h-1");
    expect(place(fleet, { cores: 1, memoryBytes: 15 * GIB })).toBe("h-1");
    expect(place(fleet, { cores: 1, memoryBytes: 1 })).toBe("h-2");
    expect(place(fleet, { cores: 4, memoryBytes: GIB })).toBe("no-room");
    expect(place(fleet, { cores: 3, memoryBytes: 16 * GIB })).toBe("no-room");
  });

  it("says when no such host could ever do", () => {
    const fleet = fleetOf();
    expect(place(fleet, { memoryBytes: 16 * GIB + 1 })).toBe("too-large");
    expect(place(fleet, { cores: 5 })).toBe("too-large");
    expect(place(fleet, { threadsPerCore: 3 })).toBe("too-large");
    expect(place(fleet, { family: "none" })).toBe("unsupported");
    expect(fleet.hosts()).toEqual([]);
  });

  it("moves an instance that starts again, where there is another host", () => {
    const fleet = fleetOf();
    expect(place(fleet, { instance: "i-again" })).toBe("h-1");
    fleet.release("i-again", "stop");
    expect(place(fleet, { instance: "i-again", exclude: "h-1" })).toBe("h-2");
    fleet.release("i-again", "stop");
    const small = fleetOf({ perZone: 1 });
    expect(place(small, { exclude: "h-1" })).toBe("h-1");
    expect(place(small, { exclude: "h-1" })).toBe("h-1");
  });

  it("gives an instance whole cores; burstable instances take turns on them", () => {
    const fixed = fleetOf();
    fixed.place(request({ instance: "i-1", threadsPerCore: 1 }));
    fixed.place(request({ instance: "i-2", cores: 2 }));
    expect(fixed.placement("i-1")?.cores).toEqual([{ start: 0, count: 1 }]);
    expect(fixed.placement("i-2")?.cores).toEqual([{ start: 1, count: 2 }]);
    fixed.release("i-1", "terminate");
    fixed.place(request({ instance: "i-3", cores: 2 }));
    expect(fixed.placement("i-3")?.cores).toEqual([
      { start: 0, count: 1 },
      { start: 3, count: 1 },
    ]);

    const burstable = fleetOf({ sharing: 2, perZone: 1 });
    const small = { memoryBytes: GIB, cores: 2 };
    expect(Array.from({ length: 5 }, () => place(burstable, small))).toEqual([
      "h-1",
      "h-1",
      "h-1",
      "h-1",
      "no-room",
    ]);
    expect(burstable.host("h-1")?.cores.residents(3)).toHaveLength(2);
  });

  it("faults on requests that make no sense", () => {
    const fleet = fleetOf();
    for (const size of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => fleet.place(request({ memoryBytes: size }))).toThrow(fault("bad-request"));
      expect(() => fleet.place(request({ cores: size }))).toThrow(fault("bad-request"));
      expect(() => fleet.place(request({ threadsPerCore: size }))).toThrow(fault("bad-request"));
    }
    fleet.place(request({ instance: "i-twice" }));
    expect(() => fleet.place(request({ instance: "i-twice" }))).toThrow(fault("twice-placed"));
    expect(fleet.release("i-unknown", "stop")).toBeUndefined();
  });
});

describe("tenancy (I11)", () => {
  it("keeps other accounts from a host with a dedicated instance, but not instances of the same account", () => {
    const fleet = fleetOf();
    expect(place(fleet, { account: "A", tenancy: "dedicated" })).toBe("h-1");
    expect(place(fleet, { account: "B" })).toBe("h-2");
    expect(place(fleet, { account: "B", tenancy: "dedicated" })).toBe("no-room");
    expect(place(fleet, { account: "A", cores: 3 })).toBe("h-2");
    expect(place(fleet, { account: "A", cores: 3 })).toBe("h-1");
    expect(place(fleet, { account: "B" })).toBe("no-room");
  });

  it("opens a host to all again when the last dedicated instance is gone", () => {
    const fleet = fleetOf({ perZone: 1 });
    place(fleet, { account: "A", tenancy: "dedicated", instance: "i-alone" });
    place(fleet, { account: "A" });
    expect(place(fleet, { account: "B" })).toBe("no-room");
    fleet.release("i-alone", "stop");
    expect(place(fleet, { account: "B" })).toBe("h-1");
  });

  it("keeps a Dedicated Host for its account and tenancy host", () => {
    const fleet = fleetOf({ perZone: 2 });
    expect(place(fleet, { tenancy: "host" })).toBe("no-room");
    expect(fleet.allocateHost("a", "m5", "A")).toEqual({ allocated: true, host: "h-1" });
    expect(place(fleet, { account: "B" })).toBe("h-2");
    expect(place(fleet, { account: "A" })).toBe("h-2");
    expect(place(fleet, { account: "B", tenancy: "host" })).toBe("no-room");
    expect(place(fleet, { account: "B", tenancy: "host", host: "h-1" })).toBe("no-such-host");
    expect(place(fleet, { account: "A", tenancy: "host", host: "h-2" })).toBe("no-such-host");
    expect(place(fleet, { account: "A", tenancy: "host", host: "h-1", instance: "i-own" })).toBe("h-1");
    expect(place(fleet, { account: "A", tenancy: "host" })).toBe("h-1");
    expect(place(fleet, { account: "A", tenancy: "host", host: "h-1", cores: 3 })).toBe("no-room");
    expect(fleet.allocateHost("a", "m5", "B")).toEqual({ allocated: false, refusal: "no-room" });
    expect(fleet.allocateHost("a", "none", "B")).toEqual({ allocated: false, refusal: "unsupported" });
    expect(fleet.releaseHost("h-1")).toBe(false);
    expect(fleet.releaseHost("h-2")).toBe(false);
    for (const { instance } of fleet.owners("h-1") ?? []) fleet.release(instance, "terminate");
    expect(fleet.releaseHost("h-1")).toBe(true);
    expect(fleet.hosts().map(({ host }) => host)).toEqual(["h-2"]);
  });
});

describe("memory through the fleet", () => {
  it("spans 24 TiB, and costs what was written", () => {
    const size = 24 * 1024 * GIB;
    const fleet = fleetOf({ memoryBytes: size });
    fleet.place(request({ instance: "i-big", memoryBytes: size }));
    fleet.guests.write("i-big", size - 3, Uint8Array.of(1, 2, 3));
    fleet.guests.write("i-big", PAGE - 1, Uint8Array.of(4, 5));
    expect(fleet.guests.read("i-big", size - 4, 4)).toEqual(Uint8Array.of(0, 1, 2, 3));
    expect(fleet.guests.read("i-big", PAGE - 2, 4)).toEqual(Uint8Array.of(0, 4, 5, 0));
    const bytes = { bytesDirty: 3 * PAGE, bytesZeroed: 3 * PAGE };
    expect(fleet.release("i-big", "terminate")).toMatchObject({
      ...bytes,
      frames: size / PAGE,
      verified: true,
    });
  });

  it("faults on addresses beyond the instance and on instances that are on no host, and writes nothing", () => {
    const fleet = fleetOf();
    fleet.place(request({ instance: "i-1", memoryBytes: PAGE }));
    for (const address of [-1, PAGE - 1, 0.5, Number.NaN, 2 ** 60, Number.POSITIVE_INFINITY]) {
      expect(() => fleet.guests.write("i-1", address, Uint8Array.of(1, 2))).toThrow(fault("bad-address"));
      expect(() => fleet.guests.read("i-1", address, 2)).toThrow(fault("bad-address"));
    }
    for (const length of [-1, 1.5, Number.NaN]) {
      expect(() => fleet.guests.read("i-1", 0, length)).toThrow(fault("bad-address"));
    }
    expect(() => fleet.guests.read("i-1", 0, 2 ** 40)).toThrow(fault("access-too-large"));
    expect(fleet.guests.read("i-1", 0, PAGE)).toEqual(new Uint8Array(PAGE));
    for (const use of [
      () => fleet.guests.read("i-2", 0, 1),
      () => fleet.guests.write("i-2", 0, Uint8Array.of(1)),
      () => fleet.reboot("i-2"),
    ]) {
      expect(use).toThrow(fault("unknown-instance"));
    }
  });

  it("refuses transitions that the model does not have, and notes them", () => {
    const fleet = fleetOf();
    fleet.place(request({ instance: "i-1" }));
    const memory = found(fleet.host("h-1")?.memory);
    const [run] = memory.map("i-1")?.runs ?? [];
    const frames = found(run);
    const census = memory.census();
    for (const step of [
      () => memory.beginScrub(frames, "i-1"),
      () => memory.finishScrub(frames, "i-1"),
      () => memory.abortScrub(frames, "i-1"),
      () => memory.retire(frames, "i-1"),
      () => memory.retire({ start: 0, count: 1 }, "i-1"),
    ]) {
      expect(step).toThrow(fault("illegal-transition"));
    }
    expect(memory.census()).toEqual(census);
    expect(fleet.audit.records().filter(({ event }) => event === "fault")).toHaveLength(5);
    memory.release("i-1", "stop");
    expect(() => memory.beginScrub(frames, "i-2")).toThrow(fault("not-owner"));
  });

  it("takes frames that will not become zero out of service, and certifies no more than that", () => {
    /** Memory in which one frame keeps its bytes, whatever is written over them. */
    class Stuck extends Pages {
      override discard(span: Parameters<Pages["discard"]>[0]): boolean {
        if (span.bytes.length === PAGE) span.bytes.fill(1, PAGE - 1);
        return super.discard(span);
      }
    }
    const fleet = fleetOf({ memoryBytes: 8 * PAGE, perZone: 1 }, { pages: (_, frames) => new Stuck(frames) });
    fleet.place(request({ instance: "i-1", memoryBytes: 8 * PAGE }));
    fleet.guests.write("i-1", 0, new Uint8Array(2 * PAGE).fill(7));
    fleet.guests.write("i-1", 4 * PAGE, Uint8Array.of(7));
    expect(fleet.release("i-1", "terminate")).toMatchObject({ event: "scrubbed", verified: false });
    expect(fleet.hosts()[0]?.frames).toEqual({ free: 7, allocated: 0, dirty: 0, scrubbing: 0, offline: 1 });
    expect(place(fleet, { memoryBytes: 8 * PAGE })).toBe("no-room");
    expect(place(fleet, { memoryBytes: 7 * PAGE, instance: "i-2" })).toBe("h-1");
    expect(fleet.guests.read("i-2", 0, 7 * PAGE)).toEqual(new Uint8Array(7 * PAGE));
    expect(fleet.audit.records().map(({ event }) => event)).toContain("retired");
  });

  it.each(["idle", "on-demand"] as const)(
    "leaves released frames to nobody in mode %s until they are scrubbed",
    (scrub) => {
      const fleet = fleetOf({ memoryBytes: 4 * PAGE, perZone: 1 }, { scrub });
      fleet.place(request({ instance: "i-1", memoryBytes: 4 * PAGE }));
      fleet.guests.write("i-1", 0, new Uint8Array(2 * PAGE).fill(7));
      expect(fleet.release("i-1", "stop")).toBeUndefined();
      expect(fleet.hosts()[0]?.frames).toMatchObject({ free: 0, dirty: 4 });
      expect(fleet.scrub(PAGE)).toEqual([]);
      expect(fleet.hosts()[0]?.frames).toMatchObject({ free: 0, scrubbing: 4 });
      // On demand, a launch has them scrubbed; an idle scrubber is not waited for.
      expect(place(fleet, { memoryBytes: 4 * PAGE, instance: "i-2" })).toBe(
        scrub === "idle" ? "no-room" : "h-1",
      );
      fleet.scrub(PAGE);
      expect(fleet.audit.certificates("i-1")).toMatchObject([{ bytesZeroed: 2 * PAGE, verified: true }]);
      fleet.release("i-2", "stop");
      fleet.scrub(PAGE);
      expect(place(fleet, { memoryBytes: 4 * PAGE, instance: "i-3" })).toBe("h-1");
      expect(fleet.guests.read("i-3", 0, 4 * PAGE)).toEqual(new Uint8Array(4 * PAGE));
    },
  );

  it("is gone after a power cut", () => {
    const before = fleetOf();
    const instance = request();
    before.place(instance);
    before.guests.write(instance.instance, 0, Uint8Array.of(1));
    const after = fleetOf();
    expect(after.placement(instance.instance)).toBeUndefined();
    after.place(instance);
    expect(after.guests.read(instance.instance, 0, 1)).toEqual(Uint8Array.of(0));
  });
});
