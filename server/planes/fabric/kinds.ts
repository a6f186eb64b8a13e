import { guestKind } from "./guest.ts";
import { internetGatewayKind } from "./internetGateway.ts";
import { networkAclKind } from "./networkAcl.ts";
import { portKind } from "./port.ts";
import { publicAddressKind } from "./publicAddress.ts";
import { routeTableKind } from "./routeTable.ts";
import { securityGroupKind } from "./securityGroup.ts";
import { subnetKind } from "./subnet.ts";
import { vpcKind } from "./vpc.ts";
import type { Kind } from "./kind.ts";

/** In this order: each names only what comes before it. */
export const kinds: readonly Kind[] = [
  vpcKind,
  routeTableKind,
  networkAclKind,
  securityGroupKind,
  internetGatewayKind,
  subnetKind,
  portKind,
  guestKind,
  publicAddressKind,
];
