import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ip } from "../../../network/ip.ts";
import type { End } from "../../../network/journey.ts";
import { packet, reply, TCP, type Packet } from "../../../network/packet.ts";
import {
  build,
  entryArbitrary,
  networkArbitrary,
  OUTSIDE,
  ruleArbitrary,
  type NetworkPlan,
  type Traffic,
} from "../plans.ts";
import { ask, codes } from "./questions.ts";

const SEED = { seed: 4 };
const EPHEMERAL = 40_000;

const traffic: fc.Arbitrary<Traffic> = fc.constantFrom(
  { protocol: 6, port: 443 },
  { protocol: 6, port: 22 },
  { protocol: 17, port: 53 },
);

const sentBy = (source: string, destination: string, { protocol, port }: Traffic): Packet =>
  packet({
    source: ip(source),
    destination: ip(destination),
    protocol,
    sourcePort: EPHEMERAL,
    destinationPort: port,
  });

/** A question, and what happens to a packet that is what it asks about, and to its answer. */
interface Case {
  readonly what: string;
  readonly found: boolean;
  readonly walked: boolean;
  readonly codes: readonly string[];
  /** Whether the packet is addressed to whom is asked about. */
  readonly isOwn: boolean;
  /** Why the packet was dropped, if it was. */
  readonly reason: string | undefined;
}

/** Whether a packet and, of TCP, its answer arrive. */
function arrives(
  { protocol }: Traffic,
  end: End,
  reached: (end: End) => boolean,
  answered: (answer: Packet) => End,
  back: (end: End) => boolean,
): boolean {
  if (!reached(end)) return false;
  const answer = reply(end.packet, true);
  if (protocol !== TCP || !answer) return true;
  return back(answered(answer));
}

const at =
  (id: string) =>
  (end: End): boolean =>
    end.outcome === "delivered" && end.port.id === id;
const isOutside = ({ outcome }: End): boolean => outcome === "outside";

/** Everything that can be asked about a network: between interfaces, out by its gateways, and in. */
function* casesOf(plan: NetworkPlan, traffic: Traffic, built = build(plan)): Iterable<Case> {
  const { fabric, port, forget } = built;
  const { protocol, port: destinationPort } = traffic;
  const asked = { protocol, port: destinationPort, sourcePort: EPHEMERAL };
  const outcome = (from: string, to: string, sent: Packet, end: End, walked: boolean): Case => {
    const [sourceAddress, destinationAddress] = [sent.source, sent.destination].map(textOf);
    const answer = ask(fabric, from, to, { ...asked, sourceAddress, destinationAddress });
    return {
      what: `${from} (${sourceAddress}) to ${to} (${destinationAddress})`,
      found: answer.found,
      walked,
      codes: codes(answer),
      isOwn: plan.ports.every(({ id, address }) => id !== to || address === destinationAddress),
      reason: end.outcome === "dropped" ? end.reason : undefined,
    };
  };
  for (const from of plan.ports) {
    const sender = port(from.id);
    for (const source of new Set([from.address, "10.0.1.9"])) {
      for (const { id: to } of plan.ports) {
        for (const destination of new Set(plan.ports.map(({ address }) => address))) {
          if (to === from.id || destination === source || destination === from.address) continue;
          forget();
          const sent = sentBy(source, destination, traffic);
          const end = fabric.send(sender, sent, 0);
          const walked = arrives(
            traffic,
            end,
            at(to),
            (answer) => fabric.send(port(to), answer, 1),
            (back) => at(from.id)(back) && back.packet.source === sent.destination,
          );
          yield outcome(from.id, to, sent, end, walked);
        }
      }
      forget();
      const sent = sentBy(source, OUTSIDE, traffic);
      const end = fabric.send(sender, sent, 0);
      const fromOutside = (answer: Packet): End => fabric.trace(undefined, answer, 1).end;
      const walked = arrives(traffic, end, isOutside, fromOutside, at(from.id));
      yield outcome(from.id, `igw-${from.vpc}`, sent, end, walked);
    }
    if (from.published !== undefined) {
      forget();
      const sent = sentBy(OUTSIDE, from.published, traffic);
      const { end } = fabric.trace(undefined, sent, 0);
      const answered = (answer: Packet): End => fabric.send(sender, answer, 1);
      const walked = arrives(traffic, end, at(from.id), answered, isOutside);
      yield outcome(`igw-${from.vpc}`, from.id, sent, end, walked);
    }
  }
}

