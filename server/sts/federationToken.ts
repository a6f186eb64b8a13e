import { rootArn, type SessionTerms } from "../auth/keys.ts";
import { ApiError } from "../errors.ts";
import { standingOf } from "../iam/applicable.ts";
import { callKey } from "../iam/authorization/callKeys.ts";
import { through } from "../iam/authorization/passage.ts";
import { decide, explain, type Request } from "../iam/policy/evaluate.ts";
import type { Context } from "../kit/context.ts";
import type { StsHandlers } from "../kit/handlers.ts";
import { tagRequestKeys } from "./assumeRole.ts";
import { callingSession, openSession, plainTerms, viewCredentials } from "./credentials.ts";
import { checkSessionName } from "./request.ts";
import { ownSeconds } from "./session.ts";
import { packedSize, readPolicies } from "./sessionPolicy.ts";
import { readTags } from "./sessionTags.ts";

const LONGEST_NAME = 32;

/**
 * To give tags is an action of its own.
 *
 * @throws {ApiError} AccessDenied
 */
function checkTagging(ctx: Context, resource: string, { tags }: SessionTerms): void {
  const { principal, policies, keys } = standingOf(ctx, ctx.caller);
  const asked = new Map(tagRequestKeys(tags));
  const request: Request = {
    principal,
    action: "sts:TagSession",
    resource,
    keys: {
      get: (key) => asked.get(key) ?? keys.get(key) ?? callKey(key, ctx, ctx.origin ?? { rawHeaders: [] }),
    },
  };
  const decision = decide(request, through(ctx.origin, policies));
  if (decision.outcome !== "allowed") throw new ApiError("AccessDenied", explain(request, decision));
}

export const operations = {
  /** @see https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html */
  GetFederationToken: (input, ctx) => {
    const { account, caller } = ctx;
    if (callingSession(ctx)) {
      throw new ApiError("AccessDenied", "Cannot call GetFederationToken with session credentials");
    }
    const name = checkSessionName("name", input.Name, LONGEST_NAME);
    const seconds = ownSeconds(caller.arn === rootArn(account), input.DurationSeconds);
    const terms: SessionTerms = {
      ...plainTerms,
      from: "GetFederationToken",
      opener: caller.userId,
      tags: readTags(input.Tags),
      ...readPolicies(ctx, input, account),
      // "If you do not pass a session policy, the resulting federated user session has no permissions."
      limited: true,
    };
    const PackedPolicySize = packedSize(terms);
    const who = {
      account,
      arn: `arn:aws:sts::${account}:federated-user/${name}`,
      userId: `${account}:${name}`,
    };
    if (terms.tags.length > 0) checkTagging(ctx, who.arn, terms);
    const row = openSession(ctx, who, seconds, terms);
    return {
      Credentials: viewCredentials(row),
      FederatedUser: { FederatedUserId: who.userId, Arn: who.arn },
      PackedPolicySize,
    };
  },
} satisfies StsHandlers;
