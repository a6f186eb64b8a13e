import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { exchange } from "../../network/exchange.ts";
import { block, formatIp, ip, isIpv4 } from "../../network/ip.ts";
import type { End } from "../../network/journey.ts";
import type { Port } from "../../network/port.ts";
import type { TransitGatewayRoute } from "../../network/transitGatewayRouteTable.ts";
import type { SiteRoute } from "../../network/siteRoutes.ts";
import type { VirtualInterfaceSettings } from "../../network/virtualInterface.ts";
import type { VpnConnectionPlan } from "../../network/vpns.ts";
import { all, ended, entering, from, icmp, leaving, openAcl, passed, route, World } from "./world.ts";

const to = (cidr: string, connection: string, more: Partial<SiteRoute> = {}): SiteRoute => ({
  block: block(cidr),
  connection,
  origin: "propagated-vpn-static",
  pathLength: 0,
  discriminator: 0,
  ...more,
});

const told = (cidr: string, connection: string, more: Partial<SiteRoute> = {}): SiteRoute =>
  to(cidr, connection, { origin: "propagated-vpn", ...more });

const OFFICE = "192.168.0.0/16";
const HOST = "192.168.1.5";

/** A VPC with a gateway `vgw`, and sites that connections of the same name lead to. */
class Wired extends World {
  readonly server: Port;

  constructor() {
    super();
    this.server = this.port("server", { addresses: ["10.0.1.5"] });
    this.table("rtb", [route(OFFICE, "vgw", { origin: "propagated-vpn-static" })]);
    this.site("office", [OFFICE]);
    this.connection("office");
    this.gateway([to(OFFICE, "office")]);
  }

  site(name: string, blocks: readonly string[], hosts?: readonly string[]): void {
    const plan = { id: `r/${name}`, name, blocks: blocks.map(block), hosts: hosts?.map(ip) };
    this.fabric.vpns.putSite(plan);
  }

  connection(
    name: string,
    more: Partial<VpnConnectionPlan> = {},
    up: readonly boolean[] = [true, true],
  ): void {
    this.fabric.vpns.putConnection({
      id: name,
      order: 1,
      gateway: "vgw",
      tunnels: up.map((isUp, i) => ({
        outside: ip(`52.0.0.${i + 1}`),
        site: isUp ? `r/${name}` : undefined,
      })),
      local: block("0.0.0.0/0"),
      remote: block("0.0.0.0/0"),
      ...more,
    });
  }

  gateway(routes: readonly SiteRoute[], vpc: string | undefined = "vpc", table?: string): void {
    this.fabric.vpns.putGateway({ id: "vgw", vpc, table, routes });
  }

  /** Where a packet from a site ends. */
  enter(name: string, source: string, destination: string, more = {}): End {
    const site = this.fabric.vpns.site(`r/${name}`);
    if (!site) throw new Error("no site");
    return this.fabric.trace(site, from(source, destination, more), this.now).end;
  }

  leave(destination = HOST, more = {}): End {
    return this.send(this.server, from("10.0.1.5", destination, more));
  }
}

const whereTo = (end: End): string => (end.outcome === "site" ? end.site.id : ended(end));

