import { describe, expect, it } from "vitest";
import { Fleet, type FleetOptions } from "../../hypervisor/fleet.ts";
import type { PlaceRequest } from "../../hypervisor/placement.ts";
import { Glass } from "../../hypervisor/glass.ts";
import { hasPreciseTime, type Group } from "../../hypervisor/groups.ts";
import type { HostSize } from "../../hypervisor/host.ts";
import { Pages } from "../../hypervisor/pages.ts";
import { PAGE } from "../../hypervisor/slabs.ts";
import { canaries, canary, found, Stores } from "./world.ts";

const SIZE: HostSize = {
  sockets: 2,
  coresPerSocket: 2,
  threadsPerCore: 2,
  memoryBytes: 64 * PAGE,
  sharing: 1,
  perZone: 8,
  racks: 4,
};

function fleetOf(size: Partial<HostSize> = {}, options: Partial<FleetOptions> = {}) {
  let hosts = 0;
  let now = 0;
  const images = new Stores();
  let random = 0;
  const secrets = {
    root: new Uint8Array(32),
    random: (length: number) => Uint8Array.from({ length }, (_, i) => (i * i + random++) % 251),
  };
  const fleet = new Fleet({
    clock: () => now,
    nextId: () => `h-${++hosts}`,
    blocks: new Stores(),
    sizing: () => ({ ...SIZE, ...size }),
    images,
    secrets,
    ...options,
  });
  return { fleet, images, pass: (ms: number) => void (now += ms) };
}

