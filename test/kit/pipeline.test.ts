import { describe, expect, test } from "vitest";
import { ApiError } from "../../server/errors.ts";
import { onDue, soon } from "../../server/kit/agenda.ts";
import { Clock } from "../../server/kit/clock.ts";
import type { Context } from "../../server/kit/context.ts";
import { openDatabase, sqliteJournal } from "../../server/state/journal.ts";
import type { Row, TableDefinition } from "../../server/state/table.ts";
import { NotKept, Unit } from "../../server/state/unit.ts";
import { note } from "../seen.ts";
import { desk } from "./desk.ts";

const notes: TableDefinition<Row> = { name: "note" };

const jot = ({ unit, account }: Context, id: string) =>
  unit.table(notes).insert({ id, seq: unit.nextSeq(), account });

const notesOf = (unit: Unit) => [...unit.table(notes).all()].map(({ id }) => id);

let steps: string[] = [];
onDue("pipeline", (ctx, target) => {
  steps.push(`due: ${target}`);
  jot(ctx, target);
});
onDue("chain", (ctx, target) => {
  jot(ctx, target);
  soon(ctx, "pipeline", `after ${target}`, "now", 0);
});

const settleIn = (ctx: Context) => {
  if (ctx.unit.table(notes).get("furniture")) return undefined;
  return () => {
    steps.push("settle in");
    jot(ctx, "furniture");
    soon(ctx, "pipeline", "dusted", "now", 0);
  };
};

describe("the way of a call", () => {
  test("what is due, settling in, permission, the call itself", () => {
    steps = [];
    const { call, pipeline, unit } = desk({ settleIn, authorize: () => void steps.push("authorize") });
    call((ctx) => {
      steps.push("call");
      soon(ctx, "pipeline", "done", "now", 0);
    });
    expect(steps).toEqual(["settle in", "due: dusted", "authorize", "call"]);
    call(() => void steps.push("call"));
    expect(steps.slice(4)).toEqual(["due: done", "authorize", "call"]);
    expect(notesOf(unit)).toEqual(["furniture", "dusted", "done"]);
    pipeline.close();
  });

  test("what follows at once from what was due comes before the call, too, though time goes on", () => {
    let now = 0;
    const { call, pipeline, unit } = desk({ clock: new Clock(() => now++) });
    call((ctx) => soon(ctx, "chain", "first", "now", 0));
    call(() => expect(notesOf(unit)).toEqual(["first", "after first"]));
    expect.assertions(1);
    pipeline.close();
  });

  test("what was there before a call stays when it fails, in the journal, too", () => {
    const journal = sqliteJournal(openDatabase(":memory:"));
    const { call, pipeline } = desk({ settleIn, journal });
    const failing = () =>
      call((ctx) => {
        jot(ctx, "mine");
        throw new ApiError("InvalidRequest", "no");
      });
    expect(failing).toThrow("no");
    expect(notesOf(new Unit("us-east-1", journal))).toEqual(["furniture", "dusted"]);
    pipeline.close();
    journal.close();
  });

  test("nobody settles in where there are no regions", () => {
    const { call, pipeline, global } = desk({ settleIn });
    call((ctx) => jot(ctx, "mine"), { unit: global });
    expect(notesOf(global)).toEqual(["mine"]);
    pipeline.close();
  });

  test("a dry run is for who may make the call, and ends there", () => {
    const refuse = () => {
      throw new ApiError("UnauthorizedOperation");
    };
    for (const [authorize, message] of [
      [refuse, "You are not authorized to perform this operation."],
      [() => {}, "Request would have succeeded, but DryRun flag is set."],
    ] as const) {
      const { call, pipeline, unit } = desk({ authorize });
      expect(() => call((ctx) => jot(ctx, "mine"), { input: { DryRun: true } })).toThrow(message);
      expect(notesOf(unit)).toEqual([]);
      pipeline.close();
    }
    // Until there are principals with less than all rights, no call is refused so.
    note("Test", "UnauthorizedOperation");
  });

  test("what is due and finds no room on the disk is tried again, by a world that has started again", () => {
    steps = [];
    let isFull = true;
    onDue("full", (ctx, target) => {
      jot(ctx, target);
      if (isFull) throw Object.assign(new Error("no space left on device"), { syscall: "write" });
    });
    const restart = () => {
      steps.push("restart");
      if (isFull) throw new Error("still full");
      return () => void steps.push("told");
    };
    const { call, pipeline, unit, faults } = desk({ restart });
    call((ctx) => soon(ctx, "full", "kept", "now", 0));
    expect(() => call(() => {})).toThrow(NotKept);
    expect(() => call(() => {})).toThrow("still full");
    expect(() => pipeline.wake(unit, "us-east-1")).toThrow("still full");
    expect(notesOf(unit)).toEqual([]);
    isFull = false;
    call(() => expect(notesOf(unit)).toEqual(["kept"]));
    call(() => {});
    expect([steps, faults]).toEqual([["restart", "restart", "restart", "told"], []]);
    pipeline.close();
  });
});
