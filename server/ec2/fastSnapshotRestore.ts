import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import { later, onDue, soon } from "../kit/agenda.ts";
import type { Context } from "../kit/context.ts";
import type { Filters } from "../kit/filters.ts";
import type { Handlers } from "../kit/handlers.ts";
import { describeList } from "../kit/list.ts";
import type { Row, TableDefinition } from "../state/table.ts";
import { zonesOf, type Zone } from "./catalogue/zones.ts";
import { checkReadable, snapshots, snapshotUsers } from "./snapshot.ts";
import { fastRestores } from "./volumeSource.ts";

/** That an account's volumes of a snapshot are to have full performance at once in a zone. */
interface FastRestore extends Row {
  readonly account: string;
  readonly snapshotId: string;
  /** Name and id: `us-east-1a`, `use1-az1`. */
  readonly zone: Pick<Zone, "name" | "id">;
  readonly state: Sdk.FastSnapshotRestoreStateCode;
  /** When it last came to each state: milliseconds since the epoch. */
  readonly times: Readonly<Partial<Record<Sdk.FastSnapshotRestoreStateCode, number>>>;
}

const KIND = "fast-snapshot-restore";
const definition: TableDefinition<FastRestore> = {
  name: KIND,
  indexes: { snapshot: ({ snapshotId }) => snapshotId, account: ({ account }) => account },
};

/** What follows on a state, and after how many seconds about; optimizing takes an hour for a TiB. */
const next: Readonly<
  Partial<Record<Sdk.FastSnapshotRestoreStateCode, readonly [Sdk.FastSnapshotRestoreStateCode, number]>>
> = {
  enabling: ["optimizing", 5],
  optimizing: ["enabled", 60],
  disabling: ["disabled", 5],
};

/** How long EC2 still shows what was disabled. */
const SHOWN_SECONDS = 3600;

/** What fast restore takes at most, in GiB. */
const MAX_SIZE = 16_384;

const rowId = (account: string, snapshotId: string, zone: string): string =>
  `${account}/${snapshotId}/${zone}`;

function enter(ctx: Context, row: FastRestore, state: Sdk.FastSnapshotRestoreStateCode): FastRestore {
  const changed = { ...row, state, times: { ...row.times, [state]: ctx.now } };
  ctx.unit.table(definition).replace(changed);
  const [event, seconds] = next[state] ?? [];
  if (event !== undefined && seconds !== undefined) soon(ctx, KIND, row.id, event, seconds);
  if (state === "disabled") later(ctx, KIND, row.id, "forget", SHOWN_SECONDS);
  return changed;
}

onDue(KIND, (ctx, id, event) => {
  const table = ctx.unit.table(definition);
  const row = table.get(id);
  if (!row) return;
  if (event === "forget") {
    if (row.state === "disabled") table.remove(id);
    return;
  }
  // It may have been switched the other way since.
  const [expected] = next[row.state] ?? [];
  if (expected !== undefined && expected === event) enter(ctx, row, expected);
});

const isOn = ({ state }: FastRestore): boolean => state !== "disabling" && state !== "disabled";

snapshotUsers.push((ctx, snapshotId) => {
  const row = ctx.unit.table(definition).by("snapshot", snapshotId).find(isOn);
  return (
    row &&
    `The snapshot ${snapshotId} is currently enabled for fast restores in ${row.zone.name}. Fast snapshot restores must be disabled within all Availability Zones before the snapshot may be deleted.`
  );
});

fastRestores.push(
  (ctx, snapshotId, zone) =>
    ctx.unit.table(definition).get(rowId(ctx.account, snapshotId, zone))?.state === "enabled",
);

const dateOf = (time: number | undefined): Date | undefined =>
  time === undefined ? undefined : new Date(time);

const view = ({
  account,
  snapshotId,
  zone,
  state,
  times,
}: FastRestore): Sdk.DescribeFastSnapshotRestoreSuccessItem => ({
  SnapshotId: snapshotId,
  AvailabilityZone: zone.name,
  AvailabilityZoneId: zone.id,
  State: state,
  StateTransitionReason:
    state === "enabling" || state === "disabling"
      ? "Client.UserInitiated"
      : "Client.UserInitiated - Lifecycle state transition",
  OwnerId: account,
  EnablingTime: dateOf(times.enabling),
  OptimizingTime: dateOf(times.optimizing),
  EnabledTime: dateOf(times.enabled),
  DisablingTime: dateOf(times.disabling),
  DisabledTime: dateOf(times.disabled),
});

type Request = Sdk.EnableFastSnapshotRestoresRequest | Sdk.DisableFastSnapshotRestoresRequest;

