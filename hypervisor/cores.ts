import type { Run } from "./extents.ts";

/**
 * The physical cores of one host. An instance gets whole cores, so that sibling threads never serve two instances (I10).
 * On hosts of fixed-performance types a core has one resident for as long as that lives (I9); on hosts of burstable types
 * several instances reside on a core and take turns.
 */
export class Cores {
  readonly count: number;
  readonly #sharing: number;
  readonly #residents: (readonly string[])[] = [];
  #open: number;

  /** `sharing`: how many instances may reside on a core; 1 for fixed-performance types. */
  constructor(count: number, sharing: number) {
    this.count = count;
    this.#sharing = sharing;
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
      }
    }
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
