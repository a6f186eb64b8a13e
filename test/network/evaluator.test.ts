import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ip } from "../../network/ip.ts";
import { packet, reply, type Packet } from "../../network/packet.ts";
import { naive } from "./naive.ts";
import {
  build,
  entryArbitrary,
  networkArbitrary,
  OUTSIDE,
  ruleArbitrary,
  trafficArbitrary,
  type NetworkPlan,
  type PortPlan,
  type Traffic,
} from "./plans.ts";
import { ended } from "./world.ts";

const SEED = { seed: 4 };

const sentBy = (source: string, destination: string, { protocol, port }: Traffic): Packet =>
  packet({
    source: ip(source),
    destination: ip(destination),
    protocol,
    ...((protocol === 6 || protocol === 17) && { sourcePort: 40_000, destinationPort: port }),
    ...(protocol === 1 && { type: 8, id: 1 }),
  });

/** Everybody that a packet can be sent to. */
const destinations = ({ ports }: NetworkPlan): string[] => [
  OUTSIDE,
  "10.0.2.99",
  ...new Set(
    ports.flatMap(({ address, published }) => (published === undefined ? [address] : [address, published])),
  ),
];

/** Everything that can be sent, by honest and by lying interfaces; but nothing to oneself. */
const sendings = (plan: NetworkPlan): { from: PortPlan; source: string; destination: string }[] =>
  plan.ports.flatMap((from) =>
    destinations(plan)
      .filter((destination) => destination !== from.address && destination !== from.published)
      .flatMap((destination) =>
        [from.address, "10.0.1.9"]
          .filter((source) => source !== destination)
          .map((source) => ({ from, source, destination })),
      ),
  );

/** For everything that can be sent, as the first packet of all: who gets it, and who gets the answer. */
function outcomes(plan: NetworkPlan, traffic: Traffic, built = build(plan)): string[] {
  const { fabric, port, forget } = built;
  return sendings(plan).map(({ from, source, destination }) => {
    forget();
    const { end } = fabric.trace(port(from.id), sentBy(source, destination, traffic), 0);
    const answer = end.outcome === "delivered" ? reply(end.packet, true) : undefined;
    const answered = answer && end.outcome === "delivered" ? ended(fabric.send(end.port, answer, 1)) : "";
    return `${ended(end)} ${answered}`;
  });
}

/** Those of the outcomes in which the packet, and those in which its answer, got through. */
const through = (texts: readonly string[], part: 0 | 1): boolean[] =>
  texts.map((text) => /^(eni-\d+|outside)$/.test(text.split(" ")[part] ?? ""));

describe("the evaluator", () => {
  test("says what one says that reads the rules from top to bottom", () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(networkArbitrary, trafficArbitrary, (plan, traffic) => {
        const { fabric, port, forget } = build(plan);
        for (const { from, source, destination } of sendings(plan)) {
          forget();
          const said = ended(fabric.send(port(from.id), sentBy(source, destination, traffic), 0));
          expect(said).toBe(naive(plan, from, { source, destination, ...traffic }));
          const kind = said.startsWith("eni-") ? "delivered" : said;
          seen.set(kind, (seen.get(kind) ?? 0) + 1);
        }
      }),
      { ...SEED, numRuns: 150 },
    );
    // The networks are such that everything happens.
    expect([...seen.keys()].toSorted()).toEqual([
      "BAD_STATE",
      "BAD_STATE_ROUTE",
      "ENI_SG_RULES_MISMATCH",
      "ENI_SOURCE_DEST_CHECK_RESTRICTION",
      "IGW_DESTINATION_ADDRESS_NOT_IN_RFC1918_EGRESS",
      "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS",
      "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS",
      "NO_POSSIBLE_DESTINATION",
      "NO_ROUTE_TO_DESTINATION",
      "SG_HAS_NO_RULES",
      "SUBNET_ACL_RESTRICTION",
      "delivered",
      "outside",
    ]);
  });

  test("is the same with and without an explanation", () => {
    fc.assert(
      fc.property(networkArbitrary, trafficArbitrary, (plan, traffic) => {
        const quiet = build(plan);
        const explained = build(plan);
        for (const { from, source, destination } of sendings(plan)) {
          const sent = sentBy(source, destination, traffic);
          const end = quiet.fabric.send(quiet.port(from.id), sent, 0);
          const journey = explained.fabric.trace(explained.port(from.id), sent, 0);
          expect(ended(journey.end)).toBe(ended(end));
          expect(journey.end.packet).toEqual(end.packet);
        }
      }),
      { ...SEED, numRuns: 100 },
    );
  });
});

