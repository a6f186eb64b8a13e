import { analyze, type Answer } from "../network/analysis/reachability.ts";
import { Fabric } from "../network/fabric.ts";
import { block, plus, type Ip } from "../network/ip.ts";
import { TCP } from "../network/packet.ts";
import type { Report } from "./report.ts";

/** Interfaces of each VPC. */
const INTERFACES = 100;
const ANYWHERE = { kind: "block", block: block("0.0.0.0/0") } as const;

const rule = (egress: boolean) => ({
  id: `sgr-${egress}`,
  egress,
  protocol: egress ? -1 : TCP,
  from: egress ? -1 : 443,
  to: egress ? -1 : 443,
  peer: ANYWHERE,
});

const entry = (egress: boolean) => ({
  egress,
  number: 100,
  allow: true,
  protocol: -1,
  from: -1,
  to: -1,
  block: ANYWHERE.block,
});

const blockOf = (vpc: number): string => `10.${vpc >> 6}.${(vpc & 63) << 2}.0/22`;

/** VPCs with an internet gateway each, every one peered with the next one. */
function world(vpcs: number): Fabric {
  const fabric = new Fabric();
  fabric.putSecurityGroup("sg", [rule(false), rule(true)]);
  fabric.putNetworkAcl("acl", [entry(false), entry(true)]);
  for (let n = 0; n < vpcs; n++) fabric.putVpc({ id: `vpc-${n}`, blocks: [block(blockOf(n))] });
  for (let n = 0; n < vpcs; n++) {
    const vpc = `vpc-${n}`;
    const next = (n + 1) % vpcs;
    const before = (n + vpcs - 1) % vpcs;
    fabric.putInternetGateway({ id: `igw-${n}`, vpc, table: undefined });
    fabric.putPeering({ id: `pcx-${n}`, vpcs: [vpc, `vpc-${next}`], betweenRegions: false });
    const routes = [
      { destination: block("0.0.0.0/0"), target: `igw-${n}`, origin: "static" },
      { destination: block(blockOf(next)), target: `pcx-${n}`, origin: "static" },
      { destination: block(blockOf(before)), target: `pcx-${before}`, origin: "static" },
    ] as const;
    fabric.putRouteTable({ id: `rtb-${n}`, vpc, main: true, routes });
    const { base } = block(blockOf(n));
    for (const half of [0, 1]) {
      const blocks = [{ base: plus(base, half * 512), length: 23 }];
      const subnet = { id: `subnet-${n}-${half}`, vpc, zone: "a", blocks, acl: "acl", table: undefined };
      fabric.putSubnet(subnet);
    }
    for (let i = 0; i < INTERFACES; i++) addInterface(fabric, n, i, plus(base, (i % 2) * 512 + 4 + (i >> 1)));
  }
  return fabric;
}

function addInterface(fabric: Fabric, vpc: number, i: number, address: Ip): void {
  const id = `eni-${vpc}-${i}`;
  const settings = { groups: ["sg"], sourceDestCheck: true, owner: `i-${vpc}-${i}`, live: true };
  fabric.putPort({
    id,
    mac: `0a:${vpc}:${i}`,
    subnet: `subnet-${vpc}-${i % 2}`,
    addresses: [address],
    ...settings,
  });
  const published = plus(0x34_00_00_00, vpc * INTERFACES + i);
  fabric.putPublicAddress({ address: published, to: { port: id, inside: address } });
}

const ask = (fabric: Fabric, from: string, to: string, port: number): Answer => {
  const end = (id: string) => ({ id, isInstance: false, interfaces: id.startsWith("eni-") ? [id] : [] });
  return analyze(fabric, {
    source: end(from),
    destination: end(to),
    protocol: TCP,
    atSource: { destinationPorts: { first: port, last: port } },
    atDestination: {},
    through: [],
    without: new Set(),
    knows: () => true,
  });
};

/** Of each kind of path, one of each VPC: within it, to the next one, out, in, and one that there is none of. */
const questions: Readonly<Record<string, (fabric: Fabric, n: number, next: number) => Answer>> = {
  "within a VPC": (fabric, n) => ask(fabric, `eni-${n}-0`, `eni-${n}-1`, 443),
  "over a peering connection": (fabric, n, next) => ask(fabric, `eni-${n}-0`, `eni-${next}-1`, 443),
  "out to the internet": (fabric, n) => ask(fabric, `eni-${n}-0`, `igw-${n}`, 443),
  "in from the internet": (fabric, n) => ask(fabric, `igw-${n}`, `eni-${n}-1`, 443),
  "that is blocked, explained": (fabric, n, next) => ask(fabric, `eni-${n}-0`, `eni-${next}-1`, 22),
};

/** Milliseconds for one path, the median of paths from several VPCs. */
function cost(fabric: Fabric, vpcs: number, kind: string): number {
  const samples: number[] = [];
  for (let i = 0; i < 200; i++) {
    const n = (i * 7) % vpcs;
    const begin = performance.now();
    const answer = questions[kind]?.(fabric, n, (n + 1) % vpcs);
    samples.push(performance.now() - begin);
    if (answer?.found === kind.startsWith("that is")) throw new Error(`a path ${kind} was found wrong`);
  }
  return samples.toSorted((a, b) => a - b)[samples.length >> 1] ?? 0;
}

/** What a path costs that is looked for among many networks. */
export function measureAnalysis(report: Report): void {
  const few = world(10);
  const many = world(1000);
  for (const kind of Object.keys(questions)) {
    // Once for the engine to warm up.
    cost(few, 10, kind);
    const small = cost(few, 10, kind);
    const large = cost(many, 1000, kind);
    report(
      `a path ${kind}, of 100,000 interfaces`,
      `${large.toFixed(2)} ms`,
      "at most 1,000 ms",
      large <= 1000,
    );
    report(
      "  against 1,000 interfaces",
      `${(large / small).toFixed(2)} ×`,
      "at most 5 ×",
      large / small <= 5,
    );
  }
}
