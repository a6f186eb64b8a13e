/**
 * Why a packet was dropped. Codes of the first part are Reachability Analyzer's, with its meaning.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/reachability/explanation-codes.html
 */
export const reasons = {
  BAD_STATE: "the interface belongs to no running instance",
  BAD_STATE_VPN: "the VPN connection has no tunnel that is up",
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
  NGW_REQUIRES_SOURCE_IN_VPC: "the NAT gateway takes packets only from its own VPC",
  NO_POSSIBLE_DESTINATION: "nobody has the destination address",
  NO_ROUTE_TO_DESTINATION: "the route table has no route to the destination",
  PROTOCOL_RESTRICTION: "the gateway does not take packets of this kind",
  PCX_REQUIRES_ADDRESS_IN_VPC_CIDR:
    "the peering connection takes only packets between addresses of its two VPCs",
  REGIONAL_NGW_ROUTE_AZ_RESTRICTION: "the regional NAT gateway is not in the sender's zone",
  SG_HAS_NO_RULES: "the security groups have no rules in this direction",
  SUBNET_ACL_RESTRICTION: "the network ACL denies the packet",
  TGW_ATTACH_MISSING_TGW_RTB_ASSOCIATION: "the attachment has no transit gateway route table",
  TGW_ATTACH_VPC_AZ_RESTRICTION: "the attachment has no interface in the VPC",
  TGW_BAD_STATE_VPN: "the transit gateway's VPN connection has no tunnel that is up",
  TGW_ROUTE_AZ_RESTRICTION: "the transit gateway has no interface in the sender's zone",
  TGW_RTB_BAD_STATE_ROUTE: "the transit gateway's route is a blackhole",
  VGW_PRIVATE_IP_ASSOCIATION_FOR_EGRESS:
    "the virtual private gateway takes packets only from interfaces of its VPC",
  VGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS:
    "the virtual private gateway brings packets only to interfaces of its VPC",
  VPC_BLOCK_PUBLIC_ACCESS_ENABLED: "VPC Block Public Access keeps the subnet from the internet",
  BAD_STATE_ATTACHMENT: "what connects the two is not there, or does not work",
  ELBV2_LISTENER_HAS_NO_TG: "the load balancer has no running target",
  ELBV2_NO_TARGETS_IN_AZ: "the load balancer has no running target in this zone",
  VPCE_GATEWAY_EGRESS_SOURCE_ADDRESS_RESTRICTION:
    "out of a gateway endpoint come only packets of its service's addresses",
  VPCE_GATEWAY_PROTOCOL_RESTRICTION: "a gateway endpoint takes only TCP, and ICMP echo",
  VPCE_INTRA_VPC_TRAFFIC: "an endpoint sends nothing but answers",
  VPCE_SERVICE_NOT_INSTALLED_IN_AZ: "the endpoint's service is not in this zone",

  // What Reachability Analyzer, which sends no packets, has no word for.
  CLIENT_VPN_SPOOFED_SOURCE: "clients of a Client VPN endpoint send from the address that it gave them",
  CLIENT_VPN_UNAUTHORIZED:
    "no authorization rule of the longest matching block lets the client's user through",
  APPLIANCE_SILENT: "the appliance does not send the packet back: it does not listen to GENEVE, UDP 6081",
  CONNECTIONS_EXHAUSTED: "the interface tracks as many connections as it can",
  FRAGMENTATION_NEEDED: "the packet is too long for the way, and must not be fragmented",
  NAT_CONNECTION_UNKNOWN: "the NAT gateway has forgotten the connection, or never knew it",
  NAT_PORTS_EXHAUSTED: "the NAT gateway has no port left for another connection to this destination",
  IPV6_NOT_SUPPORTED: "the attachment takes no IPv6",
  LINK_LOCAL_RATE_EXCEEDED: "the interface sends more packets to link-local services than it may",
  MULTICAST_NEEDS_NITRO: "only instances on the Nitro System send multicast",
  NO_MULTICAST_SOURCE: "the interface is no source of the multicast group",
  NOT_ROUTABLE: "the destination is the infrastructure's own, and is not routed to",
  NO_BROADCAST: "the network has no broadcast, and no multicast outside of a transit gateway's groups",
  SPOOFED_MAC: "the frame's source MAC address is not the interface's",
  TGW_POLICY_MISMATCH: "no entry of the transit gateway policy table matches the packet",
  TIME_EXCEEDED: "the packet's time to live ran out",
  UNSOLICITED: "the gateway lets in nothing but answers to what it has let out",
  VPN_TRAFFIC_SELECTOR_MISMATCH: "the VPN connection is not for packets between these addresses",
  UNKNOWN_MAC: "no interface of the subnet has the frame's destination MAC address",
} as const;

export type Reason = keyof typeof reasons;
