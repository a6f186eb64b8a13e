import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { block } from "../../network/ip.ts";
import { anyOut, back, ended, from, icmp, inbound, outbound, passed, route, tcp, World } from "./world.ts";

/** VPCs 10.0.0.0/16 (`vpc`), 10.1.0.0/16 (`one`) and 10.2.0.0/16 (`two`), each with a subnet x.x.1.0/24 and a port. */
class Peers extends World {
  readonly near = this.port("near", { addresses: ["10.0.1.10"] });

  constructor() {
    super();
    for (const [id, net] of [
      ["one", "10.1"],
      ["two", "10.2"],
    ] as const) {
      this.fabric.putVpc({ id, blocks: [block(`${net}.0.0/16`)] });
      this.table(`${id}-rtb`, [], id, true);
      this.subnet(`${id}-a`, `${net}.1.0/24`, { vpc: id });
    }
  }

  peer(id: string, a: string, b: string, betweenRegions = false): void {
    this.fabric.putPeering({ id, vpcs: [a, b], betweenRegions });
  }

  /** The connection `pcx-1` between `vpc` and `one`, with routes on both sides. */
  join(betweenRegions = false): void {
    this.peer("pcx-1", "vpc", "one", betweenRegions);
    this.table("rtb", [route("10.1.0.0/16", "pcx-1")]);
    this.table("one-rtb", [route("10.0.0.0/16", "pcx-1")], "one", true);
  }
}

const there = from("10.0.1.10", "10.1.1.10");

describe("a peering connection", () => {
  test("brings packets to the other VPC, and the answer back", () => {
    const world = new Peers();
    const far = world.port("far", { addresses: ["10.1.1.10"], subnet: "one-a" });
    world.join();
    const journey = world.trace(world.near, there);
    expect(ended(journey.end)).toBe("far");
    expect(passed(journey)).toEqual([
      "network-interface",
      "security-group",
      "network-acl",
      "route-table",
      "vpc-peering-connection",
      "network-acl",
      "security-group",
      "network-interface",
    ]);
    expect(ended(world.send(far, back(there)))).toBe("near");
  });

  test("needs a route on each side: without one, the other side gets the packet and its answer is lost", () => {
    const world = new Peers();
    const far = world.port("far", { addresses: ["10.1.1.10"], subnet: "one-a" });
    world.join();
    world.table("one-rtb", [], "one", true);
    expect(ended(world.send(world.near, there))).toBe("far");
    expect(ended(world.send(far, back(there)))).toBe("NO_ROUTE_TO_DESTINATION");
  });

  test("that is no more leaves a blackhole, and so does a VPC that is no more", () => {
    const world = new Peers();
    world.join();
    world.fabric.removePeering("pcx-1");
    expect(ended(world.send(world.near, there))).toBe("BAD_STATE_ROUTE");
    world.join();
    world.fabric.removeVpc("one");
    expect(ended(world.send(world.near, there))).toBe("BAD_STATE_ROUTE");
  });

  test("of two other VPCs is a blackhole", () => {
    const world = new Peers();
    world.peer("pcx-2", "one", "two");
    world.table("rtb", [route("10.1.0.0/16", "pcx-2")]);
    expect(ended(world.send(world.near, there))).toBe("BAD_STATE_ROUTE");
  });

  test("is not transitive: neither by routes nor by an interface that forwards", () => {
    const world = new Peers();
    world.join();
    world.port("last", { addresses: ["10.2.1.10"], subnet: "two-a" });
    const router = world.port("router", { addresses: ["10.1.1.5"], subnet: "one-a", check: false });
    world.peer("pcx-2", "one", "two");
    world.table("rtb", [route("10.1.0.0/16", "pcx-1"), route("10.2.0.0/16", "pcx-1")]);
    world.table("one-rtb", [route("10.0.0.0/16", "pcx-1"), route("10.2.0.0/16", "pcx-2")], "one", true);
    const onwards = from("10.0.1.10", "10.2.1.10");
    expect(ended(world.send(world.near, onwards))).toBe("PCX_REQUIRES_ADDRESS_IN_VPC_CIDR");
    // Even if the packet is in the VPC in between: it is not from there.
    expect(ended(world.send(router, onwards))).toBe("PCX_REQUIRES_ADDRESS_IN_VPC_CIDR");
  });

  test("does not lead to the peer's gateways", () => {
    const world = new Peers();
    world.join();
    world.fabric.putInternetGateway({ id: "one-igw", vpc: "one", table: undefined });
    world.table("rtb", [route("0.0.0.0/0", "pcx-1")]);
    world.table("one-rtb", [route("0.0.0.0/0", "one-igw")], "one", true);
    expect(ended(world.send(world.near, from("10.0.1.10", "198.51.100.1")))).toBe(
      "PCX_REQUIRES_ADDRESS_IN_VPC_CIDR",
    );
  });

  test.each([
    [false, 9001, "far"],
    [true, 8500, "far"],
    [true, 8501, "FRAGMENTATION_NEEDED"],
  ])("between regions (%s) takes packets of %i bytes: %s", (betweenRegions, length, end) => {
    const world = new Peers();
    world.port("far", { addresses: ["10.1.1.10"], subnet: "one-a" });
    world.join(betweenRegions);
    const sent = world.send(world.near, { ...there, length, dontFragment: true });
    expect(ended(sent)).toBe(end);
    const notice = sent.outcome === "dropped" ? sent.notice : undefined;
    expect(notice?.protocol).toBe(end === "far" ? undefined : icmp);
  });
});

