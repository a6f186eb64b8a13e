import type { Port } from "../port.ts";
import type { SecurityGroup, SecurityGroupRule } from "../securityGroup.ts";
import type { Vpc } from "../vpc.ts";
import { addressesIn, rangesOf, rangesOfAddresses, sizeOf } from "./addressRange.ts";
import { HeaderSet, type Range } from "./headerSet.ts";
import { aboutTraffic } from "./traffic.ts";

/** More addresses than this are not looked up one by one. */
const FEW = 256;

/** Where rules that name groups find who carries them. */
export type Carriers = (group: string, headers: HeaderSet) => readonly Range[];

/** The addresses of one interface, if it carries the group. */
export const carriedBy =
  (port: Port | undefined): Carriers =>
  (group) =>
    port?.groups.some(({ id }) => id === group) ? addressesOf(port) : [];

/** The addresses in a VPC of those that carry the group, as far as headers are for them. */
export const carriedIn =
  (vpc: Vpc): Carriers =>
  (group, headers) => {
    const asked = headers.ranges("destination");
    if (sizeOf(asked) <= FEW) {
      return rangesOfAddresses(
        [...addressesIn(asked)].filter((address) =>
          vpc.portOf(address)?.groups.some(({ id }) => id === group),
        ),
      );
    }
    return [...new Set(vpc.ports.values())].flatMap((port) => carriedBy(port)(group, headers));
  };

export const addressesOf = (port: Port): Range[] => [
  ...rangesOfAddresses(port.addresses),
  ...rangesOf(port.prefixes),
];

interface Allowed {
  readonly group: SecurityGroup;
  readonly rule: SecurityGroupRule;
  readonly headers: HeaderSet;
}

/** What of some headers each rule of an interface's groups allows. */
export function* allowedBy(
  groups: readonly SecurityGroup[],
  headers: HeaderSet,
  egress: boolean,
  carriers: Carriers,
): Iterable<Allowed> {
  for (const group of groups) {
    for (const rule of group.rules) {
      if (rule.egress !== egress) continue;
      const { peer } = rule;
      const about = aboutTraffic(headers, rule);
      if (about.isEmpty) continue;
      const peers = peer.kind === "group" ? carriers(peer.id, about) : rangesOf(group.blocksOf(rule));
      const allowed = about.within(egress ? "destination" : "source", peers);
      if (!allowed.isEmpty) yield { group, rule, headers: allowed };
    }
  }
}

/** What of some headers the groups of an interface allow together. */
export function admittedBy(
  groups: readonly SecurityGroup[],
  headers: HeaderSet,
  egress: boolean,
  carriers: Carriers,
): HeaderSet {
  const parts: HeaderSet[] = [];
  let rest = headers;
  for (const group of groups) {
    for (const { headers: allowed } of allowedBy([group], rest, egress, carriers)) {
      const more = allowed.and(rest);
      if (more.isEmpty) continue;
      parts.push(more);
      rest = rest.minus(more);
      if (rest.isEmpty) return headers;
    }
  }
  return HeaderSet.joined(parts);
}
