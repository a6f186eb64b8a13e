import { ApiError } from "../errors.ts";
import { isStorageFault } from "../state/storageFault.ts";
import { NotKept, type Unit } from "../state/unit.ts";
import { keepNext, nextDue, recall } from "./agenda.ts";
import type { Chance } from "./chance.ts";
import { once } from "./clientTokens.ts";
import type { Clock } from "./clock.ts";
import type { Caller, Context, Pace } from "./context.ts";
import type { Handler } from "./handlers.ts";
import type { Origin } from "./origin.ts";
import type { Quotas } from "./quotas.ts";
import type { Seal } from "./seal.ts";
import type { World } from "./world.ts";

/** One call, decoded. */
export interface Call {
  /** `ec2` */
  readonly service: string;
  readonly operation: string;
  readonly input: object;
  readonly caller: Caller;
  readonly origin: Origin;
  readonly region: string;
  readonly requestId: string;
  readonly unit: Unit;
  readonly handler: Handler;
  /** Turns the output into the members of the answer; throws if the output has a member the API has not. */
  readonly encode: (output: object) => string;
}

export interface PipelineParts {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly seal: Seal;
  readonly pace: Pace;
  readonly quotas: Quotas | undefined;
  readonly global: Unit;
  readonly unitOf: (region: string) => Unit;
  readonly world: World;
  /** Brings the world to what all rows say, as after a start; what it returns tells the rows what became of them. */
  readonly restart: () => () => void;
  /** Decides whether the caller may make the call; throws if not. */
  readonly authorize: (ctx: Context, input: object, call: Call) => void;
  /** Makes what an account finds in a region that it has not used before; undefined when it has. */
  readonly settleIn: (ctx: Context) => (() => void) | undefined;
  /** Told of what cannot be, where nobody waits for an answer. */
  readonly onFault: (error: unknown) => void;
}

/** In milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;
/** How long it waits for a full disk to have room again, in milliseconds. */
const RETRY = 1000;

/** The way of every call: due transitions, authorization, DryRun, client token, handler, commit, world. */
export class Pipeline {
  readonly #parts: PipelineParts;
  /** For the next appointment of each unit, and when that is. */
  readonly #alarms = new Map<Unit, { readonly due: number | undefined; readonly timer: NodeJS.Timeout }>();
  readonly #chances = new WeakMap<Unit, Chance>();
  /** The world has followed what was not kept. It cannot go back, so that it starts again before anything else happens. */
  #isAhead = false;

  constructor(parts: PipelineParts) {
    this.#parts = parts;
  }

