/**
 * Why a packet was dropped. Codes of the first part are Reachability Analyzer's, with its meaning.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/reachability/explanation-codes.html
 */
export const reasons = {
  BAD_STATE: "the interface belongs to no running instance",
  BAD_STATE_ROUTE: "the route's target does not work: it is a blackhole",
  ENI_SG_RULES_MISMATCH: "no rule of the security groups allows the packet",
  ENI_SOURCE_DEST_CHECK_RESTRICTION: "the source/destination check takes only the interface's own addresses",
  GATEWAY_REJECTS_SPOOFED_TRAFFIC: "the source address is none of the VPC's",
  IGW_DESTINATION_ADDRESS_IN_VPC_CIDRS: "the gateway takes in only packets to addresses of its VPC",
  IGW_DESTINATION_ADDRESS_NOT_IN_RFC1918_EGRESS: "the internet has no private destinations (RFC 1918)",
  IGW_DESTINATION_ADDRESS_NOT_IN_RFC6598_EGRESS: "the internet has no shared destinations (RFC 6598)",
  IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS: "the destination is the public address of no interface",
  IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS: "the source address has no public address",
  IGW_SOURCE_ADDRESS_NOT_IN_RFC1918_INGRESS:
    "nothing comes from private addresses (RFC 1918) on the internet",
  IGW_SOURCE_ADDRESS_NOT_IN_RFC6598_INGRESS: "nothing comes from shared addresses (RFC 6598) on the internet",
  NO_POSSIBLE_DESTINATION: "nobody has the destination address",
  NO_ROUTE_TO_DESTINATION: "the route table has no route to the destination",
  SG_HAS_NO_RULES: "the security groups have no rules in this direction",
  SUBNET_ACL_RESTRICTION: "the network ACL denies the packet",

  // What Reachability Analyzer, which sends no packets, has no word for.
  CONNECTIONS_EXHAUSTED: "the interface tracks as many connections as it can",
  FRAGMENTATION_NEEDED: "the packet is too long for the way, and must not be fragmented",
  LINK_LOCAL_RATE_EXCEEDED: "the interface sends more packets to link-local services than it may",
  NOT_ROUTABLE: "the destination is the infrastructure's own, and is not routed to",
  NO_BROADCAST: "the network has no broadcast and no multicast",
  SPOOFED_MAC: "the frame's source MAC address is not the interface's",
  TIME_EXCEEDED: "the packet's time to live ran out",
  UNKNOWN_MAC: "no interface of the subnet has the frame's destination MAC address",
} as const;

export type Reason = keyof typeof reasons;
