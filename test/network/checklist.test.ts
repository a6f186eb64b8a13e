/**
 * The rules of a VPC's data plane, one by one: a test each, by section and number. What a section's tests have in common
 * is tested in depth in the file of its noun; rules about calls, not packets, are in test/ec2/networkChecklist.test.ts.
 */
import { describe, expect, test } from "vitest";
import { exchange } from "../../network/exchange.ts";
import { block, formatIp, ip } from "../../network/ip.ts";
import { ask } from "../../network/nameServer.ts";
import { discover, ROUTER_MAC } from "../../network/neighbours.ts";
import { MOST_CONNECTIONS } from "../../network/natTranslations.ts";
import {
  ACK,
  errorAbout,
  FRAGMENTATION_NEEDED,
  ICMPV6,
  RST,
  SYN,
  UDP,
  type Packet,
} from "../../network/packet.ts";
import type { Port } from "../../network/port.ts";
import type { Route } from "../../network/routeTable.ts";
import type { SiteRoute } from "../../network/siteRoutes.ts";
import { assignability } from "../../network/subnetAddresses.ts";
import type { VirtualInterfaceSettings } from "../../network/virtualInterface.ts";
import { OFFICE, putSite, putVpnGateway, siteRoute } from "./office.ts";
import {
  all,
  anyIn,
  anyOut,
  back,
  ended,
  entering,
  from,
  icmp,
  inbound,
  leaving,
  openAcl,
  outbound,
  passed,
  route,
  tcp,
  udp,
  World,
} from "./world.ts";

const SERVER = "198.51.100.7";
const near = from("10.0.1.10", "10.0.1.20");
const across = from("10.0.1.10", "10.0.2.30");

/** `left` 10.0.1.10 and `right` 10.0.1.20 in subnet `a`, `far` 10.0.2.30 in subnet `b`; everything is open. */
class Site extends World {
  readonly left = this.host("10.0.1.10", "left");
  readonly right = this.host("10.0.1.20", "right");
  readonly far = this.host("10.0.2.30", "far");

  host(at: string, id: string, groups: readonly string[] = ["sg-open"], check = true): Port {
    return this.port(id, { addresses: [at], subnet: at.startsWith("10.0.2") ? "b" : "a", groups, check });
  }

  group(id: string, ...rules: Parameters<World["fabric"]["putSecurityGroup"]>[1]): void {
    this.fabric.putSecurityGroup(id, rules);
  }

  end(port: Port, sent: Packet): string {
    return ended(this.send(port, sent));
  }
}

/** The one who gets packets by a group with these rules, and others that let everything out. */
function guarded(...rules: Parameters<World["fabric"]["putSecurityGroup"]>[1]): Site {
  const site = new Site();
  site.group("sg-in", ...rules);
  site.host("10.0.1.20", "right", ["sg-in"]);
  return site;
}

describe("0 the way of a packet", () => {
  test("0.1 a frame from another MAC address is dropped", () => {
    const site = new Site();
    expect(ended(site.send(site.left, near, { sourceMac: site.right.mac }))).toBe("SPOOFED_MAC");
  });

  test("0.2 ARP is answered by the infrastructure", () => {
    const { left, right } = new Site();
    const question = { kind: "request", mac: left.mac, address: ip("10.0.1.10") } as const;
    expect(discover(left, { ...question, target: ip("10.0.1.20") })).toBe(right.mac);
  });

  test("0.3 link-local services come before groups and ACLs", () => {
    const site = new Site();
    site.group("sg-open");
    site.fabric.putNetworkAcl("acl", []);
    expect(site.end(site.left, from("10.0.1.10", "169.254.169.254"))).toBe("instance-metadata");
  });

  test("0.4 the source check comes before the groups", () => {
    const site = new Site();
    site.group("sg-open");
    expect(site.end(site.left, from("10.0.1.99", "10.0.1.20"))).toBe("ENI_SOURCE_DEST_CHECK_RESTRICTION");
  });

  test("0.5 then the outbound rules", () => {
    const site = new Site();
    site.group("sg-open", anyIn);
    expect(site.send(site.left, near)).toMatchObject({ reason: "SG_HAS_NO_RULES", direction: "egress" });
  });

  test("0.6 who is in the same subnet is reached without ACL and route table", () => {
    const site = new Site();
    site.fabric.putNetworkAcl("acl", []);
    expect(passed(site.trace(site.left, near))).toEqual([
      "network-interface",
      "security-group",
      "security-group",
      "network-interface",
    ]);
  });

  test("0.7 then the ACL of the subnet that the packet leaves", () => {
    const site = new Site();
    site.fabric.putNetworkAcl("acl-a", [entering(1, true, all, -1, -1, "0.0.0.0/0")]);
    site.subnet("a", "10.0.1.0/24", { acl: "acl-a" });
    expect(site.send(site.left, across)).toMatchObject({ component: { id: "acl-a" }, direction: "egress" });
  });

  test("0.8 then the route table of the subnet", () => {
    const site = new Site();
    const { steps } = site.trace(site.left, across);
    expect(steps.map(({ component }) => component.id)).toEqual([
      "left",
      "sg-open",
      "acl",
      "rtb",
      "acl",
      "sg-open",
      "far",
    ]);
  });

  test("0.9 then what the route leads to", () => {
    const site = new Site();
    site.table("rtb", [route("0.0.0.0/0", "igw")]);
    site.publish("52.0.0.1", site.left);
    expect(passed(site.trace(site.left, from("10.0.1.10", SERVER))).slice(-2)).toEqual([
      "internet-gateway",
      "internet",
    ]);
  });

  test("0.10 at the other subnet's border, its ACL", () => {
    const site = new Site();
    site.fabric.putNetworkAcl("acl-b", [leaving(1, true, all, -1, -1, "0.0.0.0/0")]);
    site.subnet("b", "10.0.2.0/24", { acl: "acl-b" });
    expect(site.send(site.left, across)).toMatchObject({ component: { id: "acl-b" }, direction: "ingress" });
  });

  test("0.11 an address that no interface of the VPC has is nowhere", () => {
    const site = new Site();
    expect(site.end(site.left, from("10.0.1.10", "10.0.2.99"))).toBe("NO_POSSIBLE_DESTINATION");
  });

  test("0.12 then the inbound rules, before the destination check", () => {
    const site = guarded();
    const astray = from("10.0.1.10", SERVER);
    const frame = { destinationMac: site.right.mac };
    expect(ended(site.send(site.left, astray, frame))).toBe("SG_HAS_NO_RULES");
  });

  test("0.13 then the destination check", () => {
    const site = new Site();
    const frame = { destinationMac: site.right.mac };
    expect(ended(site.send(site.left, from("10.0.1.10", SERVER), frame))).toBe(
      "ENI_SOURCE_DEST_CHECK_RESTRICTION",
    );
  });

  test("0.14 no interface gets a frame to another MAC address", () => {
    const site = new Site();
    const snooper = site.host("10.0.1.66", "snooper", ["sg-open"], false);
    const heard: string[] = [];
    site.fabric.observers.add(({ component }) => heard.push(component.id));
    site.send(site.left, near, { destinationMac: site.right.mac });
    expect(heard).not.toContain(snooper.id);
  });
});

