/** What must be true of endpoints, and of the load balancers behind them, whatever networks they join. */
/* oxlint-disable vitest/no-standalone-expect -- a test runs each of these properties */
import fc from "fast-check";
import { expect } from "vitest";
import { block, ip } from "../../network/ip.ts";
import type { End } from "../../network/journey.ts";
import { packet, reply, SYN, type Packet } from "../../network/packet.ts";
import type { Port } from "../../network/port.ts";
import type { Properties } from "./sendings.ts";
import { anyIn, anyOut, ended, from, inbound, route, tcp, udp, World } from "./world.ts";

const ZONES = ["z1", "z2"] as const;
type Zone = (typeof ZONES)[number];
const zone = fc.constantFrom(...ZONES);
const zones = fc.oneof({ weight: 2, arbitrary: fc.constant<Zone[]>([...ZONES]) }, fc.subarray([...ZONES]));

/** Most are so; else hardly anything passes. */
const mostly = fc.integer({ min: 0, max: 4 }).map((n) => n > 0);

/** A place for interfaces in one zone of a VPC; all VPCs have the same addresses. */
function subnetOf(world: World, vpc: string, at: Zone, table?: string): string {
  const id = `${vpc}-${at}${table === undefined ? "" : `-${table}`}`;
  const third = ZONES.indexOf(at) + (table === undefined ? 1 : 11);
  world.fabric.putSubnet({
    id,
    vpc,
    zone: at,
    blocks: [block(`10.0.${third}.0/24`)],
    acl: "acl",
    table,
  });
  return id;
}

const addressIn = (at: Zone, host: number): string => `10.0.${ZONES.indexOf(at) + 1}.${host}`;

let macs = 0;

/** An interface that no instance has; with groups, if it has some. */
function managed(world: World, id: string, subnet: string, address: string, groups: string[] = []): string {
  world.fabric.putPort({
    id,
    mac: `0e:00:00:00:${(++macs >> 8) & 255}:${macs & 255}`,
    subnet,
    addresses: [ip(address)],
    groups,
    sourceDestCheck: false,
    owner: undefined,
    live: true,
    filtered: groups.length > 0,
  });
  return id;
}

function portOf({ fabric }: World, id: string): Port {
  const port = fabric.ports.get(id);
  if (!port) throw new Error(`no ${id}`);
  return port;
}

/** Consumers "one" and "two", and a provider, none of which is connected to another. */
function threeVpcs(): World {
  const world = new World();
  for (const id of ["one", "two", "provider"]) {
    world.fabric.putVpc({ id, blocks: [block("10.0.0.0/16")] });
    world.table(`rtb-${id}`, [], id, true);
    for (const at of ZONES) subnetOf(world, id, at);
  }
  return world;
}

/* ---- interface endpoints of a service behind a Network Load Balancer ---- */

const consumer = fc.record({
  /** Of the endpoint's interfaces. */
  zones,
  accepted: mostly,
  /** Whether the endpoint's groups let its clients in. */
  open: mostly,
});
const server = fc.record({ zone, live: mostly, open: mostly });
const serviceArbitrary = fc.record({
  one: consumer,
  two: consumer,
  nodes: zones,
  servers: fc.array(server, { minLength: 1, maxLength: 4 }),
  crossZone: fc.boolean(),
  asked: fc.array(
    fc.record({ vpc: fc.constantFrom("one", "two"), client: zone, to: zone, port: fc.nat(1) }),
    {
      minLength: 3,
      maxLength: 8,
    },
  ),
});
type Service = typeof serviceArbitrary extends fc.Arbitrary<infer T> ? T : never;

const nodeAddress = (at: Zone): string => addressIn(at, 200);
const endpointAddress = (at: Zone): string => addressIn(at, 100);
const clientAddress = (at: Zone): string => addressIn(at, 10);

