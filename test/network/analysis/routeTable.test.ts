import fc from "fast-check";
import { expect, test } from "vitest";
import { numberOf } from "../../../network/analysis/addressRange.ts";
import { HeaderSet, only } from "../../../network/analysis/headerSet.ts";
import { routesOf, waysFor } from "../../../network/analysis/routeTable.ts";
import { block, ip, isIpv4 } from "../../../network/ip.ts";
import { PrefixList, PrefixLists } from "../../../network/prefixList.ts";
import { RouteTable, type Route } from "../../../network/routeTable.ts";
import { Vpc } from "../../../network/vpc.ts";

const CIDRS = ["0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/16", "10.0.1.0/24", "10.0.1.4/32", "192.0.2.0/24"];
const ADDRESSES = ["10.0.1.4", "10.0.1.5", "10.0.2.4", "10.1.0.1", "192.0.2.1", "198.51.100.1"];

const lists = new PrefixLists();
lists.put(new PrefixList("pl-1", ["10.0.1.0/24", "192.0.2.0/24"].map(block)));
lists.put(new PrefixList("pl-2", ["0.0.0.0/0", "192.0.2.0/24"].map(block)));

let routes = 0;
const route: fc.Arbitrary<Route> = fc
  .record({
    to: fc.constantFrom(...CIDRS, "pl-1", "pl-2"),
    origin: fc.constantFrom(
      "static",
      "static",
      "propagated-direct-connect",
      "propagated-vpn-static",
      "propagated-vpn",
    ),
    pathLength: fc.nat({ max: 2 }),
    discriminator: fc.nat({ max: 2 }),
  })
  .map(({ to, ...more }) => ({
    ...more,
    destination: to.startsWith("pl-") ? { prefixList: to } : block(to),
    target: `target-${++routes}`,
  }));

test("routes are preferred as the packet path prefers them", () => {
  fc.assert(
    fc.property(fc.array(route, { maxLength: 8 }), (given) => {
      const vpc = new Vpc("vpc");
      vpc.put([block("10.0.0.0/16")], true);
      const table = new RouteTable("rtb", vpc, lists);
      table.put(given);
      const ways = waysFor(routesOf(table), HeaderSet.every);
      for (const text of ADDRESSES) {
        const address = ip(text);
        const number = isIpv4(address) ? numberOf(address) : 0;
        const way = ways.find(({ headers }) => !headers.within("destination", [only(number)]).isEmpty);
        expect(way?.resolved.route.target).toBe(table.find(address)?.route.target);
      }
    }),
    { seed: 4, numRuns: 500 },
  );
});
