import { describe, expect, test } from "vitest";
import { block } from "../../network/ip.ts";
import type { Port } from "../../network/port.ts";
import {
  all,
  back,
  ended,
  entering,
  from,
  inbound,
  leaving,
  openAcl,
  outbound,
  route,
  World,
} from "./world.ts";

const INSIDE = "2600:1f00::10";
const OUTSIDE = "2001:db8::9";

const open = [
  inbound(all, -1, -1, "0.0.0.0/0"),
  outbound(all, -1, -1, "0.0.0.0/0"),
  inbound(all, -1, -1, "::/0"),
  outbound(all, -1, -1, "::/0"),
];

/** A client whose groups allow all, so that its flows need not be tracked. */
class OpenWorld extends World {
  constructor() {
    super();
    const { fabric } = this;
    fabric.putVpc({ id: "vpc", blocks: ["10.0.0.0/16", "2600:1f00::/56"].map(block) });
    fabric.putNetworkAcl("acl", [
      ...openAcl,
      entering(101, true, all, -1, -1, "::/0"),
      leaving(101, true, all, -1, -1, "::/0"),
    ]);
    fabric.putSecurityGroup("sg-open", open);
    fabric.putEgressOnlyInternetGateway("eigw", "vpc");
  }

  client(subnet: string, addresses: readonly string[]): Port {
    return this.port(subnet, { addresses: [...addresses], groups: ["sg-open"] });
  }
}

describe("flows that the rules leave untracked are tracked", () => {
  /** Whether the answers of a flow still come in after the rules are gone. */
  const survives = (world: OpenWorld, client: Port, source: string, destination: string): boolean => {
    const sent = world.trace(client, from(source, destination));
    expect(sent.end.outcome, JSON.stringify(sent.end.outcome)).not.toBe("dropped");
    world.fabric.putSecurityGroup("sg-open", []);
    const answer = world.trace(undefined, back(sent.end.packet));
    return ended(answer.end) === client.id;
  };

  test("through an egress-only internet gateway", () => {
    const world = new OpenWorld();
    world.table("rtb", [route("::/0", "eigw")]);
    world.subnet("a", "10.0.1.0/24 2600:1f00::/64");
    const client = world.client("client", [INSIDE]);
    expect(survives(world, client, INSIDE, OUTSIDE)).toBe(true);
    expect(client.tracking.size).toBe(1);
  });

  test("through a NAT gateway, whoever else could be reached without", () => {
    const world = new OpenWorld();
    const { fabric } = world;
    world.table("rtb-public", [route("0.0.0.0/0", "igw")]);
    world.subnet("b", "10.0.2.0/24", { table: "rtb-public" });
    const nat = world.port("eni-nat", { addresses: ["10.0.2.5"], subnet: "b", groups: [], check: false });
    world.publish("52.0.0.1", nat);
    fabric.putNatGateway({ id: "nat", port: "eni-nat", live: true, draining: [] });
    world.table("rtb", [route("0.0.0.0/0", "nat")]);
    world.subnet("a", "10.0.1.0/24");
    const client = world.client("client", ["10.0.1.10"]);
    world.client("other", ["10.0.1.11"]);
    world.send(client, from("10.0.1.10", "10.0.1.11"));
    expect(client.tracking.size).toBe(0);
    world.trace(client, from("10.0.1.10", "198.51.100.7"));
    expect(client.tracking.size).toBe(1);
  });

  test.each([
    ["dynamodb", 1],
    ["s3", 0],
  ])("through a gateway endpoint of %s: %i", (service, tracked) => {
    const world = new OpenWorld();
    world.fabric.putPrefixList("pl-x", [block("52.216.0.0/22")]);
    world.fabric.endpoints.put({
      type: "gateway",
      id: "vpce",
      vpc: "vpc",
      service,
      prefixList: "pl-x",
      open: true,
    });
    world.table("rtb", [route("pl-x", "vpce")]);
    world.subnet("a", "10.0.1.0/24");
    const client = world.client("client", ["10.0.1.10"]);
    expect(ended(world.send(client, from("10.0.1.10", "52.216.0.1")))).toBe(service);
    expect(client.tracking.size).toBe(tracked);
  });

  test("with an interface endpoint", () => {
    const world = new OpenWorld();
    world.subnet("a", "10.0.1.0/24");
    const door = world.client("door", ["10.0.1.20"]);
    const service = { kind: "region", name: "sts" } as const;
    world.fabric.endpoints.put({ type: "interface", id: "vpce", ports: ["door"], service });
    const client = world.client("client", ["10.0.1.10"]);
    expect(door.tracksFlows).toBe(true);
    world.send(client, from("10.0.1.10", "10.0.1.20"));
    expect(client.tracking.size).toBe(1);
  });

  test("not through an internet gateway", () => {
    const world = new OpenWorld();
    world.table("rtb", [route("::/0", "igw")]);
    world.subnet("a", "10.0.1.0/24 2600:1f00::/64");
    const client = world.client("client", [INSIDE]);
    expect(survives(world, client, INSIDE, OUTSIDE)).toBe(false);
    expect(client.tracking.size).toBe(0);
  });
});
