/** Random small networks, as data: the fabric is built from them, and the naive evaluator reads them as they are. */
import fc from "fast-check";
import { Fabric } from "../../network/fabric.ts";
import { block, ip } from "../../network/ip.ts";
import type { Port } from "../../network/port.ts";

export interface RulePlan {
  readonly id: string;
  readonly egress: boolean;
  readonly protocol: number;
  readonly from: number;
  readonly to: number;
  /** A block or a group. */
  readonly peer: string;
}

export interface EntryPlan extends Omit<RulePlan, "id" | "peer"> {
  readonly number: number;
  readonly allow: boolean;
  readonly cidr: string;
}

export interface PortPlan {
  readonly id: string;
  readonly vpc: number;
  /** `a` is 10.0.1.0/24, `b` 10.0.2.0/24. */
  readonly subnet: "a" | "b";
  readonly address: string;
  readonly groups: readonly string[];
  readonly check: boolean;
  readonly live: boolean;
  readonly published: string | undefined;
}

export interface NetworkPlan {
  readonly rules: Readonly<Record<string, readonly RulePlan[]>>;
  /** By subnet, of every VPC. */
  readonly entries: Readonly<Record<"a" | "b", readonly EntryPlan[]>>;
  readonly routes: readonly { readonly cidr: string; readonly target: string }[];
  readonly ports: readonly PortPlan[];
  readonly attached: boolean;
}

export interface Traffic {
  readonly protocol: number;
  readonly port: number;
}

const GROUPS = ["sg-1", "sg-2", "sg-3"] as const;
const CIDRS = [
  "0.0.0.0/0",
  "10.0.0.0/16",
  "10.0.1.0/24",
  "10.0.2.0/24",
  "10.0.1.8/29",
  "10.0.1.10/32",
  "93.184.0.0/16",
];
export const OUTSIDE = "93.184.215.14";

const traffics: readonly Omit<RulePlan, "id" | "egress" | "peer">[] = [
  { protocol: -1, from: -1, to: -1 },
  { protocol: 6, from: 0, to: 65_535 },
  { protocol: 6, from: 80, to: 443 },
  { protocol: 6, from: 443, to: 443 },
  { protocol: 6, from: 1024, to: 65_535 },
  { protocol: 17, from: 53, to: 53 },
  { protocol: 1, from: 8, to: 0 },
  { protocol: 1, from: -1, to: -1 },
  { protocol: 50, from: -1, to: -1 },
];
const traffic = fc.constantFrom(...traffics);

let ids = 0;
export const ruleArbitrary: fc.Arbitrary<RulePlan> = fc
  .record({ egress: fc.boolean(), traffic, peer: fc.constantFrom(...CIDRS, ...GROUPS) })
  .map(({ egress, traffic, peer }) => ({
    id: `sgr-${String(++ids).padStart(9, "0")}`,
    egress,
    peer,
    ...traffic,
  }));

export const entryArbitrary: fc.Arbitrary<EntryPlan> = fc
  .record({
    number: fc.integer({ min: 1, max: 200 }),
    allow: fc.boolean(),
    egress: fc.boolean(),
    traffic,
    cidr: fc.constantFrom(...CIDRS),
  })
  .map(({ traffic, ...entry }) => ({ ...entry, ...traffic }));

/** No two entries of one direction have the same number. */
const entries = fc
  .uniqueArray(entryArbitrary, { maxLength: 6, selector: ({ number, egress }) => `${number}/${egress}` })
  .map((random) => [
    ...random,
    // Else hardly anything passes.
    ...[true, false].map((egress) => ({
      number: 300,
      allow: true,
      egress,
      protocol: -1,
      from: -1,
      to: -1,
      cidr: "0.0.0.0/0",
    })),
  ]);

const anyOut: RulePlan = { id: "sgr-any", egress: true, protocol: -1, from: -1, to: -1, peer: "0.0.0.0/0" };

/** Most groups let everything out: else hardly anything passes. */
const rulesOfGroup = fc
  .tuple(fc.array(ruleArbitrary, { maxLength: 6 }), fc.integer({ min: 0, max: 3 }))
  .map(([random, closed]) => (closed === 0 ? random : [...random, { ...anyOut, id: `sgr-any-${++ids}` }]));

const ports = fc
  .array(
    fc.record({
      vpc: fc.integer({ min: 0, max: 1 }),
      subnet: fc.constantFrom("a" as const, "b" as const),
      host: fc.integer({ min: 9, max: 12 }),
      groups: fc.subarray([...GROUPS], { minLength: 1 }),
      check: fc.boolean(),
      live: fc.integer({ min: 0, max: 9 }).map((n) => n > 0),
      published: fc.boolean(),
    }),
    { minLength: 3, maxLength: 8 },
  )
  .map((all) => {
    const seen = new Set<string>();
    return all.flatMap(({ host, published, ...port }, i): PortPlan[] => {
      const address = `10.0.${port.subnet === "a" ? 1 : 2}.${host}`;
      const place = `${port.vpc}/${address}`;
      if (seen.has(place)) return [];
      seen.add(place);
      return [{ ...port, id: `eni-${i}`, address, published: published ? `52.0.0.${i + 1}` : undefined }];
    });
  });

