import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { IamHandlers } from "../kit/handlers.ts";
import type { Entities } from "./entity.ts";
import { groups } from "./group.ts";
import {
  allPolicies,
  getOwnPolicy,
  getPolicy,
  policies,
  viewPolicy,
  type ManagedPolicy,
} from "./managedPolicy.ts";
import type { HolderIndex, PolicyHolder } from "./policyHolder.ts";
import { checkPathPrefix, pageOf } from "./request.ts";
import { roles } from "./role.ts";
import { users } from "./user.ts";

type Holders = Entities<PolicyHolder, HolderIndex>;

const kinds = {
  User: users as unknown as Holders,
  Role: roles as unknown as Holders,
  Group: groups,
} as const;

type Kind = keyof typeof kinds;

const holdersOf = (ctx: Context, kind: Kind, index: HolderIndex, arn: string): PolicyHolder[] =>
  kinds[kind].by(ctx, index, `${ctx.account}/${arn}`);

function countOf(ctx: Context, index: HolderIndex, arn: string): number {
  const key = `${ctx.account}/${arn}`;
  return Object.values(kinds).reduce((sum, kind) => sum + kind.table(ctx).count(index, key), 0);
}

/** How much the caller's account uses a policy. */
const useOf = (ctx: Context, { arn }: ManagedPolicy) => ({
  attached: countOf(ctx, "attached", arn),
  boundaries: countOf(ctx, "boundary", arn),
});

export const showPolicy = (ctx: Context, policy: ManagedPolicy) => viewPolicy(policy, useOf(ctx, policy));

/** Whether a list asks for policies that are used in a way. */
const indexOf = (usage: string | undefined): HolderIndex | undefined =>
  usage === undefined ? undefined : usage === "PermissionsBoundary" ? "boundary" : "attached";

export const operations = {
  DeletePolicy: ({ PolicyArn }, ctx) => {
    const row = getOwnPolicy(ctx, PolicyArn);
    if (countOf(ctx, "attached", PolicyArn) + countOf(ctx, "boundary", PolicyArn) > 0) {
      throw new ApiError("DeleteConflict", "Cannot delete a policy attached to entities.");
    }
    if (row.versions.length > 1) {
      throw new ApiError(
        "DeleteConflict",
        "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
      );
    }
    policies.remove(ctx, row);
    return {};
  },

  GetPolicy: ({ PolicyArn }, ctx) => {
    const policy = getPolicy(ctx, PolicyArn);
    const { description: Description, tags } = policy;
    return { Policy: { ...showPolicy(ctx, policy), Description, Tags: [...tags] } };
  },

  ListEntitiesForPolicy: ({ PolicyArn, EntityFilter, PathPrefix, PolicyUsageFilter, ...page }, ctx) => {
    const { arn } = getPolicy(ctx, PolicyArn);
    const prefix = checkPathPrefix(PathPrefix);
    const asked = indexOf(PolicyUsageFilter);
    const indexes = asked ? [asked] : (["attached", "boundary"] as const);
    const found = (Object.keys(kinds) as Kind[])
      .filter((kind) => EntityFilter === undefined || EntityFilter === kind)
      .flatMap((kind) => {
        const rows = new Set(indexes.flatMap((index) => holdersOf(ctx, kind, index, arn)));
        return Array.from(rows, (row) => ({ kind, row }));
      })
      .filter(({ row }) => row.path.startsWith(prefix));
    const subject = [arn, EntityFilter, prefix, PolicyUsageFilter].join(" ");
    const { items, rest } = pageOf(ctx, found, page, ({ kind, row }) => `${kind}/${row.name}`, subject);
    const of = (kind: Kind): PolicyHolder[] => items.flatMap((item) => (item.kind === kind ? item.row : []));
    return {
      PolicyGroups: of("Group").map(({ name, id }) => ({ GroupName: name, GroupId: id })),
      PolicyUsers: of("User").map(({ name, id }) => ({ UserName: name, UserId: id })),
      PolicyRoles: of("Role").map(({ name, id }) => ({ RoleName: name, RoleId: id })),
      ...rest,
    };
  },

  ListPolicies: ({ Scope = "All", OnlyAttached = false, PathPrefix, PolicyUsageFilter, ...page }, ctx) => {
    const prefix = checkPathPrefix(PathPrefix);
    const asked = indexOf(PolicyUsageFilter);
    const wanted = allPolicies(ctx).filter((policy) => {
      if (Scope !== "All" && (Scope === "Local") !== (policy.row !== undefined)) return false;
      if (OnlyAttached && countOf(ctx, "attached", policy.arn) === 0) return false;
      if (asked && countOf(ctx, asked, policy.arn) === 0) return false;
      return policy.path.startsWith(prefix);
    });
    const subject = [Scope, OnlyAttached, prefix, PolicyUsageFilter].join(" ");
    const { items, rest } = pageOf(ctx, wanted, page, ({ arn }) => arn, subject);
    return { Policies: items.map((policy) => showPolicy(ctx, policy)), ...rest };
  },
} satisfies IamHandlers;
