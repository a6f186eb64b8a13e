import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { block, ip } from "../../../network/ip.ts";
import type { Journey } from "../../../network/journey.ts";
import type { SiteRoute } from "../../../network/siteRoutes.ts";
import { OFFICE, putSite, putVpnGateway, siteRoute } from "../office.ts";
import { ended, from, route, udp, World } from "../world.ts";
import { ask, codes } from "./questions.ts";

const CONNECTIONS = [0, 1, 2, 3] as const;
const LINE = "dxvif";
const HOSTS = ["192.168.1.5", "192.168.9.5", "172.16.0.5"] as const;

const cidr = fc.constantFrom("0.0.0.0/0", OFFICE, OFFICE, "192.168.1.0/24", "192.168.1.0/24");
const few = fc.constantFrom(0, 0, 0, 0, 0, 1);
const mostly = fc.constantFrom(true, true, true, false);
const better = { pathLength: few, discriminator: few };

const networkArbitrary = fc.record({
  connections: fc.tuple(
    ...CONNECTIONS.map(() =>
      fc.record({
        end: fc.constantFrom("vgw", "tgw"),
        up: fc.tuple(mostly, fc.boolean()),
        local: fc.constantFrom("0.0.0.0/0", "192.168.1.0/24"),
        remote: fc.constantFrom("0.0.0.0/0", "0.0.0.0/0", "0.0.0.0/0", "10.9.0.0/16"),
      }),
    ),
  ),
  /** What the virtual private gateway knows: of connections, and of two dedicated lines. */
  known: fc.array(
    fc.record({
      ...better,
      cidr,
      connection: fc.constantFrom(...CONNECTIONS.map((i) => `vpn-${i}`), `${LINE}-0`, `${LINE}-1`),
      isStatic: fc.boolean(),
      localPreference: fc.constantFrom(1, 2, 2),
      shared: mostly,
    }),
    { maxLength: 7 },
  ),
  table: fc.array(fc.record({ ...better, cidr, at: fc.constantFrom(...CONNECTIONS), shared: mostly }), {
    minLength: 2,
    maxLength: 7,
  }),
  routes: fc.uniqueArray(fc.tuple(cidr, fc.constantFrom("vgw", "tgw", "tgw")), {
    minLength: 1,
    selector: ([to]) => to,
  }),
});
type Network = typeof networkArbitrary extends fc.Arbitrary<infer T> ? T : never;

const knownOf = ({ known, connections }: Network): SiteRoute[] =>
  known.flatMap(({ cidr, connection, isStatic, localPreference, shared, ...told }) => {
    if (connection.startsWith(LINE)) {
      const line = { origin: "propagated-direct-connect", localPreference, shared } as const;
      return siteRoute(cidr, connection, { ...told, ...line });
    }
    if (connections[Number(connection.slice(-1))]?.end !== "vgw") return [];
    return siteRoute(cidr, connection, isStatic ? { shared } : { ...told, shared, origin: "propagated-vpn" });
  });

/** A VPC with a server; sites that have every address, each behind a connection of its own. */
function build(network: Network) {
  const world = new World();
  const server = world.port("server", { addresses: ["10.0.1.5"] });
  world.table(
    "rtb",
    network.routes.map(([to, target]) => route(to, target)),
  );
  const { vpns, transitGateways } = world.fabric;
  transitGateways.putGateway({ id: "tgw" });
  transitGateways.putRouteTable(
    "table",
    network.table.map(({ cidr, at, ...told }) => ({
      ...told,
      destination: block(cidr),
      attachment: `at-${at}`,
      origin: "propagated-vpn",
    })),
  );
  world.port("gate", { addresses: ["10.0.1.4"], live: false });
  const attachment = { gateway: "tgw", table: "table", live: true };
  transitGateways.putVpcAttachment({ ...attachment, id: "at-vpc", vpc: "vpc", ports: ["gate"] });
  for (const [i, { end, up, local, remote }] of network.connections.entries()) {
    vpns.putSite({ id: `site-${i}`, name: `site-${i}`, blocks: [block("0.0.0.0/0")] });
    vpns.putConnection({
      id: `vpn-${i}`,
      order: i,
      gateway: end === "vgw" ? "vgw" : undefined,
      tunnels: up.map((isUp, n) => ({
        outside: ip(`52.0.${i}.${n + 1}`),
        site: isUp ? `site-${i}` : undefined,
      })),
      local: block(local),
      remote: block(remote),
      shared: true,
    });
    if (end === "tgw") vpns.putAttachment({ ...attachment, id: `at-${i}`, connection: `vpn-${i}` });
  }
  for (const i of [0, 1]) {
    const lines = [{ id: `${LINE}-${i}`, gateway: "vgw" }];
    vpns.putSite({ id: `lined-${i}`, name: `lined-${i}`, blocks: [block("0.0.0.0/0")], lines });
  }
  putVpnGateway(world, knownOf(network));
  return { world, server };
}

/** The gateway or the attachment that a packet left AWS by, if it came to a site. */
const leftBy = ({ end, steps }: Journey): string | undefined =>
  end.outcome === "site"
    ? steps.findLast(
        ({ component: { kind } }) => kind === "vpn-gateway" || kind === "transit-gateway-attachment",
      )?.component.id
    : undefined;