const targets = ["igw", "eni-0", "eni-1", "eni-2", "gone"];

export const networkArbitrary: fc.Arbitrary<NetworkPlan> = fc.record({
  rules: fc.record({ "sg-1": rulesOfGroup, "sg-2": rulesOfGroup, "sg-3": rulesOfGroup }),
  entries: fc.record({ a: entries, b: entries }),
  routes: fc.uniqueArray(
    fc.record({
      cidr: fc.constantFrom("0.0.0.0/0", "0.0.0.0/0", "10.0.2.0/24", "93.184.0.0/16", "10.0.0.0/16"),
      target: fc.constantFrom("igw", ...targets),
    }),
    { maxLength: 3, selector: ({ cidr }) => cidr },
  ),
  ports,
  attached: fc.integer({ min: 0, max: 4 }).map((n) => n > 0),
});

export const trafficArbitrary: fc.Arbitrary<Traffic> = fc.constantFrom(
  { protocol: 6, port: 443 },
  { protocol: 6, port: 22 },
  { protocol: 17, port: 53 },
  { protocol: 1, port: 0 },
  { protocol: 50, port: 0 },
);

/** Gateways have no public targets of each other's VPC: of `igw`, each VPC has its own. */
const targetIn = (vpc: number, target: string): string => (target === "igw" ? `igw-${vpc}` : target);

/** Takes away what is not there any more; interfaces that are still there are changed in their place. */
function clearPlaces(fabric: Fabric, plan: NetworkPlan): void {
  for (const address of [...fabric.internet.publicAddresses.keys()]) fabric.removePublicAddress(address);
  for (const { id, subnet } of [...fabric.ports.values()]) {
    const stays = plan.ports.some((port) => port.id === id && `${port.vpc}-${port.subnet}` === subnet.id);
    if (!stays) fabric.removePort(id);
  }
}

/** @param fabric one that another network was built in, which this one takes the place of */
export function build(
  plan: NetworkPlan,
  fabric = new Fabric(),
): {
  fabric: Fabric;
  port: (id: string) => Port;
  /** No flow has been seen. */
  forget: () => void;
} {
  clearPlaces(fabric, plan);
  for (const [id, rules] of Object.entries(plan.rules)) {
    fabric.putSecurityGroup(
      id,
      rules.map(({ peer, ...rule }) => ({
        ...rule,
        peer: peer.startsWith("sg-") ? { kind: "group", id: peer } : { kind: "block", block: block(peer) },
      })),
    );
  }
  for (const vpc of [0, 1]) {
    const id = `vpc-${vpc}`;
    fabric.putVpc({ id, blocks: [block("10.0.0.0/16")] });
    fabric.putInternetGateway({ id: `igw-${vpc}`, vpc: plan.attached ? id : undefined, table: undefined });
    const routes = plan.routes.map(({ cidr, target }) => ({
      destination: block(cidr),
      target: targetIn(vpc, target),
      origin: "static" as const,
    }));
    fabric.putRouteTable({ id: `rtb-${vpc}`, vpc: id, main: true, routes });
    for (const subnet of ["a", "b"] as const) {
      const acl = `acl-${vpc}-${subnet}`;
      fabric.putNetworkAcl(
        acl,
        plan.entries[subnet].map(({ cidr, ...entry }) => ({ ...entry, block: block(cidr) })),
      );
      const blocks = [block(subnet === "a" ? "10.0.1.0/24" : "10.0.2.0/24")];
      fabric.putSubnet({ id: `${vpc}-${subnet}`, vpc: id, zone: "z", blocks, acl, table: undefined });
    }
  }
  for (const [i, { id, vpc, subnet, address, groups, check, live, published }] of plan.ports.entries()) {
    fabric.putPort({
      id,
      mac: `0a:00:00:00:00:0${i}`,
      subnet: `${vpc}-${subnet}`,
      addresses: [ip(address)],
      groups,
      sourceDestCheck: check,
      owner: `i-${i}`,
      live,
    });
    if (published !== undefined) {
      fabric.putPublicAddress({ address: ip(published), to: { port: id, inside: ip(address) } });
    }
  }
  const port = (id: string): Port => {
    const found = fabric.ports.get(id);
    if (!found) throw new Error(`no ${id}`);
    return found;
  };
  const forget = (): void => {
    for (const { tracking } of fabric.ports.values()) tracking.clear();
  };
  return { fabric, port, forget };
}
