import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import {
  blockPublicAccessExclusions,
  CHANGE_SECONDS,
  isGone,
  type BlockPublicAccessExclusion,
} from "./blockPublicAccess.ts";
import { subnets } from "./subnet.ts";
import { vpcs } from "./vpc.ts";

/** The VPC or the subnet that a call wants to exclude. */
function readResource(ctx: Context, subnetId: string | undefined, vpcId: string | undefined): string {
  if (subnetId !== undefined && vpcId !== undefined) {
    throw new ApiError("InvalidParameterCombination", "Only one of subnetId and vpcId can be specified.");
  }
  if (subnetId !== undefined) return subnets.get(ctx, subnetId).id;
  if (vpcId === undefined) throw new ApiError("MissingParameter", "subnetId or vpcId");
  return vpcs.get(ctx, vpcId).id;
}

/** @throws {ApiError} InvalidVpcBlockPublicAccessExclusionId.NotFound, also for one that is deleted */
function present(ctx: Context, id: string): BlockPublicAccessExclusion {
  const exclusion = blockPublicAccessExclusions.get(ctx, id);
  if (isGone(exclusion)) throw new ApiError("InvalidVpcBlockPublicAccessExclusionId.NotFound", id);
  return exclusion;
}

const show = (ctx: Context, row: BlockPublicAccessExclusion) => ({
  VpcBlockPublicAccessExclusion: blockPublicAccessExclusions.show(ctx, row),
});

export const operations = {
  CreateVpcBlockPublicAccessExclusion: (
    { InternetGatewayExclusionMode: mode, SubnetId, VpcId, TagSpecifications },
    ctx,
  ) => {
    const resourceId = readResource(ctx, SubnetId, VpcId);
    const [other] = blockPublicAccessExclusions.by(ctx, "excluded", resourceId);
    if (other) {
      throw new ApiError(
        "InvalidParameterValue",
        `The exclusion ${other.id} already exists for the resource ${resourceId}.`,
      );
    }
    const row = blockPublicAccessExclusions.create(
      ctx,
      { resourceId, mode, state: "create-in-progress", updated: ctx.now, deleted: undefined },
      TagSpecifications,
    );
    blockPublicAccessExclusions.soon(ctx, row.id, "created", CHANGE_SECONDS);
    return show(ctx, row);
  },

  DeleteVpcBlockPublicAccessExclusion: ({ ExclusionId }, ctx) => {
    const { id } = present(ctx, ExclusionId);
    const row = blockPublicAccessExclusions.update(ctx, id, {
      state: "delete-in-progress",
      updated: ctx.now,
      deleted: ctx.now,
    });
    blockPublicAccessExclusions.soon(ctx, id, "deleted", CHANGE_SECONDS);
    return show(ctx, row);
  },

  DescribeVpcBlockPublicAccessExclusions: blockPublicAccessExclusions.describe(
    "VpcBlockPublicAccessExclusions",
  ),

  ModifyVpcBlockPublicAccessExclusion: ({ ExclusionId, InternetGatewayExclusionMode: mode }, ctx) => {
    const { id } = present(ctx, ExclusionId);
    const row = blockPublicAccessExclusions.update(ctx, id, {
      mode,
      state: "update-in-progress",
      updated: ctx.now,
    });
    blockPublicAccessExclusions.soon(ctx, id, "updated", CHANGE_SECONDS);
    return show(ctx, row);
  },
} satisfies Handlers;
