/** What must be true of routes and of connections between VPCs, whatever they are. */
/* oxlint-disable vitest/no-standalone-expect -- a test runs each of these properties */
import fc from "fast-check";
import { expect } from "vitest";
import { block, ip, within } from "../../network/ip.ts";
import { RouteTable, type Route } from "../../network/routeTable.ts";
import { PrefixList, PrefixLists } from "../../network/prefixList.ts";
import { Vpc } from "../../network/vpc.ts";
import type { Properties } from "./sendings.ts";
import { from, route, World } from "./world.ts";

const LISTS: Readonly<Record<string, readonly string[]>> = {
  "pl-1": ["10.0.2.0/24", "172.16.0.0/16"],
  "pl-2": ["172.16.0.0/16", "192.0.2.0/24"],
};
const LOCALS = ["10.0.0.0/16", "10.9.0.0/16"];
const ORIGINS = ["static", "propagated-direct-connect", "propagated-vpn-static", "propagated-vpn"] as const;

const routeArbitrary = fc.record({
  to: fc.constantFrom(
    "0.0.0.0/0",
    "10.0.0.0/8",
    "10.0.0.0/16",
    "10.0.2.0/24",
    "172.16.0.0/16",
    "pl-1",
    "pl-2",
  ),
  origin: fc.constantFrom(...ORIGINS),
  pathLength: fc.nat(2),
  discriminator: fc.nat(2),
});

/** A list of routes of which no two are the same to a real table: propagated ones name no prefix list. */
const routesArbitrary = fc.array(routeArbitrary, { maxLength: 7 }).map((routes) =>
  routes
    .filter(({ to, origin }) => origin === "static" || !to.startsWith("pl-"))
    .filter(
      ({ to, origin }, i, all) =>
        origin !== "static" || all.findIndex((each) => each.to === to && each.origin === origin) === i,
    )
    .map(({ to, ...more }, i) => ({ to, ...route(to, `target-${i}`, more) })),
);

interface Candidate {
  readonly cidr: string;
  readonly target: string;
  readonly rank: readonly number[];
}

/** What stands for an address, in words: all that could, the best one first. */
function chosen(routes: readonly (Route & { readonly to: string })[], address: string): string | undefined {
  const locals = LOCALS.filter(
    (cidr) => !routes.some(({ to, origin }) => to === cidr && origin === "static"),
  );
  const candidates: Candidate[] = locals.map((cidr) => ({ cidr, target: "local", rank: [-1] }));
  for (const [age, { to, target, origin, pathLength = 0, discriminator = 0 }] of routes.entries()) {
    const isList = to.startsWith("pl-");
    for (const cidr of LISTS[to] ?? [to]) {
      const isInside = LOCALS.some(
        (local) =>
          within(block(local), block(cidr).base) && Number(cidr.split("/")[1]) >= Number(local.split("/")[1]),
      );
      if (isInside && (isList || origin !== "static")) continue;
      const rank = [
        ORIGINS.findIndex((each) => each === origin),
        Number(isList),
        pathLength,
        discriminator,
        age,
      ];
      candidates.push({ cidr, target, rank });
    }
  }
  return candidates
    .filter(({ cidr }) => within(block(cidr), ip(address)))
    .toSorted((a, b) => {
      const byLength = Number(b.cidr.split("/")[1]) - Number(a.cidr.split("/")[1]);
      return byLength || difference(a.rank, b.rank);
    })[0]?.target;
}

function difference(a: readonly number[], b: readonly number[]): number {
  for (const [i, each] of a.entries()) if (each !== b[i]) return each - (b[i] ?? 0);
  return 0;
}

const NETS = ["10.0", "10.1", "10.2", "172.16"] as const;
const VPCS = ["one", "two", "three"] as const;
const net = fc.constantFrom(...NETS);
const cidr = fc.constantFrom(
  "0.0.0.0/0",
  "10.0.0.0/8",
  ...NETS.flatMap((n) => [`${n}.0.0/16`, `${n}.1.0/24`]),
);
const target = fc.constantFrom("pcx-0", "pcx-1", "tgw", "tgw", "router", "igw-one", "igw-two", "igw-three");

const unique = <T extends readonly [string, ...unknown[]]>(list: readonly T[]): T[] =>
  list.filter(([cidr], i) => list.findIndex(([other]) => other === cidr) === i);
const routes = fc.array(fc.tuple(cidr, target), { minLength: 1, maxLength: 4 }).map(unique);
const transitRoutes = fc
  .array(fc.tuple(cidr, fc.option(fc.nat(2), { nil: undefined })), { maxLength: 4 })
  .map(unique);

const connectedArbitrary = fc.record({
  nets: fc.tuple(net, net, net),
  routes: fc.tuple(routes, routes, routes),
  peerings: fc.tuple(fc.tuple(fc.nat(2), fc.nat(2)), fc.tuple(fc.nat(2), fc.nat(2))),
  /** Of each VPC: the table of its attachment, 2 for none; undefined if it is not attached. */
  attached: fc.tuple(...VPCS.map(() => fc.option(fc.nat(2), { nil: undefined }))),
  tables: fc.tuple(transitRoutes, transitRoutes),
});
type Connected = typeof connectedArbitrary extends fc.Arbitrary<infer T> ? T : never;

