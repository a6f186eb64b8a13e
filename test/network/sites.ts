/** What must be true of customers' sites and their VPN connections, at whatever gateways they are. */
/* oxlint-disable vitest/no-standalone-expect -- a test runs each of these properties */
import fc from "fast-check";
import { expect } from "vitest";
import { block, formatIp, ip, within } from "../../network/ip.ts";
import type { End } from "../../network/journey.ts";
import type { SiteRoute } from "../../network/siteRoutes.ts";
import type { TransitGatewayRoute } from "../../network/transitGatewayRouteTable.ts";
import type { Properties } from "./sendings.ts";
import { ended, from, route, World } from "./world.ts";

const VPC_NETS = ["10.0", "10.1", "10.2"] as const;
/** A site may have the same addresses as a VPC. */
const SITE_NETS = ["192.168", "172.16", "10.2"] as const;
const VPCS = [0, 1, 2] as const;
const SITES = [0, 1] as const;
const CONNECTIONS = [0, 1, 2, 3] as const;
const GATEWAYS = ["vgw-0", "vgw-1"] as const;

const cidr = fc.constantFrom(
  ...["0.0.0.0/0", "0.0.0.0/0", "0.0.0.0/0"],
  ...[...VPC_NETS, ...SITE_NETS].flatMap((net) => [`${net}.0.0/16`, `${net}.1.0/24`]),
);
const connection = fc.constantFrom(...CONNECTIONS);
const ORIGINS = ["propagated-direct-connect", "propagated-vpn-static", "propagated-vpn"] as const;
const origin = fc.constantFrom(...ORIGINS);

const connectionArbitrary = fc.record({
  end: fc.constantFrom(...GATEWAYS, "tgw", "tgw"),
  site: fc.constantFrom(...SITES),
  up: fc.tuple(fc.boolean(), fc.boolean()),
  /** Of the two tables of the transit gateway, that of its attachment there. */
  table: fc.nat(1),
});
type ConnectionPlan = typeof connectionArbitrary extends fc.Arbitrary<infer T> ? T : never;

const siteRoute = fc.record({ cidr, connection, origin, pathLength: fc.nat(2), discriminator: fc.nat(2) });
type SiteRoutePlan = typeof siteRoute extends fc.Arbitrary<infer T> ? T : never;

const planArbitrary = fc.record({
  nets: fc.tuple(...VPCS.map(() => fc.constantFrom(...VPC_NETS))),
  sites: fc.tuple(...SITES.map(() => fc.constantFrom(...SITE_NETS))),
  connections: fc.tuple(...CONNECTIONS.map(() => connectionArbitrary)),
  /** Of each virtual private gateway: the VPC that it is at, and what it knows. */
  gateways: fc.tuple(
    ...GATEWAYS.map(() =>
      fc.record({ vpc: fc.nat(2), routes: fc.array(siteRoute, { minLength: 2, maxLength: 6 }) }),
    ),
  ),
  /** Of each VPC: what its routes lead to, most of them everything to one gateway. */
  routes: fc.tuple(
    ...VPCS.map(() =>
      fc.uniqueArray(fc.tuple(cidr, fc.constantFrom(...GATEWAYS, "tgw", "tgw")), {
        minLength: 2,
        maxLength: 4,
        selector: ([to]) => to,
      }),
    ),
  ),
  /** Of each VPC: the table of its attachment to the transit gateway. */
  attached: fc.tuple(...VPCS.map(() => fc.option(fc.nat(1), { nil: undefined }))),
  /** The tables of the transit gateway: a route leads to a VPC, or to a connection. */
  tables: fc.tuple(
    ...[0, 1].map(() =>
      fc.uniqueArray(
        fc.tuple(
          cidr,
          fc.constantFrom(
            ...VPCS.map((i) => `at-vpc-${i}`),
            ...CONNECTIONS.flatMap((i) => [`at-vpn-${i}`, `at-vpn-${i}`]),
          ),
        ),
        { minLength: 3, maxLength: 6, selector: ([to]) => to },
      ),
    ),
  ),
});
type Plan = typeof planArbitrary extends fc.Arbitrary<infer T> ? T : never;

const isUp = ({ up }: ConnectionPlan): boolean => up.includes(true);
const has = (cidr: string, address: string): boolean => within(block(cidr), ip(address));

