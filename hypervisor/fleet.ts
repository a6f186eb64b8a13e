import { Audit, type AuditOptions, type AuditRecord } from "./audit.ts";
import { type BlockStore, Disks } from "./disks.ts";
import { HYPERVISOR_FRAMES } from "./frames.ts";
import { Groups } from "./groups.ts";
import { Guests } from "./guests.ts";
import { Host, type HostSize, type HostView, type OwnerView } from "./host.ts";
import { Hibernation } from "./hibernation.ts";
import { Images, type Secrets } from "./images.ts";
import type { Media } from "./media.ts";
import type { MemoryOptions, ReleaseReason } from "./memory.ts";
import { Pages } from "./pages.ts";
import type { HostAnswer, Placement, PlaceAnswer, PlaceRequest } from "./placement.ts";
import { type Dedication, Pool, type Refusal, type Wish } from "./pool.ts";
import { Reservations } from "./reservations.ts";
import type { ScrubMode } from "./scrubber.ts";
import { PAGE, Slabs } from "./slabs.ts";
import type { SnapshotStore } from "./snapshotStore.ts";
import { Workloads } from "./workloads.ts";

export interface FleetOptions {
  /** ms. */
  readonly clock: () => number;
  /** A new host id at each call. */
  readonly nextId: () => string;
  readonly blocks: BlockStore;
  /** Where snapshots and the keys of disks are kept; until the process ends, unless given. */
  readonly snapshots?: SnapshotStore | undefined;
  /** A fresh key for a disk at each call. */
  readonly newKey?: () => Uint8Array;
  /** The hosts that a family's instances run on in a zone; undefined if there are none. */
  readonly sizing: (family: string, zone: string) => HostSize | undefined;
  readonly scrub?: ScrubMode;
  /** For teaching and for tests: see {@link MemoryOptions}. */
  readonly memory?: Omit<MemoryOptions, "nodes">;
  readonly audit?: Omit<AuditOptions, "clock">;
  /** Where the memory of hibernated instances is kept. With `secrets`, instances can hibernate. */
  readonly images?: Media;
  /** What keys are made from. Without, there are neither local disks nor hibernation. */
  readonly secrets?: Secrets;
  /** The physical memory of a host of so many frames, for who must see the bytes themselves: tests, and a glass mode. */
  readonly pages?: (host: string, frames: number) => Pages;
}

/**
 * All hosts of a region, and its disks: the door through which everything else reaches them. When the process ends, the
 * hosts lose power: memory is gone and a new fleet starts empty; disks are where the block store keeps them.
 */
export class Fleet {
  readonly audit: Audit;
  readonly disks: Disks;
  /** What the instances themselves can reach. */
  readonly guests: Guests;
  readonly hibernation: Hibernation;
  /** How busy the instances are, and their CPU credits. */
  readonly workloads: Workloads;
  readonly reservations: Reservations;
  readonly #options: FleetOptions;
  readonly #slabs = new Slabs();
  readonly #groups = new Groups();
  readonly #pools = new Map<string, Pool>();
  readonly #hosts = new Map<string, Host>();
  readonly #hostOf = new Map<string, Host>();
  readonly #dirty = new Set<Host>();

  constructor(options: FleetOptions) {
    this.#options = options;
    const { clock, images, secrets, snapshots, newKey } = options;
    this.audit = new Audit({ ...options.audit, clock });
    // What an earlier process had in memory ended with it.
    if (this.audit.head.seq > 0) {
      const kept = options.audit?.kept;
      const reason = kept === undefined ? undefined : `disks are as after record ${kept}`;
      this.audit.append({ event: "power-lost", reason });
    }
    this.disks = new Disks(options.blocks, this.audit, { snapshots, newKey });
    const hostOf = (instance: string) => this.#on(instance);
    this.guests = new Guests({ hostOf, disks: this.disks, audit: this.audit });
    this.workloads = new Workloads(clock);
    this.hibernation = new Hibernation({
      images: images && secrets && new Images(images, secrets, this.audit),
      hostOf,
      release: (instance) => this.release(instance, "hibernate"),
      audit: this.audit,
    });
    this.reservations = new Reservations({
      find: (request) => this.#find(request),
      refile: (host) => this.#refile(host),
    });
  }

  /** Gives an instance cores and zeroed memory on a host of its zone, or says why not and leaves nothing behind (T9). */
  place(request: PlaceRequest): PlaceAnswer {
    this.#check(request);
    const { instance, group, reservation } = request;
    const host = reservation === undefined ? this.#find(request) : this.#findKept(request, reservation);
    if (typeof host === "string") return { placed: false, refusal: host };
    const tenant = host.admit(request);
    this.#refile(host);
    if (tenant === undefined) return { placed: false, refusal: "no-room" };
    this.#hostOf.set(instance, host);
    if (group) this.#groups.join(instance, group, host);
    if (reservation !== undefined) this.reservations.joined(reservation, instance);
    this.workloads.start(instance, request.credits);
    const placement = this.placement(instance);
    return placement ? { placed: true, placement } : { placed: false, refusal: "no-room" };
  }

