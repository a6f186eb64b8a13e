import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { block, formatIp, ip } from "../../network/ip.ts";
import type { Packet } from "../../network/packet.ts";
import type { Port } from "../../network/port.ts";
import { VXLAN_PORT, type MirrorRule, type MirrorSessionPlan } from "../../network/trafficMirror.ts";
import {
  anyIn,
  anyOut,
  ended,
  entering,
  from,
  icmp,
  inbound,
  leaving,
  openAcl,
  route,
  tcp,
  udp,
  World,
} from "./world.ts";

const rule = (number: number, more: Partial<MirrorRule> = {}): MirrorRule => ({
  egress: false,
  number,
  accept: true,
  protocol: -1,
  source: block("0.0.0.0/0"),
  destination: block("0.0.0.0/0"),
  sourcePorts: undefined,
  destinationPorts: undefined,
  ...more,
});
const everything = [rule(1), rule(1, { egress: true })];

/** A client, a mirrored server, and an appliance that gets the copies. */
class Mirrored extends World {
  readonly client: Port;
  readonly server: Port;
  readonly appliance: Port;

  constructor() {
    super();
    this.client = this.port("eni-client", { addresses: ["10.0.1.10"] });
    this.server = this.port("eni-server", { addresses: ["10.0.2.10", "10.0.2.11"], subnet: "b" });
    this.appliance = this.port("eni-appliance", { addresses: ["10.0.2.99"], subnet: "b" });
  }

  mirror(more: Partial<MirrorSessionPlan> = {}): void {
    this.fabric.trafficMirror.put({
      id: "tms",
      source: "eni-server",
      target: "eni-appliance",
      number: 1,
      network: 7,
      length: undefined,
      rules: everything,
      dns: false,
      ...more,
    });
  }

  /** Whose copies came to the appliance, and what of them. */
  copies(): string[] {
    return this.fabric.trafficMirror
      .copiesTo("eni-appliance")
      .map(({ session, inner, end }) => `${session} ${formatIp(inner.source)} ${ended(end)}`);
  }
}

const toServer = (more: Partial<Packet> = {}): Packet => from("10.0.1.10", "10.0.2.10", more);
const fromServer = (more: Partial<Packet> = {}): Packet => from("10.0.2.10", "10.0.1.10", more);

