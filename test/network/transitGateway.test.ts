import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { exchange } from "../../network/exchange.ts";
import { Fabric } from "../../network/fabric.ts";
import { block, ip } from "../../network/ip.ts";
import type { End } from "../../network/journey.ts";
import type { AclEntry } from "../../network/networkAcl.ts";
import type { Packet } from "../../network/packet.ts";
import type { Port } from "../../network/port.ts";
import type { SecurityGroupRule } from "../../network/securityGroup.ts";
import type { TransitGatewayRoute } from "../../network/transitGatewayRouteTable.ts";
import type { TransitGatewayVpcAttachmentPlan } from "../../network/transitGateways.ts";
import {
  all,
  anyIn,
  anyOut,
  ended,
  entering,
  from,
  inbound,
  leaving,
  openAcl,
  outbound,
  route,
  tcp,
} from "./world.ts";

type Origin = TransitGatewayRoute["origin"];

const to = (
  destination: string,
  attachment: string | undefined,
  origin: Origin = "static",
): TransitGatewayRoute => ({
  destination: destination.startsWith("pl-") ? { prefixList: destination } : block(destination),
  attachment,
  origin,
});

const learned = (destination: string, attachment: string) => to(destination, attachment, "propagated-vpc");

/** How many VPCs there are: the nth is 10.n.0.0/16. */
const VPCS = [1, 2, 3];
const ZONES = ["a", "b"] as const;
type Zone = (typeof ZONES)[number];

/**
 * VPCs `vpc-n` of 10.n.0.0/16, each with a workload and an attachment subnet in each of two zones, attached to a gateway
 * `tgw` as `n`. All are associated with the table `main`, which knows them all.
 */
class Hub {
  readonly fabric = new Fabric();

  constructor() {
    const { fabric } = this;
    fabric.putSecurityGroup("sg-open", [
      anyIn,
      anyOut,
      inbound(all, -1, -1, "::/0"),
      outbound(all, -1, -1, "::/0"),
    ]);
    fabric.transitGateways.putGateway({ id: "tgw" });
    this.table(VPCS.map((n) => learned(`10.${n}.0.0/16`, String(n))));
    for (const n of VPCS) this.vpc(n);
  }

  vpc(n: number, cidr = `10.${n}.0.0/16`): void {
    const { fabric } = this;
    const vpc = `vpc-${n}`;
    fabric.putVpc({ id: vpc, blocks: [block(cidr), block(`2001:db8:${n}::/56`)] });
    this.acl(n, "work", openAcl);
    this.acl(n, "gate", openAcl);
    const routes = [route("0.0.0.0/0", "tgw"), route("::/0", "tgw")];
    fabric.putRouteTable({ id: `rtb-${n}`, vpc, main: true, routes });
    fabric.putRouteTable({ id: `rtb-gate-${n}`, vpc, main: false, routes: [] });
    for (const [i, zone] of ZONES.entries()) {
      const blocks = [`10.${n}.${i}.0/24`, `2001:db8:${n}:${i}::/64`].map(block);
      const gate = [`10.${n}.${100 + i}.0/28`].map(block);
      const acl = (kind: string) => `acl-${kind}-${n}`;
      fabric.putSubnet({ id: `work-${zone}-${n}`, vpc, zone, blocks, acl: acl("work"), table: undefined });
      fabric.putSubnet({
        id: `gate-${zone}-${n}`,
        vpc,
        zone,
        blocks: gate,
        acl: acl("gate"),
        table: `rtb-gate-${n}`,
      });
      this.port(`eni-${zone}-${n}`, `gate-${zone}-${n}`, [`10.${n}.${100 + i}.4`], false);
    }
    this.attach(n);
  }

  acl(n: number, kind: "work" | "gate", entries: readonly AclEntry[]): void {
    const ipv6 = [entering, leaving].map((each) => each(101, true, all, -1, -1, "::/0"));
    this.fabric.putNetworkAcl(`acl-${kind}-${n}`, [...entries, ...ipv6]);
  }

  attach(n: number, plan: Partial<TransitGatewayVpcAttachmentPlan> = {}): void {
    const ports = ZONES.map((zone) => `eni-${zone}-${n}`);
    this.fabric.transitGateways.putVpcAttachment({
      id: String(n),
      gateway: "tgw",
      vpc: `vpc-${n}`,
      table: "main",
      live: true,
      ports,
      ...plan,
    });
  }

