import { ApiError } from "../errors.ts";
import type { Standing } from "../iam/applicable.ts";
import { callKey } from "../iam/authorization/callKeys.ts";
import { tagNamed } from "../iam/authorization/demand.ts";
import { through } from "../iam/authorization/passage.ts";
import { decide, explain, type Request } from "../iam/policy/evaluate.ts";
import type { Keys, KeyValue } from "../iam/policy/keys.ts";
import { policyOf } from "../iam/policy/policy.ts";
import { roles, type RoleRow } from "../iam/role.ts";
import type { Context } from "../kit/context.ts";

export type RequestKeys = ReadonlyMap<string, KeyValue>;

/** What is asked of a role that somebody wants to assume. */
type Trusting = Pick<RoleRow, "account" | "name" | "path" | "tags" | "trust">;

/** Stands for a role that is not there: nobody is to learn more of it than of one that trusts nobody. */
export function absentRole(arn: string, account: string): Trusting {
  const start = arn.indexOf("/");
  const end = arn.lastIndexOf("/") + 1;
  const trust = JSON.stringify({ Statement: [] });
  return { account, path: arn.slice(start, end), name: arn.slice(end), tags: [], trust };
}

/** What is known of any call: where and when it is made, who makes it, what the role has. */
const keysOf = (ctx: Context, role: Trusting, own: RequestKeys, more: RequestKeys): Keys => ({
  get: (name) =>
    more.get(name) ??
    own.get(name) ??
    callKey(name, ctx, ctx.origin ?? { rawHeaders: [] }) ??
    roleKey(role, name),
});

function roleKey({ account, tags }: Trusting, name: string): KeyValue {
  if (name === "aws:resourceaccount") return account;
  return /^(?:aws|iam):resourcetag\//.test(name) ? tagNamed(tags, name) : undefined;
}

/** Who wants to assume a role. */
export type Asker = Pick<Standing, "principal" | "policies" | "keys">;

/** What AWS services, and web identities, are: they have no policies of their own. */
export const foreign = (kind: "service" | "federated", arn: string): Asker => ({
  principal: { kind, account: "", arn, id: "" },
  policies: { identity: [] },
  keys: new Map(),
});

/**
 * Why a role cannot be assumed, if it cannot: its trust policy must allow the action, and so must the asker's own
 * policies, if the trust policy leaves it to them.
 *
 * @param action `sts:AssumeRole`, `sts:TagSession`, …
 * @returns a sentence; it tells the reason only where the role and what it trusts are known to the asker anyway
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
 */
export function findDistrust(
  ctx: Context,
  asker: Asker,
  role: Trusting,
  action: string,
  more: RequestKeys,
): string | undefined {
  const keys = keysOf(ctx, role, asker.keys, more);
  const request: Request = {
    action,
    resource: roles.arnOf(role),
    keys,
    principal: asker.principal,
    resourceAccount: role.account,
  };
  const trust = { name: role.name, policy: policyOf(role.trust) };
  const policies = through(ctx.origin, { ...asker.policies, resource: trust, needsResource: true });
  const decision = decide(request, policies);
  if (decision.outcome === "allowed") return undefined;
  const gate = decision.outcome === "explicitDeny" ? decision.by.gate : decision.missing;
  return gate === "resource" ? refusal(asker, action, request.resource) : explain(request, decision);
}

/** What is said of a role that is not there, too. */
export const refusal = ({ principal }: Asker, action: string, roleArn: string): string =>
  `User: ${principal.arn} is not authorized to perform: ${action} on resource: ${roleArn}`;

/** @throws {ApiError} AccessDenied */
export function checkTrust(
  ctx: Context,
  asker: Asker,
  role: Trusting,
  actions: readonly string[],
  more: RequestKeys,
): void {
  for (const action of actions) {
    const reason = findDistrust(ctx, asker, role, action, more);
    if (reason !== undefined) throw new ApiError("AccessDenied", reason);
  }
}
