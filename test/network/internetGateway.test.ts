import { describe, expect, test } from "vitest";
import { exchange } from "../../network/exchange.ts";
import { block } from "../../network/ip.ts";
import {
  address,
  anyOut,
  ended,
  entering,
  from,
  icmp,
  inbound,
  leaving,
  outbound,
  passed,
  route,
  tcp,
  World,
} from "./world.ts";

/** An instance with a public address, in a VPC whose main table leads to the internet. */
function online() {
  const world = new World();
  world.table("rtb", [route("0.0.0.0/0", "igw")]);
  const web = world.port("web", { addresses: ["10.0.1.10", "10.0.1.11"] });
  world.publish("52.0.0.1", web);
  return { world, fabric: world.fabric, web };
}

const out = from("10.0.1.10", "93.184.215.14");
const into = from("93.184.215.14", "52.0.0.1");

describe("translation", () => {
  test("out: the private address becomes its public one", () => {
    const { world, web } = online();
    expect(world.send(web, out)).toMatchObject({
      outcome: "outside",
      packet: { source: address("52.0.0.1"), destination: address("93.184.215.14") },
    });
  });

  test("in: the public address becomes the private one, which is all that the guest sees", () => {
    const { world } = online();
    expect(world.trace(undefined, into).end).toMatchObject({
      outcome: "delivered",
      port: { id: "web" },
      packet: { source: address("93.184.215.14"), destination: address("10.0.1.10") },
    });
  });

  test("each private address has a public one of its own, or none", () => {
    const { world, web } = online();
    const second = from("10.0.1.11", "93.184.215.14");
    expect(ended(world.send(web, second))).toBe("IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS");
    world.publish("52.0.0.2", web, "10.0.1.11");
    expect(world.send(web, second)).toMatchObject({ packet: { source: address("52.0.0.2") } });
    world.fabric.removePublicAddress(address("52.0.0.2"));
    expect(ended(world.send(web, second))).toBe("IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS");
  });

  test("one's own public address is reached by the gateway and back, and its groups see the public source", () => {
    const { world, fabric, web } = online();
    fabric.putSecurityGroup("sg-1", [anyOut, inbound(tcp, 443, 443, "52.0.0.1/32")]);
    world.port("web", { addresses: ["10.0.1.10", "10.0.1.11"], groups: ["sg-1"] });
    const { end, steps } = world.trace(web, from("10.0.1.10", "52.0.0.1"));
    expect(ended(end)).toBe("web");
    expect(end.packet).toMatchObject({ source: address("52.0.0.1"), destination: address("10.0.1.10") });
    expect(passed({ end, steps, sent: out }).filter((kind) => kind === "internet-gateway")).toHaveLength(2);
  });

  test("two VPCs with gateways reach each other by public addresses", () => {
    const { world, web } = online();
    world.vpc("other", "other-");
    const far = world.port("far", { addresses: ["10.0.1.10"], subnet: "other-a" });
    world.publish("52.0.0.9", far);
    expect(ended(world.send(web, from("10.0.1.10", "52.0.0.9")))).toBe("far");
  });

  test("IPv6 passes as it is", () => {
    const { world, fabric } = online();
    fabric.putVpc({ id: "vpc", blocks: ["10.0.0.0/16", "2001:db8::/56"].map(block) });
    fabric.putSecurityGroup("sg-6", [outbound(-1, -1, -1, "::/0"), inbound(tcp, 443, 443, "::/0")]);
    fabric.putNetworkAcl("acl", [
      entering(1, true, -1, -1, -1, "::/0"),
      leaving(1, true, -1, -1, -1, "::/0"),
    ]);
    world.subnet("c", "2001:db8::/64");
    world.table("rtb", [route("::/0", "igw")]);
    const six = world.port("six", { addresses: ["2001:db8::10"], subnet: "c", groups: ["sg-6"] });
    const sent = from("2001:db8::10", "2606:4700::1");
    expect(world.send(six, sent)).toMatchObject({ outcome: "outside", packet: sent });
    expect(ended(world.trace(undefined, from("2606:4700::1", "2001:db8::10")).end)).toBe("six");
    expect(ended(world.trace(undefined, from("2606:4700::1", "2001:db8::11")).end)).toBe(
      "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS",
    );
  });
});

