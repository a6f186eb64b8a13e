import { describe, expect, test } from "vitest";
import type { BlockMode } from "../../network/blockPublicAccess.ts";
import { block, formatIp, ip } from "../../network/ip.ts";
import type { End } from "../../network/journey.ts";
import type { NatGateway } from "../../network/natGateway.ts";
import { MOST_CONNECTIONS } from "../../network/natTranslations.ts";
import type { Packet } from "../../network/packet.ts";
import type { Port } from "../../network/port.ts";
import { back, ended, from, passed, route, udp, World } from "./world.ts";

const SERVER = "203.0.113.9";

/** One address of the gateway's, by the zone it is in. */
type Doors = Readonly<Record<string, readonly string[]>>;

/** Clients in two zones, and a regional gateway with a route table of its own. */
class RegionalWorld extends World {
  readonly a: Port;
  readonly b: Port;

  constructor(doors: Doors) {
    super();
    this.table("nat-rtb", [route("0.0.0.0/0", "igw")]);
    this.table("rtb", [route("0.0.0.0/0", "nat")]);
    this.subnetIn("za", "10.0.11.0/24");
    this.subnetIn("zb", "10.0.12.0/24");
    this.a = this.port("a", { addresses: ["10.0.11.10"], subnet: "in-za" });
    this.b = this.port("b", { addresses: ["10.0.12.10"], subnet: "in-zb" });
    this.open(doors);
  }

  subnetIn(zone: string, cidr: string): void {
    this.fabric.putSubnet({
      id: `in-${zone}`,
      vpc: "vpc",
      zone,
      blocks: [block(cidr)],
      acl: "acl",
      table: undefined,
    });
  }

  open(
    doors: Doors,
    {
      draining = [],
      live = true,
      blockMode = "off",
      chosenZones = false,
    }: { draining?: string[]; live?: boolean; blockMode?: BlockMode; chosenZones?: boolean } = {},
  ): void {
    this.fabric.putRegionalNatGateway({
      id: "nat",
      vpc: "vpc",
      table: "nat-rtb",
      live,
      blockMode,
      chosenZones,
      doors: Object.entries(doors).map(([zone, addresses]) => ({ zone, addresses: addresses.map(ip) })),
      draining: draining.map(ip),
    });
    for (const address of Object.values(doors).flat()) {
      this.fabric.putPublicAddress({ address: ip(address), to: { natGateway: "nat" } });
    }
  }

  /** What came out on the internet. */
  out(port: Port, more: Partial<Packet> = {}): Packet {
    const end = this.send(port, from(formatIp(port.addresses[0] ?? 0), SERVER, more));
    if (end.outcome !== "outside") throw new Error(ended(end));
    return end.packet;
  }
}

const sourceOf = ({ source }: Packet): string => formatIp(source);

