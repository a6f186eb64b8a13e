/** The real pipeline over a unit of its own, with the hands of its clock in the test's hands. */
import { Chance } from "../../server/kit/chance.ts";
import { Clock } from "../../server/kit/clock.ts";
import type { Context } from "../../server/kit/context.ts";
import { Pipeline, type PipelineParts } from "../../server/kit/pipeline.ts";
import { Seal } from "../../server/kit/seal.ts";
import type { World } from "../../server/kit/world.ts";
import { noJournal, type Journal } from "../../server/state/journal.ts";
import { Unit } from "../../server/state/unit.ts";

/** A world without hosts, for calls that need none. */
export const emptyWorld: World = {
  hosts: {
    launch: () => "",
    allocateHost: () => {},
    reserve: () => {},
    cpu: () => undefined,
    whereabouts: () => undefined,
    snapshots: { size: () => 0, blocks: () => [], read: () => undefined, write: () => {} },
    writeVolume: () => {},
  },
  network: {
    takeFlows: () => [],
    takeTransitFlows: () => [],
    crowdedZones: () => [],
    queryGroups: () => {},
    joinedGroups: () => [],
    textsOf: () => [],
    clientTraffic: () => undefined,
    analyze: () => ({ found: false, forward: [], back: [], explanations: [], hints: [] }),
    findAccess: () => [],
  },
  objects: { open: () => undefined, put: () => {} },
  committed: () => {},
  resumed: () => [],
  lost: () => {},
  emptied: () => () => {},
};

export interface Desk {
  readonly unit: Unit;
  readonly global: Unit;
  readonly clock: Clock;
  readonly pipeline: Pipeline;
  /** What was reported as a fault. */
  readonly faults: unknown[];
  /** Makes a call, whose handler answers with the encoded members. */
  readonly call: (work: (ctx: Context) => string | void, how?: { input?: object; unit?: Unit }) => string;
}

type Choices = Partial<
  Pick<PipelineParts, "authorize" | "clock" | "pace" | "quotas" | "restart" | "settleIn">
>;

export function desk({ journal = noJournal, ...choices }: Choices & { journal?: Journal } = {}): Desk {
  const { clock = new Clock(() => 0) } = choices;
  const chance = new Chance("desk");
  const unit = new Unit("us-east-1", journal);
  const global = new Unit("global", noJournal);
  const faults: unknown[] = [];
  const pipeline = new Pipeline({
    clock,
    chance,
    seal: new Seal(chance.bytes(32)),
    pace: "instant",
    quotas: undefined,
    global,
    unitOf: () => unit,
    world: emptyWorld,
    restart: () => () => {},
    authorize: () => {},
    settleIn: () => undefined,
    onFault: (fault) => faults.push(fault),
    ...choices,
  });
  const account = "123456789012";
  return {
    unit,
    global,
    clock,
    pipeline,
    faults,
    call: (work, how = {}) =>
      pipeline.run({
        service: "ec2",
        operation: "Test",
        input: {},
        caller: { account, accessKeyId: "AKIATEST", arn: `arn:aws:iam::${account}:root`, userId: account },
        origin: { rawHeaders: [] },
        region: "us-east-1",
        requestId: "",
        unit,
        handler: (_input: never, ctx: Context) => ({ answer: work(ctx) ?? "" }),
        encode: (output) => (output as { answer: string }).answer,
        ...how,
      }),
  };
}
