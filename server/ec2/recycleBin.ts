import type { Tag } from "@aws-sdk/client-ec2";
import { ApiError, type CodeWith } from "../errors.ts";
import { cancel, later, onDue } from "../kit/agenda.ts";
import type { Context } from "../kit/context.ts";
import type { Resource, ResourceRow } from "../kit/resource.ts";
import { putTags, tagsOf } from "../kit/tags.ts";
import type { Row, TableDefinition } from "../state/table.ts";
import type { Unit } from "../state/unit.ts";
import { retentionOf, type RetainedType } from "./retentionRule.ts";

/** Something that was deleted, and can be restored for a while. Its id is that of what it was. */
export interface Recycled<R extends ResourceRow = ResourceRow> extends Row {
  readonly type: RetainedType;
  /** As it was, and is to be again. */
  readonly resource: R;
  readonly tags: readonly Tag[];
  /** Milliseconds since the epoch. */
  readonly entered: number;
  readonly exits: number;
}

/** What is in the Recycle Bin is in no other table: nothing finds it but what looks here. */
export const recycled: TableDefinition<Recycled> = {
  name: "recycled",
  indexes: { owner: ({ account, type }) => `${account}/${type}` },
};

const APPOINTMENT = "recycle-bin";

onDue(APPOINTMENT, ({ unit }, id) => unit.table(recycled).remove(id));

/**
 * Takes a resource of the caller's from its table; if a retention rule covers it, it is in the bin from then on.
 *
 * @param row what is to be restored
 */
export function discard<R extends ResourceRow, View extends object, Index extends string>(
  ctx: Context,
  type: RetainedType,
  resource: Resource<R, View, Index>,
  row: R,
): void {
  const tags = tagsOf(ctx, row.id);
  const seconds = retentionOf(ctx, type, tags);
  resource.delete(ctx, row.id);
  if (seconds === undefined) return;
  ctx.unit.table(recycled).insert({
    id: row.id,
    seq: ctx.unit.nextSeq(),
    account: row.account,
    type,
    resource: row,
    tags,
    entered: ctx.now,
    exits: ctx.now + seconds * 1000,
  });
  later(ctx, APPOINTMENT, row.id, "purge", seconds);
}

/** Whether a retention rule keeps it when it is deleted. */
export const isRetained = (ctx: Context, type: RetainedType, id: string): boolean =>
  retentionOf(ctx, type, tagsOf(ctx, id)) !== undefined;

/** What of a type the caller has in the bin, in the order in which it came there. */
const recycledOf = <R extends ResourceRow>(ctx: Context, type: RetainedType): readonly Recycled<R>[] =>
  ctx.unit.table(recycled).by("owner", `${ctx.account}/${type}`) as unknown as Recycled<R>[];

/** As far as looking for something in the bin needs to know what it was. */
interface Named {
  readonly definition: { readonly notFound: CodeWith<[string]> };
  checkForm(id: string): void;
}

/**
 * The same, or those of them that a call names.
 *
 * @throws {ApiError} the resource's malformed or not-found error
 */
export function recycledIn<R extends ResourceRow>(
  ctx: Context,
  type: RetainedType,
  resource: Named,
  ids: readonly string[] = [],
): readonly Recycled<R>[] {
  const kept = recycledOf<R>(ctx, type);
  if (ids.length === 0) return kept;
  for (const id of ids) resource.checkForm(id);
  const missing = ids.filter((id) => !kept.some((each) => each.id === id));
  if (missing.length > 0) throw new ApiError(resource.definition.notFound, missing.join(", "));
  return kept.filter(({ id }) => ids.includes(id));
}

/** Everything in the bin of a region. */
export const allRecycled = (unit: Unit): Iterable<Recycled> => unit.table(recycled).all();

export const isRecycled = (unit: Unit, id: string): boolean => unit.table(recycled).get(id) !== undefined;

/** Puts something back in its table, with its tags; undefined if the caller has no such thing in the bin. */
export function reclaim<R extends ResourceRow, View extends object, Index extends string>(
  ctx: Context,
  type: RetainedType,
  resource: Resource<R, View, Index>,
  id: string,
): R | undefined {
  const kept = recycledOf<R>(ctx, type).find((each) => each.id === id);
  if (!kept) return undefined;
  ctx.unit.table(recycled).remove(id);
  cancel(ctx, APPOINTMENT, id);
  // Behind those that were made in the meantime: a table is read in the order of its rows' places.
  const row = { ...kept.resource, seq: ctx.unit.nextSeq() };
  resource.table(ctx).insert(row);
  putTags(ctx, id, resource.definition.type, kept.tags);
  return row;
}

/** When something came into the bin, and when it is gone for good. */
export const viewStay = ({ entered, exits }: Recycled) => ({
  RecycleBinEnterTime: new Date(entered),
  RecycleBinExitTime: new Date(exits),
});
