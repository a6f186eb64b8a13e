import type { Behind } from "../port.ts";
import type { RouteTarget } from "../routeTarget.ts";
import type { BehindModel, TargetModel } from "./component.ts";
import { egressOnlyInternetGatewayModel } from "./egressOnlyInternetGateway.ts";
import { gatewayEndpointModel } from "./gatewayEndpoint.ts";
import {
  gatewayLoadBalancerEndpointInterfaceModel,
  gatewayLoadBalancerEndpointModel,
} from "./gatewayLoadBalancerEndpoint.ts";
import { interfaceEndpointModel } from "./interfaceEndpoint.ts";
import { internetGatewayModel } from "./internetGateway.ts";
import { loadBalancerModel } from "./loadBalancer.ts";
import { natGatewayInterfaceModel, natGatewayModel } from "./natGateway.ts";
import { networkInterfaceModel } from "./networkInterface.ts";
import { peeringModel } from "./peering.ts";
import { transitGatewayModel } from "./transitGateway.ts";
import { vpnGatewayModel } from "./vpnGateway.ts";

/** What paths can lead through; whatever is none of these is not supported. */
const targets: readonly TargetModel[] = [
  networkInterfaceModel,
  internetGatewayModel,
  natGatewayModel,
  peeringModel,
  transitGatewayModel,
  gatewayEndpointModel,
  gatewayLoadBalancerEndpointModel,
  egressOnlyInternetGatewayModel,
  vpnGatewayModel,
];

const behinds: readonly BehindModel[] = [
  natGatewayInterfaceModel,
  interfaceEndpointModel,
  gatewayLoadBalancerEndpointInterfaceModel,
  loadBalancerModel,
];

export const targetModelOf = (target: RouteTarget): TargetModel | undefined =>
  targets.find((model) => model.is(target));

export const behindModelOf = (behind: Behind): BehindModel | undefined =>
  behinds.find((model) => model.is(behind));
