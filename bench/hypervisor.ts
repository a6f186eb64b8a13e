/** What scrubbing, launching and placing cost the hosts themselves, without a server around them. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Fleet } from "../hypervisor/fleet.ts";
import type { HostSize } from "../hypervisor/host.ts";
import { Pages } from "../hypervisor/pages.ts";
import type { PlaceRequest } from "../hypervisor/placement.ts";
import { PAGE } from "../hypervisor/slabs.ts";
import { median } from "./load.ts";
import type { Report } from "./report.ts";

const MIB = 2 ** 20;
const GIB = 2 ** 30;
/** What a guest can write at once. */
const STRETCH = 64 * MIB;

let instances = 0;

function fleetOf(size: Partial<HostSize>, pages?: (host: string, frames: number) => Pages): Fleet {
  let hosts = 0;
  const machine = {
    sockets: 1,
    coresPerSocket: 64,
    threadsPerCore: 2,
    memoryBytes: 4 * GIB,
    sharing: 1,
    perZone: 1000,
  };
  return new Fleet({
    clock: () => 0,
    nextId: () => `h-${++hosts}`,
    blocks: { read: () => undefined, write: () => {}, written: () => [], erase: () => {} },
    sizing: () => ({ ...machine, ...size }),
    ...(pages && { pages }),
  });
}

const request = (memoryBytes: number, cores = 1): PlaceRequest => ({
  instance: `i-${++instances}`,
  account: "A",
  zone: "a",
  family: "m5",
  tenancy: "default",
  threadsPerCore: 2,
  memoryBytes,
  cores,
});

function milliseconds(run: () => void): number {
  const begin = performance.now();
  run();
  return performance.now() - begin;
}

/** GiB a second of a plain fill, of zeroing alone, and of a release with all that belongs to it. */
function scrub(): { readonly fill: number; readonly zero: number; readonly release: number } {
  const bytes = 4 * GIB;
  let memory: Pages | undefined;
  const fleet = fleetOf({}, (_, frames) => {
    memory = new Pages(frames);
    return memory;
  });
  const launch = request(bytes);
  fleet.place(launch);
  const stretch = Buffer.alloc(STRETCH, 0xa5);
  const write = (): void => {
    for (let at = 0; at < bytes; at += STRETCH) fleet.guests.write(launch.instance, at, stretch);
  };
  write();
  const all = { start: 0, count: bytes / PAGE + 4096 };
  const spans = [...(memory?.spans(all) ?? [])];
  // The same bytes, in the stretches that they lie in.
  const buffers = new Set(spans.map((span) => span.bytes.buffer));
  const plain = Array.from(buffers, (buffer) => Buffer.from(buffer));
  const fill = milliseconds(() => {
    for (const buffer of plain) buffer.fill(0);
  });
  for (const buffer of plain) buffer.fill(0xa5);
  const zero = milliseconds(() => {
    for (const span of memory?.spans(all) ?? []) memory?.zero(span, 0, span.bytes.length);
  });
  for (const buffer of plain) buffer.fill(0xa5);
  const release = milliseconds(() => fleet.release(launch.instance, "terminate"));
  return { fill, zero, release };
}

function measureScrub(report: Report): void {
  const rounds = [scrub(), scrub(), scrub()];
  const speed = (which: "fill" | "zero" | "release"): number =>
    4000 / median(rounds.map((round) => round[which]));
  const share = (which: "zero" | "release"): number =>
    median(rounds.map((round) => round.fill / round[which])) * 100;
  const percent = (value: number): string => `${value.toFixed(0)} %`;
  report(
    "zeroing 4 GiB of frames, share of Buffer.fill(0)",
    percent(share("zero")),
    "at least 70 %",
    share("zero") >= 70,
  );
  report(
    "a release that zeroes and verifies them, share of the same",
    percent(share("release")),
    "at least 35 %",
    share("release") >= 35,
  );
  report("  Buffer.fill(0), GiB a second", speed("fill").toFixed(1));
  report("  release, GiB a second", speed("release").toFixed(1));
}

/** Launching and terminating instances that write nothing, in microseconds for one. */
function idleLife(fleet: Fleet, memoryBytes: number): number {
  // So many that garbage is collected several times: once in a while would be on one side only.
  const lives = 4000;
  const spent = milliseconds(() => {
    for (let i = 0; i < lives; i++) {
      const launch = request(memoryBytes);
      fleet.place(launch);
      fleet.release(launch.instance, "terminate");
    }
  });
  return (spent / lives) * 1000;
}

function measureLives(report: Report): void {
  const tib = 1024 * GIB;
  const fleet = fleetOf({ memoryBytes: 24 * tib });
  const rounds = Array.from({ length: 12 }, () => ({
    small: idleLife(fleet, GIB),
    large: idleLife(fleet, 24 * tib),
  })).slice(2);
  const ratio = median(rounds.map(({ small, large }) => large / small));
  report(
    "launch and terminate, 24 TiB against 1 GiB, unwritten",
    `${ratio.toFixed(2)} ×`,
    "at most 1.5 ×",
    ratio <= 1.5,
  );
  report("  of 1 GiB, microseconds", median(rounds.map(({ small }) => small)).toFixed(0));
}

/** Milliseconds for ten times as many placements as hosts, which then are full, in each of so many zones. */
function fillZones(zones: number, hosts: number): number {
  const fleets = Array.from({ length: zones }, () =>
    fleetOf({ memoryBytes: 40 * GIB, coresPerSocket: 40, perZone: hosts }),
  );
  return milliseconds(() => {
    for (const fleet of fleets) {
      for (let i = 0; i < 10 * hosts; i++) {
        if (!fleet.place(request(4 * GIB, 4)).placed) throw new Error("no room");
      }
    }
  });
}

function measurePlacement(report: Report): void {
  fillZones(10, 100);
  // Ten zones in a row, so that either side has its share of collected garbage.
  const rounds = Array.from({ length: 7 }, () => ({
    few: fillZones(10, 100) / 10,
    many: fillZones(1, 1000),
  }));
  const few = median(rounds.map((round) => round.few));
  const many = median(rounds.map((round) => round.many));
  // Ten times as many, and of each the logarithm.
  const limit = (10 * Math.log(10_000)) / Math.log(1000);
  report(
    "10,000 placements on 1,000 hosts, against 1,000 on 100",
    `${(many / few).toFixed(1)} ×`,
    `at most ${limit.toFixed(1)} × (n log n)`,
    many / few <= limit,
  );
  report("  of 10,000, ms", many.toFixed(0));
}

function measureMemory(report: Report): void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const used = (): number => {
    collect();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const fleet = fleetOf({ memoryBytes: 40 * GIB, coresPerSocket: 40 });
  const before = used();
  for (let i = 0; i < 10_000; i++) fleet.place(request(4 * GIB, 4));
  const each = (used() - before) / 10_000;
  report("memory for one idle instance, bytes", each.toFixed(0), "at most 4096", each <= 4096);
  if (fleet.hosts().length !== 1000) throw new Error("not all were placed");
}

export function measureHosts(report: Report): void {
  measureLives(report);
  measurePlacement(report);
  measureMemory(report);
  measureScrub(report);
}
