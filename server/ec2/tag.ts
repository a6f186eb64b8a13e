import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { describeList } from "../kit/list.ts";
import { resources } from "../kit/resource.ts";
import { checkTags, putTags, removeTags, tagTable } from "../kit/tags.ts";

const MAX_RESOURCES = 1000;

/** Rows with ids of their own that EC2 does not count as resources. */
const UNTAGGABLE = /-(?:association|event|modification|permission)$/;

type Taggable = NonNullable<ReturnType<(typeof resources)["get"]>>;

/**
 * The type of the resource with this id.
 *
 * @param tags that it is to be given
 * @throws {ApiError} InvalidID if no resource has ids of this form, the resource's own not-found error, or what it has
 *   against the tags
 */
function typeOf(ctx: Context, id: string, tags: readonly Sdk.Tag[] = []): string {
  let named: Taggable | undefined;
  for (const resource of resources.values()) {
    const { type, idPrefix } = resource.definition;
    if (!id.startsWith(`${idPrefix}-`) || UNTAGGABLE.test(type)) continue;
    // Of `tgw` and `tgw-attach`, the longer one.
    if (!named || named.definition.idPrefix.length < idPrefix.length) named = resource;
  }
  if (!named) throw new ApiError("InvalidID", id);
  const row = named.get(ctx, id);
  named.definition.checkTags?.(ctx, row, tags);
  return named.definition.type;
}

function readIds(ids: readonly string[]): string[] {
  if (ids.length > MAX_RESOURCES) {
    throw new ApiError("InvalidParameterValue", `The maximum number of resources is ${MAX_RESOURCES}`);
  }
  return [...new Set(ids)];
}

const allTags = (ctx: Context): Sdk.TagDescription[] =>
  ctx.unit
    .table(tagTable)
    .by("account", ctx.account)
    .flatMap(({ resourceId, resourceType, tags }) =>
      tags.map(({ Key, Value }) => ({
        Key,
        Value,
        ResourceId: resourceId,
        ResourceType: resourceType as Sdk.ResourceType,
      })),
    );

export const operations = {
  CreateTags: ({ Resources, Tags }, ctx) => {
    checkTags(Tags);
    if (Tags.length === 0) throw new ApiError("MissingParameter", "Tag");
    for (const id of readIds(Resources)) putTags(ctx, id, typeOf(ctx, id, Tags), Tags);
    return {};
  },

  DeleteTags: ({ Resources, Tags }, ctx) => {
    const ids = readIds(Resources);
    for (const id of ids) typeOf(ctx, id);
    for (const id of ids) {
      // Without tags, all go; with a key alone, whatever its value; with an empty value, only if it is empty.
      removeTags(ctx, id, ({ Key, Value }) =>
        Tags ? Tags.some((tag) => tag.Key === Key && (tag.Value === undefined || tag.Value === Value)) : true,
      );
    }
    return {};
  },

  DescribeTags: describeList({
    output: "Tags",
    filters: {
      key: (tag) => tag.Key,
      "resource-id": (tag) => tag.ResourceId,
      "resource-type": (tag) => tag.ResourceType,
      value: (tag) => tag.Value,
    },
    tagged: true,
    of: (_input: Sdk.DescribeTagsRequest, ctx) => allTags(ctx),
  }),
} satisfies Handlers;
