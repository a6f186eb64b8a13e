import {
  CreateVolumeCommand,
  CreateVpcCommand,
  DescribeVolumesCommand,
  DescribeVpcsCommand,
  EC2Client,
} from "@aws-sdk/client-ec2";
import fc from "fast-check";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { Islet } from "../../server/index.ts";
import { cancel, later, nextDue, onDue, soon } from "../../server/kit/agenda.ts";
import type { Context } from "../../server/kit/context.ts";
import { openDatabase, sqliteJournal } from "../../server/state/journal.ts";
import { operate } from "../http/send.ts";
import { configOf, freshKeys, ownIslet, type Keys } from "../islet.ts";
import { desk } from "./desk.ts";

/** What happened, in order: `target/event at time`. */
let log: string[] = [];
const acts = new Map<string, (ctx: Context) => void>();
onDue("test", (ctx, target, event) => {
  log.push(`${target}/${event} at ${ctx.now}`);
  acts.get(event)?.(ctx);
});
afterEach(() => {
  log = [];
  acts.clear();
});

class Abandoned extends Error {}

function attempt(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof Abandoned)) throw error;
  }
}

describe("the agenda", () => {
  const targets = fc.constantFrom("a", "b", "c");
  const step = fc.oneof(
    fc.record({
      do: fc.constant("later" as const),
      target: targets,
      event: fc.constantFrom("x", "y"),
      seconds: fc.nat(20),
      undone: fc.boolean(),
    }),
    fc.record({ do: fc.constant("cancel" as const), target: targets, undone: fc.boolean() }),
    fc.record({ do: fc.constant("advance" as const), seconds: fc.nat(15) }),
    fc.record({ do: fc.constant("restart" as const) }),
  );

  test("keeps every appointment once, in its order, at its time, as a list would", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        log = [];
        const journal = sqliteJournal(openDatabase(":memory:"));
        let { unit, clock, call, pipeline, faults } = desk({ journal });
        const kept: string[] = [];
        const list = new Map<string, { due: number; order: number }>();
        let order = 0;
        for (const each of steps) {
          if (each.do === "restart") {
            const now = clock.now();
            ({ unit, clock, call, pipeline, faults } = desk({ journal }));
            clock.advance(now);
          } else if (each.do === "advance") {
            clock.advance(each.seconds * 1000);
          } else {
            const work = (ctx: Context) => {
              if (each.do === "later") later(ctx, "test", each.target, each.event, each.seconds);
              else cancel(ctx, "test", each.target);
              if (each.undone) throw new Abandoned();
            };
            attempt(() => call(work));
            if (each.undone) continue;
            if (each.do === "later") {
              const id = `${each.target}/${each.event}`;
              list.set(id, { due: clock.now() + each.seconds * 1000, order: list.get(id)?.order ?? ++order });
            } else {
              for (const known of list.keys()) if (known.startsWith(each.target)) list.delete(known);
            }
          }
          pipeline.settle(unit, "us-east-1");
          const due = [...list].filter(([, one]) => one.due <= clock.now());
          for (const [id] of due.toSorted(([, a], [, b]) => a.due - b.due || a.order - b.order)) {
            kept.push(`${id} at ${clock.now()}`);
            list.delete(id);
          }
          const left = [...list.values()].map((one) => one.due);
          expect(nextDue(unit)).toBe(left.toSorted((a, b) => a - b)[0]);
          expect(log).toEqual(kept);
        }
        expect(faults).toEqual([]);
        pipeline.close();
        journal.close();
      }),
      { seed: 7, numRuns: 200 },
    );
  });

  test("keeps those of one time in the order they were made in", () => {
    const { call, pipeline } = desk();
    const names = Array.from({ length: 50 }, (_, i) => `t${i}`);
    call((ctx) => {
      for (const name of names) soon(ctx, "test", name, "x", 0);
    });
    call(() => {});
    expect(log).toEqual(names.map((name) => `${name}/x at 0`));
    pipeline.close();
  });

  test("acts before the next call, not after it", () => {
    const { call, pipeline } = desk();
    call((ctx) => soon(ctx, "test", "a", "x", 100));
    expect(log).toEqual([]);
    call(() => void log.push("call"));
    expect(log).toEqual(["a/x at 0", "call"]);
    pipeline.close();
  });

  test("takes EC2's time at EC2's pace, and none at the instant one", () => {
    for (const pace of ["real", "instant"] as const) {
      const { call, unit, pipeline } = desk({ pace });
      call((ctx) => soon(ctx, "test", "a", "x", 100));
      call((ctx) => later(ctx, "test", "a", "y", 200));
      expect(nextDue(unit)).toBe(pace === "real" ? 100_000 : 200_000);
      pipeline.close();
    }
  });

  test("goes on after an appointment that fails, whose writes are undone", () => {
    const { call, unit, pipeline, faults } = desk();
    acts.set("bad", (ctx) => {
      later(ctx, "test", "a", "never", 0);
      throw new TypeError("a bug");
    });
    call((ctx) => {
      soon(ctx, "test", "a", "bad", 0);
      soon(ctx, "test", "a", "good", 0);
    });
    expect(call(() => "answered")).toBe("answered");
    expect(log).toEqual(["a/bad at 0", "a/good at 0"]);
    expect(faults).toEqual([new TypeError("a bug")]);
    expect(nextDue(unit)).toBeUndefined();
    pipeline.close();
  });

  test("acts by itself when nobody calls", async () => {
    const { call, pipeline } = desk();
    const acted = new Promise<void>((resolve) => acts.set("x", () => resolve()));
    call((ctx) => soon(ctx, "test", "a", "x", 0));
    await acted;
    expect(log).toEqual(["a/x at 0"]);
    pipeline.close();
  });
});

