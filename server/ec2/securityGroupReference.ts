import type * as Sdk from "@aws-sdk/client-ec2";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { takePage } from "../kit/pages.ts";
import { showPermissions } from "./ipPermissions.ts";
import { peerStates, securityGroups, type SecurityGroup } from "./securityGroup.ts";
import { securityGroupRules, type SecurityGroupRule } from "./securityGroupRule.ts";
import { isUsableIn } from "./securityGroupVpc.ts";
import { referencingGateway } from "./transitGatewayAttachment.ts";
import { vpcs } from "./vpc.ts";
import { acceptedBetween, vpcPeerings, type VpcPeering } from "./vpcPeering.ts";

/** The connection over which the rules of `group` may name `peer`, both being of this region; it must be active. */
export function peeringTo(ctx: Context, group: SecurityGroup, peer: SecurityGroup): VpcPeering | undefined {
  const peering = acceptedBetween(ctx, group.vpcId, peer.vpcId);
  return peering?.state === "active" ? peering : undefined;
}

const isNear = (ctx: Context, group: SecurityGroup, peer: SecurityGroup): boolean =>
  isUsableIn(ctx, peer, group.vpcId) ||
  isUsableIn(ctx, group, peer.vpcId) ||
  peeringTo(ctx, group, peer) !== undefined;

/** Whether only a transit gateway lets inbound rules of `group` name `peer`. */
export const isBeyondGateway = (ctx: Context, group: SecurityGroup, peer: SecurityGroup): boolean =>
  !isNear(ctx, group, peer) && referencingGateway(ctx, group.vpcId, peer.vpcId) !== undefined;

/**
 * Whether the rules of `group` may name `peer`: there is a VPC whose interfaces may carry either, or their VPCs are
 * peered, or, for inbound rules, at one transit gateway.
 */
export const canReference = (ctx: Context, group: SecurityGroup, peer: SecurityGroup): boolean =>
  isNear(ctx, group, peer) || referencingGateway(ctx, group.vpcId, peer.vpcId) !== undefined;

/** Whether a rule names a group that is gone, or out of reach by now: it matches nothing. */
export function isStale(ctx: Context, group: SecurityGroup, { peer }: SecurityGroupRule): boolean {
  if (peer.kind !== "group") return false;
  const other = securityGroups.table(ctx).get(peer.groupId);
  return !other || !canReference(ctx, group, other);
}

function showStale(ctx: Context, rules: readonly SecurityGroupRule[]): Sdk.StaleIpPermission[] {
  return showPermissions(rules, peerStates(ctx)).map(
    ({ IpProtocol, FromPort, ToPort, UserIdGroupPairs }) => ({
      IpProtocol,
      FromPort,
      ToPort,
      IpRanges: [],
      PrefixListIds: [],
      UserIdGroupPairs,
    }),
  );
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

/** The peering connection, or else the gateway, over which a rule of one group names another. */
function wayOf(
  ctx: Context,
  group: SecurityGroup,
  { peer }: SecurityGroupRule,
  named: SecurityGroup,
): Sdk.SecurityGroupReference | undefined {
  if (peer.kind !== "group") return undefined;
  if (peer.peeringId !== undefined) {
    // What names the group over a connection that is no more is stale.
    const isActive = vpcPeerings.table(ctx).get(peer.peeringId)?.state === "active";
    return isActive ? { VpcPeeringConnectionId: peer.peeringId } : undefined;
  }
  if (isNear(ctx, group, named)) return undefined;
  const TransitGatewayId = referencingGateway(ctx, group.vpcId, named.vpcId);
  return TransitGatewayId === undefined ? undefined : { TransitGatewayId };
}

/** From where a group is referenced in other VPCs: one line for each of them and each way there. */
function referencesTo(ctx: Context, named: SecurityGroup): Sdk.SecurityGroupReference[] {
  const references = new Map<string, Sdk.SecurityGroupReference>();
  for (const rule of securityGroupRules.by(ctx, "peer", named.id)) {
    const group = securityGroups.table(ctx).get(rule.groupId);
    const way = group && wayOf(ctx, group, rule, named);
    if (!way) continue;
    const reference = { GroupId: named.id, ReferencingVpcId: group.vpcId, ...way };
    references.set(Object.values(reference).join("/"), reference);
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