describe("1 security groups", () => {
  test("1.1 rules only allow, and those of all groups count together", () => {
    const site = new Site();
    site.group("sg-ssh", inbound(tcp, 22, 22, "0.0.0.0/0"));
    site.group("sg-web", inbound(tcp, 443, 443, "10.0.1.10/32"));
    site.host("10.0.1.20", "right", ["sg-ssh", "sg-web"]);
    expect(site.end(site.left, near)).toBe("right");
    expect(site.end(site.left, { ...near, destinationPort: 22 })).toBe("right");
    expect(site.end(site.left, { ...near, destinationPort: 80 })).toBe("ENI_SG_RULES_MISMATCH");
  });

  test.each([
    [
      "all protocols, whatever the ports say",
      inbound(all, 22, 22, "0.0.0.0/0"),
      { destinationPort: 443 },
      true,
    ],
    ["a range of ports", inbound(tcp, 400, 443, "0.0.0.0/0"), { destinationPort: 443 }, true],
    ["a range of ports", inbound(tcp, 400, 443, "0.0.0.0/0"), { destinationPort: 444 }, false],
    [
      "a type of ICMP with any code",
      inbound(icmp, 3, -1, "0.0.0.0/0"),
      { protocol: icmp, type: 3, code: 4 },
      true,
    ],
    ["a type and a code", inbound(icmp, 3, 3, "0.0.0.0/0"), { protocol: icmp, type: 3, code: 4 }, false],
    ["all ICMP", inbound(icmp, -1, -1, "0.0.0.0/0"), { protocol: icmp, type: 8 }, true],
    ["another protocol as a whole", inbound(50, -1, -1, "0.0.0.0/0"), { protocol: 50 }, true],
    ["another protocol", inbound(50, -1, -1, "0.0.0.0/0"), { protocol: 51 }, false],
  ] as const)("1.3 a rule may be about %s", (_, rule, more, passes) => {
    const site = guarded(rule);
    const sent = from("10.0.1.10", "10.0.1.20", more);
    expect(site.end(site.left, sent)).toBe(passes ? "right" : "ENI_SG_RULES_MISMATCH");
  });

  test("1.3 a rule's peer is a block of IPv4 or IPv6, a prefix list or a group", () => {
    for (const [peer, passes] of [
      ["10.0.1.0/24", true],
      ["::/0", false],
      ["pl-1", true],
      ["sg-open", true],
      ["sg-in", false],
    ] as const) {
      const site = guarded(inbound(tcp, 443, 443, peer));
      site.fabric.putPrefixList("pl-1", [block("10.0.1.8/29")]);
      expect(site.end(site.left, near), peer).toBe(passes ? "right" : "ENI_SG_RULES_MISMATCH");
    }
  });

  test("1.4 a group in a rule means the private addresses of its interfaces, not the public ones, nor its rules", () => {
    const site = guarded(inbound(tcp, 443, 443, "sg-open"));
    site.table("rtb", [route("0.0.0.0/0", "igw")]);
    site.publish("52.0.0.1", site.left);
    site.publish("52.0.0.2", site.right);
    expect(site.end(site.left, near)).toBe("right");
    expect(site.end(site.left, from("10.0.1.10", "52.0.0.2"))).toBe("ENI_SG_RULES_MISMATCH");
    // What `sg-open` itself allows counts for who carries it, not for who names it.
    expect(site.end(site.left, { ...near, destinationPort: 80 })).toBe("ENI_SG_RULES_MISMATCH");
    site.group("sg-in", inbound(tcp, 443, 443, "sg-in"));
    const twin = site.host("10.0.1.21", "twin", ["sg-in", "sg-open"]);
    expect(site.end(twin, from("10.0.1.21", "10.0.1.20"))).toBe("right");
  });

  test("1.5 it holds in the VPC and over peering within the region, not through a middlebox", () => {
    const site = guarded(inbound(tcp, 443, 443, "sg-open"));
    const box = site.host("10.0.1.66", "box", ["sg-open"], false);
    expect(site.end(box, near)).toBe("ENI_SG_RULES_MISMATCH");
    for (const betweenRegions of [false, true]) {
      const world = peered(betweenRegions);
      world.fabric.putSecurityGroup("sg-in", [inbound(tcp, 443, 443, "sg-open")]);
      world.port("there", { addresses: ["10.1.1.20"], subnet: "one-a", groups: ["sg-in"] });
      expect(ended(world.send(world.here, from("10.0.1.10", "10.1.1.20")))).toBe(
        betweenRegions ? "ENI_SG_RULES_MISMATCH" : "there",
      );
    }
  });

  test("1.6 a rule that names a group that is gone matches nothing", () => {
    const site = guarded(inbound(tcp, 443, 443, "sg-old"));
    site.group("sg-old", anyOut);
    site.host("10.0.1.10", "left", ["sg-old"]);
    expect(site.end(site.left, near)).toBe("right");
    site.host("10.0.1.10", "left", ["sg-open"]);
    site.fabric.removeSecurityGroup("sg-old");
    expect(site.end(site.left, { ...near, sourcePort: 40_001 })).toBe("ENI_SG_RULES_MISMATCH");
  });

  test("1.8 a change counts for new flows at once; tracked ones go on, untracked ones are cut", () => {
    for (const [peer, tracked] of [
      ["10.0.1.10/32", true],
      ["0.0.0.0/0", false],
    ] as const) {
      const site = guarded(inbound(tcp, 443, 443, peer), anyOut);
      expect(site.end(site.left, near)).toBe("right");
      site.group("sg-in", anyOut);
      expect(site.end(site.left, { ...near, flags: ACK })).toBe(tracked ? "right" : "SG_HAS_NO_RULES");
      expect(site.end(site.left, { ...near, sourcePort: 40_001 })).toBe("SG_HAS_NO_RULES");
    }
  });

  test("1.9 TCP and UDP are tracked by addresses and ports, ICMP by its identifier, others by addresses for 600 s", () => {
    const site = guarded(inbound(all, -1, -1, "10.0.1.10/32"));
    const back = (sent: Packet, more: Partial<Packet> = {}): Packet => ({
      ...sent,
      source: sent.destination,
      destination: sent.source,
      sourcePort: sent.destinationPort,
      destinationPort: sent.sourcePort,
      ...more,
    });
    expect(site.end(site.left, near)).toBe("right");
    expect(site.end(site.right, back(near))).toBe("left");
    expect(site.end(site.right, back(near, { destinationPort: 1 }))).toBe("SG_HAS_NO_RULES");
    const ping = from("10.0.1.10", "10.0.1.20", { protocol: icmp, type: 8, id: 7 });
    expect(site.end(site.left, ping)).toBe("right");
    expect(site.end(site.right, back(ping, { type: 0, id: 8 }))).toBe("SG_HAS_NO_RULES");
    expect(site.end(site.right, back(ping, { type: 0 }))).toBe("left");
    const esp = from("10.0.1.10", "10.0.1.20", { protocol: 50, sourcePort: 0, destinationPort: 0 });
    expect(site.end(site.left, esp)).toBe("right");
    site.now += 599_000;
    expect(site.end(site.right, back(esp))).toBe("left");
    site.now += 600_000;
    expect(site.end(site.right, back(esp))).toBe("SG_HAS_NO_RULES");
  });

  test.each([
    ["TCP from everybody, when all may leave", inbound(tcp, 443, 443, "0.0.0.0/0"), anyOut, {}, false],
    ["TCP from some", inbound(tcp, 443, 443, "10.0.0.0/8"), anyOut, {}, true],
    [
      "TCP from everybody, when not all ports may leave",
      inbound(tcp, 443, 443, "0.0.0.0/0"),
      outbound(tcp, 1024, 65_535, "0.0.0.0/0"),
      {},
      true,
    ],
    ["ICMP from everybody", inbound(icmp, -1, -1, "0.0.0.0/0"), anyOut, { protocol: icmp, type: 8 }, true],
  ] as const)("1.10 whether it is tracked: %s", (_, rule, out, more, expected) => {
    const site = guarded(rule, out);
    const { steps } = site.trace(site.left, from("10.0.1.10", "10.0.1.20", more));
    const ground = steps.find(({ component }) => component.id === "sg-in")?.ground;
    expect(ground).toMatchObject({ kind: "rule", tracked: expected });
  });

  test("1.11 flows through NAT and egress-only gateways and to endpoints are always tracked", () => {
    const isTracked = (world: World, port: Port, sent: Packet): boolean[] =>
      world
        .trace(port, sent)
        .steps.flatMap(({ at, ground }) => (at === port && ground?.kind === "rule" ? [ground.tracked] : []));
    const nat = natted();
    expect(isTracked(nat, nat.left, from("10.0.1.10", SERVER))).toEqual([true]);
    expect(isTracked(nat, nat.left, across)).toEqual([false]);
    const { world, six } = sixWorld();
    expect(isTracked(world, six, from("2001:db8::10", "2600::1"))).toEqual([true]);
    const site = new Site();
    site.host("10.0.2.60", "eni-vpce");
    const service = { kind: "region", name: "sqs" } as const;
    site.fabric.endpoints.put({ type: "interface", id: "vpce", ports: ["eni-vpce"], service });
    expect(isTracked(site, site.left, from("10.0.1.10", "10.0.2.60"))).toEqual([true]);
  });

  test("1.12 idle TCP is forgotten after 5 days, UDP after 30 s, a stream of it after 180 s, or as configured", () => {
    const forgets = (protocol: number, packets: number, tracking = {}): number => {
      for (const seconds of [29, 31, 59, 61, 179, 181, 431_999, 432_001]) {
        const site = guarded(inbound(all, -1, -1, "10.0.1.10/32"));
        site.port("right", { addresses: ["10.0.1.20"], groups: ["sg-in"], tracking });
        const sent = from("10.0.1.10", "10.0.1.20", { protocol });
        for (let i = 0; i < packets; i++) {
          site.send(site.left, sent);
          site.send(site.right, back(sent));
        }
        site.now += seconds * 1000;
        if (site.end(site.right, back(sent)) !== "left") return seconds;
      }
      return Infinity;
    };
    expect(forgets(tcp, 1)).toBe(432_001);
    expect(forgets(udp, 1)).toBe(31);
    expect(forgets(udp, 2)).toBe(181);
    expect(forgets(tcp, 1, { tcpEstablished: 60 })).toBe(61);
    expect(forgets(udp, 2, { udpStream: 60 })).toBe(61);
  });

  test("1.13 a full table takes no new connections", () => {
    const site = guarded(inbound(tcp, 443, 443, "10.0.1.10/32"));
    site.port("right", { addresses: ["10.0.1.20"], groups: ["sg-in"], tracking: { flows: 1 } });
    expect(site.end(site.left, near)).toBe("right");
    expect(site.end(site.left, { ...near, sourcePort: 40_001 })).toBe("CONNECTIONS_EXHAUSTED");
  });

  test("1.14 after its time a packet is of a new flow and needs a rule", () => {
    const site = guarded(inbound(udp, 53, 53, "10.0.1.10/32"));
    const sent = from("10.0.1.10", "10.0.1.20", { protocol: udp, destinationPort: 53 });
    site.send(site.left, sent);
    site.now += 31_000;
    expect(site.end(site.right, back(sent))).toBe("SG_HAS_NO_RULES");
    expect(site.end(site.left, sent)).toBe("right");
  });

  test("1.15 AWS's example: SSH from one address is tracked, HTTP from everybody is not, ICMP is", () => {
    const rules = [
      inbound(tcp, 22, 22, "10.0.1.10/32"),
      inbound(tcp, 80, 80, "0.0.0.0/0"),
      inbound(icmp, -1, -1, "0.0.0.0/0"),
    ];
    const tracked = (more: Partial<Packet>): unknown => {
      const site = guarded(...rules, anyOut);
      const { steps } = site.trace(site.left, from("10.0.1.10", "10.0.1.20", more));
      const ground = steps.find(({ component }) => component.id === "sg-in")?.ground;
      return ground?.kind === "rule" && ground.tracked;
    };
    expect(tracked({ destinationPort: 22 })).toBe(true);
    expect(tracked({ destinationPort: 80 })).toBe(false);
    expect(tracked({ protocol: icmp, type: 8 })).toBe(true);
  });
});