/** @throws {ApiError} InvalidParameterCombination, MissingParameter, InvalidZone.NotFound */
function readZones(
  ctx: Context,
  { AvailabilityZones: names = [], AvailabilityZoneIds: ids = [] }: Request,
): Zone[] {
  if (names.length > 0 && ids.length > 0) {
    throw new ApiError(
      "InvalidParameterCombination",
      "The parameter AvailabilityZones cannot be used with the parameter AvailabilityZoneIds",
    );
  }
  if (names.length + ids.length === 0) throw new ApiError("MissingParameter", "AvailabilityZone");
  const zones = zonesOf(ctx.region);
  return [...new Set([...names, ...ids])].map((asked) => {
    const zone = zones.find(({ name, id }) => (names.length > 0 ? name : id) === asked);
    if (!zone) throw new ApiError("InvalidZone.NotFound", asked);
    return zone;
  });
}

/** Does it for each snapshot in each zone; what cannot be done for one is no reason not to do it for the others. */
function forEach(ctx: Context, input: Request, act: (snapshotId: string, zone: Zone) => FastRestore) {
  const { SourceSnapshotIds: ids = [] } = input;
  const zones = readZones(ctx, input);
  for (const id of ids) snapshots.checkForm(id);
  const done: FastRestore[] = [];
  const failed: { SnapshotId: string; FastSnapshotRestoreStateErrors: FailedZone[] }[] = [];
  for (const id of new Set(ids)) {
    const errors: FailedZone[] = [];
    for (const zone of zones) {
      try {
        done.push(act(id, zone));
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        errors.push({
          AvailabilityZone: zone.name,
          AvailabilityZoneId: zone.id,
          Error: { Code: error.code, Message: error.message },
        });
      }
    }
    if (errors.length > 0) failed.push({ SnapshotId: id, FastSnapshotRestoreStateErrors: errors });
  }
  return { Successful: done.map(view), Unsuccessful: failed };
}

interface FailedZone {
  AvailabilityZone: string;
  AvailabilityZoneId: string;
  Error: { Code: string; Message: string };
}

function enable(ctx: Context, snapshotId: string, { name, id: zoneId }: Zone): FastRestore {
  const snapshot = snapshots.get(ctx, snapshotId);
  checkReadable(snapshot);
  if (snapshot.size > MAX_SIZE) {
    throw new ApiError(
      "InvalidParameterValue",
      `The snapshot '${snapshotId}' is larger than ${MAX_SIZE} GiB, which fast snapshot restore does not support.`,
    );
  }
  const table = ctx.unit.table(definition);
  const { account } = ctx;
  const id = rowId(account, snapshotId, name);
  const known = table.get(id);
  if (known && isOn(known)) return known;
  if (known) return enter(ctx, { ...known, times: {} }, "enabling");
  const row: FastRestore = {
    id,
    seq: ctx.unit.nextSeq(),
    account,
    snapshotId,
    zone: { name, id: zoneId },
    state: "enabling",
    times: {},
  };
  table.insert(row);
  return enter(ctx, row, "enabling");
}

function disable(ctx: Context, snapshotId: string, { name }: Zone): FastRestore {
  snapshots.get(ctx, snapshotId);
  const row = ctx.unit.table(definition).get(rowId(ctx.account, snapshotId, name));
  if (row && isOn(row)) return enter(ctx, row, "disabling");
  throw new ApiError(
    "InvalidParameterValue",
    `Fast snapshot restores are not enabled for snapshot '${snapshotId}' in ${name}.`,
  );
}

const filters: Filters<Sdk.DescribeFastSnapshotRestoreSuccessItem> = {
  "availability-zone": (item) => item.AvailabilityZone,
  "availability-zone-id": (item) => item.AvailabilityZoneId,
  "owner-id": (item) => item.OwnerId,
  "snapshot-id": (item) => item.SnapshotId,
  state: (item) => item.State,
};

export const operations = {
  DescribeFastSnapshotRestores: describeList({
    output: "FastSnapshotRestores",
    filters,
    pages: [0, 200],
    of: (_input: Sdk.DescribeFastSnapshotRestoresRequest, { unit, account }) =>
      unit.table(definition).by("account", account).map(view),
  }),

  DisableFastSnapshotRestores: (input, ctx) => forEach(ctx, input, (id, zone) => disable(ctx, id, zone)),

  EnableFastSnapshotRestores: (input, ctx) => forEach(ctx, input, (id, zone) => enable(ctx, id, zone)),
} satisfies Handlers;
