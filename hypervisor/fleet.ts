import { Audit, type AuditOptions, type AuditRecord } from "./audit.ts";
import { type BlockStore, Disks } from "./disks.ts";
import type { Run } from "./extents.ts";
import { Host, type HostSize, type HostView, type Need, type OwnerView } from "./host.ts";
import { HYPERVISOR_FRAMES, type ReleaseReason } from "./memory.ts";
import { Pages } from "./pages.ts";
import { Rack, type Refusal, type Wish } from "./rack.ts";
import type { ScrubMode } from "./scrubber.ts";
import { PAGE, Slabs } from "./slabs.ts";

export interface FleetOptions {
  /** ms. */
  readonly clock: () => number;
  /** A new host id at each call. */
  readonly nextId: () => string;
  readonly blocks: BlockStore;
  /** The hosts that a family's instances run on in a zone; undefined if there are none. */
  readonly sizing: (family: string, zone: string) => HostSize | undefined;
  readonly scrub?: ScrubMode;
  readonly audit?: Omit<AuditOptions, "clock">;
  /** The physical memory of a host of so many frames, for who must see the bytes themselves: tests, and a glass mode. */
  readonly pages?: (host: string, frames: number) => Pages;
}

/** An instance to be placed: what it needs, where, and which hosts it may or should not get. */
export interface PlaceRequest extends Need, Wish {
  readonly zone: string;
  /** The family of the instance type, `m5` of `m5.large`. */
  readonly family: string;
}

/** Where an instance is. */
export interface Placement {
  readonly host: string;
  readonly zone: string;
  readonly cores: readonly Run[];
  readonly frames: number;
  readonly generation: number;
}

export type PlaceAnswer =
  | { readonly placed: true; readonly placement: Placement }
  | { readonly placed: false; readonly refusal: Refusal };

export type HostAnswer =
  | { readonly allocated: true; readonly host: string }
  | { readonly allocated: false; readonly refusal: Refusal };

/**
 * All hosts of a region, and its disks: the door through which everything else reaches them. When the process ends, the
 * hosts lose power: memory is gone and a new fleet starts empty; disks are where the block store keeps them.
 */
export class Fleet {
  readonly audit: Audit;
  readonly disks: Disks;
  readonly #options: FleetOptions;
  readonly #slabs = new Slabs();
  readonly #racks = new Map<string, Rack>();
  readonly #hosts = new Map<string, Host>();
  readonly #hostOf = new Map<string, Host>();
  readonly #dirty = new Set<Host>();

  constructor(options: FleetOptions) {
    this.#options = options;
    this.audit = new Audit({ ...options.audit, clock: options.clock });
    this.disks = new Disks(options.blocks, this.audit);
  }

  /** Gives an instance cores and zeroed memory on a host of its zone, or says why not and leaves nothing behind (T9). */
  place(request: PlaceRequest): PlaceAnswer {
    this.#check(request);
    const rack = this.#rack(request.zone, request.family);
    if (rack === undefined) return { placed: false, refusal: "unsupported" };
    const host = rack.find(request);
    if (typeof host === "string") return { placed: false, refusal: host };
    const tenant = host.admit(request);
    rack.refile(host);
    if (tenant === undefined) return { placed: false, refusal: "no-room" };
    this.#hostOf.set(request.instance, host);
    const placement = this.placement(request.instance);
    return placement ? { placed: true, placement } : { placed: false, refusal: "no-room" };
  }

  /** Where an instance is; undefined if it is on no host. */
  placement(instance: string): Placement | undefined {
    const host = this.#hostOf.get(instance);
    const map = host?.memory.map(instance);
    if (host === undefined || map === undefined) return undefined;
    const { pages: frames, generation } = map;
    return { host: host.id, zone: host.zone, cores: host.tenant(instance)?.cores ?? [], frames, generation };
  }

  /**
   * Takes cores and memory back from an instance. In mode `eager` its memory is zero when this returns, and the answer is
   * the certificate; in the other modes that follows in the audit. An instance that is on no host has nothing to give back:
   * undefined.
   */
  release(instance: string, reason: ReleaseReason): AuditRecord | undefined {
    const host = this.#hostOf.get(instance);
    if (host === undefined) return undefined;
    this.#hostOf.delete(instance);
    const certificate = host.evict(instance, reason);
    if (host.scrubber.pending) this.#dirty.add(host);
    this.#rack(host.zone, host.family)?.refile(host);
    return certificate;
  }

  /** Zeroes the memory of an instance; it keeps its host, frames and cores (T5). */
  reboot(instance: string): AuditRecord {
    return this.#on(instance).memory.reboot(instance);
  }

  /** Reads memory as the instance itself does, from a guest-physical address; at most `ACCESS_LIMIT` bytes, a copy. */
  read(instance: string, address: number, length: number): Uint8Array {
    return this.#on(instance).memory.read(instance, address, length);
  }

  /** Writes memory as the instance itself does. */
  write(instance: string, address: number, bytes: Uint8Array): void {
    this.#on(instance).memory.write(instance, address, bytes);
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
      this.#rack(host.zone, host.family)?.refile(host);
    }
    return certificates;
  }

  /** Racks a host for one account alone (a Dedicated Host): only its instances of tenancy `host` go there. */
  allocateHost(zone: string, family: string, account: string): HostAnswer {
    const rack = this.#rack(zone, family);
    if (rack === undefined) return { allocated: false, refusal: "unsupported" };
    const host = rack.rack(account);
    return host ? { allocated: true, host: host.id } : { allocated: false, refusal: "no-room" };
  }

  /** Gives a Dedicated Host back. False, and nothing happens, if instances are on it or it is none. */
  releaseHost(id: string): boolean {
    const host = this.#hosts.get(id);
    if (host?.dedicatedTo === undefined || host.tenants > 0) return false;
    host.scrubber.drain();
    this.#dirty.delete(host);
    this.#rack(host.zone, host.family)?.unrack(host);
    this.#hosts.delete(id);
    this.audit.append({ event: "host-removed", host: id, account: host.dedicatedTo });
    return true;
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

  #rack(zone: string, family: string): Rack | undefined {
    const key = `${zone} ${family}`;
    const known = this.#racks.get(key);
    const size = known ? undefined : this.#options.sizing(family, zone);
    if (size === undefined) return known;
    const rack = new Rack(size, (dedicatedTo) => this.#build(zone, family, size, dedicatedTo));
    this.#racks.set(key, rack);
    return rack;
  }

  #build(zone: string, family: string, size: HostSize, dedicatedTo: string | undefined): Host {
    const { nextId, pages, scrub = "eager" } = this.#options;
    const { audit } = this;
    const id = nextId();
    const frames = HYPERVISOR_FRAMES + size.memoryBytes / PAGE;
    const host = new Host({
      id,
      zone,
      family,
      size,
      audit,
      scrub,
      pages: pages?.(id, frames) ?? new Pages(frames, this.#slabs),
      ...(dedicatedTo === undefined ? {} : { dedicatedTo }),
    });
    this.#hosts.set(id, host);
    audit.append({ event: "host-racked", host: id, frames: frames - HYPERVISOR_FRAMES });
    return host;
  }
}
