/** Time as the server tells it: it runs with the wall clock, may be frozen, and is moved forward by an operator. */
export class Clock {
  readonly #wall: () => number;
  #offset = 0;
  #frozenAt: number | undefined;

  /** @param wall milliseconds since the epoch */
  constructor(wall: () => number = Date.now) {
    this.#wall = wall;
  }

  /** Milliseconds since the epoch. */
  now(): number {
    return this.#frozenAt ?? this.#wall() + this.#offset;
  }

  /** What clients' clocks say: they sign by it, however the server's own time is set. */
  wall(): number {
    return this.#wall();
  }

  get frozen(): boolean {
    return this.#frozenAt !== undefined;
  }

  freeze(): void {
    this.#frozenAt = this.now();
  }

  /** Runs on from where it stands. */
  run(): void {
    if (this.#frozenAt === undefined) return;
    this.#offset = this.#frozenAt - this.#wall();
    this.#frozenAt = undefined;
  }

  /** Jumps to a time, in milliseconds since the epoch, that is not past. */
  set(to: number): void {
    this.advance(Math.max(0, to - this.now()));
  }

  /** @param milliseconds at least 0: time does not run backwards */
  advance(milliseconds: number): void {
    if (this.#frozenAt === undefined) this.#offset += milliseconds;
    else this.#frozenAt += milliseconds;
  }
}
