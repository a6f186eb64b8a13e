import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import {
  readDescription,
  readPeerCidr,
  readPermissions,
  readPrefixList,
  showPermissions,
  spell,
} from "./ipPermissions.ts";
import { protocolName, readProtocol, readTraffic } from "./ipProtocol.ts";
import { getBlocks } from "./prefixList.ts";
import { groupNamed, peerStates, readGroup, securityGroups, type SecurityGroup } from "./securityGroup.ts";
import { canReference, isBeyondGateway, peeringTo } from "./securityGroupReference.ts";
import {
  checkRuleCount,
  identityOf,
  securityGroupRules,
  type GroupPeer,
  type Peer,
  type Permission,
  type SecurityGroupRule,
} from "./securityGroupRule.ts";
import { vpcs } from "./vpc.ts";
import { vpcPeerings } from "./vpcPeering.ts";

/** The parameters with which a call says one permission, from before there were lists of them. */
interface FlatPermission {
  readonly CidrIp?: string | undefined;
  readonly FromPort?: number | undefined;
  readonly IpProtocol?: string | undefined;
  readonly SourceSecurityGroupName?: string | undefined;
  readonly SourceSecurityGroupOwnerId?: string | undefined;
  readonly ToPort?: number | undefined;
}

const FLAT = [
  "CidrIp",
  "FromPort",
  "IpProtocol",
  "SourceSecurityGroupName",
  "SourceSecurityGroupOwnerId",
  "ToPort",
] as const satisfies readonly (keyof FlatPermission)[];

const spelled = (parameter: string): string => parameter.charAt(0).toLowerCase() + parameter.slice(1);

function refuseTogether(one: string, other: string): never {
  throw new ApiError(
    "InvalidParameterCombination",
    `The parameter ${spelled(one)} cannot be used with the parameter ${spelled(other)}`,
  );
}

/** A group by its name grants "full ICMP, UDP, and TCP access". */
function fromWholeGroup(input: FlatPermission): Sdk.IpPermission[] {
  const { SourceSecurityGroupName: GroupName, SourceSecurityGroupOwnerId: UserId } = input;
  const other = (["CidrIp", "IpProtocol", "FromPort", "ToPort"] as const).find(
    (parameter) => input[parameter] !== undefined,
  );
  if (other) refuseTogether(other, "SourceSecurityGroupName");
  const UserIdGroupPairs = [{ GroupName, UserId }];
  return [
    { IpProtocol: "icmp", FromPort: -1, ToPort: -1, UserIdGroupPairs },
    { IpProtocol: "tcp", FromPort: 0, ToPort: 65_535, UserIdGroupPairs },
    { IpProtocol: "udp", FromPort: 0, ToPort: 65_535, UserIdGroupPairs },
  ];
}

/**
 * The permissions that a call says, in a list or in flat parameters.
 *
 * @throws {ApiError} MissingParameter, InvalidParameterCombination
 */
function saidPermissions(
  input: FlatPermission & { readonly IpPermissions?: readonly Sdk.IpPermission[] | undefined },
  { flat }: { readonly flat: boolean },
): readonly Sdk.IpPermission[] {
  const { IpPermissions, IpProtocol, FromPort, ToPort, CidrIp } = input;
  const given = FLAT.find((parameter) => input[parameter] !== undefined);
  if (given && IpPermissions) refuseTogether(given, "IpPermissions");
  if (given && !flat) {
    throw new ApiError(
      "InvalidParameterValue",
      `The parameter ${spelled(given)} is not supported. Use ipPermissions instead.`,
    );
  }
  if (IpPermissions?.length) return IpPermissions;
  if (!given) throw new ApiError("MissingParameter", "ipPermissions");
  if (input.SourceSecurityGroupName !== undefined) return fromWholeGroup(input);
  if (input.SourceSecurityGroupOwnerId !== undefined) {
    throw new ApiError("MissingParameter", "sourceSecurityGroupName", "Source group ID missing.");
  }
  return [{ IpProtocol, FromPort, ToPort, IpRanges: CidrIp === undefined ? [] : [{ CidrIp }] }];
}

const outOfReach = ({ id }: SecurityGroup): ApiError =>
  new ApiError(
    "InvalidGroup.NotFound",
    id,
    "You have specified two resources that belong to different networks.",
  );

