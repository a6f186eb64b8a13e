import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { exchange } from "../../network/exchange.ts";
import type { GatewayEndpoint } from "../../network/gatewayEndpoint.ts";
import type { InterfaceEndpoint } from "../../network/interfaceEndpoint.ts";
import { block, ip } from "../../network/ip.ts";
import { reply, type Packet } from "../../network/packet.ts";
import type { Port } from "../../network/port.ts";
import {
  anyIn,
  anyOut,
  back,
  ended,
  from,
  icmp,
  inbound,
  outbound,
  passed,
  route,
  tcp,
  udp,
  World,
} from "./world.ts";

const S3 = "52.216.0.1";

/** An interface of an endpoint or a load balancer. */
function managed(
  world: World,
  id: string,
  address: string,
  subnet: string,
  groups: readonly string[] = [],
): Port {
  world.port(id, { addresses: [address], subnet, groups, check: groups.length > 0 });
  world.fabric.putPort({
    id,
    mac: world.fabric.ports.get(id)?.mac ?? "",
    subnet,
    addresses: [ip(address)],
    groups,
    prefixes: [],
    sourceDestCheck: groups.length > 0,
    owner: undefined,
    live: true,
    filtered: groups.length > 0,
  });
  return world.fabric.ports.get(id) as Port;
}

describe("a gateway endpoint", () => {
  function gateway(): World {
    const world = new World();
    world.fabric.putPrefixList("pl-s3", [block("52.216.0.0/22")]);
    world.fabric.endpoints.put({
      type: "gateway",
      id: "vpce",
      vpc: "vpc",
      service: "s3",
      prefixList: "pl-s3",
      open: true,
    });
    world.table("rtb", [route("pl-s3", "vpce")]);
    return world;
  }

  test("carries TCP and ICMP echo to the service's prefix list, and the answers back", () => {
    const world = gateway();
    const a = world.port("a", { addresses: ["10.0.1.4"] });
    const { forward, back: answer, learned } = exchange(world.fabric, a, from("10.0.1.4", S3), world.now);
    expect(ended(forward.end)).toBe("s3");
    expect(passed(forward)).toContain("vpc-endpoint");
    expect(answer && ended(answer.end)).toBe("a");
    expect(learned).toBe("answer");
    const echo = from("10.0.1.4", S3, { protocol: icmp, type: 8, id: 7 });
    expect(exchange(world.fabric, a, echo, world.now).learned).toBe("answer");
  });

  test("carries nothing else", () => {
    const world = gateway();
    const a = world.port("a", { addresses: ["10.0.1.4"], check: false });
    const refusedFor = (sent: Packet): string => ended(world.send(a, sent));
    expect(refusedFor(from("10.0.1.4", S3, { protocol: udp }))).toBe("VPCE_GATEWAY_PROTOCOL_RESTRICTION");
    expect(refusedFor(from("10.0.1.4", S3, { protocol: icmp, type: 5 }))).toBe(
      "VPCE_GATEWAY_PROTOCOL_RESTRICTION",
    );
    expect(refusedFor(from("10.9.9.9", S3))).toBe("GATEWAY_REJECTS_SPOOFED_TRAFFIC");
    expect(refusedFor(from("10.0.1.4", "52.216.4.1"))).toBe("NO_ROUTE_TO_DESTINATION");
    world.table("rtb", [route("0.0.0.0/0", "vpce")]);
    expect(refusedFor(from("10.0.1.4", "52.216.4.1"))).toBe("NO_POSSIBLE_DESTINATION");
  });

  test("is subject to the network ACL of the subnet, in both directions", () => {
    const world = gateway();
    const a = world.port("a", { addresses: ["10.0.1.4"] });
    world.fabric.putNetworkAcl("acl", []);
    expect(ended(world.send(a, from("10.0.1.4", S3)))).toBe("SUBNET_ACL_RESTRICTION");
  });

  test("is a blackhole until it is open, and after it is gone", () => {
    const world = gateway();
    const a = world.port("a", { addresses: ["10.0.1.4"] });
    const plan = { type: "gateway", id: "vpce", vpc: "vpc", service: "s3", prefixList: "pl-s3" } as const;
    world.fabric.endpoints.put({ ...plan, open: false });
    expect(ended(world.send(a, from("10.0.1.4", S3)))).toBe("BAD_STATE_ROUTE");
    world.fabric.endpoints.put({ ...plan, open: true });
    expect(ended(world.send(a, from("10.0.1.4", S3)))).toBe("s3");
    world.fabric.endpoints.remove("vpce");
    expect(ended(world.send(a, from("10.0.1.4", S3)))).toBe("BAD_STATE_ROUTE");
  });

  test("property: lets nothing in but answers to what went out by it", () => {
    const port = fc.integer({ min: 1, max: 3 });
    fc.assert(
      fc.property(
        fc.array(fc.record({ out: fc.boolean(), source: port, destination: port }), { maxLength: 12 }),
        (packets) => {
          const world = gateway();
          const a = world.port("a", { addresses: ["10.0.1.4"] });
          const door = world.fabric.targets.get("vpce") as GatewayEndpoint;
          const sent = new Set<string>();
          const outcomes = packets.map(({ out, source, destination }) => {
            const ports = { sourcePort: source, destinationPort: destination };
            const flow = `${source}/${destination}`;
            if (out) sent.add(flow);
            const asked = from("10.0.1.4", S3, ports);
            if (out) return [ended(world.send(a, asked)), "s3"];
            const { end } = world.fabric.answer(door, back(asked), world.now);
            return [ended(end), sent.has(flow) ? "a" : "VPCE_INTRA_VPC_TRAFFIC"];
          });
          expect(outcomes.map(([is]) => is)).toEqual(outcomes.map(([, expected]) => expected));
          const forged = back(from("10.0.1.4", "52.217.0.1"));
          expect(ended(world.fabric.answer(door, forged, world.now).end)).toBe(
            "VPCE_GATEWAY_EGRESS_SOURCE_ADDRESS_RESTRICTION",
          );
        },
      ),
      { seed: 1, numRuns: 50 },
    );
  });

  test("property: without one in its tables, a VPC never reaches the service", () => {
    const targets = fc.constantFrom("vpce", "igw", "a", "nothing");
    fc.assert(
      fc.property(fc.array(targets, { maxLength: 3 }), fc.boolean(), (led, other) => {
        const world = gateway();
        world.vpc("vpc-2", "2-");
        const routes = led.filter((each) => each !== "vpce" || other);
        // The other VPC's table may name the endpoint: it is not its own.
        world.table(
          "2-rtb",
          routes.map((target, place) => route(`52.216.0.0/${22 + place}`, target)),
          "vpc-2",
          true,
        );
        const b = world.port("b", { addresses: ["10.0.1.5"], subnet: "2-a" });
        expect(world.send(b, from("10.0.1.5", S3)).outcome).not.toBe("served");
      }),
      { seed: 2, numRuns: 50 },
    );
  });
});

