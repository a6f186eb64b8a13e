import type { Caller, Context } from "../kit/context.ts";
import type { Origin } from "../kit/origin.ts";
import { loadedActions } from "./actionTable.ts";
import { standingOf, unlimited } from "./applicable.ts";
import { callKey } from "./authorization/callKeys.ts";
import { demandsOf } from "./authorization/demands.ts";
import { through } from "./authorization/passage.ts";
import { refusalOf } from "./authorization/refusal.ts";
import { decide, type Request } from "./policy/evaluate.ts";

/** An account's root has the account's number for an id, and may do everything. */
export const isRoot = ({ userId, account }: Caller): boolean => userId === account;

/**
 * Decides whether the caller may make the call: all that it asks for must be allowed. Root may, save what the endpoint
 * that it calls by does not let through.
 *
 * @param call of a service whose actions have been loaded, unless root makes it and by no endpoint
 * @throws {ApiError} UnauthorizedOperation, AccessDenied, AccessDeniedException
 */
export function authorize(
  ctx: Context,
  input: object,
  { service, origin }: { readonly service: string; readonly origin: Origin },
): void {
  if (isRoot(ctx.caller) && !origin.passage) return;
  const table = loadedActions(service);
  if (!table) throw new TypeError(`the actions of ${service} are not loaded`);
  const demands = demandsOf(ctx, service, table, input);
  if (demands.length === 0) return;
  const standing = standingOf(ctx, ctx.caller);
  const policies = through(origin, standing.policies);
  for (const { action, resource, keys, known, open } of demands) {
    const request: Request = {
      principal: standing.principal,
      action,
      resource,
      keys: {
        get: (name) => standing.keys.get(name) ?? callKey(name, ctx, origin) ?? keys.get(name),
      },
    };
    const decision = decide(request, open ? { ...policies, ...unlimited() } : policies);
    if (decision.outcome !== "allowed") throw refusalOf(ctx, service, request, decision, known);
  }
}
