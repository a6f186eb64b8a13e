import type { Handler } from "../kit/handlers.ts";
import * as account from "./account.ts";
import * as address from "./address.ts";
import * as addressAttribute from "./addressAttribute.ts";
import * as cpuOptions from "./cpuOptions.ts";
import * as creditSpecification from "./creditSpecification.ts";
import * as defaultVpc from "./defaultVpc.ts";
import * as describeInstances from "./describeInstances.ts";
import * as dhcpOptions from "./dhcpOptions.ts";
import * as ebsEncryption from "./ebsEncryption.ts";
import * as idFormat from "./idFormat.ts";
import * as image from "./image.ts";
import * as instanceConsole from "./instanceConsole.ts";
import * as instanceMetadata from "./instanceMetadata.ts";
import * as instanceOptions from "./instanceOptions.ts";
import * as instanceState from "./instanceState.ts";
import * as instanceStatus from "./instanceStatus.ts";
import * as internetGateway from "./internetGateway.ts";
import * as movingAddress from "./movingAddress.ts";
import * as networkAcl from "./networkAcl.ts";
import * as instanceAttribute from "./instanceAttribute.ts";
import * as instanceType from "./instanceType.ts";
import * as keyPair from "./keyPair.ts";
import * as runInstances from "./runInstances.ts";
import * as networkInterface from "./networkInterface.ts";
import * as networkInterfaceAddress from "./networkInterfaceAddress.ts";
import * as networkInterfaceAttachment from "./networkInterfaceAttachment.ts";
import * as networkInterfaceAttribute from "./networkInterfaceAttribute.ts";
import * as networkInterfacePermission from "./networkInterfacePermission.ts";
import * as region from "./region.ts";
import * as route from "./route.ts";
import * as routeTable from "./routeTable.ts";
import * as securityGroup from "./securityGroup.ts";
import * as securityGroupPermission from "./securityGroupPermission.ts";
import * as securityGroupReference from "./securityGroupReference.ts";
import * as securityGroupRule from "./securityGroupRule.ts";
import * as securityGroupVpc from "./securityGroupVpc.ts";
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
import * as snapshotRecycleBin from "./snapshotRecycleBin.ts";
import * as snapshotTier from "./snapshotTier.ts";
import * as copyImage from "./copyImage.ts";
import * as createImage from "./createImage.ts";
import * as registerImage from "./registerImage.ts";
import * as registeredImage from "./registeredImage.ts";
import * as tag from "./tag.ts";
import * as volume from "./volume.ts";
import * as volumeAttachment from "./volumeAttachment.ts";
import * as volumeModification from "./volumeModification.ts";
import * as volumeStatus from "./volumeStatus.ts";
import * as vpc from "./vpc.ts";
import * as vpcCidr from "./vpcCidr.ts";

export { settleIn } from "./defaultVpc.ts";

/** Each file of operations, once. */
const modules = [
  account,
  address,
  addressAttribute,
  cpuOptions,
  creditSpecification,
  defaultVpc,
  describeInstances,
  dhcpOptions,
  ebsEncryption,
  idFormat,
  image,
  instanceConsole,
  instanceMetadata,
  instanceOptions,
  instanceState,
  instanceStatus,
  internetGateway,
  movingAddress,
  networkAcl,
  instanceAttribute,
  instanceType,
  keyPair,
  runInstances,
  networkInterface,
  networkInterfaceAddress,
  networkInterfaceAttachment,
  networkInterfaceAttribute,
  networkInterfacePermission,
  region,
  route,
  routeTable,
  securityGroup,
  securityGroupPermission,
  securityGroupReference,
  securityGroupRule,
  securityGroupVpc,
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
  snapshotRecycleBin,
  snapshotTier,
  copyImage,
  createImage,
  registerImage,
  registeredImage,
  tag,
  volume,
  volumeAttachment,
  volumeModification,
  volumeStatus,
  vpc,
  vpcCidr,
];

/** EC2's operations that are built, by name. */
export const ec2Handlers: ReadonlyMap<string, Handler> = new Map(
  modules.flatMap(({ operations }) => Object.entries(operations) as [string, Handler][]),
);

/** Operations that are built in part, and what they lack. */
export const partly: ReadonlyMap<string, string> = new Map(
  modules.flatMap((module) =>
    "partly" in module ? Object.entries(module.partly as Record<string, string>) : [],
  ),
);