describe("between a VPC and a site", () => {
  test("a packet goes by the gateway and a tunnel, and the answer comes back", () => {
    const world = new Wired();
    const sent = from("10.0.1.5", HOST);
    const { forward, back, learned } = exchange(world.fabric, world.server, sent, world.now);
    expect(learned).toBe("answer");
    expect(passed(forward)).toEqual([
      "network-interface",
      "security-group",
      "network-acl",
      "route-table",
      "vpn-gateway",
      "vpn-connection",
      "customer-site",
    ]);
    expect(back && passed(back)).toEqual([
      "customer-site",
      "vpn-connection",
      "vpn-gateway",
      "network-acl",
      "security-group",
      "network-interface",
    ]);
    expect(forward.steps.at(-2)?.ground).toEqual({ kind: "tunnel", outside: ip("52.0.0.1") });
  });

  test("a site begins, and is answered if the subnet has a route back", () => {
    const world = new Wired();
    world.fabric.listening.listen("i-server", 6, 443);
    const site = world.fabric.vpns.site("r/office");
    const ask = () => exchange(world.fabric, site, from(HOST, "10.0.1.5"), world.now);
    expect(ask().learned).toBe("answer");
    world.table("rtb", []);
    expect(ask()).toMatchObject({
      learned: "nothing",
      forward: { end: { outcome: "delivered" } },
      back: { end: { reason: "NO_ROUTE_TO_DESTINATION" } },
    });
  });

  test("only hosts that are there answer, in blocks that are there", () => {
    const world = new Wired();
    world.site("office", ["192.168.1.0/24"], [HOST]);
    const ask = (host: string) =>
      exchange(world.fabric, world.server, from("10.0.1.5", host), world.now).learned;
    expect([ask(HOST), ask("192.168.1.6")]).toEqual(["answer", "nothing"]);
    expect(whereTo(world.leave("192.168.2.5"))).toBe("NO_POSSIBLE_DESTINATION");
  });

  test("network ACLs guard the subnet in both directions", () => {
    const world = new Wired();
    world.fabric.putNetworkAcl("acl", [leaving(100, false, all, -1, -1, OFFICE), ...openAcl.slice(0, 1)]);
    expect(whereTo(world.leave())).toBe("SUBNET_ACL_RESTRICTION");
    world.fabric.putNetworkAcl("acl", [entering(100, false, all, -1, -1, OFFICE)]);
    expect(whereTo(world.enter("office", HOST, "10.0.1.5"))).toBe("SUBNET_ACL_RESTRICTION");
  });

  test("packets of more than 1446 bytes are too long, and their senders told", () => {
    const world = new Wired();
    expect(whereTo(world.leave(HOST, { length: 1446 }))).toBe("office");
    const long = exchange(world.fabric, world.server, from("10.0.1.5", HOST, { length: 1447 }), world.now);
    expect(long).toMatchObject({ learned: "refusal", forward: { end: { reason: "FRAGMENTATION_NEEDED" } } });
    expect(whereTo(world.leave(HOST, { length: 1447, dontFragment: false }))).toBe("office");
    const site = world.fabric.vpns.site("r/office");
    const back = exchange(world.fabric, site, from(HOST, "10.0.1.5", { length: 1447 }), world.now);
    expect(back).toMatchObject({ learned: "refusal", forward: { end: { reason: "FRAGMENTATION_NEEDED" } } });
  });

  test("whatever the version of the tunnel's own addresses is", () => {
    const world = new Wired();
    const site = world.fabric.vpns.site("r/office");
    const outside = ip("2600:f0f0::1");
    world.connection("office", { tunnels: [{ outside, site: "r/office" }] });
    const { steps } = world.trace(world.server, from("10.0.1.5", HOST));
    expect(steps.map(({ ground }) => ground)).toContainEqual({ kind: "tunnel", outside });
    const long = exchange(world.fabric, site, from(HOST, "10.0.1.5", { length: 1447 }), world.now);
    expect(long.learned).toBe("refusal");
    expect(isIpv4(long.back?.end.packet.source ?? 0n)).toBe(true);
  });
});

test("flow logs say that a packet left by the gateway", () => {
  const world = new Wired();
  const { flowLogs } = world.fabric;
  flowLogs.put({ id: "fl", scope: "server", traffic: "ALL", interval: 60, since: world.now });
  world.leave();
  const windows = flowLogs.take("fl", world.now + 600_000, [world.server]);
  expect(windows.flatMap(({ flows }) => flows.map(({ path }) => path))).toEqual([3]);
});