/** What becomes of a client's packet to an endpoint's address, and of the answer. */
function asked({ world, client }: { readonly world: World; readonly client: Port }) {
  const sent = from("10.0.1.4", "10.0.2.9");
  const { back: answer, ...rest } = exchange(world.fabric, client, sent, world.now);
  return { ...rest, answer };
}

describe("an interface endpoint", () => {
  function site(): { world: World; client: Port; endpoint: Port } {
    const world = new World();
    world.fabric.putSecurityGroup("sg-web", [inbound(tcp, 443, 443, "10.0.0.0/16"), anyOut]);
    const endpoint = managed(world, "eni", "10.0.2.9", "b", ["sg-web"]);
    const service = { kind: "region", name: "sts" } as const;
    world.fabric.endpoints.put({ type: "interface", id: "vpce", ports: ["eni"], service });
    return { world, client: world.port("a", { addresses: ["10.0.1.4"] }), endpoint };
  }

  test("answers TCP that its security groups allow, in the address of its interface", () => {
    const { world, client } = site();
    const { forward, answer, learned } = asked({ world, client });
    expect(ended(forward.end)).toBe("sts");
    expect(answer && ended(answer.end)).toBe("a");
    expect(learned).toBe("answer");
    expect(ended(world.send(client, from("10.0.1.4", "10.0.2.9", { destinationPort: 80 })))).toBe(
      "ENI_SG_RULES_MISMATCH",
    );
  });

  test("takes only TCP, whatever the groups allow", () => {
    const { world, client } = site();
    world.fabric.putSecurityGroup("sg-web", [anyIn, anyOut]);
    expect(ended(world.send(client, from("10.0.1.4", "10.0.2.9", { protocol: udp })))).toBe(
      "PROTOCOL_RESTRICTION",
    );
  });

  test("sends nothing of itself", () => {
    const { world, endpoint } = site();
    expect(ended(world.send(endpoint, from("10.0.2.9", "10.0.1.4")))).toBe("VPCE_INTRA_VPC_TRAFFIC");
    const door = endpoint.behind as InterfaceEndpoint;
    expect(ended(world.fabric.answer(door, from("10.0.2.9", "10.0.1.4"), world.now).end)).toBe(
      "VPCE_INTRA_VPC_TRAFFIC",
    );
  });

  test("takes nothing before it is accepted", () => {
    const { world, client } = site();
    world.fabric.endpoints.put({ type: "interface", id: "vpce", ports: ["eni"], service: undefined });
    expect(ended(world.send(client, from("10.0.1.4", "10.0.2.9")))).toBe("BAD_STATE_ATTACHMENT");
  });
});

