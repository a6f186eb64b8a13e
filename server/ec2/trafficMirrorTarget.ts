import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { loadBalancerTable } from "./loadBalancer.ts";
import { networkInterfaces } from "./networkInterface.ts";
import { vpcEndpoints } from "./vpcEndpoint.ts";

/** Where it leads: one of these. */
interface Led {
  readonly networkInterfaceId?: string;
  /** An ARN. */
  readonly networkLoadBalancer?: string;
  readonly gatewayLoadBalancerEndpointId?: string;
}

export interface TrafficMirrorTarget extends ResourceRow, Led {
  readonly description: string;
}

/** What keeps a target from being deleted: sessions add themselves here. */
export const targetUsers: ((ctx: Context, targetId: string) => boolean)[] = [];

/** Who lets others mirror to a target adds itself here: what shares resources between accounts. */
export const targetSharings: ((ctx: Context, target: TrafficMirrorTarget) => boolean)[] = [];

/** The interface, load balancer or endpoint. */
export const resourceOf = (target: Led): string =>
  target.networkInterfaceId ?? target.networkLoadBalancer ?? target.gatewayLoadBalancerEndpointId ?? "";

/** Where mirrored packets go. It outlives the interface, load balancer or endpoint, and then leads nowhere. */
export const trafficMirrorTargets = defineResource({
  type: "traffic-mirror-target",
  idPrefix: "tmt",
  notFound: "InvalidTrafficMirrorTargetId.NotFound",
  ids: "TrafficMirrorTargetIds",
  view: (target: TrafficMirrorTarget, { account, tags }): Sdk.TrafficMirrorTarget => ({
    TrafficMirrorTargetId: target.id,
    NetworkInterfaceId: target.networkInterfaceId,
    NetworkLoadBalancerArn: target.networkLoadBalancer,
    GatewayLoadBalancerEndpointId: target.gatewayLoadBalancerEndpointId,
    Type: typeOf(target),
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
  indexes: { balancer: ({ networkLoadBalancer }) => networkLoadBalancer },
  shared: (target, ctx) => targetSharings.some((isShared) => isShared(ctx, target)),
});

function typeOf(target: Led): Sdk.TrafficMirrorTargetType {
  if (target.networkLoadBalancer !== undefined) return "network-load-balancer";
  return target.gatewayLoadBalancerEndpointId === undefined
    ? "network-interface"
    : "gateway-load-balancer-endpoint";
}

/** @throws {ApiError} what is said of things that are not there, InvalidParameterValue, NlbInUseByTrafficMirrorTargetException */
function readLed(ctx: Context, input: Sdk.CreateTrafficMirrorTargetRequest): Led {
  const { NetworkInterfaceId, NetworkLoadBalancerArn, GatewayLoadBalancerEndpointId } = input;
  if (NetworkInterfaceId !== undefined) {
    return { networkInterfaceId: networkInterfaces.get(ctx, NetworkInterfaceId).id };
  }
  if (NetworkLoadBalancerArn !== undefined) {
    const balancer = ctx.unit.table(loadBalancerTable).get(NetworkLoadBalancerArn);
    if (balancer?.type !== "network" || balancer.account !== ctx.account) {
      throw new ApiError("NetworkLoadBalancerNotFoundException", NetworkLoadBalancerArn.slice(0, 512));
    }
    if (trafficMirrorTargets.count(ctx, "balancer", balancer.id) > 0) {
      throw new ApiError("NlbInUseByTrafficMirrorTargetException", balancer.id);
    }
    return { networkLoadBalancer: balancer.id };
  }
  const { id, type } = vpcEndpoints.get(ctx, GatewayLoadBalancerEndpointId ?? "");
  if (type !== "GatewayLoadBalancer") {
    throw new ApiError(
      "InvalidParameterValue",
      `Value (${id}) for parameter GatewayLoadBalancerEndpointId is invalid. It is no Gateway Load Balancer endpoint.`,
    );
  }
  return { gatewayLoadBalancerEndpointId: id };
}

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
    const target = trafficMirrorTargets.create(
      ctx,
      { ...readLed(ctx, input), description: input.Description ?? "" },
      input.TagSpecifications,
    );
    return {
      TrafficMirrorTarget: trafficMirrorTargets.show(ctx, target),
      ClientToken: input.ClientToken,
    };
  },

  DeleteTrafficMirrorTarget: ({ TrafficMirrorTargetId }, ctx) => {
    const { id, account } = trafficMirrorTargets.get(ctx, TrafficMirrorTargetId);
    if (account !== ctx.account) throw new ApiError("UnauthorizedOperation");
    if (targetUsers.some((uses) => uses(ctx, id))) throw new ApiError("TrafficMirrorTargetInUseException");
    trafficMirrorTargets.delete(ctx, id);
    return { TrafficMirrorTargetId: id };
  },

  DescribeTrafficMirrorTargets: trafficMirrorTargets.describe("TrafficMirrorTargets"),
} satisfies Handlers;
