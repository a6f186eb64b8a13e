import type { Ip } from "./ip.ts";
import type { Component, End } from "./journey.ts";
import type { Packet } from "./packet.ts";
import type { Port } from "./port.ts";
import type { Reason } from "./reason.ts";
import type { Subnet } from "./subnet.ts";
import type { GroupCarrier } from "./securityGroup.ts";
import type { Vpc } from "./vpc.ts";
import type { Walk } from "./walk.ts";

type TransitReason = Extract<
  Reason,
  | "GATEWAY_REJECTS_SPOOFED_TRAFFIC"
  | "PCX_REQUIRES_ADDRESS_IN_VPC_CIDR"
  | "VGW_PRIVATE_IP_ASSOCIATION_FOR_EGRESS"
>;

/**
 * What a route can lead to. Each kind of gateway, connection or endpoint is one of these: it looks at the packet,
 * rewrites it, notes its step, and hands it on through the walk.
 */
export interface RouteTarget extends Component {
  /** Where it is, if it is in one: who is there too reaches it without crossing the border. */
  readonly subnet?: Subnet | undefined;
  /** Whether what is beyond is in another region. */
  readonly betweenRegions?: boolean;
  /** Whether security groups remember all flows through it, even those that their rules need no memory for. */
  readonly tracksFlows?: boolean;
  /**
   * Why it takes nothing that a transit gateway has brought into the VPC, which is another network's, whatever address it
   * has; undefined if it does.
   */
  readonly noTransit?: TransitReason;
  /** Whether it takes packets from this VPC now: a route to one that does not is a blackhole. */
  serves(vpc: Vpc): boolean;
  /**
   * @param sender the interface that sent the packet last; undefined for one that comes in through a gateway
   */
  forward(walk: Walk, packet: Packet, sender: Port | undefined): End;
  /** The interface behind it that a packet from this VPC to an address is for, where rules that name groups hold. */
  carrierBeyond?(vpc: Vpc, address: Ip): GroupCarrier | undefined;
}
