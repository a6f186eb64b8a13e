import { flowHash } from "./flowHash.ts";
import type { End } from "./journey.ts";
import type { Packet } from "./packet.ts";
import type { Port } from "./port.ts";
import {
  TRANSIT_MTU,
  type Entry,
  type TransitGateway,
  type TransitGatewayAttachment,
} from "./transitGateway.ts";
import type { TransitGatewayRouteTable } from "./transitGatewayRouteTable.ts";
import type { Vpc } from "./vpc.ts";
import type { Walk } from "./walk.ts";

/** What can change about the attachment of a VPC. */
export interface VpcAttachmentSettings {
  readonly table: TransitGatewayRouteTable | undefined;
  readonly live: boolean;
  /** The gateway's interfaces, at most one in each zone. */
  readonly ports: readonly Port[];
  /** Whether all packets of a flow, and of its answers, take the same interface. */
  readonly applianceMode: boolean;
  readonly ipv6: boolean;
  readonly groupReferencing: boolean;
}

/**
 * A VPC at a transit gateway, by an interface of the gateway's in each zone.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpc-attachments.html
 */
export class TransitGatewayVpcAttachment implements TransitGatewayAttachment {
  readonly kind = "transit-gateway-attachment";
  readonly id: string;
  readonly gateway: TransitGateway;
  readonly vpc: Vpc;
  table: TransitGatewayRouteTable | undefined;
  live = false;
  #ports: readonly Port[] = [];
  #applianceMode = false;
  #ipv6 = false;
  #groupReferencing = false;

  constructor(id: string, gateway: TransitGateway, vpc: Vpc) {
    this.id = id;
    this.gateway = gateway;
    this.vpc = vpc;
  }

  put(settings: VpcAttachmentSettings): void {
    this.table = settings.table;
    this.live = settings.live;
    this.#ports = settings.ports;
    for (const port of settings.ports) port.transit = true;
    this.#applianceMode = settings.applianceMode;
    this.#ipv6 = settings.ipv6;
    this.#groupReferencing = settings.groupReferencing;
  }

  get ports(): readonly Port[] {
    return this.#ports;
  }

  get applianceMode(): boolean {
    return this.#applianceMode;
  }

  get groupReferencing(): boolean {
    return this.#groupReferencing;
  }

  /**
   * From the VPC into the gateway, which takes packets only in zones in which it has an interface. Of the ACL of that
   * one's subnet the inbound entries count, even if the sender is in the same subnet.
   *
   * @see https://docs.aws.amazon.com/vpc/latest/tgw/tgw-nacls.html
   */
  enter(walk: Walk, packet: Packet, sender: Port): End {
    const { zone } = sender.subnet;
    const port = this.#portIn(zone);
    if (!port) return walk.drop("TGW_ROUTE_AZ_RESTRICTION", this, packet, sender, "egress");
    if (!this.#takes(packet)) return walk.drop("IPV6_NOT_SUPPORTED", this, packet, sender, "egress");
    const denied = walk.guard(port, packet, false);
    if (denied) return denied;
    const carrier = this.#groupReferencing && sender.owns(packet.source) ? sender : undefined;
    const entry: Entry = { attachment: this, zone, carrier, port };
    const refused = walk.tooLong(this, packet, port.subnet.router ?? packet.destination, TRANSIT_MTU);
    if (refused) return this.gateway.lose(walk, packet, entry, refused);
    walk.pass(this, packet, undefined, "egress");
    return this.gateway.route(walk, packet, entry);
  }

  /** Out of the gateway into the VPC, where the route table of the interface's subnet says how to go on. */
  forward(walk: Walk, packet: Packet, entry: Entry): End {
    const port = this.exitFor(packet, entry);
    if (!port) return walk.drop("TGW_ATTACH_VPC_AZ_RESTRICTION", this, packet, undefined, "ingress");
    if (!this.#takes(packet)) return walk.drop("IPV6_NOT_SUPPORTED", this, packet, undefined, "ingress");
    walk.pass(this, packet, undefined, "ingress");
    const named = this.#groupReferencing && this.gateway.groupReferencing ? entry.carrier : undefined;
    if (!port.subnet.has(packet.destination)) return walk.route(port, packet, named);
    // No route and no ACL tells of the interface then.
    walk.pass(port, packet, port, "egress");
    return walk.deliver(this.vpc, packet, named ?? port, port.subnet);
  }

  exitFor(packet: Packet, { zone }: Entry): Port | undefined {
    return this.#applianceMode ? this.#portFor(packet) : (this.#portIn(zone) ?? this.#portFor(packet));
  }

  #takes({ source }: Packet): boolean {
    return this.#ipv6 || typeof source === "number";
  }

  #portIn(zone: string | undefined): Port | undefined {
    for (const port of this.#ports) if (port.subnet.zone === zone) return port;
    return undefined;
  }

  /** The same one for both directions of a flow, for as long as the attachment has the same subnets. */
  #portFor(packet: Packet): Port | undefined {
    return this.#ports[flowHash(packet) % this.#ports.length];
  }
}
