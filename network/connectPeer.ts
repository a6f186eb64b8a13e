import type { CustomerSite } from "./customerSite.ts";
import type { Ip } from "./ip.ts";
import type { End } from "./journey.ts";
import { GRE, packet as packetOf, type Packet } from "./packet.ts";
import type { LinkEnd, SiteLink } from "./siteLink.ts";
import { TRANSIT_MTU, type Entry, type TransitGatewayAttachment, type TunnelEnd } from "./transitGateway.ts";
import { TransitGatewayVpcAttachment } from "./transitGatewayVpcAttachment.ts";
import { VirtualInterface } from "./virtualInterface.ts";
import type { Walk } from "./walk.ts";

/** The bytes that GRE and the outer IP header take. */
const OVERHEAD = { ipv4: 24, ipv6: 44 } as const;

/** What can change about a peer. */
export interface ConnectPeerSettings {
  /** The two ends of the tunnel. */
  readonly gatewayAddress: Ip;
  readonly peerAddress: Ip;
  /** What lies behind the appliance; nothing, as long as it does not speak BGP. */
  readonly site: CustomerSite | undefined;
}

/**
 * A GRE tunnel between a transit gateway and an appliance, in a VPC or at a dedicated line, which packets reach by another
 * attachment of the gateway: routes, network ACLs and security groups there see GRE.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/tgw/tgw-connect.html
 */
export class ConnectPeer implements SiteLink, TunnelEnd {
  readonly kind = "connect-peer";
  readonly id: string;
  readonly order: number;
  readonly #end: () => LinkEnd | undefined;
  readonly #transport: () => TransitGatewayAttachment | undefined;
  #settings: ConnectPeerSettings | undefined;

  /**
   * @param end the Connect attachment
   * @param transport the attachment by which packets get to the appliance
   */
  constructor(
    id: string,
    order: number,
    end: () => LinkEnd | undefined,
    transport: () => TransitGatewayAttachment | undefined,
  ) {
    this.id = id;
    this.order = order;
    this.#end = end;
    this.#transport = transport;
  }

  put(settings: ConnectPeerSettings): void {
    this.release();
    this.#settings = settings;
    settings.site?.links.add(this);
  }

  /** Lets go of the site behind the appliance. */
  release(): void {
    this.#settings?.site?.links.delete(this);
    this.#settings = undefined;
  }

  get up(): boolean {
    return this.#settings?.site !== undefined && (this.#transport()?.live ?? false);
  }

  carry(walk: Walk, packet: Packet, router: Ip): End {
    const { site, gatewayAddress, peerAddress } = this.#settings ?? {};
    const transport = this.#transport();
    if (!site || !transport?.live || gatewayAddress === undefined || peerAddress === undefined) {
      return walk.drop("BAD_STATE_ATTACHMENT", this, packet, undefined, "egress");
    }
    const refused = this.#tooLong(walk, packet, router);
    if (refused) return refused;
    walk.pass(this, packet, undefined, "egress");
    const outer = wrapped(packet, gatewayAddress, peerAddress);
    const end = transport.forward(walk, outer, {
      attachment: transport,
      zone: undefined,
      carrier: undefined,
    });
    const arrived = end.outcome === "delivered" || (end.outcome === "site" && end.site === site);
    return arrived ? site.receive(walk, packet) : end;
  }

  reach(_site: CustomerSite, address: Ip): number | undefined {
    return this.up ? this.#end()?.reach(address, this) : undefined;
  }

  /** The appliance sends it, as whatever else that it sends: an instance, or a device at a dedicated line. */
  enter(walk: Walk, packet: Packet, site: CustomerSite): End {
    const { gatewayAddress, peerAddress } = this.#settings ?? {};
    if (gatewayAddress === undefined || peerAddress === undefined) {
      return walk.drop("BAD_STATE_ATTACHMENT", this, packet, undefined, "ingress");
    }
    const refused = this.#tooLong(walk, packet, peerAddress);
    if (refused) return refused;
    const outer = wrapped(packet, peerAddress, gatewayAddress);
    const transport = this.#transport();
    if (transport instanceof TransitGatewayVpcAttachment) {
      const appliance = transport.vpc.portOf(peerAddress);
      if (appliance) return walk.transmit(appliance, outer);
    }
    for (const link of site.links) {
      if (link instanceof VirtualInterface && link.endsAt(transport)) return link.enter(walk, outer);
    }
    return walk.drop("BAD_STATE_ATTACHMENT", this, packet, undefined, "ingress");
  }

  unwrap(walk: Walk, outer: Packet, { attachment }: Entry): End {
    const { site, peerAddress } = this.#settings ?? {};
    const end = this.#end();
    const { about: inner } = outer;
    const isOurs = site && end && outer.source === peerAddress && attachment === this.#transport();
    if (!isOurs || !inner)
      return walk.drop("GATEWAY_REJECTS_SPOOFED_TRAFFIC", this, outer, undefined, "ingress");
    walk.pass(this, inner, undefined, "ingress");
    return end.enter(walk, inner);
  }

  #tooLong(walk: Walk, packet: Packet, router: Ip): End | undefined {
    return walk.tooLong(this, packet, router, TRANSIT_MTU - OVERHEAD.ipv4);
  }
}

const wrapped = (inner: Packet, source: Ip, destination: Ip): Packet =>
  packetOf({
    source,
    destination,
    protocol: GRE,
    length: inner.length + (typeof source === "number" ? OVERHEAD.ipv4 : OVERHEAD.ipv6),
    about: inner,
  });