function offer(plan: Service): World {
  const world = threeVpcs();
  const { endpoints } = world.fabric;
  // Only what speaks in a node's name gets to servers that are open.
  world.fabric.putSecurityGroup("sg-nodes", [
    ...ZONES.map((at) => inbound(tcp, 443, 443, `${nodeAddress(at)}/32`)),
    anyOut,
  ]);
  world.fabric.putSecurityGroup("sg-shut", [anyOut]);
  const nodes = plan.nodes.map((at) => managed(world, `node-${at}`, `provider-${at}`, nodeAddress(at)));
  const targets = plan.servers.map(({ zone: at, live, open }, i) => {
    world.port(`server-${i}`, {
      addresses: [addressIn(at, 20 + i)],
      subnet: `provider-${at}`,
      groups: [open ? "sg-nodes" : "sg-shut"],
      live,
    });
    return `server-${i}`;
  });
  endpoints.putLoadBalancer({ id: "nlb", type: "network", nodes, targets, crossZone: plan.crossZone });
  for (const vpc of ["one", "two"] as const) {
    const { zones: at, accepted, open } = plan[vpc];
    for (const each of ZONES) {
      world.port(`${vpc}-client-${each}`, { addresses: [clientAddress(each)], subnet: `${vpc}-${each}` });
    }
    const ports = at.map((each) =>
      managed(world, `${vpc}-eni-${each}`, `${vpc}-${each}`, endpointAddress(each), [
        open ? "sg-open" : "sg-shut",
      ]),
    );
    const service = { kind: "load-balancers", ids: ["nlb"] } as const;
    endpoints.put({ type: "interface", id: `vpce-${vpc}`, ports, service: accepted ? service : undefined });
  }
  return world;
}

/** The servers that what comes to an endpoint in a zone can be given to, if the endpoint takes it. */
function eligible({ one, two, nodes, servers, crossZone }: Service, vpc: string, at: Zone): string[] {
  const { zones: own, accepted, open } = vpc === "one" ? one : two;
  if (!own.includes(at) || !accepted || !open || !nodes.includes(at)) return [];
  return servers.flatMap((each, i) => (each.live && (crossZone || each.zone === at) ? [`server-${i}`] : []));
}

/** How often something got through, in all runs. */
export const linked = { service: 0, inspected: 0, translated: 0 };

const services = fc.property(serviceArbitrary, (plan) => {
  const world = offer(plan);
  for (const [i, { vpc, client: at, to, port }] of plan.asked.entries()) {
    const client = portOf(world, `${vpc}-client-${at}`);
    const sent = from(clientAddress(at), endpointAddress(to), { sourcePort: 50_000 + port, flags: SYN });
    const end = world.send(client, sent);
    const can = eligible(plan, vpc, to);
    if (end.outcome !== "delivered") {
      // Nothing but the server's own groups keeps it out, where there is one that runs.
      const shut = can.some((id) => !plan.servers[Number(id.split("-")[1])]?.open);
      expect(can.length === 0 || shut, `${i}: ${ended(end)}`).toBe(true);
      continue;
    }
    expect(can).toContain(end.port.id);
    linked.service++;
    const answer = reply(end.packet, true);
    const back = answer && world.send(end.port, answer);
    expect(back && ended(back)).toBe(client.id);
    expect(back?.packet).toMatchObject({ source: sent.destination, destination: sent.source });
    expect(back?.packet).toMatchObject({ sourcePort: 443, destinationPort: sent.sourcePort });
    expectShut(world, plan, end.port);
  }
});

/** Nobody at the provider's gets to a consumer but by answering; the consumers do not get to each other. */
function expectShut(world: World, plan: Service, asked: Port): void {
  const places = [
    ...plan.nodes.map(nodeAddress),
    ...ZONES.flatMap((at) => [clientAddress(at), endpointAddress(at)]),
  ];
  for (const destination of places) {
    for (const destinationPort of [443, 50_000, 60_000]) {
      const [source = 0] = asked.addresses;
      const unasked = packet({
        source,
        destination: ip(destination),
        protocol: tcp,
        sourcePort: 40_000,
        destinationPort,
        flags: SYN,
      });
      expectAt(world.send(asked, unasked), "provider");
    }
  }
  const one = portOf(world, "one-client-z1");
  for (const at of ZONES) {
    const end = world.send(one, from(clientAddress("z1"), addressIn(at, 10), { sourcePort: 1 }));
    expectAt(end, "one");
  }
}