/** What a virtual private gateway knows: of its own connections. */
const knownBy = ({ gateways, connections }: Plan, i: number): readonly SiteRoutePlan[] =>
  gateways[i]?.routes.filter(({ connection }) => connections[connection]?.end === GATEWAYS[i]) ?? [];

function build(plan: Plan): World {
  const world = new World([]);
  const { fabric } = world;
  const { vpns, transitGateways } = fabric;
  world.fabric.putNetworkAcl(
    "acl",
    [true, false].map((egress) => ({
      egress,
      number: 100,
      allow: true,
      protocol: -1,
      from: -1,
      to: -1,
      block: block("0.0.0.0/0"),
    })),
  );
  world.vpc("any", "any-");
  transitGateways.putGateway({ id: "tgw" });
  for (const [i, table] of plan.tables.entries()) {
    transitGateways.putRouteTable(
      `table-${i}`,
      table.map(([to, attachment]) => ({ destination: block(to), attachment, origin: "static" as const })),
    );
  }
  for (const i of SITES) {
    vpns.putSite({ id: `site-${i}`, name: `site-${i}`, blocks: [block(`${plan.sites[i] ?? ""}.0.0/16`)] });
  }
  for (const [i, { end, site, up, table }] of plan.connections.entries()) {
    vpns.putConnection({
      id: `vpn-${i}`,
      order: i,
      gateway: end === "tgw" ? undefined : end,
      tunnels: up.map((isOn, n) => ({
        outside: ip(`52.0.${i}.${n}`),
        site: isOn ? `site-${site}` : undefined,
      })),
      local: block("0.0.0.0/0"),
      remote: block("0.0.0.0/0"),
    });
    if (end !== "tgw") continue;
    const attachment = { id: `at-vpn-${i}`, gateway: "tgw", table: `table-${table}`, live: true };
    vpns.putAttachment({ ...attachment, connection: `vpn-${i}` });
  }
  for (const i of VPCS) {
    const [net = "", id] = [plan.nets[i], `vpc-${i}`];
    fabric.putVpc({ id, blocks: [block(`${net}.0.0/16`)] });
  }
  for (const [i, { vpc }] of plan.gateways.entries()) {
    vpns.putGateway({
      id: GATEWAYS[i] ?? "",
      vpc: `vpc-${vpc}`,
      table: undefined,
      routes: knownBy(plan, i).map(siteRouteOf),
    });
  }
  for (const i of VPCS) {
    const [net = "", id] = [plan.nets[i], `vpc-${i}`];
    world.table(
      `rtb-${i}`,
      (plan.routes[i] ?? []).map(([to, target]) => route(to, target)),
      id,
      true,
    );
    world.subnet(`in-${i}`, `${net}.1.0/24`, { vpc: id });
    world.port(`host-${i}`, { addresses: [`${net}.1.10`], subnet: `in-${i}`, check: false });
    const table = plan.attached[i];
    if (table === undefined) continue;
    world.subnet(`gate-${i}`, `${net}.9.0/28`, { vpc: id });
    world.port(`gate-${i}`, { addresses: [`${net}.9.4`], subnet: `gate-${i}`, live: false });
    const attachment = { id: `at-vpc-${i}`, gateway: "tgw", table: `table-${table}`, live: true };
    transitGateways.putVpcAttachment({ ...attachment, vpc: id, ports: [`gate-${i}`] });
  }
  return world;
}

const siteRouteOf = ({ cidr, connection, ...rest }: SiteRoutePlan): SiteRoute => ({
  ...rest,
  block: block(cidr),
  connection: `vpn-${connection}`,
});

/** The attachment that the transit gateway's table leads to: where no route of equal length is another's. */
const ledTo = ({ tables }: Plan, table: number, destination: string): string | undefined =>
  (tables[table] ?? [])
    .filter(([to]) => has(to, destination))
    .toSorted(([a], [b]) => Number(b.split("/")[1]) - Number(a.split("/")[1]))[0]?.[1];

/** Everything that packets can get to from a table, also by way of VPCs whose routes lead them back. */
function leads(plan: Plan, table: number, destination: string): Set<string> {
  const found = new Set<string>();
  for (let next: number | undefined = table; next !== undefined;) {
    const led = ledTo(plan, next, destination);
    if (led === undefined || found.has(led)) break;
    found.add(led);
    const vpc = led.startsWith("at-vpc-") ? Number(led.slice(-1)) : -1;
    const isBack = plan.routes[vpc]?.some(([to, target]) => target === "tgw" && has(to, destination));
    next = isBack === true ? plan.attached[vpc] : undefined;
  }
  return found;
}

