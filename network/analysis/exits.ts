import { LOCAL, type ResolvedRoute } from "../routeTable.ts";
import type { Vpc } from "../vpc.ts";
import type { Search } from "./search.ts";

/** The ways by which a VPC could be left for the goal, whatever its tables say. */
export function exitsOf({ goal, fabric }: Search, vpc: Vpc, routes: readonly ResolvedRoute[]): Set<string> {
  const exits = new Set(routes.map(({ route }) => route.target));
  if (goal.ports.has(vpc)) exits.add(LOCAL);
  if (vpc.gateway && (goal.anywhere || goal.ids.has(vpc.gateway.id))) exits.add(vpc.gateway.id);
  for (const id of goal.ids) if (fabric.targets.get(id)?.serves(vpc) && !fabric.ports.has(id)) exits.add(id);
  for (const peering of fabric.peerings.values()) {
    const peer = peering.peerOf(vpc);
    if (peer && goal.ports.has(peer)) exits.add(peering.id);
  }
  for (const gateway of fabric.transitGateways.gateways) {
    if (!gateway.vpcAttachments.has(vpc)) continue;
    const leads = [...goal.ports.keys()].some((other) => other !== vpc && gateway.vpcAttachments.has(other));
    if (leads || [...goal.ids].some((id) => gateway.attachmentOf(id))) exits.add(gateway.id);
  }
  return exits;
}
