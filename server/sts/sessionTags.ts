import type * as Sts from "@aws-sdk/client-sts";
import type { SessionTerms } from "../auth/keys.ts";
import { ApiError } from "../errors.ts";
import { breach, checkLength } from "../iam/request.ts";
import type { Tags } from "../iam/tags.ts";
import { checkPattern } from "./request.ts";

const MOST_TAGS = 50;
const MAX_KEY = 128;
const MAX_VALUE = 256;
const TEXT = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
const KEY_PATTERN = String.raw`[\p{L}\p{Z}\p{N}_.:/=+\-@]+`;
const VALUE_PATTERN = String.raw`[\p{L}\p{Z}\p{N}_.:/=+\-@]*`;

const misused = (message: string): ApiError => new ApiError("InvalidParameterValue", message);
const fold = (key: string): string => key.toLowerCase();

/** @throws {ApiError} ValidationError */
function checkKey(member: string, key: string): void {
  checkLength(member, key, 1, MAX_KEY);
  checkPattern(member, key, TEXT, KEY_PATTERN);
}

/**
 * The tags that a call gives to a session.
 *
 * @throws {ApiError} ValidationError, InvalidParameterValue
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
 */
export function readTags(asked: readonly Sts.Tag[] = []): Tags {
  if (asked.length > MOST_TAGS) {
    throw breach("tags", "", `Member must have length less than or equal to ${MOST_TAGS}`);
  }
  const tags = asked.map(({ Key = "", Value = "" }, i) => {
    checkKey(`tags.${i + 1}.member.key`, Key);
    checkLength(`tags.${i + 1}.member.value`, Value, 0, MAX_VALUE);
    checkPattern(`tags.${i + 1}.member.value`, Value, TEXT, VALUE_PATTERN);
    if (/^aws:/i.test(Key)) throw misused("Tag keys that begin with aws: are reserved for internal use.");
    return { Key, Value };
  });
  if (new Set(tags.map(({ Key }) => fold(Key))).size < tags.length) {
    throw misused("Duplicate tag keys found. Please note that Tag keys are case insensitive.");
  }
  return tags;
}

/**
 * The tags of a session with those that it inherits, and which of them it hands on.
 *
 * @param calling the session that it is opened from
 * @throws {ApiError} ValidationError, InvalidParameterValue
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_role-chaining
 */
export function chainTags(
  asked: readonly Sts.Tag[] | undefined,
  transitiveKeys: readonly string[] = [],
  calling?: SessionTerms,
): Pick<SessionTerms, "tags" | "transitive"> {
  const tags = readTags(asked);
  if (transitiveKeys.length > MOST_TAGS) {
    throw breach("transitiveTagKeys", "", `Member must have length less than or equal to ${MOST_TAGS}`);
  }
  for (const [i, key] of transitiveKeys.entries()) checkKey(`transitiveTagKeys.${i + 1}.member`, key);
  const given = new Set(tags.map(({ Key }) => fold(Key)));
  if (transitiveKeys.some((key) => !given.has(fold(key)))) {
    throw misused("The specified transitive tag key must be included in the requested tags.");
  }
  const handedOn = new Set((calling?.transitive ?? []).map(fold));
  const inherited = (calling?.tags ?? []).filter(({ Key }) => handedOn.has(fold(Key)));
  if (inherited.some(({ Key }) => given.has(fold(Key)))) {
    throw misused(
      "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
    );
  }
  return {
    tags: [...inherited, ...tags],
    transitive: [...inherited.map(({ Key }) => Key), ...transitiveKeys],
  };
}
