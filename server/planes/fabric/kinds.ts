import { blockPublicAccessKind } from "./blockPublicAccess.ts";
import { byoipRangeKind } from "./byoipRange.ts";
import { clientVpnConnectionKind, clientVpnEndpointKind } from "./clientVpn.ts";
import { egressOnlyInternetGatewayKind } from "./egressOnlyInternetGateway.ts";
import { flowLogKind } from "./flowLog.ts";
import { guestKind } from "./guest.ts";
import { internetGatewayKind } from "./internetGateway.ts";
import { natGatewayKind } from "./natGateway.ts";
import { networkAclKind } from "./networkAcl.ts";
import { peeringKind } from "./peering.ts";
import { portKind } from "./port.ts";
import { prefixListKind } from "./prefixList.ts";
import { publicAddressKind } from "./publicAddress.ts";
import { routeTableKind } from "./routeTable.ts";
import { securityGroupKind } from "./securityGroup.ts";
import { subnetKind } from "./subnet.ts";
import { trafficMirrorSessionKind } from "./trafficMirrorSession.ts";
import { transitGatewayKind } from "./transitGateway.ts";
import { transitGatewayAttachmentKind } from "./transitGatewayAttachment.ts";
import { transitGatewayConnectPeerKind } from "./transitGatewayConnectPeer.ts";
import { transitGatewayPolicyTableKind } from "./transitGatewayPolicyTable.ts";
import { transitGatewayRouteTableKind } from "./transitGatewayRouteTable.ts";
import { transitGatewayMulticastDomainKind } from "./transitGatewayMulticastDomain.ts";
import { vpcKind } from "./vpc.ts";
import { customerSiteKind } from "./customerSite.ts";
import { vpnConnectionKind } from "./vpnConnection.ts";
import { vpnGatewayKind } from "./vpnGateway.ts";
import { loadBalancerKind } from "./loadBalancer.ts";
import { endpointServiceKind, vpcEndpointKind } from "./vpcEndpoint.ts";
import type { Kind } from "./kind.ts";

/** In this order: each names only what comes before it. */
export const kinds: readonly Kind[] = [
  prefixListKind,
  vpcKind,
  routeTableKind,
  networkAclKind,
  securityGroupKind,
  internetGatewayKind,
  egressOnlyInternetGatewayKind,
  customerSiteKind,
  vpnConnectionKind,
  vpnGatewayKind,
  peeringKind,
  transitGatewayRouteTableKind,
  transitGatewayPolicyTableKind,
  transitGatewayKind,
  subnetKind,
  blockPublicAccessKind,
  portKind,
  natGatewayKind,
  clientVpnEndpointKind,
  clientVpnConnectionKind,
  transitGatewayAttachmentKind,
  transitGatewayConnectPeerKind,
  transitGatewayMulticastDomainKind,
  loadBalancerKind,
  endpointServiceKind,
  vpcEndpointKind,
  guestKind,
  publicAddressKind,
  byoipRangeKind,
  flowLogKind,
  trafficMirrorSessionKind,
];
