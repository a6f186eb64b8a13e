import type * as Sdk from "@aws-sdk/client-ec2";
import { onDue, soon } from "../kit/agenda.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import type { Row, TableDefinition } from "../state/table.ts";

/** What an account keeps from the internet in a region. */
interface BlockPublicAccess extends Row {
  readonly mode: Sdk.InternetGatewayBlockMode;
  readonly state: Exclude<Sdk.VpcBlockPublicAccessState, "default-state">;
  /** Milliseconds since the epoch. */
  readonly updated: number;
}

export const blockPublicAccessTable: TableDefinition<BlockPublicAccess> = { name: "block-public-access" };

/** Seconds that EC2 takes for a change of the mode, or of an exclusion. */
export const CHANGE_SECONDS = 60;

/** A deleted exclusion is shown for so long. */
const SHOWN_SECONDS = 3600;

onDue("block-public-access", ({ unit }, account) => {
  const row = unit.table(blockPublicAccessTable).get(account);
  if (row) unit.table(blockPublicAccessTable).replace({ ...row, state: "update-complete" });
});

export interface BlockPublicAccessExclusion extends ResourceRow {
  /** The VPC, or the subnet. */
  readonly resourceId: string;
  readonly mode: Sdk.InternetGatewayExclusionMode;
  readonly state: Sdk.VpcBlockPublicAccessExclusionState;
  /** Milliseconds since the epoch. */
  readonly updated: number;
  readonly deleted: number | undefined;
}

const isVpc = (id: string): boolean => id.startsWith("vpc-");

export const isGone = ({ state }: BlockPublicAccessExclusion): boolean =>
  state === "delete-in-progress" || state === "delete-complete";

/** What exempts a VPC or a subnet from what its account keeps from the internet. */
export const blockPublicAccessExclusions = defineResource({
  type: "vpc-block-public-access-exclusion",
  idPrefix: "vpcbpa-exclude",
  notFound: "InvalidVpcBlockPublicAccessExclusionId.NotFound",
  ids: "ExclusionIds",
  view: (
    { id, resourceId, mode, state, created, updated, deleted }: BlockPublicAccessExclusion,
    { ctx, account, tags },
  ): Sdk.VpcBlockPublicAccessExclusion => ({
    ExclusionId: id,
    InternetGatewayExclusionMode: mode,
    ResourceArn: `arn:aws:ec2:${ctx.region}:${account}:${isVpc(resourceId) ? "vpc" : "subnet"}/${resourceId}`,
    State: state,
    CreationTimestamp: new Date(created),
    LastUpdateTimestamp: new Date(updated),
    DeletionTimestamp: deleted === undefined ? undefined : new Date(deleted),
    Tags: tags,
  }),
  filters: {
    "internet-gateway-exclusion-mode": (exclusion) => exclusion.InternetGatewayExclusionMode,
    "resource-arn": (exclusion) => exclusion.ResourceArn,
    state: (exclusion) => exclusion.State,
    "tag-value": (exclusion) => exclusion.Tags?.map(({ Value }) => Value),
  },
  indexes: {
    resource: ({ resourceId }) => resourceId,
    excluded: (row) => (isGone(row) ? undefined : row.resourceId),
  },
  parents: { vpc: "resource", subnet: "resource" },
  partOf: () => true,
  transitions: {
    created: (ctx, { id, state }) => {
      if (state === "create-in-progress") settle(ctx, id, "create-complete");
    },
    updated: (ctx, { id, state }) => {
      if (state === "update-in-progress") settle(ctx, id, "update-complete");
    },
    deleted: (ctx, { id }) => {
      settle(ctx, id, "delete-complete");
      blockPublicAccessExclusions.later(ctx, id, "forget", SHOWN_SECONDS);
    },
    forget: (ctx, { id }) => blockPublicAccessExclusions.delete(ctx, id),
  },
  pages: [5, 1000],
});

function settle(ctx: Context, id: string, state: Sdk.VpcBlockPublicAccessExclusionState): void {
  blockPublicAccessExclusions.update(ctx, id, { state });
}

/**
 * What the owner of a VPC keeps from the internet in it, or in one of its subnets: what the account as a whole does,
 * if no exclusion says otherwise.
 */
export function blockModeOf(
  { unit }: Pick<Context, "unit">,
  account: string,
  vpcId: string,
  subnetId?: string,
): Sdk.BlockPublicAccessMode {
  const mode = unit.table(blockPublicAccessTable).get(account)?.mode ?? "off";
  if (mode === "off") return mode;
  const excluded = (id: string): BlockPublicAccessExclusion | undefined =>
    blockPublicAccessExclusions.table({ unit }).by("excluded", id)[0];
  const exclusion = (subnetId === undefined ? undefined : excluded(subnetId)) ?? excluded(vpcId);
  if (!exclusion) return mode;
  return exclusion.mode === "allow-bidirectional" ? "off" : "block-ingress";
}

function viewOptions({ unit, account, region }: Context): Sdk.VpcBlockPublicAccessOptions {
  const row = unit.table(blockPublicAccessTable).get(account);
  return {
    AwsAccountId: account,
    AwsRegion: region,
    State: row?.state ?? "default-state",
    InternetGatewayBlockMode: row?.mode ?? "off",
    LastUpdateTimestamp: row && new Date(row.updated),
    ManagedBy: "account",
    ExclusionsAllowed: "allowed",
  };
}

export const operations = {
  DescribeVpcBlockPublicAccessOptions: (_, ctx) => ({ VpcBlockPublicAccessOptions: viewOptions(ctx) }),

  ModifyVpcBlockPublicAccessOptions: ({ InternetGatewayBlockMode: mode }, ctx) => {
    const { unit, account, now } = ctx;
    const table = unit.table(blockPublicAccessTable);
    const known = table.get(account);
    const changed = { mode, state: "update-in-progress", updated: now } as const;
    if (known) table.replace({ ...known, ...changed });
    else table.insert({ id: account, seq: unit.nextSeq(), account, ...changed });
    soon(ctx, "block-public-access", account, "updated", CHANGE_SECONDS);
    return { VpcBlockPublicAccessOptions: viewOptions(ctx) };
  },
} satisfies Handlers;
