import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ClientVpnRule } from "../../network/clientVpnEndpoint.ts";
import { exchange, type Exchange } from "../../network/exchange.ts";
import { block, formatIp, holds, ip, plus, within } from "../../network/ip.ts";
import { packet, type Packet } from "../../network/packet.ts";
import type { VpnClient } from "../../network/vpnClient.ts";
import { ended, from, icmp, inbound, outbound, passed, route, tcp, udp, World } from "./world.ts";

const SERVER = "10.0.2.10";
const OUTSIDE = "203.0.113.9";
const DEVICE = "198.51.100.7";
const DOOR = "10.0.1.5";

interface EndpointText {
  readonly routes?: Readonly<Record<string, string>>;
  /** Blocks, each with groups; `*` is everybody. */
  readonly rules?: Readonly<Record<string, readonly string[]>>;
  readonly ports?: readonly string[];
}

const rulesOf = (texts: Readonly<Record<string, readonly string[]>>): ClientVpnRule[] =>
  Object.entries(texts).flatMap(([cidr, groups]) =>
    groups.map((group) => ({ block: block(cidr), group: group === "*" ? undefined : group })),
  );

/** An endpoint with an interface in subnet `a`, at 10.0.1.5, and a server in subnet `b`. */
class ClientVpnWorld extends World {
  constructor() {
    super();
    this.fabric.putSecurityGroup("sg-vpn", [outbound(-1, -1, -1, "0.0.0.0/0")]);
    this.fabric.putSecurityGroup("sg-server", [inbound(tcp, 443, 443, "sg-vpn")]);
    this.managed("eni-door", "a", DOOR, ["sg-vpn"]);
    this.port("server", { addresses: [SERVER], subnet: "b" });
    this.fabric.listening.listen("i-server", tcp, 443);
    this.endpoint();
  }

  endpoint({
    routes = { "10.0.0.0/16": "eni-door" },
    rules = { "10.0.0.0/16": ["*"] },
    ports = ["eni-door"],
  }: EndpointText = {}): void {
    this.fabric.clientVpns.putEndpoint({
      id: "cvpn",
      ports,
      routes: Object.entries(routes).map(([cidr, target]) => ({ block: block(cidr), target })),
      rules: rulesOf(rules),
    });
  }

  connect(
    address: string,
    {
      groups = [],
      routes,
      port = "eni-door",
    }: {
      readonly groups?: readonly string[];
      readonly routes?: readonly string[];
      readonly port?: string | undefined;
    } = {},
  ): VpnClient {
    const id = `client-${address}`;
    this.fabric.clientVpns.putClient({
      id,
      endpoint: "cvpn",
      address: ip(address),
      device: ip(DEVICE),
      groups,
      port,
      routes: routes?.map(block),
    });
    const client = this.fabric.clientVpns.client(id);
    if (!client) throw new Error("no client");
    return client;
  }

  exchange(client: VpnClient, sent: Packet): Exchange {
    return exchange(this.fabric, client, sent, this.now);
  }
}

const CLIENT = "172.16.0.2";

