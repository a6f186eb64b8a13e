import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { describeList } from "../kit/list.ts";
import {
  incomingAnnouncement,
  transitGatewayAnnouncements,
  type TransitGatewayAnnouncement,
} from "./transitGatewayAnnouncement.ts";
import {
  attachmentAt,
  transitGatewayAttachments,
  type TransitGatewayAttachment,
} from "./transitGatewayAttachment.ts";
import {
  transitGatewayRouteTables,
  usableTable,
  type TransitGatewayRouteTable,
} from "./transitGatewayRouteTable.ts";

/** What a table can learn from: an attachment, or what comes in over a peering. */
interface Source {
  /** Of the attachment or of the announcement. */
  readonly id: string;
  readonly view: Sdk.TransitGatewayRouteTablePropagation;
  readonly propagations: readonly string[];
  /** Makes other tables learn from it. */
  readonly change: (propagations: readonly string[]) => void;
}

const view = ({ id, to }: TransitGatewayAttachment): Sdk.TransitGatewayRouteTablePropagation => ({
  TransitGatewayAttachmentId: id,
  ResourceId: to.id,
  ResourceType: to.type,
  State: "enabled",
});

const viewAnnouncement = ({
  id,
  attachmentId,
  peerId,
}: TransitGatewayAnnouncement): Sdk.TransitGatewayRouteTablePropagation => ({
  TransitGatewayAttachmentId: attachmentId,
  ResourceId: peerId,
  ResourceType: "peering",
  State: "enabled",
  TransitGatewayRouteTableAnnouncementId: id,
});

type Asked = Pick<
  Sdk.EnableTransitGatewayRouteTablePropagationRequest,
  "TransitGatewayAttachmentId" | "TransitGatewayRouteTableAnnouncementId"
>;

/** What a call names, which is one of the two. */
function readSource(
  ctx: Context,
  { gatewayId }: TransitGatewayRouteTable,
  { TransitGatewayAttachmentId: attachmentId, TransitGatewayRouteTableAnnouncementId: announcementId }: Asked,
): Source {
  if (attachmentId !== undefined && announcementId !== undefined) {
    throw new ApiError(
      "InvalidParameterCombination",
      "The parameter TransitGatewayAttachmentId cannot be used with the parameter TransitGatewayRouteTableAnnouncementId",
    );
  }
  if (announcementId !== undefined) {
    const row = incomingAnnouncement(ctx, gatewayId, announcementId);
    const { id, propagations } = row;
    const change = (changed: readonly string[]): void =>
      void transitGatewayAnnouncements.update(ctx, id, { propagations: changed });
    return { id, view: viewAnnouncement(row), propagations, change };
  }
  if (attachmentId === undefined) throw new ApiError("MissingParameter", "transitGatewayAttachmentId");
  const row = attachmentAt(ctx, gatewayId, attachmentId);
  const { id, propagations } = row;
  if (row.to.type === "peering") {
    throw new ApiError(
      "UnsupportedOperation",
      `Transit Gateway Peering Attachment ${id} does not propagate routes.`,
    );
  }
  const change = (changed: readonly string[]): void =>
    void transitGatewayAttachments.update(ctx, id, { propagations: changed });
  return { id, view: view(row), propagations, change };
}

/** The tables that learn from an attachment, if only by what is announced over it. */
const learning = (ctx: Context, { id, propagations }: TransitGatewayAttachment): string[] => [
  ...propagations,
  ...transitGatewayAnnouncements.by(ctx, "attachment", id).flatMap((row) => row.propagations),
];

export const operations = {
  DisableTransitGatewayRouteTablePropagation: ({ TransitGatewayRouteTableId, ...asked }, ctx) => {
    const table = usableTable(ctx, TransitGatewayRouteTableId);
    const source = readSource(ctx, table, asked);
    const propagations = source.propagations.filter((tableId) => tableId !== table.id);
    if (propagations.length === source.propagations.length) {
      throw new ApiError("TransitGatewayRouteTablePropagation.NotFound", source.id, table.id);
    }
    source.change(propagations);
    return {
      Propagation: { ...source.view, TransitGatewayRouteTableId: table.id, State: "disabled" as const },
    };
  },

  EnableTransitGatewayRouteTablePropagation: ({ TransitGatewayRouteTableId, ...asked }, ctx) => {
    const table = usableTable(ctx, TransitGatewayRouteTableId);
    const source = readSource(ctx, table, asked);
    if (source.propagations.includes(table.id)) {
      throw new ApiError("TransitGatewayRouteTablePropagation.Duplicate", source.id, table.id);
    }
    source.change([...source.propagations, table.id]);
    return { Propagation: { ...source.view, TransitGatewayRouteTableId: table.id } };
  },

  GetTransitGatewayAttachmentPropagations: describeList({
    output: "TransitGatewayAttachmentPropagations",
    filters: {
      "transit-gateway-route-table-id": (propagation: Sdk.TransitGatewayAttachmentPropagation) =>
        propagation.TransitGatewayRouteTableId,
    },
    of: ({ TransitGatewayAttachmentId: id = "" }: Sdk.GetTransitGatewayAttachmentPropagationsRequest, ctx) =>
      learning(ctx, transitGatewayAttachments.get(ctx, id))
        .filter((tableId) => transitGatewayRouteTables.table(ctx).get(tableId)?.state === "available")
        .map((tableId) => ({ TransitGatewayRouteTableId: tableId, State: "enabled" as const })),
  }),

  GetTransitGatewayRouteTablePropagations: describeList({
    output: "TransitGatewayRouteTablePropagations",
    filters: {
      "resource-id": (propagation: Sdk.TransitGatewayRouteTablePropagation) => propagation.ResourceId,
      "resource-type": (propagation) => propagation.ResourceType,
      "transit-gateway-attachment-id": (propagation) => propagation.TransitGatewayAttachmentId,
    },
    of: (
      { TransitGatewayRouteTableId: asked = "" }: Sdk.GetTransitGatewayRouteTablePropagationsRequest,
      ctx,
    ) => {
      const { id } = transitGatewayRouteTables.get(ctx, asked);
      return [
        ...transitGatewayAttachments.by(ctx, "propagation", id).map(view),
        ...transitGatewayAnnouncements.by(ctx, "propagation", id).map(viewAnnouncement),
      ];
    },
  }),
} satisfies Handlers;
