import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { inState, ownGateway, SHOWN_DELETED_SECONDS } from "./transitGateway.ts";

/** What packets must be like; `*` stands for whatever they are. */
export interface PolicyRule {
  readonly source: string;
  readonly destination: string;
  /** IANA's number. */
  readonly protocol: string;
  /** `443` or `1024-2047`. */
  readonly sourcePorts: string;
  readonly destinationPorts: string;
}

export interface PolicyEntry {
  readonly number: number;
  readonly rule: PolicyRule;
  /** The route table that packets go on by. */
  readonly tableId: string;
}

export interface TransitGatewayPolicyTable extends ResourceRow {
  readonly gatewayId: string;
  readonly state: Sdk.TransitGatewayPolicyTableState;
  /** In the order in which they count. */
  readonly entries: readonly PolicyEntry[];
}

/** What chooses a route table for each packet of the attachments that are associated with it. */
export const transitGatewayPolicyTables = defineResource({
  type: "transit-gateway-policy-table",
  idPrefix: "tgw-ptb",
  notFound: "InvalidTransitGatewayPolicyTableId.NotFound",
  malformed: "InvalidTransitGatewayPolicyTableId.Malformed",
  ids: "TransitGatewayPolicyTableIds",
  view: (table: TransitGatewayPolicyTable, { tags }): Sdk.TransitGatewayPolicyTable => ({
    TransitGatewayPolicyTableId: table.id,
    TransitGatewayId: table.gatewayId,
    State: table.state,
    CreationTime: new Date(table.created),
    Tags: tags,
  }),
  filters: {},
  indexes: {
    gateway: ({ gatewayId }) => gatewayId,
    target: ({ entries }) => entries.map(({ tableId }) => tableId),
  },
  parents: { "transit-gateway": "gateway", "transit-gateway-route-table": "target" },
  partOf: (_table, parent) => parent === "transit-gateway",
  transitions: {
    available: (ctx, { id, state }) => {
      if (state === "pending") transitGatewayPolicyTables.update(ctx, id, { state: "available" });
    },
    deleted: (ctx, { id }) => {
      transitGatewayPolicyTables.update(ctx, id, { state: "deleted", entries: [] });
      transitGatewayPolicyTables.later(ctx, id, "forget", SHOWN_DELETED_SECONDS);
    },
    forget: (ctx, { id }) => transitGatewayPolicyTables.delete(ctx, id),
  },
});

/**
 * A table that is there, whatever its state.
 *
 * @throws {ApiError} InvalidTransitGatewayPolicyTableId.NotFound
 */
export function presentPolicyTable(ctx: Context, id: string): TransitGatewayPolicyTable {
  const table = transitGatewayPolicyTables.get(ctx, id);
  if (table.state === "deleted") throw new ApiError("InvalidTransitGatewayPolicyTableId.NotFound", id);
  return table;
}

/** As `presentPolicyTable`, for one that can be worked with. @throws {ApiError} IncorrectState */
export const usablePolicyTable = (ctx: Context, id: string): TransitGatewayPolicyTable =>
  inState(presentPolicyTable(ctx, id), "available");

export const operations = {
  CreateTransitGatewayPolicyTable: ({ TransitGatewayId, TagSpecifications }, ctx) => {
    const { id: gatewayId } = ownGateway(ctx, TransitGatewayId);
    const table = transitGatewayPolicyTables.create(
      ctx,
      { gatewayId, state: "pending", entries: [] },
      TagSpecifications,
    );
    transitGatewayPolicyTables.soon(ctx, table.id, "available", 30);
    return { TransitGatewayPolicyTable: transitGatewayPolicyTables.show(ctx, table) };
  },

  DeleteTransitGatewayPolicyTable: ({ TransitGatewayPolicyTableId }, ctx) => {
    const { id } = usablePolicyTable(ctx, TransitGatewayPolicyTableId);
    if (!transitGatewayPolicyTables.isFree(ctx, id)) {
      throw new ApiError("IncorrectState", `${id} has non-deleted associations`);
    }
    const table = transitGatewayPolicyTables.update(ctx, id, { state: "deleting" });
    transitGatewayPolicyTables.soon(ctx, id, "deleted", 30);
    return { TransitGatewayPolicyTable: transitGatewayPolicyTables.show(ctx, table) };
  },

  DescribeTransitGatewayPolicyTables: transitGatewayPolicyTables.describe("TransitGatewayPolicyTables"),
} satisfies Handlers;
