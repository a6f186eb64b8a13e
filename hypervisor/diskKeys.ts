import type { Audit } from "./audit.ts";
import { decryptBlock, encryptBlock } from "./diskCipher.ts";
import type { SnapshotStore } from "./snapshotStore.ts";

/**
 * The keys of encrypted disks, by name. Volumes and snapshots of one lineage share one, as EBS's do; it is made with the
 * first disk that has it, and destroyed with the last, once nothing is encrypted with it any more (T10).
 */
export class DiskKeys {
  readonly #store: SnapshotStore;
  readonly #audit: Audit;
  readonly #newKey: (() => Uint8Array) | undefined;
  /** How many disks have a key. */
  readonly #holders = new Map<string, number>();

  /** `newKey` gives a fresh key of `KEY_BYTES` at each call. */
  constructor(store: SnapshotStore, audit: Audit, newKey?: () => Uint8Array) {
    this.#store = store;
    this.#audit = audit;
    this.#newKey = newKey;
  }

  /** One more disk has the key, which is made if it is not there. Without a name, nothing is encrypted. */
  hold(key: string | undefined): void {
    if (key === undefined) return;
    if (this.#store.readKey(key) === undefined) {
      const secret = this.#newKey?.();
      if (secret === undefined) throw this.#audit.fault("unknown-key", `no key ${key}`);
      this.#store.writeKey(key, secret);
    }
    this.#holders.set(key, (this.#holders.get(key) ?? 0) + 1);
  }

  /** One disk less has it. */
  letGo(key: string | undefined): void {
    if (key === undefined) return;
    const left = (this.#holders.get(key) ?? 1) - 1;
    if (left > 0) this.#holders.set(key, left);
    else this.#holders.delete(key);
    this.retire(key);
  }

  /** Destroys a key that no disk has and nothing is encrypted with. */
  retire(key: string): void {
    if (this.#holders.has(key) || this.#store.usesKey(key)) return;
    this.#store.eraseKey(key);
    this.#audit.append({ event: "key-destroyed", reason: key });
  }

  /** A block as it is kept at rest: as it is, where there is no key. */
  encrypt(key: string | undefined, index: number, block: Uint8Array): Uint8Array {
    return key === undefined ? block : encryptBlock(this.#secret(key), index, block);
  }

  decrypt(key: string | undefined, index: number, block: Uint8Array): Uint8Array {
    return key === undefined ? block : decryptBlock(this.#secret(key), index, block);
  }

  #secret(key: string): Uint8Array {
    const secret = this.#store.readKey(key);
    if (secret === undefined) throw this.#audit.fault("unknown-key", `no key ${key}`);
    return secret;
  }
}
