import type { Fabric } from "./fabric.ts";
import { remember } from "./igmp.ts";
import { isForMany, isUnroutable, serviceFor } from "./linkLocal.ts";
import type { Ip } from "./ip.ts";
import type { Component, Direction, End, Ground, Observer } from "./journey.ts";
import { errorAbout, FRAGMENTATION_NEEDED, IGMP, type Packet } from "./packet.ts";
import type { Port } from "./port.ts";
import type { Reason } from "./reason.ts";
import { LOCAL } from "./routeTable.ts";
import type { GroupCarrier } from "./securityGroup.ts";
import type { Subnet } from "./subnet.ts";
import { ROUTER_MAC } from "./neighbours.ts";
import type { Vpc } from "./vpc.ts";

/** What is around a packet on its first hop; whatever is left out is as an honest guest would write it. */
export interface Frame {
  readonly sourceMac?: string | undefined;
  readonly destinationMac?: string | undefined;
}

/** As many times as a time to live usually allows. */
const MOST_EMITTED = 64;

/** The longest packet inside a VPC, in bytes. */
const VPC_MTU = 9001;

/**
 * One packet's way through the fabric: the one place where it is decided what passes. It is the same with and without
 * an observer; without one, nothing is noted down.
 */
export class Walk {
  readonly fabric: Fabric;
  /** Milliseconds. */
  readonly now: number;
  readonly observe: Observer | undefined;
  /** Whether the packet carries a copy that traffic mirroring made. */
  readonly mirrored: boolean;
  /** Whether the flow of the packet that is filtered now is tracked whatever the rules say. */
  #automatic = false;
  /** How many transit gateways have passed it on. */
  transits = 0;
  #emitted = 0;

  constructor(fabric: Fabric, now: number, observe: Observer | undefined, mirrored = false) {
    this.fabric = fabric;
    this.now = now;
    this.observe = observe;
    this.mirrored = mirrored;
  }

  /** From the guest onto the network. */
  transmit(port: Port, packet: Packet, frame?: Frame): End {
    const { subnet } = port;
    if (!port.live) return this.drop("BAD_STATE", port, packet, port, "egress");
    if (port.behind) return this.drop(port.behind.unasked ?? "BAD_STATE", port, packet, port, "egress");
    if (frame?.sourceMac !== undefined && frame.sourceMac !== port.mac) {
      return this.drop("SPOOFED_MAC", port, packet, port, "egress");
    }
    const service = serviceFor(packet, subnet);
    if (service !== undefined) return this.#serve(port, packet, service);
    const { source, destination } = packet;
    const forMany = isForMany(destination);
    if (forMany && packet.protocol === IGMP) remember(port, packet);
    const domain = forMany && subnet.multicast?.takes(packet) ? subnet.multicast : undefined;
    if ((forMany && !domain) || destination === subnet.broadcast) {
      return this.drop("NO_BROADCAST", port, packet, port, "egress");
    }
    if (port.sourceDestCheck && !port.owns(source)) {
      return this.drop("ENI_SOURCE_DEST_CHECK_RESTRICTION", port, packet, port, "egress");
    }
    if (packet.length > VPC_MTU) {
      return this.drop("FRAGMENTATION_NEEDED", port, packet, port, "egress");
    }
    this.pass(port, packet, port, "egress");
    const refused = this.#filter(port, packet, true, undefined);
    if (refused) return refused;
    if (domain) return domain.carry(this, packet, port);
    const mac = frame?.destinationMac;
    if (mac === undefined ? !subnet.has(destination) : mac === ROUTER_MAC) return this.route(port, packet);
    const neighbour = mac === undefined ? subnet.vpc.portOf(destination) : subnet.portsByMac.get(mac);
    if (neighbour) return this.receive(neighbour, packet, port, false);
    return this.drop(
      mac === undefined ? "NO_POSSIBLE_DESTINATION" : "UNKNOWN_MAC",
      subnet,
      packet,
      port,
      "egress",
    );
  }