describe("2 network ACLs", () => {
  const behind = (...entries: Parameters<World["fabric"]["putNetworkAcl"]>[1]): Site => {
    const site = new Site();
    site.fabric.putNetworkAcl("acl-b", entries);
    site.subnet("b", "10.0.2.0/24", { acl: "acl-b" });
    return site;
  };

  test("2.1 the lowest number that matches decides; what none matches is denied by the last one, *", () => {
    const site = behind(
      entering(200, false, all, -1, -1, "0.0.0.0/0"),
      entering(100, true, tcp, 443, 443, "10.0.1.10/32"),
    );
    expect(site.end(site.left, across)).toBe("far");
    expect(site.send(site.left, { ...across, destinationPort: 80 })).toMatchObject({
      ground: { entry: { number: 200 } },
    });
    site.fabric.putNetworkAcl("acl-b", []);
    expect(site.send(site.left, across)).toMatchObject({
      ground: { entry: { number: 32_767, allow: false } },
    });
  });

  test("2.2 it is stateless: an answer needs an entry for the client's port", () => {
    const site = behind(
      entering(1, true, tcp, 443, 443, "0.0.0.0/0"),
      leaving(1, true, tcp, 443, 443, "0.0.0.0/0"),
    );
    expect(site.end(site.left, across)).toBe("far");
    expect(site.end(site.far, back(across))).toBe("SUBNET_ACL_RESTRICTION");
    site.fabric.putNetworkAcl("acl-b", [
      entering(1, true, tcp, 443, 443, "0.0.0.0/0"),
      leaving(1, true, tcp, 1024, 65_535, "0.0.0.0/0"),
    ]);
    expect(site.end(site.far, back(across))).toBe("left");
  });

  test("2.3 it counts only where traffic enters or leaves the subnet", () => {
    const site = new Site();
    site.fabric.putNetworkAcl("acl", []);
    expect(site.end(site.left, near)).toBe("right");
    expect(site.end(site.left, across)).toBe("SUBNET_ACL_RESTRICTION");
  });

  test.each([
    ["all protocols, whatever the ports", entering(1, true, all, 22, 22, "0.0.0.0/0"), {}, true],
    ["a protocol by number", entering(1, true, 50, -1, -1, "0.0.0.0/0"), { protocol: 50 }, true],
    [
      "a type and code of ICMP",
      entering(1, true, icmp, 8, 0, "0.0.0.0/0"),
      { protocol: icmp, type: 8 },
      true,
    ],
    ["another type of ICMP", entering(1, true, icmp, 0, -1, "0.0.0.0/0"), { protocol: icmp, type: 8 }, false],
    ["another block", entering(1, true, all, -1, -1, "10.0.2.0/24"), {}, false],
  ] as const)("2.5 an entry may be about %s", (_, entry, more, passes) => {
    const site = behind(entry);
    expect(site.end(site.left, from("10.0.1.10", "10.0.2.30", more))).toBe(
      passes ? "far" : "SUBNET_ACL_RESTRICTION",
    );
  });

  test("2.7 path MTU discovery needs an entry for ICMP 3/4", () => {
    const site = new Site();
    site.table("rtb", [route("0.0.0.0/0", "igw")]);
    site.publish("52.0.0.1", site.left);
    const long = from("10.0.1.10", SERVER, { length: 1501 });
    expect(exchange(site.fabric, site.left, long, site.now).learned).toBe("refusal");
    const noIcmp = [
      entering(1, true, tcp, 0, 65_535, "0.0.0.0/0"),
      leaving(1, true, all, -1, -1, "0.0.0.0/0"),
    ];
    site.fabric.putNetworkAcl("acl", noIcmp);
    expect(exchange(site.fabric, site.left, long, site.now).learned).toBe("nothing");
    site.fabric.putNetworkAcl("acl", [...noIcmp, entering(2, true, icmp, 3, 4, "0.0.0.0/0")]);
    expect(exchange(site.fabric, site.left, long, site.now).learned).toBe("refusal");
  });

  test.each([
    ["10.0.0.2", "dns"],
    ["169.254.169.253", "dns"],
    ["169.254.169.254", "instance-metadata"],
    ["169.254.170.2", "task-metadata"],
    ["169.254.169.250", "windows-activation"],
    ["169.254.169.251", "windows-activation"],
    ["169.254.169.123", "time"],
    ["10.0.1.1", "router"],
  ])("2.8 neither groups nor ACLs filter %s: %s", (to, service) => {
    const site = new Site();
    site.group("sg-open");
    site.fabric.putNetworkAcl("acl", []);
    expect(site.end(site.left, from("10.0.1.10", to, { protocol: udp }))).toBe(service);
  });
});

describe("3 addresses", () => {
  test("3.1 of a subnet, the first four addresses and the last one are nobody's", () => {
    const subnet = { version: 4, base: 0x0a_00_01_00n, length: 28 } as const;
    const said = Array.from({ length: 17 }, (_, i) => assignability(subnet, `10.0.1.${i}`));
    expect(said.map((each) => each[0]).join("")).toBe(`rrrr${"f".repeat(11)}ro`);
  });

  test("3.1 the DNS server has the third address of the VPC's primary block; a subnet's own is nobody's", () => {
    const site = new Site();
    site.fabric.putVpc({ id: "vpc", blocks: ["10.0.0.0/16", "10.8.0.0/16"].map(block) });
    const question = (to: string) => from("10.0.1.10", to, { protocol: udp, destinationPort: 53 });
    expect(site.end(site.left, question("10.0.0.2"))).toBe("dns");
    for (const other of ["10.0.1.2", "10.8.0.2"]) {
      expect(site.end(site.left, question(other))).toBe("NO_POSSIBLE_DESTINATION");
    }
  });

  test("3.2 in IPv6 too; the router is fe80:ec2::1", () => {
    const subnet = { version: 6, base: 0x2001_0db8_0000_0000_0000_0000_0000_0000n, length: 64 } as const;
    expect(assignability(subnet, "2001:db8::3")).toBe("reserved");
    expect(assignability(subnet, "2001:db8::4")).toBe("free");
    expect(assignability(subnet, "2001:db8::ffff:ffff:ffff:ffff")).toBe("reserved");
    const site = new Site();
    site.fabric.putVpc({ id: "vpc", blocks: ["10.0.0.0/16", "2001:db8::/56"].map(block) });
    site.subnet("a", "10.0.1.0/24 2001:db8::/64");
    const six = site.port("six", { addresses: ["2001:db8::10"] });
    const mine = { kind: "request", mac: six.mac, address: ip("2001:db8::10") } as const;
    // The second one is made from its MAC address.
    for (const router of ["fe80:ec2::1", "fe80::200:5eff:fe00:101"]) {
      expect(site.end(six, from("2001:db8::10", router))).toBe("router");
      expect(discover(six, { ...mine, target: ip(router) })).toBe(ROUTER_MAC);
    }
    expect(discover(six, { ...mine, target: ip("fe80::1") })).toBeUndefined();
  });
});

describe("4 neighbours", () => {
  test("4.1 no broadcast, no multicast, and nothing to the last address of the subnet", () => {
    const site = new Site();
    for (const to of ["255.255.255.255", "10.0.1.255", "224.0.0.1", "239.255.255.250"]) {
      expect(site.end(site.left, from("10.0.1.10", to, { protocol: udp }))).toBe("NO_BROADCAST");
    }
  });

  test("4.2 a neighbour's address has its own MAC address, .1 the router's, and nobody's none; claims are ignored", () => {
    const { left, right } = new Site();
    const ask = (target: string, kind: "request" | "claim" = "request") =>
      discover(left, { kind, mac: left.mac, address: ip("10.0.1.10"), target: ip(target) });
    expect(ask("10.0.1.20")).toBe(right.mac);
    expect(ask("10.0.1.1")).toBe(ROUTER_MAC);
    expect(ask("10.0.1.99")).toBeUndefined();
    expect(ask("10.0.1.20", "claim")).toBeUndefined();
    expect(ask("10.0.1.20")).toBe(right.mac);
  });

  test("4.3 who sends under an address that is not its own is found out", () => {
    const site = new Site();
    expect(site.end(site.left, from("10.0.1.20", "10.0.2.30"))).toBe("ENI_SOURCE_DEST_CHECK_RESTRICTION");
    // Where the sender may forward, the gateway asks whether anybody has the address.
    const box = site.host("10.0.1.66", "box", ["sg-open"], false);
    site.table("rtb", [route("0.0.0.0/0", "igw")]);
    expect(site.end(box, from("172.16.0.9", SERVER))).toBe("GATEWAY_REJECTS_SPOOFED_TRAFFIC");
  });

  test("4.4 the MAC address of an interface stays; a secondary address can move to another interface", () => {
    const site = new Site();
    const { mac } = site.left;
    site.port("left", { addresses: ["10.0.1.10", "10.0.1.11"], live: false });
    expect(site.port("left", { addresses: ["10.0.1.10"] }).mac).toBe(mac);
    site.port("right", { addresses: ["10.0.1.20", "10.0.1.11"] });
    expect(site.end(site.left, from("10.0.1.10", "10.0.1.11"))).toBe("right");
  });

  test("4.5 the source/destination check takes own addresses and delegated prefixes, in both directions", () => {
    const site = new Site();
    site.port("right", { addresses: ["10.0.1.20"], prefixes: ["10.0.1.96/28"] });
    expect(site.end(site.left, from("10.0.1.10", "10.0.1.97"))).toBe("right");
    expect(site.end(site.right, from("10.0.1.97", "10.0.1.10"))).toBe("left");
    expect(site.end(site.right, from("10.0.1.112", "10.0.1.10"))).toBe("ENI_SOURCE_DEST_CHECK_RESTRICTION");
  });

  test("4.6 a frame to another interface's MAC address passes no route table", () => {
    const site = new Site();
    const box = site.host("10.0.1.66", "box", ["sg-open"], false);
    const sent = from("10.0.1.10", SERVER);
    expect(ended(site.send(site.left, sent, { destinationMac: box.mac }))).toBe("box");
    expect(ended(site.send(site.left, sent, { destinationMac: ROUTER_MAC }))).toBe("NO_ROUTE_TO_DESTINATION");
  });
});

