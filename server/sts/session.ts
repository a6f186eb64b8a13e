import { ApiError } from "../errors.ts";
import { keyTable, newKeyId, newSecret, rootArn, type KeyRow } from "../auth/keys.ts";
import { later, onDue } from "../kit/agenda.ts";
import type { Context } from "../kit/context.ts";
import type { StsHandlers } from "../kit/handlers.ts";

const HOUR = 3600;
const LEAST_SECONDS = 900;
/** A user's session may last 36 hours, root's one; without a word they last 12 hours and one. */
const MOST_SECONDS = 36 * HOUR;
const USUAL_SECONDS = 12 * HOUR;
const ROOT_SECONDS = HOUR;
/** How long an expired key is known, so that its owner is told why it is refused. */
const AFTERLIFE_SECONDS = 24 * HOUR;

onDue("session", (ctx, target) => {
  const keys = ctx.global.table(keyTable);
  if (keys.get(target)) keys.remove(target);
});

/** Makes temporary credentials for the caller; they are good until they expire or their row is removed. */
function openSession(ctx: Context, seconds: number): KeyRow {
  const { account, arn, userId } = ctx.caller;
  const row: KeyRow = {
    id: newKeyId(ctx.chance, "ASIA"),
    seq: ctx.global.nextSeq(),
    account,
    arn,
    userId,
    secret: newSecret(ctx.chance),
    token: ctx.chance.bytes(192).toString("base64"),
    expires: ctx.now + seconds * 1000,
  };
  ctx.global.table(keyTable).insert(row);
  later(ctx, "session", row.id, "forget", seconds + AFTERLIFE_SECONDS);
  return row;
}

export const operations = {
  GetAccessKeyInfo: ({ AccessKeyId }, ctx) => {
    const account =
      ctx.global.table(keyTable).get(AccessKeyId)?.account ??
      (AccessKeyId === ctx.caller.accessKeyId ? ctx.account : undefined);
    if (account === undefined) throw new ApiError("ValidationError", `Invalid key: ${AccessKeyId}`);
    return { Account: account };
  },

  GetCallerIdentity: (_input, { caller: { account, arn, userId } }) => ({
    Account: account,
    Arn: arn,
    UserId: userId,
  }),

  /** @see https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html */
  GetSessionToken: ({ DurationSeconds, SerialNumber, TokenCode }, ctx) => {
    if (ctx.global.table(keyTable).get(ctx.caller.accessKeyId)?.token !== undefined) {
      throw new ApiError("AccessDenied", "Cannot call GetSessionToken with session credentials");
    }
    if (SerialNumber !== undefined || TokenCode !== undefined) {
      throw new ApiError(
        "AccessDenied",
        "MultiFactorAuthentication failed, unable to validate MFA code. Please verify your MFA serial number is valid and associated with this user.",
      );
    }
    const isRoot = ctx.caller.arn === rootArn(ctx.account);
    const seconds = DurationSeconds ?? (isRoot ? ROOT_SECONDS : USUAL_SECONDS);
    if (seconds < LEAST_SECONDS || seconds > MOST_SECONDS) {
      const bound =
        seconds < LEAST_SECONDS
          ? `greater than or equal to ${LEAST_SECONDS}`
          : `less than or equal to ${MOST_SECONDS}`;
      throw new ApiError(
        "ValidationError",
        `1 validation error detected: Value '${seconds}' at 'durationSeconds' failed to satisfy constraint: Member must have value ${bound}`,
      );
    }
    const {
      id,
      secret,
      token,
      expires = 0,
    } = openSession(ctx, isRoot ? Math.min(seconds, ROOT_SECONDS) : seconds);
    return {
      Credentials: {
        AccessKeyId: id,
        SecretAccessKey: secret,
        SessionToken: token,
        Expiration: new Date(expires),
      },
    };
  },
} satisfies StsHandlers;
