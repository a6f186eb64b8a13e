import { Fabric } from "../network/fabric.ts";
import { block, ip, plus, type Ip } from "../network/ip.ts";
import type { AclEntry } from "../network/networkAcl.ts";
import { packet, type Packet } from "../network/packet.ts";
import type { Port } from "../network/port.ts";
import type { SecurityGroupRule } from "../network/securityGroup.ts";
import type { Report } from "./report.ts";

/** A time that stands still: tracked flows do not expire while they are measured. */
const NOW = 1_000_000;
const INSTANCES = 64;

interface Policy {
  readonly groups: number;
  readonly rules: number;
  readonly entries: number;
  /** Whom the rule that decides is for: for `0.0.0.0/0`, flows are not tracked, and each packet is judged anew. */
  readonly everybody?: string;
}

const PLAIN: Policy = { groups: 1, rules: 1, entries: 1 };
const FULL: Policy = { groups: 5, rules: 60, entries: 40 };

/** Rules of which the last of the last group allows port 443 from everywhere in the VPC. */
function rulesOf(group: number, { groups, rules, everybody = "0.0.0.0/1" }: Policy): SecurityGroupRule[] {
  return Array.from({ length: rules }, (_, i) => {
    const decides = group === groups - 1 && i === rules - 1;
    const port = decides ? 443 : 1000 + group * rules + i;
    const last = decides && everybody === "0.0.0.0/0";
    return [false, true].map((egress) => ({
      id: `sgr-${group}-${i}-${egress}`,
      egress,
      protocol: 6,
      from: last ? 0 : port,
      to: last ? 65_535 : port,
      peer: { kind: "block", block: block(decides ? everybody : `10.0.${i}.0/24`) } as const,
    }));
  }).flat();
}

/** Entries of which the last one allows everything. */
const entriesOf = ({ entries }: Policy): AclEntry[] =>
  [false, true].flatMap((egress) =>
    Array.from({ length: entries }, (_, i) => ({
      egress,
      number: i + 1,
      allow: i === entries - 1,
      protocol: i === entries - 1 ? -1 : 6,
      from: i === entries - 1 ? -1 : 2000 + i,
      to: i === entries - 1 ? -1 : 2000 + i,
      block: block("0.0.0.0/0"),
    })),
  );

interface World {
  readonly fabric: Fabric;
  readonly ports: readonly Port[];
}

/** A VPC with an internet gateway and two subnets, in which instances take turns; each has a public address. */
function world(policy: Policy, instances = INSTANCES): World {
  const fabric = new Fabric();
  fabric.putVpc({ id: "vpc", blocks: [block("10.0.0.0/16")] });
  fabric.putInternetGateway({ id: "igw", vpc: "vpc", table: undefined });
  fabric.putRouteTable({
    id: "rtb",
    vpc: "vpc",
    main: true,
    routes: [{ destination: block("0.0.0.0/0"), target: "igw", origin: "static" }],
  });
  fabric.putNetworkAcl("acl", entriesOf(policy));
  const groups = Array.from({ length: policy.groups }, (_, i) => `sg-${i}`);
  for (const [i, group] of groups.entries()) fabric.putSecurityGroup(group, rulesOf(i, policy));
  const bases = ["10.0.0.0/17", "10.0.128.0/17"].map(block);
  for (const [i, base] of bases.entries()) {
    fabric.putSubnet({
      id: `subnet-${i}`,
      vpc: "vpc",
      zone: "a",
      blocks: [base],
      acl: "acl",
      table: undefined,
    });
  }
  for (let i = 0; i < instances; i++) {
    const id = `eni-${i}`;
    const address: Ip = plus(bases[i % 2]?.base ?? 0, 4 + (i >> 1));
    const settings = { addresses: [address], groups, sourceDestCheck: true, owner: `i-${i}`, live: true };
    fabric.putPort({ id, mac: `0a:${i}`, subnet: `subnet-${i % 2}`, ...settings });
    fabric.putPublicAddress({ address: plus(ip("52.0.0.0"), i), to: { port: id, inside: address } });
  }
  return { fabric, ports: [...fabric.ports.values()] };
}

interface Sending {
  readonly port: Port;
  readonly packet: Packet;
}

