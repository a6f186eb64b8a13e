import type { Audit, AuditRecord } from "./audit.ts";
import { Cores } from "./cores.ts";
import type { Run } from "./extents.ts";
import type { Census } from "./frames.ts";
import type { Group } from "./groups.ts";
import { Holds, type Slot } from "./holds.ts";
import { InstanceStore } from "./instanceStore.ts";
import { Memory, type MemoryOptions, type ReleaseReason } from "./memory.ts";
import type { Pages } from "./pages.ts";
import { type ScrubMode, Scrubber } from "./scrubber.ts";
import { PAGE } from "./slabs.ts";
import type { Tenancy } from "./tenancy.ts";

/** The hardware of one host of a family, and how many of them a zone has. */
export interface HostSize {
  readonly sockets: number;
  readonly coresPerSocket: number;
  readonly threadsPerCore: number;
  /** Memory for guests, in bytes; a multiple of 4096. What the hypervisor needs for itself comes on top. */
  readonly memoryBytes: number;
  /** How many instances may reside on one core: 1 for fixed-performance types, more for burstable ones. */
  readonly sharing: number;
  /** How many such hosts are racked in one zone at most, and in how many racks with power and network of their own. */
  readonly perZone: number;
  readonly racks?: number;
}

/** What an instance needs of a host. */
export interface Need {
  readonly instance: string;
  readonly account: string;
  readonly tenancy: Tenancy;
  readonly memoryBytes: number;
  /** Physical cores, and how many threads of each the instance uses (1 turns the siblings off; nobody else gets them). */
  readonly cores: number;
  readonly threadsPerCore: number;
  /** The sizes of its local disks, in bytes. */
  readonly stores?: readonly number[];
  readonly group?: Group;
  /** The reservation whose room it uses. */
  readonly reservation?: string;
}

/** An instance that is on a host. */
export interface Tenant {
  readonly instance: string;
  readonly account: string;
  readonly tenancy: Tenancy;
  readonly cores: readonly Run[];
  readonly threadsPerCore: number;
  readonly group?: Group;
  readonly reservation?: string;
}

/** An owner as the operator sees it. */
export interface OwnerView extends Tenant {
  readonly frames: number;
  readonly runs: readonly Run[];
  readonly generation: number;
  /** Its local disks: their sizes, how much of them was written, and whether their keys exist. */
  readonly stores: readonly StoreView[];
}

interface StoreView {
  readonly size: number;
  readonly bytesWritten: number;
  readonly keyed: boolean;
}

/** `failed`: without power, until it is repaired. `retiring`: takes nobody in, and goes when the last instance does. */
export type HostState = "available" | "failed" | "retiring";

/** A host as the operator sees it: a function of metadata only (N5). */
export interface HostView {
  readonly host: string;
  readonly zone: string;
  readonly family: string;
  readonly sockets: number;
  readonly coresPerSocket: number;
  readonly threadsPerCore: number;
  readonly memoryBytes: number;
  readonly state: HostState;
  readonly rack: number;
  readonly frames: Census;
  /** The same for each socket's memory. */
  readonly nodes: readonly Census[];
  readonly openCores: number;
  /** What reservations keep free of the frames and cores. */
  readonly held: { readonly frames: number; readonly cores: number };
  /** The account that has this as its Dedicated Host. */
  readonly dedicatedTo?: string;
  readonly instances: number;
}

interface HostParts {
  readonly id: string;
  readonly zone: string;
  readonly family: string;
  readonly size: HostSize;
  readonly pages: Pages;
  readonly audit: Audit;
  readonly scrub: ScrubMode;
  readonly memory: Omit<MemoryOptions, "nodes">;
  readonly rack: number;
  readonly dedicatedTo?: string;
  /** So many unpredictable bytes, for the keys of local disks; a host without has no such disks. */
  readonly random?: (length: number) => Uint8Array;
}

interface Resident {
  readonly tenant: Tenant;
  readonly stores: readonly InstanceStore[];
  /** The slot that it uses. */
  readonly slot: Slot | undefined;
}

/** One physical host: its memory, its cores, its local disks, and the instances on it. */
export class Host {
  readonly id: string;
  readonly zone: string;
  readonly family: string;
  readonly size: HostSize;
  readonly memory: Memory;
  readonly cores: Cores;
  readonly scrubber: Scrubber;
  readonly dedicatedTo: string | undefined;
  readonly #scrub: ScrubMode;
  readonly #audit: Audit;
  readonly rack: number;
  readonly holds = new Holds();
  state: HostState = "available";
  readonly #random: HostParts["random"];
  readonly #tenants = new Map<string, Resident>();
  /** How many instances and kept slots each account has here, and how many of all have tenancy `dedicated`. */
  readonly #accounts = new Map<string, number>();
  #dedicated = 0;

