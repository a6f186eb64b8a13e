import type * as Iam from "@aws-sdk/client-iam";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { IamHandlers } from "../kit/handlers.ts";
import { Entities } from "./entity.ts";
import {
  holderIndexes,
  noPolicies,
  policyHolding,
  type HolderIndex,
  type PolicyHolder,
} from "./policyHolder.ts";
import { pageOf } from "./request.ts";
import { users, viewUser, type UserRow } from "./user.ts";

/** Who is in a group stands in the rows of its users. */
export type GroupRow = PolicyHolder;

const MOST_GROUPS = 10;

export const groups = new Entities<GroupRow, HolderIndex>({
  type: "group",
  idPrefix: "AGPA",
  member: "groupName",
  longest: 128,
  missing: (name) => `The group with name ${name} cannot be found.`,
  taken: (name) => `Group with name ${name} already exists.`,
  indexes: holderIndexes,
});

const holding = policyHolding({
  entities: groups,
  noun: "group",
  mostInline: 5120,
  quota: ["L-384571C4", "Managed policies per group"],
});

export const viewGroup = (row: GroupRow): Iam.Group => ({
  Path: row.path,
  GroupName: row.name,
  GroupId: row.id,
  Arn: groups.arnOf(row),
  CreateDate: new Date(row.created),
});

/** The groups that a user is in. */
export const groupsOf = (ctx: Context, user: UserRow): GroupRow[] =>
  user.groups.flatMap((id) => groups.table(ctx).get(id) ?? []);

export const operations = {
  AddUserToGroup: ({ GroupName, UserName }, ctx) => {
    const group = groups.get(ctx, GroupName);
    const user = users.get(ctx, UserName);
    if (user.groups.includes(group.id)) return {};
    if (user.groups.length >= MOST_GROUPS) {
      throw new ApiError("LimitExceeded", `Cannot exceed quota for GroupsPerUser: ${MOST_GROUPS}`);
    }
    users.update(ctx, user, { groups: [...user.groups, group.id] });
    return {};
  },

  AttachGroupPolicy: ({ GroupName, PolicyArn }, ctx) => {
    holding.attach(ctx, groups.get(ctx, GroupName), PolicyArn);
    return {};
  },

  CreateGroup: ({ GroupName, Path = "/" }, ctx) => ({
    Group: viewGroup(groups.create(ctx, { ...noPolicies, name: GroupName, path: Path })),
  }),

  DeleteGroup: ({ GroupName }, ctx) => {
    const group = groups.get(ctx, GroupName);
    if (users.by(ctx, "group", group.id).length > 0) {
      throw new ApiError("DeleteConflict", "Cannot delete entity, must remove users from group first.");
    }
    holding.checkEmpty(group);
    groups.remove(ctx, group);
    return {};
  },

  DeleteGroupPolicy: ({ GroupName, PolicyName }, ctx) => {
    holding.deleteInline(ctx, groups.get(ctx, GroupName), PolicyName);
    return {};
  },

  DetachGroupPolicy: ({ GroupName, PolicyArn }, ctx) => {
    holding.detach(ctx, groups.get(ctx, GroupName), PolicyArn);
    return {};
  },

  GetGroup: ({ GroupName, ...page }, ctx) => {
    const group = groups.get(ctx, GroupName);
    const { items, rest } = pageOf(ctx, users.by(ctx, "group", group.id), page, ({ name }) => name, group.id);
    return { Group: viewGroup(group), Users: items.map(viewUser), ...rest };
  },

  GetGroupPolicy: ({ GroupName, PolicyName }, ctx) => ({
    GroupName,
    ...holding.getInline(groups.get(ctx, GroupName), PolicyName),
  }),

  ListAttachedGroupPolicies: ({ GroupName, ...page }, ctx) =>
    holding.listAttached(ctx, groups.get(ctx, GroupName), page),

  ListGroupPolicies: ({ GroupName, ...page }, ctx) =>
    holding.listInline(ctx, groups.get(ctx, GroupName), page),

  ListGroups: (input, ctx) => {
    const { items, rest } = groups.list(ctx, input);
    return { Groups: items.map(viewGroup), ...rest };
  },

  ListGroupsForUser: ({ UserName, ...page }, ctx) => {
    const user = users.get(ctx, UserName);
    const { items, rest } = pageOf(ctx, groupsOf(ctx, user), page, ({ name }) => name, user.id);
    return { Groups: items.map(viewGroup), ...rest };
  },

  PutGroupPolicy: ({ GroupName, PolicyName, PolicyDocument }, ctx) => {
    holding.putInline(ctx, groups.get(ctx, GroupName), PolicyName, PolicyDocument);
    return {};
  },

  RemoveUserFromGroup: ({ GroupName, UserName }, ctx) => {
    const group = groups.get(ctx, GroupName);
    const user = users.get(ctx, UserName);
    users.update(ctx, user, { groups: user.groups.filter((id) => id !== group.id) });
    return {};
  },

  UpdateGroup: ({ GroupName, NewGroupName, NewPath }, ctx) => {
    groups.move(ctx, groups.get(ctx, GroupName), { name: NewGroupName, path: NewPath });
    return {};
  },
} satisfies IamHandlers;
