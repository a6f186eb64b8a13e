import type { AnsweredCall } from "./answeredCall.ts";
import { regionOf, type TrailEvent } from "./event.ts";
import type { EventFiles } from "./eventFiles.ts";

/** How long calls wait to be written down, in milliseconds: many go in one write. */
const PATIENCE = 100;

export interface EventLogParts {
  /** How many events of a region are kept at least; twice as many at most. */
  readonly keep: number;
  /** Without them nothing outlives the process. */
  readonly files: EventFiles | undefined;
  readonly describe: (call: AnsweredCall) => TrailEvent;
  /** Told of what cannot be, where nobody waits for an answer. */
  readonly onFault: (error: unknown) => void;
}

/** The newest events of a region. */
interface Recent {
  /** Oldest first; calls until somebody wants to know, or they hold much. */
  entries: (AnsweredCall | TrailEvent)[];
  /** How many of the last have not been looked at again. */
  fresh: number;
  /** How many are in the files since this process began. */
  written: number;
  /** Whether those of earlier processes are among them. */
  isWhole: boolean;
}

const isEvent = (entry: AnsweredCall | TrailEvent): entry is TrailEvent => "eventID" in entry;

/**
 * What was called, in CloudTrail's form. A call is only put aside when it is answered, as it is: its event is made later,
 * and in memory that of a call that changed nothing not before somebody reads it.
 */
export class EventLog {
  readonly #parts: EventLogParts;
  readonly #regions = new Map<string, Recent>();
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: EventLogParts) {
    this.#parts = parts;
  }

  /**
   * On the way of every call, after its answer.
   *
   * @param isLarge whether so much was sent that it should not be held
   */
  note(call: AnsweredCall, isLarge = false): void {
    const recent = this.#recent(regionOf(call));
    if (isLarge) {
      const event = this.#described(call);
      if (!event) return;
      recent.entries.push(event);
    } else recent.entries.push(call);
    recent.fresh++;
    if (recent.entries.length >= 2 * this.#parts.keep) this.#shorten(recent);
    if (this.#parts.files || call.said.output)
      this.#timer ??= setTimeout(() => this.settle(), PATIENCE).unref();
  }

  /** Makes the events of calls that hold much, and writes down what is to be kept. */
  settle(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const [region, recent] of this.#regions) {
      try {
        this.#settle(region, recent);
      } catch (error) {
        this.#parts.onFault(error);
      }
    }
  }

  /** All events of a region that are kept, oldest first. */
  events(region: string): readonly TrailEvent[] {
    const recent = this.#recent(region);
    const { files, keep } = this.#parts;
    this.#settle(region, recent);
    if (files && !recent.isWhole) {
      const all = [...files.events(region)];
      recent.entries.unshift(...all.slice(0, Math.max(0, all.length - recent.written)).slice(-keep));
      recent.isWhole = true;
    }
    recent.entries = recent.entries.flatMap((entry) =>
      isEvent(entry) ? entry : (this.#described(entry) ?? []),
    );
    return recent.entries.filter(isEvent);
  }

  /** The regions that have events. */
  regions(): readonly string[] {
    const known = new Set([...this.#regions.keys(), ...(this.#parts.files?.regions() ?? [])]);
    return [...known].toSorted();
  }

  /** Forgets everything, or what happened in one account, or in one region. */
  forget({ account, region }: { readonly account?: string; readonly region?: string }): void {
    const { files } = this.#parts;
    for (const name of region === undefined ? this.regions() : [region]) {
      const kept =
        account === undefined
          ? []
          : this.events(name).filter(({ recipientAccountId }) => recipientAccountId !== account);
      files?.clear(name);
      files?.append(name, kept);
      this.#regions.set(name, { entries: [...kept], fresh: 0, written: kept.length, isWhole: true });
    }
  }

  close(): void {
    this.settle();
    this.#parts.files?.close();
  }

  #recent(region: string): Recent {
    const known = this.#regions.get(region);
    if (known) return known;
    const recent = { entries: [], fresh: 0, written: 0, isWhole: this.#parts.files === undefined };
    this.#regions.set(region, recent);
    return recent;
  }

  #settle(region: string, recent: Recent): void {
    const { files } = this.#parts;
    const start = recent.entries.length - recent.fresh;
    const settled = recent.entries.splice(start).flatMap((entry) => {
      if (isEvent(entry) || (!files && !entry.said.output)) return entry;
      return this.#described(entry) ?? [];
    });
    recent.entries.push(...settled);
    recent.fresh = 0;
    if (!files) return;
    const events = settled.filter(isEvent);
    files.append(region, events);
    recent.written += events.length;
  }

  /** Nobody has read what goes here, nor is it lost where there is a file. */
  #shorten(recent: Recent): void {
    if (this.#parts.files) this.settle();
    recent.entries = recent.entries.slice(-this.#parts.keep);
    recent.fresh = Math.min(recent.fresh, recent.entries.length);
  }

  #described(call: AnsweredCall): TrailEvent | undefined {
    try {
      return this.#parts.describe(call);
    } catch (error) {
      this.#parts.onFault(error);
      return undefined;
    }
  }
}