describe("5 route tables", () => {
  const target = (routes: readonly Route[], to: string, lists: Record<string, string> = {}): string => {
    const site = new Site();
    for (const [id, cidr] of Object.entries(lists)) site.fabric.putPrefixList(id, [block(cidr)]);
    for (const id of ["x", "y"]) site.host(`10.0.1.${id === "x" ? 40 : 41}`, id, ["sg-open"], false);
    site.table("rtb", routes);
    return site.end(site.left, from("10.0.1.10", to));
  };

  test("5.1 every block of the VPC has a local route, whose target can be replaced and restored", () => {
    expect(target([], "10.0.2.30")).toBe("far");
    expect(target([route("10.0.0.0/16", "x")], "10.0.2.30")).toBe("x");
    const site = new Site();
    site.fabric.putVpc({ id: "vpc", blocks: ["10.0.0.0/16", "10.7.0.0/16"].map(block) });
    site.subnet("c", "10.7.1.0/24");
    site.port("added", { addresses: ["10.7.1.10"], subnet: "c" });
    expect(site.end(site.left, from("10.0.1.10", "10.7.1.10"))).toBe("added");
  });

  test("5.2 a subnet has a table of its own, or the main one", () => {
    const site = new Site();
    site.table("rtb-own", [route("0.0.0.0/0", "far")], "vpc", false);
    site.subnet("a", "10.0.1.0/24", { table: "rtb-own" });
    site.host("10.0.2.30", "far", ["sg-open"], false);
    expect(site.end(site.left, from("10.0.1.10", SERVER))).toBe("far");
    expect(site.end(site.far, from("10.0.2.30", SERVER))).toBe("NO_ROUTE_TO_DESTINATION");
  });

  test.each<readonly [string, readonly Route[]]>([
    ["the longest prefix", [route("0.0.0.0/0", "y"), route("198.51.0.0/16", "x")]],
    [
      "static over propagated",
      [route("198.51.0.0/16", "y", { origin: "propagated-vpn" }), route("198.51.0.0/16", "x")],
    ],
    ["a CIDR block over a prefix list", [route("pl-1", "y"), route("198.51.0.0/16", "x")]],
    [
      "Direct Connect over VPN",
      [
        route("198.51.0.0/16", "y", { origin: "propagated-vpn-static" }),
        route("198.51.0.0/16", "x", { origin: "propagated-direct-connect" }),
      ],
    ],
    [
      "static VPN over BGP",
      [
        route("198.51.0.0/16", "y", { origin: "propagated-vpn" }),
        route("198.51.0.0/16", "x", { origin: "propagated-vpn-static" }),
      ],
    ],
    [
      "the shorter path",
      [
        route("198.51.0.0/16", "y", { origin: "propagated-vpn", pathLength: 2 }),
        route("198.51.0.0/16", "x", { origin: "propagated-vpn", pathLength: 1, discriminator: 9 }),
      ],
    ],
    [
      "the lower discriminator",
      [
        route("198.51.0.0/16", "y", { origin: "propagated-vpn", discriminator: 2 }),
        route("198.51.0.0/16", "x", { origin: "propagated-vpn", discriminator: 1 }),
      ],
    ],
  ])("5.3 of several routes wins: %s", (_, routes) => {
    const lists = { "pl-1": "198.51.0.0/16" };
    expect(target(routes, SERVER, lists)).toBe("x");
    expect(target(routes.toReversed(), SERVER, lists)).toBe("x");
  });

  test("5.4 the local route wins over a propagated one, even a more specific one", () => {
    expect(target([route("10.0.2.0/24", "x", { origin: "propagated-vpn" })], "10.0.2.30")).toBe("far");
  });

  test("5.5 a static route to a subnet is more specific than the local one", () => {
    expect(target([route("10.0.2.0/24", "x")], "10.0.2.30")).toBe("x");
  });

  test("5.6 of two prefix lists with the same block, the older route wins", () => {
    const lists = { "pl-1": "198.51.0.0/16", "pl-2": "198.51.0.0/16" };
    expect(target([route("pl-1", "x"), route("pl-2", "y")], SERVER, lists)).toBe("x");
    expect(target([route("pl-2", "y"), route("pl-1", "x")], SERVER, lists)).toBe("y");
  });

  test("5.7 the default route of IPv4 is not that of IPv6", () => {
    const site = new Site();
    site.fabric.putVpc({ id: "vpc", blocks: ["10.0.0.0/16", "2001:db8::/56"].map(block) });
    site.fabric.putNetworkAcl("acl", [...openAcl, leaving(101, true, all, -1, -1, "::/0")]);
    site.subnet("a", "10.0.1.0/24 2001:db8::/64");
    site.group("sg-open", anyIn, anyOut, outbound(all, -1, -1, "::/0"));
    const six = site.port("six", { addresses: ["2001:db8::10", "10.0.1.50"] });
    site.table("rtb", [route("0.0.0.0/0", "igw")]);
    expect(site.end(six, from("2001:db8::10", "2600::1"))).toBe("NO_ROUTE_TO_DESTINATION");
    site.table("rtb", [route("::/0", "igw")]);
    expect(site.end(six, from("2001:db8::10", "2600::1"))).toBe("outside");
    expect(site.end(six, from("10.0.1.50", SERVER))).toBe("NO_ROUTE_TO_DESTINATION");
  });

  test("5.8 link-local addresses are routed by no route", () => {
    expect(target([route("0.0.0.0/0", "x")], "169.254.168.9")).toBe("NOT_ROUTABLE");
    expect(target([route("169.254.0.0/16", "x")], "169.254.170.77")).toBe("NOT_ROUTABLE");
    const { world, six } = sixWorld();
    expect(ended(world.send(six, from("2001:db8::10", "fd00:ec2::99")))).toBe("NOT_ROUTABLE");
  });

  test("5.9 a blackhole still wins by its prefix, and drops", () => {
    for (const gone of ["gone", "other"]) {
      expect(target([route("0.0.0.0/0", "x"), route("198.51.0.0/16", gone)], SERVER)).toBe("BAD_STATE_ROUTE");
    }
    const site = new Site();
    site.table("rtb", [route("0.0.0.0/0", "igw")]);
    site.fabric.putInternetGateway({ id: "igw", vpc: undefined, table: undefined });
    expect(site.end(site.left, from("10.0.1.10", SERVER))).toBe("BAD_STATE_ROUTE");
    site.table("rtb", [route("0.0.0.0/0", "far")]);
    site.port("far", { addresses: ["10.0.2.30"], subnet: "b", live: false, check: false });
    expect(site.end(site.left, from("10.0.1.10", SERVER))).toBe("BAD_STATE_ROUTE");
  });

  test("5.10 a gateway's own table leads what comes in, to a middlebox for instance", () => {
    const site = new Site();
    site.publish("52.0.0.3", site.far);
    site.host("10.0.1.40", "box", ["sg-open"], false);
    site.table("rtb-in", [route("10.0.2.0/24", "box")], "vpc", false);
    const asked = from(SERVER, "52.0.0.3");
    expect(ended(site.trace(undefined, asked).end)).toBe("far");
    site.fabric.putInternetGateway({ id: "igw", vpc: "vpc", table: "rtb-in" });
    expect(ended(site.trace(undefined, asked).end)).toBe("box");
  });

  test("5.11 an interface forwards only with its source/destination check off", () => {
    const site = new Site();
    site.table("rtb", [route("0.0.0.0/0", "far")]);
    expect(site.end(site.left, from("10.0.1.10", SERVER))).toBe("ENI_SOURCE_DEST_CHECK_RESTRICTION");
    site.host("10.0.2.30", "far", ["sg-open"], false);
    expect(site.end(site.left, from("10.0.1.10", SERVER))).toBe("far");
  });
});

describe("6 internet gateways", () => {
  const online = (): Site => {
    const site = new Site();
    site.table("rtb", [route("0.0.0.0/0", "igw")]);
    site.publish("52.0.0.1", site.left);
    return site;
  };

  test("6.1 one to one: private to public on the way out, public to private on the way in, nothing without", () => {
    const site = online();
    expect(formatIp(site.send(site.left, from("10.0.1.10", SERVER)).packet.source)).toBe("52.0.0.1");
    const { end } = site.trace(undefined, from(SERVER, "52.0.0.1"));
    expect([ended(end), formatIp(end.packet.destination)]).toEqual(["left", "10.0.1.10"]);
    expect(site.end(site.right, from("10.0.1.20", SERVER))).toBe("IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS");
    site.fabric.putPublicAddress({ address: ip("52.0.0.9"), to: undefined });
    expect(ended(site.trace(undefined, from(SERVER, "52.0.0.9")).end)).toBe(
      "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS",
    );
  });

  test.each([
    ["172.16.0.9", "RFC1918"],
    ["192.168.7.7", "RFC1918"],
    ["100.64.0.9", "RFC6598"],
  ])("6.2 %s neither leaves nor comes in", (strange, rfc) => {
    const site = online();
    expect(site.end(site.left, from("10.0.1.10", strange))).toBe(
      `IGW_DESTINATION_ADDRESS_NOT_IN_${rfc}_EGRESS`,
    );
    expect(ended(site.trace(undefined, from(strange, "52.0.0.1")).end)).toBe(
      `IGW_SOURCE_ADDRESS_NOT_IN_${rfc}_INGRESS`,
    );
  });

  test("6.3 a public address of the VPC is reached by the gateway, and groups see the public source", () => {
    const site = online();
    site.publish("52.0.0.2", site.right);
    site.group("sg-in", inbound(tcp, 443, 443, "52.0.0.1/32"));
    site.host("10.0.1.20", "right", ["sg-in"]);
    const journey = site.trace(site.left, from("10.0.1.10", "52.0.0.2"));
    expect(ended(journey.end)).toBe("right");
    expect(passed(journey)).toContain("internet-gateway");
    expect(site.end(site.left, near)).toBe("ENI_SG_RULES_MISMATCH");
  });

  test("6.4 an egress-only gateway lets IPv6 out and answers in; nobody from outside begins", () => {
    const { world, six } = sixWorld();
    const sent = from("2001:db8::10", "2600::1");
    expect(ended(world.trace(undefined, back(sent)).end)).toBe("UNSOLICITED");
    const end = world.send(six, sent);
    expect([ended(end), end.packet.source]).toEqual(["outside", ip("2001:db8::10")]);
    expect(ended(world.trace(undefined, back(sent)).end)).toBe("six");
  });

  test("6.5 Block Public Access keeps a subnet from internet gateways, or lets only what begins inside pass", () => {
    const site = online();
    const out = from("10.0.1.10", SERVER);
    const { world, six } = sixWorld();
    const sent = from("2001:db8::10", "2600::1");
    for (const mode of ["block-bidirectional", "block-ingress"] as const) {
      site.fabric.blockPublicAccess("a", mode);
      world.fabric.blockPublicAccess("a", mode);
      expect(site.end(site.left, out)).toBe("VPC_BLOCK_PUBLIC_ACCESS_ENABLED");
      expect(ended(site.trace(undefined, from(SERVER, "52.0.0.1")).end)).toBe(
        "VPC_BLOCK_PUBLIC_ACCESS_ENABLED",
      );
      expect(ended(world.send(six, sent))).toBe(
        mode === "block-ingress" ? "outside" : "VPC_BLOCK_PUBLIC_ACCESS_ENABLED",
      );
    }
    site.fabric.blockPublicAccess("a", "off");
    expect(site.end(site.left, out)).toBe("outside");
  });
});

