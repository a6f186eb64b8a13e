import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import { routeTables } from "./routeTable.ts";
import { gatewayRoutes } from "./vpcEndpoint.ts";

/**
 * The tables in which a route is to lead to a gateway endpoint.
 *
 * @throws {ApiError} InvalidRouteTableID.NotFound, InvalidParameter for one of another VPC, RouteAlreadyExists for one
 *   that has a route to the service already
 */
export function readRouteTables(
  ctx: Context,
  vpcId: string,
  prefixList: string,
  ids: readonly string[],
): string[] {
  return routeTables.getAll(ctx, ids).map((table) => {
    if (table.vpcId !== vpcId) {
      throw new ApiError("InvalidParameter", `The route table ${table.id} does not belong to ${vpcId}.`);
    }
    const routes = [...table.routes, ...gatewayRoutes(ctx, table.id)];
    if (routes.some(({ destination }) => destination === prefixList)) {
      throw new ApiError(
        "RouteAlreadyExists",
        prefixList,
        `route table ${table.id} already has a route with destination-prefix-list-id ${prefixList}`,
      );
    }
    return table.id;
  });
}
