import { Buffer } from "node:buffer";
import { decryptBlock, encryptBlock } from "./diskCipher.ts";
import { pieces } from "./pieces.ts";

/** The unit of encryption, in bytes. */
const SECTOR = 4096;
const ZEROS = new Uint8Array(SECTOR);

/**
 * A local disk of one instance, encrypted at rest by XTS-AES-256 under a key of its own that never leaves the host ("Data
 * protection in Amazon EC2"). Sectors that were never written read zero. Stop, hibernate and terminate destroy the key;
 * what a drive then still holds is reset, too ("every block of storage is reset").
 */
export class InstanceStore {
  /** Bytes. */
  readonly size: number;
  #key: Uint8Array | undefined;
  /** Ciphertext of the sectors that were written. */
  readonly #sectors = new Map<number, Uint8Array>();

  /** `key`: 64 bytes, taken over; whoever handed it in keeps no copy. */
  constructor(size: number, key: Uint8Array) {
    this.size = size;
    this.#key = key;
  }

  /** Whether there is a key: without it nobody can read what was written. */
  get keyed(): boolean {
    return this.#key !== undefined;
  }

  /** The bytes of the sectors that were written. */
  get bytesWritten(): number {
    return this.#sectors.size * SECTOR;
  }

  /** Copies `length` bytes from `offset` on; undefined if that leaves the disk or the key is gone. */
  read(offset: number, length: number): Uint8Array | undefined {
    if (!this.#holds(offset, length)) return undefined;
    const bytes = new Uint8Array(length);
    for (const { index, start, from, to } of pieces(offset, length, SECTOR)) {
      const plain = this.#plain(index);
      if (plain) bytes.set(plain.subarray(start, start + to - from), from);
    }
    return bytes;
  }

  /** False, and nothing is written, if that would leave the disk or the key is gone. */
  write(offset: number, bytes: Uint8Array): boolean {
    const key = this.#key;
    if (key === undefined || !this.#holds(offset, bytes.length)) return false;
    for (const { index, start, from, to } of pieces(offset, bytes.length, SECTOR)) {
      const plain = this.#plain(index) ?? new Uint8Array(SECTOR);
      plain.set(bytes.subarray(from, to), start);
      this.#sectors.set(index, encryptBlock(key, index, plain));
    }
    return true;
  }

  /** Destroys the key and sets all sectors to zero; how many bytes, or undefined if some did not become zero. */
  destroy(): number | undefined {
    this.#key?.fill(0);
    this.#key = undefined;
    let zeroed = 0;
    for (const [sector, text] of this.#sectors) {
      text.fill(0);
      if (Buffer.compare(text, ZEROS) !== 0) return undefined;
      this.#sectors.delete(sector);
      zeroed += SECTOR;
    }
    return zeroed;
  }

  /** What lies on the drive, for a look from outside: ciphertext. */
  raw(): Iterable<Uint8Array> {
    return this.#sectors.values();
  }

  /** The sectors that were written, as the instance reads them; none without the key. */
  *readable(): Generator<{ readonly at: number; readonly bytes: Uint8Array }> {
    for (const sector of [...this.#sectors.keys()].toSorted((a, b) => a - b)) {
      const bytes = this.#plain(sector);
      if (bytes) yield { at: sector * SECTOR, bytes };
    }
  }

  #plain(sector: number): Uint8Array | undefined {
    const text = this.#sectors.get(sector);
    if (this.#key === undefined || text === undefined) return undefined;
    return decryptBlock(this.#key, sector, text);
  }

  #holds(offset: number, length: number): boolean {
    const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(length);
    return this.keyed && whole && offset >= 0 && length >= 0 && offset + length <= this.size;
  }
}
