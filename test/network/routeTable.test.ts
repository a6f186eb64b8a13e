import { describe, expect, test } from "vitest";
import { block, formatBlock, ip } from "../../network/ip.ts";
import { PrefixLists, PrefixList } from "../../network/prefixList.ts";
import { RouteTable, type Route } from "../../network/routeTable.ts";
import { Vpc } from "../../network/vpc.ts";
import { ended, from, leaving, passed, route, World } from "./world.ts";

function tableOf(...routes: Route[]) {
  const vpc = new Vpc("vpc");
  vpc.put([block("10.0.0.0/16"), block("2001:db8::/56")], true);
  const lists = new PrefixLists();
  const table = new RouteTable("rtb", vpc, lists);
  table.put(routes);
  return { vpc, lists, table };
}

const targetFor = (table: RouteTable, address: string): string | undefined =>
  table.find(ip(address))?.route.target;

describe("which route", () => {
  test("the longest prefix wins", () => {
    const { table } = tableOf(
      route("0.0.0.0/0", "igw"),
      route("192.0.2.0/24", "a"),
      route("192.0.2.0/25", "b"),
    );
    expect(targetFor(table, "192.0.2.1")).toBe("b");
    expect(targetFor(table, "192.0.2.129")).toBe("a");
    expect(targetFor(table, "198.51.100.1")).toBe("igw");
    expect(table.find(ip("192.0.2.1"))?.block).toEqual(block("192.0.2.0/25"));
  });

  test("every block of the VPC has a local route, in IPv4 and IPv6, which follows the VPC's blocks", () => {
    const { vpc, table } = tableOf();
    expect(targetFor(table, "10.0.255.255")).toBe("local");
    expect(targetFor(table, "2001:db8:0:ff::1")).toBe("local");
    expect(targetFor(table, "10.1.0.1")).toBeUndefined();
    vpc.put([block("10.0.0.0/16"), block("10.1.0.0/16")], true);
    expect(targetFor(table, "10.1.0.1")).toBe("local");
  });

  test("IPv4's default route is not IPv6's", () => {
    const { table } = tableOf(route("0.0.0.0/0", "four"), route("::/0", "six"));
    expect(targetFor(table, "192.0.2.1")).toBe("four");
    expect(targetFor(table, "2001:db9::1")).toBe("six");
    expect(targetFor(tableOf(route("0.0.0.0/0", "four")).table, "2001:db9::1")).toBeUndefined();
  });

  test("to the same destination, a static route wins over propagated ones, whatever their order", () => {
    const propagated = (origin: Route["origin"], target: string, more: Partial<Route> = {}) =>
      route("192.0.2.0/24", target, { origin, ...more });
    const ranked = [
      route("192.0.2.0/24", "static"),
      propagated("propagated-direct-connect", "direct-connect"),
      propagated("propagated-vpn-static", "vpn-static"),
      propagated("propagated-vpn", "short", { pathLength: 1, discriminator: 200 }),
      propagated("propagated-vpn", "low", { pathLength: 2, discriminator: 50 }),
      propagated("propagated-vpn", "high", { pathLength: 2, discriminator: 100 }),
    ];
    for (let i = 0; i < ranked.length; i++) {
      const rest = ranked.slice(i);
      expect(targetFor(tableOf(...rest).table, "192.0.2.1")).toBe(rest[0]?.target);
      expect(targetFor(tableOf(...rest.toReversed()).table, "192.0.2.1")).toBe(rest[0]?.target);
    }
  });

  test("the local route wins over a propagated one, even a more specific one", () => {
    const { table } = tableOf(route("10.0.5.0/24", "vgw", { origin: "propagated-vpn" }));
    expect(targetFor(table, "10.0.5.1")).toBe("local");
  });

  test("a static route to a subnet is more specific than the local one", () => {
    const { table } = tableOf(route("10.0.5.0/24", "eni"));
    expect(targetFor(table, "10.0.5.1")).toBe("eni");
    expect(targetFor(table, "10.0.6.1")).toBe("local");
  });

  test("the local route's target can be replaced, and restored", () => {
    const { table } = tableOf(route("10.0.0.0/16", "eni"));
    expect(targetFor(table, "10.0.6.1")).toBe("eni");
    table.put([]);
    expect(targetFor(table, "10.0.6.1")).toBe("local");
  });

  test("a prefix list stands for a route to each of its blocks; a CIDR route to the same block wins", () => {
    const { lists, table } = tableOf(route("pl-1", "vpce"), route("192.0.2.0/24", "static"));
    lists.put(new PrefixList("pl-1", ["192.0.2.0/24", "198.51.100.0/24"].map(block)));
    expect(targetFor(table, "198.51.100.1")).toBe("vpce");
    expect(targetFor(table, "192.0.2.1")).toBe("static");
    lists.remove("pl-1");
    expect(targetFor(table, "198.51.100.1")).toBeUndefined();
  });

  test("of two prefix lists with the same block, the older route wins", () => {
    const { lists, table } = tableOf(route("pl-1", "one"), route("pl-2", "two"));
    for (const id of ["pl-2", "pl-1"]) lists.put(new PrefixList(id, [block("192.0.2.0/24")]));
    expect(targetFor(table, "192.0.2.1")).toBe("one");
  });
});

