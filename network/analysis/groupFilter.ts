import type { Port } from "../port.ts";
import { LOCAL, type ResolvedRoute } from "../routeTable.ts";
import type { SecurityGroup } from "../securityGroup.ts";
import type { Subnet } from "../subnet.ts";
import type { Vpc } from "../vpc.ts";
import { rangesOf } from "./addressRange.ts";
import type { Explanation } from "./explanation.ts";
import { HeaderSet } from "./headerSet.ts";
import { routesOf, waysFor, type Way } from "./routeTable.ts";
import type { Search } from "./search.ts";
import { admittedBy, allowedBy, carriedBy, carriedIn } from "./securityGroup.ts";
import { past, type Wave } from "./wave.ts";

/** Past the security groups of an interface. */
export function throughGroups(search: Search, wave: Wave, port: Port, egress: boolean): Wave | undefined {
  if (!port.filtered) return wave;
  const { groups, subnet } = port;
  const vpc = subnet.vpc.id;
  if (search.tracked.has(port.id)) return past(wave, { component: groups[0]?.id ?? port.id, vpc });
  // Whose groups the rules may name depends on the way that the packets take.
  const parts = egress
    ? destinationsOf(search, wave.headers, subnet)
    : [{ headers: wave.headers, carriers: carriedBy(wave.sender) }];
  const admitted = HeaderSet.joined(
    parts.map(({ headers, carriers }) => admittedBy(groups, headers, egress, carriers)),
  );
  const direction = egress ? "egress" : "ingress";
  const passage = search.passage(wave).take(admitted, () => ({
    ...whyNot(groups, wave, egress),
    direction,
    networkInterface: port.id,
    attachedTo: port.owner,
    securityGroups: groups.map(({ id }) => id),
    subnet: subnet.id,
    vpc,
  }));
  return passage.past({
    component: groups[0]?.id ?? port.id,
    vpc,
    choose: (chosen) => {
      for (const { headers, carriers } of parts) {
        for (const allowed of allowedBy(groups, chosen.and(headers), egress, carriers)) {
          return { headers: allowed.headers, component: allowed.group.id, rule: allowed.rule };
        }
      }
      return undefined;
    },
  });
}

/** No rule, or one that would be about the sender, had not a component on the way kept its groups to itself. */
function whyNot(
  groups: readonly SecurityGroup[],
  { headers, lost }: Wave,
  egress: boolean,
): Pick<Explanation, "code" | "component"> {
  if (lost && !egress && !admittedBy(groups, headers, egress, carriedBy(lost.sender)).isEmpty) {
    return { code: lost.code, component: lost.component };
  }
  const hasRules = groups.some((group) => group.hasRules(egress));
  return { code: hasRules ? "ENI_SG_RULES_MISMATCH" : "SG_HAS_NO_RULES" };
}

/** The headers that leave a subnet, by where rules that name groups find those that they are for. */
function destinationsOf(search: Search, headers: HeaderSet, { blocks, table, vpc }: Subnet) {
  const near = rangesOf(blocks);
  const ways: Way<ResolvedRoute>[] = table
    ? waysFor(routesOf(table), headers.outside("destination", near))
    : [];
  const within = headers.within("destination", near);
  const routed = ways.reduce((sum, way) => sum.plus(way.headers), within);
  return [
    { headers: within, carriers: carriedIn(vpc) },
    ...ways.map(({ resolved, headers }) => {
      const there = vpcBeyond(search, resolved.route.target, vpc);
      return { headers, carriers: there ? carriedIn(there) : carriedBy(undefined) };
    }),
    { headers: headers.minus(routed), carriers: carriedBy(undefined) },
  ];
}

function vpcBeyond(search: Search, id: string, vpc: Vpc): Vpc | undefined {
  if (id === LOCAL) return vpc;
  const target = search.fabric.targets.get(id);
  return target && search.modelOf(target)?.vpcBeyond?.(target, vpc);
}
