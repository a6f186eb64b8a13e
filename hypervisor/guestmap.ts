import type { Run } from "./extents.ts";

/** `count` guest pages in a row from page `guest`, held by the frames in a row from `frame`. */
export interface Mapping {
  readonly guest: number;
  readonly frame: number;
  readonly count: number;
}

/** One guest page looked up. Good only as long as the mapping of that generation is in force, like an entry of a TLB. */
export interface Translation {
  readonly instance: string;
  readonly guestPage: number;
  readonly frame: number;
  readonly generation: number;
}

/**
 * The second-level mapping of one instance, from its guest pages 0 … `pages` - 1 to the frames of its host. Never
 * changed: a new allocation makes a new one with a higher generation.
 */
export class GuestMap {
  readonly instance: string;
  readonly account: string;
  readonly generation: number;
  readonly pages: number;
  readonly mappings: readonly Mapping[];
  /** The frames, in the order of the guest pages they hold. */
  readonly runs: readonly Run[];

  constructor(instance: string, account: string, generation: number, runs: readonly Run[]) {
    this.instance = instance;
    this.account = account;
    this.generation = generation;
    this.runs = runs;
    let guest = 0;
    this.mappings = runs.map(({ start, count }) => {
      const mapping = { guest, frame: start, count };
      guest += count;
      return mapping;
    });
    this.pages = guest;
  }

  /** The runs of the first `pages` guest pages, and those of the rest. */
  cut(pages: number): readonly [readonly Run[], readonly Run[]] {
    const before: Run[] = [];
    const after: Run[] = [];
    for (const { guest, frame, count } of this.mappings) {
      const kept = Math.max(0, Math.min(count, pages - guest));
      if (kept > 0) before.push({ start: frame, count: kept });
      if (kept < count) after.push({ start: frame + kept, count: count - kept });
    }
    return [before, after];
  }

  /** The frame that holds a guest page; undefined beyond the instance's memory. */
  frameOf(guestPage: number): number | undefined {
    let low = 0;
    let high = this.mappings.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const mapping = this.mappings[middle];
      if (mapping === undefined) return undefined;
      if (guestPage < mapping.guest) high = middle - 1;
      else if (guestPage >= mapping.guest + mapping.count) low = middle + 1;
      else return mapping.frame + (guestPage - mapping.guest);
    }
    return undefined;
  }
}
