import type { Audit } from "./audit.ts";
import type { Disks } from "./disks.ts";
import type { Host } from "./host.ts";
import type { InstanceStore } from "./instanceStore.ts";
import { ACCESS_LIMIT } from "./memory.ts";

/** What guests are given to work with. */
interface Ground {
  /** Faults for an instance that is on no host. */
  readonly hostOf: (instance: string) => Host;
  readonly disks: Disks;
  readonly audit: Audit;
}

/**
 * The instances from within: each reads and writes its own memory, its local disks and the volumes that are attached to
 * it. At most `ACCESS_LIMIT` bytes at once; what is read is a copy; nothing is written if any byte would lie beyond the end.
 */
export class Guests {
  readonly #ground: Ground;

  constructor(ground: Ground) {
    this.#ground = ground;
  }

  /** From a guest-physical address on. */
  read(instance: string, address: number, length: number): Uint8Array {
    return this.#ground.hostOf(instance).memory.read(instance, address, length);
  }

  write(instance: string, address: number, bytes: Uint8Array): void {
    this.#ground.hostOf(instance).memory.write(instance, address, bytes);
  }

  readStore(instance: string, device: number, offset: number, length: number): Uint8Array {
    const store = this.#store(instance, device, length);
    const bytes = store.read(offset, length);
    if (bytes) return bytes;
    throw this.#beyond(instance, store, offset, length);
  }

  writeStore(instance: string, device: number, offset: number, bytes: Uint8Array): void {
    const store = this.#store(instance, device, bytes.length);
    if (!store.write(offset, bytes)) throw this.#beyond(instance, store, offset, bytes.length);
  }

  readVolume(instance: string, volume: string, offset: number, length: number): Uint8Array {
    this.#assertReach(instance, volume);
    return this.#ground.disks.readVolume(volume, offset, length);
  }

  writeVolume(instance: string, volume: string, offset: number, bytes: Uint8Array): void {
    this.#assertReach(instance, volume);
    this.#ground.disks.writeVolume(volume, offset, bytes);
  }

  #store(instance: string, device: number, length: number): InstanceStore {
    const { audit, hostOf } = this.#ground;
    const store = hostOf(instance).stores(instance)[device];
    if (length > ACCESS_LIMIT) {
      throw audit.fault("access-too-large", `${length} bytes at once`, { instance });
    }
    if (store) return store;
    throw audit.fault("bad-address", `no local disk ${device}`, { instance });
  }

  #beyond(instance: string, { size }: InstanceStore, offset: number, length: number) {
    return this.#ground.audit.fault("bad-address", `${length} bytes at ${offset} of ${size}`, { instance });
  }

  #assertReach(instance: string, volume: string): void {
    const { audit, disks, hostOf } = this.#ground;
    hostOf(instance);
    if (disks.isAttached(volume, instance)) return;
    throw audit.fault("not-attached", `${volume} is not attached to ${instance}`, { instance, volume });
  }
}