/** Groups beyond a transit gateway can be named by inbound rules alone. */
function checkDirection(ctx: Context, { group, egress }: Side, { peer }: Permission): void {
  const other = egress && peer.kind === "group" ? securityGroups.table(ctx).get(peer.groupId) : undefined;
  if (other && isBeyondGateway(ctx, group, other)) throw outOfReach(other);
}

/** A group as the peer of a rule of `group`, which must be able to name it. */
function asPeer(ctx: Context, group: SecurityGroup, other: SecurityGroup): GroupPeer {
  if (!canReference(ctx, group, other)) throw outOfReach(other);
  return {
    kind: "group",
    groupId: other.id,
    userId: other.account,
    vpcId: other.vpcId === group.vpcId ? undefined : other.vpcId,
    peeringId: peeringTo(ctx, group, other)?.id,
  };
}

/**
 * Another account's group in a VPC that the one of `group` is peered with, or meets at a transit gateway; who names it
 * must know whose it is.
 */
function foreignGroup(
  ctx: Context,
  group: SecurityGroup,
  id: string | undefined,
  owner: string | undefined,
): SecurityGroup | undefined {
  const other = id === undefined ? undefined : securityGroups.table(ctx).get(id);
  if (!other || other.account === ctx.account || other.account !== owner) return undefined;
  return peeringTo(ctx, group, other) || isBeyondGateway(ctx, group, other) ? other : undefined;
}

/** Finds the group of a pair for a new rule of `group`. */
const readPair =
  (ctx: Context, group: SecurityGroup) =>
  ({ GroupId, GroupName, UserId, VpcId, VpcPeeringConnectionId }: Sdk.UserIdGroupPair): GroupPeer => {
    if (GroupId === undefined && GroupName === undefined) {
      throw new ApiError("MissingParameter", "groupId", "Source group ID missing.");
    }
    const other = foreignGroup(ctx, group, GroupId, UserId) ?? readGroup(ctx, { GroupId, GroupName });
    if (VpcPeeringConnectionId !== undefined) {
      const { id } = vpcPeerings.get(ctx, VpcPeeringConnectionId);
      if (peeringTo(ctx, group, other)?.id !== id) {
        throw new ApiError("InvalidVpcPeeringConnectionID.NotFound", id);
      }
    }
    const isOther =
      (UserId === undefined || UserId === other.account) && (VpcId === undefined || VpcId === other.vpcId);
    if (!isOther) throw new ApiError("InvalidGroup.NotFound", GroupId ?? other.name);
    return asPeer(ctx, group, other);
  };

/** Finds the group of a pair of a rule that is there; the group itself may be no more. */
const readKnownPair =
  (ctx: Context) =>
  ({ GroupId, GroupName, UserId = ctx.account }: Sdk.UserIdGroupPair): GroupPeer => {
    if (GroupId === undefined && GroupName === undefined) {
      throw new ApiError("MissingParameter", "groupId", "Source group ID missing.");
    }
    if (GroupId !== undefined) securityGroups.checkForm(GroupId);
    const groupId = GroupId ?? groupNamed(ctx, GroupName ?? "").id;
    return { kind: "group", groupId, userId: UserId, vpcId: undefined, peeringId: undefined };
  };

interface Side {
  readonly group: SecurityGroup;
  readonly egress: boolean;
}

const identityIn = ({ group, egress }: Side, permission: Permission): string =>
  identityOf({ ...permission, groupId: group.id, egress });

const ruleOf = (ctx: Context, side: Side, permission: Permission): SecurityGroupRule | undefined =>
  securityGroupRules.by(ctx, "identity", identityIn(side, permission))[0];

const duplicate = (permission: Permission): ApiError =>
  new ApiError("InvalidPermission.Duplicate", spell(permission));

function authorize(
  ctx: Context,
  side: Side,
  said: readonly Sdk.IpPermission[],
  tags: readonly Sdk.TagSpecification[] | undefined,
): { Return: boolean; SecurityGroupRules: Sdk.SecurityGroupRule[] } {
  const permissions = readPermissions(said, readPair(ctx, side.group));
  if (new Set(permissions.map((permission) => identityIn(side, permission))).size < permissions.length) {
    throw new ApiError("InvalidParameterValue", "The same permission must not appear multiple times");
  }
  const rules = permissions.map((permission) => {
    if (ruleOf(ctx, side, permission)) throw duplicate(permission);
    checkDirection(ctx, side, permission);
    const fields = { ...permission, groupId: side.group.id, egress: side.egress };
    if (permission.peer.kind === "prefix-list") getBlocks(ctx, permission.peer.prefixListId);
    const rule = securityGroupRules.create(ctx, fields, tags);
    checkRuleCount(ctx, rule);
    return rule;
  });
  return { Return: true, SecurityGroupRules: rules.map((rule) => securityGroupRules.show(ctx, rule)) };
}

