import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Filters } from "../kit/filters.ts";
import type { Handlers } from "../kit/handlers.ts";
import { BUCKET } from "./flowLogDestination.ts";
import { foundRoutes, routeFilters, SEARCHES } from "./transitGatewayRoute.ts";
import { transitGatewayRouteTables } from "./transitGatewayRouteTable.ts";

const FOLDER = "VPCTransitGateway/TransitGatewayRouteTables";

const filters: Filters<Sdk.TransitGatewayRoute> = {
  "attachment.resource-id": routeFilters["attachment.resource-id"],
  "attachment.transit-gateway-attachment-id": routeFilters["attachment.transit-gateway-attachment-id"],
  state: routeFilters.state,
  "transit-gateway-route-destination-cidr-block": (route) => route.DestinationCidrBlock,
  type: routeFilters.type,
};

/** "The file name includes the AWS account ID, AWS Region, route table ID, and a timestamp." */
const fileName = ({ account, region, now }: Context, tableId: string): string =>
  `${account}_${region}_${tableId}_${new Date(now).toISOString().replaceAll(/[-:]|\.\d+/g, "")}.json`;

/** @see https://docs.aws.amazon.com/vpc/latest/tgw/tgw-export-route-tables.html */
const written = (asked: readonly Sdk.Filter[], routes: readonly Sdk.TransitGatewayRoute[]): string =>
  JSON.stringify(
    {
      filter: asked.map(({ Name, Values = [] }) => ({ name: Name, values: Values })),
      routes: routes.map((route) => ({
        destinationCidrBlock: route.DestinationCidrBlock,
        prefixListId: route.PrefixListId,
        transitGatewayAttachments: route.TransitGatewayAttachments?.map((attachment) => ({
          resourceId: attachment.ResourceId,
          transitGatewayAttachmentId: attachment.TransitGatewayAttachmentId,
          resourceType: attachment.ResourceType,
        })),
        type: route.Type,
        state: route.State,
      })),
    },
    undefined,
    2,
  );

function exportRoutes(
  {
    TransitGatewayRouteTableId = "",
    Filters: asked = [],
    S3Bucket = "",
  }: Sdk.ExportTransitGatewayRoutesRequest,
  ctx: Context,
): Sdk.ExportTransitGatewayRoutesResult {
  const { id } = transitGatewayRouteTables.get(ctx, TransitGatewayRouteTableId);
  if (!BUCKET.test(S3Bucket)) {
    throw new ApiError(
      "InvalidParameterValue",
      `Value (${S3Bucket.slice(0, 512)}) for parameter s3Bucket is invalid.`,
    );
  }
  const key = `${FOLDER}/${fileName(ctx, id)}`;
  const routes = foundRoutes(ctx, id, asked, filters);
  ctx.world.objects.put(S3Bucket, key, new TextEncoder().encode(written(asked, routes)), ctx.account);
  return { S3Location: `s3://${S3Bucket}/${key}` };
}

export const operations = {
  ExportTransitGatewayRoutes: Object.assign(exportRoutes, {
    filters: [...Object.keys(filters), ...SEARCHES],
  }),
} satisfies Handlers;
