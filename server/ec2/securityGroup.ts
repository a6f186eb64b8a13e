import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import { compileFilters, type Filters } from "../kit/filters.ts";
import type { Handlers } from "../kit/handlers.ts";
import { takePage } from "../kit/pages.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { checkText, showPermissions, type PeerStates } from "./ipPermissions.ts";
import { ALL, ALL_TRAFFIC } from "./ipProtocol.ts";
import { checkRuleCount, peerName, securityGroupRules, type Peer } from "./securityGroupRule.ts";
import { furnishings as vpcFurnishings, vpcs, type Vpc } from "./vpc.ts";
import { vpcPeerings } from "./vpcPeering.ts";

export interface SecurityGroup extends ResourceRow {
  readonly vpcId: string;
  /** Unique in the VPC, whatever the case; never changes. */
  readonly name: string;
  readonly description: string;
  readonly isDefault: boolean;
}

const nameKey = (vpcId: string, name: string): string => `${vpcId}/${name.toLowerCase()}`;

function viewRules(ctx: Context, groupId: string, egress: boolean): Sdk.IpPermission[] {
  const rules = securityGroupRules.by(ctx, "group", groupId).filter((rule) => rule.egress === egress);
  return showPermissions(rules, peerStates(ctx));
}

/** What is to be known of the groups that rules name, whoever has them. */
export const peerStates = (ctx: Context): PeerStates => ({
  isGone: (id) => securityGroups.table(ctx).get(id) === undefined,
  status: (id) => vpcPeerings.table(ctx).get(id)?.state ?? "deleted",
});

type Permissions = readonly Sdk.IpPermission[] | undefined;

/** The filters on the rules of one direction, by what comes after `ip-permission.`. */
const permissionFilters = {
  cidr: (permissions: Permissions) =>
    permissions?.flatMap(({ IpRanges }) => IpRanges?.map(({ CidrIp }) => CidrIp)),
  "from-port": (permissions: Permissions) => permissions?.map(({ FromPort }) => FromPort),
  "group-id": (permissions: Permissions) =>
    permissions?.flatMap(({ UserIdGroupPairs }) => UserIdGroupPairs?.map(({ GroupId }) => GroupId)),
  "ipv6-cidr": (permissions: Permissions) =>
    permissions?.flatMap(({ Ipv6Ranges }) => Ipv6Ranges?.map(({ CidrIpv6 }) => CidrIpv6)),
  "prefix-list-id": (permissions: Permissions) =>
    permissions?.flatMap(({ PrefixListIds }) => PrefixListIds?.map(({ PrefixListId }) => PrefixListId)),
  protocol: (permissions: Permissions) => permissions?.map(({ IpProtocol }) => IpProtocol),
  "to-port": (permissions: Permissions) => permissions?.map(({ ToPort }) => ToPort),
  "user-id": (permissions: Permissions) =>
    permissions?.flatMap(({ UserIdGroupPairs }) => UserIdGroupPairs?.map(({ UserId }) => UserId)),
};

const filters: Filters<Sdk.SecurityGroup, SecurityGroup> = {
  description: (group) => group.Description,
  "group-id": (group) => group.GroupId,
  "group-name": (group) => group.GroupName,
  "owner-id": (group) => group.OwnerId,
  "vpc-id": (group) => group.VpcId,
  ...Object.fromEntries(
    Object.entries(permissionFilters).flatMap(([name, read]) => [
      [`ip-permission.${name}`, (group: Sdk.SecurityGroup) => read(group.IpPermissions)],
      [`egress.ip-permission.${name}`, (group: Sdk.SecurityGroup) => read(group.IpPermissionsEgress)],
    ]),
  ),
};

/** A set of rules that interfaces carry: what no rule of one of their groups allows does not get through. */
export const securityGroups = defineResource({
  type: "security-group",
  idPrefix: "sg",
  notFound: "InvalidGroup.NotFound",
  malformed: "InvalidGroupId.Malformed",
  ids: "GroupIds",
  view: (group: SecurityGroup, { account, tags, ctx }): Sdk.SecurityGroup => ({
    GroupId: group.id,
    SecurityGroupArn: arnOf(ctx, group),
    GroupName: group.name,
    Description: group.description,
    OwnerId: account,
    VpcId: group.vpcId,
    IpPermissions: viewRules(ctx, group.id, false),
    IpPermissionsEgress: viewRules(ctx, group.id, true),
    Tags: tags,
  }),
  filters,
  filterIndexes: { "vpc-id": "vpc" },
  indexes: {
    vpc: ({ vpcId }) => vpcId,
    name: ({ vpcId, name }) => nameKey(vpcId, name),
    default: ({ vpcId, isDefault }) => (isDefault ? vpcId : undefined),
  },
  parents: { vpc: "vpc" },
  quotas: [
    {
      code: "L-E79EC296",
      name: "VPC security groups per Region",
      usual: 2500,
      error: (_limit, { vpcId }) => new ApiError("SecurityGroupLimitExceeded", vpcId),
    },
  ],
  partOf: ({ isDefault }) => isDefault,
});

