import type { Tenancy } from "./tenancy.ts";

/** Room for one instance, kept free for whoever comes with the reservation's name. */
export interface Slot {
  readonly reservation: string;
  readonly account: string;
  readonly tenancy: Tenancy;
  readonly frames: number;
  readonly cores: number;
}

/** The slots that reservations keep free on one host. */
export class Holds {
  readonly #free = new Map<string, { readonly slot: Slot; count: number }>();
  #frames = 0;
  #cores = 0;

  /** How much all of them keep free. */
  get frames(): number {
    return this.#frames;
  }
  get cores(): number {
    return this.#cores;
  }

  /** How many free slots a reservation has here; undefined if it has none here at all, used or free. */
  free(reservation: string): number | undefined {
    return this.#free.get(reservation)?.count;
  }

  /** Keeps one slot free: a new one, or one whose instance has left. */
  put(slot: Slot): void {
    const known = this.#free.get(slot.reservation);
    if (known) known.count++;
    else this.#free.set(slot.reservation, { slot, count: 1 });
    this.#frames += slot.frames;
    this.#cores += slot.cores;
  }

  /** Takes a free slot of a reservation, to be used or given up. */
  take(reservation: string): Slot | undefined {
    const known = this.#free.get(reservation);
    if (known === undefined || known.count === 0) return undefined;
    known.count--;
    this.#frames -= known.slot.frames;
    this.#cores -= known.slot.cores;
    return known.slot;
  }

  /** The reservation is over: its slots that are used now are kept no longer either. Call when none is free. */
  forget(reservation: string): void {
    this.#free.delete(reservation);
  }
}
