import { ApiError } from "../errors.ts";
import type { Context } from "./context.ts";

export interface PageRequest {
  readonly MaxResults?: number | undefined;
  readonly NextToken?: string | undefined;
}

/** The least and the most that MaxResults may be, and how long a page is without it: unless given, as long as needed. */
export type PageBounds = readonly [least: number, most: number, usual?: number];

/** What most of EC2's Describe calls take. */
const USUAL_BOUNDS: PageBounds = [5, 1000];

/**
 * Where a page starts and how long it may be. A token is opaque, tamper-proof, and good only for the account and
 * operation it was given to.
 *
 * @throws {ApiError} InvalidParameterValue for a MaxResults out of bounds, InvalidPaginationToken for a token that
 *   is not ours
 */
export function openPage(
  ctx: Context,
  { MaxResults, NextToken }: PageRequest,
  [least, most, usual = Number.POSITIVE_INFINITY]: PageBounds = USUAL_BOUNDS,
): { readonly after: number; readonly limit: number } {
  if (MaxResults !== undefined && (MaxResults < least || MaxResults > most)) {
    throw new ApiError(
      "InvalidParameterValue",
      `Value ( ${MaxResults} ) for parameter maxResults is invalid. Expecting a value ${
        MaxResults < least ? `greater than or equal to ${least}` : `less than or equal to ${most}`
      }.`,
    );
  }
  const limit = MaxResults ?? usual;
  if (NextToken === undefined) return { after: 0, limit };
  const after = Number(ctx.seal.open(purpose(ctx), NextToken));
  if (!Number.isSafeInteger(after)) throw new ApiError("InvalidPaginationToken");
  return { after, limit };
}

/** Whether all of so many items fit on the page that is asked for; throws as `openPage`. */
export function isOnePage(ctx: Context, count: number, request: PageRequest, bounds?: PageBounds): boolean {
  const { after, limit } = openPage(ctx, request, bounds);
  return after === 0 && count <= limit;
}

/** The token to go on with after the row at `seq`. */
const nextToken = (ctx: Context, seq: number): string => ctx.seal.close(purpose(ctx), String(seq));

const purpose = ({ account, region, operation }: Context): string => `page/${account}/${region}/${operation}`;

/**
 * One page of `rows` (in order of `seq`).
 *
 * @param show makes a row an item of the answer; undefined for one that is not asked for
 */
export function takePage<R extends { readonly seq: number }, T>(
  ctx: Context,
  rows: Iterable<R>,
  request: PageRequest,
  show: (row: R) => T | undefined,
  bounds?: PageBounds,
): { readonly items: T[]; readonly NextToken?: string } {
  const { after, limit } = openPage(ctx, request, bounds);
  const items: T[] = [];
  let last = 0;
  for (const row of rows) {
    if (row.seq <= after) continue;
    const item = show(row);
    if (item === undefined) continue;
    if (items.length === limit) return { items, NextToken: nextToken(ctx, last) };
    items.push(item);
    last = row.seq;
  }
  return { items };
}
