import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import { compileFilters } from "../kit/filters.ts";
import type { Handlers } from "../kit/handlers.ts";
import { describeList } from "../kit/list.ts";
import { takePage } from "../kit/pages.ts";
import { awsPrefixList, awsPrefixLists, type AwsPrefixList } from "./catalogue/prefixLists.ts";
import { arnOf, currentOf, filters, getBlocks, prefixLists, usesOf, type Entry } from "./prefixList.ts";
import { versionOf } from "./prefixListEntries.ts";

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
  const rows = asked ? prefixLists.getAll(ctx, own) : prefixLists.visible(ctx);
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

const numbered = <T>(items: readonly T[]): { readonly seq: number; readonly item: T }[] =>
  items.map((item, i) => ({ seq: i + 1, item }));

export const operations = {
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
    const isOwn = prefixLists.table(ctx).get(id)?.account === ctx.account;
    // Only the owner of a list learns who else uses it.
    const shown = usesOf(ctx, id).filter(({ owner }) => isOwn || owner === ctx.account);
    const uses = new Map(shown.map((use) => [use.id, use]));
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
} satisfies Handlers;
