import { flowOf, Flows } from "./flows.ts";
import type { End, ServiceDoor } from "./journey.ts";
import type { LoadBalancer } from "./loadBalancer.ts";
import { TCP, type Packet } from "./packet.ts";
import type { Behind, Port } from "./port.ts";
import type { Walk } from "./walk.ts";

/**
 * Who answers behind an endpoint: a service of the region itself, or the first of some load balancers that can; `far` if
 * these are in another region, whose zones are others.
 */
export type EndpointService =
  | { readonly kind: "region"; readonly name: string }
  | { readonly kind: "load-balancers"; readonly ids: readonly string[]; readonly far?: boolean };

/**
 * A service that has addresses in a VPC: interfaces behind which it answers, and from which nothing is ever sent but
 * its answers.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html
 */
export class InterfaceEndpoint implements Behind, ServiceDoor {
  readonly kind = "vpc-endpoint";
  readonly tracksFlows = true;
  readonly id: string;
  readonly unasked = "VPCE_INTRA_VPC_TRAFFIC";
  /** None while the endpoint waits for the service's owner, or was rejected. */
  service: EndpointService | undefined;
  ports: readonly Port[] = [];
  readonly #flows = new Flows<Port>();

  constructor(id: string) {
    this.id = id;
  }

  take(walk: Walk, packet: Packet, port: Port): End {
    const { service } = this;
    if (!service) return walk.drop("BAD_STATE_ATTACHMENT", this, packet, port, "ingress");
    if (service.kind === "load-balancers") {
      const { ids, far = false } = service;
      const balancer = balancerFor(walk, ids, port, far);
      if (typeof balancer === "string") return walk.drop(balancer, this, packet, port, "ingress");
      walk.pass(this, packet, port, "ingress");
      return balancer.enter(walk, packet, port, far);
    }
    if (packet.protocol !== TCP) return walk.drop("PROTOCOL_RESTRICTION", this, packet, port, "ingress");
    this.#flows.keep(flowOf(packet), packet, port, walk.now);
    walk.pass(this, packet, port, "ingress");
    return { outcome: "served", service: service.name, packet, door: this };
  }

  answer(walk: Walk, packet: Packet): End {
    const port = this.service && this.#flows.find(flowOf(packet), packet, walk.now);
    if (!port || !this.ports.includes(port)) {
      return walk.drop("VPCE_INTRA_VPC_TRAFFIC", this, packet, undefined, "egress");
    }
    walk.pass(this, packet, port, "egress");
    return walk.emit(port, packet);
  }
}

/** The load balancer that takes what comes to an endpoint's interface: one with a node in the same zone, if there is to be one. */
export function balancerFor(
  { fabric }: Pick<Walk, "fabric">,
  ids: readonly string[],
  port: Port,
  far = false,
): LoadBalancer | "ELBV2_LISTENER_HAS_NO_TG" | "VPCE_SERVICE_NOT_INSTALLED_IN_AZ" {
  const there = ids.flatMap((id) => fabric.endpoints.loadBalancers.get(id) ?? []);
  if (there.length === 0) return "ELBV2_LISTENER_HAS_NO_TG";
  return there.find((each) => each.nodeFor(port, far)) ?? "VPCE_SERVICE_NOT_INSTALLED_IN_AZ";
}
