/** `count` things in a row, the first of them number `start`: frames of a host, guest pages, cores. */
export interface Run {
  readonly start: number;
  readonly count: number;
}

/** A run all of whose members have the same value. */
export interface Extent<V> extends Run {
  readonly value: V;
}

/**
 * A partition of one run into extents: every position has exactly one value at any time, and neighbours with the same
 * value (by identity) are one extent. This is why two owners of one frame cannot even be written down (I1), and why 24
 * TiB that belong to one instance cost as much to note as 1 GiB.
 */
export class Extents<V> {
  readonly whole: Run;
  #extents: Extent<V>[];

  constructor(whole: Run, value: V) {
    this.whole = whole;
    this.#extents = [{ start: whole.start, count: whole.count, value }];
  }

  /** Gives the whole run this value. The run must lie within the partition. */
  set(run: Run, value: V): void {
    const end = run.start + run.count;
    const first = this.#indexOf(run.start);
    const last = this.#indexOf(end - 1);
    const head = this.#extents[first];
    const tail = this.#extents[last];
    if (run.count < 1 || head === undefined || tail === undefined)
      throw new RangeError(`no such run: ${show(run)}`);

    const pieces: Extent<V>[] = [];
    const before = this.#extents[first - 1];
    if (head.start === run.start && before) append(pieces, before);
    append(pieces, { start: head.start, count: run.start - head.start, value: head.value });
    append(pieces, { start: run.start, count: run.count, value });
    append(pieces, { start: end, count: tail.start + tail.count - end, value: tail.value });
    const after = this.#extents[last + 1];
    if (tail.start + tail.count === end && after) append(pieces, after);

    const from = head.start === run.start && before ? first - 1 : first;
    const to = tail.start + tail.count === end && after ? last + 1 : last;
    this.#extents.splice(from, to - from + 1, ...pieces);
  }

  /** The value at a position, or undefined outside of the partition. */
  at(position: number): V | undefined {
    return this.#extents[this.#indexOf(position)]?.value;
  }

  /** The extents from the one that holds `position`, in order. */
  *from(position: number): Generator<Extent<V>> {
    for (let i = Math.max(0, this.#indexOf(position)); i < this.#extents.length; i++) {
      const extent = this.#extents[i];
      if (extent) yield extent;
    }
  }

  /** What lies within a run, cut to it. Shorter than the run if the run leaves the partition. */
  within(run: Run): Extent<V>[] {
    const found: Extent<V>[] = [];
    const end = run.start + run.count;
    for (const extent of this.from(run.start)) {
      if (extent.start >= end) break;
      const start = Math.max(extent.start, run.start);
      const count = Math.min(extent.start + extent.count, end) - start;
      if (count > 0) found.push({ start, count, value: extent.value });
    }
    return found;
  }

  [Symbol.iterator](): Iterator<Extent<V>> {
    return this.#extents[Symbol.iterator]();
  }

  /** The index of the extent that holds a position; -1 where none does. */
  #indexOf(position: number): number {
    let low = 0;
    let high = this.#extents.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const extent = this.#extents[middle];
      if (extent === undefined) return -1;
      if (position < extent.start) high = middle - 1;
      else if (position >= extent.start + extent.count) low = middle + 1;
      else return middle;
    }
    return -1;
  }
}

/** How many members runs have together. */
export function total(runs: readonly Run[]): number {
  let sum = 0;
  for (const { count } of runs) sum += count;
  return sum;
}

/** `5+3` for the run 5, 6, 7. */
export function show({ start, count }: Run): string {
  return `${start}+${count}`;
}

function append<V>(extents: Extent<V>[], next: Extent<V>): void {
  if (next.count === 0) return;
  const last = extents.at(-1);
  if (last && last.value === next.value) {
    extents[extents.length - 1] = { start: last.start, count: last.count + next.count, value: last.value };
  } else {
    extents.push(next);
  }
}
