import type { Run } from "./extents.ts";

/** A core that goes from one instance to another: caches, buffers and predictors are flushed in between (I9). */
export interface Switch {
  /** Counts all switches of the host, from 1. */
  readonly seq: number;
  /** ms. */
  readonly at: number;
  readonly core: number;
  readonly from: string | undefined;
  readonly to: string;
  readonly flushed: boolean;
}

/** How many switches of a host are remembered. */
const SWITCHES_KEPT = 256;

/**
 * The physical cores of one host. An instance gets whole cores, so that sibling threads never serve two instances (I10).
 * On hosts of fixed-performance types a core has one resident for as long as that lives (I9); on hosts of burstable types
 * several instances reside on a core and take turns, with a flush between two of them.
 */
export class Cores {
  readonly count: number;
  readonly threadsPerCore: number;
  readonly #sharing: number;
  readonly #clock: () => number;
  readonly #residents: (readonly string[])[] = [];
  /** Who runs on a core now, and who ran on it last. */
  readonly #running: (string | undefined)[] = [];
  readonly #last: (string | undefined)[] = [];
  #switches: Switch[] = [];
  #seq = 0;
  #open: number;

  /** `sharing`: how many instances may reside on a core; 1 for fixed-performance types. `clock` gives ms. */
  constructor(count: number, threadsPerCore: number, sharing: number, clock: () => number) {
    this.count = count;
    this.threadsPerCore = threadsPerCore;
    this.#sharing = sharing;
    this.#clock = clock;
    this.#open = count;
  }

  /** How many cores can take one more resident. */
  get open(): number {
    return this.#open;
  }

  /** Who resides on a core, longest first. */
  residents(core: number): readonly string[] {
    return this.#residents[core] ?? [];
  }

  /** Who runs on each thread of a core now; siblings that an instance leaves unused are nobody else's. */
  threads(core: number): readonly (string | undefined)[] {
    return Array.from({ length: this.threadsPerCore }, () => this.#running[core]);
  }

  /** The switches remembered, oldest first. */
  switches(): readonly Switch[] {
    return this.#switches.slice(-SWITCHES_KEPT);
  }

  /** So many different cores, the least shared first; undefined, and nothing taken, if there are too few. */
  take(instance: string, wanted: number): readonly Run[] | undefined {
    if (wanted > this.#open) return undefined;
    const taken: number[] = [];
    for (let crowd = 0; crowd < this.#sharing && taken.length < wanted; crowd++) {
      for (let core = 0; core < this.count && taken.length < wanted; core++) {
        if (this.residents(core).length === crowd) taken.push(core);
      }
    }
    for (const core of taken) {
      const residents = [...this.residents(core), instance];
      this.#residents[core] = residents;
      if (residents.length === this.#sharing) this.#open--;
      if (this.#sharing === 1) this.#run(core, instance);
    }
    return runsOf(taken.toSorted((a, b) => a - b));
  }

  /** Gives back what {@link take} gave. */
  giveBack(instance: string, cores: readonly Run[]): void {
    for (const { start, count } of cores) {
      for (let core = start; core < start + count; core++) {
        const residents = this.residents(core);
        const rest = residents.filter((resident) => resident !== instance);
        if (residents.length === this.#sharing && rest.length < residents.length) this.#open++;
        this.#residents[core] = rest;
        if (this.#running[core] === instance) this.#running[core] = undefined;
      }
    }
  }

  /** The next turn on each shared core: for the resident after the one that had the last, among those that have work. */
  turn(hasWork: (instance: string) => boolean): void {
    if (this.#sharing === 1) return;
    for (let core = 0; core < this.count; core++) {
      const residents = this.residents(core);
      const after = residents.indexOf(this.#running[core] ?? "") + 1;
      const next = [...residents.slice(after), ...residents.slice(0, after)].find(hasWork);
      if (next === undefined) this.#running[core] = undefined;
      else this.#run(core, next);
    }
  }

  #run(core: number, to: string): void {
    const from = this.#last[core];
    this.#running[core] = to;
    this.#last[core] = to;
    if (from === to) return;
    const flushed = from !== undefined;
    this.#switches.push({ seq: ++this.#seq, at: this.#clock(), core, from, to, flushed });
    if (this.#switches.length >= 2 * SWITCHES_KEPT) this.#switches = this.#switches.slice(-SWITCHES_KEPT);
  }
}

function runsOf(ascending: readonly number[]): Run[] {
  const runs: { start: number; count: number }[] = [];
  for (const core of ascending) {
    const last = runs.at(-1);
    if (last && last.start + last.count === core) last.count++;
    else runs.push({ start: core, count: 1 });
  }
  return runs;
}
