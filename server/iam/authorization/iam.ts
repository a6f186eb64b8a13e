import { keyTable } from "../../auth/keys.ts";
import type { Context } from "../../kit/context.ts";
import type { ActionTable } from "../actionTable.ts";
import { groups } from "../group.ts";
import { instanceProfiles } from "../instanceProfile.ts";
import { findPolicy, policies } from "../managedPolicy.ts";
import type { KeyValue } from "../policy/keys.ts";
import { roles } from "../role.ts";
import type { Tags } from "../tags.ts";
import { users } from "../user.ts";
import { requestTag, tagNamed, type Demand } from "./demand.ts";
import { passRole } from "./passRole.ts";

type Input = Readonly<Record<string, unknown>>;

/** What a call is about: a user, a role, …, whether it is there or not. */
interface Target {
  readonly arn: string;
  readonly tags?: Tags | undefined;
  /** The ARN of the boundary that it has. */
  readonly boundary?: string | undefined;
}

const textOf = (input: Input, member: string): string | undefined => {
  const value = input[member];
  return typeof value === "string" ? value : undefined;
};

const isNew = (ctx: Context): boolean => ctx.operation.startsWith("Create");

/** One that has a name: as it is, or, if it is not there, as the call would make it. */
function named(
  ctx: Context,
  entities: typeof users | typeof groups | typeof roles | typeof instanceProfiles,
  name: string,
  path = "/",
): Target {
  const row = isNew(ctx) ? undefined : entities.find(ctx, name);
  const { type } = entities.definition;
  if (!row) return { arn: `arn:aws:iam::${ctx.account}:${type}${path}${name}` };
  return {
    arn: `arn:aws:iam::${row.account}:${type}${row.path}${row.name}`,
    tags: "tags" in row ? row.tags : undefined,
    boundary: "boundary" in row ? row.boundary : undefined,
  };
}

const ofEverything = (ctx: Context, type: string): Target => ({
  arn: `arn:aws:iam::${ctx.account}:${type}/*`,
});

/** The user of a key, if it is one of the account's. */
function userOfKey(ctx: Context, accessKeyId: string): string | undefined {
  const row = ctx.global.table(keyTable).get(accessKeyId);
  return row?.account === ctx.account ? users.table(ctx).get(row.userId)?.name : undefined;
}

/** Whom a call is about that names no user: who calls. */
function user(ctx: Context, input: Input): Target {
  const key = ctx.operation === "GetAccessKeyLastUsed" ? textOf(input, "AccessKeyId") : undefined;
  const name =
    textOf(input, "UserName") ??
    (key === undefined ? users.table(ctx).get(ctx.caller.userId)?.name : userOfKey(ctx, key));
  return name === undefined ? ofEverything(ctx, "user") : named(ctx, users, name, textOf(input, "Path"));
}

function policy(ctx: Context, input: Input): Target {
  const arn = textOf(input, "PolicyArn");
  if (arn !== undefined) return { arn, tags: findPolicy(ctx, arn)?.tags };
  const name = textOf(input, "PolicyName");
  const path = textOf(input, "Path") ?? "/";
  return name === undefined
    ? ofEverything(ctx, policies.definition.type)
    : { arn: `arn:aws:iam::${ctx.account}:policy${path}${name}` };
}

/** A linked role has the name that its service gives it. */
function role(ctx: Context, input: Input): Target {
  const service = textOf(input, "AWSServiceName");
  if (service !== undefined) {
    return { arn: `arn:aws:iam::${ctx.account}:role/aws-service-role/${service}/*` };
  }
  const name = textOf(input, "RoleName");
  return name === undefined ? ofEverything(ctx, "role") : named(ctx, roles, name, textOf(input, "Path"));
}

const targets: Readonly<Partial<Record<string, (ctx: Context, input: Input) => Target>>> = {
  group: (ctx, input) => {
    const name = textOf(input, "GroupName");
    return name === undefined ? ofEverything(ctx, "group") : named(ctx, groups, name, textOf(input, "Path"));
  },
  "instance-profile": (ctx, input) => {
    const name = textOf(input, "InstanceProfileName");
    return name === undefined
      ? ofEverything(ctx, "instance-profile")
      : named(ctx, instanceProfiles, name, textOf(input, "Path"));
  },
  policy,
  role,
  user,
};

/** What UpdateUser and UpdateGroup make of theirs must be theirs to change, too. */
function renamed(ctx: Context, input: Input, type: string): Target[] {
  const name = textOf(input, type === "user" ? "NewUserName" : "NewGroupName");
  const path = textOf(input, "NewPath");
  if (name === undefined && path === undefined) return [];
  const before = textOf(input, type === "user" ? "UserName" : "GroupName") ?? "";
  const kept = (type === "user" ? users : groups).find(ctx, before)?.path;
  return [{ arn: `arn:aws:iam::${ctx.account}:${type}${path ?? kept ?? "/"}${name ?? before}` }];
}

function keyOf(input: Input, { tags = [], boundary }: Target, name: string): KeyValue {
  if (/^(?:aws|iam):resourcetag\//.test(name)) return tagNamed(tags, name);
  switch (name) {
    case "iam:policyarn":
      return textOf(input, "PolicyArn");
    case "iam:permissionsboundary":
      return textOf(input, "PermissionsBoundary") ?? boundary;
    case "iam:awsservicename":
      return textOf(input, "AWSServiceName");
  }
  const untagged = (input.TagKeys as readonly string[] | undefined)?.map((Key) => ({ Key }));
  return requestTag(name, untagged ?? (input.Tags as Tags | undefined) ?? []);
}

/**
 * What a call of IAM must be allowed.
 *
 * @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
 */
export function demandsOfIam(ctx: Context, table: ActionTable, given: object): Demand[] {
  const input = given as Input;
  const action = table.get(ctx.operation);
  const demand = (target: Target): Demand => ({
    action: `iam:${ctx.operation}`,
    resource: target.arn,
    keys: { get: (name) => keyOf(input, target, name) },
    known: (action?.keys ?? []).filter((key) => !key.includes("$")),
  });
  const source = textOf(input, "PolicySourceArn");
  if (source !== undefined) return [demand({ arn: source })];
  // Of an action on any of several types, the one that the call names.
  const about = action?.resources.filter(({ required }) => required) ?? [];
  const found = about.flatMap(({ type }) => [
    targets[type]?.(ctx, input) ?? ofEverything(ctx, type),
    ...(/^Update(?:User|Group)$/.test(ctx.operation) ? renamed(ctx, input, type) : []),
  ]);
  const demands = (found.length > 0 ? found : [{ arn: "*" }]).map(demand);
  // Who makes something with tags must be allowed to tag it, too.
  if (isNew(ctx) && Array.isArray(input.Tags) && input.Tags.length > 0) {
    const action = `iam:${ctx.operation.replace("Create", "Tag")}`;
    demands.push(...demands.map((each) => ({ ...each, action })));
  }
  if (ctx.operation === "AddRoleToInstanceProfile") {
    demands.push(passRole(role(ctx, input).arn, "ec2.amazonaws.com"));
  }
  return demands;
}
