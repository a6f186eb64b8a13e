import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";

export const missing = (message: string): ApiError => new ApiError("NoSuchEntity", message);
export const invalid = (message: string): ApiError => new ApiError("ValidationError", message);

/** What IAM says of a value that breaks a constraint of its model. */
export const breach = (member: string, value: string, rule: string): ApiError =>
  invalid(
    `1 validation error detected: Value '${value.slice(0, 512)}' at '${member}' failed to satisfy constraint: ${rule}`,
  );

/** In characters. @throws {ApiError} ValidationError */
export function checkLength(member: string, value: string, least: number, most: number): void {
  if (value.length < least) {
    throw breach(member, value, `Member must have length greater than or equal to ${least}`);
  }
  if (value.length > most) {
    throw breach(member, value, `Member must have length less than or equal to ${most}`);
  }
}

/** @throws {ApiError} ValidationError */
export function checkBounds(member: string, value: number, least: number, most: number): void {
  if (value < least) {
    throw breach(member, String(value), `Member must have value greater than or equal to ${least}`);
  }
  if (value > most) {
    throw breach(member, String(value), `Member must have value less than or equal to ${most}`);
  }
}

/** @throws {ApiError} ValidationError */
export function checkName(member: string, name: string, most: number): string {
  checkLength(member, name, 1, most);
  if (/^[\w+=,.@-]+$/.test(name)) return name;
  throw invalid(
    `The specified value for ${member} is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-`,
  );
}

const MAX_PATH = 512;

/** @throws {ApiError} ValidationError */
export function checkPath(path: string, member = "path"): string {
  checkLength(member, path, 1, MAX_PATH);
  if (/^\/(?:[!-~]+\/)?$/.test(path)) return path;
  throw invalid(
    `The specified value for ${member} is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.`,
  );
}

/** The start of paths that a list is limited to. @throws {ApiError} ValidationError */
export function checkPathPrefix(prefix = "/"): string {
  checkLength("pathPrefix", prefix, 1, MAX_PATH);
  if (/^\/[!-~]*$/.test(prefix)) return prefix;
  throw invalid(
    "The specified value for pathPrefix is invalid. It must begin with / and contain only alphanumeric characters and/or / characters.",
  );
}

const MAX_ARN = 2048;
const LEAST_ARN = 20;

/** @throws {ApiError} ValidationError, InvalidInput */
export function checkArn(member: string, arn: string): string {
  checkLength(member, arn, LEAST_ARN, MAX_ARN);
  if (/^arn:[^:]+:[^:]+:[^:]*:[^:]*:.+$/s.test(arn)) return arn;
  throw new ApiError("InvalidInput", `ARN ${arn} is not valid.`);
}

export interface PageRequest {
  readonly Marker?: string | undefined;
  readonly MaxItems?: number | undefined;
}

const USUAL_ITEMS = 100;
const MOST_ITEMS = 1000;

/**
 * One page of `items`, which `keyOf` tells apart: they come in the order of their keys. A marker is opaque, and good for
 * the operation, the account and the subject it was given for.
 *
 * @param subject what the list is of, where the operation lists what something has
 * @throws {ApiError} ValidationError
 */
export function pageOf<T>(
  ctx: Context,
  items: readonly T[],
  { Marker, MaxItems = USUAL_ITEMS }: PageRequest,
  keyOf: (item: T) => string,
  subject = "",
): { readonly items: T[]; readonly rest: { readonly IsTruncated: boolean; readonly Marker?: string } } {
  checkBounds("maxItems", MaxItems, 1, MOST_ITEMS);
  const purpose = `iam/${ctx.account}/${ctx.operation}/${subject}`;
  const last = Marker === undefined ? undefined : ctx.seal.open(purpose, Marker);
  if (Marker !== undefined && last === undefined) throw invalid("Invalid Marker.");
  const sorted = items.map((item) => ({ key: keyOf(item), item }));
  sorted.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  const left = last === undefined ? sorted : sorted.filter(({ key }) => key > last);
  const page = left.slice(0, MaxItems);
  const end = page.at(-1);
  const more = end !== undefined && left.length > page.length;
  return {
    items: page.map(({ item }) => item),
    rest: more ? { IsTruncated: true, Marker: ctx.seal.close(purpose, end.key) } : { IsTruncated: false },
  };
}

/** A policy document as IAM answers it: percent-encoded as in RFC 3986. */
export const encodeDocument = (text: string): string =>
  encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );

/** Policies are counted without white space. */
export const sizeOf = (document: string): number => document.replaceAll(/\s/g, "").length;

const MAX_DOCUMENT = 131_072;

/** @throws {ApiError} ValidationError for what cannot be a document; what it says is not looked at */
export function checkDocument(member: string, document: string): void {
  checkLength(member, document, 1, MAX_DOCUMENT);
  if (/^[\t\n\r\u0020-\u00FF]+$/.test(document)) return;
  throw invalid(
    `The specified value for ${member} is invalid. It must contain only printable ASCII characters.`,
  );
}