describe("a service behind a Network Load Balancer", () => {
  /** The consumer's VPC and the provider's have the same addresses. */
  function site({ targets = ["server"], crossZone = false } = {}): {
    world: World;
    client: Port;
    endpoint: Port;
  } {
    const world = new World();
    world.vpc("vpc-p", "p-");
    const endpoint = managed(world, "eni", "10.0.2.9", "b", ["sg-open"]);
    managed(world, "node", "10.0.2.20", "p-b");
    world.fabric.putSecurityGroup("sg-node", [inbound(tcp, 443, 443, "10.0.2.20/32"), anyOut]);
    world.port("server", { addresses: ["10.0.1.4"], subnet: "p-a", groups: ["sg-node"] });
    world.fabric.listening.listen("i-server", tcp, 443);
    world.fabric.endpoints.putLoadBalancer({
      id: "nlb",
      type: "network",
      nodes: ["node"],
      targets,
      crossZone,
    });
    const service = { kind: "load-balancers", ids: ["nlb"] } as const;
    world.fabric.endpoints.put({ type: "interface", id: "vpce", ports: ["eni"], service });
    return { world, client: world.port("a", { addresses: ["10.0.1.4"] }), endpoint };
  }

  test("is reached by the endpoint's address, and sees the load balancer's instead of the client's", () => {
    const { forward, answer, learned } = asked(site());
    expect(ended(forward.end)).toBe("server");
    expect(forward.end.packet).toMatchObject({ source: ip("10.0.2.20"), destination: ip("10.0.1.4") });
    expect(answer?.end).toMatchObject({
      outcome: "delivered",
      port: { id: "a" },
      packet: {
        source: ip("10.0.2.9"),
        sourcePort: 443,
        destination: ip("10.0.1.4"),
        destinationPort: 40_000,
      },
    });
    expect(learned).toBe("answer");
  });

  test("keeps two clients with the same ports apart", () => {
    const { world, client } = site();
    const other = world.port("c", { addresses: ["10.0.1.5"] });
    const sent = [from("10.0.1.4", "10.0.2.9"), from("10.0.1.5", "10.0.2.9")];
    const got = [client, other].map((port, place) => world.send(port, sent[place] as Packet));
    const server = world.fabric.ports.get("server") as Port;
    const answers = got.map(({ packet }) => world.send(server, reply(packet, true) as Packet));
    expect(answers.map(ended)).toEqual(["a", "c"]);
  });

  test("never opens a way into the consumer's VPC", () => {
    const { world } = site();
    const server = world.fabric.ports.get("server") as Port;
    for (const port of [443, 1024, 40_000]) {
      const end = world.send(server, from("10.0.1.4", "10.0.2.20", { destinationPort: port }));
      // It is a client of the load balancer like others, and gets to the service alone.
      expect(ended(end)).not.toMatch(/^(?:a|eni)$/);
    }
  });

  test("needs a node in the endpoint's zone, and a target that runs", () => {
    const { world, client } = site({ targets: [] });
    const sent = from("10.0.1.4", "10.0.2.9");
    expect(ended(world.send(client, sent))).toBe("ELBV2_LISTENER_HAS_NO_TG");
    world.fabric.endpoints.removeLoadBalancer("nlb");
    expect(ended(world.send(client, sent))).toBe("ELBV2_LISTENER_HAS_NO_TG");
    const plan = { id: "nlb", type: "network", targets: ["server"], crossZone: false } as const;
    world.fabric.endpoints.putLoadBalancer({ ...plan, nodes: [] });
    expect(ended(world.send(client, sent))).toBe("VPCE_SERVICE_NOT_INSTALLED_IN_AZ");
    world.fabric.putSubnet({
      id: "p-far",
      vpc: "vpc-p",
      zone: "far",
      blocks: [block("10.0.3.0/24")],
      acl: "p-acl",
      table: undefined,
    });
    world.port("far", { addresses: ["10.0.3.4"], subnet: "p-far" });
    world.fabric.endpoints.putLoadBalancer({ ...plan, nodes: ["node"], targets: ["far"] });
    expect(ended(world.send(client, sent))).toBe("ELBV2_NO_TARGETS_IN_AZ");
    world.fabric.endpoints.putLoadBalancer({ ...plan, nodes: ["node"], targets: ["far"], crossZone: true });
    expect(ended(world.send(client, sent))).toBe("far");
  });

  test("serves clients in another region, whose zones are others, by any node", () => {
    const { world, client } = site();
    world.fabric.putSubnet({
      id: "abroad",
      vpc: "vpc",
      zone: "another region's",
      blocks: [block("10.0.3.0/24")],
      acl: "acl",
      table: undefined,
    });
    managed(world, "eni-abroad", "10.0.3.9", "abroad", ["sg-open"]);
    const sent = from("10.0.1.4", "10.0.3.9");
    const put = (far: boolean): void => {
      const service = { kind: "load-balancers", ids: ["nlb"], far } as const;
      world.fabric.endpoints.put({ type: "interface", id: "vpce-abroad", ports: ["eni-abroad"], service });
    };
    put(false);
    expect(ended(world.send(client, sent))).toBe("VPCE_SERVICE_NOT_INSTALLED_IN_AZ");
    put(true);
    const { forward, back: answer, learned } = exchange(world.fabric, client, sent, world.now);
    expect([ended(forward.end), learned]).toEqual(["server", "answer"]);
    expect(answer?.end.packet.source).toBe(ip("10.0.3.9"));
  });

  test("takes TCP and UDP", () => {
    const { world, client } = site();
    const ping = from("10.0.1.4", "10.0.2.9", { protocol: icmp, type: 8 });
    expect(ended(world.send(client, ping))).toBe("PROTOCOL_RESTRICTION");
  });
});

