import type * as Sdk from "@aws-sdk/client-ec2";
import { formatPrefix } from "../../network/cidr.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import { compileFilters, type Filters } from "../kit/filters.ts";
import type { Handlers } from "../kit/handlers.ts";
import { describeList } from "../kit/list.ts";
import { takePage } from "../kit/pages.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { awsPrefixList, awsPrefixLists, type AwsPrefixList } from "./catalogue/prefixLists.ts";
import { readCidr } from "./cidrBlock.ts";

interface Entry {
  readonly cidr: string;
  readonly description: string | undefined;
}

interface Version {
  readonly version: number;
  readonly entries: readonly Entry[];
}

/** What a list will have when the change that is in progress is done. */
type Change = { readonly entries: readonly Entry[] } | { readonly maxEntries: number };

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
const SECONDS = 5;
/** "If a prefix list has 1,000 stored versions and you add a new version, the oldest version is removed." */
const MAX_VERSIONS = 1000;
const MAX_ENTRIES = 1000;
/** In one request. */
const MAX_CHANGES = 100;
/** How many of those who cannot hold a larger list are named. */
const MAX_NAMED = 10;

const NO_VERSION: Version = { version: 0, entries: [] };

/** What is in force. */
export const currentOf = ({ versions }: PrefixList): Version => versions.at(-1) ?? NO_VERSION;

const arnOf = (region: string, owner: string, id: string): string =>
  `arn:aws:ec2:${region}:${owner}:prefix-list/${id}`;

const filters: Filters<Sdk.ManagedPrefixList> = {
  "owner-id": (list) => list.OwnerId,
  "prefix-list-id": (list) => list.PrefixListId,
  "prefix-list-name": (list) => list.PrefixListName,
};

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

const usesOf = (ctx: Context, id: string): PrefixListUse[] =>
  prefixListUsers.flatMap((users) => users(ctx, id));

/** A list as rules and routes see it. */
export interface NamedBlocks {
  readonly id: string;
  readonly family: "IPv4" | "IPv6";
  readonly weight: number;
}

/** A list that a caller may use, of its own or of AWS; undefined if it is not there. */
export function findBlocks(ctx: Context, id: string): NamedBlocks | undefined {
  const aws = awsPrefixList(ctx.region, id);
  if (aws) return aws;
  const list = prefixLists.find(ctx, id);
  return list && list.state !== "delete-in-progress" ? { ...list, weight: list.maxEntries } : undefined;
}

