import { type AuditRecord, type Verdict } from "../../hypervisor/audit.ts";
import { KEY_BYTES } from "../../hypervisor/diskCipher.ts";
import { BLOCK } from "../../hypervisor/disks.ts";
import { Fleet } from "../../hypervisor/fleet.ts";
import type { Surface } from "../../hypervisor/glass.ts";
import type { MemoryOptions } from "../../hypervisor/memory.ts";
import type { ScrubMode } from "../../hypervisor/scrubber.ts";
import { instances, isOnHost, launchRequestOf, type Instance } from "../ec2/instance.ts";
import type { Volume } from "../ec2/volume.ts";
import { ApiError } from "../errors.ts";
import type { Chance } from "../kit/chance.ts";
import type { Clock } from "../kit/clock.ts";
import type { Context } from "../kit/context.ts";
import type {
  CpuUse,
  CreditBalance,
  Homeless,
  HostWorld,
  LaunchRequest,
  ReserveRequest,
  SnapshotContents,
} from "../kit/world.ts";
import type { HostPlan } from "../hostsFile.ts";
import type { Blocks } from "../state/blocks.ts";
import type { Snapshots } from "../state/snapshots.ts";
import type { Change } from "../state/table.ts";
import type { Unit } from "../state/unit.ts";
import type { AuditTrails } from "./auditTrails.ts";
import { DiskPlane } from "./disks.ts";
import { cpuOf, failHost, followInstance, followVolume, restoreWorkload } from "./instanceLife.ts";
import {
  allocateHost,
  bySize,
  followPlacements,
  refusedPlace,
  reserve,
  resumePlacements,
} from "./placements.ts";

const MIB = 1024 ** 2;
/** The name, among the keys of disks, of what the images of hibernated instances are sealed with. */
const ROOT_KEY = "hibernation";
const ROOT_BYTES = 32;

/** What hosts there are, how they scrub, and where they keep their audit. */
export interface HostSettings {
  readonly plan: HostPlan;
  readonly scrub?: ScrubMode;
  readonly memory?: Omit<MemoryOptions, "nodes">;
  /** Until the process ends, unless given. */
  readonly trails?: AuditTrails | undefined;
}

