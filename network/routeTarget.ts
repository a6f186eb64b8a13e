import type { Component, End } from "./journey.ts";
import type { Packet } from "./packet.ts";
import type { Port } from "./port.ts";
import type { Vpc } from "./vpc.ts";
import type { Walk } from "./walk.ts";

/**
 * What a route can lead to. Each kind of gateway, connection or endpoint is one of these: it looks at the packet,
 * rewrites it, notes its step, and hands it on through the walk.
 */
export interface RouteTarget extends Component {
  /** Whether it takes packets from this VPC now: a route to one that does not is a blackhole. */
  serves(vpc: Vpc): boolean;
  /**
   * @param sender the interface that sent the packet last; undefined for one that comes in through a gateway
   */
  forward(walk: Walk, packet: Packet, sender: Port | undefined): End;
}