  table(routes: readonly TransitGatewayRoute[], id = "main"): void {
    this.fabric.transitGateways.putRouteTable(id, routes);
  }

  port(id: string, subnet: string, addresses: readonly string[], live: boolean, groups = ["sg-open"]): Port {
    this.fabric.putPort({
      id,
      mac: `0a:${id}`,
      subnet,
      addresses: addresses.map(ip),
      groups,
      sourceDestCheck: live,
      owner: live ? `i-${id}` : undefined,
      live,
    });
    const port = this.fabric.ports.get(id);
    if (!port) throw new Error("no port");
    return port;
  }

  host(n: number, zone: Zone = "a", groups?: readonly string[]): Port {
    const i = ZONES.indexOf(zone);
    const addresses = [`10.${n}.${i}.10`, `2001:db8:${n}:${i}::10`];
    return this.port(`host-${zone}-${n}`, `work-${zone}-${n}`, addresses, true, groups && [...groups]);
  }

  send(port: Port, packet: Packet): End {
    return this.fabric.send(port, packet, 0);
  }

  steps(port: Port, packet: Packet): string[] {
    return this.fabric
      .trace(port, packet, 0)
      .steps.map(({ component: { kind, id } }) => (kind.startsWith("transit") ? `${kind} ${id}` : kind));
  }
}

const one = from("10.1.0.10", "10.2.0.10");

describe("the way", () => {
  test("by an attachment, the table of the gateway, another attachment and the table of its subnet", () => {
    const hub = new Hub();
    const host = hub.host(1);
    hub.host(2);
    expect(hub.steps(host, one)).toEqual([
      "network-interface",
      "security-group",
      "network-acl",
      "route-table",
      "network-acl",
      "transit-gateway-attachment 1",
      "transit-gateway-route-table main",
      "transit-gateway-attachment 2",
      "network-acl",
      "route-table",
      "network-acl",
      "security-group",
      "network-interface",
    ]);
    expect(ended(hub.send(host, one))).toBe("host-a-2");
  });

  test("and back", () => {
    const hub = new Hub();
    const host = hub.host(1);
    hub.host(2, "b");
    hub.fabric.listening.listen("i-host-b-2", tcp, 443);
    expect(exchange(hub.fabric, host, from("10.1.0.10", "10.2.1.10"), 0).learned).toBe("answer");
  });

  test("nobody has the address; nobody has a route", () => {
    const hub = new Hub();
    const host = hub.host(1);
    expect(ended(hub.send(host, one))).toBe("NO_POSSIBLE_DESTINATION");
    const end = hub.send(host, from("10.1.0.10", "10.9.0.10"));
    expect(end).toMatchObject({ reason: "NO_ROUTE_TO_DESTINATION", component: { id: "main" } });
  });

  test("the interface of the gateway itself cannot be reached", () => {
    const hub = new Hub();
    expect(ended(hub.send(hub.host(1), from("10.1.0.10", "10.2.100.4")))).toBe("BAD_STATE");
  });

  test("the table of the attachment's subnet may lead to a middlebox", () => {
    const hub = new Hub();
    hub.host(2);
    const firewall = hub.host(2, "b");
    firewall.sourceDestCheck = false;
    hub.fabric.putRouteTable({
      id: "rtb-gate-2",
      vpc: "vpc-2",
      main: false,
      routes: [route("10.2.0.0/24", firewall.id)],
    });
    expect(ended(hub.send(hub.host(1), one))).toBe("host-b-2");
  });

  test("packets are at most 8,500 bytes long", () => {
    const hub = new Hub();
    const host = hub.host(1);
    hub.host(2);
    expect(ended(hub.send(host, { ...one, length: 8500 }))).toBe("host-a-2");
    const end = hub.send(host, { ...one, length: 8501 });
    expect(end).toMatchObject({ reason: "FRAGMENTATION_NEEDED", notice: { destination: ip("10.1.0.10") } });
    expect(ended(hub.send(host, { ...one, length: 8501, dontFragment: false }))).toBe("host-a-2");
  });

  test("IPv6 passes where both attachments take it", () => {
    const hub = new Hub();
    const host = hub.host(1);
    hub.host(2);
    const packet = from("2001:db8:1::10", "2001:db8:2::10");
    hub.table([learned("2001:db8:2::/56", "2")]);
    expect(ended(hub.send(host, packet))).toBe("IPV6_NOT_SUPPORTED");
    hub.attach(1, { ipv6: true });
    expect(ended(hub.send(host, packet))).toBe("IPV6_NOT_SUPPORTED");
    hub.attach(2, { ipv6: true });
    expect(ended(hub.send(host, packet))).toBe("host-a-2");
  });

  test("tables that lead in a circle lead nowhere", () => {
    const hub = new Hub();
    hub.fabric.putRouteTable({
      id: "rtb-gate-2",
      vpc: "vpc-2",
      main: false,
      routes: [route("0.0.0.0/0", "tgw")],
    });
    hub.table([to("0.0.0.0/0", "2")]);
    const end = hub.send(hub.host(1), from("10.1.0.10", "198.51.100.1"));
    expect(ended(end)).toBe("TIME_EXCEEDED");
  });
});