/** An interface with IPv6, whose way out is an egress-only gateway. */
function sixWorld(): { readonly world: World; readonly six: Port } {
  const world = new World();
  const { fabric } = world;
  fabric.putVpc({ id: "vpc", blocks: ["10.0.0.0/16", "2001:db8::/56"].map(block) });
  fabric.putNetworkAcl("acl", [
    entering(1, true, all, -1, -1, "::/0"),
    leaving(1, true, all, -1, -1, "::/0"),
  ]);
  fabric.putSecurityGroup("sg-open", [inbound(all, -1, -1, "::/0"), outbound(all, -1, -1, "::/0")]);
  world.subnet("a", "10.0.1.0/24 2001:db8::/64");
  fabric.putEgressOnlyInternetGateway("eigw", "vpc");
  world.table("rtb", [route("::/0", "eigw")]);
  return { world, six: world.port("six", { addresses: ["2001:db8::10"] }) };
}

/** Subnet `a` leads to a NAT gateway at 10.0.2.50 in subnet `b`, which leads to the internet. */
function natted(): Site {
  const site = new Site();
  site.table("rtb-public", [route("0.0.0.0/0", "igw")], "vpc", false);
  site.subnet("b", "10.0.2.0/24", { table: "rtb-public" });
  site.fabric.putPort({
    id: "eni-nat",
    mac: "0a:00:00:00:ff:50",
    subnet: "b",
    addresses: [ip("10.0.2.50")],
    groups: [],
    sourceDestCheck: false,
    owner: undefined,
    live: true,
    filtered: false,
  });
  site.fabric.putNatGateway({ id: "nat", port: "eni-nat", live: true, draining: [] });
  site.fabric.putPublicAddress({ address: ip("52.0.0.5"), to: { port: "eni-nat", inside: ip("10.0.2.50") } });
  site.table("rtb", [route("0.0.0.0/0", "nat")]);
  return site;
}

describe("7 NAT gateways", () => {
  const out = from("10.0.1.10", SERVER);

  test("7.1 TCP, UDP and ICMP only, from ports 1024 on, 55,000 connections to one destination", () => {
    const site = natted();
    expect(site.end(site.left, from("10.0.1.10", SERVER, { protocol: 50 }))).toBe("PROTOCOL_RESTRICTION");
    expect(site.end(site.left, from("10.0.1.10", SERVER, { protocol: icmp, type: 8, id: 1 }))).toBe(
      "outside",
    );
    const seen = new Set<number>();
    for (let i = 0; i < MOST_CONNECTIONS; i++) {
      const { packet } = site.send(site.left, { ...out, sourcePort: i });
      seen.add(packet.sourcePort);
    }
    expect([seen.size, Math.min(...seen) >= 1024]).toEqual([55_000, true]);
    expect(site.end(site.left, { ...out, sourcePort: 60_000 })).toBe("NAT_PORTS_EXHAUSTED");
    expect(site.end(site.left, { ...out, sourcePort: 60_000, destinationPort: 80 })).toBe("outside");
  });

  test("7.2 nobody from outside begins; the ACL and the routes of its subnet count", () => {
    const site = natted();
    expect(ended(site.trace(undefined, from(SERVER, "52.0.0.5", { destinationPort: 1024 })).end)).toBe(
      "UNSOLICITED",
    );
    site.fabric.putNetworkAcl("acl-b", []);
    site.subnet("b", "10.0.2.0/24", { table: "rtb-public", acl: "acl-b" });
    expect(site.send(site.left, out)).toMatchObject({ component: { id: "acl-b" } });
    site.subnet("b", "10.0.2.0/24", { table: "rtb-public" });
    site.table("rtb-public", [], "vpc", false);
    expect(site.end(site.left, out)).toBe("NO_ROUTE_TO_DESTINATION");
  });

  test("7.3 after 350 idle seconds the next packet is answered with a reset; 8,500 bytes, fragments of UDP only", () => {
    const site = natted();
    site.send(site.left, out);
    site.now += 350_000;
    const { back: told } = exchange(site.fabric, site.left, { ...out, flags: ACK }, site.now);
    expect(told?.end.packet.flags).toBe(RST);
    const long = (more: Partial<Packet>) =>
      from("10.0.1.10", SERVER, { length: 8501, dontFragment: false, ...more });
    expect(site.end(site.left, long({ flags: SYN }))).toBe("FRAGMENTATION_NEEDED");
    expect(site.end(site.left, long({ protocol: UDP }))).toBe("outside");
  });

  test("7.4 a peer cannot use it", () => {
    const world = peered(false);
    world.table("one-rtb", [route("0.0.0.0/0", "pcx")], "one", true);
    world.table("rtb", [route("0.0.0.0/0", "igw"), route("10.1.0.0/16", "pcx")]);
    const there = world.port("there", { addresses: ["10.1.1.20"], subnet: "one-a" });
    expect(ended(world.send(there, from("10.1.1.20", SERVER)))).toBe("PCX_REQUIRES_ADDRESS_IN_VPC_CIDR");
  });

  test("7.4 nor can a customer, by a VPN connection or a dedicated line", () => {
    const site = natted();
    putSite(site, "office");
    putVpnGateway(site, [siteRoute(OFFICE, "office")]);
    site.fabric.vpns.putSite({
      id: "hq",
      name: "hq",
      blocks: [block(OFFICE)],
      lines: [{ id: "dxvif", gateway: "vgw" }],
    });
    for (const name of ["office", "hq"]) {
      const customer = site.fabric.vpns.site(name);
      const end = (to: string) => ended(site.fabric.trace(customer, from("192.168.1.5", to), site.now).end);
      expect([name, end("10.0.1.10")]).toEqual([name, "left"]);
      expect([name, end(SERVER)]).toEqual([name, "NO_ROUTE_TO_DESTINATION"]);
      // Nor does it pass on what is sent to its own address.
      expect([name, end("10.0.2.50")]).toEqual([name, "UNSOLICITED"]);
    }
  });

  test("7.4 a VPC behind a transit gateway can, and is answered where the way back is known", () => {
    const world = new Transit();
    const { fabric } = world;
    world.lead(["0.0.0.0/0", "2"], ["10.1.0.0/16", "1"]);
    fabric.putRouteTable({ id: "rtb-2", vpc: "vpc-2", main: true, routes: [route("0.0.0.0/0", "nat")] });
    fabric.putInternetGateway({ id: "igw", vpc: "vpc-2", table: undefined });
    const subnet = { id: "public", vpc: "vpc-2", zone: "a", blocks: [block("10.2.200.0/24")] };
    const lead = (...more: Route[]) => {
      const routes = [route("0.0.0.0/0", "igw"), ...more];
      fabric.putRouteTable({ id: "rtb-public", vpc: "vpc-2", main: false, routes });
      fabric.putSubnet({ ...subnet, acl: "acl-gate-2", table: "rtb-public" });
    };
    lead();
    world.managed("eni-nat", "public", "10.2.200.50");
    fabric.putNatGateway({ id: "nat", port: "eni-nat", live: true, draining: [] });
    fabric.putPublicAddress({
      address: ip("52.0.0.5"),
      to: { port: "eni-nat", inside: ip("10.2.200.50") },
    });
    const host = fabric.ports.get("host-a-1");
    if (!host) throw new Error("no host");
    const there = world.send(host, from("10.1.0.10", SERVER));
    expect([ended(there), formatIp(there.packet.source)]).toEqual(["outside", "52.0.0.5"]);
    const answered = () => ended(world.trace(undefined, back(there.packet)).end);
    expect(answered()).not.toBe("host-a-1");
    lead(route("10.1.0.0/16", "tgw"));
    expect(answered()).toBe("host-a-1");
  });

  test("7.5 what a private one sends has a private source, which the internet gateway drops; NAT64", () => {
    const site = natted();
    site.fabric.removePublicAddress(ip("52.0.0.5"));
    expect(site.end(site.left, out)).toBe("IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS");
    const six = natted();
    six.fabric.putVpc({ id: "vpc", blocks: ["10.0.0.0/16", "2001:db8::/56"].map(block) });
    six.fabric.putNetworkAcl("acl", [
      ...openAcl,
      leaving(101, true, all, -1, -1, "::/0"),
      entering(101, true, all, -1, -1, "::/0"),
    ]);
    six.subnet("a", "10.0.1.0/24 2001:db8::/64");
    six.group("sg-open", anyIn, anyOut, outbound(all, -1, -1, "::/0"));
    six.table("rtb", [route("64:ff9b::/96", "nat")]);
    const port = six.port("six", { addresses: ["2001:db8::10"] });
    const { packet } = six.send(port, from("2001:db8::10", "64:ff9b::c633:6407"));
    expect([packet.source, packet.destination].map(formatIp)).toEqual(["52.0.0.5", SERVER]);
  });
});

/** `vpc` 10.0.0.0/16 with `here` 10.0.1.10, and `one` 10.1.0.0/16, joined by `pcx`. */
function peered(betweenRegions: boolean): World & { readonly here: Port } {
  const world = new World();
  world.fabric.putVpc({ id: "one", blocks: [block("10.1.0.0/16")] });
  world.table("one-rtb", [route("10.0.0.0/16", "pcx")], "one", true);
  world.subnet("one-a", "10.1.1.0/24", { vpc: "one" });
  world.fabric.putPeering({ id: "pcx", vpcs: ["vpc", "one"], betweenRegions });
  world.table("rtb", [route("10.1.0.0/16", "pcx")]);
  return Object.assign(world, { here: world.port("here", { addresses: ["10.0.1.10"] }) });
}