const textOf = (address: Packet["source"]): string => {
  const bits = Number(address);
  return `${bits >>> 24}.${(bits >>> 16) & 255}.${(bits >>> 8) & 255}.${bits & 255}`;
};

/** Of what was asked about one network, whether it was found. */
const foundIn = (plan: NetworkPlan, traffic: Traffic): boolean[] =>
  [...casesOf(plan, traffic)].map(({ found }) => found);

/** A path that packets do not take: another route is the reason, and not what they meet on that one. */
const ANOTHER_WAY = new Set([
  "BAD_STATE_ROUTE",
  "CANNOT_ROUTE",
  "DISCONNECTED_VPCS",
  "MORE_SPECIFIC_ROUTE",
  "NO_ROUTE_TO_DESTINATION",
  "VPC_LOCAL_ROUTE_CIDR_RESTRICTION",
]);

describe("the analyzer", () => {
  test("says reachable exactly when the packet and its answer arrive", () => {
    let reachable = 0;
    const seen = new Set<string>();
    fc.assert(
      fc.property(networkArbitrary, traffic, (plan, traffic) => {
        for (const { what, found, walked, codes } of casesOf(plan, traffic)) {
          expect(`${what}: ${found}`).toBe(`${what}: ${walked}`);
          expect(codes.length === 0).toBe(found);
          if (found) reachable++;
          for (const code of codes) seen.add(code);
        }
      }),
      { ...SEED, numRuns: 100 },
    );
    expect(reachable).toBeGreaterThan(100);
    // The networks are such that nearly everything stands in the way somewhere.
    expect([...seen].toSorted()).toEqual([
      "BAD_STATE",
      "BAD_STATE_ATTACHMENT",
      "BAD_STATE_ROUTE",
      "CANNOT_ROUTE",
      "DISCONNECTED_VPCS",
      "ENI_SG_RULES_MISMATCH",
      "ENI_SOURCE_DEST_CHECK_RESTRICTION",
      "IGW_DESTINATION_ADDRESS_NOT_IN_RFC1918_EGRESS",
      "IGW_NAT_REFLECTION",
      "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS",
      "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS",
      "MORE_SPECIFIC_ROUTE",
      "NO_POSSIBLE_DESTINATION",
      "NO_ROUTE_TO_DESTINATION",
      "SG_HAS_NO_RULES",
      "SUBNET_ACL_RESTRICTION",
      "UNASSOCIATED_COMPONENT",
    ]);
  });

  test("names, among all that stands in the way, what drops the packet", () => {
    let named = 0;
    fc.assert(
      fc.property(networkArbitrary, traffic, (plan, traffic) => {
        for (const { what, found, codes, isOwn, reason } of casesOf({ ...plan, attached: true }, traffic)) {
          if (found || !isOwn || reason === undefined) continue;
          if (codes.some((code) => ANOTHER_WAY.has(code))) continue;
          expect(`${what} ${codes.join(" ")}`).toContain(reason);
          named++;
        }
      }),
      { ...SEED, numRuns: 60 },
    );
    expect(named).toBeGreaterThan(500);
  });

  test("finds no path less when a rule allows more", () => {
    fc.assert(
      fc.property(networkArbitrary, traffic, ruleArbitrary, (plan, traffic, rule) => {
        const more = { ...plan, rules: { ...plan.rules, "sg-1": [...(plan.rules["sg-1"] ?? []), rule] } };
        const after = foundIn(more, traffic);
        expect(foundIn(plan, traffic).every((found, i) => !found || after[i])).toBe(true);
      }),
      { ...SEED, numRuns: 30 },
    );
  });

  test("finds no path less when an entry allows more, and none more when one denies more", () => {
    fc.assert(
      fc.property(networkArbitrary, traffic, entryArbitrary, (plan, traffic, { number, ...entry }) => {
        // Between the numbers of the others.
        const added = { ...entry, number: number + 0.5 };
        const more = { ...plan, entries: { ...plan.entries, a: [...plan.entries.a, added] } };
        const [lesser, greater] = entry.allow ? [plan, more] : [more, plan];
        const many = foundIn(greater, traffic);
        expect(foundIn(lesser, traffic).every((found, i) => !found || many[i])).toBe(true);
      }),
      { ...SEED, numRuns: 30 },
    );
  });
});
