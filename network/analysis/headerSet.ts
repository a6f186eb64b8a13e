/** Numbers from the first to the last one, which both belong to it: addresses, ports, protocols. */
export interface Range {
  readonly first: number;
  readonly last: number;
}

/** What of a packet's header is looked at. IPv4 addresses are counted from 0 to 2³² − 1. */
const FIELDS = ["source", "destination", "sourcePort", "destinationPort", "protocol"] as const;
export type Field = (typeof FIELDS)[number];

/** All headers of which every field is in its range. */
export type Box = Readonly<Record<Field, Range>>;

const LAST_ADDRESS = 2 ** 32 - 1;
export const LAST_PORT = 65_535;

const EVERY: Box = {
  source: { first: 0, last: LAST_ADDRESS },
  destination: { first: 0, last: LAST_ADDRESS },
  sourcePort: { first: 0, last: LAST_PORT },
  destinationPort: { first: 0, last: LAST_PORT },
  protocol: { first: 0, last: 255 },
};

export const only = (value: number): Range => ({ first: value, last: value });

const shared = (a: Range, b: Range): Range => ({
  first: Math.max(a.first, b.first),
  last: Math.min(a.last, b.last),
});

const meets = (a: Box, b: Box): boolean =>
  FIELDS.every((field) => a[field].first <= b[field].last && b[field].first <= a[field].last);

/** What two boxes that meet have in common. */
function common(a: Box, b: Box): Box {
  return {
    source: shared(a.source, b.source),
    destination: shared(a.destination, b.destination),
    sourcePort: shared(a.sourcePort, b.sourcePort),
    destinationPort: shared(a.destinationPort, b.destinationPort),
    protocol: shared(a.protocol, b.protocol),
  };
}

/** What is left of a box, in at most ten disjoint pieces. */
function without(box: Box, cut: Box): Box[] {
  if (!meets(box, cut)) return [box];
  const rest: Box[] = [];
  const core: Record<Field, Range> = { ...box };
  for (const field of FIELDS) {
    const { first, last } = core[field];
    const inner = shared(core[field], cut[field]);
    if (first < inner.first) rest.push({ ...core, [field]: { first, last: inner.first - 1 } });
    if (inner.last < last) rest.push({ ...core, [field]: { first: inner.last + 1, last } });
    core[field] = inner;
  }
  return rest;
}

/** Ranges in order, those that meet or touch made one. */
export function merged(ranges: readonly Range[]): Range[] {
  const result: Range[] = [];
  for (const range of ranges.toSorted((a, b) => a.first - b.first)) {
    const before = result.at(-1);
    if (before && range.first <= before.last + 1) {
      result[result.length - 1] = { first: before.first, last: Math.max(before.last, range.last) };
    } else {
      result.push(range);
    }
  }
  return result;
}

/** A set of headers: the union of some boxes, no two of which meet. It never changes. */
export class HeaderSet {
  static readonly none = new HeaderSet([]);
  static readonly every = new HeaderSet([EVERY]);
  readonly boxes: readonly Box[];

  private constructor(boxes: readonly Box[]) {
    this.boxes = boxes;
  }

  /** The union of boxes, of which some may meet. */
  static of(boxes: readonly Box[]): HeaderSet {
    let result = HeaderSet.none;
    for (const box of boxes) result = result.plus(new HeaderSet([box]));
    return result;
  }

  /** The union of sets, no two of which meet. */
  static joined(sets: readonly HeaderSet[]): HeaderSet {
    return new HeaderSet(sets.flatMap(({ boxes }) => boxes));
  }

  get isEmpty(): boolean {
    return this.boxes.length === 0;
  }

  and(other: HeaderSet): HeaderSet {
    return new HeaderSet(
      this.boxes.flatMap((box) =>
        other.boxes.flatMap((each) => (meets(box, each) ? [common(box, each)] : [])),
      ),
    );
  }

  minus(other: HeaderSet): HeaderSet {
    let { boxes } = this;
    for (const cut of other.boxes) boxes = boxes.flatMap((box) => without(box, cut));
    return new HeaderSet(boxes);
  }

  plus(other: HeaderSet): HeaderSet {
    if (this.isEmpty) return other;
    return new HeaderSet([...this.boxes, ...other.minus(this).boxes]);
  }

  /** The headers of which a field is in one of some ranges. */
  within(field: Field, ranges: readonly Range[]): HeaderSet {
    return this.and(new HeaderSet(merged(ranges).map((range) => ({ ...EVERY, [field]: range }))));
  }

  /** The headers of which a field is in none of some ranges. */
  outside(field: Field, ranges: readonly Range[]): HeaderSet {
    return this.minus(new HeaderSet(merged(ranges).map((range) => ({ ...EVERY, [field]: range }))));
  }

  /** The same headers with another value of a field, which may be any of a range. */
  with(field: Field, range: Range): HeaderSet {
    return HeaderSet.of(this.boxes.map((box) => ({ ...box, [field]: range })));
  }

  /** The same headers with another value of a field, which is as far from the one before for all of them. */
  moved(field: Field, by: number): HeaderSet {
    return new HeaderSet(
      this.boxes.map((box) => {
        const { first, last } = box[field];
        return { ...box, [field]: { first: first + by, last: last + by } };
      }),
    );
  }

  /** The headers of the answers. */
  swapped(): HeaderSet {
    return new HeaderSet(
      this.boxes.map(({ source, destination, sourcePort, destinationPort, protocol }) => ({
        source: destination,
        destination: source,
        sourcePort: destinationPort,
        destinationPort: sourcePort,
        protocol,
      })),
    );
  }

  /** The values that a field has, in order. */
  ranges(field: Field): Range[] {
    return merged(this.boxes.map((box) => box[field]));
  }

  has(header: Readonly<Record<Field, number>>): boolean {
    return this.boxes.some((box) =>
      FIELDS.every((field) => box[field].first <= header[field] && header[field] <= box[field].last),
    );
  }
}