describe("the gateway", () => {
  test("takes only what goes to a block that it knows", () => {
    const world = new Wired();
    world.table("rtb", [route("0.0.0.0/0", "vgw")]);
    expect(whereTo(world.leave("203.0.113.5"))).toBe("NO_ROUTE_TO_DESTINATION");
    expect(whereTo(world.leave())).toBe("office");
  });

  test("takes only packets of interfaces of its VPC: nobody else reaches the site through it", () => {
    const world = new Wired();
    const router = world.port("router", { addresses: ["10.0.1.9"], check: false });
    expect(whereTo(world.send(router, from("10.9.9.9", HOST)))).toBe("VGW_PRIVATE_IP_ASSOCIATION_FOR_EGRESS");
    world.port("gone", { addresses: ["10.0.1.10"], live: false });
    expect(whereTo(world.send(router, from("10.0.1.10", HOST)))).toBe(
      "VGW_PRIVATE_IP_ASSOCIATION_FOR_EGRESS",
    );
  });

  test("brings a site no further than to interfaces: to no internet gateway, and no peer", () => {
    const world = new Wired();
    world.site("office", [OFFICE]);
    expect(whereTo(world.enter("office", HOST, "203.0.113.9"))).toBe("NO_ROUTE_TO_DESTINATION");
    expect(whereTo(world.enter("office", HOST, "10.0.2.9"))).toBe("VGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS");
  });

  test("takes no IPv6", () => {
    const world = new World();
    world.vpc("vpc", "", ["10.0.0.0/16", "2001:db8::/56"]);
    world.subnet("a", "10.0.1.0/24 2001:db8::/64");
    const port = world.port("six", { addresses: ["2001:db8::5"] });
    world.table("rtb", [route("::/0", "vgw")]);
    world.fabric.putSecurityGroup("sg-open", [
      {
        id: "sgr-6",
        egress: true,
        protocol: all,
        from: -1,
        to: -1,
        peer: { kind: "block", block: block("::/0") },
      },
    ]);
    world.fabric.vpns.putGateway({ id: "vgw", vpc: "vpc", table: undefined, routes: [] });
    world.fabric.putNetworkAcl("acl", [leaving(100, true, all, -1, -1, "::/0")]);
    expect(whereTo(world.send(port, from("2001:db8::5", "2001:db8:9::1")))).toBe("PROTOCOL_RESTRICTION");
  });

  test("follows its own route table: through an appliance", () => {
    const world = new Wired();
    const appliance = world.port("firewall", { addresses: ["10.0.2.9"], subnet: "b", check: false });
    world.table("edge", [route("10.0.1.0/24", "firewall")], "vpc", false);
    world.gateway([to(OFFICE, "office")], "vpc", "edge");
    const end = world.enter("office", HOST, "10.0.1.5");
    expect(end).toMatchObject({ outcome: "delivered", port: appliance });
    world.table("edge", [], "vpc", false);
    expect(whereTo(world.enter("office", HOST, "10.0.1.5"))).toBe("server");
    world.table("edge", [route("10.0.1.0/24", "eni-gone")], "vpc", false);
    expect(whereTo(world.enter("office", HOST, "10.0.1.5"))).toBe("BAD_STATE_ROUTE");
  });

  test("that is attached to nothing is a blackhole, and no site gets in by it", () => {
    const world = new Wired();
    world.gateway([to(OFFICE, "office")], "nothing");
    expect(whereTo(world.leave())).toBe("BAD_STATE_ROUTE");
    expect(whereTo(world.enter("office", HOST, "10.0.1.5"))).toBe("NO_ROUTE_TO_DESTINATION");
    world.fabric.vpns.removeGateway("vgw");
    expect(whereTo(world.leave())).toBe("BAD_STATE_ROUTE");
  });
});