describe("what it refuses", () => {
  test.each([
    ["10.1.0.1", "IGW_DESTINATION_ADDRESS_NOT_IN_RFC1918_EGRESS"],
    ["172.31.255.255", "IGW_DESTINATION_ADDRESS_NOT_IN_RFC1918_EGRESS"],
    ["192.168.0.1", "IGW_DESTINATION_ADDRESS_NOT_IN_RFC1918_EGRESS"],
    ["100.64.0.1", "IGW_DESTINATION_ADDRESS_NOT_IN_RFC6598_EGRESS"],
    ["172.32.0.1", "outside"],
    ["100.128.0.1", "outside"],
  ])("destination %s: %s", (destination, reason) => {
    const { world, web } = online();
    expect(ended(world.send(web, from("10.0.1.10", destination)))).toBe(reason);
  });

  test.each([
    ["10.1.0.1", "IGW_SOURCE_ADDRESS_NOT_IN_RFC1918_INGRESS"],
    ["100.127.255.255", "IGW_SOURCE_ADDRESS_NOT_IN_RFC6598_INGRESS"],
    ["100.128.0.1", "web"],
  ])("source %s: %s", (source, reason) => {
    const { world } = online();
    expect(ended(world.trace(undefined, from(source, "52.0.0.1")).end)).toBe(reason);
  });

  test("a public address that leads nowhere, or to a stopped instance", () => {
    const { world, fabric } = online();
    fabric.putPublicAddress({ address: address("52.0.0.7"), to: undefined });
    const reason = "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS";
    expect(ended(world.trace(undefined, from("93.184.215.14", "52.0.0.7")).end)).toBe(reason);
    world.port("web", { addresses: ["10.0.1.10"], live: false });
    expect(ended(world.trace(undefined, into).end)).toBe(reason);
  });

  test.each([
    ["52.0.0.0/24", "93.184.215.14", "52.0.0.1"],
    ["2001:db8::/48", "2606:4700::1", "2001:db8::10"],
  ])(
    "nothing: what is sent to %s, which is announced elsewhere, does not come here",
    (announced, source, to) => {
      const { world, fabric } = online();
      fabric.putVpc({ id: "vpc", blocks: ["10.0.0.0/16", "2001:db8::/56"].map(block) });
      const sent = from(source, to);
      expect(ended(world.trace(undefined, sent).end)).not.toBe("outside");
      fabric.internet.unannounced.set(block(announced), true);
      expect(ended(world.trace(undefined, sent).end)).toBe("outside");
      fabric.internet.unannounced.delete(block(announced));
      expect(ended(world.trace(undefined, sent).end)).not.toBe("outside");
    },
  );

  test("everything from outside while it is detached", () => {
    const { world, fabric } = online();
    fabric.putInternetGateway({ id: "igw", vpc: undefined, table: undefined });
    expect(ended(world.trace(undefined, into).end)).toBe("IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS");
  });

  test("a source that is none of the VPC's, from an interface whose check is off", () => {
    const { world } = online();
    const router = world.port("router", { addresses: ["10.0.1.30"], check: false });
    expect(ended(world.send(router, from("198.51.100.1", "93.184.215.14")))).toBe(
      "GATEWAY_REJECTS_SPOOFED_TRAFFIC",
    );
    // A firewall may forward another interface's packets.
    expect(world.send(router, out)).toMatchObject({ packet: { source: address("52.0.0.1") } });
  });
});

describe("what comes in", () => {
  test("reaches an instance whose subnet has no route back; the answer does not", () => {
    const { world, fabric } = online();
    world.table("rtb", []);
    fabric.listening.listen("i-web", tcp, 443);
    const { forward, back, learned } = exchange(fabric, undefined, into, world.now);
    expect(ended(forward.end)).toBe("web");
    expect(back && ended(back.end)).toBe("NO_ROUTE_TO_DESTINATION");
    expect(learned).toBe("nothing");
  });

  test("passes the ACL and the groups of the destination", () => {
    const { world, fabric } = online();
    expect(passed(world.trace(undefined, into))).toEqual([
      "internet-gateway",
      "network-acl",
      "security-group",
      "network-interface",
    ]);
    fabric.putNetworkAcl("acl", []);
    expect(ended(world.trace(undefined, into).end)).toBe("SUBNET_ACL_RESTRICTION");
  });

  test("is led by the gateway's own route table, if it has one", () => {
    const { world, fabric } = online();
    world.subnet("c", "10.0.3.0/24");
    world.port("firewall", { addresses: ["10.0.3.10"], subnet: "c", check: false });
    world.table("edge", [route("10.0.1.0/24", "firewall")], "vpc", false);
    fabric.putInternetGateway({ id: "igw", vpc: "vpc", table: "edge" });
    expect(ended(world.trace(undefined, into).end)).toBe("firewall");
    world.table("edge", []);
    expect(ended(world.trace(undefined, into).end)).toBe("web");
  });
});

