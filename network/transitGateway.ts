import type { Ip } from "./ip.ts";
import type { Component, End } from "./journey.ts";
import { errorAbout, GRE, TIME_EXCEEDED, type Packet } from "./packet.ts";
import type { Port } from "./port.ts";
import type { RouteTarget } from "./routeTarget.ts";
import { lossOf } from "./transitFlowLogs.ts";
import type { TransitGatewayNat } from "./transitGatewayNat.ts";
import type { TransitGatewayPolicyTable } from "./transitGatewayPolicyTable.ts";
import type { TransitGatewayRouteTable } from "./transitGatewayRouteTable.ts";
import type { TransitGatewayVpcAttachment } from "./transitGatewayVpcAttachment.ts";
import type { Vpc } from "./vpc.ts";
import type { Walk } from "./walk.ts";

/** How a packet came into a transit gateway. */
export interface Entry {
  readonly attachment: TransitGatewayAttachment;
  /** The zone it came from, which it keeps to where it can; undefined if it came from outside the region's VPCs. */
  readonly zone: string | undefined;
  /** Who sent it, if rules of security groups beyond the gateway may name its groups. */
  readonly carrier: Port | undefined;
  /** The gateway's interface that took it, if it came from a VPC. */
  readonly port?: Port | undefined;
}

/**
 * What a transit gateway is attached to: a VPC, another transit gateway, a VPN connection. Each kind of it is one of
 * these; what comes in by it is given to the gateway's `route`.
 */
export interface TransitGatewayAttachment extends Component {
  readonly kind: "transit-gateway-attachment";
  /** The table by which packets go on that came in by it; without one, none does. */
  readonly table: TransitGatewayRouteTable | undefined;
  /** Whether it takes packets now: a route to one that does not is a blackhole. */
  readonly live: boolean;
  /** The kind of what packets pass next behind it, and may be dropped by as if by the gateway. */
  readonly beyond?: Component["kind"];
  /** The gateway's interface by which a packet leaves, where it is attached to a VPC. */
  exitFor?(packet: Packet, entry: Entry): Port | undefined;
  /** Takes a packet out of the gateway. */
  forward(walk: Walk, packet: Packet, entry: Entry): End;
}

/** The gateway's end of a GRE tunnel. */
export interface TunnelEnd {
  /** Takes a packet that carries another out of the tunnel. */
  unwrap(walk: Walk, outer: Packet, entry: Entry): End;
}

/** Bytes, between VPCs and over peering. @see https://docs.aws.amazon.com/vpc/latest/tgw/transit-gateway-quotas.html#mtu-quotas */
export const TRANSIT_MTU = 8500;

/** A router between VPCs and other networks: each attachment has a table that says where its packets go. */
export class TransitGateway implements RouteTarget {
  readonly kind = "transit-gateway";
  readonly id: string;
  /** Whether rules of security groups may name groups of other VPCs, as far as their attachments allow it, too. */
  groupReferencing = false;
  readonly vpcAttachments = new Map<Vpc, TransitGatewayVpcAttachment>();
  /** By the id of the attachment: what it has in the place of a table. */
  readonly policies = new Map<string, TransitGatewayPolicyTable>();
  /** By the id of the attachment: how addresses behind it are translated. */
  readonly translations = new Map<string, TransitGatewayNat>();
  /** By the gateway's address of it. */
  readonly tunnels = new Map<Ip, TunnelEnd>();
  readonly #attachments: ReadonlyMap<string, TransitGatewayAttachment>;

  /** @param attachments all there are, by id */
  constructor(id: string, attachments: ReadonlyMap<string, TransitGatewayAttachment>) {
    this.id = id;
    this.#attachments = attachments;
  }

  attachmentOf(id: string): TransitGatewayAttachment | undefined {
    return this.#attachments.get(id);
  }

  serves(vpc: Vpc): boolean {
    return this.vpcAttachments.get(vpc)?.live ?? false;
  }

  /** Out of a VPC into the gateway. */
  forward(walk: Walk, packet: Packet, sender: Port | undefined): End {
    const attachment = sender && this.vpcAttachments.get(sender.subnet.vpc);
    if (!sender || !attachment?.live)
      return walk.drop("TGW_ROUTE_AZ_RESTRICTION", this, packet, sender, "egress");
    return attachment.enter(walk, packet, sender);
  }