describe("which way", () => {
  const choose = (...routes: SiteRoute[]): string => {
    const world = new Wired();
    for (const [i, name] of ["one", "two"].entries()) {
      world.site(name, [OFFICE]);
      world.connection(name, { order: i });
    }
    world.gateway(routes);
    return whereTo(world.leave());
  };

  test("the longest block, then one that was written down, the shorter path, the lower MED, the older", () => {
    expect(choose(to(OFFICE, "one"), told("192.168.1.0/24", "two"))).toBe("two");
    expect(choose(told(OFFICE, "one"), to(OFFICE, "two"))).toBe("two");
    expect(choose(told(OFFICE, "one", { pathLength: 3 }), told(OFFICE, "two", { pathLength: 1 }))).toBe(
      "two",
    );
    expect(choose(told(OFFICE, "one", { discriminator: 9 }), told(OFFICE, "two"))).toBe("two");
    expect(choose(told(OFFICE, "one"), told(OFFICE, "two"))).toBe("one");
  });

  test("whatever is up comes before all else", () => {
    const world = new Wired();
    world.site("backup", [OFFICE]);
    world.connection("backup", { order: 2 });
    world.gateway([to("192.168.1.0/24", "office"), told(OFFICE, "backup", { pathLength: 9 })]);
    expect(whereTo(world.leave())).toBe("office");
    world.connection("office", {}, [false, false]);
    expect(whereTo(world.leave())).toBe("backup");
    world.fabric.vpns.removeConnection("backup");
    expect(whereTo(world.leave())).toBe("BAD_STATE_VPN");
    world.connection("office", {}, [false, true]);
    expect(whereTo(world.leave())).toBe("office");
  });

  test("the second tunnel carries what the first one cannot", () => {
    const world = new Wired();
    const tunnel = () =>
      world
        .trace(world.server, from("10.0.1.5", HOST))
        .steps.flatMap(({ ground }) => (ground?.kind === "tunnel" ? ground.outside : []));
    expect(tunnel()).toEqual([ip("52.0.0.1")]);
    world.connection("office", {}, [false, true]);
    expect(tunnel()).toEqual([ip("52.0.0.2")]);
  });

  test("a site takes the connection that leads closest; of equal ones, the oldest", () => {
    const world = new Wired();
    world.vpc("other", "other-", ["10.0.0.0/17"]);
    const there = world.port("there", { addresses: ["10.0.1.5"], subnet: "other-a" });
    world.fabric.vpns.putGateway({ id: "vgw-2", vpc: "other", table: undefined, routes: [] });
    world.connection("second", {
      order: 2,
      gateway: "vgw-2",
      tunnels: [{ outside: ip("52.0.0.9"), site: "r/office" }],
    });
    expect(world.enter("office", HOST, "10.0.1.5")).toMatchObject({ port: there });
    world.vpc("other", "other-", ["10.0.0.0/16"]);
    expect(world.enter("office", HOST, "10.0.1.5")).toMatchObject({ port: world.server });
  });

  test("only between the addresses that the connection is for", () => {
    const world = new Wired();
    world.connection("office", { local: block("192.168.1.0/24"), remote: block("10.0.1.0/28") });
    expect(whereTo(world.leave())).toBe("office");
    expect(whereTo(world.leave("192.168.2.5"))).toBe("VPN_TRAFFIC_SELECTOR_MISMATCH");
    expect(whereTo(world.enter("office", "192.168.2.5", "10.0.1.5"))).toBe("VPN_TRAFFIC_SELECTOR_MISMATCH");
    world.port("far", { addresses: ["10.0.1.99"] });
    expect(whereTo(world.enter("office", HOST, "10.0.1.99"))).toBe("VPN_TRAFFIC_SELECTOR_MISMATCH");
    world.connection("office", { local: block("::/0"), remote: block("::/0") });
    expect(whereTo(world.leave())).toBe("PROTOCOL_RESTRICTION");
  });
});

