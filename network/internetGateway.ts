import { isBlocked } from "./blockPublicAccess.ts";
import { leadIn } from "./gatewayTable.ts";
import { block, within, type Ip } from "./ip.ts";
import type { End } from "./journey.ts";
import { readdressed, type Packet } from "./packet.ts";
import type { Port } from "./port.ts";
import type { Reason } from "./reason.ts";
import type { RouteTable } from "./routeTable.ts";
import type { RouteTarget } from "./routeTarget.ts";
import type { Vpc } from "./vpc.ts";
import type { Walk } from "./walk.ts";

const RFC1918 = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"].map(block);
const RFC6598 = block("100.64.0.0/10");

export const isPrivate = (address: Ip): boolean => RFC1918.some((each) => within(each, address));
export const isShared = (address: Ip): boolean => within(RFC6598, address);

/** Bytes. */
const MTU = 1500;

/**
 * The door between one VPC and the internet. It translates IPv4 addresses one to one, between private addresses and
 * the public ones that lead to them; IPv6 passes as it is.
 */
export class InternetGateway implements RouteTarget {
  readonly kind = "internet-gateway";
  readonly noTransit = "GATEWAY_REJECTS_SPOOFED_TRAFFIC";
  readonly id: string;
  vpc: Vpc | undefined;
  /** For what comes in, where a route table is associated with the gateway. */
  table: RouteTable | undefined;

  constructor(id: string) {
    this.id = id;
  }

  serves(vpc: Vpc): boolean {
    return this.vpc === vpc;
  }

  /** From the VPC to the internet. */
  forward(walk: Walk, packet: Packet, sender: Port | undefined): End {
    const { source, destination } = packet;
    const { vpc } = this;
    const refuse = (reason: Reason): End => walk.drop(reason, this, packet, sender, "egress");
    if (isPrivate(destination)) return refuse("IGW_DESTINATION_ADDRESS_NOT_IN_RFC1918_EGRESS");
    if (isShared(destination)) return refuse("IGW_DESTINATION_ADDRESS_NOT_IN_RFC6598_EGRESS");
    // The sender may forward another interface's packet (a firewall does), but not one of nobody's.
    const port = vpc?.portOf(source);
    if (!vpc || !port?.live) {
      return refuse(
        vpc?.hasAddress(source) ? "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS" : "GATEWAY_REJECTS_SPOOFED_TRAFFIC",
      );
    }
    if (isBlocked(port)) {
      return walk.drop("VPC_BLOCK_PUBLIC_ACCESS_ENABLED", this, packet, port, "egress");
    }
    const outside = typeof source === "number" ? vpc.publicOf.get(source) : source;
    if (outside === undefined) return refuse("IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS");
    const tooLong = walk.tooLong(this, packet, sender?.subnet.router ?? destination, MTU);
    if (tooLong) return tooLong;
    const translated = outside === source ? packet : readdressed(packet, outside, destination);
    if (walk.observe) walk.pass(this, translated, sender, "egress", { kind: "translated", before: packet });
    return walk.fabric.internet.carry(walk, translated);
  }

  /** From the internet into the VPC. @param inside whom the packet is for: its private address */
  enter(walk: Walk, packet: Packet, inside: Ip): End {
    const { source, destination } = packet;
    const { vpc } = this;
    const refuse = (reason: Reason): End => walk.drop(reason, this, packet, undefined, "ingress");
    if (isPrivate(source)) return refuse("IGW_SOURCE_ADDRESS_NOT_IN_RFC1918_INGRESS");
    if (isShared(source)) return refuse("IGW_SOURCE_ADDRESS_NOT_IN_RFC6598_INGRESS");
    const port = vpc?.portOf(inside);
    if (!vpc || !port?.live) return refuse("IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS");
    if (isBlocked(port)) {
      return walk.drop("VPC_BLOCK_PUBLIC_ACCESS_ENABLED", this, packet, port, "ingress");
    }
    const tooLong = walk.tooLong(this, packet, destination, MTU);
    if (tooLong) return tooLong;
    const translated = inside === destination ? packet : readdressed(packet, source, inside);
    if (walk.observe)
      walk.pass(this, translated, undefined, "ingress", { kind: "translated", before: packet });
    // What a regional NAT gateway has itself is no address of the VPC's, and no route of it leads there.
    const isWithin = this.table === undefined || vpc.hasAddress(inside);
    return leadIn(walk, vpc, isWithin ? this.table : undefined, translated);
  }
}
