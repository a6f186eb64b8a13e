import { keyTable, rootArn, type KeyRow } from "../auth/keys.ts";
import type { Caller, Context } from "../kit/context.ts";
import { isoTime } from "../kit/isoTime.ts";
import type { Unit } from "../state/unit.ts";
import { groups, groupsOf } from "./group.ts";
import { documentOf, findPolicy, policies } from "./managedPolicy.ts";
import type { Attached, Policies } from "./policy/evaluate.ts";
import type { KeyValue } from "./policy/keys.ts";
import { policyOf } from "./policy/policy.ts";
import type { Principal } from "./policy/principal.ts";
import type { PolicyHolder } from "./policyHolder.ts";
import { roles, type RoleRow } from "./role.ts";
import { users, type UserRow } from "./user.ts";
import type { Tags } from "./tags.ts";

/** A policy at its place, with its text. */
export interface Source extends Attached {
  readonly document: string;
}

const managed = (ctx: Context, arn: string): Source[] => {
  const policy = findPolicy(ctx, arn);
  if (!policy) return [];
  const document = documentOf(policy);
  return [{ name: policy.name, document, policy: policyOf(document) }];
};

const ownPolicies = (ctx: Context, noun: string, { name, inline, attached }: PolicyHolder): Source[] => [
  ...inline.map((each) => ({
    name: `${noun}_${name}_${each.name}`,
    document: each.document,
    policy: policyOf(each.document),
  })),
  ...attached.flatMap((arn) => managed(ctx, arn)),
];

export const boundaryOf = (ctx: Context, { boundary }: PolicyHolder): Source | undefined =>
  boundary === undefined ? undefined : managed(ctx, boundary)[0];

/** What a user may do by its own policies and those of its groups. */
export const policiesOfUser = (ctx: Context, user: UserRow): Source[] => [
  ...ownPolicies(ctx, "user", user),
  ...groupsOf(ctx, user).flatMap((group) => ownPolicies(ctx, "group", group)),
];

export const policiesOfRole = (ctx: Context, role: RoleRow): Source[] => ownPolicies(ctx, "role", role);

export const policiesOfGroup = (ctx: Context, group: PolicyHolder): Source[] =>
  ownPolicies(ctx, "group", group);

/** Who calls, what allows and limits it, and what its requests are known to have. */
export interface Standing {
  readonly principal: Principal;
  readonly policies: Pick<Policies, "identity" | "boundary" | "session">;
  /** By names in lower case: `aws:principalarn`, `aws:username`, `aws:principaltag/team`, … */
  readonly keys: ReadonlyMap<string, KeyValue>;
}

const tagKeys = (tags: Tags) =>
  tags.map(({ Key, Value }) => [`aws:principaltag/${Key.toLowerCase()}`, Value] as const);

const keysFor = (caller: Caller, type: string, arn: string, tags: Tags, key: KeyRow | undefined) =>
  new Map<string, KeyValue>([
    ["aws:principalarn", arn],
    ["aws:principalaccount", caller.account],
    ["aws:principaltype", type],
    ["aws:userid", caller.userId],
    ...tagKeys(tags),
    ...sessionKeys(key),
  ]);

/** What the requests of a session have beside; its tags go before those of its role or user. */
function sessionKeys(key: KeyRow | undefined): (readonly [string, KeyValue])[] {
  if (key?.token === undefined) return [];
  const { created, session } = key;
  return [
    ...(created === undefined ? [] : [["aws:tokenissuetime", isoTime(created)] as const]),
    // No one can have an MFA device here; who calls with a lasting key has not even the key.
    ["aws:multifactorauthpresent", "false"],
    ...(session ? tagKeys(session.tags) : []),
    ...(session?.sourceIdentity === undefined
      ? []
      : [["aws:sourceidentity", session.sourceIdentity] as const]),
    ...Object.entries(session?.keys ?? {}),
  ];
}

/** The policies that a session was opened with; undefined if none limit it. */
function policiesOfSession(ctx: Context, key: KeyRow | undefined): Source[] | undefined {
  const { session } = key ?? {};
  if (!session?.limited) return undefined;
  const { policy: document, policyArns } = session;
  return [
    ...(document === undefined ? [] : [{ name: "session policy", document, policy: policyOf(document) }]),
    ...policyArns.flatMap((arn) => managed(ctx, arn)),
  ];
}

