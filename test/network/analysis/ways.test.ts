/** The ways that the random networks of the evaluator have none of: gateways, connections, endpoints. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { exchange } from "../../../network/exchange.ts";
import { block, ip } from "../../../network/ip.ts";
import type { AclEntry } from "../../../network/networkAcl.ts";
import type { Packet } from "../../../network/packet.ts";
import type { Port } from "../../../network/port.ts";
import type { SecurityGroupRule } from "../../../network/securityGroup.ts";
import { OFFICE, putSite, putVpnGateway, siteRoute } from "../office.ts";
import { all, from, inbound, leaving, entering, outbound, route, tcp, udp, World } from "../world.ts";
import { entries, PORT, rulesNaming } from "./policies.ts";
import { ask, codes, number, passed, type Asked } from "./questions.ts";

const SEED = { seed: 4 };
const rules = rulesNaming("sg-client", "sg-server");
const SERVER = "203.0.113.9";
const S3 = "52.216.0.1";

interface Policy {
  readonly near: readonly AclEntry[];
  readonly far: readonly AclEntry[];
  readonly client: readonly SecurityGroupRule[];
  readonly server: readonly SecurityGroupRule[];
  readonly protocol: number;
  /** Which of the routes are there. */
  readonly there: boolean;
  readonly back: boolean;
}

const policy: fc.Arbitrary<Policy> = fc.record({
  near: entries,
  far: entries,
  client: rules,
  server: rules,
  protocol: fc.constantFrom(tcp, tcp, udp),
  there: fc.integer({ min: 0, max: 5 }).map((n) => n > 0),
  back: fc.integer({ min: 0, max: 5 }).map((n) => n > 0),
});

/**
 * A client at 10.0.1.10 in the subnet `a` of the VPC `vpc`; `near` is that subnet's ACL. What is on the other side has the
 * ACL `far` and the group `sg-server`.
 */
function clientSide({ near, far, client, server }: Policy): World {
  const world = new World();
  const { fabric } = world;
  fabric.putNetworkAcl("acl-near", near);
  fabric.putNetworkAcl("acl-far", far);
  fabric.putSecurityGroup("sg-client", client);
  fabric.putSecurityGroup("sg-server", server);
  world.subnet("a", "10.0.1.0/24", { acl: "acl-near" });
  world.port("client", { addresses: ["10.0.1.10"], groups: ["sg-client"] });
  return world;
}

function client({ fabric }: World): Port {
  return fabric.ports.get("client") ?? expect.fail();
}

/** A load balancer at 10.0.2.20 before a server in the same subnet. */
function balanced(world: World, { there, back }: Policy, subnet: string): void {
  world.managed("node", subnet, "10.0.2.20");
  world.port("server", { addresses: ["10.0.2.30"], subnet, groups: ["sg-server"], live: there });
  for (const protocol of [tcp, udp]) world.fabric.listening.listen("i-server", protocol, PORT);
  const targets = back ? ["server"] : [];
  const nlb = { id: "nlb", nodes: ["node"], targets, crossZone: false } as const;
  world.fabric.endpoints.putLoadBalancer({ type: "network", ...nlb });
}

/** A VPC 10.1.0.0/16 with a server at 10.1.1.10. */
function serverSide(world: World): void {
  const { fabric } = world;
  fabric.putVpc({ id: "far", blocks: [block("10.1.0.0/16")] });
  world.table("rtb-far", [], "far", true);
  world.subnet("far-a", "10.1.1.0/24", { vpc: "far", acl: "acl-far" });
  world.port("server", { addresses: ["10.1.1.10"], subnet: "far-a", groups: ["sg-server"] });
  for (const protocol of [tcp, udp]) fabric.listening.listen("i-server", protocol, PORT);
}

interface Scene {
  readonly world: World;
  readonly to: string;
  readonly destination: string;
  /** Whether the way back is not told. */
  readonly oneWay?: boolean;
}