  /** From one attachment to the next. */
  route(walk: Walk, packet: Packet, entry: Entry): End {
    // Tables can lead a packet in a circle.
    if (++walk.transits >= packet.ttl) {
      const notice = errorAbout(packet, packet.destination, TIME_EXCEEDED);
      const end = walk.drop("TIME_EXCEEDED", this, packet, undefined, undefined, undefined, notice);
      return this.lose(walk, packet, entry, end);
    }
    const tunnel = packet.protocol === GRE ? this.tunnels.get(packet.destination) : undefined;
    if (tunnel) return tunnel.unwrap(walk, packet, entry);
    const { attachment } = entry;
    const { id, table } = attachment;
    const sent = this.translations.get(id)?.outward(packet) ?? packet;
    if (walk.observe && sent !== packet) {
      walk.pass(this, sent, attachment, "ingress", { kind: "translated", before: packet });
    }
    const policy = this.policies.get(id);
    if (policy) return this.#routeByPolicy(policy, walk, packet, sent, entry);
    if (!table) {
      const end = walk.drop("TGW_ATTACH_MISSING_TGW_RTB_ASSOCIATION", attachment, sent);
      return this.lose(walk, packet, entry, end);
    }
    return this.#routeBy(table, walk, packet, sent, entry);
  }

  /**
   * Tells flow logs of a packet that came in and does not get any further.
   *
   * @param arrived as it came in
   */
  lose(walk: Walk, arrived: Packet, { attachment, port }: Entry, end: End): End {
    const { transitFlowLogs } = walk.fabric;
    if (transitFlowLogs.listens(this.id)) {
      const source = { attachment, port, packet: arrived };
      const transit = { gateway: this.id, source, target: undefined, passed: false, loss: lossOf(end) };
      transitFlowLogs.note(transit, walk.now);
    }
    return end;
  }

  #routeByPolicy(
    policy: TransitGatewayPolicyTable,
    walk: Walk,
    arrived: Packet,
    packet: Packet,
    entry: Entry,
  ): End {
    const { attachment } = entry;
    const chosen = policy.choose(packet);
    if (!chosen) {
      const end = walk.drop("TGW_POLICY_MISMATCH", policy, packet, attachment, "ingress");
      return this.lose(walk, arrived, entry, end);
    }
    if (walk.observe) walk.pass(policy, packet, attachment, "ingress", { kind: "policy", entry: chosen });
    return this.#routeBy(chosen.table, walk, arrived, packet, entry);
  }

  #routeBy(table: TransitGatewayRouteTable, walk: Walk, arrived: Packet, packet: Packet, entry: Entry): End {
    const resolved = table.choose(packet);
    if (!resolved) {
      return this.lose(walk, arrived, entry, walk.drop("NO_ROUTE_TO_DESTINATION", table, packet));
    }
    const { attachment: next } = resolved.route;
    const target = next === undefined ? undefined : this.#attachments.get(next);
    if (!target?.live) {
      const ground = { kind: "transit-route", route: resolved } as const;
      const end = walk.drop("TGW_RTB_BAD_STATE_ROUTE", table, packet, undefined, undefined, ground);
      return this.lose(walk, arrived, entry, end);
    }
    if (walk.observe) {
      walk.pass(table, packet, undefined, undefined, { kind: "transit-route", route: resolved });
    }
    const given = this.translations.get(target.id)?.inward(packet) ?? packet;
    if (walk.observe && given !== packet) {
      walk.pass(this, given, target, "egress", { kind: "translated", before: packet });
    }
    const end = target.forward(walk, given, entry);
    if (walk.fabric.transitFlowLogs.listens(this.id)) {
      this.#tell(walk, arrived, entry, given, target, end);
    }
    return end;
  }

  /** Tells flow logs of a packet that went on, to wherever it was forwarded. */
  #tell(
    walk: Walk,
    arrived: Packet,
    entry: Entry,
    given: Packet,
    target: TransitGatewayAttachment,
    end: End,
  ): void {
    const { attachment, port } = entry;
    const isLost =
      end.outcome === "dropped" &&
      // At an interface, it would be on its way back into the gateway.
      end.at === undefined &&
      (end.component === target || end.component.kind === target.beyond);
    const transit = {
      gateway: this.id,
      source: { attachment, port, packet: arrived },
      target: { attachment: target, port: target.exitFor?.(given, entry), packet: given },
      passed: !isLost,
      loss: isLost ? lossOf(end) : undefined,
    };
    walk.fabric.transitFlowLogs.note(transit, walk.now);
  }
}