const arnOf = (ctx: Context, { account, id }: SecurityGroup): string =>
  `arn:aws:ec2:${ctx.region}:${account}:security-group/${id}`;

const ANYWHERE: Peer = { kind: "ipv4", cidr: "0.0.0.0/0" };
const ANYWHERE_IPV6: Peer = { kind: "ipv6", cidr: "::/0" };

const allow = (ctx: Context, groupId: string, egress: boolean, peer: Peer): void => {
  checkRuleCount(
    ctx,
    securityGroupRules.create(ctx, { ...ALL_TRAFFIC, groupId, egress, peer, description: undefined }),
  );
};

/** Makes a group that lets everything out and nothing in. */
function createGroup(
  ctx: Context,
  vpc: Vpc,
  fields: Pick<SecurityGroup, "name" | "description" | "isDefault">,
  tags?: readonly Sdk.TagSpecification[],
): SecurityGroup {
  const group = securityGroups.create(ctx, { ...fields, vpcId: vpc.id }, tags);
  allow(ctx, group.id, true, ANYWHERE);
  if (vpc.ipv6.length > 0) allow(ctx, group.id, true, ANYWHERE_IPV6);
  return group;
}

// Each VPC has a group for interfaces that are given none; who carries it reaches all others who do.
vpcFurnishings.push((ctx, vpc) => {
  const { id, account } = createGroup(ctx, vpc, {
    name: "default",
    description: "default VPC security group",
    isDefault: true,
  });
  allow(ctx, id, false, {
    kind: "group",
    groupId: id,
    userId: account,
    vpcId: undefined,
    peeringId: undefined,
  });
});

/** The group that an interface of the VPC carries when it is given none. */
export function defaultGroupOf(ctx: Context, vpcId: string): SecurityGroup {
  const [group] = securityGroups.by(ctx, "default", vpcId);
  if (!group) throw new TypeError(`${vpcId} has no default security group`);
  return group;
}

/**
 * To be called when a VPC gets its first IPv6 block: its default group lets IPv6 out, too, unless somebody has
 * changed what it lets out.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/default-security-group.html
 */
export function onIpv6Added(ctx: Context, vpc: Vpc): void {
  const { id } = defaultGroupOf(ctx, vpc.id);
  const [first, ...others] = securityGroupRules.by(ctx, "group", id).filter(({ egress }) => egress);
  if (others.length > 0 || first?.protocol !== ALL || peerName(first.peer) !== "0.0.0.0/0") return;
  allow(ctx, id, true, ANYWHERE_IPV6);
}

/**
 * The group of this name in the caller's default VPC.
 *
 * @throws {ApiError} VPCIdNotSpecified, InvalidGroup.NotFound
 */
export function groupNamed(ctx: Context, name: string): SecurityGroup {
  const [vpc] = vpcs.by(ctx, "default", ctx.account);
  if (!vpc) {
    throw new ApiError(
      "VPCIdNotSpecified",
      "No default VPC for this user. GroupName is only supported for EC2-Classic and default VPC.",
    );
  }
  const [group] = securityGroups.by(ctx, "name", nameKey(vpc.id, name));
  if (!group) {
    throw new ApiError(
      "InvalidGroup.NotFound",
      name,
      `The security group '${name}' does not exist in default VPC '${vpc.id}'`,
    );
  }
  return group;
}

/** The group that a call is about, by its id or, in the default VPC, by its name. */
export function readGroup(
  ctx: Context,
  { GroupId, GroupName }: { readonly GroupId?: string | undefined; readonly GroupName?: string | undefined },
): SecurityGroup {
  if (GroupName === undefined) {
    if (GroupId === undefined) throw new ApiError("MissingParameter", "groupName or groupId");
    return securityGroups.get(ctx, GroupId);
  }
  const named = groupNamed(ctx, GroupName);
  if (GroupId !== undefined && GroupId !== named.id) {
    throw new ApiError(
      "InvalidParameterCombination",
      "The parameter groupName cannot be used with the parameter groupId",
    );
  }
  return named;
}

