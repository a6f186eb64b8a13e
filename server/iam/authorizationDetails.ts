import type * as Iam from "@aws-sdk/client-iam";
import type { Context } from "../kit/context.ts";
import type { IamHandlers } from "../kit/handlers.ts";
import { groups, groupsOf, viewGroup, type GroupRow } from "./group.ts";
import { instanceProfiles, viewInstanceProfile } from "./instanceProfile.ts";
import { allPolicies, getPolicy, viewVersion, type ManagedPolicy } from "./managedPolicy.ts";
import type { PolicyHolder } from "./policyHolder.ts";
import { showPolicy } from "./policyUse.ts";
import { encodeDocument, pageOf } from "./request.ts";
import { roles, viewWholeRole, type RoleRow } from "./role.ts";
import { users, viewWholeUser, type UserRow } from "./user.ts";

const inlineOf = ({ inline }: PolicyHolder): Iam.PolicyDetail[] =>
  inline.map(({ name, document }) => ({ PolicyName: name, PolicyDocument: encodeDocument(document) }));

const attachedOf = (ctx: Context, { attached }: PolicyHolder): Iam.AttachedPolicy[] =>
  attached.map((arn) => ({ PolicyName: getPolicy(ctx, arn).name, PolicyArn: arn }));

const userDetail = (ctx: Context, row: UserRow): Iam.UserDetail => ({
  ...viewWholeUser(row),
  UserPolicyList: inlineOf(row),
  GroupList: groupsOf(ctx, row).map(({ name }) => name),
  AttachedManagedPolicies: attachedOf(ctx, row),
});

const groupDetail = (ctx: Context, row: GroupRow): Iam.GroupDetail => ({
  ...viewGroup(row),
  GroupPolicyList: inlineOf(row),
  AttachedManagedPolicies: attachedOf(ctx, row),
});

function roleDetail(ctx: Context, row: RoleRow): Iam.RoleDetail {
  const { Description: _description, MaxSessionDuration: _seconds, ...role } = viewWholeRole(ctx, row);
  const profiles = instanceProfiles.by(ctx, "role", row.id);
  return {
    ...role,
    InstanceProfileList: profiles.map((profile) => viewInstanceProfile(ctx, profile)),
    RolePolicyList: inlineOf(row),
    AttachedManagedPolicies: attachedOf(ctx, row),
    RoleLastUsed: {},
  };
}

const policyDetail = (ctx: Context, policy: ManagedPolicy): Iam.ManagedPolicyDetail => ({
  ...showPolicy(ctx, policy),
  Description: policy.description,
  PolicyVersionList: policy.versions.map((version) => viewVersion(version, policy.defaultVersion)),
});

type Item =
  | { readonly kind: "User"; readonly row: UserRow }
  | { readonly kind: "Group"; readonly row: GroupRow }
  | { readonly kind: "Role"; readonly row: RoleRow }
  | { readonly kind: "LocalManagedPolicy" | "AWSManagedPolicy"; readonly row: ManagedPolicy };

/** Of AWS's policies those that something has. */
function everything(ctx: Context): Item[] {
  const used = allPolicies(ctx).filter(
    (policy) => policy.row !== undefined || (showPolicy(ctx, policy).AttachmentCount ?? 0) > 0,
  );
  return [
    ...users.own(ctx).map((row) => ({ kind: "User", row }) as const),
    ...groups.own(ctx).map((row) => ({ kind: "Group", row }) as const),
    ...roles.own(ctx).map((row) => ({ kind: "Role", row }) as const),
    ...used.map((row): Item => ({ kind: row.row ? "LocalManagedPolicy" : "AWSManagedPolicy", row })),
  ];
}

export const operations = {
  GetAccountAuthorizationDetails: ({ Filter: asked = [], ...page }, ctx) => {
    const wanted = everything(ctx).filter(({ kind }) => asked.length === 0 || asked.includes(kind));
    const key = ({ kind, row }: Item): string => `${kind}/${row.id}`;
    const { items, rest } = pageOf(ctx, wanted, page, key, asked.toSorted().join(" "));
    return {
      UserDetailList: items.flatMap((each) => (each.kind === "User" ? userDetail(ctx, each.row) : [])),
      GroupDetailList: items.flatMap((each) => (each.kind === "Group" ? groupDetail(ctx, each.row) : [])),
      RoleDetailList: items.flatMap((each) => (each.kind === "Role" ? roleDetail(ctx, each.row) : [])),
      Policies: items.flatMap((each) =>
        each.kind === "LocalManagedPolicy" || each.kind === "AWSManagedPolicy"
          ? policyDetail(ctx, each.row)
          : [],
      ),
      ...rest,
    };
  },
} satisfies IamHandlers;