/** A packet from each instance to the `step`th after it. */
const within = ({ ports }: World, step: number): Sending[] =>
  ports.map((port, i) => {
    const to = ports[(i + step) % ports.length] ?? port;
    const source = port.addresses[0] ?? 0;
    const destination = to.addresses[0] ?? 0;
    return {
      port,
      packet: packet({ source, destination, sourcePort: 40_000, destinationPort: 443, flags: 16 }),
    };
  });

/** A packet from each instance to a host on the internet, or to an interface of its own. */
const outward = ({ ports }: World, far?: readonly Port[]): Sending[] =>
  ports.map((port, i) => {
    const source = port.addresses[0] ?? 0;
    const destination = far?.[i]?.addresses[0] ?? plus(ip("93.184.0.1"), i);
    return {
      port,
      packet: packet({ source, destination, sourcePort: 40_000, destinationPort: 443, flags: 16 }),
    };
  });

/** As `outward`, from the instances of the first subnet, which leads to a NAT gateway in the second. */
function byNat(world: World): Sending[] {
  const { fabric } = world;
  const id = "eni-nat";
  const address = ip("10.0.255.4");
  const settings = { addresses: [address], groups: [], sourceDestCheck: false, owner: undefined, live: true };
  fabric.putPort({ id, mac: "0a:nat", subnet: "subnet-1", filtered: false, ...settings });
  fabric.putPublicAddress({ address: ip("52.1.0.0"), to: { port: id, inside: address } });
  fabric.putNatGateway({ id: "nat", port: id, live: true, draining: [] });
  const routes = [{ destination: block("0.0.0.0/0"), target: "nat", origin: "static" }] as const;
  fabric.putRouteTable({ id: "rtb-nat", vpc: "vpc", main: false, routes });
  const blocks = [block("10.0.0.0/17")];
  fabric.putSubnet({ id: "subnet-0", vpc: "vpc", zone: "a", blocks, acl: "acl", table: "rtb-nat" });
  // A gateway translates only what began with a SYN.
  return outward(world)
    .filter(({ port }) => port.subnet.id === "subnet-0")
    .map(({ port, packet: sent }) => ({ port, packet: { ...sent, flags: 2 } }));
}

/** A second VPC, with an instance for each of the first one's; both lead to `by` for the other's addresses. */
function farPorts({ fabric, ports }: World, by: string): Port[] {
  fabric.putVpc({ id: "far", blocks: [block("10.1.0.0/16")] });
  for (const [id, vpc, other] of [
    ["rtb", "vpc", "10.1.0.0/16"],
    ["rtb-far", "far", "10.0.0.0/16"],
  ] as const) {
    const routes = [{ destination: block(other), target: by, origin: "static" }] as const;
    fabric.putRouteTable({ id, vpc, main: true, routes });
  }
  const subnet = { vpc: "far", zone: "a", blocks: [block("10.1.0.0/17")], acl: "acl", table: undefined };
  fabric.putSubnet({ id: "subnet-far", ...subnet });
  return ports.map((_, i) => {
    const id = `eni-far-${i}`;
    const addresses = [plus(ip("10.1.0.4"), i)];
    const settings = { addresses, groups: ["sg-0"], sourceDestCheck: true, owner: `i-far-${i}`, live: true };
    fabric.putPort({ id, mac: `0a:far:${i}`, subnet: "subnet-far", ...settings });
    const port = fabric.ports.get(id);
    if (!port) throw new Error(`no ${id}`);
    return port;
  });
}

/** A packet from each instance to its counterpart in a VPC that the first one is peered with. */
function byPeering(world: World): Sending[] {
  world.fabric.putPeering({ id: "pcx", vpcs: ["vpc", "far"], betweenRegions: false });
  return outward(world, farPorts(world, "pcx"));
}

/** The same where both VPCs are attached to a transit gateway. */
function byTransitGateway(world: World): Sending[] {
  const { fabric } = world;
  const { transitGateways } = fabric;
  transitGateways.putGateway({ id: "tgw" });
  const to = (cidr: string, attachment: string) =>
    ({ destination: block(cidr), attachment, origin: "propagated-vpc" }) as const;
  transitGateways.putRouteTable("tgw-rtb", [to("10.0.0.0/16", "near"), to("10.1.0.0/16", "far")]);
  const far = farPorts(world, "tgw");
  for (const [id, vpc, subnet, address] of [
    ["near", "vpc", "subnet-0", "10.0.127.4"],
    ["far", "far", "subnet-far", "10.1.127.4"],
  ] as const) {
    const own = {
      addresses: [ip(address)],
      groups: [],
      sourceDestCheck: false,
      owner: undefined,
      live: true,
    };
    fabric.putPort({ id: `eni-${id}`, mac: `0a:${id}`, subnet, filtered: false, ...own });
    const ports = [`eni-${id}`];
    transitGateways.putVpcAttachment({ id, gateway: "tgw", vpc, table: "tgw-rtb", live: true, ports });
  }
  return outward(world, far);
}

