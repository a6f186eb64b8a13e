import type * as Sts from "@aws-sdk/client-sts";
import { keyTable, newKeyId, newSecret, type KeyRow, type SessionTerms } from "../auth/keys.ts";
import { later, onDue } from "../kit/agenda.ts";
import type { Caller, Context } from "../kit/context.ts";

/** How long an expired key is known, so that its owner is told why it is refused. */
const AFTERLIFE_SECONDS = 24 * 3600;
const TOKEN_BYTES = 192;

onDue("session", (ctx, target) => {
  const keys = ctx.global.table(keyTable);
  if (keys.get(target)) keys.remove(target);
});

/** Terms that limit nothing. */
export const plainTerms = { limited: false, policyArns: [], tags: [], transitive: [], depth: 0, keys: {} };

/**
 * Makes temporary credentials; they are good until they expire or their row is removed. The call must be at work in the
 * global unit.
 *
 * @param who whom they speak for
 */
export function openSession(
  ctx: Context,
  { account, arn, userId }: Pick<Caller, "account" | "arn" | "userId">,
  seconds: number,
  session: SessionTerms,
): KeyRow {
  const row: KeyRow = {
    id: newKeyId(ctx.chance, "ASIA"),
    seq: ctx.global.nextSeq(),
    account,
    arn,
    userId,
    secret: newSecret(ctx.chance),
    token: ctx.chance.bytes(TOKEN_BYTES).toString("base64"),
    expires: ctx.now + seconds * 1000,
    created: ctx.now,
    session,
  };
  ctx.global.table(keyTable).insert(row);
  later({ ...ctx, account }, "session", row.id, "forget", seconds + AFTERLIFE_SECONDS);
  return row;
}

export const viewCredentials = ({ id, secret, token, expires = 0 }: KeyRow): Sts.Credentials => ({
  AccessKeyId: id,
  SecretAccessKey: secret,
  SessionToken: token,
  Expiration: new Date(expires),
});

/** The session that calls, if one does. */
export const callingSession = (ctx: Context): SessionTerms | undefined =>
  ctx.global.table(keyTable).get(ctx.caller.accessKeyId)?.session;
