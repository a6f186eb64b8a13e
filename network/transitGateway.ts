import type { Component, End } from "./journey.ts";
import { errorAbout, TIME_EXCEEDED, type Packet } from "./packet.ts";
import type { Port } from "./port.ts";
import type { RouteTarget } from "./routeTarget.ts";
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
  /** Takes a packet out of the gateway. */
  forward(walk: Walk, packet: Packet, entry: Entry): End;
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
      return walk.drop("TIME_EXCEEDED", this, packet, undefined, undefined, undefined, notice);
    }
    const { attachment } = entry;
    const { id, table } = attachment;
    const sent = this.translations.get(id)?.outward(packet) ?? packet;
    if (walk.observe && sent !== packet) {
      walk.pass(this, sent, attachment, "ingress", { kind: "translated", before: packet });
    }
    const policy = this.policies.get(id);
    if (policy) return this.#routeByPolicy(policy, walk, sent, entry);
    if (!table) return walk.drop("TGW_ATTACH_MISSING_TGW_RTB_ASSOCIATION", attachment, sent);
    return this.#routeBy(table, walk, sent, entry);
  }

  #routeByPolicy(policy: TransitGatewayPolicyTable, walk: Walk, packet: Packet, entry: Entry): End {
    const { attachment } = entry;
    const chosen = policy.choose(packet);
    if (!chosen) return walk.drop("TGW_POLICY_MISMATCH", policy, packet, attachment, "ingress");
    if (walk.observe) walk.pass(policy, packet, attachment, "ingress", { kind: "policy", entry: chosen });
    return this.#routeBy(chosen.table, walk, packet, entry);
  }

  #routeBy(table: TransitGatewayRouteTable, walk: Walk, packet: Packet, entry: Entry): End {
    const resolved = table.find(packet.destination);
    if (!resolved) return walk.drop("NO_ROUTE_TO_DESTINATION", table, packet);
    const { attachment: next } = resolved.route;
    const target = next === undefined ? undefined : this.#attachments.get(next);
    if (!target?.live) {
      return walk.drop("TGW_RTB_BAD_STATE_ROUTE", table, packet, undefined, undefined, {
        kind: "transit-route",
        route: resolved,
      });
    }
    if (walk.observe) {
      walk.pass(table, packet, undefined, undefined, { kind: "transit-route", route: resolved });
    }
    const given = this.translations.get(target.id)?.inward(packet) ?? packet;
    if (walk.observe && given !== packet) {
      walk.pass(this, given, target, "egress", { kind: "translated", before: packet });
    }
    return target.forward(walk, given, entry);
  }
}