describe("at a transit gateway", () => {
  const hub = (up: readonly boolean[] = [true, true], shared = false): Wired => {
    const world = new Wired();
    const { transitGateways, vpns } = world.fabric;
    transitGateways.putGateway({ id: "tgw" });
    transitGateways.putRouteTable("tgw-rtb", [
      { destination: block("10.0.0.0/16"), attachment: "at-vpc", origin: "propagated-vpc" },
      { destination: block(OFFICE), attachment: "at-vpn", origin: "propagated-vpn" },
    ]);
    const gate = world.port("gate", { addresses: ["10.0.2.4"], subnet: "b", check: false });
    const plan = { gateway: "tgw", table: "tgw-rtb", live: true };
    transitGateways.putVpcAttachment({ id: "at-vpc", vpc: "vpc", ports: [gate.id], ...plan });
    world.connection("office", { gateway: undefined, shared }, up);
    vpns.putAttachment({ id: "at-vpn", connection: "office", ...plan });
    world.table("rtb", [route(OFFICE, "tgw")]);
    return world;
  };

  test("a VPC and a site reach each other", () => {
    const world = hub();
    const sent = from("10.0.1.5", HOST, { protocol: icmp, type: 8 });
    const { learned, back } = exchange(world.fabric, world.server, sent, world.now);
    expect(learned).toBe("answer");
    expect(back && passed(back).slice(0, 4)).toEqual([
      "customer-site",
      "vpn-connection",
      "transit-gateway-attachment",
      "transit-gateway-route-table",
    ]);
  });

  test("a connection with no tunnel up carries nothing", () => {
    expect(whereTo(hub([false, false]).leave())).toBe("TGW_BAD_STATE_VPN");
    const world = hub();
    world.fabric.vpns.removeConnection("office");
    expect(whereTo(world.leave())).toBe("TGW_BAD_STATE_VPN");
  });

  test("an attachment that does not live lets nobody in", () => {
    const world = hub();
    const plan = { gateway: "tgw", table: "tgw-rtb", live: false, connection: "office", id: "at-vpn" };
    world.fabric.vpns.putAttachment(plan);
    expect(whereTo(world.leave())).toBe("TGW_RTB_BAD_STATE_ROUTE");
    expect(whereTo(world.enter("office", HOST, "10.0.1.5"))).toBe("NO_ROUTE_TO_DESTINATION");
    world.fabric.vpns.removeAttachment("at-vpn");
    expect(whereTo(world.enter("office", HOST, "10.0.1.5"))).toBe("NO_ROUTE_TO_DESTINATION");
  });

  test("with ECMP, both tunnels share the flows, each of which keeps to its own", () => {
    const world = hub([true, true], true);
    const tunnelOf = (sourcePort: number) =>
      world
        .trace(world.server, from("10.0.1.5", HOST, { sourcePort }))
        .steps.find(({ ground }) => ground?.kind === "tunnel")?.ground;
    const ports = Array.from({ length: 64 }, (_, i) => 40_000 + i);
    expect(new Set(ports.map((port) => JSON.stringify(tunnelOf(port)))).size).toBe(2);
    for (const port of ports) expect(tunnelOf(port)).toEqual(tunnelOf(port));
  });
});