/** Projects the rows of instances and volumes onto the hosts and disks of each region. */
export class Hosts implements HostWorld {
  readonly #clock: Clock;
  readonly #chance: Chance;
  readonly #blocks: Blocks;
  readonly #kept: Snapshots | undefined;
  readonly #settings: HostSettings;
  readonly #fleets = new Map<string, Fleet>();
  /** Where instances were that are stopped now. */
  readonly #lastHosts = new Map<string, string>();
  /** Where nothing outlives the process, the root of all images does not either. */
  #ownRoot: Uint8Array | undefined;
  readonly #disks = new DiskPlane(
    (region) => this.fleet(region).disks,
    (work) => this.together(work),
  );

  /** @param kept where snapshots are kept; until the process ends, unless given */
  constructor(
    clock: Clock,
    chance: Chance,
    blocks: Blocks,
    kept: Snapshots | undefined,
    settings: HostSettings,
  ) {
    this.#clock = clock;
    this.#chance = chance;
    this.#blocks = blocks;
    this.#kept = kept;
    this.#settings = settings;
  }

  get snapshots(): SnapshotContents {
    return this.#disks.contents;
  }

  writeVolume(region: string, volumeId: string, offset: number, bytes: Uint8Array): void {
    this.together(() => this.fleet(region).disks.writeVolume(volumeId, offset, bytes));
  }

  /** Runs `work` so that what it writes to disks is kept as a whole, or not at all. */
  together(work: () => void): void {
    this.#blocks.together(work);
  }

  whereabouts(region: string, instanceId: string): ReturnType<HostWorld["whereabouts"]> {
    return this.fleet(region).placement(instanceId);
  }

  /** The hosts and disks of a region. */
  fleet(region: string): Fleet {
    const known = this.#fleets.get(region);
    if (known) return known;
    const { plan, scrub, memory, trails } = this.#settings;
    const fleet = new Fleet({
      clock: () => this.#clock.now(),
      nextId: () => `h-0${this.#chance.hex(16)}`,
      blocks: this.#blocks,
      snapshots: this.#kept,
      newKey: () => this.#chance.bytes(KEY_BYTES),
      images: this.#blocks,
      secrets: { root: this.#root(), random: (length) => this.#chance.bytes(length) },
      sizing: plan.sizing,
      ...(scrub && { scrub }),
      ...(memory && { memory }),
      ...(trails && { audit: trails.partsFor(region) }),
    });
    for (const { zone, family, count } of plan.fixed(region)) fleet.rack(zone, family, count);
    this.#fleets.set(region, fleet);
    return fleet;
  }

  /** All that was written down of a region; undefined in the place of what was and is no record any more. */
  records(region: string): Iterable<AuditRecord | undefined> {
    return this.#settings.trails?.records(region) ?? this.fleet(region).audit.records();
  }

  /** Checks the audit of a region, as it is kept, up to the record that was written last. */
  verify(region: string): Verdict {
    const { audit } = this.fleet(region);
    const verdict = this.#settings.trails?.verify(region) ?? audit.verify();
    if (!verdict.intact || verdict.head.hash === audit.head.hash) return verdict;
    return { intact: false, seq: verdict.head.seq + 1, reason: "gap" };
  }

  /** The regions of which something was written down, by now or before. */
  regions(): readonly string[] {
    const now = [...this.#fleets].flatMap(([region, { audit }]) => (audit.head.seq > 0 ? [region] : []));
    return [...new Set([...now, ...(this.#settings.trails?.regions() ?? [])])].toSorted();
  }

  /** Scrubs what was released and is not zero yet, at most `budget` bytes in each region. */
  scrub(budget: number): readonly AuditRecord[] {
    return [...this.#fleets.values()].flatMap((fleet) => fleet.scrub(budget));
  }

  /** All that is kept on disks, as it is kept there: by whomever, of this region or another. */
  *atRest(region: string): Generator<Surface> {
    for (const { volume, index, bytes } of this.#blocks.all()) {
      yield { where: volume, at: index * BLOCK, bytes };
    }
    for (const { chunk, bytes } of this.fleet(region).disks.chunks()) {
      yield { where: `snapshots, chunk ${chunk}`, at: 0, bytes };
    }
  }

  close(): void {
    this.#settings.trails?.close();
  }

  launch(ctx: Context, request: LaunchRequest): string {
    const exclude = this.#lastHosts.get(request.instanceId);
    const host = this.#place(ctx.unit.name, request, exclude);
    ctx.unit.onRollback(() => this.fleet(ctx.unit.name).release(request.instanceId, "failed-launch"));
    return host;
  }

  allocateHost(ctx: Context, host: Parameters<HostWorld["allocateHost"]>[1]): void {
    allocateHost(this.fleet(ctx.unit.name), ctx, host);
  }

  reserve(ctx: Context, request: ReserveRequest): void {
    reserve(this.fleet(ctx.unit.name), ctx, request);
  }

  committed(unit: Unit, changes: readonly Change[]): void {
    const fleet = this.fleet(unit.name);
    const { seq } = fleet.audit.head;
    this.together(() => {
      for (const change of changes) this.#follow(unit, change);
    });
    followPlacements(fleet, unit, changes);
    if (fleet.audit.head.seq > seq) this.#settings.trails?.followed(unit.name, fleet.audit.head.seq);
  }

  resumed(unit: Unit): readonly Homeless[] {
    resumePlacements(this.fleet(unit.name), unit);
    const booting = [...instances.table({ unit }).all()]
      .filter((row) => isOnHost(row))
      .map((row) => ({ row, request: launchRequestOf(unit, row, row.launched) }));
    const homeless: Homeless[] = [];
    for (const { row, request } of booting.toSorted((a, b) => bySize(a.request, b.request))) {
      try {
        this.#place(unit.name, request);
        restoreWorkload(this.fleet(unit.name), row, request);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        homeless.push(row);
      }
    }
    this.#disks.resumed(unit);
    return homeless;
  }

  lost(): void {
    this.#fleets.clear();
    this.#lastHosts.clear();
  }

  emptied(): void {
    this.lost();
    this.#ownRoot = undefined;
    this.#blocks.clear();
    this.#kept?.clear();
  }

  /** Forgets all that happened, once all hosts are gone. */
  clearTrails(): void {
    this.#settings.trails?.clear();
  }

  #follow(unit: Unit, change: Change): void {
    const { table, before, after } = change;
    if (table.name === "instance") {
      this.#instance(unit, before as Instance | undefined, after as Instance | undefined);
    }
    if (table.name === "volume") {
      followVolume(this.fleet(unit.name), before as Volume | undefined, after as Volume | undefined);
    }
    this.#disks.committed(unit, change);
  }

  cpu(region: string, instanceId: string, mode?: CreditBalance["mode"]): CpuUse | undefined {
    return cpuOf(this.fleet(region), instanceId, mode);
  }

  /** A host loses power; its instances are told by their rows. Nothing happens if it has none already. */
  fail(region: string, host: string): void {
    failHost(this.fleet(region), host);
  }

  /** Unpredictable bytes that outlive the hosts as their disks do. */
  #root(): Uint8Array {
    const known = this.#kept?.readKey(ROOT_KEY) ?? this.#ownRoot;
    if (known) return known;
    const fresh = this.#chance.bytes(ROOT_BYTES);
    if (this.#kept) this.#kept.writeKey(ROOT_KEY, fresh);
    else this.#ownRoot = fresh;
    return fresh;
  }

  /**
   * @param exclude a host that any other is better than
   * @returns the host
   */
  #place(region: string, { instanceId, memoryMiB, ...request }: LaunchRequest, exclude?: string): string {
    const answer = this.fleet(region).place({
      ...request,
      // "It tries to launch back onto the last Dedicated Host on which it ran."
      ...(exclude !== undefined && request.tenancy !== "host" && { exclude }),
      instance: instanceId,
      memoryBytes: memoryMiB * MIB,
    });
    if (answer.placed) return answer.placement.host;
    throw refusedPlace(answer.refusal, { ...request, memoryMiB });
  }

  #instance(unit: Unit, before: Instance | undefined, after: Instance | undefined): void {
    const fleet = this.fleet(unit.name);
    const id = after?.id ?? before?.id ?? "";
    const stops = after?.state === "stopping" && before !== undefined && isOnHost(before);
    const host = stops ? fleet.placement(id)?.host : undefined;
    followInstance(fleet, unit, before, after);
    if (host !== undefined) this.#lastHosts.set(id, host);
    else if (after === undefined || isOnHost(after)) this.#lastHosts.delete(id);
  }
}
