import { keyTable } from "../auth/keys.ts";
import { ApiError } from "../errors.ts";
import type { StsHandlers } from "../kit/handlers.ts";

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
} satisfies StsHandlers;