function connect({ nets, routes, peerings, attached, tables }: Connected): World {
  const world = new World();
  const { fabric } = world;
  for (const [i, id] of VPCS.entries()) {
    fabric.putVpc({ id, blocks: [block(`${nets[i] ?? ""}.0.0/16`)] });
    fabric.putInternetGateway({ id: `igw-${id}`, vpc: id, table: undefined });
    world.table(
      `rtb-${id}`,
      (routes[i] ?? []).map(([cidr, to]) => route(cidr, to)),
      id,
      true,
    );
    world.subnet(id, `${nets[i] ?? ""}.1.0/24`, { vpc: id });
    for (const last of [10, 11]) {
      const name = last === 11 && i === 1 ? "router" : `${id}-${last}`;
      world.port(name, { addresses: [`${nets[i] ?? ""}.1.${last}`], subnet: id, check: false });
    }
  }
  for (const [i, [a, b]] of peerings.entries()) {
    if (a === b) continue;
    fabric.putPeering({ id: `pcx-${i}`, vpcs: [VPCS[a] ?? "", VPCS[b] ?? ""], betweenRegions: false });
  }
  fabric.transitGateways.putGateway({ id: "tgw" });
  for (const [i, table] of tables.entries()) {
    fabric.transitGateways.putRouteTable(
      `table-${i}`,
      table.map(([cidr, to]) => ({
        destination: block(cidr),
        attachment: to === undefined ? undefined : VPCS[to],
        origin: "static" as const,
      })),
    );
  }
  for (const [i, table] of attached.entries()) {
    const id = VPCS[i] ?? "";
    if (table === undefined) continue;
    world.subnet(`${id}-gate`, `${nets[i] ?? ""}.9.0/28`, { vpc: id });
    world.port(`${id}-gate`, { addresses: [`${nets[i] ?? ""}.9.4`], subnet: `${id}-gate`, live: false });
    fabric.transitGateways.putVpcAttachment({
      id,
      gateway: "tgw",
      vpc: id,
      table: table === 2 ? undefined : `table-${table}`,
      live: true,
      ports: [`${id}-gate`],
    });
  }
  return world;
}

/** The VPC that a transit gateway's table leads to. */
function ledTo({ tables, attached }: Connected, vpc: number, destination: string): number | undefined {
  const table = attached[vpc];
  if (table === undefined || table === 2) return undefined;
  const best = (tables[table] ?? [])
    .filter(([cidr]) => within(block(cidr), ip(destination)))
    .toSorted(([a], [b]) => Number(b.split("/")[1]) - Number(a.split("/")[1]))[0];
  const to = best?.[1];
  return to === undefined || attached[to] === undefined ? undefined : to;
}

/** How many packets went from one VPC to another in all runs of `connections`. */
export const crossed = { peering: 0, transit: 0 };

export const ways: Properties = {
  "routes: which one stands is what one says that sorts them all": fc.property(routesArbitrary, (routes) => {
    const vpc = new Vpc("vpc");
    vpc.put(LOCALS.map(block), true);
    const lists = new PrefixLists();
    for (const [id, blocks] of Object.entries(LISTS)) lists.put(new PrefixList(id, blocks.map(block)));
    const table = new RouteTable("rtb", vpc, lists);
    table.put(routes);
    for (const address of [
      "10.0.1.1",
      "10.0.2.1",
      "10.9.0.1",
      "10.200.0.1",
      "172.16.0.1",
      "192.0.2.1",
      "8.8.8.8",
    ]) {
      expect(table.find(ip(address))?.route.target, address).toBe(chosen(routes, address));
    }
  }),

  "P7 over connections: packets go from one VPC to another only if a connection joins these two": fc.property(
    connectedArbitrary,
    (plan) => {
      const world = connect(plan);
      for (const who of [0, 1, 2]) {
        const sender = world.fabric.ports.get(`${VPCS[who] ?? ""}-10`);
        if (!sender) throw new Error("no sender");
        for (const claimed of new Set(plan.nets)) {
          for (const destination of plan.nets.flatMap((net) => [`${net}.1.10`, `${net}.1.11`])) {
            const end = world.send(sender, from(`${claimed}.1.10`, destination));
            expect(end.outcome).not.toBe("outside");
            const to = VPCS.findIndex((id) => end.outcome === "delivered" && id === end.port.subnet.vpc.id);
            if (to === -1 || to === who) continue;
            const isPeer = plan.peerings.some((pair) => pair.includes(who) && pair.includes(to));
            const isLed = ledTo(plan, who, destination) === to;
            if (isPeer) crossed.peering++;
            if (isLed) crossed.transit++;
            expect(isPeer || isLed, `${claimed} in ${who} → ${destination} in ${to}`).toBe(true);
          }
        }
      }
    },
  ),
};
