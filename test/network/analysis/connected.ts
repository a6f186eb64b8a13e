/** Random networks of some VPCs with everything that connects them, as data and as a fabric. */
import fc from "fast-check";
import { block } from "../../../network/ip.ts";
import { putSite, putVpnGateway, siteRoute } from "../office.ts";
import { route, tcp, udp, World } from "../world.ts";
import { entries, PORT, rulesNaming } from "./policies.ts";

export const SERVER = "203.0.113.9";
export const S3 = "52.216.0.1";
export const OFFICE = "192.168.1.5";

const VPCS = ["one", "two", "three"] as const;
type Name = (typeof VPCS)[number];
const GROUPS = ["sg-1", "sg-2"] as const;
/** Two transit gateways, and what both call their peering. */
const GATEWAYS = ["tgw", "tgw-far"] as const;
type Gateway = (typeof GATEWAYS)[number];
const PEER = "peer";

/** Of a VPC `one`, routes lead to `nat-one` and so on. */
const OWN = ["igw", "nat", "s3", "inspect", "vgw", "router"] as const;
const SHARED = ["pcx-0", "pcx-1", "tgw", "tgw"] as const;

const nets = ["10.0", "10.1", "10.2"] as const;
const cidr = fc.constantFrom(
  "0.0.0.0/0",
  ...nets.flatMap((net) => [`${net}.0.0/16`, `${net}.0.0/16`, `${net}.1.0/24`]),
);
const unique = <T extends readonly [string, ...unknown[]]>(list: readonly T[]): T[] =>
  list.filter(([cidr], i) => list.findIndex(([other]) => other === cidr) === i);
const anywhere = fc.tuple(cidr, fc.constantFrom(...OWN, ...SHARED));
/** Most of the routes lead where such routes usually do. */
const sensible = fc.oneof(
  fc.tuple(fc.constant("0.0.0.0/0"), fc.constantFrom("igw", "nat", "nat", "inspect", "tgw")),
  fc.tuple(fc.constantFrom(...nets.map((net) => `${net}.0.0/16`)), fc.constantFrom(...SHARED)),
  fc.tuple(fc.constant("100.64.0.0/10"), fc.constant("tgw")),
  fc.tuple(fc.constant("52.216.0.0/22"), fc.constant("s3")),
  fc.tuple(fc.constant("192.168.0.0/16"), fc.constant("vgw")),
);
const routes = fc
  .array(fc.oneof(anywhere, { arbitrary: sensible, weight: 3 }), { minLength: 2, maxLength: 6 })
  .map(unique);
const transitCidr = fc.oneof(cidr, fc.constantFrom(...VPCS.map((_, i) => `100.${64 + i}.0.0/16`)));
const transitRoutes = fc
  .array(fc.tuple(transitCidr, fc.option(fc.constantFrom(...VPCS, PEER), { nil: undefined, freq: 8 })), {
    maxLength: 3,
  })
  .map(unique);

const mostly = fc.integer({ min: 0, max: 6 }).map((n) => n > 0);

const policyEntry = fc.record({
  source: fc.option(fc.constantFrom(...nets.map((net) => `${net}.0.0/16`)), { nil: undefined, freq: 2 }),
  destination: fc.option(fc.constantFrom("10.0.0.0/15", "100.64.0.0/14"), { nil: undefined, freq: 2 }),
  protocol: fc.constantFrom(tcp, udp, ...Array<undefined>(4)),
  ports: fc.constantFrom([PORT, PORT], [0, 1023], [80, 80], ...Array<undefined>(5)),
  table: fc.constantFrom("tgw-rtb-0", "tgw-rtb-1"),
});

/** Half of the interfaces let everything pass. */
const groups = fc.oneof(fc.constant(["sg-open"]), fc.subarray([...GROUPS], { minLength: 1 }));

/** Of VPCs, some have the same addresses. */
const vpcOf = (own: (typeof nets)[number]) =>
  fc.record({
    net: fc.constantFrom(own, own, own, ...nets),
    /** Of its subnets. */
    tables: fc.tuple(routes, routes),
    acls: fc.tuple(entries, entries),
    groups: fc.tuple(groups, groups),
    published: fc.tuple(mostly, mostly),
    /** Whether the subnets are in one zone. */
    together: mostly,
    blocked: fc.constantFrom("off", "off", "off", "block-ingress", "block-bidirectional"),
    /** Of its attachment: the one that its gateway's end of the peering has, most of the time. */
    table: fc.constantFrom("own", "own", "own", "other", undefined),
    gateway: fc.constantFrom(...GATEWAYS),
    policy: fc.option(fc.array(policyEntry, { minLength: 1, maxLength: 3 }), { nil: undefined, freq: 2 }),
    /** Whether its attachment translates its addresses to ones that no other VPC has. */
    translated: fc.boolean(),
    crossZone: fc.boolean(),
  });

