import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { describeList } from "../kit/list.ts";
import { getBlocks, prefixLists, prefixListUsers } from "./prefixList.ts";
import { isPrefixListId } from "./prefixListId.ts";
import { transitGatewayAttachments } from "./transitGatewayAttachment.ts";
import { putRoute, readTarget, staticRoute } from "./transitGatewayRoute.ts";
import {
  transitGatewayRouteTables,
  usableTable,
  type StaticTransitRoute,
} from "./transitGatewayRouteTable.ts";

function view(
  ctx: Context,
  tableId: string,
  { destination, attachmentId }: StaticTransitRoute,
): Sdk.TransitGatewayPrefixListReference {
  const to =
    attachmentId === undefined ? undefined : transitGatewayAttachments.table(ctx).get(attachmentId)?.to;
  return {
    TransitGatewayRouteTableId: tableId,
    PrefixListId: destination,
    PrefixListOwnerId: prefixLists.table(ctx).get(destination)?.account ?? "AWS",
    State: "available",
    Blackhole: attachmentId === undefined,
    TransitGatewayAttachment:
      attachmentId === undefined
        ? undefined
        : { TransitGatewayAttachmentId: attachmentId, ResourceType: to?.type, ResourceId: to?.id },
  };
}

/** The reference that a call names. @throws {ApiError} InvalidPrefixListID.NotFound */
function known(ctx: Context, tableId: string, listId: string) {
  const table = usableTable(ctx, tableId);
  prefixLists.checkForm(listId);
  const route = staticRoute(table, listId);
  if (!route) throw new ApiError("InvalidPrefixListID.NotFound", listId);
  return { table, route };
}

prefixListUsers.push((ctx, prefixListId) =>
  transitGatewayRouteTables
    .by(ctx, "prefixList", prefixListId)
    .map(({ id, account }) => ({ id, owner: account, holds: () => true })),
);

export const operations = {
  CreateTransitGatewayPrefixListReference: ({ TransitGatewayRouteTableId, PrefixListId, ...target }, ctx) => {
    const table = usableTable(ctx, TransitGatewayRouteTableId);
    const { id: destination } = getBlocks(ctx, PrefixListId);
    const route = { destination, attachmentId: readTarget(ctx, table, target) };
    if (staticRoute(table, destination)) {
      const message = `Prefix list reference ${destination} already exists in Transit Gateway Route Table ${table.id}.`;
      throw new ApiError("RouteAlreadyExists", destination, message);
    }
    putRoute(ctx, table, route);
    return { TransitGatewayPrefixListReference: view(ctx, table.id, route) };
  },

  DeleteTransitGatewayPrefixListReference: ({ TransitGatewayRouteTableId, PrefixListId }, ctx) => {
    const { table, route } = known(ctx, TransitGatewayRouteTableId, PrefixListId);
    transitGatewayRouteTables.update(ctx, table.id, {
      routes: table.routes.filter((each) => each !== route),
    });
    return {
      TransitGatewayPrefixListReference: { ...view(ctx, table.id, route), State: "deleting" as const },
    };
  },

  GetTransitGatewayPrefixListReferences: describeList({
    output: "TransitGatewayPrefixListReferences",
    filters: {
      "attachment.resource-id": (reference: Sdk.TransitGatewayPrefixListReference) =>
        reference.TransitGatewayAttachment?.ResourceId,
      "attachment.resource-type": (reference) => reference.TransitGatewayAttachment?.ResourceType,
      "attachment.transit-gateway-attachment-id": (reference) =>
        reference.TransitGatewayAttachment?.TransitGatewayAttachmentId,
      "is-blackhole": (reference) => reference.Blackhole,
      "prefix-list-id": (reference) => reference.PrefixListId,
      "prefix-list-owner-id": (reference) => reference.PrefixListOwnerId,
      state: (reference) => reference.State,
    },
    of: ({ TransitGatewayRouteTableId: id = "" }: Sdk.GetTransitGatewayPrefixListReferencesRequest, ctx) => {
      const { routes } = transitGatewayRouteTables.get(ctx, id);
      return routes
        .filter(({ destination }) => isPrefixListId(destination))
        .map((route) => view(ctx, id, route));
    },
  }),

  ModifyTransitGatewayPrefixListReference: ({ TransitGatewayRouteTableId, PrefixListId, ...target }, ctx) => {
    const { table } = known(ctx, TransitGatewayRouteTableId, PrefixListId);
    const route = { destination: PrefixListId, attachmentId: readTarget(ctx, table, target) };
    putRoute(ctx, table, route);
    return {
      TransitGatewayPrefixListReference: { ...view(ctx, table.id, route), State: "modifying" as const },
    };
  },
} satisfies Handlers;
