import { handlersOf, partlyOf } from "../kit/registry.ts";
import * as account from "./account.ts";
import * as accountEncryptionControl from "./accountEncryptionControl.ts";
import * as address from "./address.ts";
import * as addressAssociation from "./addressAssociation.ts";
import * as addressAttribute from "./addressAttribute.ts";
import * as addressTransfer from "./addressTransfer.ts";
import * as blockPublicAccess from "./blockPublicAccess.ts";
import * as blockPublicAccessExclusion from "./blockPublicAccessExclusion.ts";
import * as byoipCidr from "./byoipCidr.ts";
import * as capacityReservationCancellationQuote from "./capacityReservationCancellationQuote.ts";
import * as capacityReservationDateChangeQuote from "./capacityReservationDateChangeQuote.ts";
import * as capacityReservationFleet from "./capacityReservationFleet.ts";
import * as createCapacityReservation from "./createCapacityReservation.ts";
import * as dedicatedHost from "./dedicatedHost.ts";
import * as instanceCapacity from "./instanceCapacity.ts";
import * as instancePlacement from "./instancePlacement.ts";
import * as macHost from "./macHost.ts";
import * as modifyCapacityReservation from "./modifyCapacityReservation.ts";
import * as moveCapacity from "./moveCapacity.ts";
import * as placementGroup from "./placementGroup.ts";
import * as classicLink from "./classicLink.ts";
import * as cpuOptions from "./cpuOptions.ts";
import * as creditSpecification from "./creditSpecification.ts";
import * as defaultVpc from "./defaultVpc.ts";
import * as describeInstances from "./describeInstances.ts";
import * as dhcpOptions from "./dhcpOptions.ts";
import * as ebsEncryption from "./ebsEncryption.ts";
import * as egressOnlyInternetGateway from "./egressOnlyInternetGateway.ts";
import * as eventNotification from "./eventNotification.ts";
import * as eventWindow from "./eventWindow.ts";
import * as flowLog from "./flowLog.ts";
import * as flowLogIntegration from "./flowLogIntegration.ts";
import * as iamInstanceProfile from "./iamInstanceProfile.ts";
import * as idFormat from "./idFormat.ts";
import * as image from "./image.ts";
import * as instanceConsole from "./instanceConsole.ts";
import * as instanceEvent from "./instanceEvent.ts";
import * as instanceMetadata from "./instanceMetadata.ts";
import * as instanceOptions from "./instanceOptions.ts";
import * as instanceState from "./instanceState.ts";
import * as instanceStatus from "./instanceStatus.ts";
import * as internetGateway from "./internetGateway.ts";
import * as movingAddress from "./movingAddress.ts";
import * as createNatGateway from "./createNatGateway.ts";
import * as natGateway from "./natGateway.ts";
import * as natGatewayAddress from "./natGatewayAddress.ts";
import * as networkAcl from "./networkAcl.ts";
import * as instanceAttribute from "./instanceAttribute.ts";
import * as instanceType from "./instanceType.ts";
import * as keyPair from "./keyPair.ts";
import * as runInstances from "./runInstances.ts";
import * as networkInsightsAccessScope from "./networkInsightsAccessScope.ts";
import * as networkInsightsAccessScopeAnalysis from "./networkInsightsAccessScopeAnalysis.ts";
import * as networkInsightsAnalysis from "./networkInsightsAnalysis.ts";
import * as networkInsightsPath from "./networkInsightsPath.ts";
import * as createNetworkInterface from "./createNetworkInterface.ts";
import * as networkInterface from "./networkInterface.ts";
import * as networkInterfaceAddress from "./networkInterfaceAddress.ts";
import * as networkInterfaceAttachment from "./networkInterfaceAttachment.ts";
import * as networkInterfaceAttribute from "./networkInterfaceAttribute.ts";
import * as networkInterfacePermission from "./networkInterfacePermission.ts";
import * as ipv6Pool from "./ipv6Pool.ts";
import * as ipv6PoolAssociation from "./ipv6PoolAssociation.ts";
import * as describePrefixLists from "./describePrefixLists.ts";
import * as modifyPrefixList from "./modifyPrefixList.ts";
import * as prefixList from "./prefixList.ts";
import * as publicIpv4Pool from "./publicIpv4Pool.ts";
import * as publicHostname from "./publicHostname.ts";
import * as region from "./region.ts";
import * as route from "./route.ts";
import * as routeTable from "./routeTable.ts";
import * as securityGroup from "./securityGroup.ts";
import * as securityGroupPermission from "./securityGroupPermission.ts";
import * as securityGroupQuota from "./securityGroupQuota.ts";
import * as securityGroupReference from "./securityGroupReference.ts";
import * as securityGroupRule from "./securityGroupRule.ts";
import * as securityGroupVpc from "./securityGroupVpc.ts";
import * as secondaryNetwork from "./secondaryNetwork.ts";
import * as secondarySubnet from "./secondarySubnet.ts";
import * as subnet from "./subnet.ts";
import * as subnetCidr from "./subnetCidr.ts";
import * as subnetCidrReservation from "./subnetCidrReservation.ts";
import * as copySnapshot from "./copySnapshot.ts";
import * as copyVolumes from "./copyVolumes.ts";
import * as createSnapshots from "./createSnapshots.ts";
import * as describeSnapshots from "./describeSnapshots.ts";
import * as fastSnapshotRestore from "./fastSnapshotRestore.ts";
import * as snapshot from "./snapshot.ts";
import * as snapshotAttribute from "./snapshotAttribute.ts";
import * as snapshotLock from "./snapshotLock.ts";
import * as snapshotPublicAccess from "./snapshotPublicAccess.ts";
import * as imageAttribute from "./imageAttribute.ts";
import * as imagePublicAccess from "./imagePublicAccess.ts";
import * as imageRecycleBin from "./imageRecycleBin.ts";
import * as importVolume from "./importVolume.ts";
import * as instanceTopology from "./instanceTopology.ts";
import * as macModificationTask from "./macModificationTask.ts";
import * as importSnapshot from "./importSnapshot.ts";
import * as replaceRootVolumeTask from "./replaceRootVolumeTask.ts";
import * as volumeRecycleBin from "./volumeRecycleBin.ts";
import * as snapshotRecycleBin from "./snapshotRecycleBin.ts";
import * as snapshotTier from "./snapshotTier.ts";
import * as copyImage from "./copyImage.ts";
import * as createImage from "./createImage.ts";
import * as registerImage from "./registerImage.ts";
import * as registeredImage from "./registeredImage.ts";
import * as tag from "./tag.ts";
import * as createTransitGateway from "./createTransitGateway.ts";
import * as transitGateway from "./transitGateway.ts";
import * as transitGatewayAnnouncement from "./transitGatewayAnnouncement.ts";
import * as transitGatewayAssociation from "./transitGatewayAssociation.ts";
import * as transitGatewayAttachment from "./transitGatewayAttachment.ts";
import * as associateClientVpnTargetNetwork from "./associateClientVpnTargetNetwork.ts";
import * as clientVpnAuthorizationPolicy from "./clientVpnAuthorizationPolicy.ts";
import * as clientVpnAuthorizationRule from "./clientVpnAuthorizationRule.ts";
import * as clientVpnConfiguration from "./clientVpnConfiguration.ts";
import * as clientVpnConnection from "./clientVpnConnection.ts";
import * as clientVpnEndpoint from "./clientVpnEndpoint.ts";
import * as clientVpnRevocationList from "./clientVpnRevocationList.ts";
import * as clientVpnRoute from "./clientVpnRoute.ts";
import * as createClientVpnEndpoint from "./createClientVpnEndpoint.ts";
import * as deleteClientVpnEndpoint from "./deleteClientVpnEndpoint.ts";
import * as modifyClientVpnEndpoint from "./modifyClientVpnEndpoint.ts";
import * as transitGatewayClientVpnAttachment from "./transitGatewayClientVpnAttachment.ts";
import * as transitGatewayConnect from "./transitGatewayConnect.ts";
import * as transitGatewayConnectPeer from "./transitGatewayConnectPeer.ts";
import * as transitGatewayMeteringEntry from "./transitGatewayMeteringEntry.ts";
import * as transitGatewayMeteringPolicy from "./transitGatewayMeteringPolicy.ts";
import * as transitGatewayMulticastAssociation from "./transitGatewayMulticastAssociation.ts";
import * as transitGatewayMulticastDomain from "./transitGatewayMulticastDomain.ts";
import * as transitGatewayMulticastGroup from "./transitGatewayMulticastGroup.ts";
import * as transitGatewayNat from "./transitGatewayNat.ts";
import * as transitGatewayPeeringAttachment from "./transitGatewayPeeringAttachment.ts";
import * as transitGatewayPolicyAssociation from "./transitGatewayPolicyAssociation.ts";
import * as transitGatewayPolicyEntry from "./transitGatewayPolicyEntry.ts";
import * as transitGatewayPolicyTable from "./transitGatewayPolicyTable.ts";
import * as transitGatewayPrefixListReference from "./transitGatewayPrefixListReference.ts";
import * as transitGatewayPropagation from "./transitGatewayPropagation.ts";
import * as transitGatewayRoute from "./transitGatewayRoute.ts";
import * as transitGatewayRouteExport from "./transitGatewayRouteExport.ts";
import * as transitGatewayRouteTable from "./transitGatewayRouteTable.ts";
import * as transitGatewayVpcAttachment from "./transitGatewayVpcAttachment.ts";
import * as trafficMirrorFilter from "./trafficMirrorFilter.ts";
import * as trafficMirrorFilterRule from "./trafficMirrorFilterRule.ts";
import * as trafficMirrorSession from "./trafficMirrorSession.ts";
import * as trafficMirrorTarget from "./trafficMirrorTarget.ts";
import * as volume from "./volume.ts";
import * as volumeAttachment from "./volumeAttachment.ts";
import * as volumeModification from "./volumeModification.ts";
import * as volumeStatus from "./volumeStatus.ts";
import * as vpc from "./vpc.ts";
import * as vpcCidr from "./vpcCidr.ts";
import * as createVpcEndpoint from "./createVpcEndpoint.ts";
import * as encryptionEnforcement from "./encryptionEnforcement.ts";
import * as endpointService from "./endpointService.ts";
import * as modifyVpcEndpoint from "./modifyVpcEndpoint.ts";
import * as vpcEndpoint from "./vpcEndpoint.ts";
import * as vpcEndpointAssociation from "./vpcEndpointAssociation.ts";
import * as vpcEndpointConnection from "./vpcEndpointConnection.ts";
import * as vpcEndpointConnectionNotification from "./vpcEndpointConnectionNotification.ts";
import * as vpcEndpointService from "./vpcEndpointService.ts";
import * as vpcEndpointServicePermission from "./vpcEndpointServicePermission.ts";
import * as vpcPeering from "./vpcPeering.ts";
import * as vpcPeeringOptions from "./vpcPeeringOptions.ts";
import * as vpcPeeringRequest from "./vpcPeeringRequest.ts";
import * as createVpnConnection from "./createVpnConnection.ts";
import * as customerGateway from "./customerGateway.ts";
import * as modifyVpnConnection from "./modifyVpnConnection.ts";
import * as modifyVpnTunnel from "./modifyVpnTunnel.ts";
import * as associateTrunkInterface from "./associateTrunkInterface.ts";
import * as vpnConcentrator from "./vpnConcentrator.ts";
import * as vpnConnection from "./vpnConnection.ts";
import * as vpnDevice from "./vpnDevice.ts";
import * as vpnGateway from "./vpnGateway.ts";
import * as vpnGatewayAttachment from "./vpnGatewayAttachment.ts";

