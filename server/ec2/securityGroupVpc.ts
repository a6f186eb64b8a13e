import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import { compileFilters, type Filters } from "../kit/filters.ts";
import type { Handlers } from "../kit/handlers.ts";
import { takePage } from "../kit/pages.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { securityGroups, type SecurityGroup } from "./securityGroup.ts";
import { vpcs } from "./vpc.ts";

/** Its id is `groupId/vpcId`: what uses the group in that VPC names this as its parent. */
export interface SecurityGroupVpcAssociation extends ResourceRow {
  readonly groupId: string;
  readonly vpcId: string;
  readonly state: "associating" | "associated" | "disassociating";
}

/** Lets the interfaces of another VPC carry a group, too. */
export const securityGroupVpcAssociations = defineResource({
  type: "security-group-vpc-association",
  idPrefix: "sg-vpc-assoc",
  notFound: "InvalidParameterValue",
  ids: "",
  view: (
    { groupId, vpcId, state }: SecurityGroupVpcAssociation,
    { account },
  ): Sdk.SecurityGroupVpcAssociation => ({
    GroupId: groupId,
    GroupOwnerId: account,
    VpcId: vpcId,
    VpcOwnerId: account,
    State: state,
  }),
  filters: {
    "group-id": (association) => association.GroupId,
    "group-owner-id": (association) => association.GroupOwnerId,
    state: (association) => association.State,
    "vpc-id": (association) => association.VpcId,
    "vpc-owner-id": (association) => association.VpcOwnerId,
  },
  filterIndexes: { "group-id": "group", "vpc-id": "vpc" },
  indexes: { group: ({ groupId }) => groupId, vpc: ({ vpcId }) => vpcId },
  parents: { "security-group": "group", vpc: "vpc" },
  transitions: {
    associated: (ctx, { id }) => securityGroupVpcAssociations.update(ctx, id, { state: "associated" }),
    disassociated: (ctx, { id }) => securityGroupVpcAssociations.delete(ctx, id),
  },
});

const idOf = (groupId: string, vpcId: string): string => `${groupId}/${vpcId}`;

/** Whether interfaces of the VPC may carry the group: it is the group's own, or associated with it. */
export const isUsableIn = (ctx: Context, group: SecurityGroup, vpcId: string): boolean =>
  group.vpcId === vpcId ||
  securityGroupVpcAssociations.find(ctx, idOf(group.id, vpcId))?.state === "associated";

/** All groups that interfaces of the VPC may carry, oldest first. */
function usableIn(ctx: Context, vpcId: string): SecurityGroup[] {
  const guests = securityGroupVpcAssociations
    .by(ctx, "vpc", vpcId)
    .filter(({ state }) => state === "associated")
    .map(({ groupId }) => securityGroups.get(ctx, groupId));
  return [...securityGroups.by(ctx, "vpc", vpcId), ...guests].toSorted((a, b) => a.seq - b.seq);
}

const showForVpc = (ctx: Context, group: SecurityGroup): Sdk.SecurityGroupForVpc => {
  const { GroupId, GroupName, Description, OwnerId, VpcId, Tags } = securityGroups.show(ctx, group);
  return { GroupId, GroupName, Description, OwnerId, PrimaryVpcId: VpcId, Tags };
};

const forVpcFilters: Filters<Sdk.SecurityGroupForVpc> = {
  description: (group) => group.Description,
  "group-id": (group) => group.GroupId,
  "group-name": (group) => group.GroupName,
  "owner-id": (group) => group.OwnerId,
  "primary-vpc-id": (group) => group.PrimaryVpcId,
};

const getSecurityGroupsForVpc: NonNullable<Handlers["GetSecurityGroupsForVpc"]> = (input, ctx) => {
  const vpc = vpcs.get(ctx, input.VpcId);
  const keep = compileFilters(forVpcFilters, input.Filters);
  const { items, ...page } = takePage(ctx, usableIn(ctx, vpc.id), input, (group) => {
    const view = showForVpc(ctx, group);
    return !keep || keep(view, group) ? view : undefined;
  });
  return { SecurityGroupForVpcs: items, ...page };
};

export const operations = {
  AssociateSecurityGroupVpc: ({ GroupId, VpcId }, ctx) => {
    const group = securityGroups.get(ctx, GroupId);
    const vpc = vpcs.get(ctx, VpcId);
    if (group.isDefault) {
      throw new ApiError(
        "UnsupportedOperation",
        `The default security group ${group.id} cannot be associated with another VPC.`,
      );
    }
    if (vpc.isDefault) {
      throw new ApiError(
        "UnsupportedOperation",
        `Security groups cannot be associated with the default VPC ${vpc.id}.`,
      );
    }
    const id = idOf(group.id, vpc.id);
    if (group.vpcId === vpc.id || securityGroupVpcAssociations.find(ctx, id)) {
      throw new ApiError(
        "InvalidParameterValue",
        `The security group ${group.id} is already associated with VPC ${vpc.id}.`,
      );
    }
    const { state } = securityGroupVpcAssociations.create(
      ctx,
      { groupId: group.id, vpcId: vpc.id, state: "associating" },
      undefined,
      id,
    );
    securityGroupVpcAssociations.soon(ctx, id, "associated", 5);
    return { State: state };
  },

  DescribeSecurityGroupVpcAssociations: securityGroupVpcAssociations.describe("SecurityGroupVpcAssociations"),

  DisassociateSecurityGroupVpc: ({ GroupId, VpcId }, ctx) => {
    const group = securityGroups.get(ctx, GroupId);
    const vpc = vpcs.get(ctx, VpcId);
    const association = securityGroupVpcAssociations.find(ctx, idOf(group.id, vpc.id));
    if (!association) {
      throw new ApiError(
        "InvalidParameterValue",
        `The security group ${group.id} is not associated with VPC ${vpc.id}.`,
      );
    }
    if (!securityGroupVpcAssociations.isFree(ctx, association.id)) {
      throw new ApiError("DependencyViolation", `resource ${group.id} has a dependent object`);
    }
    securityGroupVpcAssociations.update(ctx, association.id, { state: "disassociating" });
    securityGroupVpcAssociations.soon(ctx, association.id, "disassociated", 5);
    return { State: "disassociating" };
  },

  GetSecurityGroupsForVpc: Object.assign(getSecurityGroupsForVpc, {
    filters: Object.keys(forVpcFilters),
  }),
} satisfies Handlers;