describe("over several connections of a transit gateway", () => {
  const PORTS = Array.from({ length: 256 }, (_, i) => 40_000 + i);

  /** Two connections to a site, told alike unless said otherwise. */
  const twin = (routes: readonly [Partial<TransitGatewayRoute>, Partial<TransitGatewayRoute>]): Wired => {
    const world = new Wired();
    const { transitGateways, vpns } = world.fabric;
    transitGateways.putGateway({ id: "tgw" });
    transitGateways.putRouteTable("tgw-rtb", [
      { destination: block("10.0.0.0/16"), attachment: "at-vpc", origin: "propagated-vpc" },
      ...routes.map((more, i) => ({
        destination: block(OFFICE),
        attachment: `at-${i}`,
        origin: "propagated-vpn" as const,
        pathLength: 1,
        discriminator: 0,
        ...more,
      })),
    ]);
    const gate = world.port("gate", { addresses: ["10.0.2.4"], subnet: "b", check: false });
    const plan = { gateway: "tgw", table: "tgw-rtb", live: true };
    transitGateways.putVpcAttachment({ id: "at-vpc", vpc: "vpc", ports: [gate.id], ...plan });
    for (const i of [0, 1]) {
      world.connection(`vpn-${i}`, {
        gateway: undefined,
        shared: true,
        tunnels: [1, 2].map((n) => ({ outside: ip(`52.0.${i}.${n}`), site: "r/office" })),
      });
      vpns.putAttachment({ id: `at-${i}`, connection: `vpn-${i}`, ...plan });
    }
    world.table("rtb", [route(OFFICE, "tgw")]);
    return world;
  };

  /** How many of some flows each tunnel has. */
  const tunnelsOf = (world: Wired): Map<string, number> => {
    const counts = new Map<string, number>();
    for (const sourcePort of PORTS) {
      const { steps } = world.trace(world.server, from("10.0.1.5", HOST, { sourcePort }));
      for (const { ground } of steps) {
        if (ground?.kind !== "tunnel") continue;
        const tunnel = formatIp(ground.outside);
        counts.set(tunnel, (counts.get(tunnel) ?? 0) + 1);
      }
    }
    return counts;
  };

  test("all tunnels have their part of the flows, and a flow always the same one", () => {
    const world = twin([{ shared: true }, { shared: true }]);
    const counts = tunnelsOf(world);
    expect([...counts.keys()].toSorted((a, b) => a.localeCompare(b))).toEqual([
      "52.0.0.1",
      "52.0.0.2",
      "52.0.1.1",
      "52.0.1.2",
    ]);
    for (const count of counts.values()) expect(count).toBeGreaterThan(PORTS.length / 8);
    expect(tunnelsOf(world)).toEqual(counts);
  });

  const only = (world: Wired): string => [...tunnelsOf(world).keys()].map((text) => text.slice(0, 6)).join();

  test("without ECMP the older one has all, and so has the better one with it", () => {
    expect(only(twin([{}, {}]))).toBe("52.0.0,52.0.0");
    expect(only(twin([{ shared: true }, { shared: true, pathLength: 0 }]))).toBe("52.0.1,52.0.1");
    expect(only(twin([{ shared: true, discriminator: 1 }, { shared: true }]))).toBe("52.0.1,52.0.1");
    expect(only(twin([{ shared: true }, { shared: true, origin: "static" }]))).toBe("52.0.1,52.0.1");
    expect(only(twin([{ shared: true }, { shared: true, destination: block("192.168.0.0/24") }]))).toBe(
      "52.0.0,52.0.0",
    );
  });

  test("a site does not reach itself by way of them", () => {
    const world = twin([{ shared: true }, { shared: true }]);
    expect(whereTo(world.enter("office", HOST, "192.168.2.5"))).toBe("NO_ROUTE_TO_DESTINATION");
    expect(whereTo(world.enter("office", HOST, "10.0.1.5"))).toBe("server");
  });
});