describe("8 peering", () => {
  test("8.1 it takes only what goes from an address of the one VPC to one of the other", () => {
    const world = peered(false);
    world.table("rtb", [route("0.0.0.0/0", "pcx")]);
    for (const beyond of [SERVER, "10.2.0.9"]) {
      expect(ended(world.send(world.here, from("10.0.1.10", beyond)))).toBe(
        "PCX_REQUIRES_ADDRESS_IN_VPC_CIDR",
      );
    }
  });

  test("8.2 both sides need routes", () => {
    const world = peered(false);
    const there = world.port("there", { addresses: ["10.1.1.20"], subnet: "one-a" });
    const sent = from("10.0.1.10", "10.1.1.20");
    expect(ended(world.send(world.here, sent))).toBe("there");
    world.table("one-rtb", [], "one", true);
    expect(ended(world.send(there, back(sent)))).toBe("NO_ROUTE_TO_DESTINATION");
    world.fabric.removePeering("pcx");
    expect(ended(world.send(world.here, sent))).toBe("BAD_STATE_ROUTE");
  });

  test("8.4 between regions packets have at most 8,500 bytes, and rules name no groups of the peer", () => {
    for (const betweenRegions of [false, true]) {
      const world = peered(betweenRegions);
      world.port("there", { addresses: ["10.1.1.20"], subnet: "one-a" });
      expect(ended(world.send(world.here, from("10.0.1.10", "10.1.1.20", { length: 8501 })))).toBe(
        betweenRegions ? "FRAGMENTATION_NEEDED" : "there",
      );
      world.fabric.putSecurityGroup("sg-peers", [inbound(all, -1, -1, "sg-open"), anyOut]);
      world.port("there", { addresses: ["10.1.1.20"], subnet: "one-a", groups: ["sg-peers"] });
      expect(ended(world.send(world.here, from("10.0.1.10", "10.1.1.20")))).toBe(
        betweenRegions ? "ENI_SG_RULES_MISMATCH" : "there",
      );
    }
  });

  test("8.4 the DNS server of the peer takes no question", () => {
    const world = peered(false);
    expect(ask(world.fabric, world.here, ip("10.0.0.2"), world.now)?.by).toBe("amazon");
    const asked = ask(world.fabric, world.here, ip("10.1.0.2"), world.now);
    expect([asked?.by, asked && ended(asked.exchange.forward.end)]).toEqual([
      undefined,
      "NO_POSSIBLE_DESTINATION",
    ]);
  });
});

describe("9 endpoints", () => {
  const S3 = "52.216.0.9";
  const withS3 = (): Site => {
    const site = new Site();
    site.fabric.putPrefixList("pl-s3", [block("52.216.0.0/22")]);
    const plan = { id: "vpce", vpc: "vpc", service: "s3", prefixList: "pl-s3", open: true } as const;
    site.fabric.endpoints.put({ type: "gateway", ...plan });
    site.table("rtb", [route("0.0.0.0/0", "igw"), route("pl-s3", "vpce")]);
    return site;
  };

  test("9.1 a gateway endpoint takes TCP and ICMP echo of its own VPC, by the prefix list; other ways lead by 0.0.0.0/0", () => {
    const site = withS3();
    expect(site.end(site.left, from("10.0.1.10", S3))).toBe("s3");
    expect(site.end(site.left, from("10.0.1.10", S3, { protocol: icmp, type: 8, id: 1 }))).toBe("s3");
    expect(site.end(site.left, from("10.0.1.10", S3, { protocol: udp }))).toBe(
      "VPCE_GATEWAY_PROTOCOL_RESTRICTION",
    );
    expect(site.end(site.left, from("10.0.1.10", "52.217.0.9"))).toBe("IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS");
    site.group("sg-open", outbound(tcp, 443, 443, "pl-s3"));
    expect(site.end(site.left, from("10.0.1.10", S3))).toBe("s3");
    site.fabric.putNetworkAcl("acl", []);
    expect(site.end(site.left, from("10.0.1.10", S3))).toBe("SUBNET_ACL_RESTRICTION");
  });

  test("9.2 an interface endpoint is an interface with groups, reached over peering; it never begins", () => {
    const world = peered(false);
    world.fabric.putSecurityGroup("sg-vpce", [inbound(tcp, 443, 443, "10.0.0.0/16"), anyOut]);
    const port = world.port("eni-vpce", { addresses: ["10.1.1.60"], subnet: "one-a", groups: ["sg-vpce"] });
    const service = { kind: "region", name: "sqs" } as const;
    world.fabric.endpoints.put({ type: "interface", id: "vpce", ports: ["eni-vpce"], service });
    const sent = from("10.0.1.10", "10.1.1.60");
    const asked = exchange(world.fabric, world.here, sent, world.now);
    expect([ended(asked.forward.end), asked.learned]).toEqual(["sqs", "answer"]);
    expect(ended(world.send(world.here, { ...sent, destinationPort: 80 }))).toBe("ENI_SG_RULES_MISMATCH");
    expect(ended(world.send(port, from("10.1.1.60", "10.0.1.10")))).toBe("VPCE_INTRA_VPC_TRAFFIC");
  });

  test("9.3 a Gateway Load Balancer endpoint can be led to by routes, and shows packets by GENEVE, UDP 6081", () => {
    const site = new Site();
    site.fabric.putVpc({ id: "inspection", blocks: [block("10.5.0.0/16")] });
    site.table("rtb-5", [], "inspection", true);
    site.subnet("five", "10.5.1.0/24", { vpc: "inspection" });
    const managed = (id: string, at: string, subnet: string) => {
      const plan = { addresses: [ip(at)], groups: [], sourceDestCheck: false, owner: undefined, live: true };
      site.fabric.putPort({ id, mac: `0a:${id}`, subnet, ...plan, filtered: false });
    };
    managed("node", "10.5.1.9", "five");
    managed("door", "10.0.2.60", "b");
    const appliance = site.port("appliance", { addresses: ["10.5.1.10"], subnet: "five", check: false });
    site.fabric.endpoints.putLoadBalancer({
      id: "gwlb",
      type: "gateway",
      nodes: ["node"],
      targets: ["appliance"],
      crossZone: false,
    });
    site.fabric.endpoints.put({
      type: "gateway-load-balancer",
      id: "vpce",
      ports: ["door"],
      balancers: ["gwlb"],
    });
    site.table("rtb", [route("0.0.0.0/0", "vpce")]);
    site.table("rtb-public", [route("0.0.0.0/0", "igw")], "vpc", false);
    site.subnet("b", "10.0.2.0/24", { table: "rtb-public" });
    site.publish("52.0.0.1", site.left);
    expect(site.end(site.left, from("10.0.1.10", SERVER))).toBe("APPLIANCE_SILENT");
    site.fabric.listening.listen(appliance.owner ?? "", udp, 6081);
    expect(site.end(site.left, from("10.0.1.10", SERVER))).toBe("outside");
  });
});

/** VPCs 10.1.0.0/16 and 10.2.0.0/16 at a transit gateway, with a host in the zone `a` and one in the zone `b`. */
class Transit extends World {
  constructor(gates: readonly string[] = ["a"]) {
    super([]);
    const { fabric } = this;
    fabric.putSecurityGroup("sg-open", [anyIn, anyOut]);
    fabric.transitGateways.putGateway({ id: "tgw" });
    this.lead();
    for (const n of [1, 2]) {
      const vpc = `vpc-${n}`;
      fabric.putVpc({ id: vpc, blocks: [block(`10.${n}.0.0/16`)] });
      fabric.putRouteTable({ id: `rtb-${n}`, vpc, main: true, routes: [route("0.0.0.0/0", "tgw")] });
      for (const [i, zone] of ["a", "b"].entries()) {
        for (const [kind, third] of [
          ["work", i],
          ["gate", 100 + i],
        ] as const) {
          fabric.putNetworkAcl(`acl-${kind}-${n}`, openAcl);
          const blocks = [block(`10.${n}.${third}.0/24`)];
          const acl = `acl-${kind}-${n}`;
          fabric.putSubnet({ id: `${kind}-${zone}-${n}`, vpc, zone, blocks, acl, table: undefined });
        }
        this.port(`eni-${zone}-${n}`, {
          addresses: [`10.${n}.${100 + i}.4`],
          subnet: `gate-${zone}-${n}`,
          live: false,
        });
        this.port(`host-${zone}-${n}`, { addresses: [`10.${n}.${i}.10`], subnet: `work-${zone}-${n}` });
      }
      this.attach(n, gates);
    }
  }

  attach(
    n: number,
    gates: readonly string[],
    more: { table?: undefined; applianceMode?: boolean } = {},
  ): void {
    const ports = gates.map((zone) => `eni-${zone}-${n}`);
    const plan = {
      id: String(n),
      gateway: "tgw",
      vpc: `vpc-${n}`,
      table: "main",
      live: true,
      ports,
      ...more,
    };
    this.fabric.transitGateways.putVpcAttachment(plan);
  }

  /** Routes to attachments, after those that the gateway has learned from both VPCs. */
  lead(...routes: readonly (readonly [cidr: string, attachment: string | undefined])[]): void {
    this.fabric.transitGateways.putRouteTable("main", [
      ...[1, 2].map((n) => ({
        destination: block(`10.${n}.0.0/16`),
        attachment: String(n),
        origin: "propagated-vpc" as const,
      })),
      ...routes.map(([cidr, attachment]) => ({
        destination: block(cidr),
        attachment,
        origin: "static" as const,
      })),
    ]);
  }

  go(zone = "a", length = 64): string {
    const port = this.fabric.ports.get(`host-${zone}-1`);
    if (!port) throw new Error("no host");
    return ended(this.send(port, from(`10.1.${zone === "a" ? 0 : 1}.10`, "10.2.0.10", { length })));
  }
}