describe("a client", () => {
  test("reaches what is routed and authorized under the interface's address, and is answered", () => {
    const world = new ClientVpnWorld();
    const client = world.connect(CLIENT);
    const { forward, back, learned } = world.exchange(client, from(CLIENT, SERVER, { length: 100 }));
    expect(ended(forward.end)).toBe("server");
    expect(forward.end.packet).toMatchObject({ source: ip(DOOR), sourcePort: 40_000, ttl: 63 });
    expect(passed(forward).slice(0, 4)).toEqual([
      "vpn-client",
      "client-vpn-endpoint",
      "client-vpn-endpoint",
      "network-interface",
    ]);
    expect(back?.end).toMatchObject({ outcome: "client", client, packet: { destination: ip(CLIENT) } });
    expect(learned).toBe("answer");
    expect(client.traffic).toEqual({
      ingressBytes: 100,
      ingressPackets: 1,
      egressBytes: 64,
      egressPackets: 1,
    });
  });

  test("is in the interface's security groups to others", () => {
    const world = new ClientVpnWorld();
    world.port("server", { addresses: [SERVER], subnet: "b", groups: ["sg-server"] });
    const client = world.connect(CLIENT);
    expect(world.exchange(client, from(CLIENT, SERVER)).learned).toBe("answer");
    const { forward } = world.exchange(client, from(CLIENT, SERVER, { destinationPort: 22 }));
    expect(ended(forward.end)).toBe("ENI_SG_RULES_MISMATCH");
  });

  test("is filtered by the groups of the interface", () => {
    const world = new ClientVpnWorld();
    world.fabric.putSecurityGroup("sg-vpn", [outbound(tcp, 22, 22, "0.0.0.0/0")]);
    const { forward } = world.exchange(world.connect(CLIENT), from(CLIENT, SERVER));
    expect(ended(forward.end)).toBe("ENI_SG_RULES_MISMATCH");
  });

  test("sends from its own address alone", () => {
    const world = new ClientVpnWorld();
    const { forward } = world.exchange(world.connect(CLIENT), from("172.16.0.3", SERVER));
    expect(ended(forward.end)).toBe("CLIENT_VPN_SPOOFED_SOURCE");
  });

  test("goes nowhere without a route, and nowhere by another subnet's route", () => {
    const world = new ClientVpnWorld();
    world.managed("eni-other", "b", "10.0.2.5", ["sg-vpn"]);
    const ports = ["eni-door", "eni-other"];
    world.endpoint({ routes: { "10.0.0.0/16": "eni-other" }, ports });
    const client = world.connect(CLIENT);
    const { forward, learned } = world.exchange(client, from(CLIENT, SERVER));
    expect(ended(forward.end)).toBe("NO_ROUTE_TO_DESTINATION");
    expect(learned).toBe("nothing");
    const other = world.connect("172.16.0.3", { port: "eni-other" });
    expect(world.exchange(other, from("172.16.0.3", SERVER)).learned).toBe("answer");
  });

  test("without split tunnel sends everything to the endpoint; with it, past the tunnel what is not routed", () => {
    const world = new ClientVpnWorld();
    const whole = world.connect(CLIENT);
    const dropped = world.exchange(whole, from(CLIENT, OUTSIDE));
    expect(ended(dropped.forward.end)).toBe("NO_ROUTE_TO_DESTINATION");
    const split = world.connect("172.16.0.3", { routes: ["10.0.0.0/16"] });
    const { forward, learned } = world.exchange(split, from("172.16.0.3", OUTSIDE));
    expect(forward.end).toMatchObject({ outcome: "outside", packet: { source: ip(DEVICE) } });
    expect(learned).toBe("answer");
    expect(split.traffic.ingressPackets).toBe(0);
    expect(world.exchange(split, from("172.16.0.3", SERVER)).learned).toBe("answer");
  });

  test("reaches the internet by the routes of the interface's subnet", () => {
    const world = new ClientVpnWorld();
    const door = world.fabric.ports.get("eni-door");
    if (!door) throw new Error("no interface");
    world.table("rtb", [route("0.0.0.0/0", "igw")]);
    world.publish("52.0.0.1", door);
    world.endpoint({ routes: { "0.0.0.0/0": "eni-door" }, rules: { "0.0.0.0/0": ["*"] } });
    const { forward, learned } = world.exchange(world.connect(CLIENT), from(CLIENT, OUTSIDE));
    expect(forward.end).toMatchObject({ outcome: "outside", packet: { source: ip("52.0.0.1") } });
    expect(learned).toBe("answer");
  });

  test("reaches another one by a local route", () => {
    const world = new ClientVpnWorld();
    const one = world.connect(CLIENT);
    const other = world.connect("172.16.0.3");
    const routes = { "172.16.0.0/22": "local" };
    world.endpoint({ routes });
    const refused = world.exchange(one, from(CLIENT, "172.16.0.3"));
    expect(ended(refused.forward.end)).toBe("CLIENT_VPN_UNAUTHORIZED");
    world.endpoint({ routes, rules: { "172.16.0.0/22": ["*"] } });
    const { forward, learned } = world.exchange(one, from(CLIENT, "172.16.0.3"));
    expect(forward.end).toMatchObject({ outcome: "client", client: other });
    expect(learned).toBe("answer");
    expect(ended(world.exchange(one, from(CLIENT, "172.16.0.9")).forward.end)).toBe(
      "NO_POSSIBLE_DESTINATION",
    );
  });

  test("learns what the network says of its packets", () => {
    const world = new ClientVpnWorld();
    const client = world.connect(CLIENT);
    expect(world.exchange(client, from(CLIENT, SERVER, { ttl: 1 })).learned).toBe("refusal");
    expect(world.exchange(client, from(CLIENT, SERVER, { destinationPort: 80 })).learned).toBe("refusal");
    const sent = from(CLIENT, SERVER, { protocol: udp, destinationPort: 5000 });
    const { back } = world.exchange(client, sent);
    expect(back?.end).toMatchObject({ outcome: "client", packet: { about: { source: ip(CLIENT) } } });
    const ping = packet({ source: ip(CLIENT), destination: ip(SERVER), protocol: icmp, type: 8, id: 7 });
    expect(world.exchange(client, ping)).toMatchObject({
      learned: "answer",
      back: { end: { packet: { id: 7 } } },
    });
  });

  test("is translated in TCP, UDP and ICMP alone", () => {
    const world = new ClientVpnWorld();
    const { forward } = world.exchange(world.connect(CLIENT), from(CLIENT, SERVER, { protocol: 47 }));
    expect(ended(forward.end)).toBe("PROTOCOL_RESTRICTION");
    const late = world.exchange(world.connect("172.16.0.3"), from("172.16.0.3", SERVER, { flags: 16 }));
    expect(ended(late.forward.end)).toBe("NAT_CONNECTION_UNKNOWN");
  });
});

