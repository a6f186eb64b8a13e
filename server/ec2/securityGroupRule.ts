import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Handlers } from "../kit/handlers.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { protocolName, type Traffic } from "./ipProtocol.ts";

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

/**
 * What the rule is counted under: its group, direction and IP version; a rule whose peer is not a block is of both.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-security-groups
 */
function waysOf({ groupId, egress, peer }: SecurityGroupRule): string[] {
  const versions = peer.kind === "ipv4" || peer.kind === "ipv6" ? [peer.kind] : ["ipv4", "ipv6"];
  return versions.map((version) => `${groupId}/${egress ? "egress" : "ingress"}/${version}`);
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
    way: waysOf,
  },
  parents: { "security-group": "group" },
  partOf: () => true,
  quotas: [
    {
      code: "L-0EA8095F",
      name: "Inbound or outbound rules per security group",
      usual: 60,
      per: "way",
      error: () => new ApiError("RulesPerSecurityGroupLimitExceeded"),
    },
  ],
});

export const operations = {
  DescribeSecurityGroupRules: securityGroupRules.describe("SecurityGroupRules"),
} satisfies Handlers;
