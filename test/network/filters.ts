/** What must be true of security groups and network ACLs, in whatever network. */
/* oxlint-disable vitest/no-standalone-expect -- a test runs each of these properties */
import fc from "fast-check";
import { expect } from "vitest";
import { ip } from "../../network/ip.ts";
import { packet, reply } from "../../network/packet.ts";
import { naive } from "./naive.ts";
import {
  build,
  entryArbitrary,
  networkArbitrary,
  ruleArbitrary,
  trafficArbitrary,
  type NetworkPlan,
  type RulePlan,
} from "./plans.ts";
import { honest, isThrough, outcomes, sendings, sentBy, through, type Properties } from "./sendings.ts";
import { ended } from "./world.ts";

/** More than any flow is remembered, in milliseconds. */
const AGES = 10_000_000_000;

/** How many packets ended how, in all runs of `reading`. */
export const seen = new Map<string, number>();

const open: readonly RulePlan[] = [true, false].map((egress) => ({
  id: `sgr-open-${egress}`,
  egress,
  protocol: -1,
  from: -1,
  to: -1,
  peer: "0.0.0.0/0",
}));

const withRules = (plan: NetworkPlan, rules: readonly RulePlan[]): NetworkPlan => ({
  ...plan,
  rules: { "sg-1": rules, "sg-2": rules, "sg-3": rules },
});

