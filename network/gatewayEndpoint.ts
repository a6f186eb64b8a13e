import { flowOf, Flows } from "./flows.ts";
import { within, type Block } from "./ip.ts";
import type { End, ServiceDoor } from "./journey.ts";
import { answerTo, ICMP, ICMPV6, TCP, type Packet } from "./packet.ts";
import type { Port } from "./port.ts";
import type { PrefixLists } from "./prefixList.ts";
import type { RouteTarget } from "./routeTarget.ts";
import type { Vpc } from "./vpc.ts";
import type { Walk } from "./walk.ts";

/** "TCP or ICMP echo only": of ICMP, an echo request or its answer. */
const isCarried = ({ protocol, type }: Packet): boolean =>
  protocol === TCP ||
  ((protocol === ICMP || protocol === ICMPV6) &&
    (answerTo(type) !== undefined || type === ECHO_REPLY || type === ECHO_REPLY_6));

const ECHO_REPLY = 0;
const ECHO_REPLY_6 = 129;

/**
 * A VPC's own way to a service of the region, by routes to the service's prefix list. Only what the VPC's interfaces
 * send goes out by it, and only answers to that come in.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html
 */
export class GatewayEndpoint implements RouteTarget, ServiceDoor {
  readonly kind = "vpc-endpoint";
  readonly noTransit = "GATEWAY_REJECTS_SPOOFED_TRAFFIC";
  readonly id: string;
  readonly vpc: Vpc;
  service = "";
  /** Of the service's addresses. */
  prefixList = "";
  open = false;
  readonly #lists: PrefixLists;
  readonly #flows = new Flows<true>();

  constructor(id: string, vpc: Vpc, lists: PrefixLists) {
    this.id = id;
    this.vpc = vpc;
    this.#lists = lists;
  }

  /** Of the two services that have such endpoints, one only. */
  get tracksFlows(): boolean {
    return this.service.endsWith("dynamodb");
  }

  /** The service's addresses. */
  get blocks(): readonly Block[] {
    return this.#lists.blocksOf(this.prefixList);
  }

  serves(vpc: Vpc): boolean {
    return this.open && vpc === this.vpc;
  }

  forward(walk: Walk, packet: Packet, sender: Port | undefined): End {
    const { vpc, service } = this;
    if (!isCarried(packet)) {
      return walk.drop("VPCE_GATEWAY_PROTOCOL_RESTRICTION", this, packet, sender, "egress");
    }
    // What comes from a peer or a VPN is of no interface of the VPC.
    if (!sender || !vpc.portOf(packet.source)?.live) {
      return walk.drop("GATEWAY_REJECTS_SPOOFED_TRAFFIC", this, packet, sender, "egress");
    }
    if (!this.#has(packet.destination)) {
      return walk.drop("NO_POSSIBLE_DESTINATION", this, packet, sender, "egress");
    }
    this.#flows.keep(flowOf(packet), packet, true, walk.now);
    walk.pass(this, packet, sender, "egress");
    return { outcome: "served", service, packet, door: this };
  }

  answer(walk: Walk, packet: Packet): End {
    if (!this.#has(packet.source)) {
      return walk.drop("VPCE_GATEWAY_EGRESS_SOURCE_ADDRESS_RESTRICTION", this, packet, undefined, "ingress");
    }
    if (!this.open || !this.#flows.find(flowOf(packet), packet, walk.now)) {
      return walk.drop("VPCE_INTRA_VPC_TRAFFIC", this, packet, undefined, "ingress");
    }
    walk.pass(this, packet, undefined, "ingress");
    return walk.deliver(this.vpc, packet, undefined, undefined);
  }

  #has(address: Packet["source"]): boolean {
    return this.blocks.some((block) => within(block, address));
  }
}