  /**
   * To whoever has the destination address in a VPC.
   *
   * @param sender the interface that sent it last; undefined for a packet from outside
   * @param from the subnet that it comes from
   */
  deliver(vpc: Vpc, packet: Packet, sender: Port | undefined, from: Subnet | undefined): End {
    const port = vpc.portOf(packet.destination);
    if (!port) return this.drop("NO_POSSIBLE_DESTINATION", vpc, packet, undefined, "ingress");
    return this.receive(port, packet, sender, port.subnet !== from);
  }

  /** From the network to the guest. @param crossed whether the packet comes from outside the interface's subnet */
  receive(port: Port, packet: Packet, sender: Port | undefined, crossed: boolean): End {
    const denied = crossed ? this.guard(port, packet, false) : undefined;
    if (denied) return denied;
    if (!port.live) return this.drop("BAD_STATE", port, packet, port, "ingress");
    // A packet that somebody else forwards no longer counts as coming from an interface with groups.
    const carrier = sender?.owns(packet.source) ? sender : undefined;
    const refused = this.#filter(port, packet, false, carrier);
    if (refused) return refused;
    const { destination } = packet;
    const isOwn = !port.sourceDestCheck || port.owns(destination);
    if (!isOwn && !port.subnet.multicast?.isMember(destination, port)) {
      return this.drop("ENI_SOURCE_DEST_CHECK_RESTRICTION", port, packet, port, "ingress");
    }
    this.pass(port, packet, port, "ingress");
    if (port.behind) return port.behind.take(this, packet, port, sender);
    return { outcome: "delivered", port, packet };
  }

  /** Onto the network from an interface with something behind it, which needs no check of what a guest may send. */
  emit(port: Port, packet: Packet): End {
    // Routes can lead back to where a packet comes from.
    if (++this.#emitted > MOST_EMITTED) return this.drop("TIME_EXCEEDED", port, packet, port, "egress");
    const refused = this.#filter(port, packet, true, undefined);
    if (refused) return refused;
    const { subnet } = port;
    if (!subnet.has(packet.destination)) return this.route(port, packet);
    return this.deliver(subnet.vpc, packet, port, subnet);
  }

  /** The network ACL, at the border of an interface's subnet. @returns the end of a packet that it denies */
  guard(port: Port, packet: Packet, egress: boolean): End | undefined {
    const { acl } = port.subnet;
    if (!acl) return undefined;
    const entry = acl.decide(packet, egress, egress ? packet.destination : packet.source);
    const direction = egress ? "egress" : "ingress";
    if (!entry.allow) {
      return this.drop("SUBNET_ACL_RESTRICTION", acl, packet, port, direction, { kind: "entry", entry });
    }
    if (this.observe) this.pass(acl, packet, port, direction, { kind: "entry", entry });
    return undefined;
  }

  /** Notes that a packet passed a component. */
  pass(
    component: Component,
    packet: Packet,
    at: Component | undefined,
    direction: Direction | undefined,
    ground?: Ground,
  ): void {
    this.observe?.({ component, at, direction, reason: undefined, ground, packet }, this.now);
  }

  drop(
    reason: Reason,
    component: Component,
    packet: Packet,
    at?: Component,
    direction?: Direction,
    ground?: Ground,
    notice?: Packet,
  ): End {
    this.observe?.({ component, at, direction, reason, ground, packet }, this.now);
    return { outcome: "dropped", reason, component, at, direction, ground, packet, notice };
  }

  /**
   * A packet that is longer than the way on takes is dropped, and its source told, if it must not be fragmented.
   *
   * @param router who tells the source
   * @param mtu bytes
   */
  tooLong(component: Component, packet: Packet, router: Ip, mtu: number): End | undefined {
    // Routers never fragment IPv6.
    if (packet.length <= mtu || (!packet.dontFragment && typeof packet.source === "number")) return undefined;
    const notice = errorAbout(packet, router, FRAGMENTATION_NEEDED);
    return this.drop("FRAGMENTATION_NEEDED", component, packet, undefined, undefined, undefined, notice);
  }

  #serve(port: Port, packet: Packet, service: string): End {
    const component: Component = { kind: "service", id: service };
    if (!port.mayAskService(this.now)) {
      return this.drop("LINK_LOCAL_RATE_EXCEEDED", component, packet, port, "egress");
    }
    this.pass(component, packet, port, "egress");
    return { outcome: "served", service, packet };
  }

