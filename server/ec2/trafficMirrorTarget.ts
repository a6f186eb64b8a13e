import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { networkInterfaces } from "./networkInterface.ts";

export interface TrafficMirrorTarget extends ResourceRow {
  readonly networkInterfaceId: string;
  readonly description: string;
}

/** What keeps a target from being deleted: sessions add themselves here. */
export const targetUsers: ((ctx: Context, targetId: string) => boolean)[] = [];

/** Where mirrored packets go. It outlives the interface, and then leads nowhere. */
export const trafficMirrorTargets = defineResource({
  type: "traffic-mirror-target",
  idPrefix: "tmt",
  notFound: "InvalidTrafficMirrorTargetId.NotFound",
  ids: "TrafficMirrorTargetIds",
  view: (target: TrafficMirrorTarget, { account, tags }): Sdk.TrafficMirrorTarget => ({
    TrafficMirrorTargetId: target.id,
    NetworkInterfaceId: target.networkInterfaceId,
    Type: "network-interface",
    Description: target.description,
    OwnerId: account,
    Tags: tags,
  }),
  filters: {
    description: (target) => target.Description,
    "network-interface-id": (target) => target.NetworkInterfaceId,
    "network-load-balancer-arn": (target) => target.NetworkLoadBalancerArn,
    "owner-id": (target) => target.OwnerId,
    "traffic-mirror-target-id": (target) => target.TrafficMirrorTargetId,
  },
});

export const partly = {
  CreateTrafficMirrorTarget: "Network Load Balancers and Gateway Load Balancer endpoints",
};

/** @see https://docs.aws.amazon.com/vpc/latest/mirroring/traffic-mirroring-targets.html */
export const operations = {
  CreateTrafficMirrorTarget: (input, ctx) => {
    const { NetworkInterfaceId, NetworkLoadBalancerArn, GatewayLoadBalancerEndpointId } = input;
    const named = [NetworkInterfaceId, NetworkLoadBalancerArn, GatewayLoadBalancerEndpointId].filter(
      (each) => each !== undefined,
    );
    if (named.length !== 1) {
      throw new ApiError(
        "InvalidParameterCombination",
        "Exactly one of NetworkInterfaceId, NetworkLoadBalancerArn and GatewayLoadBalancerEndpointId must be specified.",
      );
    }
    if (NetworkInterfaceId === undefined) {
      throw new ApiError(
        "UnsupportedOperation",
        "Traffic Mirror targets other than network interfaces are not supported.",
      );
    }
    const { id } = networkInterfaces.get(ctx, NetworkInterfaceId);
    const target = trafficMirrorTargets.create(
      ctx,
      { networkInterfaceId: id, description: input.Description ?? "" },
      input.TagSpecifications,
    );
    return {
      TrafficMirrorTarget: trafficMirrorTargets.show(ctx, target),
      ClientToken: input.ClientToken,
    };
  },

  DeleteTrafficMirrorTarget: ({ TrafficMirrorTargetId }, ctx) => {
    const { id } = trafficMirrorTargets.get(ctx, TrafficMirrorTargetId);
    if (targetUsers.some((uses) => uses(ctx, id))) throw new ApiError("TrafficMirrorTargetInUseException");
    trafficMirrorTargets.delete(ctx, id);
    return { TrafficMirrorTargetId: id };
  },

  DescribeTrafficMirrorTargets: trafficMirrorTargets.describe("TrafficMirrorTargets"),
} satisfies Handlers;
