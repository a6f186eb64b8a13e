/** What must be true of multicast, whatever the domains are. */
/* oxlint-disable vitest/no-standalone-expect -- a test runs each of these properties */
import fc from "fast-check";
import { expect } from "vitest";
import { report } from "../../network/igmp.ts";
import { ip } from "../../network/ip.ts";
import type { Properties } from "./sendings.ts";
import { crossings } from "./sites.ts";
import { ended, from, udp, World } from "./world.ts";

const SUBNETS = ["a", "b", "far-a", "far-b"] as const;
const PORTS = SUBNETS.flatMap((subnet, n) =>
  [10, 11].map((last) => ({
    id: `${subnet}-${last}`,
    subnet,
    address: `10.0.${(n % 2) + 1}.${last}`,
  })),
);
const GROUPS = ["239.0.0.1", "224.0.0.251"] as const;

const some = fc.subarray(PORTS.map(({ id }) => id));
const domainsArbitrary = fc.record({
  /** Of each subnet: the domain that it is in. */
  subnets: fc.tuple(...SUBNETS.map(() => fc.option(fc.nat(1), { nil: undefined }))),
  domains: fc.tuple(
    ...[0, 1].map(() =>
      fc.record({
        staticSources: fc.boolean(),
        /** Whether members join by themselves, where not only sources may send. */
        igmp: fc.boolean(),
        groups: fc.uniqueArray(
          fc.record({ address: fc.constantFrom(...GROUPS), members: some, sources: some }),
          { maxLength: 2, selector: ({ address }) => address },
        ),
      }),
    ),
  ),
});

export const multicasts: Properties = {
  "multicast gateway: what is sent to a group gets to its members in the sender's domain, and to nobody else":
    fc.property(domainsArbitrary, ({ subnets, domains }) => {
      const world = new World(["vpc", "far"]);
      for (const { id, subnet, address } of PORTS)
        world.port(id, { addresses: [address], subnet, nitro: true });
      for (const [i, { staticSources, igmp, groups }] of domains.entries()) {
        const join = igmp && !staticSources;
        world.fabric.transitGateways.putMulticastDomain({
          id: `domain-${i}`,
          staticSources,
          igmp: join,
          subnets: SUBNETS.filter((_, n) => subnets[n] === i),
          groups: (join ? [] : groups).map(({ address, members, sources }) => ({
            address: ip(address),
            members: new Set(members),
            sources: new Set(sources),
          })),
        });
        if (!join) continue;
        for (const { address: group, members } of groups) {
          for (const { id, subnet, address } of PORTS) {
            const port = world.fabric.ports.get(id);
            if (!port || !members.includes(id) || subnets[SUBNETS.indexOf(subnet)] !== i) continue;
            world.send(port, report(Number(ip(address)), Number(ip(group))));
          }
        }
      }
      const domainOf = (subnet: string): number | undefined =>
        subnets[SUBNETS.findIndex((each) => each === subnet)];
      for (const { id, subnet, address } of PORTS) {
        const port = world.fabric.ports.get(id);
        const own = domainOf(subnet);
        if (!port) throw new Error("no port");
        for (const group of GROUPS) {
          const end = world.send(port, from(address, group, { protocol: udp, destinationPort: 5000 }));
          const got = end.outcome === "multicast" ? end.ends.map(ended).toSorted() : [];
          const domain = own === undefined ? undefined : domains[own];
          const known = domain?.groups.find((each) => each.address === group);
          const maySend = known && (!domain?.staticSources || known.sources.includes(id));
          const members = PORTS.filter(
            (each) => each.id !== id && known?.members.includes(each.id) && domainOf(each.subnet) === own,
          );
          expect(got, `${id} → ${group}`).toEqual(maySend ? members.map((each) => each.id).toSorted() : []);
          crossings.multicast += got.length;
        }
      }
    }),
};