describe("the way of packets", () => {
  test("a subnet uses its own table, or else the main one, for what leaves it", () => {
    const world = new World();
    world.table("rtb", [route("0.0.0.0/0", "igw")]);
    world.table("own", []);
    const left = world.port("left", { addresses: ["10.0.1.10"] });
    world.publish("52.0.0.1", left);
    const sent = from("10.0.1.10", "93.184.215.14");
    expect(ended(world.send(left, sent))).toBe("outside");
    world.subnet("a", "10.0.1.0/24", { table: "own" });
    expect(world.send(left, sent)).toMatchObject({
      reason: "NO_ROUTE_TO_DESTINATION",
      component: { kind: "route-table", id: "own" },
    });
  });

  test("between two instances of a subnet no table is asked", () => {
    const world = new World();
    const left = world.port("left", { addresses: ["10.0.1.10"] });
    world.port("right", { addresses: ["10.0.1.20"] });
    expect(passed(world.trace(left, from("10.0.1.10", "10.0.1.20")))).not.toContain("route-table");
  });

  test("a blackhole still wins by its prefix, and drops", () => {
    const world = new World();
    world.table("rtb", [route("0.0.0.0/0", "igw"), route("93.184.0.0/16", "eni-gone")]);
    const left = world.port("left", { addresses: ["10.0.1.10"] });
    world.publish("52.0.0.1", left);
    expect(ended(world.send(left, from("10.0.1.10", "93.184.215.14")))).toBe("BAD_STATE_ROUTE");
    expect(ended(world.send(left, from("10.0.1.10", "93.185.0.1")))).toBe("outside");
  });

  test("a detached gateway and a stopped instance are blackholes", () => {
    const world = new World();
    world.table("rtb", [route("0.0.0.0/0", "igw"), route("192.0.2.0/24", "nat")]);
    const left = world.port("left", { addresses: ["10.0.1.10"] });
    world.port("nat", { addresses: ["10.0.2.10"], subnet: "b", check: false });
    expect(ended(world.send(left, from("10.0.1.10", "192.0.2.1")))).toBe("nat");
    world.port("nat", { addresses: ["10.0.2.10"], subnet: "b", check: false, live: false });
    expect(ended(world.send(left, from("10.0.1.10", "192.0.2.1")))).toBe("BAD_STATE_ROUTE");
    world.fabric.putInternetGateway({ id: "igw", vpc: undefined, table: undefined });
    expect(ended(world.send(left, from("10.0.1.10", "93.184.215.14")))).toBe("BAD_STATE_ROUTE");
  });

  test.each(["169.254.168.5", "169.254.171.255", "169.254.1.1"])(
    "%s is not routed, whatever the table says",
    (address) => {
      const world = new World();
      world.table("rtb", [route("0.0.0.0/0", "igw")]);
      const left = world.port("left", { addresses: ["10.0.1.10"] });
      expect(ended(world.send(left, from("10.0.1.10", address)))).toBe("NOT_ROUTABLE");
    },
  );

  test("an interface gets what a route leads to it only with its source/destination check off", () => {
    const world = new World();
    world.table("rtb", [route("0.0.0.0/0", "nat")]);
    const left = world.port("left", { addresses: ["10.0.1.10"] });
    const sent = from("10.0.1.10", "93.184.215.14");
    world.port("nat", { addresses: ["10.0.2.10"], subnet: "b" });
    expect(world.send(left, sent)).toMatchObject({
      reason: "ENI_SOURCE_DEST_CHECK_RESTRICTION",
      component: { id: "nat" },
      direction: "ingress",
    });
    world.port("nat", { addresses: ["10.0.2.10"], subnet: "b", check: false });
    expect(world.send(left, sent)).toMatchObject({ outcome: "delivered", port: { id: "nat" }, packet: sent });
  });

  test("an interface as target in the sender's own subnet is reached without passing the border", () => {
    const world = new World();
    world.table("rtb", [route("0.0.0.0/0", "nat")]);
    world.fabric.putNetworkAcl("acl", [leaving(1, false, -1, -1, -1, "0.0.0.0/0")]);
    const left = world.port("left", { addresses: ["10.0.1.10"] });
    world.port("nat", { addresses: ["10.0.1.20"], check: false });
    expect(ended(world.send(left, from("10.0.1.10", "93.184.215.14")))).toBe("nat");
  });

  test("traffic between subnets can be led through an interface", () => {
    const world = new World();
    world.table("rtb", [route("10.0.2.0/24", "middlebox")]);
    const left = world.port("left", { addresses: ["10.0.1.10"] });
    world.port("right", { addresses: ["10.0.2.20"], subnet: "b" });
    world.subnet("c", "10.0.3.0/24");
    world.port("middlebox", { addresses: ["10.0.3.10"], subnet: "c", check: false });
    expect(ended(world.send(left, from("10.0.1.10", "10.0.2.20")))).toBe("middlebox");
  });

  test("a local destination that nobody has is dropped", () => {
    const world = new World();
    const left = world.port("left", { addresses: ["10.0.1.10"] });
    expect(ended(world.send(left, from("10.0.1.10", "10.0.2.99")))).toBe("NO_POSSIBLE_DESTINATION");
    expect(ended(world.send(left, from("10.0.1.10", "10.0.1.99")))).toBe("NO_POSSIBLE_DESTINATION");
  });

  test("the way names the route", () => {
    const world = new World();
    const left = world.port("left", { addresses: ["10.0.1.10"] });
    world.port("right", { addresses: ["10.0.2.20"], subnet: "b" });
    const { steps } = world.trace(left, from("10.0.1.10", "10.0.2.20"));
    const ground = steps.find(({ component }) => component.kind === "route-table")?.ground;
    expect(ground?.kind === "route" && formatBlock(ground.route.block)).toBe("10.0.0.0/16");
  });
});
