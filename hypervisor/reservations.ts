import type { Slot } from "./holds.ts";
import type { Host } from "./host.ts";
import type { Refusal, Wish } from "./pool.ts";
import { PAGE } from "./slabs.ts";

/** Room for `count` instances of one kind, to be kept free until instances that name the reservation use it. */
export interface ReserveRequest extends Wish {
  readonly id: string;
  readonly zone: string;
  /** The family of the instance type, `m5` of `m5.large`. */
  readonly family: string;
  readonly count: number;
}

/** A reservation as it is: `held` of `count` slots are free; `used` have instances; a failed host may leave it short. */
export interface ReservationView {
  readonly count: number;
  readonly held: number;
  readonly used: number;
}

interface Reservation {
  readonly request: ReserveRequest;
  count: number;
  /** Where its slots are, used and free. */
  readonly hosts: Set<Host>;
  /** The instances in it. */
  readonly users: Set<string>;
}

/** What the reservations need of the fleet. */
export interface Ground {
  readonly find: (request: ReserveRequest) => Host | Refusal;
  readonly refile: (host: Host) => void;
}

/** The capacity reservations of a region, and on which hosts they keep room. */
export class Reservations {
  readonly #ground: Ground;
  readonly #reservations = new Map<string, Reservation>();

  constructor(ground: Ground) {
    this.#ground = ground;
  }

  /** Keeps room for all `count` instances, or none and says why. */
  add(request: ReserveRequest): Refusal | undefined {
    const reservation = { request, count: request.count, hosts: new Set<Host>(), users: new Set<string>() };
    this.#reservations.set(request.id, reservation);
    const refusal = this.#fill(reservation);
    if (refusal !== undefined) this.remove(request.id);
    return refusal;
  }

  has(id: string): boolean {
    return this.#reservations.has(id);
  }

  /** Keeps room for another number of instances, or for as many as before and says why. */
  resize(id: string, count: number): Refusal | undefined {
    const reservation = this.#reservations.get(id);
    if (reservation === undefined || count < reservation.users.size) return "no-room";
    const before = reservation.count;
    reservation.count = count;
    this.#trim(reservation);
    const refusal = this.#fill(reservation);
    if (refusal === undefined) return undefined;
    reservation.count = before;
    this.#trim(reservation);
    return refusal;
  }

  /** Keeps its room no longer; instances in it go on as others do. */
  remove(id: string): void {
    const reservation = this.#reservations.get(id);
    if (reservation === undefined) return;
    reservation.count = 0;
    this.#trim(reservation);
    for (const host of reservation.hosts) host.disband(id);
    this.#reservations.delete(id);
  }

  view(id: string): ReservationView | undefined {
    const reservation = this.#reservations.get(id);
    if (reservation === undefined) return undefined;
    return { count: reservation.count, held: heldBy(reservation), used: reservation.users.size };
  }

  /** A host with a free slot of a reservation that is accepted. */
  find(id: string, accepts: (host: Host) => boolean): Host | undefined {
    for (const host of this.#reservations.get(id)?.hosts ?? []) {
      if ((host.holds.free(id) ?? 0) > 0 && host.state === "available" && accepts(host)) return host;
    }
    return undefined;
  }

  joined(id: string, instance: string): void {
    this.#reservations.get(id)?.users.add(instance);
  }

  /**
   * An instance that is on `host` already uses a slot that is added to those of the reservation: {@link resize} says what
   * is too many, then. False if there is no such reservation.
   */
  enlist(id: string, instance: string, host: Host): boolean {
    const reservation = this.#reservations.get(id);
    if (reservation === undefined) return false;
    for (const { users } of this.#reservations.values()) users.delete(instance);
    reservation.users.add(instance);
    reservation.hosts.add(host);
    host.enlist(instance, slotOf(reservation.request));
    return true;
  }

  /** An instance has left: where its host keeps its slot no longer, room is kept elsewhere. */
  left(id: string, instance: string): void {
    const reservation = this.#reservations.get(id);
    reservation?.users.delete(instance);
    if (reservation) this.#fill(reservation);
  }

  /** Nothing can be kept on a host any more: room is kept elsewhere, as far as there is some. */
  lost(host: Host): void {
    for (const [id, reservation] of this.#reservations) {
      if (!reservation.hosts.delete(host)) continue;
      while (host.unhold(id) !== undefined) continue;
      host.holds.forget(id);
      this.#fill(reservation);
    }
  }

  /** As many slots more as are missing. */
  #fill(reservation: Reservation): Refusal | undefined {
    const { request } = reservation;
    const slot = slotOf(request);
    for (let missing = reservation.count - slotsOf(reservation); missing > 0; missing--) {
      const host = this.#ground.find(request);
      if (typeof host === "string") return host;
      if (!host.hold(slot)) return "no-room";
      reservation.hosts.add(host);
      this.#ground.refile(host);
    }
    return undefined;
  }

  /** Gives up free slots beyond its number. */
  #trim(reservation: Reservation): void {
    const { id } = reservation.request;
    let surplus = slotsOf(reservation) - reservation.count;
    for (const host of reservation.hosts) {
      for (; surplus > 0 && host.unhold(id) !== undefined; surplus--) this.#ground.refile(host);
    }
  }
}

const slotOf = ({ id, account, tenancy, cores, memoryBytes }: ReserveRequest): Slot => ({
  reservation: id,
  account,
  tenancy,
  frames: Math.ceil(memoryBytes / PAGE),
  cores,
});

function heldBy({ hosts, request: { id } }: Reservation): number {
  let held = 0;
  for (const host of hosts) held += host.holds.free(id) ?? 0;
  return held;
}

const slotsOf = (reservation: Reservation): number => heldBy(reservation) + reservation.users.size;
