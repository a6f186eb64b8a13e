import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Handlers } from "../kit/handlers.ts";
import { describeList } from "../kit/list.ts";
import { associate, disassociate } from "./transitGatewayAssociation.ts";
import {
  attachmentAt,
  transitGatewayAttachments,
  type TransitGatewayAttachment,
} from "./transitGatewayAttachment.ts";
import { presentPolicyTable, usablePolicyTable } from "./transitGatewayPolicyTable.ts";

const view = ({
  id,
  to,
  association,
}: TransitGatewayAttachment): Sdk.TransitGatewayPolicyTableAssociation => ({
  TransitGatewayPolicyTableId: association?.tableId,
  TransitGatewayAttachmentId: id,
  ResourceId: to.id,
  ResourceType: to.type,
  State: association?.state,
});

export const operations = {
  AssociateTransitGatewayPolicyTable: ({ TransitGatewayPolicyTableId, TransitGatewayAttachmentId }, ctx) => {
    const table = usablePolicyTable(ctx, TransitGatewayPolicyTableId);
    const attachment = attachmentAt(ctx, table.gatewayId, TransitGatewayAttachmentId);
    return { Association: view(associate(ctx, attachment, table.id)) };
  },

  DisassociateTransitGatewayPolicyTable: (
    { TransitGatewayPolicyTableId, TransitGatewayAttachmentId },
    ctx,
  ) => {
    const table = usablePolicyTable(ctx, TransitGatewayPolicyTableId);
    const { id, association } = attachmentAt(ctx, table.gatewayId, TransitGatewayAttachmentId);
    if (association?.tableId !== table.id) {
      throw new ApiError("InvalidTransitGatewayPolicyTableAssociation.NotFound", id, table.id);
    }
    return { Association: view(disassociate(ctx, id, association)) };
  },

  GetTransitGatewayPolicyTableAssociations: describeList({
    output: "Associations",
    filters: {},
    of: (
      { TransitGatewayPolicyTableId: id = "" }: Sdk.GetTransitGatewayPolicyTableAssociationsRequest,
      ctx,
    ) => transitGatewayAttachments.by(ctx, "association", presentPolicyTable(ctx, id).id).map(view),
  }),
} satisfies Handlers;
