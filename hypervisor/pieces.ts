/** Bytes `from` … `to` of an access, which lie at `start` of the unit with this index. */
interface Piece {
  readonly index: number;
  readonly start: number;
  readonly from: number;
  readonly to: number;
}

/** An access of `length` bytes from `at` on, cut at the borders of units of so many bytes: pages, sectors, blocks. */
export function* pieces(at: number, length: number, unit: number): Generator<Piece> {
  for (let from = 0; from < length;) {
    const start = (at + from) % unit;
    const to = Math.min(length, from + unit - start);
    yield { index: Math.floor((at + from) / unit), start, from, to };
    from = to;
  }
}
