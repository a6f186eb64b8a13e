import type { AclEntry, NetworkAcl } from "../networkAcl.ts";
import type { Port } from "../port.ts";
import { rangesOf } from "./addressRange.ts";
import { HeaderSet } from "./headerSet.ts";
import type { Search } from "./search.ts";
import { aboutTraffic } from "./traffic.ts";
import type { Wave } from "./wave.ts";

interface Decision {
  /** Undefined for what no entry is about, which is denied. */
  readonly entry: AclEntry | undefined;
  readonly headers: HeaderSet;
}

/** What of some headers each entry decides on: by number, the first that is about a header. */
function decisionsOf(acl: NetworkAcl, headers: HeaderSet, egress: boolean): Decision[] {
  const decisions: Decision[] = [];
  let rest = headers;
  for (const entry of acl.entries) {
    if (rest.isEmpty) break;
    if (entry.egress !== egress) continue;
    const peers = rangesOf([entry.block]);
    const decided = aboutTraffic(rest, entry).within(egress ? "destination" : "source", peers);
    if (decided.isEmpty) continue;
    decisions.push({ entry, headers: decided });
    rest = rest.minus(decided);
  }
  if (!rest.isEmpty) decisions.push({ entry: undefined, headers: rest });
  return decisions;
}

/** What of some headers passes. */
const admittedBy = (acl: NetworkAcl, headers: HeaderSet, egress: boolean): HeaderSet =>
  HeaderSet.joined(
    decisionsOf(acl, headers, egress).flatMap(({ entry, headers }) => (entry?.allow ? [headers] : [])),
  );

/** Past the network ACL of an interface's subnet. */
export function throughAcl(search: Search, wave: Wave, port: Port, egress: boolean): Wave | undefined {
  const { subnet } = port;
  const { acl } = subnet;
  if (!acl) return wave;
  const passage = search.passage(wave);
  passage.take(admittedBy(acl, passage.headers, egress), () => ({
    code: "SUBNET_ACL_RESTRICTION",
    direction: egress ? "egress" : "ingress",
    acl: acl.id,
    entry: decisionsOf(acl, wave.headers, egress)[0]?.entry,
    subnet: subnet.id,
    vpc: subnet.vpc.id,
  }));
  return passage.past({
    component: acl.id,
    vpc: subnet.vpc.id,
    choose: (headers) =>
      decisionsOf(acl, headers, egress).flatMap(({ entry, headers }) =>
        entry?.allow ? [{ entry, headers }] : [],
      )[0],
  });
}