const pair = fc.constantFrom([0, 1] as const, [1, 2] as const, [2, 0] as const);

export const connectedArbitrary = fc.record({
  vpcs: fc.tuple(vpcOf("10.0"), vpcOf("10.1"), vpcOf("10.2")),
  peerings: fc.tuple(pair, pair),
  transit: fc.tuple(transitRoutes, transitRoutes),
  rules: fc.tuple(rulesNaming(...GROUPS), rulesNaming(...GROUPS)),
  referencing: fc.boolean(),
});
type Connected = typeof connectedArbitrary extends fc.Arbitrary<infer T> ? T : never;

function targetIn(vpc: Name, target: string, gateway: Gateway): string {
  if (target === "tgw") return gateway;
  return OWN.some((own) => own === target) ? `${target}-${vpc}` : target;
}

/** What everything of a network is called by whoever asks, and the addresses that it is asked about by. */
export interface ConnectedNetwork {
  readonly world: World;
  readonly hosts: readonly string[];
  readonly ends: readonly string[];
  readonly addresses: readonly string[];
}

/** Appliances in a VPC of their own, which look at whatever is shown them and send it back. */
function appliances(world: World): void {
  world.vpc("guard", "guard-");
  world.managed("eni-glb", "guard-a", "10.0.1.250");
  world.port("appliance", { addresses: ["10.0.1.66"], subnet: "guard-a" });
  world.fabric.listening.listen("i-appliance", udp, 6081);
  const more = { nodes: ["eni-glb"], targets: ["appliance"], crossZone: true };
  world.fabric.endpoints.putLoadBalancer({ id: "glb", type: "gateway", ...more });
}

type Plan = Connected["vpcs"][number];

function putVpc(world: World, name: Name, plan: Plan, number: number): void {
  const { fabric } = world;
  const { net, tables, acls, groups, published, together, blocked, gateway } = plan;
  fabric.putVpc({ id: name, blocks: [block(`${net}.0.0/16`)] });
  fabric.putInternetGateway({ id: `igw-${name}`, vpc: name, table: undefined });
  for (const [i, side] of (["a", "b"] as const).entries()) {
    const subnet = `${name}-${side}`;
    world.fabric.putNetworkAcl(`acl-${subnet}`, acls[i] ?? []);
    const own = (tables[i] ?? []).map(([to, target]) => route(to, targetIn(name, target, gateway)));
    world.table(`rtb-${subnet}`, own, name, false);
    const zone = together || side === "a" ? "z" : "y";
    const blocks = [block(`${net}.${i + 1}.0/24`)];
    fabric.putSubnet({ id: subnet, vpc: name, zone, blocks, acl: `acl-${subnet}`, table: `rtb-${subnet}` });
    const host = `host-${subnet}`;
    const port = world.port(host, {
      addresses: [`${net}.${i + 1}.10`],
      subnet,
      groups: groups[i] ?? [],
    });
    if (published[i]) world.publish(`52.${number}.${i}.1`, port);
  }
  world.port(`router-${name}`, { addresses: [`${net}.2.20`], subnet: `${name}-b`, check: false });
  world.managed(`eni-nat-${name}`, `${name}-b`, `${net}.2.50`);
  fabric.putNatGateway({ id: `nat-${name}`, port: `eni-nat-${name}`, live: true, draining: [] });
  const nat = fabric.ports.get(`eni-nat-${name}`);
  if (nat && published[1]) world.publish(`52.${number}.9.1`, nat);
  world.managed(`eni-sqs-${name}`, `${name}-b`, `${net}.2.60`, groups[1]);
  const service = { kind: "region", name: "sqs" } as const;
  fabric.endpoints.put({ type: "interface", id: `sqs-${name}`, ports: [`eni-sqs-${name}`], service });
  fabric.endpoints.put({
    type: "gateway",
    id: `s3-${name}`,
    vpc: name,
    service: "s3",
    prefixList: "pl-s3",
    open: true,
  });
  world.managed(`eni-inspect-${name}`, `${name}-a`, `${net}.1.70`);
  const inspect = { id: `inspect-${name}`, ports: [`eni-inspect-${name}`], balancers: ["glb"] };
  fabric.endpoints.put({ type: "gateway-load-balancer", ...inspect });
  // To an office that has everything.
  putSite(world, `office-${name}`, { gateway: `vgw-${name}`, blocks: ["0.0.0.0/0"] });
  putVpnGateway(world, [siteRoute("0.0.0.0/0", `office-${name}`)], { id: `vgw-${name}`, vpc: name });
  // By one interface: among several, each flow from beyond a peering has its own.
  world.managed(`eni-tgw-${name}`, `${name}-b`, `${net}.2.200`);
  const side = GATEWAYS.indexOf(gateway);
  const table = plan.table && `tgw-rtb-${plan.table === "own" ? side : 1 - side}`;
  const attached = { gateway, vpc: name, table, ports: [`eni-tgw-${name}`] };
  fabric.transitGateways.putVpcAttachment({ id: name, live: true, groupReferencing: true, ...attached });
  putAttachmentRules(world, name, plan, number);
  putBalancer(world, name, plan);
  for (const side of ["a", "b"]) fabric.blockPublicAccess(`${name}-${side}`, blocked);
}

