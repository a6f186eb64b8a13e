import type { Tag, TagSpecification } from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Row, TableDefinition } from "../state/table.ts";
import type { Context } from "./context.ts";

/** The tags that one account has put on one resource. */
export interface TagRow extends Row {
  readonly resourceId: string;
  readonly resourceType: string;
  /** In order of creation. */
  readonly tags: readonly Required<Tag>[];
}

const MAX_TAGS = 50;
const MAX_KEY = 128;
const MAX_VALUE = 256;

export const tagTable: TableDefinition<TagRow> = {
  name: "tag",
  indexes: { account: ({ account }) => account, resource: ({ resourceId }) => resourceId },
};

const rowId = (account: string, resourceId: string): string => `${account}/${resourceId}`;

const NO_TAGS: readonly Required<Tag>[] = [];

/** The caller's tags on a resource. */
export const tagsOf = (ctx: Context, resourceId: string, account = ctx.account): readonly Required<Tag>[] =>
  ctx.unit.table(tagTable).get(rowId(account, resourceId))?.tags ?? NO_TAGS;

/** @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions */
export function checkTags(tags: readonly Tag[]): Required<Tag>[] {
  const keys = new Set<string>();
  return tags.map(({ Key, Value }) => {
    if (!Key) throw new ApiError("InvalidParameterValue", "Tag key cannot be empty.");
    if (Key.length > MAX_KEY) {
      throw new ApiError(
        "InvalidParameterValue",
        `Tag key exceeds the maximum length of ${MAX_KEY} characters`,
      );
    }
    if ((Value?.length ?? 0) > MAX_VALUE) {
      throw new ApiError(
        "InvalidParameterValue",
        `Tag value exceeds the maximum length of ${MAX_VALUE} characters`,
      );
    }
    if (/^aws:/i.test(Key)) {
      throw new ApiError(
        "InvalidParameterValue",
        `Tag keys starting with 'aws:' are reserved for internal use`,
      );
    }
    if (keys.has(Key)) {
      throw new ApiError("InvalidParameterValue", `Duplicate tag key '${Key}' specified.`);
    }
    keys.add(Key);
    return { Key, Value: Value ?? "" };
  });
}

/** Adds tags to a resource, or overwrites those whose keys are there already. */
export function putTags(ctx: Context, resourceId: string, resourceType: string, tags: readonly Tag[]): void {
  const added = checkTags(tags);
  if (added.length === 0) return;
  const table = ctx.unit.table(tagTable);
  const before = table.get(rowId(ctx.account, resourceId));
  const merged = new Map([...(before?.tags ?? []), ...added].map((tag) => [tag.Key, tag]));
  if (merged.size > MAX_TAGS) throw new ApiError("TagLimitExceeded", resourceId);
  if (before) table.replace({ ...before, tags: [...merged.values()] });
  else {
    table.insert({
      id: rowId(ctx.account, resourceId),
      seq: ctx.unit.nextSeq(),
      account: ctx.account,
      resourceId,
      resourceType,
      tags: [...merged.values()],
    });
  }
}

/** Removes the tags for which `gone` holds. */
export function removeTags(ctx: Context, resourceId: string, gone: (tag: Required<Tag>) => boolean): void {
  const table = ctx.unit.table(tagTable);
  const row = table.get(rowId(ctx.account, resourceId));
  if (!row) return;
  const tags = row.tags.filter((tag) => !gone(tag));
  if (tags.length === 0) table.remove(row.id);
  else if (tags.length < row.tags.length) table.replace({ ...row, tags });
}

/** Removes everybody's tags on a resource that is no more. */
export function dropTags(ctx: Context, resourceId: string): void {
  const table = ctx.unit.table(tagTable);
  for (const { id } of table.by("resource", resourceId)) table.remove(id);
}

/**
 * The tags that a call asks for on the resources of `type` that it creates.
 *
 * @param types every type that the call may create and tag
 * @throws {ApiError} InvalidParameterValue for a type that the call does not create, InvalidTagKey.Malformed for no tags
 */
export function tagsFor(
  specifications: readonly TagSpecification[] | undefined,
  type: string,
  types: readonly string[] = [type],
): Required<Tag>[] {
  const tags: Tag[] = [];
  const seen = new Set<string>();
  for (const { ResourceType, Tags } of specifications ?? []) {
    if (!ResourceType) {
      throw new ApiError("InvalidParameterValue", "Tag specification resource type must have a value");
    }
    if (!types.includes(ResourceType)) {
      throw new ApiError(
        "InvalidParameterValue",
        `'${ResourceType}' is not a valid taggable resource type for this operation.`,
      );
    }
    if (seen.has(ResourceType)) {
      throw new ApiError(
        "InvalidParameterValue",
        `The same resource type may not be specified more than once in tag specifications`,
      );
    }
    seen.add(ResourceType);
    if (!Tags || Tags.length === 0) {
      throw new ApiError("InvalidTagKey.Malformed", "Tag specification must have at least one tag");
    }
    if (ResourceType === type) tags.push(...Tags);
  }
  return checkTags(tags);
}