/** @param vpc where the packet may have been delivered, if it was */
function expectAt(end: End, vpc: string): void {
  if (end.outcome === "delivered") expect(end.port.subnet.vpc.id).toBe(vpc);
}

/* ---- Gateway Load Balancer endpoints ---- */

const inspectionArbitrary = fc.record({
  endpoint: zone,
  accepted: mostly,
  nodes: zones,
  appliances: fc.array(fc.record({ zone, live: mostly, listens: mostly }), { maxLength: 4 }),
  crossZone: fc.boolean(),
  flows: fc.array(fc.record({ from: fc.nat(1), sourcePort: fc.nat(60_000) }), { minLength: 1, maxLength: 6 }),
});
type Inspection = typeof inspectionArbitrary extends fc.Arbitrary<infer T> ? T : never;

/** What goes between two hosts, in subnets of either zone, is led through the endpoint. */
function inspect(plan: Inspection): { world: World; hosts: readonly Port[] } {
  const world = threeVpcs();
  const { fabric } = world;
  world.table("through", [route("10.0.11.0/24", "vpce"), route("10.0.12.0/24", "vpce")], "one");
  const hosts = ZONES.map((at, i) =>
    world.port(`host-${i}`, {
      addresses: [`10.0.1${i + 1}.5`],
      subnet: subnetOf(world, "one", at, "through"),
    }),
  );
  fabric.putSecurityGroup("sg-geneve", [
    ...ZONES.map((at) => inbound(udp, 6081, 6081, `${nodeAddress(at)}/32`)),
  ]);
  const nodes = plan.nodes.map((at) => managed(world, `node-${at}`, `provider-${at}`, nodeAddress(at)));
  const targets = plan.appliances.map(({ zone: at, live, listens }, i) => {
    const id = `appliance-${i}`;
    const subnet = `provider-${at}`;
    world.port(id, { addresses: [addressIn(at, 20 + i)], subnet, groups: ["sg-geneve"], live });
    if (listens) fabric.listening.listen(`i-${id}`, udp, 6081);
    return id;
  });
  fabric.endpoints.putLoadBalancer({
    id: "gwlb",
    type: "gateway",
    nodes,
    targets,
    crossZone: plan.crossZone,
  });
  const ports = [managed(world, "eni", `one-${plan.endpoint}`, endpointAddress(plan.endpoint))];
  const balancers = plan.accepted ? ["gwlb"] : undefined;
  fabric.endpoints.put({ type: "gateway-load-balancer", id: "vpce", ports, balancers });
  return { world, hosts };
}

/** The appliances that a packet was shown to, on a way. */
function shownTo(world: World, port: Port, sent: Packet): { end: End; appliances: string[] } {
  const { end, steps } = world.trace(port, sent);
  const appliances = steps.flatMap(({ component: { id }, direction, reason }) =>
    id.startsWith("appliance-") && direction === "ingress" && reason === undefined ? [id] : [],
  );
  return { end, appliances: [...new Set(appliances)] };
}