/** Packets a second, the best of some rounds. */
function rate({ fabric }: World, sendings: readonly Sending[], ended: "delivered" | "outside"): number {
  for (const { port, packet } of sendings) {
    const { outcome } = fabric.send(port, packet, NOW);
    if (outcome !== ended) throw new Error(`the packet was ${outcome}`);
  }
  let best = 0;
  for (let round = 0; round < 7; round++) {
    const begin = performance.now();
    let sent = 0;
    for (; performance.now() - begin < 150; sent += 100 * sendings.length) {
      for (let i = 0; i < 100; i++) for (const { port, packet } of sendings) fabric.send(port, packet, NOW);
    }
    best = Math.max(best, (1000 * sent) / (performance.now() - begin));
  }
  return best;
}

/** Microseconds to change a security group and to send the next packet, which is judged by the new rules. */
function changeCost(instances: number): number {
  const { fabric, ports } = world(PLAIN, instances);
  const [sending] = within({ fabric, ports }, 2);
  if (!sending) throw new Error("nobody sends");
  const samples: number[] = [];
  for (let i = 0; i < 300; i++) {
    const rules = rulesOf(0, FULL).concat(rulesOf(0, PLAIN));
    const begin = performance.now();
    fabric.putSecurityGroup("sg-0", rules);
    sending.port.tracking.clear();
    fabric.send(sending.port, sending.packet, NOW);
    samples.push(1000 * (performance.now() - begin));
  }
  return samples.toSorted((a, b) => a - b)[150] ?? 0;
}

const thousands = (count: number): string => `${Math.round(count / 1000).toLocaleString("en")} thousand`;

/** How fast packets are walked, and what a change costs. */
export function measurePackets(report: Report): void {
  const plain = world(PLAIN);
  const full = world(FULL);
  const least = (what: string, measured: number, limit: number): void =>
    report(what, thousands(measured), `at least ${thousands(limit)}`, measured >= limit);
  least("packets a second in one subnet", rate(plain, within(plain, 2), "delivered"), 1e6);
  const across = rate(plain, within(plain, 1), "delivered");
  least("packets a second between two subnets of a VPC", across, 1e6);
  const out = rate(plain, outward(plain), "outside");
  least("packets a second out by an internet gateway", out, 300_000);
  const hidden = world(PLAIN);
  const translated = rate(hidden, byNat(hidden), "outside");
  least("packets a second out by a NAT gateway and an internet gateway", translated, 300_000);
  const peered = world(PLAIN);
  least("packets a second over a peering", rate(peered, byPeering(peered), "delivered"), 300_000);
  const attached = world(PLAIN);
  const transit = rate(attached, byTransitGateway(attached), "delivered");
  least("packets a second over a transit gateway", transit, 300_000);
  const slower = (what: string, few: number, many: number): void =>
    report(what, `${(few / many).toFixed(2)} ×`, "at most 2 ×", few / many <= 2);
  slower(
    "5 × 60 rules and 40 entries, against one: in a VPC",
    across,
    rate(full, within(full, 1), "delivered"),
  );
  slower("  by an internet gateway", out, rate(full, outward(full), "outside"));
  const untracked = { everybody: "0.0.0.0/0" };
  const one = world({ ...PLAIN, ...untracked });
  const all = world({ ...FULL, ...untracked });
  const judged = rate(one, within(one, 1), "delivered");
  least("packets a second, untracked", judged, 1e6);
  slower("  5 × 60 rules and 40 entries, against one", judged, rate(all, within(all, 1), "delivered"));
  const few = changeCost(100);
  const many = changeCost(10_000);
  report(
    "changing a security group with 10,000 interfaces, against 100",
    `${(many / few).toFixed(2)} ×`,
    "at most 1.5 ×",
    many / few <= 1.5,
  );
}
