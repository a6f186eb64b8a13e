import type * as Iam from "@aws-sdk/client-iam";
import { dropKeys } from "../auth/keys.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { IamHandlers } from "../kit/handlers.ts";
import { Entities } from "./entity.ts";
import { checkTrustPolicy } from "./policy/document.ts";
import {
  checkBoundary,
  holderIndexes,
  noPolicies,
  policyHolding,
  viewBoundary,
  type HolderIndex,
  type PolicyHolder,
} from "./policyHolder.ts";
import { checkBounds, checkDocument, checkLength, encodeDocument, sizeOf } from "./request.ts";
import { mergeTags, tagging, type TaggedRow } from "./tags.ts";
import { rename, bind } from "./trust.ts";
import { users } from "./user.ts";

export interface RoleRow extends PolicyHolder, TaggedRow {
  /** Who may assume it; users and roles are in it by their ids, so that no other of their name is meant. */
  readonly trust: string;
  readonly description: string | undefined;
  /** In seconds. */
  readonly maxSession: number;
  /** The service that the role is linked to, if it is: nobody else may change it. */
  readonly service?: string;
}

export const roles = new Entities<RoleRow, HolderIndex>({
  type: "role",
  idPrefix: "AROA",
  member: "roleName",
  longest: 64,
  missing: (name) => `The role with name ${name} cannot be found.`,
  taken: (name) => `Role with name ${name} already exists.`,
  indexes: holderIndexes,
});

const holding = policyHolding<RoleRow>({
  entities: roles,
  noun: "role",
  mostInline: 10_240,
  quota: ["L-0DA4ABF3", "Managed policies per role"],
});
const tags = tagging(roles, "Role");

export const USUAL_SESSION = 3600;
const LONGEST_SESSION = 43_200;
const MAX_DESCRIPTION = 1000;
/** Of a trust policy, in characters that are no white space. */
const MOST_TRUST = 2048;

/** The id of the user or role that an ARN is of, in whatever account. */
const idOf = (ctx: Context, arn: string): string | undefined =>
  (users.findByArn(ctx, arn) ?? roles.findByArn(ctx, arn))?.id;

/** The ARN of the user or role that has an id. */
function arnOfId(ctx: Context, id: string): string | undefined {
  const user = users.table(ctx).get(id);
  if (user) return users.arnOf(user);
  const role = roles.table(ctx).get(id);
  return role && roles.arnOf(role);
}

/** @throws {ApiError} ValidationError, MalformedPolicyDocument, LimitExceeded */
function readTrust(ctx: Context, document: string, member: string): string {
  checkDocument(member, document);
  checkTrustPolicy(document);
  if (sizeOf(document) > MOST_TRUST) {
    throw new ApiError("LimitExceeded", `Cannot exceed quota for ACLSizePerRole: ${MOST_TRUST}`);
  }
  return bind(document, (arn) => idOf(ctx, arn));
}

/** @throws {ApiError} ValidationError */
function checkDescription(description: string | undefined): string | undefined {
  checkLength("description", description ?? "", 0, MAX_DESCRIPTION);
  return description;
}

/** One that its account may change. @throws {ApiError} NoSuchEntity, UnmodifiableEntity */
export function getOwnRole(ctx: Context, name: string): RoleRow {
  const row = roles.get(ctx, name);
  if (row.service === undefined) return row;
  throw new ApiError(
    "UnmodifiableEntity",
    `Cannot perform the operation on the protected role '${name}' - this role is only modifiable by AWS`,
  );
}

/** As in lists; GetRole and CreateRole tell more. */
export const viewRole = (ctx: Context, row: RoleRow): Iam.Role => ({
  Path: row.path,
  RoleName: row.name,
  RoleId: row.id,
  Arn: roles.arnOf(row),
  CreateDate: new Date(row.created),
  AssumeRolePolicyDocument: encodeDocument(rename(row.trust, (id) => arnOfId(ctx, id))),
  Description: row.description,
  MaxSessionDuration: row.maxSession,
});

export const viewWholeRole = (ctx: Context, row: RoleRow): Iam.Role => ({
  ...viewRole(ctx, row),
  PermissionsBoundary: viewBoundary(row.boundary),
  Tags: row.tags.length > 0 ? [...row.tags] : undefined,
});

/** What goes with a role, and what keeps it: instance profiles add themselves here. */
export const roleUsers: ((ctx: Context, role: RoleRow) => void)[] = [];

export function removeRole(ctx: Context, row: RoleRow): void {
  dropKeys(ctx.global, row.id);
  roles.remove(ctx, row);
}