describe("changes", () => {
  test("a network that was changed into another one is like one that was built at once", () => {
    fc.assert(
      fc.property(networkArbitrary, networkArbitrary, trafficArbitrary, (first, second, traffic) => {
        const built = build(first);
        outcomes(first, traffic, built);
        expect(outcomes(second, traffic, build(second, built.fabric))).toEqual(outcomes(second, traffic));
      }),
      { ...SEED, numRuns: 100 },
    );
  });
});

describe("rules", () => {
  test("adding an allow rule never closes a path, nor the way back", () => {
    fc.assert(
      fc.property(networkArbitrary, trafficArbitrary, ruleArbitrary, (plan, traffic, rule) => {
        const more = { ...plan, rules: { ...plan.rules, "sg-1": [...(plan.rules["sg-1"] ?? []), rule] } };
        const before = outcomes(plan, traffic);
        const after = outcomes(more, traffic);
        for (const part of [0, 1] as const) {
          const open = through(after, part);
          expect(through(before, part).every((passed, i) => !passed || open[i])).toBe(true);
        }
      }),
      { ...SEED, numRuns: 80 },
    );
  });

  test("adding an allow entry never closes a path, adding a deny entry never opens one", () => {
    fc.assert(
      fc.property(
        networkArbitrary,
        trafficArbitrary,
        entryArbitrary,
        (plan, traffic, { number, ...entry }) => {
          // Between the numbers of the others.
          const added = { ...entry, number: number + 0.5 };
          const more = { ...plan, entries: { ...plan.entries, a: [...plan.entries.a, added] } };
          const [lesser, greater] = entry.allow ? [plan, more] : [more, plan];
          const few = through(outcomes(lesser, traffic), 0);
          const many = through(outcomes(greater, traffic), 0);
          expect(few.every((passed, i) => !passed || many[i])).toBe(true);
        },
      ),
      { ...SEED, numRuns: 80 },
    );
  });

  test("permuting groups and their rules changes nothing, not even which rule is named", () => {
    const arbitrary = fc.tuple(networkArbitrary, trafficArbitrary).chain(([plan, traffic]) =>
      fc.record({
        plan: fc.constant(plan),
        traffic: fc.constant(traffic),
        rules: fc.record(
          Object.fromEntries(
            Object.entries(plan.rules).map(([id, rules]) => [
              id,
              fc.shuffledSubarray([...rules], { minLength: rules.length }),
            ]),
          ),
        ),
      }),
    );
    fc.assert(
      fc.property(arbitrary, ({ plan, traffic, rules }) => {
        const ports = plan.ports.map((port) => ({ ...port, groups: port.groups.toReversed() }));
        const [one, two] = [build(plan), build({ ...plan, rules, ports })];
        for (const { from, source, destination } of sendings(plan)) {
          const sent = sentBy(source, destination, traffic);
          const [a, b] = [one, two].map(({ fabric, port }) => {
            const { end, steps } = fabric.trace(port(from.id), sent, 0);
            // A tracked flow names no rule, and so no particular group.
            return [ended(end), steps.map(({ ground, reason }) => [ground, reason])];
          });
          expect(a).toEqual(b);
        }
      }),
      { ...SEED, numRuns: 80 },
    );
  });

  test("renumbering the entries of an ACL without changing their order changes nothing", () => {
    fc.assert(
      fc.property(
        networkArbitrary,
        trafficArbitrary,
        fc.integer({ min: 2, max: 90 }),
        (plan, traffic, factor) => {
          const renumbered = (entries: NetworkPlan["entries"]["a"]) =>
            entries.map((entry) => ({ ...entry, number: entry.number * factor + 7 })).toReversed();
          const entries = { a: renumbered(plan.entries.a), b: renumbered(plan.entries.b) };
          expect(outcomes({ ...plan, entries }, traffic)).toEqual(outcomes(plan, traffic));
        },
      ),
      { ...SEED, numRuns: 80 },
    );
  });
});

describe("isolation", () => {
  test("two VPCs without a connection never exchange a packet, whatever their ranges", () => {
    let delivered = 0;
    fc.assert(
      fc.property(networkArbitrary, trafficArbitrary, (plan, traffic) => {
        const closed = { ...plan, ports: plan.ports.map((port) => ({ ...port, published: undefined })) };
        const { fabric, port } = build(closed);
        const macs = closed.ports.map(({ id }) => port(id).mac);
        for (const { from, source, destination } of sendings(closed)) {
          const sender = port(from.id);
          for (const destinationMac of [undefined, ...macs]) {
            const end = fabric.send(sender, sentBy(source, destination, traffic), 0, { destinationMac });
            expect(end.outcome).not.toBe("outside");
            const vpc = end.outcome === "delivered" ? end.port.subnet.vpc : sender.subnet.vpc;
            expect(vpc).toBe(sender.subnet.vpc);
            if (end.outcome === "delivered") delivered++;
          }
        }
      }),
      { ...SEED, numRuns: 60 },
    );
    expect(delivered).toBeGreaterThan(500);
  });
});