  /** Lets an instance that is on a host use the reservation: see {@link Reservations.enlist}. False if either is not there. */
  enlist(instance: string, reservation: string): boolean {
    const host = this.#hostOf.get(instance);
    return host !== undefined && this.reservations.enlist(reservation, instance, host);
  }

  /** Where an instance is; undefined if it is on no host. */
  placement(instance: string): Placement | undefined {
    const host = this.#hostOf.get(instance);
    const map = host?.memory.map(instance);
    const tenant = host?.tenant(instance);
    if (host === undefined || map === undefined || tenant === undefined) return undefined;
    const { cores, group, reservation } = tenant;
    return {
      host: host.id,
      zone: host.zone,
      rack: host.rack,
      ...(group?.strategy === "partition" && { partition: group.partition }),
      ...(reservation !== undefined && { reservation }),
      cores,
      frames: map.pages,
      generation: map.generation,
    };
  }

  /**
   * Takes cores, memory and local disks back from an instance. In mode `eager` its memory is zero when this returns, and
   * the answer is the certificate; in the other modes that follows in the audit. An instance that is on no host has nothing
   * to give back: undefined.
   */
  release(instance: string, reason: ReleaseReason): AuditRecord | undefined {
    const host = this.#hostOf.get(instance);
    if (host === undefined) return undefined;
    this.#hostOf.delete(instance);
    this.workloads.stop(instance);
    const { group, reservation } = host.tenant(instance) ?? {};
    const certificate = host.evict(instance, reason);
    if (group) this.#groups.leave(instance, group);
    if (host.scrubber.pending && host.state !== "failed") this.#dirty.add(host);
    this.#refile(host);
    if (reservation !== undefined) this.reservations.left(reservation, instance);
    if (host.state === "retiring" && host.tenants === 0) this.#remove(host);
    return certificate;
  }

  /** Takes the last `pages` pages of its memory from an instance that lives on (T13). */
  unplug(instance: string, pages: number): AuditRecord | undefined {
    const host = this.#on(instance);
    const certificate = host.unplug(instance, pages);
    if (host.scrubber.pending) this.#dirty.add(host);
    this.#refile(host);
    return certificate;
  }

  /** Zeroes the memory of an instance; it keeps its host, frames and cores (T5). */
  reboot(instance: string): AuditRecord {
    return this.#on(instance).memory.reboot(instance);
  }

  /** Scrubs released frames, at most `budget` bytes, for modes `idle` and `on-demand`. The certificates of what is done. */
  scrub(budget: number): AuditRecord[] {
    const certificates: AuditRecord[] = [];
    let left = budget;
    for (const host of this.#dirty) {
      if (left <= 0) break;
      const { certificates: done, zeroed } = host.scrubber.step(left);
      left -= zeroed;
      certificates.push(...done);
      if (!host.scrubber.pending) this.#dirty.delete(host);
      this.#refile(host);
    }
    return certificates;
  }

  /** Lets the instances on shared cores take their next turns. */
  tick(): void {
    for (const { cores } of this.#hosts.values()) cores.turn((instance) => this.workloads.isBusy(instance));
  }

  /** Racks hosts that nobody needs yet, as many as the zone has room for. */
  rack(zone: string, family: string, count: number): void {
    const pool = this.#pool(zone, family);
    for (let racked = 0; racked < count && pool?.rack(); racked++) continue;
  }

  /**
   * Racks a host for one account alone (a Dedicated Host): only its instances of tenancy `host` go there. `id` is for one
   * that was there before a restart.
   */
  allocateHost(zone: string, family: string, account: string, id?: string): HostAnswer {
    if (id !== undefined && this.#hosts.has(id)) {
      throw this.audit.fault("bad-request", `host ${id} is there already`, { host: id });
    }
    const pool = this.#pool(zone, family);
    if (pool === undefined) return { allocated: false, refusal: "unsupported" };
    const host = pool.rack({ account, id }) ?? this.#replaceEmpty(pool, { account, id });
    return host ? { allocated: true, host: host.id } : { allocated: false, refusal: "no-room" };
  }

  /** Gives a Dedicated Host back. False, and nothing happens, if instances are on it or it is none. */
  releaseHost(id: string): boolean {
    const host = this.#hosts.get(id);
    if (host?.dedicatedTo === undefined || host.tenants > 0) return false;
    this.#remove(host);
    return true;
  }

  /**
   * A host loses power: its instances are lost and released, and it takes nobody in until it is repaired. Their frames
   * stay dirty until then. Answers with the instances.
   */
  failHost(id: string): readonly string[] {
    const host = this.#known(id);
    host.state = "failed";
    host.scrubber.interrupt();
    this.#dirty.delete(host);
    this.audit.append({ event: "host-failed", host: id });
    return this.#clear(host, (instance) => this.release(instance, "host-failure"));
  }

  /** A failed host has power again, and takes instances in once its memory is scrubbed. False if it did not fail. */
  repairHost(id: string): boolean {
    const host = this.#known(id);
    if (host.state !== "failed") return false;
    host.scrubber.drain();
    host.state = "available";
    this.audit.append({ event: "host-repaired", host: id });
    this.#refile(host);
    return true;
  }

  /** A frame of a host is broken: see {@link Memory.condemn}. */
  condemnFrame(id: string, frame: number): string | undefined {
    const host = this.#known(id);
    const owner = host.memory.condemn(frame);
    this.#refile(host);
    return owner;
  }

  /** A host is to go: it takes nobody in, and is removed with its last instance. Answers with those still on it. */
  retireHost(id: string): readonly string[] {
    const host = this.#known(id);
    host.state = "retiring";
    this.audit.append({ event: "host-retired", host: id });
    const instances = this.#clear(host, () => {});
    if (host.tenants === 0) this.#remove(host);
    return instances;
  }

  /** One host itself. */
  host(id: string): Host | undefined {
    return this.#hosts.get(id);
  }

  /** All hosts, for the operator: metadata only. */
  hosts(): HostView[] {
    return [...this.#hosts.values()].map((host) => host.view());
  }

  /** Who has which frames and cores of a host; undefined if there is no such host. */
  owners(host: string): OwnerView[] | undefined {
    return this.#hosts.get(host)?.owners();
  }

  #find(request: Wish & { readonly zone: string; readonly family: string }): Host | Refusal {
    const { zone, family, group } = request;
    return this.#pool(zone, family)?.find(request, this.#groups.bounds(group, zone)) ?? "unsupported";
  }

  /** A host where the reservation keeps room. */
  #findKept({ group, zone, exclude }: PlaceRequest, reservation: string): Host | Refusal {
    const { allowsRack, allowsHost } = this.#groups.bounds(group, zone);
    const find = (avoid?: string) =>
      this.reservations.find(
        reservation,
        (host) => host.id !== avoid && allowsRack(host.rack) && allowsHost(host),
      );
    return find(exclude) ?? find() ?? "no-room";
  }

