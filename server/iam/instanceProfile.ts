import type * as Iam from "@aws-sdk/client-iam";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { IamHandlers } from "../kit/handlers.ts";
import { Entities } from "./entity.ts";
import { missing, pageOf } from "./request.ts";
import { getOwnRole, roles, roleUsers, viewRole } from "./role.ts";
import { mergeTags, tagging, type TaggedRow } from "./tags.ts";

/** What gives an instance its role. */
export interface InstanceProfileRow extends TaggedRow {
  /** The id of its role, if it has one. */
  readonly role: string | undefined;
}

export const instanceProfiles = new Entities<InstanceProfileRow, "role">({
  type: "instance-profile",
  idPrefix: "AIPA",
  member: "instanceProfileName",
  longest: 128,
  missing: (name) => `Instance Profile ${name} cannot be found.`,
  taken: (name) => `Instance Profile ${name} already exists.`,
  indexes: { role: ({ role }) => role },
});

const tags = tagging(instanceProfiles, "InstanceProfile");

roleUsers.push((ctx, { id }) => {
  if (instanceProfiles.by(ctx, "role", id).length === 0) return;
  throw new ApiError(
    "DeleteConflict",
    "Cannot delete entity, must remove roles from instance profile first.",
  );
});

/** As in lists; GetInstanceProfile tells the tags, too. */
export function viewInstanceProfile(ctx: Context, row: InstanceProfileRow): Iam.InstanceProfile {
  const role = row.role === undefined ? undefined : roles.table(ctx).get(row.role);
  return {
    Path: row.path,
    InstanceProfileName: row.name,
    InstanceProfileId: row.id,
    Arn: instanceProfiles.arnOf(row),
    CreateDate: new Date(row.created),
    Roles: role ? [viewRole(ctx, role)] : [],
  };
}

const viewWhole = (ctx: Context, row: InstanceProfileRow): Iam.InstanceProfile => ({
  ...viewInstanceProfile(ctx, row),
  Tags: [...row.tags],
});

export const operations = {
  AddRoleToInstanceProfile: ({ InstanceProfileName, RoleName }, ctx) => {
    const profile = instanceProfiles.get(ctx, InstanceProfileName);
    const role = getOwnRole(ctx, RoleName);
    if (profile.role !== undefined) {
      throw new ApiError("LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1");
    }
    instanceProfiles.update(ctx, profile, { role: role.id });
    return {};
  },

  CreateInstanceProfile: ({ InstanceProfileName, Path = "/", Tags }, ctx) => {
    const row = instanceProfiles.create(ctx, {
      name: InstanceProfileName,
      path: Path,
      role: undefined,
      tags: mergeTags([], Tags, "InstanceProfile"),
    });
    return { InstanceProfile: viewWhole(ctx, row) };
  },

  DeleteInstanceProfile: ({ InstanceProfileName }, ctx) => {
    const profile = instanceProfiles.get(ctx, InstanceProfileName);
    if (profile.role !== undefined) {
      throw new ApiError(
        "DeleteConflict",
        "Cannot delete entity, must remove roles from instance profile first.",
      );
    }
    instanceProfiles.remove(ctx, profile);
    return {};
  },

  GetInstanceProfile: ({ InstanceProfileName }, ctx) => ({
    InstanceProfile: viewWhole(ctx, instanceProfiles.get(ctx, InstanceProfileName)),
  }),

  ListInstanceProfileTags: ({ InstanceProfileName, ...page }, ctx) =>
    tags.list(ctx, instanceProfiles.get(ctx, InstanceProfileName), page),

  ListInstanceProfiles: (input, ctx) => {
    const { items, rest } = instanceProfiles.list(ctx, input);
    return { InstanceProfiles: items.map((row) => viewInstanceProfile(ctx, row)), ...rest };
  },

  ListInstanceProfilesForRole: ({ RoleName, ...page }, ctx) => {
    const { id } = roles.get(ctx, RoleName);
    const { items, rest } = pageOf(ctx, instanceProfiles.by(ctx, "role", id), page, ({ name }) => name, id);
    return { InstanceProfiles: items.map((row) => viewInstanceProfile(ctx, row)), ...rest };
  },

  RemoveRoleFromInstanceProfile: ({ InstanceProfileName, RoleName }, ctx) => {
    const profile = instanceProfiles.get(ctx, InstanceProfileName);
    const role = getOwnRole(ctx, RoleName);
    if (profile.role !== role.id) {
      throw missing(`Role ${RoleName} is not in instance profile ${InstanceProfileName}.`);
    }
    instanceProfiles.update(ctx, profile, { role: undefined });
    return {};
  },

  TagInstanceProfile: ({ InstanceProfileName, Tags }, ctx) => {
    tags.put(ctx, instanceProfiles.get(ctx, InstanceProfileName), Tags);
    return {};
  },

  UntagInstanceProfile: ({ InstanceProfileName, TagKeys }, ctx) => {
    tags.remove(ctx, instanceProfiles.get(ctx, InstanceProfileName), TagKeys);
    return {};
  },
} satisfies IamHandlers;
