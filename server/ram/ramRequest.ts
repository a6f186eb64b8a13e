import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import { numbered } from "../kit/list.ts";
import { takePage } from "../kit/pages.ts";

export const invalid = (message: string): ApiError => new ApiError("InvalidParameterException", message);

interface PageRequest {
  readonly nextToken?: string | undefined;
  readonly maxResults?: number | undefined;
}

/** @throws {ApiError} InvalidParameterException for a maxResults out of bounds, InvalidNextTokenException */
export function pageOf<T extends object>(
  ctx: Context,
  all: readonly T[],
  { nextToken, maxResults }: PageRequest,
): { readonly items: T[]; readonly nextToken?: string } {
  const request = { NextToken: nextToken, MaxResults: maxResults };
  const { items, NextToken } = takePage(ctx, numbered(all), request, ({ view }) => view, [1, 500, 500]);
  return { items, ...(NextToken !== undefined && { nextToken: NextToken }) };
}

type Noun = "resource-share" | "resource-share-invitation";

export const arnOf = ({ region }: Pick<Context, "region">, noun: Noun, account: string, id: string): string =>
  `arn:aws:ram:${region}:${account}:${noun}/${id}`;

/**
 * The id in an ARN; undefined if it is of another region.
 *
 * @throws {ApiError} MalformedArnException
 */
export function idIn({ region }: Context, noun: Noun, arn: string): string | undefined {
  const [, where, id] =
    new RegExp(`^arn:aws:ram:([a-z0-9-]+):\\d{12}:${noun}/([0-9a-f-]{36})$`).exec(arn) ?? [];
  if (id === undefined) {
    throw new ApiError(
      "MalformedArnException",
      `The specified ${noun.replaceAll("-", " ")} ARN ${arn.slice(0, 256)} is not valid. Verify the ARN and try again.`,
    );
  }
  return where === region ? id : undefined;
}