describe("10 transit gateways", () => {
  test("10.1 the sender's zone must have an interface of the gateway; the receiver may be in any", () => {
    const world = new Transit(["a"]);
    expect(world.go("a")).toBe("host-a-2");
    expect(world.go("b")).toBe("TGW_ROUTE_AZ_RESTRICTION");
    const sender = world.fabric.ports.get("host-a-1");
    expect(sender && ended(world.send(sender, from("10.1.0.10", "10.2.1.10")))).toBe("host-b-2");
  });

  test("10.2 an attachment without a table sends nothing", () => {
    const world = new Transit();
    world.attach(1, ["a"], { table: undefined });
    expect(world.go()).toBe("TGW_ATTACH_MISSING_TGW_RTB_ASSOCIATION");
  });

  test("10.3 the longest prefix wins, then static over propagated; a blackhole drops", () => {
    const world = new Transit();
    world.lead(["10.2.0.0/16", "1"]);
    expect(world.go()).not.toBe("host-a-2");
    world.lead(["10.2.0.0/16", "1"], ["10.2.0.0/24", "2"]);
    expect(world.go()).toBe("host-a-2");
    world.lead(["10.2.0.0/24", undefined]);
    expect(world.go()).toBe("TGW_RTB_BAD_STATE_ROUTE");
  });

  test("10.3 of routes to one block, static ones win, then a prefix list's, then by what the attachment leads to", () => {
    const world = new Transit();
    world.fabric.putPrefixList("pl-two", [block("10.2.0.0/16")]);
    const destination = block("10.2.0.0/16");
    const ordered = [
      { origin: "static", destination },
      { origin: "static", destination: { prefixList: "pl-two" } },
      { origin: "propagated-vpc", destination },
      { origin: "propagated-direct-connect", destination },
      { origin: "propagated-connect", destination },
      { origin: "propagated-private-vpn", destination },
      { origin: "propagated-vpn", destination },
      { origin: "propagated-vpn-concentrator", destination },
      { origin: "propagated-client-vpn", destination },
      { origin: "propagated-peering", destination },
    ] as const;
    for (const [i, better] of ordered.entries()) {
      for (const worse of ordered.slice(i + 1)) {
        const routes = [
          { ...worse, attachment: undefined },
          { ...better, attachment: "2" },
        ];
        for (const each of [routes, routes.toReversed()]) {
          world.fabric.transitGateways.putRouteTable("main", each);
          expect([better, worse, world.go()]).toEqual([better, worse, "host-a-2"]);
        }
      }
    }
  });

  test("10.4 in the gateway's own subnet, entries of both directions count on the way in, and none on the way out", () => {
    for (const n of [1, 2]) {
      for (const entry of openAcl) {
        const world = new Transit();
        world.fabric.removePort(`eni-a-${n}`);
        world.port(`eni-a-${n}`, { addresses: [`10.${n}.0.4`], subnet: `work-a-${n}`, live: false });
        world.attach(n, ["a"]);
        world.fabric.putNetworkAcl(`acl-work-${n}`, [entry]);
        expect([n, world.go()]).toEqual([n, n === 1 ? "SUBNET_ACL_RESTRICTION" : "host-a-2"]);
      }
    }
  });

  test("10.4 of the gateway's subnet count the inbound entries on the way in, the outbound ones on the way out", () => {
    const world = new Transit();
    const only = (n: number, entries: typeof openAcl) => {
      world.fabric.putNetworkAcl(`acl-gate-${n}`, entries);
      const end = world.go();
      world.fabric.putNetworkAcl(`acl-gate-${n}`, openAcl);
      return end;
    };
    const [enters, leaves] = openAcl;
    expect(only(1, enters ? [enters] : [])).toBe("host-a-2");
    expect(only(1, leaves ? [leaves] : [])).toBe("SUBNET_ACL_RESTRICTION");
    expect(only(2, leaves ? [leaves] : [])).toBe("host-a-2");
    expect(only(2, enters ? [enters] : [])).toBe("SUBNET_ACL_RESTRICTION");
  });

  test("10.5 in the other VPC the table of the gateway's subnet leads on; 8,500 bytes", () => {
    const world = new Transit();
    expect(world.go("a", 8500)).toBe("host-a-2");
    expect(world.go("a", 8501)).toBe("FRAGMENTATION_NEEDED");
    world.port("box", { addresses: ["10.2.0.66"], subnet: "work-a-2", check: false });
    const routes = [route("10.2.0.0/24", "box")];
    world.fabric.putRouteTable({ id: "rtb-gate", vpc: "vpc-2", main: false, routes });
    const blocks = [block("10.2.100.0/24")];
    world.fabric.putSubnet({
      id: "gate-a-2",
      vpc: "vpc-2",
      zone: "a",
      blocks,
      acl: "acl-gate-2",
      table: "rtb-gate",
    });
    expect(world.go()).toBe("box");
  });

  test("10.5 what comes in by it is led to none of the VPC's doors, though it says it is of the VPC", () => {
    const world = new Transit();
    const { fabric } = world;
    world.lead(["0.0.0.0/0", "2"]);
    world.port("liar", { addresses: ["10.1.0.66"], subnet: "work-a-1", check: false });
    fabric.putInternetGateway({ id: "igw", vpc: "vpc-2", table: undefined });
    const honest = fabric.ports.get("host-a-2");
    const liar = fabric.ports.get("liar");
    if (!honest || !liar) throw new Error("no hosts");
    world.publish("52.0.0.2", honest);
    fabric.putPrefixList("pl-s3", [block("52.216.0.0/22")]);
    const plan = { id: "vpce", vpc: "vpc-2", service: "s3", prefixList: "pl-s3", open: true } as const;
    fabric.endpoints.put({ type: "gateway", ...plan });
    const routes = [route("0.0.0.0/0", "igw"), route("pl-s3", "vpce")];
    fabric.putRouteTable({ id: "rtb-2", vpc: "vpc-2", main: true, routes });
    for (const [to, by] of [
      [SERVER, "outside"],
      ["52.216.0.9", "s3"],
    ] as const) {
      expect(ended(world.send(honest, from("10.2.0.10", to)))).toBe(by);
      expect(ended(world.send(liar, from("10.2.0.10", to)))).toBe("GATEWAY_REJECTS_SPOOFED_TRAFFIC");
    }
  });
});

describe("11 virtual private gateways", () => {
  const HOST = "192.168.1.5";
  const wired = (...routes: readonly SiteRoute[]): Site => {
    const site = new Site();
    for (const [order, name] of ["office", "branch"].entries()) putSite(site, name, { order });
    putVpnGateway(site, routes);
    site.table("rtb", [route("0.0.0.0/0", "vgw")]);
    return site;
  };
  const sent = from("10.0.1.10", HOST);
  const chosen = (...routes: readonly SiteRoute[]): string => {
    const site = wired(...routes);
    const end = site.send(site.left, sent);
    return end.outcome === "site" ? end.site.id : ended(end);
  };
  const told = (cidr: string, connection: string, more: Partial<SiteRoute> = {}): SiteRoute =>
    siteRoute(cidr, connection, { origin: "propagated-vpn", ...more });

  test("11.1 one takes IPv4 of its VPC's interfaces, to blocks that a connection is known to lead to", () => {
    expect(chosen(siteRoute(OFFICE, "office"))).toBe("office");
    expect(chosen(siteRoute("172.16.0.0/12", "office"))).toBe("NO_ROUTE_TO_DESTINATION");
    const site = wired(siteRoute(OFFICE, "office"));
    const forwarder = site.host("10.0.1.66", "box", ["sg-open"], false);
    expect(site.end(forwarder, from("10.0.1.99", HOST))).toBe("VGW_PRIVATE_IP_ASSOCIATION_FOR_EGRESS");
    const office = site.fabric.vpns.site("office");
    const end = (destination: string) => site.fabric.trace(office, from(HOST, destination), site.now).end;
    expect(ended(end("10.0.1.99"))).toBe("VGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS");
    site.fabric.putVpc({ id: "vpc", blocks: [block("10.0.0.0/16"), block("2001:db8::/56")] });
    site.fabric.putNetworkAcl("acl", [leaving(100, true, all, -1, -1, "::/0")]);
    site.group("sg-six", outbound(all, -1, -1, "::/0"));
    const six = site.host("2001:db8::5", "six", ["sg-six"]);
    site.table("rtb", [route("::/0", "vgw")]);
    expect(site.end(six, from("2001:db8::5", "2600::1"))).toBe("PROTOCOL_RESTRICTION");
  });

  test("11.2 what comes from a customer is delivered whatever the subnet's routes; only an answer needs one", () => {
    const site = wired(siteRoute(OFFICE, "office"));
    site.table("rtb", []);
    const asked = site.fabric.trace(site.fabric.vpns.site("office"), from(HOST, "10.0.1.10"), site.now).end;
    expect(ended(asked)).toBe("left");
    expect(site.end(site.left, back(asked.packet))).toBe("NO_ROUTE_TO_DESTINATION");
    site.table("rtb", [route(OFFICE, "vgw")]);
    expect(site.send(site.left, back(asked.packet)).outcome).toBe("site");
  });

  test("11.3 the longest block wins, then what is written down, the shorter path, the lower MED, the older", () => {
    expect(chosen(siteRoute(OFFICE, "office"), told("192.168.1.0/24", "branch"))).toBe("branch");
    expect(chosen(told(OFFICE, "office"), siteRoute(OFFICE, "branch"))).toBe("branch");
    expect(chosen(told(OFFICE, "office", { pathLength: 2 }), told(OFFICE, "branch", { pathLength: 1 }))).toBe(
      "branch",
    );
    expect(chosen(told(OFFICE, "office", { discriminator: 2 }), told(OFFICE, "branch"))).toBe("branch");
    expect(chosen(told(OFFICE, "branch"), told(OFFICE, "office"))).toBe("branch");
  });
});

