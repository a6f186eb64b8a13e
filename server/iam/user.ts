import type * as Iam from "@aws-sdk/client-iam";
import { dropKeys, keysOf, keyTable, rootArn } from "../auth/keys.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { IamHandlers } from "../kit/handlers.ts";
import { Entities } from "./entity.ts";
import {
  checkBoundary,
  holderIndexes,
  noPolicies,
  policyHolding,
  viewBoundary,
  type HolderIndex,
  type PolicyHolder,
} from "./policyHolder.ts";
import { invalid } from "./request.ts";
import { mergeTags, tagging, type TaggedRow } from "./tags.ts";

export interface UserRow extends PolicyHolder, TaggedRow {
  /** Ids of the groups that the user is in, in order of joining. */
  readonly groups: readonly string[];
  /** That the user has a password, since when (milliseconds since the epoch), and whether it must be changed. */
  readonly login?: { readonly created: number; readonly resetRequired: boolean } | undefined;
}

export const users = new Entities<UserRow, HolderIndex | "group">({
  type: "user",
  idPrefix: "AIDA",
  member: "userName",
  longest: 64,
  missing: (name) => `The user with name ${name} cannot be found.`,
  taken: (name) => `User with name ${name} already exists.`,
  indexes: { ...holderIndexes, group: ({ groups }) => groups },
});

const holding = policyHolding<UserRow>({
  entities: users,
  noun: "user",
  mostInline: 2048,
  quota: ["L-4019AD8B", "Managed policies per user"],
});
const tags = tagging(users, "User");

/** As in lists; GetUser and CreateUser tell more. */
export const viewUser = (row: UserRow): Iam.User => ({
  Path: row.path,
  UserName: row.name,
  UserId: row.id,
  Arn: users.arnOf(row),
  CreateDate: new Date(row.created),
});

export const viewWholeUser = (row: UserRow): Iam.User => ({
  ...viewUser(row),
  PermissionsBoundary: viewBoundary(row.boundary),
  Tags: row.tags.length > 0 ? [...row.tags] : undefined,
});

/** The user who calls, if it is one. */
export const callingUser = (ctx: Context): UserRow | undefined => users.table(ctx).get(ctx.caller.userId);

/**
 * The user that a call names, or else the one who calls.
 *
 * @throws {ApiError} NoSuchEntity, ValidationError
 */
export function userOf(ctx: Context, name: string | undefined): UserRow {
  const user = name === undefined ? callingUser(ctx) : users.get(ctx, name);
  if (!user) throw invalid("Must specify userName when calling with non-User credentials");
  return user;
}

/** Sessions go with the user; only lasting keys keep it. */
const isLasting = ({ token }: { readonly token?: string }): boolean => token === undefined;

export const operations = {
  AttachUserPolicy: ({ UserName, PolicyArn }, ctx) => {
    holding.attach(ctx, users.get(ctx, UserName), PolicyArn);
    return {};
  },

  CreateUser: ({ UserName, Path = "/", PermissionsBoundary, Tags }, ctx) => {
    const row = users.create(ctx, {
      ...noPolicies,
      name: UserName,
      path: Path,
      groups: [],
      boundary: PermissionsBoundary === undefined ? undefined : checkBoundary(ctx, PermissionsBoundary),
      tags: mergeTags([], Tags, "User"),
    });
    return { User: viewWholeUser(row) };
  },

  DeleteUser: ({ UserName }, ctx) => {
    const row = users.get(ctx, UserName);
    holding.checkEmpty(row);
    if (row.login) {
      throw new ApiError("DeleteConflict", "Cannot delete entity, must delete login profile first.");
    }
    if (keysOf(ctx.global, row.id).some(isLasting)) {
      throw new ApiError("DeleteConflict", "Cannot delete entity, must delete access keys first.");
    }
    if (row.groups.length > 0) {
      throw new ApiError("DeleteConflict", "Cannot delete entity, must remove users from group first.");
    }
    dropKeys(ctx.global, row.id);
    users.remove(ctx, row);
    return {};
  },

  DeleteUserPermissionsBoundary: ({ UserName }, ctx) => {
    holding.deleteBoundary(ctx, users.get(ctx, UserName));
    return {};
  },

  DeleteUserPolicy: ({ UserName, PolicyName }, ctx) => {
    holding.deleteInline(ctx, users.get(ctx, UserName), PolicyName);
    return {};
  },

  DetachUserPolicy: ({ UserName, PolicyArn }, ctx) => {
    holding.detach(ctx, users.get(ctx, UserName), PolicyArn);
    return {};
  },

  GetUser: ({ UserName }, ctx): Iam.GetUserResponse => {
    if (UserName === undefined && ctx.caller.arn === rootArn(ctx.account)) {
      // Of the root, IAM knows neither a name nor a path.
      const root: Partial<Iam.User> = { UserId: ctx.account, Arn: ctx.caller.arn };
      return { User: root as Iam.User };
    }
    return { User: viewWholeUser(userOf(ctx, UserName)) };
  },

  GetUserPolicy: ({ UserName, PolicyName }, ctx) => ({
    UserName,
    ...holding.getInline(users.get(ctx, UserName), PolicyName),
  }),

  ListAttachedUserPolicies: ({ UserName, ...page }, ctx) =>
    holding.listAttached(ctx, users.get(ctx, UserName), page),

  ListUserPolicies: ({ UserName, ...page }, ctx) => holding.listInline(ctx, users.get(ctx, UserName), page),

  ListUserTags: ({ UserName, ...page }, ctx) => tags.list(ctx, users.get(ctx, UserName), page),

  ListUsers: (input, ctx) => {
    const { items, rest } = users.list(ctx, input);
    return { Users: items.map(viewUser), ...rest };
  },

  PutUserPermissionsBoundary: ({ UserName, PermissionsBoundary }, ctx) => {
    holding.putBoundary(ctx, users.get(ctx, UserName), PermissionsBoundary);
    return {};
  },

  PutUserPolicy: ({ UserName, PolicyName, PolicyDocument }, ctx) => {
    holding.putInline(ctx, users.get(ctx, UserName), PolicyName, PolicyDocument);
    return {};
  },

  TagUser: ({ UserName, Tags }, ctx) => {
    tags.put(ctx, users.get(ctx, UserName), Tags);
    return {};
  },

  UntagUser: ({ UserName, TagKeys }, ctx) => {
    tags.remove(ctx, users.get(ctx, UserName), TagKeys);
    return {};
  },

  UpdateUser: ({ UserName, NewUserName, NewPath }, ctx) => {
    const row = users.move(ctx, users.get(ctx, UserName), { name: NewUserName, path: NewPath });
    const arn = users.arnOf(row);
    for (const key of keysOf(ctx.global, row.id)) ctx.global.table(keyTable).replace({ ...key, arn });
    return {};
  },
} satisfies IamHandlers;