describe("a dedicated line", () => {
  const lined = (settings: VirtualInterfaceSettings = {}): Wired => {
    const world = new Wired();
    putLine(world, settings);
    return world;
  };
  const putLine = (world: Wired, settings: VirtualInterfaceSettings, name = "hq", id = "dxvif"): void =>
    world.fabric.vpns.putSite({
      id: `r/${name}`,
      name,
      blocks: [block(OFFICE)],
      lines: [{ id, gateway: "vgw", ...settings }],
    });
  const direct = (cidr: string, more: Partial<SiteRoute> = {}): SiteRoute =>
    to(cidr, "dxvif", { origin: "propagated-direct-connect", pathLength: 9, ...more });

  test("carries what goes to its site, and back", () => {
    const world = lined();
    world.gateway([direct(OFFICE)]);
    const { forward, back, learned } = exchange(
      world.fabric,
      world.server,
      from("10.0.1.5", HOST),
      world.now,
    );
    expect(learned).toBe("answer");
    expect(passed(forward).slice(-3)).toEqual(["vpn-gateway", "virtual-interface", "customer-site"]);
    expect(back && passed(back).slice(0, 3)).toEqual(["customer-site", "virtual-interface", "vpn-gateway"]);
  });

  test("comes before VPN connections to the same block, written down or told", () => {
    const world = lined();
    world.gateway([to(OFFICE, "office"), direct(OFFICE)]);
    expect(whereTo(world.leave())).toBe("hq");
    world.gateway([to("192.168.1.0/24", "office"), direct(OFFICE)]);
    expect(whereTo(world.leave())).toBe("office");
    expect(whereTo(world.leave("192.168.2.5"))).toBe("hq");
  });

  test("is what its site prefers, too", () => {
    const world = lined();
    world.connection("hq", { order: 0 });
    world.gateway([direct(OFFICE), to(OFFICE, "hq")]);
    const { steps } = world.fabric.trace(world.fabric.vpns.site("r/hq"), from(HOST, "10.0.1.5"), world.now);
    expect(steps.map(({ component }) => component.id)).toContain("dxvif");
  });

  test("takes packets of up to 1500 bytes, and leaves no way when it is gone", () => {
    const world = lined();
    world.gateway([direct(OFFICE)]);
    expect(whereTo(world.leave(HOST, { length: 1500 }))).toBe("hq");
    expect(whereTo(world.leave(HOST, { length: 1501 }))).toBe("FRAGMENTATION_NEEDED");
    expect(whereTo(world.enter("hq", HOST, "10.0.1.5", { length: 1501 }))).toBe("FRAGMENTATION_NEEDED");
    world.fabric.vpns.putSite({ id: "r/hq", name: "hq", blocks: [block(OFFICE)] });
    expect(whereTo(world.leave())).toBe("NO_ROUTE_TO_DESTINATION");
    expect(whereTo(world.enter("hq", HOST, "10.0.1.5"))).toBe("NO_ROUTE_TO_DESTINATION");
    const other = lined();
    other.gateway([direct(OFFICE)]);
    other.fabric.vpns.removeSite("r/hq");
    expect(whereTo(other.leave())).toBe("NO_ROUTE_TO_DESTINATION");
  });

  test.each([8500, 9001])("takes jumbo frames of %i bytes, by a route that was learned", (mtu) => {
    const world = lined({ mtu });
    world.gateway([direct(OFFICE)]);
    const leave = (length: number) => whereTo(world.leave(HOST, { length }));
    const learned = { origin: "propagated-direct-connect" } as const;
    world.table("rtb", [route(OFFICE, "vgw", learned)]);
    expect([leave(mtu), leave(mtu + 1)]).toEqual(["hq", "FRAGMENTATION_NEEDED"]);
    expect(whereTo(world.enter("hq", HOST, "10.0.1.5", { length: mtu }))).toBe("server");
    world.table("rtb", [route(OFFICE, "vgw")]);
    expect([leave(1500), leave(1501)]).toEqual(["hq", "FRAGMENTATION_NEEDED"]);
    putLine(world, {});
    expect(whereTo(world.enter("hq", HOST, "10.0.1.5", { length: 1501 }))).toBe("FRAGMENTATION_NEEDED");
  });

  test("shares the flows with one that is as good; the preferred one has them all, whatever the path", () => {
    const world = lined();
    putLine(world, {}, "dr", "dxvif-2");
    const reached = (first: Partial<SiteRoute>, second: Partial<SiteRoute>) => {
      world.gateway([direct(OFFICE, first), { ...direct(OFFICE, second), connection: "dxvif-2" }]);
      const ports = Array.from({ length: 32 }, (_, i) => 40_000 + i);
      return new Set(ports.map((sourcePort) => whereTo(world.leave(HOST, { sourcePort }))));
    };
    const shared = { shared: true };
    expect(reached(shared, shared)).toEqual(new Set(["hq", "dr"]));
    expect(reached({ ...shared, localPreference: 1 }, { ...shared, localPreference: 3 })).toEqual(
      new Set(["dr"]),
    );
    const longer = { ...shared, localPreference: 3, pathLength: 30 };
    expect(reached(longer, { ...shared, localPreference: 2 })).toEqual(new Set(["hq"]));
    expect(reached({ ...shared, pathLength: 2 }, { ...shared, pathLength: 1 })).toEqual(new Set(["dr"]));
  });

  test("tells a site of a VPC only what may be told: of its block as a whole", () => {
    for (const [allowed, known] of [
      [["22.0.0.0/24"], false],
      [["10.0.0.0/24"], false],
      [["10.0.0.0/15"], true],
      [["10.0.0.0/16", "22.0.0.0/24"], true],
    ] as const) {
      const world = lined({ allowed: allowed.map(block) });
      const end = whereTo(world.enter("hq", HOST, "10.0.1.5"));
      expect([allowed, end]).toEqual([allowed, known ? "server" : "NO_ROUTE_TO_DESTINATION"]);
    }
  });
});