describe("tables", () => {
  test("the longest prefix wins, also if it is a blackhole", () => {
    const hub = new Hub();
    const host = hub.host(1);
    hub.host(2);
    hub.host(3);
    hub.table([learned("10.2.0.0/16", "2"), to("10.2.0.0/24", undefined)]);
    expect(ended(hub.send(host, one))).toBe("TGW_RTB_BAD_STATE_ROUTE");
    hub.table([learned("10.2.0.0/16", "2"), to("10.0.0.0/8", undefined)]);
    expect(ended(hub.send(host, one))).toBe("host-a-2");
  });

  test("of equal prefixes: static, of a prefix list, then by the kind of the attachment", () => {
    const hub = new Hub();
    const host = hub.host(1);
    hub.fabric.putPrefixList("pl-two", [block("10.2.0.0/16")]);
    // From the best to the worst; each leads elsewhere, and only what is behind attachment 2 is there.
    const order: [Origin, string][] = [
      ["static", "10.2.0.0/16"],
      ["static", "pl-two"],
      ["propagated-vpc", "10.2.0.0/16"],
      ["propagated-direct-connect", "10.2.0.0/16"],
      ["propagated-connect", "10.2.0.0/16"],
      ["propagated-private-vpn", "10.2.0.0/16"],
      ["propagated-vpn", "10.2.0.0/16"],
      ["propagated-client-vpn", "10.2.0.0/16"],
      ["propagated-peering", "10.2.0.0/16"],
    ];
    hub.host(2);
    for (const [place, [origin, destination]] of order.entries()) {
      const worse = order.slice(place + 1).map(([other, text]) => to(text, undefined, other));
      hub.table([...worse, to(destination, "2", origin)]);
      expect(ended(hub.send(host, one))).toBe("host-a-2");
    }
  });

  test("BGP's shorter path wins, then the lower discriminator, then the older route", () => {
    const hub = new Hub();
    const host = hub.host(1);
    hub.host(2);
    const vpn = (attachment: string | undefined, pathLength: number, discriminator = 0) => ({
      ...to("10.2.0.0/16", attachment, "propagated-vpn"),
      pathLength,
      discriminator,
    });
    hub.table([vpn(undefined, 2), vpn("2", 1)]);
    expect(ended(hub.send(host, one))).toBe("host-a-2");
    hub.table([vpn(undefined, 1, 100), vpn("2", 1, 50)]);
    expect(ended(hub.send(host, one))).toBe("host-a-2");
    hub.table([vpn("2", 1), vpn(undefined, 1)]);
    expect(ended(hub.send(host, one))).toBe("host-a-2");
  });

  test("what changes in a prefix list changes in the table", () => {
    const hub = new Hub();
    const host = hub.host(1);
    hub.host(2);
    hub.table([to("pl-two", "2")]);
    expect(ended(hub.send(host, one))).toBe("NO_ROUTE_TO_DESTINATION");
    hub.fabric.putPrefixList("pl-two", [block("10.2.0.0/24")]);
    expect(ended(hub.send(host, one))).toBe("host-a-2");
  });

  test("each attachment goes by its own table, and by none without one", () => {
    const hub = new Hub();
    const [host, other] = [hub.host(1), hub.host(2)];
    hub.table([learned("10.1.0.0/16", "1")], "other");
    hub.attach(1, { table: "other" });
    expect(ended(hub.send(host, one))).toBe("NO_ROUTE_TO_DESTINATION");
    expect(ended(hub.send(other, from("10.2.0.10", "10.1.0.10")))).toBe("host-a-1");
    hub.attach(1, { table: undefined });
    expect(ended(hub.send(host, one))).toBe("TGW_ATTACH_MISSING_TGW_RTB_ASSOCIATION");
  });

  test("a route to an attachment that is gone is a blackhole, and so is one of the VPC to the gateway", () => {
    const hub = new Hub();
    const host = hub.host(1);
    hub.host(2);
    hub.attach(2, { live: false });
    expect(ended(hub.send(host, one))).toBe("TGW_RTB_BAD_STATE_ROUTE");
    hub.attach(2);
    hub.fabric.transitGateways.removeAttachment("2", "tgw");
    expect(ended(hub.send(host, one))).toBe("TGW_RTB_BAD_STATE_ROUTE");
    hub.fabric.transitGateways.removeAttachment("1");
    expect(ended(hub.send(host, one))).toBe("BAD_STATE_ROUTE");
    hub.fabric.transitGateways.removeGateway("tgw");
    expect(ended(hub.send(host, one))).toBe("BAD_STATE_ROUTE");
  });
});