  /** Makes the call and returns its encoded members. */
  run(call: Call): string {
    const { unit, operation, input, caller, origin, region, requestId, handler, encode } = call;
    this.#catchUp();
    this.settle(unit, region);
    const ctx = this.contextOf(unit, region, caller, operation, requestId, origin);
    try {
      this.#settleIn(unit, ctx);
      this.#parts.authorize(ctx, input, call);
      if ("DryRun" in input && input.DryRun === true) throw new ApiError("DryRunOperation");
      let answer = "";
      this.#commit(unit, () => {
        answer = once(ctx, input, () => encode(handler(input as never, ctx)));
      });
      return answer;
    } finally {
      this.#arm(unit, region);
    }
  }

  /**
   * Brings a unit up to now: acts on every appointment that is due. What fails is reported, and stops nothing else.
   *
   * @throws {NotKept} if what has become of it cannot be kept; it will be tried again
   */
  settle(unit: Unit, region: string): void {
    const now = this.#parts.clock.now();
    for (let due = nextDue(unit); due !== undefined && due <= now; due = nextDue(unit)) {
      try {
        this.#commit(unit, () =>
          keepNext(unit, (account, event) =>
            // One moment: what follows at once from what is done now is done now, too.
            this.contextOf(unit, region, systemOf(account), event, event, undefined, now),
          ),
        );
      } catch (error) {
        if (error instanceof NotKept) throw error;
        this.#parts.onFault(error);
      }
    }
  }

  /**
   * Does what nobody called for, in one transaction, once the unit is up to now: what befalls hosts and instances.
   *
   * @param work is given a context to act in for each account
   */
  act<T>(unit: Unit, event: string, work: (contextOf: (account: string) => Context) => T): T {
    const { name: region } = unit;
    this.#catchUp();
    this.settle(unit, region);
    const results: T[] = [];
    try {
      this.#commit(unit, () => {
        results.push(work((account) => this.contextOf(unit, region, systemOf(account), event, event)));
      });
    } finally {
      this.#arm(unit, region);
    }
    return results[0] as T;
  }

  /** As `settle`, and from then on whenever something is due: after the clock was set, too. If it fails, it tries again. */
  wake(unit: Unit, region: string): void {
    this.#disarm(unit);
    try {
      this.#catchUp();
      this.settle(unit, region);
      this.#arm(unit, region);
    } catch (error) {
      this.#ringIn(RETRY, unit, region, nextDue(unit));
      throw error;
    }
  }

  /** The world has lost power: it starts again before anything else happens. */
  lost(): void {
    this.#isAhead = true;
  }

  contextOf(
    unit: Unit,
    region: string,
    caller: Caller,
    operation: string,
    requestId: string,
    origin?: Origin,
    now = this.#parts.clock.now(),
  ): Context {
    const { seal, pace, quotas, global, unitOf, world } = this.#parts;
    const ctx: Context = {
      operation,
      requestId,
      region,
      account: caller.account,
      caller,
      origin,
      now,
      pace,
      quotas,
      chance: this.chanceOf(unit),
      seal,
      unit,
      global,
      unitOf: (other) => {
        const rows = unitOf(other);
        if (!rows.busy) this.settle(rows, other);
        return rows;
      },
      elsewhere: (other) => {
        const rows = ctx.unitOf(other);
        if (rows === unit) return ctx;
        unit.join(rows);
        // One call, one moment.
        return this.contextOf(rows, other, caller, operation, requestId, origin, now);
      },
      world,
    };
    return ctx;
  }

  /**
   * The chance of one unit, so that what happens in one region changes nothing in another. It depends on what the
   * unit holds: with a seed, a server that starts again does not hand out the same ids again.
   */
  chanceOf(unit: Unit): Chance {
    const known = this.#chances.get(unit);
    if (known) return known;
    const chance = this.#parts.chance.branch(`${unit.name}/${unit.seq}`);
    this.#chances.set(unit, chance);
    return chance;
  }

  close(): void {
    for (const unit of this.#alarms.keys()) this.#disarm(unit);
  }

  #settleIn(unit: Unit, ctx: Context): void {
    if (unit === this.#parts.global) return;
    // Nobody is refused what comes with the account, however low the quotas are.
    const unlimited = ctx.quotas ? { ...ctx, quotas: undefined } : ctx;
    const furnish = this.#parts.settleIn(unlimited);
    if (!furnish) return;
    this.#commit(unit, furnish);
    this.settle(unit, ctx.region);
  }

  /** Whether `work` changed anything. */
  #commit(unit: Unit, work: () => void): boolean {
    const { world } = this.#parts;
    const faults: unknown[] = [];
    const follow: Parameters<Unit["transact"]>[1] = (deeds) => {
      try {
        if (deeds.changes.length > 0) world.committed(unit, deeds.changes);
        for (const other of deeds.joined) world.committed(other.unit, other.changes);
      } catch (error) {
        if (isStorageFault(error)) throw error;
        // What was decided stands, though the world may not have followed all of it.
        faults.push(error);
      }
    };
    const { changes, joined } = this.#kept(unit, () => unit.transact(work, follow));
    for (const other of joined) this.#arm(other.unit, other.unit.name);
    if (faults.length > 0) throw faults[0];
    return changes.length > 0 || joined.length > 0;
  }

  #kept<T>(unit: Unit, transaction: () => T): T {
    try {
      return transaction();
    } catch (cause) {
      // Hosts may have followed a part of the work that had no room on the disk, too.
      const error = isStorageFault(cause)
        ? new NotKept(`it could not be done: ${String(cause)}`, { cause })
        : cause;
      if (error instanceof NotKept) {
        this.#isAhead = true;
        recall(unit);
      }
      throw error;
    }
  }

  #catchUp(): void {
    if (!this.#isAhead) return;
    const tell = this.#parts.restart();
    this.#isAhead = false;
    tell();
  }

  /** Wakes up for the next appointment, so that the world moves on without calls too. */
  #arm(unit: Unit, region: string): void {
    const due = nextDue(unit);
    const alarm = this.#alarms.get(unit);
    if (alarm && alarm.due === due) return;
    this.#disarm(unit);
    if (due === undefined) return;
    const { clock } = this.#parts;
    const wait = due - clock.now();
    // While time stands still, nothing that is not due will be.
    if (clock.frozen && wait > 0) return;
    this.#ringIn(Math.min(Math.max(wait, 0), LONGEST_TIMER), unit, region, due);
  }

  #ringIn(wait: number, unit: Unit, region: string, due: number | undefined): void {
    const ring = (): void => {
      try {
        this.wake(unit, region);
      } catch (error) {
        this.#parts.onFault(error);
      }
    };
    this.#alarms.set(unit, { due, timer: setTimeout(ring, wait).unref() });
  }

  #disarm(unit: Unit): void {
    clearTimeout(this.#alarms.get(unit)?.timer);
    this.#alarms.delete(unit);
  }
}

/** The service itself, acting for an account. */
const systemOf = (account: string): Caller => ({
  account,
  accessKeyId: "",
  arn: `arn:aws:iam::${account}:root`,
  userId: account,
});