describe("the copy", () => {
  test("is VXLAN from the source's primary address to the target's", () => {
    const world = new Mirrored();
    world.mirror();
    world.send(world.client, from("10.0.1.10", "10.0.2.11", { length: 1500 }));
    const [copy] = world.fabric.trafficMirror.copiesTo("eni-appliance");
    expect(copy).toMatchObject({
      session: "tms",
      network: 7,
      inner: { source: ip("10.0.1.10"), destination: ip("10.0.2.11"), length: 1500 },
      outer: {
        source: ip("10.0.2.10"),
        destination: ip("10.0.2.99"),
        protocol: udp,
        destinationPort: VXLAN_PORT,
        length: 1554,
      },
      end: { outcome: "delivered", port: world.appliance },
      time: world.now,
    });
  });

  test.each([
    [undefined, 1500, 1554],
    [100, 1500, 140],
    [8500, 60, 114],
    [undefined, 8947, 9001],
    [undefined, 9001, 9001],
  ])("of %s bytes of a packet of %i is %i long", (length, inner, outer) => {
    const world = new Mirrored();
    world.mirror({ length });
    world.send(world.client, toServer({ length: inner }));
    expect(world.fabric.trafficMirror.copiesTo("eni-appliance")[0]?.outer.length).toBe(outer);
  });

  test("has a source port of its flow's own", () => {
    const world = new Mirrored();
    world.mirror();
    fc.assert(
      fc.property(fc.nat({ max: 65_535 }), (sourcePort) => {
        world.send(world.client, toServer({ sourcePort }));
        world.send(world.client, toServer({ sourcePort, length: 99 }));
        const [a, b] = world.fabric.trafficMirror.copiesTo("eni-appliance").slice(-2);
        expect(a?.outer.sourcePort).toBe(b?.outer.sourcePort);
        expect(a?.outer.sourcePort).toBeGreaterThanOrEqual(49_152);
        expect(a?.outer.sourcePort).toBeLessThanOrEqual(65_535);
      }),
      { seed: 1, numRuns: 50 },
    );
    const ports = world.fabric.trafficMirror.copiesTo("eni-appliance").map(({ outer }) => outer.sourcePort);
    expect(new Set(ports).size).toBeGreaterThan(40);
  });

  test("goes by the source's route table", () => {
    const world = new Mirrored();
    world.vpc("vpc-other", "other-", ["10.9.0.0/16"]);
    world.subnet("other", "10.9.1.0/24", { vpc: "vpc-other", acl: "acl" });
    world.port("eni-far", { addresses: ["10.9.1.9"], subnet: "other" });
    world.mirror({ target: "eni-far" });
    const far = () => world.fabric.trafficMirror.copiesTo("eni-far").map(({ end }) => ended(end));
    world.send(world.client, toServer());
    world.fabric.putPeering({ id: "pcx", vpcs: ["vpc", "vpc-other"], betweenRegions: false });
    world.table("rtb", [route("10.9.0.0/16", "pcx")]);
    world.send(world.client, toServer());
    expect(far()).toEqual(["NO_ROUTE_TO_DESTINATION", "eni-far"]);
  });

  test("needs no rule of the source's groups, but one of the target's", () => {
    const world = new Mirrored();
    world.fabric.putSecurityGroup("sg-in", [anyIn]);
    world.port("eni-server", { addresses: ["10.0.2.10"], subnet: "b", groups: ["sg-in"] });
    world.fabric.putSecurityGroup("sg-vxlan", [inbound(udp, VXLAN_PORT, VXLAN_PORT, "10.0.2.10/32"), anyOut]);
    const appliance = { addresses: ["10.0.2.99"], subnet: "b" };
    world.port("eni-appliance", { ...appliance, groups: ["sg-vxlan"] });
    world.mirror();
    world.send(world.client, toServer());
    world.fabric.putSecurityGroup("sg-vxlan", [inbound(tcp, 1, 2, "0.0.0.0/0")]);
    // Another flow: what was tracked before passes on.
    world.send(world.client, toServer({ sourcePort: 41_000 }));
    expect(world.copies()).toEqual(["tms 10.0.1.10 eni-appliance", "tms 10.0.1.10 ENI_SG_RULES_MISMATCH"]);
  });

  test("is never copied again, and in no flow log", () => {
    const world = new Mirrored();
    world.mirror();
    world.mirror({ id: "back", source: "eni-appliance", target: "eni-server" });
    world.fabric.flowLogs.put({ id: "fl", scope: "eni-appliance", traffic: "ALL", interval: 60, since: 0 });
    world.send(world.client, toServer());
    expect(world.copies()).toHaveLength(1);
    expect(world.fabric.trafficMirror.copiesTo("eni-server")).toEqual([]);
    expect(world.fabric.flowLogs.take("fl", 1e12, [])).toEqual([]);
  });
});

