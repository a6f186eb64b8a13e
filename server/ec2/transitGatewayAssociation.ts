import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { describeList } from "../kit/list.ts";
import {
  attachmentAt,
  isPolicyTableId,
  transitGatewayAttachments,
  type TransitGatewayAttachment,
} from "./transitGatewayAttachment.ts";
import { transitGatewayRouteTables, usableTable } from "./transitGatewayRouteTable.ts";

const view = ({
  id,
  to,
  association,
}: TransitGatewayAttachment): Sdk.TransitGatewayRouteTableAssociation => ({
  TransitGatewayAttachmentId: id,
  ResourceId: to.id,
  ResourceType: to.type,
  State: association?.state,
});

const answer = (tableId: string, row: TransitGatewayAttachment) => ({
  Association: { TransitGatewayRouteTableId: tableId, ...view(row) },
});

const associationsOf = (ctx: Context, tableId: string): TransitGatewayAttachment[] =>
  transitGatewayAttachments.by(ctx, "association", tableId);

/**
 * Begins to associate an attachment with a route table or a policy table, of which it can have one.
 *
 * @throws {ApiError} Resource.AlreadyAssociated
 */
export function associate(
  ctx: Context,
  { id, association }: TransitGatewayAttachment,
  tableId: string,
): TransitGatewayAttachment {
  if (association) {
    throw new ApiError(
      "Resource.AlreadyAssociated",
      `Transit Gateway Attachment ${id} is already associated to a ${isPolicyTableId(association.tableId) ? "policy" : "route"} table.`,
    );
  }
  transitGatewayAttachments.soon(ctx, id, "associated", 30);
  return transitGatewayAttachments.update(ctx, id, { association: { tableId, state: "associating" } });
}

/** Begins to undo that. @throws {ApiError} IncorrectState */
export function disassociate(
  ctx: Context,
  id: string,
  { tableId, state }: NonNullable<TransitGatewayAttachment["association"]>,
): TransitGatewayAttachment {
  if (state !== "associated") throw new ApiError("IncorrectState", `${id} is in invalid state`);
  transitGatewayAttachments.soon(ctx, id, "disassociated", 30);
  return transitGatewayAttachments.update(ctx, id, { association: { tableId, state: "disassociating" } });
}

export const operations = {
  AssociateTransitGatewayRouteTable: ({ TransitGatewayRouteTableId, TransitGatewayAttachmentId }, ctx) => {
    const table = usableTable(ctx, TransitGatewayRouteTableId);
    const attachment = attachmentAt(ctx, table.gatewayId, TransitGatewayAttachmentId);
    return answer(table.id, associate(ctx, attachment, table.id));
  },

  DisassociateTransitGatewayRouteTable: ({ TransitGatewayRouteTableId, TransitGatewayAttachmentId }, ctx) => {
    const table = usableTable(ctx, TransitGatewayRouteTableId);
    const { id, association } = attachmentAt(ctx, table.gatewayId, TransitGatewayAttachmentId);
    if (association?.tableId !== table.id) {
      throw new ApiError(
        "InvalidAssociation.NotFound",
        `Transit Gateway Attachment ${id} is not associated with Transit Gateway Route Table ${table.id}.`,
      );
    }
    return answer(table.id, disassociate(ctx, id, association));
  },

  GetTransitGatewayRouteTableAssociations: describeList({
    output: "Associations",
    filters: {
      "resource-id": (association: Sdk.TransitGatewayRouteTableAssociation) => association.ResourceId,
      "resource-type": (association) => association.ResourceType,
      "transit-gateway-attachment-id": (association) => association.TransitGatewayAttachmentId,
    },
    of: ({ TransitGatewayRouteTableId: id = "" }: Sdk.GetTransitGatewayRouteTableAssociationsRequest, ctx) =>
      associationsOf(ctx, transitGatewayRouteTables.get(ctx, id).id).map(view),
  }),
} satisfies Handlers;
