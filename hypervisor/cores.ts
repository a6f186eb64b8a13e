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
  /** On how many places of a core somebody's coming is waited for. */
  readonly #held: number[] = [];
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

  /** How many places on a core are kept for who will come. */
  kept(core: number): number {
    return this.#held[core] ?? 0;
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
    const taken = this.#leastShared(wanted);
    if (taken === undefined) return undefined;
    const alone = [instance];
    for (const core of taken) {
      const residents = this.residents(core);
      this.#residents[core] = residents.length === 0 ? alone : [...residents, instance];
      if (this.#crowd(core) === this.#sharing) this.#open--;
      if (this.#sharing === 1) this.#run(core, instance);
    }
    return runsOf(taken);
  }

  /** Gives back what {@link take} gave. */
  giveBack(instance: string, cores: readonly Run[]): void {
    for (const core of members(cores)) {
      const residents = this.residents(core);
      const rest = residents.filter((resident) => resident !== instance);
      if (this.#crowd(core) === this.#sharing && rest.length < residents.length) this.#open++;
      this.#residents[core] = rest;
      if (this.#running[core] === instance) this.#running[core] = undefined;
    }
  }

  /** Keeps a place on so many different cores for who will come; undefined, and nothing kept, if there are too few. */
  hold(wanted: number): readonly Run[] | undefined {
    const held = this.#leastShared(wanted);
    if (held === undefined) return undefined;
    for (const core of held) {
      this.#held[core] = this.kept(core) + 1;
      if (this.#crowd(core) === this.#sharing) this.#open--;
    }
    return runsOf(held);
  }

  /** Keeps no longer what {@link hold} kept. */
  unhold(cores: readonly Run[]): void {
    for (const core of members(cores)) {
      if (this.#crowd(core) === this.#sharing) this.#open++;
      this.#held[core] = this.kept(core) - 1;
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

  /** Residents of a core, and places kept on it. */
  #crowd(core: number): number {
    return this.residents(core).length + this.kept(core);
  }

  #leastShared(wanted: number): readonly number[] | undefined {
    if (wanted > this.#open) return undefined;
    const found: number[] = [];
    for (let crowd = 0; crowd < this.#sharing && found.length < wanted; crowd++) {
      for (let core = 0; core < this.count && found.length < wanted; core++) {
        if (this.#crowd(core) === crowd) found.push(core);
      }
    }
    // Of fixed-performance hosts they are in order.
    return this.#sharing === 1 ? found : found.toSorted((a, b) => a - b);
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

function* members(runs: readonly Run[]): Generator<number> {
  for (const { start, count } of runs) {
    for (let core = start; core < start + count; core++) yield core;
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