describe("zones", () => {
  const gates = (hub: Hub, host: Port, packet: Packet): (string | undefined)[] =>
    hub.fabric
      .trace(host, packet, 0)
      .steps.filter(({ component }) => component.kind === "network-acl")
      .map(({ at }) => at?.id);

  test("a packet keeps to its zone where the other VPC has an interface in it", () => {
    const hub = new Hub();
    hub.host(2);
    const [a, b] = [hub.host(1, "a"), hub.host(1, "b")];
    expect(gates(hub, a, one)).toContain("eni-a-2");
    const other = from("10.1.1.10", "10.2.0.10");
    expect(gates(hub, b, other)).toEqual(["host-b-1", "eni-b-1", "eni-b-2", "host-a-2"]);
    hub.attach(2, { ports: ["eni-a-2"] });
    expect(gates(hub, b, other)).toEqual(["host-b-1", "eni-b-1", "eni-a-2", "host-a-2"]);
  });

  test("who sends from a zone without an interface does not get in", () => {
    const hub = new Hub();
    hub.host(2);
    hub.attach(1, { ports: ["eni-a-1"] });
    expect(ended(hub.send(hub.host(1, "a"), one))).toBe("host-a-2");
    const end = hub.send(hub.host(1, "b"), from("10.1.1.10", "10.2.0.10"));
    expect(end).toMatchObject({ reason: "TGW_ROUTE_AZ_RESTRICTION", component: { id: "1" } });
    hub.attach(2, { ports: [] });
    expect(ended(hub.send(hub.host(1, "a"), one))).toBe("TGW_ATTACH_VPC_AZ_RESTRICTION");
  });

  test("in appliance mode a flow and its answers take one interface, and flows take both", () => {
    const hub = new Hub();
    hub.attach(3, { applianceMode: true });
    hub.table([to("0.0.0.0/0", "3")]);
    const hosts = new Map([1, 2].flatMap((n) => ZONES.map((zone) => [`${n}${zone}`, hub.host(n, zone)])));
    const gateOf = (n: number, zone: Zone, packet: Packet): string | undefined => {
      const host = hosts.get(`${n}${zone}`);
      return host && gates(hub, host, packet).find((id) => id?.endsWith("-3"));
    };
    const seen = new Set<string | undefined>();
    fc.assert(
      fc.property(
        fc.integer({ min: 1024, max: 65_535 }),
        fc.integer({ min: 1, max: 1023 }),
        fc.constantFrom(...ZONES),
        (sourcePort, destinationPort, zone) => {
          const answerZone = zone === "a" ? "b" : "a";
          const [here, there] = [`10.1.${ZONES.indexOf(zone)}.10`, `10.2.${ZONES.indexOf(answerZone)}.10`];
          const gate = gateOf(1, zone, from(here, there, { sourcePort, destinationPort }));
          const back = { sourcePort: destinationPort, destinationPort: sourcePort };
          expect(gateOf(2, answerZone, from(there, here, back))).toBe(gate);
          seen.add(gate);
        },
      ),
      { seed: 10, numRuns: 60 },
    );
    expect([...seen].toSorted((x = "", y = "") => x.localeCompare(y))).toEqual(["eni-a-3", "eni-b-3"]);
  });
});

