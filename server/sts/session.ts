import { rootArn } from "../auth/keys.ts";
import { ApiError } from "../errors.ts";
import { checkBounds } from "../iam/request.ts";
import type { StsHandlers } from "../kit/handlers.ts";
import { callingSession, openSession, plainTerms, viewCredentials } from "./credentials.ts";
import { refuseMfa } from "./mfa.ts";

const HOUR = 3600;
const LEAST_SECONDS = 900;
/** A user's session may last 36 hours, root's one; without a word they last 12 hours and one. */
const MOST_SECONDS = 36 * HOUR;
const USUAL_SECONDS = 12 * HOUR;
const ROOT_SECONDS = HOUR;

/**
 * How long a session that a user or root opens for itself lasts.
 *
 * @throws {ApiError} ValidationError
 */
export function ownSeconds(isRoot: boolean, asked: number | undefined): number {
  const seconds = asked ?? (isRoot ? ROOT_SECONDS : USUAL_SECONDS);
  checkBounds("durationSeconds", seconds, LEAST_SECONDS, MOST_SECONDS);
  return isRoot ? Math.min(seconds, ROOT_SECONDS) : seconds;
}

export const operations = {
  /** @see https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html */
  GetSessionToken: (input, ctx) => {
    if (callingSession(ctx)) {
      throw new ApiError("AccessDenied", "Cannot call GetSessionToken with session credentials");
    }
    refuseMfa(input);
    const seconds = ownSeconds(ctx.caller.arn === rootArn(ctx.account), input.DurationSeconds);
    const row = openSession(ctx, ctx.caller, seconds, { ...plainTerms, from: "GetSessionToken" });
    return { Credentials: viewCredentials(row) };
  },
} satisfies StsHandlers;
