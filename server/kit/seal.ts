import { createCipheriv, createDecipheriv, createHmac } from "node:crypto";
import type { Chance } from "./chance.ts";

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Turns text into tokens that nobody can read or alter: AES-256-GCM, one key per purpose. */
export class Seal {
  readonly #secret: Buffer;
  readonly #chance: Chance;

  /** @param secret 32 bytes that outlive the process, so that tokens do too */
  constructor(secret: Buffer, chance: Chance) {
    this.#secret = secret;
    this.#chance = chance;
  }

  /** @param purpose a token opens only for the purpose it was made for */
  close(purpose: string, text: string): string {
    const nonce = this.#chance.bytes(NONCE_BYTES);
    const cipher = createCipheriv("aes-256-gcm", this.#key(purpose), nonce);
    const sealed = Buffer.concat([nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
    return sealed.toString("base64url");
  }

  /** The text, or undefined if the token is not one of ours, whole and for this purpose. */
  open(purpose: string, token: string): string | undefined {
    const sealed = Buffer.from(token, "base64url");
    if (sealed.length < NONCE_BYTES + TAG_BYTES || sealed.toString("base64url") !== token) return undefined;
    const decipher = createDecipheriv("aes-256-gcm", this.#key(purpose), sealed.subarray(0, NONCE_BYTES));
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    try {
      return (
        decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES), undefined, "utf8") + decipher.final("utf8")
      );
    } catch {
      return undefined;
    }
  }

  #key(purpose: string): Buffer {
    return createHmac("sha256", this.#secret).update(purpose).digest();
  }
}