describe("11 dedicated lines, and several ways", () => {
  const HOST = "192.168.1.5";
  const told = (connection: string, more: Partial<SiteRoute> = {}): SiteRoute =>
    siteRoute(OFFICE, connection, { origin: "propagated-vpn", ...more });
  const direct = (connection: string, more: Partial<SiteRoute> = {}): SiteRoute =>
    told(`dxvif-${connection}`, { origin: "propagated-direct-connect", shared: true, ...more });

  /** Sites `one` and `two` at lines of a virtual private gateway, and `office` at a connection of it. */
  function lined(routes: readonly SiteRoute[], settings: VirtualInterfaceSettings = {}): Site {
    const site = new Site();
    putSite(site, "office");
    for (const name of ["one", "two"]) putLine(site, name, settings);
    putVpnGateway(site, routes);
    site.table("rtb", [route(OFFICE, "vgw", { origin: "propagated-direct-connect" })]);
    return site;
  }
  const putLine = ({ fabric }: World, name: string, settings: VirtualInterfaceSettings = {}): void =>
    fabric.vpns.putSite({
      id: name,
      name,
      blocks: [block(OFFICE)],
      lines: [{ id: `dxvif-${name}`, gateway: "vgw", ...settings }],
    });
  /** Whom the flows of one host to another get to. */
  const reached = (site: World, port: Port, source = "10.0.1.10"): Set<string> =>
    new Set(
      Array.from({ length: 32 }, (_, i) => {
        const end = site.send(port, from(source, HOST, { sourcePort: 40_000 + i }));
        return end.outcome === "site" ? end.site.id : ended(end);
      }),
    );
  const chosen = (...routes: readonly SiteRoute[]): Set<string> => {
    const site = lined(routes);
    return reached(site, site.left);
  };

  test("11.3 Direct Connect comes before what is written down, and that before what BGP tells over VPN", () => {
    const written = siteRoute(OFFICE, "office");
    expect(chosen(written, direct("one", { pathLength: 9 }))).toEqual(new Set(["one"]));
    expect(chosen(siteRoute("192.168.1.0/24", "office"), direct("one"))).toEqual(new Set(["office"]));
  });

  test("11.3 a virtual private gateway uses one tunnel, a transit gateway with ECMP all of them", () => {
    const tunnels = [1, 2].map((n) => ({ outside: ip(`52.99.0.${n}`), site: "office" }));
    const used = (shared: boolean): number => {
      const site = lined([told("office")]);
      const everything = block("0.0.0.0/0");
      const blocks = { local: everything, remote: everything };
      site.fabric.vpns.putConnection({ id: "office", order: 1, gateway: "vgw", tunnels, shared, ...blocks });
      const steps = Array.from({ length: 32 }, (_, i) =>
        site
          .trace(site.left, from("10.0.1.10", HOST, { sourcePort: 40_000 + i }))
          .steps.flatMap(({ ground }) => (ground?.kind === "tunnel" ? formatIp(ground.outside) : [])),
      );
      return new Set(steps.flat()).size;
    };
    expect([used(false), used(true)]).toEqual([1, 2]);
  });

  test("11.4 a community says which line comes first, before the length of the path; equal lines share the flows", () => {
    expect(chosen(direct("one"), direct("two"))).toEqual(new Set(["one", "two"]));
    const high = direct("two", { localPreference: 3, pathLength: 9 });
    expect(chosen(direct("one", { localPreference: 2 }), high)).toEqual(new Set(["two"]));
    expect(chosen(direct("one", { localPreference: 1 }), direct("two", { localPreference: 2 }))).toEqual(
      new Set(["two"]),
    );
    expect(chosen(direct("one", { pathLength: 2 }), direct("two"))).toEqual(new Set(["two"]));
  });

  test("11.4 a site is told of a VPC as a whole, and only if that is allowed", () => {
    for (const [allowed, end] of [
      [undefined, "left"],
      ["10.0.0.0/15", "left"],
      ["10.0.0.0/24", "NO_ROUTE_TO_DESTINATION"],
    ] as const) {
      const site = lined([direct("one")], { allowed: allowed === undefined ? undefined : [block(allowed)] });
      const sent = from(HOST, "10.0.1.10");
      expect(ended(site.fabric.trace(site.fabric.vpns.site("one"), sent, site.now).end)).toBe(end);
    }
  });

  test("11.4 by a transit gateway, what is allowed is what the site is told, whatever is there", () => {
    const world = new Transit();
    world.lead(["10.1.0.0/16", "1"], [OFFICE, "at-dx"]);
    const attach = (allowed?: readonly string[]) => {
      const lines = [{ id: "dxvif-one", gateway: undefined, allowed: allowed?.map(block) }];
      world.fabric.vpns.putSite({ id: "one", name: "one", blocks: [block(OFFICE)], lines });
      const attachment = { gateway: "tgw", table: "main", live: true, connection: "dxvif-one" };
      world.fabric.vpns.putAttachment({ ...attachment, id: "at-dx", beyond: "virtual-interface" });
      const site = world.fabric.vpns.site("one");
      return (to: string) => ended(world.fabric.trace(site, from(HOST, to), world.now).end);
    };
    expect(attach(["10.1.0.0/16"])("10.1.0.10")).toBe("host-a-1");
    expect(attach(["10.1.0.0/24"])("10.1.0.10")).toBe("host-a-1");
    expect(attach(["10.2.0.0/16"])("10.1.0.10")).toBe("NO_ROUTE_TO_DESTINATION");
    attach(["10.0.0.0/8"]);
    const astray = from(HOST, "10.9.0.10");
    const { steps } = world.fabric.trace(world.fabric.vpns.site("one"), astray, world.now);
    expect(steps.map(({ component }) => component.id)).toContain("at-dx");
    const host = world.fabric.ports.get("host-a-1");
    if (!host) throw new Error("no host");
    expect(reached(world, host, "10.1.0.10")).toEqual(new Set(["one"]));
  });

  test("11.4 a line leads from no gateway to another one", () => {
    const world = new World(["vpc", "other"]);
    const here = world.port("here", { addresses: ["10.0.1.5"] });
    for (const [gateway, vpc] of [
      ["vgw", "vpc"],
      ["vgw-2", "other"],
    ] as const) {
      putVpnGateway(world, [siteRoute("0.0.0.0/0", "dxvif-1"), siteRoute("0.0.0.0/0", "dxvif-2")], {
        id: gateway,
        vpc,
      });
    }
    world.fabric.vpns.putSite({
      id: "one",
      name: "one",
      blocks: [block(OFFICE)],
      lines: [
        { id: "dxvif-1", gateway: "vgw" },
        { id: "dxvif-2", gateway: "vgw-2" },
      ],
    });
    world.table("rtb", [route("0.0.0.0/0", "vgw")]);
    expect(ended(world.send(here, from("10.0.1.5", "10.9.0.5")))).toBe("NO_POSSIBLE_DESTINATION");
  });
});

describe("12 length, time to live, rates", () => {
  test("12.1 9,001 bytes in a VPC, 1,500 through an internet gateway: more is dropped and told, or fragmented", () => {
    const site = new Site();
    site.table("rtb", [route("0.0.0.0/0", "igw")]);
    site.publish("52.0.0.1", site.left);
    expect(site.end(site.left, { ...across, length: 9001 })).toBe("far");
    expect(site.end(site.left, { ...across, length: 9002 })).toBe("FRAGMENTATION_NEEDED");
    const long = (dontFragment: boolean) => from("10.0.1.10", SERVER, { length: 1501, dontFragment });
    expect(site.end(site.left, long(false))).toBe("outside");
    const { back: told } = exchange(site.fabric, site.left, long(true), site.now);
    expect(told?.end).toMatchObject({ outcome: "delivered", packet: { protocol: icmp, type: 3, code: 4 } });
    const { world, six } = sixWorld();
    const sent = from("2001:db8::10", "2600::1", { length: 1501, dontFragment: false });
    const { back: tooBig } = exchange(world.fabric, six, sent, world.now);
    expect(tooBig?.end.packet).toMatchObject({ protocol: ICMPV6, type: 2 });
  });

  test("12.1 1,446 bytes over VPN; 1,500 over a dedicated line, or 9,001 by a route that was learned", () => {
    const end = (mtu: number | undefined, origin: Route["origin"], length: number): string => {
      const site = new Site();
      putSite(site, "office");
      const lines = [{ id: "dxvif", gateway: "vgw", mtu }];
      site.fabric.vpns.putSite({ id: "hq", name: "hq", blocks: [block(OFFICE)], lines });
      const direct = { origin: "propagated-direct-connect" } as const;
      putVpnGateway(site, [siteRoute("192.168.1.0/24", "office"), siteRoute(OFFICE, "dxvif", direct)]);
      site.table("rtb", [route(OFFICE, "vgw", { origin })]);
      const to = origin === "propagated-vpn" ? "192.168.1.5" : "192.168.9.5";
      const sent = site.send(site.left, from("10.0.1.10", to, { length }));
      return sent.outcome === "site" ? sent.site.id : ended(sent);
    };
    const learned = "propagated-direct-connect";
    for (const [mtu, origin, most, name] of [
      [undefined, "propagated-vpn", 1446, "office"],
      [undefined, learned, 1500, "hq"],
      [8500, learned, 8500, "hq"],
      [9001, learned, 9001, "hq"],
      [9001, "static", 1500, "hq"],
    ] as const) {
      expect([end(mtu, origin, most), end(mtu, origin, most + 1)]).toEqual([name, "FRAGMENTATION_NEEDED"]);
    }
  });

  test("12.1 the notice is let in by the group of a tracked flow, but by an ACL only if that allows it", () => {
    const site = new Site();
    site.table("rtb", [route("0.0.0.0/0", "igw")]);
    site.publish("52.0.0.1", site.left);
    site.group("sg-out", outbound(tcp, 443, 443, `${SERVER}/32`));
    site.host("10.0.1.10", "left", ["sg-out"]);
    site.publish("52.0.0.1", site.left);
    const sent = from("10.0.1.10", SERVER, { destinationPort: 443 });
    expect(site.end(site.left, sent)).toBe("outside");
    const about = site.send(site.left, sent).packet;
    const notice = errorAbout(about, ip("198.51.100.1"), FRAGMENTATION_NEEDED);
    const told = (packet: Packet | undefined) => packet && ended(site.trace(undefined, packet).end);
    expect(told(notice)).toBe("left");
    site.fabric.putNetworkAcl(
      "acl",
      openAcl.filter(({ egress }) => egress),
    );
    expect(told(notice)).toBe("SUBNET_ACL_RESTRICTION");
    site.fabric.putNetworkAcl("acl", [
      ...openAcl.filter(({ egress }) => egress),
      entering(1, true, icmp, 3, 4, "0.0.0.0/0"),
    ]);
    expect(told(notice)).toBe("left");
  });

  test("12.2 the VPC's router takes nothing of the time to live", () => {
    const site = new Site();
    const { end } = site.trace(site.left, { ...across, ttl: 1 });
    expect([ended(end), end.packet.ttl]).toEqual(["far", 1]);
  });

  test("12.3 link-local services take 1,024 packets a second of an interface", () => {
    const site = new Site();
    const ask = () => site.end(site.left, from("10.0.1.10", "169.254.169.253"));
    const said = Array.from({ length: 1025 }, ask);
    expect([said.indexOf("LINK_LOCAL_RATE_EXCEEDED"), said.length]).toEqual([1024, 1025]);
    site.now += 1000;
    expect(ask()).toBe("dns");
  });
});
