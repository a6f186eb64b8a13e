import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { inState, SHOWN_DELETED_SECONDS } from "./transitGateway.ts";
import { attachmentTo } from "./transitGatewayAttachment.ts";
import { usableTable } from "./transitGatewayRouteTable.ts";

/** One side of an announcement: each of the two gateways has one. */
export interface TransitGatewayAnnouncement extends ResourceRow {
  readonly direction: Sdk.TransitGatewayRouteTableAnnouncementDirection;
  readonly state: Sdk.TransitGatewayRouteTableAnnouncementState;
  /** The gateway of this side, and the one of the other. */
  readonly gatewayId: string;
  readonly peerId: string;
  /** This side's end of the peering. */
  readonly attachmentId: string;
  /** The table whose routes are announced: the gateway's own if it announces, else the other's. */
  readonly tableId: string;
  /** Of the other side. */
  readonly otherId: string;
  /** The tables that learn what comes in. */
  readonly propagations: readonly string[];
}

/** What tells the gateway at the other end of a peering which routes a table has. */
export const transitGatewayAnnouncements = defineResource({
  type: "transit-gateway-route-table-announcement",
  idPrefix: "tgw-rtb-ann",
  notFound: "InvalidTransitGatewayRouteTableAnnouncementId.NotFound",
  malformed: "InvalidTransitGatewayRouteTableAnnouncementId.Malformed",
  ids: "TransitGatewayRouteTableAnnouncementIds",
  view: (row: TransitGatewayAnnouncement, { tags }): Sdk.TransitGatewayRouteTableAnnouncement => ({
    TransitGatewayRouteTableAnnouncementId: row.id,
    TransitGatewayId: row.gatewayId,
    PeerTransitGatewayId: row.peerId,
    PeeringAttachmentId: row.attachmentId,
    AnnouncementDirection: row.direction,
    TransitGatewayRouteTableId: row.tableId,
    State: row.state,
    CreationTime: new Date(row.created),
    Tags: tags,
  }),
  filters: {},
  indexes: {
    attachment: ({ attachmentId }) => attachmentId,
    announced: ({ direction, state, tableId }) =>
      direction === "outgoing" && state !== "deleted" ? tableId : undefined,
    propagation: ({ propagations }) => propagations,
  },
  parents: { "transit-gateway-attachment": "attachment", "transit-gateway-route-table": "announced" },
  partOf: (_row, parent) => parent === "transit-gateway-attachment",
  transitions: {
    available: (ctx, { id, state }) => {
      if (state === "pending") transitGatewayAnnouncements.update(ctx, id, { state: "available" });
    },
    deleted: (ctx, { id }) => {
      transitGatewayAnnouncements.update(ctx, id, { state: "deleted", propagations: [] });
      transitGatewayAnnouncements.later(ctx, id, "forget", SHOWN_DELETED_SECONDS);
    },
    forget: (ctx, { id }) => transitGatewayAnnouncements.delete(ctx, id),
  },
});

/**
 * What comes in at a gateway.
 *
 * @throws {ApiError} InvalidTransitGatewayRouteTableAnnouncementId.NotFound, IncorrectState
 */
export function incomingAnnouncement(
  ctx: Context,
  gatewayId: string,
  id: string,
): TransitGatewayAnnouncement {
  const row = transitGatewayAnnouncements.get(ctx, id);
  if (row.state === "deleted" || row.direction !== "incoming" || row.gatewayId !== gatewayId) {
    throw new ApiError("InvalidTransitGatewayRouteTableAnnouncementId.NotFound", id);
  }
  return inState(row, "available");
}

export const operations = {
  CreateTransitGatewayRouteTableAnnouncement: (
    { TransitGatewayRouteTableId, PeeringAttachmentId, TagSpecifications },
    ctx,
  ) => {
    const { id: tableId, gatewayId } = usableTable(ctx, TransitGatewayRouteTableId);
    const { id: attachmentId, to, ...peering } = attachmentTo(ctx, PeeringAttachmentId, "peering");
    if (peering.gatewayId !== gatewayId) {
      throw new ApiError("InvalidTransitGatewayAttachmentID.NotFound", attachmentId);
    }
    inState({ id: attachmentId, state: peering.state }, "available");
    if (to.dynamicRouting !== "enable") {
      throw new ApiError("IncorrectState", `Dynamic routing is not enabled for ${attachmentId}.`);
    }
    const announced = transitGatewayAnnouncements.by(ctx, "announced", tableId);
    if (announced.some((each) => each.attachmentId === attachmentId)) {
      throw new ApiError(
        "InvalidParameterValue",
        `Transit Gateway Route Table ${tableId} is already announced over ${attachmentId}.`,
      );
    }
    const here = transitGatewayAnnouncements.newId(ctx);
    const there = transitGatewayAnnouncements.newId(ctx);
    const fields = { state: "pending" as const, tableId, propagations: [] };
    const outgoing = transitGatewayAnnouncements.create(
      ctx,
      { ...fields, direction: "outgoing", gatewayId, peerId: to.id, attachmentId, otherId: there },
      TagSpecifications,
      here,
    );
    transitGatewayAnnouncements.create(
      { ...ctx, account: to.account },
      {
        ...fields,
        direction: "incoming",
        gatewayId: to.id,
        peerId: gatewayId,
        attachmentId: to.attachmentId,
        otherId: here,
      },
      undefined,
      there,
    );
    for (const id of [here, there]) transitGatewayAnnouncements.soon(ctx, id, "available", 30);
    return { TransitGatewayRouteTableAnnouncement: transitGatewayAnnouncements.show(ctx, outgoing) };
  },

  DeleteTransitGatewayRouteTableAnnouncement: ({ TransitGatewayRouteTableAnnouncementId: asked }, ctx) => {
    const row = transitGatewayAnnouncements.get(ctx, asked);
    if (row.state === "deleted" || row.direction === "incoming") {
      throw new ApiError("InvalidTransitGatewayRouteTableAnnouncementId.NotFound", row.id);
    }
    const { id, otherId } = inState(row, "available");
    for (const side of [id, otherId]) {
      if (!transitGatewayAnnouncements.table(ctx).get(side)) continue;
      transitGatewayAnnouncements.update(ctx, side, { state: "deleting" });
      transitGatewayAnnouncements.soon(ctx, side, "deleted", 30);
    }
    const deleting = { ...row, state: "deleting" as const };
    return { TransitGatewayRouteTableAnnouncement: transitGatewayAnnouncements.show(ctx, deleting) };
  },

  DescribeTransitGatewayRouteTableAnnouncements: transitGatewayAnnouncements.describe(
    "TransitGatewayRouteTableAnnouncements",
  ),
} satisfies Handlers;