const scenes: Readonly<Record<string, (policy: Policy) => Scene>> = {
  "a NAT gateway": (policy) => {
    const world = clientSide(policy);
    const { fabric } = world;
    world.table("rtb-public", policy.back ? [route("0.0.0.0/0", "igw")] : []);
    world.subnet("b", "10.0.2.0/24", { acl: "acl-far", table: "rtb-public" });
    world.managed("eni-nat", "b", "10.0.2.5");
    fabric.putNatGateway({ id: "nat", port: "eni-nat", live: policy.there, draining: [] });
    fabric.putPublicAddress({ address: ip("52.0.0.1"), to: { port: "eni-nat", inside: ip("10.0.2.5") } });
    world.table("rtb", [route("0.0.0.0/0", "nat")]);
    return { world, to: "igw", destination: SERVER };
  },
  "a peering connection": (policy) => {
    const world = clientSide(policy);
    serverSide(world);
    world.fabric.putPeering({ id: "pcx", vpcs: ["vpc", "far"], betweenRegions: false });
    world.table("rtb", policy.there ? [route("10.1.0.0/16", "pcx")] : []);
    world.table("rtb-far", policy.back ? [route("10.0.0.0/16", "pcx")] : [], "far", true);
    return { world, to: "server", destination: "10.1.1.10" };
  },
  "a transit gateway": (policy) => {
    const world = clientSide(policy);
    serverSide(world);
    const { transitGateways } = world.fabric;
    transitGateways.putGateway({ id: "tgw", groupReferencing: policy.back });
    transitGateways.putRouteTable("tgw-rtb", [
      { destination: block("10.1.0.0/16"), attachment: policy.there ? "far" : undefined, origin: "static" },
      { destination: block("10.0.0.0/16"), attachment: "near", origin: "propagated-vpc" },
    ]);
    world.managed("eni-near", "a", "10.0.1.200");
    world.managed("eni-far", "far-a", "10.1.1.200");
    for (const [id, vpc, port] of [
      ["near", "vpc", "eni-near"],
      ["far", "far", "eni-far"],
    ] as const) {
      const more = { table: "tgw-rtb", live: true, ports: [port], groupReferencing: true };
      transitGateways.putVpcAttachment({ id, gateway: "tgw", vpc, ...more });
    }
    world.table("rtb", [route("10.1.0.0/16", "tgw")]);
    world.table("rtb-far", [route("10.0.0.0/16", "tgw")], "far", true);
    return { world, to: "server", destination: "10.1.1.10", oneWay: true };
  },
  "a transit gateway's policy table": (policy) => {
    const scene = scenes["a transit gateway"]?.({ ...policy, there: true }) ?? expect.fail();
    const { transitGateways } = scene.world.fabric;
    const anything = { source: undefined, destination: undefined, sourcePorts: undefined };
    transitGateways.putRouteTable("tgw-rtb-none", []);
    transitGateways.putPolicyTable("tgw-ptb", [
      { ...anything, number: 2, protocol: undefined, destinationPorts: undefined, table: "tgw-rtb" },
      {
        ...anything,
        number: 1,
        protocol: policy.there ? udp : tcp,
        destinationPorts: [PORT, PORT],
        table: "tgw-rtb-none",
      },
    ]);
    transitGateways.putAttachmentRules({ id: "near", gateway: "tgw", policy: "tgw-ptb", translations: [] });
    return scene;
  },
  "a transit gateway that translates": (policy) => {
    const scene = scenes["a transit gateway"]?.({ ...policy, there: true }) ?? expect.fail();
    const { transitGateways } = scene.world.fabric;
    const inside = block(policy.there ? "10.1.0.0/16" : "10.1.2.0/24");
    const outside = block(policy.there ? "100.64.0.0/16" : "100.64.2.0/24");
    const translations = [{ number: 1, inside, outside }];
    transitGateways.putRouteTable("tgw-rtb", [
      { destination: block("100.64.0.0/16"), attachment: "far", origin: "static" },
    ]);
    transitGateways.putAttachmentRules({ id: "far", gateway: "tgw", policy: undefined, translations });
    scene.world.table("rtb", [route("100.64.0.0/16", "tgw")]);
    return { ...scene, destination: "100.64.1.10" };
  },
  "a Gateway Load Balancer endpoint": (policy) => {
    const world = clientSide(policy);
    const { fabric } = world;
    world.vpc("guard", "guard-");
    world.managed("eni-glb", "guard-a", "10.0.1.250");
    world.port("appliance", { addresses: ["10.0.1.66"], subnet: "guard-a" });
    fabric.listening.listen("i-appliance", udp, 6081);
    const glb = { nodes: ["eni-glb"], targets: ["appliance"], crossZone: true };
    fabric.endpoints.putLoadBalancer({ id: "glb", type: "gateway", ...glb });
    world.table("rtb-b", [route("0.0.0.0/0", "igw")], "vpc", false);
    world.subnet("b", "10.0.2.0/24", { acl: "acl-far", table: "rtb-b" });
    world.managed("eni-vpce", "b", "10.0.2.9");
    const balancers = policy.there ? ["glb"] : undefined;
    fabric.endpoints.put({ type: "gateway-load-balancer", id: "vpce", ports: ["eni-vpce"], balancers });
    world.table("rtb", [route("0.0.0.0/0", "vpce")]);
    // What comes in for the client's subnet is shown, too.
    const inwards = policy.back ? [route("10.0.1.0/24", "vpce")] : [];
    world.table("rtb-in", inwards, "vpc", false);
    fabric.putInternetGateway({ id: "igw", vpc: "vpc", table: "rtb-in" });
    world.publish("52.0.0.1", client(world));
    return { world, to: "igw", destination: SERVER };
  },
  "a virtual private gateway": (policy) => {
    const world = clientSide(policy);
    putSite(world, "office");
    putVpnGateway(world, [siteRoute("0.0.0.0/0", "office")]);
    world.table("rtb", policy.there && policy.back ? [route(OFFICE, "vgw")] : []);
    return { world, to: "vgw", destination: "192.168.1.5" };
  },
  "a Network Load Balancer": (policy) => {
    const world = clientSide(policy);
    world.subnet("b", "10.0.2.0/24", { acl: "acl-far" });
    balanced(world, policy, "b");
    return { world, to: "server", destination: "10.0.2.20" };
  },
  "an endpoint of a service behind a Network Load Balancer": (policy) => {
    const world = clientSide(policy);
    world.vpc("provider", "p-");
    world.subnet("p-b", "10.0.2.0/24", { vpc: "provider", acl: "acl-far" });
    balanced(world, policy, "p-b");
    world.managed("eni-vpce", "b", "10.0.2.9", ["sg-open"]);
    const service = { kind: "load-balancers", ids: ["nlb"] } as const;
    world.fabric.endpoints.put({ type: "interface", id: "vpce", ports: ["eni-vpce"], service });
    return { world, to: "server", destination: "10.0.2.9" };
  },
  "a gateway endpoint": (policy) => {
    const world = clientSide(policy);
    const { fabric } = world;
    fabric.putPrefixList("pl-s3", [block("52.216.0.0/22")]);
    const service = { service: "s3", prefixList: "pl-s3", open: policy.there };
    fabric.endpoints.put({ type: "gateway", id: "vpce", vpc: "vpc", ...service });
    world.table("rtb", policy.back ? [route("pl-s3", "vpce")] : []);
    return { world, to: "vpce", destination: S3 };
  },
  "an interface endpoint": (policy) => {
    const world = clientSide(policy);
    world.subnet("b", "10.0.2.0/24", { acl: "acl-far" });
    world.managed("eni-vpce", "b", "10.0.2.9", ["sg-server"]);
    const service = policy.there ? ({ kind: "region", name: "sqs" } as const) : undefined;
    world.fabric.endpoints.put({ type: "interface", id: "vpce", ports: ["eni-vpce"], service });
    return { world, to: "vpce", destination: "10.0.2.9" };
  },
};