let instances = 0;
function request(change: Partial<PlaceRequest> = {}): PlaceRequest {
  return {
    instance: `i-${++instances}`,
    account: "A",
    zone: "a",
    family: "m5",
    memoryBytes: 8 * PAGE,
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

const times = <T>(count: number, make: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));
const fault = (code: string) => expect.objectContaining({ name: "HypervisorFault", code });
const rackOf = (fleet: Fleet, host: string): number | undefined => fleet.host(host)?.rack;

describe("placement groups", () => {
  it("spread over hosts, or racks, and refuse what would not be apart", () => {
    const { fleet } = fleetOf();
    const spread = (level: "host" | "rack"): Group => ({ id: level, strategy: "spread", level });
    const hosts = times(9, () => place(fleet, { group: spread("host") }));
    expect(new Set(hosts.slice(0, 8)).size).toBe(8);
    expect(hosts[8]).toBe("no-room");
    const racks = times(5, () => place(fleet, { group: spread("rack") }));
    expect(new Set(racks.slice(0, 4).map((host) => rackOf(fleet, host))).size).toBe(4);
    expect(racks[4]).toBe("no-room");
    expect(place(fleet, { group: spread("rack"), zone: "b" })).not.toBe("no-room");
  });

  it("cluster in one rack as long as it has room", () => {
    const { fleet } = fleetOf();
    const group: Group = { id: "near", strategy: "cluster" };
    const hosts = times(10, () => place(fleet, { group, cores: 3 }));
    const racks = hosts.slice(0, 2).map((host) => rackOf(fleet, host));
    expect(new Set(racks).size).toBe(1);
    expect(new Set(hosts.slice(0, 8)).size).toBe(8);
    expect(hosts[8]).toBe("no-room");
  });

  it.each<Group>([
    { id: "precise", strategy: "precision-time" },
    { id: "precise", strategy: "cluster", preciseTime: true },
  ])("of precise time are where there is a source of it: $strategy", (group) => {
    const { fleet } = fleetOf();
    // One host for each of eight; two of the four racks have a source.
    const hosts = times(5, () => place(fleet, { group, cores: 3 }));
    const racks = hosts.slice(0, 4).map((host) => rackOf(fleet, host) ?? 1);
    expect(racks.every(hasPreciseTime)).toBe(true);
    expect(new Set(racks).size).toBe(2);
    expect(hosts[4]).toBe("no-room");
    expect(place(fleet, { cores: 3 })).not.toBe("no-room");
  });

  it("keep partitions in racks of their own", () => {
    const { fleet } = fleetOf();
    const part = (partition: number): Group => ({ id: "parts", strategy: "partition", partition });
    const placed = times(12, (i) => [i % 4, place(fleet, { group: part(i % 4), cores: 2 })] as const);
    const owners = new Map<number | undefined, Set<number>>();
    for (const [partition, host] of placed) {
      const rack = rackOf(fleet, host);
      owners.set(rack, (owners.get(rack) ?? new Set<number>()).add(partition));
    }
    expect([...owners.values()].map(({ size }) => size)).toEqual([1, 1, 1, 1]);
    expect(place(fleet, { group: part(5) })).toBe("no-room");
  });
});

describe("reservations", () => {
  it("keep room that nobody else gets, and take it back when an instance leaves", () => {
    const { fleet } = fleetOf({ perZone: 1 });
    const { reservations } = fleet;
    const wish = { account: "A", tenancy: "default", zone: "a", family: "m5", threadsPerCore: 2 } as const;
    const kind = { ...wish, memoryBytes: 8 * PAGE, cores: 1 };
    expect(reservations.add({ ...kind, id: "cr-1", count: 3 })).toBeUndefined();
    expect(reservations.add({ ...kind, id: "cr-2", count: 2 })).toBe("no-room");
    expect(reservations.view("cr-2")).toBeUndefined();
    expect(place(fleet)).toBe("h-1");
    expect(place(fleet)).toBe("no-room");
    expect(place(fleet, { reservation: "cr-1", instance: "i-in" })).toBe("h-1");
    expect(reservations.view("cr-1")).toEqual({ count: 3, held: 2, used: 1 });
    expect(fleet.placement("i-in")).toMatchObject({ reservation: "cr-1" });
    fleet.release("i-in", "stop");
    expect(reservations.view("cr-1")).toEqual({ count: 3, held: 3, used: 0 });
    expect(place(fleet)).toBe("no-room");
    expect(reservations.resize("cr-1", 2)).toBeUndefined();
    expect(place(fleet)).toBe("h-1");
    expect(reservations.resize("cr-1", 3)).toBe("no-room");
    expect(reservations.view("cr-1")).toEqual({ count: 2, held: 2, used: 0 });
    reservations.remove("cr-1");
    expect(times(3, () => place(fleet))).toEqual(["h-1", "h-1", "no-room"]);
    expect(place(fleet, { reservation: "cr-1" })).toBe("no-room");
  });

  it("take in instances that run already, each from the one that it was in", () => {
    const { fleet } = fleetOf({ perZone: 1 });
    const { reservations } = fleet;
    const kind = { memoryBytes: 8 * PAGE, cores: 1, account: "A", tenancy: "default", zone: "a" } as const;
    const wish = { ...kind, family: "m5", threadsPerCore: 2 };
    times(4, () => place(fleet));
    const [one = "", two = ""] = (fleet.owners("h-1") ?? []).map(({ instance }) => instance);
    expect(reservations.add({ ...wish, id: "cr-1", count: 0 })).toBeUndefined();
    expect(reservations.add({ ...wish, id: "cr-2", count: 0 })).toBeUndefined();
    expect(fleet.enlist(one, "cr-1")).toBe(true);
    expect(fleet.enlist(two, "cr-1")).toBe(true);
    expect(fleet.enlist(two, "cr-none")).toBe(false);
    expect(fleet.enlist("i-none", "cr-1")).toBe(false);
    expect(reservations.resize("cr-1", 2)).toBeUndefined();
    expect(reservations.view("cr-1")).toEqual({ count: 2, held: 0, used: 2 });
    expect(fleet.enlist(two, "cr-2")).toBe(true);
    expect(reservations.resize("cr-1", 1)).toBeUndefined();
    expect(reservations.resize("cr-2", 1)).toBeUndefined();
    fleet.release(two, "stop");
    expect(reservations.view("cr-1")).toEqual({ count: 1, held: 0, used: 1 });
    expect(reservations.view("cr-2")).toEqual({ count: 1, held: 1, used: 0 });
    expect(place(fleet)).toBe("no-room");
    // Who is in one that is over stays, and is in none.
    reservations.remove("cr-1");
    expect(fleet.placement(one)).not.toHaveProperty("reservation");
    fleet.release(one, "stop");
    expect(place(fleet)).toBe("h-1");
    expect(place(fleet)).toBe("no-room");
  });

  it("move to other hosts when theirs fails", () => {
    const { fleet } = fleetOf({ perZone: 2 });
    const kind = { memoryBytes: 8 * PAGE, cores: 1, account: "A", tenancy: "default", zone: "a" } as const;
    fleet.reservations.add({ ...kind, family: "m5", threadsPerCore: 2, id: "cr-1", count: 2 });
    fleet.failHost("h-1");
    expect(fleet.reservations.view("cr-1")).toEqual({ count: 2, held: 2, used: 0 });
    expect(place(fleet, { reservation: "cr-1" })).toBe("h-2");
  });
});

describe("Dedicated Hosts", () => {
  it("with auto-placement are those that a launch without a host may use", () => {
    const { fleet } = fleetOf();
    fleet.allocateHost("a", "m5", "A");
    fleet.allocateHost("a", "m5", "A");
    expect(place(fleet, { tenancy: "host", among: ["h-2"] })).toBe("h-2");
    expect(place(fleet, { tenancy: "host", among: [] })).toBe("no-room");
    expect(times(4, () => place(fleet, { tenancy: "host", among: ["h-2"] })).at(-1)).toBe("no-room");
    // Affinity: there and nowhere else, although it was there before.
    expect(place(fleet, { tenancy: "host", host: "h-1", exclude: "h-1" })).toBe("h-1");
    expect(fleet.allocateHost("a", "m5", "B", "h-before")).toEqual({ allocated: true, host: "h-before" });
    expect(() => fleet.allocateHost("a", "m5", "B", "h-before")).toThrow(fault("bad-request"));
  });
});

describe("a host that fails", () => {
  it("loses its instances, takes nobody in, and is scrubbed before it does again", () => {
    const { fleet } = fleetOf({ perZone: 2 });
    fleet.place(request({ instance: "i-lost", stores: [4096] }));
    fleet.guests.write("i-lost", 0, canaries("i-lost", 100));
    const glass = new Glass(fleet);
    expect(fleet.failHost("h-1")).toEqual(["i-lost"]);
    expect(fleet.placement("i-lost")).toBeUndefined();
    expect(glass.search(canary("i-lost"))).toHaveLength(3);
    expect(glass.search(canary("i-lost"))[0]).toMatchObject({
      host: "h-1",
      state: "dirty",
      instance: "i-lost",
    });
    expect(place(fleet)).toBe("h-2");
    expect(fleet.host("h-1")?.view()).toMatchObject({ state: "failed", frames: { dirty: 8 } });
    expect(fleet.repairHost("h-2")).toBe(false);
    expect(fleet.repairHost("h-1")).toBe(true);
    expect(glass.search(canary("i-lost"))).toEqual([]);
    expect(fleet.audit.certificates("i-lost")).toMatchObject([{ reason: "host-failure", verified: true }]);
    expect(times(7, () => place(fleet)).filter((host) => host === "h-1")).toHaveLength(4);
    expect(() => fleet.failHost("h-9")).toThrow(fault("unknown-host"));
  });

  it("that retires keeps its instances, takes nobody in, and goes with the last of them", () => {
    const { fleet } = fleetOf({ perZone: 2 });
    fleet.place(request({ instance: "i-last" }));
    expect(fleet.retireHost("h-1")).toEqual(["i-last"]);
    expect(place(fleet)).toBe("h-2");
    fleet.reboot("i-last");
    fleet.release("i-last", "stop");
    expect(fleet.hosts().map(({ host }) => host)).toEqual(["h-2"]);
    fleet.retireHost("h-2");
    expect(place(fleet)).toBe("h-3");
  });
});

describe("hibernation", () => {
  it("keeps memory for the instance alone, over a restart too, and nothing is left of it afterwards", () => {
    const { fleet, images } = fleetOf();
    fleet.place(request({ instance: "i-1", memoryBytes: 20 * PAGE }));
    fleet.guests.write("i-1", 5 * PAGE - 3, canaries("i-1", 3 * PAGE));
    expect(fleet.hibernation.begin("i-1", "image")).toMatchObject({ reason: "hibernate", verified: true });
    expect(new Glass(fleet).search(canary("i-1"), images.surfaces())).toEqual([]);
    const { fleet: next } = fleetOf({}, { images });
    next.place(request({ instance: "i-2", memoryBytes: 20 * PAGE }));
    expect(() => next.hibernation.resume("i-2", "image")).toThrow(fault("bad-image"));
    expect(() => next.hibernation.resume("i-2", "none")).toThrow(fault("bad-image"));
    next.place(request({ instance: "i-1", memoryBytes: 20 * PAGE }));
    next.hibernation.resume("i-1", "image");
    expect(next.guests.read("i-1", 5 * PAGE - 3, 3 * PAGE)).toEqual(canaries("i-1", 3 * PAGE));
    expect(images.chunks.size).toBe(0);
    expect(() => next.hibernation.resume("i-1", "image")).toThrow(fault("bad-image"));
  });

  it("refuses an image that was changed, and leaves zeroed memory", () => {
    const { fleet, images } = fleetOf();
    fleet.place(request({ instance: "i-1" }));
    fleet.guests.write("i-1", 0, Uint8Array.of(1));
    fleet.hibernation.begin("i-1", "image");
    const chunk = found(images.read("image", 1));
    chunk[1000] = (chunk[1000] ?? 0) ^ 1;
    fleet.place(request({ instance: "i-1" }));
    expect(() => fleet.hibernation.resume("i-1", "image")).toThrow(fault("bad-image"));
    expect(fleet.guests.read("i-1", 0, 1)).toEqual(Uint8Array.of(0));
  });
});

describe("local disks", () => {
  it("are as large as asked for, the instance's own, and refuse what lies beyond", () => {
    const { fleet } = fleetOf();
    fleet.place(request({ instance: "i-1", stores: [5000, 2 ** 40] }));
    fleet.guests.writeStore("i-1", 1, 2 ** 40 - 2, Uint8Array.of(1, 2));
    expect(fleet.guests.readStore("i-1", 1, 2 ** 40 - 3, 3)).toEqual(Uint8Array.of(0, 1, 2));
    expect(fleet.guests.readStore("i-1", 0, 0, 5000)).toEqual(new Uint8Array(5000));
    for (const offset of [-1, 4999, 0.5, Number.NaN, 2 ** 60]) {
      expect(() => fleet.guests.writeStore("i-1", 0, offset, Uint8Array.of(1, 2))).toThrow(
        fault("bad-address"),
      );
      expect(() => fleet.guests.readStore("i-1", 0, offset, 2)).toThrow(fault("bad-address"));
    }
    expect(() => fleet.guests.readStore("i-1", 2, 0, 1)).toThrow(fault("bad-address"));
    expect(() => fleet.guests.readStore("i-1", 0, 0, 2 ** 40)).toThrow(fault("access-too-large"));
    expect(() => fleet.guests.readStore("i-2", 0, 0, 1)).toThrow(fault("unknown-instance"));
  });
});

describe("shared cores", () => {
  it("serve one instance after another with a flush in between, and only those with work", () => {
    const { fleet, pass } = fleetOf({ sharing: 3, sockets: 1, coresPerSocket: 1, perZone: 1 });
    for (const instance of ["i-1", "i-2", "i-3"]) {
      fleet.place(request({ instance }));
      fleet.workloads.set(instance, 50);
    }
    const { cores } = found(fleet.host("h-1"));
    const turns = times(4, () => {
      pass(10);
      fleet.tick();
      return cores.threads(0);
    });
    expect(turns).toEqual([
      ["i-1", "i-1"],
      ["i-2", "i-2"],
      ["i-3", "i-3"],
      ["i-1", "i-1"],
    ]);
    expect(cores.switches()).toMatchObject([
      { seq: 1, at: 10, core: 0, to: "i-1", flushed: false },
      { at: 20, from: "i-1", to: "i-2", flushed: true },
      { at: 30, from: "i-2", to: "i-3", flushed: true },
      { at: 40, from: "i-3", to: "i-1", flushed: true },
    ]);
    fleet.workloads.set("i-1", 0);
    fleet.workloads.set("i-3", 0);
    times(2, () => fleet.tick());
    expect(cores.threads(0)).toEqual(["i-2", "i-2"]);
    expect(cores.switches()).toHaveLength(5);
    fleet.release("i-2", "stop");
    expect(cores.threads(0)).toEqual([undefined, undefined]);
  });

  it("cost credits, by the load that the operator sets", () => {
    const { fleet, pass } = fleetOf({ sharing: 3 });
    const rates = { vcpus: 2, baselinePercent: 10, earnedPerHour: 12, maximumBalance: 288, launchCredits: 0 };
    fleet.place(request({ instance: "i-1", credits: { rates, mode: "standard" } }));
    fleet.place(request({ instance: "i-2" }));
    pass(3_600_000);
    expect(fleet.workloads.view("i-1")).toMatchObject({ load: 0, credits: { earned: 12 } });
    expect(fleet.workloads.set("i-1", 100)).toBe(true);
    expect(fleet.workloads.set("i-1", 101)).toBe(false);
    expect(fleet.workloads.set("i-1", Number.NaN)).toBe(false);
    expect(fleet.workloads.set("i-9", 1)).toBe(false);
    pass(3_600_000);
    expect(fleet.workloads.view("i-1")).toMatchObject({ load: 100, used: 10, credits: { earned: 0 } });
    expect(fleet.workloads.setMode("i-1", "unlimited")).toBe(true);
    expect(fleet.workloads.view("i-1")?.used).toBe(100);
    expect(fleet.workloads.setMode("i-2", "unlimited")).toBe(false);
    expect(fleet.workloads.view("i-2")).toEqual({ load: 0, used: 0 });
    fleet.release("i-1", "stop");
    expect(fleet.workloads.view("i-1")).toBeUndefined();
  });
});

describe("the options of memory", () => {
  it("overwrite released frames before their scrub", () => {
    const { fleet } = fleetOf({}, { scrub: "idle", memory: { poisonOnFree: true } });
    fleet.place(request({ instance: "i-1" }));
    fleet.guests.write("i-1", 0, canaries("i-1", 100));
    const frame = found(fleet.host("h-1")?.memory.map("i-1")?.frameOf(0));
    fleet.release("i-1", "stop");
    const glass = new Glass(fleet);
    expect(glass.search(canary("i-1"))).toEqual([]);
    expect(glass.frame("h-1", frame)).toEqual(new Uint8Array(PAGE).fill(0xdb));
    fleet.scrub(PAGE);
    expect(glass.frame("h-1", frame)).toEqual(new Uint8Array(PAGE));
  });

  it("compare with zero all that an instance could come to read", () => {
    /** Pages that are said to be zero, and are not. */
    class Leaky extends Pages {
      override discard(span: Parameters<Pages["discard"]>[0]): boolean {
        span.bytes.fill(0);
        const isDiscarded = super.discard(span);
        span.bytes.fill(7);
        return isDiscarded;
      }
    }
    const pages = (_: string, frames: number) => new Leaky(frames);
    const placeAgain = (verifyOnAllocate: boolean) => {
      const { fleet } = fleetOf({ perZone: 1 }, { pages, memory: { verifyOnAllocate } });
      fleet.place(request({ instance: "i-1" }));
      fleet.guests.write("i-1", 0, Uint8Array.of(1));
      fleet.release("i-1", "stop");
      return fleet.place(request()).placed;
    };
    expect(() => placeAgain(true)).toThrow(fault("unclean-frame"));
    expect(placeAgain(false)).toBe(true);
  });

  it("give an instance memory of one node, if one has enough", () => {
    const { fleet } = fleetOf();
    const nodes = () =>
      fleet
        .host("h-1")
        ?.memory.nodes()
        .map(({ census }) => census.free);
    place(fleet, { memoryBytes: 20 * PAGE });
    place(fleet, { memoryBytes: 20 * PAGE });
    expect(nodes()).toEqual([12, 12]);
    place(fleet, { memoryBytes: 16 * PAGE });
    expect(nodes()).toEqual([0, 8]);
  });

  it("tell the history of a frame", () => {
    const { fleet } = fleetOf();
    fleet.place(request({ instance: "i-1" }));
    const frame = found(fleet.host("h-1")?.memory.map("i-1")?.frameOf(3));
    fleet.release("i-1", "stop");
    fleet.place(request({ instance: "i-2" }));
    const history = fleet.audit.history("h-1", frame).map(({ event, instance }) => `${event} ${instance}`);
    expect(history).toEqual(["allocated i-1", "released i-1", "scrubbed i-1", "allocated i-2"]);
  });
});