describe("an endpoint", () => {
  test("takes nothing at its interfaces but answers", () => {
    const world = new ClientVpnWorld();
    world.fabric.putSecurityGroup("sg-vpn", [inbound(-1, -1, -1, "0.0.0.0/0")]);
    const server = world.fabric.ports.get("server");
    if (!server) throw new Error("no interface");
    expect(ended(world.send(server, from(SERVER, DOOR)))).toBe("UNSOLICITED");
  });

  test("forgets a client that is gone: who gets its address hears nothing of its connections", () => {
    const world = new ClientVpnWorld();
    const client = world.connect(CLIENT);
    const { forward } = world.exchange(client, from(CLIENT, SERVER));
    world.fabric.clientVpns.removeClient(client.id);
    world.connect(CLIENT);
    const server = world.fabric.ports.get("server");
    if (!server) throw new Error("no interface");
    const late = from(SERVER, DOOR, { sourcePort: 443, destinationPort: forward.end.packet.sourcePort });
    expect(ended(world.send(server, { ...late, flags: 16 }))).toBe("UNSOLICITED");
  });

  test("gives way to the time to live of an answer, and loses its interfaces", () => {
    const world = new ClientVpnWorld();
    const client = world.connect(CLIENT);
    world.exchange(client, from(CLIENT, SERVER));
    const server = world.fabric.ports.get("server");
    if (!server) throw new Error("no interface");
    const answer = from(SERVER, DOOR, { sourcePort: 443, destinationPort: 40_000, flags: 16 });
    expect(ended(world.send(server, { ...answer, ttl: 1 }))).toBe("TIME_EXCEEDED");
    world.fabric.clientVpns.removeEndpoint("cvpn");
    expect(ended(world.send(server, answer))).toBe("eni-door");
  });
});

describe("properties", () => {
  const addresses = fc.integer({ min: 0, max: 0xff_ff }).map((offset) => plus(ip("10.0.0.0"), offset));
  const blocks = fc
    .tuple(addresses, fc.constantFrom(16, 18, 20, 24, 28, 32))
    .map(([address, length]) => block(`${formatIp(address)}/${length}`));
  const groups = fc.constantFrom("eng", "ops", "all", undefined);
  const rules = fc.array(fc.record({ block: blocks, group: groups }), { maxLength: 12 });

  test("a user passes exactly if a rule of the longest block around the destination is for him", () => {
    fc.assert(
      fc.property(rules, addresses, fc.subarray(["eng", "ops", "all"]), (given, address, of) => {
        const world = new ClientVpnWorld();
        const { endpoint } = world.connect(CLIENT);
        endpoint.put([], [], given);
        const around = given.filter((rule) => within(rule.block, address));
        const decisive = around.filter((rule) => around.every((other) => holds(other.block, rule.block)));
        const expected = decisive.some(({ group }) => group === undefined || of.includes(group));
        expect(endpoint.authorizes(address, new Set(of)) !== undefined).toBe(expected);
        expect(endpoint.authorizes(address, new Set(of))?.block).toEqual(
          expected ? decisive[0]?.block : undefined,
        );
      }),
      { seed: 41, numRuns: 200 },
    );
  });

  test("answers come to who asked, whoever else uses the same port for the same destination", () => {
    const asked = fc.array(fc.record({ client: fc.nat(5), port: fc.integer({ min: 40_000, max: 40_003 }) }), {
      minLength: 1,
      maxLength: 30,
    });
    fc.assert(
      fc.property(asked, (list) => {
        const world = new ClientVpnWorld();
        const clients = Array.from({ length: 6 }, (_, n) => world.connect(`172.16.0.${n + 2}`));
        const seen = new Map<string, number>();
        for (const { client: n, port } of list) {
          const client = clients[n];
          if (!client) throw new Error("no client");
          const sent = from(formatIp(client.settings.address), SERVER, { sourcePort: port });
          const { forward, back } = world.exchange(client, sent);
          expect(back?.end).toMatchObject({ outcome: "client", client, packet: { destinationPort: port } });
          const outside = forward.end.packet.sourcePort;
          // One port outside is one client's, for good.
          const key = `${n}/${port}`;
          expect([...seen].filter(([other, taken]) => other !== key && taken === outside)).toEqual([]);
          expect(seen.get(key) ?? outside).toBe(outside);
          const isFree = !seen.has(key) && ![...seen.values()].includes(port);
          expect(isFree ? outside : port).toBe(port);
          seen.set(key, outside);
        }
      }),
      { seed: 42, numRuns: 60 },
    );
  });
});