const inspections = fc.property(inspectionArbitrary, (plan) => {
  const { world, hosts } = inspect(plan);
  const { accepted, nodes, endpoint, crossZone } = plan;
  const can = plan.appliances.flatMap((each, i) =>
    accepted && nodes.includes(endpoint) && each.live && (crossZone || each.zone === endpoint)
      ? [{ id: `appliance-${i}`, listens: each.listens }]
      : [],
  );
  for (const { from: who, sourcePort } of plan.flows) {
    const [sender, receiver] = who === 0 ? hosts : hosts.toReversed();
    const [source = 0, destination = 0] = [sender?.addresses[0], receiver?.addresses[0]];
    if (!sender || !receiver) throw new Error("no hosts");
    const sent = packet({ source, destination, protocol: tcp, sourcePort, destinationPort: 443, flags: SYN });
    const there = shownTo(world, sender, sent);
    if (there.end.outcome !== "delivered") {
      expect(can.every(({ listens }) => listens) && can.length > 0, ended(there.end)).toBe(false);
      continue;
    }
    linked.inspected++;
    expect([ended(there.end), there.end.packet]).toEqual([receiver.id, sent]);
    expect(can.filter(({ listens }) => listens).map(({ id }) => id)).toContain(there.appliances[0]);
    const answer = reply(sent, true);
    const back = answer && shownTo(world, receiver, answer);
    expect(back && [ended(back.end), back.appliances]).toEqual([sender.id, there.appliances]);
  }
});

/* ---- regional NAT gateways ---- */

const DOORS: Readonly<Record<Zone, readonly string[]>> = {
  z1: ["198.51.100.1", "198.51.100.2"],
  z2: ["198.51.100.3"],
};
const SERVER = "203.0.113.9";

const regions = fc.property(
  fc.array(fc.record({ opened: zones, from: zone, port: fc.nat(3) }), { minLength: 1, maxLength: 10 }),
  (steps) => {
    const world = threeVpcs();
    const { fabric } = world;
    fabric.putInternetGateway({ id: "igw", vpc: "one", table: undefined });
    world.table("nat-rtb", [route("0.0.0.0/0", "igw")], "one");
    world.table("rtb-one", [route("0.0.0.0/0", "nat")], "one", true);
    fabric.putSecurityGroup("sg-open", [anyIn, anyOut]);
    for (const at of ZONES) {
      world.port(`client-${at}`, { addresses: [clientAddress(at)], subnet: `one-${at}` });
    }
    /** By whom and by which port a connection is, its address. */
    const begun = new Map<string, string>();
    for (const { opened, from: at, port } of steps) {
      const doors = opened.map((each) => ({ zone: each, addresses: DOORS[each].map(ip) }));
      const plan = { id: "nat", vpc: "one", table: "nat-rtb", live: true, blockMode: "off" } as const;
      fabric.putRegionalNatGateway({ ...plan, doors, draining: [] });
      const there = new Set(opened.flatMap((each) => DOORS[each]));
      for (const [key, address] of begun) if (!there.has(address)) begun.delete(key);
      for (const address of Object.values(DOORS).flat()) {
        fabric.putPublicAddress({
          address: ip(address),
          to: there.has(address) ? { natGateway: "nat" } : undefined,
        });
      }
      const client = portOf(world, `client-${at}`);
      const end = world.send(
        client,
        from(clientAddress(at), SERVER, { sourcePort: 50_000 + port, flags: SYN }),
      );
      if (opened.length === 0) {
        expect(ended(end)).toBe("NAT_PORTS_EXHAUSTED");
        continue;
      }
      expect(ended(end)).toBe("outside");
      linked.translated++;
      const address = [...there].find((each) => ip(each) === end.packet.source) ?? "";
      const key = `${at}/${port}`;
      const nearest = opened.includes(at) ? DOORS[at] : [...there];
      expect(begun.has(key) ? [begun.get(key)] : nearest).toContain(address);
      begun.set(key, address);
      const answer = reply(end.packet, true);
      const back = answer && world.trace(undefined, answer).end;
      expect(back && ended(back)).toBe(client.id);
    }
  },
);

export const serviceLinks: Properties = {
  "load-balanced endpoint: clients get to a target that may serve their endpoint's zone, answers to who asked, and nothing else passes between the VPCs":
    services,
  "Gateway Load Balancer endpoint: what arrives is as it was sent, and was sent back by one appliance for both directions":
    inspections,
  "zones of a regional NAT gateway: each speaks by its own addresses, and a connection keeps the one that it began with":
    regions,
};
