import type { Run } from "./extents.ts";
import type { Tenancy } from "./tenancy.ts";

/** Room for one instance, kept free for whoever comes with the reservation's name. */
export interface Slot {
  readonly reservation: string;
  readonly account: string;
  readonly tenancy: Tenancy;
  readonly frames: number;
  readonly cores: number;
}

/** A slot that is free, and the cores it has a place on. */
interface Hold {
  readonly slot: Slot;
  readonly places: readonly Run[];
}

/** The slots that reservations keep free on one host. */
export class Holds {
  readonly #free = new Map<string, Hold[]>();
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
    return this.#free.get(reservation)?.length;
  }

  /** Has a slot here that is used now, and is kept free once its instance leaves. */
  expect(reservation: string): void {
    if (!this.#free.has(reservation)) this.#free.set(reservation, []);
  }

  /** Keeps one slot free: a new one, or one whose instance has left. */
  put(hold: Hold): void {
    const { slot } = hold;
    const holds = this.#free.get(slot.reservation) ?? [];
    this.#free.set(slot.reservation, holds);
    holds.push(hold);
    this.#frames += slot.frames;
    this.#cores += slot.cores;
  }

  /** Takes a free slot of a reservation, to be used or given up. */
  take(reservation: string): Hold | undefined {
    const hold = this.#free.get(reservation)?.pop();
    this.#frames -= hold?.slot.frames ?? 0;
    this.#cores -= hold?.slot.cores ?? 0;
    return hold;
  }

  /** The reservation is over: its slots that are used now are kept no longer either. Call when none is free. */
  forget(reservation: string): void {
    this.#free.delete(reservation);
  }
}