export { settleIn } from "./defaultVpc.ts";

/** Each file of operations, once. */
const modules = [
  account,
  accountEncryptionControl,
  address,
  addressAssociation,
  addressAttribute,
  addressTransfer,
  blockPublicAccess,
  blockPublicAccessExclusion,
  byoipCidr,
  capacityReservationCancellationQuote,
  capacityReservationDateChangeQuote,
  capacityReservationFleet,
  createCapacityReservation,
  dedicatedHost,
  instanceCapacity,
  instancePlacement,
  macHost,
  modifyCapacityReservation,
  moveCapacity,
  placementGroup,
  classicLink,
  cpuOptions,
  creditSpecification,
  defaultVpc,
  describeInstances,
  dhcpOptions,
  ebsEncryption,
  egressOnlyInternetGateway,
  eventNotification,
  eventWindow,
  flowLog,
  flowLogIntegration,
  iamInstanceProfile,
  idFormat,
  image,
  instanceConsole,
  instanceEvent,
  instanceMetadata,
  instanceOptions,
  instanceState,
  instanceStatus,
  internetGateway,
  movingAddress,
  createNatGateway,
  natGateway,
  natGatewayAddress,
  networkAcl,
  instanceAttribute,
  instanceType,
  keyPair,
  runInstances,
  networkInsightsAccessScope,
  networkInsightsAccessScopeAnalysis,
  networkInsightsAnalysis,
  networkInsightsPath,
  createNetworkInterface,
  networkInterface,
  networkInterfaceAddress,
  networkInterfaceAttachment,
  networkInterfaceAttribute,
  networkInterfacePermission,
  ipv6Pool,
  ipv6PoolAssociation,
  describePrefixLists,
  modifyPrefixList,
  prefixList,
  publicIpv4Pool,
  publicHostname,
  region,
  route,
  routeTable,
  securityGroup,
  securityGroupPermission,
  securityGroupQuota,
  securityGroupReference,
  securityGroupRule,
  securityGroupVpc,
  secondaryNetwork,
  secondarySubnet,
  subnet,
  subnetCidr,
  subnetCidrReservation,
  copySnapshot,
  copyVolumes,
  createSnapshots,
  describeSnapshots,
  fastSnapshotRestore,
  snapshot,
  snapshotAttribute,
  snapshotLock,
  snapshotPublicAccess,
  imageAttribute,
  imagePublicAccess,
  imageRecycleBin,
  importSnapshot,
  importVolume,
  instanceTopology,
  macModificationTask,
  replaceRootVolumeTask,
  snapshotRecycleBin,
  snapshotTier,
  copyImage,
  createImage,
  registerImage,
  registeredImage,
  tag,
  createTransitGateway,
  transitGateway,
  transitGatewayAnnouncement,
  transitGatewayAssociation,
  transitGatewayAttachment,
  associateClientVpnTargetNetwork,
  clientVpnAuthorizationPolicy,
  clientVpnAuthorizationRule,
  clientVpnConfiguration,
  clientVpnConnection,
  clientVpnEndpoint,
  clientVpnRevocationList,
  clientVpnRoute,
  createClientVpnEndpoint,
  deleteClientVpnEndpoint,
  modifyClientVpnEndpoint,
  transitGatewayClientVpnAttachment,
  transitGatewayConnect,
  transitGatewayConnectPeer,
  transitGatewayMeteringEntry,
  transitGatewayMeteringPolicy,
  transitGatewayMulticastAssociation,
  transitGatewayMulticastDomain,
  transitGatewayMulticastGroup,
  transitGatewayNat,
  transitGatewayPeeringAttachment,
  transitGatewayPolicyAssociation,
  transitGatewayPolicyEntry,
  transitGatewayPolicyTable,
  transitGatewayPrefixListReference,
  transitGatewayPropagation,
  transitGatewayRoute,
  transitGatewayRouteExport,
  transitGatewayRouteTable,
  transitGatewayVpcAttachment,
  trafficMirrorFilter,
  trafficMirrorFilterRule,
  trafficMirrorSession,
  trafficMirrorTarget,
  volume,
  volumeAttachment,
  volumeModification,
  volumeRecycleBin,
  volumeStatus,
  vpc,
  vpcCidr,
  createVpcEndpoint,
  encryptionEnforcement,
  endpointService,
  modifyVpcEndpoint,
  vpcEndpoint,
  vpcEndpointAssociation,
  vpcEndpointConnection,
  vpcEndpointConnectionNotification,
  vpcEndpointService,
  vpcEndpointServicePermission,
  vpcPeering,
  vpcPeeringOptions,
  vpcPeeringRequest,
  createVpnConnection,
  customerGateway,
  modifyVpnConnection,
  modifyVpnTunnel,
  associateTrunkInterface,
  vpnConcentrator,
  vpnConnection,
  vpnDevice,
  vpnGateway,
  vpnGatewayAttachment,
];

/** EC2's operations that are built, by name. */
export const ec2Handlers = handlersOf(modules);
export const partly = partlyOf(modules);