  /** Security groups, at an interface. */
  #filter(port: Port, packet: Packet, egress: boolean, sender: GroupCarrier | undefined): End | undefined {
    if (!port.filtered) return undefined;
    if (port.tracking.passes(packet, egress, this.now)) {
      if (this.observe) {
        this.pass(port.groups[0] ?? port, packet, port, egress ? "egress" : "ingress", { kind: "tracked" });
      }
      return undefined;
    }
    this.#automatic = !egress && sender?.tracksFlows === true;
    const carrier = egress ? this.#carrierAt(port, packet) : sender;
    const verdict = port.filter(packet, egress, carrier, this.now, this.#automatic);
    if (typeof verdict === "string") {
      return this.drop(verdict, port, packet, port, egress ? "egress" : "ingress");
    }
    if (this.observe) {
      const { rule, group, tracked } = verdict;
      const ground: Ground = { kind: "rule", group: group.id, rule, tracked };
      this.pass(group, packet, port, egress ? "egress" : "ingress", ground);
    }
    return undefined;
  }

  /**
   * The interface that a packet is for, unless its way there leads through another one. It notes, too, whether the way
   * leads through what makes security groups track the flow.
   *
   * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html#automatic-tracking
   */
  #carrierAt({ subnet }: Port, { destination }: Packet): GroupCarrier | undefined {
    const { vpc, table } = subnet;
    const target = subnet.has(destination) ? LOCAL : table?.find(destination)?.route.target;
    if (target === undefined) return undefined;
    if (target === LOCAL) {
      const other = vpc.portOf(destination);
      this.#automatic = other?.tracksFlows === true;
      return other;
    }
    const way = this.fabric.targets.get(target);
    this.#automatic = way?.tracksFlows === true;
    return way?.carrierBeyond?.(vpc, destination);
  }

  /**
   * Out of the subnet, the way that its route table says.
   *
   * @param carrier whose groups rules may name at the end of a way that leads straight to an interface of the VPC
   */
  route(port: Port, packet: Packet, carrier: Port = port): End {
    const { subnet } = port;
    const { vpc, table } = subnet;
    const { destination } = packet;
    const unroutable = isUnroutable(destination);
    const resolved = unroutable ? undefined : table?.find(destination);
    const isLocal = resolved?.route.target === LOCAL;
    const target = resolved && !isLocal ? this.fabric.targets.get(resolved.route.target) : undefined;
    const stays = isLocal ? subnet.has(destination) : subnet === target?.subnet;
    const denied = stays ? undefined : this.guard(port, packet, true);
    if (denied) return denied;
    const component = table ?? subnet;
    if (!resolved) {
      return this.drop(
        unroutable ? "NOT_ROUTABLE" : "NO_ROUTE_TO_DESTINATION",
        component,
        packet,
        port,
        "egress",
      );
    }
    if (!isLocal && !target?.serves(vpc)) {
      return this.drop("BAD_STATE_ROUTE", component, packet, port, "egress", {
        kind: "route",
        route: resolved,
      });
    }
    if (this.observe) this.pass(component, packet, port, "egress", { kind: "route", route: resolved });
    if (!target) return this.deliver(vpc, packet, carrier, subnet);
    if (port.transit && target.noTransit) return this.drop(target.noTransit, target, packet, port, "egress");
    return target.forward(this, packet, port);
  }
}