const shuffled = fc.tuple(networkArbitrary, trafficArbitrary).chain(([plan, traffic]) =>
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

export const filters: Properties = {
  "reading: packets end where one says that reads the rules from top to bottom": fc.property(
    networkArbitrary,
    trafficArbitrary,
    (plan, traffic) => {
      const { fabric, port, forget } = build(plan);
      for (const { from, source, destination } of sendings(plan)) {
        forget();
        const said = ended(fabric.send(port(from.id), sentBy(source, destination, traffic), 0));
        expect(said).toBe(naive(plan, from, { source, destination, ...traffic }));
        const kind = said.startsWith("eni-") ? "delivered" : said;
        seen.set(kind, (seen.get(kind) ?? 0) + 1);
      }
    },
  ),

  "explanation: it is the same with and without one": fc.property(
    networkArbitrary,
    trafficArbitrary,
    (plan, traffic) => {
      const quiet = build(plan);
      const explained = build(plan);
      for (const { from, source, destination } of sendings(plan)) {
        const sent = sentBy(source, destination, traffic);
        const end = quiet.fabric.send(quiet.port(from.id), sent, 0);
        const journey = explained.fabric.trace(explained.port(from.id), sent, 0);
        expect(ended(journey.end)).toBe(ended(end));
        expect(journey.end.packet).toEqual(end.packet);
      }
    },
  ),

  "changes: a network that was changed into another one is like one that was built at once": fc.property(
    networkArbitrary,
    networkArbitrary,
    trafficArbitrary,
    (first, second, traffic) => {
      const built = build(first);
      outcomes(first, traffic, built);
      expect(outcomes(second, traffic, build(second, built.fabric))).toEqual(outcomes(second, traffic));
    },
  ),

  "allow: adding an allow rule never closes a path, nor the way back": fc.property(
    networkArbitrary,
    trafficArbitrary,
    ruleArbitrary,
    (plan, traffic, rule) => {
      const more = { ...plan, rules: { ...plan.rules, "sg-1": [...(plan.rules["sg-1"] ?? []), rule] } };
      const before = outcomes(plan, traffic);
      const after = outcomes(more, traffic);
      for (const part of [0, 1] as const) {
        const open = through(after, part);
        expect(through(before, part).every((passed, i) => !passed || open[i])).toBe(true);
      }
    },
  ),

  "entries: adding an allow entry never closes a path, adding a deny entry never opens one": fc.property(
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

  "permuting: the order of groups and of their rules changes nothing, not even which rule is named":
    fc.property(shuffled, ({ plan, traffic, rules }) => {
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

  "renumbering: other numbers of an ACL's entries in the same order change nothing": fc.property(
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

  "reply: what groups let in, they let be answered": fc.property(
    networkArbitrary,
    trafficArbitrary,
    (plan, traffic) => {
      const { fabric, port, forget } = build(plan);
      for (const { from, source, destination } of honest(plan)) {
        forget();
        const sender = port(from.id);
        const end = fabric.send(sender, sentBy(source, destination, traffic), 0);
        const answer = reply(end.packet, true);
        if (end.outcome !== "delivered" || !answer || !end.port.owns(answer.source)) continue;
        const back = fabric.send(end.port, answer, 1);
        if (back.outcome !== "dropped") continue;
        // Others on the way back, and the same on their way as forwarders, may well refuse it.
        const isOwn = back.direction === "egress" ? back.at === end.port : back.at === sender;
        if (!isOwn) continue;
        expect(back.reason).not.toMatch(/^ENI_SG_RULES_MISMATCH$|^SG_HAS_NO_RULES$/);
      }
    },
  ),

  "tracking: nothing passes as an answer but the answer, and after its time not even that": fc.property(
    networkArbitrary,
    fc.constantFrom({ protocol: 6, port: 443 }, { protocol: 17, port: 53 }),
    fc.boolean(),
    (plan, { protocol, port: number }, late) => {
      const { fabric, port, forget } = build(plan);
      for (const { from, source, destination } of honest(plan)) {
        forget();
        const end = fabric.send(port(from.id), sentBy(source, destination, { protocol, port: number }), 0);
        if (end.outcome !== "delivered") continue;
        const owner = plan.ports.find(({ id }) => id === end.port.id);
        if (owner?.address !== destination) continue;
        const destinationPort = late ? 40_000 : 40_001;
        const similar = packet({
          source: ip(destination),
          destination: ip(source),
          protocol,
          sourcePort: number,
          destinationPort,
        });
        const said = naive(plan, owner, {
          source: destination,
          destination: source,
          protocol,
          port: destinationPort,
        });
        expect(ended(fabric.send(end.port, similar, late ? AGES : 1))).toBe(said);
      }
    },
  ),

  "closing: without rules, tracked flows go on and others end at once": fc.property(
    networkArbitrary,
    trafficArbitrary,
    (plan, traffic) => {
      for (const { from, source, destination } of honest(plan).slice(0, 12)) {
        const { fabric, port } = build(plan);
        const sent = sentBy(source, destination, traffic);
        const { end, steps } = fabric.trace(port(from.id), sent, 0);
        if (end.outcome !== "delivered") continue;
        const asked = steps.flatMap(({ ground }) => (ground?.kind === "rule" ? [ground] : []));
        const { protocol } = traffic;
        for (const { rule, tracked } of asked) {
          const mayBeOpen = rule.peer.kind === "block" && rule.peer.block.length === 0;
          // Only TCP and UDP from and to everybody are not tracked.
          if (!mayBeOpen || (protocol !== 6 && protocol !== 17)) expect(tracked).toBe(true);
        }
        build(withRules(plan, []), fabric);
        const again = ended(fabric.send(port(from.id), sent, 1));
        const goesOn = asked.every(({ tracked }) => tracked);
        expect(again).toBe(goesOn ? end.port.id : "SG_HAS_NO_RULES");
      }
    },
  ),

  "memory: a network ACL has none, an answer passes it as it would unasked": fc.property(
    networkArbitrary,
    trafficArbitrary,
    (plan, traffic) => {
      const asked = build(plan);
      const unasked = build(withRules(plan, open));
      for (const { from, source, destination } of sendings(plan)) {
        asked.forget();
        const end = asked.fabric.send(asked.port(from.id), sentBy(source, destination, traffic), 0);
        const answer = reply(end.packet, true);
        if (end.outcome !== "delivered" || !answer) continue;
        if (!isThrough(ended(asked.fabric.send(end.port, answer, 1)))) continue;
        unasked.forget();
        expect(ended(unasked.fabric.send(unasked.port(end.port.id), answer, 1))).toSatisfy(isThrough);
      }
    },
  ),
};
