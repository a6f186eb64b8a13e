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
  BAD_STATE_VPN: ({ component }) => `let a tunnel of ${component.id} come up (islet: POST /_islet/sites)`,
  TGW_BAD_STATE_VPN: ({ component }) => `let a tunnel of ${component.id} come up (islet: POST /_islet/sites)`,
  VGW_PRIVATE_IP_ASSOCIATION_FOR_EGRESS: ({ component, packet }) =>
    `send from an address of a running instance in the VPC of ${component.id}: ${formatIp(packet.source)} is none`,
  VGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS: ({ component, packet }) =>
    `send to an address of a running instance in the VPC of ${component.id}: it leads nowhere beyond, and ${formatIp(packet.destination)} is none`,
  VPN_TRAFFIC_SELECTOR_MISMATCH: ({ component }) =>
    `widen the IPv4 or IPv6 network CIDRs of ${component.id} (ModifyVpnConnectionOptions)`,
  CLIENT_VPN_SPOOFED_SOURCE: ({ component }) => `send from the address that ${component.id} was given`,
  CLIENT_VPN_UNAUTHORIZED: ({ component, packet }) =>
    `authorize one of the user's groups, or all, for ${block(packet.destination)} at ${component.id} (AuthorizeClientVpnIngress)`,
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
  NGW_REQUIRES_SOURCE_IN_VPC: () => "send from an address of the NAT gateway's VPC",
  NO_POSSIBLE_DESTINATION: ({ packet }) =>
    `give ${formatIp(packet.destination)} to an interface, or send to an address that one has`,
  NO_ROUTE_TO_DESTINATION: ({ component, packet }) =>
    `add a route for ${formatIp(packet.destination)} to ${component.id}`,
  PROTOCOL_RESTRICTION: ({ component }) => `send by a way that does not lead through ${component.id}`,
  PCX_REQUIRES_ADDRESS_IN_VPC_CIDR: ({ component, packet }) =>
    `send from an address of the one VPC of ${component.id} to one of the other: it leads nowhere beyond, so ` +
    `connect the networks of ${formatIp(packet.source)} and ${formatIp(packet.destination)} directly`,
  REGIONAL_NGW_ROUTE_AZ_RESTRICTION: ({ component, at }) =>
    `give ${component.id} an address in ${at instanceof Port ? at.subnet.zone : "the sender's zone"} (AssociateNatGatewayAddress)`,
  SG_HAS_NO_RULES: groupRule,
  SUBNET_ACL_RESTRICTION: aclEntry,
  TGW_ATTACH_MISSING_TGW_RTB_ASSOCIATION: ({ component }) =>
    `associate ${component.id} with a route table of its transit gateway (AssociateTransitGatewayRouteTable)`,
  TGW_ATTACH_VPC_AZ_RESTRICTION: ({ component }) =>
    `add a subnet to ${component.id} (ModifyTransitGatewayVpcAttachment)`,
  TGW_ROUTE_AZ_RESTRICTION: ({ component, at }) =>
    `add a subnet of ${at instanceof Port ? at.subnet.zone : "the sender's zone"} to ${component.id} (ModifyTransitGatewayVpcAttachment)`,
  TGW_RTB_BAD_STATE_ROUTE: ({ component, packet }) =>
    `let ${component.id} lead ${formatIp(packet.destination)} to an attachment that works`,
  VPC_BLOCK_PUBLIC_ACCESS_ENABLED: ({ at }) =>
    `exclude ${at instanceof Port ? at.subnet.id : "the subnet"} from Block Public Access (CreateVpcBlockPublicAccessExclusion), or turn that off`,
  NAT_CONNECTION_UNKNOWN: () => "begin a new connection; send at least every 350 seconds to keep one",
  NAT_PORTS_EXHAUSTED: ({ component }) =>
    `give ${component.id} another address (AssociateNatGatewayAddress, AssignPrivateNatGatewayAddress)`,
  IPV6_NOT_SUPPORTED: ({ component }) =>
    `turn on IPv6 support of ${component.id} (ModifyTransitGatewayVpcAttachment)`,
  APPLIANCE_SILENT: ({ component }) =>
    `let the instance of ${component.id} listen to UDP 6081 and send back what it is shown`,
  BAD_STATE_ATTACHMENT: ({ component }) => `see that ${component.id} is attached, accepted and available`,
  ELBV2_LISTENER_HAS_NO_TG: ({ component }) =>
    `see that a target behind ${component.id} runs (islet: POST /_islet/load-balancers)`,
  ELBV2_NO_TARGETS_IN_AZ: ({ component }) =>
    `run a target of ${component.id} in this zone, or turn its cross-zone load balancing on`,
  VPCE_GATEWAY_EGRESS_SOURCE_ADDRESS_RESTRICTION: () => "send from an address of the service",
  VPCE_GATEWAY_PROTOCOL_RESTRICTION: ({ component }) =>
    `send TCP, or another way than through ${component.id}`,
  VPCE_INTRA_VPC_TRAFFIC: ({ component }) => `begin from the VPC: ${component.id} only answers`,
  VPCE_SERVICE_NOT_INSTALLED_IN_AZ: ({ component }) =>
    `make ${component.id} in a zone that its service is in`,
  LINK_LOCAL_RATE_EXCEEDED: () => "send at most 1,024 packets a second to link-local services",
  MULTICAST_NEEDS_NITRO: () => "send from an instance of a type on the Nitro System",
  NO_MULTICAST_SOURCE: ({ at, packet }) =>
    `make ${at?.id ?? "it"} a source of ${formatIp(packet.destination)} (RegisterTransitGatewayMulticastGroupSources)`,
  NOT_ROUTABLE: () => "send to another address",
  NO_BROADCAST: () => "send to each receiver by itself",
  SPOOFED_MAC: ({ component }) => `send from the MAC address of ${component.id}`,
  TGW_POLICY_MISMATCH: ({ component }) =>
    `add an entry that matches to ${component.id} (CreateTransitGatewayPolicyTableEntry)`,
  TIME_EXCEEDED: () => "send with a greater time to live",
  UNSOLICITED: ({ component }) =>
    `begin from inside; to be reached from outside, use an internet gateway instead of ${component.id}`,
  UNKNOWN_MAC: () => "send to the MAC address of an interface of the subnet, or of its router",
};

/** What would have to change for a packet to get past where it was dropped. */
export const remedy = (drop: Drop): string => remedies[drop.reason](drop);
