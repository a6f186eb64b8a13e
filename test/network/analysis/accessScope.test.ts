import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findAccess, type PathCondition, type Scope } from "../../../network/analysis/accessScope.ts";
import type { Traced } from "../../../network/analysis/retrace.ts";
import type { Fabric } from "../../../network/fabric.ts";
import { build, networkArbitrary } from "../plans.ts";
import { World, inbound, anyOut, tcp, route } from "../world.ts";
import { ask, number } from "./questions.ts";

const SEED = { seed: 4 };
const UDP = 17;

const only = (value: number) => [{ first: value, last: value }];

/** All interfaces and internet gateways of a network. */
function find(fabric: Fabric, asked: Partial<Scope>): Traced[][] {
  const gateways = [...fabric.targets.values()].filter(({ kind }) => kind === "internet-gateway");
  return findAccess(fabric, {
    ends: [
      ...[...fabric.ports.values()].map(({ id, subnet, groups }) => ({
        id,
        isInstance: false,
        interfaces: [id],
        others: [subnet.id, ...groups.map((group) => group.id)],
      })),
      ...gateways.map(({ id }) => ({ id, isInstance: false, interfaces: [], others: ["gateways"] })),
    ],
    match: [{ through: [] }],
    exclude: [],
    knows: () => true,
    most: 10_000,
    ...asked,
  });
}

/** Between which ends there are paths. */
const ends = (findings: readonly Traced[][]): string[] => [
  ...new Set(findings.map((path) => `${path[0]?.hop.component} ${path.at(-1)?.hop.component}`)),
];

const udpTo = (port: number): PathCondition => ({
  source: { headers: { protocols: [UDP], destinationPorts: only(port) } },
  through: [],
});

describe("findings", () => {
  test("are between the ends between which the analyzer finds a path", () => {
    let found = 0;
    fc.assert(
      fc.property(networkArbitrary, (plan) => {
        const { fabric } = build(plan);
        const there = new Set(ends(find(fabric, { match: [udpTo(53)] })));
        for (const { id: from, vpc } of plan.ports) {
          for (const to of [...plan.ports.map(({ id }) => id), `igw-${vpc}`]) {
            if (to === from) continue;
            const { found: isFound } = ask(fabric, from, to, { protocol: UDP, port: 53 });
            const isThere = there.has(`${from} ${to}`);
            // Asked for by name, an interface is reached by its own addresses only.
            const isMore = isThere && to.startsWith("eni");
            expect(`${from} ${to}: ${isThere}`).toBe(`${from} ${to}: ${isFound || isMore}`);
            if (isFound) found++;
          }
        }
      }),
      { ...SEED, numRuns: 60 },
    );
    expect(found).toBeGreaterThan(50);
  });

  test("are none of what is excluded, and all of the rest", () => {
    fc.assert(
      fc.property(networkArbitrary, (plan) => {
        const { fabric } = build(plan);
        const match = [{ source: { headers: { protocols: [UDP] } }, through: [] }];
        const all = find(fabric, { match });
        expect(find(fabric, { match, exclude: match })).toEqual([]);
        const rest = find(fabric, { match, exclude: [udpTo(53)] });
        for (const path of rest) {
          const ports = path[0]?.inbound.ranges("destinationPort") ?? [];
          expect(ports.some(({ first, last }) => first <= 53 && 53 <= last)).toBe(false);
        }
        // Whatever there is besides port 53 is still found.
        const wide = all.filter((path) => {
          const headers = path[0]?.inbound.outside("destinationPort", only(53));
          return headers && !headers.isEmpty;
        });
        expect(ends(rest)).toEqual(expect.arrayContaining(ends(wide)));
      }),
      { ...SEED, numRuns: 60 },
    );
  });
});

describe("conditions", () => {
  const world = new World();
  const { fabric } = world;
  fabric.putSecurityGroup("sg-web", [inbound(tcp, 443, 443, "0.0.0.0/0"), anyOut]);
  world.table("rtb", [route("0.0.0.0/0", "igw")]);
  const web = world.port("web", { addresses: ["10.0.1.10"], groups: ["sg-web"] });
  world.port("db", { addresses: ["10.0.2.10"], subnet: "b" });
  world.publish("52.0.0.1", web);
  const of = (...components: string[]) => ({ components: new Set(components) });
  const found = (...match: Omit<PathCondition, "through">[]): string[] =>
    ends(find(fabric, { match: match.map((each) => ({ ...each, through: [] })) })).toSorted();

  test("name ends by themselves, and by what they are in", () => {
    expect(found({ source: of("igw") })).toEqual(["igw web"]);
    expect(found({ source: of("b") })).toEqual(["db web"]);
    expect(found({ destination: of("gateways") })).toEqual(["web igw"]);
    expect(found({ source: of("sg-web") }, { destination: of("b") })).toEqual(["web db", "web igw"]);
    expect(found({ source: of("nobody") })).toEqual([]);
  });

  test("name headers at the end where they are looked at", () => {
    const to = (address: string) => ({ destinations: only(number(address)) });
    // The gateway translates: outside it is one address, inside another.
    expect(found({ source: { ...of("igw"), headers: to("52.0.0.1") } })).toEqual(["igw web"]);
    expect(found({ source: { ...of("igw"), headers: to("10.0.1.10") } })).toEqual([]);
    expect(found({ source: of("igw"), destination: { headers: to("10.0.1.10") } })).toEqual(["igw web"]);
    const from = { sources: only(number("52.0.0.1")), destinationPorts: only(80) };
    expect(found({ destination: { ...of("igw"), headers: from } })).toEqual(["web igw"]);
  });

  test("name what is on the way", () => {
    const match = [{ source: of("web"), through: [new Set(["rtb"])] }];
    expect(ends(find(fabric, { match })).toSorted()).toEqual(["web db", "web igw"]);
    const exclude = [{ destination: of("igw"), through: [new Set(["rtb", "nat"])] }];
    expect(ends(find(fabric, { match, exclude }))).toEqual(["web db"]);
  });

  test("are looked for no further than asked", () => {
    expect(find(fabric, { most: 1 })).toHaveLength(1);
  });
});