/** All that a VPC's own packets to an address can get to, besides the VPC. */
function fromVpc(plan: Plan, vpc: number, destination: string): Set<string> {
  const table = plan.attached[vpc];
  const found = table === undefined ? new Set<string>() : leads(plan, table, destination);
  for (const [i, gateway] of plan.gateways.entries()) {
    if (gateway.vpc !== vpc) continue;
    for (const { connection, cidr } of knownBy(plan, i)) {
      if (has(cidr, destination)) found.add(`at-vpn-${connection}`);
    }
  }
  return found;
}

/** All that a site's packets to an address can get to. */
function fromSite(plan: Plan, site: number, destination: string): Set<string> {
  const found = new Set<string>();
  for (const connection of plan.connections) {
    if (!isUp(connection) || connection.site !== site) continue;
    if (connection.end === "tgw") {
      for (const end of leads(plan, connection.table, destination)) found.add(end);
    } else {
      found.add(`at-vpc-${plan.gateways[GATEWAYS.indexOf(connection.end)]?.vpc ?? -1}`);
    }
  }
  return found;
}

/** Whether the end of a packet is one that it may get to: a VPC, or a site by a connection that is up. */
const isAmong = (plan: Plan, ends: ReadonlySet<string>, vpc: number, site: number): boolean =>
  vpc === -1
    ? plan.connections.some((each, i) => ends.has(`at-vpn-${i}`) && each.site === site && isUp(each))
    : ends.has(`at-vpc-${vpc}`);

const siteOf = (end: End): number => (end.outcome === "site" ? Number(end.site.id.slice(-1)) : -1);
const vpcOf = (end: End): number =>
  end.outcome === "delivered" ? Number(end.port.subnet.vpc.id.slice(-1)) : -1;

/** How many packets went where, in all runs. */
export const crossings = { out: 0, in: 0, between: 0, shared: 0, multicast: 0 };

const flowRoute = fc.record({
  pathLength: fc.integer({ min: 0, max: 2 }).map((n) => Number(n === 0)),
  discriminator: fc.integer({ min: 0, max: 2 }).map((n) => Number(n === 0)),
  shared: fc.integer({ min: 0, max: 3 }).map((n) => n > 0),
});

