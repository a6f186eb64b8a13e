import { LOCAL, type RouteTable } from "../routeTable.ts";
import type { Vpc } from "../vpc.ts";
import type { HeaderSet } from "./headerSet.ts";
import { routesOf, waysFor } from "./routeTable.ts";
import type { Search } from "./search.ts";
import { past, type Wave } from "./wave.ts";

/** Into a VPC, the way that a gateway's own route table says, if it has one. */
export function lead(
  search: Search,
  wave: Wave,
  { table, id }: { readonly table: RouteTable | undefined; readonly id: string },
  vpc: Vpc,
): void {
  if (!table) return search.later(wave, (each) => search.deliver(each, vpc, undefined));
  const ways = waysFor(routesOf(table), wave.headers);
  if (ways.length === 0) {
    const ingress = { routeTable: table.id, destination: id, vpc: vpc.id };
    search.end(wave, { code: "NO_ROUTE_TO_DESTINATION", component: table.id, ...ingress });
  }
  for (const { resolved, headers } of ways) {
    const passed = {
      component: table.id,
      vpc: vpc.id,
      choose: (chosen: HeaderSet) => ({ headers: chosen, route: resolved }),
    };
    const part = { ...wave, headers };
    if (resolved.route.target === LOCAL) {
      search.later(past(part, passed), (each) => search.deliver(each, vpc, undefined));
      continue;
    }
    const target = search.fabric.targets.get(resolved.route.target);
    const why = {
      code: "BAD_STATE_ROUTE",
      component: table.id,
      routeTable: table.id,
      route: resolved,
      vpc: vpc.id,
    } as const;
    if (!target) search.end(part, why);
    else {
      const routed = search
        .passage(part)
        .need(target.serves(vpc), () => why)
        .past(passed);
      search.later(routed, (each) => search.forward(each, target, undefined));
    }
  }
}
