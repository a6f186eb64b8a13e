import type { End } from "./journey.ts";
import type { Packet } from "./packet.ts";
import { LOCAL, type RouteTable } from "./routeTable.ts";
import type { Vpc } from "./vpc.ts";
import type { Walk } from "./walk.ts";

/**
 * From a gateway into its VPC, the way that the gateway's own route table says, if it has one.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/gateway-route-tables.html
 */
export function leadIn(walk: Walk, vpc: Vpc, table: RouteTable | undefined, packet: Packet): End {
  if (!table) return walk.deliver(vpc, packet, undefined, undefined);
  const resolved = table.find(packet.destination);
  if (!resolved) return walk.drop("NO_ROUTE_TO_DESTINATION", table, packet, undefined, "ingress");
  const ground = { kind: "route", route: resolved } as const;
  const isLocal = resolved.route.target === LOCAL;
  const target = isLocal ? undefined : walk.fabric.targets.get(resolved.route.target);
  if (!isLocal && !target?.serves(vpc)) {
    return walk.drop("BAD_STATE_ROUTE", table, packet, undefined, "ingress", ground);
  }
  walk.pass(table, packet, undefined, "ingress", ground);
  return target ? target.forward(walk, packet, undefined) : walk.deliver(vpc, packet, undefined, undefined);
}