  constructor({ id, zone, family, size, pages, audit, scrub, memory, rack, dedicatedTo, random }: HostParts) {
    this.id = id;
    this.rack = rack;
    this.#random = random;
    this.zone = zone;
    this.family = family;
    this.size = size;
    this.dedicatedTo = dedicatedTo;
    this.#scrub = scrub;
    this.#audit = audit;
    this.memory = new Memory(id, size.memoryBytes / PAGE, pages, audit, {
      ...memory,
      nodes: size.sockets,
    });
    const { sockets, coresPerSocket, threadsPerCore, sharing } = size;
    this.cores = new Cores(sockets * coresPerSocket, threadsPerCore, sharing, () => audit.now());
    this.scrubber = new Scrubber(this.memory, audit);
  }

  /** How many frames anybody can get here: the free ones, and on demand the dirty ones, but none that are kept. */
  get supply(): number {
    return this.#reachable() - this.holds.frames;
  }

  /** How many cores can take one more instance that has nothing kept. */
  get openCores(): number {
    return this.cores.open;
  }

  /**
   * Whom this host is for (I11): `empty` for anybody; `shared` for instances of tenancy default; the instances of one
   * account, once a dedicated one is among them; `host` for those of the account whose Dedicated Host it is.
   */
  get occupancy(): "empty" | "shared" | `dedicated ${string}` | `host ${string}` {
    if (this.dedicatedTo !== undefined) return `host ${this.dedicatedTo}`;
    if (this.#accounts.size === 0) return "empty";
    const [account] = this.#accounts.keys();
    return this.#dedicated > 0 && account !== undefined ? `dedicated ${account}` : "shared";
  }

  /** Whether I11 lets an instance of this account and tenancy onto this host. */
  welcomes(account: string, tenancy: Tenancy): boolean {
    if (this.dedicatedTo !== undefined) return tenancy === "host" && this.dedicatedTo === account;
    if (tenancy === "host") return false;
    const alone = this.#accounts.size === 0 || (this.#accounts.size === 1 && this.#accounts.has(account));
    return alone || (tenancy === "default" && this.#dedicated === 0);
  }

  /** Keeps a slot free, or answers false and changes nothing, for lack of cores or frames. */
  hold(slot: Slot): boolean {
    return slot.frames <= this.supply && this.#keep(slot);
  }

  /** Gives up a free slot of a reservation, which is the answer; undefined if there is none. */
  unhold(reservation: string): Slot | undefined {
    const hold = this.holds.take(reservation);
    if (hold === undefined) return undefined;
    this.cores.unhold(hold.places);
    this.#count(hold.slot, -1);
    return hold.slot;
  }

  /** What an instance here has of cores and memory is a slot from now on; it was in no reservation, or in another. */
  enlist(instance: string, slot: Slot): void {
    const resident = this.#tenants.get(instance);
    if (resident === undefined) return;
    this.holds.expect(slot.reservation);
    const tenant = { ...resident.tenant, reservation: slot.reservation };
    this.#tenants.set(instance, { ...resident, tenant, slot });
  }

  /** A reservation is over: no slot of it is kept here, and its instances are in none any more. */
  disband(reservation: string): void {
    this.holds.forget(reservation);
    for (const [instance, { tenant, stores, slot }] of this.#tenants) {
      if (slot?.reservation !== reservation) continue;
      const { reservation: _, ...free } = tenant;
      this.#tenants.set(instance, { tenant: free, stores, slot: undefined });
    }
  }

  /** Takes an instance in, or answers undefined and changes nothing, for lack of cores or frames. */
  admit(need: Need): Tenant | undefined {
    const { reservation } = need;
    const slot = reservation === undefined ? undefined : this.unhold(reservation);
    if (reservation !== undefined && slot === undefined) return undefined;
    const tenant = this.#settle(need, slot);
    if (slot && tenant === undefined) this.#keep(slot);
    return tenant;
  }

  /** Takes everything back from an instance. Answers with the certificate of its scrub, unless that is still to come. */
  evict(instance: string, reason: ReleaseReason): AuditRecord | undefined {
    const release = this.memory.release(instance, reason);
    const resident = this.#tenants.get(instance);
    if (resident) this.#forget(resident);
    this.scrubber.add(release);
    return this.#scrub === "eager" && this.state !== "failed" ? this.scrubber.drain().at(-1) : undefined;
  }

  /** Takes memory from an instance that lives on: like {@link evict}, for its last pages. */
  unplug(instance: string, pages: number): AuditRecord | undefined {
    this.scrubber.add(this.memory.unplug(instance, pages));
    return this.#scrub === "eager" ? this.scrubber.drain().at(-1) : undefined;
  }

  /** The local disks of an instance. */
  stores(instance: string): readonly InstanceStore[] {
    return this.#tenants.get(instance)?.stores ?? [];
  }

  get tenants(): number {
    return this.#tenants.size;
  }

  tenant(instance: string): Tenant | undefined {
    return this.#tenants.get(instance)?.tenant;
  }

  owners(): OwnerView[] {
    return [...this.#tenants.values()].flatMap(({ tenant, stores }) => {
      const map = this.memory.map(tenant.instance);
      if (map === undefined) return [];
      const disks = stores.map(({ size, bytesWritten, keyed }) => ({ size, bytesWritten, keyed }));
      const { pages: frames, runs, generation } = map;
      return [{ ...tenant, frames, runs, generation, stores: disks }];
    });
  }

  view(): HostView {
    const { sockets, coresPerSocket, threadsPerCore, memoryBytes } = this.size;
    return {
      host: this.id,
      zone: this.zone,
      family: this.family,
      sockets,
      coresPerSocket,
      threadsPerCore,
      memoryBytes,
      state: this.state,
      rack: this.rack,
      frames: this.memory.census(),
      nodes: this.memory.nodes().map(({ census }) => census),
      openCores: this.cores.open,
      held: { frames: this.holds.frames, cores: this.holds.cores },
      ...(this.dedicatedTo === undefined ? {} : { dedicatedTo: this.dedicatedTo }),
      instances: this.#tenants.size,
    };
  }

  /** Keeps a slot whose frames may have to be scrubbed first. */
  #keep(slot: Slot): boolean {
    const places = this.cores.hold(slot.cores);
    if (places === undefined) return false;
    this.holds.put({ slot, places });
    this.#count(slot, 1);
    return true;
  }

