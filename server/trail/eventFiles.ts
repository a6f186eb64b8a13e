import { mkdirSync, readdirSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { LineFile } from "../state/lineFile.ts";
import type { TrailEvent } from "./event.ts";

const SUFFIX = ".jsonl";
const OLDER = `.older${SUFFIX}`;
/** What an event takes in a file, in bytes, for a bound of its size. */
const USUAL_BYTES = 2048;

/** Writes and reads the events of the regions in a server's folder: `events/us-east-1.jsonl`, one a line. */
export class EventFiles {
  readonly #folder: string;
  readonly #keep: number;
  readonly #files = new Map<string, LineFile>();

  /**
   * @param folder the server's; `events` in it is made when there is a first one
   * @param keep of how many events there is room in a file: one that is full makes way for another, and stays until that is
   *   full too
   */
  constructor(folder: string, keep = 0) {
    this.#folder = join(folder, "events");
    this.#keep = keep;
  }

  append(region: string, events: readonly TrailEvent[]): void {
    if (events.length === 0) return;
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const path = join(this.#folder, region + SUFFIX);
    if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > this.#keep * USUAL_BYTES) {
      this.#file(region + SUFFIX).close();
      this.#files.delete(region + SUFFIX);
      renameSync(path, join(this.#folder, region + OLDER));
    }
    this.#file(region + SUFFIX).append(...events.map((event) => JSON.stringify(event)));
  }

  /** Oldest first. What cannot be read is none. */
  *events(region: string): Generator<TrailEvent> {
    for (const name of [region + OLDER, region + SUFFIX]) {
      for (const line of this.#file(name).lines()) {
        const event = parsed(line);
        if (event) yield event;
      }
    }
  }

  regions(): readonly string[] {
    try {
      return readdirSync(this.#folder)
        .filter((name) => name.endsWith(SUFFIX) && !name.endsWith(OLDER))
        .map((name) => name.slice(0, -SUFFIX.length))
        .toSorted();
    } catch {
      return [];
    }
  }

  clear(region: string): void {
    for (const name of [region + OLDER, region + SUFFIX]) this.#file(name).clear();
  }

  close(): void {
    for (const file of this.#files.values()) file.close();
    this.#files.clear();
  }

  #file(name: string): LineFile {
    const known = this.#files.get(name) ?? new LineFile(join(this.#folder, name));
    this.#files.set(name, known);
    return known;
  }
}

function parsed(line: string): TrailEvent | undefined {
  try {
    const event = JSON.parse(line) as Partial<TrailEvent> | null;
    return typeof event?.eventID === "string" && event.userIdentity ? (event as TrailEvent) : undefined;
  } catch {
    return undefined;
  }
}
