import { describe, expect, test } from "vitest";
import { block } from "../../network/ip.ts";
import { discover, ROUTER_MAC } from "../../network/neighbours.ts";
import {
  address,
  all,
  anyIn,
  back,
  ended,
  entering,
  from,
  icmp,
  leaving,
  passed,
  route,
  tcp,
  udp,
  World,
} from "./world.ts";

/** Three instances: `left` and `right` in one subnet, `far` in another. */
function three() {
  const world = new World();
  const left = world.port("left", { addresses: ["10.0.1.10"] });
  const right = world.port("right", { addresses: ["10.0.1.20"] });
  const far = world.port("far", { addresses: ["10.0.2.30"], subnet: "b" });
  return { world, fabric: world.fabric, left, right, far };
}

const sent = from("10.0.1.10", "10.0.1.20");

describe("the order of the way", () => {
  test("within a subnet: interface, groups, groups, interface", () => {
    const { world, left } = three();
    expect(passed(world.trace(left, sent))).toEqual([
      "network-interface",
      "security-group",
      "security-group",
      "network-interface",
    ]);
  });

  test("between subnets the ACLs and the route table come in between", () => {
    const { world, left } = three();
    expect(passed(world.trace(left, from("10.0.1.10", "10.0.2.30")))).toEqual([
      "network-interface",
      "security-group",
      "network-acl",
      "route-table",
      "network-acl",
      "security-group",
      "network-interface",
    ]);
  });

  test("what drops a packet is the last thing on its way", () => {
    const { world, fabric, left } = three();
    fabric.putNetworkAcl("acl", [leaving(1, true, all, -1, -1, "0.0.0.0/0")]);
    const { steps, end } = world.trace(left, from("10.0.1.10", "10.0.2.30"));
    expect(steps.at(-1)).toMatchObject({
      component: { id: "acl" },
      direction: "ingress",
      reason: ended(end),
    });
    expect(steps.slice(0, -1).every(({ reason }) => reason === undefined)).toBe(true);
  });

  test("listeners hear every step, whoever sends, and change nothing", () => {
    const { world, fabric, left } = three();
    const quiet = world.send(left, sent);
    const heard: string[] = [];
    fabric.observers.add(({ component }) => heard.push(component.kind));
    expect(world.send(left, sent)).toEqual(quiet);
    expect(heard).toHaveLength(4);
    world.trace(left, sent);
    expect(heard).toHaveLength(8);
  });
});

describe("running instances only", () => {
  test("a stopped one takes no packets and gives none", () => {
    const { world, left } = three();
    const right = world.port("right", { addresses: ["10.0.1.20"], live: false });
    expect(ended(world.send(left, sent))).toBe("BAD_STATE");
    expect(ended(world.send(right, back(sent)))).toBe("BAD_STATE");
  });

  test("a removed interface is nowhere, and its address may be another's", () => {
    const { world, fabric, left } = three();
    fabric.removePort("right");
    expect(ended(world.send(left, sent))).toBe("NO_POSSIBLE_DESTINATION");
    world.port("heir", { addresses: ["10.0.1.20"] });
    expect(ended(world.send(left, sent))).toBe("heir");
  });

  test("a secondary address moves from one interface to another in either order", () => {
    const { world, left } = three();
    world.port("right", { addresses: ["10.0.1.20", "10.0.1.99"] });
    world.port("heir", { addresses: ["10.0.1.40", "10.0.1.99"] });
    world.port("right", { addresses: ["10.0.1.20"] });
    expect(ended(world.send(left, from("10.0.1.10", "10.0.1.99")))).toBe("heir");
  });
});