describe("a Gateway Load Balancer endpoint", () => {
  /** What leaves the subnet `a` for `b`, and back, goes through the endpoint in `e`, to appliances in another VPC. */
  function site(appliances: readonly string[] = ["x"]): { world: World; a: Port; b: Port } {
    const world = new World();
    world.vpc("vpc-s", "s-");
    world.table("through", [route("10.0.1.0/24", "vpce"), route("10.0.2.0/24", "vpce")], "vpc");
    world.subnet("a", "10.0.1.0/24", { table: "through" });
    world.subnet("b", "10.0.2.0/24", { table: "through" });
    world.subnet("e", "10.0.9.0/24");
    managed(world, "eni", "10.0.9.9", "e");
    managed(world, "node", "10.0.2.20", "s-b");
    world.fabric.putSecurityGroup("sg-geneve", [inbound(udp, 6081, 6081, "10.0.2.20/32")]);
    for (const [place, id] of appliances.entries()) {
      world.port(id, { addresses: [`10.0.1.${10 + place}`], subnet: "s-a", groups: ["sg-geneve"] });
      world.fabric.listening.listen(`i-${id}`, udp, 6081);
    }
    put(world, appliances);
    world.fabric.endpoints.put({
      type: "gateway-load-balancer",
      id: "vpce",
      ports: ["eni"],
      balancers: ["gwlb"],
    });
    const a = world.port("a", { addresses: ["10.0.1.4"] });
    return { world, a, b: world.port("b", { addresses: ["10.0.2.4"], subnet: "b" }) };
  }

  const put = (world: World, targets: readonly string[]): void =>
    world.fabric.endpoints.putLoadBalancer({
      id: "gwlb",
      type: "gateway",
      nodes: ["node"],
      targets,
      crossZone: false,
    });

  /** The appliance that a packet was shown to. */
  const shownTo = (world: World, port: Port, sent: Packet): string | undefined =>
    world
      .trace(port, sent)
      .steps.find(
        ({ component, direction }) =>
          component.kind === "network-interface" && direction === "ingress" && component.id.startsWith("x"),
      )?.component.id;

  test("shows packets to an appliance as they are, and brings them to where they were going", () => {
    const { world, a } = site();
    const {
      forward,
      back: answer,
      learned,
    } = exchange(world.fabric, a, from("10.0.1.4", "10.0.2.4"), world.now);
    expect(ended(forward.end)).toBe("b");
    expect(forward.end.packet).toEqual(forward.sent);
    const carried = forward.steps.find(({ component }) => component.id === "x")?.packet;
    expect(carried).toMatchObject({
      source: ip("10.0.2.20"),
      protocol: udp,
      destinationPort: 6081,
      about: forward.sent,
    });
    expect(answer && ended(answer.end)).toBe("a");
    expect(learned).toBe("refusal");
  });

  test("loses packets whose appliance refuses, or does not send back, what it is shown", () => {
    const { world, a } = site();
    const sent = from("10.0.1.4", "10.0.2.4");
    world.fabric.listening.end("i-x");
    expect(ended(world.send(a, sent))).toBe("APPLIANCE_SILENT");
    world.fabric.putSecurityGroup("sg-geneve", [inbound(tcp, 6081, 6081, "0.0.0.0/0")]);
    expect(ended(world.send(a, { ...sent, sourcePort: 1 }))).toBe("ENI_SG_RULES_MISMATCH");
    put(world, []);
    expect(ended(world.send(a, sent))).toBe("ELBV2_LISTENER_HAS_NO_TG");
    world.fabric.endpoints.removeLoadBalancer("gwlb");
    expect(ended(world.send(a, sent))).toBe("ELBV2_LISTENER_HAS_NO_TG");
    world.fabric.endpoints.put({
      type: "gateway-load-balancer",
      id: "vpce",
      ports: ["eni"],
      balancers: undefined,
    });
    expect(ended(world.send(a, sent))).toBe("BAD_STATE_ROUTE");
  });

  test("takes at most 8,500 bytes", () => {
    const { world, a } = site();
    const sent = from("10.0.1.4", "10.0.2.4", { length: 8501 });
    expect(ended(world.send(a, sent))).toBe("FRAGMENTATION_NEEDED");
    expect(ended(world.send(a, { ...sent, length: 8500 }))).toBe("b");
  });

  test("that its own subnet's table leads back to itself is no endless way", () => {
    const { world, a } = site();
    world.subnet("e", "10.0.9.0/24", { table: "through" });
    expect(ended(world.send(a, from("10.0.1.4", "10.0.2.4")))).toBe("TIME_EXCEEDED");
  });

  test("has an address, and nobody there", () => {
    const { world, a } = site();
    expect(ended(world.send(a, from("10.0.1.4", "10.0.9.9")))).toBe("NO_POSSIBLE_DESTINATION");
  });

  test("property: both directions of a flow are shown to one appliance, also when others come and go", () => {
    const flow = fc.record({
      sourcePort: fc.integer({ min: 1, max: 65_535 }),
      destinationPort: fc.integer({ min: 1, max: 65_535 }),
    });
    const appliances = ["x1", "x2", "x3", "x4"];
    fc.assert(
      fc.property(fc.array(flow, { minLength: 1, maxLength: 8 }), fc.subarray(appliances), (flows, gone) => {
        const { world, a, b } = site(appliances);
        const before = flows.map((ports) => shownTo(world, a, from("10.0.1.4", "10.0.2.4", ports)));
        expect(before.every((each) => each !== undefined)).toBe(true);
        put(
          world,
          appliances.filter((each) => !gone.includes(each) || before.includes(each)),
        );
        const after = flows.map((ports) => shownTo(world, b, back(from("10.0.1.4", "10.0.2.4", ports))));
        expect(after).toEqual(before);
      }),
      { seed: 3, numRuns: 40 },
    );
  });
});

test("outbound rules of an endpoint's group do not matter for answers", () => {
  const world = new World();
  world.fabric.putSecurityGroup("sg-in", [
    inbound(tcp, 443, 443, "10.0.1.4/32"),
    outbound(tcp, 1, 1, "10.9.9.9/32"),
  ]);
  managed(world, "eni", "10.0.2.9", "b", ["sg-in"]);
  const service = { kind: "region", name: "sts" } as const;
  world.fabric.endpoints.put({ type: "interface", id: "vpce", ports: ["eni"], service });
  const a = world.port("a", { addresses: ["10.0.1.4"] });
  expect(exchange(world.fabric, a, from("10.0.1.4", "10.0.2.9"), world.now).learned).toBe("answer");
});