describe("what is copied", () => {
  test("by direction, and what the filters of the interface let through", () => {
    const world = new Mirrored();
    world.mirror({ rules: [rule(1)] });
    world.send(world.client, toServer());
    world.send(world.server, fromServer());
    expect(world.copies()).toEqual(["tms 10.0.1.10 eni-appliance"]);
    world.mirror({ rules: [rule(1, { egress: true })] });
    world.send(world.client, toServer());
    world.send(world.server, fromServer());
    expect(world.copies().slice(1)).toEqual(["tms 10.0.2.10 eni-appliance"]);
  });

  test("nothing that the inbound groups or the inbound ACL have dropped", () => {
    const world = new Mirrored();
    world.mirror();
    world.fabric.putNetworkAcl("shut", [entering(1, false, -1, -1, -1, "0.0.0.0/0")]);
    world.subnet("b", "10.0.2.0/24", { acl: "shut" });
    world.send(world.client, toServer());
    world.subnet("b", "10.0.2.0/24", { acl: "acl" });
    world.fabric.putSecurityGroup("sg-none", []);
    world.port("eni-server", { addresses: ["10.0.2.10"], subnet: "b", groups: ["sg-none"] });
    world.send(world.client, toServer());
    world.send(world.server, fromServer());
    expect(world.copies()).toEqual([]);
    // The outbound ACL is behind the interface.
    world.port("eni-server", { addresses: ["10.0.2.10"], subnet: "b" });
    world.fabric.putNetworkAcl("acl", [...openAcl, leaving(1, false, tcp, 0, 65_535, "10.0.1.0/24")]);
    expect(ended(world.send(world.server, fromServer()))).toBe("SUBNET_ACL_RESTRICTION");
    expect(world.copies()).toEqual(["tms 10.0.2.10 eni-appliance"]);
  });

  test("by the first rule that is about a packet; without one nothing", () => {
    const world = new Mirrored();
    const web = { from: 443, to: 443 };
    world.mirror({
      rules: [
        rule(30, { protocol: tcp }),
        rule(20, { protocol: tcp, destinationPorts: web, accept: false }),
        rule(10, { protocol: tcp, destinationPorts: web, sourcePorts: { from: 1, to: 99 } }),
        rule(40, { protocol: icmp, source: block("10.0.1.10/32"), destination: block("10.0.2.11/32") }),
      ],
    });
    const copied = (packet: Packet): boolean => {
      const before = world.copies().length;
      world.send(world.client, packet);
      return world.copies().length > before;
    };
    expect(copied(toServer({ sourcePort: 99 }))).toBe(true);
    expect(copied(toServer({ sourcePort: 100 }))).toBe(false);
    expect(copied(toServer({ destinationPort: 80 }))).toBe(true);
    expect(copied(toServer({ protocol: udp }))).toBe(false);
    expect(copied(toServer({ protocol: icmp, type: 8 }))).toBe(false);
    expect(copied(from("10.0.1.10", "10.0.2.11", { protocol: icmp, type: 8 }))).toBe(true);
    world.mirror({ rules: [] });
    expect(copied(toServer())).toBe(false);
  });

  test("once, for the session with the lowest number that wants it", () => {
    const world = new Mirrored();
    world.mirror({ id: "second", number: 2 });
    world.mirror({ id: "first", number: 1, rules: [rule(1, { protocol: tcp })] });
    world.send(world.client, toServer());
    world.send(world.client, toServer({ protocol: udp }));
    world.fabric.trafficMirror.remove("first");
    world.send(world.client, toServer());
    expect(world.copies().map((copy) => copy.split(" ")[0])).toEqual(["first", "second", "second"]);
  });

  test("questions to Amazon's DNS server only where they are asked for, other services never", () => {
    const world = new Mirrored();
    const ask = () => {
      for (const [destination, port] of [
        ["10.0.0.2", 53],
        ["169.254.169.253", 53],
        ["169.254.169.254", 80],
        ["169.254.169.123", 123],
        ["255.255.255.255", 67],
      ] as const) {
        world.send(world.server, from("10.0.2.10", destination, { protocol: udp, destinationPort: port }));
      }
    };
    world.mirror();
    ask();
    expect(world.copies()).toEqual([]);
    world.mirror({ dns: true, rules: [] });
    ask();
    expect(world.copies()).toHaveLength(2);
  });

  test("nothing once the target is gone, or where one of the two has no IPv4", () => {
    const world = new Mirrored();
    world.mirror();
    world.port("eni-appliance", { addresses: ["2001:db8::1"], subnet: "b" });
    world.send(world.client, toServer());
    world.fabric.removePort("eni-appliance");
    world.send(world.client, toServer());
    expect(world.copies()).toEqual([]);
  });
});