export const sites: Properties = {
  "P7 over VPN: packets go between a VPC and a site only over a connection that joins them and is up":
    fc.property(planArbitrary, (plan) => {
      const { fabric, ...world } = build(plan);
      const addresses = [...new Set([...plan.nets, ...plan.sites])].map((net) => `${net}.1.10`);
      for (const destination of addresses) {
        for (const vpc of VPCS) {
          const sender = fabric.ports.get(`host-${vpc}`);
          if (!sender) throw new Error("no sender");
          const source = `${plan.nets[vpc] ?? ""}.1.10`;
          if (source === destination) continue;
          const end = fabric.send(sender, from(source, destination), world.now);
          expect(end.outcome).not.toBe("outside");
          const [site, other] = [siteOf(end), vpcOf(end)];
          if ((site === -1 && other === -1) || other === vpc) continue;
          if (site !== -1) crossings.out++;
          const may = fromVpc(plan, vpc, destination);
          expect(isAmong(plan, may, other, site), `${vpc} → ${destination} at ${other} ${site}`).toBe(true);
        }
        for (const site of SITES) {
          const source = `${plan.sites[site] ?? ""}.1.10`;
          if (source === destination) continue;
          const way = fabric.trace(fabric.vpns.site(`site-${site}`), from(source, destination), world.now);
          const [other, vpc] = [siteOf(way.end), vpcOf(way.end)];
          if (vpc === -1 && other === -1) continue;
          if (vpc === -1) crossings.between++;
          else crossings.in++;
          const may = fromSite(plan, site, destination);
          expect(isAmong(plan, may, vpc, other), `${site} → ${destination} at ${vpc} ${other}`).toBe(true);
        }
      }
    }),

  "VPN gateway: which connection is taken is what one says that sorts them all": fc.property(
    fc.array(siteRoute, { maxLength: 7 }),
    fc.tuple(...CONNECTIONS.map(() => fc.boolean())),
    (routes, up) => {
      const world = new World();
      const server = world.port("server", { addresses: ["10.0.1.5"] });
      world.table("rtb", [route("0.0.0.0/0", "vgw")]);
      const { vpns } = world.fabric;
      for (const i of CONNECTIONS) {
        vpns.putSite({ id: `site-${i}`, name: `site-${i}`, blocks: [block("0.0.0.0/0")] });
        vpns.putConnection({
          id: `vpn-${i}`,
          order: i,
          gateway: "vgw",
          tunnels: [{ outside: ip(`52.0.${i}.1`), site: up[i] ? `site-${i}` : undefined }],
          local: block("0.0.0.0/0"),
          remote: block("0.0.0.0/0"),
        });
      }
      vpns.putGateway({ id: "vgw", vpc: "vpc", table: undefined, routes: routes.map(siteRouteOf) });
      for (const destination of ["192.168.1.9", "172.16.9.9", "10.2.1.9", "8.8.8.8"]) {
        const [best] = routes
          .map((each, age) => ({ ...each, age, length: Number(each.cidr.split("/")[1]) }))
          .filter((each) => has(each.cidr, destination))
          .toSorted(
            (a, b) =>
              Number(up[b.connection]) - Number(up[a.connection]) ||
              b.length - a.length ||
              ORIGINS.indexOf(a.origin) - ORIGINS.indexOf(b.origin) ||
              a.pathLength - b.pathLength ||
              a.discriminator - b.discriminator ||
              a.age - b.age,
          );
        const end = world.send(server, from("10.0.1.5", destination));
        const expected = best && (up[best.connection] ? `site-${best.connection}` : "BAD_STATE_VPN");
        expect(end.outcome === "site" ? end.site.id : ended(end)).toBe(expected ?? "NO_ROUTE_TO_DESTINATION");
      }
    },
  ),

  "ECMP gateway: flows are spread over the best routes that share them, and over no others; each keeps to one":
    fc.property(fc.array(flowRoute, { minLength: 2, maxLength: 4 }), (routes) => {
      const world = new World();
      const server = world.port("server", { addresses: ["10.0.1.5"] });
      world.table("rtb", [route("192.168.0.0/16", "tgw")]);
      const { vpns, transitGateways } = world.fabric;
      transitGateways.putGateway({ id: "tgw" });
      transitGateways.putRouteTable("table", [
        ...routes.map((more, i): TransitGatewayRoute => ({
          ...more,
          destination: block("192.168.0.0/16"),
          attachment: `at-${i}`,
          origin: "propagated-vpn",
        })),
      ]);
      world.port("gate", { addresses: ["10.0.1.4"], live: false });
      const attachment = { gateway: "tgw", table: "table", live: true };
      transitGateways.putVpcAttachment({ ...attachment, id: "at-vpc", vpc: "vpc", ports: ["gate"] });
      for (const i of routes.keys()) {
        vpns.putSite({ id: `site-${i}`, name: `site-${i}`, blocks: [block("192.168.0.0/16")] });
        vpns.putConnection({
          id: `vpn-${i}`,
          order: i,
          gateway: undefined,
          tunnels: [1, 2].map((n) => ({ outside: ip(`52.0.${i}.${n}`), site: `site-${i}` })),
          local: block("0.0.0.0/0"),
          remote: block("0.0.0.0/0"),
          shared: true,
        });
        vpns.putAttachment({ ...attachment, id: `at-${i}`, connection: `vpn-${i}` });
      }
      const rankOf = ({ pathLength, discriminator }: (typeof routes)[number]) =>
        2 * pathLength + discriminator;
      const best = Math.min(...routes.map(rankOf));
      const ranked = routes.map((each, i) => ({ i, ...each })).filter((each) => rankOf(each) === best);
      const [first] = ranked;
      const sharing = first?.shared ? ranked.filter(({ shared }) => shared) : ranked.slice(0, 1);
      const expected = sharing.flatMap(({ i }) => [`52.0.${i}.1`, `52.0.${i}.2`]);
      const tunnelOf = (sourcePort: number): string =>
        world
          .trace(server, from("10.0.1.5", "192.168.1.9", { sourcePort }))
          .steps.flatMap(({ ground }) => (ground?.kind === "tunnel" ? formatIp(ground.outside) : []))
          .join();
      const ports = Array.from({ length: 47 }, (_, i) => 40_000 + i);
      const used = ports.map(tunnelOf);
      expect([...new Set(used)].toSorted()).toEqual(expected.toSorted());
      for (const [i, port] of ports.slice(0, 7).entries()) expect(tunnelOf(port)).toBe(used[i]);
      if (sharing.length > 1) crossings.shared++;
    }),
};
