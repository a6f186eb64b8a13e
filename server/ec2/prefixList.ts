import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Filters } from "../kit/filters.ts";
import type { Handlers } from "../kit/handlers.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { awsPrefixList } from "./catalogue/prefixLists.ts";

export interface Entry {
  readonly cidr: string;
  readonly description: string | undefined;
}

export interface Version {
  readonly version: number;
  readonly entries: readonly Entry[];
}

/** What a list will have when the change that is in progress is done. */
export type Change = { readonly entries: readonly Entry[] } | { readonly maxEntries: number };

export interface PrefixList extends ResourceRow {
  readonly name: string;
  readonly family: "IPv4" | "IPv6";
  /** As many rules or routes each rule or route that names it counts as. */
  readonly maxEntries: number;
  /** The newest, which is in force, is the last. */
  readonly versions: readonly Version[];
  readonly state: Sdk.PrefixListState;
  readonly stateMessage: string | undefined;
  readonly change: Change | undefined;
}

/** In seconds, about what EC2 takes for a change. */
export const SECONDS = 5;
/** "If a prefix list has 1,000 stored versions and you add a new version, the oldest version is removed." */
const MAX_VERSIONS = 1000;
/** How many of those who cannot hold a larger list are named. */
const MAX_NAMED = 10;

const NO_VERSION: Version = { version: 0, entries: [] };

/** What is in force. */
export const currentOf = ({ versions }: PrefixList): Version => versions.at(-1) ?? NO_VERSION;

export const arnOf = (region: string, owner: string, id: string): string =>
  `arn:aws:ec2:${region}:${owner}:prefix-list/${id}`;

export const filters: Filters<Sdk.ManagedPrefixList> = {
  "owner-id": (list) => list.OwnerId,
  "prefix-list-id": (list) => list.PrefixListId,
  "prefix-list-name": (list) => list.PrefixListName,
};

/** Who lets others use a list adds itself here: what shares resources between accounts. */
export const prefixListSharings: ((ctx: Context, list: PrefixList) => boolean)[] = [];

/** Address blocks under one name, for rules of security groups and for routes: what changes in it changes in all of them. */
export const prefixLists = defineResource({
  type: "prefix-list",
  idPrefix: "pl",
  notFound: "InvalidPrefixListID.NotFound",
  malformed: "InvalidPrefixListId.Malformed",
  ids: "PrefixListIds",
  view: (list: PrefixList, { ctx, account, tags }): Sdk.ManagedPrefixList => ({
    PrefixListId: list.id,
    PrefixListArn: arnOf(ctx.region, account, list.id),
    PrefixListName: list.name,
    AddressFamily: list.family,
    State: list.state,
    StateMessage: list.stateMessage,
    MaxEntries: list.maxEntries,
    Version: currentOf(list).version,
    OwnerId: account,
    Tags: tags,
  }),
  filters,
  shared: (list, ctx) => prefixListSharings.some((isShared) => isShared(ctx, list)),
  transitions: {
    created: (ctx, { id }) => prefixLists.update(ctx, id, { state: "create-complete" }),
    modified: (ctx, list) => finish(ctx, list, "modify"),
    restored: (ctx, list) => finish(ctx, list, "restore"),
    deleted: (ctx, { id }) => prefixLists.delete(ctx, id),
  },
});

/** Somebody whose rules or routes name a list. */
export interface PrefixListUse {
  readonly id: string;
  readonly owner: string;
  /** Whether it can hold so many rules or routes more than it has. */
  readonly holds: (more: number) => boolean;
}

/** Finds who uses a list: whatever can name lists adds itself here. */
export const prefixListUsers: ((ctx: Context, prefixListId: string) => readonly PrefixListUse[])[] = [];

export const usesOf = (ctx: Context, id: string): PrefixListUse[] =>
  prefixListUsers.flatMap((users) => users(ctx, id));

/** A list as rules and routes see it. */
export interface NamedBlocks {
  readonly id: string;
  readonly family: "IPv4" | "IPv6";
  readonly weight: number;
}

/**
 * A list of whomever, or of AWS; undefined if it is not there. Rules and routes that name one go by it even if it is not
 * shared with their owner any more.
 */
export function findBlocks(ctx: Context, id: string): NamedBlocks | undefined {
  const aws = awsPrefixList(ctx.region, id);
  if (aws) return aws;
  const list = prefixLists.table(ctx).get(id);
  return list && list.state !== "delete-in-progress" ? { ...list, weight: list.maxEntries } : undefined;
}

/**
 * A list that the caller may name: of AWS, its own, or shared with it.
 *
 * @throws {ApiError} InvalidPrefixListId.Malformed, InvalidPrefixListID.NotFound
 */
export function getBlocks(ctx: Context, id: string): NamedBlocks {
  prefixLists.checkForm(id);
  const blocks = awsPrefixList(ctx.region, id) || prefixLists.find(ctx, id) ? findBlocks(ctx, id) : undefined;
  if (!blocks) throw new ApiError("InvalidPrefixListID.NotFound", id);
  return blocks;
}

/** The change in progress comes about, unless somebody who names the list cannot hold it. */
function finish(ctx: Context, list: PrefixList, what: "modify" | "restore"): void {
  const { id, change, versions, maxEntries } = list;
  const done = { state: `${what}-complete`, stateMessage: undefined, change: undefined } as const;
  if (!change) {
    prefixLists.update(ctx, id, done);
  } else if ("entries" in change) {
    const version = currentOf(list).version + 1;
    const kept = [...versions, { version, entries: change.entries }].slice(-MAX_VERSIONS);
    prefixLists.update(ctx, id, { ...done, versions: kept });
  } else {
    const more = change.maxEntries - maxEntries;
    const full = usesOf(ctx, id).filter(({ holds }) => more > 0 && !holds(more));
    if (full.length === 0) {
      prefixLists.update(ctx, id, { ...done, maxEntries: change.maxEntries });
      return;
    }
    const names = full.slice(0, MAX_NAMED).map((use) => use.id);
    const stateMessage = `The following resources do not support the new maximum size: ${names.join(", ")}`;
    prefixLists.update(ctx, id, { state: "modify-failed", stateMessage, change: undefined });
  }
}

/** A list of the caller's, in which nothing is in progress. */
export function getFree(ctx: Context, id: string): PrefixList {
  if (awsPrefixList(ctx.region, id)) {
    throw new ApiError("UnsupportedOperation", `The prefix list ${id} is managed by AWS.`);
  }
  const list = prefixLists.get(ctx, id);
  if (list.account !== ctx.account) throw new ApiError("UnauthorizedOperation");
  if (list.state.endsWith("-in-progress")) {
    throw new ApiError(
      "IncorrectState",
      `The prefix list ${id} cannot be changed in the current state (${list.state}).`,
    );
  }
  return list;
}

export const operations = {
  DeleteManagedPrefixList: ({ PrefixListId }, ctx) => {
    const { id } = getFree(ctx, PrefixListId);
    if (usesOf(ctx, id).length > 0) {
      throw new ApiError(
        "DependencyViolation",
        `The prefix list '${id}' has dependencies and cannot be deleted.`,
      );
    }
    const list = prefixLists.update(ctx, id, { state: "delete-in-progress", stateMessage: undefined });
    prefixLists.soon(ctx, id, "deleted", SECONDS);
    return { PrefixList: prefixLists.show(ctx, list) };
  },
} satisfies Handlers;