/** @throws {ApiError} InvalidPrefixListId.Malformed, InvalidPrefixListID.NotFound */
export function getBlocks(ctx: Context, id: string): NamedBlocks {
  prefixLists.checkForm(id);
  const blocks = findBlocks(ctx, id);
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

const invalid = (message: string): ApiError => new ApiError("InvalidParameterValue", message);

function readName(name: string): string {
  if (name === "" || name.length > 255) {
    throw invalid(
      `Value (${name}) for parameter prefixListName is invalid. It must have 1 to 255 characters.`,
    );
  }
  if (name.startsWith("com.amazonaws")) {
    throw invalid(
      `Value (${name}) for parameter prefixListName is invalid. It cannot start with com.amazonaws.`,
    );
  }
  return name;
}

function readMaxEntries(count: number): number {
  if (count >= 1 && count <= MAX_ENTRIES) return count;
  throw invalid(`Must specify a max size between 1 and ${MAX_ENTRIES}`);
}

function readFamily(text: string): "IPv4" | "IPv6" {
  if (text === "IPv4" || text === "IPv6") return text;
  throw invalid(`Value (${text}) for parameter addressFamily is invalid. Valid values are IPv4 and IPv6.`);
}

const readBlock = (cidr: string | undefined, family: "IPv4" | "IPv6"): string =>
  formatPrefix(readCidr(cidr ?? "", "cidr", family === "IPv4" ? 4 : 6));

/** @throws {ApiError} InvalidParameterValue also for a block that is named twice */
function readBlocks<T extends { readonly Cidr?: string | undefined }>(
  asked: readonly T[],
  family: "IPv4" | "IPv6",
): Map<string, T> {
  if (asked.length > MAX_CHANGES) {
    throw invalid(`The number of entries per request cannot exceeds limit (${MAX_CHANGES}).`);
  }
  const blocks = new Map<string, T>();
  for (const entry of asked) {
    const cidr = readBlock(entry.Cidr, family);
    if (blocks.has(cidr)) throw invalid(`The CIDR ${cidr} is specified more than once.`);
    blocks.set(cidr, entry);
  }
  return blocks;
}

function readEntries(asked: readonly Sdk.AddPrefixListEntry[], family: "IPv4" | "IPv6"): Entry[] {
  return [...readBlocks(asked, family)].map(([cidr, { Description: description }]) => {
    if ((description?.length ?? 0) > 255) {
      throw invalid(`The description of entry ${cidr} is longer than 255 characters.`);
    }
    return { cidr, description };
  });
}

/** @throws {ApiError} PrefixListMaxEntriesExceeded */
function checkRoom(entries: readonly Entry[], maxEntries: number): void {
  if (entries.length > maxEntries) throw new ApiError("PrefixListMaxEntriesExceeded", maxEntries);
}

/** A list of the caller's, in which nothing is in progress. */
function getFree(ctx: Context, id: string): PrefixList {
  if (awsPrefixList(ctx.region, id)) {
    throw new ApiError("UnsupportedOperation", `The prefix list ${id} is managed by AWS.`);
  }
  const list = prefixLists.get(ctx, id);
  if (list.state.endsWith("-in-progress")) {
    throw new ApiError(
      "IncorrectState",
      `The prefix list ${id} cannot be changed in the current state (${list.state}).`,
    );
  }
  return list;
}

/** @throws {ApiError} InvalidParameterValue, PrefixListVersionMismatch */
function checkVersion(list: PrefixList, version: number | undefined): void {
  if (version === undefined) return;
  if (version < 1) {
    throw invalid("The specified value for version is not valid. The value must be greater than (1).");
  }
  if (version !== currentOf(list).version) throw new ApiError("PrefixListVersionMismatch");
}

/** The entries with some removed and others added. */
function changed(
  list: PrefixList,
  { AddEntries, RemoveEntries }: Sdk.ModifyManagedPrefixListRequest,
): Entry[] {
  const { entries } = currentOf(list);
  const added = readEntries(AddEntries ?? [], list.family);
  const removed = readBlocks(RemoveEntries ?? [], list.family);
  const both = added.find(({ cidr }) => removed.has(cidr));
  if (both) throw invalid(`The CIDR ${both.cidr} cannot be added and removed in the same request.`);
  const known = new Set(entries.map(({ cidr }) => cidr));
  const again = added.find(({ cidr }) => known.has(cidr));
  if (again) throw invalid(`The CIDR ${again.cidr} is already in the prefix list.`);
  const unknown = [...removed.keys()].find((cidr) => !known.has(cidr));
  if (unknown !== undefined) throw invalid(`The CIDR ${unknown} is not in the prefix list.`);
  const left = [...entries.filter(({ cidr }) => !removed.has(cidr)), ...added];
  checkRoom(left, list.maxEntries);
  return left;
}

function readChange(list: PrefixList, input: Sdk.ModifyManagedPrefixListRequest): Change | undefined {
  const { MaxEntries, AddEntries, RemoveEntries } = input;
  const hasEntries = (AddEntries?.length ?? 0) + (RemoveEntries?.length ?? 0) > 0;
  if (MaxEntries === undefined) return hasEntries ? { entries: changed(list, input) } : undefined;
  if (hasEntries) {
    throw new ApiError(
      "InvalidParameterCombination",
      "You cannot modify the entries and the maximum entries for the prefix list in the same request.",
    );
  }
  const maxEntries = readMaxEntries(MaxEntries);
  checkRoom(currentOf(list).entries, maxEntries);
  return { maxEntries };
}

const showAws = (ctx: Context, { id, name, family }: AwsPrefixList): Sdk.ManagedPrefixList => ({
  PrefixListId: id,
  PrefixListArn: arnOf(ctx.region, "aws", id),
  PrefixListName: name,
  AddressFamily: family,
  State: "create-complete",
  OwnerId: "AWS",
  Tags: [],
});

/** A list to be shown, in order of `seq`: AWS's come first. */
interface Shown {
  readonly seq: number;
  readonly view: Sdk.ManagedPrefixList;
}

function shown(ctx: Context, ids: readonly string[] | undefined): Shown[] {
  const aws = awsPrefixLists(ctx.region);
  const asked = ids?.length ? new Set(ids) : undefined;
  for (const id of asked ?? []) prefixLists.checkForm(id);
  const own = [...(asked ?? [])].filter((id) => !awsPrefixList(ctx.region, id));
  const rows = asked ? prefixLists.getAll(ctx, own) : prefixLists.own(ctx);
  return [
    ...aws.map((list, i) => ({ seq: i + 1, view: showAws(ctx, list) })),
    ...rows
      .toSorted((a, b) => a.seq - b.seq)
      .map((row) => ({ seq: row.seq + aws.length, view: prefixLists.show(ctx, row) })),
  ].filter(({ view }) => !asked || asked.has(view.PrefixListId ?? ""));
}

const describeManagedPrefixLists: NonNullable<Handlers["DescribeManagedPrefixLists"]> = (input, ctx) => {
  const keep = compileFilters(filters, input.Filters);
  const { items, ...page } = takePage(
    ctx,
    shown(ctx, input.PrefixListIds),
    input,
    ({ view }) => (!keep || keep(view, view) ? view : undefined),
    [1, 100, 100],
  );
  return { PrefixLists: items, ...page };
};

/** The entries of one of a list's versions. @throws {ApiError} InvalidParameterValue for a version it has not */
function entriesAt(ctx: Context, id: string, version: number | undefined): readonly Entry[] {
  const aws = awsPrefixList(ctx.region, id);
  if (aws) return aws.cidrs.map((cidr) => ({ cidr, description: undefined }));
  const list = prefixLists.get(ctx, id);
  if (version === undefined) return currentOf(list).entries;
  return versionOf(list, version, "targetVersion").entries;
}

function versionOf({ versions }: PrefixList, version: number, parameter: string): Version {
  const found = versions.find((each) => each.version === version);
  if (!found)
    throw invalid(`Value (${version}) for parameter ${parameter} is invalid. There is no such version.`);
  return found;
}

const numbered = <T>(items: readonly T[]): { readonly seq: number; readonly item: T }[] =>
  items.map((item, i) => ({ seq: i + 1, item }));

export const operations = {
  CreateManagedPrefixList: (input, ctx) => {
    const family = readFamily(input.AddressFamily);
    const maxEntries = readMaxEntries(input.MaxEntries);
    const entries = readEntries(input.Entries ?? [], family);
    checkRoom(entries, maxEntries);
    const list = prefixLists.create(
      ctx,
      {
        name: readName(input.PrefixListName),
        family,
        maxEntries,
        versions: [{ version: 1, entries }],
        state: "create-in-progress",
        stateMessage: undefined,
        change: undefined,
      },
      input.TagSpecifications,
    );
    prefixLists.soon(ctx, list.id, "created", SECONDS);
    return { PrefixList: prefixLists.show(ctx, list) };
  },

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

  DescribeManagedPrefixLists: Object.assign(describeManagedPrefixLists, { filters: Object.keys(filters) }),

  DescribePrefixLists: describeList({
    output: "PrefixLists",
    filters: {
      "prefix-list-id": (list) => list.PrefixListId,
      "prefix-list-name": (list) => list.PrefixListName,
    },
    of: ({ PrefixListIds }: Sdk.DescribePrefixListsRequest, { region }): Sdk.PrefixList[] => {
      const lists = awsPrefixLists(region).filter(({ gateway }) => gateway);
      for (const id of PrefixListIds ?? []) {
        prefixLists.checkForm(id);
        if (!lists.some((list) => list.id === id)) throw new ApiError("InvalidPrefixListID.NotFound", id);
      }
      return lists
        .filter(({ id }) => !PrefixListIds?.length || PrefixListIds.includes(id))
        .map(({ id, name, cidrs }) => ({ PrefixListId: id, PrefixListName: name, Cidrs: [...cidrs] }));
    },
  }),

  GetManagedPrefixListAssociations: ({ PrefixListId, ...page }, ctx) => {
    const { id } = getBlocks(ctx, PrefixListId);
    const uses = new Map(usesOf(ctx, id).map((use) => [use.id, use]));
    const { items, ...next } = takePage(
      ctx,
      numbered([...uses.values()]),
      page,
      ({ item }) => ({ ResourceId: item.id, ResourceOwner: item.owner }),
      [5, 255],
    );
    return { PrefixListAssociations: items, ...next };
  },

  GetManagedPrefixListEntries: ({ PrefixListId, TargetVersion, ...page }, ctx) => {
    prefixLists.checkForm(PrefixListId);
    const { items, ...next } = takePage(
      ctx,
      numbered(entriesAt(ctx, PrefixListId, TargetVersion)),
      page,
      ({ item }) => ({ Cidr: item.cidr, Description: item.description }),
      [1, 100, 100],
    );
    return { Entries: items, ...next };
  },

  ModifyManagedPrefixList: (input, ctx) => {
    const list = getFree(ctx, input.PrefixListId);
    if (input.IpamPrefixListResolverSyncEnabled !== undefined) {
      throw new ApiError("UnsupportedOperation", `The prefix list ${list.id} is not managed by IPAM.`);
    }
    checkVersion(list, input.CurrentVersion);
    const change = readChange(list, input);
    if (!change && input.PrefixListName === undefined) {
      throw new ApiError("MissingParameter", "addEntries, removeEntries, maxEntries or prefixListName");
    }
    const name = input.PrefixListName === undefined ? list.name : readName(input.PrefixListName);
    const row = prefixLists.update(ctx, list.id, {
      name,
      change,
      state: "modify-in-progress",
      stateMessage: undefined,
    });
    prefixLists.soon(ctx, list.id, "modified", SECONDS);
    return { PrefixList: prefixLists.show(ctx, row) };
  },

  RestoreManagedPrefixListVersion: ({ PrefixListId, PreviousVersion, CurrentVersion }, ctx) => {
    const list = getFree(ctx, PrefixListId);
    checkVersion(list, CurrentVersion);
    const { entries } = versionOf(list, PreviousVersion, "previousVersion");
    checkRoom(entries, list.maxEntries);
    const row = prefixLists.update(ctx, list.id, {
      change: { entries },
      state: "restore-in-progress",
      stateMessage: undefined,
    });
    prefixLists.soon(ctx, list.id, "restored", SECONDS);
    return { PrefixList: prefixLists.show(ctx, row) };
  },
} satisfies Handlers;

export const partly = {
  CreateManagedPrefixList: "sharing with other accounts",
  ModifyManagedPrefixList: "lists that IPAM keeps",
};
