import { createCipheriv, createDecipheriv } from "node:crypto";

/** What a disk is encrypted with: two keys of AES-256, in bytes. */
export const KEY_BYTES = 64;

const CIPHER = "aes-256-xts";

const bytesOf = ({ buffer, byteOffset, length }: Buffer): Uint8Array =>
  new Uint8Array(buffer, byteOffset, length);

/** The tweak of XTS: the index of the block, little-endian, so that equal blocks at two places look different. */
function tweak(index: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64LE(BigInt(index));
  return bytes;
}

/** A block as it is at rest: XTS-AES-256 (IEEE 1619), the whole block one data unit. As long as the plain text. */
export function encryptBlock(key: Uint8Array, index: number, plain: Uint8Array): Uint8Array {
  return bytesOf(createCipheriv(CIPHER, key, tweak(index)).update(plain));
}

export function decryptBlock(key: Uint8Array, index: number, cipher: Uint8Array): Uint8Array {
  return bytesOf(createDecipheriv(CIPHER, key, tweak(index)).update(cipher));
}
