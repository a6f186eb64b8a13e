import { Buffer } from "node:buffer";
import type { Audit } from "./audit.ts";

/** Where the hosts keep what outlives them, handed in: numbered chunks of bytes under a name. */
export interface Media {
  /** A chunk that was written, or undefined. */
  read(name: string, index: number): Uint8Array | undefined;
  /** Keeps a copy of the bytes or may keep them: they are not changed afterwards. */
  write(name: string, index: number, bytes: Uint8Array): void;
  /** The indexes of the chunks that were written. */
  written(name: string): Iterable<number>;
  /** Forgets all chunks of a name. */
  erase(name: string): void;
}

/** Sets every chunk under a name to zero, checks that, and forgets them: how many bytes that were. */
export function wipe(media: Media, name: string, audit: Audit): number {
  let wiped = 0;
  for (const index of [...media.written(name)]) {
    const size = media.read(name, index)?.length ?? 0;
    const zeros = new Uint8Array(size);
    media.write(name, index, zeros);
    const now = media.read(name, index);
    if (now && Buffer.compare(now, zeros) !== 0) {
      throw audit.fault("scrub-failed", `chunk ${index} of ${name} is not zero`);
    }
    wiped += size;
  }
  media.erase(name);
  return wiped;
}