describe("anti-spoofing", () => {
  test("P1 a frame with another's MAC address as source is dropped, be the source/destination check on or off", () => {
    const { world, right } = three();
    for (const check of [true, false]) {
      const left = world.port("left", { addresses: ["10.0.1.10"], check });
      expect(ended(world.send(left, sent, { sourceMac: right.mac }))).toBe("SPOOFED_MAC");
      expect(ended(world.send(left, sent, { sourceMac: left.mac }))).toBe("right");
    }
  });

  test("P2 another's IP address as source is dropped while the check is on; a delegated prefix is one's own", () => {
    const { world, left } = three();
    const spoofed = from("10.0.1.99", "10.0.1.20");
    expect(world.send(left, spoofed)).toMatchObject({
      reason: "ENI_SOURCE_DEST_CHECK_RESTRICTION",
      direction: "egress",
    });
    world.port("left", { addresses: ["10.0.1.10"], check: false });
    expect(ended(world.send(left, spoofed))).toBe("right");
    world.port("left", { addresses: ["10.0.1.10"], prefixes: ["10.0.1.96/28"] });
    expect(ended(world.send(left, spoofed))).toBe("right");
  });

  test("P3 another's IP address as destination is dropped while the check is on", () => {
    const { world, left, right } = three();
    const astray = from("10.0.1.10", "198.51.100.7");
    const frame = { destinationMac: right.mac };
    expect(world.send(left, astray, frame)).toMatchObject({
      reason: "ENI_SOURCE_DEST_CHECK_RESTRICTION",
      direction: "ingress",
      component: { id: "right" },
    });
    world.port("right", { addresses: ["10.0.1.20"], check: false });
    expect(ended(world.send(left, astray, frame))).toBe("right");
  });

  test("P4 a frame reaches the interface that has its destination MAC address, and none else", () => {
    const { world, fabric, left, right, far } = three();
    const reached = new Set<string>();
    fabric.observers.add(({ component, direction }) => {
      if (component.kind === "network-interface" && direction === "ingress") reached.add(component.id);
    });
    world.port("snooper", { addresses: ["10.0.1.30"], check: false });
    expect(ended(world.send(left, sent, { destinationMac: right.mac }))).toBe("right");
    expect(ended(world.send(left, sent, { destinationMac: "0a:ff:ff:ff:ff:ff" }))).toBe("UNKNOWN_MAC");
    // Another subnet's interfaces are not on this link.
    expect(ended(world.send(left, sent, { destinationMac: far.mac }))).toBe("UNKNOWN_MAC");
    expect([...reached]).toEqual(["right"]);
  });

  test.each(["255.255.255.255", "10.0.1.255", "224.0.0.251", "239.1.2.3"])(
    "P5 nobody gets what is sent to %s",
    (to) => {
      const { world, left } = three();
      expect(ended(world.send(left, from("10.0.1.10", to, { protocol: udp })))).toBe("NO_BROADCAST");
    },
  );

  test("P6 claims change nothing: an address leads where it is assigned", () => {
    const { world, left, right } = three();
    const thief = world.port("thief", { addresses: ["10.0.1.66"] });
    for (const mac of [thief.mac, right.mac]) {
      const claim = {
        kind: "claim",
        mac,
        address: address("10.0.1.20"),
        target: address("10.0.1.20"),
      } as const;
      expect(discover(thief, claim)).toBeUndefined();
    }
    const ownClaim = { kind: "claim", mac: thief.mac, address: address("10.0.1.66") } as const;
    expect(discover(thief, { ...ownClaim, target: address("10.0.1.20") })).toBeUndefined();
    const question = { kind: "request", mac: left.mac, address: address("10.0.1.10") } as const;
    expect(discover(left, { ...question, target: address("10.0.1.20") })).toBe(right.mac);
    expect(ended(world.send(left, sent))).toBe("right");
  });

  test("P7 a VPC's packets stay in it, though another one has the same addresses", () => {
    const world = new World(["vpc", "other"]);
    const here = world.port("here", { addresses: ["10.0.1.10"] });
    world.port("there", { addresses: ["10.0.1.20"], subnet: "other-a" });
    const twin = world.port("twin", { addresses: ["10.0.1.10"], subnet: "other-a" });
    expect(ended(world.send(here, sent))).toBe("NO_POSSIBLE_DESTINATION");
    expect(ended(world.send(twin, sent))).toBe("there");
    // A route cannot lead to another VPC's interface or gateway either.
    world.table("rtb", [route("0.0.0.0/0", "there"), route("192.0.2.0/24", "other-igw")]);
    expect(ended(world.send(here, from("10.0.1.10", "198.51.100.1")))).toBe("BAD_STATE_ROUTE");
    expect(ended(world.send(here, from("10.0.1.10", "192.0.2.1")))).toBe("BAD_STATE_ROUTE");
  });
});

