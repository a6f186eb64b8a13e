import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { isPrefixListId } from "./prefixListId.ts";
import { inState, ownGateway, SHOWN_DELETED_SECONDS, transitGateways } from "./transitGateway.ts";

/** A route that somebody has made: to a block, or to what a prefix list holds. */
export interface StaticTransitRoute {
  /** A CIDR block, or the id of a prefix list. */
  readonly destination: string;
  /** Undefined for a route that drops what it matches. */
  readonly attachmentId: string | undefined;
}

export interface TransitGatewayRouteTable extends ResourceRow {
  readonly gatewayId: string;
  readonly state: Sdk.TransitGatewayRouteTableState;
  /** Oldest first. */
  readonly routes: readonly StaticTransitRoute[];
}

/** Where packets leave a transit gateway, for the attachments that are associated with the table. */
export const transitGatewayRouteTables = defineResource({
  type: "transit-gateway-route-table",
  idPrefix: "tgw-rtb",
  notFound: "InvalidRouteTableID.NotFound",
  malformed: "InvalidRouteTableId.Malformed",
  ids: "TransitGatewayRouteTableIds",
  view: (table: TransitGatewayRouteTable, { tags, ctx }): Sdk.TransitGatewayRouteTable => {
    const gateway = transitGateways.table(ctx).get(table.gatewayId);
    return {
      TransitGatewayRouteTableId: table.id,
      TransitGatewayId: table.gatewayId,
      State: table.state,
      DefaultAssociationRouteTable: gateway?.associationTable === table.id,
      DefaultPropagationRouteTable: gateway?.propagationTable === table.id,
      CreationTime: new Date(table.created),
      Tags: tags,
    };
  },
  filters: {
    "default-association-route-table": (table) => table.DefaultAssociationRouteTable,
    "default-propagation-route-table": (table) => table.DefaultPropagationRouteTable,
    state: (table) => table.State,
    "transit-gateway-id": (table) => table.TransitGatewayId,
    "transit-gateway-route-table-id": (table) => table.TransitGatewayRouteTableId,
  },
  filterIndexes: { "transit-gateway-id": "gateway" },
  indexes: {
    gateway: ({ gatewayId }) => gatewayId,
    prefixList: ({ routes }) => routes.map(({ destination }) => destination).filter(isPrefixListId),
  },
  parents: { "transit-gateway": "gateway" },
  partOf: () => true,
  quotas: [
    {
      code: "L-43872EB7",
      name: "Transit gateway route tables per transit gateway",
      usual: 20,
      per: "gateway",
      error: () => new ApiError("TransitGatewayRouteTableLimitExceeded"),
    },
  ],
  transitions: {
    available: (ctx, { id, state }) => {
      if (state === "pending") transitGatewayRouteTables.update(ctx, id, { state: "available" });
    },
    deleted: (ctx, { id }) => {
      transitGatewayRouteTables.update(ctx, id, { state: "deleted", routes: [] });
      transitGatewayRouteTables.later(ctx, id, "forget", SHOWN_DELETED_SECONDS);
    },
    forget: (ctx, { id }) => transitGatewayRouteTables.delete(ctx, id),
  },
});

/**
 * A table that is there to be used.
 *
 * @throws {ApiError} InvalidRouteTableID.NotFound, IncorrectState
 */
export function usableTable(ctx: Context, id: string): TransitGatewayRouteTable {
  const table = transitGatewayRouteTables.get(ctx, id);
  if (table.state === "deleted") throw new ApiError("InvalidRouteTableID.NotFound", id);
  return inState(table, "available");
}

/** Makes a table of a gateway. */
export function createTable(
  ctx: Context,
  gatewayId: string,
  tags?: readonly Sdk.TagSpecification[],
): TransitGatewayRouteTable {
  const table = transitGatewayRouteTables.create(ctx, { gatewayId, state: "pending", routes: [] }, tags);
  transitGatewayRouteTables.soon(ctx, table.id, "available", 30);
  return table;
}

export const operations = {
  CreateTransitGatewayRouteTable: ({ TransitGatewayId, TagSpecifications }, ctx) => {
    const { id } = ownGateway(ctx, TransitGatewayId);
    const table = createTable(ctx, id, TagSpecifications);
    return { TransitGatewayRouteTable: transitGatewayRouteTables.show(ctx, table) };
  },

  DeleteTransitGatewayRouteTable: ({ TransitGatewayRouteTableId }, ctx) => {
    const { id, gatewayId } = usableTable(ctx, TransitGatewayRouteTableId);
    const gateway = transitGateways.get(ctx, gatewayId);
    if (gateway.associationTable === id || gateway.propagationTable === id) {
      throw new ApiError("IncorrectState", `${id} is a default route table of ${gatewayId}`);
    }
    if (!transitGatewayRouteTables.isFree(ctx, id)) {
      throw new ApiError("IncorrectState", `${id} has non-deleted associations`);
    }
    const table = transitGatewayRouteTables.update(ctx, id, { state: "deleting" });
    transitGatewayRouteTables.soon(ctx, id, "deleted", 30);
    return { TransitGatewayRouteTable: transitGatewayRouteTables.show(ctx, table) };
  },

  DescribeTransitGatewayRouteTables: transitGatewayRouteTables.describe("TransitGatewayRouteTables"),
} satisfies Handlers;