test("a path to a gateway or an attachment is found exactly when some flow gets to a site by it", () => {
  const seen = { found: 0, none: 0, spread: 0 };
  fc.assert(
    fc.property(networkArbitrary, (network) => {
      const { world, server } = build(network);
      for (const host of HOSTS) {
        const used = new Set<string | undefined>();
        for (let sourcePort = 40_000; sourcePort < 40_047; sourcePort++) {
          used.add(leftBy(world.trace(server, from("10.0.1.5", host, { protocol: udp, sourcePort }))));
        }
        for (const end of ["vgw", ...CONNECTIONS.map((i) => `at-${i}`)]) {
          if (end !== "vgw" && network.connections[Number(end.slice(-1))]?.end !== "tgw") continue;
          const answer = ask(world.fabric, "server", end, { protocol: udp, destinationAddress: host });
          expect([host, end, answer.found]).toEqual([host, end, used.has(end)]);
          expect(codes(answer).length > 0).toBe(!answer.found);
          seen[answer.found ? "found" : "none"]++;
        }
        if (used.size > 1) seen.spread++;
      }
    }),
    { seed: 11, numRuns: 250 },
  );
  for (const [what, times] of Object.entries(seen)) expect(times, what).toBeGreaterThan(20);
});

describe("why a path to a gateway is none", () => {
  const asked = (routes: readonly SiteRoute[], up: boolean) => {
    const world = new World();
    world.port("server", { addresses: ["10.0.1.5"] });
    world.table("rtb", [route("0.0.0.0/0", "vgw")]);
    putSite(world, "office", { up });
    putVpnGateway(world, routes);
    return ask(world.fabric, "server", "vgw", { destinationAddress: "192.168.1.5" });
  };

  test("the VPN connection is down, or none leads there", () => {
    expect(asked([siteRoute(OFFICE, "office")], true).found).toBe(true);
    expect(asked([siteRoute(OFFICE, "office")], false).explanations).toMatchObject([
      { code: "BAD_STATE_VPN", vpnConnection: "office", vpnGateway: "vgw" },
    ]);
    expect(codes(asked([siteRoute("172.16.0.0/12", "office")], true))).toEqual(["NO_ROUTE_TO_DESTINATION"]);
  });

  test("of a transit gateway, by the attachment", () => {
    const world = new World();
    world.port("server", { addresses: ["10.0.1.5"] });
    world.port("gate", { addresses: ["10.0.1.4"], live: false });
    world.table("rtb", [route("0.0.0.0/0", "tgw")]);
    const { vpns, transitGateways } = world.fabric;
    transitGateways.putGateway({ id: "tgw" });
    const origin = "propagated-vpn" as const;
    transitGateways.putRouteTable("table", [{ destination: block(OFFICE), attachment: "at", origin }]);
    const attachment = { gateway: "tgw", table: "table", live: true };
    transitGateways.putVpcAttachment({ ...attachment, id: "at-vpc", vpc: "vpc", ports: ["gate"] });
    const why = (up: boolean, local = "0.0.0.0/0") => {
      putSite(world, "office", { up });
      const tunnels = [{ outside: ip("52.99.0.1"), site: up ? "office" : undefined }];
      const blocks = { local: block(local), remote: block("0.0.0.0/0") };
      vpns.putConnection({ id: "office", order: 1, gateway: undefined, tunnels, ...blocks });
      vpns.putAttachment({ ...attachment, id: "at", connection: "office" });
      return codes(ask(world.fabric, "server", "at", { destinationAddress: "192.168.1.5" }));
    };
    expect(why(true)).toEqual([]);
    expect(why(false)).toEqual(["TGW_BAD_STATE_VPN"]);
    expect(why(true, "192.168.9.0/24")).toEqual(["NO_POSSIBLE_DESTINATION"]);
  });

  test("of a concentrator that knows no way there, as packets are told", () => {
    const world = new World();
    const server = world.port("server", { addresses: ["10.0.1.5"] });
    world.port("gate", { addresses: ["10.0.1.4"], live: false });
    world.table("rtb", [route("0.0.0.0/0", "tgw")]);
    const { vpns, transitGateways } = world.fabric;
    transitGateways.putGateway({ id: "tgw" });
    const destination = block("0.0.0.0/0");
    transitGateways.putRouteTable("table", [{ destination, attachment: "at", origin: "static" }]);
    const attachment = { gateway: "tgw", table: "table", live: true };
    transitGateways.putVpcAttachment({ ...attachment, id: "at-vpc", vpc: "vpc", ports: ["gate"] });
    const why = (up: boolean, host: string) => {
      putSite(world, "office", { gateway: "cnc", up });
      vpns.putAttachment({
        ...attachment,
        id: "at",
        connection: "cnc",
        routes: [siteRoute(OFFICE, "office", { origin: "propagated-vpn" })],
      });
      const answer = ask(world.fabric, "server", "at", { protocol: udp, destinationAddress: host });
      const told = ended(world.send(server, from("10.0.1.5", host, { protocol: udp })));
      return [told, ...codes(answer)];
    };
    expect(why(true, "192.168.1.5")).toEqual(["outside"]);
    expect(why(false, "192.168.1.5")).toEqual(["TGW_BAD_STATE_VPN", "TGW_BAD_STATE_VPN"]);
    expect(why(true, "172.16.0.5")).toEqual(["NO_ROUTE_TO_DESTINATION", "NO_ROUTE_TO_DESTINATION"]);
  });
});
