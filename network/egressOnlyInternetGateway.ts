import { ConnectionTracking } from "./connectionTracking.ts";
import { isIpv4, type Ip } from "./ip.ts";
import type { End } from "./journey.ts";
import { ACK, answerTo, ICMPV6, isIcmpError, SYN, TCP, type Packet } from "./packet.ts";
import type { Port } from "./port.ts";
import type { Reason } from "./reason.ts";
import type { RouteTarget } from "./routeTarget.ts";
import type { Vpc } from "./vpc.ts";
import type { Walk } from "./walk.ts";

/** Bytes. */
const MTU = 1500;

/**
 * The door to the internet for IPv6 that opens from inside only: it remembers what goes out, and lets answers back in.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/egress-only-internet-gateway.html
 */
export class EgressOnlyInternetGateway implements RouteTarget {
  readonly kind = "egress-only-internet-gateway";
  readonly tracksFlows = true;
  readonly noTransit = "GATEWAY_REJECTS_SPOOFED_TRAFFIC";
  readonly id: string;
  readonly vpc: Vpc;
  readonly #tracking = new ConnectionTracking();

  constructor(id: string, vpc: Vpc) {
    this.id = id;
    this.vpc = vpc;
  }

  serves(vpc: Vpc): boolean {
    return this.vpc === vpc;
  }

  /** From the VPC to the internet. */
  forward(walk: Walk, packet: Packet, sender: Port | undefined): End {
    const { source, destination } = packet;
    const port = this.vpc.portOf(source);
    const refuse = (reason: Reason): End => walk.drop(reason, this, packet, port ?? sender, "egress");
    if (isIpv4(source)) return refuse("PROTOCOL_RESTRICTION");
    if (!port?.live) return refuse("GATEWAY_REJECTS_SPOOFED_TRAFFIC");
    if (port.subnet.blockMode === "block-bidirectional") return refuse("VPC_BLOCK_PUBLIC_ACCESS_ENABLED");
    const tooLong = walk.tooLong(this, packet, destination, MTU);
    if (tooLong) return tooLong;
    if (!this.#tracking.passes(packet, true, walk.now)) {
      if (!opens(packet)) return refuse("UNSOLICITED");
      if (!this.#tracking.begin(packet, true, walk.now)) return refuse("CONNECTIONS_EXHAUSTED");
    }
    walk.pass(this, packet, sender, "egress");
    return walk.fabric.internet.carry(walk, packet);
  }

  /** From the internet into the VPC. */
  enter(walk: Walk, packet: Packet): End {
    const port = this.vpc.portOf(packet.destination);
    const refuse = (reason: Reason): End => walk.drop(reason, this, packet, port, "ingress");
    if (!port?.live) return refuse("IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS");
    if (port.subnet.blockMode === "block-bidirectional") return refuse("VPC_BLOCK_PUBLIC_ACCESS_ENABLED");
    if (!this.#tracking.passes(packet, false, walk.now)) return refuse("UNSOLICITED");
    const tooLong = walk.tooLong(this, packet, packet.destination, MTU);
    if (tooLong) return tooLong;
    walk.pass(this, packet, undefined, "ingress", { kind: "tracked" });
    return walk.deliver(this.vpc, packet, undefined, undefined);
  }
}

/** Whether a packet can be the first of a connection: an answer to something unasked is not. */
function opens(packet: Packet): boolean {
  if (packet.protocol === TCP) return (packet.flags & (SYN | ACK)) === SYN;
  return packet.protocol !== ICMPV6 || (answerTo(packet.type) !== undefined && !isIcmpError(packet));
}

/** The gateway of this kind that an interface's subnet reaches an address by. */
export function egressOnlyWay(
  walk: Walk,
  { subnet }: Port,
  address: Ip,
): EgressOnlyInternetGateway | undefined {
  const target = subnet.table?.find(address)?.route.target;
  const gateway = target === undefined ? undefined : walk.fabric.targets.get(target);
  return gateway instanceof EgressOnlyInternetGateway && gateway.serves(subnet.vpc) ? gateway : undefined;
}
