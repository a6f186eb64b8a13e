import type { Policy } from "./policy.ts";
import { stronger, type Naming, type Principal } from "./principal.ts";
import type { Question, Statement } from "./statement.ts";

/** A policy at the place where it applies. */
export interface Attached {
  /** For explanations: an ARN, or the name of an inline policy. */
  readonly name: string;
  readonly policy: Policy;
}

/** What a policy is of decides what it can do. */
export type Gate = "endpoint" | "resource" | "identity" | "boundary" | "session";

/** All policies that apply to a request. */
export interface Policies {
  /** The principal's own and those of its groups. */
  readonly identity: readonly Attached[];
  /** The permissions boundary. */
  readonly boundary?: Attached | undefined;
  /** Those that the session was opened with; none of them is not the same as an empty list. */
  readonly session?: readonly Attached[] | undefined;
  /** The policy of the resource that is asked for. */
  readonly resource?: Attached | undefined;
  /** Whether nothing can be done to the resource that its own policy does not allow, as with the trust of a role. */
  readonly needsResource?: boolean;
  /** The policy of the VPC endpoint that the request came through. */
  readonly endpoint?: Attached | undefined;
}

export interface Request extends Question {
  readonly principal: Principal;
  /** The account that the resource is in: the principal's own, unless said. */
  readonly resourceAccount?: string | undefined;
}

/** The statement that decided. */
export interface Cause {
  readonly gate: Gate;
  readonly source: Attached;
  readonly statement: Statement;
}

export type Decision =
  /** `by` is absent for an account's root, who needs no policy. */
  | { readonly outcome: "allowed"; readonly by?: Cause }
  | { readonly outcome: "explicitDeny"; readonly by: Cause }
  /** Nothing allows it that would have to. */
  | { readonly outcome: "implicitDeny"; readonly missing: Gate };

/** The gates whose policies say whom they are for. */
const forPrincipals: ReadonlySet<Gate> = new Set<Gate>(["endpoint", "resource"]);

function findStatement(
  statements: readonly Statement[],
  gate: Gate,
  request: Request,
): Statement | undefined {
  for (const statement of statements) {
    if (!statement.covers(request) || !statement.holds(request.keys)) continue;
    if (forPrincipals.has(gate) && statement.names(request.principal) === undefined) continue;
    return statement;
  }
  return undefined;
}

function findIn(
  effect: "deny" | "allow",
  gate: Gate,
  sources: readonly Attached[],
  request: Request,
): Cause | undefined {
  for (const source of sources) {
    const statements = source.policy.about(request)[effect];
    if (statements.length === 0) continue;
    const statement = findStatement(statements, gate, request);
    if (statement) return { gate, source, statement };
  }
  return undefined;
}

const one = (attached: Attached | undefined): readonly Attached[] => (attached ? [attached] : []);

/** What the resource's policy allows, and how it names who asks where it does so most strongly. */
function findGrant(
  request: Request,
  resource: Attached | undefined,
): { by: Cause; naming: Naming } | undefined {
  let grant: { by: Cause; naming: Naming } | undefined;
  for (const statement of resource?.policy.about(request).allow ?? []) {
    if (!resource || !statement.covers(request) || !statement.holds(request.keys)) continue;
    const naming = statement.names(request.principal);
    if (naming === undefined || stronger(grant?.naming, naming) === grant?.naming) continue;
    grant = { by: { gate: "resource", source: resource, statement }, naming };
  }
  return grant;
}

/**
 * Whether a request is allowed, and why, or why not.
 *
 * A Deny anywhere decides. Between accounts, both the resource's policy and the principal's own must allow. Within one,
 * either is enough; what the resource's policy allows to a user or to a session as such no boundary limits, what it
 * allows to a role or to everyone the boundary and the session's policies do limit, and to allow it to an account is to
 * leave it to that account's own policies. There are no organizations, and so no policies of theirs.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
 */
export function decide(request: Request, policies: Policies): Decision {
  const { identity, session, needsResource = false } = policies;
  const boundary = one(policies.boundary);
  const endpoint = one(policies.endpoint);
  const denied =
    findIn("deny", "endpoint", endpoint, request) ??
    findIn("deny", "resource", one(policies.resource), request) ??
    findIn("deny", "identity", identity, request) ??
    findIn("deny", "boundary", boundary, request) ??
    findIn("deny", "session", session ?? [], request);
  if (denied) return { outcome: "explicitDeny", by: denied };

  if (policies.endpoint && !findIn("allow", "endpoint", endpoint, request)) {
    return { outcome: "implicitDeny", missing: "endpoint" };
  }
  const { principal, resourceAccount = principal.account } = request;
  const grant = policies.resource && findGrant(request, policies.resource);
  const isElsewhere = resourceAccount !== principal.account;
  if (!grant && (isElsewhere || needsResource)) return { outcome: "implicitDeny", missing: "resource" };
  // Services, and who has no account, have no policies of their own.
  if (principal.kind === "service" || principal.kind === "federated") {
    return grant ? { outcome: "allowed", by: grant.by } : { outcome: "implicitDeny", missing: "resource" };
  }
  if (principal.kind === "root") return grant ? { outcome: "allowed", by: grant.by } : { outcome: "allowed" };
  const near = isElsewhere ? undefined : grant;
  if (near?.naming === "itself") return { outcome: "allowed", by: near.by };

  const own = near && near.naming !== "account" ? near.by : findIn("allow", "identity", identity, request);
  if (!own) return { outcome: "implicitDeny", missing: "identity" };
  if (policies.boundary && !findIn("allow", "boundary", boundary, request)) {
    return { outcome: "implicitDeny", missing: "boundary" };
  }
  if (session && !findIn("allow", "session", session, request)) {
    return { outcome: "implicitDeny", missing: "session" };
  }
  return { outcome: "allowed", by: own };
}

const gateNames: Readonly<Record<Gate, string>> = {
  endpoint: "VPC endpoint policy",
  resource: "resource-based policy",
  identity: "identity-based policy",
  boundary: "permissions boundary",
  session: "session policy",
};

/**
 * How AWS tells a refusal.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
 */
export function explain(request: Request, decision: Exclude<Decision, { outcome: "allowed" }>): string {
  const { principal, action, resource } = request;
  const on = resource === "*" ? "" : ` on resource: ${resource}`;
  const why =
    decision.outcome === "explicitDeny"
      ? `with an explicit deny in ${/^[aeiou]/i.test(gateNames[decision.by.gate]) ? "an" : "a"} ${gateNames[decision.by.gate]}`
      : `because no ${gateNames[decision.missing]} allows the ${action} action`;
  return `User: ${principal.arn} is not authorized to perform: ${action}${on} ${why}`;
}

/** Every statement that applies, whatever it says: what a simulation shows. */
export function matching(request: Request, gate: Gate, sources: readonly Attached[]): Cause[] {
  return sources.flatMap((source) => {
    const { deny, allow } = source.policy.about(request);
    return [...deny, ...allow].flatMap((statement) =>
      findStatement([statement], gate, request) ? [{ gate, source, statement }] : [],
    );
  });
}
