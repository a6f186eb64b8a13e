import type { Tag } from "@aws-sdk/client-iam";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Entities, EntityRow } from "./entity.ts";
import { breach, checkLength, pageOf, type PageRequest } from "./request.ts";

export type Tags = readonly { readonly Key: string; readonly Value: string }[];

export interface TaggedRow extends EntityRow {
  readonly tags: Tags;
}

const MAX_TAGS = 50;
const MAX_KEY = 128;
const MAX_VALUE = 256;
const TEXT = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/**
 * Tags, with those added that a call gives. Keys are told apart without regard to case.
 *
 * @param what for the error: `User`
 * @throws {ApiError} ValidationError, InvalidInput, LimitExceeded
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
 */
export function mergeTags(before: Tags, added: readonly Tag[] | undefined, what: string): Tags {
  const merged = new Map(before.map((tag) => [tag.Key.toLowerCase(), tag]));
  const seen = new Set<string>();
  for (const [i, { Key = "", Value = "" }] of (added ?? []).entries()) {
    checkLength(`tags.${i + 1}.member.key`, Key, 1, MAX_KEY);
    checkLength(`tags.${i + 1}.member.value`, Value, 0, MAX_VALUE);
    for (const [member, text] of [
      ["key", Key],
      ["value", Value],
    ] as const) {
      if (TEXT.test(text)) continue;
      const rule = String.raw`Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+`;
      throw breach(`tags.${i + 1}.member.${member}`, text, rule);
    }
    if (/^aws:/i.test(Key)) {
      throw new ApiError("InvalidInput", "Tag keys that begin with aws: are reserved for internal use.");
    }
    const folded = Key.toLowerCase();
    if (seen.has(folded)) {
      throw new ApiError(
        "InvalidInput",
        "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
      );
    }
    seen.add(folded);
    merged.set(folded, { Key, Value });
  }
  if (merged.size > MAX_TAGS) {
    throw new ApiError("LimitExceeded", `Cannot exceed quota for TagsPer${what}: ${MAX_TAGS}`);
  }
  return [...merged.values()];
}

/** What a call about tags does, to whatever has them. */
export function tagging<R extends TaggedRow, Index extends string>(
  entities: Entities<R, Index>,
  what: string,
) {
  const kind = entities as unknown as Entities<TaggedRow>;
  return {
    put: (ctx: Context, row: R, tags: readonly Tag[]): void => {
      kind.update(ctx, row, { tags: mergeTags(row.tags, tags, what) });
    },
    remove: (ctx: Context, row: R, keys: readonly string[]): void => {
      const gone = new Set(keys.map((key) => key.toLowerCase()));
      kind.update(ctx, row, { tags: row.tags.filter(({ Key }) => !gone.has(Key.toLowerCase())) });
    },
    list: (ctx: Context, row: R, request: PageRequest) => {
      const { items, rest } = pageOf(ctx, row.tags, request, ({ Key }) => Key, row.id);
      return { Tags: items, ...rest };
    },
  };
}
