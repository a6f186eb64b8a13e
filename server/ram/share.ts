import type * as Ram from "@aws-sdk/client-ram";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Row, TableDefinition } from "../state/table.ts";
import { arnOf, idIn } from "./ramRequest.ts";

/** Resources of an account, and whom it lets use them. */
export interface Share extends Row {
  readonly name: string;
  /** Whether others than the organization's accounts can be let in: without an organization, whether anybody can. */
  readonly takesStrangers: boolean;
  readonly status: "ACTIVE" | "DELETED";
  /** ARNs of those that were asked for; each type of resource has its default one beside. */
  readonly permissions: readonly string[];
  readonly tags: readonly { readonly key: string; readonly value: string }[];
  /** Milliseconds since the epoch. */
  readonly created: number;
  readonly updated: number;
}

export const shareTable: TableDefinition<Share> = {
  name: "ram-share",
  indexes: { account: ({ account }) => account },
};

export const shareArn = (ctx: Pick<Context, "region">, { account, id }: Share): string =>
  arnOf(ctx, "resource-share", account, id);

/** What is asked for by its ARN, if it is there. @throws {ApiError} MalformedArnException */
export function findShare(ctx: Context, arn: string): Share | undefined {
  const share = ctx.unit.table(shareTable).get(idIn(ctx, "resource-share", arn) ?? "");
  return share && shareArn(ctx, share) === arn ? share : undefined;
}

export const unknownShare = (arn: string): ApiError =>
  new ApiError("UnknownResourceException", `ResourceShare ${arn} could not be found.`);

/**
 * A share of the caller's.
 *
 * @throws {ApiError} MalformedArnException, UnknownResourceException
 */
export function getOwnShare(ctx: Context, arn: string): Share {
  const share = findShare(ctx, arn);
  if (share?.account !== ctx.account || share.status !== "ACTIVE") throw unknownShare(arn);
  return share;
}

export function updateShare(ctx: Context, share: Share, changes: Partial<Share>): Share {
  const row = { ...share, ...changes, updated: ctx.now };
  ctx.unit.table(shareTable).replace(row);
  return row;
}

/** Tags are the owner's to see. */
export const viewShare = (ctx: Context, share: Share): Ram.ResourceShare => ({
  resourceShareArn: shareArn(ctx, share),
  name: share.name,
  owningAccountId: share.account,
  allowExternalPrincipals: share.takesStrangers,
  status: share.status,
  tags: share.account === ctx.account ? share.tags.map(({ key, value }) => ({ key, value })) : [],
  creationTime: new Date(share.created),
  lastUpdatedTime: new Date(share.updated),
  featureSet: "STANDARD",
});
