import { chmodSync, renameSync, writeFileSync } from "node:fs";

/** Replaces a file in one step; the owner alone can read it, from its first byte on. */
export function writePrivately(file: string, content: string | Uint8Array): void {
  const draft = `${file}.new`;
  writeFileSync(draft, content, { mode: 0o600 });
  // The mode counts for new files only: a draft may lie there since a crash.
  chmodSync(draft, 0o600);
  renameSync(draft, file);
}
