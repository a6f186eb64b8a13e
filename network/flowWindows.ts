/** Windows without traffic that are told after a leap of time. */
const MOST_EMPTY = 60;

/** Flows that are kept in a window; the rest are skipped. */
export const CAPACITY = 10_000;

/** An interval of time at one place, while it lasts. Times are milliseconds. */
export interface OpenWindow<Flow> {
  readonly start: number;
  readonly end: number;
  readonly flows: Map<string, Flow>;
  /** Whether there were more flows than could be kept. */
  skipped: boolean;
}

/** An interval of time at one place, when it has ended. */
export type EndedWindow<Window extends OpenWindow<unknown>> = Omit<Window, "flows"> & {
  readonly flows: readonly (Window extends OpenWindow<infer Flow> ? Flow : never)[];
};

export interface FlowWindowsPlan<Place, Window> {
  /** Since when: milliseconds. */
  readonly since: number;
  /** Whether nobody knows what has passed until it is first asked. */
  readonly lost: boolean;
  /** Seconds that windows last at a place. */
  readonly secondsAt: (place: Place) => number;
  readonly open: (place: Place, span: OpenWindow<never>) => Window;
}

/** What one flow log has counted, by windows at each of the places that it is about. */
export class FlowWindows<Place extends { readonly id: string }, Window extends OpenWindow<unknown>> {
  readonly #plan: FlowWindowsPlan<Place, Window>;
  readonly #open = new Map<string, Window>();
  #closed: (readonly [id: string, window: Window])[] = [];
  /** All windows that ended until then have been taken: milliseconds. */
  #taken: number;
  #lost: boolean;

  constructor(plan: FlowWindowsPlan<Place, Window>) {
    this.#plan = plan;
    this.#taken = plan.since;
    this.#lost = plan.lost;
  }

  /** The window that is open at a place now. Windows begin at multiples of their length. */
  at(place: Place, now: number): Window {
    const { id } = place;
    const known = this.#open.get(id);
    if (known && now < known.end) return known;
    if (known) this.#closed.push([id, known]);
    const window = this.#windowAt(place, now, false);
    this.#open.set(id, window);
    return window;
  }

  /**
   * Those that have ended since it was last asked, oldest first.
   *
   * @param until milliseconds
   * @param places those that have a window even if nothing passed them
   */
  take(until: number, places: Iterable<Place>): EndedWindow<Window>[] {
    if (until <= this.#taken) return [];
    for (const [id, window] of this.#open) {
      if (window.end > until) continue;
      this.#open.delete(id);
      this.#closed.push([id, window]);
    }
    const ended = this.#closed.filter(([, { end }]) => end <= until);
    this.#closed = this.#closed.filter(([, { end }]) => end > until);
    const windows = [...ended, ...this.#empty(until, places, ended)];
    this.#taken = until;
    this.#lost = false;
    return windows
      .toSorted(([a, { end }], [b, other]) => end - other.end || (a < b ? -1 : 1))
      .map(([, window]) => ({ ...window, flows: [...window.flows.values()] }) as EndedWindow<Window>);
  }

  #windowAt(place: Place, now: number, skipped: boolean): Window {
    const { open, secondsAt, since } = this.#plan;
    const length = secondsAt(place) * 1000;
    const start = Math.floor(now / length) * length;
    return open(place, {
      start: Math.max(start, since),
      end: start + length,
      flows: new Map<string, never>(),
      skipped,
    });
  }

  /** For each place the windows that ended since `taken` and in which nothing passed. */
  *#empty(
    until: number,
    places: Iterable<Place>,
    ended: readonly (readonly [id: string, window: Window])[],
  ): Iterable<readonly [id: string, window: Window]> {
    const known = new Set(ended.map(([id, { end }]) => `${id} ${end}`));
    for (const place of places) {
      const length = this.#plan.secondsAt(place) * 1000;
      const last = Math.floor(until / length) * length;
      const first = Math.max(this.#taken, last - MOST_EMPTY * length);
      for (let end = (Math.floor(first / length) + 1) * length; end <= last; end += length) {
        if (known.has(`${place.id} ${end}`)) continue;
        yield [place.id, this.#windowAt(place, end - length, this.#lost)];
      }
    }
  }
}

/**
 * The flow of a key in a window.
 *
 * @returns undefined where there are more than can be kept
 */
export function flowIn<Flow>(
  window: OpenWindow<Flow>,
  key: string,
  capacity: number,
  make: () => Flow,
): Flow | undefined {
  const known = window.flows.get(key);
  if (known !== undefined) return known;
  if (window.flows.size >= capacity) {
    window.skipped = true;
    return undefined;
  }
  const flow = make();
  window.flows.set(key, flow);
  return flow;
}