describe("security groups over peering", () => {
  const groups = (world: Peers, betweenRegions: boolean): void => {
    world.fabric.putSecurityGroup("sg-near", [outbound(tcp, 443, 443, "sg-far")]);
    world.fabric.putSecurityGroup("sg-far", [inbound(tcp, 443, 443, "sg-near")]);
    world.port("near", { addresses: ["10.0.1.10"], groups: ["sg-near"] });
    world.port("far", { addresses: ["10.1.1.10"], subnet: "one-a", groups: ["sg-far"] });
    world.join(betweenRegions);
  };

  test("name the groups of the other VPC, in both directions", () => {
    const world = new Peers();
    groups(world, false);
    expect(ended(world.send(world.near, there))).toBe("far");
    world.fabric.putSecurityGroup("sg-far", [inbound(tcp, 443, 443, "sg-other")]);
    world.port("far", { addresses: ["10.1.1.10"], subnet: "one-a", groups: ["sg-far"], live: false });
    world.port("far", { addresses: ["10.1.1.10"], subnet: "one-a", groups: ["sg-far"] });
    expect(ended(world.send(world.near, there))).toBe("ENI_SG_RULES_MISMATCH");
  });

  test("do not between regions", () => {
    const world = new Peers();
    groups(world, true);
    expect(ended(world.send(world.near, there))).toBe("ENI_SG_RULES_MISMATCH");
    world.fabric.putSecurityGroup("sg-near", [anyOut]);
    expect(ended(world.send(world.near, there))).toBe("ENI_SG_RULES_MISMATCH");
  });
});

test("two VPCs without a connection of their own never exchange a packet, whatever their ranges and routes", () => {
  const nets = ["10.0", "10.1", "10.2", "172.16"] as const;
  const net = fc.constantFrom(...nets);
  const connection = fc.constantFrom("pcx-1", "pcx-2");
  const target = fc.oneof(connection, connection, fc.constantFrom("router", "igw", "one-igw", "two-igw"));
  const routes = fc.array(
    fc.tuple(
      fc.constantFrom(
        "0.0.0.0/0",
        "10.0.0.0/8",
        "0.0.0.0/1",
        ...nets.flatMap((n) => [`${n}.0.0/16`, `${n}.1.0/24`]),
      ),
      target,
    ),
    { minLength: 1, maxLength: 4 },
  );
  let crossed = 0;
  fc.assert(
    fc.property(
      fc.tuple(net, net, net),
      fc.tuple(routes, routes, routes),
      fc.array(fc.tuple(connection, fc.nat(2), fc.nat(2)), { maxLength: 3 }),
      fc.tuple(fc.nat(2), fc.nat(3), fc.option(net, { nil: undefined }), fc.nat(2)),
      ([...blocks], [...tables], peerings, [who, host, claimed, whom]) => {
        const source = claimed ?? blocks[who] ?? "";
        const destination = blocks[whom] ?? "";
        const world = new World();
        const ids = ["vpc", "one", "two"];
        ids.forEach((id, i) => {
          const prefix = id === "vpc" ? "" : `${id}-`;
          world.fabric.putVpc({ id, blocks: [block(`${blocks[i] ?? ""}.0.0/16`)] });
          world.fabric.putInternetGateway({ id: `${prefix}igw`, vpc: id, table: undefined });
          world.table(`${prefix}rtb`, [], id, true);
          world.subnet(`${prefix}a`, `${blocks[i] ?? ""}.1.0/24`, { vpc: id });
        });
        const ports = ids.map((id, i) =>
          [10, 11].map((last) =>
            world.port(last === 11 && i === 1 ? "router" : `${id}-${last}`, {
              addresses: [`${blocks[i] ?? ""}.1.${last}`],
              subnet: id === "vpc" ? "a" : `${id}-a`,
              check: false,
            }),
          ),
        );
        const pairs = new Map<string, readonly [number, number]>();
        for (const [id, a, b] of peerings) {
          if (a === b) continue;
          pairs.set(id, [a, b]);
          world.fabric.putPeering({ id, vpcs: [ids[a] ?? "", ids[b] ?? ""], betweenRegions: false });
        }
        ids.forEach((id, i) => {
          const list = (tables[i] ?? []).map(([cidr, to]) => route(cidr, to));
          const unique = list.filter((one, j) => list.findIndex((o) => same(o, one)) === j);
          world.table(id === "vpc" ? "rtb" : `${id}-rtb`, unique, id, true);
        });
        const sender = ports[who]?.[host % 2];
        if (!sender) return;
        const end = world.send(sender, from(`${source}.1.10`, `${destination}.1.${host > 1 ? 11 : 10}`));
        if (end.outcome !== "delivered") return;
        const to = ids.indexOf(end.port.subnet.vpc.id);
        const joined = [...pairs.values()].some((pair) => pair.includes(who) && pair.includes(to));
        if (to !== who) crossed++;
        expect(to === who || joined).toBe(true);
      },
    ),
    { seed: 7, numRuns: 2000 },
  );
  expect(crossed).toBeGreaterThan(20);
});

const same = (a: ReturnType<typeof route>, b: ReturnType<typeof route>): boolean =>
  "base" in a.destination &&
  "base" in b.destination &&
  a.destination.base === b.destination.base &&
  a.destination.length === b.destination.length;