/** The rule of this id, if it is one of this side of the group. */
function ruleById(ctx: Context, { group, egress }: Side, id: string): SecurityGroupRule {
  const rule = securityGroupRules.get(ctx, id);
  if (rule.groupId !== group.id || rule.egress !== egress) {
    throw new ApiError("InvalidSecurityGroupRuleId.NotFound", id);
  }
  return rule;
}

const showRevoked = (rule: SecurityGroupRule): Sdk.RevokedSecurityGroupRule => ({
  SecurityGroupRuleId: rule.id,
  GroupId: rule.groupId,
  IsEgress: rule.egress,
  IpProtocol: protocolName(rule.protocol),
  FromPort: rule.from,
  ToPort: rule.to,
  CidrIpv4: rule.peer.kind === "ipv4" ? rule.peer.cidr : undefined,
  CidrIpv6: rule.peer.kind === "ipv6" ? rule.peer.cidr : undefined,
  PrefixListId: rule.peer.kind === "prefix-list" ? rule.peer.prefixListId : undefined,
  ReferencedGroupId: rule.peer.kind === "group" ? rule.peer.groupId : undefined,
  Description: rule.description,
});

type RevokeInput = FlatPermission & {
  readonly IpPermissions?: readonly Sdk.IpPermission[] | undefined;
  readonly SecurityGroupRuleIds?: readonly string[] | undefined;
};

/**
 * Takes rules back. Where a permission is not there, EC2 refuses the call as a whole; in a default VPC it revokes the
 * others and tells which were unknown.
 */
function revoke(
  ctx: Context,
  side: Side,
  input: RevokeInput,
  options: { readonly flat: boolean },
): Sdk.RevokeSecurityGroupIngressResult {
  const { SecurityGroupRuleIds: ids } = input;
  const rules: SecurityGroupRule[] = [];
  const unknown: Permission[] = [];
  if (ids?.length) {
    const given = [...FLAT, "IpPermissions" as const].find((parameter) => input[parameter] !== undefined);
    if (given) refuseTogether(given, "SecurityGroupRuleIds");
    rules.push(...new Set(ids.map((id) => ruleById(ctx, side, id))));
  } else {
    for (const permission of readPermissions(saidPermissions(input, options), readKnownPair(ctx))) {
      const rule = ruleOf(ctx, side, permission);
      if (rule && !rules.includes(rule)) rules.push(rule);
      if (!rule) unknown.push(permission);
    }
  }
  if (unknown.length > 0 && !vpcs.get(ctx, side.group.vpcId).isDefault) {
    throw new ApiError("InvalidPermission.NotFound");
  }
  for (const { id } of rules) securityGroupRules.delete(ctx, id);
  return {
    Return: true,
    RevokedSecurityGroupRules: rules.map(showRevoked),
    UnknownIpPermissions: showPermissions(unknown, peerStates(ctx)),
  };
}

type DescriptionsInput = Pick<
  Sdk.UpdateSecurityGroupRuleDescriptionsIngressRequest,
  "GroupId" | "GroupName" | "IpPermissions" | "SecurityGroupRuleDescriptions"
>;

function describeAnew(ctx: Context, side: Side, input: DescriptionsInput): { Return: boolean } {
  const { IpPermissions, SecurityGroupRuleDescriptions: descriptions } = input;
  if (IpPermissions && descriptions) refuseTogether("IpPermissions", "SecurityGroupRuleDescriptions");
  if (!IpPermissions?.length && !descriptions?.length) {
    throw new ApiError("MissingParameter", "ipPermissions or securityGroupRuleDescriptions");
  }
  for (const permission of readPermissions(IpPermissions ?? [], readKnownPair(ctx))) {
    const rule = ruleOf(ctx, side, permission);
    if (!rule) throw new ApiError("InvalidPermission.NotFound");
    securityGroupRules.update(ctx, rule.id, { description: permission.description });
  }
  for (const { SecurityGroupRuleId: id, Description } of descriptions ?? []) {
    if (id === undefined) throw new ApiError("MissingParameter", "securityGroupRuleId");
    const rule = ruleById(ctx, side, id);
    securityGroupRules.update(ctx, rule.id, { description: readDescription(Description) });
  }
  return { Return: true };
}