describe("neighbours", () => {
  test("the infrastructure answers: a neighbour's own MAC address, the router's for .1, nothing for nobody", () => {
    const { left, right } = three();
    const ask = (target: string, mac = left.mac, own = "10.0.1.10") =>
      discover(left, { kind: "request", mac, address: address(own), target: address(target) });
    expect(ask("10.0.1.20")).toBe(right.mac);
    expect(ask("10.0.1.1")).toBe(ROUTER_MAC);
    expect(ask("10.0.1.77")).toBeUndefined();
    expect(ask("10.0.2.30")).toBeUndefined();
    // Nobody hears a question under another's name.
    expect(ask("10.0.1.20", right.mac)).toBeUndefined();
    expect(ask("10.0.1.20", left.mac, "10.0.1.66")).toBeUndefined();
  });

  test("a frame to another interface's MAC address passes no route table, one to the router's does", () => {
    const { world, left } = three();
    world.table("rtb", [route("0.0.0.0/0", "igw")]);
    const nat = world.port("nat", { addresses: ["10.0.1.40"], check: false });
    const out = from("10.0.1.10", "93.184.215.14");
    expect(ended(world.send(left, out, { destinationMac: nat.mac }))).toBe("nat");
    expect(ended(world.send(left, out, { destinationMac: ROUTER_MAC }))).toBe(
      "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS",
    );
  });

  test("what goes by the router to one's own subnet comes back without passing the ACL", () => {
    const { world, fabric, left } = three();
    fabric.putNetworkAcl("acl", []);
    expect(ended(world.send(left, sent, { destinationMac: ROUTER_MAC }))).toBe("right");
  });
});

