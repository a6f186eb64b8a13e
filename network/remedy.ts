import { formatIp, type Ip } from "./ip.ts";
import type { End } from "./journey.ts";
import { ICMP, ICMPV6, TCP, UDP, type Packet } from "./packet.ts";
import { Port } from "./port.ts";
import type { Reason } from "./reason.ts";

type Drop = Extract<End, { outcome: "dropped" }>;

/** The traffic that a packet is of, as a rule would say it: `tcp 443`. */
function trafficOf({ protocol, destinationPort, type, code }: Packet): string {
  if (protocol === TCP) return `tcp ${destinationPort}`;
  if (protocol === UDP) return `udp ${destinationPort}`;
  if (protocol === ICMP) return `icmp type ${type} code ${code}`;
  if (protocol === ICMPV6) return `icmpv6 type ${type} code ${code}`;
  return `protocol ${protocol}`;
}

const block = (address: Ip): string => `${formatIp(address)}/${typeof address === "number" ? 32 : 128}`;

function groupRule({ at, direction, packet }: Drop): string {
  const groups = at instanceof Port ? at.groups.map(({ id }) => id).join(" or ") : "a security group";
  const peer = direction === "egress" ? `to ${block(packet.destination)}` : `from ${block(packet.source)}`;
  const way = direction === "egress" ? "an outbound" : "an inbound";
  return `add ${way} rule to ${groups} that allows ${trafficOf(packet)} ${peer}`;
}

function aclEntry({ component, direction, packet, ground }: Drop): string {
  const peer = direction === "egress" ? `to ${block(packet.destination)}` : `from ${block(packet.source)}`;
  const way = direction === "egress" ? "an outbound" : "an inbound";
  const number = ground?.kind === "entry" ? ` with a number below ${ground.entry.number}` : "";
  return `add ${way} entry to ${component.id}${number} that allows ${trafficOf(packet)} ${peer}`;
}

const remedies: Readonly<Record<Reason, (drop: Drop) => string>> = {
  BAD_STATE: ({ component }) => `attach ${component.id} to an instance, and start that`,
  BAD_STATE_ROUTE: ({ component, ground }) =>
    ground?.kind === "route"
      ? `see that ${ground.route.route.target} works (attached, running), or give ${component.id} another target`
      : `give ${component.id} a route that works`,
  CONNECTIONS_EXHAUSTED: ({ component }) =>
    `let ${component.id} track fewer connections: shorter timeouts, or rules for everybody in both directions`,
  ENI_SG_RULES_MISMATCH: groupRule,
  ENI_SOURCE_DEST_CHECK_RESTRICTION: ({ component, direction, packet }) =>
    `send ${direction === "egress" ? "from" : "to"} an address of ${component.id}, or turn its source/destination ` +
    `check off if it is to forward packets of ${formatIp(direction === "egress" ? packet.source : packet.destination)}`,
  FRAGMENTATION_NEEDED: () => "send shorter packets, or let them be fragmented",
  GATEWAY_REJECTS_SPOOFED_TRAFFIC: () => "send from an address of an interface of the VPC",
  IGW_DESTINATION_ADDRESS_IN_VPC_CIDRS: () => "send to an address of the VPC",
  IGW_DESTINATION_ADDRESS_NOT_IN_RFC1918_EGRESS: ({ packet }) =>
    `reach ${formatIp(packet.destination)} another way than by the internet, or send to its public address`,
  IGW_DESTINATION_ADDRESS_NOT_IN_RFC6598_EGRESS: ({ packet }) =>
    `reach ${formatIp(packet.destination)} another way than by the internet, or send to its public address`,
  IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS: ({ packet }) =>
    `let a public address lead to a running instance (AssociateAddress) in a VPC with an internet gateway, and send to that instead of ${formatIp(packet.destination)}`,
  IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS: ({ packet }) =>
    `let a public address lead to ${formatIp(packet.source)} (AssociateAddress)`,
  IGW_SOURCE_ADDRESS_NOT_IN_RFC1918_INGRESS: () => "send from a public address",
  IGW_SOURCE_ADDRESS_NOT_IN_RFC6598_INGRESS: () => "send from a public address",
  NO_POSSIBLE_DESTINATION: ({ packet }) =>
    `give ${formatIp(packet.destination)} to an interface, or send to an address that one has`,
  NO_ROUTE_TO_DESTINATION: ({ component, packet }) =>
    `add a route for ${formatIp(packet.destination)} to ${component.id}`,
  SG_HAS_NO_RULES: groupRule,
  SUBNET_ACL_RESTRICTION: aclEntry,
  LINK_LOCAL_RATE_EXCEEDED: () => "send at most 1,024 packets a second to link-local services",
  NOT_ROUTABLE: () => "send to another address",
  NO_BROADCAST: () => "send to each receiver by itself",
  SPOOFED_MAC: ({ component }) => `send from the MAC address of ${component.id}`,
  TIME_EXCEEDED: () => "send with a greater time to live",
  UNKNOWN_MAC: () => "send to the MAC address of an interface of the subnet, or of its router",
};

/** What would have to change for a packet to get past where it was dropped. */
export const remedy = (drop: Drop): string => remedies[drop.reason](drop);
