import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { checkQuota, declareQuota, limitOf } from "../kit/quotas.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { protocolName, type Traffic } from "./ipProtocol.ts";
import { findBlocks, prefixListUsers } from "./prefixList.ts";

/** Whoever carries the group, by the private addresses of those interfaces. */
export interface GroupPeer {
  readonly kind: "group";
  readonly groupId: string;
  /** The account that owns it. */
  readonly userId: string;
  /** Of a group in another VPC: its VPC, which is remembered when the group is no more. */
  readonly vpcId: string | undefined;
  readonly peeringId: string | undefined;
}

/** Who is at the other end: the source of an inbound rule, the destination of an outbound one. */
export type Peer =
  | { readonly kind: "ipv4" | "ipv6"; readonly cidr: string }
  | { readonly kind: "prefix-list"; readonly prefixListId: string }
  | GroupPeer;

/** What a rule allows. */
export interface Permission extends Traffic {
  readonly peer: Peer;
  readonly description: string | undefined;
}

export interface SecurityGroupRule extends ResourceRow, Permission {
  readonly groupId: string;
  readonly egress: boolean;
}

/** The peer in one word: a block or an id. */
export function peerName(peer: Peer): string {
  if (peer.kind === "group") return peer.groupId;
  return peer.kind === "prefix-list" ? peer.prefixListId : peer.cidr;
}

type Identity = Pick<SecurityGroupRule, "groupId" | "egress"> & Pick<Permission, keyof Traffic | "peer">;

/** What no two rules of a group have in common. */
export const identityOf = ({ groupId, egress, protocol, from, to, peer }: Identity): string =>
  [groupId, egress ? "egress" : "ingress", protocol, from, to, peerName(peer)].join("/");

function viewPeer(peer: Peer): Partial<Sdk.SecurityGroupRule> {
  if (peer.kind === "prefix-list") return { PrefixListId: peer.prefixListId };
  if (peer.kind !== "group") {
    return peer.kind === "ipv4" ? { CidrIpv4: peer.cidr } : { CidrIpv6: peer.cidr };
  }
  return {
    ReferencedGroupInfo: {
      GroupId: peer.groupId,
      UserId: peer.userId,
      VpcId: peer.vpcId,
      VpcPeeringConnectionId: peer.peeringId,
    },
  };
}

const VERSIONS = ["ipv4", "ipv6"] as const;

/** As how many rules for an IP version a rule counts: one for a group is of both, a prefix list as large as it may be. */
function weightOf(ctx: Context, peer: Peer, version: (typeof VERSIONS)[number]): number {
  if (peer.kind === "group") return 1;
  if (peer.kind !== "prefix-list") return peer.kind === version ? 1 : 0;
  const list = findBlocks(ctx, peer.prefixListId);
  return list?.family.toLowerCase() === version ? list.weight : 0;
}

/** @see https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-security-groups */
const ruleQuota = declareQuota({
  code: "L-0EA8095F",
  name: "Inbound or outbound rules per security group",
  usual: 60,
  error: () => new ApiError("RulesPerSecurityGroupLimitExceeded"),
});

/** How many rules of an IP version a group has in a direction. */
function countRules(
  ctx: Context,
  { groupId, egress }: Pick<SecurityGroupRule, "groupId" | "egress">,
  version: (typeof VERSIONS)[number],
): number {
  const rules = securityGroupRules.by(ctx, "group", groupId).filter((rule) => rule.egress === egress);
  return rules.reduce((sum, { peer }) => sum + weightOf(ctx, peer, version), 0);
}

/**
 * To be called when a rule was written: counted are direction and IP version, each by itself.
 *
 * @throws {ApiError} RulesPerSecurityGroupLimitExceeded
 */
export function checkRuleCount(ctx: Context, rule: SecurityGroupRule): void {
  for (const version of VERSIONS) {
    if (weightOf(ctx, rule.peer, version) === 0) continue;
    checkQuota(ctx, ruleQuota, () => countRules(ctx, rule, version), "");
  }
}

/** One thing that a security group allows, in one direction, with one peer. */
export const securityGroupRules = defineResource({
  type: "security-group-rule",
  idPrefix: "sgr",
  notFound: "InvalidSecurityGroupRuleId.NotFound",
  malformed: "InvalidSecurityGroupRuleId.Malformed",
  ids: "SecurityGroupRuleIds",
  view: (rule: SecurityGroupRule, { account, tags, ctx }): Sdk.SecurityGroupRule => ({
    SecurityGroupRuleId: rule.id,
    SecurityGroupRuleArn: `arn:aws:ec2:${ctx.region}:${account}:security-group-rule/${rule.id}`,
    GroupId: rule.groupId,
    GroupOwnerId: account,
    IsEgress: rule.egress,
    IpProtocol: protocolName(rule.protocol),
    FromPort: rule.from,
    ToPort: rule.to,
    ...viewPeer(rule.peer),
    Description: rule.description,
    Tags: tags,
  }),
  filters: {
    "group-id": (rule) => rule.GroupId,
    "security-group-rule-id": (rule) => rule.SecurityGroupRuleId,
  },
  filterIndexes: { "group-id": "group" },
  indexes: {
    group: ({ groupId }) => groupId,
    peer: ({ peer }) => (peer.kind === "group" ? peer.groupId : undefined),
    identity: (rule) => identityOf(rule),
    prefixList: ({ peer }) => (peer.kind === "prefix-list" ? peer.prefixListId : undefined),
  },
  parents: { "security-group": "group" },
  partOf: () => true,
});

prefixListUsers.push((ctx, prefixListId) => {
  const version = findBlocks(ctx, prefixListId)?.family === "IPv6" ? "ipv6" : "ipv4";
  const rules = securityGroupRules.by(ctx, "prefixList", prefixListId);
  return rules.map((rule) => {
    const alike = rules.filter(({ groupId, egress }) => groupId === rule.groupId && egress === rule.egress);
    return {
      id: rule.groupId,
      owner: rule.account,
      holds: (more) => countRules(ctx, rule, version) + more * alike.length <= limitOf(ctx, ruleQuota),
    };
  });
});

export const operations = {
  DescribeSecurityGroupRules: securityGroupRules.describe("SecurityGroupRules"),
} satisfies Handlers;
