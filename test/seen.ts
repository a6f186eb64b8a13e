import { appendFileSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

/** Where a test run notes what it saw answered: one line `Operation ok` or `Operation Error.Code` each. */
export const SEEN_FOLDER = "node_modules/.cache/islet-seen";

const noted = new Set<string>();

/** Notes that an operation was answered, with `ok` or with an error's code. */
export function note(operation: string, outcome: string): void {
  const line = `${operation} ${outcome}`;
  if (noted.has(line)) return;
  noted.add(line);
  mkdirSync(SEEN_FOLDER, { recursive: true });
  appendFileSync(join(SEEN_FOLDER, String(process.pid)), `${line}\n`);
}

/** For vitest's globalSetup: a run begins with nothing seen. */
export default function forget(): void {
  rmSync(SEEN_FOLDER, { recursive: true, force: true });
  mkdirSync(SEEN_FOLDER, { recursive: true });
}