const asked = ({ protocol }: Pick<Policy, "protocol">, destination: string): Asked => ({
  protocol,
  port: PORT,
  sourcePort: 40_000,
  destinationAddress: destination,
});

/** Whether the client's packet, and of TCP its answer, get there. */
function walks({ world, destination, oneWay }: Scene, { protocol }: Policy): boolean {
  const sent: Packet = from("10.0.1.10", destination, { protocol, destinationPort: PORT });
  const { forward, learned } = exchange(world.fabric, client(world), sent, world.now);
  return protocol === tcp && !oneWay ? learned === "answer" : forward.end.outcome !== "dropped";
}

const analyzed = ({ world, to, destination }: Scene, policy: Policy, more: Asked = {}) =>
  ask(world.fabric, "client", to, { ...asked(policy, destination), ...more });

describe.each(Object.keys(scenes))("by %s", (name) => {
  const scene = scenes[name] ?? (() => expect.fail());

  test("a path is found exactly when the packet and its answer arrive", () => {
    let found = 0;
    let lost = 0;
    fc.assert(
      fc.property(policy, (random) => {
        const made = scene(random);
        const answer = analyzed(made, random);
        expect(answer.found).toBe(walks(made, random));
        expect(answer.explanations.length === 0).toBe(answer.found);
        if (answer.found) found++;
        else lost++;
      }),
      { ...SEED, numRuns: 300 },
    );
    expect(Math.min(found, lost)).toBeGreaterThan(10);
  });
});

