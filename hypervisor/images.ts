import { Buffer } from "node:buffer";
import { createCipheriv, createDecipheriv, hkdfSync } from "node:crypto";
import type { Audit } from "./audit.ts";
import { type Media, wipe } from "./media.ts";
import { PAGE } from "./slabs.ts";

/** What keys are made from, handed in. */
export interface Secrets {
  /** 32 bytes that outlive the hosts: images are sealed under keys made from them. */
  readonly root: Uint8Array;
  /** So many unpredictable bytes. */
  readonly random: (length: number) => Uint8Array;
}

/** A page of an instance's memory, by its number in the instance's own counting. */
export interface GuestPage {
  readonly page: number;
  readonly bytes: Uint8Array;
}

const SALT = 32;
const TAG = 16;
/** The size of a chunk at rest, in bytes: a block of a volume. */
const CHUNK = 512 * 1024;
const PLAIN = CHUNK - TAG;
/** The pages in a chunk; their numbers and how many they are stand before them. */
const PAGES_PER_CHUNK = Math.floor((PLAIN - 8) / (PAGE + 8));

/**
 * The memory of hibernated instances at rest. An image is sealed by AES-256-GCM under a key made for this image and this
 * instance: nobody else's memory can be filled from it, whatever name it is asked for by (T7). Chunk 0 has the salt in the
 * clear and the sealed number of chunks, and is written last: an image that was cut off is none.
 */
export class Images {
  readonly #media: Media;
  readonly #secrets: Secrets;
  readonly #audit: Audit;

  constructor(media: Media, secrets: Secrets, audit: Audit) {
    this.#media = media;
    this.#secrets = secrets;
    this.#audit = audit;
  }

  /** Keeps the pages of an instance under a name; what was there goes. Answers with the bytes of memory kept. */
  save(name: string, instance: string, pages: Iterable<GuestPage>): number {
    this.erase(name);
    const salt = this.#secrets.random(SALT);
    const key = this.#key(instance, salt);
    let chunks = 0;
    let kept = 0;
    for (const batch of batches(pages)) {
      this.#media.write(name, ++chunks, seal(key, instance, chunks, packed(batch)));
      kept += batch.length * PAGE;
    }
    const count = new Uint8Array(8);
    new DataView(count.buffer).setFloat64(0, chunks);
    const head = seal(key, instance, 0, count);
    this.#media.write(name, 0, Uint8Array.from([...salt, ...head]));
    key.fill(0);
    return kept;
  }

  /**
   * The pages that were kept of this instance.
   *
   * @throws {HypervisorFault} bad-image, before or while pages are answered: there is none, it is another instance's, or
   * it was changed
   */
  *load(name: string, instance: string): Generator<GuestPage> {
    const head = this.#media.read(name, 0);
    if (head === undefined) throw this.#bad(name, instance, "there is no image");
    const key = this.#key(instance, head.subarray(0, SALT));
    const count = this.#open(name, key, instance, 0, head.subarray(SALT));
    const chunks = new DataView(count.buffer, count.byteOffset).getFloat64(0);
    for (let chunk = 1; chunk <= chunks; chunk++) {
      const sealed = this.#media.read(name, chunk);
      if (sealed === undefined) throw this.#bad(name, instance, `chunk ${chunk} is missing`);
      yield* unpacked(this.#open(name, key, instance, chunk, sealed));
    }
    key.fill(0);
  }

  /** Sets an image to zero and forgets it: how many bytes it had. */
  erase(name: string): number {
    return wipe(this.#media, name, this.#audit);
  }

  #key(instance: string, salt: Uint8Array): Uint8Array {
    const purpose = `islet hibernation image of ${instance}`;
    return new Uint8Array(hkdfSync("sha256", this.#secrets.root, salt, purpose, 32));
  }

  #open(name: string, key: Uint8Array, instance: string, chunk: number, sealed: Uint8Array): Uint8Array {
    try {
      const decipher = createDecipheriv("aes-256-gcm", key, nonceOf(chunk), { authTagLength: TAG });
      decipher.setAAD(Buffer.from(`${instance} ${chunk}`));
      decipher.setAuthTag(sealed.subarray(0, TAG));
      const plain = decipher.update(sealed.subarray(TAG));
      decipher.final();
      return plain;
    } catch {
      throw this.#bad(name, instance, `chunk ${chunk} is not of this instance's image`);
    }
  }

  #bad(name: string, instance: string, why: string) {
    return this.#audit.fault("bad-image", `${name}: ${why}`, { instance });
  }
}

/** Tag and ciphertext. No nonce is used twice with a key: a key is for one image, and a chunk has its number. */
function seal(key: Uint8Array, instance: string, chunk: number, plain: Uint8Array): Uint8Array {
  const cipher = createCipheriv("aes-256-gcm", key, nonceOf(chunk), { authTagLength: TAG });
  cipher.setAAD(Buffer.from(`${instance} ${chunk}`));
  const text = cipher.update(plain);
  cipher.final();
  const sealed = new Uint8Array(TAG + text.length);
  sealed.set(cipher.getAuthTag());
  sealed.set(text, TAG);
  return sealed;
}

function nonceOf(chunk: number): Uint8Array {
  const nonce = new Uint8Array(12);
  new DataView(nonce.buffer).setFloat64(4, chunk);
  return nonce;
}

function* batches(pages: Iterable<GuestPage>): Generator<GuestPage[]> {
  let batch: GuestPage[] = [];
  for (const page of pages) {
    batch.push(page);
    if (batch.length < PAGES_PER_CHUNK) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** How many pages there are, their numbers, and from a fixed place on their bytes. Always of one length. */
function packed(batch: readonly GuestPage[]): Uint8Array {
  const plain = new Uint8Array(PLAIN);
  const view = new DataView(plain.buffer);
  view.setFloat64(0, batch.length);
  for (const [i, { page, bytes }] of batch.entries()) {
    view.setFloat64(8 + 8 * i, page);
    plain.set(bytes, 8 + 8 * PAGES_PER_CHUNK + i * PAGE);
  }
  return plain;
}

function* unpacked(plain: Uint8Array): Generator<GuestPage> {
  const view = new DataView(plain.buffer, plain.byteOffset);
  const count = view.getFloat64(0);
  for (let i = 0; i < count; i++) {
    const from = 8 + 8 * PAGES_PER_CHUNK + i * PAGE;
    yield { page: view.getFloat64(8 + 8 * i), bytes: plain.subarray(from, from + PAGE) };
  }
}
