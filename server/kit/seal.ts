import { createCipheriv, createDecipheriv, createHmac } from "node:crypto";

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Turns text into tokens that nobody can read or alter: AES-256-GCM, one key per purpose. The nonce is derived from
 * the text, so that no two texts share one, not even after a restart with the same seed; a text has one token.
 */
export class Seal {
  readonly #secret: Buffer;

  /** @param secret 32 bytes that outlive the process, so that tokens do too */
  constructor(secret: Buffer) {
    this.#secret = secret;
  }

  /** @param purpose a token opens only for the purpose it was made for */
  close(purpose: string, text: string): string {
    const nonce = this.#derive("nonce", `${purpose}\0${text}`).subarray(0, NONCE_BYTES);
    const cipher = createCipheriv("aes-256-gcm", this.#derive("key", purpose), nonce);
    const sealed = Buffer.concat([nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
    return sealed.toString("base64url");
  }

  /** The text, or undefined if the token is not one of ours, whole and for this purpose. */
  open(purpose: string, token: string): string | undefined {
    const sealed = Buffer.from(token, "base64url");
    if (sealed.length < NONCE_BYTES + TAG_BYTES || sealed.toString("base64url") !== token) return undefined;
    const decipher = createDecipheriv(
      "aes-256-gcm",
      this.#derive("key", purpose),
      sealed.subarray(0, NONCE_BYTES),
    );
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    try {
      return (
        decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES), undefined, "utf8") + decipher.final("utf8")
      );
    } catch {
      return undefined;
    }
  }

  #derive(use: "key" | "nonce", from: string): Buffer {
    return createHmac("sha256", this.#secret).update(`${use}\0${from}`).digest();
  }
}