const open: Policy = {
  near: [entering, leaving].map((each) => each(100, true, all, -1, -1, "0.0.0.0/0")),
  far: [entering, leaving].map((each) => each(100, true, all, -1, -1, "0.0.0.0/0")),
  client: [outbound(all, -1, -1, "0.0.0.0/0")],
  server: [inbound(tcp, PORT, PORT, "0.0.0.0/0"), outbound(all, -1, -1, "0.0.0.0/0")],
  protocol: tcp,
  there: true,
  back: true,
};
const at = (name: string, changed: Partial<Policy> = {}): Scene => {
  const made = scenes[name]?.({ ...open, ...changed });
  return made ?? expect.fail();
};

describe("paths", () => {
  test("name every component in order, there and back", () => {
    const nat = analyzed(at("a NAT gateway"), open);
    expect(passed(nat.forward)).toEqual([
      ...["client", "sg-client", "acl-near", "rtb", "acl-far", "nat", "acl-far", "rtb-public", "igw"],
    ]);
    expect(passed(nat.back)).toEqual([
      ...["igw", "acl-far", "eni-nat", "nat", "acl-far", "rtb-public", "acl-near", "sg-client", "client"],
    ]);
    const peered = analyzed(at("a peering connection"), open);
    expect(passed(peered.forward)).toEqual([
      ...["client", "sg-client", "acl-near", "rtb", "pcx", "acl-far", "sg-server", "server"],
    ]);
    const transit = analyzed(at("a transit gateway"), open);
    expect(passed(transit.forward)).toEqual([
      ...["client", "sg-client", "acl-near", "rtb", "acl-near", "near", "tgw-rtb", "far"],
      ...["sg-server", "server"],
    ]);
    expect(transit.back).toEqual([]);
    expect(passed(analyzed(at("a gateway endpoint"), open).forward)).toEqual([
      ...["client", "sg-client", "acl-near", "rtb", "vpce"],
    ]);
  });

  test("name load balancers, policy tables and gateways to customers, too", () => {
    const inspected = analyzed(at("a Gateway Load Balancer endpoint"), open);
    expect(passed(inspected.forward)).toEqual([
      ...["client", "sg-client", "acl-near", "rtb", "acl-far", "eni-vpce", "vpce"],
      ...["acl-far", "rtb-b", "igw"],
    ]);
    expect(passed(inspected.back)).toEqual([
      ...[
        "igw",
        "rtb-in",
        "acl-far",
        "eni-vpce",
        "vpce",
        "acl-far",
        "rtb-b",
        "acl-near",
        "sg-client",
        "client",
      ],
    ]);
    const details = inspected.forward.map(({ hop }) => hop.detail);
    expect(details).toContain("PATH_THROUGH_GWLB_NOT_CHECKED");
    const office = analyzed(at("a virtual private gateway"), open);
    expect(passed(office.forward)).toEqual(["client", "sg-client", "acl-near", "rtb", "vgw"]);
    expect(passed(office.back)).toEqual(["vgw", "acl-near", "sg-client", "client"]);
    const balanced = analyzed(at("an endpoint of a service behind a Network Load Balancer"), open);
    expect(passed(balanced.forward)).toEqual([
      ...["client", "sg-client", "acl-near", "rtb", "acl", "sg-open", "eni-vpce", "vpce"],
      ...["nlb", "node", "sg-server", "server"],
    ]);
    expect(passed(balanced.back)).toEqual([
      ...["server", "sg-server", "node", "nlb", "sg-open", "acl", "rtb", "acl-near", "sg-client", "client"],
    ]);
    expect(passed(analyzed(at("a transit gateway's policy table"), open).forward)).toEqual([
      ...["client", "sg-client", "acl-near", "rtb", "acl-near", "near", "tgw-ptb", "tgw-rtb", "far"],
      ...["sg-server", "server"],
    ]);
  });

  test("an answer that comes back to a load balancer under another address is none", () => {
    const scene = at("a Network Load Balancer");
    const { fabric } = scene.world;
    const { transitGateways } = fabric;
    // The server's subnet leads all answers through a gateway that translates them.
    scene.world.table("rtb-round", [route("10.0.2.0/24", "tgw")], "vpc", false);
    scene.world.subnet("c", "10.0.3.0/24", { acl: "acl-far", table: "rtb-round" });
    fabric.removePort("server");
    scene.world.port("server", { addresses: ["10.0.3.30"], subnet: "c", groups: ["sg-server"] });
    fabric.endpoints.putLoadBalancer({
      id: "nlb",
      type: "network",
      nodes: ["node"],
      targets: ["server"],
      crossZone: true,
    });
    scene.world.managed("eni-round", "b", "10.0.2.200");
    transitGateways.putGateway({ id: "tgw" });
    transitGateways.putRouteTable("tgw-rtb", [
      { destination: block("10.0.0.0/16"), attachment: "round", origin: "static" },
    ]);
    transitGateways.putVpcAttachment({
      id: "round",
      gateway: "tgw",
      vpc: "vpc",
      table: "tgw-rtb",
      live: true,
      ports: ["eni-round"],
    });
    expect([analyzed(scene, open).found, walks(scene, open)]).toEqual([true, true]);
    const translations = [
      { number: 1, inside: block("10.0.0.0/16"), outside: block("100.64.0.0/16") },
    ] as const;
    transitGateways.putAttachmentRules({ id: "round", gateway: "tgw", policy: undefined, translations });
    expect([analyzed(scene, open).found, walks(scene, open)]).toEqual([false, false]);
  });

  test("lead to whom an address stands for, though it is not its own", () => {
    for (const [name, through] of [
      ["a transit gateway that translates", "far"],
      ["a Network Load Balancer", "nlb"],
      ["an endpoint of a service behind a Network Load Balancer", "nlb"],
    ] as const) {
      const scene = at(name);
      const answer = ask(scene.world.fabric, "client", "server", { port: PORT, through: [through] });
      expect(answer.forward[0]?.outbound.ranges("destination")).toEqual([
        { first: number(scene.destination), last: number(scene.destination) },
      ]);
      expect(answer.found).toBe(true);
    }
  });

  test("are of IPv4 alone: who has no such address is none that a path leads to", () => {
    const { world } = at("a NAT gateway");
    const six = block("2001:db8::/56");
    world.fabric.putVpc({ id: "vpc", blocks: [block("10.0.0.0/16"), six] });
    world.subnet("a", "10.0.1.0/24 2001:db8::/64", { acl: "acl-near" });
    world.fabric.putSecurityGroup("sg-six", [inbound(all, -1, -1, "::/0")]);
    world.port("both", { addresses: ["10.0.1.77", "2001:db8::77"], groups: ["sg-six"] });
    world.port("six", { addresses: ["2001:db8::66"] });
    const ask443 = (to: string) => ask(world.fabric, "client", to, { port: PORT });
    expect(codes(ask443("six"))).toEqual(["UNASSOCIATED_COMPONENT"]);
    expect(codes(ask443("both"))).toEqual(["ENI_SG_RULES_MISMATCH"]);
    world.fabric.putSecurityGroup("sg-six", [inbound(tcp, PORT, PORT, "10.0.1.10/32")]);
    expect(ask443("both").found).toBe(true);
  });

  test("tell the headers before and after a NAT gateway", () => {
    const { forward } = analyzed(at("a NAT gateway"), open);
    const nat = forward.find(({ hop }) => hop.component === "nat");
    expect(nat?.inbound.ranges("source").map(({ first }) => first & 0xff)).toEqual([10]);
    expect(nat?.outbound.ranges("source").map(({ first }) => first & 0xff)).toEqual([5]);
    expect(nat?.outbound.ranges("sourcePort")).toEqual([{ first: 1024, last: 65_535 }]);
  });

  test("are explained by what is missing on the way", () => {
    const why = (name: string, changed: Partial<Policy>, more: Asked = {}): string[] =>
      codes(analyzed(at(name, changed), { ...open, ...changed }, more));
    expect(why("a NAT gateway", { there: false })).toEqual(["BAD_STATE_ROUTE"]);
    expect(why("a NAT gateway", { back: false })).toEqual(["NO_ROUTE_TO_DESTINATION"]);
    expect(why("a peering connection", { there: false, back: false })).toEqual([
      "NO_ROUTE_TO_DESTINATION",
      "NO_ROUTE_TO_DESTINATION",
    ]);
    expect(why("a peering connection", {}, { unknown: ["far"] })).toEqual(["NO_POSSIBLE_DESTINATION"]);
    expect(why("a peering connection", {}, { without: ["pcx"] })).toEqual([
      "COMPONENT_FILTER_RESTRICTION_REMOVED_COMPONENT",
    ]);
    expect(why("a peering connection", {}, { through: ["nat"] })).toEqual(["COMPONENT_FILTER_RESTRICTION"]);
    expect(why("a peering connection", {}, { through: ["pcx"] })).toEqual([]);
    expect(why("a transit gateway", { there: false })).toEqual(["TGW_RTB_BAD_STATE_ROUTE"]);
    expect(why("a transit gateway", {}, { unknown: ["tgw-rtb"] })).toEqual(["TGW_RTB_ROUTES_ARE_UNKNOWN"]);
    expect(why("a gateway endpoint", { protocol: udp })).toEqual(["VPCE_GATEWAY_PROTOCOL_RESTRICTION"]);
    expect(why("a gateway endpoint", { there: false })).toEqual(["BAD_STATE_ROUTE"]);
    expect(why("an interface endpoint", { there: false })).toEqual(["BAD_STATE_ATTACHMENT"]);
    expect(why("a transit gateway's policy table", { there: false })).toEqual([
      "TGW_RTB_NO_ROUTE_TO_TGW_ATTACHMENT",
    ]);
    expect(why("a transit gateway that translates", { there: false })).toEqual([
      "VPC_LOCAL_ROUTE_CIDR_RESTRICTION",
      "NO_POSSIBLE_DESTINATION",
    ]);
    // Of the route there, of the one back, and of the endpoint that this leads to.
    expect(why("a Gateway Load Balancer endpoint", { there: false })).toEqual([
      "BAD_STATE_ROUTE",
      "BAD_STATE_ROUTE",
      "BAD_STATE_ATTACHMENT",
    ]);
    expect(why("a Gateway Load Balancer endpoint", { back: false })).toEqual([]);
    expect(why("a virtual private gateway", { there: false })).toEqual(["NO_ROUTE_TO_DESTINATION"]);
    expect(why("a Network Load Balancer", { back: false })).toEqual(["ELBV2_LISTENER_HAS_NO_TG"]);
  });

  test("lead through a transit gateway only where its table and its zones let them", () => {
    const { world } = at("a transit gateway");
    const { transitGateways } = world.fabric;
    const why = () => codes(ask(world.fabric, "client", "server", { port: PORT }));
    expect(why()).toEqual([]);
    transitGateways.putRouteTable("tgw-rtb", []);
    expect(why()).toEqual(["TGW_RTB_NO_ROUTE_TO_TGW_ATTACHMENT"]);
    const to = (cidr: string, attachment: string) =>
      ({ destination: block(cidr), attachment, origin: "static" }) as const;
    transitGateways.putRouteTable("tgw-rtb", [to("10.1.2.0/24", "far")]);
    expect(why()).toEqual(["TGW_RTB_CANNOT_ROUTE"]);
    transitGateways.putRouteTable("tgw-rtb", [to("10.1.0.0/16", "far"), to("10.1.1.0/24", "near")]);
    expect(why()).toEqual(["TGW_RTB_MORE_SPECIFIC_ROUTE"]);
    const near = { id: "near", gateway: "tgw", vpc: "vpc", live: true, ports: ["eni-near"] };
    transitGateways.putVpcAttachment({ ...near, table: undefined });
    expect(why()).toEqual(["TGW_ATTACH_MISSING_TGW_RTB_ASSOCIATION"]);
    transitGateways.putRouteTable("tgw-rtb", [to("10.1.0.0/16", "far")]);
    world.fabric.putSubnet({
      id: "z",
      vpc: "vpc",
      zone: "other",
      blocks: [block("10.0.9.0/24")],
      acl: "acl-near",
      table: undefined,
    });
    world.managed("eni-other", "z", "10.0.9.9");
    transitGateways.putVpcAttachment({ ...near, table: "tgw-rtb", ports: ["eni-other"] });
    expect(why()).toEqual(["TGW_ROUTE_AZ_RESTRICTION"]);
  });

  test("tell where on the way it is lost whose packets they are, where a rule names their group", () => {
    const named: Partial<Policy> = { server: [inbound(tcp, PORT, PORT, "sg-client")] };
    // The gateway tells it where it does for both attachments.
    const across = (back: boolean): string[] =>
      codes(analyzed(at("a transit gateway", { ...named, back }), open));
    expect(across(true)).toEqual([]);
    expect(across(false)).toEqual(["SG_REFERENCING_SUPPORT"]);
    const { world, destination } = at("a transit gateway", named);
    const { transitGateways } = world.fabric;
    const near = {
      id: "near",
      gateway: "tgw",
      vpc: "vpc",
      live: true,
      ports: ["eni-near"],
      table: "tgw-rtb",
    };
    transitGateways.putVpcAttachment({ ...near, groupReferencing: false });
    const answer = ask(world.fabric, "client", "server", { port: PORT, destinationAddress: destination });
    expect(answer.explanations).toMatchObject([{ code: "SG_REFERENCING_SUPPORT", component: "near" }]);
    world.fabric.putSecurityGroup("sg-server", [inbound(tcp, PORT, PORT, "sg-other")]);
    expect(codes(ask(world.fabric, "client", "server", { port: PORT }))).toEqual(["ENI_SG_RULES_MISMATCH"]);

    const inspected = at("a Gateway Load Balancer endpoint").world;
    inspected.port("server", { addresses: ["10.0.2.30"], subnet: "b", groups: ["sg-server"] });
    inspected.fabric.putSecurityGroup("sg-server", [inbound(tcp, PORT, PORT, "sg-client")]);
    inspected.table("rtb", [route("10.0.2.0/24", "vpce")]);
    const seen = ask(inspected.fabric, "client", "server", { port: PORT, through: ["vpce"] });
    expect(seen.explanations).toMatchObject([{ code: "SG_REFERENCES_NOT_PRESERVED", component: "vpce" }]);
  });

  test("lead by each of the routes that share the flows of a block", () => {
    const { world } = at("a transit gateway");
    const { transitGateways } = world.fabric;
    world.vpc("third", "third-", ["10.7.0.0/16"]);
    world.managed("eni-third", "third-a", "10.7.1.9");
    const third = { id: "third", gateway: "tgw", vpc: "third", table: undefined, live: true };
    transitGateways.putVpcAttachment({ ...third, ports: ["eni-third"] });
    const found = (shared: boolean) => {
      const to = { destination: block("10.1.0.0/16"), origin: "propagated-vpn", shared } as const;
      transitGateways.putRouteTable("tgw-rtb", [
        { ...to, attachment: "far" },
        { ...to, attachment: "third" },
      ]);
      return ["far", "third"].map((end) => ask(world.fabric, "client", end, { port: PORT }).found);
    };
    expect(found(false)).toEqual([true, false]);
    const asked = { port: PORT, destinationAddress: "10.1.1.10" };
    expect(ask(world.fabric, "client", "third", asked).found).toBe(false);
    expect(found(true)).toEqual([true, true]);
    expect(ask(world.fabric, "client", "third", asked).found).toBe(true);
  });

  test("end at a transit gateway's attachment to customers, and begin there", () => {
    const { world } = at("a transit gateway");
    const { transitGateways, vpns } = world.fabric;
    putSite(world, "office");
    vpns.putAttachment({ id: "vpn", gateway: "tgw", table: "tgw-rtb", live: true, connection: "office" });
    transitGateways.putRouteTable("tgw-rtb", [
      { destination: block(OFFICE), attachment: "vpn", origin: "propagated-vpn" },
      { destination: block("10.0.0.0/16"), attachment: "near", origin: "propagated-vpc" },
    ]);
    world.table("rtb", [route("0.0.0.0/0", "tgw")]);
    const there = { port: PORT, destinationAddress: "192.168.1.5" };
    expect(ask(world.fabric, "client", "vpn", there).found).toBe(true);
    const anywhere = ask(world.fabric, "client", undefined, there);
    expect(passed(anywhere.forward).slice(-2)).toEqual(["tgw-rtb", "vpn"]);
    expect(codes(ask(world.fabric, "client", "server", there))).toContain("NO_POSSIBLE_DESTINATION");
    world.fabric.putSecurityGroup("sg-client", [inbound(tcp, PORT, PORT, OFFICE)]);
    const inwards = { port: PORT, sourceAddress: "192.168.1.5" };
    expect(ask(world.fabric, "vpn", "client", inwards).found).toBe(true);
    expect(codes(ask(world.fabric, "vpn", "client", { ...inwards, port: 22 }))).toEqual([
      "ENI_SG_RULES_MISMATCH",
    ]);
  });

  test("end at connections and gateways, and begin there", () => {
    const { world } = at("a peering connection");
    const { fabric } = world;
    expect(ask(fabric, "client", "pcx", { port: PORT }).found).toBe(true);
    expect(ask(fabric, "pcx", "server", { port: PORT }).found).toBe(true);
    expect(codes(ask(fabric, "pcx", "server", { port: 22 }))).toEqual(["ENI_SG_RULES_MISMATCH"]);
    const transit = at("a transit gateway").world.fabric;
    expect(ask(transit, "client", "tgw", { port: PORT }).found).toBe(true);
    expect(ask(transit, "client", "far", { port: PORT }).found).toBe(true);
    expect(ask(transit, "far", "server", { port: PORT, sourceAddress: "10.0.1.10" }).found).toBe(true);
    expect(ask(transit, "near", "server", { port: PORT }).found).toBe(true);
  });

  test("never begin at an endpoint", () => {
    for (const name of ["a gateway endpoint", "an interface endpoint"]) {
      expect(codes(ask(at(name).world.fabric, "vpce", "client"))).toEqual(["VPCE_INTRA_VPC_TRAFFIC"]);
    }
  });

  test("have no end at what is not there, is in no VPC, or is of no kind that is known", () => {
    const { world } = at("a peering connection");
    const { fabric } = world;
    expect(codes(ask(fabric, "nobody", "server"))).toEqual(["NO_SOURCE_OR_DESTINATION"]);
    expect(codes(ask(fabric, "client", "i-gone"))).toEqual(["UNASSOCIATED_COMPONENT"]);
    fabric.putInternetGateway({ id: "igw-loose", vpc: undefined, table: undefined });
    expect(codes(ask(fabric, "igw-loose", "client"))).toEqual(["UNASSOCIATED_COMPONENT"]);
    fabric.targets.set("strange", {
      kind: "vpn-gateway",
      id: "strange",
      serves: () => true,
      forward: () => expect.fail(),
    });
    world.table("rtb", [route("10.1.0.0/16", "strange")]);
    fabric.removePeering("pcx");
    expect(codes(ask(fabric, "client", undefined, { destinationAddress: "10.1.1.10" }))).toEqual([
      "UNSUPPORTED_COMPONENT",
    ]);
  });
});
