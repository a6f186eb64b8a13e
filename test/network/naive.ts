/**
 * Decides on the first packet of a flow by reading the plan from top to bottom: no index, no masks, no tracking, no
 * code of the fabric. What it says must be what the fabric says.
 */
import type { EntryPlan, NetworkPlan, PortPlan, RulePlan, Traffic } from "./plans.ts";

const bitsOf = (address: string): string =>
  address
    .split(".")
    .map((octet) => Number(octet).toString(2).padStart(8, "0"))
    .join("");

const isIn = (cidr: string, address: string): boolean => {
  const [base = "", length = ""] = cidr.split("/");
  return bitsOf(base).slice(0, Number(length)) === bitsOf(address).slice(0, Number(length));
};

interface Sent extends Traffic {
  readonly source: string;
  readonly destination: string;
}

function isAbout(rule: Omit<RulePlan, "id" | "peer" | "egress">, { protocol, port }: Traffic): boolean {
  if (rule.protocol === -1) return true;
  if (rule.protocol !== protocol) return false;
  if (protocol === 6 || protocol === 17) return rule.from <= port && port <= rule.to;
  // All ICMP here is an echo request: type 8, code 0.
  if (protocol === 1) return (rule.from === -1 || rule.from === 8) && (rule.to === -1 || rule.to === 0);
  return true;
}

function groupsAllow(
  plan: NetworkPlan,
  port: PortPlan,
  egress: boolean,
  sent: Sent,
  peer: PortPlan | undefined,
): string | undefined {
  const rules = port.groups
    .flatMap((group) => plan.rules[group] ?? [])
    .filter((rule) => rule.egress === egress);
  if (rules.length === 0) return "SG_HAS_NO_RULES";
  const address = egress ? sent.destination : sent.source;
  const allowed = rules.some(
    (rule) =>
      isAbout(rule, sent) &&
      (rule.peer.startsWith("sg-") ? peer?.groups.includes(rule.peer) === true : isIn(rule.peer, address)),
  );
  return allowed ? undefined : "ENI_SG_RULES_MISMATCH";
}

function aclAllows(entries: readonly EntryPlan[], egress: boolean, sent: Sent): boolean {
  const address = egress ? sent.destination : sent.source;
  const matching = entries.filter(
    (entry) => entry.egress === egress && isAbout(entry, sent) && isIn(entry.cidr, address),
  );
  const lowest = matching.toSorted((a, b) => a.number - b.number)[0];
  return lowest?.allow === true;
}

const subnetHas = (subnet: "a" | "b", address: string): boolean =>
  isIn(subnet === "a" ? "10.0.1.0/24" : "10.0.2.0/24", address);

/** The target of the longest prefix; a route to the VPC's block stands in the place of the local one. */
function targetOf(plan: NetworkPlan, destination: string): string | undefined {
  const routes = plan.routes.some(({ cidr }) => cidr === "10.0.0.0/16")
    ? plan.routes
    : [...plan.routes, { cidr: "10.0.0.0/16", target: "local" }];
  const matching = routes.filter(({ cidr }) => isIn(cidr, destination));
  return matching.toSorted((a, b) => Number(b.cidr.split("/")[1]) - Number(a.cidr.split("/")[1]))[0]?.target;
}

const at = (plan: NetworkPlan, vpc: number, address: string): PortPlan | undefined =>
  plan.ports.find((port) => port.vpc === vpc && port.address === address);

function receive(
  plan: NetworkPlan,
  port: PortPlan,
  sent: Sent,
  sender: PortPlan | undefined,
  crossed: boolean,
): string {
  if (crossed && !aclAllows(plan.entries[port.subnet], false, sent)) return "SUBNET_ACL_RESTRICTION";
  if (!port.live) return "BAD_STATE";
  const peer = sender?.address === sent.source ? sender : undefined;
  const refused = groupsAllow(plan, port, false, sent, peer);
  if (refused !== undefined) return refused;
  if (port.check && port.address !== sent.destination) return "ENI_SOURCE_DEST_CHECK_RESTRICTION";
  return port.id;
}

function internet(plan: NetworkPlan, sent: Sent): string {
  const owner = plan.ports.find(({ published }) => published === sent.destination);
  if (!owner) return "outside";
  if (!plan.attached || !owner.live) return "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS";
  return receive(plan, owner, { ...sent, destination: owner.address }, undefined, true);
}

/** Where the packet ends: the interface that gets it, `outside`, or the reason why nobody does. */
export function naive(plan: NetworkPlan, from: PortPlan, sent: Sent): string {
  if (!from.live) return "BAD_STATE";
  if (from.check && sent.source !== from.address) return "ENI_SOURCE_DEST_CHECK_RESTRICTION";
  const stays = subnetHas(from.subnet, sent.destination);
  const target = targetOf(plan, sent.destination);
  const local = at(plan, from.vpc, sent.destination);
  const refused = groupsAllow(plan, from, true, sent, stays || target === "local" ? local : undefined);
  if (refused !== undefined) return refused;
  if (stays) return local ? receive(plan, local, sent, from, false) : "NO_POSSIBLE_DESTINATION";
  const through = plan.ports.find(({ id }) => id === target);
  const leaves = !(through && through.vpc === from.vpc && through.subnet === from.subnet);
  if (leaves && !aclAllows(plan.entries[from.subnet], true, sent)) return "SUBNET_ACL_RESTRICTION";
  if (target === undefined) return "NO_ROUTE_TO_DESTINATION";
  if (target === "local")
    return local ? receive(plan, local, sent, from, local.subnet !== from.subnet) : "NO_POSSIBLE_DESTINATION";
  if (target === "igw") {
    if (!plan.attached) return "BAD_STATE_ROUTE";
    if (isIn("10.0.0.0/8", sent.destination)) return "IGW_DESTINATION_ADDRESS_NOT_IN_RFC1918_EGRESS";
    const owner = at(plan, from.vpc, sent.source);
    if (!owner?.live || owner.published === undefined) return "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS";
    return internet(plan, { ...sent, source: owner.published });
  }
  if (!through?.live || through.vpc !== from.vpc) return "BAD_STATE_ROUTE";
  return receive(plan, through, sent, from, through.subnet !== from.subnet);
}
