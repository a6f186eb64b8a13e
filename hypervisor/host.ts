import type { Audit, AuditRecord } from "./audit.ts";
import { Cores } from "./cores.ts";
import type { Run } from "./extents.ts";
import { type Census, Memory, type ReleaseReason } from "./memory.ts";
import type { Pages } from "./pages.ts";
import { type ScrubMode, Scrubber } from "./scrubber.ts";
import { PAGE } from "./slabs.ts";

export type Tenancy = "default" | "dedicated" | "host";

/** The hardware of one host of a family, and how many of them a zone has. */
export interface HostSize {
  readonly sockets: number;
  readonly coresPerSocket: number;
  readonly threadsPerCore: number;
  /** Memory for guests, in bytes; a multiple of 4096. What the hypervisor needs for itself comes on top. */
  readonly memoryBytes: number;
  /** How many instances may reside on one core: 1 for fixed-performance types, more for burstable ones. */
  readonly sharing: number;
  /** How many such hosts are racked in one zone at most. */
  readonly perZone: number;
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
}

/** An instance that is on a host. */
export interface Tenant {
  readonly instance: string;
  readonly account: string;
  readonly tenancy: Tenancy;
  readonly cores: readonly Run[];
  readonly threadsPerCore: number;
}

/** An owner as the operator sees it. */
export interface OwnerView extends Tenant {
  readonly frames: number;
  readonly runs: readonly Run[];
  readonly generation: number;
}

/** A host as the operator sees it: a function of metadata only (N5). */
export interface HostView {
  readonly host: string;
  readonly zone: string;
  readonly family: string;
  readonly sockets: number;
  readonly coresPerSocket: number;
  readonly threadsPerCore: number;
  readonly memoryBytes: number;
  readonly frames: Census;
  readonly openCores: number;
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
  readonly dedicatedTo?: string;
}

/** One physical host: its memory, its cores, and the instances on it. */
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
  readonly #tenants = new Map<string, Tenant>();
  /** How many instances each account has here, and how many of all have tenancy `dedicated`. */
  readonly #accounts = new Map<string, number>();
  #dedicated = 0;

  constructor({ id, zone, family, size, pages, audit, scrub, dedicatedTo }: HostParts) {
    this.id = id;
    this.zone = zone;
    this.family = family;
    this.size = size;
    this.dedicatedTo = dedicatedTo;
    this.#scrub = scrub;
    this.#audit = audit;
    this.memory = new Memory(id, size.memoryBytes / PAGE, pages, audit);
    this.cores = new Cores(size.sockets * size.coresPerSocket, size.sharing);
    this.scrubber = new Scrubber(this.memory, audit);
  }

  /** How many frames a launch can get here: the free ones, and on demand the dirty ones, too. */
  get supply(): number {
    const { free, dirty, scrubbing } = this.memory.census();
    return this.#scrub === "on-demand" ? free + dirty + scrubbing : free;
  }

  /**
   * Whom this host is for (I11): `empty` for anybody; `shared` for instances of tenancy default; the instances of one
   * account, once a dedicated one is among them; `host` for those of the account whose Dedicated Host it is.
   */
  get occupancy(): "empty" | "shared" | `dedicated ${string}` | `host ${string}` {
    if (this.dedicatedTo !== undefined) return `host ${this.dedicatedTo}`;
    if (this.#tenants.size === 0) return "empty";
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

  /** Takes an instance in, or answers undefined and changes nothing, for lack of cores or frames. */
  admit({ instance, account, tenancy, memoryBytes, cores, threadsPerCore }: Need): Tenant | undefined {
    if (!this.welcomes(account, tenancy)) {
      const about = { host: this.id, instance, account };
      throw this.#audit.fault("tenancy", `tenancy ${tenancy} of ${account} among others`, about);
    }
    const frames = Math.ceil(memoryBytes / PAGE);
    if (cores > this.cores.open || frames > this.supply) return undefined;
    if (frames > this.memory.free) this.scrubber.supply(frames);
    if (this.memory.allocate(instance, account, frames) === undefined) return undefined;

    const tenant = {
      instance,
      account,
      tenancy,
      threadsPerCore,
      cores: this.cores.take(instance, cores) ?? [],
    };
    this.#tenants.set(instance, tenant);
    this.#accounts.set(account, (this.#accounts.get(account) ?? 0) + 1);
    if (tenancy === "dedicated") this.#dedicated++;
    return tenant;
  }

  /** Takes everything back from an instance. Answers with the certificate of its scrub, unless that is still to come. */
  evict(instance: string, reason: ReleaseReason): AuditRecord | undefined {
    const release = this.memory.release(instance, reason);
    const tenant = this.#tenants.get(instance);
    if (tenant) this.#forget(tenant);
    this.scrubber.add(release);
    return this.#scrub === "eager" ? this.scrubber.drain().at(-1) : undefined;
  }

  get tenants(): number {
    return this.#tenants.size;
  }

  tenant(instance: string): Tenant | undefined {
    return this.#tenants.get(instance);
  }

  owners(): OwnerView[] {
    return [...this.#tenants.values()].flatMap((tenant) => {
      const map = this.memory.map(tenant.instance);
      return map ? [{ ...tenant, frames: map.pages, runs: map.runs, generation: map.generation }] : [];
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
      frames: this.memory.census(),
      openCores: this.cores.open,
      ...(this.dedicatedTo === undefined ? {} : { dedicatedTo: this.dedicatedTo }),
      instances: this.#tenants.size,
    };
  }

  #forget({ instance, account, tenancy, cores }: Tenant): void {
    this.#tenants.delete(instance);
    this.cores.giveBack(instance, cores);
    const others = (this.#accounts.get(account) ?? 1) - 1;
    if (others > 0) this.#accounts.set(account, others);
    else this.#accounts.delete(account);
    if (tenancy === "dedicated") this.#dedicated--;
  }
}
