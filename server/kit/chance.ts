import { createCipheriv, createHash, createHmac, randomBytes } from "node:crypto";

const POOL_BYTES = 4096;

const DIGITS = "0123456789abcdef";
/** The last UUID that was drawn: its text is one piece, as it is kept with many calls. */
const uuidText = Buffer.from("00000000-0000-4000-8000-000000000000");

/**
 * All chance of the server: the key stream of AES-256-CTR under a random key, or, with a seed, under one that is
 * derived from it, so that two runs of the same calls give the same bytes.
 */
export class Chance {
  readonly #key: Buffer;
  readonly #stream;
  #pool = Buffer.alloc(0);
  #used = 0;

  /** @param seed with the same seed, the same bytes */
  constructor(seed?: string | Buffer) {
    this.#key = seed === undefined ? randomBytes(32) : createHash("sha256").update(seed).digest();
    this.#stream = createCipheriv("aes-256-ctr", this.#key, Buffer.alloc(16));
  }

  /** A stream of its own for each name, so that what draws from one does not change what comes of another. */
  branch(name: string): Chance {
    return new Chance(createHmac("sha256", this.#key).update(name).digest());
  }

  bytes(count: number): Buffer {
    if (count > POOL_BYTES) return this.#stream.update(Buffer.alloc(count));
    const start = this.#draw(count);
    return Buffer.from(this.#pool.subarray(start, start + count));
  }

  /** Takes bytes of the pool. @returns where they begin */
  #draw(count: number): number {
    if (this.#used + count > this.#pool.length) {
      this.#pool = this.#stream.update(Buffer.alloc(POOL_BYTES));
      this.#used = 0;
    }
    this.#used += count;
    return this.#used - count;
  }

  /** Lower-case hexadecimal digits. */
  hex(digits: number): string {
    return this.bytes((digits + 1) >> 1)
      .toString("hex")
      .slice(0, digits);
  }

  /** An integer from 0 to `bound` − 1; `bound` at most 2³². */
  below(bound: number): number {
    return Math.floor((this.bytes(4).readUInt32BE() / 2 ** 32) * bound);
  }

  /** A version 4 UUID, as in request ids. */
  uuid(): string {
    const start = this.#draw(16);
    for (let i = 0, at = 0; i < 16; i++) {
      let byte = this.#pool[start + i] ?? 0;
      if (i === 6) byte = (byte & 0x0f) | 0x40;
      if (i === 8) byte = (byte & 0x3f) | 0x80;
      if (i === 4 || i === 6 || i === 8 || i === 10) at++;
      uuidText[at++] = DIGITS.charCodeAt(byte >> 4);
      uuidText[at++] = DIGITS.charCodeAt(byte & 15);
    }
    return uuidText.toString("latin1");
  }
}