export const operations = {
  AttachRolePolicy: ({ RoleName, PolicyArn }, ctx) => {
    holding.attach(ctx, getOwnRole(ctx, RoleName), PolicyArn);
    return {};
  },

  CreateRole: (input, ctx) => {
    const { PermissionsBoundary: boundary, MaxSessionDuration: seconds = USUAL_SESSION } = input;
    checkBounds("maxSessionDuration", seconds, USUAL_SESSION, LONGEST_SESSION);
    const row = roles.create(ctx, {
      ...noPolicies,
      name: input.RoleName,
      path: input.Path ?? "/",
      trust: readTrust(ctx, input.AssumeRolePolicyDocument, "assumeRolePolicyDocument"),
      description: checkDescription(input.Description),
      maxSession: seconds,
      boundary: boundary === undefined ? undefined : checkBoundary(ctx, boundary),
      tags: mergeTags([], input.Tags, "Role"),
    });
    return { Role: viewWholeRole(ctx, row) };
  },

  DeleteRole: ({ RoleName }, ctx) => {
    const row = getOwnRole(ctx, RoleName);
    holding.checkEmpty(row);
    for (const check of roleUsers) check(ctx, row);
    removeRole(ctx, row);
    return {};
  },

  DeleteRolePermissionsBoundary: ({ RoleName }, ctx) => {
    holding.deleteBoundary(ctx, getOwnRole(ctx, RoleName));
    return {};
  },

  DeleteRolePolicy: ({ RoleName, PolicyName }, ctx) => {
    holding.deleteInline(ctx, getOwnRole(ctx, RoleName), PolicyName);
    return {};
  },

  DetachRolePolicy: ({ RoleName, PolicyArn }, ctx) => {
    holding.detach(ctx, getOwnRole(ctx, RoleName), PolicyArn);
    return {};
  },

  GetRole: ({ RoleName }, ctx) => ({
    Role: { ...viewWholeRole(ctx, roles.get(ctx, RoleName)), RoleLastUsed: {} },
  }),

  GetRolePolicy: ({ RoleName, PolicyName }, ctx) => ({
    RoleName,
    ...holding.getInline(roles.get(ctx, RoleName), PolicyName),
  }),

  ListAttachedRolePolicies: ({ RoleName, ...page }, ctx) =>
    holding.listAttached(ctx, roles.get(ctx, RoleName), page),

  ListRolePolicies: ({ RoleName, ...page }, ctx) => holding.listInline(ctx, roles.get(ctx, RoleName), page),

  ListRoleTags: ({ RoleName, ...page }, ctx) => tags.list(ctx, roles.get(ctx, RoleName), page),

  ListRoles: (input, ctx) => {
    const { items, rest } = roles.list(ctx, input);
    return { Roles: items.map((row) => viewRole(ctx, row)), ...rest };
  },

  PutRolePermissionsBoundary: ({ RoleName, PermissionsBoundary }, ctx) => {
    holding.putBoundary(ctx, getOwnRole(ctx, RoleName), PermissionsBoundary);
    return {};
  },

  PutRolePolicy: ({ RoleName, PolicyName, PolicyDocument }, ctx) => {
    holding.putInline(ctx, getOwnRole(ctx, RoleName), PolicyName, PolicyDocument);
    return {};
  },

  TagRole: ({ RoleName, Tags }, ctx) => {
    tags.put(ctx, getOwnRole(ctx, RoleName), Tags);
    return {};
  },

  UntagRole: ({ RoleName, TagKeys }, ctx) => {
    tags.remove(ctx, getOwnRole(ctx, RoleName), TagKeys);
    return {};
  },

  UpdateAssumeRolePolicy: ({ RoleName, PolicyDocument }, ctx) => {
    const row = getOwnRole(ctx, RoleName);
    roles.update(ctx, row, { trust: readTrust(ctx, PolicyDocument, "policyDocument") });
    return {};
  },

  UpdateRole: ({ RoleName, Description, MaxSessionDuration }, ctx) => {
    const row = getOwnRole(ctx, RoleName);
    const seconds = MaxSessionDuration ?? row.maxSession;
    checkBounds("maxSessionDuration", seconds, USUAL_SESSION, LONGEST_SESSION);
    roles.update(ctx, row, {
      description: checkDescription(Description) ?? row.description,
      maxSession: seconds,
    });
    return {};
  },

  UpdateRoleDescription: ({ RoleName, Description }, ctx) => {
    const row = getOwnRole(ctx, RoleName);
    return { Role: viewRole(ctx, roles.update(ctx, row, { description: checkDescription(Description) })) };
  },
} satisfies IamHandlers;
