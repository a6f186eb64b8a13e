/** A call that writes in two regions. */
import { afterEach, describe, expect, test } from "vitest";
import { Chance } from "../../server/kit/chance.ts";
import { Clock } from "../../server/kit/clock.ts";
import type { Context } from "../../server/kit/context.ts";
import { defineResource, type ResourceRow } from "../../server/kit/resource.ts";
import { Pipeline } from "../../server/kit/pipeline.ts";
import { Seal } from "../../server/kit/seal.ts";
import { noJournal, openDatabase, sqliteJournal, type Journal } from "../../server/state/journal.ts";
import { Unit } from "../../server/state/unit.ts";
import { emptyWorld } from "./desk.ts";

interface Twin extends ResourceRow {
  readonly met: boolean;
}

const twins = defineResource({
  type: "test-twin",
  idPrefix: "twin",
  notFound: "InvalidID",
  ids: "",
  view: ({ id }: Twin) => ({ Id: id }),
  filters: {},
  transitions: { met: (ctx, { id }) => twins.update(ctx, id, { met: true }) },
});

const pipelines: Pipeline[] = [];
afterEach(() => {
  for (const pipeline of pipelines.splice(0)) pipeline.close();
});

function twoRegions(journal: Journal = noJournal) {
  const chance = new Chance("twins");
  const units = new Map(["near", "far"].map((name) => [name, new Unit(name, journal)]));
  const unitOf = (name: string): Unit => units.get(name) ?? new Unit(name, journal);
  const committed: string[] = [];
  const pipeline = new Pipeline({
    clock: new Clock(() => 0),
    chance,
    seal: new Seal(chance.bytes(32)),
    pace: "instant",
    quotas: undefined,
    global: new Unit("global", noJournal),
    unitOf,
    world: { ...emptyWorld, committed: ({ name }) => void committed.push(name) },
    restart: () => () => {},
    authorize: () => {},
    settleIn: () => undefined,
    onFault: (fault) => {
      throw fault;
    },
  });
  pipelines.push(pipeline);
  const account = "123456789012";
  const call = (region: string, work: (ctx: Context) => void) =>
    pipeline.run({
      service: "ec2",
      operation: "Test",
      input: {},
      caller: { account, accessKeyId: "", arn: "", userId: account },
      origin: { rawHeaders: [] },
      region,
      requestId: "",
      unit: unitOf(region),
      handler: (_input: never, ctx: Context) => {
        work(ctx);
        return {};
      },
      encode: () => "",
    });
  const rows = (region: string) => [...twins.table({ unit: unitOf(region) }).all()];
  return { call, rows, committed };
}

/** Makes a row in both regions, and an appointment with each. */
const make = (ctx: Context): void => {
  for (const there of [ctx, ctx.elsewhere("far")]) {
    twins.create(there, { met: false }, undefined, "twin-01234567");
    twins.soon(there, "twin-01234567", "met", 1);
  }
};

describe("a call that is at work in another region", () => {
  test("writes in both, in one transaction, and the world follows in both", () => {
    const { call, rows, committed } = twoRegions();
    call("near", (ctx) => {
      make(ctx);
      // What is read in between is as it was written, though something is due there.
      expect(twins.find({ ...ctx, unit: ctx.unitOf("far") }, "twin-01234567")).toBeDefined();
      expect(ctx.elsewhere("near")).toBe(ctx);
    });
    expect(committed).toEqual(["near", "far"]);
    for (const region of ["near", "far"]) {
      call(region, () => {});
      expect(rows(region)).toMatchObject([{ id: "twin-01234567", met: true }]);
    }
  });

  test("writes in neither if it fails", () => {
    const { call, rows, committed } = twoRegions();
    expect(() =>
      call("near", (ctx) => {
        make(ctx);
        throw new RangeError("no");
      }),
    ).toThrow(RangeError);
    expect([rows("near"), rows("far"), committed]).toEqual([[], [], []]);
    call("far", (ctx) => void twins.create(ctx, { met: false }));
    expect(rows("far")).toHaveLength(1);
  });

  test("writes in neither if the journal fails, and in both if it does not", () => {
    const kept = sqliteJournal(openDatabase(":memory:"));
    let fails = true;
    const { call, rows } = twoRegions({
      ...kept,
      commit: (...changes) => {
        if (fails) throw new Error("the disk is full");
        kept.commit(...changes);
      },
    });
    expect(() => call("near", make)).toThrow("the disk is full");
    expect([rows("near"), rows("far")]).toEqual([[], []]);
    fails = false;
    call("near", make);
    for (const name of ["near", "far"]) {
      const again = new Unit(name, kept);
      expect([...twins.table({ unit: again }).all()]).toMatchObject([{ id: "twin-01234567" }]);
    }
    kept.close();
  });

  test("writes there alone, if that is all there is to do", () => {
    const { call, rows, committed } = twoRegions();
    call("near", (ctx) => void twins.create(ctx.elsewhere("far"), { met: false }));
    expect([rows("near").length, rows("far").length, committed]).toEqual([0, 1, ["far"]]);
  });
});

test("a unit that is in a transaction of its own cannot join another", () => {
  const [one, other] = [new Unit("one", noJournal), new Unit("other", noJournal)];
  expect(() => one.join(other)).toThrow("outside a transaction");
  one.transact(() => {
    other.transact(() => {
      expect(() => one.join(other)).toThrow("in another transaction");
    });
    one.join(other);
    one.join(other);
    expect(other.busy).toBe(true);
  });
  expect([one.busy, other.busy]).toEqual([false, false]);
});