describe("a regional NAT gateway", () => {
  const A = "198.51.100.1";
  const B = "198.51.100.2";
  const C = "198.51.100.3";

  test("each zone speaks to the internet by its own address; what answers finds its way back", () => {
    const world = new RegionalWorld({ za: [A], zb: [B] });
    for (const [port, address] of [
      [world.a, A],
      [world.b, B],
    ] as const) {
      const there = world.out(port);
      expect(sourceOf(there)).toBe(address);
      const { end } = world.trace(undefined, back(there));
      expect(ended(end)).toBe(port.id);
      expect(end.packet.destination).toBe(port.addresses[0]);
    }
  });

  test("its own route table leads on, past no network ACL but the sender's", () => {
    const world = new RegionalWorld({ za: [A] });
    const there = world.trace(world.a, from("10.0.11.10", SERVER));
    expect(passed(there)).toEqual([
      "network-interface",
      "security-group",
      "network-acl",
      "route-table",
      "network-interface",
      "nat-gateway",
      "network-interface",
      "route-table",
      "internet-gateway",
      "internet",
    ]);
    expect(there.steps[7]?.component.id).toBe("nat-rtb");
    world.table("nat-rtb", []);
    expect(ended(world.send(world.a, from("10.0.11.10", SERVER)))).toBe("NO_ROUTE_TO_DESTINATION");
  });

  test("a zone that it is not in yet is served by another, and its connections stay where they began", () => {
    const world = new RegionalWorld({ za: [A] });
    const early = world.out(world.b);
    expect(sourceOf(early)).toBe(A);
    world.open({ za: [A], zb: [B] });
    expect(sourceOf(world.out(world.b))).toBe(A);
    expect(sourceOf(world.out(world.b, { sourcePort: 41_000 }))).toBe(B);
    expect(ended(world.trace(undefined, back(early)).end)).toBe("b");
  });

  test("serves the zones that were chosen for it alone", () => {
    const world = new RegionalWorld({});
    const open = (doors: Doors): void => world.open(doors, { chosenZones: true });
    open({ za: [A] });
    expect(sourceOf(world.out(world.a))).toBe(A);
    expect(ended(world.send(world.b, from("10.0.12.10", SERVER)))).toBe("REGIONAL_NGW_ROUTE_AZ_RESTRICTION");
    open({ za: [A], zb: [B] });
    expect(sourceOf(world.out(world.b))).toBe(B);
    open({});
    expect(ended(world.send(world.a, from("10.0.11.10", SERVER)))).toBe("NAT_PORTS_EXHAUSTED");
  });

  test("an address that drains goes on with its connections and takes no new ones; gone, it knows nobody", () => {
    const world = new RegionalWorld({ za: [A, B] });
    const began = [40_000, 40_001].map((sourcePort) => world.out(world.a, { sourcePort }));
    expect(new Set(began.map(sourceOf))).toEqual(new Set([A, B]));
    world.open({ za: [A, B] }, { draining: [B] });
    expect(sourceOf(world.out(world.a, { sourcePort: 40_002 }))).toBe(A);
    for (const packet of began) expect(ended(world.trace(undefined, back(packet)).end)).toBe("a");
    world.open({ za: [A] });
    const lost = began.find((packet) => sourceOf(packet) === B);
    expect(lost && ended(world.trace(undefined, back(lost)).end)).not.toBe("a");
  });

  test("tells once in which zones ports have run out, and goes on with another address", () => {
    const world = new RegionalWorld({ za: [A], zb: [B] });
    const gateway = world.fabric.targets.get("nat") as NatGateway;
    const open = (more: Partial<Packet> = {}): End =>
      world.send(world.a, from("10.0.11.10", SERVER, { protocol: udp, ...more }));
    for (let n = 0; n < MOST_CONNECTIONS; n++) open({ sourcePort: 1024 + n });
    expect(gateway.takeCrowded()).toEqual([]);
    const late = { sourcePort: 1024 + MOST_CONNECTIONS };
    expect(ended(open(late))).toBe("NAT_PORTS_EXHAUSTED");
    // To others there is room, and so there is in the other zone.
    expect(ended(open({ ...late, destinationPort: 54 }))).toBe("outside");
    expect(sourceOf(world.out(world.b, { protocol: udp }))).toBe(B);
    expect([gateway.takeCrowded(), gateway.takeCrowded()]).toEqual([["za"], []]);
    world.open({ za: [A, C], zb: [B] });
    expect(sourceOf(world.out(world.a, { protocol: udp, ...late }))).toBe(C);
    // What began before stays with its address.
    expect(sourceOf(world.out(world.a, { protocol: udp, sourcePort: 1024 }))).toBe(A);
  });

  test("nothing from outside comes in, and without an address nothing goes out", () => {
    const world = new RegionalWorld({ za: [A] });
    expect(ended(world.trace(undefined, from(SERVER, A)).end)).toBe("UNSOLICITED");
    world.open({});
    expect(ended(world.send(world.a, from("10.0.11.10", SERVER)))).toBe("NAT_PORTS_EXHAUSTED");
    world.open({ za: [A] }, { live: false });
    expect(ended(world.send(world.a, from("10.0.11.10", SERVER)))).toBe("BAD_STATE_ROUTE");
    world.fabric.removeNatGateway("nat");
    expect(ended(world.send(world.a, from("10.0.11.10", SERVER)))).toBe("BAD_STATE_ROUTE");
    expect(ended(world.trace(undefined, from(SERVER, A)).end)).toBe("IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS");
  });

  test("Block Public Access of ingress lets it through, of both directions does not", () => {
    const world = new RegionalWorld({ za: [A] });
    world.open({ za: [A] }, { blockMode: "block-ingress" });
    expect(ended(world.trace(undefined, back(world.out(world.a))).end)).toBe("a");
    world.open({ za: [A] }, { blockMode: "block-bidirectional" });
    expect(ended(world.send(world.a, from("10.0.11.10", SERVER)))).toBe("VPC_BLOCK_PUBLIC_ACCESS_ENABLED");
  });

  test("a route table of the internet gateway, which knows the VPC's addresses alone, is not asked about it", () => {
    const world = new RegionalWorld({ za: [A] });
    const there = world.out(world.a, { protocol: udp });
    world.table("edge", []);
    world.fabric.putInternetGateway({ id: "igw", vpc: "vpc", table: "edge" });
    expect(ended(world.trace(undefined, back(there)).end)).toBe("a");
  });

  test("flow logs of the VPC see its clients, and not the gateway itself", () => {
    const world = new RegionalWorld({ za: [A] });
    world.fabric.flowLogs.put({ id: "fl", scope: "vpc", traffic: "ALL", interval: 60, since: 0 });
    world.out(world.a);
    const windows = world.fabric.flowLogs.take("fl", world.now + 120_000, []);
    expect(windows.map(({ port }) => port.id)).toEqual(["a"]);
  });
});