describe("network ACLs", () => {
  /** Whether a packet passes, with entries that deny all in one direction of one subnet's ACL. */
  function passes(n: number, kind: "work" | "gate", egress: boolean): boolean {
    const hub = new Hub();
    const host = hub.host(1);
    hub.host(2);
    const deny = egress ? leaving : entering;
    hub.acl(n, kind, [deny(1, false, all, -1, -1, "0.0.0.0/0"), ...openAcl]);
    return hub.send(host, one).outcome === "delivered";
  }

  test("in different subnets: out of the one and into the gateway, out of the gateway and into the other", () => {
    expect(passes(1, "work", true)).toBe(false);
    expect(passes(1, "gate", false)).toBe(false);
    expect(passes(2, "gate", true)).toBe(false);
    expect(passes(2, "work", false)).toBe(false);
    expect([
      passes(1, "work", false),
      passes(1, "gate", true),
      passes(2, "gate", false),
      passes(2, "work", true),
    ]).toEqual([true, true, true, true]);
  });

  test("in the same subnet: both directions on the way in, and neither on the way out", () => {
    const deny = [entering(1, false, all, -1, -1, "0.0.0.0/0"), leaving(1, false, all, -1, -1, "0.0.0.0/0")];
    for (const n of [1, 2]) {
      for (const entry of deny) {
        const hub = new Hub();
        const host = hub.host(1);
        hub.host(2);
        // The gateway's interface moves into the subnet of the hosts.
        hub.fabric.removePort(`eni-a-${n}`);
        hub.port(`eni-a-${n}`, `work-a-${n}`, [`10.${n}.0.4`], false);
        hub.attach(n);
        hub.acl(n, "work", [entry, ...openAcl]);
        expect([n, entry.egress, hub.send(host, one).outcome]).toEqual([
          n,
          entry.egress,
          n === 1 ? "dropped" : "delivered",
        ]);
      }
    }
  });
});

describe("security groups", () => {
  /** Whether a rule that names the sender's group lets its packet in. */
  function lets(hub: Hub): boolean {
    hub.fabric.putSecurityGroup("sg-client", [anyOut]);
    const named: SecurityGroupRule = inbound(tcp, 443, 443, "sg-client");
    hub.fabric.putSecurityGroup("sg-server", [named]);
    const host = hub.host(1, "a", ["sg-client"]);
    hub.host(2, "a", ["sg-server"]);
    return hub.send(host, one).outcome === "delivered";
  }

  test("may be named across the gateway if it and both attachments allow it", () => {
    const ways = [false, true].flatMap((gateway) =>
      [false, true].flatMap((source) => [false, true].map((target) => [gateway, source, target] as const)),
    );
    for (const [gateway, source, target] of ways) {
      const hub = new Hub();
      hub.fabric.transitGateways.putGateway({ id: "tgw", groupReferencing: gateway });
      hub.attach(1, { groupReferencing: source });
      hub.attach(2, { groupReferencing: target });
      expect([gateway, source, target, lets(hub)]).toEqual([
        gateway,
        source,
        target,
        gateway && source && target,
      ]);
    }
  });
});