  /** Frames that are free or can be made so for a launch, kept or not. */
  #reachable(): number {
    if (this.#scrub !== "on-demand") return this.memory.free;
    const { free, dirty, scrubbing } = this.memory.census();
    return free + dirty + scrubbing;
  }

  #settle(need: Need, slot: Slot | undefined): Tenant | undefined {
    const { instance, account, tenancy, memoryBytes, cores, threadsPerCore, group, reservation } = need;
    const about = { host: this.id, instance, account };
    if (!this.welcomes(account, tenancy)) {
      throw this.#audit.fault("tenancy", `tenancy ${tenancy} of ${account} among others`, about);
    }
    const frames = Math.ceil(memoryBytes / PAGE);
    if (cores > this.openCores || frames > this.supply) return undefined;
    if (frames > this.memory.free) this.scrubber.supply(frames);
    const stores = (need.stores ?? []).map((size) => new InstanceStore(size, this.#newKey(instance)));
    if (this.memory.allocate(instance, account, frames) === undefined) return undefined;

    const tenant = {
      instance,
      account,
      tenancy,
      threadsPerCore,
      cores: this.cores.take(instance, cores) ?? [],
      ...(group && { group }),
      ...(reservation !== undefined && { reservation }),
    };
    this.#tenants.set(instance, { tenant, stores, slot });
    this.#count(tenant, 1);
    return tenant;
  }

  #newKey(instance: string): Uint8Array {
    if (this.#random) return this.#random(64);
    throw this.#audit.fault("bad-request", "hosts without local disks", { host: this.id, instance });
  }

  #forget(resident: Resident): void {
    const { tenant, slot, stores } = resident;
    this.#tenants.delete(tenant.instance);
    this.cores.giveBack(tenant.instance, tenant.cores);
    this.#count(tenant, -1);
    if (stores.length > 0) this.#erase(resident);
    if (slot === undefined || this.state !== "available") return;
    if (this.holds.free(slot.reservation) === undefined) return;
    this.#keep(slot);
  }

  #erase({ tenant: { instance, account }, stores }: Resident): void {
    const about = { host: this.id, instance, account };
    let bytesDirty = 0;
    let bytesZeroed = 0;
    for (const store of stores) {
      bytesDirty += store.bytesWritten;
      const zeroed = store.destroy();
      if (zeroed === undefined) throw this.#audit.fault("scrub-failed", "a local disk is not zero", about);
      bytesZeroed += zeroed;
    }
    this.#audit.append({ ...about, event: "store-erased", bytesDirty, bytesZeroed, verified: true });
  }

  #count({ account, tenancy }: { readonly account: string; readonly tenancy: Tenancy }, by: 1 | -1): void {
    const now = (this.#accounts.get(account) ?? 0) + by;
    if (now > 0) this.#accounts.set(account, now);
    else this.#accounts.delete(account);
    if (tenancy === "dedicated") this.#dedicated += by;
  }
}
