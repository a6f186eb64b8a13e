import { balancerFor } from "./interfaceEndpoint.ts";
import type { End } from "./journey.ts";
import type { Packet } from "./packet.ts";
import type { Behind, Port } from "./port.ts";
import type { Reason } from "./reason.ts";
import type { RouteTarget } from "./routeTarget.ts";
import type { Subnet } from "./subnet.ts";
import type { Vpc } from "./vpc.ts";
import type { Walk } from "./walk.ts";

/**
 * What routes lead packets through that appliances are to see, in whatever VPC these are. A packet comes back as it
 * went, and goes on the way that the route table of the endpoint's own subnet says.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-load-balancer-endpoints.html
 */
export class GatewayLoadBalancerEndpoint implements RouteTarget, Behind {
  readonly kind = "vpc-endpoint";
  readonly tracksFlows = true;
  readonly id: string;
  readonly unasked = "VPCE_INTRA_VPC_TRAFFIC";
  /** None while the endpoint waits for the service's owner, or was rejected. */
  balancers: readonly string[] | undefined;
  port: Port | undefined;

  constructor(id: string) {
    this.id = id;
  }

  get subnet(): Subnet | undefined {
    return this.port?.subnet;
  }

  serves(vpc: Vpc): boolean {
    return this.balancers !== undefined && this.port?.subnet.vpc === vpc;
  }

  forward(walk: Walk, packet: Packet, sender: Port | undefined): End {
    const { port } = this;
    if (!port) return walk.drop("BAD_STATE_ATTACHMENT", this, packet, sender, "ingress");
    return walk.receive(port, packet, sender, sender?.subnet !== port.subnet);
  }

  take(walk: Walk, packet: Packet, port: Port): End {
    const { balancers } = this;
    const refuse = (reason: Reason): End => walk.drop(reason, this, packet, port, "ingress");
    if (!balancers) return refuse("BAD_STATE_ATTACHMENT");
    // It has an address, and nobody there; copies alone are sent to it, and are not to come back.
    const isCopy = port.owns(packet.destination);
    if (isCopy && !walk.mirrored) return refuse("NO_POSSIBLE_DESTINATION");
    const balancer = balancerFor(walk, balancers, port);
    if (typeof balancer === "string") return refuse(balancer);
    walk.pass(this, packet, port, "ingress");
    if (isCopy) return balancer.show(walk, packet, port);
    return balancer.inspect(walk, packet, port) ?? walk.emit(port, packet);
  }
}
