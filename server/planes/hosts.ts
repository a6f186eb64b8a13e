import { KEY_BYTES } from "../../hypervisor/diskCipher.ts";
import { Fleet } from "../../hypervisor/fleet.ts";
import type { HostSize } from "../../hypervisor/host.ts";
import type { ReleaseReason } from "../../hypervisor/memory.ts";
import { allInstanceTypes } from "../ec2/catalogue/instanceTypes.ts";
import { instances, launchRequestOf, type Instance } from "../ec2/instance.ts";
import { ApiError } from "../errors.ts";
import type { Chance } from "../kit/chance.ts";
import type { Clock } from "../kit/clock.ts";
import type { Context } from "../kit/context.ts";
import type { LaunchRequest, SnapshotContents, World } from "../kit/world.ts";
import type { Blocks } from "../state/blocks.ts";
import type { Snapshots } from "../state/snapshots.ts";
import type { Change } from "../state/table.ts";
import type { Unit } from "../state/unit.ts";
import { DiskPlane } from "./disks.ts";

const MIB = 1024 ** 2;
/** How many hosts of a family are racked in a zone at most. */
const HOSTS_PER_ZONE = 1000;
/** How many burstable instances may share a core. */
const BURSTABLE_SHARING = 10;

/** Instances in these states own a host's memory and cores. */
const ON_HOST: ReadonlySet<string> = new Set(["pending", "running"]);

/** A host of a family is as large as the family's largest instance, in two sockets where that can be. */
function sizing(family: string): HostSize | undefined {
  const types = allInstanceTypes().filter((type) => type.family === family);
  const [first] = types;
  if (!first) return undefined;
  const cores = Math.max(...types.map((type) => type.cores));
  const sockets = cores % 2 === 0 ? 2 : 1;
  return {
    sockets,
    coresPerSocket: cores / sockets,
    threadsPerCore: Math.max(...types.map((type) => type.threadsPerCore)),
    memoryBytes: Math.max(...types.map((type) => type.memoryMiB)) * MIB,
    sharing: first.burstable ? BURSTABLE_SHARING : 1,
    perZone: HOSTS_PER_ZONE,
  };
}

/** Projects the rows of instances and volumes onto the hosts and disks of each region. */
export class Hosts implements World {
  readonly #clock: Clock;
  readonly #chance: Chance;
  readonly #blocks: Blocks;
  readonly #kept: Snapshots | undefined;
  readonly #fleets = new Map<string, Fleet>();
  readonly #disks = new DiskPlane((region) => this.fleet(region).disks);

  /** @param kept where snapshots are kept; until the process ends, unless given */
  constructor(clock: Clock, chance: Chance, blocks: Blocks, kept?: Snapshots) {
    this.#clock = clock;
    this.#chance = chance;
    this.#blocks = blocks;
    this.#kept = kept;
  }

  get snapshots(): SnapshotContents {
    return this.#disks.contents;
  }

  /** The hosts and disks of a region. */
  fleet(region: string): Fleet {
    const known = this.#fleets.get(region);
    if (known) return known;
    const sizes = new Map<string, HostSize | undefined>();
    const fleet = new Fleet({
      clock: () => this.#clock.now(),
      nextId: () => `h-0${this.#chance.hex(16)}`,
      blocks: this.#blocks,
      snapshots: this.#kept,
      newKey: () => this.#chance.bytes(KEY_BYTES),
      sizing: (family) => {
        if (!sizes.has(family)) sizes.set(family, sizing(family));
        return sizes.get(family);
      },
    });
    this.#fleets.set(region, fleet);
    return fleet;
  }

  launch(ctx: Context, request: LaunchRequest): void {
    this.#place(ctx.unit.name, request);
    ctx.unit.onRollback(() => this.fleet(ctx.unit.name).release(request.instanceId, "failed-launch"));
  }

  committed(unit: Unit, changes: readonly Change[]): void {
    this.#blocks.together(() => {
      for (const change of changes) this.#follow(unit, change);
    });
  }

  resumed(unit: Unit): void {
    for (const row of instances.table({ unit }).all()) {
      if (ON_HOST.has(row.state)) this.#place(unit.name, launchRequestOf(row));
    }
    this.#disks.resumed(unit);
  }

  emptied(): void {
    this.#fleets.clear();
    this.#blocks.clear();
    this.#kept?.clear();
  }

  #follow(unit: Unit, change: Change): void {
    const { table, before, after } = change;
    if (table.name === "instance") {
      this.#instance(unit.name, before as Instance | undefined, after as Instance | undefined);
    }
    this.#disks.committed(unit, change);
  }

  #place(region: string, { instanceId, memoryMiB, ...request }: LaunchRequest): void {
    const answer = this.fleet(region).place({
      ...request,
      instance: instanceId,
      memoryBytes: memoryMiB * MIB,
    });
    if (answer.placed) return;
    switch (answer.refusal) {
      case "no-such-host":
        throw new ApiError("InvalidHostID.NotFound", request.host ?? "");
      case "unsupported":
        throw new ApiError("Unsupported", "The requested configuration is currently not supported.");
      case "no-room":
      case "too-large":
        throw new ApiError("InsufficientInstanceCapacity", request.family, request.zone);
    }
  }

  #instance(region: string, before: Instance | undefined, after: Instance | undefined): void {
    const was = before !== undefined && ON_HOST.has(before.state);
    const is = after !== undefined && ON_HOST.has(after.state);
    const id = after?.id ?? before?.id ?? "";
    if (was && !is) {
      const reason: ReleaseReason =
        after && (after.state === "stopping" || after.state === "stopped") ? "stop" : "terminate";
      this.fleet(region).release(id, reason);
    } else if (was && is && after.reboots > before.reboots) {
      this.fleet(region).reboot(id);
    }
  }
}
