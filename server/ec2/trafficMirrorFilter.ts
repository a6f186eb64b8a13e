import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { rulesOf, trafficMirrorRules } from "./trafficMirrorRule.ts";

export interface TrafficMirrorFilter extends ResourceRow {
  readonly description: string;
  readonly services: readonly Sdk.TrafficMirrorNetworkService[];
}

/** What keeps a filter from being deleted: sessions add themselves here. */
export const filterUsers: ((ctx: Context, filterId: string) => boolean)[] = [];

/** Which packets are mirrored: none, until it has rules. */
export const trafficMirrorFilters = defineResource({
  type: "traffic-mirror-filter",
  idPrefix: "tmf",
  notFound: "InvalidTrafficMirrorFilterId.NotFound",
  ids: "TrafficMirrorFilterIds",
  view: (filter: TrafficMirrorFilter, { ctx, tags }): Sdk.TrafficMirrorFilter => ({
    TrafficMirrorFilterId: filter.id,
    Description: filter.description,
    IngressFilterRules: viewRules(ctx, filter.id, "ingress"),
    EgressFilterRules: viewRules(ctx, filter.id, "egress"),
    NetworkServices: [...filter.services],
    Tags: tags,
  }),
  filters: {
    description: (filter) => filter.Description,
    "traffic-mirror-filter-id": (filter) => filter.TrafficMirrorFilterId,
  },
});

const viewRules = (
  ctx: Context,
  filterId: string,
  direction: Sdk.TrafficDirection,
): Sdk.TrafficMirrorFilterRule[] =>
  rulesOf(ctx, filterId, direction).map((rule) => trafficMirrorRules.show(ctx, rule));

/** @see https://docs.aws.amazon.com/vpc/latest/mirroring/traffic-mirroring-filters.html */
export const operations = {
  CreateTrafficMirrorFilter: ({ Description = "", TagSpecifications, ClientToken }, ctx) => {
    const filter = trafficMirrorFilters.create(
      ctx,
      { description: Description, services: [] },
      TagSpecifications,
    );
    return { TrafficMirrorFilter: trafficMirrorFilters.show(ctx, filter), ClientToken };
  },

  DeleteTrafficMirrorFilter: ({ TrafficMirrorFilterId }, ctx) => {
    const { id } = trafficMirrorFilters.get(ctx, TrafficMirrorFilterId);
    if (filterUsers.some((uses) => uses(ctx, id))) throw new ApiError("TrafficMirrorFilterInUse");
    trafficMirrorFilters.delete(ctx, id);
    return { TrafficMirrorFilterId: id };
  },

  DescribeTrafficMirrorFilters: trafficMirrorFilters.describe("TrafficMirrorFilters"),

  ModifyTrafficMirrorFilterNetworkServices: (
    { TrafficMirrorFilterId, AddNetworkServices = [], RemoveNetworkServices = [] },
    ctx,
  ) => {
    const { id, services } = trafficMirrorFilters.get(ctx, TrafficMirrorFilterId);
    const wanted = new Set([...services, ...AddNetworkServices]);
    for (const service of RemoveNetworkServices) wanted.delete(service);
    const filter = trafficMirrorFilters.update(ctx, id, { services: [...wanted] });
    return { TrafficMirrorFilter: trafficMirrorFilters.show(ctx, filter) };
  },
} satisfies Handlers;