/** @throws {ApiError} InvalidParameterCombination unless it is exactly one peer */
function readRequestedPeer(ctx: Context, group: SecurityGroup, request: Sdk.SecurityGroupRuleRequest): Peer {
  const { CidrIpv4, CidrIpv6, PrefixListId, ReferencedGroupId } = request;
  const given = [CidrIpv4, CidrIpv6, PrefixListId, ReferencedGroupId].filter((peer) => peer !== undefined);
  if (given.length > 1) {
    throw new ApiError(
      "InvalidParameterCombination",
      "Only one of cidrIpv4, cidrIpv6, prefixListId, or referencedGroupId can be specified",
    );
  }
  if (CidrIpv4 !== undefined) return readPeerCidr(CidrIpv4, 4);
  if (CidrIpv6 !== undefined) return readPeerCidr(CidrIpv6, 6);
  if (PrefixListId !== undefined) return readPrefixList(getBlocks(ctx, PrefixListId).id);
  if (ReferencedGroupId === undefined) {
    throw new ApiError("MissingParameter", "cidrIpv4, cidrIpv6, prefixListId, or referencedGroupId");
  }
  const owner = securityGroups.table(ctx).get(ReferencedGroupId)?.account;
  const other = foreignGroup(ctx, group, ReferencedGroupId, owner);
  return asPeer(ctx, group, other ?? securityGroups.get(ctx, ReferencedGroupId));
}

/** Puts what the request says in place of what the rule said; its id, direction and tags stay. */
function modifyRule(ctx: Context, group: SecurityGroup, update: Sdk.SecurityGroupRuleUpdate): void {
  const { SecurityGroupRuleId: id, SecurityGroupRule: request } = update;
  if (id === undefined) throw new ApiError("MissingParameter", "securityGroupRuleId");
  const rule = securityGroupRules.get(ctx, id);
  if (rule.groupId !== group.id) throw new ApiError("InvalidSecurityGroupRuleId.NotFound", id);
  if (request?.IpProtocol === undefined) throw new ApiError("MissingParameter", "ipProtocol");
  const peer = readRequestedPeer(ctx, group, request);
  if (peer.kind !== rule.peer.kind) {
    throw new ApiError(
      "InvalidParameterValue",
      `The type of the source or destination of security group rule ${id} cannot be changed.`,
    );
  }
  const permission: Permission = {
    ...readTraffic(readProtocol(request.IpProtocol), request.FromPort, request.ToPort),
    peer,
    description: readDescription(request.Description),
  };
  checkDirection(ctx, { group, egress: rule.egress }, permission);
  const same = ruleOf(ctx, { group, egress: rule.egress }, permission);
  if (same && same.id !== id) throw duplicate(permission);
  checkRuleCount(ctx, securityGroupRules.update(ctx, id, permission));
}

export const operations = {
  AuthorizeSecurityGroupEgress: (input, ctx) => {
    const side = { group: securityGroups.get(ctx, input.GroupId), egress: true };
    return authorize(ctx, side, saidPermissions(input, { flat: false }), input.TagSpecifications);
  },

  AuthorizeSecurityGroupIngress: (input, ctx) => {
    const side = { group: readGroup(ctx, input), egress: false };
    return authorize(ctx, side, saidPermissions(input, { flat: true }), input.TagSpecifications);
  },

  ModifySecurityGroupRules: ({ GroupId, SecurityGroupRules }, ctx) => {
    const group = securityGroups.get(ctx, GroupId);
    if (SecurityGroupRules.length === 0) throw new ApiError("MissingParameter", "securityGroupRules");
    for (const update of SecurityGroupRules) modifyRule(ctx, group, update);
    return { Return: true };
  },

  RevokeSecurityGroupEgress: (input, ctx) =>
    revoke(ctx, { group: securityGroups.get(ctx, input.GroupId), egress: true }, input, { flat: false }),

  RevokeSecurityGroupIngress: (input, ctx) =>
    revoke(ctx, { group: readGroup(ctx, input), egress: false }, input, { flat: true }),

  UpdateSecurityGroupRuleDescriptionsEgress: (input, ctx) =>
    describeAnew(ctx, { group: readGroup(ctx, input), egress: true }, input),

  UpdateSecurityGroupRuleDescriptionsIngress: (input, ctx) =>
    describeAnew(ctx, { group: readGroup(ctx, input), egress: false }, input),
} satisfies Handlers;
