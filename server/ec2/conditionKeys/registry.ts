import { capacityReservationKeys } from "./capacityReservation.ts";
import { clientVpnEndpointKeys } from "./clientVpnEndpoint.ts";
import { dedicatedHostKeys } from "./dedicatedHost.ts";
import { elasticIpKeys } from "./elasticIp.ts";
import { imageKeys } from "./image.ts";
import { instanceKeys } from "./instance.ts";
import { keyPairKeys } from "./keyPair.ts";
import { networkInterfaceKeys } from "./networkInterface.ts";
import { placementGroupKeys } from "./placementGroup.ts";
import { snapshotKeys } from "./snapshot.ts";
import { subnetKeys } from "./subnet.ts";
import type { TypeKeys } from "./typeKeys.ts";
import { volumeKeys } from "./volume.ts";
import { vpcKeys, vpcPartKeys } from "./vpc.ts";
import { vpcEndpointKeys } from "./vpcEndpoint.ts";
import { vpcEndpointServiceKeys } from "./vpcEndpointService.ts";
import { vpcPeeringKeys } from "./vpcPeering.ts";
import { vpnConnectionKeys } from "./vpnConnection.ts";

/** What policies can ask of resources beyond their ids and tags, by type. */
export const conditionKeys: Readonly<Partial<Record<string, TypeKeys>>> = {
  "capacity-reservation": capacityReservationKeys,
  "client-vpn-endpoint": clientVpnEndpointKeys,
  "dedicated-host": dedicatedHostKeys,
  "elastic-ip": elasticIpKeys,
  image: imageKeys,
  instance: instanceKeys,
  "key-pair": keyPairKeys,
  natgateway: vpcPartKeys,
  "network-acl": vpcPartKeys,
  "network-interface": networkInterfaceKeys,
  "placement-group": placementGroupKeys,
  "route-table": vpcPartKeys,
  "security-group": vpcPartKeys,
  snapshot: snapshotKeys,
  subnet: subnetKeys,
  volume: volumeKeys,
  vpc: vpcKeys,
  "vpc-endpoint": vpcEndpointKeys,
  "vpc-endpoint-service": vpcEndpointServiceKeys,
  "vpc-peering-connection": vpcPeeringKeys,
  "vpn-connection": vpnConnectionKeys,
};