describe("over the wire", () => {
  const command = { AvailabilityZone: "us-east-1a", Size: 1 };
  const make = async (ec2: EC2Client): Promise<string | undefined> =>
    (await ec2.send(new CreateVolumeCommand(command))).VolumeId;
  const stateOf = async (ec2: EC2Client, id: string | undefined) => {
    const { Volumes } = await ec2.send(new DescribeVolumesCommand({ VolumeIds: [id ?? ""] }));
    return Volumes?.[0]?.State;
  };
  const clientOf = (islet: Islet, keys: Keys) => new EC2Client(configOf(islet, keys));

  test("at the instant pace the next call sees what became of it", async () => {
    const islet = await ownIslet();
    await operate(islet, "POST", "clock", { Frozen: true });
    const ec2 = clientOf(islet, freshKeys(islet));
    const made = await ec2.send(new CreateVolumeCommand(command));
    expect(made.State).toBe("creating");
    expect(await stateOf(ec2, made.VolumeId)).toBe("available");
    await islet.close();
  });

  test("at the real pace it takes as long as the clock says, and a restart changes nothing", async () => {
    const data = mkdtempSync(join(tmpdir(), "islet-agenda-"));
    const first = await ownIslet({ pace: "real", memory: false, data });
    await operate(first, "POST", "clock", { Frozen: true });
    const keys = freshKeys(first);
    const volume = await make(clientOf(first, keys));
    await operate(first, "POST", "clock", { Advance: 1 });
    expect(await stateOf(clientOf(first, keys), volume)).toBe("creating");
    await first.close();

    const second = await ownIslet({ pace: "real", memory: false, data });
    await operate(second, "POST", "clock", { Frozen: true });
    expect(await stateOf(clientOf(second, keys), volume)).toBe("creating");
    await operate(second, "POST", "clock", { Advance: 60 });
    expect(await stateOf(clientOf(second, keys), volume)).toBe("available");
    await second.close();
    rmSync(data, { recursive: true });
  });

  test("a VPC is available before anything else can be asked of it", async () => {
    const islet = await ownIslet();
    const ec2 = clientOf(islet, freshKeys(islet));
    const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
    expect(Vpc?.State).toBe("pending");
    const { Vpcs } = await ec2.send(new DescribeVpcsCommand({ VpcIds: [Vpc?.VpcId ?? ""] }));
    expect(Vpcs?.[0]?.State).toBe("available");
    await islet.close();
  });
});
