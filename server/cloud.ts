import { keysOf, keyTable, newKeyId, newSecret, rootArn } from "./auth/keys.ts";
import { authorize } from "./iam/authorize.ts";
import type { Chance } from "./kit/chance.ts";
import type { Clock } from "./kit/clock.ts";
import type { Context, Pace } from "./kit/context.ts";
import { Pipeline } from "./kit/pipeline.ts";
import type { Quotas } from "./kit/quotas.ts";
import { Seal } from "./kit/seal.ts";
import type { World } from "./kit/world.ts";
import type { Journal } from "./state/journal.ts";
import type { Change, Row, Table, TableDefinition } from "./state/table.ts";
import { isStorageFault } from "./state/storageFault.ts";
import { NotKept, Unit } from "./state/unit.ts";

interface SecretRow extends Row {
  readonly hex: string;
}

const secrets: TableDefinition<SecretRow> = { name: "secret" };

/** The name of the unit that holds what belongs to no region. */
export const GLOBAL = "global";

export interface CloudParts {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly pace: Pace;
  readonly quotas: Quotas | undefined;
  readonly world: World;
  /** Puts into the global unit what a server has from the start; called again after a reset. */
  readonly furnish: (global: Unit) => void;
  /** Makes what an account finds in a region that it has not used before; undefined when it has. */
  readonly settleIn: (ctx: Context) => (() => void) | undefined;
  /** Notes that no host is left for an instance. */
  readonly loseHost: (ctx: Context, instanceId: string) => void;
  /** Told of what cannot be, where nobody waits for an answer. */
  readonly onFault: (error: unknown) => void;
  /** Told of a reset, and of how much. */
  readonly onReset?: (what: { readonly account?: string; readonly region?: string }) => void;
}

/** All state of a server, and the pipeline that calls go through: one unit a region, and the global one. */
export class Cloud {
  readonly #parts: CloudParts;
  #units = new Map<string, Unit>();
  #pipeline: Pipeline;

  constructor(parts: CloudParts) {
    this.#parts = parts;
    this.#pipeline = this.#open();
  }

  get pipeline(): Pipeline {
    return this.#pipeline;
  }

  get clock(): Clock {
    return this.#parts.clock;
  }

  get global(): Unit {
    return this.unit(GLOBAL);
  }

  unit(name: string): Unit {
    const known = this.#units.get(name);
    if (known) return known;
    const unit = new Unit(name, this.#parts.journal);
    this.#units.set(name, unit);
    return unit;
  }

  /** Opens every region that holds rows, and brings the world to what they say: after a start. */
  resume(): void {
    for (const name of this.#parts.journal.units()) this.unit(name);
    this.#pipeline.lost();
    this.wake();
  }

  /**
   * Does what has become due, and sees that the rest is done in time: after the clock was set.
   *
   * @throws what failed first; the other units have been woken, too
   */
  wake(): void {
    const faults: unknown[] = [];
    for (const [name, unit] of this.#units) {
      try {
        this.#pipeline.wake(unit, name);
      } catch (error) {
        faults.push(error);
      }
    }
    if (faults.length > 0) throw faults[0];
  }

  /** Makes a fresh account with a key of its root. */
  createAccount(): { AccountId: string; AccessKeyId: string; SecretAccessKey: string } {
    const { global } = this;
    const chance = this.#pipeline.chanceOf(global);
    const keys = global.table(keyTable);
    let account = "";
    do account = String(100_000_000_000 + chance.below(2 ** 32) * 200 + chance.below(200));
    while (keys.count("account", account) > 0);
    const id = newKeyId(chance, "AKIA");
    const secret = newSecret(chance);
    global.transact(() =>
      keys.insert({ id, seq: global.nextSeq(), account, secret, arn: rootArn(account), userId: account }),
    );
    return { AccountId: account, AccessKeyId: id, SecretAccessKey: secret };
  }

  /**
   * Empties everything, or what one account has, its users and roles with it (its root keeps its lasting keys), or one
   * region, or one account's part of it. If the database does not keep that, all is as after a kill.
   */
  reset(what: { readonly account?: string; readonly region?: string } = {}): void {
    this.#parts.onReset?.(what);
    try {
      if (what.account === undefined && what.region === undefined) {
        let eraseFiles = (): void => {};
        this.#parts.journal.clear(() => {
          eraseFiles = this.#parts.world.emptied();
          // What a server has from the start is there again, or nothing is gone.
          this.#reopen();
        });
        eraseFiles();
      } else {
        this.#forget(what);
      }
    } catch (error) {
      if (isStorageFault(error) || error instanceof NotKept) {
        this.#reopen();
        this.resume();
      }
      throw error;
    }
  }

  close(): void {
    this.#pipeline.close();
    this.#parts.journal.close();
  }

  /** What one account has, or what is in one region. */
  #forget({ account, region }: { readonly account?: string; readonly region?: string }): void {
    const names = region === undefined ? [...this.#units.keys()] : [region];
    const kept = { unit: GLOBAL, changes: region === undefined ? this.#rootKeysOf(account ?? "") : [] };
    const then = (): void => {
      for (const name of names) {
        const unit = this.unit(name);
        this.#parts.world.committed(unit, unit.forget(account, name === GLOBAL ? kept.changes : []));
      }
    };
    this.#parts.journal.erase(names, account, then, kept);
    for (const name of names) this.#pipeline.wake(this.unit(name), name);
  }

  /** As if they were made again. */
  #rootKeysOf(account: string): readonly Change[] {
    const table = this.global.table(keyTable);
    return keysOf(this.global, account)
      .filter(({ token }) => token === undefined)
      .map((after) => ({ table: table as unknown as Table<Row>, before: undefined, after }));
  }

  /** Brings the world, as it is without power, to what the rows say; and then rows to what they cannot have of it. */
  #restart(): () => void {
    const { world, loseHost } = this.#parts;
    world.lost();
    const homeless = Array.from(this.#units.values(), (unit) => ({ unit, instances: world.resumed(unit) }));
    return () => {
      for (const { unit, instances } of homeless) {
        if (instances.length === 0) continue;
        this.#pipeline.act(unit, "host-failure", (contextOf) => {
          for (const { id, account } of instances) loseHost(contextOf(account), id);
        });
      }
    };
  }

  /** Forgets what it has in memory of the rows. */
  #reopen(): void {
    this.#pipeline.close();
    this.#units = new Map();
    this.#pipeline = this.#open();
  }

  #open(): Pipeline {
    const { global } = this;
    const { chance, furnish } = this.#parts;
    const { result: hex } = global.transact(() => {
      furnish(global);
      const table = global.table(secrets);
      const known = table.get("seal");
      if (known) return known.hex;
      const fresh = chance.hex(64);
      table.insert({ id: "seal", seq: global.nextSeq(), account: "", hex: fresh });
      return fresh;
    });
    return new Pipeline({
      ...this.#parts,
      global,
      unitOf: (region) => this.unit(region),
      seal: new Seal(Buffer.from(hex, "hex")),
      restart: () => this.#restart(),
      authorize,
    });
  }
}