/** Reads the name or the description of a new group. */
function readText(text: string, parameter: "GroupName" | "GroupDescription"): string {
  if (/\P{ASCII}/u.test(text)) {
    throw new ApiError(
      "InvalidParameterValue",
      `Value (${text}) for parameter ${parameter} is invalid. Character sets beyond ASCII are not supported.`,
    );
  }
  if (text.trim() === "") throw new ApiError("MissingParameter", parameter);
  checkText(text, parameter === "GroupName" ? "security group name" : "security group description");
  return text;
}

function readName(ctx: Context, text: string, vpcId: string): string {
  // "If the name contains trailing spaces, we trim the space at the end of the name."
  const name = readText(text, "GroupName").trimEnd();
  if (/^sg-/i.test(name)) {
    throw new ApiError(
      "InvalidParameterValue",
      `Value (${name}) for parameter GroupName is invalid. Group names may not be in the format sg-*.`,
    );
  }
  if (name.toLowerCase() === "default") {
    throw new ApiError("InvalidParameterValue", `Cannot use reserved security group name: ${name}`);
  }
  if (securityGroups.count(ctx, "name", nameKey(vpcId, name)) > 0) {
    throw new ApiError("InvalidGroup.Duplicate", name, vpcId);
  }
  return name;
}

function readVpc(ctx: Context, id: string | undefined): Vpc {
  if (id !== undefined) return vpcs.get(ctx, id);
  const [vpc] = vpcs.by(ctx, "default", ctx.account);
  if (!vpc) throw new ApiError("VPCIdNotSpecified", "No default VPC for this user");
  return vpc;
}

/** Whether a rule of another group in the VPC names the group; a rule elsewhere would just become stale. */
const isReferenced = (ctx: Context, { id, vpcId }: SecurityGroup): boolean =>
  securityGroupRules
    .by(ctx, "peer", id)
    .some(({ groupId }) => groupId !== id && securityGroups.find(ctx, groupId)?.vpcId === vpcId);

function askedGroups(
  ctx: Context,
  { GroupIds, GroupNames, Filters }: Sdk.DescribeSecurityGroupsRequest,
): SecurityGroup[] {
  if (!GroupIds?.length && !GroupNames?.length) return securityGroups.visible(ctx, Filters);
  const groups = [
    ...securityGroups.getAll(ctx, GroupIds ?? []),
    ...(GroupNames ?? []).map((name) => groupNamed(ctx, name)),
  ];
  return [...new Set(groups)].toSorted((a, b) => a.seq - b.seq);
}

/** The names of the groups that rules refer to. EC2 compares them, but does not show them for groups in a VPC. */
const namesIn = (ctx: Context, permissions: Permissions): (string | undefined)[] | undefined =>
  permissionFilters["group-id"](permissions)?.map((id) =>
    id === undefined ? undefined : securityGroups.find(ctx, id)?.name,
  );

const nameFilters = (ctx: Context): Filters<Sdk.SecurityGroup, SecurityGroup> => ({
  "ip-permission.group-name": (group) => namesIn(ctx, group.IpPermissions),
  "egress.ip-permission.group-name": (group) => namesIn(ctx, group.IpPermissionsEgress),
});

const describeSecurityGroups: NonNullable<Handlers["DescribeSecurityGroups"]> = (input, ctx) => {
  const keep = compileFilters({ ...filters, ...nameFilters(ctx) }, input.Filters);
  const { items, ...page } = takePage(ctx, askedGroups(ctx, input), input, (group) => {
    const view = securityGroups.show(ctx, group);
    return !keep || keep(view, group) ? view : undefined;
  });
  return { SecurityGroups: items, ...page };
};

export const operations = {
  CreateSecurityGroup: ({ VpcId, GroupName, Description, TagSpecifications }, ctx) => {
    const vpc = readVpc(ctx, VpcId);
    const name = readName(ctx, GroupName, vpc.id);
    const description = readText(Description, "GroupDescription");
    const group = createGroup(ctx, vpc, { name, description, isDefault: false }, TagSpecifications);
    const { SecurityGroupArn, Tags } = securityGroups.show(ctx, group);
    return { GroupId: group.id, SecurityGroupArn, Tags };
  },

  DeleteSecurityGroup: (input, ctx) => {
    const group = readGroup(ctx, input);
    if (group.isDefault) throw new ApiError("CannotDelete", group.id, group.name);
    if (isReferenced(ctx, group) || !securityGroups.isFree(ctx, group.id)) {
      throw new ApiError("DependencyViolation", `resource ${group.id} has a dependent object`);
    }
    securityGroups.delete(ctx, group.id);
    return { Return: true, GroupId: group.id };
  },

  DescribeSecurityGroups: Object.assign(describeSecurityGroups, {
    filters: [
      ...Object.keys(filters),
      "ip-permission.group-name",
      "egress.ip-permission.group-name",
    ] as readonly string[],
  }),
} satisfies Handlers;
