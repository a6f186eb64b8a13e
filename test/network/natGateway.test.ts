import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { exchange } from "../../network/exchange.ts";
import { block, formatIp, ip, plus } from "../../network/ip.ts";
import { NatGateway } from "../../network/natGateway.ts";
import { IDLE_SECONDS, MOST_CONNECTIONS, NatTranslations } from "../../network/natTranslations.ts";
import { ACK, FIN, ICMPV6, RST, SYN, packet, type Packet } from "../../network/packet.ts";
import type { Port } from "../../network/port.ts";
import {
  address,
  all,
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

const SERVER = "203.0.113.9";
const PUBLIC = "52.0.0.1";
const NAT = "10.0.2.5";

/** Subnet `b` is public, with a NAT gateway at 10.0.2.5; subnet `a`, with a client at 10.0.1.10, leads to that. */
class NatWorld extends World {
  readonly client: Port;

  constructor() {
    super();
    const { fabric } = this;
    this.table("rtb-public", [route("0.0.0.0/0", "igw")]);
    this.subnet("b", "10.0.2.0/24", { table: "rtb-public" });
    this.nat();
    this.publish(PUBLIC, this.natPort);
    this.table("rtb", [route("0.0.0.0/0", "nat")]);
    fabric.putSecurityGroup("sg-out", [outbound(all, -1, -1, "0.0.0.0/0"), outbound(all, -1, -1, "::/0")]);
    this.client = this.port("client", { addresses: ["10.0.1.10"], groups: ["sg-out"] });
  }

  get natPort(): Port {
    const port = this.fabric.ports.get("eni-nat");
    if (!port) throw new Error("no interface");
    return port;
  }

  nat(addresses = [NAT], { live = true, draining = [] as string[], subnet = "b" } = {}): void {
    this.fabric.putPort({
      id: "eni-nat",
      mac: "0a:00:00:00:01:00",
      subnet,
      addresses: addresses.map(ip),
      groups: [],
      sourceDestCheck: false,
      owner: undefined,
      live: true,
      filtered: false,
    });
    this.fabric.putNatGateway({ id: "nat", port: "eni-nat", live, draining: draining.map(ip) });
  }

  /** What came out on the internet. */
  out(port: Port, sent: Packet): Packet {
    const end = this.send(port, sent);
    if (end.outcome !== "outside") throw new Error(ended(end));
    return end.packet;
  }

  /** The packet that came back to somebody inside. */
  in(sent: Packet): { readonly to: string; readonly packet: Packet } {
    const { end } = this.trace(undefined, sent);
    return { to: ended(end), packet: end.packet };
  }
}

const show = ({ source, sourcePort, destination, destinationPort }: Packet): string =>
  `${formatIp(source)}:${sourcePort} → ${formatIp(destination)}:${destinationPort}`;

describe("a public NAT gateway", () => {
  test("source becomes the gateway's address, then its elastic address; the answer finds its way back", () => {
    const world = new NatWorld();
    const sent = from("10.0.1.10", SERVER);
    const there = world.trace(world.client, sent);
    expect(passed(there)).toEqual([
      "network-interface",
      "security-group",
      "network-acl",
      "route-table",
      "network-acl",
      "network-interface",
      "nat-gateway",
      "network-interface",
      "network-acl",
      "route-table",
      "internet-gateway",
      "internet",
    ]);
    expect(
      there.steps.filter(({ ground }) => ground?.kind === "translated").map((step) => show(step.packet)),
    ).toEqual([`${NAT}:1024 → ${SERVER}:443`, `${PUBLIC}:1024 → ${SERVER}:443`]);
    const answer = world.trace(undefined, back(there.end.packet));
    expect(ended(answer.end)).toBe("client");
    expect(show(answer.end.packet)).toBe(`${SERVER}:443 → 10.0.1.10:40000`);
    expect(passed(answer)).toEqual([
      "internet-gateway",
      "network-acl",
      "network-interface",
      "nat-gateway",
      "network-interface",
      "network-acl",
      "route-table",
      "network-acl",
      "security-group",
      "network-interface",
    ]);
  });

  test("pings are told apart by their identifier, and only answers come back", () => {
    const world = new NatWorld();
    const other = world.port("other", { addresses: ["10.0.1.11"], groups: ["sg-out"] });
    const ping = (source: string): Packet => from(source, SERVER, { protocol: icmp, type: 8, id: 7 });
    const first = world.out(world.client, ping("10.0.1.10"));
    const second = world.out(other, ping("10.0.1.11"));
    expect(first.id).not.toBe(second.id);
    const pong = world.in(back(second, { type: 0 }));
    expect([pong.to, pong.packet.id]).toEqual(["other", 7]);
    expect(world.in(back(first, { type: 8 })).to).toBe("UNSOLICITED");
    expect(world.in(back(first, { type: 0 })).to).toBe("client");
  });

  test("nothing else comes in: not to a free port, not from another host, not to the private address", () => {
    const world = new NatWorld();
    const sent = world.out(world.client, from("10.0.1.10", SERVER));
    const unasked = [
      from(SERVER, PUBLIC, { destinationPort: 22 }),
      back(sent, { source: ip("203.0.113.10") }),
      back(sent, { sourcePort: 444 }),
      back(sent, { protocol: udp, flags: 0 }),
    ];
    expect(unasked.map((each) => world.in(each).to)).toEqual(unasked.map(() => "UNSOLICITED"));
    expect(ended(world.send(world.client, from("10.0.1.10", NAT)))).toBe("UNSOLICITED");
    // Its elastic address is no way in either, not even by way of itself.
    expect(ended(world.send(world.client, from("10.0.1.10", PUBLIC)))).toBe("UNSOLICITED");
  });

  test("protocols other than TCP, UDP and ICMP are not translated", () => {
    const world = new NatWorld();
    const gre = from("10.0.1.10", SERVER, { protocol: 47, sourcePort: 0, destinationPort: 0 });
    expect(ended(world.send(world.client, gre))).toBe("PROTOCOL_RESTRICTION");
    const redirect = from("10.0.1.10", SERVER, { protocol: icmp, type: 5 });
    expect(ended(world.send(world.client, redirect))).toBe("PROTOCOL_RESTRICTION");
  });

  test("an elastic address leads out to another instance of the VPC, under the gateway's address", () => {
    const world = new NatWorld();
    const web = world.port("web", { addresses: ["10.0.2.80"], subnet: "b" });
    world.publish("52.0.0.2", web);
    const { end } = world.trace(world.client, from("10.0.1.10", "52.0.0.2"));
    expect([ended(end), show(end.packet)]).toEqual(["web", `${PUBLIC}:1024 → 10.0.2.80:443`]);
  });

  test("between subnets of the VPC the local route leads past it", () => {
    const world = new NatWorld();
    world.port("web", { addresses: ["10.0.2.80"], subnet: "b" });
    const { end } = world.trace(world.client, from("10.0.1.10", "10.0.2.80"));
    expect(show(end.packet)).toBe("10.0.1.10:40000 → 10.0.2.80:443");
  });

  test("takes nothing from other VPCs, and nothing while it is not there yet", () => {
    const world = new NatWorld();
    const forwarder = world.port("forwarder", { addresses: ["10.0.1.66"], check: false });
    expect(ended(world.send(forwarder, from("192.168.0.1", SERVER)))).toBe("outside");
    world.nat([NAT], { live: false });
    expect(ended(world.send(world.client, from("10.0.1.10", SERVER)))).toBe("BAD_STATE_ROUTE");
    expect(world.in(from(SERVER, PUBLIC)).to).toBe("UNSOLICITED");
    world.fabric.removeNatGateway("nat");
    expect(ended(world.send(world.client, from("10.0.1.10", SERVER)))).toBe("BAD_STATE_ROUTE");
  });

  test("two that lead to each other do not turn a packet for ever", () => {
    const world = new NatWorld();
    world.table("rtb-public", [route("0.0.0.0/0", "nat")]);
    expect(ended(world.send(world.client, from("10.0.1.10", SERVER)))).toBe("TIME_EXCEEDED");
  });
});

describe("the gateway's subnet", () => {
  test("its network ACL guards both ways in and both ways out", () => {
    const world = new NatWorld();
    const acl = (...entries: ReturnType<typeof entering>[]): void => {
      world.fabric.putNetworkAcl("acl-nat", entries);
      world.subnet("b", "10.0.2.0/24", { acl: "acl-nat", table: "rtb-public" });
    };
    const send = (): string => ended(world.send(world.client, from("10.0.1.10", SERVER)));
    acl(leaving(100, true, all, -1, -1, "0.0.0.0/0"));
    expect(send()).toBe("SUBNET_ACL_RESTRICTION");
    acl(entering(100, true, tcp, 443, 443, "10.0.0.0/16"));
    expect(send()).toBe("SUBNET_ACL_RESTRICTION");
    acl(entering(100, true, tcp, 443, 443, "10.0.0.0/16"), leaving(100, true, tcp, 443, 443, "0.0.0.0/0"));
    expect(send()).toBe("outside");
    const sent = world.out(world.client, from("10.0.1.10", SERVER));
    expect(world.in(back(sent)).to).toBe("SUBNET_ACL_RESTRICTION");
    // "NAT gateways use ports 1024–65535."
    acl(
      entering(100, true, tcp, 443, 443, "10.0.0.0/16"),
      leaving(100, true, tcp, 443, 443, "0.0.0.0/0"),
      entering(110, true, tcp, 1024, 65_535, "0.0.0.0/0"),
    );
    expect(world.in(back(sent)).to).toBe("SUBNET_ACL_RESTRICTION");
    acl(...openAcl);
    expect(world.in(back(sent)).to).toBe("client");
  });

  test("who is in it reaches the gateway without crossing its border", () => {
    const world = new NatWorld();
    world.subnet("b", "10.0.2.0/24", { table: "rtb" });
    const near = world.port("near", { addresses: ["10.0.2.20"], subnet: "b" });
    const { steps } = world.trace(near, from("10.0.2.20", SERVER));
    const gateway = steps.findIndex(({ component }) => component.kind === "nat-gateway");
    expect(steps.slice(0, gateway).map(({ component }) => component.kind)).not.toContain("network-acl");
  });

  test("its routes lead on: without one to the internet the gateway is of no use", () => {
    const world = new NatWorld();
    world.table("rtb-public", []);
    expect(ended(world.send(world.client, from("10.0.1.10", SERVER)))).toBe("NO_ROUTE_TO_DESTINATION");
  });

  test("a private gateway's packets do not pass the internet gateway", () => {
    const world = new NatWorld();
    world.fabric.removePublicAddress(ip(PUBLIC));
    expect(ended(world.send(world.client, from("10.0.1.10", SERVER)))).toBe(
      "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS",
    );
  });
});

describe("time", () => {
  test("after 350 idle seconds the sender is told with a reset, and the answer is not let in", () => {
    const world = new NatWorld();
    const sent = from("10.0.1.10", SERVER);
    const seen = world.out(world.client, sent);
    world.in(back(seen));
    world.now += 1000 * IDLE_SECONDS - 1;
    expect(ended(world.send(world.client, { ...sent, flags: ACK }))).toBe("outside");
    world.now += 1000 * IDLE_SECONDS;
    const late = exchange(world.fabric, world.client, { ...sent, flags: ACK }, world.now);
    expect([ended(late.forward.end), late.learned]).toEqual(["NAT_CONNECTION_UNKNOWN", "refusal"]);
    expect(late.back?.end).toMatchObject({ outcome: "delivered", port: world.client });
    expect(late.back?.sent).toMatchObject({
      flags: RST,
      source: ip(SERVER),
      sourcePort: 443,
      destinationPort: 40_000,
    });
    expect(world.in(back(seen)).to).toBe("UNSOLICITED");
    // A reset is answered with nothing.
    const reset = exchange(world.fabric, world.client, { ...sent, flags: RST }, world.now);
    expect(reset.back).toBeUndefined();
  });

  test("a connection that both sides have ended, or one has reset, is soon forgotten", () => {
    const world = new NatWorld();
    const sent = from("10.0.1.10", SERVER);
    const seen = world.out(world.client, sent);
    world.out(world.client, { ...sent, flags: FIN | ACK });
    expect(world.in(back(seen, { flags: FIN | ACK })).to).toBe("client");
    world.now += 61_000;
    expect(ended(world.send(world.client, { ...sent, flags: ACK }))).toBe("NAT_CONNECTION_UNKNOWN");
    const again = world.out(world.client, sent);
    expect(world.in(back(again, { flags: RST | ACK })).to).toBe("client");
    expect(world.in(back(again)).to).toBe("UNSOLICITED");
  });

  test("UDP needs no handshake: a packet after the timeout begins anew", () => {
    const world = new NatWorld();
    const sent = from("10.0.1.10", SERVER, { protocol: udp, flags: 0 });
    const seen = world.out(world.client, sent);
    world.now += 1000 * IDLE_SECONDS;
    expect(world.in(back(seen, { flags: 0 })).to).toBe("UNSOLICITED");
    expect(world.in(back(world.out(world.client, sent), { flags: 0 })).to).toBe("client");
  });

  test("a hop: time to live runs out there", () => {
    const world = new NatWorld();
    expect(world.out(world.client, from("10.0.1.10", SERVER, { ttl: 9 })).ttl).toBe(8);
    const short = exchange(world.fabric, world.client, from("10.0.1.10", SERVER, { ttl: 1 }), world.now);
    expect([ended(short.forward.end), short.learned]).toEqual(["TIME_EXCEEDED", "refusal"]);
    expect(short.back?.end.packet.source).toBe(ip(NAT));
  });
});

describe("what the way says of a translated packet comes back to its sender", () => {
  test("from the internet: time to live", () => {
    const world = new NatWorld();
    const { back: told, learned } = exchange(
      world.fabric,
      world.client,
      from("10.0.1.10", SERVER, { ttl: 2 }),
      world.now,
    );
    expect([told && ended(told.end), learned]).toEqual(["client", "refusal"]);
    expect(told?.end.packet.about).toMatchObject({ source: ip("10.0.1.10"), sourcePort: 40_000 });
  });

  test("from the internet gateway: too long", () => {
    const world = new NatWorld();
    const long = from("10.0.1.10", SERVER, { length: 1501 });
    const { forward, back: told, learned } = exchange(world.fabric, world.client, long, world.now);
    expect([ended(forward.end), told && ended(told.end), learned]).toEqual([
      "FRAGMENTATION_NEEDED",
      "client",
      "refusal",
    ]);
  });

  test("from itself: 8,500 bytes; of what may be fragmented, only UDP", () => {
    const world = new NatWorld();
    const long = { length: 8501, dontFragment: false };
    const { forward, learned } = exchange(
      world.fabric,
      world.client,
      from("10.0.1.10", SERVER, { length: 8501 }),
      world.now,
    );
    expect([ended(forward.end), learned]).toEqual(["FRAGMENTATION_NEEDED", "refusal"]);
    expect(ended(world.send(world.client, from("10.0.1.10", SERVER, long)))).toBe("FRAGMENTATION_NEEDED");
    const datagram = from("10.0.1.10", SERVER, { ...long, protocol: udp, flags: 0 });
    expect(ended(world.send(world.client, datagram))).toBe("outside");
  });

  test("errors about packets that the gateway did not send are not let in, and those of the inside go out", () => {
    const world = new NatWorld();
    const seen = world.out(world.client, from("10.0.1.10", SERVER, { protocol: udp, flags: 0 }));
    const error = (about: Packet): Packet =>
      packet({
        source: ip("198.51.100.1"),
        destination: ip(PUBLIC),
        protocol: icmp,
        type: 3,
        code: 1,
        about,
      });
    expect(world.in(error({ ...seen, sourcePort: 2000 })).to).toBe("UNSOLICITED");
    expect(world.in(error({ ...seen, source: ip("52.0.0.9") })).to).toBe("UNSOLICITED");
    expect(world.in(error(seen)).packet.about).toMatchObject({ source: ip("10.0.1.10"), sourcePort: 40_000 });
    const answer = world.in(back(seen, { flags: 0 })).packet;
    const complaint = packet({
      source: ip("10.0.1.10"),
      destination: ip(SERVER),
      protocol: icmp,
      type: 3,
      code: 3,
      about: answer,
    });
    const told = world.out(world.client, complaint);
    expect(told).toMatchObject({
      source: ip(PUBLIC),
      about: { destination: ip(PUBLIC), destinationPort: seen.sourcePort },
    });
  });
});

describe("addresses", () => {
  test("connections go to the address that has the fewest; one that drains goes on with those it has", () => {
    const world = new NatWorld();
    world.nat([NAT, "10.0.2.6"]);
    world.publish("52.0.0.2", world.natPort, "10.0.2.6");
    const send = (sourcePort: number): Packet =>
      world.out(world.client, from("10.0.1.10", SERVER, { sourcePort }));
    const sent = [1, 2, 3, 4].map((each) => send(5000 + each));
    expect(sent.map(({ source }) => formatIp(source))).toEqual([PUBLIC, "52.0.0.2", PUBLIC, "52.0.0.2"]);
    world.nat([NAT, "10.0.2.6"], { draining: ["10.0.2.6"] });
    expect([5, 6].map((each) => formatIp(send(5000 + each).source))).toEqual([PUBLIC, PUBLIC]);
    expect(world.in(back(sent[1] ?? send(0))).to).toBe("client");
    // Once it is gone, so are its connections.
    world.nat([NAT]);
    world.publish("52.0.0.2", world.client);
    expect(ended(world.send(world.client, from("10.0.1.10", SERVER, { sourcePort: 5002, flags: ACK })))).toBe(
      "NAT_CONNECTION_UNKNOWN",
    );
  });

  test("55,000 connections of one address to one destination, and no more until some are idle", () => {
    const translations = new NatTranslations();
    const far = { protocol: tcp, address: ip(SERVER), port: 443 };
    const begin = (port: number, now: number, remote = far) =>
      translations.begin({ address: plus(ip("10.0.0.0"), port >> 8), port }, remote, [ip(NAT)], now);
    const ports = new Set<number>();
    for (let i = 0; i < MOST_CONNECTIONS; i++) ports.add(begin(i, 0)?.outside.port ?? 0);
    expect(ports.size).toBe(MOST_CONNECTIONS);
    expect([Math.min(...ports), Math.max(...ports)]).toEqual([1024, 1024 + MOST_CONNECTIONS - 1]);
    expect(begin(60_000, 1)).toBeUndefined();
    expect(begin(60_000, 1, { ...far, port: 80 })).toBeDefined();
    expect(begin(60_001, 1000 * IDLE_SECONDS)).toBeDefined();
    expect(translations.size).toBe(2);
  });
});

test("what has expired is forgotten, though nobody asks for it", () => {
  const translations = new NatTranslations();
  const begin = (host: number, now: number) =>
    translations.begin(
      { address: ip("10.0.1.10"), port: 5000 },
      { protocol: udp, address: plus(ip("198.51.0.0"), host), port: 53 },
      [ip(NAT)],
      now,
    );
  for (let host = 0; host < 5000; host++) begin(host, 0);
  expect(translations.size).toBe(5000);
  for (let host = 0; host < 4000; host++) begin(5000 + host, 1000 * IDLE_SECONDS);
  expect(translations.size).toBe(4000);
});

describe("NAT64", () => {
  const SIX = "2600:1f00::10";
  const mapped = (text: string): string => `64:ff9b::${text}`;

  class SixWorld extends NatWorld {
    readonly six: Port;

    constructor() {
      super();
      this.fabric.putVpc({ id: "vpc", blocks: ["10.0.0.0/16", "2600:1f00::/56"].map(block) });
      this.fabric.putNetworkAcl("acl", [
        ...openAcl,
        entering(101, true, all, -1, -1, "::/0"),
        leaving(101, true, all, -1, -1, "::/0"),
      ]);
      this.subnet("a", "10.0.1.0/24 2600:1f00::/64");
      this.table("rtb", [route("0.0.0.0/0", "nat"), route("64:ff9b::/96", "nat")]);
      this.six = this.port("six", { addresses: [SIX], groups: ["sg-out"] });
    }
  }

  test("IPv6 inside, IPv4 outside, and back", () => {
    const world = new SixWorld();
    const sent = from(SIX, mapped(SERVER), { length: 100 });
    const seen = world.out(world.six, sent);
    expect([show(seen), seen.length]).toEqual([`${PUBLIC}:1024 → ${SERVER}:443`, 80]);
    const { to, packet: answer } = world.in(back(seen));
    expect([to, answer.length]).toEqual(["six", 100]);
    expect([answer.source, answer.destination]).toEqual([address(mapped(SERVER)), address(SIX)]);
  });

  test("pings become ICMP and back; errors too", () => {
    const world = new SixWorld();
    const ping = packet({
      source: ip(SIX),
      destination: ip(mapped(SERVER)),
      protocol: ICMPV6,
      type: 128,
      id: 3,
    });
    const seen = world.out(world.six, ping);
    expect(seen).toMatchObject({ protocol: icmp, type: 8 });
    expect(world.in(back(seen, { type: 0 })).packet).toMatchObject({ protocol: ICMPV6, type: 129, id: 3 });
    const short = exchange(world.fabric, world.six, from(SIX, mapped(SERVER), { ttl: 2 }), world.now);
    expect(short.learned).toBe("refusal");
    expect(short.back?.end.packet).toMatchObject({
      protocol: ICMPV6,
      type: 3,
      about: { source: ip(SIX), destination: ip(mapped(SERVER)) },
    });
    const first = exchange(world.fabric, world.six, from(SIX, mapped(SERVER), { ttl: 1 }), world.now);
    expect([first.learned, first.back?.end.packet.source]).toEqual(["refusal", ip(mapped(NAT))]);
  });

  test("no other IPv6, and no address of the infrastructure", () => {
    const world = new SixWorld();
    world.table("rtb", [route("::/0", "nat")]);
    expect(ended(world.send(world.six, from(SIX, "2001:db8::1")))).toBe("PROTOCOL_RESTRICTION");
    const metadata = from(SIX, mapped("169.254.169.254"), { destinationPort: 80 });
    expect(ended(world.send(world.six, metadata))).toBe("NOT_ROUTABLE");
    const router = packet({ source: ip(SIX), destination: ip(mapped(SERVER)), protocol: ICMPV6, type: 130 });
    expect(ended(world.send(world.six, router))).toBe("PROTOCOL_RESTRICTION");
  });
});

/** Packets of some hosts behind the gateway, at some times, to a few destinations. */
const sendings = fc.array(
  fc.record({
    host: fc.nat(3),
    sourcePort: fc.integer({ min: 1, max: 4 }),
    server: fc.nat(2),
    port: fc.constantFrom(53, 443),
    protocol: fc.constantFrom(tcp, udp, icmp),
    later: fc.constantFrom(0, 0, 1000, 400_000),
  }),
  { maxLength: 40 },
);

describe("whatever is sent", () => {
  const world = (): { readonly world: NatWorld; readonly hosts: readonly Port[] } => {
    const made = new NatWorld();
    made.nat([NAT, "10.0.2.6"]);
    made.publish("52.0.0.2", made.natPort, "10.0.2.6");
    const hosts = [0, 1, 2, 3].map((i) =>
      made.port(`host-${i}`, { addresses: [`10.0.1.${20 + i}`], groups: ["sg-out"] }),
    );
    return { world: made, hosts };
  };

  test("answers come back to exactly the sender, and no two connections look the same from outside", () => {
    fc.assert(
      fc.property(sendings, (steps) => {
        const { world: net, hosts } = world();
        const alive = new Map<
          string,
          { readonly host: Port; readonly sent: Packet; readonly until: number }
        >();
        for (const { host: index, server, later, ...step } of steps) {
          net.now += later;
          const host = hosts[index] ?? net.client;
          const ping = step.protocol === icmp;
          const sent = from(formatIp(host.addresses[0] ?? 0), `203.0.113.${server + 1}`, {
            protocol: step.protocol,
            flags: step.protocol === tcp ? SYN : 0,
            ...(ping
              ? { type: 8, id: step.sourcePort }
              : { sourcePort: step.sourcePort, destinationPort: step.port }),
          });
          const seen = net.out(host, sent);
          const face = [
            seen.source,
            seen.sourcePort,
            seen.id,
            seen.protocol,
            seen.destination,
            seen.destinationPort,
          ];
          const known = alive.get(face.join());
          // The same face, as long as it lives, is the same connection.
          const same = known && net.now < known.until ? known : { host, sent };
          expect([same.host, same.sent]).toEqual([host, sent]);
          alive.set(face.join(), { host, sent, until: net.now + 1000 * IDLE_SECONDS });
          const { to, packet: answer } = net.in(
            back(seen, ping ? { type: 0 } : { flags: seen.flags && SYN | ACK }),
          );
          expect(to).toBe(host.id);
          expect(answer).toMatchObject(
            ping
              ? { destination: sent.source, id: sent.id, source: sent.destination }
              : { destination: sent.source, destinationPort: sent.sourcePort, source: sent.destination },
          );
        }
      }),
      { seed: 4, numRuns: 60 },
    );
  });

  test("nothing from outside reaches who did not ask", () => {
    const strange = fc.record({
      server: fc.nat(2),
      sourcePort: fc.constantFrom(53, 443),
      destination: fc.constantFrom(PUBLIC, "52.0.0.2"),
      destinationPort: fc.integer({ min: 1020, max: 1030 }),
      protocol: fc.constantFrom(tcp, udp, icmp),
      type: fc.constantFrom(0, 3, 8, 11),
      flags: fc.constantFrom(SYN, SYN | ACK, ACK, FIN, RST),
    });
    fc.assert(
      fc.property(sendings, strange, (steps, { server, destination, protocol, type, ...other }) => {
        const { world: net, hosts } = world();
        const asked = new Set<string>();
        for (const { host: index, server: to, protocol: kind, ...step } of steps) {
          if (kind === icmp) continue;
          const host = hosts[index] ?? net.client;
          net.out(
            host,
            from(formatIp(host.addresses[0] ?? 0), `203.0.113.${to + 1}`, {
              protocol: kind,
              flags: kind === tcp ? SYN : 0,
              sourcePort: step.sourcePort,
              destinationPort: step.port,
            }),
          );
          asked.add([host.id, to, kind, step.port, step.sourcePort].join());
        }
        const { to, packet: arrived } = net.in(
          from(`203.0.113.${server + 1}`, destination, {
            protocol,
            ...(protocol === icmp ? { type, id: other.destinationPort } : other),
            flags: protocol === tcp ? other.flags : 0,
          }),
        );
        if (to === "UNSOLICITED") return;
        expect(asked).toContain([to, server, protocol, other.sourcePort, arrived.destinationPort].join());
      }),
      { seed: 4, numRuns: 200 },
    );
  });
});

test("made anew at the same interface, it knows no connection of before", () => {
  const world = new NatWorld();
  const seen = world.out(world.client, from("10.0.1.10", SERVER));
  const before = world.fabric.targets.get("nat");
  world.fabric.removeNatGateway("nat");
  world.nat();
  expect(world.fabric.targets.get("nat")).toBeInstanceOf(NatGateway);
  expect(world.fabric.targets.get("nat")).not.toBe(before);
  expect(world.in(back(seen)).to).toBe("UNSOLICITED");
});

test("rules of a NAT gateway's clients are about the outside address", () => {
  const world = new NatWorld();
  world.fabric.putSecurityGroup("sg-one", [outbound(tcp, 443, 443, `${SERVER}/32`)]);
  const strict = world.port("strict", { addresses: ["10.0.1.30"], groups: ["sg-one"] });
  expect(ended(world.send(strict, from("10.0.1.30", SERVER)))).toBe("outside");
  expect(ended(world.send(strict, from("10.0.1.30", "203.0.113.10")))).toBe("ENI_SG_RULES_MISMATCH");
  world.fabric.putSecurityGroup("sg-in", [inbound(tcp, 443, 443, `${NAT}/32`)]);
  const web = world.port("web", { addresses: ["10.0.2.80"], subnet: "b", groups: ["sg-in"] });
  expect(web.owns(ip("10.0.2.80"))).toBe(true);
});