/** An account's root may do everything; so may, within its own policies, a federated user whom it has made. */
const everything = JSON.stringify({
  Version: "2012-10-17",
  Statement: { Effect: "Allow", Action: "*", Resource: "*" },
});

/** The policies of who may do everything. */
export const unlimited = (): Standing["policies"] => ({
  identity: [{ name: "root", policy: policyOf(everything) }],
  boundary: undefined,
  session: undefined,
});

/** What limits a federated user besides the policies of its session: the rights of who made it. */
function policiesOfOpener(ctx: Context, account: string, opener: string | undefined): Standing["policies"] {
  if (opener === account) return unlimited();
  const user = opener === undefined ? undefined : users.table(ctx).get(opener);
  return user ? { identity: policiesOfUser(ctx, user), boundary: boundaryOf(ctx, user) } : { identity: [] };
}

/** A standing, and what it was made of. */
interface Kept {
  readonly caller: Caller;
  readonly key: KeyRow | undefined;
  readonly version: number;
  readonly standing: Standing;
}

/** How many standings are kept for each unit. */
const MOST_KEPT = 1000;

const kept = new WeakMap<Unit, Map<string, Kept>>();

/** Of all rows that a standing is made of, save the key's own. */
const versionOf = (ctx: Context): number =>
  users.table(ctx).version +
  groups.table(ctx).version +
  roles.table(ctx).version +
  policies.table(ctx).version;

/**
 * Whom a verified key speaks for, as far as the rows tell. Who is neither an account's root nor a user nor a session of
 * a role that is there, nor a federated user whose maker is there, has no policies, and so may do nothing.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session
 */
export function standingOf(ctx: Context, caller: Caller): Standing {
  const { accessKeyId } = caller;
  const key = ctx.global.table(keyTable).get(accessKeyId);
  const version = versionOf(ctx);
  const known = kept.get(ctx.global) ?? new Map<string, Kept>();
  const last = known.get(accessKeyId);
  if (last?.key === key && last?.version === version && isSame(last.caller, caller)) return last.standing;
  const standing = readStanding(ctx, caller, key);
  if (known.size === MOST_KEPT) known.clear();
  kept.set(ctx.global, known.set(accessKeyId, { caller, key, version, standing }));
  return standing;
}

const isSame = (one: Caller, other: Caller): boolean =>
  one === other || (one.account === other.account && one.arn === other.arn && one.userId === other.userId);

function readStanding(ctx: Context, caller: Caller, key: KeyRow | undefined): Standing {
  const { account, arn, userId } = caller;
  if (arn === rootArn(account)) {
    return {
      principal: { kind: "root", account, arn, id: account },
      policies: { identity: [] },
      keys: keysFor(caller, "Account", arn, [], key),
    };
  }
  const user = users.table(ctx).get(userId);
  if (user) {
    const keys = keysFor(caller, "User", arn, user.tags, key);
    return {
      principal: { kind: "user", account, arn, id: user.id },
      policies: { identity: policiesOfUser(ctx, user), boundary: boundaryOf(ctx, user) },
      keys: keys.set("aws:username", user.name),
    };
  }
  const session = policiesOfSession(ctx, key);
  const role = roles.table(ctx).get(userId.split(":", 1)[0] ?? "");
  if (role) {
    const roleArn = roles.arnOf(role);
    return {
      principal: { kind: "session", account, arn, id: role.id, role: roleArn },
      policies: { identity: policiesOfRole(ctx, role), boundary: boundaryOf(ctx, role), session },
      keys: keysFor(caller, "AssumedRole", roleArn, role.tags, key),
    };
  }
  const opener = key?.session?.opener;
  const tags = opener === undefined ? [] : (users.table(ctx).get(opener)?.tags ?? []);
  return {
    principal: { kind: "session", account, arn, id: userId },
    policies: { ...policiesOfOpener(ctx, account, opener), session },
    keys: keysFor(caller, "FederatedUser", arn, tags, key),
  };
}