describe("to load balancers", () => {
  /** A node of a load balancer in the subnet `b`: an interface with nobody behind it but the load balancer. */
  function balanced(type: "gateway" | "network"): Mirrored {
    const world = new Mirrored();
    const groups: string[] = [];
    for (const [id, address] of [
      ["node", "10.0.2.20"],
      ["eni-vpce", "10.0.2.30"],
    ] as const) {
      const plan = { id, mac: `0a:${id}`, subnet: "b", addresses: [ip(address)], groups, filtered: false };
      world.fabric.putPort({ ...plan, sourceDestCheck: false, owner: undefined, live: true });
    }
    const balancer = { id: "lb", type, nodes: ["node"], targets: ["eni-appliance"], crossZone: false };
    world.fabric.endpoints.putLoadBalancer(balancer);
    if (type === "gateway") {
      const ports = ["eni-vpce"];
      world.fabric.endpoints.put({ type: "gateway-load-balancer", id: "vpce", ports, balancers: ["lb"] });
    }
    return world;
  }

  test("a Network Load Balancer passes copies on to its targets", () => {
    const world = balanced("network");
    world.mirror({ target: "lb" });
    world.send(world.client, toServer());
    expect(world.copies()).toEqual(["tms 10.0.1.10 eni-appliance"]);
    const [copy] = world.fabric.trafficMirror.copiesTo("eni-appliance");
    expect(copy).toMatchObject({
      outer: { source: ip("10.0.2.10"), destination: ip("10.0.2.20"), destinationPort: VXLAN_PORT },
      end: { packet: { protocol: udp, destinationPort: VXLAN_PORT, destination: ip("10.0.2.99") } },
    });
    world.fabric.endpoints.removeLoadBalancer("lb");
    world.send(world.client, toServer());
    expect(world.copies()).toHaveLength(1);
  });

  test("a Gateway Load Balancer shows copies to an appliance, which need not give them back", () => {
    const world = balanced("gateway");
    world.mirror({ target: "vpce" });
    world.send(world.client, toServer({ length: 9000 }));
    expect(world.copies()).toEqual(["tms 10.0.1.10 eni-appliance"]);
    const [copy] = world.fabric.trafficMirror.copiesTo("eni-appliance");
    // As long as what a Gateway Load Balancer takes.
    expect(copy?.outer).toMatchObject({ destination: ip("10.0.2.30"), length: 8500 });
    const { outer, end } = copy ?? {};
    expect(end?.packet).toMatchObject({ destinationPort: 6081, about: outer });
  });

  test("nobody but a copy gets to an endpoint's address; a load balancer without targets drops copies", () => {
    const world = balanced("gateway");
    const direct = from("10.0.1.10", "10.0.2.30", { protocol: udp, destinationPort: VXLAN_PORT });
    expect(ended(world.send(world.client, direct))).toBe("NO_POSSIBLE_DESTINATION");
    const balancer = { id: "lb", type: "gateway", nodes: ["node"], targets: [], crossZone: false } as const;
    world.fabric.endpoints.putLoadBalancer(balancer);
    world.mirror({ target: "vpce" });
    world.send(world.client, toServer());
    expect(world.copies()).toEqual([]);
    const [copy] = world.fabric.trafficMirror.copiesTo("vpce");
    expect(copy && ended(copy.end)).toBe("ELBV2_LISTENER_HAS_NO_TG");
  });
});

test("nobody listens without a session", () => {
  const world = new Mirrored();
  world.mirror();
  world.mirror({ number: 3 });
  expect(world.fabric.observers.size).toBe(1);
  world.fabric.trafficMirror.remove("none");
  world.fabric.trafficMirror.remove("tms");
  expect(world.fabric.observers.size).toBe(0);
});
