import type * as Sdk from "@aws-sdk/client-ec2";
import { onDue, soon } from "../kit/agenda.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import type { Row, TableDefinition } from "../state/table.ts";
import {
  control,
  controlOf,
  demand,
  EXCLUSIONS,
  readDemand,
  type EncryptionDemand,
  type Exclusion,
} from "./vpcEncryptionControl.ts";
import { furnishings, vpcs, type Vpc } from "./vpc.ts";

/** What an account demands of all its VPCs in a region. */
interface AccountEncryptionControl extends Row {
  readonly mode: Sdk.AccountVpcEncryptionControlMode;
  readonly exclusions: readonly Exclusion[];
  readonly state: Sdk.AccountVpcEncryptionControlState;
  /** Milliseconds since the epoch. */
  readonly updated: number;
}

const definition: TableDefinition<AccountEncryptionControl> = { name: "account-encryption-control" };
const KIND = definition.name;

/** Seconds that EC2 takes, about: more than for one VPC. */
const CHANGE_SECONDS = 360;

const rowOf = ({ unit, account }: Context): AccountEncryptionControl | undefined =>
  unit.table(definition).get(account);

export const accountModeOf = (ctx: Context): Sdk.AccountVpcEncryptionControlMode =>
  rowOf(ctx)?.mode ?? "unmanaged";

function demandOf({ mode, exclusions }: AccountEncryptionControl): EncryptionDemand | undefined {
  if (mode === "unmanaged") return undefined;
  return mode === "attempt-enforce" ? { mode: "enforce", exclusions } : { mode: "monitor", exclusions: [] };
}

const isAsDemanded = (ctx: Context, vpc: Vpc, { mode, exclusions }: EncryptionDemand): boolean => {
  const found = controlOf(ctx, vpc.id);
  return found?.mode === mode && exclusions.length === found.exclusions.length;
};

/** "All VPCs", "one or more VPCs" or no VPC "did not transition to the expected mode". */
onDue(KIND, (ctx) => {
  const row = rowOf(ctx);
  const wanted = row && demandOf(row);
  if (!wanted) return;
  const all = vpcs.own(ctx);
  const done = all.filter((vpc) => isAsDemanded(ctx, vpc, wanted)).length;
  const state =
    done === all.length
      ? "transitions-successful"
      : done === 0
        ? "transitions-failed"
        : "transitions-partially-successful";
  ctx.unit.table(definition).replace({ ...row, state });
});

furnishings.push((ctx, vpc) => {
  const row = rowOf(ctx);
  const wanted = row && demandOf(row);
  if (wanted) control(ctx, vpc.id, wanted);
});

function view(ctx: Context): Sdk.AccountVpcEncryptionControl {
  const row = rowOf(ctx);
  const exclusions = row?.exclusions ?? [];
  return {
    State: row?.state ?? "default-state",
    Mode: accountModeOf(ctx),
    Exclusions: Object.fromEntries(
      EXCLUSIONS.map((name) => [name, exclusions.includes(name) ? "enabled" : "disabled"]),
    ),
    ManagedBy: "account",
    LastUpdateTimestamp: row && new Date(row.updated),
  };
}

export const operations = {
  DescribeAccountVpcEncryptionControl: (_, ctx) => ({ AccountVpcEncryptionControl: view(ctx) }),

  ModifyAccountVpcEncryptionControl: ({ Mode, ...asked }, ctx) => {
    const known = rowOf(ctx);
    const mode = Mode ?? accountModeOf(ctx);
    const { exclusions } = readDemand(
      mode === "attempt-enforce" ? "enforce" : "monitor",
      asked,
      known?.exclusions,
    );
    const row: AccountEncryptionControl = {
      id: ctx.account,
      account: ctx.account,
      seq: known?.seq ?? ctx.unit.nextSeq(),
      mode,
      exclusions,
      state: mode === "unmanaged" ? "default-state" : "transitions-in-progress",
      updated: ctx.now,
    };
    const table = ctx.unit.table(definition);
    if (known) table.replace(row);
    else table.insert(row);
    const wanted = demandOf(row);
    if (wanted) {
      for (const vpc of vpcs.own(ctx)) demand(ctx, controlOf(ctx, vpc.id) ?? control(ctx, vpc.id), wanted);
      soon(ctx, KIND, ctx.account, "changed", CHANGE_SECONDS);
    }
    return { AccountVpcEncryptionControl: view(ctx) };
  },
} satisfies Handlers;