function putAttachmentRules({ fabric }: World, name: Name, plan: Plan, number: number): void {
  const { net, policy, translated, gateway } = plan;
  if (policy) {
    fabric.transitGateways.putPolicyTable(
      `ptb-${name}`,
      policy.map(({ source, destination, ports, protocol, table }, i) => ({
        number: i + 1,
        source: source === undefined ? undefined : block(source),
        destination: destination === undefined ? undefined : block(destination),
        protocol,
        sourcePorts: undefined,
        destinationPorts: ports && ([ports[0] ?? 0, ports[1] ?? 0] as const),
        table,
      })),
    );
  }
  fabric.transitGateways.putAttachmentRules({
    id: name,
    gateway,
    policy: policy && `ptb-${name}`,
    translations: translated
      ? [{ number: 1, inside: block(`${net}.0.0/16`), outside: block(`100.${64 + number}.0.0/16`) }]
      : [],
  });
}

/** A Network Load Balancer before the host in the other subnet, and an endpoint of the service that the first one is for. */
function putBalancer(world: World, name: Name, { net, crossZone }: Plan): void {
  const { endpoints } = world.fabric;
  world.managed(`eni-nlb-${name}`, `${name}-b`, `${net}.2.80`);
  const more = { nodes: [`eni-nlb-${name}`], targets: [`host-${name}-a`], crossZone };
  endpoints.putLoadBalancer({ id: `nlb-${name}`, type: "network", ...more });
  world.managed(`eni-own-${name}`, `${name}-b`, `${net}.2.90`);
  const service = { kind: "load-balancers", ids: ["nlb-one"] } as const;
  endpoints.put({ type: "interface", id: `own-${name}`, ports: [`eni-own-${name}`], service });
}

export function connected({ vpcs, peerings, transit, rules, referencing }: Connected): ConnectedNetwork {
  const world = new World();
  const { fabric } = world;
  for (const [i, group] of GROUPS.entries()) fabric.putSecurityGroup(group, rules[i] ?? []);
  fabric.putPrefixList("pl-s3", [block("52.216.0.0/22")]);
  appliances(world);
  for (const id of GATEWAYS) fabric.transitGateways.putGateway({ id, groupReferencing: referencing });
  for (const [i, table] of transit.entries()) {
    // After what is told of it, a table has what leads to each VPC, be it by the other gateway.
    const usual = vpcs.flatMap(({ net, gateway }, n) =>
      [`${net}.0.0/16`, `100.${64 + n}.0.0/16`].map(
        (to) => [to, gateway === GATEWAYS[i] ? VPCS[n] : PEER] as const,
      ),
    );
    fabric.transitGateways.putRouteTable(
      `tgw-rtb-${i}`,
      unique<readonly [string, string | undefined]>([...table, ...usual]).map(([to, attachment]) => ({
        destination: block(to),
        attachment,
        origin: "static" as const,
      })),
    );
  }
  for (const [i, gateway] of GATEWAYS.entries()) {
    const peer = { gateway: GATEWAYS[1 - i] ?? "", attachment: PEER };
    fabric.transitGateways.putPeering({ id: PEER, gateway, table: `tgw-rtb-${i}`, live: true, peer });
  }
  for (const [i, name] of VPCS.entries()) {
    const plan = vpcs[i];
    if (plan) putVpc(world, name, plan, i);
  }
  for (const [i, [a, b]] of peerings.entries()) {
    fabric.putPeering({ id: `pcx-${i}`, vpcs: [VPCS[a], VPCS[b]], betweenRegions: false });
  }
  const hosts = VPCS.flatMap((name) => [`host-${name}-a`, `host-${name}-b`]);
  return {
    world,
    hosts,
    ends: [
      ...hosts,
      ...VPCS.flatMap((name) => ["router", "igw", "s3", "sqs", "vgw"].map((kind) => `${kind}-${name}`)),
    ],
    addresses: [
      ...new Set(vpcs.flatMap(({ net }) => [`${net}.1.10`, `${net}.2.10`, `${net}.2.20`, `${net}.2.60`])),
      ...vpcs.flatMap(({ net }) => [`${net}.2.80`, `${net}.2.90`]),
      ...VPCS.flatMap((_, i) => [`100.${64 + i}.1.10`, `100.${64 + i}.2.10`]),
      SERVER,
      S3,
      OFFICE,
    ],
  };
}