  #refile(host: Host): void {
    this.#pool(host.zone, host.family)?.refile(host);
  }

  /** Nobody comes to a host any more, whatever was kept there; each instance on it meets with what `befalls` it. */
  #clear(host: Host, befalls: (instance: string) => void): readonly string[] {
    this.#refile(host);
    const instances = host.owners().map(({ instance }) => instance);
    for (const instance of instances) befalls(instance);
    this.reservations.lost(host);
    return instances;
  }

  #remove(host: Host): void {
    host.scrubber.drain();
    this.#dirty.delete(host);
    this.#pool(host.zone, host.family)?.unrack(host);
    this.#hosts.delete(host.id);
    const { id, dedicatedTo: account } = host;
    this.audit.append({ event: "host-removed", host: id, ...(account !== undefined && { account }) });
  }

  /** Where a zone has no room for another host, one that nobody uses makes room. */
  #replaceEmpty(pool: Pool, dedication: Dedication): Host | undefined {
    const empty = pool.empty();
    if (empty) this.#remove(empty);
    return empty && pool.rack(dedication);
  }

  #known(id: string): Host {
    const host = this.#hosts.get(id);
    if (host) return host;
    throw this.audit.fault("unknown-host", `no host ${id}`, { host: id });
  }

  #on(instance: string): Host {
    const host = this.#hostOf.get(instance);
    if (host) return host;
    throw this.audit.fault("unknown-instance", `${instance} is on no host`, { instance });
  }

  #check({ instance, account, memoryBytes, cores, threadsPerCore }: PlaceRequest): void {
    const about = { instance, account };
    if (this.#hostOf.has(instance))
      throw this.audit.fault("twice-placed", `${instance} is on a host already`, about);
    if ([memoryBytes, cores, threadsPerCore].every((size) => Number.isSafeInteger(size) && size > 0)) return;
    throw this.audit.fault(
      "bad-request",
      `${memoryBytes} bytes, ${cores} cores × ${threadsPerCore} threads`,
      about,
    );
  }

  #pool(zone: string, family: string): Pool | undefined {
    const key = `${zone} ${family}`;
    const known = this.#pools.get(key);
    const size = known ? undefined : this.#options.sizing(family, zone);
    if (size === undefined) return known;
    const pool = new Pool(size, (rack, dedication) => this.#build(zone, family, size, rack, dedication));
    this.#pools.set(key, pool);
    return pool;
  }

  #build(zone: string, family: string, size: HostSize, rack: number, dedication?: Dedication): Host {
    const { nextId, pages, secrets, scrub = "eager", memory = {} } = this.#options;
    const { audit } = this;
    const id = dedication?.id ?? nextId();
    const frames = HYPERVISOR_FRAMES + size.memoryBytes / PAGE;
    const host = new Host({
      id,
      zone,
      family,
      size,
      rack,
      audit,
      scrub,
      memory,
      pages: pages?.(id, frames) ?? new Pages(frames, this.#slabs),
      ...(dedication && { dedicatedTo: dedication.account }),
      ...(secrets && { random: secrets.random }),
    });
    this.#hosts.set(id, host);
    audit.append({ event: "host-racked", host: id, frames: frames - HYPERVISOR_FRAMES });
    return host;
  }
}
