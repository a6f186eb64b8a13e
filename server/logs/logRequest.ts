import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";

/** What Logs says of a value that breaks a constraint of its model. @param value as it was sent */
export const breach = (member: string, value: string, rule: string): ApiError =>
  new ApiError(
    "InvalidParameterException",
    `1 validation error detected: Value '${value.slice(0, 512)}' at '${member}' failed to satisfy constraint: ${rule}`,
  );

export const invalid = (message: string): ApiError => new ApiError("InvalidParameterException", message);

/** @param what `log group` or `log stream` */
export const missing = (what: string): ApiError =>
  // Logs has no reasons beside its messages, unlike the EBS direct APIs.
  new ApiError("ResourceNotFoundException", "", `The specified ${what} does not exist.`);

const MAX_NAME = 512;
const GROUP_NAME = /^[.\-_/#A-Za-z0-9]+$/;
const STREAM_NAME = /^[^:*]*$/;

function checkLength(member: string, name: string): void {
  if (name.length < 1) throw breach(member, name, "Member must have length greater than or equal to 1");
  if (name.length > MAX_NAME) {
    throw breach(member, name, `Member must have length less than or equal to ${MAX_NAME}`);
  }
}

/** @throws {ApiError} InvalidParameterException */
export function checkGroupName(name: string, member = "logGroupName"): string {
  checkLength(member, name);
  if (GROUP_NAME.test(name)) return name;
  throw breach(member, name, String.raw`Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+`);
}

/** @throws {ApiError} InvalidParameterException */
export function checkStreamName(name: string, member = "logStreamName"): string {
  checkLength(member, name);
  if (STREAM_NAME.test(name)) return name;
  throw breach(member, name, "Member must satisfy regular expression pattern: [^:*]*");
}

/** @throws {ApiError} InvalidParameterException unless it is from 1 to `most`; absent, it is `most` */
export function readLimit(limit: number | undefined, most: number): number {
  if (limit === undefined) return most;
  if (limit < 1) throw breach("limit", String(limit), "Member must have value greater than or equal to 1");
  if (limit <= most) return limit;
  throw breach("limit", String(limit), `Member must have value less than or equal to ${most}`);
}

/** @param subject what the pages are of: a token is good for nothing else */
const purpose = ({ account, region, operation }: Context, subject: string): string =>
  `logs/${account}/${region}/${operation}/${subject}`;

export const sealToken = (ctx: Context, subject: string, position: string): string =>
  ctx.seal.close(purpose(ctx, subject), position);

/** @throws {ApiError} InvalidParameterException for a token that is not ours, or of another call */
export function openToken(ctx: Context, subject: string, token: string): string {
  const position = ctx.seal.open(purpose(ctx, subject), token);
  if (position === undefined) throw invalid("The specified nextToken is invalid.");
  return position;
}

/** The first `limit` of items that come after what the token says, in order of their names. */
export function pageByName<T extends { readonly name: string }>(
  ctx: Context,
  subject: string,
  items: readonly T[],
  { nextToken, limit }: { readonly nextToken?: string | undefined; readonly limit?: number | undefined },
): { readonly page: T[]; readonly nextToken: string | undefined } {
  const most = readLimit(limit, MAX_DESCRIBED);
  const last = nextToken === undefined ? undefined : openToken(ctx, subject, nextToken);
  const start = last === undefined ? 0 : items.findIndex(({ name }) => name === last) + 1;
  const page = items.slice(start, start + most);
  const end = page.at(-1);
  const more = end !== undefined && start + most < items.length;
  return { page, nextToken: more ? sealToken(ctx, subject, end.name) : undefined };
}

const MAX_DESCRIBED = 50;

/** In the order of their code units, as ASCII sorts. */
export const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