describe("what holds for all", () => {
  const lengths = fc.integer({ min: 8, max: 30 });

  test("a site reaches only the VPC that its gateway is attached to", () => {
    const choice = fc.constantFrom("one", "two");
    fc.assert(
      fc.property(choice, choice, fc.boolean(), (attached, of, up) => {
        const world = new World(["one", "two"]);
        const ports = new Map(
          ["one", "two"].map((vpc) => [
            vpc,
            world.port(`in-${vpc}`, { addresses: ["10.0.1.5"], subnet: `${vpc}-a` }),
          ]),
        );
        for (const vpc of ["one", "two"]) world.table(`${vpc}-rtb`, [route(OFFICE, "vgw")], vpc, true);
        const { vpns } = world.fabric;
        vpns.putSite({ id: "r/office", name: "office", blocks: [block(OFFICE)] });
        vpns.putConnection({
          id: "vpn",
          order: 0,
          gateway: "vgw",
          tunnels: [{ outside: ip("52.0.0.1"), site: up ? "r/office" : undefined }],
          local: block("0.0.0.0/0"),
          remote: block("0.0.0.0/0"),
        });
        vpns.putGateway({ id: "vgw", vpc: attached, table: undefined, routes: [to(OFFICE, "vpn")] });
        const sender = ports.get(of);
        if (!sender) throw new Error("no port");
        expect(whereTo(world.send(sender, from("10.0.1.5", HOST))) === "office").toBe(up && of === attached);
        const { end } = world.fabric.trace(vpns.site("r/office"), from(HOST, "10.0.1.5"), world.now);
        expect(end.outcome === "delivered" && end.port).toBe(up && ports.get(attached));
      }),
      { seed: 4, numRuns: 60 },
    );
  });

  test("a tunnel that is down carries nothing", () => {
    fc.assert(
      fc.property(fc.boolean(), fc.boolean(), (first, second) => {
        const world = new Wired();
        world.connection("office", {}, [first, second]);
        expect(whereTo(world.leave())).toBe(first || second ? "office" : "BAD_STATE_VPN");
        const journey = world.trace(world.server, from("10.0.1.5", HOST));
        const used = journey.steps.flatMap(({ ground }) => (ground?.kind === "tunnel" ? ground.outside : []));
        const up = [first && "52.0.0.1", second && "52.0.0.2"].filter((each) => each !== false);
        expect(used).toEqual(up.slice(0, 1).map(ip));
      }),
      { seed: 4, numRuns: 20 },
    );
  });

  test("in a VPC's table a static route beats a learned one to the same block, and a longer block beats both", () => {
    const origins = fc.constantFrom("propagated-vpn-static" as const, "propagated-vpn" as const);
    fc.assert(
      fc.property(lengths, lengths, origins, fc.boolean(), (written, learned, origin, last) => {
        const world = new Wired();
        const routes = [route(`${HOST}/${written}`, "igw"), route(`${HOST}/${learned}`, "vgw", { origin })];
        world.table("rtb", last ? routes : routes.toReversed());
        const resolved = world
          .trace(world.server, from("10.0.1.5", HOST))
          .steps.find(({ ground }) => ground?.kind === "route")?.ground;
        expect(resolved).toMatchObject({ route: { route: { target: learned > written ? "vgw" : "igw" } } });
      }),
      { seed: 4, numRuns: 100 },
    );
  });
});