describe("what is too long", () => {
  test("1500 bytes pass; more are dropped with an ICMP error to the sender, or fragmented if they may be", () => {
    const { world, fabric, web } = online();
    expect(ended(world.send(web, { ...out, length: 1500 }))).toBe("outside");
    expect(ended(world.send(web, { ...out, length: 1501, dontFragment: false }))).toBe("outside");
    const { forward, back, learned } = exchange(fabric, web, { ...out, length: 1501 }, world.now);
    expect(ended(forward.end)).toBe("FRAGMENTATION_NEEDED");
    expect(back?.end).toMatchObject({ outcome: "delivered", packet: { protocol: icmp, type: 3, code: 4 } });
    expect(learned).toBe("refusal");
  });

  test("the error passes the groups as a part of the flow, but the ACL only by an entry", () => {
    const { world, fabric } = online();
    fabric.putSecurityGroup("sg-1", [outbound(tcp, 443, 443, "93.184.0.0/16")]);
    const web = world.port("web", { addresses: ["10.0.1.10"], groups: ["sg-1"] });
    const long = { ...out, length: 1501 };
    expect(exchange(fabric, web, long, world.now).learned).toBe("refusal");
    const leave = leaving(1, true, -1, -1, -1, "0.0.0.0/0");
    fabric.putNetworkAcl("acl", [leave, entering(1, true, tcp, 0, 65_535, "0.0.0.0/0")]);
    expect(exchange(fabric, web, long, world.now).learned).toBe("nothing");
    fabric.putNetworkAcl("acl", [leave, entering(1, true, icmp, 3, 4, "0.0.0.0/0")]);
    expect(exchange(fabric, web, long, world.now).learned).toBe("refusal");
  });

  test("9001 bytes pass inside a VPC, more do not", () => {
    const { world, web } = online();
    world.port("other", { addresses: ["10.0.2.10"], subnet: "b" });
    const sent = from("10.0.1.10", "10.0.2.10");
    expect(ended(world.send(web, { ...sent, length: 9001 }))).toBe("other");
    expect(ended(world.send(web, { ...sent, length: 9002 }))).toBe("FRAGMENTATION_NEEDED");
  });

  test("a time to live that ends on the way is answered with time exceeded; the VPC itself takes none", () => {
    const { world, fabric, web } = online();
    world.port("other", { addresses: ["10.0.2.10"], subnet: "b" });
    expect(ended(world.send(web, from("10.0.1.10", "10.0.2.10", { ttl: 1 })))).toBe("other");
    // The error is translated on its way in, with what it is about: else the groups would not know the flow.
    fabric.putSecurityGroup("sg-1", [outbound(tcp, 443, 443, "93.184.0.0/16")]);
    world.port("web", { addresses: ["10.0.1.10"], groups: ["sg-1"] });
    const { back, learned } = exchange(fabric, web, { ...out, ttl: 1 }, world.now);
    expect(back?.end).toMatchObject({ outcome: "delivered", packet: { protocol: icmp, type: 11 } });
    expect(learned).toBe("refusal");
  });
});

describe("hosts outside", () => {
  test("answer, or do not", () => {
    const { world, fabric, web } = online();
    const { hosts } = fabric.internet;
    hosts.set(address("93.184.215.14"), {
      name: "example.com",
      address: address("93.184.215.14"),
      answers: true,
    });
    hosts.set(address("192.0.2.1"), { name: "silent", address: address("192.0.2.1"), answers: false });
    expect(exchange(fabric, web, out, world.now)).toMatchObject({
      forward: { end: { outcome: "outside", host: { name: "example.com" } } },
      learned: "answer",
    });
    expect(exchange(fabric, web, from("10.0.1.10", "192.0.2.1"), world.now).learned).toBe("nothing");
  });
});