describe("the infrastructure's own services", () => {
  test.each([
    ["169.254.169.254", "instance-metadata"],
    ["169.254.169.253", "dns"],
    ["10.0.0.2", "dns"],
    ["169.254.169.123", "time"],
    ["169.254.169.250", "windows-activation"],
    ["169.254.170.2", "task-metadata"],
    ["10.0.1.1", "router"],
  ])("%s: %s, whatever groups, ACLs and routes say", (to, service) => {
    const { world, fabric } = three();
    fabric.putSecurityGroup("sg-none", []);
    fabric.putNetworkAcl("acl", []);
    const left = world.port("left", { addresses: ["10.0.1.10"], groups: ["sg-none"] });
    expect(ended(world.send(left, from("10.0.1.10", to, { protocol: udp })))).toBe(service);
  });

  test("DHCP is the one broadcast that is answered, from no address", () => {
    const { world, left } = three();
    const discoverIt = { protocol: udp, sourcePort: 68, destinationPort: 67 };
    expect(ended(world.send(left, from("0.0.0.0", "255.255.255.255", discoverIt)))).toBe("dhcp");
  });

  test("Amazon's DNS server answers only where the VPC has it", () => {
    const { world, fabric, left } = three();
    fabric.putVpc({ id: "vpc", blocks: [block("10.0.0.0/16")], dns: false });
    for (const to of ["10.0.0.2", "169.254.169.253"]) {
      expect(world.send(left, from("10.0.1.10", to, { protocol: udp })).outcome).toBe("dropped");
    }
  });

  test("1,024 packets a second from an interface, and no more", () => {
    const { world, left, right } = three();
    const ask = () => ended(world.send(left, from("10.0.1.10", "169.254.169.254")));
    for (let i = 0; i < 1024; i++) expect(ask()).toBe("instance-metadata");
    expect(ask()).toBe("LINK_LOCAL_RATE_EXCEEDED");
    expect(ended(world.send(right, from("10.0.1.20", "169.254.169.254")))).toBe("instance-metadata");
    world.now += 1000;
    expect(ask()).toBe("instance-metadata");
  });

  test("in IPv6 too", () => {
    const { world, fabric } = three();
    fabric.putVpc({ id: "vpc", blocks: ["10.0.0.0/16", "2001:db8::/56"].map(block) });
    world.subnet("c", "2001:db8::/64");
    const six = world.port("six", { addresses: ["2001:db8::10"], subnet: "c" });
    for (const [to, service] of [
      ["fd00:ec2::254", "instance-metadata"],
      ["fd00:ec2::253", "dns"],
      ["fd00:ec2::123", "time"],
    ] as const) {
      expect(ended(world.send(six, from("2001:db8::10", to)))).toBe(service);
    }
    const solicitation = { protocol: 58, type: 135, sourcePort: 0, destinationPort: 0 };
    expect(ended(world.send(six, from("2001:db8::10", "ff02::1:ff00:20", solicitation)))).toBe(
      "neighbour-discovery",
    );
    expect(ended(world.send(six, from("2001:db8::10", "ff02::1")))).toBe("NO_BROADCAST");
    expect(ended(world.send(six, from("2001:db8::10", "fd00:ec2::77")))).not.toBe("outside");
  });
});

describe("a NAT instance", () => {
  test("forwards with its check off: out under its own address, and the answer back", () => {
    const world = new World();
    world.table("rtb", [route("0.0.0.0/0", "nat")]);
    world.table("public", [route("0.0.0.0/0", "igw")]);
    world.subnet("b", "10.0.2.0/24", { table: "public" });
    const left = world.port("left", { addresses: ["10.0.1.10"] });
    const nat = world.port("nat", { addresses: ["10.0.2.10"], subnet: "b", check: false });
    world.publish("52.0.0.1", nat);
    const arrived = world.send(left, from("10.0.1.10", "93.184.215.14"));
    expect(ended(arrived)).toBe("nat");
    const onward = world.send(nat, { ...arrived.packet, source: address("10.0.2.10") });
    expect(onward).toMatchObject({ outcome: "outside", packet: { source: address("52.0.0.1") } });
    const returned = world.trace(undefined, back(onward.packet)).end;
    expect(ended(returned)).toBe("nat");
    // With the destination restored, the source is not the NAT instance's own.
    expect(ended(world.send(nat, { ...returned.packet, destination: address("10.0.1.10") }))).toBe("left");
  });
});

describe("the reply trap", () => {
  test("groups let the answer out, a stateless ACL does not", () => {
    const { world, fabric, left, far } = three();
    fabric.putNetworkAcl("acl-b", [
      entering(1, true, tcp, 443, 443, "0.0.0.0/0"),
      leaving(1, true, tcp, 443, 443, "0.0.0.0/0"),
    ]);
    fabric.putSecurityGroup("sg-in", [anyIn]);
    world.subnet("b", "10.0.2.0/24", { acl: "acl-b" });
    world.port("far", { addresses: ["10.0.2.30"], subnet: "b", groups: ["sg-in"] });
    const request = from("10.0.1.10", "10.0.2.30");
    expect(ended(world.send(left, request))).toBe("far");
    expect(world.send(far, back(request))).toMatchObject({ component: { id: "acl-b" }, direction: "egress" });
    expect(ended(world.send(far, from("10.0.2.30", "10.0.1.10", { protocol: icmp })))).toBe(
      "SG_HAS_NO_RULES",
    );
  });
});
