import { createHmac, hash } from "node:crypto";
import { remembering } from "./remembering.ts";

/** In bytes: of what SHA-256 works on, and of what comes of it. */
const BLOCK = 64;
const DIGEST = 32;

/**
 * HMAC-SHA256 under one key, for many short texts: by two digests, as RFC 2104 defines it. `createHmac` makes a stream
 * for each text, which costs more than the arithmetic.
 */
class SigningKey {
  /** The key under its pads, each with room for what follows it. */
  #inner = Buffer.alloc(2 * BLOCK + 256, 0x36);
  readonly #outer = Buffer.alloc(BLOCK + DIGEST, 0x5c);
  /** What of the inner one there was a text for last. */
  #message = this.#inner;

  /** @param key at most a block long */
  constructor(key: Buffer) {
    for (const [at, byte] of key.entries()) {
      this.#inner[at] = byte ^ 0x36;
      this.#outer[at] = byte ^ 0x5c;
    }
  }

  /** @param text ASCII; @returns 64 hexadecimal digits */
  sign(text: string): string {
    const end = BLOCK + text.length;
    if (end > this.#inner.length) this.#inner = Buffer.concat([this.#inner], end);
    // Nearly all texts have the same length.
    if (this.#message.length !== end) this.#message = this.#inner.subarray(0, end);
    this.#message.write(text, BLOCK, "latin1");
    this.#outer.write(hash("sha256", this.#message, "hex"), BLOCK, "hex");
    return hash("sha256", this.#outer, "hex");
  }
}

const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();

/**
 * The key that a secret signs with for a date, a region and a service.
 *
 * @param scoped `secret,YYYYMMDD,region,service`: no part but the secret may have a comma in it
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export const signingKey = remembering((scoped) => {
  const [service = "", region = "", date = "", ...secret] = scoped.split(",").toReversed();
  const root = `AWS4${secret.toReversed().join(",")}`;
  return new SigningKey(hmac([date, region, service].reduce<string | Buffer>(hmac, root), "aws4_request"));
});
