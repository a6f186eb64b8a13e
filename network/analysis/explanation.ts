import type { Direction } from "../journey.ts";
import type { AclEntry } from "../networkAcl.ts";
import type { ResolvedRoute } from "../routeTable.ts";
import type { ResolvedTransitRoute } from "../transitGatewayRouteTable.ts";
import type { Range } from "./headerSet.ts";

/**
 * Why a path is none, in Reachability Analyzer's words.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/reachability/explanation-codes.html
 */
type ExplanationCode =
  | "BAD_STATE"
  | "BAD_STATE_ATTACHMENT"
  | "BAD_STATE_ROUTE"
  | "BAD_STATE_VPN"
  | "CANNOT_ROUTE"
  | "COMPONENT_FILTER_RESTRICTION"
  | "COMPONENT_FILTER_RESTRICTION_REMOVED_COMPONENT"
  | "DISCONNECTED_VPCS"
  | "ELBV2_LISTENER_HAS_NO_TG"
  | "ELBV2_NO_TARGETS_IN_AZ"
  | "ENI_SG_RULES_MISMATCH"
  | "ENI_SOURCE_DEST_CHECK_RESTRICTION"
  | "FILTER_AT_DESTINATION_DESTINATION_ADDRESS"
  | "FILTER_AT_DESTINATION_DESTINATION_PORT_RANGE"
  | "FILTER_AT_DESTINATION_SOURCE_ADDRESS"
  | "FILTER_AT_DESTINATION_SOURCE_PORT_RANGE"
  | "GATEWAY_REJECTS_SPOOFED_TRAFFIC"
  | "HIGHER_PRIORITY_ROUTE"
  | "IGW_DESTINATION_ADDRESS_NOT_IN_RFC1918_EGRESS"
  | "IGW_DESTINATION_ADDRESS_NOT_IN_RFC6598_EGRESS"
  | "IGW_NAT_REFLECTION"
  | "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS"
  | "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS"
  | "IGW_SOURCE_ADDRESS_NOT_IN_RFC1918_INGRESS"
  | "IGW_SOURCE_ADDRESS_NOT_IN_RFC6598_INGRESS"
  | "MORE_SPECIFIC_ROUTE"
  | "NGW_REQUIRES_SOURCE_IN_VPC"
  | "NO_PATH"
  | "NO_POSSIBLE_DESTINATION"
  | "NO_ROUTE_TO_DESTINATION"
  | "NO_SOURCE_OR_DESTINATION"
  | "PCX_REQUIRES_ADDRESS_IN_VPC_CIDR"
  | "PROTOCOL_RESTRICTION"
  | "REGIONAL_NGW_ROUTE_AZ_RESTRICTION"
  | "SG_HAS_NO_RULES"
  | "SG_REFERENCES_NOT_PRESERVED"
  | "SG_REFERENCING_SUPPORT"
  | "SUBNET_ACL_RESTRICTION"
  | "TGW_ATTACH_MISSING_TGW_RTB_ASSOCIATION"
  | "TGW_ATTACH_VPC_AZ_RESTRICTION"
  | "TGW_BAD_STATE_VPN"
  | "TGW_ROUTE_AZ_RESTRICTION"
  | "TGW_RTB_BAD_STATE_ROUTE"
  | "TGW_RTB_CANNOT_ROUTE"
  | "TGW_RTB_HIGHER_PRIORITY_ROUTE"
  | "TGW_RTB_MORE_SPECIFIC_ROUTE"
  | "TGW_RTB_NO_ROUTE_TO_TGW_ATTACHMENT"
  | "TGW_RTB_ROUTES_ARE_UNKNOWN"
  | "UNASSOCIATED_COMPONENT"
  | "UNSUPPORTED_COMPONENT"
  | "VGW_PRIVATE_IP_ASSOCIATION_FOR_EGRESS"
  | "VGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS"
  | "VPC_BLOCK_PUBLIC_ACCESS_ENABLED"
  | "VPC_LOCAL_ROUTE_CIDR_RESTRICTION"
  | "VPCE_GATEWAY_EGRESS_SOURCE_ADDRESS_RESTRICTION"
  | "VPCE_GATEWAY_PROTOCOL_RESTRICTION"
  | "VPCE_INTRA_VPC_TRAFFIC"
  | "VPCE_SERVICE_NOT_INSTALLED_IN_AZ";

/** What stands in the way of a path at one component. Whatever is named is named by its id. */
export interface Explanation {
  readonly code: ExplanationCode;
  readonly direction?: Direction | undefined;
  readonly component?: string | undefined;
  readonly acl?: string | undefined;
  readonly entry?: AclEntry | undefined;
  readonly networkInterface?: string | undefined;
  readonly attachedTo?: string | undefined;
  readonly securityGroups?: readonly string[] | undefined;
  readonly routeTable?: string | undefined;
  readonly route?: ResolvedRoute | undefined;
  readonly subnet?: string | undefined;
  readonly vpc?: string | undefined;
  readonly sourceVpc?: string | undefined;
  readonly destinationVpc?: string | undefined;
  readonly internetGateway?: string | undefined;
  readonly natGateway?: string | undefined;
  readonly peering?: string | undefined;
  readonly transitGateway?: string | undefined;
  readonly transitGatewayAttachment?: string | undefined;
  readonly transitGatewayRouteTable?: string | undefined;
  readonly transitRoute?: ResolvedTransitRoute | undefined;
  readonly vpcEndpoint?: string | undefined;
  readonly vpnConnection?: string | undefined;
  readonly vpnGateway?: string | undefined;
  readonly destination?: string | undefined;
  readonly addresses?: readonly Range[] | undefined;
  /** IANA's numbers. */
  readonly protocols?: readonly number[] | undefined;
  /** Which field of the packet does not fit: `source-address`. */
  readonly packetField?: string | undefined;
  readonly missing?: string | undefined;
  readonly zones?: readonly string[] | undefined;
}