describe("peering", () => {
  function peered() {
    const hub = new Hub();
    const { transitGateways } = hub.fabric;
    transitGateways.putGateway({ id: "tgw-far" });
    transitGateways.putRouteTable("far", [learned("10.9.0.0/16", "9"), to("10.1.0.0/16", "peering")]);
    hub.vpc(9);
    transitGateways.removeAttachment("9", "tgw");
    transitGateways.putVpcAttachment({
      id: "9",
      gateway: "tgw-far",
      vpc: "vpc-9",
      table: "far",
      live: true,
      ports: ["eni-a-9", "eni-b-9"],
    });
    hub.fabric.putRouteTable({
      id: "rtb-9",
      vpc: "vpc-9",
      main: true,
      routes: [route("0.0.0.0/0", "tgw-far")],
    });
    const end = (gateway: string, table: string, other: string, live = true) =>
      transitGateways.putPeering({
        id: "peering",
        gateway,
        table,
        live,
        peer: { gateway: other, attachment: "peering" },
      });
    end("tgw", "main", "tgw-far");
    hub.table([learned("10.1.0.0/16", "1"), to("10.9.0.0/16", "peering")]);
    return { hub, end };
  }

  test("leads from one gateway to the other, and back, by static routes", () => {
    const { hub, end } = peered();
    const host = hub.host(1);
    hub.host(9);
    const packet = from("10.1.0.10", "10.9.0.10");
    expect(ended(hub.send(host, packet))).toBe("TGW_RTB_BAD_STATE_ROUTE");
    end("tgw-far", "far", "tgw");
    expect(ended(hub.send(host, packet))).toBe("host-a-9");
    expect(hub.steps(host, packet).filter((step) => step.startsWith("transit"))).toEqual([
      "transit-gateway-attachment 1",
      "transit-gateway-route-table main",
      "transit-gateway-attachment peering",
      "transit-gateway-attachment peering",
      "transit-gateway-route-table far",
      "transit-gateway-attachment 9",
    ]);
    hub.fabric.listening.listen("i-host-a-9", tcp, 443);
    expect(exchange(hub.fabric, host, packet, 0).learned).toBe("answer");
    hub.fabric.transitGateways.removeAttachment("peering", "tgw-far");
    expect(ended(hub.send(host, packet))).toBe("TGW_RTB_BAD_STATE_ROUTE");
  });
});

describe("properties", () => {
  const routeArbitrary = fc.record({
    destination: fc.constantFrom(
      "10.1.0.0/16",
      "10.2.0.0/16",
      "10.2.0.0/24",
      "10.3.0.0/16",
      "10.0.0.0/8",
      "0.0.0.0/0",
    ),
    attachment: fc.constantFrom("1", "2", "3", undefined),
    origin: fc.constantFrom<Origin>("static", "propagated-vpc", "propagated-vpn"),
  });
  const routesArbitrary = fc
    .array(routeArbitrary, { maxLength: 6 })
    .map((routes) =>
      routes.map(({ destination, attachment, origin }) => to(destination, attachment, origin)),
    );
  const pairArbitrary = fc
    .tuple(fc.constantFrom(...VPCS), fc.constantFrom(...VPCS))
    .filter(([a, b]) => a !== b);

  const delivered = (hub: Hub, [a, b]: readonly [number, number]): boolean => {
    const host = hub.fabric.ports.get(`host-a-${a}`);
    return host !== undefined && hub.send(host, from(`10.${a}.0.10`, `10.${b}.0.10`)).outcome === "delivered";
  };

  const hubWithHosts = (): Hub => {
    const hub = new Hub();
    for (const n of VPCS) hub.host(n);
    return hub;
  };

  test("without an association, an attachment sends nothing; without a route to it, it gets nothing", () => {
    fc.assert(
      fc.property(routesArbitrary, pairArbitrary, (routes, pair) => {
        const [a, b] = pair;
        const hub = hubWithHosts();
        hub.table(routes);
        hub.attach(a, { table: undefined });
        expect(delivered(hub, pair)).toBe(false);
        hub.attach(a);
        hub.table(routes.filter(({ attachment }) => attachment !== String(b)));
        expect(delivered(hub, pair)).toBe(false);
      }),
      { seed: 11, numRuns: 200 },
    );
  });

  test("adding a blackhole never opens a way", () => {
    fc.assert(
      fc.property(routesArbitrary, routeArbitrary, pairArbitrary, (routes, { destination, origin }, pair) => {
        const hub = hubWithHosts();
        hub.table(routes);
        const before = delivered(hub, pair);
        hub.table([...routes, to(destination, undefined, origin)]);
        expect(delivered(hub, pair) && !before).toBe(false);
      }),
      { seed: 12, numRuns: 300 },
    );
  });

  test("the order of routes that differ in origin or block changes nothing", () => {
    fc.assert(
      fc.property(
        fc
          .uniqueArray(routeArbitrary, {
            maxLength: 6,
            selector: ({ destination, origin }) => `${destination} ${origin}`,
          })
          .map((routes) => routes.map((each) => to(each.destination, each.attachment, each.origin))),
        pairArbitrary,
        (routes, pair) => {
          const hub = hubWithHosts();
          hub.table(routes);
          const before = delivered(hub, pair);
          hub.table(routes.toReversed());
          expect(delivered(hub, pair)).toBe(before);
        },
      ),
      { seed: 13, numRuns: 200 },
    );
  });
});
