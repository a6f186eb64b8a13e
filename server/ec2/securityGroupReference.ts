import type * as Sdk from "@aws-sdk/client-ec2";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { takePage } from "../kit/pages.ts";
import { showPermissions } from "./ipPermissions.ts";
import { securityGroups, type SecurityGroup } from "./securityGroup.ts";
import { securityGroupRules, type SecurityGroupRule } from "./securityGroupRule.ts";
import { isUsableIn } from "./securityGroupVpc.ts";
import { vpcs } from "./vpc.ts";

/** Whether the rules of `group` may name `peer`: there is a VPC whose interfaces may carry either. */
export const canReference = (ctx: Context, group: SecurityGroup, peer: SecurityGroup): boolean =>
  isUsableIn(ctx, peer, group.vpcId) || isUsableIn(ctx, group, peer.vpcId);

/** Whether a rule names a group that is gone, or out of reach by now: it matches nothing. */
export function isStale(ctx: Context, group: SecurityGroup, { peer }: SecurityGroupRule): boolean {
  if (peer.kind !== "group") return false;
  const other = securityGroups.find(ctx, peer.groupId);
  return !other || !canReference(ctx, group, other);
}

const isGone = (ctx: Context) => (groupId: string) => securityGroups.find(ctx, groupId) === undefined;

function showStale(ctx: Context, rules: readonly SecurityGroupRule[]): Sdk.StaleIpPermission[] {
  return showPermissions(rules, isGone(ctx)).map(({ IpProtocol, FromPort, ToPort, UserIdGroupPairs }) => ({
    IpProtocol,
    FromPort,
    ToPort,
    IpRanges: [],
    PrefixListIds: [],
    UserIdGroupPairs,
  }));
}

function staleGroup(ctx: Context, group: SecurityGroup): Sdk.StaleSecurityGroup | undefined {
  const stale = securityGroupRules.by(ctx, "group", group.id).filter((rule) => isStale(ctx, group, rule));
  if (stale.length === 0) return undefined;
  return {
    GroupId: group.id,
    GroupName: group.name,
    Description: group.description,
    VpcId: group.vpcId,
    StaleIpPermissions: showStale(
      ctx,
      stale.filter(({ egress }) => !egress),
    ),
    StaleIpPermissionsEgress: showStale(
      ctx,
      stale.filter(({ egress }) => egress),
    ),
  };
}

/** From where a group is referenced over peering connections: one line for each VPC and connection. */
function referencesTo(ctx: Context, { id }: SecurityGroup): Sdk.SecurityGroupReference[] {
  const references = new Map<string, Sdk.SecurityGroupReference>();
  for (const { groupId, peer } of securityGroupRules.by(ctx, "peer", id)) {
    if (peer.kind !== "group" || peer.peeringId === undefined) continue;
    const ReferencingVpcId = securityGroups.table(ctx).get(groupId)?.vpcId;
    references.set(`${ReferencingVpcId}/${peer.peeringId}`, {
      GroupId: id,
      ReferencingVpcId,
      VpcPeeringConnectionId: peer.peeringId,
    });
  }
  return [...references.values()];
}

export const operations = {
  DescribeSecurityGroupReferences: ({ GroupId }, ctx) => ({
    SecurityGroupReferenceSet: securityGroups
      .getAll(ctx, GroupId)
      .flatMap((group) => referencesTo(ctx, group)),
  }),

  DescribeStaleSecurityGroups: (input, ctx) => {
    const groups = securityGroups.by(ctx, "vpc", vpcs.get(ctx, input.VpcId).id);
    const { items, ...page } = takePage(ctx, groups, input, (group) => staleGroup(ctx, group), [5, 255]);
    return { StaleSecurityGroupSet: items, ...page };
  },
} satisfies Handlers;

export const partly = {
  DescribeSecurityGroupReferences: "VPC peering connections and transit gateways",
} satisfies Partial<Record<keyof typeof operations, string>>;
